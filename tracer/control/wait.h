/*
 * wait.h - wait statuses as a type, and the wait itself (private to control/).
 *
 * Owns:     waitpid(2); the policy of spinning before blocking.
 * Gives:    wait_classify(), which makes no system call and is table-tested.
 * Never:    acts on a status.
 * Lifetime: plain values.
 *
 * ptrace(2), "Stopped tracees": a seized thread reports group-stops and its first stop as
 * PTRACE_EVENT_STOP; everything else that stops is a signal-delivery-stop or another event.
 */
#ifndef FT_WAIT_H
#define FT_WAIT_H

#include <sys/types.h>

#include "base/base.h"

enum wait_kind {
	WAIT_EXITED,	 // value: exit status
	WAIT_KILLED,	 // value: signal; core tells
	WAIT_SIGNAL,	 // signal-delivery-stop; value: signal (SIGTRAP: perhaps one of our sites)
	WAIT_GROUP_STOP, // value: the stopping signal; the thread is to be left listening
	WAIT_FIRST_STOP, // a new thread or process reports for the first time, or an interrupt
	WAIT_FORK,
	WAIT_VFORK,
	WAIT_CLONE, // the new id is in the event message
	WAIT_EXEC,
	WAIT_LEAVING, // about to end, registers and memory still there
	WAIT_OTHER,   // an event we did not ask for: just resume
};

struct wait_result {
	pid_t tid;
	enum wait_kind kind;
	int value;
	bool core;
};

struct wait_result wait_classify(pid_t tid, int status);

/*
 * The next status of any thread. Spins for a while before it blocks if `spin`: a blocked wait
 * across two cores costs several times what the stop itself does. FT_NONE: no children are left.
 */
FT_CHECK enum ft_rc wait_any(bool spin, struct wait_result *ret);

/*
 * The same, but where it would block `serve` does: it returns when a SIGCHLD has come, or for any
 * other reason.
 */
FT_CHECK enum ft_rc wait_serving(void (*serve)(void *ctx), void *ctx, struct wait_result *ret);

/* A status that is there already. */
bool wait_now(struct wait_result *ret);

/* The next status of one thread; FT_NONE: it is gone. */
FT_CHECK enum ft_rc wait_one(pid_t tid, struct wait_result *ret);

#endif
