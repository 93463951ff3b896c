#include "events/ranges.h"

#include <string.h>

// Kept sorted and disjoint: a new range swallows all that it touches or nearly touches.
void ranges_add(struct ranges *s, int64_t lo, int64_t hi)
{
	if (lo >= hi)
		return;
	size_t first = 0;
	while (first < s->n && s->r[first].hi + RANGES_GAP < lo)
		first++;
	size_t last = first;
	while (last < s->n && s->r[last].lo <= hi + RANGES_GAP) {
		lo = s->r[last].lo < lo ? s->r[last].lo : lo;
		hi = s->r[last].hi > hi ? s->r[last].hi : hi;
		last++;
	}
	if (last == first && s->n == RANGES_MAX) {
		s->overflow = true;
		return;
	}
	memmove(&s->r[first + 1], &s->r[last], (s->n - last) * sizeof(s->r[0]));
	s->n = s->n - (last - first) + 1;
	s->r[first].lo = lo;
	s->r[first].hi = hi;
}

void ranges_plan(struct ranges *s, struct capture_plan *plan)
{
	int64_t total = 0;
	for (unsigned i = 0; i < plan->n_follows; i++)
		total += plan->follows[i].len;
	plan->hold |= s->overflow;
	for (size_t i = 0; i < s->n; i++) {
		int64_t len = s->r[i].hi - s->r[i].lo;
		bool fits = plan->n_ranges < CAPTURE_RANGES && total + len <= CAPTURE_BYTES &&
			    s->r[i].lo >= INT32_MIN && s->r[i].hi <= INT32_MAX;
		if (!fits) {
			plan->hold = true;
			continue;
		}
		plan->ranges[plan->n_ranges++] =
			(struct capture_range){(int32_t)s->r[i].lo, (uint32_t)len};
		total += len;
	}
}
