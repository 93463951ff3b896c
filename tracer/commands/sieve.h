/*
 * sieve.h - the events of a run as they would be with fewer functions (private to commands/).
 *
 * Owns:     the frames that live, all of them and those that are left; the blocks that are left.
 * Gives:    sieve_event(): the event without what is not wanted, its depth counted again, its
 *           blocks numbered again, its places those of the innermost function that is left.
 * Never:    renumbers events: `seq` is that of the log.
 * Lifetime: an event is valid until the next sieve_event(), and no longer than the event that was
 *           handed in. The selection is borrowed; its patterns note what they matched.
 *
 * It has to see all events of a run, in order.
 */
#ifndef FT_SIEVE_H
#define FT_SIEVE_H

#include "events/event.h"
#include "events/select.h"

struct sieve;

struct sieve *sieve_create(struct selection *s, uint32_t max_depth); // 0: no limit
void sieve_destroy(struct sieve *s);				     // accepts NULL

/* A function that was traced, whether it was called or not: for the summary. */
void sieve_function(struct sieve *s, const char *name, const char *symbol, const char *module,
		    const char *file);

/* NULL: it is not wanted. */
const struct event *sieve_event(struct sieve *s, const struct event *ev);

/* No function is left of those that were traced. */
bool sieve_leaves_none(const struct sieve *s);

/* Appends names that are near to a pattern that matched nothing; false: there are none. */
bool sieve_suggest(const struct sieve *s, const struct pattern *p, struct buf *out);

#endif
