/*
 * rust_maps.c - HashMap, HashSet (hashbrown's open addressing), BTreeMap, BTreeSet, and the ring
 * of a VecDeque.
 */
#include <stdlib.h>
#include <string.h>

#include "values/private.h"

enum {
	CONTROL_CHUNK = 4096, // control bytes read at once
	CONTROL_CHUNKS = 64,
	BTREE_HEIGHT = 16,
	BTREE_CAPACITY = 11, // keys of a node: 2 * B - 1
	BTREE_NODE = 64 * 1024,
	ENTRY_MAX = 4096,
};

/* A map or set under way. */
struct walk {
	struct build *b;
	uint32_t at;
	bool is_set;
	uint64_t shown, count;
};

static bool is_named(const struct type *t, const char *map, const char *set, bool *ret_set)
{
	size_t n;

	if (!t->name || !rust_is_std(t->name))
		return false;
	const char *name = rust_short_name(t->name, &n);
	*ret_set = n == strlen(set) && memcmp(name, set, n) == 0;
	return *ret_set || (n == strlen(map) && memcmp(name, map, n) == 0);
}

bool rust_is_map(const struct type *t)
{
	bool set;

	return t->kind == TYPE_STRUCT && (is_named(t, "HashMap", "HashSet", &set) ||
					  is_named(t, "BTreeMap", "BTreeSet", &set));
}

static bool walk_more(const struct walk *w)
{
	return w->shown < w->count && w->shown < w->b->style->max_array;
}

static void add_entry(struct walk *w, struct type *key, struct span k, struct type *value,
		      struct span v)
{
	struct build *b = w->b;

	w->shown++;
	if (w->is_set) {
		build_element(b, w->at, key, k, 0);
		return;
	}
	uint32_t entry = tree_child(b->tree, w->at, NULL, NULL);
	build_node(b, entry)->shape = VALUE_ENTRY;
	build_element(b, entry, key, k, 0);
	build_element(b, entry, value, v, 0);
}

/* One bucket of a table of (K, V). */
static bool add_bucket(struct walk *w, struct type *pair, uint64_t addr)
{
	uint8_t bytes[ENTRY_MAX];
	const struct member *k = member_named(pair, "__0"), *v = member_named(pair, "__1");

	if (!k || !v || pair->size > sizeof(bytes) ||
	    (pair->size && build_read(w->b, addr, bytes, pair->size) < pair->size))
		return false;
	struct span s = {bytes, pair->size, addr};
	add_entry(w, k->type, span_from(s, k->offset), v->type, span_from(s, v->offset));
	return true;
}

/*
 * A control byte for each bucket, its top bit clear if the bucket is in use; the buckets lie below
 * the control bytes, the first one next to them.
 */
static void walk_table(struct walk *w, struct type *pair, uint64_t ctrl, uint64_t buckets)
{
	uint8_t bytes[CONTROL_CHUNK];

	for (uint64_t at = 0; at < buckets && at < (uint64_t)CONTROL_CHUNK * CONTROL_CHUNKS;) {
		uint64_t want = buckets - at < sizeof(bytes) ? buckets - at : sizeof(bytes);
		size_t got = build_read(w->b, ctrl + at, bytes, want);
		for (size_t i = 0; i < got; i++) {
			if (bytes[i] & 0x80)
				continue;
			if (!walk_more(w) || !build_next(w->b, w->at) ||
			    !add_bucket(w, pair, ctrl - (at + i + 1) * pair->size))
				return;
		}
		if (got < want)
			return;
		at += want;
	}
}

static bool build_hash(struct walk *w, struct type *t, struct span v)
{
	uint64_t off = 0, ctrl, mask;
	struct type *table = type_strip(member_deep(t, "table", &off));
	struct type *pair = table && table->n_targs ? type_strip(table->targs[0]) : NULL;

	if (!pair || off > v.len)
		return false;
	struct span s = span_from(v, off);
	uint64_t at = 0;
	if (!member_deep(table, "ctrl", &at) || at + 8 > s.len ||
	    !member_word(table, "bucket_mask", s, &mask) ||
	    !member_word(table, "items", s, &w->count))
		return false;
	ctrl = scalar_uint(s.s + at, 8);
	if (w->count > mask + 1 && mask != UINT64_MAX)
		return false; // not yet made, or no longer
	if (w->count)
		walk_table(w, pair, ctrl, mask + 1);
	return true;
}

/* What is where in the nodes of a B-tree. */
struct btree {
	struct type *leaf, *inner, *key, *value;
	uint64_t keys, key_size, vals, value_size, edges, len;
};

static bool array_of(struct type *node, const char *name, uint64_t *ret_off, uint64_t *ret_size)
{
	const struct member *m = member_named(node, name);
	struct type *array = m ? type_strip(m->type) : NULL;

	if (!array || array->kind != TYPE_ARRAY || !array->target)
		return false;
	*ret_off = m->offset;
	*ret_size = array->target->size;
	return true;
}

