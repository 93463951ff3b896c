/*
 * text_heap.c - heap blocks in the text format: what came, what went, what is left at the end.
 */
#include "report/text.h"

#include <string.h>

enum { PATH_IN_TEXT = 6 }; // calls of a leak's path

static void add_place(struct lines *l, const struct event_place *p)
{
	if (!p->function) {
		lines_ours(l, "outside of the traced functions");
		return;
	}
	lines_ours(l, "by ");
	lines_text(l, p->function);
	if (!p->file)
		return;
	lines_ours(l, ", ");
	lines_position(l, p->file, p->line);
}

/* "malloc inside libc.so.6 (printf)" */
static void add_call(struct lines *l, const char *call, const struct event_place *p)
{
	lines_text(l, call);
	if (!p->via_module)
		return;
	lines_ours(l, " inside ");
	lines_text(l, p->via_module);
	if (!p->via)
		return;
	lines_ours(l, " (");
	lines_symbol(l, p->via, TEXT_COLUMNS);
	buf_char(&l->b, ')');
}

static void add_block(struct lines *l, const struct event_heap *h)
{
	lines_ours(l, "heap");
	if (h->number) {
		lines_ours(l, " #");
		buf_udec(&l->b, h->number);
	}
}

static void add_at(struct lines *l, const char *word, uint64_t address)
{
	lines_ours(l, word);
	buf_hex(&l->b, address);
}

static void add_usable(struct lines *l, const struct event_heap *h)
{
	if (!h->usable && !h->alignment)
		return;
	lines_ours(l, " (");
	if (h->usable) {
		lines_ours(l, "usable ");
		buf_udec(&l->b, h->usable);
	}
	if (h->alignment) {
		lines_ours(l, h->usable ? ", aligned to " : "aligned to ");
		buf_udec(&l->b, h->alignment);
	}
	buf_char(&l->b, ')');
}

static void add_failed(struct lines *l, const struct event_heap *h)
{
	lines_tone(l, TONE_ALARM);
	lines_text(l, h->call);
	lines_ours(l, h->size == UINT64_MAX ? " of at least " : " of ");
	lines_count(l, h->size, "byte");
	lines_ours(l, " failed");
	if (h->error) {
		lines_ours(l, ": ");
		lines_text(l, h->error);
	}
	lines_tone(l, TONE_PLAIN);
}

static void add_alloc(struct lines *l, const struct event_heap *h)
{
	if (h->failed) {
		add_failed(l, h);
		return;
	}
	add_block(l, h);
	lines_ours(l, ": ");
	lines_count(l, h->size, "byte");
	add_at(l, " at ", h->address);
	add_usable(l, h);
	lines_ours(l, ", ");
	add_call(l, h->call, &h->place);
}

static void add_realloc(struct lines *l, const struct event_heap *h)
{
	if (h->failed) {
		add_failed(l, h);
		lines_ours(l, "; ");
		add_block(l, h);
		lines_ours(l, " stays");
		return;
	}
	add_block(l, h);
	lines_ours(l, ": ");
	buf_udec(&l->b, h->old_size);
	lines_ours(l, " -> ");
	lines_count(l, h->size, "byte");
	add_at(l, h->moved ? ", moved to " : " in place at ", h->address);
	add_usable(l, h);
	lines_ours(l, ", ");
	add_call(l, h->call, &h->place);
}

static void add_free(struct lines *l, const struct event_heap *h)
{
	switch (h->verdict) {
	case FREE_GOOD:
		add_block(l, h);
		lines_ours(l, ": freed, ");
		lines_count(l, h->size, "byte");
		add_at(l, " at ", h->address);
		return;
	case FREE_TWICE:
		lines_tone(l, TONE_ALARM);
		lines_ours(l, "double free of ");
		add_block(l, h);
		add_at(l, " at ", h->address);
		lines_ours(l, ": freed before ");
		add_place(l, &h->freed);
		break;
	case FREE_INSIDE:
		lines_tone(l, TONE_ALARM);
		add_at(l, "invalid free of ", h->address);
		lines_ours(l, ": ");
		lines_count(l, h->offset, "byte");
		lines_ours(l, " into ");
		add_block(l, h);
		lines_ours(l, ", allocated ");
		add_place(l, &h->allocated);
		break;
	case FREE_UNKNOWN:
		lines_tone(l, TONE_ALARM);
		add_at(l, "invalid free of ", h->address);
		lines_ours(l, ": ");
		if (h->what)
			lines_text(l, h->what);
		else
			lines_ours(l, "no block that was given out");
		break;
	}
	lines_tone(l, TONE_PLAIN);
}

