/*
 * dwarf_split.c - split DWARF: .dwo files and .dwp packages (DWARF 5, 7.3; DWARF 4 as gcc's wiki
 * has it under DebugFission).
 */
#include <stdlib.h>
#include <string.h>

#include "symbols/debug_files.h"
#include "symbols/dwarf_private.h"
#include "symbols/elf.h"

enum {
	COLUMNS_MAX = 16, // of a package's index; 8 are defined
	INDEX_HEADER = 16,
};

/* .debug_cu_index or .debug_tu_index (DWARF 5, 7.3.5.3). */
struct dwp_index {
	struct dw_bytes bytes;
	uint32_t version; // 2: GNU's, for DWARF 4; 5
	uint32_t columns, rows, slots;
};

struct dwp {
	struct elf_file *elf;
	const char *path;
	struct dwp_index units, types;
};

/* .dwo files that have been looked at, by path; several skeletons may share one. */
struct dwo {
	const char *path;
	struct dwo *next;
};

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

/* Its tables lie within the section, or it has no slots. */
static void read_index(struct elf_file *elf, const char *name, struct dwp_index *ret)
{
	struct dwp_index x = {0};
	if (!elf_section_bytes(elf, name, &x.bytes.p, &x.bytes.len) || x.bytes.len < INDEX_HEADER)
		return;
	x.version = u32_at(x.bytes.p) & 0xffff; // 2 bytes and padding in DWARF 5
	x.columns = u32_at(x.bytes.p + 4);
	x.rows = u32_at(x.bytes.p + 8);
	x.slots = u32_at(x.bytes.p + 12);
	if ((x.version != 2 && x.version != 5) || x.columns > COLUMNS_MAX || !x.slots ||
	    (x.slots & (x.slots - 1)))
		return;
	uint64_t size = INDEX_HEADER + 12 * (uint64_t)x.slots + 4 * (uint64_t)x.columns +
			8 * (uint64_t)x.columns * x.rows;
	if (size <= x.bytes.len)
		*ret = x;
}

static uint64_t id_in_slot(const struct dwp_index *x, uint32_t slot)
{
	uint64_t id;
	memcpy(&id, x->bytes.p + INDEX_HEADER + 8 * (size_t)slot, sizeof(id));
	return id;
}

/* Counted from 1; 0: the slot is empty. */
static uint32_t row_in_slot(const struct dwp_index *x, uint32_t slot)
{
	uint32_t row = u32_at(x->bytes.p + INDEX_HEADER + 8 * (size_t)x->slots + 4 * (size_t)slot);
	return row <= x->rows ? row : 0;
}

static uint32_t find_row(const struct dwp_index *x, uint64_t id)
{
	uint32_t mask = x->slots - 1, step = (uint32_t)(id >> 32 & mask) | 1;
	uint32_t slot = (uint32_t)id & mask;
	for (uint32_t n = 0; n < x->slots; n++, slot = (slot + step) & mask) {
		uint32_t row = row_in_slot(x, slot);
		if (!row)
			return 0;
		if (id_in_slot(x, slot) == id)
			return row;
	}
	return 0;
}

/* What a column's number means; DW_SECTIONS: nothing that is used here. */
static enum dw_section section_of_column(unsigned version, uint32_t id)
{
	static const enum dw_section old[] = {
		[1] = DW_INFO, [2] = DW_TYPES, [3] = DW_ABBREV,
		[4] = DW_LINE, [5] = DW_LOC,   [6] = DW_STR_OFFSETS,
	};
	switch (id) { // a number from the file, not an enum
	case 1:
	case 3:
	case 4:
	case 6:
		return old[id];
	case 2:
		return version == 2 ? DW_TYPES : DW_SECTIONS;
	case 5:
		return version == 2 ? DW_LOC : DW_LOCLISTS;
	case 8:
		return version == 2 ? DW_SECTIONS : DW_RNGLISTS;
	default:
		return DW_SECTIONS;
	}
}

/* The row's parts of the package's sections become a source. NULL: they are not there. */
static struct dwarf_source *source_of_row(struct dwarf_file *d, const struct dwp_index *x,
					  uint32_t row)
{
	const struct dwp *dwp = d->dwp;
	struct dwarf_source whole = {0};
	struct dwarf_source *s = dw_source_new(d, SOURCE_SPLIT, dwp->path);
	if (!s)
		return NULL;
	dw_source_add(d, &whole, dwp->elf, ".dwo");
	s->sections[DW_STR] = whole.sections[DW_STR];
	size_t line = 4 * (size_t)x->columns;
	const uint8_t *ids = x->bytes.p + INDEX_HEADER + 12 * (size_t)x->slots;
	const uint8_t *offsets = ids + line * row; // the first line are the ids themselves
	const uint8_t *sizes = offsets + line * x->rows;
	for (uint32_t i = 0; i < x->columns; i++) {
		enum dw_section which = section_of_column(x->version, u32_at(ids + 4 * i));
		uint64_t off = u32_at(offsets + 4 * i), len = u32_at(sizes + 4 * i);
		if (which == DW_SECTIONS || !len)
			continue;
		struct dw_section_at at = whole.sections[which];
		if (!at.elf || off > at.len || len > at.len - off)
			return NULL;
		at.off = off;
		at.len = len;
		s->sections[which] = at;
	}
	return s;
}

