/*
 * test_report.c - hand-made events against the exact bytes of each format.
 */
#include "test.h"

#include "base/base.h"
#include "report/report.h"

/* The Rust demo as measured: ASLR off, rustc 1.95. */
static const struct event_part main_parts[] = {{"call", -8}, {"sub rsp,0x38", -56}};
static const struct event_part double_parts[] = {{"call", -8}, {"push rax", -8}};
static const struct event_part double_exit[] = {{"pop rcx", 8}, {"ret", 8}};
static const struct event_value double_args[] = {{.name = "n",
						  .type = "i32",
						  .value = "48",
						  .known = true,
						  .has_address = true,
						  .address = 0x7fffffffe474,
						  .size = 4}};
static const struct event_value main_locals[] = {{.name = "a",
						  .type = "i32",
						  .value = "48",
						  .known = true,
						  .has_address = true,
						  .address = 0x7fffffffe4ac,
						  .size = 4,
						  .scope_ended = true},
						 {.name = "b",
						  .type = "i32",
						  .value = "96",
						  .known = true,
						  .has_address = true,
						  .address = 0x7fffffffe484,
						  .size = 4,
						  .scope_ended = true}};
static const char *const argv_double[] = {"./double", "two words", NULL};

static const struct event start = {
	.kind = EVENT_START,
	.pid = 4711,
	.tid = 4711,
	.program = "/tmp/double",
	.argv = argv_double,
	.argc = 2,
	.build_id = "0123abcd",
	.unix_ns = 1785585600000000042,
};

static const struct event push_main = {
	.kind = EVENT_PUSH,
	.pid = 4711,
	.tid = 4711,
	.time_ns = 1000,
	.function = "double::main",
	.symbol = "_ZN6double4main17h0123456789abcdefE",
	.module = "/tmp/double",
	.file = "/src/double.rs",
	.line = 5,
	.pc = 0x555555568130,
	.cfa = 0x7fffffffe4c0,
	.rsp = 0x7fffffffe480,
	.delta = -64,
	.delta_known = true,
	.parts = main_parts,
	.n_parts = 2,
	.return_address = 0x55555556811b,
	.return_symbol = "core::ops::function::FnOnce::call_once+11",
	.caller = "core::ops::function::FnOnce::call_once",
	.args_known = true,
};

static const struct event push_double = {
	.kind = EVENT_PUSH,
	.seq = 1,
	.pid = 4711,
	.tid = 4711,
	.time_ns = 2000,
	.depth = 1,
	.function = "double::double",
	.module = "/tmp/double",
	.file = "/src/double.rs",
	.line = 1,
	.pc = 0x555555568125,
	.cfa = 0x7fffffffe480,
	.rsp = 0x7fffffffe470,
	.delta = -16,
	.delta_known = true,
	.parts = double_parts,
	.n_parts = 2,
	.return_address = 0x555555568156,
	.return_symbol = "double::main+22",
	.caller = "double::main",
	.caller_file = "/src/double.rs",
	.caller_line = 7,
	.args = double_args,
	.n_args = 1,
	.args_known = true,
};

static const struct event pop_double = {
	.kind = EVENT_POP,
	.seq = 2,
	.pid = 4711,
	.tid = 4711,
	.time_ns = 3000,
	.depth = 1,
	.function = "double::double",
	.module = "/tmp/double",
	.file = "/src/double.rs",
	.line = 3,
	.pc = 0x555555568139,
	.cfa = 0x7fffffffe480,
	.rsp = 0x7fffffffe480,
	.delta = 16,
	.delta_known = true,
	.parts = double_exit,
	.n_parts = 2,
	.return_address = 0x555555568156,
	.return_symbol = "double::main+22",
	.caller = "double::main",
	.args_known = true,
	.how = POP_RETURN,
	.has_return = true,
	.returned =
		{.name = "", .type = "i32", .value = "96", .known = true, .reg = "rax", .size = 4},
	.pushed_seq = 1,
};

static const struct event pop_main = {
	.kind = EVENT_POP,
	.seq = 3,
	.pid = 4711,
	.tid = 4711,
	.time_ns = 4000,
	.function = "double::main",
	.pc = 0x5555555681a8,
	.cfa = 0x7fffffffe4c0,
	.rsp = 0x7fffffffe4c0,
	.delta = 64,
	.delta_known = true,
	.return_address = 0x55555556811b,
	.args_known = true,
	.locals = main_locals,
	.n_locals = 2,
	.how = POP_RETURN,
};

