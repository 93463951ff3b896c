/*
 * c.c - values of C, and of what C++ shares with it, in the spelling of gdb 13's `info args`.
 */
#include <stdlib.h>
#include <string.h>

#include "values/private.h"

enum { TEXT_MAX = 4096 }; // bytes of a string ever read

static void add_unreadable(struct buf *out, uint64_t addr)
{
	buf_str(out, "<error: Cannot access memory at address ");
	buf_hex(out, addr);
	buf_char(out, '>');
}

/* The text behind a char *: to its NUL, the style's limit, or the end of readable memory. */
static void add_pointed_text(struct build *b, struct buf *out, uint64_t addr, unsigned width,
			     const char *prefix)
{
	uint8_t bytes[TEXT_MAX];
	size_t max = b->style->max_string, n = 0;

	if (max > sizeof(bytes) / width - 1)
		max = sizeof(bytes) / width - 1;
	size_t got = build_read(b, addr, bytes, (max + 1) * width) / width;
	if (!got)
		return add_unreadable(out, addr);
	while (n < got && scalar_uint(bytes + n * width, width) != 0)
		n++;
	bool ended = n < got;
	struct text t = {.s = bytes,
			 .n = n < max ? n : max,
			 .width = width,
			 .prefix = prefix,
			 .max = max,
			 .more = !ended && got > max};
	text_c_string(out, &t);
	if (!ended && got <= max) {
		buf_char(out, ' ');
		add_unreadable(out, addr + got * width);
	}
}

/* The functions of a vtable are told by its name. */
static bool is_vtable(const struct type *t)
{
	struct type *to = t->kind == TYPE_POINTER ? type_strip(t->target) : NULL;

	return to && to->kind == TYPE_FUNCTION;
}

/* What it points to goes into the tree if the style says so; its dynamic type for a C++ object. */
static void add_pointed(struct build *b, uint32_t at, const struct type *t, uint64_t addr)
{
	struct type *target = type_strip(t->target), *dynamic;

	if (!b->style->targets || !target || target->kind == TYPE_FUNCTION || is_vtable(target))
		return;
	struct aside was = build_aside_begin(b);
	dynamic = cxx_dynamic_type(b, target, addr, &addr);
	uint32_t child = build_target(b, at, dynamic ? dynamic : t->target, addr);
	if (child)
		build_node(b, child)->is_aside = true;
	build_aside_end(b, &was);
}

static void build_pointer(struct build *b, uint32_t at, const struct type *t, struct span v)
{
	uint64_t addr = scalar_uint(v.s, t->size);
	struct buf *out = tree_text(b->tree, at);
	const char *prefix;

	build_node(b, at)->shape = VALUE_POINTER;
	buf_hex(out, addr);
	unsigned width = text_width(t->target, &prefix);
	if (addr)
		build_address_name(b, addr, out);
	if (addr && width && b->style->max_string && *b->style->unreadable) {
		buf_char(out, ' ');
		add_pointed_text(b, out, addr, width, prefix);
	}
	tree_text_end(b->tree, at);
	build_points_to(b, at, addr);
	if (addr && !width)
		add_pointed(b, at, t, addr);
}

static void add_char(struct buf *out, const struct type *t, struct type *named,
		     const uint8_t *bytes)
{
	const char *prefix;
	unsigned width = text_width(named, &prefix);

	scalar_decimal(out, bytes, t->size, t->is_signed);
	if (!width)
		return;
	buf_char(out, ' ');
	text_c_char(out, (uint32_t)scalar_uint(bytes, width), width, prefix);
}

/* C's wchar_t and friends are typedefs of integers, known by name only. */
static void add_integer(struct buf *out, const struct type *t, struct type *named,
			const uint8_t *bytes)
{
	const char *prefix;

	if (named != t && text_width(named, &prefix)) {
		struct type as_char = *t;
		as_char.is_signed = t->kind == TYPE_INT;
		add_char(out, &as_char, named, bytes);
	} else if (t->name && strcmp(t->name, "wchar_t") == 0) {
		add_char(out, t, named, bytes);
	} else {
		scalar_decimal(out, bytes, t->size, t->kind == TYPE_INT);
	}
}

