/*
 * space_events.h - the address space in a trace: at its begin and end, and what changes between.
 *
 * Owns:     what the address space was at the last look.
 * Gives:    struct event_map for EVENT_MAP.
 * Never:    emits an event; reads anything unless it is called.
 * Lifetime: a map is valid until the next call.
 */
#ifndef FT_SPACE_EVENTS_H
#define FT_SPACE_EVENTS_H

#include "control/control.h"
#include "events/event.h"

struct space_events;

struct space_events *space_events_create(struct control *c);
void space_events_destroy(struct space_events *e); // accepts NULL

/*
 * The whole, drawn, as of now. FT_NONE: the process is gone, or cannot be read. tid: a thread that
 * is still there.
 */
FT_CHECK enum ft_rc space_events_whole(struct space_events *e, pid_t tid, const char *when,
				       struct event_map *ret);

/* What is different since the last call of either function; FT_NONE: nothing. */
FT_CHECK enum ft_rc space_events_changes(struct space_events *e, pid_t tid, const char *when,
					 struct event_map *ret);

/* Another program runs in the process: it is compared with nothing. */
void space_events_forget(struct space_events *e);

#endif
