/*
 * heap_sites.h - where the program's allocator is, and the sites on it (private to events/).
 *
 * Owns:     the names of the functions that give out and take back memory.
 * Gives:    sites at their entries, at load (static programs) or when the dynamic linker is done;
 *           a site where such a function returns to, once for each place that calls it.
 * Never:    reads debug information: the dynamic linker's own tables and symbols suffice.
 * Lifetime: until the next exec.
 *
 * The module that defines a function is the first one in the linker's list, as for the program
 * itself: libc, or a library that is preloaded or linked. How that function is left need not be
 * known: it comes back to its return address.
 */
#ifndef FT_HEAP_SITES_H
#define FT_HEAP_SITES_H

#include "events/target.h"

enum heap_call {
	HEAP_MALLOC,	     // (size)
	HEAP_CALLOC,	     // (n, size)
	HEAP_REALLOC,	     // (old, size)
	HEAP_REALLOCARRAY,   // (old, n, size)
	HEAP_ALIGNED,	     // (alignment, size)
	HEAP_POSIX_MEMALIGN, // (&result, alignment, size)
	HEAP_PAGES,	     // (size), on a page
	HEAP_NEW_ALIGNED,    // (size, alignment)
	HEAP_FREE,	     // (old)
	HEAP_DELETE,	     // (old): may call free
	HEAP_BRK,	     // (end)
	HEAP_MMAP,	     // (hint, length)
	HEAP_MUNMAP,	     // (address, length)
};

struct heap_function {
	const char *symbol;
	const char *shown; // what the program called
	enum heap_call call;
};

/* Makes sure that a return to `address` will be met; false if it cannot be. */
bool heap_sites_meet(struct target *t, uint64_t address, bool hold);

bool heap_sites_incomplete(const struct target *t); // a function could not get its site
bool heap_sites_found(const struct target *t);

bool heap_sites_is_static(const struct target *t); // the program has its own

/* Code of the module that has the allocator; false also if that is the program itself. */
bool heap_sites_is_inside(const struct target *t, uint64_t pc);

/* The allocator is glibc's: a chunk's size stands before the block. */
bool heap_sites_is_glibc(const struct target *t);

#endif
