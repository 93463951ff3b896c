/*
 * plain.c - the loop of the prompt: a line, its command, what that says.
 */
#include "tui/plain_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char prompt[] = "(frametrace) ";

// ---- saying ----

void say_some(struct plain *s, const char *text, size_t len)
{
	while (len > 0) {
		const char *tab = memchr(text, '\t', len);
		size_t n = tab ? (size_t)(tab - text) : len;
		buf_escaped(&s->out, text, n, 0);
		if (tab)
			buf_char(&s->out, '\t');
		n += tab != NULL;
		text += n;
		len -= n;
	}
}

void say_text(struct plain *s, const char *text)
{
	if (text)
		say_some(s, text, strlen(text));
	else
		buf_char(&s->out, '?');
}

void say(struct plain *s, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&s->out, fmt, ap);
	va_end(ap);
}

enum outcome wrong(struct plain *s, const char *fmt, ...)
{
	struct buf b;
	va_list ap;
	buf_init(&b);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	say_text(s, b.s);
	buf_char(&s->out, '\n');
	buf_deinit(&b);
	return FAILED;
}

enum outcome wrong_error(struct plain *s)
{
	enum outcome o = wrong(s, "%s", ft_error());
	ft_error_clear();
	return o;
}

// ---- names of commands ----

static enum outcome run_help(struct plain *s, const char *arguments);
static enum outcome run_quit(struct plain *s, const char *arguments);

static const struct command_of own_commands[] = {
	{"help", "h", "[COMMAND]", "what there is, or what one command does", run_help, false},
	{"quit", "q exit", "", "end; a program that still runs is ended", run_quit, false},
	{NULL, NULL, NULL, NULL, NULL, false},
};

static const struct {
	const char *title;
	const struct command_of *commands;
} groups[] = {
	{"moves, forwards and back", move_commands},
	{"breakpoints and search", break_commands},
	{"frames and variables", info_commands},
	{"code", code_commands},
	{"stack, heap, address space", space_commands},
	{"grading", check_commands},
	{"this prompt", own_commands},
};

const struct command_of *command_number(size_t i)
{
	for (size_t g = 0; g < FT_COUNT(groups); g++)
		for (const struct command_of *c = groups[g].commands; c->name; c++)
			if (i-- == 0)
				return c;
	return NULL;
}

static bool is_alias(const struct command_of *c, const char *word, size_t len)
{
	for (const char *a = c->aliases; a && *a; a += strspn(a, " ")) {
		size_t n = strcspn(a, " ");
		if (n == len && strncmp(a, word, n) == 0)
			return true;
		a += n;
	}
	return false;
}

// By its name, an alias, or the beginning of a name that no other begins with.
static const struct command_of *find_command(const char *word, size_t len, size_t *ret_n)
{
	const struct command_of *c, *found = NULL;
	*ret_n = 0;
	for (size_t i = 0; (c = command_number(i)) != NULL; i++) {
		bool begins = strncmp(c->name, word, len) == 0;
		if ((begins && c->name[len] == '\0') || is_alias(c, word, len)) {
			*ret_n = 1;
			return c;
		}
		if (begins) {
			found = c;
			++*ret_n;
		}
	}
	return *ret_n == 1 ? found : NULL;
}

static enum outcome no_command(struct plain *s, const char *word, size_t n)
{
	const char *names[128];
	size_t count = 0;
	const struct command_of *c;
	if (n > 1) {
		say(s, "\"%s\" may be", word);
		for (size_t i = 0; (c = command_number(i)) != NULL; i++)
			if (strncmp(c->name, word, strlen(word)) == 0)
				say(s, " %s", c->name);
		say(s, "; write more of it\n");
		return FAILED;
	}
	for (size_t i = 0; (c = command_number(i)) != NULL && count < FT_COUNT(names); i++)
		names[count++] = c->name;
	const char *near = nearest_word(word, names, count);
	if (near)
		return wrong(s, "there is no command \"%s\"; did you mean \"%s\"?", word, near);
	return wrong(s, "there is no command \"%s\"; try \"help\"", word);
}

// ---- help ----

static void help_of(struct plain *s, const struct command_of *c)
{
	struct buf b;
	buf_init(&b);
	buf_str(&b, c->name);
	for (const char *a = c->aliases; a && *a; a += strspn(a, " ")) {
		size_t n = strcspn(a, " ");
		buf_str(&b, ", ");
		buf_add(&b, a, n);
		a += n;
	}
	if (*c->arguments)
		buf_printf(&b, " %s", c->arguments);
	say(s, "  %-34s %s\n", b.s, c->help);
	buf_deinit(&b);
}

