/*
 * vla.c - variable-length arrays of C: the type with the counts that the running function gives.
 */
#include "values/private.h"

static bool bound_value(const struct array_bound *b, const struct expr_context *ctx, uint64_t *ret)
{
	const struct location_entry *e;
	struct expr_storage storage;
	struct place place;
	uint8_t bytes[8];

	if (location_at(&b->loc, ctx->regs->r[ARCH_RIP], &e) != FT_OK)
		return false;
	if (!b->is_variable)
		return expr_value(e->ops, e->n_ops, ctx, ret);
	expr_eval(e->ops, e->n_ops, ctx, &storage, &place);
	if (!place_read(&place, ctx, bytes, b->size))
		return false;
	*ret = (uint64_t)scalar_sint(bytes, b->size);
	return true;
}

/* Fills in the count of one dimension. */
static bool resolve(struct type *t, const struct expr_context *ctx)
{
	uint64_t v;

	if (t->has_count)
		return true;
	if (!t->bound || !bound_value(t->bound, ctx, &v))
		return false;
	if (!t->bound->is_count)
		v = (int64_t)v < t->bound->lower ? 0 : v - (uint64_t)t->bound->lower + 1;
	t->count = v;
	t->has_count = true;
	return true;
}

struct type *vla_resolve(struct value_tree *tree, struct type *t, const struct expr_context *ctx)
{
	struct type *dims = tree->dims;
	size_t n = 0;

	for (; t && t->kind == TYPE_ARRAY && n < VALUE_DIMENSIONS; t = type_strip(t->target)) {
		dims[n] = *t;
		if (!resolve(&dims[n++], ctx))
			return NULL;
	}
	for (size_t i = n; i-- > 0;) {
		if (i + 1 < n)
			dims[i].target = &dims[i + 1];
		uint64_t element = dims[i].target ? dims[i].target->size : 0;
		if (__builtin_mul_overflow(element, dims[i].count, &dims[i].size))
			return NULL;
	}
	return &dims[0];
}
