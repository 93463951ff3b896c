/*
 * test_displace.c - replaced instructions: the code for the slot, and that it does the same there.
 */
#include "test.h"

#include <sys/mman.h>

#include "arch/x86_64.h"
#include "symbols/code.h"

enum { HOME = 0x555555555000 };

static struct displaced displaced(const char *bytes, size_t len)
{
	struct displaced d = {.home = 0};
	CHECK(code_displace_bytes(HOME, (const uint8_t *)bytes, len, &d) == FT_OK);
	CHECK_EQ_U(d.home, HOME);
	CHECK_EQ_U(d.first, (uint8_t)bytes[0]);
	return d;
}

#define DISPLACED(bytes) displaced(bytes, sizeof(bytes) - 1)
#define REFUSED(bytes)                                                                             \
	(code_displace_bytes(HOME, (const uint8_t *)(bytes), sizeof(bytes) - 1, &refused) ==       \
	 FT_NONE)

static void check_code(const struct displaced *d, const char *code, size_t len)
{
	CHECK_EQ_U(d->len, len);
	CHECK(!memcmp(d->code, code, len));
}

#define CHECK_CODE(d, bytes) check_code(d, bytes, sizeof(bytes) - 1)

static void check_fix(const struct displaced *d, unsigned n, unsigned at, unsigned end,
		      uint64_t target)
{
	CHECK(n < d->n_fixes);
	CHECK_EQ_U(d->fixes[n].at, at);
	CHECK_EQ_U(d->fixes[n].end, end);
	CHECK_EQ_U(d->fixes[n].target, target);
}

static void check_home(const struct displaced *d, unsigned n, unsigned off, uint64_t pc, int rsp)
{
	CHECK(n < d->n_homes);
	CHECK_EQ_U(d->homes[n].off, off);
	CHECK_EQ_U(d->homes[n].pc, pc);
	CHECK_EQ_I(d->homes[n].rsp_add, rsp);
}

TEST(plain)
{
	struct displaced d = DISPLACED("\x48\x83\xec\x10"); // sub rsp,0x10
	CHECK_CODE(&d, "\x48\x83\xec\x10\xe9\0\0\0\0");
	CHECK_EQ_U(d.home_len, 4);
	CHECK(!d.step);
	CHECK_EQ_U(d.n_fixes, 1);
	check_fix(&d, 0, 5, 9, HOME + 4);
	CHECK_EQ_U(d.n_homes, 2);
	check_home(&d, 0, 0, HOME, 0);
	check_home(&d, 1, 4, HOME + 4, 0);
}

TEST(only_the_first_instruction_counts)
{
	struct displaced d = DISPLACED("\x55\x48\x89\xe5"); // push rbp; mov rbp,rsp
	CHECK_EQ_U(d.home_len, 1);
	CHECK_CODE(&d, "\x55\xe9\0\0\0\0");
}

TEST(endbr_and_prefixes)
{
	struct displaced d = DISPLACED("\xf3\x0f\x1e\xfa"); // endbr64
	CHECK_CODE(&d, "\xf3\x0f\x1e\xfa\xe9\0\0\0\0");
	d = DISPLACED("\x64\x48\x8b\x04\x25\x28\0\0\0"); // mov rax,fs:0x28
	CHECK_CODE(&d, "\x64\x48\x8b\x04\x25\x28\0\0\0\xe9\0\0\0\0");
}

