/*
 * options.h - what the command line of a trace says (private to commands/).
 *
 * Owns:     the option table and the help text.
 * Gives:    struct trace_options.
 * Never:    acts on an option.
 * Lifetime: strings are borrowed from argv.
 */
#ifndef FT_OPTIONS_H
#define FT_OPTIONS_H

#include <getopt.h>

#include "events/collect.h"
#include "events/select.h"
#include "events/step.h"
#include "report/report.h"
#include "values/values.h"

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct trace_options {
	struct selection selection;
	const char *output; // NULL: stderr
	const struct report_format *format;
	enum color color;
	uint32_t max_depth; // 0: no limit
	struct value_style style;
	int verbose;
	struct step_options step; // --events
	bool events_said;	  // there was one: --events=call is no default
	bool frames;		  // frame maps
	enum map_wish map;
	const char *sort; // report: a column, or "name"; NULL: not said
	bool quiet, no_aslr, pin, walk, inlines, verify, no_heap, registers;
	int first_argument; // index in argv of PROGRAM
};

/* What a command takes besides, and what it says of itself. */
struct more_options {
	const struct option *options; // long ones, as for getopt_long(3); values from MORE_OPTIONS
	size_t n;
	const char *letters; // short ones of its own, as for getopt(3); NULL: none
	int (*take)(void *ctx, int c, const char *value); // as trace_options_parse() returns
	void *ctx;
	void (*help)(void);
	const char *operand; // "LOG": there is one, and options may stand behind it
};
enum { MORE_OPTIONS = 1000 };

/* -1: go on; otherwise the exit status (--help, --version, an error). */
int trace_options_parse(int argc, char **argv, struct trace_options *ret);
int trace_options_parse_more(int argc, char **argv, const struct more_options *more,
			     struct trace_options *ret);
void trace_options_deinit(struct trace_options *o);

/* What a format has to know of them, to write to `out`. */
struct report_options report_options_of(const struct trace_options *o, FILE *out);

/*
 * trace.c: runs the program, hands its events to the format; the exit status. Takes the options
 * over.
 */
int trace_run(struct trace_options *o, char **argv);

#endif
