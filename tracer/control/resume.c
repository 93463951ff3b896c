#include <string.h>

#include "control/private.h"

// A status that belongs to the main loop, met while one thread was waited for.
void thread_defer(struct control *c, const struct wait_result *w)
{
	for (size_t i = 0; i < c->n_deferred; i++)
		if (c->deferred[i].tid == w->tid) { // it died or executed: the older one is stale
			c->deferred[i] = *w;
			return;
		}
	c->deferred = xgrow(c->deferred, c->n_deferred, &c->cap_deferred, sizeof(*c->deferred));
	c->deferred[c->n_deferred++] = *w;
}

enum ft_rc thread_wait(struct control *c, pid_t tid, struct wait_result *ret)
{
	for (size_t i = 0; i < c->n_deferred; i++) {
		if (c->deferred[i].tid != tid)
			continue;
		*ret = c->deferred[i];
		memmove(c->deferred + i, c->deferred + i + 1,
			(--c->n_deferred - i) * sizeof(*c->deferred));
		return FT_OK;
	}
	return wait_one(tid, ret);
}

// A call that ran in the slot pushed the slot's return address: make it the program's own.
enum ft_rc slot_mend(struct control *c, const struct thread *t, const struct site *site,
		     struct regs *regs)
{
	uint64_t next_in_slot = site->slot + site->d.home_len;
	uint64_t next_at_home = site->d.home + site->d.home_len;
	uint64_t rip = regs->r[ARCH_RIP], top;
	if (rip >= site->slot && rip <= next_in_slot) {
		regs->r[ARCH_RIP] = site->d.home + (rip - site->slot);
		return pt_set_rip(t->tid, regs->r[ARCH_RIP]);
	}
	struct memory mem = control_memory(c);
	if (memory_read_uint(&mem, regs->r[ARCH_RSP], ARCH_WORD, &top) && top == next_in_slot)
		return mem_write(c->mem, regs->r[ARCH_RSP], &next_at_home, sizeof(next_at_home));
	return FT_OK;
}

/*
 * What cannot be relocated runs by one single step of its copy. Returns FT_OK if the thread stands
 * after the instruction, FT_NONE if something else happened first (it is deferred).
 */
static enum ft_rc step_in_slot(struct control *c, struct thread *t, struct site *site)
{
	c->stats.steps++;
	enum ft_rc rc = pt_set_rip(t->tid, site->slot);
	if (rc == FT_OK)
		rc = pt_step(t->tid, 0);
	struct wait_result w;
	if (rc == FT_OK)
		rc = thread_wait(c, t->tid, &w);
	if (rc != FT_OK)
		return rc;
	struct regs regs;
	siginfo_t info;
	if (w.kind == WAIT_SIGNAL && w.value == SIGTRAP && pt_get_siginfo(t->tid, &info) == FT_OK &&
	    info.si_code == TRAP_TRACE && pt_get_regs(t->tid, &regs) == FT_OK)
		return slot_mend(c, t, site, &regs);
	thread_defer(c, &w);
	return FT_NONE;
}

enum ft_rc thread_resume(struct control *c, struct thread *t)
{
	struct site *site = t->resume_in;
	int signal = t->deliver;
	t->resume_in = NULL;
	t->deliver = 0;
	t->stopped = false;
	if (t->listening) {
		t->listening = false;
		return pt_listen(t->tid);
	}
	t->stepped = t->stepping;
	enum ft_rc rc = FT_OK;
	if (site && !t->stepping && site->d.step)
		rc = step_in_slot(c, t, site);
	else if (site)
		rc = pt_set_rip(t->tid, site->slot);
	if (rc != FT_OK)
		return rc;
	if (site || !t->stepping)
		t->step_site = t->stepping ? site : NULL;
	return t->stepping ? pt_step(t->tid, signal) : pt_cont(t->tid, signal);
}

// Fault addresses inside a slot are the program's instruction in truth (sigaction(2), si_addr).
static void mend_fault_address(struct thread *t, int signal, const struct site *site, uint64_t home)
{
	if (signal != SIGILL && signal != SIGFPE && signal != SIGTRAP && signal != SIGSEGV &&
	    signal != SIGBUS)
		return;
	siginfo_t info;
	if (pt_get_siginfo(t->tid, &info) != FT_OK)
		return;
	uint64_t at = (uint64_t)(uintptr_t)info.si_addr;
	if (info.si_code <= 0 || at < site->slot || at >= site->slot + DISPLACED_MAX)
		return;
	info.si_addr = (void *)(uintptr_t)home;
	if (pt_set_siginfo(t->tid, &info) == FT_FAIL)
		ft_error_clear(); // the handler sees the slot's address; nothing else is lost
}

static void remember_arrival(struct thread *t, struct site *site, const struct regs *regs)
{
	if (t->n_again == AGAIN_MAX) // the oldest was most likely jumped out of
		memmove(t->again, t->again + 1, --t->n_again * sizeof(t->again[0]));
	t->again[t->n_again++] = (struct arrival){site, *regs};
}

bool thread_is_again(struct thread *t, const struct site *site, const struct regs *regs)
{
	for (size_t i = t->n_again; i-- > 0;) {
		const struct arrival *a = &t->again[i];
		if (a->site != site || memcmp(a->regs.r, regs->r, sizeof(regs->r)) != 0)
			continue;
		t->n_again = i;
		return true;
	}
	return false;
}

void thread_go_home(struct control *c, struct thread *t, struct regs *regs, int signal)
{
	struct displaced_home home;
	struct site *site = sites_in_slot(&c->sites, regs->r[ARCH_RIP], &home);
	if (!site)
		return;
	t->step_site = NULL;
	regs->r[ARCH_RIP] = home.pc;
	regs->r[ARCH_RSP] += (uint64_t)(int64_t)home.rsp_add;
	if (pt_set_regs(t->tid, regs) != FT_OK)
		return;
	mend_fault_address(t, signal, site, home.pc);
	if (home.pc == site->d.home)
		remember_arrival(t, site, regs);
}
