/*
 * test_values.c - the spelling of values: C and C++ as gdb 13 prints them, Rust as {:?} does.
 */
#include "test.h"

#include "base/buf.h"
#include "values/values.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MEMBERS(...)                                                                               \
	.members = (struct member[]){__VA_ARGS__},                                                 \
	.n_members = sizeof((struct member[]){__VA_ARGS__}) / sizeof(struct member)
#define ENUMERATORS(...)                                                                           \
	.enumerators = (struct enumerator[]){__VA_ARGS__},                                         \
	.n_enumerators = sizeof((struct enumerator[]){__VA_ARGS__}) / sizeof(struct enumerator)

/* A memory of a few blocks; everything else is unmapped. */
struct block {
	uint64_t addr;
	const void *bytes;
	size_t len;
};
struct blocks {
	const struct block *b;
	size_t n;
	unsigned reads;
};

static size_t blocks_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct blocks *m = ctx;
	m->reads++;
	for (size_t i = 0; i < m->n; i++) {
		const struct block *b = &m->b[i];
		if (addr < b->addr || addr >= b->addr + b->len)
			continue;
		size_t left = b->len - (addr - b->addr);
		memcpy(buf, (const char *)b->bytes + (addr - b->addr), len < left ? len : left);
		return len < left ? len : left;
	}
	return 0;
}

static struct buf out;
static bool known;

static const char *format_with(struct value_style style, struct type *t, const void *bytes,
			       size_t len, const struct block *b, size_t n)
{
	struct blocks blocks = {.b = b, .n = n};
	struct memory mem = {blocks_read, &blocks};

	if (!out.s)
		buf_init(&out);
	buf_reset(&out);
	known = value_format(&out, &style, t, bytes, len, &mem);
	return out.s;
}

static const char *format(struct type *t, const void *bytes, size_t len)
{
	return format_with(value_style_default(), t, bytes, len, NULL, 0);
}

/* The value of a C variable, as it lies in our own memory. */
#define VALUE(type, c_type, v) format((type), &(c_type){v}, sizeof(c_type))

static struct type t_int = {.kind = TYPE_INT, .size = 4, .name = "int", .shown = "int"};
static struct type t_uint = {.kind = TYPE_UINT, .size = 4, .name = "unsigned int", .shown = "u"};
static struct type t_long = {.kind = TYPE_INT, .size = 8, .name = "long int", .shown = "long"};
static struct type t_ulong = {.kind = TYPE_UINT, .size = 8, .name = "ulong", .shown = "ulong"};
static struct type t_char = {
	.kind = TYPE_CHAR, .size = 1, .is_signed = true, .name = "char", .shown = "char"};
static struct type t_uchar = {.kind = TYPE_CHAR, .size = 1, .name = "unsigned char", .shown = "uc"};
static struct type t_bool = {.kind = TYPE_BOOL, .size = 1, .name = "_Bool", .shown = "_Bool"};
static struct type t_float = {.kind = TYPE_FLOAT, .size = 4, .name = "float", .shown = "float"};
static struct type t_double = {.kind = TYPE_FLOAT, .size = 8, .name = "double", .shown = "double"};
static struct type t_ld = {.kind = TYPE_FLOAT, .size = 16, .name = "long double", .shown = "ld"};
static struct type t_const_char = {
	.kind = TYPE_CONST, .size = 1, .target = &t_char, .shown = "const char"};
static struct type t_charp = {
	.kind = TYPE_POINTER, .size = 8, .target = &t_const_char, .shown = "const char *"};
static struct type t_intp = {.kind = TYPE_POINTER, .size = 8, .target = &t_int, .shown = "int *"};

TEST(c_integers)
{
	struct type i128 = {.kind = TYPE_INT, .size = 16, .shown = "__int128"};
	struct type u128 = {.kind = TYPE_UINT, .size = 16, .shown = "unsigned __int128"};
	struct type i24 = {.kind = TYPE_INT, .size = 3, .shown = "i24"};

	CHECK_EQ_S(VALUE(&t_int, int, 48), "48");
	CHECK(known);
	CHECK_EQ_S(VALUE(&t_int, int, INT32_MIN), "-2147483648");
	CHECK_EQ_S(VALUE(&t_uint, unsigned, 4000000000u), "4000000000");
	CHECK_EQ_S(VALUE(&t_ulong, uint64_t, UINT64_MAX), "18446744073709551615");
	CHECK_EQ_S(VALUE(&t_long, int64_t, INT64_MIN), "-9223372036854775808");
	CHECK_EQ_S(VALUE(&i128, __int128, -((__int128)1 << 100)),
		   "-1267650600228229401496703205376");
	CHECK_EQ_S(VALUE(&u128, unsigned __int128, ~(unsigned __int128)0),
		   "340282366920938463463374607431768211455");
	CHECK_EQ_S(format(&i24, "\xff\xff\xff", 3), "-1");
}

