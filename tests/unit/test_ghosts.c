#include "test.h"

#include <string.h>

#include "events/ghosts.h"

enum { BASE = 0x10000, SIZE = 0x4000 };

// A stretch of stack at BASE.
struct fake {
	uint8_t bytes[SIZE];
	unsigned reads;
};

static size_t fake_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct fake *f = ctx;
	f->reads++;
	if (addr < BASE || addr >= BASE + SIZE)
		return 0;
	size_t n = BASE + SIZE - (size_t)addr;
	if (n > len)
		n = len;
	memcpy(buf, f->bytes + (addr - BASE), n);
	return n;
}

static struct memory memory_of(struct fake *f)
{
	return (struct memory){fake_read, f};
}

static void put(struct fake *f, uint64_t addr, uint32_t v)
{
	memcpy(f->bytes + (addr - BASE), &v, sizeof(v));
}

// double(n) whose CFA is at `cfa`: return address, n, a temporary.
static void die(struct ghosts *g, struct fake *f, uint64_t cfa, uint64_t seq)
{
	struct event_slot slots[] = {
		{.address = cfa, .size = 8, .owner = "stack argument", .name = "extra"},
		{.address = cfa - 8, .size = 8, .owner = "return address", .known = true},
		{.address = cfa - 12,
		 .size = 4,
		 .owner = "local",
		 .name = "n",
		 .type = "i32",
		 .value = "48",
		 .known = true},
		{.address = cfa - 16, .size = 4, .owner = "spill"},
		{.address = cfa - 144, .size = 128, .owner = "red zone"},
	};
	struct ghost_frame dead = {
		.function = "double",
		.pushed_seq = seq,
		.popped_seq = seq + 1,
		.slots = slots,
		.n_slots = FT_COUNT(slots),
		.end = cfa,
		.exact = true,
	};
	put(f, cfa - 12, 48);
	struct memory mem = memory_of(f);
	ghosts_add(g, &dead, &mem);
}

static const char *text_at(const struct ghosts *g, uint64_t addr, uint64_t len, struct buf *b)
{
	buf_reset(b);
	return ghosts_text(g, addr, len, b) ? b->s : NULL;
}

TEST(what_dead_bytes_were)
{
	struct fake f = {.reads = 0};
	struct ghosts *g = ghosts_create();
	struct buf b;
	buf_init(&b);
	uint64_t cfa = BASE + 0x1000;
	die(g, &f, cfa, 1);
	CHECK_EQ_S(text_at(g, cfa - 12, 4, &b), "n of double");
	CHECK_EQ_S(text_at(g, cfa - 9, 1, &b), "n of double");
	CHECK_EQ_S(text_at(g, cfa - 16, 16, &b), "return address, n, spill of double");
	CHECK(text_at(g, cfa, 8, &b) == NULL); // above the CFA: the caller's
	CHECK(text_at(g, cfa - 17, 1, &b) == NULL);
	CHECK(text_at(g, cfa - 8, 0, &b) == NULL);
	CHECK(text_at(g, UINT64_MAX - 1, 10, &b) == NULL);
	buf_deinit(&b);
	ghosts_destroy(g);
}

TEST(overwriting_says_who_died)
{
	struct fake f = {.reads = 0};
	struct ghosts *g = ghosts_create();
	struct ghost_list l = {.n = 0};
	struct buf b;
	buf_init(&b);
	uint64_t cfa = BASE + 0x1000;
	die(g, &f, cfa, 1);
	ghosts_overwrite(g, cfa - 14, 4, &l); // half of the spill, half of n
	CHECK_EQ_U(l.n, 2);
	CHECK_EQ_S(l.g[1].name, "n");
	CHECK_EQ_S(l.g[1].value, "48");
	CHECK_EQ_U(l.g[1].bytes, 2);
	CHECK_EQ_U(l.g[1].size, 4);
	CHECK_EQ_U(l.g[1].pushed_seq, 1);
	CHECK_EQ_U(l.g[1].popped_seq, 2);
	CHECK(text_at(g, cfa - 14, 4, &b) == NULL);
	CHECK_EQ_S(text_at(g, cfa - 16, 8, &b), "n, spill of double"); // their other halves
	ghosts_overwrite(g, 0, UINT64_MAX, NULL);
	CHECK(text_at(g, 0, UINT64_MAX, &b) == NULL);
	CHECK_EQ_S(l.g[1].function, "double"); // until the next ghosts_add()
	buf_deinit(&b);
	ghost_list_deinit(&l);
	ghosts_destroy(g);
}

