/*
 * player_unit.c - what each unit of a move means.
 *
 * A unit is a function that is told the events one after the other. A frame is known by its thread
 * and its CFA from its push to its pop: no two live frames of a thread have the same.
 */
#include "tui/player_private.h"

// ---- the frame that a unit is about ----

static bool is_ours(const struct scan *s, const struct event *ev)
{
	return s->tid == 0 || ev->tid == s->tid;
}

static bool is_frame(const struct scan *s, const struct event *ev)
{
	return s->cfa != 0 && ev->tid == s->tid && ev->cfa == s->cfa;
}

// The frame is gone: the unit is about its caller now. false: there is none.
static bool to_caller(struct scan *s)
{
	if (s->frame_i + 1 >= s->n_frames) {
		s->cfa = 0;
		return false;
	}
	const struct log_frame *f = &s->frames[++s->frame_i];
	s->cfa = f->cfa;
	s->frame = f->pushed_seq;
	s->stack = f->stack_top;
	s->limit_pc = s->limit_line = 0;
	return true;
}

// The thread's last frame goes (forwards), or its first one comes (backwards).
static bool is_last(struct scan *s, const struct event *ev)
{
	if (!s->has_live || ev->tid != s->tid)
		return false;
	enum event_kind less = s->back ? EVENT_PUSH : EVENT_POP;
	if (ev->kind == less)
		return s->live > 0 && --s->live == 0;
	s->live += ev->kind == EVENT_PUSH || ev->kind == EVENT_POP;
	return false;
}

// A line that begins at the very instruction at which its frame was just pushed.
static bool is_no_step(struct scan *s, const struct event *ev)
{
	if (!s->has_fresh || ev->tid != s->tid)
		return false;
	if (ev->kind == EVENT_INSN && ev->in_prologue)
		return false;
	s->has_fresh = false;
	return ev->kind == EVENT_LINE && ev->cfa == s->fresh_cfa && ev->pc == s->fresh_pc;
}

static enum scan_verdict on_step(struct scan *s, const struct event *ev)
{
	bool last = is_last(s, ev);
	if (is_no_step(s, ev) || !is_ours(s, ev))
		return SCAN_ON;
	if (ev->kind == EVENT_LINE || last)
		return SCAN_STOP;
	bool frame = ev->kind == EVENT_PUSH || ev->kind == EVENT_POP;
	return frame && !s->by_lines ? SCAN_STOP : SCAN_ON;
}

static enum scan_verdict on_insn(struct scan *s, const struct event *ev)
{
	bool last = is_last(s, ev);
	return is_ours(s, ev) && (ev->kind == EVENT_INSN || last) ? SCAN_STOP : SCAN_ON;
}

// gdb's until: not back to where a loop begins.
static bool is_beyond(const struct scan *s, const struct event *ev)
{
	if (s->limit_pc != 0 && ev->pc != 0)
		return s->back ? ev->pc < s->limit_pc : ev->pc > s->limit_pc;
	if (s->limit_line != 0)
		return s->back ? ev->line < s->limit_line : ev->line > s->limit_line;
	return true;
}

static enum scan_verdict on_next(struct scan *s, const struct event *ev)
{
	if (is_no_step(s, ev) || ev->tid != s->tid)
		return SCAN_ON;
	if (ev->kind == EVENT_LINE)
		return is_frame(s, ev) && is_beyond(s, ev) ? SCAN_STOP : SCAN_ON;
	if (ev->kind == EVENT_POP && is_frame(s, ev))
		return to_caller(s) && s->by_lines ? SCAN_ON : SCAN_STOP;
	if (ev->kind == EVENT_POP) {
		s->level -= s->level > 0;
		return s->level == 0 && !s->by_lines ? SCAN_STOP : SCAN_ON;
	}
	if (ev->kind != EVENT_PUSH)
		return SCAN_ON;
	s->level++;
	s->pushed = ev->seq;
	// On another stack the frame may run on before that one is popped: a coroutine.
	return ev->stack_top == s->stack ? SCAN_JUMP : SCAN_ON;
}

