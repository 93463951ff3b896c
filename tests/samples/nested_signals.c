// expect: work() called 4000 times while handlers of three timers interrupt it and each other, one
// expect: of them on an alternate stack: 4000 pushes of work(), not one more
// flags: -pthread
// varies: calls
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

static volatile long calls;
static char alternate[65536];

__attribute__((noinline)) long work(long x)
{
	calls++;
	return x + 1;
}

static void handler(int sig)
{
	(void)sig;
}

static void every(int timer, int sig, int flags)
{
	struct itimerval t = {{0, 700}, {0, 700}};
	struct sigaction a;

	memset(&a, 0, sizeof(a));
	a.sa_handler = handler;
	a.sa_flags = flags | SA_RESTART;
	sigaction(sig, &a, NULL);
	setitimer(timer, &t, NULL);
}

int main(void)
{
	struct itimerval off = {{0, 0}, {0, 0}};
	stack_t s;

	memset(&s, 0, sizeof(s));
	s.ss_sp = alternate;
	s.ss_size = sizeof(alternate);
	sigaltstack(&s, NULL);
	every(ITIMER_REAL, SIGALRM, SA_ONSTACK);
	every(ITIMER_VIRTUAL, SIGVTALRM, 0);
	every(ITIMER_PROF, SIGPROF, 0);
	for (int i = 0; i < 4000; i++)
		work(i);
	setitimer(ITIMER_REAL, &off, NULL);
	setitimer(ITIMER_VIRTUAL, &off, NULL);
	setitimer(ITIMER_PROF, &off, NULL);
	printf("%ld\n", calls);
	return 0;
}