/* gdb's idea of an enum of flags: no enumerator is negative or has two bits. */
static bool is_flag_enum(const struct type *t)
{
	for (size_t i = 0; i < t->n_enumerators; i++) {
		int64_t v = t->enumerators[i].value;
		if (v < 0 || (v & (v - 1)))
			return false;
	}
	return true;
}

static void add_enum_flags(struct buf *out, const struct type *t, uint64_t v)
{
	bool first = true;

	if (!v)
		return buf_char(out, '0');
	for (size_t i = 0; i < t->n_enumerators; i++) {
		uint64_t bit = (uint64_t)t->enumerators[i].value;
		if (!(v & bit))
			continue;
		buf_str(out, first ? "(" : " | ");
		buf_str(out, t->enumerators[i].name);
		first = false;
		v &= ~bit;
	}
	if (v) {
		buf_str(out, first ? "(unknown: " : " | unknown: ");
		buf_hex(out, v);
	}
	buf_char(out, ')');
}

static void add_enum(struct buf *out, const struct type *t, const uint8_t *bytes)
{
	const struct enumerator *e = enumerator_of(t, bytes);

	if (e)
		buf_str(out, e->name);
	else if (t->n_enumerators && is_flag_enum(t))
		add_enum_flags(out, t, scalar_uint(bytes, t->size));
	else
		scalar_decimal(out, bytes, t->size, t->is_signed);
}

static void build_text_array(struct build *b, uint32_t at, struct span v, uint64_t n, bool more,
			     unsigned width, const char *prefix)
{
	struct text t = {.s = v.s,
			 .n = n,
			 .width = width,
			 .prefix = prefix,
			 .max = b->style->max_string,
			 .more = more};

	if (n && !more && scalar_uint(v.s + (n - 1) * width, width) == 0)
		t.n--;
	build_node(b, at)->shape = VALUE_STRING;
	build_node(b, at)->truncated = more || t.n > t.max;
	text_c_string(tree_text(b->tree, at), &t);
	tree_text_end(b->tree, at);
}

static void build_elements(struct build *b, uint32_t at, const struct type *t, struct span v,
			   uint64_t n)
{
	uint64_t size = t->target->size, shown = 0, i = 0;

	while (i < n && shown < b->style->max_array && build_next(b, at)) {
		uint64_t run = b->lost ? 1 : array_run(v.s + i * size, size, n - i);
		bool fold = run > BUILD_REPEATS;
		uint32_t child = build_element(b, at, t->target, span_from(v, i * size), 0);
		build_node(b, child)->repeats = fold ? run : 0;
		shown += fold ? BUILD_REPEATS : 1;
		i += fold ? run : 1;
	}
	if (i < n)
		build_node(b, at)->truncated = true;
}

static void build_array(struct build *b, uint32_t at, const struct type *t, struct span v)
{
	uint64_t n = array_available(t, v.len);
	bool more = n < t->count && t->target && t->target->size;
	struct value_node *node = build_node(b, at);
	const char *prefix;
	unsigned width = text_width(t->target, &prefix);

	node->count = t->count;
	node->has_count = true;
	bool lost = n && build_lost_bytes(b, v, n * t->target->size, true);
	if (width && n && !lost) // what is missing can only be told letter by letter
		return build_text_array(b, at, v, n, more, width, prefix);
	node->shape = VALUE_LIST;
	node->truncated = more;
	if (n)
		build_elements(b, at, t, v, n);
}

void build_c_struct(struct build *b, uint32_t at, const struct type *t, struct span v)
{
	build_node(b, at)->shape = VALUE_STRUCT;
	for (size_t i = 0; i < t->n_members; i++) {
		const struct member *m = &t->members[i];
		if (m->is_static)
			continue;
		if (!build_next(b, at))
			break;
		if (!m->is_virtual_base || !build_virtual_base(b, at, m, v))
			build_member(b, at, m, v);
	}
}

