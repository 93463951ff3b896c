/*
 * dwarf_lists.c - range and location lists of DWARF 2 to 5 and of split DWARF 4.
 *
 * libdwarf 20210528 takes the place of a list as the file gives it, does not compare an index with
 * the length of its table, reads on where a list has no end, and does not know the lists of split
 * units. So lists are read here, and libdwarf is not shown their sections.
 */
#include <string.h>

#include "symbols/dwarf_private.h"

enum list_format {
	FORMAT_OLD, // DWARF 2 to 4: pairs of addresses (DWARF 4, 2.6.2 and 2.17.3)
	FORMAT_GNU, // locations of split DWARF 4: the kinds of DW_LLE_GNU_*
	FORMAT_NEW, // DWARF 5, 2.6.2 and 2.17.3
};

/* Kinds of entries in split DWARF 4 (gcc's wiki, DebugFission). */
enum { GNU_END = 0, GNU_BASE_INDEX = 1, GNU_START_END = 2, GNU_START_LENGTH = 3, GNU_OFFSETS = 4 };

/* Linkers put -1 or -2 where the code is that they dropped. */
static bool is_dropped(uint64_t base)
{
	return base >= UINT64_MAX - 1;
}

static uint64_t take_indexed(struct list *l)
{
	uint64_t addr = 0;
	if (!dw_indexed_address(l->d, l->unit, dw_take_uleb(&l->in), &addr))
		l->in.broken = true;
	return addr;
}

static void take_expr(struct list *l, uint64_t len, struct list_entry *e)
{
	if (l->kind != LIST_LOCATIONS)
		return;
	e->expr = dw_skip(&l->in, len);
	e->len = e->expr ? len : 0;
}

/* What one entry turned out to be. */
enum taken { TAKEN_ENTRY, TAKEN_NOTHING, TAKEN_END };

static enum taken take_old(struct list *l, struct list_entry *e)
{
	uint64_t lo = dw_take(&l->in, 8), hi = dw_take(&l->in, 8);
	if (l->in.broken || (lo == 0 && hi == 0))
		return TAKEN_END;
	if (lo == UINT64_MAX) {
		l->base = hi;
		return TAKEN_NOTHING;
	}
	// What was dropped is marked in place of its offsets; 1, because 0 would end the list.
	bool dropped = is_dropped(lo) || (lo <= 1 && !l->base && l->kind == LIST_RANGES);
	*e = (struct list_entry){.lo = l->base + lo, .hi = l->base + hi};
	if (l->kind == LIST_LOCATIONS)
		take_expr(l, dw_take(&l->in, 2), e);
	return dropped ? TAKEN_NOTHING : TAKEN_ENTRY;
}

static enum taken take_gnu(struct list *l, struct list_entry *e)
{
	switch (dw_take(&l->in, 1)) { // a byte of the file, not an enum
	case GNU_END:
		return TAKEN_END;
	case GNU_BASE_INDEX:
		l->base = take_indexed(l);
		return TAKEN_NOTHING;
	case GNU_START_END:
		e->lo = take_indexed(l);
		e->hi = take_indexed(l);
		break;
	case GNU_START_LENGTH:
		e->lo = take_indexed(l);
		e->hi = e->lo + dw_take(&l->in, 4);
		break;
	case GNU_OFFSETS:
		e->lo = l->base + dw_take(&l->in, 4);
		e->hi = l->base + dw_take(&l->in, 4);
		break;
	default:
		l->in.broken = true;
		return TAKEN_END;
	}
	take_expr(l, dw_take(&l->in, 2), e);
	return TAKEN_ENTRY;
}

/* DW_RLE_* as DW_LLE_*, which have one kind more in between. */
static uint64_t take_kind(struct list *l)
{
	uint64_t kind = dw_take(&l->in, 1);
	bool shifted = l->kind == LIST_RANGES && kind >= DW_RLE_base_address;
	return kind + shifted;
}

