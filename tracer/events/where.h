/*
 * where.h - what an address of a process is, without stopping it.
 *
 * Owns:     the walks of the stacks of threads that are blocked in a system call.
 * Gives:    struct event_where of any address: region, section, symbol, source line, stack frame
 *           and variable, block of malloc, or its nearest neighbours.
 * Never:    stops or changes the process; guesses: what cannot be known has its reason.
 * Lifetime: everything in an event_where lives until where_destroy().
 */
#ifndef FT_WHERE_H
#define FT_WHERE_H

#include "events/event.h"
#include "events/regions.h"

struct where;

/* Borrows all three; regions were read with the same symbols and memory. */
struct where *where_create(struct symbols *s, const struct regions *r, const struct memory *mem);
void where_destroy(struct where *w); // accepts NULL

void where_look(struct where *w, uint64_t address, struct event_where *ret);

/* ", local x: int, byte 4 of 40", behind whose frame it is; "" without an owner. To be freed. */
char *where_owner_text(const struct event_where *e);

#endif
