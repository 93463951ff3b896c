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
#include "report/json.h"

enum { FORMAT_VERSION = 1 };

struct reporter {
	FILE *out;
	struct buf b;
};

static struct reporter *json_open(FILE *out, const struct report_options *o)
{
	struct reporter *r = xcalloc(1, sizeof(*r));

	(void)o;
	r->out = out;
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

/* A reason comes in angle brackets, for people. */
static void add_reason(struct buf *b, const char *s)
{
	size_t len = s ? strlen(s) : 0;

	if (len >= 2 && s[0] == '<' && s[len - 1] == '>')
		buf_json(b, s + 1, len - 2);
	else
		buf_json(b, s ? s : "", len);
}

/* "value":…, and why not if it is not known. */
static void add_value_text(struct buf *b, const struct event_value *v)
{
	KEY(b, ",\"value\":");
	if (v->known) {
		json_string(b, v->value);
		return;
	}
	KEY(b, "null,\"unknown\":");
	add_reason(b, v->value);
}

static void add_tree(struct buf *b, const struct event_value *v)
{
	if (!v->json)
		return;
	KEY(b, ",\"tree\":");
	buf_str(b, v->json); // JSON already
}

static void add_pointer(struct buf *b, const struct event_value *v)
{
	if (v->block)
		buf_printf(b, ",\"heap\":{\"block\":%llu,\"offset\":%llu,\"size\":%llu}",
			   (unsigned long long)v->block, (unsigned long long)v->block_offset,
			   (unsigned long long)v->block_size);
	if (!v->dangling)
		return;
	KEY(b, ",\"dangling\":");
	json_string(b, v->dangling);
}

static void add_values(struct buf *b, const struct event_value *values, size_t n)
{
	buf_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		const struct event_value *v = &values[i];
		if (i)
			buf_char(b, ',');
		KEY(b, "{\"name\":");
		json_string(b, v->name);
		KEY(b, ",\"type\":");
		json_string(b, v->type);
		add_value_text(b, v);
		if (v->why) {
			KEY(b, ",\"why\":");
			json_string(b, v->why);
		}
		if (v->entry) {
			KEY(b, ",\"entry_value\":");
			json_string(b, v->entry);
		}
		KEY(b, ",\"address\":");
		json_address(b, v->has_address ? v->address : 0);
		KEY(b, ",\"register\":");
		json_string(b, v->reg);
		KEY(b, ",\"size\":");
		buf_udec(b, v->size);
		if (v->scope_ended)
			KEY(b, ",\"scope_ended\":true");
		if (v->is_static)
			KEY(b, ",\"static\":true");
		add_pointer(b, v);
		add_tree(b, v);
		buf_char(b, '}');
	}
	buf_char(b, ']');
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
		KEY(b, ",\"cfa\":");
		json_address(b, ev->walk[i].cfa);
		KEY(b, ",\"symbol\":");
		json_string(b, *ev->walk[i].symbol ? ev->walk[i].symbol : NULL);
		if (ev->walk[i].within) {
			KEY(b, ",\"inlined_in\":");
			json_string(b, ev->walk[i].within);
		}
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

static void add_slot(struct buf *b, const struct event_slot *s)
{
	KEY(b, "{\"address\":");
	json_address(b, s->address);
	KEY(b, ",\"size\":");
	buf_udec(b, s->size);
	KEY(b, ",\"owner\":");
	json_string(b, s->owner);
	KEY(b, ",\"name\":");
	json_string(b, s->name);
	KEY(b, ",\"type\":");
	json_string(b, s->type);
	KEY(b, ",\"value\":");
	json_string(b, s->known ? s->value : NULL);
	if (!s->known && s->value) {
		KEY(b, ",\"unknown\":");
		add_reason(b, s->value);
	}
	KEY(b, ",\"bytes\":");
	json_string(b, s->bytes);
	if (s->reg) {
		KEY(b, ",\"register\":");
		json_string(b, s->reg);
	}
	if (s->offset) {
		KEY(b, ",\"offset\":");
		buf_udec(b, s->offset);
	}
	if (s->inlined) {
		KEY(b, ",\"inlined\":");
		json_string(b, s->inlined);
	}
	if (s->inferred)
		KEY(b, ",\"inferred\":true");
	if (s->scope_ended)
		KEY(b, ",\"scope_ended\":true");
	if (s->unwritten)
		KEY(b, ",\"unwritten\":true");
	if (s->writer_text) {
		KEY(b, ",\"writer\":{\"pc\":");
		json_address(b, s->writer);
		KEY(b, ",\"insn\":");
		json_string(b, s->writer_text);
		KEY(b, ",\"line\":");
		json_line(b, s->writer_line);
		buf_char(b, '}');
	}
	if (s->ghost) {
		KEY(b, ",\"ghost\":");
		json_string(b, s->ghost);
	}
	buf_char(b, '}');
}

static void add_ghosts(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"ghosts\":[");
	for (size_t i = 0; i < ev->n_ghosts; i++) {
		const struct event_ghost *g = &ev->ghosts[i];
		if (i)
			buf_char(b, ',');
		KEY(b, "{\"function\":");
		json_string(b, g->function);
		buf_printf(b, ",\"pushed_seq\":%llu,\"popped_seq\":%llu,\"owner\":",
			   (unsigned long long)g->pushed_seq, (unsigned long long)g->popped_seq);
		json_string(b, g->owner);
		KEY(b, ",\"name\":");
		json_string(b, g->name);
		KEY(b, ",\"value\":");
		json_string(b, g->value);
		KEY(b, ",\"address\":");
		json_address(b, g->address);
		buf_printf(b, ",\"size\":%llu,\"overwritten\":%llu,\"kept\":%llu",
			   (unsigned long long)g->size, (unsigned long long)g->overwritten,
			   (unsigned long long)g->kept);
		if (!g->exact)
			KEY(b, ",\"unseen\":true");
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

/* --frames: the frame map, high addresses first. */
static void add_map(struct buf *b, const struct event *ev)
{
	if (!ev->mapped)
		return;
	KEY(b, ",\"frame\":");
	if (!ev->n_slots) {
		KEY(b, "null");
		return;
	}
	buf_char(b, '[');
	for (size_t i = 0; i < ev->n_slots; i++) {
		if (i)
			buf_char(b, ',');
		add_slot(b, &ev->slots[i]);
	}
	KEY(b, "],\"frame_rsp\":");
	json_address(b, ev->frame_rsp);
	KEY(b, ",\"elsewhere\":");
	add_values(b, ev->elsewhere, ev->n_elsewhere);
	if (ev->kind == EVENT_PUSH)
		add_ghosts(b, ev);
}

/* What every event begins with. */
static void add_head(struct buf *b, const struct event *ev, const char *name)
{
	KEY(b, "{\"seq\":");
	buf_udec(b, ev->seq);
	KEY(b, ",\"event\":\"");
	buf_str(b, name);
	KEY(b, "\",\"pid\":");
	buf_dec(b, ev->pid);
	KEY(b, ",\"tid\":");
	buf_dec(b, ev->tid);
	KEY(b, ",\"time_ns\":");
	buf_udec(b, ev->time_ns);
}

/* What a push and a pop have in common. */
static void add_frame(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"depth\":");
	buf_udec(b, ev->depth);
	KEY(b, ",\"function\":");
	json_string(b, ev->function);
	KEY(b, ",\"symbol\":");
	json_string(b, ev->symbol);
	KEY(b, ",\"module\":");
	json_string(b, ev->module);
	KEY(b, ",\"file\":");
	json_string(b, ev->file);
	KEY(b, ",\"line\":");
	json_line(b, ev->line);
	KEY(b, ",\"pc\":");
	json_address(b, ev->pc);
	KEY(b, ",\"cfa\":");
	json_address(b, ev->cfa);
	KEY(b, ",\"rsp\":");
	json_address(b, ev->rsp);
	KEY(b, ",\"delta\":");
	if (ev->delta_known)
		buf_dec(b, ev->delta);
	else
		KEY(b, "null");
	KEY(b, ",\"parts\":");
	add_parts(b, ev);
	KEY(b, ",\"return_address\":");
	json_address(b, ev->return_address);
	KEY(b, ",\"return_symbol\":");
	json_string(b, ev->return_symbol);
	KEY(b, ",\"caller\":");
	json_string(b, ev->caller);
	KEY(b, ",\"caller_file\":");
	json_string(b, ev->caller_file);
	KEY(b, ",\"caller_line\":");
	json_line(b, ev->caller_line);
}

static void add_args(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"args\":");
	if (ev->args_known)
		add_values(b, ev->args, ev->n_args);
	else
		KEY(b, "null,\"args_unknown\":\"no debug information: build with -g\"");
}

