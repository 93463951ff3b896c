/*
 * pane_stack.c - the stack as it is: high addresses on top, the innermost frame at the bottom.
 *
 *	┌ main ──────────────────────── 64 bytes ┐
 *	│ …e3d8 return to call_once+11           │
 *	├▶double::double ────────────── 16 bytes ┤
 *	│*…e394 n: i32 = 48                    4 │
 *	└────────────────── rsp 0x7fffffffe390 ← ┘
 *	: …e310 red zone                     128
 *	┌ ghost double::triple ──────── 16 bytes ┐
 *
 * What does not fit is shown by less: first frames further out become one line each.
 */
#include <stdio.h>
#include <string.h>

#include "tui/panes.h"

enum detail { DETAIL_LINE, DETAIL_VALUES, DETAIL_BYTES };

enum { RED_ZONE = 128 };

/* How much is shown of a frame that nobody has opened or closed. */
enum room { ROOM_RICH, ROOM_ENOUGH, ROOM_TIGHT };

struct drawing {
	struct sheet *s;
	const struct view *v;
	const struct look *k;
	enum room room;
};

static bool is_open(const struct drawing *d, const struct view_frame *f)
{
	if (!f->n_slots)
		return false;
	for (size_t i = 0; i < d->k->n_folds; i++)
		if (d->k->folds[i].pushed_seq == f->f.pushed_seq)
			return d->k->folds[i].open;
	return d->room == ROOM_RICH && !f->f.ghost;
}

/* The live frame inside it on the same stack; NULL: it is the innermost there. */
static const struct view_frame *inner(const struct view *v, size_t i)
{
	const struct view_frame *next = i + 1 < v->n_frames ? &v->frames[i + 1] : NULL;
	return next && !next->f.ghost && next->f.stack_top == v->frames[i].f.stack_top ? next
										       : NULL;
}

static const struct view_frame *outer(const struct view *v, size_t i)
{
	const struct view_frame *f = i > 0 ? &v->frames[i - 1] : NULL;
	return f && !f->f.ghost && f->f.stack_top == v->frames[i].f.stack_top ? f : NULL;
}

static enum detail detail_of(const struct drawing *d, size_t i)
{
	const struct view_frame *f = &d->v->frames[i];

	if (is_open(d, f))
		return DETAIL_BYTES;
	if (d->room != ROOM_TIGHT || i == d->v->selected || (!f->f.ghost && !inner(d->v, i)))
		return DETAIL_VALUES;
	return DETAIL_LINE;
}

/* "double::double(n=48)" where the values have no rows of their own. */
static void put_name(struct pen *p, const struct view_frame *f, enum detail detail, bool chosen)
{
	p->style = f->f.ghost ? STYLE_GHOST : chosen ? STYLE_CHOSEN : STYLE_NAME;
	if (f->f.ghost)
		pen_text(p, "ghost ");
	pen_text(p, f->f.function ? f->f.function : "?");
	if (detail == DETAIL_LINE && f->detailed && f->values_known) {
		pen_text(p, "(");
		for (size_t i = 0; i < f->n_args && i < f->n_values; i++) {
			const struct event_value *v = &f->values[i].v;
			pen_printf(p, "%s%s=%s", i ? ", " : "", v->name, v->value ? v->value : "?");
		}
		pen_text(p, ")");
	}
	if (f->f.ghost && f->returned) {
		pen_text(p, " = ");
		pen_text(p, f->returned);
	}
	pen_text(p, " ");
}

static int put_extent(char *text, size_t size, const struct view_frame *f, bool wide)
{
	unsigned long long bytes = f->f.cfa - f->f.rsp;

	if (f->f.ghost)
		return snprintf(text, size, " %llu bytes ", bytes);
	if (wide)
		return snprintf(text, size, " CFA 0x%llx, %llu bytes, rsp -%llu ",
				(unsigned long long)f->f.cfa, bytes, bytes);
	return snprintf(text, size, " %llu bytes ", bytes);
}

static void put_upper_border(struct drawing *d, size_t i, bool joined)
{
	const struct view_frame *f = &d->v->frames[i];
	bool chosen = i == d->v->selected;
	char extent[80];
	struct pen p = sheet_row(d->s, i);
	int last = p.end - 1, n = put_extent(extent, sizeof(extent), f, p.end >= PANE_WIDE);

	p.style = f->f.ghost ? STYLE_GHOST : STYLE_ASIDE;
	pen_glyph(&p, joined ? GLYPH_TEE_RIGHT : GLYPH_UPPER_LEFT);
	p.style = chosen ? STYLE_CHOSEN : f->is_new ? STYLE_CHANGED : p.style;
	if (chosen)
		pen_glyph(&p, GLYPH_CHOSEN);
	else
		pen_text(&p, " ");
	p.style = STYLE_CHANGED;
	if (f->is_new)
		pen_text(&p, "*");
	p.end = last - n - 1;
	put_name(&p, f, detail_of(d, i), chosen);
	p.end = last + 1;
	p.style = f->f.ghost ? STYLE_GHOST : STYLE_ASIDE;
	pen_fill(&p, GLYPH_HLINE, last - n);
	pen_text(&p, extent);
	pen_glyph(&p, joined ? GLYPH_TEE_LEFT : GLYPH_UPPER_RIGHT);
}

