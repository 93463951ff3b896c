/*
 * walk.c - from the entry along the straight line, symbolically: where rsp is, which register or
 * stack slot holds what a register held at the entry, and which instructions make the frame.
 */
#include "symbols/plan.h"

#include <stdlib.h>

enum {
	GAP_MAX = 16, // instructions that a scheduler may put between push and sub
	GENERAL_WIDTH = 8,
	VECTOR_WIDTH = 64, // zmm
	ENTRY_RSP = -ARCH_CALL_CFA,
};

void walk_init(struct walk *w, const struct listing *l, uint64_t limit, bool may_profile)
{
	*w = (struct walk){.l = l, .limit = limit, .may_profile = may_profile, .pure = true};
	for (unsigned r = 0; r <= ARCH_XMM15; r++)
		w->reg[r] = (struct held){
			.kind = HELD_ENTRY,
			.reg = (uint8_t)r,
			.width = r < ARCH_RIP ? GENERAL_WIDTH : VECTOR_WIDTH,
		};
	w->reg[ARCH_RIP] = held_unknown;
	w->reg[ARCH_RSP] = held_frame(ENTRY_RSP, false);
	w->frame_rsp = w->reg[ARCH_RSP];
	w->frame_rbp = w->reg[ARCH_RBP];
	plan_add_part(&w->parts, &w->n_parts, &w->parts_cap, xstrdup("call"), -ARCH_CALL_CFA);
}

void walk_deinit(struct walk *w)
{
	for (size_t n = 0; n < w->n_parts; n++)
		free((char *)w->parts[n].text);
	free(w->parts);
	free(w->store);
	*w = (struct walk){0};
}

/* ---- values ---- */

static struct held reg_value(const struct walk *w, unsigned reg)
{
	return reg <= ARCH_XMM15 ? w->reg[reg] : held_unknown;
}

/* The address of the memory operand, as far as it is known. */
static struct held address_of(const struct walk *w, const struct insn *i)
{
	if (!i->has_mem || !i->mem.flat)
		return held_unknown;
	struct held base = reg_value(w, i->mem.base), index = reg_value(w, i->mem.index);
	if (base.kind == HELD_FRAME && i->mem.index == ARCH_NONE) {
		base.n += i->mem.disp;
		return base;
	}
	return held_is_tracked(&base) ? held_derived(base) : held_derived(index);
}

static bool is_argument_register(unsigned reg)
{
	return reg == ARCH_RDI || reg == ARCH_RSI || reg == ARCH_RDX || reg == ARCH_RCX ||
	       reg == ARCH_R8 || reg == ARCH_R9 || (reg >= ARCH_XMM0 && reg < ARCH_XMM0 + 8);
}

static void store(struct walk *w, const struct held *address, unsigned size, struct held source)
{
	if (address->kind != HELD_FRAME || !held_fits_frame(address->n) || !size ||
	    size > VECTOR_WIDTH)
		return;
	if (source.kind == HELD_ENTRY && source.width < size)
		source = held_derived(source);
	if (held_is_tracked(&source) && is_argument_register(source.reg))
		w->stored_argument = true;
	w->store = xgrow(w->store, w->n_store, &w->store_cap, sizeof(*w->store));
	w->store[w->n_store++] = (struct frame_store){
		.insn = w->at,
		.realigned = address->realigned,
		.off = (int32_t)address->n,
		.size = (uint8_t)size,
		.source = source,
	};
}

bool walk_store_lives(const struct walk *w, size_t k)
{
	const struct frame_store *s = &w->store[k];
	for (size_t n = k + 1; n < w->n_store; n++)
		if (frame_store_overlaps(&w->store[n], s->realigned, s->off, s->size))
			return false;
	return true;
}

/* ---- what makes the frame ---- */