TEST(c_chars_and_bools)
{
	static const struct {
		int c;
		const char *text;
	} cases[] = {
		{'a', "97 'a'"},     {0, "0 '\\000'"},	 {'\n', "10 '\\n'"}, {'\'', "39 '\\''"},
		{'\\', "92 '\\\\'"}, {7, "7 '\\a'"},	 {27, "27 '\\033'"}, {127, "127 '\\177'"},
		{'"', "34 '\"'"},    {-1, "-1 '\\377'"},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_EQ_S(VALUE(&t_char, char, (char)cases[i].c), cases[i].text);
	CHECK_EQ_S(VALUE(&t_uchar, unsigned char, 200), "200 '\\310'");
	CHECK_EQ_S(VALUE(&t_bool, bool, true), "true");
	CHECK_EQ_S(VALUE(&t_bool, bool, false), "false");
	CHECK_EQ_S(VALUE(&t_bool, char, 2), "2");
	struct type wchar = {.kind = TYPE_TYPEDEF,
			     .size = 4,
			     .target = &t_int,
			     .name = "wchar_t",
			     .shown = "wchar_t"};
	CHECK_EQ_S(VALUE(&wchar, int, 'x'), "120 L'x'");
	struct type c16 = {.kind = TYPE_UTF, .size = 2, .name = "char16_t", .shown = "char16_t"};
	CHECK_EQ_S(VALUE(&c16, uint16_t, 0x20ac), "8364 u'€'");
}

TEST(c_floats)
{
	CHECK_EQ_S(VALUE(&t_float, float, 3.14f), "3.1400001");
	CHECK_EQ_S(VALUE(&t_float, float, 1.0f / 3), "0.333333343");
	CHECK_EQ_S(VALUE(&t_double, double, 3.14), "3.1400000000000001");
	CHECK_EQ_S(VALUE(&t_double, double, 1), "1");
	CHECK_EQ_S(VALUE(&t_double, double, 1e300), "1.0000000000000001e+300");
	CHECK_EQ_S(VALUE(&t_double, double, -0.0), "-0");
	CHECK_EQ_S(VALUE(&t_double, double, -__builtin_inf()), "-inf");
	CHECK_EQ_S(VALUE(&t_double, uint64_t, 0xfff8000000000000), "-nan(0x8000000000000)");
	CHECK_EQ_S(VALUE(&t_float, uint32_t, 0x7fc00001), "nan(0x400001)");
	CHECK_EQ_S(VALUE(&t_ld, long double, 3.14L), "3.1400000000000000001");
	struct type half = {.kind = TYPE_FLOAT, .size = 2, .name = "_Float16", .shown = "_Float16"};
	CHECK_EQ_S(VALUE(&half, uint16_t, 0x3e00), "1.5");
	struct type quad = {.kind = TYPE_FLOAT, .size = 16, .name = "_Float128", .shown = "q"};
	uint8_t one_and_a_half[16] = {[13] = 0x80, [14] = 0xff, [15] = 0x3f};
	CHECK_EQ_S(format(&quad, one_and_a_half, 16), "1.5");
	static const struct {
		uint64_t lo, hi;
		const char *text; // gdb 13's
	} quads[] = {
		{0xeb851eb851eb851f, 0x400091eb851eb851, "3.14000000000000000000000000000000011"},
		{0x5555555555555555, 0x3ffd555555555555, "0.333333333333333333333333333333333317"},
		{1, 0, "6.47517511943802511092443895822764655e-4966"},
		{UINT64_MAX, 0x7ffeffffffffffff, "1.18973149535723176508575932662800702e+4932"},
		{0, 0x8000000000000000, "-0"},
		{0, 0xffff000000000000, "-inf"},
		{0x22b878fe80000000, 0x40733426172c74d8, "100000000000000000000000000000000000"},
		{1, 0x7fff800000000000, "nan(0x800000000000)"},
	};
	for (size_t i = 0; i < COUNT(quads); i++) {
		uint64_t v[] = {quads[i].lo, quads[i].hi};
		CHECK_EQ_S(format(&quad, v, 16), quads[i].text);
	}
	struct type cf = {.kind = TYPE_COMPLEX, .size = 8, .name = "complex float", .shown = "cf"};
	CHECK_EQ_S(format(&cf, (float[]){1.5f, -2.5f}, 8), "1.5 + -2.5i");
}

TEST(c_pointers)
{
	const struct block b[] = {
		{0x4006f4, "hi", 3}, {0x5000, "a\tb\n\"q\" \\ \1\377z", 14}, {0x6ffd, "abc", 3}};
	struct value_style style = value_style_default();

	CHECK_EQ_S(VALUE(&t_intp, uint64_t, 0x7ffe00), "0x7ffe00");
	CHECK_EQ_S(VALUE(&t_charp, uint64_t, 0), "0x0");
	CHECK_EQ_S(format_with(style, &t_charp, &(uint64_t){0x4006f4}, 8, b, 3), "0x4006f4 \"hi\"");
	CHECK_EQ_S(format_with(style, &t_charp, &(uint64_t){0x5000}, 8, b, 3),
		   "0x5000 \"a\\tb\\n\\\"q\\\" \\\\ \\001\\377z\"");
	CHECK_EQ_S(format_with(style, &t_charp, &(uint64_t){0x1234}, 8, b, 3),
		   "0x1234 <error: Cannot access memory at address 0x1234>");
	CHECK(known);
	// A string that runs into unmapped memory.
	CHECK_EQ_S(format_with(style, &t_charp, &(uint64_t){0x6ffd}, 8, b, 3),
		   "0x6ffd \"abc\" <error: Cannot access memory at address 0x7000>");
}

TEST(c_string_limits)
{
	char text[300];
	struct block b = {0x1000, text, sizeof(text)};
	struct value_style style = value_style_default();

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	style.max_string = 5;
	CHECK_EQ_S(format_with(style, &t_charp, &(uint64_t){0x1000}, 8, &b, 1),
		   "0x1000 \"abcde\"...");
	memset(text, 'x', sizeof(text));
	style.max_string = 20;
	CHECK_EQ_S(format_with(style, &t_charp, &(uint64_t){0x1000}, 8, &b, 1),
		   "0x1000 'x' <repeats 20 times>...");
	style.max_string = 0;
	CHECK_EQ_S(format_with(style, &t_charp, &(uint64_t){0x1000}, 8, &b, 1), "0x1000");
	style.max_string = UINT32_MAX; // bounded all the same
	CHECK_EQ_S(
		format_with(style, &t_charp, &(uint64_t){0x1000}, 8, &b, 1),
		"0x1000 'x' <repeats 300 times> <error: Cannot access memory at address 0x112c>");
}

static struct type char_array(uint64_t n)
{
	return (struct type){.kind = TYPE_ARRAY,
			     .size = n,
			     .target = &t_char,
			     .count = n,
			     .has_count = true,
			     .shown = "char []"};
}

TEST(c_char_arrays)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} cases[] = {
		{"abc\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, "\"abc\", '\\000' <repeats 12 times>"},
		{"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, "'\\000' <repeats 15 times>"},
		{"abc", 3, "\"abc\""},
		{"abc", 4, "\"abc\""},
		{"", 1, "\"\""},
		{"\0", 2, "\"\\000\""},
		{"ab\0cd\0e", 8, "\"ab\\000cd\\000e\""},
		{"zzzzzzzzzzz", 12, "'z' <repeats 11 times>"},
		{"zzzzzzzzzz", 11, "\"zzzzzzzzzz\""},
		{"aaaaaaaaaaaaaaaabcdddddddddddddddde\0\0\0\0\0", 40,
		 "'a' <repeats 16 times>, \"bc\", 'd' <repeats 16 times>, "
		 "\"e\\000\\000\\000\\000\""},
		{"h\303\251llo", 7, "\"héllo\""},
		{"\x1b[31m\x9b\303", 8, "\"\\033[31m\\233\\303\""},
		{"\xe2\x80\xae", 4, "\"\\342\\200\\256\""}, // right-to-left override
		{"\xed\xa0\x80", 4, "\"\\355\\240\\200\""}, // a surrogate is no UTF-8
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct type t = char_array(cases[i].len);
		CHECK_EQ_S(format(&t, cases[i].bytes, cases[i].len), cases[i].text);
	}
}

