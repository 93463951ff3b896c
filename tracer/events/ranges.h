/*
 * ranges.h - a few byte ranges relative to the CFA, merged so that one read fetches them.
 *
 * Owns:     nothing.
 * Gives:    adding ranges and turning them into those of a capture plan.
 * Never:    captures more than a hit can hold: then the plan holds the thread instead.
 * Lifetime: plain values.
 */
#ifndef FT_RANGES_H
#define FT_RANGES_H

#include "control/hit.h"

enum { RANGES_MAX = 64, RANGES_GAP = 256 }; // gaps up to this are read along

struct ranges {
	size_t n;
	bool overflow;
	struct {
		int64_t lo, hi;
	} r[RANGES_MAX];
};

void ranges_add(struct ranges *s, int64_t lo, int64_t hi);

/* Merges, and stores into plan->ranges; what does not fit sets plan->hold. */
void ranges_plan(struct ranges *s, struct capture_plan *plan);

#endif
