// expect: every psABI class of struct, as argument and as result, by value: two integer registers,
// expect: two SSE registers, one of each, memory (hidden pointer in rdi), x87, packed
#include <stdio.h>

struct tiny { char c; };			     // one INTEGER register
struct bytes3 { char b[3]; };			     // one, of odd size
struct pair { int x, y; };			     // one, two members
struct longs { long a, b; };			     // rax:rdx
struct odd { long a; int b; char c; };		     // rax:rdx, 16 bytes with padding
struct floats2 { float x, y; };			     // one SSE register, two members
struct floats4 { float v[4]; };			     // two SSE registers
struct doubles { double x, y; };		     // xmm0:xmm1
struct mixed { long n; double d; };		     // rax and xmm0
struct mixed_back { double d; long n; };	     // xmm0 and rax
struct squeezed { int n; float f; double d; };	     // INTEGER swallows the float; then SSE
struct three { long a, b, c; };			     // MEMORY
struct big { int v[16]; char name[8]; };	     // MEMORY
struct wide { long double v; };			     // argument in MEMORY, result in st(0)
struct __attribute__((packed)) packed { char c; long n; }; // MEMORY: misaligned
struct nested { struct pair p; struct tiny t[4]; };  // one of each level
union either { long n; double d; };		     // INTEGER

#define FUNCTIONS(name, type, use, ...)                                                           \
	__attribute__((noinline)) type make_##name(int k)                                         \
	{                                                                                         \
		type v = __VA_ARGS__;                                                             \
		return v;                                                                         \
	}                                                                                         \
	__attribute__((noinline)) long take_##name(type v, int k)                                 \
	{                                                                                         \
		return (long)(use) + k;                                                           \
	}

FUNCTIONS(tiny, struct tiny, v.c, {(char)k})
FUNCTIONS(bytes3, struct bytes3, v.b[0] + v.b[1] + v.b[2], {{(char)k, (char)(k + 1), (char)(k + 2)}})
FUNCTIONS(pair, struct pair, v.x - v.y, {k, -k})
FUNCTIONS(longs, struct longs, v.a / 1000 + v.b, {k * 100000000000L, k})
FUNCTIONS(odd, struct odd, v.a + v.b + v.c, {k, k + 1, 'o'})
FUNCTIONS(floats2, struct floats2, v.x + v.y, {k + 0.5f, k - 0.5f})
FUNCTIONS(floats4, struct floats4, v.v[0] + v.v[3], {{k, k + 1, k + 2, k + 3}})
FUNCTIONS(doubles, struct doubles, v.x + v.y, {k + 0.25, k * 2.0})
FUNCTIONS(mixed, struct mixed, v.n + v.d, {k, k / 2.0})
FUNCTIONS(mixed_back, struct mixed_back, v.d + v.n, {k / 4.0, k})
FUNCTIONS(squeezed, struct squeezed, v.n + v.f + v.d, {k, k + 0.5f, k + 0.25})
FUNCTIONS(three, struct three, v.a + v.b + v.c, {k, k + 1, k + 2})
FUNCTIONS(big, struct big, v.v[0] + v.v[1] + v.name[0], {{k, k + 1}, "big"})
FUNCTIONS(wide, struct wide, v.v * 8, {k + 0.125L})
FUNCTIONS(packed, struct packed, v.c + v.n, {'p', k})
FUNCTIONS(nested, struct nested, v.p.x + v.t[3].c, {{k, k + 1}, {{'a'}, {'b'}, {'c'}, {'d'}}})
FUNCTIONS(either, union either, v.n, {k})

/* A hidden pointer, a struct in registers and one on the stack at once. */
__attribute__((noinline)) struct three mix(struct pair p, struct three t, struct doubles d, long n)
{
	struct three r = {p.x + t.a, p.y + t.b, (long)d.x + n};

	return r;
}

#define TRY(name, k) printf("%-10s %ld\n", #name, take_##name(make_##name(k), 1))

int main(void)
{
	TRY(tiny, 65);
	TRY(bytes3, 97);
	TRY(pair, 3);
	TRY(longs, 4);
	TRY(odd, 5);
	TRY(floats2, 6);
	TRY(floats4, 7);
	TRY(doubles, 8);
	TRY(mixed, 9);
	TRY(mixed_back, 10);
	TRY(squeezed, 11);
	TRY(three, 12);
	TRY(big, 13);
	TRY(wide, 14);
	TRY(packed, 15);
	TRY(nested, 16);
	TRY(either, 17);
	struct three r = mix(make_pair(1), make_three(2), make_doubles(3), 4);
	printf("%-10s %ld %ld %ld\n", "mix", r.a, r.b, r.c);
	return 0;
}
