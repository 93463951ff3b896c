/*
 * look.h - what the command lines of `maps` and `where` say (private to commands/).
 *
 * Owns:     their options.
 * Gives:    struct look_options; their output, opened and closed.
 * Never:    looks at anything.
 * Lifetime: strings are borrowed from argv.
 */
#ifndef FT_LOOK_H
#define FT_LOOK_H

#include "report/report.h"

struct look_command {
	const char *name;    // "maps"
	const char *missing; // "maps needs a PID, a LOG or a PROGRAM"
	void (*help)(void);
	bool runs; // a PROGRAM may be the operand: it takes what follows it; --explain, -R, -v
	int least; // operands
};

struct look_options {
	const struct report_format *format;
	struct report_options report;
	bool explain, no_aslr;
	const char *at;	 // an event of a log; NULL: not given
	char **operands; // NULL-terminated
	int n;
};

/* -1: go on; otherwise the exit status. */
int look_options_parse(int argc, char **argv, const struct look_command *c,
		       struct look_options *ret);

/* A reporter on standard output; 0 or EXIT_BAD from what became of that. */
struct reporter *look_open(const struct look_options *o);
int look_flush(int status);

#endif
