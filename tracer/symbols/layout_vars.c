/*
 * layout_vars.c - from DWARF locations to claims on bytes of the frame.
 */
#include "symbols/layout_private.h"

#include "symbols/dwarf_constants.h"
#include "symbols/private.h"

enum { VARIABLE_MAX = 1 << 30 }; // bytes

/* A register as a location without a range means it: with the whole frame built. */
static struct fact in_frame(const struct layout_maker *m, unsigned reg)
{
	const struct fact *body = &m->flow->body[reg];
	const struct plan_input *in = m->l->in;
	if (reg == ARCH_RSP)
		return m->fixed;
	for (size_t n = 0; n < in->n_rows && reg == ARCH_RBP && body->kind != FACT_FRAME; n++)
		if (in->rows[n].known && in->rows[n].cfa.reg == reg && !in->rows[n].cfa.deref)
			return (struct fact){.kind = FACT_FRAME, .n = -in->rows[n].cfa.off};
	return *body;
}

/* Where something in memory is, as far as the files tell. */
static struct fact base_of(const struct layout_maker *m, const struct location_entry *e,
			   const struct dw_op *op)
{
	struct fact at = {.kind = FACT_NOTHING};
	bool whole = e->lo == 0 && e->hi == UINT64_MAX;
	int64_t off = (int64_t)op->a;
	if (op->op == DW_OP_fbreg) {
		at = m->base;
	} else if (op->op == DW_OP_call_frame_cfa) {
		at.kind = FACT_FRAME;
		off = 0;
	} else if (op->op >= DW_OP_breg0 && op->op < DW_OP_breg0 + ARCH_RIP) {
		unsigned reg = op->op - DW_OP_breg0;
		at = whole ? in_frame(m, reg) : flow_register(m->flow, e->lo, reg);
	}
	if (at.kind != FACT_FRAME || off < -VARIABLE_MAX || off > VARIABLE_MAX)
		return (struct fact){.kind = FACT_NOTHING};
	at.n += off;
	return at;
}

static bool in_scope(const struct variable *v, const struct inlined *of, uint64_t pc)
{
	if (v->n_scope == 0 && of)
		return ranges_hold(of->ranges, of->n_ranges, pc);
	return variable_in_scope(v, pc);
}

static void claim_bytes(struct layout_maker *m, const struct variable *v, const struct inlined *of,
			const struct fact *at, uint64_t size, uint64_t var_off)
{
	bool above = !at->realigned && at->n >= 0;
	struct layout_slot slot = {
		.owner = above ? OWNER_STACK_ARGUMENT : OWNER_LOCAL,
		.name = v->name && *v->name ? v->name : NULL,
		.var = v,
		.var_off = (uint32_t)var_off,
		.reg = ARCH_NONE,
		.inlined = of ? of->name : NULL,
	};
	enum rank rank = !m->pc || in_scope(v, of, m->pc) ? RANK_IN_SCOPE : RANK_VARIABLE;
	if (size && size <= VARIABLE_MAX && (above || at->n + (int64_t)size <= 0 || at->realigned))
		claims_add(m, at->realigned, at->n, (int64_t)size, rank, slot);
}

/* The slot that holds where a variable is: a VLA's, or one passed by hidden reference. */
static void claim_pointer(struct layout_maker *m, const struct variable *v,
			  const struct inlined *of, const struct fact *at)
{
	struct layout_slot slot = {
		.owner = !at->realigned && at->n >= 0 ? OWNER_STACK_ARGUMENT : OWNER_SPILL,
		.name = arena_printf(m->arena, "&%s", v->name ? v->name : "?"),
		.reg = ARCH_NONE,
		.inlined = of ? of->name : NULL,
	};
	claims_add(m, at->realigned, at->n, ARCH_WORD, RANK_AREA, slot);
}

/* One location: a place, or pieces of which some are in the frame. */
static void claim_entry(struct layout_maker *m, const struct variable *v, const struct inlined *of,
			const struct location_entry *e)
{
	struct type *t = type_strip(v->type);
	uint64_t size = t ? t->size : 0, done = 0;
	if (e->n_ops == 2 && e->ops[1].op == DW_OP_deref) {
		struct fact at = base_of(m, e, &e->ops[0]);
		if (at.kind == FACT_FRAME)
			claim_pointer(m, v, of, &at);
		return;
	}
	for (size_t i = 0; i < e->n_ops && done <= size;) {
		size_t start = i;
		while (i < e->n_ops && e->ops[i].op != DW_OP_piece &&
		       e->ops[i].op != DW_OP_bit_piece)
			i++;
		bool piece = i < e->n_ops;
		if (piece && e->ops[i].op == DW_OP_bit_piece)
			return; // bytes shared with others
		uint64_t bytes = piece ? e->ops[i].a : size - done;
		if (bytes > size - done)
			bytes = size - done;
		struct fact at = base_of(m, e, &e->ops[start]);
		bool plus = i == start + 2 && e->ops[start + 1].op == DW_OP_plus_uconst &&
			    e->ops[start + 1].a <= VARIABLE_MAX;
		if (plus)
			at.n += (int64_t)e->ops[start + 1].a;
		if (at.kind == FACT_FRAME && (plus || i == start + 1))
			claim_bytes(m, v, of, &at, bytes, done);
		done += bytes;
		i++;
	}
}

static void claim_variable(struct layout_maker *m, const struct variable *v,
			   const struct inlined *of)
{
	const struct location_entry *e;
	if (v->is_static)
		return;
	if (m->pc && location_at(&v->loc, m->pc, &e) == FT_OK) {
		claim_entry(m, v, of, e);
		return;
	}
	for (size_t i = 0; i < v->loc.n && !m->pc; i++)
		claim_entry(m, v, of, &v->loc.e[i]);
}

/* gcc: the CFA; clang: rbp; rustc: rsp, as it is at the body. */
static struct fact frame_base(const struct layout_maker *m)
{
	const struct location_entry *e;
	struct fact none = {.kind = FACT_NOTHING};
	if (location_at(&m->sig->frame_base, m->flow->plan->body, &e) != FT_OK || e->n_ops != 1)
		return none;
	const struct dw_op *op = &e->ops[0];
	if (op->op >= DW_OP_reg0 && op->op < DW_OP_reg0 + ARCH_RIP)
		return in_frame(m, op->op - DW_OP_reg0);
	return base_of(m, e, op);
}

void layout_claim_variables(struct layout_maker *m)
{
	if (!m->sig)
		return;
	m->base = frame_base(m);
	for (size_t i = 0; i < m->sig->n_params; i++)
		claim_variable(m, &m->sig->params[i], NULL);
	for (size_t i = 0; i < m->sig->n_locals; i++)
		claim_variable(m, &m->sig->locals[i], NULL);
	for (size_t k = 0; k < m->n_inlined; k++) {
		const struct inlined *of = &m->inlined[k];
		for (size_t i = 0; i < of->n_params; i++)
			claim_variable(m, &of->params[i], of);
		for (size_t i = 0; i < of->n_locals; i++)
			claim_variable(m, &of->locals[i], of);
	}
}

const struct inlined *layout_inlined_at(const struct layout_maker *m, uint64_t pc)
{
	const struct inlined *inner = NULL;
	for (size_t k = 0; k < m->n_inlined; k++)
		if ((!inner || m->inlined[k].depth >= inner->depth) &&
		    ranges_hold(m->inlined[k].ranges, m->inlined[k].n_ranges, pc))
			inner = &m->inlined[k];
	return inner;
}
