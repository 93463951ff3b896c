// expect: arguments that the optimiser dropped are known from the caller: chain(5) -> link_to(7) ->
// expect: leaf(9), tail calls excepted; a parameter that was taken away (isra, constprop) too
#include <stdio.h>

#define NOINLINE __attribute__((noinline))
#define UNUSED __attribute__((unused)) // by the program: the debug information has it

static volatile int sink, seed = 5;

// Not static, so that they are called as the ABI says.
int leaf(int n, const char *word, double weight);
int link_to(int n, long wide);
int chain(int n);
int hop(int a, int b);
int computed(int a, int b);
int seventh(int a, int b, int c, int d, int e, int f, int g, int h);
int recursive(int n, int base);

NOINLINE static void forget(int by)
{
	sink += by;
}

NOINLINE int leaf(UNUSED int n, UNUSED const char *word, UNUSED double weight)
{
	forget(1); // n, word and weight are not needed any more
	return sink;
}

NOINLINE int link_to(int n, UNUSED long wide)
{
	int sum = leaf(n + 2, "word", 2.5);
	forget(2);
	return sum;
}

NOINLINE int chain(int n)
{
	int got = link_to(n + 2, (long)n << 33);
	forget(3);
	return got;
}

NOINLINE int hop(int a, int b)
{
	forget(a);
	return chain(b); // a tail call when optimised
}

// The second parameter is the same in every call.
NOINLINE static int scaled(int n, int factor, UNUSED int unused)
{
	int product = n * factor;
	forget(product);
	return product + sink;
}

// The sum lives in no register once it has been used.
NOINLINE int computed(int a, int b)
{
	int sum = a + b, twice = 2 * sum, flipped = ~a;
	forget(sum);
	forget(twice);
	return flipped;
}

// Passed on the stack.
NOINLINE int seventh(int a, UNUSED int b, UNUSED int c, UNUSED int d, UNUSED int e, UNUSED int f,
		     int g, int h)
{
	forget(g);
	forget(h);
	return a;
}

// Its own caller: what base was is told by the callers, one after the other.
NOINLINE int recursive(int n, int base)
{
	int below = n > 0 ? recursive(n - 1, base) : 0;
	forget(below);
	return below + 1;
}

int main(void)
{
	int total = recursive(3, seed);
	for (int i = seed; i < 7; i++) {
		total += chain(i);
		total += hop(i, i + 1);
		total += scaled(i, 3, i);
		total += computed(i, 10);
		total += seventh(i, 2, 3, 4, 5, 6, i + 7, 8);
	}
	printf("%d\n", total);
	return 0;
}
