/*
 * x86_64.c - the register table and what hangs on it.
 */
#include "arch/x86_64.h"

#include <assert.h>
#include <string.h>
#include <sys/user.h>

/* psABI 1.0, figure 3.36: 16 is the return address column; 56, 57, 60 and 61 are reserved. */
// clang-format off
static const char *const names[ARCH_MAX] = {
	"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip",
	"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
	"xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
	"st0", "st1", "st2", "st3", "st4", "st5", "st6", "st7",
	"mm0", "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7",
	"rflags", "es", "cs", "ss", "ds", "fs", "gs",
	[58] = "fs.base", "gs.base",
	[62] = "tr", "ldtr", "mxcsr", "fcw", "fsw",
};

/* Of 1, 2 and 4 bytes (Intel SDM vol. 1, 3.4.1.1). */
static const char *const part_names[ARCH_RIP][3] = {
	{ "al", "ax", "eax" },      { "dl", "dx", "edx" },      { "cl", "cx", "ecx" },
	{ "bl", "bx", "ebx" },      { "sil", "si", "esi" },     { "dil", "di", "edi" },
	{ "bpl", "bp", "ebp" },     { "spl", "sp", "esp" },     { "r8b", "r8w", "r8d" },
	{ "r9b", "r9w", "r9d" },    { "r10b", "r10w", "r10d" }, { "r11b", "r11w", "r11d" },
	{ "r12b", "r12w", "r12d" }, { "r13b", "r13w", "r13d" }, { "r14b", "r14w", "r14d" },
	{ "r15b", "r15w", "r15d" },
};
// clang-format on

const char *arch_reg_name(unsigned reg)
{
	return reg < ARCH_MAX ? names[reg] : NULL;
}

const char *arch_reg_part_name(unsigned reg, unsigned size)
{
	if (reg < ARCH_RIP && (size == 1 || size == 2 || size == 4))
		return part_names[reg][size / 2];
	return arch_reg_name(reg);
}

unsigned arch_reg_by_name(const char *name)
{
	for (unsigned reg = 0; reg < ARCH_MAX; reg++)
		if (names[reg] && !strcmp(names[reg], name))
			return reg;
	return ARCH_NONE;
}

const char *arch_shown(const struct regs *regs, unsigned n, uint64_t *ret)
{
	if (n < ARCH_GENERAL) {
		*ret = regs->r[n];
		return names[n];
	}
	*ret = n == ARCH_GENERAL ? regs->eflags : regs->fs_base;
	return names[n == ARCH_GENERAL ? ARCH_RFLAGS : ARCH_FS_BASE];
}

bool arch_is_callee_saved(unsigned reg)
{
	return reg == ARCH_RBX || reg == ARCH_RBP || reg == ARCH_RSP ||
	       (reg >= ARCH_R12 && reg <= ARCH_R15);
}

unsigned arch_integer_arg(unsigned n)
{
	static const uint8_t order[] = {ARCH_RDI, ARCH_RSI, ARCH_RDX, ARCH_RCX, ARCH_R8, ARCH_R9};
	return n < FT_COUNT(order) ? order[n] : ARCH_NONE;
}

void arch_regs_from_user(const struct user_regs_struct *u, struct regs *ret)
{
	*ret = (struct regs){
		.r =
			{
				[ARCH_RAX] = u->rax,
				[ARCH_RDX] = u->rdx,
				[ARCH_RCX] = u->rcx,
				[ARCH_RBX] = u->rbx,
				[ARCH_RSI] = u->rsi,
				[ARCH_RDI] = u->rdi,
				[ARCH_RBP] = u->rbp,
				[ARCH_RSP] = u->rsp,
				[ARCH_R8] = u->r8,
				[ARCH_R9] = u->r9,
				[ARCH_R10] = u->r10,
				[ARCH_R11] = u->r11,
				[ARCH_R12] = u->r12,
				[ARCH_R13] = u->r13,
				[ARCH_R14] = u->r14,
				[ARCH_R15] = u->r15,
				[ARCH_RIP] = u->rip,
			},
		.eflags = u->eflags,
		.fs_base = u->fs_base,
		.orig_rax = u->orig_rax,
	};
}

void arch_regs_to_user(const struct regs *r, struct user_regs_struct *u)
{
	u->rax = r->r[ARCH_RAX];
	u->rdx = r->r[ARCH_RDX];
	u->rcx = r->r[ARCH_RCX];
	u->rbx = r->r[ARCH_RBX];
	u->rsi = r->r[ARCH_RSI];
	u->rdi = r->r[ARCH_RDI];
	u->rbp = r->r[ARCH_RBP];
	u->rsp = r->r[ARCH_RSP];
	u->r8 = r->r[ARCH_R8];
	u->r9 = r->r[ARCH_R9];
	u->r10 = r->r[ARCH_R10];
	u->r11 = r->r[ARCH_R11];
	u->r12 = r->r[ARCH_R12];
	u->r13 = r->r[ARCH_R13];
	u->r14 = r->r[ARCH_R14];
	u->r15 = r->r[ARCH_R15];
	u->rip = r->r[ARCH_RIP];
	u->eflags = r->eflags;
	u->orig_rax = r->orig_rax;
}

/* The kernel's struct is the FXSAVE area (Intel SDM vol. 1, 10.5.1): ST(0) comes first. */
void arch_fp_from_user(const struct user_fpregs_struct *u, struct fp_regs *ret)
{
	static_assert(sizeof(u->st_space) == sizeof(ret->st), "8 registers of 16 bytes");
	static_assert(sizeof(u->xmm_space) == sizeof(ret->xmm), "16 registers of 16 bytes");
	memcpy(ret->st, u->st_space, sizeof(ret->st));
	memcpy(ret->xmm, u->xmm_space, sizeof(ret->xmm));
}

size_t arch_user_rip_offset(void)
{
	return offsetof(struct user, regs) + offsetof(struct user_regs_struct, rip);
}

bool arch_condition(unsigned cc, uint64_t eflags)
{
	bool cf = eflags & 1, pf = eflags & 1u << 2, zf = eflags & 1u << 6;
	bool sf = eflags & 1u << 7, of = eflags & 1u << 11;
	const bool even[8] = {
		of,		// o
		cf,		// b
		zf,		// e
		cf || zf,	// be
		sf,		// s
		pf,		// p
		sf != of,	// l
		zf || sf != of, // le
	};

	return even[cc >> 1 & 7] != (cc & 1); // odd codes negate the even one before them
}
