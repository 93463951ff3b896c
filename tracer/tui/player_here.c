/*
 * player_here.c - what is there at a position: place, frames, variables, registers.
 *
 * Many events do not say where the thread was (an allocation, a note). Then the one before it in
 * that thread which does is asked, not farther than PLAYER_LOOK_BACK events away.
 */
#include <stdlib.h>
#include <string.h>

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
	tracked_deinit(&p->tracked);
}

enum ft_rc player_event(struct player *p, const struct event **ret)
{
	return log_event(p->log, p->at, ret);
}

// ---- the last event of a thread that tells something ----

struct look_back {
	int tid;
	uint64_t cfa; // of the frame; 0: any
	bool (*tells)(const struct look_back *l, const struct event *ev);
	uint64_t seq;
};

static enum ft_rc on_look_back(void *ctx, const struct log_item *item)
{
	struct look_back *l = ctx;
	const struct event *ev = item->event;
	if (!ev || ev->aside || ev->tid != l->tid || !l->tells(l, ev))
		return FT_OK;
	l->seq = ev->seq;
	return FT_NONE;
}

static enum ft_rc look_back(struct player *p, uint64_t from, struct look_back *l,
			    const struct event **ret)
{
	uint64_t first = log_info(p->log)->first;
	uint64_t to = from > first + PLAYER_LOOK_BACK ? from - PLAYER_LOOK_BACK : first;
	enum ft_rc rc = log_read(p->log, to, from, true, on_look_back, l);
	if (rc == FT_OK)
		return FT_NONE;
	return rc == FT_NONE ? log_event(p->log, l->seq, ret) : rc;
}

static bool tells_place(const struct look_back *l, const struct event *ev)
{
	(void)l;
	switch (ev->kind) {
	case EVENT_PUSH:
	case EVENT_POP:
	case EVENT_INLINE:
	case EVENT_LINE:
	case EVENT_CHANGE:
	case EVENT_ALARM:
		return ev->cfa != 0;
	case EVENT_INSN: // a prologue is told behind its push, when the body is next
		return ev->cfa != 0 && ev->pc != 0 && !ev->in_prologue;
	case EVENT_SIGNAL:
		return ev->file != NULL;
	case EVENT_START:
	case EVENT_THREAD:
	case EVENT_CHILD:
	case EVENT_EXEC:
	case EVENT_NOTE:
	case EVENT_MAP:
	case EVENT_WHERE:
	case EVENT_OVERFLOW:
	case EVENT_ALLOC:
	case EVENT_FREE:
	case EVENT_REALLOC:
	case EVENT_BRK:
	case EVENT_EXIT:
		return false;
	}
	return false;
}

static bool tells_line(const struct look_back *l, const struct event *ev)
{
	return ev->kind == EVENT_LINE && ev->cfa == l->cfa;
}

static bool tells_pop(const struct look_back *l, const struct event *ev)
{
	(void)l;
	return ev->kind == EVENT_POP;
}

static bool tells_registers(const struct look_back *l, const struct event *ev)
{
	(void)l;
	return ev->n_registers > 0;
}

static bool tells_frame(const struct look_back *l, const struct event *ev)
{
	return tells_place(l, ev) && ev->cfa != 0;
}

static int tid_at(struct player *p, uint64_t seq)
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
	int tid = tid_at(p, p->at);
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
	struct look_back l = {.tid = tid_at(p, seq), .tells = tells_pop};
	enum ft_rc rc = look_back(p, seq, &l, &ev);
	if (rc != FT_OK)
		return rc;
	if (!ev->has_return || !ev->returned.value)
		return FT_NONE;
	buf_str(ret, ev->returned.value);
	return FT_OK;
}

// ---- place ----

static const char *keep(struct buf *b, const char *s)
{
	buf_reset(b);
	if (!s)
		return NULL;
	buf_str(b, s);
	return b->s;
}

static const struct store_insn *insn_at(const struct store_function *fn, uint64_t pc, size_t *ret_i)
{
	for (size_t i = 0; i < fn->n_insns; i++) {
		if (fn->insns[i].pc == pc) {
			*ret_i = i;
			return &fn->insns[i];
		}
	}
	return NULL;
}

// Where the thread goes on is the next instruction, unless this one may lead elsewhere.
static bool falls_through(const char *text)
{
	return text && strncmp(text, "j", 1) != 0 && strncmp(text, "call", 4) != 0 &&
	       strncmp(text, "ret", 3) != 0 && strncmp(text, "loop", 4) != 0;
}

// The instruction after it, for one that ran; the line of either, by the function's table.
static enum ft_rc by_code(struct player *p, bool ran, struct player_place *ret)
{
	const struct store_function *fn;
	if (ret->pc == 0)
		return FT_OK;
	enum ft_rc rc = log_function_at(p->log, ret->pc, &fn);
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc;
	size_t i = 0;
	const struct store_insn *insn = insn_at(fn, ret->pc, &i);
	if (ran && insn && i + 1 < fn->n_insns) {
		insn++;
		ret->pc = insn->pc;
	}
	if (insn && insn->line != 0)
		ret->line = insn->line;
	return FT_OK;
}

