/*
 * machine.h - the inside of the DWARF stack machine (private to unwind/expr*.c).
 *
 * Owns:     nothing: it is what expr.c and expr_refer.c share.
 * Gives:    the machine under way, pushing and popping, running inner expressions.
 * Never:    is included by others.
 * Lifetime: a machine lives for one expression.
 */
#ifndef FT_MACHINE_H
#define FT_MACHINE_H

#include "unwind/arith.h"
#include "unwind/expr.h"

struct machine {
	const struct dw_op *ops;
	size_t n_ops, at; // at: the next operation
	const struct expr_context *ctx;
	struct expr_storage *storage;
	struct dw_value stack[EXPR_STACK];
	size_t depth;
	struct place here; // a location that is not the address on top of the stack
	bool is_here;	   // `here` is set: only the end or a piece may follow
	size_t n_pieces;
	unsigned nesting;
	unsigned *steps; // operations left, for this expression and all inner ones
	const char *why; // of the last failure
};

/* What a group of operations says about one operation. */
enum outcome { DONE, FAILED, NOT_MINE };

enum outcome machine_fail(struct machine *m, const char *why); // a text that lives on
/* In words made for the occasion: they go to the storage. */
enum outcome machine_fail_with(struct machine *m, const char *fmt, ...) FT_PRINTF(2, 3);
enum outcome machine_push(struct machine *m, struct dw_value v);
bool machine_pop(struct machine *m, struct dw_value *ret);

/* Runs other operations on this machine's stack, then those of before go on. */
enum outcome machine_call(struct machine *m, const struct dw_op *ops, size_t n);

/* What other operations leave, in a context of their own. Why not goes to m. */
bool machine_value(struct machine *m, const struct dw_op *ops, size_t n,
		   const struct expr_context *ctx, struct dw_value *ret);

/* Where other operations say that something is: of a machine that is one deeper. */
void machine_place(struct machine *m, const struct dw_op *ops, size_t n,
		   struct expr_storage *storage, struct place *ret);

/* expr_ops.c: one operation that makes no piece. */
enum outcome machine_operate(struct machine *m, const struct dw_op *op);

/* expr_refer.c: operations that refer to another DIE, to the caller or to thread-local storage. */
enum outcome machine_refer(struct machine *m, const struct dw_op *op);

#endif
