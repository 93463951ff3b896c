// factorial - a function that calls itself: one frame per call, each with its own n.
//
// Look for: six frames of the same function stacked up, each delta the same, rsp going down in
// equal steps; nothing is multiplied before factorial(n=0) returns. Then the pops: each return
// value is the one below times n. Try ./factorial_c 20, then 21: the value no longer fits.
#include <stdio.h>
#include <stdlib.h>

long factorial(long n)
{
	if (n == 0)
		return 1;
	return n * factorial(n - 1);
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 5;

	printf("%ld! = %ld\n", n, factorial(n));
	return 0;
}
