#include "events/plan.h"

#include <stdlib.h>
#include <string.h>

#include "events/inlines.h"
#include "events/map.h"
#include "events/ranges.h"
#include "unwind/dw_op.h"

enum {
	VALUE_BYTES = 4096, // captured of one variable at most
};

static bool is_one_op(const struct dw_op *ops, size_t n, uint8_t op)
{
	return n == 1 && ops[0].op == op;
}

// What rsp or rbp is at the body, as an offset from the CFA.
static bool register_from_cfa(const struct frame_plan *p, unsigned reg, int64_t *ret)
{
	if (reg == ARCH_RSP && p->rsp_known) {
		*ret = p->rsp_at_body;
		return true;
	}
	if (reg == ARCH_RBP && p->rbp_is_frame) {
		*ret = p->rbp_off;
		return true;
	}
	return false;
}

static bool breg_of(const struct dw_op *op, unsigned *ret_reg, int64_t *ret_off)
{
	if (op->op >= DW_OP_breg0 && op->op <= DW_OP_breg31) {
		*ret_reg = op->op - DW_OP_breg0;
		*ret_off = (int64_t)op->a;
		return true;
	}
	if (op->op != DW_OP_bregx)
		return false;
	*ret_reg = (unsigned)op->a;
	*ret_off = (int64_t)op->b;
	return true;
}

/*
 * A frame that is built only behind the body (shrink-wrapped) has its locals on the rsp of then.
 * Where the call frame information knows of no lower rsp there is nothing to look for.
 */
static int64_t rsp_of_locals(const struct traced *t)
{
	struct cfi_row row;
	const struct range *code = &t->f->ranges[0];
	bool lower = false;
	for (uint64_t pc = t->plan.body; pc < code->hi && !lower; pc = row.hi) {
		if (symbols_cfi_at(t->symbols, pc, &row) != FT_OK || row.hi <= pc)
			break;
		lower = row.cfa_reg == ARCH_RSP && !row.cfa_is_expr &&
			-row.cfa_off < t->plan.rsp_at_body;
	}
	struct frame_layout l;
	if (!lower || frame_layout_init(t->symbols, t->f, &t->plan, t->plan.body, &l) != FT_OK) {
		ft_error_clear();
		return t->plan.rsp_at_body;
	}
	int64_t fixed = l.rsp_known ? l.fixed : t->plan.rsp_at_body;
	frame_layout_deinit(&l);
	return fixed;
}

// The same with a frame pointer: where the CFA is counted from rbp, that is it.
static bool rbp_set_late(const struct traced *t, int64_t *ret)
{
	struct cfi_row row;
	uint64_t end = t->f->ranges[0].hi;
	for (uint64_t pc = t->plan.body; pc < end; pc = row.hi) {
		if (symbols_cfi_at(t->symbols, pc, &row) != FT_OK || row.hi <= pc)
			return false;
		if (row.cfa_reg != ARCH_RBP || row.cfa_is_expr)
			continue;
		*ret = -row.cfa_off;
		return true;
	}
	return false;
}

/*
 * Frame bases differ: gcc uses the CFA, clang rbp, rustc rsp. The registers are meant as they are
 * at the body; there they are CFA-relative, and that stays true at the ret.
 */
static void plan_base(struct traced *t)
{
	const struct location_entry *e;
	t->base.reg = ARCH_NONE;
	if (location_at(&t->sig->frame_base, t->plan.body, &e) != FT_OK)
		return;
	t->base.kind = BASE_EXPR;
	t->base.ops = e->ops;
	t->base.n_ops = e->n_ops;
	int64_t off, add = 0;
	unsigned reg = location_register(e->ops, e->n_ops);
	bool is_cfa = is_one_op(e->ops, e->n_ops, DW_OP_call_frame_cfa);
	if (!is_cfa && reg == ARCH_NONE && (e->n_ops != 1 || !breg_of(&e->ops[0], &reg, &add)))
		return;
	t->base.reg = reg;
	if (is_cfa)
		off = 0;
	else if (!register_from_cfa(&t->plan, reg, &off) &&
		 (reg != ARCH_RBP || !rbp_set_late(t, &off)))
		return;
	if (!is_cfa && reg == ARCH_RSP)
		off = rsp_of_locals(t);
	t->base.kind = BASE_CFA;
	t->base.off = off + add;
}

