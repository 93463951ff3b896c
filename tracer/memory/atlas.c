/*
 * atlas.c - what each mapping is: names of the kernel, threads, arenas; ELF files in atlas_image.c.
 */
#include "base/buf.h"
#include "memory/atlas_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ARENA_MAX = 64 << 20, // glibc's HEAP_MAX_SIZE: arenas are aligned to it (malloc/arena.c)
	TCB_SCAN = 64 * 1024, // of a stack's upper end, where struct pthread is
	TLS_SCAN = 1 << 20,   // of a small anonymous region
	TCB_SELF = 16,	      // tcbhead_t.self, the address of itself (sysdeps/x86_64/nptl/tls.h)
	RUST_SIGNAL_STACK = 8192,     // what std asks of sigaltstack(2), behind one guard page
	SCAN_BUDGET = 64 << 20,	      // bytes read of a process in search of control blocks
	STACK_GUARD_GAP = 256 * PAGE, // kept free below a growing stack (mm/mmap.c)
};

static const char *const names[REGION_KINDS] = {
	[REGION_HEADERS] = "headers",
	[REGION_CODE] = "text",
	[REGION_READ_ONLY] = "rodata",
	[REGION_RELRO] = "relro",
	[REGION_DATA] = "data",
	[REGION_BSS] = "bss",
	[REGION_HEAP] = "heap",
	[REGION_ARENA] = "malloc arena",
	[REGION_STACK] = "stack",
	[REGION_THREAD_STACK] = "thread stack",
	[REGION_SIGNAL_STACK] = "signal stack",
	[REGION_GUARD] = "guard",
	[REGION_RESERVED] = "reserved",
	[REGION_TLS] = "tls",
	[REGION_ANONYMOUS] = "mmap",
	[REGION_SHARED] = "shared",
	[REGION_FILE] = "file",
	[REGION_DEVICE] = "device",
	[REGION_VDSO] = "vdso",
	[REGION_VVAR] = "vvar",
	[REGION_VSYSCALL] = "vsyscall",
};

const char *region_kind_name(enum region_kind kind)
{
	return names[kind];
}

const char *atlas_keep(struct atlas *a, char *text)
{
	a->texts = xgrow(a->texts, a->n_texts, &a->cap_texts, sizeof(*a->texts));
	return a->texts[a->n_texts++] = text;
}

static uint64_t size_of(const struct region *r)
{
	return r->hi - r->lo;
}

bool atlas_starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

bool atlas_no_access(const struct region *r)
{
	return !r->r && !r->w && !r->x;
}

bool atlas_is_anonymous(const struct region *r)
{
	return r->inode == 0 && (r->path[0] == '\0' || atlas_starts(r->path, "[anon"));
}

/* ---- names that the kernel gives ---- */

static const struct {
	const char *path;
	enum region_kind kind;
	const char *what;
} kernel_names[] = {
	{"[heap]", REGION_HEAP,
	 "the heap: it begins behind the program's variables, with ASLR at a distance, and "
	 "grows upwards by brk(2)"},
	{"[stack]", REGION_STACK, NULL},
	{"[vdso]", REGION_VDSO,
	 "code of the kernel that programs call without a system call: gettimeofday, getcpu"},
	{"[vvar]", REGION_VVAR, "data of the kernel that the vdso reads: the time"},
	{"[vvar_vclock]", REGION_VVAR, "clock pages of a virtual machine that the vdso reads"},
	{"[vsyscall]", REGION_VSYSCALL,
	 "the old vdso at a fixed address, kept for old programs; in the kernel's half"},
};

char *atlas_size_words(uint64_t bytes)
{
	struct buf b;
	buf_init(&b);
	buf_size(&b, bytes);
	return b.s; // the caller's to free, as buf_deinit() would
}

// As the kernel's expand_downwards() and acct_stack_growth() decide it (mm/vma.c).
static uint64_t stack_room(const struct atlas_input *in, const struct atlas_row *row,
			   const struct atlas *a, bool *ret_by_limit)
{
	const struct region *r = row->region;
	uint64_t limit = in->process ? in->process->stack_limit : 0, floor = 0;
	if (row > a->rows) {
		floor = row[-1].region->hi;
		floor += atlas_no_access(row[-1].region) ? 0 : STACK_GUARD_GAP;
	}
	uint64_t by_neighbour = r->lo > floor ? r->lo - floor : 0;
	uint64_t by_limit = limit > size_of(r) ? limit - size_of(r) : 0;
	*ret_by_limit = by_limit <= by_neighbour;
	return (*ret_by_limit ? by_limit : by_neighbour) & ~(uint64_t)(PAGE - 1);
}

