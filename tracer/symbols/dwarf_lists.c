#include <string.h>

#include "symbols/dwarf_private.h"
#include "symbols/elf.h"

/*
 * libdwarf 20210528 takes the place of a location or range list as the file gives it, does not
 * compare an index with the length of its table, and reads on where a list has no end. So a list is
 * walked here before libdwarf is asked for it. lists.c has looked at the tables' headers by then.
 */

void dw_lists_init(struct dwarf_file *d, struct elf_file *elf)
{
	static const char *const names[LIST_SECTIONS] = {
		[LIST_LOC] = ".debug_loc",
		[LIST_LOCLISTS] = ".debug_loclists",
		[LIST_RANGES] = ".debug_ranges",
		[LIST_RNGLISTS] = ".debug_rnglists",
	};
	for (size_t i = 0; i < LIST_SECTIONS; i++)
		if (!elf_section_bytes(elf, names[i], &d->lists[i].p, &d->lists[i].len))
			d->lists[i] = (struct list_bytes){0};
}

/* The bytes from some offset to the section's end; sticky after the first that is not there. */
struct cursor {
	const uint8_t *at, *end;
	bool broken;
};

static struct cursor cursor_at(const struct list_bytes *l, uint64_t off)
{
	if (off >= l->len)
		return (struct cursor){.broken = true};
	return (struct cursor){l->p + off, l->p + l->len, false};
}

static void skip(struct cursor *c, uint64_t len)
{
	if (c->broken || (uint64_t)(c->end - c->at) < len)
		c->broken = true;
	else
		c->at += len;
}

/* Little-endian, size 1..8. */
static uint64_t take(struct cursor *c, size_t size)
{
	const uint8_t *from = c->at;
	uint64_t v = 0;
	skip(c, size);
	if (!c->broken)
		memcpy(&v, from, size);
	return v;
}

static uint64_t take_uleb(struct cursor *c)
{
	uint64_t v = 0, byte;
	unsigned shift = 0;
	do {
		byte = take(c, 1);
		if (shift < 64)
			v |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return v;
}

/* One entry of a location list (DWARF 5, 7.7.3); false at its end. */
static bool skip_location(struct cursor *c)
{
	switch (take(c, 1)) { // a byte of the file, not an enum
	case DW_LLE_end_of_list:
		return false;
	case DW_LLE_base_addressx:
		take_uleb(c);
		return true;
	case DW_LLE_base_address:
		skip(c, 8);
		return true;
	case DW_LLE_startx_endx:
	case DW_LLE_startx_length:
	case DW_LLE_offset_pair:
		take_uleb(c);
		take_uleb(c);
		break;
	case DW_LLE_default_location:
		break;
	case DW_LLE_start_end:
		skip(c, 16);
		break;
	case DW_LLE_start_length:
		skip(c, 8);
		take_uleb(c);
		break;
	default:
		c->broken = true;
		return false;
	}
	skip(c, take_uleb(c)); // the expression
	return true;
}

/* One entry of a range list (DWARF 5, 7.25); false at its end. */
static bool skip_range(struct cursor *c)
{
	switch (take(c, 1)) { // a byte of the file, not an enum
	case DW_RLE_end_of_list:
		return false;
	case DW_RLE_base_addressx:
		take_uleb(c);
		return true;
	case DW_RLE_base_address:
		skip(c, 8);
		return true;
	case DW_RLE_startx_endx:
	case DW_RLE_startx_length:
	case DW_RLE_offset_pair:
		take_uleb(c);
		take_uleb(c);
		return true;
	case DW_RLE_start_end:
		skip(c, 16);
		return true;
	case DW_RLE_start_length:
		skip(c, 8);
		take_uleb(c);
		return true;
	default:
		c->broken = true;
		return false;
	}
}

/* What an index means: the table before it says how long it is (DWARF 5, 7.28 and 7.29). */
static bool look_up(const struct list_bytes *l, uint64_t base, unsigned offset_size, uint64_t index,
		    uint64_t *ret)
{
	if (base < 4)
		return false;
	struct cursor count = cursor_at(l, base - 4);
	if (index >= take(&count, 4))
		return false;
	struct cursor entry = cursor_at(l, base);
	skip(&entry, index * offset_size); // index is below 2^32
	uint64_t off = take(&entry, offset_size);
	*ret = base + off;
	return !entry.broken && *ret >= base;
}

static bool ends(const struct list_bytes *l, uint64_t off, bool (*next)(struct cursor *))
{
	struct cursor c = cursor_at(l, off);
	while (!c.broken && next(&c))
		;
	return !c.broken;
}

bool dw_list_is_sound(struct dwarf_file *d, const struct unit_detail *unit, Dwarf_Attribute a,
		      Dwarf_Half form, enum list_section section)
{
	const struct list_bytes *l = &d->lists[section];
	bool indexed = form == DW_FORM_loclistx || form == DW_FORM_rnglistx;
	Dwarf_Unsigned udata;
	Dwarf_Off off;
	uint64_t value;
	if (form == DW_FORM_sec_offset) {
		if (!dw_ok(d, dwarf_global_formref(a, &off, &d->err)))
			return false;
		value = off;
	} else {
		if (!dw_ok(d, dwarf_formudata(a, &udata, &d->err)))
			return false;
		value = udata;
	}
	if (section == LIST_LOC || section == LIST_RANGES)
		return !indexed && value < l->len;
	if (indexed && (!unit || !look_up(l, unit->list_base[section == LIST_RNGLISTS],
					  unit->offset_size, value, &value)))
		return false;
	return ends(l, value, section == LIST_LOCLISTS ? skip_location : skip_range);
}
