/*
 * player_here.c - what is there at a position: frames, variables; what told so last.
 *
 * Many events do not say where the thread was (an allocation, a note). Then the one before it in
 * that thread which does is asked, not farther than PLAYER_LOOK_BACK events away.
 */
#include <stdlib.h>
#include <string.h>

#include "events/kinds.h"
#include "tui/player_private.h"

void texts_reset(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->s[i]);
	t->n = 0;
}

const char *texts_keep(struct texts *t, const char *s)
{
	if (!s)
		return NULL;
	t->s = xgrow(t->s, t->n, &t->cap, sizeof(*t->s));
	return t->s[t->n++] = xstrdup(s);
}

void here_deinit(struct player *p)
{
	texts_reset(&p->frame_texts);
	texts_reset(&p->register_texts);
	free(p->frame_texts.s);
	free(p->register_texts.s);
	free(p->frames);
	free(p->registers);
	free(p->tids);
	tracked_deinit(&p->tracked);
}

enum ft_rc player_event(struct player *p, const struct event **ret)
{
	return log_event(p->log, p->at, ret);
}

// ---- the last event of a thread that tells something ----

static enum ft_rc on_look_back(void *ctx, const struct log_item *item)
{
	struct look_back *l = ctx;
	const struct event *ev = item->event;
	if (!ev || ev->aside || ev->tid != l->tid || !l->tells(l, ev))
		return FT_OK;
	l->seq = ev->seq;
	return FT_NONE;
}

enum ft_rc look_back(struct player *p, uint64_t from, struct look_back *l, const struct event **ret)
{
	uint64_t first = log_info(p->log)->first;
	uint64_t to = from > first + PLAYER_LOOK_BACK ? from - PLAYER_LOOK_BACK : first;
	enum ft_rc rc = log_read(p->log, to, from, true, on_look_back, l);
	if (rc == FT_OK)
		return FT_NONE;
	return rc == FT_NONE ? log_event(p->log, l->seq, ret) : rc;
}

bool tells_place(const struct look_back *l, const struct event *ev)
{
	(void)l;
	if (ev->kind == EVENT_SIGNAL)
		return ev->file != NULL;
	if (ev->kind == EVENT_INSN) // a prologue is told behind its push, when the body is next
		return ev->cfa != 0 && ev->pc != 0 && !ev->in_prologue;
	enum event_group group = event_group(ev->kind);
	bool tells = group == GROUP_FRAMES || group == GROUP_STEPS || ev->kind == EVENT_ALARM;
	return tells && ev->cfa != 0;
}

static bool tells_pop(const struct look_back *l, const struct event *ev)
{
	(void)l;
	return ev->kind == EVENT_POP;
}

static bool tells_frame(const struct look_back *l, const struct event *ev)
{
	return tells_place(l, ev) && ev->cfa != 0;
}

int here_tid(struct player *p, uint64_t seq)
{
	const struct event *ev;
	enum ft_rc rc = log_event(p->log, seq, &ev);
	if (rc == FT_FAIL)
		ft_error_clear();
	return rc == FT_OK ? ev->tid : 0;
}

// ---- frames ----

static bool is_inner(const struct log_frame *a, const struct log_frame *b, uint64_t stack)
{
	if ((a->stack_top == stack) != (b->stack_top == stack))
		return a->stack_top == stack;
	// A frame whose push is not in the log is older than all whose push is.
	bool known = a->pushed_seq != PLAYER_NO_SEQ, b_known = b->pushed_seq != PLAYER_NO_SEQ;
	if (known != b_known)
		return known;
	if (known && a->pushed_seq != b->pushed_seq)
		return a->pushed_seq > b->pushed_seq;
	return a->depth > b->depth;
}

static int by_inner(const void *a, const void *b, void *stack)
{
	const struct log_frame *left = a, *right = b;
	uint64_t s = *(const uint64_t *)stack;
	return is_inner(left, right, s) ? -1 : is_inner(right, left, s) ? 1 : 0;
}

// The stack that the thread was on when it last told: of the frame with that CFA, or of the pop.
static enum ft_rc current_stack(struct player *p, int tid, uint64_t *cfa, uint64_t *ret)
{
	const struct event *ev;
	struct look_back l = {.tid = tid, .tells = tells_frame};
	enum ft_rc rc = look_back(p, p->at, &l, &ev);
	if (rc != FT_OK)
		return rc;
	bool has_stack = ev->kind == EVENT_PUSH || ev->kind == EVENT_POP;
	*ret = has_stack ? ev->stack_top : 0;
	*cfa = has_stack ? 0 : ev->cfa;
	return FT_OK;
}

