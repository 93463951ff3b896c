/*
 * texts.c - each text of a chunk once, or their trigrams.
 */
#include "store/texts.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_AT_FIRST = 256, TRIGRAM = 3 };

void text_set_init(struct text_set *s)
{
	*s = (struct text_set){.cap = SLOTS_AT_FIRST};
	buf_init(&s->bytes);
	s->slots = xcalloc(s->cap, sizeof(*s->slots));
}

void text_set_deinit(struct text_set *s)
{
	buf_deinit(&s->bytes);
	free(s->slots);
	free(s->trigrams);
	*s = (struct text_set){0};
}

void text_set_clear(struct text_set *s)
{
	buf_reset(&s->bytes);
	memset(s->slots, 0, s->cap * sizeof(*s->slots));
	s->n = 0;
	s->is_long = false;
}

/* ---- trigrams ---- */

// Part of the format: 24 bits, spread by Knuth's multiplier.
static uint32_t trigram_bit(const char *p)
{
	uint32_t v = (uint32_t)(uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8 |
		     (uint32_t)(uint8_t)p[2] << 16;
	return v * UINT32_C(2654435761) >> (32 - TRIGRAM_BITS);
}

static void add_trigrams(struct text_set *s, const char *text, size_t len)
{
	for (size_t i = 0; i + TRIGRAM <= len; i++) {
		uint32_t bit = trigram_bit(text + i);
		s->trigrams[bit / 8] = (uint8_t)(s->trigrams[bit / 8] | 1 << bit % 8);
	}
}

static void become_long(struct text_set *s)
{
	if (s->trigrams)
		memset(s->trigrams, 0, TRIGRAM_BYTES);
	else
		s->trigrams = xcalloc(1, TRIGRAM_BYTES);
	s->is_long = true;
	// Across a NUL as well: bits too many, which rule out less and nothing wrongly.
	add_trigrams(s, s->bytes.s, s->bytes.len);
}

bool trigrams_may_have(const char *bytes, size_t len, const char *part, size_t n)
{
	if (len != TRIGRAM_BYTES)
		return true;
	for (size_t i = 0; i + TRIGRAM <= n; i++) {
		uint32_t bit = trigram_bit(part + i);
		if (!((uint8_t)bytes[bit / 8] >> bit % 8 & 1))
			return false;
	}
	return true;
}

/* ---- texts ---- */

/* The slot that has the text, or the free one where it belongs. */
static struct text_slot *find(const struct text_set *s, const char *text, size_t len, uint32_t hash)
{
	for (size_t at = hash & (s->cap - 1);; at = (at + 1) & (s->cap - 1)) {
		struct text_slot *slot = &s->slots[at];
		if (!slot->where)
			return slot;
		size_t where = slot->where - 1;
		if (slot->hash == hash && s->bytes.len - where > len &&
		    memcmp(s->bytes.s + where, text, len + 1) == 0)
			return slot;
	}
}

static void grow(struct text_set *s)
{
	struct text_slot *old = s->slots;
	size_t n = s->cap;
	s->cap *= 2;
	s->slots = xcalloc(s->cap, sizeof(*s->slots));
	for (size_t i = 0; i < n; i++) {
		size_t at = old[i].hash & (s->cap - 1);
		while (old[i].where && s->slots[at].where)
			at = (at + 1) & (s->cap - 1);
		if (old[i].where)
			s->slots[at] = old[i];
	}
	free(old);
}

bool text_set_add(struct text_set *s, const char *text, uint64_t hash)
{
	size_t len = strlen(text);
	if (!s->is_long) {
		struct text_slot *slot = find(s, text, len, (uint32_t)hash);
		if (slot->where)
			return false;
		if (len < TEXTS_MOST - s->bytes.len) {
			*slot = (struct text_slot){(uint32_t)hash, (uint32_t)s->bytes.len + 1};
			buf_add(&s->bytes, text, len + 1);
			if (++s->n > s->cap / 2)
				grow(s);
			return true;
		}
		become_long(s);
	}
	add_trigrams(s, text, len);
	return true;
}

bool texts_may_have(const char *bytes, size_t len, const char *part, size_t n)
{
	return n == 0 || (len && memmem(bytes, len, part, n));
}
