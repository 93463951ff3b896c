/*
 * rust.c - values of Rust as {:?} prints them; owners also show where they point.
 */
#include <stdlib.h>
#include <string.h>

#include "values/private.h"

enum { TEXT_MAX = 4096 };

static void add_text(struct render *r, uint64_t addr, uint64_t len)
{
	uint8_t text[TEXT_MAX];
	size_t max = r->style->max_string < sizeof(text) ? r->style->max_string : sizeof(text);
	size_t want = len < max ? len : max;

	if (want && render_read(r, addr, text, want) < want) {
		buf_hex(r->out, addr);
		buf_str(r->out, r->style->unreadable);
		return;
	}
	text_rust_str(r->out, text, want, want < len);
}

/* [1, 2, 3]; more than a few equal ones as [0; 300]. */
static void add_elements(struct render *r, struct type *element, uint64_t n, const uint8_t *bytes,
			 uint64_t available)
{
	uint64_t size = element->size, i = 0;

	buf_char(r->out, '[');
	if (n > RENDER_REPEATS && available == n && array_run(bytes, size, n) == n) {
		render_value(r, element, bytes, size);
		buf_str(r->out, "; ");
		buf_udec(r->out, n);
		buf_char(r->out, ']');
		return;
	}
	for (; i < available && i < r->style->max_array; i++) {
		if (i)
			buf_str(r->out, ", ");
		if (!render_next(r))
			break;
		render_value(r, element, bytes + i * size, size);
	}
	if (i < n && r->leaves)
		buf_str(r->out, i ? ", ..." : "...");
	buf_char(r->out, ']');
}

/* Elements behind a pointer. */
static void add_slice(struct render *r, struct type *element, uint64_t addr, uint64_t n)
{
	struct type *t = type_strip(element);
	uint64_t size = t ? t->size : 0, max = r->style->max_array;

	if (!t || n == 0)
		return buf_str(r->out, "[]");
	if (r->depth >= r->style->max_depth)
		return buf_str(r->out, "[..]");
	r->depth++;
	uint64_t fit = size ? RENDER_READ / size : n;
	uint64_t want = n <= max + 1 ? n : max + 1;
	want = want < fit ? want : fit;
	size_t len = want * size;
	uint8_t *bytes = xmalloc(len + 1);
	size_t got = len ? render_read(r, addr, bytes, len) : 0;
	if (size && !got) {
		buf_hex(r->out, addr);
		buf_str(r->out, r->style->unreadable);
	} else {
		add_elements(r, element, n, bytes, size ? got / size : n);
	}
	free(bytes);
	r->depth--;
}

/* "0x5555… -> 99"; the address alone if what is there cannot be read. */
static void add_owner(struct render *r, uint64_t addr, struct type *element)
{
	struct type *t = type_strip(element);
	uint64_t want = t->size < RENDER_READ ? t->size : RENDER_READ;
	uint8_t small[512], *bytes = want > sizeof(small) ? xmalloc(want) : small;

	buf_hex(r->out, addr);
	size_t got = 0;
	bool deep = r->depth >= r->style->max_depth;
	bool parts = t->kind == TYPE_ARRAY || t->kind == TYPE_STRUCT; // may be shown in part
	if (want && !deep)
		got = render_read(r, addr, bytes, want);
	if (!deep && (got == want || (got && parts))) {
		buf_str(r->out, " -> ");
		r->depth++;
		render_value(r, element, bytes, got);
		r->depth--;
	}
	if (bytes != small)
		free(bytes);
}

static void add_raw(struct render *r, uint64_t addr)
{
	buf_hex(r->out, addr);
	render_address_name(r, addr);
}

/* Shows a value through its view; false if it has none. */
static bool render_view(struct render *r, struct type *t, const uint8_t *bytes, size_t len)
{
	struct rust_view v = rust_view_of(t);

	if (v.shape == RUST_PLAIN || len < t->size)
		return false;
	uint64_t addr = scalar_uint(bytes + v.ptr_off, 8);
	uint64_t n = scalar_uint(bytes + v.len_off, 8);
	switch (v.shape) {
	case RUST_STR:
		add_text(r, addr, n);
		return true;
	case RUST_SLICE:
		add_slice(r, v.element, addr, n);
		return true;
	case RUST_OWNER:
		add_owner(r, addr, v.element);
		return true;
	case RUST_RAW:
		add_raw(r, addr);
		return true;
	case RUST_DYN:
		buf_hex(r->out, addr);
		buf_str(r->out, " (vtable ");
		buf_hex(r->out, n);
		render_address_name(r, n);
		buf_char(r->out, ')');
		return true;
	case RUST_PLAIN:
		break;
	}
	return false;
}

/* Markers of the standard library inside its own types (PhantomData, Global) say nothing. */
static bool is_noise(const struct type *t, const struct member *m)
{
	struct type *mt = type_strip(m->type);

	return m->is_static ||
	       (mt && mt->size == 0 && rust_is_std(t->name) && rust_is_std(mt->name));
}

static bool is_tuple_like(const struct type *t)
{
	return t->is_tuple ||
	       (t->n_members && t->members[0].name && strcmp(t->members[0].name, "__0") == 0);
}

