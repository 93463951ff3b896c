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
	return c;
}

void codec_destroy(struct codec *c)
{
	if (!c)
		return;
	buf_deinit(&c->shape.b);
	buf_deinit(&c->rest.b);
	buf_deinit(&c->values);
	codec_forget(c);
	free(c);
}

/* ---- a stream ---- */

static void put_varint(struct buf *b, uint64_t v)
{
	uint8_t bytes[LONGEST];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		bytes[n++] = (uint8_t)(v | 0x80);
	bytes[n++] = (uint8_t)v;
	buf_add(b, (const char *)bytes, n);
}

/* Whether a field has to be written; if so, what was passed before it is. */
static bool is_due(struct codec_out *out, bool is_something)
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
	size_t len = strlen(s);
	put_varint(&out->b, (uint64_t)len + 1);
	buf_add(&out->b, s, len + 1);
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

static uint64_t number_of(const struct codec_field *f, const char *at)
{
	uint32_t u32;
	uint64_t u64;
	int32_t i32;
	int64_t i64;

	switch ((enum codec_type)f->type) {
	case CODEC_BOOL:
		return *(const bool *)at;
	case CODEC_U32:
	case CODEC_ENUM:
	case CODEC_DEPTH:
		memcpy(&u32, at, sizeof(u32));
		return u32;
	case CODEC_I32:
		memcpy(&i32, at, sizeof(i32));
		return codec_zigzag(i32);
	case CODEC_I64:
		memcpy(&i64, at, sizeof(i64));
		return codec_zigzag(i64);
	case CODEC_U64:
	case CODEC_NEAR:
	case CODEC_RELATIVE:
	case CODEC_SEQ:
	case CODEC_STRING:
	case CODEC_CHARS:
	case CODEC_TEXT:
	case CODEC_IN:
	case CODEC_ONE:
	case CODEC_ARRAY:
	case CODEC_STRINGS:
		break;
	}
	memcpy(&u64, at, sizeof(u64));
	return u64;
}

static void put_near(struct codec *c, const struct codec_field *f, const char *in, unsigned flags)
{
	uint64_t v = number_of(f, in + f->offset), cfa = c->event->cfa;

	if (flags & CODEC_ALL_REST) {
		put_relative(&c->rest, v, cfa);
		return;
	}
	if (!is_due(&c->shape, v))
		return;
	bool is_fixed = f->other != CODEC_NO_OTHER && *(const bool *)(in + f->other);
	bool is_near = v - cfa + c->deepest <= c->deepest + f->limit;
	if (!v) {
		put_varint(&c->shape.b, 0);
	} else if (is_fixed) {
		put_varint(&c->shape.b, CODEC_FIXED);
		put_varint(&c->shape.b, v);
	} else if (cfa && is_near && !(flags & CODEC_LOOSE)) {
		put_varint(&c->shape.b, codec_zigzag((int64_t)(v - cfa)) + CODEC_NEAR_FIRST);
	} else {
		put_varint(&c->shape.b, CODEC_FAR);
		put_relative(&c->rest, v, cfa);
	}
}

static void put_text(struct codec *c, const char *s, unsigned flags)
{
	if (flags & CODEC_NO_TEXT) {
		put_string(&c->rest, s);
		return;
	}
	size_t len = s ? strlen(s) : 0;
	bool is_told = s && text_is_utf8(s, len);
	put_string(&c->rest, is_told ? NULL : s);
	if (!is_told) {
		c->nulls++;
		return;
	}
	buf_char(&c->values, c->values.len ? ',' : '[');
	for (; c->nulls; c->nulls--)
		buf_str(&c->values, "null,");
	buf_json(&c->values, s, len);
}

static void put_struct(struct codec *c, const struct codec_struct *st, const char *in,
		       unsigned flags);

static void put_array(struct codec *c, const struct codec_field *f, const char *in, unsigned flags)
{
	struct codec_out *out = codec_is_rest(f, flags) ? &c->rest : &c->shape;
	const char *elements;
	size_t n;

	memcpy(&elements, in + f->offset, sizeof(elements));
	memcpy(&n, in + f->other, sizeof(n));
	put_number(out, n);
	for (size_t i = 0; i < n; i++) {
		out->due = true;
		put_struct(c, f->of, elements + i * f->of->size, codec_inside(f, flags));
	}
}

static void put_strings(struct codec_out *out, const struct codec_field *f, const char *in)
{
	const char *const *strings;
	size_t n;

	memcpy(&strings, in + f->offset, sizeof(strings));
	memcpy(&n, in + f->other, sizeof(n));
	put_number(out, n);
	for (size_t i = 0; i < n; i++) {
		out->due = true;
		put_string(out, strings[i]);
	}
}

static void put_field(struct codec *c, const struct codec_field *f, const char *in, unsigned flags)
{
	struct codec_out *out = codec_is_rest(f, flags) ? &c->rest : &c->shape;
	const char *at = in + f->offset, *p;

	switch ((enum codec_type)f->type) {
	case CODEC_BOOL:
	case CODEC_U32:
	case CODEC_I32:
	case CODEC_U64:
	case CODEC_I64:
	case CODEC_ENUM:
		put_number(out, number_of(f, at));
		return;
	case CODEC_STRING:
		memcpy(&p, at, sizeof(p));
		put_string(out, p);
		return;
	case CODEC_CHARS:
		put_string(out, *at ? at : NULL);
		return;
	case CODEC_TEXT:
		memcpy(&p, at, sizeof(p));
		put_text(c, p, flags);
		return;
	case CODEC_NEAR:
		put_near(c, f, in, flags);
		return;
	case CODEC_RELATIVE:
		put_relative(out, number_of(f, at), c->event->cfa);
		return;
	case CODEC_SEQ:
		put_relative(out, number_of(f, at), c->event->seq);
		return;
	case CODEC_DEPTH:
		put_number(out, codec_zigzag((int64_t)number_of(f, at) - c->event->depth));
		return;
	case CODEC_IN:
		put_struct(c, f->of, at, codec_inside(f, flags));
		return;
	case CODEC_ONE:
		memcpy(&p, at, sizeof(p));
		put_number(out, p != NULL);
		if (p)
			put_struct(c, f->of, p, codec_inside(f, flags));
		return;
	case CODEC_ARRAY:
		put_array(c, f, in, flags);
		return;
	case CODEC_STRINGS:
		put_strings(out, f, in);
		return;
	}
}

static void put_struct(struct codec *c, const struct codec_struct *st, const char *in,
		       unsigned flags)
{
	for (size_t i = 0; i < st->n; i++)
		if (st->fields[i].class != CODEC_COLUMN)
			put_field(c, &st->fields[i], in, flags);
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
	c->event = ev;
	c->deepest = deepest(ev);
	put_struct(c, &codec_event, (const char *)ev, 0);
	if (c->values.len)
		buf_char(&c->values, ']');
	c->event = NULL;
	*ret = (struct coded){bytes_of(&c->shape.b), bytes_of(&c->values), bytes_of(&c->rest.b)};
}
