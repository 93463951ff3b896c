// expect: at -O2 the calls in return position are jumps: direct, through a pointer, mutual and
// expect: conditional; those frames are popped by "tail call" and the target has their caller
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

int is_even(unsigned n);
int is_odd(unsigned n);

static volatile int seen; // keeps what is called from being pure

NOINLINE int last(int n)
{
	seen += n;
	return n + 1;
}

NOINLINE int other(int n)
{
	seen -= n;
	return n + 2;
}

static int (*volatile pointer)(int) = other;

NOINLINE int direct(int n)
{
	seen++;
	return last(n * 2);
}

NOINLINE int indirect(int n)
{
	seen++;
	return pointer(n * 3);
}

NOINLINE int conditional(int n)
{
	if (n > 10)
		return last(n);
	seen++;
	return 0;
}

NOINLINE int either(int n)
{
	return seen & 1 ? last(n) : other(n);
}

NOINLINE int is_even(unsigned n)
{
	seen++;
	return n == 0 ? 1 : is_odd(n - 1);
}

NOINLINE int is_odd(unsigned n)
{
	seen++;
	return n == 0 ? 0 : is_even(n - 1);
}

NOINLINE int with_stack(int n)
{
	volatile char frame[100];

	frame[n] = (char)n;
	seen += frame[n];
	return last(n);
}

int main(void)
{
	printf("%d\n", direct(1));
	printf("%d\n", indirect(2));
	printf("%d %d\n", conditional(3), conditional(30));
	printf("%d\n", either(4) != 0);
	printf("%d %d\n", is_even(4), is_even(3));
	printf("%d\n", with_stack(5));
	return 0;
}
