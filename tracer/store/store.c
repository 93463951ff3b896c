/*
 * store.c - a run into its log: rows, and when they are committed.
 *
 * Events are rows as soon as they are handed in, in one transaction that is committed every tenth
 * of a second, or every thousand events: at the next event, output or store_sync() after it is
 * due. journal.c says how that leaves one file at any time. A commit that is refused because
 * another program reads the log is tried again a little later; nothing is lost meanwhile, since
 * pages wait in memory.
 */
#include "store/store.h"

#include "store/store_private.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
	OUTPUT_MOST = 1 << 16,	// bytes of one row
	COMMIT_EVENTS = 1024,	// or a tenth of a second: what a full disk may cost
	CLOSE_PATIENCE = 10000, // ms, for another program that reads
};

static const uint64_t try_again_after = 10000000; // ns

static const char *const statement_text[STATEMENTS] = {
	[INSERT_EVENT] = "INSERT INTO event VALUES(?,?,?,?,?,?,?,?,?)",
	[INSERT_POPPED] = "INSERT OR REPLACE INTO popped VALUES(?,?)",
	[INSERT_ASIDE] = "INSERT INTO aside(shape,stack,time_ns,depth,down,back,vals,rest,id,after)"
			 " VALUES(?2,?3,?4,?5,?6,?7,?8,?9,?1,?10)",
	[INSERT_OUTPUT] = "INSERT INTO written VALUES(?,?,?,?,?)",
	[INSERT_STACK] = "INSERT INTO stack VALUES(?,?,?,?,?)",
	[INSERT_SHAPE] = "INSERT INTO shape VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[INSERT_VARIABLE] = "INSERT INTO variable VALUES(?,?,?,?,?,?,?,?)",
	[INSERT_CHUNK] = "INSERT INTO chunk VALUES(?,?,?,?,?)",
	[INSERT_TEXTS] = "INSERT INTO chunk_text VALUES(?,?,?)",
	[INSERT_FRAMES] = "INSERT INTO chunk_frames VALUES(?,?)",
	[INSERT_MAP] = "INSERT OR IGNORE INTO map VALUES(?,?)",
	[INSERT_BLOCK] = "INSERT INTO block(id,number,address,size,usable,since,shape) "
			 "VALUES(?,?,?,?,?,?,?)",
	[END_BLOCK] = "UPDATE block SET until=?, until_shape=?, node=? WHERE id=?",
	[INSERT_FILE] = "INSERT OR IGNORE INTO source_file(name) VALUES(?)",
	[INSERT_SOURCE] = "INSERT INTO source VALUES(?,?,?)",
	[INSERT_FUNCTION] = "INSERT INTO function(name,symbol,module,file,line,lo,hi) "
			    "SELECT ?1,?2,?3,?4,?5,?6,?7 WHERE NOT EXISTS "
			    "(SELECT 1 FROM function WHERE name=?1 AND lo=?6)",
	[INSERT_INSN] = "INSERT INTO insn VALUES(?,?,?,?,?,?)",
	[INSERT_TYPE] = "INSERT OR IGNORE INTO type(name,kind,size) VALUES(?,?,?)",
	[INSERT_MEMBER] = "INSERT INTO member VALUES(?,?,?,?,?,?)",
	[SET_META] = "INSERT OR REPLACE INTO meta VALUES(?,?)",
};

/* ---- small things ---- */

static uint64_t clock_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &t); // a tick is 4 ms at most: near enough
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

enum ft_rc store_statement(struct store *s, enum store_statement which, struct sqlite3_stmt **ret)
{
	if (!s->statements[which] &&
	    sql_prepare(&s->q, statement_text[which], &s->statements[which]) != FT_OK)
		return FT_FAIL;
	*ret = s->statements[which];
	return FT_OK;
}

