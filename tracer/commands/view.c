#include "commands/view.h"

#include <stdlib.h>
#include <string.h>

#include "events/kinds.h"
#include "events/leads.h"

enum { MACRO_LOCALS_FROM = 2 }; // -vv

struct view {
	struct view_options o;
	struct event ev;
	struct event_summary summary;
	struct event_value *values;
	size_t cap_values;
	struct event_frame_of_walk *walk;
	size_t cap_walk;
	struct event_frame_at_signal *frames; // with values of their own
	struct event_value *frame_values;
	struct leads leads;
	struct leads_map map;
	struct event_slot *slots;
	size_t cap_slots;
};

/* ---- kinds ---- */

_Static_assert(VIEW_KINDS <= 32, "a set of kinds is 32 bits");

uint32_t view_all_kinds(void)
{
	return UINT32_MAX;
}

static uint32_t group_kinds(enum event_group group)
{
	uint32_t set = 0;
	for (unsigned k = 0; k < EVENT_KINDS; k++)
		if (event_group((enum event_kind)k) == group)
			set |= 1u << k;
	return set;
}

static bool is_word(const char *name, const char *word, size_t len)
{
	return strlen(name) == len && strncmp(name, word, len) == 0;
}

static uint32_t kinds_of(const char *word, size_t len)
{
	for (unsigned k = 0; k < EVENT_KINDS; k++)
		if (k != EVENT_WHERE && is_word(event_kind_name((enum event_kind)k), word, len))
			return 1u << k;
	if (is_word("output", word, len))
		return 1u << VIEW_OUTPUT;
	if (is_word("frames", word, len))
		return 1u << EVENT_PUSH | 1u << EVENT_POP;
	if (is_word("heap", word, len))
		return group_kinds(GROUP_HEAP);
	return is_word("steps", word, len) ? group_kinds(GROUP_STEPS) : 0;
}

bool view_kinds_add(const char *word, size_t len, uint32_t *kinds)
{
	uint32_t set = kinds_of(word, len);
	*kinds |= set;
	return set != 0;
}

/* ---- what is left out ---- */

struct view *view_create(const struct view_options *o)
{
	struct view *v = xcalloc(1, sizeof(*v));
	v->o = *o;
	return v;
}

void view_destroy(struct view *v)
{
	if (!v)
		return;
	free(v->values);
	free(v->walk);
	free(v->frames);
	free(v->frame_values);
	free(v->slots);
	leads_deinit(&v->leads);
	leads_map_deinit(&v->map);
	free(v);
}

static bool shows(const struct view *v, enum event_kind kind)
{
	return v->o.kinds >> kind & 1;
}

// With -q a person sees frames only, and no allocator is watched.
static bool shows_heap(const struct view *v)
{
	const struct trace_options *t = v->o.trace;
	return !t->no_heap && (!t->quiet || t->format->details);
}

// A log has more maps than --map asks for: also when the heap grew, and when a thread began.
static bool is_asked_map(const struct event *ev)
{
	const char *when = ev->kind == EVENT_MAP && ev->map ? ev->map->when : NULL;
	return when && (strcmp(when, "start") == 0 || strcmp(when, "exit") == 0);
}

static bool is_shown(const struct view *v, const struct event *ev)
{
	if (ev->aside && !(v->o.map_asides && is_asked_map(ev)))
		return false;
	if (event_group(ev->kind) == GROUP_HEAP && !shows_heap(v))
		return false;
	return shows(v, ev->kind);
}

/* ---- where pointers lead, as far as a run with these options knows ---- */

static bool begins(const struct lead *lead, const char *with)
{
	return strlen(with) <= lead->len && memcmp(lead->words, with, strlen(with)) == 0;
}

// Without frame maps nobody remembers popped frames; without a watched heap there are no blocks.
static bool say(void *ctx, const struct lead *lead, struct buf *out)
{
	const struct view *v = ctx;
	if (!v->o.trace->frames && begins(lead, "dead: ")) {
		buf_str(out, "the stack below all frames");
		return true;
	}
	if (shows_heap(v) || (!begins(lead, "heap ") && !begins(lead, "brk heap")))
		return false;
	leads_map_say(&v->map, lead->address, false, 0, out);
	return true;
}

static void settle(struct view *v, struct event_value *value)
{
	leads_value(&v->leads, value, (struct leads_by){say, v});
	if (shows_heap(v) || (!value->block && !value->dangling))
		return;
	if (value->block) {
		struct buf *text = leads_new_text(&v->leads);
		leads_map_say(&v->map, value->pointer, false, 0, text);
		value->points_to = text->len ? text->s : NULL;
	}
	value->block = value->block_offset = value->block_size = 0;
	value->dangling = NULL;
}

static void settle_slots(struct view *v, struct event *ev)
{
	if (ev->n_slots > v->cap_slots) {
		v->slots = xreallocarray(v->slots, ev->n_slots, sizeof(*v->slots));
		v->cap_slots = ev->n_slots;
	}
	for (size_t i = 0; i < ev->n_slots; i++) {
		v->slots[i] = ev->slots[i];
		leads_slot(&v->leads, &v->slots[i], (struct leads_by){say, v});
	}
	if (ev->n_slots)
		ev->slots = v->slots;
}

