/*
 * explain_frame.c - frames in the explain format: what made them, what is in them, what ends them.
 */
#include <inttypes.h>
#include <string.h>

#include "report/explain.h"

enum {
	RED_ZONE = 128,	   // psABI, 3.2.2
	LOCALS_SHOWN = 12, // at a pop; -v names them all
};

/* "double(n=48)" */
static void say_call(struct story *st, const struct event *ev)
{
	SAY(st, "%s(", ev->function);
	for (size_t i = 0; i < ev->n_args; i++)
		SAY(st, "%s%s%s%s", i ? ", " : "", ev->args[i].name, *ev->args[i].name ? "=" : "",
		    ev->args[i].value);
	SAY(st, "%s)", ev->args_known ? "" : "?");
}

static bool is_handler(const struct event *ev)
{
	return ev->return_symbol && strcmp(ev->return_symbol, "the signal trampoline") == 0;
}

/* How the return address came to be where it is. */
enum beginning { BEGAN_CALLED, BEGAN_JUMPED_TO, BEGAN_HANDLER, BEGAN_SOMEHOW };

static enum beginning beginning_of(const struct event *ev, enum omen omen)
{
	if (is_handler(ev))
		return BEGAN_HANDLER;
	if (omen == OMEN_TAIL_CALL)
		return BEGAN_JUMPED_TO;
	return omen == OMEN_NONE && ev->caller ? BEGAN_CALLED : BEGAN_SOMEHOW;
}

/*
 * Who made the frame. The caller is the function that holds the return address: it may have
 * reached this one by way of another.
 */
static void say_beginning(struct story *st, const struct event *ev, enum beginning how)
{
	switch (how) {
	case BEGAN_CALLED:
		SAY(st, "%s calls ", ev->caller);
		say_call(st, ev);
		explain_line(st, ev->caller_file, ev->caller_line);
		return;
	case BEGAN_JUMPED_TO:
		SAY(st, "The jump leads to ");
		say_call(st, ev);
		return;
	case BEGAN_HANDLER:
		SAY(st, "The kernel starts the signal handler ");
		say_call(st, ev);
		explain_teach(st, LESSON_HANDLER);
		return;
	case BEGAN_SOMEHOW:
		say_call(st, ev);
		SAY(st, " begins");
		return;
	}
}

/* What each instruction of the prologue takes, and rsp after it. */
static void say_parts(struct story *st, const struct event *ev)
{
	uint64_t rsp = ev->cfa - 8;
	for (size_t i = 1; i < ev->n_parts; i++) {
		int64_t bytes = ev->parts[i].bytes;
		rsp += (uint64_t)bytes;
		if (bytes == 0)
			continue;
		SAY(st, i == 1 ? "; then `%s` %s " : "; `%s` %s ", ev->parts[i].text,
		    bytes < 0 ? "takes" : "gives back");
		SAY(st, "%" PRIu64 "%s", (uint64_t)(bytes < 0 ? -bytes : bytes),
		    i == 1 && bytes < 0 ? " more" : "");
		SAY(st, ", rsp is 0x%" PRIx64, rsp);
	}
	SAY(st, ".");
	if (ev->delta_known && ev->n_parts > 1)
		SAY(st, " The frame takes %" PRId64 " bytes.", -ev->delta);
}

static void say_return_address(struct story *st, const struct event *ev, enum beginning how)
{
	if (how == BEGAN_CALLED) {
		SAY(st,
		    ": the call pushes the return address, 8 bytes, so rsp falls from 0x%" PRIx64
		    " to 0x%" PRIx64,
		    ev->cfa, ev->cfa - 8);
		return;
	}
	SAY(st,
	    how == BEGAN_JUMPED_TO ? ", which takes over the return address, 8 bytes at 0x%" PRIx64
				   : ". Its return address, 8 bytes at 0x%" PRIx64,
	    ev->cfa - 8);
	if (ev->return_symbol)
		SAY(st, how == BEGAN_JUMPED_TO ? ": %s" : ", is that of %s", ev->return_symbol);
	else if (ev->return_address)
		SAY(st, how == BEGAN_JUMPED_TO ? ": 0x%" PRIx64 : ", is 0x%" PRIx64,
		    ev->return_address);
}

static void say_arithmetic(struct story *st, const struct event *ev, enum beginning how)
{
	if (!ev->cfa) {
		SAY(st, ".");
		return;
	}
	say_return_address(st, ev, how);
	if (ev->n_parts) {
		say_parts(st, ev);
		return;
	}
	SAY(st, ".");
	if (ev->delta_known && ev->rsp)
		SAY(st, " The frame takes %" PRId64 " bytes in all, down to rsp = 0x%" PRIx64 ".",
		    -ev->delta, ev->rsp);
}

