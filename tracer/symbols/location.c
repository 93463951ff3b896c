/*
 * location.c - which part of a location, a scope or a function's code holds a pc.
 */
#include "arch/x86_64.h"
#include "symbols/dwarf_constants.h"
#include "symbols/type.h"

bool ranges_hold(const struct range *r, size_t n, uint64_t pc)
{
	for (size_t i = 0; i < n; i++)
		if (pc >= r[i].lo && pc < r[i].hi)
			return true;
	return false;
}

bool variable_in_scope(const struct variable *v, uint64_t pc)
{
	return v->n_scope == 0 || ranges_hold(v->scope, v->n_scope, pc);
}

unsigned location_register(const struct dw_op *ops, size_t n)
{
	if (n != 1)
		return ARCH_NONE;
	if (ops[0].op >= DW_OP_reg0 && ops[0].op <= DW_OP_reg31)
		return ops[0].op - DW_OP_reg0;
	if (ops[0].op == DW_OP_regx && ops[0].a <= ARCH_ST7)
		return (unsigned)ops[0].a;
	return ARCH_NONE;
}

/* An empty range holds at its address only: gcc's view of a parameter on entry. */
static enum ft_rc location_view(const struct location *l, uint64_t pc,
				const struct location_entry **ret)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->e[i].lo == pc && l->e[i].hi == pc) {
			*ret = &l->e[i];
			return FT_OK;
		}
	}
	return FT_NONE;
}

enum ft_rc location_at_entry(const struct location *l, uint64_t entry,
			     const struct location_entry **ret)
{
	enum ft_rc rc = location_view(l, entry, ret);

	return rc == FT_OK ? rc : location_at(l, entry, ret);
}

enum ft_rc location_at(const struct location *l, uint64_t pc, const struct location_entry **ret)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->e[i].lo <= pc && pc < l->e[i].hi) {
			*ret = &l->e[i];
			return FT_OK;
		}
	}
	return location_view(l, pc, ret);
}
