/*
 * test_explain.c - hand-made events, and what the explain format says of them.
 */
#include "test.h"

#include "base/base.h"
#include "report/report.h"

enum { COLUMNS = 100 };

/* A run of the format over several events. */
struct telling {
	const struct report_format *format;
	struct reporter *reporter;
	FILE *out;
	char *text;
	size_t len;
};

static void begin(struct telling *t, bool quiet)
{
	const struct report_options o = {.quiet = quiet};
	*t = (struct telling){.format = report_find("explain")};
	t->out = open_memstream(&t->text, &t->len);
	if (!t->format || !t->out)
		abort();
	t->reporter = t->format->open(t->out, &o);
}

static void tell(struct telling *t, const struct event *ev)
{
	t->format->event(t->reporter, ev);
	fflush(t->out);
}

static void end(struct telling *t)
{
	t->format->close(t->reporter);
	fclose(t->out);
}

/* What it says of one event alone; to be freed. */
static char *told(const struct event *ev)
{
	struct telling t;
	begin(&t, false);
	tell(&t, ev);
	end(&t);
	return t.text;
}

static const char *without_breaks(char *text)
{
	size_t n = 0;
	for (const char *s = text; *s; s++)
		if ((*s != ' ' && *s != '\n') || (n > 0 && text[n - 1] != ' '))
			text[n++] = *s == '\n' ? ' ' : *s;
	text[n] = '\0';
	return text;
}

static bool says(const struct event *ev, const char *words)
{
	char *text = told(ev);
	bool found = strstr(without_breaks(text), words) != NULL;
	if (!found)
		printf("# %s\n", text);
	free(text);
	return found;
}

static const struct event_part parts[] = {{"call", -8}, {"push rax", -8}};
static const struct event_part back[] = {{"pop rcx", 8}, {"ret", 8}};
static const struct event_value arg = {.name = "n",
				       .type = "i32",
				       .value = "48",
				       .known = true,
				       .has_address = true,
				       .address = 0x7fffffffe474,
				       .size = 4};

static const struct event push = {
	.kind = EVENT_PUSH,
	.pid = 7,
	.tid = 7,
	.depth = 1,
	.function = "double",
	.file = "/src/double.rs",
	.line = 9,
	.pc = 0x5555555681b5,
	.cfa = 0x7fffffffe480,
	.rsp = 0x7fffffffe470,
	.delta = -16,
	.delta_known = true,
	.parts = parts,
	.n_parts = 2,
	.return_address = 0x555555568156,
	.return_symbol = "main+22",
	.caller = "main",
	.caller_file = "/src/double.rs",
	.caller_line = 15,
	.args = &arg,
	.n_args = 1,
	.args_known = true,
	.stack_top = 0x7ffffffff000,
};

static struct event pop_of(enum pop_how how)
{
	struct event ev = push;
	ev.kind = EVENT_POP;
	ev.how = how;
	ev.parts = back;
	ev.delta = 16;
	ev.rsp = ev.cfa;
	ev.has_return = how == POP_RETURN;
	ev.returned = (struct event_value){.name = "", .value = "96", .known = true, .reg = "rax"};
	return ev;
}

/* An event of each kind, with no more in it than every one has. */
static struct event least_of(enum event_kind kind)
{
	static const struct event_map map = {.when = "start", .user_end = 0x7ffffffff000};
	static const struct event_where where = {.address = 0x1000, .what = "unmapped", .kind = ""};
	static const struct event_alarm alarm = {.what = ALARM_CANARY, .address = 0x7ff0};
	static const struct event_overflow overflow = {.hi = 0x8000, .lo = 0x7000};
	static const struct event_heap heap = {.call = "malloc", .address = 0x5000};
	static const struct event_change change = {{.name = "x", .value = "1"}, NULL};
	static const struct event_summary summary = {.pushed = 1};
	return (struct event){
		.kind = kind,
		.pid = 7,
		.tid = 7,
		.function = "f",
		.args_known = true,
		.map = &map,
		.where = &where,
		.alarm = &alarm,
		.overflow = &overflow,
		.heap = &heap,
		.changes = &change,
		.n_changes = 1,
		.summary = &summary,
		.insn = "nop",
	};
}

