/*
 * dwarf_units.c - the units of all sources: headers, unit DIEs, and which unit a DIE is in.
 */
#include <stdlib.h>
#include <string.h>

#include "symbols/dwarf_private.h"

enum { IMPORT_DEPTH = 16 }; // of units that import units that import units …

/* What is needed of a header. */
struct header {
	uint64_t type_off; // of a type unit: of its type's DIE, from the header on
	uint64_t next;
	bool is_type;
};

/* What a unit's header says; false at the end or at the first broken one. */
static bool next_header(struct dwarf_file *d, struct dwarf_source *s, bool is_info,
			struct unit_detail *detail, struct dwarf_unit *unit, struct header *h)
{
	Dwarf_Unsigned header_len, type_off, next_off;
	Dwarf_Off abbrev_off;
	Dwarf_Half version, address_size, offset_size, extension_size, unit_type;
	Dwarf_Sig8 signature;
	int rc = dwarf_next_cu_header_d(s->dbg, is_info, &header_len, &version, &abbrev_off,
					&address_size, &offset_size, &extension_size, &signature,
					&type_off, &next_off, &unit_type, &s->err);
	if (!dw_ok_or_warn(d, s, rc, "unit header"))
		return false;
	if (next_off <= h->next || next_off > OFFSET_BITS) // cannot be; never loop
		return false;
	detail->header = h->next | s->mark | (is_info ? 0 : TYPES_BIT);
	detail->offset_size = offset_size == 8 ? 8 : 4;
	h->is_type = !is_info ||
		     (version >= 5 && (unit_type == DW_UT_type || unit_type == DW_UT_split_type));
	h->type_off = type_off;
	detail->has_id =
		h->is_type ||
		(version >= 5 && (unit_type == DW_UT_skeleton || unit_type == DW_UT_split_compile));
	if (detail->has_id)
		memcpy(&detail->id, signature.signature, sizeof(detail->id));
	unit->version = version;
	unit->address_size = (uint8_t)address_size;
	unit->end = next_off | s->mark | (is_info ? 0 : TYPES_BIT);
	h->next = next_off;
	return true;
}

/* DW_AT_loclists_base and its like; `otherwise` if there is none. */
static uint64_t offset_of(struct dwarf_file *d, const struct die *die, uint16_t attr,
			  uint64_t otherwise)
{
	Dwarf_Attribute a;
	Dwarf_Half form;
	uint64_t off = otherwise;
	if (!dw_attribute(d, die, attr, &a))
		return otherwise;
	if (dw_ok(die->source, dwarf_whatform(a, &form, &die->source->err)) &&
	    !dw_form_offset(die, a, form, &off))
		off = otherwise;
	dwarf_dealloc_attribute(a);
	return off;
}

/* Where the tables begin that the unit's indexes count in; a split unit's are its skeleton's. */
static void read_bases(struct dwarf_file *d, const struct die *die, unsigned version,
		       struct unit_detail *u)
{
	bool is_new = version >= 5, is_split = u->source->kind == SOURCE_SPLIT;
	uint64_t header = u->offset_size == 8 ? 16 : 8;
	uint64_t lists = is_new && is_split ? header + 4 : 0;
	u->str_base = offset_of(d, die, DW_AT_str_offsets_base, is_new ? header : 0);
	u->list_base[0] = offset_of(d, die, DW_AT_loclists_base, lists);
	u->list_base[1] = offset_of(d, die, DW_AT_rnglists_base, lists);
	if (is_split)
		return;
	u->addr_base = offset_of(d, die, is_new ? DW_AT_addr_base : DW_AT_GNU_addr_base,
				 is_new ? header : 0);
	u->ranges_base = offset_of(d, die, DW_AT_GNU_ranges_base, 0);
}

static void read_unit_die(struct dwarf_file *d, const struct die *die, struct unit_detail *detail,
			  struct dwarf_unit *unit)
{
	uint64_t v;
	bool is_split = detail->source->kind == SOURCE_SPLIT;
	unit->die = die->offset;
	unit->is_partial = die->tag == DW_TAG_partial_unit || die->tag == DW_TAG_type_unit;
	d->reading = detail;
	read_bases(d, die, unit->version, detail);
	unit->name = die_string(d, die, DW_AT_name);
	unit->comp_dir = die_string(d, die, DW_AT_comp_dir);
	unit->producer = die_string(d, die, DW_AT_producer);
	if (die_uint(d, die, DW_AT_language, &v) == FT_OK)
		unit->dw_lang = (uint16_t)v;
	if (die_uint(d, die, DW_AT_GNU_dwo_id, &v) == FT_OK) {
		detail->id = v;
		detail->has_id = true;
	}
	if (!is_split) {
		detail->line_die = die->offset;
		detail->line_source = detail->source;
		detail->is_skeleton =
			detail->has_id && !detail->is_type &&
			(die_has(d, die, DW_AT_dwo_name) || die_has(d, die, DW_AT_GNU_dwo_name));
		if (die_address(d, die, DW_AT_low_pc, &v) == FT_OK)
			detail->base = v - d->bias;
		if (dw_ranges(d, die, detail, unit->version, &unit->ranges, &unit->n_ranges) !=
		    FT_OK)
			unit->n_ranges = 0;
	}
	d->reading = NULL;
}

