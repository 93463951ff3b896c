/*
 * test_tree.c - trees of values: the renderings, library types laid out by hand as old and new
 * compilers do, and memory that lies: cycles, dangling pointers, lengths of 2^60.
 */
#include "test.h"

#include "base/buf.h"
#include "values/values.h"

#define MEMBERS(...)                                                                               \
	.members = (struct member[]){__VA_ARGS__},                                                 \
	.n_members = sizeof((struct member[]){__VA_ARGS__}) / sizeof(struct member)
#define TARGS(...)                                                                                 \
	.targs = (struct type *[]){__VA_ARGS__},                                                   \
	.n_targs = sizeof((struct type *[]){__VA_ARGS__}) / sizeof(struct type *)
#define RUST(text) .name = (text), .shown = (text), .language = LANG_RUST
#define CXX(text) .name = (text), .shown = (text), .language = LANG_CXX

enum { MOST_READS = 1100 }; // of one value, whatever it says of itself

/* Words at MEMORY, and nothing else anywhere. */
enum { MEMORY = 0x10000, WORDS = 512 };
static uint64_t words[WORDS];
static unsigned reads;

static size_t words_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	(void)ctx;
	reads++;
	if (addr < MEMORY || addr >= MEMORY + sizeof(words))
		return 0;
	size_t left = MEMORY + sizeof(words) - addr;
	memcpy(buf, (const char *)words + (addr - MEMORY), len < left ? len : left);
	return len < left ? len : left;
}

static struct value_tree tree;
static struct buf out;

static void build(struct type *t, const void *bytes, struct value_style style)
{
	struct memory mem = {words_read, NULL};

	if (!out.s) {
		buf_init(&out);
		value_tree_init(&tree);
	}
	reads = 0;
	value_build(&tree, &style, t, bytes, t->size, 0x7000, &mem);
	buf_reset(&out);
}

static const char *compact(struct type *t, const void *bytes)
{
	build(t, bytes, value_style_default());
	value_compact(&tree, &out);
	return out.s;
}

/* Whatever it is, it is shown within bounds, in all renderings. */
static const char *bounded(struct type *t, const void *bytes)
{
	struct value_style style = value_style_default();
	struct buf other;

	style.targets = true;
	buf_init(&other);
	build(t, bytes, style);
	value_full(&tree, &other);
	value_json(&tree, &other);
	value_compact(&tree, &out);
	CHECK(reads <= MOST_READS);
	CHECK(out.len < 200000 && other.len < 4000000);
	buf_deinit(&other);
	return out.s;
}

static uint64_t at(unsigned word)
{
	return MEMORY + 8 * (uint64_t)word;
}

static struct type t_int = {.kind = TYPE_INT, .size = 4, .name = "int", .shown = "int"};
static struct type t_ulong = {.kind = TYPE_UINT, .size = 8, .name = "unsigned long", .shown = "ul"};
static struct type t_voidp = {.kind = TYPE_POINTER, .size = 8, .shown = "void *"};
static struct type r_u8 = {.kind = TYPE_UINT, .size = 1, RUST("u8")};
static struct type r_u16 = {.kind = TYPE_UINT, .size = 2, RUST("u16")};
static struct type r_u64 = {.kind = TYPE_UINT, .size = 8, RUST("u64")};
static struct type r_usize = {.kind = TYPE_UINT, .size = 8, RUST("usize")};
static struct type r_u8p = {.kind = TYPE_POINTER, .size = 8, .target = &r_u8, RUST("*const u8")};
static struct type non_null = {.kind = TYPE_STRUCT,
			       .size = 8,
			       RUST("core::ptr::non_null::NonNull<u8>"),
			       MEMBERS({.name = "pointer", .type = &r_u8p})};

