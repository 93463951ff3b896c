/*
 * at_signal.c - the traced frames of a thread as a signal finds them, with their variables: of a
 * signal that ends the process, and of a crash, also one that has a handler.
 */
#include <stdlib.h>

#include "events/collector.h"
#include "memory/process.h"
#include "memory/space.h"

enum {
	FRAMES_MAX = 64,   // looked at, traced or not: what is told does not depend on a filter
	VALUES_MAX = 8192, // variables of all of them
	CRASHES_MAX = 16,  // crashes looked at that need not be the end
};

struct met {
	const struct frame *f;
	struct unwind_frame walked; // with what the calls have left alone
	uint32_t known;		    // its registers that any call leaves alone
	bool is_settled;	    // what the code that it called has stored is known
	struct accessor *a;
	size_t n_args, n;
};

struct look {
	struct thread_stacks *t;
	struct met met[FRAMES_MAX];
	size_t n, n_values;
	struct memory memory;	   // of the process,
	uint64_t hole_lo, hole_hi; // but for this: nothing is mapped there
};

/* ---- where nobody may look ---- */

/*
 * A read below the main stack makes the kernel extend it, by our limit and not by the program's
 * (access_process_vm, mm/memory.c): the access that faulted would be good then.
 */
static void find_hole(struct look *l, const struct stop *stop)
{
	struct space space;
	if (!stop->has_fault || space_read(stop->tid, &space) != FT_OK) {
		ft_error_clear();
		return;
	}
	l->hole_hi = UINT64_MAX;
	for (size_t i = 0; i < space.n; i++) {
		const struct region *r = &space.r[i];
		if (r->hi <= stop->fault && r->hi > l->hole_lo)
			l->hole_lo = r->hi;
		if (r->lo > stop->fault && r->lo < l->hole_hi)
			l->hole_hi = r->lo;
	}
	if (space_at(&space, stop->fault))
		l->hole_lo = l->hole_hi = 0;
	space_deinit(&space);
}

static size_t read_beside_hole(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct look *l = ctx;
	if (addr >= l->hole_lo && addr < l->hole_hi)
		return 0;
	if (addr < l->hole_lo && len > l->hole_lo - addr)
		len = (size_t)(l->hole_lo - addr);
	return l->memory.read(l->memory.ctx, addr, buf, len);
}

/* ---- what is told ---- */

static bool is_wanted(struct collector *col, const struct stop *stop)
{
	if (!col->running)
		return false;
	if (process_dies_of(stop->pid, stop->signal))
		return true;
	return collect_is_crash(stop->signal) && col->crashes++ < CRASHES_MAX;
}

/*
 * The variables that a frame has where it is: arguments, and locals whose block it is in. Where
 * every store is seen, not those that nobody has stored to yet.
 */
static void choose_variables(struct collector *col, pid_t tid, struct met *m)
{
	const struct traced *fn = m->f->fn;
	uint64_t pc = frame_lookup_pc(&m->walked);
	const struct variable **vars = traced_variables(fn, target_plan(col->target));
	m->a = xcalloc(fn->n_args + fn->n_locals + 1, sizeof(*m->a));
	for (size_t i = 0; i < fn->n_args + fn->n_locals; i++) {
		bool is_arg = i < fn->n_args;
		if (!is_arg && !variable_in_scope(vars[i], pc))
			continue;
		if (m->is_settled && step_is_unwritten(col, tid, m->f->seq, vars[i]))
			continue;
		m->n_args += is_arg;
		m->a[m->n++] = accessor_make(fn, vars[i], pc, true);
	}
	free(vars);
}

static void walk(struct collector *col, struct look *l, const struct regs *regs)
{
	struct unwind_frame w = unwind_innermost(regs), kept = w, caller;
	bool is_settled = true;
	for (int i = 0; i < FRAMES_MAX && l->n_values < VALUES_MAX; i++) {
		bool moved = walk_outwards(col, &w, &caller);
		w.cfa = moved ? caller.regs.r[ARCH_RSP] : 0;
		const struct frame *f = frames_walked(l->t, &w);
		if (f) {
			struct met *m = &l->met[l->n++];
			*m = (struct met){
				.f = f, .walked = kept, .known = w.known, .is_settled = is_settled};
			if (col->o.locals) // else nobody is shown them
				choose_variables(col, l->t->tid, m);
			l->n_values += m->n;
		}
		if (!moved)
			return;
		is_settled = f != NULL;
		struct unwind_frame more = caller;
		unwind_keep(col->symbols, &kept, &more);
		kept = more;
		w = caller;
	}
}

