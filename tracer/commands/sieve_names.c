/*
 * sieve_names.c - the functions that the sieve has met, and whether they are wanted.
 */
#include <stdlib.h>
#include <string.h>

#include "commands/sieve_private.h"

static bool is_same_function(const struct sieve_fn *a, const struct sieve_fn *b)
{
	return a->name == b->name && a->symbol == b->symbol && a->module == b->module &&
	       a->file == b->file; // kept texts: each once
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
	uint64_t hash = hash_word((uintptr_t)fn.name, (uintptr_t)fn.file);
	size_t probe = 0, i;
	while ((i = lookup_next(&s->fn_by_text, hash, &probe)) != SIZE_MAX)
		if (is_same_function(&s->fn[i], &fn))
			return i;
	fn.wanted = is_wanted(s, &fn);
	s->fn = xgrow(s->fn, s->n_fn, &s->cap_fn, sizeof(*s->fn));
	s->fn[s->n_fn] = fn;
	lookup_add(&s->fn_by_text, hash, s->n_fn);
	return s->n_fn++;
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
