#include <stdlib.h>
#include <string.h>

#include "symbols/private.h"

enum {
	GROUPS_BACK = 32,     // addresses to look at for a symbol that still covers a pc
	DUPLICATES_BACK = 16, // names of one address to look at for the same one
	LOOKS = 2,	      // names that are looked for in tables that are not sorted yet
};

/* Names of the linker's making for the ends of sections: they cover nothing. */
static bool is_marker(const struct symbol *s)
{
	static const char *const names[] = {
		"_end",		"end",
		"_edata",	"edata",
		"_etext",	"etext",
		"__etext",	"__bss_start",
		"__data_start", "data_start",
		"__dso_handle", "__executable_start",
		"__ehdr_start", "__GNU_EH_FRAME_HDR",
		"_DYNAMIC",	"_GLOBAL_OFFSET_TABLE_",
		"__TMC_END__",
	};
	for (size_t i = 0; i < FT_COUNT(names); i++)
		if (strcmp(s->name, names[i]) == 0)
			return true;
	return false;
}

static int rank_of_kind(const struct symbol *s)
{
	switch (s->kind) {
	case ELF_SYMBOL_FUNCTION:
		return 3;
	case ELF_SYMBOL_OBJECT:
		return 2;
	case ELF_SYMBOL_IFUNC: // a resolver; its own name, if it has one, is a function's
		return 1;
	case ELF_SYMBOL_OTHER:
		return 0;
	}
	return 0;
}

static int rank_of_binding(const struct symbol *s)
{
	return s->binding == 1 ? 3 : s->binding == 2 ? 2 : 1; // global, weak, local
}

static size_t underscores(const char *s)
{
	return strspn(s, "_");
}

/* Positive: a is the better name of the two for one address. */
static int compare_names(const struct symbol *a, const struct symbol *b)
{
	if (rank_of_kind(a) != rank_of_kind(b))
		return rank_of_kind(a) - rank_of_kind(b);
	if (a->has_size != b->has_size)
		return a->has_size ? 1 : -1;
	// "free" rather than "cfree", which is there for old programs only.
	if (a->is_old != b->is_old)
		return b->is_old ? 1 : -1;
	if ((a->binding == 0) != (b->binding == 0))
		return b->binding == 0 ? 1 : -1;
	// "puts" rather than "_IO_puts", whichever is weak.
	if (underscores(a->name) != underscores(b->name))
		return underscores(a->name) < underscores(b->name) ? 1 : -1;
	if (rank_of_binding(a) != rank_of_binding(b))
		return rank_of_binding(a) - rank_of_binding(b);
	size_t a_len = strlen(a->name), b_len = strlen(b->name);
	if (a_len != b_len)
		return a_len < b_len ? 1 : -1;
	int order = strcmp(b->name, a->name);
	return order ? order : (int)b->is_dynamic - (int)a->is_dynamic;
}

static int compare_symbols(const void *va, const void *vb)
{
	const struct symbol *a = va, *b = vb;
	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	return compare_names(b, a);
}

static struct symbol symbol_of(struct module_private *p, const struct elf_symbol *e)
{
	const struct elf_section *section = elf_section_at(p->elf, e->addr);
	struct symbol s = {
		.addr = e->addr + p->bias,
		.end = e->addr + p->bias,
		.kind = e->kind,
		.binding = e->binding,
		.is_dynamic = e->is_dynamic,
		.is_old = e->is_old,
		.has_size = e->size > 0 && e->addr + e->size > e->addr,
		.in_code = section && section->executable,
	};
	if (s.has_size)
		s.end += e->size;
	s.name = e->name[e->name_len] ? arena_strndup(p->arena, e->name, e->name_len) : e->name;
	return s;
}

/* Is a symbol of that name and address among the last of the first n? */
static bool is_kept(const struct module_private *p, size_t n, const struct symbol *s)
{
	for (size_t back = 1; back <= n && back <= DUPLICATES_BACK; back++) {
		const struct symbol *k = &p->symbols[n - back];
		if (k->addr != s->addr)
			break;
		if (strcmp(k->name, s->name) == 0)
			return true;
	}
	return false;
}

/* Both tables have the exported names: keep one of each. */
static void drop_duplicates(struct module_private *p)
{
	size_t kept = 0;
	for (size_t i = 0; i < p->n_symbols; i++)
		if (!is_kept(p, kept, &p->symbols[i]))
			p->symbols[kept++] = p->symbols[i];
	p->n_symbols = kept;
}

