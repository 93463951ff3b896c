// expect: must() returns for true; the last must() ends in exit(5), and its code after that call is
// expect: another function's; dead_end() has no ret instruction at all
// status: 5
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) void dead_end(const char *why)
{
	printf("dead end: %s\n", why);
	exit(5);
}

__attribute__((noinline)) int must(int ok, const char *what)
{
	if (ok)
		return ok + 1;
	dead_end(what);
	abort(); // not reached
}

__attribute__((noinline)) void forever(int n)
{
	for (;;)
		n = must(n - 1, "counted down") - 1;
}

int main(void)
{
	printf("%d\n", must(1, "one"));
	forever(4);
}