static const struct event_summary totals = {
	.pushed = 2,
	.popped = 2,
	.max_depth = 2,
	.max_depth_function = "double::double",
	.max_stack = 80,
	.max_stack_function = "double::double",
	.traced = 2,
	.hidden_system = 3,
	.hidden_std = 310,
	.hidden_helper = 6,
	.hidden_libraries = 2,
	.threads = 1,
	.hits = 4,
	.stops = 9,
	.wall_ns = 3141592,
};

static const struct event exited = {
	.kind = EVENT_EXIT,
	.seq = 4,
	.pid = 4711,
	.tid = 4711,
	.time_ns = 5000,
	.status = 8,
	.summary = &totals,
};

/* What a format makes of some events; the caller frees it. */
static char *report(const char *format, const struct report_options *o,
		    const struct event *const *events, size_t n)
{
	const struct report_format *f = report_find(format);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	if (!f || !out)
		abort();
	struct reporter *r = f->open(out, o);
	for (size_t i = 0; i < n; i++)
		f->event(r, events[i]);
	f->close(r);
	fclose(out);
	return text;
}

#define CHECK_REPORT(format, options, events, expected)                                            \
	do {                                                                                       \
		char *text_ = report(format, options, events, FT_COUNT(events));                   \
		CHECK_EQ_S(text_, expected);                                                       \
		free(text_);                                                                       \
	} while (0)

static const struct event *const run[] = {&start,      &push_main, &push_double,
					  &pop_double, &pop_main,  &exited};

/* One frame's worth of event, to be changed by a test. */
static struct event bare(enum event_kind kind)
{
	return (struct event){
		.kind = kind,
		.pid = 1,
		.tid = 1,
		.function = "f",
		.rsp = 0x7fffffffe000,
		.cfa = 0x7fffffffe010,
		.delta = kind == EVENT_PUSH ? -16 : 16,
		.delta_known = true,
		.args_known = true,
	};
}

TEST(table_finds_formats)
{
	CHECK(report_formats[0] == report_find("text")); // the default
	CHECK(report_find("json") != NULL);
	CHECK(report_find("xml") == NULL);
}

#define CHECK_ONE(format, options, one, expected)                                                  \
	do {                                                                                       \
		const struct event *const one_[] = {one};                                          \
		CHECK_REPORT(format, options, one_, expected);                                     \
	} while (0)

// Expected lines are broken where a reader looks, not where the column limit happens to be.
// clang-format off

TEST(text_run)
{
	struct report_options o = {0};
	CHECK_REPORT("text", &o, run,
	"-- process 4711 runs /tmp/double 'two words'\n"
	"  delta  rsp             > frame pushed, < frame popped = value  source     "
	"return address\n"
	"    -64  0x7fffffffe480  > double::main()                   double.rs:5     "
	"returns to core::ops::function::FnOnce::call_once+11\n"
	"    -16  0x7fffffffe470  | > double::double(n=48)           double.rs:1     "
	"returns to double::main+22\n"
	"    +16  0x7fffffffe480  | < double::double = 96            double.rs:3\n"
	"    +64  0x7fffffffe4c0  < double::main\n"
	"-- exited with status 8\n"
	"   frames: 2 pushed, 2 popped\n"
	"   deepest: 2 frames in double::double, 80 bytes of stack in double::double\n"
	"   functions: 2 traced\n"
	"   hidden: 310 of Rust's std, 3 of system headers, 6 of start-up code (--all shows "
	"them)\n"
	"   libraries: 2 not traced (--lib=NAME shows one)\n");
}

