/*
 * test_inlines.c - the inlined calls of this very program, as its compiler made them, against what
 * its source says and against readelf.
 */
#include "test.h"

#include <unistd.h>

#include "symbols/symbols.h"
#include "symbols/type.h"

#define NOINLINE __attribute__((noinline, used))
#define INLINE static inline __attribute__((always_inline))

enum { LINE_SQUARE = __LINE__ + 1 };
INLINE int square(int x)
{
	volatile int r = x * x;
	return r;
}

enum { LINE_SUM = __LINE__ + 1 };
INLINE int sum_of_squares(int a, int b)
{
	int s = square(a);
	if (s > 10) {
		volatile int more = square(b); // in a lexical block
		s += more;
	}
	return s;
}
enum { LINE_FIRST_SQUARE = LINE_SUM + 2, LINE_SECOND_SQUARE = LINE_SUM + 4 };

int calls_inlined(int n);
int calls_nothing(int n);

NOINLINE int calls_inlined(int n)
{
	return sum_of_squares(n, 3);
}
enum { LINE_CALL = __LINE__ - 2 };

NOINLINE int calls_nothing(int n)
{
	return n + 1;
}

struct opened {
	struct symbols *s;
	struct module *m;
};

static struct opened open_self(void)
{
	struct opened o = {.s = symbols_create()};
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	CHECK(n > 0);
	path[n > 0 ? n : 0] = '\0';
	CHECK_EQ_U(symbols_open(o.s, path, 0, 0, &o.m), FT_OK);
	return o;
}

static struct function *function_named(const struct opened *o, const char *name)
{
	uint64_t pc;
	struct function *f = NULL;

	CHECK_EQ_U(symbols_address_of(o->s, o->m, name, &pc), FT_OK);
	CHECK_EQ_U(symbols_function_at(o->s, pc, &f), FT_OK);
	return f;
}

/* The n-th inlined call of that name. */
static const struct inlined *call_of(const struct inlined *i, size_t n, const char *name,
				     size_t nth)
{
	for (size_t k = 0; k < n; k++)
		if (strcmp(i[k].name, name) == 0 && nth-- == 0)
			return &i[k];
	return NULL;
}

static bool is_inside(const struct function *f, uint64_t pc)
{
	for (size_t k = 0; k < f->n_ranges; k++)
		if (f->ranges[k].lo <= pc && pc < f->ranges[k].hi)
			return true;
	return false;
}

TEST(the_tree_is_what_the_source_says)
{
	struct opened o = open_self();
	const struct inlined *list = NULL;
	size_t n = 0;

	CHECK_EQ_U(calls_inlined(4), 25);
	struct function *f = function_named(&o, "calls_inlined");
	CHECK_EQ_U(symbols_inlines(o.s, f, &list, &n), FT_OK);
	CHECK_EQ_U(n, 3);
	const struct inlined *sum = call_of(list, n, "sum_of_squares", 0);
	const struct inlined *first = call_of(list, n, "square", 0);
	const struct inlined *second = call_of(list, n, "square", 1);
	CHECK(sum && first && second);
	if (sum && first && second) {
		CHECK_EQ_U(sum->parent, SIZE_MAX);
		CHECK_EQ_U(sum->depth, 0);
		CHECK_EQ_U(sum->line, LINE_SUM);
		CHECK_EQ_U(sum->call_line, LINE_CALL);
		CHECK_EQ_U(sum->origin, ORIGIN_OWN);
		CHECK(sum->call_file && strstr(sum->call_file, "test_inlines.c"));
		CHECK(sum->file && strstr(sum->file, "test_inlines.c"));
		CHECK_EQ_U(first->parent, (size_t)(sum - list));
		CHECK_EQ_U(first->depth, 1);
		CHECK_EQ_U(first->line, LINE_SQUARE);
		CHECK_EQ_U(first->call_line, LINE_FIRST_SQUARE);
		CHECK_EQ_U(second->call_line, LINE_SECOND_SQUARE);
		for (size_t i = 0; i < n; i++)
			CHECK(is_inside(f, list[i].entry));
	}
	symbols_destroy(o.s);
}

