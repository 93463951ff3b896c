/*
 * test_player_values.c - names, conditions and special runs: what a member of a value's text is,
 * what a condition means, coroutines, watchpoints without lines, logs that begin late.
 */
#include "test.h"

#include "base/base.h"
#include "tui/player_private.h"

// ---- parts of a text ----

static void check_member(const char *text, const char *path, const char *want)
{
	const char *found;
	size_t len;
	bool is = value_member(text, strlen(text), path, &found, &len);
	char *got = is ? xstrndup(found, len) : NULL;
	CHECK_EQ_S(got, want);
	free(got);
}

TEST(a_member_is_found_in_the_text_of_c_and_of_rust)
{
	check_member("{x = 1, y = 2}", ".y", "2");
	check_member("{x = 1, in = {a = 2, b = 3}, y = 4}", ".in.b", "3");
	check_member("{x = 1, in = {y = 2}, y = 4}", ".y", "4");
	check_member("0x7ffe {x = 1, y = 2}", "->y", "2");
	check_member("Point { x: 1, y: 2 }", ".x", "1");
	check_member("Some(Point { x: -1, y: 2 })", ".0.x", "-1");
	check_member("(1, \"a, b)\", 3)", ".2", "3");
	check_member("{1, 2, 3}", "[1]", "2");
	check_member("[[1, 2], [3, 4]]", "[1][0]", "3");
	check_member("{s = \"} x = 9, \\\" x = 8\", x = 7}", ".x", "7");
	check_member("{c = 125 '}', x = 7}", ".x", "7");
	check_member("{name = 0x5555 \"a, x = 1\", x = 2}", ".name", "0x5555 \"a, x = 1\"");
}

TEST(what_is_not_there_is_not_found)
{
	check_member("{x = 1, y = 2}", ".z", NULL);
	check_member("{xx = 1}", ".x", NULL);
	check_member("48", ".x", NULL);
	check_member("{0 <repeats 16 times>, 1}", "[3]", NULL);
	check_member("{1, 2}", "[2]", NULL);
	check_member("{x = 1", ".y", NULL);
	check_member("{{{{", ".x", NULL);
	check_member("\"", "[0]", NULL);
	check_member("{x = \"\\", ".x", "\"\\");
	check_member("", ".x", NULL);
	check_member("{x = 1}", ".", NULL);
	check_member("{x = 1}", "[", NULL);
	check_member("{x = }", ".x", NULL);
}

// ---- what a pointer points to ----

static void check_target(const char *full, const char *path, const char *want)
{
	char *copy = xstrdup(full); // nothing is behind it that may be read
	struct buf b;
	buf_init(&b);
	bool is = target_text(copy, path, true, true, &b);
	CHECK_EQ_S(is ? b.s : NULL, want);
	buf_deinit(&b);
	free(copy);
}

TEST(a_target_is_told_by_the_lines_of_its_parts)
{
	check_target("0x10\tpoints to = 42   int", "", "42");
	check_target("0x10\tpoints to = 0x20 (local x of main)   int *", "", "0x20");
	check_target("0x10\tpoints to = 0x20 (local x of main)", "", "0x20");
	check_target("0x10\tpoints to = 0x)", "", "0x)");
	check_target("0x10\tpoints to   struct s\n0x10\t  a = 1   int\n0x14\t  b = 2   int", "",
		     "{a = 1, b = 2}");
	check_target("0x10\tpoints to   struct s\n0x10\t  a = 1   int", "->a", NULL);
	check_target("0x10\tpoints to", "", NULL);
	check_target("points to = 42", "", NULL);
	check_target("", "", NULL);
	check_target("0x10\t", "->", NULL);
}

// ---- runs in a log ----

struct fixture {
	struct store *store;
	struct log *log;
	struct player *p;
	uint64_t seq;
};

static void ok(enum ft_rc rc)
{
	if (rc == FT_OK)
		return;
	printf("# failed: %s\n", ft_error());
	abort();
}