enum ft_rc store_set_text(struct store *s, const char *key, const char *value)
{
	struct sqlite3_stmt *st;
	if (store_statement(s, SET_META, &st) != FT_OK)
		return FT_FAIL;
	sql_text(st, 1, key);
	sql_text(st, 2, value);
	return sql_do(&s->q, st);
}

enum ft_rc store_set_number(struct store *s, const char *key, int64_t value)
{
	struct sqlite3_stmt *st;
	if (store_statement(s, SET_META, &st) != FT_OK)
		return FT_FAIL;
	sql_text(st, 1, key);
	sql_int(st, 2, value);
	return sql_do(&s->q, st);
}

enum ft_rc store_set_list(struct store *s, const char *key, const char *const *list, size_t n)
{
	struct buf json;
	buf_init(&json);
	for (size_t i = 0; i < n; i++) {
		buf_char(&json, i ? ',' : '[');
		buf_json(&json, list[i], strlen(list[i]));
	}
	buf_str(&json, n ? "]" : "[]");
	enum ft_rc rc = store_set_text(s, key, json.s);
	buf_deinit(&json);
	return rc;
}

/* ---- transactions ---- */

/*
 * The first failure is told; then the log takes nothing more. What was committed stays, and with a
 * little luck (the last transaction's pages were given back) there is room to say why it ends.
 */
enum ft_rc store_fail(struct store *s)
{
	s->failed = true;
	s->failure = xstrdup(ft_error());
	sqlite3_exec(s->q.db, "ROLLBACK", NULL, NULL, NULL);
	struct sqlite3_stmt *st;
	if (sqlite3_prepare_v2(s->q.db, "UPDATE meta SET value=? WHERE key='state'", -1, &st,
			       NULL) == SQLITE_OK) {
		sql_text(st, 1, s->failure);
		sqlite3_step(st);
		sqlite3_finalize(st);
	}
	return FT_FAIL;
}

enum ft_rc store_commit(struct store *s)
{
	uint64_t now = clock_ns();
	s->uncommitted = 0;
	int rc = sqlite3_exec(s->q.db, "COMMIT", NULL, NULL, NULL);
	if ((rc & 0xff) == SQLITE_BUSY) {
		s->last_commit_ns = now - s->commit_every_ns + try_again_after;
		return FT_OK;
	}
	s->last_commit_ns = now;
	s->committed = sqlite3_total_changes(s->q.db);
	return rc == SQLITE_OK ? sql_run(&s->q, "BEGIN IMMEDIATE") : sql_fail(&s->q);
}

static enum ft_rc commit_if_due(struct store *s)
{
	bool many = s->journal && s->uncommitted >= COMMIT_EVENTS;
	if (!many && clock_ns() - s->last_commit_ns < s->commit_every_ns)
		return FT_OK;
	return store_flush_output(s) == FT_OK ? store_commit(s) : FT_FAIL;
}

enum ft_rc store_sync(struct store *s)
{
	if (s->failed)
		return FT_OK;
	return commit_if_due(s) == FT_OK ? FT_OK : store_fail(s);
}

bool store_is_pending(const struct store *s)
{
	return !s->failed && (s->output.stream || sqlite3_total_changes(s->q.db) != s->committed);
}

uint64_t store_bytes(const struct store *s)
{
	int64_t pages = 0, size = 0;
	if (sql_number(&s->q, "PRAGMA page_count", &pages) != FT_OK ||
	    sql_number(&s->q, "PRAGMA page_size", &size) != FT_OK)
		ft_error_clear();
	return (uint64_t)pages * (uint64_t)size;
}

/* ---- events ---- */

const struct store_stack *store_stack_of(const struct store *s, int64_t id)
{
	return id > 0 && (size_t)id <= s->n_stacks ? &s->stacks[id - 1] : NULL;
}

static bool is_stack(const struct store *s, size_t i, const struct event *ev)
{
	if (i >= s->n_stacks)
		return false;
	const struct store_stack *k = &s->stacks[i];
	return k->tid == ev->tid && k->pid == ev->pid && k->top == ev->stack_top &&
	       (k->base != 0 || ev->cfa == 0);
}

