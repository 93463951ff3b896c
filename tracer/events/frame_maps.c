/*
 * frame_maps.c - pushes and pops get their frame maps; popped frames become ghosts.
 */
#include <stdlib.h>

#include "events/collector.h"

static void make(struct collector *col, struct stack *s, struct map_input *in)
{
	if (!s->ghosts)
		s->ghosts = ghosts_create();
	in->ghosts = s->ghosts;
	in->name_address = target_address_text;
	in->ctx = col->target;
	map_frame(&col->map, in);
}

void collect_map(struct collector *col, struct stack *s, const struct frame *f,
		 const struct traced_exit *x, const struct hit *hit, struct event *ev)
{
	const struct map_plan *plan = x ? x->map : f->fn->map;
	struct map *m = &col->map;
	ev->mapped = col->o.frames;
	if (!plan || !col->o.frames)
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
	if (!col->o.frames || ev->how == POP_EXIT)
		return;
	struct memory live = control_memory(col->control);
	const struct memory *mem = ev->pc ? &col->reader.memory : &live;
	struct map *m = &col->map;
	if (ev->n_slots == 0) {
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
