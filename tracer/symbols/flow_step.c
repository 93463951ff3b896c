/*
 * flow_step.c - what one instruction does to the frame addresses in registers, and where it touches
 * the frame.
 */
#include "symbols/flow_step.h"

#include <string.h>

enum {
	TLS_CANARY = 0x28, // fs:0x28, the stack protector's secret (gcc, clang; glibc tcbhead_t)
	OFF_MAX = 1 << 30,
	TOUCHES_MAX = 1 << 20,
};

static const struct fact nothing = {.kind = FACT_NOTHING};

static struct fact frame_fact(int64_t n, bool realigned)
{
	return (struct fact){.kind = FACT_FRAME, .realigned = realigned, .n = n};
}

static bool fits(int64_t n)
{
	return n > -OFF_MAX && n < OFF_MAX;
}

static struct fact reg_fact(const struct fact *reg, unsigned r)
{
	return r < ARCH_RIP ? reg[r] : nothing;
}

void flow_at_entry(struct fact *reg)
{
	for (unsigned r = 0; r < ARCH_RIP; r++)
		reg[r] = (struct fact){.kind = FACT_ENTRY, .reg = (uint8_t)r};
	reg[ARCH_RSP] = frame_fact(-ARCH_CALL_CFA, false);
}

/* ---- what the rows say ---- */

static bool row_fact(const struct flow *f, uint64_t pc, unsigned *ret_reg, struct fact *ret)
{
	const struct cfa_row *row = f->trusts_rows ? plan_row_at(f->l->in, pc) : NULL;
	if (!row || !row->known || row->cfa.deref || row->cfa.reg >= ARCH_RIP)
		return false;
	*ret_reg = row->cfa.reg;
	*ret = frame_fact(-(int64_t)row->cfa.off, false);
	return true;
}

struct fact flow_register(const struct flow *f, uint64_t pc, unsigned reg)
{
	unsigned by_row;
	struct fact fact;
	if (row_fact(f, pc, &by_row, &fact) && by_row == reg)
		return fact;
	return reg_fact(f->body, reg);
}

/* ---- one instruction ---- */

static struct fact address_of(const struct fact *reg, const struct insn *i)
{
	if (!i->has_mem || !i->mem.flat)
		return nothing;
	struct fact base = reg_fact(reg, i->mem.base);
	if (base.kind != FACT_FRAME || !fits(i->mem.disp) || !fits(base.n + i->mem.disp))
		return nothing;
	base.n += i->mem.disp;
	return base;
}

static void add_touch(const struct flow_stepper *s, size_t i, enum touch_kind kind,
		      const struct fact *at, struct touch t)
{
	struct flow *f = s->f;
	if (!s->record || at->kind != FACT_FRAME || !fits(at->n) || f->n >= TOUCHES_MAX)
		return;
	t.insn = (uint32_t)i;
	t.kind = (uint8_t)kind;
	t.realigned = at->realigned;
	t.off = at->n;
	f->touch = xgrow(f->touch, f->n, &f->cap, sizeof(*f->touch));
	f->touch[f->n++] = t;
}

/* The register that an instruction stores. */
static unsigned stored_register(const struct insn *i)
{
	const struct insn_operand *o = i->kind == INSN_PUSH ? &i->op[0] : &i->op[1];
	return o->kind == OPERAND_REG && o->reg <= ARCH_XMM15 ? o->reg : (unsigned)ARCH_NONE;
}

/* `mov rbp,rsp` in a prologue, or where the CFA counts from rbp afterwards. */
static bool makes_frame_pointer(const struct flow_stepper *s, size_t at)
{
	const struct insn *i = &s->f->l->insn[at];
	const struct cfa_row *row = plan_row_at(s->f->l->in, i->pc + i->len);
	return row && row->known && row->cfa.reg == ARCH_RBP;
}

