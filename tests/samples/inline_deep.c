// expect: at -O2 hyp() and in it square() twice are inlined into work() and main(); fault-free;
// expect: chain() is three levels of inlined calls, the innermost of which calls a real function
#include <stdio.h>

static inline int square(int x)
{
	int r = x * x;

	return r;
}

static int hyp(int a, int b)
{
	int s = square(a) + square(b);

	if (s > 100) {
		int big = square(s);

		s += big;
	}
	return s;
}

__attribute__((noinline)) int work(int n, int m)
{
	int t = 0;

	for (int i = 0; i < n; i++)
		t += hyp(i, m) ^ t;
	return t;
}

__attribute__((noinline)) int leaf(int v)
{
	return v ^ 5;
}

static inline __attribute__((always_inline)) int third(int v)
{
	return leaf(v + 1) + 3;
}

static inline __attribute__((always_inline)) int second(int v)
{
	return third(v + 2) + leaf(v);
}

static inline __attribute__((always_inline)) int first(int v)
{
	return second(v + 3) * 2;
}

__attribute__((noinline)) int chain(int v)
{
	return first(v) - 1;
}

/* Ends by itself; how often it turns is known at run time only. */
static inline __attribute__((always_inline)) int digits(unsigned v)
{
	int n = 0;

	do {
		n++;
		v /= 10;
	} while (v);
	return n;
}

__attribute__((noinline)) int count(unsigned v)
{
	return digits(v);
}

/* Its first instruction may be the head of its loop: then each turn is told. */
static inline __attribute__((always_inline)) void drain(volatile int *left)
{
	do {
		*left = *left - 1;
	} while (*left > 0);
}

static volatile int store;

__attribute__((noinline)) int use_up(int n)
{
	store = leaf(n);
	drain(&store);
	return store;
}

int main(int argc, char **argv)
{
	(void)argv;
	printf("%d %d\n", work(argc + 3, 7), hyp(argc, 2));
	printf("%d %d %d\n", chain(argc), count(1234u * (unsigned)argc), use_up(argc + 5));
	return 0;
}
