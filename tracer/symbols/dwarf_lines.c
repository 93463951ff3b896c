#include <stdlib.h>
#include <string.h>

#include "symbols/dwarf_private.h"

enum { FILES_MAX = 1 << 20 }; // more files than that in one unit is a broken table

const char *dw_join(struct dwarf_file *d, const char *dir, const char *name)
{
	bool absolute = name[0] == '/' || !dir || !*dir;
	char *s = absolute ? arena_strdup(d->arena, name)
			   : arena_printf(d->arena, "%s/%s", dir, name);
	char *to = s;
	for (const char *from = s; *from; from++) {
		bool at_start = to == s || to[-1] == '/';
		if (at_start && from[0] == '/' && to != s)
			continue; // "//"
		if (at_start && from[0] == '.' && from[1] == '/') {
			from++;
			continue; // "./"
		}
		*to++ = *from;
	}
	*to = '\0';
	return s;
}

/* The directory that a file entry's index means (DWARF 4, 6.2.4; DWARF 5, 6.2.4). */
static const char *directory(struct dwarf_file *d, struct dwarf_source *s, Dwarf_Line_Context ctx,
			     unsigned version, uint64_t index, const char *comp_dir)
{
	const char *name = NULL;
	if (index > FILES_MAX || (version < 5 && index == 0))
		return comp_dir;
	int rc = dwarf_srclines_include_dir_data(ctx, (Dwarf_Signed)index, &name, &s->err);
	if (!dw_ok(s, rc) || !name)
		return comp_dir;
	return dw_join(d, comp_dir, name);
}

static void read_file_names(struct dwarf_file *d, size_t unit, Dwarf_Line_Context ctx,
			    unsigned version)
{
	struct unit_detail *u = &d->details[unit];
	struct dwarf_source *s = u->line_source;
	Dwarf_Signed base, n, end;
	if (!dw_ok(s, dwarf_srclines_files_indexes(ctx, &base, &n, &end, &s->err)) || n <= 0 ||
	    end > FILES_MAX || base < 0)
		return;
	u->files = arena_array(d->arena, (size_t)end, sizeof(*u->files));
	u->n_files = (size_t)end;
	for (Dwarf_Signed i = base; i < end; i++) {
		const char *name = NULL;
		Dwarf_Unsigned dir, mtime, len;
		Dwarf_Form_Data16 *md5;
		int rc = dwarf_srclines_files_data_b(ctx, i, &name, &dir, &mtime, &len, &md5,
						     &s->err);
		if (!dw_ok(s, rc) || !name)
			continue;
		u->files[i] = dw_join(
			d, directory(d, s, ctx, version, dir, d->units[unit].comp_dir), name);
	}
}

static bool is_llvm(const struct dwarf_unit *u)
{
	return u->producer && (strstr(u->producer, "clang") || strstr(u->producer, "LLVM"));
}

/* The line table's header, its file names taken. False: there is none, or it is broken. */
static bool open_lines(struct dwarf_file *d, size_t unit, Dwarf_Line_Context *ret)
{
	struct unit_detail *u = &d->details[unit];
	struct dwarf_source *s = u->line_source;
	Dwarf_Unsigned version;
	Dwarf_Small tables;
	Dwarf_Line_Context ctx;
	struct die *die;
	if (!s || die_at(d, u->line_die, &die) != FT_OK) // a split unit has its skeleton's
		return false;
	int rc = dwarf_srclines_b(die->dw, &version, &tables, &ctx, &s->err);
	bool ok = dw_ok_or_warn(d, s, rc, "line table");
	die_free(d, die);
	if (!ok)
		return false;
	if (!u->has_files)
		read_file_names(d, unit, ctx, (unsigned)version);
	u->has_files = true;
	// gas never sets the file to 0 itself.
	u->first_file = COMPAT_FIRST_FILE && version >= 5 && !is_llvm(&d->units[unit]);
	*ret = ctx;
	return true;
}

bool dwarf_file_is_vague(struct dwarf_file *d, size_t unit)
{
	return COMPAT_FIRST_FILE && d->units[unit].version >= 5 && is_llvm(&d->units[unit]);
}

const char *dwarf_file_name(struct dwarf_file *d, size_t unit, uint64_t index)
{
	if (unit >= d->n_units)
		return NULL;
	struct unit_detail *u = &d->details[unit];
	if (!u->has_files) {
		Dwarf_Line_Context ctx;
		if (open_lines(d, unit, &ctx))
			dwarf_srclines_dealloc_b(ctx);
		u->has_files = true;
	}
	return index < u->n_files ? u->files[index] : NULL;
}

