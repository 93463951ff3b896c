/*
 * arguments.c - how a prologue puts arguments where DWARF says they are: stores to the frame, and
 * lists of locations that begin late.
 */
#include "symbols/arguments.h"

#include "symbols/dwarf_constants.h"

enum {
	SLOT_MAX = 64, // bytes of a slot that are watched: the largest register
	SLOT_OFF_MAX = 1 << 30,
};

/* Where an argument of unoptimised code has to be, and which of its bytes have been stored. */
struct slot {
	bool realigned;
	int64_t off;
	unsigned size;
	uint64_t stored; // bit n: byte n
};

/* The frame base, as an address relative to the CFA. */
static struct held frame_base(const struct signature *sig, const struct walk *w)
{
	if (!sig->frame_base.n || sig->frame_base.e[0].n_ops != 1)
		return held_unknown;
	switch (sig->frame_base.e[0].ops[0].op) {
	case DW_OP_call_frame_cfa:
		return held_frame(0, false);
	case DW_OP_reg0 + ARCH_RBP:
		return w->frame_rbp;
	case DW_OP_reg0 + ARCH_RSP:
		return w->frame_rsp;
	default: // a byte of DWARF, not an enum of ours
		return held_unknown;
	}
}

static unsigned type_size(struct type *t)
{
	for (unsigned depth = 0; t && depth < 32; depth++) {
		if (t->size)
			return t->size < SLOT_MAX ? (unsigned)t->size : SLOT_MAX;
		t = t->target;
	}
	return 0;
}

/* Can the walk see how an argument gets to where DWARF says it is? */
enum slot_kind {
	SLOT_NONE,    // it need not be moved: on the caller's stack, or a location list tells
	SLOT_WATCHED, // stores to the frame
	SLOT_UNKNOWN, // anything else
};

static enum slot_kind slot_of(const struct walk *w, const struct signature *sig,
			      const struct variable *p, struct slot *ret)
{
	const struct location_entry *e = p->loc.e;
	if (p->loc.n != 1 || e->lo != 0 || e->hi != UINT64_MAX || !e->n_ops)
		return SLOT_NONE;
	const struct dw_op *op = &e->ops[0];
	bool pointer = e->n_ops == 2 && e->ops[1].op == DW_OP_deref;
	struct held base = held_unknown;
	int64_t off = (int64_t)op->a;
	if (op->op == DW_OP_fbreg)
		base = frame_base(sig, w);
	else if (op->op == DW_OP_breg0 + ARCH_RBP)
		base = w->frame_rbp;
	else if (op->op == DW_OP_breg0 + ARCH_RSP)
		base = w->frame_rsp;
	if (e->n_ops > 1 + (size_t)pointer || base.kind != HELD_FRAME || off < -SLOT_OFF_MAX ||
	    off > SLOT_OFF_MAX)
		return SLOT_UNKNOWN;
	*ret = (struct slot){
		.realigned = base.realigned,
		.off = base.n + off,
		.size = pointer ? (unsigned)ARCH_WORD : type_size(p->type),
	};
	return ret->size > 0 && (base.realigned || ret->off < 0) ? SLOT_WATCHED : SLOT_NONE;
}

/* The bytes of the slot that a store fills for the first time. */
static uint64_t newly_stored(const struct slot *slot, const struct frame_store *st)
{
	uint64_t bytes = 0;
	if (st->realigned != slot->realigned)
		return 0;
	for (unsigned n = 0; n < slot->size; n++) {
		int64_t off = slot->off + n;
		if (off >= st->off && off < st->off + st->size)
			bytes |= (uint64_t)1 << n;
	}
	return bytes & ~slot->stored;
}

static uint64_t all_bytes(unsigned size)
{
	return size >= 64 ? UINT64_MAX : ((uint64_t)1 << size) - 1;
}

/* After the last store that is the first one to a byte of the slot; 0 if there is none. */
static size_t fill_slot(struct walk *w, struct slot *slot, bool tracked)
{
	size_t end = 0;
	for (size_t k = 0; k < w->n_store; k++) {
		struct frame_store *st = &w->store[k];
		uint64_t bytes = newly_stored(slot, st);
		if (!bytes || (tracked && !held_is_tracked(&st->source)) ||
		    w->l->insn[st->insn].kind == INSN_PUSH) // `push rax` makes room
			continue;
		slot->stored |= bytes;
		st->argument = true;
		end = st->insn + 1;
	}
	return end;
}

/*
 * After the last store that fills a slot: the first one of each byte, from a register that still
 * has what it had at the entry, or what was made from it (a bool is masked first). Where an
 * optimiser knows what every caller passes, it drops the parameter and stores a constant instead:
 * then it is the first store of any kind.
 */
size_t arguments_stored(struct walk *w, const struct signature *sig, bool *ret_complete)
{
	size_t end = 0;
	bool complete = true;
	for (size_t n = 0; sig && n < sig->n_params; n++) {
		struct slot slot;
		enum slot_kind kind = slot_of(w, sig, &sig->params[n], &slot);
		if (kind == SLOT_UNKNOWN)
			complete = false;
		if (kind != SLOT_WATCHED)
			continue;
		size_t after = fill_slot(w, &slot, true);
		if (after > end)
			end = after;
		if (slot.stored == all_bytes(slot.size))
			continue;
		after = sig->optimised ? fill_slot(w, &slot, false) : 0;
		if (after > end)
			end = after;
		if (slot.stored != all_bytes(slot.size))
			complete = false;
	}
	*ret_complete = complete;
	return end;
}

/*
 * rustc passes what is larger than two registers by address, and from where the register with the
 * address is put aside a list of locations begins, not earlier: the instruction of the straight
 * line at which it does, and the register is still as it was at the entry. 0: there is none.
 */
static size_t begin_of_list(const struct walk *w, const struct location *loc, size_t body)
{
	const struct listing *l = w->l;
	const struct location_entry *e = loc->e;
	if (body >= l->first[1]) // the code ends in its prologue
		return 0;
	if (!loc->n || e->n_ops != 1 || e->lo <= l->insn[body].pc || !listing_has(l, e->lo))
		return 0;
	const struct dw_op *op = &e->ops[0];
	if (op->op < DW_OP_breg0 || op->op > DW_OP_breg0 + ARCH_R15 || op->a != 0)
		return 0;
	const struct held *v = &w->reg[op->op - DW_OP_breg0];
	size_t begin = listing_find(l, e->lo);
	if (v->kind != HELD_ENTRY || v->reg != op->op - DW_OP_breg0 || begin > w->at)
		return 0;
	for (size_t i = body; i < begin; i++)
		if (insn_writes(&l->insn[i], ARCH_RSP))
			return 0;
	return begin;
}

/* The last of the arguments that are not there yet. */
size_t arguments_listed(const struct walk *w, const struct signature *sig, size_t body)
{
	size_t begin = body;
	for (size_t n = 0; sig && n < sig->n_params; n++) {
		size_t at = begin_of_list(w, &sig->params[n].loc, body);
		if (at > begin)
			begin = at;
	}
	return begin;
}