static void begin(struct fixture *f, const struct store_holds *holds, uint64_t max_events)
{
	static const char *const argv[] = {"prog"};
	struct store_options o = {.holds = *holds, .max_events = max_events};
	struct event start = {.kind = EVENT_START,
			      .pid = 1,
			      .tid = 1,
			      .program = "/prog",
			      .argv = argv,
			      .argc = 1};
	*f = (struct fixture){.seq = 0};
	ok(store_create(&o, &f->store));
	ok(store_event(f->store, &start));
}

static uint64_t add(struct fixture *f, struct event ev)
{
	ev.seq = f->seq++;
	ev.pid = 1;
	ev.tid = ev.tid ? ev.tid : 1;
	ev.time_ns = ev.seq;
	ok(store_event(f->store, &ev));
	return ev.seq;
}

static struct event in_frame(enum event_kind kind, const char *function, uint64_t cfa,
			     uint64_t pushed)
{
	return (struct event){.kind = kind,
			      .function = function,
			      .module = "prog",
			      .file = "/src/a.c",
			      .line = 7,
			      .cfa = cfa,
			      .pushed_seq = pushed,
			      .pc = 0x1000,
			      .stack_top = 0x70000000,
			      .delta_known = true};
}

static uint64_t push(struct fixture *f, const char *function, uint64_t cfa, uint64_t top,
		     uint32_t depth, const struct event_value *args, size_t n)
{
	struct event ev = in_frame(EVENT_PUSH, function, cfa, 0);
	ev.stack_top = top;
	ev.depth = depth;
	ev.rsp = cfa - 16;
	ev.delta = -16;
	ev.args = args;
	ev.n_args = n;
	ev.args_known = true;
	return add(f, ev);
}

static uint64_t line(struct fixture *f, const char *function, uint64_t cfa, uint64_t pushed,
		     uint32_t number)
{
	struct event ev = in_frame(EVENT_LINE, function, cfa, pushed);
	ev.line = number;
	ev.pc = 0x1000 + number;
	return add(f, ev);
}

static uint64_t pop(struct fixture *f, const char *function, uint64_t cfa, uint64_t pushed,
		    const struct event_value *args, size_t n)
{
	struct event ev = in_frame(EVENT_POP, function, cfa, pushed);
	ev.rsp = cfa;
	ev.args = args;
	ev.n_args = n;
	ev.locals = args;
	ev.n_locals = n;
	ev.has_return = true;
	ev.returned = (struct event_value){.name = "", .type = "int", .value = "96", .known = true};
	return add(f, ev);
}

static void end(struct fixture *f)
{
	static const struct event_summary none;
	add(f, (struct event){.kind = EVENT_EXIT, .status = 3, .summary = &none});
	ok(log_of(f->store, &f->log));
	f->p = player_create(f->log, NULL);
	ok(player_start(f->p));
}

static void done(struct fixture *f)
{
	player_destroy(f->p);
	log_close(f->log);
	ok(store_close(f->store, NULL));
}

static const struct event_value values[] = {
	{.name = "n", .type = "int", .value = "48", .known = true},
	{.name = "c", .type = "char", .value = "65 'A'", .known = true},
	{.name = "s", .type = "char *", .value = "0x5555 \"hi\"", .known = true},
	{.name = "p", .type = "struct p", .value = "{x = -1, y = 2.5}", .known = true},
	{.name = "heap", .type = "Box<i32>", .value = "0x5560 -> 99", .known = true},
	{.name = "lost", .type = "int", .value = "<optimised out>", .known = false},
	{.name = "flag", .type = "bool", .value = "true", .known = true},
	{.name = "big", .type = "u64", .value = "18446744073709551615", .known = true},
	{.name = "depth", .type = "int", .value = "1000", .known = true},
};

static void one_frame(struct fixture *f)
{
	begin(f, &(struct store_holds){.locals = true}, 0);
	push(f, "main", 0x6ffffff0, 0x70000000, 0, values, FT_COUNT(values));
	pop(f, "main", 0x6ffffff0, 0, NULL, 0);
	end(f);
}

