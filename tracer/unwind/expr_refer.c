/*
 * expr_refer.c - operations that leave the frame: other DIEs, the caller, thread-local storage.
 *
 * What an argument was at the entry is known in two ways. The registers of then, as far as somebody
 * kept them, are the better one. Else the call site tells how the caller computed it (DWARF 5,
 * section 3.4.2), from what the caller still has; its expression may in turn ask for what the
 * caller got from its own caller.
 */
#include <string.h>

#include "unwind/dw_op.h"
#include "unwind/machine.h"

static const char no_entry_value[] = "entry value not known";

/* ---- other DIEs ---- */

static const struct variable *refer(struct machine *m, uint64_t die)
{
	const struct expr_world *w = m->ctx->world;

	return w && w->variable ? w->variable(w->ctx, die) : NULL;
}

/* DWARF 5, 2.5.1.5: a DIE without a location here has no effect. */
static enum outcome call(struct machine *m, uint64_t die)
{
	const struct variable *v = refer(m, die);
	const struct location_entry *e;

	if (!v)
		return machine_fail(m, "calls an expression that is not known");
	if (location_at(&v->loc, m->ctx->pc, &e) != FT_OK)
		return DONE;
	return machine_call(m, e->ops, e->n_ops);
}

/* The value of a variable that has no address perhaps: gcc's bounds of arrays. */
static enum outcome variable_value(struct machine *m, uint64_t die)
{
	const struct variable *v = refer(m, die);
	struct type *t = v ? type_strip(v->type) : NULL;
	const struct location_entry *e;
	struct expr_storage storage;
	struct place place;
	uint64_t word = 0;

	if (!t || t->size < 1 || t->size > sizeof(word))
		return machine_fail(m, "refers to another variable's value");
	if (v->has_const)
		return machine_push(m, dw_generic(v->const_value));
	if (location_at(&v->loc, m->ctx->pc, &e) != FT_OK || !e->n_ops)
		return machine_fail(m, "refers to a variable that is optimised out");
	machine_place(m, e->ops, e->n_ops, &storage, &place);
	if (!place_read(&place, m->ctx, &word, t->size))
		return machine_fail_with(
			m, "%s", place.why ? place.why : "refers to another variable's value");
	bool is_signed = t->kind == TYPE_INT || t->is_signed;
	struct dw_value type = {.size = (uint8_t)t->size,
				.class = is_signed ? DW_SIGNED : DW_UNSIGNED};
	return machine_push(m, dw_generic((uint64_t)dw_as(type, word).v));
}

/* ---- the caller ---- */

/* What an entry value asks for: a register's content at the entry, or what it pointed to. */
struct asked {
	bool on_stack; // the bytes at the caller's rsp + off
	bool pointed;  // what the register points to
	uint64_t reg;
	int64_t off;
	unsigned size; // bytes wanted
	const struct dw_op *typed;
};

static bool register_asked(const struct dw_op *op, uint64_t *ret)
{
	if (op->op >= DW_OP_reg0 && op->op <= DW_OP_reg31)
		*ret = op->op - (uint64_t)DW_OP_reg0;
	else if (op->op == DW_OP_regx || op->op == DW_OP_regval_type ||
		 op->op == DW_OP_GNU_regval_type)
		*ret = op->a;
	else
		return false;
	return true;
}

static bool address_asked(const struct dw_op *op, const struct expr_context *ctx, struct asked *ret)
{
	if (op->op >= DW_OP_breg0 && op->op <= DW_OP_breg31) {
		ret->reg = op->op - (uint64_t)DW_OP_breg0;
		ret->off = (int64_t)op->a;
	} else if (op->op == DW_OP_bregx) {
		ret->reg = op->a;
		ret->off = (int64_t)op->b;
	} else if (op->op == DW_OP_fbreg && ctx->has_frame_base && ctx->has_cfa) {
		ret->on_stack = true;
		ret->off = (int64_t)(op->a + ctx->frame_base - ctx->cfa);
		return true;
	} else {
		return false;
	}
	ret->on_stack = ret->reg == ARCH_RSP;
	if (ret->on_stack) // at the entry the return address lies between
		ret->off = (int64_t)((uint64_t)ret->off - ARCH_CALL_CFA);
	ret->pointed = !ret->on_stack;
	return ret->on_stack || ret->off == 0;
}

static bool what_is_asked(const struct dw_op *op, const struct expr_context *ctx, struct asked *ret)
{
	const struct dw_op *sub = op->sub;

	*ret = (struct asked){.size = ARCH_WORD};
	if (!sub || op->n_sub < 1 || op->n_sub > 2)
		return false;
	if (op->n_sub == 1) {
		ret->typed = sub[0].type_size ? &sub[0] : NULL;
		return register_asked(&sub[0], &ret->reg);
	}
	switch (sub[1].op) {
	case DW_OP_deref:
		break;
	case DW_OP_deref_type:
	case DW_OP_GNU_deref_type:
		ret->typed = &sub[1];
		break;
	case DW_OP_deref_size:
		ret->size = sub[1].a <= ARCH_WORD ? (unsigned)sub[1].a : ARCH_WORD;
		break;
	default:
		return false;
	}
	return address_asked(&sub[0], ctx, ret);
}

static const struct call_parameter *parameter_asked(const struct call_site *site,
						    const struct asked *asked)
{
	for (size_t i = 0; i < site->n_params; i++) {
		const struct call_parameter *p = &site->params[i];
		if (asked->on_stack ? p->kind == CALL_ON_STACK && p->off == asked->off
				    : p->kind == CALL_IN_REG && p->reg == asked->reg)
			return p;
	}
	return NULL;
}

