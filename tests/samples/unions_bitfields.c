// expect: unions with every member's reading, bit-fields signed and unsigned across bytes, anonymous
// expect: members, flexible and zero-length arrays, nested aggregates
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

union word {
	uint32_t n;
	float f;
	unsigned char bytes[4];
};

struct bits {
	unsigned a : 3;
	int b : 5;
	unsigned c : 17;
	unsigned long d : 40;
	_Bool e : 1;
};

struct variant {
	enum { INTEGER, TEXT } kind;
	union {
		long n;
		const char *s;
	};
	struct {
		short x, y;
	} at;
};

struct packet {
	unsigned char len;
	int data[];
};

NOINLINE uint32_t as_number(union word w)
{
	return w.n;
}

NOINLINE union word as_word(float f)
{
	union word w = {.f = f};

	return w;
}

NOINLINE struct bits make_bits(int n)
{
	struct bits b = {(unsigned)n & 7, -n, (unsigned)n * 1000, (unsigned long)n << 32, n & 1};

	return b;
}

NOINLINE long take_bits(struct bits b)
{
	return b.a + b.b + b.c + (long)(b.d >> 32) + b.e;
}

NOINLINE long describe(struct variant v)
{
	return (v.kind == INTEGER ? v.n : v.s[0]) + v.at.x - v.at.y;
}

NOINLINE struct variant text(const char *s)
{
	struct variant v = {.kind = TEXT, .s = s, .at = {1, -1}};

	return v;
}

NOINLINE int sum(const struct packet *p)
{
	int r = 0;

	for (int i = 0; i < p->len; i++)
		r += p->data[i];
	return r;
}

int main(void)
{
	struct variant v = {.kind = INTEGER, .n = 42, .at = {3, 4}};
	struct packet *p = malloc(sizeof(*p) + 3 * sizeof(int));

	p->len = 3;
	for (int i = 0; i < 3; i++)
		p->data[i] = i * 10;
	printf("%x\n", (unsigned)as_number(as_word(1.5f)));
	printf("%ld\n", take_bits(make_bits(5)));
	printf("%ld %ld\n", describe(v), describe(text("hello")));
	printf("%d\n", sum(p));
	free(p);
	return 0;
}