/*
 * Whether a location means a register as it is at the body. Unoptimised code does, wherever it is
 * asked for. LLVM lets the ranges of a location by the frame base's register run on over the
 * epilogue, which restores that; gcc, whose frame base is the CFA, ends them before.
 */
static bool means_body(const struct traced *t, const struct location_entry *e, unsigned reg)
{
	return (e->lo == 0 && e->hi == UINT64_MAX) || t->base.reg == reg;
}

static void at_cfa(struct accessor *a, int64_t off)
{
	a->kind = ACCESS_CFA;
	a->off = off;
}

/*
 * LLVM lets the location "rsp + 8" of a stack slot run on over the epilogue to the ret, where it is
 * no longer true. Where the range begins it is.
 */
static void settle_rsp(const struct traced *t, const struct location_entry *e, struct accessor *a)
{
	struct cfi_row row;
	if (symbols_cfi_at(t->symbols, e->lo, &row) != FT_OK || row.cfa_is_expr)
		return;
	a->has_rsp = row.cfa_reg == ARCH_RSP;
	a->rsp_off = -row.cfa_off;
	a->body_rbp |=
		row.cfa_reg == ARCH_RBP && t->plan.rbp_is_frame && row.cfa_off == -t->plan.rbp_off;
}

static void access_by_ops(const struct traced *t, const struct location_entry *e, bool at_exit,
			  struct accessor *a)
{
	unsigned reg;
	int64_t off, base;
	a->kind = ACCESS_EXPR;
	a->ops = e->ops;
	a->n_ops = e->n_ops;
	bool whole_function = e->lo == 0 && e->hi == UINT64_MAX;
	a->body_rsp = means_body(t, e, ARCH_RSP);
	a->body_rbp = means_body(t, e, ARCH_RBP);
	if (at_exit && !whole_function && e->lo >= t->plan.body)
		settle_rsp(t, e, a);
	if (is_one_op(e->ops, e->n_ops, DW_OP_fbreg)) {
		off = (int64_t)e->ops[0].a;
		if (t->base.kind == BASE_CFA) {
			at_cfa(a, t->base.off + off);
		} else {
			a->kind = ACCESS_BASE;
			a->off = off;
		}
	} else if ((reg = location_register(e->ops, e->n_ops)) != ARCH_NONE) {
		a->kind = ACCESS_REG;
		a->reg = reg;
	} else if (e->n_ops == 1 && a->has_rsp && breg_of(&e->ops[0], &reg, &off) &&
		   reg == ARCH_RSP) {
		at_cfa(a, a->rsp_off + off);
	} else if (e->n_ops == 1 && breg_of(&e->ops[0], &reg, &off) &&
		   register_from_cfa(&t->plan, reg, &base) &&
		   (!at_exit || (reg == ARCH_RSP ? a->body_rsp : a->body_rbp))) {
		at_cfa(a, base + off);
	}
}

/*
 * A parameter that came in a register is where that value went: known by the instructions, even
 * where the location at the body is gone, or is an expression that only a caller could evaluate.
 */
static bool access_by_entry(const struct traced *t, const struct variable *v, struct accessor *a)
{
	const struct location_entry *e;
	if (location_at_entry(&v->loc, t->plan.entry, &e) != FT_OK)
		return false;
	unsigned reg = location_register(e->ops, e->n_ops);
	if (reg > ARCH_XMM15)
		return false;
	const struct entry_value *now = &t->plan.at_site[reg];
	switch (now->where) {
	case ENTRY_LOST:
		return false;
	case ENTRY_IN_REG:
	case ENTRY_AT_CFA:
		if (!v->type || v->type->size > now->size)
			return false;
		a->kind = now->where == ENTRY_IN_REG ? ACCESS_REG : ACCESS_CFA;
		a->reg = now->reg;
		a->off = now->off;
		return true;
	}
	return false;
}

