/*
 * live.h - one traced run of a program, from its launch to its end (private to commands/).
 *
 * Owns:     control, symbols, target and collector of the run; how our own signals reach it.
 * Gives:    its events, one stop at a time, to one sink; the exit status that we owe.
 * Never:    knows what becomes of the events: trace, report, record and step do.
 * Lifetime: from live_open() to live_close(). The sink must not call back.
 */
#ifndef FT_LIVE_H
#define FT_LIVE_H

#include "commands/options.h"
#include "events/collect.h"

struct live;

struct live_options {
	const struct trace_options *trace; // borrowed
	char *const *argv;		   // of the program
	bool locals, full, trees;	   // what values carry (events/plan.h)
	bool watched;	// somebody may be looking: an event is out before the program goes on
	bool registers; // events carry registers
	bool asides;	// maps at start and end come as asides, if they were not asked for
	int out, err;	// the program's streams: descriptors to dup2(2); -1: ours
	void (*stopped)(void *ctx); // each time a thread has stopped and before it runs on; or NULL
	void *stopped_ctx;
	event_sink sink;
	void *sink_ctx;
};

/* FT_FAIL in words: not found, not executable, cannot be traced … */
FT_CHECK enum ft_rc live_open(const struct live_options *o, struct live **ret);

/* EVENT_START and notes go to the sink. */
void live_start(struct live *live);

/* One stop becomes events. FT_NONE: the program has ended, and all was told. */
FT_CHECK enum ft_rc live_next(struct live *live);

/* Our bytes leave the program; it runs on, untraced, and live_next() only waits for its end. */
void live_let_go(struct live *live);

/* Ends the program, if it still runs, and frees. `rc`: what ended the loop. Returns the status
 * that we end with; a signal that ended the program, or us, ends us here. */
int live_close(struct live *live, enum ft_rc rc);

#endif
