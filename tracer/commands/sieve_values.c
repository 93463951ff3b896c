/*
 * sieve_values.c - what values and frame maps say of frames and blocks, in a run with fewer
 * functions: there a stop knows of frames of wanted functions and of blocks with a number; of any
 * other place it knows the mapping.
 */
#include <stdlib.h>
#include <string.h>

#include "commands/sieve_private.h"
#include "symbols/layout.h"

void sieve_values_deinit(struct sieve *s)
{
	leads_deinit(&s->leads);
	free(s->values);
	free(s->elsewhere);
	free(s->slots);
	free(s->ghosts);
	free(s->changes);
	leads_map_deinit(&s->map);
}

/* ---- what was seen ---- */

void sieve_note_pop(struct sieve *s, const struct sieve_frame *f)
{
	s->gone[s->n_gone++ % SIEVE_GONE] = (struct sieve_gone){f->cfa, f->rsp, f->fn};
}

// The last one, as events/heap_values.c looks for it.
static const char *gone_at(const struct sieve *s, uint64_t addr)
{
	size_t n = s->n_gone < SIEVE_GONE ? s->n_gone : SIEVE_GONE;
	for (size_t i = 1; i <= n; i++) {
		const struct sieve_gone *g = &s->gone[(s->n_gone - i) % SIEVE_GONE];
		if (addr < g->cfa && addr >= g->rsp - SIEVE_RED_ZONE)
			return s->fn[g->fn].name;
	}
	return NULL;
}

/* ---- words ---- */

// A stack on which the function has a frame: that of the event's thread, if it has.
static void say_stack_of(const struct sieve *s, const char *function, size_t len, struct buf *out)
{
	const struct sieve_stack *found = NULL;
	for (size_t i = 0; i < s->n_stacks; i++) {
		const struct sieve_stack *st = &s->stacks[i];
		if (found && st->tid != s->ev.tid)
			continue;
		for (size_t k = st->n; k-- > 0;) {
			const char *name = s->fn[st->f[k].fn].name;
			if (strncmp(name, function, len) == 0 && !name[len]) {
				found = st;
				break;
			}
		}
	}
	if (found)
		leads_map_say(&s->map, found->top - 1, true, found->tid, out);
}

static bool begins(const char *s, size_t len, const char *with)
{
	return strlen(with) <= len && memcmp(s, with, strlen(with)) == 0;
}

// "local x", "the frame": what stands before " of FUNCTION".
static bool is_in_frame(const char *words, size_t len)
{
	if (begins(words, len, "argument") || begins(words, len, "the frame"))
		return true;
	for (unsigned i = 0; i < OWNER_COUNT; i++)
		if (begins(words, len, owner_name((enum owner)i)))
			return true;
	return false;
}

static const char *last_of(const char *words, size_t len)
{
	static const char of[] = " of ";
	const char *found = NULL, *at = words;
	while ((at = memmem(at, len - (size_t)(at - words), of, sizeof(of) - 1)))
		found = at++;
	return found;
}

static bool say_frame(struct sieve *s, const struct lead *lead, struct buf *out)
{
	static const char dead[] = "dead: ";
	const char *words = lead->words;
	size_t len = lead->len;
	bool is_dead = begins(words, len, dead);
	const char *place = is_dead ? words + sizeof(dead) - 1 : words;
	const char *of = last_of(words, len), *function = of ? of + 4 : NULL;
	if (!of || of < place || !is_in_frame(place, (size_t)(of - place)))
		return false;
	size_t function_len = len - (size_t)(function - words);
	if (!sieve_is_hidden(s, function, function_len))
		return false;
	if (is_dead)
		buf_str(out, "the stack below all frames");
	else
		say_stack_of(s, function, function_len, out);
	return true;
}

