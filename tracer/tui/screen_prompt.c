/*
 * screen_prompt.c - one line that is typed: an event, a search, a breakpoint.
 */
#include <string.h>

#include "tui/screen_private.h"

enum { TEXT_MAX = 400 };

const char *prompt_label(enum prompt_kind kind)
{
	switch (kind) {
	case PROMPT_GOTO:
		return "go to event (N, +N, -N, $): ";
	case PROMPT_FIND:
		return "find (function, variable, name=value, 0xADDRESS): ";
	case PROMPT_BREAK:
		return "break at (FUNCTION, FILE:LINE … if CONDITION): ";
	case PROMPT_WATCH:
		return "watch (VARIABLE or FUNCTION.VARIABLE): ";
	case PROMPT_DELETE:
		return "delete breakpoint (its number): ";
	case PROMPT_COMMAND:
		return ":";
	case PROMPTS:
		break;
	}
	return "";
}

/* What is likely to be wanted stands there already. */
static void suggest(struct screen *s, enum prompt_kind kind)
{
	struct buf *text = &s->prompt.text;

	if (kind == PROMPT_BREAK && s->source.file && s->source.text)
		buf_printf(text, "%s:%zu", path_name(s->source.file), s->line);
	const struct player_breakpoint *b;
	size_t n = player_breakpoints(s->p, &b);
	if (kind == PROMPT_DELETE && n == 1)
		buf_printf(text, "%u", b[0].number);
}

void act_prompt(struct screen *s, int kind, bool back)
{
	(void)back;
	s->mode = MODE_PROMPT;
	s->prompt.kind = (enum prompt_kind)kind;
	buf_reset(&s->prompt.text);
	suggest(s, s->prompt.kind);
	s->prompt.at = s->prompt.text.len;
	s->prompt.is_suggested = s->prompt.text.len > 0;
}

static void done(struct screen *s)
{
	struct prompt *p = &s->prompt;
	struct buf text;

	buf_init(&text);
	if (p->kind == PROMPT_WATCH && p->text.len && strncmp(p->text.s, "watch ", 6) != 0)
		buf_str(&text, "watch ");
	buf_add(&text, p->text.s, p->text.len);
	buf_reset(&p->last[p->kind]);
	buf_add(&p->last[p->kind], p->text.s, p->text.len);
	s->mode = MODE_PANES;
	switch (p->kind) {
	case PROMPT_GOTO:
		if (text.len)
			act_goto(s, text.s);
		break;
	case PROMPT_FIND:
		act_find(s, text.s, false);
		break;
	case PROMPT_BREAK:
	case PROMPT_WATCH:
		act_break(s, text.s);
		break;
	case PROMPT_DELETE:
		act_delete(s, text.s);
		break;
	case PROMPT_COMMAND:
		act_command(s, text.s);
		break;
	case PROMPTS:
		break;
	}
	buf_deinit(&text);
}

/* ---- editing; a character may be several bytes ---- */

static bool continues(const struct buf *b, size_t at)
{
	return at < b->len && ((uint8_t)b->s[at] & 0xc0) == 0x80;
}

static size_t before(const struct buf *b, size_t at)
{
	if (at > 0)
		at--;
	while (at > 0 && continues(b, at))
		at--;
	return at;
}

static size_t after(const struct buf *b, size_t at)
{
	if (at < b->len)
		at++;
	while (continues(b, at))
		at++;
	return at;
}

static void cut_out(struct buf *b, size_t from, size_t to)
{
	memmove(b->s + from, b->s + to, b->len - to);
	buf_truncate(b, b->len - (to - from));
}

static void insert(struct prompt *p, uint32_t ch)
{
	struct buf rest;

	if (p->is_suggested) { // whoever types wants something else
		buf_reset(&p->text);
		p->at = 0;
	}
	if (p->text.len > TEXT_MAX)
		return;
	buf_init(&rest);
	buf_add(&rest, p->text.s + p->at, p->text.len - p->at);
	buf_truncate(&p->text, p->at);
	text_add(&p->text, ch);
	p->at = p->text.len;
	buf_add(&p->text, rest.s, rest.len);
	buf_deinit(&rest);
}

static void replace(struct prompt *p, const char *text)
{
	buf_reset(&p->text);
	buf_str(&p->text, text);
	p->at = p->text.len;
}

static void edit(struct prompt *p, uint32_t key)
{
	if (key == INPUT_BACKSPACE) {
		size_t from = before(&p->text, p->at);
		cut_out(&p->text, from, p->at);
		p->at = from;
	} else if (key == INPUT_DELETE || key == INPUT_CTRL('d')) {
		cut_out(&p->text, p->at, after(&p->text, p->at));
	} else if (key == INPUT_LEFT || key == INPUT_CTRL('b')) {
		p->at = before(&p->text, p->at);
	} else if (key == INPUT_RIGHT || key == INPUT_CTRL('f')) {
		p->at = after(&p->text, p->at);
	} else if (key == INPUT_HOME || key == INPUT_CTRL('a')) {
		p->at = 0;
	} else if (key == INPUT_END || key == INPUT_CTRL('e')) {
		p->at = p->text.len;
	} else if (key == INPUT_CTRL('u')) {
		cut_out(&p->text, 0, p->at);
		p->at = 0;
	} else if (key == INPUT_UP || key == INPUT_CTRL('p')) {
		replace(p, p->last[p->kind].s);
	} else if (key >= 0x20 && key < INPUT_UP && (key < 0x7f || key >= 0xa0)) {
		insert(p, key);
	}
	p->is_suggested = false;
}

void prompt_key(struct screen *s, uint32_t key)
{
	if (key == INPUT_ENTER)
		done(s);
	else if (key == INPUT_ESCAPE || key == INPUT_CTRL('c') || key == INPUT_CTRL('g') ||
		 (key == INPUT_BACKSPACE && s->prompt.text.len == 0))
		s->mode = MODE_PANES;
	else
		edit(&s->prompt, key);
}
