/*
 * unwind.h - registers + memory + CFI rows -> the caller's registers, frame by frame.
 *
 * Owns:     libunwind (the second opinion), the evaluation of DWARF expressions (unwind/expr.h),
 *           the rule "pc - 1 unless interrupted".
 * Gives:    our walk over struct memory, libunwind's walk over the same, their difference in words.
 * Never:    changes the process; parses a file.
 * Lifetime: frames are plain values.
 */
#ifndef FT_UNWIND_H
#define FT_UNWIND_H

#include "arch/x86_64.h"
#include "base/buf.h"
#include "base/memory.h"
#include "symbols/symbols.h"

enum unwind_end {
	UNWIND_END_OUTERMOST,  // the return address is undefined or 0: the first frame was reached
	UNWIND_END_NO_CFI,     // no row for the pc
	UNWIND_END_BAD_MEMORY, // the return address, or what the CFA is counted from, is not known:
			       // its memory could not be read
	UNWIND_END_CYCLE,      // the CFA did not move towards the stack's bottom
	UNWIND_END_LIMIT,      // the caller's limit
};
const char *unwind_end_text(enum unwind_end end);

struct unwind_frame {
	uint64_t pc;  // of the instruction that will run next in this frame
	uint64_t cfa; // 0 if unknown (possibly of the last frame of a walk)
	struct regs regs;
	uint32_t known; // bit n: regs.r[n] is known (caller-saved registers are lost)
	bool exact_pc;	// no return address: the innermost frame, one interrupted by a signal, or
			// the trampoline that the kernel made a signal handler return to
};

/* The pc to look up symbols, lines and scopes with: pc - 1 unless exact_pc. The one place. */
uint64_t frame_lookup_pc(const struct unwind_frame *f);

/* The frame of a stopped thread's registers: all of them known, cfa not yet. */
struct unwind_frame unwind_innermost(const struct regs *regs);

/*
 * The caller of f, by one row of call frame information. Needs f's regs, known and exact_pc.
 * *ret_cfa is f's CFA, 0 if it is not known: also where the return address is undefined, since no
 * table keeps the CFA true there. False: there is no caller; *ret_end says why and *ret is
 * untouched. A saved register that cannot be read is unknown in the caller, no more.
 */
FT_CHECK bool unwind_apply(const struct cfi_row *row, const struct memory *mem,
			   const struct unwind_frame *f, struct unwind_frame *ret,
			   uint64_t *ret_cfa, enum unwind_end *ret_end);

/* One step: the caller of f if *ret_moved; else the reason is returned. */
enum unwind_end unwind_step(struct symbols *s, const struct memory *mem,
			    const struct unwind_frame *f, struct unwind_frame *ret,
			    bool *ret_moved);

/*
 * Registers that a call may change are lost in a caller, but gcc knows what its own callees leave
 * alone (-fipa-ra). Those that f has not saved become known in its caller: they are to be believed
 * only where debug information says that the caller still has something there.
 */
void unwind_keep(struct symbols *s, const struct unwind_frame *f, struct unwind_frame *caller);

/* From the given registers outwards; at most max frames into ret. Returns their number. */
size_t unwind_walk(struct symbols *s, const struct memory *mem, const struct regs *regs,
		   struct unwind_frame *ret, size_t max, enum unwind_end *ret_end);

/*
 * libunwind's walk over the same, as a second opinion: pc, exact_pc and cfa (rsp in the next frame)
 * only. It finds its tables in the modules' memory, so mem must be all of the process's, not what
 * came with a hit. It ends with UNWIND_END_NO_CFI where there is no sorted table: in code without
 * CFI, and all of a static non-PIE program (GNU ld makes no .eh_frame_hdr for those).
 */
size_t unwind_walk_libunwind(struct symbols *s, const struct memory *mem, const struct regs *regs,
			     struct unwind_frame *ret, size_t max, enum unwind_end *ret_end);

/* A finished walk. */
struct unwind_trace {
	const struct unwind_frame *frames;
	size_t n;
	enum unwind_end end;
};

/*
 * True if two walks agree; else *ret_words (appended to) is the first difference.
 *
 * Frames are compared from the innermost outwards: each pc, and each CFA that both know. A walk
 * that ends before the other must have a reason that is no disagreement: it had no table there, or
 * met its limit. Both having reached the outermost frame, they may differ by one: a return address
 * of 0 is the end for one and a last frame for another. So whoever has tables all the way, as from
 * main's caller inwards, is compared all the way. Ending for bad memory or a cycle where the other
 * goes on is a difference.
 */
FT_CHECK bool unwind_trace_compare(const struct unwind_trace *ours,
				   const struct unwind_trace *theirs, struct buf *ret_words);

/* Both walks from these registers, compared. This is all that --verify needs. */
FT_CHECK bool unwind_verify(struct symbols *s, const struct memory *mem, const struct regs *regs,
			    struct buf *ret_words);

#endif
