/*
 * insn.c - capstone behind a narrow door.
 */
#include "symbols/insn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <capstone/capstone.h>

#include "symbols/code.h"

struct disassembler {
	csh handle;
	cs_insn *insn; // reused by every decode
};

struct disassembler *disassembler_create(void)
{
	struct disassembler *d = xcalloc(1, sizeof(*d));
	cs_err err = cs_open(CS_ARCH_X86, CS_MODE_64, &d->handle);
	if (err == CS_ERR_OK)
		err = cs_option(d->handle, CS_OPT_DETAIL, CS_OPT_ON);
	if (err == CS_ERR_OK) {
		d->insn = cs_malloc(d->handle);
		if (!d->insn)
			err = CS_ERR_MEM;
	}
	if (err == CS_ERR_OK)
		return d;
	(void)ft_fail("capstone: %s", cs_strerror(err));
	disassembler_destroy(d);
	return NULL;
}

void disassembler_destroy(struct disassembler *d)
{
	if (!d)
		return;
	if (d->insn)
		cs_free(d->insn, 1);
	if (d->handle)
		cs_close(&d->handle);
	free(d);
}

/* Of what register a capstone register is a part, and of how many bytes. */
struct part {
	uint8_t reg, size;
	bool high; // ah, bh, ch, dh
};

