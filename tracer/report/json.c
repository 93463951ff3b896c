/*
 * json.c - one JSON object per line (docs/events.md): every field in a fixed order, null for what
 * is not known. The same whatever -v, -q and --color say, so that a program can rely on it.
 */
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "events/kinds.h"
#include "report/json.h"

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

void json_word(struct buf *b, uint64_t v)
{
	buf_char(b, '"');
	buf_hex(b, v);
	buf_char(b, '"');
}

void json_address(struct buf *b, uint64_t addr)
{
	if (!addr) {
		KEY(b, "null");
		return;
	}
	json_word(b, addr);
}

void json_number(struct buf *b, uint64_t n)
{
	if (n)
		buf_udec(b, n);
	else
		KEY(b, "null");
}

void json_limit(struct buf *b, uint64_t n)
{
	json_number(b, n == UINT64_MAX ? 0 : n);
}

void json_seq(struct buf *b, uint64_t seq)
{
	if (seq == UINT64_MAX)
		KEY(b, "null");
	else
		buf_udec(b, seq);
}

void json_line(struct buf *b, uint32_t line)
{
	json_number(b, line);
}

void json_bool(struct buf *b, bool v)
{
	if (v)
		KEY(b, "true");
	else
		KEY(b, "false");
}

void json_strings(struct buf *b, const char *const *s, size_t n)
{
	buf_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_char(b, ',');
		json_string(b, s[i]);
	}
	buf_char(b, ']');
}

void json_registers(struct buf *b, const struct event_register *r, size_t n)
{
	if (n == 0)
		KEY(b, "null");
	for (size_t i = 0; i < n; i++) {
		buf_char(b, i ? ',' : '{');
		json_string(b, r[i].name);
		buf_char(b, ':');
		json_word(b, r[i].value);
	}
	if (n > 0)
		buf_char(b, '}');
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
	FIELD_OR_NULL(b, "delta", ev->delta_known, buf_dec, ev->delta);
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
	case EVENT_START: // json_start()
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
		json_signal(b, ev);
		json_frames_at_signal(b, ev);
		break;
	case EVENT_THREAD:
	case EVENT_CHILD:
		FIELD(b, "child", buf_dec, ev->child);
		break;
	case EVENT_EXEC:
		json_exec(b, ev);
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
		json_exit(b, ev);
		break;
	}
}

static void add_event(struct buf *b, const struct event *ev)
{
	if (ev->kind == EVENT_START) {
		json_start(b, ev);
		return;
	}
	add_head(b, ev);
	add_fields(b, ev);
}

static void json_event(struct reporter *r, const struct event *ev)
{
	buf_reset(&r->b);
	add_event(&r->b, ev);
	if (r->registers && ev->n_registers) {
		KEY(&r->b, ",\"registers\":");
		json_registers(&r->b, ev->registers, ev->n_registers);
	}
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
