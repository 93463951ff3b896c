/*
 * view.h - an event as it was recorded becomes the event that was asked for (private to commands/).
 *
 * Owns:     what is left out of an event, and which events are left out.
 * Gives:    view_event(): the event that a run with just these options would have made.
 * Never:    adds anything, renumbers, looks at the log.
 * Lifetime: an event is valid until the next view_event() on the same view, and no longer than the
 *           event that was handed in.
 *
 * A recording asks for more than is looked at. What is printed may not depend on that: with the
 * same options it is the same line by line.
 */
#ifndef FT_VIEW_H
#define FT_VIEW_H

#include "commands/options.h"

/* A set of kinds: bit 1 << enum event_kind; above them output, which is no event. */
enum { VIEW_OUTPUT = EVENT_EXIT + 1, VIEW_KINDS };

struct view_options {
	const struct trace_options *trace; // -v, -q, --frames, --stack, --no-heap, --format
	uint32_t kinds;			   // shown ones
	bool map_asides; // maps that were recorded without --map are wanted: as the events that
			 // they would have been
	bool dead_names; // frame maps were recorded: pointers may name what was in popped frames
};

/* All kinds. */
uint32_t view_all_kinds(void);

/*
 * Adds the kinds that a word names: "push", "alloc" …, or several of them: "frames", "heap",
 * "steps". False: there is no such kind.
 */
bool view_kinds_add(const char *word, size_t len, uint32_t *kinds);

struct view;

struct view *view_create(const struct view_options *o);
void view_destroy(struct view *v);

/* NULL: it is not shown. */
const struct event *view_event(struct view *v, const struct event *ev);

#endif
