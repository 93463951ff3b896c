/*
 * private.h - the live process as control/ sees it.
 *
 * Owns:     struct control and its threads.
 * Gives:    what launch.c, inject.c, capture.c and control.c share.
 * Never:    is included from another room.
 * Lifetime: session.
 */
#ifndef FT_CONTROL_PRIVATE_H
#define FT_CONTROL_PRIVATE_H

#include <signal.h>

#include "control/control.h"
#include "control/ptrace.h"
#include "control/sites.h"
#include "control/wait.h"

enum { AGAIN_MAX = 16 }; // nested signal handlers that are told from new arrivals

struct thread {
	pid_t tid, pid;	    // pid differs from the process's for a vfork child
	bool stopped;	    // ptrace-stopped and known to us
	bool announced;	    // its creator's event was seen; until then its first stop waits
	int deliver;	    // signal to deliver when it is resumed
	bool listening;	    // in a group-stop: left listening
	bool group_stopped; // and nothing was heard of it since
	bool leaving;	    // about to end: nothing can be read through it soon
	uint64_t caller_lo, caller_hi; // where the next entry is expected to be called from
	struct site *resume_in;	       // at its site: to be resumed in the slot
	bool stepping;		       // to be resumed by a single step
	bool stepped;		       // it was: the next SIGTRAP may be that step's
	struct site *step_site;	       // whose slot the step began in; NULL: none
	struct regs from;	       // before the instruction that is being stepped
	/*
	 * A signal took the thread back home before the replaced instruction ran. When its handler
	 * has returned, the kernel restores the registers exactly (sigreturn(2)) and the thread
	 * meets the site once more: the same arrival, not another one. Handlers nest, so this is a
	 * stack; a handler that jumps out leaves an entry, which only an identical state matches.
	 */
	struct arrival {
		struct site *site;
		struct regs regs;
	} again[AGAIN_MAX];
	size_t n_again;
};

/* Stops from the terminal. */
struct job {
	bool on;
	int signal; // that stopped the program; 0: none since it went on
	struct sigaction old;
};

/* What we do while the program runs, besides waiting for it. */
struct serving {
	struct output *output;
	bool (*idle)(void *ctx);
	void *idle_ctx;
	bool on;       // one of them is there
	bool idle_due; // something has happened since the last time
	pid_t pid;
	sigset_t mask; // that of our waits: SIGCHLD gets through then, and only then
	sigset_t old_mask;
	struct sigaction old;
};

struct control {
	pid_t pid;
	int mem; // /proc/PID/mem
	bool exited, disarmed;
	bool early_resume, hold;
	struct sites sites;
	struct thread *threads;
	size_t n_threads, cap_threads;
	struct thread *last;	      // cache of the last lookup
	pid_t resume_tid;	      // who stopped last and waits for control_next(); 0: nobody
	struct wait_result *deferred; // statuses that arrived while one thread was waited for
	size_t n_deferred, cap_deferred;
	struct control_stats stats;
	struct serving serving;
	struct job job;
	struct hit hit;
	struct step step;
};

/* serve.c */
void serving_begin(struct control *c, const struct launch *how); // the child has been forked
void serving_end(struct control *c);
void serving_stopped(struct control *c, const struct wait_result *w);
FT_CHECK enum ft_rc serving_wait(struct control *c, struct wait_result *ret); // next status of any

/* job.c */
void job_begin(struct control *c, const struct launch *how); // the child has been forked
void job_end(struct control *c);
void job_stopped(struct control *c, int signal); // a thread of the program reports it
void job_follow(struct control *c); // all that stopped has been resumed, or left listening

/* threads.c */
struct thread *thread_find(struct control *c, pid_t tid); // NULL if unknown
struct thread *thread_add(struct control *c, pid_t tid, pid_t pid);
void thread_remove(struct control *c, pid_t tid);
void threads_keep_only(struct control *c, pid_t tid);

/* capture.c: fills c->hit by the site's plan. FT_NONE: the thread is gone. */
FT_CHECK enum ft_rc capture_hit(struct control *c, const struct thread *t, const struct site *site,
				const struct regs *regs);

/* resume.c */
enum ft_rc thread_resume(struct control *c, struct thread *t);
FT_CHECK enum ft_rc thread_wait(struct control *c, pid_t tid, struct wait_result *ret);
void thread_defer(struct control *c, const struct wait_result *w);
bool thread_is_again(struct thread *t, const struct site *site, const struct regs *regs);
void thread_go_home(struct control *c, struct thread *t, struct regs *regs, int signal);

FT_CHECK enum ft_rc slot_mend(struct control *c, const struct thread *t, const struct site *site,
			      struct regs *regs);

/* step.c */

/*
 * A SIGTRAP of a thread that was stepped. FT_OK: ret is to be reported; FT_NONE: it goes on
 * stepping. *ret_is_step is false if the trap has another cause.
 */
FT_CHECK enum ft_rc step_done(struct control *c, struct thread *t, struct regs *regs,
			      struct stop *ret, bool *ret_is_step);

/* A child that was forked by a stepped system call instruction. True if regs were changed. */
bool step_hide_flag_of_syscall(struct control *c, struct regs *regs);

/* inject.c: one system call in a stopped thread, which notices nothing. FT_NONE: it was killed. */
struct injected_call {
	uint64_t number, args[6];
};
FT_CHECK enum ft_rc inject(struct control *c, pid_t tid, pid_t pid,
			   const struct injected_call *call, uint64_t *ret);

/* birth.c: a new thread or process, as the parent's event reports it. Fills ret; FT_NONE: nothing
 * to tell. */
FT_CHECK enum ft_rc birth(struct control *c, struct thread *parent, struct stop *ret);
void children_release(struct control *c);

#endif
