/*
 * codec_decode.c - bytes as an event: the same walk over the table, trusting nothing.
 *
 * Strings are not copied one by one: the bytes of an event are, once, and strings point into that.
 * What an event takes is bounded by its bytes: each element of an array takes two of them.
 */
#include "store/codec_private.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum {
	ELEMENT = 2,	       // bytes that an element of an array takes at least
	BLOCK = 16 << 10,      // of memory, at first
	KEPT = 1 << 20,	       // of memory, from one event to the next
	LARGEST_IN = 64 << 20, // bytes of an event, encoded
	LARGEST = 256 << 20,   // and decoded
};

struct stream {
	const uint8_t *p, *end;
	uint64_t zeros; // fields that are 0 before the next one that is there
	bool due;	// the next field must be there
};

struct decoder {
	struct codec *codec;
	struct stream shape, rest;
	struct codec_values values;
	uint64_t cfa, seq;
	uint32_t depth;
	size_t taken; // bytes of memory
	bool bad;
};

/* ---- memory ---- */

struct codec_block {
	struct codec_block *next;
	size_t used, size;
	alignas(max_align_t) char bytes[];
};

static void add_block(struct codec *c, size_t size)
{
	struct codec_block *block = xmalloc(sizeof(*block) + size);

	*block = (struct codec_block){c->blocks, 0, size};
	c->blocks = block;
}

void codec_forget(struct codec *c)
{
	while (c->blocks) {
		struct codec_block *next = c->blocks->next;
		free(c->blocks);
		c->blocks = next;
	}
}

/* One block for all that the last event took, unless that was much. */
static void start_blocks(struct codec *c)
{
	size_t all = 0;

	for (struct codec_block *b = c->blocks; b; b = b->next)
		all += b->size;
	if (!c->blocks || c->blocks->next || all > KEPT) {
		codec_forget(c);
		add_block(c, all > BLOCK && all <= KEPT ? all : BLOCK);
	}
	c->blocks->used = 0;
}

/* Not zeroed; NULL if the event would take too much. */
static void *take(struct decoder *d, size_t size)
{
	struct codec *c = d->codec;
	size_t whole = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);

	if (whole > LARGEST - d->taken) {
		d->bad = true;
		return NULL;
	}
	d->taken += whole;
	if (whole > c->blocks->size - c->blocks->used)
		add_block(c, whole > c->blocks->size ? whole : c->blocks->size);
	void *p = c->blocks->bytes + c->blocks->used;
	c->blocks->used += whole;
	return p;
}

static void *take_zeroed(struct decoder *d, size_t size)
{
	void *p = take(d, size);

	return p ? memset(p, 0, size) : NULL;
}

/* A copy with a NUL behind it. */
static char *take_copy(struct decoder *d, struct codec_bytes in)
{
	char *p = take(d, in.len + 1);

	if (!p)
		return NULL;
	if (in.len)
		memcpy(p, in.s, in.len);
	p[in.len] = '\0';
	return p;
}

/* ---- a stream ---- */

static uint64_t get_long(struct decoder *d, struct stream *in)
{
	uint64_t v = 0;

	for (unsigned shift = 0; in->p < in->end && shift < 64; shift += 7) {
		uint8_t byte = *in->p++;
		if (shift == 63 && byte > 1)
			break;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return v;
	}
	d->bad = true;
	return 0;
}

static inline uint64_t get_varint(struct decoder *d, struct stream *in)
{
	if (in->p < in->end && *in->p < 0x80)
		return *in->p++;
	return get_long(d, in);
}

static inline void look_ahead(struct decoder *d, struct stream *in)
{
	in->zeros = in->p == in->end ? UINT64_MAX : get_varint(d, in);
}

/* Whether the next field is there, else it is 0. After it was read: look_ahead(). */
static inline bool is_there(struct decoder *d, struct stream *in)
{
	if (!in->zeros) {
		in->due = false;
		return true;
	}
	d->bad |= in->due;
	in->zeros--;
	return false;
}

static uint64_t get_number(struct decoder *d, struct stream *in)
{
	if (!is_there(d, in))
		return 0;
	uint64_t v = get_varint(d, in);
	look_ahead(d, in);
	return v;
}

static const char *get_string(struct decoder *d, struct stream *in)
{
	if (!is_there(d, in))
		return NULL;
	uint64_t len = get_varint(d, in); // with its NUL
	const char *s = NULL;
	if (len > (uint64_t)(in->end - in->p)) {
		d->bad = true;
	} else if (len) {
		s = (const char *)in->p;
		in->p += len;
		d->bad |= s[len - 1] != '\0';
	}
	look_ahead(d, in);
	return d->bad ? NULL : s;
}

