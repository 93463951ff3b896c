/*
 * test_heap.c - what calls of an allocator mean, without a process: nesting, reallocs, races of
 * threads, wrong frees, growth, places, owners; and the dynamic linker's tables in fake memory.
 */
#include "test.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "events/heap.h"
#include "symbols/dynamic.h"

static const struct heap_function f_malloc = {"malloc", "malloc", HEAP_MALLOC};
static const struct heap_function f_calloc = {"calloc", "calloc", HEAP_CALLOC};
static const struct heap_function f_realloc = {"realloc", "realloc", HEAP_REALLOC};
static const struct heap_function f_aligned = {"posix_memalign", "posix_memalign",
					       HEAP_POSIX_MEMALIGN};
static const struct heap_function f_free = {"free", "free", HEAP_FREE};
static const struct heap_function f_delete = {"_ZdlPv", "operator delete", HEAP_DELETE};
static const struct heap_function f_brk = {"brk", "brk", HEAP_BRK};
static const struct heap_function f_mmap = {"mmap", "mmap", HEAP_MMAP};
static const struct heap_function f_munmap = {"munmap", "munmap", HEAP_MUNMAP};

enum { TID = 7, OTHER = 8, CFA = 0x7000 };

static struct heap_op op(const struct heap_function *fn, uint64_t cfa, uint64_t a, uint64_t b)
{
	return (struct heap_op){.fn = fn, .cfa = cfa, .back = 0x400, .arg = {a, b}, .shown = true};
}

static bool begin(struct heap *h, pid_t tid, const struct heap_function *fn, uint64_t cfa,
		  uint64_t a, uint64_t b, struct heap_change *ret)
{
	struct heap_op o = op(fn, cfa, a, b);
	return heap_begin(h, tid, &o, 1, ret);
}

static bool end(struct heap *h, pid_t tid, uint64_t sp, uint64_t value, struct heap_change *ret)
{
	struct heap_result r = {.value = value};
	return heap_end(h, tid, sp, &r, 2, ret);
}

/* A whole call; the change of its end. */
static struct heap_change call(struct heap *h, const struct heap_function *fn, uint64_t a,
			       uint64_t b, uint64_t value)
{
	struct heap_change c = {.what = HEAP_NOTHING};
	if (!begin(h, TID, fn, CFA, a, b, &c))
		end(h, TID, CFA, value, &c);
	return c;
}

TEST(gives_and_takes)
{
	struct heap *h = heap_create();
	struct heap_change c = call(h, &f_malloc, 10, 0, 0x1000);
	CHECK_EQ_I(c.what, HEAP_ALLOCATED);
	CHECK_EQ_U(c.block.number, 1);
	CHECK_EQ_U(c.size, 10);
	c = call(h, &f_calloc, 3, 7, 0x2000);
	CHECK_EQ_U(c.block.number, 2);
	CHECK_EQ_U(c.size, 21);
	c = call(h, &f_free, 0x1000, 0, 0);
	CHECK_EQ_I(c.what, HEAP_FREED);
	CHECK_EQ_I(c.verdict, BLOCKS_FREED);
	CHECK_EQ_U(c.block.number, 1);
	c = call(h, &f_free, 0x1000, 0, 0);
	CHECK_EQ_I(c.verdict, BLOCKS_TWICE);
	c = call(h, &f_free, 0x2004, 0, 0);
	CHECK_EQ_I(c.verdict, BLOCKS_INSIDE);
	c = call(h, &f_free, 0, 0, 0);
	CHECK_EQ_I(c.what, HEAP_NOTHING);
	const struct event_heap_summary *s = heap_summary(h);
	CHECK_EQ_U(s->allocs, 2);
	CHECK_EQ_U(s->frees, 1);
	CHECK_EQ_U(s->peak, 31);
	CHECK_EQ_U(s->alive_blocks, 1);
	CHECK_EQ_U(s->alive_bytes, 21);
	heap_destroy(h);
}

