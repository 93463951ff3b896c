/*
 * player_value.c - what a name means at a position: a variable, a part of one, a word of ours.
 *
 * Members are found in the value's text, which is spelled as gdb does for C and C++ and as {:?} for
 * Rust: {x = 1, y = 2}, Point { x: 1, y: 2 }, (1, 2), [1, 2].
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "events/kinds.h"
#include "tui/player_private.h"

enum { MAX_BLOCKS = 1 << 20 }; // whose bytes are added up

// ---- parts of a text ----

// Behind a string or a character in quotes; behind one byte if there is none.
static size_t skip_quoted(const char *s, size_t n)
{
	char quote = s[0];
	size_t i = 1;
	if (quote != '"' && quote != '\'')
		return 1;
	while (i < n && s[i] != quote)
		i += s[i] == '\\' ? 2 : 1;
	return i < n ? i + 1 : n;
}

static bool opens(char c)
{
	return c == '{' || c == '(' || c == '[';
}

static bool closes(char c)
{
	return c == '}' || c == ')' || c == ']';
}

// The length of one element: up to a comma or the closing bracket of the list that it is in.
static size_t element(const char *s, size_t n)
{
	size_t i = 0, depth = 0;
	while (i < n) {
		if (s[i] == '"' || s[i] == '\'') {
			i += skip_quoted(s + i, n - i);
			continue;
		}
		if (depth == 0 && (s[i] == ',' || closes(s[i])))
			return i;
		depth += opens(s[i]);
		depth -= closes(s[i]);
		i++;
	}
	return n;
}

static void trim(const char **s, size_t *n)
{
	while (*n > 0 && isspace((unsigned char)**s))
		(*s)++, (*n)--;
	while (*n > 0 && isspace((unsigned char)(*s)[*n - 1]))
		(*n)--;
}

// "x = 1" and "x: 1": where the value begins, if its name is this one. NULL: it is not.
static const char *named(const char *s, size_t n, const char *name, size_t name_len)
{
	if (n <= name_len || strncmp(s, name, name_len) != 0)
		return NULL;
	if (n > name_len + 3 && strncmp(s + name_len, " = ", 3) == 0)
		return s + name_len + 3;
	if (n > name_len + 2 && strncmp(s + name_len, ": ", 2) == 0)
		return s + name_len + 2;
	return NULL;
}

// The list of a text begins behind its first bracket; what stands before is a label or an address.
static const char *list_of(const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		if (opens(s[i]))
			return s + i + 1;
		i += skip_quoted(s + i, n - i);
	}
	return NULL;
}

static bool one_member(const char *text, size_t len, const char *name, size_t name_len,
		       const char **ret, size_t *ret_len)
{
	const char *at = list_of(text, len), *end = text + len;
	bool is_index = name_len > 0 && isdigit((unsigned char)name[0]);
	unsigned long index = is_index ? strtoul(name, NULL, 10) : 0;
	for (unsigned long i = 0; at && at < end; i++) {
		size_t n = element(at, (size_t)(end - at));
		const char *s = at, *value;
		size_t left = n;
		trim(&s, &left);
		if (is_index && memmem(s, left, "<repeats ", 9))
			return false; // it stands for more than one
		value = is_index ? i == index ? s : NULL : named(s, left, name, name_len);
		if (value && left > 0) {
			*ret = value;
			*ret_len = (size_t)(s + left - value);
			return true;
		}
		at += n;
		if (at >= end || *at != ',')
			return false;
		at++;
	}
	return false;
}

bool value_member(const char *text, size_t len, const char *path, const char **ret, size_t *ret_len)
{
	while (*path) {
		path += strspn(path, ".[->");
		size_t n = strcspn(path, ".[]-");
		if (n == 0 || !one_member(text, len, path, n, &text, &len))
			return false;
		path += n;
		path += *path == ']';
	}
	*ret = text;
	*ret_len = len;
	return true;
}

// What a pointer's text says of its target: 0x55… -> 99, 0x55… "hi", 0x7f… {x = 1}.
static bool value_target(const char **text, size_t *len)
{
	const char *arrow = memmem(*text, *len, "-> ", 3);
	const char *s = arrow ? arrow + 3 : memchr(*text, ' ', *len);
	if (!s || strncmp(*text, "0x", 2) != 0)
		return false;
	*len = (size_t)(*text + *len - s);
	*text = s;
	trim(text, len);
	return *len > 0;
}

// "char *", "const unsigned char *": what it points to is one character, not the text behind it.
static bool is_char_pointer(const char *type)
{
	static const char *const words[] = {"const", "volatile", "signed", "unsigned"};
	bool found = false;
	while (type && *type && *type != '*') {
		size_t n = strcspn(type, " *"), i = 0;
		while (i < FT_COUNT(words) &&
		       (strlen(words[i]) != n || strncmp(type, words[i], n) != 0))
			i++;
		bool is_char = n == 4 && strncmp(type, "char", n) == 0;
		if (n > 0 && !is_char && i == FT_COUNT(words))
			return false;
		found |= is_char;
		type += n + strspn(type + n, " ");
	}
	return found && strcmp(type, "*") == 0;
}

// Behind a backslash: three octal digits, or a letter.
static unsigned char unescaped(const char *s, size_t n)
{
	static const char letters[] = "abtnvfr";
	const char *letter = n > 0 && *s ? strchr(letters, *s) : NULL;
	if (n >= 3 && *s >= '0' && *s <= '3')
		return (unsigned char)((s[0] - '0') << 6 | (s[1] - '0') << 3 | (s[2] - '0'));
	return (unsigned char)(letter ? 7 + (letter - letters) : n > 0 ? *s : 0);
}

// The first character of "hi", as a char's value is shown: 104 'h'. false: it is no such text.
static bool first_char(const char *text, size_t n, const char *type, struct buf *ret)
{
	if (n < 2 || *text != '"')
		return false;
	bool escaped = text[1] == '\\', ends = text[1] == '"';
	unsigned char c = (unsigned char)(ends ? 0 : text[1]);
	if (escaped)
		c = unescaped(text + 2, n - 2);
	buf_dec(ret, strstr(type, "unsigned") ? c : (signed char)c);
	buf_str(ret, " '");
	if (c >= 7 && c <= 13)
		buf_printf(ret, "\\%c'", "abtnvfr"[c - 7]);
	else if (c == '\'' || c == '\\')
		buf_printf(ret, "\\%c'", c);
	else if (c >= ' ' && c < 0x7f)
		buf_printf(ret, "%c'", c);
	else
		buf_printf(ret, "\\%03o'", c);
	return true;
}

// ---- variables ----

// Its text, if the frame has it and it is known; FT_NONE else.
static enum ft_rc variable(struct player *p, const struct scope *at, const char *name, size_t len,
			   const struct event_value **ret)
{
	const struct tracked *t;
	if (at->pushed == PLAYER_NO_SEQ || at->pushed > at->seq)
		return FT_NONE;
	enum ft_rc rc = track(p, at, &t);
	if (rc != FT_OK)
		return rc;
	*ret = NULL;
	for (size_t i = 0; i < t->n; i++) { // of two blocks' variables with one name, the live one
		const struct event_value *v = &t->v[i];
		if (!v->name || strlen(v->name) != len || strncmp(v->name, name, len) != 0)
			continue;
		if (!*ret || (*ret)->scope_ended || !v->scope_ended)
			*ret = v;
	}
	return *ret ? FT_OK : FT_NONE;
}

enum ft_rc variable_at(struct player *p, const struct scope *at, const char *name,
		       const struct event_value **ret)
{
	name += *name == '*' || *name == '&';
	return variable(p, at, name, strcspn(name, ".[-"), ret);
}

// What a variable's own text says of `name`, which may be "*p", "p.x". false: nothing.
static bool own_text(const struct event_value *v, const char *name, struct buf *ret)
{
	bool target = *name == '*';
	name += target;
	size_t len = strcspn(name, ".[-");
	const char *text = v->value ? v->value : "<unknown>";
	size_t n = strlen(text);
	if (name[len] && !value_member(text, n, name + len, &text, &n))
		return false;
	if (target && !value_target(&text, &n))
		return false;
	if (!ret)
		return true;
	if (!target || name[len] || !is_char_pointer(v->type) || !first_char(text, n, v->type, ret))
		buf_add(ret, text, n);
	return true;
}

// Rust writes structs in another way than C; a reference's text has what it refers to.
static bool is_of_c(const char *type)
{
	return type && *type != '*' && *type != '&';
}

static enum ft_rc variable_text(struct player *p, const struct scope *at, const char *name,
				struct buf *ret)
{
	bool target = *name == '*';
	const struct event_value *v;
	enum ft_rc rc = variable(p, at, name + target, strcspn(name + target, ".[-"), &v);
	if (rc != FT_OK || own_text(v, name, ret))
		return rc;
	uint64_t told = p->tracked.told[v - p->tracked.v];
	const char *path = name + target + strcspn(name + target, ".[-");
	bool known = v->full && (at->takes_old || told == at->seq) &&
		     target_text(v->full, path, target, is_of_c(v->type), ret);
	return known ? FT_OK : FT_NONE;
}

bool target_told_at(struct player *p, const struct scope *at, const char *name, uint64_t *ret)
{
	bool target = *name == '*';
	const struct event_value *v;
	enum ft_rc rc = variable(p, at, name + target, strcspn(name + target, ".[-"), &v);
	if (rc == FT_FAIL)
		ft_error_clear(); // who asked for the value was told
	if (rc != FT_OK || *name == '&' || own_text(v, name, NULL))
		return false;
	*ret = p->tracked.told[v - p->tracked.v];
	return true;
}

// ---- words ----

static enum ft_rc text_or_none(struct buf *ret, const char *s)
{
	if (!s)
		return FT_NONE;
	buf_str(ret, s);
	return FT_OK;
}

static enum ft_rc number(struct buf *ret, uint64_t v)
{
	buf_udec(ret, v);
	return FT_OK;
}

static enum ft_rc heap_word(struct player *p, uint64_t seq, bool bytes, struct buf *ret)
{
	const struct log_block *b;
	size_t n;
	uint64_t all, sum = 0;
	if (!log_info(p->log)->holds.heap)
		return FT_NONE;
	enum ft_rc rc = log_blocks(p->log, seq, bytes ? MAX_BLOCKS : 1, &b, &n, &all);
	if (rc == FT_FAIL)
		return rc;
	for (size_t i = 0; rc == FT_OK && bytes && i < n; i++)
		sum += b[i].size;
	if (bytes && rc == FT_OK && n < all)
		return FT_NONE;
	return number(ret, rc == FT_NONE ? 0 : bytes ? sum : all);
}

static enum ft_rc frames_word(struct player *p, uint64_t seq, int tid, struct buf *ret)
{
	const struct log_frame *f;
	size_t n;
	uint64_t count = 0;
	enum ft_rc rc = log_frames(p->log, seq, &f, &n);
	if (rc == FT_FAIL)
		return rc;
	for (size_t i = 0; rc == FT_OK && i < n; i++)
		count += !f[i].ghost && f[i].tid == tid;
	return number(ret, count);
}

static enum ft_rc register_word(const struct event *ev, const char *name, struct buf *ret)
{
	for (size_t i = 0; i < ev->n_registers; i++) {
		if (ev->registers[i].name && strcmp(ev->registers[i].name, name) == 0) {
			buf_hex(ret, ev->registers[i].value);
			return FT_OK;
		}
	}
	return FT_NONE;
}

static enum ft_rc event_word(const struct event *ev, const char *name, struct buf *ret)
{
	if (strcmp(name, "tid") == 0)
		return number(ret, (uint64_t)ev->tid);
	if (strcmp(name, "event") == 0)
		return text_or_none(ret, event_kind_name(ev->kind));
	if (strcmp(name, "depth") == 0) {
		bool pop = ev->kind == EVENT_POP && ev->depth > 0;
		return ev->function ? number(ret, ev->depth - pop) : FT_NONE;
	}
	if (strcmp(name, "status") == 0)
		return ev->kind == EVENT_EXIT && ev->signal == 0 ? number(ret, (uint64_t)ev->status)
								 : FT_NONE;
	return register_word(ev, name, ret);
}

static enum ft_rc place_word(struct player *p, const char *name, struct buf *ret)
{
	struct player_place here;
	player_place(p, &here);
	if (strcmp(name, "function") == 0)
		return text_or_none(ret, here.function);
	if (strcmp(name, "file") == 0)
		return text_or_none(ret, here.file ? path_name(here.file) : NULL);
	return here.line ? number(ret, here.line) : FT_NONE;
}

static bool is_place_word(const char *name)
{
	return strcmp(name, "function") == 0 || strcmp(name, "file") == 0 ||
	       strcmp(name, "line") == 0;
}

static enum ft_rc word(struct player *p, const struct scope *at, const char *name, struct buf *ret)
{
	const struct event *ev;
	if (strcmp(name, "seq") == 0)
		return number(ret, at->seq);
	if (strcmp(name, "blocks") == 0 || strcmp(name, "bytes") == 0)
		return heap_word(p, at->seq, name[1] == 'y', ret);
	if (strcmp(name, "return") == 0)
		return here_returned(p, at->seq, ret);
	if (is_place_word(name) && at->seq == p->at)
		return place_word(p, name, ret);
	enum ft_rc rc = log_event(p->log, at->seq, &ev);
	if (rc != FT_OK)
		return rc;
	if (strcmp(name, "function") == 0)
		return text_or_none(ret, ev->function);
	if (strcmp(name, "file") == 0)
		return text_or_none(ret, ev->file ? path_name(ev->file) : NULL);
	if (strcmp(name, "line") == 0)
		return ev->line ? number(ret, ev->line) : FT_NONE;
	if (strcmp(name, "frames") == 0)
		return frames_word(p, at->seq, ev->tid, ret);
	return event_word(ev, name, ret);
}

enum ft_rc value_at(struct player *p, const struct scope *at, const char *name, struct buf *ret)
{
	enum ft_rc rc = *name == '$' ? FT_NONE : variable_text(p, at, name, ret);
	name += *name == '$';
	if (rc == FT_NONE)
		rc = fact_at(p, at, name, ret);
	return rc == FT_NONE ? word(p, at, name, ret) : rc;
}

enum ft_rc player_value(struct player *p, const char *name, struct buf *ret)
{
	struct scope at;
	enum ft_rc rc = here_selected(p, &at);
	at.takes_old = true;
	return rc == FT_OK ? value_at(p, &at, name, ret) : rc;
}
