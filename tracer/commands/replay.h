/*
 * replay.h - what the command line of a replay says (private to commands/).
 *
 * Owns:     the options of `replay` beside those of a trace; what cannot be asked of a log.
 * Gives:    struct replay_options.
 * Never:    opens the log.
 * Lifetime: strings are borrowed from argv.
 */
#ifndef FT_REPLAY_H
#define FT_REPLAY_H

#include "commands/options.h"
#include "store/log.h"

struct replay_options {
	struct trace_options trace;
	const char *path;      // of the log
	const char *from, *to; // a number or a function; NULL: not given
	const char *at;	       // the same: the state after that event
	uint32_t kinds;	       // shown ones, of view.h
	bool kinds_said;       // by --only
	bool reverse, check, output;
	bool no_frames; // `frametrace report`: no event is printed
};

/* As trace_options_parse(). */
int replay_options_parse(int argc, char **argv, struct replay_options *ret);

/* From the log to the exit status; takes the options over. */
int replay_run(struct replay_options *o);

/* One line for each thing that was asked for and is not in the log: how to record it. */
void replay_say_missing(const struct replay_options *o, const struct log_info *info);

/*
 * log_words.c: the event that a word names: its number, or the first push of a function of that
 * name. FT_FAIL in words. `option` is for these.
 */
FT_CHECK enum ft_rc log_word(struct log *log, const char *option, const char *word, uint64_t *ret);

/*
 * A log that is not whole: why; events that a ring let go. For the end of whatever reads all of it.
 */
void log_say_cut(struct log *log);

/* A writer whose chunks come out again the last first, once it is closed. */
struct backwards;
struct backwards *backwards_open(FILE *out, FILE **ret);  // NULL: no room for it, ft_error() says
FT_CHECK enum ft_rc backwards_close(struct backwards *b); // writes them to `out`

/* moment.c: what there was after an event, copied out of the log. */
struct moment_of;
FT_CHECK enum ft_rc moment_open(struct log *log, uint64_t seq, bool all, struct moment_of **ret);
void moment_close(struct moment_of *m); // accepts NULL
void moment_show(struct moment_of *m, const struct trace_options *o, FILE *out);

/* log_where.c: what an address was then, as an event of that number. */
FT_CHECK enum ft_rc moment_where(struct moment_of *m, uint64_t seq, uint64_t address,
				 const struct report_format *f, struct reporter *r);

#endif
