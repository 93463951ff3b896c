/*
 * layout_calls.c - what a function stores for those it calls, and the register save area of a
 * variadic one.
 */
#include "symbols/layout_private.h"

#include <stdlib.h>

enum {
	RUN_MAX = 96,	// instructions before a call that are looked at
	ARGUMENTS = 64, // words of outgoing arguments at most
	SAVE_WORDS = 6,
	SAVE_XMM = SAVE_WORDS * ARCH_WORD,
	SAVE_SIZE = SAVE_XMM + 8 * 16, // psABI figure 3.33
};

/* Registers that arguments have taken so far (psABI 3.2.3). */
struct taken {
	uint64_t integer, sse;
	bool memory;
};

/* Near enough: a small struct counts as if its words were integers. */
static void take(struct taken *t, const struct type *type, enum language language)
{
	uint64_t size = type ? type->size : 0;
	if (!type)
		return;
	switch (type->kind) {
	case TYPE_FLOAT:
		t->memory |= size > ARCH_WORD;
		t->sse++;
		break;
	case TYPE_STRUCT:
	case TYPE_CLASS:
	case TYPE_UNION:
	case TYPE_VARIANTS:
	case TYPE_ARRAY:
	case TYPE_COMPLEX:
		if (size > 2 * ARCH_WORD && language != LANG_RUST && !type->by_reference)
			t->memory = true;
		else
			t->integer += size > ARCH_WORD && size <= 2 * ARCH_WORD ? 2 : 1;
		break;
	case TYPE_UNKNOWN:
	case TYPE_VOID:
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_UINT:
	case TYPE_CHAR:
	case TYPE_UTF:
	case TYPE_POINTER:
	case TYPE_REFERENCE:
	case TYPE_RVALUE_REFERENCE:
	case TYPE_ENUM:
	case TYPE_FUNCTION:
	case TYPE_TYPEDEF:
	case TYPE_CONST:
	case TYPE_VOLATILE:
	case TYPE_RESTRICT:
	case TYPE_ATOMIC:
	case TYPE_MEMBER_POINTER:
		t->integer += size > ARCH_WORD ? 2 : 1;
		break;
	}
	t->memory |= t->integer > 6 || t->sse > 8;
}

/* Does the function that is called have parameters in memory? *ret_known: and is that all? */
static bool takes_memory(struct symbols *s, const struct insn *call, bool *ret_known)
{
	struct function *f;
	const struct signature *sig = NULL;
	*ret_known = false;
	if (!s || !call->direct || symbols_function_at(s, call->target, &f) != FT_OK ||
	    f->ranges[0].lo != call->target || symbols_signature(s, f, &sig) != FT_OK)
		return false;
	*ret_known = !sig->variadic && sig->prototyped;
	struct taken taken = {.memory = false};
	for (size_t i = 0; i < sig->n_params; i++)
		take(&taken, type_strip(sig->params[i].type), f->language);
	return taken.memory;
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

/* The loads of both parts of the frame, by offset. */
struct loads {
	const struct touch **by[2];
	size_t n[2];
};

static bool is_loaded(const struct loads *l, const struct touch *store)
{
	const struct touch **by = l->by[store->realigned];
	size_t n = l->n[store->realigned];
	for (size_t i = layout_touch_near(by, n, store->off);
	     i < n && by[i]->off < store->off + store->size; i++)
		if (by[i]->off + by[i]->size > store->off)
			return true;
	return false;
}

static void claim_argument(struct layout_maker *m, const struct touch *t)
{
	claims_add(m, t->realigned, t->off, t->size, RANK_OUTGOING,
		   (struct layout_slot){.owner = OWNER_OUTGOING, .reg = t->reg});
}

/* Stores at [rsp], [rsp+8] … that reach the call without a gap. */
static void claim_stored(struct layout_maker *m, const struct loads *loads,
			 const struct flow_call *call)
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
		if (is_loaded(loads, t))
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
		    t->realigned == m->fixed.realigned && t->off < m->fixed.n && t->off >= bottom &&
		    !layout_makes_room(m, t))
			claim_argument(m, t);
	}
}

/* Where in the register save area a store would be; -1: it is none of those. */
static int64_t save_offset(const struct touch *t)
{
	if (t->kind != TOUCH_STORE || t->pushed || t->realigned)
		return -1;
	for (unsigned n = 0; n < SAVE_WORDS; n++)
		if (t->source.kind == FACT_ENTRY && t->source.reg == arch_integer_arg(n) &&
		    t->reg == t->source.reg && t->size == ARCH_WORD)
			return n * ARCH_WORD;
	if (t->reg >= ARCH_XMM0 && t->reg < ARCH_XMM0 + 8 && t->size == 16)
		return SAVE_XMM + (t->reg - ARCH_XMM0) * 16;
	return -1;
}

/* How many registers are saved in the area that begins at `start`, by bit. */
static unsigned saved_there(const struct flow *f, size_t end, int64_t start)
{
	unsigned saved = 0;
	for (size_t k = 0; k < end; k++) {
		int64_t at = save_offset(&f->touch[k]);
		if (at < 0 || f->touch[k].off - at != start)
			continue;
		saved |= at < SAVE_XMM ? 1u << at / ARCH_WORD
				       : 1u << (SAVE_WORDS + (at - SAVE_XMM) / 16);
	}
	return saved;
}

/* Two registers are no accident in a variadic function; if it is not known to be one: from r9 up.
 */
static bool is_save_area(unsigned saved, bool variadic)
{
	return variadic ? (saved & (saved - 1)) != 0 : saved >> (SAVE_WORDS - 1) == 0x1ff;
}

/* psABI 3.5.7. A compiler may leave out what no va_arg() asks for. */
static void claim_save_area(struct layout_maker *m)
{
	const struct flow *f = m->flow;
	size_t end = touch_from(f, m->body + RUN_MAX);
	unsigned best = 0;
	int64_t start = 0;
	for (size_t k = 0; k < end; k++) {
		int64_t at = save_offset(&f->touch[k]);
		if (at < 0 || at >= SAVE_XMM)
			continue;
		unsigned saved = saved_there(f, end, f->touch[k].off - at);
		if (!is_save_area(saved, m->sig) ||
		    __builtin_popcount(saved) <= __builtin_popcount(best))
			continue;
		best = saved;
		start = f->touch[k].off - at;
	}
	if (!best)
		return;
	claims_add(m, false, start, best >> SAVE_WORDS ? SAVE_SIZE : SAVE_XMM, RANK_AREA,
		   (struct layout_slot){
			   .owner = OWNER_SPILL,
			   .name = "register save area",
			   .reg = ARCH_NONE,
		   });
}

void layout_claim_calls(struct layout_maker *m)
{
	struct loads loads;
	for (unsigned part = 0; part < 2; part++)
		loads.by[part] = layout_touches(m, TOUCH_LOAD, part, &loads.n[part]);
	for (size_t n = 0; n < m->flow->n_calls; n++)
		if (m->flow->call[n].rsp.kind == FACT_FRAME)
			claim_stored(m, &loads, &m->flow->call[n]);
	free(loads.by[0]);
	free(loads.by[1]);
	claim_below(m);
	if (!m->sig || m->sig->variadic)
		claim_save_area(m);
}
