/*
 * log_variables.c - the variables of a frame, as far as they are known at some event.
 */
#include "store/log_private.h"
#include "store/terms.h"

#include <stdlib.h>
#include <string.h>

/* A copy of a value: strings of its own, in one allocation each. */
struct log_variable {
	struct event_value v;
};

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

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

// Two blocks of a function may each have a variable of the same name: the place tells them apart.
static bool is_same(const struct event_value *a, const struct event_value *b)
{
	if (!same_text(a->name, b->name) || !same_text(a->type, b->type))
		return false;
	return !a->has_address || !b->has_address || a->address == b->address;
}

static void set_value(struct log *log, const struct event_value *v)
{
	size_t i = 0;
	while (i < log->n_variables && !is_same(&log->variables[i].v, v))
		i++;
	if (i == log->n_variables) {
		log->variables = xgrow(log->variables, log->n_variables, &log->cap_variables,
				       sizeof(*log->variables));
		log->n_variables++;
	} else {
		free_value(&log->variables[i].v);
	}
	copy_value(v, &log->variables[i].v);
}

static void set_values(struct log *log, const struct event_value *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		set_value(log, &v[i]);
}

/* Changes of the frame among events [from, to], all of one chunk. */
static enum ft_rc read_changes(struct log *log, uint64_t pushed, uint64_t from, uint64_t to)
{
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
		if (row.shape->kind != EVENT_CHANGE ||
		    (row.has_back ? row.seq - row.back : 0) != pushed)
			continue;
		rc = log_decode(log, st, 0, false, &row, &ev);
		if (rc != FT_OK)
			break;
		for (size_t i = 0; i < ev->n_changes; i++)
			set_value(log, &ev->changes[i].now);
	}
	sql_reset(st);
	return rc == FT_NONE ? FT_OK : rc;
}

static enum ft_rc has_changes(struct log *log, const struct log_chunk *c, bool *ret)
{
	const char *at = c->shapes, *end = c->shapes + c->shapes_len;
	const struct log_shape *shape;
	uint64_t id;
	*ret = !c->is_known;
	while (!*ret && at < end) {
		if (!varint_take(&at, end, &id) || id > INT64_MAX)
			return sql_damaged(&log->q, "a chunk's shapes cannot be read");
		if (log_shape(log, (int64_t)id, &shape) != FT_OK)
			return FT_FAIL;
		*ret = shape->kind == EVENT_CHANGE;
	}
	return FT_OK;
}

static enum ft_rc all_changes(struct log *log, uint64_t pushed, uint64_t last)
{
	enum ft_rc rc = FT_OK;
	for (uint64_t at = pushed + 1; rc == FT_OK && at <= last;) {
		struct log_chunk c;
		bool worth;
		log->steps = 0;
		if (log_chunk_at(log, at, &c) != FT_OK || has_changes(log, &c, &worth) != FT_OK)
			rc = FT_FAIL;
		else if (worth)
			rc = read_changes(log, pushed, at, c.last < last ? c.last : last);
		if (c.last >= last)
			break;
		at = c.last + 1;
	}
	log_chunk_done(log);
	return rc;
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

static enum ft_rc gather(struct log *log, uint64_t pushed, uint64_t seq)
{
	const struct event *ev;
	uint64_t popped = 0;
	enum ft_rc rc = log_event(log, pushed, &ev);
	if (rc != FT_OK || ev->kind != EVENT_PUSH)
		return rc == FT_OK ? FT_NONE : rc;
	set_values(log, ev->args, ev->n_args);
	enum ft_rc has_pop = popped_at(log, pushed, seq, &popped);
	if (has_pop == FT_FAIL)
		return FT_FAIL;
	uint64_t last = has_pop == FT_OK ? popped : seq;
	if (log->info.holds.line && all_changes(log, pushed, last) != FT_OK)
		return FT_FAIL;
	if (has_pop != FT_OK)
		return FT_OK;
	rc = log_event(log, popped, &ev);
	if (rc == FT_OK && ev->kind == EVENT_POP) {
		set_values(log, ev->args, ev->n_args);
		set_values(log, ev->locals, ev->n_locals);
	}
	return rc == FT_FAIL ? rc : FT_OK;
}

enum ft_rc log_variables(struct log *log, uint64_t pushed_seq, uint64_t seq,
			 const struct event_value **ret, size_t *ret_n)
{
	const struct log_info *info = log_info(log);
	if (info->is_empty || pushed_seq > seq)
		return FT_NONE;
	seq = seq > info->last ? info->last : seq;
	forget(log);
	enum ft_rc rc = gather(log, pushed_seq, seq);
	if (rc != FT_OK)
		return rc;
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
