/*
 * test_space.c - /proc/PID/maps as text, what is at an address, where slots may go.
 */
#include "test.h"

#include <errno.h>
#include <unistd.h>

#include "memory/space.h"

/* Recorded on Linux 6.18, some lines of a kind left out. */
static const char pie_no_aslr[] =
	"555555554000-555555555000 r--p 00000000 fe:01 42    /tmp/pie\n"
	"555555555000-555555556000 r-xp 00001000 fe:01 42    /tmp/pie\n"
	"555555556000-555555557000 r--p 00002000 fe:01 42    /tmp/pie\n"
	"555555557000-555555559000 rw-p 00002000 fe:01 42    /tmp/pie\n"
	"555555559000-55555557a000 rw-p 00000000 00:00 0     [heap]\n"
	"7ffff7dbd000-7ffff7dc0000 rw-p 00000000 00:00 0 \n"
	"7ffff7dc0000-7ffff7de6000 r--p 00000000 fe:00 332835  "
	"/usr/lib/x86_64-linux-gnu/libc.so.6\n"
	"7ffff7de6000-7ffff7f3c000 r-xp 00026000 fe:00 332835  "
	"/usr/lib/x86_64-linux-gnu/libc.so.6\n"
	"7ffff7f3c000-7ffff7f95000 rw-p 001d3000 fe:00 332835  "
	"/usr/lib/x86_64-linux-gnu/libc.so.6\n"
	"7ffff7fc1000-7ffff7fc5000 r--p 00000000 00:00 0     [vvar]\n"
	"7ffff7fc5000-7ffff7fc7000 r-xp 00000000 00:00 0     [vdso]\n"
	"7ffff7fc7000-7ffff7fc8000 r--p 00000000 fe:00 332383  /usr/lib/x86_64-linux-gnu/ld.so\n"
	"7ffff7fc8000-7ffff7ffe000 r-xp 00001000 fe:00 332383  /usr/lib/x86_64-linux-gnu/ld.so\n"
	"7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0     [stack]\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n";

/* At the first instruction: no libc, no heap. */
static const char pie_start[] =
	"555555554000-555555555000 r--p 00000000 fe:01 42    /tmp/pie\n"
	"555555555000-555555556000 r-xp 00001000 fe:01 42    /tmp/pie\n"
	"555555557000-555555559000 rw-p 00002000 fe:01 42    /tmp/pie\n"
	"7ffff7fc1000-7ffff7fc5000 r--p 00000000 00:00 0     [vvar]\n"
	"7ffff7fc5000-7ffff7fc7000 r-xp 00000000 00:00 0     [vdso]\n"
	"7ffff7fc7000-7ffff7ffe000 r-xp 00001000 fe:00 332383  /usr/lib/x86_64-linux-gnu/ld.so\n"
	"7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0     [stack]\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n";

static const char pie_aslr[] =
	"557af9733000-557af9735000 r--p 00000000 fe:00 247134  /usr/bin/cat\n"
	"557af9735000-557af973a000 r-xp 00002000 fe:00 247134  /usr/bin/cat\n"
	"557af973e000-557af973f000 rw-p 0000a000 fe:00 247134  /usr/bin/cat\n"
	"557b04514000-557b04535000 rw-p 00000000 00:00 0     [heap]\n"
	"7ff50421c000-7ff50423e000 rw-p 00000000 00:00 0 \n"
	"7ff50429f000-7ff5042c5000 r--p 00000000 fe:00 332835  "
	"/usr/lib/x86_64-linux-gnu/libc.so.6\n"
	"7ff5042c5000-7ff504474000 r-xp 00026000 fe:00 332835  "
	"/usr/lib/x86_64-linux-gnu/libc.so.6\n"
	"7ff504494000-7ff504496000 r-xp 00000000 00:00 0     [vdso]\n"
	"7ff504496000-7ff5044cb000 r-xp 00000000 fe:00 332383  /usr/lib/x86_64-linux-gnu/ld.so\n"
	"7ffdbfa1f000-7ffdbfa40000 rw-p 00000000 00:00 0     [stack]\n";

static const char non_pie[] =
	"00400000-00401000 r--p 00000000 fe:01 43                /tmp/nopie\n"
	"00401000-00402000 r-xp 00001000 fe:01 43                /tmp/nopie\n"
	"00403000-00405000 rw-p 00002000 fe:01 43                /tmp/nopie\n"
	"7ffff7fc7000-7ffff7ffe000 r-xp 00001000 fe:00 332383  /usr/lib/x86_64-linux-gnu/ld.so\n"
	"7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0     [stack]\n";

