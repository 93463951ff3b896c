/*
 * layout.h - who owns each byte of a function's frame, as far as the files tell.
 *
 * Owns:     the analysis of a whole function's stores into its frame.
 * Gives:    struct frame_layout: slots that cover the frame from the stack arguments down to
 *           rsp - 128 without a gap or an overlap.
 * Never:    reads a process: bytes come from the file (symbols_code).
 * Lifetime: a layout lives until frame_layout_deinit(); its strings as long as its struct symbols
 *           unless said otherwise.
 */
#ifndef FT_LAYOUT_H
#define FT_LAYOUT_H

#include "symbols/code.h"
#include "symbols/type.h"

/* In the order in which they are told apart: the first that claims a byte has it. */
enum owner {
	OWNER_STACK_ARGUMENT, // at the CFA and above: passed in memory by the caller (psABI 3.2.3)
	OWNER_RETURN_ADDRESS, // CFA - 8
	OWNER_SAVED_REGISTER, // by CFI: a callee-saved register's value of the caller
	OWNER_CANARY,	      // stack protector: the copy of fs:0x28
	OWNER_LOCAL,	      // a named argument or local, also of an inlined call
	OWNER_SPILL,	      // stored or read by the function's instructions, named by nothing
	OWNER_OUTGOING,	      // arguments for a callee: stored or pushed at the lower end
	OWNER_DYNAMIC,	      // alloca and VLAs: below the fixed part, size known at run time
	OWNER_PADDING,	      // no instruction touches it and no address into it is taken
	OWNER_RED_ZONE,	      // the 128 bytes below rsp (psABI 3.2.2) that have no other owner
	OWNER_UNKNOWN,	      // somebody may use it: the address of something beside it is taken
	OWNER_COUNT,
};
const char *owner_name(enum owner owner); // "return address", "saved register" …

struct layout_slot {
	int32_t off; // of its lowest byte, from the CFA; from_rsp: from rsp at the body
	uint32_t size;
	enum owner owner;
	bool from_rsp; // in a realigned frame: the distance to the CFA is known at run time only
	bool inferred; // the name was found by source line and inlined call, DWARF has none
	/*
	 * Of the variable, or of the register that is saved or stored; "&x" for the address of x
	 * (VLA, hidden reference); "register save area" of a variadic function; or NULL.
	 */
	const char *name;
	const struct variable *var; // OWNER_LOCAL, OWNER_STACK_ARGUMENT; else NULL
	uint32_t var_off;    // which byte of the variable is the slot's lowest (pieces, overlaps)
	unsigned reg;	     // OWNER_SAVED_REGISTER, OWNER_SPILL: DWARF number; else ARCH_NONE
	uint64_t writer;     // pc of the first instruction that stores there; 0: none is known to
	uint32_t line;	     // its source line; 0 if unknown
	const char *file;    // of that line; NULL if unknown. Inlined code has another one
	const char *inlined; // the inlined function that the variable or the store belongs to
	const char *shares;  // whole function: variables with the same bytes at other times
	bool at_body;	     // the prologue (up to the body) has stored all of it
};

struct frame_layout {
	/*
	 * From high to low, without a gap; but in a realigned frame up to `align` - 1 bytes of
	 * padding lie between the last slot that counts from the CFA and the first from rsp.
	 */
	struct layout_slot *slots;
	size_t n;
	uint64_t pc;	     // for which it holds; 0: for the function as a whole
	bool rsp_known;	     // false: rsp is rounded down, and some slots count from it
	int32_t rsp_at_body; // rsp - CFA there; 0 if not known
	/*
	 * Not rsp_known, but rsp is rounded down after the body only: the slots that count from
	 * rsp mean the finished frame. Only where pc is 0; else they are left out.
	 */
	bool late;
	/*
	 * How far rsp goes, in the code as a whole: from the CFA, or from rsp at the body if
	 * !rsp_known. `fixed` is where it is while no arguments are being passed: less than at
	 * the body only where a frame is built late (shrink-wrapped). `lowest` includes pushed
	 * arguments. The slots go down to lowest - 128.
	 */
	int32_t fixed, lowest;
	uint32_t align;		     // !rsp_known: rsp is a multiple of it; 0 if unknown
	bool has_dynamic;	     // alloca or VLA: rsp goes further down at run time
	uint32_t bytes[OWNER_COUNT]; // sums, of what lies between the CFA and `lowest`
};

/*
 * The layout at pc (whose variables count, where their locations are), or of the function as a
 * whole if pc is 0. FT_NONE: as frame_plan_init(), whose plan it takes.
 */
FT_CHECK enum ft_rc frame_layout_init(struct symbols *s, struct function *f,
				      const struct frame_plan *plan, uint64_t pc,
				      struct frame_layout *ret);
void frame_layout_deinit(struct frame_layout *l);

/* The slot that has the byte at addr in a frame; NULL: not in it, or in its dynamic part. */
const struct layout_slot *frame_layout_at(const struct frame_layout *l, uint64_t cfa,
					  uint64_t rsp_at_body, uint64_t addr);

#endif
