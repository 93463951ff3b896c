/*
 * effect.c - what one instruction does to rsp and to memory, and how it reads.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/plan.h"
#include "symbols/private.h"

enum { DIRECTION_FLAG = 1 << 10 };

enum insn_flow insn_flow(enum insn_kind kind)
{
	switch (kind) {
	case INSN_CALL:
		return FLOW_CALL;
	case INSN_JMP:
		return FLOW_JMP;
	case INSN_JCC:
		return FLOW_JCC;
	case INSN_LOOP:
		return FLOW_LOOP;
	case INSN_RET:
		return FLOW_RET;
	case INSN_TRAP:
		return FLOW_TRAP;
	case INSN_SYSTEM:
		return FLOW_SYSTEM;
	case INSN_OTHER:
	case INSN_NOP:
	case INSN_MOV:
	case INSN_EXTEND:
	case INSN_LEA:
	case INSN_ADD:
	case INSN_SUB:
	case INSN_AND:
	case INSN_CLEAR:
	case INSN_ARITH:
	case INSN_CMP:
	case INSN_PUSH:
	case INSN_POP:
	case INSN_ENTER:
	case INSN_LEAVE:
		break;
	}
	return FLOW_ON;
}

static enum code_kind kind_of(const struct insn *i)
{
	switch (insn_flow((enum insn_kind)i->kind)) {
	case FLOW_CALL:
		return CODE_CALL;
	case FLOW_RET:
		return CODE_RET;
	case FLOW_JMP:
	case FLOW_JCC:
	case FLOW_LOOP:
		return CODE_JUMP;
	case FLOW_ON:
	case FLOW_TRAP:
	case FLOW_SYSTEM:
		break;
	}
	return CODE_PLAIN;
}

static void set_store(const struct insn *i, struct code_effect *ret)
{
	ret->store = i->store;
	ret->store_maybe = i->store_maybe;
	ret->store_size = i->store_size;
	ret->repeated = i->repeated;
	ret->base = i->mem.base;
	ret->index = i->mem.index;
	ret->scale = i->mem.scale;
	ret->disp = i->mem.disp;
	if (i->store == STORE_MEM && !i->mem.flat)
		ret->store = STORE_NONE; // segments, vectors of addresses: not on a stack
	// pop counts its rsp after it has moved (Intel SDM vol. 2, POP)
	if (i->store == STORE_MEM && i->kind == INSN_POP && i->mem.base == ARCH_RSP)
		ret->disp += ARCH_WORD;
}

static enum ft_rc effect(struct disassembler *d, uint64_t pc, const uint8_t *bytes, size_t len,
			 struct code_effect *ret)
{
	struct insn i;
	if (!insn_decode(d, pc, bytes, len, &i))
		return FT_NONE;
	struct code_effect e = {.pc = pc, .len = i.len, .kind = kind_of(&i)};
	e.moves_rsp = insn_writes(&i, ARCH_RSP) || i.kind == INSN_ENTER || e.kind == CODE_CALL ||
		      e.kind == CODE_RET;
	e.target = i.direct ? i.target : 0;
	set_store(&i, &e);
	if (!insn_text(d, pc, bytes, len, e.text, sizeof(e.text)))
		return FT_NONE;
	*ret = e;
	return FT_OK;
}

enum ft_rc code_effect_bytes(uint64_t pc, const uint8_t *bytes, size_t len, struct code_effect *ret)
{
	struct disassembler *d = disassembler_create();
	if (!d)
		return FT_FAIL;
	enum ft_rc rc = effect(d, pc, bytes, len, ret);
	disassembler_destroy(d);
	return rc;
}

// "call 0x1139" as "call twice", "jne 0x1160" as "jne main+42".
static void name_target(struct symbols *s, struct code_effect *e)
{
	struct function *f;
	const char *name;
	uint64_t offset = 0;
	char *blank = strchr(e->text, ' ');
	if (!e->target || !blank)
		return;
	if (e->kind == CODE_CALL && symbols_function_at(s, e->target, &f) == FT_OK &&
	    f->ranges[0].lo == e->target)
		name = f->name;
	else if (symbols_name_at(s, e->target, &name, &offset) != FT_OK)
		return;
	size_t at = (size_t)(blank + 1 - e->text);
	if (offset)
		snprintf(e->text + at, sizeof(e->text) - at, "%s+%" PRIu64, name, offset);
	else
		snprintf(e->text + at, sizeof(e->text) - at, "%s", name);
}

enum ft_rc code_effect(struct symbols *s, uint64_t pc, struct code_effect *ret)
{
	uint8_t bytes[ARCH_INSN_MAX];
	struct disassembler *d = symbols_disassembler(s);
	if (!d)
		return FT_FAIL;
	enum ft_rc rc = effect(d, pc, bytes, symbols_code(s, pc, bytes, sizeof(bytes)), ret);
	if (rc == FT_OK)
		name_target(s, ret);
	return rc;
}

bool code_effect_store(const struct code_effect *e, const struct regs *before,
		       struct code_store *ret)
{
	uint64_t count = e->repeated ? before->r[ARCH_RCX] : 1, at;
	switch ((enum insn_store)e->store) {
	case STORE_NONE:
		return false;
	case STORE_PUSHED:
		*ret = (struct code_store){before->r[ARCH_RSP] - e->store_size, e->store_size};
		return true;
	case STORE_STRING:
		if (count == 0 || count > UINT64_MAX / e->store_size)
			return false;
		at = before->r[ARCH_RDI];
		if (before->eflags & DIRECTION_FLAG)
			at -= (count - 1) * e->store_size;
		*ret = (struct code_store){at, count * e->store_size};
		return true;
	case STORE_MEM:
		at = (uint64_t)e->disp;
		if (e->base < ARCH_RIP)
			at += before->r[e->base];
		if (e->index < ARCH_RIP)
			at += before->r[e->index] * e->scale;
		*ret = (struct code_store){at, e->store_size};
		return true;
	}
	return false;
}
