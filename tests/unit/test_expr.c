/*
 * test_expr.c - the DWARF stack machine on fake registers and memory; reading what a place holds.
 */
#include "test.h"

#include <math.h>

#include "unwind/dw_op.h"
#include "unwind/expr.h"

enum { AT = 0x1000 }; // of the memory below

static const uint8_t bytes[32] = {
	0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x08, 0x10, 0,	  0,	0,
	0,    0,    0,	  0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa,
};

static size_t read_bytes(void *ctx, uint64_t addr, void *buf, size_t len)
{
	(void)ctx;
	if (addr < AT || addr - AT >= sizeof(bytes))
		return 0;
	size_t left = sizeof(bytes) - (addr - AT);
	len = len < left ? len : left;
	memcpy(buf, bytes + (addr - AT), len);
	return len;
}

static const struct memory memory = {.read = read_bytes};

static const struct regs regs = {
	.r = {[ARCH_RAX] = 0x1122334455667788,
	      [ARCH_RDX] = 0xaabbccdd,
	      [ARCH_RBP] = AT,
	      [ARCH_RSP] = AT - 8,
	      [ARCH_R15] = 15,
	      [ARCH_RIP] = 0x401000},
	.eflags = 0x246,
	.fs_base = 0x7f0000000740,
};
static const struct regs entry = {.r = {[ARCH_RDI] = 48, [ARCH_RSI] = AT}};

static const struct expr_context full = {
	.regs = &regs,
	.known = (1u << ARCH_GENERAL) - 1,
	.memory = &memory,
	.has_cfa = true,
	.cfa = 0x7ffe0010,
	.has_frame_base = true,
	.frame_base = 0x7ffe0000,
	.has_object = true,
	.object = 0x5000,
	.entry_regs = &entry,
	.entry_known = 1u << ARCH_RDI | 1u << ARCH_RSI,
};

#define OP(...) ((struct dw_op){__VA_ARGS__})

/* Each array of operations gets the offsets of one-byte operations, which only jumps look at. */
static void number(struct dw_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!ops[i].off)
			ops[i].off = (uint32_t)i;
}

#define EVAL(ctx, ...)                                                                             \
	struct dw_op ops[] = {__VA_ARGS__};                                                        \
	struct expr_storage storage;                                                               \
	struct place p;                                                                            \
	number(ops, FT_COUNT(ops));                                                                \
	expr_eval(ops, FT_COUNT(ops), ctx, &storage, &p)

/* The expression leaves this number on the stack. */
#define CHECK_TOP(want, ...)                                                                       \
	do {                                                                                       \
		EVAL(&full, __VA_ARGS__);                                                          \
		CHECK_EQ_S(p.why, NULL);                                                           \
		CHECK_EQ_U(p.kind, PLACE_MEMORY);                                                  \
		CHECK_EQ_U(p.address, want);                                                       \
	} while (0)

#define CHECK_NOWHERE(ctx, want, ...)                                                              \
	do {                                                                                       \
		EVAL(ctx, __VA_ARGS__);                                                            \
		CHECK_EQ_U(p.kind, PLACE_NONE);                                                    \
		CHECK_EQ_S(p.why, want);                                                           \
	} while (0)

#define U(v) OP(.op = DW_OP_constu, .a = (uint64_t)(v))
#define O(name) OP(.op = DW_OP_##name)
#define BINARY(want, a, b, name) CHECK_TOP(want, U(a), U(b), O(name))

TEST(constants)
{
	CHECK_TOP(0, OP(.op = DW_OP_lit0));
	CHECK_TOP(31, OP(.op = DW_OP_lit31));
	CHECK_TOP(0x401136, OP(.op = DW_OP_addr, .a = 0x401136));
	CHECK_TOP(255, OP(.op = DW_OP_const1u, .a = 255));
	CHECK_TOP(-1, OP(.op = DW_OP_const1s, .a = 255));
	CHECK_TOP(-1, OP(.op = DW_OP_const1s, .a = UINT64_MAX)); // extended by the reader or not
	CHECK_TOP(0xffff, OP(.op = DW_OP_const2u, .a = 0xffff));
	CHECK_TOP(-2, OP(.op = DW_OP_const2s, .a = 0xfffe));
	CHECK_TOP(0xffffffff, OP(.op = DW_OP_const4u, .a = 0xffffffff));
	CHECK_TOP(-1, OP(.op = DW_OP_const4s, .a = 0xffffffff));
	CHECK_TOP(UINT64_MAX, OP(.op = DW_OP_const8u, .a = UINT64_MAX));
	CHECK_TOP(-5, OP(.op = DW_OP_const8s, .a = (uint64_t)-5));
	CHECK_TOP(-5, OP(.op = DW_OP_consts, .a = (uint64_t)-5));
	CHECK_TOP(7, OP(.op = DW_OP_addrx, .a = 7));
	CHECK_TOP(7, OP(.op = DW_OP_constx, .a = 7));
	CHECK_TOP(7, OP(.op = DW_OP_GNU_addr_index, .a = 7));
	CHECK_TOP(7, OP(.op = DW_OP_GNU_const_index, .a = 7));
}

TEST(stack_operations)
{
	CHECK_TOP(2, U(1), U(2), O(dup));
	CHECK_TOP(4, U(1), U(2), O(dup), O(plus));
	CHECK_TOP(1, U(1), U(2), O(drop));
	CHECK_TOP(1, U(1), U(2), O(over));
	CHECK_TOP(1, U(1), U(2), U(3), OP(.op = DW_OP_pick, .a = 2));
	CHECK_TOP(3, U(1), U(2), U(3), OP(.op = DW_OP_pick, .a = 0));
	CHECK_TOP(1, U(1), U(2), O(swap));
	CHECK_TOP(2, U(1), U(2), O(swap), O(drop));
	CHECK_TOP(2, U(1), U(2), U(3), O(rot)); // 3 goes below the other two
	CHECK_TOP(1, U(1), U(2), U(3), O(rot), O(drop));
	CHECK_TOP(3, U(1), U(2), U(3), O(rot), O(drop), O(drop));
	CHECK_TOP(9, U(9), O(nop), O(GNU_uninit));
}

TEST(arithmetic_is_64_bits)
{
	BINARY(0x0c, 0xfc, 0x0f, and);
	BINARY(0xff, 0xf0, 0x0f, or);
	BINARY(0xf3, 0xfc, 0x0f, xor);
	BINARY(7, 3, 4, plus);
	BINARY(0, UINT64_MAX, 1, plus);
	BINARY(-1, 3, 4, minus);
	BINARY(12, 3, 4, mul);
	CHECK_TOP(10, U(3), OP(.op = DW_OP_plus_uconst, .a = 7));
	CHECK_TOP(5, U(-5), O(abs));
	CHECK_TOP(INT64_MIN, U(INT64_MIN), O(abs));
	CHECK_TOP(-5, U(5), O(neg));
	CHECK_TOP(-6, U(5), OP(.op = DW_OP_not));
}

