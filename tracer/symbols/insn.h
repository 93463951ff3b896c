/*
 * insn.h - one decoded instruction as plain data (private to symbols/).
 *
 * Owns:     capstone: insn.c decodes, insn_text.c spells, insn_store.c says what is stored.
 * Gives:    struct insn: kind, operands in DWARF register numbers, branch target, what it changes.
 * Never:    reasons about more than one instruction.
 * Lifetime: a struct insn is a plain value; a disassembler lives until disassembler_destroy().
 */
#ifndef FT_INSN_H
#define FT_INSN_H

#include "arch/x86_64.h"

enum insn_kind {
	INSN_OTHER,  // anything not listed; `writes` says which registers may change
	INSN_NOP,    // nop of any length, endbr64: does nothing
	INSN_MOV,    // op[0] = op[1]; a whole value, cut or zero-extended to the operand's size
	INSN_EXTEND, // movzx, movsx, movsxd
	INSN_LEA,    // op[0] = address of the memory operand
	INSN_ADD,
	INSN_SUB,
	INSN_AND,
	INSN_CLEAR, // xor reg, itself
	INSN_ARITH, // op[0] computed from itself and op[1]: or, xor, shifts, imul …
	INSN_CMP,   // cmp, test: changes flags only
	INSN_PUSH,
	INSN_POP,
	INSN_ENTER, // imm bytes, level 0 only
	INSN_LEAVE,
	INSN_CALL, // near: target, or op[0] if indirect
	INSN_JMP,
	INSN_JCC,    // cond
	INSN_LOOP,   // loop, loope, loopne, jrcxz, jecxz
	INSN_RET,    // near
	INSN_TRAP,   // ud2, hlt, int3: code does not go on after it
	INSN_SYSTEM, // depends on where it is, or goes where we cannot follow: syscall, int, iret,
		     // xbegin, far branches
};

/* effect.c: where an instruction goes on: all that only go on to the next are one. */
enum insn_flow {
	FLOW_ON,
	FLOW_CALL,
	FLOW_JMP,
	FLOW_JCC,
	FLOW_LOOP,
	FLOW_RET,
	FLOW_TRAP,
	FLOW_SYSTEM
};
enum insn_flow insn_flow(enum insn_kind kind);

enum insn_operand_kind { OPERAND_NONE, OPERAND_REG, OPERAND_MEM, OPERAND_IMM };

struct insn_operand {
	uint8_t kind; // enum insn_operand_kind
	uint8_t reg;  // OPERAND_REG: DWARF number; ARCH_NONE for ah..bh, mm, k, segments …
	uint8_t size; // bytes
};

/* The memory operand: base + index * scale + disp. */
struct insn_mem {
	uint8_t base,
		index; // DWARF numbers or ARCH_NONE; base ARCH_RIP: disp is the absolute address
	uint8_t scale;
	bool fs;   // counts from the thread pointer
	bool flat; // no segment base, 64-bit address, registers known: the sum is the address
	int64_t disp;
};

/* What memory an instruction writes, stack included. */
enum insn_store {
	STORE_NONE,
	STORE_MEM,    // the memory operand: `mem`, if that is flat
	STORE_PUSHED, // store_size bytes below rsp
	STORE_STRING, // store_size bytes at rdi; repeated: rcx times
};

struct insn {
	uint64_t pc;
	uint64_t target; // direct branch
	uint64_t writes; // bit n: register with DWARF number n may change, 0..32; not rip
	int64_t imm;	 // OPERAND_IMM, sign-extended
	struct insn_mem mem;
	struct insn_operand op[3];
	uint8_t len;	    // 1..15
	uint8_t kind;	    // enum insn_kind
	uint8_t cond;	    // INSN_JCC: for arch_condition()
	uint8_t modrm_at;   // offset of the ModRM byte; meaningful if has_mem
	bool has_mem;	    // `mem` is set
	bool direct;	    // CALL, JMP, JCC, LOOP: `target` is set
	bool notrack;	    // an indirect jump that CET shall not check: a jump table
	bool writes_mem;    // the memory operand may be written
	bool loads, stores; // the memory operand is read, is written, as far as capstone knows
	uint8_t store;	    // enum insn_store
	uint16_t store_size;
	bool store_maybe; // not all of it, or not always: masks, cmpxchg, xsave
	bool repeated;	  // rep: store_size bytes for each
	bool stack_imm;	  // RET with an immediate, ENTER with a level: beyond what we follow
};

struct disassembler;

/* NULL with ft_fail() if capstone cannot be had. */
struct disassembler *disassembler_create(void);
void disassembler_destroy(struct disassembler *d); // accepts NULL

/* Decodes the instruction at bytes[0]; false if it is not code, or longer than len. */
FT_CHECK bool insn_decode(struct disassembler *d, uint64_t pc, const uint8_t *bytes, size_t len,
			  struct insn *ret);

/* insn_store.c: sets what is said of stores. */
struct cs_insn;
void insn_set_store(const struct cs_insn *in, struct insn *ret);

/* insn_text.c: as insn_text() below. */
void insn_spell(const struct cs_insn *in, char *buf, size_t len);

/*
 * "mov DWORD PTR [rbp-0x4],edi", as objdump -M intel spells it but for its blanks. False if it is
 * not code.
 */
FT_CHECK bool insn_text(struct disassembler *d, uint64_t pc, const uint8_t *bytes, size_t len,
			char *buf, size_t buf_len);

/*
 * Offset of the byte after prefixes and opcode, where ModRM is if the opcode has one: legacy, VEX
 * and EVEX encodings (Intel SDM vol. 2, 2.1 to 2.7). 0 if the bytes end before it.
 */
size_t insn_modrm_offset(const uint8_t *bytes, size_t len);

/* Bytes that ModRM, SIB and displacement take. 0 if they are not all there. */
size_t insn_modrm_size(const uint8_t *modrm, size_t len);

/* Bytes of legacy prefixes and REX before the opcode. */
size_t insn_prefixes(const uint8_t *bytes, size_t len);

/* Does control never reach the next instruction? */
static inline bool insn_ends(const struct insn *i)
{
	return i->kind == INSN_JMP || i->kind == INSN_RET || i->kind == INSN_TRAP;
}

static inline bool insn_is_reg(const struct insn_operand *o, unsigned reg, unsigned size)
{
	return o->kind == OPERAND_REG && o->reg == reg && o->size == size;
}

static inline bool insn_writes(const struct insn *i, unsigned reg)
{
	return reg < 64 && (i->writes >> reg & 1);
}

#endif
