/*
 * explain.h - the parts of the explain format: events as sentences for who learns.
 *
 * Owns:     how a paragraph is made, indented and wrapped; which words were explained already.
 * Gives:    what the files explain*.c need of each other.
 * Never:    leaves report/; says what the event does not say.
 * Lifetime: as struct reporter.
 *
 * A paragraph is built as raw text, whoever its words are from, and made safe when it is written:
 * no other place has to think of escaping.
 */
#ifndef FT_REPORT_EXPLAIN_H
#define FT_REPORT_EXPLAIN_H

#include "events/event.h"
#include "report/line.h"

/* What is explained at its first occurrence in a run; the words are in explain_words.c. */
enum lesson {
	LESSON_FRAME,
	LESSON_RETURN_ADDRESS,
	LESSON_RSP,
	LESSON_ARGUMENTS,
	LESSON_STACK_ARGUMENT,
	LESSON_RED_ZONE,
	LESSON_RETURN_VALUE,
	LESSON_RETURN_IN_MEMORY,
	LESSON_POPPED,
	LESSON_TAIL_CALL,
	LESSON_UNWOUND,
	LESSON_LEFT,
	LESSON_INLINED,
	LESSON_SIGNAL,
	LESSON_HANDLER,
	LESSON_THREAD,
	LESSON_PROCESS,
	LESSON_EXEC,
	LESSON_ACCOUNT,
	LESSON_GHOST,
	LESSON_ADDRESS_SPACE,
	LESSON_RETURN_SMASHED,
	LESSON_CANARY,
	LESSON_OVERFLOW,
	LESSON_BLOCK,
	LESSON_USABLE,
	LESSON_FREED,
	LESSON_BAD_FREE,
	LESSON_REALLOC,
	LESSON_BRK,
	LESSON_DANGLING,
	LESSON_LEAK,
	LESSONS,
};

/* What is known of a place on a stack, for the next event there. */
enum omen {
	OMEN_NONE,
	OMEN_TAIL_CALL, // a function jumped to another one: that has the same CFA
	OMEN_GONE,	// a frame ended unseen: nobody knows who made the next one here
	OMEN_SMASHED,	// the return address is not what the call stored
};

struct omen_at {
	int tid;
	uint64_t cfa;
	enum omen omen;
};

struct story {
	struct lines lines; // what is written next
	struct buf text;    // the paragraph under construction, raw
	bool taught[LESSONS];
	enum lesson next[8]; // lessons that follow the paragraph
	size_t n_next;
	bool lessons; // they are wanted
	bool threads; // more than one was seen: paragraphs carry [tid]
	int verbose;
	struct omen_at *omens; // few: each ends with the next push or pop there
	size_t n_omens, cap_omens;
};

/* Adds to the paragraph; texts of strangers need no escaping here. */
#define SAY(st, ...) buf_printf(&(st)->text, __VA_ARGS__)

/* The lesson follows the paragraph, if this is its first time. */
void explain_teach(struct story *st, enum lesson lesson);
const char *explain_lesson(enum lesson lesson);

/*
 * Ends the paragraph: its mark, then the text, indented by depth and wrapped; then the lessons. An
 * empty one is left out.
 */
void explain_end(struct story *st, const struct event *ev, uint32_t depth, const char *mark);

void explain_omen(struct story *st, int tid, uint64_t cfa, enum omen omen);
enum omen explain_take_omen(struct story *st, int tid, uint64_t cfa);

/* "4 bytes", "1 byte" */
void explain_count(struct story *st, uint64_t n, const char *noun);
void explain_size(struct story *st, uint64_t bytes);
/* ", line 15 of double.rs"; nothing if it is not known. */
void explain_line(struct story *st, const char *file, uint32_t line);
/* What a pointer leads to, as far as it is known: " (the address of ...)". */
void explain_target(struct story *st, const struct event_value *v);

/* Each file's kinds of events. */
void explain_push(struct story *st, const struct event *ev);
void explain_pop(struct story *st, const struct event *ev, uint64_t n_alike);
void explain_inline(struct story *st, const struct event *ev);
void explain_frame_map(struct story *st, const struct event *ev);
void explain_walk(struct story *st, const struct event *ev);
void explain_insn(struct story *st, const struct event *ev);
void explain_source_line(struct story *st, const struct event *ev);
void explain_change(struct story *st, const struct event *ev);
void explain_program(struct story *st, const struct event *ev); // EVENT_START, EVENT_EXEC
void explain_signal(struct story *st, const struct event *ev);
void explain_thread(struct story *st, const struct event *ev);
void explain_child(struct story *st, const struct event *ev);
void explain_note(struct story *st, const struct event *ev);
void explain_exit(struct story *st, const struct event *ev);
void explain_alarm(struct story *st, const struct event *ev);
void explain_overflow(struct story *st, const struct event *ev);
void explain_alloc(struct story *st, const struct event *ev);
void explain_free(struct story *st, const struct event *ev);
void explain_realloc(struct story *st, const struct event *ev);
void explain_brk(struct story *st, const struct event *ev);
void explain_heap_summary(struct story *st, const struct event *ev);
void explain_map(struct story *st, const struct event *ev);
void explain_where(struct story *st, const struct event *ev);

#endif