TEST(every_kind_has_its_sentence)
{
	for (int kind = EVENT_START; kind <= EVENT_EXIT; kind++) {
		struct event ev = least_of((enum event_kind)kind);
		char *text = told(&ev);
		size_t len = strlen(text);
		if (len < 8 || !strpbrk(text, ".:?") || text[len - 1] != '\n')
			test_fail(__FILE__, __LINE__, "kind %d: '%s'", kind, text);
		free(text);
	}
}

TEST(a_call_with_its_arithmetic)
{
	CHECK(says(&push, "main calls double(n=48), line 15 of double.rs: the call pushes the "
			  "return address, 8 bytes, so rsp falls from 0x7fffffffe480 to "
			  "0x7fffffffe478; then `push rax` takes 8 more, rsp is 0x7fffffffe470. "
			  "The frame takes 16 bytes. n is at 0x7fffffffe474, in the frame (4 "
			  "bytes)."));
	struct event ev = push;
	ev.n_parts = 0;
	CHECK(says(&ev, "The frame takes 16 bytes in all, down to rsp = 0x7fffffffe470."));
	ev.caller = NULL;
	CHECK(says(&ev, "double(n=48) begins. Its return address, 8 bytes at 0x7fffffffe478, is "
			"that of main+22."));
}

TEST(where_an_argument_is)
{
	struct event_value v = arg;
	struct event ev = push;
	ev.args = &v;
	v.address = ev.rsp - 4;
	CHECK(says(&ev, "below rsp, in the red zone (4 bytes)."));
	v.address = ev.cfa + 8;
	CHECK(says(&ev, "above the frame (4 bytes)."));
	v.address = 0x1000; // on no stack that is known
	CHECK(says(&ev, "n is at 0x1000 (4 bytes)."));
	v.reg = "rdi";
	CHECK(says(&ev, "n is in the register rdi (4 bytes)."));
	v.reg = NULL;
	v.known = false;
	v.value = "<optimised out>";
	CHECK(says(&ev, "n is not known: <optimised out>."));
	v.why = "no location anywhere";
	v.entry = "5";
	CHECK(says(&ev, "no location anywhere; it was 5 when the function was entered."));
	ev.n_args = 0;
	ev.args_known = false;
	CHECK(says(&ev, "double(?)"));
}

TEST(how_a_frame_ends)
{
	struct event ev = pop_of(POP_RETURN);
	CHECK(says(&ev, "double returns 96 to main, in the register rax. Of the frame, `pop rcx` "
			"gives back 8 bytes, `ret` gives back 8 and jumps to the return address, "
			"main+22; rsp is 0x7fffffffe480 again, as before the call."));
	ev.has_return = false;
	CHECK(says(&ev, "double returns to main; it has no return value."));
	struct event_value local = arg;
	ev.locals = &local;
	ev.n_locals = 1;
	CHECK(says(&ev, "Its locals held: n = 48. (A pop erases nothing."));
	local.scope_ended = true; // perhaps it never was in scope
	CHECK(says(&ev, "In the bytes of locals that are out of scope: n = 48."));
	ev = pop_of(POP_TAIL_CALL);
	ev.tail_target = "last";
	CHECK(says(&ev, "it jumps to last: a tail call."));
	ev = pop_of(POP_UNWOUND);
	CHECK(says(&ev, "left without a return"));
	ev = pop_of(POP_LONGJMP);
	CHECK(says(&ev, "left by longjmp"));
	ev = pop_of(POP_EXIT);
	CHECK(says(&ev, "still there at the end"));
}

/* Who begins where a frame has ended without a return was not called by who holds the address. */
TEST(a_jump_is_not_a_call)
{
	struct telling t;
	struct event ev = pop_of(POP_TAIL_CALL), next = push;
	begin(&t, false);
	tell(&t, &ev);
	tell(&t, &next);
	tell(&t, &next);
	end(&t);
	const char *s = without_breaks(t.text);
	const char *jump = strstr(s, "The jump leads to double(n=48), which takes over the return "
				     "address, 8 bytes at 0x7fffffffe478: main+22;");
	CHECK(jump != NULL);
	CHECK(jump && strstr(jump, "main calls double(n=48)")); // the jump was that one only
	free(t.text);

	ev = pop_of(POP_UNWOUND);
	begin(&t, true);
	tell(&t, &ev);
	tell(&t, &next);
	end(&t);
	CHECK(strstr(without_breaks(t.text), "double(n=48) begins.") != NULL);
	free(t.text);

	ev = pop_of(POP_UNWOUND);
	next.tid = 8; // another thread, as deep
	begin(&t, true);
	tell(&t, &ev);
	tell(&t, &next);
	end(&t);
	CHECK(strstr(without_breaks(t.text), "main calls double(n=48)") != NULL);
	free(t.text);
}

