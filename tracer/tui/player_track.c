/*
 * player_track.c - the variables of one frame, event by event.
 *
 * log_variables() adds up all changes since the push. A condition in a loop asks at every turn:
 * what it got last is kept and goes on from there. Both must come to the same values, so that what
 * a condition means does not depend on what was asked before.
 */
#include "tui/player_private.h"

#include <stdlib.h>
#include <string.h>

enum { TRACK_AHEAD = 1 << 16 }; // events that are read rather than asking anew

static void free_value(struct event_value *v)
{
	free((char *)v->name);
	free((char *)v->type);
	free((char *)v->value);
	free((char *)v->full);
}

void tracked_reset(struct tracked *t)
{
	for (size_t i = 0; i < t->n; i++)
		free_value(&t->v[i]);
	t->n = 0;
	t->any = false;
}

void tracked_deinit(struct tracked *t)
{
	tracked_reset(t);
	free(t->v);
	free(t->told);
}

static void set(struct tracked *t, const struct event_value *v, uint64_t told)
{
	size_t i = 0;
	while (i < t->n && !log_is_same_variable(&t->v[i], v))
		i++;
	if (i == t->n) {
		t->v = xgrow(t->v, t->n, &t->cap, sizeof(*t->v));
		t->told = xgrow(t->told, t->n, &t->cap_told, sizeof(*t->told));
		t->n++;
	} else {
		free_value(&t->v[i]);
	}
	t->told[i] = told;
	t->v[i] = (struct event_value){
		.name = xstrdup(v->name),
		.type = xstrdup(v->type),
		.value = xstrdup(v->value),
		.has_address = v->has_address,
		.address = v->address,
		.scope_ended = v->scope_ended,
		.full = v->pointer && v->full ? xstrdup(v->full) : NULL,
	};
}

static void set_at_signal(struct tracked *t, const struct event *ev)
{
	for (size_t i = 0; i < ev->n_frames; i++) {
		const struct event_frame_at_signal *f = &ev->frames[i];
		if (f->pushed_seq != t->pushed)
			continue;
		for (size_t k = 0; k < f->n_args; k++)
			set(t, &f->args[k], ev->seq);
		for (size_t k = 0; k < f->n_locals; k++)
			set(t, &f->locals[k], ev->seq);
	}
}

static enum ft_rc on_event(void *ctx, const struct log_item *item)
{
	struct tracked *t = ctx;
	const struct event *ev = item->event;
	if (!ev || ev->aside)
		return FT_OK;
	if (ev->kind == EVENT_SIGNAL)
		set_at_signal(t, ev);
	if (ev->pushed_seq != t->pushed)
		return FT_OK;
	for (size_t i = 0; ev->kind == EVENT_CHANGE && i < ev->n_changes; i++)
		set(t, &ev->changes[i].now, ev->seq);
	for (size_t i = 0; ev->kind == EVENT_POP && i < ev->n_args; i++)
		set(t, &ev->args[i], ev->seq);
	for (size_t i = 0; ev->kind == EVENT_POP && i < ev->n_locals; i++)
		set(t, &ev->locals[i], ev->seq);
	return FT_OK;
}

static enum ft_rc load(struct player *p, const struct scope *at)
{
	struct tracked *t = &p->tracked;
	const struct event_value *v;
	size_t n;
	tracked_reset(t);
	enum ft_rc rc = log_variables(p->log, at->pushed, at->seq, &v, &n);
	for (size_t i = 0; rc == FT_OK && i < n; i++)
		set(t, &v[i], log_variable_told(p->log, i));
	t->any = rc == FT_OK;
	t->pushed = at->pushed;
	t->seq = at->seq;
	return rc;
}

enum ft_rc track(struct player *p, const struct scope *at, const struct tracked **ret)
{
	struct tracked *t = &p->tracked;
	bool goes_on = t->any && t->pushed == at->pushed && t->seq <= at->seq &&
		       at->seq - t->seq <= TRACK_AHEAD;
	enum ft_rc rc = FT_OK;
	if (!goes_on)
		rc = load(p, at);
	else if (t->seq < at->seq)
		rc = log_read(p->log, t->seq + 1, at->seq, false, on_event, t);
	if (rc == FT_FAIL)
		tracked_reset(t);
	if (rc != FT_OK)
		return rc;
	t->seq = at->seq;
	*ret = t;
	return FT_OK;
}
