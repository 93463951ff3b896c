/*
 * log.c - a log is opened, and what it says of itself.
 */
#include "store/log.h"

#include "store/frame_list.h"
#include "store/log_private.h"
#include "store/schema.h"
#include "store/store_private.h"
#include "store/texts.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS "shape,stack,time_ns,depth,down,back"
#define EVENT "seq,-1," COLUMNS ",vals,rest"
#define ASIDE "after,id," COLUMNS ",vals,rest"
#define CHUNK_ROW "SELECT first,last,frames,shapes FROM chunk "
// A stranger may have made it longer than any that was written: it is not read then.
#define BOUNDED(column, most)                                                                      \
	"CASE WHEN typeof(" column ")='blob' AND length(" column ")<=" most " THEN " column " END"
#define BLOCK_ROW "SELECT id,address FROM block INDEXED BY " // the index alone answers that

static const char *const statement_text[LOG_STATEMENTS] = {
	[GET_SHAPE] = "SELECT kind,function,file,line,delta,how,call,bytes FROM shape WHERE id=?",
	[GET_STACK] = "SELECT pid,tid,top,base FROM stack WHERE id=?",
	[GET_EVENT] = "SELECT " EVENT " FROM event WHERE seq=?",
	[GET_ASIDE] = "SELECT " ASIDE " FROM aside WHERE id=?",
	[GET_START] = "SELECT " ASIDE " FROM aside WHERE shape IN "
		      "(SELECT id FROM shape WHERE kind='start') ORDER BY id LIMIT 1",
	[GET_FIRST] = "SELECT seq FROM event WHERE seq>=? ORDER BY seq LIMIT 1",
	[GET_LAST] = "SELECT seq FROM event ORDER BY seq DESC LIMIT 1",
	[READ_EVENTS] = "SELECT " EVENT " FROM event WHERE seq BETWEEN ? AND ? ORDER BY seq",
	[READ_EVENTS_BACK] =
		"SELECT " EVENT " FROM event WHERE seq BETWEEN ? AND ? ORDER BY seq DESC",
	[READ_ASIDES] = "SELECT " ASIDE " FROM aside WHERE after BETWEEN ? AND ? ORDER BY after,id",
	[READ_ASIDES_BACK] = "SELECT " ASIDE
			     " FROM aside WHERE after BETWEEN ? AND ? ORDER BY after DESC,id DESC",
	[READ_OUTPUT] = "SELECT after,id,stream,time_ns,bytes FROM written "
			"WHERE after BETWEEN ? AND ? ORDER BY after,id",
	[READ_OUTPUT_BACK] = "SELECT after,id,stream,time_ns,bytes FROM written "
			     "WHERE after BETWEEN ? AND ? ORDER BY after DESC,id DESC",
	[SCAN_EVENTS] =
		"SELECT seq,-1," COLUMNS " FROM event WHERE seq BETWEEN ? AND ? ORDER BY seq",
	[SCAN_EVENTS_BACK] =
		"SELECT seq,-1," COLUMNS " FROM event WHERE seq BETWEEN ? AND ? ORDER BY seq DESC",
	[GET_POPPED] = "SELECT push+after FROM popped WHERE push=?",
	[CHUNK_AT] = CHUNK_ROW "WHERE first<=? ORDER BY first DESC LIMIT 1",
	[CHUNK_BEHIND] = CHUNK_ROW "WHERE first>? ORDER BY first LIMIT 1",
	[CHUNK_TERMS] = "SELECT terms FROM chunk WHERE first=?",
	[CHUNK_TEXTS] = "SELECT " BOUNDED("texts", "131072") "," BOUNDED(
		"trigrams", "32768") " FROM chunk_text WHERE first=?",
	[CHUNK_FRAMES] = "SELECT first," BOUNDED(
		"frames", "262144") " FROM chunk_frames WHERE first<=? ORDER BY first DESC LIMIT 1",
	[MAP_AT] = "SELECT seq,aside FROM map WHERE seq<=? ORDER BY seq DESC,aside DESC LIMIT 1",
	[MAP_FIRST] = "SELECT seq,aside FROM map ORDER BY seq,aside LIMIT 1",
	[BLOCKS_AT_NODE] = BLOCK_ROW "block_since WHERE node=?1",
	[BLOCKS_LEFT] = BLOCK_ROW "block_until WHERE node=?1 AND until>?2",
	[BLOCKS_RIGHT] = BLOCK_ROW "block_since WHERE node=?1 AND since<=?2",
	[BLOCKS_ALIVE] = BLOCK_ROW "block_since WHERE node IS NULL AND since<=?2",
	[GET_BLOCK] = "SELECT number,address,size,usable,since,shape FROM block WHERE id=?",
	[SOURCE_LINES] = "SELECT s.text FROM source_file f JOIN source s ON s.file=f.id "
			 "WHERE f.name=? ORDER BY s.line",
	[FUNCTION_AT] = "SELECT id,name,symbol,module,file,line,lo,hi FROM function "
			"WHERE lo<=? ORDER BY lo DESC LIMIT 1",
	[FUNCTION_BY_NAME] = "SELECT id,name,symbol,module,file,line,lo,hi FROM function "
			     "WHERE name=? ORDER BY id LIMIT 1",
	[FUNCTIONS] = "SELECT id,name,symbol,module,file,line,lo,hi FROM function ORDER BY id",
	[INSNS] = "SELECT pc,text,bytes,line FROM insn WHERE function=? ORDER BY place",
};