/* A frame address in any other register than those that make the frame may go anywhere. */
static void note_address(const struct flow_stepper *s, const struct fact *reg, size_t at)
{
	const struct insn *i = &s->f->l->insn[at];
	unsigned to = i->op[0].kind == OPERAND_REG ? i->op[0].reg : (unsigned)ARCH_NONE;
	struct fact address = nothing;
	if (to == ARCH_RSP || (to == ARCH_RBP && makes_frame_pointer(s, at)))
		return;
	if (i->kind == INSN_LEA && (i->mem.base == ARCH_RSP || i->mem.base == ARCH_RBP))
		address = address_of(reg, i);
	else if (i->kind == INSN_MOV && i->op[1].kind == OPERAND_REG && i->op[1].reg == ARCH_RSP &&
		 !s->f->has_dynamic)
		address = reg[ARCH_RSP];
	bool indexed = i->kind == INSN_LEA && i->mem.index != ARCH_NONE;
	add_touch(s, at, indexed ? TOUCH_INDEXED : TOUCH_ADDRESS, &address,
		  (struct touch){.reg = ARCH_NONE});
}

/* A stack probe writes 0 to the new end of the stack, or or's it there: no slot of anybody's. */
static bool is_probe(const struct flow_stepper *s, const struct insn *i, size_t at)
{
	bool zero = i->op[1].kind == OPERAND_IMM && i->imm == 0 && i->mem.base == ARCH_RSP &&
		    i->mem.index == ARCH_NONE && i->mem.disp == 0;
	return zero && i->stores &&
	       (i->kind == INSN_ARITH || (i->kind == INSN_MOV && at < s->body));
}

static void note_memory(const struct flow_stepper *s, const struct fact *reg, size_t at)
{
	const struct insn *i = &s->f->l->insn[at];
	struct fact address = address_of(reg, i);
	if (i->kind == INSN_LEA || i->kind == INSN_MOV)
		note_address(s, reg, at);
	if (address.kind != FACT_FRAME || (!i->loads && !i->stores) || is_probe(s, i, at))
		return;
	unsigned size = 0, from = stored_register(i);
	for (unsigned n = 0; n < FT_COUNT(i->op); n++)
		if (i->op[n].kind == OPERAND_MEM)
			size = i->op[n].size;
	struct touch t = {.reg = ARCH_NONE, .size = size};
	if (i->mem.index != ARCH_NONE || !size) {
		t.size = 0;
		add_touch(s, at, TOUCH_INDEXED, &address, t);
		return;
	}
	if (i->loads)
		add_touch(s, at, TOUCH_LOAD, &address, t);
	t.reg = (uint8_t)(i->kind == INSN_MOV || i->kind == INSN_OTHER ? from
								       : (unsigned)ARCH_NONE);
	t.source = i->kind == INSN_MOV ? reg_fact(reg, from) : nothing;
	if (i->stores)
		add_touch(s, at, TOUCH_STORE, &address, t);
}

static bool is_canary(const struct insn_mem *m)
{
	return m->fs && m->base == ARCH_NONE && m->index == ARCH_NONE && m->disp == TLS_CANARY;
}

/* What op[0] holds afterwards, if it is a general register. */
static struct fact result_of(const struct fact *reg, const struct insn *i)
{
	const struct insn_operand *to = &i->op[0], *from = &i->op[1];
	struct fact v = from->kind == OPERAND_REG ? reg_fact(reg, from->reg) : nothing;
	if (i->kind == INSN_MOV && from->kind == OPERAND_IMM)
		return (struct fact){.kind = FACT_CONST, .n = i->imm};
	if (i->kind == INSN_MOV && from->kind == OPERAND_MEM && is_canary(&i->mem))
		return (struct fact){.kind = FACT_CANARY};
	if (i->kind == INSN_MOV || i->kind == INSN_EXTEND)
		return v.kind == FACT_ENTRY || v.kind == FACT_RETURNED || to->size == ARCH_WORD
			       ? v
			       : nothing;
	if (i->kind == INSN_LEA)
		return to->size == ARCH_WORD && i->mem.index == ARCH_NONE ? address_of(reg, i)
									  : nothing;
	if (i->kind != INSN_ADD && i->kind != INSN_SUB)
		return nothing;
	struct fact a = reg_fact(reg, to->reg);
	int64_t by = i->imm;
	if (from->kind == OPERAND_REG && v.kind == FACT_CONST)
		by = v.n; // sub rsp,rax after __rust_probestack
	else if (from->kind != OPERAND_IMM)
		return nothing;
	if (a.kind != FACT_FRAME || to->size != ARCH_WORD || !fits(by))
		return nothing;
	a.n += i->kind == INSN_ADD ? by : -by;
	return fits(a.n) ? a : nothing;
}

