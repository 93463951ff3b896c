/* fuzz_codec - an event of a trace log from anything; what came of it is reported, and kept again.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fuzz.h"
#include "report/report.h"
#include "store/codec.h"

/* An input: kind, which CFA and depth, two lengths of two bytes, then shape, values and the rest.
 */
enum { HEAD = 6 };

static void report(const struct report_format *f, const struct event *ev)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert(out);
	struct reporter *r =
		f->open(out, &(struct report_options){.verbose = 2, .frames = true, .walk = true});
	f->event(r, ev);
	f->close(r);
	fclose(out);
	free(text);
}

static struct codec_bytes copy_of(struct codec_bytes in)
{
	char *s = malloc(in.len + 1);

	assert(s);
	if (in.len)
		memcpy(s, in.s, in.len);
	return (struct codec_bytes){s, in.len};
}

static void check_same(struct codec_bytes a, struct codec_bytes b)
{
	assert(a.len == b.len && (!a.len || !memcmp(a.s, b.s, a.len)));
}

/* What was read is written, read and written again: the same bytes. */
static void try_again(const struct event *ev)
{
	struct codec *c = codec_create(), *other = codec_create();
	struct coded first, second;
	struct event back = {.kind = ev->kind, .seq = ev->seq, .cfa = ev->cfa, .depth = ev->depth};

	codec_encode(c, ev, &first);
	struct coded kept = {copy_of(first.shape), copy_of(first.values), copy_of(first.rest)};
	assert(codec_decode(other, &kept, &back) == FT_OK);
	codec_encode(c, &back, &second);
	check_same(second.shape, kept.shape);
	check_same(second.values, kept.values);
	check_same(second.rest, kept.rest);
	free((char *)kept.shape.s);
	free((char *)kept.values.s);
	free((char *)kept.rest.s);
	codec_destroy(c);
	codec_destroy(other);
}

static struct codec_bytes part(const uint8_t **data, size_t *size, size_t most)
{
	size_t len = most < *size ? most : *size;
	struct codec_bytes ret = {(const char *)*data, len};

	*data += len;
	*size -= len;
	return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t cfas[] = {0x7fffffffe000, 0, 16, UINT64_MAX};
	static const uint32_t depths[] = {3, 0, 200000, UINT32_MAX};

	if (size < HEAD)
		return 0;
	struct event ev = {.kind = (enum event_kind)data[0],
			   .seq = 1000,
			   .depth = depths[data[1] / 4 % 4],
			   .cfa = cfas[data[1] % 4]};
	size_t shape_len = (size_t)data[2] << 8 | data[3],
	       values_len = (size_t)data[4] << 8 | data[5];
	data += HEAD;
	size -= HEAD;
	struct coded in;
	in.shape = part(&data, &size, shape_len);
	in.values = part(&data, &size, values_len);
	in.rest = part(&data, &size, size);
	struct codec *c = codec_create();
	if (codec_decode(c, &in, &ev) == FT_OK) {
		try_again(&ev);
		report(&report_text, &ev);
		report(&report_json, &ev);
	}
	codec_destroy(c);
	ft_error_clear();
	return 0;
}

FUZZ_MAIN
