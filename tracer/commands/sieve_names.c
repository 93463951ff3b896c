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

// The first function of that name; SIZE_MAX: there is none. `name` is kept.
static size_t find_name(const struct sieve *s, const char *name)
{
	size_t probe = 0, i;
	while ((i = lookup_next(&s->fn_by_name, hash_word(0, (uintptr_t)name), &probe)) != SIZE_MAX)
		if (s->fn[i].name == name)
			return i;
	return SIZE_MAX;
}

static void enter_name(struct sieve *s, size_t at)
{
	size_t first = find_name(s, s->fn[at].name);
	if (first == SIZE_MAX) {
		first = at;
		lookup_add(&s->fn_by_name, hash_word(0, (uintptr_t)s->fn[at].name), at);
	}
	s->fn[first].any_wanted |= s->fn[at].wanted;
}

bool sieve_is_hidden(struct sieve *s, const char *name, size_t len)
{
	char *text = xstrndup(name, len);
	size_t at = find_name(s, intern_text(&s->names, text));
	free(text);
	return at != SIZE_MAX && !s->fn[at].any_wanted;
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
	enter_name(s, s->n_fn);
	return s->n_fn++;
}

void sieve_function(struct sieve *s, const char *name, const char *symbol, const char *module,
		    const char *file)
{
	size_t at = sieve_fn_find(s, name, symbol, module, file);
	s->fn[at].traced = true;
}

// `name` into another function.
static bool is_name_wanted(struct sieve *s, const char *name, size_t len)
{
	char *text = xstrndup(name, len);
	struct function f = {.name = text, .origin = ORIGIN_OWN};
	bool wanted = selection_of(s->selection, &f, false) == WANTED;
	free(text);
	return wanted;
}

const char *sieve_inlined(struct sieve *s, const char *text)
{
	static const char into[] = " into ";
	const char *at = text + sizeof(NOTE_INLINED) - 1, *end = strstr(text, NOTE_INLINED_ONE);
	if (!end)
		end = strstr(text, NOTE_INLINED_MORE);
	// Where a name has a comma it is not known where the next one begins.
	if (strncmp(text, NOTE_INLINED, sizeof(NOTE_INLINED) - 1) != 0 || !end || strchr(text, '<'))
		return text;
	struct buf *out = leads_new_text(&s->leads);
	size_t n = 0;
	while (at < end) {
		const char *mid = strstr(at, into), *next = strstr(at, ", ");
		if (!next || next > end)
			next = end;
		if (!mid || mid > next)
			return text;
		if (is_name_wanted(s, at, (size_t)(mid - at))) {
			buf_str(out, n++ ? ", " : NOTE_INLINED);
			buf_add(out, at, (size_t)(next - at));
		}
		at = next == end ? end : next + 2;
	}
	buf_str(out, n == 1 ? NOTE_INLINED_ONE : NOTE_INLINED_MORE);
	return n ? out->s : NULL;
}

bool sieve_leaves_none(const struct sieve *s)
{
	bool any = false;
	for (size_t i = 0; i < s->n_fn; i++) {
		any |= s->fn[i].traced;
		if (s->fn[i].traced && s->fn[i].wanted)
			return false;
	}
	return any && !s->selection->libraries.n_positive;
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
