#include "events/collect.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/collector.h"
#include "events/space_events.h"
#include "unwind/unwind.h"

struct collector *collector_create(struct control *c, struct symbols *s, struct target *t,
				   const struct collect_options *o, event_sink sink, void *ctx)
{
	struct collector *col = xcalloc(1, sizeof(*col));
	col->control = c;
	col->symbols = s;
	col->target = t;
	col->o = *o;
	col->sink = sink;
	col->sink_ctx = ctx;
	col->threads = 1;
	col->stacks.region = target_region;
	col->stacks.ctx = t;
	target_on_unload(t, frames_unload, col);
	target_on_points_to(t, points_text, col);
	map_init(&col->map);
	const struct plan_options *plan = target_plan(t);
	read_init(&col->reader, s, plan);
	if (plan->full || plan->trees || plan->frames || plan->step) // else nobody shows it
		col->reader.points_to = points_text;
	col->reader.points_ctx = col;
	buf_init(&col->heap_text);
	if (o->heap)
		col->heap = heap_create();
	control_hold(c, o->map != MAP_NONE || o->asides); // until the first map
	if (o->step.insn || o->step.line)
		col->step = step_create(&o->step);
	return col;
}

void collector_destroy(struct collector *col)
{
	if (!col)
		return;
	step_destroy(col->step);
	space_events_destroy(col->space);
	stack_use_deinit(&col->use);
	heap_destroy(col->heap);
	heap_values_deinit(col);
	stacks_deinit(&col->stacks);
	read_deinit(&col->reader);
	points_deinit(&col->points);
	map_deinit(&col->map);
	free(col->walk);
	free(col->parts);
	free(col->unwound);
	free(col->at_signal);
	free(col->max_depth_function);
	free(col->max_stack_function);
	free(col);
}

uint64_t collect_mismatches(const struct collector *col)
{
	return col->mismatches;
}

struct event collect_event(struct collector *col, enum event_kind kind, pid_t pid, pid_t tid,
			   uint64_t time_ns)
{
	return (struct event){
		.kind = kind,
		.seq = col->seq,
		.pid = (int)pid,
		.tid = (int)tid,
		.time_ns = collect_time(col, time_ns),
	};
}

uint64_t collect_time(const struct collector *col, uint64_t now)
{
	return now > col->start_ns ? now - col->start_ns : 0;
}

void collect_emit(struct collector *col, struct event *ev)
{
	if (ev->aside)
		ev->seq = col->seq > 0 ? col->seq - 1 : 0;
	else if (ev->kind != EVENT_START)
		col->seq++;
	registers_add(col, ev);
	col->sink(col->sink_ctx, ev);
}

void collect_note(struct collector *col, const char *text)
{
	pid_t pid = control_pid(col->control);
	struct event ev = collect_event(col, EVENT_NOTE, pid, pid, col->now);
	ev.text = text;
	collect_emit(col, &ev);
}

// From here on values are read from this hit, and from the process if its thread is held.
static void look_at(struct collector *col, const struct hit *hit)
{
	read_memory(&col->reader, hit, hit->held ? control_memory(col->control) : memory_none());
}

static struct frame new_frame(struct collector *col, struct traced *fn, const struct hit *hit)
{
	const struct frame_plan *p = &fn->plan;
	struct frame f = {.fn = fn, .cfa = hit->cfa};
	struct memory mem = hit_memory(hit);
	if (!memory_read_uint(&mem, hit->cfa - ARCH_WORD, ARCH_WORD, &f.return_address))
		f.return_address = 0;
	f.rsp = p->rsp_known ? hit->cfa + (uint64_t)(int64_t)p->rsp_at_body : hit->regs.r[ARCH_RSP];
	f.rbp = p->rbp_is_frame ? hit->cfa + (uint64_t)(int64_t)p->rbp_off : hit->regs.r[ARCH_RBP];
	f.has_base = read_base(&col->reader, fn, hit, &f.base);
	f.has_result = read_result_pointer(&col->reader, fn, hit, &f.result);
	if (fn->sig && fn->sig->optimised && fn->n_args > 0)
		entry_registers_take(fn, hit, &mem, &f.entry);
	return f;
}

/*
 * A call from code that is not traced: the innermost traced frame may have been left by an
 * exception or a longjmp whose catcher has called that code. A walk tells. It is done once for each
 * place that calls back into a frame's callees.
 */
static void check_caller(struct collector *col, struct thread_stacks *t, struct stack *s,
			 const struct frame *f, const struct hit *hit)
{
	struct frame *top = stack_top(s);
	if (!hit->held || !top || frames_called_by(top, f->return_address))
		return;
	if (top->seen_caller == f->return_address && top->seen_cfa == f->cfa)
		return;
	frames_settle(col, t, &hit->regs);
	top = stack_top(s);
	if (!top)
		return;
	top->seen_caller = f->return_address;
	top->seen_cfa = f->cfa;
}

