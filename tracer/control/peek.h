/*
 * peek.h - the memory of a process that is not ours, read without stopping it.
 *
 * Owns:     a descriptor of its /proc/PID/mem, for reading.
 * Gives:    struct memory over it.
 * Never:    attaches, stops or writes.
 * Lifetime: until peek_close().
 */
#ifndef FT_PEEK_H
#define FT_PEEK_H

#include <sys/types.h>

#include "base/memory.h"

struct peek {
	int fd;
};

/* FT_FAIL: it may not be read (ptrace(2), "Ptrace access mode checking"), or is gone. */
FT_CHECK enum ft_rc peek_open(pid_t pid, struct peek *ret);
void peek_close(struct peek *p);

/* Borrows p. */
struct memory peek_memory(struct peek *p);

#endif
