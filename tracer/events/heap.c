#include "events/heap_private.h"

#include <stdlib.h>
#include <string.h>

enum { MAPPINGS_MAX = 1024 }; // of the allocator, whose end is told

static const uint64_t unnumbered = (uint64_t)1 << 63;

struct heap *heap_create(void)
{
	struct heap *h = xcalloc(1, sizeof(*h));
	h->blocks = blocks_create();
	h->places = xgrow(NULL, 0, &h->cap_places, sizeof(*h->places));
	h->places[h->n_places++] = (struct call_place){.line = 0};
	return h;
}

void heap_destroy(struct heap *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n_places; i++) {
		free(h->places[i].function);
		free(h->places[i].file);
		free(h->places[i].via);
		free(h->places[i].via_module);
	}
	heap_paths_deinit(h);
	blocks_destroy(h->blocks);
	free(h->places);
	lookup_deinit(&h->by_key);
	free(h->threads);
	for (size_t i = 0; i < h->n_owners; i++)
		free(h->owners[i]);
	free(h->owners);
	lookup_deinit(&h->by_owner);
	free(h->mappings);
	free(h->leaks);
	free(h->leak_paths);
	free(h);
}

void heap_forget(struct heap *h)
{
	blocks_destroy(h->blocks);
	h->blocks = blocks_create();
	h->n_threads = h->n_mappings = 0;
	h->end = h->served = h->alive = 0;
	heap_forget_keys(h);
}

/* ---- threads ---- */

static struct call_thread *find_thread(const struct heap *h, pid_t tid)
{
	for (size_t i = h->n_threads; i-- > 0;)
		if (h->threads[i].tid == tid)
			return &h->threads[i];
	return NULL;
}

static struct call_thread *thread_of(struct heap *h, pid_t tid)
{
	struct call_thread *t = find_thread(h, tid);
	if (t)
		return t;
	h->threads = xgrow(h->threads, h->n_threads, &h->cap_threads, sizeof(*h->threads));
	t = &h->threads[h->n_threads++];
	*t = (struct call_thread){
		.tid = tid, .outer.nothing = true, .inner.nothing = true, .last.nothing = true};
	return t;
}

void heap_thread_gone(struct heap *h, pid_t tid)
{
	struct call_thread *t = find_thread(h, tid);
	if (t)
		*t = h->threads[--h->n_threads];
}

void heap_lost(struct heap *h, pid_t tid)
{
	struct call_thread *t = find_thread(h, tid);
	if (!t)
		return;
	t->outer.nothing = t->inner.nothing = true;
	h->account.unseen++;
}

const struct heap_op *heap_pending(const struct heap *h, pid_t tid, uint64_t sp)
{
	const struct call_thread *t = find_thread(h, tid);
	if (!t)
		return NULL;
	if (!t->inner.nothing && t->inner.cfa == sp)
		return &t->inner;
	return !t->outer.nothing && t->outer.cfa == sp ? &t->outer : NULL;
}

bool heap_is_freeing(const struct heap *h, pid_t tid, uint64_t cfa, uint64_t back, uint64_t addr)
{
	const struct call_thread *t = find_thread(h, tid);
	return t && !t->last.nothing && t->last.cfa == cfa && t->last.back == back &&
	       t->last.arg[0] == addr;
}

/* ---- blocks ---- */

bool heap_is_numbered(const struct block *b)
{
	return b->number != 0 && !(b->number & unnumbered);
}

bool heap_block_at(const struct heap *h, uint64_t addr, struct block *ret, bool *ret_alive)
{
	const struct block *b = blocks_at(h->blocks, addr);
	*ret_alive = b != NULL;
	if (!b)
		b = blocks_dead_at(h->blocks, addr);
	if (b)
		*ret = *b;
	return b != NULL;
}

static void count_alive(struct heap *h, uint64_t more, uint64_t less)
{
	h->alive += more;
	h->alive -= less < h->alive ? less : h->alive;
	if (h->alive > h->account.peak)
		h->account.peak = h->alive;
}