static bool btree_find(struct type *leaf, struct type *t, struct btree *ret)
{
	uint64_t off = 0, edge;
	const struct member *len = member_named(leaf, "len"), *up = member_named(leaf, "parent");
	struct type *pointer = up ? member_find_pointer(up->type, &off) : NULL;

	*ret = (struct btree){.leaf = leaf, .inner = pointer ? type_strip(pointer->target) : NULL};
	if (!len || !ret->inner || t->n_targs < 2 || leaf->size > BTREE_NODE ||
	    ret->inner->size > BTREE_NODE || len->offset + 2 > leaf->size)
		return false;
	ret->key = t->targs[0];
	ret->value = t->targs[1];
	ret->len = len->offset;
	return array_of(leaf, "keys", &ret->keys, &ret->key_size) &&
	       array_of(leaf, "vals", &ret->vals, &ret->value_size) &&
	       array_of(ret->inner, "edges", &ret->edges, &edge) && edge == 8;
}

static bool walk_btree(struct walk *w, const struct btree *t, uint64_t addr, uint64_t height)
{
	uint64_t size = height ? t->inner->size : t->leaf->size;
	uint8_t *bytes = xcalloc(1, size + 1);
	bool ok = build_read(w->b, addr, bytes, size) == size;
	uint64_t len = ok ? scalar_uint(bytes + t->len, 2) : 0;
	struct span s = {bytes, size, addr};

	ok = ok && len <= BTREE_CAPACITY;
	for (uint64_t i = 0; ok && i <= len; i++) {
		uint64_t edge = t->edges + 8 * i;
		if (height)
			ok = edge + 8 <= size &&
			     walk_btree(w, t, scalar_uint(bytes + edge, 8), height - 1);
		if (!ok || i == len)
			break;
		ok = walk_more(w) && build_next(w->b, w->at);
		if (ok)
			add_entry(w, t->key, span_from(s, t->keys + i * t->key_size), t->value,
				  span_from(s, t->vals + i * t->value_size));
	}
	free(bytes);
	return ok;
}

static bool build_btree(struct walk *w, struct type *t, struct span v)
{
	uint64_t off = 0, node = 0, high = 0, height;
	struct btree tree;
	uint64_t map_off = 0;

	if (w->is_set) {
		t = type_strip(member_deep(t, "map", &map_off));
		v = span_from(v, map_off);
	}
	struct type *root = t ? member_deep(t, "root", &off) : NULL;
	const struct member *length = t ? member_named(t, "length") : NULL;
	if (!root || !length || length->offset + 8 > v.len || off > v.len)
		return false;
	w->count = scalar_uint(v.s + length->offset, 8);
	struct span s = span_from(v, off);
	struct type *in = member_deep(root, "node", &node);
	struct type *pointer = in ? member_find_pointer(in, &node) : NULL;
	if (!pointer || !member_deep(root, "height", &high) || node + 8 > s.len ||
	    high + 8 > s.len || !btree_find(type_strip(pointer->target), t, &tree))
		return false;
	height = scalar_uint(s.s + high, 8);
	uint64_t addr = scalar_uint(s.s + node, 8);
	if (w->count && height > BTREE_HEIGHT)
		return false;
	if (w->count)
		walk_btree(w, &tree, addr, height);
	return true;
}

bool build_rust_map(struct build *b, uint32_t at, struct type *t, struct span v)
{
	struct walk w = {.b = b, .at = at};
	bool hash = is_named(t, "HashMap", "HashSet", &w.is_set);

	if (!hash && !is_named(t, "BTreeMap", "BTreeSet", &w.is_set))
		return false;
	if (!build_enter(b, at, "{..}"))
		return true;
	build_node(b, at)->shape = w.is_set ? VALUE_SET : VALUE_MAP;
	bool ok = hash ? build_hash(&w, t, v) : build_btree(&w, t, v);
	build_leave(b);
	struct value_node *n = build_node(b, at);
	n->count = w.count;
	n->has_count = true;
	n->truncated |= w.shown < w.count;
	return ok;
}

bool build_rust_ring(struct build *b, uint32_t at, struct type *element, struct ring r)
{
	uint64_t size = type_strip(element)->size, max = (uint64_t)b->style->max_array + 1;
	uint64_t want = r.len < max ? r.len : max;

	build_node(b, at)->shape = VALUE_LIST;
	build_node(b, at)->has_count = true;
	if (!r.len)
		return true;
	if (!build_enter(b, at, "[..]"))
		return true;
	if (size && want > BUILD_READ / size + 1)
		want = BUILD_READ / size + 1;
	uint64_t tail = r.cap - r.head, first = want < tail || !size ? want : tail;
	uint8_t *bytes = xmalloc(want * size + 1);
	uint64_t got = 0;
	if (size && first)
		got = build_read(b, r.ptr + r.head * size, bytes, first * size) / size;
	if (size && got == first && want > first)
		got += build_read(b, r.ptr, bytes + first * size, (want - first) * size) / size;
	if (size && !got)
		build_rust_unreadable(b, at, r.ptr);
	else
		build_rust_elements(b, at, element, r.len, (struct span){bytes, got * size, 0},
				    size ? got : r.len);
	free(bytes);
	build_leave(b);
	return true;
}
