/*
 * screen_help.c - the help, and the bar that is always there.
 */
#include <string.h>

#include "tui/screen_private.h"

enum { KEYS_WIDTH = 18, COLUMN_WIDTH = 68, MARGIN = 2 };

/* ---- the help: chapters of keys, in as many columns as fit ---- */

static size_t rows_of(const struct chapter *c)
{
	size_t n = 2; // title, and a blank one

	for (const struct binding *b = c->bindings; b->key; b++)
		n += b->keys != NULL;
	return n;
}

static void title_row(struct sheet *sheet, const char *title)
{
	struct pen p = sheet_row(sheet, SIZE_MAX);

	p.style = STYLE_TITLE;
	pen_text(&p, title);
}

static void key_row(struct sheet *sheet, const struct binding *b)
{
	struct pen p = sheet_row(sheet, SIZE_MAX);

	p.style = STYLE_LINK;
	pen_text(&p, " ");
	pen_text(&p, b->keys);
	p.style = STYLE_PLAIN;
	pen_blank(&p, KEYS_WIDTH);
	pen_text(&p, b->help);
}

static void add_marks(struct sheet *sheet)
{
	static const char *const marks[][2] = {
		{"->", "the line, the instruction that runs next"},
		{"=>", "the line of a caller, from which the call was made"},
		{"*", "new or changed since the position before"},
		{"ghost", "popped or freed: its bytes may still be there"},
		{":", "below rsp: the red zone, not part of a frame"},
	};

	title_row(sheet, "Signs");
	for (size_t i = 0; i < FT_COUNT(marks); i++)
		key_row(sheet, &(struct binding){.keys = marks[i][0], .help = marks[i][1]});
	struct pen p = sheet_row(sheet, SIZE_MAX);
	p.style = STYLE_LINK;
	pen_text(&p, " ");
	pen_mark(&p, 1);
	pen_text(&p, " ");
	pen_mark(&p, 2);
	p.style = STYLE_PLAIN;
	pen_blank(&p, KEYS_WIDTH);
	pen_text(&p, "a heap block, and the variables that point to it");
}

static void add_chapters(struct sheet *sheet)
{
	for (const struct chapter *c = screen_chapters; c->title; c++) {
		title_row(sheet, c->title);
		for (const struct binding *b = c->bindings; b->key; b++)
			if (b->keys)
				key_row(sheet, b);
		sheet_row(sheet, SIZE_MAX);
	}
	add_marks(sheet);
}

/* A frame of its own over the panes. */
static struct rectangle put_box(struct screen *s, size_t rows, int width)
{
	int height = rows < 1000 ? (int)rows + 2 : 1000;
	struct rectangle r = {.rows = height < s->c.rows - 1 ? height : s->c.rows - 1,
			      .cols = width < s->c.cols ? width : s->c.cols};

	r.col = (s->c.cols - r.cols) / 2;
	r.row = (s->c.rows - 1 - r.rows) / 2;
	for (int i = 0; i < r.rows; i++) {
		struct pen p = pen_at(&s->c, r.row + i, r.col, r.col + r.cols);
		bool top = i == 0, bottom = i == r.rows - 1;
		p.style = STYLE_ASIDE;
		pen_glyph(&p, top ? GLYPH_UPPER_LEFT : bottom ? GLYPH_LOWER_LEFT : GLYPH_VLINE);
		if (top || bottom)
			pen_fill(&p, GLYPH_HLINE, p.end - 1);
		else
			pen_blank(&p, p.end - 1);
		pen_glyph(&p, top ? GLYPH_UPPER_RIGHT : bottom ? GLYPH_LOWER_RIGHT : GLYPH_VLINE);
	}
	return r;
}

