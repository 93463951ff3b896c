#include "events/stack.h"

#include <stdlib.h>

#include "events/ghosts.h"

static void thread_deinit(struct thread_stacks *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->s[i].f);
		free(t->s[i].mark.name);
		ghosts_destroy(t->s[i].ghosts);
	}
	free(t->s);
}

void stacks_deinit(struct stacks *s)
{
	for (size_t i = 0; i < s->n; i++)
		thread_deinit(&s->t[i]);
	free(s->t);
	s->t = NULL;
	s->n = s->cap = s->last = 0;
}

struct thread_stacks *stacks_of(struct stacks *s, pid_t tid, pid_t pid)
{
	if (s->last < s->n && s->t[s->last].tid == tid)
		return &s->t[s->last];
	for (size_t i = 0; i < s->n; i++) {
		if (s->t[i].tid != tid)
			continue;
		s->last = i;
		return &s->t[i];
	}
	s->t = xgrow(s->t, s->n, &s->cap, sizeof(*s->t));
	s->last = s->n;
	s->t[s->n] = (struct thread_stacks){.tid = tid, .pid = pid};
	return &s->t[s->n++];
}

void stacks_forget(struct stacks *s, pid_t tid)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->t[i].tid != tid)
			continue;
		thread_deinit(&s->t[i]);
		s->t[i] = s->t[--s->n];
		return;
	}
}

static bool holds(const struct stack *s, uint64_t cfa)
{
	return cfa > s->lo && cfa <= s->hi;
}

struct stack *stack_holding(struct thread_stacks *t, uint64_t cfa)
{
	for (size_t i = 0; i < t->n; i++)
		if (holds(&t->s[i], cfa))
			return &t->s[i];
	return NULL;
}

// Depth goes on counting where the stack that was left stood: a handler runs "in" its victim.
static uint32_t depth_to_go_on(struct thread_stacks *t)
{
	if (t->n == 0)
		return 0;
	struct frame *top = stack_top(&t->s[t->current]);
	return top ? top->depth + 1 : t->s[t->current].base_depth;
}

struct stack *stack_for(struct stacks *s, struct thread_stacks *t, uint64_t cfa)
{
	if (t->n > 0 && holds(&t->s[t->current], cfa))
		return &t->s[t->current];
	uint64_t lo = cfa - 1, hi = cfa;
	if (!s->region(s->ctx, cfa - 1, &lo, &hi))
		lo = cfa - 1; // nothing is mapped there (any more): a stack of its own
	uint32_t depth = depth_to_go_on(t);
	for (size_t i = 0; i < t->n; i++) {
		// The same stack, perhaps grown: regions of one stack share their upper end.
		if (t->s[i].hi != hi && !holds(&t->s[i], cfa))
			continue;
		if (lo < t->s[i].lo)
			t->s[i].lo = lo;
		if (t->s[i].n == 0)
			t->s[i].base_depth = depth;
		t->current = i;
		return &t->s[i];
	}
	t->s = xgrow(t->s, t->n, &t->cap, sizeof(*t->s));
	t->current = t->n;
	t->s[t->n] = (struct stack){.lo = lo, .hi = hi, .base_depth = depth};
	return &t->s[t->n++];
}

struct frame *stack_top(struct stack *s)
{
	return s->n > 0 ? &s->f[s->n - 1] : NULL;
}

struct frame *stack_push(struct stack *s, const struct frame *f)
{
	s->f = xgrow(s->f, s->n, &s->cap, sizeof(*s->f));
	s->f[s->n] = *f;
	if (s->n == 0)
		s->first_cfa = f->cfa;
	s->f[s->n].depth = s->base_depth + (uint32_t)s->n;
	return &s->f[s->n++];
}

void stack_pop(struct stack *s)
{
	s->n--;
}
