/*
 * canvas.h - a grid of character cells that can be drawn on, looked at and compared: the screen
 * before it is a terminal's.
 *
 * Owns:     cells; what takes a column and what does not (wcwidth(3)); what is safe to show.
 * Gives:    struct canvas, and struct pen: one row of it, written from left to right.
 * Never:    knows a terminal, a colour, or what is drawn.
 * Lifetime: until canvas_deinit(); a pen borrows its canvas.
 */
#ifndef FT_CANVAS_H
#define FT_CANVAS_H

#include <wchar.h>

#include "base/buf.h"

/* What a piece of text is. The terminal decides how it looks; never the only sign of anything. */
enum style {
	STYLE_PLAIN,
	STYLE_ASIDE,   // what is not looked at first: addresses, borders
	STYLE_GHOST,   // what is gone
	STYLE_NAME,    // of a function
	STYLE_VALUE,   // of a variable
	STYLE_CHANGED, // since the last position
	STYLE_NOW,     // the line, the instruction that is next
	STYLE_CURSOR,  // the line that keys act on
	STYLE_CHOSEN,  // the selected frame
	STYLE_LINK,    // a mark that is somewhere else too: of a heap block, of rsp
	STYLE_TITLE,   // of a pane
	STYLE_FOCUS,   // of the pane that keys go to
	STYLE_BAR,     // the key bar, the status
	STYLE_KEY,     // a key in it
	STYLE_ALARM,   // a signal, a dangling pointer
	STYLES,
};

enum { CELL_CHARS = 3 }; // one that takes columns, and what combines with it

struct cell {
	wchar_t ch[CELL_CHARS]; // ch[0] 0: the right half of a wide character
	uint8_t style;		// enum style
};

struct canvas {
	int rows, cols;
	struct cell *cells; // rows * cols
	size_t cap;	    // cells that there is memory for
	bool utf8;	    // else what is not ASCII is shown as '?'
};

/* Signs that ASCII has no character for, and what stands for them there. */
enum glyph {
	GLYPH_HLINE,
	GLYPH_VLINE,
	GLYPH_THICK, // a horizontal line that is more than GLYPH_HLINE
	GLYPH_UPPER_LEFT,
	GLYPH_UPPER_RIGHT,
	GLYPH_LOWER_LEFT,
	GLYPH_LOWER_RIGHT,
	GLYPH_TEE_RIGHT, // a border that another one leaves to the right
	GLYPH_TEE_LEFT,
	GLYPH_MORE,   // text goes on
	GLYPH_RIGHT,  // an arrow
	GLYPH_LEFT,   // an arrow, to what is on the left
	GLYPH_CHOSEN, // in front of what is selected
	GLYPH_BREAK,  // a breakpoint
	GLYPH_UP,     // there is more above
	GLYPH_DOWN,
	GLYPHS,
};

void canvas_init(struct canvas *c, bool utf8);
void canvas_deinit(struct canvas *c);
void canvas_resize(struct canvas *c, int rows, int cols); // and clears
void canvas_clear(struct canvas *c);

/* One more row at the end, blank; its number. */
int canvas_add_row(struct canvas *c);

struct cell *canvas_at(const struct canvas *c, int row, int col);

/* Rows [from, from + rows) of `src` to (row, col) of `dst`, cut to fit. */
void canvas_copy(struct canvas *dst, int row, int col, const struct canvas *src, int from,
		 int rows);

/* The row as UTF-8 text, without the blanks at its end; malloc'ed. */
char *canvas_text(const struct canvas *c, int row);

/* Columns that the escaped text takes. */
int text_columns(const char *s);

/* One character as UTF-8. */
void text_add(struct buf *b, uint32_t ch);

struct pen {
	struct canvas *canvas;
	int row, col;
	int end;  // first column that is not ours
	int skip; // columns that are not written: they are left of what is shown
	enum style style;
};

struct pen pen_at(struct canvas *c, int row, int col, int end);

/* Each cuts at the end, and says so there with GLYPH_MORE. */
void pen_text(struct pen *p, const char *s); // a stranger's: escaped; NULL: ?
void pen_some(struct pen *p, const char *s, size_t len);
void pen_printf(struct pen *p, const char *fmt, ...) FT_PRINTF(2, 3);
void pen_glyph(struct pen *p, enum glyph g);
void pen_fill(struct pen *p, enum glyph g, int to); // up to the column
void pen_blank(struct pen *p, int to);
void pen_styled(struct pen *p, enum style style, const char *s); // and back to the style before

/* The mark of a heap block: a number in a circle, or #21. */
void pen_mark(struct pen *p, uint64_t number);

/* Gives all cells of the row from..to the style. */
void canvas_style(struct canvas *c, int row, int from, int to, enum style style);

#endif
