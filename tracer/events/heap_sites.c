#define LOG_DOMAIN "heap"
#include "events/heap_sites.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "events/target_private.h"
#include "symbols/dynamic.h"

enum {
	RETURN_SLOTS = 48,    // mapped at a time: a page of them
	CAPTURE_STACK = 4096, // bytes above an entry, to find the call in the traced function
	INSN_MAX = 15,
};

/*
 * malloc and its kin (malloc(3), posix_memalign(3)); what grows the heap; and C++'s operators
 * (Itanium ABI names), which an allocator may define without going through malloc.
 */
static const struct heap_function functions[] = {
	{"malloc", "malloc", HEAP_MALLOC},
	{"calloc", "calloc", HEAP_CALLOC},
	{"realloc", "realloc", HEAP_REALLOC},
	{"reallocarray", "reallocarray", HEAP_REALLOCARRAY},
	{"aligned_alloc", "aligned_alloc", HEAP_ALIGNED},
	{"memalign", "memalign", HEAP_ALIGNED},
	{"posix_memalign", "posix_memalign", HEAP_POSIX_MEMALIGN},
	{"valloc", "valloc", HEAP_PAGES},
	{"pvalloc", "pvalloc", HEAP_PAGES},
	{"free", "free", HEAP_FREE},
	{"cfree", "cfree", HEAP_FREE},
	{"brk", "brk", HEAP_BRK},
	{"mmap", "mmap", HEAP_MMAP},
	{"munmap", "munmap", HEAP_MUNMAP},
};

static const struct heap_function either_aligned = {"aligned_alloc", "aligned_alloc or memalign",
						    HEAP_ALIGNED};

static const struct heap_function operators[] = {
	{"_Znwm", "operator new", HEAP_MALLOC},
	{"_Znam", "operator new[]", HEAP_MALLOC},
	{"_ZnwmRKSt9nothrow_t", "operator new", HEAP_MALLOC},
	{"_ZnamRKSt9nothrow_t", "operator new[]", HEAP_MALLOC},
	{"_ZnwmSt11align_val_t", "operator new", HEAP_NEW_ALIGNED},
	{"_ZnamSt11align_val_t", "operator new[]", HEAP_NEW_ALIGNED},
	{"_ZnwmSt11align_val_tRKSt9nothrow_t", "operator new", HEAP_NEW_ALIGNED},
	{"_ZnamSt11align_val_tRKSt9nothrow_t", "operator new[]", HEAP_NEW_ALIGNED},
	{"_ZdlPv", "operator delete", HEAP_DELETE},
	{"_ZdaPv", "operator delete[]", HEAP_DELETE},
	{"_ZdlPvm", "operator delete", HEAP_DELETE},
	{"_ZdaPvm", "operator delete[]", HEAP_DELETE},
	{"_ZdlPvRKSt9nothrow_t", "operator delete", HEAP_DELETE},
	{"_ZdaPvRKSt9nothrow_t", "operator delete[]", HEAP_DELETE},
	{"_ZdlPvSt11align_val_t", "operator delete", HEAP_DELETE},
	{"_ZdaPvSt11align_val_t", "operator delete[]", HEAP_DELETE},
	{"_ZdlPvmSt11align_val_t", "operator delete", HEAP_DELETE},
	{"_ZdaPvmSt11align_val_t", "operator delete[]", HEAP_DELETE},
};

static bool comes_back(enum heap_call call)
{
	switch (call) {
	case HEAP_MALLOC:
	case HEAP_CALLOC:
	case HEAP_REALLOC:
	case HEAP_REALLOCARRAY:
	case HEAP_ALIGNED:
	case HEAP_POSIX_MEMALIGN:
	case HEAP_PAGES:
	case HEAP_NEW_ALIGNED:
	case HEAP_DELETE:
	case HEAP_BRK:
	case HEAP_MMAP:
		return true;
	case HEAP_FREE: // it has no result; what it frees is known at once
	case HEAP_MUNMAP:
		break;
	}
	return false;
}

static struct capture_plan entry_plan(enum heap_call call)
{
	struct capture_plan plan = {.cfa = {.reg = ARCH_RSP, .off = ARCH_CALL_CFA}};
	plan.n_ranges = 2;
	plan.ranges[0] = (struct capture_range){-ARCH_WORD, 2 * ARCH_WORD};
	plan.ranges[1] = (struct capture_range){ARCH_WORD, CAPTURE_STACK};
	plan.meets_return = comes_back(call);
	return plan;
}

