/*
 * test_base.c - return codes, allocation, log lines, strings that grow, safe text, memory.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/memory.h"

static struct buf fresh(void)
{
	struct buf b;

	buf_init(&b);
	return b;
}

TEST(first_failure_wins)
{
	ft_error_clear();
	CHECK_EQ_S(ft_error(), "");
	CHECK_EQ_I(ft_fail("open: %s", "gone"), FT_FAIL);
	CHECK_EQ_I(ft_fail("second"), FT_FAIL);
	CHECK_EQ_S(ft_error(), "open: gone");
	ft_error_clear();
	CHECK_EQ_S(ft_error(), "");
	CHECK_EQ_I(ft_fail("third"), FT_FAIL);
	CHECK_EQ_S(ft_error(), "third");
	ft_error_clear();
}

TEST(long_failures_are_cut)
{
	char *long_text = xmalloc(10001);

	memset(long_text, 'x', 10000);
	long_text[10000] = '\0';
	ft_error_clear();
	CHECK_EQ_I(ft_fail("%s", long_text), FT_FAIL);
	CHECK(strlen(ft_error()) > 1000 && strlen(ft_error()) < 10000);
	ft_error_clear();
	free(long_text);
}

TEST(grown_arrays)
{
	uint32_t *a = NULL;
	size_t n = 0, cap = 0;

	for (uint32_t i = 0; i < 1000; i++) {
		a = xgrow(a, n, &cap, sizeof(*a));
		if (!i)
			CHECK_EQ_U(cap, 8);
		a[n++] = i * 3;
	}
	CHECK_EQ_U(cap, 1024);
	for (uint32_t i = 0; i < 1000; i++)
		if (a[i] != i * 3)
			CHECK_EQ_U(a[i], i * 3);
	free(a);
}

TEST(same_texts)
{
	char *copy = xstrdup("abc");

	CHECK(is_same_text(copy, "abc"));
	CHECK(!is_same_text("abc", "abd"));
	CHECK(is_same_text(NULL, NULL));
	CHECK(!is_same_text(NULL, ""));
	CHECK(!is_same_text("", NULL));
	free(copy);
}

TEST(copies)
{
	char *s = xstrdup("abc"), *t = xstrndup("abcdef", 3), *u = xasprintf("%d-%s", 7, "x");

	CHECK_EQ_S(s, "abc");
	CHECK_EQ_S(t, "abc");
	CHECK_EQ_S(u, "7-x");
	CHECK(!xstrdup(NULL));
	free(s);
	free(t);
	free(u);
	t = xstrndup("ab", 100);
	CHECK_EQ_S(t, "ab");
	free(t);
	free(xmalloc(0));
	free(xcalloc(0, 8));
	free(xrealloc(NULL, 0));
}

static void multiply_too_much(void)
{
	free(xreallocarray(NULL, SIZE_MAX / 2, 3));
}

static void say(void)
{
	ft_say("%s is %d\nbad\033[31m", "x", 3);
}

static void log_some(void)
{
	errno = ERANGE;
	ft_log_enable("control,symbols");
	if (ft_log_is_on("control") && ft_log_is_on("symbols") && !ft_log_is_on("symbol") &&
	    !ft_log_is_on("unwind"))
		ft_log_at("control", "tid %d\n", 5);
	ft_log_enable("all");
	if (ft_log_is_on("unwind") && errno == ERANGE)
		ft_log_at("unwind", "all");
}

static void say_to_nobody(void)
{
	close(STDERR_FILENO);
	ft_say("is anybody there?");
	_exit(7);
}

/* What a child writes to fd 2 while it runs f, and its wait status. */
static struct buf in_child(void (*f)(void), int *status)
{
	struct buf out = fresh();
	char text[512];
	int fds[2];
	ssize_t n;

	fflush(stdout);
	if (pipe(fds) < 0)
		return out;
	pid_t pid = fork();
	if (!pid) {
		dup2(fds[1], STDERR_FILENO);
		f();
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], text, sizeof(text))) > 0)
		buf_add(&out, text, (size_t)n);
	close(fds[0]);
	waitpid(pid, status, 0);
	return out;
}

