/*
 * texts.h - the texts of a chunk of events, for a search for a part of one (private to store/).
 *
 * Owns:     how a chunk's texts are kept: each once; or, if they are too long for that, a table of
 *           their trigrams.
 * Gives:    struct text_set; texts_may_have(), trigrams_may_have().
 * Never:    reads or writes a log, or knows which texts an event has: terms.h does.
 * Lifetime: a set from text_set_init() to text_set_deinit().
 *
 * A part of a text cannot be looked up, but most texts come again and again: what a run of ten
 * million calls has of different texts in each chunk is read in the time of some pages. Texts that
 * are long and never the same would double the log: of them a table of fixed size is kept, in
 * which a bit for each three characters is set that follow each other.
 */
#ifndef FT_TEXTS_H
#define FT_TEXTS_H

#include "base/buf.h"
#include "base/lookup.h"

enum {
	TEXTS_MOST = 1 << 17,	 // bytes of a chunk's texts; beyond that, trigrams
	TRIGRAM_BYTES = 1 << 15, // of their table
	TRIGRAM_BITS = 18,	 // 8 * TRIGRAM_BYTES is 1 << TRIGRAM_BITS
};

struct text_set {
	struct buf bytes;     // each text once, with its NUL; without use if `is_long`
	struct lookup places; // of texts in the bytes
	bool is_long;	      // what is kept is `trigrams`
	uint8_t *trigrams;    // TRIGRAM_BYTES; NULL: not used yet
};

void text_set_init(struct text_set *s);
void text_set_deinit(struct text_set *s);
void text_set_clear(struct text_set *s);

/* `hash`: of the text, any good one. False: it was there for certain. */
bool text_set_add(struct text_set *s, const char *text, uint64_t hash);

/* Whether `part`, of `n` bytes, is in one of the texts. */
bool texts_may_have(const char *bytes, size_t len, const char *part, size_t n);
/* False: it is in none. A table of another size rules nothing out. */
bool trigrams_may_have(const char *bytes, size_t len, const char *part, size_t n);

#endif
