/*
 * view_frames.c - the stack of one thread at one position: its frames, their variables, their
 * bytes.
 */
#include "tui/view.h"

#include <string.h>

struct picked {
	size_t *index; // in what log_frames() gave: of one thread
	size_t n;
	size_t selected; // in `index`; SIZE_MAX: no frame lives
};

/* The frames of the thread; the one that `selected` counts, innermost live frame first. */
static void pick(struct view *v, const struct log_frame *f, size_t n, size_t selected,
		 struct picked *ret)
{
	ret->index = view_alloc(v, n + 1, sizeof(*ret->index));
	ret->n = 0;
	ret->selected = SIZE_MAX;
	for (size_t i = 0; i < n; i++) {
		if (f[i].tid != v->tid)
			continue;
		v->n_live += !f[i].ghost;
		ret->index[ret->n++] = i;
	}
	// within a stack the frames come outermost first; a signal's stack is behind the others
	for (size_t i = ret->n, k = 0; i-- > 0;) {
		if (f[ret->index[i]].ghost)
			continue;
		ret->selected = i;
		if (k++ == selected)
			break;
	}
}

static size_t count_threads(const struct log_frame *f, size_t n)
{
	size_t threads = 0;

	for (size_t i = 0; i < n; i++)
		threads += !f[i].ghost && (i == 0 || f[i].tid != f[i - 1].tid);
	return threads;
}

static void keep_slots(struct view *v, struct view_frame *f, const struct event *ev)
{
	size_t n = ev->n_slots < VIEW_SLOTS ? ev->n_slots : VIEW_SLOTS;

	f->slots = view_alloc(v, n + 1, sizeof(*f->slots));
	f->n_slots = n;
	f->frame_rsp = ev->frame_rsp;
	for (size_t i = 0; i < n; i++) {
		struct event_slot s = ev->slots[i];
		s.owner = view_keep(v, s.owner ? s.owner : "unknown");
		s.name = view_keep(v, s.name);
		s.type = view_keep(v, s.type);
		s.reg = view_keep(v, s.reg);
		s.value = view_keep(v, s.value);
		s.full = NULL;
		s.bytes = view_keep(v, s.bytes);
		s.inlined = view_keep(v, s.inlined);
		s.ghost = view_keep(v, s.ghost);
		s.writer_text = view_keep(v, s.writer_text);
		f->slots[i].s = s;
	}
}

static void keep_push(struct view *v, struct view_frame *f, const struct event *ev)
{
	struct buf b;

	buf_init(&b);
	if (ev->n_parts) {
		view_arithmetic(&b, ev);
		f->parts = view_keep(v, b.s);
	}
	buf_deinit(&b);
	f->file = view_keep(v, ev->file);
	f->return_address = ev->return_address;
	f->return_symbol = view_keep(v, ev->return_symbol);
	f->caller_file = view_keep(v, ev->caller_file);
	f->caller_line = ev->caller_line;
	f->n_args = ev->n_args;
	keep_slots(v, f, ev);
}

static void keep_pop(struct view *v, struct view_frame *f, const struct event *ev)
{
	if (ev->has_return)
		f->returned = view_keep(v, ev->returned.value);
	if (ev->n_slots)
		keep_slots(v, f, ev);
}

static void keep_values(struct view *v, struct view_frame *f, const struct event_value *values,
			size_t n)
{
	n = n < VIEW_VALUES ? n : VIEW_VALUES;
	f->values_known = true;
	f->values = view_alloc(v, n + 1, sizeof(*f->values));
	f->n_values = n;
	for (size_t i = 0; i < n; i++) {
		f->values[i].v = values[i];
		view_keep_value(v, &f->values[i].v);
	}
}

/* Which slot is a variable. The map is of the push: what it holds by now is told by its value. */
static void bring_up_to_date(struct view_frame *f)
{
	for (size_t i = 0; i < f->n_slots; i++) {
		struct event_slot *s = &f->slots[i].s;
		for (size_t k = 0; k < f->n_values && s->name && s->type; k++) {
			const struct event_value *now = &f->values[k].v;
			if (!now->has_address || !now->known || now->address != s->address ||
			    now->size != s->size || s->offset || strcmp(now->name, s->name) != 0)
				continue;
			f->slots[i].value = &f->values[k];
			if (f->f.ghost || (s->value && strcmp(now->value, s->value) == 0))
				break;
			s->value = now->value;
			s->known = true;
			s->unwritten = false;
			s->scope_ended = now->scope_ended;
			s->bytes = s->ghost = NULL; // those were others
			break;
		}
	}
}

