/*
 * overflow.c - why a thread got SIGSEGV: it ran off its stack. Where the guard was, how deep, and
 * which functions call each other in turn.
 */
#include <signal.h>
#include <string.h>

#include "events/collector.h"
#include "events/cycle.h"
#include "memory/space.h"

enum {
	WALKED = 200, // innermost frames, where no traced ones tell of a cycle
	/* Code that probes the stack before it takes it touches it this far below rsp at most. */
	PROBE_MAX = 64 * 1024,
};

/* Frames innermost first: traced ones, or those that a walk met. */
struct frames {
	const struct frame *traced;
	const struct unwind_frame *walked;
	struct collector *col;
	size_t n;
	bool more; // the walk was not finished
};

static bool is_usable(const struct region *r)
{
	return r->r || r->w || r->x;
}

// The first that can be used behind an address that cannot.
static const struct region *next_above(const struct space *space, uint64_t addr)
{
	size_t i = 0;
	while (i < space->n && (space->r[i].hi <= addr || !is_usable(&space->r[i])))
		i++;
	return i < space->n && space->r[i].lo > addr ? &space->r[i] : NULL;
}

/*
 * A large frame can reach down past the stacks of other threads: the innermost return address lies
 * on the one that is meant.
 */
static const struct region *stack_of_caller(struct collector *col, const struct space *space,
					    const struct regs *regs)
{
	struct unwind_frame frame;
	if (walk_live(col, regs, &frame, 1) < 1 || frame.cfa < ARCH_WORD)
		return NULL;
	return space_at(space, frame.cfa - ARCH_WORD);
}

/*
 * The stack that the fault is below of, if the thread's rsp says that it meant to use it: rsp is in
 * that stack, or below it where nothing is.
 */
static const struct region *stack_meant(struct collector *col, const struct space *space,
					uint64_t fault, const struct regs *regs)
{
	uint64_t rsp = regs->r[ARCH_RSP];
	const struct region *next = next_above(space, fault), *at_rsp = space_at(space, rsp);
	if (!next || rsp > fault + PROBE_MAX)
		return NULL; // what is there can be used: the fault has another reason
	const struct region *stack = stack_of_caller(col, space, regs);
	if (!stack || stack->lo <= fault || !stack->w)
		stack = next;
	if (!stack->w || rsp > stack->hi)
		return NULL;
	return at_rsp && at_rsp != stack && is_usable(at_rsp) ? NULL : stack;
}

static uintptr_t frame_id(const void *ctx, size_t i)
{
	const struct frames *f = ctx;
	if (f->traced)
		return (uintptr_t)f->traced[f->n - 1 - i].fn;
	const struct unwind_frame *w = &f->walked[i];
	const struct address_name *name = w->exact_pc ? target_name(f->col->target, w->pc)
						      : target_return_name(f->col->target, w->pc);
	if (!name->function) // the place in the code stands for what has no name
		return (uintptr_t)w->pc;
	uintptr_t id = 5381; // two functions of one name are one: a name is all that is shown
	for (const char *s = name->function; *s; s++)
		id = id * 33 + (unsigned char)*s;
	return id;
}

static uint64_t frame_cfa(const struct frames *f, size_t i)
{
	return f->traced ? f->traced[f->n - 1 - i].cfa : f->walked[i].cfa;
}

static const char *frame_name(const struct frames *f, size_t i)
{
	if (f->traced)
		return f->traced[f->n - 1 - i].fn->f->name;
	const struct unwind_frame *w = &f->walked[i];
	const struct address_name *name = w->exact_pc ? target_name(f->col->target, w->pc)
						      : target_return_name(f->col->target, w->pc);
	if (name->function)
		return name->function;
	return name->symbol ? name->symbol : "?";
}

/* Names of one turn, outermost first, as a person reads the calls. */
static size_t fill_cycle(const struct frames *f, struct event_overflow *o, const char **names)
{
	struct cycle c;
	if (!cycle_find(frame_id, f, f->n, &c))
		return 0;
	// The outermost frame of the cycle begins it: that is where it was entered.
	size_t first = c.skip + c.turns * c.period - 1;
	for (size_t i = 0; i < c.period; i++)
		names[i] = xstrdup(frame_name(f, first - i));
	o->cycle = names;
	o->n_cycle = c.period;
	o->turns = c.turns;
	o->untold = c.skip;
	o->turn_bytes = frame_cfa(f, c.skip + c.period) - frame_cfa(f, c.skip); // turns: several
	return c.period;
}

/* The cycle among the traced frames; else, by a walk, among all. Returns how many names. */
static size_t find_cycle(struct collector *col, const struct stop *stop, const struct regs *regs,
			 struct event_overflow *o, const char **names)
{
	struct thread_stacks *t = stacks_of(&col->stacks, stop->tid, stop->pid);
	const struct stack *s = stack_holding(t, o->hi);
	struct frames f = {.col = col};
	if (s && s->n > 0) {
		f.traced = s->f;
		f.n = s->n;
		o->frames = f.n;
		size_t n = fill_cycle(&f, o, names);
		if (n > 0)
			return n;
	}
	struct unwind_frame *walked = xcalloc(WALKED, sizeof(*walked));
	f = (struct frames){.col = col, .walked = walked};
	f.n = walk_live(col, regs, walked, WALKED);
	size_t n = fill_cycle(&f, o, names);
	if (n > 0 || o->frames == 0) {
		o->frames = f.n;
		o->is_walk = true;
	}
	free(walked);
	return n;
}

static void tell(struct collector *col, const struct stop *stop, const struct regs *regs,
		 struct event_overflow *o)
{
	const char *names[CYCLE_MAX];
	size_t n = find_cycle(col, stop, regs, o, names);
	struct event ev = collect_event(col, EVENT_OVERFLOW, stop->pid, stop->tid, stop->time_ns);
	ev.overflow = o;
	ev.has_fault = true;
	ev.fault = stop->fault;
	ev.pc = stop->pc;
	ev.function = target_name(col->target, stop->pc)->function;
	collect_emit(col, &ev);
	for (size_t i = 0; i < n; i++)
		free((char *)names[i]);
}

static bool describe(struct collector *col, const struct stop *stop, const struct regs *regs,
		     const struct space *space, struct event_overflow *ret)
{
	const struct region *stack = stack_meant(col, space, stop->fault, regs);
	if (!stack)
		return false;
	*ret = (struct event_overflow){
		.is_main = strcmp(stack->path, "[stack]") == 0,
		.lo = stack->lo,
		.hi = stack->hi,
		.rsp = regs->r[ARCH_RSP],
		.limit = stack->hi - stack->lo,
	};
	if (ret->is_main) {
		stack_use_ask(&col->use, stop->pid);
		ret->limit = col->use.main_limit;
	} else if (stack > space->r && stack[-1].hi == stack->lo && !is_usable(&stack[-1])) {
		ret->guard = stack[-1].hi - stack[-1].lo;
	}
	return true;
}

void overflow_examine(struct collector *col, const struct stop *stop)
{
	struct regs regs;
	struct space space;
	struct event_overflow o;
	if ((stop->signal != SIGSEGV && stop->signal != SIGBUS) || !stop->has_fault)
		return;
	if (control_regs(col->control, stop->tid, &regs) != FT_OK ||
	    regs.r[ARCH_RSP] > stop->fault + PROBE_MAX || space_read(stop->tid, &space) != FT_OK) {
		ft_error_clear();
		return;
	}
	regs.r[ARCH_RIP] = stop->pc;
	if (describe(col, stop, &regs, &space, &o))
		tell(col, stop, &regs, &o);
	space_deinit(&space);
}
