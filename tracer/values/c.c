/*
 * c.c - values of C, and of what C++ shares with it, in the spelling of gdb 13's `info args`.
 */
#include <stdlib.h>
#include <string.h>

#include "values/private.h"

enum { TEXT_MAX = 4096 }; // bytes of a string ever read

static void add_unreadable(struct render *r, uint64_t addr)
{
	buf_str(r->out, " <error: Cannot access memory at address ");
	buf_hex(r->out, addr);
	buf_char(r->out, '>');
}

/* The text behind a char *: to its NUL, the style's limit, or the end of readable memory. */
static void add_pointed_text(struct render *r, uint64_t addr, unsigned width, const char *prefix)
{
	uint8_t bytes[TEXT_MAX];
	size_t max = r->style->max_string, n = 0;

	if ((max + 1) * width > sizeof(bytes))
		max = sizeof(bytes) / width - 1;
	size_t got = render_read(r, addr, bytes, (max + 1) * width) / width;
	if (!got)
		return add_unreadable(r, addr);
	while (n < got && scalar_uint(bytes + n * width, width) != 0)
		n++;
	bool ended = n < got;
	struct text t = {.s = bytes,
			 .n = n < max ? n : max,
			 .width = width,
			 .prefix = prefix,
			 .max = max,
			 .more = !ended && got > max};
	buf_char(r->out, ' ');
	text_c_string(r->out, &t);
	if (!ended && got <= max)
		add_unreadable(r, addr + got * width);
}

static void add_pointer(struct render *r, const struct type *t, const uint8_t *bytes)
{
	uint64_t addr = scalar_uint(bytes, t->size);
	const char *prefix;

	buf_hex(r->out, addr);
	if (!addr)
		return;
	render_address_name(r, addr);
	unsigned width = text_width(t->target, &prefix);
	if (width && r->style->max_string)
		add_pointed_text(r, addr, width, prefix);
}

static void add_char(struct render *r, const struct type *t, struct type *named,
		     const uint8_t *bytes)
{
	const char *prefix;
	unsigned width = text_width(named, &prefix);

	scalar_decimal(r->out, bytes, t->size, t->is_signed);
	if (!width)
		return;
	buf_char(r->out, ' ');
	text_c_char(r->out, (uint32_t)scalar_uint(bytes, width), width, prefix);
}