TEST(rip_relative)
{
	struct displaced d = DISPLACED("\x48\x8d\x05\x10\0\0\0"); // lea rax,[rip+0x10]
	CHECK_EQ_U(d.n_fixes, 2);
	check_fix(&d, 0, 3, 7, HOME + 7 + 0x10);
	check_fix(&d, 1, 8, 12, HOME + 7);
	// the immediate lies behind the displacement: cmp dword [rip-4],0x12345678
	d = DISPLACED("\x81\x3d\xfc\xff\xff\xff\x78\x56\x34\x12");
	check_fix(&d, 0, 2, 10, HOME + 10 - 4);
	// vmovaps ymm0,[rip+0x20]
	d = DISPLACED("\xc5\xfc\x28\x05\x20\0\0\0");
	check_fix(&d, 0, 4, 8, HOME + 8 + 0x20);
	// vmovdqu64 zmm16,[rip+0x40]
	d = DISPLACED("\x62\xe1\xfe\x48\x6f\x05\x40\0\0\0");
	check_fix(&d, 0, 6, 10, HOME + 10 + 0x40);
	// pshufb xmm0,[rip+1]: three-byte opcode
	d = DISPLACED("\x66\x0f\x38\x00\x05\x01\0\0\0");
	check_fix(&d, 0, 5, 9, HOME + 9 + 1);
}

TEST(jumps)
{
	struct displaced d = DISPLACED("\xeb\xfe"); // jmp itself
	CHECK_CODE(&d, "\xe9\0\0\0\0");
	CHECK_EQ_U(d.n_fixes, 1);
	CHECK_EQ_U(d.n_homes, 1);
	check_fix(&d, 0, 1, 5, HOME);
	d = DISPLACED("\xe9\0\x10\0\0");
	check_fix(&d, 0, 1, 5, HOME + 5 + 0x1000);
	d = DISPLACED("\xf2\xe9\0\x10\0\0"); // bnd jmp
	check_fix(&d, 0, 1, 5, HOME + 6 + 0x1000);
}

TEST(conditional_jumps)
{
	struct displaced d = DISPLACED("\x75\x10"); // jne
	CHECK_CODE(&d, "\x0f\x85\0\0\0\0\xe9\0\0\0\0");
	check_fix(&d, 0, 2, 6, HOME + 2 + 0x10);
	check_fix(&d, 1, 7, 11, HOME + 2);
	check_home(&d, 1, 6, HOME + 2, 0);
	d = DISPLACED("\x0f\x8e\0\x01\0\0"); // jle
	CHECK_CODE(&d, "\x0f\x8e\0\0\0\0\xe9\0\0\0\0");
	check_fix(&d, 0, 2, 6, HOME + 6 + 0x100);
	d = DISPLACED("\x3e\x74\x02"); // je with a branch hint
	CHECK_CODE(&d, "\x0f\x84\0\0\0\0\xe9\0\0\0\0");
}

TEST(loops)
{
	struct displaced d = DISPLACED("\xe3\x20"); // jrcxz
	CHECK_CODE(&d, "\xe3\x05\xe9\0\0\0\0\xe9\0\0\0\0");
	check_fix(&d, 0, 3, 7, HOME + 2);
	check_fix(&d, 1, 8, 12, HOME + 2 + 0x20);
	CHECK_EQ_U(d.n_homes, 3);
	check_home(&d, 1, 2, HOME + 2, 0);
	check_home(&d, 2, 7, HOME + 2 + 0x20, 0);
	d = DISPLACED("\x67\xe3\x20"); // jecxz
	CHECK_CODE(&d, "\x67\xe3\x05\xe9\0\0\0\0\xe9\0\0\0\0");
}

TEST(call)
{
	struct displaced d = DISPLACED("\xe8\0\x01\0\0");
	CHECK_CODE(&d, "\x68\x05\x50\x55\x55\xc7\x44\x24\x04\x55\x55\0\0\xe9\0\0\0\0");
	CHECK_EQ_U(d.n_fixes, 1);
	check_fix(&d, 0, 14, 18, HOME + 5 + 0x100);
	CHECK_EQ_U(d.n_homes, 3);
	check_home(&d, 1, 5, HOME, 8);
	check_home(&d, 2, 13, HOME, 8);
	// data16 rex.W call __tls_get_addr
	d = DISPLACED("\x66\x66\x48\xe8\0\0\0\0");
	check_fix(&d, 0, 14, 18, HOME + 8);
}

