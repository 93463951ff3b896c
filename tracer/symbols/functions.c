/*
 * functions.c - a module's functions, by its debug information, its symbols, its call frame
 * information; and which one has the code at an address.
 */
#include <stdlib.h>
#include <string.h>

#include "symbols/dwarf_constants.h"
#include "symbols/function_name.h"
#include "symbols/private.h"

enum { ALIASES_MAX = 64 }; // names of one address; 5 are many

static int compare_code_ranges(const void *va, const void *vb)
{
	const struct code_range *a = va, *b = vb;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return a->hi > b->hi ? -1 : a->hi < b->hi; // what encloses first
}

void code_map_add(struct code_map *map, struct function *f)
{
	for (size_t i = 0; i < f->n_ranges; i++) {
		map->r = xgrow(map->r, map->n, &map->cap, sizeof(*map->r));
		map->r[map->n++] = (struct code_range){f->ranges[i].lo, f->ranges[i].hi, f};
	}
}

void code_map_sort(struct code_map *map)
{
	if (map->n)
		qsort(map->r, map->n, sizeof(*map->r), compare_code_ranges);
}

struct function *code_map_find(const struct code_map *map, uint64_t pc)
{
	enum { BACK = 16 }; // ranges hardly ever overlap
	size_t lo = 0, hi = map->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (map->r[mid].lo <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t i = lo; i > 0 && lo - i < BACK; i--)
		if (pc < map->r[i - 1].hi)
			return map->r[i - 1].f;
	return NULL;
}

static bool in_code_segment(const struct module *m, uint64_t pc)
{
	size_t n;
	const struct elf_segment *s = elf_segments(m->p->elf, &n);
	uint64_t addr = pc - m->p->bias;
	for (size_t i = 0; i < n; i++)
		if (s[i].executable && addr >= s[i].vaddr && addr - s[i].vaddr < s[i].memsz)
			return true;
	return false;
}

