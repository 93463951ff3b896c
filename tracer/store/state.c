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

struct state_stack *state_add_stack(struct state *s, int64_t id)
{
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
	size_t at = find(s, stack);
	struct state_stack *k = at ? s->stacks[at - 1] : state_add_stack(s, stack);
	while (k->n_ghosts > 0 && k->ghosts[k->n_ghosts - 1].cfa > f->rsp)
		k->n_ghosts--;
	state_add_live(k, f);
}

/* The live frame that `seq` pushed: nearly always the last. NULL: there is none. */
static struct state_frame *find_live(const struct state_stack *k, uint64_t seq)
{
	size_t lo = 0, hi = k->n_live;
	if (hi > 0 && k->live[hi - 1].seq == seq)
		return &k->live[hi - 1];
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (k->live[mid].seq < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	bool found = lo < k->n_live && k->live[lo].seq == seq && !k->live[lo].ended;
	return found ? &k->live[lo] : NULL;
}

bool state_pop(struct state *s, int64_t stack, uint64_t pushed, uint64_t popped, bool exits)
{
	size_t at = find(s, stack);
	struct state_stack *k = at ? s->stacks[at - 1] : NULL;
	struct state_frame *live = k ? find_live(k, pushed) : NULL;
	if (!live)
		return true;
	struct state_frame f = *live;
	bool innermost = live == &k->live[k->n_live - 1];
	live->ended = true;
	if (k->as_told > (size_t)(live - k->live))
		k->as_told = (size_t)(live - k->live);
	while (k->n_live > 0 && k->live[k->n_live - 1].ended)
		k->n_live--;
	f.popped = popped;
	if (exits)
		k->n_ghosts = 0;
	else if (innermost && f.rsp < f.cfa)
		state_add_ghost(k, &f);
	if (k->n_live == 0 && k->n_ghosts == 0)
		drop(s, at - 1);
	else if (k->n_live == 0)
		limit_idle(s);
	return innermost;
}

const struct state_frame *state_top(const struct state *s, int64_t stack)
{
	size_t at = find(s, stack);
	const struct state_stack *k = at ? s->stacks[at - 1] : NULL;
	return k && k->n_live ? &k->live[k->n_live - 1] : NULL;
}
