/*
 * json_step.c - instructions, source lines and what they changed (docs/events.md).
 */
#include "report/json.h"

static const char *how_name(enum event_step how)
{
	switch (how) {
	case STEP_RAN:
		return "ran";
	case STEP_RETURNED:
		return "returned";
	case STEP_INFERRED:
		return "inferred";
	case STEP_UNSEEN:
		return "unseen";
	}
	return "";
}

static void add_stores(struct buf *b, const struct event *ev)
{
	buf_char(b, '[');
	for (size_t i = 0; i < ev->n_stores; i++) {
		const struct event_store *st = &ev->stores[i];
		KEY(b, "{\"address\":");
		json_address(b, st->address);
		FIELD(b, "size", buf_udec, st->size);
		FIELD(b, "function", json_string, st->function);
		FIELD_OR_NULL(b, "depth", st->function, buf_udec, st->depth);
		FIELD(b, "owner", json_string, st->owner);
		FIELD(b, "name", json_string, st->name);
		FIELD(b, "type", json_string, st->type);
		FIELD(b, "old", json_string, st->old);
		FIELD(b, "value", json_string, st->value);
		if (st->ghost)
			FIELD(b, "ghost", json_string, st->ghost);
		KEY(b, "},");
	}
	if (ev->n_stores)
		buf_truncate(b, b->len - 1);
	buf_char(b, ']');
}

static void add_insn(struct buf *b, const struct event *ev)
{
	FIELD(b, "insn", json_string, ev->insn);
	FIELD(b, "target", json_string, ev->target);
	KEY(b, ",\"how\":\"");
	buf_str(b, how_name(ev->stepped));
	KEY(b, "\",\"prologue\":");
	json_bool(b, ev->in_prologue);
	FIELD(b, "rsp_before", json_address, ev->rsp_before);
	FIELD(b, "rsp", json_address, ev->rsp);
	FIELD(b, "delta", buf_dec, ev->delta);
	KEY(b, ",\"stores\":");
	add_stores(b, ev);
	if (ev->ghost)
		FIELD(b, "ghost", json_string, ev->ghost);
}

static void add_changes(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"changes\":[");
	for (size_t i = 0; i < ev->n_changes; i++) {
		const struct event_value *v = &ev->changes[i].now;
		if (i)
			buf_char(b, ',');
		KEY(b, "{\"name\":");
		json_string(b, v->name);
		FIELD(b, "type", json_string, v->type);
		FIELD(b, "old", json_string, ev->changes[i].old);
		FIELD(b, "value", json_string, v->value);
		FIELD(b, "address", json_address, v->has_address ? v->address : 0);
		FIELD(b, "register", json_string, v->reg);
		json_pointer(b, v);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

void json_step(struct buf *b, const struct event *ev)
{
	json_place(b, ev);
	if (ev->kind == EVENT_INSN)
		add_insn(b, ev);
	if (ev->kind == EVENT_LINE)
		FIELD(b, "text", json_string, ev->text);
	if (ev->kind == EVENT_CHANGE)
		add_changes(b, ev);
}
