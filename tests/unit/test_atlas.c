/*
 * test_atlas.c - what each mapping is, by recorded smaps and made-up images; /proc texts.
 */
#include "test.h"

#include <signal.h>

#include "base/base.h"
#include "memory/atlas.h"

/* Of a Rust program with one thread beside the main one; some lines left out. */
static const char smaps[] =
	"555555554000-555555568000 r--p 00000000 fe:01 42   /home/a b/demo\n"
	"Size:                 80 kB\n"
	"KernelPageSize:        4 kB\n"
	"Rss:                  64 kB\n"
	"Swap:                  8 kB\n"
	"VmFlags: rd mr mw me \n"
	"555555568000-5555555a8000 r-xp 00013000 fe:01 42   /home/a b/demo\n"
	"5555555a8000-5555555ac000 r--p 00052000 fe:01 42   /home/a b/demo\n"
	"5555555ac000-5555555ad000 rw-p 00055000 fe:01 42   /home/a b/demo\n"
	"5555555ad000-5555555ae000 rw-p 00000000 00:00 0 \n"
	"5555555ae000-5555555cf000 rw-p 00000000 00:00 0    [heap]\n"
	"7ffff0000000-7ffff0021000 rw-p 00000000 00:00 0 \n"
	"7ffff0021000-7ffff4000000 ---p 00000000 00:00 0 \n"
	"7ffff7000000-7ffff7001000 ---p 00000000 00:00 0 \n"
	"7ffff7001000-7ffff7201000 rw-p 00000000 00:00 0 \n"
	"7ffff7300000-7ffff7301000 ---p 00000000 00:00 0 \n"
	"7ffff7301000-7ffff7303000 rw-p 00000000 00:00 0 \n"
	"7ffff7400000-7ffff7401000 rw-s 00000000 00:01 7    /memfd:shm (deleted)\n"
	"7ffff7500000-7ffff7501000 r--s 00000000 fe:01 9    /home/data\n"
	"7ffff7600000-7ffff7800000 rw-p 00000000 00:0f 11   /anon_hugepage (deleted)\n"
	"Size:               2048 kB\n"
	"KernelPageSize:     2048 kB\n"
	"7ffff7fc5000-7ffff7fc7000 r-xp 00000000 00:00 0    [vdso]\n"
	"7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0    [stack]\n"
	"VmFlags: rd wr mr mw me gd ac \n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n";

static const struct image_part parts[] = {
	{0x555555554000, 0x555555554040, "ELF header", IMAGE_HEADERS},
	{0x555555554300, 0x555555560000, ".rodata", IMAGE_READ_ONLY},
	{0x555555568000, 0x5555555a7000, ".text", IMAGE_CODE},
	{0x5555555a8000, 0x5555555aa000, ".data.rel.ro", IMAGE_RELRO},
	{0x5555555ac000, 0x5555555ac100, ".data", IMAGE_DATA},
	{0x5555555ac100, 0x5555555ae000, ".bss", IMAGE_BSS},
};

static const struct image images[] = {
	{.path = "/home/a b/demo",
	 .name = "demo",
	 .is_program = true,
	 .lo = 0x555555554000,
	 .hi = 0x5555555ae000,
	 .parts = parts,
	 .n_parts = FT_COUNT(parts)},
};

/* A word at an address; everything else reads as 0 where `lo` to `hi` is. */
struct word {
	uint64_t at, value;
};

static const struct word words[] = {
	{0x7ffff0000000, 0x7ffff0000030},			  // heap_info.ar_ptr
	{0x7ffff0000010, 0x21000},				  // .size
	{0x7ffff7200700, 0x7ffff7200700},			  // struct pthread: itself
	{0x7ffff7200710, 0x7ffff7200700}, {0x7ffff72009d0, 4712}, // its tid
};

static size_t read_words(void *ctx, uint64_t addr, void *buf, size_t len)
{
	(void)ctx;
	for (size_t k = 0; k < len; k++) {
		uint8_t byte = 0;
		for (size_t i = 0; i < FT_COUNT(words); i++)
			if (addr + k >= words[i].at && addr + k < words[i].at + 8)
				byte = (uint8_t)(words[i].value >> 8 * (addr + k - words[i].at));
		((uint8_t *)buf)[k] = byte;
	}
	return len;
}

struct world {
	struct space space;
	struct process process;
	struct process_thread threads[2];
	struct atlas atlas;
};

