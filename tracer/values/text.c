/*
 * text.c - characters in quotes, as gdb and as Rust's {:?} write them; always safe to print.
 */
#include <string.h>

#include "values/private.h"

/* One character of a text as it lies in memory. */
struct unit {
	uint32_t c; // its code, or the byte that is no UTF-8
	size_t n;   // elements it takes, >= 1
	bool valid;
};

static struct unit utf8_unit(const uint8_t *s, size_t n)
{
	size_t follow = s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : 1;
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

	if (s[0] < 0x80)
		return (struct unit){s[0], 1, true};
	if (s[0] < 0xc2 || s[0] > 0xf4 || follow >= n)
		return (struct unit){s[0], 1, false};
	uint32_t c = s[0] & (0x3fu >> follow);
	for (size_t i = 1; i <= follow; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return (struct unit){s[0], 1, false};
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[follow] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return (struct unit){s[0], 1, false};
	return (struct unit){c, follow + 1, true};
}

static struct unit next_unit(const struct text *t, size_t at)
{
	const uint8_t *s = t->s + at * t->width;

	if (t->width == 1)
		return utf8_unit(s, t->n - at);
	uint32_t c = (uint32_t)scalar_uint(s, t->width);
	if (t->width == 2 && c >= 0xd800 && c < 0xdc00 && at + 1 < t->n) {
		uint32_t low = (uint32_t)scalar_uint(s + 2, 2);
		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + low - 0xdc00;
			return (struct unit){c, 2, true};
		}
	}
	return (struct unit){c, 1, c < 0x110000 && !(c >= 0xd800 && c < 0xe000)};
}

/* Has a glyph of its own: no control, format, separator, surrogate or private-use character. */
static bool is_printable(uint32_t c)
{
	if (c < 0x7f)
		return c >= 0x20;
	if (c <= 0xa0 || c == 0xad || c > 0x10ffff || (c & 0xfffe) == 0xfffe)
		return false;
	if (c >= 0xe000 && c <= 0xf8ff)
		return false;
	return !(c >= 0x2000 && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202f) &&
	       !(c >= 0x205f && c <= 0x206f) && !(c >= 0xd800 && c <= 0xdfff) && c != 0x3000 &&
	       c != 0xfeff && !(c >= 0xfff9 && c <= 0xfffb) && c < 0xe0000;
}

static void add_utf8(struct buf *out, uint32_t c)
{
	char s[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n; i-- > 1; c >>= 6)
		s[i] = (char)(0x80 | (c & 0x3f));
	s[0] = (char)(lead[n] | c);
	buf_add(out, s, n);
}

static void add_octal(struct buf *out, uint8_t byte)
{
	char s[4] = {'\\', (char)('0' + (byte >> 6)), (char)('0' + (byte >> 3 & 7)),
		     (char)('0' + (byte & 7))};
	buf_add(out, s, sizeof(s));
}

/* C: named escapes, else each byte in octal, always three digits. */
static void add_c(struct buf *out, const struct unit *u, const uint8_t *raw, size_t raw_len,
		  char quote)
{
	if (u->valid && (u->c == (uint8_t)quote || u->c == '\\')) {
		buf_char(out, '\\');
		buf_char(out, (char)u->c);
	} else if (u->valid && u->c >= 7 && u->c <= 13) {
		buf_char(out, '\\');
		buf_char(out, "abtnvfr"[u->c - 7]);
	} else if (u->valid && is_printable(u->c)) {
		add_utf8(out, u->c);
	} else if (u->c < 0x100 && raw_len > 1 && u->n == 1) {
		add_octal(out, (uint8_t)u->c);
	} else {
		for (size_t i = 0; i < raw_len; i++)
			add_octal(out, raw[i]);
	}
}

/* How often the character at `at` is repeated from there on. */
static size_t count_run(const struct text *t, size_t at, size_t n)
{
	const uint8_t *first = t->s + at * t->width;
	size_t runs = 1, bytes = n * t->width;

	for (size_t i = at + n; i + n <= t->n && !memcmp(t->s + i * t->width, first, bytes); i += n)
		runs++;
	return runs;
}

static void open_quote(struct buf *out, const struct text *t, bool first)
{
	if (!first)
		buf_str(out, ", ");
	buf_str(out, t->prefix);
	buf_char(out, '"');
}

