/*
 * cxx_nodes.c - the node-based containers of libstdc++: trees, hash tables, lists.
 *
 * Nodes are of types that the debug information of a container does not refer to. Their layout is
 * that of the library's ABI: the links, then the value at its own alignment.
 */
#include <stdlib.h>
#include <string.h>

#include "values/private.h"

enum {
	TREE_LINKS = 32, // color, parent, left, right
	TREE_LEFT = 16,
	TREE_RIGHT = 24,
	TREE_DEPTH = 128, // 2 log2(n) at most, if it is a tree
	VALUE_MAX = 4096,
};

/* A container under way: what is in its nodes. */
struct nodes {
	struct build *b;
	uint32_t at;
	struct type *key, *value;	   // value NULL: a set or a list
	uint64_t key_off, value_off, size; // in a node
	uint64_t shown, count;
};

static bool nodes_init(struct nodes *n, struct build *b, uint32_t at, const struct type *t,
		       uint64_t links, bool map)
{
	*n = (struct nodes){.b = b, .at = at};
	if (t->n_targs < (map ? 2 : 1))
		return false;
	n->key = t->targs[0];
	n->value = map ? t->targs[1] : NULL;
	struct type *k = type_strip(n->key), *v = type_strip(n->value);
	if (!k || !k->size || (map && (!v || !v->size)))
		return false;
	uint64_t ka = type_alignment(k), va = map ? type_alignment(v) : 1;
	n->key_off = align_up(links, ka > va ? ka : va);
	n->value_off = align_up(n->key_off + k->size, va);
	n->size = map ? n->value_off + v->size : n->key_off + k->size;
	return n->size <= VALUE_MAX && k->size <= VALUE_MAX;
}

static void add_value(struct nodes *n, struct span node)
{
	struct build *b = n->b;

	if (n->value) {
		uint32_t entry = tree_child(b->tree, n->at, NULL, NULL);
		build_node(b, entry)->shape = VALUE_ENTRY;
		build_element(b, entry, n->key, node, n->key_off);
		build_element(b, entry, n->value, node, n->value_off);
	} else {
		uint32_t child = build_element(b, n->at, n->key, node, n->key_off);
		build_node(b, child)->is_indexed = true; // as gdb does
		build_node(b, child)->index = n->shown;
	}
	n->shown++;
}

static bool more(const struct nodes *n)
{
	return n->shown < n->count && n->shown < n->b->style->max_array;
}

/* In order; false: enough, or not a tree. */
static bool walk_tree(struct nodes *n, uint64_t addr, unsigned depth)
{
	uint8_t *bytes;

	if (!addr)
		return true;
	if (depth > TREE_DEPTH)
		return false;
	bytes = xmalloc(n->size);
	bool ok = build_read(n->b, addr, bytes, n->size) == n->size &&
		  walk_tree(n, scalar_uint(bytes + TREE_LEFT, 8), depth + 1) && more(n) &&
		  build_next(n->b, n->at);
	if (ok)
		add_value(n, (struct span){bytes, n->size, addr});
	uint64_t right = ok ? scalar_uint(bytes + TREE_RIGHT, 8) : 0;
	free(bytes);
	return ok && walk_tree(n, right, depth + 1);
}

bool build_cxx_tree(struct build *b, uint32_t at, struct type *t, struct span v)
{
	struct nodes n;
	bool map = strcspn(t->name, "<") >= 3 && strstr(t->name, "map<") &&
		   (strncmp(t->name, "std::map<", 9) == 0 ||
		    strncmp(t->name, "std::multimap<", 14) == 0);
	uint64_t off = 0, root;
	struct type *header = member_deep(t, "_M_header", &off);

	if (!header || !member_word(header, "_M_parent", span_from(v, off), &root) ||
	    !nodes_init(&n, b, at, t, TREE_LINKS, map) ||
	    !member_word(t, "_M_node_count", v, &n.count))
		return false;
	build_cxx_count(b, at, t, n.count);
	build_node(b, at)->shape = map ? VALUE_MAP : VALUE_STRUCT;
	if (n.count)
		walk_tree(&n, root, 0);
	build_node(b, at)->truncated = n.shown < n.count;
	return true;
}

/* A chain of nodes, each with the next one's address first, up to `end`. */
static void walk_chain(struct nodes *n, uint64_t addr, uint64_t end)
{
	uint8_t bytes[VALUE_MAX];

	while (addr && addr != end && more(n) && build_next(n->b, n->at)) {
		if (build_read(n->b, addr, bytes, n->size) < n->size)
			break;
		add_value(n, (struct span){bytes, n->size, addr});
		addr = scalar_uint(bytes, 8);
	}
	if (addr && addr != end)
		build_node(n->b, n->at)->truncated = true;
}

bool build_cxx_hash(struct build *b, uint32_t at, struct type *t, struct span v)
{
	struct nodes n;
	bool map = strncmp(t->name, "std::unordered_map<", 19) == 0 ||
		   strncmp(t->name, "std::unordered_multimap<", 24) == 0;
	uint64_t off = 0, first;
	struct type *begin = member_deep(t, "_M_before_begin", &off);

	if (!begin || !member_word(begin, "_M_nxt", span_from(v, off), &first) ||
	    !nodes_init(&n, b, at, t, 8, map) || !member_word(t, "_M_element_count", v, &n.count))
		return false;
	build_cxx_count(b, at, t, n.count);
	build_node(b, at)->shape = map ? VALUE_MAP : VALUE_STRUCT;
	walk_chain(&n, first, 0);
	build_node(b, at)->truncated = n.shown < n.count;
	return true;
}

/* A list ends where it began, in its own header; a forward_list at NULL. */
bool build_cxx_list(struct build *b, uint32_t at, struct type *t, struct span v)
{
	struct nodes n;
	bool forward = strncmp(t->name, "std::forward", 12) == 0;
	uint64_t off = 0, first;
	struct type *header = member_deep(t, forward ? "_M_head" : "_M_node", &off);

	if (!header || !member_word(header, "_M_next", span_from(v, off), &first) ||
	    !nodes_init(&n, b, at, t, forward ? 8 : 16, false))
		return false;
	uint64_t size, end = v.addr ? v.addr + off : 0;
	n.count = UINT64_MAX;
	if (!forward && member_word(t, "_M_size", v, &size))
		n.count = size;
	bool empty = !first || first == end || n.count == 0;
	struct buf *out = tree_text(b->tree, at);
	buf_str(out, empty ? "empty " : "");
	buf_add(out, t->name, strcspn(t->name, "<"));
	tree_text_end(b->tree, at);
	build_node(b, at)->shape = VALUE_STRUCT;
	if (empty)
		return true;
	walk_chain(&n, first, end);
	if (n.count != UINT64_MAX)
		build_node(b, at)->truncated = n.shown < n.count;
	return true;
}
