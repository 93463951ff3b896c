/*
 * atlas_private.h - what atlas.c and atlas_image.c share (private to memory/).
 *
 * Owns:     nothing.
 * Gives:    judging a region that an ELF file maps; texts that live as long as the atlas.
 * Never:    is included from another room.
 * Lifetime: as struct atlas.
 */
#ifndef FT_ATLAS_PRIVATE_H
#define FT_ATLAS_PRIVATE_H

#include "memory/atlas.h"

enum { PAGE = 4096 };

const char *atlas_keep(struct atlas *a, char *text); // takes it

bool atlas_is_anonymous(const struct region *r);
bool atlas_no_access(const struct region *r);
bool atlas_starts(const char *s, const char *with);

/* "132 KiB"; to be freed. */
char *atlas_size_words(uint64_t bytes);

/* atlas_image.c: the ELF file whose part the region is; NULL: none is known to be. */
const struct image *image_of(const struct atlas_input *in, const struct region *r);
void image_judge(struct atlas *a, struct atlas_row *row); // row->image is set

#endif
