#include <stdlib.h>
#include <string.h>

#include "symbols/dwarf_constants.h"
#include "symbols/private.h"

enum {
	DEPTH_MAX = 256,       // of a DIE tree; deeper ones are broken or not worth it
	SCOPE_NAME_MAX = 4096, // a qualified name longer than that is cut
};

enum language language_of(uint16_t dw_lang)
{
	switch (dw_lang) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case 0x2c: // C17
	case 0x3e: // C23
		return LANG_C;
	case DW_LANG_C_plus_plus:
	case 0x1a: // C++11
	case 0x21: // C++14
	case 0x2a: // C++17
	case 0x2b: // C++20
	case 0x3a: // C++23
		return LANG_CXX;
	case 0x1c:
		return LANG_RUST;
	case 0x31:   // Assembly
	case 0x8001: // MIPS assembler, which gas says
		return LANG_ASM;
	case 0:
		return LANG_UNKNOWN;
	default: // a number from the file, not an enum
		return LANG_OTHER;
	}
}

static enum origin origin_of_unit(struct module *m, const struct dwarf_unit *u)
{
	if (!u->name)
		return ORIGIN_OWN;
	if (*u->name == '/' || !u->comp_dir)
		return origin_of_path(u->name);
	return origin_of_path(arena_printf(m->p->arena, "%s/%s", u->comp_dir, u->name));
}

static int compare_unit_ranges(const void *va, const void *vb)
{
	const struct unit_range *a = va, *b = vb;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return a->unit < b->unit ? -1 : a->unit > b->unit;
}

/* Every unit's ranges in one table; where two claim the same code, the first keeps it. */
static void index_units(struct module_private *p)
{
	size_t n = 0, kept = 0;
	for (size_t i = 0; i < p->n_units; i++)
		n += p->units[i].n_ranges;
	struct unit_range *r = arena_array(p->arena, n + 1, sizeof(*r));
	n = 0;
	for (size_t i = 0; i < p->n_units; i++)
		for (size_t k = 0; k < p->units[i].n_ranges; k++)
			r[n++] = (struct unit_range){p->units[i].ranges[k].lo,
						     p->units[i].ranges[k].hi, i};
	qsort(r, n, sizeof(*r), compare_unit_ranges);
	uint64_t end = 0;
	for (size_t i = 0; i < n; i++) {
		if (r[i].lo < end)
			r[i].lo = end;
		if (r[i].lo >= r[i].hi)
			continue;
		end = r[i].hi;
		r[kept++] = r[i];
	}
	p->unit_ranges = r;
	p->n_unit_ranges = kept;
}

void module_read_units(struct module *m)
{
	struct module_private *p = m->p;
	if (p->has_units)
		return;
	p->has_units = true;
	if (!p->dwarf || dwarf_units(p->dwarf, &p->units, &p->n_units) != FT_OK)
		return;
	p->state = xcalloc(p->n_units, sizeof(*p->state));
	for (size_t i = 0; i < p->n_units; i++) {
		p->state[i].language = language_of(p->units[i].dw_lang);
		p->state[i].origin = origin_of_unit(m, &p->units[i]);
		if (p->state[i].origin == ORIGIN_OWN && p->units[i].n_ranges)
			p->has_own_unit = true;
	}
	// Built under a system's directory on purpose: what else is there is the program.
	for (size_t i = 0; i < p->n_units && !p->has_own_unit; i++)
		if (p->state[i].origin == ORIGIN_SYSTEM)
			p->state[i].origin = ORIGIN_OWN;
	index_units(p);
}

void module_free_units(struct module *m)
{
	for (size_t i = 0; i < m->p->n_units; i++) {
		free(m->p->state[i].scopes);
		free(m->p->state[i].f);
		free(m->p->state[i].map.r);
	}
	free(m->p->state);
}

size_t module_unit_of(const struct module *m, uint64_t die_offset)
{
	return m->p->dwarf ? dwarf_unit_of(m->p->dwarf, die_offset) : SIZE_MAX;
}

