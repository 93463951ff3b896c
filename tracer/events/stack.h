/*
 * stack.h - the shadow stacks: which traced frames are alive, per thread and per stack.
 *
 * Owns:     the list of live frames.
 * Gives:    finding the stack that a CFA lies on; pushing and popping.
 * Never:    reads a process; decides why a frame ended.
 * Lifetime: a frame pointer is valid until the next push on the same stack.
 *
 * A thread may run on several stacks (its own, a signal handler's alternate one, a coroutine's).
 * They are told apart by the region that the CFA lies in; within one, the CFA orders the frames.
 */
#ifndef FT_STACK_H
#define FT_STACK_H

#include <sys/types.h>

#include "base/base.h"
#include "events/entry.h"

struct traced;
struct ghosts;

struct frame {
	struct traced *fn;
	uint64_t cfa;
	uint64_t rsp, rbp; // at the body
	uint64_t base;	   // frame base at run time, if has_base
	bool has_base;
	uint64_t result; // where a large result is to be stored, if has_result
	bool has_result;
	struct entry_registers entry; // of optimised functions
	bool reported;		      // its push was an event (not beyond the depth limit)
	bool damage_told;	      // an EVENT_ALARM at a signal told of it
	uint64_t return_address;      // 0: unknown
	/* Untraced code that this frame called was seen to call back from here, with this CFA. */
	uint64_t seen_caller, seen_cfa;
	uint64_t seq; // of its push
	uint32_t depth;
	uint32_t path; // heap.h: how it was called; 0: nobody asked yet
};

/* The high-water mark of a stack: the frame that reached down furthest. */
struct stack_mark {
	const struct traced *fn; // NULL: none yet, or its code is gone
	char *name;		 // of a function whose code is gone; to be freed
	uint64_t rsp, first_cfa, seq;
	uint32_t depth;
};

struct stack {
	uint64_t lo, hi; // the region; lo moves down with a growing main stack
	uint64_t first_cfa;
	uint32_t base_depth; // depth of its outermost frame
	struct frame *f;     // outermost first
	size_t n, cap;
	struct ghosts *ghosts; // frames popped from it; NULL: none kept
	struct stack_mark mark;
};

struct thread_stacks {
	pid_t tid, pid;
	uint64_t fs_base; // its thread pointer at its last push; 0: none yet
	struct stack *s;
	size_t n, cap;
	size_t current; // index of the stack that was used last
};

struct stacks {
	struct thread_stacks *t;
	size_t n, cap;
	size_t last; // index of the thread that was used last
	/* The region [lo, hi) that holds addr; false if it is unmapped. */
	bool (*region)(void *ctx, uint64_t addr, uint64_t *ret_lo, uint64_t *ret_hi);
	void *ctx;
};

void stacks_deinit(struct stacks *s);

/* The thread's stacks, made at need. */
struct thread_stacks *stacks_of(struct stacks *s, pid_t tid, pid_t pid);
void stacks_forget(struct stacks *s, pid_t tid);

/* The stack of the thread that the CFA lies on; it becomes the current one. Never NULL. */
struct stack *stack_for(struct stacks *s, struct thread_stacks *t, uint64_t cfa);

/* The stack of the thread that holds the CFA; NULL if none is known to. */
struct stack *stack_holding(struct thread_stacks *t, uint64_t cfa);

struct frame *stack_top(struct stack *s); // NULL if it has no frame
struct frame *stack_push(struct stack *s, const struct frame *f);
void stack_pop(struct stack *s);

#endif
