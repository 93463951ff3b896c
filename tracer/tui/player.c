/*
 * player.c - the life of a player; where a move ends, and what is said of it.
 */
#include <stdlib.h>
#include <string.h>

#include "tui/player_private.h"

enum { START_PUSHES = 200 }; // functions without source that may come before one that has some

struct player *player_create(struct log *log, const struct player_live *live)
{
	struct player *p = xcalloc(1, sizeof(*p));
	p->log = log;
	p->has_live = live != NULL;
	if (live)
		p->live = *live;
	buf_init(&p->why);
	buf_init(&p->file);
	buf_init(&p->function);
	buf_init(&p->frame_file);
	buf_init(&p->frame_function);
	stop_point_init_events(&p->events);
	const struct log_info *info = log_info(log);
	p->at = info->is_empty ? 0 : info->first;
	return p;
}

void player_destroy(struct player *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_stops; i++)
		stop_point_deinit(&p->stops[i]);
	stop_point_deinit(&p->events);
	free(p->stops);
	free(p->listed);
	here_deinit(p);
	buf_deinit(&p->why);
	buf_deinit(&p->file);
	buf_deinit(&p->function);
	buf_deinit(&p->frame_file);
	buf_deinit(&p->frame_function);
	free(p);
}

uint64_t player_at(const struct player *p)
{
	return p->at;
}

bool player_is_live(const struct player *p)
{
	return p->has_live && !p->ended;
}

struct log *player_log(const struct player *p)
{
	return p->log;
}

const char *player_why(const struct player *p)
{
	return p->why.s;
}

void player_on_pause(struct player *p, bool (*wanted)(void *ctx), void *ctx)
{
	p->wanted = wanted;
	p->wanted_ctx = ctx;
}

bool player_is_pause_wanted(struct player *p)
{
	return p->wanted && p->wanted(p->wanted_ctx);
}

// ---- where a move ends ----

static void go(struct player *p, uint64_t seq)
{
	p->at = seq;
	p->selected = 0;
	p->has_frames = false;
}

// A wish to end a move that came before it began was for another one.
static void begin_move(struct player *p)
{
	buf_reset(&p->why);
	if (p->wanted)
		p->wanted(p->wanted_ctx);
	p->interrupted = false;
}

static void remember(struct player *p, uint64_t seq)
{
	if (p->n_history == PLAYER_HISTORY) { // the older half is forgotten
		p->n_history /= 2;
		memmove(p->history, p->history + p->n_history,
			p->n_history * sizeof(p->history[0]));
	}
	p->history[p->n_history++] = seq;
}

// What is said of the last event that there is.
static enum ft_rc tell_end(struct player *p)
{
	const struct log_info *info = log_info(p->log);
	const struct event *ev;
	enum ft_rc rc = log_event(p->log, info->last, &ev);
	if (rc == FT_FAIL)
		return rc;
	buf_reset(&p->why);
	if (rc == FT_OK && ev->kind == EVENT_EXIT && ev->signal)
		buf_printf(&p->why, "the run ends here: killed by %s%s",
			   ev->signal_name ? ev->signal_name : "a signal",
			   ev->core ? ", core dumped" : "");
	else if (rc == FT_OK && ev->kind == EVENT_EXIT)
		buf_printf(&p->why, "the run ends here: exit status %d", ev->status);
	else if (info->cut)
		buf_printf(&p->why, "the recording ends here: %s", info->cut);
	else
		buf_str(&p->why, "the recording ends here");
	return FT_OK;
}

static enum ft_rc end_of_move(struct player *p, bool back)
{
	const struct log_info *info = log_info(p->log);
	go(p, back ? info->first : info->last);
	enum ft_rc rc = FT_OK;
	buf_reset(&p->why); // of a step before, if there were several
	if (!back)
		rc = tell_end(p);
	else
		buf_str(&p->why, info->dropped ? "the beginning of what was kept"
					       : "the beginning of the recording");
	return rc == FT_OK ? FT_NONE : rc;
}

static void tell_pop(struct player *p, const struct event *ev)
{
	buf_str(&p->why, ev->function ? ev->function : "?");
	switch (ev->how) {
	case POP_RETURN:
		buf_str(&p->why, " popped");
		break;
	case POP_TAIL_CALL:
		buf_printf(&p->why, " popped by a tail call to %s",
			   ev->tail_target ? ev->tail_target : "?");
		break;
	case POP_UNWOUND:
		buf_str(&p->why, " left without a return");
		break;
	case POP_LONGJMP:
		buf_str(&p->why, " left by longjmp");
		break;
	case POP_EXIT:
		buf_str(&p->why, " still there at exit");
		break;
	}
}

// Every breakpoint that is there was hit, not only the one that is told.
static enum ft_rc count_hits(struct player *p, uint64_t seq)
{
	for (size_t i = p->n_stops; i-- > 0;) {
		bool holds = false;
		enum ft_rc rc = stop_point_holds(p, &p->stops[i], seq, &holds);
		if (rc == FT_OK && holds)
			p->stops[i].hits++;
		if (rc == FT_OK && holds && p->stops[i].temporary)
			rc = player_delete(p, p->stops[i].number);
		if (rc != FT_OK)
			return rc;
	}
	return FT_OK;
}

