#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control/private.h"

// The clone flags of the system call that the parent is in; fork(2) has none.
static uint64_t clone_flags(struct control *c, const struct regs *regs)
{
	uint64_t flags = 0;
	struct memory mem = control_memory(c);
	switch (regs->orig_rax) {
	case SYS_vfork:
		return CLONE_VM | CLONE_VFORK;
	case SYS_clone:
		return regs->r[ARCH_RDI];
	case SYS_clone3: // struct clone_args begins with the flags
		return memory_read_uint(&mem, regs->r[ARCH_RDI], 8, &flags) ? flags : CLONE_VM;
	}
	return 0;
}

static bool set_dumpable(struct control *c, pid_t tid, uint64_t how)
{
	struct injected_call call = {.number = SYS_prctl, .args = {PR_SET_DUMPABLE, how}};
	uint64_t result = 1;
	return inject(c, tid, tid, &call, &result) == FT_OK && result == 0;
}

/*
 * The program's bytes back into a child's memory. A child that forbids others to look into it
 * (prctl(2), PR_SET_DUMPABLE) is made to allow it for the moment: with our bytes it would die.
 */
static void restore_bytes(struct control *c, pid_t tid)
{
	int mem;
	if (sites_syscall(&c->sites) == 0)
		return; // nothing of ours is there
	bool opened = mem_open(tid, &mem) == FT_OK;
	bool forced = !opened && set_dumpable(c, tid, 1);
	ft_error_clear();
	if (!opened && (!forced || mem_open(tid, &mem) != FT_OK))
		return;
	if (sites_restore(&c->sites, mem) == FT_FAIL)
		ft_error_clear();
	close(mem);
	if (forced && !set_dumpable(c, tid, 0))
		ft_error_clear();
}

// Gives a stopped process that shares nothing, or nothing any more, back as we found it.
static void release(struct control *c, struct thread *t, int signal, bool executed)
{
	if (!executed)
		restore_bytes(c, t->tid);
	struct regs regs;
	if (!executed && pt_get_regs(t->tid, &regs) == FT_OK) {
		if (t->stepped && step_hide_flag_of_syscall(c, &regs) &&
		    pt_set_regs(t->tid, &regs) == FT_FAIL)
			ft_error_clear();
		struct site *site = sites_at(&c->sites, regs.r[ARCH_RIP] - 1);
		if (signal == SIGTRAP && site) {
			signal = 0;
			if (pt_set_rip(t->tid, site->d.home) == FT_FAIL)
				ft_error_clear();
		} else {
			thread_go_home(c, t, &regs, signal);
		}
	}
	pt_detach(t->tid, signal);
}

static bool await_first_stop(struct control *c, pid_t tid)
{
	struct wait_result w;
	return thread_wait(c, tid, &w) == FT_OK && w.kind != WAIT_EXITED && w.kind != WAIT_KILLED;
}

static void release_fork(struct control *c, pid_t child, bool stepped)
{
	struct thread *known = thread_find(c, child);
	struct thread t = known ? *known : (struct thread){.tid = child, .pid = child};
	if (known)
		thread_remove(c, child);
	t.stepped = stepped;
	if (known || await_first_stop(c, child))
		release(c, &t, 0, false);
	c->stats.children++;
}

enum ft_rc birth(struct control *c, struct thread *parent, struct stop *ret)
{
	unsigned long message;
	struct regs regs;
	enum ft_rc rc = pt_event_message(parent->tid, &message);
	if (rc == FT_OK)
		rc = pt_get_regs(parent->tid, &regs);
	if (rc != FT_OK)
		return rc;
	pid_t child = (pid_t)message, parent_pid = parent->pid;
	uint64_t flags = clone_flags(c, &regs);
	ret->child = child;
	ret->kind = STOP_CHILD;
	if (!(flags & CLONE_VM)) {
		release_fork(c, child, parent->stepped);
		return parent_pid == c->pid ? FT_OK : FT_NONE;
	}
	struct thread *t = thread_find(c, child);
	if (!t)
		t = thread_add(c, child, child);
	t->announced = true;
	if (flags & CLONE_THREAD) {
		t->pid = parent_pid;
		c->stats.threads++;
		ret->kind = STOP_THREAD;
	} else {
		c->stats.children++;
	}
	if (t->stopped && thread_resume(c, t) == FT_FAIL)
		return FT_FAIL;
	return parent_pid == c->pid ? FT_OK : FT_NONE;
}

/* Lets go of every process that shares the memory but is not the process itself. */
void children_release(struct control *c)
{
	for (size_t i = c->n_threads; i-- > 0;) {
		struct thread t = c->threads[i];
		if (t.pid == c->pid)
			continue;
		int signal = 0;
		struct wait_result w = {.kind = WAIT_FIRST_STOP};
		if (!t.stopped &&
		    (pt_interrupt(t.tid) == FT_FAIL || thread_wait(c, t.tid, &w) != FT_OK))
			w.kind = WAIT_EXITED;
		if (w.kind == WAIT_SIGNAL)
			signal = w.value;
		if (w.kind != WAIT_EXITED && w.kind != WAIT_KILLED)
			release(c, &t, signal, w.kind == WAIT_EXEC);
		thread_remove(c, t.tid);
	}
}
