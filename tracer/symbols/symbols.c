#include "symbols/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/debug_files.h"
#include "symbols/insn.h"
#include "symbols/private.h"

struct symbols *symbols_create(void)
{
	return xcalloc(1, sizeof(struct symbols));
}

static void module_free(struct module *m)
{
	struct module_private *p = m->p;
	if (p->types)
		types_destroy(p->types);
	module_free_units(m);
	module_free_symbols(m);
	free(p->symbol_functions);
	free(p->cfi_functions);
	free(p->symbol_map.r);
	free(p->cfi_map.r);
	dwarf_close(p->dwarf);
	elf_file_destroy(p->debug);
	elf_file_destroy(p->elf);
	if (p->fd >= 0)
		close(p->fd);
	arena_destroy(p->arena); // the module itself lies in it
}

void symbols_destroy(struct symbols *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		module_free(s->m[i]);
	free(s->m);
	free(s->rows);
	disassembler_destroy(s->disassembler);
	free(s);
}

void module_warn(struct module *m, const char *fmt, ...)
{
	va_list ap;
	char text[512];
	if (m->p->warning)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	m->p->warning = arena_strdup(m->p->arena, text);
}

const char *symbols_warning(const struct module *m)
{
	if (m->p->warning)
		return m->p->warning;
	return m->p->dwarf ? dwarf_warning(m->p->dwarf) : NULL;
}

static struct module *module_new(const char *path)
{
	struct arena *arena = arena_create();
	struct module *m = arena_alloc(arena, sizeof(*m));
	m->p = arena_alloc(arena, sizeof(*m->p));
	m->p->arena = arena;
	m->p->fd = -1;
	m->path = arena_strdup(arena, path);
	m->name = path_name(m->path);
	return m;
}

static enum ft_rc open_elf(struct module *m, uint64_t map_lo, uint64_t map_off)
{
	struct module_private *p = m->p;
	p->fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (p->fd < 0)
		return ft_fail("%s: %s", m->path, strerror(errno));
	enum ft_rc rc = elf_file_create(p->fd, m->path, &p->elf);
	if (rc != FT_OK)
		return rc;
	if (map_lo && elf_bias(p->elf, map_lo, map_off, &p->bias) != FT_OK)
		return ft_fail("%s: it is not what is mapped at 0x%llx: the file has changed",
			       m->path, (unsigned long long)map_lo);
	return FT_OK;
}

static void describe(struct module *m)
{
	struct module_private *p = m->p;
	size_t n;
	const struct elf_segment *segments = elf_segments(p->elf, &n);
	m->lo = segments[0].vaddr + p->bias;
	for (size_t i = 0; i < n; i++) {
		uint64_t end = segments[i].vaddr + segments[i].memsz + p->bias;
		if (end > m->hi)
			m->hi = end;
	}
	m->build_id = elf_build_id(p->elf);
	m->is_pie = elf_is_pie(p->elf);
	m->has_symtab = elf_has_symtab(p->debug ? p->debug : p->elf) || elf_has_symtab(p->elf);
	m->has_dynsym = elf_has_dynsym(p->elf);
	m->has_cfi = elf_section(p->elf, ".eh_frame") || elf_section(p->elf, ".debug_frame");
}

static void insert(struct symbols *s, struct module *m)
{
	s->m = xgrow(s->m, s->n, &s->cap, sizeof(*s->m));
	size_t at = s->n++;
	while (at > 0 && s->m[at - 1]->lo > m->lo) {
		s->m[at] = s->m[at - 1];
		at--;
	}
	s->m[at] = m;
}

/* What was stripped off a file may be in another one. */
static void open_debug_file(struct module *m)
{
	struct module_private *p = m->p;
	const char *path, *why = NULL;
	uint64_t len;
	if (elf_debug_section(p->elf, ".debug_info", NULL, &len) ||
	    debug_files_main(p->elf, m->path, p->arena, &p->debug, &path, &why) != FT_OK)
		p->debug = NULL;
	else
		m->debug_path = path;
	if (why)
		module_warn(m, "%s", why);
}

static void open_dwarf(struct module *m)
{
	struct module_private *p = m->p;
	struct dwarf_input in = {p->elf, m->path, p->debug, m->debug_path};
	if (dwarf_open(&in, p->bias, &p->dwarf) != FT_OK)
		p->dwarf = NULL;
}

enum ft_rc symbols_open(struct symbols *s, const char *path, uint64_t map_lo, uint64_t map_off,
			struct module **ret)
{
	struct module *m = module_new(path);
	enum ft_rc rc = open_elf(m, map_lo, map_off);
	if (rc != FT_OK) {
		module_free(m);
		return rc;
	}
	open_debug_file(m);
	describe(m);
	open_dwarf(m);
	// Of a library that only lends names to addresses, what is in another file is not read.
	if (!m->p->debug)
		module_read_units(m);
	uint64_t len;
	m->has_debug = m->p->n_units > 0 ||
		       (m->p->debug && elf_debug_section(m->p->debug, ".debug_info", NULL, &len));
	insert(s, m);
	*ret = m;
	return FT_OK;
}

void symbols_close(struct symbols *s, struct module *m)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->m[i] != m)
			continue;
		memmove(&s->m[i], &s->m[i + 1], (s->n - i - 1) * sizeof(*s->m));
		s->n--;
		module_free(m);
		return;
	}
}

struct module *symbols_module_at(const struct symbols *s, uint64_t pc)
{
	size_t lo = 0, hi = s->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->m[mid]->lo <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && pc < s->m[lo - 1]->hi ? s->m[lo - 1] : NULL;
}

enum ft_rc symbols_cfi_at(struct symbols *s, uint64_t pc, struct cfi_row *ret)
{
	struct module *m = symbols_module_at(s, pc);
	return m && m->p->dwarf ? dwarf_cfi_at(m->p->dwarf, pc, ret) : FT_NONE;
}

size_t symbols_code(const struct symbols *s, uint64_t pc, void *buf, size_t len)
{
	const struct module *m = symbols_module_at(s, pc);
	return m ? elf_read(m->p->elf, pc - m->p->bias, buf, len) : 0;
}

enum ft_rc symbols_interpreter(const struct module *m, const char **ret)
{
	const char *path = elf_interpreter(m->p->elf);
	if (!path)
		return FT_NONE;
	*ret = path;
	return FT_OK;
}