TEST(renderings_of_a_struct)
{
	struct type point = {
		.kind = TYPE_STRUCT,
		.size = 8,
		.name = "point",
		.shown = "struct point",
		MEMBERS({.name = "x", .type = &t_int}, {.name = "y", .type = &t_int, .offset = 4})};
	struct type pointer = {
		.kind = TYPE_POINTER, .size = 8, .target = &point, .shown = "struct point *"};
	struct value_style style = value_style_default();
	uint64_t v = at(1);

	style.targets = true;
	words[1] = 1 | 2ull << 32;
	build(&pointer, &v, style);
	value_compact(&tree, &out);
	CHECK_EQ_S(out.s, "0x10008");
	buf_reset(&out);
	CHECK(value_full(&tree, &out));
	CHECK_EQ_S(out.s, "0x10008\tpoints to   struct point\n"
			  "0x10008\t  x = 1   int, +0\n"
			  "0x1000c\t  y = 2   int, +4");
	buf_reset(&out);
	CHECK(value_json(&tree, &out));
	CHECK_EQ_S(
		out.s,
		"{\"kind\":\"pointer\",\"value\":\"0x10008\",\"children\":[{\"kind\":\"struct\","
		"\"type\":\"struct point\",\"address\":\"0x10008\",\"children\":[{\"name\":\"x\","
		"\"kind\":\"scalar\",\"type\":\"int\",\"value\":\"1\",\"offset\":0},"
		"{\"name\":\"y\",\"kind\":\"scalar\",\"type\":\"int\",\"value\":\"2\","
		"\"offset\":4}]}]}");
	CHECK(value_needs_memory(&pointer, &style));
	style.targets = false;
	CHECK(!value_needs_memory(&pointer, &style));
	build(&t_int, &v, style);
	CHECK(!value_full(&tree, &out));
	CHECK(!value_json(&tree, &out));
}

TEST(pointers_in_a_circle)
{
	struct type node = {
		.kind = TYPE_STRUCT, .size = 16, .name = "node", .shown = "struct node"};
	struct type next = {
		.kind = TYPE_POINTER, .size = 8, .target = &node, .shown = "struct node *"};
	struct member members[] = {{.name = "next", .type = &next},
				   {.name = "self", .type = &next, .offset = 8}};
	struct type boxed = next, list = node;
	uint64_t v = at(2), unaligned = at(2) + 3;

	node.members = members;
	node.n_members = 2;
	words[2] = words[3] = at(2);
	CHECK_EQ_S(bounded(&next, &v), "0x10010");
	bounded(&next, &unaligned);
	boxed.name = boxed.shown = "alloc::boxed::Box<demo::List>";
	boxed.language = list.language = LANG_RUST;
	list.name = "demo::List";
	boxed.target = &list;
	members[0].type = members[1].type = &boxed;
	list.members = members;
	list.n_members = 2;
	bounded(&boxed, &v);
	CHECK(strstr(out.s, "next: 0x10010"));
}

/* HashMap<u64, u64> as hashbrown lays it out: buckets below the control bytes. */
static struct type *hash_map(void)
{
	static struct member pair_members[2], inner_members[3], table_member, map_member;
	static struct type *targs[1], pair, inner, table, map;

	pair_members[0] = (struct member){.name = "__0", .type = &r_u64};
	pair_members[1] = (struct member){.name = "__1", .type = &r_u64, .offset = 8};
	pair = (struct type){.kind = TYPE_STRUCT,
			     .size = 16,
			     RUST("(u64, u64)"),
			     .members = pair_members,
			     .n_members = 2};
	inner_members[0] = (struct member){.name = "bucket_mask", .type = &r_usize, .offset = 8};
	inner_members[1] = (struct member){.name = "ctrl", .type = &non_null};
	inner_members[2] = (struct member){.name = "items", .type = &r_usize, .offset = 16};
	inner = (struct type){.kind = TYPE_STRUCT,
			      .size = 24,
			      RUST("hashbrown::raw::RawTableInner"),
			      .members = inner_members,
			      .n_members = 3};
	table_member = (struct member){.name = "table", .type = &inner};
	targs[0] = &pair;
	table = (struct type){.kind = TYPE_STRUCT,
			      .size = 24,
			      RUST("hashbrown::raw::RawTable<(u64, u64)>"),
			      .targs = targs,
			      .n_targs = 1,
			      .members = &table_member,
			      .n_members = 1};
	map_member = (struct member){.name = "table", .type = &table};
	map = (struct type){.kind = TYPE_STRUCT,
			    .size = 24,
			    RUST("std::collections::hash::map::HashMap<u64, u64>"),
			    .members = &map_member,
			    .n_members = 1};
	return &map;
}