static void judge_stack(struct atlas *a, const struct atlas_input *in, struct atlas_row *row)
{
	uint64_t limit = in->process ? in->process->stack_limit : 0;
	const char *base = "the stack of the main thread: argv and environment at its upper end, "
			   "frames below; it grows downwards when it is touched";
	row->tid = in->process ? in->process->pid : 0;
	if (limit == 0) {
		row->what = base;
		return;
	}
	bool by_limit;
	a->stack_room = stack_room(in, row, a, &by_limit);
	a->stack_stop = by_limit ? "ulimit -s" : "the next mapping";
	char *room = atlas_size_words(a->stack_room), *words = atlas_size_words(limit);
	if (by_limit)
		row->what = atlas_keep(
			a, xasprintf("%s, by %s more: to %s (ulimit -s)", base, room, words));
	else
		row->what = atlas_keep(
			a, xasprintf("%s, by %s more: then the next mapping comes", base, room));
	free(room);
	free(words);
}

static bool judge_kernel_name(struct atlas *a, const struct atlas_input *in, struct atlas_row *row)
{
	for (size_t i = 0; i < FT_COUNT(kernel_names); i++) {
		if (strcmp(row->region->path, kernel_names[i].path) != 0)
			continue;
		row->kind = kernel_names[i].kind;
		row->what = kernel_names[i].what;
		if (row->kind == REGION_STACK)
			judge_stack(a, in, row);
		else if (row->kind == REGION_HEAP && !row->region->r && !row->region->w)
			row->what = "a part of the heap that nobody may access: its allocator's "
				    "guard (musl)";
		return true;
	}
	return false;
}

/* ---- files that are no images, and shared memory ---- */

static bool judge_file(struct atlas *a, struct atlas_row *row)
{
	const struct region *r = row->region;
	if (r->page > PAGE) {
		row->kind = r->inode && !atlas_starts(r->path, "/anon_hugepage") ? REGION_FILE
										 : REGION_ANONYMOUS;
		char *words = atlas_size_words(r->page);
		row->what = atlas_keep(a, xasprintf("memory in huge pages of %s", words));
		free(words);
		return true;
	}
	if (atlas_is_anonymous(r) && !r->shared)
		return false;
	row->kind = REGION_SHARED;
	if (atlas_starts(r->path, "/memfd:"))
		row->what = "memory without a file that has a descriptor (memfd_create(2))";
	else if (atlas_starts(r->path, "/SYSV"))
		row->what = "System V shared memory (shmget(2))";
	else if (atlas_is_anonymous(r) || (atlas_starts(r->path, "/dev/zero") && r->deleted))
		row->what = "memory shared with processes that were forked (mmap(2), MAP_SHARED)";
	else if (atlas_starts(r->path, "/dev/shm/"))
		row->what = "POSIX shared memory (shm_open(3))";
	else if (strcmp(r->path, "/dev/zero") == 0)
		row->kind = REGION_ANONYMOUS;
	else
		row->kind = atlas_starts(r->path, "/dev/") ? REGION_DEVICE : REGION_FILE;
	if (row->kind == REGION_ANONYMOUS)
		row->what = "anonymous memory, by way of /dev/zero";
	if (row->kind == REGION_DEVICE)
		row->what = "memory of a device";
	else if (row->kind == REGION_FILE)
		row->what = !r->shared ? "a file, read where it is touched (mmap(2))"
			    : r->w     ? "a file: what is written here goes into it"
				       : "a file, shared with all who map it, only read here";
	return true;
}

/* ---- anonymous memory ---- */

struct tcb {
	uint64_t at;
	pid_t tid;
};

/* The thread control block of glibc in [lo, hi): its first word and its third point to itself. */
static bool find_tcb(struct atlas *a, const struct atlas_input *in, uint64_t lo, uint64_t hi,
		     struct tcb *ret)
{
	if (in->pthread_tid_off == 0 || in->pthread_tid_off > PAGE)
		return false;
	uint64_t words[PAGE / 8];
	for (uint64_t page = (hi - 1) & ~(uint64_t)(PAGE - 1); page >= lo; page -= PAGE) {
		if (a->scanned >= SCAN_BUDGET)
			return false;
		a->scanned += sizeof(words);
		if (!memory_read(&in->memory, page, words, sizeof(words)))
			return false;
		for (size_t i = FT_COUNT(words); i-- > 0;) {
			uint64_t at = page + 8 * i, self = 0, tid = 0;
			if (words[i] != at || at % 64 != 0) // struct pthread is aligned to 64
				continue;
			if (!memory_read_uint(&in->memory, at + TCB_SELF, 8, &self) || self != at ||
			    !memory_read_uint(&in->memory, at + in->pthread_tid_off, 4, &tid))
				continue;
			*ret = (struct tcb){at, (pid_t)tid};
			return true;
		}
		if (page == 0)
			break;
	}
	return false;
}

