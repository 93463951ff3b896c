/*
 * cxx.c - what C++ adds: references, std::string.
 */
#include <string.h>

#include "values/private.h"

enum { REFERENCE_MAX = 1024, STRING_MAX = 4096 };

const struct member *member_named(const struct type *t, const char *name)
{
	for (size_t i = 0; i < t->n_members; i++)
		if (t->members[i].name && strcmp(t->members[i].name, name) == 0)
			return &t->members[i];
	return NULL;
}

static struct type *find_pointer(struct type *t, uint64_t *off, unsigned *left)
{
	t = type_strip(t);
	if (!t || *left == 0)
		return NULL;
	--*left;
	if (t->kind == TYPE_POINTER && t->size == 8)
		return t;
	if (t->kind != TYPE_STRUCT && t->kind != TYPE_CLASS)
		return NULL;
	for (size_t i = 0; i < t->n_members; i++) {
		const struct member *m = &t->members[i];
		uint64_t at = *off;
		if (m->is_static || m->is_virtual_base || m->bit_size)
			continue;
		*off = at + m->offset;
		struct type *found = find_pointer(m->type, off, left);
		if (found)
			return found;
		*off = at;
	}
	return NULL;
}

struct type *member_find_pointer(struct type *t, uint64_t *off)
{
	unsigned left = 64; // types that may be looked at: they may be hostile

	return find_pointer(t, off, &left);
}

void render_reference(struct render *r, const struct type *t, const uint8_t *bytes)
{
	uint64_t addr = scalar_uint(bytes, t->size);
	struct type *target = type_strip(t->target);
	uint8_t pointee[REFERENCE_MAX];

	buf_char(r->out, '@');
	buf_hex(r->out, addr);
	if (!target || target->kind == TYPE_FUNCTION || r->depth > 0) { // inside: as gdb does
		render_address_name(r, addr);
		return;
	}
	if (!r->style->max_depth || !target->size)
		return;
	buf_str(r->out, ": ");
	size_t want = target->size < sizeof(pointee) ? target->size : sizeof(pointee);
	size_t got = render_read(r, addr, pointee, want);
	if (!got) {
		buf_str(r->out, "<error: Cannot access memory at address ");
		buf_hex(r->out, addr);
		buf_char(r->out, '>');
		return;
	}
	r->depth++;
	render_value(r, t->target, pointee, got);
	r->depth--;
}

/* Itanium C++ ABI 2.3: an offset, -1 if null; for functions an address or vtable offset + 1. */
void render_member_pointer(struct render *r, const struct type *t, const uint8_t *bytes)
{
	struct type *in = type_strip(t->container), *to = type_strip(t->target);
	uint64_t v = scalar_uint(bytes, 8);

	if (to && to->kind == TYPE_FUNCTION) {
		buf_hex(r->out, v);
		render_address_name(r, v & 1 ? 0 : v);
		return;
	}
	for (size_t i = 0; in && i < in->n_members; i++) {
		const struct member *m = &in->members[i];
		if (m->is_static || m->is_base || !m->name || m->offset != v)
			continue;
		buf_char(r->out, '&');
		buf_str(r->out, in->shown);
		buf_str(r->out, "::");
		return buf_str(r->out, m->name);
	}
	if (v == UINT64_MAX)
		buf_str(r->out, "NULL");
	else
		buf_hex(r->out, v);
}

bool cxx_string_view(const struct type *t, uint64_t *ret_ptr, uint64_t *ret_len)
{
	if (t->language != LANG_CXX || !t->name ||
	    (strncmp(t->name, "std::__cxx11::basic_string<char,", 32) != 0 &&
	     strcmp(t->name, "std::__cxx11::basic_string<char>") != 0))
		return false;
	const struct member *data = member_named(t, "_M_dataplus");
	const struct member *length = member_named(t, "_M_string_length");
	if (!data || !length || length->offset + 8 > t->size)
		return false;
	uint64_t off = data->offset;
	if (!member_find_pointer(data->type, &off) || off + 8 > t->size)
		return false;
	*ret_ptr = off;
	*ret_len = length->offset;
	return true;
}

bool render_cxx_string(struct render *r, const struct type *t, const uint8_t *bytes, size_t len)
{
	uint64_t ptr_off, len_off;
	uint8_t text[STRING_MAX];

	if (!cxx_string_view(t, &ptr_off, &len_off) || len < t->size)
		return false;
	uint64_t n = scalar_uint(bytes + len_off, 8), addr = scalar_uint(bytes + ptr_off, 8);
	size_t max = r->style->max_string < sizeof(text) ? r->style->max_string : sizeof(text);
	size_t want = n < max ? n : max;
	if (want && render_read(r, addr, text, want) < want)
		return false;
	struct text s = {
		.s = text, .n = want, .width = 1, .prefix = "", .max = max, .more = want < n};
	text_c_string(r->out, &s);
	return true;
}
