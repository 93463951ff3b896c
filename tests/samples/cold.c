// expect: check(1) leaves through code that gcc moves to check.cold at -O2: still one frame of check
#include <stdio.h>

#define NOINLINE __attribute__((noinline))

static volatile int failures;

NOINLINE __attribute__((cold)) void report(const char *what, int n)
{
	failures++;
	printf("%s %d\n", what, n);
}

NOINLINE int check(int n)
{
	if (__builtin_expect(n > 0, 0)) {
		report("first", n);
		report("second", n + 1);
		if (failures > 3)
			return -1;
		return failures;
	}
	return n * 3;
}

NOINLINE __attribute__((hot)) int busy(int n)
{
	int total = 0;

	for (int i = 0; i < n; i++)
		total += check(-i);
	return total;
}

int main(void)
{
	printf("%d\n", busy(4));
	printf("%d\n", check(1));
	printf("%d\n", check(2));
	return 0;
}
