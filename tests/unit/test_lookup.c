/*
 * test_lookup.c - elements are found by their hash, also where hashes are the same.
 */
#include "base/lookup.h"

#include "test.h"

enum { MANY = 10000 };

/* How often an element is given for a hash. */
static unsigned times(const struct lookup *l, uint64_t hash, size_t number)
{
	size_t probe = 0, i;
	unsigned n = 0;

	while ((i = lookup_next(l, hash, &probe)) != SIZE_MAX)
		n += i == number;
	return n;
}

TEST(empty)
{
	struct lookup l = {.n = 0};
	size_t probe = 0;

	CHECK(lookup_next(&l, 0, &probe) == SIZE_MAX);
	lookup_clear(&l);
	lookup_deinit(&l);
}

TEST(each_is_found_once)
{
	struct lookup l = {.n = 0};

	for (size_t i = 0; i < MANY; i++)
		lookup_add(&l, i << 32 | 7, i); // as keys that differ in their upper half only
	for (size_t i = 0; i < MANY; i++)
		CHECK_EQ_U(times(&l, i << 32 | 7, i), 1);
	CHECK_EQ_U(times(&l, (uint64_t)MANY << 32 | 7, MANY), 0);
	lookup_deinit(&l);
}

TEST(all_of_one_hash_are_given)
{
	struct lookup l = {.n = 0};

	for (size_t i = 0; i < 100; i++)
		lookup_add(&l, 42, i);
	lookup_add(&l, 43, 100);
	for (size_t i = 0; i < 100; i++)
		CHECK_EQ_U(times(&l, 42, i), 1);
	CHECK_EQ_U(times(&l, 42, 100), 0);
	CHECK_EQ_U(times(&l, 43, 100), 1);
	lookup_deinit(&l);
}

TEST(nothing_is_left_when_cleared)
{
	struct lookup l = {.n = 0};

	for (size_t i = 0; i < 1000; i++)
		lookup_add(&l, i, i);
	lookup_clear(&l);
	CHECK_EQ_U(times(&l, 5, 5), 0);
	lookup_add(&l, 5, 6);
	CHECK_EQ_U(times(&l, 5, 6), 1);
	CHECK_EQ_U(times(&l, 5, 5), 0);
	lookup_deinit(&l);
}

TEST(hashes_tell_where_a_text_ends)
{
	CHECK(hash_text(hash_text(0, "ab"), "c") != hash_text(hash_text(0, "a"), "bc"));
	CHECK(hash_text(0, "a") != hash_text(0, "b"));
	CHECK_EQ_U(hash_text(0, NULL), hash_text(0, ""));
	CHECK(hash_word(0, 1) != hash_word(1, 0));
	CHECK(hash_word(0, 1) != hash_word(0, 2));
}

TEST_MAIN
