// sizes - variables of one to a hundred bytes in one frame.
//
// Look for: frametrace frames build/demos/sizes_c main. Each variable has as many bytes as its type,
// at an address that is a multiple of its alignment; what is left between them is padding. rsp is
// 8 bytes wide whatever the frame holds.
#include <stdio.h>

int main(void)
{
	char letter = 'a';
	short small = 2;
	int number = 4;
	long large = 8;
	char text[100] = "a hundred";
	int *address = &number;

	printf("%c %d %d %ld %s %d\n", letter, small, number, large, text, *address);
	return 0;
}
