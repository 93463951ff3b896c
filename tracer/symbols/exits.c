/*
 * exits.c - how a function is left: rets, tail jumps, and the arithmetic of its epilogues.
 */
#include "symbols/plan.h"

#include <stdlib.h>

#define LOG_DOMAIN "code"

enum {
	EPILOGUE_MAX = 64, // instructions looked at before an exit
	TABLE_BACK = 4,	   // instructions between a jump table's load and its jump
};

/* CFA == rsp + 8: nothing is left of the frame but the return address. */
static const struct cfa_rule torn_down = {ARCH_RSP, false, ARCH_CALL_CFA};

/* ---- the epilogue's arithmetic ---- */

enum epilogue_step { STEP_NONE, STEP_BYTES, STEP_RESET, STEP_STOP };

/* What an instruction of an epilogue does to rsp. A reset puts it where it must be. */
static enum epilogue_step step_of(const struct insn *i, int64_t *ret_bytes)
{
	bool rsp = insn_is_reg(&i->op[0], ARCH_RSP, ARCH_WORD);
	bool imm = i->op[1].kind == OPERAND_IMM;
	switch ((enum insn_kind)i->kind) {
	case INSN_POP:
		*ret_bytes = ARCH_WORD;
		return rsp ? STEP_STOP : STEP_BYTES;
	case INSN_LEAVE:
		return STEP_RESET;
	case INSN_ADD:
	case INSN_SUB:
		*ret_bytes = i->kind == INSN_ADD ? i->imm : -i->imm;
		if (rsp)
			return imm && *ret_bytes > 0 ? STEP_BYTES : STEP_STOP;
		break;
	case INSN_LEA:
		*ret_bytes = i->mem.disp;
		if (rsp && i->mem.base == ARCH_RSP && i->mem.index == ARCH_NONE)
			return i->mem.disp > 0 ? STEP_BYTES : STEP_STOP;
		if (rsp)
			return STEP_RESET;
		break;
	case INSN_MOV:
		if (rsp)
			return i->op[1].kind == OPERAND_REG ? STEP_RESET : STEP_STOP;
		break;
	case INSN_PUSH:
	case INSN_ENTER:
	case INSN_CALL:
	case INSN_JMP:
	case INSN_RET:
	case INSN_TRAP:
	case INSN_SYSTEM:
		return STEP_STOP;
	case INSN_OTHER:
	case INSN_NOP:
	case INSN_EXTEND:
	case INSN_AND:
	case INSN_CLEAR:
	case INSN_ARITH:
	case INSN_CMP:
	case INSN_JCC:
	case INSN_LOOP:
		break;
	}
	return insn_writes(i, ARCH_RSP) ? STEP_STOP : STEP_NONE;
}

struct epilogue {
	size_t insn[EPILOGUE_MAX]; // backwards
	int64_t bytes[EPILOGUE_MAX];
	size_t n;
	int64_t sum;
	bool reset; // the last one found puts rsp back whatever it was
};

/* From the exit backwards until the sum is `total`, or the straight run begins. */
static void gather(const struct listing *l, size_t exit, int64_t total, bool known,
		   struct epilogue *ret)
{
	size_t chunk = 0;
	while (l->first[chunk + 1] <= exit)
		chunk++;
	*ret = (struct epilogue){.n = 0};
	for (size_t i = exit; i-- > l->first[chunk] && ret->n < EPILOGUE_MAX;) {
		int64_t bytes = 0;
		if (known && ret->sum >= total)
			break;
		enum epilogue_step step = step_of(&l->insn[i], &bytes);
		if (step == STEP_STOP)
			break;
		if (step == STEP_NONE)
			continue;
		ret->reset = step == STEP_RESET;
		if (ret->reset)
			bytes = known ? total - ret->sum : 0;
		ret->insn[ret->n] = i;
		ret->bytes[ret->n++] = bytes;
		ret->sum += bytes;
		if (ret->reset)
			break;
	}
}

static void add_parts(const struct listing *l, const struct frame_plan *p, size_t i,
		      struct code_exit *ret)
{
	struct epilogue e;
	int64_t total = p->rsp_known ? -(int64_t)p->rsp_at_body - ARCH_CALL_CFA : 0;
	size_t cap = 0;
	gather(l, i, total, p->rsp_known, &e);
	if (p->rsp_known && e.sum != total) {
		if (total)
			plan_add_part(&ret->parts, &ret->n_parts, &cap, xstrdup("epilogue"), total);
	} else {
		for (size_t n = e.n; n-- > 0;)
			plan_add_part(&ret->parts, &ret->n_parts, &cap,
				      insn_part_text(&l->insn[e.insn[n]]), e.bytes[n]);
	}
	if (ret->kind == EXIT_RET)
		plan_add_part(&ret->parts, &ret->n_parts, &cap, xstrdup("ret"), ARCH_WORD);
}

