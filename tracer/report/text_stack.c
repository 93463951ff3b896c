/*
 * text_stack.c - what became of stacks, for people: alarms, overflows, how much was used.
 */
#include <string.h>

#include "report/text.h"

enum { STACKS_SHOWN = 8 }; // of a summary, without -v

static void end_line(struct lines *l)
{
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
}

/* A line that says more of what the line above says. */
static void more(struct lines *l)
{
	lines_tone(l, TONE_NOTE);
	lines_ours(l, "   ");
}

static void add_file_line(struct lines *l, const char *file, uint32_t line)
{
	if (!file || !line)
		return;
	lines_ours(l, ", ");
	lines_position(l, file, line);
}

/* "0x401156 <main+22>" */
static void add_code(struct lines *l, uint64_t addr, const char *symbol)
{
	buf_hex(&l->b, addr);
	if (!symbol)
		return;
	size_t len = strlen(symbol);
	if (len > 2 && strcmp(symbol + len - 2, "+0") == 0)
		len -= 2;
	lines_ours(l, " <");
	lines_some(l, symbol, len);
	buf_char(&l->b, '>');
}

static void add_change(struct lines *l, const struct event_alarm *a)
{
	more(l);
	lines_ours(l, "at ");
	buf_hex(&l->b, a->address);
	lines_ours(l, ": was ");
	add_code(l, a->old, a->old_symbol);
	lines_ours(l, ", is ");
	add_code(l, a->now, a->now_symbol);
	if (a->now_is && !a->now_symbol) {
		lines_ours(l, ", ");
		lines_text(l, a->now_is);
	}
	end_line(l);
}

static void add_overrun(struct lines *l, const struct event_alarm *a)
{
	if (!a->overrun)
		return;
	more(l);
	lines_ours(l, "below it: ");
	lines_text(l, a->overrun);
	if (a->overrun_type) {
		lines_ours(l, ": ");
		lines_text(l, a->overrun_type);
	}
	lines_ours(l, " at ");
	buf_hex(&l->b, a->overrun_address);
	lines_ours(l, ", ");
	lines_count(l, a->overrun_size, "byte");
	lines_ours(l, ", which ends ");
	lines_count(l, a->address - a->overrun_address - a->overrun_size, "byte");
	lines_ours(l, " before it; probably overrun");
	end_line(l);
}

static void add_writer(struct lines *l, const struct event *ev)
{
	const struct event_alarm *a = ev->alarm;
	if (!a->writer)
		return;
	more(l);
	lines_ours(l, "written by ");
	lines_text(l, a->writer_text);
	lines_ours(l, " at ");
	buf_hex(&l->b, a->writer);
	if (a->writer_line) {
		lines_ours(l, ", line ");
		buf_udec(&l->b, a->writer_line);
	}
	end_line(l);
}

void text_alarm(struct lines *l, const struct event *ev)
{
	const struct event_alarm *a = ev->alarm;
	lines_tone(l, TONE_ALARM);
	switch (a->what) {
	case ALARM_RETURN_ADDRESS:
		lines_ours(l, "return address overwritten");
		break;
	case ALARM_CANARY:
		lines_ours(l, "canary overwritten");
		break;
	}
	lines_tone(l, TONE_NOTE);
	lines_ours(l, " in the frame of ");
	lines_text(l, ev->function);
	if (a->about_to_return) {
		lines_ours(l, ", which returns");
		add_file_line(l, ev->file, ev->line);
	}
	end_line(l);
	add_change(l, a);
	add_overrun(l, a);
	add_writer(l, ev);
}

static void add_limit(struct lines *l, uint64_t limit)
{
	if (limit == 0) {
		lines_ours(l, "an unknown limit");
	} else if (limit == UINT64_MAX) {
		lines_ours(l, "no limit");
	} else {
		buf_udec(&l->b, limit);
	}
}

static void add_distance(struct lines *l, const struct event *ev)
{
	const struct event_overflow *o = ev->overflow;
	uint64_t reached = o->hi - ev->fault;
	more(l);
	lines_ours(l, "stack: ");
	buf_hex(&l->b, o->lo);
	lines_ours(l, " to ");
	buf_hex(&l->b, o->hi);
	lines_ours(l, "; the access is ");
	buf_udec(&l->b, reached);
	lines_ours(l, " bytes below its end, the limit is ");
	add_limit(l, o->limit);
	if (o->limit && reached > o->limit) {
		lines_ours(l, ": ");
		buf_udec(&l->b, reached - o->limit);
		lines_ours(l, " beyond");
	} else if (o->limit && o->limit != UINT64_MAX) {
		lines_ours(l, ": ");
		buf_udec(&l->b, o->limit - reached);
		lines_ours(l, " short of it, but it could not grow");
	}
	end_line(l);
}