TEST(signs)
{
	BINARY(-3, -7, 2, div); // signed, towards zero
	BINARY(INT64_MIN, INT64_MIN, -1, div);
	BINARY(1, UINT64_MAX, 2, mod); // unsigned
	BINARY(0x10, 1, 4, shl);
	BINARY(0, 1, 64, shl);
	BINARY(0, 1, UINT64_MAX, shl);
	BINARY(0x0fffffffffffffff, -1, 4, shr);
	BINARY(0, -1, 64, shr);
	BINARY(-1, -16, 4, shra);
	BINARY(-1, -16, 1000, shra);
	BINARY(0, 16, 1000, shra);
	BINARY(1, -1, 1, lt); // comparisons are signed
	BINARY(1, -1, -1, le);
	BINARY(0, -1, 1, gt);
	BINARY(1, -1, -1, ge);
	BINARY(0, -1, 1, ge);
	BINARY(1, 5, 5, eq);
	BINARY(1, 5, 6, ne);
	BINARY(0, 5, 5, lt);
	BINARY(0, 5, 5, gt);
}

TEST(registers_and_frame)
{
	CHECK_TOP(AT - 16, OP(.op = DW_OP_breg0 + ARCH_RBP, .a = (uint64_t)-16));
	CHECK_TOP(AT, OP(.op = DW_OP_bregx, .a = ARCH_RSP, .b = 8));
	CHECK_TOP(0x7f0000000000, OP(.op = DW_OP_bregx, .a = 58, .b = (uint64_t)-0x740));
	CHECK_TOP(0x7ffdfff0, OP(.op = DW_OP_fbreg, .a = (uint64_t)-16));
	CHECK_TOP(0x7ffe0010, O(call_frame_cfa));
	CHECK_TOP(0x5000, O(push_object_address));
	struct expr_context cfi = full;
	cfi.push_object = true;
	cfi.object = 0x9000;
	EVAL(&cfi, OP(.op = DW_OP_lit0 + 16), O(minus));
	CHECK_EQ_U(p.address, 0x8ff0);
}

TEST(dereferences)
{
	CHECK_TOP(-8, U(AT), O(deref));
	CHECK_TOP(0xf8, U(AT), OP(.op = DW_OP_deref_size, .a = 1));
	CHECK_TOP(0xfff8, U(AT), OP(.op = DW_OP_deref_size, .a = 2));
	CHECK_TOP(0xfffff8, U(AT), OP(.op = DW_OP_deref_size, .a = 3));
	CHECK_TOP(0x332211, U(AT + 8), O(deref), OP(.op = DW_OP_plus_uconst, .a = 8),
		  OP(.op = DW_OP_deref_size, .a = 3));
	CHECK_NOWHERE(&full, "bad expression", U(AT), OP(.op = DW_OP_deref_size, .a = 9));
	CHECK_NOWHERE(&full, "bad expression", U(AT), OP(.op = DW_OP_deref_size, .a = 0));
	CHECK_NOWHERE(&full, "memory at 0x5000 not readable", U(0x5000), O(deref));
	CHECK_NOWHERE(&full, "memory at 0x101a not readable", U(AT + 26), O(deref), O(drop),
		      O(deref));
}

TEST(jumps)
{
	CHECK_TOP(1, OP(.op = DW_OP_lit0 + 1, .off = 10), OP(.op = DW_OP_skip, .a = 1, .off = 11),
		  OP(.op = DW_OP_lit0 + 2, .off = 14), OP(.op = DW_OP_nop, .off = 15));
	CHECK_TOP(1, OP(.op = DW_OP_lit0 + 1, .off = 10), OP(.op = DW_OP_skip, .a = 2, .off = 11),
		  OP(.op = DW_OP_lit0 + 2, .off = 14),
		  OP(.op = DW_OP_nop, .off = 15)); // to its end
	CHECK_TOP(2, OP(.op = DW_OP_lit0 + 2, .off = 1), OP(.op = DW_OP_lit0, .off = 2),
		  OP(.op = DW_OP_bra, .a = (uint64_t)-5, .off = 3), OP(.op = DW_OP_nop, .off = 6));
	// 5, then down to 0 by a loop, leaving what lies below
	CHECK_TOP(7, OP(.op = DW_OP_lit0 + 7, .off = 1), OP(.op = DW_OP_lit0 + 5, .off = 2),
		  OP(.op = DW_OP_lit0 + 1, .off = 3), OP(.op = DW_OP_minus, .off = 4),
		  OP(.op = DW_OP_dup, .off = 5), OP(.op = DW_OP_bra, .a = 0xfffa, .off = 6),
		  OP(.op = DW_OP_plus, .off = 9));
	CHECK_NOWHERE(&full, "bad expression", OP(.op = DW_OP_skip, .a = (uint64_t)-100, .off = 5),
		      OP(.op = DW_OP_lit0, .off = 8));
	CHECK_NOWHERE(&full, "bad expression", OP(.op = DW_OP_skip, .a = 1, .off = 5),
		      OP(.op = DW_OP_const8u, .off = 8), OP(.op = DW_OP_lit0, .off = 17));
	CHECK_NOWHERE(&full, "expression does not end",
		      OP(.op = DW_OP_skip, .a = (uint64_t)-3, .off = 5));
	CHECK_NOWHERE(&full, "bad expression", OP(.op = DW_OP_lit0, .off = 4),
		      OP(.op = DW_OP_skip, .a = (uint64_t)-4, .off = 5)); // pushes for ever
}

TEST(the_stack_has_ends)
{
	static const uint8_t binary[] = {DW_OP_swap, DW_OP_plus, DW_OP_over, DW_OP_eq, DW_OP_shl};
	static const uint8_t unary[] = {
		DW_OP_drop,	   DW_OP_dup,	      DW_OP_deref,	DW_OP_neg, DW_OP_bra,
		DW_OP_plus_uconst, DW_OP_stack_value, DW_OP_deref_size, DW_OP_abs, DW_OP_not};

	for (size_t i = 0; i < FT_COUNT(binary); i++) {
		CHECK_NOWHERE(&full, "bad expression", OP(.op = binary[i]));
		CHECK_NOWHERE(&full, "bad expression", U(1), OP(.op = binary[i]));
	}
	for (size_t i = 0; i < FT_COUNT(unary); i++)
		CHECK_NOWHERE(&full, "bad expression", OP(.op = unary[i], .a = 1));
	CHECK_NOWHERE(&full, "bad expression", U(1), U(2), O(rot));
	CHECK_NOWHERE(&full, "bad expression", U(1), OP(.op = DW_OP_pick, .a = 1));
	CHECK_NOWHERE(&full, "bad expression", U(1), OP(.op = DW_OP_pick, .a = UINT64_MAX));
	struct dw_op many[EXPR_STACK + 1];
	struct expr_storage storage;
	struct place p;
	for (size_t i = 0; i < FT_COUNT(many); i++)
		many[i] = OP(.op = DW_OP_lit0 + 3);
	expr_eval(many, EXPR_STACK, &full, &storage, &p);
	CHECK_EQ_U(p.kind, PLACE_MEMORY);
	expr_eval(many, EXPR_STACK + 1, &full, &storage, &p);
	CHECK_EQ_U(p.kind, PLACE_NONE);
}

