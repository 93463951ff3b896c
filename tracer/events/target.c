#include "events/target.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "events/regions.h"
#include "events/target_private.h"

struct target *target_create(struct control *c, struct symbols *s, struct selection *sel,
			     const struct plan_options *o)
{
	struct target *t = xcalloc(1, sizeof(*t));
	t->control = c;
	t->symbols = s;
	t->selection = sel;
	t->plan = *o;
	t->plan.style.name_address = target_address_text;
	if (o->full || o->trees) // what a value's parts point to
		t->plan.style.points_to = target_points_to;
	t->plan.style.self_type = target_self_type;
	t->plan.style.ctx = t;
	t->returns = names_create(s, true);
	t->labels = names_create(s, false);
	t->wants_libraries = sel->libraries.n_positive > 0;
	return t;
}

void target_on_unload(struct target *t, void (*call)(void *, const struct module *), void *ctx)
{
	t->on_unload = call;
	t->unload_ctx = ctx;
}

void target_on_points_to(struct target *t, void (*text)(void *, uint64_t, struct buf *), void *ctx)
{
	t->points_to = text;
	t->place_ctx = ctx;
}

static void forget_names(struct target *t)
{
	names_clear(t->returns);
	names_clear(t->labels);
}

static void forget_everything(struct target *t)
{
	for (size_t i = 0; i < t->n_traced; i++)
		traced_destroy(t->traced[i]);
	for (size_t i = 0; i < t->n_modules; i++) {
		loaded_deinit(&t->modules[i]);
		symbols_close(t->symbols, t->modules[i].module);
	}
	t->n_traced = t->n_modules = t->n_sites = 0;
	t->heap.found = t->heap.is_glibc = t->heap.incomplete = false;
	t->heap.n_reaches = 0;
	t->heap.lo = t->heap.hi = 0;
	t->ranges_stale = true;
	forget_names(t);
	t->counts = (struct target_counts){0};
	free(t->warning);
	free(t->inlined);
	t->warning = t->inlined = NULL;
}

void target_destroy(struct target *t)
{
	if (!t)
		return;
	forget_everything(t);
	names_destroy(t->returns);
	names_destroy(t->labels);
	free(t->traced);
	free(t->ranges);
	free(t->heap.reaches);
	free(t->modules);
	free(t->sites);
	free(t);
}

static const struct region *region_of_file(const struct space *space, const char *path)
{
	for (size_t i = 0; i < space->n; i++)
		if (strcmp(space->r[i].path, path) == 0)
			return &space->r[i];
	return NULL;
}

static bool is_file(const struct region *r)
{
	return r->path[0] == '/' && !r->deleted && r->inode != 0;
}

static enum ft_rc open_at(struct target *t, const struct region *r, struct loaded **ret)
{
	struct module *m;
	enum ft_rc rc = symbols_open(t->symbols, r->path, r->lo, r->off, &m);
	if (rc != FT_OK)
		return rc;
	t->modules = xgrow(t->modules, t->n_modules, &t->cap_modules, sizeof(*t->modules));
	struct loaded *l = &t->modules[t->n_modules++];
	*l = (struct loaded){.module = m, .lo = m->lo, .hi = m->hi};
	*ret = l;
	return FT_OK;
}

// FT_NONE: the file is only read here. A trap in it would change what the program reads.
static enum ft_rc open_library(struct target *t, const struct space *space, const struct region *r,
			       struct loaded **ret)
{
	struct loaded *l;
	enum ft_rc rc = open_at(t, r, &l);
	if (rc != FT_OK)
		return rc;
	if (!regions_are_loaded(space, l->module)) {
		symbols_close(t->symbols, l->module);
		t->n_modules--;
		return FT_NONE;
	}
	*ret = l;
	return FT_OK;
}

