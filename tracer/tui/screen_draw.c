/*
 * screen_draw.c - the state of the stepper onto a canvas, and that onto the terminal.
 */
#include <stdio.h>
#include <string.h>

#include "tui/screen_private.h"

static const char *name_of(enum pane pane)
{
	switch (pane) {
	case PANE_SOURCE:
		return "Source";
	case PANE_STACK:
		return "Stack";
	case PANE_ASSEMBLY:
		return "Assembly";
	case PANE_HEAP:
		return "Heap";
	case PANE_MAP:
		return "Map";
	case PANE_REGISTERS:
		return "Registers";
	case PANE_OUTPUT:
		return "Output";
	case PANES:
		break;
	}
	return "";
}

static int width_of(const struct rectangle *r)
{
	return r->cols - r->border;
}

int screen_pane_rows(const struct screen *s, enum pane pane)
{
	int rows = s->tiling.panes[pane].rows - 1;
	return rows > 0 ? rows : 0;
}

/* ---- one pane ---- */

static void make_sheet(struct screen *s, enum pane pane)
{
	struct sheet *sheet = &s->sheets[pane];
	struct look k = {.rows = screen_pane_rows(s, pane),
			 .left = s->left[pane],
			 .focused = s->focus == pane,
			 .cursor = pane == PANE_SOURCE ? s->line : s->insn,
			 .folds = s->folds,
			 .n_folds = s->n_folds};

	k.n_breakpoints = player_breakpoints(s->p, &k.breakpoints);
	sheet_reset(sheet, width_of(&s->tiling.panes[pane]));
	switch (pane) {
	case PANE_SOURCE:
		pane_source(sheet, &s->now, &s->source, &k);
		break;
	case PANE_STACK:
		pane_stack(sheet, &s->now, &k);
		break;
	case PANE_ASSEMBLY:
		pane_assembly(sheet, &s->now, &k);
		break;
	case PANE_HEAP:
		pane_heap(sheet, &s->now);
		break;
	case PANE_MAP:
		pane_map(sheet, &s->now);
		break;
	case PANE_REGISTERS:
		pane_registers(sheet, &s->now);
		break;
	case PANE_OUTPUT:
		pane_output(sheet, &s->now, &k);
		break;
	case PANES:
		break;
	}
}

/* What should be seen is seen; a line of code with some around it. */
static void scroll_to_it(struct screen *s, enum pane pane)
{
	const struct sheet *sheet = &s->sheets[pane];
	size_t rows = (size_t)screen_pane_rows(s, pane), *at = &s->scroll[pane];
	size_t most = sheet->total > rows ? sheet->total - rows : 0;
	size_t margin = pane == PANE_SOURCE || pane == PANE_ASSEMBLY ? rows / 4 : 0;

	if (s->follow[pane] && sheet->show != SIZE_MAX) {
		if (sheet->show_until + margin >= *at + rows)
			*at = sheet->show_until + margin + 1 - rows;
		if (sheet->show < *at + margin)
			*at = sheet->show > margin ? sheet->show - margin : 0;
	}
	if (*at > most)
		*at = most;
}

/* "═ 2 Stack ═ high addresses on top ══════▼" */
static void put_title(struct screen *s, enum pane pane)
{
	const struct rectangle *r = &s->tiling.panes[pane];
	const struct sheet *sheet = &s->sheets[pane];
	bool focused = s->focus == pane;
	struct pen p = pen_at(&s->c, r->row, r->col + r->border, r->col + r->cols);
	enum glyph line = focused ? GLYPH_THICK : GLYPH_HLINE;

	p.style = STYLE_ASIDE;
	pen_glyph(&p, line);
	p.style = focused ? STYLE_FOCUS : STYLE_TITLE;
	pen_printf(&p, " %d %s ", (int)pane + 1, name_of(pane));
	p.style = STYLE_ASIDE;
	pen_glyph(&p, line);
	if (sheet->title.len) {
		p.end -= 4;
		pen_text(&p, " ");
		pen_text(&p, sheet->title.s);
		pen_text(&p, " ");
		p.end += 4;
	}
	pen_fill(&p, line, p.end - 2);
	size_t last = s->scroll[pane] + (size_t)screen_pane_rows(s, pane);
	pen_glyph(&p, s->scroll[pane] ? GLYPH_UP : line);
	pen_glyph(&p, last < sheet->total ? GLYPH_DOWN : line);
}

static void put_pane(struct screen *s, enum pane pane)
{
	const struct rectangle *r = &s->tiling.panes[pane];
	const struct sheet *sheet = &s->sheets[pane];

	make_sheet(s, pane);
	scroll_to_it(s, pane);
	for (int i = 0; r->border && i < r->rows; i++) {
		struct pen p = pen_at(&s->c, r->row + i, r->col, r->col + 1);
		p.style = STYLE_ASIDE;
		pen_glyph(&p, GLYPH_VLINE);
	}
	put_title(s, pane);
	canvas_copy(&s->c, r->row + 1, r->col + r->border, &sheet->c,
		    (int)((int64_t)s->scroll[pane] - (int64_t)sheet->first),
		    screen_pane_rows(s, pane));
}

/* ---- the bars ---- */

static void put_what(struct screen *s, int row)
{
	const struct view *v = &s->now;
	struct pen p = pen_at(&s->c, row, 0, s->c.cols);
	// what has happened may be all the reason there is, or the reason all that there is
	bool has_why = v->why && *v->why && !(v->what && strstr(v->what, v->why));
	p.style =
		s->is_alarm || (!s->message.len && v->what_is_an_alarm) ? STYLE_ALARM : STYLE_NAME;
	pen_text(&p, " ");
	if (s->message.len) {
		pen_text(&p, s->message.s);
		return;
	}
	if (has_why)
		pen_text(&p, v->why);
	p.style = has_why ? STYLE_PLAIN : p.style;
	if (v->what && !(has_why && v->why_says_it)) {
		pen_text(&p, has_why ? "   " : "");
		pen_text(&p, v->what);
	}
}

