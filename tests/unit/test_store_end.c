/*
 * test_store_end.c - how a log ends otherwise: killed, disk full, no place for it.
 */
#include "log_maker.h"
#include "log_place.h"
#include "store/store_private.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KILLS = 200, DEATHS = 60 };

static uint64_t clock_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- kill -9 ---- */

struct progress {
	uint64_t seq;	      // events so far
	uint64_t begun, done; // of the last batch
};

/* Writes batches of events until it is killed, and tells of each. */
static void write_until_killed(const char *path, int out, int batch, bool commit_all)
{
	struct store_options o = {.path = path};
	struct store *s = NULL;
	if (store_create(&o, &s) != FT_OK)
		_exit(1);
	if (commit_all)
		s->commit_every_ns = 0;
	struct maker *m = maker_create(s);
	maker_start(m);
	for (;;) {
		struct progress p = {.begun = clock_ns()};
		for (int i = 0; i < batch; i++)
			maker_random(m);
		p.seq = m->seq;
		p.done = clock_ns();
		if (m->rc != FT_OK || write(out, &p, sizeof(p)) != sizeof(p))
			_exit(1);
	}
}

static enum ft_rc ignore(void *ctx, const struct log_item *item)
{
	uint64_t *n = ctx;
	*n += item->event && !item->event->aside;
	return FT_OK;
}

/* Whole as far as it goes; returns how many events it has. */
static uint64_t check_cut(const char *path, bool all)
{
	struct log *log = NULL;
	uint64_t n = 0;
	if (log_open(path, &log) != FT_OK) {
		test_fail(__FILE__, __LINE__, "%s", ft_error());
		ft_error_clear();
		return 0;
	}
	CHECK_EQ_S(log_info(log)->cut, "the tracer was killed, or could not say why it ends");
	if (all && log_check(log) != FT_OK)
		test_fail(__FILE__, __LINE__, "%s", ft_error());
	CHECK_EQ_I(log_read(log, 0, UINT64_MAX, false, ignore, &n), FT_OK);
	if (!log_info(log)->is_empty)
		CHECK_EQ_U(log_info(log)->last + 1, n);
	log_close(log);
	ft_error_clear();
	return n;
}

/* What any sqlite3 says that may write, as people open it. */
static void check_plainly(const char *path)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	CHECK_EQ_I(sqlite3_open(path, &db), SQLITE_OK);
	CHECK_EQ_I(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL), SQLITE_OK);
	CHECK_EQ_I(sqlite3_step(st), SQLITE_ROW);
	CHECK_EQ_S((const char *)sqlite3_column_text(st, 0), "ok");
	sqlite3_finalize(st);
	sqlite3_close(db);
}

static bool next(int in, struct progress *p)
{
	return read(in, p, sizeof(*p)) == sizeof(*p);
}

/* Every event is committed: none that was told of may be missing. */
TEST(killed_at_any_moment)
{
	uint64_t random = 88172645463325252;
	int left_behind = 0;
	char path[300], beside[400];
	snprintf(path, sizeof(path), "%s", place("killed"));
	snprintf(beside, sizeof(beside), "%s-journal", path);
	for (int i = 0; i < KILLS; i++) {
		int fds[2];
		struct progress p = {0, 0, 0};
		CHECK_EQ_I(pipe(fds), 0);
		fflush(stdout);
		pid_t child = fork();
		if (child == 0)
			write_until_killed(path, fds[1], 5, true);
		close(fds[1]);
		random ^= random << 13, random ^= random >> 7, random ^= random << 17;
		for (uint64_t n = 1 + random % 20; n > 0 && next(fds[0], &p); n--)
			;
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		while (next(fds[0], &p))
			;
		close(fds[0]);
		left_behind += access(beside, F_OK) == 0;
		uint64_t has = check_cut(path, i % 8 == 0);
		CHECK(p.seq > 0 && has >= p.seq);
		if (i % 4 == 0)
			check_plainly(path);
		remove_log(path);
	}
	printf("# a journal was beside %d of %d logs\n", left_behind, KILLS);
}

/*
 * What is handed in is committed at the next event that comes a tenth of a second after the last
 * commit. So when a batch begins at time T, all is there that was done before T - 0.1 s; the clock
 * that is asked has ticks of 10 ms at most.
 */
