/*
 * text_step.c - instructions and source lines, one level deeper than the frame that they belong to.
 *
 * An instruction has the columns of a push: its delta, then rsp after it, so that the account goes
 * on from line to line. A source line has no numbers; what it changed follows it.
 */
#include "report/text.h"

static void add_insn_text(struct lines *l, const struct event *ev)
{
	switch (ev->stepped) {
	case STEP_RAN:
		lines_text(l, ev->insn);
		if (ev->target) {
			lines_ours(l, ", ");
			lines_text(l, ev->target);
		}
		return;
	case STEP_RETURNED:
		lines_text(l, ev->insn);
		lines_ours(l, " returned");
		return;
	case STEP_INFERRED:
		lines_text(l, ev->insn);
		lines_ours(l, " (not stepped)");
		return;
	case STEP_UNSEEN:
		lines_ours(l, "(instructions that were not stepped)");
		return;
	}
}

static void add_store(struct reporter *r, struct lines *l, const struct event *inner,
		      const struct event *ev, const struct event_store *st)
{
	text_begin_detail(r, inner, true, st->address);
	if (st->owner) {
		lines_text(l, st->owner);
		buf_char(&l->b, ' ');
	}
	if (st->name) {
		lines_text(l, st->name);
		buf_char(&l->b, ' ');
	}
	if (!st->type) {
		buf_char(&l->b, '[');
		lines_count(l, st->size, "byte");
		lines_ours(l, "] ");
	}
	if (st->function && st->depth != ev->depth) {
		lines_ours(l, "of ");
		lines_text(l, st->function);
		buf_char(&l->b, ' ');
	}
	lines_ours(l, "= ");
	lines_text(l, st->value ? st->value : "?");
	lines_ours(l, " (was ");
	lines_text(l, st->old ? st->old : "?");
	buf_char(&l->b, ')');
	if (st->ghost) {
		lines_ours(l, ", over ");
		lines_text(l, st->ghost);
	}
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
}

static void text_insn(struct reporter *r, struct lines *l, const struct event *ev,
		      const struct event *inner, int verbose)
{
	bool only_stores = ev->delta == 0 && ev->n_stores > 0;

	if (only_stores && !verbose)
		return;
	text_numbers(l, inner);
	text_indent(r, inner, "  ");
	add_insn_text(l, ev);
	if (ev->ghost && verbose) {
		lines_ours(l, ", over ");
		lines_text(l, ev->ghost);
	}
	if (ev->file && ev->line)
		text_source(l, ev);
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
	for (size_t i = 0; i < ev->n_stores && verbose; i++)
		add_store(r, l, inner, ev, &ev->stores[i]);
}

static void text_line(struct reporter *r, struct lines *l, const struct event *ev,
		      struct event *inner)
{
	inner->delta_known = false;
	inner->rsp = 0;
	text_numbers(l, inner);
	text_indent(r, inner, "");
	buf_udec(&l->b, ev->line);
	lines_ours(l, ": ");
	if (ev->text)
		lines_text(l, ev->text);
	inner->line = 0; // the number stands in front
	text_source(l, inner);
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
}

static void text_change(struct reporter *r, struct lines *l, const struct event *inner,
			const struct event_change *c, int verbose)
{
	text_begin_detail(r, inner, c->now.has_address, c->now.address);
	lines_tone(l, TONE_PLAIN);
	lines_text(l, c->now.name);
	lines_ours(l, " = ");
	lines_tone(l, TONE_VALUE);
	lines_text(l, c->now.value);
	lines_tone(l, TONE_ASIDE);
	text_block(l, &c->now, false);
	if (verbose)
		text_points_to(&l->b, c->now.points_to, c->now.value);
	if (c->old) {
		lines_ours(l, " (was ");
		lines_text(l, c->old);
		buf_char(&l->b, ')');
	}
	if (c->now.reg) {
		lines_ours(l, " in ");
		lines_text(l, c->now.reg);
	}
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
}

void text_step(struct reporter *r, struct lines *l, const struct event *ev, int verbose)
{
	struct event inner = *ev;

	inner.depth = ev->depth + 1;
	if (ev->kind == EVENT_INSN)
		text_insn(r, l, ev, &inner, verbose);
	else if (ev->kind == EVENT_LINE)
		text_line(r, l, ev, &inner);
	for (size_t i = 0; ev->kind == EVENT_CHANGE && i < ev->n_changes; i++)
		text_change(r, l, &inner, &ev->changes[i], verbose);
}
