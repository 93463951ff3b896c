/*
 * frame_list.h - the frames that a chunk of events left behind, as bytes (private to store/).
 *
 * Owns:     how they are written: those that were pushed in the chunk and are alive at its end.
 * Gives:    frame_list_of(), frame_list_take().
 * Never:    reads or writes a log.
 * Lifetime: what is taken is copied.
 *
 * From the innermost frame of a stack outwards they lead from chunk to chunk: in a recursion of a
 * million frames by some hundred lists, where the events would have to be read one by one. Frames
 * end from the innermost on: of those in a list that are older than a live one, all are alive. A
 * log where that did not hold has none.
 */
#ifndef FT_FRAME_LIST_H
#define FT_FRAME_LIST_H

#include "store/state.h"

enum {
	FRAME_LIST_MOST = 4096,	    // frames: no more events are in a chunk
	FRAME_LIST_BYTES = 1 << 18, // they never take as many
};

struct frame_list {
	struct state_frame frames[FRAME_LIST_MOST]; // of one stack, outermost first
	size_t n;
	uint64_t outer; // seq of the push of the frame around the first one
	bool has_outer;
	size_t read; // so many were read before they were found, they themselves too
};

/* Those that were pushed at `first` or later; no bytes if there are none. */
void frame_list_of(const struct state *s, uint64_t first, struct buf *ret);

/* FT_NONE: it has none of that stack. FT_FAIL: they are no list; there is no message. */
FT_CHECK enum ft_rc frame_list_take(const char *bytes, size_t len, uint64_t first, int64_t stack,
				    struct frame_list *ret);

#endif
