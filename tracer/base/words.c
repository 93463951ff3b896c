#include "base/base.h"

#include <string.h>

// Letters to change, add or leave out to get from one word to the other (Levenshtein).
static size_t distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b);
	if (n + 1 >= FT_COUNT(row))
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];
		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t change = diagonal + (a[i] != b[j]);
			size_t other = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
			diagonal = row[j + 1];
			row[j + 1] = change < other ? change : other;
		}
	}
	return row[n];
}

bool is_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

const char *nearest_word(const char *word, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t length = strlen(word), least = length < 4 ? 2 : length < 9 ? 3 : 4;
	for (size_t i = 0; i < n; i++) {
		size_t d = distance(word, words[i]);
		if (d < least) {
			least = d;
			best = words[i];
		}
	}
	return best;
}
