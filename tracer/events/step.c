/*
 * step.c - which thread is stepped, and where it is: in a prologue, in a body, in a handler.
 *
 * A thread is stepped while it runs traced code of a frame that is reported, from the first
 * instruction of the function. Where it leaves for code that is not traced, it runs freely until
 * it meets a site: behind the call that it left by, or at the entry of a traced function. A signal
 * handler that interrupts traced code is stepped whatever it is, without a word about it, so that
 * stepping goes on where the code was interrupted.
 */
#include "events/step_private.h"

#include <string.h>

/* ---- frames ---- */

static const struct frame *innermost(const struct thread_stacks *ts)
{
	return ts->n > 0 ? stack_top(&ts->s[ts->current]) : NULL;
}

// The innermost frame if it is reported and fn's.
static struct step_frame *frame_running(struct step_thread *t, const struct thread_stacks *ts,
					const struct traced *fn)
{
	const struct frame *top = innermost(ts);
	return top && top->fn == fn && top->reported ? step_frame_of(t, top->seq) : NULL;
}

// Would a frame that is made now be deeper than what is shown?
static bool too_deep(const struct collector *col, const struct thread_stacks *ts)
{
	const struct frame *top = innermost(ts);
	uint32_t depth = top ? top->depth + 1 : ts->n > 0 ? ts->s[ts->current].base_depth : 0;
	return col->o.max_depth && depth >= col->o.max_depth;
}

static void begin_prologue(struct step_thread *t, struct traced *fn, uint64_t cfa,
			   const struct step_ran *call)
{
	struct step_ran inferred = {
		.how = STEP_INFERRED, .rsp_before = cfa, .rsp_after = cfa - ARCH_WORD};
	strand_deinit(&t->now);
	t->now.prologue = fn;
	t->now.cfa = cfa;
	strand_hold(&t->now, call ? call : &inferred);
}

/* ---- steps ---- */

// Who was interrupted goes on; a restarted system call stands before its instruction again.
static bool has_come_back(const struct interrupted *i, const struct regs *regs)
{
	return regs->r[ARCH_RSP] == i->rsp &&
	       (regs->r[ARCH_RIP] == i->rip || regs->r[ARCH_RIP] + 2 == i->rip);
}

static void resume_interrupted(struct step_thread *t, const struct regs *regs)
{
	for (size_t k = t->n_by_signal; k-- > 0;) {
		if (!has_come_back(&t->by_signal[k], regs))
			continue;
		while (t->n_by_signal > k + 1)
			strand_deinit(&t->by_signal[--t->n_by_signal].strand);
		strand_deinit(&t->now);
		t->now = t->by_signal[--t->n_by_signal].strand;
		return;
	}
}

// A handler that jumped out never comes back to what it interrupted.
static void drop_jumped_out(struct step_thread *t, struct thread_stacks *ts, uint64_t rsp)
{
	while (t->n_by_signal > 0) {
		const struct interrupted *last = &t->by_signal[t->n_by_signal - 1];
		if (rsp <= last->rsp || stack_holding(ts, rsp) != stack_holding(ts, last->rsp))
			return;
		strand_deinit(&t->by_signal[--t->n_by_signal].strand);
	}
}

static void on_handler(struct step_thread *t, const struct step *step)
{
	if (t->n_by_signal == STEP_INTERRUPTED_MAX) {
		strand_deinit(&t->by_signal[0].strand);
		memmove(t->by_signal, t->by_signal + 1, --t->n_by_signal * sizeof(t->by_signal[0]));
	}
	t->by_signal[t->n_by_signal++] = (struct interrupted){
		.strand = t->now,
		.rip = step->before.r[ARCH_RIP],
		.rsp = step->before.r[ARCH_RSP],
	};
	t->now = (struct strand){.prologue = NULL};
	t->code = NULL;
	t->last = NULL;
}

