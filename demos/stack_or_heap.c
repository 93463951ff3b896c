// stack_or_heap - prints addresses; the reader says which region each one is in; the twin of
// stack_or_heap.rs.
//
// Look for: the literal and MAX are in .rodata, zero in .bss and counter in .data, foo in .text
// (all 0x55...); hello itself is on the stack (0x7ff...), its characters and the number on the heap.
// not: run
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned MAX = 0;
static unsigned zero;
static unsigned counter = 1;

void foo(void)
{
}

int main(void)
{
	char *hello = strdup("Hello World");
	int *boxed = malloc(sizeof(*boxed));

	if (!hello || !boxed)
		return 1;
	*boxed = 1;
	printf("string literal  %p\n", (const void *)"a literal");
	printf("const MAX       %p\n", (const void *)&MAX);
	printf("zero            %p\n", (void *)&zero);
	printf("counter         %p\n", (void *)&counter);
	printf("foo             %p\n", (void *)(size_t)foo);
	printf("&hello          %p\n", (void *)&hello);
	printf("hello           %p\n", (void *)hello);
	printf("boxed           %p\n", (void *)boxed);
	printf("&boxed          %p\n", (void *)&boxed);
	foo();
	free(boxed);
	free(hello);
	return 0;
}
