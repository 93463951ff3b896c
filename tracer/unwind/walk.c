/*
 * walk.c - frame by frame: rows of call frame information applied to registers (DWARF 5, 6.4.4).
 */
#include "unwind/unwind.h"

#include "unwind/expr.h"

const char *unwind_end_text(enum unwind_end end)
{
	switch (end) {
	case UNWIND_END_OUTERMOST:
		return "the outermost frame";
	case UNWIND_END_NO_CFI:
		return "no call frame information";
	case UNWIND_END_BAD_MEMORY:
		return "a saved register could not be read";
	case UNWIND_END_CYCLE:
		return "the frames do not lead towards the stack's bottom";
	case UNWIND_END_LIMIT:
		return "the limit";
	}
	return "?";
}

uint64_t frame_lookup_pc(const struct unwind_frame *f)
{
	// A return address may be the first of another function, line or row: after a noreturn
	// call.
	return f->exact_pc ? f->pc : f->pc - 1;
}

struct unwind_frame unwind_innermost(const struct regs *regs)
{
	return (struct unwind_frame){
		.pc = regs->r[ARCH_RIP],
		.regs = *regs,
		.known = (1u << ARCH_GENERAL) - 1,
		.exact_pc = true,
	};
}

static struct expr_context context_of(const struct unwind_frame *f, const struct memory *mem)
{
	return (struct expr_context){.regs = &f->regs, .known = f->known, .memory = mem};
}

static bool known_reg(const struct unwind_frame *f, unsigned reg, uint64_t *ret)
{
	if (reg >= ARCH_GENERAL || !(f->known >> reg & 1))
		return false;
	*ret = f->regs.r[reg];
	return true;
}

static bool find_cfa(const struct cfi_row *row, const struct memory *mem,
		     const struct unwind_frame *f, uint64_t *ret)
{
	if (row->cfa_is_expr) {
		struct expr_context ctx = context_of(f, mem);
		return expr_value(row->cfa_ops, row->n_cfa_ops, &ctx, ret);
	}
	if (!known_reg(f, row->cfa_reg, ret))
		return false;
	*ret += (uint64_t)row->cfa_off;
	return true;
}

/* What a rule's expression computes: it starts with the CFA on the stack (DWARF 5, 6.4.2.3). */
static bool rule_expr(const struct cfi_rule *rule, const struct memory *mem,
		      const struct unwind_frame *f, uint64_t cfa, uint64_t *ret)
{
	struct expr_context ctx = context_of(f, mem);

	ctx.object = cfa;
	ctx.push_object = true;
	return expr_value(rule->ops, rule->n_ops, &ctx, ret);
}

/* The register's value in the caller; false if it is not known. */
static bool restore(const struct cfi_row *row, unsigned reg, const struct memory *mem,
		    const struct unwind_frame *f, uint64_t cfa, uint64_t *ret)
{
	const struct cfi_rule *rule = &row->rules[reg];
	uint64_t addr;

	switch (rule->kind) {
	case CFI_UNDEFINED:
		return false;
	case CFI_SAME:
		return known_reg(f, reg, ret);
	case CFI_AT_CFA:
		return memory_read_uint(mem, cfa + (uint64_t)rule->off, ARCH_WORD, ret);
	case CFI_IS_CFA:
		*ret = cfa + (uint64_t)rule->off;
		return true;
	case CFI_IN_REG:
		return known_reg(f, rule->reg, ret);
	case CFI_AT_EXPR:
		return rule_expr(rule, mem, f, cfa, &addr) &&
		       memory_read_uint(mem, addr, ARCH_WORD, ret);
	case CFI_IS_EXPR:
		return rule_expr(rule, mem, f, cfa, ret);
	}
	return false;
}

/*
 * The caller's register where the tables are silent. They say "same" for what they do not mention;
 * that holds for what the callee must preserve, and rsp is the CFA by definition (psABI 3.2.1).
 */
static bool restore_silent(unsigned reg, const struct unwind_frame *f, uint64_t cfa, uint64_t *ret)
{
	if (reg == ARCH_RSP) {
		*ret = cfa;
		return true;
	}
	return arch_is_callee_saved(reg) && known_reg(f, reg, ret);
}

static bool is_silent(const struct cfi_row *row, unsigned reg)
{
	enum cfi_rule_kind kind = row->rules[reg].kind;

	return kind == CFI_SAME || (reg == ARCH_RSP && kind == CFI_UNDEFINED);
}

bool unwind_apply(const struct cfi_row *row, const struct memory *mem, const struct unwind_frame *f,
		  struct unwind_frame *ret, uint64_t *ret_cfa, enum unwind_end *ret_end)
{
	struct unwind_frame caller = {.exact_pc = row->signal_frame};
	uint64_t cfa, rsp;

	*ret_cfa = 0;
	if (row->rules[ARCH_RIP].kind ==
	    CFI_UNDEFINED) { // _start, clone: their CFA is not kept true
		*ret_end = UNWIND_END_OUTERMOST;
		return false;
	}
	if (!find_cfa(row, mem, f, &cfa)) {
		*ret_end = UNWIND_END_BAD_MEMORY;
		return false;
	}
	*ret_cfa = cfa;
	caller.regs.fs_base = f->regs.fs_base;
	for (unsigned reg = 0; reg < ARCH_GENERAL; reg++) {
		bool known = is_silent(row, reg)
				     ? restore_silent(reg, f, cfa, &caller.regs.r[reg])
				     : restore(row, reg, mem, f, cfa, &caller.regs.r[reg]);
		caller.known |= (uint32_t)known << reg;
	}
	if (!known_reg(&caller, ARCH_RIP, &caller.pc)) {
		*ret_end = UNWIND_END_BAD_MEMORY;
		return false;
	}
	if (!caller.pc) {
		*ret_end = UNWIND_END_OUTERMOST;
		return false;
	}
	// A frame holds at least its return address. A signal may have come on another stack.
	if (!row->signal_frame && known_reg(f, ARCH_RSP, &rsp) && cfa <= rsp) {
		*ret_end = UNWIND_END_CYCLE;
		return false;
	}
	*ret = caller;
	return true;
}

/* As unwind_step(), and what the row says of f itself. */
static bool step(struct symbols *s, const struct memory *mem, struct unwind_frame *f,
		 struct unwind_frame *ret, enum unwind_end *ret_end)
{
	struct cfi_row row;

	if (symbols_cfi_at(s, frame_lookup_pc(f), &row) != FT_OK) {
		*ret_end = UNWIND_END_NO_CFI;
		return false;
	}
	f->exact_pc |= row.signal_frame;
	return unwind_apply(&row, mem, f, ret, &f->cfa, ret_end);
}

enum unwind_end unwind_step(struct symbols *s, const struct memory *mem,
			    const struct unwind_frame *f, struct unwind_frame *ret, bool *ret_moved)
{
	struct unwind_frame from = *f;
	enum unwind_end end = UNWIND_END_LIMIT;

	*ret_moved = step(s, mem, &from, ret, &end);
	return end;
}

size_t unwind_walk(struct symbols *s, const struct memory *mem, const struct regs *regs,
		   struct unwind_frame *ret, size_t max, enum unwind_end *ret_end)
{
	struct unwind_frame f = unwind_innermost(regs), caller;
	size_t n = 0;

	*ret_end = UNWIND_END_LIMIT;
	while (n < max) {
		bool moved = step(s, mem, &f, &caller, ret_end);
		ret[n++] = f;
		if (!moved)
			break;
		f = caller;
	}
	return n;
}
