/*
 * explain.c - each event in a plain sentence, for who learns what a stack and a heap are.
 *
 * Who reads it reads line by line, so a paragraph is an event, with every number that the event
 * has and none that it has not. What a word means follows once, in brackets, where it is used
 * first. Nothing here is simplified until it is wrong: a caller is who holds the return address, a
 * value is given back in a register, what is popped is not erased.
 */
#include "report/explain.h"

#include <stdlib.h>
#include <string.h>

#include "events/kinds.h"
#include "report/alike.h"
#include "report/report.h"
#include "report/text.h"

struct reporter {
	FILE *out;
	struct story story;
	bool quiet, registers;
	int first_tid;
	struct alike alike;
};

static void write_lines(struct reporter *r)
{
	struct buf *b = &r->story.lines.b;
	if (b->len) // all lines of an event at once: no other writer comes in between
		fwrite(b->s, 1, b->len, r->out);
	lines_reset(&r->story.lines);
}

static void tell_alike(struct reporter *r, const struct event *first, uint64_t n)
{
	explain_pop(&r->story, first, n);
	write_lines(r);
}

static struct reporter *explain_open(FILE *out, const struct report_options *o)
{
	struct reporter *r = xcalloc(1, sizeof(*r));
	r->out = out;
	r->quiet = o->quiet;
	r->registers = o->registers;
	r->story.verbose = o->verbose;
	r->story.lessons = !o->quiet;
	lines_init(&r->story.lines, o->color);
	buf_init(&r->story.text);
	alike_init(&r->alike, tell_alike, r);
	return r;
}

static void explain_close(struct reporter *r)
{
	alike_tell(&r->alike);
	alike_deinit(&r->alike);
	buf_deinit(&r->story.text);
	lines_deinit(&r->story.lines);
	free(r->story.omens);
	free(r);
}

/* Whether -q leaves it out: all but frames and what was asked for by another option. */
static bool is_beside(enum event_kind kind)
{
	enum event_group group = event_group(kind);
	return group == GROUP_RUN || group == GROUP_HEAP;
}

static void tell(struct story *st, const struct event *ev)
{
	switch (ev->kind) {
	case EVENT_START:
	case EVENT_EXEC:
		return explain_program(st, ev);
	case EVENT_PUSH:
		return explain_push(st, ev);
	case EVENT_POP:
		return explain_pop(st, ev, 1);
	case EVENT_INLINE:
		return explain_inline(st, ev);
	case EVENT_SIGNAL:
		return explain_signal(st, ev);
	case EVENT_THREAD:
		return explain_thread(st, ev);
	case EVENT_CHILD:
		return explain_child(st, ev);
	case EVENT_INSN:
		return explain_insn(st, ev);
	case EVENT_LINE:
		return explain_source_line(st, ev);
	case EVENT_CHANGE:
		return explain_change(st, ev);
	case EVENT_NOTE:
		return explain_note(st, ev);
	case EVENT_MAP:
		return explain_map(st, ev);
	case EVENT_WHERE:
		return explain_where(st, ev);
	case EVENT_ALARM:
		return explain_alarm(st, ev);
	case EVENT_OVERFLOW:
		return explain_overflow(st, ev);
	case EVENT_ALLOC:
		return explain_alloc(st, ev);
	case EVENT_FREE:
		return explain_free(st, ev);
	case EVENT_REALLOC:
		return explain_realloc(st, ev);
	case EVENT_BRK:
		return explain_brk(st, ev);
	case EVENT_EXIT:
		return explain_exit(st, ev);
	}
}

static void explain_event(struct reporter *r, const struct event *ev)
{
	r->story.threads |= text_is_other_thread(ev, &r->first_tid);
	if (alike_keeps(&r->alike, ev))
		return;
	if (ev->kind == EVENT_ALARM && ev->alarm->what == ALARM_RETURN_ADDRESS)
		explain_omen(&r->story, ev->tid, ev->cfa, OMEN_SMASHED);
	if (!r->quiet || !is_beside(ev->kind))
		tell(&r->story, ev);
	if (r->registers && r->story.lines.b.len > 0)
		text_registers(&r->story.lines, ev);
	write_lines(r);
}

const struct report_format report_explain = {
	.name = "explain",
	.help = "each event in plain sentences, for who learns",
	.details = true,
	.open = explain_open,
	.event = explain_event,
	.close = explain_close,
};
