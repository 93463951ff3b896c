/*
 * text_picture.c - the address space within a trace: the picture of the whole, and what changed.
 */
#include <string.h>

#include "report/text.h"

enum { WIDTH_ADDRESS = 17, WIDTH_SIZE = 11, COLUMN_NAME = 30, COLUMN_MORE = 43 };

static void end_line(struct lines *l)
{
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
}

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

void text_band(struct lines *l, const struct event_map *m, const struct event_band *band)
{
	if (is(band->name, "stack")) {
		lines_ours(l, "grows down");
		if (m->stack_stop) {
			lines_ours(l, ", by ");
			lines_size(l, m->stack_room, 0);
			lines_ours(l, " at most (");
			lines_text(l, m->stack_stop);
			lines_ours(l, ")");
		}
	} else if (is(band->name, "heap")) {
		lines_ours(l, "grows up by brk");
	} else if (is(band->name, "mmap area")) {
		lines_count(l, band->mappings, "mapping");
		lines_ours(l, ": libraries, large blocks, thread stacks");
	} else if (is(band->name, "bss")) {
		lines_ours(l, "variables that start as zero");
	} else if (is(band->name, "data")) {
		lines_ours(l, "variables with a first value");
	} else if (is(band->name, "rodata")) {
		lines_ours(l, "constants: literals");
	} else if (is(band->name, "text")) {
		lines_ours(l, "machine code");
	} else if (is(band->name, "relro")) {
		lines_ours(l, "pointers, read-only once the program runs");
	} else if (is(band->name, "tables")) {
		lines_ours(l, "for the unwinder and the dynamic linker");
	} else if (is(band->name, "headers")) {
		lines_ours(l, "the ELF header, tables for the dynamic linker");
	} else if (band->what) {
		lines_text(l, band->what);
	}
}

static void add_band(struct lines *l, const struct event_map *m, const struct event_band *band)
{
	bool free = is(band->name, "free");
	lines_tone(l, free ? TONE_ASIDE : TONE_PLAIN);
	if (band->lo)
		lines_hex(l, band->lo, WIDTH_ADDRESS);
	else
		lines_ours(l, "              0x0");
	lines_size(l, band->hi - band->lo, WIDTH_SIZE);
	lines_column(l, COLUMN_NAME);
	if (!free)
		lines_tone(l, TONE_FUNCTION);
	lines_text(l, band->name);
	lines_tone(l, TONE_ASIDE);
	if (!free || band->what) {
		lines_column(l, COLUMN_MORE);
		text_band(l, m, band);
	}
	end_line(l);
}

void text_bands(struct lines *l, const struct event_map *m)
{
	lines_tone(l, TONE_ASIDE);
	lines_hex(l, m->user_end, WIDTH_ADDRESS);
	lines_column(l, COLUMN_NAME);
	lines_ours(l, "the end of what a program can have");
	end_line(l);
	for (size_t i = 0; i < m->n_bands; i++)
		add_band(l, m, &m->bands[i]);
}

static void add_picture(struct lines *l, const struct event_map *m)
{
	text_other_begin(l, 0);
	lines_ours(l, "address space at ");
	lines_text(l, m->when);
	lines_ours(l, ", high addresses on top");
	end_line(l);
	text_bands(l, m);
}

static void add_extent(struct lines *l, uint64_t lo, uint64_t hi)
{
	lines_hex(l, lo, 0);
	buf_char(&l->b, '-');
	lines_hex(l, hi, 0);
}

static void add_name(struct lines *l, const struct event_map_change *c)
{
	if (is(c->kind, "heap") || is(c->kind, "stack")) {
		lines_text(l, c->kind);
		return;
	}
	lines_ours(l, "mapping");
	if (*c->path) {
		buf_char(&l->b, ' ');
		lines_text(l, c->path);
	}
}

// "heap grew by 132 KiB (brk): it ends at 0x…2000 instead of 0x…1000"
static void add_resized(struct lines *l, const struct event_map_change *c)
{
	uint64_t now = c->hi - c->lo, old = c->old_hi - c->old_lo;
	lines_ours(l, " by ");
	lines_size(l, now > old ? now - old : old - now, 0);
	if (is(c->kind, "heap"))
		lines_ours(l, " (brk)");
	if (c->hi != c->old_hi) {
		lines_ours(l, ": it ends at ");
		lines_hex(l, c->hi, 0);
		lines_ours(l, " instead of ");
		lines_hex(l, c->old_hi, 0);
	} else {
		lines_ours(l, ": it begins at ");
		lines_hex(l, c->lo, 0);
		lines_ours(l, " instead of ");
		lines_hex(l, c->old_lo, 0);
	}
	lines_ours(l, "; ");
	lines_size(l, now, 0);
}

static void add_change(struct lines *l, const struct event_map_change *c)
{
	text_other_begin(l, 0);
	add_name(l, c);
	buf_char(&l->b, ' ');
	lines_text(l, c->how);
	if (c->old_perms) {
		lines_ours(l, " from ");
		lines_text(l, c->old_perms);
		lines_ours(l, " to ");
		lines_text(l, c->perms);
		lines_ours(l, ": ");
		add_extent(l, c->lo, c->hi);
	} else if (is(c->how, "grew") || is(c->how, "shrank")) {
		add_resized(l, c);
	} else {
		lines_ours(l, ": ");
		add_extent(l, c->lo, c->hi);
		buf_char(&l->b, ' ');
		lines_text(l, c->perms);
		lines_ours(l, ", ");
		lines_size(l, c->hi - c->lo, 0);
	}
	end_line(l);
}

void text_picture(struct lines *l, const struct event_map *m)
{
	if (m->n_bands > 0)
		add_picture(l, m);
	for (size_t i = 0; i < m->n_changes; i++)
		add_change(l, &m->changes[i]);
}
