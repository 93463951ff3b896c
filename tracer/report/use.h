/*
 * use.h - stack and heap use by function, added up from events (private to report/).
 *
 * Owns:     what was counted so far, and the frames that live now.
 * Gives:    struct use: use_event() takes each event, in order; functions with their numbers.
 * Never:    asks for more than the events: a recorded run gives the same numbers as a live one.
 * Lifetime: until use_deinit().
 *
 * Bytes of stack are counted where they were at the same time on one stack: a function that is
 * called a thousand times in turn takes no more than one that is called once. Bytes of the heap are
 * added up: who gets a block, or gets another size for it, has it until it is freed.
 */
#ifndef FT_REPORT_USE_H
#define FT_REPORT_USE_H

#include "base/lookup.h"
#include "events/event.h"

/* The numbers of one function, in the order of enum use_column. */
enum use_column {
	USE_CALLS,     // pushes
	USE_FRAME,     // its largest frame: CFA - rsp at the body, or down to what it called
	USE_SELF,      // most bytes of its own frames at a time: more than one if it recurses
	USE_TOTAL,     // most bytes from its CFA down to the lowest rsp of what it called
	USE_DEPTH,     // most frames on the stack, with it as the innermost
	USE_RECURSION, // most frames of it at a time
	USE_HEAP,      // bytes of heap blocks given out on its behalf, in all
	USE_ALIVE,     // of these, bytes that were not freed at the end
	USE_COLUMNS,
};

struct use_function {
	char *name, *module, *file; // file NULL: not known
	uint32_t line;
	uint64_t n[USE_COLUMNS];
};

struct use_stack;

/* A heap block that is alive, and on whose behalf. */
struct use_block {
	uint64_t number, size;
	size_t fn; // SIZE_MAX: of no function that is told of
};

struct use {
	struct use_function *f;
	size_t n, cap;
	struct lookup by_place;
	struct use_stack *stacks;
	size_t n_stacks, cap_stacks, last_stack;
	struct use_block *blocks; // open addressing by number; a power of two; number 0: empty
	size_t n_blocks, blocks_size;
};

void use_init(struct use *u);
void use_deinit(struct use *u);

void use_event(struct use *u, const struct event *ev); // all kinds; most are passed over

/* use_heap.c: EVENT_ALLOC, EVENT_REALLOC, EVENT_FREE; fn: on whose behalf, or SIZE_MAX. */
void use_heap_event(struct use *u, size_t fn, const struct event *ev);
void use_heap_finish(struct use *u);

/* The frames that live at the end count as if they were popped now. */
void use_finish(struct use *u);

/* Column of a name: "calls", "frame" …; USE_COLUMNS if it is none. */
enum use_column use_column_find(const char *name);
const char *use_column_name(enum use_column column);

/* By a column, the greatest first, or by name (USE_COLUMNS). */
void use_sort(struct use *u, enum use_column column);

#endif