/* Where an argument lies, seen from its frame. */
static void say_place(struct story *st, const struct event *ev, const struct event_value *v)
{
	if (v->reg) {
		SAY(st, " is in the register %s", v->reg);
		return;
	}
	SAY(st, " is at 0x%" PRIx64, v->address);
	if (!ev->cfa || !ev->rsp)
		return;
	if (v->address >= ev->cfa && ev->stack_top && v->address < ev->stack_top) {
		SAY(st, ", above the frame");
		explain_teach(st, LESSON_STACK_ARGUMENT);
	} else if (v->address >= ev->rsp && v->address < ev->cfa) {
		SAY(st, ", in the frame");
		explain_teach(st, LESSON_ARGUMENTS);
	} else if (v->address < ev->rsp && v->address >= ev->rsp - RED_ZONE) {
		SAY(st, ", below rsp, in the red zone");
		explain_teach(st, LESSON_RED_ZONE);
	}
}

static void say_arguments(struct story *st, const struct event *ev)
{
	for (size_t i = 0; i < ev->n_args; i++) {
		const struct event_value *v = &ev->args[i];
		if (!*v->name || (!v->reg && !v->has_address && v->known))
			continue;
		SAY(st, " %s", v->name);
		if (!v->known)
			SAY(st, " is not known: %s", v->why ? v->why : v->value);
		else
			say_place(st, ev, v);
		if (v->entry)
			SAY(st, "; it was %s when the function was entered", v->entry);
		if (v->size && v->known) {
			SAY(st, " (");
			explain_count(st, v->size, "byte");
			SAY(st, ")");
		}
		explain_target(st, v);
		SAY(st, ".");
	}
	if (!ev->args_known)
		SAY(st, " There is no debug information to tell its arguments.");
}

void explain_push(struct story *st, const struct event *ev)
{
	enum omen omen = explain_take_omen(st, ev->tid, ev->cfa);
	enum beginning how = beginning_of(ev, omen);
	say_beginning(st, ev, how);
	say_arithmetic(st, ev, how);
	explain_teach(st, LESSON_FRAME);
	explain_teach(st, LESSON_RETURN_ADDRESS);
	explain_teach(st, LESSON_RSP);
	say_arguments(st, ev);
	explain_end(st, ev, ev->depth, "> ");
	explain_frame_map(st, ev);
	explain_walk(st, ev);
}

void explain_inline(struct story *st, const struct event *ev)
{
	say_call(st, ev);
	SAY(st, " begins, inlined in %s", ev->within ? ev->within : "another function");
	explain_line(st, ev->caller_file, ev->caller_line);
	SAY(st, ": its code is part of that function's, so no frame is pushed and rsp stays.");
	explain_teach(st, LESSON_INLINED);
	if (ev->loops)
		SAY(st, " (Its first instruction is the head of a loop: this is told at each "
			"turn.)");
	explain_end(st, ev, ev->depth, "~ ");
}

/* ---- pops ---- */

static void say_returned(struct story *st, const struct event *ev, enum omen omen)
{
	const struct event_value *v = &ev->returned;
	SAY(st, "%s returns", ev->function);
	if (ev->has_return && v->known)
		SAY(st, " %s", v->value);
	else if (ev->has_return)
		SAY(st, " a value that is not known (%s)", v->why ? v->why : v->value);
	if (ev->has_return)
		explain_target(st, v);
	if (ev->caller && omen != OMEN_SMASHED)
		SAY(st, " to %s", ev->caller);
	if (ev->has_return && v->reg) {
		SAY(st, ", in the register %s", v->reg);
		explain_teach(st, LESSON_RETURN_VALUE);
	} else if (ev->has_return && v->has_address) {
		SAY(st, ", in memory at 0x%" PRIx64, v->address);
		explain_teach(st, LESSON_RETURN_IN_MEMORY);
	} else if (!ev->has_return && ev->args_known) {
		SAY(st, "; it has no return value");
	}
	SAY(st, ".");
}

static bool is_return(const char *insn)
{
	return strcmp(insn, "ret") == 0;
}

/* How rsp went back. What the epilogue gives back is counted from rsp at the body. */
static void say_epilogue(struct story *st, const struct event *ev, enum omen omen)
{
	bool begun = false;
	for (size_t i = 0; i < ev->n_parts; i++) {
		const struct event_part *p = &ev->parts[i];
		if (p->bytes == 0)
			continue;
		SAY(st, "%s`%s` %s %" PRId64 "%s", begun ? ", " : " Of the frame, ", p->text,
		    p->bytes > 0 ? "gives back" : "takes", p->bytes > 0 ? p->bytes : -p->bytes,
		    begun ? "" : (p->bytes == 1 ? " byte" : " bytes"));
		begun = true;
		if (!is_return(p->text))
			continue;
		if (omen == OMEN_SMASHED)
			SAY(st, " and jumps to what is there in place of the return address");
		else if (ev->return_symbol)
			SAY(st, " and jumps to the return address, %s", ev->return_symbol);
		else if (ev->return_address)
			SAY(st, " and jumps to the return address, 0x%" PRIx64, ev->return_address);
	}
	if (ev->rsp && ev->how == POP_RETURN && !is_handler(ev))
		SAY(st, "%s rsp is 0x%" PRIx64 " again, as before the call.", begun ? ";" : "",
		    ev->rsp);
	else if (ev->rsp)
		SAY(st, "%s rsp is 0x%" PRIx64 ".", begun ? ";" : "", ev->rsp);
	else if (begun)
		SAY(st, ".");
}