TEST(only_the_outermost_call_counts)
{
	struct heap *h = heap_create();
	struct heap_change c;
	CHECK(!begin(h, TID, &f_realloc, CFA, 0, 100, &c));
	CHECK(!begin(h, TID, &f_malloc, CFA - 64, 100, 0, &c));
	CHECK(heap_pending(h, TID, CFA - 64) == NULL);
	CHECK(!end(h, TID, CFA - 64, 0x1000, &c));
	CHECK(!begin(h, TID, &f_free, CFA - 64, 0x9000, 0, &c)); // a wrapper's own affair
	CHECK(end(h, TID, CFA, 0x1000, &c));
	CHECK_EQ_I(c.what, HEAP_ALLOCATED);
	CHECK(c.op.fn == &f_realloc);
	// A tail call has the same CFA.
	CHECK(!begin(h, TID, &f_calloc, CFA, 2, 4, &c));
	CHECK(!begin(h, TID, &f_malloc, CFA, 8, 0, &c));
	CHECK(end(h, TID, CFA, 0x3000, &c));
	CHECK_EQ_U(c.size, 8);
	CHECK(!end(h, TID, CFA, 0x3000, &c));
	CHECK_EQ_U(heap_summary(h)->allocs, 2);
	heap_destroy(h);
}

TEST(what_was_jumped_out_of_is_dropped)
{
	struct heap *h = heap_create();
	struct heap_change c;
	CHECK(!begin(h, TID, &f_malloc, CFA, 100, 0, &c));
	CHECK(!begin(h, TID, &f_malloc, CFA + 64, 5, 0, &c));
	CHECK(end(h, TID, CFA + 64, 0x1000, &c));
	CHECK_EQ_U(c.size, 5);
	CHECK(!end(h, TID, CFA, 0x2000, &c));
	heap_destroy(h);
}

TEST(realloc_moves_and_keeps_its_number)
{
	struct heap *h = heap_create();
	call(h, &f_malloc, 10, 0, 0x1000);
	heap_own(h, 0x1000, "main", "p");
	struct heap_change c = call(h, &f_realloc, 0x1000, 50, 0x5000);
	CHECK_EQ_I(c.what, HEAP_REALLOCATED);
	CHECK_EQ_U(c.block.number, 1);
	CHECK_EQ_U(c.old.addr, 0x1000);
	CHECK_EQ_U(c.block.n_owners, 0); // main.p has the old address
	heap_own(h, 0x5000, "main", "q");
	c = call(h, &f_realloc, 0x5000, 60, 0x5000);
	CHECK_EQ_U(c.block.n_owners, 1);
	CHECK_EQ_S(heap_owner(h, c.block.owners[0]), "main.q");
	struct block b;
	bool alive;
	CHECK(heap_block_at(h, 0x1004, &b, &alive) && !alive); // who still points there dangles
	CHECK(heap_block_at(h, 0x5004, &b, &alive) && alive);
	c = call(h, &f_realloc, 0x5000, 1u << 30, 0); // fails: the old one stays
	CHECK(c.failed);
	CHECK(heap_block_at(h, 0x5004, &b, &alive) && alive);
	c = call(h, &f_realloc, 0x5000, 0, 0); // glibc's way to free
	CHECK_EQ_I(c.what, HEAP_FREED);
	CHECK_EQ_I(c.verdict, BLOCKS_FREED);
	c = call(h, &f_realloc, 0x5000, 9, 0x6000);
	CHECK_EQ_I(c.what, HEAP_FREED);
	CHECK_EQ_I(c.verdict, BLOCKS_TWICE);
	CHECK_EQ_U(heap_summary(h)->alive_blocks, 0);
	heap_destroy(h);
}

