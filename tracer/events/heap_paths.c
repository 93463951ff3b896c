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

static size_t slot_of(const struct heap_paths *p, uint32_t from, const struct heap_step *step)
{
	uint64_t mix = (step->back ^ (uint64_t)(uintptr_t)step->function ^ (uint64_t)from << 40) *
		       0x9e3779b97f4a7c15u;
	size_t i = (size_t)(mix >> 32) & (p->index_size - 1);
	for (; p->index[i]; i = (i + 1) & (p->index_size - 1)) {
		const struct path_node *n = &p->n[p->index[i]];
		if (n->from == from && n->step.back == step->back &&
		    n->step.function == step->function)
			break;
	}
	return i;
}

static uint32_t earlier(const struct heap_paths *p, uint32_t from, const struct heap_step *step)
{
	for (unsigned i = 0; from && i < RECURSION_MAX; from = p->n[from].from, i++)
		if (p->n[from].step.back == step->back &&
		    p->n[from].step.function == step->function)
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
	uint32_t found = p->index_size ? p->index[slot_of(p, from, step)] : 0;
	return found ? found : HEAP_NEW_PATH;
}

static void grow(struct heap_paths *p)
{
	free(p->index);
	p->index_size = p->index_size ? 2 * p->index_size : 256;
	p->index = xcalloc(p->index_size, sizeof(*p->index));
	for (size_t i = 1; i < p->n_nodes; i++)
		if (p->n[i].step.function)
			p->index[slot_of(p, p->n[i].from, &p->n[i].step)] = (uint32_t)i;
}

uint32_t heap_path_add(struct heap *h, uint32_t from, const struct heap_step *step,
		       const struct heap_step_text *text)
{
	struct heap_paths *p = &h->paths;
	if (p->n_nodes >= PATHS_MAX)
		return from;
	while (p->n_nodes == 0 || 2 * (p->n_nodes + 1) > p->index_size) {
		if (p->n_nodes == 0) { // the root
			p->n = xgrow(p->n, p->n_nodes, &p->cap, sizeof(*p->n));
			p->n[p->n_nodes++] = (struct path_node){.from = 0};
		}
		grow(p);
	}
	p->n = xgrow(p->n, p->n_nodes, &p->cap, sizeof(*p->n));
	p->n[p->n_nodes] = (struct path_node){
		.from = from,
		.step = *step,
		.function = xstrdup(text->function),
		.call_file = xstrdup(text->call_file),
		.call_line = text->call_line,
	};
	p->index[slot_of(p, from, step)] = (uint32_t)p->n_nodes;
	return (uint32_t)p->n_nodes++;
}

void heap_paths_forget(struct heap *h)
{
	struct heap_paths *p = &h->paths;
	for (size_t i = 0; i < p->n_nodes; i++)
		p->n[i].step = (struct heap_step){.function = NULL};
	if (p->index_size)
		memset(p->index, 0, p->index_size * sizeof(*p->index));
}

void heap_paths_deinit(struct heap *h)
{
	struct heap_paths *p = &h->paths;
	for (size_t i = 0; i < p->n_nodes; i++) {
		free(p->n[i].function);
		free(p->n[i].call_file);
	}
	free(p->n);
	free(p->index);
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
