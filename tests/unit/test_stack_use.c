#include "test.h"

#include <string.h>

#include "events/cycle.h"
#include "events/stack_use.h"
#include "report/report.h"
#include "report/use.h"

/* ---- cycles ---- */

static uintptr_t letter(const void *ctx, size_t i)
{
	return (uintptr_t)((const char *)ctx)[i];
}

/* Frames innermost first, a letter each: "skip period turns", or "none". */
static const char *cycle_of(const char *frames)
{
	static char text[64];
	struct cycle c;
	if (!cycle_find(letter, frames, strlen(frames), &c))
		return "none";
	snprintf(text, sizeof(text), "%zu %zu %zu", c.skip, c.period, c.turns);
	return text;
}

TEST(cycles)
{
	CHECK_EQ_S(cycle_of(""), "none");
	CHECK_EQ_S(cycle_of("f"), "none");
	CHECK_EQ_S(cycle_of("ff"), "none"); // twice is no habit
	CHECK_EQ_S(cycle_of("ffff"), "0 1 4");
	CHECK_EQ_S(cycle_of("fffffm"), "0 1 5");
	CHECK_EQ_S(cycle_of("fgfgfgm"), "0 2 3");
	CHECK_EQ_S(cycle_of("fgfgfgfm"), "0 2 3"); // and a half
	CHECK_EQ_S(cycle_of("pfgfgfgm"), "1 2 3"); // p is only called by it
	CHECK_EQ_S(cycle_of("abcdefghijkl"), "none");
	// The longer turn explains more than the f that is called thrice in it.
	CHECK_EQ_S(cycle_of("fffgfffgfffgm"), "0 4 3");
	CHECK_EQ_S(cycle_of("gfffgfffgfffm"), "0 4 3");
	CHECK_EQ_S(cycle_of("abcabcabcabc"), "0 3 4"); // not 6
}

TEST(cycle_in_a_deep_stack)
{
	enum { DEEP = 200000 };
	char *frames = xmalloc(DEEP);
	for (size_t i = 0; i < DEEP; i++)
		frames[i] = "xyz"[i % 3];
	frames[DEEP - 1] = 'm';
	struct cycle c;
	CHECK(cycle_find(letter, frames, DEEP, &c));
	CHECK_EQ_U(c.period, 3);
	CHECK_EQ_U(c.turns, (DEEP - 1) / 3);
	free(frames);
}

/* ---- the table ---- */

struct player {
	struct use use;
	uint64_t seq;
};

static uint64_t push(struct player *p, int tid, const char *name, const char *caller, uint64_t cfa,
		     uint64_t rsp)
{
	struct event ev = {
		.kind = EVENT_PUSH,
		.seq = p->seq,
		.tid = tid,
		.function = name,
		.caller = caller,
		.module = "m",
		.file = "a.c",
		.line = (uint32_t)name[0],
		.cfa = cfa,
		.rsp = rsp,
		.stack_top = tid * 0x100000u,
	};
	use_event(&p->use, &ev);
	return p->seq++;
}

static void pop(struct player *p, int tid, uint64_t seq)
{
	struct event ev = {
		.kind = EVENT_POP,
		.seq = p->seq++,
		.tid = tid,
		.pushed_seq = seq,
		.stack_top = tid * 0x100000u,
	};
	use_event(&p->use, &ev);
}

/* "calls frame self total depth recursion" of a function. */
static const char *numbers(const struct use *u, const char *name)
{
	static char text[128];
	for (size_t i = 0; i < u->n; i++) {
		const uint64_t *n = u->f[i].n;
		if (strcmp(u->f[i].name, name) != 0)
			continue;
		snprintf(text, sizeof(text), "%d %d %d %d %d %d", (int)n[USE_CALLS],
			 (int)n[USE_FRAME], (int)n[USE_SELF], (int)n[USE_TOTAL], (int)n[USE_DEPTH],
			 (int)n[USE_RECURSION]);
		return text;
	}
	return "not there";
}

TEST(table_of_calls_in_turn)
{
	struct player p = {.seq = 0};
	use_init(&p.use);
	uint64_t m = push(&p, 1, "main", NULL, 0x1000, 0xfe0);
	for (int i = 0; i < 3; i++) { // the same memory three times
		uint64_t f = push(&p, 1, "f", "main", 0xfe0, 0xfa0);
		uint64_t g = push(&p, 1, "g", "f", 0xf90, 0xf80); // f has pushed 16 bytes
		pop(&p, 1, g);
		pop(&p, 1, f);
	}
	pop(&p, 1, m);
	CHECK_EQ_S(numbers(&p.use, "main"), "1 32 32 128 1 1");
	CHECK_EQ_S(numbers(&p.use, "f"), "3 80 80 96 1 1");
	CHECK_EQ_S(numbers(&p.use, "g"), "3 16 16 16 1 1");
	use_deinit(&p.use);
}

