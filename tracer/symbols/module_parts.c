/*
 * module_parts.c - what lies where in a loaded module, by its section and program headers.
 */
#include <elf.h>
#include <stdlib.h>

#include "symbols/private.h"

struct part_list {
	struct module_part *p;
	size_t n, cap;
};

static void add(struct part_list *l, const struct module *m, uint64_t vaddr, uint64_t size,
		const char *name, enum part_kind kind)
{
	if (size == 0 || vaddr + size < vaddr)
		return;
	l->p = xgrow(l->p, l->n, &l->cap, sizeof(*l->p));
	l->p[l->n++] = (struct module_part){
		.lo = vaddr + m->p->bias,
		.hi = vaddr + size + m->p->bias,
		.name = name,
		.kind = kind,
	};
}

static bool in_relro(const struct module *m, uint64_t addr)
{
	uint64_t lo, hi;
	return elf_relro(m->p->elf, &lo, &hi) && addr >= lo && addr < hi;
}

static const struct elf_segment *segment_of(const struct module *m, uint64_t addr)
{
	size_t n;
	const struct elf_segment *s = elf_segments(m->p->elf, &n);
	for (size_t i = 0; i < n; i++)
		if (addr >= s[i].vaddr && addr - s[i].vaddr < s[i].memsz)
			return &s[i];
	return NULL;
}

static enum part_kind kind_of(const struct module *m, uint64_t addr, const struct elf_section *s)
{
	const struct elf_segment *segment = segment_of(m, addr);
	if (s && s->type == SHT_NOBITS) // lld fills RELRO's last page with .relro_padding
		return in_relro(m, addr) ? PART_RELRO : PART_BSS;
	if (s ? s->executable : segment && segment->executable)
		return PART_CODE;
	if (in_relro(m, addr))
		return PART_RELRO;
	return segment && segment->writable ? PART_DATA : PART_READ_ONLY;
}

static void add_headers(struct part_list *l, const struct module *m)
{
	size_t n;
	const struct elf_segment *s = elf_segments(m->p->elf, &n);
	for (size_t i = 0; i < n; i++) {
		if (s[i].offset != 0 || s[i].filesz < sizeof(Elf64_Ehdr))
			continue;
		Elf64_Ehdr h;
		if (elf_read(m->p->elf, s[i].vaddr, &h, sizeof(h)) < sizeof(h))
			return;
		add(l, m, s[i].vaddr, sizeof(h), "ELF header", PART_HEADERS);
		uint64_t size = (uint64_t)h.e_phnum * h.e_phentsize;
		if (h.e_phoff >= sizeof(h) && h.e_phoff + size <= s[i].filesz)
			add(l, m, s[i].vaddr + h.e_phoff, size, "program headers", PART_HEADERS);
		return;
	}
}

static bool is_mapped(const struct elf_section *s)
{
	// .tbss has an address, but its bytes exist only in the threads' copies.
	return s->allocated && s->addr != 0 && !(s->is_tls && s->type == SHT_NOBITS);
}

// A segment begins with what becomes read-only: where that ends. `lo` if nothing does.
static uint64_t relro_end(const struct module *m, uint64_t lo, uint64_t end)
{
	uint64_t relro_lo, relro_hi;
	if (!in_relro(m, lo) || !elf_relro(m->p->elf, &relro_lo, &relro_hi))
		return lo;
	return relro_hi < end ? relro_hi : end;
}

// A file without section headers: only what the kernel itself looks at.
static void add_segments(struct part_list *l, const struct module *m)
{
	size_t n;
	const struct elf_segment *s = elf_segments(m->p->elf, &n);
	for (size_t i = 0; i < n; i++) {
		char *name = arena_printf(m->p->arena, "segment %zu", i);
		uint64_t end = s[i].vaddr + s[i].filesz, relro = relro_end(m, s[i].vaddr, end);
		char *rest =
			relro > s[i].vaddr ? arena_printf(m->p->arena, "%s, data", name) : name;
		char *tail = arena_printf(m->p->arena, "%s, zeroes", name);
		add(l, m, s[i].vaddr, relro - s[i].vaddr, name, PART_RELRO);
		add(l, m, relro, end - relro, rest, kind_of(m, relro, NULL));
		add(l, m, end, s[i].memsz - s[i].filesz, tail, PART_BSS);
	}
}

static int by_lo(const void *a, const void *b)
{
	const struct module_part *x = a, *y = b;
	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

void symbols_parts(const struct module *m, struct module_part **ret, size_t *ret_n)
{
	struct part_list l = {.n = 0};
	add_headers(&l, m);
	size_t headers = l.n, n;
	const struct elf_section *sections = elf_sections(m->p->elf, &n);
	for (size_t i = 0; i < n; i++)
		if (is_mapped(&sections[i]))
			add(&l, m, sections[i].addr, sections[i].size, sections[i].name,
			    kind_of(m, sections[i].addr, &sections[i]));
	if (l.n == headers)
		add_segments(&l, m);
	if (l.n > 1)
		qsort(l.p, l.n, sizeof(*l.p), by_lo);
	*ret = l.p;
	*ret_n = l.n;
}

enum ft_rc symbols_code_start(const struct module *m, uint64_t *ret)
{
	size_t n;
	const struct elf_segment *s = elf_segments(m->p->elf, &n);
	for (size_t i = 0; i < n; i++) {
		if (!s[i].executable || s[i].memsz == 0)
			continue;
		*ret = s[i].vaddr + m->p->bias;
		return FT_OK;
	}
	return FT_NONE;
}
