/*
 * prologue.c - the body: where the frame is built and the arguments are where DWARF says; and the
 * site: where to stop so that it happens once a call.
 */
#include "symbols/plan.h"

#include <assert.h>

#include "symbols/arguments.h"

#define LOG_DOMAIN "code"

struct site_search {
	const struct listing *l;
	const struct signature *sig; // may be NULL
	bool unoptimised;
	size_t hint;	  // instruction; SIZE_MAX if none
	struct walk walk; // to the end of the straight line
	size_t body, site;
	bool in_line;	// body is on the straight line
	bool rsp_moves; // between the straight line and the body
};

/* ---- the hint of the line table ---- */

/*
 * clang and rustc flag a row; gcc does not, but without optimisation its second row is the body.
 * Optimised code has no row that can be trusted.
 */
static size_t hint_of(const struct listing *l, bool unoptimised)
{
	const struct plan_input *in = l->in;
	uint64_t entry = in->chunks[0].pc, second = 0;
	if (!unoptimised)
		return SIZE_MAX;
	for (size_t n = 0; n < in->n_lines; n++) {
		const struct line_row *row = &in->lines[n];
		if (row->end_sequence || row->pc - entry >= in->chunks[0].len)
			continue;
		if (row->prologue_end)
			return listing_find(l, row->pc);
		if (!second && row->pc > entry)
			second = row->pc;
	}
	return second ? listing_find(l, second) : SIZE_MAX;
}

/* ---- the body ---- */

/* Does control stay in the function from instruction a to b? And rsp where it is? */
static bool stays(const struct listing *l, size_t a, size_t b, bool *ret_rsp_moves)
{
	bool moves = false;
	for (size_t i = a; i < b; i++) {
		const struct insn *in = &l->insn[i];
		if (in->kind == INSN_RET || in->kind == INSN_SYSTEM)
			return false;
		moves |= in->kind != INSN_CALL && insn_writes(in, ARCH_RSP);
		bool jumps = in->kind == INSN_JMP || in->kind == INSN_JCC || in->kind == INSN_LOOP;
		if (jumps && (!in->direct || !listing_has(l, in->target)))
			return false;
	}
	*ret_rsp_moves = moves;
	return true;
}

static bool only_nops(const struct listing *l, size_t n)
{
	while (n > 0 && l->insn[n - 1].kind == INSN_NOP)
		n--;
	return n == 0;
}

static void find_body(struct site_search *s)
{
	const struct listing *l = s->l;
	struct walk *w = &s->walk;
	uint64_t limit = s->hint == SIZE_MAX ? UINT64_MAX : l->insn[s->hint].pc;
	walk_init(w, l, limit, s->sig != NULL);
	while (walk_step(w))
		;
	s->body = w->structural;
	s->in_line = true;
	bool complete;
	size_t end = arguments_stored(w, s->sig, &complete);
	if (end > s->body)
		s->body = end;
	if (s->hint != SIZE_MAX && s->hint > s->body) {
		if (s->hint <= w->at) {
			s->body = s->hint;
		} else if (!complete && stays(l, w->at, s->hint, &s->rsp_moves)) {
			s->body = s->hint;
			s->in_line = false;
		}
	}
	if (s->in_line)
		s->body = arguments_listed(w, s->sig, s->body);
	// endbr64, and the nops of -fpatchable-function-entry
	while (w->structural == 0 && s->body < w->at && only_nops(l, s->body + 1))
		s->body++;
	if (s->body >= l->first[1]) // the walk ran off the end of the function
		s->body = l->first[1] - 1;
}

/* ---- the site ---- */

/*
 * The first instruction up to the body to which code after the body jumps back; SIZE_MAX if none.
 * A jump into the prologue proper makes a new frame: rsp must have been put back before it.
 */
static size_t loop_head(const struct site_search *s)
{
	bool builds = s->walk.frame_rsp.kind != HELD_FRAME || s->walk.frame_rsp.realigned ||
		      s->walk.frame_rsp.n != -ARCH_CALL_CFA;
	for (size_t i = builds ? s->walk.structural : 0; i <= s->body; i++)
		if (s->l->latest[i] > s->body)
			return i;
	return SIZE_MAX;
}

static void walk_to(const struct site_search *s, size_t target, struct walk *ret)
{
	walk_init(ret, s->l, s->walk.limit, s->sig != NULL);
	while (ret->at < target && walk_step(ret))
		;
}

/* The register that holds the entry value of `reg`; ARCH_NONE if none. The register itself first.
 */
static unsigned holder_of(const struct walk *w, unsigned reg, unsigned size)
{
	unsigned best = ARCH_NONE;
	for (unsigned r = 0; r <= ARCH_XMM15; r++) {
		const struct held *v = &w->reg[r];
		if (v->kind != HELD_ENTRY || v->reg != reg || v->width < size)
			continue;
		if (r == reg)
			return r;
		if (best == ARCH_NONE || v->width > w->reg[best].width)
			best = r;
	}
	return best;
}