static const char static_exe[] =
	"00400000-00401000 r--p 00000000 fe:01 44                /tmp/static\n"
	"00401000-0047b000 r-xp 00001000 fe:01 44                /tmp/static\n"
	"0047b000-004a2000 r--p 0007b000 fe:01 44                /tmp/static\n"
	"004a3000-004ab000 rw-p 000a2000 fe:01 44                /tmp/static\n"
	"004ab000-004d2000 rw-p 00000000 00:00 0                 [heap]\n"
	"7ffff7ff9000-7ffff7ffd000 r--p 00000000 00:00 0       [vvar]\n"
	"7ffff7ffd000-7ffff7fff000 r-xp 00000000 00:00 0       [vdso]\n"
	"7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0       [stack]\n";

static struct space parsed(const char *text)
{
	struct space s = {0};

	ft_error_clear();
	CHECK_EQ_I(space_parse(text, strlen(text), &s), FT_OK);
	return s;
}

TEST(lines)
{
	struct space s =
		parsed("00400000-00401000 r--p 00001000 fe:0a 123456789012    /tmp/a b  c\n"
		       "00402000-00403000 rwxs 00000000 00:00 0 \n"
		       "00403000-00404000 ---p 00000000 00:00 0\n"
		       "00404000-00405000 r-xp 00000000 08:01 7   /tmp/new\\012line (deleted)\n"
		       "00405000-00406000 rw-s 00000000 00:01 2055   /memfd:x (y) (deleted)\n"
		       "00406000-00407000 rw-p 00000000 00:00 0      [heap]\n"
		       "00407000-00408000 rw-p 00000000 00:00 0      [anon:my name]");

	CHECK_EQ_U(s.n, 7);
	if (s.n != 7)
		return;
	CHECK_EQ_U(s.r[0].lo, 0x400000);
	CHECK_EQ_U(s.r[0].hi, 0x401000);
	CHECK(s.r[0].r && !s.r[0].w && !s.r[0].x && !s.r[0].shared);
	CHECK_EQ_U(s.r[0].off, 0x1000);
	CHECK_EQ_U(s.r[0].dev_major, 0xfe);
	CHECK_EQ_U(s.r[0].dev_minor, 10);
	CHECK_EQ_U(s.r[0].inode, 123456789012);
	CHECK_EQ_S(s.r[0].path, "/tmp/a b  c");
	CHECK(s.r[1].r && s.r[1].w && s.r[1].x && s.r[1].shared);
	CHECK_EQ_S(s.r[1].path, "");
	CHECK(!s.r[2].r && !s.r[2].w && !s.r[2].x && !s.r[2].shared);
	CHECK_EQ_S(s.r[2].path, "");
	CHECK_EQ_S(s.r[3].path, "/tmp/new\nline");
	CHECK(s.r[3].deleted && !s.r[0].deleted);
	CHECK_EQ_S(s.r[4].path, "/memfd:x (y)");
	CHECK_EQ_S(s.r[5].path, "[heap]");
	CHECK_EQ_S(s.r[6].path, "[anon:my name]");
	space_deinit(&s);
}

TEST(overlapping_lines_are_clipped)
{
	// The kernel tells the list in pieces; a mapping that grew meanwhile is told of again.
	struct space s = parsed("1000-3000 r-xp 0 0:0 0\n2000-4000 r-xp 0 0:0 0\n"
				"2000-3000 r-xp 0 0:0 0\n5000-6000 r-xp 0 0:0 0\n");
	CHECK_EQ_U(s.n, 3);
	CHECK_EQ_U(s.r[1].lo, 0x3000);
	CHECK_EQ_U(s.r[1].hi, 0x4000);
	CHECK_EQ_U(s.r[2].lo, 0x5000);
	space_deinit(&s);
}

