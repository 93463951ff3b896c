/*
 * held.h - what a register or a piece of the frame holds (private to symbols/).
 *
 * Owns:     the arithmetic of values that are known by what was there at the entry.
 * Gives:    struct held; struct frame_store, and what several of them have left in one place.
 * Never:    knows an instruction: walk.c does.
 * Lifetime: plain values.
 */
#ifndef FT_HELD_H
#define FT_HELD_H

#include "base/base.h"

enum held_kind {
	HELD_UNKNOWN,
	HELD_ENTRY,   // its low `width` bytes are those that `reg` held at the entry
	HELD_DERIVED, // computed from what `reg` held at the entry
	HELD_FRAME,   // the address CFA + n, or realigned rsp + n
	HELD_CONST,   // n
};

struct held {
	uint8_t kind; // enum held_kind
	uint8_t reg, width;
	bool realigned;
	int64_t n;
};

/* A store to the frame, or a push. */
struct frame_store {
	size_t insn;
	bool realigned; // off counts from the realigned rsp
	int32_t off;
	uint8_t size;
	bool argument; // arguments.c: it puts an argument where DWARF says it is
	struct held source;
};

extern const struct held held_unknown;
struct held held_frame(int64_t n, bool realigned);
struct held held_const(int64_t n);

/* Is it what a register held at the entry, or computed from that? */
bool held_is_tracked(const struct held *v);

/* What is computed from it. */
struct held held_derived(struct held v);

/* Its low `size` bytes. */
struct held held_cut(struct held v, unsigned size);

/* Is it a distance from the CFA that a frame can have? */
bool held_fits_frame(int64_t n);

bool frame_store_overlaps(const struct frame_store *s, bool realigned, int64_t off, unsigned size);

/* What is at an address after n stores. */
struct held frame_store_load(const struct frame_store *store, size_t n, const struct held *address,
			     unsigned size);

#endif
