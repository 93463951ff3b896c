/*
 * json_stack.c - what became of stacks: alarms, overflows, how much was used.
 */
#include "report/json.h"

/* A number that may be any 64 bits, also 0. */
static void add_word(struct buf *b, uint64_t v)
{
	buf_char(b, '"');
	buf_hex(b, v);
	buf_char(b, '"');
}

static void add_limit(struct buf *b, uint64_t limit)
{
	if (limit && limit != UINT64_MAX)
		buf_udec(b, limit);
	else
		KEY(b, "null");
}

static void add_frame_of(struct buf *b, const struct event *ev)
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
	KEY(b, ",\"pushed_seq\":");
	buf_udec(b, ev->pushed_seq);
}

static void add_overrun(struct buf *b, const struct event_alarm *a)
{
	KEY(b, ",\"overrun\":");
	if (!a->overrun) {
		KEY(b, "null");
		return;
	}
	KEY(b, "{\"name\":");
	json_string(b, a->overrun);
	KEY(b, ",\"type\":");
	json_string(b, a->overrun_type);
	KEY(b, ",\"address\":");
	json_address(b, a->overrun_address);
	KEY(b, ",\"size\":");
	buf_udec(b, a->overrun_size);
	KEY(b, ",\"inferred\":true}");
}

static void add_writer(struct buf *b, const struct event_alarm *a)
{
	KEY(b, ",\"writer\":");
	if (!a->writer) {
		KEY(b, "null");
		return;
	}
	KEY(b, "{\"pc\":");
	json_address(b, a->writer);
	KEY(b, ",\"insn\":");
	json_string(b, a->writer_text);
	KEY(b, ",\"line\":");
	json_line(b, a->writer_line);
	buf_char(b, '}');
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
	add_frame_of(b, ev);
	KEY(b, ",\"address\":");
	json_address(b, a->address);
	KEY(b, ",\"old\":");
	add_word(b, a->old);
	KEY(b, ",\"now\":");
	add_word(b, a->now);
	KEY(b, ",\"old_symbol\":");
	json_string(b, a->old_symbol);
	KEY(b, ",\"now_symbol\":");
	json_string(b, a->now_symbol);
	KEY(b, ",\"now_is\":");
	json_string(b, a->now_is);
	KEY(b, ",\"about_to_return\":");
	json_bool(b, a->about_to_return);
	add_overrun(b, a);
	add_writer(b, a);
}

void json_overflow(struct buf *b, const struct event *ev)
{
	const struct event_overflow *o = ev->overflow;
	KEY(b, ",\"main\":");
	json_bool(b, o->is_main);
	KEY(b, ",\"fault\":");
	add_word(b, ev->fault);
	KEY(b, ",\"rsp\":");
	json_address(b, o->rsp);
	KEY(b, ",\"pc\":");
	json_address(b, ev->pc);
	KEY(b, ",\"function\":");
	json_string(b, ev->function);
	KEY(b, ",\"stack\":{\"from\":");
	json_address(b, o->lo);
	KEY(b, ",\"to\":");
	json_address(b, o->hi);
	KEY(b, "},\"limit\":");
	add_limit(b, o->limit);
	KEY(b, ",\"guard\":");
	buf_udec(b, o->guard);
	KEY(b, ",\"frames\":");
	buf_udec(b, o->frames);
	KEY(b, ",\"walked\":");
	json_bool(b, o->is_walk);
	KEY(b, ",\"cycle\":[");
	for (size_t i = 0; i < o->n_cycle; i++) {
		if (i)
			buf_char(b, ',');
		json_string(b, o->cycle[i]);
	}
	KEY(b, "],\"turns\":");
	buf_udec(b, o->turns);
	KEY(b, ",\"turn_bytes\":");
	buf_udec(b, o->turn_bytes);
	KEY(b, ",\"inside\":");
	buf_udec(b, o->untold);
}

void json_stacks(struct buf *b, const struct event_stack *s, size_t n)
{
	buf_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_char(b, ',');
		KEY(b, "{\"tid\":");
		buf_dec(b, s[i].tid);
		KEY(b, ",\"kind\":");
		json_string(b, s[i].kind);
		KEY(b, ",\"used\":");
		buf_udec(b, s[i].first_cfa - s[i].lowest);
		KEY(b, ",\"used_from_top\":");
		if (s[i].top)
			buf_udec(b, s[i].top - s[i].lowest);
		else
			KEY(b, "null");
		KEY(b, ",\"limit\":");
		add_limit(b, s[i].limit);
		KEY(b, ",\"first_cfa\":");
		json_address(b, s[i].first_cfa);
		KEY(b, ",\"lowest\":");
		json_address(b, s[i].lowest);
		KEY(b, ",\"function\":");
		json_string(b, s[i].function);
		KEY(b, ",\"seq\":");
		if (s[i].seq != UINT64_MAX)
			buf_udec(b, s[i].seq);
		else
			KEY(b, "null");
		KEY(b, ",\"depth\":");
		buf_udec(b, s[i].depth);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}
