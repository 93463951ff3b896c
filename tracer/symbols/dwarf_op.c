/*
 * dwarf_op.c - the bytes of expressions as operations. libdwarf takes only bytes of sections that
 * it has loaded itself, and lists are read without it.
 */
#include <string.h>

#include "symbols/dwarf_private.h"

static void take_block(struct dw_op_reader *r, struct dw_op *op)
{
	op->block = dw_skip(&r->in, op->a);
}

/* DWARF 5, 7.7.1. False: an operation that is not known, so that what follows cannot be read. */
static bool take_operands(struct dw_op_reader *r, struct dw_op *op)
{
	if ((op->op >= DW_OP_lit0 && op->op <= DW_OP_reg31) ||
	    (op->op >= DW_OP_dup && op->op <= DW_OP_xderef && op->op != DW_OP_pick) ||
	    (op->op >= DW_OP_abs && op->op <= DW_OP_xor && op->op != DW_OP_plus_uconst) ||
	    (op->op >= DW_OP_eq && op->op <= DW_OP_ne))
		return true;
	if (op->op >= DW_OP_breg0 && op->op <= DW_OP_breg31) {
		op->a = dw_take_sleb(&r->in);
		return true;
	}
	switch (op->op) { // a byte of the file, not an enum
	case DW_OP_deref:
	case DW_OP_nop:
	case DW_OP_push_object_address:
	case DW_OP_form_tls_address:
	case DW_OP_call_frame_cfa:
	case DW_OP_stack_value:
	case DW_OP_GNU_push_tls_address:
	case DW_OP_GNU_uninit:
		return true;
	case DW_OP_addr:
	case DW_OP_const8u:
	case DW_OP_const8s:
		op->a = dw_take(&r->in, 8);
		return true;
	case DW_OP_const1u:
	case DW_OP_const1s:
	case DW_OP_pick:
	case DW_OP_deref_size:
	case DW_OP_xderef_size:
		op->a = dw_take(&r->in, 1);
		return true;
	case DW_OP_const2u:
	case DW_OP_const2s:
	case DW_OP_skip:
	case DW_OP_bra:
	case DW_OP_call2:
		op->a = dw_take(&r->in, 2);
		return true;
	case DW_OP_const4u:
	case DW_OP_const4s:
	case DW_OP_call4:
	case DW_OP_GNU_parameter_ref:
		op->a = dw_take(&r->in, 4);
		return true;
	case DW_OP_constu:
	case DW_OP_plus_uconst:
	case DW_OP_regx:
	case DW_OP_piece:
	case DW_OP_addrx:
	case DW_OP_constx:
	case DW_OP_GNU_addr_index:
	case DW_OP_GNU_const_index:
	case DW_OP_convert:
	case DW_OP_GNU_convert:
	case DW_OP_reinterpret:
	case DW_OP_GNU_reinterpret:
		op->a = dw_take_uleb(&r->in);
		return true;
	case DW_OP_consts:
	case DW_OP_fbreg:
		op->a = dw_take_sleb(&r->in);
		return true;
	case DW_OP_bregx:
		op->a = dw_take_uleb(&r->in);
		op->b = dw_take_sleb(&r->in);
		return true;
	case DW_OP_bit_piece:
	case DW_OP_regval_type:
	case DW_OP_GNU_regval_type:
		op->a = dw_take_uleb(&r->in);
		op->b = dw_take_uleb(&r->in);
		return true;
	case DW_OP_deref_type:
	case DW_OP_GNU_deref_type:
	case DW_OP_xderef_type:
		op->a = dw_take(&r->in, 1);
		op->b = dw_take_uleb(&r->in);
		return true;
	case DW_OP_call_ref:
	case DW_OP_GNU_variable_value:
		op->a = dw_take(&r->in, r->offset_size);
		return true;
	case DW_OP_implicit_pointer:
	case DW_OP_GNU_implicit_pointer:
		op->a = dw_take(&r->in, r->version == 2 ? 8 : r->offset_size);
		op->b = dw_take_sleb(&r->in);
		return true;
	case DW_OP_implicit_value:
	case DW_OP_entry_value:
	case DW_OP_GNU_entry_value:
		op->a = dw_take_uleb(&r->in);
		take_block(r, op);
		return true;
	case DW_OP_const_type:
	case DW_OP_GNU_const_type:
		op->b = dw_take_uleb(&r->in);
		op->a = dw_take(&r->in, 1);
		take_block(r, op);
		return true;
	default:
		return false;
	}
}

bool dw_op_next(struct dw_op_reader *r, struct dw_op *ret)
{
	if (r->in.broken || r->in.at == r->in.end)
		return false;
	struct dw_op op = {.off = (uint32_t)(r->in.at - r->begin)};
	op.op = (uint8_t)dw_take(&r->in, 1);
	if (!take_operands(r, &op))
		r->in.broken = true;
	*ret = op;
	return !r->in.broken;
}
