#include <stdlib.h>
#include <string.h>

#include "symbols/elf.h"

struct plt_list {
	struct elf_plt *p;
	size_t n, cap;
};

static const char *name_by_address(const struct elf_slot *slots, size_t n, uint64_t addr)
{
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (slots[mid].addr < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && slots[lo].addr == addr ? slots[lo].name : NULL;
}

static const char *name_by_index(const struct elf_slot *slots, size_t n, uint32_t index)
{
	for (size_t i = 0; i < n; i++)
		if (slots[i].index == index)
			return slots[i].name;
	return NULL;
}

/*
 * The name behind one PLT entry: it jumps through a slot (ff 25 disp32), or, where a second PLT
 * does that (.plt.sec), pushes its index in .rela.plt after an endbr64 (psABI, chapter 13).
 */
static const char *name_of_entry(const struct elf_slot *slots, size_t n, uint64_t addr,
				 const uint8_t *code, size_t len)
{
	static const uint8_t endbr_push[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x68};
	uint32_t index;
	for (size_t i = 0; i + 6 <= len; i++) {
		if (code[i] != 0xff || code[i + 1] != 0x25)
			continue;
		int32_t disp;
		memcpy(&disp, code + i + 2, sizeof(disp));
		return name_by_address(slots, n, addr + i + 6 + (uint64_t)(int64_t)disp);
	}
	if (len < sizeof(endbr_push) + sizeof(index) ||
	    memcmp(code, endbr_push, sizeof(endbr_push)) != 0)
		return NULL;
	memcpy(&index, code + sizeof(endbr_push), sizeof(index));
	return name_by_index(slots, n, index);
}

static void read_plt(struct elf_file *e, const struct elf_section *s, const struct elf_slot *slots,
		     size_t n, struct plt_list *l)
{
	size_t entry = s->entsize == 8 ? 8 : 16;
	for (uint64_t at = 0; at + entry <= s->size; at += entry) {
		uint8_t code[16];
		if (elf_read(e, s->addr + at, code, entry) != entry)
			return;
		const char *name = name_of_entry(slots, n, s->addr + at, code, entry);
		if (!name)
			continue;
		l->p = xgrow(l->p, l->n, &l->cap, sizeof(*l->p));
		l->p[l->n++] = (struct elf_plt){s->addr + at, entry, name};
	}
}

static int compare_plts(const void *va, const void *vb)
{
	const struct elf_plt *a = va, *b = vb;
	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

void elf_plts(struct elf_file *e, struct elf_plt **ret, size_t *ret_n)
{
	struct plt_list l = {0};
	struct elf_slot *slots;
	size_t n, n_sections;
	const struct elf_section *sections = elf_sections(e, &n_sections);
	elf_slots(e, &slots, &n);
	for (size_t i = 1; n && i < n_sections; i++)
		if (strncmp(sections[i].name, ".plt", 4) == 0 && sections[i].executable)
			read_plt(e, &sections[i], slots, n, &l);
	free(slots);
	if (l.n)
		qsort(l.p, l.n, sizeof(*l.p), compare_plts);
	*ret = l.p;
	*ret_n = l.n;
}
