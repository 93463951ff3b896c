/*
 * output.h - what the program writes to its standard output and error, on its way through us.
 *
 * Owns:     a pseudo-terminal or pipes between the program's streams and ours; the process that
 *           passes on what children of the program write when we are gone.
 * Gives:    the bytes to a sink, in the order of writing, and at once to our own streams.
 * Never:    changes a byte, touches standard input (but see keyboard.c), makes the program wait for
 *           more than it would wait for without us: whoever reads our output.
 * Lifetime: from output_create() to output_finish(); the sink is called from the functions below.
 *
 * A stream that is a terminal here is one there: isatty(3), window size and modes are those of
 * ours, so that the program buffers and colours as ever. Anything else is a pipe; a stream that was
 * closed stays closed. Two streams that are the same file here are one there, told as stream 1.
 */
#ifndef FT_OUTPUT_H
#define FT_OUTPUT_H

#include <signal.h>

#include "base/base.h"

struct output;

typedef void (*output_sink)(void *ctx, int stream, const char *bytes, size_t len);

struct output_options {
	bool pass_on; // to our own streams; else the sink alone has it
	output_sink sink;
	void *sink_ctx;
};

FT_CHECK enum ft_rc output_create(const struct output_options *o, struct output **ret);

/* In the child, before it executes: its streams. Async-signal-safe. */
bool output_enter(const struct output *o);

/* In us, once the child runs: its ends are its own. */
void output_entered(struct output *o);

/* What has been written by now, without waiting. The program is stopped: nothing more comes. */
void output_take(struct output *o);

/* The window of our terminal has another size: before the program gets to know. */
void output_resized(struct output *o);

/*
 * Waits until there is output, keys were typed, a signal comes that `mask` lets through, or the
 * time is over (-1: it never is), and takes what is there. The keys go to the program, `pid`, if it
 * waits for them at a terminal of ours. False: the time is over. Accepts NULL: then it just waits.
 */
bool output_serve(struct output *o, int pid, const sigset_t *mask, int milliseconds);

/*
 * The program has ended: takes and passes on the rest. What still comes, from children of it, is
 * passed on by a process of its own. Frees; accepts NULL. FT_FAIL: some of it could not be written
 * to our streams, for another reason than that nobody reads them.
 */
FT_CHECK enum ft_rc output_finish(struct output *o);

#endif
