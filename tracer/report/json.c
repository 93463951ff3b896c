/*
 * json.c - one JSON object per line (docs/events.md): every field in a fixed order, null for what
 * is not known. The same whatever -v, -q and --color say, so that a program can rely on it.
 */
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "events/kinds.h"
#include "report/json.h"

enum { FORMAT_VERSION = 1 };

struct reporter {
	FILE *out;
	struct buf b;
	bool registers;
};

static struct reporter *json_open(FILE *out, const struct report_options *o)
{
	struct reporter *r = xcalloc(1, sizeof(*r));

	r->out = out;
	r->registers = o->registers;
	buf_init(&r->b);
	return r;
}

static void json_close(struct reporter *r)
{
	buf_deinit(&r->b);
	free(r);
}

void json_string(struct buf *b, const char *s)
{
	if (s)
		buf_json(b, s, strlen(s));
	else
		KEY(b, "null");
}

/* Addresses are strings, since JSON numbers are doubles to many readers; 0 is no address. */
void json_address(struct buf *b, uint64_t addr)
{
	if (!addr) {
		KEY(b, "null");
		return;
	}
	buf_char(b, '"');
	buf_hex(b, addr);
	buf_char(b, '"');
}

void json_line(struct buf *b, uint32_t line)
{
	if (line)
		buf_udec(b, line);
	else
		KEY(b, "null");
}

void json_bool(struct buf *b, bool v)
{
	if (v)
		KEY(b, "true");
	else
		KEY(b, "false");
}

void json_place(struct buf *b, const struct event *ev)
{
	FIELD(b, "depth", buf_udec, ev->depth);
	FIELD(b, "function", json_string, ev->function);
	FIELD(b, "module", json_string, ev->module);
	FIELD(b, "file", json_string, ev->file);
	FIELD(b, "line", json_line, ev->line);
	FIELD(b, "pc", json_address, ev->pc);
	FIELD(b, "cfa", json_address, ev->cfa);
}

void json_writer(struct buf *b, uint64_t pc, const char *text, uint32_t line)
{
	if (!text) {
		KEY(b, "null");
		return;
	}
	KEY(b, "{\"pc\":");
	json_address(b, pc);
	FIELD(b, "insn", json_string, text);
	FIELD(b, "line", json_line, line);
	buf_char(b, '}');
}

static void add_parts(struct buf *b, const struct event *ev)
{
	if (!ev->n_parts) {
		KEY(b, "null");
		return;
	}
	buf_char(b, '[');
	for (size_t i = 0; i < ev->n_parts; i++) {
		if (i)
			buf_char(b, ',');
		buf_char(b, '[');
		json_string(b, ev->parts[i].text);
		buf_char(b, ',');
		buf_dec(b, ev->parts[i].bytes);
		buf_char(b, ']');
	}
	buf_char(b, ']');
}

