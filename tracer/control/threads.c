#include <stdlib.h>

#include "control/private.h"

struct thread *thread_find(struct control *c, pid_t tid)
{
	if (c->last && c->last->tid == tid)
		return c->last;
	for (size_t i = 0; i < c->n_threads; i++)
		if (c->threads[i].tid == tid)
			return c->last = &c->threads[i];
	return NULL;
}

struct thread *thread_add(struct control *c, pid_t tid, pid_t pid)
{
	c->threads = xgrow(c->threads, c->n_threads, &c->cap_threads, sizeof(*c->threads));
	struct thread *t = &c->threads[c->n_threads++];
	*t = (struct thread){.tid = tid, .pid = pid, .caller_hi = UINT64_MAX};
	c->last = NULL;
	return t;
}

void thread_remove(struct control *c, pid_t tid)
{
	struct thread *t = thread_find(c, tid);
	if (!t)
		return;
	*t = c->threads[--c->n_threads];
	c->last = NULL;
}

void threads_keep_only(struct control *c, pid_t tid)
{
	size_t kept = 0;
	for (size_t i = 0; i < c->n_threads; i++)
		if (c->threads[i].tid == tid || c->threads[i].pid != c->pid)
			c->threads[kept++] = c->threads[i];
	c->n_threads = kept;
	c->last = NULL;
	size_t waiting = 0; // what was waited for of the others is about nobody now
	for (size_t i = 0; i < c->n_deferred; i++)
		if (thread_find(c, c->deferred[i].tid))
			c->deferred[waiting++] = c->deferred[i];
	c->n_deferred = waiting;
}
