/*
 * test_return.c - where returned values are: psABI 3.2.3 for C and C++, what rustc does for Rust.
 *
 * The C table was checked against gcc 12 -O0 (tests below name the C type), the Rust table against
 * the LLVM IR of rustc 1.63 and 1.95.
 */
#include "test.h"

#include "base/buf.h"
#include "values/values.h"

#define MEMBERS(...)                                                                               \
	(struct member[]){__VA_ARGS__},                                                            \
		sizeof((struct member[]){__VA_ARGS__}) / sizeof(struct member)

static struct type t_char = {.kind = TYPE_CHAR, .size = 1, .is_signed = true, .shown = "char"};
static struct type t_short = {.kind = TYPE_INT, .size = 2, .shown = "short"};
static struct type t_int = {.kind = TYPE_INT, .size = 4, .shown = "int"};
static struct type t_long = {.kind = TYPE_INT, .size = 8, .shown = "long"};
static struct type t_i128 = {.kind = TYPE_INT, .size = 16, .shown = "__int128"};
static struct type t_bool = {.kind = TYPE_BOOL, .size = 1, .shown = "_Bool"};
static struct type t_float = {.kind = TYPE_FLOAT, .size = 4, .shown = "float"};
static struct type t_double = {.kind = TYPE_FLOAT, .size = 8, .shown = "double"};
static struct type t_ld = {.kind = TYPE_FLOAT, .size = 16, .shown = "long double"};
static struct type t_f128 = {
	.kind = TYPE_FLOAT, .size = 16, .name = "_Float128", .shown = "_Float128"};
static struct type t_cf = {.kind = TYPE_COMPLEX, .size = 8, .shown = "complex float"};
static struct type t_cd = {.kind = TYPE_COMPLEX, .size = 16, .shown = "complex double"};
static struct type t_cld = {.kind = TYPE_COMPLEX, .size = 32, .shown = "complex long double"};
static struct type t_ptr = {.kind = TYPE_POINTER, .size = 8, .shown = "void *"};

static struct type type_struct(uint64_t size, struct member *members, size_t n)
{
	return (struct type){.kind = TYPE_STRUCT,
			     .size = size,
			     .members = members,
			     .n_members = n,
			     .shown = "struct s",
			     .language = LANG_C};
}

static struct type type_array(struct type *element, uint64_t n)
{
	return (struct type){.kind = TYPE_ARRAY,
			     .size = element->size * n,
			     .target = element,
			     .count = n,
			     .has_count = true,
			     .shown = "array"};
}

/* "rax:8 rdx:4", "memory", "void", "unknown"; offsets are checked to be in order and in range. */
static const char *plan_text(struct type *t, enum language language)
{
	static const struct {
		uint8_t reg;
		const char *name;
	} names[] = {{ARCH_RAX, "rax"},	      {ARCH_RDX, "rdx"}, {ARCH_XMM0, "xmm0"},
		     {ARCH_XMM0 + 1, "xmm1"}, {ARCH_ST0, "st0"}, {ARCH_ST0 + 1, "st1"}};
	static char text[128];
	struct return_plan p;
	size_t at = 0;

	return_plan_make(t, language, &p);
	switch (p.class) {
	case RETURN_VOID:
		return "void";
	case RETURN_MEMORY:
		return "memory";
	case RETURN_UNKNOWN:
		CHECK(p.why != NULL);
		return "unknown";
	case RETURN_REGISTERS:
		break;
	}
	text[0] = '\0';
	for (unsigned i = 0; i < p.n; i++) {
		const char *name = "?";
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			if (names[k].reg == p.reg[i])
				name = names[k].name;
		CHECK(p.off[i] + p.bytes[i] <= (int)p.size);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s:%u@%u", i ? " " : "",
				       name, p.bytes[i], p.off[i]);
	}
	return text;
}

#define C(type, text) CHECK_EQ_S(plan_text(type, LANG_C), text)
#define RUST(type, text) CHECK_EQ_S(plan_text(type, LANG_RUST), text)

