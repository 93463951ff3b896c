/*
 * sheet.c - rows that panes are made of.
 */
#include <stdlib.h>
#include <string.h>

#include "tui/panes.h"

void sheet_init(struct sheet *s, bool utf8)
{
	*s = (struct sheet){.show = SIZE_MAX};
	canvas_init(&s->c, utf8);
	buf_init(&s->title);
}

void sheet_deinit(struct sheet *s)
{
	canvas_deinit(&s->c);
	buf_deinit(&s->title);
	free(s->tags);
}

void sheet_reset(struct sheet *s, int cols)
{
	canvas_resize(&s->c, 0, cols);
	buf_reset(&s->title);
	s->first = s->total = 0;
	s->show = s->show_until = SIZE_MAX;
}

struct pen sheet_row(struct sheet *s, size_t tag)
{
	s->tags = xgrow(s->tags, (size_t)s->c.rows, &s->cap_tags, sizeof(*s->tags));
	s->tags[s->c.rows] = tag;
	int row = canvas_add_row(&s->c);
	return pen_at(&s->c, row, 0, s->c.cols);
}

void sheet_cut(struct sheet *s, int rows)
{
	s->c.rows = rows;
	s->show = s->show_until = SIZE_MAX;
}

void sheet_say(struct sheet *s, const char *text)
{
	struct buf b;

	buf_init(&b);
	buf_escaped(&b, text, strlen(text), 0);
	size_t room = s->c.cols > 2 ? (size_t)s->c.cols - 2 : 1;
	for (const char *p = b.s; *p;) {
		size_t len = strlen(p), n = len;
		if (len > room) {
			for (n = room; n > 0 && p[n] != ' '; n--)
				;
			n = n ? n : room;
		}
		struct pen pen = sheet_row(s, SIZE_MAX);
		pen.style = STYLE_ASIDE;
		pen_blank(&pen, 1);
		pen_some(&pen, p, n);
		p += n;
		p += strspn(p, " ");
	}
	buf_deinit(&b);
}

void sheet_show(struct sheet *s, size_t from_row)
{
	s->show = from_row;
	s->show_until = s->c.rows > 0 ? (size_t)s->c.rows - 1 : 0;
}

void sheet_all(struct sheet *s)
{
	s->first = 0;
	s->total = (size_t)s->c.rows;
}

void pen_address(struct pen *p, uint64_t address, bool full)
{
	enum { DIGITS = 4 };

	if (full) {
		pen_printf(p, "0x%012llx", (unsigned long long)address);
		return;
	}
	pen_glyph(p, GLYPH_MORE);
	pen_printf(p, "%0*llx", DIGITS, (unsigned long long)(address & 0xffff));
}
