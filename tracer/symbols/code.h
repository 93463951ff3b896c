/*
 * code.h - what the instructions of a function say: its body, its exits, its rsp arithmetic.
 *
 * Owns:     capstone.
 * Gives:    struct frame_plan (where to stop and what is true there), struct displaced.
 * Never:    reads a process: bytes come from the file (symbols_code), which has no int3 of ours.
 * Lifetime: a plan lives until frame_plan_deinit().
 */
#ifndef FT_CODE_H
#define FT_CODE_H

#include "arch/x86_64.h"
#include "control/displaced.h"
#include "control/hit.h"
#include "symbols/type.h"

/* One step of the frame's arithmetic: "push rbp", -8. */
struct code_part {
	const char *text; // Intel syntax; "call" and "ret" for those
	int32_t bytes;	  // what it adds to rsp
};

/* Where a value that a register held at the function's entry is, at the site. */
struct entry_value {
	enum { ENTRY_LOST, ENTRY_IN_REG, ENTRY_AT_CFA } where;
	uint8_t reg;  // ENTRY_IN_REG: general or xmm register, DWARF number
	int32_t off;  // ENTRY_AT_CFA: stored at CFA + off
	uint8_t size; // how many of its low bytes are there: 8 or 16 if all
};

/* A store that the code between site and body will do: at the site the value is in a register. */
struct pending_store {
	int32_t off; // CFA + off
	uint8_t size;
	uint8_t reg; // DWARF number, general or xmm
};

enum exit_kind {
	EXIT_RET,
	EXIT_TAIL_JUMP,	    // jmp to another function
	EXIT_TAIL_COND,	    // jcc to another function: an exit if the condition holds
	EXIT_TAIL_INDIRECT, // jmp reg/mem, frame torn down: an exit if it leaves the function
};

struct code_exit {
	uint64_t pc;
	enum exit_kind kind;
	struct cfa_rule cfa; // at pc, before the instruction runs
	uint64_t target;     // EXIT_TAIL_JUMP, EXIT_TAIL_COND
	uint8_t condition;   // EXIT_TAIL_COND, for arch_condition()
	/*
	 * EXIT_TAIL_INDIRECT: the target is reg `base` (!deref), or the 8 bytes at
	 * base + index * scale + disp; base may be ARCH_RIP (disp then is absolute) or ARCH_NONE.
	 */
	bool deref;
	uint8_t base, index, scale;
	int64_t disp;
	/*
	 * The epilogue's arithmetic up to and including the ret, or up to the tail jump. The sum is
	 * -rsp_at_body (for a tail jump 8 less, the return address): a `leave` or `lea rsp,[rbp-x]`
	 * gets what is left; what the straight run before the exit does not explain is one part
	 * "epilogue". If !rsp_known, the part that puts rsp back has 0: the rest belongs to it.
	 */
	struct code_part *parts;
	size_t n_parts;
};

struct frame_plan {
	uint64_t entry; // first instruction
	uint64_t body;	// see DESIGN: prologue done, arguments where DWARF says
	/*
	 * Where to stop: the body, or a little before it when the body is the head of a loop, an
	 * exit, or cannot be displaced. It equals an exit's pc only where there is nothing else: a
	 * function that is a single ret or jmp.
	 */
	uint64_t site;
	bool site_loops;     // the site may be met again in the same frame
	struct cfa_rule cfa; // at site
	int32_t rsp_at_site; // rsp - CFA there
	int32_t rsp_at_body; // rsp - CFA at body; both meaningless if !rsp_known
	bool rsp_known;	     // false: realigned frame (and rsp,-32), known only at run time
	bool rbp_is_frame;   // at body rbp holds CFA + rbp_off
	int32_t rbp_off;
	struct entry_value at_site[ARCH_XMM15 + 1]; // by register at the entry
	struct pending_store pending[16];
	size_t n_pending;
	/*
	 * "call" -8 first; the sum is rsp_at_body. If !rsp_known, `and rsp,…` has 0: what is
	 * missing to the rsp that is found at run time belongs to it.
	 */
	struct code_part *parts;
	size_t n_parts;
	struct code_exit *exits; // by pc
	size_t n_exits;
	uint64_t *after_calls; // where it goes on when a callee has returned, in no order
	size_t n_after_calls;
};

/*
 * Plans one function. FT_NONE: it cannot be traced, and *why says so in words for the user
 * ("bytes that are not code", "a part of another function", "no call frame information",
 * "no code in the file", "more than 1 MiB of code", "its first instructions cannot be moved").
 */
FT_CHECK enum ft_rc frame_plan_init(struct symbols *s, struct function *f, struct frame_plan *ret,
				    const char **why);
void frame_plan_deinit(struct frame_plan *p);

/* One pc of a function's code; what comes in, and what is found out. */
struct code_point {
	uint64_t pc;		    // in
	const struct range *within; // in: code that pc belongs to, for `loops`
	size_t n_within;	    // in
	bool is_insn;		    // an instruction begins there: else nothing else is set
	bool loops;		    // code of `within` may branch back to it
	bool has_cfa;
	struct cfa_rule cfa; // before the instruction runs
};

/* Looks at some instructions of one function. FT_NONE: its bytes are not all code. */
FT_CHECK enum ft_rc code_points(struct symbols *s, struct function *f, struct code_point *points,
				size_t n);

/*
 * The instruction at pc, made ready to run in a slot. FT_NONE: it is not code, or it would tell the
 * difference (syscall leaves rip in rcx; int, sysenter, iret, xbegin, far branches).
 */
FT_CHECK enum ft_rc code_displace(struct symbols *s, uint64_t pc, struct displaced *ret);

/* The same for bytes given (tests, code that is in no file). */
FT_CHECK enum ft_rc code_displace_bytes(uint64_t pc, const uint8_t *bytes, size_t len,
					struct displaced *ret);

enum code_kind { CODE_PLAIN, CODE_CALL, CODE_RET, CODE_JUMP };

enum { CODE_TEXT = 192 };

/* What one instruction will do, as far as it can be said before its registers are known. */
struct code_effect {
	uint64_t pc;
	uint8_t len;
	enum code_kind kind; // CODE_JUMP: conditional ones too
	bool moves_rsp;
	uint64_t target;     // of a direct call or jump; 0: none
	uint8_t store;	     // enum insn_store of symbols/insn.h; 0: it stores nothing
	bool store_maybe;    // only those bytes that changed are known to have been stored
	bool repeated;	     // store_size bytes for each of rcx iterations
	uint16_t store_size; // bytes
	uint8_t base, index; // of the memory operand: DWARF numbers or ARCH_NONE
	uint8_t scale;	     // base + index * scale + disp; with base ARCH_RIP just disp
	int64_t disp;
	char text[CODE_TEXT]; // "sub rsp,0x10", as objdump -M intel; targets by name: "call f"
};

/* FT_NONE: no code is there, or it is not understood. */
FT_CHECK enum ft_rc code_effect(struct symbols *s, uint64_t pc, struct code_effect *ret);

/* The same for bytes given; targets as numbers. */
FT_CHECK enum ft_rc code_effect_bytes(uint64_t pc, const uint8_t *bytes, size_t len,
				      struct code_effect *ret);

struct code_store {
	uint64_t address, size;
};

/* Where it stores, from the registers before it runs; false if nowhere that can be told. */
bool code_effect_store(const struct code_effect *e, const struct regs *before,
		       struct code_store *ret);

/* "mov    eax, dword ptr [rbp - 4]" of one instruction; its length, 0 if it is not code. */
size_t code_text(uint64_t pc, const uint8_t *bytes, size_t len, char *buf, size_t buf_len);

#endif