#define GENERAL(r64, r32, r16, r8, reg)                                                            \
	[X86_REG_##r64] = {reg, 8, false}, [X86_REG_##r32] = {reg, 4, false},                      \
	[X86_REG_##r16] = {reg, 2, false}, [X86_REG_##r8] = {reg, 1, false}
#define NUMBERED(n) GENERAL(R##n, R##n##D, R##n##W, R##n##B, ARCH_R##n)
#define VECTOR(n)                                                                                  \
	[X86_REG_XMM##n] = {ARCH_XMM0 + n, 16, false},                                             \
	[X86_REG_YMM##n] = {ARCH_XMM0 + n, 32, false},                                             \
	[X86_REG_ZMM##n] = {ARCH_XMM0 + n, 64, false}

// clang-format off
static const struct part parts[X86_REG_ENDING] = {
	GENERAL(RAX, EAX, AX, AL, ARCH_RAX), GENERAL(RDX, EDX, DX, DL, ARCH_RDX),
	GENERAL(RCX, ECX, CX, CL, ARCH_RCX), GENERAL(RBX, EBX, BX, BL, ARCH_RBX),
	GENERAL(RSI, ESI, SI, SIL, ARCH_RSI), GENERAL(RDI, EDI, DI, DIL, ARCH_RDI),
	GENERAL(RBP, EBP, BP, BPL, ARCH_RBP), GENERAL(RSP, ESP, SP, SPL, ARCH_RSP),
	NUMBERED(8), NUMBERED(9), NUMBERED(10), NUMBERED(11),
	NUMBERED(12), NUMBERED(13), NUMBERED(14), NUMBERED(15),
	[X86_REG_AH] = { ARCH_RAX, 1, true }, [X86_REG_DH] = { ARCH_RDX, 1, true },
	[X86_REG_CH] = { ARCH_RCX, 1, true }, [X86_REG_BH] = { ARCH_RBX, 1, true },
	VECTOR(0), VECTOR(1), VECTOR(2), VECTOR(3), VECTOR(4), VECTOR(5), VECTOR(6), VECTOR(7),
	VECTOR(8), VECTOR(9), VECTOR(10), VECTOR(11), VECTOR(12), VECTOR(13), VECTOR(14),
	VECTOR(15),
	[X86_REG_RIP] = { ARCH_RIP, 8, false },
};
// clang-format on

/* size 0: a register we do not follow. */
static struct part part_of(unsigned reg)
{
	return reg < X86_REG_ENDING ? parts[reg] : (struct part){0, 0, false};
}

static void add_write(struct insn *ret, unsigned capstone_reg)
{
	struct part p = part_of(capstone_reg);
	if (p.size && p.reg != ARCH_RIP)
		ret->writes |= (uint64_t)1 << p.reg;
}

// clang-format off
static enum insn_kind vector_move_kind(unsigned id)
{
	switch (id) {
	case X86_INS_MOVAPS: case X86_INS_MOVAPD: case X86_INS_MOVUPS: case X86_INS_MOVUPD:
	case X86_INS_MOVDQA: case X86_INS_MOVDQU: case X86_INS_MOVQ: case X86_INS_MOVD:
	case X86_INS_MOVSS: case X86_INS_MOVSD: case X86_INS_MOVNTPS: case X86_INS_MOVNTDQ:
	case X86_INS_VMOVAPS: case X86_INS_VMOVAPD: case X86_INS_VMOVUPS: case X86_INS_VMOVUPD:
	case X86_INS_VMOVDQA: case X86_INS_VMOVDQU: case X86_INS_VMOVDQA32:
	case X86_INS_VMOVDQA64: case X86_INS_VMOVDQU8: case X86_INS_VMOVDQU16:
	case X86_INS_VMOVDQU32: case X86_INS_VMOVDQU64: case X86_INS_VMOVQ: case X86_INS_VMOVD:
	case X86_INS_VMOVSS: case X86_INS_VMOVSD:
		return INSN_MOV;
	default: // not an enum of ours: capstone has 1500 of them
		return INSN_OTHER;
	}
}

static enum insn_kind kind_of(unsigned id)
{
	switch (id) {
	case X86_INS_NOP: case X86_INS_ENDBR32: case X86_INS_ENDBR64:
		return INSN_NOP;
	case X86_INS_MOV: case X86_INS_MOVABS:
		return INSN_MOV;
	case X86_INS_MOVZX: case X86_INS_MOVSX: case X86_INS_MOVSXD:
		return INSN_EXTEND;
	case X86_INS_LEA:
		return INSN_LEA;
	case X86_INS_ADD:
		return INSN_ADD;
	case X86_INS_SUB:
		return INSN_SUB;
	case X86_INS_AND:
		return INSN_AND;
	case X86_INS_OR: case X86_INS_XOR: case X86_INS_SHL: case X86_INS_SAL: case X86_INS_SHR:
	case X86_INS_SAR: case X86_INS_ROL: case X86_INS_ROR: case X86_INS_NOT: case X86_INS_NEG:
	case X86_INS_INC: case X86_INS_DEC: case X86_INS_IMUL: case X86_INS_MOVHPS:
	case X86_INS_MOVHPD: case X86_INS_MOVLPS: case X86_INS_MOVLPD:
		return INSN_ARITH;
	case X86_INS_CMP: case X86_INS_TEST:
		return INSN_CMP;
	case X86_INS_PUSH:
		return INSN_PUSH;
	case X86_INS_POP:
		return INSN_POP;
	case X86_INS_ENTER:
		return INSN_ENTER;
	case X86_INS_LEAVE:
		return INSN_LEAVE;
	case X86_INS_CALL:
		return INSN_CALL;
	case X86_INS_JMP:
		return INSN_JMP;
	case X86_INS_LOOP: case X86_INS_LOOPE: case X86_INS_LOOPNE:
	case X86_INS_JRCXZ: case X86_INS_JECXZ: case X86_INS_JCXZ:
		return INSN_LOOP;
	case X86_INS_RET:
		return INSN_RET;
	case X86_INS_UD2: case X86_INS_HLT: case X86_INS_INT3:
		return INSN_TRAP;
	case X86_INS_SYSCALL: case X86_INS_SYSENTER: case X86_INS_SYSRET: case X86_INS_SYSEXIT:
	case X86_INS_INT: case X86_INS_INTO: case X86_INS_INT1: case X86_INS_IRET:
	case X86_INS_IRETD: case X86_INS_IRETQ: case X86_INS_XBEGIN: case X86_INS_LCALL:
	case X86_INS_LJMP: case X86_INS_RETF: case X86_INS_RETFQ:
		return INSN_SYSTEM;
	default: // see above
		return vector_move_kind(id);
	}
}
// clang-format on

static void set_mem(const cs_insn *in, const cs_x86_op *op, struct insn *ret)
{
	const x86_op_mem *m = &op->mem;
	struct part base = part_of(m->base), index = part_of(m->index);
	bool base_known = m->base == X86_REG_INVALID || base.size == 8;
	bool index_known = m->index == X86_REG_INVALID || index.size == 8;
	ret->mem = (struct insn_mem){
		.base = base.size == 8 ? base.reg : ARCH_NONE,
		.index = index.size == 8 ? index.reg : ARCH_NONE,
		.scale = (uint8_t)m->scale,
		.fs = m->segment == X86_REG_FS,
		.flat = base_known && index_known && in->detail->x86.addr_size == 8 &&
			m->segment != X86_REG_FS && m->segment != X86_REG_GS,
		.disp = m->disp,
	};
	if (in->detail->x86.addr_size != 8 && (m->base == X86_REG_EIP || m->base == X86_REG_RIP))
		ret->mem = (struct insn_mem){.base = ARCH_RIP, .index = ARCH_NONE}; // no address
	else if (ret->mem.base == ARCH_RIP)
		ret->mem.disp = (int64_t)((uint64_t)m->disp + in->address + in->size);
}

static void set_operand(const cs_insn *in, unsigned n, struct insn *ret)
{
	const cs_x86_op *op = &in->detail->x86.operands[n];
	struct insn_operand spare = {0}, *o = n < FT_COUNT(ret->op) ? &ret->op[n] : &spare;
	o->size = op->size;
	o->reg = ARCH_NONE;
	if (op->type == X86_OP_REG) {
		struct part p = part_of(op->reg);
		o->kind = OPERAND_REG;
		if (p.size && !p.high)
			o->reg = p.reg;
		if (p.size)
			o->size = p.size;
	} else if (op->type == X86_OP_MEM) {
		o->kind = OPERAND_MEM;
		ret->has_mem = true;
		set_mem(in, op, ret);
	} else if (op->type == X86_OP_IMM) {
		o->kind = OPERAND_IMM;
		if (n == 0 || ret->op[0].kind != OPERAND_IMM) // enter has two
			ret->imm = op->imm;
	}
}

static bool only_reads(enum insn_kind kind)
{
	return kind == INSN_CMP || kind == INSN_PUSH || kind == INSN_CALL || kind == INSN_JMP ||
	       kind == INSN_NOP;
}

static bool is_lone_store(unsigned id)
{
	return id == X86_INS_FST || id == X86_INS_FSTP || id == X86_INS_FNSTCW ||
	       id == X86_INS_FNSTSW || id == X86_INS_FNSTENV || id == X86_INS_FNSAVE ||
	       id == X86_INS_STMXCSR;
}

/* As set_writes() doubts capstone: a destination comes first, and a lone operand is one of few. */
static void set_traffic(const cs_insn *in, struct insn *ret)
{
	const cs_x86 *x = &in->detail->x86;
	for (unsigned n = 0; n < x->op_count; n++) {
		const cs_x86_op *op = &x->operands[n];
		if (op->type != X86_OP_MEM || ret->kind == INSN_NOP || ret->kind == INSN_LEA)
			continue;
		bool first = n == 0 && !only_reads((enum insn_kind)ret->kind);
		bool both = (op->access & CS_AC_READ) && (op->access & CS_AC_WRITE);
		ret->stores = first && (x->op_count > 1 || (op->access & CS_AC_WRITE) ||
					is_lone_store(in->id));
		ret->loads = !ret->stores || both || ret->kind == INSN_ADD ||
			     ret->kind == INSN_SUB || ret->kind == INSN_AND ||
			     ret->kind == INSN_ARITH;
	}
}

/*
 * What may change. capstone's access flags are incomplete, so the first operand counts as written
 * unless the kind says otherwise, and so does every register of an instruction we do not know.
 */
static void set_writes(const cs_insn *in, struct insn *ret)
{
	const cs_x86 *x = &in->detail->x86;
	for (unsigned n = 0; n < in->detail->regs_write_count; n++)
		add_write(ret, in->detail->regs_write[n]);
	if (only_reads((enum insn_kind)ret->kind))
		return;
	for (unsigned n = 0; n < x->op_count; n++) {
		const cs_x86_op *op = &x->operands[n];
		bool written = n == 0 || (op->access & CS_AC_WRITE) || ret->kind == INSN_OTHER;
		if (written && op->type == X86_OP_REG)
			add_write(ret, op->reg);
		if (written && op->type == X86_OP_MEM)
			ret->writes_mem = true;
	}
}

/* A vector move that merges, masks or takes three operands is not a plain copy. */
static enum insn_kind checked_move(const cs_insn *in)
{
	const cs_x86 *x = &in->detail->x86;
	bool scalar = in->id == X86_INS_MOVSS || in->id == X86_INS_MOVSD ||
		      in->id == X86_INS_VMOVSS || in->id == X86_INS_VMOVSD;
	if (x->op_count != 2)
		return INSN_OTHER;
	if (x->operands[0].type == X86_OP_MEM && x->operands[1].type == X86_OP_MEM)
		return INSN_OTHER; // movs, the string instruction
	if (scalar && x->operands[0].type == X86_OP_REG && x->operands[1].type == X86_OP_REG)
		return INSN_OTHER;
	return INSN_MOV;
}

static enum insn_kind refined_kind(const cs_insn *in)
{
	const cs_x86 *x = &in->detail->x86;
	enum insn_kind kind = kind_of(in->id);
	if (kind == INSN_MOV)
		return checked_move(in);
	bool two_regs = x->op_count == 2 && x->operands[0].type == X86_OP_REG &&
			x->operands[1].type == X86_OP_REG &&
			x->operands[0].reg == x->operands[1].reg;
	if (two_regs && (in->id == X86_INS_XOR || in->id == X86_INS_SUB))
		return INSN_CLEAR;
	if (kind == INSN_OTHER) {
		for (unsigned n = 0; n < in->detail->groups_count; n++)
			if (in->detail->groups[n] == CS_GRP_JUMP)
				return INSN_JCC;
	}
	return kind;
}

/* Bits that capstone's names do not tell: conditions, prefixes. */
static bool set_branch(const cs_insn *in, struct insn *ret)
{
	const cs_x86 *x = &in->detail->x86;
	if (ret->kind == INSN_JCC) {
		uint8_t op = x->opcode[0] == 0x0f ? x->opcode[1] : x->opcode[0];
		if ((op & 0xf0) != (x->opcode[0] == 0x0f ? 0x80 : 0x70))
			return false;
		ret->cond = op & 0x0f;
	}
	bool branch = ret->kind == INSN_CALL || ret->kind == INSN_JMP || ret->kind == INSN_JCC ||
		      ret->kind == INSN_LOOP;
	ret->direct = branch && ret->op[0].kind == OPERAND_IMM;
	if (ret->direct)
		ret->target = (uint64_t)ret->imm;
	ret->notrack = branch && !ret->direct && in->bytes[0] == 0x3e;
	ret->stack_imm = (ret->kind == INSN_RET && x->op_count > 0) ||
			 (ret->kind == INSN_ENTER && (x->op_count != 2 || x->operands[1].imm));
	return true;
}

size_t insn_prefixes(const uint8_t *bytes, size_t len)
{
	size_t n = 0;
	while (n < len && memchr("\x66\x67\xf0\xf2\xf3\x2e\x36\x3e\x26\x64\x65", bytes[n], 11))
		n++;
	if (n < len && (bytes[n] & 0xf0) == 0x40)
		n++;
	return n;
}

size_t insn_modrm_offset(const uint8_t *bytes, size_t len)
{
	size_t n = insn_prefixes(bytes, len);
	if (n >= len)
		return 0;
	size_t opcode = 1;
	if (bytes[n] == 0xc5)
		opcode = 3;
	else if (bytes[n] == 0xc4 ||
		 (bytes[n] == 0x8f && n + 1 < len && (bytes[n + 1] & 0x1f) >= 8))
		opcode = 4; // VEX, XOP
	else if (bytes[n] == 0x62)
		opcode = 5;
	else if (bytes[n] == 0x0f && n + 1 < len)
		opcode = bytes[n + 1] == 0x38 || bytes[n + 1] == 0x3a ? 3 : 2;
	return n + opcode < len ? n + opcode : 0;
}

size_t insn_modrm_size(const uint8_t *modrm, size_t len)
{
	if (!len)
		return 0;
	unsigned mod = modrm[0] >> 6, rm = modrm[0] & 7;
	size_t size = 1;
	if (mod != 3 && rm == 4) {
		if (len < 2)
			return 0;
		size++;
		if (mod == 0 && (modrm[1] & 7) == 5)
			size += 4;
	}
	if (mod == 1)
		size += 1;
	else if (mod == 2 || (mod == 0 && rm == 5))
		size += 4;
	return size <= len ? size : 0;
}

/*
 * Vector instructions that are newer than capstone: nothing is known of them but their length.
 * Map 3 always has an immediate byte, map 1 for a few opcodes.
 */
static bool decode_vector(uint64_t pc, const uint8_t *bytes, size_t len, struct insn *ret)
{
	if (len < 5 || (bytes[0] != 0x62 && bytes[0] != 0xc4 && bytes[0] != 0xc5))
		return false;
	size_t at = insn_modrm_offset(bytes, len);
	unsigned map = bytes[0] == 0xc5 ? 1 : bytes[1] & (bytes[0] == 0x62 ? 0x07 : 0x1f);
	if (!at || map == 0 || map > 6 || map == 4)
		return false;
	size_t size = insn_modrm_size(bytes + at, len - at);
	uint8_t opcode = bytes[at - 1];
	bool imm = map == 3 || (map == 1 && ((opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 ||
					     (opcode >= 0xc4 && opcode <= 0xc6)));
	if (!size || at + size + imm > len)
		return false;
	*ret = (struct insn){
		.pc = pc,
		.kind = INSN_OTHER,
		.len = (uint8_t)(at + size + imm),
		.modrm_at = (uint8_t)at,
		.writes = (((uint64_t)1 << (ARCH_XMM15 + 1)) - 1) & ~(uint64_t)(1u << ARCH_RSP),
		.writes_mem = bytes[at] >> 6 != 3,
	};
	if (bytes[at] >> 6 == 3)
		return true;
	ret->op[0].kind = OPERAND_MEM;
	ret->has_mem = true;
	ret->mem = (struct insn_mem){.base = ARCH_NONE, .index = ARCH_NONE};
	if ((bytes[at] & 0xc7) == 0x05) {
		int32_t disp;
		memcpy(&disp, bytes + at + 1, sizeof(disp));
		ret->mem.base = ARCH_RIP;
		ret->mem.flat = true;
		ret->mem.disp = (int64_t)(pc + ret->len + (uint64_t)(int64_t)disp);
	}
	return true;
}

/* Others: rdpkru, wrpkru (libc's pkey_get and pkey_set) and serialize. */
static bool decode_system(uint64_t pc, const uint8_t *bytes, size_t len, struct insn *ret)
{
	if (len < 3 || bytes[0] != 0x0f || bytes[1] != 0x01 || !memchr("\xee\xef\xe8", bytes[2], 3))
		return false;
	*ret = (struct insn){
		.pc = pc,
		.kind = INSN_OTHER,
		.len = 3,
		.writes = 1u << ARCH_RAX | 1u << ARCH_RDX,
	};
	return true;
}

bool insn_decode(struct disassembler *d, uint64_t pc, const uint8_t *bytes, size_t len,
		 struct insn *ret)
{
	const uint8_t *code = bytes;
	size_t left = len < ARCH_INSN_MAX ? len : ARCH_INSN_MAX;
	uint64_t address = pc;
	size_t given = left;
	if (!cs_disasm_iter(d->handle, &code, &left, &address, d->insn))
		return decode_vector(pc, bytes, given, ret) || decode_system(pc, bytes, given, ret);
	const cs_insn *in = d->insn;
	struct insn i = {.pc = pc, .len = (uint8_t)in->size};
	i.kind = (uint8_t)refined_kind(in);
	for (unsigned n = 0; n < in->detail->x86.op_count; n++)
		set_operand(in, n, &i);
	set_writes(in, &i);
	set_traffic(in, &i);
	insn_set_store(in, &i);
	if (!set_branch(in, &i))
		return false;
	i.modrm_at = (uint8_t)insn_modrm_offset(bytes, i.len);
	*ret = i;
	return true;
}

bool insn_text(struct disassembler *d, uint64_t pc, const uint8_t *bytes, size_t len, char *buf,
	       size_t buf_len)
{
	struct insn i;
	size_t given = len < ARCH_INSN_MAX ? len : ARCH_INSN_MAX;
	const uint8_t *code = bytes;
	size_t left = given;
	if (!cs_disasm_iter(d->handle, &code, &left, &pc, d->insn)) {
		if (!insn_decode(d, pc, bytes, given, &i))
			return false;
		snprintf(buf, buf_len, "(instruction of %u bytes)", i.len);
		return true;
	}
	insn_spell(d->insn, buf, buf_len);
	return true;
}

size_t code_text(uint64_t pc, const uint8_t *bytes, size_t len, char *buf, size_t buf_len)
{
	struct disassembler *d = disassembler_create();
	if (!d)
		return 0;
	const uint8_t *code = bytes;
	size_t size = 0;
	if (cs_disasm_iter(d->handle, &code, &len, &pc, d->insn)) {
		snprintf(buf, buf_len, d->insn->op_str[0] ? "%-6s %s" : "%s", d->insn->mnemonic,
			 d->insn->op_str);
		size = d->insn->size;
	}
	disassembler_destroy(d);
	return size;
}