static void add_cycle(struct lines *l, const struct event_overflow *o)
{
	more(l);
	lines_ours(l, o->is_walk ? "innermost frames walked: " : "frames: ");
	buf_udec(&l->b, o->frames);
	if (o->n_cycle == 0) {
		lines_ours(l, "; no functions that call each other in turn");
		end_line(l);
		return;
	}
	lines_ours(l, "; over and over: ");
	for (size_t i = 0; i < o->n_cycle; i++) {
		lines_text(l, o->cycle[i]);
		lines_ours(l, " -> ");
	}
	lines_text(l, o->cycle[0]);
	lines_ours(l, ", ");
	lines_count(l, o->turns, "turn");
	if (o->turn_bytes) {
		lines_ours(l, " of ");
		lines_count(l, o->turn_bytes, "byte");
	}
	end_line(l);
}

void text_overflow(struct lines *l, const struct event *ev)
{
	const struct event_overflow *o = ev->overflow;
	lines_tone(l, TONE_ALARM);
	lines_ours(l, "stack overflow");
	lines_tone(l, TONE_NOTE);
	lines_ours(l, o->is_main ? " of the main thread" : " of thread ");
	if (!o->is_main)
		buf_dec(&l->b, ev->tid);
	lines_ours(l, ": ");
	buf_hex(&l->b, ev->fault);
	if (o->guard) {
		bool past = ev->fault < o->lo - o->guard;
		lines_ours(l, past ? " is past the guard of " : " is in the guard of ");
		lines_count(l, o->guard, "byte");
		lines_ours(l, " below it");
	} else {
		lines_ours(l, " is below what it may take");
	}
	end_line(l);
	add_distance(l, ev);
	add_cycle(l, o);
}

/* ---- the table of frametrace report ---- */

enum { WIDTH = 12 };

static void add_cell(struct lines *l, uint64_t n)
{
	buf_printf(&l->b, "%*llu", (int)WIDTH, (unsigned long long)n);
}

static void add_table_row(struct lines *l, const struct event_stack *s)
{
	buf_printf(&l->b, "%10d", s->tid);
	add_cell(l, s->first_cfa - s->lowest);
	if (s->top)
		add_cell(l, s->top - s->lowest);
	else
		buf_printf(&l->b, "%*s", (int)WIDTH, "?");
	if (s->limit == UINT64_MAX || s->limit == 0)
		buf_printf(&l->b, "%*s", (int)WIDTH, s->limit ? "none" : "?");
	else
		add_cell(l, s->limit);
	buf_printf(&l->b, "%8u", s->depth + 1);
	buf_printf(&l->b, "  %-12s  ", s->kind);
	lines_text(l, s->function);
	lines_end(l);
}

static size_t shown_of(const struct event_summary *s, int verbose)
{
	return verbose || s->n_stacks < STACKS_SHOWN ? s->n_stacks : STACKS_SHOWN;
}

static void add_rest(struct lines *l, const struct event_summary *s, int verbose)
{
	uint64_t rest = s->n_stacks + s->more_stacks - shown_of(s, verbose);
	if (rest == 0)
		return;
	lines_ours(l, "     and ");
	buf_udec(&l->b, rest);
	lines_ours(l, verbose ? " more" : " more (-v shows them)");
	lines_end(l);
}

void text_stack_table(struct lines *l, const struct event_summary *s, int verbose)
{
	if (s->n_stacks == 0)
		return;
	lines_tone(l, TONE_ASIDE);
	lines_end(l);
	lines_ours(l, "    thread        used    from top       limit  frames  stack         in");
	end_line(l);
	for (size_t i = 0; i < shown_of(s, verbose); i++)
		add_table_row(l, &s->stacks[i]);
	add_rest(l, s, verbose);
}

/* ---- the summary ---- */

static void add_stack(struct lines *l, const struct event_stack *s)
{
	lines_ours(l, "     [");
	buf_dec(&l->b, s->tid);
	lines_ours(l, "] ");
	lines_text(l, s->kind);
	lines_ours(l, ": ");
	lines_count(l, s->first_cfa - s->lowest, "byte");
	lines_ours(l, " in ");
	lines_text(l, s->function);
	if (s->top) {
		lines_ours(l, "; ");
		buf_udec(&l->b, s->top - s->lowest);
		lines_ours(l, " from its top, limit ");
		add_limit(l, s->limit);
	}
	lines_end(l);
}

void text_stacks(struct lines *l, const struct event_summary *s, int verbose)
{
	if (s->n_stacks < 2) // the line above says it
		return;
	size_t shown = shown_of(s, verbose);
	lines_ours(l, "   stacks used, as deep as was seen:");
	lines_end(l);
	for (size_t i = 0; i < shown; i++)
		add_stack(l, &s->stacks[i]);
	add_rest(l, s, verbose);
}
