/*
 * log_variables.c - the variables of a frame, as far as they are known at some event.
 *
 * The last change of each counts, so the chunks are read from the last one backwards. What a change
 * is about is in its shape: a shape that was met in a later chunk has nothing to add, and a chunk
 * that has no other shape of this function need not be read. So a loop of a million turns costs the
 * reading of a chunk or two.
 */
#include "store/log_private.h"
#include "store/terms.h"

#include <stdlib.h>
#include <string.h>

/* A copy of a value: strings of its own, in one allocation each. */
struct log_variable {
	struct event_value v;
	uint64_t round; // when it was set; an earlier round is a later chunk
	uint64_t told;	// the event that it is from
	uint64_t order; // in which they are given: arguments, then as they were met first
};

/* One question. */
struct gathering {
	struct log *log;
	uint64_t pushed; // of the frame
	uint64_t at;	 // the event whose values are being set
	const char *function;
	uint64_t round;
	int64_t *seen; // shapes of changes of this frame that earlier rounds have met
	size_t n_seen, cap_seen, settled; // settled: how many of them earlier rounds have met
};

enum { ORDER_BITS = 20, ORDER_ARGUMENT = 0 }; // order: the shape's id, then the place in it

static const uint64_t order_local = (uint64_t)1 << 62; // known at the pop only

static void free_value(struct event_value *v)
{
	const char *const strings[] = {v->name,	 v->type, v->value, v->reg,	 v->why,
				       v->entry, v->full, v->json,  v->dangling, v->points_to};
	for (size_t i = 0; i < FT_COUNT(strings); i++)
		free((char *)strings[i]);
}

static void forget(struct log *log)
{
	for (size_t i = 0; i < log->n_variables; i++)
		free_value(&log->variables[i].v);
	log->n_variables = 0;
}

void log_variables_free(struct log *log)
{
	forget(log);
	free(log->variables);
}

static void copy_value(const struct event_value *from, struct event_value *to)
{
	*to = *from;
	const char **const strings[] = {&to->name,     &to->type,     &to->value, &to->reg,
					&to->why,      &to->entry,    &to->full,  &to->json,
					&to->dangling, &to->points_to};
	for (size_t i = 0; i < FT_COUNT(strings); i++)
		if (*strings[i])
			*strings[i] = xstrdup(*strings[i]);
}

bool log_is_same_variable(const struct event_value *a, const struct event_value *b)
{
	if (!is_same_text(a->name, b->name) || !is_same_text(a->type, b->type))
		return false;
	return !a->has_address || !b->has_address || a->address == b->address;
}

static void set_value(struct gathering *g, const struct event_value *v, uint64_t order)
{
	struct log *log = g->log;
	size_t i = 0;
	while (i < log->n_variables && !log_is_same_variable(&log->variables[i].v, v))
		i++;
	if (i == log->n_variables) {
		log->variables = xgrow(log->variables, log->n_variables, &log->cap_variables,
				       sizeof(*log->variables));
		log->variables[log->n_variables++] =
			(struct log_variable){.round = g->round, .order = order};
	} else {
		if (order < log->variables[i].order)
			log->variables[i].order = order;
		if (log->variables[i].round != g->round)
			return; // a later one is known
		free_value(&log->variables[i].v);
	}
	log->variables[i].told = g->at;
	copy_value(v, &log->variables[i].v);
}

static void set_values(struct gathering *g, const struct event_value *v, size_t n, uint64_t order)
{
	for (size_t i = 0; i < n; i++)
		set_value(g, &v[i], order + i);
}

static bool is_settled(const struct gathering *g, int64_t shape)
{
	for (size_t i = 0; i < g->settled; i++)
		if (g->seen[i] == shape)
			return true;
	return false;
}

static void see(struct gathering *g, int64_t shape)
{
	for (size_t i = 0; i < g->n_seen; i++)
		if (g->seen[i] == shape)
			return;
	g->seen = xgrow(g->seen, g->n_seen, &g->cap_seen, sizeof(*g->seen));
	g->seen[g->n_seen++] = shape;
}

static bool is_of_function(const struct gathering *g, const struct log_shape *shape)
{
	return shape->kind == EVENT_CHANGE && is_same_text(shape->function, g->function);
}

