// expect: leave(2), leave(1), leave(0) end by longjmp before compare() is called: its frame begins
// expect: below theirs, since qsort() stands between, but it is a child of catcher(), at depth 2
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

static jmp_buf target;
static volatile int armed = 1;

static NOINLINE int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static NOINLINE int leave(int n)
{
	if (n == 0 && armed)
		longjmp(target, 1);
	if (n == 0)
		return 0;
	return leave(n - 1) + 1;
}

static NOINLINE int catcher(int n)
{
	int v[] = {2, 1};

	if (setjmp(target) == 0)
		return leave(n);
	qsort(v, 2, sizeof(v[0]), compare);
	return v[0];
}

int main(void)
{
	printf("%d\n", catcher(2));
	return 0;
}