TEST(text_verbose)
{
	struct report_options o = {.verbose = 1};
	CHECK_REPORT("text", &o, run,
	"-- process 4711 runs /tmp/double 'two words'\n"
	"  delta  rsp or address  > frame pushed, < frame popped = value  source     "
	"return address\n"
	"    -64  0x7fffffffe480  > double::main()                   double.rs:5     "
	"returns to core::ops::function::FnOnce::call_once+11\n"
	"         0x7fffffffe4c0      rsp before the call (CFA): call -8, sub rsp,0x38 -56 = "
	"-64\n"
	"         0x7fffffffe4b8      return address 0x55555556811b, "
	"core::ops::function::FnOnce::call_once+11\n"
	"    -16  0x7fffffffe470  | > double::double(n=48)           double.rs:1     "
	"returns to double::main+22\n"
	"         0x7fffffffe480  |     rsp before the call (CFA): call -8, push rax -8 = -16\n"
	"         0x7fffffffe478  |     return address 0x555555568156, double::main+22, "
	"called at double.rs:7\n"
	"         0x7fffffffe474  |     argument n = 48   i32, 4 bytes\n"
	"    +16  0x7fffffffe480  | < double::double = 96            double.rs:3\n"
	"                         |     return value = 96   i32, 4 bytes in rax\n"
	"                         |     pop rcx +8, ret +8 = +16\n"
	"    +64  0x7fffffffe4c0  < double::main\n"
	"         0x7fffffffe4ac      local a = 48   i32, 4 bytes, scope over\n"
	"         0x7fffffffe484      local b = 96   i32, 4 bytes, scope over\n"
	"-- exited with status 8\n"
	"   frames: 2 pushed, 2 popped\n"
	"   deepest: 2 frames in double::double, 80 bytes of stack in double::double\n"
	"   functions: 2 traced\n"
	"   hidden: 310 of Rust's std, 3 of system headers, 6 of start-up code (--all shows "
	"them)\n"
	"   libraries: 2 not traced (--lib=NAME shows one)\n"
	"   cost: 9 stops, of which 4 breakpoint hits; 3.1 ms\n");
}

TEST(text_long_return_symbols)
{
	struct report_options o = {0};
	static const char *const symbols[][2] = {
		{"a::f<b<int>, c>::call_them_all<fn(), ()>+11", "a::f<..>::call_them_all<..>+11"},
		{"n::operator<< <n::text<char> >(n::text<char>&)+3", "n::operator<< <..>(n::text<..>&)+3"},
		{"<n::Number as core::fmt::Display>::fmt::inner<u8>+1",
		 "<n::Number as core::fmt::Display>::fmt::inner<..>+1"},
		{"n::operator->*<int, never::closed+4", "n::operator->*<int, never::closed+4"},
		{"short<int>+4", "short<int>+4"},
	};
	for (size_t i = 0; i < FT_COUNT(symbols); i++) {
		struct event ev = bare(EVENT_PUSH);
		ev.return_symbol = symbols[i][0];
		const struct event *const one[] = {&ev};
		char *text = report("text", &o, one, 1);
		const char *shown = strstr(text, "returns to ");
		CHECK(shown != NULL);
		if (shown)
			CHECK_EQ_U(strncmp(shown + 11, symbols[i][1], strlen(symbols[i][1])), 0);
		free(text);
	}
}

TEST(text_quiet)
{
	struct report_options o = {.quiet = true};
	CHECK_REPORT("text", &o, run,
	"    -64  0x7fffffffe480  > double::main()                   double.rs:5     "
	"returns to core::ops::function::FnOnce::call_once+11\n"
	"    -16  0x7fffffffe470  | > double::double(n=48)           double.rs:1     "
	"returns to double::main+22\n"
	"    +16  0x7fffffffe480  | < double::double = 96            double.rs:3\n"
	"    +64  0x7fffffffe4c0  < double::main\n");
}

TEST(text_colors_only_add)
{
	struct report_options o = {.color = true}, plain = {0};
	char *colored = report("text", &o, run, FT_COUNT(run));
	char *expected = report("text", &plain, run, FT_COUNT(run));
	char *to = colored;
	for (char *p = colored; *p; p++) {
		if (*p == '\033')
			p = strchr(p, 'm');
		else
			*to++ = *p;
	}
	CHECK(to < colored + strlen(colored));
	*to = '\0';
	CHECK_EQ_S(colored, expected);
	free(colored);
	free(expected);
}

/* Deeper than the indentation goes: the mark stays where it is, the depth is a number. */
TEST(text_deep)
{
	struct report_options o = {0};
	static const uint32_t depths[] = {0, 1, 9, 10, 11, 99999};
	struct event e[FT_COUNT(depths)];
	const struct event *events[FT_COUNT(depths)];
	for (size_t i = 0; i < FT_COUNT(depths); i++) {
		e[i] = bare(EVENT_PUSH);
		e[i].depth = depths[i];
		events[i] = &e[i];
	}
	CHECK_REPORT("text", &o, events,
	"    -16  0x7fffffffe000  > f()\n"
	"    -16  0x7fffffffe000  | > f()\n"
	"    -16  0x7fffffffe000  | | | | | | | | | > f()\n"
	"    -16  0x7fffffffe000  | | | | | | | | | | > f()\n"
	"    -16  0x7fffffffe000             depth 11 > f()\n"
	"    -16  0x7fffffffe000          depth 99999 > f()\n");
}