/* Where a symbol without a size ends: at its FDE's end, the next symbol, or its section's end. */
static uint64_t guess_end(struct module_private *p, const struct symbol *s, uint64_t next)
{
	const struct elf_section *section = elf_section_at(p->elf, s->addr - p->bias);
	struct cfi_row row;
	uint64_t end = s->addr + 1;
	if (!section || is_marker(s) || !s->in_code)
		return end;
	end = section->addr + section->size + p->bias;
	if (next > s->addr && next < end)
		end = next;
	if (p->dwarf && dwarf_cfi_at(p->dwarf, s->addr, &row) == FT_OK && row.lo == s->addr) {
		uint64_t pc = row.hi;
		while (pc < end && dwarf_cfi_at(p->dwarf, pc, &row) == FT_OK && row.hi > pc)
			pc = row.hi;
		if (pc < end)
			end = pc;
	}
	return end;
}

static void set_ends(struct module_private *p)
{
	uint64_t next = UINT64_MAX;
	for (size_t i = p->n_symbols; i > 0; i--) {
		struct symbol *s = &p->symbols[i - 1];
		if (!s->has_size)
			s->end = guess_end(p, s, next);
		if (i > 1 && p->symbols[i - 2].addr != s->addr)
			next = s->addr;
	}
}

static void add_plts(struct module_private *p, const struct elf_plt *plts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p->symbols[p->n_symbols++] = (struct symbol){
			.addr = plts[i].addr + p->bias,
			.end = plts[i].addr + plts[i].size + p->bias,
			.name = arena_printf(p->arena, "%s@plt", plts[i].name),
			.kind = ELF_SYMBOL_OTHER,
			.is_plt = true,
			.in_code = true,
			.has_size = true,
		};
	}
}

static void add_symbols(struct module_private *p, const struct elf_symbol *raw, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct symbol *s = &p->symbols[p->n_symbols++];
		*s = symbol_of(p, &raw[i]);
		if (s->name[0] == '_' && strstr(s->name, "lang_start"))
			p->has_rust_main = true;
	}
}

void module_read_symbols(struct module *m)
{
	struct module_private *p = m->p;
	struct elf_symbol *raw = NULL, *more = NULL;
	struct elf_plt *plts;
	size_t n = 0, n_more = 0, n_plts;
	if (p->has_symbols)
		return;
	p->has_symbols = true;
	if (elf_symbols(p->elf, &raw, &n) != FT_OK)
		n = 0;
	if (!p->debug || elf_symbols(p->debug, &more, &n_more) != FT_OK)
		n_more = 0;
	elf_plts(p->elf, &plts, &n_plts);
	p->symbols = xcalloc(n + n_more + n_plts + 1, sizeof(*p->symbols));
	add_symbols(p, raw, n);
	add_symbols(p, more, n_more);
	add_plts(p, plts, n_plts);
	free(raw);
	free(more);
	free(plts);
	qsort(p->symbols, p->n_symbols, sizeof(*p->symbols), compare_symbols);
	drop_duplicates(p);
	set_ends(p);
}

void module_free_symbols(struct module *m)
{
	free(m->p->symbols);
	free(m->p->by_name);
}

