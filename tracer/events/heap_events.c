/*
 * heap_events.c - stops at the allocator become events: who asked, at which line, for what.
 */
#include <errno.h>
#include <string.h>

#include "events/collector.h"
#include "events/heap.h"
#include "memory/process.h"

enum {
	CALL_WORDS = 16, // below a frame, looked through for the return address of its call
	INLINES_AT = 64,
	WALK_MOST = 64,	 // frames between the allocator and who asked
	CHUNK_FLAGS = 7, // glibc, malloc.c: the low bits of a chunk's size
	CHUNK_MAPPED = 2,
};

/* ---- on whose behalf ---- */

static bool is_met(struct collector *col, struct thread_stacks *t, const struct hit *hit,
		   const struct frame *f)
{
	struct unwind_frame w = unwind_innermost(&hit->regs), caller;
	for (int i = 0; i < WALK_MOST && walk_outwards(col, &w, &caller); i++) {
		w.cfa = caller.regs.r[ARCH_RSP];
		if (w.cfa >= f->cfa)
			return frames_walked(t, &w) == f;
		w = caller;
	}
	return false;
}

/*
 * Left by an exception or a longjmp, which nobody has seen yet: the code that goes on has called
 * others since, and what these calls pushed is where the frame's return address was. If a walk
 * meets the frame, its return address was overwritten.
 */
static bool is_gone(struct collector *col, struct thread_stacks *t, const struct hit *hit,
		    const struct frame *f)
{
	uint64_t back;
	return memory_read_uint(&col->reader.memory, f->cfa - ARCH_WORD, ARCH_WORD, &back) &&
	       back != f->return_address && !is_met(col, t, hit, f);
}

/* On whose behalf. */
struct asker {
	struct frame *f;	    // the innermost that is shown; NULL: none
	size_t n;		    // it and the outer ones, which are before it
	const struct frame *callee; // that f has called and that is not shown (--depth); or NULL
};

static struct asker asker_of(struct collector *col, const struct hit *hit, uint64_t cfa)
{
	struct thread_stacks *t = stacks_of(&col->stacks, hit->tid, hit->pid);
	struct stack *s = stack_holding(t, cfa);
	struct asker o = {.n = s ? s->n : 0};
	for (; o.n > 0; o.n--) {
		const struct frame *f = &s->f[o.n - 1];
		if (f->cfa < cfa || is_gone(col, t, hit, f))
			continue;
		if (f->reported)
			break;
		o.callee = f;
	}
	o.f = o.n > 0 ? &s->f[o.n - 1] : NULL;
	return o;
}

// The function that the call before `back` calls: call rel32, or call through a slot.
static const char *called_at(struct collector *col, uint64_t back)
{
	uint8_t code[6];
	int32_t off;
	uint64_t to;
	if (symbols_code(col->symbols, back - sizeof(code), code, sizeof(code)) < sizeof(code))
		return NULL;
	memcpy(&off, code + 2, sizeof(off));
	to = back + (uint64_t)(int64_t)off;
	if (code[0] == 0xff && code[1] == 0x15) {
		if (!memory_read_uint(&col->reader.memory, to, ARCH_WORD, &to))
			return NULL;
	} else if (code[1] != 0xe8) {
		return NULL;
	}
	const struct address_name *name = target_name(col->target, to);
	size_t len = name->symbol ? strlen(name->symbol) : 0;
	// Only if it is where a function begins: else those bytes were no call.
	return len > 2 && strcmp(name->symbol + len - 2, "+0") == 0 ? name->function : NULL;
}

static bool follows_a_call(struct collector *col, const struct frame *f, uint64_t pc)
{
	const struct function *fn = f->fn->f;
	for (size_t i = 0; i < f->fn->plan.n_after_calls; i++)
		if (f->fn->plan.after_calls[i] == pc)
			return true;
	for (size_t i = 0; i < fn->n_ranges; i++) // of what does not return, where the code ends
		if (fn->ranges[i].hi == pc)
			return called_at(col, pc) != NULL;
	return false;
}

/*
 * The return address of the frame's own call, through which all that runs now was called: it lies
 * where that call has pushed it, right below what the frame has, or below arguments on the stack.
 */
static uint64_t call_of(struct collector *col, const struct frame *f, const struct frame *callee,
			const struct heap_op *op)
{
	// A recursive function may have asked from a frame of it that is not shown.
	uint64_t direct = callee ? callee->return_address : op->back;
	if (frames_called_by(f, direct))
		return direct;
	uint64_t at = f->rsp, back;
	for (unsigned i = 0; i < CALL_WORDS; i++) {
		at -= ARCH_WORD;
		if (at < op->cfa || !memory_read_uint(&col->reader.memory, at, ARCH_WORD, &back))
			return 0;
		if (frames_called_by(f, back) && follows_a_call(col, f, back))
			return back;
	}
	return 0;
}

