#include <stdlib.h>
#include <string.h>

#include "symbols/dwarf_private.h"

enum { NESTING_MAX = 3 }; // entry values within entry values; DWARF producers use one level

struct range_list {
	struct range *r;
	size_t n, cap;
};

/*
 * Linkers mark the code they dropped with 0, 1 (.debug_ranges, where 0 would end the list), -1 or
 * -2 as its address.
 */
static bool is_tombstone(uint64_t addr)
{
	return addr <= 1 || addr >= UINT64_MAX - 1;
}

static void range_add(struct dwarf_file *d, struct range_list *l, uint64_t lo, uint64_t hi)
{
	if (is_tombstone(lo) || lo >= hi)
		return;
	l->r = xgrow(l->r, l->n, &l->cap, sizeof(*l->r));
	l->r[l->n++] = (struct range){lo + d->bias, hi + d->bias};
}

/* DWARF 2 to 4: .debug_ranges (DWARF 4, 2.17.3). */
static void ranges_old(struct dwarf_file *d, const struct die *die, uint64_t off, uint64_t base,
		       struct range_list *l)
{
	Dwarf_Off real;
	Dwarf_Ranges *r;
	Dwarf_Signed n;
	Dwarf_Unsigned bytes;
	int rc = dwarf_get_ranges_b(d->dbg, off, die->dw, &real, &r, &n, &bytes, &d->err);
	if (!dw_ok_or_warn(d, rc, "address ranges"))
		return;
	for (Dwarf_Signed i = 0; i < n; i++) {
		if (r[i].dwr_type == DW_RANGES_END)
			break;
		if (r[i].dwr_type == DW_RANGES_ADDRESS_SELECTION)
			base = r[i].dwr_addr2;
		else if (!is_tombstone(r[i].dwr_addr1) || (base && r[i].dwr_addr1 <= 1))
			range_add(d, l, base + r[i].dwr_addr1, base + r[i].dwr_addr2);
	}
	dwarf_dealloc_ranges(d->dbg, r, n);
}

/* DWARF 5: .debug_rnglists (DWARF 5, 2.17.3); libdwarf applies the bases. */
static void ranges_new(struct dwarf_file *d, Dwarf_Attribute a, Dwarf_Half form, uint64_t value,
		       struct range_list *l)
{
	Dwarf_Rnglists_Head head;
	Dwarf_Unsigned n, off;
	int rc = dwarf_rnglists_get_rle_head(a, form, value, &head, &n, &off, &d->err);
	if (!dw_ok_or_warn(d, rc, "address ranges"))
		return;
	for (Dwarf_Unsigned i = 0; i < n; i++) {
		unsigned len, kind;
		Dwarf_Unsigned raw1, raw2, lo, hi;
		Dwarf_Bool unavailable = 0;
		rc = dwarf_get_rnglists_entry_fields_a(head, i, &len, &kind, &raw1, &raw2,
						       &unavailable, &lo, &hi, &d->err);
		if (!dw_ok(d, rc) || kind == DW_RLE_end_of_list)
			break;
		if (kind == DW_RLE_base_address || kind == DW_RLE_base_addressx || unavailable)
			continue;
		range_add(d, l, lo, hi);
	}
	dwarf_dealloc_rnglists_head(head);
}

static void ranges_listed(struct dwarf_file *d, const struct die *die,
			  const struct unit_detail *unit, unsigned version, struct range_list *l)
{
	Dwarf_Attribute a;
	Dwarf_Half form;
	Dwarf_Unsigned value;
	if (!dw_attribute(d, die, DW_AT_ranges, &a))
		return;
	if (dw_ok(d, dwarf_whatform(a, &form, &d->err))) {
		bool ok = dw_list_is_sound(d, unit, a, form,
					   version >= 5 ? LIST_RNGLISTS : LIST_RANGES);
		if (!ok)
			value = 0;
		else if (form == DW_FORM_rnglistx || form == DW_FORM_data4 || form == DW_FORM_data8)
			ok = dw_ok(d, dwarf_formudata(a, &value, &d->err));
		else
			ok = dw_ok(d, dwarf_global_formref(a, &value, &d->err));
		if (ok && version >= 5)
			ranges_new(d, a, form, value, l);
		else if (ok)
			ranges_old(d, die, value, unit->base, l);
	}
	dwarf_dealloc_attribute(a);
}

