#define LOG_DOMAIN "control"
#include "control/control.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/private.h"

// A killed thread still stops once on its way out (PTRACE_EVENT_EXIT): let it go on.
static void kill_and_reap(struct control *c)
{
	struct wait_result w;
	kill(c->pid, SIGKILL);
	while (!c->exited && wait_any(false, &w) == FT_OK) {
		bool ended = w.kind == WAIT_EXITED || w.kind == WAIT_KILLED;
		c->exited = ended && w.tid == c->pid;
		if (!ended)
			pt_cont(w.tid, 0);
	}
}

void control_destroy(struct control *c)
{
	if (!c)
		return;
	if (!c->exited && c->pid > 0)
		kill_and_reap(c);
	if (c->mem >= 0)
		close(c->mem);
	serving_end(c);
	job_end(c);
	sites_deinit(&c->sites);
	free(c->threads);
	free(c->deferred);
	free(c);
}

pid_t control_pid(const struct control *c)
{
	return c->pid;
}

pid_t control_alive(const struct control *c)
{
	for (size_t i = 0; i < c->n_threads; i++)
		if (c->threads[i].pid == c->pid && !c->threads[i].leaving)
			return c->threads[i].tid;
	return c->pid;
}

void control_send(pid_t pid, int signal)
{
	kill(pid, signal);
}

struct control_stats control_stats(const struct control *c)
{
	return c->stats;
}

static size_t live_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct control *c = ctx;
	size_t got = mem_read_fd(c->mem, addr, buf, len);
	if (!c->disarmed)
		sites_hide(&c->sites, addr, buf, got);
	return got;
}

struct memory control_memory(struct control *c)
{
	return (struct memory){live_read, c};
}

enum ft_rc control_regs(struct control *c, pid_t tid, struct regs *ret)
{
	struct thread *t = thread_find(c, tid);
	if (!t || !t->stopped)
		return FT_NONE;
	enum ft_rc rc = pt_get_regs(tid, ret);
	if (rc == FT_OK && t->resume_in)
		ret->r[ARCH_RIP] = t->resume_in->d.home;
	return rc;
}

enum ft_rc control_add_site(struct control *c, const struct displaced *d,
			    const struct capture_plan *plan, uint32_t *ret)
{
	assert(!sites_at(&c->sites, d->home));
	return sites_add(&c->sites, d, plan, ret);
}

bool control_site_at(const struct control *c, uint64_t addr, uint32_t *ret)
{
	const struct site *site = sites_at(&c->sites, addr);
	if (!site)
		return false;
	*ret = site->id;
	return true;
}

void control_expect(struct control *c, pid_t tid, uint64_t lo, uint64_t hi)
{
	struct thread *t = thread_find(c, tid);
	if (!t)
		return;
	t->caller_lo = lo;
	t->caller_hi = hi;
}

void control_hold(struct control *c, bool on)
{
	c->hold = on;
}

enum ft_rc control_arm(struct control *c)
{
	return sites_arm(&c->sites, c->mem);
}

void control_forget(struct control *c, uint64_t lo, uint64_t hi)
{
	for (size_t i = 0; i < c->n_threads; i++) {
		c->threads[i].n_again = 0;
		c->threads[i].step_site = NULL;
	}
	sites_forget(&c->sites, lo, hi);
}

bool control_is_ours(const struct control *c, uint64_t addr)
{
	for (size_t i = 0; i < c->sites.n_areas; i++)
		if (addr >= c->sites.areas[i].lo && addr < c->sites.areas[i].hi)
			return true;
	return false;
}

void control_disarm(struct control *c)
{
	if (c->disarmed || c->exited || c->mem < 0)
		return;
	if (sites_restore(&c->sites, c->mem) == FT_FAIL)
		ft_error_clear();
	c->disarmed = true;
	for (size_t i = 0; i < c->n_threads; i++)
		c->threads[i].stepping = false;
}

// Whether a SIGTRAP right behind a site is its int3 or one that somebody sent.
static bool is_our_trap(const struct thread *t, const struct site *site)
{
	siginfo_t info;
	// Behind a longer instruction rip can be at home + 1 only by the int3 itself.
	if (site->d.home_len > 1)
		return true;
	return pt_get_siginfo(t->tid, &info) != FT_OK || info.si_code == SI_KERNEL;
}

