/*
 * heap_account.c - who called, who owned, and what is alive at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "events/heap_private.h"

enum {
	PLACES_MAX = 1 << 16, // a program has not more lines that allocate
	LEAKS_SHOWN = 20,
	OWNERS_MAX = 40000, // variables that point to blocks
};

/* ---- places ---- */

static uint64_t hash_of(const struct heap_key *key)
{
	uint64_t hash = hash_word(key->back, (uintptr_t)key->function);
	return hash_word(hash_word(hash, (uintptr_t)key->call), key->path);
}

uint32_t heap_place(const struct heap *h, const struct heap_key *key)
{
	size_t probe = 0, i;
	while ((i = lookup_next(&h->by_key, hash_of(key), &probe)) != SIZE_MAX) {
		const struct heap_key *at = &h->places[i].key;
		if (at->back == key->back && at->function == key->function &&
		    at->call == key->call && at->path == key->path)
			return (uint32_t)i;
	}
	return HEAP_NEW_PLACE;
}

uint32_t heap_place_add(struct heap *h, const struct heap_key *key, const struct event_place *p)
{
	if (h->n_places >= PLACES_MAX)
		return 0;
	h->places = xgrow(h->places, h->n_places, &h->cap_places, sizeof(*h->places));
	h->places[h->n_places] = (struct call_place){
		.key = *key,
		.call = key->call->shown,
		.function = xstrdup(p->function),
		.file = xstrdup(p->file),
		.via = xstrdup(p->via),
		.via_module = xstrdup(p->via_module),
		.line = p->line,
	};
	lookup_add(&h->by_key, hash_of(key), h->n_places);
	return (uint32_t)h->n_places++;
}

void heap_forget_keys(struct heap *h)
{
	heap_paths_forget(h);
	for (size_t i = 0; i < h->n_places; i++) {
		uint32_t path = h->places[i].key.path;
		h->places[i].key = (struct heap_key){.call = NULL, .path = path};
	}
	lookup_clear(&h->by_key);
}

struct event_place heap_place_text(const struct heap *h, uint32_t place)
{
	const struct call_place *p = &h->places[place < h->n_places ? place : 0];
	return (struct event_place){
		.function = p->function,
		.file = p->file,
		.line = p->line,
		.via = p->via,
		.via_module = p->via_module,
	};
}

/* ---- owners ---- */

static bool is_owner(const char *owner, const char *function, const char *variable)
{
	size_t len = strlen(function);
	return strncmp(owner, function, len) == 0 && owner[len] == '.' &&
	       strcmp(owner + len + 1, variable) == 0;
}

/* SIZE_MAX: there are too many. */
static size_t owner_number(struct heap *h, const char *function, const char *variable)
{
	uint64_t hash = hash_text(hash_text(0, function), variable);
	size_t probe = 0, i;
	while ((i = lookup_next(&h->by_owner, hash, &probe)) != SIZE_MAX)
		if (is_owner(h->owners[i], function, variable))
			return i;
	if (h->n_owners == OWNERS_MAX)
		return SIZE_MAX;
	h->owners = xgrow(h->owners, h->n_owners, &h->cap_owners, sizeof(*h->owners));
	h->owners[h->n_owners] = xasprintf("%s.%s", function, variable);
	lookup_add(&h->by_owner, hash, h->n_owners);
	return h->n_owners++;
}

void heap_own(struct heap *h, uint64_t addr, const char *function, const char *variable)
{
	size_t owner = owner_number(h, function, variable);
	if (owner != SIZE_MAX)
		blocks_own(h->blocks, addr, (uint16_t)(owner + 1));
}

const char *heap_owner(const struct heap *h, uint16_t owner)
{
	return owner && owner <= h->n_owners ? h->owners[owner - 1] : "?";
}

/* ---- the account ---- */

void heap_count_bad(struct heap *h)
{
	h->account.bad_frees++;
}

bool heap_has_unseen(const struct heap *h)
{
	return h->account.unseen > 0;
}

static int by_bytes(const void *va, const void *vb)
{
	const struct event_leak *a = va, *b = vb;
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	if (a->blocks != b->blocks)
		return a->blocks > b->blocks ? -1 : 1;
	return (a->place.line > b->place.line) - (a->place.line < b->place.line);
}

