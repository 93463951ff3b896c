/*
 * site_plan.c - from functions to sites: which are wanted, what runs there, what is captured.
 */
#define LOG_DOMAIN "target"
#include <inttypes.h>
#include <stdlib.h>

#include "events/target_private.h"

struct site_use *sites_use(struct target *t, uint32_t id)
{
	while (t->n_sites <= id) {
		t->sites = xgrow(t->sites, t->n_sites, &t->cap_sites, sizeof(*t->sites));
		t->sites[t->n_sites++] = (struct site_use){.entry = NULL};
	}
	return &t->sites[id];
}

static void intend(struct intentions *list, const struct intended *one)
{
	list->i = xgrow(list->i, list->n, &list->cap, sizeof(*list->i));
	list->i[list->n++] = *one;
}

// Whose plan tells most: an entry's more than an exit's, that more than an inlined call's; a step's
// tells nothing.
static int rank(const struct site_use *use)
{
	return use->entry ? 3 : use->exit_of ? 2 : use->inlines ? 1 : 0;
}

static void join_uses(struct site_use *into, const struct site_use *from)
{
	if (from->enters)
		into->enters = from->enters;
	if (from->returns)
		into->returns = from->returns;
	if (from->entry)
		into->entry = from->entry;
	if (from->exit_of) {
		into->exit_of = from->exit_of;
		into->exit = from->exit;
	}
	if (from->inlines)
		into->inlines = from->inlines;
	if (from->heap)
		into->heap = from->heap;
	into->libraries |= from->libraries;
	into->heap_return |= from->heap_return;
}

// One address, two meanings (a function that is a single ret): held, so that both can be read.
static void join(struct intended *into, const struct intended *from)
{
	bool want_fp = into->plan.want_fp || from->plan.want_fp;
	if (rank(&from->use) > rank(&into->use))
		into->plan = from->plan;
	into->plan.hold = true;
	into->plan.want_fp = want_fp;
	join_uses(&into->use, &from->use);
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

// Where inlined calls begin. A place that cannot have a site is left out; the frame does not
// suffer.
static void intend_inlines(struct target *t, struct traced *fn, struct intentions *list)
{
	for (size_t i = 0; i < fn->n_inlines; i++) {
		const struct inline_site *site = &fn->inlines[i];
		struct intended one = {.plan = site->capture, .use = {.inlines = site}};
		enum ft_rc rc = code_displace(t->symbols, site->pc, &one.d);
		if (rc == FT_OK) {
			intend(list, &one);
			continue;
		}
		if (rc == FT_FAIL)
			ft_error_clear();
		t->counts.inlines.traced -= site->n;
		t->counts.inlines.skipped += site->n;
	}
}

// Where single steps begin: at the first instruction, and where a callee returns to. What cannot
// be moved is left out: the account then says that something was not seen.
static void intend_steps(struct target *t, struct traced *fn, struct intentions *list)
{
	struct intended one = {.plan = {.cfa = {.reg = ARCH_RSP, .off = ARCH_CALL_CFA}}};
	one.plan.hold = true;
	one.use.enters = fn;
	if (fn->plan.entry != fn->plan.site &&
	    code_displace(t->symbols, fn->plan.entry, &one.d) == FT_OK)
		intend(list, &one);
	one.use = (struct site_use){.returns = fn};
	for (size_t i = 0; i < fn->plan.n_after_calls; i++)
		if (code_displace(t->symbols, fn->plan.after_calls[i], &one.d) == FT_OK)
			intend(list, &one);
	ft_error_clear();
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
	if (rc == FT_OK && t->plan.step)
		intend_steps(t, fn, list);
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
		if (v == HIDDEN_FILTER && t->plan.inlines &&
		    inlines_hold_wanted(t->symbols, t->selection, in_library, f))
			v = WANTED; // its frame is where the call that is wanted happens
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
		t->ranges_stale = true;
		t->counts.traced++;
		if (!t->plan.inlines)
			continue;
		inlines_plan(t->symbols, t->selection, in_library, &t->plan, fn,
			     &t->counts.inlines);
		intend_inlines(t, fn, list);
	}
}

