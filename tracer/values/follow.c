/*
 * follow.c - what lies behind the pointers that a rendering follows, told from the type alone.
 */
#include <string.h>

#include "values/private.h"

enum { FOLLOW_DEPTH = 8, FOLLOW_MEMBERS = 400 };

/* The pointers of a type that are followed. */
struct follows {
	const struct value_style *style;
	unsigned n;	   // how many
	bool deep;	   // what is behind one of them has pointers of its own
	uint32_t off, len; // of the first
	unsigned members;  // visited so far
};

static void collect(struct follows *f, struct type *t, uint64_t off, unsigned depth);

static void add(struct follows *f, uint64_t off, uint64_t len)
{
	if (f->n++ == 0) {
		f->off = (uint32_t)off;
		f->len = len < BUILD_READ ? (uint32_t)len : BUILD_READ;
	}
}

/* A pointer at off to n elements that are all shown. */
static void add_target(struct follows *f, uint64_t off, struct type *element, uint64_t n,
		       unsigned depth)
{
	struct type *t = type_strip(element);
	struct follows behind = {.style = f->style, .members = f->members};

	if (!t || !t->size || depth >= f->style->max_depth)
		return;
	add(f, off, t->size * n);
	collect(&behind, t, 0, depth + 1);
	f->members = behind.members;
	f->deep |= behind.n != 0 || behind.deep;
}

static void collect_rust(struct follows *f, struct type *t, uint64_t off, unsigned depth)
{
	struct rust_view v = rust_view_of(t);

	switch (v.shape) {
	case RUST_STR:
		add(f, off + v.ptr_off, f->style->max_string);
		return;
	case RUST_SLICE:
		add_target(f, off + v.ptr_off, v.element, f->style->max_array + 1, depth);
		return;
	case RUST_OWNER:
		add_target(f, off, v.element, 1, depth);
		return;
	case RUST_DYN: // its vtable, a method's type, then the value
		f->deep = true;
		return;
	case RUST_RAW:
	case RUST_PLAIN:
		return;
	}
}

static void collect_pointer(struct follows *f, struct type *t, uint64_t off, unsigned depth)
{
	const char *prefix;

	if (t->language == LANG_RUST) {
		collect_rust(f, t, off, depth);
	} else if (t->kind == TYPE_POINTER) {
		unsigned width = text_width(t->target, &prefix);
		if (width)
			add(f, off, ((uint64_t)f->style->max_string + 1) * width);
		else
			f->deep |= f->style->targets;
	} else if (t->kind != TYPE_MEMBER_POINTER && depth == 0) {
		struct type *target = type_strip(t->target);
		if (target && target->kind != TYPE_FUNCTION)
			add_target(f, off, target, 1, depth);
	}
}

/* A type of a standard library is shown by what is in it, not by how it is made. */
static bool collect_library(struct follows *f, struct type *t, unsigned depth)
{
	struct follows parts = {.style = f->style, .members = f->members};

	switch (t->language == LANG_RUST ? rust_std_reads(t) : cxx_std_reads(t)) {
	case READS_PLAIN:
		return false;
	case READS_NOTHING:
		return true;
	case READS_PARTS:
		for (size_t i = 0; i < t->n_targs; i++)
			collect(&parts, t->targs[i], 0, depth + 1);
		f->members = parts.members;
		f->deep |= parts.n || parts.deep;
		return true;
	case READS_POINTER:
		f->deep |= f->style->targets;
		return true;
	case READS_ALWAYS:
		f->deep = true;
		return true;
	}
	return false;
}

static void collect_struct(struct follows *f, struct type *t, uint64_t off, unsigned depth)
{
	struct cxx_string s;

	if (t->language == LANG_RUST && rust_view_of(t).shape != RUST_PLAIN)
		return collect_rust(f, t, off, depth);
	if (cxx_string_view(t, &s))
		return add(f, off + s.ptr_off, (uint64_t)f->style->max_string * s.width);
	if (collect_library(f, t, depth))
		return;
	if (depth >= f->style->max_depth)
		return;
	for (size_t i = 0; i < t->n_members; i++) {
		const struct member *m = &t->members[i];
		f->deep |= m->is_virtual_base;
		if (m->is_static || m->is_virtual_base || m->bit_size)
			continue;
		// A variant's own struct is no level of its own in what is shown.
		collect(f, m->type, off + m->offset, depth + (t->kind != TYPE_VARIANTS));
	}
}

static void collect(struct follows *f, struct type *t, uint64_t off, unsigned depth)
{
	t = type_strip(t);
	if (!t || depth > FOLLOW_DEPTH || f->members++ > FOLLOW_MEMBERS || off > UINT32_MAX)
		return;
	switch (t->kind) {
	case TYPE_POINTER:
	case TYPE_REFERENCE:
	case TYPE_RVALUE_REFERENCE:
	case TYPE_MEMBER_POINTER:
		collect_pointer(f, t, off, depth);
		return;
	case TYPE_STRUCT:
	case TYPE_CLASS:
	case TYPE_UNION:
	case TYPE_VARIANTS:
		collect_struct(f, t, off, depth);
		return;
	case TYPE_ARRAY: {
		f->deep |= !t->has_count && t->bound;
		unsigned before = f->n;
		if (depth < f->style->max_depth && t->count)
			collect(f, t->target, off, depth + 1);
		if (f->n > before && (!t->has_count || t->count > 1))
			f->n = before + 2; // one for each element: more than one read
		return;
	}
	case TYPE_UNKNOWN:
	case TYPE_VOID:
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_UINT:
	case TYPE_CHAR:
	case TYPE_UTF:
	case TYPE_FLOAT:
	case TYPE_COMPLEX:
	case TYPE_ENUM:
	case TYPE_FUNCTION:
	case TYPE_TYPEDEF:
	case TYPE_CONST:
	case TYPE_VOLATILE:
	case TYPE_RESTRICT:
	case TYPE_ATOMIC:
		return;
	}
}

bool value_follows(struct type *type, const struct value_style *style, uint32_t *ret_off,
		   uint32_t *ret_len)
{
	struct follows f = {.style = style};

	collect(&f, type, 0, 0);
	if (!f.n)
		return false;
	*ret_off = f.off;
	*ret_len = f.len;
	return true;
}

bool value_needs_memory(struct type *type, const struct value_style *style)
{
	struct follows f = {.style = style};

	collect(&f, type, 0, 0);
	return f.n > 1 || f.deep;
}
