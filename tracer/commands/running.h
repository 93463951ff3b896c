/*
 * running.h - a process that runs already, as the word PID names it (private to commands/).
 *
 * Owns:     the snapshot of it: symbols, memory, regions.
 * Gives:    what `maps` and `where` look at, and the reason in words if there is nothing.
 * Never:    stops or changes the process.
 * Lifetime: until running_close().
 */
#ifndef FT_RUNNING_H
#define FT_RUNNING_H

#include "control/peek.h"
#include "events/regions.h"

struct running {
	pid_t pid;
	struct peek peek; // memory borrows it: do not move
	struct memory memory;
	struct symbols *symbols;
	struct regions regions;
	bool has_regions;
};

bool running_is_pid(const char *word); // digits only

FT_CHECK enum ft_rc running_open(struct running *r, const char *word);
void running_close(struct running *r);

#endif
