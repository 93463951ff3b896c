#include <stdlib.h>
#include <string.h>

#include "arch/x86_64.h"
#include "symbols/dwarf_private.h"

/* Columns to keep rules for: psABI figure 3.36 numbers registers up to 125 (AVX-512 masks). */
enum { COLUMNS = 128 };

/* Stand-ins for "no register" in dw_regnum; above every column. */
enum { RULE_UNDEFINED = 1034, RULE_SAME = 1035, RULE_CFA = 1436 };

static void section_free(struct dwarf_file *d, struct cfi_section *s)
{
	if (s->fdes)
		dwarf_dealloc_fde_cie_list(d->frames->dbg, s->cies, s->n_cies, s->fdes, s->n_fdes);
}

void dw_cfi_deinit(struct dwarf_file *d)
{
	struct cfi_table *t = &d->cfi;
	section_free(d, &t->eh);
	section_free(d, &t->debug);
	free(t->e);
	free(t->exprs);
	free(t->rows);
}

/* Where both sections describe the same code, .eh_frame goes first. */
static int compare_entries(const void *va, const void *vb)
{
	const struct cfi_entry *a = va, *b = vb;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	if (a->is_eh != b->is_eh)
		return a->is_eh ? -1 : 1;
	return a->hi < b->hi ? -1 : a->hi > b->hi;
}

static void index_section(struct dwarf_file *d, const struct cfi_section *s, bool is_eh)
{
	struct cfi_table *t = &d->cfi;
	for (Dwarf_Signed i = 0; i < s->n_fdes; i++) {
		Dwarf_Addr lo;
		Dwarf_Unsigned len, bytes_len;
		COMPAT_BYTES bytes;
		Dwarf_Off cie_off, fde_off;
		Dwarf_Signed cie_index;
		int rc = dwarf_get_fde_range(s->fdes[i], &lo, &len, &bytes, &bytes_len, &cie_off,
					     &cie_index, &fde_off, &d->frames->err);
		// At 0 there is no code: what the linker dropped.
		if (!dw_ok(d->frames, rc) || !lo || !len || lo + len < lo)
			continue;
		t->e[t->n++] = (struct cfi_entry){lo, lo + len, s->fdes[i], is_eh};
	}
}

/*
 * Both sections count: a program built with -g -fno-asynchronous-unwind-tables has its own
 * functions in .debug_frame and those of crt1.o in .eh_frame.
 */
static void index_fdes(struct dwarf_file *d)
{
	struct cfi_table *t = &d->cfi;
	size_t kept = 0;
	t->e = xcalloc((size_t)(t->eh.n_fdes + t->debug.n_fdes) + 1, sizeof(*t->e));
	index_section(d, &t->eh, true);
	index_section(d, &t->debug, false);
	qsort(t->e, t->n, sizeof(*t->e), compare_entries);
	for (size_t i = 0; i < t->n; i++)
		if (!kept || t->e[kept - 1].lo != t->e[i].lo)
			t->e[kept++] = t->e[i];
	t->n = kept;
}

static void read_table(struct dwarf_file *d)
{
	struct cfi_table *t = &d->cfi;
	struct cfi_section *s = &t->eh;
	t->read = true;
	if (!d->frames->dbg)
		return;
	dwarf_set_frame_rule_table_size(d->frames->dbg, COLUMNS);
	dwarf_set_frame_cfa_value(d->frames->dbg, RULE_CFA);
	dwarf_set_frame_same_value(d->frames->dbg, RULE_SAME);
	dwarf_set_frame_undefined_value(d->frames->dbg, RULE_UNDEFINED);
	dwarf_set_frame_rule_initial_value(d->frames->dbg, RULE_SAME);
	int rc = dwarf_get_fde_list_eh(d->frames->dbg, &s->cies, &s->n_cies, &s->fdes, &s->n_fdes,
				       &d->frames->err);
	if (!dw_ok_or_warn(d, d->frames, rc, ".eh_frame"))
		*s = (struct cfi_section){0};
	s = &t->debug;
	rc = dwarf_get_fde_list(d->frames->dbg, &s->cies, &s->n_cies, &s->fdes, &s->n_fdes,
				&d->frames->err);
	if (!dw_ok_or_warn(d, d->frames, rc, ".debug_frame"))
		*s = (struct cfi_section){0};
	index_fdes(d);
}

