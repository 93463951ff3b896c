/*
 * sql.c - a thin coat over SQLite: what goes wrong is told once, here.
 */
#include "store/sql.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

enum ft_rc sql_damaged(const struct sql *q, const char *fmt, ...)
{
	struct buf what;
	va_list ap;
	buf_init(&what);
	va_start(ap, fmt);
	buf_vprintf(&what, fmt, ap);
	va_end(ap);
	ft_fail("%s is damaged: %s", q->path, what.s);
	buf_deinit(&what);
	return FT_FAIL;
}

// What the system said, if it said anything.
static const char *system_says(const struct sql *q, const char *otherwise)
{
	int error = q->error && *q->error ? *q->error : q->db ? sqlite3_system_errno(q->db) : 0;
	return error ? strerror(error) : otherwise;
}

enum ft_rc sql_fail_code(const struct sql *q, int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return ft_fail("%s: no space left on the device; the trace ends here", q->path);
	case SQLITE_NOTADB:
		return ft_fail("%s is not a trace log", q->path);
	case SQLITE_CORRUPT:
		return sql_damaged(q, "%s", q->db ? sqlite3_errmsg(q->db) : sqlite3_errstr(code));
	case SQLITE_INTERRUPT:
		return sql_damaged(q, "reading it would not come to an end");
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ft_fail("%s is in use by another program", q->path);
	case SQLITE_READONLY:
		return ft_fail("%s cannot be written: %s", q->path,
			       system_says(q, "it is read-only"));
	case SQLITE_CANTOPEN:
		return ft_fail("%s cannot be opened: %s", q->path,
			       system_says(q, "its directory cannot be used"));
	case SQLITE_IOERR:
		return ft_fail("%s: %s", q->path, system_says(q, "input or output error"));
	default:
		return ft_fail("%s: %s", q->path,
			       q->db ? sqlite3_errmsg(q->db) : sqlite3_errstr(code));
	}
}

enum ft_rc sql_fail(const struct sql *q)
{
	return sql_fail_code(q, sqlite3_extended_errcode(q->db));
}

enum ft_rc sql_run(const struct sql *q, const char *text)
{
	return sqlite3_exec(q->db, text, NULL, NULL, NULL) == SQLITE_OK ? FT_OK : sql_fail(q);
}

enum ft_rc sql_prepare(const struct sql *q, const char *text, struct sqlite3_stmt **ret)
{
	if (*ret)
		return FT_OK;
	int rc = sqlite3_prepare_v3(q->db, text, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
	return rc == SQLITE_OK ? FT_OK : sql_fail(q);
}

enum ft_rc sql_step(const struct sql *q, struct sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		return FT_OK;
	enum ft_rc ret = rc == SQLITE_DONE ? FT_NONE : sql_fail(q);
	sqlite3_reset(st);
	return ret;
}

enum ft_rc sql_do(const struct sql *q, struct sqlite3_stmt *st)
{
	enum ft_rc rc = sql_step(q, st);
	if (rc == FT_OK)
		sqlite3_reset(st);
	return rc == FT_FAIL ? FT_FAIL : FT_OK;
}

void sql_reset(struct sqlite3_stmt *st)
{
	if (st)
		sqlite3_reset(st);
}

void sql_finish(struct sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
	*st = NULL;
}

void sql_int(struct sqlite3_stmt *st, int at, int64_t v)
{
	sqlite3_bind_int64(st, at, v);
}

void sql_null(struct sqlite3_stmt *st, int at)
{
	sqlite3_bind_null(st, at);
}

void sql_text(struct sqlite3_stmt *st, int at, const char *s)
{
	sqlite3_bind_text(st, at, s, -1, SQLITE_STATIC);
}

void sql_bytes_as_text(struct sqlite3_stmt *st, int at, const char *s, size_t len)
{
	sqlite3_bind_text64(st, at, s, len, SQLITE_STATIC, SQLITE_UTF8);
}

void sql_blob(struct sqlite3_stmt *st, int at, const void *s, size_t len)
{
	sqlite3_bind_blob64(st, at, s, len, SQLITE_STATIC);
}

bool sql_is_null(struct sqlite3_stmt *st, int at)
{
	return sqlite3_column_type(st, at) == SQLITE_NULL;
}

bool sql_get_int(struct sqlite3_stmt *st, int at, int64_t none, int64_t *ret)
{
	// The column is looked up once: this is most of what reading a row takes. Such a value is
	// for one thread only, as all of a log is.
	sqlite3_value *v = sqlite3_column_value(st, at);
	int type = sqlite3_value_type(v);
	if (type != SQLITE_INTEGER && type != SQLITE_NULL)
		return false;
	*ret = type == SQLITE_NULL ? none : sqlite3_value_int64(v);
	return true;
}

bool sql_get_text(struct sqlite3_stmt *st, int at, const char **ret)
{
	int type = sqlite3_column_type(st, at);
	if (type != SQLITE_TEXT && type != SQLITE_NULL)
		return false;
	*ret = (const char *)sqlite3_column_text(st, at);
	return type == SQLITE_NULL || strlen(*ret) == (size_t)sqlite3_column_bytes(st, at);
}

bool sql_get_bytes(struct sqlite3_stmt *st, int at, const char **ret, size_t *ret_len)
{
	int type = sqlite3_column_type(st, at);
	if (type != SQLITE_TEXT && type != SQLITE_BLOB && type != SQLITE_NULL)
		return false;
	const char *bytes = sqlite3_column_blob(st, at); // NULL also if there are none
	*ret = bytes || type == SQLITE_NULL ? bytes : "";
	*ret_len = (size_t)sqlite3_column_bytes(st, at);
	return true;
}

enum ft_rc sql_number(const struct sql *q, const char *text, int64_t *ret)
{
	struct sqlite3_stmt *st = NULL;
	enum ft_rc rc = sql_prepare(q, text, &st);
	if (rc == FT_OK)
		rc = sql_step(q, st);
	if (rc == FT_OK && sql_is_null(st, 0))
		rc = FT_NONE;
	if (rc == FT_OK && !sql_get_int(st, 0, 0, ret))
		rc = sql_damaged(q, "a number is of another type");
	sql_finish(&st);
	return rc;
}
