/*
 * layout.c - who owns each byte of a function's frame: call frame information, variables and
 * instructions make claims; where nobody does there is padding, or nobody knows.
 */
#include "symbols/layout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "symbols/dwarf_constants.h"
#include "symbols/layout_private.h"
#include "symbols/private.h"

enum { OFF_MAX = 1 << 30 };

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

static bool is_near(int64_t off)
{
	return off > -OFF_MAX && off < OFF_MAX;
}

/* Where a row says that a caller's register is saved. */
static struct fact saved_at(const struct layout_maker *m, uint64_t pc, const struct cfi_rule *rule)
{
	struct fact at = {.kind = FACT_NOTHING};
	const struct dw_op *op = rule->ops;
	if (rule->kind == CFI_AT_CFA && is_near(rule->off))
		return (struct fact){.kind = FACT_FRAME, .n = rule->off};
	if (rule->kind == CFI_AT_EXPR && rule->n_ops == 1 && op->op >= DW_OP_breg0 &&
	    op->op < DW_OP_breg0 + ARCH_RIP && is_near((int64_t)op->a)) {
		at = flow_register(m->flow, pc, op->op - DW_OP_breg0);
		at.n += (int64_t)op->a;
	}
	return at;
}

static void claim_saved(struct layout_maker *m)
{
	for (size_t n = 0; n < m->n_rows && m->flow->trusts_rows; n++) {
		for (unsigned r = 0; r < ARCH_RIP; r++) {
			struct fact at = saved_at(m, m->rows[n].lo, &m->rows[n].rules[r]);
			struct layout_slot slot = {
				.owner = OWNER_SAVED_REGISTER,
				.name = arch_reg_name(r),
				.reg = r,
			};
			if (at.kind == FACT_FRAME && (at.n < 0 || at.realigned))
				claims_add(m, at.realigned, at.n, ARCH_WORD, RANK_SAVED, slot);
		}
	}
}

/* ---- the extent ---- */

/* The lowest place where a register is saved, if that is below rsp at the body. */
static bool is_wrapped(const struct layout_maker *m, struct fact *lowest)
{
	const struct area *a = &m->area[0];
	bool wrapped = false;
	for (size_t i = 0; i < a->claims.n && !lowest->realigned; i++) {
		if (a->claims.c[i].rank == RANK_SAVED && a->claims.c[i].lo < lowest->n) {
			wrapped = true;
			lowest->n = a->claims.c[i].lo;
		}
	}
	return wrapped;
}

/*
 * rsp when no arguments are being passed: at the body; but if the frame is built after it
 * (shrink-wrapped), at the calls.
 */
static struct fact fixed_rsp(const struct layout_maker *m)
{
	struct fact body = m->flow->body[ARCH_RSP], best = body;
	bool late = m->split && !body.realigned, found = false;
	if (!is_wrapped(m, &best) && !late)
		return body;
	if (late)
		best = m->flow->lowest;
	for (size_t n = 0; n < m->flow->n_calls; n++) {
		const struct fact *rsp = &m->flow->call[n].rsp;
		if (rsp->kind != FACT_FRAME || rsp->realigned != m->split ||
		    (!m->split && rsp->n >= body.n))
			continue; // before the frame is built
		if (!found || rsp->n > best.n)
			best = *rsp;
		found = true;
	}
	return best;
}

