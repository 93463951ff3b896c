/*
 * call_sites.c - what the debug information says of calls: what they pass, and to whom.
 *
 * A function's call sites are found once, each is read when somebody returns to it.
 */
#include <stdlib.h>
#include <string.h>

#include "symbols/code.h"
#include "symbols/dwarf_constants.h"
#include "symbols/types.h"

enum {
	SITE_DEPTH = 256, // blocks and inlined calls around a call
	SITES_MAX = 65536,
	PARAMETERS_MAX = 256,
	ORIGINS = 8,	// of a callee's DIE
	TAIL_CALLS = 32 // functions looked at
};

struct call_entry {
	uint64_t return_pc, die;
	const struct call_site *site; // NULL: not read yet
};

/* Those of one function that return to it, by pc. */
struct call_table {
	struct call_entry *e;
	size_t n;
};

struct collecting {
	struct dwarf_file *d;
	struct call_entry *e;
	size_t n, cap;
};

static void add_site(struct collecting *c, const struct die *die)
{
	uint64_t pc;

	if (die_flag(c->d, die, DW_AT_call_tail_call) || die_flag(c->d, die, DW_AT_GNU_tail_call) ||
	    c->n == SITES_MAX)
		return;
	if (die_address(c->d, die, DW_AT_call_return_pc, &pc) != FT_OK &&
	    die_address(c->d, die, DW_AT_low_pc, &pc) != FT_OK)
		return;
	c->e = xgrow(c->e, c->n, &c->cap, sizeof(*c->e));
	c->e[c->n++] = (struct call_entry){.return_pc = pc, .die = die_offset(die)};
}

static void add_sites_in(struct collecting *c, const struct die *die, unsigned depth)
{
	struct die *child, *next = NULL;

	if (depth > SITE_DEPTH)
		return;
	for (enum ft_rc rc = die_child(c->d, die, &child); rc == FT_OK; child = next) {
		switch (die_tag(child)) {
		case DW_TAG_call_site:
		case DW_TAG_GNU_call_site:
			add_site(c, child);
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_inlined_subroutine:
		case DW_TAG_try_block:
		case DW_TAG_catch_block:
			add_sites_in(c, child, depth + 1);
			break;
		}
		rc = die_sibling(c->d, child, &next);
		die_free(c->d, child);
	}
}

static int compare_entries(const void *va, const void *vb)
{
	const struct call_entry *a = va, *b = vb;
	return (a->return_pc > b->return_pc) - (a->return_pc < b->return_pc);
}

static struct call_table *table_of(struct module *m, uint64_t function_die)
{
	struct types *types = types_of_module(m);
	struct call_table *t = offset_map_get(&types->call_tables, function_die);
	struct collecting c = {.d = m->p->dwarf};
	struct die *die;

	if (t)
		return t;
	t = arena_alloc(m->p->arena, sizeof(*t));
	offset_map_put(&types->call_tables, function_die, t);
	if (die_at(c.d, function_die, &die) != FT_OK)
		return t;
	add_sites_in(&c, die, 0);
	die_free(c.d, die);
	if (c.n)
		qsort(c.e, c.n, sizeof(*c.e), compare_entries);
	t->e = arena_copy(m->p->arena, c.e, c.n * sizeof(*c.e));
	t->n = c.n;
	free(c.e);
	return t;
}

/* ---- one call ---- */

/* The DIE that says the most of a function: the end of its origins. Its offset; 0 if broken. */
static uint64_t root_of(struct dwarf_file *d, uint64_t offset)
{
	for (unsigned i = 0; i < ORIGINS; i++) {
		struct die *die;
		uint64_t next = 0;
		if (die_at(d, offset, &die) != FT_OK)
			return 0;
		bool more = die_ref(d, die, DW_AT_abstract_origin, &next) == FT_OK ||
			    die_ref(d, die, DW_AT_specification, &next) == FT_OK;
		die_free(d, die);
		if (!more)
			return offset;
		offset = next;
	}
	return 0;
}