static void add_span(struct dwarf_file *d, uint64_t lo, uint64_t hi, size_t unit)
{
	d->spans = xgrow(d->spans, d->n_spans, &d->cap_spans, sizeof(*d->spans));
	d->spans[d->n_spans++] = (struct unit_span){lo, hi, unit};
}

static void add_signature(struct dwarf_file *d, uint64_t signature, size_t unit)
{
	d->signatures =
		xgrow(d->signatures, d->n_signatures, &d->cap_signatures, sizeof(*d->signatures));
	d->signatures[d->n_signatures++] = (struct unit_signature){signature, unit};
}

size_t dw_add_unit(struct dwarf_file *d, const struct dwarf_unit *unit,
		   const struct unit_detail *detail)
{
	size_t i = d->n_units;
	d->units = xgrow(d->units, i, &d->cap_units, sizeof(*d->units));
	d->details = xgrow(d->details, i, &d->cap_details, sizeof(*d->details));
	d->units[i] = *unit;
	d->details[i] = *detail;
	d->n_units++;
	add_span(d, detail->header, unit->end, i);
	if (detail->is_type)
		add_signature(d, detail->id, i);
	return i;
}

/* The skeleton that a split unit belongs to; SIZE_MAX: none. */
static size_t skeleton_of(const struct dwarf_file *d, const struct unit_detail *split)
{
	for (size_t i = 0; split->has_id && i < d->n_units; i++)
		if (d->details[i].is_skeleton && d->details[i].id == split->id)
			return i;
	return SIZE_MAX;
}

/* The split unit takes its skeleton's place, but for code, bases and lines. */
static void replace_skeleton(struct dwarf_file *d, size_t i, const struct dwarf_unit *split,
			     const struct unit_detail *detail)
{
	struct dwarf_unit *unit = &d->units[i];
	struct unit_detail *to = &d->details[i];
	unit->die = split->die;
	unit->end = split->end;
	unit->version = split->version;
	unit->name = split->name;
	unit->producer = split->producer;
	unit->dw_lang = split->dw_lang;
	if (!unit->comp_dir)
		unit->comp_dir = split->comp_dir;
	to->source = detail->source;
	to->header = detail->header;
	to->str_base = detail->str_base;
	to->offset_size = detail->offset_size;
	memcpy(to->list_base, detail->list_base, sizeof(to->list_base));
	to->is_skeleton = false;
	add_span(d, detail->header, split->end, i);
}

/* The unit's DIE, whose header libdwarf has just read. */
static struct die *unit_die(struct dwarf_file *d, struct dwarf_source *s, bool is_info)
{
	Dwarf_Die dw;
	if (!dw_ok_or_warn(d, s, dwarf_siblingof_b(s->dbg, NULL, is_info, &dw, &s->err), "unit"))
		return NULL;
	return dw_wrap(d, s, dw);
}

static bool read_unit(struct dwarf_file *d, struct dwarf_source *s, bool is_info, struct header *h,
		      struct dwarf_unit *unit, struct unit_detail *detail)
{
	detail->source = s;
	if (!next_header(d, s, is_info, detail, unit, h))
		return false;
	struct die *die = unit_die(d, s, is_info);
	if (!die)
		return false;
	detail->is_type = h->is_type;
	if (h->is_type)
		detail->type = detail->header + (h->type_off & OFFSET_BITS);
	read_unit_die(d, die, detail, unit);
	if (s->kind == SOURCE_SPLIT && h->is_type) {
		detail->line_die = die->offset;
		detail->line_source = s;
	}
	die_free(d, die);
	return true;
}

