/*
 * log.c - our own lines on stderr, one write(2) each, so that lines of others never split ours.
 */
#include "base/base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

static char *enabled; // NULL: no domain is on

/* A closed or full stderr is nobody's concern: there is no one left to tell. */
static void write_line(const struct buf *b)
{
	ssize_t n;

	do
		n = write(STDERR_FILENO, b->s, b->len);
	while (n < 0 && errno == EINTR);
}

/* Messages quote paths and names from elsewhere: escaped, they stay one line and harmless. */
static void emit(struct buf *head, const char *fmt, va_list ap) FT_PRINTF(2, 0);
static void emit(struct buf *head, const char *fmt, va_list ap)
{
	struct buf text;
	int saved = errno;

	buf_init(&text);
	buf_vprintf(&text, fmt, ap);
	while (text.len && text.s[text.len - 1] == '\n')
		buf_truncate(&text, text.len - 1);
	buf_escaped(head, text.s, text.len, 0);
	buf_char(head, '\n');
	write_line(head);
	buf_deinit(&text);
	errno = saved;
}

void ft_say(const char *fmt, ...)
{
	struct buf line;
	va_list ap;

	buf_init(&line);
	buf_str(&line, "frametrace: ");
	va_start(ap, fmt);
	emit(&line, fmt, ap);
	va_end(ap);
	buf_deinit(&line);
}

void ft_log_enable(const char *domains)
{
	char *copy = xstrdup(domains);
	free(enabled);
	enabled = copy;
}

bool ft_log_is_on(const char *domain)
{
	if (!enabled)
		return false;
	size_t len = strlen(domain);
	for (const char *p = enabled; *p;) {
		size_t n = strcspn(p, ",");
		if ((n == 3 && !memcmp(p, "all", 3)) || (n == len && !memcmp(p, domain, len)))
			return true;
		p += n;
		p += *p == ',';
	}
	return false;
}

void ft_log_at(const char *domain, const char *fmt, ...)
{
	struct buf line;
	va_list ap;

	buf_init(&line);
	buf_char(&line, '[');
	buf_str(&line, domain);
	buf_str(&line, "] ");
	va_start(ap, fmt);
	emit(&line, fmt, ap);
	va_end(ap);
	buf_deinit(&line);
}
