#include "events/space_events.h"

#include <stdlib.h>
#include <string.h>

#include "events/regions.h"
#include "memory/space.h"

enum { CHANGES_MAX = 1000 };

struct space_events {
	struct control *control;
	struct symbols *symbols; // of the last whole map: not the trace's, which has its own rules
	struct regions regions;
	bool has_regions;
	struct space before, now; // `now` keeps the paths of the changes
	bool has_before, has_now;
	struct event_map_change *changes;
	size_t n, cap;
	char perms[CHANGES_MAX][2][5];
};

struct space_events *space_events_create(struct control *c)
{
	struct space_events *e = xcalloc(1, sizeof(*e));
	e->control = c;
	return e;
}

static void forget_regions(struct space_events *e)
{
	if (e->has_regions)
		regions_deinit(&e->regions);
	e->has_regions = false;
	symbols_destroy(e->symbols);
	e->symbols = NULL;
}

static void forget_before(struct space_events *e)
{
	if (e->has_before)
		space_deinit(&e->before);
	e->has_before = false;
}

// What was new at the last call is old now.
static void turn(struct space_events *e)
{
	if (!e->has_now)
		return;
	forget_before(e);
	e->before = e->now;
	e->has_before = true;
	e->has_now = false;
}

void space_events_forget(struct space_events *e)
{
	turn(e);
	forget_before(e);
}

void space_events_destroy(struct space_events *e)
{
	if (!e)
		return;
	space_events_forget(e);
	forget_regions(e);
	free(e->changes);
	free(e);
}

static bool is_ours(void *ctx, uint64_t addr)
{
	const struct space_events *e = ctx;
	return control_is_ours(e->control, addr);
}

static bool look(struct space_events *e, pid_t tid)
{
	turn(e);
	if (space_read(tid, &e->now) != FT_OK) {
		ft_error_clear();
		return false;
	}
	e->has_now = true;
	return true;
}

enum ft_rc space_events_whole(struct space_events *e, pid_t tid, const char *when,
			      struct event_map *ret)
{
	struct memory mem = control_memory(e->control);
	forget_regions(e);
	e->symbols = symbols_create();
	if (regions_read(e->symbols, tid, &mem, &e->regions) != FT_OK) {
		ft_error_clear();
		return FT_NONE;
	}
	e->has_regions = true;
	regions_draw(&e->regions, is_ours, e);
	if (!look(e, tid))
		return FT_NONE;
	*ret = e->regions.map;
	ret->when = when;
	return FT_OK;
}

/* ---- what changed ---- */

// As far as the kernel's own names go: here no file is opened.
static const char *kind_of(const struct region *r)
{
	if (strcmp(r->path, "[heap]") == 0)
		return "heap";
	if (strcmp(r->path, "[stack]") == 0)
		return "stack";
	if (r->inode != 0)
		return r->x ? "text" : "file";
	return r->shared ? "shared" : "mmap";
}

static void write_perms(const struct region *r, char out[5])
{
	out[0] = r->r ? 'r' : '-';
	out[1] = r->w ? 'w' : '-';
	out[2] = r->x ? 'x' : '-';
	out[3] = r->shared ? 's' : 'p';
	out[4] = '\0';
}

static bool same_perms(const struct region *a, const struct region *b)
{
	return a->r == b->r && a->w == b->w && a->x == b->x && a->shared == b->shared;
}

// The same mapping, perhaps longer or shorter at one end.
static bool is_same(const struct region *a, const struct region *b)
{
	return (a->lo == b->lo || a->hi == b->hi) && a->inode == b->inode &&
	       strcmp(a->path, b->path) == 0;
}

// old or now NULL: new, gone.
static void add_change(struct space_events *e, const struct region *old, const struct region *now)
{
	const struct region *r = now ? now : old;
	if (!old) // a part of what was one, or in the place of something else
		old = space_at(&e->before, now->lo);
	else if (!now && space_at(&e->now, old->lo))
		return; // told of with what is there now
	if (e->n == CHANGES_MAX || is_ours(e, r->lo))
		return;
	e->changes = xgrow(e->changes, e->n, &e->cap, sizeof(*e->changes));
	struct event_map_change *c = &e->changes[e->n];
	*c = (struct event_map_change){
		.kind = kind_of(r), .path = r->path, .lo = r->lo, .hi = r->hi};
	write_perms(r, e->perms[e->n][0]);
	c->perms = e->perms[e->n][0];
	if (!old) {
		c->how = "new";
	} else if (!now) {
		c->how = "gone";
	} else {
		uint64_t old_size = old->hi - old->lo, size = now->hi - now->lo;
		c->old_lo = old->lo;
		c->old_hi = old->hi;
		c->how = !is_same(old, now) ? "changed"
			 : size > old_size  ? "grew"
			 : size < old_size  ? "shrank"
					    : "changed";
		if (!same_perms(old, now)) {
			write_perms(old, e->perms[e->n][1]);
			c->old_perms = e->perms[e->n][1];
			c->how = "changed";
		}
	}
	e->n++;
}

static void compare(struct space_events *e)
{
	const struct space *old = &e->before, *now = &e->now;
	size_t i = 0, k = 0;
	while (i < old->n || k < now->n) {
		const struct region *a = i < old->n ? &old->r[i] : NULL;
		const struct region *b = k < now->n ? &now->r[k] : NULL;
		if (a && b && is_same(a, b)) {
			if (a->lo != b->lo || a->hi != b->hi || !same_perms(a, b))
				add_change(e, a, b);
			i++;
			k++;
		} else if (!b || (a && a->hi <= b->hi)) {
			add_change(e, a, NULL);
			i++;
		} else {
			add_change(e, NULL, b);
			k++;
		}
	}
}

enum ft_rc space_events_changes(struct space_events *e, pid_t tid, const char *when,
				struct event_map *ret)
{
	e->n = 0;
	if (!look(e, tid))
		return FT_NONE;
	if (e->has_before)
		compare(e);
	if (e->n == 0)
		return FT_NONE;
	*ret = (struct event_map){
		.when = when,
		.changes = e->changes,
		.n_changes = e->n,
		.user_end = space_user_end(&e->now),
	};
	return FT_OK;
}
