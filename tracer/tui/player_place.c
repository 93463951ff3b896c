/*
 * player_place.c - where a thread is at a position: file, line, next instruction; its registers.
 */
#include <stdlib.h>
#include <string.h>

#include "tui/player_private.h"

static bool tells_line(const struct look_back *l, const struct event *ev)
{
	return ev->kind == EVENT_LINE && ev->cfa == l->cfa;
}

static bool tells_registers(const struct look_back *l, const struct event *ev)
{
	(void)l;
	return ev->n_registers > 0;
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

static bool is_call(const struct event *ev)
{
	return ev->insn && strncmp(ev->insn, "call", 4) == 0;
}

// Behind the call, or the jump, that made the frame: its function begins.
static enum ft_rc at_entry(struct player *p, const struct event *ev, struct player_place *ret)
{
	const struct store_function *fn;
	uint64_t pushed = ev->pushed_seq;
	enum ft_rc rc = log_event(p->log, pushed, &ev);
	if (rc == FT_OK && ev->kind == EVENT_PUSH)
		rc = log_function_at(p->log, ev->pc, &fn);
	else
		rc = rc == FT_OK ? FT_NONE : rc;
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc;
	ret->pc = fn->lo;
	return by_code(p, false, ret);
}

// Behind the ret of a frame: where it was called.
static enum ft_rc at_return(struct player *p, const struct event *ev, struct player_place *ret)
{
	uint64_t pushed = ev->pushed_seq, cfa = ev->cfa;
	enum ft_rc rc = log_event(p->log, pushed, &ev);
	if (rc != FT_OK || ev->kind != EVENT_PUSH || ev->cfa != cfa || !ev->return_address)
		return rc == FT_NONE ? FT_OK : rc;
	ret->file = keep(&p->file, ev->caller_file);
	ret->line = ev->caller_line;
	ret->pc = ev->return_address;
	ret->function = keep(&p->function, ev->caller);
	ret->depth = ev->depth > 0 ? ev->depth - 1 : 0;
	return FT_OK;
}

static enum ft_rc place_of_insn(struct player *p, const struct event *ev, struct player_place *ret)
{
	if (ev->stepped == STEP_RETURNED)
		return by_code(p, true, ret);
	if (ev->stepped == STEP_UNSEEN || !ev->insn)
		return ev->in_prologue ? at_entry(p, ev, ret) : by_code(p, false, ret);
	if (ev->in_prologue && !falls_through(ev->insn))
		return at_entry(p, ev, ret);
	if (strncmp(ev->insn, "ret", 3) == 0)
		return at_return(p, ev, ret);
	ret->calls = is_call(ev);
	return by_code(p, falls_through(ev->insn), ret);
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
		.seq = ev->seq,
	};
	if (ev->kind == EVENT_PUSH)
		return by_code(p, false, ret);
	return ev->kind == EVENT_INSN ? place_of_insn(p, ev, ret) : FT_OK;
}

static bool is_heap(const struct event *ev)
{
	return (ev->kind == EVENT_ALLOC || ev->kind == EVENT_FREE || ev->kind == EVENT_REALLOC ||
		ev->kind == EVENT_BRK) &&
	       ev->heap && ev->heap->place.function && ev->heap->place.file;
}

// A signal in code without source that a traced frame has called: abort(), strlen(NULL).
static bool is_in_callee(const struct event *ev)
{
	return ev->kind == EVENT_SIGNAL && !ev->file && ev->n_frames > 0 && ev->frames[0].line != 0;
}

