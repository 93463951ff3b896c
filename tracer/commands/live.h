/*
 * live.h - one traced run of a program, from its launch to its end (private to commands/).
 *
 * Owns:     control, symbols, target and collector of the run; how our own signals reach it.
 * Gives:    its events, one stop at a time, to one sink; the exit status that we owe.
 * Never:    knows what becomes of the events: trace, report, record and step do.
 * Lifetime: from live_open() to live_close(). The sinks may call live_let_go() and live_kill().
 */
#ifndef FT_LIVE_H
#define FT_LIVE_H

#include "commands/options.h"
#include "events/collect.h"

struct live;

typedef void (*live_output)(void *ctx, int stream, const char *bytes, size_t len,
			    uint64_t time_ns); // as in events

struct live_options {
	struct trace_options *trace; // borrowed; its patterns note what they matched
	const char *path;	     // of the file to execute: live_find(); borrowed
	char *const *argv;	     // of the program
	bool locals, full, trees;    // what values carry (events/plan.h)
	bool heap;		     // heap blocks, unless --no-heap
	bool watched; // somebody may be looking: an event is out before the program goes on
	bool asides;  // maps at start and end come as asides, if they were not asked for
	/*
	 * What the program writes to stdout (1) and stderr (2) comes here, before the events of
	 * the stop after it; with pass_on to our own streams too (control/output.h). NULL: its
	 * streams are ours. It may come after EVENT_EXIT, from children.
	 */
	live_output output;
	bool pass_on;
	// It has run for a tenth of a second without a stop; true: ask again in another. Or NULL.
	bool (*idle)(void *ctx);
	event_sink sink;
	void *sink_ctx; // of all of these
};

/*
 * Which file a PROGRAM word means; of a script the user is told that its interpreter is traced,
 * unless quiet. FT_FAIL in words: not found, not executable … *ret is to be freed.
 */
FT_CHECK enum ft_rc live_find(const char *word, bool quiet, char **ret);

/* Starts the program and stops it before its first instruction. FT_FAIL in words. */
FT_CHECK enum ft_rc live_open(const struct live_options *o, struct live **ret);

/* The program's modules and traced functions, for whoever tells more of an event than it says. */
struct target *live_target(struct live *live);

/* EVENT_START and notes go to the sink. */
void live_start(struct live *live);

/* One stop becomes events. FT_NONE: the program has ended, and all was told. */
FT_CHECK enum ft_rc live_next(struct live *live);

/* Our bytes leave the program; it runs on, untraced, and live_next() only waits for its end.
 * Accepts NULL. */
void live_let_go(struct live *live);

/* Ends the program; live_next() then tells of it. Accepts NULL. */
void live_kill(struct live *live);

/* The signal that we were sent to end, and the program with us; 0: none. */
int live_ended_by(void);

/* Says what ended the run, if it was not the program: a failure `rc`; a signal, unless quiet. */
void live_say_end(enum ft_rc rc, bool quiet);

/*
 * Ends the program, if it still runs, and frees; accepts NULL. `good`: all went well. Returns the
 * status that we end with; a signal that ended the program, or us, ends us here.
 */
int live_close(struct live *live, bool good);

#endif