TEST(text_pop_kinds)
{
	struct report_options o = {0};
	struct event e = bare(EVENT_POP);
	CHECK_ONE("text", &o, &e,
	"    +16  0x7fffffffe000  < f\n");
	e.how = POP_TAIL_CALL;
	CHECK_ONE("text", &o, &e,
	"    +16  0x7fffffffe000  < f: tail call\n");
	e.tail_target = "is_odd";
	e.rsp -= 8;
	CHECK_ONE("text", &o, &e,
	"    +16  0x7fffffffdff8  < f: tail call to is_odd\n");
	e.how = POP_UNWOUND;
	e.rsp = 0;
	e.delta_known = false;
	CHECK_ONE("text", &o, &e,
	"                         < f: unwound, left without a return\n");
	e.how = POP_LONGJMP;
	CHECK_ONE("text", &o, &e,
	"                         < f: left by longjmp, without a return\n");
	e.how = POP_EXIT;
	CHECK_ONE("text", &o, &e,
	"                         < f: still there at exit\n");
}

/* Without debug information: said once what f(?) means, and never that nothing was returned. */
TEST(text_unknown)
{
	struct report_options o = {0};
	struct event push = bare(EVENT_PUSH), pop = bare(EVENT_POP);
	push.args_known = pop.args_known = false;
	push.module = "/usr/bin/x";
	push.return_address = 0x401136;
	const struct event *const events[] = {&push, &pop, &push};
	CHECK_REPORT("text", &o, events,
	"-- note: f(?) stands for arguments that no debug information tells of\n"
	"    -16  0x7fffffffe000  > f(?)                             (x)             "
	"returns to 0x401136\n"
	"    +16  0x7fffffffe000  < f = ?\n"
	"    -16  0x7fffffffe000  > f(?)                             (x)             "
	"returns to 0x401136\n");
}

TEST(text_unknown_values)
{
	struct report_options o = {.verbose = 1};
	static const struct event_value args[] = {
		{.name = "n", .type = "int", .value = "<optimised out>", .size = 4, .why = "no location anywhere", .entry = "5"},
		{.name = "", .type = "long", .value = "7", .known = true, .reg = "rsi", .size = 8}};
	struct event e = bare(EVENT_PUSH);
	e.args = args;
	e.n_args = 2;
	CHECK_ONE("text", &o, &e,
	"    -16  0x7fffffffe000  > f(n=<optimised out>, 7)\n"
	"         0x7fffffffe010      rsp before the call (CFA): by instructions not "
	"known = -16\n"
	"                             argument n = <optimised out>; at entry 5   int, "
	"4 bytes, no location anywhere\n"
	"                             argument = 7   long, 8 bytes in rsi\n");
	CHECK_ONE("json", &o, &e,
	"{\"seq\":0,\"event\":\"push\",\"pid\":1,\"tid\":1,\"time_ns\":0,\"depth\":0,\"function\":\"f\","
	"\"symbol\":null,\"module\":null,\"file\":null,\"line\":null,\"pc\":null,"
	"\"cfa\":\"0x7fffffffe010\",\"rsp\":\"0x7fffffffe000\",\"delta\":-16,\"parts\":null,"
	"\"return_address\":null,\"return_symbol\":null,\"caller\":null,\"caller_file\":null,"
	"\"caller_line\":null,\"args\":[{\"name\":\"n\",\"type\":\"int\",\"value\":null,"
	"\"unknown\":\"optimised out\",\"why\":\"no location anywhere\","
	"\"entry_value\":\"5\",\"address\":null,\"register\":null,\"size\":4},{\"name\":\"\","
	"\"type\":\"long\",\"value\":\"7\",\"address\":null,\"register\":\"rsi\",\"size\":8}]}\n");
}

