/*
 * parts.c - steps of a frame's arithmetic in words, as objdump -M intel spells them.
 */
#include "symbols/plan.h"

#include <stdlib.h>

void plan_add_part(struct code_part **parts, size_t *n, size_t *cap, char *text, int64_t bytes)
{
	*parts = xgrow(*parts, *n, cap, sizeof(**parts));
	(*parts)[(*n)++] = (struct code_part){.text = text, .bytes = (int32_t)bytes};
}

static const char *mnemonic(const struct insn *i)
{
	switch ((enum insn_kind)i->kind) {
	case INSN_PUSH:
		return "push";
	case INSN_POP:
		return "pop";
	case INSN_ADD:
		return "add";
	case INSN_SUB:
		return "sub";
	case INSN_AND:
		return "and";
	case INSN_LEA:
		return "lea";
	case INSN_MOV:
		return "mov";
	case INSN_ENTER:
		return "enter";
	case INSN_LEAVE:
		return "leave";
	case INSN_RET:
		return "ret";
	case INSN_OTHER:
	case INSN_NOP:
	case INSN_EXTEND:
	case INSN_CLEAR:
	case INSN_ARITH:
	case INSN_CMP:
	case INSN_CALL:
	case INSN_JMP:
	case INSN_JCC:
	case INSN_LOOP:
	case INSN_TRAP:
	case INSN_SYSTEM:
		break;
	}
	return "?";
}

static char *mem_text(const struct insn *i)
{
	const char *size = i->kind == INSN_LEA ? "" : "QWORD PTR ";
	const char *base = arch_reg_name(i->mem.base);
	uint64_t disp = (uint64_t)i->mem.disp;
	if (!base || i->mem.index != ARCH_NONE)
		return xasprintf("%s[...]", size);
	if (!disp)
		return xasprintf("%s[%s]", size, base);
	if (i->mem.disp < 0)
		return xasprintf("%s[%s-0x%llx]", size, base, (unsigned long long)-disp);
	return xasprintf("%s[%s+0x%llx]", size, base, (unsigned long long)disp);
}

static char *operand_text(const struct insn *i, const struct insn_operand *o)
{
	const char *name = arch_reg_name(o->reg);
	switch ((enum insn_operand_kind)o->kind) {
	case OPERAND_NONE:
		break;
	case OPERAND_REG:
		return xstrdup(name ? name : "?");
	case OPERAND_MEM:
		return mem_text(i);
	case OPERAND_IMM:
		return xasprintf("0x%llx", (unsigned long long)i->imm);
	}
	return xstrdup("");
}

char *insn_part_text(const struct insn *i)
{
	if (i->kind == INSN_ENTER)
		return xasprintf("enter 0x%llx,0x0", (unsigned long long)i->imm);
	if (i->op[0].kind == OPERAND_NONE || i->kind == INSN_RET)
		return xstrdup(mnemonic(i));
	char *first = operand_text(i, &i->op[0]), *second = operand_text(i, &i->op[1]);
	char *text = xasprintf("%s %s%s%s", mnemonic(i), first, *second ? "," : "", second);
	free(first);
	free(second);
	return text;
}
