// expect: one push and one pop per call, although the first code after the prologue is a loop head
// expect: that is reached again and again: spin(5), count(4), until(3), hop(6), forever(7)
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

NOINLINE int spin(int n)
{
	while (n > 1)
		n--;
	return n;
}

NOINLINE int count(int n)
{
	do
		n--;
	while (n > 0);
	return n;
}

NOINLINE int until(int n)
{
	while (1) {
		if (n-- == 0)
			break;
	}
	return n;
}

NOINLINE int hop(int n)
{
again:
	n -= 2;
	if (n > 0)
		goto again;
	return n;
}

NOINLINE int forever(int n)
{
	for (;;)
		if (--n < 0)
			return n;
}

NOINLINE void walk(const char *s)
{
	while (*s)
		putchar(*s++);
	putchar('\n');
}

NOINLINE unsigned gcd(unsigned a, unsigned b)
{
	while (b) {
		unsigned t = a % b;
		a = b;
		b = t;
	}
	return a;
}

int main(void)
{
	printf("%d %d %d", spin(5), count(4), until(3));
	printf(" %d %d %u\n", hop(6), forever(7), gcd(48, 18));
	walk("walked");
	return 0;
}
