/*
 * store_ring.c - a log that keeps the last part of a run: the oldest chunks go.
 *
 * Pushes of frames that were alive at the new first event stay, older than it: so the state at any
 * event that is left is whole. They go with their pops. Pages that become free are used again by
 * what follows: the file stays as large as it became.
 *
 * A program may write gigabytes between two events. So output has half of the room at most, and its
 * oldest pieces go by themselves.
 */
#include "store/store_private.h"

enum { MOST_AT_ONCE = 64 }; // chunks

/* Events before ?2 go; ?1: the first one so far. */
static const char *const deletions[] = {
	// Kept pushes whose frames ended among the events that go.
	"DELETE FROM event WHERE seq IN (SELECT e.seq - e.back FROM event e JOIN shape s "
	"ON s.id = e.shape WHERE e.seq >= ?1 AND e.seq < ?2 AND s.kind = 'pop' "
	"AND e.seq - e.back < ?1)",
	"DELETE FROM popped WHERE push IN (SELECT e.seq - e.back FROM event e JOIN shape s "
	"ON s.id = e.shape WHERE e.seq >= ?1 AND e.seq < ?2 AND s.kind = 'pop' "
	"AND e.seq - e.back < ?1)",
	"DELETE FROM event WHERE seq >= ?1 AND seq < ?2 AND NOT (shape IN (SELECT id FROM shape "
	"WHERE kind = 'push') AND NOT EXISTS (SELECT 1 FROM popped p WHERE p.push = seq "
	"AND p.push + p.after < ?2))",
	"DELETE FROM popped WHERE push >= ?1 AND push < ?2 AND push + after < ?2",
	"DELETE FROM chunk WHERE first >= ?1 AND first < ?2",
	"DELETE FROM chunk_text WHERE first >= ?1 AND first < ?2",
	("DELETE FROM aside WHERE after >= ?1 AND after < ?2 "
	 "AND id <> coalesce((SELECT max(aside) FROM map WHERE aside <> 0 AND seq < ?2), 0)"),
	"DELETE FROM written WHERE after >= ?1 AND after < ?2",
	"DELETE FROM map WHERE seq >= ?1 AND seq < ?2 AND aside = 0",
	"DELETE FROM block WHERE until <= ?2 AND until > ?1",
};

/* After rows of `written` went: what is left, and what a reader is to know of the rest. */
static enum ft_rc count_output(struct store *s)
{
	int64_t left;
	if (sql_number(&s->q, "SELECT coalesce(sum(length(bytes)), 0) FROM written", &left) !=
	    FT_OK)
		return FT_FAIL;
	if ((uint64_t)left == s->output_bytes)
		return FT_OK;
	s->output_gone += s->output_bytes - (uint64_t)left;
	s->output_bytes = (uint64_t)left;
	return store_set_number(s, "output_gone", (int64_t)s->output_gone);
}

/* The newest piece that has to go, so that `most` bytes stay; always one stays. */
static enum ft_rc last_to_go(const struct store *s, uint64_t most, int64_t *ret)
{
	struct sqlite3_stmt *st = NULL;
	int64_t id, len, found = 0;
	uint64_t left = s->output_bytes;
	enum ft_rc rc = sql_prepare(&s->q,
				    "SELECT id, length(bytes) FROM written "
				    "WHERE id < (SELECT max(id) FROM written) ORDER BY id",
				    &st);
	while (rc == FT_OK && left > most && (rc = sql_step(&s->q, st)) == FT_OK) {
		if (!sql_get_int(st, 0, 0, &id) || !sql_get_int(st, 1, 0, &len))
			rc = sql_damaged(&s->q, "a piece of output has no number");
		left -= (uint64_t)len;
		found = id;
	}
	sql_finish(&st);
	*ret = found;
	return rc == FT_FAIL ? rc : FT_OK;
}

