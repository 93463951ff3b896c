/*
 * describe.h - what a log holds besides events (private to commands/).
 *
 * Owns:     which functions, types and source files the log has by now.
 * Gives:    describe_event(): what the event names and the log does not know yet goes into it.
 * Never:    handles an event, or fails for what it cannot learn: then the log does not have it.
 * Lifetime: between live_open() and live_close(); borrows the store.
 *
 * A function comes with its instructions, the types of its variables and the text of its file when
 * it is first met, so that a long run begins at once and a short one stays small.
 */
#ifndef FT_DESCRIBE_H
#define FT_DESCRIBE_H

#include "commands/live.h"
#include "store/store.h"

struct describe;

struct describe *describe_create(struct live *live, struct store *store);
void describe_destroy(struct describe *d); // accepts NULL

/* Before the event itself is stored. FT_FAIL: the store's. */
FT_CHECK enum ft_rc describe_event(struct describe *d, const struct event *ev);

/* At the end: the names of the functions that were traced and never met. FT_FAIL: the store's. */
FT_CHECK enum ft_rc describe_rest(struct describe *d);

#endif