/* The locals that are in scope, or those that are not; how many of them are in the frame. */
static size_t say_some_locals(struct story *st, const struct event *ev, bool over)
{
	size_t shown = 0, left = 0, in_frame = 0;
	for (size_t i = 0; i < ev->n_locals; i++) {
		const struct event_value *v = &ev->locals[i];
		if (v->is_static || !v->known || v->scope_ended != over)
			continue;
		if (shown >= LOCALS_SHOWN && !st->verbose) {
			left++;
			continue;
		}
		if (shown++)
			SAY(st, ", ");
		else
			SAY(st, over ? " In the bytes of locals that are out of scope: "
				     : " Its locals held: ");
		SAY(st, "%s = %s", v->name, v->value);
		if (v->reg)
			SAY(st, " (in %s)", v->reg);
		in_frame += v->has_address;
	}
	if (left)
		SAY(st, " and %zu more (-v names them)", left);
	if (shown)
		SAY(st, ".");
	return in_frame;
}

static void say_locals(struct story *st, const struct event *ev)
{
	size_t in_frame = say_some_locals(st, ev, false);
	in_frame += say_some_locals(st, ev, true);
	if (in_frame)
		explain_teach(st, LESSON_POPPED);
}

static void say_left(struct story *st, const struct event *ev, uint64_t n_alike)
{
	if (n_alike > 1)
		SAY(st,
		    "%" PRIu64 " frames of %s are still there at the end: none of them has "
		    "returned.",
		    n_alike, ev->function);
	else
		SAY(st, "%s is still there at the end: it has not returned.", ev->function);
	explain_teach(st, LESSON_LEFT);
}

void explain_pop(struct story *st, const struct event *ev, uint64_t n_alike)
{
	enum omen omen = ev->cfa ? explain_take_omen(st, ev->tid, ev->cfa) : OMEN_NONE;
	switch (ev->how) {
	case POP_RETURN:
		say_returned(st, ev, omen);
		say_epilogue(st, ev, omen);
		break;
	case POP_TAIL_CALL:
		SAY(st,
		    "%s does not return, it jumps to %s: a tail call. Its frame ends, the "
		    "return address stays.",
		    ev->function, ev->tail_target ? ev->tail_target : "another function");
		say_epilogue(st, ev, omen);
		explain_teach(st, LESSON_TAIL_CALL);
		explain_omen(st, ev->tid, ev->cfa, OMEN_TAIL_CALL);
		break;
	case POP_UNWOUND:
		SAY(st, "%s is left without a return: its frame is gone.", ev->function);
		explain_teach(st, LESSON_UNWOUND);
		explain_omen(st, ev->tid, ev->cfa, OMEN_GONE);
		break;
	case POP_LONGJMP:
		SAY(st, "%s is left by longjmp, without a return: its frame is gone.",
		    ev->function);
		break;
	case POP_EXIT:
		say_left(st, ev, n_alike);
		break;
	}
	say_locals(st, ev);
	explain_end(st, ev, ev->depth, "< ");
	explain_frame_map(st, ev);
	explain_walk(st, ev);
}

/* ---- --frames, --stack ---- */

static void say_slot(struct story *st, const struct event_slot *s)
{
	SAY(st, "0x%" PRIx64 ": ", s->address);
	explain_count(st, s->size, "byte");
	SAY(st, ", %s", s->owner);
	if (s->name)
		SAY(st, " %s", s->name);
	if (s->unwritten && strcmp(s->owner, "red zone") != 0)
		SAY(st, ", not written yet");
	else if (s->value)
		SAY(st, " = %s", s->value);
	if (s->inferred)
		SAY(st, " (inferred)");
	if (s->ghost)
		SAY(st, "; still there from before: %s", s->ghost);
	SAY(st, ".");
}

void explain_frame_map(struct story *st, const struct event *ev)
{
	if (!ev->n_slots)
		return;
	SAY(st, "Its bytes, from high addresses to low; each line begins with the lowest address "
		"of its bytes:");
	explain_end(st, ev, ev->depth, "    ");
	for (size_t i = 0; i < ev->n_slots; i++) {
		say_slot(st, &ev->slots[i]);
		explain_end(st, ev, ev->depth, "      ");
	}
}

void explain_walk(struct story *st, const struct event *ev)
{
	if (!ev->n_walk)
		return;
	SAY(st, "On the stack now, the innermost first: ");
	for (size_t i = 0; i < ev->n_walk; i++) {
		const struct event_frame_of_walk *w = &ev->walk[i];
		if (*w->symbol)
			SAY(st, "%s%s", i ? ", " : "", w->symbol);
		else
			SAY(st, "%s0x%" PRIx64, i ? ", " : "", w->pc);
		if (w->within)
			SAY(st, " (inlined in %s)", w->within);
	}
	SAY(st, ".");
	explain_end(st, ev, ev->depth, "    ");
}
