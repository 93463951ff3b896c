/*
 * log_state.c - the live frames and ghosts after any event.
 *
 * From the snapshot of the chunk that has the event, events are applied one by one. A snapshot
 * names the innermost live push of each stack only; log_outwards.c finds the frames around it. The
 * state that was asked for last is kept: a step forward applies one event, and a step back reads
 * only those frames that are not known from before. What was told of frames that are still alive is
 * not told anew.
 */
#include "store/log_private.h"
#include "store/terms.h"

#include <stdlib.h>

enum {
	MOST_STEPS = 1 << 16, // events without a chunk that are read from the kept state on
};

static void apply(struct state *s, const struct log_row *row)
{
	if (row->shape->kind == EVENT_PUSH) {
		struct state_frame f;
		log_frame_of(row, &f);
		state_push(s, row->stack->id, &f);
	} else if (row->shape->kind == EVENT_POP && row->has_back) {
		state_pop(s, row->stack->id, row->seq - row->back, row->seq, row->shape->is_exit);
	}
}

/* Applies events [from, to]. */
static enum ft_rc run(struct log *log, struct state *s, uint64_t from, uint64_t to)
{
	struct sqlite3_stmt *st;
	struct log_row row;
	uint64_t expected = from;
	enum ft_rc rc;
	if (from > to)
		return FT_OK;
	if (log_statement(log, SCAN_EVENTS, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)from);
	sql_int(st, 2, (int64_t)to);
	while ((rc = sql_step(&log->q, st)) == FT_OK) {
		rc = log_row(log, st, 0, &row);
		if (rc == FT_OK && row.seq < expected)
			rc = sql_damaged(&log->q, "its events are not in order");
		if (rc != FT_OK)
			break;
		expected = row.seq + 1;
		apply(s, &row);
	}
	sql_reset(st);
	return rc == FT_NONE ? FT_OK : rc;
}

/* ---- from a snapshot ---- */

/* The push of that number; FT_NONE: it is not in the log, or is no push. */
static enum ft_rc push_at(struct log *log, uint64_t seq, struct log_row *ret)
{
	struct sqlite3_stmt *st;
	if (seq > INT64_MAX)
		return FT_NONE;
	if (log_statement(log, SCAN_EVENTS, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)seq);
	sql_int(st, 2, (int64_t)seq);
	enum ft_rc rc = sql_step(&log->q, st);
	if (rc == FT_OK)
		rc = log_row(log, st, 0, ret);
	sql_reset(st);
	return rc == FT_OK && ret->shape->kind != EVENT_PUSH ? FT_NONE : rc;
}

static enum ft_rc add_ghost(struct log *log, struct state_stack *k, uint64_t seq, uint64_t popped)
{
	struct log_row row;
	struct state_frame f;
	enum ft_rc rc = push_at(log, seq, &row);
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc; // a ring let its push go
	log_frame_of(&row, &f);
	f.popped = popped;
	state_add_ghost(k, &f);
	return FT_OK;
}

struct loading {
	const char *at, *end;
	struct number_set stacks; // met so far: each once
	uint64_t frames;	  // of all stacks: no more than there were events
};

static enum ft_rc load_stack(struct log *log, uint64_t before, struct loading *l, struct state *s)
{
	uint64_t id, top, n_ghosts, seq, length;
	if (!varint_take(&l->at, l->end, &id) || !varint_take(&l->at, l->end, &top) ||
	    !varint_take(&l->at, l->end, &n_ghosts) || id > INT64_MAX || top > before ||
	    n_ghosts > STATE_GHOSTS || !number_set_add(&l->stacks, id))
		return sql_damaged(&log->q, "a snapshot cannot be read");
	struct state_stack *k = state_add_stack(s, (int64_t)id);
	if (top && log_walk_out(log, k, top - 1, before) != FT_OK)
		return FT_FAIL;
	l->frames += k->n_live;
	if (l->frames > before)
		return sql_damaged(&log->q, "a snapshot has more frames than were pushed");
	for (uint64_t i = 0; i < n_ghosts; i++) {
		if (!varint_take(&l->at, l->end, &seq) || !varint_take(&l->at, l->end, &length))
			return sql_damaged(&log->q, "a snapshot cannot be read");
		if (add_ghost(log, k, seq, seq + length) != FT_OK)
			return FT_FAIL;
	}
	return FT_OK;
}

/* The state before the chunk's first event. */
static enum ft_rc load(struct log *log, const struct log_chunk *c, struct state *s)
{
	struct loading l = {.at = c->frames, .end = c->frames + c->frames_len};
	enum ft_rc rc = FT_OK;
	number_set_init(&l.stacks);
	while (rc == FT_OK && l.at < l.end)
		rc = load_stack(log, c->first, &l, s);
	number_set_deinit(&l.stacks);
	return rc;
}

/* ---- the state after an event ---- */

static void keep(struct log *log, struct state *s, uint64_t seq)
{
	state_deinit(&log->at.state);
	log->at.state = *s;
	log->at.seq = seq;
	log->at.valid = true;
}

/*
 * Events without a chunk follow the last chunk: they are applied to what that one leads to.
 */