/* Nothing that a program says reaches the terminal as a control. */
TEST(text_is_safe)
{
	struct report_options o = {.verbose = 1};
	static const struct event_value args[] = {{.name = "s\033[2J", .type = "char\n*", .value = "\"\033]0;owned\a \xff \xc3\xa9\"", .known = true, .size = 8}};
	struct event e = bare(EVENT_PUSH);
	e.function = "evil\r\033[1m";
	e.file = "/src/\t.c";
	e.line = 3;
	e.args = args;
	e.n_args = 1;
	e.return_symbol = "\177";
	CHECK_ONE("text", &o, &e,
	"    -16  0x7fffffffe000  > evil\\r\\033[1m(s\\033[2J=\"\\033]0;owned\\a \\377 \303\251\")  "
	"\\t.c:3  returns to \\177\n"
	"         0x7fffffffe010      rsp before the call (CFA): by instructions not "
	"known = -16\n"
	"                             argument s\\033[2J = \"\\033]0;owned\\a \\377 \303\251\"   char\\n*, "
	"8 bytes\n");
}

/* Columns are counted in characters, not in bytes. */
TEST(text_utf8_columns)
{
	struct report_options o = {0};
	struct event e = bare(EVENT_PUSH);
	e.file = "a.rs";
	e.line = 1;
	e.function = "\xc3\xa9t\xc3\xa9";
	CHECK_ONE("text", &o, &e,
	"    -16  0x7fffffffe000  > \303\251t\303\251()                            a.rs:1\n");
}

TEST(text_threads)
{
	struct report_options o = {0};
	struct event first = bare(EVENT_PUSH), begins = bare(EVENT_THREAD);
	struct event second = bare(EVENT_PUSH), sig = bare(EVENT_SIGNAL);
	begins.child = second.tid = sig.tid = 2;
	second.depth = 20;
	sig.signal = 10;
	sig.signal_name = "SIGUSR1";
	const struct event *const events[] = {&first, &begins, &second, &sig, &first};
	CHECK_REPORT("text", &o, events,
	"    -16  0x7fffffffe000  > f()\n"
	"-- [1] thread 2 begins\n"
	"    -16  0x7fffffffe000  [2]            depth 20 > f()\n"
	"-- [2] SIGUSR1 arrives\n"
	"    -16  0x7fffffffe000  [1] > f()\n");
}

TEST(other_events)
{
	static const char *const argv[] = {"ls", "", "it's"};
	struct report_options o = {0};
	struct event child = bare(EVENT_CHILD), exec = bare(EVENT_EXEC), note = bare(EVENT_NOTE);
	struct event killed = bare(EVENT_EXIT);
	child.child = 77;
	exec.program = "/bin/ls";
	exec.argv = argv;
	exec.argc = 3;
	note.text = "3 functions have no bytes\n";
	killed.signal = 11;
	killed.signal_name = "SIGSEGV";
	killed.core = true;
	const struct event *const events[] = {&child, &exec, &note, &killed};
	CHECK_REPORT("text", &o, events,
	"-- process 77 forked; it runs untraced\n"
	"-- process 1 now runs /bin/ls '' 'it'\\''s'\n"
	"-- note: 3 functions have no bytes\\n\n"
	"-- killed by SIGSEGV, core dumped\n");
	CHECK_REPORT("json", &o, events,
	"{\"seq\":0,\"event\":\"child\",\"pid\":1,\"tid\":1,\"time_ns\":0,\"child\":77}\n"
	"{\"seq\":0,\"event\":\"exec\",\"pid\":1,\"tid\":1,\"time_ns\":0,\"program\":\"/bin/ls\","
	"\"arguments\":[\"ls\",\"\",\"it's\"],\"build_id\":null}\n"
	"{\"seq\":0,\"event\":\"note\",\"pid\":1,\"tid\":1,\"time_ns\":0,"
	"\"text\":\"3 functions have no bytes\\n\"}\n"
	"{\"seq\":0,\"event\":\"exit\",\"pid\":1,\"tid\":1,\"time_ns\":0,\"status\":null,"
	"\"signal\":\"SIGSEGV\",\"signal_number\":11,\"core\":true,\"summary\":null}\n");
}