// `told`: say it if the move ended at a pop.
static enum ft_rc land(struct player *p, const struct landing *l, bool told)
{
	go(p, l->seq);
	buf_reset(&p->why);
	if (l->stop) {
		stop_point_tell(p, l->stop, l->seq);
		return count_hits(p, l->seq);
	}
	if (l->interrupted) {
		buf_str(&p->why, "interrupted");
		return FT_OK;
	}
	const struct event *ev;
	enum ft_rc rc = log_event(p->log, l->seq, &ev);
	if (rc != FT_OK)
		return rc == FT_NONE
			       ? ft_fail("event %llu is not in the log", (unsigned long long)l->seq)
			       : rc;
	if (ev->kind == EVENT_EXIT)
		return tell_end(p);
	if (told && ev->kind == EVENT_POP)
		tell_pop(p, ev);
	return FT_OK;
}

static enum ft_rc move_once(struct player *p, enum player_unit unit, bool back, bool *stopped)
{
	struct landing l;
	bool by_lines;
	enum ft_rc rc = unit_find(p, unit, back, &l, &by_lines);
	if (rc != FT_OK)
		return rc;
	if (!l.found && player_interrupted(p))
		l = (struct landing){.found = true, .seq = p->at, .interrupted = true};
	if (!l.found)
		return end_of_move(p, back);
	// gdb's continue COUNT passes so many breakpoints.
	*stopped = l.interrupted || (l.stop && unit != PLAYER_CONTINUE);
	// Back to before the first line: a push that is the beginning of all, and no line.
	bool lines = unit == PLAYER_STEP || unit == PLAYER_NEXT || unit == PLAYER_UNTIL;
	if (back && lines && !l.stop && !l.interrupted && l.seq == log_info(p->log)->first)
		return end_of_move(p, true);
	return land(p, &l, unit == PLAYER_FINISH || unit == PLAYER_RETURN || !by_lines);
}

enum ft_rc player_move(struct player *p, enum player_unit unit, bool back, uint64_t count)
{
	uint64_t began = p->at;
	bool stopped = false;
	enum ft_rc rc = FT_OK;
	begin_move(p);
	for (uint64_t i = 0; i < count && rc == FT_OK && !stopped; i++)
		rc = move_once(p, unit, back, &stopped);
	if (p->at != began)
		remember(p, began);
	return rc;
}

// ---- moves that are no units ----

enum ft_rc player_start(struct player *p)
{
	unsigned pushes = 0;
	uint64_t first_push = PLAYER_NO_SEQ;
	enum ft_rc rc = player_reach(p, 0);
	if (rc != FT_OK)
		return log_info(p->log)->is_empty || rc == FT_FAIL ? rc : FT_OK;
	buf_reset(&p->why);
	for (uint64_t seq = log_info(p->log)->first; pushes < START_PUSHES; seq++) {
		const struct event *ev;
		rc = player_reach(p, seq);
		if (rc == FT_OK)
			rc = log_event(p->log, seq, &ev);
		if (rc == FT_FAIL)
			return rc;
		if (rc == FT_NONE)
			break;
		if (ev->kind != EVENT_PUSH)
			continue;
		if (first_push == PLAYER_NO_SEQ)
			first_push = seq;
		pushes++;
		if (ev->file) {
			go(p, seq);
			return FT_OK;
		}
	}
	go(p, first_push != PLAYER_NO_SEQ ? first_push : log_info(p->log)->first);
	return FT_OK;
}

enum ft_rc player_go(struct player *p, uint64_t seq)
{
	const struct log_info *info = log_info(p->log);
	uint64_t began = p->at;
	begin_move(p);
	enum ft_rc rc = FT_OK;
	while (rc == FT_OK && seq > info->last && !player_interrupted(p)) {
		rc = player_reach(p, info->last + 1);
		info = log_info(p->log);
	}
	if (rc == FT_FAIL)
		return rc;
	if (seq > info->last) {
		if (rc == FT_NONE)
			rc = end_of_move(p, false);
		else
			go(p, info->last), buf_str(&p->why, "interrupted");
	} else if (seq < info->first) {
		rc = end_of_move(p, true);
	} else {
		rc = land(p, &(struct landing){.found = true, .seq = seq}, false);
	}
	if (p->at != began)
		remember(p, began);
	return rc;
}

enum ft_rc player_find(struct player *p, const struct log_query *q, bool back)
{
	const struct log_info *info = log_info(p->log);
	uint64_t from = p->at + 1, seq = 0;
	enum ft_rc rc = FT_NONE;
	begin_move(p);
	if (back && p->at > info->first)
		rc = log_find(p->log, q, p->at - 1, true, &seq);
	while (!back && rc == FT_NONE && !player_interrupted(p)) {
		rc = player_reach(p, from);
		if (rc != FT_OK)
			break;
		rc = log_find(p->log, q, from, false, &seq);
		from = log_info(p->log)->last + 1;
	}
	if (rc != FT_OK)
		return rc;
	remember(p, p->at);
	return land(p, &(struct landing){.found = true, .seq = seq}, true);
}

enum ft_rc player_undo(struct player *p)
{
	if (p->n_history == 0)
		return FT_NONE;
	uint64_t seq = p->history[--p->n_history], first = log_info(p->log)->first;
	go(p, seq < first ? first : seq); // a ring may have let it go
	buf_reset(&p->why);
	return FT_OK;
}
