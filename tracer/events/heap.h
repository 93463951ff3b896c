/*
 * heap.h - what calls of an allocator mean: which block came, went or moved, and by whom.
 *
 * Owns:     the calls under way, the places that call, the block table, the account.
 * Gives:    one struct heap_change for each outermost call; the list of what is alive at the end.
 * Never:    reads a process or makes an event.
 * Lifetime: texts of places live until heap_destroy().
 *
 * Blocks of the program's traced functions are numbered 1, 2, 3 …; those of other code are known
 * too, so that frees match, but are not numbered. A block that is reallocated keeps its number.
 */
#ifndef FT_HEAP_H
#define FT_HEAP_H

#include <sys/types.h>

#include "events/event.h"
#include "events/heap_sites.h"
#include "memory/blocks.h"

struct heap;

struct heap *heap_create(void);
void heap_destroy(struct heap *h); // accepts NULL

/* The process runs another program: nothing is known any more; the account goes on. */
void heap_forget(struct heap *h);

/*
 * How a traced function was called: a path is a node of a tree, 0 its root. A call that the path
 * has already, of the same function from the same place, leads back to where that is: paths of a
 * recursion have an end.
 */
struct heap_step {
	const void *function;
	uint64_t back; // its return address
};
struct heap_step_text {
	const char *function;
	const char *call_file; // of the call, in the function that calls it; NULL: not known
	uint32_t call_line;
};

enum { HEAP_NEW_PATH = UINT32_MAX };
uint32_t heap_path(struct heap *h, uint32_t from, const struct heap_step *step);
uint32_t heap_path_add(struct heap *h, uint32_t from, const struct heap_step *step,
		       const struct heap_step_text *text);

/* What identifies a place; its texts are copied when it is new. */
struct heap_key {
	const void *function; // NULL: none that is traced
	uint64_t back;	      // return address of its call; 0 if unknown
	const struct heap_function *call;
	uint32_t path; // of the function
};

/* The number of a place; HEAP_NEW_PLACE: it has none yet. */
enum { HEAP_NEW_PLACE = UINT32_MAX };
uint32_t heap_place(const struct heap *h, const struct heap_key *key);
uint32_t heap_place_add(struct heap *h, const struct heap_key *key, const struct event_place *p);
struct event_place heap_place_text(const struct heap *h, uint32_t place);

/* As texts. */
bool heap_same_place(const struct event_place *a, const struct event_place *b);
/* Those that would read the same become one; the most bytes first. */
void heap_merge_leaks(struct event_leak *leaks, size_t *n);

/* Code was unmapped: keys may come to mean something else. */
void heap_forget_keys(struct heap *h);

/* A call of the allocator, at its entry. */
struct heap_op {
	const struct heap_function *fn;
	uint64_t cfa;  // rsp when it will have returned
	uint64_t back; // its return address
	uint64_t arg[3];
	uint32_t place;
	bool shown;   // on behalf of a traced function
	bool nothing; // no call is under way
};

enum heap_what { HEAP_NOTHING, HEAP_ALLOCATED, HEAP_FREED, HEAP_REALLOCATED, HEAP_GREW };

struct heap_change {
	enum heap_what what;
	struct heap_op op;
	struct block block; // the new one; HEAP_FREED: the one meant, if known
	struct block old;   // HEAP_REALLOCATED
	bool failed;
	int error; // failed: as errno; 0 if the function does not say
	uint64_t alignment;
	enum blocks_free verdict; // HEAP_FREED
	uint64_t address;	  // HEAP_FREED: as given; HEAP_GREW: where
	uint64_t size;		  // asked for; HEAP_GREW: how much
	bool shrinks;
	uint64_t served; // HEAP_GREW: requests that the last one served
	bool numbered;	 // the block is one of the numbered ones
};

/* At an entry; a free is done at once: *ret. False: it is part of another call, or a lone mmap. */
bool heap_begin(struct heap *h, pid_t tid, const struct heap_op *op, uint64_t seq,
		struct heap_change *ret);

/* The call that is under way in a thread and that returns to this rsp; NULL if none is. */
const struct heap_op *heap_pending(const struct heap *h, pid_t tid, uint64_t sp);

struct heap_result {
	uint64_t value;	 // rax
	uint64_t block;	 // HEAP_POSIX_MEMALIGN: what was stored
	uint64_t usable; // 0: not known
};

/* At its return. False: nothing that an event tells of. */
bool heap_end(struct heap *h, pid_t tid, uint64_t sp, const struct heap_result *result,
	      uint64_t seq, struct heap_change *ret);

/* The call cannot be met when it returns. */
void heap_lost(struct heap *h, pid_t tid);
void heap_thread_gone(struct heap *h, pid_t tid);

/*
 * The call of free that has this CFA, return address and pointer is the thread's last: it runs, as
 * far as known. What is called next has the same CFA, and may have the same pointer.
 */
bool heap_is_freeing(const struct heap *h, pid_t tid, uint64_t cfa, uint64_t back, uint64_t addr);

/* Where the brk heap ends now, if it is known from elsewhere; 0 before. */
bool heap_knows_end(const struct heap *h);
void heap_set_end(struct heap *h, uint64_t end);

/* The block, alive or dead, that an address is in; false if none. */
bool heap_block_at(const struct heap *h, uint64_t addr, struct block *ret, bool *ret_alive);
/* A variable points to the live block at addr: "function.variable". */
void heap_own(struct heap *h, uint64_t addr, const char *function, const char *variable);
const char *heap_owner(const struct heap *h, uint16_t owner);

bool heap_is_numbered(const struct block *b);

void heap_count_bad(struct heap *h);	    // a wrong free was told
bool heap_has_unseen(const struct heap *h); // some call was not met at its return

/* The account; lists live until the next call. */
const struct event_heap_summary *heap_summary(struct heap *h);

#endif
