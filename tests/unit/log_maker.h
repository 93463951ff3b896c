/*
 * log_maker.h - makes runs for the tests of the log: events as the collector would, in memory.
 *
 * A maker keeps what it did: live frames and blocks. `maker_random()` does one of push, pop,
 * unwind, alloc, free, realloc, line, note, output on one of some threads.
 */
#ifndef FT_LOG_MAKER_H
#define FT_LOG_MAKER_H

#include "store/log.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAKER_THREADS = 3, MAKER_DEEP = 4000, MAKER_BLOCKS = 64, MAKER_FUNCTIONS = 7 };

struct maker_frame {
	uint64_t seq, cfa, rsp, popped;
	unsigned function;
	int n;
};

struct maker_block {
	uint64_t number, address, size, seq; // address 0: none
	unsigned function;
};

struct maker {
	struct store *store;
	uint64_t seq, time, blocks, random;
	struct maker_frame live[MAKER_THREADS][MAKER_DEEP];
	size_t depth[MAKER_THREADS];
	struct maker_block block[MAKER_BLOCKS];
	enum ft_rc rc;
	struct event last; // the event that was made last: without what it points to
	void (*see)(void *ctx, const struct event *ev);
	void *ctx;
};

static const char *const maker_function[MAKER_FUNCTIONS] = {"main", "fib",  "leaf", "make_box",
							    "walk", "drop", "spin"};

static inline uint64_t maker_any(struct maker *m)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return m->random;
}

static inline int maker_tid(unsigned thread)
{
	return 4711 + (int)thread;
}

static inline uint64_t maker_top(unsigned thread)
{
	return UINT64_C(0x7ffffffff000) - thread * UINT64_C(0x10000000);
}

/* A frame's size, of its function. */
static inline uint64_t maker_size(unsigned function)
{
	return 32 + 16 * function;
}

static inline void maker_emit(struct maker *m, struct event *ev)
{
	ev->pid = 4711;
	ev->time_ns = m->time += 1500;
	if (ev->kind != EVENT_START && !ev->aside)
		ev->seq = m->seq++;
	if (m->rc == FT_OK)
		m->rc = store_event(m->store, ev);
	if (m->see)
		m->see(m->ctx, ev);
	m->last = *ev;
}

static inline void maker_start(struct maker *m)
{
	static const char *const argv[] = {"./fib", "30", NULL};
	struct event ev = {.kind = EVENT_START,
			   .tid = 4711,
			   .program = "/home/me/fib",
			   .argv = argv,
			   .argc = 2,
			   .build_id = "c0ffee",
			   .unix_ns = UINT64_C(1700000000000000000)};
	maker_emit(m, &ev);
}

static inline void maker_place(struct event *ev, unsigned function)
{
	ev->function = maker_function[function];
	ev->symbol = ev->function;
	ev->module = "fib";
	ev->file = "/src/a/fib.c";
	ev->line = 10 + function;
	ev->pc = 0x401000 + function * 0x100;
	ev->args_known = true;
}

static inline struct event_value maker_value(const char *name, const char *text, uint64_t address)
{
	return (struct event_value){.name = name,
				    .type = "int",
				    .value = text,
				    .known = true,
				    .has_address = address != 0,
				    .address = address,
				    .size = 4};
}

static inline void maker_push(struct maker *m, unsigned thread, unsigned function, int n)
{
	static const struct event_part parts[] = {{"call", -8}, {"push rbp", -8}, {"sub rsp", -16}};
	size_t depth = m->depth[thread];
	struct maker_frame *f = &m->live[thread][depth];
	char text[16];
	*f = (struct maker_frame){.seq = m->seq, .function = function, .n = n};
	f->cfa = (depth ? f[-1].rsp : maker_top(thread) - 0x1000);
	f->rsp = f->cfa - maker_size(function);
	snprintf(text, sizeof(text), "%d", n);
	struct event_value arg = maker_value("n", text, f->cfa - 28);
	struct event ev = {.kind = EVENT_PUSH,
			   .tid = maker_tid(thread),
			   .depth = (uint32_t)depth,
			   .cfa = f->cfa,
			   .rsp = f->rsp,
			   .delta = -(int64_t)maker_size(function),
			   .delta_known = true,
			   .parts = parts,
			   .n_parts = 3,
			   .return_address = 0x401010,
			   .return_symbol = "main+16",
			   .caller = depth ? maker_function[f[-1].function] : NULL,
			   .caller_file = "/src/a/fib.c",
			   .caller_line = 21,
			   .args = &arg,
			   .n_args = 1,
			   .stack_top = maker_top(thread)};
	maker_place(&ev, function);
	m->depth[thread]++;
	maker_emit(m, &ev);
}

