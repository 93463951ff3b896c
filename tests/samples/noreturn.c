// expect: finish() and main() never return: both popped by exit; status 3; at_end() runs inside exit
// status: 3
#include <stdio.h>
#include <stdlib.h>

void at_end(void)
{
	puts("at end");
}

_Noreturn __attribute__((noinline)) void finish(int status)
{
	printf("finish %d\n", status);
	exit(status);
}

int main(void)
{
	atexit(at_end);
	finish(3);
}