static void add_brk(struct lines *l, const struct event_heap *h)
{
	if (h->is_brk)
		lines_ours(l, h->shrinks ? "the heap gives " : "the heap grows by ");
	else
		lines_ours(l,
			   h->shrinks ? "an mmap of the heap goes: " : "the heap gets an mmap of ");
	lines_size(l, h->size, 0);
	if (h->is_brk && h->shrinks)
		lines_ours(l, " back");
	if (h->is_brk)
		add_at(l, " (brk), to ", h->shrinks ? h->address : h->address + h->size);
	else
		add_at(l, " at ", h->address);
	if (!h->served)
		return;
	lines_ours(l, ", ");
	lines_count(l, h->served, "request");
	lines_ours(l, " after the last time");
}

static const char *mark_of(const struct event *ev)
{
	if (ev->heap->failed || (ev->kind == EVENT_FREE && ev->heap->verdict != FREE_GOOD))
		return "! ";
	return ev->kind == EVENT_ALLOC	   ? "+ "
	       : ev->kind == EVENT_FREE	   ? "- "
	       : ev->kind == EVENT_REALLOC ? "* "
					   : "^ ";
}

/* " (heap #1+8)", behind a value that is an address; with its size if there is room. */
void text_block(struct lines *l, const struct event_value *v, bool size)
{
	if (!v->block)
		return;
	lines_ours(l, v->dangling ? " (freed heap #" : " (heap #");
	buf_udec(&l->b, v->block);
	if (v->block_offset) {
		buf_char(&l->b, '+');
		buf_udec(&l->b, v->block_offset);
	}
	if (size) {
		lines_ours(l, ", ");
		lines_count(l, v->block_size, "byte");
	}
	buf_char(&l->b, ')');
}

void text_points_to(struct buf *b, const char *points_to, const char *value)
{
	const char *named = value ? strstr(value, " <") : NULL;
	size_t len = named ? strcspn(named + 2, ">") : 0;

	if (!points_to || !value || (named && strncmp(named + 2, points_to, len) == 0))
		return;
	buf_add(b, " (", 2);
	buf_escaped(b, points_to, strlen(points_to), 0);
	buf_char(b, ')');
}

static void dangling_line(struct reporter *r, struct lines *l, const struct event *inner,
			  const char *name, const struct event_value *v)
{
	buf_pad(&l->b, ' ', WIDTH_DELTA + 2 + WIDTH_RSP);
	text_indent(r, inner, "! ");
	lines_tone(l, TONE_ALARM);
	lines_text(l, name);
	lines_ours(l, " dangles, it points to ");
	lines_text(l, v->dangling);
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
}

/* What is handed on, to a callee or to the caller, and points to what is gone. */
void text_dangling(struct reporter *r, struct lines *l, const struct event *ev)
{
	struct event inner = *ev;
	inner.depth = ev->depth + 1;
	for (size_t i = 0; ev->kind == EVENT_PUSH && i < ev->n_args; i++)
		if (ev->args[i].dangling)
			dangling_line(r, l, &inner, ev->args[i].name, &ev->args[i]);
	if (ev->kind == EVENT_POP && ev->has_return && ev->returned.dangling)
		dangling_line(r, l, ev, "the returned value", &ev->returned);
}

static void detail_owners(struct reporter *r, struct lines *l, const struct event *ev)
{
	const struct event_heap *h = ev->heap;
	if (!h->n_owners)
		return;
	text_begin_detail(r, ev, false, 0);
	lines_ours(l, "pointed to by ");
	for (size_t i = 0; i < h->n_owners; i++) {
		if (i)
			lines_ours(l, i + 1 == h->n_owners && h->more_owners ? ", ..., " : ", ");
		lines_text(l, h->owners[i]);
	}
	text_end_detail(l);
}

