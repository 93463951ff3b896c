/*
 * explain_other.c - what is not a frame in the explain format: processes, threads, signals, stacks
 * in trouble, the end.
 */
#include <inttypes.h>
#include <string.h>

#include "report/explain.h"

void explain_program(struct story *st, const struct event *ev)
{
	SAY(st, "Process %d %s %s", ev->pid, ev->kind == EVENT_EXEC ? "now runs" : "runs",
	    ev->program ? ev->program : "a program whose name is not known");
	for (size_t i = 1; i < ev->argc; i++)
		SAY(st, " %s", ev->argv[i]);
	SAY(st, ".");
	if (ev->kind == EVENT_EXEC)
		explain_teach(st, LESSON_EXEC);
	explain_end(st, ev, 0, "-- ");
}

static void say_signal_name(struct story *st, const struct event *ev)
{
	if (ev->signal_name)
		SAY(st, "%s", ev->signal_name);
	else
		SAY(st, "signal %d", ev->signal);
}

void explain_signal(struct story *st, const struct event *ev)
{
	SAY(st, "The kernel is about to deliver ");
	say_signal_name(st, ev);
	SAY(st, " to the thread");
	if (ev->symbol_at)
		SAY(st, ", which is in %s", ev->function ? ev->function : ev->symbol_at);
	if (ev->symbol_at && ev->within)
		SAY(st, ", inlined in %s", ev->within);
	explain_line(st, ev->file, ev->line);
	if (!ev->file && ev->n_frames > 0 && ev->frames[0].line) {
		SAY(st, ", during %s", ev->frames[0].function);
		explain_line(st, ev->frames[0].file, ev->frames[0].line);
	}
	if (ev->has_fault)
		SAY(st, ": the instruction touched the address 0x%" PRIx64 ", and may not",
		    ev->fault);
	SAY(st, ".");
	explain_teach(st, LESSON_SIGNAL);
	explain_end(st, ev, 0, "! ");
}

void explain_thread(struct story *st, const struct event *ev)
{
	SAY(st, "Thread %d starts another thread, %d.", ev->tid, ev->child);
	explain_teach(st, LESSON_THREAD);
	explain_end(st, ev, 0, "-- ");
}

void explain_child(struct story *st, const struct event *ev)
{
	SAY(st, "Process %d makes another process, %d, which runs untraced.", ev->pid, ev->child);
	explain_teach(st, LESSON_PROCESS);
	explain_end(st, ev, 0, "-- ");
}

void explain_note(struct story *st, const struct event *ev)
{
	SAY(st, "Note: %s", ev->text ? ev->text : "?");
	explain_end(st, ev, 0, "-- ");
}

/* ---- stacks in trouble ---- */

static void say_now(struct story *st, const struct event_alarm *a)
{
	SAY(st, " At 0x%" PRIx64 " was 0x%" PRIx64, a->address, a->old);
	if (a->old_symbol)
		SAY(st, " (%s)", a->old_symbol);
	SAY(st, ", now there is 0x%" PRIx64, a->now);
	if (a->now_symbol)
		SAY(st, " (%s)", a->now_symbol);
	else if (a->now_is)
		SAY(st, " (%s)", a->now_is);
	SAY(st, ".");
}

static void say_overrun(struct story *st, const struct event_alarm *a)
{
	if (!a->overrun)
		return;
	SAY(st, " Below these bytes lies the local %s", a->overrun);
	if (a->overrun_type)
		SAY(st, " (%s)", a->overrun_type);
	SAY(st, ", %" PRIu64 " bytes at 0x%" PRIx64 ": probably something wrote beyond its end.",
	    a->overrun_size, a->overrun_address);
}

void explain_alarm(struct story *st, const struct event *ev)
{
	const struct event_alarm *a = ev->alarm;
	const char *function = ev->function ? ev->function : "?";
	switch (a->what) {
	case ALARM_RETURN_ADDRESS:
		SAY(st, "The return address in the frame of %s was overwritten", function);
		explain_teach(st, LESSON_RETURN_SMASHED);
		break;
	case ALARM_CANARY:
		SAY(st, "The canary in the frame of %s was overwritten", function);
		explain_teach(st, LESSON_CANARY);
		break;
	}
	if (a->about_to_return) {
		SAY(st, ", and %s is about to return", function);
		explain_line(st, ev->file, ev->line);
	}
	SAY(st, ".");
	say_now(st, a);
	say_overrun(st, a);
	if (a->writer) {
		SAY(st, " They were stored by `%s` at 0x%" PRIx64,
		    a->writer_text ? a->writer_text : "?", a->writer);
		if (a->writer_line)
			SAY(st, ", line %" PRIu32, a->writer_line);
		SAY(st, ".");
	}
	explain_end(st, ev, 0, "! ");
}

static void say_limit(struct story *st, const struct event_overflow *o, uint64_t reached)
{
	if (o->limit == 0 || o->limit == UINT64_MAX) {
		SAY(st, o->limit ? " The stack has no limit." : " Its limit is not known.");
		return;
	}
	SAY(st,
	    " The stack may take %" PRIu64 " bytes; this address is %" PRIu64
	    " bytes below its end, ",
	    o->limit, reached);
	if (reached > o->limit)
		SAY(st, "%" PRIu64 " too many.", reached - o->limit);
	else
		SAY(st, "but the stack could not grow that far.");
}