TEST(c_scalars)
{
	C(NULL, "void");
	C(&t_int, "rax:4@0");
	C(&t_char, "rax:1@0");
	C(&t_bool, "rax:1@0");
	C(&t_long, "rax:8@0");
	C(&t_ptr, "rax:8@0");
	C(&t_i128, "rax:8@0 rdx:8@8");
	C(&t_float, "xmm0:4@0");
	C(&t_double, "xmm0:8@0");
	C(&t_ld, "st0:10@0");
	C(&t_f128, "xmm0:16@0");
	C(&t_cf, "xmm0:8@0");
	C(&t_cd, "xmm0:8@0 xmm1:8@8");
	C(&t_cld, "st0:10@0 st1:10@16");
	struct type td = {.kind = TYPE_TYPEDEF, .size = 4, .target = &t_int, .shown = "td"};
	C(&td, "rax:4@0");
	struct type unknown = {.kind = TYPE_UNKNOWN, .shown = "<unknown type>"};
	C(&unknown, "unknown");
	struct type decimal = {.kind = TYPE_FLOAT, .size = 8, .name = "_Decimal64", .shown = "d"};
	C(&decimal, "unknown");
}

TEST(c_structs_of_two)
{
	struct type ii = type_struct(8, MEMBERS({.type = &t_int}, {.type = &t_int, .offset = 4}));
	struct type ll =
		type_struct(16, MEMBERS({.type = &t_long}, {.type = &t_long, .offset = 8}));
	struct type dd =
		type_struct(16, MEMBERS({.type = &t_double}, {.type = &t_double, .offset = 8}));
	struct type dl =
		type_struct(16, MEMBERS({.type = &t_double}, {.type = &t_long, .offset = 8}));
	struct type ld =
		type_struct(16, MEMBERS({.type = &t_long}, {.type = &t_double, .offset = 8}));
	struct type fi = type_struct(8, MEMBERS({.type = &t_float}, {.type = &t_int, .offset = 4}));
	struct type ff =
		type_struct(8, MEMBERS({.type = &t_float}, {.type = &t_float, .offset = 4}));
	struct type lc =
		type_struct(16, MEMBERS({.type = &t_long}, {.type = &t_char, .offset = 8}));

	C(&ii, "rax:8@0");
	C(&ll, "rax:8@0 rdx:8@8");
	C(&dd, "xmm0:8@0 xmm1:8@8");
	C(&dl, "xmm0:8@0 rax:8@8");
	C(&ld, "rax:8@0 xmm0:8@8");
	C(&fi, "rax:8@0");
	C(&ff, "xmm0:8@0");
	C(&lc, "rax:8@0 rdx:8@8");
}

TEST(c_structs_of_three)
{
	struct type f3 =
		type_struct(12, MEMBERS({.type = &t_float}, {.type = &t_float, .offset = 4},
					{.type = &t_float, .offset = 8}));
	struct type i3 = type_struct(12, MEMBERS({.type = &t_int}, {.type = &t_int, .offset = 4},
						 {.type = &t_int, .offset = 8}));
	struct type ffi =
		type_struct(12, MEMBERS({.type = &t_float}, {.type = &t_float, .offset = 4},
					{.type = &t_int, .offset = 8}));
	struct type l3 = type_struct(24, MEMBERS({.type = &t_long}, {.type = &t_long, .offset = 8},
						 {.type = &t_long, .offset = 16}));

	C(&f3, "xmm0:8@0 xmm1:4@8");
	C(&i3, "rax:8@0 rdx:4@8");
	C(&ffi, "xmm0:8@0 rax:4@8");
	C(&l3, "memory");
}

TEST(c_nested_and_arrays)
{
	struct type f2 = type_array(&t_float, 2), c16 = type_array(&t_char, 16);
	struct type c17 = type_array(&t_char, 17), c3 = type_array(&t_char, 3);
	struct type s_f2 = type_struct(8, MEMBERS({.type = &f2}));
	struct type s_c16 = type_struct(16, MEMBERS({.type = &c16}));
	struct type s_c17 = type_struct(17, MEMBERS({.type = &c17}));
	struct type s_c3 = type_struct(3, MEMBERS({.type = &c3}));
	struct type inner = type_struct(8, MEMBERS({.type = &t_double}));
	struct type nested =
		type_struct(16, MEMBERS({.type = &inner}, {.type = &s_f2, .offset = 8}));

	C(&s_f2, "xmm0:8@0");
	C(&s_c16, "rax:8@0 rdx:8@8");
	C(&s_c17, "memory");
	C(&s_c3, "rax:3@0");
	C(&nested, "xmm0:8@0 xmm1:8@8");
}

