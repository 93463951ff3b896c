/*
 * A recursion without an end: down() calls further(), which calls down(). Each frame of further()
 * has a page of its own, so a stack of 512 KiB, which the program asks for itself, is soon used up:
 * the first access below the limit is a fault, and the kernel ends the program with SIGSEGV.
 *
 *     frametrace build/demos/runaway_c
 *
 * The trace tells how deep it was, which functions call each other over and over, and how many
 * bytes each turn took.
 */
// status: SIGSEGV
#include <stdio.h>
#include <sys/resource.h>

enum { STACK = 512 * 1024, PAGE = 4096 };

static int down(int n);

static int further(int n)
{
	volatile char page[PAGE];
	page[0] = (char)n;
	return down(n + 1) + page[0];
}

static int down(int n)
{
	if (n < 0) /* never */
		return 0;
	return further(n) + 1;
}

int main(void)
{
	struct rlimit stack, no_core = {0, 0};
	getrlimit(RLIMIT_STACK, &stack);
	stack.rlim_cur = STACK;
	if (setrlimit(RLIMIT_STACK, &stack) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0)
		return 1;
	puts("down we go");
	fflush(stdout);
	return down(0);
}
