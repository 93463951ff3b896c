/*
 * cxx.c - what C++ adds to the language of C: references, member pointers, virtual bases, the
 * dynamic type of an object (Itanium C++ ABI 2.4 to 2.6).
 */
#include <string.h>

#include "values/private.h"

enum { VTABLE_SLOTS = 16, BASES_DEPTH = 16 };

const struct member *member_named(const struct type *t, const char *name)
{
	for (size_t i = 0; i < t->n_members; i++)
		if (t->members[i].name && strcmp(t->members[i].name, name) == 0)
			return &t->members[i];
	return NULL;
}

static bool is_struct(const struct type *t)
{
	return t && (t->kind == TYPE_STRUCT || t->kind == TYPE_CLASS);
}

/* Finds a member of that name, or the first 8-byte pointer if there is no name. */
static struct type *find(struct type *t, const char *name, uint64_t *off, unsigned *left)
{
	t = type_strip(t);
	if (!t || *left == 0)
		return NULL;
	--*left;
	if (!name && t->kind == TYPE_POINTER && t->size == 8)
		return t;
	if (!is_struct(t) && t->kind != TYPE_VARIANTS)
		return NULL;
	const struct member *named = name ? member_named(t, name) : NULL;
	if (named && !named->is_static && !named->is_virtual_base) {
		*off += named->offset;
		return named->type;
	}
	for (size_t i = 0; i < t->n_members; i++) {
		const struct member *m = &t->members[i];
		uint64_t at = *off;
		if (m->is_static || m->is_virtual_base || m->bit_size)
			continue;
		*off = at + m->offset;
		struct type *found = find(m->type, name, off, left);
		if (found)
			return found;
		*off = at;
	}
	return NULL;
}

struct type *member_find_pointer(struct type *t, uint64_t *off)
{
	unsigned left = 64; // types that may be looked at: they may be hostile

	return find(t, NULL, off, &left);
}

struct type *member_deep(struct type *t, const char *name, uint64_t *off)
{
	unsigned left = 64;

	return find(t, name, off, &left);
}

struct type *member_only(struct type *t, uint64_t *off)
{
	for (unsigned depth = 0; depth < 16; depth++) {
		t = type_strip(t);
		if (!is_struct(t))
			return t;
		const struct member *only = NULL;
		for (size_t i = 0; i < t->n_members; i++) {
			struct type *mt = type_strip(t->members[i].type);
			if (t->members[i].is_static || !mt || !mt->size)
				continue;
			if (only || t->members[i].bit_size)
				return t;
			only = &t->members[i];
		}
		if (!only)
			return t;
		*off += only->offset;
		t = only->type;
	}
	return t;
}

bool member_word(struct type *t, const char *name, struct span v, uint64_t *ret)
{
	uint64_t off = 0;
	struct type *found = member_deep(t, name, &off);

	found = found ? member_only(found, &off) : NULL;
	if (!found || !found->size || found->size > 8 || off > v.len || found->size > v.len - off)
		return false;
	*ret = scalar_uint(v.s + off, found->size);
	return true;
}

static void add_memory_error(struct buf *out, uint64_t addr)
{
	buf_str(out, ": <error: Cannot access memory at address ");
	buf_hex(out, addr);
	buf_char(out, '>');
}

/* The compact text has what the reference says; the rest of the object is beside it. */
static void add_dynamic(struct build *b, uint32_t at, struct type *type, uint64_t addr)
{
	struct aside was = build_aside_begin(b);
	uint32_t whole = build_target(b, at, type, addr);

	if (whole) {
		build_node(b, whole)->is_aside = true;
		build_node(b, whole)->name = "object";
	}
	build_aside_end(b, &was);
}

void build_reference(struct build *b, uint32_t at, const struct type *t, struct span v)
{
	uint64_t addr = scalar_uint(v.s, t->size);
	struct type *target = type_strip(t->target);
	struct buf *out = tree_text(b->tree, at);
	bool inside = b->depth > 0; // gdb does not follow it there
	bool opaque = !target || target->kind == TYPE_FUNCTION || !target->size;
	uint32_t child = 0;
	uint64_t object = addr;

	build_node(b, at)->shape = VALUE_POINTER;
	buf_char(out, '@');
	buf_hex(out, addr);
	if (inside || opaque)
		build_address_name(b, addr, out);
	tree_text_end(b->tree, at);
	build_points_to(b, at, addr);
	if (opaque || (inside && !b->style->targets) || !b->style->max_depth)
		return;
	struct aside was = build_aside_begin(b);
	struct type *dynamic =
		inside || !b->style->targets ? NULL : cxx_dynamic_type(b, target, addr, &object);
	if (!inside)
		build_aside_end(b, &was);
	child = build_target(b, at, t->target, addr);
	if (inside)
		build_aside_end(b, &was);
	if (dynamic)
		add_dynamic(b, at, dynamic, object);
	if (child && inside)
		build_node(b, child)->is_aside = true;
	else if (child && build_node(b, child)->is_library)
		build_node(b, at)->text_len = 0; // as gdb does
	if (child || inside || !*b->style->unreadable)
		return;
	buf_char(tree_text(b->tree, at), '@');
	buf_hex(out, addr);
	add_memory_error(out, addr);
	tree_text_end(b->tree, at);
}

