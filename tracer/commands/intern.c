#include "commands/intern.h"

#include <stdlib.h>
#include <string.h>

const char *intern_text(struct intern *t, const char *s)
{
	if (!s)
		return NULL;
	uint64_t hash = hash_text(0, s);
	size_t probe = 0, i;
	while ((i = lookup_next(&t->by_text, hash, &probe)) != SIZE_MAX)
		if (strcmp(t->s[i], s) == 0)
			return t->s[i];
	t->s = xgrow(t->s, t->n, &t->cap, sizeof(*t->s));
	t->s[t->n] = xstrdup(s);
	lookup_add(&t->by_text, hash, t->n);
	return t->s[t->n++];
}

void intern_deinit(struct intern *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->s[i]);
	free(t->s);
	lookup_deinit(&t->by_text);
}
