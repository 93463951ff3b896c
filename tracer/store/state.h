/*
 * state.h - which frames are on which stack, event by event (private: writer and reader share it).
 *
 * Owns:     the live frames of each stack, and the ghosts below them.
 * Gives:    state_push(), state_pop(); what there is.
 * Never:    reads or writes a log.
 * Lifetime: from state_init() to state_deinit().
 *
 * The writer keeps snapshots of it, the reader starts from one and goes on: both must come to the
 * same state, so it depends on nothing but the events.
 */
#ifndef FT_STATE_H
#define FT_STATE_H

#include "base/buf.h"

struct state_frame {
	uint64_t seq; // of its push
	uint64_t cfa, rsp;
	uint64_t popped; // of a ghost: the seq of its pop
	uint32_t depth;
	bool ended;    // among the live: popped before a frame inside it was
	int64_t shape; // of its push
};

enum { STATE_GHOSTS = 32, STATE_IDLE = 64 };

struct state_stack {
	int64_t id;		  // of table stack
	struct state_frame *live; // outermost first, by seq; the last one has not ended
	size_t n_live, cap_live;
	struct state_frame ghosts[STATE_GHOSTS]; // from low addresses to high; the last is next
	size_t n_ghosts;
	size_t as_told; // so many outermost live frames are as the reader has told them last,
	size_t told_at; // from there on among all frames
};

struct state {
	struct state_stack **stacks; // by the order of their first frame
	size_t n, cap;
};

void state_init(struct state *s);
void state_deinit(struct state *s);
void state_clear(struct state *s);

/* A stack that is not there yet: for those that build a state from a snapshot. */
struct state_stack *state_add_stack(struct state *s, int64_t id);

void state_push(struct state *s, int64_t stack, const struct state_frame *f);

/*
 * `pushed`: seq of the push. exits: its memory is gone with it, or its thread: it leaves no ghost.
 * False: a frame inside it is still alive.
 */
bool state_pop(struct state *s, int64_t stack, uint64_t pushed, uint64_t popped, bool exits);

/* The innermost live frame; NULL: none. */
const struct state_frame *state_top(const struct state *s, int64_t stack);

/* At the inner end, whatever it lies on. */
void state_add_live(struct state_stack *k, const struct state_frame *f);
void state_add_ghost(struct state_stack *k, const struct state_frame *f);

#endif