/* The register in which the value of a coming store is already, at the site. */
static unsigned source_at_site(const struct site_search *s, const struct walk *at_site,
			       const struct frame_store *st)
{
	const struct insn *in = &s->l->insn[st->insn];
	const struct insn_operand *o = in->kind == INSN_PUSH ? &in->op[0] : &in->op[1];
	bool plain = in->kind == INSN_PUSH || in->kind == INSN_MOV;
	if (plain && o->kind == OPERAND_REG && o->reg <= ARCH_XMM15) {
		size_t i = s->site;
		while (i < st->insn && !insn_writes(&s->l->insn[i], o->reg))
			i++;
		if (i == st->insn)
			return o->reg;
	}
	return st->source.kind == HELD_ENTRY ? holder_of(at_site, st->source.reg, st->size)
					     : (unsigned)ARCH_NONE;
}

/* What is still to be stored between the site and the body; false: it cannot be told. */
static bool find_pending(const struct site_search *s, const struct walk *at_site,
			 struct frame_plan *ret)
{
	ret->n_pending = 0;
	for (size_t k = 0; k < s->walk.n_store; k++) {
		const struct frame_store *st = &s->walk.store[k];
		if (st->insn < s->site || st->insn >= s->body || st->realigned ||
		    !(held_is_tracked(&st->source) || st->argument))
			continue;
		unsigned reg = source_at_site(s, at_site, st);
		if (reg == ARCH_NONE || ret->n_pending == FT_COUNT(ret->pending))
			return false;
		ret->pending[ret->n_pending++] = (struct pending_store){
			.off = st->off,
			.size = st->size,
			.reg = (uint8_t)reg,
		};
	}
	return true;
}

static bool can_stop_at(const struct site_search *s, size_t i)
{
	struct displaced d;
	const struct insn *in = &s->l->insn[i];
	bool jumps = in->kind == INSN_JMP || in->kind == INSN_JCC;
	if (in->kind == INSN_RET || (jumps && (!in->direct || !listing_has(s->l, in->target))))
		return false; // an exit has a site of its own
	return insn_displace(in, listing_bytes(s->l, i), &d) == FT_OK && !d.step;
}

static bool is_branch(const struct insn *i)
{
	return i->kind == INSN_CALL || i->kind == INSN_JCC || insn_ends(i);
}

/*
 * The site is the body, unless the body is reached again in the same frame or cannot be replaced:
 * then the nearest instruction before it on the straight line from where the rest is known.
 */
static bool find_site(struct site_search *s, struct walk *at_site, struct frame_plan *ret)
{
	size_t head = loop_head(s);
	size_t last = head == SIZE_MAX ? s->body : head;
	for (size_t back = head == SIZE_MAX ? 0 : 1; s->in_line && back <= last; back++) {
		s->site = last - back;
		if (s->site < s->body && is_branch(&s->l->insn[s->site]))
			break;
		if (!can_stop_at(s, s->site))
			continue;
		walk_to(s, s->site, at_site);
		if (at_site->at == s->site && find_pending(s, at_site, ret))
			return true;
		walk_deinit(at_site);
	}
	struct displaced d;
	s->site = s->body;
	ret->n_pending = 0;
	ret->site_loops = head != SIZE_MAX;
	if (insn_displace(&s->l->insn[s->site], listing_bytes(s->l, s->site), &d) != FT_OK)
		return false;
	walk_to(s, s->site, at_site);
	return true;
}

/* ---- what is true at the site ---- */

static void find_entry_values(const struct site_search *s, const struct walk *w,
			      struct frame_plan *ret)
{
	for (unsigned r = 0; r <= ARCH_XMM15 && s->in_line; r++) {
		struct entry_value *e = &ret->at_site[r];
		unsigned holder =
			r == ARCH_RSP || r == ARCH_RIP ? (unsigned)ARCH_NONE : holder_of(w, r, 1);
		unsigned most = r < ARCH_RIP ? 8 : 16;
		if (holder != ARCH_NONE) {
			unsigned width = w->reg[holder].width;
			*e = (struct entry_value){
				.where = ENTRY_IN_REG,
				.reg = (uint8_t)holder,
				.size = (uint8_t)(width < most ? width : most),
			};
		}
		for (size_t k = 0; k < w->n_store; k++) {
			const struct frame_store *st = &w->store[k];
			if (st->source.kind == HELD_ENTRY && st->source.reg == r &&
			    !st->realigned && st->size > e->size && walk_store_lives(w, k))
				*e = (struct entry_value){
					.where = ENTRY_AT_CFA,
					.off = st->off,
					.size = st->size,
				};
		}
	}
}

