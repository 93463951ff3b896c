#include "commands/intern.h"

#include <stdlib.h>
#include <string.h>

static size_t hash_of(const char *s)
{
	size_t h = 5381;
	for (; *s; s++)
		h = h * 33 + (uint8_t)*s;
	return h ^ h >> 15;
}

static size_t slot_of(const struct intern *t, const char *s)
{
	size_t mask = t->table_size - 1, i = hash_of(s) & mask;
	while (t->table[i] && strcmp(t->s[t->table[i] - 1], s) != 0)
		i = (i + 1) & mask;
	return i;
}

static void grow(struct intern *t)
{
	free(t->table);
	t->table_size = t->table_size ? 2 * t->table_size : 256;
	t->table = xcalloc(t->table_size, sizeof(*t->table));
	for (size_t i = 0; i < t->n; i++)
		t->table[slot_of(t, t->s[i])] = i + 1;
}

const char *intern_text(struct intern *t, const char *s)
{
	if (!s)
		return NULL;
	if (2 * (t->n + 1) > t->table_size)
		grow(t);
	size_t slot = slot_of(t, s);
	if (!t->table[slot]) {
		t->s = xgrow(t->s, t->n, &t->cap, sizeof(*t->s));
		t->s[t->n++] = xstrdup(s);
		t->table[slot] = t->n;
	}
	return t->s[t->table[slot] - 1];
}

void intern_deinit(struct intern *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->s[i]);
	free(t->s);
	free(t->table);
}
