/*
 * explain_step.c - instructions and source lines in the explain format.
 */
#include <inttypes.h>

#include "report/explain.h"

static void say_movement(struct story *st, const struct event *ev)
{
	if (!ev->delta_known)
		SAY(st, "nobody saw how rsp moved");
	else if (ev->delta < 0)
		SAY(st, "rsp falls by %" PRId64 " to 0x%" PRIx64, -ev->delta, ev->rsp);
	else if (ev->delta > 0)
		SAY(st, "rsp rises by %" PRId64 " to 0x%" PRIx64, ev->delta, ev->rsp);
	else
		SAY(st, "rsp stays at 0x%" PRIx64, ev->rsp);
}

static void say_store(struct story *st, const struct event *ev, const struct event_store *s)
{
	SAY(st, ev->stepped == STEP_RETURNED ? " Meanwhile %s was stored in " : " It stores %s in ",
	    s->value ? s->value : "what could not be read");
	explain_count(st, s->size, "byte");
	SAY(st, " at 0x%" PRIx64, s->address);
	if (s->owner || s->name)
		SAY(st, ", %s%s%s", s->owner ? s->owner : "", s->owner && s->name ? " " : "",
		    s->name ? s->name : "");
	if (s->function && s->depth != ev->depth)
		SAY(st, " of %s", s->function);
	if (s->old)
		SAY(st, "; before it was %s", s->old);
	if (s->ghost) {
		SAY(st, ". That overwrites what was still there of a popped frame: %s", s->ghost);
		explain_teach(st, LESSON_GHOST);
	}
	SAY(st, ".");
}

void explain_insn(struct story *st, const struct event *ev)
{
	const char *insn = ev->insn ? ev->insn : "?";
	switch (ev->stepped) {
	case STEP_RAN:
		SAY(st, "`%s`", insn);
		if (ev->target)
			SAY(st, ", which calls %s,", ev->target);
		explain_line(st, ev->file, ev->line);
		break;
	case STEP_RETURNED:
		SAY(st, "%s has returned, and what its call pushed is gone", insn);
		break;
	case STEP_INFERRED:
		SAY(st, "`%s`, not stepped but inferred from where rsp is", insn);
		break;
	case STEP_UNSEEN:
		SAY(st, "Instructions that were not stepped moved rsp");
		break;
	}
	SAY(st, ": ");
	say_movement(st, ev);
	SAY(st, ".");
	explain_teach(st, LESSON_ACCOUNT);
	for (size_t i = 0; i < ev->n_stores; i++)
		say_store(st, ev, &ev->stores[i]);
	if (ev->ghost) {
		SAY(st, " It has overwritten what was still there of popped frames: %s.",
		    ev->ghost);
		explain_teach(st, LESSON_GHOST);
	}
	explain_end(st, ev, ev->depth + 1, ". ");
}

void explain_source_line(struct story *st, const struct event *ev)
{
	SAY(st, "%s is at line %" PRIu32, ev->function ? ev->function : "?", ev->line);
	if (ev->text)
		SAY(st, ": `%s`", ev->text);
	else
		SAY(st, ", whose text cannot be read.");
	explain_end(st, ev, ev->depth + 1, ". ");
}

void explain_change(struct story *st, const struct event *ev)
{
	for (size_t i = 0; i < ev->n_changes; i++) {
		const struct event_change *c = &ev->changes[i];
		SAY(st, "%s%s is now %s", i ? " " : "", c->now.name, c->now.value);
		if (c->old)
			SAY(st, ", it was %s", c->old);
		else
			SAY(st, ", its first value");
		if (c->now.reg)
			SAY(st, "; it is in the register %s", c->now.reg);
		else if (c->now.has_address)
			SAY(st, "; it is at 0x%" PRIx64, c->now.address);
		explain_target(st, &c->now);
		SAY(st, ".");
	}
	if (ev->n_changes == 0)
		SAY(st, "The line has changed no variable.");
	explain_end(st, ev, ev->depth + 1, ". ");
}
