/*
 * test_arch.c - register names and numbers, conversions from the kernel's structs, conditions.
 */
#include "test.h"

#include <sys/user.h>

#include "arch/x86_64.h"

TEST(register_names)
{
	CHECK_EQ_S(arch_reg_name(ARCH_RAX), "rax");
	CHECK_EQ_S(arch_reg_name(1), "rdx"); // the DWARF order, not the encoding's
	CHECK_EQ_S(arch_reg_name(4), "rsi");
	CHECK_EQ_S(arch_reg_name(ARCH_RSP), "rsp");
	CHECK_EQ_S(arch_reg_name(ARCH_RIP), "rip");
	CHECK_EQ_S(arch_reg_name(ARCH_XMM0), "xmm0");
	CHECK_EQ_S(arch_reg_name(ARCH_XMM15), "xmm15");
	CHECK_EQ_S(arch_reg_name(ARCH_ST0), "st0");
	CHECK_EQ_S(arch_reg_name(ARCH_ST7), "st7");
	CHECK_EQ_S(arch_reg_name(41), "mm0");
	CHECK_EQ_S(arch_reg_name(48), "mm7");
	CHECK_EQ_S(arch_reg_name(49), "rflags");
	CHECK_EQ_S(arch_reg_name(50), "es");
	CHECK_EQ_S(arch_reg_name(55), "gs");
	CHECK_EQ_S(arch_reg_name(56), NULL);
	CHECK_EQ_S(arch_reg_name(58), "fs.base");
	CHECK_EQ_S(arch_reg_name(59), "gs.base");
	CHECK_EQ_S(arch_reg_name(62), "tr");
	CHECK_EQ_S(arch_reg_name(66), "fsw");
	CHECK_EQ_S(arch_reg_name(67), NULL);
	CHECK_EQ_S(arch_reg_name(UINT32_MAX), NULL);
}

TEST(names_lead_back)
{
	for (unsigned reg = 0; reg < ARCH_MAX; reg++)
		if (arch_reg_name(reg))
			CHECK_EQ_U(arch_reg_by_name(arch_reg_name(reg)), reg);
	CHECK_EQ_U(arch_reg_by_name("eax"), ARCH_NONE);
	CHECK_EQ_U(arch_reg_by_name(""), ARCH_NONE);
}

TEST(part_names)
{
	CHECK_EQ_S(arch_reg_part_name(ARCH_RDI, 8), "rdi");
	CHECK_EQ_S(arch_reg_part_name(ARCH_RDI, 4), "edi");
	CHECK_EQ_S(arch_reg_part_name(ARCH_RDI, 2), "di");
	CHECK_EQ_S(arch_reg_part_name(ARCH_RDI, 1), "dil");
	CHECK_EQ_S(arch_reg_part_name(ARCH_RAX, 4), "eax");
	CHECK_EQ_S(arch_reg_part_name(ARCH_RAX, 2), "ax");
	CHECK_EQ_S(arch_reg_part_name(ARCH_RAX, 1), "al");
	CHECK_EQ_S(arch_reg_part_name(ARCH_RSP, 1), "spl");
	CHECK_EQ_S(arch_reg_part_name(ARCH_RBP, 2), "bp");
	CHECK_EQ_S(arch_reg_part_name(ARCH_R8, 4), "r8d");
	CHECK_EQ_S(arch_reg_part_name(ARCH_R8, 2), "r8w");
	CHECK_EQ_S(arch_reg_part_name(ARCH_R15, 1), "r15b");
	CHECK_EQ_S(arch_reg_part_name(ARCH_RDX, 3), "rdx");
	CHECK_EQ_S(arch_reg_part_name(ARCH_RDX, 16), "rdx");
	CHECK_EQ_S(arch_reg_part_name(ARCH_RIP, 4), "rip");
	CHECK_EQ_S(arch_reg_part_name(ARCH_XMM0, 4), "xmm0");
	CHECK_EQ_S(arch_reg_part_name(999, 4), NULL);
}

TEST(calling_convention)
{
	static const unsigned saved[] = {ARCH_RBX, ARCH_RBP, ARCH_RSP, ARCH_R12,
					 ARCH_R13, ARCH_R14, ARCH_R15};
	static const char *const args[] = {"rdi", "rsi", "rdx", "rcx", "r8", "r9"};
	size_t n = 0;

	for (unsigned reg = 0; reg < ARCH_MAX; reg++)
		n += arch_is_callee_saved(reg);
	CHECK_EQ_U(n, FT_COUNT(saved));
	for (size_t i = 0; i < FT_COUNT(saved); i++)
		CHECK(arch_is_callee_saved(saved[i]));
	for (unsigned i = 0; i < 6; i++)
		CHECK_EQ_S(arch_reg_name(arch_integer_arg(i)), args[i]);
	CHECK_EQ_U(arch_integer_arg(6), ARCH_NONE);
}

