/*
 * dwarf_forms.c - forms that refer to another section or another file. libdwarf would look for the
 * bases in the unit at hand, which in split DWARF does not have them, and knows one file.
 */
#include <string.h>

#include "symbols/dwarf_private.h"

enum { STRING_MAX = 1 << 20 }; // longer names are cut off: not a string

bool dw_indexed_address(struct dwarf_file *d, const struct unit_detail *unit, uint64_t index,
			uint64_t *ret)
{
	// Only the linked file has addresses (DWARF 5, 7.3.2).
	const struct dwarf_source *s = d->sources[0];
	if (unit && unit->source->kind == SOURCE_ALT)
		s = unit->source;
	struct dw_bytes b = dw_section(s, DW_ADDR);
	if (!unit || unit->addr_base > b.len || index >= (b.len - unit->addr_base) / 8)
		return false;
	memcpy(ret, b.p + unit->addr_base + 8 * index, 8);
	return true;
}

static bool is_address_index(Dwarf_Half form)
{
	return form == DW_FORM_addrx || form == DW_FORM_GNU_addr_index ||
	       (form >= DW_FORM_addrx1 && form <= DW_FORM_addrx4);
}

bool dw_form_address(struct dwarf_file *d, const struct die *die, Dwarf_Attribute a, uint64_t *ret)
{
	Dwarf_Half form;
	Dwarf_Addr addr;
	Dwarf_Unsigned index;
	if (!dw_ok(die->source, dwarf_whatform(a, &form, &die->source->err)))
		return false;
	if (is_address_index(form))
		return dw_ok(die->source,
			     dwarf_get_debug_addr_index(a, &index, &die->source->err)) &&
		       dw_indexed_address(d, dw_unit_of(d, die), index, ret);
	if (form != DW_FORM_addr ||
	    !dw_ok(die->source, dwarf_formaddr(a, &addr, &die->source->err)))
		return false;
	*ret = addr;
	return true;
}

static bool is_string_index(Dwarf_Half form)
{
	return form == DW_FORM_strx || form == DW_FORM_GNU_str_index ||
	       (form >= DW_FORM_strx1 && form <= DW_FORM_strx4);
}

/* A string of a section, which may lack its end. */
static const char *string_at(struct dw_bytes b, uint64_t off)
{
	if (off >= b.len)
		return NULL;
	size_t left = b.len - off < STRING_MAX ? b.len - off : STRING_MAX;
	return memchr(b.p + off, 0, left) ? (const char *)b.p + off : NULL;
}

static const char *indexed_string(const struct unit_detail *unit, uint64_t index)
{
	struct dw_bytes b = dw_section(unit->source, DW_STR_OFFSETS);
	uint64_t off = 0;
	size_t size = unit->offset_size;
	if (unit->str_base > b.len || index >= (b.len - unit->str_base) / size)
		return NULL;
	memcpy(&off, b.p + unit->str_base + size * index, size);
	return string_at(dw_section(unit->source, DW_STR), off);
}

const char *dw_form_string(struct dwarf_file *d, const struct die *die, Dwarf_Attribute a)
{
	const struct unit_detail *unit;
	Dwarf_Half form;
	Dwarf_Unsigned index;
	char *s = NULL;
	Dwarf_Off off;
	if (!dw_ok(die->source, dwarf_whatform(a, &form, &die->source->err)))
		return NULL;
	if (is_string_index(form)) {
		unit = dw_unit_of(d, die);
		if (!unit ||
		    !dw_ok(die->source, dwarf_get_debug_str_index(a, &index, &die->source->err)))
			return NULL;
		return indexed_string(unit, index);
	}
	if (form == DW_FORM_GNU_strp_alt || form == DW_FORM_strp_sup) {
		const struct dwarf_source *alt = dw_alt(d);
		if (!alt || !dw_ok(die->source, dwarf_global_formref(a, &off, &die->source->err)))
			return NULL;
		return string_at(dw_section(alt, DW_STR), off);
	}
	// The bytes are the section's: nothing to give back, valid until dwarf_finish().
	return dw_ok(die->source, dwarf_formstring(a, &s, &die->source->err)) ? s : NULL;
}

/* DW_FORM_ref_sig8: the type that a type unit defines. */
static bool ref_by_signature(struct dwarf_file *d, const struct die *die, Dwarf_Attribute a,
			     uint64_t *ret)
{
	Dwarf_Sig8 bytes;
	uint64_t signature;
	if (!dw_ok(die->source, dwarf_formsig8(a, &bytes, &die->source->err)))
		return false;
	memcpy(&signature, bytes.signature, sizeof(signature));
	size_t unit = dw_unit_with_signature(d, signature);
	if (unit == SIZE_MAX || !dw_source_open(d, d->details[unit].source) ||
	    !d->details[unit].type)
		return false;
	*ret = d->details[unit].type;
	return true;
}

bool dw_form_offset(const struct die *die, Dwarf_Attribute a, Dwarf_Half form, uint64_t *ret)
{
	Dwarf_Unsigned v;
	Dwarf_Off off;
	if (form == DW_FORM_data4 || form == DW_FORM_data8) {
		if (!dw_ok(die->source, dwarf_formudata(a, &v, &die->source->err)))
			return false;
		*ret = v;
		return true;
	}
	if (form != DW_FORM_sec_offset ||
	    !dw_ok(die->source, dwarf_global_formref(a, &off, &die->source->err)))
		return false;
	*ret = off;
	return true;
}

bool dw_form_ref(struct dwarf_file *d, const struct die *die, Dwarf_Attribute a, uint64_t *ret)
{
	Dwarf_Half form;
	Dwarf_Off off;
	if (!dw_ok(die->source, dwarf_whatform(a, &form, &die->source->err)))
		return false;
	switch (form) {
	case DW_FORM_ref_sig8:
		return ref_by_signature(d, die, a, ret);
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_ref_sup4:
	case DW_FORM_ref_sup8:
		if (!dw_alt(d) ||
		    !dw_ok(die->source, dwarf_global_formref(a, &off, &die->source->err)))
			return false;
		*ret = (off & OFFSET_BITS) | d->alt->mark;
		return true;
	case DW_FORM_ref1:
	case DW_FORM_ref2:
	case DW_FORM_ref4:
	case DW_FORM_ref8:
	case DW_FORM_ref_udata:
	case DW_FORM_ref_addr:
		if (!dw_ok(die->source, dwarf_global_formref(a, &off, &die->source->err)))
			return false;
		*ret = (off & OFFSET_BITS) | (die->offset & SOURCE_BITS);
		if (form != DW_FORM_ref_addr) // which always means .debug_info
			*ret |= die->offset & TYPES_BIT;
		return true;
	default: // a number from the file, not an enum
		return false;
	}
}
