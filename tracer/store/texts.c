/*
 * texts.c - each text of a chunk once, or their trigrams.
 */
#include "store/texts.h"

#include <stdlib.h>
#include <string.h>

enum { TRIGRAM = 3 };

void text_set_init(struct text_set *s)
{
	*s = (struct text_set){.is_long = false};
	buf_init(&s->bytes);
}

void text_set_deinit(struct text_set *s)
{
	buf_deinit(&s->bytes);
	lookup_deinit(&s->places);
	free(s->trigrams);
	*s = (struct text_set){.is_long = false};
}

void text_set_clear(struct text_set *s)
{
	buf_reset(&s->bytes);
	lookup_clear(&s->places);
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

static bool has(const struct text_set *s, const char *text, size_t len, uint64_t hash)
{
	size_t at, probe = 0;
	while ((at = lookup_next(&s->places, hash, &probe)) != SIZE_MAX)
		if (s->bytes.len - at > len && memcmp(s->bytes.s + at, text, len + 1) == 0)
			return true;
	return false;
}

bool text_set_add(struct text_set *s, const char *text, uint64_t hash)
{
	size_t len = strlen(text);
	if (!s->is_long) {
		if (has(s, text, len, hash))
			return false;
		if (len < TEXTS_MOST - s->bytes.len) {
			lookup_add(&s->places, hash, s->bytes.len);
			buf_add(&s->bytes, text, len + 1);
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
