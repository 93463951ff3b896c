/*
 * codec_encode.c - an event as bytes: a walk over the table.
 */
#include "store/codec_private.h"

#include <stdlib.h>
#include <string.h>

enum {
	LONGEST = 10,	   // bytes of a number
	REACH = 1 << 20,   // how far from the CFA variables are looked for
	RED_ZONE = 128,	   // bytes below rsp that a function may use
	BUFFERS = 1 << 16, // what a buffer may keep from one event to the next
};

struct codec *codec_create(void)
{
	struct codec *c = xcalloc(1, sizeof(*c));

	buf_init(&c->shape.b);
	buf_init(&c->rest.b);
	buf_init(&c->values);
	c->places = codec_places_create();
	return c;
}

void codec_destroy(struct codec *c)
{
	if (!c)
		return;
	buf_deinit(&c->shape.b);
	buf_deinit(&c->rest.b);
	buf_deinit(&c->values);
	codec_places_destroy(c->places);
	codec_forget(c);
	free(c);
}

/* ---- a stream ---- */

/* Where the next `size` bytes go; they count once `len` says so. */
static inline uint8_t *room(struct buf *b, size_t size)
{
	if (b->cap - b->len <= size) {
		size_t len = b->len;
		buf_pad(b, '\0', size);
		buf_truncate(b, len);
	}
	return (uint8_t *)b->s + b->len;
}

static inline void put_varint(struct buf *b, uint64_t v)
{
	uint8_t *p = room(b, LONGEST), *start = p;

	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	b->len += (size_t)(p - start);
}

/* Whether a field has to be written; if so, what was passed before it is. */
static inline bool is_due(struct codec_out *out, bool is_something)
{
	if (!is_something && !out->due) {
		out->zeros++;
		return false;
	}
	put_varint(&out->b, out->zeros);
	out->zeros = 0;
	out->due = false;
	return true;
}

static void put_number(struct codec_out *out, uint64_t v)
{
	if (is_due(out, v))
		put_varint(&out->b, v);
}

static void put_string(struct codec_out *out, const char *s)
{
	if (!is_due(out, s))
		return;
	if (!s) {
		put_varint(&out->b, 0);
		return;
	}
	size_t len = strlen(s) + 1;
	put_varint(&out->b, len);
	memcpy(room(&out->b, len), s, len);
	out->b.len += len;
}

/* Whether a distance, as a two's complement, is short enough to be worth writing as one. */
static bool is_short(uint64_t distance)
{
	return distance + CODEC_SHORT < 2 * CODEC_SHORT;
}

static void put_relative(struct codec_out *out, uint64_t v, uint64_t base)
{
	if (!is_due(out, v))
		return;
	if (!v) {
		put_varint(&out->b, 0);
	} else if (is_short(v - base)) {
		put_varint(&out->b, codec_zigzag((int64_t)(v - base)) + CODEC_RELATIVE_FIRST);
	} else {
		put_varint(&out->b, CODEC_FAR);
		put_varint(&out->b, v);
	}
}

/* ---- the fields ---- */

