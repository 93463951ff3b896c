/*
 * test_log.c - what a log says of a run, against a model that knows the run: states, search, order.
 */
#include "log_maker.h"
#include "log_place.h"
#include "test.h"

#include <fnmatch.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EVENTS = 30000, MOST = 40000, SELDOM = 7000 };

/* ---- the model: the run again, from its beginning, as simply as can be ---- */

struct happened {
	enum event_kind kind;
	enum pop_how how;
	unsigned thread, function;
	uint64_t seq, cfa, rsp, pushed;
	uint64_t number, address, size, old_address;
	char value[16];
	char texts[200]; // what a search for a part of a text looks into, a line each
};

struct history {
	struct happened *h;
	size_t n;
};

static void note_text(struct happened *h, const char *text)
{
	size_t n = strlen(h->texts);
	if (text)
		snprintf(h->texts + n, sizeof(h->texts) - n, "%s\n", text);
}

static void note_texts(struct happened *h, const struct event *ev)
{
	const char *const texts[] = {ev->function,
				     ev->symbol,
				     ev->module,
				     ev->file,
				     ev->caller,
				     ev->text,
				     ev->heap ? ev->heap->call : NULL};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		note_text(h, texts[i]);
	for (size_t i = 0; i < ev->n_args; i++) {
		note_text(h, ev->args[i].name);
		note_text(h, ev->args[i].value);
	}
	for (size_t i = 0; i < ev->n_changes; i++) {
		note_text(h, ev->changes[i].now.name);
		note_text(h, ev->changes[i].now.value);
		note_text(h, ev->changes[i].old);
	}
	if (ev->has_return)
		note_text(h, ev->returned.value);
}

static void see(void *ctx, const struct event *ev)
{
	struct history *all = ctx;
	if (ev->kind == EVENT_START || ev->aside)
		return;
	struct happened *h = &all->h[all->n++];
	*h = (struct happened){.kind = ev->kind,
			       .how = ev->how,
			       .thread = (unsigned)(ev->tid - 4711),
			       .seq = ev->seq,
			       .cfa = ev->cfa,
			       .rsp = ev->cfa - (uint64_t)(ev->delta < 0 ? -ev->delta : ev->delta),
			       .pushed = ev->pushed_seq};
	for (unsigned i = 0; ev->function && i < MAKER_FUNCTIONS; i++)
		if (strcmp(ev->function, maker_function[i]) == 0)
			h->function = i;
	if (ev->heap) {
		h->number = ev->heap->number;
		h->address = ev->heap->address;
		h->size = ev->heap->size;
		h->old_address = ev->heap->old_address;
	}
	note_texts(h, ev);
	if (ev->n_args)
		snprintf(h->value, sizeof(h->value), "%s", ev->args[0].value);
	if (ev->n_changes)
		snprintf(h->value, sizeof(h->value), "%s", ev->changes[0].now.value);
}

static bool is_live(const struct history *all, size_t push, uint64_t seq)
{
	for (size_t i = push + 1; i <= seq; i++)
		if (all->h[i].kind == EVENT_POP && all->h[i].pushed == all->h[push].seq)
			return false;
	return true;
}

/* A frame that was popped, and no frame was pushed onto it since. */
static bool is_ghost(const struct history *all, uint64_t pushed, uint64_t popped, uint64_t seq)
{
	const struct happened *f = &all->h[pushed];
	for (size_t i = popped + 1; i <= seq; i++) {
		const struct happened *h = &all->h[i];
		if (h->thread != f->thread)
			continue;
		if (h->kind == EVENT_PUSH && h->rsp < f->cfa && h->cfa > f->rsp)
			return false;
		if (h->kind == EVENT_POP && h->how == POP_EXIT)
			return false;
	}
	return all->h[popped].how != POP_EXIT;
}

static void check_frames(struct log *log, const struct history *all, uint64_t seq)
{
	const struct log_frame *f;
	size_t n, live = 0, wanted = 0;
	uint64_t before[MAKER_THREADS] = {0};
	if (log_frames(log, seq, &f, &n) != FT_OK) {
		test_fail(__FILE__, __LINE__, "%s", ft_error());
		return;
	}
	for (size_t i = 0; i < n; i++) {
		unsigned thread = (unsigned)(f[i].tid - 4711);
		const struct happened *push = &all->h[f[i].pushed_seq];
		CHECK_EQ_I(push->kind, EVENT_PUSH);
		CHECK_EQ_U(push->thread, thread);
		CHECK_EQ_U(push->cfa, f[i].cfa);
		CHECK_EQ_U(push->rsp, f[i].rsp);
		CHECK_EQ_U(maker_top(thread), f[i].stack_top);
		CHECK_EQ_S(f[i].function, maker_function[push->function]);
		if (f[i].ghost) {
			CHECK_EQ_U(all->h[f[i].popped_seq].pushed, f[i].pushed_seq);
			CHECK(is_ghost(all, f[i].pushed_seq, f[i].popped_seq, seq));
			continue;
		}
		live++;
		CHECK(is_live(all, f[i].pushed_seq, seq));
		CHECK(!before[thread] || f[i].cfa < before[thread]); // outermost first
		before[thread] = f[i].cfa;
	}
	for (size_t i = 0; i <= seq; i++) {
		wanted += all->h[i].kind == EVENT_PUSH;
		wanted -= all->h[i].kind == EVENT_POP;
	}
	CHECK_EQ_U(live, wanted);
}

