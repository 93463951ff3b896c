/*
 * kinds.h - what kinds of events are called, and which belong together.
 *
 * Owns:     the one list of names: reports, logs, the stepper and --kind speak of kinds by it.
 * Gives:    names; groups.
 * Never:    looks at more of an event than its kind.
 * Lifetime: constant.
 */
#ifndef FT_KINDS_H
#define FT_KINDS_H

#include "events/event.h"

enum { EVENT_KINDS = EVENT_EXIT + 1 };

/* What a kind is about. Who tells all of a group alike need not list them. */
enum event_group {
	GROUP_FRAMES, // EVENT_PUSH, EVENT_POP, EVENT_INLINE
	GROUP_STEPS,  // EVENT_INSN, EVENT_LINE, EVENT_CHANGE
	GROUP_HEAP,   // EVENT_ALLOC, EVENT_FREE, EVENT_REALLOC, EVENT_BRK
	GROUP_SPACE,  // EVENT_MAP, EVENT_WHERE
	GROUP_RUN,    // all others: what becomes of the program, its threads and stacks
};

const char *event_kind_name(enum event_kind kind); // "push"
enum event_group event_group(enum event_kind kind);

const char *pop_how_name(enum pop_how how); // "tail call"

#endif
