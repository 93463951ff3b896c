/*
 * build.c - the trunk of every tree: limits, dispatch by language, members, what is behind
 * pointers.
 */
#include <stdlib.h>
#include <string.h>

#include "values/private.h"

enum { ALIGNMENT_TYPES = 200 };

struct span span_from(struct span v, uint64_t off)
{
	if (off > v.len)
		return (struct span){v.s + v.len, 0, 0};
	return (struct span){v.s + off, v.len - (size_t)off, v.addr ? v.addr + off : 0};
}

size_t build_read(struct build *b, uint64_t addr, void *buf, size_t len)
{
	if (b->reads == 0 || !b->mem || !addr)
		return 0;
	b->reads--;
	return b->mem->read(b->mem->ctx, addr, buf, len);
}

bool build_read_word(struct build *b, uint64_t addr, uint64_t *ret)
{
	uint8_t word[8];

	if (build_read(b, addr, word, sizeof(word)) < sizeof(word))
		return false;
	*ret = scalar_uint(word, sizeof(word));
	return true;
}

void build_address_name(struct build *b, uint64_t addr, struct buf *out)
{
	if (b->style->name_address && addr)
		b->style->name_address(b->style->ctx, addr, out);
}

void build_points_to(struct build *b, uint32_t at, uint64_t addr)
{
	struct value_tree *t = b->tree;

	if (!b->style->points_to || !addr || !at)
		return; // of the whole value its owner tells
	build_node(b, at)->place = (uint32_t)t->text.len;
	b->style->points_to(b->style->ctx, addr, &t->text);
	build_node(b, at)->place_len = (uint32_t)t->text.len - build_node(b, at)->place;
}

struct aside build_aside_begin(struct build *b)
{
	struct aside was = {b->leaves, b->reads, b->n_bases, b->is_aside};

	if (was.is_inner)
		return was;
	b->leaves = b->aside_leaves;
	b->reads = b->aside_reads;
	b->is_aside = true;
	return was;
}

void build_aside_end(struct build *b, const struct aside *was)
{
	b->n_bases = was->n_bases;
	if (was->is_inner)
		return;
	b->aside_leaves = b->leaves;
	b->aside_reads = b->reads;
	b->leaves = was->leaves;
	b->reads = was->reads;
	b->is_aside = false;
}

bool build_next(struct build *b, uint32_t parent)
{
	if (b->leaves == 0 || b->tree->n_nodes >= VALUE_NODES) {
		build_node(b, parent)->truncated = true;
		return false;
	}
	b->leaves--;
	return true;
}

bool build_enter(struct build *b, uint32_t at, const char *text)
{
	if (b->depth >= b->style->max_depth) {
		build_node(b, at)->shape = VALUE_ELIDED;
		build_node(b, at)->truncated = true;
		tree_says(b->tree, at, text);
		return false;
	}
	b->depth++;
	return true;
}

void build_leave(struct build *b)
{
	b->depth--;
}

void build_reason(struct build *b, uint32_t at, const char *text)
{
	build_node(b, at)->known = false;
	tree_says(b->tree, at, text);
}

void build_aside(struct build *b, uint32_t parent, const char *name, uint64_t v)
{
	uint32_t at = tree_child(b->tree, parent, NULL, name);

	build_node(b, at)->is_aside = true;
	buf_udec(tree_text(b->tree, at), v);
	tree_text_end(b->tree, at);
}

uint64_t array_available(const struct type *t, size_t len)
{
	uint64_t size = t->target ? t->target->size : 0;

	if (!size || !t->has_count)
		return 0;
	return t->count < len / size ? t->count : len / size;
}

uint64_t array_run(const uint8_t *bytes, uint64_t size, uint64_t max)
{
	uint64_t run = 1;

	if (size == 0) // as many as a torn length says, and all are equal
		return max;
	while (run < max && memcmp(bytes, bytes + run * size, size) == 0)
		run++;
	return run;
}

static uint64_t alignment(struct type *t, unsigned *left)
{
	uint64_t most = 1;

	t = type_strip(t);
	if (!t || *left == 0)
		return 1;
	--*left;
	if (t->align && t->align <= 4096)
		return t->align;
	if (t->kind == TYPE_ARRAY)
		return alignment(t->target, left);
	if (t->kind == TYPE_COMPLEX)
		return t->size / 2;
	if (t->kind != TYPE_STRUCT && t->kind != TYPE_CLASS && t->kind != TYPE_UNION &&
	    t->kind != TYPE_VARIANTS)
		return t->size >= 1 && t->size <= 16 ? t->size : 1;
	if (t->discriminant)
		most = alignment(t->discriminant->type, left);
	for (size_t i = 0; i < t->n_members; i++) {
		uint64_t a = t->members[i].is_static ? 1 : alignment(t->members[i].type, left);
		most = a > most ? a : most;
	}
	return most;
}

uint64_t type_alignment(struct type *t)
{
	unsigned left = ALIGNMENT_TYPES;

	return alignment(t, &left);
}

const char *build_lost_bytes(const struct build *b, struct span v, size_t size, bool any)
{
	const char *why = NULL;

	if (!b->lost || v.s < b->whole.s || v.s + size > b->whole.s + b->whole.len)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		unsigned piece = b->lost[v.s - b->whole.s + i];
		if (!piece && !any)
			return NULL;
		if (piece && !why)
			why = piece <= b->place->n_pieces ? b->place->pieces[piece - 1].why : NULL;
		if (piece && !why)
			why = "optimised out";
	}
	return why;
}