static void range_contiguous(struct dwarf_file *d, const struct die *die, struct range_list *l)
{
	Dwarf_Addr high;
	Dwarf_Half form;
	enum Dwarf_Form_Class form_class;
	uint64_t low;
	if (die_address(d, die, DW_AT_low_pc, &low) != FT_OK ||
	    !dw_ok(d, dwarf_highpc_b(die->dw, &high, &form, &form_class, &d->err)))
		return;
	low -= d->bias;
	if (form_class == DW_FORM_CLASS_CONSTANT)
		high += low;
	range_add(d, l, low, high);
}

enum ft_rc dw_ranges(struct dwarf_file *d, const struct die *die, const struct unit_detail *unit,
		     unsigned version, struct range **ret, size_t *ret_n)
{
	struct range_list l = {0};
	if (die_has(d, die, DW_AT_ranges))
		ranges_listed(d, die, unit, version, &l);
	else if (die_has(d, die, DW_AT_high_pc))
		range_contiguous(d, die, &l);
	if (!l.n) {
		free(l.r);
		return FT_NONE;
	}
	*ret = l.r;
	*ret_n = l.n;
	return FT_OK;
}

enum ft_rc die_ranges(struct dwarf_file *d, const struct die *die, struct range **ret,
		      size_t *ret_n)
{
	size_t unit = dwarf_unit_of(d, die->offset);
	if (unit == SIZE_MAX)
		return FT_NONE;
	return dw_ranges(d, die, &d->details[unit], d->units[unit].version, ret, ret_n);
}

/* Where an expression stands: what its operands refer to. */
struct expr_scope {
	size_t unit; // SIZE_MAX: none (call frame information)
	unsigned nesting;
};

static bool decode_bytes(struct dwarf_file *d, const struct expr_scope *at, const void *bytes,
			 uint64_t len, const struct dw_op **ret, size_t *ret_n);

/* DWARF 5, section 2.5.1.2: an index into .debug_addr. */
static bool indexed_address(struct dwarf_file *d, size_t unit, uint64_t index, uint64_t *ret)
{
	struct die *die;
	Dwarf_Addr addr;
	if (unit == SIZE_MAX || die_at(d, d->units[unit].die, &die) != FT_OK)
		return false;
	bool ok = dw_ok(d, dwarf_debug_addr_index_to_addr(die->dw, index, &addr, &d->err));
	die_free(d, die);
	if (ok)
		*ret = addr;
	return ok;
}

/* A type operand is an offset within the unit; 0 is the generic type (DWARF 5, 2.5.1.6). */
static void base_type(struct dwarf_file *d, size_t unit, struct dw_op *op, uint64_t *operand)
{
	struct die *die;
	uint64_t v;
	if (!*operand || unit == SIZE_MAX)
		return;
	*operand += d->details[unit].header;
	if (die_at(d, *operand, &die) != FT_OK)
		return;
	if (die_uint(d, die, DW_AT_byte_size, &v) == FT_OK && v <= UINT8_MAX)
		op->type_size = (uint8_t)v;
	if (die_uint(d, die, DW_AT_encoding, &v) == FT_OK && v <= UINT8_MAX)
		op->type_encoding = (uint8_t)v;
	die_free(d, die);
}

/* An operand of libdwarf's that is a pointer: into a section, valid until dwarf_finish(). */
static const uint8_t *operand_bytes(uint64_t pointer)
{
	const void *p;
	uintptr_t bits = (uintptr_t)pointer;
	memcpy(&p, &bits, sizeof(p));
	return p;
}

/* Blocks: implicit values, entry values, typed constants. False: broken. */
static bool decode_block(struct dwarf_file *d, const struct expr_scope *at, uint64_t third,
			 struct dw_op *op)
{
	uint64_t pointer = op->b;
	if (op->op == DW_OP_const_type || op->op == DW_OP_GNU_const_type) {
		uint64_t type = op->a;
		op->a = op->b;
		op->b = type;
		base_type(d, at->unit, op, &op->b);
		pointer = third;
	} else {
		op->b = 0;
	}
	op->block = operand_bytes(pointer);
	if (!op->block)
		return false;
	if (op->op == DW_OP_entry_value || op->op == DW_OP_GNU_entry_value) {
		struct expr_scope inner = {at->unit, at->nesting + 1};
		return decode_bytes(d, &inner, op->block, op->a, &op->sub, &op->n_sub);
	}
	return true;
}