void screen_draw_help(struct screen *s)
{
	struct sheet sheet;
	int columns = s->c.cols >= 2 * COLUMN_WIDTH + 2 * MARGIN ? 2 : 1;

	sheet_init(&sheet, s->c.utf8);
	sheet_reset(&sheet, COLUMN_WIDTH - 2);
	add_chapters(&sheet);
	size_t all = (size_t)sheet.c.rows, per = all;
	if (columns == 2) { // the first two chapters on the left
		per = rows_of(&screen_chapters[0]) + rows_of(&screen_chapters[1]);
		per = per < all - per ? all - per : per;
	}
	struct rectangle r = put_box(s, per, columns * COLUMN_WIDTH + 2 * MARGIN);
	size_t room = (size_t)(r.rows - 2);
	if (s->help_row + room > per)
		s->help_row = per > room ? per - room : 0;
	struct pen p = pen_at(&s->c, r.row, r.col + MARGIN, r.col + r.cols - MARGIN);
	p.style = STYLE_FOCUS;
	pen_text(&p, per > room ? " Keys: down and up show the rest, q leaves "
				: " Keys: q leaves the help ");
	size_t split =
		columns == 2 ? rows_of(&screen_chapters[0]) + rows_of(&screen_chapters[1]) : all;
	for (size_t i = 0; i < room; i++) {
		size_t left = s->help_row + i;
		if (left < split && left < all)
			canvas_copy(&s->c, r.row + 1 + (int)i, r.col + MARGIN, &sheet.c, (int)left,
				    1);
		if (columns == 2 && split + left < all)
			canvas_copy(&s->c, r.row + 1 + (int)i, r.col + MARGIN + COLUMN_WIDTH,
				    &sheet.c, (int)(split + left), 1);
	}
	sheet_deinit(&sheet);
}

/* ---- what a command said ---- */

static void add_lines(struct sheet *sheet, const struct buf *text)
{
	for (const char *line = text->s; *line;) {
		size_t len = strcspn(line, "\n");
		struct pen p = sheet_row(sheet, SIZE_MAX);
		for (size_t i = 0, from = 0; i <= len; i++) { // tabs to every eighth column
			if (i < len && line[i] != '\t')
				continue;
			pen_some(&p, line + from, i - from);
			if (i < len)
				pen_blank(&p, p.col + 8 - p.col % 8);
			from = i + 1;
		}
		line += len + (line[len] == '\n');
	}
}

void screen_draw_text(struct screen *s)
{
	struct sheet sheet;
	int width = s->c.cols < 120 ? s->c.cols : 120;

	sheet_init(&sheet, s->c.utf8);
	sheet_reset(&sheet, width - 2 * MARGIN);
	add_lines(&sheet, &s->text);
	size_t all = (size_t)sheet.c.rows;
	struct rectangle r = put_box(s, all, width);
	size_t room = (size_t)(r.rows - 2);
	if (s->help_row + room > all)
		s->help_row = all > room ? all - room : 0;
	struct pen p = pen_at(&s->c, r.row, r.col + MARGIN, r.col + r.cols - MARGIN);
	p.style = STYLE_FOCUS;
	pen_text(&p, all > room ? " down and up show the rest, q leaves " : " q leaves ");
	canvas_copy(&s->c, r.row + 1, r.col + MARGIN, &sheet.c, (int)s->help_row, (int)room);
	sheet_deinit(&sheet);
}

/* ---- the key bar: as many as fit, the most wanted ones first ---- */

void screen_draw_keys(struct screen *s, int row)
{
	static const char *const keys[][2] = {
		{"?", "help"},	    {"q", "quit"},   {"s", "step"},	   {"n", "next"},
		{"f", "finish"},    {"c", "go on"},  {"SNFC", "back"},	   {"space", "event"},
		{"Enter", "open"},  {"/", "find"},   {"g", "event no"},	   {"b", "break"},
		{"w", "watch"},	    {"tab", "pane"}, {"a", "assembly"},	   {"m", "map"},
		{"r", "registers"}, {"z", "zoom"},   {"i", "instruction"}, {"u", "until"},
		{"p", "push"},	    {"x", "pop"},
	};
	struct pen p = pen_at(&s->c, row, 0, s->c.cols);

	p.style = STYLE_BAR;
	for (size_t i = 0; i < FT_COUNT(keys); i++) {
		int width = text_columns(keys[i][0]) + text_columns(keys[i][1]) + 3;
		if (p.col + width > p.end)
			break;
		pen_text(&p, i ? "  " : " ");
		pen_styled(&p, STYLE_KEY, keys[i][0]);
		pen_text(&p, " ");
		pen_text(&p, keys[i][1]);
	}
	pen_blank(&p, p.end);
}
