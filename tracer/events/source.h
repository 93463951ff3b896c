/*
 * source.h - the text of source lines.
 *
 * Owns:     the source files that were read.
 * Gives:    one line of a file by number.
 * Never:    fails: a file that cannot be read, or is too large, has no lines.
 * Lifetime: a line lives until sources_destroy().
 */
#ifndef FT_SOURCE_H
#define FT_SOURCE_H

#include "base/base.h"

struct sources;

struct sources *sources_create(void);
void sources_destroy(struct sources *s); // NULL is fine

/* Line n (from 1) without its blanks at both ends; NULL if the file does not have it. */
const char *source_line(struct sources *s, const char *file, uint32_t n);

#endif