struct symbol *module_symbol_at(struct module *m, uint64_t addr)
{
	struct module_private *p = m->p;
	module_read_symbols(m);
	size_t lo = 0, hi = p->n_symbols;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (p->symbols[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (unsigned groups = 0; lo > 0 && groups < GROUPS_BACK; groups++) {
		size_t end = lo;
		while (lo > 0 && p->symbols[lo - 1].addr == p->symbols[end - 1].addr)
			lo--;
		for (size_t i = lo; i < end; i++)
			if (addr < p->symbols[i].end)
				return &p->symbols[i];
	}
	return NULL;
}

struct symbol *module_symbols_of(struct module *m, uint64_t addr, size_t *ret_n)
{
	struct module_private *p = m->p;
	module_read_symbols(m);
	size_t lo = 0, hi = p->n_symbols, n = 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (p->symbols[mid].addr < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo + n < p->n_symbols && p->symbols[lo + n].addr == addr)
		n++;
	*ret_n = n;
	return p->symbols + lo;
}

static int compare_by_name(const void *va, const void *vb)
{
	const struct symbol *a = *(struct symbol *const *)va, *b = *(struct symbol *const *)vb;
	int order = strcmp(a->name, b->name);
	if (order)
		return order;
	if (a->is_old != b->is_old)
		return a->is_old ? 1 : -1;
	if (rank_of_binding(a) != rank_of_binding(b))
		return rank_of_binding(b) - rank_of_binding(a);
	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

struct symbol *module_symbol_named(struct module *m, const char *name)
{
	struct module_private *p = m->p;
	module_read_symbols(m);
	if (!p->by_name) {
		p->by_name = xcalloc(p->n_symbols + 1, sizeof(struct symbol *));
		for (size_t i = 0; i < p->n_symbols; i++)
			p->by_name[i] = &p->symbols[i];
		qsort(p->by_name, p->n_symbols, sizeof(struct symbol *), compare_by_name);
	}
	size_t lo = 0, hi = p->n_symbols;
	while (lo < hi) { // the first one of that name
		size_t mid = lo + (hi - lo) / 2;
		if (strcmp(p->by_name[mid]->name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == p->n_symbols || strcmp(p->by_name[lo]->name, name) != 0)
		return NULL;
	return p->by_name[lo];
}

// "_Znwm@plt": operator new@plt.
static const char *plt_shown(struct arena *a, const char *name)
{
	const char *at = strrchr(name, '@');
	char *symbol = at ? xstrndup(name, (size_t)(at - name)) : NULL;
	const char *readable = symbol ? demangle(a, symbol) : NULL;
	free(symbol);
	return readable ? arena_printf(a, "%s%s", readable, at) : NULL;
}

const char *symbol_shown(struct module *m, struct symbol *s)
{
	if (!s->shown) {
		const char *readable = s->is_plt ? plt_shown(m->p->arena, s->name)
						 : demangle(m->p->arena, s->name);
		s->shown = readable ? readable : s->name;
	}
	return s->shown;
}

static void look_through(struct module_private *p, struct elf_file *e, const char *name,
			 struct symbol *best)
{
	struct elf_symbol *raw = NULL;
	size_t n = 0, len = strlen(name);
	if (!e || elf_symbols(e, &raw, &n) != FT_OK)
		n = 0;
	for (size_t i = 0; i < n; i++) {
		if (raw[i].name_len != len || memcmp(raw[i].name, name, len) != 0)
			continue;
		struct symbol one = symbol_of(p, &raw[i]), *a = &one;
		if (!best->name || compare_by_name(&a, &best) < 0)
			*best = one;
	}
	free(raw);
}

// To sort all symbols and find their ends is not worth it for a name or two.
static struct symbol *symbol_unsorted(struct module *m, const char *name, struct symbol *best)
{
	*best = (struct symbol){.name = NULL};
	look_through(m->p, m->p->elf, name, best);
	look_through(m->p, m->p->debug, name, best);
	return best->name ? best : NULL;
}

enum ft_rc symbols_address_of(struct symbols *s, struct module *m, const char *symbol,
			      uint64_t *ret)
{
	(void)s;
	struct symbol one;
	bool quick = !m->p->has_symbols && m->p->n_looks++ < LOOKS;
	struct symbol *found =
		quick ? symbol_unsorted(m, symbol, &one) : module_symbol_named(m, symbol);
	if (!found || found->is_plt)
		return FT_NONE;
	*ret = found->addr;
	return FT_OK;
}

/* The name that its debug information gives the code at addr, if that has been read already. */
static struct function *known_function(struct module *m, uint64_t addr)
{
	size_t unit = module_unit_at(m, addr);
	if (unit == SIZE_MAX || !m->p->state[unit].scanned)
		return NULL;
	struct function *f = code_map_find(&m->p->state[unit].map, addr);
	if (!f || addr < f->ranges[0].lo || addr >= f->ranges[0].hi) // cold: its symbol is closer
		return NULL;
	return f;
}

enum ft_rc symbols_name_at(struct symbols *s, uint64_t addr, const char **ret_name,
			   uint64_t *ret_offset)
{
	struct module *m = symbols_module_at(s, addr);
	struct function *f;
	if (!m)
		return FT_NONE;
	f = known_function(m, addr);
	struct symbol *symbol = f ? NULL : module_symbol_at(m, addr);
	if (symbol) {
		*ret_name = symbol_shown(m, symbol);
		*ret_offset = addr - symbol->addr;
		return FT_OK;
	}
	if (!f && symbols_function_at(s, addr, &f) != FT_OK)
		return FT_NONE;
	*ret_name = f->name;
	*ret_offset = addr - f->ranges[0].lo;
	return FT_OK;
}
