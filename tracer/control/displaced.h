/*
 * displaced.h - a replaced instruction, made ready to run somewhere else: a plain value.
 *
 * Owns:     nothing.
 * Gives:    struct displaced, which symbols/code.h makes (capstone finds lengths and operands) and
 *           control places into a slot.
 * Never:    disassembles.
 * Lifetime: plain values, copied.
 */
#ifndef FT_DISPLACED_H
#define FT_DISPLACED_H

#include "base/base.h"

enum { DISPLACED_MAX = 40, DISPLACED_FIXES = 3, DISPLACED_HOMES = 6 };

/*
 * Code for a slot. A rel32 field at code[at] is relative to code[end]: control writes
 * target - (slot + end) there. Every way out of the slot is such a jump, a ret, or a fault.
 */
struct displaced {
	uint64_t home;	  // runtime address of the replaced instruction
	uint8_t home_len; // its length in bytes, 1..15
	uint8_t first;	  // its first byte, to be put back
	bool step;	  // cannot be relocated: control single-steps a copy (code = the bytes
			  // themselves) and then moves rip, and a return address it pushed, home
	uint8_t len;	  // bytes used in code
	uint8_t code[DISPLACED_MAX];
	uint8_t n_fixes;
	struct displaced_fix {
		uint8_t at, end;
		uint64_t target; // runtime address
	} fixes[DISPLACED_FIXES];
	/*
	 * Where a thread "really" is when a signal finds it in the slot: at code offset `off` its
	 * rip is `pc` at home, after adding rsp_add to rsp (a call's push is taken back). One entry
	 * per instruction boundary in code, off ascending, the first one {0, home, 0}.
	 */
	uint8_t n_homes;
	struct displaced_home {
		uint8_t off;
		int8_t rsp_add;
		uint64_t pc;
	} homes[DISPLACED_HOMES];
};

#endif