/* The types of a package are read when somebody refers to them. */
static void add_types(struct dwarf_file *d)
{
	const struct dwp_index *x = &d->dwp->types;
	for (uint32_t slot = 0; slot < x->slots; slot++) {
		uint32_t row = row_in_slot(x, slot);
		struct dwarf_source *s = row ? source_of_row(d, x, row) : NULL;
		if (!s)
			continue;
		bool in_info = s->sections[DW_INFO].elf != NULL;
		uint64_t header = s->mark | (in_info ? 0 : TYPES_BIT);
		uint64_t len = s->sections[in_info ? DW_INFO : DW_TYPES].len;
		struct dwarf_unit unit = {.end = header + len, .is_partial = true};
		struct unit_detail detail = {
			.source = s,
			.header = header,
			.is_type = true,
			.id = id_in_slot(x, slot),
		};
		if (len && len <= OFFSET_BITS)
			s->lazy_unit = dw_add_unit(d, &unit, &detail);
	}
}

static void open_package(struct dwarf_file *d)
{
	struct elf_file *elf = NULL;
	const char *path = NULL;
	enum ft_rc rc = FT_NONE;
	for (unsigned i = 0; rc == FT_NONE && i < 2; i++) {
		path = arena_printf(d->arena, "%s.dwp", i ? d->path : d->module_path);
		rc = elf_file_open_debug(path, false, &elf);
	}
	if (rc == FT_FAIL) {
		dw_warn(d, "debug file not used: %s", ft_error());
		ft_error_clear();
	}
	if (rc != FT_OK)
		return;
	dw_keep_file(d, elf);
	struct dwp dwp = {.elf = elf, .path = path};
	read_index(elf, ".debug_cu_index", &dwp.units);
	read_index(elf, ".debug_tu_index", &dwp.types);
	if (!dwp.units.slots)
		dw_warn(d, "%s: its index is missing or broken", path);
	d->dwp = arena_copy(d->arena, &dwp, sizeof(dwp));
	add_types(d);
}

static bool has_been_read(struct dwarf_file *d, const char *path)
{
	for (struct dwo *dwo = d->dwos; dwo; dwo = dwo->next)
		if (strcmp(dwo->path, path) == 0)
			return true;
	struct dwo *dwo = arena_alloc(d->arena, sizeof(*dwo));
	*dwo = (struct dwo){path, d->dwos};
	d->dwos = dwo;
	return false;
}

static bool read_dwo(struct dwarf_file *d, size_t i, const char *path)
{
	struct elf_file *elf;
	enum ft_rc rc = elf_file_open_debug(path, true, &elf);
	if (rc == FT_FAIL) {
		dw_warn(d, "debug file not used: %s", ft_error());
		ft_error_clear();
	}
	if (rc != FT_OK)
		return false;
	dw_keep_file(d, elf);
	struct dwarf_source *s = dw_source_new(d, SOURCE_SPLIT, path);
	if (!s)
		return false;
	dw_source_add(d, s, elf, ".dwo");
	dw_read_units(d, s);
	if (d->details[i].is_skeleton)
		dw_warn(d, "debug file not used: %s: it is of another build", path);
	return true;
}

static const char *dwo_name(struct dwarf_file *d, size_t i)
{
	struct die *die;
	if (die_at(d, d->units[i].die, &die) != FT_OK)
		return NULL;
	d->reading = &d->details[i];
	const char *name = die_string(d, die, DW_AT_dwo_name);
	if (!name)
		name = die_string(d, die, DW_AT_GNU_dwo_name);
	d->reading = NULL;
	die_free(d, die);
	return name;
}

static void find_dwo(struct dwarf_file *d, size_t i)
{
	const char *name = dwo_name(d, i), *path;
	bool found = false;
	if (!name || !*name)
		return;
	for (unsigned n = 0; d->details[i].is_skeleton; n++) {
		path = debug_files_dwo(name, d->units[i].comp_dir, d->module_path, n, d->arena);
		if (!path)
			break;
		if (*path && !has_been_read(d, path) && read_dwo(d, i, path))
			found = true;
	}
	if (d->details[i].is_skeleton && !found)
		dw_warn(d,
			"%s: split debug information was not found: what it tells of is known "
			"by symbols and lines only",
			debug_files_dwo(name, d->units[i].comp_dir, d->module_path, 0, d->arena));
}

static bool find_in_package(struct dwarf_file *d, size_t i)
{
	const struct dwp_index *x = &d->dwp->units;
	uint32_t row = x->slots ? find_row(x, d->details[i].id) : 0;
	struct dwarf_source *s = row ? source_of_row(d, x, row) : NULL;
	if (s)
		dw_read_units(d, s);
	return !d->details[i].is_skeleton;
}

void dw_split_units(struct dwarf_file *d)
{
	bool sought = false;
	for (size_t i = 0, n = d->n_units; i < n; i++) {
		if (!d->details[i].is_skeleton)
			continue;
		if (!sought)
			open_package(d);
		sought = true;
		if (!d->dwp || !find_in_package(d, i))
			find_dwo(d, i);
	}
}