TEST(indirect_calls)
{
	struct displaced d = DISPLACED("\xff\xd0"); // call rax
	CHECK_EQ_U(d.len, 15);
	CHECK(!memcmp(d.code + 13, "\xff\xe0", 2));
	CHECK_EQ_U(d.n_fixes, 0);
	d = DISPLACED("\x41\xff\xd3"); // call r11
	CHECK(!memcmp(d.code + 13, "\x41\xff\xe3", 3));
	d = DISPLACED("\xff\x15\x08\0\0\0"); // call [rip+8]
	CHECK(!memcmp(d.code + 13, "\xff\x25", 2));
	check_fix(&d, 0, 15, 19, HOME + 6 + 8);
	d = DISPLACED("\xff\x54\x24\x10"); // call [rsp+0x10]
	CHECK(!memcmp(d.code + 13, "\xff\xa4\x24\x18\0\0\0", 7));
	d = DISPLACED("\xff\x14\x24"); // call [rsp]
	CHECK(!memcmp(d.code + 13, "\xff\xa4\x24\x08\0\0\0", 7));
	d = DISPLACED("\xff\x53\x18"); // call [rbx+0x18]
	CHECK(!memcmp(d.code + 13, "\xff\x63\x18", 3));
	d = DISPLACED("\x3e\xff\xd2"); // notrack call rdx
	CHECK(!memcmp(d.code + 13, "\x3e\xff\xe2", 3));
	d = DISPLACED("\xff\xd4"); // call rsp
	CHECK(d.step);
	CHECK_CODE(&d, "\xff\xd4");
	d = DISPLACED("\xff\x54\x24\xf8"); // call [rsp-8]: the push would overwrite it
	CHECK(d.step);
}

TEST(ways_out)
{
	static const char rets[][5] = {"\xc3", "\xf3\xc3", "\xf2\xc3", "\xc2\x10"};
	static const uint8_t len[] = {1, 2, 2, 3};
	for (size_t n = 0; n < 4; n++) {
		struct displaced d = displaced(rets[n], len[n]);
		check_code(&d, rets[n], len[n]);
		CHECK_EQ_U(d.n_fixes, 0);
	}
	struct displaced d = DISPLACED("\x3e\xff\xe0"); // notrack jmp rax
	CHECK_CODE(&d, "\x3e\xff\xe0");
	d = DISPLACED("\xff\x25\0\0\0\0"); // jmp [rip]
	CHECK_CODE(&d, "\xff\x25\0\0\0\0");
	check_fix(&d, 0, 2, 6, HOME + 6);
}

TEST(refused)
{
	struct displaced refused;
	CHECK(REFUSED("\x0f\x05"));		// syscall: rcx would tell
	CHECK(REFUSED("\x0f\x34"));		// sysenter
	CHECK(REFUSED("\xcd\x80"));		// int 0x80
	CHECK(REFUSED("\xcc"));			// int3
	CHECK(REFUSED("\xc7\xf8\0\0\0\0"));	// xbegin
	CHECK(REFUSED("\x66\xe8\0\0\0\0"));	// 16-bit call or not, depending on the maker
	CHECK(REFUSED("\x67\x8b\x05\0\0\0\0")); // eip-relative
	CHECK(REFUSED("\x48"));			// truncated
	CHECK(REFUSED(""));
	CHECK(REFUSED("\x06")); // not code
}

/* ---- the code runs, and does the same ---- */

enum { HOME_AT = 0, STUB_AT = 1024, SLOT_AT = 2048, CALLEE_AT = 3072, DATA_AT = 3584 };

static uint8_t *area; // one page, read write execute

static void put_jmp(size_t at, size_t target)
{
	int32_t rel = (int32_t)(target - (at + 5));
	area[at] = 0xe9;
	memcpy(area + at + 1, &rel, sizeof(rel));
}

