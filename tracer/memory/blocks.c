#include "memory/blocks.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/*
 * Two balanced trees of tsearch(3), ordered by address; no two blocks of one tree overlap, so that
 * a comparison by intervals finds the one that holds an address. The dead are also in a ring, in
 * the order of their end.
 */
struct node {
	struct block block; // first: the trees' keys are blocks
	size_t slot;	    // of a dead one: in the ring
};

struct blocks {
	void *alive, *dead;
	struct node *ring[BLOCKS_DEAD]; // NULL: forgotten
	size_t next;			// of the ring: the oldest
	uint64_t number;
	size_t n_alive;
	uint64_t alive_bytes;
};

static uint64_t end_of(const struct block *b)
{
	uint64_t size = b->usable > b->size ? b->usable : b->size;
	uint64_t end = b->addr + (size ? size : 1);
	return end > b->addr ? end : UINT64_MAX;
}

// Equal: they overlap.
static int compare(const void *va, const void *vb)
{
	const struct block *a = va, *b = vb;
	if (end_of(a) <= b->addr)
		return -1;
	return end_of(b) <= a->addr ? 1 : 0;
}

static struct node *find(void *const *tree, uint64_t addr, uint64_t size)
{
	struct block key = {.addr = addr, .size = size};
	struct node *const *node = tfind(&key, tree, compare);
	return node ? *node : NULL;
}

static void forget_dead(struct blocks *b, struct node *dead)
{
	tdelete(dead, &b->dead, compare);
	b->ring[dead->slot] = NULL;
	free(dead);
}

// The addresses are in use again, or change hands: whoever died there is no more.
static void bury(struct blocks *b, const struct block *block)
{
	for (struct node *old; (old = find(&b->dead, block->addr, end_of(block) - block->addr));)
		forget_dead(b, old);
}

static void remove_alive(struct blocks *b, struct node *e)
{
	tdelete(e, &b->alive, compare);
	b->n_alive--;
	b->alive_bytes -= e->block.size;
}

struct blocks *blocks_create(void)
{
	return xcalloc(1, sizeof(struct blocks));
}

void blocks_destroy(struct blocks *b)
{
	if (!b)
		return;
	tdestroy(b->alive, free);
	tdestroy(b->dead, free);
	free(b);
}

const struct block *blocks_add(struct blocks *b, const struct block *block)
{
	for (struct node *old; (old = find(&b->alive, block->addr, end_of(block) - block->addr));) {
		remove_alive(b, old);
		free(old);
	}
	bury(b, block);
	struct node *own = xmalloc(sizeof(*own));
	*own = (struct node){.block = *block};
	if (own->block.number == 0)
		own->block.number = ++b->number;
	if (!tsearch(own, &b->alive, compare))
		abort(); // base/base.h: out of memory ends the program
	b->n_alive++;
	b->alive_bytes += own->block.size;
	return &own->block;
}

static void die(struct blocks *b, struct node *e)
{
	remove_alive(b, e);
	bury(b, &e->block);
	if (b->ring[b->next])
		forget_dead(b, b->ring[b->next]);
	if (!tsearch(e, &b->dead, compare))
		abort();
	b->ring[b->next] = e;
	e->slot = b->next;
	b->next = (b->next + 1) % BLOCKS_DEAD;
}

enum blocks_free blocks_free(struct blocks *b, uint64_t addr, uint64_t seq, uint32_t path,
			     struct block *ret)
{
	struct node *e = find(&b->alive, addr, 1);
	if (e && e->block.addr == addr) {
		e->block.free_seq = seq;
		e->block.free_path = path;
		die(b, e);
		*ret = e->block;
		return BLOCKS_FREED;
	}
	if (e) {
		*ret = e->block;
		return BLOCKS_INSIDE;
	}
	e = find(&b->dead, addr, 1);
	if (!e || e->block.addr != addr)
		return BLOCKS_UNKNOWN;
	*ret = e->block;
	return BLOCKS_TWICE;
}

void blocks_own(struct blocks *b, uint64_t addr, uint16_t owner)
{
	struct node *e = find(&b->alive, addr, 1);
	if (!e || (e->block.n_owners && e->block.owners[e->block.n_owners - 1] == owner))
		return;
	if (e->block.n_owners < BLOCK_OWNERS)
		e->block.n_owners++;
	else
		e->block.more_owners = true;
	e->block.owners[e->block.n_owners - 1] = owner;
}

const struct block *blocks_at(const struct blocks *b, uint64_t addr)
{
	const struct node *e = find(&b->alive, addr, 1);
	return e ? &e->block : NULL;
}

const struct block *blocks_dead_at(const struct blocks *b, uint64_t addr)
{
	const struct node *e = find(&b->dead, addr, 1);
	return e ? &e->block : NULL;
}

size_t blocks_alive(const struct blocks *b)
{
	return b->n_alive;
}

uint64_t blocks_alive_bytes(const struct blocks *b)
{
	return b->alive_bytes;
}

struct listing {
	struct block *b;
	size_t n;
};

static void visit(const void *node, VISIT which, void *closure)
{
	struct listing *l = closure;
	if (which == postorder || which == leaf) // once for each
		l->b[l->n++] = (*(struct node *const *)node)->block;
}

static int by_number(const void *va, const void *vb)
{
	const struct block *a = va, *b = vb;
	return a->number < b->number ? -1 : a->number > b->number;
}

void blocks_list(const struct blocks *b, struct block **ret, size_t *ret_n)
{
	struct listing l = {.b = xcalloc(b->n_alive + 1, sizeof(*l.b))};
	twalk_r(b->alive, visit, &l);
	if (l.n > 1)
		qsort(l.b, l.n, sizeof(*l.b), by_number);
	*ret = l.b;
	*ret_n = l.n;
}