/*
 * A Rust or C++ value whose scope is over has been dropped: its own bytes are still in the frame,
 * but what it pointed to may be anybody's by now. At an exit a Rust argument has been dropped too,
 * or moved; only what it borrowed lives on. C++ leaves the destruction to the caller.
 */
static bool is_dropped(const struct traced *t, const struct variable *v, bool scope_ended,
		       bool at_exit)
{
	enum language l = t->f->language;
	bool borrows = v->type && v->type->shown && v->type->shown[0] == '&';
	if (scope_ended)
		return l == LANG_RUST || l == LANG_CXX;
	return at_exit && v->is_param && l == LANG_RUST && !borrows;
}

struct accessor accessor_make(const struct traced *t, const struct variable *v, uint64_t pc,
			      bool at_exit)
{
	struct accessor a = {.var = v, .kind = ACCESS_NONE, .why = "<optimised out>"};
	a.pointer = pointer_in(v->type);
	a.scope_ended = at_exit && !variable_in_scope(v, pc);
	a.dropped = is_dropped(t, v, a.scope_ended, false);
	const struct location_entry *e;
	bool passed = !at_exit && v->is_param;
	if (v->has_const)
		a.kind = ACCESS_CONST;
	else if (passed && access_by_entry(t, v, &a))
		return a;
	else if ((passed && pc == t->plan.entry ? location_at_entry(&v->loc, pc, &e)
						: location_at(&v->loc, pc, &e)) == FT_OK &&
		 e->n_ops > 0)
		access_by_ops(t, e, at_exit, &a);
	return a;
}

static bool is_fp(unsigned reg)
{
	return reg >= ARCH_XMM0 && reg <= ARCH_ST7;
}

// What an expression needs besides general registers.
static void expr_needs(const struct accessor *a, struct capture_plan *c)
{
	bool only_registers = true;
	for (size_t i = 0; i < a->n_ops; i++) {
		const struct dw_op *op = &a->ops[i];
		unsigned reg = location_register(op, 1);
		c->want_fp |= reg != ARCH_NONE && is_fp(reg);
		if (op->op == DW_OP_regval_type || op->op == DW_OP_GNU_regval_type)
			c->want_fp = true;
		only_registers &= reg != ARCH_NONE || op->op == DW_OP_piece ||
				  (i + 1 == a->n_ops && op->op == DW_OP_stack_value);
	}
	c->hold |= !only_registers;
}

void accessor_capture(const struct accessor *a, const struct plan_options *o, struct ranges *ranges,
		      struct capture_plan *c)
{
	uint64_t size = a->var->type ? a->var->type->size : 0;
	uint32_t off, len;
	bool follows = value_follows(a->var->type, &o->style, &off, &len);
	switch (a->kind) {
	case ACCESS_NONE:
	case ACCESS_CONST:
		return;
	case ACCESS_CFA:
		if (size > VALUE_BYTES)
			c->hold = true;
		ranges_add(ranges, a->off,
			   a->off + (int64_t)(size < VALUE_BYTES ? size : VALUE_BYTES));
		break;
	case ACCESS_BASE:
		c->hold = true;
		break;
	case ACCESS_REG:
		c->want_fp |= is_fp(a->reg);
		break;
	case ACCESS_EXPR:
		expr_needs(a, c);
		break;
	}
	if (value_needs_memory(a->var->type, &o->style))
		c->hold = true;
	if (!follows)
		return;
	bool in_reg = a->kind == ACCESS_REG && off == 0 && a->reg < ARCH_GENERAL;
	if ((a->kind != ACCESS_CFA && !in_reg) || c->n_follows == CAPTURE_FOLLOWS) {
		c->hold = true;
		return;
	}
	c->follows[c->n_follows++] = (struct capture_follow){
		.reg = (uint8_t)(in_reg ? a->reg : ARCH_NONE),
		.off = in_reg ? 0 : (int32_t)(a->off + off),
		.len = len,
	};
}