static bool has_parts(const struct type *t)
{
	return t->kind == TYPE_ARRAY || t->kind == TYPE_STRUCT || t->kind == TYPE_CLASS ||
	       t->kind == TYPE_UNION || t->kind == TYPE_VARIANTS;
}

static void build_lost(struct build *b, uint32_t at, const char *why)
{
	struct buf *out = tree_text(b->tree, at);

	build_node(b, at)->known = false;
	buf_char(out, '<');
	buf_str(out, why);
	buf_char(out, '>');
	tree_text_end(b->tree, at);
}

void build_value(struct build *b, uint32_t at, struct type *named, struct span v)
{
	struct type *t = type_strip(named);
	struct value_node *n = build_node(b, at);

	n->type = named;
	n->address = v.addr;
	if (!t)
		return build_reason(b, at, "void");
	n->is_rust = t->language == LANG_RUST;
	if (t->kind == TYPE_UNKNOWN || t->kind == TYPE_TYPEDEF)
		return build_reason(b, at, "<unknown type>");
	if (t->is_declaration && !t->size)
		return build_reason(b, at, "<incomplete type>");
	bool parts = has_parts(t);
	if (t->kind == TYPE_ARRAY && !(t->has_count && t->count) && t->language != LANG_RUST &&
	    !t->bound && v.addr)
		return build_c_flexible(b, at, t, v.addr);
	if (t->kind == TYPE_ARRAY && !t->has_count)
		return build_reason(b, at, "<variable length>");
	if (v.len < t->size && (!parts || (!v.len && t->size)))
		return build_reason(b, at, "<not read>");
	if (v.len > t->size)
		v.len = t->size;
	if (b->lost && v.len) {
		bool whole = t->language != LANG_RUST && parts;
		const char *why = build_lost_bytes(b, v, v.len, !whole);
		if (why)
			return build_lost(b, at, why);
	}
	if (t->language == LANG_RUST)
		build_rust(b, at, t, v);
	else
		build_c(b, at, t, named, v);
}

static bool is_signed_field(const struct type *t)
{
	return t->kind == TYPE_INT ||
	       ((t->kind == TYPE_CHAR || t->kind == TYPE_ENUM) && t->is_signed);
}

static void build_bit_field(struct build *b, uint32_t at, const struct member *m, struct type *t,
			    struct span v)
{
	uint8_t field[16];
	size_t size = t->size < sizeof(field) ? t->size : sizeof(field);
	uint64_t bits = m->bit_offset + (uint64_t)m->bit_size;
	size_t used = bits / 8 + (bits % 8 != 0);
	const char *why = used <= v.len ? build_lost_bytes(b, v, used, true) : NULL;

	if (why)
		return build_lost(b, at, why);
	scalar_bits(v.s, v.len, m->bit_offset, m->bit_size, is_signed_field(t), field);
	build_value(b, at, m->type, (struct span){field, size, 0});
}

uint32_t build_member(struct build *b, uint32_t parent, const struct member *m, struct span v)
{
	struct type *t = type_strip(m->type);
	uint32_t at = tree_child(b->tree, parent, m->type, m->name);
	struct value_node *n = build_node(b, at);
	struct span part = span_from(v, m->offset);

	if (m->is_base) {
		n->is_base = true;
		n->name = m->type ? m->type->shown : NULL;
	}
	n->has_offset = !m->is_virtual_base && !m->bit_size;
	n->offset = n->has_offset ? m->offset : 0;
	if (m->is_virtual_base)
		build_reason(b, at, "<virtual base>");
	else if (m->offset > v.len)
		build_reason(b, at, "<not read>");
	else if (m->bit_size && t)
		build_bit_field(b, at, m, t, part);
	else
		build_value(b, at, m->type, part);
	return at;
}

uint32_t build_element(struct build *b, uint32_t parent, struct type *t, struct span v,
		       uint64_t off)
{
	uint32_t at = tree_child(b->tree, parent, t, NULL);

	build_value(b, at, t, span_from(v, off));
	return at;
}

uint32_t build_target(struct build *b, uint32_t parent, struct type *type, uint64_t addr)
{
	struct type *t = type_strip(type);
	uint8_t small[512], *bytes = small;
	uint64_t want = t ? t->size : 0;
	uint32_t at = 0;

	bool deep = b->depth >= b->style->max_depth;
	struct value_node *from = build_node(b, parent);

	from->truncated |= from->shape == VALUE_POINTER && want && addr && deep;
	if (!want || deep || b->tree->n_nodes >= VALUE_NODES)
		return 0;
	if (want > BUILD_READ)
		want = BUILD_READ;
	if (want > sizeof(small))
		bytes = xmalloc(want);
	size_t got = build_read(b, addr, bytes, want);
	if (got == want || (got && has_parts(t))) {
		at = tree_child(b->tree, parent, type, NULL);
		b->depth++;
		build_value(b, at, type, (struct span){bytes, got, addr});
		b->depth--;
	}
	if (bytes != small)
		free(bytes);
	return at;
}
