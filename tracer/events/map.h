/*
 * map.h - the frame map: whose each byte of a frame is, and what it holds (private to events/).
 *
 * Owns:     the slots of the event being made, and their texts.
 * Gives:    struct map_plan (once per site); map_frame(): a layout, a CFA and rsp become slots.
 * Never:    reads but through struct memory; formats a variable's value: the event's is taken.
 * Lifetime: slots and texts until the next map_frame() on the same struct map.
 */
#ifndef FT_MAP_H
#define FT_MAP_H

#include "base/buf.h"
#include "events/event.h"
#include "events/ghosts.h"
#include "events/plan.h"
#include "events/ranges.h"

/*
 * At the body (x NULL) or at an exit. The bytes of the frame are added to what the site captures,
 * whose thread is held. NULL: there is no layout, which is fine.
 */
struct map_plan *map_plan_create(const struct traced *t, const struct traced_exit *x,
				 const struct plan_options *o, struct ranges *ranges,
				 struct capture_plan *c);
void map_plan_destroy(struct map_plan *p);

struct placed; // where a slot is at run time

struct map {
	struct event_slot *slots;
	struct placed *placed; // of each slot
	size_t n, cap_slots, cap;
	struct event_value *elsewhere;
	size_t n_elsewhere, cap_elsewhere;
	struct event_ghost *ghosts;
	size_t n_ghosts, cap_ghosts;
	struct ghost_list died, kept;
	struct buf *texts; // reused
	size_t n_texts, cap_texts, used;
};

struct map_input {
	const struct map_plan *plan;
	const struct event *ev;	       // cfa, return_symbol, args and locals; push or pop
	uint64_t rsp;		       // at the body
	const struct event_value *own; // of plan->own
	const struct memory *mem;
	const struct regs *regs; // at an exit; NULL: not known
	struct ghosts *ghosts;	 // of this stack; NULL: none. Told what this frame has overwritten.
	/* Appends " <main+4>" or nothing. */
	void (*name_address)(void *ctx, uint64_t addr, struct buf *out);
	/* Appends "local x of main" or nothing. */
	void (*points_to)(void *ctx, uint64_t addr, struct buf *out);
	void *ctx;
};

void map_init(struct map *m);
void map_deinit(struct map *m);

/* Fills m->slots, elsewhere, and at a push ghosts. */
void map_frame(struct map *m, const struct map_input *in);

#endif