TEST(c_x87_and_wide)
{
	struct type s_ld = type_struct(16, MEMBERS({.type = &t_ld}));
	struct type s_cld = type_struct(32, MEMBERS({.type = &t_cld}));
	struct type s_i128 = type_struct(16, MEMBERS({.type = &t_i128}));
	struct type s_q = type_struct(16, MEMBERS({.type = &t_f128}));
	struct type u = {.kind = TYPE_UNION, .size = 16, .shown = "union u"};
	u.members = (struct member[]){{.type = &t_ld}, {.type = &t_int}};
	u.n_members = 2;

	C(&s_ld, "st0:10@0");
	C(&s_cld, "memory");
	C(&s_i128, "rax:8@0 rdx:8@8");
	C(&s_q, "xmm0:16@0");
	C(&u, "memory"); // X87 merged with INTEGER leaves X87UP alone
}

TEST(c_unions_bits_packed_empty)
{
	struct type u = {.kind = TYPE_UNION, .size = 8, .shown = "union u"};
	u.members = (struct member[]){{.type = &t_double}, {.type = &t_long}};
	u.n_members = 2;
	struct type uf = u;
	uf.members = (struct member[]){{.type = &t_double}, {.type = &t_float}};
	struct type bits = type_struct(
		16, MEMBERS({.type = &t_double}, {.type = &t_int, .offset = 8, .bit_size = 3},
			    {.type = &t_int, .offset = 8, .bit_size = 30, .bit_offset = 3}));
	struct type packed =
		type_struct(5, MEMBERS({.type = &t_char}, {.type = &t_int, .offset = 1}));
	struct type packed_ok =
		type_struct(5, MEMBERS({.type = &t_int}, {.type = &t_char, .offset = 4}));
	struct type empty = type_struct(0, NULL, 0);
	struct type empty_cxx = type_struct(1, NULL, 0);

	C(&u, "rax:8@0");
	C(&uf, "xmm0:8@0");
	C(&bits, "xmm0:8@0 rax:8@8");
	C(&packed, "memory");
	C(&packed_ok, "rax:5@0");
	C(&empty, "");
	C(&empty_cxx, "");
}

TEST(cxx_classes)
{
	struct type base = type_struct(4, MEMBERS({.type = &t_int}));
	struct type derived = type_struct(8, MEMBERS({.type = &base, .is_base = true},
						     {.type = &t_float, .offset = 4},
						     {.type = &t_double, .is_static = true}));
	struct type string = type_struct(8, MEMBERS({.type = &t_ptr}));
	string.by_reference = true;
	struct type holder = type_struct(8, MEMBERS({.type = &string}));
	struct type member = {.kind = TYPE_MEMBER_POINTER, .size = 16, .shown = "int (C::*)()"};

	CHECK_EQ_S(plan_text(&derived, LANG_CXX), "rax:8@0");
	CHECK_EQ_S(plan_text(&string, LANG_CXX), "memory");
	CHECK_EQ_S(plan_text(&holder, LANG_CXX), "memory");
	CHECK_EQ_S(plan_text(&member, LANG_CXX), "rax:8@0 rdx:8@8");
}

TEST(c_vectors)
{
	struct type v16 = type_array(&t_float, 4), v8 = type_array(&t_float, 2);
	struct type v32 = type_array(&t_float, 8);
	v16.is_vector = v8.is_vector = v32.is_vector = true;
	struct type s = type_struct(16, MEMBERS({.type = &v16}));

	C(&v16, "xmm0:16@0");
	C(&v8, "xmm0:8@0");
	C(&v32, "unknown");
	C(&s, "xmm0:16@0");
}

TEST(c_hostile_types)
{
	struct type loop = {.kind = TYPE_STRUCT, .size = 16, .shown = "struct loop"};
	loop.members = (struct member[]){{.type = &loop}, {.type = &loop}};
	loop.n_members = 2;
	struct type many = type_array(&t_char, UINT64_MAX);
	many.size = 4;
	struct type s = type_struct(4, MEMBERS({.type = &many}));
	struct type far = type_struct(8, MEMBERS({.type = &t_int, .offset = UINT64_MAX - 2}));
	struct type none = type_struct(8, MEMBERS({.type = NULL}));

	C(&loop, "memory");
	plan_text(&s, LANG_C);
	C(&far, "memory");
	C(&none, "memory");
	RUST(&loop, "unknown");
	plan_text(&s, LANG_RUST);
	plan_text(&far, LANG_RUST);
	plan_text(&none, LANG_RUST);
}

