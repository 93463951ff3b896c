/*
 * test_types.c - types and signatures as the debug information of this very program has them, and
 * how their names are spelled.
 */
#include "test.h"

#include <stdarg.h>
#include <unistd.h>

#include "symbols/types.h"

#define NOINLINE __attribute__((noinline, used))

struct point {
	int x, y;
};
union num {
	int i;
	float f;
};
enum color { RED, GREEN = 5, BLUE };
enum low { LOW = -2, HIGH };
struct shape {
	struct point at;
	unsigned a : 3;
	int b : 5;
	unsigned long c : 40;
	union {
		int u;
		char bytes[4];
	};
	struct shape *next;
	enum color color;
	enum low low;
	int tail[];
};
typedef unsigned long word;
typedef int (*callback)(int, char *);

int takes_all(struct shape *s, const char *text, word w, callback cb, int (*table)[3],
	      struct point *const cp, volatile int *v, char **argv, void *any, _Bool flag,
	      long double ld, unsigned char byte);
int takes_more(const char *format, ...);
int keeps_a_count(void);
void takes_none(void);
void takes_arrays(int (*m)[2][3], callback (*tab)[4], union num n, enum color c, __int128 wide);

NOINLINE int takes_all(struct shape *s, const char *text, word w, callback cb, int (*table)[3],
		       struct point *const cp, volatile int *v, char **argv, void *any, _Bool flag,
		       long double ld, unsigned char byte)
{
	return s->at.x + *text + (int)w + cb(1, NULL) + (*table)[0] + cp->x + *v + (argv != any) +
	       flag + (int)ld + byte;
}

NOINLINE int takes_more(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	int v = va_arg(ap, int);
	va_end(ap);
	return v + *format;
}

NOINLINE int keeps_a_count(void)
{
	static int calls;
	static _Thread_local int mine;
	int now = ++calls + ++mine;
	return now;
}

NOINLINE void takes_none(void)
{
	__asm__ volatile("");
}

NOINLINE void takes_arrays(int (*m)[2][3], callback (*tab)[4], union num n, enum color c,
			   __int128 wide)
{
	__asm__ volatile("" ::"r"(m), "r"(tab), "r"(n.i), "r"(c), "r"((long)wide));
}

static struct symbols *syms;
static struct module *self;

