/*
 * codec_places.c - which places make new shapes all the time.
 */
#include "store/codec_private.h"

#include <stdlib.h>
#include <string.h>

enum {
	MANY = 256,	       // shapes of one place that are nothing to worry about
	SHARE = 4,	       // one new shape in so many events is too much
	FIRST = 1 << 8,	       // entries of a table, at first
	MOST_PLACES = 1 << 16, // what is beyond is not counted
	MOST_SHAPES = 1 << 20, // what is beyond counts as new
};

struct place {
	uint64_t key; // 0: free
	uint64_t events, shapes;
};

struct codec_places {
	struct place *places;
	uint64_t *shapes; // hashes of those that were seen; 0: free
	size_t n_places, places_cap, n_shapes, shapes_cap; // caps are powers of two
};

struct codec_places *codec_places_create(void)
{
	struct codec_places *p = xcalloc(1, sizeof(*p));

	p->places_cap = p->shapes_cap = FIRST;
	p->places = xcalloc(p->places_cap, sizeof(*p->places));
	p->shapes = xcalloc(p->shapes_cap, sizeof(*p->shapes));
	return p;
}

void codec_places_destroy(struct codec_places *p)
{
	free(p->places);
	free(p->shapes);
	free(p);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

/* Never 0. Functions of one pc or line are one place; an allocation's is where it was asked for. */
static uint64_t key_of(const struct event *ev)
{
	uint64_t h = mix(mix(ev->kind + 1u, ev->pc), ev->line);

	return (ev->heap ? mix(h, ev->heap->place.line) : h) | 1;
}

static uint64_t hash_of(const struct event *ev, const struct buf *shape)
{
	const char *s = shape->s;
	size_t len = shape->len;
	uint64_t h = mix(ev->kind + 1u, len), word = 0;

	for (; len >= sizeof(word); s += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		h = mix(h, word);
	}
	word = 0;
	memcpy(&word, s, len);
	return mix(h, word) | 1;
}

static struct place *find_place(const struct codec_places *p, uint64_t key)
{
	size_t at = key >> 1 & (p->places_cap - 1);

	while (p->places[at].key && p->places[at].key != key)
		at = (at + 1) & (p->places_cap - 1);
	return &p->places[at];
}

static uint64_t *find_shape(const struct codec_places *p, uint64_t hash)
{
	size_t at = hash >> 1 & (p->shapes_cap - 1);

	while (p->shapes[at] && p->shapes[at] != hash)
		at = (at + 1) & (p->shapes_cap - 1);
	return &p->shapes[at];
}

static void grow_places(struct codec_places *p)
{
	struct codec_places old = *p;

	p->places_cap *= 2;
	p->places = xcalloc(p->places_cap, sizeof(*p->places));
	for (size_t i = 0; i < old.places_cap; i++)
		if (old.places[i].key)
			*find_place(p, old.places[i].key) = old.places[i];
	free(old.places);
}

static void grow_shapes(struct codec_places *p)
{
	struct codec_places old = *p;

	p->shapes_cap *= 2;
	p->shapes = xcalloc(p->shapes_cap, sizeof(*p->shapes));
	for (size_t i = 0; i < old.shapes_cap; i++)
		if (old.shapes[i])
			*find_shape(p, old.shapes[i]) = old.shapes[i];
	free(old.shapes);
}

bool codec_places_is_loose(struct codec_places *p, const struct event *ev)
{
	const struct place *place = find_place(p, key_of(ev));

	return place->shapes > MANY && place->shapes * SHARE > place->events;
}

static struct place *add_place(struct codec_places *p, uint64_t key)
{
	struct place *place = find_place(p, key);

	if (place->key)
		return place;
	if (p->n_places == MOST_PLACES)
		return NULL;
	if (++p->n_places > p->places_cap / 2) {
		grow_places(p);
		place = find_place(p, key);
	}
	place->key = key;
	return place;
}

/* Whether a shape is new; it is not any more. */
static bool add_shape(struct codec_places *p, uint64_t hash)
{
	uint64_t *shape = find_shape(p, hash);

	if (*shape)
		return false;
	if (p->n_shapes == MOST_SHAPES)
		return true;
	if (++p->n_shapes > p->shapes_cap / 2) {
		grow_shapes(p);
		shape = find_shape(p, hash);
	}
	*shape = hash;
	return true;
}

void codec_places_learn(struct codec_places *p, const struct event *ev, const struct buf *shape)
{
	struct place *place = add_place(p, key_of(ev));

	if (!place)
		return;
	place->events++;
	place->shapes += add_shape(p, hash_of(ev, shape));
}