static int compare_ranges(const void *va, const void *vb)
{
	const struct range *a = va, *b = vb;
	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

/* The entry's range first, the others by address; overlapping ones are a producer's mistake. */
static struct range *order_ranges(struct arena *a, const struct range *r, size_t *n, uint64_t entry)
{
	struct range *ordered = arena_copy(a, r, *n * sizeof(*r));
	for (size_t i = 1; i < *n; i++) {
		if (entry < ordered[i].lo || entry >= ordered[i].hi ||
		    (entry >= ordered[0].lo && entry < ordered[0].hi))
			continue;
		struct range first = ordered[i];
		ordered[i] = ordered[0];
		ordered[0] = first;
	}
	if (*n > 2)
		qsort(ordered + 1, *n - 1, sizeof(*ordered), compare_ranges);
	return ordered;
}

/* A symbol that begins exactly there; NULL if none. */
static const struct symbol *symbol_of_entry(struct module *m, uint64_t entry)
{
	const struct symbol *s = module_symbol_at(m, entry);
	return s && s->addr == entry && !s->is_plt ? s : NULL;
}

/* The length of "foo" in "foo.cold", "foo.cold.1"; 0 if it is not cold. */
static size_t cold_parent_len(const char *name)
{
	const char *cold = strstr(name, ".cold");
	if (!cold || cold == name || (cold[5] && cold[5] != '.'))
		return 0;
	return (size_t)(cold - name);
}

/*
 * The other names of a function. That of an indirect function (STT_GNU_IFUNC) is none: what its
 * callers reach is what the code at its address returns.
 */
static void find_aliases(struct module *m, struct function *f)
{
	size_t n, kept = 0;
	const struct symbol *s = module_symbols_of(m, f->ranges[0].lo, &n);
	if (n < 2)
		return;
	if (n > ALIASES_MAX)
		n = ALIASES_MAX;
	const char **aliases = arena_array(m->p->arena, n + 1, sizeof(*aliases));
	for (size_t i = 0; i < n; i++) {
		if (s[i].kind != ELF_SYMBOL_FUNCTION || cold_parent_len(s[i].name) ||
		    strcmp(s[i].name, f->name) == 0 ||
		    (f->symbol && strcmp(s[i].name, f->symbol) == 0))
			continue;
		aliases[kept++] = s[i].name;
	}
	if (kept)
		f->aliases = aliases;
}

/* Only the resolver of an indirect function: it may not pass for the function. */
static void name_resolver(struct module *m, const char *symbol, struct function *f)
{
	f->name = arena_printf(m->p->arena, "%s [ifunc resolver]", symbol);
	f->symbol = NULL;
	f->aliases = NULL;
	f->origin = ORIGIN_HELPER;
}

enum origin origin_of_described(const struct module *m, size_t unit, const struct described *r,
				const char *symbol, const char *name)
{
	enum origin origin = m->p->state[unit].origin;
	if (is_compiler_made(symbol ? symbol : name) || is_compiler_made(name))
		return ORIGIN_HELPER;
	if (r->file)
		origin = origin_of_path(r->file);
	if (origin == ORIGIN_SYSTEM && !m->p->has_own_unit)
		origin = ORIGIN_OWN;
	return origin;
}

/* A closure of g++'s is declared nowhere: its first line will do. */
void describe_by_line(struct module *m, size_t unit, uint64_t entry, struct described *r)
{
	const struct line_row *rows;
	size_t n;
	if (r->file || dwarf_lines(m->p->dwarf, unit, &rows, &n) != FT_OK)
		return;
	size_t i = line_row_at(rows, n, entry);
	if (i == SIZE_MAX || rows[i].pc != entry || rows[i].end_sequence)
		return;
	r->file = rows[i].file;
	r->line = rows[i].line;
}

struct function *function_of_die(struct module *m, size_t unit, const struct die *die,
				 struct range *ranges, size_t n_ranges)
{
	struct arena *a = m->p->arena;
	struct described r;
	uint64_t entry = ranges[0].lo, v;
	if (die_address(m->p->dwarf, die, DW_AT_entry_pc, &v) == FT_OK)
		entry = v;
	struct range *ordered = order_ranges(a, ranges, &n_ranges, entry);
	entry = ordered[0].lo;
	if (!in_code_segment(m, entry))
		return NULL;
	describe_die(m, die, &r);
	describe_by_line(m, unit, entry, &r);
	const struct symbol *at_entry = symbol_of_entry(m, entry);
	const char *symbol = at_entry ? at_entry->name : NULL;
	const char *name = function_name(m, &r, m->p->state[unit].language, symbol);
	if (!name)
		return NULL;
	struct function *f = arena_alloc(a, sizeof(*f));
	*f = (struct function){
		.name = name,
		.symbol = r.linkage ? r.linkage : symbol,
		.file = r.file,
		.line = r.line,
		.language = m->p->state[unit].language,
		.source = NAME_DWARF,
		.nocall = r.nocall,
		.module = m,
		.ranges = ordered,
		.n_ranges = n_ranges,
		.die = die_offset(die),
		.unit = unit,
	};
	if (!f->symbol && r.external)
		f->symbol = r.name;
	f->origin = origin_of_described(m, unit, &r, f->symbol, f->name);
	find_aliases(m, f);
	if (at_entry && at_entry->kind == ELF_SYMBOL_IFUNC)
		name_resolver(m, symbol, f);
	return f;
}

static enum language language_of_symbol(const char *name)
{
	if (is_rust_symbol(name))
		return LANG_RUST;
	return strncmp(name, "_Z", 2) == 0 ? LANG_CXX : LANG_UNKNOWN;
}

/* Of something without debug information. */
static enum origin origin_without_debug(struct module *m, const char *symbol, const char *shown)
{
	enum origin origin = origin_of_names(symbol, shown);
	// rustc's own C main, which calls lang_start; the program's is crate::main.
	if (m->p->has_rust_main && strcmp(symbol, "main") == 0)
		return ORIGIN_HELPER;
	if (origin == ORIGIN_OWN && m->p->has_own_unit)
		return ORIGIN_NO_DEBUG;
	return origin;
}

static struct function *function_new(struct module *m, const char *name, uint64_t lo, uint64_t hi)
{
	struct arena *a = m->p->arena;
	struct function *f = arena_alloc(a, sizeof(*f));
	f->name = name;
	f->module = m;
	f->ranges = arena_alloc(a, sizeof(*f->ranges));
	f->ranges[0] = (struct range){lo, hi};
	f->n_ranges = 1;
	f->unit = SIZE_MAX;
	return f;
}

static struct function *function_of_symbol(struct module *m, struct symbol *s)
{
	struct function *f = function_new(m, symbol_shown(m, s), s->addr, s->end);
	f->symbol = s->name;
	f->language = language_of_symbol(s->name);
	f->source = s->is_dynamic ? NAME_DYNSYM : NAME_SYMTAB;
	f->origin = origin_without_debug(m, s->name, f->name);
	f->unit = module_unit_at(m, s->addr);
	find_aliases(m, f);
	if (s->kind == ELF_SYMBOL_IFUNC)
		name_resolver(m, s->name, f);
	return f;
}

/* Is this symbol a function? Labels of assembly sources count if call frame information agrees. */
static bool is_function(struct module *m, const struct symbol *s)
{
	struct cfi_row row;
	if (!s->in_code || s->is_plt)
		return false;
	switch (s->kind) {
	case ELF_SYMBOL_FUNCTION:
	case ELF_SYMBOL_IFUNC:
		return true;
	case ELF_SYMBOL_OBJECT:
		return false;
	case ELF_SYMBOL_OTHER:
		return s->binding != 0 && m->p->dwarf &&
		       dwarf_cfi_at(m->p->dwarf, s->addr, &row) == FT_OK && row.lo == s->addr;
	}
	return false;
}

static struct function *symbol_function_at_entry(struct module_private *p, uint64_t entry)
{
	size_t lo = 0, hi = p->n_symbol_functions;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (p->symbol_functions[mid]->ranges[0].lo < entry)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == p->n_symbol_functions || p->symbol_functions[lo]->ranges[0].lo != entry)
		return NULL;
	return p->symbol_functions[lo];
}