static void add_walk(struct buf *b, const struct event *ev)
{
	if (!ev->n_walk)
		return;
	KEY(b, ",\"walk\":[");
	for (size_t i = 0; i < ev->n_walk; i++) {
		if (i)
			buf_char(b, ',');
		KEY(b, "{\"pc\":");
		json_address(b, ev->walk[i].pc);
		FIELD(b, "cfa", json_address, ev->walk[i].cfa);
		FIELD(b, "symbol", json_string, *ev->walk[i].symbol ? ev->walk[i].symbol : NULL);
		if (ev->walk[i].within)
			FIELD(b, "inlined_in", json_string, ev->walk[i].within);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

/* What every event begins with. */
static void add_head(struct buf *b, const struct event *ev)
{
	KEY(b, "{\"seq\":");
	buf_udec(b, ev->seq);
	KEY(b, ",\"event\":\"");
	buf_str(b, event_kind_name(ev->kind));
	KEY(b, "\",\"pid\":");
	buf_dec(b, ev->pid);
	FIELD(b, "tid", buf_dec, ev->tid);
	FIELD(b, "time_ns", buf_udec, ev->time_ns);
}

/* What a push and a pop have in common. */
static void add_frame(struct buf *b, const struct event *ev)
{
	FIELD(b, "depth", buf_udec, ev->depth);
	FIELD(b, "function", json_string, ev->function);
	FIELD(b, "symbol", json_string, ev->symbol);
	FIELD(b, "module", json_string, ev->module);
	FIELD(b, "file", json_string, ev->file);
	FIELD(b, "line", json_line, ev->line);
	FIELD(b, "pc", json_address, ev->pc);
	FIELD(b, "cfa", json_address, ev->cfa);
	FIELD(b, "rsp", json_address, ev->rsp);
	KEY(b, ",\"delta\":");
	if (ev->delta_known)
		buf_dec(b, ev->delta);
	else
		KEY(b, "null");
	KEY(b, ",\"parts\":");
	add_parts(b, ev);
	FIELD(b, "return_address", json_address, ev->return_address);
	FIELD(b, "return_symbol", json_string, ev->return_symbol);
	FIELD(b, "caller", json_string, ev->caller);
	FIELD(b, "caller_file", json_string, ev->caller_file);
	FIELD(b, "caller_line", json_line, ev->caller_line);
}

static void add_args(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"args\":");
	if (ev->args_known)
		json_values(b, ev->args, ev->n_args);
	else
		KEY(b, "null,\"args_unknown\":\"no debug information: build with -g\"");
}

static void add_pop(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"how\":\"");
	buf_str(b, pop_how_name(ev->how));
	buf_char(b, '"');
	if (ev->has_return) {
		KEY(b, ",\"return\":{\"type\":");
		json_string(b, ev->returned.type);
		json_returned(b, &ev->returned);
		buf_char(b, '}');
	}
	if (ev->how == POP_TAIL_CALL)
		FIELD(b, "tail_target", json_string, ev->tail_target);
	if (ev->n_args) {
		KEY(b, ",\"args\":");
		json_values(b, ev->args, ev->n_args);
	}
	KEY(b, ",\"locals\":");
	if (ev->args_known && ev->pc) // they are read where a frame is left
		json_values(b, ev->locals, ev->n_locals);
	else
		KEY(b, "null");
	FIELD(b, "pushed_seq", buf_udec, ev->pushed_seq);
}

static void add_inline(struct buf *b, const struct event *ev)
{
	FIELD(b, "depth", buf_udec, ev->depth);
	FIELD(b, "function", json_string, ev->function);
	FIELD(b, "in", json_string, ev->within);
	FIELD(b, "inline_depth", buf_udec, ev->inline_depth);
	FIELD(b, "module", json_string, ev->module);
	FIELD(b, "file", json_string, ev->file);
	FIELD(b, "line", json_line, ev->line);
	FIELD(b, "caller", json_string, ev->caller);
	FIELD(b, "call_file", json_string, ev->caller_file);
	FIELD(b, "call_line", json_line, ev->caller_line);
	FIELD(b, "pc", json_address, ev->pc);
	FIELD(b, "cfa", json_address, ev->cfa);
	KEY(b, ",\"args\":");
	json_values(b, ev->args, ev->n_args);
	FIELD(b, "pushed_seq", buf_udec, ev->pushed_seq);
	if (ev->loops)
		KEY(b, ",\"loops\":true");
}

static void add_argv(struct buf *b, const struct event *ev)
{
	buf_char(b, '[');
	for (size_t i = 0; i < ev->argc; i++) {
		if (i)
			buf_char(b, ',');
		json_string(b, ev->argv[i]);
	}
	buf_char(b, ']');
}

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

static void add_header(struct buf *b, const struct event *ev)
{
	KEY(b, "{\"format\":\"frametrace\",\"version\":");
	buf_udec(b, FORMAT_VERSION);
	FIELD(b, "program", json_string, ev->program);
	KEY(b, ",\"arguments\":");
	add_argv(b, ev);
	FIELD(b, "pid", buf_dec, ev->pid);
	KEY(b, ",\"time\":");
	add_time(b, ev->unix_ns);
	FIELD(b, "build_id", json_string, ev->build_id);
}

static void add_exec(struct buf *b, const struct event *ev)
{
	FIELD(b, "program", json_string, ev->program);
	KEY(b, ",\"arguments\":");
	add_argv(b, ev);
	FIELD(b, "build_id", json_string, ev->build_id);
}

static void add_signal(struct buf *b, const struct event *ev)
{
	FIELD(b, "signal", json_string, ev->signal ? ev->signal_name : NULL);
	KEY(b, ",\"signal_number\":");
	if (ev->signal)
		buf_dec(b, ev->signal);
	else
		KEY(b, "null");
}

