/*
 * test.h - the framework of the unit tests: one program per room or subject, TAP on stdout.
 *
 *	#include "test.h"
 *	TEST(escapes_quotes)
 *	{
 *		CHECK_EQ_S(b.s, "\"");
 *	}
 *	TEST_MAIN
 *
 * Tests run in the order of the file. A failed check prints file:line and both values, and the
 * test goes on. `test_NAME WORD…` runs only the tests whose name contains one of the words.
 */
#ifndef FT_TEST_H
#define FT_TEST_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

static struct test *test_first, **test_last = &test_first;
static unsigned test_failures; // of the running test

#define TEST(id)                                                                                   \
	static void test_body_##id(void);                                                          \
	static struct test test_entry_##id = {#id, test_body_##id, NULL};                          \
	__attribute__((constructor)) static void test_add_##id(void)                               \
	{                                                                                          \
		*test_last = &test_entry_##id;                                                     \
		test_last = &test_entry_##id.next;                                                 \
	}                                                                                          \
	static void test_body_##id(void)

__attribute__((format(printf, 3, 4), unused)) static void test_fail(const char *file, int line,
								    const char *fmt, ...)
{
	va_list ap;

	test_failures++;
	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			test_fail(__FILE__, __LINE__, "not true: %s", #cond);                      \
	} while (0)

/* Unsigned, pointers' worth; shown in decimal and hex. */
#define CHECK_EQ_U(a, b)                                                                           \
	do {                                                                                       \
		uint64_t test_lhs = (uint64_t)(a), test_rhs = (uint64_t)(b);                       \
		if (test_lhs != test_rhs)                                                          \
			test_fail(__FILE__, __LINE__,                                              \
				  "%s is %" PRIu64 " (0x%" PRIx64 "), not %" PRIu64 " (0x%" PRIx64 \
				  "), %s",                                                         \
				  #a, test_lhs, test_lhs, test_rhs, test_rhs, #b);                 \
	} while (0)

#define CHECK_EQ_I(a, b)                                                                           \
	do {                                                                                       \
		int64_t test_lhs = (int64_t)(a), test_rhs = (int64_t)(b);                          \
		if (test_lhs != test_rhs)                                                          \
			test_fail(__FILE__, __LINE__, "%s is %" PRId64 ", not %" PRId64 ", %s",    \
				  #a, test_lhs, test_rhs, #b);                                     \
	} while (0)

/* Strings; NULL equals only NULL. */
#define CHECK_EQ_S(a, b)                                                                           \
	do {                                                                                       \
		const char *test_lhs = (a), *test_rhs = (b);                                       \
		if (test_lhs == NULL || test_rhs == NULL ? test_lhs != test_rhs                    \
							 : strcmp(test_lhs, test_rhs) != 0)        \
			test_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\", %s", #a,          \
				  test_lhs ? test_lhs : "(NULL)", test_rhs ? test_rhs : "(NULL)",  \
				  #b);                                                             \
	} while (0)

static bool test_wanted(const struct test *t, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strstr(t->name, argv[i]) != NULL)
			return true;
	return argc < 2;
}

static int test_main(int argc, char **argv)
{
	unsigned n = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0); // what was said before a crash is not lost
	for (struct test *t = test_first; t != NULL; t = t->next) {
		if (!test_wanted(t, argc, argv))
			continue;
		test_failures = 0;
		t->run();
		failed += test_failures != 0;
		printf("%s %u - %s\n", test_failures ? "not ok" : "ok", ++n, t->name);
	}
	printf("1..%u\n", n);
	return failed != 0;
}

#define TEST_MAIN                                                                                  \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		return test_main(argc, argv);                                                      \
	}

#endif
