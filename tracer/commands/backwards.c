/*
 * backwards.c - what is written comes out again, the last chunk first.
 *
 * A format writes an event at once, and some hold back lines until they know what follows. So each
 * write is a chunk, kept in a temporary file: its text is that of a run forwards.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/replay.h"

struct backwards {
	FILE *out, *in, *kept;
	uint64_t *ends; // of the chunks in `kept`
	size_t n, cap;
};

static ssize_t keep(void *ctx, const char *bytes, size_t len)
{
	struct backwards *b = ctx;
	if (fwrite(bytes, 1, len, b->kept) != len)
		return 0;
	b->ends = xgrow(b->ends, b->n, &b->cap, sizeof(*b->ends));
	b->ends[b->n] = len + (b->n ? b->ends[b->n - 1] : 0);
	b->n++;
	return (ssize_t)len;
}

struct backwards *backwards_open(FILE *out, FILE **ret)
{
	FILE *kept = tmpfile();
	if (!kept) {
		ft_fail("no temporary file for --reverse: %s", strerror(errno));
		return NULL;
	}
	struct backwards *b = xcalloc(1, sizeof(*b));
	b->out = out;
	b->kept = kept;
	b->in = fopencookie(b, "w", (cookie_io_functions_t){.write = keep});
	if (!b->in) {
		ft_fail("--reverse: %s", strerror(errno));
		fclose(kept);
		free(b);
		return NULL;
	}
	setvbuf(b->in, NULL, _IONBF, 0); // a write of the format is one of ours
	*ret = b->in;
	return b;
}

static bool copy(struct backwards *b, uint64_t from, uint64_t to)
{
	char bytes[4096];
	if (fseeko(b->kept, (off_t)from, SEEK_SET) != 0)
		return false;
	while (from < to) {
		size_t want = to - from < sizeof(bytes) ? (size_t)(to - from) : sizeof(bytes);
		if (fread(bytes, 1, want, b->kept) != want)
			return false;
		fwrite(bytes, 1, want, b->out);
		from += want;
	}
	return true;
}

enum ft_rc backwards_close(struct backwards *b)
{
	bool good = !ferror(b->in);
	good &= fclose(b->in) == 0 && fflush(b->kept) == 0;
	for (size_t i = good ? b->n : 0; i-- > 0 && good;)
		good = copy(b, i ? b->ends[i - 1] : 0, b->ends[i]);
	int error = errno;
	fclose(b->kept);
	free(b->ends);
	free(b);
	return good ? FT_OK : ft_fail("the temporary file of --reverse: %s", strerror(error));
}
