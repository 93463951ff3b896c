/*
 * text_detail.c - what -v adds below a push, a pop or an inlined call: the arithmetic, the return
 * address, values with their types and parts. They keep the column of rsp for addresses.
 */
#include "report/text_reporter.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES_TOLD = 8 }; // of those that a signal found, with -v

/* The columns of rsp and to the left of it, for a line that tells of an address. */
static void add_address(struct lines *l, bool known, uint64_t address)
{
	buf_pad(&l->b, ' ', WIDTH_DELTA + 2);
	if (known)
		lines_hex(l, address, WIDTH_RSP);
	else
		buf_pad(&l->b, ' ', WIDTH_RSP);
}

/* "call -8, push rbp -8, sub rsp,0x10 -16 = -32" */
void text_arithmetic(struct lines *l, const struct event *ev)
{
	for (size_t i = 0; i < ev->n_parts; i++) {
		if (i)
			lines_ours(l, ", ");
		lines_text(l, ev->parts[i].text);
		buf_char(&l->b, ' ');
		buf_signed(&l->b, ev->parts[i].bytes);
	}
	if (!ev->n_parts)
		lines_ours(l, "by instructions not known");
	lines_ours(l, " = ");
	if (ev->delta_known)
		buf_signed(&l->b, ev->delta);
	else
		buf_char(&l->b, '?');
}

/* A line of -v: an address in its column, or a register, then blank up to the frame's own text. */
void text_begin_detail(struct reporter *r, const struct event *ev, bool known, uint64_t address)
{
	struct lines *l = &r->lines;

	lines_tone(l, TONE_PLAIN);
	add_address(l, known, address);
	text_indent(r, ev, NULL);
	lines_tone(l, TONE_ASIDE);
	lines_ours(l, "    ");
}

void text_end_detail(struct lines *l)
{
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
}

/* The parts of a value: each line of it is "ADDRESS\tTEXT". */
void text_detail_parts(struct reporter *r, const struct event *ev, const char *s)
{
	struct lines *l = &r->lines;

	while (s && *s) {
		size_t n = strcspn(s, "\n");
		const char *tab = memchr(s, '\t', n);
		size_t head = tab ? (size_t)(tab - s) : 0;
		text_begin_detail(r, ev, head != 0, strtoull(s, NULL, 16));
		lines_ours(l, "  ");
		lines_some(l, tab ? tab + 1 : s, n - (tab ? head + 1 : 0));
		text_end_detail(l);
		s += n + (s[n] == '\n');
	}
}

void text_detail_value(struct reporter *r, const struct event *ev, const char *what,
		       const struct event_value *v)
{
	struct lines *l = &r->lines;

	text_begin_detail(r, ev, v->has_address, v->address);
	lines_ours(l, what);
	if (*v->name) {
		buf_char(&l->b, ' ');
		lines_text(l, v->name);
	}
	lines_ours(l, " = ");
	lines_text(l, v->value);
	text_block(l, v, true);
	text_points_to(&l->b, v->points_to, v->value);
	if (v->entry) {
		lines_ours(l, "; at entry ");
		lines_text(l, v->entry);
	}
	lines_ours(l, "   ");
	lines_text(l, v->type);
	if (v->size) {
		lines_ours(l, ", ");
		lines_count(l, v->size, "byte");
	}
	if (v->reg) {
		lines_ours(l, " in ");
		lines_text(l, v->reg);
	}
	if (v->scope_ended)
		lines_ours(l, ", scope over");
	if (v->why) {
		lines_ours(l, ", ");
		lines_text(l, v->why);
	}
	text_end_detail(l);
	text_detail_parts(r, ev, v->full);
}

static void detail_return_address(struct reporter *r, const struct event *ev)
{
	struct lines *l = &r->lines;

	text_begin_detail(r, ev, true, ev->cfa - 8); // psABI, figure 3.3
	lines_ours(l, "return address ");
	buf_hex(&l->b, ev->return_address);
	if (ev->return_symbol) {
		lines_ours(l, ", ");
		lines_text(l, ev->return_symbol);
	}
	if (ev->caller_file && ev->caller_line) {
		lines_ours(l, ", called at ");
		lines_position(l, ev->caller_file, ev->caller_line);
	}
	text_end_detail(l);
}