static enum ft_rc at_signal(struct player *p, const struct event *ev, struct player_place *ret)
{
	const struct event_frame_at_signal *f = &ev->frames[0];
	const struct store_function *fn;
	ret->file = keep(&p->file, f->file);
	ret->line = f->line;
	ret->pc = f->pc;
	ret->function = keep(&p->function, f->function);
	ret->depth = f->depth;
	ret->seq = ev->seq;
	enum ft_rc rc = log_function_at(p->log, ret->pc - 1, &fn);
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc;
	for (size_t i = fn->n_insns; i-- > 0 && !ret->calls;) {
		ret->calls = fn->insns[i].pc < f->pc;
		ret->pc = ret->calls ? fn->insns[i].pc : f->pc;
	}
	return FT_OK;
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
	if (is_in_callee(ev))
		return at_signal(p, ev, ret);
	struct look_back l = {.tid = ev->tid, .tells = tells_place};
	bool in_prologue = ev->kind == EVENT_INSN && ev->in_prologue && ev->cfa != 0;
	if (!in_prologue && !tells_place(&l, ev))
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

void player_thread_place(struct player *p, int tid, struct player_place *ret)
{
	const struct event *ev;
	struct look_back l = {.tid = tid, .tells = tells_place};
	enum ft_rc rc = look_back(p, p->at, &l, &ev);
	*ret = (struct player_place){.tid = tid};
	if (rc == FT_OK)
		rc = place_of(p, ev, ret);
	if (rc == FT_FAIL) {
		ft_error_clear();
		*ret = (struct player_place){.tid = tid};
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

// ---- threads ----

static bool find_number(const struct player *p, int tid, unsigned *ret)
{
	for (size_t i = p->n_tids; i-- > 0;) { // a number may be given out anew
		if (p->tids[i] != tid)
			continue;
		*ret = (unsigned)i + 2;
		return true;
	}
	return false;
}

enum ft_rc player_thread_number(struct player *p, int tid, unsigned *ret)
{
	const struct log_info *info = log_info(p->log);
	struct log_query q = {.has_kind = true, .kind = EVENT_THREAD};
	const struct event *ev;
	enum ft_rc rc = log_start(p->log, &ev);
	*ret = 1;
	if (rc != FT_OK || ev->pid == tid)
		return rc;
	if (p->tids_until < info->first)
		p->tids_until = info->first;
	while (!find_number(p, tid, ret)) {
		uint64_t seq, end = info->last;
		rc = log_find(p->log, &q, p->tids_until, false, &seq);
		if (rc == FT_NONE) {
			p->tids_until = end;
			*ret = 0;
			return FT_NONE;
		}
		if (rc == FT_OK)
			rc = log_event(p->log, seq, &ev);
		if (rc != FT_OK)
			return rc;
		p->tids = xgrow(p->tids, p->n_tids, &p->cap_tids, sizeof(*p->tids));
		p->tids[p->n_tids++] = ev->child;
		p->tids_until = seq + 1;
	}
	return FT_OK;
}

// ---- registers ----

static bool says_rsp(const struct event *ev)
{
	return (ev->kind == EVENT_INSN || ev->kind == EVENT_PUSH || ev->kind == EVENT_POP) &&
	       ev->rsp != 0;
}

// What was taken where the thread stopped is not always of the moment that the event is about.
static void correct_registers(struct player *p, uint64_t seq)
{
	const struct event *ev;
	struct player_place next = {.pc = 0};
	if (log_event(p->log, seq, &ev) != FT_OK || !says_rsp(ev)) {
		ft_error_clear();
		return;
	}
	uint64_t rsp = ev->rsp;
	// the texts of a place that was asked for before stay
	struct buf file = p->file, function = p->function;
	buf_init(&p->file);
	buf_init(&p->function);
	if (place_of(p, ev, &next) == FT_FAIL)
		ft_error_clear();
	buf_deinit(&p->file);
	buf_deinit(&p->function);
	p->file = file;
	p->function = function;
	for (size_t i = 0; i < p->n_registers; i++) {
		if (strcmp(p->registers[i].name, "rsp") == 0)
			p->registers[i].value = rsp;
		if (strcmp(p->registers[i].name, "rip") == 0 && next.pc && !next.calls)
			p->registers[i].value = next.pc;
	}
}

enum ft_rc player_registers(struct player *p, const struct event_register **ret, size_t *ret_n)
{
	return player_thread_registers(p, here_tid(p, p->at), ret, ret_n);
}

enum ft_rc player_thread_registers(struct player *p, int tid, const struct event_register **ret,
				   size_t *ret_n)
{
	const struct event *ev;
	struct look_back l = {.tid = tid, .tells = tells_registers};
	enum ft_rc rc = look_back(p, p->at, &l, &ev);
	if (rc != FT_OK)
		return rc;
	uint64_t seq = ev->seq;
	texts_reset(&p->register_texts);
	if (p->cap_registers < ev->n_registers) {
		p->cap_registers = ev->n_registers;
		p->registers = xreallocarray(p->registers, p->cap_registers, sizeof(*p->registers));
	}
	for (size_t i = 0; i < ev->n_registers; i++)
		p->registers[i] = (struct event_register){
			texts_keep(&p->register_texts, ev->registers[i].name),
			ev->registers[i].value};
	p->n_registers = ev->n_registers;
	correct_registers(p, seq);
	*ret = p->registers;
	*ret_n = p->n_registers;
	return FT_OK;
}
