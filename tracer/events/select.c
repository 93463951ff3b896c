#include "events/select.h"

#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/type.h"

static bool has_glob_characters(const char *s)
{
	return strpbrk(s, "*?[") != NULL;
}

static enum ft_rc compile_regex(struct pattern *p, const char *body, size_t len)
{
	char *text = xstrndup(body, len);
	regex_t *re = xmalloc(sizeof(*re));
	int error = regcomp(re, text, REG_EXTENDED | REG_NOSUB);
	free(text);
	if (error == 0) {
		p->regex = re;
		return FT_OK;
	}
	char why[128];
	regerror(error, re, why, sizeof(why));
	free(re);
	return ft_fail("'%s' is not a regular expression: %s", p->text, why);
}

enum ft_rc patterns_add(struct patterns *ps, const char *text)
{
	struct pattern p = {.text = text};
	const char *body = text;
	if (*body == '!') {
		p.negated = true;
		body++;
	}
	if (*body == '\0')
		return ft_fail("'%s' is an empty pattern", text);
	size_t len = strlen(body);
	if (len >= 2 && body[0] == '/' && body[len - 1] == '/') {
		enum ft_rc rc = compile_regex(&p, body + 1, len - 2);
		if (rc != FT_OK)
			return rc;
	}
	p.glob = body;
	p.plain = !p.regex && !has_glob_characters(body);
	ps->p = xgrow(ps->p, ps->n, &ps->cap, sizeof(*ps->p));
	ps->p[ps->n++] = p;
	ps->n_positive += !p.negated;
	return FT_OK;
}

void patterns_deinit(struct patterns *ps)
{
	for (size_t i = 0; i < ps->n; i++) {
		if (ps->p[i].regex)
			regfree(ps->p[i].regex);
		free(ps->p[i].regex);
	}
	free(ps->p);
	*ps = (struct patterns){0};
}

void selection_deinit(struct selection *s)
{
	patterns_deinit(&s->functions);
	patterns_deinit(&s->sources);
	patterns_deinit(&s->libraries);
}

static bool matches_text(const struct pattern *p, const char *text)
{
	if (p->regex)
		return regexec(p->regex, text, 0, NULL, 0) == 0;
	return fnmatch(p->glob, text, 0) == 0;
}

// The part of a qualified name behind its last "::" outside of <…> and (…).
static const char *last_component(const char *name)
{
	const char *last = name;
	int nested = 0;
	for (const char *s = name; *s; s++) {
		if (*s == '<' || *s == '(')
			nested++;
		else if ((*s == '>' || *s == ')') && nested > 0)
			nested--;
		else if (nested == 0 && s[0] == ':' && s[1] == ':' && s[2] != '\0')
			last = s + 2;
	}
	return last;
}

static bool matches_function(const struct pattern *p, const struct function *f)
{
	if (matches_text(p, f->name))
		return true;
	if (!p->regex && !strstr(p->glob, "::") && matches_text(p, last_component(f->name)))
		return true;
	if (!p->plain)
		return false;
	// A plain name may be any of the names that the linker knows the code by.
	bool found = f->symbol && matches_text(p, f->symbol);
	for (size_t i = 0; !found && f->aliases && f->aliases[i]; i++)
		found = matches_text(p, f->aliases[i]);
	return found;
}

static bool matches_path(const struct pattern *p, const char *path)
{
	return matches_text(p, path) || matches_text(p, path_name(path));
}

// The sources that the function may come from; a function without one matches no positive pattern.
static bool source_wanted(struct patterns *ps, const char *file)
{
	bool wanted = ps->n_positive == 0;
	for (size_t i = 0; i < ps->n; i++) {
		struct pattern *p = &ps->p[i];
		if (!file || !matches_path(p, file))
			continue;
		p->matched = true;
		wanted = !p->negated;
	}
	return wanted;
}

enum verdict selection_of(struct selection *s, const struct function *f, bool in_library)
{
	bool positive = s->functions.n_positive == 0, named = false;
	for (size_t i = 0; i < s->functions.n; i++) {
		struct pattern *p = &s->functions.p[i];
		if (!matches_function(p, f))
			continue;
		p->matched = true;
		positive = !p->negated;
		named = !p->negated && p->plain;
	}
	bool source_named = s->sources.n_positive > 0, usual = f->origin == ORIGIN_OWN;
	bool filtered = !source_wanted(&s->sources, f->file) || !positive;
	if (usual || s->all || named || source_named || in_library)
		return filtered ? HIDDEN_FILTER : WANTED;
	// What is hidden anyway no pattern has taken away; but it may not have been asked for.
	return filtered && s->functions.n_positive > 0 ? HIDDEN_FILTER : HIDDEN_ORIGIN;
}

/* As far as patterns go, an inlined function is like one with code. */
static struct function function_of(const struct inlined *i)
{
	return (struct function){
		.name = i->name, .file = i->file, .line = i->line, .origin = i->origin};
}

