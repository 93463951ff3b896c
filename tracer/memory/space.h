/*
 * space.h - the address space: regions as /proc/PID/maps says.
 *
 * Owns:     /proc/PID/maps and smaps.
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
	/* What smaps adds; has_sizes false: it was not asked for, or is not allowed. */
	bool has_sizes;
	uint64_t resident, swapped; // bytes
	uint64_t page;		    // bytes of a page of it: more than 4096 for hugetlb
	bool grows_down;	    // the kernel makes it longer when it is touched below
};

struct space {
	struct region *r; // by address, ascending, as the kernel lists them
	size_t n;
	char *text;
};

/* FT_NONE: no such process (any more). */
FT_CHECK enum ft_rc space_read(pid_t pid, struct space *ret);
/* The same with sizes, from /proc/PID/smaps; without them where that cannot be read. */
FT_CHECK enum ft_rc space_read_sizes(pid_t pid, struct space *ret);
/* The same from a text in the format of proc(5), maps or smaps; the text is copied. */
FT_CHECK enum ft_rc space_parse(const char *text, size_t len, struct space *ret);
void space_deinit(struct space *s);

const struct region *space_at(const struct space *s, uint64_t addr); // NULL: unmapped

/* Whether region i goes on with the file of the region below it, as an ELF file's segments do. */
bool space_goes_on(const struct space *s, size_t i);

/*
 * Where the addresses end that a program can have: behind 47 bits less a page, or behind 56 bits
 * if it was given any beyond (five-level page tables; Documentation/arch/x86/x86_64/mm.rst).
 */
uint64_t space_user_end(const struct space *s);

/*
 * A free run of len bytes (page aligned) that lies within reach (< 2 GiB) of all of [lo, hi), away
 * from the brk heap (it grows upwards behind the program) and from where the kernel places the
 * next mappings: below the range if it can be, else at a distance. FT_NONE if there is none.
 */
FT_CHECK enum ft_rc space_gap_near(const struct space *s, uint64_t lo, uint64_t hi, uint64_t len,
				   uint64_t *ret);

#endif
