/*
 * expr.c - the DWARF stack machine: from an expression to a place.
 *
 * A failure ends the piece it happens in, not the whole: of a struct split over registers the known
 * members are shown.
 */
#include "unwind/expr.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "unwind/dw_op.h"
#include "unwind/machine.h"
#include "unwind/register.h"

enum outcome machine_fail(struct machine *m, const char *why)
{
	m->why = why;
	return FAILED;
}

enum outcome machine_fail_with(struct machine *m, const char *fmt, ...)
{
	char *why = m->storage->why[m->n_pieces];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(m->storage->why[0]), fmt, ap);
	va_end(ap);
	return machine_fail(m, why);
}

enum outcome machine_push(struct machine *m, struct dw_value v)
{
	if (m->depth == EXPR_STACK)
		return machine_fail(m, "bad expression");
	m->stack[m->depth++] = v;
	return DONE;
}

static const char untyped[] = "operation on a type that is not computed with";

static enum outcome push(struct machine *m, uint64_t v)
{
	return machine_push(m, dw_generic(v));
}

bool machine_pop(struct machine *m, struct dw_value *ret)
{
	if (!m->depth)
		return false;
	*ret = m->stack[--m->depth];
	return true;
}

static enum outcome no_register(struct machine *m, uint64_t reg)
{
	const char *name = reg < ARCH_MAX ? arch_reg_name((unsigned)reg) : NULL;

	if (!name)
		return machine_fail(m, "bad expression");
	return machine_fail_with(m, "register %s not known here", name);
}

static enum outcome no_memory(struct machine *m, uint64_t addr)
{
	return machine_fail_with(m, "memory at 0x%llx not readable", (unsigned long long)addr);
}

static enum outcome push_register(struct machine *m, uint64_t reg, uint64_t off)
{
	uint64_t v;

	if (!register_uint(m->ctx, reg, &v))
		return no_register(m, reg);
	return push(m, v + off);
}

static enum outcome run_constant(struct machine *m, const struct dw_op *op)
{
	if (op->op >= DW_OP_lit0 && op->op <= DW_OP_lit31)
		return push(m, op->op - (uint64_t)DW_OP_lit0);
	switch (op->op) {
	case DW_OP_const1u:
		return push(m, (uint8_t)op->a);
	case DW_OP_const1s:
		return push(m, (uint64_t)(int8_t)op->a);
	case DW_OP_const2u:
		return push(m, (uint16_t)op->a);
	case DW_OP_const2s:
		return push(m, (uint64_t)(int16_t)op->a);
	case DW_OP_const4u:
		return push(m, (uint32_t)op->a);
	case DW_OP_const4s:
		return push(m, (uint64_t)(int32_t)op->a);
	case DW_OP_addr:
	case DW_OP_const8u:
	case DW_OP_const8s:
	case DW_OP_constu:
	case DW_OP_consts:
	case DW_OP_addrx:
	case DW_OP_constx:
	case DW_OP_GNU_addr_index:
	case DW_OP_GNU_const_index:
		return push(m, op->a);
	default:
		return NOT_MINE;
	}
}

static enum outcome pick(struct machine *m, uint64_t n)
{
	if (n >= m->depth)
		return machine_fail(m, "bad expression");
	return machine_push(m, m->stack[m->depth - 1 - n]);
}

/* The top `n` entries: the first of them moves to the top (swap), or down to their bottom (rot). */
static enum outcome turn(struct machine *m, size_t n)
{
	if (m->depth < n)
		return machine_fail(m, "bad expression");
	struct dw_value *s = &m->stack[m->depth - n], top = s[n - 1];
	memmove(s + 1, s, (n - 1) * sizeof(*s));
	s[0] = top;
	return DONE;
}

static enum outcome run_stack(struct machine *m, const struct dw_op *op)
{
	struct dw_value v;

	switch (op->op) {
	case DW_OP_nop:
	case DW_OP_GNU_uninit: // the variable may be uninitialised: its place is the same
		return DONE;
	case DW_OP_dup:
		return pick(m, 0);
	case DW_OP_over:
		return pick(m, 1);
	case DW_OP_pick:
		return pick(m, op->a);
	case DW_OP_drop:
		return machine_pop(m, &v) ? DONE : machine_fail(m, "bad expression");
	case DW_OP_swap:
		return turn(m, 2);
	case DW_OP_rot:
		return turn(m, 3);
	default:
		return NOT_MINE;
	}
}

