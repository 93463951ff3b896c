/*
 * frames_text.c - a table of frames, biggest first, and the picture of those that were asked for.
 */
#include "report/frames.h"

#include <string.h>

#include "report/line.h"

static const char *const titles[FRAMES_GROUPS] = {
	[FRAMES_SAVED] = "saved",     [FRAMES_CANARY] = "canary",    [FRAMES_LOCALS] = "locals",
	[FRAMES_SPILLS] = "spills",   [FRAMES_ARGUMENTS] = "passed", [FRAMES_PADDING] = "padding",
	[FRAMES_UNKNOWN] = "unknown",
};

enum { NUMBER_WIDTH = 8, TOTAL_WIDTH = 10 };

/* Right-aligned text of ours. */
static void add_right(struct lines *l, const char *s, size_t width)
{
	size_t len = strlen(s);
	if (len < width)
		buf_pad(&l->b, ' ', width - len);
	lines_ours(l, s);
}

static void add_number(struct lines *l, uint64_t n, size_t width)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	add_right(l, n ? text : "-", width);
}

/* "64", "64+" where more comes at run time, "64..80" where rsp is rounded. */
static void size_text(const struct frames_function *f, char *text, size_t len)
{
	const char *more = f->dynamic ? "+" : "";
	unsigned long long least = f->size, most = f->size_max;
	if (most != least)
		snprintf(text, len, "%llu..%llu%s", least, most, more);
	else
		snprintf(text, len, "%llu%s", least, more);
}

static unsigned share(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned)((part * 200 + whole) / (whole * 2)) : 0;
}

static void add_source(struct lines *l, const struct frames_function *f, const char *directory)
{
	if (!f->file)
		return;
	lines_tone(l, TONE_ASIDE);
	lines_ours(l, "  ");
	lines_text(l, path_from(f->file, directory));
	buf_printf(&l->b, ":%u", f->line);
	lines_tone(l, TONE_PLAIN);
}

/* ---- the table ---- */

static void add_heading(struct lines *l)
{
	add_right(l, "size", TOTAL_WIDTH);
	for (unsigned g = 0; g < FRAMES_GROUPS; g++)
		add_right(l, titles[g], NUMBER_WIDTH);
	lines_ours(l, "  waste  function");
	lines_end(l);
}

static void add_groups(struct lines *l, const uint64_t *bytes, uint64_t size)
{
	char text[24];
	for (unsigned g = 0; g < FRAMES_GROUPS; g++)
		add_number(l, bytes[g], NUMBER_WIDTH);
	snprintf(text, sizeof(text), "%u%%",
		 share(bytes[FRAMES_PADDING] + bytes[FRAMES_SPILLS], size));
	add_right(l, text, 7);
	lines_ours(l, "  ");
}

static void add_row(struct lines *l, const struct frames_function *f, const char *directory)
{
	char text[64];
	size_text(f, text, sizeof(text));
	add_right(l, text, TOTAL_WIDTH);
	add_groups(l, f->bytes, f->size_at_calls);
	lines_tone(l, TONE_FUNCTION);
	lines_text(l, f->name);
	lines_tone(l, TONE_PLAIN);
	add_source(l, f, directory);
	lines_end(l);
}

static void add_total(struct lines *l, const struct frames_file *file)
{
	uint64_t bytes[FRAMES_GROUPS] = {0}, size = 0, all = 0;
	for (size_t i = 0; i < file->n; i++) {
		size += file->f[i].size;
		all += file->f[i].size_at_calls;
		for (unsigned g = 0; g < FRAMES_GROUPS; g++)
			bytes[g] += file->f[i].bytes[g];
	}
	add_number(l, size, TOTAL_WIDTH);
	add_groups(l, bytes, all);
	lines_ours(l, "all ");
	lines_count(l, file->n, "function");
	lines_end(l);
}

/* ---- the picture ---- */

static void add_offset(struct lines *l, bool known, int64_t off)
{
	if (known)
		lines_signed(l, off, NUMBER_WIDTH);
	else
		add_right(l, "?", NUMBER_WIDTH);
}

/* "line 9", or "boxed.rs:286" of code from another file. */
static void add_line(struct lines *l, const struct frames_slot *s)
{
	if (!s->file) {
		buf_printf(&l->b, "  line %u", s->line);
		return;
	}
	lines_ours(l, "  ");
	lines_position(l, s->file, s->line);
}

