#include "events/points.h"

#include <string.h>

#include "events/collector.h"
#include "events/places.h"

enum {
	EVENTS_OLD = 256,      // mappings are taken to be as they were for so many events
	READ_COSTS = 32,       // in events: reading them, and
	REGIONS_AN_EVENT = 4,  // so many of them are one more
	SPENT_AHEAD = 2048,    // before there were as many events
	TLS_REACH = 64 * 1024, // below the thread pointer static thread-local storage may be
};

static const uint64_t first_page = 0x1000; // no program has it (vm.mmap_min_addr)
static const uint64_t end_of_user = 1ull << 56, start_of_kernel_page = 0xffffffffff600000;

void points_deinit(struct points *p)
{
	if (p->is_known)
		space_deinit(&p->space);
	p->is_known = false;
}

void points_changed(struct points *p)
{
	p->is_stale = true;
}

static void add_offset(struct buf *out, uint64_t off)
{
	if (off == 0)
		return;
	buf_char(out, '+');
	buf_udec(out, off);
}

/* ---- frames and blocks ---- */

static void add_place(const struct known_place *p, uint64_t addr, struct buf *out)
{
	if (p->dead)
		buf_str(out, "dead: ");
	if (!p->owner && !p->name) {
		buf_str(out, "the frame of ");
	} else {
		if (p->owner)
			buf_str(out, p->owner);
		if (p->owner && p->name)
			buf_char(out, ' ');
		if (p->name)
			buf_str(out, p->name);
		add_offset(out, addr - p->address);
		buf_str(out, " of ");
	}
	buf_str(out, p->function);
}

static bool add_block(const struct collector *col, uint64_t addr, struct buf *out)
{
	struct block b;
	bool alive;
	if (!col->heap || !heap_block_at(col->heap, addr, &b, &alive))
		return false;
	bool numbered = heap_is_numbered(&b);
	if (!alive && !numbered)
		return false; // the allocator's again, whoever had it
	if (numbered) {
		buf_str(out, "heap #");
		buf_udec(out, b.number);
	} else {
		buf_str(out, "heap block of other code");
	}
	add_offset(out, addr - b.addr);
	if (!alive)
		buf_str(out, ", freed");
	return true;
}

/* ---- thread-local storage ---- */

static bool add_thread_local(struct collector *col, uint64_t addr, struct buf *out)
{
	const struct thread_stacks *found = NULL;
	for (size_t i = 0; i < col->stacks.n; i++) {
		const struct thread_stacks *t = &col->stacks.t[i];
		if (addr < t->fs_base && t->fs_base - addr <= TLS_REACH &&
		    (!found || t->fs_base < found->fs_base))
			found = t;
	}
	if (!found || !target_tls_text(col->target, &col->reader.memory, found->fs_base, addr, out))
		return false;
	if (col->stacks.n > 1)
		buf_printf(out, ", of thread %d", (int)found->tid);
	return true;
}

/* ---- mappings ---- */

static bool read_space(struct collector *col)
{
	struct space space;
	if (space_read(control_alive(col->control), &space) != FT_OK) {
		ft_error_clear();
		return false;
	}
	uint64_t spent = col->points.spent + READ_COSTS + space.n / REGIONS_AN_EVENT;
	points_deinit(&col->points);
	col->points = (struct points){
		.space = space, .is_known = true, .read_at = col->seq, .spent = spent};
	return true;
}

static bool may_read(const struct collector *col)
{
	return col->points.spent <= col->seq + SPENT_AHEAD;
}

static bool is_old(const struct collector *col)
{
	const struct points *p = &col->points;
	return !p->is_known || p->is_stale || col->seq - p->read_at >= EVENTS_OLD;
}

static const struct thread_stacks *thread_of(const struct collector *col, uint64_t addr)
{
	for (size_t i = 0; i < col->stacks.n; i++) {
		const struct thread_stacks *t = &col->stacks.t[i];
		for (size_t k = 0; k < t->n; k++)
			if (addr >= t->s[k].lo && addr < t->s[k].hi)
				return t;
	}
	return NULL;
}

static void add_file(const struct region *r, struct buf *out)
{
	buf_str(out, r->x ? "code of " : r->w ? "data of " : r->r ? "read-only data of " : "");
	buf_str(out, path_name(r->path));
	if (r->deleted)
		buf_str(out, " (deleted)");
}

static void add_region(const struct collector *col, const struct region *r, uint64_t addr,
		       struct buf *out)
{
	const struct thread_stacks *t;
	if (strcmp(r->path, "[heap]") == 0) {
		buf_str(out, col->heap ? "brk heap, no block seen" : "brk heap");
	} else if (strcmp(r->path, "[stack]") == 0) {
		buf_str(out, "main stack");
	} else if (r->path[0] == '[') {
		buf_add(out, r->path + 1, strcspn(r->path + 1, "]"));
	} else if (r->path[0]) {
		add_file(r, out);
	} else if (!r->r && !r->w && !r->x) {
		buf_str(out, "memory without access");
	} else if ((t = thread_of(col, addr)) != NULL) {
		buf_printf(out, "thread stack of %d", (int)t->tid);
	} else {
		buf_str(out, "mmap area of ");
		buf_size(out, r->hi - r->lo);
	}
}

static void add_mapping(struct collector *col, uint64_t addr, struct buf *out)
{
	const struct points *p = &col->points;
	if (addr < first_page || (addr >= end_of_user && addr < start_of_kernel_page)) {
		buf_str(out, "not mapped");
		return;
	}
	bool fresh = is_old(col) && may_read(col) && read_space(col);
	const struct region *r = p->is_known && !p->is_stale ? space_at(&p->space, addr) : NULL;
	if (!r && !fresh && may_read(col) && read_space(col))
		r = space_at(&p->space, addr);
	if (r)
		add_region(col, r, addr, out);
	else if (p->is_known && !p->is_stale && p->read_at == col->seq)
		buf_str(out, "not mapped");
}

void points_text(void *collector, uint64_t addr, struct buf *out)
{
	struct collector *col = collector;
	struct known_place p;
	if (addr == 0)
		return;
	bool on_stack = places_find(col, addr, &p);
	if (on_stack && p.function) {
		add_place(&p, addr, out);
		return;
	}
	// musl's main thread has its own in libc's .bss.
	if (add_block(col, addr, out) || add_thread_local(col, addr, out) ||
	    target_part_text(col->target, addr, out))
		return;
	if (on_stack)
		buf_str(out, "the stack below all frames");
	else
		add_mapping(col, addr, out);
}