/* gcc keeps the CFA of a realigned frame on the stack: CFA = *(rbp - 8). */
static bool cfa_from_store(const struct walk *w, struct cfa_rule *ret)
{
	const struct held *rbp = &w->reg[ARCH_RBP];
	for (size_t k = 0; k < w->n_store && rbp->kind == HELD_FRAME; k++) {
		const struct frame_store *st = &w->store[k];
		if (st->source.kind != HELD_FRAME || st->source.realigned || st->source.n ||
		    st->realigned != rbp->realigned)
			continue;
		*ret = (struct cfa_rule){ARCH_RBP, true, (int32_t)(st->off - rbp->n)};
		return true;
	}
	return false;
}

static bool cfa_from_walk(const struct walk *w, struct cfa_rule *ret)
{
	static const uint8_t bases[] = {ARCH_RSP, ARCH_RBP, ARCH_R10};
	for (size_t n = 0; n < FT_COUNT(bases); n++) {
		const struct held *v = &w->reg[bases[n]];
		if (v->kind == HELD_FRAME && !v->realigned) {
			*ret = (struct cfa_rule){bases[n], false, (int32_t)-v->n};
			return true;
		}
	}
	return cfa_from_store(w, ret);
}

/*
 * How far a CFI row is from what the walk found: 0 if they agree, or either does not know; more
 * if the row has a larger frame than the code made since the entry.
 */
static int64_t disagreement(const struct walk *w, const struct cfa_rule *cfa)
{
	const struct held *v = cfa->reg <= ARCH_XMM15 ? &w->reg[cfa->reg] : NULL;
	if (!v || cfa->deref || v->kind != HELD_FRAME || v->realigned)
		return 0;
	return v->n + cfa->off;
}

/*
 * The row, unless the straight line contradicts it: hand-written code often forgets to say that
 * it pushed. A row with a larger frame means that nobody calls this code: a cold part.
 */
static enum ft_rc find_cfa(const struct site_search *s, const struct walk *w,
			   struct frame_plan *ret, const char **why)
{
	const struct cfa_row *row = plan_row_at(s->l->in, ret->site);
	bool known = row && row->known;
	int64_t more = known && !s->rsp_moves ? disagreement(w, &row->cfa) : 0;
	if (more > 0) {
		*why = plan_is_part;
		return FT_NONE;
	}
	if (known && more == 0) {
		ret->cfa = row->cfa;
		return FT_OK;
	}
	if (known)
		ft_log("0x%llx: the call frame information and the code disagree",
		       (unsigned long long)ret->site);
	if (s->in_line && cfa_from_walk(w, &ret->cfa))
		return FT_OK;
	*why = "no call frame information";
	return FT_NONE;
}

/* The parts of the plan, up to the structural end, become ret's. */
static void take_parts(struct site_search *s, struct frame_plan *ret)
{
	ret->parts = s->walk.parts;
	ret->n_parts = s->walk.n_parts;
	s->walk.parts = NULL;
	s->walk.n_parts = 0;
}

static void find_rsp(struct site_search *s, const struct walk *w, struct frame_plan *ret)
{
	const struct held *body = &s->walk.frame_rsp, *site = &w->reg[ARCH_RSP];
	ret->rsp_known = !body->realigned && !s->rsp_moves;
	if (!ret->rsp_known)
		return;
	ret->rsp_at_body = (int32_t)body->n;
	ret->rsp_at_site = s->in_line ? (int32_t)site->n : ret->rsp_at_body;
	int32_t sum = 0;
	for (size_t n = 0; n < ret->n_parts; n++)
		sum += ret->parts[n].bytes;
	assert(sum == ret->rsp_at_body);
}

enum ft_rc plan_prologue(const struct listing *l, struct frame_plan *ret, const char **why)
{
	const struct signature *sig = l->in->sig;
	struct site_search s = {.l = l, .sig = sig, .unoptimised = sig && !sig->optimised};
	struct walk at_site = {0};
	s.hint = hint_of(l, s.unoptimised);
	find_body(&s);
	enum ft_rc rc = FT_NONE;
	*why = "its first instructions cannot be moved";
	if (find_site(&s, &at_site, ret)) {
		ret->body = l->insn[s.body].pc;
		ret->site = l->insn[s.site].pc;
		rc = find_cfa(&s, &at_site, ret, why);
		if (rc == FT_OK) {
			take_parts(&s, ret);
			find_rsp(&s, &at_site, ret);
			find_entry_values(&s, &at_site, ret);
			const struct held *rbp = &s.walk.frame_rbp;
			ret->rbp_is_frame = rbp->kind == HELD_FRAME && !rbp->realigned;
			ret->rbp_off = ret->rbp_is_frame ? (int32_t)rbp->n : 0;
		}
	}
	walk_deinit(&at_site);
	walk_deinit(&s.walk);
	return rc;
}