static uint64_t get_relative(struct decoder *d, struct stream *in, uint64_t base)
{
	if (!is_there(d, in))
		return 0;
	uint64_t v = get_varint(d, in);
	if (v == CODEC_FAR)
		v = get_varint(d, in);
	else if (v)
		v = base + (uint64_t)codec_unzigzag(v - CODEC_RELATIVE_FIRST);
	look_ahead(d, in);
	return v;
}

/* How many elements: not more than the bytes that are left can hold. */
static size_t get_count(struct decoder *d, struct stream *in)
{
	uint64_t n = get_number(d, in);

	// One of the bytes of the first element was read already, to look ahead.
	if (n > ((uint64_t)(in->end - in->p) + 1) / ELEMENT)
		d->bad = true;
	return d->bad ? 0 : (size_t)n;
}

/* ---- the fields ---- */

static void get_struct(struct decoder *d, const struct codec_struct *st, char *out, unsigned flags);

static void set_number(struct decoder *d, const struct codec_field *f, uint64_t v, char *at)
{
	int64_t i = codec_unzigzag(v);

	switch ((enum codec_type)f->type) {
	case CODEC_BOOL:
		d->bad |= v > 1;
		*(bool *)at = v;
		return;
	case CODEC_ENUM:
		d->bad |= v > f->limit;
		memcpy(at, &(uint32_t){(uint32_t)v}, sizeof(uint32_t));
		return;
	case CODEC_U32:
		d->bad |= v > UINT32_MAX;
		memcpy(at, &(uint32_t){(uint32_t)v}, sizeof(uint32_t));
		return;
	case CODEC_DEPTH:
		i = (int64_t)((uint64_t)i + d->depth);
		d->bad |= i < 0 || i > UINT32_MAX;
		memcpy(at, &(uint32_t){(uint32_t)i}, sizeof(uint32_t));
		return;
	case CODEC_I32:
		d->bad |= i < INT32_MIN || i > INT32_MAX;
		memcpy(at, &(int32_t){(int32_t)i}, sizeof(int32_t));
		return;
	case CODEC_I64:
		memcpy(at, &i, sizeof(i));
		return;
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
	memcpy(at, &v, sizeof(v));
}

static uint64_t get_near(struct decoder *d, struct stream *in)
{
	if (in == &d->rest)
		return get_relative(d, in, d->cfa);
	if (!is_there(d, in))
		return 0;
	uint64_t v = get_varint(d, in);
	if (v == CODEC_FAR)
		v = get_relative(d, &d->rest, d->cfa);
	else if (v == CODEC_FIXED)
		v = get_varint(d, in);
	else if (v)
		v = d->cfa + (uint64_t)codec_unzigzag(v - CODEC_NEAR_FIRST);
	look_ahead(d, in);
	return v;
}

static const char *get_text(struct decoder *d, unsigned flags)
{
	const char *s = get_string(d, &d->rest);

	if (!(flags & CODEC_NO_TEXT) && codec_values_next(&d->values, &s) == FT_FAIL)
		d->bad = true;
	return d->bad ? NULL : s;
}

static void get_chars(struct decoder *d, const struct codec_field *f, char *at)
{
	const char *s = get_string(d, &d->rest);
	size_t len = s ? strlen(s) : 0;

	if (len >= f->size)
		d->bad = true;
	else if (s)
		memcpy(at, s, len);
}

/* Every element must begin with a field that is there. */
static void get_array(struct decoder *d, struct stream *in, const struct codec_field *f, char *out,
		      unsigned flags)
{
	size_t n = get_count(d, in), size = f->of->size;
	char *elements = n ? take_zeroed(d, n * size) : NULL;

	for (size_t i = 0; i < n && !d->bad; i++) {
		in->due = true;
		get_struct(d, f->of, elements + i * size, codec_inside(f, flags));
	}
	memcpy(out + f->offset, &elements, sizeof(elements));
	memcpy(out + f->other, &n, sizeof(n));
}

static void get_strings(struct decoder *d, struct stream *in, const struct codec_field *f,
			char *out)
{
	size_t n = get_count(d, in);
	const char **strings = n ? take_zeroed(d, n * sizeof(*strings)) : NULL;

	for (size_t i = 0; i < n && !d->bad; i++) {
		in->due = true;
		strings[i] = get_string(d, in);
		strings[i] = strings[i] ? strings[i] : "";
	}
	memcpy(out + f->offset, &strings, sizeof(strings));
	memcpy(out + f->other, &n, sizeof(n));
}

static const void *get_one(struct decoder *d, struct stream *in, const struct codec_field *f,
			   unsigned flags)
{
	uint64_t n = get_number(d, in);

	d->bad |= n > 1;
	char *p = n && !d->bad ? take_zeroed(d, f->of->size) : NULL;
	if (p)
		get_struct(d, f->of, p, codec_inside(f, flags));
	return p;
}

static inline bool is_told(const struct codec_field *f, unsigned flags)
{
	return f->flags & CODEC_TOLD && !(flags & CODEC_EMPTY);
}

static void get_field(struct decoder *d, struct stream *in, const struct codec_field *f, char *out,
		      unsigned flags)
{
	char *at = out + f->offset;
	const void *p = NULL;

	switch ((enum codec_type)f->type) {
	case CODEC_BOOL:
	case CODEC_U32:
	case CODEC_I32:
	case CODEC_U64:
	case CODEC_I64:
	case CODEC_ENUM:
	case CODEC_DEPTH:
		set_number(d, f, get_number(d, in), at);
		return;
	case CODEC_NEAR:
		set_number(d, f, get_near(d, in), at);
		return;
	case CODEC_RELATIVE:
		set_number(d, f, get_relative(d, in, d->cfa), at);
		return;
	case CODEC_SEQ:
		set_number(d, f, get_relative(d, in, d->seq), at);
		return;
	case CODEC_CHARS:
		get_chars(d, f, at);
		return;
	case CODEC_IN:
		get_struct(d, f->of, at, codec_inside(f, flags));
		return;
	case CODEC_ARRAY:
		get_array(d, in, f, out, flags);
		return;
	case CODEC_STRINGS:
		get_strings(d, in, f, out);
		return;
	case CODEC_STRING:
		p = get_string(d, in);
		break;
	case CODEC_TEXT:
		p = get_text(d, flags);
		break;
	case CODEC_ONE:
		p = get_one(d, in, f, flags);
		break;
	}
	if (!p && is_told(f, flags))
		p = "";
	memcpy(at, &p, sizeof(p));
}

/* Whether a field that is 0 or NULL is that in one stream only, as most are. */
static inline bool is_single(const struct codec_field *f)
{
	return f->type != CODEC_TEXT && f->type != CODEC_DEPTH && f->type != CODEC_IN;
}

/* `out` is zeroed. */
static void get_struct(struct decoder *d, const struct codec_struct *st, char *out, unsigned flags)
{
	const struct codec_field *end = st->fields + st->n;

	for (const struct codec_field *f = st->fields; f < end && !d->bad; f++) {
		if (f->class == CODEC_COLUMN)
			continue;
		struct stream *in = codec_is_rest(f, flags) ? &d->rest : &d->shape;
		if (in->zeros && !in->due && is_single(f) && !is_told(f, flags))
			in->zeros--;
		else
			get_field(d, in, f, out, flags);
	}
}

/* ---- the event ---- */

static void open_stream(struct decoder *d, struct codec_bytes in, struct stream *ret)
{
	const char *copy = take_copy(d, in);

	if (!copy)
		return;
	ret->p = (const uint8_t *)copy;
	ret->end = ret->p + in.len;
}

/* The byte that a shape begins with. */
static unsigned open_shape(struct decoder *d, struct codec_bytes in)
{
	open_stream(d, in, &d->shape);
	if (d->bad || !in.len)
		return 0;
	uint8_t loose = *d->shape.p++;
	d->bad |= loose > 1;
	return loose ? CODEC_NO_LAYOUT : 0;
}

static void open_values(struct decoder *d, struct codec_bytes in)
{
	char *copy = in.len ? take_copy(d, in) : NULL;

	if (!copy)
		return;
	d->values.s = copy + 1;
	d->bad |= *copy != '[';
}

/* The columns of `columns`, and nothing else. */
static struct event columns_of(const struct event *columns)
{
	return (struct event){
		.kind = columns->kind,
		.seq = columns->seq,
		.pid = columns->pid,
		.tid = columns->tid,
		.time_ns = columns->time_ns,
		.aside = columns->aside,
		.depth = columns->depth,
		.cfa = columns->cfa,
		.pushed_seq = columns->pushed_seq,
	};
}

enum ft_rc codec_decode(struct codec *c, const struct coded *in, struct event *ret)
{
	struct event ev = columns_of(ret);
	struct decoder d = {.codec = c, .cfa = ev.cfa, .seq = ev.seq, .depth = ev.depth};

	start_blocks(c);
	if ((unsigned)ev.kind > EVENT_EXIT)
		return ft_fail("damaged: no kind of event has the number %d", (int)ev.kind);
	if (in->shape.len > LARGEST_IN || in->values.len > LARGEST_IN || in->rest.len > LARGEST_IN)
		return ft_fail("damaged: event %llu is too large", (unsigned long long)ev.seq);
	unsigned flags = open_shape(&d, in->shape);
	open_stream(&d, in->rest, &d.rest);
	open_values(&d, in->values);
	look_ahead(&d, &d.shape);
	look_ahead(&d, &d.rest);
	get_struct(&d, &codec_event, (char *)&ev, flags);
	if (d.bad || d.shape.p != d.shape.end || d.rest.p != d.rest.end || d.values.s ||
	    !codec_is_whole(&ev))
		return ft_fail("damaged: event %llu cannot be read", (unsigned long long)ev.seq);
	*ret = ev;
	return FT_OK;
}
