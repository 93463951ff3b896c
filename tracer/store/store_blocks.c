/*
 * store_blocks.c - rows of heap blocks: each from the event that gave it out to the one that ended
 * it. A realloc ends one row and begins another.
 *
 * "What was alive at event N" must not read all blocks that ever were. So every row that has ended
 * has a node (a relational interval tree: Kriegel, Pötke, Seidl, VLDB 2000): of all numbers in
 * [since, until) the one that more twos divide than any other. The rows that were alive at N have a
 * node on one path of some 60 numbers (log_blocks.c).
 */
#include "store/store_private.h"

#include <stdlib.h>
#include <string.h>

struct alive {
	uint64_t address; // 0: free
	int64_t row;
	uint64_t since;
};

struct store_blocks {
	struct alive *slots;
	size_t n, cap; // cap: a power of two
	int64_t last_row;
};

struct store_blocks *store_blocks_create(void)
{
	struct store_blocks *b = xcalloc(1, sizeof(*b));
	b->cap = 64;
	b->slots = xcalloc(b->cap, sizeof(*b->slots));
	return b;
}

void store_blocks_destroy(struct store_blocks *b)
{
	if (!b)
		return;
	free(b->slots);
	free(b);
}

static size_t home(const struct store_blocks *b, uint64_t address)
{
	return (address * UINT64_C(0x9e3779b97f4a7c15)) >> 20 & (b->cap - 1);
}

static struct alive *find(const struct store_blocks *b, uint64_t address)
{
	size_t at = home(b, address);
	while (b->slots[at].address && b->slots[at].address != address)
		at = (at + 1) & (b->cap - 1);
	return &b->slots[at];
}

static void insert(struct store_blocks *b, const struct alive *a)
{
	if (b->n + 1 > b->cap / 2) {
		struct store_blocks old = *b;
		b->cap *= 2;
		b->slots = xcalloc(b->cap, sizeof(*b->slots));
		for (size_t i = 0; i < old.cap; i++)
			if (old.slots[i].address)
				*find(b, old.slots[i].address) = old.slots[i];
		free(old.slots);
	}
	*find(b, a->address) = *a;
	b->n++;
}

// Those behind it that would no longer be found move up.
static void erase(struct store_blocks *b, struct alive *a)
{
	size_t hole = (size_t)(a - b->slots), at = hole;
	for (;;) {
		at = (at + 1) & (b->cap - 1);
		if (!b->slots[at].address)
			break;
		size_t wants = home(b, b->slots[at].address);
		if (((at - wants) & (b->cap - 1)) < ((at - hole) & (b->cap - 1)))
			continue;
		b->slots[hole] = b->slots[at];
		hole = at;
	}
	b->slots[hole] = (struct alive){0};
	b->n--;
}

// The number in [since, until) that is divisible by the highest power of two.
static uint64_t node_of(uint64_t since, uint64_t until)
{
	uint64_t last = until - 1;
	if (since == 0)
		return 0;
	unsigned top = 63 - (unsigned)__builtin_clzll((since - 1) ^ last);
	return last >> top << top;
}

static enum ft_rc end_block(struct store *s, uint64_t address, uint64_t until, int64_t shape)
{
	struct sqlite3_stmt *st;
	struct alive *a = address ? find(s->blocks, address) : NULL;
	if (!a || !a->address)
		return FT_OK; // given out before the trace began, or not told
	if (store_statement(s, END_BLOCK, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)until);
	sql_int(st, 2, shape);
	sql_int(st, 3, (int64_t)node_of(a->since, until));
	sql_int(st, 4, a->row);
	erase(s->blocks, a);
	return sql_do(&s->q, st);
}

static enum ft_rc begin_block(struct store *s, const struct event *ev, int64_t shape)
{
	const struct event_heap *h = ev->heap;
	struct sqlite3_stmt *st;
	// Freed by something that was not seen: its place is given out again.
	if (end_block(s, h->address, ev->seq, shape) != FT_OK ||
	    store_statement(s, INSERT_BLOCK, &st) != FT_OK)
		return FT_FAIL;
	struct alive a = {.address = h->address, .row = ++s->blocks->last_row, .since = ev->seq};
	sql_int(st, 1, a.row);
	sql_int(st, 2, (int64_t)h->number);
	sql_int(st, 3, (int64_t)h->address);
	sql_int(st, 4, (int64_t)h->size);
	if (h->usable)
		sql_int(st, 5, (int64_t)h->usable);
	else
		sql_null(st, 5);
	sql_int(st, 6, (int64_t)ev->seq);
	sql_int(st, 7, shape);
	insert(s->blocks, &a);
	return sql_do(&s->q, st);
}

enum ft_rc store_block_event(struct store *s, const struct event *ev, int64_t shape)
{
	const struct event_heap *h = ev->heap;
	if (!h || h->failed)
		return FT_OK;
	if (ev->kind == EVENT_ALLOC)
		return h->address ? begin_block(s, ev, shape) : FT_OK;
	if (ev->kind == EVENT_FREE)
		return h->verdict == FREE_GOOD ? end_block(s, h->address, ev->seq, shape) : FT_OK;
	if (ev->kind != EVENT_REALLOC)
		return FT_OK;
	if (end_block(s, h->old_address, ev->seq, shape) != FT_OK)
		return FT_FAIL;
	return h->address ? begin_block(s, ev, shape) : FT_OK;
}