static const struct {
	const char *condition;
	bool holds;
} conditions[] = {
	{"n == 48", true},
	{"n = 48", true},
	{"n==0x30", true},
	{"n != 48", false},
	{"n < 49 && n > 47 && n <= 48 && n >= 48", true},
	{"n == 1 || n == 48", true},
	{"n == 48 && n == 1 || n == 48", true},
	{"n == 48 && n == 1 || n == 2 && n == 48", false},
	{"c == 65", true},
	{"c == \"65 'A'\"", true},
	{"s == \"hi\"", true},
	{"s == 0x5555", true},
	{"s != \"ho\"", true},
	{"s < \"hj\" && s > \"h\"", true},
	{"p.x == -1 && p.x < 0 && p.y > 2.4 && p.y == 2.5", true},
	{"*heap == 99 && heap == 0x5560", true},
	{"lost == 0", false},
	{"lost != 0", false},
	{"flag == true && flag == 1 && flag != false", true},
	{"big == 18446744073709551615 && big > 18446744073709551614", true},
	{"depth == 1000 && $depth == 0", true},
	{"frames == 1 && seq == 0 && event == push && function == \"main\"", true},
	{"line == 7 && file == a.c && $tid == 1", true},
	{"*s == 104 && *s == \"104 'h'\"", true},
};

TEST(a_condition_compares_values_as_people_read_them)
{
	struct fixture f;
	one_frame(&f);
	for (size_t i = 0; i < FT_COUNT(conditions); i++) {
		bool holds = !conditions[i].holds;
		enum ft_rc rc = player_check(f.p, conditions[i].condition, &holds);
		if (rc != FT_OK || holds != conditions[i].holds)
			test_fail(__FILE__, __LINE__, "%s: rc %d, %d %s", conditions[i].condition,
				  (int)rc, (int)holds, ft_error());
		ft_error_clear();
	}
	done(&f);
}

TEST(what_is_no_condition_is_said)
{
	static const char *const bad[] = {"",		"n",	       "n ==",	   "== 1",
					  "n ~ 1",	"n == 1 &&",   "n == \"x", "n == \"x\" y",
					  "n == 1 || ", "nothing == 1"};
	struct fixture f;
	one_frame(&f);
	for (size_t i = 0; i < FT_COUNT(bad); i++) {
		bool holds;
		CHECK(player_check(f.p, bad[i], &holds) == FT_FAIL);
		CHECK(*ft_error() != '\0');
		ft_error_clear();
	}
	done(&f);
}

TEST(a_name_that_means_nothing_is_none)
{
	struct fixture f;
	struct buf b;
	one_frame(&f);
	buf_init(&b);
	CHECK(player_value(f.p, "nothing", &b) == FT_NONE);
	CHECK(player_value(f.p, "p.z", &b) == FT_NONE);
	CHECK(player_value(f.p, "*n", &b) == FT_NONE);
	CHECK(player_value(f.p, "status", &b) == FT_NONE);
	CHECK(player_value(f.p, "return", &b) == FT_NONE);
	CHECK(player_value(f.p, "rsp", &b) == FT_NONE);
	CHECK(player_value(f.p, "blocks", &b) == FT_NONE);
	CHECK_EQ_S(b.s, "");
	ok(player_move(f.p, PLAYER_RETURN, false, 1));
	ok(player_value(f.p, "return", &b));
	CHECK_EQ_S(b.s, "96");
	buf_deinit(&b);
	done(&f);
}

