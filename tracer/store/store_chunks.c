/*
 * store_chunks.c - for every so many events a row that makes them quick to find.
 *
 * A chunk has the state before its first event (the innermost live frame of each stack: the others
 * are found by `back` from push to push, so that deep recursion costs nothing here), the shapes in
 * it, and a filter over its terms.
 */
#include "store/store_private.h"

void store_chunk_init(struct store *s)
{
	buf_init(&s->chunk.frames);
	number_set_init(&s->chunk.shapes);
	number_set_init(&s->chunk.terms);
}

void store_chunk_deinit(struct store *s)
{
	buf_deinit(&s->chunk.frames);
	number_set_deinit(&s->chunk.shapes);
	number_set_deinit(&s->chunk.terms);
}

static void snapshot(const struct state *st, struct buf *b)
{
	buf_reset(b);
	for (size_t i = 0; i < st->n; i++) {
		const struct state_stack *k = st->stacks[i];
		varint_add(b, (uint64_t)k->id);
		varint_add(b, k->n_live ? k->live[k->n_live - 1].seq + 1 : 0);
		varint_add(b, k->n_ghosts);
		for (size_t g = 0; g < k->n_ghosts; g++) {
			varint_add(b, k->ghosts[g].seq);
			varint_add(b, k->ghosts[g].popped - k->ghosts[g].seq);
		}
	}
}

void store_chunk_begin(struct store *s, uint64_t seq)
{
	if (s->chunk.n)
		return;
	s->chunk.first = seq;
	snapshot(&s->state, &s->chunk.frames);
}

static void add_term(void *ctx, uint64_t term)
{
	number_set_add(ctx, term);
}

void store_chunk_add(struct store *s, const struct event *ev, int64_t shape)
{
	number_set_add(&s->chunk.shapes, (uint64_t)shape);
	terms_of(ev, add_term, &s->chunk.terms);
	s->chunk.last = ev->seq;
	s->chunk.n++;
}

static void add_shape(void *ctx, uint64_t shape)
{
	varint_add(ctx, shape);
}

enum ft_rc store_chunk_end(struct store *s)
{
	struct store_chunk *c = &s->chunk;
	struct sqlite3_stmt *st;
	if (!c->n)
		return FT_OK;
	if (store_statement(s, INSERT_CHUNK, &st) != FT_OK)
		return FT_FAIL;
	struct buf shapes, terms;
	buf_init(&shapes);
	buf_init(&terms);
	number_set_each(&c->shapes, add_shape, &shapes);
	filter_of(&c->terms, &terms);
	sql_int(st, 1, (int64_t)c->first);
	sql_int(st, 2, (int64_t)c->last);
	sql_blob(st, 3, c->frames.s, c->frames.len);
	sql_blob(st, 4, shapes.s, shapes.len);
	sql_blob(st, 5, terms.s, terms.len);
	enum ft_rc rc = sql_do(&s->q, st);
	buf_deinit(&shapes);
	buf_deinit(&terms);
	number_set_clear(&c->shapes);
	number_set_clear(&c->terms);
	c->n = 0;
	return rc;
}
