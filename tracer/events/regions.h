/*
 * regions.h - a process's address space as an event.
 *
 * Owns:     nothing: it joins what /proc (memory/) and the ELF files (symbols/) say.
 * Gives:    struct regions: an atlas of a process and the event_map made of it.
 * Never:    stops or changes the process.
 * Lifetime: a snapshot, until regions_deinit().
 */
#ifndef FT_REGIONS_H
#define FT_REGIONS_H

#include "events/event.h"
#include "memory/atlas.h"
#include "symbols/symbols.h"

struct regions {
	struct space space;
	struct process process;
	struct atlas atlas;
	struct image *images;
	struct image_part **parts; // of each image
	size_t n_images, cap_images;
	struct event_region *rows;
	struct event_part_of_file *row_parts;
	struct event_band *bands;
	struct event_map map;
};

/*
 * Whether a file is loaded where `m` says: a program may map one only to read it, as those do that
 * look for their own debug information. Then what should be code cannot be executed.
 */
bool regions_are_loaded(const struct space *space, const struct module *m);

/*
 * Reads what pid has mapped. Modules are opened in `s` at need (those that it has are used); what
 * is no ELF file, or gone, is left without parts. FT_NONE: no such process. FT_FAIL with words
 * that say what to do if it may not be read.
 */
FT_CHECK enum ft_rc regions_read(struct symbols *s, pid_t pid, const struct memory *mem,
				 struct regions *ret);
void regions_deinit(struct regions *r);

/*
 * Fills in map.bands: the picture of the whole. `is_ours`: memory that the process has from its
 * tracer, and its rows are called so; NULL: it has none.
 */
void regions_draw(struct regions *r, bool (*is_ours)(void *ctx, uint64_t addr), void *ctx);

#endif
