/*
 * atlas_image.c - what each mapping of an ELF file is, by its sections and program headers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory/atlas_private.h"

const struct image *image_of(const struct atlas_input *in, const struct region *r)
{
	for (size_t i = 0; i < in->n_images; i++) {
		const struct image *m = &in->images[i];
		if (r->lo < m->hi && r->hi > m->lo &&
		    (atlas_is_anonymous(r) || strcmp(r->path, m->path) == 0))
			return m;
	}
	return NULL;
}

static const char *owner_words(const struct image *m)
{
	return m->is_program ? "the program" : m->is_linker ? "the dynamic linker" : m->name;
}

struct contents {
	bool has[IMAGE_BSS + 1];
	bool constants, unwinding; // .rodata and its like; .eh_frame
	bool section_names;	   // not the bare segments
};

static void look_at(struct contents *c, const struct image_part *p)
{
	c->has[p->kind] = true;
	c->section_names |= p->name[0] == '.';
	c->constants |= atlas_starts(p->name, ".rodata");
	c->unwinding |=
		atlas_starts(p->name, ".eh_frame") || strcmp(p->name, ".gcc_except_table") == 0;
}

static struct contents look_into(struct atlas_row *row)
{
	struct contents c = {.constants = false};
	const struct image *m = row->image;
	for (size_t i = 0; i < m->n_parts && m->parts[i].lo < row->region->hi; i++) {
		if (m->parts[i].hi <= row->region->lo)
			continue;
		if (row->n_parts == 0)
			row->first_part = i;
		row->n_parts = i - row->first_part + 1;
		look_at(&c, &m->parts[i]);
	}
	return c;
}

/* "<before><whose><after>" */
struct words {
	const char *before, *after;
};

static struct words words_for_read_only(struct atlas_row *row, const struct contents *c)
{
	row->kind = REGION_READ_ONLY;
	if (!c->has[IMAGE_HEADERS] && c->constants && c->unwinding)
		return (struct words){"constants of ", " (.rodata: literals, tables) and what the "
						       "unwinder reads (.eh_frame)"};
	if (!c->has[IMAGE_HEADERS] && (c->constants || !c->section_names))
		return (struct words){"constants of ", ": literals, tables"};
	if (!c->has[IMAGE_HEADERS])
		return (struct words){"tables of ", ", only read"};
	if (c->constants && c->unwinding)
		return (struct words){"the ELF header of ",
				      ", tables for the dynamic linker, then constants (.rodata: "
				      "literals, tables) and what the unwinder reads (.eh_frame)"};
	if (c->constants)
		return (struct words){"the ELF header of ",
				      ", tables for the dynamic linker, then constants (.rodata)"};
	row->kind = REGION_HEADERS;
	return (struct words){"the ELF header of ",
			      c->section_names
				      ? ", then tables for the dynamic linker: symbols, relocations"
				      : ""};
}

static struct words words_for_writable(struct atlas_row *row, const struct contents *c)
{
	if (atlas_is_anonymous(row->region)) {
		row->kind = REGION_BSS;
		return (struct words){"variables of ", " that start as zero (.bss): anonymous "
						       "memory, not in the file"};
	}
	if (c->has[IMAGE_RELRO] && !c->has[IMAGE_DATA] && !c->has[IMAGE_BSS]) {
		row->kind = REGION_RELRO;
		return (struct words){"RELRO of ", ", not protected yet: the dynamic linker fills "
						   "it in and then makes it read-only"};
	}
	row->kind = c->has[IMAGE_DATA] || !c->has[IMAGE_BSS] ? REGION_DATA : REGION_BSS;
	if (!c->has[IMAGE_BSS])
		return (struct words){"variables of ", ", initialised from the file (.data)"};
	return (struct words){"variables of ", ": initialised ones from the file (.data), then "
					       "such as start as zero (.bss)"};
}

static struct words words_for(struct atlas_row *row, const struct contents *c)
{
	const struct region *r = row->region;
	if (atlas_no_access(r)) {
		row->kind = REGION_RESERVED;
		return (struct words){"a gap between the segments of ", ", without access"};
	}
	if (r->x) {
		row->kind = REGION_CODE;
		if (c->constants) // GNU gold, and ld -z noseparate-code
			return (struct words){"machine code of ", ", and its constants (.rodata): "
								  "they may be executed, too"};
		return (struct words){"machine code of ", ""};
	}
	if (r->w)
		return words_for_writable(row, c);
	if (c->has[IMAGE_RELRO]) {
		row->kind = REGION_RELRO;
		return (struct words){"RELRO of ", ": pointers that the dynamic linker filled in "
						   "and then made read-only"};
	}
	return words_for_read_only(row, c);
}

void image_judge(struct atlas *a, struct atlas_row *row)
{
	struct contents c = look_into(row);
	struct words w = words_for(row, &c);
	row->what = atlas_keep(a, xasprintf("%s%s%s", w.before, owner_words(row->image), w.after));
}
