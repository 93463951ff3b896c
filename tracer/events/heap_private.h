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

#include "base/lookup.h"
#include "events/heap.h"

struct call_place {
	struct heap_key key;
	const char *call;
	char *function, *file, *via, *via_module;
	uint32_t line;
	uint64_t blocks, bytes; // alive, while the account is made
	uint16_t owner;		// of one of them
};

// How a function was called.
struct path_node {
	uint32_t from;
	struct heap_step step; // function NULL: it may mean something else by now
	char *function, *call_file;
	uint32_t call_line;
	bool repeats;
};

// A growing table of paths.
struct heap_paths {
	struct path_node *n; // [0]: the root
	size_t n_nodes, cap;
	struct lookup by_step; // from, and the step itself
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
	struct lookup by_key; // of places
	struct call_thread *threads;
	size_t n_threads, cap_threads;
	struct mapping *mappings;
	size_t n_mappings, cap_mappings;
	uint64_t end; // of the brk heap; 0: not known yet
	uint64_t served;
	char **owners; // each once
	size_t n_owners, cap_owners;
	struct lookup by_owner;
	uint64_t alive; // bytes of numbered blocks
	struct heap_paths paths;
	struct event_heap_summary account;
	struct event_leak *leaks;
	struct event_place *leak_paths; // PATH_SHOWN for each of them
};

enum { PATH_SHOWN = 32 };

/* heap_paths.c */
void heap_paths_forget(struct heap *h); // keys; what was told stays
void heap_paths_deinit(struct heap *h);

/*
 * The path that leads to a function, which itself is the last of it, without the line of its own
 * call. Returns how many of at most PATH_SHOWN; *ret_more: there are others before them.
 */
size_t heap_path_list(const struct heap *h, uint32_t path, struct event_place *ret, bool *ret_more);

#endif
