/*
 * view_say.c - an event in one line, for the status.
 */
#include "tui/view.h"

#include <string.h>

#include "events/kinds.h"

/* "call -8, push rbp -8" */
static void add_parts(struct buf *b, const struct event *ev)
{
	for (size_t i = 0; i < ev->n_parts; i++) {
		buf_str(b, i ? ", " : "");
		buf_str(b, ev->parts[i].text);
		buf_char(b, ' ');
		buf_signed(b, ev->parts[i].bytes);
	}
}

void view_arithmetic(struct buf *b, const struct event *ev)
{
	add_parts(b, ev);
	buf_str(b, " = ");
	buf_signed(b, ev->delta);
}

static const char *ended(enum pop_how how)
{
	switch (how) {
	case POP_RETURN:
		return "returned";
	case POP_TAIL_CALL:
		return "jumped on (tail call)";
	case POP_UNWOUND:
		return "unwound, without a return";
	case POP_LONGJMP:
		return "left by longjmp";
	case POP_EXIT:
		return "ended with its thread";
	}
	return "";
}

static void say_frame(struct buf *b, const struct event *ev)
{
	buf_str(b, ev->function ? ev->function : "?");
	if (ev->kind == EVENT_POP) {
		buf_printf(b, " popped: %s", ended(ev->how));
		if (ev->has_return)
			buf_printf(b, " %s", ev->returned.value ? ev->returned.value : "?");
	} else {
		buf_char(b, '(');
		for (size_t i = 0; i < ev->n_args; i++)
			buf_printf(b, "%s%s=%s", i ? ", " : "", ev->args[i].name,
				   ev->args[i].value);
		buf_str(b, ev->args_known ? ")" : "...)");
		buf_str(b, ev->kind == EVENT_PUSH ? " pushed" : " begins, inlined");
	}
	if (ev->delta_known && ev->kind != EVENT_INLINE) {
		buf_str(b, "; rsp ");
		buf_signed(b, ev->delta);
		buf_str(b, ev->n_parts ? " (" : "");
		add_parts(b, ev);
		buf_str(b, ev->n_parts ? ")" : "");
	}
}

/* As the trace says it. */
static void say_brk(struct buf *b, const struct event_heap *h)
{
	if (h->is_brk)
		buf_str(b, h->shrinks ? "the heap gives " : "the heap grows by ");
	else
		buf_str(b, h->shrinks ? "an mmap of the heap goes: " : "the heap gets an mmap of ");
	buf_size(b, h->size);
	if (h->is_brk)
		buf_str(b, h->shrinks ? " back (brk), to " : " (brk), to ");
	else
		buf_str(b, " at ");
	buf_hex(b, h->is_brk && !h->shrinks ? h->address + h->size : h->address);
}

static void say_heap(struct buf *b, const struct event *ev)
{
	const struct event_heap *h = ev->heap;
	const char *verb = ev->kind == EVENT_ALLOC  ? "given out"
			   : ev->kind == EVENT_FREE ? "freed"
						    : "got another size";
	if (!h)
		return;
	if (ev->kind == EVENT_BRK) {
		say_brk(b, h);
		return;
	}
	if (h->number)
		buf_printf(b, "heap #%llu: ", (unsigned long long)h->number);
	if (h->failed)
		verb = "asked for, in vain";
	else if (ev->kind == EVENT_FREE && h->verdict != FREE_GOOD)
		verb = h->verdict == FREE_TWICE ? "freed a second time" : "freed, and is no block";
	if (ev->kind != EVENT_FREE || h->verdict == FREE_GOOD)
		buf_printf(b, "%llu bytes ", (unsigned long long)h->size);
	buf_str(b, verb);
	if (h->address) {
		buf_str(b, " at ");
		buf_hex(b, h->address);
	}
	buf_printf(b, " (%s)", h->call ? h->call : "?");
}