TEST(c_arrays)
{
	struct type a3 = {.kind = TYPE_ARRAY,
			  .size = 12,
			  .target = &t_int,
			  .count = 3,
			  .has_count = true,
			  .shown = "int [3]"};
	struct type a23 = {.kind = TYPE_ARRAY,
			   .size = 24,
			   .target = &a3,
			   .count = 2,
			   .has_count = true,
			   .shown = "int [2][3]"};
	struct type a15 = {.kind = TYPE_ARRAY,
			   .size = 60,
			   .target = &t_int,
			   .count = 15,
			   .has_count = true,
			   .shown = "int [15]"};
	struct type vla = {.kind = TYPE_ARRAY, .target = &t_int, .shown = "int []"};
	struct type none = {
		.kind = TYPE_ARRAY, .target = &t_int, .has_count = true, .shown = "int [0]"};
	int v[] = {1, 2, 3, 4, 5, 6}, same[15] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 9};
	struct value_style style = value_style_default();

	CHECK_EQ_S(format(&a3, v, 12), "{1, 2, 3}");
	CHECK_EQ_S(format(&a23, v, 24), "{{1, 2, 3}, {4, 5, 6}}");
	CHECK_EQ_S(format(&a15, same, 60), "{7 <repeats 11 times>, 8, 9, 0, 0}");
	style.max_array = 2;
	CHECK_EQ_S(format_with(style, &a3, v, 12, NULL, 0), "{1, 2...}");
	style.max_depth = 1;
	CHECK_EQ_S(format_with(style, &a23, v, 24, NULL, 0), "{{...}, {...}}");
	CHECK_EQ_S(format(&a3, v, 8), "{1, 2...}"); // not all of it was captured
	CHECK_EQ_S(format(&vla, v, 0), "<variable length>");
	CHECK(!known);
	CHECK_EQ_S(format(&none, v, 0), "{}");
}

TEST(c_structs)
{
	struct type point = {
		.kind = TYPE_STRUCT,
		.size = 8,
		.shown = "struct point",
		MEMBERS({.name = "x", .type = &t_int}, {.name = "y", .type = &t_int, .offset = 4})};
	struct type num = {.kind = TYPE_UNION,
			   .size = 4,
			   .shown = "union num",
			   MEMBERS({.name = "i", .type = &t_int}, {.name = "f", .type = &t_float})};
	struct type nest = {.kind = TYPE_STRUCT,
			    .size = 12,
			    .shown = "struct nest",
			    MEMBERS({.name = "p", .type = &point}, {.type = &num, .offset = 8},
				    {.name = "s", .type = &t_int, .is_static = true})};
	struct type empty = {.kind = TYPE_STRUCT, .shown = "struct empty"};
	struct type base = point;
	base.shown = "Base";
	struct type derived = {.kind = TYPE_CLASS,
			       .size = 12,
			       .shown = "D",
			       .language = LANG_CXX,
			       MEMBERS({.type = &base, .is_base = true},
				       {.name = "b", .type = &t_int, .offset = 8})};
	int v[] = {1, 2, 1};

	CHECK_EQ_S(format(&point, v, 8), "{x = 1, y = 2}");
	CHECK_EQ_S(format(&num, v, 4), "{i = 1, f = 1.40129846e-45}");
	CHECK_EQ_S(format(&nest, v, 12), "{p = {x = 1, y = 2}, {i = 1, f = 1.40129846e-45}}");
	CHECK_EQ_S(format(&empty, v, 0), "{<No data fields>}");
	CHECK_EQ_S(format(&derived, v, 12), "{<Base> = {x = 1, y = 2}, b = 1}");
	CHECK_EQ_S(format(&nest, v, 8), "{p = {x = 1, y = 2}, <not read>}");
}

