#include "symbols/dwarf.h"

#include <stdlib.h>
#include <string.h>

#include "symbols/dwarf_private.h"

bool dw_ok(struct dwarf_file *d, int rc)
{
	if (rc == DW_DLV_ERROR && d->err)
		dwarf_dealloc_error(d->dbg, d->err);
	d->err = NULL;
	return rc == DW_DLV_OK;
}

bool dw_ok_or_warn(struct dwarf_file *d, int rc, const char *what)
{
	if (rc == DW_DLV_ERROR && !d->warning)
		d->warning = arena_printf(d->arena, "%s: %s", what,
					  d->err ? dwarf_errmsg(d->err) : "unknown error");
	return dw_ok(d, rc);
}

enum ft_rc dwarf_open(struct elf_file *elf, uint64_t bias, struct dwarf_file **ret)
{
	struct dwarf_file *d = xcalloc(1, sizeof(*d));
	d->arena = arena_create();
	d->bias = bias;
	int rc = dw_object_init(d, elf);
	if (rc == DW_DLV_NO_ENTRY) {
		dwarf_close(d);
		return FT_NONE;
	}
	if (!dw_ok_or_warn(d, rc, "debug information"))
		d->dbg = NULL;
	dw_lists_init(d, elf);
	*ret = d;
	return FT_OK;
}

void dwarf_close(struct dwarf_file *d)
{
	if (!d)
		return;
	dw_cfi_deinit(d);
	for (size_t i = 0; i < d->n_units; i++) {
		free(d->units[i].ranges);
		free(d->details[i].rows);
	}
	free(d->units);
	free(d->details);
	while (d->free_dies) {
		struct die *die = d->free_dies;
		d->free_dies = die->next;
		free(die);
	}
	if (d->dbg)
		compat_finish(d->dbg);
	arena_destroy(d->arena);
	free(d);
}

const char *dwarf_warning(const struct dwarf_file *d)
{
	return d->warning;
}

/* Takes over dw. */
static struct die *die_wrap(struct dwarf_file *d, Dwarf_Die dw)
{
	Dwarf_Off offset;
	Dwarf_Half tag;
	if (!dw_ok(d, dwarf_dieoffset(dw, &offset, &d->err)) ||
	    !dw_ok(d, dwarf_tag(dw, &tag, &d->err))) {
		dwarf_dealloc_die(dw);
		return NULL;
	}
	struct die *die = d->free_dies;
	if (die)
		d->free_dies = die->next;
	else
		die = xcalloc(1, sizeof(*die));
	die->dw = dw;
	die->offset = offset | (dwarf_get_die_infotypes_flag(dw) ? 0 : TYPES_BIT);
	die->tag = tag;
	return die;
}

void die_free(struct dwarf_file *d, struct die *die)
{
	if (!die)
		return;
	dwarf_dealloc_die(die->dw);
	die->next = d->free_dies;
	d->free_dies = die;
}

uint16_t die_tag(const struct die *die)
{
	return die->tag;
}

uint64_t die_offset(const struct die *die)
{
	return die->offset;
}

/* What a unit's header says; false at the end or at the first broken one. */
static bool next_header(struct dwarf_file *d, struct unit_detail *detail, struct dwarf_unit *unit,
			uint64_t *next)
{
	Dwarf_Unsigned header_len, type_off, next_off;
	Dwarf_Off abbrev_off;
	Dwarf_Half version, address_size, offset_size, extension_size, unit_type;
	Dwarf_Sig8 signature;
	int rc = dwarf_next_cu_header_d(d->dbg, 1, &header_len, &version, &abbrev_off,
					&address_size, &offset_size, &extension_size, &signature,
					&type_off, &next_off, &unit_type, &d->err);
	if (!dw_ok_or_warn(d, rc, "unit header"))
		return false;
	if (next_off <= *next) // cannot be; never loop
		return false;
	detail->header = *next;
	detail->offset_size = offset_size == 8 ? 8 : 4;
	unit->version = version;
	unit->address_size = (uint8_t)address_size;
	unit->end = next_off;
	*next = next_off;
	return true;
}