static void place(const struct displaced *d)
{
	uint64_t slot = (uintptr_t)area + SLOT_AT;
	memcpy(area + SLOT_AT, d->code, d->len);
	for (unsigned n = 0; n < d->n_fixes; n++) {
		int32_t rel = (int32_t)(d->fixes[n].target - (slot + d->fixes[n].end));
		memcpy(area + SLOT_AT + d->fixes[n].at, &rel, sizeof(rel));
	}
}

struct outcome {
	uint64_t result, data;
};

/* Runs `before`, then what is at `target`, as a function of two words. */
static struct outcome run(const char *before, size_t len, size_t target, uint64_t a, uint64_t b)
{
	uint64_t (*call)(uint64_t, uint64_t);
	void *entry = area + STUB_AT;
	uint64_t seed = 0x1122334455667788;
	memcpy(area + DATA_AT, &seed, sizeof(seed));
	memcpy(area + STUB_AT, before, len);
	put_jmp(STUB_AT + len, target);
	memcpy(&call, &entry, sizeof(call));
	struct outcome o = {.result = call(a, b)};
	memcpy(&o.data, area + DATA_AT, sizeof(o.data));
	return o;
}

/* The first instruction of `code`, at home and in a slot, with the same things around it. */
static void same(const char *before, size_t before_len, const char *code, size_t len)
{
	static const uint64_t words[] = {0, 1, 2, 0x80000000, UINT64_MAX};
	struct displaced d;
	memcpy(area + HOME_AT, code, len);
	uint64_t home = (uintptr_t)area + HOME_AT;
	if (code_displace_bytes(home, area + HOME_AT, len, &d) != FT_OK || d.step) {
		CHECK(!"displaced");
		return;
	}
	place(&d);
	for (size_t n = 0; n < 25; n++) {
		uint64_t a = words[n / 5], b = words[n % 5];
		struct outcome at_home = run(before, before_len, HOME_AT, a, b);
		struct outcome in_slot = run(before, before_len, SLOT_AT, a, b);
		CHECK_EQ_U(in_slot.result, at_home.result);
		CHECK_EQ_U(in_slot.data, at_home.data);
	}
}

#define SAME(before, code) same(before, sizeof(before) - 1, code, sizeof(code) - 1)

static void make_area(void)
{
	area = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	CHECK(area != MAP_FAILED);
	memcpy(area + CALLEE_AT, "\x48\x8b\x04\x24\x48\x01\xf8\xc3", 8); // rax = [rsp] + rdi; ret
}

TEST(runs_plain_code)
{
	make_area();
	SAME("", "\x48\x8d\x04\x37\xc3");	  // lea rax,[rdi+rsi]; ret
	SAME("", "\x57\x58\xc3");		  // push rdi; pop rax; ret
	SAME("", "\xf3\x0f\x1e\xfa\x89\xf8\xc3"); // endbr64; mov eax,edi; ret
	SAME("\x48\x89\xf8", "\xc3");		  // mov rax,rdi; | ret
	SAME("\x48\x89\xf8", "\xf3\xc3");
	munmap(area, 4096);
}

TEST(runs_rip_relative_code)
{
	make_area();
	SAME("", "\x48\x8b\x05\xf9\x0d\0\0\xc3");		      // mov rax,[rip+data]; ret
	SAME("", "\x48\x8d\x05\x10\0\0\0\xc3");			      // lea rax,[rip+0x10]; ret
	SAME("\x31\xc0", "\x83\x05\xf9\x0d\0\0\x7f\x0f\x92\xc0\xc3"); // add dword [data],0x7f; setb
	SAME("\x31\xc0", "\x48\x81\x05\xf5\x0d\0\0\x78\x56\x34\x12\xc3"); // add qword [data],imm32
	SAME("\x31\xc0", "\x48\x89\x3d\xf9\x0d\0\0\xc3");		  // mov [data],rdi
	munmap(area, 4096);
}

