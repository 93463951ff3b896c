/*
 * log_names.c - the end of a frame, and the names of all functions: what moves and completion ask.
 */
#include "store/log_private.h"

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

enum ft_rc log_function_names(struct log *log, enum ft_rc (*each)(void *ctx, const char *name),
			      void *ctx)
{
	struct sqlite3_stmt *st = NULL;
	const char *name;
	if (log_begin(log) != FT_OK)
		return FT_FAIL;
	enum ft_rc rc =
		sql_prepare(&log->q, "SELECT DISTINCT name FROM function ORDER BY name", &st);
	while (rc == FT_OK && (rc = sql_step(&log->q, st)) == FT_OK) {
		if (!sql_get_text(st, 0, &name) || !name)
			rc = sql_damaged(&log->q, "a function has no name");
		else
			rc = each(ctx, name);
		log->steps = 0;
	}
	sql_finish(&st);
	return rc == FT_NONE ? FT_OK : rc;
}
