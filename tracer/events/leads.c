#include "events/leads.h"

#include <stdlib.h>
#include <string.h>

static const char json_key[] = ",\"points_to\":\"";

void leads_reset(struct leads *l)
{
	l->used = 0;
}

void leads_deinit(struct leads *l)
{
	for (size_t i = 0; i < l->n; i++)
		buf_deinit(&l->texts[i]);
	free(l->texts);
	*l = (struct leads){.n = 0};
}

struct buf *leads_new_text(struct leads *l)
{
	if (l->used == l->n) {
		l->texts = xreallocarray(l->texts, l->n + 1, sizeof(*l->texts));
		buf_init(&l->texts[l->n++]);
	}
	buf_reset(&l->texts[l->used]);
	return &l->texts[l->used++];
}

static const char *say_words(struct leads *l, const char *words, uint64_t address,
			     struct leads_by by)
{
	if (!words)
		return NULL;
	struct buf *out = leads_new_text(l);
	struct lead lead = {words, strlen(words), address};
	if (by.say(by.ctx, &lead, out))
		return out->len ? out->s : NULL;
	l->used--;
	return words;
}

// 0: it is no number.
static uint64_t address_at(const char *text)
{
	return text[0] == '0' && text[1] == 'x' ? strtoull(text, NULL, 16) : 0;
}

/* ---- the lines of the parts ---- */

// Brackets that nobody closes are not to be followed to the end of the line again and again.
enum { WORK = 16 }; // times its length

// Up to the bracket that closes the one at `at`; 0: none does, or *work does not go so far.
static size_t bracketed(const char *at, const char *end, size_t *work)
{
	size_t open = 0;
	for (const char *c = at; *work != 0 && c < end; c++, --*work) {
		open += *c == '(';
		if (*c == ')' && --open == 0)
			return (size_t)(c - at) + 1;
	}
	return 0;
}

// " (WORDS)" stands behind a value, before its type or at the end of the line (values/full.c).
static size_t words_at(const char *at, const char *end, size_t *work)
{
	if (end - at < 3 || at[0] != ' ' || at[1] != '(')
		return 0;
	size_t len = bracketed(at + 1, end, work);
	const char *behind = at + 1 + len;
	bool last = behind == end || (end - behind >= 3 && memcmp(behind, "   ", 3) == 0);
	return len && last ? len + 1 : 0;
}

static bool say_line(const char *line, const char *end, struct leads_by by, struct buf *words,
		     struct buf *out)
{
	bool quoted = false, changed = false;
	size_t work = WORK * (size_t)(end - line);
	const char *kept = line;
	uint64_t address = 0;
	for (const char *c = line; c < end; c++) {
		if (quoted && *c == '\\' && c + 1 < end)
			c++;
		else if (*c == '"')
			quoted = !quoted;
		else if (!quoted && *c == '\t')
			address = 0; // what stands before it is where the part is
		else if (!quoted && *c == '0' && address_at(c))
			address = address_at(c);
		size_t len = quoted ? 0 : words_at(c, end, &work);
		if (!len)
			continue;
		buf_reset(words);
		struct lead lead = {c + 2, len - 3, address};
		if (by.say(by.ctx, &lead, words)) {
			buf_add(out, kept, (size_t)(c - kept));
			if (words->len)
				buf_printf(out, " (%s)", words->s);
			kept = c + len;
			changed = true;
		}
		c += len - 1;
	}
	buf_add(out, kept, (size_t)(end - kept));
	return changed;
}

const char *leads_full(struct leads *l, const char *full, struct leads_by by)
{
	if (!full || !strstr(full, " ("))
		return full;
	leads_new_text(l);
	leads_new_text(l); // both are there now: neither moves
	struct buf *out = &l->texts[l->used - 2], *words = &l->texts[l->used - 1];
	bool changed = false;
	for (const char *line = full;; line++) {
		const char *end = strchrnul(line, '\n');
		changed |= say_line(line, end, by, words, out);
		line = end;
		if (!*line)
			break;
		buf_char(out, '\n');
	}
	l->used -= changed ? 1 : 2;
	return changed ? out->s : full;
}

/* ---- the tree ---- */