// The file's mappings around an address: what slots must be near to.
static bool extent_of(const struct space *space, uint64_t addr, struct reach *ret)
{
	const struct region *r = space_at(space, addr);
	if (!r)
		return false;
	const struct region *first = r, *last = r, *end = space->r + space->n;
	while (r->inode && first > space->r && strcmp(first[-1].path, r->path) == 0)
		first--;
	while (r->inode && last + 1 < end && strcmp(last[1].path, r->path) == 0)
		last++;
	*ret = (struct reach){first->lo, last->hi, *r->path ? r->path : "memory without a file"};
	return true;
}

static bool displace_live(struct target *t, uint64_t addr, struct displaced *ret)
{
	uint8_t bytes[INSN_MAX];
	struct memory mem = control_memory(t->control);
	size_t n = mem.read(mem.ctx, addr, bytes, sizeof(bytes));
	enum ft_rc rc = n ? code_displace_bytes(addr, bytes, n, ret) : FT_NONE;
	if (rc == FT_FAIL)
		ft_error_clear();
	return rc == FT_OK;
}

static void place(struct target *t, const struct space *space, const struct intended *one)
{
	struct reach reach;
	struct intended copy = *one;
	struct intentions list = {&copy, 1, 1};
	if (!extent_of(space, one->d.home, &reach) ||
	    sites_place(t, space, &reach, RETURN_SLOTS, &list) != FT_OK) {
		ft_log("no site at 0x%" PRIx64 ": %s", one->d.home, ft_error());
		ft_error_clear();
		t->heap.incomplete = true;
	}
}

static void place_entry(struct target *t, const struct space *space, const struct heap_function *fn,
			uint64_t addr)
{
	uint32_t id;
	struct intended one = {.plan = entry_plan(fn->call), .use = {.heap = fn}};
	if (control_site_at(t->control, addr, &id) && target_site(t, id)->heap) {
		if (target_site(t, id)->heap->call == HEAP_ALIGNED) // which name was called?
			sites_use(t, id)->heap = &either_aligned;
		return; // another name of a function that was found before
	}
	ft_log("%s is at 0x%" PRIx64, fn->symbol, addr);
	if (displace_live(t, addr, &one.d))
		place(t, space, &one);
	else
		t->heap.incomplete = true;
}

struct lookup {
	struct memory mem;
	struct dynamic_object *objects;
	size_t n;
};

static const struct dynamic_object *find(const struct lookup *l, const char *name, uint64_t *ret)
{
	for (size_t i = 0; i < l->n; i++)
		if (dynamic_function(&l->mem, &l->objects[i], name, ret) == FT_OK)
			return &l->objects[i];
	return NULL;
}

static bool is_in_program(const struct target *t, uint64_t addr)
{
	return addr >= t->modules[0].lo && addr < t->modules[0].hi;
}

static void place_dynamic(struct target *t, const struct space *space, const struct lookup *l)
{
	uint64_t at;
	const struct dynamic_object *allocator = find(l, "malloc", &at);
	if (!allocator)
		return;
	t->heap.found = true;
	t->heap.is_glibc =
		dynamic_function(&l->mem, allocator, "gnu_get_libc_version", &at) == FT_OK;
	struct reach reach;
	if (find(l, "free", &at) && !is_in_program(t, at) && extent_of(space, at, &reach)) {
		t->heap.lo = reach.lo;
		t->heap.hi = reach.hi;
	}
	for (size_t i = 0; i < FT_COUNT(functions); i++)
		if (find(l, functions[i].symbol, &at))
			place_entry(t, space, &functions[i], at);
	for (size_t i = 0; i < FT_COUNT(operators); i++)
		if (dynamic_function(&l->mem, allocator, operators[i].symbol, &at) == FT_OK)
			place_entry(t, space, &operators[i], at);
}

static bool find_debug(struct target *t, const struct memory *mem, uint64_t *ret)
{
	struct module_part *parts;
	size_t n;
	bool found = false;
	symbols_parts(t->modules[0].module, &parts, &n);
	for (size_t i = 0; i < n && !found; i++)
		found = strcmp(parts[i].name, ".dynamic") == 0 &&
			dynamic_debug(mem, parts[i].lo, ret) == FT_OK;
	free(parts);
	return found;
}

