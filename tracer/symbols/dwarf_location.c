#include <stdlib.h>
#include <string.h>

#include "symbols/dwarf_private.h"

enum {
	NESTING_MAX = 3,	  // entry values within entry values; DWARF producers use one level
	EXPRESSION_MAX = 1 << 16, // bytes; longer ones are broken
	ENTRIES_MAX = 1 << 16,	  // of one list
};

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

static void ranges_listed(struct dwarf_file *d, const struct die *die,
			  const struct unit_detail *unit, unsigned version, struct range_list *l)
{
	Dwarf_Attribute a;
	Dwarf_Half form;
	struct list list;
	struct list_entry e;
	if (!dw_attribute(d, die, DW_AT_ranges, &a))
		return;
	if (dw_ok(die->source, dwarf_whatform(a, &form, &die->source->err)) &&
	    dw_list_open(d, unit, version, LIST_RANGES, die, a, form, &list)) {
		while (dw_list_next(&list, &e))
			range_add(d, l, e.lo, e.hi);
		if (list.in.broken)
			dw_warn(d, "%s: a list of address ranges is broken", unit->source->path);
	}
	dwarf_dealloc_attribute(a);
}

static void range_contiguous(struct dwarf_file *d, const struct die *die, struct range_list *l)
{
	uint64_t low, high, len;
	if (die_address(d, die, DW_AT_low_pc, &low) != FT_OK)
		return;
	low -= d->bias;
	if (die_uint(d, die, DW_AT_high_pc, &len) == FT_OK)
		high = low + len;
	else if (die_address(d, die, DW_AT_high_pc, &high) == FT_OK)
		high -= d->bias;
	else
		return;
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
	return unit != SIZE_MAX && dw_indexed_address(d, &d->details[unit], index, ret);
}

/* __float128 has long double's size and encoding, but other bits. */
static bool is_binary128(struct dwarf_file *d, const struct die *die)
{
	const char *name = die_string(d, die, DW_AT_name);
	return name && (strcmp(name, "__float128") == 0 || strcmp(name, "_Float128") == 0);
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
	if (die_uint(d, die, DW_AT_encoding, &v) == FT_OK && v <= UINT8_MAX &&
	    !is_binary128(d, die))
		op->type_encoding = (uint8_t)v;
	die_free(d, die);
}

/* Blocks: implicit values, entry values, typed constants. False: broken. */
static bool decode_block(struct dwarf_file *d, const struct expr_scope *at, struct dw_op *op)
{
	if (op->op == DW_OP_const_type || op->op == DW_OP_GNU_const_type)
		base_type(d, at->unit, op, &op->b);
	if (!op->block)
		return false;
	if (op->op == DW_OP_entry_value || op->op == DW_OP_GNU_entry_value) {
		struct expr_scope inner = {at->unit, at->nesting + 1};
		return decode_bytes(d, &inner, op->block, op->a, &op->sub, &op->n_sub);
	}
	return true;
}

/* Resolves what the operands refer to. False: broken. */
static bool decode_operands(struct dwarf_file *d, const struct expr_scope *at, struct dw_op *op)
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
		return decode_block(d, at, op);
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
	case DW_OP_call2:
	case DW_OP_call4:
	case DW_OP_GNU_parameter_ref: // these are offsets within the unit, the others global
		if (at->unit != SIZE_MAX)
			op->a += d->details[at->unit].header;
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

static bool decode_bytes(struct dwarf_file *d, const struct expr_scope *at, const void *bytes,
			 uint64_t len, const struct dw_op **ret, size_t *ret_n)
{
	const uint8_t *from = bytes;
	struct dw_op_reader r = {from, {from, from + len, false}, 5, 4};
	struct dw_op op, *ops;
	size_t n = 0, i = 0;
	if (at->nesting > NESTING_MAX || len > EXPRESSION_MAX)
		return false;
	if (at->unit != SIZE_MAX) {
		r.version = d->units[at->unit].version;
		r.offset_size = d->details[at->unit].offset_size;
	}
	struct dw_op_reader count = r;
	while (dw_op_next(&count, &op))
		n++;
	if (count.in.broken)
		return false;
	ops = arena_array(d->arena, n, sizeof(*ops));
	while (dw_op_next(&r, &ops[i]))
		if (!decode_operands(d, at, &ops[i++]))
			return false;
	unbias_tls(d, ops, n);
	*ret = ops;
	*ret_n = n;
	return true;
}

bool dw_expression(struct dwarf_file *d, size_t unit, const void *bytes, uint64_t len,
		   const struct dw_op **ret, size_t *ret_n)
{
	struct expr_scope at = {unit, 0};
	return decode_bytes(d, &at, bytes, len, ret, ret_n);
}

/* An expression for all pcs. */
static void read_single(struct dwarf_file *d, const struct expr_scope *at, const struct die *die,
			uint16_t attr, struct location *ret)
{
	const uint8_t *bytes;
	size_t len;
	ret->broken = true;
	if (die_block(d, die, attr, &bytes, &len) != FT_OK)
		return;
	struct location_entry *e = arena_alloc(d->arena, sizeof(*e));
	e->hi = UINT64_MAX;
	if (!decode_bytes(d, at, bytes, len, &e->ops, &e->n_ops))
		return;
	*ret = (struct location){.n = 1, .e = e};
}

struct entry_list {
	struct location_entry *e;
	size_t n, cap;
};

/* False: its expression cannot be read. */
static bool add_entry(struct dwarf_file *d, const struct expr_scope *at,
		      const struct list_entry *raw, struct entry_list *l)
{
	struct location_entry e = {.lo = 0, .hi = UINT64_MAX};
	if (!raw->is_default) {
		if (raw->lo > raw->hi)
			return true;
		e.lo = raw->lo + d->bias;
		e.hi = raw->hi + d->bias;
	}
	if (raw->len && !decode_bytes(d, at, raw->expr, raw->len, &e.ops, &e.n_ops))
		return false;
	l->e = xgrow(l->e, l->n, &l->cap, sizeof(*l->e));
	l->e[l->n++] = e;
	return true;
}

static void read_list(struct dwarf_file *d, const struct expr_scope *at, struct list *list,
		      struct location *ret)
{
	struct entry_list l = {0};
	struct list_entry raw, fallback = {0};
	while (l.n < ENTRIES_MAX && dw_list_next(list, &raw)) {
		if (raw.is_default)
			fallback = raw;
		else if (!add_entry(d, at, &raw, &l))
			ret->broken = true;
	}
	// valid where no other entry is: the last one to be looked at
	if (fallback.is_default && !add_entry(d, at, &fallback, &l))
		ret->broken = true;
	ret->broken |= list->in.broken;
	ret->n = l.n;
	if (l.n)
		ret->e = arena_copy(d->arena, l.e, l.n * sizeof(*l.e));
	free(l.e);
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
	struct list list;
	struct expr_scope at = {dwarf_unit_of(d, die->offset), 0};
	*ret = (struct location){0};
	if (at.unit == SIZE_MAX || !dw_attribute(d, die, attr, &a))
		return;
	unsigned version = d->units[at.unit].version;
	bool ok = dw_ok(die->source, dwarf_whatform(a, &form, &die->source->err)) &&
		  is_location_form(form, version);
	bool is_list = ok && is_list_form(form, version);
	if (is_list &&
	    dw_list_open(d, &d->details[at.unit], version, LIST_LOCATIONS, die, a, form, &list))
		read_list(d, &at, &list, ret);
	else
		ret->broken = is_list;
	dwarf_dealloc_attribute(a);
	if (ok && !is_list)
		read_single(d, &at, die, attr, ret);
}
