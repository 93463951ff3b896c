/*
 * spelling.c - how a type is written: C's declarators as gdb spells them, Rust's and C++'s names
 * without what their users leave out.
 *
 * A C type is written around its name: `int (*` and `)[3]`. Each node keeps the two halves.
 */
#include <ctype.h>
#include <string.h>

#include "symbols/types.h"

enum { SPELL_MAX = 2000 }; // longer names are left as they are

static const struct type_node *node_of(const struct type *t)
{
	return (const struct type_node *)t; // every type of this room is in a node (types.h)
}

static const char *left_of(const struct type *t)
{
	return t ? node_of(t)->left : "void";
}

static const char *right_of(const struct type *t)
{
	return t ? node_of(t)->right : "";
}

/* "int" and "[4]" are apart, "char *" and "[4]" too, "int (*" and ")(int)" are not. */
static void join(struct arena *a, struct type_node *n)
{
	size_t len = strlen(n->left);
	char last = len ? n->left[len - 1] : '(';
	bool apart = n->right[0] == '[' || n->right[0] == '(';

	if (strlen(n->left) + strlen(n->right) > SPELL_MAX) {
		n->left = "...";
		n->right = "";
	}
	if (!n->right[0])
		n->t.shown = n->left;
	else
		n->t.shown = arena_printf(
			a, "%s%s%s", n->left,
			apart && last != '*' && last != '(' && last != '&' ? " " : "", n->right);
}

/* gcc's order of words and gdb's. */
static const char *c_base_name(const char *name)
{
	static const char *const names[][2] = {
		{"long unsigned int", "unsigned long"},
		{"short unsigned int", "unsigned short"},
		{"long long unsigned int", "unsigned long long"},
		{"long int", "long"},
		{"short int", "short"},
		{"long long int", "long long"},
	};

	for (size_t i = 0; i < FT_COUNT(names); i++)
		if (strcmp(name, names[i][0]) == 0)
			return names[i][1];
	return name;
}

static const char *keyword(enum type_kind kind)
{
	return kind == TYPE_STRUCT  ? "struct "
	       : kind == TYPE_UNION ? "union "
	       : kind == TYPE_ENUM  ? "enum "
	       : kind == TYPE_CLASS ? "class "
				    : "";
}

void spell_base(struct arena *a, struct type_node *n)
{
	const char *name = n->t.name, *word = keyword(n->t.kind);

	n->right = "";
	if (!name)
		n->left = word[0] ? arena_printf(a, "%s{...}", word) : "<unknown type>";
	else if (n->t.language == LANG_RUST)
		n->left = spell_rust(a, name);
	else if (n->t.language == LANG_CXX)
		n->left = spell_cxx(a, c_base_name(name));
	else
		n->left = word[0] ? arena_printf(a, "%s%s", word, name) : c_base_name(name);
	n->t.shown = n->left;
}

void spell_pointer(struct arena *a, struct type_node *n)
{
	const struct type *target = n->t.target;
	const char *left = left_of(target), *right = right_of(target);
	const char *mark = n->t.kind == TYPE_REFERENCE		? "&"
			   : n->t.kind == TYPE_RVALUE_REFERENCE ? "&&"
								: "*";

	if (n->t.language == LANG_RUST) {
		n->left = n->t.name ? spell_rust(a, n->t.name)
				    : arena_printf(a, "*const %s", target ? target->shown : "()");
		n->t.shown = n->left;
		return;
	}
	size_t len = strlen(left);
	bool glued = len && strchr("*(&", left[len - 1]) && !right[0];
	bool paren = right[0] == '[' || right[0] == '(';
	if (n->t.kind == TYPE_MEMBER_POINTER)
		mark = arena_printf(a, "%s::*", n->t.container ? n->t.container->shown : "");
	bool space = !glued && !(len && strchr("*(&", left[len - 1]));
	n->left = arena_printf(a, "%s%s%s%s", left, space ? " " : "", paren ? "(" : "", mark);
	n->right = paren ? arena_printf(a, ")%s", right) : right;
	join(a, n);
}