TEST(a_smashed_return_goes_elsewhere)
{
	static const struct event_alarm alarm = {.what = ALARM_RETURN_ADDRESS,
						 .address = 0x7fffffffe478,
						 .old = 0x555555568156,
						 .now = 0x41,
						 .now_is = "not mapped",
						 .about_to_return = true};
	struct event warn = push, ev = pop_of(POP_RETURN);
	warn.kind = EVENT_ALARM;
	warn.alarm = &alarm;
	struct telling t;
	for (int quiet = 0; quiet < 2; quiet++) {
		begin(&t, quiet);
		tell(&t, &warn);
		tell(&t, &ev);
		end(&t);
		const char *s = without_breaks(t.text);
		CHECK(strstr(s, "jumps to what is there in place of the return address"));
		CHECK(!strstr(s, "returns 96 to main"));
		CHECK((strstr(s, "now there is 0x41 (not mapped)") != NULL) == !quiet);
		free(t.text);
	}
}

TEST(changes_of_the_address_space)
{
	struct event_map_change changes[] = {{.how = "new",
					      .kind = "mmap",
					      .path = "",
					      .perms = "rw-p",
					      .lo = 0x4000,
					      .hi = 0x6000},
					     {.how = "new",
					      .kind = "file",
					      .path = "/a b",
					      .perms = "r--p",
					      .lo = 0x1000,
					      .hi = 0x2000},
					     {.how = "new",
					      .kind = "heap",
					      .path = "[heap]",
					      .perms = "rw-p",
					      .lo = 0x100,
					      .hi = 0x200}};
	struct event_map map = {.when = "push", .changes = changes, .n_changes = 3, .name = "x"};
	struct event ev = {.kind = EVENT_MAP, .pid = 4, .tid = 4, .map = &map};
	char *text = told(&ev); // as it is: one blank between words
	CHECK(strstr(text, "-- In the address space, a mapping (mmap) is new: 0x4000 to 0x6000"));
	CHECK(strstr(text, "-- In the address space, a mapping (file) /a b is new: 0x1000 to"));
	CHECK(strstr(text, "-- In the address space, the heap is new: 0x100 to 0x200"));
	free(text);
}

TEST(frees)
{
	struct event_heap h = {.call = "free",
			       .number = 1,
			       .address = 0x5000,
			       .size = 4,
			       .place = {.function = "main", .file = "d/a.c", .line = 9},
			       .allocated = {.function = "make", .file = "d/a.c", .line = 3},
			       .known_block = true,
			       .freed = {.function = "drop", .file = "d/a.c", .line = 5},
			       .offset = 8};
	struct event ev = {.kind = EVENT_FREE, .pid = 7, .tid = 7, .depth = 1, .heap = &h};
	CHECK(says(&ev, "On behalf of main, line 9 of a.c, free takes heap block #1 back: 4 bytes "
			"at 0x5000, allocated by make, line 3 of a.c."));
	h.verdict = FREE_TWICE;
	CHECK(says(&ev, "which is wrong: heap block #1 was freed before by drop, line 5 of a.c."));
	h.verdict = FREE_INSIDE;
	CHECK(says(&ev, "the address lies 8 bytes inside heap block #1, which was allocated by "
			"make, line 3 of a.c."));
	h.verdict = FREE_UNKNOWN;
	CHECK(says(&ev, "no block that was given out begins there."));
	h.what = "the frame of main";
	CHECK(says(&ev, "there is the frame of main, no block"));
}