/* The fields of a struct or variant whose name has been written. */
static void add_fields(struct render *r, const struct type *t, const uint8_t *bytes, size_t len,
		       bool bare)
{
	bool tuple = is_tuple_like(t);
	size_t shown = 0;

	for (size_t i = 0; i < t->n_members; i++) {
		const struct member *m = &t->members[i];
		if (is_noise(t, m))
			continue;
		buf_str(r->out, shown ? ", " : tuple ? "(" : " { ");
		shown++;
		if (!render_next(r))
			break;
		if (!tuple && m->name) {
			buf_str(r->out, m->name);
			buf_str(r->out, ": ");
		}
		render_member(r, m, bytes, len);
	}
	if (shown && tuple)
		buf_str(r->out, bare && shown == 1 ? ",)" : ")");
	else if (shown)
		buf_str(r->out, " }");
	else if (bare)
		buf_str(r->out, "()");
}

static void add_struct(struct render *r, const struct type *t, const uint8_t *bytes, size_t len)
{
	bool bare = t->name && t->name[0] == '('; // a tuple has no name of its own
	size_t n = 0;

	if (!bare && t->name) {
		const char *name = rust_short_name(t->name, &n);
		buf_add(r->out, name, n);
	}
	add_fields(r, t, bytes, len, bare);
}

static bool add_variants(struct render *r, const struct type *t, const uint8_t *bytes, size_t len)
{
	const struct member *chosen = NULL, *d = t->discriminant;
	uint64_t value = 0;

	if (d) {
		struct type *dt = type_strip(d->type);
		size_t size = dt ? dt->size : 0;
		if (!size || size > 16 || d->offset > len || size > len - d->offset) {
			buf_str(r->out, "<not read>");
			return false;
		}
		value = scalar_uint(bytes + d->offset, size);
	}
	for (size_t i = 0; i < t->n_members; i++) {
		const struct member *m = &t->members[i];
		if (!d || (!m->is_default && value >= m->discr_lo && value <= m->discr_hi)) {
			chosen = m;
			break;
		}
		if (m->is_default && !chosen)
			chosen = m;
	}
	if (!chosen) {
		buf_str(r->out, "<no variant ");
		buf_udec(r->out, value);
		buf_char(r->out, '>');
		return false;
	}
	if (chosen->name)
		buf_str(r->out, chosen->name);
	struct type *ct = type_strip(chosen->type);
	if (ct && ct->kind == TYPE_STRUCT && chosen->offset <= len)
		add_fields(r, ct, bytes + chosen->offset, len - chosen->offset, false);
	return true;
}

static bool add_enum(struct render *r, const struct type *t, const uint8_t *bytes)
{
	const struct enumerator *e = enumerator_of(t, bytes);

	if (e) {
		buf_str(r->out, e->name);
		return true;
	}
	buf_str(r->out, "<no variant ");
	scalar_decimal(r->out, bytes, t->size, t->is_signed);
	buf_char(r->out, '>');
	return false;
}

static bool add_nested(struct render *r, struct type *t, const uint8_t *bytes, size_t len)
{
	bool known = true;

	if (r->depth >= r->style->max_depth) {
		size_t n = 0;
		const char *name =
			t->kind != TYPE_ARRAY && t->name ? rust_short_name(t->name, &n) : "";
		buf_add(r->out, name, n);
		buf_str(r->out, t->kind == TYPE_ARRAY ? "[..]" : n ? " { .. }" : "..");
		return true;
	}
	r->depth++;
	if (t->kind == TYPE_VARIANTS)
		known = add_variants(r, t, bytes, len);
	else if (t->kind != TYPE_ARRAY)
		add_struct(r, t, bytes, len);
	else if (t->target)
		add_elements(r, t->target, t->count, bytes,
			     t->target->size ? array_available(t, len) : t->count);
	r->depth--;
	return known;
}

static bool add_bool(struct render *r, const struct type *t, const uint8_t *bytes)
{
	uint64_t v = scalar_uint(bytes, t->size);

	if (v > 1) {
		buf_str(r->out, "<not a bool: ");
		buf_hex(r->out, v);
		buf_char(r->out, '>');
		return false;
	}
	buf_str(r->out, v ? "true" : "false");
	return true;
}

bool render_rust(struct render *r, struct type *t, const uint8_t *bytes, size_t len)
{
	switch (t->kind) {
	case TYPE_INT:
	case TYPE_UINT:
	case TYPE_CHAR:
		if (t->size)
			scalar_decimal(r->out, bytes, t->size, t->kind == TYPE_INT);
		else
			buf_str(r->out, t->name && t->name[0] == '!' ? "!" : "()");
		return true;
	case TYPE_POINTER:
	case TYPE_REFERENCE:
	case TYPE_RVALUE_REFERENCE:
	case TYPE_MEMBER_POINTER:
		if (!render_view(r, t, bytes, len))
			buf_hex(r->out, scalar_uint(bytes, len));
		return true;
	case TYPE_BOOL:
		return add_bool(r, t, bytes);
	case TYPE_UTF:
		text_rust_char(r->out, (uint32_t)scalar_uint(bytes, t->size));
		return true;
	case TYPE_FLOAT:
		scalar_float_rust(r->out, bytes, t->size);
		return true;
	case TYPE_ENUM:
		return add_enum(r, t, bytes);
	case TYPE_STRUCT:
	case TYPE_CLASS:
		if (render_view(r, t, bytes, len))
			return true;
		return add_nested(r, t, bytes, len);
	case TYPE_ARRAY:
	case TYPE_UNION:
	case TYPE_VARIANTS:
		return add_nested(r, t, bytes, len);
	case TYPE_VOID:
		buf_str(r->out, "()");
		return true;
	case TYPE_COMPLEX:
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