/* The prologue reaches up to the end of this instruction. */
static void mark_structural(struct walk *w, size_t next)
{
	w->structural = next;
	w->gap = 0;
	w->frame_rsp = w->reg[ARCH_RSP];
	w->frame_rbp = w->reg[ARCH_RBP];
}

static void frame_step(struct walk *w, const struct insn *i, int64_t bytes)
{
	plan_add_part(&w->parts, &w->n_parts, &w->parts_cap, insn_part_text(i), bytes);
}

/* May a sub of any spelling still belong to the prologue? Only one does, unless probed. */
static bool sub_is_prologue(const struct walk *w, const struct insn *i)
{
	return i->pc < w->limit && w->gap <= GAP_MAX && (!w->subtracted || w->probed);
}

static bool lower_rsp(struct walk *w, const struct insn *i, int64_t bytes)
{
	if (bytes >= 0 || !sub_is_prologue(w, i) || w->reg[ARCH_RSP].kind != HELD_FRAME ||
	    !held_fits_frame(w->reg[ARCH_RSP].n + bytes))
		return false;
	w->reg[ARCH_RSP].n += bytes;
	w->subtracted = true;
	w->probed = false;
	frame_step(w, i, bytes);
	mark_structural(w, w->at + 1);
	return true;
}

/* A callee-saved register that nobody has touched, once; or, first of all, any for alignment. */
static bool push_is_prologue(struct walk *w, const struct insn *i)
{
	if (i->pc >= w->limit)
		return false;
	if (i->op[0].kind == OPERAND_MEM) { // gcc copies the return address when it realigns
		struct held a = address_of(w, i);
		return w->aligned && a.kind == HELD_FRAME && !a.realigned && a.n == ENTRY_RSP;
	}
	unsigned reg = i->op[0].reg;
	if (i->op[0].kind != OPERAND_REG || reg >= ARCH_RIP)
		return false;
	const struct held *v = &w->reg[reg];
	bool untouched = v->kind == HELD_ENTRY && v->reg == reg && v->width >= ARCH_WORD;
	if (arch_is_callee_saved(reg) && reg != ARCH_RSP) {
		// a second push of rbp is how `mov rbp,rsp` frames are imitated
		return untouched && !(w->saved >> reg & 1);
	}
	if (w->aligned && v->kind == HELD_FRAME && !v->realigned && v->n == 0)
		return true; // gcc saves the CFA, which `lea r10,[rsp+8]` found
	return w->pure && !w->subtracted && untouched;
}

static bool walk_push(struct walk *w, const struct insn *i)
{
	struct held *rsp = &w->reg[ARCH_RSP];
	if (!push_is_prologue(w, i))
		return false;
	struct held source = i->op[0].kind == OPERAND_REG ? w->reg[i->op[0].reg] : held_unknown;
	rsp->n -= ARCH_WORD;
	store(w, rsp, ARCH_WORD, source);
	if (i->op[0].kind == OPERAND_REG)
		w->saved |= 1u << i->op[0].reg;
	frame_step(w, i, -ARCH_WORD);
	mark_structural(w, w->at + 1);
	return true;
}

static bool walk_enter(struct walk *w, const struct insn *i)
{
	struct held *rsp = &w->reg[ARCH_RSP];
	if (i->stack_imm || i->pc >= w->limit || w->subtracted || rsp->kind != HELD_FRAME)
		return false;
	int64_t bytes = -ARCH_WORD - (int64_t)(uint16_t)i->imm;
	rsp->n -= ARCH_WORD;
	store(w, rsp, ARCH_WORD, w->reg[ARCH_RBP]);
	w->reg[ARCH_RBP] = *rsp;
	rsp->n += bytes + ARCH_WORD;
	w->saved |= 1u << ARCH_RBP;
	w->subtracted = true;
	frame_step(w, i, bytes);
	mark_structural(w, w->at + 1);
	return true;
}

