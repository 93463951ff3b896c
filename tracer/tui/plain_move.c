/*
 * plain_move.c - moves, breakpoints, search.
 */
#include "tui/plain_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// ---- moves ----

static bool parse_count(const char *s, uint64_t *ret)
{
	char *end;
	errno = 0;
	unsigned long long v = strtoull(s, &end, 0);
	if (!isdigit((unsigned char)*s) || errno || end[strspn(end, " \t")])
		return false;
	*ret = v;
	return true;
}

static enum outcome after_move(struct plain *s, enum ft_rc rc, uint64_t began, bool as_event)
{
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (rc == FT_NONE && player_at(s->p) == began) {
		say_why(s);
		return FAILED;
	}
	enum outcome o = say_output(s);
	const struct event *ev;
	bool why = *player_why(s->p) != '\0';
	// That a frame was popped by a return is to be seen from what follows.
	if (player_event(s->p, &ev) != FT_OK || ev->kind != EVENT_POP || ev->how != POP_RETURN)
		say_why(s);
	if (o == DONE && as_event && end_is_said(s))
		return DONE;
	if (o == DONE && as_event)
		o = say_event(s, player_at(s->p), false);
	else if (o == DONE)
		o = say_position(s, why);
	return o;
}

static enum outcome move(struct plain *s, const char *arguments, enum player_unit unit, bool back)
{
	uint64_t count = 1, began = player_at(s->p);
	if (*arguments && (!parse_count(arguments, &count) || count == 0))
		return wrong(s, "how many? \"%s\" is no number", arguments);
	enum ft_rc rc = player_move(s->p, unit, back, count);
	bool as_event = unit == PLAYER_EVENT || unit == PLAYER_INSN || unit == PLAYER_CALL ||
			unit == PLAYER_RETURN;
	return after_move(s, rc, began, as_event);
}

#define MOVE(name, unit)                                                                           \
	static enum outcome run_##name(struct plain *s, const char *arguments)                     \
	{                                                                                          \
		return move(s, arguments, unit, false);                                            \
	}                                                                                          \
	static enum outcome run_reverse_##name(struct plain *s, const char *arguments)             \
	{                                                                                          \
		return move(s, arguments, unit, true);                                             \
	}

MOVE(step, PLAYER_STEP)
MOVE(next, PLAYER_NEXT)
MOVE(stepi, PLAYER_INSN)
MOVE(event, PLAYER_EVENT)
MOVE(call, PLAYER_CALL)
MOVE(return, PLAYER_RETURN)
MOVE(continue, PLAYER_CONTINUE)

static enum outcome make_break(struct plain *s, const char *spec, bool temporary, unsigned *ret)
{
	return player_break_checked(s->p, spec, temporary, ret) == FT_OK ? DONE : wrong_error(s);
}

// To a place, whatever breakpoints there are besides.
static enum outcome to_location(struct plain *s, const char *spec, bool back)
{
	unsigned number;
	uint64_t began = player_at(s->p);
	enum outcome o = make_break(s, spec, true, &number);
	if (o != DONE)
		return o;
	o = after_move(s, player_move(s->p, PLAYER_CONTINUE, back, 1), began, false);
	enum ft_rc rc = player_delete(s->p, number); // if something else was met before
	return rc == FT_FAIL ? wrong_error(s) : o;
}

static enum outcome run_advance(struct plain *s, const char *arguments)
{
	return *arguments ? to_location(s, arguments, false)
			  : wrong(s, "where to? FUNCTION, FILE:LINE, LINE, *ADDRESS or +EVENT");
}

static enum outcome run_until(struct plain *s, const char *arguments)
{
	return *arguments ? to_location(s, arguments, false)
			  : move(s, arguments, PLAYER_UNTIL, false);
}

static enum outcome run_reverse_until(struct plain *s, const char *arguments)
{
	return *arguments ? to_location(s, arguments, true)
			  : move(s, arguments, PLAYER_UNTIL, true);
}

static enum outcome run_finish(struct plain *s, const char *arguments)
{
	uint64_t began = player_at(s->p);
	size_t selected = player_selected(s->p);
	if (*arguments)
		return move(s, arguments, PLAYER_FINISH, false);
	size_t before = s->out.len;
	say(s, "Run till exit from ");
	if (say_frame(s, selected, true) != DONE)
		buf_truncate(&s->out, before);
	enum outcome o = after_move(s, player_move(s->p, PLAYER_FINISH, false, 1), began, false);
	const struct event *ev;
	if (o != DONE || player_event(s->p, &ev) != FT_OK || ev->kind != EVENT_POP ||
	    !ev->has_return)
		return o;
	say(s, "Value returned is ");
	say_text(s, ev->returned.value);
	say(s, "\n");
	return o;
}

static enum outcome run_reverse_finish(struct plain *s, const char *arguments)
{
	return move(s, arguments, PLAYER_FINISH, true);
}