static void check_child(void (*f)(void), const char *text, int exit_status)
{
	int status = -1;
	struct buf out = in_child(f, &status);

	CHECK_EQ_S(out.s, text);
	CHECK(WIFEXITED(status));
	CHECK_EQ_I(WEXITSTATUS(status), exit_status);
	buf_deinit(&out);
}

TEST(out_of_memory_ends_the_program)
{
	check_child(multiply_too_much, "frametrace: out of memory\n", 1);
}

TEST(messages_are_one_safe_line)
{
	check_child(say, "frametrace: x is 3\\nbad\\033[31m\n", 0);
	check_child(log_some, "[control] tid 5\n[unwind] all\n", 0);
	check_child(say_to_nobody, "", 7);
}

TEST(buf_numbers)
{
	struct buf b = fresh();

	buf_dec(&b, INT64_MIN);
	buf_char(&b, ' ');
	buf_dec(&b, INT64_MAX);
	buf_char(&b, ' ');
	buf_dec(&b, 0);
	CHECK_EQ_S(b.s, "-9223372036854775808 9223372036854775807 0");
	buf_reset(&b);
	buf_udec(&b, UINT64_MAX);
	CHECK_EQ_S(b.s, "18446744073709551615");
	buf_reset(&b);
	buf_hex(&b, 0);
	buf_hex(&b, 0x2a);
	buf_hex(&b, UINT64_MAX);
	buf_hex(&b, 0x123456789abcdef0);
	CHECK_EQ_S(b.s, "0x00x2a0xffffffffffffffff0x123456789abcdef0");
	buf_reset(&b);
	buf_signed(&b, 42);
	buf_signed(&b, -42);
	buf_signed(&b, 0);
	CHECK_EQ_S(b.s, "+42-420");
	buf_deinit(&b);
}

TEST(buf_grows)
{
	struct buf b = fresh();

	CHECK_EQ_S(b.s, "");
	for (int i = 0; i < 1000; i++)
		buf_char(&b, 'a');
	CHECK_EQ_U(b.len, 1000);
	CHECK_EQ_U(strlen(b.s), 1000);
	buf_truncate(&b, 2);
	CHECK_EQ_S(b.s, "aa");
	buf_pad(&b, '.', 3);
	buf_pad(&b, '.', 0);
	CHECK_EQ_S(b.s, "aa...");
	buf_reset(&b);
	for (int i = 0; i < 300; i++) { // across every growth boundary
		buf_reset(&b);
		buf_printf(&b, "%*s|%d", i, "", i);
		CHECK_EQ_U(b.len, strlen(b.s));
		CHECK_EQ_U(b.len, i + (i < 10 ? 2 : i < 100 ? 3 : 4));
	}
	buf_deinit(&b);
	for (size_t n = 60; n < 68; n++) { // exactly at the first allocation's end
		b = fresh();
		buf_pad(&b, 'x', n);
		buf_printf(&b, "%s", "");
		buf_printf(&b, "y");
		CHECK_EQ_U(b.len, n + 1);
		CHECK_EQ_U(b.s[n], 'y');
		buf_deinit(&b);
	}
}

static void check_escaped(const char *s, size_t len, char quote, const char *want)
{
	struct buf b = fresh();

	buf_escaped(&b, s, len, quote);
	CHECK_EQ_S(b.s, want);
	buf_deinit(&b);
}

