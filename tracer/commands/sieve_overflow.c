/*
 * sieve_overflow.c - who called whom in turn when a stack overflowed: of the functions that are
 * left, as events/overflow.c looks for it; where those make no cycle, of all, as its walk does.
 */
#include <stdlib.h>
#include <string.h>

#include "commands/sieve_private.h"
#include "events/cycle.h"

enum { WALKED = 200 }; // innermost frames, as events/overflow.c

/* Frames, innermost first. */
struct calls {
	size_t n;
	struct {
		size_t fn;
		uint64_t cfa; // 0: not known, of a frame that was about to be pushed
	} * f;
};

static uintptr_t call_id(const void *ctx, size_t i)
{
	const struct calls *c = ctx;
	return c->f[i].fn;
}

static void add(struct calls *c, size_t fn, uint64_t cfa)
{
	c->f[c->n].fn = fn;
	c->f[c->n++].cfa = cfa;
}

// False: there is none; then nothing is changed but the number of frames.
static bool find_cycle(struct sieve *s, const struct calls *c, struct event_overflow *o)
{
	struct cycle found;
	if (!cycle_find(call_id, c, c->n, &found))
		return false;
	size_t first = found.skip + found.turns * found.period - 1;
	s->cycle = xreallocarray(s->cycle, found.period, sizeof(*s->cycle));
	for (size_t i = 0; i < found.period; i++)
		s->cycle[i] = s->fn[c->f[first - i].fn].name;
	o->cycle = s->cycle;
	o->n_cycle = found.period;
	o->turns = found.turns;
	o->untold = found.skip;
	size_t at = found.skip + (c->f[found.skip].cfa == 0);
	o->turn_bytes = 0;
	if (found.skip + found.period < c->n && at + found.period < c->n)
		o->turn_bytes = c->f[at + found.period].cfa - c->f[at].cfa;
	return true;
}

static const struct sieve_stack *stack_below(const struct sieve *s, int tid, uint64_t top)
{
	for (size_t i = 0; i < s->n_stacks; i++)
		if (s->stacks[i].tid == tid && s->stacks[i].top == top)
			return &s->stacks[i];
	return NULL;
}

// A walk meets the frame too that had no room: it was never pushed.
static void add_unpushed(struct sieve *s, const struct event *ev, const struct sieve_stack *st,
			 struct calls *c)
{
	const struct sieve_frame *top = &st->f[st->n - 1];
	const char *name = s->fn[top->fn].name;
	if (!ev->function || (strcmp(name, ev->function) == 0 && ev->overflow->rsp >= top->rsp))
		return;
	for (size_t i = st->n; i-- > 0;) {
		if (strcmp(s->fn[st->f[i].fn].name, ev->function) != 0)
			continue;
		add(c, st->f[i].fn, 0);
		return;
	}
}

void sieve_overflow(struct sieve *s)
{
	const struct event_overflow *was = s->ev.overflow;
	const struct sieve_stack *st = stack_below(s, s->ev.tid, was->hi);
	if (!st || st->n == 0 || st->n_wanted == st->n || was->is_walk)
		return;
	struct event_overflow *o = &s->ev_overflow;
	struct calls c = {.f = xcalloc(st->n + 1, sizeof(*c.f))};
	*o = *was;
	o->cycle = NULL;
	o->n_cycle = o->turns = o->turn_bytes = o->untold = 0;
	o->frames = st->n_wanted;
	for (size_t i = st->n; i-- > 0;)
		if (st->f[i].wanted)
			add(&c, st->f[i].fn, st->f[i].cfa);
	if (!find_cycle(s, &c, o)) {
		c.n = 0;
		add_unpushed(s, &s->ev, st, &c);
		for (size_t i = st->n; i-- > 0 && c.n < WALKED;)
			add(&c, st->f[i].fn, st->f[i].cfa);
		o->is_walk = find_cycle(s, &c, o) || o->frames == 0;
		if (o->is_walk)
			o->frames = c.n;
	}
	free(c.f);
	s->ev.overflow = o;
}