void spell_array(struct arena *a, struct type_node *n)
{
	const char *right = right_of(n->t.target);

	if (n->t.language == LANG_RUST) {
		n->left = arena_printf(a, "[%s; %llu]", n->t.target ? n->t.target->shown : "()",
				       (unsigned long long)n->t.count);
		n->t.shown = n->left;
		return;
	}
	n->left = left_of(n->t.target);
	if (n->t.is_vector)
		n->right = arena_printf(a, " __attribute__ ((vector_size(%llu)))%s",
					(unsigned long long)n->t.count, right);
	else if (n->t.has_count)
		n->right = arena_printf(a, "[%llu]%s", (unsigned long long)n->t.count, right);
	else
		n->right = arena_printf(a, "[]%s", right);
	join(a, n);
}

void spell_function(struct arena *a, struct type_node *n, bool prototyped, bool variadic)
{
	const char *args = "";

	for (size_t i = 0; i < n->t.n_params && strlen(args) < SPELL_MAX; i++) {
		const struct type *p = n->t.params[i];
		args = arena_printf(a, "%s%s%s", args, i ? ", " : "", p ? p->shown : "void");
	}
	if (variadic)
		args = arena_printf(a, "%s%s...", args, n->t.n_params ? ", " : "");
	else if (!n->t.n_params && prototyped && n->t.language != LANG_RUST)
		args = "void";
	if (n->t.language == LANG_RUST) {
		const struct type *to = n->t.target;
		n->left =
			arena_printf(a, "fn(%s)%s%s", args, to ? " -> " : "", to ? to->shown : "");
		n->t.shown = n->left;
		return;
	}
	n->left = left_of(n->t.target);
	n->right = arena_printf(a, "(%s)%s", args, right_of(n->t.target));
	join(a, n);
}

// An array's qualifier is its elements' (C17 6.7.3); gcc describes both.
static bool elements_have(const struct type *array, enum type_kind qualifier)
{
	const struct type *t = array;
	for (size_t i = 0; t && t->kind == TYPE_ARRAY && i < SPELL_MAX; i++)
		t = t->target;
	for (size_t i = 0; t && t != array && i < SPELL_MAX; i++) {
		if (t->kind == qualifier)
			return true;
		t = t->kind == TYPE_CONST || t->kind == TYPE_VOLATILE ? t->target : NULL;
	}
	return false;
}

void spell_qualifier(struct arena *a, struct type_node *n)
{
	const struct type *target = n->t.target;
	const char *word = n->t.kind == TYPE_CONST	? "const"
			   : n->t.kind == TYPE_VOLATILE ? "volatile"
			   : n->t.kind == TYPE_RESTRICT ? "restrict"
							: "_Atomic";
	const struct type *inner = target;

	while (inner && (inner->kind == TYPE_CONST || inner->kind == TYPE_VOLATILE) &&
	       inner != &n->t && inner->target != inner)
		inner = inner->target;
	bool behind = inner && (inner->kind == TYPE_POINTER || inner->kind == TYPE_REFERENCE ||
				inner->kind == TYPE_MEMBER_POINTER);
	if (n->t.language == LANG_RUST)
		n->left = target ? target->shown : "()";
	else if (elements_have(target, n->t.kind))
		n->left = left_of(target);
	else if (behind)
		n->left = arena_printf(a, "%s %s", left_of(target), word);
	else
		n->left = arena_printf(a, "%s %s", word, left_of(target));
	n->right = n->t.language == LANG_RUST ? "" : right_of(target);
	join(a, n);
}

static bool is_path_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '#';
}

/* The length of an identifier at s; "{closure_env#0}" and "{impl#3}" are identifiers. */
static size_t ident_len(const char *s)
{
	size_t n = 0;

	if (s[0] == '{')
		return strcspn(s, "}") + (strchr(s, '}') != NULL);
	while (is_path_char(s[n]))
		n++;
	return n;
}

