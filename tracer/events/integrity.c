/*
 * integrity.c - return addresses and canaries that are not what they were.
 *
 * A ret is looked at before it runs. At the signal of a crash the frames that a walk meets are
 * looked at; those that it does not meet may be gone, and their bytes another's.
 */
#include <string.h>

#include "events/collector.h"
#include "memory/space.h"
#include "symbols/layout.h"

enum {
	WALKED = 256,	    // innermost frames that are looked at when a signal comes
	EXAMINED_MAX = 64,  // such signals: a program may live with them
	EXPLAINED_MAX = 64, // alarms for which the overrun local is looked up
	CANARY_OFF = 0x28,  // from fs_base: stack_guard of tcbhead_t, as gcc and clang use it
};

struct damaged {
	const struct thread_stacks *t;
	const struct frame *f;
	const struct frame_layout *l; // NULL: not known
	uint64_t address;	      // of the bytes
	uint64_t old, now;
};

static uint64_t slot_address(const struct frame *f, const struct layout_slot *s)
{
	return (s->from_rsp ? f->rsp : f->cfa) + (uint64_t)(int64_t)s->off;
}

/* How likely it is written beyond its end: an array; what may hold one; not a number or pointer. */
static int overrun_rank(const struct layout_slot *s)
{
	struct type *t = s->var && s->var->type ? type_strip(s->var->type) : NULL;
	if (t && t->kind == TYPE_ARRAY)
		return 2;
	return t && (t->kind == TYPE_STRUCT || t->kind == TYPE_CLASS || t->kind == TYPE_UNION ||
		     t->kind == TYPE_VARIANTS);
}

/* What was written beyond its end, most likely: the nearest array below, or the nearest struct. */
static void find_overrun(const struct damaged *d, struct event_alarm *a)
{
	const struct layout_slot *best = NULL;
	for (size_t i = 0; d->l && i < d->l->n; i++) {
		const struct layout_slot *s = &d->l->slots[i];
		if (s->owner != OWNER_LOCAL || !s->var || (s->from_rsp && d->l->late) ||
		    slot_address(d->f, s) >= d->address)
			continue;
		if (overrun_rank(s) > (best ? overrun_rank(best) : 0))
			best = s;
	}
	if (!best)
		return;
	a->overrun = best->name;
	a->overrun_type = best->var->type ? best->var->type->shown : NULL;
	a->overrun_address = slot_address(d->f, best);
	a->overrun_size = best->size;
}

/* What a changed return address leads to. */
static void name_target(struct collector *col, struct event_alarm *a)
{
	struct space space;
	a->now_is = NULL;
	if (space_read(control_alive(col->control), &space) != FT_OK) {
		ft_error_clear();
		return;
	}
	const struct region *r = space_at(&space, a->now);
	a->now_is = !r ? "not mapped" : r->x ? "code" : "not code";
	if (r && r->x)
		a->now_symbol = target_name(col->target, a->now)->symbol;
	space_deinit(&space);
}

static void tell(struct collector *col, const struct damaged *d, enum alarm what,
		 struct traced_exit *x)
{
	struct event_alarm a = {
		.what = what,
		.address = d->address,
		.old = d->old,
		.now = d->now,
		.about_to_return = x != NULL,
	};
	struct event ev = frames_event(col, EVENT_ALARM, d->t, d->f);
	struct step_writer writer;
	ev.pushed_seq = d->f->seq;
	if (x)
		frames_at_exit(col, x, &ev);
	if (what == ALARM_RETURN_ADDRESS) {
		a.old_symbol = ev.return_symbol;
		name_target(col, &a);
	}
	find_overrun(d, &a);
	if (step_writer_at(col, d->t->tid, d->f->seq, d->address, &writer)) {
		a.writer = writer.pc;
		a.writer_text = writer.text;
		a.writer_line = writer.line;
	}
	ev.alarm = &a;
	collect_emit(col, &ev);
}