/* Bytes between a frame and the one inside it: arguments on the stack, frames of other code. */
static void put_gap(struct drawing *d, uint64_t bytes, const char *what)
{
	struct pen p = sheet_row(d->s, SIZE_MAX);

	p.style = STYLE_ASIDE;
	pen_text(&p, ": ");
	pen_glyph(&p, GLYPH_MORE);
	pen_printf(&p, " %llu bytes %s", (unsigned long long)bytes, what);
}

/* From the rsp of a frame down to the CFA of the one inside it. */
static void put_between(struct drawing *d, size_t i)
{
	const struct view_frame *in = &d->v->frames[i + 1];
	const struct view_value *values[VIEW_VALUES];
	enum detail detail = detail_of(d, i + 1);
	bool rows = detail == DETAIL_VALUES, any = false;
	uint64_t at = d->v->frames[i].f.rsp;

	if (detail == DETAIL_BYTES) {
		pane_frame_handed(d->s, d->v, i + 1);
		return;
	}
	for (size_t k = 0, n = pane_by_address(in, values); k < n; k++) {
		const struct event_value *v = &values[k]->v;
		if (!pane_is_handed_over(d->v, i + 1, values[k]) || v->address >= at)
			continue;
		uint64_t size = (v->size + 7) & ~(uint64_t)7; // they are passed in words
		if (size < at - v->address && rows)
			put_gap(d, at - v->address - size, any ? "in between" : "not traced");
		if (rows)
			pane_value_row(d->s, values[k], i + 1, STYLE_PLAIN, false);
		at = v->address;
		any = true;
	}
	if (any && !rows)
		put_gap(d, d->v->frames[i].f.rsp - in->f.cfa, "of arguments");
	else if (!any)
		put_gap(d, at - in->f.cfa, "in between, not traced");
	else if (at > in->f.cfa)
		put_gap(d, at - in->f.cfa, "in between");
}

/* "rsp 0x7fffffffe390 ←", up to before the last column. */
void pane_put_rsp(struct pen *p, uint64_t rsp, enum glyph fill)
{
	char text[48];
	int n = snprintf(text, sizeof(text), " rsp 0x%llx ", (unsigned long long)rsp);

	if (fill == GLYPHS)
		pen_blank(p, p->end - 1 - n - 2);
	else
		pen_fill(p, fill, p->end - 1 - n - 2);
	p->style = STYLE_LINK;
	pen_text(p, text);
	pen_glyph(p, GLYPH_LEFT);
	pen_text(p, " ");
	p->style = STYLE_ASIDE;
}

/* The lower end of a frame that no other one continues. */
static void put_lower_border(struct drawing *d, size_t i, bool is_rsp)
{
	const struct view_frame *f = &d->v->frames[i];
	struct pen p = sheet_row(d->s, i);

	p.style = f->f.ghost ? STYLE_GHOST : STYLE_ASIDE;
	pen_glyph(&p, GLYPH_LOWER_LEFT);
	if (is_rsp && !pane_has_rsp_inside(d->v, i))
		pane_put_rsp(&p, f->f.rsp, GLYPH_HLINE);
	pen_fill(&p, GLYPH_HLINE, p.end - 1);
	pen_glyph(&p, GLYPH_LOWER_RIGHT);
}

/* Code that is not traced runs inside the innermost frame: how far down rsp is. */
static bool is_deeper(const struct drawing *d, const struct view_frame *f)
{
	enum { NEAR = 1 << 26 };
	return d->v->rsp && d->v->rsp < f->f.rsp && f->f.rsp - d->v->rsp < NEAR;
}

static void put_deeper(struct drawing *d, const struct view_frame *f)
{
	put_gap(d, f->f.rsp - d->v->rsp, "further down");
	struct pen p = sheet_row(d->s, SIZE_MAX);
	p.style = STYLE_ASIDE;
	pen_text(&p, ":");
	pane_put_rsp(&p, d->v->rsp, GLYPHS);
}

