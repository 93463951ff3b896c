#include <string.h>

#include "symbols/dwarf_private.h"
#include "symbols/elf.h"

enum { SECTION_PROGBITS = 1 };

/*
 * libdwarf reads what elf.c reads: the same section headers, bounds and decompression, and only the
 * sections that it needs. Its own reader of ELF files is less careful; and where the two read a
 * broken file differently, what was checked would not be what is used. Those of split DWARF are
 * shown under their plain names, and one unit of a package as if it were a file of its own: what
 * indexes mean is found out by dwarf_forms.c and dwarf_lists.c.
 */
struct object {
	const struct dwarf_source *source;
	COMPAT_INTERFACE interface;
};

/* By the number that libdwarf knows a section by; 0 is that of no section. */
static const struct {
	enum dw_section section;
	const char *name;
} shown[] = {
	{DW_INFO, ""},
	{DW_INFO, ".debug_info"},
	{DW_TYPES, ".debug_types"},
	{DW_ABBREV, ".debug_abbrev"},
	{DW_STR, ".debug_str"},
	{DW_LINE_STR, ".debug_line_str"},
	{DW_STR_OFFSETS, ".debug_str_offsets"},
	{DW_ADDR, ".debug_addr"},
	{DW_LINE, ".debug_line"},
	{DW_FRAME, ".debug_frame"},
	{DW_EH_FRAME, ".eh_frame"},
};

/* What is not there keeps its number, but has no name. */
static int section_info(void *object, COMPAT_INDEX index, COMPAT_SECTION *ret, int *error)
{
	const struct object *o = object;
	(void)error;
	if (index >= FT_COUNT(shown))
		return DW_DLV_NO_ENTRY;
	*ret = (COMPAT_SECTION){.COMPAT_FIELD(name) = ""};
	const struct dw_section_at *at = &o->source->sections[shown[index].section];
	if (index > 0 && at->elf && at->len) {
		ret->COMPAT_FIELD(name) = shown[index].name;
		ret->COMPAT_FIELD(type) = SECTION_PROGBITS;
		ret->COMPAT_FIELD(addr) = at->section->addr;
		ret->COMPAT_FIELD(size) = at->len;
	}
	return DW_DLV_OK;
}

static int section_load(void *object, COMPAT_INDEX index, Dwarf_Small **ret, int *error)
{
	const struct object *o = object;
	if (index == 0 || index >= FT_COUNT(shown))
		return DW_DLV_NO_ENTRY;
	struct dw_bytes bytes = dw_section(o->source, shown[index].section);
	if (!bytes.len) { // it could not be read after all
		*error = DW_DLE_ELF_SECTION_ERROR;
		return DW_DLV_ERROR;
	}
	// libdwarf does not write through it, whatever the type says.
	memcpy(ret, &bytes.p, sizeof(*ret));
	return DW_DLV_OK;
}

static COMPAT_ENDIAN byte_order(void *object)
{
	(void)object;
	return COMPAT_LITTLE;
}

/* Of a length in DWARF's 32-bit format, the usual one; a unit says itself if it is not. */
static Dwarf_Small length_size(void *object)
{
	(void)object;
	return 4;
}

static Dwarf_Small pointer_size(void *object)
{
	(void)object;
	return 8;
}

static Dwarf_Unsigned section_count(void *object)
{
	(void)object;
	return FT_COUNT(shown);
}

#ifdef COMPAT_FILESIZE
/* No section is larger than elf.c found it to be: nothing to check it against. */
static Dwarf_Unsigned file_size(void *object)
{
	(void)object;
	return INT64_MAX;
}
#endif

int dw_object_init(struct dwarf_file *d, struct dwarf_source *s)
{
	static const COMPAT_METHODS methods = {
		.COMPAT_METHOD(get_section_info) = section_info,
		.COMPAT_METHOD(get_byte_order) = byte_order,
		.COMPAT_METHOD(get_length_size) = length_size,
		.COMPAT_METHOD(get_pointer_size) = pointer_size,
		.COMPAT_METHOD(get_section_count) = section_count,
		.COMPAT_METHOD(load_section) = section_load,
#ifdef COMPAT_FILESIZE
		.om_get_filesize = file_size,
#endif
	};
	struct object *o = arena_alloc(d->arena, sizeof(*o));
	o->source = s;
	compat_interface(&o->interface, o, &methods);
	return dwarf_object_init_b(&o->interface, NULL, NULL, DW_GROUPNUMBER_ANY, &s->dbg, &s->err);
}