static enum outcome run_unary(struct machine *m, const struct dw_op *op)
{
	struct dw_value type, v;
	const char *why;

	if (!machine_pop(m, &v))
		return machine_fail(m, "bad expression");
	switch (op->op) {
	case DW_OP_plus_uconst:
		why = dw_binary(DW_OP_plus, v, dw_as(v, op->a), &v);
		break;
	case DW_OP_convert:
	case DW_OP_reinterpret:
	case DW_OP_GNU_convert:
	case DW_OP_GNU_reinterpret:
		type = dw_generic(0);
		if (op->a && !dw_value_type(op->type_encoding, op->type_size, &type))
			why = untyped;
		else if (op->op == DW_OP_convert || op->op == DW_OP_GNU_convert)
			why = dw_convert(v, type, &v);
		else
			why = dw_reinterpret(v, type, &v);
		break;
	default:
		why = dw_unary(op->op, v, &v);
	}
	return why ? machine_fail(m, why) : machine_push(m, v);
}

static enum outcome run_binary(struct machine *m, const struct dw_op *op)
{
	struct dw_value a, b, v;

	if (!machine_pop(m, &b) || !machine_pop(m, &a))
		return machine_fail(m, "bad expression");
	const char *why = dw_binary(op->op, a, b, &v);
	return why ? machine_fail(m, why) : machine_push(m, v);
}

static enum outcome run_arithmetic(struct machine *m, const struct dw_op *op)
{
	switch (op->op) {
	case DW_OP_abs:
	case DW_OP_neg:
	case DW_OP_not:
	case DW_OP_plus_uconst:
	case DW_OP_convert:
	case DW_OP_reinterpret:
	case DW_OP_GNU_convert:
	case DW_OP_GNU_reinterpret:
		return run_unary(m, op);
	case DW_OP_and:
	case DW_OP_div:
	case DW_OP_minus:
	case DW_OP_mod:
	case DW_OP_mul:
	case DW_OP_or:
	case DW_OP_plus:
	case DW_OP_shl:
	case DW_OP_shr:
	case DW_OP_shra:
	case DW_OP_xor:
	case DW_OP_eq:
	case DW_OP_ge:
	case DW_OP_gt:
	case DW_OP_le:
	case DW_OP_lt:
	case DW_OP_ne:
		return run_binary(m, op);
	default:
		return NOT_MINE;
	}
}

/* Jumps by bytes, counted from the end of the operation, which is 3 bytes long. */
static enum outcome jump(struct machine *m, const struct dw_op *op)
{
	int64_t target = (int64_t)op->off + 3 + (int16_t)op->a;
	size_t to = 0, end = m->n_ops;

	while (to < end) { // offsets ascend: the first that is not below the target
		size_t mid = to + (end - to) / 2;
		if (m->ops[mid].off < target)
			to = mid + 1;
		else
			end = mid;
	}
	if (target < 0 || (to < m->n_ops && m->ops[to].off != target))
		return machine_fail(m, "bad expression");
	m->at = to; // the end is a target too
	return DONE;
}

static enum outcome run_flow(struct machine *m, const struct dw_op *op)
{
	struct dw_value v;

	switch (op->op) {
	case DW_OP_skip:
		return jump(m, op);
	case DW_OP_bra:
		if (!machine_pop(m, &v))
			return machine_fail(m, "bad expression");
		return v.v ? jump(m, op) : DONE;
	default:
		return NOT_MINE;
	}
}

static enum outcome deref(struct machine *m, uint64_t size, struct dw_value type)
{
	struct dw_value addr;
	unsigned __int128 v = 0;

	if (size < 1 || size > type.size || !machine_pop(m, &addr) || addr.class == DW_FLOAT)
		return machine_fail(m, "bad expression");
	if (!m->ctx->memory || !memory_read(m->ctx->memory, (uint64_t)addr.v, &v, size))
		return no_memory(m, (uint64_t)addr.v);
	return machine_push(m, dw_as(type, v));
}