TEST(allocations)
{
	struct event_heap h = {.call = "malloc",
			       .number = 1,
			       .address = 0x5000,
			       .size = 4,
			       .usable = 24,
			       .place = {.function = "main", .file = "d/a.c", .line = 9}};
	struct event ev = {.kind = EVENT_ALLOC, .pid = 7, .tid = 7, .depth = 1, .heap = &h};
	CHECK(says(&ev, "malloc gives out heap block #1 at 0x5000: 4 bytes were asked for, 24 may "
			"be used."));
	h.failed = true;
	h.error = "ENOMEM";
	CHECK(says(&ev, "malloc fails: it cannot give 4 bytes (ENOMEM)."));
	h.failed = false;
	h.call = "realloc";
	h.old_size = 2;
	h.old_address = 0x4000;
	h.moved = true;
	ev.kind = EVENT_REALLOC;
	CHECK(says(&ev, "from 2 to 4 bytes and moves it from 0x4000 to 0x5000"));
	h = (struct event_heap){
		.call = "brk", .address = 0x5000, .size = 0x21000, .is_brk = true, .served = 12};
	ev.kind = EVENT_BRK;
	CHECK(says(&ev, "takes 132 KiB from the kernel: the end of the heap moves up to 0x26000 "
			"(brk). Since the last time 12 requests were served without asking the "
			"kernel."));
}

TEST(what_was_never_freed)
{
	static const struct event_place path[] = {
		{.function = "main", .file = "d/a.c", .line = 20},
		{.function = "make", .file = "d/a.c", .line = 3},
	};
	static const struct event_leak leak = {
		.call = "malloc",
		.place = {.function = "make",
			  .file = "d/a.c",
			  .line = 3,
			  .via = "strdup",
			  .via_module = "libc.so.6"},
		.path = path,
		.n_path = 2,
		.owner = "main.list",
		.blocks = 2,
		.bytes = 10,
	};
	static const struct event_heap_summary heap = {.allocs = 2,
						       .bytes = 10,
						       .alive_blocks = 2,
						       .alive_bytes = 10,
						       .leaks = &leak,
						       .n_leaks = 1};
	static const struct event_summary summary = {.heap = &heap};
	struct event ev = {.kind = EVENT_EXIT, .pid = 7, .tid = 7, .summary = &summary};
	CHECK(says(&ev,
		   "Never freed: 2 blocks of 10 bytes in all, malloc by make, line 3 of a.c "
		   "(strdup of libc.so.6), which main called, line 20 of a.c; what was last seen "
		   "to point to it is main.list."));
}

static size_t count(const char *s, const char *words)
{
	size_t n = 0;
	for (; (s = strstr(s, words)); s++)
		n++;
	return n;
}

TEST(a_word_is_explained_once)
{
	struct telling t;
	begin(&t, false);
	for (int i = 0; i < 3; i++)
		tell(&t, &push);
	end(&t);
	CHECK_EQ_U(count(t.text, "(A frame is the memory"), 1);
	CHECK_EQ_U(count(t.text, "main calls double"), 3);
	free(t.text);
	begin(&t, true);
	tell(&t, &push);
	end(&t);
	CHECK_EQ_U(count(t.text, "(A frame is the memory"), 0);
	free(t.text);
}

/* Nothing that a program says reaches the terminal as it is, and no line is longer than it. */
TEST(lines_are_safe_and_short)
{
	struct event_value v = arg;
	struct event ev = push;
	v.value = "\"\033[2J\nwords and words and words and words and words and words and words\"";
	ev.args = &v;
	for (ev.depth = 0; ev.depth < 60; ev.depth += 7) {
		char *text = told(&ev);
		CHECK(!strchr(text, '\033'));
		CHECK(strstr(text, "\\033[2J\\nwords") != NULL);
		for (const char *s = text; *s; s += strcspn(s, "\n") + 1)
			CHECK(strcspn(s, "\n") <= COLUMNS);
		free(text);
	}
}

TEST(frames_left_at_the_end_are_one_sentence)
{
	struct event ev = pop_of(POP_EXIT);
	struct telling t;
	begin(&t, false);
	for (int i = 0; i < 1000; i++)
		tell(&t, &ev);
	end(&t);
	CHECK_EQ_U(count(t.text, "1000 frames of double are still there"), 1);
	free(t.text);
}

TEST_MAIN
