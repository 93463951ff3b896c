// fib - two calls in one function: the stack is not the tree of calls, but a path through it.
//
// Look for: the same address range is used again and again; fib(n=1) is called five times for
// fib(n=5), each time in a frame where another one was just before. The deepest stack has five
// frames of fib, although fib is called 15 times: see the summary.
#include <stdio.h>
#include <stdlib.h>

int fib(int n)
{
	if (n < 2)
		return n;
	return fib(n - 1) + fib(n - 2);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 5;

	printf("fib(%d) = %d\n", n, fib(n));
	return 0;
}