// What a realloc frees inside may be another thread's before it returns.
TEST(another_thread_gets_the_old_place)
{
	struct heap *h = heap_create();
	struct heap_change c;
	call(h, &f_malloc, 10, 0, 0x1000);
	CHECK(!begin(h, TID, &f_realloc, CFA, 0x1000, 50, &c));
	CHECK(!begin(h, OTHER, &f_malloc, CFA + 0x1000, 10, 0, &c));
	CHECK(end(h, OTHER, CFA + 0x1000, 0x1000, &c));
	CHECK_EQ_U(c.block.number, 2);
	CHECK(end(h, TID, CFA, 0x5000, &c));
	CHECK_EQ_U(c.block.number, 1);
	struct block b;
	bool alive;
	CHECK(heap_block_at(h, 0x1000, &b, &alive) && alive && b.number == 2);
	CHECK(heap_block_at(h, 0x5000, &b, &alive) && alive && b.number == 1);
	CHECK_EQ_U(heap_summary(h)->alive_bytes, 60);
	heap_destroy(h);
}

TEST(one_free_under_two_names)
{
	struct heap *h = heap_create();
	struct heap_change c;
	call(h, &f_malloc, 10, 0, 0x1000);
	CHECK(begin(h, TID, &f_delete, CFA, 0x1000, 0, &c));
	CHECK(!begin(h, TID, &f_free, CFA, 0x1000, 0, &c)); // operator delete jumps to it
	CHECK(!end(h, TID, CFA, 0, &c));
	CHECK(begin(h, TID, &f_free, CFA, 0x1000, 0, &c)); // and this is another one
	CHECK_EQ_I(c.verdict, BLOCKS_TWICE);
	heap_destroy(h);
}

TEST(failures)
{
	struct heap *h = heap_create();
	struct heap_change c = call(h, &f_malloc, 1ul << 62, 0, 0);
	CHECK(c.failed && c.error == 0);
	c = call(h, &f_calloc, 1ul << 40, 1ul << 40, 0);
	CHECK_EQ_U(c.size, UINT64_MAX);
	c = call(h, &f_aligned, 0x7100, 3, EINVAL);
	CHECK(c.failed);
	CHECK_EQ_I(c.error, EINVAL);
	CHECK_EQ_U(heap_summary(h)->failed, 3);
	CHECK_EQ_U(heap_summary(h)->allocs, 0);
	heap_destroy(h);
}

TEST(other_code_has_no_numbers)
{
	struct heap *h = heap_create();
	struct heap_change c;
	struct heap_op o = op(&f_malloc, CFA, 100, 0);
	o.shown = false;
	CHECK(!heap_begin(h, TID, &o, 1, &c));
	CHECK(end(h, TID, CFA, 0x1000, &c));
	CHECK(!c.numbered);
	c = call(h, &f_malloc, 5, 0, 0x2000);
	CHECK_EQ_U(c.block.number, 1);
	c = call(h, &f_free, 0x1000, 0, 0);
	CHECK_EQ_I(c.verdict, BLOCKS_FREED);
	CHECK(!c.numbered);
	const struct event_heap_summary *s = heap_summary(h);
	CHECK_EQ_U(s->hidden_allocs, 1);
	CHECK_EQ_U(s->alive_bytes, 5);
	CHECK_EQ_U(s->bytes, 5);
	heap_destroy(h);
}

TEST(growth)
{
	struct heap *h = heap_create();
	struct heap_change c;
	heap_set_end(h, 0x10000);
	CHECK(!begin(h, TID, &f_malloc, CFA, 10, 0, &c));
	CHECK(!begin(h, TID, &f_brk, CFA - 64, 0x31000, 0, &c));
	CHECK(end(h, TID, CFA - 64, 0, &c));
	CHECK_EQ_I(c.what, HEAP_GREW);
	CHECK_EQ_U(c.address, 0x10000);
	CHECK_EQ_U(c.size, 0x21000);
	CHECK_EQ_U(c.served, 0);
	CHECK(end(h, TID, CFA, 0x10010, &c));
	for (unsigned i = 0; i < 9; i++)
		call(h, &f_malloc, 10, 0, 0x10100 + 32 * i);
	CHECK(!begin(h, TID, &f_brk, CFA, 0x41000, 0, &c));
	CHECK(!end(h, TID, CFA, (uint32_t)-1, &c)); // it failed
	CHECK(!begin(h, TID, &f_brk, CFA, 0x20000, 0, &c));
	CHECK(end(h, TID, CFA, 0, &c));
	CHECK(c.shrinks);
	CHECK_EQ_U(c.size, 0x11000);
	CHECK_EQ_U(c.served, 10);
	CHECK(!begin(h, TID, &f_mmap, CFA, 0, 4096, &c)); // no allocator asks: not the heap's
	CHECK(!end(h, TID, CFA, 0x900000, &c));
	CHECK(!begin(h, TID, &f_malloc, CFA, 1 << 20, 0, &c));
	CHECK(!begin(h, TID, &f_mmap, CFA - 8, 0, 0x101000, &c));
	CHECK(end(h, TID, CFA - 8, 0x900000, &c));
	CHECK_EQ_U(c.address, 0x900000);
	CHECK(end(h, TID, CFA, 0x900010, &c));
	CHECK(!begin(h, TID, &f_munmap, CFA, 0x800000, 0x101000, &c));
	CHECK(begin(h, TID, &f_munmap, CFA, 0x900000, 0x101000, &c));
	CHECK(c.shrinks);
	heap_destroy(h);
}

