/*
 * scalar.c - numbers of any width: integers to 128 bits, bit-fields, floating point.
 *
 * gdb prints as many digits as make every value of the format distinct (9, 17, 20); Rust prints
 * the fewest that read back as the same value.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "values/private.h"

uint64_t scalar_uint(const uint8_t *bytes, size_t size)
{
	uint64_t v = 0;

	memcpy(&v, bytes, size < sizeof(v) ? size : sizeof(v));
	return v;
}

int64_t scalar_sint(const uint8_t *bytes, size_t size)
{
	uint64_t v = scalar_uint(bytes, size);

	if (size == 0 || size >= sizeof(v))
		return (int64_t)v;
	unsigned shift = 64 - 8 * (unsigned)size;
	return (int64_t)(v << shift) >> shift;
}

const struct enumerator *enumerator_of(const struct type *t, const uint8_t *bytes)
{
	// The debug information may write a value signed or not, whatever the type: rustc 1.63.
	uint64_t mask = t->size >= 8 ? UINT64_MAX : (1ull << 8 * t->size) - 1;
	uint64_t v = scalar_uint(bytes, t->size) & mask;

	for (size_t i = 0; i < t->n_enumerators; i++)
		if (((uint64_t)t->enumerators[i].value & mask) == v)
			return &t->enumerators[i];
	return NULL;
}

static void decimal_wide(struct buf *out, const uint8_t *bytes, size_t size, bool is_signed)
{
	unsigned __int128 v = 0;
	char digits[40];
	size_t at = sizeof(digits);

	memcpy(&v, bytes, size < sizeof(v) ? size : sizeof(v));
	bool negative = is_signed && (bytes[size - 1] & 0x80);
	if (negative) {
		if (size < sizeof(v))
			v |= ~(unsigned __int128)0 << 8 * size;
		v = -v;
	}
	do
		digits[--at] = (char)('0' + (unsigned)(v % 10));
	while (v /= 10);
	if (negative)
		digits[--at] = '-';
	buf_add(out, digits + at, sizeof(digits) - at);
}

void scalar_decimal(struct buf *out, const uint8_t *bytes, size_t size, bool is_signed)
{
	if (size > 16)
		size = 16;
	if (size > 8)
		decimal_wide(out, bytes, size, is_signed);
	else if (is_signed)
		buf_dec(out, scalar_sint(bytes, size));
	else
		buf_udec(out, scalar_uint(bytes, size));
}

void scalar_bits(const uint8_t *src, size_t len, uint64_t bit, uint64_t n, bool is_signed,
		 uint8_t ret[16])
{
	memset(ret, 0, 16);
	if (n > 128)
		n = 128;
	bool last = false;
	for (uint64_t i = 0; i < n && (bit + i) / 8 < len; i++) {
		last = src[(bit + i) / 8] >> (bit + i) % 8 & 1;
		if (last)
			ret[i / 8] |= (uint8_t)(1u << i % 8);
	}
	for (uint64_t i = n; is_signed && last && i < 128; i++)
		ret[i / 8] |= (uint8_t)(1u << i % 8);
}

/* printf and strtod follow the user's locale; values do not. */
static void add_number(struct buf *out, char *text)
{
	char *comma = strchr(text, ',');

	if (comma)
		*comma = '.';
	buf_str(out, text);
}

/* IEEE 754 binary16. */
static double half_value(uint16_t h)
{
	int exponent = h >> 10 & 31, mantissa = h & 0x3ff;
	double v = exponent == 0    ? ldexp(mantissa, -24)
		   : exponent == 31 ? (mantissa ? (double)NAN : (double)INFINITY)
				    : ldexp(mantissa | 0x400, exponent - 25);
	return h & 0x8000 ? -v : v;
}

/* IEEE 754 binary128, rounded to the 64 bits that long double has; the exponents are the same. */
static long double quad_value(const uint8_t *bytes)
{
	uint64_t lo = scalar_uint(bytes, 8), hi = scalar_uint(bytes + 8, 8);
	int exponent = (int)(hi >> 48 & 0x7fff);
	uint64_t mantissa = hi & 0xffffffffffffull;
	long double v;

	if (exponent == 0x7fff)
		v = mantissa | lo ? (long double)NAN : (long double)INFINITY;
	else
		v = ldexpl(ldexpl((long double)(mantissa | (exponent ? 1ull << 48 : 0)), 64) + lo,
			   (exponent ? exponent : 1) - 16383 - 112);
	return hi >> 63 ? -v : v;
}

/* gdb spells out what the mantissa of a NaN holds. */
static void add_nan(struct buf *out, bool negative, uint64_t mantissa)
{
	buf_str(out, negative ? "-nan(" : "nan(");
	buf_hex(out, mantissa);
	buf_char(out, ')');
}

