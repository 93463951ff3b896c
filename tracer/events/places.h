/*
 * places.h - what an address is in a trace: the live frames and their variables, and the dead.
 *
 * Owns:     nothing; the collector's stacks are asked.
 * Gives:    whose variable or slot an address on a stack is.
 * Never:    reads the process or a file.
 * Lifetime: no state. What else an address may be: events/points.h.
 */
#ifndef FT_PLACES_H
#define FT_PLACES_H

#include <stdbool.h>
#include <stdint.h>

struct collector;

/* What is known of an address; texts live as long as the frame's function, or until the next. */
struct known_place {
	const char *function;	// whose frame; NULL: below the stack pointer
	const char *owner;	// as in struct event_slot; NULL: not known
	const char *name;	// of the variable; NULL
	uint64_t address, size; // of the variable or slot
	bool dead;		// it was: the frame has been popped
	bool ending;		// it ends with the event that is being made
};

/* False: nothing is known of it. */
bool places_find(struct collector *col, uint64_t addr, struct known_place *ret);

#endif
