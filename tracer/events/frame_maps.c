/*
 * frame_maps.c - pushes and pops get their frame maps; popped frames become ghosts.
 */
#include <stdlib.h>

#include "events/collector.h"
#include "events/step.h"

static void make(struct collector *col, struct stack *s, struct map_input *in)
{
	if (!s->ghosts)
		s->ghosts = ghosts_create();
	in->ghosts = s->ghosts;
	in->name_address = target_address_text;
	in->points_to = target_points_to;
	in->ctx = col->target;
	map_frame(&col->map, in);
}

// Which instruction stored there last, if each was looked at.
static void tell_writer(struct collector *col, const struct event *ev, const struct frame *f,
			struct event_slot *s)
{
	struct step_writer w;
	if (s->unwritten || !step_writer_at(col, ev->tid, f->seq, s->address, &w))
		return;
	s->writer = w.pc;
	s->writer_text = w.text;
	s->writer_line = w.line;
}

void collect_map(struct collector *col, struct stack *s, const struct frame *f,
		 const struct traced_exit *x, const struct hit *hit, struct event *ev)
{
	const struct map_plan *plan = x ? x->map : f->fn->map;
	struct map *m = &col->map;
	ev->mapped = col->o.frames;
	if (!plan || !col->o.ghosts)
		return;
	struct map_input in = {
		.plan = plan,
		.ev = ev,
		.rsp = f->rsp,
		.own = read_more(&col->reader, plan->own, plan->n_own, f, hit),
		.mem = &col->reader.memory,
		.regs = x ? &hit->regs : NULL,
	};
	make(col, s, &in);
	col->has_exit_map = x != NULL;
	if (!col->o.frames)
		return; // it was for the ghosts
	for (size_t i = 0; i < m->n; i++)
		tell_writer(col, ev, f, &m->slots[i]);
	ev->slots = m->slots;
	ev->n_slots = m->n;
	ev->frame_rsp = f->rsp;
	ev->elsewhere = m->elsewhere;
	ev->n_elsewhere = m->n_elsewhere;
	ev->ghosts = m->ghosts;
	ev->n_ghosts = m->n_ghosts;
}

/*
 * Who left without a return was not seen leaving: what is in the bytes now may be another's, so
 * they are told of by place only.
 */
void collect_ghosts(struct collector *col, struct stack *s, const struct frame *f,
		    const struct event *ev)
{
	bool has_map = col->has_exit_map && ev->pc != 0;
	col->has_exit_map = false;
	if (!col->o.ghosts || ev->how == POP_EXIT)
		return;
	struct memory live = control_memory(col->control);
	const struct memory *mem = ev->pc ? &col->reader.memory : &live;
	struct map *m = &col->map;
	if (!has_map) {
		if (!f->fn->map)
			return;
		struct event nothing = {.kind = EVENT_POP, .cfa = f->cfa};
		struct map_input in = {
			.plan = f->fn->map, .ev = &nothing, .rsp = f->rsp, .mem = mem};
		make(col, s, &in);
	}
	struct ghost_frame dead = {
		.function = ev->function,
		.pushed_seq = f->seq,
		.popped_seq = ev->seq,
		.slots = m->slots,
		.n_slots = m->n,
		.end = ev->how == POP_TAIL_CALL ? f->cfa - ARCH_WORD : f->cfa,
		.exact = ev->pc != 0,
	};
	ghosts_add(s->ghosts, &dead, mem);
}
