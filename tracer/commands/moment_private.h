/*
 * moment_private.h - the state after an event of a log, copied out of it.
 *
 * Owns:     the copies.
 * Gives:    what moment.c and log_where.c share.
 * Never:    is included by others.
 * Lifetime: from moment_open() to moment_close().
 */
#ifndef FT_MOMENT_PRIVATE_H
#define FT_MOMENT_PRIVATE_H

#include "commands/replay.h"
#include "commands/intern.h"
#include "report/moment.h"

/* Everything is copied: a call that gives an event takes the one before it back. */
struct moment_of {
	struct log *log;
	uint64_t seq;
	struct intern texts;
	struct moment s;
	struct event at; // what is used of the event itself
	struct event_register *registers;
	struct moment_frame *frames;
	struct event_value *values;
	struct moment_value *shown;
	size_t n_values, cap_values, cap_shown;
	size_t *first_value; // of each frame, and one more
	struct moment_block *blocks;
	struct event_map map;
	struct event_region *regions;
	struct event_band *bands;
	struct event_part_of_file *parts;
};

#endif