static void put_status(struct screen *s, int row)
{
	const struct view *v = &s->now;
	struct pen p = pen_at(&s->c, row, 0, s->c.cols);

	p.style = STYLE_BAR;
	pen_printf(&p, " event %llu of %llu%s", (unsigned long long)v->seq,
		   (unsigned long long)v->last, v->live ? "+" : "");
	if (v->thread) // as the prompt counts them
		pen_printf(&p, "   thread %u (%d)   depth %u", v->thread, v->tid, v->depth);
	else
		pen_printf(&p, "   thread %d   depth %u", v->tid, v->depth);
	if (v->rsp)
		pen_printf(&p, "   rsp 0x%llx", (unsigned long long)v->rsp);
	pen_text(&p, v->live ? "   live" : v->cut ? "   recorded, cut" : "   recorded");
	if (v->program && p.end - p.col > text_columns(v->program) + 4)
		pen_printf(&p, "   %s", v->program);
	pen_blank(&p, p.end);
}

static void put_question(struct screen *s, int row)
{
	struct pen p = pen_at(&s->c, row, 0, s->c.cols);

	p.style = STYLE_BAR;
	pen_text(&p, " The program still runs, and ends with you. Quit? y or n");
	pen_blank(&p, p.end);
}

static int columns_of(const char *s, size_t len)
{
	struct buf b;

	buf_init(&b);
	buf_add(&b, s, len);
	int columns = text_columns(b.s);
	buf_deinit(&b);
	return columns;
}

/* Returns the column of the cursor. What is too long is cut so that the cursor is seen. */
static int put_prompt(struct screen *s, int row)
{
	const struct prompt *in = &s->prompt;
	const char *label = prompt_label(in->kind), *hint = strstr(label, " (");
	struct pen p = pen_at(&s->c, row, 0, s->c.cols);
	int room = s->c.cols - text_columns(label) - 3;
	size_t from = 0;

	p.style = STYLE_KEY;
	pen_text(&p, " ");
	if (hint && text_columns(in->text.s) > room) { // the text needs the room more
		pen_some(&p, label, (size_t)(hint - label));
		pen_text(&p, ": ");
	} else {
		pen_text(&p, label);
	}
	p.style = STYLE_BAR;
	while (from < in->at && (columns_of(in->text.s + from, in->at - from) > p.end - p.col - 2 ||
				 ((uint8_t)in->text.s[from] & 0xc0) == 0x80))
		from++;
	pen_some(&p, in->text.s + from, in->at - from);
	int col = p.col < p.end ? p.col : p.end - 1;
	pen_text(&p, in->text.s + in->at);
	pen_blank(&p, p.end);
	return col;
}

static void put_too_small(struct screen *s)
{
	char size[64];
	const char *const text[] = {"frametrace step needs more room:", "80 columns, 24 rows.",
				    size,
				    s->mode == MODE_ASK_QUIT ? "The program ends with you: y quits"
							     : "Make the window larger; q quits."};

	snprintf(size, sizeof(size), "Here are %d columns, %d rows.", s->c.cols, s->c.rows);
	for (int i = 0; i < (int)FT_COUNT(text) && i < s->c.rows; i++) {
		struct pen p = pen_at(&s->c, i, 0, s->c.cols);
		pen_text(&p, text[i]);
	}
}

static void resize(struct screen *s)
{
	int rows, cols;

	display_size(s->t, &rows, &cols);
	if (rows != s->c.rows || cols != s->c.cols)
		canvas_resize(&s->c, rows, cols);
	else
		canvas_clear(&s->c);
	tiling_make(rows, cols, &s->wish, &s->tiling);
	if (!s->tiling.too_small && s->tiling.panes[s->focus].rows == 0)
		s->focus = PANE_STACK;
}

void screen_draw(struct screen *s)
{
	int row, col = 0;

	resize(s);
	if (s->tiling.too_small) {
		put_too_small(s);
		display_show(s->t, &s->c, -1, 0);
		return;
	}
	for (enum pane pane = 0; pane < PANES; pane++)
		if (s->tiling.panes[pane].rows)
			put_pane(s, pane);
	row = s->tiling.bars.row;
	put_what(s, row);
	put_status(s, row + 1);
	if (s->mode == MODE_HELP)
		screen_draw_help(s);
	if (s->mode == MODE_TEXT)
		screen_draw_text(s);
	if (s->mode == MODE_PROMPT)
		col = put_prompt(s, row + 2);
	else if (s->mode == MODE_ASK_QUIT)
		put_question(s, row + 2);
	else
		screen_draw_keys(s, row + 2);
	display_show(s->t, &s->c, s->mode == MODE_PROMPT ? row + 2 : -1, col);
}

void screen_draw_running(struct screen *s)
{
	if (s->tiling.too_small || s->c.rows < TILING_MIN_ROWS)
		return;
	// the player moves when the move is done: how far a program has come its log tells
	uint64_t seq = player_is_live(s->p) ? log_info(player_log(s->p))->last : player_at(s->p);
	struct pen p = pen_at(&s->c, s->tiling.bars.row, 0, s->c.cols);
	p.style = STYLE_NAME;
	pen_printf(&p, " running: event %llu   (Ctrl-C stops here)", (unsigned long long)seq);
	p.style = STYLE_PLAIN;
	pen_blank(&p, p.end);
	display_show(s->t, &s->c, -1, 0);
}