TEST(table_of_recursion_and_threads)
{
	struct player p = {.seq = 0};
	use_init(&p.use);
	push(&p, 1, "main", NULL, 0x1000, 0xfe0);
	push(&p, 1, "f", "main", 0xfe0, 0xfc0);
	push(&p, 2, "f", "start_thread", 0x9000, 0x8fe0); // another stack
	push(&p, 1, "f", "f", 0xfc0, 0xfa0);
	uint64_t g = push(&p, 1, "g", "qsort", 0xf00, 0xef0); // through code that is not traced
	pop(&p, 1, g);
	pop(&p, 1, 777); // of nothing
	CHECK_EQ_S(numbers(&p.use, "f"), "3 32 64 0 1 2");
	use_finish(&p.use);
	CHECK_EQ_S(numbers(&p.use, "f"), "3 32 64 240 1 2");
	CHECK_EQ_S(numbers(&p.use, "main"), "1 32 32 272 1 1");
	use_sort(&p.use, USE_CALLS);
	CHECK_EQ_S(p.use.f[0].name, "f");
	use_sort(&p.use, USE_TOTAL);
	CHECK_EQ_S(p.use.f[0].name, "main");
	use_sort(&p.use, USE_COLUMNS);
	CHECK_EQ_S(p.use.f[0].name, "f");
	CHECK_EQ_S(p.use.f[2].name, "main");
	use_deinit(&p.use);
}

TEST(table_of_many_functions)
{
	enum { MANY = 5000 };
	struct player p = {.seq = 0};
	use_init(&p.use);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < MANY; i++) {
			char name[16];
			snprintf(name, sizeof(name), "f%d", i);
			pop(&p, 1, push(&p, 1, name, NULL, 0x1000, 0xff0));
		}
	}
	CHECK_EQ_U(p.use.n, MANY);
	CHECK_EQ_S(numbers(&p.use, "f4999"), "2 16 16 16 1 1");
	use_deinit(&p.use);
}

static void heap(struct use *u, enum event_kind kind, uint32_t depth, uint64_t number,
		 uint64_t size)
{
	static const char *const names[] = {NULL, "main", "f"};
	struct event_heap h = {.number = number, .size = size, .place.function = names[depth]};
	struct event ev = {
		.kind = kind, .tid = 7, .depth = depth, .function = names[depth], .heap = &h};
	use_event(u, &ev);
}

TEST(table_of_heap_blocks)
{
	struct use u;
	struct event ev = {.kind = EVENT_PUSH, .tid = 7, .function = "main", .module = "a"};
	use_init(&u);
	ev.cfa = ev.rsp = ev.stack_top = 0x10000;
	use_event(&u, &ev);
	ev.function = "f";
	ev.seq = ev.depth = 1;
	ev.cfa = ev.rsp = 0xff00;
	use_event(&u, &ev);
	for (uint64_t i = 1; i <= 1000; i++)
		heap(&u, EVENT_ALLOC, i % 2 ? 1 : 2, i, 10);
	for (uint64_t i = 1; i <= 1000; i++)
		if (i % 10)
			heap(&u, EVENT_FREE, 1, i, 10);
	heap(&u, EVENT_FREE, 1, 5, 10);	      // what is not there
	heap(&u, EVENT_REALLOC, 1, 1000, 70); // f's: main has it now
	heap(&u, EVENT_ALLOC, 0, 2000, 5);    // nobody's
	heap(&u, EVENT_ALLOC, 1, 0, 5);	      // not shown by itself
	use_finish(&u);
	CHECK_EQ_U(u.f[0].n[USE_HEAP], 5070);
	CHECK_EQ_U(u.f[0].n[USE_ALIVE], 70);
	CHECK_EQ_U(u.f[1].n[USE_HEAP], 5000);
	CHECK_EQ_U(u.f[1].n[USE_ALIVE], 990);
	CHECK_EQ_U(use_column_find("alive"), USE_ALIVE);
	use_deinit(&u);
}

TEST(columns)
{
	CHECK_EQ_I(use_column_find("self"), USE_SELF);
	CHECK_EQ_I(use_column_find("name"), USE_COLUMNS);
	CHECK_EQ_I(use_column_find(""), USE_COLUMNS);
}

/* ---- high-water marks ---- */

TEST(marks)
{
	struct stack_use use = {.known = true, .start_stack = 0x1fff00, .main_limit = 0x100000};
	struct module m = {.name = "m"}, other = {.name = "other"};
	struct function fn = {.name = "f", .module = &m}, gn = {.name = "g", .module = &m};
	struct traced f = {.f = &fn}, g = {.f = &gn};
	struct thread_stacks t = {.tid = 7, .pid = 7};
	struct stack s[2] = {{.lo = 0x100000, .hi = 0x200000, .first_cfa = 0x1fe000},
			     {.lo = 0x5000, .hi = 0x6000, .first_cfa = 0x5f00}};
	struct frame frame = {.fn = &f, .rsp = 0x1fd000, .seq = 3, .reported = true};
	t.s = s;
	t.n = 2;
	stack_use_note(&s[0], &frame);
	frame = (struct frame){.fn = &g, .rsp = 0x1fd800, .seq = 5, .reported = true};
	stack_use_note(&s[0], &frame); // not as deep
	frame = (struct frame){.fn = &g, .rsp = 0x5e00, .depth = 4};
	stack_use_note(&s[1], &frame);
	struct stacks all = {.t = &t, .n = 1};
	stack_use_unload(&all, &other);
	CHECK(s[0].mark.fn == &f);
	stack_use_unload(&all, &m); // its name lives on
	CHECK(s[0].mark.fn == NULL);
	stack_use_retire(&use, &t);
	CHECK_EQ_U(use.n, 2);
	CHECK_EQ_S(use.rows[0].kind, "main stack");
	CHECK_EQ_S(use.rows[0].function, "f");
	CHECK_EQ_U(use.rows[0].first_cfa - use.rows[0].lowest, 0x1000);
	CHECK_EQ_U(use.rows[0].limit, 0x100000);
	CHECK_EQ_U(use.rows[0].seq, 3);
	CHECK_EQ_S(use.rows[1].kind, "other stack");
	CHECK_EQ_U(use.rows[1].limit, 0x1000);
	CHECK(use.rows[1].seq == UINT64_MAX); // --depth hid it
	stack_use_deinit(&use);
	free(s[0].mark.name);
	free(s[1].mark.name);
}