// Back over the pop of a frame that was called: to what was before its push.
static bool over_call(struct scan *s, const struct event *ev)
{
	if (ev->pushed_seq == PLAYER_NO_SEQ || ev->pushed_seq >= ev->seq ||
	    ev->stack_top != s->stack)
		return false;
	s->jump = ev->pushed_seq - 1; // of 0: beyond the beginning, as scan_run() has it
	return true;
}

static enum scan_verdict on_next_back(struct scan *s, const struct event *ev)
{
	if (ev->tid != s->tid)
		return SCAN_ON;
	if (ev->kind == EVENT_LINE)
		return is_frame(s, ev) && is_beyond(s, ev) ? SCAN_STOP : SCAN_ON;
	if (ev->kind == EVENT_PUSH && is_frame(s, ev)) {
		bool stop = !s->by_lines || s->frame_i + 1 >= s->n_frames;
		to_caller(s);
		return stop ? SCAN_STOP : SCAN_ON;
	}
	if (ev->kind == EVENT_PUSH) {
		s->level -= s->level > 0;
		return SCAN_ON;
	}
	if (ev->kind != EVENT_POP)
		return SCAN_ON;
	if (s->level == 0 && !s->by_lines)
		return SCAN_STOP;
	if (over_call(s, ev))
		return SCAN_JUMP;
	s->level++;
	return SCAN_ON;
}

static enum scan_verdict on_finish(struct scan *s, const struct event *ev)
{
	if (ev->tid != s->tid)
		return SCAN_ON;
	if (ev->kind == EVENT_POP)
		return is_frame(s, ev) ? SCAN_STOP : SCAN_ON;
	s->pushed = ev->seq;
	return ev->kind == EVENT_PUSH && ev->stack_top == s->stack ? SCAN_JUMP : SCAN_ON;
}

static enum scan_verdict on_thread(struct scan *s, const struct event *ev)
{
	return ev->tid == s->tid ? SCAN_STOP : SCAN_ON;
}

static enum scan_verdict on_any(struct scan *s, const struct event *ev)
{
	(void)s, (void)ev;
	return SCAN_STOP;
}

static enum scan_verdict on_call(struct scan *s, const struct event *ev)
{
	(void)s;
	return ev->kind == EVENT_PUSH ? SCAN_STOP : SCAN_ON;
}

static enum scan_verdict on_return(struct scan *s, const struct event *ev)
{
	(void)s;
	return ev->kind == EVENT_POP ? SCAN_STOP : SCAN_ON;
}

static enum scan_verdict on_nothing(struct scan *s, const struct event *ev)
{
	(void)s, (void)ev;
	return SCAN_ON;
}

// ---- the beginning of a move ----

static enum ft_rc has_source(struct player *p, uint64_t pushed, bool *ret)
{
	const struct event *ev;
	*ret = true;
	if (pushed == PLAYER_NO_SEQ)
		return FT_OK;
	enum ft_rc rc = log_event(p->log, pushed, &ev);
	if (rc == FT_OK)
		*ret = ev->file != NULL;
	return rc == FT_NONE ? FT_OK : rc;
}

// At a push, or at what is told of its prologue after it: the body has yet to run.
static enum ft_rc find_fresh(struct player *p, struct scan *s, const struct event *ev)
{
	bool prologue = ev->kind == EVENT_INSN && ev->in_prologue && s->frame < p->at;
	if (s->back || s->cfa == 0 || ev->cfa != s->cfa || (ev->kind != EVENT_PUSH && !prologue))
		return FT_OK;
	enum ft_rc rc = prologue ? log_event(p->log, s->frame, &ev) : FT_OK;
	if (rc == FT_OK && ev->kind == EVENT_PUSH) {
		s->has_fresh = true;
		s->fresh_cfa = ev->cfa;
		s->fresh_pc = ev->pc;
	}
	return rc == FT_NONE ? FT_OK : rc;
}

