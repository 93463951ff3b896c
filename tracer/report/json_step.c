/*
 * json_step.c - instructions, source lines and what they changed (docs/events.md).
 */
#include "report/json.h"

const char *json_step_name(enum event_kind kind)
{
	return kind == EVENT_INSN ? "insn" : kind == EVENT_LINE ? "line" : "change";
}

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
		KEY(b, ",\"size\":");
		buf_udec(b, st->size);
		KEY(b, ",\"function\":");
		json_string(b, st->function);
		KEY(b, ",\"depth\":");
		if (st->function)
			buf_udec(b, st->depth);
		else
			KEY(b, "null");
		KEY(b, ",\"owner\":");
		json_string(b, st->owner);
		KEY(b, ",\"name\":");
		json_string(b, st->name);
		KEY(b, ",\"type\":");
		json_string(b, st->type);
		KEY(b, ",\"old\":");
		json_string(b, st->old);
		KEY(b, ",\"value\":");
		json_string(b, st->value);
		if (st->ghost) {
			KEY(b, ",\"ghost\":");
			json_string(b, st->ghost);
		}
		KEY(b, "},");
	}
	if (ev->n_stores)
		buf_truncate(b, b->len - 1);
	buf_char(b, ']');
}

static void add_insn(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"insn\":");
	json_string(b, ev->insn);
	KEY(b, ",\"target\":");
	json_string(b, ev->target);
	KEY(b, ",\"how\":\"");
	buf_str(b, how_name(ev->stepped));
	KEY(b, "\",\"prologue\":");
	json_bool(b, ev->in_prologue);
	KEY(b, ",\"rsp_before\":");
	json_address(b, ev->rsp_before);
	KEY(b, ",\"rsp\":");
	json_address(b, ev->rsp);
	KEY(b, ",\"delta\":");
	buf_dec(b, ev->delta);
	KEY(b, ",\"stores\":");
	add_stores(b, ev);
	if (ev->ghost) {
		KEY(b, ",\"ghost\":");
		json_string(b, ev->ghost);
	}
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
		KEY(b, ",\"type\":");
		json_string(b, v->type);
		KEY(b, ",\"old\":");
		json_string(b, ev->changes[i].old);
		KEY(b, ",\"value\":");
		json_string(b, v->value);
		KEY(b, ",\"address\":");
		json_address(b, v->has_address ? v->address : 0);
		KEY(b, ",\"register\":");
		json_string(b, v->reg);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

void json_step(struct buf *b, const struct event *ev)
{
	KEY(b, ",\"depth\":");
	buf_udec(b, ev->depth);
	KEY(b, ",\"function\":");
	json_string(b, ev->function);
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
	if (ev->kind == EVENT_INSN)
		add_insn(b, ev);
	if (ev->kind == EVENT_LINE) {
		KEY(b, ",\"text\":");
		json_string(b, ev->text);
	}
	if (ev->kind == EVENT_CHANGE)
		add_changes(b, ev);
}