/* DW_AT_loclists_base, DW_AT_rnglists_base; 0 if there is none. */
static uint64_t list_base(struct dwarf_file *d, const struct die *die, uint16_t attr)
{
	Dwarf_Attribute a;
	Dwarf_Off off;
	if (!dw_attribute(d, die, attr, &a))
		return 0;
	if (!dw_ok(d, dwarf_global_formref(a, &off, &d->err)))
		off = 0;
	dwarf_dealloc_attribute(a);
	return off;
}

static void read_unit_die(struct dwarf_file *d, const struct die *die, struct unit_detail *detail,
			  struct dwarf_unit *unit)
{
	uint64_t v;
	unit->die = die->offset;
	unit->is_partial = die->tag == DW_TAG_partial_unit || die->tag == DW_TAG_type_unit;
	unit->name = die_string(d, die, DW_AT_name);
	unit->comp_dir = die_string(d, die, DW_AT_comp_dir);
	unit->producer = die_string(d, die, DW_AT_producer);
	if (die_uint(d, die, DW_AT_language, &v) == FT_OK)
		unit->dw_lang = (uint16_t)v;
	if (die_address(d, die, DW_AT_low_pc, &v) == FT_OK)
		detail->base = v - d->bias;
	detail->list_base[0] = list_base(d, die, DW_AT_loclists_base);
	detail->list_base[1] = list_base(d, die, DW_AT_rnglists_base);
	if (dw_ranges(d, die, detail, unit->version, &unit->ranges, &unit->n_ranges) != FT_OK)
		unit->n_ranges = 0;
}

static void read_units(struct dwarf_file *d)
{
	size_t cap_units = 0, cap_details = 0;
	uint64_t next = 0;
	for (;;) {
		struct dwarf_unit unit = {0};
		struct unit_detail detail = {0};
		Dwarf_Die dw;
		if (!next_header(d, &detail, &unit, &next))
			return;
		if (!dw_ok_or_warn(d, dwarf_siblingof_b(d->dbg, NULL, 1, &dw, &d->err), "unit"))
			return;
		struct die *die = die_wrap(d, dw);
		if (!die)
			return;
		read_unit_die(d, die, &detail, &unit);
		die_free(d, die);
		d->units = xgrow(d->units, d->n_units, &cap_units, sizeof(unit));
		d->details = xgrow(d->details, d->n_units, &cap_details, sizeof(detail));
		d->units[d->n_units] = unit;
		d->details[d->n_units++] = detail;
	}
}

enum ft_rc dwarf_units(struct dwarf_file *d, const struct dwarf_unit **ret, size_t *ret_n)
{
	if (!d->units_read && d->dbg) {
		d->units_read = true;
		read_units(d);
	}
	if (!d->n_units)
		return FT_NONE;
	*ret = d->units;
	*ret_n = d->n_units;
	return FT_OK;
}

