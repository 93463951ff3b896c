/*
 * plain_values.c - the variables of a frame, one by one and by their names.
 */
#include "tui/plain_private.h"

#include <stdlib.h>
#include <string.h>

// ---- the variables of a frame ----

struct names {
	char **s;
	size_t n, cap;
};

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->s[i]);
	free(names->s);
}

static bool names_have(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (name && strcmp(names->s[i], name) == 0)
			return true;
	return false;
}

// What the push of a frame calls its arguments. FT_NONE: its push is not in the log.
static enum ft_rc argument_names(struct plain *s, uint64_t pushed, struct names *ret)
{
	const struct event *ev;
	if (pushed == UINT64_MAX)
		return FT_NONE;
	enum ft_rc rc = log_event(player_log(s->p), pushed, &ev);
	for (size_t i = 0; rc == FT_OK && i < ev->n_args; i++) {
		if (!ev->args[i].name)
			continue;
		ret->s = xgrow(ret->s, ret->n, &ret->cap, sizeof(*ret->s));
		ret->s[ret->n++] = xstrdup(ev->args[i].name);
	}
	return rc;
}

void say_as_of(struct plain *s, uint64_t pushed, const char *before, const char *after)
{
	uint64_t seq;
	if (player_as_of(s->p, pushed, &seq))
		say(s, "%sas of event %llu%s", before, (unsigned long long)seq, after);
}

// Whether debug information tells what the function of a frame has.
bool is_told(struct plain *s, uint64_t pushed)
{
	const struct event *ev;
	enum ft_rc rc = pushed == UINT64_MAX ? FT_NONE : log_event(player_log(s->p), pushed, &ev);
	if (rc == FT_FAIL)
		ft_error_clear();
	return rc != FT_OK || ev->kind != EVENT_PUSH || ev->args_known;
}

// "n=48, s=0x55… \"hi\"" of the frame's arguments, as they are now.
enum outcome say_arguments(struct plain *s, uint64_t pushed, size_t *ret_said)
{
	struct names names = {.n = 0};
	const struct event_value *v;
	size_t n = 0, said = 0;
	enum ft_rc rc = argument_names(s, pushed, &names);
	if (rc == FT_OK)
		rc = log_variables(player_log(s->p), pushed, player_at(s->p), &v, &n);
	if (rc == FT_NONE || !is_told(s, pushed))
		say(s, "?");
	for (size_t i = 0; rc == FT_OK && i < n; i++) {
		if (!names_have(&names, v[i].name))
			continue;
		if (said++ > 0)
			say(s, ", ");
		say_text(s, v[i].name);
		say(s, "=");
		say_text(s, v[i].value);
	}
	names_free(&names);
	*ret_said = said;
	return rc == FT_FAIL ? wrong_error(s) : DONE;
}

enum outcome say_values(struct plain *s, const char *indent, bool args)
{
	struct log_frame f;
	struct names names = {.n = 0};
	const struct event_value *v;
	size_t n = 0, said = 0;
	enum ft_rc rc = frame_at(s, player_selected(s->p), &f);
	if (rc != FT_OK)
		return no_frame(s, rc);
	rc = argument_names(s, f.pushed_seq, &names);
	if (rc == FT_OK)
		rc = player_variables(s->p, &v, &n);
	for (size_t i = 0; rc == FT_OK && i < n; i++) {
		if (names_have(&names, v[i].name) != args)
			continue;
		said++;
		say(s, "%s", indent);
		say_text(s, v[i].name);
		say(s, " = ");
		say_text(s, v[i].value);
		say(s, "%s", v[i].scope_ended ? " (its block has ended)" : "");
		say_as_of(s, f.pushed_seq, " (", ")");
		say(s, "\n");
	}
	names_free(&names);
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (rc == FT_NONE)
		say(s, "%sNot known: the push of this frame is not in the log.\n", indent);
	else if (said == 0 && !is_told(s, f.pushed_seq))
		say(s, "%sNot known: there is no debug information of this function.\n", indent);
	else if (said == 0)
		say(s, "%sNo %s.\n", indent, args ? "arguments" : "locals that are known yet");
	return DONE;
}

static void say_value(struct plain *s, const char *name, const char *value)
{
	uint64_t seq;
	say_text(s, name);
	say(s, " = ");
	say_text(s, value);
	if (*name != '&' && player_value_as_of(s->p, name, &seq))
		say(s, " (as of event %llu)", (unsigned long long)seq);
	say(s, "\n");
}

// Why there is no such value, and what may have been meant.
static enum outcome no_value(struct plain *s, const char *name, const char *near)
{
	struct buf b;
	buf_init(&b);
	player_missing(s->p, name, &b);
	bool unheard = strncmp(b.s, "there is no \"", 13) == 0;
	enum outcome o = unheard && near ? wrong(s, "%s; did you mean \"%s\"?", b.s, near)
					 : wrong(s, "%s", b.s);
	buf_deinit(&b);
	return o;
}

enum outcome run_print(struct plain *s, const char *arguments)
{
	const struct event_value *v;
	const char *names[256];
	size_t n = 0, count = 0;
	struct buf b;
	if (!*arguments)
		return wrong(s, "print what? VARIABLE, VARIABLE.MEMBER, *POINTER, $REGISTER, "
				"depth, return ...");
	buf_init(&b);
	enum ft_rc rc = player_value(s->p, arguments, &b);
	if (rc == FT_OK)
		say_value(s, arguments, b.s);
	buf_deinit(&b);
	if (rc == FT_OK)
		return DONE;
	if (rc == FT_FAIL)
		return wrong_error(s);
	rc = player_variables(s->p, &v, &n);
	if (rc == FT_FAIL)
		return wrong_error(s);
	for (size_t i = 0; rc == FT_OK && i < n && count < FT_COUNT(names); i++)
		if (v[i].name)
			names[count++] = v[i].name;
	const char *found = nearest_word(arguments, names, count);
	char *near = xstrdup(found);
	enum outcome o = no_value(s, arguments, near);
	free(near);
	return o;
}
