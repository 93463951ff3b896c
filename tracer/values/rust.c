/*
 * rust.c - values of Rust as {:?} prints them; owners also show where they point.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "values/private.h"

enum { TEXT_MAX = 4096, VTABLE_SLOTS = 8 };

static void pointer_text(struct build *b, uint32_t at, uint64_t addr, const char *more)
{
	struct buf *out = tree_text(b->tree, at);

	build_node(b, at)->shape = VALUE_POINTER;
	buf_hex(out, addr);
	buf_str(out, more);
	tree_text_end(b->tree, at);
	build_points_to(b, at, addr);
}

void build_rust_unreadable(struct build *b, uint32_t at, uint64_t addr)
{
	pointer_text(b, at, addr, b->style->unreadable);
}

void build_rust_str(struct build *b, uint32_t at, uint64_t addr, uint64_t len)
{
	uint8_t text[TEXT_MAX];
	size_t max = b->style->max_string < sizeof(text) ? b->style->max_string : sizeof(text);
	size_t want = len < max ? len : max;

	if (want && build_read(b, addr, text, want) < want)
		return build_rust_unreadable(b, at, addr);
	text_rust_str(tree_text(b->tree, at), text, want, want < len);
	tree_text_end(b->tree, at);
	build_node(b, at)->shape = VALUE_STRING;
	build_node(b, at)->truncated = want < len;
	build_node(b, at)->count = len;
	build_node(b, at)->has_count = true;
}

/* [1, 2, 3]; more than a few equal ones as [0; 300]. */
void build_rust_elements(struct build *b, uint32_t at, struct type *element, uint64_t n,
			 struct span v, uint64_t available)
{
	uint64_t size = type_strip(element) ? type_strip(element)->size : 0, i = 0;

	build_node(b, at)->shape = VALUE_LIST;
	build_node(b, at)->count = n;
	build_node(b, at)->has_count = true;
	if (n > BUILD_REPEATS && available == n && array_run(v.s, size, n) == n) {
		uint32_t one = build_element(b, at, element, v, 0);
		build_node(b, one)->repeats = n;
		return;
	}
	for (; i < available && i < b->style->max_array && build_next(b, at); i++)
		build_element(b, at, element, v, i * size);
	if (i < n)
		build_node(b, at)->truncated = true;
}

void build_rust_slice(struct build *b, uint32_t at, struct type *element, uint64_t addr, uint64_t n)
{
	struct type *t = type_strip(element);
	uint64_t size = t ? t->size : 0, max = b->style->max_array;

	build_node(b, at)->shape = VALUE_LIST;
	build_node(b, at)->has_count = true;
	if (!t || n == 0)
		return;
	if (!build_enter(b, at, "[..]"))
		return;
	uint64_t fit = size ? BUILD_READ / size + 1 : n;
	uint64_t want = n <= max + 1 ? n : max + 1;
	want = want < fit ? want : fit;
	size_t len = want * size;
	uint8_t *bytes = xmalloc(len + 1);
	size_t got = len ? build_read(b, addr, bytes, len) : 0;
	if (size && !got)
		build_rust_unreadable(b, at, addr);
	else
		build_rust_elements(b, at, element, n, (struct span){bytes, got, addr},
				    size ? got / size : n);
	free(bytes);
	build_leave(b);
}

/* "0x5555… -> 99"; the address alone if what is there cannot be read. */
void build_rust_owner(struct build *b, uint32_t at, uint64_t addr, struct type *element)
{
	struct type *t = type_strip(element);

	pointer_text(b, at, addr, "");
	if (t && t->size) {
		build_target(b, at, element, addr);
	} else if (t && b->depth < b->style->max_depth) {
		uint32_t unit = tree_child(b->tree, at, element, NULL);
		build_value(b, unit, element, (struct span){(const uint8_t *)"", 0, 0});
	}
}

/*
 * Behind a dyn is a value of a type that only its vtable knows: destructor, size, alignment,
 * methods. What they take as their first parameter points to that type.
 */
static struct type *dyn_type(struct build *b, uint64_t vtable, uint64_t *ret_align)
{
	uint64_t word[3 + VTABLE_SLOTS];

	if (!b->style->self_type)
		return NULL;
	size_t n = build_read(b, vtable, word, sizeof(word)) / sizeof(word[0]);
	for (size_t i = 0; i < n; i++) {
		if (i == 1 || i == 2 || !word[i])
			continue;
		struct type *self = b->style->self_type(b->style->ctx, word[i]);
		struct type *t = type_strip(self);
		if (!t)
			return NULL;
		if (t->size == word[1]) {
			*ret_align = word[2];
			return self;
		}
	}
	return NULL;
}

