/*
 * cxx_std.c - types of libstdc++ as its printers for gdb write them: what is in a container, not
 * how it is made.
 *
 * Members are found by name, in whatever base they are. Sequences are in cxx_lists.c; what follows
 * from the ABI alone, since the debug information of a container does not refer to its nodes, in
 * cxx_nodes.c.
 */
#include <stdlib.h>
#include <string.h>

#include "values/private.h"

enum { STRING_MAX = 4096, COUNTS_AT = 8 };

typedef bool build_fn(struct build *b, uint32_t at, struct type *t, struct span v);

static bool starts_with(const char *s, const char *prefix)
{
	return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool cxx_string_view(const struct type *t, struct cxx_string *ret)
{
	bool view = starts_with(t->name, "std::basic_string_view<");
	uint64_t off = 0, len = 0;

	if (t->language != LANG_CXX || (!view && !starts_with(t->name, "std::__cxx11::basic_str")))
		return false;
	struct type *p = member_deep((struct type *)t, view ? "_M_str" : "_M_p", &off);
	p = type_strip(p);
	if (!p || p->kind != TYPE_POINTER || off + 8 > t->size ||
	    !member_deep((struct type *)t, view ? "_M_len" : "_M_string_length", &len) ||
	    len + 8 > t->size)
		return false;
	ret->ptr_off = off;
	ret->len_off = len;
	ret->width = text_width(p->target, &ret->prefix);
	return ret->width != 0;
}

static bool build_string(struct build *b, uint32_t at, const struct type *t, struct span v)
{
	struct cxx_string s;
	uint8_t bytes[STRING_MAX];

	if (!cxx_string_view(t, &s) || v.len < t->size)
		return false;
	uint64_t n = scalar_uint(v.s + s.len_off, 8), addr = scalar_uint(v.s + s.ptr_off, 8);
	size_t max = sizeof(bytes) / s.width;
	max = b->style->max_string < max ? b->style->max_string : max;
	size_t want = n < max ? n : max;
	if (want && build_read(b, addr, bytes, want * s.width) < want * s.width)
		return false;
	struct text text = {.s = bytes,
			    .n = want,
			    .width = s.width,
			    .prefix = s.prefix,
			    .max = max,
			    .more = want < n};
	text_c_string(tree_text(b->tree, at), &text);
	tree_text_end(b->tree, at);
	build_node(b, at)->shape = VALUE_STRING;
	build_node(b, at)->truncated = want < n;
	return true;
}

void cxx_add_name(struct buf *out, const struct type *t)
{
	buf_add(out, t->name, strcspn(t->name, "<"));
}

static void add_named(struct buf *out, const struct type *t)
{
	cxx_add_name(out, t);
	buf_char(out, '<');
	buf_str(out, t->n_targs && t->targs[0] ? t->targs[0]->shown : "void");
	buf_char(out, '>');
}

void build_cxx_count(struct build *b, uint32_t at, const struct type *t, uint64_t n)
{
	struct buf *out = tree_text(b->tree, at);

	cxx_add_name(out, t);
	buf_str(out, " with ");
	buf_udec(out, n);
	buf_str(out, n == 1 ? " element" : " elements");
	tree_text_end(b->tree, at);
	build_node(b, at)->count = n;
	build_node(b, at)->has_count = true;
}

/* An element of a tuple: in a _Head_base, which has it as a member or, if empty, as a base. */
static struct type *head_of(struct type *head, uint64_t *off)
{
	head = type_strip(head);
	if (!head || !head->n_members)
		return NULL;
	*off += head->members[0].offset;
	return head->members[0].type;
}

/* Each _Tuple_impl<N> has _Tuple_impl<N + 1> as its first base, but the last. */
static struct type *tuple_element(struct type *tuple, unsigned index, uint64_t *off)
{
	struct type *impl = type_strip(tuple);

	for (unsigned i = 0;; i++) {
		if (!impl || !impl->n_members || !impl->members[0].is_base)
			return NULL;
		bool last = impl->n_members < 2 || !impl->members[1].is_base;
		if (i > 0 && i - 1 == index) {
			const struct member *m = &impl->members[last ? 0 : 1];
			*off += m->offset;
			return head_of(m->type, off);
		}
		if (i > 0 && last)
			return NULL;
		*off += impl->members[0].offset;
		impl = type_strip(impl->members[0].type);
	}
}

static bool build_tuple(struct build *b, uint32_t at, struct type *t, struct span v)
{
	struct buf *out = tree_text(b->tree, at);
	uint64_t off = 0;
	bool empty = !tuple_element(t, 0, &off);

	buf_str(out, empty ? "empty std::tuple" : "std::tuple containing");
	tree_text_end(b->tree, at);
	build_node(b, at)->shape = VALUE_STRUCT;
	for (unsigned i = 0; i < 64; i++) {
		off = 0;
		struct type *element = tuple_element(t, i, &off);
		if (!element || !build_next(b, at))
			break;
		uint32_t child = build_element(b, at, element, v, off);
		build_node(b, child)->is_indexed = true;
		build_node(b, child)->index = i + 1;
	}
	return true;
}

/* What gdb calls a container: it writes what it holds after its own words. */
static bool is_container(const struct value_node *n)
{
	return n->text_len && n->shape != VALUE_SCALAR && n->shape != VALUE_STRING &&
	       n->shape != VALUE_POINTER && n->shape != VALUE_ELIDED;
}

/* "std::optional<T> = {[contained value] = 5}", or "… containing std::vector of …". */
static void add_contained(struct build *b, uint32_t at, struct type *type, struct span v,
			  uint64_t off, const char *name)
{
	uint32_t child = build_element(b, at, type, v, off);
	struct value_node *n = build_node(b, at);

	n->shape = name ? VALUE_STRUCT : VALUE_LIST;
	build_node(b, child)->name = name;
	if (!is_container(build_node(b, child)))
		return;
	n->shape = VALUE_WRAPPER;
	char text[256];
	size_t len = n->text_len < sizeof(text) ? n->text_len : sizeof(text);
	memcpy(text, b->tree->text.s + n->text, len);
	struct buf *out = tree_text(b->tree, at);
	buf_add(out, text, len);
	buf_str(out, " containing");
	tree_text_end(b->tree, at);
}

static bool build_optional(struct build *b, uint32_t at, struct type *t, struct span v)
{
	uint64_t engaged, off = 0;
	struct type *payload = member_deep(t, "_M_payload", &off), *storage;

	if (!payload || !t->n_targs || !t->targs[0] || !member_word(t, "_M_engaged", v, &engaged))
		return false;
	storage = type_strip(member_deep(payload, "_M_payload", &off));
	const struct member *value = storage ? member_named(storage, "_M_value") : NULL;
	if (!value)
		return false;
	struct buf *out = tree_text(b->tree, at);
	add_named(out, t);
	if (!engaged)
		buf_str(out, " [no contained value]");
	tree_text_end(b->tree, at);
	build_node(b, at)->shape = VALUE_STRUCT;
	if (engaged)
		add_contained(b, at, t->targs[0], v, off + value->offset, "[contained value]");
	return true;
}

static bool build_variant(struct build *b, uint32_t at, struct type *t, struct span v)
{
	uint64_t index, off = 0;

	if (!t->n_targs || !member_word(t, "_M_index", v, &index) || !member_deep(t, "_M_u", &off))
		return false;
	struct buf *out = tree_text(b->tree, at);
	cxx_add_name(out, t);
	buf_char(out, '<');
	for (size_t i = 0; i < t->n_targs; i++) {
		buf_str(out, i ? ", " : "");
		buf_str(out, t->targs[i] ? t->targs[i]->shown : "void");
	}
	buf_char(out, '>');
	bool valid = index < t->n_targs;
	if (valid)
		buf_printf(out, " [index %llu]", (unsigned long long)index);
	else
		buf_str(out, " [no contained value]");
	tree_text_end(b->tree, at);
	build_node(b, at)->shape = VALUE_LIST;
	if (valid)
		add_contained(b, at, t->targs[index], v, off, NULL);
	return true;
}

static bool build_unique(struct build *b, uint32_t at, struct type *t, struct span v)
{
	uint64_t off = 0;
	struct type *tuple = t, *pointer;

	for (unsigned i = 0; i < 4 && tuple && !starts_with(tuple->name, "std::tuple<"); i++)
		tuple = type_strip(member_deep(tuple, "_M_t", &off));
	pointer = tuple ? tuple_element(tuple, 0, &off) : NULL;
	if (!pointer || off > v.len)
		return false;
	add_named(tree_text(b->tree, at), t);
	tree_text_end(b->tree, at);
	build_node(b, at)->shape = VALUE_STRUCT;
	build_node(b, build_element(b, at, pointer, v, off))->name = "get()";
	return true;
}

/* _Sp_counted_base: behind its vtable pointer the two counters. */
static void add_counts(struct build *b, struct buf *out, uint64_t control)
{
	uint64_t counts;

	if (!control)
		return buf_str(out, " (empty)");
	if (!build_read_word(b, control + COUNTS_AT, &counts))
		return;
	int32_t use = (int32_t)counts, weak = (int32_t)(counts >> 32);
	if (use)
		buf_printf(out, " (use count %d, weak count %d)", use, weak - 1);
	else
		buf_printf(out, " (expired, weak count %d)", weak);
}

static bool build_shared(struct build *b, uint32_t at, struct type *t, struct span v)
{
	uint64_t off = 0, control;
	struct type *pointer = member_deep(t, "_M_ptr", &off);

	if (!pointer || off > v.len || !member_word(t, "_M_pi", v, &control))
		return false;
	struct buf *out = tree_text(b->tree, at);
	add_named(out, t);
	add_counts(b, out, control);
	tree_text_end(b->tree, at);
	build_node(b, at)->shape = VALUE_STRUCT;
	build_node(b, build_element(b, at, pointer, v, off))->name = "get()";
	return true;
}

static bool build_adapter(struct build *b, uint32_t at, struct type *t, struct span v)
{
	const struct member *c = member_named(t, "c");
	struct buf *out = tree_text(b->tree, at);

	if (!c)
		return false;
	cxx_add_name(out, t);
	buf_str(out, " wrapping:");
	tree_text_end(b->tree, at);
	build_node(b, at)->shape = VALUE_WRAPPER;
	build_element(b, at, c->type, v, c->offset);
	return true;
}

static bool build_pair(struct build *b, uint32_t at, struct type *t, struct span v)
{
	const struct member *first = member_named(t, "first"), *second = member_named(t, "second");

	if (!first || !second)
		return false;
	build_node(b, at)->shape = VALUE_STRUCT;
	build_member(b, at, first, v);
	build_member(b, at, second, v);
	return true;
}

static bool build_bitset(struct build *b, uint32_t at, struct type *t, struct span v)
{
	uint64_t off = 0;
	struct type *words = type_strip(member_deep(t, "_M_w", &off));
	struct span s = span_from(v, off);

	tree_says(b->tree, at, "std::bitset");
	build_node(b, at)->shape = VALUE_STRUCT;
	for (uint64_t bit = 0; words && bit / 8 < words->size && bit / 8 < s.len; bit++) {
		if (!(s.s[bit / 8] >> bit % 8 & 1))
			continue;
		if (!build_next(b, at))
			break;
		uint32_t child = tree_child(b->tree, at, NULL, NULL);
		tree_says(b->tree, child, "1");
		build_node(b, child)->is_indexed = true;
		build_node(b, child)->index = bit;
	}
	return true;
}

/* "std::atomic<int> = { 5 }" */
static bool build_atomic(struct build *b, uint32_t at, struct type *t, struct span v)
{
	char text[200];
	uint64_t off = 0;
	struct type *only = member_only(t, &off);

	if (!only || only == t || off > v.len)
		return false;
	uint32_t child = build_element(b, at, only, v, off);
	struct value_node *n = build_node(b, child);
	if (n->first || n->text_len >= sizeof(text))
		return false;
	n->is_aside = true;
	size_t len = n->text_len;
	memcpy(text, b->tree->text.s + n->text, len);
	struct buf *out = tree_text(b->tree, at);
	add_named(out, t);
	buf_str(out, " = { ");
	buf_add(out, text, len);
	buf_str(out, " }");
	tree_text_end(b->tree, at);
	return true;
}

static const struct {
	const char *name; // up to its '<'
	build_fn *build;
	enum std_reads reads;
} std_types[] = {
	{"std::vector", build_cxx_vector, READS_ALWAYS},
	{"std::pair", build_pair, READS_PARTS},
	{"std::tuple", build_tuple, READS_PARTS},
	{"std::optional", build_optional, READS_PARTS},
	{"std::variant", build_variant, READS_PARTS},
	{"std::unique_ptr", build_unique, READS_POINTER},
	{"std::shared_ptr", build_shared, READS_ALWAYS},
	{"std::weak_ptr", build_shared, READS_ALWAYS},
	{"std::deque", build_cxx_deque, READS_ALWAYS},
	{"std::stack", build_adapter, READS_ALWAYS},
	{"std::queue", build_adapter, READS_ALWAYS},
	{"std::priority_queue", build_adapter, READS_ALWAYS},
	{"std::bitset", build_bitset, READS_NOTHING},
	{"std::atomic", build_atomic, READS_NOTHING},
	{"std::initializer_list", build_cxx_initializers, READS_ALWAYS},
	{"std::span", build_cxx_span, READS_ALWAYS},
	{"std::map", build_cxx_tree, READS_ALWAYS},
	{"std::multimap", build_cxx_tree, READS_ALWAYS},
	{"std::set", build_cxx_tree, READS_ALWAYS},
	{"std::multiset", build_cxx_tree, READS_ALWAYS},
	{"std::unordered_map", build_cxx_hash, READS_ALWAYS},
	{"std::unordered_multimap", build_cxx_hash, READS_ALWAYS},
	{"std::unordered_set", build_cxx_hash, READS_ALWAYS},
	{"std::unordered_multiset", build_cxx_hash, READS_ALWAYS},
	{"std::__cxx11::list", build_cxx_list, READS_ALWAYS},
	{"std::list", build_cxx_list, READS_ALWAYS},
	{"std::forward_list", build_cxx_list, READS_ALWAYS},
};

static size_t find_std(const struct type *t)
{
	size_t i = 0;

	if (t->language != LANG_CXX || !starts_with(t->name, "std::"))
		return FT_COUNT(std_types);
	size_t n = strcspn(t->name, "<");
	while (i < FT_COUNT(std_types) &&
	       (strlen(std_types[i].name) != n || memcmp(std_types[i].name, t->name, n) != 0))
		i++;
	return i;
}

enum std_reads cxx_std_reads(const struct type *t)
{
	size_t i = find_std(t);

	return i < FT_COUNT(std_types) ? std_types[i].reads : READS_PLAIN;
}

bool build_cxx_std(struct build *b, uint32_t at, struct type *t, struct span v)
{
	if (t->language != LANG_CXX || !starts_with(t->name, "std::") || v.len < t->size || b->lost)
		return false;
	size_t i = find_std(t);
	bool built = build_string(b, at, t, v) ||
		     (i < FT_COUNT(std_types) && std_types[i].build(b, at, t, v));
	struct value_node *n = build_node(b, at);
	n->is_library = built;
	if (built)
		return true;
	n->first = n->last = 0;
	n->text_len = 0;
	n->has_count = n->truncated = false;
	return false;
}