TEST(why_a_name_means_nothing_is_said)
{
	static const struct {
		const char *name, *why;
	} cases[] = {
		{"nothing", "there is no \"nothing\" here"},
		{"lost.x", "the value of lost is not known"},
		{"*n", "what n points to was not recorded"},
		{"p.z", "p has no part \".z\" that is known"},
		{"&n", "n is not in memory, or its address is not known"},
		{"blocks", "heap blocks were not recorded (--no-heap)"},
		{"block_size(n)", "heap blocks were not recorded (--no-heap)"},
		{"$rsp", "registers were not recorded (record --registers)"},
		{"$nothing", "there is no \"$nothing\" here"},
		{"region(nothing)", "there is no \"nothing\" here"},
		{"region(c)", "the address space, when it was looked at last, had nothing at 0x41"},
		{"region(flag)", "flag is no address"},
	};
	struct fixture f;
	struct buf b;
	one_frame(&f);
	buf_init(&b);
	for (size_t i = 0; i < FT_COUNT(cases); i++) {
		CHECK(player_value(f.p, cases[i].name, &b) == FT_NONE);
		buf_reset(&b);
		player_missing(f.p, cases[i].name, &b);
		CHECK_EQ_S(b.s, cases[i].why);
		buf_reset(&b);
	}
	buf_deinit(&b);
	done(&f);
}

// ---- how old ----

static void check_age(bool lines, uint64_t seq, bool old)
{
	struct fixture f;
	uint64_t as_of = 77;
	begin(&f, &(struct store_holds){.line = lines}, 0);
	push(&f, "main", 0x6ffffff0, 0x70000000, 0, values, FT_COUNT(values));
	uint64_t inner = push(&f, "inner", 0x6fffff00, 0x70000000, 1, values, 1);
	pop(&f, "inner", 0x6fffff00, inner, NULL, 0);
	pop(&f, "main", 0x6ffffff0, 0, NULL, 0);
	end(&f);
	ok(player_go(f.p, seq));
	CHECK(player_as_of(f.p, 0, &as_of) == old);
	CHECK_EQ_U(as_of, old ? 0 : 77);
	ok(player_select(f.p, seq == inner ? 1 : 0)); // main
	CHECK(player_value_as_of(f.p, "n", &as_of) == old);
	CHECK(player_value_as_of(f.p, "p.x", &as_of) == old);
	CHECK(!player_value_as_of(f.p, "$depth", &as_of));
	CHECK(!player_value_as_of(f.p, "frames", &as_of));
	CHECK(!player_value_as_of(f.p, "nothing", &as_of));
	done(&f);
}

TEST(without_lines_values_are_as_of_the_push)
{
	check_age(false, 0, false);
	check_age(false, 1, true);
	check_age(false, 2, true);
	check_age(true, 1, false);
}

// ---- special runs ----

// A generator on a stack of its own is not popped before its caller goes on.
TEST(next_goes_on_in_a_frame_that_a_coroutine_gave_control_back_to)
{
	struct fixture f;
	const uint64_t caller = 0x6ffffff0, generator = 0x5ffffff0;
	begin(&f, &(struct store_holds){.line = true}, 0);
	push(&f, "main", caller, 0x70000000, 0, NULL, 0);
	line(&f, "main", caller, 0, 10);
	uint64_t other = push(&f, "generate", generator, 0x60000000, 0, NULL, 0);
	line(&f, "generate", generator, other, 20);
	uint64_t back = line(&f, "main", caller, 0, 11);
	line(&f, "generate", generator, other, 21);
	uint64_t last = line(&f, "main", caller, 0, 12);
	struct event ends = in_frame(EVENT_POP, "generate", generator, other);
	ends.stack_top = 0x60000000;
	add(&f, ends);
	line(&f, "main", caller, 0, 13);
	pop(&f, "main", caller, 0, NULL, 0);
	end(&f);
	ok(player_move(f.p, PLAYER_NEXT, false, 1)); // line 10
	ok(player_move(f.p, PLAYER_NEXT, false, 1));
	CHECK_EQ_U(player_at(f.p), back);
	const struct log_frame *frames;
	size_t n;
	ok(player_frames(f.p, &frames, &n));
	CHECK_EQ_U(n, 2);
	CHECK_EQ_S(frames[0].function, "main");
	ok(player_move(f.p, PLAYER_NEXT, false, 1));
	CHECK_EQ_U(player_at(f.p), last);
	ok(player_move(f.p, PLAYER_NEXT, true, 1));
	CHECK_EQ_U(player_at(f.p), back);
	ok(player_move(f.p, PLAYER_STEP, true, 1));
	ok(player_frames(f.p, &frames, &n));
	CHECK_EQ_S(frames[0].function, "generate");
	ok(player_move(f.p, PLAYER_FINISH, false, 1));
	CHECK_EQ_U(player_at(f.p), last + 1);
	done(&f);
}

