/*
 * places.h - what an address is in a trace, in a few words: the live frames and their variables.
 *
 * Owns:     nothing; the collector's stacks are asked.
 * Gives:    words such as "local x of main", for values that are addresses.
 * Never:    reads the process or a file.
 * Lifetime: no state.
 *
 * target_address_text() names code and data of modules, and then asks who was set by
 * target_on_place(); what else may be known of an address (a heap block) is to be added to
 * places_text().
 */
#ifndef FT_PLACES_H
#define FT_PLACES_H

#include "base/buf.h"
#include "events/event.h"

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

/* Appends " <x of main>" or nothing: for target_on_place(). */
void places_text(void *collector, uint64_t addr, struct buf *out);

#endif
