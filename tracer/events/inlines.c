/*
 * inlines.c - which inlined calls are told of, where their sites are, what is captured there.
 */
#include "events/inlines.h"

#include <stdlib.h>

#include "events/ranges.h"
#include "unwind/dw_op.h"

/* One inlined call on its way to a site. */
struct candidate {
	size_t index;	// of the call in the tree
	uint64_t pc;	// of its site
	uint64_t entry; // of the call: before pc if it is early
	uint32_t view;	// its order at that entry
	bool early;
	struct code_point point;
};

struct candidates {
	const struct inlined *tree;
	size_t n_tree;
	bool *wanted; // by index
	struct candidate *c;
	size_t n;
};

/* What begins before the function's site, in the prologue, is told of at the site. */
static bool is_early(const struct frame_plan *p, uint64_t pc)
{
	return pc >= p->entry && pc < p->site;
}

static void choose(struct candidates *cs, struct selection *sel, bool in_library,
		   const struct traced *t, struct inline_counts *counts)
{
	for (size_t i = 0; i < cs->n_tree; i++) {
		const struct inlined *call = &cs->tree[i];
		cs->wanted[i] = selection_of_inlined(sel, call, t->f, in_library) == WANTED;
		if (!cs->wanted[i]) {
			counts->hidden++;
			continue;
		}
		bool early = is_early(&t->plan, call->entry);
		cs->c[cs->n++] = (struct candidate){
			.index = i,
			.pc = early ? t->plan.site : call->entry,
			.entry = call->entry,
			.view = call->entry_view,
			.early = early,
			.point = {.pc = early ? t->plan.site : call->entry,
				  .within = call->ranges,
				  .n_within = call->n_ranges},
		};
	}
}