static void find_extent(struct layout_maker *m)
{
	const struct flow *f = m->flow;
	bool split = m->split;
	int64_t lowest = f->lowest.realigned == split ? f->lowest.n : split ? 0 : f->before_align.n;
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
	int64_t origin = a->realigned ? m->origin : 0;
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

uint32_t layout_line(const struct layout_maker *m, uint64_t pc, const char **ret_file)
{
	const struct plan_input *in = m->l->in;
	size_t at = line_row_at(in->lines, in->n_lines, pc), chunk = 0;
	while (chunk < in->n_chunks && pc - in->chunks[chunk].pc >= in->chunks[chunk].len)
		chunk++;
	if (at == SIZE_MAX || chunk == in->n_chunks || in->lines[at].end_sequence ||
	    in->lines[at].pc < in->chunks[chunk].pc)
		return 0;
	*ret_file = in->lines[at].file;
	return in->lines[at].line;
}

static void find_writer(const struct layout_maker *m, struct layout_slot *slot,
			const struct touch **by, size_t n)
{
	int64_t lo = slot->off + (slot->from_rsp ? m->origin : 0);
	int64_t hi = lo + slot->size, stored = lo;
	const struct touch *first = NULL;
	for (size_t i = layout_touch_near(by, n, lo); i < n && by[i]->off < hi; i++) {
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

static void find_source(const struct layout_maker *m, struct layout_slot *slot)
{
	if (!slot->writer)
		return;
	const struct inlined *of = layout_inlined_at(m, slot->writer);
	slot->line = layout_line(m, slot->writer, &slot->file);
	if (of && slot->owner == OWNER_SPILL && !slot->inlined)
		slot->inlined = of->name;
}

static void find_writers(const struct layout_maker *m, struct frame_layout *ret)
{
	for (unsigned part = 0; part < 2; part++) {
		size_t n;
		const struct touch **by = layout_touches(m, TOUCH_STORE, part, &n);
		for (size_t i = 0; i < ret->n; i++)
			if (ret->slots[i].from_rsp == part)
				find_writer(m, &ret->slots[i], by, n);
		free(by);
	}
	for (size_t i = 0; i < ret->n; i++)
		find_source(m, &ret->slots[i]);
}

/* ---- variables that share bytes ---- */

static bool is_named(const char *list, const char *name)
{
	size_t len = strlen(name);
	assert(len > 0);
	for (const char *at = list; (at = strstr(at, name)); at += len)
		if ((at == list || at[-1] == ' ') && (at[len] == ',' || !at[len]))
			return true;
	return false;
}

static void find_sharers(const struct layout_maker *m, struct layout_slot *slot)
{
	const struct area *a = &m->area[slot->from_rsp];
	int64_t lo = slot->off + (slot->from_rsp ? m->origin : 0);
	struct buf names;
	buf_init(&names);
	for (size_t i = 0; i < a->claims.n && names.len < 200; i++) {
		const struct claim *c = &a->claims.c[i];
		if (!c->slot.var || !c->slot.name || c->slot.var == slot->var || c->hi <= lo ||
		    c->lo >= lo + (int64_t)slot->size || is_named(names.s, c->slot.name) ||
		    (slot->var && slot->name && strcmp(c->slot.name, slot->name) == 0))
			continue;
		buf_printf(&names, names.len ? ", %s" : "%s", c->slot.name);
	}
	if (names.len)
		slot->shares = arena_strndup(m->arena, names.s, names.len);
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
	m->origin = m->split ? m->fixed.n : 0;
	layout_claim_variables(m);
	layout_claim_calls(m);
	layout_claim_touches(m);
	settle_top(&m->area[0]);
	cut_slots(m, &m->area[0], ret, &cap);
	if (m->split)
		cut_slots(m, &m->area[1], ret, &cap);
	find_writers(m, ret);
	for (size_t i = 0; i < ret->n; i++)
		if (ret->slots[i].owner <= OWNER_OUTGOING)
			find_sharers(m, &ret->slots[i]);
	layout_infer_names(m, ret);
}

enum ft_rc layout_make(const struct layout_input *in, struct frame_layout *ret)
{
	struct flow flow;
	struct frame_layout made = {.pc = in->pc};
	flow_init(&flow, in->l, in->plan);
	const struct fact *rsp = &flow.body[ARCH_RSP];
	struct layout_maker m = {
		.s = in->s,
		.f = in->f,
		.arena = in->arena,
		.l = in->l,
		.rows = in->rows,
		.n_rows = in->n_rows,
		.flow = &flow,
		.sig = in->l->in->sig,
		.pc = in->pc,
		.body = listing_find(in->l, in->plan->body),
		.split = flow.align && (rsp->realigned || !in->pc),
	};
	if (in->s && m.sig && symbols_inlines(in->s, in->f, &m.inlined, &m.n_inlined) == FT_FAIL)
		ft_error_clear(); // as if there were none
	bool known = rsp->kind == FACT_FRAME;
	if (known) {
		make(&m, &made);
		made.rsp_known = !m.split;
		made.late = m.split && !rsp->realigned;
		made.rsp_at_body = rsp->realigned ? 0 : (int32_t)rsp->n;
		made.fixed = (int32_t)(m.fixed.n - m.origin);
		made.lowest = (int32_t)(m.area[m.split].bottom - m.origin);
		made.align = m.split ? flow.align : 0;
		made.has_dynamic = flow.has_dynamic;
		*ret = made;
	}
	for (unsigned n = 0; n < 2; n++)
		free(m.area[n].claims.c);
	flow_deinit(&flow);
	return known ? FT_OK : FT_NONE;
}

/* ---- from the file ---- */

static struct cfi_row *rows_of(struct symbols *s, const struct function *f, size_t *ret_n)
{
	struct cfi_row *rows = NULL, row;
	size_t n = 0, cap = 0;
	for (size_t i = 0; i < f->n_ranges; i++) {
		for (uint64_t pc = f->ranges[i].lo; pc < f->ranges[i].hi; pc = row.hi) {
			if (n >= PLAN_ROWS_MAX || symbols_cfi_at(s, pc, &row) != FT_OK ||
			    row.hi <= pc)
				break;
			rows = xgrow(rows, n, &cap, sizeof(*rows));
			rows[n++] = row;
		}
	}
	*ret_n = n;
	return rows;
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
		struct layout_input in = {s, f, f->module->p->arena, &l, plan, NULL, 0, pc};
		struct cfi_row *rows = rows_of(s, f, &in.n_rows);
		in.rows = rows;
		rc = layout_make(&in, ret);
		free(rows);
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
