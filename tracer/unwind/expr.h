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

enum {
	EXPR_STACK = 64,
	EXPR_STEPS = 10000, // operations of an expression and all that it calls, together
	EXPR_PIECES = 16,
	EXPR_NESTING = 16, // expressions that refer to others that refer to others …
	EXPR_WHY = 64,	   // bytes of a reason that was made for the occasion
};

struct expr_world;

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
	/*
	 * DW_OP_entry_value: registers as they were at the function's entry; NULL: unknown. What
	 * is not known here is asked of the caller, through `world`.
	 */
	const struct regs *entry_regs;
	uint32_t entry_known;
	const struct fp_regs *entry_fp;	       // the low 8 bytes of xmm registers
	uint16_t fp_unknown, entry_fp_unknown; // bit n: the xmm[n] of fp, entry_fp is not known
	uint64_t pc;			       // for the location lists of what is referred to
	const struct expr_world *world; // what lies outside of the frame; NULL: nothing is known
};

/* The calling frame, for the values of what it passed. */
struct expr_caller {
	struct expr_context ctx;      // to evaluate in
	const struct call_site *site; // the call that made this frame
};

/*
 * What an expression may refer to besides its own frame: other DIEs, thread-local storage, the
 * caller. unwind/surroundings.h has it for a live frame.
 */
struct expr_world {
	void *ctx;
	/* The variable, parameter or DWARF procedure at a DIE; NULL: none. */
	const struct variable *(*variable)(void *ctx, uint64_t die);
	/* Where this thread's block of the module's thread-local storage is: NULL, or why not. */
	const char *(*tls_block)(void *ctx, uint64_t *ret);
	/* The calling frame, and the call that is sure to have led here: NULL, or why not. */
	const char *(*caller)(void *ctx, struct expr_caller *ret);
};

enum place_kind {
	PLACE_MEMORY,	// at address
	PLACE_REGISTER, // in reg (DWARF number, general, xmm or st)
	PLACE_VALUE,	// DW_OP_stack_value: the value itself, in `value` and `high`
	PLACE_BYTES,	// DW_OP_implicit_value: block, size
	PLACE_POINTER,	// DW_OP_implicit_pointer: points to something that has no address
	PLACE_PIECES,	// pieces[]; each one of the above or PLACE_NONE
	PLACE_NONE,	// no location: optimised out, or unknown with `why`
};

struct place {
	enum place_kind kind;
	uint64_t address; // PLACE_MEMORY; PLACE_POINTER: the byte offset into what it points to
	uint64_t value;	  // PLACE_VALUE; PLACE_POINTER: DIE offset of what it points to
	uint64_t high;	  // PLACE_VALUE: bytes 8 to 15, if it `is_wide`
	bool is_wide;	  // PLACE_VALUE: of a type of more than 8 bytes
	unsigned reg;
	const uint8_t *block;
	uint64_t size;		       // bytes of a piece or block
	uint64_t bit_offset, bit_size; // DW_OP_bit_piece; 0 otherwise
	/*
	 * PLACE_NONE: "optimised out", "register rbx not known here", "memory at 0x10 not
	 * readable", "division by zero", "bad expression" …
	 */
	const char *why;
	struct place *pieces; // PLACE_PIECES: borrowed from *storage of expr_eval
	size_t n_pieces;
};

/* Where a place's pieces and its words are; it must live as long as the place. */
struct expr_storage {
	struct place pieces[EXPR_PIECES];
	char why[EXPR_PIECES + 1][EXPR_WHY];
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

/*
 * Copies what is known of it: byte i only if known[i], which is set to true or false. Returns how
 * many are. For a struct whose pieces are not all there, or that has padding in none.
 */
size_t place_read_known(const struct place *p, const struct expr_context *ctx, uint8_t *buf,
			bool *known, size_t size);

/* As place_read(), from byte `off` of it on. */
FT_CHECK bool place_read_at(const struct place *p, const struct expr_context *ctx, uint64_t off,
			    void *buf, size_t size);

/*
 * What a PLACE_POINTER points to: byte *ret_off of a variable that may have no address. If it has
 * one after all, ret is a PLACE_MEMORY. NULL; or why it is not known, with everything untouched.
 */
const char *place_pointee(const struct place *p, const struct expr_context *ctx,
			  struct expr_storage *storage, struct place *ret, uint64_t *ret_off,
			  struct type **ret_type);

#endif