static const struct signature *signature_of(const char *name)
{
	const struct signature *sig = NULL;
	struct function *f;
	uint64_t addr;

	if (!syms) {
		char path[4096] = {0};
		CHECK(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
		syms = symbols_create();
		CHECK(symbols_open(syms, path, 0, 0, &self) == FT_OK);
	}
	CHECK(symbols_address_of(syms, self, name, &addr) == FT_OK);
	CHECK(symbols_function_at(syms, addr, &f) == FT_OK);
	CHECK(symbols_signature(syms, f, &sig) == FT_OK);
	return sig;
}

TEST(parameters_have_types)
{
	static const char *const types[][2] = {
		{"s", "struct shape *"}, {"text", "const char *"}, {"w", "word"},
		{"cb", "callback"},	 {"table", "int (*)[3]"},  {"cp", "struct point * const"},
		{"v", "volatile int *"}, {"argv", "char **"},	   {"any", "void *"},
		{"flag", "_Bool"},	 {"ld", "long double"},	   {"byte", "unsigned char"},
	};
	const struct signature *sig = signature_of("takes_all");

	CHECK_EQ_U(sig->n_params, FT_COUNT(types));
	for (size_t i = 0; i < sig->n_params && i < FT_COUNT(types); i++) {
		CHECK_EQ_S(sig->params[i].name, types[i][0]);
		CHECK_EQ_S(sig->params[i].type->shown, types[i][1]);
		CHECK(sig->params[i].is_param);
	}
	CHECK_EQ_S(sig->returns->shown, "int");
	CHECK(!sig->variadic);
	CHECK_EQ_S(type_strip(sig->params[2].type)->shown, "unsigned long");
	CHECK_EQ_S(type_strip(sig->params[3].type)->shown, "int (*)(int, char *)");
	CHECK(signature_of("takes_all") == sig);
}

TEST(signatures_of_other_shapes)
{
	const struct signature *more = signature_of("takes_more"),
			       *none = signature_of("takes_none");
	const struct signature *arrays = signature_of("takes_arrays");

	CHECK(more->variadic);
	CHECK_EQ_U(more->n_params, 1);
	CHECK(none->returns == NULL);
	CHECK_EQ_U(none->n_params, 0);
	CHECK(none->prototyped);
	CHECK_EQ_U(arrays->n_params, 5);
	CHECK_EQ_S(arrays->params[0].type->shown, "int (*)[2][3]");
	CHECK_EQ_S(arrays->params[1].type->shown, "callback (*)[4]");
	CHECK_EQ_S(arrays->params[2].type->shown, "union num");
	CHECK_EQ_S(arrays->params[3].type->shown, "enum color");
	CHECK_EQ_U(arrays->params[4].type->size, 16);
	struct type *m = arrays->params[0].type->target;
	CHECK_EQ_U(m->count, 2);
	CHECK_EQ_U(m->target->count, 3);
	CHECK_EQ_U(m->size, 24);
}

TEST(members_are_read_when_stripped)
{
	struct type *t = signature_of("takes_all")->params[0].type->target;

	CHECK(t->n_members == 0 || !t->detail);
	CHECK_EQ_U(t->size, sizeof(struct shape));
	t = type_strip(t);
	CHECK_EQ_U(t->n_members, 9);
	if (t->n_members != 9)
		return;
	const struct member *m = t->members;
	CHECK_EQ_S(m[0].name, "at");
	CHECK_EQ_U(m[1].bit_size, 3);
	CHECK_EQ_U(m[1].offset * 8 + m[1].bit_offset, 64);
	CHECK_EQ_U(m[2].offset * 8 + m[2].bit_offset, 67);
	CHECK_EQ_U(m[3].bit_size, 40);
	CHECK(m[4].name == NULL);
	CHECK_EQ_U(m[4].offset, offsetof(struct shape, u));
	CHECK(type_strip(m[5].type->target) == t); // a cycle through a pointer
	CHECK_EQ_U(m[5].offset, offsetof(struct shape, next));
	struct type *color = type_strip(m[6].type), *low = type_strip(m[7].type);
	CHECK_EQ_U(color->n_enumerators, 3);
	CHECK_EQ_S(color->enumerators[1].name, "GREEN");
	CHECK_EQ_I(color->enumerators[1].value, 5);
	CHECK(!color->is_signed);
	CHECK_EQ_I(low->enumerators[0].value, -2);
	CHECK(low->is_signed);
	CHECK(m[8].type->kind == TYPE_ARRAY && m[8].type->size == 0);
}

TEST(unreadable_references)
{
	signature_of("takes_none");
	struct type *t = types_at(self, UINT64_MAX / 2, 0);
	CHECK_EQ_I(t->kind, TYPE_UNKNOWN);
	CHECK_EQ_S(t->shown, "<unknown type>");
	CHECK(types_at(self, UINT64_MAX / 2, 0) == t);
	CHECK(type_strip(NULL) == NULL);
}

TEST(rust_names)
{
	static const char *const names[][2] = {
		{"i32", "i32"},
		{"&str", "&str"},
		{"(i32)", "(i32,)"},
		{"(i32, u8)", "(i32, u8)"},
		{"()", "()"},
		{"demo::P", "demo::P"},
		{"alloc::string::String", "String"},
		{"alloc::boxed::Box<i32, alloc::alloc::Global>", "Box<i32>"},
		{"core::option::Option<alloc::vec::Vec<demo::P, alloc::alloc::Global>>",
		 "Option<Vec<demo::P>>"},
		{"std::collections::hash::map::HashMap<i32, &str, std::hash::random::RandomState>",
		 "HashMap<i32, &str>"},
		{"&mut dyn core::fmt::Write", "&mut dyn Write"},
		{"demo::main::{closure_env#0}", "demo::main::{closure_env#0}"},
		{"fn(core::option::Option<(u8)>) -> alloc::string::String",
		 "fn(Option<(u8,)>) -> String"},
		{"corex::A<std", "corex::A<std"},
		{"core::", "core::"},
		{"{core::", "{core::"},
	};
	struct arena *a = arena_create();

	for (size_t i = 0; i < FT_COUNT(names); i++)
		CHECK_EQ_S(spell_rust(a, names[i][0]), names[i][1]);
	arena_destroy(a);
}

TEST(cxx_names)
{
	static const char *const names[][2] = {
		{"int", "int"},
		{"ns::Box<int>", "ns::Box<int>"},
		{"std::vector<int, std::allocator<int> >", "std::vector<int>"},
		{"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
		 "std::string"},
		{"std::map<int, std::pair<int, int>, std::less<int>, "
		 "std::allocator<std::pair<const int, int> > >",
		 "std::map<int, std::pair<int, int>>"},
		{"std::vector<int, std::allocator<", "std::vector<int, std::allocator<"},
	};
	struct arena *a = arena_create();

	for (size_t i = 0; i < FT_COUNT(names); i++)
		CHECK_EQ_S(spell_cxx(a, names[i][0]), names[i][1]);
	arena_destroy(a);
}

TEST(static_locals)
{
	const struct signature *sig = signature_of("keeps_a_count");

	CHECK_EQ_U(sig->n_locals, 3);
	for (size_t i = 0; i < sig->n_locals; i++)
		CHECK_EQ_I(sig->locals[i].is_static, strcmp(sig->locals[i].name, "now") != 0);
}

/* ---- what other compilers say; without them nothing is tested ---- */

/* Compiles `source` with `command SOURCE -o PROGRAM` and opens it; NULL: it cannot be compiled. */
static struct symbols *compiled(const char *command, const char *suffix, const char *source,
				struct function_list *ret)
{
	char *base = xasprintf("/tmp/ft-test-types-%d", (int)getpid());
	char *file = xasprintf("%s.%s", base, suffix);
	char *line = xasprintf("%s %s -o %s >/dev/null 2>&1", command, file, base);
	struct symbols *s = NULL;
	struct module *m;
	FILE *out = fopen(file, "w");

	CHECK(out && fputs(source, out) >= 0 && fclose(out) == 0);
	if (system(line) == 0) {
		s = symbols_create();
		CHECK_EQ_I(symbols_open(s, base, 0, 0, &m), FT_OK);
		CHECK_EQ_I(symbols_functions(s, m, false, ret), FT_OK);
	} else {
		printf("# not tested: %s\n", line);
	}
	unlink(file);
	unlink(base);
	free(line);
	free(file);
	free(base);
	return s;
}

static const struct signature *listed(struct symbols *s, const struct function_list *l,
				      const char *name, struct function **ret)
{
	const struct signature *sig = NULL;

	*ret = NULL;
	for (size_t i = 0; i < l->n && !*ret; i++)
		if (strcmp(l->f[i]->name, name) == 0)
			*ret = l->f[i];
	CHECK(*ret != NULL);
	if (*ret)
		CHECK_EQ_I(symbols_signature(s, *ret, &sig), FT_OK);
	return sig;
}

static void check_rust(const char *command, bool optimised)
{
	static const char source[] =
		"#[inline(never)] fn taken(x: &[i64], s: &str, n: usize) -> usize {\n"
		"    let mut t = n; for i in x { t += *i as usize; }\n"
		"    if t > 50 { println!(\"{} {}\", s, t); }\n"
		"    let args = (1, 2);\n"
		"    assert_eq!(t, args.0 + 12);\n"
		"    t + s.len()\n"
		"}\n"
		"fn main() { let v: Vec<i64> = std::env::args().map(|_| 6).collect();\n"
		"    std::process::exit(taken(&v, \"abc\", 7) as i32); }\n";
	struct function_list l;
	struct symbols *s = compiled(command, "rs", source, &l);
	struct function *f;
	const struct signature *sig;

	if (!s)
		return;
	for (size_t i = 0; i < l.n; i++) // the crate's name is that of the file
		if (strstr(l.f[i]->name, "::taken"))
			l.f[i]->name = "taken";
	sig = listed(s, &l, "taken", &f);
	for (size_t i = 0; sig && i < sig->n_locals; i++) {
		const struct variable *v = &sig->locals[i];
		bool own = strcmp(v->name, "t") == 0 || strcmp(v->name, "i") == 0 ||
			   strcmp(v->name, "iter") == 0 ||
			   (strcmp(v->name, "args") == 0 && v->line == 4);
		CHECK_EQ_I(v->from_macro, !own);
	}
	// rustc 1.63 keeps the convention where 1.95 changes it; neither does so unoptimised.
	CHECK(sig && sig->nocall == f->nocall && (optimised || !f->nocall));
	CHECK(sig && sig->optimised == optimised);
	free(l.f);
	symbols_destroy(s);
}

TEST(rust_locals_of_macros)
{
	check_rust("rustc -g", false);
	check_rust("rustc -g -O", true);
}

TEST(cxx_destructors_and_hidden_parameters)
{
	static const char source[] =
		"struct V { virtual ~V(); int v = 1; }; V::~V() {}\n"
		"struct S : virtual V { S(int a); virtual ~S(); int s; };\n"
		"S::S(int a) : s(a) {} S::~S() {}\n"
		"struct Q : S { Q() : S(3) {} };\n"
		"int main() { V *v = new S(2); delete v; Q q; return q.s == 99; }\n";
	struct function_list l;
	struct symbols *s = compiled("c++ -g", "cc", source, &l);
	struct function *f;

	if (!s)
		return;
	const struct signature *sig = listed(s, &l, "S::S", &f);
	for (size_t i = 0; sig && i < sig->n_params; i++)
		CHECK_EQ_I(sig->params[i].artificial, strcmp(sig->params[i].name, "a") != 0);
	listed(s, &l, "S::~S", &f);
	listed(s, &l, "S::~S [deleting]", &f);
	CHECK(f && f->symbol && strcmp(f->symbol, "_ZN1SD0Ev") == 0);
	free(l.f);
	symbols_destroy(s);
}

TEST(locations_by_pc)
{
	struct location_entry e[] = {{.lo = 0x10, .hi = 0x20}, {.lo = 0x20, .hi = 0x30}};
	struct location l = {.n = 2, .e = e};
	const struct location_entry *found = NULL;

	CHECK_EQ_I(location_at(&l, 0x20, &found), FT_OK);
	CHECK(found == &e[1]);
	CHECK_EQ_I(location_at(&l, 0x30, &found), FT_NONE);
	CHECK_EQ_I(location_at(&l, 0x0f, &found), FT_NONE);
	symbols_destroy(syms);
	syms = NULL;
}

TEST_MAIN
