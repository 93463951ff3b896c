/*
 * store_shapes.c - each shape once: a table of their bytes in memory, their rows in the log.
 */
#include "store/store_private.h"

#include <stdlib.h>
#include <string.h>

#include "events/kinds.h"

enum { MOST_BYTES = 1 << 27 }; // of shapes in memory; beyond that it is begun anew

struct shape {
	uint64_t hash;
	int64_t id; // 0: free
	enum event_kind kind;
	size_t len;
	char *bytes;
};

struct store_shapes {
	struct shape *slots;
	size_t n, cap; // cap: a power of two
	size_t bytes;
	int64_t last_id;
};

struct store_shapes *store_shapes_create(void)
{
	struct store_shapes *t = xcalloc(1, sizeof(*t));
	t->cap = 256;
	t->slots = xcalloc(t->cap, sizeof(*t->slots));
	return t;
}

static void forget(struct store_shapes *t)
{
	for (size_t i = 0; i < t->cap; i++)
		free(t->slots[i].bytes);
	memset(t->slots, 0, t->cap * sizeof(*t->slots));
	t->n = t->bytes = 0;
}

void store_shapes_destroy(struct store_shapes *t)
{
	if (!t)
		return;
	forget(t);
	free(t->slots);
	free(t);
}

// Eight bytes at a time: a shape has some hundred of them, and every event asks.
static uint64_t hash_of(const char *s, size_t len, uint64_t seed)
{
	uint64_t h = seed ^ len * UINT64_C(0x9e3779b97f4a7c15);
	for (; len >= 8; s += 8, len -= 8) {
		uint64_t word;
		memcpy(&word, s, 8);
		h = (h ^ word) * UINT64_C(0xbf58476d1ce4e5b9);
		h ^= h >> 29;
	}
	uint64_t tail = 0;
	if (len)
		memcpy(&tail, s, len);
	h = (h ^ tail) * UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 31;
}

static struct shape *find(const struct store_shapes *t, const struct shape *like)
{
	size_t at = like->hash & (t->cap - 1);
	for (;; at = (at + 1) & (t->cap - 1)) {
		struct shape *k = &t->slots[at];
		if (!k->id ||
		    (k->hash == like->hash && k->kind == like->kind && k->len == like->len &&
		     (k->len == 0 || memcmp(k->bytes, like->bytes, k->len) == 0)))
			return k;
	}
}

static void grow(struct store_shapes *t)
{
	struct store_shapes old = *t;
	t->cap *= 2;
	t->slots = xcalloc(t->cap, sizeof(*t->slots));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].id)
			*find(t, &old.slots[i]) = old.slots[i];
	free(old.slots);
}

static void keep(struct store_shapes *t, const struct shape *k)
{
	if (t->bytes + k->len > MOST_BYTES)
		forget(t);
	if (t->n + 1 > t->cap / 2)
		grow(t);
	struct shape *slot = find(t, k);
	*slot = *k;
	slot->bytes = k->len ? xmalloc(k->len) : NULL;
	if (k->len)
		memcpy(slot->bytes, k->bytes, k->len);
	t->n++;
	t->bytes += k->len;
}

/* ---- rows ---- */

static void number_or_null(struct sqlite3_stmt *st, int at, uint64_t v, bool known)
{
	if (known)
		sql_int(st, at, (int64_t)v);
	else
		sql_null(st, at);
}

static const char *text_of(const struct event *ev)
{
	if (ev->kind == EVENT_INSN)
		return ev->insn;
	if (ev->kind == EVENT_SIGNAL)
		return ev->signal_name;
	return ev->text;
}

static enum ft_rc insert_shape(struct store *s, const struct event *ev, int64_t id,
			       const struct codec_bytes *bytes)
{
	struct sqlite3_stmt *st;
	if (store_statement(s, INSERT_SHAPE, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, id);
	sql_text(st, 2, event_kind_name(ev->kind));
	sql_text(st, 3, ev->function);
	sql_text(st, 4, ev->symbol);
	sql_text(st, 5, ev->module);
	sql_text(st, 6, ev->file);
	number_or_null(st, 7, ev->line, ev->line != 0);
	number_or_null(st, 8, ev->pc, ev->pc != 0);
	number_or_null(st, 9, (uint64_t)ev->delta, ev->delta_known);
	sql_text(st, 10, ev->kind == EVENT_POP ? pop_how_name(ev->how) : NULL);
	sql_text(st, 11, ev->caller);
	sql_text(st, 12, ev->caller_file);
	number_or_null(st, 13, ev->caller_line, ev->caller_line != 0);
	number_or_null(st, 14, ev->return_address, ev->return_address != 0);
	sql_text(st, 15, ev->return_symbol);
	sql_text(st, 16, ev->heap ? ev->heap->call : NULL);
	sql_text(st, 17, text_of(ev));
	sql_blob(st, 18, bytes->s, bytes->len);
	return sql_do(&s->q, st);
}

/* Where a value stands in the JSON array of its event: codec.h. */
static enum ft_rc insert_variable(struct store *s, const struct event *ev, int64_t shape,
				  size_t place, const char *role, const struct event_value *v)
{
	struct sqlite3_stmt *st;
	if (store_statement(s, INSERT_VARIABLE, &st) != FT_OK)
		return FT_FAIL;
	bool in_frame =
		v->has_address && !v->is_static && ev->cfa != 0 && codec_is_in_shape(s->codec, v);
	sql_int(st, 1, shape);
	sql_int(st, 2, (int64_t)place);
	sql_text(st, 3, role);
	sql_text(st, 4, v->name);
	sql_text(st, 5, v->type);
	sql_int(st, 6, (int64_t)v->size);
	sql_text(st, 7, v->reg);
	number_or_null(st, 8, v->address - ev->cfa, in_frame);
	return sql_do(&s->q, st);
}

static enum ft_rc insert_variables(struct store *s, const struct event *ev, int64_t shape)
{
	size_t place = 0;
	enum ft_rc rc = FT_OK;
	for (size_t i = 0; rc == FT_OK && i < ev->n_args; i++)
		rc = insert_variable(s, ev, shape, place++, "argument", &ev->args[i]);
	for (size_t i = 0; rc == FT_OK && i < ev->n_locals; i++)
		rc = insert_variable(s, ev, shape, place++, "local", &ev->locals[i]);
	for (size_t i = 0; rc == FT_OK && i < ev->n_changes; i++) {
		const struct event_value *v = &ev->changes[i].now;
		rc = insert_variable(s, ev, shape, place++, "change", v);
		if (rc == FT_OK)
			rc = insert_variable(s, ev, shape, place++, "before", v);
	}
	if (rc == FT_OK && ev->has_return)
		rc = insert_variable(s, ev, shape, place, "return", &ev->returned);
	return rc;
}

enum ft_rc store_shape(struct store *s, const struct event *ev, const struct codec_bytes *bytes,
		       int64_t *ret)
{
	struct store_shapes *t = s->shapes;
	struct shape like = {.kind = ev->kind, .len = bytes->len, .bytes = (char *)bytes->s};
	like.hash = hash_of(bytes->s, bytes->len, (uint64_t)ev->kind + 1);
	const struct shape *k = find(t, &like);
	if (k->id) {
		*ret = k->id;
		return FT_OK;
	}
	like.id = t->last_id + 1;
	if (insert_shape(s, ev, like.id, bytes) != FT_OK ||
	    insert_variables(s, ev, like.id) != FT_OK)
		return FT_FAIL;
	t->last_id = like.id;
	keep(t, &like);
	*ret = like.id;
	return FT_OK;
}
