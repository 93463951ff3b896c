/*
 * alike.h - frames that are left when a program ends: thousands of one function are told once.
 *
 * Owns:     the first of those that follow each other, and how many there were.
 * Gives:    whether an event is one of them; a call back once none follows any more.
 * Never:    writes.
 * Lifetime: of its reporter; the event that is told lives during the call.
 */
#ifndef FT_REPORT_ALIKE_H
#define FT_REPORT_ALIKE_H

#include "base/buf.h"
#include "events/event.h"

struct reporter;

typedef void (*alike_teller)(struct reporter *r, const struct event *first, uint64_t n);

struct alike {
	alike_teller tell;
	struct reporter *reporter;
	uint64_t n; // that wait; 0: none
	struct event first;
	struct buf function; // of `first`
};

void alike_init(struct alike *a, alike_teller tell, struct reporter *r);
void alike_deinit(struct alike *a); // tells nothing: alike_tell() before it

/* Whether it keeps an event back, to be told with others. What waits is told before another. */
bool alike_keeps(struct alike *a, const struct event *ev);

/* What waits is told: something else comes. */
void alike_tell(struct alike *a);

#endif
