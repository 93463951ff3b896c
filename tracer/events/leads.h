/*
 * leads.h - where the pointers of a recorded value lead, in other words than points.h had.
 *
 * Owns:     the new texts.
 * Gives:    a value whose words ("local x of main", "heap #1+8") are those that the caller chose,
 *           also in its parts and its tree.
 * Never:    changes what a value is.
 * Lifetime: a text until leads_reset().
 */
#ifndef FT_LEADS_H
#define FT_LEADS_H

#include "base/buf.h"
#include "events/event.h"

struct leads {
	struct buf *texts;
	size_t n, used;
};

/* What is said of a pointer. */
struct lead {
	const char *words; // "local x of main"
	size_t len;
	uint64_t address; // that it leads to; 0: not known
};

/* False: the words are right. Else `out` has others, or none: nothing is to be said. */
struct leads_by {
	bool (*say)(void *ctx, const struct lead *lead, struct buf *out);
	void *ctx;
};

void leads_reset(struct leads *l);
void leads_deinit(struct leads *l);
struct buf *leads_new_text(struct leads *l); // empty

/* These are the same, if nothing is to be changed. NULL: NULL; words may become NULL. */
const char *leads_full(struct leads *l, const char *full, struct leads_by by); // event_value.full
void leads_value(struct leads *l, struct event_value *v, struct leads_by by);
void leads_slot(struct leads *l, struct event_slot *slot, struct leads_by by); // not its ghost

/* The mappings, as far as words tell them apart. */
struct leads_map {
	struct leads_region *r; // by address
	size_t n, cap;
};

void leads_map_note(struct leads_map *m, const struct event_map *map); // the last one counts
void leads_map_deinit(struct leads_map *m);

/*
 * The words for an address of which no more is known, as events/points.c has them: "main stack",
 * "brk heap, no block seen" (if the heap is watched) … `stack_of`: it is on a stack of that thread;
 * or 0. Nothing, if the words are not known.
 */
void leads_map_say(const struct leads_map *m, uint64_t address, bool heap, int stack_of,
		   struct buf *out);

#endif