/* `and rsp,-32`: what follows counts from there, once; a second time it is dynamic. */
static struct fact aligned(const struct flow_stepper *s, const struct fact *rsp,
			   const struct insn *i)
{
	struct flow *f = s->f;
	if (i->op[1].kind != OPERAND_IMM || i->imm >= 0 || rsp->kind != FACT_FRAME ||
	    rsp->realigned || (f->align && f->align_pc != i->pc))
		return nothing;
	f->align = (uint32_t)-i->imm;
	f->align_pc = i->pc;
	f->before_align = *rsp;
	return frame_fact(0, true);
}

static void do_call(const struct flow_stepper *s, struct fact *reg, size_t at)
{
	static const uint8_t clobbered[] = {ARCH_RAX, ARCH_RDX, ARCH_RCX, ARCH_RSI, ARCH_RDI,
					    ARCH_R8,  ARCH_R9,	ARCH_R10, ARCH_R11};
	const struct listing *l = s->f->l;
	struct flow *f = s->f;
	const struct insn *next = at + 1 < l->n ? &l->insn[at + 1] : NULL;
	bool probe = next && next->kind == INSN_SUB &&
		     insn_is_reg(&next->op[0], ARCH_RSP, ARCH_WORD) &&
		     insn_is_reg(&next->op[1], ARCH_RAX, ARCH_WORD);
	if (s->record) {
		f->call = xgrow(f->call, f->n_calls, &f->calls_cap, sizeof(*f->call));
		f->call[f->n_calls++] = (struct flow_call){
			.insn = (uint32_t)at,
			.rsp = reg[ARCH_RSP],
		};
	}
	for (size_t n = probe ? 1 : 0; n < FT_COUNT(clobbered); n++)
		reg[clobbered[n]] = nothing;
	if (!probe)
		reg[ARCH_RAX] = (struct fact){.kind = FACT_RETURNED, .n = (int64_t)at};
}

static void move_rsp(struct fact *reg, int64_t by)
{
	struct fact *rsp = &reg[ARCH_RSP];
	if (rsp->kind == FACT_FRAME && fits(rsp->n + by))
		rsp->n += by;
	else
		*rsp = nothing;
}

static void do_push(const struct flow_stepper *s, struct fact *reg, size_t at)
{
	const struct insn *i = &s->f->l->insn[at];
	unsigned from = stored_register(i), size = i->op[0].size ? i->op[0].size : ARCH_WORD;
	struct touch t = {.reg = (uint8_t)from, .size = size == 2 ? 2 : ARCH_WORD, .pushed = true};
	t.source = reg_fact(reg, from);
	if (i->op[0].kind == OPERAND_MEM)
		note_memory(s, reg, at);
	move_rsp(reg, -(int64_t)t.size);
	add_touch(s, at, TOUCH_STORE, &reg[ARCH_RSP], t);
}

static void do_pop(const struct flow_stepper *s, struct fact *reg, size_t at)
{
	const struct insn *i = &s->f->l->insn[at];
	struct touch t = {.reg = ARCH_NONE, .size = i->op[0].size == 2 ? 2 : ARCH_WORD};
	add_touch(s, at, TOUCH_LOAD, &reg[ARCH_RSP], t);
	move_rsp(reg, t.size);
	if (i->op[0].kind == OPERAND_MEM)
		note_memory(s, reg, at);
	else if (i->op[0].reg < ARCH_RIP)
		reg[i->op[0].reg] = nothing;
}

static void do_enter(const struct flow_stepper *s, struct fact *reg, size_t at)
{
	const struct insn *i = &s->f->l->insn[at];
	struct touch t = {.reg = ARCH_RBP, .size = ARCH_WORD, .pushed = true};
	t.source = reg[ARCH_RBP];
	move_rsp(reg, -ARCH_WORD);
	add_touch(s, at, TOUCH_STORE, &reg[ARCH_RSP], t);
	reg[ARCH_RBP] = reg[ARCH_RSP];
	move_rsp(reg, -(int64_t)(uint16_t)i->imm);
	if (i->stack_imm)
		reg[ARCH_RSP] = nothing;
}

