/*
 * layout.c - who owns each byte of a function's frame: call frame information, variables and
 * instructions make claims; where nobody does there is padding, or nobody knows.
 */
#include "symbols/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "symbols/dwarf_constants.h"
#include "symbols/layout_private.h"
#include "symbols/private.h"

enum { STORE_MAX = 512 }; // bytes that one instruction stores; larger ones are not looked at

const char *owner_name(enum owner owner)
{
	switch (owner) {
	case OWNER_STACK_ARGUMENT:
		return "stack argument";
	case OWNER_RETURN_ADDRESS:
		return "return address";
	case OWNER_SAVED_REGISTER:
		return "saved register";
	case OWNER_CANARY:
		return "canary";
	case OWNER_LOCAL:
		return "local";
	case OWNER_SPILL:
		return "spill";
	case OWNER_OUTGOING:
		return "outgoing argument";
	case OWNER_DYNAMIC:
		return "dynamic";
	case OWNER_PADDING:
		return "padding";
	case OWNER_RED_ZONE:
		return "red zone";
	case OWNER_UNKNOWN:
		return "unknown";
	case OWNER_COUNT:
		break;
	}
	return "?";
}

/* ---- claims of the machine ---- */

static void claim_return_address(struct layout_maker *m)
{
	claims_add(m, false, -ARCH_WORD, ARCH_WORD, RANK_MACHINE,
		   (struct layout_slot){.owner = OWNER_RETURN_ADDRESS, .reg = ARCH_NONE});
}

/* Where a row says that a caller's register is saved. */
static struct fact saved_at(const struct layout_maker *m, uint64_t pc, const struct cfi_rule *rule)
{
	struct fact at = {.kind = FACT_NOTHING};
	const struct dw_op *op = rule->ops;
	if (rule->kind == CFI_AT_CFA)
		return (struct fact){.kind = FACT_FRAME, .n = rule->off};
	if (rule->kind == CFI_AT_EXPR && rule->n_ops == 1 && op->op >= DW_OP_breg0 &&
	    op->op < DW_OP_breg0 + ARCH_RIP) {
		at = flow_register(m->flow, pc, op->op - DW_OP_breg0);
		at.n += (int64_t)op->a;
	}
	return at;
}

static void claim_saved(struct layout_maker *m)
{
	for (size_t n = 0; n < m->f->n_ranges && m->flow->trusts_rows; n++) {
		struct cfi_row row;
		for (uint64_t pc = m->f->ranges[n].lo; pc < m->f->ranges[n].hi; pc = row.hi) {
			if (symbols_cfi_at(m->s, pc, &row) != FT_OK || row.hi <= pc)
				break;
			for (unsigned r = 0; r < ARCH_RIP; r++) {
				struct fact at = saved_at(m, pc, &row.rules[r]);
				struct layout_slot slot = {
					.owner = OWNER_SAVED_REGISTER,
					.name = arch_reg_name(r),
					.reg = r,
				};
				if (at.kind == FACT_FRAME && (at.n < 0 || at.realigned))
					claims_add(m, at.realigned, at.n, ARCH_WORD, RANK_SAVED,
						   slot);
			}
		}
	}
}

/* ---- claims of the instructions ---- */

/* `push rax` in a prologue makes room; what it stores is nobody's. */
static bool makes_room(const struct layout_maker *m, const struct touch *t)
{
	return t->pushed && t->insn < m->body && t->source.kind == FACT_ENTRY &&
	       !arch_is_callee_saved(t->reg);
}