TEST(variables_are_those_of_the_inlined_function)
{
	struct opened o = open_self();
	const struct inlined *list = NULL, *again = NULL;
	size_t n = 0;
	struct function *f = function_named(&o, "calls_inlined");

	CHECK_EQ_U(symbols_inlines(o.s, f, &list, &n), FT_OK);
	const struct inlined *sum = call_of(list, n, "sum_of_squares", 0);
	const struct inlined *first = call_of(list, n, "square", 0);
	CHECK(sum && first);
	if (sum && first) {
		CHECK_EQ_U(sum->n_params, 2);
		CHECK_EQ_S(sum->params[0].name, "a");
		CHECK_EQ_S(sum->params[1].name, "b");
		CHECK_EQ_S(sum->params[1].type->shown, "int");
		CHECK(sum->params[1].is_inlined);
		CHECK_EQ_S(sum->params[1].from, "sum_of_squares");
		// b is 3 wherever it is told: a constant, or one in its location list.
		CHECK(sum->params[1].has_const || sum->params[1].loc.n > 0);
		CHECK_EQ_U(first->n_params, 1);
		CHECK_EQ_S(first->params[0].name, "x");
		CHECK_EQ_U(first->n_locals, 1); // not those of others
		CHECK_EQ_S(first->locals[0].name, "r");
	}
	CHECK_EQ_U(symbols_inlines(o.s, f, &again, &n), FT_OK);
	CHECK(again == list); // read once
	CHECK_EQ_U(symbols_inlines(o.s, function_named(&o, "calls_nothing"), &again, &n), FT_NONE);
	symbols_destroy(o.s);
}

/* What readelf and awk make of this program: one number; 0 if they cannot be run. */
static size_t number_by_readelf(const char *dump, const char *awk)
{
	char path[4096], command[4608];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	size_t n = 0;

	path[len > 0 ? len : 0] = '\0';
	snprintf(command, sizeof(command),
		 "LC_ALL=C readelf --debug-dump=%s '%s' 2>/dev/null | awk '%s END { print n + 0 }'",
		 dump, path, awk);
	FILE *p = popen(command, "r");
	if (!p || fscanf(p, "%zu", &n) != 1)
		n = 0;
	if (p)
		pclose(p);
	return n;
}

/* How many inlined calls are in the whole file, but for those of which no code is left. */
static size_t count_by_readelf(void)
{
	return number_by_readelf("info",
				 "/Abbrev Number/ { inside = /DW_TAG_inlined_subr/; n += inside }"
				 "/DW_AT_high_pc/ && inside && /: 0(x0)?$/ { n-- }");
}

TEST(readelf_counts_as_many)
{
	struct opened o = open_self();
	struct function_list functions = {0};
	size_t n, total = 0;

	CHECK_EQ_U(symbols_functions(o.s, o.m, true, &functions), FT_OK);
	for (size_t i = 0; i < functions.n; i++) {
		const struct inlined *list;
		if (symbols_inlines(o.s, functions.f[i], &list, &n) == FT_OK)
			total += n;
		else
			n = 0;
		for (size_t k = 0; k < n; k++) {
			CHECK(list[k].n_ranges > 0);
			CHECK(list[k].parent == SIZE_MAX || list[k].parent < k);
		}
	}
	CHECK(total >= 3);
	// A list may hold nothing but empty ranges; readelf marks those, but not whose they are.
	size_t seen = count_by_readelf();
	size_t empty = number_by_readelf("Ranges", "/start == end/ { n++ }");
	CHECK(total <= seen && seen - total <= empty);
	free(functions.f);
	symbols_destroy(o.s);
}

TEST_MAIN
