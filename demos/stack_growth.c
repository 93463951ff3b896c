// stack_growth - the stack is as large as it was used, not as large as it may be.
//
// Look for: frametrace --map=every build/demos/stack_growth_c. At first the stack has 132 KiB. When
// fill() writes to an array of a megabyte in its frame, the kernel makes the stack larger, page by
// page; when fill() returns, the stack does not shrink again. With "ulimit -s 512" before it, the
// same program runs off its stack.
#include <stdio.h>
#include <string.h>

enum { MEGABYTE = 1024 * 1024 };

static int fill(char c)
{
	char array[MEGABYTE];
	memset(array, c, sizeof(array));
	return array[0] + array[MEGABYTE - 1];
}

int main(void)
{
	printf("%d\n", fill('a') + fill('b'));
	return 0;
}