/* Expressions are decoded once: rows may be asked for at every stop, ops live for ever. */
static bool cached_expr(struct dwarf_file *d, const void *bytes, uint64_t len,
			const struct dw_op **ret, size_t *ret_n)
{
	struct cfi_table *t = &d->cfi;
	if (t->n_exprs * 2 >= t->cap_exprs) {
		size_t cap = t->cap_exprs ? t->cap_exprs * 2 : 16;
		struct cfi_expr *grown = xcalloc(cap, sizeof(*grown));
		for (size_t i = 0; i < t->cap_exprs; i++) {
			if (!t->exprs[i].bytes)
				continue;
			size_t at = (uintptr_t)t->exprs[i].bytes % cap;
			while (grown[at].bytes)
				at = (at + 1) % cap;
			grown[at] = t->exprs[i];
		}
		free(t->exprs);
		t->exprs = grown;
		t->cap_exprs = cap;
	}
	size_t at = (uintptr_t)bytes % t->cap_exprs;
	while (t->exprs[at].bytes && t->exprs[at].bytes != bytes)
		at = (at + 1) % t->cap_exprs;
	struct cfi_expr *e = &t->exprs[at];
	if (!e->bytes) {
		if (!dw_expression(d, SIZE_MAX, bytes, len, &e->ops, &e->n_ops))
			e->n_ops = 0;
		e->bytes = bytes;
		t->n_exprs++;
	}
	*ret = e->ops;
	*ret_n = e->n_ops;
	return e->n_ops > 0;
}

static void rule_of(struct dwarf_file *d, const Dwarf_Regtable_Entry3 *raw, struct cfi_rule *ret)
{
	struct cfi_rule r = {.kind = CFI_UNDEFINED};
	uint64_t len;
	if (raw->dw_value_type == DW_EXPR_OFFSET && raw->dw_regnum == RULE_SAME) {
		r.kind = CFI_SAME;
	} else if (raw->dw_value_type == DW_EXPR_OFFSET && raw->dw_regnum == RULE_CFA) {
		r.kind = raw->dw_offset_relevant ? CFI_AT_CFA : CFI_UNDEFINED;
		r.off = compat_rule_offset(raw);
	} else if (raw->dw_value_type == DW_EXPR_OFFSET && raw->dw_regnum < COLUMNS) {
		r.kind = CFI_IN_REG;
		r.reg = raw->dw_regnum;
	} else if (raw->dw_value_type == DW_EXPR_VAL_OFFSET) {
		r.kind = CFI_IS_CFA;
		r.off = compat_rule_offset(raw);
	} else if (raw->dw_value_type == DW_EXPR_EXPRESSION ||
		   raw->dw_value_type == DW_EXPR_VAL_EXPRESSION) {
		const uint8_t *bytes = compat_rule_block(raw, &len);
		if (bytes && cached_expr(d, bytes, len, &r.ops, &r.n_ops))
			r.kind = raw->dw_value_type == DW_EXPR_EXPRESSION ? CFI_AT_EXPR
									  : CFI_IS_EXPR;
	}
	*ret = r;
}

/* False: the CFA cannot be known. */
static bool cfa_of(struct dwarf_file *d, const Dwarf_Regtable_Entry3 *raw, struct cfi_row *row)
{
	if (raw->dw_value_type == DW_EXPR_EXPRESSION ||
	    raw->dw_value_type == DW_EXPR_VAL_EXPRESSION) {
		uint64_t len;
		const uint8_t *bytes = compat_rule_block(raw, &len);
		row->cfa_is_expr = true;
		return bytes && cached_expr(d, bytes, len, &row->cfa_ops, &row->n_cfa_ops);
	}
	if (raw->dw_regnum >= ARCH_GENERAL)
		return false;
	row->cfa_reg = raw->dw_regnum;
	row->cfa_off = compat_rule_offset(raw);
	return true;
}

/* DWARF 5, section 6.4.1 with the GNU letters of the LSB: "zRS" is a signal frame. */
static bool is_signal_frame(struct dwarf_file *d, Dwarf_Fde fde)
{
	Dwarf_Cie cie;
	Dwarf_Unsigned bytes, code_factor, instr_len;
	Dwarf_Small version;
	char *augmentation = NULL;
	Dwarf_Signed data_factor;
	Dwarf_Half column, offset_size;
	COMPAT_BYTES instr;
	if (!dw_ok(d->frames, dwarf_get_cie_of_fde(fde, &cie, &d->frames->err)))
		return false;
	int rc = dwarf_get_cie_info_b(cie, &bytes, &version, &augmentation, &code_factor,
				      &data_factor, &column, &instr, &instr_len, &offset_size,
				      &d->frames->err);
	return dw_ok(d->frames, rc) && augmentation && augmentation[0] == 'z' &&
	       strchr(augmentation, 'S');
}

