/*
 * frames_json.c - one JSON object per line (docs/frames.md): the file, each function, the total.
 */
#include "report/frames.h"

#include <string.h>

#include "base/buf.h"

enum { FORMAT_VERSION = 1 };

static const char *const keys[FRAMES_GROUPS] = {
	[FRAMES_SAVED] = "saved",     [FRAMES_CANARY] = "canary",      [FRAMES_LOCALS] = "locals",
	[FRAMES_SPILLS] = "spills",   [FRAMES_ARGUMENTS] = "outgoing", [FRAMES_PADDING] = "padding",
	[FRAMES_UNKNOWN] = "unknown",
};

static void add_text(struct buf *b, const char *key, const char *s)
{
	buf_printf(b, ",\"%s\":", key);
	if (s)
		buf_json(b, s, strlen(s));
	else
		buf_str(b, "null");
}

static void add_count(struct buf *b, const char *key, bool known, int64_t n)
{
	buf_printf(b, ",\"%s\":", key);
	if (known)
		buf_dec(b, n);
	else
		buf_str(b, "null");
}

/* Addresses are strings, as in events.md. */
static void add_pc(struct buf *b, const char *key, uint64_t pc)
{
	buf_printf(b, ",\"%s\":", key);
	if (pc)
		buf_printf(b, "\"0x%llx\"", (unsigned long long)pc);
	else
		buf_str(b, "null");
}

static void add_flag(struct buf *b, const char *key, bool set)
{
	buf_printf(b, ",\"%s\":%s", key, set ? "true" : "false");
}

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
	buf_json(b, s->owner, strlen(s->owner));
	add_text(b, "name", s->name);
	add_text(b, "type", s->type);
	add_count(b, "size", true, (int64_t)s->size);
	add_count(b, "from_cfa", s->has_cfa, s->from_cfa);
	add_count(b, "from_rsp", s->has_rsp, s->from_rsp);
	add_count(b, "offset", s->variable_size != 0, (int64_t)s->offset);
	add_count(b, "variable_size", s->variable_size != 0, (int64_t)s->variable_size);
	add_text(b, "inlined", s->inlined);
	add_text(b, "shares", s->shares);
	add_flag(b, "inferred", s->inferred);
	add_pc(b, "writer", s->writer);
	add_count(b, "line", s->line != 0, s->line);
	add_text(b, "file", s->file);
	add_flag(b, "after_body", s->after_body);
	buf_char(b, '}');
}

static void add_function(struct buf *b, const struct frames_function *f)
{
	buf_str(b, "{\"function\":");
	buf_json(b, f->name, strlen(f->name));
	add_text(b, "file", f->file);
	add_count(b, "line", f->line != 0, f->line);
	add_pc(b, "entry", f->entry);
	add_pc(b, "body", f->body);
	add_count(b, "delta", f->delta != 0, f->delta);
	add_count(b, "size", true, (int64_t)f->size);
	add_count(b, "size_max", !f->dynamic, (int64_t)f->size_max);
	add_count(b, "size_at_calls", true, (int64_t)f->size_at_calls);
	add_flag(b, "dynamic", f->dynamic);
	add_count(b, "align", f->align != 0, f->align);
	add_bytes(b, f->bytes);
	add_count(b, "below_rsp", true, (int64_t)f->below);
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
	add_text(b, "file", file->path);
	add_text(b, "build_id", file->build_id);
	add_text(b, "missing", file->missing);
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
