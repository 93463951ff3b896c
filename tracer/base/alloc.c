/*
 * alloc.c - allocation that does not fail: out of memory ends the program.
 */
#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* _exit, not exit: no handler may run that would want memory. The traced program dies with us. */
static _Noreturn void die(void)
{
	static const char text[] = "frametrace: out of memory\n";
	ssize_t n;

	do
		n = write(STDERR_FILENO, text, sizeof(text) - 1);
	while (n < 0 && errno == EINTR);
	_exit(1);
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);
	if (!p)
		die();
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	if (!n || !size)
		n = size = 1;
	void *p = calloc(n, size);
	if (!p)
		die();
	return p;
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		die();
	return p;
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes))
		die();
	return xrealloc(p, bytes);
}

char *xstrdup(const char *s)
{
	return s ? xstrndup(s, strlen(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = xmalloc(len + 1);
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	char *s;
	va_list ap;

	va_start(ap, fmt);
	int len = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (len < 0)
		die();
	return s;
}

void *xgrow(void *array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	size_t more = *cap ? *cap : 4;
	if (__builtin_mul_overflow(more, 2, &more))
		die();
	array = xreallocarray(array, more, size);
	*cap = more;
	return array;
}