// Frames and other events of one thread take turns: two are remembered.
static enum ft_rc find_stack(struct store *s, const struct event *ev,
			     const struct store_stack **ret)
{
	struct sqlite3_stmt *st;
	size_t at = s->n_stacks;
	for (size_t i = 0; i < FT_COUNT(s->recent); i++)
		if (is_stack(s, s->recent[i], ev))
			at = s->recent[i];
	for (size_t i = s->n_stacks; at == s->n_stacks && i-- > 0;)
		if (is_stack(s, i, ev))
			at = i;
	if (at == s->n_stacks) {
		if (store_statement(s, INSERT_STACK, &st) != FT_OK)
			return FT_FAIL;
		s->stacks = xgrow(s->stacks, s->n_stacks, &s->cap_stacks, sizeof(*s->stacks));
		s->stacks[at] = (struct store_stack){.id = (int64_t)at + 1,
						     .pid = ev->pid,
						     .tid = ev->tid,
						     .top = ev->stack_top,
						     .base = ev->cfa};
		s->n_stacks++;
		sql_int(st, 1, (int64_t)at + 1);
		sql_int(st, 2, ev->pid);
		sql_int(st, 3, ev->tid);
		sql_int(st, 4, (int64_t)ev->stack_top);
		sql_int(st, 5, (int64_t)ev->cfa);
		if (sql_do(&s->q, st) != FT_OK)
			return FT_FAIL;
	}
	if (s->recent[0] != at) {
		s->recent[1] = s->recent[0];
		s->recent[0] = at;
	}
	*ret = &s->stacks[at];
	return FT_OK;
}

/* How far back the push is that the event belongs to; a push: that of the frame around it. */
static void bind_back(struct store *s, struct sqlite3_stmt *st, int at, const struct event *ev,
		      const struct store_stack *k)
{
	if (ev->kind == EVENT_PUSH) {
		const struct state_frame *top = state_top(&s->state, k->id);
		if (top)
			sql_int(st, at, (int64_t)(ev->seq - top->seq));
		else
			sql_null(st, at);
	} else if (ev->kind == EVENT_POP || ev->pushed_seq) {
		sql_int(st, at, (int64_t)(ev->seq - ev->pushed_seq));
	} else {
		sql_null(st, at);
	}
}

// The columns that events and asides have in common; parameter 1 is the caller's.
static enum ft_rc bind_event(struct store *s, struct sqlite3_stmt *st, const struct event *ev,
			     int64_t *ret_shape, int64_t *ret_stack)
{
	struct coded coded;
	const struct store_stack *k;
	codec_encode(s->codec, ev, &coded);
	if (store_shape(s, ev, &coded.shape, ret_shape) != FT_OK || find_stack(s, ev, &k) != FT_OK)
		return FT_FAIL;
	*ret_stack = k->id;
	sql_int(st, 2, *ret_shape);
	sql_int(st, 3, k->id);
	sql_int(st, 4, (int64_t)ev->time_ns);
	sql_int(st, 5, ev->depth);
	if (ev->cfa)
		sql_int(st, 6, (int64_t)(k->base - ev->cfa));
	else
		sql_null(st, 6);
	bind_back(s, st, 7, ev, k);
	sql_bytes_as_text(st, 8, coded.values.s, coded.values.len);
	sql_blob(st, 9, coded.rest.s, coded.rest.len);
	return FT_OK;
}

static enum ft_rc put_map(struct store *s, uint64_t seq, int64_t aside)
{
	struct sqlite3_stmt *st;
	if (store_statement(s, INSERT_MAP, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)seq);
	sql_int(st, 2, aside);
	return sql_do(&s->q, st);
}

