/*
 * test_blocks.c - the block table: who holds an address, double and wrong frees, reuse, bounds.
 */
#include "test.h"

#include "memory/blocks.h"

static const struct block *add(struct blocks *b, uint64_t addr, uint64_t size)
{
	struct block block = {.addr = addr, .size = size, .alloc_seq = addr};
	return blocks_add(b, &block);
}

TEST(finds_by_any_byte)
{
	struct blocks *b = blocks_create();
	CHECK_EQ_U(add(b, 0x1000, 24)->number, 1);
	CHECK_EQ_U(add(b, 0x1020, 0)->number, 2);
	CHECK(blocks_at(b, 0xfff) == NULL);
	CHECK_EQ_U(blocks_at(b, 0x1000)->number, 1);
	CHECK_EQ_U(blocks_at(b, 0x1017)->number, 1);
	CHECK(blocks_at(b, 0x1018) == NULL);
	CHECK_EQ_U(blocks_at(b, 0x1020)->number, 2); // malloc(0) has an address of its own
	CHECK_EQ_U(blocks_alive(b), 2);
	CHECK_EQ_U(blocks_alive_bytes(b), 24);
	blocks_destroy(b);
}

TEST(frees)
{
	struct blocks *b = blocks_create();
	struct block was = {.number = 0};
	add(b, 0x1000, 16);
	CHECK_EQ_I(blocks_free(b, 0x1008, 5, 0, &was), BLOCKS_INSIDE);
	CHECK_EQ_U(was.addr, 0x1000);
	CHECK_EQ_I(blocks_free(b, 0x1000, 7, 3, &was), BLOCKS_FREED);
	CHECK_EQ_U(was.free_seq, 7);
	CHECK_EQ_U(was.free_path, 3);
	CHECK(blocks_at(b, 0x1000) == NULL);
	CHECK_EQ_U(blocks_dead_at(b, 0x100f)->number, 1);
	CHECK_EQ_I(blocks_free(b, 0x1000, 9, 4, &was), BLOCKS_TWICE);
	CHECK_EQ_U(was.free_seq, 7); // the earlier one
	CHECK_EQ_I(blocks_free(b, 0x5000, 9, 4, &was), BLOCKS_UNKNOWN);
	CHECK_EQ_U(blocks_alive(b), 0);
	CHECK_EQ_U(blocks_alive_bytes(b), 0);
	blocks_destroy(b);
}

TEST(reuse_buries_the_dead)
{
	struct blocks *b = blocks_create();
	struct block was;
	add(b, 0x1000, 64);
	CHECK_EQ_I(blocks_free(b, 0x1000, 1, 0, &was), BLOCKS_FREED);
	CHECK_EQ_U(add(b, 0x1010, 8)->number, 2);
	CHECK(blocks_dead_at(b, 0x1000) == NULL);
	CHECK_EQ_I(blocks_free(b, 0x1000, 2, 0, &was), BLOCKS_UNKNOWN);
	blocks_destroy(b);
}

TEST(one_that_was_freed_unseen_goes)
{
	struct blocks *b = blocks_create();
	add(b, 0x1000, 64);
	add(b, 0x1020, 64);
	CHECK_EQ_U(blocks_alive(b), 1);
	CHECK_EQ_U(blocks_at(b, 0x1020)->number, 2);
	CHECK(blocks_at(b, 0x1000) == NULL);
	blocks_destroy(b);
}

TEST(the_dead_are_bounded)
{
	struct blocks *b = blocks_create();
	struct block was;
	for (uint64_t i = 0; i < 3 * BLOCKS_DEAD; i++) {
		add(b, 0x10000 + 32 * i, 16);
		CHECK_EQ_I(blocks_free(b, 0x10000 + 32 * i, i, 0, &was), BLOCKS_FREED);
	}
	CHECK(blocks_dead_at(b, 0x10000) == NULL);
	CHECK(blocks_dead_at(b, 0x10000 + 32 * (2 * BLOCKS_DEAD - 1)) == NULL);
	CHECK(blocks_dead_at(b, 0x10000 + 32 * (2 * BLOCKS_DEAD)) != NULL);
	blocks_destroy(b);
}

TEST(lists_by_number)
{
	struct blocks *b = blocks_create();
	struct block *list;
	struct block was;
	size_t n;
	for (uint64_t i = 0; i < 100; i++)
		add(b, 0x100000 - 64 * i, 16);
	for (uint64_t i = 0; i < 100; i += 2)
		CHECK_EQ_I(blocks_free(b, 0x100000 - 64 * i, i, 0, &was), BLOCKS_FREED);
	blocks_list(b, &list, &n);
	CHECK_EQ_U(n, 50);
	for (size_t i = 0; i < n; i++)
		CHECK_EQ_U(list[i].number, 2 * i + 2);
	free(list);
	blocks_destroy(b);
}

TEST(strange_sizes)
{
	struct blocks *b = blocks_create();
	add(b, UINT64_MAX - 8, UINT64_MAX);
	CHECK(blocks_at(b, UINT64_MAX - 1) != NULL);
	add(b, 0, UINT64_MAX);
	CHECK(blocks_at(b, 5) != NULL);
	blocks_destroy(b);
}

TEST_MAIN
