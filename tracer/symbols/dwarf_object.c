#include <string.h>

#include "symbols/dwarf_private.h"
#include "symbols/elf.h"

/*
 * libdwarf reads what elf.c reads: the same section headers, bounds and decompression, and only the
 * sections that it needs. Its own reader of ELF files is less careful; and where the two read a
 * broken file differently, what was checked would not be what is used.
 */
struct object {
	struct elf_file *elf;
	const struct elf_section *sections;
	size_t n;
	COMPAT_INTERFACE interface;
};

static bool bytes_of(const struct object *o, uint64_t index, const uint8_t **ret, size_t *ret_len)
{
	if (index >= o->n)
		return false;
	const struct elf_section *s = &o->sections[index];
	return (strncmp(s->name, ".debug_", 7) == 0 || strcmp(s->name, ".eh_frame") == 0) &&
	       elf_section(o->elf, s->name) == s &&
	       elf_section_bytes(o->elf, s->name, ret, ret_len);
}

// What is not wanted or cannot be read keeps its number, but has no name.
static int section_info(void *object, COMPAT_INDEX index, COMPAT_SECTION *ret, int *error)
{
	const struct object *o = object;
	const uint8_t *bytes;
	size_t len;
	(void)error;
	if (index >= o->n)
		return DW_DLV_NO_ENTRY;
	*ret = (COMPAT_SECTION){.COMPAT_FIELD(name) = ""};
	if (bytes_of(o, index, &bytes, &len)) {
		ret->COMPAT_FIELD(name) = o->sections[index].name;
		ret->COMPAT_FIELD(type) = o->sections[index].type;
		ret->COMPAT_FIELD(addr) = o->sections[index].addr;
		ret->COMPAT_FIELD(size) = len;
	}
	return DW_DLV_OK;
}

static int section_load(void *object, COMPAT_INDEX index, Dwarf_Small **ret, int *error)
{
	const uint8_t *bytes;
	size_t len;
	(void)error;
	if (!bytes_of(object, index, &bytes, &len))
		return DW_DLV_NO_ENTRY;
	// libdwarf does not write through it, whatever the type says.
	memcpy(ret, &bytes, sizeof(*ret));
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
	const struct object *o = object;
	return o->n;
}

#ifdef COMPAT_FILESIZE
/* No section is larger than elf.c found it to be: nothing to check it against. */
static Dwarf_Unsigned file_size(void *object)
{
	(void)object;
	return INT64_MAX;
}
#endif

int dw_object_init(struct dwarf_file *d, struct elf_file *elf)
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
	o->elf = elf;
	o->sections = elf_sections(elf, &o->n);
	compat_interface(&o->interface, o, &methods);
	return dwarf_object_init_b(&o->interface, NULL, NULL, DW_GROUPNUMBER_ANY, &d->dbg, &d->err);
}