/* Where the row of a file-relative pc begins and ends within its FDE. */
static bool row_extent(struct dwarf_file *d, const struct cfi_entry *e, uint64_t pc, uint64_t *lo,
		       uint64_t *hi)
{
	Dwarf_Addr row_pc, next_pc = 0;
	Dwarf_Bool more = 0;
	Dwarf_Small type;
#ifdef DW_LIBDWARF_VERSION_MAJOR
	Dwarf_Unsigned relevant, reg;
	Dwarf_Signed off;
	Dwarf_Block block;
	int rc = dwarf_get_fde_info_for_cfa_reg3_c(e->fde, pc, &type, &relevant, &reg, &off, &block,
						   &row_pc, &more, &next_pc, &d->frames->err);
#else
	Dwarf_Signed relevant, reg, off;
	Dwarf_Ptr block;
	int rc = dwarf_get_fde_info_for_cfa_reg3_b(e->fde, pc, &type, &relevant, &reg, &off, &block,
						   &row_pc, &more, &next_pc, &d->frames->err);
#endif
	if (!dw_ok(d->frames, rc))
		return false;
	*lo = row_pc >= e->lo && row_pc <= pc ? row_pc : e->lo;
	*hi = more && next_pc > pc && next_pc <= e->hi ? next_pc : e->hi;
	return true;
}

static bool read_row(struct dwarf_file *d, const struct cfi_entry *e, uint64_t pc,
		     struct cfi_row *ret)
{
	Dwarf_Regtable_Entry3 rules[COLUMNS] = {0};
	Dwarf_Regtable3 table = {.rt3_reg_table_size = COLUMNS, .rt3_rules = rules};
	Dwarf_Addr row_pc;
	struct cfi_row row = {0};
	if (!dw_ok(d->frames, dwarf_get_fde_info_for_all_regs3(e->fde, pc, &table, &row_pc,
							       &d->frames->err)) ||
	    !row_extent(d, e, pc, &row.lo, &row.hi) || !cfa_of(d, &table.rt3_cfa_rule, &row))
		return false;
	row.lo += d->bias;
	row.hi += d->bias;
	for (size_t i = 0; i < FT_COUNT(row.rules); i++)
		rule_of(d, &rules[i], &row.rules[i]);
	row.signal_frame = is_signal_frame(d, e->fde);
	*ret = row;
	return true;
}

static const struct cfi_entry *entry_at(const struct cfi_table *t, uint64_t pc)
{
	size_t lo = 0, hi = t->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (t->e[mid].lo <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && pc < t->e[lo - 1].hi ? &t->e[lo - 1] : NULL;
}

enum ft_rc dwarf_cfi_at(struct dwarf_file *d, uint64_t pc, struct cfi_row *ret)
{
	struct cfi_table *t = &d->cfi;
	if (!t->read)
		read_table(d);
	if (!t->n)
		return FT_NONE;
	if (!t->rows)
		t->rows = xcalloc(CFI_ROWS, sizeof(*t->rows));
	struct cfi_row *cached = &t->rows[pc % CFI_ROWS];
	if (pc < cached->lo || pc >= cached->hi) {
		const struct cfi_entry *e = entry_at(t, pc - d->bias);
		if (!e || !read_row(d, e, pc - d->bias, cached))
			return FT_NONE;
	}
	*ret = *cached;
	return FT_OK;
}

enum ft_rc dwarf_cfi_ranges(struct dwarf_file *d, struct range **ret, size_t *ret_n)
{
	struct cfi_table *t = &d->cfi;
	if (!t->read)
		read_table(d);
	if (!t->n)
		return FT_NONE;
	struct range *r = xcalloc(t->n, sizeof(*r));
	for (size_t i = 0; i < t->n; i++)
		r[i] = (struct range){t->e[i].lo + d->bias, t->e[i].hi + d->bias};
	*ret = r;
	*ret_n = t->n;
	return FT_OK;
}
