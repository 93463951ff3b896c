/*
 * dwarf_source.c - sets of sections that belong together, wherever they are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/debug_files.h"
#include "symbols/dwarf_private.h"
#include "symbols/elf.h"

enum { SOURCES_MAX = 1 << 22 }; // what SOURCE_BITS can number

static const char *const section_names[DW_SECTIONS] = {
	[DW_INFO] = ".debug_info",	   [DW_TYPES] = ".debug_types",
	[DW_ABBREV] = ".debug_abbrev",	   [DW_STR] = ".debug_str",
	[DW_LINE_STR] = ".debug_line_str", [DW_STR_OFFSETS] = ".debug_str_offsets",
	[DW_ADDR] = ".debug_addr",	   [DW_LINE] = ".debug_line",
	[DW_LOC] = ".debug_loc",	   [DW_LOCLISTS] = ".debug_loclists",
	[DW_RANGES] = ".debug_ranges",	   [DW_RNGLISTS] = ".debug_rnglists",
	[DW_FRAME] = ".debug_frame",	   [DW_EH_FRAME] = ".eh_frame",
};

void dw_warn(struct dwarf_file *d, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	if (d->warning)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	d->warning = arena_strdup(d->arena, text);
}

struct dwarf_source *dw_source_new(struct dwarf_file *d, enum source_kind kind, const char *path)
{
	if (d->n_sources >= SOURCES_MAX)
		return NULL;
	struct dwarf_source *s = arena_alloc(d->arena, sizeof(*s));
	s->kind = kind;
	s->path = path;
	s->lazy_unit = SIZE_MAX;
	s->mark = (uint64_t)d->n_sources << SOURCE_SHIFT;
	d->sources =
		xgrow(d->sources, d->n_sources, &d->cap_sources, sizeof(struct dwarf_source *));
	d->sources[d->n_sources++] = s;
	return s;
}

void dw_keep_file(struct dwarf_file *d, struct elf_file *elf)
{
	d->files = xgrow(d->files, d->n_files, &d->cap_files, sizeof(struct elf_file *));
	d->files[d->n_files++] = elf;
}

/*
 * In a relocatable file each type unit has a section of its own. No linker is needed to join them:
 * what is split refers to nothing outside.
 */
static void join(struct dwarf_file *d, const char *name, struct dw_section_at *at)
{
	const struct elf_section *s = NULL;
	uint64_t len, total = 0, n_sections = 0;
	const uint8_t *bytes;
	size_t n;
	while ((s = elf_debug_section(at->elf, name, s, &len)) && ++n_sections)
		total += elf_bytes(at->elf, s, &bytes, &n) ? n : 0;
	if (n_sections < 2 || !total)
		return;
	uint8_t *joined = arena_alloc(d->arena, total), *to = joined;
	while ((s = elf_debug_section(at->elf, name, s, &len)))
		if (elf_bytes(at->elf, s, &bytes, &n)) {
			memcpy(to, bytes, n);
			to += n;
		}
	at->joined = joined;
	at->len = (uint64_t)(to - joined);
}

void dw_source_add(struct dwarf_file *d, struct dwarf_source *s, struct elf_file *elf,
		   const char *suffix)
{
	for (size_t i = 0; i < DW_SECTIONS; i++) {
		struct dw_section_at *to = &s->sections[i];
		char name[64];
		uint64_t len;
		snprintf(name, sizeof(name), "%s%s", section_names[i], suffix);
		const struct elf_section *from = elf_debug_section(elf, name, NULL, &len);
		if (to->elf || !from)
			continue;
		*to = (struct dw_section_at){.elf = elf, .section = from, .len = len};
		if (*suffix && (i == DW_INFO || i == DW_TYPES))
			join(d, name, to);
	}
}

struct dw_bytes dw_section(const struct dwarf_source *s, enum dw_section which)
{
	const struct dw_section_at *at = &s->sections[which];
	const uint8_t *p;
	size_t len;
	if (at->joined)
		return (struct dw_bytes){at->joined, at->len};
	if (!at->elf || !elf_bytes(at->elf, at->section, &p, &len) || at->off > len ||
	    at->len > len - at->off)
		return (struct dw_bytes){0};
	return (struct dw_bytes){p + at->off, at->len};
}

bool dw_source_open(struct dwarf_file *d, struct dwarf_source *s)
{
	if (s->opened)
		return s->dbg != NULL;
	s->opened = true;
	int rc = dw_object_init(d, s);
	if (rc == DW_DLV_ERROR)
		dw_warn(d, "%s: debug information: %s", s->path,
			s->err ? dwarf_errmsg(s->err) : "unknown error");
	if (!dw_ok(s, rc))
		s->dbg = NULL;
	if (s->dbg && s->lazy_unit != SIZE_MAX)
		dw_read_lazy_unit(d, s);
	return s->dbg != NULL;
}

struct dwarf_source *dw_source_of(struct dwarf_file *d, uint64_t offset)
{
	uint64_t i = (offset & SOURCE_BITS) >> SOURCE_SHIFT;
	return i < d->n_sources && dw_source_open(d, d->sources[i]) ? d->sources[i] : NULL;
}

struct dwarf_source *dw_alt(struct dwarf_file *d)
{
	struct elf_file *main = d->sources[0]->sections[DW_INFO].elf, *elf;
	const char *path;
	if (d->alt_sought || !main)
		return d->alt;
	d->alt_sought = true;
	const char *why = NULL;
	enum ft_rc rc = debug_files_alt(main, d->path, d->arena, &elf, &path, &why);
	if (why)
		dw_warn(d, "%s", why);
	if (rc != FT_OK)
		return NULL;
	dw_keep_file(d, elf);
	struct dwarf_source *s = dw_source_new(d, SOURCE_ALT, path);
	if (!s)
		return NULL;
	dw_source_add(d, s, elf, "");
	if (dw_source_open(d, s))
		d->alt = s;
	return d->alt;
}
