/*
 * player_stop.c - which events a breakpoint is at, and what is said there.
 *
 * A breakpoint has a test of one event (stop_point_fits) for events that are met one by one, and
 * queries of the log (probes, player_break.c) that find the same events by its index.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "tui/player_private.h"

// ---- names ----

bool name_is_glob(const char *s)
{
	return strpbrk(s, "*?") != NULL;
}

// "double" names double::double too, as in gdb.
bool function_fits(const char *wanted, const char *function)
{
	if (!function)
		return false;
	if (name_is_glob(wanted))
		return fnmatch(wanted, function, 0) == 0;
	size_t n = strlen(function), m = strlen(wanted);
	if (n < m || strcmp(function + n - m, wanted) != 0)
		return false;
	return n == m || (n > m + 2 && strncmp(function + n - m - 2, "::", 2) == 0);
}

bool file_fits(const char *wanted, const char *file)
{
	size_t n = file ? strlen(file) : 0, m = strlen(wanted);
	if (!file || n < m || strcmp(file + n - m, wanted) != 0)
		return false;
	return n == m || file[n - m - 1] == '/';
}

// ---- which events ----

static const char *const passing[] = {"SIGALRM", "SIGURG",  "SIGIO",	"SIGPOLL",  "SIGVTALRM",
				      "SIGPROF", "SIGCHLD", "SIGWINCH", "SIGCANCEL"};

// As gdb has it: these come and go in programs that are well.
static bool is_stopping_signal(const struct event *ev)
{
	for (size_t i = 0; i < FT_COUNT(passing); i++)
		if (ev->signal_name && strcmp(ev->signal_name, passing[i]) == 0)
			return false;
	return true;
}

static bool is_step(const struct event *ev)
{
	return ev->kind == EVENT_LINE || ev->kind == EVENT_INSN || ev->kind == EVENT_PUSH ||
	       ev->kind == EVENT_POP || ev->kind == EVENT_INLINE;
}

static bool fits_line(const struct player *p, const struct stop_point *s, const struct event *ev)
{
	if (ev->line != s->line || !file_fits(s->file, ev->file))
		return false;
	if (log_info(p->log)->holds.line)
		return ev->kind == EVENT_LINE;
	return ev->kind == EVENT_PUSH || ev->kind == EVENT_POP;
}

static bool fits_function(const struct stop_point *s, const struct event *ev)
{
	return (ev->kind == EVENT_PUSH || ev->kind == EVENT_INLINE) &&
	       function_fits(s->function, ev->function);
}

static bool has_change(const struct stop_point *s, const struct event *ev)
{
	for (size_t i = 0; i < ev->n_changes; i++)
		if (ev->changes[i].now.name && strcmp(ev->changes[i].now.name, s->variable) == 0)
			return true;
	return false;
}

// Without lines: what stop_point_holds() has to compare.
static bool fits_watch(const struct player *p, const struct stop_point *s, const struct event *ev)
{
	if (s->function && !function_fits(s->function, ev->function))
		return false;
	if (log_info(p->log)->holds.line)
		return ev->kind == EVENT_CHANGE && has_change(s, ev);
	return ev->kind == EVENT_POP;
}

static bool fits_place(const struct player *p, const struct stop_point *s, const struct event *ev)
{
	switch (s->kind) {
	case STOP_FUNCTION:
		return fits_function(s, ev);
	case STOP_LINE:
		return fits_line(p, s, ev);
	case STOP_ADDRESS:
		return is_step(ev) && ev->pc == s->address;
	case STOP_SEQ:
		return ev->seq == s->address;
	case STOP_WATCH:
		return fits_watch(p, s, ev);
	case STOP_EVENTS:
		return ev->kind == EVENT_ALARM || ev->kind == EVENT_OVERFLOW ||
		       (ev->kind == EVENT_SIGNAL && is_stopping_signal(ev));
	}
	return false;
}

bool stop_point_fits(const struct player *p, const struct stop_point *s, const struct event *ev)
{
	return fits_place(p, s, ev) && (!s->condition || condition_may_hold(s->condition, ev));
}

static const char *value_in(const struct event_value *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].name && v[i].known && strcmp(v[i].name, name) == 0)
			return v[i].value;
	return NULL;
}

// Without lines a change shows at the pop, where the last value is told.
static enum ft_rc has_changed(struct player *p, const struct stop_point *s, const struct event *pop,
			      bool *ret)
{
	const struct event *push;
	const char *text = value_in(pop->args, pop->n_args, s->variable);
	if (!text)
		text = value_in(pop->locals, pop->n_locals, s->variable);
	*ret = false;
	if (!text)
		return FT_OK;
	uint64_t pushed = pop->pushed_seq;
	char *last = xstrdup(text);
	enum ft_rc rc = log_event(p->log, pushed, &push);
	if (rc == FT_OK && push->kind == EVENT_PUSH) {
		const char *first = value_in(push->args, push->n_args, s->variable);
		*ret = first && strcmp(first, last) != 0;
	}
	free(last);
	return rc == FT_NONE ? FT_OK : rc;
}

enum ft_rc stop_point_holds(struct player *p, const struct stop_point *s, uint64_t seq, bool *ret)
{
	const struct event *ev;
	enum ft_rc rc = log_event(p->log, seq, &ev);
	if (rc != FT_OK)
		return rc == FT_NONE
			       ? ft_fail("event %llu is not in the log", (unsigned long long)seq)
			       : rc;
	bool holds = stop_point_fits(p, s, ev);
	if (holds && s->kind == STOP_WATCH && !log_info(p->log)->holds.line)
		rc = has_changed(p, s, ev, &holds);
	if (rc == FT_OK && holds && s->condition) {
		struct scope at;
		const char *unknown;
		rc = here_scope(p, seq, &at);
		if (rc == FT_OK)
			rc = condition_holds(p, s->condition, &at, &holds, &unknown);
	}
	if (rc == FT_OK)
		*ret = holds;
	return rc;
}

// ---- why ----

static void tell_events(struct player *p, const struct event *ev)
{
	if (ev->kind == EVENT_SIGNAL)
		buf_str(&p->why, ev->signal_name ? ev->signal_name : "a signal");
	else if (ev->kind == EVENT_ALARM)
		buf_printf(&p->why, "%s overwritten in the frame of %s",
			   ev->alarm && ev->alarm->what == ALARM_CANARY ? "canary"
									: "return address",
			   ev->function ? ev->function : "?");
	else
		buf_str(&p->why, "stack overflow");
}

static void tell_change(struct player *p, const struct stop_point *s, const struct event *ev)
{
	buf_printf(&p->why, "watch %u, %s", s->number, s->variable);
	for (size_t i = 0; i < ev->n_changes; i++) {
		const struct event_change *c = &ev->changes[i];
		if (!c->now.name || strcmp(c->now.name, s->variable) != 0)
			continue;
		buf_printf(&p->why, " = %s", c->now.value ? c->now.value : "?");
		if (c->old)
			buf_printf(&p->why, " (was %s)", c->old);
		return;
	}
	buf_str(&p->why, " changed");
}

void stop_point_tell(struct player *p, const struct stop_point *s, uint64_t seq)
{
	const struct event *ev;
	enum ft_rc rc = log_event(p->log, seq, &ev);
	if (rc != FT_OK) {
		ft_error_clear();
		return;
	}
	if (s->kind == STOP_EVENTS) {
		tell_events(p, ev);
	} else if (s->kind == STOP_WATCH) {
		tell_change(p, s, ev);
	} else {
		buf_printf(&p->why, "%sbreakpoint %u, ", s->temporary ? "temporary " : "",
			   s->number);
		if (s->kind == STOP_SEQ)
			buf_printf(&p->why, "event %llu", (unsigned long long)seq);
		else if (s->kind == STOP_LINE)
			buf_printf(&p->why, "%s:%u", path_name(s->file), (unsigned)s->line);
		else
			buf_str(&p->why, ev->function ? ev->function : "?");
	}
}