static void check_blocks(struct log *log, const struct history *all, uint64_t seq)
{
	struct happened alive[MAKER_BLOCKS * 2] = {0};
	const struct log_block *b;
	size_t n, wanted = 0;
	uint64_t count;
	for (size_t i = 0; i <= seq; i++) {
		const struct happened *h = &all->h[i];
		bool begins = h->kind == EVENT_ALLOC || h->kind == EVENT_REALLOC;
		uint64_t ends = h->kind == EVENT_FREE	   ? h->address
				: h->kind == EVENT_REALLOC ? h->old_address
							   : 0;
		for (size_t k = 0; ends && k < wanted; k++)
			if (alive[k].address == ends)
				alive[k--] = alive[--wanted];
		if (begins)
			alive[wanted++] = *h;
	}
	if (log_blocks(log, seq, SIZE_MAX, &b, &n, &count) != FT_OK) {
		test_fail(__FILE__, __LINE__, "%s", ft_error());
		return;
	}
	CHECK_EQ_U(n, wanted);
	CHECK_EQ_U(count, wanted);
	for (size_t i = 0; i < n; i++) {
		bool found = false;
		CHECK(i == 0 || b[i - 1].address < b[i].address);
		for (size_t k = 0; k < wanted; k++)
			found |= alive[k].address == b[i].address &&
				 alive[k].seq == b[i].alloc_seq && alive[k].number == b[i].number &&
				 alive[k].size == b[i].size;
		CHECK(found);
		CHECK_EQ_S(b[i].file, "/src/a/fib.c");
		CHECK_EQ_U(b[i].line, 33);
	}
}

/* ---- a run ---- */

