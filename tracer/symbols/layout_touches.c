/*
 * layout_touches.c - what a function stores into its frame and loads from it: claims on its bytes.
 */
#include <stdlib.h>

#include "symbols/layout_private.h"

enum { STORE_MAX = 512 }; // bytes that one instruction touches; larger ones are not looked at

bool layout_makes_room(const struct layout_maker *m, const struct touch *t)
{
	if (!t->pushed || t->source.kind != FACT_ENTRY)
		return false;
	return t->insn < m->body ? !arch_is_callee_saved(t->reg) : t->source.reg == ARCH_RAX;
}

static int by_offset(const void *a, const void *b)
{
	const struct touch *const *x = a, *const *y = b;
	if ((*x)->off != (*y)->off)
		return (*x)->off < (*y)->off ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

const struct touch **layout_touches(const struct layout_maker *m, enum touch_kind kind,
				    bool realigned, size_t *ret_n)
{
	const struct touch **by = xcalloc(m->flow->n + 1, sizeof(*by));
	size_t n = 0;
	for (size_t k = 0; k < m->flow->n; k++) {
		const struct touch *t = &m->flow->touch[k];
		if (t->kind == kind && t->realigned == realigned && t->size <= STORE_MAX &&
		    !layout_makes_room(m, t))
			by[n++] = t;
	}
	qsort(by, n, sizeof(*by), by_offset);
	*ret_n = n;
	return by;
}

size_t layout_touch_near(const struct touch **by, size_t n, int64_t off)
{
	size_t from = 0, to = n;
	while (from < to) {
		size_t mid = from + (to - from) / 2;
		if (by[mid]->off + STORE_MAX <= off)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* What a store puts there, if it is something with a name. */
static const char *stored_name(const struct layout_maker *m, const struct touch *t)
{
	const struct insn *i = &m->l->insn[t->insn];
	if (t->source.kind == FACT_FRAME && !t->source.realigned && t->source.n == 0 &&
	    t->realigned)
		return "CFA"; // gcc keeps it where rsp is realigned
	if (t->pushed && i->op[0].kind == OPERAND_MEM && t->realigned && t->insn < m->body)
		return "return address, copied"; // so that a debugger finds it above rbp
	return t->reg == ARCH_NONE ? NULL : arch_reg_part_name(t->reg, t->size);
}

static void claim_spill(struct layout_maker *m, bool realigned, int64_t lo, int64_t hi,
			const struct touch *first)
{
	bool above = !realigned && lo >= 0;
	struct layout_slot slot = {
		.owner = above ? OWNER_STACK_ARGUMENT : OWNER_SPILL,
		.reg = above ? (unsigned)ARCH_NONE : first->reg,
		.name = above ? NULL : stored_name(m, first),
	};
	claims_add(m, realigned, lo, hi - lo, RANK_SPILL, slot);
}

/* Stores that overlap are to one slot. */
static void claim_stores(struct layout_maker *m, bool realigned)
{
	size_t n;
	const struct touch **by = layout_touches(m, TOUCH_STORE, realigned, &n);
	for (size_t i = 0; i < n;) {
		const struct touch *first = by[i];
		int64_t lo = by[i]->off, hi = lo + by[i]->size;
		for (; i < n && by[i]->off < hi; i++) {
			if (by[i]->off + by[i]->size > hi)
				hi = by[i]->off + by[i]->size;
			if (by[i]->insn < first->insn)
				first = by[i];
			if (by[i]->source.kind == FACT_CANARY)
				claims_add(m, realigned, by[i]->off, by[i]->size, RANK_MACHINE,
					   (struct layout_slot){.owner = OWNER_CANARY,
								.reg = ARCH_NONE});
		}
		claim_spill(m, realigned, lo, hi, first);
	}
	free(by);
}

/*
 * What is read although no variable is said to be there and nothing is stored: above the CFA an
 * argument, below it a temporary that a callee fills.
 */
static void claim_loads(struct layout_maker *m, bool realigned)
{
	size_t n, kept = 0;
	const struct touch **by = layout_touches(m, TOUCH_LOAD, realigned, &n);
	for (size_t i = 0; i < n; i++)
		if (m->l->insn[by[i]->insn].kind != INSN_POP) // it drops what a push made room for
			by[kept++] = by[i];
	for (size_t i = 0; i < kept;) {
		int64_t lo = by[i]->off, hi = lo + by[i]->size;
		for (; i < kept && by[i]->off < hi; i++)
			if (by[i]->off + by[i]->size > hi)
				hi = by[i]->off + by[i]->size;
		bool above = !realigned && lo >= 0;
		struct layout_slot slot = {
			.owner = above ? OWNER_STACK_ARGUMENT : OWNER_SPILL,
			.reg = ARCH_NONE,
		};
		claims_add(m, realigned, lo, hi - lo, RANK_LOADED, slot);
	}
	free(by);
}

void layout_claim_touches(struct layout_maker *m)
{
	claim_stores(m, false);
	claim_stores(m, true);
	claim_loads(m, false);
	claim_loads(m, true);
}
