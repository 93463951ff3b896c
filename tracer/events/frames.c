/*
 * frames.c - frames begin and end: the events of pushes and pops, and why a frame is gone.
 */
#include <stdlib.h>
#include <string.h>

#include "events/collector.h"

enum { LEAVING_STEPS = 10000 }; // frames walked at a thread's end

bool frames_called_by(const struct frame *f, uint64_t return_address)
{
	const struct function *fn = f->fn->f;
	for (size_t i = 0; i < fn->n_ranges; i++) // the call may be the last instruction
		if (return_address > fn->ranges[i].lo && return_address <= fn->ranges[i].hi)
			return true;
	return false;
}

// What push and pop events of one frame have in common.
struct event frames_event(struct collector *col, enum event_kind kind,
			  const struct thread_stacks *t, const struct frame *f)
{
	const struct function *fn = f->fn->f;
	struct event ev = collect_event(col, kind, t->pid, t->tid, col->now);
	ev.depth = f->depth;
	ev.function = fn->name;
	ev.symbol = fn->symbol;
	ev.module = fn->module->name;
	ev.file = fn->file;
	ev.line = fn->line;
	ev.cfa = f->cfa;
	ev.rsp = f->rsp;
	ev.delta = (int64_t)(f->rsp - f->cfa);
	ev.delta_known = true;
	ev.return_address = f->return_address;
	ev.args_known = f->fn->sig != NULL;
	if (f->return_address == 0)
		return ev;
	const struct address_name *name = target_return_name(col->target, f->return_address);
	ev.return_symbol = name->symbol;
	ev.caller = name->function;
	ev.caller_file = name->file;
	ev.caller_line = name->line;
	return ev;
}

static void replace_text(char **text, const char *with)
{
	free(*text);
	*text = xstrdup(with);
}

void frames_note_depth(struct collector *col, struct stack *s, const struct frame *f)
{
	struct event_summary *sum = &col->summary;
	stack_use_note(s, f);
	if (f->reported)
		sum->pushed++;
	else
		sum->too_deep++;
	if (f->depth + 1 > sum->max_depth) {
		sum->max_depth = f->depth + 1;
		if (f->fn != col->max_depth_fn)
			replace_text(&col->max_depth_function, f->fn->f->name);
		col->max_depth_fn = f->fn;
	}
	uint64_t bytes = s->first_cfa - f->rsp;
	if (f->rsp < s->first_cfa && bytes > sum->max_stack) {
		sum->max_stack = bytes;
		if (f->fn != col->max_stack_fn)
			replace_text(&col->max_stack_function, f->fn->f->name);
		col->max_stack_fn = f->fn;
	}
}

/*
 * In a realigned or variable frame one instruction moves rsp by an amount that is known at run time
 * only: the part that counts 0 gets what the others leave of the delta. Without such a part there
 * is no arithmetic to show.
 */
void frames_settle_parts(struct collector *col, const struct traced *fn, struct event *ev)
{
	if (fn->plan.rsp_known || ev->n_parts == 0)
		return;
	int64_t rest = ev->delta;
	struct event_part *open = NULL;
	col->parts = xreallocarray(col->parts, ev->n_parts, sizeof(*col->parts));
	for (size_t i = 0; i < ev->n_parts; i++) {
		col->parts[i] = ev->parts[i];
		rest -= ev->parts[i].bytes;
		if (ev->parts[i].bytes == 0 && !open)
			open = &col->parts[i];
	}
	if (open)
		open->bytes = rest;
	ev->parts = col->parts;
	if (!open && rest != 0)
		ev->n_parts = 0;
}

void frames_at_exit(struct collector *col, struct traced_exit *x, struct event *ev)
{
	if (!x->line_known) {
		struct line_row row;
		if (symbols_line_at(col->symbols, x->exit->pc, &row) == FT_OK) {
			x->line = row.line;
			x->file = row.file;
		}
		x->line_known = true;
	}
	ev->pc = x->exit->pc;
	ev->line = x->line;
	if (x->file)
		ev->file = x->file;
}

// The innermost frame of a stack ends. `x` and hit: the exit that was met; NULL if none was.
void frames_pop(struct collector *col, struct thread_stacks *t, struct stack *s, enum pop_how how,
		struct traced_exit *x, const struct hit *hit)
{
	struct frame f = *stack_top(s);
	if (f.reported)
		step_popping(col, t, &f, x, hit);
	stack_pop(s);
	heap_note_pop(col, &f);
	if (!f.reported)
		return;
	col->summary.popped++;
	struct event ev = frames_event(col, EVENT_POP, t, &f);
	ev.how = how;
	ev.stack_top = s->hi;
	ev.pushed_seq = f.seq;
	ev.delta = -ev.delta;
	ev.rsp = f.cfa;
	if (!x) { // nobody saw rsp move
		ev.delta_known = false;
		ev.rsp = 0;
		ev.line = 0;
	}
	if (x) {
		frames_at_exit(col, x, &ev);
		ev.parts = x->parts;
		ev.n_parts = x->n_parts;
		frames_settle_parts(col, f.fn, &ev);
		col->ending = &f;
		read_exit(&col->reader, &f, x, hit, how == POP_RETURN, &ev);
		heap_note_values(col, s, &f, &ev);
		collect_map(col, s, &f, x, hit, &ev);
	}
	col->ending = NULL;
	ev.mapped = col->o.frames;
	collect_ghosts(col, s, &f, &ev);
	step_popped(col, t->tid, f.seq);
	if (how == POP_TAIL_CALL) {
		ev.rsp = f.cfa - ARCH_WORD; // the return address stays for the next function
		ev.delta -= ARCH_WORD;
		const struct address_name *name = target_name(col->target, col->tail_target);
		ev.tail_target = name->function;
	}
	collect_emit(col, &ev);
	if (x) // else the process may be anywhere by now
		space_tell_changes(col, t->pid, t->tid, "pop");
}