static int64_t count_rows(const char *path, const char *query)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t n = -1;
	CHECK_EQ_I(sqlite3_open(path, &db), SQLITE_OK);
	CHECK_EQ_I(sqlite3_prepare_v2(db, query, -1, &st, NULL), SQLITE_OK);
	if (sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static struct maker *make(const char *path, struct history *all, uint64_t max_events)
{
	struct store_options o = {.path = path,
				  .directory = "/home/me",
				  .holds = {.line = true, .heap = true},
				  .max_events = max_events};
	struct store *s = NULL;
	if (store_create(&o, &s) != FT_OK) {
		test_fail(__FILE__, __LINE__, "%s", ft_error());
		exit(1);
	}
	struct maker *m = maker_create(s);
	*all = (struct history){.h = calloc(MOST * 2, sizeof(*all->h))};
	m->see = see;
	m->ctx = all;
	maker_start(m);
	while (m->seq < EVENTS) {
		maker_random(m);
		if (m->seq / SELDOM != (m->seq - 1) / SELDOM)
			maker_note(m, m->seq / SELDOM & 1 ? "a needle" : "an \"eye\"/\xc3\xa9");
	}
	CHECK_EQ_I(m->rc, FT_OK);
	return m;
}

static void check_many(struct log *log, const struct history *all, struct maker *m)
{
	const struct log_info *info = log_info(log);
	uint64_t first = info->first, span = info->last - first + 1;
	for (int i = 0; i < 60; i++) { // jumps
		uint64_t seq = first + maker_any(m) % span;
		check_frames(log, all, seq);
		check_blocks(log, all, seq);
	}
	for (uint64_t seq = first; seq < first + span && seq < first + 40; seq++)
		check_frames(log, all, seq);
	uint64_t edge = first + 4096 < info->last ? first + 4096 : info->last;
	for (uint64_t seq = edge > first + 20 ? edge - 20 : first; seq < edge + 20; seq++)
		check_frames(log, all, seq <= info->last ? seq : info->last);
	for (uint64_t seq = edge; seq > first && seq > edge - 40; seq--) // back
		check_frames(log, all, seq);
	check_frames(log, all, info->last);
	check_blocks(log, all, info->last);
	check_blocks(log, all, first);
}

TEST(states_of_a_live_log)
{
	struct history all;
	struct maker *m = make(NULL, &all, 0);
	struct log *log;
	CHECK_EQ_I(log_of(m->store, &log), FT_OK);
	check_many(log, &all, m);
	for (int i = 0; i < 100; i++) { // it goes on being written
		maker_random(m);
		check_frames(log, &all, m->seq - 1);
		check_blocks(log, &all, m->seq - 1);
	}
	log_close(log);
	CHECK_EQ_I(store_close(m->store, NULL), FT_OK);
	free(all.h);
	free(m);
}

static struct log *close_and_open(struct maker *m, const char *path)
{
	struct log *log = NULL;
	CHECK_EQ_I(m->rc, FT_OK);
	CHECK_EQ_I(store_close(m->store, NULL), FT_OK);
	if (log_open(path, &log) != FT_OK) {
		test_fail(__FILE__, __LINE__, "%s", ft_error());
		exit(1);
	}
	return log;
}

TEST(states_of_a_file)
{
	struct history all;
	char *path = place("states");
	struct maker *m = make(path, &all, 0);
	maker_exit(m);
	struct log *log = close_and_open(m, path);
	check_many(log, &all, m);
	CHECK_EQ_I(log_check(log), FT_OK);
	CHECK_EQ_S(ft_error(), "");
	log_close(log);
	unlink(path);
	free(all.h);
	free(m);
}

TEST(a_ring_keeps_the_last_part)
{
	struct history all;
	char *path = place("ring");
	const struct event *ev;
	struct maker *m = make(path, &all, 5000);
	struct log *log = close_and_open(m, path);
	const struct log_info *info = log_info(log);
	CHECK(info->last - info->first + 1 >= 5000);
	CHECK(info->last - info->first + 1 < 5000 + 2 * 625);
	CHECK_EQ_U(info->dropped, info->first);
	CHECK_EQ_U(info->last, m->seq - 1);
	check_many(log, &all, m);
	CHECK_EQ_I(log_start(log, &ev), FT_OK);
	CHECK_EQ_I(log_check(log), FT_OK);
	CHECK_EQ_S(ft_error(), "");
	log_close(log);
	unlink(path);
	free(all.h);
	free(m);
}

TEST(a_ring_stays_small)
{
	enum { LARGEST = 2000000, MANY = 150000 };
	char *path = place("small");
	struct store_options o = {.path = path, .max_bytes = LARGEST};
	struct store *s = NULL;
	struct stat st = {0};
	CHECK_EQ_I(store_create(&o, &s), FT_OK);
	struct maker *m = maker_create(s);
	maker_start(m);
	while (m->seq < MANY)
		maker_random(m);
	struct log *log = close_and_open(m, path);
	const struct log_info *info = log_info(log);
	CHECK_EQ_I(stat(path, &st), 0);
	CHECK(st.st_size < LARGEST + LARGEST / 8);
	CHECK(st.st_size > LARGEST / 2);
	CHECK(info->dropped > MANY / 2 && info->first == info->dropped);
	CHECK_EQ_U(info->last, m->seq - 1);
	CHECK_EQ_I(log_check(log), FT_OK);
	CHECK_EQ_S(ft_error(), "");
	log_close(log);
	unlink(path);
	free(m);
}

/* Frames that end before those inside them: no sane program, but the log must not lie. */
TEST(frames_that_end_out_of_order)
{
	struct store_options o = {0};
	struct history all = {.h = calloc(MOST, sizeof(*all.h))};
	struct store *s = NULL;
	struct log *log;
	CHECK_EQ_I(store_create(&o, &s), FT_OK);
	struct maker *m = maker_create(s);
	m->see = see;
	m->ctx = &all;
	maker_start(m);
	for (int i = 0; i < 10000; i++) {
		size_t n = m->depth[0];
		if (n > 2 && maker_any(m) % 8 == 0) { // the one but innermost
			struct maker_frame inner = m->live[0][n - 1];
			m->depth[0]--;
			maker_pop(m, 0, POP_UNWOUND, 0);
			m->live[0][m->depth[0]++] = inner;
		} else if (n > 0 && maker_any(m) & 1) {
			maker_pop(m, 0, POP_RETURN, 0);
		} else {
			maker_push(m, 0, 1, i);
		}
	}
	CHECK_EQ_I(log_of(s, &log), FT_OK);
	for (int i = 0; i < 300; i++) {
		const struct log_frame *f;
		size_t n, live = 0, wanted = 0;
		uint64_t seq = maker_any(m) % m->seq;
		CHECK_EQ_I(log_frames(log, seq, &f, &n), FT_OK);
		for (size_t k = 0; k < n; k++) {
			live += !f[k].ghost;
			CHECK(f[k].ghost || is_live(&all, f[k].pushed_seq, seq));
		}
		for (size_t k = 0; k <= seq; k++)
			wanted += all.h[k].kind == EVENT_PUSH ? 1 : (size_t)-1;
		CHECK_EQ_U(live, wanted);
	}
	log_close(log);
	CHECK_EQ_I(store_close(s, NULL), FT_OK);
	free(all.h);
	free(m);
}

TEST(deep_recursion)
{
	enum { DEEP = 300000 };
	struct store_options o = {0};
	struct store *s = NULL;
	struct log *log;
	const struct log_frame *f;
	size_t n;
	CHECK_EQ_I(store_create(&o, &s), FT_OK);
	struct maker *m = maker_create(s);
	maker_start(m);
	for (int i = 0; i < DEEP; i++) { // the model keeps one frame only
		m->depth[0] = 0;
		struct event ev = {.kind = EVENT_PUSH,
				   .tid = 1,
				   .depth = (uint32_t)i,
				   .cfa = 0x7fff00000000 - 32 * (uint64_t)i,
				   .delta = -32,
				   .delta_known = true,
				   .stack_top = 0x7fff00001000};
		maker_place(&ev, 1);
		maker_emit(m, &ev);
	}
	CHECK_EQ_I(m->rc, FT_OK);
	CHECK(store_bytes(s) < DEEP * UINT64_C(100)); // snapshots are not copies of the stack
	CHECK_EQ_I(log_of(s, &log), FT_OK);
	CHECK_EQ_I(log_frames(log, DEEP - 1, &f, &n), FT_OK);
	CHECK_EQ_U(n, DEEP);
	CHECK_EQ_I(log_frames(log, DEEP / 2, &f, &n), FT_OK);
	CHECK_EQ_U(n, DEEP / 2 + 1);
	CHECK_EQ_U(f[1000].pushed_seq, 1000);
	log_close(log);
	CHECK_EQ_I(store_close(s, NULL), FT_OK);
	free(m);
}

/* Each frame of the model's deep recursion: `n` of them, the innermost pushed last. */
static void check_deep(struct log *log, uint64_t seq, const uint64_t *pushes, size_t n)
{
	const struct log_frame *f;
	size_t len, live = 0;
	CHECK_EQ_I(log_frames(log, seq, &f, &len), FT_OK);
	for (size_t i = 0; i < len; i++) {
		if (f[i].ghost)
			continue;
		CHECK(live < n && f[i].pushed_seq == pushes[live] && f[i].depth == live);
		live++;
	}
	CHECK_EQ_U(live, n);
}

/* A ring in the midst of a deep recursion: the frames stay, and go when they end. */
/* Each chunk's list has frames of all of them. */
TEST(many_threads_go_down_together)
{
	enum { MANY = 700, DOWN = 20 };
	char *path = place("many");
	struct store_options o = {.path = path};
	struct store *s = NULL;
	struct log *log = NULL;
	const struct log_frame *f;
	size_t n;
	CHECK_EQ_I(store_create(&o, &s), FT_OK);
	struct maker *m = maker_create(s);
	maker_start(m);
	for (uint32_t depth = 0; depth < DOWN; depth++) {
		for (int i = 0; i < MANY; i++) {
			uint64_t top = UINT64_C(0x7ffffffff000) - (uint64_t)i * 0x100000;
			struct event ev = {.kind = EVENT_PUSH,
					   .tid = i + 1,
					   .depth = depth,
					   .cfa = top - 64 * depth,
					   .delta = -64,
					   .delta_known = true,
					   .stack_top = top};
			maker_place(&ev, 1);
			maker_emit(m, &ev);
		}
	}
	CHECK_EQ_I(m->rc, FT_OK);
	CHECK_EQ_I(store_close(s, NULL), FT_OK);
	CHECK_EQ_I(log_open(path, &log), FT_OK);
	CHECK_EQ_I(log_frames(log, m->seq - 1, &f, &n), FT_OK);
	CHECK_EQ_U(n, MANY * DOWN);
	for (size_t i = 0; i < n; i++)
		CHECK_EQ_U(f[i].pushed_seq, i % DOWN * MANY + (uint64_t)f[i].tid - 1);
	log_close(log);
	unlink(path);
	free(m);
}

TEST(deep_recursion_in_a_ring)
{
	enum { DOWN = 3900, RING = 800 };
	static uint64_t pushes[MAKER_DEEP];
	char path[300];
	struct store_options o = {.path = path, .max_events = RING};
	struct store *s = NULL;
	struct log *log;
	snprintf(path, sizeof(path), "%s", place("deep-ring"));
	CHECK_EQ_I(store_create(&o, &s), FT_OK);
	struct maker *m = maker_create(s);
	maker_start(m);
	while (m->depth[0] < DOWN) { // two steps in, one out and in again: lists have gaps
		pushes[m->depth[0]] = m->seq;
		maker_push(m, 0, 1, 1);
		maker_push(m, 0, 2, 2);
		maker_pop(m, 0, POP_RETURN, 2);
	}
	CHECK_EQ_I(log_of(s, &log), FT_OK);
	for (int i = 0; i < 60; i++) {
		uint64_t seq = m->seq - 1 - maker_any(m) % RING, n = seq / 3 + 1;
		if (seq % 3 == 1)
			continue; // inside leaf
		check_deep(log, seq, pushes, n);
	}
	log_close(log);
	while (m->depth[0] > 10)
		maker_pop(m, 0, POP_RETURN, 1);
	CHECK_EQ_I(log_of(s, &log), FT_OK);
	check_deep(log, m->seq - 1, pushes, 10);
	check_deep(log, m->seq - 11, pushes, 20);
	log_close(log);
	for (int i = 0; i < 20 * RING; i++) {
		maker_push(m, 0, 2, 2);
		maker_pop(m, 0, POP_RETURN, 2);
	}
	log = close_and_open(m, path);
	check_deep(log, log_info(log)->last, pushes, 10);
	uint64_t first = log_info(log)->first;
	pushes[10] = first; // leaf, if it is its push
	check_deep(log, first, pushes, first % 2 ? 10 : 11);
	CHECK_EQ_I(log_check(log), FT_OK);
	CHECK_EQ_S(ft_error(), "");
	log_close(log);
	CHECK(count_rows(path, "SELECT count(*) FROM chunk_frames") < 20);
	unlink(path);
	free(m);
}

/* ---- variables ---- */

TEST(variables_of_a_frame)
{
	struct store_options o = {.holds = {.line = true}};
	struct store *s = NULL;
	struct log *log;
	const struct event_value *v;
	size_t n;
	CHECK_EQ_I(store_create(&o, &s), FT_OK);
	struct maker *m = maker_create(s);
	maker_start(m);
	maker_push(m, 0, 0, 5);		// 0
	maker_push(m, 0, 1, 6);		// 1
	maker_change(m, 0, "x", 10);	// 2
	maker_change(m, 0, "x", 11);	// 3
	maker_pop(m, 0, POP_RETURN, 1); // 4
	maker_change(m, 0, "y", 12);	// 5
	CHECK_EQ_I(log_of(s, &log), FT_OK);
	CHECK_EQ_I(log_variables(log, 1, 1, &v, &n), FT_OK);
	CHECK_EQ_U(n, 1);
	CHECK_EQ_S(v[0].name, "n");
	CHECK_EQ_S(v[0].value, "6");
	CHECK_EQ_I(log_variables(log, 1, 2, &v, &n), FT_OK);
	CHECK_EQ_U(n, 2);
	CHECK_EQ_S(v[1].name, "x");
	CHECK_EQ_S(v[1].value, "10");
	CHECK_EQ_I(log_variables(log, 1, 5, &v, &n), FT_OK);
	CHECK_EQ_U(n, 2);
	CHECK_EQ_S(v[1].value, "11");
	CHECK_EQ_I(log_variables(log, 0, 5, &v, &n), FT_OK);
	CHECK_EQ_U(n, 2);
	CHECK_EQ_S(v[1].name, "y");
	CHECK_EQ_I(log_variables(log, 4, 5, &v, &n), FT_NONE); // a pop
	CHECK_EQ_I(log_variables(log, 1, 0, &v, &n), FT_NONE); // not pushed yet
	log_close(log);
	CHECK_EQ_I(store_close(s, NULL), FT_OK);
	free(m);
}

/* ---- search ---- */

struct question {
	struct log_query q;
	bool (*fits)(const struct happened *h, const struct log_query *q);
};

static bool by_function(const struct happened *h, const struct log_query *q)
{
	bool placed = h->kind != EVENT_NOTE;
	return placed && fnmatch(q->function, maker_function[h->function], 0) == 0 &&
	       (!q->has_kind || h->kind == q->kind);
}

static bool by_value(const struct happened *h, const struct log_query *q)
{
	bool named = !q->variable || strcmp(q->variable, h->kind == EVENT_CHANGE ? "x" : "n") == 0;
	return named && strcmp(h->value, q->value) == 0;
}

static bool by_address(const struct happened *h, const struct log_query *q)
{
	return h->address == q->address || h->old_address == q->address;
}

static bool by_kind(const struct happened *h, const struct log_query *q)
{
	return h->kind == q->kind;
}

static bool by_part(const struct happened *h, const struct log_query *q)
{
	bool placed = h->kind != EVENT_NOTE;
	if (q->function && (!placed || fnmatch(q->function, maker_function[h->function], 0) != 0))
		return false;
	return strstr(h->texts, q->text) && (!q->has_kind || h->kind == q->kind);
}

static bool by_nothing(const struct happened *h, const struct log_query *q)
{
	(void)q;
	(void)h;
	return false;
}

static void ask(struct log *log, const struct history *all, const struct question *k, uint64_t from,
		bool reverse)
{
	uint64_t seq = UINT64_MAX, wanted = UINT64_MAX, first = log_info(log)->first;
	for (uint64_t at = from; at < all->n && at >= first; reverse ? at-- : at++) {
		if (k->fits(&all->h[at], &k->q)) {
			wanted = at;
			break;
		}
	}
	enum ft_rc rc = log_find(log, &k->q, from, reverse, &seq);
	CHECK_EQ_I(rc, wanted == UINT64_MAX ? FT_NONE : FT_OK);
	CHECK_EQ_U(seq, wanted);
}

TEST(search_finds_what_a_scan_finds)
{
	static const struct question questions[] = {
		{{.function = "leaf"}, by_function},
		{{.function = "*a*", .has_kind = true, .kind = EVENT_POP}, by_function},
		{{.function = "nowhere"}, by_nothing},
		{{.variable = "x", .value = "77"}, by_value},
		{{.variable = "n", .value = "77"}, by_value},
		{{.variable = "n", .value = "4000"}, by_nothing},
		{{.value = "4000"}, by_nothing},
		{{.has_address = true, .address = 0x605000}, by_address},
		{{.has_address = true, .address = 0x605800}, by_address},
		{{.has_address = true, .address = 0x777}, by_nothing},
		{{.has_kind = true, .kind = EVENT_NOTE}, by_kind},
		{{.has_kind = true, .kind = EVENT_SIGNAL}, by_nothing},
		{{.text = "a note"}, by_part},
		{{.text = "needle"}, by_part},
		{{.text = "e"}, by_part},
		{{.text = "dl"}, by_part},
		{{.text = "\"eye\"/\xc3"}, by_part},
		{{.text = "needles"}, by_nothing},
		{{.text = "77"}, by_part},
		{{.text = "-77"}, by_nothing},
		{{.text = "/a/fib.c"}, by_part},
		{{.text = "box"}, by_part},
		{{.text = "realloc"}, by_nothing},
		{{.text = "int"}, by_nothing}, // the type of them all
		{{.text = "reak"}, by_nothing},
		{{.text = "512", .has_kind = true, .kind = EVENT_CHANGE}, by_part},
		{{.text = "99", .function = "leaf"}, by_part},
		{{.text = "needle", .function = "leaf"}, by_nothing},
		{{.file = "b/fib.c"}, by_nothing},
		{{.file = "ib.c"}, by_nothing},
	};
	struct history all;
	struct maker *m = make(NULL, &all, 0);
	struct log *log;
	CHECK_EQ_I(log_of(m->store, &log), FT_OK);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const struct question *k = &questions[i];
		ask(log, &all, k, 0, false);
		ask(log, &all, k, all.n - 1, true);
		for (int n = 0; n < 20; n++)
			ask(log, &all, k, maker_any(m) % all.n, n & 1);
	}
	struct log_query line = {.file = "fib.c", .line = 33};
	uint64_t seq;
	CHECK_EQ_I(log_find(log, &line, 0, false, &seq), FT_OK);
	CHECK(all.h[seq].kind == EVENT_ALLOC);
	log_close(log);
	CHECK_EQ_I(store_close(m->store, NULL), FT_OK);
	free(all.h);
	free(m);
}