void text_detail_walk(struct reporter *r, const struct event *ev)
{
	struct lines *l = &r->lines;

	for (size_t i = 0; i < ev->n_walk; i++) {
		text_begin_detail(r, ev, ev->walk[i].cfa != 0, ev->walk[i].cfa);
		buf_char(&l->b, '#');
		buf_udec(&l->b, i);
		buf_char(&l->b, ' ');
		buf_hex(&l->b, ev->walk[i].pc);
		buf_char(&l->b, ' ');
		lines_text(l, ev->walk[i].symbol);
		if (ev->walk[i].within) {
			lines_ours(l, " (inlined in ");
			lines_text(l, ev->walk[i].within);
			buf_char(&l->b, ')');
		}
		text_end_detail(l);
	}
}

static const char *local_word(const struct event_value *v)
{
	return v->is_static ? "static local" : "local";
}

void text_push_details(struct reporter *r, const struct event *ev)
{
	if (ev->n_slots)
		return; // the frame map says all of it
	text_begin_detail(r, ev, ev->cfa != 0, ev->cfa);
	lines_ours(&r->lines, "rsp before the call (CFA): ");
	text_arithmetic(&r->lines, ev);
	text_end_detail(&r->lines);
	if (ev->cfa && ev->return_address)
		detail_return_address(r, ev);
	for (size_t i = 0; i < ev->n_args; i++)
		text_detail_value(r, ev, "argument", &ev->args[i]);
}

void text_pop_details(struct reporter *r, const struct event *ev)
{
	for (size_t i = 0; i < ev->n_args && r->options.verbose > 1 && !ev->n_slots; i++)
		text_detail_value(r, ev, "argument", &ev->args[i]);
	for (size_t i = 0; i < ev->n_locals && !ev->n_slots; i++)
		text_detail_value(r, ev, local_word(&ev->locals[i]), &ev->locals[i]);
	if (ev->how == POP_RETURN && ev->has_return)
		text_detail_value(r, ev, "return value", &ev->returned);
	if (ev->n_parts && !ev->n_slots) {
		text_begin_detail(r, ev, false, 0);
		text_arithmetic(&r->lines, ev);
		text_end_detail(&r->lines);
	}
}

/* "#0 leaf, crash.c:13", in the frame's own column. */
static void begin_frame(struct reporter *r, const struct event *ev, size_t number,
			const struct event_frame_at_signal *f)
{
	struct lines *l = &r->lines;

	text_begin_detail(r, ev, false, 0);
	buf_char(&l->b, '#');
	buf_udec(&l->b, number);
	buf_char(&l->b, ' ');
	lines_text(l, f->function);
	if (f->file && f->line) {
		lines_ours(l, ", ");
		lines_position(l, f->file, f->line);
	}
	text_end_detail(l);
}

void text_signal_details(struct reporter *r, const struct event *ev)
{
	size_t n = ev->n_frames;
	uint64_t untold;

	if (r->options.verbose < 2 && n > FRAMES_TOLD)
		n = FRAMES_TOLD;
	for (size_t i = 0; i < n; i++) {
		const struct event_frame_at_signal *f = &ev->frames[i];
		struct event place = {.tid = ev->tid, .depth = f->depth};
		begin_frame(r, &place, i, f);
		for (size_t k = 0; k < f->n_args; k++)
			text_detail_value(r, &place, "argument", &f->args[k]);
		for (size_t k = 0; k < f->n_locals; k++)
			text_detail_value(r, &place, local_word(&f->locals[k]), &f->locals[k]);
	}
	untold = ev->n_frames - n + ev->more_frames;
	if (!untold)
		return;
	text_begin_detail(r, &(struct event){.tid = ev->tid}, false, 0);
	lines_count(&r->lines, untold, "more frame");
	if (ev->n_frames > n)
		lines_ours(&r->lines, " (-vv shows more)");
	text_end_detail(&r->lines);
}
