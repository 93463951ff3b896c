/*
 * insn_store.c - what memory one instruction writes.
 *
 * Intel SDM vol. 2. capstone's access flags are incomplete: where they do not say that an operand
 * is written and its place says that it may be, the store is a "maybe", to be told by what changed.
 */
#include <capstone/capstone.h>

#include "symbols/insn.h"

enum {
	XSAVE_MAX = 4096, // as large as frames are looked at; AMX tiles would not fit
	FXSAVE_SIZE = 512,
	VECTOR_MAX = 64,
};

static void set(struct insn *ret, enum insn_store store, size_t size, bool maybe)
{
	ret->store = (uint8_t)store;
	ret->store_size = (uint16_t)size;
	ret->store_maybe = maybe;
}

// clang-format off
/* Bytes of one element that a string instruction stores; 0: it is none, or stores nothing. */
static size_t string_size(const cs_insn *in)
{
	bool xmm = in->detail->x86.op_count > 0 && in->detail->x86.operands[0].type == X86_OP_REG &&
		   in->id == X86_INS_MOVSD;
	switch (in->id) {
	case X86_INS_STOSB: case X86_INS_MOVSB: case X86_INS_INSB:
		return 1;
	case X86_INS_STOSW: case X86_INS_MOVSW: case X86_INS_INSW:
		return 2;
	case X86_INS_STOSD: case X86_INS_INSD:
		return 4;
	case X86_INS_MOVSD: // the SSE move has the same name
		return !xmm && in->detail->x86.op_count == 2 &&
		       in->detail->x86.operands[1].type == X86_OP_MEM &&
		       in->detail->x86.operands[0].type == X86_OP_MEM ? 4 : 0;
	case X86_INS_STOSQ: case X86_INS_MOVSQ:
		return 8;
	default: // not an enum of ours
		return 0;
	}
}

/* Bytes of a state that is saved as a whole; 0: it is something else. */
static size_t state_size(unsigned id)
{
	switch (id) {
	case X86_INS_FXSAVE: case X86_INS_FXSAVE64:
		return FXSAVE_SIZE;
	case X86_INS_XSAVE: case X86_INS_XSAVE64: case X86_INS_XSAVEC: case X86_INS_XSAVEC64:
	case X86_INS_XSAVEOPT: case X86_INS_XSAVEOPT64: case X86_INS_XSAVES: case X86_INS_XSAVES64:
		return XSAVE_MAX;
	case X86_INS_FNSAVE:
		return 108;
	case X86_INS_FNSTENV:
		return 28;
	default: // not an enum of ours
		return 0;
	}
}

static bool moves_flags(unsigned id)
{
	return id == X86_INS_PUSHF || id == X86_INS_PUSHFD || id == X86_INS_PUSHFQ ||
	       id == X86_INS_POPF || id == X86_INS_POPFD || id == X86_INS_POPFQ;
}

/* cmpsd is an SSE instruction too; that one writes a register. */
static bool only_compares(const cs_insn *in)
{
	switch (in->id) {
	case X86_INS_CMPSB: case X86_INS_CMPSW: case X86_INS_CMPSD: case X86_INS_CMPSQ:
	case X86_INS_SCASB: case X86_INS_SCASW: case X86_INS_SCASD: case X86_INS_SCASQ:
		return true;
	default: // not an enum of ours
		return false;
	}
}
// clang-format on

static void set_pushed(const cs_insn *in, struct insn *ret)
{
	size_t size = in->detail->x86.prefix[2] == X86_PREFIX_OPSIZE ? 2 : ARCH_WORD;
	if (ret->kind == INSN_CALL)
		size = ARCH_WORD;
	else if (ret->kind == INSN_ENTER && in->detail->x86.op_count == 2)
		size = ARCH_WORD * (1 + ((size_t)in->detail->x86.operands[1].imm & 31));
	set(ret, STORE_PUSHED, size, false);
}

static void set_operand_store(const cs_insn *in, struct insn *ret)
{
	const cs_x86 *x = &in->detail->x86;
	for (unsigned n = 0; n < x->op_count; n++) {
		const cs_x86_op *op = &x->operands[n];
		bool written = op->access & CS_AC_WRITE;
		if (op->type != X86_OP_MEM || (n > 0 && !written))
			continue;
		bool masked = x->op_count > 1 && n == 0 && x->op_count > 2;
		bool plain = ret->kind != INSN_OTHER;
		size_t size = op->size ? op->size : VECTOR_MAX;
		set(ret, STORE_MEM, size, !plain && (!written || masked || !op->size));
		return;
	}
}

void insn_set_store(const cs_insn *in, struct insn *ret)
{
	size_t size = string_size(in), state = state_size(in->id);
	if (size) {
		set(ret, STORE_STRING, size, false);
		ret->repeated = in->detail->x86.prefix[0] != 0;
		return;
	}
	if (state && ret->has_mem) {
		set(ret, STORE_MEM, state, true);
		return;
	}
	switch ((enum insn_kind)ret->kind) {
	case INSN_PUSH:
	case INSN_CALL:
	case INSN_ENTER:
		set_pushed(in, ret);
		return;
	case INSN_OTHER:
		if (moves_flags(in->id))
			ret->writes |= 1u << ARCH_RSP; // capstone leaves it out
		if (in->id == X86_INS_PUSHF || in->id == X86_INS_PUSHFD || in->id == X86_INS_PUSHFQ)
			set_pushed(in, ret);
		else if (!only_compares(in))
			set_operand_store(in, ret);
		return;
	case INSN_MOV:
	case INSN_EXTEND:
	case INSN_ADD:
	case INSN_SUB:
	case INSN_AND:
	case INSN_ARITH:
	case INSN_POP:
		set_operand_store(in, ret);
		return;
	case INSN_NOP:
	case INSN_LEA:
	case INSN_CLEAR:
	case INSN_CMP:
	case INSN_LEAVE:
	case INSN_JMP:
	case INSN_JCC:
	case INSN_LOOP:
	case INSN_RET:
	case INSN_TRAP:
	case INSN_SYSTEM:
		return;
	}
}