// Code that went away took our sites with it.
static void forget_unmapped(struct target *t, const struct space *space)
{
	size_t kept = 0;
	for (size_t i = 0; i < t->heap.n_reaches; i++) {
		struct heap_reach *r = &t->heap.reaches[i];
		const struct region *now = space_at(space, r->lo);
		if (now && now->lo == r->lo && now->inode == r->inode) {
			t->heap.reaches[kept++] = *r;
			continue;
		}
		control_forget(t->control, r->lo, r->hi);
	}
	t->heap.n_reaches = kept;
}

void heap_sites_rescan(struct target *t, const struct space *space)
{
	struct lookup l = {.mem = control_memory(t->control)};
	uint64_t debug;
	if (!find_debug(t, &l.mem, &debug) ||
	    dynamic_objects(&l.mem, debug, &l.objects, &l.n) != FT_OK)
		return;
	forget_unmapped(t, space);
	if (!t->heap.found)
		place_dynamic(t, space, &l);
	free(l.objects);
}

static void place_static(struct target *t, const struct space *space,
			 const struct heap_function *list, size_t n)
{
	uint64_t at;
	for (size_t i = 0; i < n; i++)
		if (symbols_address_of(t->symbols, t->modules[0].module, list[i].symbol, &at) ==
		    FT_OK)
			place_entry(t, space, &list[i], at);
}

void heap_sites_static(struct target *t, const struct space *space)
{
	struct module *m = t->modules[0].module;
	uint64_t at;
	if (symbols_address_of(t->symbols, m, "malloc", &at) != FT_OK)
		return;
	t->heap.found = true;
	t->heap.is_glibc = symbols_address_of(t->symbols, m, "__libc_malloc", &at) == FT_OK &&
			   symbols_address_of(t->symbols, m, "_int_malloc", &at) == FT_OK;
	place_static(t, space, functions, FT_COUNT(functions));
	if (!t->heap.is_glibc) // with glibc they are libstdc++'s, which call malloc
		place_static(t, space, operators, FT_COUNT(operators));
	ft_error_clear();
}

static void remember_reach(struct target *t, const struct space *space, uint64_t address)
{
	const struct region *r = space_at(space, address);
	if (!r)
		return;
	for (size_t i = 0; i < t->heap.n_reaches; i++)
		if (t->heap.reaches[i].lo == r->lo)
			return;
	t->heap.reaches = xgrow(t->heap.reaches, t->heap.n_reaches, &t->heap.cap_reaches,
				sizeof(*t->heap.reaches));
	t->heap.reaches[t->heap.n_reaches++] = (struct heap_reach){r->lo, r->hi, r->inode};
}

bool heap_sites_meet(struct target *t, uint64_t address, bool hold)
{
	uint32_t id;
	struct space space;
	struct intended one = {.use = {.heap_return = true}};
	if (control_site_at(t->control, address, &id)) {
		sites_use(t, id)->heap_return = true;
		return true;
	}
	one.plan.hold = hold;
	one.plan.cfa = (struct cfa_rule){.reg = ARCH_RSP};
	if (t->heap.is_glibc) { // the word before the block
		one.plan.n_follows = 1;
		one.plan.follows[0] = (struct capture_follow){ARCH_RAX, -ARCH_WORD, ARCH_WORD};
	}
	if (!displace_live(t, address, &one.d))
		return false;
	if (space_read(control_alive(t->control), &space) != FT_OK) {
		ft_error_clear();
		return false;
	}
	place(t, &space, &one);
	remember_reach(t, &space, address);
	space_deinit(&space);
	return control_site_at(t->control, address, &id);
}

bool heap_sites_incomplete(const struct target *t)
{
	return t->heap.incomplete;
}

bool heap_sites_is_inside(const struct target *t, uint64_t pc)
{
	return pc >= t->heap.lo && pc < t->heap.hi;
}

bool heap_sites_is_static(const struct target *t)
{
	return t->heap.hi == 0;
}

bool heap_sites_found(const struct target *t)
{
	return t->heap.found;
}

bool heap_sites_is_glibc(const struct target *t)
{
	return t->heap.is_glibc;
}
