/*
 * held.c - values that are known by what was there at the entry.
 */
#include "symbols/held.h"

#include "arch/x86_64.h"

const struct held held_unknown = {.kind = HELD_UNKNOWN};

struct held held_frame(int64_t n, bool realigned)
{
	return (struct held){.kind = HELD_FRAME, .n = n, .realigned = realigned};
}

struct held held_const(int64_t n)
{
	return (struct held){.kind = HELD_CONST, .n = n};
}

bool held_is_tracked(const struct held *v)
{
	return v->kind == HELD_ENTRY || v->kind == HELD_DERIVED;
}

struct held held_derived(struct held v)
{
	if (!held_is_tracked(&v))
		return held_unknown;
	v.kind = HELD_DERIVED;
	return v;
}

struct held held_cut(struct held v, unsigned size)
{
	switch ((enum held_kind)v.kind) {
	case HELD_UNKNOWN:
	case HELD_DERIVED:
		return v;
	case HELD_ENTRY:
		if (size < v.width)
			v.width = (uint8_t)size;
		return v;
	case HELD_FRAME:
		return size >= ARCH_WORD ? v : held_unknown;
	case HELD_CONST:
		if (size == 4)
			v.n = (int64_t)(uint32_t)v.n;
		return size >= 4 ? v : held_unknown;
	}
	return held_unknown;
}

bool held_fits_frame(int64_t n)
{
	return n >= INT32_MIN / 2 && n <= INT32_MAX / 2;
}

bool frame_store_overlaps(const struct frame_store *s, bool realigned, int64_t off, unsigned size)
{
	return s->realigned == realigned && s->off < off + (int64_t)size && off < s->off + s->size;
}

struct held frame_store_load(const struct frame_store *store, size_t n, const struct held *address,
			     unsigned size)
{
	if (address->kind != HELD_FRAME)
		return held_unknown;
	while (n-- > 0) {
		const struct frame_store *s = &store[n];
		if (!frame_store_overlaps(s, address->realigned, address->n, size))
			continue;
		bool whole = s->off == address->n && size <= s->size;
		return whole ? held_cut(s->source, size) : held_derived(s->source);
	}
	return held_unknown;
}
