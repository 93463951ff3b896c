/*
 * biglog_write.c - runs of any length, made up: see biglog.c.
 */
#include "biglog.h"

#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIB = 22, BLOCKS = 512 };

enum function { MAIN, ROUND, FN_FIB, WORKER, SCALE, RARE, COUNT, FUNCTIONS };

static const char *const names[FUNCTIONS] = {"main",  "round",	   "fib",  "worker",
					     "scale", BIGLOG_RARE, "count"};

struct frame {
	uint64_t seq, cfa;
	enum function function;
	int64_t arg;
};

struct run {
	struct store *store;
	uint64_t seq, time, calls, wanted, blocks, rares;
	struct frame *live[2];
	size_t depth[2], cap[2];
	struct event_heap alive[BLOCKS]; // address 0: none
};

// ---- events ----

static void emit(struct run *r, struct event *ev)
{
	ev->pid = 4711;
	ev->time_ns = r->time += 9000 + r->seq % 1000;
	if (ev->kind != EVENT_START)
		ev->seq = r->seq++;
	if (store_event(r->store, ev) != FT_OK)
		biglog_die("the log");
}

static void start(struct run *r)
{
	static const char *const argv[] = {"./biglog"};
	static const struct event_region regions[] = {
		{.lo = 0x400000,
		 .hi = 0x402000,
		 .perms = "r-xp",
		 .path = "/src/biglog",
		 .kind = "text",
		 .what = "code"},
		{.lo = 0x600000,
		 .hi = 0x40000000,
		 .perms = "rw-p",
		 .path = "[heap]",
		 .kind = "heap",
		 .what = "heap"},
	};
	struct event_map map = {.when = "start", .regions = regions, .n = 2, .name = "biglog"};
	struct event ev = {.kind = EVENT_START,
			   .tid = 4711,
			   .program = "/src/biglog",
			   .argv = argv,
			   .argc = 1};
	emit(r, &ev);
	ev = (struct event){.kind = EVENT_MAP, .tid = 4711, .map = &map};
	emit(r, &ev);
}

static void place(struct event *ev, unsigned thread, const struct frame *f)
{
	ev->tid = 4711 + (int)thread;
	ev->function = ev->symbol = names[f->function];
	ev->module = "biglog";
	ev->file = "/src/biglog.c";
	ev->line = 10 * (f->function + 1);
	ev->pc = 0x401000 + 0x80 * f->function;
	ev->cfa = f->cfa;
	ev->delta_known = ev->args_known = true;
	ev->stack_top = 0x7ffffffff000 - thread * 0x10000000000u;
}

static struct event_value value(const char *name, const char *text, uint64_t address)
{
	return (struct event_value){.name = name,
				    .type = "long",
				    .value = text,
				    .known = true,
				    .has_address = address != 0,
				    .address = address,
				    .size = 8};
}

static const char *argument(enum function function)
{
	return function == COUNT ? BIGLOG_COUNTED : "n";
}

static void push(struct run *r, unsigned thread, enum function function, int64_t arg)
{
	static const struct event_part parts[] = {
		{"call", -8}, {"push rbp", -8}, {"sub rsp,0x20", -32}};
	char text[24];
	if (r->depth[thread] == r->cap[thread]) {
		r->cap[thread] = r->cap[thread] ? 2 * r->cap[thread] : 64;
		r->live[thread] =
			xreallocarray(r->live[thread], r->cap[thread], sizeof(struct frame));
	}
	struct frame *f = &r->live[thread][r->depth[thread]];
	*f = (struct frame){.seq = r->seq, .function = function, .arg = arg};
	f->cfa = r->depth[thread] ? f[-1].cfa - 48 : 0x7fffffffe000 - thread * 0x10000000000u;
	snprintf(text, sizeof(text), "%" PRId64, arg);
	struct event_value v = value(argument(function), text, f->cfa - 40);
	struct event ev = {.kind = EVENT_PUSH,
			   .depth = (uint32_t)r->depth[thread],
			   .rsp = f->cfa - 48,
			   .delta = -48,
			   .parts = parts,
			   .n_parts = 3,
			   .args = &v,
			   .n_args = 1};
	place(&ev, thread, f);
	if (r->depth[thread]) {
		ev.caller = names[f[-1].function];
		ev.caller_file = "/src/biglog.c";
		ev.caller_line = 10 * (f[-1].function + 1) + 2 + (arg & 1);
		ev.return_address = 0x401010 + 0x80 * f[-1].function + 16 * (arg & 1);
		ev.return_symbol = "caller+16";
	}
	r->depth[thread]++;
	r->calls++;
	emit(r, &ev);
}

static void pop(struct run *r, unsigned thread, int64_t a, int64_t result)
{
	const struct frame *f = &r->live[thread][--r->depth[thread]];
	char arg[24], first[24], second[24];
	snprintf(arg, sizeof(arg), "%" PRId64, f->arg);
	snprintf(first, sizeof(first), "%" PRId64, a);
	snprintf(second, sizeof(second), "%" PRId64, result);
	struct event_value v = value(argument(f->function), arg, f->cfa - 40);
	struct event_value locals[] = {
		value(f->function == RARE ? "seldom" : "a", first, f->cfa - 24),
		value("r", second, f->cfa - 32)};
	struct event ev = {.kind = EVENT_POP,
			   .depth = (uint32_t)r->depth[thread],
			   .rsp = f->cfa,
			   .delta = 48,
			   .args = &v,
			   .n_args = 1,
			   .locals = locals,
			   .n_locals = 2,
			   .how = POP_RETURN,
			   .has_return = true,
			   .pushed_seq = f->seq};
	place(&ev, thread, f);
	ev.line += 8;
	ev.pc += 0x60;
	ev.returned = value("", second, 0);
	ev.returned.reg = "rax";
	emit(r, &ev);
}