static inline void maker_pop(struct maker *m, unsigned thread, enum pop_how how, int result)
{
	struct maker_frame *f = &m->live[thread][--m->depth[thread]];
	char text[16], returned[16];
	snprintf(text, sizeof(text), "%d", f->n);
	snprintf(returned, sizeof(returned), "%d", result);
	struct event_value arg = maker_value("n", text, f->cfa - 28);
	struct event ev = {.kind = EVENT_POP,
			   .tid = maker_tid(thread),
			   .depth = (uint32_t)m->depth[thread],
			   .cfa = f->cfa,
			   .rsp = f->cfa,
			   .delta = (int64_t)maker_size(f->function),
			   .delta_known = true,
			   .args = &arg,
			   .n_args = 1,
			   .how = how,
			   .has_return = how == POP_RETURN,
			   .pushed_seq = f->seq,
			   .stack_top = maker_top(thread)};
	maker_place(&ev, f->function);
	ev.pc += 0x40;
	ev.line += 5;
	if (ev.has_return) {
		ev.returned = maker_value("", returned, 0);
		ev.returned.reg = "eax";
	}
	f->popped = m->seq;
	maker_emit(m, &ev);
}

static inline void maker_heap(struct maker *m, unsigned thread, enum event_kind kind,
			      struct maker_block *b, uint64_t old_address, uint64_t old_size)
{
	struct event_heap heap = {.call = kind == EVENT_FREE ? "free" : "malloc",
				  .number = b->number,
				  .address = b->address,
				  .size = b->size,
				  .usable = kind == EVENT_FREE ? 0 : (b->size + 15) / 8 * 8,
				  .place = {.function = maker_function[b->function],
					    .file = "/src/a/fib.c",
					    .line = 33},
				  .verdict = FREE_GOOD,
				  .known_block = kind != EVENT_ALLOC,
				  .moved = old_address && old_address != b->address,
				  .old_address = old_address,
				  .old_size = old_size,
				  .alloc_seq = kind == EVENT_ALLOC ? 0 : b->seq};
	struct event ev = {.kind = kind,
			   .tid = maker_tid(thread),
			   .depth = (uint32_t)m->depth[thread],
			   .function = heap.place.function,
			   .file = heap.place.file,
			   .line = heap.place.line,
			   .heap = &heap};
	maker_emit(m, &ev);
}

static inline void maker_alloc(struct maker *m, unsigned thread, size_t at, uint64_t size)
{
	struct maker_block *b = &m->block[at];
	*b = (struct maker_block){.number = ++m->blocks,
				  .address = 0x600000 + at * 0x1000,
				  .size = size,
				  .seq = m->seq,
				  .function = thread + 1};
	maker_heap(m, thread, EVENT_ALLOC, b, 0, 0);
}

static inline void maker_free(struct maker *m, unsigned thread, size_t at)
{
	struct maker_block b = m->block[at];
	m->block[at].address = 0;
	maker_heap(m, thread, EVENT_FREE, &b, 0, 0);
}

static inline void maker_realloc(struct maker *m, unsigned thread, size_t at, uint64_t size)
{
	struct maker_block *b = &m->block[at], old = *b;
	if (maker_any(m) & 1)
		b->address ^= 0x800;
	b->size = size;
	b->seq = m->seq;
	maker_heap(m, thread, EVENT_REALLOC, b, old.address, old.size);
}

