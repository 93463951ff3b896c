/*
 * plain.h - the stepper as a prompt, line by line: gdb's commands over a player.
 *
 * Owns:     the commands of the prompt, their words; the terminal's line while one is typed.
 * Gives:    plain_run().
 * Never:    knows whether the run is live or recorded, but for the question at the end.
 * Lifetime: one call; borrows the player and the streams.
 *
 * A session can be handed in: without a terminal each command is shown before what it says, the
 * output has no process or thread numbers, and a command that failed makes the exit status 1.
 */
#ifndef FT_PLAIN_H
#define FT_PLAIN_H

#include <stdio.h>

#include "tui/player.h"

struct plain_options {
	FILE *in, *out;
	bool terminal;	// somebody types: editing, history, the last move again on an empty line
	bool on_screen; // of the full screen, which names threads by the system's numbers
	FILE *answers;	// for `ask`: then only grading is shown; or NULL
	const char *script;	    // what `in` is called in messages; NULL: standard input
	bool (*is_over)(void *ctx); // the session ends before the next command; or NULL: never
	void *ctx;
	const char *const *first; // commands to run before those of `in`; NULL-terminated, or NULL
};

/* Until `quit` or the end of the commands. Returns the exit status: 1 if a command of a script
 * failed. */
int plain_run(struct player *p, const struct plain_options *o);

#endif