static enum outcome run_undo(struct plain *s, const char *arguments)
{
	(void)arguments;
	enum ft_rc rc = player_undo(s->p);
	if (rc != FT_OK)
		return rc == FT_NONE ? wrong(s, "there was no move") : wrong_error(s);
	return say_position(s, true);
}

static enum outcome run_to_end(struct plain *s, const char *arguments)
{
	(void)arguments;
	uint64_t began = player_at(s->p);
	enum ft_rc rc = player_go(s->p, UINT64_MAX);
	if (rc == FT_NONE)
		rc = FT_OK; // nothing follows: it is there
	return after_move(s, rc, began, false);
}

static enum outcome run_start(struct plain *s, const char *arguments)
{
	(void)arguments;
	enum ft_rc rc = player_start(s->p);
	return rc == FT_OK ? say_position(s, true) : wrong_error(s);
}

static enum outcome run_goto(struct plain *s, const char *arguments)
{
	uint64_t seq, began = player_at(s->p);
	const struct log_info *info = log_info(player_log(s->p));
	if (strcmp(arguments, "first") == 0)
		return after_move(s, player_go(s->p, info->first), began, false);
	if (strcmp(arguments, "last") == 0 || strcmp(arguments, "end") == 0)
		return run_to_end(s, "");
	if (!parse_count(arguments, &seq))
		return wrong(s, "which event? \"goto NUMBER\", \"goto first\", \"goto last\"");
	bool inside = seq >= info->first && (seq <= info->last || player_is_live(s->p));
	enum ft_rc rc = inside ? player_go(s->p, seq) : FT_NONE;
	if (inside && after_move(s, rc == FT_NONE ? FT_OK : rc, began, false) == FAILED)
		return FAILED;
	if (rc == FT_OK)
		return DONE;
	return wrong(s, "there is no event %llu: they are %llu to %llu", (unsigned long long)seq,
		     (unsigned long long)info->first, (unsigned long long)info->last);
}

const struct command_of move_commands[] = {
	{"step", "s", "[COUNT]", "to the next source line, into calls", run_step, true},
	{"next", "n", "[COUNT]", "to the next line of this frame, over calls", run_next, true},
	{"stepi", "si", "[COUNT]", "to the next instruction that was recorded", run_stepi, true},
	{"finish", "f fin", "[COUNT]", "until the selected frame returns", run_finish, true},
	{"until", "u", "[PLACE]", "like next, not back in a loop; or to PLACE", run_until, true},
	{"advance", "", "PLACE", "run to FUNCTION, FILE:LINE, LINE", run_advance, true},
	{"continue", "c", "[COUNT]", "to a breakpoint, a signal or the end", run_continue, true},
	{"call", "", "[COUNT]", "to the next frame that is pushed", run_call, true},
	{"return", "ret", "[COUNT]", "to the next frame that is popped", run_return, true},
	{"event", "e", "[COUNT]", "to the next event", run_event, true},
	{"reverse-step", "rs", "[COUNT]", "step, backwards", run_reverse_step, true},
	{"reverse-next", "rn", "[COUNT]", "next, backwards", run_reverse_next, true},
	{"reverse-stepi", "rsi", "[COUNT]", "stepi, backwards", run_reverse_stepi, true},
	{"reverse-finish", "rf", "[COUNT]", "to the call of this frame", run_reverse_finish, true},
	{"reverse-until", "ru", "[PLACE]", "until, backwards", run_reverse_until, true},
	{"reverse-continue", "rc", "[COUNT]", "to what was before", run_reverse_continue, true},
	{"reverse-call", "", "[COUNT]", "to the push before", run_reverse_call, true},
	{"reverse-return", "", "[COUNT]", "to the pop before", run_reverse_return, true},
	{"reverse-event", "re", "[COUNT]", "to the event before", run_reverse_event, true},
	{"goto", "g", "NUMBER|first|last", "to the event of that number", run_goto, false},
	{"start", "", "", "to where the session began", run_start, false},
	{"run-to-end", "", "", "to the last event", run_to_end, false},
	{"undo", "", "", "to where the last move began", run_undo, false},
	{NULL, NULL, NULL, NULL, NULL, false},
};

// ---- breakpoints ----

static enum outcome add_break(struct plain *s, const char *spec, const char *what, bool temporary)
{
	unsigned number;
	if (make_break(s, spec, temporary, &number) != DONE)
		return FAILED;
	say(s, "%s %u: ", what, number);
	say_text(s, spec + (strncmp(spec, "watch ", 6) == 0 ? 6 : 0));
	say(s, "\n");
	return DONE;
}

static enum outcome run_break(struct plain *s, const char *arguments)
{
	if (*arguments && strncmp(arguments, "if ", 3) != 0)
		return add_break(s, arguments, "Breakpoint", false);
	struct player_place here;
	player_place(s->p, &here);
	if (!here.file || !here.line)
		return wrong(s, "where? FUNCTION, FILE:LINE, LINE, *ADDRESS or +EVENT");
	char *spec = xasprintf("%s:%u%s%s", here.file, here.line, *arguments ? " " : "", arguments);
	enum outcome o = add_break(s, spec, "Breakpoint", false);
	free(spec);
	return o;
}

