/*
 * report.h - events become bytes, one file per format behind one table.
 *
 * Owns:     the output stream of the trace, its escaping.
 * Gives:    struct report_format, the table of formats.
 * Never:    asks anybody anything: an event is all a format gets.
 * Lifetime: a reporter lives from open to close.
 *
 * To add a format: write report/NAME.c with `const struct report_format report_NAME`, list it in
 * report/table.c, declare it below, describe it in docs/events.md, run `make golden`.
 */
#ifndef FT_REPORT_H
#define FT_REPORT_H

#include <stdio.h>

#include "base/base.h"
#include "events/event.h"

struct report_options {
	bool color;	  // SGR colours; the caller has settled auto
	int verbose;	  // 0, 1 (-v), 2 (-vv)
	bool frames;	  // pushes and pops carry frame maps
	bool walk;	  // pushes carry walks
	bool quiet;	  // frames only; formats for machines take no notice
	bool registers;	  // of events that have them
	bool threads;	  // of an excerpt: there was more than one before it
	const char *sort; // a column of `frametrace report`; NULL: as it likes
};

/* What the program wrote, as a log has it. */
struct report_output {
	int pid;
	int stream; // 1, 2
	const char *bytes;
	size_t len;
	uint64_t after;	 // the event before it
	bool before_all; // there is none
	uint64_t time_ns;
};

struct reporter; // each format's own state

struct report_format {
	const char *name, *help; // --format=NAME, and its line in --help
	bool details;		 // wants values at the pop and types always, not only with -v
	bool at_end;		 // nobody waits for what it writes before the end
	struct reporter *(*open)(FILE *out, const struct report_options *o);
	void (*event)(struct reporter *r, const struct event *ev);
	void (*output)(struct reporter *r, const struct report_output *o); // NULL: not shown
	void (*close)(struct reporter *r); // frees; write errors are the stream's (ferror)
};

extern const struct report_format report_text, report_json, report_explain;
extern const struct report_format report_use_text, report_use_json; // frametrace report
extern const struct report_format
	*const report_formats[]; // NULL-terminated; the first is the default

/* What a format is told of; not of asides, which are for a log only. */
void report_event(const struct report_format *f, struct reporter *r, const struct event *ev);

const struct report_format *report_find(const char *name); // NULL if there is none

#endif