/* Itanium C++ ABI 2.3: an offset, -1 if null; for functions an address or vtable offset + 1. */
static void add_member_pointer(struct build *b, struct buf *out, const struct type *t, uint64_t v)
{
	struct type *in = type_strip(t->container), *to = type_strip(t->target);

	if (to && to->kind == TYPE_FUNCTION) {
		buf_hex(out, v);
		build_address_name(b, v & 1 ? 0 : v, out);
		return;
	}
	for (size_t i = 0; in && i < in->n_members; i++) {
		const struct member *m = &in->members[i];
		if (m->is_static || m->is_base || !m->name || m->offset != v)
			continue;
		buf_char(out, '&');
		buf_str(out, in->shown);
		buf_str(out, "::");
		return buf_str(out, m->name);
	}
	if (v == UINT64_MAX)
		buf_str(out, "NULL");
	else
		buf_hex(out, v);
}

void build_member_pointer(struct build *b, uint32_t at, const struct type *t, struct span v)
{
	add_member_pointer(b, tree_text(b->tree, at), t, scalar_uint(v.s, 8));
	tree_text_end(b->tree, at);
}

/* The vtable pointer of an object, or of its first base that has one. */
static bool vtable_of(struct type *t, struct span v, uint64_t *ret)
{
	uint64_t off = 0;

	for (unsigned depth = 0; depth < BASES_DEPTH; depth++) {
		t = type_strip(t);
		if (!is_struct(t) || !t->n_members)
			return false;
		const struct member *m = &t->members[0];
		for (size_t i = 0; i < t->n_members; i++)
			if (t->members[i].name && strncmp(t->members[i].name, "_vptr", 5) == 0)
				m = &t->members[i];
		if (!m->is_base)
			off += m->offset;
		if (!m->is_base && (!m->name || strncmp(m->name, "_vptr", 5) != 0))
			return false;
		if (off > v.len || v.len - off < 8)
			return false;
		*ret = scalar_uint(v.s + off, 8);
		if (!m->is_base || m->is_virtual_base)
			return true; // a virtual base alone: the pointer is this class's own
		off += m->offset;
		t = m->type;
	}
	return false;
}

static bool seen_base(struct build *b, uint64_t addr)
{
	for (unsigned i = 0; i < b->n_bases; i++)
		if (b->bases[i] == addr)
			return true;
	if (b->n_bases < BUILD_BASES)
		b->bases[b->n_bases++] = addr;
	return false;
}

/* Where in the object a virtual base is says its vtable; DWARF has the expression (5.7.3). */
bool build_virtual_base(struct build *b, uint32_t parent, const struct member *m, struct span v)
{
	struct regs regs = {.r = {0}};
	struct expr_context ctx = {.regs = &regs,
				   .memory = b->mem,
				   .has_object = true,
				   .object = v.addr,
				   .push_object = true};
	struct expr_storage storage;
	struct place place;

	if (!v.addr || !m->n_ops || !b->mem || b->reads < 2)
		return false;
	b->reads -= 2;
	expr_eval(m->ops, m->n_ops, &ctx, &storage, &place);
	if (place.kind != PLACE_MEMORY)
		return false;
	if (seen_base(b, place.address))
		return true; // gdb shows it once, too
	b->depth--;	     // a base is no level of its own behind a pointer
	uint32_t at = build_target(b, parent, m->type, place.address);
	b->depth++;
	if (!at)
		return false;
	build_node(b, at)->is_base = true;
	build_node(b, at)->name = m->type->shown;
	return true;
}

/* No code lies there: an offset in the next vtable of the group. */
static bool is_offset(uint64_t word)
{
	return word + (1 << 20) < 2 << 20;
}

/*
 * An object's vtable says how far up the complete object begins (2.5.2), and that one's first
 * vtable has the functions that it declares or overrides itself: they take a `this` of its type.
 * Those that it inherits take one of a base, which is not as large.
 */
struct type *cxx_dynamic_type(struct build *b, struct type *t, uint64_t addr, uint64_t *ret_addr)
{
	uint8_t object[8];
	uint64_t table, pc, top;
	struct type *best = NULL;

	if (t->language != LANG_CXX || !is_struct(t) || !b->style->self_type || t->size < 8)
		return NULL;
	if (build_read(b, addr, object, sizeof(object)) < sizeof(object) ||
	    !vtable_of(t, (struct span){object, sizeof(object), addr}, &table) ||
	    !build_read_word(b, table - 16, &top) || !is_offset(top) ||
	    !build_read_word(b, addr + top, &table))
		return NULL;
	for (unsigned i = 0; i < VTABLE_SLOTS; i++) {
		if (!build_read_word(b, table + 8 * i, &pc) || is_offset(pc))
			break;
		struct type *self = type_strip(b->style->self_type(b->style->ctx, pc));
		if (is_struct(self) && (!best || self->size > best->size))
			best = self;
	}
	if (!best || best == t || best->size < t->size)
		return NULL;
	*ret_addr = addr + top;
	return best;
}
