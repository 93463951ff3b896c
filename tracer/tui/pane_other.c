/*
 * pane_other.c - heap blocks, the address space, registers, the program's output.
 */
#include <stdio.h>
#include <string.h>

#include "report/text.h"
#include "tui/panes.h"

enum {
	HEAP_WIDE = 50,
	MAP_WIDE = 46,	// columns from which its parts stand apart
	MAP_WORDS = 76, // from which there are words behind a band's name
	REGISTER_WIDE = 24,
	REGISTER_NARROW = 19,
	OUTPUT_LINES = 1000,
};

/* ---- heap ---- */

/* "← heap of main, result of boxed_value": the variables that point into the block. */
static bool put_owners(struct pen *p, const struct view *v, uint64_t number)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_frames; i++) {
		const struct view_frame *f = &v->frames[i];
		for (size_t k = 0; k < f->n_values && !f->f.ghost; k++) {
			const struct event_value *value = &f->values[k].v;
			if (value->block != number)
				continue;
			if (n++ == 0) {
				pen_glyph(p, GLYPH_LEFT);
				pen_text(p, " ");
			} else {
				pen_text(p, ", ");
			}
			pen_text(p, value->name);
			pen_text(p, " of ");
			pen_text(p, f->f.function);
		}
	}
	return n > 0;
}

static void put_who(struct pen *p, const struct log_block *b)
{
	if (b->call)
		pen_text(p, b->call);
	if (b->function) {
		pen_text(p, " for ");
		pen_text(p, b->function);
	}
	if (b->file && b->line)
		pen_printf(p, ", %s:%u", path_name(b->file), b->line);
}

static void block_row(struct sheet *s, const struct view *v, size_t i)
{
	const struct view_block *block = &v->blocks[i];
	const struct log_block *b = &block->b;
	struct pen p = sheet_row(s, i);
	bool wide = s->c.cols >= HEAP_WIDE;

	bool changed = block->is_new || block->gone;
	p.style = changed ? STYLE_CHANGED : STYLE_PLAIN;
	pen_text(&p, changed ? "*" : " ");
	p.style = block->gone ? STYLE_GHOST : STYLE_LINK;
	pen_mark(&p, b->number);
	pen_text(&p, " ");
	p.style = block->gone ? STYLE_GHOST : STYLE_ASIDE;
	pen_address(&p, b->address, wide);
	p.style = block->gone ? STYLE_GHOST : STYLE_PLAIN;
	pen_printf(&p, "%7llu byte%s ", (unsigned long long)b->size, b->size == 1 ? " " : "s");
	if (block->gone) {
		pen_text(&p, " ghost: freed");
		return;
	}
	p.style = STYLE_LINK;
	pen_blank(&p, p.col + 1);
	bool owned = put_owners(&p, v, b->number);
	p.style = STYLE_ASIDE;
	if (!owned && !wide)
		put_who(&p, b);
	if (!wide)
		return;
	if (owned)
		p = sheet_row(s, i);
	p.style = STYLE_ASIDE;
	pen_blank(&p, owned ? 5 : p.col);
	put_who(&p, b);
}

void pane_heap(struct sheet *s, const struct view *v)
{
	uint64_t bytes = 0;

	for (size_t i = v->n_blocks; i-- > 0;) {
		bytes += v->blocks[i].gone ? 0 : v->blocks[i].b.size;
		block_row(s, v, i);
	}
	if (v->all_blocks == 0)
		buf_str(&s->title, v->holds.heap ? "no blocks" : "not recorded");
	else if (v->all_blocks > VIEW_BLOCKS)
		buf_printf(&s->title, "%llu blocks", (unsigned long long)v->all_blocks);
	else
		buf_printf(&s->title, "%llu block%s, %llu bytes", (unsigned long long)v->all_blocks,
			   v->all_blocks == 1 ? "" : "s", (unsigned long long)bytes);
	if (v->all_blocks > VIEW_BLOCKS)
		sheet_say(s, "the others are not shown");
	sheet_all(s);
}