TEST(broken_lines_fail)
{
	static const char *const bad[] = {
		"x\n",
		"\n",
		"00400000\n",
		"00400000-\n",
		"00400000-00401000\n",
		"00400000-00401000 \n",
		"00400000-00401000 r-x\n",
		"00400000-00401000 r-xp\n",
		"00400000-00401000 r-xp 0\n",
		"00400000-00401000 r-xp 0 0:0\n",
		"00400000-00401000 r-xp 0 0:0 \n",
		"00400000-00401000 r-xp 0 0:0 abc\n",
		"00401000-00400000 r-xp 0 0:0 0\n",
		"00401000-00401000 r-xp 0 0:0 0\n",
		"10000000000000000-10000000000001000 r-xp 0 0:0 0\n",
	};

	for (size_t i = 0; i < FT_COUNT(bad); i++) {
		struct space s = {.n = 99};
		ft_error_clear();
		if (space_parse(bad[i], strlen(bad[i]), &s) != FT_FAIL)
			CHECK_EQ_S(bad[i], "refused");
		CHECK_EQ_U(s.n, 99);
		CHECK(strstr(ft_error(), "maps: line "));
	}
	ft_error_clear();
	struct space s = parsed("");
	CHECK_EQ_U(s.n, 0);
	CHECK(!space_at(&s, 0));
	space_deinit(&s);
}

TEST(lookup)
{
	struct space s = parsed(pie_no_aslr);

	CHECK_EQ_U(s.n, 15);
	for (size_t i = 0; i < s.n; i++) {
		CHECK(space_at(&s, s.r[i].lo) == &s.r[i]);
		CHECK(space_at(&s, s.r[i].hi - 1) == &s.r[i]);
		CHECK(space_at(&s, s.r[i].lo + 0x800) == &s.r[i]);
	}
	CHECK(!space_at(&s, 0));
	CHECK(!space_at(&s, 0x555555553fff));
	CHECK(!space_at(&s, 0x55555557a000));
	CHECK(!space_at(&s, 0x7ffff7fc0fff));
	CHECK(!space_at(&s, UINT64_MAX));
	space_deinit(&s);
}

TEST(many_lines)
{
	enum { LINES = 70000 };
	char *text = malloc(LINES * 64), *p = text;

	for (unsigned i = 0; i < LINES; i++)
		p += sprintf(p, "%x-%x r--p 00000000 00:00 0 \n", 0x10000 + i * 0x2000,
			     0x10000 + i * 0x2000 + 0x1000);
	struct space s = parsed(text);
	CHECK_EQ_U(s.n, LINES);
	CHECK(space_at(&s, 0x10000 + 60000 * 0x2000) == &s.r[60000]);
	CHECK(!space_at(&s, 0x11000 + 60000 * 0x2000));
	space_deinit(&s);
	free(text);
}

TEST(ourselves)
{
	struct space s;
	int here = 0;

	CHECK_EQ_I(space_read(getpid(), &s), FT_OK);
	const struct region *stack = space_at(&s, (uintptr_t)&here);
	const struct region *code = space_at(&s, (uintptr_t)&strlen);
	CHECK(stack && stack->r && stack->w && !strcmp(stack->path, "[stack]"));
	CHECK(code && code->x);
	space_deinit(&s);
	CHECK_EQ_I(space_read(0x3fffffff, &s), FT_NONE);
}

/* What every answer must keep to; then where it is. */
static uint64_t gap_in(const struct space *s, uint64_t lo, uint64_t hi, uint64_t len)
{
	const uint64_t far = 0x7fff0000;
	uint64_t at = 0;

	CHECK_EQ_I(space_gap_near(s, lo, hi, len, &at), FT_OK);
	CHECK_EQ_U(at % 4096, 0);
	CHECK(at >= 0x10000);
	for (size_t i = 0; i < s->n; i++)
		CHECK(at + len <= s->r[i].lo || at >= s->r[i].hi);
	CHECK(at >= hi || hi - at <= far);
	CHECK(at < lo || at + len - lo <= far);
	return at;
}

static uint64_t gap(const char *text, uint64_t lo, uint64_t hi, uint64_t len)
{
	struct space s = parsed(text);
	uint64_t at = gap_in(&s, lo, hi, len);

	space_deinit(&s);
	return at;
}

TEST(gap_below_a_pie)
{
	const uint64_t gib = 1 << 30;

	CHECK_EQ_U(gap(pie_no_aslr, 0x555555554000, 0x555555559000, 0x3000),
		   0x555555554000 - gib - 0x3000);
	CHECK_EQ_U(gap(pie_start, 0x555555554000, 0x555555559000, 0x2001),
		   0x555555554000 - gib - 0x3000);
	CHECK_EQ_U(gap(pie_aslr, 0x557af9733000, 0x557af973f000, 0x1000),
		   0x557af9733000 - gib - 0x1000);
	CHECK_EQ_U(gap(pie_no_aslr, 0x555555554000, 0x555555559000, 64 << 20),
		   0x555555554000 - gib - (64 << 20));
}

