/*
 * sieve_private.h - what the files of the sieve share.
 *
 * Owns:     struct sieve.
 * Gives:    the frame inside which something happens, and who asked for a block then.
 * Never:    is included by others.
 * Lifetime: as struct sieve.
 */
#ifndef FT_SIEVE_PRIVATE_H
#define FT_SIEVE_PRIVATE_H

#include "base/lookup.h"
#include "commands/intern.h"
#include "events/leads.h"
#include "commands/sieve.h"

/* A function by its kept names; symbol and file may be NULL. */
struct sieve_fn {
	const char *name, *symbol, *module, *file;
	bool wanted;
	bool any_wanted; // of the first of a name: one of the name is
	bool traced;	 // it was named by sieve_function()
	bool shown;	 // a frame of it was reported
};

struct sieve_frame {
	uint64_t pushed_seq, cfa, rsp;
	size_t fn;			  // index
	uint32_t was;			  // its depth in the log
	uint32_t depth;			  // and now, if it is wanted
	bool wanted;			  // by its function
	bool reported;			  // and not too deep
	const char *caller, *caller_file; // kept; NULL: not known
	uint32_t caller_line;
};

struct sieve_stack {
	int tid;
	uint64_t top;
	struct sieve_frame *f;
	size_t n, cap, n_wanted;
	bool over; // of a program before an exec
	uint32_t base_depth;
	uint64_t first_cfa;
	/* High-water marks, of all frames and of those that are wanted; fn SIZE_MAX: none. */
	struct sieve_mark {
		uint64_t first_cfa, rsp, seq;
		uint32_t depth;
		size_t fn;
	} was, now;
	uint64_t was_first_cfa; // of all frames
};

struct sieve_block {
	uint64_t was, number; // 0: not shown
	uint64_t address, size;
	size_t place, freed_at; // SIZE_MAX: not freed
	bool alive;
};

struct sieve_heap {
	struct sieve_block *b;
	size_t n, cap;
	struct lookup by_was;	    // blocks that had a number
	struct event_place *places; // their texts are kept
	size_t n_places, cap_places;
	uint64_t last, alive;
	struct event_heap_summary sum;
	struct event_leak *leaks;
	struct event_place *paths; // of the leaks
};

enum { SIEVE_GONE = 64, SIEVE_RED_ZONE = 128 };

/* A wanted frame that was popped. */
struct sieve_gone {
	uint64_t cfa, rsp;
	size_t fn;
};

struct sieve {
	struct selection *selection;
	uint32_t max_depth;
	struct intern names;
	struct sieve_fn *fn;
	size_t n_fn, cap_fn;
	struct lookup fn_by_text, fn_by_name; // by name: the first of each
	struct sieve_stack *stacks;
	size_t n_stacks, cap_stacks, last_stack;
	struct sieve_thread {
		int tid;
		size_t current; // stack
	} * threads;
	size_t n_threads, cap_threads;
	const char *program; // kept path, of EVENT_START or EVENT_EXEC
	struct event_summary sum;
	size_t max_depth_fn, max_stack_fn; // SIZE_MAX: none
	struct sieve_heap heap;
	struct leads_map map;
	struct sieve_gone gone[SIEVE_GONE]; // a ring
	size_t n_gone;

	/* The event under way. */
	struct event ev;
	struct event_heap ev_heap;
	struct event_overflow ev_overflow;
	const char **cycle;
	struct event_store *stores;
	size_t cap_stores;
	struct event_frame_at_signal *frames;
	struct event_value *values, *elsewhere;
	size_t cap_values, cap_elsewhere;
	struct event_slot *slots;
	size_t cap_slots;
	struct event_ghost *ghosts;
	size_t cap_ghosts;
	struct event_change *changes;
	size_t cap_changes;
	struct leads leads;
	const char **owners;
	size_t cap_owners;
	struct event_stack *rows;
};

/* sieve_names.c */
size_t sieve_fn_find(struct sieve *s, const char *name, const char *symbol, const char *module,
		     const char *file);
/* "inlined: a into b, c into d (…)": without what is not wanted. NULL: nothing is left. */
const char *sieve_inlined(struct sieve *s, const char *text);
/* A function of the log, and none of that name is wanted; `name` has `len` bytes. */
bool sieve_is_hidden(struct sieve *s, const char *name, size_t len);

/* sieve.c: the innermost reported frame inside which it happens, and where that calls from. */
const struct sieve_frame *sieve_owner(const struct sieve *s, const struct event *ev,
				      struct event_place *ret_place);

/* sieve_heap.c: s->ev is a heap event. False: it is not wanted. */
bool sieve_heap_event(struct sieve *s);
struct sieve_block *sieve_block(const struct sieve_heap *h, uint64_t was); // NULL: not known
struct event_place sieve_place(const struct sieve *s, size_t place);
const struct event_heap_summary *sieve_heap_summary(struct sieve *s,
						    const struct event_heap_summary *was);
void sieve_heap_new_program(struct sieve_heap *h);
void sieve_heap_deinit(struct sieve_heap *h);

/* sieve_values.c: where pointers lead, what frames lie on: without what is hidden. */
void sieve_values(struct sieve *s);
void sieve_note_pop(struct sieve *s, const struct sieve_frame *f);
void sieve_values_deinit(struct sieve *s);

/* sieve_overflow.c: s->ev is an overflow. */
void sieve_overflow(struct sieve *s);

/* sieve_summary.c */
const struct event_summary *sieve_summary(struct sieve *s, const struct event_summary *was);

#endif