TEST(rust_hash_maps)
{
	struct type *map = hash_map();
	struct value_style style = value_style_default();
	uint64_t v[] = {at(100), 3, 2};

	memset(words, 0, sizeof(words));
	memcpy(&words[100], "\xff\x01\xff\x7f\xff\xff\xff\xff", 8); // buckets 1 and 3 are in use
	words[100 - 4] = 10;
	words[100 - 3] = 11;
	words[100 - 8] = 30;
	words[100 - 7] = 33;
	CHECK_EQ_S(bounded(map, v), "{10: 11, 30: 33}");
	CHECK(value_needs_memory(map, &style));
	v[2] = 9; // more items than buckets: it is not made yet
	CHECK(strstr(bounded(map, v), "bucket_mask: 3"));
	v[0] = 0x9999;
	v[2] = 2;
	CHECK_EQ_S(bounded(map, v), "{...}");
	v[1] = (1ull << 60) - 1;
	v[2] = 1ull << 60;
	CHECK_EQ_S(bounded(map, v), "{...}");
	v[0] = at(0); // every byte is a bucket in use, and there is nothing below
	CHECK_EQ_S(bounded(map, v), "{...}");
	v[1] = UINT64_MAX;
	bounded(map, v);
	v[0] = 3; // the empty table
	v[1] = v[2] = 0;
	CHECK_EQ_S(bounded(map, v), "{}");
}

/* A B-tree of u16 -> u8, its leaf and internal nodes with two keys' worth of arrays. */
static struct type *btree_map(void)
{
	static struct type keys = {.kind = TYPE_ARRAY,
				   .size = 22,
				   .target = &r_u16,
				   .count = 11,
				   .has_count = true,
				   RUST("[u16; 11]")};
	static struct type vals = {.kind = TYPE_ARRAY,
				   .size = 11,
				   .target = &r_u8,
				   .count = 11,
				   .has_count = true,
				   RUST("[u8; 11]")};
	static struct type edges = {.kind = TYPE_ARRAY,
				    .size = 96,
				    .target = &r_u8p,
				    .count = 12,
				    .has_count = true,
				    RUST("[*; 12]")};
	static struct member leaf_members[4], inner_members[2], root_members[2], map_members[2];
	static struct type *targs[] = {&r_u16, &r_u8};
	static struct type leaf, leafp, inner, innerp, root, map;

	leafp = innerp = r_u8p;
	leafp.target = &leaf;
	innerp.target = &inner;
	leaf_members[0] = (struct member){.name = "parent", .type = &innerp};
	leaf_members[1] = (struct member){.name = "keys", .type = &keys, .offset = 8};
	leaf_members[2] = (struct member){.name = "vals", .type = &vals, .offset = 30};
	leaf_members[3] = (struct member){.name = "len", .type = &r_u16, .offset = 42};
	leaf = (struct type){.kind = TYPE_STRUCT,
			     .size = 48,
			     RUST("alloc::collections::btree::node::LeafNode<u16, u8>"),
			     .members = leaf_members,
			     .n_members = 4};
	inner_members[0] = (struct member){.name = "data", .type = &leaf};
	inner_members[1] = (struct member){.name = "edges", .type = &edges, .offset = 48};
	inner = (struct type){.kind = TYPE_STRUCT,
			      .size = 144,
			      RUST("alloc::collections::btree::node::InternalNode<u16, u8>"),
			      .members = inner_members,
			      .n_members = 2};
	root_members[0] = (struct member){.name = "node", .type = &leafp};
	root_members[1] = (struct member){.name = "height", .type = &r_usize, .offset = 8};
	root = (struct type){.kind = TYPE_STRUCT,
			     .size = 16,
			     RUST("alloc::collections::btree::node::NodeRef<u16, u8>"),
			     .members = root_members,
			     .n_members = 2};
	map_members[0] = (struct member){.name = "root", .type = &root};
	map_members[1] = (struct member){.name = "length", .type = &r_usize, .offset = 16};
	map = (struct type){.kind = TYPE_STRUCT,
			    .size = 24,
			    RUST("alloc::collections::btree::map::BTreeMap<u16, u8>"),
			    .targs = targs,
			    .n_targs = 2,
			    .members = map_members,
			    .n_members = 2};
	return &map;
}

