/*
 * map_private.h - what map.c (where the slots are) and map_values.c (what is in them) share.
 *
 * Owns:     nothing beyond struct map.
 * Gives:    a slot at its run-time address, its value, whether it was written.
 * Never:    is included by other files.
 * Lifetime: as map.h says.
 */
#ifndef FT_MAP_PRIVATE_H
#define FT_MAP_PRIVATE_H

#include "events/map.h"

struct placed {
	uint64_t lo, hi;
	enum owner owner;
	const struct layout_slot *s; // NULL: known at run time only
	const char *name;	     // if !s
	size_t value;		     // as in map_plan.value
};

/* A text of the map being made; empty. */
struct buf *map_text(struct map *m);

/* The value that map_plan.value numbers; NULL: it is not known. */
const struct event_value *map_value_at(const struct map_input *in, size_t i);

/* Has this frame stored nothing there, as far as the files tell? At the pop: nothing at all. */
bool map_is_unwritten(const struct map_input *in, const struct placed *p);

void map_fill_value(struct map *m, const struct map_input *in, const struct placed *p,
		    struct event_slot *s);
void map_add_bytes(struct map *m, const struct map_input *in, struct event_slot *s);

#endif
