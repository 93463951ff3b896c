/*
 * player_scan.c - how a move gets from one event to another.
 *
 * Two ways: event by event, each shown to the unit and to the stops; and by the log's index, over
 * calls that the unit does not look into and to the next breakpoint of a long recording.
 */
#include "tui/player_private.h"

#include <stdlib.h>

enum {
	REJECTED_NEAR = 4096, // events around a rejected hit that are looked at one by one
	REJECTED_FAR = 1 << 20,
};

bool player_interrupted(struct player *p)
{
	if (!p->interrupted)
		p->interrupted = p->wanted && p->wanted(p->wanted_ctx);
	return p->interrupted;
}

enum ft_rc player_reach(struct player *p, uint64_t seq)
{
	const struct log_info *info = log_info(p->log);
	while (info->is_empty || seq > info->last) {
		if (!p->has_live || p->ended)
			return FT_NONE;
		enum ft_rc rc = p->live.more(p->live.ctx);
		if (rc == FT_FAIL)
			return rc;
		p->ended = rc == FT_NONE;
		info = log_info(p->log);
	}
	return FT_OK;
}

// ---- event by event ----

struct reading {
	struct player *p;
	struct scan *s;
	enum scan_verdict verdict;
	uint64_t seq;
	bool candidate; // some stop may be there
};

static bool may_stop(const struct player *p, const struct event *ev)
{
	if (stop_point_fits(p, &p->events, ev))
		return true;
	for (size_t i = 0; i < p->n_stops; i++)
		if (stop_point_fits(p, &p->stops[i], ev))
			return true;
	return false;
}

static enum ft_rc on_item(void *ctx, const struct log_item *item)
{
	struct reading *r = ctx;
	if (!item->event || item->event->aside)
		return FT_OK;
	r->seq = item->event->seq;
	r->candidate = may_stop(r->p, item->event);
	r->verdict = r->s->event(r->s, item->event);
	return r->candidate || r->verdict != SCAN_ON ? FT_NONE : FT_OK;
}

// The first stop, in the order of their numbers, that is at this event; NULL: none.
static enum ft_rc stop_at(struct player *p, uint64_t seq, struct stop_point **ret)
{
	*ret = NULL;
	for (size_t i = 0; i <= p->n_stops; i++) {
		struct stop_point *s = i < p->n_stops ? &p->stops[i] : &p->events;
		bool holds = false;
		enum ft_rc rc = stop_point_holds(p, s, seq, &holds);
		if (rc != FT_OK)
			return rc;
		if (holds) {
			*ret = s;
			return FT_OK;
		}
	}
	return FT_OK;
}

// Over what the unit does not look into: `*at` becomes the next event to tell.
static enum ft_rc jump(struct player *p, const struct scan *s, uint64_t seq, uint64_t *at,
		       struct landing *ret)
{
	if (s->back) {
		*at = s->jump;
		return s->jump + 1 < seq ? stop_between(p, seq - 1, s->jump + 1, true, ret) : FT_OK;
	}
	uint64_t end;
	enum ft_rc rc = frame_end(p, s->pushed, seq, &end);
	*at = rc == FT_OK ? end : seq + 1;
	if (rc == FT_OK && end > seq + 1)
		rc = stop_between(p, seq + 1, end - 1, false, ret);
	return rc == FT_NONE ? FT_OK : rc;
}

static enum ft_rc read_chunk(struct player *p, struct reading *r, uint64_t *at)
{
	const struct log_info *info = log_info(p->log);
	uint64_t from = *at, to = info->last;
	if (r->s->back) {
		to = from;
		from = to - info->first >= PLAYER_CHUNK ? to - PLAYER_CHUNK + 1 : info->first;
	} else if (to - from >= PLAYER_CHUNK) {
		to = from + PLAYER_CHUNK - 1;
	}
	enum ft_rc rc = log_read(p->log, from, to, r->s->back, on_item, r);
	uint64_t done = rc == FT_NONE ? r->seq : r->s->back ? from : to;
	*at = r->s->back ? done - 1 : done + 1;
	return rc;
}

