/*
 * json_stack.c - what became of stacks: alarms, overflows, how much was used.
 */
#include "report/json.h"

static void add_overrun(struct buf *b, const struct event_alarm *a)
{
	KEY(b, ",\"overrun\":");
	if (!a->overrun) {
		KEY(b, "null");
		return;
	}
	KEY(b, "{\"name\":");
	json_string(b, a->overrun);
	FIELD(b, "type", json_string, a->overrun_type);
	FIELD(b, "address", json_address, a->overrun_address);
	FIELD(b, "size", buf_udec, a->overrun_size);
	KEY(b, ",\"inferred\":true}");
}

static const char *alarm_name(enum alarm what)
{
	switch (what) {
	case ALARM_RETURN_ADDRESS:
		return "return address";
	case ALARM_CANARY:
		return "canary";
	}
	return "";
}

void json_alarm(struct buf *b, const struct event *ev)
{
	const struct event_alarm *a = ev->alarm;
	KEY(b, ",\"what\":\"");
	buf_str(b, alarm_name(a->what));
	buf_char(b, '"');
	json_place(b, ev);
	FIELD(b, "pushed_seq", buf_udec, ev->pushed_seq);
	FIELD(b, "address", json_address, a->address);
	FIELD(b, "old", json_word, a->old);
	FIELD(b, "now", json_word, a->now);
	FIELD(b, "old_symbol", json_string, a->old_symbol);
	FIELD(b, "now_symbol", json_string, a->now_symbol);
	FIELD(b, "now_is", json_string, a->now_is);
	FIELD(b, "about_to_return", json_bool, a->about_to_return);
	add_overrun(b, a);
	KEY(b, ",\"writer\":");
	json_writer(b, a->writer, a->writer ? a->writer_text : NULL, a->writer_line);
}

void json_overflow(struct buf *b, const struct event *ev)
{
	const struct event_overflow *o = ev->overflow;
	FIELD(b, "main", json_bool, o->is_main);
	FIELD(b, "fault", json_word, ev->fault);
	FIELD(b, "rsp", json_address, o->rsp);
	FIELD(b, "pc", json_address, ev->pc);
	FIELD(b, "function", json_string, ev->function);
	KEY(b, ",\"stack\":{\"from\":");
	json_address(b, o->lo);
	FIELD(b, "to", json_address, o->hi);
	buf_char(b, '}');
	FIELD(b, "limit", json_limit, o->limit);
	FIELD(b, "guard", buf_udec, o->guard);
	FIELD(b, "frames", buf_udec, o->frames);
	FIELD(b, "walked", json_bool, o->is_walk);
	KEY(b, ",\"cycle\":");
	json_strings(b, o->cycle, o->n_cycle);
	FIELD(b, "turns", buf_udec, o->turns);
	FIELD(b, "turn_bytes", buf_udec, o->turn_bytes);
	FIELD(b, "inside", buf_udec, o->untold);
}

void json_stacks(struct buf *b, const struct event_stack *s, size_t n)
{
	buf_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_char(b, ',');
		KEY(b, "{\"tid\":");
		buf_dec(b, s[i].tid);
		FIELD(b, "kind", json_string, s[i].kind);
		FIELD(b, "used", buf_udec, s[i].first_cfa - s[i].lowest);
		FIELD_OR_NULL(b, "used_from_top", s[i].top, buf_udec, s[i].top - s[i].lowest);
		FIELD(b, "limit", json_limit, s[i].limit);
		FIELD(b, "first_cfa", json_address, s[i].first_cfa);
		FIELD(b, "lowest", json_address, s[i].lowest);
		FIELD(b, "function", json_string, s[i].function);
		FIELD(b, "seq", json_seq, s[i].seq);
		FIELD(b, "depth", buf_udec, s[i].depth);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}
