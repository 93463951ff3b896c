// loop - a function with one int argument and one int result, called as often as argv[1] says.
#include <stdlib.h>

// Room for the floor's two displaced instructions; nothing of the program runs here.
__asm__(".text\n.globl floor_slot\n.type floor_slot, @function\nfloor_slot:\n"
	".fill 32, 1, 0x90\n.size floor_slot, . - floor_slot\n");

__attribute__((noinline)) int double_it(int n)
{
	return n * 2;
}

int main(int argc, char **argv)
{
	long times = argc > 1 ? atol(argv[1]) : 1;
	int sum = 0;
	for (long i = 0; i < times; i++)
		sum += double_it((int)i);
	return sum == 42;
}