void build_rust_dyn(struct build *b, uint32_t at, uint64_t addr, uint64_t vtable)
{
	uint64_t align;
	struct type *self = dyn_type(b, vtable, &align);
	struct buf *out;

	if (self)
		return build_rust_owner(b, at, addr, self);
	out = tree_text(b->tree, at);
	build_node(b, at)->shape = VALUE_POINTER;
	buf_hex(out, addr);
	buf_str(out, " (vtable ");
	buf_hex(out, vtable);
	build_address_name(b, vtable, out);
	buf_char(out, ')');
	tree_text_end(b->tree, at);
	build_points_to(b, at, addr);
}

bool build_rust_dyn_at(struct build *b, uint32_t parent, uint64_t addr, uint64_t vtable)
{
	uint64_t align;
	struct type *self = dyn_type(b, vtable, &align);

	// Behind two counters, at its own alignment.
	return self && build_target(b, parent, self, addr + align_up(16, align)) != 0;
}

static void build_raw(struct build *b, uint32_t at, uint64_t addr)
{
	struct buf *out = tree_text(b->tree, at);

	build_node(b, at)->shape = VALUE_POINTER;
	buf_hex(out, addr);
	build_address_name(b, addr, out);
	tree_text_end(b->tree, at);
	build_points_to(b, at, addr);
}