/*
 * Where a stub of the procedure linkage table leads: `endbr64; jmp [slot]`. A traced function
 * behind it is what was called.
 */
static struct traced *behind_stub(struct collector *col, uint64_t pc)
{
	struct memory live = control_memory(col->control);
	struct code_effect e;
	uint64_t target = 0;
	for (int i = 0; i < 3 && code_effect(col->symbols, pc, &e) == FT_OK; i++) {
		pc += e.len;
		if (e.kind != CODE_JUMP)
			continue;
		target = e.target;
		if (!target && e.base == ARCH_RIP &&
		    !memory_read_uint(&live, (uint64_t)e.disp, ARCH_WORD, &target))
			target = 0;
		break;
	}
	ft_error_clear();
	struct traced *fn = target ? target_traced_at(col->target, target) : NULL;
	return fn && fn->plan.entry == target ? fn : NULL;
}

static void after_call(struct collector *col, struct step_thread *t, struct thread_stacks *ts,
		       struct step_ran *ran, const struct regs *regs)
{
	uint64_t pc = regs->r[ARCH_RIP];
	struct traced *to = target_traced_at(col->target, pc);
	struct step_frame *f = frame_running(t, ts, ran->code->fn);
	bool enters = to && to->plan.entry == pc;
	if (!ran->code->e.target)
		ran->target = insn_callee(col, pc);
	if (!to) {
		to = behind_stub(col, pc);
		enters = to != NULL;
	}
	if (t->now.prologue) {
		strand_hold(&t->now, ran);
	} else if (enters && !too_deep(col, ts)) {
		begin_prologue(t, to, regs->r[ARCH_RSP] + ARCH_WORD, ran);
	} else if (f) {
		const struct step_code *call = ran->code;
		bool stays = to == f->fn && !enters; // call next; pop: to know where it is
		insn_tell(col, t, f, ran);
		if (!stays)
			insn_left(col, t, f, call, regs);
	} else {
		step_ran_deinit(ran);
	}
}

static void on_ran(struct collector *col, struct step_thread *t, struct thread_stacks *ts,
		   const struct step *step)
{
	const struct step_code *code = t->code;
	struct step_ran ran = {
		.code = code,
		.how = STEP_RAN,
		.rsp_before = step->before.r[ARCH_RSP],
		.rsp_after = step->after.r[ARCH_RSP],
	};
	if (store_after(col, t, ts, &step->after)) {
		ran.store = xmalloc(sizeof(*ran.store));
		*ran.store = t->store;
	}
	struct step_frame *f = frame_running(t, ts, code->fn);
	uint64_t pc = step->after.r[ARCH_RIP];
	bool tail = t->now.tail;
	t->now.tail = false;
	if (t->now.told_ret) {
		t->now.told_ret = false;
		step_ran_deinit(&ran);
	} else if (tail) {
		struct traced *to = target_traced_at(col->target, pc);
		step_ran_deinit(&ran);
		if (to && to->plan.entry == pc && !too_deep(col, ts))
			begin_prologue(t, to, step->after.r[ARCH_RSP] + ARCH_WORD, NULL);
	} else if (code->e.kind == CODE_CALL) {
		after_call(col, t, ts, &ran, &step->after);
	} else if (t->now.prologue) {
		strand_hold(&t->now, &ran);
	} else if (f) {
		insn_tell(col, t, f, &ran);
	} else {
		step_ran_deinit(&ran);
	}
}