static void settle_values(struct view *v, struct event *ev)
{
	size_t n = ev->n_args + ev->n_locals;
	leads_reset(&v->leads);
	if (n > v->cap_values) {
		v->values = xreallocarray(v->values, n, sizeof(*v->values));
		v->cap_values = n;
	}
	for (size_t i = 0; i < n; i++) {
		v->values[i] = i < ev->n_args ? ev->args[i] : ev->locals[i - ev->n_args];
		settle(v, &v->values[i]);
	}
	if (ev->n_args)
		ev->args = v->values;
	if (ev->n_locals)
		ev->locals = v->values + ev->n_args;
	settle(v, &ev->returned);
	settle_slots(v, ev);
}

static bool has_macro_locals(const struct event *ev)
{
	for (size_t i = 0; i < ev->n_locals; i++)
		if (ev->locals[i].from_macro)
			return true;
	return false;
}

static void strip_macro_locals(struct view *v, struct event *ev)
{
	size_t n = 0;
	if (ev->n_args + ev->n_locals > v->cap_values) {
		v->cap_values = ev->n_args + ev->n_locals;
		v->values = xreallocarray(v->values, v->cap_values, sizeof(*v->values));
	}
	struct event_value *kept = v->values + ev->n_args;
	for (size_t i = 0; i < ev->n_locals; i++)
		if (!ev->locals[i].from_macro)
			kept[n++] = ev->locals[i];
	ev->locals = kept;
	ev->n_locals = n;
}

/* Of the frames at a signal: where pointers lead, if it is said anew; macros' locals. */
static void strip_frames(struct view *v, struct event *ev, bool anew, bool macros)
{
	size_t n = 0, at = 0;
	for (size_t i = 0; i < ev->n_frames; i++)
		n += ev->frames[i].n_args + ev->frames[i].n_locals;
	v->frames = xreallocarray(v->frames, ev->n_frames, sizeof(*v->frames));
	v->frame_values = xreallocarray(v->frame_values, n + 1, sizeof(*v->frame_values));
	for (size_t i = 0; i < ev->n_frames; i++) {
		struct event_frame_at_signal *f = &v->frames[i];
		*f = ev->frames[i];
		f->args = v->frame_values + at;
		for (size_t k = 0; k < f->n_args; k++)
			v->frame_values[at++] = ev->frames[i].args[k];
		f->locals = v->frame_values + at;
		for (size_t k = 0; k < ev->frames[i].n_locals; k++)
			if (!macros || !ev->frames[i].locals[k].from_macro)
				v->frame_values[at++] = ev->frames[i].locals[k];
		f->n_locals = (size_t)(v->frame_values + at - f->locals);
	}
	for (size_t i = 0; anew && i < at; i++)
		settle(v, &v->frame_values[i]);
	ev->frames = v->frames;
}

static void strip_frame_map(struct event *ev)
{
	ev->slots = NULL;
	ev->elsewhere = NULL;
	ev->ghosts = NULL;
	ev->n_slots = ev->n_elsewhere = ev->n_ghosts = 0;
	ev->frame_rsp = 0;
	ev->mapped = false;
}

// Without inlined calls a walk has frames only, and a signal is told by its frame.
static void strip_inlined(struct view *v, struct event *ev)
{
	size_t n = 0;
	if (ev->kind == EVENT_SIGNAL && ev->within) {
		ev->function = ev->within;
		ev->within = NULL;
	}
	if (!ev->n_walk)
		return;
	if (ev->n_walk > v->cap_walk) {
		v->walk = xreallocarray(v->walk, ev->n_walk, sizeof(*v->walk));
		v->cap_walk = ev->n_walk;
	}
	for (size_t i = 0; i < ev->n_walk; i++)
		if (!ev->walk[i].within)
			v->walk[n++] = ev->walk[i];
	ev->walk = v->walk;
	ev->n_walk = n;
}

static void strip_summary(struct view *v, struct event *ev)
{
	v->summary = *ev->summary;
	if (!shows_heap(v))
		v->summary.heap = NULL;
	if (!shows(v, EVENT_INLINE)) {
		v->summary.inlines = false;
		v->summary.inlined = v->summary.inlined_traced = v->summary.inlined_skipped =
			v->summary.inlined_hidden = 0;
	}
	if (!shows(v, EVENT_INSN) && !shows(v, EVENT_LINE))
		v->summary.stepped = 0;
	ev->summary = &v->summary;
}

const struct event *view_event(struct view *v, const struct event *ev)
{
	const struct trace_options *t = v->o.trace;
	if (ev->kind == EVENT_MAP)
		leads_map_note(&v->map, ev->map);
	if (!is_shown(v, ev))
		return NULL;
	v->ev = *ev;
	v->ev.aside = false;
	if (!t->frames)
		strip_frame_map(&v->ev);
	if (!t->walk && !t->verify) {
		v->ev.walk = NULL;
		v->ev.n_walk = 0;
	}
	bool anew = !shows_heap(v) || (v->o.dead_names && !t->frames);
	if (anew)
		settle_values(v, &v->ev);
	if (t->verbose < MACRO_LOCALS_FROM && has_macro_locals(&v->ev))
		strip_macro_locals(v, &v->ev);
	if (ev->n_frames)
		strip_frames(v, &v->ev, anew, t->verbose < MACRO_LOCALS_FROM);
	if (!shows(v, EVENT_INLINE))
		strip_inlined(v, &v->ev);
	if (ev->summary)
		strip_summary(v, &v->ev);
	return &v->ev;
}