/* Changes of the frame among events [from, to], all of one chunk. */
static enum ft_rc read_changes(struct gathering *g, uint64_t from, uint64_t to)
{
	struct log *log = g->log;
	struct sqlite3_stmt *st;
	struct log_row row;
	const struct event *ev;
	enum ft_rc rc;
	if (log_statement(log, READ_EVENTS, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)from);
	sql_int(st, 2, (int64_t)to);
	while ((rc = sql_step(&log->q, st)) == FT_OK) {
		rc = log_row(log, st, 0, &row);
		if (rc != FT_OK)
			break;
		if (row.seq < from) {
			rc = sql_damaged(&log->q, "its events are not in order");
			break;
		}
		from = row.seq + 1;
		int64_t shape = row.shape->id;
		if (row.shape->kind != EVENT_CHANGE || is_settled(g, shape) ||
		    (row.has_back ? row.seq - row.back : 0) != g->pushed)
			continue;
		rc = log_decode(log, st, 0, false, &row, &ev);
		if (rc != FT_OK)
			break;
		see(g, shape);
		g->at = row.seq;
		for (size_t i = 0; i < ev->n_changes; i++)
			set_value(g, &ev->changes[i].now, ((uint64_t)shape << ORDER_BITS) + i);
	}
	sql_reset(st);
	return rc == FT_NONE ? FT_OK : rc;
}

/* Whether a chunk may have a change of this function that no later chunk has told of. */
static enum ft_rc has_changes(struct gathering *g, const struct log_chunk *c, bool *ret)
{
	const char *at = c->shapes, *end = c->shapes + c->shapes_len;
	const struct log_shape *shape;
	uint64_t id;
	*ret = !c->is_known;
	while (!*ret && at < end) {
		if (!varint_take(&at, end, &id) || id > INT64_MAX)
			return sql_damaged(&g->log->q, "a chunk's shapes cannot be read");
		if (log_shape(g->log, (int64_t)id, &shape) != FT_OK)
			return FT_FAIL;
		*ret = is_of_function(g, shape) && !is_settled(g, (int64_t)id);
	}
	return FT_OK;
}

/* Those among events (after, last]. */
static enum ft_rc changes_in(struct gathering *g, uint64_t after, uint64_t last)
{
	struct log *log = g->log;
	enum ft_rc rc = FT_OK;
	if (!log->info.holds.line)
		return FT_OK;
	for (uint64_t at = last; rc == FT_OK && at > after;) {
		struct log_chunk c;
		bool worth;
		log->steps = 0;
		if (log_chunk_at(log, at, &c) != FT_OK || has_changes(g, &c, &worth) != FT_OK) {
			rc = FT_FAIL;
			break;
		}
		uint64_t first = c.first > after ? c.first : after + 1;
		if (worth) {
			g->round++;
			rc = read_changes(g, first, at);
			g->settled = g->n_seen;
		}
		at = first - 1;
	}
	log_chunk_done(log);
	return rc;
}

/* ---- at a signal ---- */

static const struct event_frame_at_signal *frame_of_push(const struct event *ev, uint64_t push)
{
	for (size_t i = 0; i < ev->n_frames; i++)
		if (ev->frames[i].pushed_seq == push)
			return &ev->frames[i];
	return NULL;
}

// In a deep recursion most frames are older: the signal need not be read for each of them.
static uint64_t oldest_push(const struct event *ev)
{
	uint64_t oldest = UINT64_MAX;
	for (size_t i = 0; i < ev->n_frames; i++)
		if (ev->frames[i].pushed_seq < oldest)
			oldest = ev->frames[i].pushed_seq;
	return oldest;
}

enum ft_rc log_told(struct log *log, uint64_t pushed_seq, uint64_t seq, uint64_t *ret_seq,
		    const struct event_frame_at_signal **ret)
{
	const struct told_signals *told = log->store ? &log->store->told : &log->told;
	for (size_t i = told->n; i-- > 0 && told->seq[i] > pushed_seq;) {
		const struct event *ev;
		struct log_oldest *oldest = &log->oldest_told[i];
		bool is_older = oldest->signal == told->seq[i] && pushed_seq < oldest->push;
		if (told->seq[i] > seq || is_older)
			continue;
		enum ft_rc rc = log_event(log, told->seq[i], &ev);
		if (rc == FT_FAIL)
			return rc;
		if (rc == FT_NONE || ev->kind != EVENT_SIGNAL)
			continue;
		*oldest = (struct log_oldest){told->seq[i], oldest_push(ev)};
		const struct event_frame_at_signal *f = frame_of_push(ev, pushed_seq);
		if (!f)
			continue;
		*ret_seq = ev->seq;
		*ret = f;
		return FT_OK;
	}
	return FT_NONE;
}