static void add_what(struct lines *l, const struct frames_slot *s)
{
	if (s->name) {
		lines_tone(l, TONE_VALUE);
		lines_text(l, s->name);
		lines_tone(l, TONE_PLAIN);
	}
	if (s->type) {
		lines_ours(l, s->name ? ": " : "unnamed: ");
		lines_text(l, s->type);
	}
	if (s->variable_size && s->variable_size != s->size)
		buf_printf(&l->b, ", bytes %llu to %llu of %llu", (unsigned long long)s->offset,
			   (unsigned long long)(s->offset + s->size - 1),
			   (unsigned long long)s->variable_size);
	lines_tone(l, TONE_ASIDE);
	if (s->inferred)
		lines_ours(l, " (inferred)");
	if (s->inlined) {
		lines_ours(l, "  in ");
		lines_text(l, s->inlined);
	}
	if (s->line && (!s->type || s->inferred))
		add_line(l, s);
	if (s->shares) {
		lines_ours(l, "  also ");
		lines_text(l, s->shares);
	}
	lines_tone(l, TONE_PLAIN);
}

static void add_slot(struct lines *l, const struct frames_slot *s)
{
	add_offset(l, s->has_cfa, s->from_cfa);
	add_offset(l, s->has_rsp, s->from_rsp);
	add_number(l, s->size, NUMBER_WIDTH);
	lines_ours(l, "  ");
	size_t from = l->b.len;
	lines_ours(l, s->owner);
	size_t len = l->b.len - from;
	if (s->name || s->type || s->inlined || s->line || s->shares) {
		buf_pad(&l->b, ' ', len < 18 ? 18 - len : 1);
		add_what(l, s);
	}
	lines_end(l);
}

static void add_mark(struct lines *l, const char *text)
{
	lines_tone(l, TONE_ASIDE);
	buf_pad(&l->b, ' ', 3 * NUMBER_WIDTH + 2);
	lines_ours(l, text);
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
}

static void add_title(struct lines *l, const struct frames_function *f, const char *directory)
{
	char text[64];
	size_text(f, text, sizeof(text));
	lines_end(l);
	lines_tone(l, TONE_FUNCTION);
	lines_text(l, f->name);
	lines_tone(l, TONE_PLAIN);
	add_source(l, f, directory);
	buf_printf(&l->b, "  frame of %s bytes", text);
	if (f->size_at_calls > f->size)
		buf_printf(&l->b, ", %llu with pushed arguments",
			   (unsigned long long)f->size_at_calls);
	if (f->align)
		buf_printf(&l->b, ", rsp a multiple of %u", f->align);
	lines_end(l);
	add_right(l, "CFA", NUMBER_WIDTH);
	add_right(l, "rsp", NUMBER_WIDTH);
	add_right(l, "size", NUMBER_WIDTH);
	lines_ours(l, "  owner");
	lines_end(l);
}

/* High addresses on top; the marks are where the CFA and rsp point to. */
static void add_picture(struct lines *l, const struct frames_function *f, const char *directory)
{
	bool above = true, below = false;
	add_title(l, f, directory);
	for (size_t i = 0; i < f->n_slots; i++) {
		const struct frames_slot *s = &f->slots[i], *last = i ? s - 1 : NULL;
		if (above && s->has_cfa && s->from_cfa < 0 && last)
			add_mark(l, "---- CFA");
		above &= s->has_cfa && s->from_cfa >= 0;
		if (last && last->has_cfa && !s->has_cfa)
			add_mark(l, "---- rounded down here");
		if (!below && s->has_rsp && s->from_rsp < 0 && last) {
			add_mark(l, f->dynamic ? "---- rsp at the body; alloca and VLAs go below"
					       : "---- rsp at the body");
			below = true;
		}
		add_slot(l, s);
	}
}

static void flush(struct lines *l, FILE *out)
{
	fwrite(l->b.s, 1, l->b.len, out);
	lines_reset(l);
}

static void add_tally(struct lines *l, const struct frames_file *file, bool verbose)
{
	if (file->n_cannot)
		buf_printf(&l->b, "%zu without a frame that can be told; ", file->n_cannot);
	buf_printf(&l->b, "hidden: %zu by default%s, %zu by the filters", file->n_hidden_origin,
		   verbose || !file->n_hidden_origin ? "" : " (-a shows them)",
		   file->n_hidden_filter);
	lines_end(l);
}

void report_frames_text(FILE *out, const struct frames_file *file, const struct frames_options *o)
{
	struct lines l;
	lines_init(&l, o->color);
	add_heading(&l);
	for (size_t i = 0; i < file->n; i++) {
		add_row(&l, &file->f[i], file->directory);
		flush(&l, out);
	}
	add_total(&l, file);
	for (size_t i = 0; i < file->n; i++) {
		if (file->f[i].shown)
			add_picture(&l, &file->f[i], file->directory);
		flush(&l, out);
	}
	if (!o->quiet)
		add_tally(&l, file, o->verbose);
	flush(&l, out);
	lines_deinit(&l);
}