// Looks at the instruction that is about to run. False: there is no reason to step it.
static bool look(struct collector *col, struct step_thread *t, struct thread_stacks *ts,
		 const struct regs *regs)
{
	const struct step_code *code = step_code_at(col, regs->r[ARCH_RIP]);
	bool was_traced = t->last != NULL;
	t->code = NULL;
	t->store.size = 0;
	if (!code)
		return t->n_by_signal > 0;
	if (!t->now.prologue && !was_traced && code->fn->plan.entry == code->e.pc &&
	    code->fn->plan.site != code->e.pc && !too_deep(col, ts))
		begin_prologue(t, code->fn, regs->r[ARCH_RSP] + ARCH_WORD, NULL);
	if (t->now.prologue && t->now.prologue != code->fn)
		strand_deinit(&t->now); // it went elsewhere before its frame was made
	struct step_frame *f = frame_running(t, ts, code->fn);
	if (f && f->call) // a frame of the same function that is too deep to be shown
		f = NULL;
	if (!t->now.prologue && !f && !t->now.told_ret && !t->now.tail)
		return t->n_by_signal > 0;
	if (f && !t->now.prologue && !t->now.told_ret && !t->now.tail)
		line_arrive(col, t, f, code, regs);
	t->code = code;
	t->regs = *regs;
	store_before(col, t, ts);
	return true;
}

static void go_on(struct collector *col, struct step_thread *t, struct thread_stacks *ts,
		  const struct regs *regs)
{
	t->on = look(col, t, ts, regs);
	if (!t->on)
		t->last = NULL;
	control_step(col->control, t->tid, t->on);
}

void step_stop(struct collector *col, const struct stop *stop)
{
	struct stepper *s = col->step;
	if (!s)
		return;
	struct step_thread *t = step_thread_of(s, stop->tid);
	struct thread_stacks *ts = stacks_of(&col->stacks, stop->tid, stop->pid);
	const struct step *step = stop->step;
	const struct step_code *code = t->code;
	if (step->handler) {
		on_handler(t, step);
	} else {
		if (code && code->e.pc == step->before.r[ARCH_RIP])
			on_ran(col, t, ts, step);
		t->last = code;
		resume_interrupted(t, &step->after);
	}
	go_on(col, t, ts, &step->after);
}

/* ---- hits ---- */

// A process that shares the memory (vfork) is not stepped.
static struct step_thread *stepped_thread(struct collector *col, const struct hit *hit)
{
	if (!col->step || hit->pid != control_pid(col->control))
		return NULL;
	return step_thread_of(col->step, hit->tid);
}

void step_enters(struct collector *col, const struct hit *hit, struct traced *fn)
{
	struct step_thread *t = stepped_thread(col, hit);
	struct thread_stacks *ts = stacks_of(&col->stacks, hit->tid, hit->pid);
	if (!t || (t->on && t->code) || too_deep(col, ts))
		return; // met while stepping: the steps tell
	uint64_t cfa = hit->regs.r[ARCH_RSP] + ARCH_WORD;
	if (t->now.prologue == fn && t->now.cfa == cfa)
		return; // its call is held already: it came through a stub
	begin_prologue(t, fn, cfa, NULL);
}

// Frames that lie below rsp are gone: whoever returns here has jumped over them.
static void pop_dead(struct collector *col, struct thread_stacks *ts, uint64_t rsp)
{
	struct stack *s = stack_for(&col->stacks, ts, rsp + ARCH_WORD);
	frames_pop_deeper(col, ts, s, rsp + 1);
}

void step_returns(struct collector *col, const struct hit *hit, struct traced *fn)
{
	struct step_thread *t = stepped_thread(col, hit);
	if (!t || (t->on && t->code))
		return;
	struct thread_stacks *ts = stacks_of(&col->stacks, hit->tid, hit->pid);
	uint64_t rsp = hit->regs.r[ARCH_RSP];
	if (t->now.prologue == fn && rsp < t->now.cfa) // a call in the prologue itself (__fentry__)
		return;
	strand_deinit(&t->now);
	pop_dead(col, ts, rsp);
	struct step_frame *f = frame_running(t, ts, fn);
	if (!f)
		return;
	if (f->call && f->call_return == hit->regs.r[ARCH_RIP])
		insn_came_back(col, t, f, rsp);
	f->call = NULL;
	insn_balance(col, t, f, rsp);
}

