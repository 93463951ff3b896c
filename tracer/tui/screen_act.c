/*
 * screen_act.c - moves of the player, and what is said when they end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/screen_private.h"

enum { ASK_EVERY_MS = 10, SIGN_EVERY_MS = 200 };

void screen_say(struct screen *s, const char *fmt, ...)
{
	va_list ap;

	buf_reset(&s->message);
	va_start(ap, fmt);
	buf_vprintf(&s->message, fmt, ap);
	va_end(ap);
	s->is_alarm = false;
}

void screen_failed(struct screen *s)
{
	screen_say(s, "%s", ft_error());
	s->is_alarm = true;
	ft_error_clear();
}

static void put_cursors(struct screen *s)
{
	size_t insn = pane_insn_at(&s->now, s->now.place.pc);

	if (s->now.place.line || s->now.place.file)
		s->line = s->now.place.line ? s->now.place.line : 1;
	s->insn = insn == SIZE_MAX ? 0 : insn;
	s->follow[PANE_SOURCE] = s->follow[PANE_ASSEMBLY] = s->follow[PANE_STACK] = true;
}

void screen_look(struct screen *s, bool moved)
{
	struct view v;

	view_make(s->p, moved ? &s->now : &s->before, s->tid, s->selected, &v);
	if (moved) {
		view_deinit(&s->before);
		s->before = s->now;
		s->follow[PANE_OUTPUT] = s->follow[PANE_MAP] = true;
	} else {
		view_deinit(&s->now);
	}
	s->now = v;
	if (v.place.file) // where no source is known what was there last stays
		source_set(&s->source, player_log(s->p), v.place.file);
	put_cursors(s);
}

void act_select(struct screen *s, size_t frame)
{
	s->selected = frame;
	if (s->tid == 0 && player_select(s->p, frame) == FT_FAIL)
		screen_failed(s);
	screen_look(s, false);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

bool act_is_running(void *screen)
{
	struct screen *s = screen;
	uint64_t now = now_ms();

	if (now < s->next_ask)
		return false;
	s->next_ask = now + ASK_EVERY_MS;
	if (now >= s->next_sign) {
		screen_draw_running(s);
		s->next_sign = now + SIGN_EVERY_MS;
	}
	return display_is_interrupted(s->t);
}

static void begin(struct screen *s)
{
	s->next_sign = now_ms() + SIGN_EVERY_MS;
	// the program may wait for something: nobody can say so before it goes on
	if (player_is_live(s->p) && s->now.seq == s->now.last)
		screen_draw_running(s);
}

static void end(struct screen *s, enum ft_rc rc, bool back)
{
	s->tid = 0;
	s->selected = 0;
	if (rc == FT_FAIL)
		screen_failed(s);
	screen_look(s, true);
	if (rc == FT_NONE && !*player_why(s->p))
		screen_say(s, back ? "this is the first event" : "this is the last event");
}

void act_move(struct screen *s, int unit, bool back)
{
	begin(s);
	end(s, player_move(s->p, (enum player_unit)unit, back, 1), back);
}

void act_undo(struct screen *s, int arg, bool back)
{
	(void)arg;
	(void)back;
	enum ft_rc rc = player_undo(s->p);
	end(s, rc == FT_NONE ? FT_OK : rc, true);
	if (rc == FT_NONE)
		screen_say(s, "there was no move");
}

/* To the last event; of a live run, that it has come to. */
void act_end(struct screen *s, int arg, bool back)
{
	(void)arg;
	begin(s);
	end(s, player_go(s->p, back ? s->now.first : s->now.last), back);
}

static bool number(const char *text, uint64_t *ret)
{
	char *stop;

	errno = 0;
	*ret = strtoull(text, &stop, 0);
	return *text >= '0' && *text <= '9' && !*stop && errno == 0;
}

void act_goto(struct screen *s, const char *text)
{
	uint64_t n, seq = s->now.seq;
	bool add = *text == '+', subtract = *text == '-';

	if (strcmp(text, "$") == 0 || strcmp(text, "end") == 0) {
		act_end(s, 0, false);
		return;
	}
	if (!number(text + (add || subtract), &n)) {
		screen_say(s, "an event is a number, +N, -N or $, not %s", text);
		s->is_alarm = true;
		return;
	}
	if (add)
		n = seq + n < seq ? UINT64_MAX : seq + n;
	else if (subtract)
		n = n > seq ? 0 : seq - n;
	n = n < s->now.first ? s->now.first : n;
	if (!s->now.live && n > s->now.last)
		n = s->now.last;
	begin(s);
	end(s, player_go(s->p, n), n < seq);
}