static void add_up(struct heap *h)
{
	struct event_heap_summary *sum = &h->account;
	struct block *list;
	size_t n;
	sum->alive_blocks = sum->alive_bytes = sum->hidden_blocks = sum->hidden_bytes = 0;
	for (size_t i = 0; i < h->n_places; i++)
		h->places[i].blocks = h->places[i].bytes = h->places[i].owner = 0;
	blocks_list(h->blocks, &list, &n);
	for (size_t i = 0; i < n; i++) {
		if (!heap_is_numbered(&list[i])) {
			sum->hidden_blocks++;
			sum->hidden_bytes += list[i].size;
			continue;
		}
		struct call_place *p = &h->places[list[i].path < h->n_places ? list[i].path : 0];
		p->blocks++;
		if (list[i].n_owners > 0)
			p->owner = list[i].owners[list[i].n_owners - 1];
		p->bytes += list[i].size;
		sum->alive_blocks++;
		sum->alive_bytes += list[i].size;
	}
	free(list);
}

// The last of a path is the place itself, and has its line there.
static void add_paths(struct heap *h, size_t n)
{
	h->leak_paths = xreallocarray(h->leak_paths, n * PATH_SHOWN + 1, sizeof(*h->leak_paths));
	for (size_t i = 0; i < n; i++) {
		struct event_leak *leak = &h->leaks[i];
		struct event_place *path = h->leak_paths + i * PATH_SHOWN;
		uint32_t id = h->places[leak->n_path].key.path;
		leak->n_path = heap_path_list(h, id, path, &leak->more_path);
		if (leak->n_path > 0) {
			path[leak->n_path - 1].file = leak->place.file;
			path[leak->n_path - 1].line = leak->place.line;
		}
		leak->path = path;
	}
}

bool heap_same_place(const struct event_place *a, const struct event_place *b)
{
	return is_same_text(a->function, b->function) && is_same_text(a->file, b->file) &&
	       a->line == b->line && is_same_text(a->via, b->via) &&
	       is_same_text(a->via_module, b->via_module);
}

static bool same_leak(const struct event_leak *a, const struct event_leak *b)
{
	bool equal = is_same_text(a->call, b->call) && heap_same_place(&a->place, &b->place) &&
		     a->n_path == b->n_path && a->more_path == b->more_path;
	for (size_t i = 0; equal && i < a->n_path; i++)
		equal = heap_same_place(&a->path[i], &b->path[i]);
	return equal;
}

void heap_merge_leaks(struct event_leak *leaks, size_t *n)
{
	size_t kept = 0;
	for (size_t i = 0; i < *n; i++) {
		size_t k = 0;
		while (k < kept && !same_leak(&leaks[k], &leaks[i]))
			k++;
		if (k == kept) {
			leaks[kept++] = leaks[i];
		} else {
			leaks[k].blocks += leaks[i].blocks;
			leaks[k].bytes += leaks[i].bytes;
		}
	}
	*n = kept;
	if (kept > 1)
		qsort(leaks, kept, sizeof(*leaks), by_bytes);
}

const struct event_heap_summary *heap_summary(struct heap *h)
{
	struct event_heap_summary *sum = &h->account;
	size_t n = 0;
	add_up(h);
	h->leaks = xreallocarray(h->leaks, h->n_places, sizeof(*h->leaks));
	for (size_t i = 0; i < h->n_places; i++) {
		const struct call_place *p = &h->places[i];
		if (p->blocks == 0)
			continue;
		h->leaks[n++] = (struct event_leak){
			.call = p->call,
			.place = heap_place_text(h, (uint32_t)i),
			.owner = p->owner ? heap_owner(h, p->owner) : NULL,
			.n_path = i, // until it is known which ones are told
			.blocks = p->blocks,
			.bytes = p->bytes,
		};
	}
	if (n > 1)
		qsort(h->leaks, n, sizeof(*h->leaks), by_bytes);
	sum->leaks = h->leaks;
	sum->n_leaks = n < LEAKS_SHOWN ? n : LEAKS_SHOWN;
	sum->more_places = n - sum->n_leaks;
	add_paths(h, sum->n_leaks);
	heap_merge_leaks(h->leaks, &sum->n_leaks);
	return sum;
}
