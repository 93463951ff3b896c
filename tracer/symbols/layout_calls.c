/*
 * layout_calls.c - what a function stores for those it calls, and the register save area of a
 * variadic one.
 */
#include "symbols/layout_private.h"

#include "symbols/dwarf_constants.h"

enum {
	RUN_MAX = 96,	  // instructions before a call that are looked at
	ARGUMENTS = 64,	  // words of outgoing arguments at most
	CLANG_FIRST = 16, // rbp + 16 is the CFA
	SAVE_WORDS = 6,
	SAVE_XMM = SAVE_WORDS * ARCH_WORD,
	SAVE_SIZE = SAVE_XMM + 8 * 16, // psABI figure 3.33
};

/* Is a parameter on the caller's stack? */
static bool is_in_memory(const struct signature *sig, const struct variable *p)
{
	const struct dw_op *op = p->loc.n && p->loc.e[0].n_ops ? p->loc.e[0].ops : NULL;
	bool cfa = sig->frame_base.n && sig->frame_base.e[0].n_ops == 1 &&
		   sig->frame_base.e[0].ops[0].op == DW_OP_call_frame_cfa;
	bool rbp = sig->frame_base.n && sig->frame_base.e[0].n_ops == 1 &&
		   sig->frame_base.e[0].ops[0].op == DW_OP_reg0 + ARCH_RBP;
	if (!op)
		return false;
	if (op->op == DW_OP_fbreg)
		return (cfa && (int64_t)op->a >= 0) || (rbp && (int64_t)op->a >= CLANG_FIRST);
	return op->op == DW_OP_breg0 + ARCH_RBP && (int64_t)op->a >= CLANG_FIRST;
}

static bool takes_memory(struct symbols *s, const struct insn *call, bool *ret_known)
{
	struct function *f;
	const struct signature *sig = NULL;
	*ret_known = false;
	if (!call->direct || symbols_function_at(s, call->target, &f) != FT_OK ||
	    f->ranges[0].lo != call->target || symbols_signature(s, f, &sig) != FT_OK)
		return false;
	*ret_known = !sig->variadic && sig->prototyped;
	for (size_t i = 0; i < sig->n_params; i++)
		if (is_in_memory(sig, &sig->params[i]))
			return true;
	return false;
}

/* The first of the instructions that run straight up to the call. */
static size_t run_start(const struct listing *l, size_t call)
{
	size_t i = call;
	while (i > 0 && call - i < RUN_MAX && !l->latest[i]) {
		const struct insn *before = &l->insn[i - 1];
		if (before->kind == INSN_CALL || before->kind == INSN_JCC || insn_ends(before))
			break;
		i--;
	}
	return i;
}

static size_t touch_from(const struct flow *f, size_t insn)
{
	size_t lo = 0, hi = f->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (f->touch[mid].insn < insn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Are the registers that go before memory used up? The last of each class has been set. */
static bool fills_registers(const struct listing *l, size_t from, size_t call)
{
	for (size_t i = from; i < call; i++)
		if (insn_writes(&l->insn[i], ARCH_R9) || insn_writes(&l->insn[i], ARCH_XMM0 + 7))
			return true;
	return false;
}

static bool is_loaded(const struct flow *f, bool realigned, int64_t off, uint32_t size)
{
	for (size_t k = 0; k < f->n; k++) {
		const struct touch *t = &f->touch[k];
		if (t->kind == TOUCH_LOAD && t->realigned == realigned && t->off < off + size &&
		    off < t->off + t->size)
			return true;
	}
	return false;
}

static void claim_argument(struct layout_maker *m, const struct touch *t)
{
	claims_add(m, t->realigned, t->off, t->size, RANK_OUTGOING,
		   (struct layout_slot){.owner = OWNER_OUTGOING, .reg = t->reg});
}

/* Stores at [rsp], [rsp+8] … that reach the call without a gap. */
static void claim_stored(struct layout_maker *m, const struct flow_call *call)
{
	const struct flow *f = m->flow;
	size_t from = run_start(m->l, call->insn);
	const struct touch *word[ARGUMENTS] = {NULL};
	bool known, memory = takes_memory(m->s, &m->l->insn[call->insn], &known);
	if (!memory && (known || !fills_registers(m->l, from, call->insn)))
		return;
	for (size_t k = touch_from(f, from); k < f->n && f->touch[k].insn < call->insn; k++) {
		const struct touch *t = &f->touch[k];
		int64_t at = t->off - call->rsp.n;
		if (t->kind == TOUCH_STORE && t->realigned == call->rsp.realigned && at >= 0 &&
		    at < ARGUMENTS * ARCH_WORD && at % ARCH_WORD == 0)
			word[at / ARCH_WORD] = t;
	}
	for (size_t n = 0; n < ARGUMENTS && word[n];) {
		const struct touch *t = word[n];
		if (is_loaded(f, t->realigned, t->off, t->size))
			return;
		claim_argument(m, t);
		n += (t->size + ARCH_WORD - 1) / ARCH_WORD;
	}
}

/* What is pushed, or stored where rsp has been lowered for it, below the fixed part. */
static void claim_below(struct layout_maker *m)
{
	const struct flow *f = m->flow;
	int64_t bottom = m->area[m->fixed.realigned].bottom;
	for (size_t k = 0; k < f->n; k++) {
		const struct touch *t = &f->touch[k];
		if (t->kind == TOUCH_STORE && t->insn >= m->body &&
		    t->realigned == m->fixed.realigned && t->off < m->fixed.n && t->off >= bottom)
			claim_argument(m, t);
	}
}

/* The n-th word of the register save area that a store fills; SIZE_MAX if none. */
static int64_t save_offset(const struct touch *t)
{
	for (unsigned n = 0; n < SAVE_WORDS; n++)
		if (t->source.kind == FACT_ENTRY && t->source.reg == arch_integer_arg(n) &&
		    t->reg == t->source.reg)
			return n * ARCH_WORD;
	if (t->reg >= ARCH_XMM0 && t->reg < ARCH_XMM0 + 8 && t->size == 16)
		return SAVE_XMM + (t->reg - ARCH_XMM0) * 16;
	return -1;
}

static void claim_save_area(struct layout_maker *m)
{
	const struct flow *f = m->flow;
	const struct touch *last_word = NULL, *last_xmm = NULL;
	for (size_t k = 0; k < f->n; k++) {
		const struct touch *t = &f->touch[k];
		if (t->kind != TOUCH_STORE || t->pushed || t->realigned)
			continue;
		if (!last_word && save_offset(t) == SAVE_XMM - ARCH_WORD)
			last_word = t;
		if (!last_xmm && save_offset(t) == SAVE_SIZE - 16)
			last_xmm = t;
	}
	bool both = last_word && last_xmm &&
		    last_xmm->off - last_word->off == SAVE_SIZE - 16 - (SAVE_XMM - ARCH_WORD);
	if (!last_word || !(both || (m->sig && m->sig->variadic)))
		return;
	claims_add(m, false, last_word->off - (SAVE_XMM - ARCH_WORD), both ? SAVE_SIZE : SAVE_XMM,
		   RANK_AREA,
		   (struct layout_slot){
			   .owner = OWNER_SPILL,
			   .name = "register save area",
			   .reg = ARCH_NONE,
		   });
}

void layout_claim_calls(struct layout_maker *m)
{
	for (size_t n = 0; n < m->flow->n_calls; n++)
		if (m->flow->call[n].rsp.kind == FACT_FRAME)
			claim_stored(m, &m->flow->call[n]);
	claim_below(m);
	if (!m->sig || m->sig->variadic)
		claim_save_area(m);
}