TEST(text_summary_of_everything)
{
	struct report_options o = {.verbose = 1};
	struct event_summary s = totals;
	struct event e = exited;
	s.left = 1;
	s.skipped = 1;
	s.hidden_filter = 4;
	s.hidden_no_debug = 2;
	s.hidden_libraries = 1;
	s.children = 1;
	s.max_depth = 1;
	e.summary = &s;
	CHECK_ONE("text", &o, &e,
	"-- exited with status 8\n"
	"   frames: 2 pushed, 2 popped, 1 of them at the end\n"
	"   deepest: 1 frame in double::double, 80 bytes of stack in double::double\n"
	"   functions: 2 traced, 4 hidden by your filters, 1 that cannot be traced\n"
	"   hidden: 310 of Rust's std, 3 of system headers, 6 of start-up code, 2 without "
	"debug information (--all shows them)\n"
	"   library: 1 not traced (--lib=NAME shows one)\n"
	"   child: 1 forked program ran untraced\n"
	"   cost: 9 stops, of which 4 breakpoint hits; 3.1 ms\n");
}

TEST(text_summary_of_nothing)
{
	struct report_options o = {0};
	struct event_summary s = {0};
	struct event e = exited;
	e.status = 0;
	e.summary = &s;
	CHECK_ONE("text", &o, &e,
	"-- exited with status 0\n"
	"   frames: 0 pushed, 0 popped\n"
	"   functions: 0 traced\n");
}

TEST(json_run)
{
	struct report_options o = {0};
	CHECK_REPORT("json", &o, run,
	"{\"format\":\"frametrace\",\"version\":1,\"program\":\"/tmp/double\",\"arguments\":[\"./double\","
	"\"two words\"],\"pid\":4711,\"time\":\"2026-08-01T12:00:00.000000042Z\","
	"\"build_id\":\"0123abcd\"}\n"
	"{\"seq\":0,\"event\":\"push\",\"pid\":4711,\"tid\":4711,\"time_ns\":1000,\"depth\":0,"
	"\"function\":\"double::main\",\"symbol\":\"_ZN6double4main17h0123456789abcdefE\","
	"\"module\":\"/tmp/double\",\"file\":\"/src/double.rs\",\"line\":5,\"pc\":\"0x555555568130\","
	"\"cfa\":\"0x7fffffffe4c0\",\"rsp\":\"0x7fffffffe480\",\"delta\":-64,\"parts\":[[\"call\",-8],"
	"[\"sub rsp,0x38\",-56]],\"return_address\":\"0x55555556811b\","
	"\"return_symbol\":\"core::ops::function::FnOnce::call_once+11\","
	"\"caller\":\"core::ops::function::FnOnce::call_once\",\"caller_file\":null,"
	"\"caller_line\":null,\"args\":[]}\n"
	"{\"seq\":1,\"event\":\"push\",\"pid\":4711,\"tid\":4711,\"time_ns\":2000,\"depth\":1,"
	"\"function\":\"double::double\",\"symbol\":null,\"module\":\"/tmp/double\","
	"\"file\":\"/src/double.rs\",\"line\":1,\"pc\":\"0x555555568125\",\"cfa\":\"0x7fffffffe480\","
	"\"rsp\":\"0x7fffffffe470\",\"delta\":-16,\"parts\":[[\"call\",-8],[\"push rax\",-8]],"
	"\"return_address\":\"0x555555568156\",\"return_symbol\":\"double::main+22\","
	"\"caller\":\"double::main\",\"caller_file\":\"/src/double.rs\",\"caller_line\":7,"
	"\"args\":[{\"name\":\"n\",\"type\":\"i32\",\"value\":\"48\",\"address\":\"0x7fffffffe474\","
	"\"register\":null,\"size\":4}]}\n"
	"{\"seq\":2,\"event\":\"pop\",\"pid\":4711,\"tid\":4711,\"time_ns\":3000,\"depth\":1,"
	"\"function\":\"double::double\",\"symbol\":null,\"module\":\"/tmp/double\","
	"\"file\":\"/src/double.rs\",\"line\":3,\"pc\":\"0x555555568139\",\"cfa\":\"0x7fffffffe480\","
	"\"rsp\":\"0x7fffffffe480\",\"delta\":16,\"parts\":[[\"pop rcx\",8],[\"ret\",8]],"
	"\"return_address\":\"0x555555568156\",\"return_symbol\":\"double::main+22\","
	"\"caller\":\"double::main\",\"caller_file\":null,\"caller_line\":null,\"how\":\"return\","
	"\"return\":{\"type\":\"i32\",\"value\":\"96\"},\"locals\":[],\"pushed_seq\":1}\n"
	"{\"seq\":3,\"event\":\"pop\",\"pid\":4711,\"tid\":4711,\"time_ns\":4000,\"depth\":0,"
	"\"function\":\"double::main\",\"symbol\":null,\"module\":null,\"file\":null,\"line\":null,"
	"\"pc\":\"0x5555555681a8\",\"cfa\":\"0x7fffffffe4c0\",\"rsp\":\"0x7fffffffe4c0\",\"delta\":64,"
	"\"parts\":null,\"return_address\":\"0x55555556811b\",\"return_symbol\":null,\"caller\":null,"
	"\"caller_file\":null,\"caller_line\":null,\"how\":\"return\",\"locals\":[{\"name\":\"a\","
	"\"type\":\"i32\",\"value\":\"48\",\"address\":\"0x7fffffffe4ac\",\"register\":null,\"size\":4,"
	"\"scope_ended\":true},{\"name\":\"b\",\"type\":\"i32\",\"value\":\"96\","
	"\"address\":\"0x7fffffffe484\",\"register\":null,\"size\":4,\"scope_ended\":true}],"
	"\"pushed_seq\":0}\n"
	"{\"seq\":4,\"event\":\"exit\",\"pid\":4711,\"tid\":4711,\"time_ns\":5000,\"status\":8,"
	"\"signal\":null,\"signal_number\":null,\"core\":false,\"summary\":{\"pushed\":2,\"popped\":2,\"too_deep\":0,"
	"\"left\":0,\"max_depth\":2,\"max_stack\":80,\"traced\":2,\"skipped\":0,\"hidden_system\":3,"
	"\"hidden_std\":310,\"hidden_helper\":6,\"hidden_no_debug\":0,\"hidden_filter\":0,"
	"\"hidden_libraries\":2,\"children\":0,\"threads\":1,\"hits\":4,\"stops\":9,\"wall_ns\":3141592,"
	"\"max_depth_function\":\"double::double\",\"max_stack_function\":\"double::double\",\"stacks\":[]}}\n");
}

