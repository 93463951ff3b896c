/*
 * lookup.h - finds elements of a growing array by a hash of what they are.
 *
 * Owns:     the hashes and the numbers of the elements.
 * Gives:    the elements whose hash is the one asked for; who asks compares them.
 * Never:    sees an element, or lets go of one before all.
 * Lifetime: until lookup_deinit(); {0} is an empty one.
 */
#ifndef FT_LOOKUP_H
#define FT_LOOKUP_H

#include "base/base.h"

struct lookup_entry {
	uint64_t hash;
	size_t number; // of the element, + 1; 0: empty
};

struct lookup {
	struct lookup_entry *e; // open addressing
	size_t n, size;		// size: 0, or a power of two
};

/*
 * The elements that were added with this hash, one at each call: *probe is 0 at first. SIZE_MAX:
 * there is no other.
 */
size_t lookup_next(const struct lookup *l, uint64_t hash, size_t *probe);

void lookup_add(struct lookup *l, uint64_t hash, size_t number);
void lookup_clear(struct lookup *l); // as if nothing had been added
void lookup_deinit(struct lookup *l);

/* Hashes of several things: that of those before, 0 at first, and the next one. */
uint64_t hash_word(uint64_t hash, uint64_t word);
uint64_t hash_text(uint64_t hash, const char *s); // NULL: as ""

#endif
