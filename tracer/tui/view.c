/*
 * view.c - a position becomes plain data: copies of what the log has, bounded everywhere.
 */
#include "tui/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { CHUNK = 64 * 1024, TEXT_MAX = 16 * 1024 };

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(16) char bytes[];
};

struct view_arena {
	struct chunk *chunks;
};

void *view_alloc(struct view *v, size_t n, size_t size)
{
	size_t want = (n * size + 15) & ~(size_t)15;

	if (!v->arena)
		v->arena = xcalloc(1, sizeof(*v->arena));
	struct chunk *c = v->arena->chunks;

	if (!c || c->size - c->used < want) {
		size_t room = want > CHUNK ? want : CHUNK;
		c = xmalloc(sizeof(*c) + room);
		*c = (struct chunk){.next = v->arena->chunks, .size = room};
		v->arena->chunks = c;
	}
	void *p = c->bytes + c->used;
	c->used += want;
	memset(p, 0, want);
	return p;
}

const char *view_keep_some(struct view *v, const char *s, size_t len)
{
	if (!s)
		return NULL;
	char *copy = view_alloc(v, len + 1, 1);
	memcpy(copy, s, len);
	return copy;
}

const char *view_keep(struct view *v, const char *s)
{
	return s ? view_keep_some(v, s, strnlen(s, TEXT_MAX)) : NULL;
}

void view_keep_value(struct view *v, struct event_value *value)
{
	value->name = view_keep(v, value->name ? value->name : "");
	value->type = view_keep(v, value->type);
	value->value = view_keep(v, value->value);
	value->reg = view_keep(v, value->reg);
	value->why = view_keep(v, value->why);
	value->entry = view_keep(v, value->entry);
	value->full = view_keep(v, value->full);
	value->dangling = view_keep(v, value->dangling);
	value->points_to = view_keep(v, value->points_to);
	value->json = NULL;
}

void view_deinit(struct view *v)
{
	if (v->arena) {
		for (struct chunk *c = v->arena->chunks, *next; c; c = next) {
			next = c->next;
			free(c);
		}
		free(v->arena);
	}
	*v = (struct view){.selected = SIZE_MAX};
}

static void add_blocks(struct view *v, struct log *log)
{
	const struct log_block *b;
	size_t n;
	uint64_t all;

	if (log_blocks(log, v->seq, VIEW_BLOCKS, &b, &n, &all) != FT_OK)
		return;
	v->blocks = view_alloc(v, n + 1, sizeof(*v->blocks));
	v->n_blocks = n;
	v->all_blocks = all;
	for (size_t i = 0; i < n; i++) {
		v->blocks[i].b = b[i];
		v->blocks[i].b.call = view_keep(v, b[i].call);
		v->blocks[i].b.function = view_keep(v, b[i].function);
		v->blocks[i].b.file = view_keep(v, b[i].file);
	}
}

/* The block that has the address; NULL: none that lives. */
static const struct view_block *block_at(const struct view *v, uint64_t address)
{
	for (size_t i = 0; i < v->n_blocks; i++) {
		const struct log_block *b = &v->blocks[i].b;
		if (address >= b->address && address - b->address < (b->size ? b->size : 1))
			return &v->blocks[i];
	}
	return NULL;
}

static bool is_alive(const struct view *v, uint64_t number)
{
	for (size_t i = 0; i < v->n_blocks; i++)
		if (v->blocks[i].b.number == number)
			return true;
	return v->all_blocks > v->n_blocks; // not all are here
}

/* Blocks come and go while the value stays: where it leads is asked anew. */
static void link_value(const struct view *v, struct view_value *value)
{
	struct event_value *e = &value->v;
	const struct view_block *b = e->pointer ? block_at(v, e->pointer) : NULL;
	if (b)
		e->block = b->b.number;
	else
		value->freed = e->block && !is_alive(v, e->block);
}

static void link_values(struct view *v)
{
	for (size_t i = 0; i < v->n_frames; i++)
		for (size_t k = 0; k < v->frames[i].n_values; k++)
			link_value(v, &v->frames[i].values[k]);
}

static void add_map(struct view *v, struct log *log)
{
	const struct event *ev;

	if (log_map(log, v->seq, &ev) != FT_OK || !ev->map)
		return;
	const struct event_map *m = ev->map;
	v->map_seq = ev->seq;
	v->bands = view_alloc(v, m->n_bands + 1, sizeof(*v->bands));
	v->n_bands = m->n_bands;
	v->user_end = m->user_end;
	v->stack_room = m->stack_room;
	v->stack_stop = view_keep(v, m->stack_stop);
	for (size_t i = 0; i < m->n_bands; i++) {
		v->bands[i].b = m->bands[i];
		v->bands[i].b.name = view_keep(v, m->bands[i].name);
		v->bands[i].b.what = view_keep(v, m->bands[i].what);
	}
}

static void add_registers(struct view *v, struct player *p)
{
	const struct event_register *r;
	size_t n;

	if (player_thread_registers(p, v->tid, &r, &n) != FT_OK)
		return;
	n = n < VIEW_REGISTERS ? n : VIEW_REGISTERS;
	v->registers = view_alloc(v, n + 1, sizeof(*v->registers));
	v->n_registers = n;
	for (size_t i = 0; i < n; i++) {
		v->registers[i].r.name = view_keep(v, r[i].name);
		v->registers[i].r.value = r[i].value;
		if (!v->rsp && v->is_other && strcmp(r[i].name, "rsp") == 0)
			v->rsp = r[i].value;
	}
}

