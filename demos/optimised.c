// optimised - what the optimiser does to frames: built as optimised_O0 and as optimised_O2.
//
// Look for: at -O0 every call is a push, rbp is saved in each frame and every local has a slot. At
// -O2 square() is inlined and has no frame at all; next() ends in a jump instead of a call ("tail
// call"), so that finish() returns straight to main; frames are smaller; sum() keeps its locals in
// registers. The result is the same.
#include <stdio.h>

static int square(int n)
{
	return n * n;
}

__attribute__((noinline)) int finish(int n)
{
	printf("finish %d\n", n);
	return n + 1;
}

__attribute__((noinline)) int next(int n)
{
	return finish(n * 2);
}

__attribute__((noinline)) int sum(int n)
{
	int total = 0;

	for (int i = 1; i <= n; i++)
		total += square(i);
	return total;
}

int main(int argc, char **argv)
{
	(void)argv;
	printf("sum %d\n", sum(argc + 3));
	return next(argc) - 3;
}
