/*
 * collector.h - the collector's state (private to events/).
 *
 * Owns:     struct collector.
 * Gives:    what collect.c and walk.c share.
 * Never:    is included from another room.
 * Lifetime: session.
 */
#ifndef FT_COLLECTOR_H
#define FT_COLLECTOR_H

#include "events/collect.h"
#include "events/read.h"
#include "events/stack.h"
#include "unwind/unwind.h"

struct collector {
	struct control *control;
	struct symbols *symbols;
	struct target *target;
	struct collect_options o;
	event_sink sink;
	void *sink_ctx;
	struct stacks stacks;
	struct reader reader;
	uint64_t seq, start_ns, now;
	uint64_t tail_target; // of the tail jump being collected
	uint64_t verified, mismatches;
	bool running; // a frame was pushed
	struct event_summary summary;
	char *max_depth_function, *max_stack_function;
	const struct traced *max_depth_fn, *max_stack_fn; // whose names these are
	struct event_part *parts; // of a frame whose arithmetic is settled at run time
	struct event_frame_of_walk *walk;
	struct unwind_frame *unwound;
	size_t n_unwound;
	enum unwind_end unwind_end;
};

void collect_note(struct collector *col, const char *text);

/* walk.c: walks the stack; fills ev->walk if it is to be shown. */
void collect_walk(struct collector *col, const struct hit *hit, struct event *ev);

/* walk.c: compares the last walk with libunwind's; a note says where they differ. */
void collect_verify(struct collector *col, const struct hit *hit, const struct event *ev);

#endif