TEST(json_takes_no_notice_of_options)
{
	struct report_options o = {0};
	struct report_options all = {.color = true, .verbose = 2, .frames = true, .quiet = true};
	char *a = report("json", &o, run, FT_COUNT(run));
	char *b = report("json", &all, run, FT_COUNT(run));
	CHECK_EQ_S(a, b);
	free(a);
	free(b);
}

TEST(json_unknown)
{
	struct report_options o = {0};
	static const struct event_frame_of_walk walk[] = {{0x401136, 0x7fffffffe010, "f+4", NULL},
							  {0x401200, 0x7fffffffe030, "", NULL}};
	struct event push = bare(EVENT_PUSH), pop = bare(EVENT_POP);
	push.args_known = pop.args_known = false;
	push.delta_known = false;
	push.walk = walk;
	push.n_walk = 2;
	pop.how = POP_TAIL_CALL;
	const struct event *const events[] = {&push, &pop};
	CHECK_REPORT("json", &o, events,
	"{\"seq\":0,\"event\":\"push\",\"pid\":1,\"tid\":1,\"time_ns\":0,\"depth\":0,\"function\":\"f\","
	"\"symbol\":null,\"module\":null,\"file\":null,\"line\":null,\"pc\":null,"
	"\"cfa\":\"0x7fffffffe010\",\"rsp\":\"0x7fffffffe000\",\"delta\":null,\"parts\":null,"
	"\"return_address\":null,\"return_symbol\":null,\"caller\":null,\"caller_file\":null,"
	"\"caller_line\":null,\"args\":null,\"args_unknown\":\"no debug information: build with -g\","
	"\"walk\":[{\"pc\":\"0x401136\",\"cfa\":\"0x7fffffffe010\",\"symbol\":\"f+4\"},{\"pc\":\"0x401200\","
	"\"cfa\":\"0x7fffffffe030\",\"symbol\":null}]}\n"
	"{\"seq\":0,\"event\":\"pop\",\"pid\":1,\"tid\":1,\"time_ns\":0,\"depth\":0,\"function\":\"f\","
	"\"symbol\":null,\"module\":null,\"file\":null,\"line\":null,\"pc\":null,"
	"\"cfa\":\"0x7fffffffe010\",\"rsp\":\"0x7fffffffe000\",\"delta\":16,\"parts\":null,"
	"\"return_address\":null,\"return_symbol\":null,\"caller\":null,\"caller_file\":null,"
	"\"caller_line\":null,\"how\":\"tail call\",\"tail_target\":null,\"locals\":null,"
	"\"pushed_seq\":0}\n");
}

