/*
 * sites.h - the patched addresses and the slots that stand in for them (private to control/).
 *
 * Owns:     the table of sites, the slot areas, what bytes of the program are ours.
 * Gives:    lookup by trap address and by slot address; placing, arming, hiding, restoring.
 * Never:    resumes or waits for a thread.
 * Lifetime: a site lives until sites_forget() or sites_clear(); ids are never used again.
 */
#ifndef FT_SITES_H
#define FT_SITES_H

#include "control/displaced.h"
#include "control/hit.h"

struct site {
	uint32_t id;
	uint64_t slot; // runtime address of its slot
	bool armed;    // its int3 is in the program's memory
	struct displaced d;
	struct capture_plan plan;
};

struct slot_area {
	uint64_t lo, hi, next; // [lo, hi), first free byte
	struct site **sites;   // by slot address, ascending
	size_t n_sites, cap_sites;
	uint8_t *image;	  // the area's bytes, hi - lo
	uint64_t written; // bytes of the image that the program has
};

struct sites {
	struct site **live; // in no order
	size_t n, cap;
	uint32_t next_id;
	struct site **table; // open addressing by home address; a power of two
	size_t table_size, table_used;
	struct slot_area *areas;
	size_t n_areas, cap_areas;
	struct site **armed; // by home address, for hiding and restoring; rebuilt by arming
	size_t n_armed;
};

void sites_init(struct sites *s);
void sites_deinit(struct sites *s);

/* The new image has none of our bytes: forget everything. */
void sites_clear(struct sites *s);

enum {
	SLOT_ALIGN = 16,
	SLOT_HEADER = 16,	 // each area begins with `syscall; int3`, for injected system calls
	SLOT_REACH = 0x7fff0000, // bytes a rel32 may span, with a margin
};

/* True if an area near enough to [lo, hi) still has len bytes. */
bool sites_have_room(const struct sites *s, uint64_t lo, uint64_t hi, uint64_t len);

void sites_add_area(struct sites *s, uint64_t lo, uint64_t len);
FT_CHECK enum ft_rc sites_add(struct sites *s, const struct displaced *d,
			      const struct capture_plan *plan, uint32_t *ret);

/* Writes slots, then int3 bytes, for all sites not yet armed. mem is a /proc/PID/mem descriptor. */
FT_CHECK enum ft_rc sites_arm(struct sites *s, int mem);

/* Puts the program's bytes back into the given memory (a forked child's, or the process's own). */
FT_CHECK enum ft_rc sites_restore(const struct sites *s, int mem);

void sites_forget(struct sites *s, uint64_t lo, uint64_t hi);

struct site *sites_at(const struct sites *s, uint64_t home); // NULL: none

/*
 * The site in whose slot rip lies, and where the thread really is: *ret_home as displaced_home.
 * NULL if rip is in no slot. In the middle of an instruction never happens.
 */
struct site *sites_in_slot(const struct sites *s, uint64_t rip, struct displaced_home *ret_home);

/* Replaces our int3 bytes in a copy of [addr, addr + len) by the program's own. */
void sites_hide(const struct sites *s, uint64_t addr, uint8_t *bytes, size_t len);

/* The address of a `syscall` instruction of ours; 0 if no area has been written yet. */
uint64_t sites_syscall(const struct sites *s);

#endif