static enum ft_rc map_slots(struct target *t, const struct space *space, const struct reach *near,
			    uint64_t len)
{
	uint64_t at;
	enum ft_rc rc = space_gap_near(space, near->lo, near->hi, len, &at);
	if (rc == FT_NONE)
		return ft_fail("%s: no free address space of %" PRIu64
			       " bytes near it for the slots",
			       near->name, len);
	return rc == FT_OK ? control_map_slots(t->control, at, len) : rc;
}

enum ft_rc sites_place(struct target *t, const struct space *space, const struct reach *near,
		       size_t spare, struct intentions *list)
{
	if (list->n == 0)
		return FT_OK;
	enum ft_rc rc = FT_OK;
	if (!control_has_slots(t->control, near->lo, near->hi, list->n))
		rc = map_slots(t, space, near,
			       control_slots_len(list->n > spare ? list->n : spare));
	for (size_t i = 0; rc == FT_OK && i < list->n; i++) {
		const struct intended *one = &list->i[i];
		uint32_t id;
		if (control_site_at(t->control, one->d.home, &id)) {
			join_uses(sites_use(t, id), &one->use);
			continue;
		}
		rc = control_add_site(t->control, &one->d, &one->plan, &id);
		if (rc == FT_OK)
			*sites_use(t, id) = one->use;
	}
	return rc == FT_OK ? control_arm(t->control) : rc;
}

static enum ft_rc check_patterns(struct target *t, const struct function_list *fl)
{
	if (target_unmatched_function(t) && !t->plan.inlines &&
	    inlines_check_pattern(t->symbols, t->selection, fl) == FT_FAIL)
		return FT_FAIL;
	return selection_check(t->selection, fl);
}

static void note_inlined(struct target *t, const struct function_list *fl)
{
	struct buf note;
	buf_init(&note);
	if (inlines_note(t->symbols, t->selection, fl, &note))
		t->inlined = xstrdup(note.s);
	buf_deinit(&note);
}

// Plain names are looked for in the symbol table first: a large program's units need not be parsed.
static enum ft_rc functions_to_look_at(struct target *t, struct module *m, bool all,
				       struct function_list *ret)
{
	const char *words[SELECTION_WORDS];
	size_t n = t->wants_libraries ? 0 : selection_words(t->selection, words);
	if (n == 0)
		return symbols_functions(t->symbols, m, all, ret);
	enum ft_rc rc = symbols_functions_like(t->symbols, m, words, n, ret);
	for (size_t i = 0; rc == FT_OK && i < ret->n; i++)
		selection_of(t->selection, ret->f[i], false);
	if (rc != FT_OK || !selection_is_unmet(t->selection))
		return rc;
	free(ret->f);
	return symbols_functions(t->symbols, m, all, ret);
}

enum ft_rc sites_of_module(struct target *t, const struct space *space, struct loaded *l,
			   bool in_library)
{
	// Positive patterns may name what the default selection does not even parse.
	bool all = t->selection->all || in_library || t->selection->functions.n_positive > 0 ||
		   t->selection->sources.n_positive > 0;
	struct function_list fl;
	enum ft_rc rc = functions_to_look_at(t, l->module, all, &fl);
	if (rc != FT_OK)
		return rc;
	struct intentions list = {.n = 0};
	plan_functions(t, &fl, in_library, &list);
	if (!all)
		for (size_t i = 0; i < FT_COUNT(t->counts.hidden); i++)
			if (fl.n_hidden[i] > t->counts.hidden[i])
				t->counts.hidden[i] = fl.n_hidden[i];
	if (!t->wants_libraries) // else the match may be yet to come
		rc = check_patterns(t, &fl);
	if (rc == FT_OK && !in_library && !t->plan.inlines)
		note_inlined(t, &fl);
	if (rc == FT_OK) {
		join_same_addresses(&list);
		const struct module *m = l->module;
		const struct reach near = {m->lo, m->hi, m->path};
		rc = sites_place(t, space, &near, 0, &list);
	}
	l->traced = true;
	free(list.i);
	free(fl.f);
	return rc;
}
