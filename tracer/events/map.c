#include "events/map.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	BYTES_SHOWN = 32,	// of a slot, in event_slot.bytes
	RAW_SHOWN = 16,		// of a slot without a type
	DYNAMIC_MAX = 64 << 20, // bytes of VLAs below the fixed part
	DYNAMIC_VARIABLES = 32, // VLAs of one frame
	GHOSTS_SHOWN = 64,	// of one event
};

struct placed {
	uint64_t lo, hi;
	enum owner owner;
	const struct layout_slot *s; // NULL: known at run time only
	const char *name;	     // if !s
	size_t value;		     // as in map_plan.value
};

void map_init(struct map *m)
{
	*m = (struct map){.n = 0};
}

void map_deinit(struct map *m)
{
	for (size_t i = 0; i < m->n_texts; i++)
		buf_deinit(&m->texts[i]);
	free(m->texts);
	free(m->slots);
	free(m->placed);
	free(m->elsewhere);
	free(m->ghosts);
	ghost_list_deinit(&m->died);
	ghost_list_deinit(&m->kept);
}

static struct buf *text_new(struct map *m)
{
	if (m->used == m->n_texts) {
		m->texts = xgrow(m->texts, m->n_texts, &m->cap_texts, sizeof(*m->texts));
		buf_init(&m->texts[m->n_texts++]);
	}
	buf_reset(&m->texts[m->used]);
	return &m->texts[m->used++];
}

/* ---- where the slots are ---- */

static void put(struct map *m, struct placed p)
{
	if (p.lo >= p.hi)
		return;
	m->placed = xgrow(m->placed, m->n, &m->cap, sizeof(*m->placed));
	m->placed[m->n++] = p;
}

static int from_high_to_low(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	return x->hi > y->hi ? -1 : x->hi < y->hi;
}

// What the layout says, at run-time addresses, in any order.
static void place_layout(struct map *m, const struct map_input *in)
{
	const struct frame_layout *l = &in->plan->layout;
	bool below = l->has_dynamic && in->ev->kind == EVENT_POP;
	for (size_t i = 0; i < l->n; i++) {
		const struct layout_slot *s = &l->slots[i];
		uint64_t lo = (s->from_rsp ? in->rsp : in->ev->cfa) + (uint64_t)(int64_t)s->off;
		struct placed p = {lo, lo + s->size, s->owner, s, NULL, in->plan->value[i]};
		// At the return of such a function, what is below is not what was there at the
		// body.
		if (below && p.lo < in->rsp)
			p.lo = in->rsp;
		put(m, p);
	}
	qsort(m->placed, m->n, sizeof(*m->placed), from_high_to_low);
}

// CFA and rsp are where sums are taken: a slot that reaches across (an array of a leaf) is two.
static void put_parts(struct map *m, const struct map_input *in, struct placed p)
{
	uint64_t edge[] = {in->ev->cfa, in->rsp};
	for (size_t i = 0; i < FT_COUNT(edge); i++) {
		if (p.lo >= edge[i] || p.hi <= edge[i])
			continue;
		struct placed above = p;
		above.lo = p.hi = edge[i];
		put(m, above);
	}
	put(m, p);
}

/*
 * Exactly one owner for each byte. In a realigned frame the distance between what hangs from the
 * CFA and what stands on rsp is known only now: the gap aligns.
 */
static void settle_places(struct map *m, const struct map_input *in)
{
	struct placed *old = m->placed;
	size_t n = m->n;
	m->placed = NULL;
	m->n = m->cap = 0;
	for (size_t i = 0; i < n; i++) {
		struct placed p = old[i];
		uint64_t above = m->n > 0 ? m->placed[m->n - 1].lo : p.hi;
		if (p.hi > above)
			p.hi = above;
		put(m, (struct placed){p.hi, above, OWNER_PADDING, NULL, "alignment", SIZE_MAX});
		put_parts(m, in, p);
	}
	free(old);
}

static const struct event_value *value_at(const struct map_input *in, size_t i)
{
	const struct event *ev = in->ev;
	if (i < ev->n_args)
		return &ev->args[i];
	if (i < in->plan->n_site)
		return i - ev->n_args < ev->n_locals ? &ev->locals[i - ev->n_args] : NULL;
	i -= in->plan->n_site;
	return in->own && i < in->plan->n_own ? &in->own[i] : NULL;
}

/*
 * alloca and variable arrays lie below the fixed part. At the ret rsp is back already; where a
 * variable array is, its own location tells. Without one the size is not known.
 */