static_assert(TEXTS_MOST == 131072 && TRIGRAM_BYTES == 32768 && FRAME_LIST_BYTES == 262144,
	      "the queries' bounds");

enum ft_rc log_statement(struct log *log, enum log_statement which, struct sqlite3_stmt **ret)
{
	if (!log->statements[which] &&
	    sql_prepare(&log->q, statement_text[which], &log->statements[which]) != FT_OK)
		return FT_FAIL;
	*ret = log->statements[which];
	sql_reset(*ret);
	return FT_OK;
}

enum ft_rc log_begin(struct log *log)
{
	log->steps = 0;
	return log->store ? store_flush_output(log->store) : FT_OK;
}

/* ---- what it says of itself ---- */

enum ft_rc log_meta_text(struct log *log, const char *key, char **ret)
{
	struct sqlite3_stmt *st = NULL;
	const char *text;
	enum ft_rc rc = sql_prepare(&log->q, "SELECT value FROM meta WHERE key=?", &st);
	if (rc != FT_OK)
		return rc;
	sql_text(st, 1, key);
	rc = sql_step(&log->q, st);
	if (rc == FT_OK && !sql_get_text(st, 0, &text))
		rc = sql_damaged(&log->q, "meta '%s' is no text", key);
	if (rc == FT_OK && !text)
		rc = FT_NONE;
	if (rc == FT_OK)
		*ret = xstrdup(text);
	sql_finish(&st);
	return rc;
}

static void read_holds(const char *json, struct store_holds *h)
{
	h->locals = strstr(json, "\"locals\"");
	h->frames = strstr(json, "\"frames\"");
	h->insn = strstr(json, "\"insn\"");
	h->line = strstr(json, "\"line\"");
	h->inlines = strstr(json, "\"inlines\"");
	h->registers = strstr(json, "\"registers\"");
	h->heap = strstr(json, "\"heap\"");
	h->maps = strstr(json, "\"maps\"");
	h->output = strstr(json, "\"output\"");
	h->walk = strstr(json, "\"walk\"");
}

static enum ft_rc one_seq(struct log *log, enum log_statement which, const uint64_t *from,
			  uint64_t *ret)
{
	struct sqlite3_stmt *st;
	int64_t seq;
	if (log_statement(log, which, &st) != FT_OK)
		return FT_FAIL;
	if (from)
		sql_int(st, 1, (int64_t)*from);
	enum ft_rc rc = sql_step(&log->q, st);
	if (rc == FT_OK && (!sql_get_int(st, 0, -1, &seq) || seq < 0))
		rc = sql_damaged(&log->q, "an event has no number");
	sql_reset(st);
	if (rc == FT_OK)
		*ret = (uint64_t)seq;
	return rc;
}

/* The first event of those that follow each other: kept pushes of a ring lie before it. */
static enum ft_rc read_bounds(struct log *log)
{
	int64_t first = 0, gone = 0;
	uint64_t from, last;
	if (sql_number(&log->q, "SELECT value FROM meta WHERE key='first'", &first) == FT_FAIL ||
	    sql_number(&log->q, "SELECT value FROM meta WHERE key='output_gone'", &gone) == FT_FAIL)
		return FT_FAIL;
	log->info.output_gone = gone > 0 ? (uint64_t)gone : 0;
	if (first < 0)
		return sql_damaged(&log->q, "its first event has no number");
	from = (uint64_t)first;
	enum ft_rc rc = one_seq(log, GET_FIRST, &from, &log->info.first);
	log->info.is_empty = rc == FT_NONE;
	log->info.dropped = from;
	if (rc == FT_OK)
		rc = one_seq(log, GET_LAST, NULL, &last);
	if (rc == FT_OK)
		log->info.last = last;
	// Each takes more than a byte: who goes through all numbers comes to an end.
	if (rc == FT_OK && !log->store && last - log->info.first > log->bytes)
		return sql_damaged(&log->q, "its events are numbered up to %llu",
				   (unsigned long long)last);
	return rc == FT_FAIL ? rc : FT_OK;
}