/* By site; at one site what begins first, and an outer call before those inside it. */
static int by_site(const void *va, const void *vb)
{
	const struct candidate *a = va, *b = vb;
	if (a->pc != b->pc)
		return a->pc < b->pc ? -1 : 1;
	if (a->entry != b->entry) // what is early begins before what is at the site
		return a->entry < b->entry ? -1 : 1;
	if (a->view != b->view)
		return a->view < b->view ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

/* What no site can be set for is dropped. */
static void look_at_code(struct candidates *cs, struct symbols *s, struct traced *t,
			 struct inline_counts *counts)
{
	struct code_point *points = xcalloc(cs->n, sizeof(*points));
	size_t kept = 0;

	for (size_t i = 0; i < cs->n; i++)
		points[i] = cs->c[i].point;
	enum ft_rc rc = code_points(s, t->f, points, cs->n);
	if (rc == FT_FAIL)
		ft_error_clear();
	for (size_t i = 0; i < cs->n; i++) {
		bool is_site = cs->c[i].pc == t->plan.site;
		if (rc != FT_OK || !(is_site || (points[i].is_insn && points[i].has_cfa))) {
			counts->skipped++;
			continue;
		}
		cs->c[kept] = cs->c[i];
		cs->c[kept].point = points[i];
		if (is_site)
			cs->c[kept].point.cfa = t->plan.cfa;
		kept++;
	}
	cs->n = kept;
	free(points);
}

static uint32_t level_of(const struct candidates *cs, size_t index)
{
	uint32_t level = 0;
	for (size_t up = cs->tree[index].parent; up != SIZE_MAX; up = cs->tree[up].parent)
		level += cs->wanted[up];
	return level;
}

/* Does it ask for nothing of the thread: a constant, a pointer to what is nowhere? */
static bool is_constant(const struct location_entry *e)
{
	for (size_t i = 0; i < e->n_ops; i++) {
		uint8_t op = e->ops[i].op;
		bool is_literal = op >= DW_OP_const1u && op <= DW_OP_consts;
		is_literal |= op >= DW_OP_lit0 && op <= DW_OP_lit31;
		if (!is_literal && op != DW_OP_addr && op != DW_OP_stack_value &&
		    op != DW_OP_piece && op != DW_OP_implicit_value &&
		    op != DW_OP_implicit_pointer && op != DW_OP_GNU_implicit_pointer)
			return false;
	}
	return e->n_ops > 0;
}

/* What begins before the site is asked for where the site is, and may be gone by then. */
static struct accessor make_early(const struct traced *t, const struct inlined *call,
				  const struct variable *v)
{
	struct accessor a = accessor_make(t, v, t->plan.body, false);
	const struct location_entry *e;

	if (a.kind == ACCESS_NONE && location_at(&v->loc, call->entry, &e) == FT_OK &&
	    is_constant(e))
		a = accessor_make(t, v, call->entry, true);
	return a;
}

static void plan_call(const struct candidates *cs, const struct candidate *c,
		      const struct traced *t, struct inline_call *ret)
{
	const struct inlined *call = &cs->tree[c->index];

	*ret = (struct inline_call){
		.call = call,
		.caller = call->parent == SIZE_MAX ? t->f->name : cs->tree[call->parent].name,
		.args = xcalloc(call->n_params + 1, sizeof(*ret->args)),
		.level = level_of(cs, c->index),
		.early = c->early,
		.loops = c->point.loops && !c->early,
	};
	for (size_t i = 0; i < call->n_params; i++) {
		const struct variable *v = &call->params[i];
		if (accessor_is_shown(v))
			ret->args[ret->n_args++] = c->early ? make_early(t, call, v)
							    : accessor_make(t, v, c->pc, true);
	}
}

static void plan_site(const struct candidates *cs, const struct candidate *first, size_t n,
		      struct traced *t, const struct plan_options *o, struct inline_site *ret)
{
	struct ranges ranges = {.n = 0};

	*ret = (struct inline_site){.fn = t, .pc = first->pc, .n = n};
	ret->capture.cfa = first->point.cfa;
	ret->capture.hold = o->hold_all;
	ret->calls = xcalloc(n, sizeof(*ret->calls));
	for (size_t i = 0; i < n; i++) {
		struct inline_call *call = &ret->calls[i];
		plan_call(cs, &first[i], t, call);
		for (size_t k = 0; k < call->n_args; k++)
			accessor_capture(&call->args[k], o, &ranges, &ret->capture);
	}
	ranges_plan(&ranges, &ret->capture);
}

static void plan_sites(const struct candidates *cs, struct traced *t, const struct plan_options *o)
{
	t->inlines = xcalloc(cs->n, sizeof(*t->inlines));
	for (size_t i = 0, n; i < cs->n; i += n) {
		n = 1;
		while (i + n < cs->n && cs->c[i + n].pc == cs->c[i].pc)
			n++;
		plan_site(cs, &cs->c[i], n, t, o, &t->inlines[t->n_inlines++]);
	}
}

void inlines_plan(struct symbols *s, struct selection *sel, bool in_library,
		  const struct plan_options *o, struct traced *t, struct inline_counts *counts)
{
	struct candidates cs = {.n = 0};

	if (symbols_inlines(s, t->f, &cs.tree, &cs.n_tree) != FT_OK)
		return;
	cs.wanted = xcalloc(cs.n_tree, sizeof(*cs.wanted));
	cs.c = xcalloc(cs.n_tree, sizeof(*cs.c));
	choose(&cs, sel, in_library, t, counts);
	if (cs.n)
		look_at_code(&cs, s, t, counts);
	if (cs.n) {
		qsort(cs.c, cs.n, sizeof(*cs.c), by_site);
		plan_sites(&cs, t, o);
	}
	counts->traced += cs.n;
	free(cs.wanted);
	free(cs.c);
}

void inlines_deinit(struct traced *t)
{
	for (size_t i = 0; i < t->n_inlines; i++) {
		for (size_t k = 0; k < t->inlines[i].n; k++)
			free(t->inlines[i].calls[k].args);
		free(t->inlines[i].calls);
	}
	free(t->inlines);
}

/* Only patterns that say what is wanted: a '!' names what is not. */
static bool has_plain_choice(const struct selection *sel)
{
	size_t positive = sel->functions.n_positive + sel->sources.n_positive;
	return positive > 0 && positive == sel->functions.n + sel->sources.n;
}

bool inlines_hold_wanted(struct symbols *s, struct selection *sel, bool in_library,
			 struct function *f)
{
	const struct inlined *tree;
	size_t n;

	if (!has_plain_choice(sel) || symbols_inline_tree(s, f, &tree, &n) != FT_OK)
		return false;
	bool wanted = false;
	for (size_t i = 0; i < n; i++) // all of them: the patterns note what they match
		wanted |= selection_of_inlined(sel, &tree[i], f, in_library) == WANTED;
	return wanted;
}