static bool say_block(struct sieve *s, const struct lead *lead, struct buf *out)
{
	static const char heap[] = "heap #", freed[] = ", freed";
	const char *words = lead->words;
	size_t at = sizeof(heap) - 1, dead = sizeof(freed) - 1, len = lead->len;
	uint64_t number = 0;
	if (!begins(words, len, heap))
		return false;
	for (; at < len && words[at] >= '0' && words[at] <= '9'; at++)
		number = 10 * number + (uint64_t)(words[at] - '0');
	const struct sieve_block *b = sieve_block(&s->heap, number);
	if (!b)
		return false;
	if (b->number) {
		buf_str(out, heap);
		buf_udec(out, b->number);
		buf_add(out, words + at, len - at);
	} else if (len - at >= dead && memcmp(words + len - dead, freed, dead) == 0) {
		leads_map_say(&s->map, lead->address ? lead->address : b->address, true, 0, out);
	} else {
		buf_str(out, "heap block of other code");
		buf_add(out, words + at, len - at);
	}
	return true;
}

static bool say(void *ctx, const struct lead *lead, struct buf *out)
{
	return say_block(ctx, lead, out) || say_frame(ctx, lead, out);
}

/* ---- values ---- */

static const char *stack_text(struct sieve *s, uint64_t addr)
{
	const char *name = gone_at(s, addr);
	struct buf *text = leads_new_text(&s->leads);
	buf_str(text, "the stack below all frames");
	if (name)
		buf_printf(text, ", where the frame of %s was", name);
	return text->s;
}

static const char *dangling_text(struct sieve *s, const struct sieve_block *b)
{
	struct event_place p = sieve_place(s, b->freed_at);
	struct buf *text = leads_new_text(&s->leads);
	buf_printf(text, "heap #%llu, freed", (unsigned long long)b->number);
	buf_str(text, p.function ? " by " : " outside of the traced functions");
	if (p.function)
		buf_str(text, p.function);
	if (p.function && p.file && p.line)
		buf_printf(text, ", %s:%u", path_name(p.file), p.line);
	return text->s;
}

static void settle_block(struct sieve *s, struct event_value *v)
{
	const struct sieve_block *b = sieve_block(&s->heap, v->block);
	if (b && b->number) {
		v->block = b->number;
		if (v->dangling)
			v->dangling = dangling_text(s, b);
		return;
	}
	struct buf *text = leads_new_text(&s->leads);
	if (b && v->dangling)
		leads_map_say(&s->map, v->pointer, true, 0, text);
	else if (b)
		buf_str(text, "heap block of other code");
	if (b && !v->dangling && v->block_offset)
		buf_printf(text, "+%llu", (unsigned long long)v->block_offset);
	v->points_to = text->len ? text->s : NULL;
	v->block = v->block_offset = v->block_size = 0;
	v->dangling = NULL;
}

static void settle(struct sieve *s, struct event_value *v)
{
	leads_value(&s->leads, v, (struct leads_by){say, s});
	if (v->block)
		settle_block(s, v);
	else if (v->dangling)
		v->dangling = stack_text(s, v->pointer);
}

static void *room(void *p, size_t n, size_t *cap, size_t size)
{
	if (n <= *cap)
		return p;
	*cap = n;
	return xreallocarray(p, n, size);
}

static size_t count_values(const struct event *ev, size_t n_frames)
{
	size_t n = ev->n_args + ev->n_locals;
	for (size_t i = 0; i < n_frames; i++)
		n += ev->frames[i].n_args + ev->frames[i].n_locals;
	return n;
}

/* Copies of n values, settled; *at: how many there are. NULL if n is 0. */
static const struct event_value *settle_all(struct sieve *s, const struct event_value *v, size_t n,
					    size_t *at)
{
	size_t first = *at;
	for (size_t i = 0; i < n; i++) {
		s->values[*at] = v[i];
		settle(s, &s->values[*at]);
		++*at;
	}
	return n ? s->values + first : NULL;
}

