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

bool machine_pop(struct machine *m, struct dw_value *ret)
{
	if (!m->depth)
		return false;
	*ret = m->stack[--m->depth];
	return true;
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
		} else if (machine_operate(m, op) == FAILED && !skip_to_piece(m)) {
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
		if (machine_operate(m, op) == FAILED)
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
