/*
 * around.h - the frames that are there when a recording begins late (private to commands/).
 *
 * Owns:     a copy of the push of each frame that lives.
 * Gives:    those pushes, in the order in which they were made.
 * Never:    keeps what a frame held in bytes: frame maps, walks, what it lay on.
 * Lifetime: an event that it gives is valid until the next call.
 */
#ifndef FT_AROUND_H
#define FT_AROUND_H

#include "base/base.h"
#include "events/event.h"

struct around;

struct around *around_create(void);
void around_destroy(struct around *a); // accepts NULL

/* Takes a copy of a push, forgets what a pop ends. */
void around_event(struct around *a, const struct event *ev);

/* FT_OK: go on. Anything else ends it and is returned. */
FT_CHECK enum ft_rc around_tell(const struct around *a,
				enum ft_rc (*sink)(void *ctx, const struct event *ev), void *ctx);

#endif