/*
 * Of the node whose place is at `at`, behind `from`: its kind and its value stand before that, its
 * children behind. In a string of JSON a quotation mark has a backslash before it: a key is a key.
 */
static uint64_t address_of_node(const char *from, const char *at)
{
	static const char kind[] = "\"kind\":", value[] = "\"value\":\"";
	for (; at > from && strncmp(at, kind, sizeof(kind) - 1) != 0; at--)
		if (strncmp(at, value, sizeof(value) - 1) == 0)
			return address_at(at + sizeof(value) - 1);
	return 0;
}

static const char *say_json(struct leads *l, const char *json, struct leads_by by)
{
	if (!json || !strstr(json, json_key))
		return json;
	leads_new_text(l);
	leads_new_text(l);
	struct buf *out = &l->texts[l->used - 2], *words = &l->texts[l->used - 1];
	const char *kept = json, *from = json;
	for (const char *at; (at = strstr(from, json_key));) {
		const char *start = at + sizeof(json_key) - 1;
		struct lead lead = {start, strcspn(start, "\"\\"), address_of_node(from, at)};
		buf_reset(words);
		if (start[lead.len] == '"' && by.say(by.ctx, &lead, words)) {
			buf_add(out, kept, (size_t)(at - kept));
			if (words->len) {
				buf_add(out, json_key, sizeof(json_key) - 2);
				buf_json(out, words->s, words->len);
			}
			kept = start + lead.len + 1;
		}
		from = start + lead.len;
	}
	bool changed = kept != json;
	if (changed)
		buf_str(out, kept);
	l->used -= changed ? 1 : 2;
	return changed ? out->s : json;
}

void leads_value(struct leads *l, struct event_value *v, struct leads_by by)
{
	v->points_to = say_words(l, v->points_to, v->pointer, by);
	v->full = leads_full(l, v->full, by);
	v->json = say_json(l, v->json, by);
}

void leads_slot(struct leads *l, struct event_slot *slot, struct leads_by by)
{
	uint64_t address = slot->value ? address_at(slot->value) : 0;
	slot->points_to = say_words(l, slot->points_to, address, by);
	slot->full = leads_full(l, slot->full, by);
}

/* ---- mappings ---- */

struct leads_region {
	uint64_t lo, hi;
	enum { REGION_NAMELESS, REGION_HEAP, REGION_STACK, REGION_OTHER } is;
};

void leads_map_note(struct leads_map *m, const struct event_map *map)
{
	if (!map || map->n == 0)
		return;
	m->n = 0;
	for (size_t i = 0; i < map->n; i++) {
		const struct event_region *from = &map->regions[i];
		const char *path = from->path ? from->path : "";
		struct leads_region r = {from->lo, from->hi, REGION_OTHER};
		if (!*path)
			r.is = REGION_NAMELESS;
		else if (strcmp(path, "[heap]") == 0)
			r.is = REGION_HEAP;
		else if (strcmp(path, "[stack]") == 0)
			r.is = REGION_STACK;
		m->r = xgrow(m->r, m->n, &m->cap, sizeof(*m->r));
		m->r[m->n++] = r;
	}
}

void leads_map_deinit(struct leads_map *m)
{
	free(m->r);
	*m = (struct leads_map){.n = 0};
}

void leads_map_say(const struct leads_map *m, uint64_t address, bool heap, int stack_of,
		   struct buf *out)
{
	const struct leads_region *r = m->r, *end = m->r + m->n;
	while (r < end && (address < r->lo || address >= r->hi))
		r++;
	if (r == end) {
		buf_str(out, m->n && !stack_of ? "not mapped" : "");
		return;
	}
	switch (r->is) {
	case REGION_HEAP:
		buf_str(out, heap ? "brk heap, no block seen" : "brk heap");
		break;
	case REGION_STACK:
		buf_str(out, "main stack");
		break;
	case REGION_NAMELESS:
		if (stack_of) {
			buf_printf(out, "thread stack of %d", stack_of);
			break;
		}
		buf_str(out, "mmap area of ");
		buf_size(out, r->hi - r->lo);
		break;
	case REGION_OTHER:
		break;
	}
}