static void make(struct world *w, uint64_t tid_off)
{
	*w = (struct world){.threads = {{.tid = 4711, .name = "demo", .sp = 0x7fffffffe000},
					{.tid = 4712, .name = "worker"}}};
	CHECK(space_parse(smaps, sizeof(smaps) - 1, &w->space) == FT_OK);
	w->process = (struct process){.pid = 4711, .stack_limit = 8 << 20, .n_threads = 2};
	w->process.threads = w->threads;
	struct atlas_input in = {
		.space = &w->space,
		.process = &w->process,
		.images = images,
		.n_images = FT_COUNT(images),
		.memory = {read_words, NULL},
		.pthread_tid_off = tid_off,
	};
	atlas_init(&w->atlas, &in);
}

static void unmake(struct world *w)
{
	atlas_deinit(&w->atlas);
	space_deinit(&w->space);
}

static const struct atlas_row *at(const struct world *w, uint64_t addr)
{
	const struct atlas_row *row = atlas_at(&w->atlas, addr);
	CHECK(row != NULL);
	return row ? row : &w->atlas.rows[0];
}

TEST(sizes_of_smaps)
{
	struct world w;
	make(&w, 0);
	const struct region *r = &w.space.r[0];
	CHECK(r->has_sizes);
	CHECK_EQ_U(r->resident, 64 * 1024);
	CHECK_EQ_U(r->swapped, 8 * 1024);
	CHECK_EQ_U(r->page, 4096);
	CHECK(!r->grows_down);
	CHECK(!w.space.r[1].has_sizes);
	CHECK(space_at(&w.space, 0x7fffffffe000)->grows_down);
	CHECK_EQ_U(space_user_end(&w.space), 0x7ffffffff000);
	unmake(&w);
}

TEST(an_image_by_its_parts)
{
	struct world w;
	make(&w, 0);
	CHECK_EQ_I(at(&w, 0x555555554000)->kind, REGION_READ_ONLY);
	CHECK_EQ_U(at(&w, 0x555555554000)->n_parts, 2);
	CHECK_EQ_I(at(&w, 0x555555568000)->kind, REGION_CODE);
	CHECK_EQ_I(at(&w, 0x5555555a8000)->kind, REGION_RELRO);
	CHECK_EQ_I(at(&w, 0x5555555ac000)->kind, REGION_DATA);
	CHECK_EQ_U(at(&w, 0x5555555ac000)->n_parts, 2);
	CHECK_EQ_I(at(&w, 0x5555555ad000)->kind, REGION_BSS);
	CHECK_EQ_S(w.atlas.rows[4].image->parts[w.atlas.rows[4].first_part].name, ".bss");
	unmake(&w);
}

TEST(what_the_kernel_names)
{
	struct world w;
	make(&w, 0);
	CHECK_EQ_I(at(&w, 0x5555555ae000)->kind, REGION_HEAP);
	CHECK_EQ_I(at(&w, 0x7ffff7fc5000)->kind, REGION_VDSO);
	CHECK_EQ_I(at(&w, 0x7fffffffe000)->kind, REGION_STACK);
	CHECK_EQ_I(at(&w, 0xffffffffff600000)->kind, REGION_VSYSCALL);
	CHECK(strstr(at(&w, 0x7fffffffe000)->what, "8 MiB") != NULL);
	unmake(&w);
}

TEST(files_and_shared_memory)
{
	struct world w;
	make(&w, 0);
	CHECK_EQ_I(at(&w, 0x7ffff7400000)->kind, REGION_SHARED);
	CHECK(at(&w, 0x7ffff7400000)->region->deleted);
	CHECK_EQ_I(at(&w, 0x7ffff7500000)->kind, REGION_FILE);
	CHECK_EQ_I(at(&w, 0x7ffff7600000)->kind, REGION_ANONYMOUS);
	CHECK(strstr(at(&w, 0x7ffff7600000)->what, "2 MiB") != NULL);
	unmake(&w);
}

TEST(an_arena_and_its_room)
{
	struct world w;
	make(&w, 0);
	CHECK_EQ_I(at(&w, 0x7ffff0000000)->kind, REGION_ARENA);
	CHECK_EQ_I(at(&w, 0x7ffff0021000)->kind, REGION_RESERVED);
	unmake(&w);
}

