#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#include "control/ptrace.h"
#include "control/sites.h"

// "Code" in our own memory; /proc/self/mem and process_vm_readv serve as for any process.
static uint8_t code[64];
static uint8_t slots[4096];

static struct displaced plain(const uint8_t *at, uint8_t len)
{
	struct displaced d = {.home = (uint64_t)(uintptr_t)at, .home_len = len, .first = at[0]};
	memcpy(d.code, at, len);
	d.code[len] = 0xe9;
	d.len = (uint8_t)(len + 5);
	d.n_fixes = 1;
	d.fixes[0] = (struct displaced_fix){(uint8_t)(len + 1), d.len, d.home + len};
	d.n_homes = 2;
	d.homes[0] = (struct displaced_home){0, 0, d.home};
	d.homes[1] = (struct displaced_home){len, 0, d.home + len};
	return d;
}

static void fill(void)
{
	for (size_t i = 0; i < sizeof(code); i++)
		code[i] = (uint8_t)(0x90 + i % 8);
}

static void add_area(struct sites *s)
{
	sites_add_area(s, (uint64_t)(uintptr_t)slots, sizeof(slots));
}

TEST(arms_hides_and_restores)
{
	struct sites s;
	struct capture_plan plan = {.hold = true};
	uint32_t a, b;
	uint8_t copy[64];
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	CHECK(mem >= 0);
	fill();
	sites_init(&s);
	add_area(&s);
	struct displaced d1 = plain(code + 3, 2), d2 = plain(code + 40, 1);
	CHECK(sites_add(&s, &d1, &plan, &a) == FT_OK);
	CHECK(sites_add(&s, &d2, &plan, &b) == FT_OK);
	CHECK(a != b);
	CHECK(sites_arm(&s, mem) == FT_OK);
	CHECK_EQ_U(code[3], ARCH_TRAP);
	CHECK_EQ_U(code[40], ARCH_TRAP);
	CHECK_EQ_U(code[4], 0x94);
	memcpy(copy, code, sizeof(copy));
	sites_hide(&s, (uint64_t)(uintptr_t)code, copy, sizeof(copy));
	CHECK_EQ_U(copy[3], 0x93);
	CHECK_EQ_U(copy[40], 0x90);
	memcpy(copy, code + 4, 10); // a window that begins behind a site
	sites_hide(&s, (uint64_t)(uintptr_t)(code + 4), copy, 10);
	CHECK_EQ_U(copy[0], 0x94);
	CHECK(sites_restore(&s, mem) == FT_OK);
	CHECK_EQ_U(code[3], 0x93);
	CHECK_EQ_U(code[40], 0x90);
	sites_deinit(&s);
	close(mem);
}

TEST(slot_code_jumps_home)
{
	struct sites s;
	struct capture_plan plan = {.hold = false};
	uint32_t id;
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	fill();
	sites_init(&s);
	add_area(&s);
	struct displaced d = plain(code + 8, 3);
	CHECK(sites_add(&s, &d, &plan, &id) == FT_OK);
	CHECK(sites_arm(&s, mem) == FT_OK);
	struct site *site = sites_at(&s, d.home);
	CHECK(site != NULL);
	const uint8_t *slot = (const uint8_t *)(uintptr_t)site->slot;
	int32_t rel;
	memcpy(&rel, slot + 4, sizeof(rel));
	CHECK_EQ_U(site->slot + 8 + (uint64_t)(int64_t)rel, d.home + 3);
	struct displaced_home home;
	CHECK(sites_in_slot(&s, site->slot, &home) == site);
	CHECK_EQ_U(home.pc, d.home);
	CHECK(sites_in_slot(&s, site->slot + 3, &home) == site);
	CHECK_EQ_U(home.pc, d.home + 3);
	CHECK(sites_in_slot(&s, d.home, &home) == NULL);
	CHECK(sites_syscall(&s) == (uint64_t)(uintptr_t)slots);
	sites_forget(&s, d.home, d.home + 1);
	CHECK(sites_at(&s, d.home) == NULL);
	CHECK(sites_in_slot(&s, (uint64_t)(uintptr_t)slot, &home) == NULL);
	sites_deinit(&s);
	close(mem);
}

TEST(bytes_that_differ_get_no_site)
{
	struct sites s;
	struct capture_plan plan = {.hold = false};
	uint32_t id;
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	fill();
	sites_init(&s);
	add_area(&s);
	struct displaced d = plain(code + 8, 3);
	d.first = 0x55; // the file says so, the memory does not
	CHECK(sites_add(&s, &d, &plan, &id) == FT_OK);
	CHECK(sites_arm(&s, mem) == FT_OK);
	CHECK_EQ_U(code[8], 0x90);
	CHECK(!sites_at(&s, d.home)->armed);
	sites_deinit(&s);
	close(mem);
}

TEST(out_of_reach_is_refused)
{
	struct sites s;
	struct capture_plan plan = {.hold = false};
	uint32_t id;
	sites_init(&s);
	sites_add_area(&s, 0x10000, 4096);
	struct displaced d = {.home = 0x7f0000000000, .home_len = 1, .len = 6};
	CHECK(sites_add(&s, &d, &plan, &id) == FT_FAIL);
	CHECK(strstr(ft_error(), "0x7f0000000000") != NULL);
	ft_error_clear();
	sites_deinit(&s);
}

TEST(many_sites_are_found)
{
	struct sites s;
	struct capture_plan plan = {.hold = false};
	sites_init(&s);
	sites_add_area(&s, 0x400000, 4 << 20);
	for (uint64_t i = 0; i < 20000; i++) {
		struct displaced d = {.home = 0x100000 + i * 3, .home_len = 1, .len = 6};
		uint32_t id;
		CHECK(sites_add(&s, &d, &plan, &id) == FT_OK);
	}
	for (uint64_t i = 0; i < 20000; i++)
		if (!sites_at(&s, 0x100000 + i * 3) || sites_at(&s, 0x100001 + i * 3))
			CHECK(false);
	sites_deinit(&s);
}

TEST_MAIN
