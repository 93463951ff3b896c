/*
 * ghosts.h - popped frames, remembered until something overwrites them.
 *
 * Owns:     what each dead byte of one stack was, and what it held when its frame ended.
 * Gives:    names for dead bytes; what died when bytes get a new owner.
 * Never:    reads but through the struct memory it is handed; keeps more than GHOST_FRAMES frames
 *           or GHOST_BYTES bytes: the oldest go first.
 * Lifetime: strings of a struct ghost until the next ghosts_add() or ghosts_destroy().
 *
 * A ghost's bytes are compared with the memory of the moment by ghosts_refresh(): what differs has
 * been overwritten, by whomever. Equal bytes may have been overwritten with the same value; who
 * knows of a store says so by ghosts_overwrite().
 */
#ifndef FT_GHOSTS_H
#define FT_GHOSTS_H

#include "base/buf.h"
#include "base/memory.h"
#include "events/event.h"

enum {
	GHOST_FRAMES = 64,
	GHOST_BYTES = 64 * 1024,
	GHOST_SLOT_BYTES = 4096, // of a larger slot only the lowest bytes are remembered
};

struct ghosts;

/* What a stretch of dead bytes was. */
struct ghost {
	const char *function; // whose frame it was part of
	uint64_t pushed_seq, popped_seq;
	const char *owner;	 // as in struct event_slot
	const char *name, *type; // NULL if it has none
	const char *value;	 // its last one; NULL if not known
	uint64_t address, size;	 // of the whole slot
	uint64_t bytes;		 // how many of its bytes are meant
	bool exact; // it was seen to end; else its bytes were read only some time later
};

struct ghost_list {
	struct ghost *g;
	size_t n, cap;
};

/* A frame that has ended. */
struct ghost_frame {
	const char *function;
	uint64_t pushed_seq, popped_seq;
	const struct event_slot *slots; // as the event had them
	size_t n_slots;
	uint64_t end; // bytes from here on live on: the CFA, after a tail call CFA - 8
	bool exact;   // as in struct ghost
};

struct ghosts *ghosts_create(void);
void ghosts_destroy(struct ghosts *g); // NULL is fine

/*
 * Its slots below `end` become ghosts, but for padding and the red zone; strings are copied. A slot
 * that the frame itself left `unwritten` leaves the older ghosts under it alone where their bytes
 * are there.
 */
void ghosts_add(struct ghosts *g, const struct ghost_frame *f, const struct memory *mem);

/* Appends what these dead bytes were, "n of double::double"; false if nothing is known of them. */
bool ghosts_text(const struct ghosts *g, uint64_t addr, uint64_t len, struct buf *out);

/* The same as a list, from high addresses to low: one entry per slot of a ghost. */
void ghosts_list(const struct ghosts *g, uint64_t addr, uint64_t len, struct ghost_list *ret);

/* These bytes are somebody else's now. Appends what died to *ret, unless that is NULL. */
void ghosts_overwrite(struct ghosts *g, uint64_t addr, uint64_t len, struct ghost_list *ret);

/* The same for those of these bytes that are not what the ghosts left there, word by word. */
void ghosts_refresh(struct ghosts *g, uint64_t addr, uint64_t len, const struct memory *mem,
		    struct ghost_list *ret);

/* Appends what they were, "n of double::double"; nothing if the list is empty. */
void ghost_list_text(const struct ghost_list *l, struct buf *out);
void ghost_list_deinit(struct ghost_list *l);

#endif
