/*
 * gap.c - where slots can be mapped so that the program does not notice.
 *
 * Three things grow in an address space, each from an end of a hole between mappings:
 *
 *	0x10000 ... program, brk heap -->      <-- next mmap, libraries      <-- stack
 *
 * The heap begins behind the program's .bss, without a gap if addresses are not randomised, and may
 * not exist yet. New mappings go top-down into the highest hole that is large enough, so mostly
 * right below the lowest library. A place far below whatever ends a hole, and far above whatever
 * begins it, is met by neither.
 */
#include "memory/space.h"

#include <string.h>

static const uint64_t KIB = 1024, MIB = 1024 * KIB, GIB = 1024 * MIB;

enum { PAGE = 4096 };

struct hole {
	uint64_t lo, hi;
	const struct region *below, *above; // the mappings at its ends; NULL at the ends of all
};

struct wanted {
	uint64_t lo, hi, len;
	bool has_heap;
};

/* A jump has 32 signed bits; some are left for the lengths of instructions and the slots. */
static uint64_t reach(void)
{
	return 2 * GIB - MIB;
}

static bool is_named(const struct region *r, const char *name)
{
	return r && !strcmp(r->path, name);
}

/* May the brk heap grow up from the hole's lower end? Without a heap yet: from any program. */
static uint64_t keep_above(const struct hole *h, const struct wanted *w)
{
	const uint64_t top_down = 0x700000000000; // what lies above was placed by mmap(2)

	if (!h->below)
		return 0;
	if (w->has_heap)
		return is_named(h->below, "[heap]") ? GIB : 0;
	return h->below->lo < top_down ? GIB : 0;
}

/* The stack grows down into its hole; how far, only its rlimit knows. */
static bool is_stacks(const struct hole *h, uint64_t at)
{
	return !h->above || (is_named(h->above, "[stack]") && h->above->lo - at < 1024 * GIB);
}

/* The place in a hole that ends `distance` below its upper end. */
static bool place_in(const struct hole *h, const struct wanted *w, uint64_t distance, uint64_t *ret)
{
	uint64_t room = h->hi - h->lo, keep = keep_above(h, w);

	if (room < w->len || room - w->len < distance || room - w->len - distance < keep)
		return false;
	uint64_t at = h->hi - distance - w->len;
	uint64_t top = w->lo + reach() - w->len; // above the range: as far from the heap as can be
	if (at > top)
		at = top & -(uint64_t)PAGE;
	if (at < h->lo || at - h->lo < keep || (w->hi > at && w->hi - at > reach()) ||
	    is_stacks(h, at))
		return false;
	*ret = at;
	return true;
}

/* The hole below mapping i, or above all of them if i == n. */
static struct hole hole_below(const struct space *s, size_t i)
{
	const uint64_t lowest = 0x10000; // vm.mmap_min_addr, as distributions set it
	const uint64_t highest = 0x7ffffffff000;
	struct hole h = {.lo = lowest, .hi = highest};

	if (i > 0) {
		h.below = &s->r[i - 1];
		h.lo = h.below->hi > lowest ? h.below->hi : lowest;
	}
	if (i < s->n) {
		h.above = &s->r[i];
		h.hi = h.above->lo;
	}
	if (h.hi < h.lo)
		h.hi = h.lo;
	return h;
}

/* The nearest hole below the range that leaves this distance; then the nearest one above. */
static bool search(const struct space *s, const struct wanted *w, bool below, uint64_t distance,
		   uint64_t *ret)
{
	size_t at = 0;
	while (at < s->n && s->r[at].lo < w->lo)
		at++; // the first mapping of the range itself
	if (below) {
		for (size_t i = at + 1; i-- > 0;) {
			struct hole h = hole_below(s, i);
			if (h.hi <= w->lo && place_in(&h, w, distance, ret))
				return true;
		}
		return false;
	}
	for (size_t i = at; i <= s->n; i++) {
		struct hole h = hole_below(s, i);
		if (h.lo >= w->hi && place_in(&h, w, distance, ret))
			return true;
	}
	return false;
}

enum ft_rc space_gap_near(const struct space *s, uint64_t lo, uint64_t hi, uint64_t len,
			  uint64_t *ret)
{
	// Far below is best; 64 KiB below is what a program at 0x400000 leaves. Above is second
	// choice, touching a mapping the last.
	const struct {
		bool below;
		uint64_t distance;
	} tries[] = {
		{true, GIB},	   {true, 512 * MIB}, {true, 256 * MIB}, {true, 64 * MIB},
		{true, 16 * MIB},  {true, 4 * MIB},   {true, MIB},	 {true, 256 * KIB},
		{true, 64 * KIB},  {false, GIB},      {false, 64 * MIB}, {false, MIB},
		{false, 64 * KIB}, {true, 0},	      {false, 0},
	};
	struct wanted w = {.lo = lo, .hi = hi};

	if (lo >= hi || hi - lo > reach() || !len || len > reach())
		return FT_NONE;
	w.len = (len + PAGE - 1) & -(uint64_t)PAGE;
	for (size_t i = 0; i < s->n; i++)
		w.has_heap |= is_named(&s->r[i], "[heap]");
	for (size_t i = 0; i < FT_COUNT(tries); i++)
		if (search(s, &w, tries[i].below, tries[i].distance, ret))
			return FT_OK;
	return FT_NONE;
}
