/*
 * codec_values.c - the array of values: JSON as buf_json() writes it, read in place.
 */
#include "store/codec_private.h"

#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Four hexadecimal digits; -1: they are not. */
static int unit(const char *s)
{
	int ret = 0;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(s[i]);
		if (digit < 0)
			return -1;
		ret = ret << 4 | digit;
	}
	return ret;
}

/* Writes the character as UTF-8: fewer bytes than its escape has. */
static char *put(char *to, int c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* Behind a '\\': the character that is meant; 0: there is no such escape. */
static int unescape(const char **s)
{
	static const char from[] = "\"\\bfnrt", to[] = "\"\\\b\f\n\r\t";

	char c = *(*s)++;
	if (c == 'u') {
		int u = unit(*s);
		if (u <= 0 || (u >= 0xd800 && u <= 0xdfff))
			return 0;
		*s += 4;
		return u;
	}
	const char *p = c ? strchr(from, c) : NULL;
	return p ? to[p - from] : 0;
}

/* A string, from behind its first quote; returns where its last one was. NULL: damaged. */
static char *read_string(char *s)
{
	char *to = s;
	const char *from = s;

	while (*from != '"') {
		char c = *from++;
		if ((unsigned char)c < 0x20) // the NUL behind all, too
			return NULL;
		if (c != '\\') {
			*to++ = c;
			continue;
		}
		int meant = unescape(&from);
		if (!meant)
			return NULL;
		to = put(to, meant);
	}
	*to = '\0';
	return s + (from - s);
}

enum ft_rc codec_values_next(struct codec_values *v, const char **ret)
{
	static const char null[] = "null";

	if (!v->s)
		return FT_NONE;
	char *s = v->s, *text = NULL;
	if (*s == '"') {
		text = s + 1;
		s = read_string(text);
		if (!s)
			return FT_FAIL;
		s++;
	} else if (!strncmp(s, null, sizeof(null) - 1)) {
		s += sizeof(null) - 1;
	} else {
		return FT_FAIL;
	}
	if (*s == ',')
		v->s = s + 1;
	else if (*s == ']' && !s[1])
		v->s = NULL;
	else
		return FT_FAIL;
	if (!text)
		return FT_NONE;
	*ret = text;
	return FT_OK;
}