TEST(a_watch_without_lines_compares_the_last_value_with_the_first)
{
	static const struct event_value
		first = {.name = "n", .type = "int", .value = "1", .known = true},
		last = {.name = "n", .type = "int", .value = "2", .known = true};
	struct fixture f;
	unsigned number;
	begin(&f, &(struct store_holds){.locals = true}, 0);
	push(&f, "main", 0x6ffffff0, 0x70000000, 0, NULL, 0);
	uint64_t same = push(&f, "same", 0x6fffffe0, 0x70000000, 1, &first, 1);
	pop(&f, "same", 0x6fffffe0, same, &first, 1);
	uint64_t other = push(&f, "other", 0x6fffffe0, 0x70000000, 1, &first, 1);
	uint64_t end_of_other = pop(&f, "other", 0x6fffffe0, other, &last, 1);
	pop(&f, "main", 0x6ffffff0, 0, NULL, 0);
	end(&f);
	ok(player_break(f.p, "watch n", &number));
	ok(player_move(f.p, PLAYER_CONTINUE, false, 1));
	CHECK_EQ_U(player_at(f.p), end_of_other);
	CHECK(player_move(f.p, PLAYER_CONTINUE, false, 1) == FT_NONE);
	CHECK_EQ_S(player_why(f.p), "the run ends here: exit status 3");
	done(&f);
}

TEST(a_log_that_a_ring_let_begin_late)
{
	struct fixture f;
	begin(&f, &(struct store_holds){.line = true}, 200);
	push(&f, "main", 0x6ffffff0, 0x70000000, 0, NULL, 0);
	for (int i = 0; i < 20000; i++) {
		uint64_t at = push(&f, "leaf", 0x6fffffe0, 0x70000000, 1, NULL, 0);
		line(&f, "leaf", 0x6fffffe0, at, 20);
		pop(&f, "leaf", 0x6fffffe0, at, NULL, 0);
		line(&f, "main", 0x6ffffff0, 0, 10 + (uint32_t)i % 3);
	}
	pop(&f, "main", 0x6ffffff0, 0, NULL, 0);
	end(&f);
	const struct log_info *info = log_info(f.log);
	CHECK(info->first > 0 && info->dropped > 0);
	CHECK(player_go(f.p, 0) == FT_NONE);
	CHECK_EQ_U(player_at(f.p), info->first);
	CHECK_EQ_S(player_why(f.p), "the beginning of what was kept");
	for (int unit = PLAYER_EVENT; unit <= PLAYER_CONTINUE; unit++) {
		ok(player_go(f.p, info->first + 100));
		CHECK(player_move(f.p, (enum player_unit)unit, true, 50) != FT_FAIL);
		CHECK(player_move(f.p, (enum player_unit)unit, false, 50) != FT_FAIL);
	}
	ok(player_go(f.p, info->last - 1));
	while (player_move(f.p, PLAYER_NEXT, true, 1) == FT_OK)
		;
	CHECK_EQ_U(player_at(f.p), info->first);
	done(&f);
}

