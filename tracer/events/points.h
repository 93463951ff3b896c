/*
 * points.h - where an address leads, in a few words: frames, blocks, modules, mappings.
 *
 * Owns:     what /proc/PID/maps said last.
 * Gives:    "local x of main", "heap #1+8", "counter, .bss of double", "vdso", "not mapped" …
 * Never:    claims what may have changed: what is not in the mappings that were read is looked for
 *           again, but for no more time than the events take, and else nothing is said.
 * Lifetime: one per collector.
 */
#ifndef FT_POINTS_H
#define FT_POINTS_H

#include "base/buf.h"
#include "memory/space.h"

struct collector;

struct points {
	struct space space;
	bool is_known;	  // space was read
	bool is_stale;	  // and memory has come or gone since
	uint64_t read_at; // number of the event that was being made then
	uint64_t spent;	  // in events, for all readings
};

void points_deinit(struct points *p);

/* Memory has come or gone, or another program runs. */
void points_changed(struct points *p);

/* Appends the words, or nothing if it is not known: for target_on_points_to(). */
void points_text(void *collector, uint64_t addr, struct buf *out);

#endif