enum ft_rc scan_run(struct player *p, struct scan *s, uint64_t from, struct landing *ret)
{
	uint64_t at = from;
	*ret = (struct landing){.found = false};
	for (;;) {
		// Backwards: 0 - 1 is beyond all that there is, as it is for a step forwards.
		enum ft_rc rc = s->back ? FT_OK : player_reach(p, at);
		if (rc == FT_OK && s->back && (at == PLAYER_NO_SEQ || at < log_info(p->log)->first))
			rc = FT_NONE;
		if (rc != FT_OK)
			return rc == FT_NONE ? FT_OK : rc;
		if (player_interrupted(p)) {
			ret->interrupted = ret->found = true;
			ret->seq = s->back ? at + 1 : at - 1;
			return FT_OK;
		}
		struct reading r = {.p = p, .s = s};
		rc = read_chunk(p, &r, &at);
		if (rc == FT_OK)
			continue;
		if (rc == FT_FAIL)
			return rc;
		if (r.candidate) {
			rc = stop_at(p, r.seq, &ret->stop);
			if (rc != FT_OK)
				return rc;
		}
		if (ret->stop || r.verdict == SCAN_STOP) {
			ret->found = true;
			ret->seq = r.seq;
			return FT_OK;
		}
		if (r.verdict == SCAN_JUMP) {
			rc = jump(p, s, r.seq, &at, ret);
			if (rc != FT_OK || ret->found)
				return rc;
		}
	}
}

// ---- by the index ----

struct near {
	const struct player *p;
	const struct stop_point *s;
	uint64_t seq;
};

static enum ft_rc on_near(void *ctx, const struct log_item *item)
{
	struct near *n = ctx;
	if (!item->event || item->event->aside || !stop_point_fits(n->p, n->s, item->event))
		return FT_OK;
	n->seq = item->event->seq;
	return FT_NONE;
}

/*
 * The next event from `at` on that may be the stop. Where one was just rejected by its condition
 * the next is likely near, and cheaper to find by looking at each event.
 */
static enum ft_rc candidate(struct player *p, const struct stop_point *s, const struct probe *b,
			    uint64_t at, bool is_near, uint64_t *ret)
{
	const struct log_info *info = log_info(p->log);
	if (at > info->last)
		return FT_NONE;
	if (is_near) {
		struct near n = {.p = p, .s = s};
		uint64_t to = info->last - at > REJECTED_NEAR ? at + REJECTED_NEAR : info->last;
		enum ft_rc rc = log_read(p->log, at, to, false, on_near, &n);
		if (rc == FT_NONE)
			*ret = n.seq;
		if (rc != FT_OK)
			return rc == FT_NONE ? FT_OK : rc;
		if (to >= info->last)
			return FT_NONE;
		at = to + 1;
	}
	return log_find(p->log, &b->q, at, false, ret);
}

/*
 * The next hit of a probe from `from` on, not behind `to`. What was searched before is not searched
 * again.
 */
static enum ft_rc probe_forwards(struct player *p, const struct stop_point *s, struct probe *b,
				 uint64_t from, uint64_t to, uint64_t *ret)
{
	if (!b->any || from < b->lo || from > b->hi) {
		b->any = true;
		b->lo = b->hi = from;
		b->hit_at_hi = b->hit_before_lo = false;
	}
	for (bool rejected = false; !b->hit_at_hi; rejected = true) {
		if (b->hi > to || player_interrupted(p))
			return FT_NONE;
		uint64_t seq, last = log_info(p->log)->last;
		enum ft_rc rc = candidate(p, s, b, b->hi, rejected, &seq);
		if (rc == FT_FAIL)
			return rc;
		if (rc == FT_NONE || seq > to) {
			b->hi = rc == FT_NONE ? last + 1 : seq;
			return FT_NONE;
		}
		bool holds = false;
		rc = stop_point_holds(p, s, seq, &holds);
		if (rc != FT_OK)
			return rc;
		b->hi = holds ? seq : seq + 1;
		b->hit_at_hi = holds;
	}
	if (b->hi > to)
		return FT_NONE;
	*ret = b->hi;
	return FT_OK;
}

/* Events of a stretch that may be a stop. */
struct many {
	struct near n;
	uint64_t *seqs;
	size_t count, cap;
};

static enum ft_rc on_many(void *ctx, const struct log_item *item)
{
	struct many *m = ctx;
	if (on_near(&m->n, item) == FT_OK)
		return FT_OK;
	m->seqs = xgrow(m->seqs, m->count, &m->cap, sizeof(*m->seqs));
	m->seqs[m->count++] = m->n.seq;
	return FT_OK;
}

/*
 * The last stop among events [lo, hi], whose conditions are asked forwards: what is known of a
 * frame goes on from event to event, not back. ret_any: some event may have been one.
 */
static enum ft_rc last_between(struct player *p, const struct stop_point *s, uint64_t lo,
			       uint64_t hi, uint64_t *ret, bool *ret_any)
{
	struct many m = {.n = {.p = p, .s = s}};
	bool found = false;
	enum ft_rc rc = log_read(p->log, lo, hi, false, on_many, &m);
	for (size_t i = 0; rc == FT_OK && i < m.count && !player_interrupted(p); i++) {
		bool holds = false;
		rc = stop_point_holds(p, s, m.seqs[i], &holds);
		if (rc != FT_OK || !holds)
			continue;
		found = true;
		*ret = m.seqs[i];
	}
	*ret_any = m.count > 0;
	free(m.seqs);
	return rc != FT_OK ? rc : found ? FT_OK : FT_NONE;
}

