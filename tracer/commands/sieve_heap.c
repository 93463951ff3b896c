/*
 * sieve_heap.c - heap blocks in a run with fewer functions: which of them are on behalf of a
 * function that is left, their numbers, their places, the account.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/sieve_private.h"
#include "events/heap.h"

void sieve_heap_new_program(struct sieve_heap *h)
{
	for (size_t i = 0; i < h->n; i++)
		h->b[i].alive = false;
	h->alive = 0;
}

void sieve_heap_deinit(struct sieve_heap *h)
{
	free(h->b);
	lookup_deinit(&h->by_was);
	free(h->places);
	free(h->leaks);
	free(h->paths);
}

/* ---- blocks by their numbers in the log ---- */

struct sieve_block *sieve_block(const struct sieve_heap *h, uint64_t was)
{
	size_t probe = 0, i;
	while (was && (i = lookup_next(&h->by_was, was, &probe)) != SIZE_MAX)
		if (h->b[i].was == was)
			return &h->b[i];
	return NULL;
}

// Of a damaged log: the same number once more. The block that had it is forgotten.
static struct sieve_block *add(struct sieve_heap *h, uint64_t was)
{
	struct sieve_block *b = sieve_block(h, was);
	if (!b) {
		h->b = xgrow(h->b, h->n, &h->cap, sizeof(*h->b));
		if (was)
			lookup_add(&h->by_was, was, h->n);
		b = &h->b[h->n++];
	}
	*b = (struct sieve_block){.was = was, .freed_at = SIZE_MAX};
	return b;
}

static size_t place_index(struct sieve *s, const struct event_place *p)
{
	struct sieve_heap *h = &s->heap;
	for (size_t i = 0; i < h->n_places; i++) {
		const struct event_place *at = &h->places[i];
		if (heap_same_place(at, p))
			return i;
	}
	h->places = xgrow(h->places, h->n_places, &h->cap_places, sizeof(*h->places));
	h->places[h->n_places] = (struct event_place){
		.function = intern_text(&s->names, p->function),
		.file = intern_text(&s->names, p->file),
		.line = p->line,
		.via = intern_text(&s->names, p->via),
		.via_module = intern_text(&s->names, p->via_module),
	};
	return h->n_places++;
}

struct event_place sieve_place(const struct sieve *s, size_t place)
{
	return place < s->heap.n_places ? s->heap.places[place]
					: (struct event_place){.function = NULL};
}

/* ---- the account ---- */

static void count_alive(struct sieve_heap *h, const struct sieve_block *b, bool comes)
{
	if (!b->number)
		return;
	h->alive += comes ? b->size : -b->size;
	if (h->alive > h->sum.peak)
		h->sum.peak = h->alive;
}

// A name may be that of several functions: hidden if no frame of them is shown.
static bool is_hidden(const struct sieve *s, const char *function)
{
	bool met = false;
	for (size_t i = 0; i < s->n_fn; i++) {
		if (strcmp(s->fn[i].name, function) != 0)
			continue;
		if (s->fn[i].shown)
			return false;
		met = true;
	}
	return met;
}

/* The path without hidden functions, and who is the last of it then. False: nobody is left. */
static bool keep_path(const struct sieve *s, const struct event_leak *was, struct event_place *path,
		      struct event_leak *ret)
{
	size_t n = 0, inner = was->n_path; // inner: what the last one that is left calls
	*ret = *was;
	for (size_t i = 0; i < was->n_path; i++) {
		if (!was->path[i].function || is_hidden(s, was->path[i].function))
			continue;
		path[n++] = was->path[i];
		inner = i + 1;
	}
	ret->path = path;
	ret->n_path = n;
	if (was->owner) {
		char *function = xstrndup(was->owner, strcspn(was->owner, "."));
		if (is_hidden(s, function))
			ret->owner = NULL;
		free(function);
	}
	if (!was->place.function || !is_hidden(s, was->place.function))
		return true;
	if (n == 0)
		return false;
	ret->place = path[n - 1];
	ret->place.via = inner < was->n_path ? was->path[inner].function : was->place.function;
	ret->place.via_module = was->place.via_module;
	return true;
}

/* The lists of the log, with fewer functions: places may have become the same. */
static void list_leaks(struct sieve *s, const struct event_heap_summary *was)
{
	struct sieve_heap *h = &s->heap;
	size_t n = 0, places = 0;
	for (size_t i = 0; i < was->n_leaks; i++)
		places += was->leaks[i].n_path;
	h->leaks = xreallocarray(h->leaks, was->n_leaks + 1, sizeof(*h->leaks));
	h->paths = xreallocarray(h->paths, places + 1, sizeof(*h->paths));
	places = 0;
	for (size_t i = 0; i < was->n_leaks; i++) {
		if (!keep_path(s, &was->leaks[i], h->paths + places, &h->leaks[n]))
			continue;
		places += h->leaks[n++].n_path;
	}
	heap_merge_leaks(h->leaks, &n);
	h->sum.leaks = h->leaks;
	h->sum.n_leaks = n;
	h->sum.more_places = was->more_places;
}

