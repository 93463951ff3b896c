/*
 * chunks.h - the blocks of glibc's malloc, read from a heap that nobody has watched.
 *
 * Owns:     the layout of malloc's chunks (glibc's malloc/malloc.c, "struct malloc_chunk").
 * Gives:    the block that an address lies in.
 * Never:    believes a heap whose chunks do not lead from its start to its end; reads more than
 *           CHUNKS_MAX of them.
 * Lifetime: plain values.
 */
#ifndef FT_CHUNKS_H
#define FT_CHUNKS_H

#include "base/memory.h"

enum { CHUNKS_MAX = 4 << 20 };

enum chunk_state {
	CHUNK_USED, // or kept by malloc for reuse, in a tcache or fast bin: nothing tells them
		    // apart
	CHUNK_FREE,
	CHUNK_TOP,    // what malloc has and has not cut into blocks yet
	CHUNK_HEADER, // the size field of the block at addr
	CHUNK_MAPPED, // a large block that has a mapping of its own
};

struct chunk {
	uint64_t addr; // what malloc returned for it
	uint64_t size; // bytes that may be used
	enum chunk_state state;
};

/* In the brk heap [lo, hi), or in a further arena's heap, which begins with heap_info. */
FT_CHECK bool chunks_in_heap(const struct memory *m, uint64_t lo, uint64_t hi, uint64_t addr,
			     struct chunk *ret);
FT_CHECK bool chunks_in_arena(const struct memory *m, uint64_t lo, uint64_t hi, uint64_t addr,
			      struct chunk *ret);

/* In anonymous memory that begins with a block that has a mapping of its own, or several. */
FT_CHECK bool chunks_in_mapping(const struct memory *m, uint64_t lo, uint64_t hi, uint64_t addr,
				struct chunk *ret);

#endif