static enum ft_rc place_of(struct player *p, const struct event *ev, struct player_place *ret)
{
	bool pop = ev->kind == EVENT_POP;
	*ret = (struct player_place){
		.file = keep(&p->file, pop ? ev->caller_file : ev->file),
		.line = pop ? ev->caller_line : ev->line,
		.pc = pop ? ev->return_address : ev->pc,
		.function = keep(&p->function, pop ? ev->caller : ev->function),
		.depth = pop && ev->depth > 0 ? ev->depth - 1 : ev->depth,
		.tid = ev->tid,
	};
	if (ev->kind == EVENT_PUSH)
		return by_code(p, false, ret);
	if (ev->kind != EVENT_INSN)
		return FT_OK;
	bool on = ev->stepped == STEP_RETURNED || falls_through(ev->insn);
	return by_code(p, on && ev->stepped != STEP_UNSEEN, ret);
}

static bool is_heap(const struct event *ev)
{
	return (ev->kind == EVENT_ALLOC || ev->kind == EVENT_FREE || ev->kind == EVENT_REALLOC ||
		ev->kind == EVENT_BRK) &&
	       ev->heap && ev->heap->place.function && ev->heap->place.file;
}

static enum ft_rc find_place(struct player *p, struct player_place *ret)
{
	const struct event *ev;
	enum ft_rc rc = log_event(p->log, p->at, &ev);
	if (rc != FT_OK)
		return rc;
	*ret = (struct player_place){.tid = ev->tid};
	if (is_heap(ev)) {
		const struct event_place *at = &ev->heap->place;
		ret->file = keep(&p->file, at->file);
		ret->line = at->line;
		ret->function = keep(&p->function, at->function);
		ret->depth = ev->depth;
		return FT_OK;
	}
	struct look_back l = {.tid = ev->tid, .tells = tells_place};
	if (!tells_place(&l, ev))
		rc = ev->kind == EVENT_EXIT ? FT_NONE : look_back(p, p->at, &l, &ev);
	return rc == FT_OK ? place_of(p, ev, ret) : rc;
}

void player_place(struct player *p, struct player_place *ret)
{
	*ret = (struct player_place){.file = NULL}; // in a damaged log, the event may be missing
	if (find_place(p, ret) == FT_FAIL) {
		ft_error_clear();
		*ret = (struct player_place){.file = NULL};
	}
}

// The last line that a frame began before an event.
static enum ft_rc last_line(struct player *p, uint64_t from, const struct log_frame *f,
			    struct player_place *ret)
{
	const struct event *ev;
	struct look_back l = {.tid = f->tid, .cfa = f->cfa, .tells = tells_line};
	enum ft_rc rc = look_back(p, from, &l, &ev);
	if (rc == FT_OK) {
		ret->file = keep(&p->frame_file, ev->file);
		ret->line = ev->line;
	} else if (rc == FT_NONE && f->pushed_seq != PLAYER_NO_SEQ) {
		rc = log_event(p->log, f->pushed_seq, &ev);
		if (rc == FT_OK)
			ret->file = keep(&p->frame_file, ev->file);
	}
	return rc == FT_NONE ? FT_OK : rc;
}

static bool same_function(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

enum ft_rc player_frame_place(struct player *p, size_t frame, struct player_place *ret)
{
	enum ft_rc rc = here_frames(p);
	if (rc != FT_OK)
		return rc;
	if (frame >= p->n_frames)
		return FT_NONE;
	const struct log_frame *f = &p->frames[frame];
	*ret = (struct player_place){.function = keep(&p->frame_function, f->function),
				     .depth = f->depth,
				     .tid = f->tid};
	if (frame == 0) {
		struct player_place here;
		player_place(p, &here);
		if (!same_function(here.function, f->function))
			return last_line(p, p->at, f, ret);
		ret->file = keep(&p->frame_file, here.file);
		ret->line = here.line;
		ret->pc = here.pc;
		return FT_OK;
	}
	uint64_t pushed = f[-1].pushed_seq;
	if (pushed == PLAYER_NO_SEQ)
		return last_line(p, p->at, f, ret);
	const struct event *ev;
	rc = log_event(p->log, pushed, &ev);
	if (rc != FT_OK)
		return rc;
	if (!same_function(ev->caller, f->function) || ev->stack_top != f->stack_top)
		return last_line(p, pushed, f, ret);
	ret->file = keep(&p->frame_file, ev->caller_file);
	ret->line = ev->caller_line;
	ret->pc = ev->return_address;
	return FT_OK;
}

// ---- registers ----

enum ft_rc player_registers(struct player *p, const struct event_register **ret, size_t *ret_n)
{
	const struct event *ev;
	struct look_back l = {.tid = tid_at(p, p->at), .tells = tells_registers};
	enum ft_rc rc = look_back(p, p->at, &l, &ev);
	if (rc != FT_OK)
		return rc;
	texts_reset(&p->register_texts);
	if (p->cap_registers < ev->n_registers) {
		p->cap_registers = ev->n_registers;
		p->registers = xreallocarray(p->registers, p->cap_registers, sizeof(*p->registers));
	}
	for (size_t i = 0; i < ev->n_registers; i++)
		p->registers[i] = (struct event_register){
			texts_keep(&p->register_texts, ev->registers[i].name),
			ev->registers[i].value};
	*ret = p->registers;
	*ret_n = ev->n_registers;
	return FT_OK;
}
