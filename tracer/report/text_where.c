/*
 * text_where.c - what an address is, in the text format.
 */
#include <stdlib.h>
#include <string.h>

#include "report/text.h"

enum { COLUMN_DETAIL = 20 };

static void begin_detail(struct lines *l)
{
	lines_tone(l, TONE_ASIDE);
	lines_column(l, COLUMN_DETAIL);
}

static void end_line(struct lines *l)
{
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
}

static void add_plus(struct lines *l, uint64_t offset)
{
	buf_char(&l->b, '+');
	if (offset)
		lines_hex(l, offset, 0);
	else
		buf_char(&l->b, '0');
}

static void add_file(struct lines *l, const struct event_where *w)
{
	if (!w->module)
		return;
	begin_detail(l);
	lines_text(l, w->module);
	if (w->section) {
		lines_ours(l, ", ");
		lines_text(l, w->section->name);
		add_plus(l, w->address - w->section->lo);
	}
	if (w->symbol) {
		lines_ours(l, ", ");
		lines_text(l, w->symbol);
		buf_char(&l->b, '+');
		buf_udec(&l->b, w->symbol_offset);
	}
	if (w->file) {
		lines_ours(l, ", ");
		lines_text(l, w->file);
		buf_char(&l->b, ':');
		buf_udec(&l->b, w->line);
	}
	end_line(l);
}

static void add_stack(struct lines *l, const struct event_where *w)
{
	if (w->tid && w->thread) {
		begin_detail(l);
		lines_ours(l, "thread ");
		buf_dec(&l->b, w->tid);
		lines_ours(l, " (");
		lines_text(l, w->thread);
		buf_char(&l->b, ')');
		if (w->cfa) {
			lines_ours(l, ", frame #");
			buf_udec(&l->b, w->frame);
			lines_ours(l, ": ");
			lines_hex(l, w->frame_rsp, 0);
			lines_ours(l, " up to CFA ");
			lines_hex(l, w->cfa, 0);
		}
		end_line(l);
	}
	if (w->unknown) {
		begin_detail(l);
		lines_ours(l, "whose frame: <");
		lines_text(l, w->unknown);
		buf_char(&l->b, '>');
		end_line(l);
	}
}

static void add_block(struct lines *l, const struct event_where *w)
{
	if (!w->block)
		return;
	begin_detail(l);
	lines_ours(l, "block ");
	lines_hex(l, w->block, 0);
	lines_ours(l, " of ");
	buf_udec(&l->b, w->block_size);
	lines_ours(l, w->inferred ? " usable bytes (by the headers of glibc's malloc)"
				  : " bytes, as it was asked for");
	end_line(l);
}

static void add_neighbour(struct lines *l, const struct event_region *r, uint64_t distance,
			  const char *where)
{
	if (!r)
		return;
	begin_detail(l);
	lines_size(l, distance, 0);
	lines_ours(l, where);
	lines_text(l, r->kind);
	if (*r->path) {
		lines_ours(l, "  ");
		lines_text(l, r->path);
	}
	end_line(l);
}

static void add_region(struct lines *l, const struct event_region *r)
{
	if (!r)
		return;
	begin_detail(l);
	lines_text(l, r->kind);
	lines_ours(l, ": ");
	lines_hex(l, r->lo, 0);
	buf_char(&l->b, '-');
	lines_hex(l, r->hi, 0);
	buf_char(&l->b, ' ');
	lines_text(l, r->perms);
	lines_ours(l, ", ");
	lines_size(l, r->hi - r->lo, 0);
	if (*r->path) {
		lines_ours(l, "  ");
		lines_text(l, r->path);
	}
	if (r->deleted)
		lines_ours(l, " (deleted)");
	end_line(l);
}

void text_where(struct lines *l, const struct event_where *w)
{
	if (w->address)
		lines_hex(l, w->address, 18);
	else
		lines_ours(l, "               0x0");
	lines_tone(l, TONE_FUNCTION);
	if (w->inferred) {
		char *what = xasprintf("%s (inferred)", w->what);
		text_sentence(l, COLUMN_DETAIL, what);
		free(what);
	} else {
		text_sentence(l, COLUMN_DETAIL, w->what);
	}
	lines_tone(l, TONE_PLAIN);
	add_file(l, w);
	add_stack(l, w);
	add_block(l, w);
	add_region(l, w->region);
	if (w->above)
		add_neighbour(l, w->above, w->above->lo - w->address, " below ");
	if (w->below)
		add_neighbour(l, w->below, w->address - w->below->hi + 1, " above ");
}