/* Gives a cold part to its parent; false: there is no such parent. */
static bool adopt_cold(struct module *m, const struct symbol *cold)
{
	struct arena *a = m->p->arena;
	size_t len = cold_parent_len(cold->name);
	const char *name = arena_strndup(a, cold->name, len);
	const struct symbol *parent = module_symbol_named(m, name);
	struct function *f = parent ? symbol_function_at_entry(m->p, parent->addr) : NULL;
	if (!f)
		return false;
	struct range *r = arena_array(a, f->n_ranges + 1, sizeof(*r));
	memcpy(r, f->ranges, f->n_ranges * sizeof(*r));
	r[f->n_ranges] = (struct range){cold->addr, cold->end};
	f->ranges = r;
	f->n_ranges++;
	return true;
}

static int compare_entries(const void *va, const void *vb)
{
	const struct function *a = *(struct function *const *)va;
	const struct function *b = *(struct function *const *)vb;
	return a->ranges[0].lo < b->ranges[0].lo ? -1 : a->ranges[0].lo > b->ranges[0].lo;
}

static void read_cold_symbols(struct module *m, struct function **f, size_t *n)
{
	struct module_private *p = m->p;
	size_t orphans = 0;
	for (size_t i = 0; i < p->n_symbols; i++) {
		struct symbol *s = &p->symbols[i];
		if (!cold_parent_len(s->name) || !is_function(m, s) ||
		    (i && p->symbols[i - 1].addr == s->addr) || adopt_cold(m, s))
			continue;
		f[*n + orphans++] = function_of_symbol(m, s);
	}
	*n += orphans;
	if (orphans)
		qsort(f, *n, sizeof(struct function *), compare_entries);
}

void module_read_symbol_functions(struct module *m)
{
	struct module_private *p = m->p;
	if (p->has_symbol_functions)
		return;
	p->has_symbol_functions = true;
	module_read_symbols(m);
	struct function **f = xcalloc(p->n_symbols + 1, sizeof(struct function *));
	p->symbol_functions = f;
	for (size_t i = 0; i < p->n_symbols; i++) {
		struct symbol *s = &p->symbols[i];
		size_t n = p->n_symbol_functions;
		if (cold_parent_len(s->name) || (n && f[n - 1]->ranges[0].lo == s->addr) ||
		    !is_function(m, s) || !in_code_segment(m, s->addr))
			continue;
		f[p->n_symbol_functions++] = function_of_symbol(m, s);
	}
	size_t n = p->n_symbol_functions;
	read_cold_symbols(m, f, &n);
	p->n_symbol_functions = n;
	for (size_t i = 0; i < n; i++)
		code_map_add(&p->symbol_map, f[i]);
	code_map_sort(&p->symbol_map);
}

/* Code that is no function of its own: stubs of the linker's, _init and _fini. */
static bool is_linker_code(const struct module *m, uint64_t pc)
{
	const struct elf_section *s = elf_section_at(m->p->elf, pc - m->p->bias);
	return s && (strncmp(s->name, ".plt", 4) == 0 || strcmp(s->name, ".init") == 0 ||
		     strcmp(s->name, ".fini") == 0);
}

void module_read_cfi_functions(struct module *m)
{
	struct module_private *p = m->p;
	struct range *r;
	size_t n;
	if (p->has_cfi_functions)
		return;
	p->has_cfi_functions = true;
	if (m->has_symtab || !p->dwarf || dwarf_cfi_ranges(p->dwarf, &r, &n) != FT_OK)
		return;
	module_read_symbol_functions(m);
	p->cfi_functions = xcalloc(n + 1, sizeof(struct function *));
	for (size_t i = 0; i < n; i++) {
		uint64_t addr = r[i].lo - p->bias;
		if (code_map_find(&p->symbol_map, r[i].lo) || is_linker_code(m, r[i].lo) ||
		    !in_code_segment(m, r[i].lo))
			continue;
		bool is_start = addr == elf_entry(p->elf);
		const char *name =
			is_start ? "_start"
				 : arena_printf(p->arena, "fn_0x%llx", (unsigned long long)addr);
		struct function *f = function_new(m, name, r[i].lo, r[i].hi);
		f->source = NAME_CFI;
		f->origin = origin_without_debug(m, name, NULL);
		p->cfi_functions[p->n_cfi_functions++] = f;
		code_map_add(&p->cfi_map, f);
	}
	code_map_sort(&p->cfi_map);
	free(r);
}

enum ft_rc symbols_function_at(struct symbols *s, uint64_t pc, struct function **ret)
{
	struct module *m = symbols_module_at(s, pc);
	struct function *f = NULL;
	if (!m)
		return FT_NONE;
	module_read_units(m);
	size_t unit = module_unit_at(m, pc);
	if (unit != SIZE_MAX) {
		unit_scan(m, unit);
		f = code_map_find(&m->p->state[unit].map, pc);
	}
	if (!f) {
		module_read_symbol_functions(m);
		f = code_map_find(&m->p->symbol_map, pc);
	}
	if (!f) {
		module_read_cfi_functions(m);
		f = code_map_find(&m->p->cfi_map, pc);
	}
	if (!f)
		return FT_NONE;
	*ret = f;
	return FT_OK;
}