/* Below rsp: what a leaf function has there, and where that ends. */
static void put_red_zone(struct drawing *d, size_t i)
{
	const struct view_frame *f = &d->v->frames[i];

	if (pane_has_rsp_inside(d->v, i)) // it is not below the frame
		return;
	if (detail_of(d, i) == DETAIL_BYTES) {
		pane_frame_bytes(d->s, d->v, i, true);
		return;
	}
	const struct view_value *values[VIEW_VALUES];
	for (size_t k = 0, n = pane_by_address(f, values); k < n; k++)
		if (pane_is_below(f, values[k]))
			pane_value_row(d->s, values[k], i, STYLE_PLAIN, false);
	struct pen p = sheet_row(d->s, i);
	p.style = STYLE_ASIDE;
	pen_text(&p, ": ");
	pen_address(&p, f->f.rsp - RED_ZONE, p.end >= PANE_WIDE);
	pen_text(&p, " red zone: 128 bytes below rsp");
}

static void put_inside(struct drawing *d, size_t i)
{
	switch (detail_of(d, i)) {
	case DETAIL_LINE:
		break;
	case DETAIL_VALUES:
		pane_frame_values(d->s, d->v, i);
		break;
	case DETAIL_BYTES:
		pane_frame_bytes(d->s, d->v, i, false);
		break;
	}
}

/* A frame that begins where the one outside it ends shares the border with it. */
static bool joins(const struct view_frame *out, const struct view_frame *f)
{
	return out && out->f.rsp == f->f.cfa;
}

/* A popped frame where there is no room for a box. */
static void put_ghost_line(struct drawing *d, size_t i)
{
	const struct view_frame *f = &d->v->frames[i];
	char extent[80];
	struct pen p = sheet_row(d->s, i);
	int n = put_extent(extent, sizeof(extent), f, false);

	p.style = STYLE_GHOST;
	pen_text(&p, ": ");
	pen_address(&p, f->f.rsp, p.end >= PANE_WIDE);
	pen_text(&p, " ");
	p.end -= n;
	put_name(&p, f, DETAIL_LINE, false);
	p.end += n;
	pen_blank(&p, p.end - n);
	p.style = STYLE_GHOST;
	pen_text(&p, extent);
}

static void put_frame(struct drawing *d, size_t i)
{
	if (d->v->frames[i].f.ghost && detail_of(d, i) == DETAIL_LINE) {
		put_ghost_line(d, i);
		return;
	}

	const struct view_frame *f = &d->v->frames[i], *in = f->f.ghost ? NULL : inner(d->v, i);
	size_t row = (size_t)d->s->c.rows;

	put_upper_border(d, i, !f->f.ghost && joins(outer(d->v, i), f));
	put_inside(d, i);
	bool innermost = !f->f.ghost && !in, deeper = innermost && is_deeper(d, f);
	if (!in || !joins(f, in))
		put_lower_border(d, i, innermost && !deeper);
	if (in && in->f.cfa < f->f.rsp)
		put_between(d, i);
	if (deeper)
		put_deeper(d, f);
	else if (innermost)
		put_red_zone(d, i);
	if (i == d->v->selected)
		sheet_show(d->s, row);
}

static void put_count(struct sheet *s, size_t n, const char *where)
{
	struct pen p = sheet_row(s, SIZE_MAX);

	p.style = STYLE_ASIDE;
	pen_printf(&p, "  %zu more frames further %s", n, where);
}

static void put_all(struct drawing *d)
{
	const struct view *v = d->v;

	if (v->more_above)
		put_count(d->s, v->more_above, "out");
	for (size_t i = 0; i < v->n_frames; i++) {
		if (i > 0 && v->frames[i].f.stack_top != v->frames[i - 1].f.stack_top)
			sheet_say(d->s, "another stack of this thread");
		put_frame(d, i);
	}
	if (v->more_below)
		put_count(d->s, v->more_below, "in");
}

void pane_stack(struct sheet *s, const struct view *v, const struct look *k)
{
	struct drawing d = {.s = s, .v = v, .k = k};

	if (v->threads > 1 && v->thread)
		buf_printf(&s->title, "thread %u, one of %zu (t: next)", v->thread, v->threads);
	else if (v->threads > 1)
		buf_printf(&s->title, "thread %d, one of %zu (t: next)", v->tid, v->threads);
	else
		buf_str(&s->title, "high addresses on top");
	if (v->n_live == 0)
		sheet_say(s, "no traced function is running");
	bool wide = s->c.cols >= PANE_WIDE;
	for (d.room = wide ? ROOM_RICH : ROOM_ENOUGH;; d.room++) {
		int row = s->c.rows;
		put_all(&d);
		if (s->c.rows <= k->rows || d.room == ROOM_TIGHT)
			break;
		sheet_cut(s, row);
	}
	s->rich = d.room == ROOM_RICH;
	sheet_all(s);
}