// The line in the function itself, also where what calls the allocator is inlined into it.
static void find_line(struct collector *col, uint64_t back, struct event_place *ret)
{
	const struct inlined *calls[INLINES_AT];
	size_t n = inlines_at(col->symbols, back - 1, calls, INLINES_AT, NULL);
	if (n > 0 && n < INLINES_AT && calls[n - 1]->call_line) {
		ret->file = calls[n - 1]->call_file;
		ret->line = calls[n - 1]->call_line;
		return;
	}
	const struct address_name *name = target_return_name(col->target, back);
	ret->file = name->file;
	ret->line = name->line;
}

static uint32_t step_to(struct collector *col, uint32_t from, const struct frame *caller,
			const struct frame *f)
{
	struct heap_step step = {f->fn, f->return_address};
	struct heap_step_text text = {.function = f->fn->f->name};
	struct event_place call = {.line = 0};
	uint32_t known = heap_path(col->heap, from, &step);
	if (known != HEAP_NEW_PATH)
		return known;
	struct heap_op by = {.cfa = f->cfa, .back = f->return_address};
	uint64_t back = caller ? call_of(col, caller, NULL, &by) : 0;
	if (back)
		find_line(col, back, &call);
	text.call_file = call.file;
	text.call_line = call.line;
	return heap_path_add(col->heap, from, &step, &text);
}

// How the last of n frames was called; each frame remembers it.
static uint32_t path_of(struct collector *col, struct frame *last, size_t n)
{
	struct frame *first = last - (n - 1), *f = last + 1;
	while (f > first && !f[-1].path)
		f--;
	uint32_t path = f > first ? f[-1].path : 0;
	for (; f <= last; f++)
		path = f->path = step_to(col, path, f > first ? f - 1 : NULL, f);
	return path;
}

static void without_plt(struct buf *b)
{
	if (b->len > 4 && strcmp(b->s + b->len - 4, "@plt") == 0)
		buf_truncate(b, b->len - 4);
}

// Who asks on behalf of f, if f itself does not.
static void find_via(struct collector *col, const struct asker *o, const struct heap_op *op,
		     uint64_t back, struct event_place *ret)
{
	const struct frame *f = o->f;
	if (f ? !o->callee && frames_called_by(f, op->back) : !col->o.heap_all)
		return;
	const struct address_name *direct = target_return_name(col->target, op->back);
	const char *name = back ? called_at(col, back) : NULL;
	if (f && o->callee && frames_called_by(f, o->callee->return_address))
		name = o->callee->fn->f->name;
	const struct module *m = symbols_module_at(col->symbols, op->back - 1);
	if (m && !(f && f->fn->f->module == m))
		ret->via_module = m->name;
	if (!name)
		name = direct->function;
	if (!name)
		return;
	buf_reset(&col->heap_text);
	buf_str(&col->heap_text, name);
	without_plt(&col->heap_text);
	ret->via = col->heap_text.s;
}

static uint32_t place_of(struct collector *col, const struct asker *o, const struct heap_op *op,
			 uint64_t *ret_back)
{
	struct heap_key key = {.call = op->fn, .back = col->o.heap_all ? op->back : 0};
	struct event_place place = {.line = 0};
	struct frame *f = o->f;
	*ret_back = 0;
	if (f) {
		key.function = f->fn;
		*ret_back = key.back = call_of(col, f, o->callee, op);
		key.path = path_of(col, f, o->n);
	}
	uint32_t known = heap_place(col->heap, &key);
	if (known != HEAP_NEW_PLACE)
		return known;
	if (f)
		place.function = f->fn->f->name;
	if (*ret_back)
		find_line(col, *ret_back, &place);
	if (f && !place.file)
		place.file = f->fn->f->file;
	find_via(col, o, op, *ret_back, &place);
	return heap_place_add(col->heap, &key, &place);
}

/* ---- events ---- */