const struct event_heap_summary *sieve_heap_summary(struct sieve *s,
						    const struct event_heap_summary *was)
{
	struct sieve_heap *h = &s->heap;
	struct event_heap_summary *sum = &h->sum;
	for (size_t i = 0; i < h->n; i++) {
		const struct sieve_block *b = &h->b[i];
		if (!b->alive)
			continue;
		sum->alive_blocks += b->number != 0;
		sum->alive_bytes += b->number ? b->size : 0;
		sum->hidden_blocks += b->number == 0;
		sum->hidden_bytes += b->number ? 0 : b->size;
	}
	sum->hidden_allocs += was->hidden_allocs;
	sum->hidden_blocks += was->hidden_blocks;
	sum->hidden_bytes += was->hidden_bytes;
	sum->grown = was->grown;
	sum->unseen = was->unseen;
	list_leaks(s, was);
	return sum;
}

/* ---- events ---- */

static void give_out(struct sieve *s, struct sieve_block *b, bool shown)
{
	struct event_heap *e = &s->ev_heap;
	if (shown && !b->number)
		b->number = ++s->heap.last;
	b->address = e->address;
	b->size = e->size;
	b->place = place_index(s, &e->place);
	b->alive = true;
	count_alive(&s->heap, b, true);
	e->number = b->number;
}

static void take_back(struct sieve *s, struct sieve_block *b)
{
	if (b->alive)
		count_alive(&s->heap, b, false);
	b->alive = false;
	b->freed_at = place_index(s, &s->ev_heap.place);
}

static bool on_alloc(struct sieve *s, bool shown)
{
	struct event_heap *e = &s->ev_heap;
	struct event_heap_summary *sum = &s->heap.sum;
	if (e->failed) {
		sum->failed += shown;
		return shown;
	}
	give_out(s, add(&s->heap, e->number), shown);
	sum->allocs += shown;
	sum->bytes += shown ? e->size : 0;
	sum->hidden_allocs += !shown;
	return shown;
}

static bool on_realloc(struct sieve *s, bool shown)
{
	struct event_heap *e = &s->ev_heap;
	struct sieve_block *b = sieve_block(&s->heap, e->number);
	bool numbered = b && b->number;
	if (e->failed) {
		e->number = numbered ? b->number : 0;
		s->heap.sum.failed += shown || numbered;
		return shown || numbered;
	}
	if (b) {
		e->allocated = sieve_place(s, b->place);
		take_back(s, b);
	} else {
		b = add(&s->heap, e->number);
	}
	give_out(s, b, shown);
	s->heap.sum.reallocs += b->number != 0;
	s->heap.sum.bytes += b->number ? e->size : 0;
	return b->number != 0;
}

// "function.variable" of a function that is not shown is nobody's.
static void keep_owners(struct sieve *s)
{
	struct event_heap *e = &s->ev_heap;
	size_t n = 0;
	if (e->n_owners > s->cap_owners) {
		s->owners = xreallocarray(s->owners, e->n_owners, sizeof(*s->owners));
		s->cap_owners = e->n_owners;
	}
	for (size_t i = 0; i < e->n_owners; i++) {
		bool hidden = false;
		for (size_t k = 0; k < s->n_fn && !hidden; k++) {
			size_t len = strlen(s->fn[k].name);
			hidden = !s->fn[k].shown &&
				 strncmp(e->owners[i], s->fn[k].name, len) == 0 &&
				 e->owners[i][len] == '.';
		}
		if (!hidden)
			s->owners[n++] = e->owners[i];
	}
	e->owners = s->owners;
	e->n_owners = n;
}

static bool on_free(struct sieve *s, bool shown)
{
	struct event_heap *e = &s->ev_heap;
	struct sieve_block *b = sieve_block(&s->heap, e->number);
	bool numbered = b && b->number;
	keep_owners(s);
	e->number = numbered ? b->number : 0;
	if (b) {
		e->allocated = sieve_place(s, b->place);
		e->freed = sieve_place(s, b->freed_at);
	}
	if (e->verdict != FREE_GOOD) {
		s->heap.sum.bad_frees += shown;
		return shown;
	}
	if (b)
		take_back(s, b);
	s->heap.sum.frees += numbered;
	return numbered;
}

bool sieve_heap_event(struct sieve *s)
{
	struct event_place place;
	const struct event *was = &s->ev;
	bool told = true;
	s->ev_heap = *s->ev.heap;
	const struct sieve_frame *f = sieve_owner(s, was, &place);
	bool shown = f || (!was->function && s->selection->all);
	s->ev.heap = &s->ev_heap;
	s->ev_heap.place = place;
	s->ev.function = place.function;
	s->ev.file = place.file;
	s->ev.line = place.line;
	s->ev.depth = f ? f->depth + 1 : 0;
	if (s->ev.kind == EVENT_ALLOC)
		told = on_alloc(s, shown);
	else if (s->ev.kind == EVENT_REALLOC)
		told = on_realloc(s, shown);
	else if (s->ev.kind == EVENT_FREE)
		told = on_free(s, shown);
	return told && (!f || f->reported || s->ev_heap.verdict != FREE_GOOD);
}
