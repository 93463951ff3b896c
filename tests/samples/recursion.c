// expect: main, then down(n) … down(0) nested n + 1 deep, popped in reverse order
// args: 10
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) unsigned long down(unsigned long n)
{
	if (n == 0)
		return 0;
	return n + down(n - 1);
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 10;

	printf("%lu\n", down(n));
	return 0;
}
