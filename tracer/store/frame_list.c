/*
 * frame_list.c - frames of a chunk as LEB128 numbers, each counted from the one before.
 *
 * Stack by stack: its id; how many frames; 0, or how far before the first of them the push of the
 * frame around it was; of each frame its seq, depth, CFA, bytes and shape.
 */
#include "store/frame_list.h"

#include "store/terms.h"

/* Small in both directions: 0, -1, 1, -2 … are 0, 1, 2, 3 … */
static uint64_t zigzag(uint64_t v)
{
	return v << 1 ^ (v >> 63 ? UINT64_MAX : 0);
}

static uint64_t unzigzag(uint64_t v)
{
	return v >> 1 ^ (v & 1 ? UINT64_MAX : 0);
}

static void add_frame(struct buf *b, const struct state_frame *f, const struct state_frame *before)
{
	varint_add(b, f->seq - before->seq);
	varint_add(b, zigzag((uint64_t)f->depth - before->depth));
	varint_add(b, zigzag(before->cfa - f->cfa));
	varint_add(b, zigzag(f->cfa - f->rsp));
	varint_add(b, zigzag((uint64_t)f->shape - (uint64_t)before->shape));
}

static void add_stack(struct buf *b, const struct state_stack *k, uint64_t first)
{
	size_t at = k->n_live;
	while (at > 0 && k->live[at - 1].seq >= first)
		at--;
	if (at == k->n_live)
		return;
	struct state_frame before = {.seq = first};
	varint_add(b, (uint64_t)k->id);
	varint_add(b, k->n_live - at);
	varint_add(b, at ? k->live[at].seq - k->live[at - 1].seq : 0);
	for (; at < k->n_live; at++) {
		add_frame(b, &k->live[at], &before);
		before = k->live[at];
	}
}

void frame_list_of(const struct state *s, uint64_t first, struct buf *ret)
{
	buf_reset(ret);
	for (size_t i = 0; i < s->n; i++)
		add_stack(ret, s->stacks[i], first);
}

/* ---- back ---- */

static bool take_frame(const char **at, const char *end, const struct state_frame *before,
		       struct state_frame *ret)
{
	uint64_t seq, depth, cfa, bytes, shape;
	if (!varint_take(at, end, &seq) || !varint_take(at, end, &depth) ||
	    !varint_take(at, end, &cfa) || !varint_take(at, end, &bytes) ||
	    !varint_take(at, end, &shape))
		return false;
	ret->seq = before->seq + seq;
	ret->depth = (uint32_t)(before->depth + unzigzag(depth));
	ret->cfa = before->cfa - unzigzag(cfa);
	ret->rsp = ret->cfa - unzigzag(bytes);
	ret->shape = (int64_t)((uint64_t)before->shape + unzigzag(shape));
	return ret->seq >= before->seq && ret->seq <= INT64_MAX;
}

/* The frames of a stack, from behind its id on. */
static bool take_stack(const char **at, const char *end, uint64_t first, struct frame_list *ret)
{
	struct state_frame before = {.seq = first};
	uint64_t n, outer;
	if (!varint_take(at, end, &n) || !varint_take(at, end, &outer) || n == 0 ||
	    n > FRAME_LIST_MOST)
		return false;
	for (ret->n = 0; ret->n < n; ret->n++) {
		struct state_frame *f = &ret->frames[ret->n];
		*f = (struct state_frame){0};
		if (!take_frame(at, end, &before, f) || (ret->n && f->seq == before.seq))
			return false;
		before = *f;
	}
	ret->has_outer = outer > 0;
	ret->outer = ret->frames[0].seq - outer;
	return outer <= ret->frames[0].seq && (!outer || ret->outer < first);
}

enum ft_rc frame_list_take(const char *bytes, size_t len, uint64_t first, int64_t stack,
			   struct frame_list *ret)
{
	const char *at = bytes, *end = bytes + len;
	uint64_t id;
	ret->read = 0;
	while (at < end) {
		if (!varint_take(&at, end, &id) || !take_stack(&at, end, first, ret))
			return FT_FAIL;
		ret->read += ret->n;
		if (ret->read > FRAME_LIST_MOST)
			return FT_FAIL;
		if (id == (uint64_t)stack)
			return FT_OK;
	}
	return FT_NONE;
}
