/*
 * player_break.c - breakpoints: how a person writes them, how the log's index finds them.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui/player_private.h"

// A name as a glob that fits nothing else.
static char *as_glob(const char *before, const char *name)
{
	struct buf b;
	buf_init(&b);
	buf_str(&b, before);
	for (; *name; name++) {
		if (*name == '[')
			buf_str(&b, "[[]");
		else
			buf_char(&b, *name);
	}
	return b.s;
}

// ---- probes ----

static void add_probe(struct stop_point *s, struct log_query q)
{
	s->probes[s->n_probes++] = (struct probe){.q = q};
}

static void add_kind(struct stop_point *s, enum event_kind kind, struct log_query q)
{
	q.has_kind = true;
	q.kind = kind;
	add_probe(s, q);
}

void stop_point_init_events(struct stop_point *s)
{
	*s = (struct stop_point){.kind = STOP_EVENTS};
	add_kind(s, EVENT_SIGNAL, (struct log_query){.line = 0});
	add_kind(s, EVENT_ALARM, (struct log_query){.line = 0});
	add_kind(s, EVENT_OVERFLOW, (struct log_query){.line = 0});
}

static void make_probes(const struct player *p, struct stop_point *s)
{
	const struct store_holds *holds = &log_info(p->log)->holds;
	struct log_query q = {.function = s->symbol};
	switch (s->kind) {
	case STOP_FUNCTION:
		add_kind(s, EVENT_PUSH, q);
		if (holds->inlines)
			add_kind(s, EVENT_INLINE, q);
		q.function = s->scoped;
		if (q.function)
			add_kind(s, EVENT_PUSH, q);
		if (q.function && holds->inlines)
			add_kind(s, EVENT_INLINE, q);
		break;
	case STOP_LINE:
		q = (struct log_query){.file = s->file, .line = s->line};
		if (holds->line) {
			add_kind(s, EVENT_LINE, q);
		} else {
			add_kind(s, EVENT_PUSH, q);
			add_kind(s, EVENT_POP, q);
		}
		break;
	case STOP_ADDRESS:
		add_probe(s, (struct log_query){.has_address = true, .address = s->address});
		break;
	case STOP_WATCH:
		if (holds->line)
			add_kind(s, EVENT_CHANGE, (struct log_query){.variable = s->variable});
		else
			add_kind(s, EVENT_POP, (struct log_query){.variable = s->variable});
		break;
	case STOP_SEQ:
	case STOP_EVENTS:
		break;
	}
}

void stop_point_deinit(struct stop_point *s)
{
	free(s->spec);
	free(s->function);
	free(s->symbol);
	free(s->scoped);
	free(s->file);
	free(s->variable);
	condition_free(s->condition);
}

// ---- what a person writes ----

static char *trimmed(const char *s, size_t n)
{
	while (n > 0 && isspace((unsigned char)*s))
		s++, n--;
	while (n > 0 && isspace((unsigned char)s[n - 1]))
		n--;
	return xstrndup(s, n);
}

static bool parse_number(const char *s, uint64_t *ret)
{
	char *end;
	errno = 0;
	unsigned long long v = strtoull(s, &end, 0);
	if (!isdigit((unsigned char)*s) || *end || errno != 0)
		return false;
	*ret = v;
	return true;
}

static bool parse_line(const char *s, uint32_t *ret)
{
	uint64_t v;
	if (!parse_number(s, &v) || v == 0 || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static enum ft_rc parse_watch(struct stop_point *s, const char *what)
{
	const char *dot = strrchr(what, '.');
	s->kind = STOP_WATCH;
	s->function = dot ? xstrndup(what, (size_t)(dot - what)) : NULL;
	s->variable = xstrdup(dot ? dot + 1 : what);
	if (!*s->variable || (dot && dot == what) || strpbrk(what, " \t"))
		return ft_fail("watch what? \"watch VARIABLE\" or \"watch FUNCTION.VARIABLE\"");
	return FT_OK;
}

static enum ft_rc parse_address(struct player *p, struct stop_point *s, const char *what)
{
	if (!parse_number(what, &s->address))
		return ft_fail("\"*%s\" is no address: *0x401136", what);
	s->kind = STOP_ADDRESS;
	const struct store_function *fn;
	enum ft_rc rc = log_function_at(p->log, s->address, &fn);
	if (rc != FT_OK || fn->lo != s->address)
		return rc == FT_NONE ? FT_OK : rc;
	// Its first instruction: the push is told at the body, a few instructions further on.
	s->kind = STOP_FUNCTION;
	s->function = xstrdup(fn->name);
	return FT_OK;
}

static enum ft_rc parse_place(struct player *p, struct stop_point *s, const char *what)
{
	const char *colon = strrchr(what, ':');
	if (colon && colon > what && colon[-1] != ':' && parse_line(colon + 1, &s->line)) {
		s->kind = STOP_LINE;
		s->file = xstrndup(what, (size_t)(colon - what));
		return FT_OK;
	}
	if (isdigit((unsigned char)*what)) {
		struct player_place here;
		if (player_frame_place(p, p->selected, &here) != FT_OK || !here.file)
			return ft_fail("in which file? Say FILE:%s", what);
		if (!parse_line(what, &s->line))
			return ft_fail("\"%s\" is no line number", what);
		s->kind = STOP_LINE;
		s->file = xstrdup(here.file);
		return FT_OK;
	}
	s->kind = STOP_FUNCTION;
	s->function = xstrdup(what);
	return FT_OK;
}

static enum ft_rc parse_spec(struct player *p, struct stop_point *s, const char *what)
{
	if (!*what)
		return ft_fail("where? FUNCTION, FILE:LINE, LINE, *ADDRESS or +EVENT");
	if (strncmp(what, "watch ", 6) == 0) {
		while (isspace((unsigned char)what[5]))
			what++;
		return parse_watch(s, what + 5);
	}
	if (*what == '*' && isdigit((unsigned char)what[1]))
		return parse_address(p, s, what + 1);
	if (*what == '+') {
		s->kind = STOP_SEQ;
		return parse_number(what + 1, &s->address)
			       ? FT_OK
			       : ft_fail("\"%s\" is no event: +EVENT is its number", what);
	}
	return parse_place(p, s, what);
}

// " if ", outside of the condition's own texts.
static const char *find_if(const char *spec)
{
	for (const char *s = spec; (s = strstr(s, "if")) != NULL; s += 2)
		if (s > spec && isspace((unsigned char)s[-1]) &&
		    (s[2] == '\0' || isspace((unsigned char)s[2])))
			return s;
	return NULL;
}

enum ft_rc player_break(struct player *p, const char *spec, unsigned *ret_number)
{
	struct stop_point s = {.spec = trimmed(spec, strlen(spec))};
	const char *condition = find_if(s.spec);
	char *what = trimmed(s.spec, condition ? (size_t)(condition - s.spec) : strlen(s.spec));
	enum ft_rc rc = parse_spec(p, &s, what);
	free(what);
	if (rc == FT_OK && condition)
		rc = condition_parse(condition + 2, &s.condition);
	if (rc != FT_OK) {
		stop_point_deinit(&s);
		return rc;
	}
	if (s.kind == STOP_FUNCTION && name_is_glob(s.function)) {
		s.symbol = xstrdup(s.function);
	} else if (s.kind == STOP_FUNCTION) {
		s.symbol = as_glob("", s.function);
		s.scoped = as_glob("*::", s.function);
	}
	s.number = ++p->last_number;
	make_probes(p, &s);
	p->stops = xgrow(p->stops, p->n_stops, &p->cap_stops, sizeof(*p->stops));
	p->stops[p->n_stops++] = s;
	*ret_number = s.number;
	return FT_OK;
}

static struct stop_point *find_stop(struct player *p, unsigned number)
{
	for (size_t i = 0; i < p->n_stops; i++)
		if (p->stops[i].number == number)
			return &p->stops[i];
	return NULL;
}

enum ft_rc player_delete(struct player *p, unsigned number)
{
	struct stop_point *s = find_stop(p, number);
	if (!s)
		return FT_NONE;
	stop_point_deinit(s);
	size_t i = (size_t)(s - p->stops);
	memmove(s, s + 1, (p->n_stops - i - 1) * sizeof(*s));
	p->n_stops--;
	return FT_OK;
}

enum ft_rc player_make_temporary(struct player *p, unsigned number)
{
	struct stop_point *s = find_stop(p, number);
	if (!s)
		return FT_NONE;
	s->temporary = true;
	return FT_OK;
}

enum ft_rc player_reaches(struct player *p, unsigned number, bool *ret)
{
	const struct stop_point *s = find_stop(p, number);
	const struct log_info *info = log_info(p->log);
	if (!s)
		return FT_NONE;
	*ret = s->kind == STOP_SEQ && s->address >= info->first && s->address <= info->last;
	for (size_t i = 0; i < s->n_probes && !*ret; i++) {
		uint64_t seq;
		enum ft_rc rc = log_find(p->log, &s->probes[i].q, info->first, false, &seq);
		if (rc == FT_FAIL)
			return rc;
		*ret = rc == FT_OK;
	}
	return FT_OK;
}

enum ft_rc player_break_checked(struct player *p, const char *spec, bool temporary,
				unsigned *ret_number)
{
	bool reached = true, is_watch = strncmp(spec, "watch ", 6) == 0;
	if (is_watch && (spec[6] == '*' || strstr(spec, "->")))
		return ft_fail("a watch is on a variable: what \"%s\" leads to is not followed; "
			       "watch the variable that it is",
			       spec + 6);
	enum ft_rc rc = player_break(p, spec, ret_number);
	if (rc != FT_OK)
		return rc;
	if (temporary)
		rc = player_make_temporary(p, *ret_number);
	if (rc == FT_OK)
		rc = player_reaches(p, *ret_number, &reached);
	if (rc == FT_OK && (reached || player_is_live(p)))
		return FT_OK;
	if (player_delete(p, *ret_number) == FT_FAIL || rc != FT_OK)
		return FT_FAIL;
	p->last_number--; // it was never there
	bool no_lines = strchr(spec, ':') && !log_info(p->log)->holds.line;
	if (is_watch)
		return ft_fail("nothing in this log changes \"%s\"%s", spec + 6,
			       log_info(p->log)->holds.line
				       ? ""
				       : ": changes were not recorded (record --events=line)");
	return ft_fail("nothing in this log is at \"%s\"%s", spec,
		       no_lines ? ": its lines were not recorded (record --events=line)" : "");
}

const char *player_watch_note(struct player *p)
{
	if (log_info(p->log)->holds.line)
		return NULL;
	return player_is_live(p) ? "without lines it stops at pops only (--events=line)"
				 : "without lines it stops at pops only (record --events=line)";
}

size_t player_breakpoints(struct player *p, const struct player_breakpoint **ret)
{
	if (p->cap_listed < p->n_stops) {
		p->cap_listed = p->n_stops;
		p->listed = xreallocarray(p->listed, p->cap_listed, sizeof(*p->listed));
	}
	for (size_t i = 0; i < p->n_stops; i++)
		p->listed[i] = (struct player_breakpoint){p->stops[i].number, p->stops[i].spec,
							  p->stops[i].hits, p->stops[i].temporary};
	*ret = p->listed;
	return p->n_stops;
}
