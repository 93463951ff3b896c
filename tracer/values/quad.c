/*
 * quad.c - IEEE 754 binary128 in decimal, exactly: no type of the C standard is as wide.
 *
 * A value is m * 2^e. Its digits are those of m * 2^e, or of m * 5^-e with the point moved; both
 * are whole numbers, computed in limbs of nine decimal digits.
 */
#include <string.h>

#include "values/private.h"

enum {
	LIMB = 1000000000,
	LIMB_DIGITS = 9,
	LIMBS = 1300, // 113 bits times 5^16494 have 11563 digits
	DIGITS = 36,  // make every value distinct, as gdb counts: 2 + 113 log10(2)
};

/* Least significant limb first. */
struct big {
	uint32_t limb[LIMBS];
	size_t n;
};

static void multiply(struct big *b, uint32_t by)
{
	uint64_t carry = 0;

	for (size_t i = 0; i < b->n; i++) {
		uint64_t v = (uint64_t)b->limb[i] * by + carry;
		b->limb[i] = (uint32_t)(v % LIMB);
		carry = v / LIMB;
	}
	if (carry && b->n < LIMBS)
		b->limb[b->n++] = (uint32_t)carry;
}

static void power(struct big *b, uint32_t base, uint32_t step, unsigned step_power, unsigned n)
{
	for (; n >= step_power; n -= step_power)
		multiply(b, step);
	while (n--)
		multiply(b, base);
}

static void set_whole(struct big *b, unsigned __int128 v)
{
	b->n = 0;
	while (v) {
		b->limb[b->n++] = (uint32_t)(v % LIMB);
		v /= LIMB;
	}
}

/* All digits, most significant first; how many. */
static size_t write_digits(const struct big *b, char *text)
{
	size_t n = 0;

	for (size_t i = b->n; i-- > 0;)
		for (uint32_t unit = LIMB / 10, v = b->limb[i]; unit; unit /= 10)
			if (n || v / unit % 10)
				text[n++] = (char)('0' + v / unit % 10);
	return n;
}

/* To DIGITS digits, halves to even; true if that made one digit more. */
static bool round_digits(char *text, size_t n)
{
	bool more = false, half = text[DIGITS] == '5', odd = (text[DIGITS - 1] - '0') & 1;

	for (size_t i = DIGITS + 1; i < n; i++)
		more |= text[i] != '0';
	if (text[DIGITS] < '5' || (half && !more && !odd))
		return false;
	for (size_t i = DIGITS; i-- > 0;) {
		if (text[i] != '9') {
			text[i]++;
			return false;
		}
		text[i] = '0';
	}
	text[0] = '1';
	return true;
}

/* As %.36g writes it: `digits` with the point behind the first, times 10^exponent. */
static void add_decimal(struct buf *out, const char *digits, size_t n, int exponent)
{
	while (n > 1 && digits[n - 1] == '0')
		n--;
	if (exponent >= -4 && exponent < DIGITS) {
		scalar_digits(out, digits, n, exponent);
		return;
	}
	scalar_digits(out, digits, n, 0);
	buf_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
}

void scalar_quad(struct buf *out, const uint8_t bytes[16])
{
	uint64_t lo = scalar_uint(bytes, 8), hi = scalar_uint(bytes + 8, 8);
	int biased = (int)(hi >> 48 & 0x7fff), e = (biased ? biased : 1) - 16383 - 112, point = 0;
	unsigned __int128 m = (unsigned __int128)(hi & 0xffffffffffffull) << 64 | lo;
	struct big b;
	char text[LIMBS * LIMB_DIGITS];

	if (hi >> 63)
		buf_char(out, '-');
	if (biased == 0x7fff)
		return buf_str(out, "inf"); // a NaN was told before
	if (biased)
		m |= (unsigned __int128)1 << 112;
	if (!m)
		return buf_char(out, '0');
	for (; e < 0 && !(m & 1); e++)
		m >>= 1;
	set_whole(&b, m);
	if (e > 0)
		power(&b, 2, 1u << 29, 29, (unsigned)e);
	else
		power(&b, 5, 244140625, 12, (unsigned)-e);
	point = e < 0 ? e : 0;
	size_t n = write_digits(&b, text);
	int exponent = (int)n - 1 + point;
	if (n > DIGITS) {
		exponent += round_digits(text, n);
		n = DIGITS;
	}
	add_decimal(out, text, n, exponent);
}
