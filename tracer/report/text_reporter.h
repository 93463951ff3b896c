/*
 * text_reporter.h - the state of the text format (private to text.c and text_detail.c).
 *
 * Owns:     struct reporter as the text format has it.
 * Gives:    the lines of -v.
 * Never:    leaves these two files.
 * Lifetime: as struct reporter.
 */
#ifndef FT_REPORT_TEXT_REPORTER_H
#define FT_REPORT_TEXT_REPORTER_H

#include <stdio.h>

#include "report/alike.h"
#include "report/report.h"
#include "report/text.h"

struct reporter {
	FILE *out;
	struct report_options options;
	struct lines lines;
	int first_tid;
	bool threads;	   // more than one was seen: lines carry [tid]
	bool told_unknown; // what f(?) means
	struct alike alike;
};

void text_detail_value(struct reporter *r, const struct event *ev, const char *what,
		       const struct event_value *v);
void text_detail_walk(struct reporter *r, const struct event *ev);
/* The frames that a signal found, innermost first, with their variables. */
void text_signal_details(struct reporter *r, const struct event *ev);
void text_push_details(struct reporter *r, const struct event *ev);
void text_pop_details(struct reporter *r, const struct event *ev);

#endif
