/*
 * arith_float.c - floating point on the DWARF stack: as the machine that is traced computes it.
 *
 * That machine is this one (x86-64): its float, double and long double are ours. Sums are made in
 * the operands' own type, since rounding twice may give another number.
 */
#include <string.h>

#include "unwind/arith.h"
#include "unwind/dw_op.h"

static const char bad[] = "bad expression";

_Static_assert(sizeof(long double) == 16, "x87's 80 bits, padded");

enum { X87_BYTES = 10 };

static long double number_of(struct dw_value a)
{
	float single;
	double twice;
	long double x87 = 0;

	if (a.size == sizeof(single)) {
		memcpy(&single, &a.v, sizeof(single));
		return single;
	}
	if (a.size == sizeof(twice)) {
		memcpy(&twice, &a.v, sizeof(twice));
		return twice;
	}
	memcpy(&x87, &a.v, X87_BYTES);
	return x87;
}

static struct dw_value value_of(struct dw_value type, long double number)
{
	float single = (float)number;
	double twice = (double)number;

	type.v = 0;
	if (type.size == sizeof(single))
		memcpy(&type.v, &single, sizeof(single));
	else if (type.size == sizeof(twice))
		memcpy(&type.v, &twice, sizeof(twice));
	else
		memcpy(&type.v, &number, X87_BYTES);
	return type;
}

const char *dw_float_unary(uint8_t op, struct dw_value a, struct dw_value *ret)
{
	// By its sign bit, so that -0 and NaN come out as they do of the machine's xorps and fchs.
	unsigned sign = a.size == 16 ? 79 : a.size * 8u - 1;
	unsigned __int128 bit = (unsigned __int128)1 << sign;

	switch (op) {
	case DW_OP_abs:
		a.v &= ~bit;
		break;
	case DW_OP_neg:
		a.v ^= bit;
		break;
	default:
		return bad;
	}
	*ret = a;
	return NULL;
}

static bool compare(uint8_t op, long double a, long double b)
{
	switch (op) {
	case DW_OP_eq:
		return a == b;
	case DW_OP_ne:
		return a != b;
	case DW_OP_lt:
		return a < b;
	case DW_OP_le:
		return a <= b;
	case DW_OP_gt:
		return a > b;
	default: // DW_OP_ge
		return a >= b;
	}
}

static float in_single(uint8_t op, float a, float b)
{
	return op == DW_OP_plus	   ? a + b
	       : op == DW_OP_minus ? a - b
	       : op == DW_OP_mul   ? a * b
				   : a / b;
}

static double in_double(uint8_t op, double a, double b)
{
	return op == DW_OP_plus	   ? a + b
	       : op == DW_OP_minus ? a - b
	       : op == DW_OP_mul   ? a * b
				   : a / b;
}

static long double in_x87(uint8_t op, long double a, long double b)
{
	return op == DW_OP_plus	   ? a + b
	       : op == DW_OP_minus ? a - b
	       : op == DW_OP_mul   ? a * b
				   : a / b;
}

const char *dw_float_binary(uint8_t op, struct dw_value a, struct dw_value b, struct dw_value *ret)
{
	long double x = number_of(a), y = number_of(b);

	switch (op) {
	case DW_OP_eq:
	case DW_OP_ne:
	case DW_OP_lt:
	case DW_OP_le:
	case DW_OP_gt:
	case DW_OP_ge:
		*ret = dw_generic(compare(op, x, y));
		return NULL;
	case DW_OP_div: // by zero too: infinite, as IEEE 754 has it
	case DW_OP_plus:
	case DW_OP_minus:
	case DW_OP_mul:
		break;
	default:
		return bad;
	}
	if (a.size == sizeof(float))
		*ret = value_of(a, in_single(op, (float)x, (float)y));
	else if (a.size == sizeof(double))
		*ret = value_of(a, in_double(op, (double)x, (double)y));
	else
		*ret = value_of(a, in_x87(op, x, y));
	return NULL;
}

/* What C leaves open, a number that its integer type has no room for, is not guessed. */
static const char *to_integer(long double x, struct dw_value type, struct dw_value *ret)
{
	unsigned width = type.size * 8u;
	bool is_signed = type.class == DW_SIGNED;
	long double limit = 1;

	for (unsigned i = is_signed; i < width; i++)
		limit *= 2;
	if (!(x < limit) || !(is_signed ? x >= -limit : x > -1))
		return "number too large for its type";
	*ret = dw_as(type, is_signed ? (unsigned __int128)(__int128)x : (unsigned __int128)x);
	return NULL;
}

/* Rounded once: a number of 128 bits does not go through long double to float and double. */
static struct dw_value from_integer(struct dw_value a, struct dw_value type)
{
	bool is_signed = a.class == DW_SIGNED;
	__int128 v = (__int128)a.v;

	if (type.size == sizeof(float))
		return value_of(type, is_signed ? (float)v : (float)a.v);
	if (type.size == sizeof(double))
		return value_of(type, is_signed ? (double)v : (double)a.v);
	return value_of(type, is_signed ? (long double)v : (long double)a.v);
}

const char *dw_float_convert(struct dw_value a, struct dw_value type, struct dw_value *ret)
{
	if (a.class == DW_FLOAT && type.class == DW_FLOAT)
		*ret = a.size == type.size ? a : value_of(type, number_of(a));
	else if (a.class == DW_FLOAT)
		return to_integer(number_of(a), type, ret);
	else
		*ret = from_integer(a, type);
	return NULL;
}
