/*
 * log_find.c - search.
 *
 * What a query says of places (function, file, line, kind, names of variables) is settled for all
 * shapes first: events of other shapes are not looked at, nor chunks that have no such shape. What
 * it says of values and addresses rules out chunks by their filters; a part of a text those whose
 * texts do not have it. What is left is decoded and compared.
 */
#include "store/log_private.h"
#include "store/terms.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "events/kinds.h"

struct search {
	struct log *log;
	const struct log_query *q;
	bool reverse;
	bool by_shape; // only those in `shapes`
	struct number_set shapes;
	bool has_terms;	   // a value or an address has to be there
	bool must_look;	   // events have to be decoded
	const char *plain; // stands as it is in the bytes of each event that fits; NULL: not known
	size_t plain_len;
};

/* ---- shapes ---- */

/* "b.c" and "a/b.c" are ends of "/x/a/b.c", "c" is not. */
static bool is_file(const char *path, const char *end)
{
	size_t n = path ? strlen(path) : 0, m = strlen(end);
	if (!path || m > n || strcmp(path + n - m, end) != 0)
		return false;
	return m == n || path[n - m - 1] == '/' || end[0] == '/';
}

struct shape_row {
	int64_t id, line;
	const char *kind, *function, *symbol, *file, *caller, *call, *text;
};

static bool read_shape(struct sqlite3_stmt *st, struct shape_row *ret)
{
	return sql_get_int(st, 0, 0, &ret->id) && sql_get_text(st, 1, &ret->kind) && ret->kind &&
	       sql_get_text(st, 2, &ret->function) && sql_get_text(st, 3, &ret->symbol) &&
	       sql_get_text(st, 4, &ret->file) && sql_get_int(st, 5, 0, &ret->line) &&
	       sql_get_text(st, 6, &ret->caller) && sql_get_text(st, 7, &ret->call) &&
	       sql_get_text(st, 8, &ret->text);
}

static bool shape_fits(const struct shape_row *r, const struct log_query *q)
{
	if (q->has_kind && strcmp(r->kind, event_kind_name(q->kind)) != 0)
		return false;
	if (q->function && (!r->function || fnmatch(q->function, r->function, 0) != 0))
		return false;
	if (q->file && !is_file(r->file, q->file))
		return false;
	return !q->line || r->line == (int64_t)q->line;
}

static enum ft_rc add_shapes(struct search *s)
{
	struct sqlite3_stmt *st = NULL;
	struct shape_row row;
	enum ft_rc rc = sql_prepare(&s->log->q,
				    "SELECT id,kind,function,symbol,file,line,caller,call,text "
				    "FROM shape",
				    &st);
	if (rc != FT_OK)
		return rc;
	while ((rc = sql_step(&s->log->q, st)) == FT_OK) {
		if (!read_shape(st, &row)) {
			rc = sql_damaged(&s->log->q, "a shape cannot be read");
			break;
		}
		if (shape_fits(&row, s->q))
			number_set_add(&s->shapes, (uint64_t)row.id);
	}
	sql_finish(&st);
	return rc == FT_NONE ? FT_OK : rc;
}

/* Of the shapes so far those that have a variable of that name. */
static enum ft_rc keep_variable(struct search *s)
{
	struct sqlite3_stmt *st = NULL;
	struct number_set kept;
	int64_t id;
	enum ft_rc rc = sql_prepare(&s->log->q, "SELECT shape FROM variable WHERE name=?", &st);
	if (rc != FT_OK)
		return rc;
	number_set_init(&kept);
	sql_text(st, 1, s->q->variable);
	while ((rc = sql_step(&s->log->q, st)) == FT_OK) {
		if (!sql_get_int(st, 0, 0, &id)) {
			rc = sql_damaged(&s->log->q, "a variable cannot be read");
			break;
		}
		if (number_set_has(&s->shapes, (uint64_t)id))
			number_set_add(&kept, (uint64_t)id);
	}
	sql_finish(&st);
	number_set_deinit(&s->shapes);
	s->shapes = kept;
	return rc == FT_NONE ? FT_OK : rc;
}

/* Texts are written in full; but those of values as JSON, in which other characters are escaped. */
static bool is_plain(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\' || *c == '/')
			return false;
	return *text != '\0';
}

static enum ft_rc choose_shapes(struct search *s)
{
	const struct log_query *q = s->q;
	const char *text = q->value ? q->value : q->text;
	if (text && is_plain(text)) {
		s->plain = text;
		s->plain_len = strlen(text);
	}
	number_set_init(&s->shapes);
	s->by_shape = q->function || q->variable || q->file || q->line || q->has_kind;
	s->has_terms = q->value || q->has_address;
	s->must_look = s->has_terms || q->text;
	if (!s->by_shape)
		return FT_OK;
	if (add_shapes(s) != FT_OK)
		return FT_FAIL;
	return q->variable ? keep_variable(s) : FT_OK;
}

/* ---- chunks ---- */

static enum ft_rc may_have_terms(struct search *s, const struct log_chunk *c, bool *ret)
{
	const struct log_query *q = s->q;
	const char *terms;
	size_t len;
	if (log_chunk_terms(s->log, c, &terms, &len) != FT_OK)
		return FT_FAIL;
	if (q->value && !filter_may_have(terms, len, term_of_text(q->value)))
		*ret = false;
	if (q->has_address && !filter_may_have(terms, len, term_of_address(q->address)))
		*ret = false;
	return FT_OK;
}