TEST(what_is_not_known)
{
	struct expr_context little = {.regs = &regs, .known = 1u << ARCH_RSP};

	CHECK_NOWHERE(&little, "register rbx not known here", OP(.op = DW_OP_breg0 + ARCH_RBX));
	CHECK_NOWHERE(&little, "register rbx not known here", OP(.op = DW_OP_reg0 + ARCH_RBX));
	CHECK_NOWHERE(&little, "register xmm0 not known here", OP(.op = DW_OP_reg0 + ARCH_XMM0));
	CHECK_NOWHERE(&little, "register st0 not known here", OP(.op = DW_OP_regx, .a = 33));
	CHECK_NOWHERE(&full, "register mm0 not known here", OP(.op = DW_OP_regx, .a = 41));
	CHECK_NOWHERE(&little, "bad expression", OP(.op = DW_OP_regx, .a = 1u << 20));
	CHECK_NOWHERE(&little, "bad expression", OP(.op = DW_OP_bregx, .a = UINT64_MAX));
	CHECK_NOWHERE(&little, "frame base not known", O(fbreg));
	CHECK_NOWHERE(&little, "CFA not known", O(call_frame_cfa));
	CHECK_NOWHERE(&little, "object address not known", O(push_object_address));
	CHECK_NOWHERE(&little, "memory at 0xff8 not readable", OP(.op = DW_OP_breg0 + ARCH_RSP),
		      O(deref));
	CHECK_NOWHERE(&little, "entry value not known", O(entry_value));
	CHECK_NOWHERE(&full, "division by zero", U(1), U(0), O(div));
	CHECK_NOWHERE(&full, "division by zero", U(1), U(0), O(mod));
	CHECK_NOWHERE(&full, "thread-local", U(1), O(form_tls_address));
	CHECK_NOWHERE(&full, "thread-local", U(1), O(GNU_push_tls_address));
	CHECK_NOWHERE(&full, "calls an expression that is not known", O(call4));
	CHECK_NOWHERE(&full, "refers to another variable's value", O(GNU_variable_value));
	CHECK_NOWHERE(&full, "in another address space", U(1), U(2), O(xderef));
	CHECK_NOWHERE(&full, "entry value not known", O(GNU_parameter_ref));
	CHECK_NOWHERE(&full, "DWARF operation 0xff not known", OP(.op = 0xff));
	CHECK_NOWHERE(&full, "DWARF operation 0x00 not known", OP(.op = 0));
	struct expr_storage storage;
	struct place p;
	expr_eval(NULL, 0, &full, &storage, &p);
	CHECK_EQ_U(p.kind, PLACE_NONE);
	CHECK_EQ_S(p.why, "optimised out");
}

TEST(kinds_of_places)
{
	static const uint8_t block[] = {1, 2, 3};
	uint8_t buf[4];

	{
		EVAL(&full, OP(.op = DW_OP_reg0 + ARCH_RDX));
		CHECK_EQ_U(p.kind, PLACE_REGISTER);
		CHECK_EQ_U(p.reg, ARCH_RDX);
		CHECK(place_read(&p, &full, buf, 4));
		CHECK_EQ_U(buf[0] | buf[3] << 8, 0xaadd);
	}
	{
		EVAL(&full, OP(.op = DW_OP_regx, .a = 49));
		CHECK(place_read(&p, &full, buf, 2));
		CHECK_EQ_U(buf[0] | buf[1] << 8, 0x246);
	}
	{
		EVAL(&full, U(0x1234), O(stack_value), O(nop));
		CHECK_EQ_U(p.kind, PLACE_VALUE);
		CHECK_EQ_U(p.value, 0x1234);
		CHECK(place_read(&p, &full, buf, 2));
		CHECK_EQ_U(buf[0], 0x34);
	}
	{
		EVAL(&full, OP(.op = DW_OP_implicit_value, .a = 3, .block = block));
		CHECK_EQ_U(p.kind, PLACE_BYTES);
		CHECK(place_read(&p, &full, buf, 3));
		CHECK(!memcmp(buf, block, 3));
		CHECK(!place_read(&p, &full, buf, 4));
	}
	{
		EVAL(&full, OP(.op = DW_OP_implicit_pointer, .a = 0x2a, .b = 4));
		CHECK_EQ_U(p.kind, PLACE_POINTER);
		CHECK_EQ_U(p.value, 0x2a);
		CHECK_EQ_U(p.address, 4);
		CHECK(!place_read(&p, &full, buf, 1));
	}
	CHECK_NOWHERE(&full, "bad expression", OP(.op = DW_OP_reg0),
		      U(1)); // only a piece may follow
	CHECK_NOWHERE(&full, "bad expression", OP(.op = DW_OP_implicit_value, .a = 3));
	CHECK_NOWHERE(&full, "bad expression", O(nop));
}

TEST(entry_values)
{
	const struct dw_op in_reg[] = {OP(.op = DW_OP_reg0 + ARCH_RDI)};
	const struct dw_op lost[] = {OP(.op = DW_OP_reg0 + ARCH_RDX)};
	const struct dw_op deref[] = {OP(.op = DW_OP_breg0 + ARCH_RSI), O(deref)};
	const struct dw_op nested[] = {OP(.op = DW_OP_entry_value, .sub = in_reg, .n_sub = 1)};

	CHECK_TOP(48, OP(.op = DW_OP_entry_value, .sub = in_reg, .n_sub = 1));
	CHECK_TOP(49, OP(.op = DW_OP_GNU_entry_value, .sub = in_reg, .n_sub = 1),
		  OP(.op = DW_OP_plus_uconst, .a = 1));
	CHECK_NOWHERE(&full, "entry value not known",
		      OP(.op = DW_OP_entry_value, .sub = lost, .n_sub = 1), O(stack_value));
	CHECK_NOWHERE(&full, "entry value not known",
		      OP(.op = DW_OP_entry_value, .sub = deref, .n_sub = 2));
	CHECK_NOWHERE(&full, "entry value not known",
		      OP(.op = DW_OP_entry_value, .sub = nested, .n_sub = 1));
}