TEST(places_and_leaks)
{
	struct heap *h = heap_create();
	struct heap_change c;
	static const int functions[3];
	for (unsigned i = 0; i < 300; i++) { // more than the first table holds
		struct heap_key key = {&functions[i % 3], 0x400 + i, &f_malloc, 0};
		struct event_place p = {.function = "f", .file = "dir/f.c", .line = i + 1};
		CHECK_EQ_U(heap_place(h, &key), HEAP_NEW_PLACE);
		uint32_t place = heap_place_add(h, &key, &p);
		CHECK_EQ_U(heap_place(h, &key), place);
		struct heap_op o = op(&f_malloc, CFA, i, 0);
		o.place = place;
		CHECK(!heap_begin(h, TID, &o, 1, &c));
		CHECK(end(h, TID, CFA, 0x100000 + 0x1000 * i, &c));
	}
	const struct event_heap_summary *s = heap_summary(h);
	CHECK_EQ_U(s->alive_blocks, 300);
	CHECK_EQ_U(s->n_leaks + s->more_places, 300);
	CHECK_EQ_U(s->leaks[0].bytes, 299);
	CHECK_EQ_U(s->leaks[0].place.line, 300);
	CHECK_EQ_U(s->leaks[1].bytes, 298);
	CHECK_EQ_S(s->leaks[0].call, "malloc");
	heap_forget_keys(h);
	struct heap_key key = {&functions[0], 0x400, &f_malloc, 0};
	CHECK_EQ_U(heap_place(h, &key), HEAP_NEW_PLACE);
	CHECK_EQ_S(heap_place_text(h, 5).file, "dir/f.c"); // what was told stays true
	heap_destroy(h);
}

/* A step that is new is added. */
static uint32_t step_to(struct heap *h, uint32_t from, const void *function, uint64_t back,
			const char *name, uint32_t line)
{
	struct heap_step step = {function, back};
	struct heap_step_text text = {.function = name, .call_file = "p.c", .call_line = line};
	uint32_t known = heap_path(h, from, &step);
	return known == HEAP_NEW_PATH ? heap_path_add(h, from, &step, &text) : known;
}

static const struct event_leak *leak_of(struct heap *h, uint32_t path, const void *function)
{
	struct heap_key key = {.function = function, .call = &f_malloc, .path = path};
	struct event_place p = {.function = "last", .file = "q.c", .line = 99};
	struct heap_op o = op(&f_malloc, CFA, 10, 0);
	struct heap_change c;
	uint32_t place = heap_place(h, &key);
	o.place = place == HEAP_NEW_PLACE ? heap_place_add(h, &key, &p) : place;
	CHECK(!heap_begin(h, TID, &o, 1, &c));
	CHECK(end(h, TID, CFA, 0x100000, &c));
	return heap_summary(h)->leaks;
}