static inline void maker_note(struct maker *m, const char *text)
{
	struct event ev = {.kind = EVENT_NOTE, .tid = 4711, .text = text};
	maker_emit(m, &ev);
}

static inline void maker_change(struct maker *m, unsigned thread, const char *name, int value)
{
	const struct maker_frame *f = &m->live[thread][m->depth[thread] - 1];
	char text[16];
	snprintf(text, sizeof(text), "%d", value);
	struct event_change change = {.now = maker_value(name, text, f->cfa - 20), .old = "0"};
	struct event ev = {.kind = EVENT_CHANGE,
			   .tid = maker_tid(thread),
			   .depth = (uint32_t)m->depth[thread] - 1,
			   .cfa = f->cfa,
			   .pushed_seq = f->seq,
			   .changes = &change,
			   .n_changes = 1};
	maker_place(&ev, f->function);
	maker_emit(m, &ev);
}

static inline void maker_map(struct maker *m, const char *when, bool aside)
{
	static const struct event_region regions[] = {
		{.lo = 0x400000,
		 .hi = 0x402000,
		 .perms = "r-xp",
		 .path = "/home/me/fib",
		 .kind = "text",
		 .what = "code"},
		{.lo = 0x7ffffffde000,
		 .hi = 0x7ffffffff000,
		 .perms = "rw-p",
		 .path = "[stack]",
		 .kind = "stack",
		 .what = "the main stack"},
	};
	struct event_map map = {.when = when, .regions = regions, .n = 2, .name = "fib"};
	struct event ev = {.kind = EVENT_MAP, .tid = 4711, .aside = aside, .map = &map};
	ev.seq = m->seq ? m->seq - 1 : 0;
	maker_emit(m, &ev);
}

static inline void maker_exit(struct maker *m)
{
	struct event_summary summary = {.pushed = 1, .popped = 1};
	for (unsigned t = 0; t < MAKER_THREADS; t++)
		while (m->depth[t])
			maker_pop(m, t, POP_EXIT, 0);
	struct event ev = {.kind = EVENT_EXIT, .tid = 4711, .summary = &summary};
	maker_emit(m, &ev);
}

static inline void maker_random(struct maker *m)
{
	unsigned thread = (unsigned)(maker_any(m) % MAKER_THREADS);
	size_t at = (size_t)(maker_any(m) % MAKER_BLOCKS), depth = m->depth[thread];
	uint64_t what = maker_any(m) % 100;
	if (what < 45 || depth == 0) {
		if (depth < MAKER_DEEP)
			maker_push(m, thread, (unsigned)(maker_any(m) % MAKER_FUNCTIONS),
				   (int)(maker_any(m) % 1000));
	} else if (what < 80) {
		maker_pop(m, thread, POP_RETURN, (int)(maker_any(m) % 1000));
	} else if (what < 82) { // an exception
		for (size_t n = 1 + maker_any(m) % depth; n > 0; n--)
			maker_pop(m, thread, POP_UNWOUND, 0);
	} else if (what < 96) {
		if (!m->block[at].address)
			maker_alloc(m, thread, at, 1 + maker_any(m) % 100);
		else if (what < 92)
			maker_free(m, thread, at);
		else
			maker_realloc(m, thread, at, 1 + maker_any(m) % 100);
	} else if (what < 98) {
		maker_change(m, thread, "x", (int)(maker_any(m) % 1000));
	} else {
		maker_note(m, "a note");
	}
}

/* fib(n) as a tracer sees it. */
static inline int maker_fib(struct maker *m, int n)
{
	maker_push(m, 0, 1, n);
	int result = n < 2 ? n : 0;
	if (n >= 2) {
		int a = maker_fib(m, n - 1);
		result = a + maker_fib(m, n - 2);
	}
	maker_pop(m, 0, POP_RETURN, result);
	return result;
}

static inline struct maker *maker_create(struct store *s)
{
	struct maker *m = calloc(1, sizeof(*m));
	m->store = s;
	m->random = UINT64_C(0x9e3779b97f4a7c15);
	return m;
}

#endif
