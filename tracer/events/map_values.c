/*
 * map_values.c - what is in the slots of a frame map.
 */
#include "events/map_private.h"

#include <inttypes.h>
#include <string.h>

enum {
	BYTES_SHOWN = 32, // of a slot, in event_slot.bytes
	RAW_SHOWN = 16,	  // of a slot without a type
};

const struct event_value *map_value_at(const struct map_input *in, size_t i)
{
	const struct event *ev = in->ev;
	if (i < ev->n_args)
		return &ev->args[i];
	if (i < in->plan->n_site)
		return i - ev->n_args < ev->n_locals ? &ev->locals[i - ev->n_args] : NULL;
	i -= in->plan->n_site;
	return in->own && i < in->plan->n_own ? &in->own[i] : NULL;
}

static void add_hex_bytes(struct buf *b, const uint8_t *bytes, size_t n, const char *between)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%02x", i ? between : "", bytes[i]);
}

static size_t read_lowest(const struct map_input *in, const struct event_slot *s, uint8_t *bytes,
			  size_t max)
{
	size_t len = s->size < max ? (size_t)s->size : max;
	return in->mem->read(in->mem->ctx, s->address, bytes, len);
}

void map_add_bytes(struct map *m, const struct map_input *in, struct event_slot *s)
{
	uint8_t bytes[BYTES_SHOWN];
	size_t got = read_lowest(in, s, bytes, sizeof(bytes));
	if (got == 0)
		return;
	struct buf *b = map_text(m);
	add_hex_bytes(b, bytes, got, "");
	s->bytes = b->s;
}

static void not_readable(struct event_slot *s)
{
	s->value = "<memory not readable>";
	s->known = false;
}

static int64_t signed_of(uint64_t v, unsigned size)
{
	unsigned shift = 64 - 8 * size;
	return (int64_t)(v << shift) >> shift;
}

// A number may look like an address that is not mapped; where it leads is told if it does lead.
static const char *place_of_word(struct map *m, const struct map_input *in, uint64_t v)
{
	struct buf *b = map_text(m);
	in->points_to(in->ctx, v, b);
	return b->len > 0 && strcmp(b->s, "not mapped") != 0 ? b->s : NULL;
}

// A word without a type: as a number, or as an address if it is one of something.
static void value_of_word(struct map *m, const struct map_input *in, struct event_slot *s,
			  bool number)
{
	uint64_t v;
	if (!memory_read_uint(in->mem, s->address, (unsigned)s->size, &v)) {
		not_readable(s);
		return;
	}
	struct buf *b = map_text(m);
	buf_hex(b, v);
	size_t plain = b->len;
	if (s->size == ARCH_WORD && in->name_address)
		in->name_address(in->ctx, v, b);
	// Nobody reads an address as a decimal number.
	if (number && b->len == plain && (v >> 40 == 0 || v >> 40 == 0xffffff))
		buf_printf(b, " (%" PRId64 ")", signed_of(v, (unsigned)s->size));
	s->value = b->s;
	s->known = true;
	if (s->size == ARCH_WORD && in->points_to)
		s->points_to = place_of_word(m, in, v);
}

static void value_of_bytes(struct map *m, const struct map_input *in, struct event_slot *s)
{
	uint8_t bytes[RAW_SHOWN];
	if (s->size <= ARCH_WORD && (s->size & (s->size - 1)) == 0) {
		value_of_word(m, in, s, true);
		return;
	}
	size_t got = read_lowest(in, s, bytes, sizeof(bytes));
	if (got == 0) {
		not_readable(s);
		return;
	}
	struct buf *b = map_text(m);
	add_hex_bytes(b, bytes, got, " ");
	if (got < s->size)
		buf_str(b, " ...");
	s->value = b->s;
	s->known = true;
}

static void value_of_return_address(struct map *m, const struct map_input *in, struct event_slot *s)
{
	uint64_t v, pushed = in->ev->return_address;
	if (s->size != ARCH_WORD || !memory_read_uint(in->mem, s->address, ARCH_WORD, &v)) {
		not_readable(s);
		return;
	}
	struct buf *b = map_text(m);
	buf_hex(b, v);
	if (pushed && v != pushed) {
		buf_str(b, ", at the push it was ");
		buf_hex(b, pushed);
	}
	if (in->ev->return_symbol)
		buf_printf(b, " <%s>", in->ev->return_symbol);
	s->value = b->s;
	s->known = true;
}