/* A name that was there first does not hide a value that reads as it does. */
TEST(search_finds_a_value_that_is_a_name_too)
{
	struct store_options o = {0};
	struct log_query q = {.value = "leaf"};
	struct store *s = NULL;
	struct log *log;
	uint64_t wanted, seq = UINT64_MAX;
	CHECK_EQ_I(store_create(&o, &s), FT_OK);
	struct maker *m = maker_create(s);
	maker_start(m);
	maker_push(m, 0, 0, 1);
	maker_push(m, 0, 2, 1); // leaf()
	wanted = m->seq;
	struct event_change change = {.now = maker_value("x", "leaf", 0)};
	struct event ev = {
		.kind = EVENT_CHANGE, .tid = maker_tid(0), .changes = &change, .n_changes = 1};
	maker_place(&ev, 2);
	maker_emit(m, &ev);
	while (m->seq < EVENTS) // its chunk is done
		maker_note(m, "a note");
	CHECK_EQ_I(m->rc, FT_OK);
	CHECK_EQ_I(log_of(s, &log), FT_OK);
	CHECK_EQ_I(log_find(log, &q, 0, false, &seq), FT_OK);
	CHECK_EQ_U(seq, wanted);
	log_close(log);
	CHECK_EQ_I(store_close(s, NULL), FT_OK);
	free(m);
}

