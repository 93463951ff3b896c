/*
 * x86_64.h - the facts of the machine: registers, the trap byte, the calling convention.
 *
 * Owns:     register names and numbers, the word size, the red zone's size.
 * Gives:    struct regs in DWARF numbering, conversions from the kernel's structs.
 * Never:    calls the system.
 * Lifetime: plain values.
 *
 * Sources: System V x86-64 psABI 1.0, section 3.2 (calling sequence) and figure 3.36 (DWARF
 * register numbers); sys/user.h for the kernel's order.
 */
#ifndef FT_X86_64_H
#define FT_X86_64_H

#include "base/base.h"

enum {
	ARCH_TRAP = 0xcc,    // int3
	ARCH_WORD = 8,	     // bytes of a register, a pointer, a return address
	ARCH_RED_ZONE = 128, // bytes below rsp that signal handlers leave alone (psABI 3.2.2)
	ARCH_INSN_MAX = 15,  // longest instruction
	ARCH_CALL_CFA = 8,   // at a function's first instruction, CFA = rsp + 8
};

/*
 * DWARF register numbers (psABI figure 3.36). Not spelled REG_*: sys/ucontext.h takes those names.
 */
// clang-format off
enum reg {
	ARCH_RAX, ARCH_RDX, ARCH_RCX, ARCH_RBX, ARCH_RSI, ARCH_RDI, ARCH_RBP, ARCH_RSP,
	ARCH_R8, ARCH_R9, ARCH_R10, ARCH_R11, ARCH_R12, ARCH_R13, ARCH_R14, ARCH_R15,
	ARCH_RIP,	     // 16: the return address column
	ARCH_GENERAL,	     // count of the above
	ARCH_XMM0 = 17,	     // ..32
	ARCH_XMM15 = 32,
	ARCH_ST0 = 33,	     // ..40
	ARCH_ST7 = 40,
	ARCH_RFLAGS = 49,
	ARCH_FS_BASE = 58,
	ARCH_MAX = 67,	     // numbers below this have names, but for a few reserved ones
	ARCH_NONE = 255,
};
// clang-format on

/* General registers, always present in a stop. */
struct regs {
	uint64_t r[ARCH_GENERAL]; // indexed by enum reg
	uint64_t eflags;
	uint64_t fs_base;  // thread pointer (psABI 3.4.2): TLS and DW_OP_form_tls_address
	uint64_t orig_rax; // as the kernel gives it: >= 0 inside a system call
};

/* SSE and x87 registers, fetched only where a plan asks for them. */
struct fp_regs {
	uint8_t xmm[16][16];
	uint8_t st[8][16]; // 10 significant bytes each; st[0] is the top of stack
};

/* "rax", "xmm0", "st0", "mm0", "rflags", "fs.base" …; NULL for numbers without a name. */
const char *arch_reg_name(unsigned reg);

/*
 * The name of the low `size` bytes of a general register: (ARCH_RDI, 4) -> "edi". Where there is
 * none (3 bytes, other registers) that of the whole register.
 */
const char *arch_reg_part_name(unsigned reg, unsigned size);

/* enum reg of a name such as "rbp" or "xmm3"; ARCH_NONE if there is none. */
unsigned arch_reg_by_name(const char *name);

/*
 * The registers that a person looks at, in this order: the general ones by number, rip, rflags,
 * fs.base. n < ARCH_SHOWN; *ret is its value.
 */
enum { ARCH_SHOWN = ARCH_GENERAL + 2 };
const char *arch_shown(const struct regs *regs, unsigned n, uint64_t *ret);

bool arch_is_callee_saved(unsigned reg); // rbx rbp rsp r12-r15 (psABI 3.2.1)

/* The n-th INTEGER argument register, n = 0..5: rdi rsi rdx rcx r8 r9; else ARCH_NONE. */
unsigned arch_integer_arg(unsigned n);

struct user_regs_struct;
struct user_fpregs_struct;
void arch_regs_from_user(const struct user_regs_struct *u, struct regs *ret);
/* Writes r[], eflags and orig_rax; the rest of *u stays. */
void arch_regs_to_user(const struct regs *r, struct user_regs_struct *u);
void arch_fp_from_user(const struct user_fpregs_struct *u, struct fp_regs *ret);

/* Where rip lies in struct user, for PTRACE_POKEUSER: one write resumes any hit. */
size_t arch_user_rip_offset(void);

/* The condition of a jcc/setcc/cmovcc (low 4 opcode bits, Intel SDM vol. 1 appendix B) holds. */
bool arch_condition(unsigned cc, uint64_t eflags);

#endif