static struct block give_out(struct heap *h, struct block *b, bool shown, uint64_t number)
{
	const struct block *before = blocks_at(h->blocks, b->addr);
	if (before && heap_is_numbered(before))
		count_alive(h, 0, before->size);
	b->number = number ? number : shown ? ++h->number : unnumbered | ++h->quiet_number;
	if (heap_is_numbered(b))
		count_alive(h, b->size, 0);
	return *blocks_add(h->blocks, b);
}

static enum blocks_free take_back(struct heap *h, uint64_t addr, uint64_t seq, uint32_t place,
				  struct block *ret)
{
	enum blocks_free how = blocks_free(h->blocks, addr, seq, place, ret);
	if (how == BLOCKS_FREED && heap_is_numbered(ret))
		count_alive(h, 0, ret->size);
	return how;
}

static bool freed(struct heap *h, const struct heap_op *op, uint64_t addr, uint64_t seq,
		  struct heap_change *ret)
{
	*ret = (struct heap_change){.what = HEAP_FREED, .op = *op, .address = addr};
	ret->verdict = take_back(h, addr, seq, op->place, &ret->block);
	ret->numbered = heap_is_numbered(&ret->block);
	ret->size = ret->block.size;
	if (ret->verdict == BLOCKS_FREED)
		h->account.frees += ret->numbered;
	return true;
}

/* ---- memory from the kernel ---- */

static bool grew(struct heap *h, const struct heap_op *op, uint64_t at, uint64_t len, bool shrinks,
		 struct heap_change *ret)
{
	*ret = (struct heap_change){.what = HEAP_GREW,
				    .op = *op,
				    .address = at,
				    .size = len,
				    .shrinks = shrinks,
				    .served = h->served};
	h->served = 0;
	h->account.grown += !shrinks;
	return true;
}

static bool moved_end(struct heap *h, const struct heap_op *op, uint64_t result,
		      struct heap_change *ret)
{
	uint64_t end = op->arg[0], before = h->end;
	if (end == 0 || (int32_t)result != 0)
		return false;
	h->end = end;
	if (before == 0 || before == end)
		return false;
	if (end > before)
		return grew(h, op, before, end - before, false, ret);
	return grew(h, op, end, before - end, true, ret);
}

static bool mapped(struct heap *h, const struct heap_op *op, uint64_t at, struct heap_change *ret)
{
	if (at > (uint64_t)-4096)
		return false;
	if (h->n_mappings < MAPPINGS_MAX) {
		h->mappings =
			xgrow(h->mappings, h->n_mappings, &h->cap_mappings, sizeof(*h->mappings));
		h->mappings[h->n_mappings++] = (struct mapping){at, op->arg[1]};
	}
	return grew(h, op, at, op->arg[1], false, ret);
}

static bool unmapped(struct heap *h, const struct heap_op *op, struct heap_change *ret)
{
	for (size_t i = 0; i < h->n_mappings; i++) {
		if (h->mappings[i].lo != op->arg[0] || h->mappings[i].len != op->arg[1])
			continue;
		h->mappings[i] = h->mappings[--h->n_mappings];
		return grew(h, op, op->arg[0], op->arg[1], true, ret);
	}
	return false;
}

bool heap_knows_end(const struct heap *h)
{
	return h->end != 0;
}

void heap_set_end(struct heap *h, uint64_t end)
{
	h->end = end;
}

/* ---- calls ---- */

// A call that was left without a return: the stack is above it.
static void drop_stale(struct call_thread *t, const struct heap_op *op)
{
	if (!t->outer.nothing && t->outer.cfa < op->cfa)
		t->outer.nothing = t->inner.nothing = true;
	if (!t->inner.nothing && t->inner.cfa < op->cfa)
		t->inner.nothing = true;
}

