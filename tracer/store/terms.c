/*
 * terms.c - terms of events, sets of numbers, Bloom filters.
 */
#include "store/terms.h"

#include <stdlib.h>
#include <string.h>

enum {
	FILTER_HASHES = 8,
	FILTER_BITS = 16,      // bits per term at least: one in 1700 is taken for present
	FILTER_MOST = 1 << 20, // bytes
};

// Bijective and well mixed (splitmix64's finish). Part of the format: filters are made of it.
static uint64_t mix(uint64_t v)
{
	v ^= v >> 30;
	v *= UINT64_C(0xbf58476d1ce4e5b9);
	v ^= v >> 27;
	v *= UINT64_C(0x94d049bb133111eb);
	return v ^ v >> 31;
}

uint64_t term_of_text(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325); // FNV-1a
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * UINT64_C(0x100000001b3);
	return mix(h);
}

uint64_t term_of_address(uint64_t address)
{
	return mix(address + UINT64_C(0x9e3779b97f4a7c15));
}

/* ---- terms of an event ---- */

struct walk {
	void (*text)(void *ctx, const char *name, const char *text);
	void (*address)(void *ctx, uint64_t address);
	void *ctx;
};

static void walk_address(const struct walk *w, uint64_t address)
{
	if (address && w->address)
		w->address(w->ctx, address);
}

static void walk_text(const struct walk *w, const char *name, const char *text)
{
	if (text && w->text)
		w->text(w->ctx, name ? name : "", text);
}

static void walk_value(const struct walk *w, const struct event_value *v)
{
	walk_text(w, v->name, v->value);
	if (v->has_address)
		walk_address(w, v->address);
	walk_address(w, v->pointer);
}

static void walk_event(const struct event *ev, const struct walk *w)
{
	for (size_t i = 0; i < ev->n_args; i++)
		walk_value(w, &ev->args[i]);
	for (size_t i = 0; i < ev->n_locals; i++)
		walk_value(w, &ev->locals[i]);
	if (ev->has_return)
		walk_value(w, &ev->returned);
	for (size_t i = 0; i < ev->n_changes; i++) {
		walk_value(w, &ev->changes[i].now);
		walk_text(w, ev->changes[i].now.name, ev->changes[i].old);
	}
	for (size_t i = 0; i < ev->n_stores; i++) {
		walk_text(w, ev->stores[i].name, ev->stores[i].value);
		walk_text(w, ev->stores[i].name, ev->stores[i].old);
		walk_address(w, ev->stores[i].address);
	}
	walk_address(w, ev->cfa);
	walk_address(w, ev->pc);
	walk_address(w, ev->return_address);
	if (ev->has_fault)
		walk_address(w, ev->fault);
	if (ev->heap) {
		walk_address(w, ev->heap->address);
		walk_address(w, ev->heap->old_address);
	}
	if (ev->alarm)
		walk_address(w, ev->alarm->address);
}

struct each {
	void (*each)(void *ctx, uint64_t term, const char *text);
	void *ctx;
};

static void each_text(void *ctx, const char *name, const char *text)
{
	const struct each *e = ctx;
	(void)name;
	e->each(e->ctx, term_of_text(text), text);
}

static void each_address(void *ctx, uint64_t address)
{
	const struct each *e = ctx;
	e->each(e->ctx, term_of_address(address), NULL);
}

void terms_of(const struct event *ev, void (*each)(void *ctx, uint64_t term, const char *text),
	      void *ctx)
{
	struct each e = {each, ctx};
	walk_event(ev, &(struct walk){each_text, each_address, &e});
}

struct each_name {
	void (*each)(void *ctx, const char *name);
	void *ctx;
};

static void give_name(const struct each_name *e, const char *name)
{
	if (name)
		e->each(e->ctx, name);
}

void names_of(const struct event *ev, void (*each)(void *ctx, const char *name), void *ctx)
{
	const char *const names[] = {ev->function,
				     ev->symbol,
				     ev->file,
				     ev->caller,
				     ev->text,
				     ev->insn,
				     ev->module,
				     ev->within,
				     ev->symbol_at,
				     ev->signal_name,
				     ev->heap ? ev->heap->call : NULL,
				     ev->has_return ? ev->returned.name : NULL};
	struct each_name e = {each, ctx};
	for (size_t i = 0; i < FT_COUNT(names); i++)
		give_name(&e, names[i]);
	for (size_t i = 0; i < ev->n_args; i++)
		give_name(&e, ev->args[i].name);
	for (size_t i = 0; i < ev->n_locals; i++)
		give_name(&e, ev->locals[i].name);
	for (size_t i = 0; i < ev->n_changes; i++)
		give_name(&e, ev->changes[i].now.name);
	for (size_t i = 0; i < ev->n_stores; i++)
		give_name(&e, ev->stores[i].name);
}

struct wanted {
	uint64_t address;
	const char *name, *value;
	bool found;
};

static void want_address(void *ctx, uint64_t address)
{
	struct wanted *w = ctx;
	w->found |= address == w->address;
}

static void want_text(void *ctx, const char *name, const char *text)
{
	struct wanted *w = ctx;
	w->found |= (!w->name || strcmp(name, w->name) == 0) &&
		    (!w->value || strcmp(text, w->value) == 0);
}

