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

/* "00XX" behind a "\u": a control character; 0 if it is anything else. */
static char control_character(const char *s)
{
	if (s[0] != '0' || s[1] != '0')
		return 0;
	int high = hex_digit(s[2]), low = high < 0 ? -1 : hex_digit(s[3]);
	return (char)(low < 0 || high > 1 ? 0 : high << 4 | low);
}

/* The character that an escape stands for, 0 if there is no such escape; `*s` is behind its '\'. */
static char unescape(const char **s)
{
	static const char from[] = "\"\\bfnrt", to[] = "\"\\\b\f\n\r\t";

	char c = *(*s)++;
	if (c == 'u') {
		char control = control_character(*s);
		*s += control ? 4 : 0;
		return control;
	}
	const char *p = c ? strchr(from, c) : NULL;
	return (char)(p ? to[p - from] : 0);
}

/* A string, from behind its first quote; returns where its last one was. NULL: damaged. */
static char *read_string(char *s)
{
	char *to = s;
	const char *from = s;

	while (*from != '"') {
		char c = *from++;
		if (c == '\\')
			c = unescape(&from);
		else if ((unsigned char)c < 0x20) // the NUL behind all, too
			c = 0;
		if (!c)
			return NULL;
		*to++ = c;
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
