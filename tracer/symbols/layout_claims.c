/*
 * layout_claims.c - overlapping claims become cells with one owner each.
 */
#include "symbols/layout_private.h"

#include <stdlib.h>

void claims_add(struct layout_maker *m, bool realigned, int64_t lo, int64_t size, enum rank rank,
		struct layout_slot slot)
{
	struct area *a = &m->area[realigned];
	int64_t hi = lo + size, cut = lo < a->floor ? a->floor - lo : 0;
	if (hi > a->top)
		hi = a->top;
	lo += cut;
	if (lo >= hi)
		return;
	slot.var_off += (uint32_t)cut;
	a->claims.c = xgrow(a->claims.c, a->claims.n, &a->claims.cap, sizeof(*a->claims.c));
	a->claims.c[a->claims.n++] = (struct claim){lo, hi, rank, slot};
}

static int by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* Better claims first; between equals the one that was made first. */
static int by_rank(const void *a, const void *b)
{
	const struct claim *const *x = a, *const *y = b;
	if ((*x)->rank != (*y)->rank)
		return (*x)->rank < (*y)->rank ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

/* Does the instruction make an address in this part of the frame? */
static bool is_address(const struct area *a, const struct touch *t)
{
	return (t->kind == TOUCH_ADDRESS || t->kind == TOUCH_INDEXED) &&
	       t->realigned == a->realigned && t->off >= a->floor && t->off < a->top && t->off < 0;
}

/* All places where the owner may change, each once. */
static int64_t *edges_of(const struct layout_maker *m, const struct area *a, size_t *ret_n)
{
	int64_t *e = xcalloc(m->flow->n + 2 * a->claims.n + 4, sizeof(*e));
	size_t n = 0, kept = 0;
	for (size_t i = 0; i < m->flow->n; i++)
		if (is_address(a, &m->flow->touch[i]))
			e[n++] = m->flow->touch[i].off;
	e[n++] = a->floor;
	e[n++] = a->bottom;
	e[n++] = a->top;
	if (a->floor < 0 && a->top > 0)
		e[n++] = 0;
	for (size_t i = 0; i < a->claims.n; i++) {
		e[n++] = a->claims.c[i].lo;
		e[n++] = a->claims.c[i].hi;
	}
	qsort(e, n, sizeof(*e), by_number);
	for (size_t i = 0; i < n; i++)
		if (!kept || e[i] != e[kept - 1])
			e[kept++] = e[i];
	*ret_n = kept;
	return e;
}

static size_t cell_at(const struct cell *cells, size_t n, int64_t off)
{
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (cells[mid].hi <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The first cell from i on that is still free; skips what is painted in one leap next time. */
static size_t next_free(size_t *skip, size_t i)
{
	size_t end = i;
	while (skip[end] != end)
		end = skip[end];
	while (skip[i] != end) {
		size_t next = skip[i];
		skip[i] = end;
		i = next;
	}
	return end;
}

static void paint(const struct area *a, struct cell *cells, size_t n)
{
	const struct claim **order = xcalloc(a->claims.n + 1, sizeof(*order));
	size_t *skip = xcalloc(n + 1, sizeof(*skip));
	for (size_t i = 0; i <= n; i++)
		skip[i] = i;
	for (size_t i = 0; i < a->claims.n; i++)
		order[i] = &a->claims.c[i];
	qsort(order, a->claims.n, sizeof(struct claim *), by_rank);
	for (size_t k = 0; k < a->claims.n; k++) {
		size_t i = next_free(skip, cell_at(cells, n, order[k]->lo));
		while (i < n && cells[i].lo < order[k]->hi) {
			cells[i].by = order[k];
			cells[i].owner = order[k]->slot.owner;
			skip[i] = i + 1;
			i = next_free(skip, i + 1);
		}
	}
	free(order);
	free(skip);
}

struct cell *claims_cells(const struct layout_maker *m, const struct area *a, size_t *ret_n)
{
	size_t n;
	int64_t *edges = edges_of(m, a, &n);
	struct cell *cells = xcalloc(n, sizeof(*cells));
	for (size_t i = 0; i + 1 < n; i++)
		cells[i] = (struct cell){
			.lo = edges[i],
			.hi = edges[i + 1],
			.owner = edges[i] < a->bottom ? OWNER_RED_ZONE : OWNER_PADDING,
		};
	*ret_n = n ? n - 1 : 0;
	paint(a, cells, *ret_n);
	free(edges);
	return cells;
}

/* ---- addresses whose extent nobody tells ---- */

/* What has a name ends where its type says; so do the machine's slots, and arguments. */
static bool is_wall(const struct cell *c)
{
	return c->by && c->by->rank <= RANK_OUTGOING;
}

static bool is_free(const struct cell *c)
{
	return !c->by && (c->owner == OWNER_PADDING || c->owner == OWNER_RED_ZONE);
}

void claims_reach(const struct layout_maker *m, const struct area *a, struct cell *cells, size_t n)
{
	uint8_t *from = xcalloc(n + 1, 1);
	for (size_t k = 0; k < m->flow->n; k++) {
		const struct touch *t = &m->flow->touch[k];
		if (!is_address(a, t))
			continue;
		size_t at = cell_at(cells, n, t->off);
		if (at < n && !is_wall(&cells[at]))
			from[at] |= t->kind == TOUCH_INDEXED ? 3 : 1;
	}
	bool reached = false;
	for (size_t i = 0; i < n; i++) { // upwards: an object lies above its address
		reached = !is_wall(&cells[i]) && cells[i].lo < 0 && (reached || (from[i] & 1));
		if (reached && is_free(&cells[i]))
			cells[i].owner = OWNER_UNKNOWN;
	}
	reached = false;
	for (size_t i = n; i-- > 0;) { // downwards too where an index may be negative
		bool goes_on = reached && cells[i].lo >= a->bottom;
		reached = !is_wall(&cells[i]) && (goes_on || (from[i] & 2));
		if (reached && is_free(&cells[i]))
			cells[i].owner = OWNER_UNKNOWN;
	}
	free(from);
}
