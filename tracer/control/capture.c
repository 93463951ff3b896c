#include <string.h>
#include <sys/uio.h>

#include "control/private.h"

// What is wanted, in the order of the buffer.
struct wanted {
	struct iovec remote[CAPTURE_RANGES + CAPTURE_FOLLOWS];
	size_t n, len;
	size_t room; // bytes left in the hit
};

static void want(struct wanted *w, uint64_t addr, size_t len)
{
	if (w->n == FT_COUNT(w->remote) || len == 0 || w->len + len > w->room)
		return;
	w->remote[w->n++] = (struct iovec){(void *)(uintptr_t)addr, len};
	w->len += len;
}

/*
 * One system call if everything is readable. process_vm_readv(2) stops at the first fault, so what
 * follows it is then read one by one; an unreadable place gets length 0.
 */
static void fetch(struct hit *hit, pid_t pid, int mem, const struct wanted *w)
{
	size_t done = 0, got = 0;
	if (w->n > 1) // one is read faster through the file: no process is looked up
		got = mem_read_many(pid, w->remote, w->n, hit->bytes + hit->n_bytes, w->len);
	for (size_t i = 0; i < w->n; i++) {
		struct captured *c = &hit->captured[hit->n_captured++];
		size_t len = w->remote[i].iov_len;
		c->addr = (uint64_t)(uintptr_t)w->remote[i].iov_base;
		c->at = hit->n_bytes + (uint32_t)done;
		if (done + len <= got)
			c->len = (uint32_t)len;
		else
			c->len = (uint32_t)mem_read_fd(mem, c->addr, hit->bytes + c->at, len);
		done += len;
	}
	hit->n_bytes += (uint32_t)w->len;
}

// Bytes that a store still to come will change, in whatever captured range holds them.
static void apply_pending(struct hit *hit, const struct capture_plan *plan)
{
	for (unsigned i = 0; i < plan->n_pending; i++) {
		const struct capture_pending *p = &plan->pending[i];
		uint64_t addr = hit->cfa + (uint64_t)(int64_t)p->off;
		const void *from = NULL;
		if (p->reg < ARCH_GENERAL && p->size <= ARCH_WORD)
			from = &hit->regs.r[p->reg];
		else if (p->reg >= ARCH_XMM0 && p->reg <= ARCH_XMM15 && hit->has_fp &&
			 p->size <= 16)
			from = hit->fp.xmm[p->reg - ARCH_XMM0];
		for (uint32_t k = 0; from && k < hit->n_captured; k++) {
			const struct captured *c = &hit->captured[k];
			if (addr >= c->addr && addr + p->size <= c->addr + c->len)
				memcpy(hit->bytes + c->at + (addr - c->addr), from, p->size);
		}
	}
}

static void follow_stored(struct control *c, const struct capture_plan *plan)
{
	struct wanted w = {.room = CAPTURE_BYTES - c->hit.n_bytes};
	struct memory mem = hit_memory(&c->hit);
	for (unsigned i = 0; i < plan->n_follows; i++) {
		const struct capture_follow *f = &plan->follows[i];
		uint64_t pointer;
		if (f->reg == ARCH_NONE &&
		    memory_read_uint(&mem, c->hit.cfa + (uint64_t)(int64_t)f->off, ARCH_WORD,
				     &pointer) &&
		    pointer != 0)
			want(&w, pointer, f->len);
	}
	if (w.n > 0)
		fetch(&c->hit, c->hit.tid, c->mem, &w);
}

enum ft_rc capture_hit(struct control *c, const struct thread *t, const struct site *site,
		       const struct regs *regs)
{
	struct hit *hit = &c->hit;
	const struct capture_plan *plan = &site->plan;
	hit->site = site->id;
	hit->pid = t->pid;
	hit->tid = t->tid;
	hit->regs = *regs;
	hit->regs.r[ARCH_RIP] = site->d.home;
	hit->n_captured = hit->n_bytes = 0;
	hit->cfa = 0;
	hit->has_fp = false;
	if (plan->want_fp) {
		enum ft_rc rc = pt_get_fp(t->tid, &hit->fp);
		if (rc != FT_OK)
			return rc;
		hit->has_fp = true;
	}
	struct memory live = control_memory(c);
	if (!cfa_rule_apply(&plan->cfa, &hit->regs, &live, &hit->cfa))
		return FT_OK;
	struct wanted w = {.room = CAPTURE_BYTES};
	bool stored = false;
	for (unsigned i = 0; i < plan->n_ranges; i++)
		want(&w, hit->cfa + (uint64_t)(int64_t)plan->ranges[i].off, plan->ranges[i].len);
	for (unsigned i = 0; i < plan->n_follows; i++) {
		const struct capture_follow *f = &plan->follows[i];
		if (f->reg >= ARCH_GENERAL)
			stored = true;
		else if (hit->regs.r[f->reg] != 0)
			want(&w, hit->regs.r[f->reg] + (uint64_t)(int64_t)f->off, f->len);
	}
	if (w.n > 0)
		fetch(hit, t->tid, c->mem, &w);
	apply_pending(hit, plan);
	if (stored)
		follow_stored(c, plan);
	return FT_OK;
}
