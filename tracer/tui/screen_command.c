/*
 * screen_command.c - a command of the prompt (plain.h), and what it says, over the panes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/plain.h"
#include "tui/screen_private.h"

/* What is said behind the line that repeats the command: before it is only where we are. */
static const char *behind_echo(const char *said, const char *command)
{
	size_t n = strlen(command);

	for (const char *line = said; *line;) {
		size_t len = strcspn(line, "\n");
		if (len > n && memcmp(line + len - n, command, n) == 0)
			return line + len + (line[len] == '\n');
		line += len + (line[len] == '\n');
	}
	return said;
}

static void run(struct screen *s, const char *command, char **ret_said, size_t *ret_len)
{
	static char nothing[] = "\n";
	const char *const commands[] = {command, NULL};
	FILE *in = fmemopen(nothing, 1, "r"), *out = open_memstream(ret_said, ret_len);
	struct plain_options o = {.in = in, .out = out, .on_screen = true, .first = commands};

	if (in && out && plain_run(s->p, &o) != 0)
		s->is_alarm = true;
	if (in)
		fclose(in);
	if (out)
		fclose(out);
}

/* Short answers have their place; longer ones are laid over the panes. */
static void show(struct screen *s, const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')
		len--;
	if (len == 0 && !s->is_alarm)
		return;
	buf_reset(&s->message);
	buf_add(&s->message, text, len);
	if (!memchr(text, '\n', len))
		return;
	buf_reset(&s->text);
	buf_add(&s->text, text, len);
	buf_reset(&s->message);
	s->help_row = 0;
	s->mode = MODE_TEXT;
}

void act_command(struct screen *s, const char *command)
{
	char *said = NULL;
	size_t len = 0;
	uint64_t before = s->now.seq;

	if (!*command)
		return;
	if (strcmp(command, "q") == 0 || strcmp(command, "quit") == 0) {
		screen_say(s, "q without : quits");
		return;
	}
	run(s, command, &said, &len);
	s->tid = 0;
	s->selected = player_selected(s->p);
	screen_look(s, player_at(s->p) != before);
	if (said)
		show(s, behind_echo(said, command));
	free(said);
}
