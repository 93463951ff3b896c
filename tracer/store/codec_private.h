/*
 * codec_private.h - what encoder and decoder agree on beside the table (private to store/codec*.c).
 *
 * Owns:     the three buffers of an encoder, the memory of a decoder.
 * Gives:    struct codec, and how an address becomes a small number.
 * Never:    leaves store/codec*.c.
 * Lifetime: of struct codec, see codec.h.
 *
 * A shape begins with a byte: 0, or 1 for CODEC_NO_LAYOUT. What follows, and the whole rest, are
 * streams of fields in the order of the table. A field that is 0 or NULL takes no bytes: before
 * each other one stands how many such fields were passed, and when the bytes end the remaining
 * fields are all 0. Numbers are LEB128, signed ones zigzag first; a string is its length + 1, its
 * bytes and a NUL. The first field of an array's element is written in any case, so that a count
 * can be judged by the bytes that are left.
 */
#ifndef FT_CODEC_PRIVATE_H
#define FT_CODEC_PRIVATE_H

#include "store/codec.h"
#include "store/codec_table.h"

struct codec_out {
	struct buf b;
	uint64_t zeros; // fields passed since the last one written
	bool due;	// the next field is written even if it is 0
};

struct codec_block;  // of a decoder's memory
struct codec_places; // codec_places.c

struct codec {
	struct codec_out shape, rest;
	struct buf values;
	size_t nulls;	   // passed since the last text written
	uint64_t cfa, seq; // of the event
	uint32_t depth;
	bool is_loose;	  // its layout is in the rest
	uint64_t deepest; // addresses of its shape lie at most so far below the CFA
	struct codec_places *places;
	struct codec_block *blocks;
};

/* What holds for the fields of a struct, handed down: the flags of the table, and these. */
enum {
	CODEC_ALL_REST = 16,
	CODEC_NO_LAYOUT = 32, // CODEC_LAYOUT is rest; the first byte of a shape says so
};

/* Whether a field is in the rest, not in the shape. */
static inline bool codec_is_rest(const struct codec_field *f, unsigned flags)
{
	return f->class == CODEC_REST || flags & CODEC_ALL_REST ||
	       (f->class == CODEC_LAYOUT && flags & CODEC_NO_LAYOUT);
}

static inline unsigned codec_inside(const struct codec_field *f, unsigned flags)
{
	return flags | f->flags | (codec_is_rest(f, flags) ? CODEC_ALL_REST | CODEC_NO_TEXT : 0);
}

static inline uint64_t codec_zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static inline int64_t codec_unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ -(v & 1));
}

/*
 * A distance: 0 is 0, 1 says that the number itself follows, else it is zigzag + CODEC_NEAR_FIRST.
 * Of CODEC_NEAR, in the shape, 1 says that it is in the rest and 2 that it follows.
 */
enum { CODEC_FAR = 1, CODEC_FIXED = 2, CODEC_RELATIVE_FIRST = 2, CODEC_NEAR_FIRST = 3 };

#define CODEC_SHORT ((uint64_t)1 << 40) // a distance that is worth it

/*
 * codec_places.c: whether shapes come back. At a place that makes new ones all the time (alloca, a
 * ghost here and there, a pointer into another frame) the layout has to go to the rest.
 */
struct codec_places *codec_places_create(void);
void codec_places_destroy(struct codec_places *p);
bool codec_places_is_loose(struct codec_places *p, const struct event *ev);
void codec_places_learn(struct codec_places *p, const struct event *ev, const struct buf *shape);

/* codec_check.c: whether an event has what its kind cannot be without. */
bool codec_is_whole(const struct event *ev);

/* codec_decode.c: what decoded events have taken; the next decode starts anew. */
void codec_forget(struct codec *c);

/*
 * codec_values.c: the array of values. Texts are read in place: `s` is written to, has a NUL behind
 * its bytes, and is what the texts point into.
 */
struct codec_values {
	char *s; // what is left; NULL: nothing was there, or its end was met
};

/* FT_OK: a text. FT_NONE: null, or behind the end. FT_FAIL: damaged, without a message. */
enum ft_rc codec_values_next(struct codec_values *v, const char **ret);

#endif
