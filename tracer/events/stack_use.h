/*
 * stack_use.h - how much of each stack was used (private to events/).
 *
 * Owns:     the high-water marks of stacks that are gone; what the main stack's limit is.
 * Gives:    struct event_stack rows for the summary.
 * Never:    costs more than a comparison per push.
 * Lifetime: session.
 */
#ifndef FT_STACK_USE_H
#define FT_STACK_USE_H

#include <stdlib.h>

#include "events/event.h"
#include "events/stack.h"

struct module;

enum { STACK_ROWS_MAX = 4096 }; // stacks listed one by one

struct stack_use {
	struct event_stack *rows;
	char **names; // of each row's function
	size_t n, cap, cap_names;
	uint64_t more;	      // without a row
	bool known;	      // the next two are this program's
	uint64_t start_stack; // an address in the main stack; 0 unknown
	uint64_t main_limit;  // 0 unknown
};

void stack_use_deinit(struct stack_use *u);

/* A frame was pushed on the stack. */
static inline void stack_use_note(struct stack *s, const struct frame *f)
{
	if ((s->mark.fn || s->mark.name) && f->rsp >= s->mark.rsp)
		return;
	free(s->mark.name);
	s->mark = (struct stack_mark){
		f->fn, NULL, f->rsp, s->first_cfa, f->reported ? f->seq : UINT64_MAX, f->depth};
}

/* The limit of the main stack and where that is, as /proc says now. */
void stack_use_ask(struct stack_use *u, pid_t pid);

/* The thread, or this program, ends: its stacks become rows. */
void stack_use_retire(struct stack_use *u, const struct thread_stacks *t);

/* A module's code goes: no mark refers to it any more. */
void stack_use_unload(struct stacks *s, const struct module *m);

#endif