TEST(search_in_a_ring)
{
	static const struct question questions[] = {
		{{.text = "needle"}, by_part},	   {{.text = "77"}, by_part},
		{{.text = "a n"}, by_part},	   {{.text = "not there"}, by_nothing},
		{{.function = "l*"}, by_function},
	};
	struct history all;
	char *path = place("ring-search");
	struct maker *m = make(path, &all, 9000);
	struct log *log = close_and_open(m, path);
	const struct log_info *info = log_info(log);
	uint64_t span = info->last - info->first + 1;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		ask(log, &all, &questions[i], info->first, false);
		ask(log, &all, &questions[i], info->last, true);
		for (int n = 0; n < 20; n++)
			ask(log, &all, &questions[i], info->first + maker_any(m) % span, n & 1);
	}
	log_close(log);
	unlink(path);
	free(all.h);
	free(m);
}

/* Too much of them to keep each: chunks have their trigrams only. */
TEST(search_in_long_texts)
{
	enum { LONG = 150, LONG_EVENTS = 15000, APART = 4321 };
	static const struct question questions[] = {
		{{.text = "needle"}, by_part}, {{.text = "XY"}, by_part},
		{{.text = "Y"}, by_part},      {{.text = "needly"}, by_part},
		{{.text = "qzj"}, by_part},    {{.text = "qzjx"}, by_part},
		{{.text = "abcde"}, by_part},  {{.text = "9 9"}, by_nothing},
	};
	struct store_options o = {0};
	struct history all = {.h = calloc(MOST, sizeof(*all.h))};
	struct store *s = NULL;
	struct log *log;
	CHECK_EQ_I(store_create(&o, &s), FT_OK);
	struct maker *m = maker_create(s);
	m->see = see;
	m->ctx = &all;
	maker_start(m);
	maker_push(m, 0, 0, 1);
	while (m->seq < LONG_EVENTS) {
		char text[LONG + 1];
		for (size_t i = 0; i < LONG; i++)
			text[i] = (char)('a' + maker_any(m) % 26);
		text[LONG] = '\0';
		if (m->seq % APART == 0)
			memcpy(text + m->seq % 100, m->seq & 1 ? "needle" : "needXY", 6);
		struct event_change change = {.now = maker_value("x", text, 0)};
		struct event ev = {.kind = EVENT_CHANGE,
				   .tid = maker_tid(0),
				   .changes = &change,
				   .n_changes = 1};
		maker_place(&ev, 0);
		maker_emit(m, &ev);
	}
	CHECK_EQ_I(m->rc, FT_OK);
	CHECK(store_bytes(s) < LONG_EVENTS * (LONG + UINT64_C(100))); // they are there once
	CHECK_EQ_I(log_of(s, &log), FT_OK);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		ask(log, &all, &questions[i], 0, false);
		ask(log, &all, &questions[i], all.n - 1, true);
		for (int n = 0; n < 10; n++)
			ask(log, &all, &questions[i], maker_any(m) % all.n, n & 1);
	}
	log_close(log);
	CHECK_EQ_I(store_close(s, NULL), FT_OK);
	free(all.h);
	free(m);
}