enum ft_rc store_ring_output(struct store *s, size_t len)
{
	struct sqlite3_stmt *st = NULL;
	int64_t last = 0;
	uint64_t most = s->max_bytes / 2;
	s->output_bytes += len;
	if (!s->max_bytes || s->output_bytes <= most)
		return FT_OK;
	enum ft_rc rc = last_to_go(s, most - most / 4, &last); // a quarter: not for each piece
	if (rc == FT_OK)
		rc = sql_prepare(&s->q, "DELETE FROM written WHERE id <= ?", &st);
	if (rc == FT_OK) {
		sql_int(st, 1, last);
		rc = sql_do(&s->q, st);
	}
	sql_finish(&st);
	return rc == FT_OK ? count_output(s) : rc;
}

/*
 * Lists of frames stay as long as one of the frames: then its push is there. In a deep recursion
 * there are many, and nearly all stay: they are looked through when there may be twice as many.
 */
static const char lists_go[] =
	"DELETE FROM chunk_frames WHERE first < ?2 AND NOT EXISTS (SELECT 1 FROM event WHERE "
	"seq >= chunk_frames.first AND seq < ?2 AND seq < coalesce((SELECT min(n.first) "
	"FROM chunk_frames n WHERE n.first > chunk_frames.first), ?2))";

static enum ft_rc delete_by(struct store *s, const char *deletion, uint64_t until)
{
	struct sqlite3_stmt *st = NULL;
	enum ft_rc rc = sql_prepare(&s->q, deletion, &st);
	if (rc == FT_OK) {
		sql_int(st, 1, (int64_t)s->first);
		sql_int(st, 2, (int64_t)until);
		rc = sql_do(&s->q, st);
	}
	sql_finish(&st);
	return rc;
}

static enum ft_rc let_lists_go(struct store *s, uint64_t until)
{
	int64_t left = 0;
	if (s->lists_left > 0) {
		s->lists_left--;
		return FT_OK;
	}
	if (delete_by(s, lists_go, until) != FT_OK ||
	    sql_number(&s->q, "SELECT count(*) FROM chunk_frames", &left) == FT_FAIL)
		return FT_FAIL;
	s->lists_left = (uint64_t)left;
	return FT_OK;
}

static enum ft_rc let_go(struct store *s, uint64_t until)
{
	enum ft_rc rc = FT_OK;
	for (size_t i = 0; rc == FT_OK && i < FT_COUNT(deletions); i++)
		rc = delete_by(s, deletions[i], until);
	if (rc == FT_OK)
		rc = let_lists_go(s, until);
	s->first = until;
	if (rc == FT_OK)
		rc = count_output(s);
	return rc == FT_OK ? store_set_number(s, "first", (int64_t)until) : rc;
}

/* The first event of the second chunk that is left; FT_NONE: there is only one. */
static enum ft_rc second_chunk(const struct store *s, uint64_t *ret)
{
	int64_t second;
	enum ft_rc rc = sql_number(&s->q, "SELECT first FROM chunk ORDER BY first LIMIT 1 OFFSET 1",
				   &second);
	if (rc == FT_OK)
		*ret = (uint64_t)second;
	return rc;
}

/* Whether what is to come will fit: a part of the file must be free, or not be there yet. */
static enum ft_rc is_too_large(const struct store *s, bool *ret)
{
	int64_t pages, free_pages, size;
	if (sql_number(&s->q, "PRAGMA page_count", &pages) != FT_OK ||
	    sql_number(&s->q, "PRAGMA freelist_count", &free_pages) != FT_OK ||
	    sql_number(&s->q, "PRAGMA page_size", &size) != FT_OK)
		return FT_FAIL;
	uint64_t used = (uint64_t)(pages - free_pages) * (uint64_t)size;
	*ret = s->max_bytes && used > s->max_bytes - s->max_bytes / 8;
	return FT_OK;
}

enum ft_rc store_ring(struct store *s)
{
	for (int i = 0; (s->max_events || s->max_bytes) && i < MOST_AT_ONCE; i++) {
		uint64_t second;
		bool large = false;
		if (is_too_large(s, &large) != FT_OK)
			return FT_FAIL;
		enum ft_rc rc = second_chunk(s, &second);
		if (rc != FT_OK)
			return rc == FT_NONE ? FT_OK : rc;
		bool many = s->max_events && s->last + 1 - second >= s->max_events;
		if (!many && !large)
			return FT_OK;
		if (let_go(s, second) != FT_OK)
			return FT_FAIL;
	}
	return FT_OK;
}
