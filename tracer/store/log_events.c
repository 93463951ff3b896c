/*
 * log_events.c - events one by one, and everything in the order in which it came.
 */
#include "store/log_private.h"

#include <string.h>

enum ft_rc log_start(struct log *log, const struct event **ret)
{
	struct sqlite3_stmt *st;
	struct log_row row;
	if (log_begin(log) != FT_OK || log_statement(log, GET_START, &st) != FT_OK)
		return FT_FAIL;
	enum ft_rc rc = sql_step(&log->q, st);
	if (rc == FT_OK)
		rc = log_decode(log, st, 0, true, &row, ret);
	sql_reset(st);
	return rc;
}

enum ft_rc log_event(struct log *log, uint64_t seq, const struct event **ret)
{
	struct sqlite3_stmt *st;
	struct log_row row;
	if (seq > INT64_MAX)
		return FT_NONE;
	if (log_begin(log) != FT_OK || log_statement(log, GET_EVENT, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)seq);
	enum ft_rc rc = sql_step(&log->q, st);
	if (rc == FT_OK)
		rc = log_decode(log, st, 0, false, &row, ret);
	sql_reset(st);
	return rc;
}

enum ft_rc log_popped(struct log *log, uint64_t pushed_seq, uint64_t *ret_seq)
{
	struct sqlite3_stmt *st;
	int64_t popped = 0;
	if (pushed_seq > INT64_MAX)
		return FT_NONE;
	if (log_begin(log) != FT_OK || log_statement(log, GET_POPPED, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)pushed_seq);
	enum ft_rc rc = sql_step(&log->q, st);
	if (rc == FT_OK && (!sql_get_int(st, 0, -1, &popped) || popped <= (int64_t)pushed_seq ||
			    (uint64_t)popped > log_info(log)->last))
		rc = sql_damaged(&log->q, "a pop has no number");
	sql_reset(st);
	if (rc == FT_OK)
		*ret_seq = (uint64_t)popped;
	return rc;
}

/* ---- in order ---- */

enum source { EVENTS, ASIDES, OUTPUT, SOURCES };

/* Three queries, each in order; the next item is the first of their first rows. */
struct reading {
	struct log *log;
	bool reverse;
	struct sqlite3_stmt *st[SOURCES];
	bool has[SOURCES];
	int64_t position[SOURCES], id[SOURCES]; // an event: -1, before what comes after it
};

static enum ft_rc advance(struct reading *r, enum source which)
{
	int64_t position, id, last = r->position[which], last_id = r->id[which];
	bool had = r->has[which];
	enum ft_rc rc = sql_step(&r->log->q, r->st[which]);
	r->has[which] = rc == FT_OK;
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc;
	if (!sql_get_int(r->st[which], 0, -1, &position) || !sql_get_int(r->st[which], 1, 0, &id))
		return sql_damaged(&r->log->q, "an item has no number");
	bool later = position > last || (position == last && id > last_id);
	bool same = position == last && id == last_id;
	if (had && (same || later == r->reverse))
		return sql_damaged(&r->log->q, "its items are not in order");
	r->position[which] = position;
	r->id[which] = id;
	return FT_OK;
}

static bool is_before(const struct reading *r, enum source a, enum source b)
{
	if (r->position[a] != r->position[b])
		return (r->position[a] < r->position[b]) != r->reverse;
	return (r->id[a] < r->id[b]) != r->reverse;
}

static enum ft_rc give_output(struct reading *r, log_sink sink, void *ctx)
{
	struct sqlite3_stmt *st = r->st[OUTPUT];
	struct log_item item = {0};
	int64_t stream, time;
	if (!sql_get_int(st, 2, 1, &stream) || !sql_get_int(st, 3, 0, &time) ||
	    !sql_get_bytes(st, 4, &item.bytes, &item.len) || (stream != 1 && stream != 2))
		return sql_damaged(&r->log->q, "a piece of output cannot be read");
	item.stream = (int)stream;
	item.time_ns = (uint64_t)time;
	item.before_all = r->position[OUTPUT] < 0;
	item.after = item.before_all ? 0 : (uint64_t)r->position[OUTPUT];
	if (!item.bytes)
		item.bytes = "";
	return sink(ctx, &item);
}

