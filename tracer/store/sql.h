/*
 * sql.h - the few things that store/ asks of SQLite, with its failures in words (private).
 *
 * Owns:     how SQLite's errors are told.
 * Gives:    prepared statements, binding and columns with types checked.
 * Never:    decides what is read or written.
 * Lifetime: that of the connection and statements handed in.
 */
#ifndef FT_SQL_H
#define FT_SQL_H

#include "base/buf.h"

struct sqlite3;
struct sqlite3_stmt;

struct sql {
	struct sqlite3 *db;
	char *path;	  // as the user named it; of a log in memory: "the trace in memory"
	const int *error; // NULL, or errno of the last write that failed
};

/* The failure of the last call on the connection, in words: damaged, disk full, locked … */
enum ft_rc sql_fail(const struct sql *q);
enum ft_rc sql_fail_code(const struct sql *q, int code);

/* What the file holds is not what it should be: "FILE is damaged: WHAT". */
enum ft_rc sql_damaged(const struct sql *q, const char *fmt, ...) FT_PRINTF(2, 3);

FT_CHECK enum ft_rc sql_run(const struct sql *q, const char *text);
FT_CHECK enum ft_rc sql_prepare(const struct sql *q, const char *text, struct sqlite3_stmt **ret);

/* FT_OK: a row; FT_NONE: no more rows, and the statement is reset. */
FT_CHECK enum ft_rc sql_step(const struct sql *q, struct sqlite3_stmt *st);
/* Runs a statement without rows and resets it. */
FT_CHECK enum ft_rc sql_do(const struct sql *q, struct sqlite3_stmt *st);
void sql_reset(struct sqlite3_stmt *st);
void sql_finish(struct sqlite3_stmt **st);

/* Parameters count from 1. Texts are not copied: they must live until the statement is reset. */
void sql_int(struct sqlite3_stmt *st, int at, int64_t v);
void sql_null(struct sqlite3_stmt *st, int at);
void sql_text(struct sqlite3_stmt *st, int at, const char *s); // NULL: NULL
void sql_bytes_as_text(struct sqlite3_stmt *st, int at, const char *s, size_t len);
void sql_blob(struct sqlite3_stmt *st, int at, const void *s, size_t len);

/* Columns count from 0. False: of another type. NULL is a value: `ret` becomes `none`. */
bool sql_get_int(struct sqlite3_stmt *st, int at, int64_t none, int64_t *ret);
bool sql_get_text(struct sqlite3_stmt *st, int at, const char **ret); // without NULs inside
bool sql_get_bytes(struct sqlite3_stmt *st, int at, const char **ret, size_t *ret_len);
bool sql_is_null(struct sqlite3_stmt *st, int at);

/* One number, of one row; FT_NONE: no row, or NULL. Parameters: `n` numbers. */
FT_CHECK enum ft_rc sql_number(const struct sql *q, const char *text, int64_t *ret);

#endif
