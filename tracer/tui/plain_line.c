/*
 * plain_line.c - a line that is typed at a terminal: editing, history, completion (libedit).
 */
#include "tui/plain_private.h"

#include <histedit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { HISTORY_LINES = 500, MAX_SHOWN = 60 };

struct typed {
	EditLine *el;
	History *history;
	struct plain *s;
	const char *prompt;
	struct buf line; // the last one
};

static char *give_prompt(EditLine *el)
{
	struct typed *t = NULL;
	el_get(el, EL_CLIENTDATA, &t);
	return (char *)t->prompt; // libedit only reads it
}

// ---- completion ----

struct words {
	char **s;
	size_t n, cap;
};

static void add_word(struct words *w, const char *word, const char *begin, size_t len)
{
	if (strncmp(word, begin, len) != 0)
		return;
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->s[i], word) == 0)
			return;
	w->s = xgrow(w->s, w->n, &w->cap, sizeof(*w->s));
	w->s[w->n++] = xstrdup(word);
}

static void words_free(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->s[i]);
	free(w->s);
}

static void add_commands(struct words *w, const char *begin, size_t len)
{
	const struct command_of *c;
	for (size_t i = 0; (c = command_number(i)) != NULL; i++)
		add_word(w, c->name, begin, len);
}

// Functions that have a frame, and variables of the selected one: what can be seen from here.
static void add_names(struct plain *s, struct words *w, const char *begin, size_t len)
{
	const struct event_value *v;
	const struct log_frame *f;
	size_t n;
	if (player_variables(s->p, &v, &n) == FT_OK)
		for (size_t i = 0; i < n; i++)
			if (v[i].name)
				add_word(w, v[i].name, begin, len);
	if (player_frames(s->p, &f, &n) == FT_OK)
		for (size_t i = 0; i < n; i++)
			if (f[i].function)
				add_word(w, f[i].function, begin, len);
	ft_error_clear();
}

struct completing {
	struct words words;
	const char *begin;
	size_t len;
};

static enum ft_rc add_function(void *ctx, const struct store_function *fn)
{
	struct completing *c = ctx;
	add_word(&c->words, fn->name, c->begin, c->len);
	return FT_OK;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_functions(struct plain *s, struct words *w, const char *begin, size_t len)
{
	struct completing c = {.begin = begin, .len = len};
	struct words *all = &c.words;
	if (log_functions(player_log(s->p), add_function, &c) == FT_FAIL)
		ft_error_clear();
	if (all->n > 1)
		qsort(all->s, all->n, sizeof(*all->s), by_text);
	for (size_t i = 0; i < all->n; i++)
		add_word(w, all->s[i], begin, len);
	words_free(all);
}

static size_t common(const struct words *w)
{
	size_t n = strlen(w->s[0]);
	for (size_t i = 1; i < w->n; i++) {
		size_t same = 0;
		while (same < n && w->s[i][same] == w->s[0][same])
			same++;
		n = same;
	}
	return n;
}

static void show_words(struct plain *s, const struct words *w)
{
	say(s, "\n");
	for (size_t i = 0; i < w->n && i < MAX_SHOWN; i++) {
		say_text(s, w->s[i]);
		say(s, "%s", i + 1 < w->n ? "  " : "");
	}
	say(s, "%s\n", w->n > MAX_SHOWN ? "..." : "");
	fwrite(s->out.s, 1, s->out.len, s->o->out);
	fflush(s->o->out);
	buf_reset(&s->out);
}

static unsigned char complete(EditLine *el, int ch)
{
	struct typed *t = NULL;
	struct words w = {.n = 0};
	unsigned char result = CC_ERROR;
	(void)ch;
	el_get(el, EL_CLIENTDATA, &t);
	const LineInfo *line = el_line(el);
	const char *word = line->cursor;
	while (word > line->buffer && word[-1] != ' ' && word[-1] != '\t')
		word--;
	size_t len = (size_t)(line->cursor - word);
	if (word == line->buffer) {
		add_commands(&w, word, len);
	} else {
		add_names(t->s, &w, word, len);
		add_functions(t->s, &w, word, len);
	}
	size_t same = w.n > 0 ? common(&w) : 0;
	if (w.n > 0 && (same > len || w.n == 1)) {
		char *rest =
			xasprintf("%.*s%s", (int)(same - len), w.s[0] + len, w.n == 1 ? " " : "");
		if (el_insertstr(el, rest) == 0)
			result = CC_REFRESH;
		free(rest);
	} else if (w.n > 1) {
		show_words(t->s, &w);
		result = CC_REDISPLAY;
	}
	words_free(&w);
	return result;
}

// Ctrl-C: the line is given up.
static unsigned char give_up(EditLine *el, int ch)
{
	const LineInfo *line = el_line(el);
	(void)ch;
	el_cursor(el, (int)(line->lastchar - line->cursor));
	el_deletestr(el, (int)(line->lastchar - line->buffer));
	return CC_REFRESH;
}

// ---- life ----

struct typed *typed_open(struct plain *s)
{
	HistEvent ev;
	struct typed *t = xcalloc(1, sizeof(*t));
	t->s = s;
	t->prompt = "";
	buf_init(&t->line);
	t->history = history_init();
	t->el = el_init("frametrace", s->o->in, s->o->out, stderr);
	if (!t->el || !t->history) {
		typed_close(t);
		return NULL;
	}
	history(t->history, &ev, H_SETSIZE, HISTORY_LINES);
	history(t->history, &ev, H_SETUNIQUE, 1);
	el_set(t->el, EL_CLIENTDATA, t);
	el_set(t->el, EL_PROMPT, give_prompt);
	el_set(t->el, EL_EDITOR, "emacs");
	el_set(t->el, EL_HIST, history, t->history);
	el_set(t->el, EL_ADDFN, "ft-complete", "complete a word", complete);
	el_set(t->el, EL_ADDFN, "ft-give-up", "give up the line", give_up);
	el_set(t->el, EL_BIND, "^I", "ft-complete", NULL);
	el_set(t->el, EL_BIND, "^C", "ft-give-up", NULL);
	el_set(t->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
	// Here Ctrl-C is a key; the program, which shares the terminal, must not get a signal by
	// it.
	el_set(t->el, EL_SETTY, "-d", "-isig", NULL);
	return t;
}

void typed_close(struct typed *t)
{
	if (!t)
		return;
	if (t->el)
		el_end(t->el);
	if (t->history)
		history_end(t->history);
	buf_deinit(&t->line);
	free(t);
}

const char *typed_line(struct typed *t, const char *prompt)
{
	HistEvent ev;
	int n = 0;
	t->prompt = prompt;
	const char *line = el_gets(t->el, &n);
	if (!line || n <= 0)
		return NULL;
	buf_reset(&t->line);
	buf_add(&t->line, line, (size_t)n - (line[n - 1] == '\n'));
	if (t->line.s[strspn(t->line.s, " \t")] != '\0')
		history(t->history, &ev, H_ENTER, t->line.s);
	return t->line.s;
}
