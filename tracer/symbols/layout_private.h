/*
 * layout_private.h - claims on the bytes of a frame, and who wins them (private to symbols/).
 *
 * Owns:     the rule that every byte has exactly one owner.
 * Gives:    struct claims: ranges with a rank; cells: the frame cut where the owner changes.
 * Never:    reads a file.
 * Lifetime: a cell borrows the claim it belongs to.
 *
 * layout.c         gathers, cuts into slots, adds up
 * layout_claims.c  claims -> cells
 * layout_touches.c stores and loads: from the flow to claims
 * layout_calls.c   outgoing arguments, the variadic register save area
 * layout_vars.c    variables: from DWARF locations to claims
 * layout_infer.c   names from source lines
 * flow.c           what the instructions do, along all branches (flow_step.c: one of them)
 */
#ifndef FT_LAYOUT_PRIVATE_H
#define FT_LAYOUT_PRIVATE_H

#include "symbols/arena.h"
#include "symbols/flow.h"
#include "symbols/layout.h"

/* Who wins where claims overlap: the lowest. */
enum rank {
	RANK_MACHINE, // return address, canary
	RANK_SAVED,
	RANK_IN_SCOPE,
	RANK_VARIABLE,
	RANK_AREA, // the register save area
	RANK_OUTGOING,
	RANK_SPILL,
	RANK_LOADED, // read, but stored by nothing here
};

struct claim {
	int64_t lo, hi; // bytes [lo, hi), from the CFA or the realigned rsp
	enum rank rank;
	struct layout_slot slot; // off and size are not set yet
};

struct claims {
	struct claim *c;
	size_t n, cap;
};

/* One of a frame's two parts: what counts from the CFA, what counts from the realigned rsp. */
struct area {
	bool realigned;
	int64_t bottom; // rsp at the lowest; what is below is the red zone
	int64_t floor;	// bottom - 128, or bottom if a realigned area lies below
	int64_t top;
	struct claims claims;
};

struct cell {
	int64_t lo, hi;
	const struct claim *by; // NULL: nobody's
	enum owner owner;
};

/* What a layout is made from. */
struct layout_input {
	struct symbols *s;  // NULL: nothing is known of those that are called
	struct function *f; // NULL: no source file
	struct arena *arena;
	const struct listing *l;
	const struct frame_plan *plan;
	const struct cfi_row *rows; // all of the function's
	size_t n_rows;
	uint64_t pc; // as in frame_layout_init()
};

/* What layout.c hands to its parts. */
struct layout_maker {
	struct symbols *s;
	struct function *f;
	struct arena *arena;
	const struct listing *l;
	const struct cfi_row *rows;
	size_t n_rows;
	const struct flow *flow;
	const struct signature *sig;   // may be NULL
	const struct inlined *inlined; // n_inlined of them, outer before inner
	size_t n_inlined;
	uint64_t pc;
	size_t body;	     // instruction
	struct fact base;    // DW_OP_fbreg counts from it; FACT_NOTHING: unknown
	bool split;	     // a part of the frame counts from rsp, which is rounded down
	int64_t origin;	     // split: what that part's offsets are from the realigned rsp
	struct fact fixed;   // rsp when no arguments are being passed
	struct area area[2]; // [realigned]
};

/* Adds a claim to the area that it lies in; clipped to it. */
void claims_add(struct layout_maker *m, bool realigned, int64_t lo, int64_t size, enum rank rank,
		struct layout_slot slot);

/* The area cut into cells from low to high, without a gap. To be freed. */
struct cell *claims_cells(const struct layout_maker *m, const struct area *a, size_t *ret_n);

/* Marks who may be reached by addresses whose extent is not known. Cells change their owner. */
void claims_reach(const struct layout_maker *m, const struct area *a, struct cell *cells, size_t n);

FT_CHECK enum ft_rc layout_make(const struct layout_input *in, struct frame_layout *ret);

/* The source line of an instruction, and its file; 0: unknown. */
uint32_t layout_line(const struct layout_maker *m, uint64_t pc, const char **ret_file);

/* The innermost inlined call that an instruction belongs to; NULL: the function itself. */
const struct inlined *layout_inlined_at(const struct layout_maker *m, uint64_t pc);

/* ---- layout_touches.c ---- */

/* The stores or loads of one part of the frame, by offset, at one offset in order of the code. */
const struct touch **layout_touches(const struct layout_maker *m, enum touch_kind kind,
				    bool realigned, size_t *ret_n);

/* The first of them that may reach up to off or beyond. */
size_t layout_touch_near(const struct touch **by, size_t n, int64_t off);

/*
 * `push rax` makes room, in a prologue or to align a call that has none (shrink-wrapped): what it
 * stores is nobody's. Behind the prologue only what rax held at the entry, which no parameter uses.
 */
bool layout_makes_room(const struct layout_maker *m, const struct touch *t);

/* Claims what is stored or loaded: canary, spills, stack arguments without a name. */
void layout_claim_touches(struct layout_maker *m);

/* ---- the other claims ---- */

void layout_claim_variables(struct layout_maker *m);
void layout_claim_calls(struct layout_maker *m);

/* Names for slots that DWARF has none for; marks them. */
void layout_infer_names(const struct layout_maker *m, struct frame_layout *l);

#endif
