// expect: step() pushed 100 001 times, each frame with an array; no depth is lost
// args: 100000
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) int step(int n)
{
	volatile int frame[2] = {n};

	if (n == 0)
		return 0;
	return (step(n - 1) + frame[0]) % 1000;
}

int main(int argc, char **argv)
{
	printf("%d\n", step(argc > 1 ? atoi(argv[1]) : 100000));
	return 0;
}
