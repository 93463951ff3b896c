/*
 * function_list.c - which functions of a module are listed, and how many are left out.
 */
#include <stdlib.h>
#include <string.h>

#include "symbols/private.h"

struct selection {
	bool all;
	const bool *wanted; // by unit; NULL: every one
	struct function **f;
	size_t n, cap;
	struct function_list *counts;
};

static void list_function(struct selection *l, struct function *f)
{
	l->f = xgrow(l->f, l->n, &l->cap, sizeof(*l->f));
	l->f[l->n++] = f;
}

/* Other people's sources are left out unless asked for, whether they have been read or not. */
static bool is_left_out(const struct selection *l, const struct unit_state *u)
{
	return !l->all && u->origin != ORIGIN_OWN;
}

static void list_units(struct module *m, struct selection *l)
{
	for (size_t i = 0; i < m->p->n_units; i++) {
		struct unit_state *u = &m->p->state[i];
		if (m->p->units[i].is_partial) // types and declarations: no code
			continue;
		if (l->wanted && !l->wanted[i] && !u->scanned)
			continue;
		if (is_left_out(l, u)) {
			l->counts->n_hidden_units++;
			continue;
		}
		unit_scan(m, i);
		for (size_t k = 0; k < u->n; k++)
			list_function(l, u->f[k]);
	}
}

/* Symbols that no function of a unit covers; those of units that were not parsed are counted. */
static void list_symbols(struct module *m, struct selection *l)
{
	struct module_private *p = m->p;
	module_read_symbol_functions(m);
	for (size_t i = 0; i < p->n_symbol_functions; i++) {
		struct function *f = p->symbol_functions[i];
		if (f->unit != SIZE_MAX && is_left_out(l, &p->state[f->unit])) {
			enum origin origin = p->state[f->unit].origin;
			l->counts->n_hidden[f->origin == ORIGIN_HELPER ? f->origin : origin]++;
			continue;
		}
		if (f->unit != SIZE_MAX && code_map_find(&p->state[f->unit].map, f->ranges[0].lo))
			continue;
		if (f->unit != SIZE_MAX && f->origin == ORIGIN_NO_DEBUG) // assembly with lines
			f->origin = p->state[f->unit].origin;
		list_function(l, f);
	}
}

static int compare_listed(const void *va, const void *vb)
{
	const struct function *a = *(struct function *const *)va;
	const struct function *b = *(struct function *const *)vb;
	if (a->ranges[0].lo != b->ranges[0].lo)
		return a->ranges[0].lo < b->ranges[0].lo ? -1 : 1;
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	return a->unit < b->unit ? -1 : a->unit > b->unit;
}

static enum ft_rc functions_of(struct module *m, bool all, const bool *wanted,
			       struct function_list *ret)
{
	struct function_list list = {0};
	struct selection l = {.all = all, .wanted = wanted, .counts = &list};
	list_units(m, &l);
	list_symbols(m, &l);
	module_read_cfi_functions(m);
	for (size_t i = 0; i < m->p->n_cfi_functions; i++)
		if (module_unit_at(m, m->p->cfi_functions[i]->ranges[0].lo) == SIZE_MAX)
			list_function(&l, m->p->cfi_functions[i]);
	if (l.n)
		qsort(l.f, l.n, sizeof(struct function *), compare_listed);
	for (size_t i = 0; i < l.n; i++) { // code that two units describe is one function
		if (list.n && l.f[list.n - 1]->ranges[0].lo == l.f[i]->ranges[0].lo)
			continue;
		l.f[list.n++] = l.f[i];
		if (l.f[i]->origin != ORIGIN_OWN)
			list.n_hidden[l.f[i]->origin]++;
	}
	list.f = l.f;
	*ret = list;
	return FT_OK;
}

enum ft_rc symbols_functions(struct symbols *s, struct module *m, bool all,
			     struct function_list *ret)
{
	(void)s;
	module_read_units(m);
	return functions_of(m, all, NULL, ret);
}

/* Static functions have symbols unless they were discarded, and then all of them were. */
static bool has_local_functions(const struct module_private *p)
{
	for (size_t i = 0; i < p->n_symbols; i++)
		if (p->symbols[i].kind == ELF_SYMBOL_FUNCTION && p->symbols[i].binding == 0)
			return true;
	return false;
}

static bool contains_any(const char *name, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

enum ft_rc symbols_functions_like(struct symbols *s, struct module *m, const char *const *words,
				  size_t n_words, struct function_list *ret)
{
	struct module_private *p = m->p;
	module_read_units(m);
	module_read_symbols(m);
	if (!n_words || !has_local_functions(p))
		return symbols_functions(s, m, true, ret);
	bool *wanted = xcalloc(p->n_units + 1, sizeof(*wanted));
	for (size_t i = 0; i < p->n_symbols; i++) {
		const struct symbol *symbol = &p->symbols[i];
		if (!symbol->in_code || !contains_any(symbol->name, words, n_words))
			continue;
		size_t unit = module_unit_at(m, symbol->addr);
		if (unit != SIZE_MAX)
			wanted[unit] = true;
	}
	enum ft_rc rc = functions_of(m, true, wanted, ret);
	free(wanted);
	return rc;
}
