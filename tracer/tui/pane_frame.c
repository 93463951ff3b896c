/*
 * pane_frame.c - the inside of a frame's box: its variables, or whose its bytes are.
 *
 *	│*…e394 n: i32 = 48                      4 │	* changed
 *	│ …e398   8 return to main+22              │	open: every byte has an owner
 *	│           56 81 56 55 55 55 00 00        │
 */
#include <stdio.h>
#include <string.h>

#include "tui/panes.h"

enum { BYTES_SHOWN = 32 };

static bool is(const struct event_slot *s, const char *owner)
{
	return strcmp(s->owner, owner) == 0;
}

static bool is_wide(const struct sheet *s)
{
	return s->c.cols >= PANE_WIDE;
}

/* The left border; returns a pen that ends before the right one. */
static struct pen begin(struct sheet *s, size_t tag, bool boxed)
{
	struct pen p = sheet_row(s, tag);

	p.style = STYLE_ASIDE;
	if (boxed)
		pen_glyph(&p, GLYPH_VLINE);
	else
		pen_text(&p, ":");
	p.end--;
	return p;
}

static void end(struct sheet *s, struct pen *p, bool boxed)
{
	p->end = s->c.cols;
	p->style = STYLE_ASIDE;
	pen_blank(p, s->c.cols - 1);
	if (boxed)
		pen_glyph(p, GLYPH_VLINE);
}

/* "*" and an address, or what the variable is in. */
static void put_where(struct pen *p, bool changed, bool known, uint64_t address, const char *reg,
		      bool full)
{
	int width = full ? 14 : 5, at = p->col + 1;

	p->style = changed ? STYLE_CHANGED : STYLE_ASIDE;
	pen_text(p, changed ? "*" : " ");
	p->style = STYLE_ASIDE;
	if (known)
		pen_address(p, address, full);
	else if (reg)
		pen_text(p, reg);
	pen_blank(p, at + width + 1);
}

/* Where a pointer leads. */
static void put_link(struct pen *p, const struct view_value *value)
{
	const struct event_value *v = &value->v;
	enum style before = p->style;

	if (v->block && !v->dangling) {
		p->style = value->freed ? STYLE_GHOST : STYLE_LINK;
		pen_text(p, " ");
		pen_glyph(p, GLYPH_RIGHT);
		pen_mark(p, v->block);
		if (value->freed)
			pen_text(p, " freed");
	}
	p->style = before;
}

/* Right-aligned; where there is no room it is not said. */
static void put_size(struct pen *p, uint64_t size)
{
	char text[24];
	int n = snprintf(text, sizeof(text), " %llu ", (unsigned long long)size);

	if (p->col + n > p->end)
		return;
	p->style = STYLE_ASIDE;
	pen_blank(p, p->end - n);
	pen_text(p, text);
}

/* Of " →①". */
static int link_columns(const struct view_value *value)
{
	const struct event_value *v = &value->v;
	enum { ARROW = 2, NUMBER_MAX = 6, FREED = 6 };
	if (!v->block || v->dangling)
		return 0;
	return ARROW + (v->block > 20 ? NUMBER_MAX : 2) + (value->freed ? FREED : 0);
}

/* The type gives way where there is no room for all. */
static bool has_room_for_type(const struct pen *p, const struct view_value *value)
{
	const struct event_value *v = &value->v;
	int columns = text_columns(v->name) + 5 + text_columns(v->type ? v->type : "?");

	columns += v->value ? text_columns(v->value) : 1;
	return columns + link_columns(value) <= p->end - p->col;
}

static void put_value(struct pen *p, const struct view_value *value, enum style style)
{
	const struct event_value *v = &value->v;
	bool has_type = has_room_for_type(p, value);

	p->style = style;
	pen_text(p, *v->name ? v->name : "(unnamed)");
	if (has_type) {
		p->style = style == STYLE_GHOST ? style : STYLE_ASIDE;
		pen_text(p, ": ");
		pen_text(p, v->type);
	}
	p->style = style;
	pen_text(p, " = ");
	p->style = value->changed	  ? STYLE_CHANGED
		   : style == STYLE_GHOST ? style
		   : v->known		  ? STYLE_VALUE
					  : STYLE_ASIDE;
	p->end -= link_columns(value);
	pen_text(p, v->value);
	p->end += link_columns(value);
	put_link(p, value);
	p->style = STYLE_ASIDE;
	if (v->scope_ended)
		pen_text(p, ", scope over");
}

