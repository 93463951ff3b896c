// expect: handlers run while work() is on the stack: on its stack, on an alternate stack, nested
// expect: (SIGUSR2 from within SIGUSR1's), with SA_NODEFER and SA_RESETHAND; all return, and
// expect: work's frames end as if nothing had been
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

static volatile int count[3];

NOINLINE int note(int which)
{
	return ++count[which];
}

void on_usr2(int sig)
{
	(void)sig;
	note(2);
}

void on_usr1(int sig)
{
	note(1);
	if (sig == SIGUSR1)
		raise(SIGUSR2);
}

void on_info(int sig, siginfo_t *info, void *context)
{
	(void)context;
	note(info->si_pid == getpid() && sig == SIGHUP ? 0 : 1);
}

NOINLINE int work(int n)
{
	if (n == 0) {
		raise(SIGUSR1);
		kill(getpid(), SIGHUP);
		return 0;
	}
	return work(n - 1) + 1;
}

NOINLINE void install(int sig, void (*handler)(int), int flags)
{
	struct sigaction a;

	memset(&a, 0, sizeof(a));
	a.sa_handler = handler;
	a.sa_flags = flags;
	if (sigaction(sig, &a, NULL) != 0)
		abort();
}

int main(void)
{
	stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
	struct sigaction info;

	install(SIGUSR1, on_usr1, 0);
	install(SIGUSR2, on_usr2, SA_NODEFER);
	memset(&info, 0, sizeof(info));
	info.sa_sigaction = on_info;
	info.sa_flags = SA_SIGINFO;
	sigaction(SIGHUP, &info, NULL);
	printf("%d\n", work(3));

	sigaltstack(&stack, NULL);
	install(SIGUSR1, on_usr1, SA_ONSTACK);
	install(SIGUSR2, on_usr2, SA_ONSTACK | SA_RESETHAND);
	printf("%d\n", work(2));
	printf("%d %d %d\n", count[0], count[1], count[2]);
	return 0;
}