bool event_names_address(const struct event *ev, uint64_t address)
{
	struct wanted w = {.address = address};
	walk_event(ev, &(struct walk){NULL, want_address, &w});
	return w.found;
}

bool event_has_value(const struct event *ev, const char *name, const char *value)
{
	struct wanted w = {.name = name, .value = value};
	walk_event(ev, &(struct walk){want_text, NULL, &w});
	return w.found;
}

static void want_part(void *ctx, const char *name, const char *text)
{
	struct wanted *w = ctx;
	(void)name;
	w->found |= strstr(text, w->value) != NULL;
}

static void want_in_name(void *ctx, const char *name)
{
	struct wanted *w = ctx;
	w->found |= strstr(name, w->value) != NULL;
}

bool event_has_text(const struct event *ev, const char *text)
{
	struct wanted w = {.value = text};
	names_of(ev, want_in_name, &w);
	walk_event(ev, &(struct walk){want_part, NULL, &w});
	return w.found;
}

/* ---- sets ---- */

void number_set_init(struct number_set *s)
{
	*s = (struct number_set){.cap = 256};
	s->slots = xcalloc(s->cap, sizeof(*s->slots));
}

void number_set_deinit(struct number_set *s)
{
	free(s->slots);
	*s = (struct number_set){0};
}

void number_set_clear(struct number_set *s)
{
	memset(s->slots, 0, s->cap * sizeof(*s->slots));
	s->n = 0;
	s->has_zero = false;
}

bool number_set_has(const struct number_set *s, uint64_t v)
{
	if (v == 0)
		return s->has_zero;
	size_t at = mix(v) & (s->cap - 1);
	while (s->slots[at] && s->slots[at] != v)
		at = (at + 1) & (s->cap - 1);
	return s->slots[at] == v;
}

size_t number_set_count(const struct number_set *s)
{
	return s->n + s->has_zero;
}

static void grow(struct number_set *s)
{
	struct number_set old = *s;
	s->cap *= 2;
	s->slots = xcalloc(s->cap, sizeof(*s->slots));
	for (size_t i = 0; i < old.cap; i++) {
		if (!old.slots[i])
			continue;
		size_t at = mix(old.slots[i]) & (s->cap - 1);
		while (s->slots[at])
			at = (at + 1) & (s->cap - 1);
		s->slots[at] = old.slots[i];
	}
	free(old.slots);
}

bool number_set_add(struct number_set *s, uint64_t v)
{
	if (v == 0) {
		bool was = s->has_zero;
		s->has_zero = true;
		return !was;
	}
	size_t at = mix(v) & (s->cap - 1);
	while (s->slots[at]) {
		if (s->slots[at] == v)
			return false;
		at = (at + 1) & (s->cap - 1);
	}
	s->slots[at] = v;
	if (++s->n > s->cap / 2)
		grow(s);
	return true;
}

void number_set_each(const struct number_set *s, void (*each)(void *ctx, uint64_t v), void *ctx)
{
	if (s->has_zero)
		each(ctx, 0);
	for (size_t i = 0; i < s->cap; i++)
		if (s->slots[i])
			each(ctx, s->slots[i]);
}

/* ---- filters ---- */

static bool is_power_of_two(size_t n)
{
	return n && !(n & (n - 1));
}

static uint64_t bit_of(uint64_t term, unsigned i, size_t bytes)
{
	return (term + i * (mix(term) | 1)) & (bytes * 8 - 1);
}

static void filter_set(void *ctx, uint64_t term)
{
	struct buf *b = ctx;
	for (unsigned i = 0; i < FILTER_HASHES; i++) {
		uint64_t bit = bit_of(term, i, b->len);
		b->s[bit / 8] = (char)(b->s[bit / 8] | 1 << bit % 8);
	}
}

void filter_of(const struct number_set *s, struct buf *ret)
{
	size_t bytes = 8;
	while (bytes < FILTER_MOST && bytes * 8 < number_set_count(s) * FILTER_BITS)
		bytes *= 2;
	buf_reset(ret);
	buf_pad(ret, '\0', bytes);
	number_set_each(s, filter_set, ret);
}

bool filter_may_have(const char *bytes, size_t len, uint64_t term)
{
	if (!is_power_of_two(len))
		return true;
	for (unsigned i = 0; i < FILTER_HASHES; i++) {
		uint64_t bit = bit_of(term, i, len);
		if (!((uint8_t)bytes[bit / 8] >> bit % 8 & 1))
			return false;
	}
	return true;
}

/* ---- numbers ---- */

void varint_add(struct buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_char(b, (char)(0x80 | (v & 0x7f)));
	buf_char(b, (char)v);
}

bool varint_take(const char **at, const char *end, uint64_t *ret)
{
	uint64_t v = 0;
	const char *p = *at;
	for (unsigned shift = 0; p < end && shift < 64; shift += 7) {
		uint8_t byte = (uint8_t)*p++;
		uint64_t bits = byte & 0x7f;
		if (shift == 63 && bits > 1)
			return false;
		v |= bits << shift;
		if (!(byte & 0x80)) {
			*at = p;
			*ret = v;
			return true;
		}
	}
	return false;
}
