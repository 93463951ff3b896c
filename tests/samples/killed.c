// expect: die() is still there when a signal ends the program: segv (default), abort, fpe, kill, trap
// args: segv
// status: SIGSEGV
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

__attribute__((noinline)) int die(const char *how, volatile int *p)
{
	if (strcmp(how, "segv") == 0)
		return *p;
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "fpe") == 0)
		raise(SIGFPE);
	if (strcmp(how, "kill") == 0)
		raise(SIGKILL);
	if (strcmp(how, "trap") == 0)
		__asm__ volatile("int3"); // the program's own breakpoint, not a tracer's
	return 0;
}

int main(int argc, char **argv)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	puts("before");
	fflush(stdout);
	return die(argc > 1 ? argv[1] : "segv", NULL);
}
