/*
 * serve.c - what we do while the program runs: pass on its output, give others a turn.
 *
 * One thread does it all. While the program runs there is nothing to do but to wait for whichever
 * comes first: a stop, output, the end of a tenth of a second. waitpid(2) cannot wait for the
 * others, but ppoll(2) can wait for SIGCHLD, which stays blocked except in there: then no stop is
 * missed between looking and waiting. So nobody needs a lock, output and events meet in the order
 * in which they happen, and at a stop all that was written before it is there to be taken.
 */
#include "control/private.h"

enum { IDLE_MS = 100 };

// It has only to interrupt ppoll(2), which SIGCHLD does not without a handler.
static void on_child(int signal)
{
	(void)signal;
}

void serving_begin(struct control *c, const struct launch *how)
{
	struct serving *s = &c->serving;
	*s = (struct serving){.output = how->output, .idle = how->idle, .idle_ctx = how->idle_ctx};
	s->on = s->output || s->idle;
	s->pid = c->pid;
	if (s->output)
		output_entered(s->output);
	if (!s->on)
		return;
	struct sigaction note = {.sa_handler = on_child};
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigaction(SIGCHLD, &note, &s->old);
	sigprocmask(SIG_BLOCK, &child, &s->old_mask);
	s->mask = s->old_mask;
	sigdelset(&s->mask, SIGCHLD);
}

void serving_end(struct control *c)
{
	if (!c->serving.on)
		return;
	sigaction(SIGCHLD, &c->serving.old, NULL);
	sigprocmask(SIG_SETMASK, &c->serving.old_mask, NULL);
	c->serving.on = false;
}

void serving_stopped(struct control *c, const struct wait_result *w)
{
	struct serving *s = &c->serving;
	s->idle_due = s->idle != NULL;
	if (!s->output)
		return;
	output_take(s->output);
	if (w->kind == WAIT_SIGNAL && w->value == SIGWINCH)
		output_resized(s->output); // the program is to learn of it now, and to ask
}

// Until something has happened; what it was the caller finds out.
static void serve(void *ctx)
{
	struct serving *s = ctx;
	if (output_serve(s->output, s->pid, &s->mask, s->idle_due ? IDLE_MS : -1))
		s->idle_due = s->idle != NULL;
	else
		s->idle_due = s->idle_due && s->idle(s->idle_ctx);
}

enum ft_rc serving_wait(struct control *c, struct wait_result *ret)
{
	if (!c->serving.on)
		return wait_any(true, ret);
	return wait_serving(serve, &c->serving, ret);
}