static struct type r_u8 = {.kind = TYPE_UINT, .size = 1, .shown = "u8"};
static struct type r_u32 = {.kind = TYPE_UINT, .size = 4, .shown = "u32"};
static struct type r_u64 = {.kind = TYPE_UINT, .size = 8, .shown = "u64"};
static struct type r_i32 = {.kind = TYPE_INT, .size = 4, .shown = "i32"};
static struct type r_unit = {.kind = TYPE_UINT, .size = 0, .name = "()", .shown = "()"};

static struct type rust_struct(uint64_t size, struct member *members, size_t n)
{
	struct type t = type_struct(size, members, n);
	t.language = LANG_RUST;
	return t;
}

TEST(rust_scalars)
{
	RUST(&r_i32, "rax:4@0");
	RUST(&t_bool, "rax:1@0");
	RUST(&t_ptr, "rax:8@0");
	RUST(&t_i128, "rax:8@0 rdx:8@8");
	RUST(&t_float, "xmm0:4@0");
	RUST(&t_double, "xmm0:8@0");
	RUST(&r_unit, "");
	RUST(NULL, "void");
	struct type w = rust_struct(4, MEMBERS({.type = &r_i32}));
	struct type wf = rust_struct(8, MEMBERS({.type = &t_double}, {.type = &r_unit}));
	struct type wa = rust_struct(8, MEMBERS({.type = &t_float})); // repr(align(8))
	RUST(&w, "rax:4@0");
	RUST(&wf, "xmm0:8@0");
	RUST(&wa, "rax:8@0");
}

TEST(rust_pairs)
{
	struct type uu = rust_struct(8, MEMBERS({.type = &r_u32}, {.type = &r_u32, .offset = 4}));
	struct type ff =
		rust_struct(8, MEMBERS({.type = &t_float}, {.type = &t_float, .offset = 4}));
	struct type dd =
		rust_struct(16, MEMBERS({.type = &t_double}, {.type = &t_double, .offset = 8}));
	struct type bl = rust_struct(16, MEMBERS({.type = &r_u64}, {.type = &r_u8, .offset = 8}));
	struct type lb = rust_struct(16, MEMBERS({.type = &r_u8, .offset = 8}, {.type = &r_u64}));
	struct type fu =
		rust_struct(16, MEMBERS({.type = &t_double}, {.type = &r_u64, .offset = 8}));
	struct type uf =
		rust_struct(16, MEMBERS({.type = &r_u64}, {.type = &t_double, .offset = 8}));
	struct type ww = rust_struct(8, MEMBERS({.type = &uu}));
	struct type str = rust_struct(16, MEMBERS({.name = "data_ptr", .type = &t_ptr},
						  {.name = "length", .type = &r_u64, .offset = 8}));

	RUST(&uu, "rax:4@0 rdx:4@4");
	RUST(&ff, "xmm0:4@0 xmm1:4@4");
	RUST(&dd, "xmm0:8@0 xmm1:8@8");
	RUST(&bl, "rax:8@0 rdx:1@8");
	RUST(&lb, "rax:8@0 rdx:1@8");
	RUST(&fu, "xmm0:8@0 rax:8@8");
	RUST(&uf, "rax:8@0 xmm0:8@8");
	RUST(&ww, "rax:4@0 rdx:4@4");
	RUST(&str, "rax:8@0 rdx:8@8");
}

TEST(rust_aggregates)
{
	struct type a3 = type_array(&r_u8, 3), a8 = type_array(&r_u8, 8),
		    a16 = type_array(&r_u8, 16);
	struct type d1 = type_array(&t_double, 1), u2 = type_array(&r_u32, 2);
	struct type i3 = rust_struct(12, MEMBERS({.type = &r_i32}, {.type = &r_i32, .offset = 4},
						 {.type = &r_i32, .offset = 8}));
	struct type s3 = rust_struct(3, MEMBERS({.type = &r_u8}, {.type = &r_u8, .offset = 1},
						{.type = &r_u8, .offset = 2}));
	struct type pa = rust_struct(12, MEMBERS({.type = &u2}, {.type = &r_u32, .offset = 8}));
	struct type packed =
		rust_struct(5, MEMBERS({.type = &r_u8}, {.type = &r_u32, .offset = 1}));
	struct type al = rust_struct(16, MEMBERS({.type = &r_u32}, {.type = &r_u32, .offset = 4}));
	al.align = 16;

	RUST(&a3, "rax:3@0");
	RUST(&a8, "rax:8@0");
	RUST(&a16, "memory");
	RUST(&d1, "rax:8@0");
	RUST(&i3, "memory");
	RUST(&s3, "rax:3@0");
	RUST(&pa, "memory");
	RUST(&packed, "rax:5@0");
	RUST(&al, "memory");
}