static void btree_node(unsigned word, uint16_t key, uint8_t value, uint16_t len)
{
	uint8_t *node = (uint8_t *)&words[word];

	memcpy(node + 8, &key, 2);
	memcpy(node + 30, &value, 1);
	memcpy(node + 42, &len, 2);
}

TEST(rust_btree_maps)
{
	struct type *map = btree_map();
	uint64_t v[] = {at(0), 1, 3};

	memset(words, 0, sizeof(words));
	btree_node(0, 20, 2, 1);
	words[6] = at(40);
	words[7] = at(80);
	btree_node(40, 10, 1, 1);
	btree_node(80, 30, 3, 1);
	CHECK_EQ_S(bounded(map, v), "{10: 1, 20: 2, 30: 3}");
	v[2] = 1000;
	CHECK_EQ_S(bounded(map, v), "{10: 1, 20: 2, 30: 3, ...}");
	words[7] = 0x99; // dangling
	CHECK_EQ_S(bounded(map, v), "{10: 1, 20: 2, ...}");
	words[6] = words[7] = at(0); // its own child, sixteen levels deep
	v[1] = 16;
	v[2] = 1ull << 60;
	bounded(map, v);
	btree_node(0, 20, 2, 0);
	bounded(map, v);
	btree_node(0, 20, 2, 0xffff);
	CHECK_EQ_S(bounded(map, v), "{...}");
	v[1] = 1ull << 60;
	bounded(map, v);
}

TEST(rust_deques)
{
	struct type raw = {.kind = TYPE_STRUCT,
			   .size = 16,
			   RUST("alloc::raw_vec::RawVec<u64>"),
			   MEMBERS({.name = "ptr", .type = &non_null},
				   {.name = "cap", .type = &r_usize, .offset = 8})};
	struct type old = {.kind = TYPE_STRUCT, // rustc 1.63
			   .size = 32,
			   RUST("alloc::collections::vec_deque::VecDeque<u64>"),
			   TARGS(&r_u64),
			   MEMBERS({.name = "tail", .type = &r_usize},
				   {.name = "head", .type = &r_usize, .offset = 8},
				   {.name = "buf", .type = &raw, .offset = 16})};
	struct type new = {.kind = TYPE_STRUCT, // rustc 1.95
			   .size = 32,
			   RUST("alloc::collections::vec_deque::VecDeque<u64>"),
			   TARGS(&r_u64),
			   MEMBERS({.name = "head", .type = &r_usize},
				   {.name = "len", .type = &r_usize, .offset = 8},
				   {.name = "buf", .type = &raw, .offset = 16})};
	uint64_t v[] = {3, 2, at(0), 4}, w[] = {3, 3, at(0), 4}, bad[] = {0, 1ull << 60, at(0), 4};
	uint64_t wide[] = {0, 1ull << 60, at(0), 1ull << 61}, lost[] = {0, 3, 0x10, 4};

	for (unsigned i = 0; i < 4; i++)
		words[i] = i;
	CHECK_EQ_S(bounded(&old, v), "[3, 0, 1]");
	CHECK_EQ_S(bounded(&new, w), "[3, 0, 1]");
	CHECK(strstr(bounded(&new, bad), "head: 0")); // longer than its buffer: not made yet
	CHECK(strstr(bounded(&new, wide), "[0, 1, 2, 3, "));
	CHECK_EQ_S(bounded(&new, lost), "0x10 <error: cannot access memory>");
}

