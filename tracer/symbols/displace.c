/*
 * displace.c - an instruction made ready to run in a slot, somewhere else within rel32 reach.
 *
 * Encodings: Intel SDM vol. 2. What depends on rip is rewritten; what comes back, comes back by a
 * jmp rel32; a call becomes a push of the original return address and a jump.
 */
#include "symbols/plan.h"

#include <assert.h>
#include <string.h>

#include "symbols/private.h"

enum {
	JMP_SIZE = 5,  // e9 rel32
	JCC_SIZE = 6,  // 0f 8x rel32
	PUSH_SIZE = 5, // 68 imm32
	MOV_SIZE = 8,  // c7 44 24 04 imm32: mov dword [rsp+4], imm32
};

static void add(struct displaced *d, const void *bytes, size_t len)
{
	assert(d->len + len <= sizeof(d->code));
	memcpy(d->code + d->len, bytes, len);
	d->len = (uint8_t)(d->len + len);
}

static void add_fix(struct displaced *d, size_t at, size_t end, uint64_t target)
{
	assert(d->n_fixes < DISPLACED_FIXES && at + 4 <= end);
	d->fixes[d->n_fixes++] = (struct displaced_fix){(uint8_t)at, (uint8_t)end, target};
}

static void add_home(struct displaced *d, uint64_t pc, int8_t rsp_add)
{
	assert(d->n_homes < DISPLACED_HOMES);
	d->homes[d->n_homes++] = (struct displaced_home){d->len, rsp_add, pc};
}

static void add_jmp(struct displaced *d, uint64_t target)
{
	add(d, "\xe9\0\0\0", JMP_SIZE);
	add_fix(d, d->len - 4u, d->len, target);
}

/* The bytes themselves; a rip-relative disp32 follows ModRM. False if it is not where it must be.
 */
static bool add_copy(struct displaced *d, const struct insn *i, const uint8_t *bytes)
{
	size_t start = d->len;
	add(d, bytes, i->len);
	if (!i->has_mem || i->mem.base != ARCH_RIP)
		return true;
	size_t at = i->modrm_at + 1u;
	int32_t disp;
	if (!i->modrm_at || at + sizeof(disp) > i->len)
		return false;
	memcpy(&disp, bytes + at, sizeof(disp));
	if ((bytes[i->modrm_at] & 0xc7) != 0x05 ||
	    i->pc + i->len + (uint64_t)(int64_t)disp != (uint64_t)i->mem.disp)
		return false; // eip-relative, or not understood
	add_fix(d, start + at, d->len, (uint64_t)i->mem.disp);
	return true;
}

/* push imm32 sign-extends, so the upper half is written after it. */
static void add_push_return(struct displaced *d, uint64_t next)
{
	uint32_t low = (uint32_t)next, high = (uint32_t)(next >> 32);
	uint8_t push[PUSH_SIZE] = {0x68}, mov[MOV_SIZE] = {0xc7, 0x44, 0x24, 0x04};
	memcpy(push + 1, &low, sizeof(low));
	memcpy(mov + 4, &high, sizeof(high));
	add(d, push, sizeof(push));
	add_home(d, d->home, ARCH_WORD);
	add(d, mov, sizeof(mov));
	add_home(d, d->home, ARCH_WORD);
}

/* `call r/m64` is ff /2, `jmp r/m64` ff /4. What was relative to rsp now lies 8 bytes higher. */
static bool add_indirect_jump(struct displaced *d, const struct insn *i, const uint8_t *bytes)
{
	size_t opcode = insn_prefixes(bytes, i->len), modrm = opcode + 1;
	if (modrm >= i->len || bytes[opcode] != 0xff || (bytes[modrm] & 0x38) != 0x10)
		return false;
	uint8_t copy[ARCH_INSN_MAX + 4];
	size_t len = i->len;
	memcpy(copy, bytes, len);
	copy[modrm] = (uint8_t)((copy[modrm] & 0xc7) | 0x20);
	if (i->has_mem && i->mem.base == ARCH_RSP) {
		int64_t disp = i->mem.disp + ARCH_WORD;
		if (i->mem.disp < 0 || disp > INT32_MAX || modrm + 2 > len)
			return false; // below rsp: the push writes there
		int32_t disp32 = (int32_t)disp;
		copy[modrm] = (uint8_t)((copy[modrm] & 0x3f) | 0x80);
		memcpy(copy + modrm + 2, &disp32, sizeof(disp32));
		len = modrm + 2 + sizeof(disp32);
	}
	struct insn jump = *i;
	jump.len = (uint8_t)len;
	if (i->has_mem && i->mem.base == ARCH_RIP) // same length, same place of disp32
		return add_copy(d, &jump, copy);
	add(d, copy, len);
	return true;
}

