#include "base/lookup.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t golden = 0x9e3779b97f4a7c15u; // 2^64 by the golden ratio (Knuth 6.4)

static struct lookup_entry *entry(const struct lookup *l, uint64_t hash, size_t probe)
{
	return &l->e[((size_t)(hash * golden >> 32) + probe) & (l->size - 1)];
}

// At least every second entry is empty: there is an end.
size_t lookup_next(const struct lookup *l, uint64_t hash, size_t *probe)
{
	if (l->size == 0)
		return SIZE_MAX;
	for (;;) {
		const struct lookup_entry *e = entry(l, hash, (*probe)++);
		if (e->number == 0)
			return SIZE_MAX;
		if (e->hash == hash)
			return e->number - 1;
	}
}

static void put(struct lookup *l, struct lookup_entry e)
{
	size_t probe = 0;
	while (entry(l, e.hash, probe)->number)
		probe++;
	*entry(l, e.hash, probe) = e;
}

static void grow(struct lookup *l)
{
	struct lookup old = *l;
	l->size = old.size ? 2 * old.size : 64;
	l->e = xcalloc(l->size, sizeof(*l->e));
	for (size_t i = 0; i < old.size; i++)
		if (old.e[i].number)
			put(l, old.e[i]);
	free(old.e);
}

void lookup_add(struct lookup *l, uint64_t hash, size_t number)
{
	if (2 * (l->n + 1) > l->size)
		grow(l);
	put(l, (struct lookup_entry){hash, number + 1});
	l->n++;
}

void lookup_clear(struct lookup *l)
{
	if (l->size)
		memset(l->e, 0, l->size * sizeof(*l->e));
	l->n = 0;
}

void lookup_deinit(struct lookup *l)
{
	free(l->e);
	*l = (struct lookup){.n = 0};
}

uint64_t hash_word(uint64_t hash, uint64_t word)
{
	hash = ((hash << 23 | hash >> 41) ^ word) * golden;
	return hash ^ hash >> 29;
}

// FNV-1a, with an end, so that "ab", "c" is not "a", "bc".
uint64_t hash_text(uint64_t hash, const char *s)
{
	const uint64_t prime = 0x100000001b3u;
	hash ^= 0xcbf29ce484222325u;
	for (; s && *s; s++)
		hash = (hash ^ (unsigned char)*s) * prime;
	return (hash ^ 0xff) * prime;
}
