/*
 * test_frame_list.c - frames of a chunk as bytes: what is written comes back, and any bytes end.
 */
#include "test.h"

#include "store/frame_list.h"
#include "store/terms.h"

#include <stdlib.h>
#include <string.h>

enum { STACKS = 5, DEEP = 3000 };

static uint64_t any(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

static struct state_frame frame(uint64_t seq, uint64_t *random)
{
	bool odd = any(random) % 100 == 0; // a stack of another kind, a frame without a size
	uint64_t cfa = odd ? any(random) : 0x7fffffff0000 - 48 * seq;
	return (struct state_frame){.seq = seq,
				    .cfa = cfa,
				    .rsp = odd ? any(random) : cfa - 48,
				    .depth = odd ? (uint32_t)any(random) : (uint32_t)seq,
				    .shape = (int64_t)(1 + any(random) % 300)};
}

static bool same(const struct state_frame *a, const struct state_frame *b)
{
	return a->seq == b->seq && a->cfa == b->cfa && a->rsp == b->rsp && a->depth == b->depth &&
	       a->shape == b->shape && a->ended == b->ended && a->popped == b->popped;
}

TEST(what_is_written_comes_back)
{
	struct frame_list *list = xmalloc(sizeof(*list));
	uint64_t random = 88172645463325252;
	struct state s;
	struct buf b;
	state_init(&s);
	buf_init(&b);
	for (uint64_t seq = 0; seq < DEEP; seq += 1 + any(&random) % 3) {
		struct state_frame f = frame(seq, &random);
		state_push(&s, (int64_t)(1 + any(&random) % STACKS), &f);
	}
	for (uint64_t first = 0; first < DEEP + 100; first += 97) {
		frame_list_of(&s, first, &b);
		for (size_t i = 0; i < s.n; i++) {
			const struct state_stack *k = s.stacks[i];
			size_t at = 0;
			while (at < k->n_live && k->live[at].seq < first)
				at++;
			enum ft_rc rc = frame_list_take(b.s, b.len, first, k->id, list);
			CHECK_EQ_I(rc, at < k->n_live ? FT_OK : FT_NONE);
			if (rc != FT_OK)
				continue;
			CHECK_EQ_U(list->n, k->n_live - at);
			for (size_t n = 0; n < list->n; n++)
				CHECK(same(&list->frames[n], &k->live[at + n]));
			CHECK_EQ_I(list->has_outer, at > 0);
			if (at > 0)
				CHECK_EQ_U(list->outer, k->live[at - 1].seq);
		}
		CHECK_EQ_I(frame_list_take(b.s, b.len, first, STACKS + 1, list), FT_NONE);
	}
	buf_deinit(&b);
	state_deinit(&s);
	free(list);
}

/* A deep recursion takes few bytes for each frame. */
TEST(frames_take_few_bytes)
{
	struct state s;
	struct buf b;
	state_init(&s);
	buf_init(&b);
	for (uint64_t seq = 0; seq < FRAME_LIST_MOST; seq++) {
		uint64_t cfa = 0x7fffffff0000 - 48 * seq;
		struct state_frame f = {.seq = seq,
					.cfa = cfa,
					.rsp = cfa - 48,
					.depth = (uint32_t)seq,
					.shape = 7};
		state_push(&s, 1, &f);
	}
	frame_list_of(&s, 0, &b);
	CHECK(b.len < FRAME_LIST_MOST * 8);
	buf_deinit(&b);
	state_deinit(&s);
}

/* Frames of one stack, one after the other, from the number of them on. */
static enum ft_rc take(uint64_t n, uint64_t outer, const uint64_t *seqs, uint64_t first)
{
	struct frame_list *list = xmalloc(sizeof(*list));
	struct buf b;
	buf_init(&b);
	varint_add(&b, 1);
	varint_add(&b, n);
	varint_add(&b, outer);
	for (uint64_t i = 0; i < n && i < 2; i++) {
		varint_add(&b, seqs[i]);
		for (int k = 0; k < 4; k++)
			varint_add(&b, 1);
	}
	enum ft_rc rc = frame_list_take(b.s, b.len, first, 1, list);
	buf_deinit(&b);
	free(list);
	return rc;
}

TEST(what_is_no_list)
{
	CHECK_EQ_I(take(2, 0, (uint64_t[]){0, 1}, 10), FT_OK);
	CHECK_EQ_I(take(2, 3, (uint64_t[]){2, 1}, 10), FT_OK);
	CHECK_EQ_I(take(2, 2, (uint64_t[]){2, 1}, 10), FT_FAIL);    // the outer one is in the chunk
	CHECK_EQ_I(take(2, 13, (uint64_t[]){2, 1}, 10), FT_FAIL);   // before the first event
	CHECK_EQ_I(take(2, 0, (uint64_t[]){0, 0}, 10), FT_FAIL);    // twice the same
	CHECK_EQ_I(take(0, 0, (uint64_t[]){0, 0}, 10), FT_FAIL);    // none
	CHECK_EQ_I(take(3, 0, (uint64_t[]){0, 1}, 10), FT_FAIL);    // it ends before
	CHECK_EQ_I(take(5000, 0, (uint64_t[]){0, 1}, 10), FT_FAIL); // more than are in a chunk
	CHECK_EQ_I(take(2, 0, (uint64_t[]){0, UINT64_MAX}, 10), FT_FAIL);
	CHECK_EQ_I(take(2, 0, (uint64_t[]){UINT64_MAX - 3, 1}, 10), FT_FAIL);
}

TEST(any_bytes_end)
{
	struct frame_list *list = xmalloc(sizeof(*list));
	uint64_t random = 2463534242;
	char bytes[400];
	for (int i = 0; i < 20000; i++) {
		size_t len = any(&random) % sizeof(bytes);
		for (size_t k = 0; k < len; k++)
			bytes[k] = (char)(any(&random) % 4 ? any(&random) % 3 : any(&random));
		char *exact = xmalloc(len + 1); // for the sanitizer
		memcpy(exact, bytes, len);
		enum ft_rc rc = frame_list_take(exact, len, any(&random) % 100, 1, list);
		CHECK(rc != FT_OK || (list->n > 0 && list->n <= FRAME_LIST_MOST));
		free(exact);
	}
	free(list);
}

TEST_MAIN
