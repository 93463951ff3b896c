/*
 * read_private.h - what read.c (lists of values) and read_value.c (one of them) share.
 *
 * Owns:     nothing beyond struct reader.
 * Gives:    values by their place in the list, what an expression may ask of a hit.
 * Never:    is included by other files.
 * Lifetime: as read.h says.
 */
#ifndef FT_READ_PRIVATE_H
#define FT_READ_PRIVATE_H

#include "events/read.h"

struct value_text *read_text_at(struct reader *r, size_t i);

/* With what lies outside of the frame: its past, its caller, other DIEs. */
struct expr_context read_wide_context(struct reader *r, const struct frame *f,
				      const struct hit *hit);

/* read_value.c: into r->values[i], which there is room for. */
void read_variable(struct reader *r, const struct accessor *a, const struct frame *f,
		   const struct hit *hit, size_t i);
void read_returned(struct reader *r, const struct frame *f, const struct hit *hit,
		   struct event *ev);

#endif
