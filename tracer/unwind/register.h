/*
 * register.h - the bytes of a register by its DWARF number (private to unwind/).
 *
 * Owns:     which registers a struct expr_context can know.
 * Gives:    bytes of any register, or a general one as a number.
 * Never:    guesses: a register whose bit is off, or that was not fetched, is not known.
 * Lifetime: copies.
 */
#ifndef FT_REGISTER_H
#define FT_REGISTER_H

#include "unwind/expr.h"

/* Bytes [off, off + len) of a register; false if it is not known or not that long. */
FT_CHECK bool register_bytes(const struct expr_context *ctx, uint64_t reg, uint64_t off, void *buf,
			     size_t len);

/* A register of 8 bytes; false for xmm and st too. */
FT_CHECK bool register_uint(const struct expr_context *ctx, uint64_t reg, uint64_t *ret);

#endif