static bool is_tail_call(const struct heap_op *last, const struct heap_op *op)
{
	return !last->nothing && last->cfa == op->cfa && last->back == op->back &&
	       last->arg[0] == op->arg[0] && last->fn != op->fn;
}

// A realloc of what is no block is a wrong free; it is told before it happens.
static bool begin_realloc(struct heap *h, struct call_thread *t, const struct heap_op *op,
			  uint64_t seq, struct heap_change *ret)
{
	const struct block *old = blocks_at(h->blocks, op->arg[0]);
	t->has_old = old && old->addr == op->arg[0];
	if (t->has_old)
		t->old = *old;
	if (t->has_old || op->arg[0] == 0)
		return false;
	return freed(h, op, op->arg[0], seq, ret);
}

static bool begin_outer(struct heap *h, struct call_thread *t, const struct heap_op *op,
			uint64_t seq, struct heap_change *ret)
{
	t->outer = *op;
	t->outer.nothing = false;
	t->inner.nothing = true;
	if (op->fn->call == HEAP_REALLOC || op->fn->call == HEAP_REALLOCARRAY)
		return begin_realloc(h, t, op, seq, ret);
	if (op->fn->call == HEAP_DELETE && op->arg[0])
		return freed(h, op, op->arg[0], seq, ret);
	return false;
}

bool heap_begin(struct heap *h, pid_t tid, const struct heap_op *op, uint64_t seq,
		struct heap_change *ret)
{
	struct call_thread *t = thread_of(h, tid);
	struct heap_op last = t->last;
	drop_stale(t, op);
	t->last.nothing = true;
	switch (op->fn->call) {
	case HEAP_BRK:
		t->inner = *op;
		t->inner.nothing = false;
		return false;
	case HEAP_MMAP:
		t->inner = *op;
		t->inner.nothing = t->outer.nothing; // other mappings are no heap
		return false;
	case HEAP_MUNMAP:
		return unmapped(h, op, ret);
	case HEAP_FREE:
		if (!t->outer.nothing || is_tail_call(&last, op) || op->arg[0] == 0)
			return false;
		t->last = *op;
		return freed(h, op, op->arg[0], seq, ret);
	case HEAP_MALLOC:
	case HEAP_CALLOC:
	case HEAP_REALLOC:
	case HEAP_REALLOCARRAY:
	case HEAP_ALIGNED:
	case HEAP_POSIX_MEMALIGN:
	case HEAP_PAGES:
	case HEAP_NEW_ALIGNED:
	case HEAP_DELETE:
		break;
	}
	return t->outer.nothing && begin_outer(h, t, op, seq, ret);
}

static uint64_t product(uint64_t a, uint64_t b)
{
	uint64_t p;
	return __builtin_mul_overflow(a, b, &p) ? UINT64_MAX : p;
}

// What was asked for, by the arguments.
static void request(const struct heap_op *op, uint64_t *size, uint64_t *alignment)
{
	*alignment = 0;
	switch (op->fn->call) {
	case HEAP_MALLOC:
	case HEAP_PAGES:
		*size = op->arg[0];
		return;
	case HEAP_CALLOC:
		*size = product(op->arg[0], op->arg[1]);
		return;
	case HEAP_REALLOC:
		*size = op->arg[1];
		return;
	case HEAP_REALLOCARRAY:
		*size = product(op->arg[1], op->arg[2]);
		return;
	case HEAP_ALIGNED:
		*alignment = op->arg[0];
		*size = op->arg[1];
		return;
	case HEAP_POSIX_MEMALIGN:
		*alignment = op->arg[1];
		*size = op->arg[2];
		return;
	case HEAP_NEW_ALIGNED:
		*size = op->arg[0];
		*alignment = op->arg[1];
		return;
	case HEAP_FREE:
	case HEAP_DELETE:
	case HEAP_BRK:
	case HEAP_MMAP:
	case HEAP_MUNMAP:
		break;
	}
	*size = 0;
}

