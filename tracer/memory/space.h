/*
 * space.h - the address space: regions as /proc/PID/maps says.
 *
 * Owns:     /proc/PID/maps.
 * Gives:    the list of regions, a lookup, a free gap near a module (for slots).
 * Never:    stops or changes the process; reads its memory.
 * Lifetime: a space is a snapshot; regions and paths live until space_deinit().
 */
#ifndef FT_SPACE_H
#define FT_SPACE_H

#include <sys/types.h>

#include "base/base.h"

struct region {
	uint64_t lo, hi; // [lo, hi)
	bool r, w, x, shared;
	uint64_t off; // file offset
	uint32_t dev_major, dev_minor;
	uint64_t inode;
	const char *path; // "" if anonymous; "[heap]", "[stack]" …; may hold spaces
	bool deleted;	  // the file is gone: " (deleted)" was stripped from path
};

struct space {
	struct region *r; // by address, ascending, as the kernel lists them
	size_t n;
	char *text;
};

/* FT_NONE: no such process (any more). */
FT_CHECK enum ft_rc space_read(pid_t pid, struct space *ret);
/* The same from a text in the format of proc(5); the text is copied. */
FT_CHECK enum ft_rc space_parse(const char *text, size_t len, struct space *ret);
void space_deinit(struct space *s);

const struct region *space_at(const struct space *s, uint64_t addr); // NULL: unmapped

/*
 * A free run of len bytes (page aligned) that lies within reach (< 2 GiB) of all of [lo, hi), away
 * from the brk heap (it grows upwards behind the program) and from where the kernel places the
 * next mappings: below the range if it can be, else at a distance. FT_NONE if there is none.
 */
FT_CHECK enum ft_rc space_gap_near(const struct space *s, uint64_t lo, uint64_t hi, uint64_t len,
				   uint64_t *ret);

#endif
