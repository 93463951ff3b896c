/*
 * arena.h - memory that is given back all at once (private to symbols/).
 *
 * Owns:     its blocks.
 * Gives:    small allocations, copies of strings, formatted strings.
 * Never:    frees one allocation alone; fails (base/base.h: out of memory ends the program).
 * Lifetime: what it gives lives until arena_destroy().
 */
#ifndef FT_ARENA_H
#define FT_ARENA_H

#include "base/base.h"

struct arena;

struct arena *arena_create(void);
void arena_destroy(struct arena *a); // accepts NULL

void *arena_alloc(struct arena *a, size_t size);	   // zeroed, aligned for any type
void *arena_array(struct arena *a, size_t n, size_t size); // zeroed; n * size may not overflow
void *arena_copy(struct arena *a, const void *p, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) FT_PRINTF(2, 3);

#endif
