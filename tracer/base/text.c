/*
 * text.c - strangers' text made safe: for a terminal and for JSON. UTF-8 is judged here only.
 */
#include "base/buf.h"

#include <string.h>

/* One step through bytes that claim to be UTF-8. */
struct utf8 {
	uint32_t c; // the character, if valid
	size_t len; // bytes it takes; of an ill-formed one, its maximal subpart (Unicode 3.9), >= 1
	bool valid;
};

/* Unicode 15, table 3-7: which second bytes a lead byte allows, and how many bytes follow. */
static size_t utf8_follow(uint8_t lead, uint8_t *ret_lo, uint8_t *ret_hi)
{
	*ret_lo = 0x80;
	*ret_hi = 0xbf;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 1;
	if (lead >= 0xe0 && lead <= 0xef) {
		*ret_lo = lead == 0xe0 ? 0xa0 : 0x80; // no overlong forms
		*ret_hi = lead == 0xed ? 0x9f : 0xbf; // no surrogates
		return 2;
	}
	if (lead >= 0xf0 && lead <= 0xf4) {
		*ret_lo = lead == 0xf0 ? 0x90 : 0x80;
		*ret_hi = lead == 0xf4 ? 0x8f : 0xbf; // nothing above U+10FFFF
		return 3;
	}
	return 0;
}

static struct utf8 utf8_next(const char *s, size_t len)
{
	uint8_t lead = (uint8_t)s[0], lo, hi;
	if (lead < 0x80)
		return (struct utf8){lead, 1, true};
	size_t follow = utf8_follow(lead, &lo, &hi);
	if (!follow)
		return (struct utf8){0, 1, false};
	uint32_t c = lead & (0x3fu >> follow);
	for (size_t i = 1; i <= follow; i++) {
		uint8_t b = i < len ? (uint8_t)s[i] : 0;
		if (b < lo || b > hi)
			return (struct utf8){0, i, false};
		c = c << 6 | (b & 0x3f);
		lo = 0x80;
		hi = 0xbf;
	}
	return (struct utf8){c, follow + 1, true};
}

/* Characters that would act on a terminal, or on how the rest of the line is read, not be shown. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || // C0, DEL, C1
	       (c >= 0x2028 && c <= 0x202e) ||	       // line and paragraph ends, bidi overrides
	       (c >= 0x2066 && c <= 0x2069);	       // bidi isolates
}

static void escape_byte(struct buf *b, uint8_t c)
{
	static const char names[] = "abtnvfr"; // 7..13

	if (c >= 7 && c <= 13) {
		char text[2] = {'\\', names[c - 7]};
		buf_add(b, text, sizeof(text));
	} else {
		char text[4] = {'\\', (char)('0' + (c >> 6)), (char)('0' + (c >> 3 & 7)),
				(char)('0' + (c & 7))};
		buf_add(b, text, sizeof(text));
	}
}

void buf_escaped(struct buf *b, const char *s, size_t len, char quote)
{
	size_t done = 0; // bytes of s before this are in b; what needs nothing goes in runs

	for (size_t at = 0; at < len;) {
		struct utf8 u = utf8_next(s + at, len - at);
		bool quoted = quote && (s[at] == quote || s[at] == '\\');
		if (u.valid && !quoted && !is_control(u.c)) {
			at += u.len;
			continue;
		}
		buf_add(b, s + done, at - done);
		if (quoted) {
			buf_char(b, '\\');
			buf_char(b, s[at]);
		}
		for (size_t i = 0; i < u.len && !quoted; i++)
			escape_byte(b, (uint8_t)s[at + i]);
		at += u.len;
		done = at;
	}
	buf_add(b, s + done, len - done);
}

static void json_special(struct buf *b, uint32_t c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *p = c && c < 0x80 ? strchr(from, (int)c) : NULL;

	if (p) {
		char text[2] = {'\\', to[p - from]};
		buf_add(b, text, sizeof(text));
	} else {
		buf_printf(b, "\\u%04x", c); // no control character lies above U+FFFF
	}
}

void buf_json(struct buf *b, const char *s, size_t len)
{
	size_t done = 0;

	buf_char(b, '"');
	for (size_t at = 0; at < len;) {
		struct utf8 u = utf8_next(s + at, len - at);
		if (u.valid && !is_control(u.c) && u.c != '"' && u.c != '\\') {
			at += u.len;
			continue;
		}
		buf_add(b, s + done, at - done);
		if (u.valid)
			json_special(b, u.c);
		else
			buf_str(b, "\xef\xbf\xbd");
		at += u.len;
		done = at;
	}
	buf_add(b, s + done, len - done);
	buf_char(b, '"');
}

bool text_is_utf8(const char *s, size_t len)
{
	for (size_t at = 0; at < len;) {
		struct utf8 u = utf8_next(s + at, len - at);
		if (!u.valid)
			return false;
		at += u.len;
	}
	return true;
}