enum verdict selection_of_inlined(struct selection *s, const struct inlined *i,
				  const struct function *f, bool in_library)
{
	struct function as_function = function_of(i);
	as_function.language = f->language;
	return selection_of(s, &as_function, in_library);
}

const struct pattern *selection_unmatched_names(const struct selection *s, const struct inlined *i)
{
	struct function as_function = function_of(i);
	for (size_t k = 0; k < s->functions.n; k++) {
		const struct pattern *p = &s->functions.p[k];
		if (!p->matched && !p->negated && matches_function(p, &as_function))
			return p;
	}
	return NULL;
}

bool selection_wants_library(struct selection *s, const char *path)
{
	bool wanted = false;
	const char *name = path_name(path);
	for (size_t i = 0; i < s->libraries.n; i++) {
		struct pattern *p = &s->libraries.p[i];
		size_t len = strlen(p->glob);
		// "libm" means libm.so.6 and libm-2.36.so, but not libmount.so.1.
		bool prefix = p->plain && strncmp(name, p->glob, len) == 0 &&
			      (name[len] == '\0' || name[len] == '.' || name[len] == '-');
		if (!prefix && !matches_path(p, path))
			continue;
		p->matched = true;
		wanted = !p->negated;
	}
	return wanted;
}

static const struct pattern *unmatched(const struct patterns *ps)
{
	for (size_t i = 0; i < ps->n; i++)
		if (!ps->p[i].matched && !ps->p[i].negated)
			return &ps->p[i];
	return NULL;
}

bool selection_is_unmet(const struct selection *s)
{
	return unmatched(&s->functions) != NULL;
}

// Every mangling writes an ASCII identifier as it is.
static bool is_identifier(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
			     strlen(s);
}

size_t selection_words(const struct selection *s, const char *ret[SELECTION_WORDS])
{
	size_t n = 0;
	for (size_t i = 0; i < s->functions.n; i++) {
		const struct pattern *p = &s->functions.p[i];
		if (p->negated)
			continue;
		const char *word = last_component(p->glob);
		if (!p->plain || !is_identifier(word) || n == SELECTION_WORDS)
			return 0;
		ret[n++] = word;
	}
	return n;
}

enum { NAME_MAX_COMPARED = 64 };

// Levenshtein distance of two short names; long ones are cut.
static unsigned distance(const char *a, const char *b)
{
	size_t n = strnlen(b, NAME_MAX_COMPARED);
	unsigned row[NAME_MAX_COMPARED + 1];
	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; i < NAME_MAX_COMPARED && a[i]; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < n; j++) {
			unsigned change = diagonal + (a[i] != b[j]);
			diagonal = row[j + 1];
			unsigned add = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
			row[j + 1] = change < add ? change : add;
		}
	}
	return row[n];
}

static unsigned nearness(const struct pattern *p, const struct function *f)
{
	unsigned whole = distance(p->glob, f->name);
	unsigned last = distance(p->glob, last_component(f->name));
	unsigned near = whole < last ? whole : last;
	return f->origin == ORIGIN_OWN ? near : near + 2; // the program's own names are meant first
}

bool selection_suggest(const struct pattern *p, const struct function_list *list, struct buf *out)
{
	const struct function *best[3] = {NULL};
	unsigned score[3] = {0};
	unsigned limit = (unsigned)strlen(p->glob) / 3 + 1;
	for (size_t i = 0; i < list->n; i++) {
		const struct function *f = list->f[i];
		unsigned d = nearness(p, f);
		if (d > limit)
			continue;
		for (size_t k = 0; k < FT_COUNT(best); k++) {
			if (best[k] && score[k] <= d)
				continue;
			for (size_t m = FT_COUNT(best) - 1; m > k; m--) {
				best[m] = best[m - 1];
				score[m] = score[m - 1];
			}
			best[k] = f;
			score[k] = d;
			break;
		}
	}
	for (size_t k = 0; k < FT_COUNT(best) && best[k]; k++) {
		bool last = k + 1 == FT_COUNT(best) || !best[k + 1];
		buf_str(out, k == 0 ? "" : last ? " or " : ", ");
		buf_escaped(out, best[k]->name, strlen(best[k]->name), 0);
	}
	return best[0] != NULL;
}

enum ft_rc selection_check(const struct selection *s, const struct function_list *list)
{
	const struct pattern *p = unmatched(&s->functions);
	if (!p && unmatched(&s->sources))
		return ft_fail("no function comes from a source file that matches '%s'; "
			       "`frametrace list PROGRAM` shows where they come from",
			       unmatched(&s->sources)->text);
	if (!p)
		return FT_OK;
	struct buf near;
	buf_init(&near);
	enum ft_rc rc;
	if (selection_suggest(p, list, &near))
		rc = ft_fail("no function matches '%s'; did you mean %s?", p->text, near.s);
	else
		rc = ft_fail(
			"no function matches '%s'; `frametrace list PROGRAM` shows what there is",
			p->text);
	buf_deinit(&near);
	return rc;
}