static enum outcome run_memory(struct machine *m, const struct dw_op *op)
{
	struct dw_value type = dw_generic(0);

	switch (op->op) {
	case DW_OP_deref:
		return deref(m, 8, type);
	case DW_OP_deref_size:
		return deref(m, op->a, type);
	case DW_OP_deref_type:
	case DW_OP_GNU_deref_type:
		if (!dw_value_type(op->type_encoding, op->type_size, &type) || type.size != op->a)
			return machine_fail(m, untyped);
		return deref(m, op->a, type);
	default:
		return NOT_MINE;
	}
}

static enum outcome const_type(struct machine *m, const struct dw_op *op)
{
	struct dw_value type;
	unsigned __int128 v = 0;

	if (!dw_value_type(op->type_encoding, op->type_size, &type) || !op->block ||
	    type.size != op->a)
		return machine_fail(m, untyped);
	memcpy(&v, op->block, type.size);
	return machine_push(m, dw_as(type, v));
}

static enum outcome regval_type(struct machine *m, const struct dw_op *op)
{
	struct dw_value type;
	unsigned __int128 v = 0;

	if (!op->b && !op->type_size)
		return push_register(m, op->a, 0); // the generic type
	if (!dw_value_type(op->type_encoding, op->type_size, &type))
		return machine_fail(m, untyped);
	if (!register_bytes(m->ctx, op->a, 0, &v, type.size))
		return no_register(m, op->a);
	return machine_push(m, dw_as(type, v));
}

static enum outcome run_frame(struct machine *m, const struct dw_op *op)
{
	const struct expr_context *ctx = m->ctx;

	if (op->op >= DW_OP_breg0 && op->op <= DW_OP_breg31)
		return push_register(m, op->op - (uint64_t)DW_OP_breg0, op->a);
	switch (op->op) {
	case DW_OP_bregx:
		return push_register(m, op->a, op->b);
	case DW_OP_fbreg:
		if (!ctx->has_frame_base)
			return machine_fail(m, "frame base not known");
		return push(m, ctx->frame_base + op->a);
	case DW_OP_call_frame_cfa:
		return ctx->has_cfa ? push(m, ctx->cfa) : machine_fail(m, "CFA not known");
	case DW_OP_push_object_address:
		if (!ctx->has_object)
			return machine_fail(m, "object address not known");
		return push(m, ctx->object);
	case DW_OP_const_type:
	case DW_OP_GNU_const_type:
		return const_type(m, op);
	case DW_OP_regval_type:
	case DW_OP_GNU_regval_type:
		return regval_type(m, op);
	default:
		return NOT_MINE;
	}
}

static enum outcome locate(struct machine *m, struct place here)
{
	m->here = here;
	m->is_here = true;
	return DONE;
}

static enum outcome in_register(struct machine *m, uint64_t reg)
{
	uint8_t byte;

	if (!register_bytes(m->ctx, reg, 0, &byte, 1))
		return no_register(m, reg);
	return locate(m, (struct place){.kind = PLACE_REGISTER, .reg = (unsigned)reg});
}

static enum outcome run_location(struct machine *m, const struct dw_op *op)
{
	struct dw_value v;

	if (op->op >= DW_OP_reg0 && op->op <= DW_OP_reg31)
		return in_register(m, op->op - (uint64_t)DW_OP_reg0);
	switch (op->op) {
	case DW_OP_regx:
		return in_register(m, op->a);
	case DW_OP_stack_value:
		if (!machine_pop(m, &v))
			return machine_fail(m, "bad expression");
		return locate(m, (struct place){.kind = PLACE_VALUE,
						.value = (uint64_t)v.v,
						.high = (uint64_t)(v.v >> 64),
						.is_wide = v.size > 8});
	case DW_OP_implicit_value:
		if (!op->block && op->a)
			return machine_fail(m, "bad expression");
		return locate(
			m, (struct place){.kind = PLACE_BYTES, .block = op->block, .size = op->a});
	case DW_OP_implicit_pointer:
	case DW_OP_GNU_implicit_pointer:
		return locate(
			m, (struct place){.kind = PLACE_POINTER, .value = op->a, .address = op->b});
	default:
		return NOT_MINE;
	}
}