static enum ft_rc put_start(struct store *s, const struct event *ev)
{
	if (store_set_list(s, "arguments", ev->argv, ev->argc) != FT_OK ||
	    store_set_text(s, "program", ev->program) != FT_OK ||
	    store_set_text(s, "build_id", ev->build_id) != FT_OK ||
	    store_set_number(s, "pid", ev->pid) != FT_OK ||
	    store_set_number(s, "unix_ns", (int64_t)ev->unix_ns) != FT_OK)
		return FT_FAIL;
	return FT_OK;
}

static bool has_regions(const struct event *ev)
{
	return ev->kind == EVENT_MAP && ev->map && ev->map->n > 0;
}

/* The event that asides and output come after: -1, if none has come. */
static int64_t after(const struct store *s)
{
	return s->has_events ? (int64_t)s->last : -1;
}

static enum ft_rc put_aside(struct store *s, const struct event *ev)
{
	struct sqlite3_stmt *st;
	int64_t shape, stack, id = s->next_item++;
	if (ev->kind == EVENT_START && put_start(s, ev) != FT_OK)
		return FT_FAIL;
	if (store_statement(s, INSERT_ASIDE, &st) != FT_OK ||
	    bind_event(s, st, ev, &shape, &stack) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, id);
	sql_int(st, 10, after(s));
	if (sql_do(&s->q, st) != FT_OK)
		return FT_FAIL;
	return has_regions(ev) ? put_map(s, s->has_events ? s->last : 0, id) : FT_OK;
}

static enum ft_rc put_popped(struct store *s, const struct event *ev)
{
	struct sqlite3_stmt *st;
	if (ev->pushed_seq >= ev->seq)
		return FT_OK; // its push is not known
	if (store_statement(s, INSERT_POPPED, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)ev->pushed_seq);
	sql_int(st, 2, (int64_t)(ev->seq - ev->pushed_seq));
	return sql_do(&s->q, st);
}

static enum ft_rc change_state(struct store *s, const struct event *ev, int64_t shape,
			       int64_t stack)
{
	if (ev->kind == EVENT_PUSH) {
		struct state_frame f = {.seq = ev->seq,
					.cfa = ev->cfa,
					.rsp = ev->cfa +
					       (uint64_t)(ev->delta_known ? ev->delta : 0),
					.depth = ev->depth,
					.shape = shape};
		state_push(&s->state, stack, &f);
	} else if (ev->kind == EVENT_POP &&
		   !state_pop(&s->state, stack, ev->pushed_seq, ev->seq, ev->how == POP_EXIT) &&
		   !s->crossed) {
		s->crossed = true;
		return store_set_number(s, "crossed", 1);
	}
	return FT_OK;
}

// Their numbers are kept aside: who wants the variables of a frame need not search for them.
static enum ft_rc put_told(struct store *s, const struct event *ev)
{
	struct told_signals *t = &s->told;
	struct buf list;
	if (ev->kind != EVENT_SIGNAL || ev->n_frames == 0)
		return FT_OK;
	if (t->n == FT_COUNT(t->seq))
		memmove(t->seq, t->seq + 1, --t->n * sizeof(*t->seq));
	t->seq[t->n++] = ev->seq;
	buf_init(&list);
	for (size_t i = 0; i < t->n; i++) {
		buf_char(&list, i ? ',' : '[');
		buf_udec(&list, t->seq[i]);
	}
	buf_char(&list, ']');
	enum ft_rc rc = store_set_text(s, "signals", list.s);
	buf_deinit(&list);
	return rc;
}

// Of what was before --start-at only the frames around are told: a reader may not take it for loss.
static enum ft_rc put_gap(struct store *s, const struct event *ev)
{
	bool gap = s->has_events && ev->seq != s->last + 1;
	return gap ? store_set_number(s, "began", (int64_t)ev->seq) : FT_OK;
}

