/*
 * moment_json.c - one moment of a run as one JSON object (docs/moment.schema.json).
 */
#include "report/json.h"
#include "report/moment.h"

static void add_values(struct buf *b, const struct moment_frame *f, bool arguments)
{
	bool first = true;

	buf_char(b, '[');
	for (size_t i = 0; i < f->n_values; i++) {
		if (f->values[i].is_argument != arguments)
			continue;
		if (!first)
			buf_char(b, ',');
		first = false;
		KEY(b, "{\"as_of\":");
		buf_udec(b, f->values[i].as_of);
		KEY(b, ",\"variable\":");
		json_value(b, f->values[i].value);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

static void add_frame(struct buf *b, const struct moment_frame *f)
{
	KEY(b, "{\"function\":");
	json_string(b, f->function);
	FIELD(b, "depth", buf_udec, f->depth);
	FIELD(b, "file", json_string, f->file);
	FIELD(b, "line", json_line, f->line);
	FIELD(b, "at_file", json_string, f->at_line ? f->at_file : NULL);
	FIELD(b, "at_line", json_line, f->at_line);
	FIELD(b, "cfa", json_address, f->cfa);
	FIELD(b, "rsp", json_address, f->rsp);
	FIELD(b, "pushed_seq", json_seq, f->pushed_seq);
	FIELD(b, "ghost", json_bool, f->ghost);
	FIELD(b, "popped_seq", json_seq, f->ghost ? f->popped_seq : UINT64_MAX);
	KEY(b, ",\"args\":");
	add_values(b, f, true);
	KEY(b, ",\"locals\":");
	add_values(b, f, false);
	buf_char(b, '}');
}

static void add_stacks(struct buf *b, const struct moment *s)
{
	KEY(b, ",\"stacks\":[");
	for (size_t i = 0; i < s->n_frames; i++) {
		const struct moment_frame *f = &s->frames[i];
		bool same = i && f[-1].tid == f->tid && f[-1].stack_top == f->stack_top;
		if (i)
			buf_str(b, same ? "," : "]},");
		if (!same) {
			KEY(b, "{\"tid\":");
			buf_dec(b, f->tid);
			FIELD(b, "top", json_address, f->stack_top);
			KEY(b, ",\"frames\":[");
		}
		add_frame(b, f);
	}
	buf_str(b, s->n_frames ? "]}]" : "]");
}

static void add_heap(struct buf *b, const struct moment *s)
{
	KEY(b, ",\"heap\":");
	if (!s->heap_known) {
		KEY(b, "null");
		return;
	}
	KEY(b, "{\"alive\":");
	buf_udec(b, s->all_blocks);
	KEY(b, ",\"blocks\":[");
	for (size_t i = 0; i < s->n_blocks; i++) {
		const struct moment_block *k = &s->blocks[i];
		buf_str(b, i ? ",{\"block\":" : "{\"block\":");
		buf_udec(b, k->number);
		FIELD(b, "address", json_address, k->address);
		FIELD(b, "size", buf_udec, k->size);
		FIELD(b, "usable", buf_udec, k->usable);
		FIELD(b, "call", json_string, k->call);
		FIELD(b, "alloc_seq", buf_udec, k->alloc_seq);
		FIELD(b, "function", json_string, k->place.function);
		FIELD(b, "file", json_string, k->place.file);
		FIELD(b, "line", json_line, k->place.line);
		buf_char(b, '}');
	}
	buf_str(b, "]}");
}

static void add_map(struct buf *b, const struct moment *s)
{
	KEY(b, ",\"map\":");
	if (!s->map) {
		KEY(b, "null");
		return;
	}
	struct event_map map = *s->map;
	map.n_bands = 0; // its regions say it all
	KEY(b, "{\"as_of\":");
	buf_udec(b, s->map_seq);
	json_map(b, &map);
	buf_char(b, '}');
}

void report_moment_json(FILE *out, const struct moment *s)
{
	struct buf b;

	buf_init(&b);
	KEY(&b, "{\"format\":\"frametrace\",\"version\":1,\"event\":\"moment\",\"seq\":");
	buf_udec(&b, s->seq);
	FIELD(&b, "after", json_string, s->kind);
	FIELD(&b, "function", json_string, s->function);
	FIELD(&b, "pid", buf_dec, s->pid);
	FIELD(&b, "tid", buf_dec, s->tid);
	FIELD(&b, "time_ns", buf_udec, s->time_ns);
	add_stacks(&b, s);
	add_heap(&b, s);
	KEY(&b, ",\"registers\":");
	json_registers(&b, s->registers, s->n_registers);
	KEY(&b, ",\"output\":");
	if (s->output_known)
		buf_json(&b, s->output, s->output_len);
	else
		KEY(&b, "null");
	add_map(&b, s);
	KEY(&b, "}\n");
	fwrite(b.s, 1, b.len, out);
	buf_deinit(&b);
}
