/*
 * test_log_trust.c - files that are no log, that a stranger has made, that are damaged.
 */
#include "log_maker.h"
#include "log_place.h"
#include "test.h"

#include <sqlite3.h>
#include <sys/stat.h>

static void check_no_log(const char *path, const char *says)
{
	struct log *log;
	CHECK(!log_is_one(path));
	CHECK_EQ_I(log_open(path, &log), FT_FAIL);
	if (!strstr(ft_error(), says))
		test_fail(__FILE__, __LINE__, "'%s' does not say '%s'", ft_error(), says);
	ft_error_clear();
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;
	char *error = NULL;
	CHECK_EQ_I(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		test_fail(__FILE__, __LINE__, "%s: %s", sql, error);
	sqlite3_free(error);
	sqlite3_close(db);
}

TEST(files_that_are_no_log)
{
	char path[300];
	snprintf(path, sizeof(path), "%s", place("something"));
	check_no_log(path, "No such file");
	write_file(path, "", 0);
	check_no_log(path, "is empty");
	write_file(path, "hello", 5);
	check_no_log(path, "is not a trace log");
	check_no_log("/proc/self/exe", "is a program, not a trace log: 'frametrace record'");
	check_no_log(place_dir, "directory");
	check_no_log("/dev/null", "no regular file");
	unlink(path);
	run_sql(path, "CREATE TABLE t(a)");
	check_no_log(path, "a database of another program");
	unlink(path);
}

static void make_log(const char *path, int n)
{
	struct store_options o = {.path = path};
	struct store *s = NULL;
	CHECK_EQ_I(store_create(&o, &s), FT_OK);
	struct maker *m = maker_create(s);
	maker_start(m);
	for (int i = 0; i < n; i++)
		maker_random(m);
	maker_exit(m);
	CHECK_EQ_I(store_close(s, NULL), FT_OK);
	free(m);
}

TEST(logs_that_are_not_trusted)
{
	static const struct {
		const char *sql, *says;
	} cases[] = {
		{"PRAGMA user_version=3", "its log version is 3, this one reads up to 2"},
		{"PRAGMA user_version=1", "a table 'chunk_text' that frametrace did not make"},
		{"PRAGMA user_version=0", "has no log version"},
		{"CREATE TRIGGER t AFTER INSERT ON event BEGIN SELECT 1; END", "a trigger 't'"},
		{"CREATE VIEW \"a\x1b[31m\" AS SELECT 1", "a view 'a\\033[31m'"},
		{"CREATE VIRTUAL TABLE v USING fts5(a)", "did not make"},
		{"DROP VIEW calls", "are missing"},
		{"DROP VIEW calls; CREATE VIEW calls AS SELECT 1", "'calls' is not that of"},
		{"ALTER TABLE popped ADD COLUMN more", "'popped' is not that of"},
		{"DELETE FROM meta WHERE key='format'", "is not a trace log"},
		{"DELETE FROM meta WHERE key='state'", "how the run ended"},
		{"UPDATE meta SET value=x'00' WHERE key='state'", "is no text"},
	};
	char path[300];
	snprintf(path, sizeof(path), "%s", place("stranger"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct log *log;
		make_log(path, 3000);
		run_sql(path, cases[i].sql);
		CHECK_EQ_I(log_open(path, &log), FT_FAIL);
		if (!strstr(ft_error(), cases[i].says))
			test_fail(__FILE__, __LINE__, "'%s' does not say '%s'", ft_error(),
				  cases[i].says);
		ft_error_clear();
		remove_log(path);
	}
}

static bool same_frames(struct log *a, struct log *b, uint64_t seq)
{
	const struct log_frame *f, *g;
	size_t n, m;
	CHECK_EQ_I(log_frames(a, seq, &f, &n), FT_OK);
	CHECK_EQ_I(log_frames(b, seq, &g, &m), FT_OK);
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (f[i].pushed_seq != g[i].pushed_seq || f[i].tid != g[i].tid ||
		    f[i].stack_top != g[i].stack_top || f[i].depth != g[i].depth ||
		    f[i].cfa != g[i].cfa || f[i].rsp != g[i].rsp || f[i].ghost != g[i].ghost ||
		    f[i].popped_seq != g[i].popped_seq || strcmp(f[i].function, g[i].function) != 0)
			return false;
	return true;
}

static uint64_t found(struct log *log, const char *text, uint64_t from, bool reverse)
{
	struct log_query q = {.text = text};
	uint64_t seq = UINT64_MAX;
	CHECK(log_find(log, &q, from, reverse, &seq) != FT_FAIL);
	return seq;
}

/* Frames that ended out of order, in a log that does not say so. */
TEST(frames_that_ended_inside)
{
	enum { OUTER = 5, INNER = 3 };
	char path[300];
	snprintf(path, sizeof(path), "%s", place("inside"));
	struct store_options o = {.path = path};
	struct store *s = NULL;
	struct log *log = NULL;
	const struct log_frame *f;
	size_t n;
	CHECK_EQ_I(store_create(&o, &s), FT_OK);
	struct maker *m = maker_create(s);
	maker_start(m);
	for (int i = 0; i < OUTER; i++)
		maker_push(m, 0, 1, i);
	struct event pop = {.kind = EVENT_POP,
			    .tid = maker_tid(0),
			    .cfa = m->live[0][INNER].cfa,
			    .how = POP_RETURN,
			    .pushed_seq = m->live[0][INNER].seq,
			    .stack_top = maker_top(0)};
	maker_place(&pop, 1);
	maker_emit(m, &pop);
	uint64_t at = m->seq - 1;
	for (int i = 0; i < 4; i++)
		maker_note(m, "a note");
	CHECK_EQ_I(m->rc, FT_OK);
	CHECK_EQ_I(store_close(s, NULL), FT_OK);
	run_sql(path, "DELETE FROM meta WHERE key='crossed'");
	CHECK_EQ_I(log_open(path, &log), FT_OK);
	for (; at <= log_info(log)->last; at++) {
		CHECK_EQ_I(log_frames(log, at, &f, &n), FT_OK);
		CHECK_EQ_U(n, OUTER - 1);
		for (size_t i = 0; i < n; i++) {
			CHECK_EQ_U(f[i].pushed_seq, i < INNER ? i : i + 1);
			CHECK_EQ_S(f[i].function, "fib");
		}
	}
	log_close(log);
	remove_log(path);
	free(m);
}

/* What version 1 did not have is what it is asked without. */
TEST(a_log_of_version_1_says_the_same)
{
	static const char *const texts[] = {"note", "77", "e", "walk", "nowhere"};
	char path[300], older[300];
	snprintf(path, sizeof(path), "%s", place("newer"));
	snprintf(older, sizeof(older), "%s", place("older"));
	struct log *a = NULL, *b = NULL;
	make_log(path, 20000);
	make_log(older, 20000);
	run_sql(older, "DROP TABLE chunk_text; DROP TABLE chunk_frames; PRAGMA user_version=1");
	CHECK_EQ_I(log_open(path, &a), FT_OK);
	CHECK_EQ_I(log_open(older, &b), FT_OK);
	CHECK_EQ_I(log_info(a)->version, 2);
	CHECK_EQ_I(log_info(b)->version, 1);
	CHECK_EQ_I(log_check(b), FT_OK);
	for (uint64_t seq = 0; seq <= log_info(a)->last; seq += 97) {
		uint64_t at = seq * 7919 % (log_info(a)->last + 1);
		const char *text = texts[seq % (sizeof(texts) / sizeof(texts[0]))];
		CHECK(same_frames(a, b, at));
		CHECK(same_frames(a, b, at + seq % 3 - 1)); // a step forward or back
		CHECK_EQ_U(found(a, text, at, seq & 1), found(b, text, at, seq & 1));
	}
	CHECK_EQ_S(ft_error(), "");
	log_close(a);
	log_close(b);
	remove_log(path);
	remove_log(older);
}

static const char *const damages[] = {
	"UPDATE event SET shape=999 WHERE seq=1500",
	"UPDATE event SET shape='x' WHERE seq=1500",
	"UPDATE event SET stack=77 WHERE seq=1500",
	"UPDATE event SET depth=-1 WHERE seq=1500",
	"UPDATE event SET time_ns='soon' WHERE seq=1500",
	"UPDATE event SET vals='nonsense' WHERE seq=1500",
	"UPDATE event SET rest=x'ff' WHERE seq=1500",
	"DELETE FROM event WHERE seq=1500",
	"UPDATE shape SET kind='dance'",
	"UPDATE shape SET bytes=zeroblob(1000)",
	"UPDATE stack SET tid='x'",
	"UPDATE chunk_text SET texts='x', trigrams=7",
	"UPDATE chunk SET frames=x'ffffffffffffffffffffff'",
	"UPDATE chunk SET first=first+1, last=last-5, frames=x'0105'",
	"UPDATE block SET size='large'",
	"INSERT INTO written VALUES(1,1,7,1,'x')",
	"DELETE FROM aside",
};

static const char *const damages_of_frames[] = {
	"UPDATE chunk_frames SET frames=7",
	"UPDATE chunk_frames SET frames=NULL",
	"UPDATE chunk_frames SET frames=x'ff'",
	"UPDATE chunk_frames SET frames=x'0101'",
	"UPDATE chunk_frames SET frames=zeroblob(3000)",
	"UPDATE chunk_frames SET first=first+1",
	"UPDATE chunk_frames SET frames=x'01010000000000ffffffff00'",
};

static void check_damage(const char *sql, int events)
{
	char path[300];
	snprintf(path, sizeof(path), "%s", place("damaged"));
	struct log *log = NULL;
	make_log(path, events);
	run_sql(path, sql);
	if (log_open(path, &log) == FT_OK && log_check(log) == FT_OK)
		test_fail(__FILE__, __LINE__, "not seen: %s", sql);
	if (!strstr(ft_error(), "damaged"))
		test_fail(__FILE__, __LINE__, "%s: %s", sql, ft_error());
	ft_error_clear();
	log_close(log);
	remove_log(path);
}

TEST(damage_is_told)
{
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
		check_damage(damages[i], 3000);
	for (size_t i = 0; i < sizeof(damages_of_frames) / sizeof(damages_of_frames[0]); i++)
		check_damage(damages_of_frames[i], 20000);
}

/* ---- bytes that were changed ---- */

static char *read_file(const char *path, size_t *ret_len)
{
	struct stat st;
	FILE *f = fopen(path, "r");
	if (!f || fstat(fileno(f), &st) < 0)
		exit(1);
	char *bytes = malloc((size_t)st.st_size);
	*ret_len = fread(bytes, 1, (size_t)st.st_size, f);
	fclose(f);
	return bytes;
}

static enum ft_rc count(void *ctx, const struct log_item *item)
{
	(void)item;
	return ++*(uint64_t *)ctx < 100000 ? FT_OK : FT_NONE;
}

static void ask_everything(struct log *log)
{
	const struct log_info *info = log_info(log);
	const struct log_query value = {.value = "77"}, text = {.text = "note"};
	const struct log_frame *frames;
	const struct log_block *blocks;
	const struct event_value *v;
	const struct event *ev;
	uint64_t n = 0, seq;
	size_t len;
	(void)!log_check(log);
	(void)!log_read(log, 0, UINT64_MAX, true, count, &n);
	(void)!log_map(log, info->last, &ev);
	for (uint64_t i = 0; i < 5; i++) {
		seq = info->first + (info->last - info->first) / 5 * i;
		if (log_frames(log, seq, &frames, &len) == FT_OK && len > 0)
			(void)!log_variables(log, frames[0].pushed_seq, seq, &v, &len);
		(void)!log_blocks(log, seq, 10, &blocks, &len, &n);
	}
	(void)!log_find(log, &value, info->first, false, &seq);
	(void)!log_find(log, &text, info->last, true, &seq);
	ft_error_clear();
}

/* Nothing is expected but an end: no crash, no loop, nothing read that is not there. */
TEST(bytes_that_were_changed)
{
	enum { CHANGED = 400 };
	char path[300];
	size_t len;
	uint64_t random = 362436069;
	int opened = 0;
	snprintf(path, sizeof(path), "%s", place("changed"));
	make_log(path, 3000);
	char *good = read_file(path, &len), *bytes = malloc(len);
	for (int i = 0; i < CHANGED; i++) {
		struct log *log;
		memcpy(bytes, good, len);
		for (int k = 0; k < 1 + i % 40; k++) {
			random ^= random << 13, random ^= random >> 7, random ^= random << 17;
			// Page heads more often than the rest; the first 100 bytes say what it is.
			size_t at = random % 3 ? 100 + random % (len - 100)
					       : random % (len / 4096) * 4096 + random / 4096 % 16;
			bytes[at < 100 ? 100 : at] = (char)(random >> 40);
		}
		write_file(path, bytes, i % 10 ? len : random % len);
		if (log_open(path, &log) == FT_OK) {
			opened++;
			ask_everything(log);
			log_close(log);
		}
		ft_error_clear();
	}
	CHECK(opened > CHANGED / 10); // or this tests little
	printf("# %d of %d were opened\n", opened, CHANGED);
	unlink(path);
	free(good);
	free(bytes);
}

/* Somebody has turned it into a WAL database; it is read all the same, from anywhere. */
TEST(a_log_in_wal_mode)
{
	char path[300];
	struct log *log = NULL;
	snprintf(path, sizeof(path), "%s", place("wal"));
	make_log(path, 3000);
	run_sql(path, "PRAGMA journal_mode=WAL; UPDATE meta SET value='me' WHERE key='writer'");
	CHECK_EQ_I(log_open(path, &log), FT_OK);
	if (log) {
		CHECK_EQ_S(log_info(log)->writer, "me");
		CHECK_EQ_I(log_check(log), FT_OK);
		log_close(log);
	} else {
		test_fail(__FILE__, __LINE__, "%s", ft_error());
	}
	remove_log(path);
}

TEST_MAIN