static bool realign(struct walk *w, const struct insn *i)
{
	if (w->aligned || i->pc >= w->limit || w->gap > GAP_MAX)
		return false;
	w->aligned = true;
	w->reg[ARCH_RSP] = held_frame(0, true);
	frame_step(w, i, 0);
	mark_structural(w, w->at + 1);
	return true;
}

/* Any other instruction that changes rsp. */
static bool walk_rsp(struct walk *w, const struct insn *i)
{
	if (!insn_is_reg(&i->op[0], ARCH_RSP, ARCH_WORD))
		return false;
	const struct insn_operand *source = &i->op[1];
	struct held address;
	switch ((enum insn_kind)i->kind) {
	case INSN_SUB:
		if (source->kind == OPERAND_IMM)
			return lower_rsp(w, i, -i->imm);
		return source->kind == OPERAND_REG && source->reg < ARCH_RIP &&
		       w->reg[source->reg].kind == HELD_CONST &&
		       lower_rsp(w, i, -w->reg[source->reg].n);
	case INSN_ADD:
		return source->kind == OPERAND_IMM && lower_rsp(w, i, i->imm);
	case INSN_AND:
		return source->kind == OPERAND_IMM && i->imm < 0 && realign(w, i);
	case INSN_LEA:
		address = address_of(w, i);
		return address.kind == HELD_FRAME &&
		       address.realigned == w->reg[ARCH_RSP].realigned &&
		       lower_rsp(w, i, address.n - w->reg[ARCH_RSP].n);
	case INSN_OTHER:
	case INSN_NOP:
	case INSN_MOV:
	case INSN_EXTEND:
	case INSN_CLEAR:
	case INSN_ARITH:
	case INSN_CMP:
	case INSN_PUSH:
	case INSN_POP:
	case INSN_ENTER:
	case INSN_LEAVE:
	case INSN_CALL:
	case INSN_JMP:
	case INSN_JCC:
	case INSN_LOOP:
	case INSN_RET:
	case INSN_TRAP:
	case INSN_SYSTEM:
		break;
	}
	return false;
}

/* ---- idioms that look like branches ---- */

/* `test al,al; je over; movaps …` of variadic functions: xmm registers saved or not. */
static bool skip_variadic(struct walk *w, const struct insn *i)
{
	size_t target = i->target > i->pc ? listing_find(w->l, i->target) : SIZE_MAX;
	if (target == SIZE_MAX || target > w->at + 9)
		return false;
	for (size_t n = w->at + 1; n < target; n++) {
		const struct insn *s = &w->l->insn[n];
		if (s->kind != INSN_MOV || s->op[0].kind != OPERAND_MEM ||
		    s->op[1].kind != OPERAND_REG || s->op[1].reg < ARCH_XMM0 ||
		    s->op[1].reg > ARCH_XMM0 + 7)
			return false;
	}
	for (size_t n = w->at + 1; n < target; n++) {
		struct held address = address_of(w, &w->l->insn[n]);
		store(w, &address, w->l->insn[n].op[0].size, held_unknown);
	}
	w->at = target;
	return true;
}

/*
 * A stack probe in a loop: `lea r11,[rsp-N]; L: sub rsp,0x1000; or QWORD PTR [rsp],0;
 * cmp rsp,r11; jne L`: afterwards rsp is r11.
 */
static bool skip_probe_loop(struct walk *w, const struct insn *i)
{
	size_t top = listing_find(w->l, i->target);
	if (top == SIZE_MAX || top >= w->at || w->at - top > 4 || top + 1 != w->structural)
		return false;
	const struct insn *sub = &w->l->insn[top], *cmp = &w->l->insn[w->at - 1];
	struct held *rsp = &w->reg[ARCH_RSP];
	if (sub->kind != INSN_SUB || !insn_is_reg(&sub->op[0], ARCH_RSP, ARCH_WORD) ||
	    sub->op[1].kind != OPERAND_IMM || cmp->kind != INSN_CMP ||
	    !insn_is_reg(&cmp->op[0], ARCH_RSP, ARCH_WORD) || cmp->op[1].kind != OPERAND_REG)
		return false;
	struct held end = reg_value(w, cmp->op[1].reg);
	int64_t more = end.n - rsp->n;
	if (end.kind != HELD_FRAME || end.realigned != rsp->realigned || more > 0 || !sub->imm ||
	    more % sub->imm || !held_fits_frame(end.n))
		return false;
	struct code_part *part = &w->parts[w->n_parts - 1];
	char *text = xasprintf("%lld * %s", (long long)(-more / sub->imm + 1), part->text);
	free((char *)part->text);
	part->text = text;
	part->bytes += (int32_t)more;
	*rsp = end;
	w->probed = true;
	mark_structural(w, ++w->at);
	return true;
}

