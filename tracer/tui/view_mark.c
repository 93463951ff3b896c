/*
 * view_mark.c - what is different from the position before.
 */
#include "tui/view.h"

#include <string.h>

static const struct view_frame *find_frame(const struct view *before, const struct view_frame *f)
{
	for (size_t i = 0; i < before->n_frames; i++) {
		const struct log_frame *old = &before->frames[i].f;
		if (old->pushed_seq == f->f.pushed_seq && old->cfa == f->f.cfa &&
		    old->tid == f->f.tid)
			return &before->frames[i];
	}
	return NULL;
}

static void mark_values(struct view_frame *f, const struct view_frame *old)
{
	for (size_t i = 0; i < f->n_values; i++) {
		struct view_value *now = &f->values[i];
		now->changed = true;
		for (size_t k = 0; k < old->n_values && now->changed; k++) {
			const struct event_value *was = &old->values[k].v;
			if (is_same_text(was->name, now->v.name) && was->address == now->v.address)
				now->changed = !is_same_text(was->value, now->v.value);
		}
	}
}

static void mark_slots(struct view_frame *f, const struct view_frame *old)
{
	size_t k = 0;

	// both run from high to low
	for (size_t i = 0; i < f->n_slots; i++) {
		struct view_slot *now = &f->slots[i];
		while (k < old->n_slots && old->slots[k].s.address > now->s.address)
			k++;
		if (k == old->n_slots || old->slots[k].s.address != now->s.address)
			continue;
		const struct event_slot *was = &old->slots[k].s;
		now->changed =
			!is_same_text(was->value, now->s.value) ||
			(was->bytes && now->s.bytes && !is_same_text(was->bytes, now->s.bytes));
	}
}

static void mark_frames(struct view *v, const struct view *before)
{
	for (size_t i = 0; i < v->n_frames; i++) {
		struct view_frame *f = &v->frames[i];
		const struct view_frame *old = find_frame(before, f);
		f->is_new = !old;
		if (!old || !old->detailed || !f->detailed)
			continue;
		mark_values(f, old);
		mark_slots(f, old);
	}
}

static bool has_block(const struct view *v, uint64_t number)
{
	for (size_t i = 0; i < v->n_blocks; i++)
		if (v->blocks[i].b.number == number && !v->blocks[i].gone)
			return true;
	return false;
}

/* New ones are marked; those that are gone are shown once more. */
static void mark_blocks(struct view *v, const struct view *before)
{
	struct view_block *all = view_alloc(v, v->n_blocks + before->n_blocks + 1, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < v->n_blocks; i++) {
		all[n] = v->blocks[i];
		all[n++].is_new = !has_block(before, v->blocks[i].b.number);
	}
	// going back it is not gone: it was not given out yet
	bool whole = v->seq >= before->seq && before->all_blocks <= VIEW_BLOCKS &&
		     v->all_blocks <= VIEW_BLOCKS;
	for (size_t i = 0; i < before->n_blocks && whole; i++) {
		const struct view_block *was = &before->blocks[i];
		if (was->gone || has_block(v, was->b.number))
			continue;
		all[n] = *was;
		all[n].b.call = view_keep(v, was->b.call);
		all[n].b.function = view_keep(v, was->b.function);
		all[n].b.file = view_keep(v, was->b.file);
		all[n].is_new = false;
		all[n++].gone = true;
	}
	v->blocks = all;
	v->n_blocks = n;
}

static void mark_registers(struct view *v, const struct view *before)
{
	for (size_t i = 0; i < v->n_registers && i < before->n_registers; i++)
		v->registers[i].changed = v->registers[i].r.value != before->registers[i].r.value;
}

static void mark_bands(struct view *v, const struct view *before)
{
	for (size_t i = 0; i < v->n_bands && before->n_bands; i++) {
		struct event_band *now = &v->bands[i].b;
		bool found = strcmp(now->name, "free") == 0;
		for (size_t k = 0; k < before->n_bands && !found; k++) {
			const struct event_band *was = &before->bands[k].b;
			found = was->lo == now->lo && was->hi == now->hi &&
				strcmp(was->name, now->name) == 0;
		}
		v->bands[i].changed = !found;
	}
}

void view_mark(struct view *v, const struct view *before)
{
	if (!before)
		return;
	if (!before->tid || before->tid == v->tid) { // else it is about other frames
		mark_frames(v, before);
		mark_registers(v, before);
	}
	mark_blocks(v, before);
	mark_bands(v, before);
	if (v->output_len > before->output_len)
		v->output_new = v->output_len - before->output_len;
}