TEST(killed_it_loses_a_tenth_of_a_second)
{
	enum { BATCHES = 1 << 16 };
	const uint64_t enough = 300000000, tenth = 100000000, tick = 10000000;
	struct progress *p = calloc(BATCHES, sizeof(*p));
	char path[300];
	snprintf(path, sizeof(path), "%s", place("tenth"));
	for (int i = 0; i < 4; i++) {
		int fds[2];
		size_t n = 0;
		uint64_t wanted = 0;
		CHECK_EQ_I(pipe(fds), 0);
		fflush(stdout);
		pid_t child = fork();
		if (child == 0)
			write_until_killed(path, fds[1], 50, false);
		close(fds[1]);
		while (n < BATCHES && next(fds[0], &p[n]) && p[n++].done - p[0].begun < enough)
			;
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		while (n < BATCHES && next(fds[0], &p[n]))
			n++;
		close(fds[0]);
		for (size_t k = 0; n > 0 && k < n; k++)
			if (p[k].done + tenth + tick < p[n - 1].begun)
				wanted = p[k].seq;
		CHECK(wanted > 0);
		CHECK(check_cut(path, true) >= wanted);
		remove_log(path);
	}
	free(p);
}

/* ---- death at each write of a commit: the same, without chance ---- */

static sqlite3_vfs dying;
static sqlite3_io_methods dying_methods;
static int (*true_write)(sqlite3_file *, const void *, int, sqlite3_int64);
static int writes_left;	   // < 0: no limit
static sqlite3_int64 room; // of the log's file; 0: no limit

static int dying_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 off)
{
	if (room && off + n > room)
		return SQLITE_FULL;
	if (writes_left >= 0 && writes_left-- == 0)
		_exit(9);
	return true_write(f, bytes, n, off);
}

static int dying_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *ret)
{
	sqlite3_vfs *base = sqlite3_vfs_find("unix");
	(void)vfs;
	int rc = base->xOpen(base, path, f, flags, ret);
	if (rc == SQLITE_OK && flags & SQLITE_OPEN_MAIN_DB) {
		dying_methods = *f->pMethods;
		true_write = dying_methods.xWrite;
		dying_methods.xWrite = dying_write;
		f->pMethods = &dying_methods;
	}
	return rc;
}

static void be_mortal(void)
{
	dying = *sqlite3_vfs_find("unix");
	dying.zName = "dying";
	dying.pNext = NULL;
	dying.xOpen = dying_open;
	sqlite3_vfs_register(&dying, 1);
}

static void be_immortal(void)
{
	sqlite3_vfs_unregister(&dying);
	sqlite3_vfs_register(sqlite3_vfs_find("unix"), 1);
}

/* Dies at write number `n` after the log was made; never, if that is not reached. */
static void write_until_death(const char *path, int n)
{
	struct store_options o = {.path = path};
	struct store *s = NULL;
	be_mortal();
	writes_left = -1;
	if (store_create(&o, &s) != FT_OK)
		_exit(1);
	struct maker *m = maker_create(s);
	writes_left = n;
	maker_start(m);
	while (m->seq < 30000) {
		maker_random(m);
		if (m->rc != FT_OK)
			_exit(1);
	}
	_exit(store_close(s, NULL) == FT_OK ? 0 : 1);
}

TEST(death_at_any_write)
{
	char path[300], beside[400];
	snprintf(path, sizeof(path), "%s", place("dead"));
	snprintf(beside, sizeof(beside), "%s-journal", path);
	int with_journal = 0;
	for (int n = 0; n < DEATHS; n++) {
		int status = 0;
		fflush(stdout);
		pid_t child = fork();
		if (child == 0)
			write_until_death(path, n < 30 ? n : (n - 29) * 7);
		waitpid(child, &status, 0);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
		with_journal += access(beside, F_OK) == 0;
		check_cut(path, true);
		CHECK(access(path, F_OK) == 0); // reading has left everything as it was
		if (n % 2)
			check_plainly(path);
		remove_log(path);
	}
	CHECK(with_journal > DEATHS / 2); // or this tests nothing
}

/* The journal lies beside the file, and the log is opened by a link elsewhere. */
TEST(death_and_a_link)
{
	char path[300], link[300], beside[400];
	snprintf(path, sizeof(path), "%s", place("linked"));
	snprintf(beside, sizeof(beside), "%s-journal", path);
	snprintf(link, sizeof(link), "%s", place("link"));
	CHECK_EQ_I(symlink("linked", link), 0);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		write_until_death(path, 12);
	waitpid(child, NULL, 0);
	CHECK(access(beside, F_OK) == 0); // or this tests nothing
	check_cut(link, true);
	unlink(link);
	remove_log(path);
}

/* A hot journal where nobody can write: the reader works on a copy. */
TEST(death_in_a_read_only_directory)
{
	char path[300], sub[300];
	int status;
	snprintf(sub, sizeof(sub), "%s", place("closed"));
	CHECK_EQ_I(mkdir(sub, 0700), 0);
	snprintf(path, sizeof(path), "%s", place("closed/log"));
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		write_until_death(path, 12);
	waitpid(child, &status, 0);
	chmod(path, 0400);
	chmod(sub, 0500);
	check_cut(path, true);
	chmod(sub, 0700);
	remove_log(path);
	rmdir(sub);
}