/* Makes one operation of what libdwarf gives. False: broken. */
static bool decode_operands(struct dwarf_file *d, const struct expr_scope *at, uint64_t third,
			    struct dw_op *op)
{
	switch (op->op) {
	case DW_OP_addr:
		op->a += d->bias;
		return true;
	case DW_OP_addrx:
	case DW_OP_GNU_addr_index:
		op->op = DW_OP_addr;
		if (!indexed_address(d, at->unit, op->a, &op->a))
			return false;
		op->a += d->bias;
		return true;
	case DW_OP_constx:
	case DW_OP_GNU_const_index:
		op->op = DW_OP_const8u;
		return indexed_address(d, at->unit, op->a, &op->a);
	case DW_OP_const1s:
		op->a = (uint64_t)(int8_t)op->a;
		return true;
	case DW_OP_const2s:
	case DW_OP_skip:
	case DW_OP_bra:
		op->a = (uint64_t)(int16_t)op->a;
		return true;
	case DW_OP_const4s:
		op->a = (uint64_t)(int32_t)op->a;
		return true;
	case DW_OP_implicit_value:
	case DW_OP_entry_value:
	case DW_OP_GNU_entry_value:
	case DW_OP_const_type:
	case DW_OP_GNU_const_type:
		return decode_block(d, at, third, op);
	case DW_OP_convert:
	case DW_OP_GNU_convert:
	case DW_OP_reinterpret:
	case DW_OP_GNU_reinterpret:
		base_type(d, at->unit, op, &op->a);
		return true;
	case DW_OP_regval_type:
	case DW_OP_GNU_regval_type:
	case DW_OP_deref_type:
	case DW_OP_GNU_deref_type:
		base_type(d, at->unit, op, &op->b);
		return true;
	default: // an opcode, not an enum: everything else has plain numbers as operands
		return true;
	}
}

/* A thread-local variable's "address" is an offset in its block: no bias (DWARF 5, 2.5.1.3). */
static void unbias_tls(struct dwarf_file *d, struct dw_op *ops, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if ((ops[i].op == DW_OP_form_tls_address ||
		     ops[i].op == DW_OP_GNU_push_tls_address) &&
		    ops[i - 1].op == DW_OP_addr) {
			ops[i - 1].op = DW_OP_const8u;
			ops[i - 1].a -= d->bias;
		}
}

static bool decode_ops(struct dwarf_file *d, const struct expr_scope *at, Dwarf_Locdesc_c desc,
		       uint64_t n, const struct dw_op **ret, size_t *ret_n)
{
	struct dw_op *ops = arena_array(d->arena, n, sizeof(*ops));
	for (uint64_t i = 0; i < n; i++) {
		Dwarf_Small code;
		Dwarf_Unsigned a = 0, b = 0, c = 0, off = 0;
		int rc = dwarf_get_location_op_value_c(desc, i, &code, &a, &b, &c, &off, &d->err);
		if (!dw_ok(d, rc))
			return false;
		ops[i] = (struct dw_op){.op = code, .a = a, .b = b, .off = (uint32_t)off};
		if (!decode_operands(d, at, c, &ops[i]))
			return false;
	}
	unbias_tls(d, ops, n);
	*ret = ops;
	*ret_n = n;
	return true;
}

/* One entry of a location, as libdwarf has it. */
struct raw_entry {
	Dwarf_Small kind, source;
	Dwarf_Bool unavailable;
	Dwarf_Addr lo, hi;
	Dwarf_Unsigned n_ops;
	Dwarf_Locdesc_c desc;
};

static bool raw_entry_get(struct dwarf_file *d, Dwarf_Loc_Head_c head, uint64_t i,
			  struct raw_entry *ret)
{
	Dwarf_Unsigned raw_lo, raw_hi, expr_off, desc_off;
	struct raw_entry e = {0};
	int rc = dwarf_get_locdesc_entry_d(head, i, &e.kind, &raw_lo, &raw_hi, &e.unavailable,
					   &e.lo, &e.hi, &e.n_ops, &e.desc, &e.source, &expr_off,
					   &desc_off, &d->err);
	if (!dw_ok(d, rc))
		return false;
	*ret = e;
	return true;
}