size_t dwarf_unit_of(struct dwarf_file *d, uint64_t offset)
{
	size_t lo = 0, hi = d->n_units;
	if (offset & TYPES_BIT)
		return SIZE_MAX;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (d->units[mid].end <= offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < d->n_units && d->units[lo].die <= offset ? lo : SIZE_MAX;
}

enum ft_rc die_at(struct dwarf_file *d, uint64_t offset, struct die **ret)
{
	Dwarf_Die dw;
	if (!d->dbg)
		return FT_NONE;
	int rc = dwarf_offdie_b(d->dbg, offset & ~TYPES_BIT, !(offset & TYPES_BIT), &dw, &d->err);
	if (!dw_ok(d, rc))
		return FT_NONE;
	struct die *die = die_wrap(d, dw);
	if (!die)
		return FT_NONE;
	*ret = die;
	return FT_OK;
}

enum ft_rc die_child(struct dwarf_file *d, const struct die *die, struct die **ret)
{
	Dwarf_Die dw;
	if (!dw_ok_or_warn(d, dwarf_child(die->dw, &dw, &d->err), "DIE"))
		return FT_NONE;
	struct die *child = die_wrap(d, dw);
	if (!child)
		return FT_NONE;
	*ret = child;
	return FT_OK;
}

enum ft_rc die_sibling(struct dwarf_file *d, const struct die *die, struct die **ret)
{
	Dwarf_Die dw;
	int rc = dwarf_siblingof_b(d->dbg, die->dw, !(die->offset & TYPES_BIT), &dw, &d->err);
	if (!dw_ok_or_warn(d, rc, "DIE"))
		return FT_NONE;
	struct die *sibling = die_wrap(d, dw);
	if (!sibling)
		return FT_NONE;
	if (sibling->offset <= die->offset) { // a DW_AT_sibling that points back
		die_free(d, sibling);
		return FT_NONE;
	}
	*ret = sibling;
	return FT_OK;
}

bool dw_attribute(struct dwarf_file *d, const struct die *die, uint16_t attr, Dwarf_Attribute *ret)
{
	return dw_ok(d, dwarf_attr(die->dw, attr, ret, &d->err));
}

bool die_has(struct dwarf_file *d, const struct die *die, uint16_t attr)
{
	Dwarf_Bool has = 0;
	return dw_ok(d, dwarf_hasattr(die->dw, attr, &has, &d->err)) && has;
}

const char *die_string(struct dwarf_file *d, const struct die *die, uint16_t attr)
{
	Dwarf_Attribute a;
	char *s = NULL;
	if (!dw_attribute(d, die, attr, &a))
		return NULL;
	// The bytes are the section's: nothing to give back, valid until dwarf_finish().
	bool ok = dw_ok(d, dwarf_formstring(a, &s, &d->err));
	dwarf_dealloc_attribute(a);
	return ok ? s : NULL;
}

static bool is_constant(struct dwarf_file *d, Dwarf_Attribute a)
{
	Dwarf_Half form;
	if (!dw_ok(d, dwarf_whatform(a, &form, &d->err)))
		return false;
	return form == DW_FORM_data1 || form == DW_FORM_data2 || form == DW_FORM_data4 ||
	       form == DW_FORM_data8 || form == DW_FORM_sdata || form == DW_FORM_udata ||
	       form == DW_FORM_implicit_const;
}

enum ft_rc die_uint(struct dwarf_file *d, const struct die *die, uint16_t attr, uint64_t *ret)
{
	Dwarf_Attribute a;
	Dwarf_Unsigned v;
	if (!dw_attribute(d, die, attr, &a))
		return FT_NONE;
	bool ok = is_constant(d, a);
	// 20210528 reads an implicit constant only as a signed one.
	if (ok && !dw_ok(d, dwarf_formudata(a, &v, &d->err))) {
		Dwarf_Signed s = -1;
		ok = dw_ok(d, dwarf_formsdata(a, &s, &d->err)) && s >= 0;
		v = (Dwarf_Unsigned)s;
	}
	dwarf_dealloc_attribute(a);
	if (!ok)
		return FT_NONE;
	*ret = v;
	return FT_OK;
}

enum ft_rc die_sint(struct dwarf_file *d, const struct die *die, uint16_t attr, int64_t *ret)
{
	Dwarf_Attribute a;
	Dwarf_Signed v;
	if (!dw_attribute(d, die, attr, &a))
		return FT_NONE;
	bool ok = is_constant(d, a) && dw_ok(d, dwarf_formsdata(a, &v, &d->err));
	dwarf_dealloc_attribute(a);
	if (!ok)
		return FT_NONE;
	*ret = v;
	return FT_OK;
}

bool die_flag(struct dwarf_file *d, const struct die *die, uint16_t attr)
{
	Dwarf_Attribute a;
	Dwarf_Bool v = 0;
	if (!dw_attribute(d, die, attr, &a))
		return false;
	bool ok = dw_ok(d, dwarf_formflag(a, &v, &d->err));
	dwarf_dealloc_attribute(a);
	return ok && v;
}

enum ft_rc die_address(struct dwarf_file *d, const struct die *die, uint16_t attr, uint64_t *ret)
{
	Dwarf_Attribute a;
	Dwarf_Addr v;
	if (!dw_attribute(d, die, attr, &a))
		return FT_NONE;
	bool ok = dw_ok(d, dwarf_formaddr(a, &v, &d->err));
	dwarf_dealloc_attribute(a);
	if (!ok)
		return FT_NONE;
	*ret = v + d->bias;
	return FT_OK;
}

/* DW_FORM_ref_sig8: the type that a type unit defines. */
static bool ref_by_signature(struct dwarf_file *d, Dwarf_Attribute a, uint64_t *ret)
{
	Dwarf_Sig8 signature;
	Dwarf_Die dw;
	Dwarf_Bool is_info;
	if (!dw_ok(d, dwarf_formsig8(a, &signature, &d->err)) ||
	    !dw_ok(d, dwarf_find_die_given_sig8(d->dbg, &signature, &dw, &is_info, &d->err)))
		return false;
	struct die *die = die_wrap(d, dw);
	if (!die)
		return false;
	*ret = die->offset;
	die_free(d, die);
	return true;
}

enum ft_rc die_ref(struct dwarf_file *d, const struct die *die, uint16_t attr, uint64_t *ret_offset)
{
	Dwarf_Attribute a;
	Dwarf_Half form;
	if (!dw_attribute(d, die, attr, &a))
		return FT_NONE;
	uint64_t offset = 0;
	bool ok = dw_ok(d, dwarf_whatform(a, &form, &d->err));
	if (ok && form == DW_FORM_ref_sig8) {
		ok = ref_by_signature(d, a, &offset);
	} else if (ok) {
		Dwarf_Off off;
		ok = form != DW_FORM_sec_offset && !is_constant(d, a) &&
		     dw_ok(d, dwarf_global_formref(a, &off, &d->err));
		if (ok)
			offset = form == DW_FORM_ref_addr ? off : off | (die->offset & TYPES_BIT);
	}
	dwarf_dealloc_attribute(a);
	if (!ok)
		return FT_NONE;
	*ret_offset = offset;
	return FT_OK;
}

/* A block or an exprloc; the bytes are the section's. */
static bool block_bytes(struct dwarf_file *d, Dwarf_Attribute a, Dwarf_Half form, const void **ret,
			uint64_t *ret_len)
{
	if (form == DW_FORM_exprloc) {
		Dwarf_Unsigned len;
		Dwarf_Ptr bytes;
		if (!dw_ok(d, dwarf_formexprloc(a, &len, &bytes, &d->err)))
			return false;
		*ret = bytes;
		*ret_len = len;
		return true;
	}
	Dwarf_Block *block;
	if (!dw_ok(d, dwarf_formblock(a, &block, &d->err)))
		return false;
	*ret = block->bl_data;
	*ret_len = block->bl_len;
	dwarf_dealloc(d->dbg, block, DW_DLA_BLOCK);
	return true;
}

static bool constant_bytes(struct dwarf_file *d, Dwarf_Attribute a, const uint8_t **ret,
			   size_t *ret_len)
{
	Dwarf_Half form;
	const void *bytes;
	uint64_t len;
	if (!dw_ok(d, dwarf_whatform(a, &form, &d->err)))
		return false;
	if (form == DW_FORM_data16) {
		Dwarf_Form_Data16 v;
		if (!dw_ok(d, dwarf_formdata16(a, &v, &d->err)))
			return false;
		*ret = arena_copy(d->arena, &v, sizeof(v));
		*ret_len = sizeof(v);
		return true;
	}
	if (form == DW_FORM_exprloc || form == DW_FORM_block || form == DW_FORM_block1 ||
	    form == DW_FORM_block2 || form == DW_FORM_block4) {
		if (!block_bytes(d, a, form, &bytes, &len))
			return false;
		*ret = bytes;
		*ret_len = len;
		return true;
	}
	char *s;
	if (!dw_ok(d, dwarf_formstring(a, &s, &d->err)))
		return false;
	*ret = (const uint8_t *)s;
	*ret_len = strlen(s);
	return true;
}

enum ft_rc die_block(struct dwarf_file *d, const struct die *die, uint16_t attr,
		     const uint8_t **ret, size_t *ret_len)
{
	Dwarf_Attribute a;
	if (!dw_attribute(d, die, attr, &a))
		return FT_NONE;
	bool ok = constant_bytes(d, a, ret, ret_len);
	dwarf_dealloc_attribute(a);
	return ok ? FT_OK : FT_NONE;
}
