/*
 * inline_names.c - which inlined calls an address lies in; what exists only inlined.
 */
#include <string.h>

#include "events/event.h"
#include "events/inlines.h"

enum {
	NOTE_NAMES = 3,	      // named in a note
	NOTE_FUNCTIONS = 200, // looked through for them
};

size_t inlines_at(struct symbols *s, uint64_t pc, const struct inlined **ret, size_t max,
		  const struct function **ret_in)
{
	const struct inlined *tree;
	struct function *f;
	size_t n_tree, n = 0, deepest = SIZE_MAX;

	if (symbols_function_at(s, pc, &f) != FT_OK ||
	    symbols_inline_tree(s, f, &tree, &n_tree) != FT_OK)
		return 0;
	for (size_t i = 0; i < n_tree; i++)
		if (ranges_hold(tree[i].ranges, tree[i].n_ranges, pc) &&
		    (deepest == SIZE_MAX || tree[i].depth > tree[deepest].depth))
			deepest = i;
	for (size_t i = deepest; i != SIZE_MAX && n < max; i = tree[i].parent)
		ret[n++] = &tree[i];
	if (ret_in)
		*ret_in = f;
	return n;
}

/* One that is only inlined, and a function that it is inlined into. */
struct only_inlined {
	const char *name, *into;
};

static bool has_code(const struct function_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->f[i]->name, name) == 0)
			return true;
	return false;
}

static bool is_named(const struct only_inlined *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i].name, name) == 0)
			return true;
	return false;
}

static size_t find_only_inlined(struct symbols *s, struct selection *sel,
				const struct function_list *list, struct only_inlined *ret)
{
	const struct inlined *tree;
	size_t n = 0, n_tree, looked = 0;

	for (size_t i = 0; i < list->n && looked < NOTE_FUNCTIONS; i++) {
		struct function *f = list->f[i];
		if (f->origin != ORIGIN_OWN || !f->die)
			continue;
		looked++;
		if (symbols_inline_tree(s, f, &tree, &n_tree) != FT_OK)
			continue;
		for (size_t k = 0; k < n_tree && n < NOTE_NAMES; k++) {
			if (tree[k].origin != ORIGIN_OWN || is_named(ret, n, tree[k].name) ||
			    selection_of_inlined(sel, &tree[k], f, false) != WANTED ||
			    has_code(list, tree[k].name))
				continue;
			ret[n++] = (struct only_inlined){tree[k].name, f->name};
		}
	}
	return n;
}

bool inlines_note(struct symbols *s, struct selection *sel, const struct function_list *list,
		  struct buf *out)
{
	struct only_inlined names[NOTE_NAMES];
	size_t n = find_only_inlined(s, sel, list, names);

	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s into %s", i ? ", " : NOTE_INLINED, names[i].name,
			   names[i].into);
	if (n)
		buf_str(out, n == 1 ? NOTE_INLINED_ONE : NOTE_INLINED_MORE);
	return n > 0;
}

enum ft_rc inlines_check_pattern(struct symbols *s, struct selection *sel,
				 const struct function_list *list)
{
	const struct inlined *tree;
	size_t n;

	for (size_t i = 0; i < list->n; i++) {
		if (symbols_inline_tree(s, list->f[i], &tree, &n) != FT_OK)
			continue;
		for (size_t k = 0; k < n; k++) {
			const struct pattern *p = selection_unmatched_names(sel, &tree[k]);
			if (p)
				return ft_fail("'%s' matches no function that has code of its own; "
					       "%s is inlined into %s: --inlines shows it",
					       p->text, tree[k].name, list->f[i]->name);
		}
	}
	return FT_OK;
}