/* C's wchar_t and friends are typedefs of integers, known by name only. */
static void add_integer(struct render *r, const struct type *t, struct type *named,
			const uint8_t *bytes)
{
	const char *prefix;

	if (named != t && text_width(named, &prefix)) {
		struct type as_char = *t;
		as_char.is_signed = t->kind == TYPE_INT;
		add_char(r, &as_char, named, bytes);
	} else if (t->name && strcmp(t->name, "wchar_t") == 0) {
		add_char(r, t, named, bytes);
	} else {
		scalar_decimal(r->out, bytes, t->size, t->kind == TYPE_INT);
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

static void add_enum_flags(struct render *r, const struct type *t, uint64_t v)
{
	bool first = true;

	if (!v)
		return buf_char(r->out, '0');
	for (size_t i = 0; i < t->n_enumerators; i++) {
		uint64_t bit = (uint64_t)t->enumerators[i].value;
		if (!(v & bit))
			continue;
		buf_str(r->out, first ? "(" : " | ");
		buf_str(r->out, t->enumerators[i].name);
		first = false;
		v &= ~bit;
	}
	if (v) {
		buf_str(r->out, first ? "(unknown: " : " | unknown: ");
		buf_hex(r->out, v);
	}
	buf_char(r->out, ')');
}

static void add_enum(struct render *r, const struct type *t, const uint8_t *bytes)
{
	const struct enumerator *e = enumerator_of(t, bytes);

	if (e)
		buf_str(r->out, e->name);
	else if (t->n_enumerators && is_flag_enum(t))
		add_enum_flags(r, t, scalar_uint(bytes, t->size));
	else
		scalar_decimal(r->out, bytes, t->size, t->is_signed);
}

static void add_text_array(struct render *r, const uint8_t *bytes, uint64_t n, bool more,
			   unsigned width, const char *prefix)
{
	struct text t = {.s = bytes,
			 .n = n,
			 .width = width,
			 .prefix = prefix,
			 .max = r->style->max_string,
			 .more = more};

	if (n && !more && scalar_uint(bytes + (n - 1) * width, width) == 0)
		t.n--;
	text_c_string(r->out, &t);
}

static void add_repeats(struct buf *out, uint64_t n)
{
	buf_str(out, " <repeats ");
	buf_udec(out, n);
	buf_str(out, " times>");
}

static void add_array(struct render *r, const struct type *t, const uint8_t *bytes, size_t len)
{
	uint64_t n = array_available(t, len), shown = 0;
	uint64_t size = t->target ? t->target->size : 0;
	bool more = n < t->count && size;
	const char *prefix;
	unsigned width = text_width(t->target, &prefix);

	if (width && n)
		return add_text_array(r, bytes, n, more, width, prefix);
	buf_char(r->out, '{');
	uint64_t i = 0;
	while (i < n && shown < r->style->max_array) {
		const uint8_t *element = bytes + i * size;
		uint64_t run = array_run(element, size, n - i);
		bool fold = run > RENDER_REPEATS;
		if (i)
			buf_str(r->out, ", ");
		if (!render_next(r))
			break;
		render_value(r, t->target, element, size);
		if (fold)
			add_repeats(r->out, run);
		shown += fold ? RENDER_REPEATS : 1;
		i += fold ? run : 1;
	}
	if (r->leaves && (i < n || more))
		buf_str(r->out, "...");
	buf_char(r->out, '}');
}

static void add_struct(struct render *r, const struct type *t, const uint8_t *bytes, size_t len)
{
	bool first = true;

	buf_char(r->out, '{');
	for (size_t i = 0; i < t->n_members; i++) {
		const struct member *m = &t->members[i];
		if (m->is_static)
			continue;
		if (!first)
			buf_str(r->out, ", ");
		first = false;
		if (!render_next(r))
			break;
		if (m->is_base) {
			buf_char(r->out, '<');
			buf_str(r->out, m->type && m->type->shown ? m->type->shown : "base");
			buf_str(r->out, "> = ");
		} else if (m->name && m->name[0]) {
			buf_str(r->out, m->name);
			buf_str(r->out, " = ");
		}
		render_member(r, m, bytes, len);
	}
	buf_str(r->out, first ? "<No data fields>}" : "}");
}

static void add_nested(struct render *r, const struct type *t, const uint8_t *bytes, size_t len)
{
	if (r->depth >= r->style->max_depth)
		return buf_str(r->out, "{...}");
	r->depth++;
	if (t->kind == TYPE_ARRAY)
		add_array(r, t, bytes, len);
	else if (!render_cxx_string(r, t, bytes, len))
		add_struct(r, t, bytes, len);
	r->depth--;
}

static void add_complex(struct render *r, const struct type *t, const uint8_t *bytes)
{
	size_t half = t->size / 2;

	scalar_float_c(r->out, t, bytes, half);
	buf_str(r->out, " + ");
	scalar_float_c(r->out, t, bytes + half, half);
	buf_char(r->out, 'i');
}

static void add_bool(struct render *r, const struct type *t, const uint8_t *bytes)
{
	uint64_t v = scalar_uint(bytes, t->size);

	if (v > 1)
		buf_udec(r->out, v);
	else
		buf_str(r->out, v ? "true" : "false");
}

bool render_c(struct render *r, struct type *t, struct type *named, const uint8_t *bytes,
	      size_t len)
{
	switch (t->kind) {
	case TYPE_INT:
	case TYPE_UINT:
		add_integer(r, t, named, bytes);
		return true;
	case TYPE_POINTER:
		add_pointer(r, t, bytes);
		return true;
	case TYPE_BOOL:
		add_bool(r, t, bytes);
		return true;
	case TYPE_CHAR:
	case TYPE_UTF:
		add_char(r, t, named, bytes);
		return true;
	case TYPE_FLOAT:
		scalar_float_c(r->out, t, bytes, t->size);
		return true;
	case TYPE_COMPLEX:
		add_complex(r, t, bytes);
		return true;
	case TYPE_ENUM:
		add_enum(r, t, bytes);
		return true;
	case TYPE_ARRAY:
	case TYPE_STRUCT:
	case TYPE_CLASS:
	case TYPE_UNION:
	case TYPE_VARIANTS:
		add_nested(r, t, bytes, len);
		return true;
	case TYPE_REFERENCE:
	case TYPE_RVALUE_REFERENCE:
		render_reference(r, t, bytes);
		return true;
	case TYPE_MEMBER_POINTER:
		render_member_pointer(r, t, bytes);
		return true;
	case TYPE_VOID:
		buf_str(r->out, "void");
		return true;
	case TYPE_UNKNOWN:
	case TYPE_FUNCTION:
	case TYPE_TYPEDEF:
	case TYPE_CONST:
	case TYPE_VOLATILE:
	case TYPE_RESTRICT:
	case TYPE_ATOMIC:
		break;
	}
	buf_str(r->out, "<unknown type>");
	return false;
}
