/*
 * plain_check.c - grading: does what is here agree with what should be, or with what somebody
 * answered.
 */
#include "tui/plain_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_ANSWER_LINE = 1024, MAX_ANSWERS = 1000 };

struct answer {
	char *name, *text; // text "": a line that is still to be filled in
	bool asked, has_equals;
};

// ---- what somebody answered ----

static char *trimmed(char *s)
{
	s += strspn(s, " \t");
	size_t n = strlen(s);
	while (n > 0 && isspace((unsigned char)s[n - 1]))
		s[--n] = '\0';
	return s;
}

static void add_answer(struct plain *s, const char *name, const char *text)
{
	s->answers = xgrow(s->answers, s->n_answers, &s->cap_answers, sizeof(*s->answers));
	s->answers[s->n_answers++] = (struct answer){
		.name = xstrdup(name),
		.text = xstrdup(text ? text : ""),
		.has_equals = text,
	};
}

void answers_read(struct plain *s)
{
	char line[MAX_ANSWER_LINE];
	bool is_first = true;
	while (s->o->answers && fgets(line, sizeof(line), s->o->answers) &&
	       s->n_answers < MAX_ANSWERS) {
		line[strcspn(line, "#\n")] = '\0';
		char *begin = is_first ? line + skip_mark(line) : line;
		is_first = false;
		char *equals = strchr(begin, '=');
		if (equals)
			*equals = '\0';
		char *name = trimmed(begin);
		if (*name)
			add_answer(s, name, equals ? trimmed(equals + 1) : NULL);
	}
}

void answers_free(struct plain *s)
{
	for (size_t i = 0; i < s->n_answers; i++) {
		free(s->answers[i].name);
		free(s->answers[i].text);
	}
	free(s->answers);
}

void answers_say_rest(struct plain *s)
{
	for (size_t i = 0; i < s->n_answers; i++) {
		const struct answer *a = &s->answers[i];
		if (a->asked)
			continue;
		say_text(s, a->name);
		say(s, a->has_equals ? ": nobody asked for that (a misspelled name?)\n"
				     : ": not an answer, there is no = in it\n");
	}
}

// The last one counts; a line that was not filled in is none. NULL: not answered.
static const char *answer_of(struct plain *s, const char *name, bool *ret_twice)
{
	const char *text = NULL;
	*ret_twice = false;
	for (size_t i = 0; i < s->n_answers; i++) {
		if (strcmp(s->answers[i].name, name) != 0)
			continue;
		s->answers[i].asked = true;
		if (!*s->answers[i].text)
			continue;
		*ret_twice |= text && strcmp(text, s->answers[i].text) != 0;
		text = s->answers[i].text;
	}
	return text;
}

// ---- commands ----

static enum outcome verdict(struct plain *s, bool good)
{
	s->checks++;
	s->wrong += !good;
	say(s, "%s\n", good ? "ok" : "FAILED");
	return good ? DONE : FAILED;
}

static void say_what(struct plain *s, const char *what)
{
	if (!s->o->answers)
		return; // the line itself was shown
	say_text(s, what);
	say(s, ": ");
}

static enum outcome run_check(struct plain *s, const char *arguments)
{
	bool good;
	if (!*arguments)
		return wrong(s, "check what? NAME OP VALUE, as in: check b == 96 && depth == 0");
	enum ft_rc rc = player_check(s->p, arguments, &good);
	if (rc != FT_OK)
		wrong_error(s);
	say_what(s, arguments);
	return verdict(s, rc == FT_OK && good);
}

// An answer is one value: it must not bring conditions of its own.
static bool is_one_value(const char *answer)
{
	return !strpbrk(answer, "\"&|<>=!");
}

// "Stack" names the region that `map` calls "stack".
static enum ft_rc is_region(struct plain *s, const char *value, const char *answer, bool *ret)
{
	struct buf b;
	if (strncmp(value, "region(", 7) != 0)
		return FT_OK;
	buf_init(&b);
	enum ft_rc rc = player_value(s->p, value, &b);
	*ret = rc == FT_OK && strcasecmp(b.s, answer) == 0;
	buf_deinit(&b);
	return rc == FT_NONE ? FT_OK : rc;
}

static enum ft_rc is_right(struct plain *s, const char *value, const char *answer, bool *ret)
{
	*ret = false;
	if (!is_one_value(answer))
		return FT_OK;
	char *condition = xasprintf("%s == %s", value, answer);
	enum ft_rc rc = player_check(s->p, condition, ret);
	free(condition);
	return rc == FT_OK && !*ret ? is_region(s, value, answer, ret) : rc;
}

static enum outcome run_ask(struct plain *s, const char *arguments)
{
	size_t len = strcspn(arguments, " \t");
	const char *value = arguments + len + strspn(arguments + len, " \t");
	bool good = false, twice;
	if (!*value)
		return wrong(s, "ask NAME VALUE, as in: ask bytes frame_bytes");
	char *name = xstrndup(arguments, len);
	const char *answer = answer_of(s, name, &twice);
	enum ft_rc rc = answer ? is_right(s, value, answer, &good) : FT_OK;
	if (rc != FT_OK)
		wrong_error(s);
	say_text(s, name);
	if (answer) {
		say(s, " = ");
		say_text(s, answer);
	} else {
		say(s, ", %s",
		    s->o->answers ? "not answered"
				  : "and there is nobody to ask (--answers=FILE has the answers)");
	}
	say(s, "%s: ", twice ? " (answered twice, the last counts)" : "");
	free(name);
	return verdict(s, rc == FT_OK && good);
}

static enum outcome run_expect(struct plain *s, const char *arguments)
{
	if (!*arguments)
		return wrong(s, "expect which text in what the command before it said?");
	bool good = strstr(s->last.s, arguments) != NULL;
	say_what(s, arguments);
	return verdict(s, good);
}

static enum outcome run_echo(struct plain *s, const char *arguments)
{
	say_text(s, arguments);
	say(s, "\n");
	return DONE;
}

const struct command_of check_commands[] = {
	{"check", "", "CONDITION", "ok or FAILED: check b == 96 && depth == 0", run_check, false},
	{"expect", "", "TEXT", "ok if the command before said TEXT, else FAILED", run_expect,
	 false},
	{"ask", "", "NAME VALUE", "ok if --answers has NAME = VALUE: ask bytes frame_bytes",
	 run_ask, false},
	{"echo", "", "TEXT", "says TEXT", run_echo, false},
	{NULL, NULL, NULL, NULL, NULL, false},
};

bool command_grades(const struct command_of *c)
{
	return c >= check_commands && c < check_commands + FT_COUNT(check_commands);
}