static enum ft_rc take_frames(struct player *p, int tid)
{
	const struct log_frame *f;
	size_t n;
	enum ft_rc rc = log_frames(p->log, p->at, &f, &n);
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc;
	for (size_t i = 0; i < n; i++) {
		if (f[i].ghost || f[i].tid != tid)
			continue;
		p->frames = xgrow(p->frames, p->n_frames, &p->cap_frames, sizeof(*p->frames));
		p->frames[p->n_frames] = f[i];
		p->frames[p->n_frames++].function = texts_keep(&p->frame_texts, f[i].function);
	}
	return FT_OK;
}

enum ft_rc here_frames(struct player *p)
{
	if (p->has_frames && p->frames_at == p->at)
		return FT_OK;
	texts_reset(&p->frame_texts);
	p->n_frames = 0;
	int tid = here_tid(p, p->at);
	uint64_t stack = 0, cfa = 0;
	enum ft_rc rc = current_stack(p, tid, &cfa, &stack);
	if (rc == FT_FAIL)
		return rc;
	rc = take_frames(p, tid);
	if (rc != FT_OK)
		return rc;
	for (size_t i = 0; i < p->n_frames && cfa != 0; i++)
		if (p->frames[i].cfa == cfa)
			stack = p->frames[i].stack_top;
	if (p->n_frames > 1)
		qsort_r(p->frames, p->n_frames, sizeof(*p->frames), by_inner, &stack);
	p->has_frames = true;
	p->frames_at = p->at;
	return FT_OK;
}

enum ft_rc player_frames(struct player *p, const struct log_frame **ret, size_t *ret_n)
{
	enum ft_rc rc = here_frames(p);
	if (rc != FT_OK)
		return rc;
	*ret = p->frames;
	*ret_n = p->n_frames;
	return FT_OK;
}

enum ft_rc player_select(struct player *p, size_t frame)
{
	enum ft_rc rc = here_frames(p);
	if (rc == FT_OK && frame >= p->n_frames)
		return FT_NONE;
	if (rc == FT_OK)
		p->selected = frame;
	return rc;
}

size_t player_selected(const struct player *p)
{
	return p->selected;
}

enum ft_rc player_variables(struct player *p, const struct event_value **ret, size_t *ret_n)
{
	enum ft_rc rc = here_frames(p);
	if (rc != FT_OK)
		return rc;
	if (p->selected >= p->n_frames || p->frames[p->selected].pushed_seq == PLAYER_NO_SEQ)
		return FT_NONE;
	return log_variables(p->log, p->frames[p->selected].pushed_seq, p->at, ret, ret_n);
}

// Whether `pushed` is the push of the frame that an event is of.
static bool is_push_of(struct player *p, uint64_t pushed, int tid, uint64_t cfa)
{
	const struct event *ev;
	enum ft_rc rc = log_event(p->log, pushed, &ev);
	if (rc == FT_FAIL)
		ft_error_clear();
	return rc == FT_OK && ev->kind == EVENT_PUSH && ev->tid == tid && ev->cfa == cfa;
}

enum ft_rc here_scope(struct player *p, uint64_t seq, struct scope *ret)
{
	const struct event *ev;
	enum ft_rc rc = log_event(p->log, seq, &ev);
	if (rc != FT_OK)
		return rc;
	*ret = (struct scope){.seq = seq, .pushed = PLAYER_NO_SEQ};
	int tid = ev->tid;
	uint64_t cfa = ev->cfa, pushed = ev->pushed_seq;
	if (ev->kind == EVENT_PUSH)
		ret->pushed = seq;
	if (ev->kind == EVENT_PUSH || cfa == 0)
		return FT_OK;
	if (pushed < seq && is_push_of(p, pushed, tid, cfa)) {
		ret->pushed = pushed;
		return FT_OK;
	}
	const struct log_frame *f;
	size_t n;
	rc = log_frames(p->log, seq, &f, &n);
	for (size_t i = 0; rc == FT_OK && i < n; i++)
		if (!f[i].ghost && f[i].tid == tid && f[i].cfa == cfa)
			ret->pushed = f[i].pushed_seq;
	return rc == FT_NONE ? FT_OK : rc;
}

enum ft_rc here_selected(struct player *p, struct scope *ret)
{
	enum ft_rc rc = here_frames(p);
	if (rc != FT_OK)
		return rc;
	bool has = p->selected < p->n_frames;
	*ret = (struct scope){
		.seq = p->at,
		.pushed = has ? p->frames[p->selected].pushed_seq : PLAYER_NO_SEQ,
	};
	return FT_OK;
}

enum ft_rc here_returned(struct player *p, uint64_t seq, struct buf *ret)
{
	const struct event *ev;
	struct look_back l = {.tid = here_tid(p, seq), .tells = tells_pop};
	enum ft_rc rc = look_back(p, seq, &l, &ev);
	if (rc != FT_OK)
		return rc;
	if (!ev->has_return || !ev->returned.value)
		return FT_NONE;
	buf_str(ret, ev->returned.value);
	return FT_OK;
}
