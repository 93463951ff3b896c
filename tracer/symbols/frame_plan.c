/*
 * frame_plan.c - from a struct function to a struct frame_plan.
 */
#include "symbols/plan.h"

#include <stdlib.h>
#include <string.h>

#include "symbols/private.h"

/* DWARF 5, table 7.9. */
enum { OP_DEREF = 0x06, OP_BREG0 = 0x70, OP_BREG15 = 0x7f };

enum { CFA_OFF_MAX = 1 << 30 };

const char plan_is_part[] = "a part of another function";

const struct cfa_row *plan_row_at(const struct plan_input *in, uint64_t pc)
{
	size_t lo = 0, hi = in->n_rows;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (in->rows[mid].hi <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < in->n_rows && in->rows[lo].lo <= pc ? &in->rows[lo] : NULL;
}

/* Where a call arrives, CFA = rsp + 8 (psABI 3.2.2). Elsewhere: a cold part, without its function.
 */
static bool is_called(const struct plan_input *in)
{
	const struct cfa_row *row = plan_row_at(in, in->chunks[0].pc);
	return !row || !row->known ||
	       (row->cfa.reg == ARCH_RSP && row->cfa.off == ARCH_CALL_CFA && !row->cfa.deref);
}

static void add_calls(const struct listing *l, struct frame_plan *p)
{
	size_t cap = 0;
	for (size_t i = 0; i < l->n; i++) {
		uint64_t next = l->insn[i].pc + l->insn[i].len;
		if (l->insn[i].kind != INSN_CALL || listing_find(l, next) == SIZE_MAX)
			continue;
		p->after_calls = xgrow(p->after_calls, p->n_after_calls, &cap, sizeof(uint64_t));
		p->after_calls[p->n_after_calls++] = next;
	}
}

enum ft_rc plan_make(struct disassembler *d, const struct plan_input *in, struct frame_plan *ret,
		     const char **why)
{
	struct listing l;
	struct frame_plan p = {.entry = in->chunks[0].pc};
	if (!is_called(in)) {
		*why = plan_is_part;
		return FT_NONE;
	}
	enum ft_rc rc = listing_init(&l, d, in, why);
	if (rc != FT_OK)
		return rc;
	rc = plan_prologue(&l, &p, why);
	if (rc == FT_OK) {
		plan_exits(&l, &p);
		add_calls(&l, &p);
		*ret = p;
	}
	listing_deinit(&l);
	return rc;
}

static void free_parts(struct code_part *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((char *)parts[i].text);
	free(parts);
}

void frame_plan_deinit(struct frame_plan *p)
{
	free_parts(p->parts, p->n_parts);
	for (size_t i = 0; i < p->n_exits; i++)
		free_parts(p->exits[i].parts, p->exits[i].n_parts);
	free(p->exits);
	free(p->after_calls);
	*p = (struct frame_plan){0};
}

struct disassembler *symbols_disassembler(struct symbols *s)
{
	if (!s->disassembler)
		s->disassembler = disassembler_create();
	return s->disassembler;
}

/* reg + off, or what gcc says of a realigned frame: DW_OP_bregN off, DW_OP_deref. */
static struct cfa_row reduce(const struct cfi_row *row)
{
	struct cfa_row r = {.lo = row->lo, .hi = row->hi};
	const struct dw_op *ops = row->cfa_ops;
	int64_t off = row->cfa_off;
	unsigned reg = row->cfa_reg;
	bool deref = false;
	if (row->cfa_is_expr) {
		if (row->n_cfa_ops != 2 || ops[0].op < OP_BREG0 || ops[0].op > OP_BREG15 ||
		    ops[1].op != OP_DEREF)
			return r;
		reg = (unsigned)ops[0].op - OP_BREG0;
		off = (int64_t)ops[0].a;
		deref = true;
	}
	if (reg >= ARCH_RIP || off < -CFA_OFF_MAX || off > CFA_OFF_MAX)
		return r;
	r.known = true;
	r.cfa = (struct cfa_rule){(uint8_t)reg, deref, (int32_t)off};
	return r;
}

static enum ft_rc gather_rows(struct symbols *s, const struct range *r, struct gathered *g)
{
	for (uint64_t pc = r->lo; pc < r->hi && g->n_rows < PLAN_ROWS_MAX;) {
		struct cfi_row row;
		enum ft_rc rc = symbols_cfi_at(s, pc, &row);
		if (rc == FT_FAIL)
			return rc;
		if (rc == FT_NONE || row.hi <= pc)
			break;
		g->rows = xgrow(g->rows, g->n_rows, &g->rows_cap, sizeof(*g->rows));
		g->rows[g->n_rows] = reduce(&row);
		if (g->rows[g->n_rows].lo < pc) // the range begins inside a row
			g->rows[g->n_rows].lo = pc;
		pc = g->rows[g->n_rows++].hi;
	}
	return FT_OK;
}

static int by_lo(const void *a, const void *b)
{
	const struct cfa_row *x = a, *y = b;
	return (x->lo > y->lo) - (x->lo < y->lo);
}

static enum ft_rc gather(struct symbols *s, const struct function *f, struct gathered *g)
{
	g->chunks = xcalloc(f->n_ranges, sizeof(*g->chunks));
	for (size_t n = 0; n < f->n_ranges; n++) {
		const struct range *r = &f->ranges[n];
		uint64_t len = r->hi > r->lo ? r->hi - r->lo : 0;
		if (len > PLAN_CODE_MAX)
			len = PLAN_CODE_MAX + 1;
		uint8_t *bytes = xmalloc(len ? len : 1);
		g->chunks[g->n_chunks++] = (struct code_chunk){
			.pc = r->lo,
			.bytes = bytes,
			.len = symbols_code(s, r->lo, bytes, len),
		};
		enum ft_rc rc = gather_rows(s, r, g);
		if (rc != FT_OK)
			return rc;
	}
	if (g->n_rows)
		qsort(g->rows, g->n_rows, sizeof(*g->rows), by_lo);
	return FT_OK;
}

void gathered_deinit(struct gathered *g)
{
	for (size_t n = 0; n < g->n_chunks; n++)
		free((uint8_t *)g->chunks[n].bytes);
	free(g->chunks);
	free(g->rows);
}

enum ft_rc plan_gather(struct symbols *s, struct function *f, struct gathered *g,
		       struct plan_input *in)
{
	*g = (struct gathered){0};
	*in = (struct plan_input){0};
	enum ft_rc rc = symbols_signature(s, f, &in->sig);
	if (rc != FT_FAIL)
		rc = symbols_lines_of(s, f, &in->lines, &in->n_lines);
	if (rc != FT_FAIL)
		rc = gather(s, f, g);
	in->chunks = g->chunks;
	in->n_chunks = g->n_chunks;
	in->rows = g->rows;
	in->n_rows = g->n_rows;
	return rc;
}

enum ft_rc frame_plan_init(struct symbols *s, struct function *f, struct frame_plan *ret,
			   const char **why)
{
	struct gathered g;
	struct plan_input in;
	struct disassembler *d = symbols_disassembler(s);
	if (!d)
		return FT_FAIL;
	enum ft_rc rc = plan_gather(s, f, &g, &in);
	if (rc == FT_OK)
		rc = plan_make(d, &in, ret, why);
	gathered_deinit(&g);
	return rc;
}