static enum ft_rc deliver(struct control *c, struct thread *t, int signal, struct regs *regs,
			  struct stop *ret)
{
	siginfo_t info;
	thread_go_home(c, t, regs, signal);
	t->deliver = signal;
	ret->pc = regs->r[ARCH_RIP];
	// SI_KERNEL: of a general protection fault the processor does not tell the address.
	ret->has_fault = (signal == SIGSEGV || signal == SIGBUS) &&
			 pt_get_siginfo(t->tid, &info) == FT_OK && info.si_code > 0 &&
			 info.si_code != SI_KERNEL;
	if (ret->has_fault)
		ret->fault = (uint64_t)(uintptr_t)info.si_addr;
	ret->kind = STOP_SIGNAL;
	ret->signal = signal;
	return t->pid == c->pid ? FT_OK : FT_NONE;
}

static bool is_called_from_elsewhere(const struct control *c, const struct thread *t,
				     const struct site *site)
{
	struct memory captured = hit_memory(&c->hit);
	uint64_t back;
	return site->plan.is_entry &&
	       memory_read_uint(&captured, c->hit.cfa - ARCH_WORD, ARCH_WORD, &back) &&
	       (back < t->caller_lo || back > t->caller_hi);
}

// Whether the thread may run on and still be met when the function at whose entry it is returns.
static bool is_met_again(const struct control *c, const struct site *site)
{
	struct memory captured = hit_memory(&c->hit);
	uint64_t back;
	return !site->plan.meets_return ||
	       (memory_read_uint(&captured, c->hit.cfa - ARCH_WORD, ARCH_WORD, &back) &&
		sites_at(&c->sites, back));
}

// At a site: the hit is captured; with early resume the thread runs on while it is reported.
static enum ft_rc on_site(struct control *c, struct thread *t, struct site *site, struct regs *regs,
			  struct stop *ret)
{
	regs->r[ARCH_RIP] = site->d.home;
	if (c->disarmed || !site->armed) {
		enum ft_rc rc = pt_set_rip(t->tid, site->d.home);
		return rc == FT_OK ? FT_NONE : rc;
	}
	t->resume_in = site;
	if (thread_is_again(t, site, regs))
		return FT_NONE;
	c->hit.time_ns = ret->time_ns;
	enum ft_rc rc = capture_hit(c, t, site, regs);
	if (rc != FT_OK)
		return rc;
	c->stats.hits++;
	t->from = c->hit.regs;
	ret->kind = STOP_HIT;
	ret->hit = &c->hit;
	c->hit.held = !c->early_resume || c->hold || site->plan.hold || !is_met_again(c, site) ||
		      is_called_from_elsewhere(c, t, site);
	if (c->hit.held)
		return FT_OK;
	c->resume_tid = 0;
	return thread_resume(c, t) == FT_FAIL ? FT_FAIL : FT_OK;
}

static enum ft_rc on_signal(struct control *c, struct thread *t, int signal, struct stop *ret)
{
	struct regs regs;
	enum ft_rc rc = pt_get_regs(t->tid, &regs);
	if (rc != FT_OK)
		return rc;
	bool is_step = false;
	if (signal == SIGTRAP && t->stepped)
		rc = step_done(c, t, &regs, ret, &is_step);
	if (is_step || rc != FT_OK)
		return rc;
	struct site *site = signal == SIGTRAP ? sites_at(&c->sites, regs.r[ARCH_RIP] - 1) : NULL;
	if (site && is_our_trap(t, site))
		return on_site(c, t, site, &regs, ret);
	return deliver(c, t, signal, &regs, ret);
}

static enum ft_rc on_exec(struct control *c, struct thread *t, struct stop *ret)
{
	if (t->pid != c->pid) { // a vfork child has a memory of its own now
		pid_t tid = t->tid;
		thread_remove(c, tid);
		c->resume_tid = 0;
		ret->kind = STOP_GONE; // as far as our sites are concerned
		return pt_detach(tid, 0) == FT_FAIL ? FT_FAIL : FT_OK;
	}
	children_release(c);
	threads_keep_only(c, c->pid);
	sites_clear(&c->sites);
	t = thread_find(c, c->pid);
	t->n_again = 0;
	t->resume_in = t->step_site = NULL;
	t->stepping = t->stepped = false;
	if (c->mem >= 0)
		close(c->mem);
	c->mem = -1;
	ret->kind = STOP_EXEC;
	// A program that may be executed but not read is not for us to see; it runs on untraced.
	if (mem_open(c->pid, &c->mem) == FT_FAIL)
		ft_error_clear();
	return FT_OK;
}

