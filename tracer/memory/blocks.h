/*
 * blocks.h - the heap blocks of a process: which are alive, which were freed lately.
 *
 * Owns:     the block table.
 * Gives:    adding, freeing and moving blocks; the block that holds an address, alive or dead.
 * Never:    reads a process; decides what an error means to a user.
 * Lifetime: a block pointer is valid until the next change of the table.
 *
 * Memory is bounded by the live blocks and BLOCKS_DEAD freed ones: the oldest dead one is forgotten
 * first, and so is one whose addresses are in use again.
 */
#ifndef FT_BLOCKS_H
#define FT_BLOCKS_H

#include "base/base.h"

enum { BLOCKS_DEAD = 16384, BLOCK_OWNERS = 6 };

struct block {
	uint64_t addr;
	uint64_t size;		       // bytes asked for
	uint64_t usable;	       // bytes that may be used; 0: not known
	uint64_t number;	       // 1, 2, 3 … in the order of allocation
	uint64_t alloc_seq, free_seq;  // of the events; free_seq of a dead one
	uint32_t path;		       // whose call: events/ knows
	uint32_t free_path;	       // of a dead one
	uint16_t owners[BLOCK_OWNERS]; // who pointed to it, in order; the last one is the latest
	uint8_t n_owners;
	bool more_owners; // between the last and the one before it there were others
};

struct blocks;

struct blocks *blocks_create(void);
void blocks_destroy(struct blocks *b); // accepts NULL

/*
 * A block was given out: its number is set here if it has none (0). One that is thought alive at
 * the same addresses was freed unseen: it is forgotten.
 */
const struct block *blocks_add(struct blocks *b, const struct block *block);

enum blocks_free {
	BLOCKS_FREED,	// it was alive; *ret is it, now dead
	BLOCKS_TWICE,	// it was freed before: *ret is it
	BLOCKS_INSIDE,	// the address lies within a live block, not at its start: *ret is that
	BLOCKS_UNKNOWN, // no block that was seen to be given out
};
enum blocks_free blocks_free(struct blocks *b, uint64_t addr, uint64_t seq, uint32_t path,
			     struct block *ret);

/* Somebody points to the live block at addr, if it is not who did so last. */
void blocks_own(struct blocks *b, uint64_t addr, uint16_t owner);

/* The live block that holds addr (or begins there, if its size is 0); NULL if none. */
const struct block *blocks_at(const struct blocks *b, uint64_t addr);

/* The dead block that held addr last; NULL if none is remembered. */
const struct block *blocks_dead_at(const struct blocks *b, uint64_t addr);

size_t blocks_alive(const struct blocks *b);
uint64_t blocks_alive_bytes(const struct blocks *b); // asked for

/* All live blocks by number; *ret is freed by the caller. */
void blocks_list(const struct blocks *b, struct block **ret, size_t *ret_n);

#endif
