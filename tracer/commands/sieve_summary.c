/*
 * sieve_summary.c - the last event of a run with fewer functions: what was counted on the way.
 */
#include <stdlib.h>
#include <string.h>

#include "commands/sieve_private.h"

static const char *name_of(const struct sieve *s, size_t fn)
{
	return fn == SIZE_MAX ? NULL : s->fn[fn].name;
}

/* The stack that a row of the log tells of: by the mark that the row was made from. */
static const struct sieve_stack *stack_of_row(const struct sieve *s, const struct event_stack *row)
{
	for (size_t i = 0; i < s->n_stacks; i++) {
		const struct sieve_mark *was = &s->stacks[i].was;
		if (s->stacks[i].tid == row->tid && was->fn != SIZE_MAX &&
		    was->rsp == row->lowest && was->first_cfa == row->first_cfa)
			return &s->stacks[i];
	}
	return NULL;
}

static void keep_rows(struct sieve *s, const struct event_summary *was)
{
	size_t n = 0;
	s->rows = xreallocarray(s->rows, was->n_stacks + 1, sizeof(*s->rows));
	for (size_t i = 0; i < was->n_stacks; i++) {
		const struct sieve_stack *st = stack_of_row(s, &was->stacks[i]);
		if (!st || st->now.fn == SIZE_MAX)
			continue;
		s->rows[n] = was->stacks[i];
		s->rows[n].first_cfa = st->now.first_cfa;
		s->rows[n].lowest = st->now.rsp;
		s->rows[n].seq = st->now.seq;
		s->rows[n].depth = st->now.depth;
		s->rows[n].function = name_of(s, st->now.fn);
		n++;
	}
	s->sum.stacks = s->rows;
	s->sum.n_stacks = n;
}

// What was hidden by default does not match either, and a pattern goes before the default.
static void hide_by_filter(struct event_summary *sum)
{
	sum->hidden_filter +=
		sum->hidden_system + sum->hidden_std + sum->hidden_helper + sum->hidden_no_debug;
	sum->hidden_system = sum->hidden_std = sum->hidden_helper = sum->hidden_no_debug = 0;
}

const struct event_summary *sieve_summary(struct sieve *s, const struct event_summary *was)
{
	struct event_summary counted = s->sum;
	size_t hidden = 0;
	s->sum = *was;
	s->sum.pushed = counted.pushed;
	s->sum.popped = counted.popped;
	s->sum.left = counted.left;
	s->sum.too_deep = was->too_deep + counted.too_deep;
	s->sum.max_depth = counted.max_depth;
	s->sum.max_stack = counted.max_stack;
	s->sum.inlined = counted.inlined;
	s->sum.max_depth_function = name_of(s, s->max_depth_fn);
	s->sum.max_stack_function = name_of(s, s->max_stack_fn);
	for (size_t i = 0; i < s->n_fn; i++)
		hidden += s->fn[i].traced && !s->fn[i].wanted;
	hidden = hidden < was->traced ? hidden : was->traced;
	s->sum.traced -= hidden;
	s->sum.hidden_filter += hidden;
	if (s->selection->functions.n_positive || s->selection->sources.n_positive)
		hide_by_filter(&s->sum);
	keep_rows(s, was);
	if (was->heap)
		s->sum.heap = sieve_heap_summary(s, was->heap);
	return &s->sum;
}
