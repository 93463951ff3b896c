/*
 * canvas.c - cells, and text that is put into them.
 */
#include "tui/canvas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static const struct {
	wchar_t utf8, ascii;
} glyphs[GLYPHS] = {
	[GLYPH_HLINE] = {0x2500, L'-'},	      [GLYPH_VLINE] = {0x2502, L'|'},
	[GLYPH_THICK] = {0x2550, L'='},	      [GLYPH_UPPER_LEFT] = {0x250c, L'+'},
	[GLYPH_UPPER_RIGHT] = {0x2510, L'+'}, [GLYPH_LOWER_LEFT] = {0x2514, L'+'},
	[GLYPH_LOWER_RIGHT] = {0x2518, L'+'}, [GLYPH_TEE_RIGHT] = {0x251c, L'+'},
	[GLYPH_TEE_LEFT] = {0x2524, L'+'},    [GLYPH_MORE] = {0x2026, L'~'},
	[GLYPH_RIGHT] = {0x2192, L'>'},	      [GLYPH_LEFT] = {0x2190, L'<'},
	[GLYPH_CHOSEN] = {0x25b6, L'>'},      [GLYPH_BREAK] = {0x25cf, L'B'},
	[GLYPH_UP] = {0x25b2, L'^'},	      [GLYPH_DOWN] = {0x25bc, L'v'},
};

void canvas_init(struct canvas *c, bool utf8)
{
	*c = (struct canvas){.utf8 = utf8};
}

void canvas_deinit(struct canvas *c)
{
	free(c->cells);
}

void canvas_clear(struct canvas *c)
{
	for (size_t i = 0; i < (size_t)c->rows * (size_t)c->cols; i++)
		c->cells[i] = (struct cell){.ch = {L' '}, .style = STYLE_PLAIN};
}

void canvas_resize(struct canvas *c, int rows, int cols)
{
	c->rows = rows > 0 ? rows : 0;
	c->cols = cols > 0 ? cols : 0;
	c->cap = (size_t)c->rows * (size_t)c->cols + 1;
	c->cells = xreallocarray(c->cells, c->cap, sizeof(*c->cells));
	canvas_clear(c);
}

int canvas_add_row(struct canvas *c)
{
	size_t n = (size_t)c->rows * (size_t)c->cols, cols = (size_t)c->cols;
	if (n + cols > c->cap) {
		c->cap = 2 * (n + cols);
		c->cells = xreallocarray(c->cells, c->cap, sizeof(*c->cells));
	}
	for (size_t i = 0; i < cols; i++)
		c->cells[n + i] = (struct cell){.ch = {L' '}, .style = STYLE_PLAIN};
	return c->rows++;
}

struct cell *canvas_at(const struct canvas *c, int row, int col)
{
	return &c->cells[(size_t)row * (size_t)c->cols + (size_t)col];
}

void canvas_copy(struct canvas *dst, int row, int col, const struct canvas *src, int from, int rows)
{
	int cols = src->cols < dst->cols - col ? src->cols : dst->cols - col;

	for (int i = 0; i < rows && from + i < src->rows && row + i < dst->rows; i++)
		if (from + i >= 0 && cols > 0)
			memcpy(canvas_at(dst, row + i, col), canvas_at(src, from + i, 0),
			       (size_t)cols * sizeof(struct cell));
}

void text_add(struct buf *b, uint32_t ch)
{
	if (ch < 0x80) {
		buf_char(b, (char)ch);
	} else if (ch < 0x800) {
		buf_char(b, (char)(0xc0 | ch >> 6));
		buf_char(b, (char)(0x80 | (ch & 0x3f)));
	} else if (ch < 0x10000) {
		buf_char(b, (char)(0xe0 | ch >> 12));
		buf_char(b, (char)(0x80 | (ch >> 6 & 0x3f)));
		buf_char(b, (char)(0x80 | (ch & 0x3f)));
	} else {
		buf_char(b, (char)(0xf0 | ch >> 18));
		buf_char(b, (char)(0x80 | (ch >> 12 & 0x3f)));
		buf_char(b, (char)(0x80 | (ch >> 6 & 0x3f)));
		buf_char(b, (char)(0x80 | (ch & 0x3f)));
	}
}

char *canvas_text(const struct canvas *c, int row)
{
	struct buf b;

	buf_init(&b);
	for (int col = 0; col < c->cols; col++) {
		const struct cell *cell = canvas_at(c, row, col);
		for (int i = 0; i < CELL_CHARS && cell->ch[i]; i++)
			text_add(&b, (uint32_t)cell->ch[i]);
	}
	while (b.len > 0 && b.s[b.len - 1] == ' ')
		buf_truncate(&b, b.len - 1);
	return b.s;
}

/* One character of valid UTF-8 (buf_escaped lets nothing else through); its bytes. */
static size_t decode(const char *s, wchar_t *ret)
{
	const uint8_t *u = (const uint8_t *)s;
	size_t n = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	uint32_t ch = n == 1 ? u[0] : u[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80) { // cut: never with what buf_escaped() made
			*ret = L'?';
			return i;
		}
		ch = ch << 6 | (u[i] & 0x3f);
	}
	*ret = (wchar_t)ch;
	return n;
}