static void say_cycle(struct story *st, const struct event_overflow *o)
{
	SAY(st,
	    o->is_walk ? " The innermost %" PRIu64 " frames were looked at"
		       : " There are %" PRIu64 " frames on it",
	    o->frames);
	if (o->n_cycle == 0) {
		SAY(st, ", but no functions that call each other over and over.");
		return;
	}
	SAY(st, ": over and over, ");
	for (size_t i = 0; i < o->n_cycle; i++)
		SAY(st, "%s calls ", o->cycle[i]);
	SAY(st, "%s, ", o->cycle[0]);
	explain_count(st, o->turns, "turn");
	if (o->turn_bytes)
		SAY(st, " of %" PRIu64 " bytes", o->turn_bytes);
	SAY(st, ".");
}

void explain_overflow(struct story *st, const struct event *ev)
{
	const struct event_overflow *o = ev->overflow;
	SAY(st, "Stack overflow: ");
	if (o->is_main)
		SAY(st, "the main thread");
	else
		SAY(st, "thread %d", ev->tid);
	SAY(st, " has used up its stack. It touched 0x%" PRIx64 ", ", ev->fault);
	if (o->guard)
		SAY(st, "which is %s the guard of %" PRIu64 " bytes below it.",
		    ev->fault < o->lo - o->guard ? "past" : "in", o->guard);
	else
		SAY(st, "which is below what the stack may take.");
	say_limit(st, o, o->hi - ev->fault);
	say_cycle(st, o);
	explain_teach(st, LESSON_OVERFLOW);
	explain_end(st, ev, 0, "! ");
}

/* ---- the end ---- */

static void say_frames(struct story *st, const struct event *ev)
{
	const struct event_summary *s = ev->summary;
	explain_count(st, s->pushed, "frame");
	SAY(st, s->pushed == 1 ? " was" : " were");
	SAY(st, " pushed, %" PRIu64 " popped", s->popped);
	if (s->left)
		SAY(st, ", %" PRIu64 " of them only because the program ended", s->left);
	SAY(st, ".");
	if (s->too_deep)
		SAY(st, " %" PRIu64 " deeper ones are not shown (--depth).", s->too_deep);
	if (s->pushed) {
		SAY(st, " At most ");
		explain_count(st, s->max_depth, "frame");
		SAY(st, s->max_depth == 1 ? " was" : " were");
		SAY(st, " on the stack at the same time");
		if (s->max_depth_function)
			SAY(st, ", in %s", s->max_depth_function);
		SAY(st, "; they took at most ");
		explain_count(st, s->max_stack, "byte");
		if (s->max_stack_function)
			SAY(st, ", in %s", s->max_stack_function);
		SAY(st, ".");
	}
	explain_end(st, ev, 0, "   ");
}

static void say_stacks(struct story *st, const struct event *ev)
{
	const struct event_summary *s = ev->summary;
	for (size_t i = 0; s->n_stacks > 1 && i < s->n_stacks; i++) {
		const struct event_stack *k = &s->stacks[i];
		SAY(st, "Thread %d used %" PRIu64 " bytes of its %s, in %s.", k->tid,
		    k->first_cfa - k->lowest, k->kind, k->function);
		explain_end(st, ev, 0, "   ");
	}
	if (s->n_stacks > 1 && s->more_stacks)
		SAY(st, "Stacks that are not listed: %" PRIu64 ".", s->more_stacks);
	explain_end(st, ev, 0, "   ");
}

static void say_functions(struct story *st, const struct event *ev)
{
	const struct event_summary *s = ev->summary;
	size_t hidden = s->hidden_system + s->hidden_std + s->hidden_helper + s->hidden_no_debug;
	SAY(st, "Shown were the calls of ");
	explain_count(st, s->traced, "function");
	SAY(st, ".");
	if (hidden)
		SAY(st,
		    " Not shown, but with --all: %zu of the compiler, the C library, Rust's "
		    "std or without debug information.",
		    hidden);
	if (s->hidden_filter)
		SAY(st, " Hidden by your filters: %zu.", s->hidden_filter);
	if (s->skipped)
		SAY(st, " That cannot be traced: %zu.", s->skipped);
	if (s->hidden_libraries)
		SAY(st, " Libraries that were not traced: %zu (--lib=NAME shows one).",
		    s->hidden_libraries);
	if (s->inlines)
		SAY(st, " Inlined calls told: %" PRIu64 ".", s->inlined);
	if (s->children)
		SAY(st, " Processes made that ran untraced: %zu.", s->children);
	if (s->stepped)
		SAY(st, " Instructions run one by one: %" PRIu64 ".", s->stepped);
	explain_end(st, ev, 0, "   ");
}

void explain_exit(struct story *st, const struct event *ev)
{
	if (ev->signal) {
		SAY(st, "The program was ended by ");
		say_signal_name(st, ev);
		SAY(st, ev->core ? ", and left a core file." : ".");
	} else {
		SAY(st, "The program has ended with exit status %d%s.", ev->status,
		    ev->status == 0 ? ", which by custom says that all went well" : "");
	}
	explain_end(st, ev, 0, "-- ");
	if (!ev->summary)
		return;
	say_frames(st, ev);
	say_stacks(st, ev);
	explain_heap_summary(st, ev);
	say_functions(st, ev);
}