static void add_code(struct view *v, struct log *log)
{
	const struct store_function *fn;

	if (!v->place.pc || log_function_at(log, v->place.pc, &fn) != FT_OK)
		if (!v->place.function || log_function(log, v->place.function, &fn) != FT_OK)
			return;
	v->function = view_keep(v, fn->name);
	v->insns = view_alloc(v, fn->n_insns + 1, sizeof(*v->insns));
	v->n_insns = fn->n_insns;
	for (size_t i = 0; i < fn->n_insns; i++) {
		v->insns[i].pc = fn->insns[i].pc;
		v->insns[i].text = view_keep(v, fn->insns[i].text);
		v->insns[i].line = fn->insns[i].line;
	}
}

static void add_output(struct view *v, struct log *log)
{
	const char *s;
	size_t len;

	if (log_output(log, v->seq, VIEW_OUTPUT, &s, &len) != FT_OK)
		return;
	v->output = view_keep_some(v, s, len);
	v->output_len = len;
}

static void add_event(struct view *v, struct log *log)
{
	const struct event *ev;
	struct buf b;

	if (log_start(log, &ev) == FT_OK && ev->program)
		v->program = view_keep(v, path_name(ev->program));
	if (log_event(log, v->seq, &ev) != FT_OK)
		return;
	buf_init(&b);
	view_say(&b, ev);
	v->what = view_keep(v, b.s);
	v->what_is_an_alarm =
		ev->kind == EVENT_SIGNAL || ev->kind == EVENT_ALARM || ev->kind == EVENT_OVERFLOW ||
		(ev->kind == EVENT_FREE && ev->heap && ev->heap->verdict != FREE_GOOD);
	v->why_says_it = ev->kind == EVENT_ALARM || ev->kind == EVENT_EXIT;
	if (ev->kind == EVENT_ALARM && ev->alarm && ev->alarm->what == ALARM_RETURN_ADDRESS) {
		v->overwritten = ev->alarm->address;
		v->now_there = ev->alarm->now;
	}
	if (!v->tid)
		v->tid = ev->tid;
	v->is_other = ev->tid != v->tid;
	v->in_prologue = ev->kind == EVENT_INSN && ev->in_prologue;
	v->rsp = v->is_other ? 0 : ev->rsp;
	for (size_t i = 0; i < ev->n_registers && !v->rsp && !v->is_other; i++)
		if (strcmp(ev->registers[i].name, "rsp") == 0)
			v->rsp = ev->registers[i].value;
	buf_deinit(&b);
}

static void keep_place(struct view *v)
{
	v->place.file = view_keep(v, v->place.file);
	v->place.function = view_keep(v, v->place.function);
}

static void add_place(struct view *v, struct player *p)
{
	player_place(p, &v->place);
	if (v->is_other)
		player_thread_place(p, v->tid, &v->place);
	keep_place(v);
	v->place_is_caller = v->place.calls;
	v->depth = v->place.depth;
}

/* Of a frame further out: the line that called the one inside it. */
static void place_of_selected(struct view *v, struct player *p, size_t selected)
{
	if (v->selected >= v->n_frames)
		return;
	const struct view_frame *f = &v->frames[v->selected];
	const struct view_frame *in = f + 1 < v->frames + v->n_frames ? f + 1 : NULL;
	if (!v->is_other) {
		struct player_place place;
		if (selected == 0 || player_frame_place(p, selected, &place) != FT_OK)
			return;
		v->place = place;
		v->place_is_caller = true;
		keep_place(v);
		return;
	}
	// of another thread's callers the return addresses tell
	bool calls = in && !in->f.ghost && in->f.stack_top == f->f.stack_top && in->detailed;
	if (!calls && v->place.line)
		return;
	v->place = (struct player_place){
		.file = f->file, .function = f->f.function, .depth = f->f.depth, .tid = v->tid};
	v->place_is_caller = calls;
	if (calls) {
		v->place.file = in->caller_file;
		v->place.line = in->caller_line;
		v->place.pc = in->return_address;
	}
}

void view_make(struct player *p, const struct view *before, int tid, size_t selected,
	       struct view *ret)
{
	struct log *log = player_log(p);
	const struct log_info *info = log_info(log);
	struct view v = {.seq = player_at(p),
			 .first = info->first,
			 .last = info->last,
			 .live = player_is_live(p),
			 .cut = info->cut != NULL,
			 .holds = info->holds,
			 .tid = tid,
			 .selected = SIZE_MAX};

	v.why = view_keep(&v, player_why(p));
	add_event(&v, log);
	add_place(&v, p);
	add_registers(&v, p);
	view_add_frames(&v, log, selected);
	place_of_selected(&v, p, selected);
	if (v.threads > 1 && player_thread_number(p, v.tid, &v.thread) == FT_FAIL)
		ft_error_clear();
	add_blocks(&v, log);
	link_values(&v);
	add_map(&v, log);
	add_code(&v, log);
	add_output(&v, log);
	view_mark(&v, before);
	*ret = v;
}