// Thread, frame and what the log can tell of them, as they are where the move begins.
static enum ft_rc scan_init(struct player *p, struct scan *s, bool back, size_t frame)
{
	const struct event *ev;
	enum ft_rc rc = here_frames(p);
	*s = (struct scan){.back = back, .frame = PLAYER_NO_SEQ};
	if (rc == FT_OK)
		rc = log_event(p->log, p->at, &ev);
	if (rc != FT_OK)
		return rc;
	s->frames = p->frames;
	s->n_frames = s->live = p->n_frames;
	s->frame_i = frame;
	s->tid = p->n_frames > 0 ? ev->tid : 0;
	s->has_live = p->n_frames > 0;
	s->by_lines = log_info(p->log)->holds.line;
	if (frame >= p->n_frames)
		return FT_OK;
	s->cfa = p->frames[frame].cfa;
	s->frame = p->frames[frame].pushed_seq;
	s->stack = p->frames[frame].stack_top;
	rc = find_fresh(p, s, ev);
	bool source = true;
	if (rc == FT_OK)
		rc = has_source(p, s->frame, &source);
	s->by_lines &= source;
	return rc;
}

/*
 * Backwards a move first undoes the event that it begins at. Returns the first event to tell, or
 * PLAYER_NO_SEQ.
 */
static enum ft_rc undo_here(struct player *p, struct scan *s, uint64_t *ret)
{
	const struct event *ev;
	enum ft_rc rc = log_event(p->log, p->at, &ev);
	*ret = p->at - 1;
	if (rc != FT_OK || ev->tid != s->tid)
		return rc;
	if (ev->kind == EVENT_POP && s->event == on_next_back) {
		if (over_call(s, ev))
			*ret = s->jump;
		else
			s->level++;
	}
	if (ev->kind == EVENT_POP)
		s->live++;
	if (ev->kind != EVENT_PUSH)
		return FT_OK;
	s->live -= s->live > 0;
	s->has_live = s->live > 0;
	if (is_frame(s, ev))
		to_caller(s);
	if (!s->has_live)
		s->tid = 0; // before the thread's first frame: whatever was there
	return FT_OK;
}

static enum ft_rc run_scan(struct player *p, struct scan *s, struct landing *ret)
{
	uint64_t from = p->at + 1;
	enum ft_rc rc = s->back ? undo_here(p, s, &from) : FT_OK;
	if (rc != FT_OK)
		return rc;
	if (s->cfa == 0 && s->event == on_next_back)
		s->event = on_step;	   // it began with the frame's push
	if (s->back && from + 1 < p->at) { // over a call, whose breakpoints count
		rc = stop_between(p, p->at - 1, from + 1, true, ret);
		if (rc != FT_OK || ret->found)
			return rc;
	}
	return scan_run(p, s, from, ret);
}

static enum ft_rc move_in_frame(struct player *p, struct scan *s, enum player_unit unit)
{
	if (unit == PLAYER_UNTIL) {
		struct player_place here;
		player_place(p, &here);
		s->limit_pc = here.pc;
		s->limit_line = here.line;
	}
	// Without a frame there is nothing to follow: whatever comes next.
	if (s->cfa == 0)
		s->event = on_step;
	else
		s->event = s->back ? on_next_back : on_next;
	return FT_OK;
}

// The call of the selected frame: what its thread did last before the push.
static enum ft_rc finish_back(struct player *p, struct scan *s, struct landing *ret)
{
	struct landing l = {.found = false};
	enum ft_rc rc = FT_OK;
	if (p->at > s->frame + 1)
		rc = stop_between(p, p->at - 1, s->frame + 1, true, &l);
	bool has_caller = s->frame_i + 1 < s->n_frames;
	if (rc == FT_OK && !l.found && s->frame > log_info(p->log)->first && has_caller) {
		s->event = on_thread;
		rc = scan_run(p, s, s->frame - 1, &l);
	} else if (rc == FT_OK && !l.found && s->frame < p->at) {
		l = (struct landing){.found = true, .seq = s->frame};
	}
	if (rc == FT_OK)
		*ret = l;
	return rc;
}