static bool find_caller(struct machine *m, struct expr_caller *ret)
{
	const struct expr_world *w = m->ctx->world;
	const char *why = w && w->caller ? w->caller(w->ctx, ret) : "";

	if (!why)
		return true;
	if (!*why)
		machine_fail(m, no_entry_value);
	else
		machine_fail_with(m, "%s: %s", no_entry_value, why);
	return false;
}

/* A value as wide and as typed as it was asked for. */
static enum outcome push_passed(struct machine *m, const struct asked *asked, struct dw_value v)
{
	struct dw_value type;

	if (!asked->typed) {
		if (asked->size >= 1 && asked->size < ARCH_WORD)
			v.v = dw_as((struct dw_value){.size = (uint8_t)asked->size,
						      .class = DW_UNSIGNED},
				    v.v)
				      .v;
		return machine_push(m, dw_generic((uint64_t)v.v));
	}
	if (!dw_value_type(asked->typed->type_encoding, asked->typed->type_size, &type))
		return machine_fail(m, "operation on a type that is not computed with");
	if (v.class == DW_FLOAT && v.size != type.size)
		return machine_fail(m, no_entry_value);
	return machine_push(m, dw_as(type, v.v));
}

static enum outcome ask_caller(struct machine *m, const struct dw_op *op)
{
	struct asked asked;
	struct expr_caller caller;
	struct dw_value v;

	if (!what_is_asked(op, m->ctx, &asked))
		return machine_fail(m, no_entry_value);
	if (!find_caller(m, &caller))
		return FAILED;
	const struct call_parameter *p = parameter_asked(caller.site, &asked);
	const struct dw_op *ops = p ? asked.pointed ? p->data : p->value : NULL;
	size_t n = p ? asked.pointed ? p->n_data : p->n_value : 0;
	if (!n)
		return machine_fail(m, "entry value not known: the call site has it not");
	if (!machine_value(m, ops, n, &caller.ctx, &v))
		return FAILED;
	return push_passed(m, &asked, v);
}

/* Of xmm registers, the low half is kept. */
static bool is_kept(const struct dw_op *op)
{
	return op->sub && !(op->n_sub > 0 && op->sub[0].type_size > ARCH_WORD);
}

/* The inner expression, over the registers as they were at the entry; memory has changed since. */
static enum outcome entry_value(struct machine *m, const struct dw_op *op)
{
	const struct expr_context at_entry = {
		.regs = m->ctx->entry_regs,
		.known = m->ctx->entry_known,
		.fp = m->ctx->entry_fp,
		.fp_unknown = m->ctx->entry_fp_unknown,
	};
	struct dw_value v;

	if (is_kept(op) && machine_value(m, op->sub, op->n_sub, &at_entry, &v))
		return machine_push(m, v);
	return ask_caller(m, op);
}

/* A parameter that the optimiser took away; the call sites still say what it would have been. */
static enum outcome parameter_ref(struct machine *m, uint64_t die)
{
	struct expr_caller caller;
	struct dw_value v;

	if (!find_caller(m, &caller))
		return FAILED;
	for (size_t i = 0; i < caller.site->n_params; i++) {
		const struct call_parameter *p = &caller.site->params[i];
		if (p->die != die || !p->n_value)
			continue;
		if (!machine_value(m, p->value, p->n_value, &caller.ctx, &v))
			return FAILED;
		return machine_push(m, v);
	}
	return machine_fail(m, "entry value not known: the call site has it not");
}

/* ---- thread-local storage ---- */

static enum outcome thread_local_address(struct machine *m)
{
	const struct expr_world *w = m->ctx->world;
	struct dw_value off;
	uint64_t block;

	if (!machine_pop(m, &off) || off.class == DW_FLOAT)
		return machine_fail(m, "bad expression");
	const char *why = w && w->tls_block ? w->tls_block(w->ctx, &block) : "";
	if (!why)
		return machine_push(m, dw_generic(block + (uint64_t)off.v));
	return *why ? machine_fail_with(m, "thread-local: %s", why)
		    : machine_fail(m, "thread-local");
}

enum outcome machine_refer(struct machine *m, const struct dw_op *op)
{
	switch (op->op) {
	case DW_OP_entry_value:
	case DW_OP_GNU_entry_value:
		return entry_value(m, op);
	case DW_OP_GNU_parameter_ref:
		return parameter_ref(m, op->a);
	case DW_OP_form_tls_address:
	case DW_OP_GNU_push_tls_address:
		return thread_local_address(m);
	case DW_OP_call2:
	case DW_OP_call4:
	case DW_OP_call_ref:
		return call(m, op->a);
	case DW_OP_GNU_variable_value:
		return variable_value(m, op->a);
	default:
		return NOT_MINE;
	}
}

/* ---- what an implicit pointer points to ---- */

const char *place_pointee(const struct place *p, const struct expr_context *ctx,
			  struct expr_storage *storage, struct place *ret, uint64_t *ret_off,
			  struct type **ret_type)
{
	const struct expr_world *w = ctx->world;
	const struct variable *v = w && w->variable ? w->variable(w->ctx, p->value) : NULL;
	const struct location_entry *e;
	struct place found = {.kind = PLACE_BYTES};

	if (p->kind != PLACE_POINTER || !v)
		return "what it points to is not known";
	if (v->has_const) {
		found.block = v->const_bytes ? v->const_bytes : (const uint8_t *)&v->const_value;
		found.size = v->const_bytes ? v->const_size : sizeof(v->const_value);
	} else if (location_at(&v->loc, ctx->pc, &e) == FT_OK) {
		expr_eval(e->ops, e->n_ops, ctx, storage, &found);
	} else {
		return "what it points to is optimised out";
	}
	if (found.kind == PLACE_NONE)
		return found.why;
	*ret = found;
	*ret_off = p->address;
	*ret_type = v->type;
	return NULL;
}
