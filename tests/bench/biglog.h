/*
 * biglog.h - what the two halves of biglog share: see biglog.c.
 *
 * Owns:     nothing.
 * Gives:    biglog_write(), biglog_die().
 * Never:    outlives a run of biglog.
 * Lifetime: none.
 */
#ifndef FT_BIGLOG_H
#define FT_BIGLOG_H

#include <stdint.h>

#define BIGLOG_RARE "rare" // a function that is called three times, with 1, 2, 3

/* In a log of texts: the name of a variable, and its least value. */
#define BIGLOG_COUNTED "counter"
#define BIGLOG_COUNTER UINT64_C(100000000)

/* `what` is calls, deep, heap or texts. The status to end with. */
int biglog_write(const char *what, uint64_t n, const char *path);

_Noreturn void biglog_die(const char *what);

#endif
