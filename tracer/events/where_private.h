/*
 * where_private.h - what where.c and where_stack.c share (private to events/).
 *
 * Owns:     struct where.
 * Gives:    stacks: their frames, and what an address in one of them is.
 * Never:    is included from another room.
 * Lifetime: as struct where.
 */
#ifndef FT_WHERE_PRIVATE_H
#define FT_WHERE_PRIVATE_H

#include "events/where.h"
#include "unwind/unwind.h"

enum { WHERE_FRAMES = 1024 };

struct where_frame {
	struct unwind_frame at;
	uint64_t cfa;	     // 0: not known; so are the frames outside of it
	bool inferred;	     // by the size of the frame, since a register was not known
	struct function *fn; // NULL: not known
};

/* The stack of a thread, walked once. */
struct where_stack {
	const struct process_thread *thread;
	struct where_frame *f; // innermost first
	size_t n;
	enum unwind_end end;
	struct where_stack *next;
};

struct where {
	struct symbols *symbols;
	const struct regions *regions;
	struct memory memory;
	struct where_stack *stacks;
	char **texts;
	size_t n_texts, cap_texts;
	int glibc; // whether it is there: -1 not asked yet
};

const char *where_keep(struct where *w, char *text); // takes it

/* Fills in what is known of an address in the stack region of that row. */
void where_on_stack(struct where *w, const struct atlas_row *row, struct event_where *ret);
void where_forget_stacks(struct where *w);

#endif
