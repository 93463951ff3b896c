// boxed_value - a value on the heap outlives the frame that made it; the twin of boxed_value.rs.
//
// Look for: boxed_value() = 0x55... is the address of a block on the heap, not on the stack
// (0x7ff...). With -v, "result" is in the frame that is popped, and its value goes on in main's
// "heap". In C nobody frees the block unless somebody writes it: main does.
#include <stdio.h>
#include <stdlib.h>

int *boxed_value(void)
{
	int *result = malloc(sizeof(*result));

	if (result)
		*result = 99;
	return result;
}

int main(void)
{
	int *heap = boxed_value();

	if (!heap)
		return 1;
	printf("%d\n", *heap);
	free(heap);
	return 0;
}
