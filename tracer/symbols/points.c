/*
 * points.c - what is true at instructions that are neither a function's body nor an exit.
 */
#include "symbols/plan.h"

static bool is_within(const struct code_point *p, uint64_t pc)
{
	for (size_t i = 0; i < p->n_within; i++)
		if (p->within[i].lo <= pc && pc < p->within[i].hi)
			return true;
	return false;
}

/* A branch from behind it, or from the same instruction, that leads to it. */
static bool is_loop_head(const struct listing *l, const struct code_point *p, size_t at)
{
	for (size_t i = at; i < l->latest[at]; i++)
		if (l->insn[i].direct && l->insn[i].kind != INSN_CALL &&
		    l->insn[i].target == p->pc && is_within(p, l->insn[i].pc))
			return true;
	return false;
}

static void look_at(const struct listing *l, struct code_point *p)
{
	size_t at = listing_find(l, p->pc);

	p->is_insn = at != SIZE_MAX;
	if (!p->is_insn)
		return;
	p->loops = is_loop_head(l, p, at);
	const struct cfa_row *row = plan_row_at(l->in, p->pc);
	p->has_cfa = row && row->known;
	if (p->has_cfa)
		p->cfa = row->cfa;
}

enum ft_rc code_points(struct symbols *s, struct function *f, struct code_point *points, size_t n)
{
	struct disassembler *d = symbols_disassembler(s);
	struct gathered g;
	struct plan_input in;
	struct listing l;
	const char *why;

	if (!d)
		return FT_FAIL;
	enum ft_rc rc = plan_gather(s, f, &g, &in);
	if (rc == FT_OK)
		rc = listing_init(&l, d, &in, &why);
	if (rc == FT_OK) {
		for (size_t i = 0; i < n; i++)
			look_at(&l, &points[i]);
		listing_deinit(&l);
	}
	gathered_deinit(&g);
	return rc;
}
