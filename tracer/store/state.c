/*
 * state.c - live frames and ghosts of each stack.
 *
 * A ghost is a frame that was popped; it ends when a frame is pushed onto any of its bytes. Frames
 * are pushed below the live ones, where the ghosts begin, so only the ghosts next to them can end,
 * and the ghosts of a stack never overlap.
 */
#include "store/state.h"

#include <stdlib.h>
#include <string.h>

void state_init(struct state *s)
{
	*s = (struct state){0};
}

static void stack_destroy(struct state_stack *k)
{
	free(k->live);
	free(k);
}

void state_clear(struct state *s)
{
	for (size_t i = 0; i < s->n; i++)
		stack_destroy(s->stacks[i]);
	s->n = 0;
}

void state_deinit(struct state *s)
{
	state_clear(s);
	free(s->stacks);
	*s = (struct state){0};
}

// From the end: threads that are new are at work.
static size_t find(const struct state *s, int64_t id)
{
	size_t i = s->n;
	while (i > 0 && s->stacks[i - 1]->id != id)
		i--;
	return i; // one more than its index
}

static void drop(struct state *s, size_t i)
{
	stack_destroy(s->stacks[i]);
	s->n--;
	memmove(s->stacks + i, s->stacks + i + 1, (s->n - i) * sizeof(*s->stacks));
}

// Stacks of threads that ended have nothing but ghosts: the oldest of them are forgotten.
static void limit_idle(struct state *s)
{
	size_t idle = 0;
	for (size_t i = 0; i < s->n; i++)
		idle += s->stacks[i]->n_live == 0;
	for (size_t i = 0; idle > STATE_IDLE && i < s->n;) {
		if (s->stacks[i]->n_live == 0) {
			drop(s, i);
			idle--;
		} else {
			i++;
		}
	}
}

struct state_stack *state_stack(struct state *s, int64_t id)
{
	size_t at = find(s, id);
	if (at)
		return s->stacks[at - 1];
	s->stacks = xgrow(s->stacks, s->n, &s->cap, sizeof(*s->stacks));
	struct state_stack *k = xcalloc(1, sizeof(*k));
	k->id = id;
	s->stacks[s->n++] = k;
	return k;
}

void state_add_live(struct state_stack *k, const struct state_frame *f)
{
	k->live = xgrow(k->live, k->n_live, &k->cap_live, sizeof(*k->live));
	k->live[k->n_live++] = *f;
}

void state_add_ghost(struct state_stack *k, const struct state_frame *f)
{
	if (k->n_ghosts == STATE_GHOSTS) {
		k->n_ghosts--;
		memmove(k->ghosts, k->ghosts + 1, k->n_ghosts * sizeof(*k->ghosts));
	}
	k->ghosts[k->n_ghosts++] = *f;
}

void state_push(struct state *s, int64_t stack, const struct state_frame *f)
{
	struct state_stack *k = state_stack(s, stack);
	while (k->n_ghosts > 0 && k->ghosts[k->n_ghosts - 1].cfa > f->rsp)
		k->n_ghosts--;
	state_add_live(k, f);
}

bool state_pop(struct state *s, int64_t stack, uint64_t pushed, uint64_t popped, bool exits)
{
	size_t at = find(s, stack);
	if (!at)
		return true;
	struct state_stack *k = s->stacks[at - 1];
	size_t i = k->n_live;
	while (i > 0 && k->live[i - 1].seq > pushed) // nearly always the first
		i--;
	if (!i || k->live[i - 1].seq != pushed)
		return true;
	struct state_frame f = k->live[i - 1];
	bool innermost = i == k->n_live;
	k->n_live--;
	memmove(k->live + i - 1, k->live + i, (k->n_live - (i - 1)) * sizeof(*k->live));
	f.popped = popped;
	if (exits)
		k->n_ghosts = 0;
	else if (innermost && f.rsp < f.cfa)
		state_add_ghost(k, &f);
	if (k->n_live > 0)
		return innermost;
	if (k->n_ghosts == 0)
		drop(s, at - 1);
	else
		limit_idle(s);
	return innermost;
}

const struct state_frame *state_top(const struct state *s, int64_t stack)
{
	size_t at = find(s, stack);
	const struct state_stack *k = at ? s->stacks[at - 1] : NULL;
	return k && k->n_live ? &k->live[k->n_live - 1] : NULL;
}
