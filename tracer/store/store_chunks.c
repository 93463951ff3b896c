/*
 * store_chunks.c - for every so many events a row that makes them quick to find.
 *
 * A chunk has the state before its first event (the innermost live frame of each stack: the others
 * are found by `back` from push to push, so that deep recursion costs nothing here), the shapes in
 * it, and a filter over its terms; in a table of their own its texts, which nobody else has to
 * pass.
 */
#include "store/frame_list.h"
#include "store/store_private.h"

void store_chunk_init(struct store *s)
{
	buf_init(&s->chunk.frames);
	number_set_init(&s->chunk.shapes);
	number_set_init(&s->chunk.terms);
	text_set_init(&s->chunk.texts);
}

void store_chunk_deinit(struct store *s)
{
	buf_deinit(&s->chunk.frames);
	number_set_deinit(&s->chunk.shapes);
	number_set_deinit(&s->chunk.terms);
	text_set_deinit(&s->chunk.texts);
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

// A text that was there is a term that was there: names are terms too, a value may read as one.
static void add_term(void *ctx, uint64_t term, const char *text)
{
	struct store_chunk *c = ctx;
	if (!text || text_set_add(&c->texts, text, term))
		number_set_add(&c->terms, term);
}

static void add_name(void *ctx, const char *name)
{
	add_term(ctx, term_of_text(name), name);
}

void store_chunk_add(struct store *s, const struct event *ev, int64_t shape)
{
	bool is_new = number_set_add(&s->chunk.shapes, (uint64_t)shape);
	terms_of(ev, add_term, &s->chunk);
	if (is_new || ev->n_stores)
		names_of(ev, add_name, &s->chunk);
	s->chunk.last = ev->seq;
	s->chunk.n++;
}

static void add_shape(void *ctx, uint64_t shape)
{
	varint_add(ctx, shape);
}

static enum ft_rc insert_texts(struct store *s)
{
	const struct text_set *t = &s->chunk.texts;
	struct sqlite3_stmt *st;
	if (store_statement(s, INSERT_TEXTS, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)s->chunk.first);
	if (t->is_long) {
		sql_null(st, 2);
		sql_blob(st, 3, t->trigrams, TRIGRAM_BYTES);
	} else {
		sql_blob(st, 2, t->bytes.len ? t->bytes.s : "", t->bytes.len);
		sql_null(st, 3);
	}
	return sql_do(&s->q, st);
}

static enum ft_rc insert_frames(struct store *s)
{
	struct sqlite3_stmt *st;
	if (s->crossed)
		return FT_OK;
	struct buf frames;
	buf_init(&frames);
	frame_list_of(&s->state, s->chunk.first, &frames);
	enum ft_rc rc = frames.len ? store_statement(s, INSERT_FRAMES, &st) : FT_NONE;
	if (rc == FT_OK) {
		sql_int(st, 1, (int64_t)s->chunk.first);
		sql_blob(st, 2, frames.s, frames.len);
		rc = sql_do(&s->q, st);
	}
	buf_deinit(&frames);
	return rc == FT_NONE ? FT_OK : rc;
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
	if (rc == FT_OK)
		rc = insert_texts(s);
	if (rc == FT_OK)
		rc = insert_frames(s);
	buf_deinit(&shapes);
	buf_deinit(&terms);
	number_set_clear(&c->shapes);
	number_set_clear(&c->terms);
	text_set_clear(&c->texts);
	c->n = 0;
	return rc;
}