static struct event begin_event(struct collector *col, enum event_kind kind, const struct hit *hit,
				const struct frame *f, struct event_heap *heap,
				const struct heap_change *c)
{
	struct event ev = collect_event(col, kind, hit->pid, hit->tid, col->now);
	*heap = (struct event_heap){
		.call = c->op.fn->shown,
		.number = c->numbered ? c->block.number : 0,
		.address = c->block.addr,
		.size = c->size,
		.usable = c->block.usable,
		.alignment = c->alignment,
		.failed = c->failed,
		.place = heap_place_text(col->heap, c->op.place),
	};
	if (c->failed && c->error)
		heap->error = strerrorname_np(c->error);
	ev.heap = heap;
	ev.depth = f ? f->depth + 1 : 0;
	ev.function = heap->place.function;
	ev.file = heap->place.file;
	ev.line = heap->place.line;
	return ev;
}

// What is at an address that is no block: for one who wants to free it.
static const char *what_is_at(struct collector *col, const struct hit *hit, uint64_t addr)
{
	struct thread_stacks *t = stacks_of(&col->stacks, hit->tid, hit->pid);
	struct stack *s = stack_holding(t, addr);
	buf_reset(&col->heap_text);
	if (s) {
		size_t n = s->n;
		while (n > 0 && s->f[n - 1].cfa <= addr)
			n--;
		buf_str(&col->heap_text, "the stack");
		if (n > 0 && addr >= s->f[n - 1].rsp)
			buf_printf(&col->heap_text, ", in the frame of %s",
				   s->f[n - 1].fn->f->name);
		return col->heap_text.s;
	}
	target_address_text(col->target, addr, &col->heap_text);
	return col->heap_text.len ? col->heap_text.s + 1 : NULL;
}

static enum event_free verdict_of(enum blocks_free v)
{
	switch (v) {
	case BLOCKS_FREED:
		return FREE_GOOD;
	case BLOCKS_TWICE:
		return FREE_TWICE;
	case BLOCKS_INSIDE:
		return FREE_INSIDE;
	case BLOCKS_UNKNOWN:
		break;
	}
	return FREE_UNKNOWN;
}

/*
 * A free that looks wrong is told only where it is certain: all that was given out must have been
 * seen; what no one has given out must be freed by the program's own code; and a free by the
 * allocator's own library is its own affair: when a thread ends, glibc frees what it has kept.
 */
static bool is_told(const struct collector *col, const struct frame *f, const struct heap_change *c)
{
	if (c->verdict == BLOCKS_FREED)
		return c->numbered;
	if (heap_has_unseen(col->heap) || heap_sites_incomplete(col->target))
		return false;
	bool direct = f && frames_called_by(f, c->op.back);
	if (c->verdict == BLOCKS_UNKNOWN || heap_sites_is_static(col->target))
		return direct;
	return f && !heap_sites_is_inside(col->target, c->op.back);
}

static void tell_free(struct collector *col, const struct hit *hit, const struct frame *f,
		      const struct heap_change *c)
{
	struct event_heap heap;
	if (!is_told(col, f, c))
		return;
	struct event ev = begin_event(col, EVENT_FREE, hit, f, &heap, c);
	heap.verdict = verdict_of(c->verdict);
	heap.known_block = c->verdict != BLOCKS_UNKNOWN;
	if (heap.known_block) {
		heap.allocated = heap_place_text(col->heap, c->block.path);
		heap.alloc_seq = c->block.alloc_seq;
		heap.offset = c->address - c->block.addr;
	}
	const char *owners[BLOCK_OWNERS];
	for (size_t i = 0; i < c->block.n_owners; i++)
		owners[i] = heap_owner(col->heap, c->block.owners[i]);
	heap.owners = owners;
	heap.n_owners = c->verdict == BLOCKS_FREED ? c->block.n_owners : 0;
	heap.more_owners = c->block.more_owners;
	if (c->verdict == BLOCKS_TWICE) {
		heap.freed = heap_place_text(col->heap, c->block.free_path);
		heap.free_seq = c->block.free_seq;
	}
	heap.address = c->address;
	if (c->verdict == BLOCKS_UNKNOWN)
		heap.what = what_is_at(col, hit, c->address);
	if (c->verdict != BLOCKS_FREED)
		heap_count_bad(col->heap);
	collect_emit(col, &ev);
}