// The dynamic linker calls an empty function whenever its list of libraries has changed.
static enum ft_rc watch_libraries(struct target *t, const struct space *space)
{
	const char *interpreter;
	char real[PATH_MAX];
	uint64_t at;
	enum ft_rc rc = symbols_interpreter(t->modules[0].module, &interpreter);
	if (rc != FT_OK)
		return rc;
	const struct region *r = NULL;
	if (realpath(interpreter, real))
		r = region_of_file(space, real);
	struct loaded *l;
	if (!r || open_at(t, r, &l) != FT_OK)
		return FT_NONE;
	if (symbols_address_of(t->symbols, l->module, "_dl_debug_state", &at) != FT_OK)
		return FT_NONE;
	struct intended one = {.use = {.libraries = true}};
	one.plan.hold = true;
	one.plan.cfa = (struct cfa_rule){.reg = ARCH_RSP, .off = ARCH_CALL_CFA};
	rc = code_displace(t->symbols, at, &one.d);
	if (rc != FT_OK)
		return FT_NONE;
	struct intentions list = {&one, 1, 1};
	const struct reach near = {l->module->lo, l->module->hi, l->module->path};
	return sites_place(t, space, &near, 0, &list);
}

static enum ft_rc load_from(struct target *t, const struct space *space, const char *path)
{
	const struct region *r = region_of_file(space, path);
	if (!r)
		return ft_fail("%s: not among the mappings of process %d", path,
			       (int)control_pid(t->control));
	struct loaded *l;
	enum ft_rc rc = open_at(t, r, &l);
	if (rc == FT_OK)
		rc = sites_of_module(t, space, l, false);
	if (rc == FT_OK && symbols_warning(t->modules[0].module))
		t->warning = xstrdup(symbols_warning(t->modules[0].module));
	if (rc != FT_OK || (!t->wants_libraries && !t->plan.heap))
		return rc;
	const char *interpreter;
	if (t->plan.heap && symbols_interpreter(l->module, &interpreter) != FT_OK)
		heap_sites_static(t, space);
	rc = watch_libraries(t, space);
	if (rc == FT_NONE && !t->warning && t->wants_libraries)
		t->warning = xstrdup(
			"libraries cannot be followed: no dynamic linker that tells of them");
	return rc == FT_FAIL ? FT_FAIL : FT_OK;
}

enum ft_rc target_load(struct target *t)
{
	forget_everything(t);
	char link[32], path[PATH_MAX];
	snprintf(link, sizeof(link), "/proc/%d/exe", (int)control_pid(t->control));
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return ft_fail("%s cannot be read: is /proc mounted?", link);
	path[n] = '\0';
	struct space space;
	enum ft_rc rc = space_read(control_alive(t->control), &space);
	if (rc != FT_OK)
		return rc == FT_NONE ? ft_fail("the program is gone") : rc;
	rc = load_from(t, &space, path);
	space_deinit(&space);
	return rc;
}

// What is known of a library that was closed goes with it; nobody may hold on to its functions.
static void forget_module(struct target *t, size_t i)
{
	struct loaded l = t->modules[i];
	control_forget(t->control, l.lo, l.hi);
	if (t->on_unload)
		t->on_unload(t->unload_ctx, l.module);
	size_t kept = 0;
	for (size_t k = 0; k < t->n_traced; k++) {
		if (t->traced[k]->f->module == l.module)
			traced_destroy(t->traced[k]);
		else
			t->traced[kept++] = t->traced[k];
	}
	t->n_traced = kept;
	t->ranges_stale = true;
	forget_names(t);
	loaded_deinit(&l);
	symbols_close(t->symbols, l.module);
	memmove(&t->modules[i], &t->modules[i + 1], (--t->n_modules - i) * sizeof(l));
}

static void drop_unmapped(struct target *t, const struct space *space)
{
	for (size_t i = t->n_modules; i-- > 1;) {
		const struct region *r = space_at(space, t->modules[i].lo);
		if (!r || strcmp(r->path, t->modules[i].module->path) != 0)
			forget_module(t, i);
	}
}

static enum ft_rc add_new(struct target *t, const struct space *space)
{
	for (size_t i = 0; i < space->n; i++) {
		const struct region *r = &space->r[i];
		if (!is_file(r) || space_goes_on(space, i))
			continue;
		struct loaded *l = loaded_at(t, r->lo);
		if (!selection_wants_library(t->selection, r->path) || (l && l->traced))
			continue;
		enum ft_rc rc = l ? FT_OK : open_library(t, space, r, &l);
		if (rc == FT_OK)
			rc = sites_of_module(t, space, l, true);
		if (rc == FT_FAIL) {
			ft_say("%s is not traced: %s", r->path, ft_error());
			ft_error_clear();
		}
	}
	return FT_OK;
}