static void settle_variables(struct sieve *s, struct event *ev)
{
	size_t n_frames = ev->kind == EVENT_SIGNAL ? ev->n_frames : 0; // those are s->frames
	size_t n = count_values(ev, n_frames), at = 0;
	s->values = room(s->values, n, &s->cap_values, sizeof(*s->values));
	ev->args = settle_all(s, ev->args, ev->n_args, &at);
	ev->locals = settle_all(s, ev->locals, ev->n_locals, &at);
	for (size_t i = 0; i < n_frames; i++) {
		struct event_frame_at_signal *f = &s->frames[i];
		f->args = settle_all(s, f->args, f->n_args, &at);
		f->locals = settle_all(s, f->locals, f->n_locals, &at);
	}
	settle(s, &ev->returned);
}

static void settle_changes(struct sieve *s, struct event *ev)
{
	s->changes = room(s->changes, ev->n_changes, &s->cap_changes, sizeof(*s->changes));
	for (size_t i = 0; i < ev->n_changes; i++) {
		s->changes[i] = ev->changes[i];
		settle(s, &s->changes[i].now);
	}
	ev->changes = ev->n_changes ? s->changes : NULL;
}

/* ---- frame maps ---- */

// "n, local of deep, slot of show": without those of hidden functions. NULL: none is left.
static const char *keep_ghosts(struct sieve *s, const char *text)
{
	const char *group = text, *at = text;
	struct buf *out = leads_new_text(&s->leads);
	while (*at) {
		const char *value = strstr(at, " = "), *next = strstr(at, ", ");
		const char *end = value && (!next || value < next) ? value
				  : next			   ? next
								   : at + strlen(at);
		const char *of = last_of(at, (size_t)(end - at));
		bool last = end == value || !*end;
		if (of && !sieve_is_hidden(s, of + 4, (size_t)(end - of) - 4)) {
			const char *stop = end == value ? value + strlen(value) : end;
			buf_str(out, out->len ? ", " : "");
			buf_add(out, group, (size_t)(stop - group));
		}
		if (last)
			break;
		at = end + 2;
		if (of)
			group = at;
	}
	return out->len ? out->s : NULL;
}

static void settle_slots(struct sieve *s, struct event *ev)
{
	s->slots = room(s->slots, ev->n_slots, &s->cap_slots, sizeof(*s->slots));
	for (size_t i = 0; i < ev->n_slots; i++) {
		struct event_slot *slot = &s->slots[i];
		*slot = ev->slots[i];
		leads_slot(&s->leads, slot, (struct leads_by){say, s});
		if (slot->ghost)
			slot->ghost = keep_ghosts(s, slot->ghost);
	}
	ev->slots = ev->n_slots ? s->slots : NULL;
	s->elsewhere =
		room(s->elsewhere, ev->n_elsewhere, &s->cap_elsewhere, sizeof(*s->elsewhere));
	for (size_t i = 0; i < ev->n_elsewhere; i++) {
		s->elsewhere[i] = ev->elsewhere[i];
		settle(s, &s->elsewhere[i]);
	}
	ev->elsewhere = ev->n_elsewhere ? s->elsewhere : NULL;
}

static void settle_ghosts(struct sieve *s, struct event *ev)
{
	size_t n = 0;
	s->ghosts = room(s->ghosts, ev->n_ghosts, &s->cap_ghosts, sizeof(*s->ghosts));
	for (size_t i = 0; i < ev->n_ghosts; i++) {
		const char *function = ev->ghosts[i].function;
		if (!function || !sieve_is_hidden(s, function, strlen(function)))
			s->ghosts[n++] = ev->ghosts[i];
	}
	ev->ghosts = n ? s->ghosts : NULL;
	ev->n_ghosts = n;
}

void sieve_values(struct sieve *s)
{
	struct event *ev = &s->ev;
	settle_variables(s, ev);
	settle_changes(s, ev);
	settle_slots(s, ev);
	settle_ghosts(s, ev);
}