TEST(kernel_registers)
{
	struct user_regs_struct u = {
		.rax = 1,
		.rdx = 2,
		.rcx = 3,
		.rbx = 4,
		.rsi = 5,
		.rdi = 6,
		.rbp = 7,
		.rsp = 8,
		.r8 = 9,
		.r9 = 10,
		.r10 = 11,
		.r11 = 12,
		.r12 = 13,
		.r13 = 14,
		.r14 = 15,
		.r15 = 16,
		.rip = 17,
		.eflags = 0x246,
		.fs_base = 0x7000,
		.orig_rax = 60,
	};
	struct user_regs_struct back = {.cs = 0x33, .fs_base = 5};
	struct regs r;

	arch_regs_from_user(&u, &r);
	for (unsigned i = 0; i < ARCH_GENERAL; i++)
		CHECK_EQ_U(r.r[i], i + 1);
	CHECK_EQ_U(r.eflags, 0x246);
	CHECK_EQ_U(r.fs_base, 0x7000);
	CHECK_EQ_U(r.orig_rax, 60);
	arch_regs_to_user(&r, &back);
	CHECK_EQ_U(back.cs, 0x33);
	CHECK_EQ_U(back.fs_base, 5); // not ours to set
	back.cs = 0;
	back.fs_base = u.fs_base;
	CHECK(!memcmp(&u, &back, sizeof(u)));
	CHECK_EQ_U(arch_user_rip_offset(), 16 * 8);
}

TEST(kernel_fp_registers)
{
	struct user_fpregs_struct u;
	struct fp_regs fp;

	memset(&u, 0, sizeof(u));
	u.xmm_space[4 * 3] = 0x04030201; // xmm3, first bytes
	u.xmm_space[63] = 0x80000000;	 // xmm15, last byte
	u.st_space[4 * 7 + 2] = 0x3fff;	 // st7, sign and exponent
	arch_fp_from_user(&u, &fp);
	CHECK_EQ_U(fp.xmm[3][0], 1);
	CHECK_EQ_U(fp.xmm[3][3], 4);
	CHECK_EQ_U(fp.xmm[15][15], 0x80);
	CHECK_EQ_U(fp.st[7][8], 0xff);
	CHECK_EQ_U(fp.st[7][9], 0x3f);
}

/* Intel SDM vol. 1, table B-1, written as one string of flags each. */
TEST(conditions)
{
	enum { CF = 1, PF = 4, ZF = 0x40, SF = 0x80, OF = 0x800 };
	static const uint64_t bits[] = {CF, PF, ZF, SF, OF};

	for (unsigned set = 0; set < 32; set++) {
		uint64_t f = 2; // always 1
		for (unsigned i = 0; i < FT_COUNT(bits); i++)
			f |= set >> i & 1 ? bits[i] : 0;
		bool cf = f & CF, pf = f & PF, zf = f & ZF, sf = f & SF, of = f & OF;
		CHECK(arch_condition(0x0, f) == of);
		CHECK(arch_condition(0x1, f) == !of);
		CHECK(arch_condition(0x2, f) == cf);
		CHECK(arch_condition(0x3, f) == !cf);
		CHECK(arch_condition(0x4, f) == zf);
		CHECK(arch_condition(0x5, f) == !zf);
		CHECK(arch_condition(0x6, f) == (cf || zf));
		CHECK(arch_condition(0x7, f) == (!cf && !zf));
		CHECK(arch_condition(0x8, f) == sf);
		CHECK(arch_condition(0x9, f) == !sf);
		CHECK(arch_condition(0xa, f) == pf);
		CHECK(arch_condition(0xb, f) == !pf);
		CHECK(arch_condition(0xc, f) == (sf != of));
		CHECK(arch_condition(0xd, f) == (sf == of));
		CHECK(arch_condition(0xe, f) == (zf || sf != of));
		CHECK(arch_condition(0xf, f) == (!zf && sf == of));
		CHECK(arch_condition(0x75, f) == !zf); // the opcode itself: jne
	}
}

TEST_MAIN