void text_heap(struct reporter *r, struct lines *l, const struct event *ev, int verbose)
{
	buf_pad(&l->b, ' ', WIDTH_DELTA + 2 + WIDTH_RSP);
	text_indent(r, ev, mark_of(ev));
	if (ev->kind == EVENT_ALLOC)
		add_alloc(l, ev->heap);
	else if (ev->kind == EVENT_FREE)
		add_free(l, ev->heap);
	else if (ev->kind == EVENT_REALLOC)
		add_realloc(l, ev->heap);
	else
		add_brk(l, ev->heap);
	if (ev->file && ev->line)
		text_source(l, ev);
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
	if (verbose)
		detail_owners(r, l, ev);
}

static void add_blocks(struct lines *l, uint64_t blocks, uint64_t bytes)
{
	lines_count(l, blocks, "block");
	lines_ours(l, ", ");
	lines_count(l, bytes, "byte");
}

/* ", from g:9, main:20": who called, from the inside out; the file if it is another. */
static void add_path(struct lines *l, const struct event_leak *leak)
{
	const char *file = leak->place.file;
	size_t shown = 0;

	if (leak->n_path > 0 && leak->path[leak->n_path - 1].repeats)
		lines_ours(l, " (recursive)");
	for (size_t i = leak->n_path; i-- > 1 && shown < PATH_IN_TEXT; shown++) {
		const struct event_place *p = &leak->path[i - 1];
		lines_ours(l, shown ? ", " : ", from ");
		lines_text(l, p->function);
		if (p->file && p->line) {
			bool same = file && strcmp(file, p->file) == 0;
			lines_ours(l, same ? ":" : ", ");
			if (same)
				buf_udec(&l->b, p->line);
			else
				lines_position(l, p->file, p->line);
			file = p->file;
		}
		if (p->repeats)
			lines_ours(l, " (recursive)");
	}
	if (leak->more_path || leak->n_path > shown + 1)
		lines_ours(l, ", ...");
}

/* Locals are looked at with -v only: without them "last" would be who handed it on. */
static void add_leak(struct lines *l, const struct event_leak *leak, int verbose)
{
	lines_ours(l, "      ");
	add_blocks(l, leak->blocks, leak->bytes);
	lines_ours(l, ": ");
	add_call(l, leak->call, &leak->place);
	lines_ours(l, leak->place.via_module && leak->place.function ? ", called " : " ");
	add_place(l, &leak->place);
	add_path(l, leak);
	if (leak->owner && verbose) {
		lines_ours(l, "; last in ");
		lines_text(l, leak->owner);
	}
	lines_end(l);
}

static void add_leaks(struct lines *l, const struct event_heap_summary *s, int verbose)
{
	lines_ours(l, "   never freed: ");
	add_blocks(l, s->alive_blocks, s->alive_bytes);
	lines_end(l);
	for (size_t i = 0; i < s->n_leaks; i++)
		add_leak(l, &s->leaks[i], verbose);
	if (!s->more_places)
		return;
	lines_ours(l, "      and from ");
	lines_count(l, s->more_places, "more place");
	lines_end(l);
}

void text_heap_summary(struct lines *l, const struct event_heap_summary *s, int verbose)
{
	if (!s->allocs && !s->bad_frees && !s->failed)
		return;
	lines_ours(l, "   heap: ");
	lines_count(l, s->allocs, "block");
	lines_ours(l, " given out, ");
	buf_udec(&l->b, s->frees);
	lines_ours(l, " freed; ");
	lines_count(l, s->bytes, "byte");
	lines_ours(l, " in all, at most ");
	buf_udec(&l->b, s->peak);
	lines_ours(l, " at once");
	lines_end(l);
	if (s->alive_blocks)
		add_leaks(l, s, verbose);
	if (s->bad_frees) {
		lines_ours(l, "   wrong frees: ");
		buf_udec(&l->b, s->bad_frees);
		lines_end(l);
	}
	if (s->unseen) {
		lines_ours(l, "   not met when they returned: ");
		lines_count(l, s->unseen, "allocation");
		lines_end(l);
	}
}