/* ---- order ---- */

struct items {
	char text[64];
	size_t n;
};

static enum ft_rc take(void *ctx, const struct log_item *item)
{
	struct items *t = ctx;
	const char *what = item->before_all ? "^" : "";
	if (!item->event)
		t->n += (size_t)snprintf(t->text + t->n, sizeof(t->text) - t->n, "%s%.*s ", what,
					 (int)item->len, item->bytes);
	else if (item->event->aside)
		t->n += (size_t)snprintf(t->text + t->n, sizeof(t->text) - t->n, "%sA ", what);
	else
		t->n += (size_t)snprintf(t->text + t->n, sizeof(t->text) - t->n, "%" PRIu64 " ",
					 item->event->seq);
	return FT_OK;
}

static const char *read_items(struct log *log, uint64_t from, uint64_t to, bool reverse)
{
	static struct items t;
	t = (struct items){{0}, 0};
	CHECK_EQ_I(log_read(log, from, to, reverse, take, &t), FT_OK);
	return t.text;
}

TEST(items_in_the_order_in_which_they_came)
{
	struct store_options o = {0};
	struct store *s = NULL;
	struct log *log;
	const char *bytes;
	const struct event *map;
	size_t len;
	CHECK_EQ_I(store_create(&o, &s), FT_OK);
	struct maker *m = maker_create(s);
	maker_start(m);
	CHECK_EQ_I(log_of(s, &log), FT_OK);
	CHECK_EQ_I(store_output(s, 1, "a", 1, 1), FT_OK);
	maker_map(m, "start", true);
	maker_push(m, 0, 0, 1);
	CHECK_EQ_I(store_output(s, 1, "b", 1, 2), FT_OK);
	CHECK_EQ_I(store_output(s, 1, "c", 1, 3), FT_OK);
	CHECK_EQ_I(store_output(s, 2, "d", 1, 4), FT_OK);
	maker_map(m, "later", true);
	CHECK_EQ_I(store_output(s, 1, "e", 1, 5), FT_OK);
	maker_push(m, 0, 1, 1);
	maker_pop(m, 0, POP_RETURN, 1);
	CHECK_EQ_I(store_output(s, 1, "f", 1, 5), FT_OK);
	CHECK_EQ_S(read_items(log, 0, UINT64_MAX, false), "^a ^A 0 bc d A e 1 2 f ");
	CHECK_EQ_S(read_items(log, 0, UINT64_MAX, true), "f 2 1 e A d bc 0 ^A ^a ");
	CHECK_EQ_S(read_items(log, 1, 1, false), "1 ");
	CHECK_EQ_S(read_items(log, 0, 0, true), "e A d bc 0 ^A ^a ");
	CHECK_EQ_S(read_items(log, 3, 9, true), "");
	CHECK_EQ_I(log_output(log, 1, 100, &bytes, &len), FT_OK);
	CHECK_EQ_S(bytes, "abcde");
	CHECK_EQ_I(log_output(log, 2, 3, &bytes, &len), FT_OK);
	CHECK_EQ_S(bytes, "def");
	CHECK_EQ_I(log_output(log, 0, 0, &bytes, &len), FT_OK);
	CHECK_EQ_U(len, 0);
	CHECK_EQ_I(log_map(log, 0, &map), FT_OK);
	CHECK_EQ_S(map->map->when, "later");
	CHECK_EQ_U(map->map->n, 2);
	log_close(log);
	CHECK_EQ_I(store_close(s, NULL), FT_OK);
	free(m);
}