TEST(c_bit_fields)
{
	struct type e = {.kind = TYPE_ENUM,
			 .size = 4,
			 .shown = "enum e",
			 ENUMERATORS({"RED", 0}, {"GREEN", 1}, {"BLUE", 2})};
	struct type t = {
		.kind = TYPE_STRUCT,
		.size = 16,
		.shown = "struct bits",
		MEMBERS({.name = "a", .type = &t_uint, .bit_size = 3},
			{.name = "b", .type = &t_int, .bit_size = 4, .bit_offset = 3},
			{.name = "c", .type = &t_ulong, .bit_size = 60, .bit_offset = 7},
			{.name = "e", .type = &e, .offset = 8, .bit_size = 2, .bit_offset = 3})};
	uint64_t v[2] = {5 | (uint64_t)(13 & 15) << 3 | 1234567ull << 7, 2 << 3};

	CHECK_EQ_S(format(&t, v, 16), "{a = 5, b = -3, c = 1234567, e = BLUE}");
}

TEST(c_enums)
{
	struct type color = {.kind = TYPE_ENUM,
			     .size = 4,
			     .shown = "enum color",
			     ENUMERATORS({"RED", 0}, {"GREEN", 1}, {"BLUE", 2})};
	struct type flags = {.kind = TYPE_ENUM,
			     .size = 4,
			     .shown = "enum flags",
			     ENUMERATORS({"FA", 1}, {"FB", 2}, {"FC", 4})};
	struct type mixed = {.kind = TYPE_ENUM,
			     .size = 4,
			     .shown = "enum mixed",
			     ENUMERATORS({"M1", 1}, {"M3", 3}, {"M8", 8})};
	struct type negative = {.kind = TYPE_ENUM,
				.size = 4,
				.shown = "enum n",
				.is_signed = true,
				ENUMERATORS({"NM", -1}, {"NZ", 0})};

	CHECK_EQ_S(VALUE(&color, int, 1), "GREEN");
	CHECK_EQ_S(VALUE(&color, int, 7), "(GREEN | BLUE | unknown: 0x4)");
	CHECK_EQ_S(VALUE(&flags, int, 5), "(FA | FC)");
	CHECK_EQ_S(VALUE(&flags, int, 9), "(FA | unknown: 0x8)");
	CHECK_EQ_S(VALUE(&flags, int, 8), "(unknown: 0x8)");
	CHECK_EQ_S(VALUE(&flags, int, 0), "0");
	CHECK_EQ_S(VALUE(&mixed, int, 9), "9");
	CHECK_EQ_S(VALUE(&negative, int, -1), "NM");
	CHECK_EQ_S(VALUE(&negative, int, -2), "-2");
}

TEST(cxx_references)
{
	struct type ref = {.kind = TYPE_REFERENCE, .size = 8, .target = &t_int, .shown = "int &"};
	struct type holder = {
		.kind = TYPE_STRUCT, .size = 8, .shown = "H", MEMBERS({.name = "r", .type = &ref})};
	int v = 5;
	struct block b = {0x1000, &v, 4};
	struct value_style style = value_style_default();
	uint64_t addr = 0x1000, bad = 0x2000;

	CHECK_EQ_S(format_with(style, &ref, &addr, 8, &b, 1), "@0x1000: 5");
	CHECK_EQ_S(format_with(style, &ref, &bad, 8, &b, 1),
		   "@0x2000: <error: Cannot access memory at address 0x2000>");
	CHECK_EQ_S(format_with(style, &holder, &addr, 8, &b, 1), "{r = @0x1000}");
}

TEST(cxx_strings)
{
	struct type hider = {.kind = TYPE_STRUCT,
			     .size = 8,
			     .shown = "_Alloc_hider",
			     .language = LANG_CXX,
			     MEMBERS({.name = "_M_p", .type = &t_charp})};
	struct type string = {.kind = TYPE_CLASS,
			      .size = 32,
			      .shown = "std::string",
			      .name = "std::__cxx11::basic_string<char, std::char_traits<char>, "
				      "std::allocator<char> >",
			      .language = LANG_CXX,
			      MEMBERS({.name = "_M_dataplus", .type = &hider},
				      {.name = "_M_string_length", .type = &t_ulong, .offset = 8})};
	struct block b = {0x1000, "hello", 5};
	uint64_t v[4] = {0x1000, 5}, empty[4] = {0}, broken[4] = {0x9000, 5};
	struct value_style style = value_style_default();

	CHECK_EQ_S(format_with(style, &string, v, 32, &b, 1), "\"hello\"");
	CHECK_EQ_S(format_with(style, &string, empty, 32, &b, 1), "\"\"");
	format_with(style, &string, broken, 32, &b, 1);
	CHECK(strstr(out.s, "_M_string_length = 5"));
	style.max_string = 2;
	CHECK_EQ_S(format_with(style, &string, v, 32, &b, 1), "\"he\"...");
	uint32_t off, len;
	CHECK(value_follows(&string, &style, &off, &len));
	CHECK_EQ_U(off, 0);
	CHECK_EQ_U(len, 2);
}

static struct type r_i32 = {
	.kind = TYPE_INT, .size = 4, .name = "i32", .shown = "i32", .language = LANG_RUST};
static struct type r_u8 = {
	.kind = TYPE_UINT, .size = 1, .name = "u8", .shown = "u8", .language = LANG_RUST};
static struct type r_usize = {
	.kind = TYPE_UINT, .size = 8, .name = "usize", .shown = "usize", .language = LANG_RUST};
