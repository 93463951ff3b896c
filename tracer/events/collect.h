/*
 * collect.h - a stop becomes finished events.
 *
 * Owns:     the meaning of an event: the shadow stacks, numbering, the summary.
 * Gives:    collect_start(), collect_stop(), collect_end(): each calls the sink once per event.
 * Never:    fails for what it cannot learn: that is marked unknown in the event.
 * Lifetime: an event is valid during the sink's call only.
 */
#ifndef FT_COLLECT_H
#define FT_COLLECT_H

#include "control/control.h"
#include "events/event.h"
#include "events/step.h"
#include "events/target.h"

struct collector;

enum map_wish {
	MAP_NONE,
	MAP_ENDS,  // at the first push and at the end
	MAP_EVERY, // and what changed, after each push and pop: reads /proc each time
};

struct collect_options {
	const char *program; // its path as it was found
	char *const *argv;   // of the program, NULL-terminated
	uint32_t max_depth;  // frames at this depth and deeper are not reported; 0: no limit
	bool locals;	     // values of arguments and locals at the pop
	bool frames;	     // frame maps
	bool ghosts;	   // popped frames are remembered: for maps, and for what stores overwrite
	bool walk;	   // the whole stack at each push, by CFI
	bool inlines;	   // name inlined calls in stacks and at signals
	enum map_wish map; // EVENT_MAP; threads must not run on before their hit is collected
	bool asides;	   // where map is MAP_NONE: those of start and end as asides
	bool registers;	   // of the thread, as they were at the stop that an event is made of
	bool heap;	   // heap blocks
	bool heap_all;	   // those that other code than the traced functions takes, too
	struct step_options step;
	bool verify; // compare that walk with libunwind's
};

typedef void (*event_sink)(void *ctx, const struct event *ev);

struct collector *collector_create(struct control *c, struct symbols *s, struct target *t,
				   const struct collect_options *o, event_sink sink, void *ctx);
void collector_destroy(struct collector *col);

/* EVENT_START, and notes about the program. Call once, after target_load(). */
void collect_start(struct collector *col);

/* FT_FAIL only when a new program (exec) or library cannot be set up. */
FT_CHECK enum ft_rc collect_stop(struct collector *col, const struct stop *stop);

/* Time in ns as events have it: since EVENT_START. */
uint64_t collect_time(const struct collector *col, uint64_t now);

/* Walks that --verify found to differ. */
uint64_t collect_mismatches(const struct collector *col);

#endif
