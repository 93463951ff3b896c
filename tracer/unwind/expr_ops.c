/*
 * expr_ops.c - what each operation does that stays within its frame (DWARF 5, sections 2.5
 * and 2.6).
 */
#include <string.h>

#include "unwind/dw_op.h"
#include "unwind/machine.h"
#include "unwind/register.h"

static const char untyped[] = "operation on a type that is not computed with";

static enum outcome push(struct machine *m, uint64_t v)
{
	return machine_push(m, dw_generic(v));
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

enum outcome machine_operate(struct machine *m, const struct dw_op *op)
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