void text_c_string(struct buf *out, const struct text *t)
{
	bool open = false, first = true;
	size_t at = 0;

	while (at < t->n && at < t->max) {
		struct unit u = next_unit(t, at);
		const uint8_t *raw = t->s + at * t->width;
		size_t run = count_run(t, at, u.n);
		bool fold = run > BUILD_REPEATS;
		if (fold && open)
			buf_char(out, '"');
		if (fold) {
			buf_str(out, first ? "" : ", ");
			buf_str(out, t->prefix);
			buf_char(out, '\'');
			add_c(out, &u, raw, u.n * t->width, '\'');
			buf_str(out, "' <repeats ");
			buf_udec(out, run);
			buf_str(out, " times>");
		} else {
			if (!open)
				open_quote(out, t, first);
			add_c(out, &u, raw, u.n * t->width, '"');
		}
		open = !fold;
		first = false;
		at += fold ? run * u.n : u.n;
	}
	if (first)
		open_quote(out, t, true);
	if (first || open)
		buf_char(out, '"');
	if (at < t->n || t->more)
		buf_str(out, "...");
}

void text_c_char(struct buf *out, uint32_t c, unsigned width, const char *prefix)
{
	uint8_t raw[4] = {(uint8_t)c, (uint8_t)(c >> 8), (uint8_t)(c >> 16), (uint8_t)(c >> 24)};
	struct unit u = {c, 1, width > 1 || c < 0x80};

	buf_str(out, prefix);
	buf_char(out, '\'');
	add_c(out, &u, raw, width, '\'');
	buf_char(out, '\'');
}

/* Marks that join what stands before them (Grapheme_Extend), the common ones. */
static bool is_joining(uint32_t c)
{
	static const uint32_t ranges[][2] = {
		{0x300, 0x36f},	  {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},
		{0x64b, 0x65f},	  {0x1ab0, 0x1ace}, {0x1dc0, 0x1dff}, {0x20d0, 0x20f0},
		{0x302a, 0x302f}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
		{0xff9e, 0xff9f},
	};

	for (size_t i = 0; c >= ranges[0][0] && i < FT_COUNT(ranges); i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}

static void add_rust(struct buf *out, uint32_t c, char quote)
{
	const char *named = c == '\t'	? "\\t"
			    : c == '\r' ? "\\r"
			    : c == '\n' ? "\\n"
			    : c == 0	? "\\0"
			    : c == '\\' ? "\\\\"
					: NULL;

	if (named) {
		buf_str(out, named);
	} else if (c == (uint8_t)quote) {
		buf_char(out, '\\');
		buf_char(out, quote);
	} else if (is_printable(c)) {
		add_utf8(out, c);
	} else {
		buf_printf(out, "\\u{%x}", c);
	}
}

/* A joining mark is escaped where there is nothing to join. */
static void add_rust_first(struct buf *out, uint32_t c, char quote)
{
	if (is_joining(c))
		buf_printf(out, "\\u{%x}", c);
	else
		add_rust(out, c, quote);
}

void text_rust_str(struct buf *out, const uint8_t *s, size_t len, bool more)
{
	buf_char(out, '"');
	for (size_t at = 0; at < len;) {
		struct unit u = utf8_unit(s + at, len - at);
		if (!u.valid && more && len - at < 4)
			break; // a character that the limit cut in two
		if (u.valid && at == 0)
			add_rust_first(out, u.c, '"');
		else if (u.valid)
			add_rust(out, u.c, '"');
		else
			buf_printf(out, "\\x%02x", u.c);
		at += u.n;
	}
	buf_str(out, more ? "\"..." : "\"");
}

void text_rust_char(struct buf *out, uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
		buf_printf(out, "<not a char: 0x%x>", c);
		return;
	}
	buf_char(out, '\'');
	add_rust_first(out, c, '\'');
	buf_char(out, '\'');
}

unsigned text_width(struct type *named, const char **ret_prefix)
{
	static const struct {
		const char *name, *prefix;
	} wide[] = {{"wchar_t", "L"}, {"char16_t", "u"}, {"char32_t", "U"}};

	*ret_prefix = "";
	for (unsigned depth = 0; named && depth < 32; depth++, named = named->target) {
		for (size_t i = 0; named->name && i < FT_COUNT(wide); i++) {
			struct type *t = type_strip(named);
			if (strcmp(named->name, wide[i].name) != 0 || !t)
				continue;
			*ret_prefix = wide[i].prefix;
			return t->size == 2 || t->size == 4 ? (unsigned)t->size : 0;
		}
		if (named->kind == TYPE_CHAR || named->kind == TYPE_UTF)
			return named->size == 1 ? 1 : 0;
		if (named->kind != TYPE_TYPEDEF && named->kind != TYPE_CONST &&
		    named->kind != TYPE_VOLATILE && named->kind != TYPE_ATOMIC)
			return 0;
	}
	return 0;
}
