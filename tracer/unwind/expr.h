/*
 * expr.h - evaluates DWARF expressions (DWARF 5, sections 2.5 and 2.6; GNU extensions).
 *
 * Owns:     the DWARF stack machine.
 * Gives:    struct place: where a value is, or what it is.
 * Never:    reads but through struct memory; loops without bound (at most EXPR_STEPS operations).
 * Lifetime: a place borrows the ops' blocks; it is valid while they are.
 */
#ifndef FT_EXPR_H
#define FT_EXPR_H

#include "arch/x86_64.h"
#include "base/memory.h"
#include "symbols/type.h"

enum { EXPR_STACK = 64, EXPR_STEPS = 10000, EXPR_PIECES = 16 };

/* What an expression may ask for. Unknown things are marked, never zero. */
struct expr_context {
	const struct regs *regs;
	uint32_t known;		  // bit n: regs->r[n] is known here
	const struct fp_regs *fp; // NULL: not fetched
	const struct memory *memory;
	bool has_cfa, has_frame_base, has_object;
	uint64_t cfa;	     // DW_OP_call_frame_cfa
	uint64_t frame_base; // DW_OP_fbreg
	uint64_t object;     // DW_OP_push_object_address; the CFA for a CFI rule's expression
	bool push_object;    // start with `object` on the stack
	/* DW_OP_entry_value: registers as they were at the function's entry; NULL: unknown. */
	const struct regs *entry_regs;
	uint32_t entry_known;
};

enum place_kind {
	PLACE_MEMORY,	// at address
	PLACE_REGISTER, // in reg (DWARF number, general, xmm or st)
	PLACE_VALUE,	// DW_OP_stack_value: the value itself, in `value`
	PLACE_BYTES,	// DW_OP_implicit_value: block, size
	PLACE_POINTER,	// DW_OP_implicit_pointer: points to something that has no address
	PLACE_PIECES,	// pieces[]; each one of the above or PLACE_NONE
	PLACE_NONE,	// no location: optimised out, or unknown with `why`
};

struct place {
	enum place_kind kind;
	uint64_t address; // PLACE_MEMORY; PLACE_POINTER: the byte offset into what it points to
	uint64_t value;	  // PLACE_VALUE; PLACE_POINTER: DIE offset of what it points to
	unsigned reg;
	const uint8_t *block;
	uint64_t size;		       // bytes of a piece or block
	uint64_t bit_offset, bit_size; // DW_OP_bit_piece; 0 otherwise
	/*
	 * PLACE_NONE: "optimised out", "register rbx not known here", "memory at 0x10 not
	 * readable", "thread-local", "entry value not known", "bad expression" …
	 */
	const char *why;
	struct place *pieces; // PLACE_PIECES: borrowed from *storage of expr_eval
	size_t n_pieces;
};

/* Where a place's pieces and its words are; it must live as long as the place. */
struct expr_storage {
	struct place pieces[EXPR_PIECES];
	char why[EXPR_PIECES + 1][48];
};

/* Never fails: what cannot be evaluated is PLACE_NONE with the reason. */
void expr_eval(const struct dw_op *ops, size_t n_ops, const struct expr_context *ctx,
	       struct expr_storage *storage, struct place *ret);

/* For CFI and frame bases: the address or value on top of the stack, or the register's content. */
FT_CHECK bool expr_value(const struct dw_op *ops, size_t n_ops, const struct expr_context *ctx,
			 uint64_t *ret);

/*
 * Copies the first `size` bytes of what the place holds: the low bytes of a register or value, the
 * pieces joined. False if any of them is not known; buf then holds nothing of use.
 */
FT_CHECK bool place_read(const struct place *p, const struct expr_context *ctx, void *buf,
			 size_t size);

#endif
