#include "events/map_private.h"

#include <stdlib.h>
#include <string.h>

enum {
	DYNAMIC_MAX = 64 << 20, // bytes of VLAs below the fixed part
	DYNAMIC_VARIABLES = 32, // VLAs of one frame
	GHOSTS_SHOWN = 64,	// of one event
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

struct buf *map_text(struct map *m)
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

/*
 * alloca and variable arrays lie below the fixed part. At the ret rsp is back already; where a
 * variable array is, its own location tells. Without one the size is not known.
 */
static void place_dynamic(struct map *m, const struct map_input *in)
{
	size_t found[DYNAMIC_VARIABLES], n = 0;
	size_t values = in->plan->n_site + in->plan->n_own;
	for (size_t i = 0; i < values && n < DYNAMIC_VARIABLES; i++) {
		const struct event_value *v = map_value_at(in, i);
		if (!v || !v->has_address || v->is_static || v->address >= in->rsp ||
		    in->rsp - v->address > DYNAMIC_MAX)
			continue;
		size_t at = n++;
		for (; at > 0 && map_value_at(in, found[at - 1])->address < v->address; at--)
			found[at] = found[at - 1];
		found[at] = i;
	}
	uint64_t above = in->rsp;
	for (size_t i = 0; i < n; i++) {
		const struct event_value *v = map_value_at(in, found[i]);
		put(m, (struct placed){v->address, above, OWNER_DYNAMIC, NULL, v->name, found[i]});
		above = v->address;
	}
	enum owner rest = n > 0 ? OWNER_RED_ZONE : OWNER_DYNAMIC;
	put(m, (struct placed){above - ARCH_RED_ZONE, above, rest, NULL, NULL, SIZE_MAX});
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
	struct buf *b = map_text(m);
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
		.unwritten = map_is_unwritten(in, p),
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
		const struct event_value *v = map_value_at(in, i);
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
		map_fill_value(m, in, &m->placed[i], &m->slots[i]);
		fill_ghost(m, in, &m->slots[i]);
		map_add_bytes(m, in, &m->slots[i]);
	}
	list_elsewhere(m, in);
}