static enum ft_rc on_end(struct control *c, const struct wait_result *w, struct stop *ret)
{
	struct thread *t = thread_find(c, w->tid);
	c->resume_tid = 0;
	if (w->tid != c->pid) {
		if (t)
			ret->pid = t->pid;
		thread_remove(c, w->tid);
		ret->kind = STOP_GONE;
		return t ? FT_OK : FT_NONE;
	}
	children_release(c);
	c->exited = true;
	ret->kind = w->kind == WAIT_EXITED ? STOP_EXIT : STOP_KILLED;
	ret->status = w->kind == WAIT_EXITED ? w->value : 0;
	ret->signal = w->kind == WAIT_KILLED ? w->value : 0;
	ret->core = w->core;
	return FT_OK;
}

/*
 * Acts on one status. FT_OK: ret is to be reported. FT_NONE: nothing to report; whoever is in
 * resume_tid goes on.
 */
static enum ft_rc act(struct control *c, const struct wait_result *w, struct stop *ret)
{
	if (w->kind == WAIT_EXITED || w->kind == WAIT_KILLED)
		return on_end(c, w, ret);
	struct thread *t = thread_find(c, w->tid);
	if (!t) {
		// A newborn that reports before its parent does: it waits for the parent's event.
		t = thread_add(c, w->tid, w->tid);
		t->stopped = true;
		return FT_NONE;
	}
	t->stopped = true;
	t->group_stopped = false;
	if (!t->announced)
		return FT_NONE;
	c->resume_tid = t->tid;
	ret->pid = t->pid;
	switch (w->kind) {
	case WAIT_SIGNAL:
		return on_signal(c, t, w->value, ret);
	case WAIT_GROUP_STOP:
		t->listening = t->group_stopped = true;
		if (t->pid == c->pid)
			job_stopped(c, w->value);
		return FT_NONE;
	case WAIT_FORK:
	case WAIT_VFORK:
	case WAIT_CLONE:
		return birth(c, t, ret);
	case WAIT_EXEC:
		return on_exec(c, t, ret);
	case WAIT_LEAVING:
		t->leaving = true;
		ret->kind = STOP_LEAVING;
		return t->pid == c->pid ? FT_OK : FT_NONE;
	case WAIT_FIRST_STOP:
	case WAIT_OTHER:
	case WAIT_EXITED:
	case WAIT_KILLED:
		break;
	}
	return FT_NONE;
}

static enum ft_rc resume_last(struct control *c)
{
	struct thread *t = c->resume_tid ? thread_find(c, c->resume_tid) : NULL;
	c->resume_tid = 0;
	if (t && t->stopped && thread_resume(c, t) == FT_FAIL)
		return FT_FAIL;
	return FT_OK;
}

static enum ft_rc next_status(struct control *c, struct wait_result *ret)
{
	struct wait_result w;
	// Everybody who waits gets a turn: waitpid(2) looks at the threads in one fixed order, and
	// a thread that hits without end would starve those behind it.
	while (c->n_threads > 1 && c->n_deferred == 0) {
		enum ft_rc rc = serving_wait(c, &w);
		if (rc != FT_OK)
			return rc;
		do
			thread_defer(c, &w);
		while (wait_now(&w));
	}
	if (c->n_deferred > 0) {
		*ret = c->deferred[0];
		memmove(c->deferred, c->deferred + 1, --c->n_deferred * sizeof(*c->deferred));
		return FT_OK;
	}
	return serving_wait(c, ret);
}

enum ft_rc control_next(struct control *c, struct stop *ret)
{
	while (!c->exited) {
		if (resume_last(c) == FT_FAIL)
			return FT_FAIL;
		job_follow(c);
		struct wait_result w;
		enum ft_rc rc = next_status(c, &w);
		if (rc == FT_NONE)
			c->exited = true;
		if (rc != FT_OK)
			return rc;
		c->stats.stops++;
		serving_stopped(c, &w);
		*ret = (struct stop){.pid = c->pid, .tid = w.tid, .time_ns = control_now()};
		rc = act(c, &w, ret);
		if (rc != FT_NONE)
			return rc;
	}
	return FT_NONE;
}