/*
 * The registers that a variable may be in: in a caller those that a call may change only if it is
 * said to be there after the call, too. (A compiler ends the range at a call that changes them.)
 */
static uint32_t registers_for(const struct met *m, const struct variable *v)
{
	const struct location_entry *e;
	bool stays = location_at(&v->loc, frame_lookup_pc(&m->walked), &e) == FT_OK &&
		     e->hi > m->walked.pc;
	return stays ? m->walked.known : m->known;
}

static void read_values(struct collector *col, struct look *l, struct hit *hit)
{
	struct reader *r = &col->reader;
	uint64_t rsp = hit->regs.r[ARCH_RSP];
	read_walk(r, l->n_values);
	for (size_t i = 0, at = 0; i < l->n; at += l->met[i++].n) {
		const struct met *m = &l->met[i];
		hit->regs = m->walked.regs;
		hit->cfa = m->f->cfa;
		hit->has_fp &= i == 0 && m->walked.exact_pc; // callers' are lost
		read_memory(r, hit, (struct memory){read_beside_hole, l});
		for (size_t k = 0; k < m->n; k++) {
			read_walked(r, m->f, &m->walked, registers_for(m, m->a[k].var), &m->a[k],
				    hit, at + k, l->n_values);
			heap_note_change(col, l->t->tid, m->f, rsp, at + k, &r->values[at + k]);
		}
	}
}

static void describe(struct collector *col, const struct met *m, const struct event_value *v,
		     struct event_frame_at_signal *ret)
{
	const struct function *fn = m->f->fn->f;
	struct line_row row = {.file = fn->file};
	if (symbols_line_at(col->symbols, frame_lookup_pc(&m->walked), &row) == FT_FAIL)
		ft_error_clear();
	*ret = (struct event_frame_at_signal){
		.function = fn->name,
		.file = row.file,
		.line = row.line,
		.pc = m->walked.pc,
		.cfa = m->f->cfa,
		.pushed_seq = m->f->seq,
		.depth = m->f->depth,
		.args_known = m->f->fn->sig != NULL,
		.args = m->n_args ? v : NULL,
		.n_args = m->n_args,
		.locals = m->n > m->n_args ? v + m->n_args : NULL,
		.n_locals = m->n - m->n_args,
	};
}

/* Traced frames outside of the last one that was met; inside of it there are none but those. */
static uint64_t frames_left(const struct look *l)
{
	const struct frame *last = l->n ? l->met[l->n - 1].f : NULL;
	const struct stack *s = last ? stack_holding(l->t, last->cfa) : NULL;
	uint64_t n = 0;
	if (!last && l->t->n > 0)
		s = &l->t->s[l->t->current];
	for (size_t i = 0; s && i < s->n && (!last || s->f[i].cfa > last->cfa); i++)
		n += s->f[i].reported;
	return n;
}

static void tell(struct collector *col, struct look *l, const struct stop *stop,
		 const struct regs *regs, struct event *ev)
{
	struct hit *hit = xcalloc(1, sizeof(*hit));
	*hit = (struct hit){.tid = stop->tid, .pid = stop->pid, .held = true, .regs = *regs};
	enum ft_rc rc = control_fp(col->control, stop->tid, &hit->fp);
	hit->has_fp = rc == FT_OK;
	if (rc == FT_FAIL)
		ft_error_clear();
	walk(col, l, regs);
	read_values(col, l, hit);
	free(hit);
	struct event_frame_at_signal *frames =
		xreallocarray(col->at_signal, l->n + 1, sizeof(*frames));
	col->at_signal = frames;
	for (size_t i = 0, at = 0; i < l->n; at += l->met[i++].n) {
		describe(col, &l->met[i], col->reader.values + at, &frames[i]);
		free(l->met[i].a);
	}
	ev->frames = l->n ? frames : NULL;
	ev->n_frames = l->n;
	ev->more_frames = frames_left(l);
}

void frames_at_signal(struct collector *col, const struct stop *stop, struct event *ev)
{
	struct regs regs;
	if (!is_wanted(col, stop))
		return;
	if (control_regs(col->control, stop->tid, &regs) != FT_OK) {
		ft_error_clear(); // it is gone
		return;
	}
	regs.r[ARCH_RIP] = stop->pc;
	struct look *l = xcalloc(1, sizeof(*l));
	l->t = stacks_of(&col->stacks, stop->tid, stop->pid);
	l->memory = control_memory(col->control);
	find_hole(l, stop);
	tell(col, l, stop, &regs, ev);
	free(l);
}
