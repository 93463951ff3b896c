/*
 * code_range.c - which traced function a pc belongs to.
 */
#include <stdlib.h>

#include "events/target_private.h"

static int by_lo(const void *a, const void *b)
{
	const struct code_range *x = a, *y = b;
	return (x->lo > y->lo) - (x->lo < y->lo);
}

static void rebuild(struct target *t)
{
	size_t n = 0;
	for (size_t i = 0; i < t->n_traced; i++)
		n += t->traced[i]->f->n_ranges;
	free(t->ranges);
	t->ranges = xcalloc(n + 1, sizeof(*t->ranges));
	t->n_ranges = 0;
	for (size_t i = 0; i < t->n_traced; i++) {
		const struct function *f = t->traced[i]->f;
		for (size_t k = 0; k < f->n_ranges; k++)
			t->ranges[t->n_ranges++] =
				(struct code_range){f->ranges[k].lo, f->ranges[k].hi, t->traced[i]};
	}
	qsort(t->ranges, t->n_ranges, sizeof(*t->ranges), by_lo);
	t->ranges_stale = false;
}

struct traced *target_traced_at(struct target *t, uint64_t pc)
{
	if (t->ranges_stale)
		rebuild(t);
	size_t lo = 0, hi = t->n_ranges; // the last range that begins at or before pc
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (t->ranges[mid].lo <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 && pc < t->ranges[lo - 1].hi ? t->ranges[lo - 1].fn : NULL;
}