static void add_details(struct view *v, struct log *log, struct view_frame *f)
{
	const struct event *ev;
	const struct event_value *values;
	size_t n;

	if (f->f.pushed_seq == UINT64_MAX)
		return;
	if (log_event(log, f->f.pushed_seq, &ev) == FT_OK && ev->kind == EVENT_PUSH)
		keep_push(v, f, ev);
	if (f->f.ghost && log_event(log, f->f.popped_seq, &ev) == FT_OK && ev->kind == EVENT_POP)
		keep_pop(v, f, ev);
	if (log_variables(log, f->f.pushed_seq, v->seq, &values, &n) == FT_OK)
		keep_values(v, f, values, n);
	bring_up_to_date(f);
	f->detailed = true;
}

/* A store of an instruction; those after it were seen before. */
static void store(struct view *v, struct view_frame *f, const struct event_store *st)
{
	for (size_t i = 0; i < f->n_slots; i++) {
		struct view_slot *slot = &f->slots[i];
		struct event_slot *s = &slot->s;
		if (slot->stored || st->address >= s->address + s->size ||
		    s->address >= st->address + st->size)
			continue;
		slot->stored = true;
		s->unwritten = false;
		s->bytes = s->ghost = NULL;
		if (s->type) // its value is told by the variable
			continue;
		bool whole = st->address == s->address && st->size == s->size;
		s->value = whole ? view_keep(v, st->value) : NULL;
		s->reg = NULL;
	}
}

static enum ft_rc take_stores(void *ctx, const struct log_item *item)
{
	struct view *v = ctx;
	const struct event *ev = item->event;

	for (size_t k = 0; ev && ev->kind == EVENT_INSN && k < ev->n_stores; k++)
		for (size_t i = 0; i < v->n_frames; i++)
			if (!v->frames[i].f.ghost && v->frames[i].f.pushed_seq < ev->seq)
				store(v, &v->frames[i], &ev->stores[k]);
	return FT_OK;
}

/* The maps are of the pushes: what instructions have stored since. */
static void add_stores(struct view *v, struct log *log)
{
	uint64_t from = v->seq;

	for (size_t i = 0; i < v->n_frames; i++)
		if (v->frames[i].n_slots && !v->frames[i].f.ghost &&
		    v->frames[i].f.pushed_seq < from)
			from = v->frames[i].f.pushed_seq;
	if (v->seq - from > VIEW_STORES)
		from = v->seq - VIEW_STORES;
	// what cannot be read is not told; the events of the position itself were
	if (v->holds.insn && log_read(log, from, v->seq, true, take_stores, v) == FT_FAIL)
		ft_error_clear();
}

/* Where rsp is, as far as the event, or else the innermost frame, tells. */
static void find_rsp(struct view *v)
{
	for (size_t i = v->n_frames; i-- > 0 && !v->rsp;)
		if (!v->frames[i].f.ghost)
			v->rsp = v->frames[i].f.rsp;
}

void view_add_frames(struct view *v, struct log *log, size_t selected)
{
	const struct log_frame *f;
	struct picked p;
	size_t n;

	if (log_frames(log, v->seq, &f, &n) != FT_OK)
		return;
	v->threads = count_threads(f, n);
	pick(v, f, n, selected, &p);
	size_t middle = p.selected == SIZE_MAX ? 0 : p.selected;
	size_t from = middle > VIEW_FRAMES / 2 ? middle - VIEW_FRAMES / 2 : 0;
	size_t to = p.n - from > VIEW_FRAMES ? from + VIEW_FRAMES : p.n;

	v->more_above = from;
	v->more_below = p.n - to;
	v->n_frames = to - from;
	v->frames = view_alloc(v, v->n_frames + 1, sizeof(*v->frames));
	for (size_t i = 0; i < v->n_frames; i++) {
		v->frames[i].f = f[p.index[from + i]];
		v->frames[i].f.function = view_keep(v, v->frames[i].f.function);
	}
	if (p.selected != SIZE_MAX)
		v->selected = p.selected - from;
	for (size_t i = 0; i < v->n_frames; i++)
		if (!v->frames[i].f.ghost)
			v->depth = v->frames[i].f.depth;
	for (size_t i = 0; i < v->n_frames; i++) {
		size_t distance = from + i > middle ? from + i - middle : middle - from - i;
		if (distance < VIEW_DETAILED / 2)
			add_details(v, log, &v->frames[i]);
	}
	add_stores(v, log);
	find_rsp(v);
}