static enum ft_rc put_event(struct store *s, const struct event *ev)
{
	struct sqlite3_stmt *st;
	int64_t shape, stack;
	if (put_gap(s, ev) != FT_OK)
		return FT_FAIL;
	store_chunk_begin(s, ev->seq);
	if (store_statement(s, INSERT_EVENT, &st) != FT_OK ||
	    bind_event(s, st, ev, &shape, &stack) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)ev->seq);
	if (sql_do(&s->q, st) != FT_OK || (ev->kind == EVENT_POP && put_popped(s, ev) != FT_OK) ||
	    (has_regions(ev) && put_map(s, ev->seq, 0) != FT_OK) ||
	    (ev->heap && store_block_event(s, ev, shape) != FT_OK))
		return FT_FAIL;
	if (change_state(s, ev, shape, stack) != FT_OK || put_told(s, ev) != FT_OK)
		return FT_FAIL;
	store_chunk_add(s, ev, shape);
	if (!s->has_events)
		s->first = ev->seq;
	s->has_events = true;
	s->last = ev->seq;
	s->uncommitted++;
	if (s->chunk.n < s->chunk_events)
		return FT_OK;
	return store_chunk_end(s) == FT_OK ? store_ring(s) : FT_FAIL;
}

enum ft_rc store_event(struct store *s, const struct event *ev)
{
	if (s->failed)
		return FT_OK;
	if (store_flush_output(s) != FT_OK)
		return store_fail(s);
	bool beside = ev->aside || ev->kind == EVENT_START;
	enum ft_rc rc = beside ? put_aside(s, ev) : put_event(s, ev);
	if (rc == FT_OK)
		rc = commit_if_due(s);
	return rc == FT_OK ? FT_OK : store_fail(s);
}

/* ---- output ---- */

enum ft_rc store_flush_output(struct store *s)
{
	struct store_output_piece *o = &s->output;
	struct sqlite3_stmt *st;
	if (!o->stream)
		return FT_OK;
	if (store_statement(s, INSERT_OUTPUT, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, s->next_item++);
	sql_int(st, 2, after(s));
	sql_int(st, 3, o->stream);
	sql_int(st, 4, (int64_t)o->time_ns);
	sql_blob(st, 5, o->bytes.s, o->bytes.len);
	o->stream = 0;
	enum ft_rc rc = sql_do(&s->q, st);
	if (rc == FT_OK)
		rc = store_ring_output(s, o->bytes.len);
	buf_reset(&o->bytes);
	return rc;
}

enum ft_rc store_output(struct store *s, int stream, const char *bytes, size_t len,
			uint64_t time_ns)
{
	struct store_output_piece *o = &s->output;
	if (s->failed || len == 0)
		return FT_OK;
	bool full = o->bytes.len >= OUTPUT_MOST;
	if (o->stream && (o->stream != stream || full) && store_flush_output(s) != FT_OK)
		return store_fail(s);
	if (!o->stream)
		o->time_ns = time_ns;
	o->stream = stream;
	buf_add(&o->bytes, bytes, len);
	return commit_if_due(s) == FT_OK ? FT_OK : store_fail(s);
}

/* ---- the end ---- */

static enum ft_rc finish(struct store *s, const char *cut)
{
	if (store_flush_output(s) != FT_OK || store_chunk_end(s) != FT_OK ||
	    store_set_text(s, "state", cut ? cut : "complete") != FT_OK)
		return FT_FAIL;
	sqlite3_busy_timeout(s->q.db, CLOSE_PATIENCE);
	return sql_run(&s->q, "COMMIT");
}

static enum ft_rc check_place(const struct store *s)
{
	struct stat st;
	if (!s->journal ||
	    (stat(s->q.path, &st) == 0 && st.st_dev == s->device && st.st_ino == s->inode))
		return FT_OK;
	return ft_fail("%s was moved, removed or replaced while it was being written", s->q.path);
}

enum ft_rc store_close(struct store *s, const char *cut)
{
	if (!s)
		return FT_OK;
	enum ft_rc rc = FT_OK;
	if (!s->failed && (finish(s, cut) != FT_OK || check_place(s) != FT_OK))
		rc = store_fail(s);
	store_destroy(s);
	return rc;
}
