/*
 * cycle.h - which functions call each other in turn: the cycle in a deep stack.
 *
 * Owns:     nothing.
 * Gives:    cycle_find() over any list of frames.
 * Never:    reads a process; takes longer than a few million comparisons.
 * Lifetime: plain values.
 */
#ifndef FT_CYCLE_H
#define FT_CYCLE_H

#include "base/base.h"

enum {
	CYCLE_FRAMES = 4096, // of the innermost frames are looked at
	CYCLE_MAX = 64,	     // functions in a cycle
	CYCLE_SKIP = 16,     // innermost frames that need not be part of it
	CYCLE_TURNS = 3,     // that make a cycle
};

/* What frame i, counted from the innermost, is: equal for two frames of the same function. */
typedef uintptr_t (*cycle_frame)(const void *ctx, size_t i);

struct cycle {
	size_t skip;   // innermost frames before it
	size_t period; // frames in a turn
	size_t turns;  // whole ones, in all n frames
};

/*
 * The cycle that explains most of the innermost frames, of those the shortest. False: there is
 * none.
 */
bool cycle_find(cycle_frame frame, const void *ctx, size_t n, struct cycle *ret);

#endif