static const char *how_name(enum pop_how how)
{
	switch (how) {
	case POP_RETURN:
		return "return";
	case POP_TAIL_CALL:
		return "tail call";
	case POP_UNWOUND:
		return "unwound";
	case POP_LONGJMP:
		return "longjmp";
	case POP_EXIT:
		return "exit";
	}
	return "";
}

static void add_pop(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"how\":\"");
	buf_str(b, how_name(ev->how));
	buf_char(b, '"');
	if (ev->has_return) {
		KEY(b, ",\"return\":{\"type\":");
		json_string(b, ev->returned.type);
		add_value_text(b, &ev->returned);
		add_pointer(b, &ev->returned);
		add_tree(b, &ev->returned);
		buf_char(b, '}');
	}
	if (ev->how == POP_TAIL_CALL) {
		KEY(b, ",\"tail_target\":");
		json_string(b, ev->tail_target);
	}
	if (ev->n_args) {
		KEY(b, ",\"args\":");
		add_values(b, ev->args, ev->n_args);
	}
	KEY(b, ",\"locals\":");
	if (ev->args_known && ev->pc) // they are read where a frame is left
		add_values(b, ev->locals, ev->n_locals);
	else
		KEY(b, "null");
	KEY(b, ",\"pushed_seq\":");
	buf_udec(b, ev->pushed_seq);
}