/*
 * A variable's value is the event's, so that the two never disagree. Where they tell of different
 * places (it is in a register just now) the slot is left with what its bytes are.
 */
static void value_of_variable(struct map *m, const struct map_input *in, const struct placed *p,
			      struct event_slot *s)
{
	const struct event_value *v = map_value_at(in, p->value);
	if (v && v->type)
		s->type = v->type;
	if (s->unwritten && in->ev->kind == EVENT_PUSH)
		return;
	if (!v || !v->has_address || v->address + s->offset != s->address) {
		value_of_bytes(m, in, s);
	} else if (s->offset == 0) {
		s->value = v->value;
		s->known = v->known;
		s->full = v->full;
		s->points_to = v->points_to;
		s->scope_ended = v->scope_ended;
	}
}

/*
 * At the exit the register has the caller's value again. A frame that is built late
 * (shrink-wrapped) may not have been built on this path: then the slot, below rsp at the body, has
 * other bytes.
 */
static void check_saved(struct map *m, const struct map_input *in, const struct placed *p,
			struct event_slot *s)
{
	uint64_t v;
	if (in->ev->kind != EVENT_POP || !in->regs || !p->s || p->s->reg >= ARCH_GENERAL ||
	    s->size != ARCH_WORD || !memory_read_uint(in->mem, s->address, ARCH_WORD, &v) ||
	    v == in->regs->r[p->s->reg])
		return;
	if (s->address < in->rsp) {
		s->value = "<not saved on this path>";
		s->known = false;
		return;
	}
	struct buf *b = map_text(m);
	buf_printf(b, "%s, but the register has ", s->value);
	buf_hex(b, in->regs->r[p->s->reg]);
	s->value = b->s;
}

// Pushed for a call and taken back: by now later callees have been there.
static bool is_taken_back(const struct map_input *in, const struct placed *p)
{
	return p->owner == OWNER_OUTGOING && p->lo < in->rsp && in->ev->kind == EVENT_POP;
}

void map_fill_value(struct map *m, const struct map_input *in, const struct placed *p,
		    struct event_slot *s)
{
	bool empty = s->unwritten && in->ev->kind == EVENT_PUSH;
	switch (p->owner) {
	case OWNER_STACK_ARGUMENT:
	case OWNER_LOCAL:
		value_of_variable(m, in, p, s);
		break;
	case OWNER_RETURN_ADDRESS:
		value_of_return_address(m, in, s);
		break;
	case OWNER_SAVED_REGISTER:
	case OWNER_CANARY:
		if (!empty && s->size == ARCH_WORD)
			value_of_word(m, in, s, false);
		else if (!empty)
			value_of_bytes(m, in, s);
		if (p->owner == OWNER_SAVED_REGISTER && !empty)
			check_saved(m, in, p, s);
		break;
	case OWNER_DYNAMIC:
		if (p->value != SIZE_MAX)
			value_of_variable(m, in, p, s);
		else if (!p->s)
			s->value = "<its size is not known at the return>";
		break;
	case OWNER_SPILL:
	case OWNER_OUTGOING:
	case OWNER_UNKNOWN:
		if (!empty && !is_taken_back(in, p))
			value_of_bytes(m, in, s);
		break;
	case OWNER_PADDING:
	case OWNER_RED_ZONE:
	case OWNER_COUNT:
		break;
	}
}

bool map_is_unwritten(const struct map_input *in, const struct placed *p)
{
	const struct event_value *v;
	switch (p->owner) {
	case OWNER_STACK_ARGUMENT:
	case OWNER_RETURN_ADDRESS:
		return false;
	case OWNER_PADDING:
	case OWNER_RED_ZONE:
	case OWNER_COUNT:
		return true;
	case OWNER_LOCAL:
		// The site may be before the store of an argument; its value is captured as stored.
		v = map_value_at(in, p->value);
		if (p->s && p->s->var && p->s->var->is_param && !p->s->inlined && v && v->known &&
		    v->has_address)
			return false;
		break;
	case OWNER_SAVED_REGISTER:
	case OWNER_CANARY:
	case OWNER_SPILL:
	case OWNER_OUTGOING:
	case OWNER_DYNAMIC:
	case OWNER_UNKNOWN:
		break;
	}
	if (in->ev->kind == EVENT_PUSH)
		return p->s && !p->s->at_body;
	return p->s && (p->s->writer == 0 || is_taken_back(in, p));
}