/* What is not evaluated, and why. */
static enum outcome run_rest(struct machine *m, const struct dw_op *op)
{
	switch (op->op) {
	case DW_OP_xderef:
	case DW_OP_xderef_size:
	case DW_OP_xderef_type:
		return machine_fail(m, "in another address space");
	default:
		return machine_fail_with(m, "DWARF operation 0x%02x not known", op->op);
	}
}

static enum outcome run(struct machine *m, const struct dw_op *op)
{
	static enum outcome (*const groups[])(struct machine *, const struct dw_op *) = {
		run_frame, run_constant, run_location,	run_stack, run_arithmetic,
		run_flow,  run_memory,	 machine_refer, run_rest,
	};
	enum outcome outcome = NOT_MINE;

	if (m->is_here && op->op != DW_OP_nop && op->op != DW_OP_GNU_uninit)
		return machine_fail(m, "bad expression");
	for (size_t i = 0; i < FT_COUNT(groups) && outcome == NOT_MINE; i++)
		outcome = groups[i](m, op);
	return outcome;
}

static struct place nowhere(const char *why)
{
	return (struct place){.kind = PLACE_NONE, .why = why};
}

/* The location that the operations so far describe. */
static struct place take_location(struct machine *m)
{
	struct place p = nowhere("optimised out");

	if (m->is_here)
		p = m->here;
	else if (m->depth)
		p = (struct place){.kind = PLACE_MEMORY,
				   .address = (uint64_t)m->stack[m->depth - 1].v};
	m->is_here = false;
	m->depth = 0;
	return p;
}

static bool is_piece(const struct dw_op *op)
{
	return op->op == DW_OP_piece || op->op == DW_OP_bit_piece;
}

/* DW_OP_piece: a bytes. DW_OP_bit_piece: a bits, from bit b of the place. */
static bool add_piece(struct machine *m, const struct dw_op *op, struct place p)
{
	if (m->n_pieces == EXPR_PIECES)
		return false;
	if (op->op == DW_OP_bit_piece) {
		p.bit_size = op->a;
		p.bit_offset = op->b;
	} else {
		if (p.kind == PLACE_BYTES && p.size < op->a)
			p = nowhere("bad expression");
		p.size = op->a;
	}
	m->storage->pieces[m->n_pieces++] = p;
	return true;
}

/* After a failure: the piece it belongs to is nowhere. False if there are no pieces. */
static bool skip_to_piece(struct machine *m)
{
	m->is_here = false;
	m->depth = 0;
	while (m->at < m->n_ops && !is_piece(&m->ops[m->at]))
		m->at++;
	return m->at < m->n_ops && add_piece(m, &m->ops[m->at++], nowhere(m->why));
}

static bool take_step(struct machine *m)
{
	if (!*m->steps)
		return false;
	--*m->steps;
	return true;
}

static struct place evaluate(struct machine *m)
{
	while (m->at < m->n_ops) {
		const struct dw_op *op = &m->ops[m->at++];
		if (!take_step(m))
			return nowhere("expression does not end");
		if (is_piece(op)) {
			if (!add_piece(m, op, take_location(m)))
				return nowhere("too many pieces");
		} else if (run(m, op) == FAILED && !skip_to_piece(m)) {
			return nowhere(m->why);
		}
	}
	if (!m->n_pieces)
		return m->is_here || m->depth ? take_location(m) : nowhere("bad expression");
	if (m->is_here || m->depth)
		return nowhere("bad expression");
	return (struct place){
		.kind = PLACE_PIECES, .pieces = m->storage->pieces, .n_pieces = m->n_pieces};
}

/* All operations, none of which makes a piece. */
static enum outcome run_all(struct machine *m)
{
	while (m->at < m->n_ops) {
		const struct dw_op *op = &m->ops[m->at++];
		if (!take_step(m))
			return machine_fail(m, "expression does not end");
		if (is_piece(op))
			return machine_fail(m, "bad expression");
		if (run(m, op) == FAILED)
			return FAILED;
	}
	return DONE;
}