static void heap(struct run *r, enum event_kind kind, const struct event_heap *h)
{
	const struct frame *f = &r->live[0][r->depth[0] - 1];
	struct event ev = {.kind = kind,
			   .tid = 4711,
			   .depth = (uint32_t)r->depth[0],
			   .function = h->place.function,
			   .file = h->place.file,
			   .line = h->place.line,
			   .pushed_seq = f->seq,
			   .heap = h};
	emit(r, &ev);
}

static void alloc(struct run *r, struct event_heap *h, uint64_t address)
{
	*h = (struct event_heap){
		.call = "malloc",
		.number = ++r->blocks,
		.address = address,
		.size = 16 + r->blocks % 64,
		.usable = 88,
		.place = {.function = names[ROUND], .file = "/src/biglog.c", .line = 23},
		.alloc_seq = r->seq};
	heap(r, EVENT_ALLOC, h);
}

static void release(struct run *r, struct event_heap *h)
{
	struct event_heap freed = *h;
	freed.call = "free";
	freed.usable = 0;
	freed.verdict = FREE_GOOD;
	freed.known_block = true;
	freed.allocated = h->place;
	h->address = 0;
	heap(r, EVENT_FREE, &freed);
}

// ---- what runs ----

static void one_block(struct run *r)
{
	size_t i = r->calls * 7 % BLOCKS;
	if (r->alive[i].address)
		release(r, &r->alive[i]);
	else
		alloc(r, &r->alive[i], 0x600000 + (r->blocks * 96) % 0x3000000);
}

// The other thread: its values are never the same again.
static void other(struct run *r)
{
	int64_t n = (int64_t)(r->calls * UINT64_C(2654435761) % 1000000007);
	push(r, 1, SCALE, n);
	pop(r, 1, n + 1, 3 * n);
}

static int64_t fib(struct run *r, int64_t n)
{
	if (r->calls % 50 == 0)
		other(r);
	if (r->calls % 101 == 0)
		one_block(r);
	push(r, 0, FN_FIB, n);
	int64_t a = 0, result = n;
	if (n >= 2) {
		a = fib(r, n - 1);
		result = a + fib(r, n - 2);
	}
	pop(r, 0, a, result);
	return result;
}

static void run_calls(struct run *r)
{
	push(r, 0, MAIN, 1);
	push(r, 1, WORKER, 1);
	for (int64_t i = 0; r->calls < r->wanted; i++) {
		push(r, 0, ROUND, i);
		if (r->calls >= r->wanted / 4 * (r->rares + 1)) {
			push(r, 0, RARE, (int64_t)++r->rares);
			pop(r, 0, (int64_t)r->rares, -7777777 * (int64_t)r->rares);
		}
		pop(r, 0, i, fib(r, FIB));
	}
	pop(r, 1, 0, 0);
	pop(r, 0, 0, 0);
}

static void run_deep(struct run *r)
{
	while (r->calls < r->wanted)
		push(r, 0, FN_FIB, (int64_t)(r->wanted - r->calls));
	while (r->depth[0])
		pop(r, 0, 0, (int64_t)r->depth[0]);
}

// Two texts of each call are of no other; the first counts.
static void run_texts(struct run *r)
{
	push(r, 0, MAIN, 1);
	while (r->calls < r->wanted) {
		int64_t n = (int64_t)(BIGLOG_COUNTER + r->calls);
		push(r, 0, COUNT, n);
		pop(r, 0, 0, 7 * n);
	}
	pop(r, 0, 0, 0);
}

static void run_heap(struct run *r)
{
	struct event_heap h, first = {0};
	push(r, 0, MAIN, 1);
	while (r->blocks < r->wanted) {
		alloc(r, &h, 0x600000 + r->blocks * UINT64_C(48271) % 0x7fffffff * 96);
		if (r->blocks == 1)
			first = h;
	}
	release(r, &first);
	pop(r, 0, 0, 0);
}

int biglog_write(const char *what, uint64_t n, const char *path)
{
	struct store_options o = {
		.path = path, .directory = "/src", .holds = {.locals = true, .heap = true}};
	struct event_summary summary = {0};
	struct event end = {.kind = EVENT_EXIT, .tid = 4711, .summary = &summary};
	struct run r = {.wanted = n};
	if (store_create(&o, &r.store) != FT_OK)
		biglog_die(path);
	start(&r);
	if (strcmp(what, "calls") == 0)
		run_calls(&r);
	else if (strcmp(what, "deep") == 0)
		run_deep(&r);
	else if (strcmp(what, "texts") == 0)
		run_texts(&r);
	else
		run_heap(&r);
	emit(&r, &end);
	if (store_close(r.store, NULL) != FT_OK)
		biglog_die(path);
	free(r.live[0]);
	free(r.live[1]);
	printf("%" PRIu64 " calls, %" PRIu64 " events\n", r.calls, r.seq);
	return 0;
}
