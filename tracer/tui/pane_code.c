/*
 * pane_code.c - source lines and instructions, with the one that is next.
 */
#include <stdlib.h>
#include <string.h>

#include "tui/panes.h"

enum { AROUND = 400, NUMBER = 5, ASSEMBLY_WIDE = 56 };

void source_deinit(struct source *src)
{
	free(src->file);
	free(src->text);
	free(src->lines);
	*src = (struct source){.file = NULL};
}

static void cut_lines(struct source *src)
{
	size_t cap = 0;

	for (size_t i = 0; i < src->len;) {
		src->lines = xgrow(src->lines, src->n, &cap, sizeof(*src->lines));
		src->lines[src->n++] = i;
		const char *end = memchr(src->text + i, '\n', src->len - i);
		i = end ? (size_t)(end - src->text) + 1 : src->len;
	}
}

void source_set(struct source *src, struct log *log, const char *file)
{
	const char *text;
	size_t len;

	if (src->file && file && strcmp(src->file, file) == 0)
		return;
	source_deinit(src);
	if (!file)
		return;
	src->file = xstrdup(file);
	if (log_source(log, file, &text, &len) != FT_OK)
		return;
	src->text = xmalloc(len + 1);
	memcpy(src->text, text, len);
	src->len = len;
	cut_lines(src);
}

static size_t line_length(const struct source *src, size_t i)
{
	size_t end = i + 1 < src->n ? src->lines[i + 1] : src->len;
	size_t len = end - src->lines[i];
	while (len > 0 && strchr("\r\n", src->text[src->lines[i] + len - 1]))
		len--;
	return len;
}

/* With blanks for tabs. */
static void put_code(struct pen *p, const char *s, size_t len)
{
	struct buf b;

	buf_init(&b);
	for (size_t i = 0; i < len && b.len < 4096; i++) {
		if (s[i] == '\t')
			buf_pad(&b, ' ', 4 - b.len % 4);
		else
			buf_char(&b, s[i]);
	}
	pen_some(p, b.s, b.len);
	buf_deinit(&b);
}

/* "double.c:12", or "12", is that line; with or without a condition behind it. */
static bool breaks_at(const char *spec, const char *file, size_t line)
{
	const char *colon = NULL, *end = strstr(spec, " if ");
	size_t len = end ? (size_t)(end - spec) : strlen(spec);

	for (size_t i = 0; i < len; i++)
		if (spec[i] == ':')
			colon = spec + i;
	const char *number = colon ? colon + 1 : spec;
	char *stop;
	if (*number < '0' || *number > '9' || strtoull(number, &stop, 10) != line ||
	    stop != spec + len)
		return false;
	size_t name = colon ? (size_t)(colon - spec) : 0, whole = strlen(file);
	return name <= whole && memcmp(file + whole - name, spec, name) == 0 &&
	       (name == whole || name == 0 || file[whole - name - 1] == '/');
}

static bool has_breakpoint(const struct look *k, const char *file, size_t line)
{
	for (size_t i = 0; i < k->n_breakpoints; i++)
		if (breaks_at(k->breakpoints[i].spec, file, line))
			return true;
	return false;
}

static void source_row(struct sheet *s, const struct view *v, const struct source *src,
		       const struct look *k, size_t i)
{
	struct pen p = sheet_row(s, i + 1);
	bool now = v->place.file && v->place.line == i + 1;

	p.style = now ? STYLE_NOW : STYLE_ASIDE;
	if (has_breakpoint(k, src->file, i + 1)) {
		p.style = STYLE_ALARM;
		pen_glyph(&p, GLYPH_BREAK);
	} else {
		pen_blank(&p, 1);
	}
	p.style = now ? STYLE_NOW : STYLE_ASIDE;
	pen_text(&p, !now ? "  " : v->place_is_caller ? "=>" : "->");
	pen_printf(&p, "%*zu ", NUMBER - 1, i + 1);
	p.style = now ? STYLE_NOW : STYLE_PLAIN;
	p.skip = k->left;
	put_code(&p, src->text + src->lines[i], line_length(src, i));
	if (now)
		canvas_style(&s->c, p.row, p.col, s->c.cols, STYLE_NOW);
	if (k->focused && k->cursor == i + 1)
		canvas_style(&s->c, p.row, 3, s->c.cols, STYLE_CURSOR);
}