static bool layout_of(struct collector *col, const struct frame *f, struct frame_layout *ret)
{
	if (frame_layout_init(col->symbols, f->fn->f, &f->fn->plan, 0, ret) == FT_OK)
		return true;
	ft_error_clear();
	return false;
}

void integrity_at_exit(struct collector *col, const struct thread_stacks *t, const struct frame *f,
		       struct traced_exit *x, const struct hit *hit)
{
	struct memory mem = hit_memory(hit);
	struct damaged d = {.t = t, .f = f, .address = f->cfa - ARCH_WORD};
	// Where rsp is not at the slot it is no return address that will be used.
	if (f->return_address == 0 || hit->regs.r[ARCH_RSP] != d.address ||
	    !memory_read_uint(&mem, d.address, ARCH_WORD, &d.now) || d.now == f->return_address)
		return;
	struct frame_layout l;
	bool looked = col->explained < EXPLAINED_MAX && layout_of(col, f, &l);
	col->explained++;
	d.old = f->return_address;
	d.l = looked ? &l : NULL;
	tell(col, &d, ALARM_RETURN_ADDRESS, x);
	if (looked)
		frame_layout_deinit(&l);
}

/* ---- at a signal ---- */

/* The canary is there from the instruction on that stored it. */
static void check_canaries(struct collector *col, struct damaged *d, const struct unwind_frame *w,
			   const struct memory *mem, uint64_t canary)
{
	for (size_t i = 0; i < d->l->n; i++) {
		const struct layout_slot *s = &d->l->slots[i];
		if (s->owner != OWNER_CANARY || s->size != ARCH_WORD || (s->from_rsp && d->l->late))
			continue;
		if (!s->at_body && (s->writer == 0 || w->pc <= s->writer))
			continue;
		d->address = slot_address(d->f, s);
		d->old = canary;
		if (memory_read_uint(mem, d->address, ARCH_WORD, &d->now) && d->now != canary)
			tell(col, d, ALARM_CANARY, NULL);
	}
}

static void check_frame(struct collector *col, const struct thread_stacks *t, struct frame *f,
			const struct unwind_frame *w, uint64_t canary, bool has_canary)
{
	struct memory live = control_memory(col->control);
	struct frame_layout l;
	struct damaged d = {.t = t, .f = f};
	uint64_t seq = col->seq;
	bool has_layout = layout_of(col, f, &l);
	d.l = has_layout ? &l : NULL;
	if (has_layout && has_canary)
		check_canaries(col, &d, w, &live, canary);
	d.address = f->cfa - ARCH_WORD;
	d.old = f->return_address;
	if (f->return_address && memory_read_uint(&live, d.address, ARCH_WORD, &d.now) &&
	    d.now != d.old)
		tell(col, &d, ALARM_RETURN_ADDRESS, NULL);
	f->damage_told = col->seq != seq;
	if (has_layout)
		frame_layout_deinit(&l);
}

void integrity_at_signal(struct collector *col, const struct stop *stop)
{
	struct regs regs;
	if (!collect_is_crash(stop->signal) || col->examined == EXAMINED_MAX || !col->running)
		return;
	col->examined++;
	if (control_regs(col->control, stop->tid, &regs) != FT_OK) {
		ft_error_clear();
		return;
	}
	regs.r[ARCH_RIP] = stop->pc;
	struct thread_stacks *t = stacks_of(&col->stacks, stop->tid, stop->pid);
	struct memory live = control_memory(col->control);
	uint64_t canary = 0;
	bool has_canary = memory_read_uint(&live, regs.fs_base + CANARY_OFF, ARCH_WORD, &canary) &&
			  regs.fs_base != 0;
	struct unwind_frame *walked = xcalloc(WALKED, sizeof(*walked));
	size_t n = walk_live(col, &regs, walked, WALKED);
	for (size_t i = 0; i < n; i++) {
		struct frame *f = frames_walked(t, &walked[i]);
		if (f && !f->damage_told)
			check_frame(col, t, f, &walked[i], canary, has_canary);
	}
	free(walked);
}
