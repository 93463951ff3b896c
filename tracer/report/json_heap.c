/*
 * json_heap.c - heap blocks (docs/events.md): alloc, free, realloc, brk, and the account at exit.
 */
#include "report/json.h"

static void add_via(struct buf *b, const struct event_place *p)
{
	if (p->via)
		FIELD(b, "via", json_string, p->via);
	if (p->via_module)
		FIELD(b, "via_module", json_string, p->via_module);
}

static void add_place(struct buf *b, const struct event_place *p)
{
	KEY(b, "{\"function\":");
	json_string(b, p->function);
	FIELD(b, "file", json_string, p->file);
	FIELD(b, "line", json_line, p->line);
	add_via(b, p);
	if (p->repeats)
		KEY(b, ",\"repeats\":true");
	buf_char(b, '}');
}

static void add_leak(struct buf *b, const struct event_leak *leak)
{
	KEY(b, "{\"call\":");
	json_string(b, leak->call);
	KEY(b, ",\"place\":");
	add_place(b, &leak->place);
	KEY(b, ",\"path\":[");
	for (size_t i = 0; i < leak->n_path; i++) {
		if (i)
			buf_char(b, ',');
		add_place(b, &leak->path[i]);
	}
	buf_char(b, ']');
	if (leak->more_path)
		KEY(b, ",\"more_path\":true");
	FIELD(b, "owner", json_string, leak->owner);
	buf_printf(b, ",\"blocks\":%llu,\"bytes\":%llu}", (unsigned long long)leak->blocks,
		   (unsigned long long)leak->bytes);
}

static void add_realloc(struct buf *b, const struct event_heap *h)
{
	FIELD(b, "old_address", json_address, h->old_address);
	FIELD(b, "old_size", buf_udec, h->old_size);
	FIELD(b, "moved", json_bool, h->moved);
}

static const char *verdict_name(enum event_free v)
{
	switch (v) {
	case FREE_GOOD:
		return "ok";
	case FREE_TWICE:
		return "double free";
	case FREE_INSIDE:
		return "inside a block";
	case FREE_UNKNOWN:
		return "no block";
	}
	return "";
}

static void add_free(struct buf *b, const struct event_heap *h)
{
	KEY(b, ",\"verdict\":\"");
	buf_str(b, verdict_name(h->verdict));
	buf_char(b, '"');
	if (h->verdict == FREE_GOOD) {
		KEY(b, ",\"owners\":[");
		for (size_t i = 0; i < h->n_owners; i++) {
			if (i)
				buf_char(b, ',');
			json_string(b, h->owners[i]);
		}
		buf_char(b, ']');
		if (h->more_owners)
			KEY(b, ",\"more_owners\":true");
	}
	if (h->verdict == FREE_INSIDE)
		FIELD(b, "offset", buf_udec, h->offset);
	if (h->verdict == FREE_UNKNOWN)
		FIELD(b, "what", json_string, h->what);
	if (h->verdict == FREE_TWICE) {
		KEY(b, ",\"freed\":");
		add_place(b, &h->freed);
		FIELD(b, "free_seq", buf_udec, h->free_seq);
	}
}

static void add_brk(struct buf *b, const struct event_heap *h)
{
	FIELD(b, "size", buf_udec, h->size);
	FIELD(b, "address", json_address, h->address);
	FIELD(b, "shrinks", json_bool, h->shrinks);
	FIELD(b, "requests", buf_udec, h->served);
}

void json_heap(struct buf *b, const struct event *ev)
{
	const struct event_heap *h = ev->heap;
	FIELD(b, "call", json_string, h->call);
	FIELD(b, "function", json_string, h->place.function);
	FIELD_OR_NULL(b, "depth", h->place.function, buf_udec, ev->depth);
	FIELD(b, "file", json_string, h->place.file);
	FIELD(b, "line", json_line, h->place.line);
	add_via(b, &h->place);
	if (ev->kind == EVENT_BRK) {
		add_brk(b, h);
		return;
	}
	FIELD(b, "block", json_number, h->number);
	FIELD(b, "address", json_address, h->failed ? 0 : h->address);
	FIELD(b, "size", buf_udec, h->size);
	FIELD(b, "usable", json_number, h->usable);
	FIELD(b, "alignment", json_number, h->alignment);
	if (h->failed) {
		KEY(b, ",\"failed\":true,\"error\":");
		json_string(b, h->error);
	}
	if (ev->kind == EVENT_REALLOC)
		add_realloc(b, h);
	if (ev->kind == EVENT_FREE)
		add_free(b, h);
	if (h->known_block) {
		KEY(b, ",\"allocated\":");
		add_place(b, &h->allocated);
		FIELD(b, "alloc_seq", buf_udec, h->alloc_seq);
	}
}

void json_heap_summary(struct buf *b, const struct event_heap_summary *s)
{
	const struct {
		const char *name;
		uint64_t n;
	} numbers[] = {
		{"allocs", s->allocs},
		{"frees", s->frees},
		{"reallocs", s->reallocs},
		{"failed", s->failed},
		{"bytes", s->bytes},
		{"peak", s->peak},
		{"alive_blocks", s->alive_blocks},
		{"alive_bytes", s->alive_bytes},
		{"hidden_allocs", s->hidden_allocs},
		{"hidden_blocks", s->hidden_blocks},
		{"hidden_bytes", s->hidden_bytes},
		{"bad_frees", s->bad_frees},
		{"grown", s->grown},
		{"unseen", s->unseen},
		{"more_places", s->more_places},
	};
	buf_char(b, '{');
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		buf_printf(b, "\"%s\":%llu,", numbers[i].name, (unsigned long long)numbers[i].n);
	KEY(b, "\"leaks\":[");
	for (size_t i = 0; i < s->n_leaks; i++) {
		if (i)
			buf_char(b, ',');
		add_leak(b, &s->leaks[i]);
	}
	KEY(b, "]}");
}