/* "in n", "as saved rbx": a register is saved, not written. */
static void say_where(struct buf *b, const struct event_store *s)
{
	bool saved = s->owner && strcmp(s->owner, "saved register") == 0;
	bool returns = s->owner && strcmp(s->owner, "return address") == 0;

	if (saved && s->name)
		buf_printf(b, "as saved %s", s->name);
	else if (saved || returns)
		buf_printf(b, "as %s", s->owner);
	else
		buf_printf(b, "in %s", s->name ? s->name : s->owner ? s->owner : "the frame");
}

static void say_line(struct buf *b, const struct event *ev)
{
	if (ev->kind == EVENT_LINE)
		buf_printf(b, "%s:%u begins", ev->file ? path_name(ev->file) : "line", ev->line);
	for (size_t i = 0; ev->kind == EVENT_CHANGE && i < ev->n_changes; i++) {
		const struct event_change *c = &ev->changes[i];
		buf_printf(b, "%s%s = %s", i ? ", " : "", c->now.name, c->now.value);
		if (c->old)
			buf_printf(b, " (was %s)", c->old);
	}
	if (ev->kind == EVENT_INSN) {
		buf_str(b, ev->insn ? ev->insn : "?");
		if (ev->stepped == STEP_RETURNED)
			buf_str(b, " returned");
		if (ev->delta)
			buf_str(b, "; rsp ");
		if (ev->delta)
			buf_signed(b, ev->delta);
	}
	for (size_t i = 0; ev->kind == EVENT_INSN && i < ev->n_stores; i++) {
		const struct event_store *s = &ev->stores[i];
		buf_printf(b, "; stores %s ", s->value ? s->value : "?");
		say_where(b, s);
	}
}

static void say_signal(struct buf *b, const struct event *ev)
{
	buf_printf(b, "%s arrives", ev->signal_name ? ev->signal_name : "a signal");
	if (ev->symbol_at)
		buf_printf(b, " in %s", ev->function ? ev->function : ev->symbol_at);
	if (ev->file && ev->line)
		buf_printf(b, ", %s:%u", path_name(ev->file), ev->line);
	if (ev->has_fault) {
		buf_str(b, ", at address ");
		buf_hex(b, ev->fault);
	}
}

static void say_other(struct buf *b, const struct event *ev)
{
	if (ev->kind == EVENT_START || ev->kind == EVENT_EXEC)
		buf_printf(b, "process %d runs %s", ev->pid, ev->program ? ev->program : "?");
	else if (ev->kind == EVENT_SIGNAL)
		say_signal(b, ev);
	else if (ev->kind == EVENT_THREAD)
		buf_printf(b, "thread %d begins", ev->child);
	else if (ev->kind == EVENT_CHILD)
		buf_printf(b, "process %d forked; it runs untraced", ev->child);
	else if (ev->kind == EVENT_NOTE)
		buf_str(b, ev->text ? ev->text : "");
	else if (ev->kind == EVENT_MAP)
		buf_str(b, "the address space was looked at");
	else if (ev->kind == EVENT_ALARM && ev->alarm)
		buf_printf(b, "%s of %s was overwritten",
			   ev->alarm->what == ALARM_CANARY ? "the canary" : "the return address",
			   ev->function ? ev->function : "?");
	else if (ev->kind == EVENT_OVERFLOW)
		buf_str(b, "the stack has no more room: overflow");
	else if (ev->kind == EVENT_EXIT && ev->signal)
		buf_printf(b, "killed by %s", ev->signal_name ? ev->signal_name : "a signal");
	else if (ev->kind == EVENT_EXIT)
		buf_printf(b, "exited with status %d", ev->status);
}

void view_say(struct buf *b, const struct event *ev)
{
	switch (event_group(ev->kind)) {
	case GROUP_FRAMES:
		say_frame(b, ev);
		break;
	case GROUP_STEPS:
		say_line(b, ev);
		break;
	case GROUP_HEAP:
		say_heap(b, ev);
		break;
	case GROUP_SPACE:
	case GROUP_RUN:
		say_other(b, ev);
		break;
	}
}