static void put_dangling(struct sheet *s, const struct event_value *v, size_t tag, int indent,
			 bool boxed)
{
	struct pen p = begin(s, tag, boxed);

	pen_blank(&p, indent);
	p.style = STYLE_ALARM;
	pen_text(&p, "points to what is gone: ");
	pen_text(&p, v->dangling);
	end(s, &p, boxed);
}

void pane_value_row(struct sheet *s, const struct view_value *value, size_t tag, enum style style,
		    bool boxed)
{
	const struct event_value *v = &value->v;
	struct pen p = begin(s, tag, boxed);

	put_where(&p, value->changed, v->has_address, v->address, v->reg, is_wide(s));
	put_value(&p, value, style);
	if (v->size)
		put_size(&p, v->size);
	end(s, &p, boxed);
	if (v->dangling)
		put_dangling(s, v, tag, is_wide(s) ? 19 : 10, boxed);
}

static void put_return(struct sheet *s, const struct view *v, size_t tag, enum style style)
{
	const struct view_frame *f = &v->frames[tag];
	struct pen p = begin(s, tag, true);

	if (v->overwritten && v->overwritten == f->f.cfa - 8 && !f->f.ghost) {
		put_where(&p, true, true, v->overwritten, NULL, is_wide(s));
		p.style = STYLE_ALARM;
		pen_printf(&p, "0x%llx, not ", (unsigned long long)v->now_there);
		pen_text(&p, f->return_symbol ? f->return_symbol : "the return address");
		end(s, &p, true);
		return;
	}
	put_where(&p, false, true, f->f.cfa - 8, NULL, is_wide(s));
	p.style = style == STYLE_GHOST ? style : STYLE_LINK;
	pen_text(&p, "return to ");
	p.style = style == STYLE_GHOST ? style : STYLE_PLAIN;
	if (f->return_symbol)
		pen_text(&p, f->return_symbol);
	else
		pen_printf(&p, "0x%llx", (unsigned long long)f->return_address);
	p.style = STYLE_ASIDE;
	if (f->caller_file && f->caller_line)
		pen_printf(&p, ", %s:%u", path_name(f->caller_file), f->caller_line);
	end(s, &p, true);
}

bool pane_is_below(const struct view_frame *f, const struct view_value *value)
{
	return value->v.has_address && value->v.address < f->f.rsp &&
	       f->f.rsp - value->v.address <= 128;
}

/* As memory has them, the highest address first; those that are not in memory at the end. */
static bool is_before(const struct event_value *a, const struct event_value *b)
{
	if (!a->has_address || !b->has_address)
		return a->has_address && !b->has_address;
	return a->address > b->address;
}

size_t pane_by_address(const struct view_frame *f, const struct view_value *ret[VIEW_VALUES])
{
	size_t n = 0;

	for (; f->detailed && n < f->n_values && n < VIEW_VALUES; n++) {
		size_t at = n;
		for (; at > 0 && is_before(&f->values[n].v, &ret[at - 1]->v); at--)
			ret[at] = ret[at - 1];
		ret[at] = &f->values[n];
	}
	return n;
}

static bool is_handed_over(const struct view *v, size_t frame, uint64_t address)
{
	const struct view_frame *f = &v->frames[frame], *out = frame > 0 ? f - 1 : NULL;
	return out && !out->f.ghost && !f->f.ghost && out->f.stack_top == f->f.stack_top &&
	       address >= f->f.cfa && address < out->f.rsp;
}

bool pane_is_handed_over(const struct view *v, size_t frame, const struct view_value *value)
{
	return value->v.has_address && is_handed_over(v, frame, value->v.address);
}

bool pane_has_rsp_inside(const struct view *v, size_t frame)
{
	const struct view_frame *f = &v->frames[frame];
	const struct view_frame *in = frame + 1 < v->n_frames ? f + 1 : NULL;
	bool innermost = !in || in->f.ghost || in->f.stack_top != f->f.stack_top;
	return innermost && !f->f.ghost && v->rsp > f->f.rsp && v->rsp <= f->f.cfa;
}

/* Where rsp is, between what is above it and what is not. */
static void put_rsp_row(struct sheet *s, const struct view *v, size_t tag)
{
	struct pen p = begin(s, tag, true);

	p.end++;
	pane_put_rsp(&p, v->rsp, GLYPHS);
	end(s, &p, true);
}