static const struct event_value inlined_args[] = {
	{.name = "x", .type = "int", .value = "3", .known = true, .reg = "rdi", .size = 4}};

static struct event inlined_call(void)
{
	struct event ev = bare(EVENT_INLINE);
	ev.depth = 2;
	ev.inline_depth = 1;
	ev.function = "square";
	ev.within = "main";
	ev.module = "demo";
	ev.file = "/src/demo.c";
	ev.line = 3;
	ev.caller = "hyp";
	ev.caller_file = "/src/demo.c";
	ev.caller_line = 9;
	ev.pc = 0x401136;
	ev.args_known = true;
	ev.args = inlined_args;
	ev.n_args = 1;
	return ev;
}

TEST(text_inlined)
{
	struct report_options o = {0}, verbose = {.verbose = 1};
	static const struct event_frame_of_walk walk[] = {
		{0x401136, 0x7fffffffe010, "square", "main"},
		{0x401136, 0x7fffffffe010, "main+4", NULL}};
	struct event call = inlined_call(), push = bare(EVENT_PUSH), sig = bare(EVENT_SIGNAL);
	push.walk = walk;
	push.n_walk = 2;
	sig.signal = 11;
	sig.signal_name = "SIGSEGV";
	sig.symbol_at = "main+4";
	sig.function = "square";
	sig.within = "main";
	const struct event *const events[] = {&push, &call, &sig};
	CHECK_REPORT("text", &o, events,
	"    -16  0x7fffffffe000  > f()\n"
	"         0x7fffffffe010      #0 0x401136 square (inlined in main)\n"
	"         0x7fffffffe010      #1 0x401136 main+4\n"
	"              (inlined)  | | ~ square(x=3)                  demo.c:3        called at demo.c:9\n"
	"-- SIGSEGV arrives in square (inlined in main)\n");
	const struct event *const one[] = {&call};
	CHECK_REPORT("text", &verbose, one,
	"              (inlined)  | | ~ square(x=3)                  demo.c:3        called at demo.c:9\n"
	"                         | |     argument x = 3   int, 4 bytes in rdi\n"
	"               0x401136  | |     begins here, called by hyp in the frame of main\n");
}

TEST(json_inlined)
{
	struct report_options o = {0};
	struct event call = inlined_call();
	call.loops = true;
	const struct event *const events[] = {&call};
	CHECK_REPORT("json", &o, events,
	"{\"seq\":0,\"event\":\"inline\",\"pid\":1,\"tid\":1,\"time_ns\":0,\"depth\":2,"
	"\"function\":\"square\",\"in\":\"main\",\"inline_depth\":1,\"module\":\"demo\","
	"\"file\":\"/src/demo.c\",\"line\":3,\"caller\":\"hyp\",\"call_file\":\"/src/demo.c\","
	"\"call_line\":9,\"pc\":\"0x401136\",\"cfa\":\"0x7fffffffe010\",\"args\":[{\"name\":\"x\","
	"\"type\":\"int\",\"value\":\"3\",\"address\":null,\"register\":\"rdi\",\"size\":4}],"
	"\"pushed_seq\":0,\"loops\":true}\n");
}

TEST(json_returned_reason)
{
	struct report_options o = {0};
	struct event e = bare(EVENT_POP);
	e.has_return = true;
	e.pc = 0x401136;
	e.returned = (struct event_value){.name = "", .type = "struct big", .value = "<not read>"};
	CHECK_ONE("json", &o, &e,
	"{\"seq\":0,\"event\":\"pop\",\"pid\":1,\"tid\":1,\"time_ns\":0,\"depth\":0,\"function\":\"f\","
	"\"symbol\":null,\"module\":null,\"file\":null,\"line\":null,\"pc\":\"0x401136\","
	"\"cfa\":\"0x7fffffffe010\",\"rsp\":\"0x7fffffffe000\",\"delta\":16,\"parts\":null,"
	"\"return_address\":null,\"return_symbol\":null,\"caller\":null,\"caller_file\":null,"
	"\"caller_line\":null,\"how\":\"return\",\"return\":{\"type\":\"struct big\",\"value\":null,"
	"\"unknown\":\"not read\"},\"locals\":[],\"pushed_seq\":0}\n");
	CHECK_ONE("text", &o, &e,
	"    +16  0x7fffffffe000  < f = <not read>\n");
}

// clang-format on

TEST_MAIN