TEST(paths_of_calls)
{
	struct heap *h = heap_create();
	static const int f[3];
	uint32_t outer = step_to(h, 0, &f[0], 0x1, "main", 0);
	uint32_t inner = step_to(h, outer, &f[1], 0x2, "f", 5);
	CHECK(inner != outer);
	CHECK_EQ_U(step_to(h, outer, &f[1], 0x2, "f", 5), inner);
	CHECK(step_to(h, outer, &f[1], 0x3, "f", 6) != inner); // from another line
	heap_own(h, 0x100000, "main", "x");		       // no such block: nothing
	const struct event_leak *leak = leak_of(h, inner, &f[1]);
	CHECK_EQ_U(leak->n_path, 2);
	CHECK_EQ_S(leak->path[0].function, "main");
	CHECK_EQ_U(leak->path[0].line, 5);
	CHECK_EQ_S(leak->path[1].function, "f");
	CHECK_EQ_U(leak->path[1].line, 99);
	CHECK(!leak->more_path && !leak->path[1].repeats && !leak->owner);
	heap_own(h, 0x100000, "main", "x");
	CHECK_EQ_S(heap_summary(h)->leaks[0].owner, "main.x");
	heap_destroy(h);
}

TEST(paths_of_a_recursion_end)
{
	struct heap *h = heap_create();
	static const int f[3], many[70];
	uint32_t at = step_to(h, 0, &f[0], 0x1, "main", 0);
	at = step_to(h, at, &f[1], 0x2, "f", 5);
	uint32_t once = at = step_to(h, at, &f[2], 0x3, "g", 7);
	at = step_to(h, at, &f[1], 0x4, "f", 8);
	uint32_t end_of_turn = at = step_to(h, at, &f[2], 0x3, "g", 7);
	CHECK_EQ_U(at, once); // g from that line was there
	for (unsigned i = 0; i < 1000; i++) {
		at = step_to(h, at, &f[1], 0x4, "f", 8);
		at = step_to(h, at, &f[2], 0x3, "g", 7);
	}
	CHECK_EQ_U(at, end_of_turn);
	const struct event_leak *leak = leak_of(h, at, &f[2]);
	CHECK_EQ_U(leak->n_path, 3);
	CHECK(leak->path[2].repeats);
	for (unsigned i = 0; i < 70; i++) // longer than what is told
		at = step_to(h, at, &many[i], 0x100 + i, "deep", i);
	leak = leak_of(h, at, &many[69]);
	CHECK(leak->more_path);
	CHECK_EQ_S(leak->path[0].function, "deep");
	heap_forget_keys(h);
	CHECK_EQ_S(heap_summary(h)->leaks[0].path[0].function, "deep");
	for (unsigned i = 0; i < 70000; i++) // no end of paths: some are not told apart
		step_to(h, 0, &many[0], 0x1000 + i, "wide", i);
	CHECK_EQ_U(step_to(h, once, &many[1], 0x1, "wide", 1), once);
	heap_destroy(h);
}

TEST(owners_are_bounded)
{
	struct heap *h = heap_create();
	char name[16];
	call(h, &f_malloc, 10, 0, 0x1000);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		heap_own(h, 0x1000, "main", name);
		heap_own(h, 0x1000, "main", name); // the same again is no other
	}
	struct heap_change c = call(h, &f_free, 0x1000, 0, 0);
	CHECK_EQ_U(c.block.n_owners, BLOCK_OWNERS);
	CHECK(c.block.more_owners);
	CHECK_EQ_S(heap_owner(h, c.block.owners[0]), "main.v0");
	CHECK_EQ_S(heap_owner(h, c.block.owners[BLOCK_OWNERS - 1]), "main.v19");
	heap_destroy(h);
}

/* ---- the dynamic linker's tables ---- */

enum {
	BASE = 0x10000,
	DYNAMIC = BASE,
	SYMTAB = BASE + 0x200,
	STRTAB = BASE + 0x400,
	HASH = BASE + 0x600,
	DEBUG = BASE + 0x800,
	MAP = BASE + 0x900,
	IMAGE_LEN = 0x1000
};

struct image {
	uint8_t bytes[IMAGE_LEN];
};

static size_t image_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct image *image = ctx;
	if (addr < BASE || addr >= BASE + IMAGE_LEN)
		return 0;
	size_t n = BASE + IMAGE_LEN - addr;
	n = n < len ? n : len;
	memcpy(buf, image->bytes + (addr - BASE), n);
	return n;
}

