/*
 * memory.h - how to read the bytes of a target, whoever holds them.
 *
 * Owns:     nothing; it is a pair of a function and its context.
 * Gives:    one way to read for unwinder, values and tests: a live process (our int3 bytes hidden),
 *           the bytes captured with a hit, or a byte array.
 * Never:    fails loudly: what cannot be read is simply not there.
 * Lifetime: that of the context it was made from.
 */
#ifndef FT_MEMORY_H
#define FT_MEMORY_H

#include "base/base.h"

struct memory {
	/* Reads up to len bytes at addr; returns how many leading bytes were readable (0..len). */
	size_t (*read)(void *ctx, uint64_t addr, void *buf, size_t len);
	void *ctx;
};

/* All len bytes or nothing: true if every byte was read. */
bool memory_read(const struct memory *m, uint64_t addr, void *buf, size_t len);

/* Little-endian unsigned of size 1..8. */
bool memory_read_uint(const struct memory *m, uint64_t addr, unsigned size, uint64_t *ret);

/* A memory in which nothing is readable. */
struct memory memory_none(void);

#endif
