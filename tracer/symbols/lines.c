#include <stdlib.h>

#include "symbols/private.h"

size_t line_row_at(const struct line_row *rows, size_t n, uint64_t pc)
{
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (rows[mid].pc <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? lo - 1 : SIZE_MAX;
}

/* The rows of a function that is declared in file 1 are of file 1, see dwarf_file_is_vague(). */
static void settle_file(struct module *m, size_t unit, struct line_row *row)
{
	struct dwarf_file *d = m->p->dwarf;
	const char *first = dwarf_file_name(d, unit, 1);
	if (!dwarf_file_is_vague(d, unit) || !first || row->file != dwarf_file_name(d, unit, 0))
		return;
	unit_scan(m, unit);
	const struct function *f = code_map_find(&m->p->state[unit].map, row->pc);
	if (f && f->file == first)
		row->file = first;
}

enum ft_rc symbols_line_at(struct symbols *s, uint64_t pc, struct line_row *ret)
{
	struct module *m = symbols_module_at(s, pc);
	size_t unit = m ? module_unit_at(m, pc) : SIZE_MAX;
	const struct line_row *rows;
	size_t n;
	if (unit == SIZE_MAX || dwarf_lines(m->p->dwarf, unit, &rows, &n) != FT_OK)
		return FT_NONE;
	size_t at = line_row_at(rows, n, pc);
	if (at == SIZE_MAX || rows[at].end_sequence)
		return FT_NONE;
	struct line_row row = rows[at];
	settle_file(m, unit, &row);
	*ret = row;
	return FT_OK;
}

static void add_rows(struct symbols *s, const struct line_row *rows, size_t n, struct range r,
		     size_t *used)
{
	size_t i = line_row_at(rows, n, r.lo);
	if (i == SIZE_MAX)
		i = 0;
	while (i > 0 && rows[i - 1].pc == r.lo)
		i--;
	for (; i < n && rows[i].pc < r.hi; i++) {
		if (rows[i].pc < r.lo || rows[i].end_sequence)
			continue;
		s->rows = xgrow(s->rows, *used, &s->rows_cap, sizeof(*s->rows));
		s->rows[(*used)++] = rows[i];
	}
}

static int compare_ranges(const void *va, const void *vb)
{
	const struct range *a = va, *b = vb;
	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

enum ft_rc symbols_lines_of(struct symbols *s, const struct function *f,
			    const struct line_row **ret, size_t *ret_n)
{
	struct module *m = f->module;
	size_t unit = f->die ? f->unit : module_unit_at(m, f->ranges[0].lo);
	const struct line_row *rows;
	size_t n, used = 0;
	if (unit == SIZE_MAX || dwarf_lines(m->p->dwarf, unit, &rows, &n) != FT_OK)
		return FT_NONE;
	struct range *r = xcalloc(f->n_ranges, sizeof(*r));
	for (size_t i = 0; i < f->n_ranges; i++)
		r[i] = f->ranges[i];
	qsort(r, f->n_ranges, sizeof(*r), compare_ranges);
	for (size_t i = 0; i < f->n_ranges; i++)
		add_rows(s, rows, n, r[i], &used);
	free(r);
	for (size_t i = 0; i < used; i++)
		settle_file(m, unit, &s->rows[i]);
	if (!used)
		return FT_NONE;
	*ret = s->rows;
	*ret_n = used;
	return FT_OK;
}