static void put(struct image *image, uint64_t addr, const void *from, size_t len)
{
	memcpy(image->bytes + (addr - BASE), from, len);
}

static void make(struct image *image)
{
	const Elf64_Dyn dynamic[] = {
		{DT_SYMTAB, {SYMTAB}}, {DT_STRTAB, {STRTAB}}, {DT_STRSZ, {32}},
		{DT_HASH, {HASH}},     {DT_DEBUG, {DEBUG}},   {DT_NULL, {0}},
	};
	const Elf64_Sym symbols[] = {
		{0},
		{.st_name = 1, .st_info = STT_FUNC, .st_shndx = 1, .st_value = 0x123},
		{.st_name = 8, .st_info = STT_FUNC, .st_shndx = SHN_UNDEF, .st_value = 0x456},
	};
	const uint32_t hash[] = {1, 3, 2, 0, 0, 1}; // one bucket: 2, then 1
	const uint64_t debug[] = {1, MAP, 0, 0};
	const uint64_t map[] = {0, 0, DYNAMIC, 0, 0};
	memset(image, 0, sizeof(*image));
	put(image, DYNAMIC, dynamic, sizeof(dynamic));
	put(image, SYMTAB, symbols, sizeof(symbols));
	put(image, STRTAB, "\0malloc\0free\0", 13);
	put(image, HASH, hash, sizeof(hash));
	put(image, DEBUG, debug, sizeof(debug));
	put(image, MAP, map, sizeof(map));
}

TEST(dynamic_tables)
{
	struct image image;
	struct memory mem = {image_read, &image};
	struct dynamic_object *list;
	uint64_t debug, at;
	size_t n;
	make(&image);
	CHECK_EQ_I(dynamic_debug(&mem, DYNAMIC, &debug), FT_OK);
	CHECK_EQ_U(debug, DEBUG);
	CHECK_EQ_I(dynamic_objects(&mem, debug, &list, &n), FT_OK);
	CHECK_EQ_U(n, 1);
	CHECK_EQ_I(dynamic_function(&mem, &list[0], "malloc", &at), FT_OK);
	CHECK_EQ_U(at, 0x123);
	CHECK_EQ_I(dynamic_function(&mem, &list[0], "free", &at), FT_NONE); // not defined here
	CHECK_EQ_I(dynamic_function(&mem, &list[0], "calloc", &at), FT_NONE);
	free(list);
	image.bytes[DEBUG - BASE + 24] = 1; // RT_ADD: the list is being changed
	CHECK_EQ_I(dynamic_objects(&mem, debug, &list, &n), FT_NONE);
}

TEST(hostile_dynamic_tables)
{
	struct image image;
	struct memory mem = {image_read, &image};
	struct dynamic_object *list;
	uint64_t at;
	size_t n;
	make(&image);
	const uint64_t circle[] = {0, 0, DYNAMIC, MAP, MAP};
	put(&image, MAP, circle, sizeof(circle));
	CHECK_EQ_I(dynamic_objects(&mem, DEBUG, &list, &n), FT_OK);
	CHECK_EQ_U(n, DYNAMIC_OBJECTS);
	const uint32_t loop[] = {1, 3, 2, 0, 0, 2}; // 2, and then 2 for ever
	put(&image, HASH, loop, sizeof(loop));
	CHECK_EQ_I(dynamic_function(&mem, &list[0], "malloc", &at), FT_NONE);
	struct dynamic_object gnu = list[0];
	gnu.gnu_hash = HASH;
	const uint32_t none[] = {0, 0, 0, 0};
	put(&image, HASH, none, sizeof(none));
	CHECK_EQ_I(dynamic_function(&mem, &gnu, "malloc", &at), FT_NONE);
	gnu.gnu_hash = UINT64_MAX - 4;
	CHECK_EQ_I(dynamic_function(&mem, &gnu, "malloc", &at), FT_NONE);
	free(list);
}

TEST_MAIN
