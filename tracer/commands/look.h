/*
 * look.h - what the command lines of `maps` and `where` say (private to commands/).
 *
 * Owns:     their options.
 * Gives:    struct look_options; the log that they name; their output, opened.
 * Never:    tells what is in a process or a log.
 * Lifetime: strings are borrowed from argv.
 */
#ifndef FT_LOOK_H
#define FT_LOOK_H

#include "report/report.h"
#include "store/log.h"

struct look_command {
	const char *name;    // "maps"
	const char *missing; // "maps needs a PID, a LOG or a PROGRAM"
	void (*help)(void);
	bool runs; // a PROGRAM may be the operand: it takes what follows it; --explain, -R, -v
	bool target_last; // what is looked at is the last operand; else the first
	int least;	  // operands
};

struct look_options {
	const struct report_format *format;
	struct report_options report;
	bool explain, no_aslr;
	const char *at;	 // an event of a log; NULL: not given
	char **operands; // NULL-terminated
	int n;
	const char *target; // the operand that is looked at
	bool is_log;	    // it is a log
};

/* -1: go on; otherwise the exit status. */
int look_options_parse(int argc, char **argv, const struct look_command *c,
		       struct look_options *ret);

/* The log that is looked at, and the event of --at: the last one if it was not given. */
FT_CHECK enum ft_rc look_open_log(const struct look_options *o, struct log **ret,
				  uint64_t *ret_seq);

struct reporter *look_open(const struct look_options *o); // on standard output

#endif