TEST(frames_that_a_ring_lets_go_while_the_log_is_read_are_gone)
{
	struct fixture f;
	const struct log_frame *frames;
	size_t n;
	begin(&f, &(struct store_holds){.line = true}, 200);
	ok(log_of(f.store, &f.log));
	push(&f, "main", 0x6ffffff0, 0x70000000, 0, NULL, 0);
	for (int i = 0; i < 20000; i++) {
		uint64_t at = push(&f, "leaf", 0x6fffffe0, 0x70000000, 1, NULL, 0);
		if (i % 1700 == 0) { // what is known here is let go before it is asked for again
			ok(log_frames(f.log, at, &frames, &n));
			CHECK_EQ_U(frames[1].pushed_seq, at);
		}
		pop(&f, "leaf", 0x6fffffe0, at, NULL, 0);
	}
	uint64_t last = line(&f, "main", 0x6ffffff0, 0, 10);
	ok(log_frames(f.log, last, &frames, &n));
	size_t live = 0;
	for (size_t i = 0; i < n; i++)
		live += !frames[i].ghost;
	CHECK_EQ_U(live, 1);
	CHECK_EQ_S(frames[0].function, "main");
	log_close(f.log);
	ok(store_close(f.store, NULL));
}

static bool always(void *ctx)
{
	unsigned *asked = ctx;
	return ++*asked > 1; // the first time what came before the move is taken off
}

TEST(a_pause_ends_a_long_move_where_it_is)
{
	struct fixture f;
	unsigned asked = 0;
	begin(&f, &(struct store_holds){.line = true}, 0);
	push(&f, "main", 0x6ffffff0, 0x70000000, 0, NULL, 0);
	for (int i = 0; i < 5000; i++)
		add(&f, (struct event){.kind = EVENT_NOTE, .text = "a note"});
	line(&f, "main", 0x6ffffff0, 0, 10);
	pop(&f, "main", 0x6ffffff0, 0, NULL, 0);
	end(&f);
	player_on_pause(f.p, always, &asked);
	ok(player_move(f.p, PLAYER_NEXT, false, 1));
	CHECK(player_at(f.p) < 4000);
	CHECK_EQ_S(player_why(f.p), "interrupted");
	player_on_pause(f.p, NULL, NULL);
	ok(player_move(f.p, PLAYER_NEXT, false, 1));
	CHECK_EQ_U(player_at(f.p), 5001);
	done(&f);
}

TEST(breakpoints_are_numbered_kept_and_removed)
{
	struct fixture f;
	unsigned number = 0;
	const struct player_breakpoint *b;
	one_frame(&f);
	ok(player_break(f.p, "main", &number));
	ok(player_break(f.p, "  a.c:7  if n == 48 ", &number));
	ok(player_break(f.p, "+1", &number));
	CHECK_EQ_U(number, 3);
	ok(player_make_temporary(f.p, 3));
	CHECK(player_delete(f.p, 7) == FT_NONE);
	ok(player_delete(f.p, 1));
	CHECK_EQ_U(player_breakpoints(f.p, &b), 2);
	CHECK_EQ_S(b[0].spec, "a.c:7  if n == 48");
	CHECK(b[1].temporary);
	ok(player_move(f.p, PLAYER_CONTINUE, false, 1));
	CHECK_EQ_U(player_at(f.p), 1);
	CHECK_EQ_U(player_breakpoints(f.p, &b), 1);
	static const char *const bad[] = {"", "a.c:0", "7 if", "+x", "watch ", "a.c:7 if n", "*0x"};
	for (size_t i = 0; i < FT_COUNT(bad); i++) {
		enum ft_rc rc = player_break(f.p, bad[i], &number);
		if (rc == FT_OK) // "a.c:0", "*0x": names that no function has
			CHECK(player_delete(f.p, number) == FT_OK);
		else
			CHECK(*ft_error() != '\0');
		ft_error_clear();
	}
	done(&f);
}

TEST(undo_goes_where_the_moves_began)
{
	struct fixture f;
	one_frame(&f);
	CHECK(player_undo(f.p) == FT_NONE);
	for (int i = 0; i < 3000; i++) { // more than are kept
		ok(player_go(f.p, 1));
		ok(player_go(f.p, 0));
	}
	ok(player_undo(f.p));
	CHECK_EQ_U(player_at(f.p), 1);
	unsigned n = 1;
	for (; player_undo(f.p) == FT_OK; n++)
		CHECK_EQ_U(player_at(f.p), n % 2 ? 0 : 1);
	CHECK(n > 400 && n <= PLAYER_HISTORY);
	done(&f);
}

TEST_MAIN
