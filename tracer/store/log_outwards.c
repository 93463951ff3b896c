/*
 * log_outwards.c - the frames of a stack, from the innermost outwards.
 *
 * A chunk's list (frame_list.h) leads to an older chunk. Where there is none (a log of version 1, a
 * ring that let the chunk go, frames that ended out of order) each push leads to the one around it.
 */
#include "store/frame_list.h"
#include "store/log_private.h"
#include "store/schema.h"

#include <stdlib.h>
#include <string.h>

enum {
	NEAR = 16,	      // so many events further back are passed over rather than looked up
	FRAMES_A_STEP = 2048, // of a list: in the time of a step of the budget so many are read
};

/* Pushes further and further back: in a deep recursion each is next to the one before. */
struct pushes {
	struct sqlite3_stmt *st; // NULL: it begins anew
	uint64_t at;
};

struct walk {
	struct log *log;
	int64_t stack;
	uint64_t seq; // of the next push
	bool ended;   // there is none
	bool has_lists;
	uint64_t before;
	struct pushes pushes;
	struct state_stack inner; // innermost first
};

void log_frame_of(const struct log_row *row, struct state_frame *ret)
{
	*ret = (struct state_frame){.seq = row->seq,
				    .cfa = row->cfa,
				    .rsp = row->cfa + (uint64_t)row->shape->delta,
				    .depth = row->depth,
				    .shape = row->shape->id};
}

/* ---- push by push ---- */

// Frames of a stack end from the innermost on. If that was not always so, the log says it.
static enum ft_rc is_popped_before(struct log *log, uint64_t push, uint64_t seq, bool *ret)
{
	struct sqlite3_stmt *st;
	int64_t popped;
	if (log_statement(log, GET_POPPED, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)push);
	enum ft_rc rc = sql_step(&log->q, st);
	if (rc == FT_OK && !sql_get_int(st, 0, INT64_MAX, &popped))
		rc = sql_damaged(&log->q, "a pop has no number");
	*ret = rc == FT_OK && (uint64_t)popped < seq;
	sql_reset(st);
	return rc == FT_FAIL ? rc : FT_OK;
}

static enum ft_rc push_before(struct log *log, struct pushes *o, uint64_t seq, struct log_row *ret)
{
	int64_t at;
	enum ft_rc rc;
	if (seq > INT64_MAX)
		return FT_NONE;
	if (!o->st || o->at - seq > NEAR) {
		if (log_statement(log, SCAN_EVENTS_BACK, &o->st) != FT_OK)
			return FT_FAIL;
		sql_int(o->st, 1, 0);
		sql_int(o->st, 2, (int64_t)seq);
	}
	do {
		rc = sql_step(&log->q, o->st);
		if (rc == FT_OK && !sql_get_int(o->st, 0, -1, &at))
			rc = sql_damaged(&log->q, "an event has no number");
	} while (rc == FT_OK && at > (int64_t)seq);
	if (rc == FT_OK && at != (int64_t)seq)
		rc = FT_NONE;
	if (rc == FT_OK)
		rc = log_row(log, o->st, 0, ret);
	o->at = seq;
	return rc == FT_OK && ret->shape->kind != EVENT_PUSH ? FT_NONE : rc;
}

/* The next push; from there on to the one around it. */
static enum ft_rc take_push(struct walk *w)
{
	struct state_frame f;
	struct log_row row;
	bool popped = false;
	w->log->steps = 0;
	enum ft_rc rc = push_before(w->log, &w->pushes, w->seq, &row);
	if (rc == FT_OK && log_is_crossed(w->log))
		rc = is_popped_before(w->log, w->seq, w->before, &popped);
	w->ended = rc != FT_OK || !row.has_back || row.back == 0 || row.back > w->seq;
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc; // a ring let it go
	log_frame_of(&row, &f);
	f.ended = popped;
	state_add_live(&w->inner, &f);
	if (!w->ended)
		w->seq -= row.back;
	return FT_OK;
}

/* ---- list by list ---- */

