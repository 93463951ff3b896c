// expect: on_interrupt() at SIGINT; without an argument the program sends itself one, with "wait" it
// expect: says "ready" and waits for one from outside, with "default" it dies of it
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t got;

void on_interrupt(int sig)
{
	got = sig;
}

__attribute__((noinline)) int wait_for_it(int outside)
{
	sigset_t blocked, before;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	puts("ready");
	fflush(stdout);
	if (!outside)
		kill(getpid(), SIGINT);
	while (!got)
		sigsuspend(&before); // no signal can slip through between looking and waiting
	sigprocmask(SIG_SETMASK, &before, NULL);
	return got;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	signal(SIGINT, strcmp(how, "default") == 0 ? SIG_DFL : on_interrupt);
	printf("got %d\n", wait_for_it(*how != '\0'));
	return 0;
}
