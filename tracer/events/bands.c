/*
 * bands.c - the picture of the whole: the rows of an address space drawn together.
 */
#include <stdlib.h>
#include <string.h>

#include "events/regions.h"

struct bands {
	struct event_band *b; // from low addresses to high
	size_t n, cap;
	uint64_t mapped; // end of what was mapped so far
};

static struct event_band *add(struct bands *l, uint64_t lo, uint64_t hi, const char *name)
{
	l->b = xgrow(l->b, l->n, &l->cap, sizeof(*l->b));
	l->b[l->n] = (struct event_band){.lo = lo, .hi = hi, .name = name};
	return &l->b[l->n++];
}

static struct event_band *last(struct bands *l)
{
	return l->n > 0 ? &l->b[l->n - 1] : NULL;
}

// Something is mapped from lo on.
static void begin(struct bands *l, uint64_t lo)
{
	if (lo > l->mapped)
		add(l, l->mapped, lo, "free");
}

static const char *part_name(const struct image_part *p, const char *before)
{
	switch (p->kind) {
	case IMAGE_HEADERS:
		return "headers";
	case IMAGE_CODE:
		return "text";
	case IMAGE_READ_ONLY:
		if (strncmp(p->name, ".rodata", 7) == 0)
			return "rodata";
		return before && strcmp(before, "headers") == 0 ? before : "tables";
	case IMAGE_RELRO:
		return "relro";
	case IMAGE_DATA:
		return "data";
	case IMAGE_BSS:
		return "bss";
	}
	return "tables";
}

static void add_image(struct bands *l, const struct image *m)
{
	const char *before = NULL;
	for (size_t i = 0; i < m->n_parts; i++) {
		const struct image_part *p = &m->parts[i];
		const char *name = part_name(p, before);
		struct event_band *band = last(l);
		if (before && strcmp(before, name) == 0 && band && band->hi <= p->lo)
			band->hi = p->hi;
		else if (!band || band->hi <= p->lo) // else a broken file: parts that overlap
			add(l, p->lo, p->hi, name);
		before = name;
	}
}

static void add_row(struct bands *l, const struct atlas_row *row, const struct image **program)
{
	const struct region *r = row->region;
	struct event_band *band = last(l);
	if (row->image && row->image->is_program) {
		begin(l, r->lo);
		if (*program != row->image)
			add_image(l, row->image);
		*program = row->image;
	} else if (row->kind == REGION_HEAP || row->kind == REGION_STACK) {
		begin(l, r->lo);
		add(l, r->lo, r->hi, region_kind_name(row->kind))->mappings = 1;
	} else if (band && strcmp(band->name, "mmap area") == 0) {
		band->hi = r->hi;
		band->mappings++;
	} else {
		begin(l, r->lo);
		add(l, r->lo, r->hi, "mmap area")->mappings = 1;
	}
	l->mapped = r->hi;
}

static void add_ours(struct bands *l, struct event_region *r)
{
	begin(l, r->lo);
	struct event_band *band = add(l, r->lo, r->hi, "frametrace");
	r->kind = band->name;
	r->what = band->what = "our own pages, not there without the tracer";
	r->inferred = false;
	band->mappings = 1;
	l->mapped = r->hi;
}

void regions_draw(struct regions *r, bool (*is_ours)(void *ctx, uint64_t addr), void *ctx)
{
	struct bands l = {.n = 0};
	const struct image *program = NULL;
	for (size_t i = 0; i < r->atlas.n; i++) {
		const struct atlas_row *row = &r->atlas.rows[i];
		if (row->region->lo >= r->map.user_end)
			continue;
		if (is_ours && is_ours(ctx, row->region->lo))
			add_ours(&l, &r->rows[i]);
		else
			add_row(&l, row, &program);
	}
	begin(&l, r->map.user_end);
	for (size_t i = 0; i < l.n / 2; i++) {
		struct event_band low = l.b[i];
		l.b[i] = l.b[l.n - 1 - i];
		l.b[l.n - 1 - i] = low;
	}
	free(r->bands);
	r->bands = l.b;
	r->map.bands = l.b;
	r->map.n_bands = l.n;
}
