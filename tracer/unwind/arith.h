/*
 * arith.h - arithmetic of the DWARF stack machine (private to unwind/).
 *
 * Owns:     which operations are signed, and how wide (DWARF 5, section 2.5.1.4).
 * Gives:    struct dw_value, unary and binary operations, conversions between base types.
 * Never:    knows of the stack, registers or memory.
 * Lifetime: plain values.
 */
#ifndef FT_ARITH_H
#define FT_ARITH_H

#include "base/base.h"

enum dw_class {
	DW_GENERIC, // an address-sized integer without a sign of its own
	DW_SIGNED,
	DW_UNSIGNED,
	DW_FLOAT, // IEEE single or double, or the x87's 80 bits
};

enum { DW_VALUE_BYTES = 16 }; // of the widest value: __int128, long double

struct dw_value {
	unsigned __int128 v; // integers: sign- or zero-extended from `size` bytes; floats: bits
	uint8_t size;	     // 1..16; generic: 8; float: 4, 8, 16
	enum dw_class class;
};

struct dw_value dw_generic(uint64_t v);

/* A base type by its DW_ATE_* and bytes. False: one that this machine does not compute with. */
FT_CHECK bool dw_value_type(unsigned encoding, unsigned size, struct dw_value *ret);

/* Bits as a value of the type of `type`: what does not fit is cut off. */
struct dw_value dw_as(struct dw_value type, unsigned __int128 bits);

/* NULL if done, else why not, in words. */
const char *dw_unary(uint8_t op, struct dw_value a, struct dw_value *ret);
const char *dw_binary(uint8_t op, struct dw_value a, struct dw_value b, struct dw_value *ret);
const char *dw_convert(struct dw_value a, struct dw_value type, struct dw_value *ret);
const char *dw_reinterpret(struct dw_value a, struct dw_value type, struct dw_value *ret);

/* arith_float.c: the same where a float is involved. Both operands have one type. */
const char *dw_float_unary(uint8_t op, struct dw_value a, struct dw_value *ret);
const char *dw_float_binary(uint8_t op, struct dw_value a, struct dw_value b, struct dw_value *ret);
const char *dw_float_convert(struct dw_value a, struct dw_value type, struct dw_value *ret);

#endif