/* ---- things ---- */

TEST(source_functions_and_types)
{
	static const struct store_insn insns[] = {{0x401100, "push rbp", "55", 11},
						  {0x401101, "mov rbp, rsp", "48 89 e5", 0}};
	static const struct store_function fib = {"fib",	  "fib", "fib",
						  "/src/a/fib.c", 11,	 0x401100,
						  0x401140,	  insns, 2},
					   leaf = {"leaf",   NULL,     "fib", NULL, 0,
						   0x401200, 0x401210, NULL,  0};
	static const struct store_member members[] = {{"x", "int", 0, 4}};
	static const struct store_type point = {"point", "struct", 4, members, 1};
	static const char text[] = "int main(void)\r\n{\n\n\treturn 0;\n}";
	struct store_options o = {0};
	struct store *s = NULL;
	struct log *log;
	const struct store_function *fn;
	const char *source;
	size_t len;
	CHECK_EQ_I(store_create(&o, &s), FT_OK);
	for (int i = 0; i < 2; i++) { // the second time changes nothing
		CHECK_EQ_I(store_source(s, "/src/a/fib.c", text, strlen(text)), FT_OK);
		CHECK_EQ_I(store_function(s, &fib), FT_OK);
		CHECK_EQ_I(store_function(s, &leaf), FT_OK);
		CHECK_EQ_I(store_type(s, &point), FT_OK);
	}
	CHECK_EQ_I(log_of(s, &log), FT_OK);
	CHECK_EQ_I(log_source(log, "/src/a/fib.c", &source, &len), FT_OK);
	CHECK_EQ_S(source, "int main(void)\r\n{\n\n\treturn 0;\n}\n");
	CHECK_EQ_I(log_source(log, "other.c", &source, &len), FT_NONE);
	CHECK_EQ_I(log_function_at(log, 0x40113f, &fn), FT_OK);
	CHECK_EQ_S(fn->name, "fib");
	CHECK_EQ_S(fn->file, "/src/a/fib.c");
	CHECK_EQ_U(fn->n_insns, 2);
	CHECK_EQ_S(fn->insns[1].text, "mov rbp, rsp");
	CHECK_EQ_S(fn->insns[1].bytes, "48 89 e5");
	CHECK_EQ_U(fn->insns[0].line, 11);
	CHECK_EQ_I(log_function_at(log, 0x401140, &fn), FT_NONE);
	CHECK_EQ_I(log_function_at(log, 0x1, &fn), FT_NONE);
	CHECK_EQ_I(log_function(log, "leaf", &fn), FT_OK);
	CHECK_EQ_S(fn->symbol, NULL);
	CHECK_EQ_U(fn->n_insns, 0);
	log_close(log);
	CHECK_EQ_I(store_close(s, NULL), FT_OK);
}

TEST_MAIN