static enum outcome run_help(struct plain *s, const char *arguments)
{
	size_t n;
	if (*arguments) {
		const struct command_of *c = find_command(arguments, strlen(arguments), &n);
		if (!c)
			return no_command(s, arguments, n);
		help_of(s, c);
		return DONE;
	}
	for (size_t g = 0; g < FT_COUNT(groups); g++) {
		say(s, "%s\n", groups[g].title);
		for (const struct command_of *c = groups[g].commands; c->name; c++)
			help_of(s, c);
	}
	say(s, "A unique beginning of a name is enough. An empty line does the last move again.\n"
	       "# begins a comment. Numbers may be hexadecimal (0x...).\n");
	return DONE;
}

static enum outcome run_quit(struct plain *s, const char *arguments)
{
	(void)s, (void)arguments;
	return QUIT;
}

// ---- the loop ----

static void flush(struct plain *s)
{
	if (!s->hushed)
		fwrite(s->out.s, 1, s->out.len, s->o->out);
	fflush(s->o->out);
	s->hushed = false;
	struct buf other = s->last;
	s->last = s->out;
	s->out = other;
	buf_reset(&s->out);
}

static enum outcome run_line(struct plain *s, char *line)
{
	char *word = line + strspn(line, " \t");
	size_t end = strlen(word), n;
	while (end > 0 && isspace((unsigned char)word[end - 1]))
		word[--end] = '\0';
	if (*word == '\0' || *word == '#')
		return DONE;
	size_t len = strcspn(word, " \t");
	// "x/4" and "p*q" of gdb: the word ends where its letters do.
	size_t letters = strspn(word, "abcdefghijklmnopqrstuvwxyz-_ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	len = letters > 0 && letters < len ? letters : len;
	const struct command_of *c = find_command(word, len, &n);
	if (!c) {
		char *name = xstrndup(word, len);
		enum outcome o = no_command(s, name, n);
		free(name);
		return o;
	}
	if (c->is_move && word != s->repeat) {
		free(s->repeat);
		s->repeat = xstrdup(word);
	}
	enum outcome o = c->run(s, word + len + strspn(word + len, " \t"));
	s->hushed = s->o->answers && o != FAILED && !command_grades(c);
	return o;
}

static bool is_blank(const char *line)
{
	return line[strspn(line, " \t\n")] == '\0';
}

size_t skip_mark(const char *text)
{
	return strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

// The next line of a script; NULL: the end.
static const char *script_line(struct plain *s)
{
	ssize_t n = getline(&s->line, &s->cap_line, s->o->in);
	if (n < 0)
		return NULL;
	if (n > 0 && s->line[n - 1] == '\n')
		s->line[--n] = '\0';
	s->has_nul = strlen(s->line) < (size_t)n;
	const char *line = s->has_read ? s->line : s->line + skip_mark(s->line);
	s->has_read = true;
	return line;
}

static void echo(struct plain *s, const char *line)
{
	buf_str(&s->out, prompt);
	say_text(s, line);
	buf_char(&s->out, '\n');
	fwrite(s->out.s, 1, s->out.len, s->o->out);
	buf_reset(&s->out);
}

static enum outcome do_line(struct plain *s, const char *line)
{
	bool again = is_blank(line) && s->o->terminal && s->repeat;
	char *copy = xstrdup(again ? s->repeat : line);
	if (!s->o->terminal && !s->o->answers && !is_blank(line))
		echo(s, line);
	bool says = s->has_nul || (!is_blank(copy) && copy[strspn(copy, " \t")] != '#');
	// Half a command might do, or check, something else.
	enum outcome o = s->has_nul ? wrong(s, "a NUL byte is in this line") : run_line(s, copy);
	s->failed |= o == FAILED;
	if (says)
		flush(s);
	free(copy);
	return o;
}

static void begin(struct plain *s)
{
	if (say_output(s) == FAILED || say_position(s, true) == FAILED)
		s->failed = true;
	if (s->o->answers && !s->failed)
		buf_reset(&s->out);
	flush(s);
}

static void loop(struct plain *s)
{
	enum outcome o = DONE;
	for (const char *const *f = s->o->first; f && *f && o != QUIT; f++)
		o = do_line(s, *f);
	struct typed *typed = s->o->terminal ? typed_open(s) : NULL;
	while (o != QUIT && !(s->o->is_over && s->o->is_over(s->o->ctx))) {
		const char *next = typed ? typed_line(typed, prompt) : script_line(s);
		if (!next)
			break;
		o = do_line(s, next);
	}
	typed_close(typed);
}

int plain_run(struct player *p, const struct plain_options *o)
{
	struct plain s = {.p = p, .o = o};
	buf_init(&s.out);
	buf_init(&s.last);
	answers_read(&s);
	begin(&s);
	loop(&s);
	answers_say_rest(&s);
	if (s.checks > 0) {
		say(&s, "%lu of %lu checks passed\n", s.checks - s.wrong, s.checks);
		flush(&s);
	}
	bool lost = fflush(o->out) != 0 || ferror(o->out);
	buf_deinit(&s.out);
	buf_deinit(&s.last);
	answers_free(&s);
	free(s.repeat);
	free(s.list_file);
	free(s.line);
	return (s.failed && !o->terminal) || lost;
}