static struct type r_bool = {
	.kind = TYPE_BOOL, .size = 1, .name = "bool", .shown = "bool", .language = LANG_RUST};
static struct type r_char = {
	.kind = TYPE_UTF, .size = 4, .name = "char", .shown = "char", .language = LANG_RUST};
static struct type r_f32 = {
	.kind = TYPE_FLOAT, .size = 4, .name = "f32", .shown = "f32", .language = LANG_RUST};
static struct type r_f64 = {
	.kind = TYPE_FLOAT, .size = 8, .name = "f64", .shown = "f64", .language = LANG_RUST};
static struct type r_unit = {.kind = TYPE_UINT, .name = "()", .shown = "()", .language = LANG_RUST};
static struct type r_u8p = {.kind = TYPE_POINTER,
			    .size = 8,
			    .target = &r_u8,
			    .name = "*const u8",
			    .shown = "*const u8",
			    .language = LANG_RUST};
static struct type r_str = {.kind = TYPE_STRUCT,
			    .size = 16,
			    .name = "&str",
			    .shown = "&str",
			    .language = LANG_RUST,
			    MEMBERS({.name = "data_ptr", .type = &r_u8p},
				    {.name = "length", .type = &r_usize, .offset = 8})};
static struct type r_box = {.kind = TYPE_POINTER,
			    .size = 8,
			    .target = &r_i32,
			    .name = "alloc::boxed::Box<i32, alloc::alloc::Global>",
			    .shown = "Box<i32>",
			    .language = LANG_RUST};

TEST(rust_scalars)
{
	struct type i128 = {.kind = TYPE_INT,
			    .size = 16,
			    .name = "i128",
			    .shown = "i128",
			    .language = LANG_RUST};

	CHECK_EQ_S(VALUE(&r_i32, int, -48), "-48");
	CHECK_EQ_S(VALUE(&r_u8, uint8_t, 97), "97");
	CHECK_EQ_S(VALUE(&i128, __int128, -1), "-1");
	CHECK_EQ_S(VALUE(&r_bool, uint8_t, 1), "true");
	CHECK_EQ_S(VALUE(&r_bool, uint8_t, 3), "<not a bool: 0x3>");
	CHECK(!known);
	CHECK_EQ_S(VALUE(&r_char, uint32_t, 'a'), "'a'");
	CHECK_EQ_S(VALUE(&r_char, uint32_t, '\''), "'\\''");
	CHECK_EQ_S(VALUE(&r_char, uint32_t, '"'), "'\"'");
	CHECK_EQ_S(VALUE(&r_char, uint32_t, 0x1f600), "'😀'");
	CHECK_EQ_S(VALUE(&r_char, uint32_t, 0x1b), "'\\u{1b}'");
	CHECK_EQ_S(VALUE(&r_char, uint32_t, 0xd800), "<not a char: 0xd800>");
	CHECK_EQ_S(format(&r_unit, "", 0), "()");
	CHECK(known);
}

TEST(rust_floats)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = {
		{1.0, "1.0"},
		{0.1, "0.1"},
		{1e21, "1e21"},
		{1e-7, "1e-7"},
		{-0.0, "-0.0"},
		{1e16, "1e16"},
		{1e15, "1000000000000000.0"},
		{1e-4, "0.0001"},
		{1.5e-5, "1.5e-5"},
		{123456789.125, "123456789.125"},
		{5e-324, "5e-324"},
		{1.7976931348623157e308, "1.7976931348623157e308"},
		{0, "0.0"},
		{0.3, "0.3"},
		{0.1 + 0.2, "0.30000000000000004"},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_EQ_S(VALUE(&r_f64, double, cases[i].v), cases[i].text);
	CHECK_EQ_S(VALUE(&r_f32, float, 0.1f), "0.1");
	CHECK_EQ_S(VALUE(&r_f32, float, 16777216.0f), "16777216.0");
	CHECK_EQ_S(VALUE(&r_f64, double, __builtin_nan("")), "NaN");
	CHECK_EQ_S(VALUE(&r_f64, double, -__builtin_inf()), "-inf");
}

TEST(rust_strings)
{
	static const char text[] = "q\"uo\\te\n\t\0\x1b\303\251'\377";
	const struct block b[] = {{0x1000, "hi", 2}, {0x2000, text, sizeof(text) - 1}};
	uint64_t hi[2] = {0x1000, 2}, odd[2] = {0x2000, sizeof(text) - 1}, empty[2] = {1, 0};
	uint64_t huge[2] = {0x1000, UINT64_MAX}, bad[2] = {0x9000, 3};
	struct value_style style = value_style_default();

	CHECK_EQ_S(format_with(style, &r_str, hi, 16, b, 2), "\"hi\"");
	CHECK_EQ_S(format_with(style, &r_str, odd, 16, b, 2),
		   "\"q\\\"uo\\\\te\\n\\t\\0\\u{1b}é'\\xff\"");
	CHECK_EQ_S(format_with(style, &r_str, empty, 16, b, 2), "\"\"");
	CHECK_EQ_S(format_with(style, &r_str, bad, 16, b, 2),
		   "0x9000 <error: cannot access memory>");
	CHECK_EQ_S(format_with(style, &r_str, huge, 16, b, 2),
		   "0x1000 <error: cannot access memory>");
	style.max_string = 1;
	CHECK_EQ_S(format_with(style, &r_str, hi, 16, b, 2), "\"h\"...");
	uint32_t off, len;
	CHECK(value_follows(&r_str, &style, &off, &len));
	CHECK_EQ_U(len, 1);
	CHECK(!value_needs_memory(&r_str, &style));
}