static void place_dynamic(struct map *m, const struct map_input *in)
{
	size_t found[DYNAMIC_VARIABLES], n = 0;
	size_t values = in->plan->n_site + in->plan->n_own;
	for (size_t i = 0; i < values && n < DYNAMIC_VARIABLES; i++) {
		const struct event_value *v = value_at(in, i);
		if (!v || !v->has_address || v->is_static || v->address >= in->rsp ||
		    in->rsp - v->address > DYNAMIC_MAX)
			continue;
		size_t at = n++;
		for (; at > 0 && value_at(in, found[at - 1])->address < v->address; at--)
			found[at] = found[at - 1];
		found[at] = i;
	}
	uint64_t above = in->rsp;
	for (size_t i = 0; i < n; i++) {
		const struct event_value *v = value_at(in, found[i]);
		put(m, (struct placed){v->address, above, OWNER_DYNAMIC, NULL, v->name, found[i]});
		above = v->address;
	}
	enum owner rest = n > 0 ? OWNER_RED_ZONE : OWNER_DYNAMIC;
	put(m, (struct placed){above - ARCH_RED_ZONE, above, rest, NULL, NULL, SIZE_MAX});
}

/* ---- what is in them ---- */

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

static void add_bytes(struct map *m, const struct map_input *in, struct event_slot *s)
{
	uint8_t bytes[BYTES_SHOWN];
	size_t got = read_lowest(in, s, bytes, sizeof(bytes));
	if (got == 0)
		return;
	struct buf *b = text_new(m);
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
	struct buf *b = text_new(m);
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
	struct buf *b = text_new(m);
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
	struct buf *b = text_new(m);
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
	struct buf *b = text_new(m);
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
	const struct event_value *v = value_at(in, p->value);
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
	struct buf *b = text_new(m);
	buf_printf(b, "%s, but the register has ", s->value);
	buf_hex(b, in->regs->r[p->s->reg]);
	s->value = b->s;
}

// Pushed for a call and taken back: by now later callees have been there.
static bool is_taken_back(const struct map_input *in, const struct placed *p)
{
	return p->owner == OWNER_OUTGOING && p->lo < in->rsp && in->ev->kind == EVENT_POP;
}