TEST(rust_unions)
{
	struct type u = {.kind = TYPE_UNION, .size = 4, .shown = "U", .language = LANG_RUST};
	u.members = (struct member[]){{.type = &r_i32}, {.type = &t_float}};
	u.n_members = 2;
	struct type maybe = {.kind = TYPE_UNION, .size = 8, .shown = "U", .language = LANG_RUST};
	maybe.members = (struct member[]){{.type = &r_unit}, {.type = &t_double}};
	maybe.n_members = 2;

	RUST(&u, "rax:4@0");
	RUST(&maybe, "xmm0:8@0");
}

/* An enum of two variants with one payload each (NULL: none). */
static const char *enum_plan(uint64_t size, struct type *tag, struct type *a, uint64_t a_off,
			     struct type *b, uint64_t b_off, uint16_t rustc)
{
	struct member ma = {.name = "__0", .type = a, .offset = a_off};
	struct member mb = {.name = "__0", .type = b, .offset = b_off};
	struct type va = rust_struct(size, &ma, a != NULL), vb = rust_struct(size, &mb, b != NULL);
	struct member variants[] = {{.name = "A", .type = &va},
				    {.name = "B", .type = &vb, .discr_lo = 1, .discr_hi = 1}};
	struct member discr = {.type = tag};
	struct type t = {.kind = TYPE_VARIANTS,
			 .size = size,
			 .members = variants,
			 .n_members = 2,
			 .discriminant = &discr,
			 .language = LANG_RUST,
			 .shown = "E",
			 .rustc = rustc};
	return plan_text(&t, LANG_RUST);
}

TEST(rust_enums)
{
	struct type pair =
		rust_struct(16, MEMBERS({.type = &t_ptr}, {.type = &r_u64, .offset = 8}));
	struct type s3 = rust_struct(24, MEMBERS({.type = &t_ptr}, {.type = &r_u64, .offset = 8},
						 {.type = &r_u64, .offset = 16}));

	CHECK_EQ_S(enum_plan(8, &r_u32, NULL, 0, &r_i32, 4, 95), "rax:4@0 rdx:4@4"); // Option<i32>
	CHECK_EQ_S(enum_plan(16, &r_u64, NULL, 0, &t_double, 8, 95),
		   "rax:8@0 xmm0:8@8");					     // Option<f64>
	CHECK_EQ_S(enum_plan(8, &r_u64, NULL, 0, &t_ptr, 0, 95), "rax:8@0"); // Option<Box<i32>>
	CHECK_EQ_S(enum_plan(16, &r_u64, NULL, 0, &pair, 0, 95), "rax:8@0 rdx:8@8"); // Option<&str>
	CHECK_EQ_S(enum_plan(24, &r_u64, NULL, 0, &s3, 0, 95), "memory");    // Option<String>
	CHECK_EQ_S(enum_plan(8, &r_u8, &r_i32, 4, &r_u8, 1, 95), "rax:8@0"); // Result<i32, u8>
	CHECK_EQ_S(enum_plan(8, &r_u32, &t_float, 4, &r_i32, 4, 95), "rax:8@0");
	CHECK_EQ_S(enum_plan(16, &r_u64, &r_u64, 8, &t_double, 8, 95), "memory");
	CHECK_EQ_S(enum_plan(16, &r_u64, &t_double, 8, &t_double, 8, 95), "rax:8@0 xmm0:8@8");
	CHECK_EQ_S(enum_plan(1, &r_u8, NULL, 0, NULL, 0, 95), "rax:1@0");
	CHECK_EQ_S(enum_plan(32, &r_u64, NULL, 0, &t_i128, 16, 95), "memory"); // Option<u128>
}