// By the index as far as the log goes, then event by event.
static enum ft_rc move_on(struct player *p, struct scan *s, struct landing *ret)
{
	const struct log_info *info = log_info(p->log);
	uint64_t from = p->at + 1;
	enum ft_rc rc = FT_OK;
	if (s->back) {
		return p->at > info->first ? stop_between(p, p->at - 1, info->first, true, ret)
					   : FT_OK;
	}
	if (from <= info->last)
		rc = stop_between(p, from, info->last, false, ret);
	if (rc != FT_OK || ret->found)
		return rc;
	s->event = on_nothing;
	return scan_run(p, s, from > info->last ? from : info->last + 1, ret);
}

// To the pop of the frame: by the index as far as it can tell.
static enum ft_rc finish_on(struct player *p, struct scan *s, struct landing *ret)
{
	uint64_t last = log_info(p->log)->last, from = p->at + 1, end;
	enum ft_rc rc = frame_end(p, s->frame, p->at, &end);
	if (rc == FT_FAIL)
		return rc;
	if (rc == FT_NONE && s->frame != PLAYER_NO_SEQ)
		end = last + 1; // it is still there
	else if (rc == FT_NONE)
		end = from;
	if (end > from)
		rc = stop_between(p, from, end - 1, false, ret);
	s->event = on_finish;
	return rc == FT_FAIL || ret->found ? rc : scan_run(p, s, end, ret);
}

static enum ft_rc find_landing(struct player *p, enum player_unit unit, struct scan *s,
			       struct landing *ret)
{
	const struct store_holds *holds = &log_info(p->log)->holds;
	*ret = (struct landing){.found = false};
	switch (unit) {
	case PLAYER_EVENT:
		s->event = on_any;
		break;
	case PLAYER_INSN:
		s->event = holds->insn ? on_insn : on_step;
		break;
	case PLAYER_STEP:
		s->event = on_step;
		break;
	case PLAYER_NEXT:
	case PLAYER_UNTIL: {
		enum ft_rc rc = move_in_frame(p, s, unit);
		if (rc != FT_OK)
			return rc;
		break;
	}
	case PLAYER_CALL:
		s->event = on_call;
		break;
	case PLAYER_RETURN:
		s->event = on_return;
		break;
	case PLAYER_FINISH:
		return s->back ? finish_back(p, s, ret) : finish_on(p, s, ret);
	case PLAYER_CONTINUE:
		return move_on(p, s, ret);
	}
	return run_scan(p, s, ret);
}

static bool can_finish(struct player *p, const struct scan *s)
{
	if (s->cfa == 0)
		buf_str(&p->why, "there is no frame to finish");
	else if (s->back && (s->frame == PLAYER_NO_SEQ || s->frame < log_info(p->log)->first))
		buf_str(&p->why, "the call of this frame is not in the log");
	else if (s->back && s->frame == p->at && s->frame_i + 1 >= s->n_frames)
		buf_str(&p->why, "the caller of this frame is not traced");
	else
		return true;
	return false;
}

enum ft_rc unit_find(struct player *p, enum player_unit unit, bool back, struct landing *ret,
		     bool *ret_lines)
{
	struct scan s;
	enum ft_rc rc = scan_init(p, &s, back, unit == PLAYER_FINISH ? p->selected : 0);
	if (rc != FT_OK)
		return rc;
	if (unit == PLAYER_FINISH && !can_finish(p, &s))
		return FT_NONE;
	*ret_lines = s.by_lines;
	return find_landing(p, unit, &s, ret);
}
