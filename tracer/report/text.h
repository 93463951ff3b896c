/*
 * text.h - the parts of the text format: frames in text.c, all other lines in text_other.c.
 *
 * Owns:     the columns of a line.
 * Gives:    what both files need of each other.
 * Never:    leaves report/.
 * Lifetime: as struct reporter.
 */
#ifndef FT_REPORT_TEXT_H
#define FT_REPORT_TEXT_H

#include "events/event.h"
#include "report/line.h"

/* "-- " and the thread, if more than one was seen (tid 0: not of one thread). */
void text_other_begin(struct lines *l, int tid);

/* Any event that is not a push or a pop. */
void text_other(struct lines *l, const struct event *ev, int tid, bool quiet, int verbose);

#endif
