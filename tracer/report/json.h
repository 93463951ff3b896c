/*
 * json.h - the parts of the JSON formats: how values are written, and json_*.c by what they tell.
 *
 * Owns:     how a string, an address, a line number is written.
 * Gives:    what the files of JSON need of each other.
 * Never:    leaves report/.
 * Lifetime: no state.
 */
#ifndef FT_REPORT_JSON_H
#define FT_REPORT_JSON_H

#include "base/buf.h"
#include "events/event.h"

/* A key with the punctuation around it, as a literal. */
#define KEY(b, literal) buf_add(b, literal, sizeof(literal) - 1)

/* A field behind others: its name, a literal, and then its value, by json_… or buf_…dec. */
#define FIELD(b, name, write, value) (KEY(b, ",\"" name "\":"), write(b, value))

/* The same of what may be not known: null then. */
#define FIELD_OR_NULL(b, name, known, write, value)                                                \
	(KEY(b, ",\"" name "\":"), (known) ? write(b, value) : KEY(b, "null"))

void json_string(struct buf *b, const char *s); // NULL: null

/* Addresses are strings, since JSON numbers are doubles to many readers; 0 is no address. */
void json_address(struct buf *b, uint64_t addr);
void json_word(struct buf *b, uint64_t v);    // such a string of any 64 bits, also of 0
void json_number(struct buf *b, uint64_t n);  // 0: null
void json_limit(struct buf *b, uint64_t n);   // 0, not known, and UINT64_MAX, none: null
void json_seq(struct buf *b, uint64_t seq);   // UINT64_MAX: null
void json_line(struct buf *b, uint32_t line); // 0: null
void json_bool(struct buf *b, bool v);
void json_strings(struct buf *b, const char *const *s, size_t n);
void json_registers(struct buf *b, const struct event_register *r, size_t n); // none: null

/* ",depth":… to ",cfa":…: the frame, and where in its code. */
void json_place(struct buf *b, const struct event *ev);

/* The instruction that stored somewhere last: an object, or null if text is. */
void json_writer(struct buf *b, uint64_t pc, const char *text, uint32_t line);

/* json_run.c: the whole of EVENT_START; of others the fields after those of every event. */
void json_start(struct buf *b, const struct event *ev);
void json_exec(struct buf *b, const struct event *ev);
void json_signal(struct buf *b, const struct event *ev);
void json_exit(struct buf *b, const struct event *ev);

/* json_frame.c: arguments or locals; and with --frames the frame map of a push or pop. */
void json_value(struct buf *b, const struct event_value *v);
void json_values(struct buf *b, const struct event_value *values, size_t n);
/* Members "frames" and "more_frames" of a signal that tells of them; else nothing. */
void json_frames_at_signal(struct buf *b, const struct event *ev);
void json_returned(struct buf *b, const struct event_value *v);
void json_pointer(struct buf *b, const struct event_value *v); // where it leads: members, each ",…"
void json_frame(struct buf *b, const struct event *ev);

/* EVENT_INSN, EVENT_LINE, EVENT_CHANGE: the fields after those of every event. */
void json_step(struct buf *b, const struct event *ev);

/* EVENT_ALLOC, EVENT_FREE, EVENT_REALLOC, EVENT_BRK: the same; and what the summary says. */
void json_heap(struct buf *b, const struct event *ev);
void json_heap_summary(struct buf *b, const struct event_heap_summary *s);

/* EVENT_MAP: the fields after those of every event. */
void json_map(struct buf *b, const struct event_map *m);
/* EVENT_WHERE: the same. */
void json_where(struct buf *b, const struct event_where *w);

/* EVENT_ALARM, EVENT_OVERFLOW: the fields after those of every event. */
void json_alarm(struct buf *b, const struct event *ev);
void json_overflow(struct buf *b, const struct event *ev);

/* The list of stacks of a summary. */
void json_stacks(struct buf *b, const struct event_stack *s, size_t n);

#endif