/* ---- disk full ---- */

TEST(disk_full)
{
	char path[300];
	struct store_options o = {.path = path};
	struct store *s = NULL;
	struct log *log = NULL;
	snprintf(path, sizeof(path), "%s", place("full"));
	be_mortal();
	writes_left = -1;
	CHECK_EQ_I(store_create(&o, &s), FT_OK);
	room = 1000000;
	struct maker *m = maker_create(s);
	maker_start(m);
	while (m->rc == FT_OK && m->seq < 2000000)
		maker_random(m);
	CHECK_EQ_I(m->rc, FT_FAIL);
	CHECK(strstr(ft_error(), "no space left on the device"));
	CHECK(strstr(ft_error(), path));
	ft_error_clear();
	maker_note(m, "not told twice");
	CHECK_EQ_I(store_output(s, 1, "x", 1, 1), FT_OK);
	CHECK_EQ_I(store_sync(s), FT_OK);
	CHECK_EQ_I(store_close(s, NULL), FT_OK);
	CHECK_EQ_S(ft_error(), "");
	room = 0;
	be_immortal();
	CHECK_EQ_I(log_open(path, &log), FT_OK);
	if (log) {
		CHECK(log_info(log)->cut && strstr(log_info(log)->cut, "no space left"));
		CHECK_EQ_I(log_check(log), FT_OK);
		log_close(log);
	}
	remove_log(path);
	free(m);
}

/* ---- places ---- */

static void check_refused(const char *path, const char *says)
{
	struct store_options o = {.path = path};
	struct store *s = NULL;
	CHECK_EQ_I(store_create(&o, &s), FT_FAIL);
	if (!strstr(ft_error(), says))
		test_fail(__FILE__, __LINE__, "'%s' does not say '%s'", ft_error(), says);
	ft_error_clear();
}

TEST(places_that_are_no_place_for_a_log)
{
	char path[300];
	snprintf(path, sizeof(path), "%s", place("notes.txt"));
	write_file(path, "mine", 4);
	check_refused(path, "is there and is no trace log");
	CHECK(access(path, F_OK) == 0);
	unlink(path);
	check_refused(place_dir, "is a directory");
	check_refused("/dev/null", "no regular file");
	check_refused(place("not/there"), "No such file or directory");
	check_refused("", "No such file or directory");
	CHECK_EQ_S(ft_error(), "");
}

TEST(an_older_log_makes_room)
{
	char path[300];
	struct store_options o = {.path = path};
	snprintf(path, sizeof(path), "%s", place("again"));
	for (int i = 0; i < 2; i++) {
		struct store *s = NULL;
		struct log *log = NULL;
		CHECK_EQ_I(store_create(&o, &s), FT_OK);
		CHECK_EQ_I(log_open(path, &log), FT_OK); // while it is being written
		if (log) {
			CHECK_EQ_S(log_info(log)->cut, "it is still being written");
			log_close(log);
		}
		CHECK_EQ_I(store_close(s, i ? "the user ended it" : NULL), FT_OK);
		CHECK_EQ_I(log_open(path, &log), FT_OK);
		CHECK_EQ_S(log_info(log)->cut, i ? "the user ended it" : NULL);
		CHECK(log_info(log)->is_empty);
		CHECK_EQ_I(log_check(log), FT_OK);
		log_close(log);
	}
	remove_log(path);
}

/* Another program reads, for long: commits wait, nothing is lost. */
TEST(a_reader_delays_commits)
{
	char path[300];
	struct store_options o = {.path = path};
	struct store *s = NULL;
	struct log *log = NULL;
	sqlite3 *db;
	uint64_t n = 0;
	snprintf(path, sizeof(path), "%s", place("busy"));
	CHECK_EQ_I(store_create(&o, &s), FT_OK);
	s->commit_every_ns = 0;
	struct maker *m = maker_create(s);
	maker_start(m);
	CHECK_EQ_I(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	CHECK_EQ_I(sqlite3_exec(db, "BEGIN; SELECT * FROM meta", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < 3000; i++)
		maker_random(m);
	CHECK_EQ_I(m->rc, FT_OK);
	sqlite3_close(db);
	maker_exit(m);
	CHECK_EQ_I(store_close(s, NULL), FT_OK);
	CHECK_EQ_I(log_open(path, &log), FT_OK);
	if (log) {
		CHECK_EQ_I(log_read(log, 0, UINT64_MAX, false, ignore, &n), FT_OK);
		CHECK_EQ_U(n, m->seq);
		log_close(log);
	}
	remove_log(path);
	free(m);
}

TEST_MAIN