size_t module_unit_at(const struct module *m, uint64_t pc)
{
	const struct module_private *p = m->p;
	size_t lo = 0, hi = p->n_unit_ranges;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (p->unit_ranges[mid].lo <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && pc < p->unit_ranges[lo - 1].hi ? p->unit_ranges[lo - 1].unit : SIZE_MAX;
}

/* A DIE that has code of its own, found while walking; its function is made when scopes are known.
 */
struct found {
	uint64_t die;
	struct range *ranges; // malloc'ed
	size_t n_ranges;
};

struct walk {
	struct module *m;
	struct dwarf_file *d;
	struct unit_state *state;
	struct found *found;
	size_t n_found, cap_found;
};

static size_t push_scope(struct unit_state *u, const struct die *die, size_t parent)
{
	u->scopes = xgrow(u->scopes, u->n_scopes, &u->cap_scopes, sizeof(*u->scopes));
	u->scopes[u->n_scopes] = (struct scope){
		.begin = die_offset(die),
		.end = UINT64_MAX,
		.parent = parent,
	};
	return u->n_scopes++;
}

static void note_function(struct walk *w, const struct die *die)
{
	struct found f = {.die = die_offset(die)};
	if (die_ranges(w->d, die, &f.ranges, &f.n_ranges) != FT_OK)
		return;
	w->found = xgrow(w->found, w->n_found, &w->cap_found, sizeof(*w->found));
	w->found[w->n_found++] = f;
}

enum visit { VISIT_SKIP, VISIT_INSIDE, VISIT_SCOPE };

/* What a child may hold that matters here: functions, and types that qualify names. */
static enum visit visit_of(struct dwarf_file *d, const struct die *die)
{
	switch (die_tag(die)) {
	case DW_TAG_subprogram: // a declaration holds its parameters only
		return die_has(d, die, DW_AT_declaration) ? VISIT_SKIP : VISIT_SCOPE;
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
		return VISIT_SCOPE;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_variant_part: // a Rust enum's variants are types
	case DW_TAG_variant:
		return VISIT_INSIDE;
	default: // a number from the file, not an enum
		return VISIT_SKIP;
	}
}

/* Scopes from `first` on that are still open end where the next DIE begins. */
static void close_scopes(struct unit_state *u, size_t first, uint64_t end)
{
	for (size_t i = first; i < u->n_scopes; i++)
		if (u->scopes[i].end == UINT64_MAX)
			u->scopes[i].end = end;
}

static void walk_children(struct walk *w, const struct die *parent, size_t scope, unsigned depth)
{
	struct die *die, *next;
	if (depth > DEPTH_MAX || die_child(w->d, parent, &die) != FT_OK)
		return;
	for (;;) {
		size_t first = w->state->n_scopes, inside = scope;
		enum visit visit = visit_of(w->d, die);
		if (visit == VISIT_SCOPE && die_tag(die) == DW_TAG_subprogram)
			note_function(w, die);
		if (visit == VISIT_SCOPE)
			inside = push_scope(w->state, die, scope);
		if (visit != VISIT_SKIP)
			walk_children(w, die, inside, depth + 1);
		enum ft_rc rc = die_sibling(w->d, die, &next);
		die_free(w->d, die);
		if (rc != FT_OK)
			return;
		die = next;
		close_scopes(w->state, first, die_offset(die));
	}
}

static int compare_functions(const void *va, const void *vb)
{
	const struct function *a = *(struct function *const *)va;
	const struct function *b = *(struct function *const *)vb;
	if (a->ranges[0].lo != b->ranges[0].lo)
		return a->ranges[0].lo < b->ranges[0].lo ? -1 : 1;
	return a->die < b->die ? -1 : a->die > b->die;
}

static void make_functions(struct walk *w, size_t unit)
{
	struct unit_state *u = w->state;
	struct dwarf_file *d = w->d;
	u->f = xcalloc(w->n_found + 1, sizeof(*u->f));
	for (size_t i = 0; i < w->n_found; i++) {
		struct found *found = &w->found[i];
		struct die *die;
		if (die_at(d, found->die, &die) == FT_OK) {
			struct function *f =
				function_of_die(w->m, unit, die, found->ranges, found->n_ranges);
			die_free(d, die);
			if (f)
				u->f[u->n++] = f;
		}
		free(found->ranges);
	}
	free(w->found);
	qsort(u->f, u->n, sizeof(struct function *), compare_functions);
	size_t kept = 0;
	for (size_t i = 0; i < u->n; i++) { // folded identical functions are one
		if (kept && u->f[kept - 1]->ranges[0].lo == u->f[i]->ranges[0].lo)
			continue;
		u->f[kept++] = u->f[i];
	}
	u->n = kept;
	for (size_t i = 0; i < u->n; i++)
		code_map_add(&u->map, u->f[i]);
	code_map_sort(&u->map);
}

void unit_scan(struct module *m, size_t unit)
{
	struct walk w = {.m = m, .d = m->p->dwarf, .state = &m->p->state[unit]};
	struct die *die;
	if (w.state->scanned || !m->p->units[unit].die) // not read yet: a package's types
		return;
	w.state->scanned = true;
	if (die_at(w.d, m->p->units[unit].die, &die) != FT_OK)
		return;
	walk_children(&w, die, SIZE_MAX, 0);
	die_free(w.d, die);
	make_functions(&w, unit);
}

/* C does not qualify names, whatever they are nested in. */
static bool qualifies(enum language l)
{
	switch (l) {
	case LANG_CXX:
	case LANG_RUST:
	case LANG_OTHER:
		return true;
	case LANG_UNKNOWN:
	case LANG_C:
	case LANG_ASM:
		return false;
	}
	return false;
}

static const char *scope_label(struct dwarf_file *d, const struct die *die, bool *ret_unnamed)
{
	const char *name = die_string(d, die, DW_AT_name);
	if (die_tag(die) == DW_TAG_namespace)
		return name ? name : "(anonymous namespace)";
	// g++ calls a closure's class "<lambda(int)>"; clang++ does not name it.
	if (!name || strncmp(name, "<lambda", 7) == 0 || strncmp(name, "._anon", 6) == 0)
		*ret_unnamed = true;
	return name ? name : "{unnamed}";
}

/* What clang leaves of a type that has a type unit is a declaration without name. */
static struct die *definition_of(struct module *m, struct die *die)
{
	uint64_t offset;
	struct die *definition;
	if (die_ref(m->p->dwarf, die, DW_AT_signature, &offset) != FT_OK ||
	    die_at(m->p->dwarf, offset, &definition) != FT_OK)
		return die;
	die_free(m->p->dwarf, die);
	return definition;
}

uint64_t module_declared_at(struct module *m, const struct die *die)
{
	uint64_t offset;
	return die_ref(m->p->dwarf, die, DW_AT_specification, &offset) == FT_OK ? offset
										: die_offset(die);
}

/* Of a scope of u; u->scopes does not grow any more. */
static const char *scope_name(struct module *m, struct unit_state *u, struct scope *s)
{
	struct arena *arena = m->p->arena;
	struct scope *parent = s->parent == SIZE_MAX ? NULL : &u->scopes[s->parent];
	struct die *die;
	if (s->name)
		return s->name;
	s->name = ""; // a chain of declarations may be a circle
	const char *outer = parent ? scope_name(m, u, parent) : "";
	s->unnamed = parent && parent->unnamed;
	if (die_at(m->p->dwarf, s->begin, &die) != FT_OK)
		return s->name = outer;
	if (!die_string(m->p->dwarf, die, DW_AT_name))
		die = definition_of(m, die);
	uint64_t declared = module_declared_at(m, die);
	if (declared != s->begin)
		outer = module_scope_of(m, declared, &s->unnamed);
	s->name = outer;
	const char *label = scope_label(m->p->dwarf, die, &s->unnamed);
	if (strlen(outer) + strlen(label) < SCOPE_NAME_MAX)
		s->name = *outer ? arena_printf(arena, "%s::%s", outer, label) : label;
	die_free(m->p->dwarf, die);
	return s->name;
}

const char *module_scope_of(struct module *m, uint64_t die_offset, bool *ret_unnamed)
{
	size_t unit = module_unit_of(m, die_offset);
	if (ret_unnamed)
		*ret_unnamed = false;
	if (unit == SIZE_MAX || !qualifies(language_of(m->p->units[unit].dw_lang)))
		return "";
	unit_scan(m, unit);
	struct unit_state *u = &m->p->state[unit];
	size_t lo = 0, hi = u->n_scopes;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (u->scopes[mid].begin < die_offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t i = lo; i > 0; i = u->scopes[i - 1].parent + 1) { // SIZE_MAX + 1 is 0: the unit
		struct scope *s = &u->scopes[i - 1];
		if (die_offset >= s->end)
			continue;
		const char *name = scope_name(m, u, s);
		if (ret_unnamed)
			*ret_unnamed = s->unnamed;
		return name;
	}
	return "";
}
