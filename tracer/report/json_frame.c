/*
 * json_frame.c - values in JSON, and the frame map with its ghosts.
 */
#include "report/json.h"

#include <string.h>

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

/* Ours has no control character and no byte that is not UTF-8; a stranger's log may have. */
static bool is_clean(const char *s)
{
	size_t len = strlen(s), plain = 0;
	struct buf escaped;

	while (plain < len && s[plain] >= ' ' && s[plain] < 0x7f)
		plain++;
	if (plain == len)
		return true;
	buf_init(&escaped);
	buf_escaped(&escaped, s, len, 0);
	bool clean = escaped.len == len && memcmp(escaped.s, s, len) == 0;
	buf_deinit(&escaped);
	return clean;
}

static void add_tree(struct buf *b, const struct event_value *v)
{
	if (!v->json || !is_clean(v->json))
		return;
	KEY(b, ",\"tree\":");
	buf_str(b, v->json); // JSON already
}

void json_pointer(struct buf *b, const struct event_value *v)
{
	if (v->block)
		buf_printf(b, ",\"heap\":{\"block\":%llu,\"offset\":%llu,\"size\":%llu}",
			   (unsigned long long)v->block, (unsigned long long)v->block_offset,
			   (unsigned long long)v->block_size);
	if (v->dangling)
		FIELD(b, "dangling", json_string, v->dangling);
	if (v->points_to)
		FIELD(b, "points_to", json_string, v->points_to);
}

void json_returned(struct buf *b, const struct event_value *v)
{
	add_value_text(b, v);
	json_pointer(b, v);
	add_tree(b, v);
}

void json_value(struct buf *b, const struct event_value *v)
{
	KEY(b, "{\"name\":");
	json_string(b, v->name);
	FIELD(b, "type", json_string, v->type);
	add_value_text(b, v);
	if (v->why)
		FIELD(b, "why", json_string, v->why);
	if (v->entry)
		FIELD(b, "entry_value", json_string, v->entry);
	FIELD(b, "address", json_address, v->has_address ? v->address : 0);
	FIELD(b, "register", json_string, v->reg);
	FIELD(b, "size", buf_udec, v->size);
	if (v->scope_ended)
		KEY(b, ",\"scope_ended\":true");
	if (v->is_static)
		KEY(b, ",\"static\":true");
	json_pointer(b, v);
	add_tree(b, v);
	buf_char(b, '}');
}

void json_values(struct buf *b, const struct event_value *values, size_t n)
{
	buf_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_char(b, ',');
		json_value(b, &values[i]);
	}
	buf_char(b, ']');
}

static void add_frame_at_signal(struct buf *b, const struct event_frame_at_signal *f)
{
	KEY(b, "{\"depth\":");
	buf_udec(b, f->depth);
	FIELD(b, "function", json_string, f->function);
	FIELD(b, "file", json_string, f->file);
	FIELD(b, "line", json_line, f->line);
	FIELD(b, "pc", json_address, f->pc);
	FIELD(b, "cfa", json_address, f->cfa);
	KEY(b, ",\"args\":");
	if (f->args_known)
		json_values(b, f->args, f->n_args);
	else
		KEY(b, "null");
	KEY(b, ",\"locals\":");
	if (f->args_known)
		json_values(b, f->locals, f->n_locals);
	else
		KEY(b, "null");
	FIELD(b, "pushed_seq", buf_udec, f->pushed_seq);
	buf_char(b, '}');
}

void json_frames_at_signal(struct buf *b, const struct event *ev)
{
	if (!ev->n_frames && !ev->more_frames)
		return;
	KEY(b, ",\"frames\":[");
	for (size_t i = 0; i < ev->n_frames; i++) {
		if (i)
			buf_char(b, ',');
		add_frame_at_signal(b, &ev->frames[i]);
	}
	buf_char(b, ']');
	FIELD(b, "more_frames", buf_udec, ev->more_frames);
}

static void add_slot(struct buf *b, const struct event_slot *s)
{
	KEY(b, "{\"address\":");
	json_address(b, s->address);
	FIELD(b, "size", buf_udec, s->size);
	FIELD(b, "owner", json_string, s->owner);
	FIELD(b, "name", json_string, s->name);
	FIELD(b, "type", json_string, s->type);
	FIELD(b, "value", json_string, s->known ? s->value : NULL);
	if (!s->known && s->value) {
		KEY(b, ",\"unknown\":");
		add_reason(b, s->value);
	}
	if (s->points_to)
		FIELD(b, "points_to", json_string, s->points_to);
	FIELD(b, "bytes", json_string, s->bytes);
	if (s->reg)
		FIELD(b, "register", json_string, s->reg);
	if (s->offset)
		FIELD(b, "offset", buf_udec, s->offset);
	if (s->inlined)
		FIELD(b, "inlined", json_string, s->inlined);
	if (s->inferred)
		KEY(b, ",\"inferred\":true");
	if (s->scope_ended)
		KEY(b, ",\"scope_ended\":true");
	if (s->unwritten)
		KEY(b, ",\"unwritten\":true");
	if (s->writer_text) {
		KEY(b, ",\"writer\":");
		json_writer(b, s->writer, s->writer_text, s->writer_line);
	}
	if (s->ghost)
		FIELD(b, "ghost", json_string, s->ghost);
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
		FIELD(b, "name", json_string, g->name);
		FIELD(b, "value", json_string, g->value);
		FIELD(b, "address", json_address, g->address);
		buf_printf(b, ",\"size\":%llu,\"overwritten\":%llu,\"kept\":%llu",
			   (unsigned long long)g->size, (unsigned long long)g->overwritten,
			   (unsigned long long)g->kept);
		if (!g->exact)
			KEY(b, ",\"unseen\":true");
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

void json_frame(struct buf *b, const struct event *ev)
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
	json_values(b, ev->elsewhere, ev->n_elsewhere);
	if (ev->kind == EVENT_PUSH)
		add_ghosts(b, ev);
}
