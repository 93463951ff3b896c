/*
 * json_run.c - the program as a whole: how it starts, what becomes of it, the sum at its end.
 */
#include <time.h>

#include "base/base.h"
#include "report/json.h"

enum { FORMAT_VERSION = 1 };

/* RFC 3339 in UTC, to the nanosecond: a number of nanoseconds would not fit a double. */
static void add_time(struct buf *b, uint64_t unix_ns)
{
	time_t seconds = (time_t)(unix_ns / 1000000000);
	struct tm tm;
	char text[40];

	if (!gmtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm)) {
		KEY(b, "null");
		return;
	}
	buf_printf(b, "\"%s.%09uZ\"", text, (unsigned)(unix_ns % 1000000000));
}

void json_start(struct buf *b, const struct event *ev)
{
	KEY(b, "{\"format\":\"frametrace\",\"version\":");
	buf_udec(b, FORMAT_VERSION);
	FIELD(b, "program", json_string, ev->program);
	KEY(b, ",\"arguments\":");
	json_strings(b, ev->argv, ev->argc);
	FIELD(b, "pid", buf_dec, ev->pid);
	KEY(b, ",\"time\":");
	add_time(b, ev->unix_ns);
	FIELD(b, "build_id", json_string, ev->build_id);
}

void json_exec(struct buf *b, const struct event *ev)
{
	FIELD(b, "program", json_string, ev->program);
	KEY(b, ",\"arguments\":");
	json_strings(b, ev->argv, ev->argc);
	FIELD(b, "build_id", json_string, ev->build_id);
}

static void add_signal(struct buf *b, const struct event *ev)
{
	FIELD(b, "signal", json_string, ev->signal ? ev->signal_name : NULL);
	FIELD_OR_NULL(b, "signal_number", ev->signal, buf_dec, ev->signal);
}

void json_signal(struct buf *b, const struct event *ev)
{
	add_signal(b, ev);
	FIELD(b, "pc", json_address, ev->pc);
	FIELD(b, "symbol_at", json_string, ev->symbol_at);
	FIELD(b, "file", json_string, ev->file);
	FIELD(b, "line", json_line, ev->line);
	FIELD_OR_NULL(b, "fault", ev->has_fault, json_word, ev->fault);
	if (ev->within)
		FIELD(b, "inlined", json_string, ev->function);
}

static void add_summary(struct buf *b, const struct event_summary *s)
{
	const struct {
		const char *name;
		uint64_t n;
	} numbers[] = {
		{"pushed", s->pushed},
		{"popped", s->popped},
		{"too_deep", s->too_deep},
		{"left", s->left},
		{"max_depth", s->max_depth},
		{"max_stack", s->max_stack},
		{"traced", s->traced},
		{"skipped", s->skipped},
		{"hidden_system", s->hidden_system},
		{"hidden_std", s->hidden_std},
		{"hidden_helper", s->hidden_helper},
		{"hidden_no_debug", s->hidden_no_debug},
		{"hidden_filter", s->hidden_filter},
		{"hidden_libraries", s->hidden_libraries},
		{"children", s->children},
		{"threads", s->threads},
		{"hits", s->hits},
		{"stops", s->stops},
		{"wall_ns", s->wall_ns},
	};

	for (size_t i = 0; i < FT_COUNT(numbers); i++)
		buf_printf(b, "\"%s\":%llu,", numbers[i].name, (unsigned long long)numbers[i].n);
	KEY(b, "\"max_depth_function\":");
	json_string(b, s->max_depth_function);
	FIELD(b, "max_stack_function", json_string, s->max_stack_function);
	KEY(b, ",\"stacks\":");
	json_stacks(b, s->stacks, s->n_stacks);
	if (s->more_stacks)
		FIELD(b, "more_stacks", buf_udec, s->more_stacks);
	if (s->stepped)
		FIELD(b, "stepped", buf_udec, s->stepped);
	if (s->heap) {
		KEY(b, ",\"heap\":");
		json_heap_summary(b, s->heap);
	}
	if (!s->inlines)
		return;
	buf_printf(b, ",\"inlined\":%llu,\"inlined_traced\":%zu,\"inlined_skipped\":%zu",
		   (unsigned long long)s->inlined, s->inlined_traced, s->inlined_skipped);
	buf_printf(b, ",\"inlined_hidden\":%zu", s->inlined_hidden);
}

void json_exit(struct buf *b, const struct event *ev)
{
	FIELD_OR_NULL(b, "status", !ev->signal, buf_dec, ev->status);
	add_signal(b, ev);
	FIELD(b, "core", json_bool, ev->core);
	KEY(b, ",\"summary\":");
	if (!ev->summary) {
		KEY(b, "null");
		return;
	}
	buf_char(b, '{');
	add_summary(b, ev->summary);
	buf_char(b, '}');
}
