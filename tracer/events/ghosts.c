#include "events/ghosts.h"

#include <stdlib.h>
#include <string.h>

#include "arch/x86_64.h"

enum { TEXT_NAMES = 4 }; // named by ghosts_text() at most

struct dead_slot {
	uint64_t address, size;
	const char *owner; // a literal
	char *name, *type, *value;
	size_t at; // of its bytes in dead.bytes
};

struct dead { // a frame
	char *function;
	uint64_t pushed_seq, popped_seq;
	bool exact;
	struct dead_slot *slots;
	size_t n_slots;
	uint8_t *bytes;
	size_t n_bytes;
	size_t pieces; // that are left of it; 0: to be freed
};

/* A run of bytes that is still as a slot left it. */
struct piece {
	uint64_t lo, hi;
	struct dead *of;
	size_t slot;
};

struct ghosts {
	struct dead **dead; // the oldest first
	size_t n_dead, cap_dead;
	size_t bytes;	 // of all of them
	struct piece *p; // by address, disjoint
	size_t n, cap;
};

struct ghosts *ghosts_create(void)
{
	return xcalloc(1, sizeof(struct ghosts));
}

static void dead_destroy(struct dead *d)
{
	for (size_t i = 0; i < d->n_slots; i++) {
		free(d->slots[i].name);
		free(d->slots[i].type);
		free(d->slots[i].value);
	}
	free(d->slots);
	free(d->bytes);
	free(d->function);
	free(d);
}

void ghosts_destroy(struct ghosts *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->n_dead; i++)
		dead_destroy(g->dead[i]);
	free(g->dead);
	free(g->p);
	free(g);
}

void ghost_list_deinit(struct ghost_list *l)
{
	free(l->g);
	*l = (struct ghost_list){.n = 0};
}

// The end of [addr, addr + len), which may reach beyond the last address.
static uint64_t end_of(uint64_t addr, uint64_t len)
{
	return len < UINT64_MAX - addr ? addr + len : UINT64_MAX;
}

