/*
 * plain_check.c - grading: does what is here agree with what should be.
 */
#include "tui/plain_private.h"

#include <string.h>

static enum outcome verdict(struct plain *s, bool good)
{
	s->checks++;
	s->wrong += !good;
	say(s, "%s\n", good ? "ok" : "FAILED");
	return good ? DONE : FAILED;
}

static enum outcome run_check(struct plain *s, const char *arguments)
{
	bool good;
	if (!*arguments)
		return wrong(s, "check what? NAME OP VALUE, as in: check b == 96 && depth == 0");
	enum ft_rc rc = player_check(s->p, arguments, &good);
	if (rc == FT_OK)
		return verdict(s, good);
	wrong_error(s);
	return verdict(s, false);
}

static enum outcome run_expect(struct plain *s, const char *arguments)
{
	if (!*arguments)
		return wrong(s, "expect which text in what the command before it said?");
	return verdict(s, strstr(s->last.s, arguments) != NULL);
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
	{"echo", "", "TEXT", "says TEXT", run_echo, false},
	{NULL, NULL, NULL, NULL, NULL, false},
};
