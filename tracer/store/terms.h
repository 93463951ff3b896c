/*
 * terms.h - what an event can be found by, as sets of numbers (private to store/).
 *
 * Owns:     which values and addresses of an event count; sets, filters and their bytes in a log.
 * Gives:    terms_of(), struct number_set, filters.
 * Never:    reads or writes a log.
 * Lifetime: a set from number_set_init() to number_set_deinit().
 *
 * Every chunk of a log has a filter (a Bloom filter) over the terms of its events: a search by
 * value or address reads only the chunks whose filter does not rule it out.
 */
#ifndef FT_TERMS_H
#define FT_TERMS_H

#include "base/buf.h"
#include "events/event.h"

uint64_t term_of_text(const char *s);
uint64_t term_of_address(uint64_t address);

/* Every term of an event; a term may come twice. `text`: that of a value; NULL: an address. */
void terms_of(const struct event *ev, void (*each)(void *ctx, uint64_t term, const char *text),
	      void *ctx);

/*
 * What else of an event a search for a part of a text looks into: its names and those of its
 * values. All events of a shape have the same, but for those with stores.
 */
void names_of(const struct event *ev, void (*each)(void *ctx, const char *name), void *ctx);

/* Whether the event names the address: a value, where one is, a block, the CFA, a pc. */
bool event_names_address(const struct event *ev, uint64_t address);
/* Whether a value of the event reads so; of the variable `name` only, if that is not NULL. */
bool event_has_value(const struct event *ev, const char *name, const char *value);
/* Whether the text is a part of one of its names or values. */
bool event_has_text(const struct event *ev, const char *text);

struct number_set {
	uint64_t *slots; // 0: free
	size_t n, cap;	 // cap: a power of two
	bool has_zero;
};

void number_set_init(struct number_set *s);
void number_set_deinit(struct number_set *s);
void number_set_clear(struct number_set *s);
bool number_set_add(struct number_set *s, uint64_t v); // false: it was there
bool number_set_has(const struct number_set *s, uint64_t v);
size_t number_set_count(const struct number_set *s);
void number_set_each(const struct number_set *s, void (*each)(void *ctx, uint64_t v), void *ctx);

/* A filter over a set, as bytes. */
void filter_of(const struct number_set *s, struct buf *ret);
/* False: the term is not in it. Bytes that are no filter rule nothing out. */
bool filter_may_have(const char *bytes, size_t len, uint64_t term);

/* Numbers in a log's blobs: LEB128. */
void varint_add(struct buf *b, uint64_t v);
/* False: the bytes end before it does, or it has more than 64 bits. */
bool varint_take(const char **at, const char *end, uint64_t *ret);

#endif