/*
 * Calls that leave every argument register alone: mcount and __fentry__ (before any argument is
 * stored), and __rust_probestack between `mov eax,N` and `sub rsp,rax`.
 */
static bool skip_call(struct walk *w, const struct insn *i)
{
	const struct listing *l = w->l;
	if (w->at + 1 >= l->first[1])
		return false;
	const struct insn *next = &l->insn[w->at + 1];
	bool probe = w->reg[ARCH_RAX].kind == HELD_CONST && next->kind == INSN_SUB &&
		     insn_is_reg(&next->op[0], ARCH_RSP, ARCH_WORD) &&
		     insn_is_reg(&next->op[1], ARCH_RAX, ARCH_WORD);
	bool first = w->pure && w->structural == 0;
	bool profile = w->may_profile && !w->stored_argument &&
		       (i->direct || i->mem.base == ARCH_RIP) &&
		       (first || (w->limit != UINT64_MAX && i->pc < w->limit));
	if (!probe && !profile)
		return false;
	if (profile)
		w->may_profile = false;
	w->at++;
	return true;
}

/* ---- one step ---- */

static struct held operand_value(const struct walk *w, const struct insn *i, unsigned n)
{
	const struct insn_operand *o = &i->op[n];
	struct held address;
	switch ((enum insn_operand_kind)o->kind) {
	case OPERAND_NONE:
		break;
	case OPERAND_REG:
		return held_cut(reg_value(w, o->reg), o->size);
	case OPERAND_MEM:
		address = address_of(w, i);
		return frame_store_load(w->store, w->n_store, &address, o->size);
	case OPERAND_IMM:
		return held_const(i->imm);
	}
	return held_unknown;
}

static unsigned copied_size(const struct insn *i)
{
	unsigned a = i->op[0].size, b = i->op[1].size;
	return i->op[1].kind == OPERAND_IMM || a < b ? a : b;
}

/* What op[0] holds afterwards. */
static struct held result_of(const struct walk *w, const struct insn *i)
{
	struct held v;
	switch ((enum insn_kind)i->kind) {
	case INSN_MOV:
	case INSN_EXTEND:
		return held_cut(operand_value(w, i, 1), copied_size(i));
	case INSN_LEA:
		return held_cut(address_of(w, i), i->op[0].size);
	case INSN_CLEAR:
		return held_cut(held_const(0), i->op[0].size);
	case INSN_ADD:
	case INSN_SUB:
		v = operand_value(w, i, 0);
		if ((v.kind == HELD_FRAME || v.kind == HELD_CONST) &&
		    i->op[1].kind == OPERAND_IMM && i->op[0].size == ARCH_WORD &&
		    held_fits_frame(v.n) && held_fits_frame(i->imm)) {
			v.n += i->kind == INSN_ADD ? i->imm : -i->imm;
			return v;
		}
		return held_is_tracked(&v) ? held_derived(v) : held_derived(operand_value(w, i, 1));
	case INSN_AND:
	case INSN_ARITH:
		v = operand_value(w, i, 0);
		return held_is_tracked(&v) ? held_derived(v) : held_derived(operand_value(w, i, 1));
	case INSN_OTHER:
	case INSN_NOP:
	case INSN_CMP:
	case INSN_PUSH:
	case INSN_POP:
	case INSN_ENTER:
	case INSN_LEAVE:
	case INSN_CALL:
	case INSN_JMP:
	case INSN_JCC:
	case INSN_LOOP:
	case INSN_RET:
	case INSN_TRAP:
	case INSN_SYSTEM:
		break;
	}
	return held_unknown;
}