static void add_inline(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"depth\":");
	buf_udec(b, ev->depth);
	KEY(b, ",\"function\":");
	json_string(b, ev->function);
	KEY(b, ",\"in\":");
	json_string(b, ev->within);
	KEY(b, ",\"inline_depth\":");
	buf_udec(b, ev->inline_depth);
	KEY(b, ",\"module\":");
	json_string(b, ev->module);
	KEY(b, ",\"file\":");
	json_string(b, ev->file);
	KEY(b, ",\"line\":");
	json_line(b, ev->line);
	KEY(b, ",\"caller\":");
	json_string(b, ev->caller);
	KEY(b, ",\"call_file\":");
	json_string(b, ev->caller_file);
	KEY(b, ",\"call_line\":");
	json_line(b, ev->caller_line);
	KEY(b, ",\"pc\":");
	json_address(b, ev->pc);
	KEY(b, ",\"cfa\":");
	json_address(b, ev->cfa);
	KEY(b, ",\"args\":");
	add_values(b, ev->args, ev->n_args);
	KEY(b, ",\"pushed_seq\":");
	buf_udec(b, ev->pushed_seq);
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
	KEY(b, ",\"program\":");
	json_string(b, ev->program);
	KEY(b, ",\"arguments\":");
	add_argv(b, ev);
	KEY(b, ",\"pid\":");
	buf_dec(b, ev->pid);
	KEY(b, ",\"time\":");
	add_time(b, ev->unix_ns);
	KEY(b, ",\"build_id\":");
	json_string(b, ev->build_id);
}

static void add_exec(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"program\":");
	json_string(b, ev->program);
	KEY(b, ",\"arguments\":");
	add_argv(b, ev);
	KEY(b, ",\"build_id\":");
	json_string(b, ev->build_id);
}

static void add_signal(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"signal\":");
	json_string(b, ev->signal ? ev->signal_name : NULL);
	KEY(b, ",\"signal_number\":");
	if (ev->signal)
		buf_dec(b, ev->signal);
	else
		KEY(b, "null");
}

