/*
 * player_cond.c - conditions: NAME OP VALUE, joined by && and ||.
 *
 * Values are texts as a person reads them. A number is compared with the number that a text begins
 * with, a text with the whole of it or with the string that it shows.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/player_private.h"

enum { MAX_TERMS = 64 };

enum relation { IS_EQUAL, IS_NOT, IS_LESS, IS_AT_MOST, IS_MORE, IS_AT_LEAST };

struct term {
	char *name;
	enum relation relation;
	char *text; // what stands on the right
	bool quoted;
	bool is_number;
	long double number; // holds every 64-bit integer exactly
	bool begins;	    // an alternative: after || or at the start
};

struct condition {
	struct term *terms;
	size_t n, cap;
};

void condition_free(struct condition *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++) {
		free(c->terms[i].name);
		free(c->terms[i].text);
	}
	free(c->terms);
	free(c);
}

static const char *skip_blanks(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

// The number that a text begins with: "48", "65 'A'", "0x7ffe… \"hi\"", "-1.5", "true".
static bool text_number(const char *s, long double *ret)
{
	char *end;
	if (strncmp(s, "true", 4) == 0 || strncmp(s, "false", 5) == 0) {
		*ret = *s == 't';
		return true;
	}
	const char *digits = *s == '-' || *s == '+' ? s + 1 : s;
	if (!isdigit((unsigned char)*digits))
		return false;
	if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
		unsigned long long v = strtoull(digits, &end, 16);
		*ret = *s == '-' ? -(long double)v : (long double)v;
	} else {
		*ret = strtold(s, &end);
	}
	return !isalnum((unsigned char)*end) && *end != '_';
}

static const struct {
	const char *spelling;
	enum relation relation;
} relations[] = {
	{"==", IS_EQUAL}, {"!=", IS_NOT}, {"<=", IS_AT_MOST}, {">=", IS_AT_LEAST},
	{"<", IS_LESS},	  {">", IS_MORE}, {"=", IS_EQUAL},
};

static bool parse_relation(const char **s, enum relation *ret)
{
	for (size_t i = 0; i < FT_COUNT(relations); i++) {
		size_t n = strlen(relations[i].spelling);
		if (strncmp(*s, relations[i].spelling, n) == 0) {
			*ret = relations[i].relation;
			*s += n;
			return true;
		}
	}
	return false;
}

// Up to the relation: names of members and elements are part of it, "->" is a member.
static size_t name_length(const char *s)
{
	size_t n = *s == '&' && s[1] != '&', deep = 0;
	for (; s[n]; n++) {
		deep += s[n] == '(';
		deep -= s[n] == ')' && deep > 0;
		if (deep > 0)
			continue; // region(&n)
		if (s[n] == '-' && s[n + 1] == '>') {
			n++;
			continue;
		}
		if (isspace((unsigned char)s[n]) || strchr("=!<>&|", s[n]))
			break;
	}
	return n;
}

// "…" with \" and \\ in it, or everything up to && or ||.
static enum ft_rc parse_right(const char **s, struct term *t)
{
	struct buf b;
	const char *at = *s;
	buf_init(&b);
	t->quoted = *at == '"';
	if (t->quoted) {
		for (at++; *at && *at != '"'; at++) {
			if (*at == '\\' && at[1])
				at++;
			buf_char(&b, *at);
		}
		if (*at != '"') {
			buf_deinit(&b);
			return ft_fail("a text ends with \": %s", *s);
		}
		at++;
	} else {
		while (*at && strncmp(at, "&&", 2) != 0 && strncmp(at, "||", 2) != 0)
			buf_char(&b, *at++);
		while (b.len > 0 && isspace((unsigned char)b.s[b.len - 1]))
			buf_truncate(&b, b.len - 1);
	}
	t->text = b.s;
	t->is_number = !t->quoted && text_number(b.s, &t->number);
	*s = at;
	return t->quoted || b.len > 0 ? FT_OK : ft_fail("compare with what?");
}

static enum ft_rc parse_term(const char **s, struct term *t)
{
	const char *at = skip_blanks(*s);
	size_t n = name_length(at);
	if (n == 0)
		return *at ? ft_fail("a condition is NAME OP VALUE, as in n == 1, not \"%s\"", at)
			   : ft_fail("if what? A condition is NAME OP VALUE, as in n == 1");
	t->name = xstrndup(at, n);
	at = skip_blanks(at + n);
	if (!parse_relation(&at, &t->relation))
		return ft_fail("%s: == != < <= > or >= must follow", t->name);
	*s = skip_blanks(at);
	return parse_right(s, t);
}

enum ft_rc condition_parse(const char *s, struct condition **ret)
{
	struct condition *c = xcalloc(1, sizeof(*c));
	bool begins = true;
	enum ft_rc rc = FT_OK;
	do {
		if (c->n == MAX_TERMS) {
			rc = ft_fail("a condition has %d comparisons at most", MAX_TERMS);
			break;
		}
		c->terms = xgrow(c->terms, c->n, &c->cap, sizeof(*c->terms));
		c->terms[c->n++] = (struct term){.begins = begins};
		rc = parse_term(&s, &c->terms[c->n - 1]);
		s = skip_blanks(s);
		begins = *s == '|';
		if (rc != FT_OK || !*s)
			break;
		if (strncmp(s, "&&", 2) != 0 && strncmp(s, "||", 2) != 0)
			rc = ft_fail("&& or || must follow: %s", s);
		s += 2;
	} while (rc == FT_OK);
	if (rc != FT_OK) {
		condition_free(c);
		return rc;
	}
	*ret = c;
	return FT_OK;
}

// The string that a value shows: 0x55… "hi" and "hi" show hi.
static bool shown_text(const char *value, const char **ret, size_t *ret_len)
{
	const char *first = strchr(value, '"'), *last = strrchr(value, '"');
	if (!first || last == first)
		return false;
	*ret = first + 1;
	*ret_len = (size_t)(last - first - 1);
	return true;
}

static bool holds(enum relation r, int order)
{
	switch (r) {
	case IS_EQUAL:
		return order == 0;
	case IS_NOT:
		return order != 0;
	case IS_LESS:
		return order < 0;
	case IS_AT_MOST:
		return order <= 0;
	case IS_MORE:
		return order > 0;
	case IS_AT_LEAST:
		return order >= 0;
	}
	return false;
}

static bool term_holds(const struct term *t, const char *value)
{
	long double number;
	if (*value == '<') // the reason why it is not known
		return false;
	if (t->is_number) {
		if (!text_number(value, &number))
			return t->relation == IS_NOT;
		return holds(t->relation, number < t->number ? -1 : number > t->number ? 1 : 0);
	}
	const char *shown;
	size_t len;
	if (t->quoted && strcmp(value, t->text) != 0 && shown_text(value, &shown, &len)) {
		size_t n = strlen(t->text);
		int order = memcmp(shown, t->text, len < n ? len : n);
		return holds(t->relation, order ? order : len < n ? -1 : len > n ? 1 : 0);
	}
	return holds(t->relation, strcmp(value, t->text));
}

enum ft_rc condition_holds(struct player *p, const struct condition *c, const struct scope *at,
			   bool *ret, const char **ret_unknown)
{
	struct buf b;
	bool any = false, all = true;
	enum ft_rc rc = FT_OK;
	*ret_unknown = NULL;
	buf_init(&b);
	for (size_t i = 0; i < c->n && rc != FT_FAIL; i++) {
		const struct term *t = &c->terms[i];
		if (t->begins) {
			any |= i > 0 && all;
			all = true;
		}
		buf_reset(&b);
		rc = value_at(p, at, t->name, &b);
		if (rc == FT_NONE && !*ret_unknown)
			*ret_unknown = t->name;
		all &= rc == FT_OK && term_holds(t, b.s);
	}
	buf_deinit(&b);
	if (rc == FT_FAIL)
		return rc;
	*ret = any || all;
	return FT_OK;
}

// What a name means to an event by itself; NULL: more must be asked. *number holds its text.
static const char *event_text(const struct event *ev, const char *name, char number[24])
{
	const struct event_value *v = ev->kind == EVENT_PUSH ? ev->args : NULL;
	for (size_t i = 0; v && i < ev->n_args; i++)
		if (v[i].name && strcmp(v[i].name, name) == 0)
			return v[i].value;
	if (ev->kind != EVENT_PUSH)
		return NULL;
	bool is_depth = strcmp(name, "depth") == 0 || strcmp(name, "$depth") == 0;
	if (!is_depth)
		return NULL;
	snprintf(number, 24, "%u", (unsigned)ev->depth);
	return number;
}

bool condition_may_hold(const struct condition *c, const struct event *ev)
{
	char number[24];
	bool all = true;
	for (size_t i = 0; i < c->n; i++) {
		const struct term *t = &c->terms[i];
		if (t->begins) {
			if (i > 0 && all)
				return true;
			all = true;
		}
		const char *text = event_text(ev, t->name, number);
		all &= !text || term_holds(t, text);
	}
	return all;
}

enum ft_rc player_check(struct player *p, const char *condition, bool *ret)
{
	struct condition *c;
	enum ft_rc rc = condition_parse(condition, &c);
	if (rc != FT_OK)
		return rc;
	struct scope at;
	const char *unknown = NULL;
	rc = here_selected(p, &at);
	if (rc == FT_OK)
		rc = condition_holds(p, c, &at, ret, &unknown);
	if (rc == FT_OK && unknown) {
		struct buf why;
		buf_init(&why);
		player_missing(p, unknown, &why);
		rc = ft_fail("%s", why.s);
		buf_deinit(&why);
	}
	condition_free(c);
	return rc;
}
