/*
 * json.c - a value's tree as JSON text (docs/events.md, "Trees").
 */
#include <stdio.h>
#include <string.h>

#include "values/private.h"

static const char *const shape_names[] = {
	[VALUE_SCALAR] = "scalar",  [VALUE_STRING] = "string", [VALUE_POINTER] = "pointer",
	[VALUE_STRUCT] = "struct",  [VALUE_TUPLE] = "tuple",   [VALUE_LIST] = "list",
	[VALUE_SET] = "set",	    [VALUE_MAP] = "map",       [VALUE_ENTRY] = "entry",
	[VALUE_WRAPPER] = "struct", [VALUE_RANGE] = "range",   [VALUE_ELIDED] = "elided",
};

static void add_key(struct buf *out, const char *key)
{
	if (out->s[out->len - 1] != '{')
		buf_char(out, ',');
	buf_char(out, '"');
	buf_str(out, key);
	buf_str(out, "\":");
}

static void add_string(struct buf *out, const char *key, const char *s)
{
	add_key(out, key);
	buf_json(out, s, strlen(s));
}

static void add_number(struct buf *out, const char *key, uint64_t v)
{
	add_key(out, key);
	buf_udec(out, v);
}

static void add_name(const struct value_node *n, struct buf *out)
{
	char index[32];

	if (n->is_indexed) {
		snprintf(index, sizeof(index), "[%llu]", (unsigned long long)n->index);
		add_string(out, "name", index);
	} else if (n->name && n->name[0]) {
		add_string(out, "name", n->name);
	}
}

/* A reason loses its angle brackets. */
static void add_text(const struct value_tree *t, const struct value_node *n, struct buf *out)
{
	const char *s = t->text.s + n->text;
	size_t len = n->text_len;
	bool leaf = n->shape == VALUE_SCALAR || n->shape == VALUE_STRING ||
		    n->shape == VALUE_POINTER || n->shape == VALUE_ELIDED;

	if (!leaf && !len && n->known)
		return;
	bool bracketed = !n->known && len >= 2 && s[0] == '<' && s[len - 1] == '>';
	add_key(out, !n->known ? "unknown" : leaf ? "value" : "label");
	buf_json(out, s + bracketed, len - 2u * bracketed);
}

static void add_flags(const struct value_tree *t, const struct value_node *n, struct buf *out)
{
	if (n->address && !n->has_offset && n != t->n) {
		add_key(out, "address");
		buf_char(out, '"');
		buf_hex(out, n->address);
		buf_char(out, '"');
	}
	if (n->place_len) {
		add_key(out, "points_to");
		buf_json(out, t->text.s + n->place, n->place_len);
	}
	if (n->has_offset)
		add_number(out, "offset", n->offset);
	if (n->has_count)
		add_number(out, "count", n->count);
	if (n->repeats > 1)
		add_number(out, "repeats", n->repeats);
	if (n->is_base)
		buf_str(out, ",\"base\":true");
	if (n->is_variant)
		buf_str(out, ",\"variant\":true");
	if (n->truncated)
		buf_str(out, ",\"truncated\":true");
}

static void add(const struct value_tree *t, const struct value_node *n, struct buf *out)
{
	buf_char(out, '{');
	add_name(n, out);
	add_string(out, "kind", shape_names[n->shape]);
	if (n->type && n != t->n) // that of the value itself stands beside its tree
		add_string(out, "type", n->type->shown);
	add_text(t, n, out);
	add_flags(t, n, out);
	if (n->first) {
		add_key(out, "children");
		buf_char(out, '[');
		for (uint32_t at = n->first; at; at = t->n[at].next) {
			if (at != n->first)
				buf_char(out, ',');
			add(t, &t->n[at], out);
		}
		buf_char(out, ']');
	}
	buf_char(out, '}');
}

bool value_json(const struct value_tree *t, struct buf *out)
{
	const struct value_node *root = &t->n[0];

	if (!t->n_nodes || !root->known || !root->first)
		return false; // its text says all
	add(t, root, out);
	return true;
}