static enum ft_rc start_of(struct log *log, const struct log_chunk *c, struct state *s,
			   uint64_t *ret_from)
{
	struct log_chunk before;
	*ret_from = c->first;
	if (c->is_known)
		return load(log, c, s);
	if (c->first == 0)
		return FT_OK;
	enum ft_rc rc = log_chunk_at(log, c->first - 1, &before);
	if (rc == FT_OK && before.is_known) {
		*ret_from = before.first;
		rc = load(log, &before, s);
	}
	return rc;
}

/* Onwards from the state that is kept. */
static enum ft_rc go_on(struct log *log, uint64_t seq)
{
	struct log_at *at = &log->at;
	at->valid = false;
	if (run(log, &at->state, at->seq + 1, seq) != FT_OK)
		return FT_FAIL;
	at->seq = seq;
	at->valid = true;
	return FT_OK;
}

static enum ft_rc go_to(struct log *log, const struct log_chunk *c, uint64_t seq)
{
	struct state s;
	uint64_t from;
	state_init(&s);
	enum ft_rc rc = start_of(log, c, &s, &from);
	if (rc == FT_OK)
		rc = run(log, &s, from, seq);
	if (rc == FT_OK) {
		keep(log, &s, seq);
	} else {
		state_deinit(&s);
		log->at.valid = false; // parts of it were moved
	}
	return rc;
}

enum ft_rc log_state_at(struct log *log, uint64_t seq)
{
	const struct log_at *at = &log->at;
	const struct log_info *info = log_info(log);
	struct log_chunk c;
	if (info->dropped > 0 && at->seq < info->first)
		log->at.valid = false; // a ring let go of what came between
	if (at->valid && at->seq == seq)
		return FT_OK;
	enum ft_rc rc = log_chunk_at(log, seq, &c);
	if (rc == FT_OK) {
		bool near = at->valid && at->seq < seq &&
			    (at->seq >= c.first || (!c.is_known && seq - at->seq < MOST_STEPS));
		rc = near ? go_on(log, seq) : go_to(log, &c, seq);
	}
	log_chunk_done(log);
	return rc;
}

/* ---- as the header has it ---- */

static enum ft_rc show_frame(struct log *log, const struct state_frame *f,
			     const struct log_stack *stack, bool ghost, struct log_frame *ret)
{
	const struct log_shape *shape;
	if (log_shape(log, f->shape, &shape) != FT_OK)
		return FT_FAIL;
	*ret = (struct log_frame){.pushed_seq = f->seq,
				  .tid = stack->tid,
				  .stack_top = stack->top,
				  .depth = f->depth,
				  .cfa = f->cfa,
				  .rsp = f->rsp,
				  .ghost = ghost,
				  .popped_seq = ghost ? f->popped : 0,
				  .function = shape->function ? shape->function : ""};
	return FT_OK;
}

static enum ft_rc show_stack(struct log *log, struct state_stack *k, size_t *n)
{
	const struct log_stack *stack;
	if (log_stack(log, k->id, &stack) != FT_OK)
		return FT_FAIL;
	struct log_stack copy = *stack;
	size_t told = k->told_at == *n && !log_is_crossed(log) ? k->as_told : 0;
	k->told_at = *n;
	*n += told;
	k->as_told = told;
	for (size_t i = told; i < k->n_live; i++) {
		// Around one that ended out of order, numbers of frames are not their places.
		k->as_told += k->as_told == i && !k->live[i].ended;
		if (!k->live[i].ended &&
		    show_frame(log, &k->live[i], &copy, false, &log->frames[(*n)++]) != FT_OK)
			return FT_FAIL;
	}
	for (size_t i = k->n_ghosts; i > 0; i--)
		if (show_frame(log, &k->ghosts[i - 1], &copy, true, &log->frames[(*n)++]) != FT_OK)
			return FT_FAIL;
	return FT_OK;
}

enum ft_rc log_frames(struct log *log, uint64_t seq, const struct log_frame **ret, size_t *ret_n)
{
	size_t n = 0, all = 0;
	if (log_begin(log) != FT_OK)
		return FT_FAIL;
	const struct log_info *info = log_info(log);
	if (info->is_empty) {
		*ret_n = 0;
		return FT_OK;
	}
	seq = seq < info->first ? info->first : seq > info->last ? info->last : seq;
	if (log_state_at(log, seq) != FT_OK)
		return FT_FAIL;
	for (size_t i = 0; i < log->at.state.n; i++)
		all += log->at.state.stacks[i]->n_live + log->at.state.stacks[i]->n_ghosts;
	if (all > log->cap_frames) {
		log->cap_frames = all + all / 2;
		log->frames = xreallocarray(log->frames, log->cap_frames, sizeof(*log->frames));
	}
	for (size_t i = 0; i < log->at.state.n; i++) {
		if (show_stack(log, log->at.state.stacks[i], &n) != FT_OK) {
			log->at.valid = false; // what is told is half of this and half of before
			return FT_FAIL;
		}
	}
	*ret = log->frames;
	*ret_n = n;
	return FT_OK;
}
