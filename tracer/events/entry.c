#include "events/entry.h"

#include <string.h>

#include "unwind/dw_op.h"

/* ---- the registers that are kept ---- */

static unsigned integer_index(unsigned reg)
{
	unsigned i = 0;

	while (i < ENTRY_INTEGER && arch_integer_arg(i) != reg)
		i++;
	return i;
}

static bool is_sse(unsigned reg)
{
	return reg >= ARCH_XMM0 && reg < ARCH_XMM0 + ENTRY_SSE;
}

/* What is left of a register's content at the entry; the count of its low bytes. */
static uint8_t take(const struct entry_value *now, const struct hit *hit, const struct memory *mem,
		    uint64_t *ret)
{
	uint8_t size = now->size < ARCH_WORD ? now->size : ARCH_WORD;

	switch (now->where) {
	case ENTRY_LOST:
		return 0;
	case ENTRY_IN_REG:
		if (now->reg < ARCH_GENERAL)
			*ret = hit->regs.r[now->reg];
		else if (hit->has_fp && now->reg >= ARCH_XMM0 && now->reg <= ARCH_XMM15)
			memcpy(ret, hit->fp.xmm[now->reg - ARCH_XMM0], sizeof(*ret));
		else
			return 0;
		return size;
	case ENTRY_AT_CFA:
		if (!size ||
		    !memory_read_uint(mem, hit->cfa + (uint64_t)(int64_t)now->off, size, ret))
			return 0;
		return size;
	}
	return 0;
}

void entry_registers_take(const struct traced *fn, const struct hit *hit, const struct memory *mem,
			  struct entry_registers *ret)
{
	*ret = (struct entry_registers){0};
	for (unsigned i = 0; i < ENTRY_INTEGER; i++)
		ret->integer_size[i] =
			take(&fn->plan.at_site[arch_integer_arg(i)], hit, mem, &ret->integer[i]);
	for (unsigned i = 0; i < ENTRY_SSE; i++)
		ret->sse_size[i] = take(&fn->plan.at_site[ARCH_XMM0 + i], hit, mem, &ret->sse[i]);
}

void entry_context_init(struct entry_context *c, const struct entry_registers *kept, uint64_t cfa)
{
	*c = (struct entry_context){.fp_unknown = UINT16_MAX};
	c->regs.r[ARCH_RSP] = cfa - ARCH_CALL_CFA;
	c->known = 1u << ARCH_RSP;
	for (unsigned i = 0; i < ENTRY_INTEGER; i++) {
		unsigned reg = arch_integer_arg(i);
		c->regs.r[reg] = kept->integer[i];
		c->known |= (uint32_t)(kept->integer_size[i] == ARCH_WORD) << reg;
	}
	for (unsigned i = 0; i < ENTRY_SSE; i++) {
		memcpy(c->fp.xmm[i], &kept->sse[i], sizeof(kept->sse[i]));
		if (kept->sse_size[i] == ARCH_WORD)
			c->fp_unknown &= (uint16_t) ~(1u << i);
	}
}

bool entry_register(const struct entry_registers *kept, unsigned reg, void *buf, size_t len)
{
	unsigned i = integer_index(reg);

	if (i < ENTRY_INTEGER && len <= kept->integer_size[i])
		memcpy(buf, &kept->integer[i], len);
	else if (is_sse(reg) && len <= kept->sse_size[reg - ARCH_XMM0])
		memcpy(buf, &kept->sse[reg - ARCH_XMM0], len);
	else
		return false;
	return true;
}

/* ---- expressions ---- */

unsigned entry_register_of(const struct dw_op *ops, size_t n)
{
	bool is_entry = n == 2 && ops[1].op == DW_OP_stack_value && ops[0].n_sub == 1 &&
			(ops[0].op == DW_OP_entry_value || ops[0].op == DW_OP_GNU_entry_value);

	return is_entry ? location_register(&ops[0].sub[0], 1) : ARCH_NONE;
}

/* A value that came in one register, which may have to be asked of the caller. */
static bool read_single(const struct dw_op *op, unsigned reg, const struct entry_registers *kept,
			const struct expr_context *ctx, uint8_t *buf, size_t size)
{
	struct expr_storage storage;
	struct place place;
	const struct dw_op asked[] = {
		{.op = DW_OP_entry_value, .sub = op, .n_sub = 1},
		{.op = DW_OP_stack_value, .off = 1},
	};

	if (entry_register(kept, reg, buf, size))
		return true;
	expr_eval(asked, FT_COUNT(asked), ctx, &storage, &place);
	return place_read(&place, ctx, buf, size);
}

/* One that came in several: only if all of them are kept. */
static bool read_pieces(const struct location_entry *e, const struct expr_context *ctx,
			uint8_t *buf, size_t size)
{
	struct expr_storage storage;
	struct place place;
	const struct expr_context at_entry = {
		.regs = ctx->entry_regs,
		.known = ctx->entry_known,
		.fp = ctx->entry_fp,
		.fp_unknown = ctx->entry_fp_unknown,
	};

	for (size_t i = 0; i < e->n_ops; i++) {
		bool half = e->ops[i].op == DW_OP_piece && e->ops[i].a <= ARCH_WORD;
		if (!half && location_register(&e->ops[i], 1) == ARCH_NONE)
			return false;
	}
	expr_eval(e->ops, e->n_ops, &at_entry, &storage, &place);
	return place.kind == PLACE_PIECES && place_read(&place, &at_entry, buf, size);
}

bool entry_format(struct buf *out, const struct value_style *style, const struct traced *fn,
		  const struct variable *v, const struct entry_registers *kept,
		  const struct expr_context *ctx)
{
	uint8_t bytes[2 * ARCH_WORD];
	const struct location_entry *e;
	uint64_t size = v->type ? v->type->size : 0;
	struct memory nowhere = memory_none();
	size_t before = out->len;

	if (!size || size > sizeof(bytes) ||
	    location_at_entry(&v->loc, fn->plan.entry, &e) != FT_OK || !e->n_ops)
		return false;
	unsigned reg = location_register(&e->ops[0], 1);
	bool known = e->n_ops == 1 && reg != ARCH_NONE && size <= ARCH_WORD
			     ? read_single(&e->ops[0], reg, kept, ctx, bytes, size)
			     : read_pieces(e, ctx, bytes, size);
	if (known && value_format(out, style, v->type, bytes, size, &nowhere))
		return true;
	buf_truncate(out, before);
	return false;
}

/* ---- reasons ---- */

void entry_missing(struct buf *out, const struct location *l, uint64_t pc)
{
	const struct location_entry *e;
	uint64_t lo = 0, hi = UINT64_MAX;

	if (location_at(l, pc, &e) == FT_OK) {
		if (!e->n_ops)
			buf_printf(out, "dropped from 0x%llx to 0x%llx", (unsigned long long)e->lo,
				   (unsigned long long)e->hi);
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		if (l->e[i].hi <= pc && l->e[i].hi > lo)
			lo = l->e[i].hi;
		if (l->e[i].lo > pc && l->e[i].lo < hi)
			hi = l->e[i].lo;
	}
	if (l->broken)
		buf_str(out, "its location cannot be read");
	else if (!l->n)
		buf_str(out, "no location anywhere");
	else if (!lo)
		buf_printf(out, "no location before 0x%llx", (unsigned long long)hi);
	else if (hi == UINT64_MAX)
		buf_printf(out, "no location from 0x%llx on", (unsigned long long)lo);
	else
		buf_printf(out, "no location from 0x%llx to 0x%llx", (unsigned long long)lo,
			   (unsigned long long)hi);
}