struct sortable_row {
	struct line_row row;
	size_t order;
};

static int compare_rows(const void *va, const void *vb)
{
	const struct sortable_row *a = va, *b = vb;
	if (a->row.pc != b->row.pc)
		return a->row.pc < b->row.pc ? -1 : 1;
	if (a->row.end_sequence != b->row.end_sequence)
		return a->row.end_sequence ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static bool read_row(struct dwarf_file *d, size_t unit, Dwarf_Line line, struct line_row *ret)
{
	const struct unit_detail *u = &d->details[unit];
	struct dwarf_source *s = u->line_source;
	Dwarf_Addr pc;
	Dwarf_Unsigned number, file, isa, discriminator;
	Dwarf_Bool is_stmt, is_end, prologue_end, epilogue_begin;
	if (!dw_ok(s, dwarf_lineaddr(line, &pc, &s->err)) ||
	    !dw_ok(s, dwarf_lineno(line, &number, &s->err)) ||
	    !dw_ok(s, dwarf_line_srcfileno(line, &file, &s->err)) ||
	    !dw_ok(s, dwarf_linebeginstatement(line, &is_stmt, &s->err)) ||
	    !dw_ok(s, dwarf_lineendsequence(line, &is_end, &s->err)) ||
	    !dw_ok(s, dwarf_prologue_end_etc(line, &prologue_end, &epilogue_begin, &isa,
					     &discriminator, &s->err)))
		return false;
	if (file == 0 && u->n_files > 1)
		file = u->first_file;
	*ret = (struct line_row){
		.pc = pc, // file-relative until the sequence is known to be real
		.file = file < u->n_files ? u->files[file] : NULL,
		.line = (uint32_t)number,
		.is_stmt = is_stmt,
		.prologue_end = prologue_end,
		// libdwarf 20210528 says "end" of a row that begins an epilogue, too.
		.end_sequence = is_end && !epilogue_begin,
	};
	return true;
}

/* Rows of sequences whose code the linker kept; returns how many. */
static size_t collect_rows(struct dwarf_file *d, size_t unit, Dwarf_Line *lines, size_t n,
			   struct sortable_row *ret)
{
	size_t kept = 0, sequence = 0;
	for (size_t i = 0; i < n; i++) {
		struct sortable_row *r = &ret[kept];
		if (!read_row(d, unit, lines[i], &r->row))
			break;
		r->order = kept++;
		if (!r->row.end_sequence)
			continue;
		uint64_t start = ret[sequence].row.pc;
		if (start <= 1 || start >= UINT64_MAX - 1)
			kept = sequence; // dropped by the linker
		sequence = kept;
	}
	return sequence; // a sequence without an end has no length: not usable
}

static void read_rows(struct dwarf_file *d, size_t unit, Dwarf_Line_Context ctx)
{
	struct unit_detail *u = &d->details[unit];
	struct dwarf_source *s = u->line_source;
	Dwarf_Line *lines = NULL;
	Dwarf_Signed n = 0;
	int rc = dwarf_srclines_from_linecontext(ctx, &lines, &n, &s->err);
	if (!dw_ok_or_warn(d, s, rc, "line table") || n <= 0)
		return;
	struct sortable_row *rows = xcalloc((size_t)n, sizeof(*rows));
	size_t kept = collect_rows(d, unit, lines, (size_t)n, rows);
	qsort(rows, kept, sizeof(*rows), compare_rows);
	u->rows = xcalloc(kept + 1, sizeof(*u->rows));
	u->n_rows = kept;
	for (size_t i = 0; i < kept; i++) {
		u->rows[i] = rows[i].row;
		u->rows[i].pc += d->bias;
	}
	free(rows);
}

enum ft_rc dwarf_lines(struct dwarf_file *d, size_t unit, const struct line_row **ret,
		       size_t *ret_n)
{
	// Partial and type units share the table of another one, for its file names.
	if (unit >= d->n_units || d->units[unit].is_partial)
		return FT_NONE;
	struct unit_detail *u = &d->details[unit];
	if (!u->has_lines) {
		Dwarf_Line_Context ctx;
		u->has_lines = true;
		if (open_lines(d, unit, &ctx)) {
			read_rows(d, unit, ctx);
			dwarf_srclines_dealloc_b(ctx);
		}
	}
	if (!u->n_rows)
		return FT_NONE;
	*ret = u->rows;
	*ret_n = u->n_rows;
	return FT_OK;
}
