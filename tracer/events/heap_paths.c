/*
 * heap_paths.c - how those were called who asked for memory: a tree of calls.
 */
#include <stdlib.h>
#include <string.h>

#include "events/heap_private.h"

enum {
	PATHS_MAX = 1 << 16, // further ones are not told apart from where they begin
	RECURSION_MAX = 16,  // so many calls back one is looked for that is the same
};

static uint64_t hash_of(uint32_t from, const struct heap_step *step)
{
	return hash_word(hash_word(step->back, (uintptr_t)step->function), from);
}

static bool is_same_step(const struct heap_step *a, const struct heap_step *b)
{
	return a->back == b->back && a->function == b->function;
}

static uint32_t earlier(const struct heap_paths *p, uint32_t from, const struct heap_step *step)
{
	for (unsigned i = 0; from && i < RECURSION_MAX; from = p->n[from].from, i++)
		if (is_same_step(&p->n[from].step, step))
			return from;
	return 0;
}

uint32_t heap_path(struct heap *h, uint32_t from, const struct heap_step *step)
{
	struct heap_paths *p = &h->paths;
	if (from >= p->n_nodes)
		from = 0;
	uint32_t again = earlier(p, from, step);
	if (again) {
		for (uint32_t at = from; at != again; at = p->n[at].from)
			p->n[at].repeats = true;
		p->n[again].repeats = true;
		return again;
	}
	size_t probe = 0, i;
	while ((i = lookup_next(&p->by_step, hash_of(from, step), &probe)) != SIZE_MAX)
		if (p->n[i].from == from && is_same_step(&p->n[i].step, step))
			return (uint32_t)i;
	return HEAP_NEW_PATH;
}

uint32_t heap_path_add(struct heap *h, uint32_t from, const struct heap_step *step,
		       const struct heap_step_text *text)
{
	struct heap_paths *p = &h->paths;
	if (p->n_nodes >= PATHS_MAX)
		return from;
	if (p->n_nodes == 0) { // the root
		p->n = xgrow(p->n, p->n_nodes, &p->cap, sizeof(*p->n));
		p->n[p->n_nodes++] = (struct path_node){.from = 0};
	}
	p->n = xgrow(p->n, p->n_nodes, &p->cap, sizeof(*p->n));
	p->n[p->n_nodes] = (struct path_node){
		.from = from,
		.step = *step,
		.function = xstrdup(text->function),
		.call_file = xstrdup(text->call_file),
		.call_line = text->call_line,
	};
	lookup_add(&p->by_step, hash_of(from, step), p->n_nodes);
	return (uint32_t)p->n_nodes++;
}

void heap_paths_forget(struct heap *h)
{
	struct heap_paths *p = &h->paths;
	for (size_t i = 0; i < p->n_nodes; i++)
		p->n[i].step = (struct heap_step){.function = NULL};
	lookup_clear(&p->by_step);
}

void heap_paths_deinit(struct heap *h)
{
	struct heap_paths *p = &h->paths;
	for (size_t i = 0; i < p->n_nodes; i++) {
		free(p->n[i].function);
		free(p->n[i].call_file);
	}
	free(p->n);
	lookup_deinit(&p->by_step);
}

size_t heap_path_list(const struct heap *h, uint32_t path, struct event_place *ret, bool *ret_more)
{
	const struct heap_paths *p = &h->paths;
	const struct path_node *inner = NULL;
	size_t n = 0, at;
	uint32_t i = path < p->n_nodes ? path : 0;
	for (uint32_t k = i; k && n < PATH_SHOWN; k = p->n[k].from)
		n++;
	for (at = n; at > 0; i = p->n[i].from) {
		const struct path_node *node = &p->n[i];
		ret[--at] = (struct event_place){
			.function = node->function,
			.file = inner ? inner->call_file : NULL,
			.line = inner ? inner->call_line : 0,
			.repeats = node->repeats,
		};
		inner = node;
	}
	*ret_more = i != 0;
	return n;
}
