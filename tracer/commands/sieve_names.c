/*
 * sieve_names.c - the functions that the sieve has met, and whether they are wanted.
 */
#include <stdlib.h>
#include <string.h>

#include "commands/sieve_private.h"

static size_t fn_slot(const struct sieve *s, const struct sieve_fn *fn)
{
	size_t mask = s->fn_table_size - 1;
	size_t i = ((uintptr_t)fn->name >> 4 ^ (uintptr_t)fn->file >> 2) * 0x9e3779b97f4a7c15u;
	for (i = (i >> 20) & mask; s->fn_table[i]; i = (i + 1) & mask) {
		const struct sieve_fn *at = &s->fn[s->fn_table[i] - 1];
		if (at->name == fn->name && at->symbol == fn->symbol && at->module == fn->module &&
		    at->file == fn->file)
			break;
	}
	return i;
}

static void grow_functions(struct sieve *s)
{
	free(s->fn_table);
	s->fn_table_size = s->fn_table_size ? 2 * s->fn_table_size : 256;
	s->fn_table = xcalloc(s->fn_table_size, sizeof(*s->fn_table));
	for (size_t i = 0; i < s->n_fn; i++)
		s->fn_table[fn_slot(s, &s->fn[i])] = i + 1;
}

// What a library's function needs besides: --lib, if it was given.
static bool module_wanted(struct sieve *s, const char *module)
{
	if (!s->selection->libraries.n || !module || !s->program)
		return true;
	return strcmp(path_name(module), path_name(s->program)) == 0 ||
	       selection_wants_library(s->selection, module);
}

static bool is_wanted(struct sieve *s, const struct sieve_fn *fn)
{
	struct function f = {
		.name = fn->name, .symbol = fn->symbol, .file = fn->file, .origin = ORIGIN_OWN};
	return selection_of(s->selection, &f, false) == WANTED && module_wanted(s, fn->module);
}

size_t sieve_fn_find(struct sieve *s, const char *name, const char *symbol, const char *module,
		     const char *file)
{
	struct sieve_fn fn = {
		.name = intern_text(&s->names, name ? name : ""),
		.symbol = intern_text(&s->names, symbol),
		.module = intern_text(&s->names, module),
		.file = intern_text(&s->names, file),
	};
	if (2 * (s->n_fn + 1) > s->fn_table_size)
		grow_functions(s);
	size_t slot = fn_slot(s, &fn);
	if (!s->fn_table[slot]) {
		fn.wanted = is_wanted(s, &fn);
		s->fn = xgrow(s->fn, s->n_fn, &s->cap_fn, sizeof(*s->fn));
		s->fn[s->n_fn++] = fn;
		s->fn_table[slot] = s->n_fn;
	}
	return s->fn_table[slot] - 1;
}

void sieve_function(struct sieve *s, const char *name, const char *symbol, const char *module,
		    const char *file)
{
	size_t at = sieve_fn_find(s, name, symbol, module, file);
	s->fn[at].traced = true;
}

bool sieve_suggest(const struct sieve *s, const struct pattern *p, struct buf *out)
{
	struct function *f = xcalloc(s->n_fn + 1, sizeof(*f));
	struct function **list = xcalloc(s->n_fn + 1, sizeof(*list));
	struct function_list fl = {.f = list, .n = s->n_fn};
	for (size_t i = 0; i < s->n_fn; i++) {
		f[i] = (struct function){.name = s->fn[i].name, .origin = ORIGIN_OWN};
		list[i] = &f[i];
	}
	bool found = selection_suggest(p, &fl, out);
	free(list);
	free(f);
	return found;
}
