/*
 * arith.c - what the operators of DWARF 5, sections 2.5.1.4 to 2.5.1.6, compute.
 */
#include "unwind/arith.h"

#include "unwind/dw_op.h"

static const char bad[] = "bad expression";

struct dw_value dw_generic(uint64_t v)
{
	return (struct dw_value){.v = v, .size = 8, .class = DW_GENERIC};
}

bool dw_value_type(unsigned encoding, unsigned size, struct dw_value *ret)
{
	struct dw_value type = {.size = (uint8_t)size};

	if (size < 1 || size > DW_VALUE_BYTES) // clang converts to 3, 5, 6 and 7 bytes too
		return false;
	switch (encoding) {
	case DW_ATE_signed:
	case DW_ATE_signed_char:
		type.class = DW_SIGNED;
		break;
	case DW_ATE_address:
	case DW_ATE_boolean:
	case DW_ATE_unsigned:
	case DW_ATE_unsigned_char:
	case DW_ATE_UTF:
		type.class = DW_UNSIGNED;
		break;
	case DW_ATE_float:
		if (size != 4 && size != 8 && size != 16)
			return false;
		type.class = DW_FLOAT;
		break;
	default:
		return false;
	}
	*ret = type;
	return true;
}

static __int128 as_signed(struct dw_value a)
{
	unsigned unused = 128 - a.size * 8u;

	return (__int128)(a.v << unused) >> unused;
}

static unsigned __int128 as_unsigned(struct dw_value a)
{
	unsigned unused = 128 - a.size * 8u;

	return a.v << unused >> unused;
}

struct dw_value dw_as(struct dw_value type, unsigned __int128 bits)
{
	type.v = bits;
	type.v = type.class == DW_SIGNED ? (unsigned __int128)as_signed(type) : as_unsigned(type);
	return type;
}

const char *dw_unary(uint8_t op, struct dw_value a, struct dw_value *ret)
{
	if (a.class == DW_FLOAT)
		return dw_float_unary(op, a, ret);
	switch (op) {
	case DW_OP_abs: // generic: as signed
		*ret = dw_as(a, a.class != DW_UNSIGNED && as_signed(a) < 0 ? -a.v : a.v);
		return NULL;
	case DW_OP_neg:
		*ret = dw_as(a, -a.v);
		return NULL;
	case DW_OP_not:
		*ret = dw_as(a, ~a.v);
		return NULL;
	default:
		return bad;
	}
}

/* The least number / -1 has no result in C; the machine's wraps around. */
static unsigned __int128 divide(struct dw_value a, struct dw_value b)
{
	if (a.class == DW_UNSIGNED)
		return a.v / b.v;
	__int128 by = as_signed(b);
	return by == -1 ? -a.v : (unsigned __int128)(as_signed(a) / by);
}

/* Of generic operands the modulus is unsigned, unlike the quotient. */
static unsigned __int128 modulo(struct dw_value a, struct dw_value b)
{
	if (a.class != DW_SIGNED)
		return a.v % b.v;
	__int128 by = as_signed(b);
	return by == -1 ? 0 : (unsigned __int128)(as_signed(a) % by);
}

/* Shifts of the width and more, which C leaves open, move every bit out. */
static unsigned __int128 shift(uint8_t op, struct dw_value a, unsigned __int128 n)
{
	unsigned width = a.size * 8u;

	if (op == DW_OP_shra)
		return (unsigned __int128)(as_signed(a) >> (n < width ? (unsigned)n : width - 1));
	if (n >= width)
		return 0;
	return op == DW_OP_shl ? a.v << (unsigned)n : as_unsigned(a) >> (unsigned)n;
}

static bool compare(uint8_t op, struct dw_value a, struct dw_value b)
{
	bool less = a.class == DW_UNSIGNED ? a.v < b.v : as_signed(a) < as_signed(b);
	bool equal = a.v == b.v;

	switch (op) {
	case DW_OP_eq:
		return equal;
	case DW_OP_ne:
		return !equal;
	case DW_OP_lt:
		return less;
	case DW_OP_le:
		return less || equal;
	case DW_OP_gt:
		return !less && !equal;
	default: // DW_OP_ge
		return !less;
	}
}

/* Operations on two numbers of one type. */
static const char *arithmetic(uint8_t op, struct dw_value a, struct dw_value b,
			      struct dw_value *ret)
{
	switch (op) {
	case DW_OP_and:
		*ret = dw_as(a, a.v & b.v);
		return NULL;
	case DW_OP_or:
		*ret = dw_as(a, a.v | b.v);
		return NULL;
	case DW_OP_xor:
		*ret = dw_as(a, a.v ^ b.v);
		return NULL;
	case DW_OP_plus:
		*ret = dw_as(a, a.v + b.v);
		return NULL;
	case DW_OP_minus:
		*ret = dw_as(a, a.v - b.v);
		return NULL;
	case DW_OP_mul:
		*ret = dw_as(a, a.v * b.v);
		return NULL;
	case DW_OP_div:
	case DW_OP_mod:
		if (!b.v)
			return "division by zero";
		*ret = dw_as(a, op == DW_OP_div ? divide(a, b) : modulo(a, b));
		return NULL;
	case DW_OP_eq:
	case DW_OP_ne:
	case DW_OP_lt:
	case DW_OP_le:
	case DW_OP_gt:
	case DW_OP_ge:
		*ret = dw_generic(compare(op, a, b));
		return NULL;
	default:
		return bad;
	}
}

const char *dw_binary(uint8_t op, struct dw_value a, struct dw_value b, struct dw_value *ret)
{
	bool shifts = op == DW_OP_shl || op == DW_OP_shr || op == DW_OP_shra;

	if (shifts && a.class != DW_FLOAT && b.class != DW_FLOAT) {
		*ret = dw_as(a, shift(op, a, as_unsigned(b))); // the count's type is its own
		return NULL;
	}
	// Clang mixes plain constants with 64-bit types, where both mean the same bits.
	if (a.class == DW_GENERIC && b.class != DW_FLOAT)
		a = dw_as((struct dw_value){.size = 8, .class = b.class}, a.v);
	if (b.class == DW_GENERIC && a.class != DW_FLOAT)
		b = dw_as((struct dw_value){.size = 8, .class = a.class}, b.v);
	if (a.class != b.class || a.size != b.size)
		return bad;
	return a.class == DW_FLOAT ? dw_float_binary(op, a, b, ret) : arithmetic(op, a, b, ret);
}

const char *dw_convert(struct dw_value a, struct dw_value type, struct dw_value *ret)
{
	if (a.class == DW_FLOAT || type.class == DW_FLOAT)
		return dw_float_convert(a, type, ret);
	*ret = dw_as(type, a.v);
	return NULL;
}

const char *dw_reinterpret(struct dw_value a, struct dw_value type, struct dw_value *ret)
{
	if (a.size != type.size)
		return bad;
	*ret = dw_as(type, a.v);
	return NULL;
}