/* libdwarf takes only bytes that lie in one of its sections. */
static bool decode_bytes(struct dwarf_file *d, const struct expr_scope *at, const void *bytes,
			 uint64_t len, const struct dw_op **ret, size_t *ret_n)
{
	Dwarf_Loc_Head_c head;
	Dwarf_Unsigned n;
	struct raw_entry e;
	unsigned version = 5, offset_size = 4;
	if (at->nesting > NESTING_MAX)
		return false;
	if (at->unit != SIZE_MAX) {
		version = d->units[at->unit].version;
		offset_size = d->details[at->unit].offset_size;
	}
	// libdwarf does not write through it, whatever the type says.
	Dwarf_Ptr p;
	memcpy(&p, &bytes, sizeof(p));
	int rc = dwarf_loclist_from_expr_c(d->dbg, p, len, 8, (Dwarf_Half)offset_size,
					   (Dwarf_Small)version, &head, &n, &d->err);
	if (!dw_ok(d, rc))
		return false;
	bool ok = n == 1 && raw_entry_get(d, head, 0, &e) &&
		  decode_ops(d, at, e.desc, e.n_ops, ret, ret_n);
	dwarf_dealloc_loc_head_c(head);
	return ok;
}

bool dw_expression(struct dwarf_file *d, size_t unit, const void *bytes, uint64_t len,
		   const struct dw_op **ret, size_t *ret_n)
{
	struct expr_scope at = {unit, 0};
	return decode_bytes(d, &at, bytes, len, ret, ret_n);
}

/* Fills one entry; false: it is not one (base address, end of list, broken). */
static bool entry_of(struct dwarf_file *d, const struct expr_scope *at, const struct raw_entry *raw,
		     struct location_entry *ret)
{
	struct location_entry e = {.lo = 0, .hi = UINT64_MAX};
	if (raw->source != 0 && raw->kind != DW_LLE_default_location) {
		if (raw->kind == DW_LLE_end_of_list || raw->kind == DW_LLE_base_address ||
		    raw->kind == DW_LLE_base_addressx || raw->unavailable || raw->lo > raw->hi)
			return false;
		e.lo = raw->lo + d->bias;
		e.hi = raw->hi + d->bias;
	}
	if (raw->n_ops && !decode_ops(d, at, raw->desc, raw->n_ops, &e.ops, &e.n_ops))
		return false;
	*ret = e;
	return true;
}

static void read_location(struct dwarf_file *d, size_t unit, Dwarf_Attribute a,
			  struct location *ret)
{
	Dwarf_Loc_Head_c head;
	Dwarf_Unsigned n;
	struct expr_scope at = {unit, 0};
	struct location_entry fallback;
	bool has_fallback = false;
	if (!dw_ok(d, dwarf_get_loclist_c(a, &head, &n, &d->err)))
		return;
	struct location_entry *e = arena_array(d->arena, n + 1, sizeof(*e));
	for (Dwarf_Unsigned i = 0; i < n; i++) {
		struct raw_entry raw;
		if (!raw_entry_get(d, head, i, &raw))
			break;
		if (!entry_of(d, &at, &raw, &e[ret->n]))
			continue;
		if (raw.source != 0 && raw.kind == DW_LLE_default_location) {
			fallback = e[ret->n];
			has_fallback = true;
		} else {
			ret->n++;
		}
	}
	if (has_fallback) // valid where no other entry is: the last one to be looked at
		e[ret->n++] = fallback;
	if (ret->n)
		ret->e = e;
	dwarf_dealloc_loc_head_c(head);
}

static bool is_list_form(Dwarf_Half form, unsigned version)
{
	return form == DW_FORM_sec_offset || form == DW_FORM_loclistx ||
	       (version < 4 && (form == DW_FORM_data4 || form == DW_FORM_data8));
}

/* Whether a form can hold a location; constants are something else (a member's offset). */
static bool is_location_form(Dwarf_Half form, unsigned version)
{
	return form == DW_FORM_exprloc || form == DW_FORM_block || form == DW_FORM_block1 ||
	       form == DW_FORM_block2 || form == DW_FORM_block4 || is_list_form(form, version);
}

void die_location(struct dwarf_file *d, const struct die *die, uint16_t attr, struct location *ret)
{
	Dwarf_Attribute a;
	Dwarf_Half form;
	size_t unit = dwarf_unit_of(d, die->offset);
	*ret = (struct location){0};
	if (!dw_attribute(d, die, attr, &a))
		return;
	unsigned version = unit == SIZE_MAX ? 4 : d->units[unit].version;
	const struct unit_detail *detail = unit == SIZE_MAX ? NULL : &d->details[unit];
	if (dw_ok(d, dwarf_whatform(a, &form, &d->err)) && is_location_form(form, version) &&
	    (!is_list_form(form, version) ||
	     dw_list_is_sound(d, detail, a, form, version >= 5 ? LIST_LOCLISTS : LIST_LOC)))
		read_location(d, unit, a, ret);
	dwarf_dealloc_attribute(a);
}
