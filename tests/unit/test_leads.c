/*
 * test_leads.c - words on where pointers lead are found in texts, and nothing else is taken for
 * them.
 */
#include "test.h"

#include <string.h>

#include "events/leads.h"

static struct lead last;

// "x of f" becomes "NEW"; "gone" nothing.
static bool say(void *ctx, const struct lead *lead, struct buf *out)
{
	(void)ctx;
	last = *lead;
	if (lead->len == 4 && memcmp(lead->words, "gone", 4) == 0)
		return true;
	if (lead->len != 6 || memcmp(lead->words, "x of f", 6) != 0)
		return false;
	buf_str(out, "NEW");
	return true;
}

static const struct leads_by by = {say, NULL};

TEST(parts)
{
	struct leads l = {.n = 0};
	static const struct {
		const char *full, *expected;
		uint64_t address;
	} cases[] = {
		{"0x10\tpoints to = 0x20 (x of f)   int *", "0x10\tpoints to = 0x20 (NEW)   int *",
		 0x20},
		{"0x10\tp = 0x20 (gone)   int *, +8", "0x10\tp = 0x20   int *, +8", 0x20},
		{"\tr = Some(3) (x of f)", "\tr = Some(3) (NEW)", 0},
		{"0x10\tp = 0x20 \"(x of f)\" (x of f)\n\tq = 1",
		 "0x10\tp = 0x20 \"(x of f)\" (NEW)\n\tq = 1", 0x20},
		{"0x10\ts = \"a\\\" (x of f)\"   char *", NULL, 0},
		{"0x10\tf = 0x20 (x of f", NULL, 0},
		{"0x10\tf = 0x20   int (*)(x of f)", NULL, 0},
		{"", NULL, 0},
	};
	for (size_t i = 0; i < FT_COUNT(cases); i++) {
		leads_reset(&l);
		last = (struct lead){.len = 0};
		const char *expected = cases[i].expected ? cases[i].expected : cases[i].full;
		CHECK_EQ_S(leads_full(&l, cases[i].full, by), expected);
		CHECK(last.address == cases[i].address);
	}
	CHECK(leads_full(&l, NULL, by) == NULL);
	leads_deinit(&l);
}

TEST(tree)
{
	struct leads l = {.n = 0};
	struct event_value v = {
		.pointer = 0x30,
		.points_to = "gone",
		.json = "{\"kind\":\"pointer\",\"value\":\"0x20\",\"points_to\":\"x of "
			"f\",\"children\":["
			"{\"kind\":\"string\",\"value\":\"\\\",\\\"points_to\\\":\\\"x of f\\\"\"},"
			"{\"kind\":\"scalar\",\"value\":\"1\",\"points_to\":\"gone\"}]}"};
	leads_value(&l, &v, by);
	CHECK(v.points_to == NULL);
	CHECK_EQ_S(v.json,
		   "{\"kind\":\"pointer\",\"value\":\"0x20\",\"points_to\":\"NEW\",\"children\":["
		   "{\"kind\":\"string\",\"value\":\"\\\",\\\"points_to\\\":\\\"x of f\\\"\"},"
		   "{\"kind\":\"scalar\",\"value\":\"1\"}]}");
	leads_deinit(&l);
}

TEST(address_of_a_node)
{
	struct leads l = {.n = 0};
	static const struct {
		const char *json;
		uint64_t address;
	} cases[] = {
		{"{\"kind\":\"pointer\",\"value\":\"0x20 \\\"a{\\\"\",\"points_to\":\"x\"}", 0x20},
		{"{\"kind\":\"pointer\",\"value\":\"0x20\",\"address\":\"0x8\",\"points_to\":"
		 "\"x\"}",
		 0x20},
		{"{\"kind\":\"pointer\",\"value\":\"0x20\",\"children\":[{\"kind\":\"struct\","
		 "\"label\":\"value\",\"points_to\":\"x\"}]}",
		 0},
		{"\"value\":\"0x20\",\"points_to\":\"x\",\"points_to\":\"y\"", 0},
	};
	for (size_t i = 0; i < FT_COUNT(cases); i++) {
		struct event_value v = {.json = cases[i].json};
		leads_reset(&l);
		last = (struct lead){.len = 0};
		leads_value(&l, &v, by);
		CHECK(last.len == 1);
		CHECK(last.address == cases[i].address);
	}
	leads_deinit(&l);
}

// A stranger's text, of which each bracket is open to its end: the words behind are left alone.
TEST(open_brackets)
{
	enum { OPEN = 1 << 20 };
	struct leads l = {.n = 0};
	struct buf text;
	buf_init(&text);
	for (int i = 0; i < OPEN; i++)
		buf_str(&text, " (");
	CHECK(leads_full(&l, text.s, by) == text.s);
	buf_deinit(&text);
	leads_deinit(&l);
}

TEST(mappings)
{
	struct leads_map m = {.n = 0};
	struct buf out;
	struct event_region regions[] = {{.lo = 0x1000, .hi = 0x2000, .path = "[heap]"},
					 {.lo = 0x3000, .hi = 0x5000, .path = ""},
					 {.lo = 0x6000, .hi = 0x7000, .path = "[stack]"}};
	struct event_map map = {.regions = regions, .n = FT_COUNT(regions)};
	static const struct {
		uint64_t address;
		bool heap;
		int stack_of;
		const char *expected;
	} cases[] = {
		{0x1000, true, 0, "brk heap, no block seen"},
		{0x1fff, false, 0, "brk heap"},
		{0x3000, true, 0, "mmap area of 8 KiB"},
		{0x4fff, true, 7, "thread stack of 7"},
		{0x6fff, true, 7, "main stack"},
		{0x2000, true, 0, "not mapped"},
	};
	buf_init(&out);
	leads_map_say(&m, 0x1000, true, 0, &out);
	CHECK_EQ_S(out.s, ""); // no map was seen
	leads_map_note(&m, &map);
	for (size_t i = 0; i < FT_COUNT(cases); i++) {
		buf_reset(&out);
		leads_map_say(&m, cases[i].address, cases[i].heap, cases[i].stack_of, &out);
		CHECK_EQ_S(out.s, cases[i].expected);
	}
	buf_deinit(&out);
	leads_map_deinit(&m);
}

TEST_MAIN