// Frames below (that is, deeper than) a CFA that is alive again were jumped over.
void frames_pop_deeper(struct collector *col, struct thread_stacks *t, struct stack *s,
		       uint64_t cfa)
{
	for (struct frame *top = stack_top(s); top && top->cfa < cfa; top = stack_top(s))
		frames_pop(col, t, s, POP_UNWOUND, NULL, NULL);
}

void frames_pop_thread(struct collector *col, struct thread_stacks *t, enum pop_how how)
{
	for (size_t i = t->n; i-- > 0;) {
		col->summary.left += t->s[i].n;
		while (t->s[i].n > 0)
			frames_pop(col, t, &t->s[i], how, NULL, NULL);
	}
}

// Frames of code that is gone cannot be alive: they were left without a return long ago.
void frames_unload(void *ctx, const struct module *m)
{
	struct collector *col = ctx;
	col->max_depth_fn = col->max_stack_fn = NULL;
	step_forget_code(col);
	stack_use_unload(&col->stacks, m);
	if (col->heap)
		heap_unload(col);
	for (size_t i = 0; i < col->stacks.n; i++) {
		struct thread_stacks *t = &col->stacks.t[i];
		for (size_t k = 0; k < t->n; k++) {
			size_t first = 0;
			while (first < t->s[k].n && t->s[k].f[first].fn->f->module != m)
				first++;
			while (t->s[k].n > first)
				frames_pop(col, t, &t->s[k], POP_UNWOUND, NULL, NULL);
		}
	}
}

void frames_pop_everything(struct collector *col)
{
	for (size_t i = col->stacks.n; i-- > 0;) {
		frames_pop_thread(col, &col->stacks.t[i], POP_EXIT);
		stack_use_retire(&col->use, &col->stacks.t[i]);
	}
	stacks_deinit(&col->stacks);
}

/*
 * Whoever ends a thread from deep within (exit, abort, a fatal signal) leaves its frames where they
 * are; but those that an exception or a panic has left before are gone without a trace. A walk from
 * the registers tells them apart: it meets the CFA of every frame that is still there.
 */
void frames_settle(struct collector *col, struct thread_stacks *t, const struct regs *regs)
{
	struct unwind_frame f = unwind_innermost(regs);
	for (int steps = 0; steps < LEAVING_STEPS && t->n > 0; steps++) {
		struct unwind_frame caller;
		if (!walk_outwards(col, &f, &caller))
			return;
		uint64_t cfa = caller.regs.r[ARCH_RSP];
		struct stack *s = stack_holding(t, cfa);
		f = caller;
		if (!s)
			continue;
		frames_pop_deeper(col, t, s, cfa);
		struct frame *top = stack_top(s);
		if (!top || (top->cfa == cfa && top->return_address == caller.pc))
			return;	     // it is there, and so are those outside of it
		if (top->cfa == cfa) // another call's frame has its place
			frames_pop(col, t, s, POP_UNWOUND, NULL, NULL);
	}
}

struct frame *frames_walked(struct thread_stacks *t, const struct unwind_frame *w)
{
	const struct stack *s = w->cfa ? stack_holding(t, w->cfa) : NULL;
	for (size_t i = s ? s->n : 0; i-- > 0 && s->f[i].cfa <= w->cfa;)
		if (s->f[i].cfa == w->cfa)
			return s->f[i].reported && ranges_hold(s->f[i].fn->f->ranges,
							       s->f[i].fn->f->n_ranges,
							       frame_lookup_pc(w))
				       ? &s->f[i]
				       : NULL;
	return NULL;
}

void frames_leaving(struct collector *col, const struct stop *stop)
{
	struct thread_stacks *t = stacks_of(&col->stacks, stop->tid, stop->pid);
	struct regs regs;
	enum ft_rc rc = control_regs(col->control, stop->tid, &regs);
	if (rc == FT_OK)
		frames_settle(col, t, &regs);
	else if (rc == FT_FAIL)
		ft_error_clear();
	if (stop->tid == stop->pid) // by now the program has set the limit that it wants
		stack_use_ask(&col->use, stop->pid);
}