TEST(refreshing_compares_words)
{
	struct fake f = {.reads = 0};
	struct memory mem = memory_of(&f);
	struct ghosts *g = ghosts_create();
	struct ghost_list l = {.n = 0};
	struct buf b;
	buf_init(&b);
	uint64_t cfa = BASE + 0x1000;
	die(g, &f, cfa, 1);
	ghosts_refresh(g, cfa - 144, 144, &mem, &l);
	CHECK_EQ_U(l.n, 0);
	put(&f, cfa - 12, 49); // one byte differs, three are equal: all of n is gone
	f.reads = 0;
	ghosts_refresh(g, cfa - 144, 144, &mem, &l);
	CHECK_EQ_U(f.reads, 1);
	CHECK_EQ_U(l.n, 1);
	CHECK_EQ_S(l.g[0].name, "n");
	CHECK_EQ_U(l.g[0].bytes, 4);
	CHECK_EQ_S(text_at(g, cfa - 16, 16, &b), "return address, spill of double");
	buf_deinit(&b);
	ghost_list_deinit(&l);
	ghosts_destroy(g);
}

// The frame of a later call lies on them; its padding leaves them as they are.
TEST(younger_frames_take_the_place)
{
	struct fake f = {.reads = 0};
	struct memory mem = memory_of(&f);
	struct ghosts *g = ghosts_create();
	struct buf b;
	buf_init(&b);
	uint64_t cfa = BASE + 0x1000;
	die(g, &f, cfa, 1);
	struct event_slot slots[] = {
		{.address = cfa - 8, .size = 8, .owner = "return address"},
		{.address = cfa - 16,
		 .size = 8,
		 .owner = "unknown",
		 .value = "0x7",
		 .unwritten = true},
		{.address = cfa - 24, .size = 8, .owner = "padding", .unwritten = true},
	};
	struct ghost_frame other = {
		.function = "other", .pushed_seq = 3, .slots = slots, .n_slots = 3, .end = cfa};
	put(&f, cfa - 16, 7); // the spill is overwritten, by whomever
	ghosts_add(g, &other, &mem);
	CHECK_EQ_S(text_at(g, cfa - 8, 8, &b), "return address of other");
	CHECK_EQ_S(text_at(g, cfa - 12, 4, &b), "n of double");
	CHECK_EQ_S(text_at(g, cfa - 16, 4, &b), "bytes of other");
	CHECK(text_at(g, cfa - 24, 4, &b) == NULL);
	buf_deinit(&b);
	ghosts_destroy(g);
}

TEST(what_cannot_be_read_is_no_ghost)
{
	struct fake f = {.reads = 0};
	struct memory mem = memory_of(&f);
	struct ghosts *g = ghosts_create();
	struct event_slot slots[] = {
		{.address = BASE - 4, .size = 8, .owner = "local", .name = "low"},
		{.address = BASE + SIZE - 4, .size = 8, .owner = "local", .name = "high"},
		{.address = UINT64_MAX - 3, .size = 4, .owner = "local", .name = "end"},
	};
	struct ghost_frame dead = {
		.function = "f", .slots = slots, .n_slots = 3, .end = UINT64_MAX};
	struct buf b;
	buf_init(&b);
	ghosts_add(g, &dead, &mem);
	CHECK(text_at(g, BASE - 4, 8, &b) == NULL);
	CHECK_EQ_S(text_at(g, BASE + SIZE - 4, 8, &b), "high of f");
	CHECK(text_at(g, BASE + SIZE, 4, &b) == NULL);
	ghosts_refresh(g, 0, UINT64_MAX, &mem, NULL);
	CHECK_EQ_S(text_at(g, BASE + SIZE - 4, 8, &b), "high of f");
	buf_deinit(&b);
	ghosts_destroy(g);
}

static uint64_t known_bytes(const struct ghosts *g)
{
	struct ghost_list l = {.n = 0};
	uint64_t sum = 0;
	ghosts_list(g, 0, UINT64_MAX, &l);
	for (size_t i = 0; i < l.n; i++)
		sum += l.g[i].bytes;
	ghost_list_deinit(&l);
	return sum;
}

TEST(the_oldest_are_forgotten)
{
	struct fake f = {.reads = 0};
	struct memory mem = memory_of(&f);
	struct ghosts *g = ghosts_create();
	struct buf b;
	buf_init(&b);
	for (unsigned i = 0; i < 2 * GHOST_FRAMES; i++)
		die(g, &f, BASE + 0x1000 + 16 * i, 2 * i);
	CHECK(text_at(g, BASE + 0xff0, 16, &b) == NULL);
	CHECK_EQ_U(known_bytes(g), 16 * GHOST_FRAMES);
	for (unsigned i = 0; i < 40; i++) { // 40 arrays of which 4 KiB each are remembered
		struct event_slot big = {
			.address = BASE + 64 * i, .size = 1 << 20, .owner = "local"};
		struct ghost_frame dead = {.function = "big",
					   .pushed_seq = 1000 + i,
					   .slots = &big,
					   .n_slots = 1,
					   .end = UINT64_MAX};
		ghosts_add(g, &dead, &mem);
		CHECK(known_bytes(g) <= GHOST_BYTES);
	}
	CHECK_EQ_S(text_at(g, BASE + 64 * 39, 1, &b), "local of big");
	buf_deinit(&b);
	ghosts_destroy(g);
}

TEST_MAIN