// wcwidth() knows what the locale knows: a character that it does not is shown as one '?'.
static int columns_of(wchar_t *ch, bool utf8)
{
	if (*ch < 0x7f)
		return 1;
	int width = utf8 ? wcwidth(*ch) : -1;
	if (width < 0 || width > 2) {
		*ch = L'?';
		return 1;
	}
	return width;
}

int text_columns(const char *s)
{
	struct buf b;
	int n = 0;

	buf_init(&b);
	buf_escaped(&b, s, strlen(s), 0);
	for (const char *p = b.s; *p;) {
		wchar_t ch;
		p += decode(p, &ch);
		n += columns_of(&ch, true);
	}
	buf_deinit(&b);
	return n;
}

struct pen pen_at(struct canvas *c, int row, int col, int end)
{
	return (struct pen){
		.canvas = c, .row = row, .col = col, .end = end < c->cols ? end : c->cols};
}

/* The last cell that is ours says that there is more. */
static void cut(struct pen *p)
{
	if (p->end <= 0 || p->row >= p->canvas->rows)
		return;
	struct cell *last = canvas_at(p->canvas, p->row, p->end - 1);
	if (!last->ch[0] && p->end >= 2) // of a wide one the left half cannot stay
		canvas_at(p->canvas, p->row, p->end - 2)->ch[0] = L' ';
	*last = (struct cell){
		.ch = {p->canvas->utf8 ? glyphs[GLYPH_MORE].utf8 : glyphs[GLYPH_MORE].ascii},
		.style = STYLE_ASIDE};
	p->col = p->end;
}

static void combine(struct pen *p, wchar_t ch)
{
	int col = p->col - 1;
	if (col > 0 && !canvas_at(p->canvas, p->row, col)->ch[0])
		col--;
	if (col < 0)
		return;
	struct cell *cell = canvas_at(p->canvas, p->row, col);
	for (int i = 1; i < CELL_CHARS; i++) {
		if (!cell->ch[i]) {
			cell->ch[i] = ch;
			return;
		}
	}
}

/* false: there is no room for it. */
static bool put(struct pen *p, wchar_t ch)
{
	int width = columns_of(&ch, p->canvas->utf8);

	if (p->row < 0 || p->row >= p->canvas->rows || p->col < 0)
		return false;
	if (p->skip > 0) {
		p->skip -= width;
		return true;
	}
	if (width == 0) {
		combine(p, ch);
		return true;
	}
	if (p->col + width > p->end)
		return false;
	for (int i = 0; i < width; i++)
		*canvas_at(p->canvas, p->row, p->col++) =
			(struct cell){.ch = {i ? 0 : ch}, .style = (uint8_t)p->style};
	return true;
}

static void put_all(struct pen *p, const char *s)
{
	while (*s) {
		wchar_t ch;
		s += decode(s, &ch);
		if (!put(p, ch)) {
			cut(p);
			return;
		}
	}
}

void pen_some(struct pen *p, const char *s, size_t len)
{
	struct buf b;

	// more than a row can show would only be thrown away
	size_t most = (size_t)(p->end > p->col ? p->end - p->col + p->skip : 0) * 16 + 16;
	buf_init(&b);
	buf_escaped(&b, s, len < most ? len : most, 0);
	put_all(p, b.s);
	buf_deinit(&b);
}

void pen_text(struct pen *p, const char *s)
{
	pen_some(p, s ? s : "?", s ? strlen(s) : 1);
}

void pen_printf(struct pen *p, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	pen_text(p, b.s);
	buf_deinit(&b);
}

void pen_glyph(struct pen *p, enum glyph g)
{
	if (!put(p, p->canvas->utf8 ? glyphs[g].utf8 : glyphs[g].ascii))
		cut(p);
}

void pen_mark(struct pen *p, uint64_t number)
{
	const wchar_t circled_one = 0x2460; // to circled 20

	if (!p->canvas->utf8 || number == 0 || number > 20)
		pen_printf(p, "#%llu", (unsigned long long)number);
	else if (!put(p, circled_one + (wchar_t)number - 1))
		cut(p);
}

void pen_fill(struct pen *p, enum glyph g, int to)
{
	while (p->col < to && p->col < p->end)
		pen_glyph(p, g);
}

void pen_blank(struct pen *p, int to)
{
	while (p->col < to && p->col < p->end)
		put(p, L' ');
}

void pen_styled(struct pen *p, enum style style, const char *s)
{
	enum style before = p->style;

	p->style = style;
	pen_text(p, s);
	p->style = before;
}

void canvas_style(struct canvas *c, int row, int from, int to, enum style style)
{
	for (int col = from; col < to && col < c->cols && row < c->rows; col++)
		canvas_at(c, row, col)->style = (uint8_t)style;
}