TEST(rust_structs)
{
	struct type p = {
		.kind = TYPE_STRUCT,
		.size = 8,
		.name = "demo::P<i32>",
		.shown = "demo::P<i32>",
		.language = LANG_RUST,
		MEMBERS({.name = "x", .type = &r_i32}, {.name = "y", .type = &r_i32, .offset = 4})};
	struct type w = {.kind = TYPE_STRUCT,
			 .size = 4,
			 .name = "demo::W",
			 .shown = "demo::W",
			 .is_tuple = true,
			 .language = LANG_RUST,
			 MEMBERS({.name = "__0", .type = &r_i32})};
	struct type t1 = w, t2 = p,
		    u = {.kind = TYPE_STRUCT,
			 .name = "demo::U",
			 .shown = "demo::U",
			 .language = LANG_RUST};
	t1.name = "(i32)";
	t2.name = "(i32, i32)";
	t2.is_tuple = true;
	int v[] = {1, 2};

	CHECK_EQ_S(format(&p, v, 8), "P { x: 1, y: 2 }");
	CHECK_EQ_S(format(&w, v, 4), "W(1)");
	CHECK_EQ_S(format(&u, v, 0), "U");
	CHECK_EQ_S(format(&t1, v, 4), "(1,)");
	CHECK_EQ_S(format(&t2, v, 8), "(1, 2)");
}

TEST(rust_arrays)
{
	struct type a3 = {.kind = TYPE_ARRAY,
			  .size = 12,
			  .target = &r_i32,
			  .count = 3,
			  .has_count = true,
			  .shown = "[i32; 3]",
			  .language = LANG_RUST};
	struct type a300 = {.kind = TYPE_ARRAY,
			    .size = 300,
			    .target = &r_u8,
			    .count = 300,
			    .has_count = true,
			    .shown = "[u8; 300]",
			    .language = LANG_RUST};
	uint8_t zeros[300] = {0};
	int v[] = {1, 2, 3};
	struct value_style style = value_style_default();

	CHECK_EQ_S(format(&a3, v, 12), "[1, 2, 3]");
	CHECK_EQ_S(format(&a300, zeros, 300), "[0; 300]");
	style.max_array = 2;
	CHECK_EQ_S(format_with(style, &a3, v, 12, NULL, 0), "[1, 2, ...]");
}

// A length that nobody has stored yet: elements without bytes are not counted one by one.
TEST(rust_slice_of_nothing)
{
	struct type unit = {
		.kind = TYPE_STRUCT, .name = "demo::U", .shown = "demo::U", .language = LANG_RUST};
	struct type to = r_u8p, slice = r_str;
	struct member members[] = {r_str.members[0], r_str.members[1]};
	to.target = &unit;
	to.name = to.shown = "*const demo::U";
	members[0].type = &to;
	slice.members = members;
	slice.name = slice.shown = "&[demo::U]";
	uint64_t torn[2] = {5, UINT64_MAX};

	CHECK_EQ_S(format(&slice, torn, 16), "[U; 18446744073709551615]");
}

TEST(rust_owners)
{
	struct type ref = r_box, raw = r_box, boxbox = r_box;
	ref.name = "&i32";
	raw.name = "*mut i32";
	boxbox.target = &r_box;
	int v = 99;
	uint64_t inner = 0x1000, outer = 0x2000;
	const struct block b[] = {{0x1000, &v, 4}, {0x2000, &inner, 8}};
	struct value_style style = value_style_default();
	uint32_t off = 7, len = 7;

	CHECK_EQ_S(format_with(style, &r_box, &inner, 8, b, 2), "0x1000 -> 99");
	CHECK_EQ_S(format_with(style, &ref, &inner, 8, b, 2), "0x1000 -> 99");
	CHECK_EQ_S(format_with(style, &raw, &inner, 8, b, 2), "0x1000");
	CHECK_EQ_S(format_with(style, &boxbox, &outer, 8, b, 2), "0x2000 -> 0x1000 -> 99");
	CHECK_EQ_S(format_with(style, &boxbox, &inner, 8, b, 1), "0x1000");
	CHECK(value_follows(&r_box, &style, &off, &len));
	CHECK_EQ_U(off, 0);
	CHECK_EQ_U(len, 4);
	CHECK(!value_needs_memory(&r_box, &style));
	CHECK(value_needs_memory(&boxbox, &style));
	CHECK(!value_follows(&raw, &style, &off, &len));
}

/* Vec<u8> and String as rustc 1.95 lays them out: the pointer three structs deep, of another type.
 */
