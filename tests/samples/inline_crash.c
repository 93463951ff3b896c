// expect: at any level deref() is inlined into look(): the signal arrives in it, in look()'s frame
// status: SIGSEGV
#include <stdio.h>

static inline __attribute__((always_inline)) int deref(const volatile int *p)
{
	return *p + 1;
}

__attribute__((noinline)) int look(const volatile int *p)
{
	printf("looking\n");
	fflush(stdout);
	return deref(p);
}

int main(int argc, char **argv)
{
	(void)argv;
	return look(argc > 100 ? &argc : NULL);
}
