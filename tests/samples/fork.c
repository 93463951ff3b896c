// expect: children by fork, vfork and posix_spawn call the traced functions and never meet a
// expect: breakpoint; only the parent's calls are in the trace; 12, 13, 14 are the children's statuses
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

extern char **environ;

NOINLINE int work(int n)
{
	return n < 2 ? n : work(n - 1) + work(n - 2);
}

NOINLINE int wait_for(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

NOINLINE pid_t by_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(work(6) + 4);
	return pid;
}

/* The child borrows our memory until it is gone: it may call, but not return from here. */
NOINLINE pid_t by_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(work(7));
	return pid;
}

NOINLINE pid_t by_spawn(char *self)
{
	char child[] = "child";
	char *argv[] = {self, child, NULL};
	pid_t pid;

	return posix_spawn(&pid, self, NULL, NULL, argv, environ) == 0 ? pid : -1;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return work(7) + 1;
	printf("%d\n", work(5));
	fflush(stdout);
	printf("fork %d\n", wait_for(by_fork()));
	printf("vfork %d\n", wait_for(by_vfork()));
	printf("spawn %d\n", wait_for(by_spawn(argv[0])));
	printf("%d\n", work(4));
	return 0;
}