static void walk_plain(struct walk *w, const struct insn *i)
{
	struct held result = result_of(w, i), address = address_of(w, i);
	if (i->writes_mem && i->op[0].kind == OPERAND_MEM) {
		bool copy = i->kind == INSN_MOV || i->kind == INSN_ARITH;
		store(w, &address, i->op[0].size, copy ? result : held_unknown);
		// a probe touches the new end of the stack: or/mov QWORD PTR [rsp],0
		w->probed = w->structural == w->at && i->mem.base == ARCH_RSP &&
			    i->op[1].kind == OPERAND_IMM && i->imm == 0;
	}
	for (unsigned r = 0; r <= ARCH_XMM15; r++)
		if (insn_writes(i, r) && r != ARCH_RSP)
			w->reg[r] = held_unknown;
	if (i->op[0].kind == OPERAND_REG && insn_writes(i, i->op[0].reg))
		w->reg[i->op[0].reg] = result;
}

/* `mov rbp,rsp` where rbp has just been pushed. */
static bool sets_frame_pointer(const struct walk *w, const struct insn *i)
{
	if (i->kind != INSN_MOV || !insn_is_reg(&i->op[0], ARCH_RBP, ARCH_WORD) ||
	    !insn_is_reg(&i->op[1], ARCH_RSP, ARCH_WORD) || i->pc >= w->limit || w->gap > GAP_MAX)
		return false;
	for (size_t n = 0; n < w->n_store; n++) {
		const struct frame_store *s = &w->store[n];
		if (s->source.kind == HELD_ENTRY && s->source.reg == ARCH_RBP)
			return s->off == w->reg[ARCH_RSP].n &&
			       s->realigned == w->reg[ARCH_RSP].realigned;
	}
	return false;
}

/* Outside the prologue proper, but passed. */
static void walk_between(struct walk *w, const struct insn *i)
{
	bool frame_pointer = sets_frame_pointer(w, i);
	bool finds_cfa = i->kind == INSN_LEA && address_of(w, i).kind == HELD_FRAME;
	walk_plain(w, i);
	if (frame_pointer) {
		mark_structural(w, w->at + 1);
	} else if (i->kind != INSN_NOP) {
		w->gap++;
		if (!finds_cfa && !w->probed)
			w->pure = false;
	}
}

/* What goes on to the next instruction. */
static bool walk_on(struct walk *w, const struct insn *i)
{
	if (i->kind == INSN_POP || i->kind == INSN_LEAVE)
		return false;
	if (i->kind == INSN_PUSH)
		return walk_push(w, i);
	if (i->kind == INSN_ENTER)
		return walk_enter(w, i);
	if (insn_writes(i, ARCH_RSP))
		return walk_rsp(w, i);
	walk_between(w, i);
	return true;
}

bool walk_step(struct walk *w)
{
	if (w->at >= w->l->first[1] || w->at >= WALK_MAX)
		return false;
	const struct insn *i = &w->l->insn[w->at];
	switch (insn_flow((enum insn_kind)i->kind)) {
	case FLOW_JCC:
		return skip_variadic(w, i) || skip_probe_loop(w, i);
	case FLOW_CALL:
		return skip_call(w, i);
	case FLOW_JMP:
	case FLOW_LOOP:
	case FLOW_RET:
	case FLOW_TRAP:
	case FLOW_SYSTEM:
		return false;
	case FLOW_ON:
		break;
	}
	if (!walk_on(w, i))
		return false;
	w->at++;
	return true;
}
