// expect: true/false, 65 'A', '\n' and other escapes, enumerators by name, flags or-ed, values
// expect: that no enumerator has, negative ones, every integer width at its limits
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <uchar.h>
#include <wchar.h>

#define NOINLINE __attribute__((noinline))

enum color { RED, GREEN = 5, BLUE };
enum flags { READ = 1, WRITE = 2, EXECUTE = 4 };
enum sign { MINUS = -1, NONE, PLUS };
enum small { LOW, HIGH } __attribute__((packed));
typedef enum color paint;

NOINLINE bool not(bool b)
{
	return !b;
}

NOINLINE char next(char c)
{
	return (char)(c + 1);
}

NOINLINE unsigned char next_u(unsigned char c)
{
	return (unsigned char)(c + 1);
}

NOINLINE signed char next_s(signed char c)
{
	return (signed char)(c - 1);
}

NOINLINE enum color next_color(enum color c)
{
	return c == RED ? GREEN : BLUE;
}

NOINLINE paint same_paint(paint p)
{
	return p;
}

NOINLINE enum flags with(enum flags f, enum flags more)
{
	return (enum flags)(f | more);
}

NOINLINE enum sign negate(enum sign s)
{
	return (enum sign)-s;
}

NOINLINE enum small flip(enum small s)
{
	return s == LOW ? HIGH : LOW;
}

NOINLINE int8_t i8(int8_t v)
{
	return v;
}

NOINLINE int16_t i16(int16_t v)
{
	return v;
}

NOINLINE int32_t i32(int32_t v)
{
	return v;
}

NOINLINE int64_t i64(int64_t v)
{
	return v;
}

NOINLINE uint16_t u16(uint16_t v)
{
	return v;
}

NOINLINE uint64_t u64(uint64_t v)
{
	return v;
}

NOINLINE wchar_t wide(wchar_t w, char16_t u, char32_t v)
{
	return w + (wchar_t)u - (wchar_t)v;
}

int main(void)
{
	printf("%d %d\n", not(true), not(false));
	printf("%d %d %d %d\n", next('@'), next('\n'), next('\177'), next('\\'));
	printf("%d %d %d\n", next_u(0x7f), next_u(255), next_s(-128));
	printf("%d %d %d\n", next_color(RED), next_color(GREEN), next_color((enum color)77));
	printf("%d %d %d\n", same_paint(BLUE), with(READ, EXECUTE), with(WRITE, (enum flags)8));
	printf("%d %d %d\n", negate(PLUS), negate(MINUS), flip(LOW));
	printf("%d %d %d %lld\n", i8(INT8_MIN), i16(INT16_MIN), i32(INT32_MIN), (long long)i64(INT64_MIN));
	printf("%u %llu\n", u16(UINT16_MAX), (unsigned long long)u64(UINT64_MAX));
	printf("%ld\n", (long)wide(L'\u00e9', u'\u20ac', U'\U0001f600'));
	return 0;
}
