/*
 * rust_view.c - what a Rust type is to its user: a string, a slice, an owner of one value.
 *
 * The standard library's inner types change from release to release (Vec's pointer is in
 * buf.ptr.pointer.pointer with rustc 1.63, in buf.inner.ptr.pointer.pointer with 1.95), so
 * a view is found by the outer names and the one pointer inside, wherever that is.
 */
#include <string.h>

#include "values/private.h"

static inline bool starts_with(const char *s, const char *prefix)
{
	return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool rust_is_std(const char *name)
{
	switch (name ? name[0] : '\0') { // nearly all names are told by their first letter
	case 'a':
		return starts_with(name, "alloc::");
	case 'c':
		return starts_with(name, "core::");
	case 'h':
		return starts_with(name, "hashbrown::");
	case 's':
		return starts_with(name, "std::");
	}
	return false;
}

const char *rust_short_name(const char *name, size_t *ret_len)
{
	const char *start = name;
	int depth = 0;

	for (const char *p = name; *p; p++) {
		if (strchr("<([{", *p))
			depth++;
		else if (strchr(">)]}", *p) && !(*p == '>' && p > name && p[-1] == '-'))
			depth--;
		else if (depth == 0 && p[0] == ':' && p[1] == ':')
			start = p + 2;
	}
	*ret_len = strcspn(start, "<");
	if (*ret_len == 0)
		*ret_len = strlen(start);
	return start;
}

static bool is_word(const struct member *m)
{
	struct type *t = m ? type_strip(m->type) : NULL;

	return t && t->size == 8 && (t->kind == TYPE_UINT || t->kind == TYPE_POINTER);
}

/* Types of std that are text and have no size: what &Path and &OsStr point to. */
static bool is_text(struct type *target, struct rust_view *ret)
{
	struct type *t = type_strip(target);
	const char *name = t && t->kind == TYPE_STRUCT && t->size == 0 ? t->name : NULL;

	ret->ends_with_nul = name && strcmp(name, "core::ffi::c_str::CStr") == 0;
	return name && (ret->ends_with_nul || strcmp(name, "std::path::Path") == 0 ||
			strcmp(name, "std::ffi::os_str::OsStr") == 0);
}

/* &str, &[T], Box<str>, *const [T]: all are { data_ptr, length }. */
static struct rust_view view_fat(const struct type *t)
{
	struct rust_view v = {.shape = RUST_PLAIN};
	const struct member *data = member_named(t, "data_ptr");
	const struct member *length = member_named(t, "length");

	if (t->size != 16 || !is_word(data) || !is_word(length) || !t->name)
		return v;
	struct type *pointer = type_strip(data->type);
	if (pointer->kind != TYPE_POINTER || data->offset > 8 || length->offset > 8)
		return v;
	v.ptr_off = data->offset;
	v.len_off = length->offset;
	v.element = pointer->target;
	size_t n = strlen(t->name);
	bool boxed = starts_with(t->name, "alloc::boxed::Box<");
	if (t->name[0] == '*')
		v.shape = RUST_RAW;
	else if (boxed ? starts_with(t->name + 18, "str") && !strchr("_:", t->name[21])
		       : n >= 4 && strcmp(t->name + n - 3, "str") == 0)
		v.shape = RUST_STR;
	else if (is_text(v.element, &v))
		v.shape = RUST_STR;
	else if (v.element)
		v.shape = RUST_SLICE;
	return v;
}

/* &dyn Trait, Box<dyn Trait>, *const dyn Trait: all are { pointer, vtable }. */
static struct rust_view view_dyn(const struct type *t)
{
	struct rust_view v = {.shape = RUST_PLAIN};
	const struct member *pointer = member_named(t, "pointer");
	const struct member *vtable = member_named(t, "vtable");

	if (t->size != 16 || t->n_members != 2 || !is_word(pointer) || !is_word(vtable) ||
	    pointer->offset > 8 || vtable->offset > 8)
		return v;
	v.ptr_off = pointer->offset;
	v.len_off = vtable->offset;
	v.shape = t->name && t->name[0] == '*' ? RUST_RAW : RUST_DYN;
	return v;
}

static struct rust_view view_vec(const struct type *t)
{
	struct rust_view v = {.shape = RUST_PLAIN};
	const struct member *buf = member_named(t, "buf"), *len = member_named(t, "len");

	if (!buf || !is_word(len))
		return v;
	uint64_t off = buf->offset;
	struct type *pointer = member_find_pointer(buf->type, &off);
	if (!pointer || off > t->size - 8 || len->offset > t->size - 8)
		return v;
	v.element = t->n_targs ? t->targs[0] : pointer->target;
	v.ptr_off = off;
	v.len_off = len->offset;
	if (v.element)
		v.shape = RUST_SLICE;
	return v;
}

static struct rust_view view_struct(const struct type *t)
{
	struct rust_view v = {.shape = RUST_PLAIN};

	if (!t->name || t->size < 16)
		return v;
	if (strcmp(t->name, "alloc::string::String") == 0) {
		const struct member *vec = member_named(t, "vec");
		struct type *inner = vec ? type_strip(vec->type) : NULL;
		if (!inner || inner->size < 16 || vec->offset + inner->size > t->size)
			return v;
		v = view_vec(inner);
		v.ptr_off += vec->offset;
		v.len_off += vec->offset;
		if (v.shape == RUST_SLICE)
			v.shape = RUST_STR;
		return v;
	}
	if (starts_with(t->name, "alloc::vec::Vec<"))
		return view_vec(t);
	return member_named(t, "vtable") ? view_dyn(t) : view_fat(t);
}

/* The machinery of println!: its inside tells a user nothing. */
static bool is_opaque(const struct type *t)
{
	return t->kind == TYPE_FUNCTION || starts_with(t->name, "core::fmt::");
}

struct rust_view rust_view_of(struct type *t)
{
	struct rust_view v = {.shape = RUST_PLAIN};

	if (t->kind == TYPE_STRUCT)
		return view_struct(t);
	if (t->kind != TYPE_POINTER && t->kind != TYPE_REFERENCE)
		return v;
	struct type *target = type_strip(t->target);
	bool owner = t->name && (t->name[0] == '&' || starts_with(t->name, "alloc::boxed::Box<"));
	v.element = t->target;
	v.shape = owner && t->size == 8 && target && !is_opaque(target) ? RUST_OWNER : RUST_RAW;
	return v;
}