// By tid, but for the main one, which comes first.
static const struct process_thread *thread_of(const struct atlas_input *in, pid_t tid)
{
	const struct process_thread *t = in->process ? in->process->threads : NULL;
	size_t lo = 1, hi = in->process ? in->process->n_threads : 0;
	if (hi > 0 && t[0].tid == tid)
		return t;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (t[mid].tid == tid)
			return &t[mid];
		if (t[mid].tid < tid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static int by_sp(const void *a, const void *b)
{
	const struct process_thread *const *x = a, *const *y = b;
	return (*x)->sp < (*y)->sp ? -1 : (*x)->sp > (*y)->sp;
}

static void sort_threads(struct atlas *a, const struct atlas_input *in)
{
	size_t n = in->process ? in->process->n_threads : 0;
	a->by_sp = xcalloc(n + 1, sizeof(const struct process_thread *));
	for (size_t i = 0; i < n; i++)
		if (in->process->threads[i].sp)
			a->by_sp[a->n_by_sp++] = &in->process->threads[i];
	if (a->n_by_sp > 1)
		qsort(a->by_sp, a->n_by_sp, sizeof(const struct process_thread *), by_sp);
}

/* How many threads have their stack pointers in it; *ret: the lowest of them, or NULL. */
static size_t threads_in(const struct atlas *a, const struct region *r,
			 const struct process_thread **ret)
{
	size_t lo = 0, hi = a->n_by_sp, n = 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (a->by_sp[mid]->sp < r->lo)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo + n < a->n_by_sp && a->by_sp[lo + n]->sp < r->hi)
		n++;
	*ret = n > 0 ? a->by_sp[lo] : NULL;
	return n;
}

/* A heap of a further arena begins with heap_info, whose first word points to the arena. */
static bool is_arena(const struct atlas_input *in, const struct region *r)
{
	uint64_t arena, previous, size;
	if (r->lo % ARENA_MAX != 0 || !r->w || !memory_read_uint(&in->memory, r->lo, 8, &arena) ||
	    !memory_read_uint(&in->memory, r->lo + 8, 8, &previous) ||
	    !memory_read_uint(&in->memory, r->lo + 16, 8, &size))
		return false;
	bool first = previous == 0 && arena > r->lo && arena < r->lo + 256;
	bool further =
		previous % ARENA_MAX == 0 && previous != 0 && arena > previous && arena % 16 == 0;
	return (first || further) && size > 0 && size <= ARENA_MAX;
}

static void name_shared_stack(struct atlas *a, struct atlas_row *row, size_t n)
{
	row->kind = REGION_THREAD_STACK;
	row->what = atlas_keep(
		a, xasprintf("the stacks of %zu threads, with no guard page between them", n));
}

/* `searched`: a control block, if there were one, would have been found. */
static void name_thread_stack(struct atlas *a, struct atlas_row *row,
			      const struct process_thread *t, bool searched)
{
	row->kind = REGION_THREAD_STACK;
	row->tid = t->tid;
	if (row->tcb)
		row->what = atlas_keep(
			a, xasprintf("the stack of thread %d (%s), with its thread-local storage "
				     "at the upper end",
				     (int)t->tid, t->name));
	else if (searched)
		row->what = atlas_keep(
			a, xasprintf("a stack that thread %d (%s) runs on now: an alternate signal "
				     "stack, or a coroutine's",
				     (int)t->tid, t->name));
	else
		row->what = atlas_keep(
			a, xasprintf("the stack of thread %d (%s)", (int)t->tid, t->name));
}

static bool judge_thread(struct atlas *a, const struct atlas_input *in, struct atlas_row *row)
{
	const struct region *r = row->region;
	const struct process_thread *t;
	size_t n = threads_in(a, r, &t);
	struct tcb tcb;
	bool guarded =
		row > a->rows && atlas_no_access(row[-1].region) && row[-1].region->hi == r->lo;
	uint64_t scan = guarded || t ? TCB_SCAN : TLS_SCAN;
	uint64_t lo = size_of(r) > scan ? r->hi - scan : r->lo;
	bool worth = r->w && (scan == TCB_SCAN || (size_of(r) <= TLS_SCAN && !a->main_tcb));
	if (worth && find_tcb(a, in, lo, r->hi, &tcb)) {
		row->tcb = tcb.at;
		if (!t)
			t = thread_of(in, tcb.tid);
	} else {
		tcb = (struct tcb){0};
	}
	if (n > 1) {
		name_shared_stack(a, row, n);
		return true;
	}
	if (t && t->tid != in->process->pid) {
		name_thread_stack(a, row, t, in->pthread_tid_off && a->scanned < SCAN_BUDGET);
		return true;
	}
	if (t && tcb.at && tcb.tid == t->tid) {
		row->kind = REGION_TLS;
		row->tid = t->tid;
		a->main_tcb = tcb.at;
		row->what = "thread-local storage and control block of the main thread";
		return true;
	}
	if (t) {
		row->kind = REGION_THREAD_STACK;
		row->tid = t->tid;
		row->what = "a stack that the main thread runs on now: an alternate signal stack, "
			    "or a coroutine's";
		return true;
	}
	if (!tcb.at || tcb.tid > 0 || !guarded) // 0: it has ended; -1: and was joined
		return false;
	row->kind = REGION_THREAD_STACK;
	row->what = "the stack of a thread that has ended, kept for the next one";
	return true;
}

static void judge_anonymous(struct atlas *a, const struct atlas_input *in, struct atlas_row *row)
{
	const struct region *r = row->region;
	row->kind = REGION_ANONYMOUS;
	row->what = r->x ? "anonymous memory that may be executed: code made at run time"
			 : "anonymous memory (mmap(2)): large blocks of malloc, buffers, tables";
	if (atlas_no_access(r)) {
		row->kind = REGION_RESERVED;
		row->what = "addresses that are taken, without access";
		return;
	}
	if (is_arena(in, r)) {
		row->kind = REGION_ARENA;
		row->what = "a malloc arena: the heap of threads besides the main one; it grows "
			    "up to 64 MiB";
		return;
	}
	if (judge_thread(a, in, row))
		return;
	if (size_of(r) == RUST_SIGNAL_STACK && r->w && row > a->rows &&
	    atlas_no_access(row[-1].region) && row[-1].region->hi == r->lo &&
	    size_of(row[-1].region) == PAGE) {
		row->kind = REGION_SIGNAL_STACK;
		row->inferred = true;
		row->what = "most likely the alternate signal stack that Rust's std sets up "
			    "(sigaltstack(2)), to tell of a stack overflow";
	}
}

/* What lies without access beside something belongs to that. */
static void judge_neighbours(struct atlas *a)
{
	for (size_t i = 0; i < a->n; i++) {
		struct atlas_row *row = &a->rows[i];
		if (row->kind != REGION_RESERVED || row->image)
			continue;
		const struct atlas_row *above = i + 1 < a->n ? row + 1 : NULL;
		const struct atlas_row *below = i > 0 ? row - 1 : NULL;
		if (below && below->kind == REGION_ARENA && below->region->hi == row->region->lo) {
			row->what = "room that the malloc arena below may grow into";
			continue;
		}
		if (!above || above->region->lo != row->region->hi)
			continue;
		if (above->kind == REGION_THREAD_STACK) {
			row->kind = REGION_GUARD;
			row->tid = above->tid;
			row->what =
				"guard page: whoever runs off the stack above gets SIGSEGV here";
		} else if (above->kind == REGION_SIGNAL_STACK) {
			row->kind = REGION_GUARD;
			row->inferred = true;
			row->what = "guard page of the signal stack above";
		}
	}
}

void atlas_init(struct atlas *a, const struct atlas_input *in)
{
	*a = (struct atlas){.n = in->space->n};
	a->rows = xcalloc(a->n + 1, sizeof(*a->rows));
	sort_threads(a, in);
	for (size_t i = 0; i < a->n; i++) {
		struct atlas_row *row = &a->rows[i];
		row->region = &in->space->r[i];
		row->image = image_of(in, row->region);
		if (judge_kernel_name(a, in, row))
			row->image = NULL;
		else if (row->image)
			image_judge(a, row);
		else if (!judge_file(a, row))
			judge_anonymous(a, in, row);
	}
	judge_neighbours(a);
}

void atlas_deinit(struct atlas *a)
{
	for (size_t i = 0; i < a->n_texts; i++)
		free(a->texts[i]);
	free(a->texts);
	free(a->by_sp);
	free(a->rows);
	*a = (struct atlas){0};
}

const struct atlas_row *atlas_at(const struct atlas *a, uint64_t addr)
{
	size_t lo = 0, hi = a->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (a->rows[mid].region->hi <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < a->n && a->rows[lo].region->lo <= addr ? &a->rows[lo] : NULL;
}

bool atlas_gap(const struct atlas *a, uint64_t *ret_lo, uint64_t *ret_hi)
{
	const struct atlas_row *heap = NULL, *stack = NULL;
	for (size_t i = 0; i < a->n; i++) {
		if (a->rows[i].kind == REGION_HEAP)
			heap = &a->rows[i];
		if (a->rows[i].kind == REGION_STACK)
			stack = &a->rows[i];
	}
	if (!heap || !stack || heap->region->hi > stack->region->lo)
		return false;
	*ret_lo = heap->region->hi;
	*ret_hi = stack->region->lo;
	return true;
}