enum outcome machine_call(struct machine *m, const struct dw_op *ops, size_t n)
{
	const struct dw_op *back = m->ops;
	size_t n_back = m->n_ops, at = m->at;

	if (m->nesting == EXPR_NESTING)
		return machine_fail(m, "expression does not end");
	m->nesting++;
	m->ops = ops;
	m->n_ops = n;
	m->at = 0;
	enum outcome outcome = run_all(m);
	m->ops = back;
	m->n_ops = n_back;
	m->at = at;
	m->nesting--;
	return outcome;
}

/* The stack, most of the machine, needs no clearing. */
static void machine_init(struct machine *m, const struct dw_op *ops, size_t n,
			 const struct expr_context *ctx, struct expr_storage *storage)
{
	m->ops = ops;
	m->n_ops = n;
	m->at = m->depth = m->n_pieces = 0;
	m->ctx = ctx;
	m->storage = storage;
	m->is_here = false;
	m->nesting = 0;
	m->why = NULL;
	if (ctx->push_object)
		m->stack[m->depth++] = dw_generic(ctx->object);
}

static bool start_inner(struct machine *inner, struct machine *m)
{
	inner->nesting = m->nesting + 1;
	inner->steps = m->steps;
	return inner->nesting <= EXPR_NESTING;
}

/* What a finished machine without pieces has come to. */
static bool machine_result(struct machine *m, struct dw_value *ret)
{
	unsigned __int128 wide = 0;

	if (m->is_here && m->here.kind == PLACE_VALUE && m->here.is_wide) {
		if (!place_read(&m->here, m->ctx, &wide, sizeof(wide)))
			return false;
		*ret = (struct dw_value){.v = wide, .size = sizeof(wide), .class = DW_UNSIGNED};
		return true;
	}
	if (!m->is_here)
		return machine_pop(m, ret);
	uint64_t v;
	if (!place_read(&m->here, m->ctx, &v, sizeof(v)))
		return false;
	*ret = dw_generic(v);
	return true;
}

bool machine_value(struct machine *m, const struct dw_op *ops, size_t n,
		   const struct expr_context *ctx, struct dw_value *ret)
{
	struct expr_storage storage;
	struct machine inner;

	machine_init(&inner, ops, n, ctx, &storage);
	if (!start_inner(&inner, m)) {
		machine_fail(m, "expression does not end");
		return false;
	}
	if (run_all(&inner) == FAILED) {
		machine_fail_with(m, "%s", inner.why);
		return false;
	}
	if (!machine_result(&inner, ret)) {
		machine_fail(m, "bad expression");
		return false;
	}
	return true;
}

void machine_place(struct machine *m, const struct dw_op *ops, size_t n,
		   struct expr_storage *storage, struct place *ret)
{
	struct machine inner;

	machine_init(&inner, ops, n, m->ctx, storage);
	*ret = start_inner(&inner, m) ? evaluate(&inner) : nowhere("expression does not end");
}

void expr_eval(const struct dw_op *ops, size_t n_ops, const struct expr_context *ctx,
	       struct expr_storage *storage, struct place *ret)
{
	struct machine m;
	unsigned steps = EXPR_STEPS;

	if (!n_ops) {
		*ret = nowhere("optimised out");
		return;
	}
	machine_init(&m, ops, n_ops, ctx, storage);
	m.steps = &steps;
	*ret = evaluate(&m);
}

bool expr_value(const struct dw_op *ops, size_t n_ops, const struct expr_context *ctx,
		uint64_t *ret)
{
	struct expr_storage storage;
	struct place p;

	expr_eval(ops, n_ops, ctx, &storage, &p);
	switch (p.kind) {
	case PLACE_MEMORY:
		*ret = p.address;
		return true;
	case PLACE_VALUE:
		*ret = p.value;
		return true;
	case PLACE_REGISTER:
		return register_uint(ctx, p.reg, ret);
	case PLACE_BYTES:
	case PLACE_POINTER:
	case PLACE_PIECES:
	case PLACE_NONE:
		return false;
	}
	return false;
}
