/*
 * log_check.c - all of a log is read, to see whether it can be.
 */
#include "store/log_private.h"
#include "store/terms.h"

static enum ft_rc integrity(struct log *log)
{
	struct sqlite3_stmt *st = NULL;
	const char *says;
	enum ft_rc rc = sql_prepare(&log->q, "PRAGMA integrity_check(1)", &st);
	if (rc == FT_OK)
		rc = sql_step(&log->q, st);
	if (rc == FT_OK && (!sql_get_text(st, 0, &says) || !says))
		rc = sql_damaged(&log->q, "its pages cannot be read");
	if (rc == FT_OK && !(says[0] == 'o' && says[1] == 'k' && says[2] == '\0')) {
		struct buf shown;
		buf_init(&shown);
		for (const char *p = says; *p; p++)
			buf_char(&shown, *p == '\n' ? ' ' : *p);
		rc = sql_damaged(&log->q, "%s", shown.s);
		buf_deinit(&shown);
	}
	sql_finish(&st);
	return rc == FT_NONE ? sql_damaged(&log->q, "its pages cannot be read") : rc;
}

struct seen {
	bool any;
	uint64_t last;
	uint64_t began; // before this one only pushes of frames around it are told
	struct log *log;
};

static enum ft_rc see(void *ctx, const struct log_item *item)
{
	struct seen *s = ctx;
	if (!item->event || item->event->aside)
		return FT_OK;
	if (s->any && item->event->seq != s->last + 1 && item->event->seq > s->began)
		return sql_damaged(&s->log->q, "events are missing before event %llu",
				   (unsigned long long)item->event->seq);
	s->any = true;
	s->last = item->event->seq;
	return FT_OK;
}

/* Each chunk's snapshot leads to a state, its index can be read; chunks cover what they say. */
static enum ft_rc check_chunks(struct log *log)
{
	const struct log_info *info = log_info(log);
	const struct log_frame *frames;
	size_t n;
	for (uint64_t at = info->first;;) {
		struct log_chunk c;
		const char *terms;
		size_t len;
		bool may;
		enum ft_rc rc = log_chunk_at(log, at, &c);
		if (rc == FT_OK)
			rc = log_chunk_terms(log, &c, &terms, &len);
		if (rc == FT_OK)
			rc = log_chunk_may_have(log, &c, "", 0, &may);
		log_chunk_done(log);
		if (rc != FT_OK || log_frames(log, at, &frames, &n) != FT_OK)
			return FT_FAIL;
		if (c.last >= info->last)
			return FT_OK;
		at = c.last + 1;
	}
}

/* Up to which event only frames are told, those around it; 0: all is told. */
static enum ft_rc read_began(struct log *log, uint64_t *ret)
{
	int64_t began = 0;
	*ret = 0;
	if (sql_number(&log->q, "SELECT value FROM meta WHERE key='began'", &began) == FT_FAIL)
		return FT_FAIL;
	if (began < 0)
		return sql_damaged(&log->q, "the event that it began with has no number");
	*ret = (uint64_t)began;
	return FT_OK;
}

enum ft_rc log_check(struct log *log)
{
	struct seen seen = {.log = log};
	const struct event *start;
	const struct log_block *blocks;
	size_t n;
	uint64_t all;
	if (log_begin(log) != FT_OK || integrity(log) != FT_OK ||
	    read_began(log, &seen.began) != FT_OK)
		return FT_FAIL;
	enum ft_rc rc = log_start(log, &start);
	if (rc == FT_NONE && !log_info(log)->is_empty)
		rc = sql_damaged(&log->q, "its beginning is missing");
	if (rc == FT_FAIL)
		return rc;
	const struct log_info *info = log_info(log);
	if (log_read(log, info->first, UINT64_MAX, false, see, &seen) != FT_OK)
		return FT_FAIL;
	if (info->is_empty)
		return FT_OK;
	if (check_chunks(log) != FT_OK)
		return FT_FAIL;
	return log_blocks(log, info->last, SIZE_MAX, &blocks, &n, &all);
}
