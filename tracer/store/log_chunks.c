/*
 * log_chunks.c - which chunk an event is in.
 *
 * Chunks do not overlap and follow each other; the last events of a log that was cut, or is still
 * being written, have no chunk yet.
 */
#include "store/log_private.h"
#include "store/schema.h"
#include "store/texts.h"

static enum ft_rc chunk_row(struct log *log, struct sqlite3_stmt *st, struct log_chunk *ret)
{
	int64_t first, last;
	if (!sql_get_int(st, 0, -1, &first) || !sql_get_int(st, 1, -1, &last) || first < 0 ||
	    last < first || !sql_get_bytes(st, 2, &ret->frames, &ret->frames_len) ||
	    !sql_get_bytes(st, 3, &ret->shapes, &ret->shapes_len))
		return sql_damaged(&log->q, "a chunk cannot be read");
	if (!ret->frames || !ret->shapes)
		return sql_damaged(&log->q, "a chunk lacks what it had");
	ret->first = (uint64_t)first;
	ret->last = (uint64_t)last;
	ret->is_known = true;
	return FT_OK;
}

static enum ft_rc chunk(struct log *log, enum log_statement which, uint64_t seq,
			struct log_chunk *ret)
{
	struct sqlite3_stmt *st;
	if (log_statement(log, which, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, seq > INT64_MAX ? INT64_MAX : (int64_t)seq);
	enum ft_rc rc = sql_step(&log->q, st);
	return rc == FT_OK ? chunk_row(log, st, ret) : rc; // its bytes live until the next call
}

enum ft_rc log_chunk_at(struct log *log, uint64_t seq, struct log_chunk *ret)
{
	struct log_chunk at = {0}, behind = {0};
	enum ft_rc rc = chunk(log, CHUNK_AT, seq, &at);
	if (rc == FT_FAIL)
		return rc;
	if (rc == FT_OK && seq <= at.last) {
		*ret = at;
		return FT_OK;
	}
	uint64_t first = rc == FT_OK ? at.last + 1 : 0;
	rc = chunk(log, CHUNK_BEHIND, seq, &behind);
	if (rc == FT_FAIL)
		return rc;
	*ret = (struct log_chunk){.first = first, .last = UINT64_MAX, .frames = "", .shapes = ""};
	if (rc == FT_OK)
		ret->last = behind.first - 1;
	return FT_OK;
}

enum ft_rc log_chunk_terms(struct log *log, const struct log_chunk *c, const char **ret,
			   size_t *ret_len)
{
	struct sqlite3_stmt *st;
	*ret = "";
	*ret_len = 0;
	if (!c->is_known)
		return FT_OK;
	if (log_statement(log, CHUNK_TERMS, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)c->first);
	enum ft_rc rc = sql_step(&log->q, st);
	if (rc == FT_OK && (!sql_get_bytes(st, 0, ret, ret_len) || !*ret))
		rc = sql_damaged(&log->q, "a chunk lacks what it had");
	return rc == FT_NONE ? sql_damaged(&log->q, "a chunk cannot be read") : rc;
}

enum ft_rc log_chunk_may_have(struct log *log, const struct log_chunk *c, const char *part,
			      size_t n, bool *ret)
{
	struct sqlite3_stmt *st;
	const char *texts, *trigrams;
	size_t texts_len, trigrams_len;
	*ret = true;
	if (!c->is_known || log->info.version < SCHEMA_TEXTS)
		return FT_OK;
	if (log_statement(log, CHUNK_TEXTS, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)c->first);
	enum ft_rc rc = sql_step(&log->q, st);
	if (rc == FT_OK &&
	    (!sql_get_bytes(st, 0, &texts, &texts_len) ||
	     !sql_get_bytes(st, 1, &trigrams, &trigrams_len) || (!texts && !trigrams)))
		rc = sql_damaged(&log->q, "the texts of a chunk cannot be read");
	if (rc == FT_OK && texts)
		*ret = texts_may_have(texts, texts_len, part, n);
	else if (rc == FT_OK && trigrams)
		*ret = trigrams_may_have(trigrams, trigrams_len, part, n);
	sql_reset(st);
	return rc == FT_FAIL ? rc : FT_OK;
}

void log_chunk_done(struct log *log)
{
	sql_reset(log->statements[CHUNK_AT]);
	sql_reset(log->statements[CHUNK_BEHIND]);
	sql_reset(log->statements[CHUNK_TERMS]);
}
