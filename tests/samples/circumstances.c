// expect: all that a program can see of how it was started is the same traced and untraced:
// expect: arguments, environment, open files, signal mask and dispositions, affinity, limits
// args: one two -x --
#ifndef _GNU_SOURCE
#define _GNU_SOURCE // sched.h
#endif
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

#define NOINLINE __attribute__((noinline))

NOINLINE void show_words(const char *what, char **words)
{
	for (int i = 0; words[i]; i++)
		printf("%s[%d] %s\n", what, i, words[i]);
}

NOINLINE void show_files(void)
{
	for (int fd = 0; fd < 256; fd++) {
		struct stat st;
		if (fstat(fd, &st) == 0)
			printf("fd %d type %o\n", fd, (unsigned)st.st_mode & S_IFMT);
	}
}

NOINLINE void show_signals(void)
{
	sigset_t mask, pending;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	sigpending(&pending);
	for (int sig = 1; sig < 65; sig++) {
		struct sigaction a;
		if (sigismember(&mask, sig) == 1)
			printf("signal %d blocked\n", sig);
		if (sigismember(&pending, sig) == 1)
			printf("signal %d pending\n", sig);
		if (sigaction(sig, NULL, &a) == 0 && a.sa_handler != SIG_DFL)
			printf("signal %d %s\n", sig, a.sa_handler == SIG_IGN ? "ignored" : "caught");
	}
}

NOINLINE void show_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			printf("cpu %d\n", cpu);
}

NOINLINE void show_limits(void)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit l;
		if (getrlimit((__rlimit_resource_t)i, &l) == 0)
			printf("limit %d %llx %llx\n", i, (unsigned long long)l.rlim_cur,
			       (unsigned long long)l.rlim_max);
	}
}

int main(int argc, char **argv)
{
	char cwd[4096];

	printf("argc %d\n", argc);
	show_words("argv", argv);
	show_words("environ", environ);
	show_files();
	show_signals();
	show_cpus();
	show_limits();
	printf("personality %x\n", (unsigned)personality(0xffffffff));
	printf("cwd %s\n", getcwd(cwd, sizeof(cwd)) ? cwd : "?");
	printf("umask %o nice %d scheduler %d\n", (unsigned)umask(0), getpriority(PRIO_PROCESS, 0),
	       sched_getscheduler(0));
	printf("dumpable %d death signal", prctl(PR_GET_DUMPABLE));
	int sig = -1;
	prctl(PR_GET_PDEATHSIG, &sig);
	printf(" %d\n", sig);
	return 0;
}
