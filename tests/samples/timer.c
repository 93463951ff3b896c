// expect: step() called millions of times while a timer's handler, tick(), interrupts anywhere;
// expect: how often differs from run to run; "20 ticks" is printed
// varies: calls
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

static volatile sig_atomic_t ticks;

__attribute__((noinline)) int bump(int n)
{
	return n + 1;
}

void tick(int sig)
{
	(void)sig;
	ticks = bump(ticks);
}

__attribute__((noinline)) int step(int n)
{
	return bump(n) - 1;
}

int main(void)
{
	struct itimerval every = {{0, 2000}, {0, 2000}}, off;
	struct sigaction a;

	memset(&a, 0, sizeof(a));
	memset(&off, 0, sizeof(off));
	a.sa_handler = tick;
	a.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &a, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	while (ticks < 20)
		if (step(7) != 7)
			return 1;
	setitimer(ITIMER_REAL, &off, NULL);
	puts("20 ticks");
	return 0;
}