// The first piece that ends behind addr.
static size_t first_at(const struct ghosts *g, uint64_t addr)
{
	size_t lo = 0, hi = g->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (g->p[mid].hi > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static void insert_at(struct ghosts *g, size_t i, struct piece piece)
{
	g->p = xgrow(g->p, g->n, &g->cap, sizeof(*g->p));
	memmove(&g->p[i + 1], &g->p[i], (g->n - i) * sizeof(*g->p));
	g->p[i] = piece;
	g->n++;
	piece.of->pieces++;
}

static void remove_at(struct ghosts *g, size_t i)
{
	g->p[i].of->pieces--;
	memmove(&g->p[i], &g->p[i + 1], (g->n - i - 1) * sizeof(*g->p));
	g->n--;
}

static void note(struct ghost_list *l, const struct piece *p, uint64_t bytes)
{
	const struct dead *d = p->of;
	const struct dead_slot *s = &d->slots[p->slot];
	for (size_t i = 0; i < l->n; i++) {
		if (l->g[i].address != s->address || l->g[i].pushed_seq != d->pushed_seq)
			continue;
		l->g[i].bytes += bytes;
		return;
	}
	l->g = xgrow(l->g, l->n, &l->cap, sizeof(*l->g));
	l->g[l->n++] = (struct ghost){
		.function = d->function,
		.pushed_seq = d->pushed_seq,
		.popped_seq = d->popped_seq,
		.owner = s->owner,
		.name = s->name,
		.type = s->type,
		.value = s->value,
		.address = s->address,
		.size = s->size,
		.bytes = bytes,
		.exact = d->exact,
	};
}

static void cut(struct ghosts *g, uint64_t lo, uint64_t hi, struct ghost_list *ret)
{
	size_t i = first_at(g, lo);
	while (i < g->n && g->p[i].lo < hi) {
		struct piece *p = &g->p[i];
		struct piece above = *p;
		uint64_t from = p->lo > lo ? p->lo : lo, to = p->hi < hi ? p->hi : hi;
		if (ret)
			note(ret, p, to - from);
		above.lo = to;
		if (p->lo < from) {
			p->hi = from;
			i++;
			if (above.lo < above.hi)
				insert_at(g, i, above);
		} else if (above.lo < above.hi) {
			*p = above;
		} else {
			remove_at(g, i);
		}
	}
}

void ghosts_overwrite(struct ghosts *g, uint64_t addr, uint64_t len, struct ghost_list *ret)
{
	cut(g, addr, end_of(addr, len), ret);
}

// Frames of which nothing is left are kept until here, so that what was said of them stays valid.
static void sweep(struct ghosts *g)
{
	size_t kept = 0;
	for (size_t i = 0; i < g->n_dead; i++) {
		if (g->dead[i]->pieces > 0) {
			g->dead[kept++] = g->dead[i];
			continue;
		}
		g->bytes -= g->dead[i]->n_bytes;
		dead_destroy(g->dead[i]);
	}
	g->n_dead = kept;
}

static void forget_oldest(struct ghosts *g)
{
	const struct dead *oldest = g->dead[0];
	size_t kept = 0;
	for (size_t i = 0; i < g->n; i++)
		if (g->p[i].of != oldest)
			g->p[kept++] = g->p[i];
	g->n = kept;
	g->dead[0]->pieces = 0;
	sweep(g);
}

void ghosts_list(const struct ghosts *g, uint64_t addr, uint64_t len, struct ghost_list *ret)
{
	uint64_t hi = end_of(addr, len);
	size_t first = first_at(g, addr), end = first;
	while (end < g->n && g->p[end].lo < hi)
		end++;
	for (; end-- > first;) {
		const struct piece *p = &g->p[end];
		uint64_t from = p->lo > addr ? p->lo : addr, to = p->hi < hi ? p->hi : hi;
		note(ret, p, to - from);
	}
}

/*
 * A store is seldom of single bytes, and those that it did not change were overwritten too: if one
 * byte of a word differs the slot's bytes in that word are gone.
 */
static void refresh_piece(struct ghosts *g, const struct piece *p, uint64_t lo, uint64_t hi,
			  const uint8_t *now, struct ghost_list *ret)
{
	const struct dead_slot *s = &p->of->slots[p->slot];
	const uint8_t *then = p->of->bytes + s->at + (lo - s->address);
	uint64_t from = lo;
	while (from < hi) {
		uint64_t to = (from | (ARCH_WORD - 1)) + 1;
		if (to > hi || to <= from)
			to = hi;
		if (memcmp(now + (from - lo), then + (from - lo), to - from) != 0)
			cut(g, from, to, ret);
		from = to;
	}
}

static void refresh_chunk(struct ghosts *g, uint64_t lo, uint64_t hi, const struct memory *mem,
			  struct ghost_list *ret)
{
	uint8_t now[GHOST_SLOT_BYTES];
	size_t got = mem->read(mem->ctx, lo, now, (size_t)(hi - lo));
	cut(g, lo + got, hi, ret); // not there any more
	for (size_t i = g->n; i-- > 0;) {
		struct piece p = g->p[i]; // cutting moves pieces, but only from this one upwards
		if (p.lo >= lo + got || p.hi <= lo)
			continue;
		uint64_t from = p.lo > lo ? p.lo : lo;
		uint64_t to = p.hi < lo + got ? p.hi : lo + got;
		refresh_piece(g, &p, from, to, now + (from - lo), ret);
	}
}

void ghosts_refresh(struct ghosts *g, uint64_t addr, uint64_t len, const struct memory *mem,
		    struct ghost_list *ret)
{
	uint64_t end = end_of(addr, len);
	for (size_t i = first_at(g, addr); i < g->n && g->p[i].lo < end; i = first_at(g, addr)) {
		// From the next ghost on: what lies between ghosts is not read.
		uint64_t lo = g->p[i].lo > addr ? g->p[i].lo : addr;
		uint64_t hi = end - lo < GHOST_SLOT_BYTES ? end : lo + GHOST_SLOT_BYTES;
		refresh_chunk(g, lo, hi, mem, ret);
		addr = hi;
	}
}

// Pieces for [lo, hi) of the slot, where no older ghost has stayed.
static void add_pieces(struct ghosts *g, struct dead *d, size_t slot, uint64_t lo, uint64_t hi)
{
	while (lo < hi) {
		size_t i = first_at(g, lo);
		uint64_t end = i < g->n && g->p[i].lo < hi ? g->p[i].lo : hi;
		if (end > lo)
			insert_at(g, i, (struct piece){lo, end, d, slot});
		i = first_at(g, end);
		lo = i < g->n && g->p[i].lo <= end ? g->p[i].hi : end;
	}
}

static void add_slot(struct ghosts *g, struct dead *d, const struct event_slot *s, uint64_t end,
		     const struct memory *mem)
{
	uint64_t size = s->address + s->size > end ? end - s->address : s->size;
	if (size > GHOST_SLOT_BYTES)
		size = GHOST_SLOT_BYTES;
	struct dead_slot *mine = &d->slots[d->n_slots];
	*mine = (struct dead_slot){.address = s->address, .size = s->size, .at = d->n_bytes};
	d->bytes = xrealloc(d->bytes, d->n_bytes + (size_t)size);
	size_t got = mem->read(mem->ctx, s->address, d->bytes + d->n_bytes, (size_t)size);
	if (s->unwritten)
		ghosts_refresh(g, s->address, got, mem, NULL);
	else
		cut(g, s->address, end_of(s->address, s->size), NULL);
	if (got == 0)
		return;
	mine->owner = s->owner;
	mine->name = xstrdup(s->name);
	mine->type = xstrdup(s->type);
	mine->value = s->known && d->exact && !s->unwritten ? xstrdup(s->value) : NULL;
	d->n_bytes += got;
	add_pieces(g, d, d->n_slots++, s->address, s->address + got);
}

// Padding was nobody's while the frame lived, nor was what it left unwritten.
static bool is_somebodys(const struct event_slot *s)
{
	return !(s->unwritten && !s->value) && strcmp(s->owner, "red zone") != 0 &&
	       strcmp(s->owner, "padding") != 0;
}

void ghosts_add(struct ghosts *g, const struct ghost_frame *f, const struct memory *mem)
{
	struct dead *d = xcalloc(1, sizeof(*d));
	d->function = xstrdup(f->function ? f->function : "?");
	d->pushed_seq = f->pushed_seq;
	d->popped_seq = f->popped_seq;
	d->exact = f->exact;
	d->slots = xcalloc(f->n_slots + 1, sizeof(*d->slots));
	for (size_t i = 0; i < f->n_slots && d->n_bytes < GHOST_BYTES / 2; i++) {
		const struct event_slot *s = &f->slots[i];
		if (s->address < f->end && s->size > 0 && is_somebodys(s))
			add_slot(g, d, s, f->end, mem);
	}
	g->dead = xgrow(g->dead, g->n_dead, &g->cap_dead, sizeof(struct dead *));
	g->dead[g->n_dead++] = d;
	g->bytes += d->n_bytes;
	sweep(g);
	while (g->n_dead > GHOST_FRAMES || g->bytes > GHOST_BYTES)
		forget_oldest(g);
}

// The name of a register alone would be taken for a variable's.
static const char *kind_of(const struct ghost *g)
{
	if (g->name && strcmp(g->owner, "saved register") == 0)
		return "saved ";
	return "";
}

static const char *word_for(const struct ghost *g)
{
	if (g->name)
		return g->name;
	return strcmp(g->owner, "unknown") == 0 ? "bytes" : g->owner;
}

void ghost_list_text(const struct ghost_list *l, struct buf *out)
{
	for (size_t i = 0; i < l->n && i < TEXT_NAMES; i++) {
		const struct ghost *d = &l->g[i];
		buf_printf(out, "%s%s%s", i ? ", " : "", kind_of(d), word_for(d));
		if (i + 1 == l->n || i + 1 == TEXT_NAMES || l->g[i + 1].pushed_seq != d->pushed_seq)
			buf_printf(out, " of %s", d->function);
	}
	if (l->n > TEXT_NAMES)
		buf_str(out, " ...");
}

bool ghosts_text(const struct ghosts *g, uint64_t addr, uint64_t len, struct buf *out)
{
	struct ghost_list l = {.n = 0};
	ghosts_list(g, addr, len, &l);
	ghost_list_text(&l, out);
	bool any = l.n > 0;
	ghost_list_deinit(&l);
	return any;
}
