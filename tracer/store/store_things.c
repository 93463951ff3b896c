/*
 * store_things.c - source text, functions and types: each is written once.
 */
#include "store/store_private.h"

#include <sqlite3.h>
#include <string.h>

static void line_or_null(struct sqlite3_stmt *st, int at, uint32_t line)
{
	if (line)
		sql_int(st, at, line);
	else
		sql_null(st, at);
}

/* Whether the last statement put a row in; its id then. */
static bool has_put(const struct store *s, int64_t *ret)
{
	*ret = sqlite3_last_insert_rowid(s->q.db);
	return sqlite3_changes(s->q.db) > 0;
}

/* ---- source ---- */

static enum ft_rc put_lines(struct store *s, int64_t file, const char *text, size_t len)
{
	struct sqlite3_stmt *st;
	const char *end = text + len;
	if (store_statement(s, INSERT_SOURCE, &st) != FT_OK)
		return FT_FAIL;
	for (int64_t line = 1; text < end; line++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((stop ? stop : end) - text);
		sql_int(st, 1, file);
		sql_int(st, 2, line);
		sql_bytes_as_text(st, 3, text, n);
		if (sql_do(&s->q, st) != FT_OK)
			return FT_FAIL;
		text = stop ? stop + 1 : end;
	}
	return FT_OK;
}

static enum ft_rc put_source(struct store *s, const char *file, const char *text, size_t len)
{
	struct sqlite3_stmt *st;
	int64_t id;
	if (store_statement(s, INSERT_FILE, &st) != FT_OK)
		return FT_FAIL;
	sql_text(st, 1, file);
	if (sql_do(&s->q, st) != FT_OK)
		return FT_FAIL;
	return has_put(s, &id) ? put_lines(s, id, text, len) : FT_OK;
}

enum ft_rc store_source(struct store *s, const char *file, const char *text, size_t len)
{
	if (s->failed)
		return FT_OK;
	return put_source(s, file, text, len) == FT_OK ? FT_OK : store_fail(s);
}

/* ---- functions ---- */

static enum ft_rc put_insns(struct store *s, int64_t id, const struct store_function *fn)
{
	struct sqlite3_stmt *st;
	if (store_statement(s, INSERT_INSN, &st) != FT_OK)
		return FT_FAIL;
	for (size_t i = 0; i < fn->n_insns; i++) {
		const struct store_insn *insn = &fn->insns[i];
		sql_int(st, 1, id);
		sql_int(st, 2, (int64_t)i);
		sql_int(st, 3, (int64_t)insn->pc);
		sql_text(st, 4, insn->text);
		sql_text(st, 5, insn->bytes);
		line_or_null(st, 6, insn->line);
		if (sql_do(&s->q, st) != FT_OK)
			return FT_FAIL;
	}
	return FT_OK;
}

static enum ft_rc put_function(struct store *s, const struct store_function *fn)
{
	struct sqlite3_stmt *st;
	int64_t id;
	if (store_statement(s, INSERT_FUNCTION, &st) != FT_OK)
		return FT_FAIL;
	sql_text(st, 1, fn->name);
	sql_text(st, 2, fn->symbol);
	sql_text(st, 3, fn->module);
	sql_text(st, 4, fn->file);
	line_or_null(st, 5, fn->line);
	sql_int(st, 6, (int64_t)fn->lo);
	sql_int(st, 7, (int64_t)fn->hi);
	if (sql_do(&s->q, st) != FT_OK)
		return FT_FAIL;
	return has_put(s, &id) ? put_insns(s, id, fn) : FT_OK;
}

enum ft_rc store_function(struct store *s, const struct store_function *fn)
{
	if (s->failed)
		return FT_OK;
	return put_function(s, fn) == FT_OK ? FT_OK : store_fail(s);
}

/* ---- types ---- */

static enum ft_rc put_members(struct store *s, int64_t id, const struct store_type *t)
{
	struct sqlite3_stmt *st;
	if (store_statement(s, INSERT_MEMBER, &st) != FT_OK)
		return FT_FAIL;
	for (size_t i = 0; i < t->n_members; i++) {
		const struct store_member *m = &t->members[i];
		sql_int(st, 1, id);
		sql_int(st, 2, (int64_t)i);
		sql_text(st, 3, m->name);
		sql_text(st, 4, m->type);
		sql_int(st, 5, (int64_t)m->offset);
		sql_int(st, 6, (int64_t)m->size);
		if (sql_do(&s->q, st) != FT_OK)
			return FT_FAIL;
	}
	return FT_OK;
}

static enum ft_rc put_type(struct store *s, const struct store_type *t)
{
	struct sqlite3_stmt *st;
	int64_t id;
	if (store_statement(s, INSERT_TYPE, &st) != FT_OK)
		return FT_FAIL;
	sql_text(st, 1, t->name);
	sql_text(st, 2, t->kind);
	sql_int(st, 3, (int64_t)t->size);
	if (sql_do(&s->q, st) != FT_OK)
		return FT_FAIL;
	return has_put(s, &id) ? put_members(s, id, t) : FT_OK;
}

enum ft_rc store_type(struct store *s, const struct store_type *t)
{
	if (s->failed)
		return FT_OK;
	return put_type(s, t) == FT_OK ? FT_OK : store_fail(s);
}