static void add_signal_place(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"pc\":");
	json_address(b, ev->pc);
	KEY(b, ",\"symbol_at\":");
	json_string(b, ev->symbol_at);
	KEY(b, ",\"file\":");
	json_string(b, ev->file);
	KEY(b, ",\"line\":");
	json_line(b, ev->line);
	KEY(b, ",\"fault\":");
	if (ev->has_fault) {
		buf_char(b, '"');
		buf_hex(b, ev->fault); // also when it is 0
		buf_char(b, '"');
	} else {
		KEY(b, "null");
	}
	if (ev->within) {
		KEY(b, ",\"inlined\":");
		json_string(b, ev->function);
	}
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
	KEY(b, ",\"max_stack_function\":");
	json_string(b, s->max_stack_function);
	KEY(b, ",\"stacks\":");
	json_stacks(b, s->stacks, s->n_stacks);
	if (s->more_stacks) {
		KEY(b, ",\"more_stacks\":");
		buf_udec(b, s->more_stacks);
	}
	if (s->stepped) {
		KEY(b, ",\"stepped\":");
		buf_udec(b, s->stepped);
	}
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
	KEY(b, ",\"core\":");
	json_bool(b, ev->core);
	KEY(b, ",\"summary\":");
	if (!ev->summary) {
		KEY(b, "null");
		return;
	}
	buf_char(b, '{');
	add_summary(b, ev->summary);
	buf_char(b, '}');
}

static void add_event(struct buf *b, const struct event *ev)
{
	switch (ev->kind) {
	case EVENT_START:
		add_header(b, ev);
		break;
	case EVENT_PUSH:
		add_head(b, ev, "push");
		add_frame(b, ev);
		add_args(b, ev);
		add_walk(b, ev);
		add_map(b, ev);
		break;
	case EVENT_POP:
		add_head(b, ev, "pop");
		add_frame(b, ev);
		add_pop(b, ev);
		add_walk(b, ev);
		add_map(b, ev);
		break;
	case EVENT_INLINE:
		add_head(b, ev, "inline");
		add_inline(b, ev);
		break;
	case EVENT_INSN:
	case EVENT_LINE:
	case EVENT_CHANGE:
		add_head(b, ev, json_step_name(ev->kind));
		json_step(b, ev);
		break;
	case EVENT_SIGNAL:
		add_head(b, ev, "signal");
		add_signal(b, ev);
		add_signal_place(b, ev);
		break;
	case EVENT_THREAD:
		add_head(b, ev, "thread");
		KEY(b, ",\"child\":");
		buf_dec(b, ev->child);
		break;
	case EVENT_CHILD:
		add_head(b, ev, "child");
		KEY(b, ",\"child\":");
		buf_dec(b, ev->child);
		break;
	case EVENT_EXEC:
		add_head(b, ev, "exec");
		add_exec(b, ev);
		break;
	case EVENT_NOTE:
		add_head(b, ev, "note");
		KEY(b, ",\"text\":");
		json_string(b, ev->text);
		break;
	case EVENT_MAP:
		add_head(b, ev, "map");
		json_map(b, ev->map);
		break;
	case EVENT_WHERE:
		add_head(b, ev, "where");
		json_where(b, ev->where);
		break;
	case EVENT_ALARM:
		add_head(b, ev, "alarm");
		json_alarm(b, ev);
		break;
	case EVENT_OVERFLOW:
		add_head(b, ev, "overflow");
		json_overflow(b, ev);
		break;
	case EVENT_ALLOC:
	case EVENT_FREE:
	case EVENT_REALLOC:
	case EVENT_BRK:
		add_head(b, ev, json_heap_name(ev->kind));
		json_heap(b, ev);
		break;
	case EVENT_EXIT:
		add_head(b, ev, "exit");
		add_exit(b, ev);
		break;
	}
}

static void json_event(struct reporter *r, const struct event *ev)
{
	buf_reset(&r->b);
	add_event(&r->b, ev);
	KEY(&r->b, "}\n");
	fwrite(r->b.s, 1, r->b.len, r->out);
}

const struct report_format report_json = {
	.name = "json",
	.help = "one JSON object per line, for programs: docs/events.md",
	.details = true,
	.open = json_open,
	.event = json_event,
	.close = json_close,
};
