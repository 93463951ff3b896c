/*
 * frames_json.c - one JSON object per line (docs/frames.md): the file, each function, the total.
 */
#include "report/frames.h"

#include "report/json.h"

enum { FORMAT_VERSION = 1 };

static const char *const keys[FRAMES_GROUPS] = {
	[FRAMES_SAVED] = "saved",     [FRAMES_CANARY] = "canary",      [FRAMES_LOCALS] = "locals",
	[FRAMES_SPILLS] = "spills",   [FRAMES_ARGUMENTS] = "outgoing", [FRAMES_PADDING] = "padding",
	[FRAMES_UNKNOWN] = "unknown",
};

static void add_bytes(struct buf *b, const uint64_t *bytes)
{
	for (unsigned g = 0; g < FRAMES_GROUPS; g++)
		buf_printf(b, "%s\"%s\":%llu", g ? "," : ",\"bytes\":{", keys[g],
			   (unsigned long long)bytes[g]);
	buf_char(b, '}');
}

static void add_slot(struct buf *b, const struct frames_slot *s)
{
	buf_str(b, "{\"owner\":");
	json_string(b, s->owner);
	FIELD(b, "name", json_string, s->name);
	FIELD(b, "type", json_string, s->type);
	FIELD(b, "size", buf_udec, s->size);
	FIELD_OR_NULL(b, "from_cfa", s->has_cfa, buf_dec, s->from_cfa);
	FIELD_OR_NULL(b, "from_rsp", s->has_rsp, buf_dec, s->from_rsp);
	FIELD_OR_NULL(b, "offset", s->variable_size != 0, buf_udec, s->offset);
	FIELD(b, "variable_size", json_number, s->variable_size);
	FIELD(b, "inlined", json_string, s->inlined);
	FIELD(b, "shares", json_string, s->shares);
	FIELD(b, "inferred", json_bool, s->inferred);
	FIELD(b, "writer", json_address, s->writer);
	FIELD(b, "line", json_line, s->line);
	FIELD(b, "file", json_string, s->file);
	FIELD(b, "after_body", json_bool, s->after_body);
	buf_char(b, '}');
}

static void add_function(struct buf *b, const struct frames_function *f)
{
	buf_str(b, "{\"function\":");
	json_string(b, f->name);
	FIELD(b, "file", json_string, f->file);
	FIELD(b, "line", json_line, f->line);
	FIELD(b, "entry", json_address, f->entry);
	FIELD(b, "body", json_address, f->body);
	FIELD_OR_NULL(b, "delta", f->delta != 0, buf_dec, f->delta);
	FIELD(b, "size", buf_udec, f->size);
	FIELD_OR_NULL(b, "size_max", !f->dynamic, buf_udec, f->size_max);
	FIELD(b, "size_at_calls", buf_udec, f->size_at_calls);
	FIELD(b, "dynamic", json_bool, f->dynamic);
	FIELD(b, "align", json_number, f->align);
	add_bytes(b, f->bytes);
	FIELD(b, "below_rsp", buf_udec, f->below);
	buf_str(b, ",\"slots\":[");
	for (size_t i = 0; i < f->n_slots; i++) {
		if (i)
			buf_char(b, ',');
		add_slot(b, &f->slots[i]);
	}
	buf_str(b, "]}\n");
}

static void add_header(struct buf *b, const struct frames_file *file)
{
	buf_printf(b, "{\"format\":\"frametrace frames\",\"version\":%d", FORMAT_VERSION);
	FIELD(b, "file", json_string, file->path);
	FIELD(b, "build_id", json_string, file->build_id);
	FIELD(b, "missing", json_string, file->missing);
	buf_str(b, "}\n");
}

static void add_total(struct buf *b, const struct frames_file *file)
{
	uint64_t bytes[FRAMES_GROUPS] = {0}, size = 0;
	for (size_t i = 0; i < file->n; i++) {
		size += file->f[i].size;
		for (unsigned g = 0; g < FRAMES_GROUPS; g++)
			bytes[g] += file->f[i].bytes[g];
	}
	buf_printf(b, "{\"functions\":%zu,\"size\":%llu", file->n, (unsigned long long)size);
	add_bytes(b, bytes);
	buf_printf(b, ",\"cannot\":%zu,\"hidden_origin\":%zu,\"hidden_filter\":%zu}\n",
		   file->n_cannot, file->n_hidden_origin, file->n_hidden_filter);
}

void report_frames_json(FILE *out, const struct frames_file *file)
{
	struct buf b;
	buf_init(&b);
	add_header(&b, file);
	for (size_t i = 0; i < file->n; i++) {
		add_function(&b, &file->f[i]);
		fwrite(b.s, 1, b.len, out);
		buf_reset(&b);
	}
	add_total(&b, file);
	fwrite(b.s, 1, b.len, out);
	buf_deinit(&b);
}