TEST(gap_below_the_libraries)
{
	const uint64_t gib = 1 << 30;

	CHECK_EQ_U(gap(pie_no_aslr, 0x7ffff7dc0000, 0x7ffff7f95000, 0x1000),
		   0x7ffff7dbd000 - gib - 0x1000);
	CHECK_EQ_U(gap(pie_start, 0x7ffff7fc7000, 0x7ffff7ffe000, 0x1000),
		   0x7ffff7fc1000 - gib - 0x1000);
	CHECK_EQ_U(gap(pie_aslr, 0x7ff50429f000, 0x7ff504474000, 0x10000),
		   0x7ff50421c000 - gib - 0x10000);
}

TEST(gap_of_a_fixed_program_is_under_it)
{
	CHECK_EQ_U(gap(non_pie, 0x400000, 0x405000, 0x1000), 0x400000 - 0x100000 - 0x1000);
	CHECK_EQ_U(gap(static_exe, 0x400000, 0x4ab000, 0x200000), 0x400000 - 0x100000 - 0x200000);
	CHECK_EQ_U(gap(static_exe, 0x400000, 0x4ab000, 0x3e0000), 0x400000 - 0x10000 - 0x3e0000);
}

/* More than fits below: far above, where the heap does not come soon. */
TEST(gap_of_a_fixed_program_with_many_sites)
{
	CHECK(gap(static_exe, 0x400000, 0x4ab000, 0x400000) >= 0x4d2000 + (1 << 30));
	CHECK(gap(non_pie, 0x400000, 0x405000, 0x1000000) >= 0x405000 + (1 << 30));
}

/* Each answer is mapped, then the next one asked for, as modules come and go. */
TEST(gaps_one_after_the_other)
{
	struct space s = parsed(pie_no_aslr);

	s.r = realloc(s.r, (s.n + 50) * sizeof(*s.r));
	for (int round = 0; round < 40; round++) {
		uint64_t at = gap_in(&s, 0x7ffff7dc0000, 0x7ffff7f95000, 0x2000);
		size_t i = 0;
		CHECK(at < 0x7ffff7dbd000); // never into the stack's hole
		while (i < s.n && s.r[i].lo < at)
			i++;
		memmove(&s.r[i + 1], &s.r[i], (s.n - i) * sizeof(*s.r));
		s.r[i] = (struct region){.lo = at, .hi = at + 0x2000, .x = true, .path = ""};
		s.n++;
	}
	space_deinit(&s);
}

/* A mapping of 8 GiB right below the library, its neighbours above, then the stack's hole. */
TEST(gap_between_mappings_as_a_last_resort)
{
	static const char crowded[] = "400000000000-500000000000 rw-p 00000000 00:00 0 \n"
				      "500000010000-500000100000 r-xp 00000000 fe:00 1 /lib/a.so\n"
				      "500000180000-500000200000 r-xp 00000000 fe:00 1 /lib/b.so\n"
				      "508000000000-508000021000 rw-p 00000000 00:00 0 [stack]\n";
	static const char full[] = "400000000000-500000000000 rw-p 00000000 00:00 0 [heap]\n"
				   "500000000000-500000100000 r-xp 00000000 fe:00 1 /lib/a.so\n"
				   "508000000000-508000021000 rw-p 00000000 00:00 0 [stack]\n";
	struct space s = parsed(full);
	uint64_t at = 77;

	CHECK_EQ_I(space_gap_near(&s, 0x500000000000, 0x500000100000, 0x1000, &at), FT_NONE);
	CHECK_EQ_I(space_gap_near(&s, 0x500000000000, 0x500000000000, 0x1000, &at), FT_NONE);
	CHECK_EQ_I(space_gap_near(&s, 0x500000000000, 0x500000100000, 0, &at), FT_NONE);
	CHECK_EQ_I(space_gap_near(&s, 0x500000000000, 0x500100000000, 0x1000, &at), FT_NONE);
	CHECK_EQ_U(at, 77);
	space_deinit(&s);
	s = parsed(crowded);
	CHECK_EQ_I(space_gap_near(&s, 0x500000180000, 0x500000200000, 0x1000, &at), FT_NONE);
	space_deinit(&s);
	char *with_heap = xasprintf("1000000-1001000 rw-p 00000000 00:00 0 [heap]\n%s", crowded);
	s = parsed(with_heap);
	at = gap_in(&s, 0x500000180000, 0x500000200000, 0x1000);
	CHECK_EQ_U(at, 0x500000180000 - 0x40000 - 0x1000);
	space_deinit(&s);
	free(with_heap);
}

TEST_MAIN
