// deep - recursion to depth argv[1], argv[2] times: as many frames alive as the depth says.
#include <stdlib.h>

// Room for the floor's two displaced instructions; nothing of the program runs here.
__asm__(".text\n.globl floor_slot\n.type floor_slot, @function\nfloor_slot:\n"
	".fill 32, 1, 0x90\n.size floor_slot, . - floor_slot\n");

__attribute__((noinline)) int deep(int left)
{
	int below = left > 1 ? deep(left - 1) : 0;
	return below + 1;
}

int main(int argc, char **argv)
{
	int depth = argc > 1 ? atoi(argv[1]) : 1;
	int times = argc > 2 ? atoi(argv[2]) : 1;
	int sum = 0;
	for (int i = 0; i < times; i++)
		sum += deep(depth);
	return sum == 42;
}
