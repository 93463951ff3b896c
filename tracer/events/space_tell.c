/*
 * space_tell.c - when a trace tells of the address space: --map. Without it a log still has whole
 * maps as asides: at start and end, when the heap took memory from the kernel, when a thread began.
 */
#include "events/collector.h"
#include "events/space_events.h"

// Each costs a reading of /proc/PID/maps and some KiB of the log.
enum { ASIDES_MAX = 200 };

static bool is_wanted(const struct collector *col)
{
	return col->o.map != MAP_NONE || col->o.asides;
}

static void tell(struct collector *col, pid_t pid, pid_t tid, const struct event_map *map)
{
	struct event ev = collect_event(col, EVENT_MAP, pid, tid, col->now);
	ev.map = map;
	ev.aside = col->o.map == MAP_NONE;
	collect_emit(col, &ev);
}

void space_tell_start(struct collector *col, pid_t pid, pid_t tid)
{
	struct event_map map;
	if (!is_wanted(col) || col->space_started)
		return;
	col->space_started = true;
	control_hold(col->control, false);
	if (!col->space)
		col->space = space_events_create(col->control);
	if (space_events_whole(col->space, tid, "start", &map) == FT_OK)
		tell(col, pid, tid, &map);
}

void space_tell_changes(struct collector *col, pid_t pid, pid_t tid, const char *when)
{
	struct event_map map;
	if (col->o.map == MAP_EVERY && col->space_started &&
	    space_events_changes(col->space, tid, when, &map) == FT_OK)
		tell(col, pid, tid, &map);
}

// An aside of a log: what was mapped since the last one is not in it.
static void tell_aside(struct collector *col, pid_t pid, pid_t tid, const char *when)
{
	struct event_map map;
	if (!col->o.asides || col->o.map != MAP_NONE || !col->space_started ||
	    col->space_asides >= ASIDES_MAX)
		return;
	col->space_asides++;
	if (space_events_whole(col->space, tid, when, &map) == FT_OK)
		tell(col, pid, tid, &map);
}

void space_tell_growth(struct collector *col, pid_t pid, pid_t tid)
{
	tell_aside(col, pid, tid, "growth");
}

void space_tell_thread(struct collector *col, pid_t pid, pid_t tid)
{
	if (col->space_asides < ASIDES_MAX / 2)	     // of many threads the heap has its share left
		tell_aside(col, pid, tid, "thread"); // its stack is new
}

// The last thread of the program is about to end, or the only one.
void space_tell_leaving(struct collector *col, const struct stop *stop)
{
	struct event_map map;
	col->leaving++;
	if ((!col->space_started && !col->o.asides) || col->leaving < col->threads)
		return;
	if (!col->space) // no frame was pushed
		col->space = space_events_create(col->control);
	space_tell_changes(col, stop->pid, stop->tid, "exit");
	if (space_events_whole(col->space, stop->tid, "exit", &map) == FT_OK)
		tell(col, stop->pid, stop->tid, &map);
	col->space_started = false;
}

void space_tell_exec(struct collector *col)
{
	col->threads = 1;
	col->leaving = 0;
	col->space_started = false;
	control_hold(col->control, is_wanted(col));
	if (col->space)
		space_events_forget(col->space);
}