/* Rc<u64> as rustc 1.63 has it (RcBox, counters in Cells) and 1.95 (RcInner). */
TEST(rust_shared_owners)
{
	struct type box = {.kind = TYPE_STRUCT,
			   .size = 24,
			   RUST("alloc::rc::RcBox<u64>"),
			   MEMBERS({.name = "strong", .type = &r_usize},
				   {.name = "weak", .type = &r_usize, .offset = 8},
				   {.name = "value", .type = &r_u64, .offset = 16})};
	struct type pointer = {
		.kind = TYPE_POINTER, .size = 8, .target = &box, RUST("*const RcBox")};
	struct type nn = {.kind = TYPE_STRUCT,
			  .size = 8,
			  RUST("core::ptr::non_null::NonNull<RcBox>"),
			  MEMBERS({.name = "pointer", .type = &pointer})};
	struct type rc = {.kind = TYPE_STRUCT,
			  .size = 8,
			  RUST("alloc::rc::Rc<u64>"),
			  MEMBERS({.name = "ptr", .type = &nn})};
	uint64_t v = at(5), dangling = UINT64_MAX;

	words[5] = 2;
	words[6] = 3;
	words[7] = 99;
	CHECK_EQ_S(bounded(&rc, &v), "0x10038 -> 99");
	buf_reset(&out);
	CHECK(value_full(&tree, &out));
	CHECK(strstr(out.s, "strong = 2") && strstr(out.s, "weak = 2"));
	rc.name = "alloc::rc::Weak<u64>";
	CHECK_EQ_S(bounded(&rc, &v), "(Weak)");
	CHECK_EQ_S(bounded(&rc, &dangling), "(Weak)");
	rc.name = "alloc::rc::Rc<u64>";
	CHECK_EQ_S(bounded(&rc, &dangling), "0xf");
}

TEST(cxx_vectors)
{
	struct type vector = {
		.kind = TYPE_CLASS,
		.size = 24,
		CXX("std::vector<int, std::allocator<int> >"),
		TARGS(&t_int),
		MEMBERS({.name = "_M_start", .type = &t_voidp},
			{.name = "_M_finish", .type = &t_voidp, .offset = 8},
			{.name = "_M_end_of_storage", .type = &t_voidp, .offset = 16})};
	uint64_t v[] = {at(0), at(1), at(2)}, backwards[] = {at(1), at(0), at(2)};
	uint64_t huge[] = {at(0), at(0) + (4ull << 60), at(0) + (4ull << 60)};
	uint64_t lost[] = {0x10, 0x20, 0x20}, odd[] = {at(0), at(0) + 3, at(1)};

	words[0] = 1 | 2ull << 32;
	CHECK_EQ_S(bounded(&vector, v), "std::vector of length 2, capacity 4 = {1, 2}");
	CHECK(strstr(bounded(&vector, huge), "std::vector of length 1152921504606846976, "));
	CHECK_EQ_S(bounded(&vector, lost), "std::vector of length 4, capacity 4 = {...}");
	CHECK(strstr(bounded(&vector, backwards), "_M_start = 0x10008"));
	CHECK(strstr(bounded(&vector, odd), "_M_start = 0x10000"));
}

TEST(cxx_lists_and_trees)
{
	struct type header = {.kind = TYPE_STRUCT,
			      .size = 24,
			      CXX("std::__detail::_List_node_header"),
			      MEMBERS({.name = "_M_next", .type = &t_voidp},
				      {.name = "_M_size", .type = &t_ulong, .offset = 16})};
	struct type list = {.kind = TYPE_CLASS,
			    .size = 24,
			    CXX("std::__cxx11::list<int, std::allocator<int> >"),
			    TARGS(&t_int),
			    MEMBERS({.name = "_M_node", .type = &header})};
	struct type node = {.kind = TYPE_STRUCT,
			    .size = 32,
			    CXX("std::_Rb_tree_node_base"),
			    MEMBERS({.name = "_M_parent", .type = &t_voidp, .offset = 8})};
	struct type set = {.kind = TYPE_CLASS,
			   .size = 40,
			   CXX("std::set<int, std::less<int>, std::allocator<int> >"),
			   TARGS(&t_int),
			   MEMBERS({.name = "_M_header", .type = &node},
				   {.name = "_M_node_count", .type = &t_ulong, .offset = 32})};
	uint64_t l[] = {at(10), 0, 2}, s[] = {0, at(30), 0, 0, 3}, none[] = {0x7000, 0x7000, 0};

	memset(words, 0, sizeof(words));
	words[10] = at(20);
	words[12] = 1;
	words[20] = 0x7000; // the list's own header
	words[22] = 2;
	CHECK_EQ_S(bounded(&list, l), "std::__cxx11::list = {[0] = 1, [1] = 2}");
	CHECK_EQ_S(bounded(&list, none), "empty std::__cxx11::list");
	words[20] = at(10);
	l[2] = 1ull << 60;
	CHECK(strstr(bounded(&list, l), "[199] = 2, ...}"));
	words[20] = 0x99;
	CHECK_EQ_S(bounded(&list, l), "std::__cxx11::list = {[0] = 1, [1] = 2, ...}");
	words[30 + 2] = at(40);
	words[30 + 3] = at(50);
	words[30 + 4] = 5;
	words[40 + 4] = 4;
	words[50 + 4] = 6;
	CHECK_EQ_S(bounded(&set, s), "std::set with 3 elements = {[0] = 4, [1] = 5, [2] = 6}");
	words[40 + 2] = at(30); // the root is its own grandchild
	bounded(&set, s);
	words[40 + 2] = 0;
	words[50 + 3] = at(50);
	s[4] = 1ull << 60;
	bounded(&set, s);
}