static void end_alloc(struct heap *h, struct block *b, struct heap_change *ret)
{
	ret->what = HEAP_ALLOCATED;
	if (ret->failed) {
		h->account.failed += ret->op.shown;
		ret->numbered = ret->op.shown;
		return;
	}
	ret->block = give_out(h, b, ret->op.shown, 0);
	ret->numbered = ret->op.shown;
	if (ret->op.shown) {
		h->account.allocs++;
		h->account.bytes += b->size;
	} else {
		h->account.hidden_allocs++;
	}
}

static void end_realloc(struct heap *h, struct call_thread *t, struct block *b, uint64_t seq,
			struct heap_change *ret)
{
	bool numbered = heap_is_numbered(&t->old);
	const struct block *still = blocks_at(h->blocks, t->old.addr);
	struct block dead;
	ret->old = t->old;
	if (ret->failed && ret->size > 0) { // the old block stays as it is
		ret->what = HEAP_REALLOCATED;
		ret->numbered = numbered || ret->op.shown;
		h->account.failed += ret->numbered;
		return;
	}
	if (still && still->addr == t->old.addr && still->number == t->old.number)
		take_back(h, t->old.addr, seq, ret->op.place, &dead);
	if (ret->failed) { // realloc(p, 0) that is a free
		ret->what = HEAP_FREED;
		ret->failed = false;
		ret->verdict = BLOCKS_FREED;
		ret->block = t->old;
		ret->address = t->old.addr;
		ret->size = t->old.size;
		ret->numbered = numbered;
		h->account.frees += numbered;
		return;
	}
	ret->what = HEAP_REALLOCATED;
	if (numbered && b->addr == t->old.addr) { // nobody has seen the new address yet
		memcpy(b->owners, t->old.owners, sizeof(b->owners));
		b->n_owners = t->old.n_owners;
		b->more_owners = t->old.more_owners;
	}
	ret->block = give_out(h, b, ret->op.shown, numbered ? t->old.number : 0);
	ret->numbered = heap_is_numbered(&ret->block);
	h->account.reallocs += ret->numbered;
	if (ret->numbered)
		h->account.bytes += b->size;
}

static bool end_outer(struct heap *h, struct call_thread *t, const struct heap_result *result,
		      uint64_t seq, struct heap_change *ret)
{
	struct block b = {.addr = result->value,
			  .usable = result->usable,
			  .alloc_seq = seq,
			  .path = t->outer.place};
	*ret = (struct heap_change){.op = t->outer};
	if (t->outer.fn->call == HEAP_DELETE)
		return false;
	request(&t->outer, &b.size, &ret->alignment);
	ret->size = b.size;
	if (t->outer.fn->call == HEAP_POSIX_MEMALIGN) {
		ret->error = (int)(int32_t)result->value;
		b.addr = ret->error ? 0 : result->block;
	}
	ret->failed = b.addr == 0;
	if (b.usable < b.size)
		b.usable = 0; // what stands there is not its size
	h->served++;
	if (t->has_old)
		end_realloc(h, t, &b, seq, ret);
	else
		end_alloc(h, &b, ret);
	return true;
}

bool heap_end(struct heap *h, pid_t tid, uint64_t sp, const struct heap_result *result,
	      uint64_t seq, struct heap_change *ret)
{
	struct call_thread *t = find_thread(h, tid);
	if (!t)
		return false;
	if (!t->inner.nothing && t->inner.cfa == sp) {
		struct heap_op op = t->inner;
		t->inner.nothing = true;
		if (op.fn->call == HEAP_BRK)
			return moved_end(h, &op, result->value, ret);
		return mapped(h, &op, result->value, ret);
	}
	if (t->outer.nothing || t->outer.cfa != sp)
		return false;
	t->outer.nothing = true;
	bool told = end_outer(h, t, result, seq, ret);
	t->has_old = false;
	return told;
}
