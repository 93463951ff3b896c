#include "control/wait.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

// About 100 us of polling: longer than a call takes to come back, far shorter than a time slice.
enum { SPINS = 200 };

static bool stops_group(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static enum wait_kind kind_of_event(int event, int signal)
{
	switch (event) {
	case 0:
		return WAIT_SIGNAL;
	case PTRACE_EVENT_STOP:
		return stops_group(signal) ? WAIT_GROUP_STOP : WAIT_FIRST_STOP;
	case PTRACE_EVENT_FORK:
		return WAIT_FORK;
	case PTRACE_EVENT_VFORK:
		return WAIT_VFORK;
	case PTRACE_EVENT_CLONE:
		return WAIT_CLONE;
	case PTRACE_EVENT_EXEC:
		return WAIT_EXEC;
	case PTRACE_EVENT_EXIT:
		return WAIT_LEAVING;
	}
	return WAIT_OTHER;
}

struct wait_result wait_classify(pid_t tid, int status)
{
	struct wait_result r = {.tid = tid, .kind = WAIT_OTHER};
	if (WIFEXITED(status)) {
		r.kind = WAIT_EXITED;
		r.value = WEXITSTATUS(status);
	} else if (WIFSIGNALED(status)) {
		r.kind = WAIT_KILLED;
		r.value = WTERMSIG(status);
		r.core = WCOREDUMP(status);
	} else if (WIFSTOPPED(status)) {
		r.value = WSTOPSIG(status) & 0x7f;
		r.kind = kind_of_event((int)((unsigned)status >> 16), r.value);
	}
	return r;
}

// 0: nobody has stopped so far.
static pid_t spin_for(int *status)
{
	pid_t tid = 0;
	// On another CPU the program runs meanwhile; on this one it runs because of the yield, and
	// its stop brings us back without a wake-up.
	for (int i = 0; i < SPINS && tid == 0; i++) {
		tid = waitpid(-1, status, __WALL | WNOHANG);
		if (tid == 0)
			sched_yield();
	}
	return tid;
}

static enum ft_rc result_of(pid_t tid, int status, struct wait_result *ret)
{
	if (tid < 0 && errno == ECHILD)
		return FT_NONE;
	if (tid < 0)
		return ft_fail("waitpid: %s", strerror(errno));
	*ret = wait_classify(tid, status);
	return FT_OK;
}

enum ft_rc wait_any(bool spin, struct wait_result *ret)
{
	int status;
	pid_t tid = spin ? spin_for(&status) : 0;
	while (tid == 0 || (tid < 0 && errno == EINTR))
		tid = waitpid(-1, &status, __WALL);
	return result_of(tid, status, ret);
}

enum ft_rc wait_serving(void (*serve)(void *ctx), void *ctx, struct wait_result *ret)
{
	int status;
	pid_t tid = spin_for(&status);
	while (tid == 0) {
		serve(ctx);
		tid = waitpid(-1, &status, __WALL | WNOHANG);
	}
	return result_of(tid, status, ret);
}

bool wait_now(struct wait_result *ret)
{
	int status;
	pid_t tid = waitpid(-1, &status, __WALL | WNOHANG);
	if (tid <= 0)
		return false;
	*ret = wait_classify(tid, status);
	return true;
}

enum ft_rc wait_one(pid_t tid, struct wait_result *ret)
{
	int status;
	pid_t got;
	do
		got = waitpid(tid, &status, __WALL);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == ECHILD)
		return FT_NONE;
	if (got < 0)
		return ft_fail("waitpid: %s", strerror(errno));
	*ret = wait_classify(tid, status);
	return FT_OK;
}