/* Of the list those frames that are around the next push, and it itself. */
static enum ft_rc add_list(struct walk *w, const struct frame_list *list)
{
	size_t n = list->n;
	while (n > 0 && list->frames[n - 1].seq > w->seq)
		n--;
	if (n == 0 || list->frames[n - 1].seq != w->seq)
		return FT_FAIL;
	for (size_t i = n; i > 0; i--)
		state_add_live(&w->inner, &list->frames[i - 1]);
	w->ended = !list->has_outer;
	w->seq = list->outer;
	return FT_OK;
}

// Lists of many stacks are read for each of them: a stranger's may be made for that to take hours.
static bool is_too_much(struct log *log, const struct frame_list *list)
{
	log->steps += 1 + list->read / FRAMES_A_STEP;
	return log->steps > log->most_steps;
}

/* FT_NONE: no list goes back so far. */
static enum ft_rc take_list(struct walk *w)
{
	struct log *log = w->log;
	struct sqlite3_stmt *st;
	const char *bytes;
	size_t len;
	int64_t first;
	if (w->seq > INT64_MAX || !w->has_lists)
		return FT_NONE;
	if (!log->list)
		log->list = xmalloc(sizeof(*log->list));
	if (log_statement(log, CHUNK_FRAMES, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, (int64_t)w->seq);
	enum ft_rc rc = sql_step(&log->q, st);
	w->has_lists = rc == FT_OK;
	if (rc == FT_OK &&
	    (!sql_get_int(st, 0, -1, &first) || first < 0 || !sql_get_bytes(st, 1, &bytes, &len) ||
	     !bytes || frame_list_take(bytes, len, (uint64_t)first, w->stack, log->list) != FT_OK ||
	     is_too_much(log, log->list) || add_list(w, log->list) != FT_OK))
		rc = sql_damaged(&log->q, "the frames of a chunk cannot be read");
	sql_reset(st);
	return rc;
}

/* ---- both ---- */

static struct state_stack *known_stack(struct log *log, int64_t id)
{
	if (log_is_crossed(log))
		return NULL;
	for (size_t i = 0; log->at.valid && i < log->at.state.n; i++)
		if (log->at.state.stacks[i]->id == id)
			return log->at.state.stacks[i];
	return NULL;
}

/* How many of the outer frames of a known stack end with the one that `seq` pushed; 0: none. */
static size_t find_known(const struct state_stack *k, uint64_t seq)
{
	size_t lo = 0, hi = k ? k->n_live : 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (k->live[mid].seq <= seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 && k->live[lo - 1].seq == seq ? lo : 0;
}

/* What is known is moved to `k`, not copied: it may be a million frames. */
static void join(struct state_stack *k, struct state_stack *known, size_t shared,
		 struct state_stack *inner)
{
	if (shared) {
		k->live = known->live;
		k->cap_live = known->cap_live;
		k->told_at = known->told_at;
		k->as_told = known->as_told < shared ? known->as_told : shared;
		k->n_live = shared;
		known->live = NULL;
		known->cap_live = known->n_live = 0;
		for (size_t i = inner->n_live; i > 0; i--)
			state_add_live(k, &inner->live[i - 1]);
		free(inner->live);
		return;
	}
	for (size_t lo = 0, hi = inner->n_live; lo + 1 < hi; lo++, hi--) {
		struct state_frame f = inner->live[lo];
		inner->live[lo] = inner->live[hi - 1];
		inner->live[hi - 1] = f;
	}
	k->live = inner->live;
	k->cap_live = inner->cap_live;
	k->n_live = inner->n_live;
}

enum ft_rc log_walk_out(struct log *log, struct state_stack *k, uint64_t seq, uint64_t before)
{
	struct state_stack *known = known_stack(log, k->id);
	struct walk w = {.log = log, .stack = k->id, .seq = seq, .before = before};
	size_t shared = 0;
	enum ft_rc rc = FT_OK;
	w.has_lists = log->info.version >= SCHEMA_FRAMES && !log_is_crossed(log);
	while (rc == FT_OK && !w.ended) {
		shared = find_known(known, w.seq);
		if (shared)
			break;
		rc = take_list(&w);
		if (rc == FT_NONE)
			rc = take_push(&w);
	}
	sql_reset(w.pushes.st);
	if (rc == FT_OK)
		join(k, known, shared, &w.inner);
	else
		free(w.inner.live);
	return rc;
}
