/*
 * use_heap.c - heap blocks by function: what was given out, and what of it is left.
 */
#include <stdlib.h>

#include "report/use.h"

static size_t slot_of(const struct use *u, uint64_t number)
{
	size_t i = (size_t)((number * 0x9e3779b97f4a7c15u) >> 32) & (u->blocks_size - 1);
	while (u->blocks[i].number && u->blocks[i].number != number)
		i = (i + 1) & (u->blocks_size - 1);
	return i;
}

static void enlarge(struct use *u)
{
	struct use_block *old = u->blocks;
	size_t n = u->blocks_size;
	u->blocks_size = n ? 2 * n : 256;
	u->blocks = xcalloc(u->blocks_size, sizeof(*u->blocks));
	for (size_t i = 0; i < n; i++)
		if (old[i].number)
			u->blocks[slot_of(u, old[i].number)] = old[i];
	free(old);
}

static void keep(struct use *u, uint64_t number, uint64_t size, size_t fn)
{
	if (2 * (u->n_blocks + 1) > u->blocks_size)
		enlarge(u);
	struct use_block *b = &u->blocks[slot_of(u, number)];
	u->n_blocks += b->number == 0;
	*b = (struct use_block){.number = number, .size = size, .fn = fn};
}

// What comes behind it in its run is put where a search finds it.
static void drop(struct use *u, uint64_t number)
{
	if (u->n_blocks == 0)
		return;
	size_t i = slot_of(u, number);
	if (!u->blocks[i].number)
		return;
	u->blocks[i].number = 0;
	u->n_blocks--;
	for (;;) {
		i = (i + 1) & (u->blocks_size - 1);
		struct use_block b = u->blocks[i];
		if (!b.number)
			return;
		u->blocks[i].number = 0;
		u->blocks[slot_of(u, b.number)] = b;
	}
}

void use_heap_event(struct use *u, size_t fn, const struct event *ev)
{
	const struct event_heap *h = ev->heap;
	if (!h || h->number == 0 || h->failed)
		return;
	if (ev->kind == EVENT_FREE) {
		if (h->verdict == FREE_GOOD)
			drop(u, h->number);
		return;
	}
	keep(u, h->number, h->size, fn);
	if (fn != SIZE_MAX)
		u->f[fn].n[USE_HEAP] += h->size;
}

void use_heap_finish(struct use *u)
{
	for (size_t i = 0; i < u->blocks_size; i++)
		if (u->blocks[i].number && u->blocks[i].fn != SIZE_MAX)
			u->f[u->blocks[i].fn].n[USE_ALIVE] += u->blocks[i].size;
	free(u->blocks);
	u->blocks = NULL;
	u->n_blocks = u->blocks_size = 0;
}