static void do_plain(const struct flow_stepper *s, struct fact *reg, size_t at)
{
	const struct insn *i = &s->f->l->insn[at];
	note_memory(s, reg, at);
	struct fact result = result_of(reg, i), rsp = reg[ARCH_RSP];
	for (unsigned r = 0; r < ARCH_RIP; r++)
		if (insn_writes(i, r))
			reg[r] = nothing;
	if (i->op[0].kind != OPERAND_REG || i->op[0].reg >= ARCH_RIP ||
	    !insn_writes(i, i->op[0].reg))
		return;
	if (i->op[0].reg == ARCH_RSP && i->kind == INSN_AND)
		result = aligned(s, &rsp, i);
	reg[i->op[0].reg] = result;
}

/* Does rsp leave what is known, other than where call frame information knows better? */
static void note_rsp(const struct flow_stepper *s, const struct fact *before,
		     const struct fact *reg, size_t at)
{
	struct flow *f = s->f;
	const struct insn *i = &f->l->insn[at];
	const struct fact *rsp = &reg[ARCH_RSP];
	unsigned by_row;
	struct fact fact;
	if (before->kind == FACT_FRAME && rsp->kind != FACT_FRAME && at >= s->body &&
	    !(row_fact(f, i->pc + i->len, &by_row, &fact) && by_row == ARCH_RSP))
		f->has_dynamic = true;
	if (s->record && rsp->kind == FACT_FRAME &&
	    (rsp->realigned > f->lowest.realigned ||
	     (rsp->realigned == f->lowest.realigned && rsp->n < f->lowest.n)))
		f->lowest = *rsp;
}

static void apply_row(const struct flow_stepper *s, struct fact *reg, size_t at)
{
	const struct frame_plan *p = s->f->plan;
	unsigned by_row;
	struct fact fact;
	if (at == s->body && p->rsp_known && reg[ARCH_RSP].kind != FACT_FRAME)
		reg[ARCH_RSP] = frame_fact(p->rsp_at_body, false);
	if (at == s->body && p->rbp_is_frame && reg[ARCH_RBP].kind != FACT_FRAME)
		reg[ARCH_RBP] = frame_fact(p->rbp_off, false);
	if (row_fact(s->f, s->f->l->insn[at].pc, &by_row, &fact))
		reg[by_row] = fact;
}

void flow_step(const struct flow_stepper *s, struct fact *reg, size_t at)
{
	const struct insn *i = &s->f->l->insn[at];
	apply_row(s, reg, at);
	if (at == s->body)
		memcpy(s->f->body, reg, sizeof(s->f->body));
	struct fact rsp = reg[ARCH_RSP];
	switch ((enum insn_kind)i->kind) {
	case INSN_PUSH:
		do_push(s, reg, at);
		break;
	case INSN_POP:
		do_pop(s, reg, at);
		break;
	case INSN_ENTER:
		do_enter(s, reg, at);
		break;
	case INSN_LEAVE:
		reg[ARCH_RSP] = reg[ARCH_RBP];
		move_rsp(reg, ARCH_WORD);
		reg[ARCH_RBP] = nothing;
		break;
	case INSN_CALL:
		note_memory(s, reg, at);
		do_call(s, reg, at);
		break;
	case INSN_OTHER:
	case INSN_MOV:
	case INSN_EXTEND:
	case INSN_LEA:
	case INSN_ADD:
	case INSN_SUB:
	case INSN_AND:
	case INSN_CLEAR:
	case INSN_ARITH:
	case INSN_CMP:
		do_plain(s, reg, at);
		break;
	case INSN_JMP:
		note_memory(s, reg, at);
		break;
	case INSN_NOP:
	case INSN_JCC:
	case INSN_LOOP:
	case INSN_RET:
	case INSN_TRAP:
	case INSN_SYSTEM:
		break;
	}
	note_rsp(s, &rsp, reg, at);
}