TEST(limits_hold_for_every_kind)
{
	struct type *map = hash_map();
	struct value_style style = value_style_default();
	uint64_t v[] = {at(100), 7, 8};
	struct memory mem = {words_read, NULL};

	memset(words, 0, sizeof(words));
	style.max_array = 3;
	build(map, v, style);
	value_compact(&tree, &out);
	CHECK_EQ_S(out.s, "{0: 0, 0: 0, 0: 0, ...}");
	CHECK_EQ_U(tree.n[0].count, 8);
	CHECK(tree.n[0].truncated);
	style.max_depth = 0;
	value_build(&tree, &style, map, (const uint8_t *)v, map->size, 0, &mem);
	buf_reset(&out);
	value_compact(&tree, &out);
	CHECK_EQ_S(out.s, "{..}");
	CHECK_EQ_S(compact(map, v), "{0: 0, 0: 0, 0: 0, 0: 0, 0: 0, 0: 0, 0: 0, 0: 0}");
}

static void leads(void *ctx, uint64_t addr, struct buf *to)
{
	(void)ctx;
	if (addr == at(4))
		buf_str(to, "heap #1");
}

/* What pointers lead to is aside: neither its words nor its size change the compact line. */
TEST(what_is_aside_leaves_the_line_alone)
{
	struct type item = {.kind = TYPE_ARRAY,
			    .size = 200,
			    .target = &t_int,
			    .has_count = true,
			    .count = 50,
			    .shown = "int [50]"};
	struct type to = {.kind = TYPE_POINTER, .size = 8, .target = &item, .shown = "int (*)[50]"};
	struct type many = {.kind = TYPE_ARRAY,
			    .size = 150 * 8,
			    .target = &to,
			    .has_count = true,
			    .count = 150,
			    .shown = "int (*[150])[50]"};
	uint64_t v[150];
	for (unsigned i = 0; i < WORDS; i++)
		words[i] = (uint64_t)i << 32 | (i * 7);
	for (unsigned i = 0; i < 150; i++)
		v[i] = at(4 + i);
	char *plain = xstrdup(compact(&many, v));
	CHECK(strstr(plain, "...") == NULL);
	CHECK_EQ_S(bounded(&many, v), plain); // 7500 elements aside, of 2000 that are shown
	struct value_style style = value_style_default();
	style.targets = true;
	style.points_to = leads;
	build(&many, v, style);
	value_compact(&tree, &out);
	CHECK_EQ_S(out.s, plain);
	buf_reset(&out);
	CHECK(value_json(&tree, &out));
	CHECK(strstr(out.s, "\"address\":\"0x7000\",\"points_to\":\"heap #1\"") != NULL);
	buf_reset(&out);
	CHECK(value_full(&tree, &out));
	CHECK(strstr(out.s, "[0] = 0x10020 (heap #1)   int (*)[50]") != NULL);
	free(plain);
}

TEST_MAIN