TEST(runs_branches)
{
	make_area();
	// test rdi,rdi | jne over; mov eax,1; ret; over: mov eax,2; ret
	SAME("\x48\x85\xff", "\x75\x06\xb8\x01\0\0\0\xc3\xb8\x02\0\0\0\xc3");
	SAME("\x48\x39\xf7", "\x0f\x8c\x06\0\0\0\xb8\x01\0\0\0\xc3\xb8\x02\0\0\0\xc3"); // jl
	// mov rcx,rdi | jrcxz over
	SAME("\x48\x89\xf9", "\xe3\x06\xb8\x01\0\0\0\xc3\xb8\x02\0\0\0\xc3");
	SAME("\x48\x89\xf9", "\x67\xe3\x06\xb8\x01\0\0\0\xc3\xb8\x02\0\0\0\xc3");
	// mov rcx,rdi | loop over; …; over: mov rax,rcx; ret
	SAME("\x48\x89\xf9", "\xe2\x06\xb8\x01\0\0\0\xc3\x48\x89\xc8\xc3");
	SAME("\x48\x89\xf9\x48\x85\xf6", "\xe0\x06\xb8\x01\0\0\0\xc3\x48\x89\xc8\xc3"); // loopne
	SAME("", "\xeb\x01\xcc\x89\xf8\xc3"); // jmp over int3
	// lea rax,[rip+callee] | jmp rax
	SAME("\x48\x8d\x05\xf9\x07\0\0", "\xff\xe0");
	munmap(area, 4096);
}

TEST(runs_calls_that_return_home)
{
	make_area();
	// sub rsp,8 | call callee; add rsp,8; ret: the callee returns its return address + rdi
	SAME("\x48\x83\xec\x08", "\xe8\xfb\x0b\0\0\x48\x83\xc4\x08\xc3");
	// lea rax,[rip+callee]; sub rsp,8 | call rax
	SAME("\x48\x8d\x05\xf9\x07\0\0\x48\x83\xec\x08", "\xff\xd0\x48\x83\xc4\x08\xc3");
	// lea rax,[rip+callee]; push rax | call [rsp]; pop rcx; ret
	SAME("\x48\x8d\x05\xf9\x07\0\0\x50", "\xff\x14\x24\x59\xc3");
	// lea rax,[rip+callee]; push rax; push rax; push rax | call [rsp+8]; add rsp,24; ret
	SAME("\x48\x8d\x05\xf9\x07\0\0\x50\x50\x50", "\xff\x54\x24\x08\x48\x83\xc4\x18\xc3");
	// lea rax,[rip+callee]; mov [rip+data],rax; sub rsp,8 | call [rip+data]
	SAME("\x48\x8d\x05\xf9\x07\0\0\x48\x89\x05\xf2\x09\0\0\x48\x83\xec\x08",
	     "\xff\x15\xfa\x0d\0\0\x48\x83\xc4\x08\xc3");
	munmap(area, 4096);
}

TEST(any_bytes_are_survived)
{
	uint64_t seed = 88172645463325252;
	for (unsigned n = 0; n < 3000; n++) {
		uint8_t bytes[ARCH_INSN_MAX];
		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			bytes[i] = (uint8_t)(seed >> 24);
		}
		struct displaced d;
		size_t len = n % (sizeof(bytes) + 1);
		if (code_displace_bytes(HOME, bytes, len, &d) != FT_OK)
			continue;
		CHECK(d.home_len <= len && d.len <= DISPLACED_MAX && d.n_homes >= 1);
	}
}

TEST(text)
{
	char buf[64];
	CHECK_EQ_U(code_text(HOME, (const uint8_t *)"\x8b\x45\xfc", 3, buf, sizeof(buf)), 3);
	CHECK_EQ_S(buf, "mov    eax, dword ptr [rbp - 4]");
	CHECK_EQ_U(code_text(HOME, (const uint8_t *)"\xc3", 1, buf, sizeof(buf)), 1);
	CHECK_EQ_S(buf, "ret");
	CHECK_EQ_U(code_text(HOME, (const uint8_t *)"\x06", 1, buf, sizeof(buf)), 0);
}

TEST_MAIN
