#define LOG_DOMAIN "target"
#include "events/target.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "events/names.h"
#include "memory/space.h"

struct loaded {
	struct module *module;
	uint64_t lo, hi;
	bool traced; // its functions have sites
};

struct target {
	struct control *control;
	struct symbols *symbols;
	struct selection *selection;
	struct plan_options plan;
	struct loaded *modules; // [0] is the program
	size_t n_modules, cap_modules;
	struct traced **traced;
	size_t n_traced, cap_traced;
	struct site_use *sites; // by site id
	size_t n_sites, cap_sites;
	struct names *returns; // return addresses
	struct names *labels;  // other addresses
	struct target_counts counts;
	char *warning;
	bool wants_libraries;
	void (*on_unload)(void *ctx, const struct module *m);
	void *unload_ctx;
};

struct target *target_create(struct control *c, struct symbols *s, struct selection *sel,
			     const struct plan_options *o)
{
	struct target *t = xcalloc(1, sizeof(*t));
	t->control = c;
	t->symbols = s;
	t->selection = sel;
	t->plan = *o;
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

static void forget_names(struct target *t)
{
	names_clear(t->returns);
	names_clear(t->labels);
}

static void forget_everything(struct target *t)
{
	for (size_t i = 0; i < t->n_traced; i++)
		traced_destroy(t->traced[i]);
	for (size_t i = 0; i < t->n_modules; i++)
		symbols_close(t->symbols, t->modules[i].module);
	t->n_traced = t->n_modules = t->n_sites = 0;
	forget_names(t);
	t->counts = (struct target_counts){0};
	free(t->warning);
	t->warning = NULL;
}

void target_destroy(struct target *t)
{
	if (!t)
		return;
	forget_everything(t);
	names_destroy(t->returns);
	names_destroy(t->labels);
	free(t->traced);
	free(t->modules);
	free(t->sites);
	free(t);
}

static struct site_use *use_of(struct target *t, uint32_t id)
{
	while (t->n_sites <= id) {
		t->sites = xgrow(t->sites, t->n_sites, &t->cap_sites, sizeof(*t->sites));
		t->sites[t->n_sites++] = (struct site_use){.entry = NULL};
	}
	return &t->sites[id];
}

// A site in the making: what runs there, what is captured, what it means.
struct intended {
	struct displaced d;
	struct capture_plan plan;
	struct site_use use;
};

struct intentions {
	struct intended *i;
	size_t n, cap;
};

static void intend(struct intentions *list, const struct intended *one)
{
	list->i = xgrow(list->i, list->n, &list->cap, sizeof(*list->i));
	list->i[list->n++] = *one;
}

// One address, two meanings (a function that is a single ret): held, so that both can be read.
static void join(struct intended *into, const struct intended *from)
{
	into->plan.hold = true;
	into->plan.want_fp |= from->plan.want_fp;
	if (from->use.entry) {
		struct capture_plan plan = from->plan;
		plan.hold = true;
		plan.want_fp |= into->plan.want_fp;
		into->plan = plan;
		into->use.entry = from->use.entry;
	} else {
		into->use.exit_of = from->use.exit_of;
		into->use.exit = from->use.exit;
	}
}

static int by_home(const void *a, const void *b)
{
	const struct intended *x = a, *y = b;
	return x->d.home < y->d.home ? -1 : x->d.home > y->d.home;
}

static void join_same_addresses(struct intentions *list)
{
	if (list->n == 0)
		return;
	qsort(list->i, list->n, sizeof(*list->i), by_home);
	size_t kept = 0;
	for (size_t k = 1; k < list->n; k++) {
		if (list->i[k].d.home == list->i[kept].d.home)
			join(&list->i[kept], &list->i[k]);
		else
			list->i[++kept] = list->i[k];
	}
	list->n = kept + 1;
}

// All sites of one function, or none: a push without its pops would be worse than no push.
static enum ft_rc intend_function(struct target *t, struct traced *fn, struct intentions *list)
{
	size_t before = list->n;
	struct intended one = {.plan = fn->capture, .use = {.entry = fn}};
	enum ft_rc rc = code_displace(t->symbols, fn->plan.site, &one.d);
	if (rc == FT_OK)
		intend(list, &one);
	for (size_t i = 0; rc == FT_OK && i < fn->n_exits; i++) {
		struct traced_exit *x = &fn->exits[i];
		one = (struct intended){.plan = x->capture, .use = {.exit_of = fn, .exit = x}};
		rc = code_displace(t->symbols, x->exit->pc, &one.d);
		if (rc == FT_OK)
			intend(list, &one);
	}
	if (rc != FT_OK)
		list->n = before;
	return rc;
}

static void plan_functions(struct target *t, const struct function_list *fl, bool in_library,
			   struct intentions *list)
{
	for (size_t i = 0; i < fl->n; i++) {
		struct function *f = fl->f[i];
		enum verdict v = selection_of(t->selection, f, in_library);
		t->counts.hidden[f->origin] += v == HIDDEN_ORIGIN;
		t->counts.hidden_filter += v == HIDDEN_FILTER;
		if (v != WANTED)
			continue;
		struct traced *fn = NULL;
		const char *why = "an instruction that cannot be moved";
		enum ft_rc rc = traced_create(t->symbols, f, &t->plan, &fn, &why);
		if (rc == FT_OK)
			rc = intend_function(t, fn, list);
		if (rc == FT_FAIL)
			ft_error_clear();
		if (rc != FT_OK) {
			ft_log("%s is not traced: %s", f->name, why);
			traced_destroy(fn);
			t->counts.skipped++;
			continue;
		}
		t->traced = xgrow(t->traced, t->n_traced, &t->cap_traced, sizeof(struct traced *));
		t->traced[t->n_traced++] = fn;
		t->counts.traced++;
	}
}

static enum ft_rc map_slots(struct target *t, const struct space *space, const struct module *m,
			    uint64_t len)
{
	uint64_t at;
	enum ft_rc rc = space_gap_near(space, m->lo, m->hi, len, &at);
	if (rc == FT_NONE)
		return ft_fail("%s: no free address space of %" PRIu64
			       " bytes near it for the slots",
			       m->path, len);
	return rc == FT_OK ? control_map_slots(t->control, at, len) : rc;
}

static enum ft_rc place(struct target *t, const struct space *space, const struct module *m,
			struct intentions *list)
{
	if (list->n == 0)
		return FT_OK;
	enum ft_rc rc = FT_OK;
	if (!control_has_slots(t->control, m->lo, m->hi, list->n))
		rc = map_slots(t, space, m, control_slots_len(list->n));
	for (size_t i = 0; rc == FT_OK && i < list->n; i++) {
		uint32_t id;
		rc = control_add_site(t->control, &list->i[i].d, &list->i[i].plan, &id);
		if (rc == FT_OK)
			*use_of(t, id) = list->i[i].use;
	}
	return rc == FT_OK ? control_arm(t->control) : rc;
}

static enum ft_rc trace_module(struct target *t, const struct space *space, struct loaded *l,
			       bool in_library)
{
	// Positive patterns may name what the default selection does not even parse.
	bool all = t->selection->all || in_library || t->selection->functions.n_positive > 0 ||
		   t->selection->sources.n_positive > 0;
	struct function_list fl;
	enum ft_rc rc = symbols_functions(t->symbols, l->module, all, &fl);
	if (rc != FT_OK)
		return rc;
	struct intentions list = {.n = 0};
	plan_functions(t, &fl, in_library, &list);
	if (!all)
		for (size_t i = 0; i < FT_COUNT(t->counts.hidden); i++)
			if (fl.n_hidden[i] > t->counts.hidden[i])
				t->counts.hidden[i] = fl.n_hidden[i];
	if (!t->wants_libraries) // else the match may be yet to come
		rc = selection_check(t->selection, &fl);
	if (rc == FT_OK) {
		join_same_addresses(&list);
		rc = place(t, space, l->module, &list);
	}
	l->traced = true;
	free(list.i);
	free(fl.f);
	return rc;
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

static struct loaded *loaded_at(struct target *t, uint64_t addr)
{
	for (size_t i = 0; i < t->n_modules; i++)
		if (addr >= t->modules[i].lo && addr < t->modules[i].hi)
			return &t->modules[i];
	return NULL;
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
	return place(t, space, l->module, &list);
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
		rc = trace_module(t, space, l, false);
	if (rc == FT_OK && symbols_warning(t->modules[0].module))
		t->warning = xstrdup(symbols_warning(t->modules[0].module));
	if (rc != FT_OK || !t->wants_libraries)
		return rc;
	rc = watch_libraries(t, space);
	if (rc == FT_NONE && !t->warning)
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
	forget_names(t);
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
		if (!is_file(r) || (i > 0 && strcmp(space->r[i - 1].path, r->path) == 0))
			continue;
		struct loaded *l = loaded_at(t, r->lo);
		if (!selection_wants_library(t->selection, r->path) || (l && l->traced))
			continue;
		enum ft_rc rc = l ? FT_OK : open_at(t, r, &l);
		if (rc == FT_OK)
			rc = trace_module(t, space, l, true);
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
	rc = add_new(t, &space);
	count_libraries(t, &space);
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
	if (r && is_file(r) && open_at(t, r, &l) == FT_FAIL)
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

void target_address_text(void *target, uint64_t address, struct buf *out)
{
	struct target *t = target;
	// Heap, stack, nothing: no file is opened for a mere value.
	if (!names_find(t->labels, address) && !loaded_at(t, address))
		return;
	const struct address_name *n = target_name(t, address);
	if (!n->function)
		return; // "libc.so.6+0x1c0" says no more than the number
	size_t len = strlen(n->symbol);
	if (len > 2 && strcmp(n->symbol + len - 2, "+0") == 0)
		len -= 2;
	buf_str(out, " <");
	buf_add(out, n->symbol, len);
	buf_char(out, '>');
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
		return "your patterns leave no function to trace";
	if (t->counts.skipped > 0)
		return "none of the program's functions can be traced; --debug=target says why";
	return "the program has no function of its own to trace; see --all and --lib";
}
