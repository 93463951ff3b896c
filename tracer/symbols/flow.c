/*
 * flow.c - abstract interpretation of a function's instructions: where frame addresses go, from
 * block to block.
 */
#include "symbols/flow.h"

#include <stdlib.h>
#include <string.h>

#include "symbols/flow_step.h"

enum { VISITS = 64 }; // of one block on average; the lattice alone allows 2 * ARCH_RIP

struct block {
	size_t first, end;
	bool seen, queued;
	struct fact in[ARCH_RIP];
};

struct solver {
	struct flow_stepper step;
	struct block *b;
	size_t n;
	uint32_t *block_at; // by instruction that starts one: index + 1; else 0
	uint32_t *queue;
	size_t n_queue;
	bool tables; // some jump goes where only the run knows
};

static bool is_exit(const struct frame_plan *p, uint64_t pc)
{
	for (size_t n = 0; n < p->n_exits; n++)
		if (p->exits[n].pc == pc)
			return true;
	return false;
}

static bool ends_block(const struct insn *i)
{
	return insn_ends(i) || i->kind == INSN_JCC || i->kind == INSN_LOOP;
}

static bool starts_chunk(const struct listing *l, size_t i)
{
	for (size_t n = 0; n < l->in->n_chunks; n++)
		if (l->first[n] == i)
			return true;
	return false;
}

static void find_blocks(struct solver *s)
{
	const struct listing *l = s->step.f->l;
	size_t cap = 0;
	s->block_at = xcalloc(l->n + 1, sizeof(*s->block_at));
	for (size_t i = 0; i < l->n; i++) {
		if (l->latest[i] || starts_chunk(l, i) || ends_block(&l->insn[i - 1])) {
			s->b = xgrow(s->b, s->n, &cap, sizeof(*s->b));
			s->b[s->n++] = (struct block){.first = i};
			s->block_at[i] = (uint32_t)s->n;
		}
		s->b[s->n - 1].end = i + 1;
		const struct insn *in = &l->insn[i];
		if (in->kind == INSN_JMP && !in->direct && !is_exit(s->step.f->plan, in->pc))
			s->tables = true;
	}
	s->queue = xcalloc(s->n + 1, sizeof(*s->queue));
}

static bool same(const struct fact *a, const struct fact *b)
{
	return a->kind == b->kind && a->reg == b->reg && a->realigned == b->realigned &&
	       a->n == b->n;
}

/* Once more round a loop, and rsp is lower than before: a probed alloca. */
static bool sinks(const struct solver *s, size_t from, size_t to, const struct fact *before,
		  const struct fact *now)
{
	return to >= s->step.body && from >= to && before->kind == FACT_FRAME &&
	       now->kind == FACT_FRAME && before->realigned == now->realigned && now->n < before->n;
}

/* One more way leads from one instruction to another, which starts a block. */
static void arrive(struct solver *s, size_t from, size_t instruction, const struct fact *reg)
{
	size_t at = instruction < s->step.f->l->n ? s->block_at[instruction] : 0;
	if (!at)
		return;
	struct block *b = &s->b[at - 1];
	bool changed = !b->seen;
	if (b->seen && sinks(s, from, instruction, &b->in[ARCH_RSP], &reg[ARCH_RSP]))
		s->step.f->has_dynamic = true;
	for (unsigned r = 0; r < ARCH_RIP; r++) {
		if (!b->seen) {
			b->in[r] = reg[r];
		} else if (b->in[r].kind != FACT_NOTHING && !same(&b->in[r], &reg[r])) {
			b->in[r] = (struct fact){.kind = FACT_NOTHING};
			changed = true;
		}
	}
	b->seen = true;
	if (changed && !b->queued) {
		b->queued = true;
		s->queue[s->n_queue++] = (uint32_t)at - 1;
	}
}

static void leave_block(struct solver *s, const struct block *b, const struct fact *reg)
{
	const struct listing *l = s->step.f->l;
	const struct insn *last = &l->insn[b->end - 1];
	if (last->direct && last->kind != INSN_CALL) {
		size_t target = listing_find(l, last->target);
		if (target != SIZE_MAX)
			arrive(s, b->end - 1, target, reg);
	}
	if (!insn_ends(last) && !starts_chunk(l, b->end))
		arrive(s, b->end - 1, b->end, reg);
}

static void solve(struct solver *s)
{
	for (uint64_t budget = (uint64_t)VISITS * s->n; s->n_queue && budget; budget--) {
		struct block *b = &s->b[s->queue[--s->n_queue]];
		struct fact reg[ARCH_RIP];
		b->queued = false;
		memcpy(reg, b->in, sizeof(reg));
		for (size_t i = b->first; i < b->end; i++)
			flow_step(&s->step, reg, i);
		leave_block(s, b, reg);
	}
}

/* Where a jump table or the unwinder may lead: only the frame's own registers are as they were. */
static void arrive_unseen(struct solver *s)
{
	struct fact reg[ARCH_RIP] = {{0}};
	reg[ARCH_RSP] = s->step.f->body[ARCH_RSP];
	reg[ARCH_RBP] = s->step.f->body[ARCH_RBP];
	for (size_t n = 0; n < s->n; n++)
		if (!s->b[n].seen || (s->tables && s->b[n].first > s->step.body))
			arrive(s, 0, s->b[n].first, reg);
	solve(s);
}

static void record(struct solver *s)
{
	s->step.record = true;
	for (size_t n = 0; n < s->n; n++) {
		struct fact reg[ARCH_RIP];
		memcpy(reg, s->b[n].in, sizeof(reg));
		for (size_t i = s->b[n].first; i < s->b[n].end; i++)
			flow_step(&s->step, reg, i);
	}
}

static bool rows_agree(const struct listing *l, const struct frame_plan *plan)
{
	const struct cfa_row *row = plan_row_at(l->in, plan->site);
	return row && row->known && row->cfa.reg == plan->cfa.reg &&
	       row->cfa.off == plan->cfa.off && row->cfa.deref == plan->cfa.deref;
}

void flow_init(struct flow *f, const struct listing *l, const struct frame_plan *plan)
{
	struct solver s = {.step = {.f = f, .body = listing_find(l, plan->body)}};
	*f = (struct flow){.l = l, .plan = plan};
	f->trusts_rows = rows_agree(l, plan);
	struct fact reg[ARCH_RIP];
	flow_at_entry(reg);
	f->lowest = reg[ARCH_RSP];
	find_blocks(&s);
	arrive(&s, 0, 0, reg);
	solve(&s);
	arrive_unseen(&s);
	record(&s);
	free(s.b);
	free(s.block_at);
	free(s.queue);
}

void flow_deinit(struct flow *f)
{
	free(f->touch);
	free(f->call);
	*f = (struct flow){0};
}