/* DWARF 5, 7.7.3 and 7.25. */
static enum taken take_new(struct list *l, struct list_entry *e)
{
	bool dropped = false;
	switch (take_kind(l)) { // a byte of the file, not an enum
	case DW_LLE_end_of_list:
		return TAKEN_END;
	case DW_LLE_base_addressx:
		l->base = take_indexed(l);
		return TAKEN_NOTHING;
	case DW_LLE_base_address:
		l->base = dw_take(&l->in, 8);
		return TAKEN_NOTHING;
	case DW_LLE_startx_endx:
		e->lo = take_indexed(l);
		e->hi = take_indexed(l);
		break;
	case DW_LLE_startx_length:
		e->lo = take_indexed(l);
		e->hi = e->lo + dw_take_uleb(&l->in);
		break;
	case DW_LLE_offset_pair:
		dropped = is_dropped(l->base);
		e->lo = l->base + dw_take_uleb(&l->in);
		e->hi = l->base + dw_take_uleb(&l->in);
		break;
	case DW_LLE_default_location:
		if (l->kind != LIST_LOCATIONS)
			l->in.broken = true;
		e->is_default = true;
		break;
	case DW_LLE_start_end:
		e->lo = dw_take(&l->in, 8);
		e->hi = dw_take(&l->in, 8);
		break;
	case DW_LLE_start_length:
		e->lo = dw_take(&l->in, 8);
		e->hi = e->lo + dw_take_uleb(&l->in);
		break;
	default:
		l->in.broken = true;
		return TAKEN_END;
	}
	take_expr(l, l->kind == LIST_LOCATIONS ? dw_take_uleb(&l->in) : 0, e);
	return dropped ? TAKEN_NOTHING : TAKEN_ENTRY;
}

bool dw_list_next(struct list *l, struct list_entry *ret)
{
	while (!l->in.broken) {
		struct list_entry e = {0};
		enum taken taken = l->format == FORMAT_OLD   ? take_old(l, &e)
				   : l->format == FORMAT_GNU ? take_gnu(l, &e)
							     : take_new(l, &e);
		if (l->in.broken || taken == TAKEN_END)
			return false;
		if (taken == TAKEN_NOTHING)
			continue;
		*ret = e;
		return true;
	}
	return false;
}

/* What an index means: the table before it says how long it is (DWARF 5, 7.28 and 7.29). */
static bool look_up(struct dw_bytes b, uint64_t base, unsigned offset_size, uint64_t index,
		    uint64_t *ret)
{
	uint32_t n;
	uint64_t off = 0;
	if (base < sizeof(n) || base > b.len)
		return false;
	memcpy(&n, b.p + base - sizeof(n), sizeof(n));
	if (index >= n || index >= (b.len - base) / offset_size)
		return false;
	memcpy(&off, b.p + base + index * offset_size, offset_size);
	*ret = base + off;
	return *ret >= base;
}

/* Where a list begins. Its section is the skeleton's for ranges of split DWARF 4. */
static bool find_list(struct list *l, const struct die *die, Dwarf_Attribute a, Dwarf_Half form,
		      struct dw_bytes b, uint64_t *ret)
{
	bool indexed = form == DW_FORM_loclistx || form == DW_FORM_rnglistx;
	Dwarf_Unsigned index;
	if (!indexed)
		return dw_form_offset(die, a, form, ret);
	return l->format == FORMAT_NEW &&
	       dw_ok(die->source, dwarf_formudata(a, &index, &die->source->err)) &&
	       look_up(b, l->unit->list_base[l->kind == LIST_RANGES], l->unit->offset_size, index,
		       ret);
}

bool dw_list_open(struct dwarf_file *d, const struct unit_detail *unit, unsigned version,
		  enum list_kind kind, const struct die *die, Dwarf_Attribute a, Dwarf_Half form,
		  struct list *ret)
{
	struct list l = {.d = d, .unit = unit, .kind = kind, .base = unit->base};
	const struct dwarf_source *s = unit->source;
	bool is_split = s->kind == SOURCE_SPLIT;
	uint64_t off;
	l.format = version >= 5 ? FORMAT_NEW : FORMAT_OLD;
	if (is_split && version < 5 && kind == LIST_LOCATIONS)
		l.format = FORMAT_GNU;
	if (is_split && version < 5 && kind == LIST_RANGES)
		s = d->sources[0];
	enum dw_section section = kind == LIST_RANGES ? version >= 5 ? DW_RNGLISTS : DW_RANGES
				  : version >= 5      ? DW_LOCLISTS
						      : DW_LOC;
	struct dw_bytes b = dw_section(s, section);
	if (!find_list(&l, die, a, form, b, &off))
		return false;
	if (section == DW_RANGES && is_split)
		off += unit->ranges_base;
	if (off >= b.len)
		return false;
	l.in = (struct dw_cursor){b.p + off, b.p + b.len, false};
	*ret = l;
	return true;
}
