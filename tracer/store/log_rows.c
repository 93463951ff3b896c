/*
 * log_rows.c - rows become events; shapes and stacks are read once.
 */
#include "store/log_private.h"

#include <stdlib.h>
#include <string.h>

#include "events/kinds.h"

enum { MOST_BYTES = 1 << 28 }; // of a shape's bytes

static size_t home(int64_t id, size_t cap)
{
	return (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (cap - 1);
}

/* ---- shapes ---- */

static struct log_shape *shape_slot(struct log *log, int64_t id)
{
	size_t at = home(id, log->cap_shapes);
	while (log->shapes[at].id && log->shapes[at].id != id)
		at = (at + 1) & (log->cap_shapes - 1);
	return &log->shapes[at];
}

static void grow_shapes(struct log *log)
{
	struct log_shape *old = log->shapes;
	size_t cap = log->cap_shapes;
	log->cap_shapes = cap ? cap * 2 : 64;
	log->shapes = xcalloc(log->cap_shapes, sizeof(*log->shapes));
	for (size_t i = 0; i < cap; i++)
		if (old[i].id)
			*shape_slot(log, old[i].id) = old[i];
	free(old);
}

static bool kind_of(const char *name, enum event_kind *ret)
{
	for (unsigned k = 0; name && k < EVENT_KINDS; k++) {
		if (strcmp(event_kind_name((enum event_kind)k), name) == 0) {
			*ret = (enum event_kind)k;
			return true;
		}
	}
	return false;
}

static bool fill_shape(struct sqlite3_stmt *st, struct log_shape *ret)
{
	const char *kind, *function, *file, *how, *call, *bytes;
	size_t len;
	int64_t line, delta;
	struct log_shape k = *ret;
	if (!sql_get_text(st, 0, &kind) || !kind_of(kind, &k.kind) ||
	    !sql_get_text(st, 1, &function) || !sql_get_text(st, 2, &file) ||
	    !sql_get_int(st, 3, 0, &line) || !sql_get_int(st, 4, 0, &delta) ||
	    !sql_get_text(st, 5, &how) || !sql_get_text(st, 6, &call) ||
	    !sql_get_bytes(st, 7, &bytes, &len) || line < 0 || line > UINT32_MAX ||
	    len > MOST_BYTES)
		return false;
	k.line = (uint32_t)line;
	k.delta = delta;
	k.delta_known = !sql_is_null(st, 4);
	k.is_exit = how && strcmp(how, pop_how_name(POP_EXIT)) == 0;
	k.function = xstrdup(function);
	k.file = xstrdup(file);
	k.call = xstrdup(call);
	k.len = len;
	k.bytes = len ? xmalloc(len) : NULL;
	if (len)
		memcpy(k.bytes, bytes, len);
	*ret = k;
	return true;
}

enum ft_rc log_shape(struct log *log, int64_t id, const struct log_shape **ret)
{
	struct sqlite3_stmt *st;
	if (log->cap_shapes) {
		*ret = shape_slot(log, id);
		if ((*ret)->id == id && id > 0)
			return FT_OK;
	}
	if (id <= 0)
		return sql_damaged(&log->q, "an event has no shape");
	if (log->n_shapes + 1 > log->cap_shapes / 2)
		grow_shapes(log);
	if (log_statement(log, GET_SHAPE, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, id);
	enum ft_rc rc = sql_step(&log->q, st);
	struct log_shape k = {.id = id};
	if (rc == FT_OK && !fill_shape(st, &k))
		rc = sql_damaged(&log->q, "shape %lld cannot be read", (long long)id);
	if (rc == FT_NONE)
		rc = sql_damaged(&log->q, "shape %lld is missing", (long long)id);
	sql_reset(st);
	if (rc != FT_OK)
		return rc;
	struct log_shape *slot = shape_slot(log, id);
	*slot = k;
	log->n_shapes++;
	*ret = slot;
	return FT_OK;
}

/* ---- stacks ---- */

static struct log_stack *stack_slot(struct log *log, int64_t id)
{
	size_t at = home(id, log->cap_stacks);
	while (log->stacks[at].id && log->stacks[at].id != id)
		at = (at + 1) & (log->cap_stacks - 1);
	return &log->stacks[at];
}

static void grow_stacks(struct log *log)
{
	struct log_stack *old = log->stacks;
	size_t cap = log->cap_stacks;
	log->cap_stacks = cap ? cap * 2 : 16;
	log->stacks = xcalloc(log->cap_stacks, sizeof(*log->stacks));
	for (size_t i = 0; i < cap; i++)
		if (old[i].id)
			*stack_slot(log, old[i].id) = old[i];
	free(old);
}

static bool fill_stack(struct sqlite3_stmt *st, struct log_stack *ret)
{
	int64_t pid, tid, top, base;
	if (!sql_get_int(st, 0, 0, &pid) || !sql_get_int(st, 1, 0, &tid) ||
	    !sql_get_int(st, 2, 0, &top) || !sql_get_int(st, 3, 0, &base) || pid < INT32_MIN ||
	    pid > INT32_MAX || tid < INT32_MIN || tid > INT32_MAX)
		return false;
	ret->pid = (int)pid;
	ret->tid = (int)tid;
	ret->top = (uint64_t)top;
	ret->base = (uint64_t)base;
	return true;
}

enum ft_rc log_stack(struct log *log, int64_t id, const struct log_stack **ret)
{
	struct sqlite3_stmt *st;
	if (log->cap_stacks) {
		*ret = stack_slot(log, id);
		if ((*ret)->id == id && id > 0)
			return FT_OK;
	}
	if (id <= 0)
		return sql_damaged(&log->q, "an event has no stack");
	if (log->n_stacks + 1 > log->cap_stacks / 2)
		grow_stacks(log);
	if (log_statement(log, GET_STACK, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, id);
	enum ft_rc rc = sql_step(&log->q, st);
	struct log_stack k = {.id = id};
	if (rc == FT_NONE || (rc == FT_OK && !fill_stack(st, &k)))
		rc = sql_damaged(&log->q, "stack %lld cannot be read", (long long)id);
	sql_reset(st);
	if (rc != FT_OK)
		return rc;
	struct log_stack *slot = stack_slot(log, id);
	*slot = k;
	log->n_stacks++;
	*ret = slot;
	return FT_OK;
}

void log_rows_free(struct log *log)
{
	for (size_t i = 0; i < log->cap_shapes; i++) {
		free(log->shapes[i].function);
		free(log->shapes[i].file);
		free(log->shapes[i].call);
		free(log->shapes[i].bytes);
	}
	free(log->shapes);
	free(log->stacks);
}

/* ---- rows ---- */

enum ft_rc log_row(struct log *log, struct sqlite3_stmt *st, int at, struct log_row *ret)
{
	int64_t seq, id, shape, stack, time, depth, down, back;
	if (!sql_get_int(st, at, 0, &seq) || !sql_get_int(st, at + 1, 0, &id) ||
	    !sql_get_int(st, at + 2, 0, &shape) || !sql_get_int(st, at + 3, 0, &stack) ||
	    !sql_get_int(st, at + 4, 0, &time) || !sql_get_int(st, at + 5, 0, &depth) ||
	    !sql_get_int(st, at + 6, 0, &down) || !sql_get_int(st, at + 7, 0, &back) || seq < -1 ||
	    depth < 0 || depth > UINT32_MAX)
		return sql_damaged(&log->q, "an event's columns are not what they should be");
	*ret = (struct log_row){.seq = seq < 0 ? 0 : (uint64_t)seq,
				.id = id,
				.before_all = seq < 0,
				.time_ns = (uint64_t)time,
				.depth = (uint32_t)depth,
				.has_back = !sql_is_null(st, at + 7),
				.back = (uint64_t)back};
	bool has_cfa = !sql_is_null(st, at + 6);
	if (log_shape(log, shape, &ret->shape) != FT_OK ||
	    log_stack(log, stack, &ret->stack) != FT_OK)
		return FT_FAIL;
	ret->cfa = has_cfa ? ret->stack->base - (uint64_t)down : 0;
	return FT_OK;
}

enum ft_rc log_decode(struct log *log, struct sqlite3_stmt *st, int at, bool aside,
		      struct log_row *row, const struct event **ret)
{
	struct coded coded = {0};
	if (log_row(log, st, at, row) != FT_OK)
		return FT_FAIL;
	if (!sql_get_bytes(st, at + 8, &coded.values.s, &coded.values.len) ||
	    !sql_get_bytes(st, at + 9, &coded.rest.s, &coded.rest.len))
		return sql_damaged(&log->q, "an event's values are not what they should be");
	coded.shape = (struct codec_bytes){row->shape->bytes, row->shape->len};
	enum event_kind kind = row->shape->kind;
	log->event = (struct event){.kind = kind,
				    .seq = row->seq,
				    .pid = row->stack->pid,
				    .tid = row->stack->tid,
				    .time_ns = row->time_ns,
				    .aside = aside && kind != EVENT_START,
				    .depth = row->depth,
				    .cfa = row->cfa};
	if (kind != EVENT_PUSH && row->has_back)
		log->event.pushed_seq = row->seq - row->back;
	if (codec_decode(log->codec, &coded, &log->event) != FT_OK) {
		char *says = xstrdup(ft_error()); // "damaged: event 7 …"
		ft_error_clear();
		ft_fail("%s is %s", log->q.path, says);
		free(says);
		return FT_FAIL;
	}
	*ret = &log->event;
	return FT_OK;
}
