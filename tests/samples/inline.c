// expect: twice() is inlined even at -O0: no frame of its own; thrice() is a call at any level;
// expect: at -O2 small() may be inlined, and then has no frame
#include <stdio.h>

static inline __attribute__((always_inline)) int twice(int n)
{
	int doubled = n * 2;

	return doubled;
}

__attribute__((noinline)) int thrice(int n)
{
	int d = twice(n);

	return d + n;
}

static int small(int n)
{
	return n + 1;
}

int main(void)
{
	printf("%d %d %d\n", twice(1), thrice(2), small(3));
	return 0;
}
