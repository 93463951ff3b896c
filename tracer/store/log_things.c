/*
 * log_things.c - what the run was made of: source text and functions.
 */
#include "store/log_private.h"

#include <string.h>

enum { MOST_SOURCE = 1 << 28, MOST_INSNS = 1 << 20 };

enum ft_rc log_source(struct log *log, const char *file, const char **ret, size_t *ret_len)
{
	struct sqlite3_stmt *st;
	const char *text;
	size_t len, n = 0;
	enum ft_rc rc;
	if (log_begin(log) != FT_OK || log_statement(log, SOURCE_LINES, &st) != FT_OK)
		return FT_FAIL;
	sql_text(st, 1, file);
	buf_reset(&log->text);
	while ((rc = sql_step(&log->q, st)) == FT_OK) {
		if (!sql_get_bytes(st, 0, &text, &len) || log->text.len + len > MOST_SOURCE) {
			rc = sql_damaged(&log->q, "a source line cannot be read");
			break;
		}
		buf_add(&log->text, text, len);
		buf_char(&log->text, '\n');
		n++;
	}
	sql_reset(st);
	if (rc == FT_FAIL || n == 0)
		return rc;
	*ret = log->text.s;
	*ret_len = log->text.len;
	return FT_OK;
}

/* ---- functions ---- */

// Offsets + 1 into `strings`, which may move: they become pointers when all is there.
static const char *keep(struct log *log, const char *s)
{
	if (!s)
		return NULL;
	uintptr_t at = log->strings.len + 1;
	buf_add(&log->strings, s, strlen(s) + 1);
	return (const char *)at;
}

static const char *kept(const struct log *log, const char *at)
{
	return at ? log->strings.s + ((uintptr_t)at - 1) : NULL;
}

static bool line_of(struct sqlite3_stmt *st, int at, uint32_t *ret)
{
	int64_t line;
	if (!sql_get_int(st, at, 0, &line) || line < 0 || line > UINT32_MAX)
		return false;
	*ret = (uint32_t)line;
	return true;
}

static bool read_function(struct log *log, struct sqlite3_stmt *st, int64_t *ret_id)
{
	struct store_function *f = &log->function;
	const char *name, *symbol, *module, *file;
	int64_t lo, hi;
	if (!sql_get_int(st, 0, 0, ret_id) || !sql_get_text(st, 1, &name) || !name ||
	    !sql_get_text(st, 2, &symbol) || !sql_get_text(st, 3, &module) ||
	    !sql_get_text(st, 4, &file) || !line_of(st, 5, &f->line) ||
	    !sql_get_int(st, 6, 0, &lo) || !sql_get_int(st, 7, 0, &hi))
		return false;
	f->name = keep(log, name);
	f->symbol = keep(log, symbol);
	f->module = keep(log, module ? module : "");
	f->file = keep(log, file);
	f->lo = (uint64_t)lo;
	f->hi = (uint64_t)hi;
	return true;
}

static bool read_insn(struct log *log, struct sqlite3_stmt *st)
{
	const char *text, *bytes;
	int64_t pc;
	struct store_insn insn;
	if (!sql_get_int(st, 0, 0, &pc) || !sql_get_text(st, 1, &text) ||
	    !sql_get_text(st, 2, &bytes) || !line_of(st, 3, &insn.line) ||
	    log->function.n_insns >= MOST_INSNS)
		return false;
	insn.pc = (uint64_t)pc;
	insn.text = keep(log, text ? text : "");
	insn.bytes = keep(log, bytes ? bytes : "");
	log->insns = xgrow(log->insns, log->function.n_insns, &log->cap_insns, sizeof(insn));
	log->insns[log->function.n_insns++] = insn;
	return true;
}

static enum ft_rc read_insns(struct log *log, int64_t id)
{
	struct sqlite3_stmt *st;
	enum ft_rc rc;
	if (log_statement(log, INSNS, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, id);
	while ((rc = sql_step(&log->q, st)) == FT_OK) {
		if (!read_insn(log, st)) {
			rc = sql_damaged(&log->q, "an instruction cannot be read");
			break;
		}
	}
	sql_reset(st);
	return rc == FT_NONE ? FT_OK : rc;
}

static void give_function(struct log *log, const struct store_function **ret)
{
	struct store_function *f = &log->function;
	f->name = kept(log, f->name);
	f->symbol = kept(log, f->symbol);
	f->module = kept(log, f->module);
	f->file = kept(log, f->file);
	for (size_t i = 0; i < f->n_insns; i++) {
		log->insns[i].text = kept(log, log->insns[i].text);
		log->insns[i].bytes = kept(log, log->insns[i].bytes);
	}
	f->insns = log->insns;
	*ret = f;
}

static enum ft_rc get_function(struct log *log, struct sqlite3_stmt *st, const uint64_t *pc,
			       const struct store_function **ret)
{
	int64_t id;
	enum ft_rc rc = sql_step(&log->q, st);
	if (rc != FT_OK)
		return rc;
	buf_reset(&log->strings);
	log->function = (struct store_function){0};
	bool good = read_function(log, st, &id);
	sql_reset(st);
	if (!good)
		return sql_damaged(&log->q, "a function cannot be read");
	if (pc && *pc >= log->function.hi)
		return FT_NONE;
	if (read_insns(log, id) != FT_OK)
		return FT_FAIL;
	give_function(log, ret);
	return FT_OK;
}

enum ft_rc log_function_at(struct log *log, uint64_t pc, const struct store_function **ret)
{
	struct sqlite3_stmt *st;
	if (log_begin(log) != FT_OK || log_statement(log, FUNCTION_AT, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)pc);
	return get_function(log, st, &pc, ret);
}

enum ft_rc log_function(struct log *log, const char *name, const struct store_function **ret)
{
	struct sqlite3_stmt *st;
	if (log_begin(log) != FT_OK || log_statement(log, FUNCTION_BY_NAME, &st) != FT_OK)
		return FT_FAIL;
	sql_text(st, 1, name);
	return get_function(log, st, NULL, ret);
}

enum ft_rc log_functions(struct log *log, log_function_sink sink, void *ctx)
{
	struct sqlite3_stmt *st;
	enum ft_rc rc;
	int64_t id;
	if (log_begin(log) != FT_OK || log_statement(log, FUNCTIONS, &st) != FT_OK)
		return FT_FAIL;
	while ((rc = sql_step(&log->q, st)) == FT_OK) {
		const struct store_function *fn;
		log->steps = 0; // each of them is asked for
		buf_reset(&log->strings);
		log->function = (struct store_function){0};
		if (!read_function(log, st, &id)) {
			rc = sql_damaged(&log->q, "a function cannot be read");
			break;
		}
		give_function(log, &fn);
		rc = sink(ctx, fn);
		if (rc != FT_OK)
			break;
	}
	sql_reset(st);
	return rc == FT_NONE ? FT_OK : rc;
}