static enum outcome run_tbreak(struct plain *s, const char *arguments)
{
	return add_break(s, arguments, "Temporary breakpoint", true);
}

static enum outcome run_watch(struct plain *s, const char *arguments)
{
	if (!*arguments)
		return wrong(s, "watch what? VARIABLE or FUNCTION.VARIABLE");
	char *spec = xasprintf("watch %s", arguments);
	enum outcome o = add_break(s, spec, "Watchpoint", false);
	const char *note = player_watch_note(s->p);
	if (o == DONE && note)
		say(s, "%s\n", note);
	free(spec);
	return o;
}

static enum outcome run_delete(struct plain *s, const char *arguments)
{
	const struct player_breakpoint *b;
	uint64_t number;
	if (*arguments) {
		if (!parse_count(arguments, &number) || number > UINT32_MAX)
			return wrong(s, "which one? \"info breakpoints\" has the numbers");
		enum ft_rc rc = player_delete(s->p, (unsigned)number);
		if (rc == FT_NONE)
			return wrong(s, "there is no breakpoint %s", arguments);
		return rc == FT_OK ? DONE : wrong_error(s);
	}
	while (player_breakpoints(s->p, &b) > 0)
		if (player_delete(s->p, b[0].number) != FT_OK)
			return wrong_error(s);
	return DONE;
}

// ---- search ----

static const char find_usage[] = "find what? function NAME, variable NAME [VALUE], value TEXT, "
				 "address NUMBER, line FILE:LINE, text WORDS";

static bool query_line(char *what, struct log_query *q)
{
	char *colon = strrchr(what, ':');
	uint64_t line;
	if (!colon || !parse_count(colon + 1, &line) || line == 0 || line > UINT32_MAX)
		return false;
	*colon = '\0';
	q->file = what;
	q->line = (uint32_t)line;
	return true;
}

static bool query_variable(char *what, struct log_query *q)
{
	char *value = what + strcspn(what, " \t=");
	q->variable = what;
	if (!*value)
		return true;
	size_t blank = strspn(value, " \t=");
	*value = '\0';
	if (value[blank])
		q->value = value + blank;
	return true;
}

// `what` is cut into words and must live as long as the query.
static bool make_query(const char *kind, size_t len, char *what, struct log_query *q)
{
	*q = (struct log_query){.line = 0};
	if (!*what || len == 0)
		return false;
	if (strncmp("function", kind, len) == 0) {
		q->function = what;
		q->has_kind = true;
		q->kind = EVENT_PUSH;
		return true;
	}
	if (strncmp("variable", kind, len) == 0 && len > 2)
		return query_variable(what, q);
	if (strncmp("value", kind, len) == 0 && len > 2) {
		q->value = what;
		return true;
	}
	if (strncmp("address", kind, len) == 0) {
		q->has_address = true;
		return parse_count(what, &q->address);
	}
	if (strncmp("line", kind, len) == 0)
		return query_line(what, q);
	q->text = what;
	return strncmp("text", kind, len) == 0;
}

static enum outcome find(struct plain *s, const char *arguments, bool back)
{
	size_t len = strcspn(arguments, " \t");
	char *what = xstrdup(arguments + len + strspn(arguments + len, " \t"));
	struct log_query q;
	enum outcome o;
	if (!make_query(arguments, len, what, &q)) {
		o = wrong(s, "%s", find_usage);
	} else {
		enum ft_rc rc = player_find(s->p, &q, back);
		o = rc == FT_NONE ? wrong(s, "not found %s", back ? "before" : "from here on")
				  : after_move(s, rc, player_at(s->p), true);
	}
	free(what);
	return o;
}

static enum outcome run_find(struct plain *s, const char *arguments)
{
	return find(s, arguments, false);
}

static enum outcome run_reverse_find(struct plain *s, const char *arguments)
{
	return find(s, arguments, true);
}

const struct command_of break_commands[] = {
	{"break", "b", "[PLACE] [if CONDITION]", "stop at FUNCTION, FILE:LINE, *ADDRESS, +EVENT",
	 run_break, false},
	{"tbreak", "tb", "PLACE [if CONDITION]", "the same, once", run_tbreak, false},
	{"watch", "", "[FUNCTION.]VARIABLE", "stop when it has changed", run_watch, false},
	{"delete", "d", "[NUMBER]", "a breakpoint, or all", run_delete, false},
	{"find", "", "KIND WHAT", "the next function, variable, value, address, line, text",
	 run_find, true},
	{"reverse-find", "rfind", "KIND WHAT", "find, backwards", run_reverse_find, true},
	{NULL, NULL, NULL, NULL, NULL, false},
};
