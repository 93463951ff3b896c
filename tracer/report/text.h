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

enum {
	WIDTH_DELTA = 7,
	WIDTH_RSP = 14, // 0x and 12 digits: all of a user address
	COLUMN_SOURCE = 60,
	TEXT_COLUMNS = 100, // of lines that are broken
};

struct reporter;

/* The columns of delta and rsp. */
void text_numbers(struct lines *l, const struct event *ev);

/* What is between the numbers and a frame's own text; mark is NULL on lines of details. */
void text_indent(struct reporter *r, const struct event *ev, const char *mark);

/* Where in the source; without debug information at least the file that holds the code. */
void text_source(struct lines *l, const struct event *ev);

/* A line of -v: an address in its column, or blank, then blank up to the frame's own text. */
void text_begin_detail(struct reporter *r, const struct event *ev, bool known, uint64_t address);

void text_end_detail(struct lines *l);

/* The parts of a value (event_value.full), a line for each; NULL: none. */
void text_detail_parts(struct reporter *r, const struct event *ev, const char *s);

/* A sentence from that column on, in as many lines as it takes. */
void text_sentence(struct lines *l, size_t column, const char *s);

/* --registers: what they held, below what is told of the event. */
void text_registers(struct lines *l, const struct event *ev);

/* "call -8, push rbp -8, sub rsp,0x10 -16 = -32" */
void text_arithmetic(struct lines *l, const struct event *ev);

/* text_frame.c: the frame map of a push or pop, if it has one; headings once. */
void text_frame_headings(struct lines *l);
void text_frame(struct reporter *r, struct lines *l, const struct event *ev, int verbose);

/* Instructions and lines, within their frame. */
void text_step(struct reporter *r, struct lines *l, const struct event *ev, int verbose);

/* Is it of, or about, another thread than the first one that was met? *first is 0 before any. */
bool text_is_other_thread(const struct event *ev, int *first);

/* "-- " and the thread, if more than one was seen (tid 0: not of one thread). */
void text_other_begin(struct lines *l, int tid);

/* Any event that is not a push or a pop. */
void text_other(struct lines *l, const struct event *ev, int tid, bool quiet, int verbose);

/* text_stack.c: EVENT_ALARM, EVENT_OVERFLOW; the stacks of a summary. */
void text_alarm(struct lines *l, const struct event *ev);
void text_overflow(struct lines *l, const struct event *ev);
void text_stacks(struct lines *l, const struct event_summary *s, int verbose);
void text_stack_table(struct lines *l, const struct event_summary *s, int verbose);

/* text_heap.c: heap blocks within the frame that asked; what the summary says of them. */
void text_heap(struct reporter *r, struct lines *l, const struct event *ev, int verbose);
void text_block(struct lines *l, const struct event_value *v, bool size);
/* " (local x of main)", unless the value names it already; escaped. NULL: nothing. */
void text_points_to(struct buf *b, const char *points_to, const char *value);
void text_dangling(struct reporter *r, struct lines *l, const struct event *ev);
void text_heap_summary(struct lines *l, const struct event_heap_summary *s, int verbose);

/* text_map.c: EVENT_MAP; verbose: the sections of each file too. */
void text_map(struct lines *l, const struct event *ev, int verbose);

/* text_picture.c: EVENT_MAP of a trace: its bands, its changes. */
void text_picture(struct lines *l, const struct event_map *m);
void text_bands(struct lines *l, const struct event_map *m); // its bands only
/* What is to be said of a band behind its name; of `m` only the numbers of the stack are asked. */
void text_band(struct lines *l, const struct event_map *m, const struct event_band *band);

/* text_where.c: EVENT_WHERE. */
void text_where(struct lines *l, const struct event_where *w);

#endif