static void fill_value(struct map *m, const struct map_input *in, const struct placed *p,
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

// Has this frame stored nothing there, as far as the files tell? At the pop: nothing at all.
static bool is_unwritten(const struct map_input *in, const struct placed *p)
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
		v = value_at(in, p->value);
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

/* ---- ghosts ---- */

static uint64_t bytes_of(const struct ghost_list *l)
{
	uint64_t n = 0;
	for (size_t i = 0; i < l->n; i++)
		n += l->g[i].bytes;
	return n;
}

// What was there before, where this frame has not stored; at the pop only if all of it is left.
static void fill_ghost(struct map *m, const struct map_input *in, struct event_slot *s)
{
	if (!in->ghosts || !s->unwritten)
		return;
	m->kept.n = 0;
	ghosts_list(in->ghosts, s->address, s->size, &m->kept);
	bool whole = bytes_of(&m->kept) == s->size;
	if (in->ev->kind == EVENT_POP && s->value)
		s->unwritten = whole;
	if (m->kept.n == 0 || !s->unwritten)
		return;
	struct buf *b = text_new(m);
	ghosts_text(in->ghosts, s->address, s->size, b);
	const struct ghost *g = &m->kept.g[0];
	if (whole && m->kept.n == 1 && g->value && g->size == s->size)
		buf_printf(b, " = %s", g->value);
	s->ghost = b->s;
}

static struct event_ghost *ghost_entry(struct map *m, const struct ghost *g)
{
	for (size_t i = 0; i < m->n_ghosts; i++)
		if (m->ghosts[i].address == g->address && m->ghosts[i].pushed_seq == g->pushed_seq)
			return &m->ghosts[i];
	if (m->n_ghosts == GHOSTS_SHOWN)
		return NULL;
	m->ghosts = xgrow(m->ghosts, m->n_ghosts, &m->cap_ghosts, sizeof(*m->ghosts));
	m->ghosts[m->n_ghosts] = (struct event_ghost){
		.function = g->function,
		.pushed_seq = g->pushed_seq,
		.popped_seq = g->popped_seq,
		.owner = g->owner,
		.name = g->name,
		.type = g->type,
		.value = g->value,
		.address = g->address,
		.size = g->size,
		.exact = g->exact,
	};
	return &m->ghosts[m->n_ghosts++];
}

static void list_ghosts(struct map *m, const struct map_input *in, uint64_t lo, uint64_t hi)
{
	m->kept.n = 0;
	ghosts_list(in->ghosts, lo, hi - lo, &m->kept);
	for (size_t i = 0; i < m->died.n; i++) {
		struct event_ghost *g = ghost_entry(m, &m->died.g[i]);
		if (g)
			g->overwritten = m->died.g[i].bytes;
	}
	for (size_t i = 0; i < m->kept.n; i++) {
		struct event_ghost *g = ghost_entry(m, &m->kept.g[i]);
		if (g)
			g->kept = m->kept.g[i].bytes;
	}
}

// The ghosts under the frame learn what is left of them.
static void settle_ghosts(struct map *m, const struct map_input *in)
{
	uint64_t hi = m->placed[0].hi, lo = m->placed[m->n - 1].lo;
	bool push = in->ev->kind == EVENT_PUSH;
	m->died.n = 0;
	ghosts_refresh(in->ghosts, lo, hi - lo, in->mem, push ? &m->died : NULL);
	if (!push)
		return;
	for (size_t i = 0; i < m->n; i++)
		if (!m->slots[i].unwritten)
			ghosts_overwrite(in->ghosts, m->slots[i].address, m->slots[i].size,
					 &m->died);
	list_ghosts(m, in, lo, hi);
}

/* ---- the whole ---- */

// An argument that came in a register and has a place in the frame.
static bool is_argument(const struct placed *p)
{
	return p->owner == OWNER_LOCAL && p->s && p->s->var && p->s->var->is_param &&
	       !p->s->inlined;
}

static void fill_slot(const struct map_input *in, const struct placed *p, struct event_slot *s)
{
	const struct layout_slot *l = p->s;
	*s = (struct event_slot){
		.address = p->lo,
		.size = p->hi - p->lo,
		.owner = is_argument(p) ? "argument" : owner_name(p->owner),
		.name = l ? l->name : p->name,
		.unwritten = is_unwritten(in, p),
	};
	if (!l)
		return;
	uint64_t whole = (l->from_rsp ? in->rsp : in->ev->cfa) + (uint64_t)(int64_t)l->off;
	if (p->owner == OWNER_SPILL && l->reg != ARCH_NONE) {
		const char *whole_reg = arch_reg_name(l->reg);
		s->reg = arch_reg_part_name(l->reg, l->size);
		if (s->name && ((whole_reg && strcmp(whole_reg, s->name) == 0) ||
				(s->reg && strcmp(s->reg, s->name) == 0)))
			s->name = NULL; // it has none of its own
	}
	s->inferred = l->inferred;
	s->inlined = l->inlined;
	s->offset = l->var ? l->var_off + (p->lo - whole) : 0;
	if (l->var && l->var->type)
		s->type = l->var->type->shown;
}

// Arguments and locals that no slot tells of.
static void list_elsewhere(struct map *m, const struct map_input *in)
{
	size_t values = in->plan->n_site + in->plan->n_own;
	for (size_t i = 0; i < values; i++) {
		const struct event_value *v = value_at(in, i);
		// Before the body has run, an expression may be about memory that is not written
		// yet.
		bool early = in->ev->kind == EVENT_PUSH && i >= in->plan->n_site;
		bool placed = !v || (early && (v->has_address || !v->known));
		// One in pieces is told of as a whole here, of its pieces by their slots.
		for (size_t k = 0; k < m->n && !placed && v->has_address; k++)
			placed = m->placed[k].value == i;
		if (placed)
			continue;
		m->elsewhere = xgrow(m->elsewhere, m->n_elsewhere, &m->cap_elsewhere,
				     sizeof(*m->elsewhere));
		m->elsewhere[m->n_elsewhere++] = *v;
	}
}

void map_frame(struct map *m, const struct map_input *in)
{
	m->n = m->n_elsewhere = m->n_ghosts = m->used = 0;
	place_layout(m, in);
	if (in->plan->layout.has_dynamic && in->ev->kind == EVENT_POP)
		place_dynamic(m, in);
	settle_places(m, in);
	if (m->n > m->cap_slots) {
		m->slots = xreallocarray(m->slots, m->n, sizeof(*m->slots));
		m->cap_slots = m->n;
	}
	for (size_t i = 0; i < m->n; i++)
		fill_slot(in, &m->placed[i], &m->slots[i]);
	if (in->ghosts && m->n > 0)
		settle_ghosts(m, in);
	for (size_t i = 0; i < m->n; i++) {
		fill_value(m, in, &m->placed[i], &m->slots[i]);
		fill_ghost(m, in, &m->slots[i]);
		add_bytes(m, in, &m->slots[i]);
	}
	list_elsewhere(m, in);
}