#define TYPED(name, enc, bytes_, ...)                                                              \
	OP(.op = DW_OP_##name, .type_encoding = DW_ATE_##enc, .type_size = bytes_, __VA_ARGS__)

TEST(typed_integers)
{
	static const uint8_t four[] = {0xfe, 0xff, 0xff, 0xff};

	// Clang's sign and zero extension.
	CHECK_TOP(-1, U(0xffffffff), TYPED(convert, signed, 4, .a = 1),
		  TYPED(convert, signed, 8, .a = 2));
	CHECK_TOP(0xff, U(0x1ff), TYPED(convert, unsigned, 1, .a = 1),
		  TYPED(convert, unsigned, 8, .a = 2), U(0), O(plus));
	CHECK_TOP(-1, U(0xff), TYPED(GNU_convert, signed_char, 1, .a = 1), O(convert));
	CHECK_TOP(0xfffffffe, TYPED(const_type, unsigned, 4, .a = 4, .b = 1, .block = four));
	CHECK_TOP(-2, TYPED(const_type, signed, 4, .a = 4, .b = 1, .block = four));
	CHECK_TOP(0x55667788, TYPED(regval_type, unsigned, 4, .a = ARCH_RAX, .b = 1));
	CHECK_TOP(-8, U(AT), TYPED(deref_type, signed, 2, .a = 2, .b = 1));
	CHECK_TOP(0xfff8, U(AT), TYPED(GNU_deref_type, unsigned, 2, .a = 2, .b = 1));
	CHECK_TOP(0xfffffffe, U(-2), TYPED(convert, signed, 4, .a = 1),
		  TYPED(reinterpret, unsigned, 4, .a = 1));
	// Unsigned types divide and compare without sign; sums wrap at their width.
	CHECK_TOP(0x7fffffff, TYPED(const_type, unsigned, 4, .a = 4, .b = 1, .block = four), U(2),
		  TYPED(convert, unsigned, 4, .a = 1), O(div));
	CHECK_TOP(0, TYPED(const_type, unsigned, 4, .a = 4, .b = 1, .block = four),
		  TYPED(const_type, unsigned, 4, .a = 4, .b = 1, .block = four), O(lt));
	CHECK_TOP(0xfffffffc, TYPED(const_type, unsigned, 4, .a = 4, .b = 1, .block = four), O(dup),
		  O(plus));
	CHECK_TOP(-1, TYPED(const_type, signed, 4, .a = 4, .b = 1, .block = four), U(1), O(shra));
	CHECK_TOP(0x7fffffff, TYPED(const_type, unsigned, 4, .a = 4, .b = 1, .block = four), U(1),
		  O(shr));
}

static const char untyped[] = "operation on a type that is not computed with";

TEST(types_that_are_not_computed_with)
{
	CHECK_NOWHERE(&full, untyped, U(1), OP(.op = DW_OP_convert, .a = 0x2a));
	CHECK_NOWHERE(&full, untyped, U(1), TYPED(convert, signed, 0, .a = 1));
	CHECK_NOWHERE(&full, untyped, U(1), TYPED(convert, signed, 17, .a = 1));
	CHECK_NOWHERE(&full, untyped, U(1), TYPED(convert, signed, 255, .a = 1));
	CHECK_NOWHERE(&full, untyped, U(1), TYPED(convert, float, 2, .a = 1));
	CHECK_NOWHERE(&full, untyped, U(1), OP(.op = DW_OP_convert, .a = 1, .type_size = 16));
	CHECK_NOWHERE(&full, untyped, U(AT), TYPED(deref_type, signed, 4, .a = 8));
	CHECK_NOWHERE(&full, untyped, TYPED(const_type, signed, 4, .a = 4));
	CHECK_NOWHERE(&full, "bad expression", U(1), TYPED(reinterpret, signed, 4, .a = 1));
	CHECK_NOWHERE(&full, "bad expression", U(1), TYPED(convert, signed, 4, .a = 1), U(1),
		      TYPED(convert, unsigned, 4, .a = 1), O(plus));
}

/* Numbers as the bytes that const_type has. */
#define FLOAT4(v) TYPED(const_type, float, 4, .a = 4, .block = (const uint8_t *)&(const float){v})
#define FLOAT8(v) TYPED(const_type, float, 8, .a = 8, .block = (const uint8_t *)&(const double){v})
#define FLOAT16(v)                                                                                 \
	TYPED(const_type, float, 16, .a = 16, .block = (const uint8_t *)&(const long double){v})
#define INT16(v)                                                                                   \
	TYPED(const_type, signed, 16, .a = 16, .block = (const uint8_t *)&(const __int128){v})
#define UINT16(v)                                                                                  \
	TYPED(const_type, unsigned, 16, .a = 16, .block = (const uint8_t *)&(const __int128){v})

/* The expression is a stack value with these bytes. */
#define CHECK_BYTES(ctx, type, want, n, ...)                                                       \
	do {                                                                                       \
		EVAL(ctx, __VA_ARGS__, O(stack_value));                                            \
		uint8_t got[16] = {0};                                                             \
		type wanted = want;                                                                \
		CHECK_EQ_S(p.why, NULL);                                                           \
		CHECK(place_read(&p, ctx, got, n));                                                \
		CHECK(!memcmp(got, &wanted, n));                                                   \
	} while (0)

TEST(floats)
{
	struct fp_regs fp = {.xmm[1] = {0, 0, 0, 0, 0, 0, 0xf8, 0x3f}}; // 1.5
	struct expr_context with_fp = full;

	with_fp.fp = &fp;
	CHECK_BYTES(&with_fp, double, 1.5, 8, TYPED(regval_type, float, 8, .a = ARCH_XMM0 + 1));
	CHECK_BYTES(&with_fp, double, -1.5, 8, TYPED(regval_type, float, 8, .a = ARCH_XMM0 + 1),
		    O(neg));
	CHECK_BYTES(&with_fp, float, 1.5f, 4, TYPED(regval_type, float, 8, .a = ARCH_XMM0 + 1),
		    TYPED(convert, float, 4, .a = 1));
	CHECK_BYTES(&full, double, 0.1 + 0.2, 8, FLOAT8(0.1), FLOAT8(0.2), O(plus));
	CHECK_BYTES(&full, float, 0.1f + 0.2f, 4, FLOAT4(0.1f), FLOAT4(0.2f), O(plus));
	CHECK_BYTES(&full, long double, 0.1L - 0.2L, 10, FLOAT16(0.1L), FLOAT16(0.2L), O(minus));
	CHECK_BYTES(&full, double, 1.0 / 3.0, 8, FLOAT8(1), FLOAT8(3), O(div));
	CHECK_BYTES(&full, double, (double)INFINITY, 8, FLOAT8(1), FLOAT8(0), O(div));
	CHECK_BYTES(&full, double, 0.25, 8, FLOAT8(-0.25), O(abs));
	CHECK_BYTES(&full, double, -0.0, 8, FLOAT8(0.0), O(neg));
	CHECK_BYTES(&full, long double, -0.5L, 10, FLOAT16(0.5L), O(neg));
	CHECK_BYTES(&full, long double, 3.0L, 10, FLOAT16(1.5L), FLOAT16(2), O(mul));
	CHECK_TOP(1, FLOAT8(1), FLOAT8(2), O(lt));
	CHECK_TOP(0, FLOAT8(NAN), FLOAT8(NAN), O(eq));
	CHECK_TOP(1, FLOAT8(NAN), FLOAT8(1), O(ne));
	CHECK_TOP(0, FLOAT4(1), FLOAT4(1), O(gt));
	CHECK_TOP(1, FLOAT4(1), FLOAT4(1), O(ge));
	CHECK_TOP(0x3ff8000000000000, FLOAT8(1.5), TYPED(reinterpret, unsigned, 8, .a = 1));
	CHECK_NOWHERE(&full, "bad expression", FLOAT8(1), FLOAT4(1), O(plus));
	CHECK_NOWHERE(&full, "bad expression", FLOAT8(1), U(1), O(plus));
	CHECK_NOWHERE(&full, "bad expression", FLOAT8(1), U(1), O(shl));
	CHECK_NOWHERE(&full, "bad expression", FLOAT8(1), FLOAT8(1), O(mod));
	CHECK_NOWHERE(&full, "bad expression", FLOAT8(1), OP(.op = DW_OP_not));
	CHECK_NOWHERE(&full, "bad expression", FLOAT8(1), O(deref));
}

TEST(floats_and_integers)
{
	CHECK_TOP(-7, FLOAT8(-7.9), TYPED(convert, signed, 4, .a = 1));
	CHECK_TOP(7, FLOAT16(7.9L), TYPED(convert, unsigned, 1, .a = 1));
	CHECK_TOP(7, FLOAT8(7), O(convert)); // to the generic type
	CHECK_BYTES(&full, double, -3.0, 8, U(-3), TYPED(convert, signed, 8, .a = 1),
		    TYPED(convert, float, 8, .a = 1));
	CHECK_BYTES(&full, float, 18446744073709551613.0f, 4, U(-3),
		    TYPED(convert, unsigned, 8, .a = 1), TYPED(convert, float, 4, .a = 1));
	CHECK_BYTES(&full, long double, -3.0L, 10, INT16(-3), TYPED(convert, float, 16, .a = 1));
	static const char large[] = "number too large for its type";
	CHECK_NOWHERE(&full, large, FLOAT8(1e10), TYPED(convert, signed, 4, .a = 1));
	CHECK_NOWHERE(&full, large, FLOAT8(-1), TYPED(convert, unsigned, 4, .a = 1));
	CHECK_NOWHERE(&full, large, FLOAT8(256), TYPED(convert, unsigned, 1, .a = 1));
	CHECK_NOWHERE(&full, large, FLOAT8(NAN), TYPED(convert, signed, 8, .a = 1));
	CHECK_NOWHERE(&full, large, FLOAT8(INFINITY), TYPED(convert, unsigned, 16, .a = 1));
	CHECK_NOWHERE(&full, large, FLOAT16(0x1p127L), TYPED(convert, signed, 16, .a = 1));
	CHECK_TOP(0, FLOAT16(-0x1p127L), TYPED(convert, signed, 16, .a = 1));
}

TEST(integers_of_128_bits)
{
	const __int128 big = (__int128)5 << 64 | 6;

	CHECK_BYTES(&full, __int128, big + 1, 16, INT16(big), INT16(1), O(plus));
	CHECK_BYTES(&full, __int128, big * 3, 16, INT16(big), INT16(3), O(mul));
	CHECK_BYTES(&full, __int128, -big / 7, 16, INT16(-big), INT16(7), O(div));
	CHECK_BYTES(&full, __int128, -big % 7, 16, INT16(-big), INT16(7), O(mod));
	CHECK_BYTES(&full, __int128, big >> 64, 16, INT16(big), U(64), O(shra));
	CHECK_BYTES(&full, __int128, (__int128)-1, 16, INT16(-big), U(300), O(shra));
	CHECK_BYTES(&full, __int128, 0, 16, INT16(-big), U(128), O(shr));
	CHECK_BYTES(&full, unsigned __int128, (unsigned __int128)1 << 127, 16, UINT16(1), U(127),
		    O(shl));
	// The least one by -1 wraps around.
	CHECK_BYTES(&full, unsigned __int128, (unsigned __int128)1 << 127, 16, UINT16(1), U(127),
		    O(shl), TYPED(reinterpret, signed, 16, .a = 1), INT16(-1), O(div));
	CHECK_BYTES(&full, __int128, -2, 16, U(-2), TYPED(convert, signed, 8, .a = 1),
		    TYPED(convert, signed, 16, .a = 1));
	CHECK_TOP(6, INT16(big), TYPED(convert, unsigned, 4, .a = 1));
	CHECK_TOP(1, INT16(-1), INT16(1), O(lt));
	CHECK_TOP(0, UINT16(-1), UINT16(1), O(lt));
	CHECK_NOWHERE(&full, "division by zero", INT16(1), INT16(0), O(div));
	uint8_t all[17];
	EVAL(&full, INT16(big), O(stack_value));
	CHECK(!place_read(&p, &full, all, 17));
}

TEST(pieces)
{
	uint8_t buf[24];
	struct fp_regs fp = {.xmm[0] = {0xa0, 0xa1, 0xa2, 0xa3}, .st[0] = {0xb0}};
	struct expr_context ctx = full;

	ctx.fp = &fp;
	EVAL(&ctx, OP(.op = DW_OP_reg0 + ARCH_RAX), OP(.op = DW_OP_piece, .a = 2), U(AT + 16),
	     OP(.op = DW_OP_piece, .a = 4), U(0x77), O(stack_value), OP(.op = DW_OP_piece, .a = 1),
	     OP(.op = DW_OP_reg0 + ARCH_XMM0), OP(.op = DW_OP_piece, .a = 3),
	     OP(.op = DW_OP_regx, .a = ARCH_ST0), OP(.op = DW_OP_piece, .a = 1));
	CHECK_EQ_U(p.kind, PLACE_PIECES);
	CHECK_EQ_U(p.n_pieces, 5);
	CHECK_EQ_U(p.pieces[1].kind, PLACE_MEMORY);
	CHECK_EQ_U(p.pieces[1].size, 4);
	CHECK(place_read(&p, &ctx, buf, 11));
	CHECK(!memcmp(buf, "\x88\x77\x11\x22\x33\x44\x77\xa0\xa1\xa2\xb0", 11));
	CHECK(place_read(&p, &ctx, buf, 3));   // a part
	CHECK(!place_read(&p, &ctx, buf, 12)); // more than there is
}

TEST(pieces_that_are_not_there)
{
	uint8_t buf[24];

	{
		EVAL(&full, OP(.op = DW_OP_reg0), OP(.op = DW_OP_piece, .a = 8),
		     OP(.op = DW_OP_piece, .a = 8), OP(.op = DW_OP_reg0 + ARCH_XMM0),
		     OP(.op = DW_OP_piece, .a = 4), U(0x66), O(deref), O(stack_value),
		     OP(.op = DW_OP_piece, .a = 4));
		CHECK_EQ_U(p.kind, PLACE_PIECES);
		CHECK_EQ_U(p.n_pieces, 4);
		CHECK_EQ_U(p.pieces[0].kind, PLACE_REGISTER);
		CHECK_EQ_S(p.pieces[1].why, "optimised out");
		CHECK_EQ_S(p.pieces[2].why, "register xmm0 not known here");
		CHECK_EQ_S(p.pieces[3].why, "memory at 0x66 not readable");
		CHECK_EQ_U(p.pieces[3].size, 4);
		CHECK(place_read(&p, &full, buf, 8));
		CHECK(!place_read(&p, &full, buf, 9));
	}
	CHECK_NOWHERE(&full, "bad expression", OP(.op = DW_OP_reg0), OP(.op = DW_OP_piece, .a = 8),
		      U(1));
	struct dw_op many[EXPR_PIECES + 1];
	struct expr_storage storage;
	struct place p;
	for (size_t i = 0; i < FT_COUNT(many); i++)
		many[i] = OP(.op = DW_OP_piece, .a = 1);
	expr_eval(many, EXPR_PIECES, &full, &storage, &p);
	CHECK_EQ_U(p.kind, PLACE_PIECES);
	expr_eval(many, EXPR_PIECES + 1, &full, &storage, &p);
	CHECK_EQ_S(p.why, "too many pieces");
}

TEST(pieces_of_bits)
{
	uint8_t buf[4] = {0};

	{
		EVAL(&full, U(5), O(stack_value), OP(.op = DW_OP_bit_piece, .a = 3), U(0x15),
		     O(stack_value), OP(.op = DW_OP_bit_piece, .a = 5), U(AT + 16),
		     OP(.op = DW_OP_bit_piece, .a = 12, .b = 4), OP(.op = DW_OP_reg0 + ARCH_RAX),
		     OP(.op = DW_OP_bit_piece, .a = 12, .b = 8));
		CHECK(place_read(&p, &full, buf, 4));
		CHECK_EQ_U(buf[0], 0x15 << 3 | 5);
		// 0x2211 from bit 4: 0x221; then 0x..667788 from bit 8: 0x677
		CHECK_EQ_U(buf[1] | buf[2] << 8 | (uint32_t)buf[3] << 16, 0x677221);
		CHECK(!place_read(&p, &full, buf, 5));
	}
	{
		EVAL(&full, U(1), O(stack_value), OP(.op = DW_OP_bit_piece, .a = 1), U(0x7f),
		     O(stack_value), OP(.op = DW_OP_piece, .a = 1)); // bytes at an odd bit
		CHECK(place_read(&p, &full, buf, 1));
		CHECK_EQ_U(buf[0], 0xff);
	}
	EVAL(&full, U(1), O(stack_value), OP(.op = DW_OP_piece, .a = UINT64_MAX), U(AT),
	     OP(.op = DW_OP_bit_piece, .a = UINT64_MAX, .b = UINT64_MAX));
	CHECK(place_read(&p, &full, buf, 4));
	struct place far = {.kind = PLACE_MEMORY, .address = UINT64_MAX};
	CHECK(!place_read(&far, &full, buf, 4));
}

TEST(values_for_cfi_and_frame_bases)
{
	const struct dw_op reg[] = {OP(.op = DW_OP_reg0 + ARCH_RSP)};
	const struct dw_op xmm[] = {OP(.op = DW_OP_reg0 + ARCH_XMM0)};
	const struct dw_op cfa[] = {O(call_frame_cfa)};
	const struct dw_op value[] = {U(7), O(stack_value)};
	const struct dw_op pieces[] = {U(7), OP(.op = DW_OP_piece, .a = 8)};
	uint64_t v = 99;

	CHECK(expr_value(reg, 1, &full, &v));
	CHECK_EQ_U(v, AT - 8);
	CHECK(expr_value(cfa, 1, &full, &v));
	CHECK_EQ_U(v, 0x7ffe0010);
	CHECK(expr_value(value, 2, &full, &v));
	CHECK_EQ_U(v, 7);
	CHECK(!expr_value(xmm, 1, &full, &v));
	CHECK(!expr_value(pieces, 2, &full, &v));
	CHECK(!expr_value(NULL, 0, &full, &v));
	CHECK_EQ_U(v, 7);
}

/* ---- what lies outside of the frame ---- */

enum {
	DIE_CONST = 1,
	DIE_REGISTER,
	DIE_LISTED,
	DIE_PUSHES,
	DIE_CALLS_ITSELF,
	DIE_CALLS_TWICE,
	DIE_PIECES,
	DIE_VALUE,
	DIE_POINTER,
	DIE_DROPPED
};

static const struct dw_op rdx_ops[] = {OP(.op = DW_OP_reg0 + ARCH_RDX)};
static const struct dw_op here_ops[] = {OP(.op = DW_OP_addr, .a = AT + 8)};
static const struct dw_op five_ops[] = {OP(.op = DW_OP_lit0 + 5)};
static const struct dw_op itself_ops[] = {OP(.op = DW_OP_call_ref, .a = DIE_CALLS_ITSELF)};
static const struct dw_op twice_ops[] = {
	OP(.op = DW_OP_call4, .a = DIE_CALLS_TWICE),
	OP(.op = DW_OP_call4, .a = DIE_CALLS_TWICE, .off = 1),
};
static const struct dw_op pieces_ops[] = {
	OP(.op = DW_OP_reg0 + ARCH_RAX),
	OP(.op = DW_OP_piece, .a = 8, .off = 1),
	OP(.op = DW_OP_reg0 + ARCH_R15, .off = 2),
	OP(.op = DW_OP_piece, .a = 8, .off = 3),
};
static const struct dw_op value_ops[] = {OP(.op = DW_OP_constu, .a = 0x11223344),
					 OP(.op = DW_OP_stack_value, .off = 1)};
static const struct dw_op pointer_ops[] = {OP(.op = DW_OP_implicit_pointer, .a = DIE_VALUE)};

#define ALWAYS(ops_)                                                                               \
	{                                                                                          \
		.n = 1, .e = &(struct location_entry)                                              \
		{                                                                                  \
			0, UINT64_MAX, ops_, FT_COUNT(ops_)                                        \
		}                                                                                  \
	}

static struct type int_type = {.kind = TYPE_INT, .shown = "int", .size = 4, .is_signed = true};
static struct type long_type = {.kind = TYPE_INT, .shown = "long", .size = 8, .is_signed = true};

static const struct variable variables[] = {
	[DIE_CONST] = {.type = &int_type, .has_const = true, .const_value = 77},
	[DIE_REGISTER] = {.type = &int_type, .loc = ALWAYS(rdx_ops)},
	[DIE_LISTED] = {.type = &int_type,
			.loc = {.n = 1, .e = &(struct location_entry){0x100, 0x200, here_ops, 1}}},
	[DIE_PUSHES] = {.loc = ALWAYS(five_ops)},
	[DIE_CALLS_ITSELF] = {.loc = ALWAYS(itself_ops)},
	[DIE_CALLS_TWICE] = {.loc = ALWAYS(twice_ops)},
	[DIE_PIECES] = {.type = &long_type, .loc = ALWAYS(pieces_ops)},
	[DIE_VALUE] = {.type = &int_type, .loc = ALWAYS(value_ops)},
	[DIE_POINTER] = {.type = &long_type, .loc = ALWAYS(pointer_ops)},
	[DIE_DROPPED] = {.type = &int_type},
};

static const struct variable *find_variable(void *ctx, uint64_t die)
{
	(void)ctx;
	return die > 0 && die < FT_COUNT(variables) ? &variables[die] : NULL;
}

static const char *find_block(void *ctx, uint64_t *ret)
{
	(void)ctx;
	*ret = AT - 0x100;
	return NULL;
}

/* The caller passed 40 + 2 in rdi, its r15 in rsi, 1.5 in xmm0, 7 on the stack; what rdx pointed
 * to was 9. Its own rcx came from its own caller: that is, in this test, from the same call. */
static const struct dw_op passed_rdi[] = {OP(.op = DW_OP_lit0 + 20), OP(.op = DW_OP_lit0 + 22),
					  OP(.op = DW_OP_plus)};
static const struct dw_op passed_rsi[] = {OP(.op = DW_OP_breg0 + ARCH_R15)};
static const struct dw_op in_rcx[] = {OP(.op = DW_OP_reg0 + ARCH_RCX)};
static const struct dw_op passed_rcx[] = {OP(.op = DW_OP_entry_value, .sub = in_rcx, .n_sub = 1)};
static const struct dw_op passed_xmm0[] = {
	TYPED(const_type, float, 8, .a = 8, .block = (const uint8_t *)&(const double){1.5})};
static const struct dw_op seven[] = {OP(.op = DW_OP_lit0 + 7)};
static const struct dw_op minus[] = {OP(.op = DW_OP_consts, .a = (uint64_t)-9)};
static const struct dw_op lost_rbx[] = {OP(.op = DW_OP_breg0 + ARCH_RBX)};

static const struct call_site call = {
	.params =
		(struct call_parameter[]){
			{.kind = CALL_IN_REG, .reg = ARCH_RDI, .value = passed_rdi, .n_value = 3},
			{.kind = CALL_IN_REG, .reg = ARCH_RSI, .value = passed_rsi, .n_value = 1},
			{.kind = CALL_IN_REG, .reg = ARCH_RDX, .data = minus, .n_data = 1},
			{.kind = CALL_IN_REG, .reg = ARCH_RCX, .value = passed_rcx, .n_value = 1},
			{.kind = CALL_IN_REG, .reg = ARCH_XMM0, .value = passed_xmm0, .n_value = 1},
			{.kind = CALL_ON_STACK, .off = 8, .value = seven, .n_value = 1},
			{.kind = CALL_OF_DIE, .die = 0x99, .value = seven, .n_value = 1},
			{.kind = CALL_IN_REG, .reg = ARCH_R8, .value = lost_rbx, .n_value = 1},
			{.kind = CALL_IN_REG, .reg = ARCH_R9},
		},
	.n_params = 9,
};

static const char *find_caller(void *ctx, struct expr_caller *ret);

static const struct expr_world world = {NULL, find_variable, find_block, find_caller};

static const char *find_caller(void *ctx, struct expr_caller *ret)
{
	(void)ctx;
	*ret = (struct expr_caller){
		.ctx = {.regs = &regs, .known = 1u << ARCH_R15, .memory = &memory, .world = &world},
		.site = &call,
	};
	return NULL;
}

static const char *no_caller(void *ctx, struct expr_caller *ret)
{
	(void)ctx;
	(void)ret;
	return "the limit";
}

static struct expr_context outside(void)
{
	struct expr_context ctx = full;

	ctx.entry_regs = NULL;
	ctx.world = &world;
	ctx.pc = 0x150;
	return ctx;
}

#define CHECK_OUTSIDE(want, ...)                                                                   \
	do {                                                                                       \
		struct expr_context around = outside();                                            \
		EVAL(&around, __VA_ARGS__);                                                        \
		CHECK_EQ_S(p.why, NULL);                                                           \
		CHECK_EQ_U(p.address, want);                                                       \
	} while (0)

#define CHECK_NOT_OUTSIDE(want, ...)                                                               \
	do {                                                                                       \
		struct expr_context around = outside();                                            \
		CHECK_NOWHERE(&around, want, __VA_ARGS__);                                         \
	} while (0)

TEST(other_dies)
{
	CHECK_OUTSIDE(12, U(7), OP(.op = DW_OP_call2, .a = DIE_PUSHES), O(plus));
	CHECK_OUTSIDE(AT + 8, OP(.op = DW_OP_call_ref, .a = DIE_LISTED));
	CHECK_OUTSIDE(9, U(9), OP(.op = DW_OP_call4, .a = DIE_DROPPED)); // no effect
	CHECK_OUTSIDE(78, OP(.op = DW_OP_GNU_variable_value, .a = DIE_CONST), U(1), O(plus));
	CHECK_OUTSIDE(0x1008, OP(.op = DW_OP_GNU_variable_value, .a = DIE_LISTED));
	CHECK_OUTSIDE((uint64_t)(int32_t)0xaabbccdd,
		      OP(.op = DW_OP_GNU_variable_value, .a = DIE_REGISTER));
	CHECK_NOT_OUTSIDE("refers to a variable that is optimised out",
			  OP(.op = DW_OP_GNU_variable_value, .a = DIE_DROPPED));
	CHECK_NOT_OUTSIDE("calls an expression that is not known", OP(.op = DW_OP_call4, .a = 50));
	{
		struct expr_context ctx = outside();
		EVAL(&ctx, OP(.op = DW_OP_call4, .a = DIE_REGISTER));
		CHECK_EQ_U(p.kind, PLACE_REGISTER);
	}
	// An expression that calls itself ends, also if it does so twice each time.
	CHECK_NOT_OUTSIDE("expression does not end",
			  OP(.op = DW_OP_call_ref, .a = DIE_CALLS_ITSELF));
	CHECK_NOT_OUTSIDE("expression does not end", OP(.op = DW_OP_call4, .a = DIE_CALLS_TWICE));
	CHECK_NOT_OUTSIDE("bad expression", OP(.op = DW_OP_call4, .a = DIE_PIECES));
}

TEST(thread_local_storage)
{
	CHECK_OUTSIDE(AT - 0xf0, U(0x10), O(form_tls_address));
	CHECK_OUTSIDE(-8, U(0x100), O(GNU_push_tls_address), O(deref));
	CHECK_NOT_OUTSIDE("bad expression", O(GNU_push_tls_address));
}

#define ENTRY(...)                                                                                 \
	OP(.op = DW_OP_entry_value, .sub = (const struct dw_op[]){__VA_ARGS__},                    \
	   .n_sub = sizeof((const struct dw_op[]){__VA_ARGS__}) / sizeof(struct dw_op))

TEST(values_of_the_caller)
{
	struct expr_context ctx = outside();

	CHECK_OUTSIDE(42, ENTRY(OP(.op = DW_OP_reg0 + ARCH_RDI)));
	CHECK_OUTSIDE(15, ENTRY(OP(.op = DW_OP_regx, .a = ARCH_RSI)));
	CHECK_OUTSIDE(-9, ENTRY(OP(.op = DW_OP_breg0 + ARCH_RDX), O(deref)));
	CHECK_OUTSIDE(0xf7,
		      ENTRY(OP(.op = DW_OP_breg0 + ARCH_RDX), OP(.op = DW_OP_deref_size, .a = 1)));
	CHECK_OUTSIDE(7, ENTRY(OP(.op = DW_OP_breg0 + ARCH_RSP, .a = 16), O(deref)));
	CHECK_OUTSIDE(7, OP(.op = DW_OP_GNU_parameter_ref, .a = 0x99));
	CHECK_BYTES(&ctx, double, 3.0, 8, ENTRY(TYPED(regval_type, float, 8, .a = ARCH_XMM0)),
		    FLOAT8(2), O(mul));
	CHECK_BYTES(&ctx, double, 1.5, 8, ENTRY(OP(.op = DW_OP_reg0 + ARCH_XMM0)));
	static const char has_not[] = "entry value not known: the call site has it not";
	CHECK_NOT_OUTSIDE(has_not, ENTRY(OP(.op = DW_OP_reg0 + ARCH_RDX)));
	CHECK_NOT_OUTSIDE(has_not, ENTRY(OP(.op = DW_OP_reg0 + ARCH_R9)));
	CHECK_NOT_OUTSIDE(has_not, OP(.op = DW_OP_GNU_parameter_ref, .a = 0x98));
	CHECK_NOT_OUTSIDE("register rbx not known here", ENTRY(OP(.op = DW_OP_reg0 + ARCH_R8)));
	CHECK_NOT_OUTSIDE("expression does not end", ENTRY(OP(.op = DW_OP_reg0 + ARCH_RCX)));
	CHECK_OUTSIDE(1, ENTRY(U(1)));
	CHECK_NOT_OUTSIDE("entry value not known",
			  ENTRY(OP(.op = DW_OP_breg0 + ARCH_RDX, .a = 8), O(deref)));
	const struct expr_world alone = {.caller = no_caller};
	ctx.world = &alone;
	CHECK_NOWHERE(&ctx, "entry value not known: the limit",
		      ENTRY(OP(.op = DW_OP_reg0 + ARCH_RDI)));
	// The registers of then are better than the call site.
	ctx = outside();
	ctx.entry_regs = &entry;
	EVAL(&ctx, ENTRY(OP(.op = DW_OP_reg0 + ARCH_RDI)));
	CHECK_EQ_U(p.address, 48);
}

TEST(entry_values_in_xmm)
{
	struct fp_regs fp = {.xmm[0] = {0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, .xmm[1] = {1}};
	struct expr_context ctx = full;

	ctx.entry_fp = &fp;
	ctx.entry_fp_unknown = 2;
	CHECK_BYTES(&ctx, double, 1.5, 8, ENTRY(TYPED(regval_type, float, 8, .a = ARCH_XMM0)));
	CHECK_NOWHERE(&ctx, "entry value not known",
		      ENTRY(TYPED(regval_type, float, 8, .a = ARCH_XMM0 + 1)));
	// Only the low half is kept.
	CHECK_NOWHERE(&ctx, "entry value not known",
		      ENTRY(TYPED(regval_type, unsigned, 16, .a = ARCH_XMM0)));
}

static bool pointee_is(uint64_t die, uint64_t off, enum place_kind kind, const void *want,
		       size_t size)
{
	struct expr_context ctx = outside();
	struct expr_storage storage, inner;
	const struct dw_op op = {.op = DW_OP_implicit_pointer, .a = die, .b = off};
	struct place p, to;
	struct type *type;
	uint64_t at;
	uint8_t got[16];

	expr_eval(&op, 1, &ctx, &storage, &p);
	if (p.kind != PLACE_POINTER || place_pointee(&p, &ctx, &inner, &to, &at, &type))
		return false;
	return to.kind == kind && at == off && type == variables[die].type &&
	       (!size || (place_read_at(&to, &ctx, at, got, size) && !memcmp(got, want, size)));
}

TEST(pointers_without_an_address)
{
	struct expr_context ctx = outside();
	struct expr_storage storage;
	struct place p = {.kind = PLACE_POINTER, .value = DIE_DROPPED}, to;
	struct type *type;
	uint64_t off;

	CHECK(pointee_is(DIE_CONST, 0, PLACE_BYTES, "\x4d\0\0\0", 4));
	CHECK(pointee_is(DIE_VALUE, 1, PLACE_VALUE, "\x33\x22", 2));
	CHECK(pointee_is(DIE_PIECES, 8, PLACE_PIECES, "\x0f\0\0\0\0\0\0\0", 8));
	CHECK(pointee_is(DIE_PIECES, 6, PLACE_PIECES, "\x22\x11\x0f\0", 4));
	CHECK(pointee_is(DIE_LISTED, 4, PLACE_MEMORY, NULL, 0));
	CHECK(pointee_is(DIE_POINTER, 0, PLACE_POINTER, NULL, 0));
	CHECK_EQ_S(place_pointee(&p, &ctx, &storage, &to, &off, &type),
		   "what it points to is optimised out");
	p.value = 1000;
	CHECK_EQ_S(place_pointee(&p, &ctx, &storage, &to, &off, &type),
		   "what it points to is not known");
	uint8_t buf[8];
	struct place five = {.kind = PLACE_VALUE, .value = 5};
	CHECK(!place_read_at(&five, &ctx, UINT64_MAX, buf, 1));
	CHECK(!place_read_at(&five, &ctx, 4, buf, 8));
}

/* Whatever the operations are: an answer, and no step outside. */
TEST(random_expressions)
{
	uint64_t seed = 1;

	for (int round = 0; round < 20000; round++) {
		struct dw_op ops[24];
		uint8_t buf[40];
		struct expr_storage storage;
		struct place p;
		for (size_t i = 0; i < FT_COUNT(ops); i++) {
			seed = seed * 6364136223846793005 + 1442695040888963407;
			uint64_t x = seed >> 24;
			uint8_t op =
				x & 1 ? (uint8_t)(DW_OP_lit0 + (x >> 8) % 32) : (uint8_t)(x >> 8);
			ops[i] = OP(.op = op, .a = x >> 16 & 0x1f, .b = x >> 21 & 15,
				    .off = (uint32_t)i * 3, .type_encoding = x >> 25 & 15,
				    .type_size = (uint8_t)(1u << (x >> 29 & 3)));
		}
		expr_eval(ops, FT_COUNT(ops), &full, &storage, &p);
		CHECK((p.kind == PLACE_NONE) == (p.why != NULL));
		bool ok = place_read(&p, &full, buf, sizeof(buf));
		if (p.kind == PLACE_NONE)
			CHECK(!ok);
	}
}

TEST_MAIN