static int by_offset(const void *a, const void *b)
{
	const struct touch *const *x = a, *const *y = b;
	if ((*x)->off != (*y)->off)
		return (*x)->off < (*y)->off ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

/* The stores into one area, by offset; those at the same offset in order of the code. */
static const struct touch **stores_of(const struct layout_maker *m, bool realigned, size_t *ret_n)
{
	const struct touch **by = xcalloc(m->flow->n + 1, sizeof(*by));
	size_t n = 0;
	for (size_t k = 0; k < m->flow->n; k++) {
		const struct touch *t = &m->flow->touch[k];
		if (t->kind == TOUCH_STORE && t->realigned == realigned && t->size <= STORE_MAX &&
		    !makes_room(m, t))
			by[n++] = t;
	}
	qsort(by, n, sizeof(*by), by_offset);
	*ret_n = n;
	return by;
}

static void claim_spill(struct layout_maker *m, bool realigned, int64_t lo, int64_t hi,
			const struct touch *first)
{
	struct layout_slot slot = {
		.owner = !realigned && lo >= 0 ? OWNER_STACK_ARGUMENT : OWNER_SPILL,
		.reg = first->reg,
		.name = first->reg == ARCH_NONE ? NULL : arch_reg_name(first->reg),
	};
	if (slot.owner == OWNER_STACK_ARGUMENT)
		slot.name = NULL;
	claims_add(m, realigned, lo, hi - lo, RANK_SPILL, slot);
}

/* Stores that overlap are to one slot. */
static void claim_stores(struct layout_maker *m, bool realigned)
{
	size_t n;
	const struct touch **by = stores_of(m, realigned, &n);
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

/* Arguments that are read from the caller's stack although no variable is said to be there. */
static void claim_loads(struct layout_maker *m)
{
	for (size_t k = 0; k < m->flow->n; k++) {
		const struct touch *t = &m->flow->touch[k];
		if (t->kind == TOUCH_LOAD && !t->realigned && t->off >= 0)
			claims_add(m, false, t->off, t->size, RANK_LOADED,
				   (struct layout_slot){.owner = OWNER_STACK_ARGUMENT,
							.reg = ARCH_NONE});
	}
}

/* ---- the extent ---- */

/* rsp when no arguments are being passed: at the body, or at the calls of a shrink-wrapped one. */
static struct fact fixed_rsp(const struct layout_maker *m)
{
	struct fact body = m->flow->body[ARCH_RSP], best = body;
	const struct area *a = &m->area[0];
	bool wrapped = false, found = false;
	for (size_t i = 0; i < a->claims.n; i++)
		wrapped |= a->claims.c[i].rank == RANK_SAVED && a->claims.c[i].lo < body.n;
	for (size_t n = 0; n < m->flow->n_calls && wrapped && !body.realigned; n++) {
		const struct fact *rsp = &m->flow->call[n].rsp;
		if (rsp->kind != FACT_FRAME || rsp->realigned || rsp->n >= body.n)
			continue;
		if (!found || rsp->n > best.n)
			best = *rsp;
		found = true;
	}
	return best;
}

static void find_extent(struct layout_maker *m)
{
	const struct flow *f = m->flow;
	const struct fact *body = &f->body[ARCH_RSP];
	bool split = body->kind == FACT_FRAME && body->realigned;
	int64_t lowest = f->lowest.realigned == split ? f->lowest.n : body->n;
	struct area *cfa = &m->area[0], *low = &m->area[1];
	cfa->top = INT32_MAX / 2;
	cfa->bottom = split ? f->before_align.n : lowest;
	cfa->floor = split ? cfa->bottom : cfa->bottom - ARCH_RED_ZONE;
	low->realigned = true;
	low->bottom = split ? lowest : 0;
	low->floor = split ? lowest - ARCH_RED_ZONE : 0;
}

/* The highest argument ends the frame at the top. */
static void settle_top(struct area *a)
{
	a->top = 0;
	for (size_t i = 0; i < a->claims.n; i++)
		if (a->claims.c[i].hi > a->top)
			a->top = a->claims.c[i].hi;
	a->top = (a->top + ARCH_WORD - 1) / ARCH_WORD * ARCH_WORD;
}

/* ---- cells become slots ---- */

static void add_slot(struct frame_layout *l, size_t *cap, struct layout_slot slot)
{
	l->slots = xgrow(l->slots, l->n, cap, sizeof(*l->slots));
	l->slots[l->n++] = slot;
}

static bool joins(const struct area *a, const struct cell *high, const struct cell *low)
{
	if (high->by || low->by)
		return high->by == low->by;
	return high->owner == low->owner && high->lo != a->bottom && high->lo != 0;
}

static void cut_slots(const struct layout_maker *m, const struct area *a, struct frame_layout *ret,
		      size_t *cap)
{
	size_t n;
	struct cell *cells = claims_cells(m, a, &n);
	claims_reach(m, a, cells, n);
	int64_t origin = a->realigned ? m->flow->body[ARCH_RSP].n : 0;
	for (size_t i = n; i-- > 0;) {
		size_t high = i;
		while (i > 0 && joins(a, &cells[i], &cells[i - 1]))
			i--;
		struct layout_slot slot = {.reg = ARCH_NONE};
		if (cells[i].by) {
			slot = cells[i].by->slot;
			slot.var_off += (uint32_t)(cells[i].lo - cells[i].by->lo);
		}
		slot.owner = cells[i].owner;
		slot.off = (int32_t)(cells[i].lo - origin);
		slot.size = (uint32_t)(cells[high].hi - cells[i].lo);
		slot.from_rsp = a->realigned;
		add_slot(ret, cap, slot);
		int64_t lo = cells[i].lo > a->bottom ? cells[i].lo : a->bottom;
		int64_t hi = cells[high].hi < 0 || a->realigned ? cells[high].hi : 0;
		if (hi > lo)
			ret->bytes[slot.owner] += (uint32_t)(hi - lo);
	}
	free(cells);
}

/* ---- who writes a slot ---- */

static void find_writer(const struct layout_maker *m, struct layout_slot *slot,
			const struct touch **by, size_t n)
{
	int64_t lo = slot->off + (slot->from_rsp ? m->flow->body[ARCH_RSP].n : 0);
	int64_t hi = lo + slot->size, stored = lo;
	const struct touch *first = NULL;
	size_t from = 0, to = n;
	while (from < to) {
		size_t mid = from + (to - from) / 2;
		if (by[mid]->off + STORE_MAX <= lo)
			from = mid + 1;
		else
			to = mid;
	}
	for (size_t i = from; i < n && by[i]->off < hi; i++) {
		const struct touch *t = by[i];
		if (t->off + t->size <= lo)
			continue;
		if (!first || t->insn < first->insn)
			first = t;
		if (t->insn < m->body && t->off <= stored && t->off + t->size > stored)
			stored = t->off + t->size;
	}
	slot->at_body = stored >= hi || slot->owner == OWNER_RETURN_ADDRESS ||
			slot->owner == OWNER_STACK_ARGUMENT;
	slot->writer = first ? m->l->insn[first->insn].pc : 0;
}

static void find_writers(const struct layout_maker *m, struct frame_layout *ret)
{
	struct line_row row;
	for (unsigned part = 0; part < 2; part++) {
		size_t n;
		const struct touch **by = stores_of(m, part, &n);
		for (size_t i = 0; i < ret->n; i++)
			if (ret->slots[i].from_rsp == part)
				find_writer(m, &ret->slots[i], by, n);
		free(by);
	}
	for (size_t i = 0; i < ret->n; i++)
		if (ret->slots[i].writer &&
		    symbols_line_at(m->s, ret->slots[i].writer, &row) == FT_OK)
			ret->slots[i].line = row.line;
}

/* ---- variables that share bytes ---- */

static bool is_named(const char *list, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = list; (at = strstr(at, name)); at += len)
		if ((at == list || at[-1] == ' ') && (at[len] == ',' || !at[len]))
			return true;
	return false;
}

static void find_sharers(const struct layout_maker *m, struct layout_slot *slot)
{
	const struct area *a = &m->area[slot->from_rsp];
	int64_t lo = slot->off + (slot->from_rsp ? m->flow->body[ARCH_RSP].n : 0);
	struct buf names;
	buf_init(&names);
	for (size_t i = 0; i < a->claims.n && names.len < 200; i++) {
		const struct claim *c = &a->claims.c[i];
		if (!c->slot.var || c->slot.var == slot->var || c->hi <= lo ||
		    c->lo >= lo + (int64_t)slot->size || is_named(names.s, c->slot.name) ||
		    (slot->var && strcmp(c->slot.name, slot->name) == 0))
			continue;
		buf_printf(&names, names.len ? ", %s" : "%s", c->slot.name);
	}
	if (names.len)
		slot->shares = arena_strndup(m->f->module->p->arena, names.s, names.len);
	buf_deinit(&names);
}

/* ---- all of it ---- */

static void make(struct layout_maker *m, struct frame_layout *ret)
{
	size_t cap = 0;
	find_extent(m);
	claim_return_address(m);
	claim_saved(m);
	m->fixed = fixed_rsp(m);
	layout_claim_variables(m);
	layout_claim_calls(m);
	claim_stores(m, false);
	claim_stores(m, true);
	claim_loads(m);
	settle_top(&m->area[0]);
	cut_slots(m, &m->area[0], ret, &cap);
	if (m->area[1].floor < 0)
		cut_slots(m, &m->area[1], ret, &cap);
	find_writers(m, ret);
	for (size_t i = 0; i < ret->n; i++)
		if (ret->slots[i].owner <= OWNER_OUTGOING)
			find_sharers(m, &ret->slots[i]);
}

static enum ft_rc with_listing(struct symbols *s, struct function *f, const struct listing *l,
			       const struct frame_plan *plan, uint64_t pc, struct frame_layout *ret)
{
	struct flow flow;
	struct frame_layout made = {.pc = pc};
	flow_init(&flow, l, plan);
	struct layout_maker m = {
		.s = s, .f = f, .l = l, .flow = &flow, .sig = l->in->sig, .pc = pc};
	m.body = listing_find(l, plan->body);
	bool known = flow.body[ARCH_RSP].kind == FACT_FRAME;
	if (known) {
		make(&m, &made);
		bool split = flow.body[ARCH_RSP].realigned;
		int64_t origin = split ? flow.body[ARCH_RSP].n : 0;
		made.rsp_known = !split;
		made.rsp_at_body = split ? 0 : (int32_t)flow.body[ARCH_RSP].n;
		made.fixed = (int32_t)(m.fixed.n - origin);
		made.lowest = (int32_t)(m.area[split].bottom - origin);
		made.align = split ? flow.align : 0;
		made.has_dynamic = flow.has_dynamic;
		*ret = made;
	}
	for (unsigned n = 0; n < 2; n++)
		free(m.area[n].claims.c);
	flow_deinit(&flow);
	return known ? FT_OK : FT_NONE;
}

enum ft_rc frame_layout_init(struct symbols *s, struct function *f, const struct frame_plan *plan,
			     uint64_t pc, struct frame_layout *ret)
{
	struct gathered g;
	struct plan_input code;
	struct listing l;
	const char *why;
	struct disassembler *d = symbols_disassembler(s);
	if (!d)
		return FT_FAIL;
	enum ft_rc rc = plan_gather(s, f, &g, &code);
	if (rc == FT_OK)
		rc = listing_init(&l, d, &code, &why);
	if (rc == FT_OK) {
		rc = with_listing(s, f, &l, plan, pc, ret);
		listing_deinit(&l);
	}
	gathered_deinit(&g);
	return rc;
}

void frame_layout_deinit(struct frame_layout *l)
{
	free(l->slots);
	*l = (struct frame_layout){0};
}

const struct layout_slot *frame_layout_at(const struct frame_layout *l, uint64_t cfa,
					  uint64_t rsp_at_body, uint64_t addr)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct layout_slot *slot = &l->slots[i];
		uint64_t lo = (slot->from_rsp ? rsp_at_body : cfa) + (uint64_t)(int64_t)slot->off;
		if (addr - lo < slot->size)
			return slot;
	}
	return NULL;
}