// Back from a hit that its condition rejected, in stretches that grow.
static enum ft_rc reject_backwards(struct player *p, const struct stop_point *s, struct probe *b,
				   uint64_t to)
{
	const uint64_t first = log_info(p->log)->first;
	uint64_t size = REJECTED_NEAR;
	bool any = true;
	while (any && b->lo > to && b->lo > first && !player_interrupted(p)) {
		uint64_t hi = b->lo - 1, lo = hi - first >= size ? hi - size + 1 : first;
		uint64_t seq = 0;
		enum ft_rc rc = last_between(p, s, lo, hi, &seq, &any);
		if (rc == FT_FAIL || player_interrupted(p))
			return rc;
		b->lo = rc == FT_OK ? seq + 1 : lo;
		b->hit_before_lo = rc == FT_OK;
		if (rc == FT_OK)
			return rc;
		size = size < REJECTED_FAR ? 2 * size : size;
	}
	return FT_NONE;
}

static enum ft_rc probe_backwards(struct player *p, const struct stop_point *s, struct probe *b,
				  uint64_t from, uint64_t to, uint64_t *ret)
{
	if (!b->any || from + 1 < b->lo || from + 1 > b->hi) {
		b->any = true;
		b->lo = b->hi = from + 1;
		b->hit_at_hi = b->hit_before_lo = false;
	}
	while (!b->hit_before_lo) {
		uint64_t seq, first = log_info(p->log)->first;
		if (b->lo <= to || b->lo <= first || player_interrupted(p))
			return FT_NONE;
		enum ft_rc rc = log_find(p->log, &b->q, b->lo - 1, true, &seq);
		if (rc == FT_FAIL)
			return rc;
		if (rc == FT_NONE || seq < to) {
			b->lo = rc == FT_NONE ? first : seq + 1;
			return FT_NONE;
		}
		bool holds = false;
		rc = stop_point_holds(p, s, seq, &holds);
		if (rc != FT_OK)
			return rc;
		b->lo = holds ? seq + 1 : seq;
		b->hit_before_lo = holds;
		if (!holds && reject_backwards(p, s, b, to) == FT_FAIL)
			return FT_FAIL;
	}
	if (b->lo - 1 < to)
		return FT_NONE;
	*ret = b->lo - 1;
	return FT_OK;
}

// The nearest of several: what is behind the best one so far is not looked for.
static enum ft_rc nearest(struct player *p, struct stop_point *s, bool back, uint64_t from,
			  uint64_t *to, struct landing *ret)
{
	for (size_t i = 0; i < s->n_probes; i++) {
		uint64_t seq = 0;
		enum ft_rc rc = back ? probe_backwards(p, s, &s->probes[i], from, *to, &seq)
				     : probe_forwards(p, s, &s->probes[i], from, *to, &seq);
		if (rc == FT_FAIL)
			return rc;
		if (rc == FT_NONE || (ret->found && seq == ret->seq))
			continue;
		*to = seq;
		*ret = (struct landing){.found = true, .seq = seq, .stop = s};
	}
	if (s->kind == STOP_SEQ) {
		bool inside = back ? s->address <= from && s->address >= *to
				   : s->address >= from && s->address <= *to;
		bool holds = false;
		enum ft_rc rc = inside ? stop_point_holds(p, s, s->address, &holds) : FT_OK;
		if (rc != FT_OK)
			return rc;
		if (holds && !(ret->found && ret->seq == s->address)) {
			*to = s->address;
			*ret = (struct landing){.found = true, .seq = *to, .stop = s};
		}
	}
	return FT_OK;
}

enum ft_rc stop_between(struct player *p, uint64_t from, uint64_t to, bool back,
			struct landing *ret)
{
	struct landing best = {.found = false};
	for (size_t i = 0; i <= p->n_stops; i++) {
		struct stop_point *s = i < p->n_stops ? &p->stops[i] : &p->events;
		enum ft_rc rc = nearest(p, s, back, from, &to, &best);
		if (rc != FT_OK)
			return rc;
	}
	if (best.found)
		*ret = best;
	return FT_OK;
}

// ---- the end of a frame ----

enum ft_rc frame_end(struct player *p, uint64_t pushed, uint64_t from, uint64_t *ret)
{
	uint64_t end;
	if (pushed == PLAYER_NO_SEQ)
		return FT_NONE;
	enum ft_rc rc = log_popped(p->log, pushed, &end);
	if (rc != FT_OK)
		return rc;
	if (end <= from)
		return FT_NONE;
	*ret = end;
	return FT_OK;
}
