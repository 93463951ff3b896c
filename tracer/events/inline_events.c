/*
 * inline_events.c - a hit at the begin of inlined calls becomes events.
 */
#include "events/collector.h"
#include "events/inlines.h"

static bool is_shown(const struct collector *col, const struct frame *f,
		     const struct inline_call *call)
{
	return col->o.max_depth == 0 || f->depth + 1 + call->level < col->o.max_depth;
}

static void tell(struct collector *col, const struct thread_stacks *t, const struct frame *f,
		 const struct inline_call *call, const struct hit *hit)
{
	const struct function *fn = f->fn->f;
	struct event ev = collect_event(col, EVENT_INLINE, t->pid, t->tid, col->now);

	ev.depth = f->depth + 1 + call->level;
	ev.function = call->call->name;
	ev.within = fn->name;
	ev.inline_depth = call->call->depth;
	ev.module = fn->module->name;
	ev.file = call->call->file;
	ev.line = call->call->line;
	ev.pc = call->call->entry;
	ev.cfa = f->cfa;
	ev.caller = call->caller;
	ev.caller_file = call->call->call_file;
	ev.caller_line = call->call->call_line;
	ev.loops = call->loops;
	ev.pushed_seq = f->seq;
	ev.args_known = true;
	read_inline(&col->reader, f, call->args, call->n_args, hit, &ev);
	col->summary.inlined++;
	collect_emit(col, &ev);
}

void inlines_tell(struct collector *col, const struct hit *hit, const struct inline_site *site,
		  bool pushed)
{
	struct thread_stacks *t = stacks_of(&col->stacks, hit->tid, hit->pid);
	struct stack *s = stack_for(&col->stacks, t, hit->cfa);

	frames_pop_deeper(col, t, s, hit->cfa);
	const struct frame *top = stack_top(s);
	if (!top || top->cfa != hit->cfa || top->fn != site->fn || !top->reported)
		return; // its push was not seen
	read_memory(&col->reader, hit, hit->held ? control_memory(col->control) : memory_none());
	for (size_t i = 0; i < site->n; i++) {
		const struct inline_call *call = &site->calls[i];
		if ((pushed || !call->early) && is_shown(col, top, call))
			tell(col, t, top, call, hit);
	}
}