void build_c_flexible(struct build *b, uint32_t at, const struct type *t, uint64_t addr)
{
	const char *prefix;
	unsigned width = text_width(t->target, &prefix);

	build_node(b, at)->shape = VALUE_POINTER;
	buf_hex(tree_text(b->tree, at), addr); // as gdb does
	tree_text_end(b->tree, at);
	if (!width || !b->style->targets || !b->style->max_string)
		return;
	struct aside was = build_aside_begin(b);
	if (!build_next(b, at)) {
		build_aside_end(b, &was);
		return;
	}
	uint32_t child = tree_child(b->tree, at, NULL, "text");
	build_node(b, child)->shape = VALUE_STRING;
	build_node(b, child)->is_aside = true;
	build_node(b, child)->address = addr;
	add_pointed_text(b, tree_text(b->tree, child), addr, width, prefix);
	tree_text_end(b->tree, child);
	build_aside_end(b, &was);
}

static void build_nested(struct build *b, uint32_t at, struct type *t, struct span v)
{
	if (!build_enter(b, at, "{...}"))
		return;
	if (t->kind == TYPE_ARRAY)
		build_array(b, at, t, v);
	else if (!build_cxx_std(b, at, t, v))
		build_c_struct(b, at, t, v);
	build_leave(b);
}

static void add_complex(struct buf *out, const struct type *t, const uint8_t *bytes)
{
	size_t half = t->size / 2;

	scalar_float_c(out, t, bytes, half);
	buf_str(out, " + ");
	scalar_float_c(out, t, bytes + half, half);
	buf_char(out, 'i');
}

static void add_bool(struct buf *out, const struct type *t, const uint8_t *bytes)
{
	uint64_t v = scalar_uint(bytes, t->size);

	if (v > 1)
		buf_udec(out, v);
	else
		buf_str(out, v ? "true" : "false");
}

/* The text of what has no parts; false: it has. */
static bool add_scalar(struct buf *out, struct type *t, struct type *named, const uint8_t *bytes)
{
	switch (t->kind) {
	case TYPE_INT:
	case TYPE_UINT:
		add_integer(out, t, named, bytes);
		return true;
	case TYPE_BOOL:
		add_bool(out, t, bytes);
		return true;
	case TYPE_CHAR:
	case TYPE_UTF:
		add_char(out, t, named, bytes);
		return true;
	case TYPE_FLOAT:
		scalar_float_c(out, t, bytes, t->size);
		return true;
	case TYPE_COMPLEX:
		add_complex(out, t, bytes);
		return true;
	case TYPE_ENUM:
		add_enum(out, t, bytes);
		return true;
	case TYPE_VOID:
		buf_str(out, "void");
		return true;
	case TYPE_POINTER:
	case TYPE_ARRAY:
	case TYPE_STRUCT:
	case TYPE_CLASS:
	case TYPE_UNION:
	case TYPE_VARIANTS:
	case TYPE_REFERENCE:
	case TYPE_RVALUE_REFERENCE:
	case TYPE_MEMBER_POINTER:
	case TYPE_UNKNOWN:
	case TYPE_FUNCTION:
	case TYPE_TYPEDEF:
	case TYPE_CONST:
	case TYPE_VOLATILE:
	case TYPE_RESTRICT:
	case TYPE_ATOMIC:
		break;
	}
	return false;
}

void build_c(struct build *b, uint32_t at, struct type *t, struct type *named, struct span v)
{
	struct buf *out = tree_text(b->tree, at);

	if (add_scalar(out, t, named, v.s))
		return tree_text_end(b->tree, at);
	if (t->kind == TYPE_POINTER)
		build_pointer(b, at, t, v);
	else if (t->kind == TYPE_REFERENCE || t->kind == TYPE_RVALUE_REFERENCE)
		build_reference(b, at, t, v);
	else if (t->kind == TYPE_MEMBER_POINTER)
		build_member_pointer(b, at, t, v);
	else if (t->kind == TYPE_ARRAY || t->kind == TYPE_STRUCT || t->kind == TYPE_CLASS ||
		 t->kind == TYPE_UNION || t->kind == TYPE_VARIANTS)
		build_nested(b, at, t, v);
	else
		build_reason(b, at, "<unknown type>");
}
