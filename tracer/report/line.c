/*
 * line.c - lines of text in columns, for a terminal that must not obey what the program said.
 */
#include "report/line.h"

#include <assert.h>
#include <stdio.h>

void lines_init(struct lines *l, bool color)
{
	buf_init(&l->b);
	l->color = color;
	l->start = l->unseen = 0;
}

void lines_deinit(struct lines *l)
{
	buf_deinit(&l->b);
}

void lines_reset(struct lines *l)
{
	buf_reset(&l->b);
	l->start = l->unseen = 0;
}

/* ECMA-48, 8.3.117. The sixteen-colour set: the user's terminal decides what they look like. */
static const char *sgr(enum tone tone)
{
	switch (tone) {
	case TONE_PLAIN:
		return "\033[0m";
	case TONE_PUSH:
		return "\033[0;33m";
	case TONE_POP:
		return "\033[0;32m";
	case TONE_FUNCTION:
		return "\033[0;1m";
	case TONE_VALUE:
		return "\033[0;1;32m";
	case TONE_ASIDE:
		return "\033[0;2m";
	case TONE_NOTE:
		return "\033[0;36m";
	case TONE_ALARM:
		return "\033[0;1;31m";
	}
	return "";
}

void lines_tone(struct lines *l, enum tone tone)
{
	if (!l->color)
		return;
	size_t before = l->b.len;
	buf_str(&l->b, sgr(tone));
	l->unseen += l->b.len - before;
}

/* Nearly all text is plain ASCII, which one cheap look tells. */
static bool is_plain(const char *s, size_t len)
{
	uint8_t other = 0;

	for (size_t i = 0; i < len; i++)
		other |= (uint8_t)s[i] < 0x20 || (uint8_t)s[i] >= 0x7f;
	return !other;
}

void lines_text(struct lines *l, const char *s)
{
	lines_some(l, s ? s : "?", s ? strlen(s) : 1);
}

void lines_some(struct lines *l, const char *s, size_t len)
{
	if (is_plain(s, len)) {
		buf_add(&l->b, s, len);
		return;
	}
	size_t at = l->b.len;
	buf_escaped(&l->b, s, len, 0);
	for (; at < l->b.len; at++)
		l->unseen += ((uint8_t)l->b.s[at] & 0xc0) == 0x80;
}

// The end of the template arguments that begin at s; NULL: it is an operator, or not closed.
static const char *arguments_end(const char *name, const char *s)
{
	static const char word[] = "operator";
	size_t before = (size_t)(s - name), n = sizeof(word) - 1, depth = 0;
	while (before > 0 && name[before - 1] == '<')
		before--;
	if (before >= n && memcmp(name + before - n, word, n) == 0)
		return NULL;
	for (; *s; s++) {
		if (*s == '<')
			depth++;
		else if (*s == '>' && s[-1] != '-' && --depth == 0)
			return s + 1;
	}
	return NULL;
}

void lines_symbol(struct lines *l, const char *s, size_t column)
{
	size_t at = l->b.len - l->start - l->unseen;
	if (at + strlen(s) <= column || !strchr(s, '<')) {
		lines_text(l, s);
		return;
	}
	struct buf shorter;
	buf_init(&shorter);
	for (const char *p = s; *p;) {
		const char *end = *p == '<' && p > s ? arguments_end(s, p) : NULL;
		if (end)
			buf_str(&shorter, "<..>");
		else
			buf_char(&shorter, *p);
		p = end ? end : p + 1;
	}
	lines_text(l, shorter.s);
	buf_deinit(&shorter);
}

void lines_end(struct lines *l)
{
	buf_char(&l->b, '\n');
	l->start = l->b.len;
	l->unseen = 0;
}

void lines_column(struct lines *l, size_t column)
{
	size_t at = l->b.len - l->start - l->unseen;

	buf_pad(&l->b, ' ', at + 2 <= column ? column - at : 2);
}

static void align_right(struct buf *b, size_t at, size_t width)
{
	size_t len = b->len - at;

	assert(b->len >= at);
	if (len >= width)
		return;
	buf_pad(b, ' ', width - len);
	memmove(b->s + at + width - len, b->s + at, len);
	memset(b->s + at, ' ', width - len);
}

void lines_signed(struct lines *l, int64_t v, size_t width)
{
	size_t at = l->b.len;

	buf_signed(&l->b, v);
	align_right(&l->b, at, width);
}

void lines_hex(struct lines *l, uint64_t v, size_t width)
{
	size_t at = l->b.len;

	buf_hex(&l->b, v);
	align_right(&l->b, at, width);
}

const char *path_from(const char *path, const char *directory)
{
	size_t len = strlen(directory);
	bool below = len > 1 && strncmp(path, directory, len) == 0 && path[len] == '/';
	return below ? path + len + 1 : path;
}

void lines_position(struct lines *l, const char *file, uint32_t line)
{
	lines_text(l, path_name(file));
	if (line) {
		buf_char(&l->b, ':');
		buf_udec(&l->b, line);
	}
}

void lines_size(struct lines *l, uint64_t bytes, size_t width)
{
	size_t at = l->b.len;

	buf_size(&l->b, bytes);
	align_right(&l->b, at, width);
}

void lines_count(struct lines *l, uint64_t n, const char *noun)
{
	buf_udec(&l->b, n);
	buf_char(&l->b, ' ');
	buf_str(&l->b, noun);
	if (n != 1)
		buf_char(&l->b, 's');
}
