// fib - fib(argv[1]), the plain way: many short calls with arguments, locals and a result each.
#include <stdio.h>
#include <stdlib.h>

static int fib(int n)
{
	if (n < 2)
		return n;
	int a = fib(n - 1);
	int b = fib(n - 2);
	return a + b;
}

int main(int argc, char **argv)
{
	printf("%d\n", fib(argc > 1 ? atoi(argv[1]) : 1));
	return 0;
}