static void tell(struct collector *col, const struct hit *hit, const struct frame *f,
		 const struct heap_change *c)
{
	struct event_heap heap;
	struct event ev;
	switch (c->what) {
	case HEAP_NOTHING:
		return;
	case HEAP_FREED:
		tell_free(col, hit, f, c);
		return;
	case HEAP_ALLOCATED:
		if (!c->numbered)
			return;
		ev = begin_event(col, EVENT_ALLOC, hit, f, &heap, c);
		break;
	case HEAP_REALLOCATED:
		if (!c->numbered)
			return;
		ev = begin_event(col, EVENT_REALLOC, hit, f, &heap, c);
		heap.old_address = c->old.addr;
		heap.old_size = c->old.size;
		heap.moved = !c->failed && c->block.addr != c->old.addr;
		heap.allocated = heap_place_text(col->heap, c->old.path);
		heap.alloc_seq = c->old.alloc_seq;
		heap.known_block = true;
		if (c->failed && heap_is_numbered(&c->old))
			heap.number = c->old.number;
		break;
	case HEAP_GREW:
		ev = begin_event(col, EVENT_BRK, hit, f, &heap, c);
		heap.address = c->address;
		heap.is_brk = c->op.fn->call == HEAP_BRK;
		heap.shrinks = c->shrinks;
		heap.served = c->served;
		break;
	}
	collect_emit(col, &ev);
	if (ev.kind == EVENT_BRK)
		space_tell_growth(col, ev.pid, ev.tid);
}

/* ---- stops ---- */

static void know_end(struct collector *col, const struct heap_op *op)
{
	struct process p;
	if (op->fn->call != HEAP_BRK || op->arg[0] == 0 || heap_knows_end(col->heap))
		return;
	if (process_read(control_alive(col->control), &p) != FT_OK) {
		ft_error_clear();
		return;
	}
	heap_set_end(col->heap, p.start_brk);
	process_deinit(&p);
}

void heap_on_entry(struct collector *col, const struct hit *hit, const struct heap_function *fn)
{
	uint64_t rsp = hit->regs.r[ARCH_RSP], back;
	struct heap_op op = {.fn = fn, .cfa = rsp + ARCH_CALL_CFA};
	struct heap_change change = {.what = HEAP_NOTHING};
	if (!memory_read_uint(&col->reader.memory, rsp, ARCH_WORD, &op.back))
		return;
	for (unsigned i = 0; i < FT_COUNT(op.arg); i++)
		op.arg[i] = hit->regs.r[arch_integer_arg(i)];
	struct asker o = asker_of(col, hit, op.cfa);
	op.shown = o.f || col->o.heap_all;
	op.place = place_of(col, &o, &op, &back);
	bool frees = fn->call == HEAP_FREE || fn->call == HEAP_DELETE;
	if (frees && back && col->o.locals)
		heap_note_locals(col, o.f, back - 1, op.arg[0]);
	if (fn->call == HEAP_BRK || fn->call == HEAP_MMAP || fn->call == HEAP_MUNMAP)
		points_changed(&col->points);
	know_end(col, &op);
	if (heap_begin(col->heap, hit->tid, &op, col->seq, &change))
		tell(col, hit, o.f, &change);
	const struct heap_op *pending = heap_pending(col->heap, hit->tid, op.cfa);
	if (pending && pending->fn == fn &&
	    !heap_sites_meet(col->target, op.back, fn->call == HEAP_POSIX_MEMALIGN))
		heap_lost(col->heap, hit->tid);
}

// glibc, malloc.c: a chunk's size stands before the block; its header is 8 bytes, 16 if mapped.
static uint64_t usable_size(struct collector *col, uint64_t block)
{
	uint64_t size;
	if (!block || !heap_sites_is_glibc(col->target) ||
	    !memory_read_uint(&col->reader.memory, block - ARCH_WORD, ARCH_WORD, &size))
		return 0;
	uint64_t header = size & CHUNK_MAPPED ? 2 * ARCH_WORD : ARCH_WORD;
	size &= ~(uint64_t)CHUNK_FLAGS;
	return size > header ? size - header : 0;
}

void heap_on_return(struct collector *col, const struct hit *hit)
{
	uint64_t sp = hit->regs.r[ARCH_RSP];
	const struct heap_op *op = heap_pending(col->heap, hit->tid, sp);
	struct heap_result result = {.value = hit->regs.r[ARCH_RAX]};
	struct heap_change change;
	if (!op)
		return;
	bool stored = op->fn->call == HEAP_POSIX_MEMALIGN;
	if (stored && (int32_t)result.value == 0 &&
	    !memory_read_uint(&col->reader.memory, op->arg[0], ARCH_WORD, &result.block)) {
		heap_lost(col->heap, hit->tid);
		return;
	}
	bool gives = op->fn->call != HEAP_BRK && op->fn->call != HEAP_MMAP;
	if (gives)
		result.usable = usable_size(col, stored ? result.block : result.value);
	if (heap_end(col->heap, hit->tid, sp, &result, col->seq, &change))
		tell(col, hit, asker_of(col, hit, sp).f, &change);
}