/* ---- address space ---- */

static uint64_t register_value(const struct view *v, const char *name)
{
	for (size_t i = 0; i < v->n_registers; i++)
		if (strcmp(v->registers[i].r.name, name) == 0)
			return v->registers[i].r.value;
	return 0;
}

static bool in(const struct event_band *b, uint64_t address)
{
	return address && address >= b->lo && address < b->hi;
}

/* What the other panes show of it. */
static void put_pointers(struct pen *p, const struct view *v, const struct event_band *b)
{
	uint64_t pc = register_value(v, "rip");

	p->style = STYLE_LINK;
	if (in(b, v->rsp) || in(b, pc ? pc : v->place.pc)) {
		pen_text(p, " ");
		pen_glyph(p, GLYPH_LEFT);
		pen_text(p, in(b, v->rsp) ? " rsp" : " rip");
	}
	for (size_t i = 0; i < v->n_blocks; i++) {
		if (v->blocks[i].gone || !in(b, v->blocks[i].b.address))
			continue;
		pen_text(p, " ");
		pen_mark(p, v->blocks[i].b.number);
	}
}

static void put_words(struct pen *p, const struct view *v, const struct event_band *b)
{
	const struct event_map m = {.stack_stop = v->stack_stop, .stack_room = v->stack_room};
	struct lines l;

	lines_init(&l, false);
	text_band(&l, &m, b);
	p->style = STYLE_ASIDE;
	pen_text(p, "  ");
	pen_text(p, l.b.s);
	lines_deinit(&l);
}

static void band_row(struct sheet *s, const struct view *v, size_t i)
{
	const struct event_band *b = &v->bands[i].b;
	bool free = strcmp(b->name, "free") == 0, wide = s->c.cols >= MAP_WIDE;
	struct pen p = sheet_row(s, i);
	struct buf size;

	buf_init(&size);
	buf_size(&size, b->hi - b->lo);
	p.style = v->bands[i].changed ? STYLE_CHANGED : STYLE_PLAIN;
	pen_text(&p, v->bands[i].changed ? "*" : " ");
	p.style = STYLE_ASIDE;
	pen_printf(&p, b->lo ? "0x%012llx" : "           0x%llx", (unsigned long long)b->lo);
	pen_printf(&p, "%11s ", size.s);
	p.style = free ? STYLE_ASIDE : STYLE_NAME;
	pen_text(&p, b->name);
	pen_blank(&p, wide ? 38 : p.col);
	put_pointers(&p, v, b);
	if (s->c.cols >= MAP_WORDS && (!free || b->what))
		put_words(&p, v, b);
	buf_deinit(&size);
}

void pane_map(struct sheet *s, const struct view *v)
{
	if (v->n_bands == 0)
		sheet_say(s, "the address space was not recorded");
	else if (v->map_seq != v->seq)
		buf_printf(&s->title, "as of event %llu", (unsigned long long)v->map_seq);
	else
		buf_str(&s->title, "high addresses on top");
	for (size_t i = 0; i < v->n_bands; i++) {
		band_row(s, v, i);
		if (in(&v->bands[i].b, v->rsp))
			s->show = s->show_until = i;
	}
	if (v->n_bands) {
		struct pen p = sheet_row(s, SIZE_MAX);
		p.style = STYLE_ASIDE;
		pen_text(&p, " the size is of what lies from there upwards");
	}
	sheet_all(s);
}

/* ---- registers ---- */

/* "0x60 (96)"; where there is no room only the shorter one. */
static void put_number(struct pen *p, uint64_t value, bool wide)
{
	struct buf hex, dec;
	int64_t number = (int64_t)value;
	bool is_small = number > -100000 && number < 100000 && (number > 9 || number < 0);
	int room = p->end - p->col;

	buf_init(&hex);
	buf_init(&dec);
	buf_hex(&hex, value);
	buf_dec(&dec, number);
	if (is_small && (int)hex.len > room)
		pen_text(p, dec.s);
	else
		pen_text(p, hex.s);
	if (wide && is_small && (int)(hex.len + dec.len) + 3 <= room)
		pen_printf(p, " (%s)", dec.s);
	buf_deinit(&hex);
	buf_deinit(&dec);
}