// The thread's next entry is expected to be called by its innermost frame.
static void expect_caller(struct collector *col, const struct thread_stacks *t)
{
	const struct frame *top = t->n > 0 ? stack_top(&t->s[t->current]) : NULL;
	if (top)
		control_expect(col->control, t->tid, top->fn->f->ranges[0].lo,
			       top->fn->f->ranges[0].hi);
	else
		control_expect(col->control, t->tid, 0, UINT64_MAX);
}

// Returns whether a frame was pushed.
static bool on_entry(struct collector *col, const struct hit *hit, struct traced *fn)
{
	struct thread_stacks *t = stacks_of(&col->stacks, hit->tid, hit->pid);
	struct stack *s = stack_for(&col->stacks, t, hit->cfa);
	t->fs_base = hit->regs.fs_base;
	frames_pop_deeper(col, t, s, hit->cfa);
	struct frame *top = stack_top(s);
	if (top && top->cfa == hit->cfa) {
		if (top->fn == fn && fn->plan.site_loops)
			return false; // the same frame, once more around its loop
		frames_pop(col, t, s, POP_UNWOUND, NULL, NULL);
	}
	look_at(col, hit);
	struct frame f = new_frame(col, fn, hit);
	check_caller(col, t, s, &f, hit);
	f.seq = col->seq;
	struct frame *pushed = stack_push(s, &f);
	pushed->reported = col->o.max_depth == 0 || pushed->depth < col->o.max_depth;
	if (!col->running) // by now the dynamic linker has loaded what it will at start
		target_count_libraries(col->target);
	if (!col->use.known)
		stack_use_ask(&col->use, hit->pid);
	col->running = true;
	fn->calls++;
	frames_note_depth(col, s, pushed);
	if (!pushed->reported) {
		step_pushed(col, t, pushed, hit);
		return true;
	}
	space_tell_start(col, t->pid, t->tid);
	pushed->seq = col->seq; // a map may have taken the number
	struct event ev = frames_event(col, EVENT_PUSH, t, pushed);
	ev.stack_top = s->hi;
	ev.pc = fn->plan.body;
	ev.parts = fn->parts;
	ev.n_parts = fn->n_parts;
	frames_settle_parts(col, fn, &ev);
	read_entry(&col->reader, pushed, hit, &ev);
	heap_note_values(col, s, pushed, &ev);
	collect_map(col, s, pushed, NULL, hit, &ev);
	if (col->o.walk || col->o.verify)
		collect_walk(col, hit, &ev);
	collect_emit(col, &ev);
	space_tell_changes(col, t->pid, t->tid, "push");
	if (col->o.verify)
		collect_verify(col, hit, &ev);
	step_pushed(col, t, pushed, hit);
	return true;
}

static bool condition_holds(struct collector *col, const struct traced *fn,
			    const struct code_exit *x, const struct hit *hit)
{
	switch (x->kind) {
	case EXIT_RET:
		return true;
	case EXIT_TAIL_JUMP:
		col->tail_target = x->target;
		return true;
	case EXIT_TAIL_COND:
		col->tail_target = x->target;
		return arch_condition(x->condition, hit->regs.eflags);
	case EXIT_TAIL_INDIRECT:
		if (!read_jump_target(&col->reader, x, hit, &col->tail_target))
			return false;
		return !ranges_hold(fn->f->ranges, fn->f->n_ranges, col->tail_target);
	}
	return false;
}

static void on_exit_site(struct collector *col, const struct hit *hit, const struct site_use *use)
{
	struct traced *fn = use->exit_of;
	struct thread_stacks *t = stacks_of(&col->stacks, hit->tid, hit->pid);
	look_at(col, hit);
	if (!condition_holds(col, fn, use->exit->exit, hit))
		return;
	struct stack *s = stack_for(&col->stacks, t, hit->cfa);
	frames_pop_deeper(col, t, s, hit->cfa);
	struct frame *top = stack_top(s);
	if (!top || top->cfa != hit->cfa)
		return; // its push was not seen
	if (top->fn != fn) {
		frames_pop(col, t, s, POP_UNWOUND, NULL, NULL);
		return;
	}
	integrity_at_exit(col, t, top, use->exit, hit);
	bool returns = use->exit->exit->kind == EXIT_RET;
	frames_pop(col, t, s, returns ? POP_RETURN : POP_TAIL_CALL, use->exit, hit);
}

// A library list that cannot be read is no reason to end the run.
static void rescan(struct collector *col)
{
	points_changed(&col->points);
	if (target_rescan(col->target) != FT_FAIL)
		return;
	collect_note(col, ft_error());
	ft_error_clear();
}