/* Arguments that nobody writes: the defaults of Box, Vec, HashMap. */
static size_t default_argument(const char *s)
{
	static const char *const names[] = {
		", alloc::alloc::Global",
		", std::hash::random::RandomState",
		", std::collections::hash::map::RandomState",
	};

	for (size_t i = 0; i < FT_COUNT(names); i++) {
		size_t n = strlen(names[i]);
		if (strncmp(s, names[i], n) == 0 && (s[n] == '>' || s[n] == ','))
			return n;
	}
	return 0;
}

/* Copies one path; of a path of the standard library only the last identifier. */
static const char *copy_path(const char *s, char **out)
{
	const char *start = s, *last = s;
	bool std = strncmp(s, "core::", 6) == 0 || strncmp(s, "alloc::", 7) == 0 ||
		   strncmp(s, "std::", 5) == 0 || strncmp(s, "hashbrown::", 11) == 0;

	for (;;) {
		s += ident_len(s);
		if (s[0] != ':' || s[1] != ':' || !ident_len(s + 2))
			break;
		s += 2;
		last = s;
	}
	const char *from = std ? last : start;
	memcpy(*out, from, (size_t)(s - from));
	*out += s - from;
	return s;
}

/* "(i32)" is a tuple of one, which Rust people write "(i32,)"; after a name it is a call's. */
static bool is_one_tuple(const char *name, const char *s)
{
	int depth = 0;

	if (s[0] != '(' || s[1] == ')' || (s > name && is_path_char(s[-1])))
		return false;
	for (; *s; s++) {
		depth += strchr("<([{", *s) != NULL;
		depth -= strchr(">)]}", *s) != NULL && s[-1] != '-';
		if (depth == 1 && *s == ',')
			return false;
		if (depth == 0)
			return s[-1] != ',';
	}
	return false;
}

const char *spell_rust(struct arena *a, const char *name)
{
	size_t len = strlen(name);

	if (len > SPELL_MAX || (!strstr(name, "::") && !strchr(name, '(')))
		return name;
	char *copy = arena_alloc(a, 2 * len + 1), *out = copy;
	bool one[64] = {false}; // by depth of parentheses: it is a tuple of one
	unsigned depth = 0;
	for (const char *s = name; *s;) {
		size_t skip = default_argument(s);
		if (skip) {
			s += skip;
			continue;
		}
		if (ident_len(s)) {
			s = copy_path(s, &out);
			continue;
		}
		if (*s == '(' && ++depth < FT_COUNT(one))
			one[depth] = is_one_tuple(name, s);
		if (*s == ')' && depth < FT_COUNT(one) && one[depth])
			*out++ = ',';
		if (*s == ')' && depth > 0)
			depth--;
		*out++ = *s++;
	}
	*out = '\0';
	return copy;
}

/* The end of a template argument list that begins at s ("<…>"); NULL if it has none. */
static const char *list_end(const char *s)
{
	int depth = 0;

	for (; *s; s++) {
		depth += *s == '<';
		if (*s == '>' && --depth == 0)
			return s + 1;
	}
	return NULL;
}

/* Cuts every `what<…>` out of text, in place, with the space that gcc leaves before a '>'. */
static void cut_argument(char *text, const char *what)
{
	for (char *at = strstr(text, what); at; at = strstr(at, what)) {
		const char *end = list_end(at + strlen(what) - 1);
		if (!end)
			return;
		while (*end == ' ')
			end++;
		memmove(at, end, strlen(end) + 1);
	}
}

const char *spell_cxx(struct arena *a, const char *name)
{
	static const char string[] = "std::__cxx11::basic_string<char>";
	size_t len = strlen(name);

	if (len > SPELL_MAX || !strstr(name, "std::"))
		return name;
	char *copy = arena_strdup(a, name);
	cut_argument(copy, ", std::allocator<");
	cut_argument(copy, ", std::char_traits<");
	cut_argument(copy, ", std::default_delete<");
	cut_argument(copy, ", std::less<");
	for (char *at = strstr(copy, string); at; at = strstr(at, string)) {
		const char *rest = at + strlen(string);
		memcpy(at, "std::string", 11);
		if (rest[0] == ' ' && rest[1] == '>')
			rest++;
		memmove(at + 11, rest, strlen(rest) + 1);
	}
	return copy;
}