// What the compiler passes for itself (__in_chrg, __vtt_parm) is not shown; `this` is.
bool accessor_is_shown(const struct variable *v)
{
	return !v->artificial || (v->name && strcmp(v->name, "this") == 0);
}

static struct accessor *make_args(const struct traced *t, uint64_t pc, bool at_exit)
{
	struct accessor *a = xcalloc(t->n_args + 1, sizeof(*a));
	size_t n = 0;
	for (size_t i = 0; i < t->sig->n_params; i++) {
		const struct variable *v = &t->sig->params[i];
		if (!accessor_is_shown(v))
			continue;
		a[n] = accessor_make(t, v, pc, at_exit);
		a[n].dropped = is_dropped(t, v, a[n].scope_ended, at_exit);
		n++;
	}
	return a;
}

// What the compiler (the bound of a VLA) or a library's macro made for itself is not shown.
bool plan_is_shown(const struct variable *v, const struct plan_options *o)
{
	return v->name && v->name[0] != '\0' && (o->macro_locals || !v->from_macro);
}

static struct accessor *make_locals(const struct traced *t, uint64_t pc,
				    const struct plan_options *o)
{
	struct accessor *a = xcalloc(t->n_locals + 1, sizeof(*a));
	size_t n = 0;
	for (size_t i = 0; i < t->sig->n_locals; i++)
		if (plan_is_shown(&t->sig->locals[i], o))
			a[n++] = accessor_make(t, &t->sig->locals[i], pc, true);
	return a;
}

static void plan_entry(struct traced *t, const struct plan_options *o)
{
	struct capture_plan *c = &t->capture;
	struct ranges ranges = {.n = 0};
	c->cfa = t->plan.cfa;
	c->hold = o->hold_all;
	c->is_entry = true;
	for (size_t i = 0; i < t->plan.n_pending; i++) {
		const struct pending_store *p = &t->plan.pending[i];
		c->pending[c->n_pending++] = (struct capture_pending){p->off, p->size, p->reg};
		c->want_fp |= is_fp(p->reg);
	}
	ranges_add(&ranges, -ARCH_WORD, 0);
	const struct entry_value *rdi = &t->plan.at_site[ARCH_RDI];
	if (t->returns.class == RETURN_MEMORY && rdi->where == ENTRY_AT_CFA)
		ranges_add(&ranges, rdi->off, rdi->off + ARCH_WORD);
	if (t->sig) {
		for (size_t i = 0; i < t->sig->n_params; i++)
			t->n_args += accessor_is_shown(&t->sig->params[i]);
		t->args = make_args(t, t->plan.body, false);
	}
	for (size_t i = 0; i < t->n_args; i++)
		accessor_capture(&t->args[i], o, &ranges, c);
	if (o->frames)
		t->map = map_plan_create(t, NULL, o, &ranges, c);
	ranges_plan(&ranges, c);
}

static void want_returned(const struct traced *t, const struct plan_options *o,
			  struct capture_plan *c)
{
	uint32_t off, len;
	c->want_fp |= t->returns.want_fp;
	c->hold |= value_needs_memory(t->sig->returns, &o->style);
	if (t->returns.class == RETURN_MEMORY) {
		uint64_t size = t->returns.size < VALUE_BYTES ? t->returns.size : VALUE_BYTES;
		c->follows[c->n_follows++] =
			(struct capture_follow){.reg = ARCH_RAX, .len = (uint32_t)size};
		// Optimised code may leave rax alone: the place is known from the push then.
		c->hold |= t->sig->optimised || t->returns.size > VALUE_BYTES ||
			   value_follows(t->sig->returns, &o->style, &off, &len);
		return;
	}
	if (t->returns.class != RETURN_REGISTERS ||
	    !value_follows(t->sig->returns, &o->style, &off, &len))
		return;
	unsigned which = off / ARCH_WORD;
	if (off % ARCH_WORD != 0 || which >= t->returns.n || t->returns.reg[which] >= ARCH_GENERAL)
		c->hold = true;
	else
		c->follows[c->n_follows++] =
			(struct capture_follow){.reg = t->returns.reg[which], .len = len};
}