static void read_callee(struct module *m, const struct die *die, struct call_site *ret)
{
	struct dwarf_file *d = m->p->dwarf;
	struct die *callee;
	uint64_t offset;

	if (die_ref(d, die, DW_AT_call_origin, &offset) != FT_OK &&
	    die_ref(d, die, DW_AT_abstract_origin, &offset) != FT_OK)
		return;
	ret->callee_die = root_of(d, offset);
	if (!ret->callee_die || die_at(d, ret->callee_die, &callee) != FT_OK)
		return;
	ret->callee = die_string(d, callee, DW_AT_name);
	ret->callee_symbol = die_string(d, callee, DW_AT_linkage_name);
	if (!ret->callee_symbol)
		ret->callee_symbol = die_string(d, callee, DW_AT_MIPS_linkage_name);
	// A static function's name may be another unit's too; its DIE is what tells it.
	if (!ret->callee_symbol && die_flag(d, callee, DW_AT_external))
		ret->callee_symbol = ret->callee;
	die_free(d, callee);
}

/* The one expression of an attribute that is new, or of its older twin. */
static void read_expression(struct dwarf_file *d, const struct die *die, uint16_t attr,
			    uint16_t older, const struct dw_op **ret, size_t *ret_n)
{
	struct location l;

	die_location(d, die, attr, &l);
	if (!l.n)
		die_location(d, die, older, &l);
	if (l.n != 1)
		return;
	*ret = l.e[0].ops;
	*ret_n = l.e[0].n_ops;
}

static void read_parameter(struct dwarf_file *d, const struct die *die, struct call_parameter *p)
{
	struct location l;

	*p = (struct call_parameter){.kind = CALL_OF_DIE};
	if (die_ref(d, die, DW_AT_call_parameter, &p->die) != FT_OK &&
	    die_ref(d, die, DW_AT_abstract_origin, &p->die) != FT_OK)
		p->die = 0;
	die_location(d, die, DW_AT_location, &l);
	if (l.n == 1 && l.e[0].n_ops == 1) {
		const struct dw_op *op = &l.e[0].ops[0];
		if (op->op >= DW_OP_reg0 && op->op <= DW_OP_reg31) {
			p->kind = CALL_IN_REG;
			p->reg = op->op - DW_OP_reg0;
		} else if (op->op == DW_OP_regx && op->a < ARCH_MAX) {
			p->kind = CALL_IN_REG;
			p->reg = (unsigned)op->a;
		} else if (op->op == DW_OP_breg0 + ARCH_RSP) {
			p->kind = CALL_ON_STACK;
			p->off = (int64_t)op->a;
		}
	}
	read_expression(d, die, DW_AT_call_value, DW_AT_GNU_call_site_value, &p->value,
			&p->n_value);
	read_expression(d, die, DW_AT_call_data_value, DW_AT_GNU_call_site_data_value, &p->data,
			&p->n_data);
}

static void read_parameters(struct module *m, const struct die *die, struct call_site *ret)
{
	struct dwarf_file *d = m->p->dwarf;
	struct call_parameter *list = NULL;
	size_t cap = 0;
	struct die *child, *next = NULL;

	for (enum ft_rc rc = die_child(d, die, &child); rc == FT_OK; child = next) {
		uint16_t tag = die_tag(child);
		if ((tag == DW_TAG_call_site_parameter || tag == DW_TAG_GNU_call_site_parameter) &&
		    ret->n_params < PARAMETERS_MAX) {
			list = xgrow(list, ret->n_params, &cap, sizeof(*list));
			read_parameter(d, child, &list[ret->n_params++]);
		}
		rc = die_sibling(d, child, &next);
		die_free(d, child);
	}
	ret->params = arena_copy(m->p->arena, list, ret->n_params * sizeof(*list));
	free(list);
}