static struct step_frame *add_frame(struct step_thread *t, const struct frame *f)
{
	t->frames = xgrow(t->frames, t->n_frames, &t->cap_frames, sizeof(*t->frames));
	struct step_frame *sf = &t->frames[t->n_frames++];
	*sf = (struct step_frame){
		.seq = f->seq,
		.cfa = f->cfa,
		.fn = f->fn,
		.depth = f->depth,
		.rsp = f->cfa,
		.rsp_at_body = f->rsp,
		.in_prologue = true,
	};
	return sf;
}

void step_pushed(struct collector *col, struct thread_stacks *ts, const struct frame *f,
		 const struct hit *hit)
{
	struct step_thread *t = stepped_thread(col, hit);
	if (!t)
		return;
	if (!f->reported) {
		strand_deinit(&t->now);
		return;
	}
	if (t->now.prologue != f->fn || t->now.cfa != f->cfa)
		begin_prologue(t, f->fn, f->cfa, NULL);
	struct step_frame *sf = add_frame(t, f);
	sf->layout = col->step->o.insn ? step_layout_of(col, f->fn) : NULL;
	line_vars_init(col, sf, f, hit);
	struct strand made = t->now;
	t->now = (struct strand){.prologue = NULL};
	for (size_t i = 0; i < made.n_held; i++)
		insn_tell(col, t, sf, &made.held[i]); // takes it over
	made.n_held = 0;
	strand_deinit(&made);
	insn_balance(col, t, sf, hit->regs.r[ARCH_RSP]);
	sf->in_prologue = sf->rsp != sf->rsp_at_body;
	(void)ts;
	if (!col->step->o.line)
		return;
	const struct step_code *body = step_code_at(col, f->fn->plan.body);
	if (body && body->line > 0 && !body->foreign)
		line_begin(col, t, sf, body->file, body->line, body->e.pc);
}

void step_popping(struct collector *col, struct thread_stacks *ts, const struct frame *f,
		  const struct traced_exit *x, const struct hit *hit)
{
	struct step_thread *t = col->step ? step_thread_of(col->step, ts->tid) : NULL;
	struct step_frame *sf = t ? step_frame_of(t, f->seq) : NULL;
	if (!sf)
		return;
	sf->in_prologue = false;
	if (x) {
		insn_balance(col, t, sf, hit->regs.r[ARCH_RSP]);
		line_end(col, t, sf, x->exit->pc, &hit->regs);
		read_memory(&col->reader, hit, control_memory(col->control));
		const struct step_code *code = step_code_at(col, x->exit->pc);
		if (x->exit->kind == EXIT_RET) {
			struct step_ran ret = {
				.code = code,
				.how = STEP_RAN,
				.rsp_before = sf->rsp,
				.rsp_after = f->cfa,
			};
			insn_tell(col, t, sf, &ret);
		}
		t->now.told_ret = x->exit->kind == EXIT_RET;
		t->now.tail = x->exit->kind != EXIT_RET;
	}
}

void step_popped(struct collector *col, pid_t tid, uint64_t seq)
{
	struct step_thread *t = col->step ? step_thread_of(col->step, tid) : NULL;
	struct step_frame *sf = t ? step_frame_of(t, seq) : NULL;
	if (!sf)
		return;
	step_drop_snapshot(t, sf);
	step_frame_deinit(sf);
	size_t at = (size_t)(sf - t->frames);
	memmove(sf, sf + 1, (--t->n_frames - at) * sizeof(*sf));
}

void step_hit_done(struct collector *col, const struct hit *hit)
{
	struct step_thread *t = stepped_thread(col, hit);
	if (!t)
		return;
	struct thread_stacks *ts = stacks_of(&col->stacks, hit->tid, hit->pid);
	drop_jumped_out(t, ts, hit->regs.r[ARCH_RSP]);
	go_on(col, t, ts, &hit->regs);
}
