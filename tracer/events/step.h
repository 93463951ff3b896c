/*
 * step.h - instruction by instruction: which thread is stepped, and the events of its steps.
 *
 * Owns:     struct stepper: per thread where it is, per frame its account of rsp and its line.
 * Gives:    EVENT_INSN, EVENT_LINE, EVENT_CHANGE, in order with the pushes and pops; who wrote
 *           a slot last.
 * Never:    makes a push or a pop; steps code that is not traced, but for signal handlers that
 *           interrupted traced code.
 * Lifetime: until step_destroy(); a struct step_writer until the thread's next stop.
 *
 * All functions accept a collector without a stepper, and then do nothing.
 */
#ifndef FT_STEP_H
#define FT_STEP_H

#include "control/control.h"
#include "events/event.h"
#include "events/plan.h"
#include "events/stack.h"

struct collector;
struct stepper;

struct step_options {
	bool insn, line; // which events
	bool macro_locals;
};

struct stepper *step_create(const struct step_options *o);
void step_destroy(struct stepper *s); // NULL is fine

/* A STOP_STEP. */
void step_stop(struct collector *col, const struct stop *stop);

/* A hit at a function's first instruction; before on_entry(). */
void step_enters(struct collector *col, const struct hit *hit, struct traced *fn);

/* A hit behind a call of fn's: its callee has returned. */
void step_returns(struct collector *col, const struct hit *hit, struct traced *fn);

/* The frame was pushed, and its event is out. */
void step_pushed(struct collector *col, struct thread_stacks *t, const struct frame *f,
		 const struct hit *hit);

/* The frame is about to be popped; x and hit: by this exit; NULL if it was not seen to go. */
void step_popping(struct collector *col, struct thread_stacks *t, const struct frame *f,
		  const struct traced_exit *x, const struct hit *hit);

/* After that, when its writers need not be known any more. */
void step_popped(struct collector *col, pid_t tid, uint64_t seq);

/* All is said about a hit: steps on, or lets the thread run. */
void step_hit_done(struct collector *col, const struct hit *hit);

void step_forget_thread(struct collector *col, pid_t tid);

/* Whether every store is seen, and none went to this variable of a live frame yet. */
bool step_is_unwritten(struct collector *col, pid_t tid, uint64_t seq, const struct variable *v);

/* Code has come or gone. */
void step_forget_code(struct collector *col);

/* The instruction that stored last to addr in the live frame that was pushed as `seq`. */
struct step_writer {
	uint64_t pc;
	const char *text; // "mov DWORD PTR [rbp-0x4],edi", or "call read" if that callee did
	uint32_t line;	  // 0: unknown
};
bool step_writer_at(struct collector *col, pid_t tid, uint64_t seq, uint64_t addr,
		    struct step_writer *ret);

#endif
