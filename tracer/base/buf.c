/*
 * buf.c - a string that grows; numbers without printf, since every trace line is made of them.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_START = 64 };

void buf_init(struct buf *b)
{
	b->s = xmalloc(BUF_START);
	b->s[0] = '\0';
	b->len = 0;
	b->cap = BUF_START;
}

void buf_deinit(struct buf *b)
{
	free(b->s);
	b->s = NULL;
	b->len = b->cap = 0;
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->s[0] = '\0';
}

/* Room for `more` bytes and the NUL. */
static void buf_reserve(struct buf *b, size_t more)
{
	if (more < b->cap - b->len)
		return;
	size_t need = b->len + more + 1;
	size_t cap = b->cap * 2;
	if (need <= more) // wrapped around: let the allocator end it
		need = SIZE_MAX;
	b->cap = cap > need ? cap : need;
	b->s = xrealloc(b->s, b->cap);
}

void buf_add(struct buf *b, const char *s, size_t len)
{
	buf_reserve(b, len);
	if (len > 0) // of nothing, `s` may be NULL
		memcpy(b->s + b->len, s, len);
	b->len += len;
	b->s[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
	buf_reserve(b, 1);
	b->s[b->len++] = c;
	b->s[b->len] = '\0';
}

void buf_pad(struct buf *b, char c, size_t n)
{
	buf_reserve(b, n);
	memset(b->s + b->len, c, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int len = vsnprintf(b->s + b->len, b->cap - b->len, fmt, ap);
	if (len > 0 && (size_t)len >= b->cap - b->len) {
		buf_reserve(b, (size_t)len);
		len = vsnprintf(b->s + b->len, b->cap - b->len, fmt, again);
	}
	va_end(again);
	if (len > 0)
		b->len += (size_t)len;
	b->s[b->len] = '\0';
}

void buf_udec(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + v % 10);
	while (v /= 10);
	buf_add(b, digits + at, sizeof(digits) - at);
}

/* Unsigned negation is exact for INT64_MIN too. */
void buf_dec(struct buf *b, int64_t v)
{
	if (v < 0) {
		buf_char(b, '-');
		buf_udec(b, -(uint64_t)v);
	} else {
		buf_udec(b, (uint64_t)v);
	}
}

void buf_signed(struct buf *b, int64_t v)
{
	if (v > 0)
		buf_char(b, '+');
	buf_dec(b, v);
}

void buf_hex(struct buf *b, uint64_t v)
{
	char digits[18];
	size_t at = sizeof(digits);

	do
		digits[--at] = "0123456789abcdef"[v & 15];
	while (v >>= 4);
	digits[--at] = 'x';
	digits[--at] = '0';
	buf_add(b, digits + at, sizeof(digits) - at);
}

void buf_truncate(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
	b->s[len] = '\0';
}

void buf_size(struct buf *b, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	size_t unit = 0;
	double v = (double)bytes;
	while (v >= 1024 && unit + 1 < FT_COUNT(units)) {
		v /= 1024;
		unit++;
	}
	bool whole = v == (double)(uint64_t)v;
	buf_printf(b, "%.*f %s", whole ? 0 : v < 10 ? 2 : 1, v, units[unit]);
}