TEST(rust_vec_and_string)
{
	struct type nonnull = {.kind = TYPE_STRUCT,
			       .size = 8,
			       .name = "core::ptr::NonNull<u8>",
			       .language = LANG_RUST,
			       .shown = "NonNull<u8>",
			       MEMBERS({.name = "pointer", .type = &r_u8p})};
	struct type inner = {.kind = TYPE_STRUCT,
			     .size = 16,
			     .name = "alloc::raw_vec::RawVecInner",
			     .language = LANG_RUST,
			     .shown = "RawVecInner",
			     MEMBERS({.name = "cap", .type = &r_usize},
				     {.name = "ptr", .type = &nonnull, .offset = 8})};
	struct type *targs[] = {&r_i32}, *byte[] = {&r_u8};
	struct type vec = {.kind = TYPE_STRUCT,
			   .size = 24,
			   .name = "alloc::vec::Vec<i32>",
			   .language = LANG_RUST,
			   .shown = "Vec<i32>",
			   .targs = targs,
			   .n_targs = 1,
			   MEMBERS({.name = "buf", .type = &inner},
				   {.name = "len", .type = &r_usize, .offset = 16})};
	struct type bytes = vec;
	bytes.targs = byte;
	struct type string = {.kind = TYPE_STRUCT,
			      .size = 24,
			      .name = "alloc::string::String",
			      .language = LANG_RUST,
			      .shown = "String",
			      MEMBERS({.name = "vec", .type = &bytes})};
	int v[] = {1, 2, 3};
	const struct block b[] = {{0x1000, v, 12}, {0x2000, "hello", 5}};
	uint64_t three[] = {3, 0x1000, 3}, hello[] = {5, 0x2000, 5},
		 huge[] = {9, 0x1000, 1ull << 60};
	struct value_style style = value_style_default();
	uint32_t off, len;

	CHECK_EQ_S(format_with(style, &vec, three, 24, b, 2), "[1, 2, 3]");
	CHECK_EQ_S(format_with(style, &string, hello, 24, b, 2), "\"hello\"");
	CHECK_EQ_S(format_with(style, &vec, huge, 24, b, 2), "[1, 2, 3, ...]");
	CHECK(value_follows(&string, &style, &off, &len));
	CHECK_EQ_U(off, 8);
	CHECK_EQ_U(len, 200);
	struct type ref = r_box;
	ref.name = "&alloc::string::String";
	ref.target = &string;
	CHECK(value_needs_memory(&ref, &style));
}

TEST(rust_enums)
{
	struct type color = {.kind = TYPE_ENUM,
			     .size = 1,
			     .name = "demo::Color",
			     .is_signed = true,
			     .shown = "demo::Color",
			     .language = LANG_RUST,
			     ENUMERATORS({"Red", 0}, {"Green", 5}, {"Less", 255})};
	struct type some = {.kind = TYPE_STRUCT,
			    .size = 8,
			    .name = "core::option::Option<i32>::Some",
			    .language = LANG_RUST,
			    .is_tuple = true,
			    .shown = "Some",
			    MEMBERS({.name = "__0", .type = &r_i32, .offset = 4})};
	struct type none = {.kind = TYPE_STRUCT,
			    .size = 8,
			    .name = "None",
			    .language = LANG_RUST,
			    .shown = "None"};
	struct member discr = {.type = &r_i32};
	struct type option = {
		.kind = TYPE_VARIANTS,
		.size = 8,
		.name = "core::option::Option<i32>",
		.shown = "Option<i32>",
		.language = LANG_RUST,
		.discriminant = &discr,
		MEMBERS({.name = "None", .type = &none},
			{.name = "Some", .type = &some, .discr_lo = 1, .discr_hi = 1})};
	struct type some_box = some, niche = option;
	struct member box_member = {.name = "__0", .type = &r_box}, box_discr = {.type = &r_usize};
	some_box.members = &box_member;
	struct member niche_variants[] = {{.name = "None", .type = &none},
					  {.name = "Some", .type = &some_box, .is_default = true}};
	niche.members = niche_variants;
	niche.discriminant = &box_discr;
	int five[] = {1, 5}, zero[] = {0, 5}, wild[] = {2, 5}, v = 3;
	uint64_t null = 0, at = 0x1000;
	struct block b = {0x1000, &v, 4};

	CHECK_EQ_S(VALUE(&color, uint8_t, 5), "Green");
	CHECK_EQ_S(VALUE(&color, uint8_t, 255), "Less"); // -1, written unsigned by rustc 1.63
	CHECK_EQ_S(VALUE(&color, uint8_t, 7), "<no variant 7>");
	CHECK_EQ_S(format(&option, five, 8), "Some(5)");
	CHECK_EQ_S(format(&option, zero, 8), "None");
	CHECK_EQ_S(format(&option, wild, 8), "<no variant 2>");
	CHECK(!known);
	CHECK_EQ_S(format(&niche, &null, 8), "None");
	CHECK_EQ_S(format_with(value_style_default(), &niche, &at, 8, &b, 1), "Some(0x1000 -> 3)");
}

TEST(hostile_types)
{
	struct type unknown = {.kind = TYPE_UNKNOWN, .size = 8, .shown = "<unknown type>"};
	struct type declared = {.kind = TYPE_STRUCT, .is_declaration = true, .shown = "struct s"};
	struct type td = {.kind = TYPE_TYPEDEF, .size = 8, .shown = "td"};
	td.target = &td;
	struct type self = {.kind = TYPE_STRUCT, .size = 8, .shown = "struct self"};
	struct member many[100];
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = (struct member){.name = "m", .type = &self};
	self.members = many;
	self.n_members = COUNT(many);
	struct type rust = self;
	rust.language = LANG_RUST;
	rust.name = "alloc::vec::Vec<self>";
	struct type wide = {.kind = TYPE_ARRAY,
			    .size = UINT64_MAX,
			    .target = &t_int,
			    .shown = "a",
			    .count = UINT64_MAX,
			    .has_count = true};
	struct type out_of_it = {.kind = TYPE_STRUCT,
				 .size = 8,
				 .shown = "struct o",
				 MEMBERS({.name = "f", .type = &t_int, .offset = UINT64_MAX - 1},
					 {.name = "g", .type = &t_int, .offset = 6})};
	uint64_t v = 0;
	uint32_t off, len;
	struct value_style style = value_style_default();

	CHECK_EQ_S(format(&unknown, &v, 8), "<unknown type>");
	CHECK_EQ_S(format(&declared, &v, 8), "<incomplete type>");
	CHECK_EQ_S(format(&td, &v, 8), "<unknown type>");
	CHECK_EQ_S(format(&t_int, &v, 2), "<not read>");
	CHECK_EQ_S(format(&out_of_it, &v, 8), "{f = <not read>, g = <not read>}");
	format(&self, &v, 8);
	CHECK(out.len < 100000);
	format(&rust, &v, 8);
	format(&wide, &v, 8);
	value_follows(&self, &style, &off, &len);
	value_follows(&rust, &style, &off, &len);
	value_needs_memory(&self, &style);
}