/* What a signal found counts more than what was told before, less than what was told later. */
static enum ft_rc gather_until(struct gathering *g, uint64_t last)
{
	const struct event_frame_at_signal *f;
	uint64_t seq;
	enum ft_rc rc = log_told(g->log, g->pushed, last, &seq, &f);
	if (rc == FT_FAIL)
		return rc;
	if (rc == FT_NONE)
		return changes_in(g, g->pushed, last);
	rc = changes_in(g, seq, last);
	if (rc == FT_OK)
		rc = log_told(g->log, g->pushed, last, &seq, &f); // lives for that long only
	if (rc != FT_OK)
		return rc;
	g->round++;
	g->at = seq;
	set_values(g, f->args, f->n_args, ORDER_ARGUMENT);
	set_values(g, f->locals, f->n_locals, order_local);
	return changes_in(g, g->pushed, seq);
}

/* The seq of the pop of a push, if it is not behind `seq`. */
static enum ft_rc popped_at(struct log *log, uint64_t pushed, uint64_t seq, uint64_t *ret)
{
	struct sqlite3_stmt *st;
	int64_t popped;
	if (log_statement(log, GET_POPPED, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)pushed);
	enum ft_rc rc = sql_step(&log->q, st);
	if (rc == FT_OK && (!sql_get_int(st, 0, -1, &popped) || popped < 0))
		rc = sql_damaged(&log->q, "a pop has no number");
	sql_reset(st);
	if (rc == FT_OK && (uint64_t)popped > seq)
		rc = FT_NONE;
	if (rc == FT_OK)
		*ret = (uint64_t)popped;
	return rc;
}

/* What the pop told, which is the last that is known. */
static enum ft_rc gather_pop(struct gathering *g, uint64_t popped)
{
	const struct event *ev;
	enum ft_rc rc = log_event(g->log, popped, &ev);
	if (rc != FT_OK || ev->kind != EVENT_POP)
		return rc == FT_FAIL ? rc : FT_OK;
	g->at = popped;
	set_values(g, ev->args, ev->n_args, ORDER_ARGUMENT);
	set_values(g, ev->locals, ev->n_locals, order_local);
	return FT_OK;
}

static enum ft_rc gather_push(struct gathering *g)
{
	const struct event *ev;
	enum ft_rc rc = log_event(g->log, g->pushed, &ev);
	g->round++;
	g->at = g->pushed;
	if (rc == FT_OK)
		set_values(g, ev->args, ev->n_args, ORDER_ARGUMENT);
	return rc;
}

static enum ft_rc gather(struct gathering *g, uint64_t seq)
{
	const struct event *ev;
	uint64_t popped = 0;
	enum ft_rc rc = log_event(g->log, g->pushed, &ev);
	if (rc != FT_OK || ev->kind != EVENT_PUSH)
		return rc == FT_OK ? FT_NONE : rc;
	char *function = ev->function ? xstrdup(ev->function) : NULL;
	g->function = function;
	enum ft_rc has_pop = popped_at(g->log, g->pushed, seq, &popped);
	rc = has_pop == FT_FAIL ? FT_FAIL : FT_OK;
	if (has_pop == FT_OK)
		rc = gather_pop(g, popped);
	if (rc == FT_OK)
		rc = gather_until(g, has_pop == FT_OK ? popped : seq);
	if (rc == FT_OK)
		rc = gather_push(g);
	free(function);
	return rc;
}

static int by_order(const void *a, const void *b)
{
	const struct log_variable *x = a, *y = b;
	return (x->order > y->order) - (x->order < y->order);
}

enum ft_rc log_variables(struct log *log, uint64_t pushed_seq, uint64_t seq,
			 const struct event_value **ret, size_t *ret_n)
{
	const struct log_info *info = log_info(log);
	if (info->is_empty || pushed_seq > seq)
		return FT_NONE;
	seq = seq > info->last ? info->last : seq;
	forget(log);
	struct gathering g = {.log = log, .pushed = pushed_seq};
	enum ft_rc rc = gather(&g, seq);
	free(g.seen);
	if (rc != FT_OK)
		return rc;
	if (log->n_variables > 0)
		qsort(log->variables, log->n_variables, sizeof(*log->variables), by_order);
	if (log->n_variables > log->cap_values) {
		log->cap_values = log->n_variables * 2;
		log->values = xreallocarray(log->values, log->cap_values, sizeof(*log->values));
	}
	for (size_t i = 0; i < log->n_variables; i++)
		log->values[i] = log->variables[i].v;
	*ret = log->values;
	*ret_n = log->n_variables;
	return FT_OK;
}

uint64_t log_variable_told(const struct log *log, size_t i)
{
	return i < log->n_variables ? log->variables[i].told : 0;
}