// The allocator's sites tell nothing of frames, and a thread that has none may be there.
static bool has_frame_use(const struct site_use *use)
{
	return use->entry || use->exit_of || use->inlines || use->enters || use->returns;
}

static enum ft_rc on_hit(struct collector *col, const struct hit *hit)
{
	const struct site_use found = *target_site(col->target, hit->site), *use = &found;
	if (use->libraries) {
		rescan(col);
		return FT_OK;
	}
	if (col->heap && (use->heap || use->heap_return))
		look_at(col, hit);
	if (col->heap && use->heap_return)
		heap_on_return(col, hit);
	if (col->heap && use->heap)
		heap_on_entry(col, hit, use->heap);
	if (hit->cfa == 0)
		return FT_OK;
	if (!has_frame_use(use)) {
		step_hit_done(col, hit);
		return FT_OK;
	}
	if (use->enters)
		step_enters(col, hit, use->enters);
	if (use->returns)
		step_returns(col, hit, use->returns);
	bool pushed = use->entry && on_entry(col, hit, use->entry);
	if (use->inlines)
		inlines_tell(col, hit, use->inlines, pushed);
	if (use->exit_of)
		on_exit_site(col, hit, use);
	step_hit_done(col, hit);
	expect_caller(col, stacks_of(&col->stacks, hit->tid, hit->pid));
	return FT_OK;
}

const char *collect_signal_name(int signal, char *buf, size_t len)
{
	const char *abbreviation = sigabbrev_np(signal);
	if (abbreviation)
		snprintf(buf, len, "SIG%s", abbreviation);
	else if (signal >= SIGRTMIN && signal <= SIGRTMAX)
		snprintf(buf, len, "SIGRTMIN+%d", signal - SIGRTMIN);
	else
		snprintf(buf, len, "signal %d", signal);
	return buf;
}

bool collect_is_crash(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL ||
	       signal == SIGABRT || signal == SIGTRAP || signal == SIGSYS;
}

static void on_signal(struct collector *col, const struct stop *stop)
{
	char name[32];
	const struct address_name *at = target_name(col->target, stop->pc);
	struct event ev = collect_event(col, EVENT_SIGNAL, stop->pid, stop->tid, stop->time_ns);
	ev.signal = stop->signal;
	ev.signal_name = collect_signal_name(stop->signal, name, sizeof(name));
	ev.pc = stop->pc;
	ev.symbol_at = at->symbol;
	ev.function = at->function;
	ev.file = at->file;
	ev.line = at->line;
	ev.has_fault = stop->has_fault;
	ev.fault = stop->fault;
	if (col->o.inlines)
		walk_name_inlined(col, &ev);
	frames_at_signal(col, stop, &ev);
	collect_emit(col, &ev);
	overflow_examine(col, stop);
	integrity_at_signal(col, stop);
}

static void on_simple(struct collector *col, const struct stop *stop, enum event_kind kind)
{
	struct event ev = collect_event(col, kind, stop->pid, stop->tid, stop->time_ns);
	ev.child = (int)stop->child;
	collect_emit(col, &ev);
}

enum ft_rc collect_stop(struct collector *col, const struct stop *stop)
{
	col->now = stop->time_ns;
	if (stop->kind != STOP_EXEC) // those of the new program: later
		registers_take(col, stop);
	switch (stop->kind) {
	case STOP_HIT:
		return on_hit(col, stop->hit);
	case STOP_STEP:
		step_stop(col, stop);
		return FT_OK;
	case STOP_EXEC:
		collect_exec(col, stop);
		return FT_OK;
	case STOP_GONE:
		frames_pop_thread(col, stacks_of(&col->stacks, stop->tid, stop->pid), POP_EXIT);
		stack_use_retire(&col->use, stacks_of(&col->stacks, stop->tid, stop->pid));
		step_forget_thread(col, stop->tid);
		if (col->heap)
			heap_thread_gone(col->heap, stop->tid);
		stacks_forget(&col->stacks, stop->tid);
		return FT_OK;
	case STOP_THREAD:
		points_changed(&col->points);
		col->threads++;
		on_simple(col, stop, EVENT_THREAD);
		space_tell_thread(col, stop->pid, stop->tid);
		return FT_OK;
	case STOP_CHILD:
		on_simple(col, stop, EVENT_CHILD);
		return FT_OK;
	case STOP_SIGNAL:
		on_signal(col, stop);
		return FT_OK;
	case STOP_LEAVING:
		if (stop->tid == stop->pid) // whatever was called
			target_count_libraries(col->target);
		frames_leaving(col, stop);
		space_tell_leaving(col, stop);
		return FT_OK;
	case STOP_EXIT:
	case STOP_KILLED:
		collect_end(col, stop);
		return FT_OK;
	}
	return FT_OK;
}