/* ---- search ---- */

/*
 * What was typed: 0x7ffe… an address; "text" in any name or value; NAME=VALUE, =VALUE; FILE:LINE;
 * else a part of a function's name, or a variable's whole name.
 */
struct wanted {
	struct log_query queries[2]; // the second one if the first finds nothing
	char *parts[3];		     // what they point to
};

static bool is_line(const char *text)
{
	const char *colon = strrchr(text, ':');
	return colon && colon > text && colon[-1] != ':' && colon[1] &&
	       strspn(colon + 1, "0123456789") == strlen(colon + 1);
}

static void understand(const char *text, struct wanted *w)
{
	const char *equals = strchr(text, '=');
	size_t len = strlen(text);
	struct log_query *q = w->queries;

	*w = (struct wanted){.parts = {NULL}};
	if (strncmp(text, "0x", 2) == 0 && number(text, &q->address)) {
		q->has_address = true;
	} else if (*text == '"') {
		q->text = w->parts[0] =
			xstrndup(text + 1, len - 1 - (len > 2 && text[len - 1] == '"'));
	} else if (equals && strncmp(text, "operator", 8) != 0) {
		if (equals > text)
			q->variable = w->parts[0] = xstrndup(text, (size_t)(equals - text));
		q->value = w->parts[1] = xstrdup(equals + 1);
	} else if (is_line(text)) {
		const char *colon = strrchr(text, ':');
		q->file = w->parts[0] = xstrndup(text, (size_t)(colon - text));
		q->line = (uint32_t)strtoul(colon + 1, NULL, 10);
	} else {
		q[0].function = w->parts[0] = xasprintf("*%.*s*", (int)strcspn(text, "("), text);
		q[0].has_kind = true;
		q[0].kind = EVENT_PUSH;
		q[1].variable = w->parts[1] = xstrdup(text);
	}
}

static bool is_query(const struct log_query *q)
{
	return q->function || q->variable || q->value || q->has_address || q->file || q->text;
}

void act_find(struct screen *s, const char *text, bool back)
{
	struct wanted w;
	enum ft_rc rc = FT_NONE;

	if (*text) {
		buf_reset(&s->find);
		buf_str(&s->find, text);
	}
	if (!s->find.len) {
		screen_say(s, "nothing was searched for yet: / begins");
		return;
	}
	understand(s->find.s, &w);
	begin(s);
	for (size_t i = 0; i < FT_COUNT(w.queries) && rc == FT_NONE; i++)
		if (is_query(&w.queries[i]))
			rc = player_find(s->p, &w.queries[i], back);
	for (size_t i = 0; i < FT_COUNT(w.parts); i++)
		free(w.parts[i]);
	if (rc == FT_NONE) {
		screen_say(s, "\"%s\" was not found %s", s->find.s,
			   back ? "before this event (. searches on)"
				: "after this event (, searches back)");
		s->is_alarm = true;
		return;
	}
	end(s, rc, back);
	if (rc == FT_OK)
		screen_say(s, "found: %s   (. next, , the one before)", s->find.s);
}

/* ---- breakpoints ---- */

static void say_watch(struct screen *s, unsigned number, const char *what)
{
	const char *note = player_watch_note(s->p);

	screen_say(s, "watch %u: %s%s%s", number, what, note ? "; " : "", note ? note : "");
}

void act_break(struct screen *s, const char *text)
{
	unsigned n;

	if (!*text)
		return;
	if (player_break_checked(s->p, text, false, &n) != FT_OK)
		screen_failed(s);
	else if (strncmp(text, "watch ", 6) == 0)
		say_watch(s, n, text + 6);
	else
		screen_say(s, "breakpoint %u: %s", n, text);
}

void act_delete(struct screen *s, const char *text)
{
	uint64_t n;

	if (!*text)
		return;
	if (!number(text, &n) || player_delete(s->p, (unsigned)n) != FT_OK) {
		screen_say(s, "there is no breakpoint %s", text);
		s->is_alarm = true;
		return;
	}
	screen_say(s, "breakpoint %s is gone", text);
}