static enum ft_rc may_have_shape(struct search *s, const struct log_chunk *c, bool *ret)
{
	const char *at = c->shapes, *end = c->shapes + c->shapes_len;
	uint64_t id;
	*ret = false;
	while (!*ret && at < end) {
		if (!varint_take(&at, end, &id))
			return sql_damaged(&s->log->q, "a chunk's shapes cannot be read");
		*ret = number_set_has(&s->shapes, id);
	}
	return FT_OK;
}

/* What is quick to see first. */
static enum ft_rc chunk_may_fit(struct search *s, const struct log_chunk *c, bool *ret)
{
	const char *text = s->q->text;
	enum ft_rc rc = FT_OK;
	*ret = true;
	if (!c->is_known)
		return FT_OK;
	if (s->by_shape)
		rc = may_have_shape(s, c, ret);
	if (rc == FT_OK && *ret && s->has_terms)
		rc = may_have_terms(s, c, ret);
	if (rc == FT_OK && *ret && text)
		rc = log_chunk_may_have(s->log, c, text, strlen(text), ret);
	return rc;
}

/* ---- events ---- */

static bool event_fits(const struct event *ev, const struct log_query *q)
{
	if (q->value && !event_has_value(ev, q->variable, q->value))
		return false;
	if (q->has_address && !event_names_address(ev, q->address))
		return false;
	return !q->text || event_has_text(ev, q->text);
}

/* Whether it is worth decoding: the text stands somewhere in the event's bytes. */
static bool has_plain(const struct search *s, struct sqlite3_stmt *st,
		      const struct log_shape *shape)
{
	if (shape->len && memmem(shape->bytes, shape->len, s->plain, s->plain_len))
		return true;
	for (int column = 8; column <= 9; column++) {
		const char *bytes;
		size_t len;
		if (!sql_get_bytes(st, column, &bytes, &len) ||
		    (len && memmem(bytes, len, s->plain, s->plain_len)))
			return true; // or damaged: decoding tells
	}
	return false;
}

static enum ft_rc fits(struct search *s, struct sqlite3_stmt *st, struct log_row *row, bool *ret)
{
	const struct event *ev;
	*ret = false;
	if (log_row(s->log, st, 0, row) != FT_OK)
		return FT_FAIL;
	if (s->by_shape && !number_set_has(&s->shapes, (uint64_t)row->shape->id))
		return FT_OK;
	*ret = !s->must_look;
	if (!s->must_look || (s->plain && !has_plain(s, st, row->shape)))
		return FT_OK;
	if (log_decode(s->log, st, 0, false, row, &ev) != FT_OK)
		return FT_FAIL;
	*ret = event_fits(ev, s->q);
	return FT_OK;
}

/* Among events [from, to]. */
static enum ft_rc scan(struct search *s, uint64_t from, uint64_t to, uint64_t *ret_seq)
{
	static const enum log_statement which[2][2] = {{SCAN_EVENTS, SCAN_EVENTS_BACK},
						       {READ_EVENTS, READ_EVENTS_BACK}};
	struct sqlite3_stmt *st;
	struct log_row row;
	bool found = false;
	enum ft_rc rc;
	if (log_statement(s->log, which[s->must_look][s->reverse], &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)from);
	sql_int(st, 2, to > INT64_MAX ? INT64_MAX : (int64_t)to);
	while (!found && (rc = sql_step(&s->log->q, st)) == FT_OK) {
		rc = fits(s, st, &row, &found);
		if (rc == FT_OK && (row.seq < from || row.seq > to))
			rc = sql_damaged(&s->log->q, "its events are not in order");
		if (rc != FT_OK)
			break;
		s->log->steps = 0;
		if (s->reverse && row.seq > from)
			to = row.seq - 1;
		else if (!s->reverse)
			from = row.seq + 1;
		else if (!found)
			break; // it was the first of all
	}
	sql_reset(st);
	if (found)
		*ret_seq = row.seq;
	return found ? FT_OK : rc == FT_FAIL ? FT_FAIL : FT_NONE;
}

static enum ft_rc search_chunks(struct search *s, uint64_t at, uint64_t *ret_seq)
{
	const struct log_info *info = log_info(s->log);
	for (;;) {
		struct log_chunk c;
		bool worth;
		s->log->steps = 0;
		if (log_chunk_at(s->log, at, &c) != FT_OK || chunk_may_fit(s, &c, &worth) != FT_OK)
			return FT_FAIL;
		uint64_t from = s->reverse ? c.first : at, to = s->reverse ? at : c.last;
		from = from < info->first ? info->first : from;
		to = to > info->last ? info->last : to;
		enum ft_rc rc = worth && from <= to ? scan(s, from, to, ret_seq) : FT_NONE;
		if (rc != FT_NONE)
			return rc;
		if (s->reverse ? c.first <= info->first : c.last >= info->last)
			return FT_NONE;
		at = s->reverse ? c.first - 1 : c.last + 1;
	}
}

enum ft_rc log_find(struct log *log, const struct log_query *q, uint64_t from, bool reverse,
		    uint64_t *ret_seq)
{
	struct search s = {.log = log, .q = q, .reverse = reverse};
	if (log_begin(log) != FT_OK)
		return FT_FAIL;
	const struct log_info *info = log_info(log);
	if (info->is_empty || (reverse ? from < info->first : from > info->last))
		return FT_NONE;
	from = from < info->first ? info->first : from > info->last ? info->last : from;
	enum ft_rc rc = choose_shapes(&s);
	if (rc == FT_OK)
		rc = s.by_shape && number_set_count(&s.shapes) == 0
			     ? FT_NONE
			     : search_chunks(&s, from, ret_seq);
	log_chunk_done(log);
	number_set_deinit(&s.shapes);
	return rc;
}
