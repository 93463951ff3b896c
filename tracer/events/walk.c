#include <stdlib.h>

#include "base/buf.h"
#include "events/collector.h"
#include "events/inlines.h"

enum {
	WALK_MAX = 256,	 // frames shown and compared
	INLINES_AT = 64, // inlined calls of one frame
	NAMED_MAX = 1024 // frames and inlined calls shown
};

/*
 * The inlined calls that a frame is in come before it: they are what runs. One that begins at the
 * very instruction that comes next has not begun yet: it is told after the push.
 */
static size_t name_inlined(struct collector *col, const struct unwind_frame *f, size_t n)
{
	const struct inlined *calls[INLINES_AT];
	const struct function *in = NULL;
	size_t n_calls =
		inlines_at(col->symbols, f->exact_pc ? f->pc : f->pc - 1, calls, INLINES_AT, &in);

	for (size_t i = 0; i < n_calls && n < NAMED_MAX; i++) {
		if (f->exact_pc && calls[i]->entry == f->pc)
			continue;
		col->walk[n++] = (struct event_frame_of_walk){
			.pc = f->pc, .cfa = f->cfa, .symbol = calls[i]->name, .within = in->name};
	}
	return n;
}

void walk_name_inlined(struct collector *col, struct event *ev)
{
	const struct inlined *call;
	const struct function *in;

	if (inlines_at(col->symbols, ev->pc, &call, 1, &in) == 0)
		return;
	ev->function = call->name;
	ev->within = in->name;
}

static void name_frames(struct collector *col, size_t n_frames, struct event *ev)
{
	size_t n = 0;

	for (size_t i = 0; i < n_frames && n < NAMED_MAX; i++) {
		const struct unwind_frame *f = &col->unwound[i];
		const struct address_name *name = f->exact_pc
							  ? target_name(col->target, f->pc)
							  : target_return_name(col->target, f->pc);
		if (col->o.inlines)
			n = name_inlined(col, f, n);
		if (n < NAMED_MAX)
			col->walk[n++] = (struct event_frame_of_walk){
				.pc = f->pc,
				.cfa = f->cfa,
				.symbol = name->symbol ? name->symbol : ""};
	}
	ev->walk = col->walk;
	ev->n_walk = n;
}

void collect_verify(struct collector *col, const struct hit *hit, const struct event *ev)
{
	struct memory live = control_memory(col->control);
	struct buf why, note;
	buf_init(&why);
	buf_init(&note);
	col->verified++;
	if (!unwind_verify(col->symbols, &live, &hit->regs, &why)) {
		buf_printf(&note, "verify: in %s: %s", ev->function, why.s);
		col->mismatches++;
		collect_note(col, note.s);
	}
	buf_deinit(&note);
	buf_deinit(&why);
}

static size_t walk(struct collector *col, const struct hit *hit)
{
	return unwind_walk(col->symbols, &col->reader.memory, &hit->regs, col->unwound, WALK_MAX,
			   &col->unwind_end);
}

bool walk_outwards(struct collector *col, const struct unwind_frame *f, struct unwind_frame *ret)
{
	struct memory live = control_memory(col->control);
	bool moved = false;
	enum unwind_end end = unwind_step(col->symbols, &live, f, ret, &moved);
	if (moved || end != UNWIND_END_NO_CFI)
		return moved;
	target_name(col->target, f->pc);
	unwind_step(col->symbols, &live, f, ret, &moved);
	return moved;
}

size_t walk_live(struct collector *col, const struct regs *regs, struct unwind_frame *ret,
		 size_t max)
{
	struct memory live = control_memory(col->control);
	enum unwind_end end;
	size_t n = unwind_walk(col->symbols, &live, regs, ret, max, &end), before = 0;
	while (n > before && end == UNWIND_END_NO_CFI) {
		before = n;
		target_name(col->target, ret[n - 1].pc);
		n = unwind_walk(col->symbols, &live, regs, ret, max, &end);
	}
	return n;
}

void collect_walk(struct collector *col, const struct hit *hit, struct event *ev)
{
	if (!col->unwound) {
		col->unwound = xcalloc(WALK_MAX, sizeof(*col->unwound));
		col->walk = xcalloc(NAMED_MAX, sizeof(*col->walk));
	}
	size_t n = walk(col, hit), before = 0;
	// A walk stops in a module that nobody has opened yet: open it and walk on.
	while (n > before && col->unwind_end == UNWIND_END_NO_CFI) {
		before = n;
		target_name(col->target, col->unwound[n - 1].pc);
		n = walk(col, hit);
	}
	col->n_unwound = n;
	if (col->o.walk)
		name_frames(col, n, ev);
}