static void read_section(struct dwarf_file *d, struct dwarf_source *s, bool is_info)
{
	struct header h = {0};
	for (;;) {
		struct dwarf_unit unit = {0};
		struct unit_detail detail = {0};
		if (!read_unit(d, s, is_info, &h, &unit, &detail))
			return;
		if (s->kind != SOURCE_SPLIT || detail.is_type) {
			dw_add_unit(d, &unit, &detail);
			continue;
		}
		size_t skeleton = skeleton_of(d, &detail);
		if (skeleton != SIZE_MAX)
			replace_skeleton(d, skeleton, &unit, &detail);
	}
}

void dw_read_units(struct dwarf_file *d, struct dwarf_source *s)
{
	if ((!s->sections[DW_INFO].elf && !s->sections[DW_TYPES].elf) || !dw_source_open(d, s))
		return;
	read_section(d, s, true);
	if (s->sections[DW_TYPES].elf)
		read_section(d, s, false);
}

void dw_read_lazy_unit(struct dwarf_file *d, struct dwarf_source *s)
{
	struct header h = {0};
	struct dwarf_unit unit = {0};
	struct unit_detail detail = {0};
	size_t i = s->lazy_unit;
	s->lazy_unit = SIZE_MAX;
	bool is_info = s->sections[DW_INFO].elf != NULL;
	if (!read_unit(d, s, is_info, &h, &unit, &detail) || !detail.is_type ||
	    detail.id != d->details[i].id)
		return;
	d->units[i] = unit;
	d->details[i] = detail;
}

static int compare_spans(const void *va, const void *vb)
{
	const struct unit_span *a = va, *b = vb;
	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

static int compare_signatures(const void *va, const void *vb)
{
	const struct unit_signature *a = va, *b = vb;
	if (a->signature != b->signature)
		return a->signature < b->signature ? -1 : 1;
	return a->unit < b->unit ? -1 : a->unit > b->unit;
}

size_t dw_unit_with_signature(const struct dwarf_file *d, uint64_t signature)
{
	size_t lo = 0, hi = d->n_signatures;
	while (lo < hi) { // the first one: all of one signature are the same type
		size_t mid = lo + (hi - lo) / 2;
		if (d->signatures[mid].signature < signature)
			lo = mid + 1;
		else
			hi = mid;
	}
	bool found = lo < d->n_signatures && d->signatures[lo].signature == signature;
	return found ? d->signatures[lo].unit : SIZE_MAX;
}

/* A unit that is imported speaks the language of who imports it, if it does not say itself. */
static void inherit(struct dwarf_file *d, size_t from, unsigned depth)
{
	struct die *unit, *die, *next;
	if (depth > IMPORT_DEPTH || die_at(d, d->units[from].die, &unit) != FT_OK)
		return;
	enum ft_rc rc = die_child(d, unit, &die);
	// dwz puts them first.
	while (rc == FT_OK && die_tag(die) == DW_TAG_imported_unit) {
		uint64_t offset;
		size_t to = SIZE_MAX;
		if (die_ref(d, die, DW_AT_import, &offset) == FT_OK)
			to = dwarf_unit_of(d, offset);
		if (to != SIZE_MAX && d->units[to].is_partial && !d->units[to].dw_lang) {
			d->units[to].dw_lang = d->units[from].dw_lang;
			if (!d->units[to].producer)
				d->units[to].producer = d->units[from].producer;
			inherit(d, to, depth + 1);
		}
		rc = die_sibling(d, die, &next);
		die_free(d, die);
		die = next;
	}
	if (rc == FT_OK)
		die_free(d, die);
	die_free(d, unit);
}

static void share_languages(struct dwarf_file *d)
{
	bool is_needed = false;
	for (size_t i = 0; i < d->n_units; i++)
		is_needed |= d->units[i].is_partial && !d->details[i].is_type;
	for (size_t i = 0; is_needed && i < d->n_units; i++)
		if (!d->units[i].is_partial && d->units[i].dw_lang)
			inherit(d, i, 0);
}

static void read_all(struct dwarf_file *d)
{
	dw_read_units(d, d->sources[0]);
	struct dwarf_source *alt = dw_alt(d);
	if (alt)
		dw_read_units(d, alt);
	dw_split_units(d);
	if (d->n_spans)
		qsort(d->spans, d->n_spans, sizeof(*d->spans), compare_spans);
	if (d->n_signatures)
		qsort(d->signatures, d->n_signatures, sizeof(*d->signatures), compare_signatures);
	share_languages(d);
}

enum ft_rc dwarf_units(struct dwarf_file *d, const struct dwarf_unit **ret, size_t *ret_n)
{
	if (!d->units_read) {
		d->units_read = true;
		read_all(d);
	}
	if (!d->n_units)
		return FT_NONE;
	*ret = d->units;
	*ret_n = d->n_units;
	return FT_OK;
}
