#include "events/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = 1024, FILE_MAX = 8 << 20, LINE_MAX = 500 };

struct source_file {
	char *path;
	char *text; // lines ended by NUL; NULL if it could not be read
	const char **line;
	size_t n_lines;
};

struct sources {
	struct source_file *f;
	size_t n, cap;
	size_t last; // index of the file that was asked for last
};

struct sources *sources_create(void)
{
	return xcalloc(1, sizeof(struct sources));
}

void sources_destroy(struct sources *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		free(s->f[i].path);
		free(s->f[i].text);
		free(s->f[i].line);
	}
	free(s->f);
	free(s);
}

static char *read_file(const char *path, size_t *ret_len)
{
	struct stat st;
	FILE *f = fopen(path, "re");
	if (!f)
		return NULL;
	char *text = NULL;
	// A device or a pipe might never end.
	if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX) {
		text = xmalloc((size_t)st.st_size + 1);
		*ret_len = fread(text, 1, (size_t)st.st_size, f);
		text[*ret_len] = '\0';
	}
	fclose(f);
	return text;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void split(struct source_file *f, size_t len)
{
	size_t cap = 0;
	for (char *at = f->text, *end = f->text + len; at < end;) {
		char *newline = memchr(at, '\n', (size_t)(end - at));
		char *next = newline ? newline + 1 : end, *last = newline ? newline : end;
		while (is_blank(*at) && at < last)
			at++;
		while (last > at && is_blank(last[-1]))
			last--;
		if (last - at > LINE_MAX)
			last = at + LINE_MAX;
		*last = '\0';
		f->line = xgrow(f->line, f->n_lines, &cap, sizeof(*f->line));
		f->line[f->n_lines++] = at;
		at = next;
	}
}

static struct source_file *file_of(struct sources *s, const char *path)
{
	if (s->last < s->n && strcmp(s->f[s->last].path, path) == 0)
		return &s->f[s->last];
	for (s->last = 0; s->last < s->n; s->last++)
		if (strcmp(s->f[s->last].path, path) == 0)
			return &s->f[s->last];
	if (s->n == FILES_MAX)
		return NULL;
	s->f = xgrow(s->f, s->n, &s->cap, sizeof(*s->f));
	struct source_file *f = &s->f[s->n++];
	size_t len = 0;
	*f = (struct source_file){.path = xstrdup(path), .text = read_file(path, &len)};
	if (f->text)
		split(f, len);
	return f;
}

const char *source_line(struct sources *s, const char *file, uint32_t n)
{
	struct source_file *f = file ? file_of(s, file) : NULL;
	return f && n > 0 && n <= f->n_lines ? f->line[n - 1] : NULL;
}