/* Shows a value through its view; false if it has none. */
static bool build_view(struct build *b, uint32_t at, struct type *t, struct span v)
{
	struct rust_view view = rust_view_of(t);

	if (view.shape == RUST_PLAIN || v.len < t->size)
		return false;
	uint64_t addr = scalar_uint(v.s + view.ptr_off, 8);
	uint64_t n = scalar_uint(v.s + view.len_off, 8);
	switch (view.shape) {
	case RUST_STR:
		build_rust_str(b, at, addr, n - (view.ends_with_nul && n));
		return true;
	case RUST_SLICE:
		build_rust_slice(b, at, view.element, addr, n);
		return true;
	case RUST_OWNER:
		build_rust_owner(b, at, addr, view.element);
		return true;
	case RUST_RAW:
		build_raw(b, at, addr);
		return true;
	case RUST_DYN:
		build_rust_dyn(b, at, addr, n);
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

/* The fields of a struct or variant, in the order of the source: rustc writes them so. */
static void build_fields(struct build *b, uint32_t at, const struct type *t, struct span v)
{
	bool tuple = is_tuple_like(t);

	build_node(b, at)->shape = tuple ? VALUE_TUPLE : VALUE_STRUCT;
	for (size_t i = 0; i < t->n_members; i++) {
		const struct member *m = &t->members[i];
		if (is_noise(t, m))
			continue;
		if (!build_next(b, at))
			break;
		build_member(b, at, m, v);
	}
}

static void build_struct(struct build *b, uint32_t at, const struct type *t, struct span v)
{
	bool bare = t->name && t->name[0] == '('; // a tuple has no name of its own
	size_t n = 0;

	if (!bare && t->name) {
		const char *name = rust_short_name(t->name, &n);
		buf_add(tree_text(b->tree, at), name, n);
		tree_text_end(b->tree, at);
	}
	build_fields(b, at, t, v);
}

static void no_variant(struct build *b, uint32_t at, const uint8_t *bytes, size_t size,
		       bool is_signed)
{
	struct buf *out = tree_text(b->tree, at);

	buf_str(out, "<no variant ");
	scalar_decimal(out, bytes, size, is_signed);
	buf_char(out, '>');
	tree_text_end(b->tree, at);
	build_node(b, at)->known = false;
}

static const struct member *find_variant(const struct type *t, uint64_t value)
{
	const struct member *chosen = NULL;

	for (size_t i = 0; i < t->n_members; i++) {
		const struct member *m = &t->members[i];
		if (!t->discriminant ||
		    (!m->is_default && value >= m->discr_lo && value <= m->discr_hi))
			return m;
		if (m->is_default && !chosen)
			chosen = m;
	}
	return chosen;
}

/* Cow is shown as what it holds. */
static bool is_transparent(const struct type *t)
{
	return t->name && strncmp(t->name, "alloc::borrow::Cow<", 19) == 0;
}

static void build_variants(struct build *b, uint32_t at, const struct type *t, struct span v)
{
	const struct member *d = t->discriminant;
	uint64_t value = 0;
	size_t size = 0;

	if (d) {
		struct type *dt = type_strip(d->type);
		size = dt ? dt->size : 0;
		if (!size || size > 16 || d->offset > v.len || size > v.len - d->offset)
			return build_reason(b, at, "<not read>");
		value = scalar_uint(v.s + d->offset, size);
	}
	const struct member *chosen = find_variant(t, value);
	if (!chosen)
		return no_variant(b, at, v.s + (d ? d->offset : 0), size, false);
	struct type *ct = type_strip(chosen->type);
	bool is_struct = ct && ct->kind == TYPE_STRUCT && chosen->offset <= v.len;
	if (is_struct && is_transparent(t) && ct->n_members == 1)
		return build_value(b, at, ct->members[0].type,
				   span_from(v, chosen->offset + ct->members[0].offset));
	build_node(b, at)->is_variant = true;
	build_node(b, at)->shape = VALUE_STRUCT;
	tree_says(b->tree, at, chosen->name ? chosen->name : "");
	if (is_struct)
		build_fields(b, at, ct, span_from(v, chosen->offset));
}

static void build_enum(struct build *b, uint32_t at, const struct type *t, struct span v)
{
	const struct enumerator *e = enumerator_of(t, v.s);

	if (!e)
		return no_variant(b, at, v.s, t->size, t->is_signed);
	tree_says(b->tree, at, e->name);
}

static bool enter_nested(struct build *b, uint32_t at, const struct type *t)
{
	char text[128] = "..";
	size_t n = 0;
	const char *name = t->kind != TYPE_ARRAY && t->name ? rust_short_name(t->name, &n) : "";

	if (b->depth < b->style->max_depth)
		return build_enter(b, at, "");
	if (t->kind == TYPE_ARRAY)
		memcpy(text, "[..]", 5);
	else if (n && n < sizeof(text) - 8)
		snprintf(text, sizeof(text), "%.*s { .. }", (int)n, name);
	return build_enter(b, at, text);
}

static void build_nested(struct build *b, uint32_t at, struct type *t, struct span v)
{
	if (!enter_nested(b, at, t))
		return;
	if (t->kind == TYPE_VARIANTS)
		build_variants(b, at, t, v);
	else if (t->kind != TYPE_ARRAY)
		build_struct(b, at, t, v);
	else if (t->target)
		build_rust_elements(b, at, t->target, t->count, v,
				    t->target->size ? array_available(t, v.len) : t->count);
	else
		build_node(b, at)->shape = VALUE_LIST;
	build_leave(b);
}

static void build_bool(struct build *b, uint32_t at, const struct type *t, struct span v)
{
	uint64_t value = scalar_uint(v.s, t->size);
	struct buf *out = tree_text(b->tree, at);

	if (value <= 1) {
		buf_str(out, value ? "true" : "false");
	} else {
		buf_str(out, "<not a bool: ");
		buf_hex(out, value);
		buf_char(out, '>');
		build_node(b, at)->known = false;
	}
	tree_text_end(b->tree, at);
}

static void add_integer(struct buf *out, const struct type *t, const uint8_t *bytes)
{
	if (t->size)
		scalar_decimal(out, bytes, t->size, t->kind == TYPE_INT);
	else
		buf_str(out, t->name && t->name[0] == '!' ? "!" : "()");
}

static bool add_scalar(struct buf *out, const struct type *t, const uint8_t *bytes)
{
	switch (t->kind) {
	case TYPE_INT:
	case TYPE_UINT:
	case TYPE_CHAR:
		add_integer(out, t, bytes);
		return true;
	case TYPE_UTF:
		text_rust_char(out, (uint32_t)scalar_uint(bytes, t->size));
		return true;
	case TYPE_FLOAT:
		scalar_float_rust(out, bytes, t->size);
		return true;
	case TYPE_VOID:
		buf_str(out, "()");
		return true;
	case TYPE_BOOL:
	case TYPE_ENUM:
	case TYPE_POINTER:
	case TYPE_ARRAY:
	case TYPE_STRUCT:
	case TYPE_CLASS:
	case TYPE_UNION:
	case TYPE_VARIANTS:
	case TYPE_REFERENCE:
	case TYPE_RVALUE_REFERENCE:
	case TYPE_MEMBER_POINTER:
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
	return false;
}

void build_rust(struct build *b, uint32_t at, struct type *t, struct span v)
{
	struct buf *out = tree_text(b->tree, at);
	bool is_struct = t->kind == TYPE_STRUCT || t->kind == TYPE_CLASS;

	if (add_scalar(out, t, v.s)) {
		tree_text_end(b->tree, at);
	} else if (t->kind == TYPE_BOOL) {
		build_bool(b, at, t, v);
	} else if (t->kind == TYPE_ENUM) {
		build_enum(b, at, t, v);
	} else if (t->kind == TYPE_POINTER || t->kind == TYPE_REFERENCE ||
		   t->kind == TYPE_RVALUE_REFERENCE || t->kind == TYPE_MEMBER_POINTER) {
		if (!build_view(b, at, t, v))
			build_raw(b, at, scalar_uint(v.s, v.len));
	} else if (is_struct || t->kind == TYPE_ARRAY || t->kind == TYPE_UNION ||
		   t->kind == TYPE_VARIANTS) {
		if (!(is_struct && build_view(b, at, t, v)) && !build_rust_std(b, at, t, v))
			build_nested(b, at, t, v);
	} else {
		build_reason(b, at, "<unknown type>");
	}
}