static bool displace_call(struct displaced *d, const struct insn *i, const uint8_t *bytes)
{
	uint64_t next = i->pc + i->len;
	add_home(d, d->home, 0);
	add_push_return(d, next);
	if (i->direct) {
		add_jmp(d, i->target);
		return true;
	}
	bool uses_rsp = i->op[0].kind == OPERAND_REG && i->op[0].reg == ARCH_RSP;
	return !uses_rsp && add_indirect_jump(d, i, bytes);
}

/* Cannot be taken apart: control single-steps a copy. */
static bool displace_step(struct displaced *d, const struct insn *i, const uint8_t *bytes)
{
	d->len = d->n_fixes = d->n_homes = 0;
	d->step = true;
	add_home(d, d->home, 0);
	return add_copy(d, i, bytes);
}

static void displace_jcc(struct displaced *d, const struct insn *i)
{
	uint8_t jcc[JCC_SIZE] = {0x0f, (uint8_t)(0x80 | i->cond)};
	add_home(d, d->home, 0);
	add(d, jcc, sizeof(jcc));
	add_fix(d, d->len - 4u, d->len, i->target);
	add_home(d, i->pc + i->len, 0);
	add_jmp(d, i->pc + i->len);
}

/* loop and jrcxz have rel8 only: made to hop over the jump to the next instruction. */
static void displace_loop(struct displaced *d, const struct insn *i, const uint8_t *bytes)
{
	add_home(d, d->home, 0);
	add(d, bytes, i->len - 1u);
	uint8_t hop = JMP_SIZE;
	add(d, &hop, 1);
	add_home(d, i->pc + i->len, 0);
	add_jmp(d, i->pc + i->len);
	add_home(d, i->target, 0);
	add_jmp(d, i->target);
}

static bool displace_plain(struct displaced *d, const struct insn *i, const uint8_t *bytes)
{
	add_home(d, d->home, 0);
	if (!add_copy(d, i, bytes))
		return false;
	if (insn_ends(i)) // ret, an indirect jmp: leaves by itself; ud2: faults
		return true;
	add_home(d, i->pc + i->len, 0);
	add_jmp(d, i->pc + i->len);
	return true;
}

/* A near branch with a 16-bit operand size would cut rip (AMD) or not (Intel). */
static bool is_odd_branch(const struct insn *i, const uint8_t *bytes)
{
	size_t n = insn_prefixes(bytes, i->len);
	bool wide = n > 0 && (bytes[n - 1] & 0xf8) == 0x48; // REX.W
	return !wide && memchr(bytes, 0x66, n);
}

static bool displace_branch(struct displaced *d, const struct insn *i, const uint8_t *bytes)
{
	if (is_odd_branch(i, bytes))
		return false;
	if (i->kind == INSN_CALL)
		return displace_call(d, i, bytes) || displace_step(d, i, bytes);
	if (i->kind == INSN_JCC) {
		displace_jcc(d, i);
	} else if (i->kind == INSN_LOOP) {
		displace_loop(d, i, bytes);
	} else if (i->direct) {
		add_home(d, d->home, 0);
		add_jmp(d, i->target);
	} else {
		return displace_plain(d, i, bytes);
	}
	return true;
}

enum ft_rc insn_displace(const struct insn *i, const uint8_t *bytes, struct displaced *ret)
{
	struct displaced d = {.home = i->pc, .home_len = i->len, .first = bytes[0]};
	bool ok = false;
	switch (insn_flow((enum insn_kind)i->kind)) {
	case FLOW_SYSTEM:
		break; // syscall leaves rip in rcx; the others know where they are
	case FLOW_TRAP:
		ok = bytes[0] != ARCH_TRAP && displace_plain(&d, i, bytes);
		break;
	case FLOW_CALL:
	case FLOW_JMP:
	case FLOW_JCC:
	case FLOW_LOOP:
		ok = displace_branch(&d, i, bytes);
		break;
	case FLOW_ON:
	case FLOW_RET:
		ok = displace_plain(&d, i, bytes);
		break;
	}
	if (!ok)
		return FT_NONE;
	*ret = d;
	return FT_OK;
}

static enum ft_rc displace(struct disassembler *d, uint64_t pc, const uint8_t *bytes, size_t len,
			   struct displaced *ret)
{
	struct insn i;
	return insn_decode(d, pc, bytes, len, &i) ? insn_displace(&i, bytes, ret) : FT_NONE;
}

enum ft_rc code_displace_bytes(uint64_t pc, const uint8_t *bytes, size_t len, struct displaced *ret)
{
	struct disassembler *d = disassembler_create();
	if (!d)
		return FT_FAIL;
	enum ft_rc rc = displace(d, pc, bytes, len, ret);
	disassembler_destroy(d);
	return rc;
}

enum ft_rc code_displace(struct symbols *s, uint64_t pc, struct displaced *ret)
{
	uint8_t bytes[ARCH_INSN_MAX];
	struct disassembler *d = symbols_disassembler(s);
	if (!d)
		return FT_FAIL;
	return displace(d, pc, bytes, symbols_code(s, pc, bytes, sizeof(bytes)), ret);
}