TEST(rust_enums_by_version)
{
	CHECK_EQ_S(enum_plan(8, &r_u32, &r_i32, 4, &r_u32, 4, 95), "rax:4@0 rdx:4@4");
	CHECK_EQ_S(enum_plan(8, &r_u32, &r_i32, 4, &r_u32, 4, 63), "rax:8@0");
	CHECK_EQ_S(enum_plan(16, &r_u64, &r_u64, 8, &t_ptr, 8, 95), "rax:8@0 rdx:8@8");
	CHECK_EQ_S(enum_plan(16, &r_u64, &r_u64, 8, &t_ptr, 8, 63), "memory");
	CHECK_EQ_S(enum_plan(16, &r_u64, &r_u64, 8, &t_ptr, 8, 0), "unknown");
	CHECK_EQ_S(enum_plan(24, &r_u64, NULL, 0, &t_i128, 8, 63), "unknown"); // three registers
}

TEST(calling_conventions_of_the_optimiser)
{
	struct function f = {.language = LANG_C, .symbol = "f", .nocall = true};
	struct return_plan p;

	return_plan_of(&f, &t_int, &p);
	CHECK_EQ_U(p.class, RETURN_UNKNOWN);
	CHECK_EQ_S(p.why, "its calling convention was changed by the optimiser");
	return_plan_of(&f, NULL, &p);
	CHECK_EQ_U(p.class, RETURN_VOID);
}

TEST(rust_functions_that_may_be_extern)
{
	struct type uu = rust_struct(8, MEMBERS({.type = &r_u32}, {.type = &r_u32, .offset = 4}));
	struct function f = {.language = LANG_RUST, .symbol = "_ZN1a1bE"};
	struct return_plan p;

	return_plan_of(&f, &uu, &p);
	CHECK_EQ_U(p.class, RETURN_REGISTERS);
	f.symbol = "exported";
	return_plan_of(&f, &uu, &p);
	CHECK_EQ_U(p.class, RETURN_UNKNOWN);
	CHECK(p.why && strstr(p.why, "extern"));
	return_plan_of(&f, &r_i32, &p);
	CHECK_EQ_U(p.class, RETURN_REGISTERS);
}

/* A memory that holds one block at 0x1000. */
static size_t block_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct buf *b = ctx;
	if (addr < 0x1000 || addr >= 0x1000 + b->len)
		return 0;
	size_t left = b->len - (addr - 0x1000);
	memcpy(buf, b->s + (addr - 0x1000), len < left ? len : left);
	return len < left ? len : left;
}

TEST(values_are_gathered)
{
	struct buf out, bytes;
	struct regs regs = {.r = {[ARCH_RAX] = 0x1000, [ARCH_RDX] = 7}};
	struct fp_regs fp = {0};
	double d = 2.5;
	struct value_style style = value_style_default();
	struct return_plan p;

	buf_init(&out);
	buf_init(&bytes);
	buf_add(&bytes, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0", 24);
	struct memory mem = {block_read, &bytes};
	memcpy(fp.xmm[0], &d, 8);
	struct type dl = type_struct(16, MEMBERS({.name = "d", .type = &t_double},
						 {.name = "l", .type = &t_long, .offset = 8}));
	return_plan_make(&dl, LANG_C, &p);
	CHECK(p.want_fp);
	CHECK(return_value_format(&out, &style, &dl, &p, &regs, &fp, &mem));
	CHECK_EQ_S(out.s, "{d = 2.5, l = 4096}");
	buf_reset(&out);
	CHECK(!return_value_format(&out, &style, &dl, &p, &regs, NULL, &mem));
	CHECK_EQ_S(out.s, "<floating-point registers not read>");
	buf_reset(&out);
	struct type l3 = type_struct(24, MEMBERS({.name = "a", .type = &t_long},
						 {.name = "b", .type = &t_long, .offset = 8},
						 {.name = "c", .type = &t_long, .offset = 16}));
	return_plan_make(&l3, LANG_C, &p);
	CHECK(return_value_format(&out, &style, &l3, &p, &regs, NULL, &mem));
	CHECK_EQ_S(out.s, "{a = 1, b = 2, c = 3}");
	buf_reset(&out);
	return_plan_make(&t_short, LANG_C, &p);
	regs.r[ARCH_RAX] = 0xffffffffffff8000;
	CHECK(return_value_format(&out, &style, &t_short, &p, &regs, NULL, &mem));
	CHECK_EQ_S(out.s, "-32768");
	buf_deinit(&out);
	buf_deinit(&bytes);
}

TEST_MAIN
