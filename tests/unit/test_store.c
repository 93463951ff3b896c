/*
 * test_store.c - events into a log, in memory and in a file, and back.
 */
#include "log_maker.h"
#include "log_place.h"
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

static struct maker *begin(const char *path)
{
	struct store_options o = {.path = path, .directory = "/home/me", .holds = {.line = true}};
	struct store *s = NULL;
	if (store_create(&o, &s) != FT_OK) {
		test_fail(__FILE__, __LINE__, "%s", ft_error());
		exit(1);
	}
	struct maker *m = maker_create(s);
	maker_start(m);
	return m;
}

TEST(events_come_back)
{
	struct maker *m = begin(NULL);
	struct log *log;
	const struct event *ev;
	CHECK_EQ_I(log_of(m->store, &log), FT_OK);
	CHECK(log_info(log)->is_empty);
	maker_push(m, 0, 0, 7);
	maker_push(m, 0, 1, 8);
	maker_pop(m, 0, POP_RETURN, 9);
	CHECK_EQ_I(m->rc, FT_OK);
	CHECK_EQ_U(log_info(log)->last, 2);
	CHECK_EQ_I(log_start(log, &ev), FT_OK);
	CHECK_EQ_S(ev->program, "/home/me/fib");
	CHECK_EQ_U(ev->argc, 2);
	CHECK_EQ_I(log_event(log, 1, &ev), FT_OK);
	CHECK_EQ_S(ev->function, "fib");
	CHECK_EQ_S(ev->args[0].value, "8");
	CHECK_EQ_U(ev->cfa, m->live[0][1].cfa);
	CHECK_EQ_U(ev->stack_top, maker_top(0));
	CHECK_EQ_I(log_event(log, 2, &ev), FT_OK);
	CHECK_EQ_I(ev->kind, EVENT_POP);
	CHECK_EQ_U(ev->pushed_seq, 1);
	CHECK_EQ_S(ev->returned.value, "9");
	CHECK_EQ_I(log_event(log, 3, &ev), FT_NONE);
	log_close(log);
	CHECK_EQ_I(store_close(m->store, NULL), FT_OK);
	free(m);
}

TEST(a_file_is_one_file)
{
	const char *path = place("one");
	struct maker *m = begin(path);
	struct log *log = NULL;
	const struct log_frame *frames;
	size_t n;
	char beside[400];
	for (int i = 0; i < 20000; i++)
		maker_random(m);
	maker_exit(m);
	CHECK_EQ_I(m->rc, FT_OK);
	CHECK_EQ_I(store_close(m->store, NULL), FT_OK);
	snprintf(beside, sizeof(beside), "%s-journal", path);
	CHECK(access(beside, F_OK) != 0);
	CHECK(log_is_one(path));
	CHECK_EQ_I(log_open(path, &log), FT_OK);
	if (log) {
		CHECK_EQ_S(log_info(log)->cut, NULL);
		CHECK_EQ_U(log_info(log)->last, m->seq - 1);
		CHECK_EQ_S(log_info(log)->directory, "/home/me");
		CHECK(log_info(log)->holds.line && !log_info(log)->holds.heap);
		CHECK_EQ_I(log_frames(log, 10000, &frames, &n), FT_OK);
		CHECK_EQ_I(log_check(log), FT_OK);
		CHECK_EQ_S(ft_error(), "");
		log_close(log);
	}
	unlink(path);
	free(m);
}

/* What docs and plans count on: 120 bytes for a call and its return, indexes and all. */
TEST(a_call_takes_little)
{
	enum { CALLS = 21891 }; // of fib(20)
	const char *path = place("size");
	struct maker *m = begin(path);
	struct stat st = {0};
	CHECK_EQ_I(maker_fib(m, 20), 6765);
	CHECK_EQ_U(m->seq, 2 * CALLS);
	CHECK_EQ_I(store_close(m->store, NULL), FT_OK);
	CHECK_EQ_I(stat(path, &st), 0);
	CHECK(st.st_size > 0 && st.st_size <= 120 * CALLS);
	unlink(path);
	free(m);
}

TEST_MAIN
