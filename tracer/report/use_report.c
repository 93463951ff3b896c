/*
 * use_report.c - `frametrace report`: a table of functions and one of stacks, once all is over; for
 * people and in JSON (docs/report.md). Notes, alarms and the end are told as they come.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events/kinds.h"
#include "report/json.h"
#include "report/report.h"
#include "report/text.h"
#include "report/use.h"

enum { REPORT_VERSION = 1, WIDTH = 10, NAME_WIDTH = 34 };

struct reporter {
	FILE *out;
	struct report_options options;
	struct use use;
	struct lines lines;
	struct buf json; // of events: what the run was, and its stacks
	char directory[4096];
	int first_tid;
	bool threads;
	bool has_heap; // an allocator was watched
};

static struct reporter *use_open(FILE *out, const struct report_options *o)
{
	struct reporter *r = xcalloc(1, sizeof(*r));
	r->out = out;
	r->options = *o;
	use_init(&r->use);
	lines_init(&r->lines, o->color);
	buf_init(&r->json);
	if (!getcwd(r->directory, sizeof(r->directory)))
		r->directory[0] = '\0';
	return r;
}

static void use_close(struct reporter *r)
{
	use_deinit(&r->use);
	lines_deinit(&r->lines);
	buf_deinit(&r->json);
	free(r);
}

static enum use_column sort_column(const struct reporter *r)
{
	return use_column_find(r->options.sort ? r->options.sort : use_column_name(USE_SELF));
}

static void write_lines(struct reporter *r)
{
	fwrite(r->lines.b.s, 1, r->lines.b.len, r->out);
	lines_reset(&r->lines);
}

/* ---- for people ---- */

static void add_number(struct lines *l, uint64_t n, size_t width)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	buf_pad(&l->b, ' ', (size_t)len < width ? width - (size_t)len : 1);
	lines_ours(l, digits);
}

// Those of the heap come last.
static enum use_column columns(const struct reporter *r)
{
	return r->has_heap ? USE_COLUMNS : USE_HEAP;
}

static void add_heading(struct reporter *r)
{
	struct lines *l = &r->lines;
	lines_tone(l, TONE_ASIDE);
	for (enum use_column c = 0; c < columns(r); c++)
		buf_printf(&l->b, "%*s", (int)WIDTH, use_column_name(c));
	lines_ours(l, "  function");
	lines_column(l, columns(r) * WIDTH + NAME_WIDTH);
	lines_ours(l, "source");
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
}

static void add_row(struct reporter *r, const struct use_function *f)
{
	struct lines *l = &r->lines;
	for (enum use_column c = 0; c < columns(r); c++)
		add_number(l, f->n[c], WIDTH);
	lines_ours(l, "  ");
	lines_tone(l, TONE_FUNCTION);
	lines_text(l, f->name);
	lines_tone(l, TONE_ASIDE);
	lines_column(l, columns(r) * WIDTH + NAME_WIDTH);
	if (f->file && f->line) {
		lines_text(l, path_from(f->file, r->directory));
		buf_char(&l->b, ':');
		buf_udec(&l->b, f->line);
	} else {
		buf_char(&l->b, '(');
		lines_text(l, f->module);
		buf_char(&l->b, ')');
	}
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
}

static void text_event(struct reporter *r, const struct event *ev)
{
	struct event without = *ev;
	r->threads |= text_is_other_thread(ev, &r->first_tid);
	use_event(&r->use, ev);
	if (event_group(ev->kind) != GROUP_RUN || ev->kind == EVENT_THREAD)
		return;
	if (ev->kind == EVENT_EXIT) // its summary comes below the table
		without.summary = NULL;
	text_other(&r->lines, &without, r->threads ? ev->tid : 0, r->options.quiet,
		   r->options.verbose);
	if (ev->kind == EVENT_EXIT) {
		use_finish(&r->use);
		use_sort(&r->use, sort_column(r));
		r->has_heap = ev->summary && ev->summary->heap;
		add_heading(r);
		for (size_t i = 0; i < r->use.n; i++)
			add_row(r, &r->use.f[i]);
		if (ev->summary)
			text_stack_table(&r->lines, ev->summary, r->options.verbose);
	}
	write_lines(r);
}

/* ---- JSON ---- */

static void add_function(struct reporter *r, struct buf *b, const struct use_function *f)
{
	KEY(b, "{\"function\":");
	json_string(b, f->name);
	KEY(b, ",\"module\":");
	json_string(b, f->module);
	KEY(b, ",\"file\":");
	json_string(b, f->file);
	KEY(b, ",\"line\":");
	json_line(b, f->line);
	for (enum use_column c = columns(r); c < USE_COLUMNS; c++)
		buf_printf(b, ",\"%s\":null", use_column_name(c));
	for (enum use_column c = 0; c < columns(r); c++)
		buf_printf(b, ",\"%s\":%llu", use_column_name(c), (unsigned long long)f->n[c]);
	buf_char(b, '}');
}

static void add_end(struct buf *b, const struct event *ev)
{
	FIELD_OR_NULL(b, "status", !ev->signal, buf_dec, ev->status);
	KEY(b, ",\"signal\":");
	json_string(b, ev->signal ? ev->signal_name : NULL);
	KEY(b, ",\"stacks\":");
	if (ev->summary)
		json_stacks(b, ev->summary->stacks, ev->summary->n_stacks);
	else
		KEY(b, "[]");
}

static void json_event(struct reporter *r, const struct event *ev)
{
	use_event(&r->use, ev);
	if (ev->kind == EVENT_START) {
		KEY(&r->json, "{\"format\":\"frametrace report\",\"version\":");
		buf_udec(&r->json, REPORT_VERSION);
		KEY(&r->json, ",\"program\":");
		json_string(&r->json, ev->program);
	}
	if (ev->kind != EVENT_EXIT)
		return;
	add_end(&r->json, ev);
	r->has_heap = ev->summary && ev->summary->heap;
	use_finish(&r->use);
	use_sort(&r->use, sort_column(r));
	KEY(&r->json, ",\"functions\":[");
	for (size_t i = 0; i < r->use.n; i++) {
		buf_str(&r->json, i ? ",\n" : "\n");
		add_function(r, &r->json, &r->use.f[i]);
	}
	KEY(&r->json, "]}\n");
	fwrite(r->json.s, 1, r->json.len, r->out);
	buf_reset(&r->json);
}

const struct report_format report_use_text = {
	.name = "text",
	.help = "a table of functions and stacks, for people",
	.at_end = true,
	.open = use_open,
	.event = text_event,
	.close = use_close,
};

const struct report_format report_use_json = {
	.name = "json",
	.help = "the same as one JSON object: docs/report.md",
	.at_end = true,
	.open = use_open,
	.event = json_event,
	.close = use_close,
};
