/*
 * job.c - Ctrl-Z: a program that is stopped from its terminal takes us with it.
 *
 * The signal comes to all processes of the job. What a shell waits for is that we stop; but the
 * program may catch the signal, put its screen away and stop itself later, or not at all: then it
 * would be stopped while we run, and nobody would let it go on. So the signal does nothing to us,
 * and we stop when the program has. SIGCONT comes to both again.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "control/private.h"

static void on_stop(int signal)
{
	(void)signal;
}

// The program has been forked and does not inherit it. Ignored when we were started: it stays so.
void job_begin(struct control *c, const struct launch *how)
{
	struct sigaction note = {.sa_handler = on_stop, .sa_flags = (int)SA_RESTART};
	if (!how->as_job || sigaction(SIGTSTP, NULL, &c->job.old) != 0 ||
	    c->job.old.sa_handler == SIG_IGN)
		return;
	sigaction(SIGTSTP, &note, NULL);
	c->job.on = true;
}

void job_end(struct control *c)
{
	if (c->job.on)
		sigaction(SIGTSTP, &c->job.old, NULL);
	c->job.on = false;
}

void job_stopped(struct control *c, int signal)
{
	c->job.signal = signal == SIGSTOP ? 0 : signal; // that one was sent to it, not to the job
}

static bool all_stopped(const struct control *c)
{
	for (size_t i = 0; i < c->n_threads; i++) {
		const struct thread *t = &c->threads[i];
		if (t->pid == c->pid && !t->leaving && !t->group_stopped)
			return false;
	}
	return true;
}

// What is to be told by now is that it goes on.
static bool has_news(void)
{
	siginfo_t info = {.si_pid = 0};
	return waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL) != 0 ||
	       info.si_pid != 0;
}

/*
 * The order matters: a SIGCONT takes back a stop that is pending. One that comes after the signal
 * was raised does so; one that came before it has made the program go on.
 */
void job_follow(struct control *c)
{
	struct sigaction usual = {.sa_handler = SIG_DFL}, ignore = {.sa_handler = SIG_IGN}, old;
	sigset_t one, mask;
	int signal = c->job.signal;
	if (!c->job.on || !signal || c->n_deferred > 0 || !all_stopped(c))
		return;
	c->job.signal = 0;
	if (getpgid(c->pid) != getpgrp())
		return;
	sigemptyset(&one);
	sigaddset(&one, signal);
	sigprocmask(SIG_BLOCK, &one, &mask);
	sigaction(signal, &usual, &old);
	raise(signal);
	if (has_news())
		sigaction(signal, &ignore, NULL); // and it is pending no more
	sigprocmask(SIG_UNBLOCK, &one, NULL);	  // here we stop
	sigaction(signal, &old, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}
