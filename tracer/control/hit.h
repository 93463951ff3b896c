/*
 * hit.h - what a site asks for, and what a stop at it yields: plain values.
 *
 * Owns:     nothing.
 * Gives:    struct capture_plan (made once per site) and struct hit (self-contained: whoever holds
 *           one needs no process). ptrace is the first producer of hits; a recorder inside the
 *           traced process can be another, and nothing to the right can tell which made a hit.
 * Never:    refers to a symbol, a type or a process handle.
 * Lifetime: a plan is copied by control_add_site(); a hit is valid until the next control_next().
 */
#ifndef FT_HIT_H
#define FT_HIT_H

#include <sys/types.h>

#include "arch/x86_64.h"
#include "base/memory.h"

enum {
	CAPTURE_RANGES = 12,	   // ranges a plan may have
	CAPTURE_FOLLOWS = 8,	   // pointers a plan may follow
	CAPTURE_PENDING = 16,	   // stores that may still be to come
	CAPTURE_BYTES = 16 * 1024, // bytes a hit may carry
};

/* CFA = reg + off, or the 8 bytes stored there if deref (gcc's realigned frames: *(rbp - 8)). */
struct cfa_rule {
	uint8_t reg; // enum reg
	bool deref;
	int32_t off;
};

/* Bytes [CFA + off, CFA + off + len). */
struct capture_range {
	int32_t off;
	uint32_t len;
};

/* The bytes behind a pointer. */
struct capture_follow {
	uint8_t reg; // the pointer is in this register; ARCH_NONE: it is stored at CFA + off
	int32_t off;
	uint32_t len; // bytes to read there, fewer if less is mapped
};

/* The code right after the site will store this register at CFA + off: take it as stored. */
struct capture_pending {
	int32_t off;
	uint8_t size; // 1, 2, 4, 8, or 16 for an xmm register
	uint8_t reg;  // DWARF number, general or xmm
};

struct capture_plan {
	struct cfa_rule cfa;
	bool want_fp;  // SSE and x87 registers too
	bool hold;     // keep the thread stopped until the hit has been used: live memory is needed
	bool is_entry; // CFA - 8 holds a return address: see control_expect()
	bool meets_return; // it does; hold the thread unless a site is there to meet the return
	uint8_t n_ranges, n_follows, n_pending;
	struct capture_range ranges[CAPTURE_RANGES];
	struct capture_follow follows[CAPTURE_FOLLOWS];
	struct capture_pending pending[CAPTURE_PENDING];
};

struct captured {
	uint64_t addr;
	uint32_t len; // bytes that were readable; 0 if none
	uint32_t at;  // index into hit.bytes
};

struct hit {
	uint32_t site; // the id that control_add_site() gave
	pid_t pid, tid;
	uint64_t time_ns; // CLOCK_MONOTONIC
	struct regs regs; // r[ARCH_RIP] is the site's address
	bool has_fp;
	bool held; // the thread is still stopped: the process's memory is as it was then
	struct fp_regs fp;
	uint64_t cfa; // by the plan's rule; 0 if it could not be read
	uint32_t n_captured;
	struct captured captured[CAPTURE_RANGES + CAPTURE_FOLLOWS];
	uint32_t n_bytes;
	uint8_t bytes[CAPTURE_BYTES];
};

/* The bytes that came with a hit, as a memory. Valid as long as the hit. */
struct memory hit_memory(const struct hit *hit);

/* CFA from registers; memory is asked only for a deref rule. False if it cannot be read. */
bool cfa_rule_apply(const struct cfa_rule *rule, const struct regs *regs, const struct memory *mem,
		    uint64_t *ret);

#endif