// Libraries with code that are there and not traced, for the summary.
static void count_libraries(struct target *t, const struct space *space)
{
	size_t n = 0;
	for (size_t i = 0; i < space->n; i++) {
		const struct region *r = &space->r[i];
		const struct loaded *l = loaded_at(t, r->lo);
		n += r->x && is_file(r) && !(l && l->traced);
	}
	t->counts.libraries_hidden = n;
}

enum ft_rc target_rescan(struct target *t)
{
	struct space space;
	enum ft_rc rc = space_read(control_alive(t->control), &space);
	if (rc != FT_OK)
		return rc;
	drop_unmapped(t, &space);
	if (t->wants_libraries) {
		rc = add_new(t, &space);
		count_libraries(t, &space);
	}
	if (t->plan.heap)
		heap_sites_rescan(t, &space);
	space_deinit(&space);
	return rc;
}

const struct site_use *target_site(const struct target *t, uint32_t site)
{
	static const struct site_use nothing = {.entry = NULL};
	return site < t->n_sites ? &t->sites[site] : &nothing;
}

// A return address in a library that nobody asked for yet: open it for its names.
static void open_module_of(struct target *t, uint64_t address)
{
	struct space space;
	if (space_read(control_alive(t->control), &space) != FT_OK) {
		ft_error_clear();
		return;
	}
	const struct region *r = space_at(&space, address);
	struct loaded *l;
	if (r && is_file(r) && open_library(t, &space, r, &l) == FT_FAIL)
		ft_error_clear();
	space_deinit(&space);
}

void target_count_libraries(struct target *t)
{
	struct space space;
	if (space_read(control_alive(t->control), &space) != FT_OK) {
		ft_error_clear();
		return;
	}
	count_libraries(t, &space);
	space_deinit(&space);
}

static const struct address_name *name_in(struct target *t, struct names *names, uint64_t address)
{
	const struct address_name *n = names_find(names, address);
	if (n)
		return n;
	if (!loaded_at(t, address))
		open_module_of(t, address);
	const struct loaded *l = loaded_at(t, address);
	return names_add(names, address, l && l->traced);
}

const struct address_name *target_return_name(struct target *t, uint64_t address)
{
	return name_in(t, t->returns, address);
}

const struct address_name *target_name(struct target *t, uint64_t address)
{
	return name_in(t, t->labels, address);
}

bool target_region(void *target, uint64_t addr, uint64_t *ret_lo, uint64_t *ret_hi)
{
	struct target *t = target;
	struct space space;
	if (space_read(control_alive(t->control), &space) != FT_OK) {
		ft_error_clear();
		return false;
	}
	const struct region *r = space_at(&space, addr);
	if (r) {
		*ret_lo = r->lo;
		*ret_hi = r->hi;
		if (strcmp(r->path, "[stack]") == 0) // it grows down to what lies below it
			*ret_lo = r == space.r ? 0 : r[-1].hi;
	}
	space_deinit(&space);
	return r != NULL;
}

const struct plan_options *target_plan(const struct target *t)
{
	return &t->plan;
}

const char *target_program(const struct target *t)
{
	return t->n_modules > 0 ? t->modules[0].module->path : "";
}

const char *target_build_id(const struct target *t)
{
	return t->n_modules > 0 ? t->modules[0].module->build_id : NULL;
}

const char *target_warning(const struct target *t)
{
	return t->warning;
}

const char *target_inlined(const struct target *t)
{
	return t->inlined;
}

struct target_counts target_counts(const struct target *t)
{
	return t->counts;
}

size_t target_traced(const struct target *t, struct traced *const **ret)
{
	*ret = t->traced;
	return t->n_traced;
}

static const char *unmatched(const struct patterns *ps)
{
	for (size_t i = 0; i < ps->n; i++)
		if (!ps->p[i].matched && !ps->p[i].negated)
			return ps->p[i].text;
	return NULL;
}

const char *target_unmatched_library(const struct target *t)
{
	return unmatched(&t->selection->libraries);
}

const char *target_unmatched_function(const struct target *t)
{
	return unmatched(&t->selection->functions);
}

const char *target_nothing_to_trace(const struct target *t)
{
	if (t->n_traced > 0 || t->wants_libraries)
		return NULL;
	if (t->counts.hidden_filter > 0)
		return NOTE_NONE_LEFT;
	if (t->counts.skipped > 0)
		return "none of the program's functions can be traced; --debug=target says why";
	return "the program has no function of its own to trace; see --all and --lib";
}