/* The return address, and what is above it. */
static void put_rsp_and_return(struct sheet *s, const struct view *v, size_t frame, bool *rsp,
			       bool *returns)
{
	const struct view_frame *f = &v->frames[frame];

	if (*rsp && v->rsp > f->f.cfa - 8) {
		put_rsp_row(s, v, frame);
		*rsp = false;
	}
	if (*returns)
		put_return(s, v, frame, f->f.ghost ? STYLE_GHOST : STYLE_PLAIN);
	*returns = false;
}

void pane_frame_values(struct sheet *s, const struct view *v, size_t frame)
{
	const struct view_frame *f = &v->frames[frame];
	const struct view_value *values[VIEW_VALUES];
	enum style style = f->f.ghost ? STYLE_GHOST : STYLE_PLAIN;
	bool returns = f->detailed && f->return_address, rsp = pane_has_rsp_inside(v, frame);

	for (size_t i = 0, n = pane_by_address(f, values); i < n; i++) {
		const struct event_value *value = &values[i]->v;
		if (pane_is_handed_over(v, frame, values[i]) ||
		    (!f->f.ghost && pane_is_below(f, values[i])))
			continue;
		if (!value->has_address || value->address < f->f.cfa)
			put_rsp_and_return(s, v, frame, &rsp, &returns);
		if (rsp && (!value->has_address || value->address < v->rsp)) {
			put_rsp_row(s, v, frame);
			rsp = false;
		}
		pane_value_row(s, values[i], frame, style, true);
	}
	put_rsp_and_return(s, v, frame, &rsp, &returns);
	if (rsp)
		put_rsp_row(s, v, frame);
}

/* "n: i32 = 48", "saved rbp = 0x7f…", "spill 0x60 (96), from edi" */
static void put_slot(struct pen *p, const struct view_frame *f, const struct view_slot *slot)
{
	const struct event_slot *s = &slot->s;
	const struct view_value *value = slot->value;
	enum style style = p->style;
	int link = value ? link_columns(value) : 0;
	bool is_return = is(s, "return address"), is_named = s->name && s->type;

	p->style = is_return && style != STYLE_GHOST ? STYLE_LINK : style;
	if (is_return)
		pen_text(p, "return to ");
	else if (is(s, "saved register"))
		pen_text(p, "saved ");
	else if (!is_named)
		pen_text(p, s->owner);
	p->style = style;
	if (is_return) {
		pen_text(p, f->return_symbol ? f->return_symbol : s->value);
		return;
	}
	if (s->name && !is_named && !is(s, "saved register"))
		pen_text(p, " ");
	pen_text(p, s->name ? s->name : "");
	if (s->offset)
		pen_printf(p, " from byte %llu", (unsigned long long)s->offset);
	int columns = s->type ? 5 + text_columns(s->type) : 0;
	columns += s->value ? text_columns(s->value) : 0;
	if (s->type && (!s->value || columns + link <= p->end - p->col)) { // else it gives way
		p->style = style == STYLE_GHOST ? style : STYLE_ASIDE;
		pen_text(p, ": ");
		pen_text(p, s->type);
		p->style = style;
	}
	if (s->value) {
		pen_text(p, " = ");
		p->style = slot->changed	  ? STYLE_CHANGED
			   : style == STYLE_GHOST ? style
						  : STYLE_VALUE;
		p->end -= link;
		pen_text(p, s->value);
		p->end += link;
	}
	if (link)
		put_link(p, value);
}

/* The slot above is of the same variable and not written either: it has been said. */
static bool goes_on(const struct view_frame *f, const struct view_slot *slot)
{
	const struct event_slot *s = &slot->s, *above = slot > f->slots ? &slot[-1].s : NULL;

	return above && above->unwritten && above->name && s->name && s->type && above->type &&
	       strcmp(above->name, s->name) == 0 && above->offset != s->offset;
}

/* `then`: the map is of the push, and that is past. */
static void put_remarks(struct pen *p, const struct view_frame *f, const struct view_slot *slot,
			bool then)
{
	const struct event_slot *s = &slot->s;
	bool nobodys = is(s, "padding") || is(s, "red zone");

	p->style = STYLE_ASIDE;
	if (s->reg && s->value)
		pen_printf(p, ", from %s", s->reg);
	if (s->inlined)
		pen_printf(p, " (inlined %s)", s->inlined);
	if (s->inferred)
		pen_text(p, " (inferred)");
	if (s->scope_ended)
		pen_text(p, ", scope over");
	if (s->unwritten && !nobodys && !goes_on(f, slot))
		pen_text(p, then ? ", not written then" : ", not written yet");
	if (s->ghost) {
		p->style = STYLE_GHOST;
		pen_printf(p, "; ghost: still %s", s->ghost);
	}
}