static const struct call_site *read_site(struct module *m, const struct call_entry *e)
{
	struct call_site *site = arena_alloc(m->p->arena, sizeof(*site));
	struct die *die;

	site->return_pc = e->return_pc;
	site->module = m;
	if (die_at(m->p->dwarf, e->die, &die) != FT_OK)
		return site;
	read_callee(m, die, site);
	read_expression(m->p->dwarf, die, DW_AT_call_target, DW_AT_GNU_call_site_target,
			&site->target, &site->n_target);
	read_parameters(m, die, site);
	die_free(m->p->dwarf, die);
	return site;
}

enum ft_rc symbols_call_site_at(struct symbols *s, uint64_t return_pc, const struct call_site **ret)
{
	struct function *f;
	struct call_entry key = {.return_pc = return_pc};
	enum ft_rc rc = symbols_function_at(s, return_pc - 1, &f);

	if (rc != FT_OK)
		return rc;
	if (!f->die || !f->module->p || !f->module->p->dwarf)
		return FT_NONE;
	struct call_table *t = table_of(f->module, f->die);
	struct call_entry *e =
		t->n ? bsearch(&key, t->e, t->n, sizeof(*t->e), compare_entries) : NULL;
	if (!e)
		return FT_NONE;
	if (!e->site)
		e->site = read_site(f->module, e);
	*ret = e->site;
	return FT_OK;
}

bool symbols_call_site_names(const struct call_site *site, const struct function *f)
{
	if (site->callee_die && f->die && site->module == f->module &&
	    root_of(f->module->p->dwarf, f->die) == site->callee_die)
		return true;
	if (!site->callee_symbol || !f->symbol)
		return false;
	if (strcmp(site->callee_symbol, f->symbol) == 0)
		return true;
	for (size_t i = 0; f->aliases && f->aliases[i]; i++)
		if (strcmp(site->callee_symbol, f->aliases[i]) == 0)
			return true;
	return false;
}

/* ---- tail calls ---- */

/* Functions that a chain of tail calls may come to. */
struct tail_calls {
	struct function *f[TAIL_CALLS];
	size_t n;
};

/* False: it is not known which functions these are. */
static bool add_tail_calls(struct symbols *s, struct function *f, struct tail_calls *t)
{
	struct frame_plan plan;
	const char *why;
	bool known = true;

	if (frame_plan_init(s, f, &plan, &why) != FT_OK) {
		ft_error_clear();
		return false;
	}
	for (size_t i = 0; i < plan.n_exits && known; i++) {
		const struct code_exit *x = &plan.exits[i];
		struct function *to = NULL;
		size_t seen = 0;
		if (x->kind == EXIT_RET)
			continue;
		known = x->kind != EXIT_TAIL_INDIRECT && t->n < TAIL_CALLS &&
			symbols_function_at(s, x->target, &to) == FT_OK;
		while (seen < t->n && t->f[seen] != to)
			seen++;
		if (known && seen == t->n)
			t->f[t->n++] = to;
	}
	frame_plan_deinit(&plan);
	return known;
}

static bool tail_calls_itself(struct symbols *s, struct function *f)
{
	struct tail_calls t = {.n = 0};
	bool known = add_tail_calls(s, f, &t);

	for (size_t i = 0; i < t.n && known; i++)
		known = t.f[i] != f && add_tail_calls(s, t.f[i], &t);
	return !known;
}

bool symbols_tail_calls_itself(struct symbols *s, struct function *f)
{
	struct types *types = types_of_module(f->module);
	uint64_t entry = f->ranges[0].lo;
	bool *known = offset_map_get(&types->self_calls, entry);

	if (!known) {
		bool result = tail_calls_itself(s, f);
		known = arena_copy(f->module->p->arena, &result, sizeof(result));
		offset_map_put(&types->self_calls, entry, known);
	}
	return *known;
}