static void put_register(struct pen *p, const struct view_register *r, bool wide)
{
	p->style = r->changed ? STYLE_CHANGED : STYLE_ASIDE;
	pen_text(p, r->changed ? "*" : " ");
	p->style = r->changed ? STYLE_CHANGED : STYLE_NAME;
	pen_text(p, strcmp(r->r.name, "rflags") == 0 ? "flg" : r->r.name);
	p->style = r->changed ? STYLE_CHANGED : STYLE_PLAIN;
	pen_blank(p, p->col + (strlen(r->r.name) < 3 ? 2 : 1));
	put_number(p, r->r.value, wide);
}

void pane_registers(struct sheet *s, const struct view *v)
{
	int wide = s->c.cols / REGISTER_WIDE, narrow = s->c.cols / REGISTER_NARROW;
	int columns = wide >= 2 ? wide : narrow >= 2 ? narrow : 1;
	columns = columns < 4 ? columns : 4;
	size_t rows = (v->n_registers + (size_t)columns - 1) / (size_t)columns;

	if (v->n_registers == 0)
		sheet_say(s, v->holds.registers || v->live
				     ? "no event up to here has the registers of this thread"
				     : "registers were not recorded (record --registers)");
	else if (v->is_other)
		buf_str(&s->title, "as of its last event");
	else if (v->in_prologue)
		buf_str(&s->title, "as of the push, but for rsp and rip");
	for (size_t row = 0; row < rows; row++) {
		struct pen p = sheet_row(s, row);
		for (int i = 0; i < columns; i++) {
			size_t at = (size_t)i * rows + row;
			if (at >= v->n_registers)
				break;
			p.col = i * (s->c.cols / columns);
			p.end = (i + 1) * (s->c.cols / columns);
			put_register(&p, &v->registers[at], wide >= 2);
		}
	}
	sheet_all(s);
}

/* ---- output ---- */

static void output_row(struct sheet *s, const struct look *k, const char *text, size_t len,
		       bool is_new)
{
	struct pen p = sheet_row(s, SIZE_MAX);
	struct buf b;

	if (len && text[len - 1] == '\r')
		len--;
	buf_init(&b);
	for (size_t i = 0; i < len && b.len < 4096; i++) {
		if (text[i] == '\t')
			buf_pad(&b, ' ', 8 - b.len % 8);
		else
			buf_char(&b, text[i]);
	}
	p.style = is_new ? STYLE_CHANGED : STYLE_PLAIN;
	pen_text(&p, is_new ? "*" : " ");
	p.style = STYLE_PLAIN;
	p.skip = k->left;
	pen_some(&p, b.s, b.len);
	buf_deinit(&b);
}

void pane_output(struct sheet *s, const struct view *v, const struct look *k)
{
	size_t from = v->output_len, lines = 0, fresh = v->output_len - v->output_new;

	while (from > 0 && lines < OUTPUT_LINES) {
		if (v->output[from - 1] == '\n' && from != v->output_len && ++lines == OUTPUT_LINES)
			break;
		from--;
	}
	for (size_t i = from; i < v->output_len;) {
		const char *end = memchr(v->output + i, '\n', v->output_len - i);
		size_t stop = end ? (size_t)(end - v->output) : v->output_len;
		output_row(s, k, v->output + i, stop - i, stop > fresh || (!end && fresh < stop));
		i = stop + 1;
	}
	buf_str(&s->title, v->output_len		? "of the program"
			   : v->holds.output || v->live ? "nothing so far"
							: "not recorded");
	if (s->c.rows)
		s->show = s->show_until = (size_t)s->c.rows - 1;
	sheet_all(s);
}
