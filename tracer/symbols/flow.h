/*
 * flow.h - what every instruction of a function does to its frame (private to symbols/).
 *
 * Owns:     the data flow of frame addresses through registers, along all branches.
 * Gives:    struct touch: a load, a store or an address taken, relative to the CFA.
 * Never:    reads a file; says what a slot is for (layout.c does).
 * Lifetime: a flow borrows listing and plan; its touches live until flow_deinit().
 *
 * What a register holds is known where all ways to an instruction agree, and where call frame
 * information says so. Ways that cannot be seen (jump tables, landing pads) arrive with nothing
 * known but the frame's own registers.
 */
#ifndef FT_FLOW_H
#define FT_FLOW_H

#include "symbols/plan.h"

enum fact_kind {
	FACT_NOTHING,
	FACT_FRAME,    // the address CFA + n, or realigned rsp + n
	FACT_CONST,    // n
	FACT_CANARY,   // what fs:0x28 holds
	FACT_ENTRY,    // what `reg` held at the entry
	FACT_RETURNED, // what the call at instruction n gave back in rax
};

/* What a general register holds. */
struct fact {
	uint8_t kind; // enum fact_kind
	uint8_t reg;
	bool realigned; // FACT_FRAME: n counts from rsp as `and rsp,…` left it
	int64_t n;
};

enum touch_kind {
	TOUCH_LOAD,
	TOUCH_STORE,
	TOUCH_ADDRESS, // the address is made: what lies there may be used by anybody
	TOUCH_INDEXED, // somewhere around it, by an index
};

struct touch {
	uint32_t insn; // index into the listing
	uint8_t kind;  // enum touch_kind
	bool realigned;
	bool pushed;	    // TOUCH_STORE by a push
	uint8_t reg;	    // TOUCH_STORE: the register stored (general or xmm), or ARCH_NONE
	struct fact source; // TOUCH_STORE: what it held
	uint32_t size;	    // 0 for TOUCH_ADDRESS and TOUCH_INDEXED
	int64_t off;
};

/* rsp at a call. */
struct flow_call {
	uint32_t insn;
	struct fact rsp;
};

struct flow {
	const struct listing *l;
	const struct frame_plan *plan;
	bool trusts_rows;	    // the rows agree with the prologue's instructions
	struct fact body[ARCH_RIP]; // at the body
	struct fact lowest;	    // of rsp: after `and rsp,…` if there is one
	struct fact before_align;   // rsp before it
	uint64_t align_pc;	    // of that instruction
	uint32_t align;		    // `and rsp,-align`; 0: there is none
	bool has_dynamic;	    // rsp goes down by an amount that is not in the code
	struct touch *touch;	    // by instruction
	size_t n, cap;
	struct flow_call *call;
	size_t n_calls, calls_cap;
};

void flow_init(struct flow *f, const struct listing *l, const struct frame_plan *plan);
void flow_deinit(struct flow *f);

/* flow_step.c: what a register holds at pc by the rows, else at the body. */
struct fact flow_register(const struct flow *f, uint64_t pc, unsigned reg);

#endif