/* Why the run is not whole; NULL: it is. */
static enum ft_rc read_cut(struct log *log)
{
	char *state = NULL;
	if (log->store)
		return FT_OK;
	enum ft_rc rc = log_meta_text(log, "state", &state);
	if (rc == FT_NONE)
		return sql_damaged(&log->q, "it does not say how the run ended");
	if (rc != FT_OK)
		return rc;
	if (strcmp(state, "complete") == 0) {
		free(state);
	} else if (strcmp(state, "writing") == 0) {
		free(state);
		log->cut = xstrdup(log_is_locked(log)
					   ? "it is still being written"
					   : "the tracer was killed, or could not say why it "
					     "ends");
	} else {
		log->cut = state;
	}
	log->info.cut = log->cut;
	return FT_OK;
}

bool log_is_crossed(const struct log *log)
{
	return log->store ? log->store->crossed : log->crossed;
}

// A stranger's list: what does not ascend is left out, and so is what there is too much of.
static void read_told(const char *json, struct told_signals *ret)
{
	ret->n = 0;
	while (ret->n < FT_COUNT(ret->seq) && (*json == '[' || *json == ',')) {
		char *end;
		uint64_t seq = strtoull(json + 1, &end, 10);
		if (end == json + 1)
			return;
		if (ret->n == 0 || seq > ret->seq[ret->n - 1])
			ret->seq[ret->n++] = seq;
		json = end;
	}
}

static enum ft_rc read_info(struct log *log)
{
	char *format = NULL, *holds = NULL, *told = NULL;
	int64_t crossed = 0;
	enum ft_rc rc = log_meta_text(log, "format", &format);
	bool is_ours = rc == FT_OK && strcmp(format, "frametrace") == 0;
	free(format);
	if (rc == FT_FAIL)
		return rc;
	if (!is_ours)
		return ft_fail("%s is not a trace log", log->q.path);
	if (log_meta_text(log, "writer", &log->writer) == FT_FAIL ||
	    log_meta_text(log, "directory", &log->directory) == FT_FAIL ||
	    log_meta_text(log, "holds", &holds) == FT_FAIL ||
	    log_meta_text(log, "signals", &told) == FT_FAIL) {
		free(holds);
		return FT_FAIL;
	}
	read_told(told ? told : "", &log->told);
	free(told);
	if (sql_number(&log->q, "SELECT value FROM meta WHERE key='crossed'", &crossed) ==
	    FT_FAIL) {
		free(holds);
		return FT_FAIL;
	}
	log->crossed = crossed;
	read_holds(holds ? holds : "", &log->info.holds);
	free(holds);
	log->info.path = log->q.path;
	log->info.writer = log->writer ? log->writer : "unknown";
	log->info.directory = log->directory ? log->directory : "";
	if (read_cut(log) != FT_OK)
		return FT_FAIL;
	return read_bounds(log);
}

static struct log *log_create(const char *path)
{
	struct log *log = xcalloc(1, sizeof(*log));
	log->codec = codec_create();
	log->q.path = xstrdup(path);
	log->most_steps = UINT64_MAX;
	state_init(&log->at.state);
	buf_init(&log->text);
	buf_init(&log->strings);
	return log;
}

enum ft_rc log_open(const char *path, struct log **ret)
{
	if (log_examine(path) != FT_OK)
		return FT_FAIL;
	struct log *log = log_create(path);
	if (log_open_database(log, path) != FT_OK || log_compare_schema(log) != FT_OK ||
	    read_info(log) != FT_OK) {
		log_close(log);
		return FT_FAIL;
	}
	*ret = log;
	return FT_OK;
}

enum ft_rc log_of(struct store *s, struct log **ret)
{
	struct log *log = log_create(s->q.path);
	log->store = s;
	log->q.db = s->q.db;
	log->info.version = SCHEMA_VERSION;
	if (read_info(log) != FT_OK) {
		log_close(log);
		return FT_FAIL;
	}
	*ret = log;
	return FT_OK;
}

void log_close(struct log *log)
{
	if (!log)
		return;
	for (size_t i = 0; i < LOG_STATEMENTS; i++)
		sql_finish(&log->statements[i]);
	if (!log->store)
		sqlite3_close_v2(log->q.db);
	codec_destroy(log->codec);
	log_rows_free(log);
	log_variables_free(log);
	state_deinit(&log->at.state);
	buf_deinit(&log->text);
	buf_deinit(&log->strings);
	free(log->list);
	free(log->frames);
	free(log->blocks);
	free(log->lowest);
	free(log->values);
	free(log->insns);
	free(log->writer);
	free(log->directory);
	free(log->cut);
	free(log->q.path);
	free(log);
}

const struct log_info *log_info(struct log *log)
{
	if (log->store) {
		log->info.is_empty = !log->store->has_events;
		log->info.first = log->info.dropped = log->store->first;
		log->info.last = log->store->last;
		log->info.output_gone = log->store->output_gone;
	}
	return &log->info;
}