void pane_source(struct sheet *s, const struct view *v, const struct source *src,
		 const struct look *k)
{
	if (!src->file || !src->text || !src->n) {
		buf_str(&s->title, src->file ? path_name(src->file) : "");
		sheet_say(s, !v->place.function ? "no traced function is running"
			     : src->file	? "the text of this file was not found"
						: "no source is known here: built without -g?");
		sheet_all(s);
		return;
	}
	size_t cursor = k->cursor ? k->cursor - 1 : v->place.line ? v->place.line - 1 : 0;
	cursor = cursor < src->n ? cursor : src->n - 1;
	size_t from = cursor > AROUND ? cursor - AROUND : 0;

	buf_str(&s->title, path_name(src->file));
	if (!v->place.file && v->place.function)
		buf_str(&s->title, ", no source here");
	else if (v->place.calls)
		buf_str(&s->title, ", a call");
	else if (v->place_is_caller)
		buf_str(&s->title, ", a caller");
	for (size_t i = from; i < src->n && i < cursor + AROUND; i++)
		source_row(s, v, src, k, i);
	s->first = from;
	s->total = src->n;
	s->show = s->show_until = cursor;
}

size_t pane_insn_at(const struct view *v, uint64_t pc)
{
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < v->n_insns && v->insns[i].pc <= pc; i++)
		found = i;
	return found;
}

static void insn_row(struct sheet *s, const struct view *v, const struct look *k, size_t i,
		     bool now)
{
	const struct view_insn *insn = &v->insns[i];
	struct pen p = sheet_row(s, i);

	p.style = now ? STYLE_NOW : STYLE_ASIDE;
	pen_text(&p, !now ? "  " : v->place_is_caller ? "=>" : "->");
	pen_blank(&p, 3);
	pen_address(&p, insn->pc, s->c.cols >= ASSEMBLY_WIDE);
	if (insn->line && (i == 0 || v->insns[i - 1].line != insn->line))
		pen_printf(&p, " %*u  ", NUMBER - 1, insn->line);
	else
		pen_printf(&p, " %*s  ", NUMBER - 1, "");
	p.style = now ? STYLE_NOW : STYLE_PLAIN;
	p.skip = k->left;
	pen_text(&p, insn->text);
	if (now)
		canvas_style(&s->c, p.row, p.col, s->c.cols, STYLE_NOW);
	if (k->focused && k->cursor == i)
		canvas_style(&s->c, p.row, 3, s->c.cols, STYLE_CURSOR);
}

void pane_assembly(struct sheet *s, const struct view *v, const struct look *k)
{
	if (!v->n_insns) {
		sheet_say(s, "no instructions are known here");
		sheet_all(s);
		return;
	}
	size_t now = pane_insn_at(v, v->place.pc);
	size_t cursor = k->cursor < v->n_insns ? k->cursor : v->n_insns - 1;
	size_t from = cursor > AROUND ? cursor - AROUND : 0;

	// of a caller the address is where it goes on: the call is the one before
	if (v->place_is_caller && !v->place.calls && now != SIZE_MAX && now > 0 &&
	    v->insns[now].pc == v->place.pc)
		now--;
	buf_str(&s->title, v->function ? v->function : "");
	for (size_t i = from; i < v->n_insns && i < cursor + AROUND; i++)
		insn_row(s, v, k, i, i == now);
	s->first = from;
	s->total = v->n_insns;
	s->show = s->show_until = cursor;
}