/* ---- words ---- */

static char *written(const struct report_format *format, const struct event *ev)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct report_options o = {.verbose = 0};
	struct reporter *r = format->open(out, &o);
	format->event(r, ev);
	format->close(r);
	fclose(out);
	return text;
}

#define CHECK_HAS(text, part)                                                                      \
	do {                                                                                       \
		bool has_ = strstr(text, part) != NULL;                                            \
		if (!has_)                                                                         \
			printf("# %s\n", text ? text : "");                                        \
		CHECK(has_);                                                                       \
	} while (0)

TEST(overflow_in_words)
{
	const char *cycle[] = {"f", "evil\033[2J"};
	struct event_overflow o = {.lo = 0x8000,
				   .hi = 0x10000,
				   .limit = 0x8000,
				   .guard = 0x1000,
				   .frames = 12,
				   .cycle = cycle,
				   .n_cycle = 2,
				   .turns = 5,
				   .turn_bytes = 48};
	struct event ev = {.kind = EVENT_OVERFLOW,
			   .pid = 4,
			   .tid = 5,
			   .has_fault = true,
			   .fault = 0x7ff8,
			   .overflow = &o};
	char *text = written(&report_text, &ev);
	CHECK_HAS(text,
		  "stack overflow of thread 5: 0x7ff8 is in the guard of 4096 bytes below it\n");
	CHECK_HAS(text, "the access is 32776 bytes below its end, the limit is 32768: 8 beyond\n");
	CHECK_HAS(text, "f -> evil\\033[2J -> f, 5 turns of 48 bytes\n");
	free(text);
	ev.fault = 0x6ff8;
	text = written(&report_text, &ev);
	CHECK_HAS(text, "0x6ff8 is past the guard of 4096 bytes below it\n");
	free(text);
	ev.fault = 0x7ff8;
	o = (struct event_overflow){.is_main = true,
				    .lo = 0x8000,
				    .hi = 0x10000,
				    .limit = UINT64_MAX,
				    .is_walk = true,
				    .frames = 3};
	text = written(&report_text, &ev);
	CHECK_HAS(text, "of the main thread: 0x7ff8 is below what it may take\n");
	CHECK_HAS(text, "the limit is no limit\n");
	CHECK_HAS(text, "innermost frames walked: 3; no functions");
	free(text);
	text = written(&report_json, &ev);
	CHECK_HAS(text, "\"limit\":null,\"guard\":0,\"frames\":3,\"walked\":true,\"cycle\":[]");
	free(text);
}

TEST(alarm_in_words)
{
	struct event_alarm a = {.what = ALARM_RETURN_ADDRESS,
				.address = 0x7f08,
				.old = 0x401000,
				.old_symbol = "main+4",
				.now = 0,
				.now_is = "not mapped"};
	struct event ev = {.kind = EVENT_ALARM,
			   .pid = 4,
			   .tid = 4,
			   .function = "f",
			   .module = "m",
			   .cfa = 0x7f10,
			   .alarm = &a};
	char *text = written(&report_text, &ev);
	CHECK_HAS(text, "at 0x7f08: was 0x401000 <main+4>, is 0x0, not mapped\n");
	CHECK(strstr(text, "below it") == NULL);
	free(text);
	a.what = ALARM_CANARY;
	a.overrun = "buf";
	a.overrun_type = "char [8]";
	a.overrun_address = 0x7ef8;
	a.overrun_size = 8;
	a.writer = 0x401234;
	a.writer_text = "call strcpy";
	text = written(&report_text, &ev);
	CHECK_HAS(text, "canary overwritten in the frame of f\n");
	CHECK_HAS(text, "buf: char [8] at 0x7ef8, 8 bytes, which ends 8 bytes before it");
	CHECK_HAS(text, "written by call strcpy at 0x401234\n");
	free(text);
	text = written(&report_json, &ev);
	CHECK_HAS(text, "\"what\":\"canary\"");
	CHECK_HAS(text, "\"now\":\"0x0\"");
	free(text);
}

TEST_MAIN
