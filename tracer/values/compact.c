/*
 * compact.c - a value's tree as one line, spelled as gdb does for C and C++, as {:?} for Rust.
 */
#include "values/private.h"

static void add(const struct value_tree *t, const struct value_node *n, struct buf *out);

void compact_text(const struct value_tree *t, const struct value_node *n, struct buf *out)
{
	buf_add(out, t->text.s + n->text, n->text_len);
}

static void add_index(struct buf *out, uint64_t index)
{
	buf_char(out, '[');
	buf_udec(out, index);
	buf_char(out, ']');
}

bool compact_name(const struct value_node *n, struct buf *out)
{
	if (n->is_indexed) {
		add_index(out, n->index);
	} else if (n->is_base) {
		buf_char(out, '<');
		buf_str(out, n->name ? n->name : "base");
		buf_char(out, '>');
	} else if (n->name && n->name[0]) {
		buf_str(out, n->name);
	} else {
		return false;
	}
	return true;
}

static void add_repeats(const struct value_node *n, struct buf *out)
{
	if (n->repeats < 2)
		return;
	buf_str(out, " <repeats ");
	buf_udec(out, n->repeats);
	buf_str(out, " times>");
}

/* "[key] = value": gdb's way; Rust's is "key: value". */
static void add_entry(const struct value_tree *t, const struct value_node *n, struct buf *out)
{
	const struct value_node *key = &t->n[n->first];
	const struct value_node *value = key->next ? &t->n[key->next] : NULL;

	if (!n->first)
		return;
	if (!n->is_rust)
		buf_char(out, '[');
	add(t, key, out);
	buf_str(out, n->is_rust ? ": " : "] = ");
	if (value)
		add(t, value, out);
}

static const struct value_node *shown_child(const struct value_tree *t, uint32_t at)
{
	while (at && t->n[at].is_aside)
		at = t->n[at].next;
	return at ? &t->n[at] : NULL;
}

static void add_children_c(const struct value_tree *t, const struct value_node *n, struct buf *out)
{
	const struct value_node *c = shown_child(t, n->first), *first = c;

	for (; c; c = shown_child(t, c->next)) {
		if (c != first)
			buf_str(out, ", ");
		if (compact_name(c, out))
			buf_str(out, " = ");
		add(t, c, out);
		add_repeats(c, out);
	}
	if (n->truncated && n->shape == VALUE_STRUCT && first)
		buf_str(out, ", ");
	if (n->truncated)
		buf_str(out, "...");
}

static void add_c(const struct value_tree *t, const struct value_node *n, struct buf *out)
{
	bool empty = !shown_child(t, n->first) && !n->truncated;

	compact_text(t, n, out);
	if (n->text_len && empty)
		return; // "std::vector of length 0, capacity 0"
	if (n->text_len)
		buf_str(out, " = ");
	buf_char(out, '{');
	if (empty && n->shape == VALUE_STRUCT)
		buf_str(out, "<No data fields>");
	add_children_c(t, n, out);
	buf_char(out, '}');
}

static void add_children_rust(const struct value_tree *t, const struct value_node *n,
			      struct buf *out)
{
	const struct value_node *c = shown_child(t, n->first);
	size_t shown = 0;

	for (; c; c = shown_child(t, c->next)) {
		if (shown++)
			buf_str(out, ", ");
		if (n->shape == VALUE_STRUCT && compact_name(c, out))
			buf_str(out, ": ");
		add(t, c, out);
		if (c->repeats > 1) {
			buf_str(out, "; ");
			buf_udec(out, c->repeats);
		}
	}
	if (n->truncated)
		buf_str(out, shown ? ", ..." : "...");
	if (n->is_open)
		buf_str(out, shown ? ", .." : "..");
}

static void add_rust(const struct value_tree *t, const struct value_node *n, struct buf *out)
{
	const struct value_node *c = shown_child(t, n->first);
	bool empty = !c && !n->truncated && !n->is_open;
	bool list = n->shape == VALUE_LIST, named = n->shape == VALUE_STRUCT;
	bool fields = named || n->shape == VALUE_TUPLE;

	compact_text(t, n, out);
	if (empty && fields) { // a unit struct is its name
		buf_str(out, n->text_len ? "" : "()");
		return;
	}
	buf_str(out, named ? (n->text_len ? " { " : "{ ") : list ? "[" : fields ? "(" : "{");
	add_children_rust(t, n, out);
	if (n->shape == VALUE_TUPLE && !n->text_len && c && !shown_child(t, c->next))
		buf_char(out, ',');
	buf_str(out, named ? " }" : list ? "]" : fields ? ")" : "}");
}

static void add_range(const struct value_tree *t, const struct value_node *n, struct buf *out)
{
	const struct value_node *c = shown_child(t, n->first);
	bool starts = c && c->name && c->name[0] == 's';

	if (starts)
		add(t, c, out);
	compact_text(t, n, out);
	c = starts ? shown_child(t, c->next) : c;
	if (c)
		add(t, c, out);
}

static void add(const struct value_tree *t, const struct value_node *n, struct buf *out)
{
	const struct value_node *c;

	switch (n->shape) {
	case VALUE_SCALAR:
	case VALUE_STRING:
	case VALUE_ELIDED:
		compact_text(t, n, out);
		return;
	case VALUE_POINTER:
		compact_text(t, n, out);
		c = shown_child(t, n->first);
		if (c)
			buf_str(out, n->is_rust ? " -> " : n->text_len ? ": " : "");
		if (c)
			add(t, c, out);
		return;
	case VALUE_WRAPPER:
		compact_text(t, n, out);
		c = shown_child(t, n->first);
		if (c && n->text_len)
			buf_char(out, ' ');
		if (c)
			add(t, c, out);
		return;
	case VALUE_ENTRY:
		add_entry(t, n, out);
		return;
	case VALUE_RANGE:
		add_range(t, n, out);
		return;
	case VALUE_STRUCT:
	case VALUE_TUPLE:
	case VALUE_LIST:
	case VALUE_SET:
	case VALUE_MAP:
		if (n->is_rust)
			add_rust(t, n, out);
		else
			add_c(t, n, out);
		return;
	}
}

void compact_node(const struct value_tree *t, const struct value_node *n, struct buf *out)
{
	add(t, n, out);
}

void value_compact(const struct value_tree *t, struct buf *out)
{
	if (t->n_nodes)
		add(t, &t->n[0], out);
}