static inline uint64_t u64_at(const char *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline uint32_t u32_at(const char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline const char *pointer_at(const char *at)
{
	const char *p;

	memcpy(&p, at, sizeof(p));
	return p;
}

/* Whether a field is 0 or NULL, and is that in one stream only, as most are. */
static inline bool is_nothing(const struct codec_field *f, const char *at)
{
	switch ((enum codec_type)f->type) {
	case CODEC_BOOL:
	case CODEC_CHARS:
		return !*at;
	case CODEC_U32:
	case CODEC_I32:
	case CODEC_ENUM:
		return !u32_at(at);
	case CODEC_U64:
	case CODEC_I64:
	case CODEC_STRING:
	case CODEC_NEAR:
	case CODEC_RELATIVE:
	case CODEC_SEQ:
	case CODEC_ONE:
	case CODEC_ARRAY:
	case CODEC_STRINGS:
		return !u64_at(at);
	case CODEC_TEXT:
	case CODEC_DEPTH:
	case CODEC_IN:
		break;
	}
	return false;
}

/* Whether an address is so near to the CFA that it has the same distance each time. */
static bool is_near(const struct codec *c, uint64_t v, uint64_t above)
{
	return c->cfa && v - c->cfa + c->deepest <= c->deepest + above;
}

static void put_near(struct codec *c, const struct codec_field *f, const char *in, unsigned flags)
{
	uint64_t v = u64_at(in + f->offset);

	if (codec_is_rest(f, flags)) {
		put_relative(&c->rest, v, c->cfa);
		return;
	}
	if (!is_due(&c->shape, v))
		return;
	bool is_fixed = f->other != CODEC_NO_OTHER && *(const bool *)(in + f->other);
	if (!v) {
		put_varint(&c->shape.b, 0);
	} else if (is_fixed) {
		put_varint(&c->shape.b, CODEC_FIXED);
		put_varint(&c->shape.b, v);
	} else if (is_near(c, v, f->limit) && !(flags & CODEC_LOOSE)) {
		put_varint(&c->shape.b, codec_zigzag((int64_t)(v - c->cfa)) + CODEC_NEAR_FIRST);
	} else {
		put_varint(&c->shape.b, CODEC_FAR);
		put_relative(&c->rest, v, c->cfa);
	}
}

/* A text as it stands in JSON, if it is plain ASCII: most are. 0: it is not. */
static size_t plain_length(const char *s)
{
	size_t n = 0;

	while (s[n] >= ' ' && s[n] < 0x7f && s[n] != '"' && s[n] != '\\')
		n++;
	return s[n] ? 0 : n;
}

static void put_text(struct codec *c, const char *s, unsigned flags)
{
	if (flags & CODEC_NO_TEXT) {
		put_string(&c->rest, s);
		return;
	}
	size_t plain = s ? plain_length(s) : 0;
	bool is_told = plain || (s && text_is_utf8(s, strlen(s)));
	put_string(&c->rest, is_told ? NULL : s);
	if (!is_told) {
		c->nulls++;
		return;
	}
	buf_char(&c->values, c->values.len ? ',' : '[');
	for (; c->nulls; c->nulls--)
		buf_str(&c->values, "null,");
	if (!plain) {
		buf_json(&c->values, s, strlen(s));
		return;
	}
	char *to = (char *)room(&c->values, plain + 2);
	to[0] = '"';
	memcpy(to + 1, s, plain);
	to[plain + 1] = '"';
	c->values.len += plain + 2;
}

static void put_struct(struct codec *c, const struct codec_struct *st, const char *in,
		       unsigned flags);

static void put_array(struct codec *c, struct codec_out *out, const struct codec_field *f,
		      const char *in, unsigned flags)
{
	const char *elements = pointer_at(in + f->offset);
	size_t n = u64_at(in + f->other);

	put_number(out, n);
	for (size_t i = 0; i < n; i++) {
		out->due = true;
		put_struct(c, f->of, elements + i * f->of->size, codec_inside(f, flags));
	}
}

static void put_strings(struct codec_out *out, const struct codec_field *f, const char *in)
{
	const char *strings = pointer_at(in + f->offset);
	size_t n = u64_at(in + f->other);

	put_number(out, n);
	for (size_t i = 0; i < n; i++) {
		out->due = true;
		put_string(out, pointer_at(strings + i * sizeof(const char *)));
	}
}

static void put_field(struct codec *c, struct codec_out *out, const struct codec_field *f,
		      const char *in, unsigned flags)
{
	const char *at = in + f->offset;

	switch ((enum codec_type)f->type) {
	case CODEC_BOOL:
		put_number(out, *(const bool *)at);
		return;
	case CODEC_U32:
	case CODEC_ENUM:
		put_number(out, u32_at(at));
		return;
	case CODEC_I32:
		put_number(out, codec_zigzag((int32_t)u32_at(at)));
		return;
	case CODEC_U64:
		put_number(out, u64_at(at));
		return;
	case CODEC_I64:
		put_number(out, codec_zigzag((int64_t)u64_at(at)));
		return;
	case CODEC_STRING:
		put_string(out, pointer_at(at));
		return;
	case CODEC_CHARS:
		put_string(out, *at ? at : NULL);
		return;
	case CODEC_TEXT:
		put_text(c, pointer_at(at), flags);
		return;
	case CODEC_NEAR:
		put_near(c, f, in, flags);
		return;
	case CODEC_RELATIVE:
		put_relative(out, u64_at(at), c->cfa);
		return;
	case CODEC_SEQ:
		put_relative(out, u64_at(at), c->seq);
		return;
	case CODEC_DEPTH:
		put_number(out, codec_zigzag((int64_t)u32_at(at) - c->depth));
		return;
	case CODEC_IN:
		put_struct(c, f->of, at, codec_inside(f, flags));
		return;
	case CODEC_ONE:
		put_number(out, pointer_at(at) != NULL);
		if (pointer_at(at))
			put_struct(c, f->of, pointer_at(at), codec_inside(f, flags));
		return;
	case CODEC_ARRAY:
		put_array(c, out, f, in, flags);
		return;
	case CODEC_STRINGS:
		put_strings(out, f, in);
		return;
	}
}

static void put_struct(struct codec *c, const struct codec_struct *st, const char *in,
		       unsigned flags)
{
	const struct codec_field *end = st->fields + st->n;

	for (const struct codec_field *f = st->fields; f < end; f++) {
		if (f->class == CODEC_COLUMN)
			continue;
		struct codec_out *out = codec_is_rest(f, flags) ? &c->rest : &c->shape;
		if (!out->due && is_nothing(f, in + f->offset))
			out->zeros++;
		else
			put_field(c, out, f, in, flags);
	}
}

/* ---- the event ---- */

/* Gives back what one large event took. */
static void restart(struct buf *b)
{
	if (b->cap > BUFFERS) {
		buf_deinit(b);
		buf_init(b);
	}
	buf_reset(b);
}

/*
 * How far below the CFA an address is the same whenever this place is passed: variables whose size
 * is known at run time only (VLAs) lie below all others, and rsp of the body says where.
 */
static uint64_t deepest(const struct event *ev)
{
	bool is_frame = ev->kind == EVENT_PUSH || ev->kind == EVENT_POP;
	uint64_t size = ev->delta < 0 ? -(uint64_t)ev->delta : (uint64_t)ev->delta;

	return is_frame && ev->delta_known && size < REACH - RED_ZONE ? size + RED_ZONE : REACH;
}

static struct codec_bytes bytes_of(const struct buf *b)
{
	return (struct codec_bytes){b->len ? b->s : NULL, b->len};
}

void codec_encode(struct codec *c, const struct event *ev, struct coded *ret)
{
	restart(&c->shape.b);
	restart(&c->rest.b);
	restart(&c->values);
	c->shape.zeros = c->rest.zeros = 0;
	c->shape.due = c->rest.due = false;
	c->nulls = 0;
	c->cfa = ev->cfa;
	c->seq = ev->seq;
	c->depth = ev->depth;
	c->deepest = deepest(ev);
	c->is_loose = codec_places_is_loose(c->places, ev);
	buf_char(&c->shape.b, c->is_loose);
	put_struct(c, &codec_event, (const char *)ev, c->is_loose ? CODEC_NO_LAYOUT : 0);
	if (c->shape.b.len == 1 && !c->is_loose)
		buf_reset(&c->shape.b);
	if (c->values.len)
		buf_char(&c->values, ']');
	if (!c->is_loose)
		codec_places_learn(c->places, ev, &c->shape.b);
	*ret = (struct coded){bytes_of(&c->shape.b), bytes_of(&c->values), bytes_of(&c->rest.b)};
}

bool codec_is_in_shape(const struct codec *c, const struct event_value *v)
{
	return v->has_address && !c->is_loose &&
	       (v->is_static || is_near(c, v->address, CODEC_ARGUMENTS));
}
