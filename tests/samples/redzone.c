// expect: leaf() and array() keep their locals below rsp (no sub rsp): still shown with their values
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

NOINLINE int leaf(int n)
{
	int doubled = n * 2;
	int sum = doubled + n;

	return sum;
}

NOINLINE int array(int n)
{
	volatile int v[20] = {0};

	v[3] = n;
	v[17] = n + 1;
	return v[3] + v[17];
}

int main(void)
{
	printf("%d %d\n", leaf(4), array(5));
	return 0;
}
