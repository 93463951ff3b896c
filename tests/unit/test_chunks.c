/*
 * test_chunks.c - glibc's chunks in made-up heaps, whole and broken.
 */
#include "test.h"

#include "memory/chunks.h"

enum { LO = 0x10000, WORDS = 4096 };

struct heap {
	uint64_t words[WORDS];
	uint64_t reads;
};

static size_t read_heap(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct heap *h = ctx;
	h->reads++;
	if (addr < LO || addr >= LO + sizeof(h->words))
		return 0;
	size_t there = LO + sizeof(h->words) - addr;
	if (len > there)
		len = there;
	memcpy(buf, (char *)h->words + (addr - LO), len);
	return len;
}

static void put(struct heap *h, uint64_t at, uint64_t value)
{
	h->words[(at - LO) / 8] = value;
}

/* 0x291, 0x21 (free), 0x31, then the top; 4 KiB in all. */
static struct memory make(struct heap *h)
{
	*h = (struct heap){.reads = 0};
	put(h, LO + 8, 0x291);
	put(h, LO + 0x298, 0x21);
	put(h, LO + 0x2b0, 0x20);
	put(h, LO + 0x2b8, 0x30); // the one before is free
	put(h, LO + 0x2e8, (0x1000 - 0x2e0) | 1);
	return (struct memory){read_heap, h};
}

static void check(const struct memory *m, uint64_t addr, uint64_t block, uint64_t size,
		  enum chunk_state state)
{
	struct chunk c = {.addr = 0};
	CHECK(chunks_in_heap(m, LO, LO + 0x1000, addr, &c));
	CHECK_EQ_U(c.addr, block);
	CHECK_EQ_U(c.size, size);
	CHECK_EQ_I(c.state, state);
}

TEST(blocks_of_a_heap)
{
	struct heap h;
	struct memory m = make(&h);
	check(&m, LO + 0x10, LO + 0x10, 0x288, CHUNK_USED);
	check(&m, LO + 0x297, LO + 0x10, 0x288, CHUNK_USED); // the next one's prev_size is its own
	check(&m, LO + 0x298, LO + 0x2a0, 0x18, CHUNK_HEADER);
	check(&m, LO + 0x2a0, LO + 0x2a0, 0x18, CHUNK_FREE);
	check(&m, LO + 0x2c0, LO + 0x2c0, 0x28, CHUNK_USED);
	check(&m, LO + 0x2f0, LO + 0x2f0, 0x1000 - 0x2f0, CHUNK_TOP);
	check(&m, LO + 0xfff, LO + 0x2f0, 0x1000 - 0x2f0, CHUNK_TOP);
}

/* Nothing but blocks of 32 bytes, and an end that they do not meet. */
static size_t read_endless(void *ctx, uint64_t addr, void *buf, size_t len)
{
	static const uint64_t block[] = {0, 0x21, 0, 0};
	++*(uint64_t *)ctx;
	for (size_t i = 0; i + 8 <= len; i += 8)
		memcpy((char *)buf + i, &block[(addr + i) / 8 % 4], 8);
	return len / 8 * 8;
}

TEST(a_long_heap_is_not_read_from_each_start)
{
	enum { HEAP = 64 << 20, BLOCK = 32, AT_ONCE = 16 * 1024, STARTS = 1024 + 1 };
	uint64_t reads = 0;
	struct memory m = {read_endless, &reads};
	struct chunk c;
	CHECK(!chunks_in_heap(&m, LO, LO + HEAP + 16, LO + 0x10, &c));
	CHECK(reads > HEAP / AT_ONCE);
	CHECK(reads <= (uint64_t)CHUNKS_MAX * BLOCK / AT_ONCE + STARTS);
}

TEST(a_heap_that_does_not_lead_to_its_end)
{
	static const uint64_t sizes[] = {
		0, 1, 0x10, 0x21 | 2, 0x28, 0x1000, 0xfffffffffffffff0, UINT64_MAX, 0xd10};
	struct chunk c;
	for (size_t i = 0; i < FT_COUNT(sizes); i++) {
		struct heap h;
		struct memory m = make(&h);
		put(&h, LO + 0x2b8, sizes[i]);
		CHECK(!chunks_in_heap(&m, LO, LO + 0x1000, LO + 0x10, &c));
	}
	struct heap h;
	struct memory m = make(&h), none = memory_none();
	CHECK(!chunks_in_heap(&m, LO, LO + 0x2000, LO + 0x10, &c)); // a heap of somebody else's
	CHECK(!chunks_in_heap(&m, LO, LO, LO, &c));
	CHECK(!chunks_in_heap(&m, LO + 0x1000, LO, LO, &c));
	CHECK(!chunks_in_heap(&none, LO, LO + 0x1000, LO + 0x10, &c));
	CHECK(!chunks_in_heap(&m, LO, UINT64_MAX, LO + 0x10, &c));
}

TEST(an_arena)
{
	struct heap h = {.reads = 0};
	struct memory m = {read_heap, &h};
	struct chunk c = {.addr = 0};
	uint64_t first = LO + 0x30 + 0x898 + 8; // sizeof(struct malloc_state), aligned
	put(&h, LO, LO + 0x30);
	put(&h, LO + 16, 0x4000);
	put(&h, first + 8, 0x71);
	put(&h, first + 0x78, (LO + 0x4000 - first - 0x70) | 1);
	CHECK(chunks_in_arena(&m, LO, LO + 0x4000, first + 0x20, &c));
	CHECK_EQ_U(c.addr, first + 0x10);
	CHECK_EQ_U(c.size, 0x68);
	put(&h, LO, 0);
	CHECK(!chunks_in_arena(&m, LO, LO + 0x4000, first + 0x20, &c));
}

TEST(a_block_with_a_mapping_of_its_own)
{
	struct heap h = {.reads = 0};
	struct memory m = {read_heap, &h};
	struct chunk c = {.addr = 0};
	put(&h, LO + 8, 0x2000 | 2);
	put(&h, LO + 0x2008, 0x1000 | 2);
	CHECK(chunks_in_mapping(&m, LO, LO + 0x3000, LO + 0x2010, &c));
	CHECK_EQ_U(c.addr, LO + 0x2010);
	CHECK_EQ_U(c.size, 0xff0);
	CHECK_EQ_I(c.state, CHUNK_MAPPED);
	CHECK(chunks_in_mapping(&m, LO, LO + 0x3000, LO + 8, &c));
	CHECK_EQ_I(c.state, CHUNK_HEADER);
	put(&h, LO + 8, 2);
	CHECK(!chunks_in_mapping(&m, LO, LO + 0x3000, LO + 0x10, &c));
	put(&h, LO + 8, UINT64_MAX);
	CHECK(!chunks_in_mapping(&m, LO, LO + 0x3000, LO + 0x10, &c));
}

TEST_MAIN