TEST(escaping_for_terminals)
{
	check_escaped("plain", 5, 0, "plain");
	check_escaped("", 0, '"', "");
	check_escaped("\a\b\t\n\v\f\r", 7, 0, "\\a\\b\\t\\n\\v\\f\\r");
	check_escaped("\033[2J\x7f", 5, 0, "\\033[2J\\177");
	check_escaped("a\0b", 3, 0, "a\\000b");
	check_escaped("say \"x\\\"", 8, '"', "say \\\"x\\\\\\\"");
	check_escaped("say \"x\\\"", 8, 0, "say \"x\\\"");
	check_escaped("it's", 4, '\'', "it\\'s");
	check_escaped("it's", 4, '"', "it's");
	check_escaped("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", 15, '"',
		      "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
	check_escaped("\xc2\x9b[31m", 6, 0, "\\302\\233[31m");	// CSI as C1
	check_escaped("\xe2\x80\xae", 3, 0, "\\342\\200\\256"); // bidi override
	check_escaped("\xff\xfe", 2, 0, "\\377\\376");
	check_escaped("\xe2\x82", 2, 0, "\\342\\202"); // cut short
	check_escaped("\xe2\x82z", 3, 0, "\\342\\202z");
	check_escaped("\xed\xa0\x80", 3, 0, "\\355\\240\\200"); // surrogate
	check_escaped("\xc0\xaf", 2, 0, "\\300\\257");		// overlong
}

static void check_json(const char *s, size_t len, const char *want)
{
	struct buf b = fresh();

	buf_json(&b, s, len);
	CHECK_EQ_S(b.s, want);
	buf_deinit(&b);
}

TEST(json_strings)
{
#define BAD "\xef\xbf\xbd"
	check_json("", 0, "\"\"");
	check_json("a/b", 3, "\"a/b\"");
	check_json("\"\\", 2, "\"\\\"\\\\\"");
	check_json("\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"");
	check_json("\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\\u007f\"");
	check_json("\xc2\x80\xc2\x9b\xe2\x80\xae", 7, "\"\\u0080\\u009b\\u202e\"");
	check_json("\xc2\xa0\xe2\x81\xaa", 5, "\"\xc2\xa0\xe2\x81\xaa\"");
	check_json("\xc3\xbc\xf0\x9f\x98\x80", 6, "\"\xc3\xbc\xf0\x9f\x98\x80\"");
	check_json("\xff", 1, "\"" BAD "\"");
	check_json("a\x80z", 3, "\"a" BAD "z\"");
	check_json("\xc3", 1, "\"" BAD "\"");
	check_json("\xf0\x9f\x98", 3, "\"" BAD "\""); // one subpart
	check_json("\xf0\x9f\x98x", 4, "\"" BAD "x\"");
	check_json("\xed\xa0\x80", 3, "\"" BAD BAD BAD "\"");	      // surrogate
	check_json("\xe0\x80\xaf", 3, "\"" BAD BAD BAD "\"");	      // overlong
	check_json("\xf4\x90\x80\x80", 4, "\"" BAD BAD BAD BAD "\""); // above U+10FFFF
	check_json("\xf5", 1, "\"" BAD "\"");
	check_json("\xef\xbf\xbd", 3, "\"\xef\xbf\xbd\"");
#undef BAD
}

struct bytes {
	uint64_t at;
	const uint8_t *b;
	size_t len;
};

static size_t read_bytes(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct bytes *m = ctx;

	if (addr < m->at || addr - m->at >= m->len)
		return 0;
	size_t left = m->len - (addr - m->at);
	len = len < left ? len : left;
	memcpy(buf, m->b + (addr - m->at), len);
	return len;
}

TEST(memory_is_all_or_nothing)
{
	static const uint8_t raw[] = {1, 2, 3, 4, 5, 6, 7, 0xf8, 9};
	struct bytes bytes = {0x1000, raw, sizeof(raw)};
	struct memory m = {read_bytes, &bytes}, none = memory_none();
	uint64_t v = 99;
	uint8_t two[2];

	CHECK(memory_read_uint(&m, 0x1000, 8, &v));
	CHECK_EQ_U(v, 0xf807060504030201);
	CHECK(memory_read_uint(&m, 0x1001, 3, &v));
	CHECK_EQ_U(v, 0x040302);
	CHECK(!memory_read_uint(&m, 0x1002, 8, &v));
	CHECK_EQ_U(v, 0x040302);
	CHECK(memory_read(&m, 0x1008, two, 1));
	CHECK(!memory_read(&m, 0x1008, two, 2));
	CHECK(memory_read(&m, 0x5000, two, 0));
	CHECK(!memory_read(&m, UINT64_MAX, two, 2));
	CHECK(!memory_read(&none, 0x1000, two, 1));
}

TEST_MAIN