static bool is_quad(const struct type *t)
{
	return t->name && (strstr(t->name, "loat128") || strcmp(t->name, "f128") == 0);
}

static void float_c_wide(struct buf *out, const struct type *t, const uint8_t *bytes)
{
	uint64_t mantissa = scalar_uint(bytes, 8), exponent = scalar_uint(bytes + 8, 2);
	char text[64];
	long double v;

	if (is_quad(t) && isnan(quad_value(bytes)))
		return add_nan(out, bytes[15] >> 7, scalar_uint(bytes + 8, 6));
	if (is_quad(t))
		return scalar_quad(out, bytes);
	if ((exponent & 0x7fff) == 0x7fff && mantissa << 1)
		return add_nan(out, exponent >> 15, mantissa);
	memset(&v, 0, sizeof(v));
	memcpy(&v, bytes, 10);
	snprintf(text, sizeof(text), "%.21Lg", v);
	add_number(out, text);
}

void scalar_float_c(struct buf *out, const struct type *t, const uint8_t *bytes, size_t size)
{
	uint64_t bits = scalar_uint(bytes, size);
	char text[64];
	float f;
	double d;

	switch (size) {
	case 2:
		d = half_value((uint16_t)bits);
		if (isnan(d))
			return add_nan(out, bits >> 15, bits & 0x3ff);
		snprintf(text, sizeof(text), "%.5g", d);
		break;
	case 4:
		memcpy(&f, bytes, sizeof(f));
		if (isnan(f))
			return add_nan(out, bits >> 31, bits & 0x7fffff);
		snprintf(text, sizeof(text), "%.9g", (double)f);
		break;
	case 8:
		memcpy(&d, bytes, sizeof(d));
		if (isnan(d))
			return add_nan(out, bits >> 63, bits & 0xfffffffffffffull);
		snprintf(text, sizeof(text), "%.17g", d);
		break;
	case 16:
		return float_c_wide(out, t, bytes);
	default:
		return buf_str(out, "<unknown float>");
	}
	add_number(out, text);
}

/* The fewest significant digits that read back as v: "d.dddde±xx" into text. */
static void shortest(char *text, size_t size, double v, bool is_float)
{
	for (int digits = 0; digits < (is_float ? 9 : 17); digits++) {
		snprintf(text, size, "%.*e", digits, v);
		if (is_float ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v)
			return;
	}
}

void scalar_digits(struct buf *out, const char *digits, size_t n, int exponent)
{
	if (exponent < 0) {
		buf_str(out, "0.");
		buf_pad(out, '0', (size_t)(-exponent - 1));
		buf_add(out, digits, n);
		return;
	}
	size_t whole = (size_t)exponent + 1;
	buf_add(out, digits, n < whole ? n : whole);
	buf_pad(out, '0', whole > n ? whole - n : 0);
	if (n > whole) {
		buf_char(out, '.');
		buf_add(out, digits + whole, n - whole);
	}
}

/* core::fmt's rule for {:?}: plain from 1e-4 to 1e16, else with an exponent; always a float. */
static void add_rust_float(struct buf *out, const char *text)
{
	char digits[32];
	size_t n = 0;
	const char *p = text + (text[0] == '-');

	for (; *p && *p != 'e'; p++)
		if (*p >= '0' && *p <= '9' && n < sizeof(digits))
			digits[n++] = *p;
	int exponent = *p ? (int)strtol(p + 1, NULL, 10) : 0;
	if (text[0] == '-')
		buf_char(out, '-');
	bool zero = n == 1 && digits[0] == '0';
	if (!zero && (exponent < -4 || exponent >= 16)) {
		scalar_digits(out, digits, n, 0);
		buf_char(out, 'e');
		buf_dec(out, exponent);
		return;
	}
	scalar_digits(out, digits, n, exponent);
	if (exponent >= 0 && n <= (size_t)exponent + 1)
		buf_str(out, ".0");
}

void scalar_float_rust(struct buf *out, const uint8_t *bytes, size_t size)
{
	char text[64];
	float f;
	double d;

	switch (size) {
	case 2:
		d = half_value((uint16_t)scalar_uint(bytes, 2));
		break;
	case 4:
		memcpy(&f, bytes, sizeof(f));
		d = (double)f;
		break;
	case 8:
		memcpy(&d, bytes, sizeof(d));
		break;
	case 16:
		d = (double)quad_value(bytes);
		break;
	default:
		return buf_str(out, "<unknown float>");
	}
	if (isnan(d))
		return buf_str(out, "NaN");
	if (isinf(d))
		return buf_str(out, d < 0 ? "-inf" : "inf");
	shortest(text, sizeof(text), d, size == 4);
	add_rust_float(out, text);
}
