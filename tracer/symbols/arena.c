#include "symbols/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32 * 1024 };

struct block {
	struct block *next;
	alignas(max_align_t) char bytes[];
};

struct arena {
	struct block *blocks;
	char *at;    // next free byte of the current block
	size_t left; // bytes free there
};

struct arena *arena_create(void)
{
	return xcalloc(1, sizeof(struct arena));
}

void arena_destroy(struct arena *a)
{
	if (!a)
		return;
	while (a->blocks) {
		struct block *b = a->blocks;
		a->blocks = b->next;
		free(b);
	}
	free(a);
}

static char *new_block(struct arena *a, size_t size)
{
	struct block *b = xcalloc(1, sizeof(*b) + size);
	b->next = a->blocks;
	a->blocks = b;
	return b->bytes;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	if (size > SIZE_MAX / 2)
		size = SIZE_MAX / 2; // xcalloc ends the program
	size = (size + align - 1) / align * align;
	if (size > BLOCK / 4)
		return new_block(a, size);
	if (size > a->left) {
		a->at = new_block(a, BLOCK);
		a->left = BLOCK;
	}
	char *p = a->at;
	a->at += size;
	a->left -= size;
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes))
		bytes = SIZE_MAX;
	return arena_alloc(a, bytes);
}

void *arena_copy(struct arena *a, const void *p, size_t len)
{
	void *copy = arena_alloc(a, len);
	if (len)
		memcpy(copy, p, len);
	return copy;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = arena_alloc(a, len + 1);
	memcpy(copy, s, len);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char small[256];
	int len = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (len < 0)
		return arena_strdup(a, "");
	if ((size_t)len < sizeof(small))
		return arena_strndup(a, small, (size_t)len);
	char *s = arena_alloc(a, (size_t)len + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return s;
}