/* ---- which instructions are exits ---- */

/* Without call frame information: the instructions before the jump undo the whole frame. */
static bool looks_torn_down(const struct listing *l, const struct frame_plan *p, size_t i)
{
	struct epilogue e;
	int64_t total = -(int64_t)p->rsp_at_body - ARCH_CALL_CFA;
	if (!p->rsp_known)
		return false;
	gather(l, i, total, true, &e);
	return e.sum == total;
}

static bool is_torn_down(const struct listing *l, const struct frame_plan *p, size_t i)
{
	const struct cfa_row *row = plan_row_at(l->in, l->insn[i].pc);
	if (!row)
		return l->in->n_rows == 0 && looks_torn_down(l, p, i);
	return row->known && row->cfa.reg == torn_down.reg && !row->cfa.deref &&
	       row->cfa.off == torn_down.off;
}

/* Out of the function, or to its own entry in order to make a new frame. */
static bool leaves(const struct listing *l, const struct frame_plan *p, size_t i)
{
	uint64_t target = l->insn[i].target;
	bool again = p->rsp_at_body < -ARCH_CALL_CFA && target >= p->entry && target <= p->site;
	return !listing_has(l, target) || again;
}

/* `movsxd rax,[table+rax*4]; add rax,table; jmp rax` stays inside. */
static bool is_jump_table(const struct listing *l, size_t i)
{
	const struct insn *jmp = &l->insn[i];
	if (jmp->notrack)
		return true;
	for (size_t back = 1; back <= TABLE_BACK && back <= i; back++) {
		const struct insn *in = &l->insn[i - back];
		if (insn_ends(in) || in->kind == INSN_CALL)
			return false;
		if (jmp->op[0].kind == OPERAND_REG && in->kind == INSN_ADD &&
		    in->op[0].kind == OPERAND_REG && in->op[0].reg == jmp->op[0].reg)
			return true;
	}
	return false;
}

/* Where an indirect jump goes, in the words of struct code_exit; false if they do not suffice. */
static bool set_operand(const struct insn *i, struct code_exit *ret)
{
	ret->index = ARCH_NONE;
	ret->base = i->op[0].reg;
	if (i->op[0].kind == OPERAND_REG)
		return i->op[0].reg < ARCH_RIP;
	ret->deref = true;
	ret->base = i->mem.base;
	ret->index = i->mem.index;
	ret->scale = i->mem.scale;
	ret->disp = i->mem.disp;
	return i->op[0].kind == OPERAND_MEM && i->mem.flat;
}

static bool exit_at(const struct listing *l, const struct frame_plan *p, size_t i,
		    struct code_exit *ret)
{
	const struct insn *in = &l->insn[i];
	*ret = (struct code_exit){.pc = in->pc,
				  .cfa = torn_down,
				  .target = in->target,
				  .condition = in->cond,
				  .base = ARCH_NONE,
				  .index = ARCH_NONE};
	switch (insn_flow((enum insn_kind)in->kind)) {
	case FLOW_RET:
		ret->kind = EXIT_RET;
		if (l->in->n_rows && !is_torn_down(l, p, i))
			ft_log("0x%llx: a ret where the CFA is said not to be rsp+8",
			       (unsigned long long)in->pc);
		return true;
	case FLOW_JMP:
		ret->kind = in->direct ? EXIT_TAIL_JUMP : EXIT_TAIL_INDIRECT;
		if (in->direct)
			return leaves(l, p, i) && is_torn_down(l, p, i);
		return set_operand(in, ret) && !is_jump_table(l, i) && is_torn_down(l, p, i);
	case FLOW_JCC:
		ret->kind = EXIT_TAIL_COND;
		return leaves(l, p, i) && is_torn_down(l, p, i);
	case FLOW_ON:
	case FLOW_CALL:
	case FLOW_LOOP:
	case FLOW_TRAP:
	case FLOW_SYSTEM:
		break;
	}
	return false;
}

static int by_pc(const void *a, const void *b)
{
	const struct code_exit *x = a, *y = b;
	return (x->pc > y->pc) - (x->pc < y->pc);
}

void plan_exits(const struct listing *l, struct frame_plan *ret)
{
	size_t cap = 0;
	struct code_exit e;
	for (size_t i = 0; i < l->n; i++) {
		if (!exit_at(l, ret, i, &e))
			continue;
		add_parts(l, ret, i, &e);
		ret->exits = xgrow(ret->exits, ret->n_exits, &cap, sizeof(*ret->exits));
		ret->exits[ret->n_exits++] = e;
	}
	if (ret->n_exits)
		qsort(ret->exits, ret->n_exits, sizeof(*ret->exits), by_pc);
}