static void add_signal_place(struct buf *b, const struct event *ev)
{
	FIELD(b, "pc", json_address, ev->pc);
	FIELD(b, "symbol_at", json_string, ev->symbol_at);
	FIELD(b, "file", json_string, ev->file);
	FIELD(b, "line", json_line, ev->line);
	KEY(b, ",\"fault\":");
	if (ev->has_fault) {
		buf_char(b, '"');
		buf_hex(b, ev->fault); // also when it is 0
		buf_char(b, '"');
	} else {
		KEY(b, "null");
	}
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

static void add_exit(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"status\":");
	if (ev->signal)
		KEY(b, "null");
	else
		buf_dec(b, ev->status);
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

static void add_registers(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"registers\":{");
	for (size_t i = 0; i < ev->n_registers; i++) {
		if (i)
			buf_char(b, ',');
		json_string(b, ev->registers[i].name);
		KEY(b, ":\"");
		buf_hex(b, ev->registers[i].value);
		buf_char(b, '"');
	}
	buf_char(b, '}');
}

static void add_frame_event(struct buf *b, const struct event *ev)
{
	add_frame(b, ev);
	if (ev->kind == EVENT_PUSH)
		add_args(b, ev);
	else
		add_pop(b, ev);
	add_walk(b, ev);
	json_frame(b, ev);
}

static void add_fields(struct buf *b, const struct event *ev)
{
	switch (ev->kind) {
	case EVENT_START: // add_header()
		break;
	case EVENT_PUSH:
	case EVENT_POP:
		add_frame_event(b, ev);
		break;
	case EVENT_INLINE:
		add_inline(b, ev);
		break;
	case EVENT_INSN:
	case EVENT_LINE:
	case EVENT_CHANGE:
		json_step(b, ev);
		break;
	case EVENT_SIGNAL:
		add_signal(b, ev);
		add_signal_place(b, ev);
		break;
	case EVENT_THREAD:
	case EVENT_CHILD:
		FIELD(b, "child", buf_dec, ev->child);
		break;
	case EVENT_EXEC:
		add_exec(b, ev);
		break;
	case EVENT_NOTE:
		FIELD(b, "text", json_string, ev->text);
		break;
	case EVENT_MAP:
		json_map(b, ev->map);
		break;
	case EVENT_WHERE:
		json_where(b, ev->where);
		break;
	case EVENT_ALARM:
		json_alarm(b, ev);
		break;
	case EVENT_OVERFLOW:
		json_overflow(b, ev);
		break;
	case EVENT_ALLOC:
	case EVENT_FREE:
	case EVENT_REALLOC:
	case EVENT_BRK:
		json_heap(b, ev);
		break;
	case EVENT_EXIT:
		add_exit(b, ev);
		break;
	}
}

static void add_event(struct buf *b, const struct event *ev)
{
	if (ev->kind == EVENT_START) {
		add_header(b, ev);
		return;
	}
	add_head(b, ev);
	add_fields(b, ev);
}

static void json_event(struct reporter *r, const struct event *ev)
{
	buf_reset(&r->b);
	add_event(&r->b, ev);
	if (r->registers && ev->n_registers)
		add_registers(&r->b, ev);
	KEY(&r->b, "}\n");
	fwrite(r->b.s, 1, r->b.len, r->out);
}

/* An event of a log only: it takes no number, "seq" is that of the event before it. */
static void json_output(struct reporter *r, const struct report_output *o)
{
	struct buf *b = &r->b;

	buf_reset(b);
	KEY(b, "{\"seq\":");
	if (o->before_all)
		KEY(b, "null");
	else
		buf_udec(b, o->after);
	KEY(b, ",\"event\":\"output\",\"pid\":");
	buf_dec(b, o->pid);
	FIELD(b, "time_ns", buf_udec, o->time_ns);
	FIELD(b, "stream", buf_dec, o->stream);
	KEY(b, ",\"text\":");
	buf_json(b, o->bytes, o->len);
	KEY(b, "}\n");
	fwrite(b->s, 1, b->len, r->out);
}

const struct report_format report_json = {
	.name = "json",
	.help = "one JSON object per line, for programs: docs/events.md",
	.details = true,
	.open = json_open,
	.event = json_event,
	.output = json_output,
	.close = json_close,
};
