/*
 * inlines.c - the inlined calls of a function (DWARF 5, section 3.3.8.2).
 *
 * A DW_TAG_inlined_subroutine stands where it is called, also inside lexical blocks and inside
 * another one; what function it is, the abstract DIE says that it refers to.
 */
#include <stdlib.h>

#include "symbols/dwarf_constants.h"
#include "symbols/function_name.h"
#include "symbols/types.h"

/* libdwarf 20210528 has no name for it. */
enum { AT_GNU_entry_view = 0x2138 };

enum {
	INLINES_MAX = 16384,	  // inlined calls of one function
	INLINES_DEPTH = 256,	  // of the tree, lexical blocks counted
	INLINES_STEPS = 20000000, // DIEs read of one module for variables; calls beyond have none
};

/* What the abstract DIE says, which is read once for all its calls. */
struct inlined_function {
	const char *name; // NULL: it has none
	const char *file;
	uint32_t line;
	enum origin origin;
	enum language language;
};

struct inline_list {
	struct inlined *i;
	const struct inline_source *sources; // n of them
	size_t n;
	bool has_variables;
};

/* Where the variables of a call are read from, when somebody asks for them. */
struct inline_source {
	uint64_t die;
	enum language language;
};

struct collecting {
	struct module *m;
	struct dwarf_file *d;
	const struct function *f;
	struct inlined *i;
	struct inline_source *sources;
	size_t n, cap, cap_sources;
};

static enum language language_at(const struct collecting *c, uint64_t die)
{
	size_t unit = module_unit_of(c->m, die);
	enum language l = unit == SIZE_MAX ? LANG_UNKNOWN : c->m->p->state[unit].language;

	return l == LANG_UNKNOWN ? c->f->language : l; // a partial unit has none
}

static const struct inlined_function *function_of(struct collecting *c, const struct die *die,
						  uint64_t abstract, uint64_t entry)
{
	struct types *types = types_of_module(c->m);
	struct inlined_function *f = offset_map_get(&types->inlined_functions, abstract);
	struct described r;

	if (f)
		return f;
	f = arena_alloc(c->m->p->arena, sizeof(*f));
	describe_die(c->m, die, &r);
	f->language = language_at(c, r.declared);
	f->name = function_name(c->m, &r, f->language, NULL);
	if (!r.file) // a closure of g++'s is declared nowhere: its first line will do
		describe_by_line(c->m, c->f->unit, entry, &r);
	f->file = r.file;
	f->line = r.line;
	if (f->name)
		f->origin = origin_of_described(c->m, c->f->unit, &r, r.linkage, f->name);
	offset_map_put(&types->inlined_functions, abstract, f);
	return f;
}

/* Where it is called; the file's number is one of the unit that the call stands in. */
static void read_call(struct collecting *c, const struct die *die, struct inlined *i)
{
	size_t unit = module_unit_of(c->m, die_offset(die));
	uint64_t v;

	if (unit != SIZE_MAX && die_uint(c->d, die, DW_AT_call_file, &v) == FT_OK)
		i->call_file = dwarf_file_name(c->d, unit, v);
	if (die_uint(c->d, die, DW_AT_call_line, &v) == FT_OK && v <= UINT32_MAX)
		i->call_line = (uint32_t)v;
}

static bool is_inside(const struct function *f, uint64_t pc)
{
	for (size_t i = 0; i < f->n_ranges; i++)
		if (f->ranges[i].lo <= pc && pc < f->ranges[i].hi)
			return true;
	return false;
}

/*
 * DW_AT_entry_pc is an address, or counts from where the code begins (DWARF 5, section 2.18). It
 * need not lie in that code: gcc's says where the call begins, be its first instructions elsewhere.
 */
static uint64_t read_entry(struct collecting *c, const struct die *die, const struct inlined *i)
{
	uint64_t v, low;

	if (die_address(c->d, die, DW_AT_entry_pc, &v) != FT_OK) {
		if (die_uint(c->d, die, DW_AT_entry_pc, &v) != FT_OK)
			return i->ranges[0].lo;
		if (die_address(c->d, die, DW_AT_low_pc, &low) != FT_OK)
			low = i->ranges[0].lo;
		v += low;
	}
	return is_inside(c->f, v) ? v : i->ranges[0].lo;
}

