// expect: add, subtract, multiply called through a table; compare called by qsort of the C library,
// expect: so its return address is in libc
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

typedef int (*operation)(int, int);

NOINLINE int add(int a, int b)
{
	return a + b;
}

NOINLINE int subtract(int a, int b)
{
	return a - b;
}

NOINLINE int multiply(int a, int b)
{
	return a * b;
}

static operation const table[] = {add, subtract, multiply};

NOINLINE int apply(operation f, int a, int b)
{
	int r = f(a, b);

	return r;
}

int compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	int v[] = {3, 1, 2};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		printf("%d\n", apply(table[i], 7, 5));
	qsort(v, 3, sizeof(v[0]), compare);
	printf("%d %d %d\n", v[0], v[1], v[2]);
	return 0;
}