TEST(a_thread_stack_by_its_control_block)
{
	struct world w;
	make(&w, 0x2d0);
	CHECK_EQ_I(at(&w, 0x7ffff7001000)->kind, REGION_THREAD_STACK);
	CHECK_EQ_I(at(&w, 0x7ffff7001000)->tid, 4712);
	CHECK_EQ_I(at(&w, 0x7ffff7000000)->kind, REGION_GUARD);
	CHECK_EQ_I(at(&w, 0x7ffff7000000)->tid, 4712);
	unmake(&w);
	make(&w, 0); // without glibc's word nothing is claimed
	CHECK_EQ_I(at(&w, 0x7ffff7001000)->kind, REGION_ANONYMOUS);
	unmake(&w);
}

TEST(a_likely_signal_stack_is_marked)
{
	struct world w;
	make(&w, 0);
	CHECK_EQ_I(at(&w, 0x7ffff7301000)->kind, REGION_SIGNAL_STACK);
	CHECK(at(&w, 0x7ffff7301000)->inferred);
	CHECK_EQ_I(at(&w, 0x7ffff7300000)->kind, REGION_GUARD);
	CHECK(!at(&w, 0x5555555ae000)->inferred);
	unmake(&w);
}

TEST(the_gap)
{
	struct world w;
	uint64_t lo = 0, hi = 0;
	make(&w, 0);
	CHECK(atlas_gap(&w.atlas, &lo, &hi));
	CHECK_EQ_U(lo, 0x5555555cf000);
	CHECK_EQ_U(hi, 0x7ffffffde000);
	CHECK(atlas_at(&w.atlas, 0x10) == NULL);
	CHECK(atlas_at(&w.atlas, 0x7ffff6000000) == NULL);
	unmake(&w);
}

TEST(texts_of_proc)
{
	struct process p = {.pid = 1};
	static const char stat[] =
		"4711 (a ) b) S 1 2 3 4 -1 4194304 90 0 0 0 0 0 0 0 20 0 1 0 99 2252800 200 "
		"18446744073709551615 11 12 140737488347136 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 "
		"31 32 93824992931840 41 42 43 44 0\n";
	CHECK(process_parse_stat(stat, &p));
	CHECK_EQ_U(p.start_stack, 140737488347136);
	CHECK_EQ_U(p.start_brk, 93824992931840);
	CHECK_EQ_U(p.args_lo, 41);
	CHECK_EQ_U(p.env_hi, 44);
	CHECK(!process_parse_stat("4711 (x", &p));
	CHECK(process_parse_limits("Max stack size   8388608   unlimited   bytes\n", &p));
	CHECK_EQ_U(p.stack_limit, 8388608);
	CHECK(process_parse_limits("Max stack size   unlimited   unlimited   bytes\n", &p));
	CHECK_EQ_U(p.stack_limit, UINT64_MAX);
	CHECK(!process_parse_limits("", &p));
	// Signals by bit: 0x400 is 11, SIGSEGV; 0x2 is SIGINT.
	static const char masks[] =
		"Name:\tx\nSigIgn:\t0000000000000002\nSigCgt:\t0000000000000400\n";
	CHECK(!process_parse_dies_of(masks, SIGSEGV));
	CHECK(!process_parse_dies_of(masks, SIGINT));
	CHECK(!process_parse_dies_of(masks, SIGCHLD));
	CHECK(!process_parse_dies_of(masks, 65) && !process_parse_dies_of(masks, 0));
	CHECK(process_parse_dies_of(masks, SIGABRT) && process_parse_dies_of(masks, 64));
	CHECK(!process_parse_dies_of("Name:\tx\n", SIGABRT)); // not known
	CHECK_EQ_U(process_parse_syscall("running\n"), 0);
	CHECK_EQ_U(process_parse_syscall("-1 0x7ffc1000 0x7f00\n"), 0x7ffc1000);
	CHECK_EQ_U(process_parse_syscall("0 0x3 0x0 0x0 0x0 0x0 0x0 0x7ffc2d47478 0x7f0d\n"),
		   0x7ffc2d47478);
	CHECK_EQ_U(process_parse_syscall(""), 0);
	CHECK_EQ_U(process_parse_syscall_pc("-1 0x7ffc1000 0x7f00\n"), 0x7f00);
	CHECK_EQ_I(process_parse_tgid("Name:\tx\nTgid:\t42\nPid:\t43\n", 7), 42);
	CHECK_EQ_I(process_parse_tgid("Name:\tx\n", 7), 7);
	CHECK(process_parse_la57("processor\t: 0\nflags\t\t: fpu la57 rdpid\nbugs\t: x\n"));
	CHECK(process_parse_la57("flags: la57"));
	CHECK(!process_parse_la57("flags\t\t: fpu la570\nflags : la57\n"));
	CHECK(!process_parse_la57("model name\t: la57\n"));
}

