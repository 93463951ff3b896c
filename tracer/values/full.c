/*
 * full.c - a value's tree as lines: one for each member, with its address, type and offset.
 */
#include <stdio.h>
#include <string.h>

#include "values/private.h"

enum { FULL_LINES = 200, FULL_INDENT = 16 };

struct full {
	const struct value_tree *t;
	struct buf *out;
	size_t start; // of the text in out
	unsigned lines;
};

/* What is best read as one line: scalars, and lists of nothing else. */
static bool is_flat(const struct value_tree *t, const struct value_node *n)
{
	bool list = n->shape == VALUE_LIST || n->shape == VALUE_SET;

	for (uint32_t at = n->first; at; at = t->n[at].next)
		if (!list || t->n[at].first || t->n[at].is_aside)
			return false;
	return true;
}

static void begin_line(struct full *f, unsigned depth, uint64_t address)
{
	if (f->lines++)
		buf_char(f->out, '\n');
	if (address)
		buf_hex(f->out, address);
	buf_char(f->out, '\t');
	buf_pad(f->out, ' ', 2 * (size_t)(depth < FULL_INDENT ? depth : FULL_INDENT));
}

static void add_type(struct full *f, const struct value_node *n)
{
	if (n->type) {
		buf_str(f->out, "   ");
		buf_str(f->out, n->type->shown);
	}
	if (n->has_offset) {
		buf_str(f->out, n->type ? ", +" : "   +");
		buf_udec(f->out, n->offset);
	}
}

/* A name that the value has already says as much. */
static void add_place(struct full *f, const struct value_node *n)
{
	const char *text = f->t->text.s, *place = text + n->place;
	const char *named = memmem(text + n->text, n->text_len, " <", 2);
	const char *end =
		named ? memchr(named, '>', (size_t)(text + n->text + n->text_len - named)) : NULL;
	size_t len = end ? (size_t)(end - named - 2) : 0;

	if (!n->place_len || (end && len <= n->place_len && memcmp(named + 2, place, len) == 0))
		return;
	buf_str(f->out, " (");
	buf_add(f->out, place, n->place_len);
	buf_char(f->out, ')');
}

static void add_count(struct full *f, const struct value_node *n)
{
	if (!n->has_count)
		return;
	buf_str(f->out, "   ");
	buf_udec(f->out, n->count);
	buf_str(f->out, n->count == 1 ? " element" : " elements");
}

static void add_children(struct full *f, const struct value_node *n, unsigned depth);

/* An entry's key is written before its value, on the value's line. */
static void add_one(struct full *f, const struct value_node *c, const struct value_node *key,
		    const char *what, unsigned depth)
{
	bool flat = is_flat(f->t, c);

	begin_line(f, depth, c->address);
	bool named = true;
	if (key) {
		buf_char(f->out, '[');
		compact_node(f->t, key, f->out);
		buf_char(f->out, ']');
	} else if (what) {
		buf_str(f->out, what);
	} else {
		named = compact_name(c, f->out);
	}
	bool whole = flat || c->shape == VALUE_POINTER;
	if (named && (whole || c->text_len))
		buf_str(f->out, " = ");
	if (whole)
		compact_node(f->t, c, f->out);
	else
		compact_text(f->t, c, f->out);
	if (c->repeats > 1) {
		buf_str(f->out, " <repeats ");
		buf_udec(f->out, c->repeats);
		buf_str(f->out, " times>");
	}
	add_place(f, c);
	add_type(f, c);
	if (c->shape == VALUE_POINTER && c->truncated && !c->first) {
		begin_line(f, depth + 1, 0);
		buf_str(f->out, "points to ...");
	}
	if (!flat) {
		add_count(f, c);
		add_children(f, c, depth + 1);
	}
}

static void add_children(struct full *f, const struct value_node *n, unsigned depth)
{
	bool list = n->shape == VALUE_LIST || n->shape == VALUE_SET;
	char number[32];
	uint64_t i = 0;

	for (uint32_t at = n->first; at; at = f->t->n[at].next) {
		const struct value_node *c = &f->t->n[at];
		if (f->lines >= FULL_LINES) {
			begin_line(f, depth, 0);
			buf_str(f->out, "...");
			f->lines = UINT32_MAX; // callers stop too
			return;
		}
		if (c->shape == VALUE_ENTRY && c->first) {
			const struct value_node *key = &f->t->n[c->first];
			if (key->next)
				add_one(f, &f->t->n[key->next], key, NULL, depth);
			continue;
		}
		snprintf(number, sizeof(number), "[%llu]", (unsigned long long)i);
		bool target = n->shape == VALUE_POINTER && !c->name;
		add_one(f, c, NULL, list ? number : target ? "points to" : NULL, depth);
		if (f->lines == UINT32_MAX)
			return;
		i += c->repeats > 1 ? c->repeats : 1;
	}
	if (n->truncated) {
		begin_line(f, depth, 0);
		buf_str(f->out, "...");
	}
}

bool value_full(const struct value_tree *t, struct buf *out)
{
	struct full f = {.t = t, .out = out};

	if (!t->n_nodes || is_flat(t, &t->n[0]))
		return false;
	add_children(&f, &t->n[0], 0);
	return f.lines > 0;
}