static enum ft_rc give(struct reading *r, enum source which, log_sink sink, void *ctx)
{
	struct log_row row;
	struct log_item item = {0};
	if (which == OUTPUT)
		return give_output(r, sink, ctx);
	if (log_decode(r->log, r->st[which], 0, which == ASIDES, &row, &item.event) != FT_OK)
		return FT_FAIL;
	if (item.event->kind == EVENT_START)
		return FT_OK; // log_start() gives it
	item.before_all = row.before_all;
	item.after = which == ASIDES ? row.seq : 0;
	item.time_ns = row.time_ns;
	return sink(ctx, &item);
}

static enum ft_rc begin_reading(struct reading *r, uint64_t from, uint64_t to)
{
	static const enum log_statement forward[] = {READ_EVENTS, READ_ASIDES, READ_OUTPUT},
					back[] = {READ_EVENTS_BACK, READ_ASIDES_BACK,
						  READ_OUTPUT_BACK};
	for (unsigned i = 0; i < SOURCES; i++) {
		if (log_statement(r->log, r->reverse ? back[i] : forward[i], &r->st[i]) != FT_OK)
			return FT_FAIL;
		sql_int(r->st[i], 1, from == 0 ? -1 : (int64_t)from);
		sql_int(r->st[i], 2, to > INT64_MAX ? INT64_MAX : (int64_t)to);
		if (advance(r, (enum source)i) != FT_OK)
			return FT_FAIL;
	}
	return FT_OK;
}

enum ft_rc log_read(struct log *log, uint64_t from, uint64_t to, bool reverse, log_sink sink,
		    void *ctx)
{
	struct reading r = {.log = log, .reverse = reverse};
	if (from > INT64_MAX || to < from)
		return FT_OK;
	if (log_begin(log) != FT_OK)
		return FT_FAIL;
	// What a ring has kept of before its first event is not part of the run that is left.
	const struct log_info *info = log_info(log);
	if (!info->is_empty && from < info->first && info->dropped > 0)
		from = info->first;
	enum ft_rc rc = begin_reading(&r, from, to);
	while (rc == FT_OK) {
		int next = -1;
		for (int i = 0; i < SOURCES; i++)
			if (r.has[i] &&
			    (next < 0 || is_before(&r, (enum source)i, (enum source)next)))
				next = i;
		if (next < 0)
			break;
		log->steps = 0;
		rc = give(&r, (enum source)next, sink, ctx);
		if (rc == FT_OK)
			rc = advance(&r, (enum source)next);
	}
	for (unsigned i = 0; i < SOURCES; i++)
		sql_reset(r.st[i]);
	return rc;
}

/* ---- the program's output ---- */

// Pieces come last first: each is put before those that are there.
static enum ft_rc gather_output(struct log *log, struct sqlite3_stmt *st, size_t max)
{
	const char *bytes;
	size_t len;
	enum ft_rc rc;
	struct buf reversed;
	buf_init(&reversed);
	while (reversed.len < max && (rc = sql_step(&log->q, st)) == FT_OK) {
		if (!sql_get_bytes(st, 4, &bytes, &len)) {
			rc = sql_damaged(&log->q, "a piece of output cannot be read");
			break;
		}
		while (len > 0 && reversed.len < max)
			buf_char(&reversed, bytes[--len]);
	}
	rc = reversed.len >= max ? FT_OK : rc;
	buf_reset(&log->text);
	for (size_t i = reversed.len; i > 0; i--)
		buf_char(&log->text, reversed.s[i - 1]);
	buf_deinit(&reversed);
	return rc == FT_FAIL ? rc : FT_OK;
}

enum ft_rc log_output(struct log *log, uint64_t seq, size_t max, const char **ret, size_t *ret_len)
{
	struct sqlite3_stmt *st;
	if (log_begin(log) != FT_OK || log_statement(log, READ_OUTPUT_BACK, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, -1);
	sql_int(st, 2, seq > INT64_MAX ? INT64_MAX : (int64_t)seq);
	enum ft_rc rc = gather_output(log, st, max);
	sql_reset(st);
	if (rc != FT_OK)
		return rc;
	*ret = log->text.s;
	*ret_len = log->text.len;
	return FT_OK;
}