static void name_address(void *ctx, uint64_t addr, struct buf *to)
{
	(void)ctx;
	if (addr == 0x401136)
		buf_str(to, " <add>");
}

TEST(addresses_are_named)
{
	struct type function = {.kind = TYPE_FUNCTION, .target = &t_int, .shown = "int (int)"};
	struct type fp = {
		.kind = TYPE_POINTER, .size = 8, .target = &function, .shown = "int (*)(int)"};
	struct value_style style = value_style_default();
	uint64_t v = 0x401136, null = 0;

	style.name_address = name_address;
	CHECK_EQ_S(format_with(style, &fp, &v, 8, NULL, 0), "0x401136 <add>");
	CHECK_EQ_S(format_with(style, &fp, &null, 8, NULL, 0), "0x0");
}

static const char *format_place(struct type *t, struct place place, const struct block *b, size_t n)
{
	struct regs regs = {.r = {[ARCH_RAX] = 0xfffffffffffffff0, [ARCH_RDI] = 48}};
	struct fp_regs fp = {0};
	struct blocks blocks = {.b = b, .n = n};
	struct memory mem = {blocks_read, &blocks};
	struct expr_context ctx = {.regs = &regs, .known = ~0u, .fp = &fp, .memory = &mem};
	struct value_style style = value_style_default();
	double d = 2.5;

	memcpy(fp.xmm[1], &d, 8);
	buf_reset(&out);
	known = value_format_place(&out, &style, t, &place, &ctx);
	return out.s;
}

TEST(places)
{
	struct type point = {
		.kind = TYPE_STRUCT,
		.size = 8,
		.shown = "struct point",
		MEMBERS({.name = "x", .type = &t_int}, {.name = "y", .type = &t_int, .offset = 4})};
	int v = 7;
	struct block b = {0x1000, &v, 4};
	struct place pieces[] = {{.kind = PLACE_REGISTER, .reg = ARCH_RDI, .size = 4},
				 {.kind = PLACE_MEMORY, .address = 0x1000, .size = 4}};
	struct place lost[] = {{.kind = PLACE_REGISTER, .reg = ARCH_RDI, .size = 4},
			       {.kind = PLACE_NONE, .size = 4, .why = "optimised out"}};

	format(&t_int, &v, 4);
	CHECK_EQ_S(format_place(&t_int, (struct place){.kind = PLACE_MEMORY, .address = 0x1000}, &b,
				1),
		   "7");
	CHECK_EQ_S(format_place(&t_int, (struct place){.kind = PLACE_MEMORY, .address = 0x9000}, &b,
				1),
		   "<error: Cannot access memory at address 0x9000>");
	CHECK(!known);
	CHECK_EQ_S(format_place(&t_int, (struct place){.kind = PLACE_REGISTER, .reg = ARCH_RAX}, &b,
				1),
		   "-16");
	CHECK_EQ_S(format_place(&t_double,
				(struct place){.kind = PLACE_REGISTER, .reg = ARCH_XMM0 + 1}, &b,
				1),
		   "2.5");
	CHECK_EQ_S(format_place(&t_int, (struct place){.kind = PLACE_VALUE, .value = 5}, &b, 1),
		   "5");
	CHECK_EQ_S(
		format_place(&point,
			     (struct place){.kind = PLACE_PIECES, .pieces = pieces, .n_pieces = 2},
			     &b, 1),
		"{x = 48, y = 7}");
	CHECK_EQ_S(format_place(&point,
				(struct place){.kind = PLACE_PIECES, .pieces = lost, .n_pieces = 2},
				&b, 1),
		   "{x = 48, y = <optimised out>}");
	CHECK(known);
	CHECK_EQ_S(format_place(&t_long,
				(struct place){.kind = PLACE_PIECES, .pieces = lost, .n_pieces = 2},
				&b, 1),
		   "<optimised out>");
	CHECK(!known);
	lost[0] = lost[1];
	lost[0].why = "register rbx not known here";
	CHECK_EQ_S(format_place(&point,
				(struct place){.kind = PLACE_PIECES, .pieces = lost, .n_pieces = 2},
				&b, 1),
		   "<register rbx not known here>");
	CHECK_EQ_S(format_place(&t_int, (struct place){.kind = PLACE_NONE}, &b, 1),
		   "<optimised out>");
	CHECK_EQ_S(format_place(&t_int, (struct place){.kind = PLACE_NONE, .why = "no debug info"},
				&b, 1),
		   "<no debug info>");
	CHECK(!known);
}

TEST(variable_length_arrays)
{
	struct dw_op ops[] = {{.op = 0x08, .a = 2}}; // DW_OP_const1u 2: the last index
	struct location_entry entry = {0, UINT64_MAX, ops, 1};
	struct array_bound bound = {.loc = {.n = 1, .e = &entry}};
	struct type vla = {
		.kind = TYPE_ARRAY, .target = &t_int, .bound = &bound, .shown = "int []"};
	int v[] = {4, 5, 6, 7};
	struct block b = {0x1000, v, sizeof(v)};
	struct value_style style = value_style_default();

	format(&t_int, v, 4);
	CHECK_EQ_S(
		format_place(&vla, (struct place){.kind = PLACE_MEMORY, .address = 0x1000}, &b, 1),
		"{4, 5, 6}");
	CHECK(value_needs_memory(&vla, &style));
}

TEST_MAIN
