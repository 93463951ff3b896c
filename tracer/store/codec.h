/*
 * codec.h - an event as bytes, and back (private to store/).
 *
 * Owns:     nothing but its buffers; one table of all fields of struct event and its parts.
 * Gives:    codec_encode(), codec_decode().
 * Never:    trusts what it decodes: every count, index and length is bounded by what is left.
 * Lifetime: encoded bytes until the next encode; a decoded event until the next decode. Bytes that
 *           are decoded are copied: they need to last for the call only.
 *
 * An event falls into three. Its *shape* is what other events of the same place share: names,
 * types, line, pc, arithmetic, where variables lie relative to the CFA; the log keeps each shape
 * once. Its *values* are the texts of arguments, then locals, then changes (of each the new value
 * and the old one), then the returned value, as a JSON array of strings, so that SQL can read them;
 * a text that is NULL or not UTF-8 is null there, the latter is in the rest, and nulls at the end
 * are left out. The *rest* are numbers and texts that are this event's own. None of the three: no
 * bytes.
 *
 * Columns of their own, which codec does not write: kind, seq, pid, tid, time_ns, depth, cfa,
 * pushed_seq, aside. decode takes them in `ret`, filled in by the caller.
 */
#ifndef FT_CODEC_H
#define FT_CODEC_H

#include "base/buf.h"
#include "events/event.h"

struct codec;

struct codec_bytes {
	const char *s; // NULL: none
	size_t len;
};

struct coded {
	struct codec_bytes shape, values, rest;
};

struct codec *codec_create(void);
void codec_destroy(struct codec *c);

void codec_encode(struct codec *c, const struct event *ev, struct coded *ret);

/*
 * Whether the shape of the event that was encoded last says where `v`, an argument, local or change
 * of it, lies. Then it lies there, from the CFA, in all events of that shape; else in each
 * elsewhere.
 */
bool codec_is_in_shape(const struct codec *c, const struct event_value *v);

/* FT_FAIL in words: damaged; `ret` is as it was. Fields that are no columns are written over. */
FT_CHECK enum ft_rc codec_decode(struct codec *c, const struct coded *in, struct event *ret);

#endif