/* false: it has no code, or nothing says what it is. */
static bool add_inlined(struct collecting *c, const struct die *die, size_t parent)
{
	uint64_t abstract, view;
	struct range *ranges;
	size_t n;

	if (c->n >= INLINES_MAX || die_ref(c->d, die, DW_AT_abstract_origin, &abstract) != FT_OK)
		return false;
	if (die_ranges(c->d, die, &ranges, &n) != FT_OK)
		return false;
	struct inlined i = {
		.ranges = arena_copy(c->m->p->arena, ranges, n * sizeof(*ranges)),
		.n_ranges = n,
		.parent = parent,
		.depth = parent == SIZE_MAX ? 0 : c->i[parent].depth + 1,
	};
	free(ranges);
	i.entry = read_entry(c, die, &i);
	if (die_uint(c->d, die, AT_GNU_entry_view, &view) == FT_OK && view <= UINT32_MAX)
		i.entry_view = (uint32_t)view;
	const struct inlined_function *f = function_of(c, die, abstract, i.entry);
	if (!f->name)
		return false;
	i.name = f->name;
	i.file = f->file;
	i.line = f->line;
	i.origin = f->origin;
	read_call(c, die, &i);
	c->i = xgrow(c->i, c->n, &c->cap, sizeof(*c->i));
	c->sources = xgrow(c->sources, c->n, &c->cap_sources, sizeof(*c->sources));
	c->sources[c->n] = (struct inline_source){die_offset(die), f->language};
	c->i[c->n++] = i;
	return true;
}

static void collect_children(struct collecting *c, const struct die *die, size_t parent,
			     unsigned depth);

static void collect_child(struct collecting *c, const struct die *child, size_t parent,
			  unsigned depth)
{
	switch (die_tag(child)) {
	case DW_TAG_inlined_subroutine:
		if (add_inlined(c, child, parent))
			collect_children(c, child, c->n - 1, depth + 1);
		break;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		collect_children(c, child, parent, depth + 1);
		break;
	}
}

static void collect_children(struct collecting *c, const struct die *die, size_t parent,
			     unsigned depth)
{
	struct die *child, *next = NULL;

	if (depth > INLINES_DEPTH)
		return;
	for (enum ft_rc rc = die_child(c->d, die, &child); rc == FT_OK; child = next) {
		collect_child(c, child, parent, depth);
		rc = die_sibling(c->d, child, &next);
		die_free(c->d, child);
	}
}

static struct inline_list *read_tree(struct function *f)
{
	struct module *m = f->module;
	struct arena *a = m->p->arena;
	struct inline_list *list = arena_alloc(a, sizeof(*list));
	struct collecting c = {.m = m, .d = m->p->dwarf, .f = f};
	struct die *die;

	if (die_at(c.d, f->die, &die) == FT_OK) {
		if (die_tag(die) == DW_TAG_subprogram)
			collect_children(&c, die, SIZE_MAX, 0);
		die_free(c.d, die);
	}
	list->n = c.n;
	list->i = arena_copy(a, c.i, c.n * sizeof(*c.i));
	list->sources = arena_copy(a, c.sources, c.n * sizeof(*c.sources));
	free(c.i);
	free(c.sources);
	return list;
}

static void mark_inlined(struct variable *v, size_t n, const char *from)
{
	for (size_t k = 0; k < n; k++) {
		v[k].is_inlined = true;
		v[k].from = from;
	}
}

static void read_variables(struct module *m, struct inline_list *list)
{
	struct types *types = types_of_module(m);
	struct die *die;

	for (size_t k = 0; k < list->n && types->inlined_steps < INLINES_STEPS; k++) {
		struct inlined *i = &list->i[k];
		struct signature sig = {.optimised = true};
		if (die_at(m->p->dwarf, list->sources[k].die, &die) != FT_OK)
			continue;
		types->inlined_steps +=
			signature_read_block(m, die, list->sources[k].language, i->origin, &sig);
		die_free(m->p->dwarf, die);
		i->params = sig.params;
		i->n_params = sig.n_params;
		i->locals = sig.locals;
		i->n_locals = sig.n_locals;
		mark_inlined(i->params, i->n_params, i->name);
		mark_inlined(i->locals, i->n_locals, i->name);
	}
	list->has_variables = true;
}

static struct inline_list *list_of(struct function *f)
{
	struct module *m = f->module;

	if (!m || !m->p || !m->p->dwarf || !f->die)
		return NULL;
	struct types *types = types_of_module(m);
	struct inline_list *list = offset_map_get(&types->inlines, f->die);
	if (!list) {
		list = read_tree(f);
		offset_map_put(&types->inlines, f->die, list);
	}
	return list->n ? list : NULL;
}

enum ft_rc symbols_inline_tree(struct symbols *s, struct function *f, const struct inlined **ret,
			       size_t *ret_n)
{
	struct inline_list *list = list_of(f);

	(void)s;
	if (!list)
		return FT_NONE;
	*ret = list->i;
	*ret_n = list->n;
	return FT_OK;
}

enum ft_rc symbols_inlines(struct symbols *s, struct function *f, const struct inlined **ret,
			   size_t *ret_n)
{
	struct inline_list *list = list_of(f);

	if (list && !list->has_variables)
		read_variables(f->module, list);
	return symbols_inline_tree(s, f, ret, ret_n);
}