/* "30 00 00 00": as memory has them, the lowest address first. */
static void put_bytes(struct sheet *s, struct pen *p, const struct event_slot *slot, size_t frame,
		      int indent, bool boxed)
{
	struct buf b;
	bool more = strlen(slot->bytes) < 2 * slot->size || slot->size > BYTES_SHOWN;

	buf_init(&b);
	for (const char *h = slot->bytes; h[0] && h[1] && b.len < 3 * BYTES_SHOWN; h += 2)
		buf_printf(&b, "%s%.2s", b.len ? " " : "", h);
	if (more)
		buf_str(&b, " ..");
	if (p->col + 2 + (int)b.len > p->end - 1) {
		end(s, p, boxed);
		*p = begin(s, frame, boxed);
		pen_blank(p, indent);
	} else {
		pen_blank(p, p->end - (int)b.len - 1);
	}
	p->style = STYLE_ASIDE;
	pen_text(p, b.s);
	buf_deinit(&b);
}

static void slot_row(struct sheet *s, const struct view *v, size_t frame,
		     const struct view_slot *slot, bool boxed)
{
	const struct view_frame *f = &v->frames[frame];
	struct pen p = begin(s, frame, boxed);
	bool wide = is_wide(s);

	put_where(&p, slot->changed, true, slot->s.address, NULL, wide);
	if (wide)
		pen_printf(&p, "%5lld ", (long long)(slot->s.address - f->f.cfa));
	pen_printf(&p, "%3llu ", (unsigned long long)slot->s.size);
	int indent = p.col;
	p.style = f->f.ghost ? STYLE_GHOST : STYLE_PLAIN;
	put_slot(&p, f, slot);
	put_remarks(&p, f, slot, !f->f.ghost && v->seq != f->f.pushed_seq);
	if (slot->s.bytes && !is(&slot->s, "red zone"))
		put_bytes(s, &p, &slot->s, frame, indent, boxed);
	end(s, &p, boxed);
	if (slot->value && slot->value->v.dangling)
		put_dangling(s, &slot->value->v, frame, indent, boxed);
}

static void cfa_row(struct sheet *s, const struct view *v, size_t frame)
{
	const struct view_frame *f = &v->frames[frame];
	struct pen p = begin(s, frame, true);

	put_where(&p, false, true, f->f.cfa, NULL, is_wide(s));
	pen_text(&p, "CFA");
	if (!f->f.ghost && v->seq != f->f.pushed_seq && !v->holds.insn)
		pen_printf(&p, ", bytes as of event %llu", (unsigned long long)f->f.pushed_seq);
	if (f->parts) {
		pen_text(&p, ": ");
		pen_text(&p, f->parts);
	}
	end(s, &p, true);
}

void pane_frame_bytes(struct sheet *s, const struct view *v, size_t frame, bool below_rsp)
{
	const struct view_frame *f = &v->frames[frame];
	bool rsp = !below_rsp && pane_has_rsp_inside(v, frame);

	for (size_t i = 0; i < f->n_slots; i++) {
		const struct view_slot *slot = &f->slots[i];
		bool below = slot->s.address < f->frame_rsp;
		if (below != below_rsp || is_handed_over(v, frame, slot->s.address))
			continue;
		if (rsp && slot->s.address < v->rsp) {
			put_rsp_row(s, v, frame);
			rsp = false;
		}
		if (slot->s.address + slot->s.size == f->f.cfa)
			cfa_row(s, v, frame);
		if (v->overwritten && v->overwritten == slot->s.address && !f->f.ghost)
			put_return(s, v, frame, STYLE_PLAIN);
		else
			slot_row(s, v, frame, slot, !below);
	}
	if (rsp)
		put_rsp_row(s, v, frame);
}

void pane_frame_handed(struct sheet *s, const struct view *v, size_t frame)
{
	const struct view_frame *f = &v->frames[frame];

	for (size_t i = 0; i < f->n_slots; i++)
		if (is_handed_over(v, frame, f->slots[i].s.address))
			slot_row(s, v, frame, &f->slots[i], false);
}