TEST(broken_texts_of_proc)
{
	static const char *const texts[] = {
		"",
		" ",
		"\n",
		"running",
		"0x1",
		"0x1 0x2",
		"x 0x 0x",
		"1 2 3",
		"-1  \n",
		"-1 0x",
		"\nTgid:",
		"flags",
		"\nflags:",
		")",
		"1 (a) ",
		"Max stack size",
		"Max stack size   \n",
		"Max stack size x\n",
	};
	for (size_t i = 0; i < FT_COUNT(texts); i++) {
		struct process p = {.pid = 1};
		char *copy = xstrdup(texts[i]); // so that reading on is found by the sanitizer
		CHECK(!process_parse_stat(copy, &p));
		CHECK(!process_parse_limits(copy, &p));
		CHECK(!process_parse_la57(copy));
		CHECK_EQ_I(process_parse_tgid(copy, 7), 7);
		CHECK(process_parse_syscall(copy) <= 1);
		CHECK(process_parse_syscall_pc(copy) <= 2);
		free(copy);
	}
}

static uint64_t room_of(uint64_t limit, const char *below, const char **ret_stop)
{
	struct world w;
	char *text =
		xasprintf("%s7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0 [stack]\n", below);
	w = (struct world){.process = {.pid = 4711, .stack_limit = limit}};
	CHECK(space_parse(text, strlen(text), &w.space) == FT_OK);
	struct atlas_input in = {.space = &w.space, .process = &w.process, .memory = memory_none()};
	atlas_init(&w.atlas, &in);
	uint64_t room = w.atlas.stack_room;
	*ret_stop = w.atlas.stack_stop;
	unmake(&w);
	free(text);
	return room;
}

TEST(how_far_the_stack_may_grow)
{
	const char *stop;
	const uint64_t size = 0x21000, mib = 1 << 20;
	CHECK_EQ_U(room_of(8 * mib, "", &stop), 8 * mib - size);
	CHECK_EQ_S(stop, "ulimit -s");
	CHECK_EQ_U(room_of(size, "", &stop), 0);
	CHECK_EQ_U(room_of(4096, "", &stop), 0); // the limit was lowered afterwards
	CHECK_EQ_U(room_of(0, "", &stop), 0);
	CHECK(stop == NULL);
	// 256 pages are kept free above what lies below, unless that has no access.
	CHECK_EQ_U(room_of(UINT64_MAX, "7fffff000000-7fffffbde000 rw-p 00000000 00:00 0\n", &stop),
		   3 * mib);
	CHECK_EQ_S(stop, "the next mapping");
	CHECK_EQ_U(room_of(UINT64_MAX, "7fffff000000-7fffffbde000 ---p 00000000 00:00 0\n", &stop),
		   4 * mib);
	CHECK_EQ_U(room_of(UINT64_MAX, "7fffff000000-7ffffffdd000 rw-p 00000000 00:00 0\n", &stop),
		   0);
}

TEST(spaces_that_are_odd)
{
	static const char *const texts[] = {
		"0-1000 rw-p 00000000 00:00 0\n",
		"fffffffffffff000-ffffffffffffffff rw-p 00000000 00:00 0 [stack]\n",
		"1000-2000 rw-p 00000000 00:00 0 [stack]\n3000-4000 rw-p 00000000 00:00 0 [heap]\n",
		"1000-2000 ---p 00000000 00:00 0\n2000-ffffffffffffffff rw-p 00000000 00:00 0\n",
		"4000000-8000000 rw-p 00000000 00:00 0\n",
	};
	for (size_t i = 0; i < FT_COUNT(texts); i++) {
		struct world w = {.process = {.pid = 4711, .stack_limit = 1, .n_threads = 1}};
		w.threads[0] = (struct process_thread){.tid = 4711, .sp = 0x1800};
		w.process.threads = w.threads;
		CHECK(space_parse(texts[i], strlen(texts[i]), &w.space) == FT_OK);
		struct atlas_input in = {.space = &w.space,
					 .process = &w.process,
					 .memory = {read_words, NULL},
					 .pthread_tid_off = 8};
		atlas_init(&w.atlas, &in);
		for (size_t k = 0; k < w.atlas.n; k++)
			CHECK(w.atlas.rows[k].what && *w.atlas.rows[k].what);
		uint64_t lo, hi;
		CHECK(!atlas_gap(&w.atlas, &lo, &hi));
		unmake(&w);
	}
}

TEST_MAIN