static struct event_part *copy_parts(const struct code_part *parts, size_t n)
{
	struct event_part *p = xcalloc(n + 1, sizeof(*p));
	for (size_t i = 0; i < n; i++)
		p[i] = (struct event_part){parts[i].text, parts[i].bytes};
	return p;
}

static void plan_exit(struct traced *t, const struct plan_options *o, struct traced_exit *x)
{
	struct capture_plan *c = &x->capture;
	struct ranges ranges = {.n = 0};
	c->cfa = x->exit->cfa;
	c->hold = o->hold_all;
	x->parts = copy_parts(x->exit->parts, x->exit->n_parts);
	x->n_parts = x->exit->n_parts;
	ranges_add(&ranges, -ARCH_WORD, 0); // is the return address still what it was?
	if (t->has_return && x->exit->kind == EXIT_RET)
		want_returned(t, o, c);
	if (t->sig && o->locals) {
		x->args = make_args(t, x->exit->pc, true);
		x->locals = make_locals(t, x->exit->pc, o);
		for (size_t i = 0; i < t->n_args; i++)
			accessor_capture(&x->args[i], o, &ranges, c);
		for (size_t i = 0; i < t->n_locals; i++)
			accessor_capture(&x->locals[i], o, &ranges, c);
	}
	if (o->frames)
		x->map = map_plan_create(t, x, o, &ranges, c);
	ranges_plan(&ranges, c);
}

enum ft_rc traced_create(struct symbols *s, struct function *f, const struct plan_options *o,
			 struct traced **ret, const char **why)
{
	struct traced *t = xcalloc(1, sizeof(*t));
	t->symbols = s;
	t->f = f;
	enum ft_rc rc = frame_plan_init(s, f, &t->plan, why);
	if (rc != FT_OK) {
		free(t);
		return rc;
	}
	if (symbols_signature(s, f, &t->sig) == FT_FAIL)
		ft_error_clear(); // arguments unknown, as without debug information
	if (t->sig) {
		for (size_t i = 0; i < t->sig->n_locals; i++)
			t->n_locals += plan_is_shown(&t->sig->locals[i], o);
		plan_base(t);
		return_plan_of(f, t->sig->returns, &t->returns);
		t->has_return = t->returns.class != RETURN_VOID;
		if (t->has_return)
			t->returned_pointer = pointer_in(t->sig->returns);
	}
	plan_entry(t, o);
	t->parts = copy_parts(t->plan.parts, t->plan.n_parts);
	t->n_parts = t->plan.n_parts;
	t->n_exits = t->plan.n_exits;
	t->exits = xcalloc(t->n_exits + 1, sizeof(*t->exits));
	for (size_t i = 0; i < t->n_exits; i++) {
		t->exits[i].exit = &t->plan.exits[i];
		plan_exit(t, o, &t->exits[i]);
	}
	*ret = t;
	return FT_OK;
}

void traced_destroy(struct traced *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_exits; i++) {
		free(t->exits[i].args);
		free(t->exits[i].locals);
		free(t->exits[i].parts);
		map_plan_destroy(t->exits[i].map);
	}
	inlines_deinit(t);
	map_plan_destroy(t->map);
	free(t->exits);
	free(t->args);
	free(t->parts);
	frame_plan_deinit(&t->plan);
	free(t);
}

const struct variable **traced_variables(const struct traced *t, const struct plan_options *o)
{
	const struct variable **v = xcalloc(t->n_args + t->n_locals + 1, sizeof(struct variable *));
	size_t n = 0;
	for (size_t i = 0; t->sig && i < t->sig->n_params; i++)
		if (accessor_is_shown(&t->sig->params[i]))
			v[n++] = &t->sig->params[i];
	for (size_t i = 0; t->sig && i < t->sig->n_locals; i++)
		if (plan_is_shown(&t->sig->locals[i], o))
			v[n++] = &t->sig->locals[i];
	return v;
}
