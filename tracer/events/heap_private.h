/*
 * heap_private.h - the state of struct heap (private to events/).
 *
 * Owns:     struct heap.
 * Gives:    what heap.c (calls) and heap_account.c (places, owners, the account) share.
 * Never:    is included from another room.
 * Lifetime: session.
 */
#ifndef FT_HEAP_PRIVATE_H
#define FT_HEAP_PRIVATE_H

#include "events/heap.h"

struct call_place {
	struct heap_key key;
	const char *call;
	char *function, *file;
	uint32_t line;
	uint64_t blocks, bytes; // alive, while the account is made
};

struct call_thread {
	pid_t tid;
	struct heap_op outer, inner; // inner: brk or mmap on behalf of outer
	struct block old;	     // of a realloc
	bool has_old;
	struct heap_op last; // the last free: a tail call of another name is the same one
};

struct mapping {
	uint64_t lo, len;
};

struct heap {
	struct blocks *blocks;
	uint64_t number, quiet_number;
	struct call_place *places; // [0]: not known
	size_t n_places, cap_places;
	uint32_t *index; // open addressing by key; a power of two; 0: empty
	size_t index_size;
	struct call_thread *threads;
	size_t n_threads, cap_threads;
	struct mapping *mappings;
	size_t n_mappings, cap_mappings;
	uint64_t end; // of the brk heap; 0: not known yet
	uint64_t served;
	char **owners; // each once
	size_t n_owners, cap_owners;
	uint16_t *owner_index; // open addressing by text; OWNER_SLOTS; 0: empty
	uint64_t alive;	       // bytes of numbered blocks
	struct event_heap_summary account;
	struct event_leak *leaks;
};

#endif
