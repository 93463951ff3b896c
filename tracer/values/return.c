/*
 * return.c - return values: which registers or memory, and what they say.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "values/private.h"

void return_plan_add(struct return_plan *p, uint8_t reg, uint64_t off, uint64_t bytes)
{
	assert(p->n < FT_COUNT(p->reg));
	p->reg[p->n] = reg;
	p->off[p->n] = (uint8_t)off;
	p->bytes[p->n] = (uint8_t)bytes;
	p->n++;
	p->want_fp |= reg >= ARCH_XMM0;
}

static void plan_unknown(struct return_plan *ret, const char *why)
{
	*ret = (struct return_plan){.class = RETURN_UNKNOWN, .size = ret->size, .why = why};
}

void return_plan_make(struct type *type, enum language language, struct return_plan *ret)
{
	struct type *t = type_strip(type);

	*ret = (struct return_plan){.class = RETURN_VOID};
	if (!t || t->kind == TYPE_VOID)
		return;
	ret->size = t->size;
	ret->class = RETURN_REGISTERS;
	if (t->kind == TYPE_UNKNOWN || t->kind == TYPE_TYPEDEF)
		return plan_unknown(ret, "unknown type");
	if (t->is_declaration && !t->size)
		return plan_unknown(ret, "incomplete type");
	if (language == LANG_RUST)
		return_plan_rust(t, ret);
	else
		return_plan_sysv(t, ret);
	if (ret->class == RETURN_UNKNOWN)
		plan_unknown(ret, ret->why);
}

static bool plans_agree(const struct return_plan *a, const struct return_plan *b)
{
	return a->class == b->class && a->n == b->n && memcmp(a->reg, b->reg, a->n) == 0 &&
	       memcmp(a->off, b->off, a->n) == 0 && memcmp(a->bytes, b->bytes, a->n) == 0;
}

void return_plan_of(const struct function *f, struct type *type, struct return_plan *ret)
{
	struct return_plan c;

	return_plan_make(type, f->language, ret);
	if (f->nocall && ret->class != RETURN_VOID)
		return plan_unknown(ret, "its calling convention was changed by the optimiser");
	if (f->language != LANG_RUST || !f->symbol || strncmp(f->symbol, "_ZN", 3) == 0 ||
	    strncmp(f->symbol, "_R", 2) == 0)
		return;
	return_plan_make(type, LANG_C, &c);
	if (!plans_agree(ret, &c))
		plan_unknown(ret, "extern \"C\" or not: the debug information does not say");
}

/* The bytes of one register, NULL if they were not fetched. */
static const uint8_t *register_bytes(unsigned reg, const struct regs *regs,
				     const struct fp_regs *fp)
{
	if (reg < ARCH_GENERAL)
		return (const uint8_t *)&regs->r[reg];
	if (!fp)
		return NULL;
	if (reg >= ARCH_XMM0 && reg <= ARCH_XMM15)
		return fp->xmm[reg - ARCH_XMM0];
	return reg >= ARCH_ST0 && reg <= ARCH_ST7 ? fp->st[reg - ARCH_ST0] : NULL;
}

static void reason(struct value_tree *t, struct type *type, const char *why)
{
	struct place none = {.kind = PLACE_NONE, .why = why};
	struct expr_context ctx = {.regs = NULL};
	struct value_style style = value_style_default();

	value_build_place(t, &style, type, &none, &ctx);
}

static void build_registers(struct value_tree *t, const struct value_style *style,
			    struct type *type, const struct return_plan *plan,
			    const struct regs *regs, const struct fp_regs *fp,
			    const struct memory *mem)
{
	uint8_t bytes[64] = {0};

	if (plan->size > sizeof(bytes))
		return reason(t, type, "unknown type");
	for (unsigned i = 0; i < plan->n; i++) {
		const uint8_t *from = register_bytes(plan->reg[i], regs, fp);
		if (!from)
			return reason(t, type, "floating-point registers not read");
		assert(plan->off[i] + plan->bytes[i] <= (int)sizeof(bytes));
		memcpy(bytes + plan->off[i], from, plan->bytes[i]);
	}
	value_build(t, style, type, bytes, plan->size, 0, mem);
}

void return_value_build(struct value_tree *t, const struct value_style *style, struct type *type,
			const struct return_plan *plan, const struct regs *regs,
			const struct fp_regs *fp, const struct memory *mem)
{
	struct place place = {.kind = PLACE_MEMORY, .address = regs->r[ARCH_RAX]};
	struct expr_context ctx = {.regs = regs, .memory = mem};

	switch (plan->class) {
	case RETURN_VOID:
		tree_begin(t);
		return tree_says(t, 0, "void");
	case RETURN_REGISTERS:
		return build_registers(t, style, type, plan, regs, fp, mem);
	case RETURN_MEMORY:
		return value_build_place(t, style, type, &place, &ctx);
	case RETURN_UNKNOWN:
		break;
	}
	reason(t, type, plan->why ? plan->why : "unknown");
}

bool return_value_format(struct buf *out, const struct value_style *style, struct type *type,
			 const struct return_plan *plan, const struct regs *regs,
			 const struct fp_regs *fp, const struct memory *mem)
{
	struct value_tree t;

	value_tree_init(&t);
	return_value_build(&t, style, type, plan, regs, fp, mem);
	value_compact(&t, out);
	bool known = value_known(&t);
	value_tree_deinit(&t);
	return known;
}
