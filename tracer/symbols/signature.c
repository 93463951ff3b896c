/*
 * signature.c - parameters and locals of a function, and where they live.
 *
 * An out-of-line instance of an inlined function is a concrete DIE that refers to the abstract one
 * (DW_AT_abstract_origin), a method's body to its declaration (DW_AT_specification); what the
 * former leaves out, the latter say (DWARF 5, sections 3.3.8 and 5.7.7).
 */
#include <stdlib.h>
#include <string.h>

#include "symbols/dwarf_constants.h"
#include "symbols/rust_macros.h"
#include "symbols/types.h"

enum { CHAIN = 4, BLOCK_DEPTH = 2048, VARIABLES = 65536 };

/* A DIE and those that it refers to for what it leaves out. */
struct chain {
	struct die *die[CHAIN];
	size_t n;
};

static void chain_init(struct chain *c, struct dwarf_file *d, uint64_t offset)
{
	c->n = 0;
	while (c->n < CHAIN && die_at(d, offset, &c->die[c->n]) == FT_OK) {
		const struct die *die = c->die[c->n++];
		if (die_ref(d, die, DW_AT_abstract_origin, &offset) != FT_OK &&
		    die_ref(d, die, DW_AT_specification, &offset) != FT_OK)
			return;
	}
}

static void chain_deinit(struct chain *c, struct dwarf_file *d)
{
	for (size_t i = 0; i < c->n; i++)
		die_free(d, c->die[i]);
}

static const char *chain_name(const struct chain *c, struct dwarf_file *d)
{
	const char *name = NULL;

	for (size_t i = 0; i < c->n && !name; i++)
		name = die_string(d, c->die[i], DW_AT_name);
	return name ? name : "";
}

static bool chain_flag(const struct chain *c, struct dwarf_file *d, uint16_t attr)
{
	for (size_t i = 0; i < c->n; i++)
		if (die_flag(d, c->die[i], attr))
			return true;
	return false;
}

/* NULL if none of them has a type: void. */
static struct type *chain_type(const struct chain *c, struct module *m)
{
	for (size_t i = 0; i < c->n; i++)
		if (die_has(m->p->dwarf, c->die[i], DW_AT_type))
			return types_ref(m, c->die[i], 0);
	return NULL;
}

/* The signature under way. */
struct reading {
	struct module *m;
	struct dwarf_file *d;
	struct signature *sig;
	struct variable *params, *locals;
	uint64_t *param_dies; // what each parameter is an instance of: its abstract DIE, or itself
	uint64_t *local_dies; // the same of each local, also of those that are not kept
	size_t cap_params, cap_dies, cap_locals, n_local_dies, cap_local_dies;
	struct range *scope; // of the block that is being read
	size_t n_scope;
	bool is_rust;
	size_t steps;		   // DIEs looked at
	bool params_are_variables; // see has_params_as_variables()
	enum origin origin;	   // of the function
};

static void read_const(struct reading *r, const struct die *die, struct variable *v)
{
	const uint8_t *bytes;
	size_t len;

	if (!die_has(r->d, die, DW_AT_const_value))
		return;
	if (die_block(r->d, die, DW_AT_const_value, &bytes, &len) == FT_OK) {
		v->const_bytes = bytes;
		v->const_size = len;
		memcpy(&v->const_value, bytes, len < 8 ? len : 8);
	} else {
		v->const_value = types_uint(r->m, die, DW_AT_const_value, 0);
	}
	v->has_const = true;
}

static bool is_list(const struct location *l)
{
	return l->n > 1 || (l->n == 1 && (l->e[0].lo != 0 || l->e[0].hi != UINT64_MAX));
}

/* Everything but what says to which list it belongs. */
static struct variable read_variable(struct reading *r, const struct die *die)
{
	struct variable v = {.scope = r->scope, .n_scope = r->n_scope};
	struct chain c;

	chain_init(&c, r->d, die_offset(die));
	v.name = chain_name(&c, r->d);
	v.type = chain_type(&c, r->m);
	if (!v.type)
		v.type = &types_of_module(r->m)->unknown.t;
	v.artificial = chain_flag(&c, r->d, DW_AT_artificial);
	for (size_t i = 0; i < c.n && !v.line; i++)
		v.line = (uint32_t)types_uint(r->m, c.die[i], DW_AT_decl_line, 0);
	die_location(r->d, die, DW_AT_location, &v.loc);
	for (size_t i = 0; i < c.n && !v.has_const && v.loc.n == 0; i++)
		read_const(r, c.die[i], &v);
	r->sig->optimised |= is_list(&v.loc);
	chain_deinit(&c, r->d);
	return v;
}

/* The abstract DIE that it is an instance of, or itself. */
static uint64_t instance_of(struct dwarf_file *d, const struct die *die)
{
	uint64_t origin = die_offset(die);

	return die_ref(d, die, DW_AT_abstract_origin, &origin) == FT_OK ? origin : die_offset(die);
}

static void add_param(struct reading *r, const struct die *die)
{
	size_t n = r->sig->n_params;

	if (n >= VARIABLES)
		return;
	r->params = xgrow(r->params, n, &r->cap_params, sizeof(*r->params));
	r->param_dies = xgrow(r->param_dies, n, &r->cap_dies, sizeof(*r->param_dies));
	r->params[n] = read_variable(r, die);
	r->params[n].is_param = true;
	r->sig->optimised |= r->params[n].has_const;
	r->param_dies[n] = instance_of(r->d, die);
	r->sig->n_params++;
}

/* DW_OP_addr, or what stands for it; for a thread's own, its offset. Operands are resolved. */
static bool is_static(const struct location *l)
{
	const struct dw_op *ops = l->n ? l->e[0].ops : NULL;
	size_t n = l->n ? l->e[0].n_ops : 0;

	if (is_list(l))
		return false;
	if (n == 2)
		return ops[1].op == DW_OP_form_tls_address ||
		       ops[1].op == DW_OP_GNU_push_tls_address;
	return n == 1 && (ops[0].op == DW_OP_addr || ops[0].op == DW_OP_addrx ||
			  ops[0].op == DW_OP_GNU_addr_index);
}

static void add_local(struct reading *r, const struct die *die)
{
	size_t n = r->sig->n_locals;

	if (n >= VARIABLES || r->n_local_dies >= VARIABLES ||
	    die_flag(r->d, die, DW_AT_declaration))
		return;
	r->local_dies =
		xgrow(r->local_dies, r->n_local_dies, &r->cap_local_dies, sizeof(*r->local_dies));
	r->local_dies[r->n_local_dies++] = instance_of(r->d, die);
	r->locals = xgrow(r->locals, n, &r->cap_locals, sizeof(*r->locals));
	struct variable *v = &r->locals[n];
	*v = read_variable(r, die);
	if (!v->name[0] && !v->loc.n)
		return;
	v->is_static = is_static(&v->loc);
	if (r->is_rust)
		rust_macros_mark(r->m, r->origin, die, r->locals, n);
	r->sig->n_locals++;
}

static void read_block(struct reading *r, const struct die *die, unsigned depth);

/* A lexical block: its variables are visible in its own code. */
static void read_inner_block(struct reading *r, const struct die *die, unsigned depth)
{
	struct range *outer = r->scope, *ranges = NULL;
	size_t n_outer = r->n_scope, n = 0;

	if (die_ranges(r->d, die, &ranges, &n) == FT_OK && n) {
		r->scope = arena_copy(r->m->p->arena, ranges, n * sizeof(*ranges));
		r->n_scope = n;
	}
	free(ranges);
	read_block(r, die, depth + 1);
	r->scope = outer;
	r->n_scope = n_outer;
}

static void read_block_child(struct reading *r, const struct die *die, unsigned depth)
{
	switch (die_tag(die)) {
	case DW_TAG_formal_parameter:
		if (depth == 0)
			add_param(r, die);
		break;
	case DW_TAG_GNU_formal_parameter_pack:
		if (depth == 0)
			read_block(r, die, depth);
		break;
	case DW_TAG_unspecified_parameters:
		r->sig->variadic |= depth == 0;
		break;
	case DW_TAG_variable:
		if (depth == 0 && r->params_are_variables)
			add_param(r, die);
		else
			add_local(r, die);
		break;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		read_inner_block(r, die, depth);
		break;
	}
}

static void read_block(struct reading *r, const struct die *die, unsigned depth)
{
	struct die *child, *next = NULL;

	if (depth > BLOCK_DEPTH)
		return;
	for (enum ft_rc rc = die_child(r->d, die, &child); rc == FT_OK; child = next) {
		r->steps++;
		read_block_child(r, child, depth);
		rc = die_sibling(r->d, child, &next);
		die_free(r->d, child);
	}
}

static bool is_param(const struct reading *r, const struct die *die)
{
	return die_tag(die) == DW_TAG_formal_parameter ||
	       (r->params_are_variables && die_tag(die) == DW_TAG_variable);
}

/*
 * What rustc itself inlines (and not LLVM) has its parameters as variables. They are those outside
 * of any block: each `let` of Rust's opens one.
 */
static bool has_params_as_variables(struct reading *r, const struct die *abstract)
{
	struct die *child, *next = NULL;
	bool found = false;

	for (enum ft_rc rc = die_child(r->d, abstract, &child); rc == FT_OK; child = next) {
		r->steps++;
		found |= die_tag(child) == DW_TAG_formal_parameter;
		rc = die_sibling(r->d, child, &next);
		die_free(r->d, child);
	}
	return !found;
}

/* Puts the parameters in the abstract DIE's order; those it has alone get no location. */
static void merge_params(struct reading *r, const struct die *abstract)
{
	struct variable *concrete = r->params;
	uint64_t *dies = r->param_dies;
	size_t n_concrete = r->sig->n_params;
	struct die *child, *next = NULL;

	r->params = NULL;
	r->param_dies = NULL;
	r->cap_params = r->cap_dies = r->sig->n_params = 0;
	for (enum ft_rc rc = die_child(r->d, abstract, &child); rc == FT_OK; child = next) {
		r->steps++;
		if (is_param(r, child)) {
			add_param(r, child);
			for (size_t i = 0; i < n_concrete && r->sig->n_params; i++)
				if (dies[i] == die_offset(child)) {
					r->params[r->sig->n_params - 1] = concrete[i];
					dies[i] = UINT64_MAX; // taken
				}
		}
		r->sig->variadic |= die_tag(child) == DW_TAG_unspecified_parameters;
		rc = die_sibling(r->d, child, &next);
		die_free(r->d, child);
	}
	for (size_t i = 0; i < n_concrete; i++) {
		if (dies[i] == UINT64_MAX)
			continue;
		size_t n = r->sig->n_params++;
		r->params = xgrow(r->params, n, &r->cap_params, sizeof(*r->params));
		r->params[n] = concrete[i];
	}
	free(concrete);
	free(dies);
}

static int by_offset(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/*
 * Locals that only the abstract DIE has: a static one is described there once for all instances,
 * and one that was optimised out of this instance has no DIE in it.
 */
static void inherit_locals(struct reading *r, const struct die *abstract, const uint64_t *seen,
			   size_t n_seen, unsigned depth)
{
	struct die *child, *next = NULL;

	if (depth > BLOCK_DEPTH)
		return;
	for (enum ft_rc rc = die_child(r->d, abstract, &child); rc == FT_OK; child = next) {
		uint64_t offset = die_offset(child);
		if (die_tag(child) == DW_TAG_lexical_block)
			inherit_locals(r, child, seen, n_seen, depth + 1);
		else if (die_tag(child) == DW_TAG_variable &&
			 !(n_seen && bsearch(&offset, seen, n_seen, sizeof(*seen), by_offset)))
			add_local(r, child);
		rc = die_sibling(r->d, child, &next);
		die_free(r->d, child);
	}
}

static void merge_locals(struct reading *r, const struct die *abstract)
{
	size_t n = r->n_local_dies;
	uint64_t *seen = xcalloc(n + 1, sizeof(*seen));

	for (size_t i = 0; i < n; i++)
		seen[i] = r->local_dies[i];
	qsort(seen, n, sizeof(*seen), by_offset);
	inherit_locals(r, abstract, seen, n, 0);
	free(seen);
}

static bool producer_optimises(const char *producer)
{
	for (const char *p = producer ? strstr(producer, " -O") : NULL; p; p = strstr(p, " -O")) {
		p += 3;
		if (*p != '0' && *p != ' ')
			return true;
	}
	return false;
}

/* The variables of a subprogram or an inlined one, into r->sig. */
static void read_variables(struct reading *r, const struct chain *c)
{
	struct signature *sig = r->sig;
	struct arena *a = r->m->p->arena;
	uint64_t abstract;

	read_block(r, c->die[0], 0);
	if (c->n > 1 && die_ref(r->d, c->die[0], DW_AT_abstract_origin, &abstract) == FT_OK) {
		merge_params(r, c->die[1]);
		merge_locals(r, c->die[1]);
	}
	if (r->is_rust && sig->optimised)
		rust_macros_mark_optimised(r->locals, sig->n_locals);
	sig->params = arena_copy(a, r->params, sig->n_params * sizeof(*sig->params));
	sig->locals = arena_copy(a, r->locals, sig->n_locals * sizeof(*sig->locals));
	free(r->params);
	free(r->param_dies);
	free(r->locals);
	free(r->local_dies);
}

size_t signature_read_block(struct module *m, const struct die *die, enum language language,
			    enum origin origin, struct signature *sig)
{
	struct reading r = {
		.m = m,
		.d = m->p->dwarf,
		.sig = sig,
		.is_rust = language == LANG_RUST,
		.origin = origin,
	};
	struct chain c;

	chain_init(&c, r.d, die_offset(die));
	if (r.is_rust && c.n > 1)
		r.params_are_variables = has_params_as_variables(&r, c.die[1]);
	if (c.n)
		read_variables(&r, &c);
	chain_deinit(&c, r.d);
	return r.steps;
}

static void read_signature(struct reading *r, const struct chain *c, const struct function *f)
{
	struct signature *sig = r->sig;

	sig->returns = chain_type(c, r->m);
	sig->prototyped = f->language != LANG_C || chain_flag(c, r->d, DW_AT_prototyped);
	sig->noreturn_ = chain_flag(c, r->d, DW_AT_noreturn);
	sig->nocall = f->nocall;
	sig->optimised = f->nocall;
	if (f->unit < r->m->p->n_units)
		sig->optimised |= producer_optimises(r->m->p->units[f->unit].producer);
	die_location(r->d, c->die[0], DW_AT_frame_base, &sig->frame_base);
	read_variables(r, c);
}

enum ft_rc symbols_signature(struct symbols *s, struct function *f, const struct signature **ret)
{
	struct module *m = f->module;
	struct chain c;

	(void)s;
	if (!m || !m->p || !m->p->dwarf || !f->die)
		return FT_NONE;
	struct types *types = types_of_module(m);
	struct signature *sig = offset_map_get(&types->signatures, f->die);
	if (!sig) {
		chain_init(&c, m->p->dwarf, f->die);
		if (c.n == 0 || die_tag(c.die[0]) != DW_TAG_subprogram) {
			chain_deinit(&c, m->p->dwarf);
			return FT_NONE;
		}
		sig = arena_alloc(m->p->arena, sizeof(*sig));
		struct reading r = {
			.m = m,
			.d = m->p->dwarf,
			.sig = sig,
			.is_rust = f->language == LANG_RUST,
			.origin = f->origin,
		};
		read_signature(&r, &c, f);
		chain_deinit(&c, m->p->dwarf);
		offset_map_put(&types->signatures, f->die, sig);
	}
	*ret = sig;
	return FT_OK;
}

enum ft_rc symbols_variable_at(struct symbols *s, struct module *m, uint64_t offset,
			       const struct variable **ret)
{
	struct die *die;

	(void)s;
	if (!m || !m->p || !m->p->dwarf || !offset)
		return FT_NONE;
	struct types *types = types_of_module(m);
	struct variable *v = offset_map_get(&types->variables, offset);
	if (!v) {
		if (die_at(m->p->dwarf, offset, &die) != FT_OK)
			return FT_NONE;
		struct signature unused = {0};
		struct reading r = {.m = m, .d = m->p->dwarf, .sig = &unused};
		struct variable read = read_variable(&r, die);
		read.is_param = die_tag(die) == DW_TAG_formal_parameter;
		read.is_static = is_static(&read.loc);
		die_free(m->p->dwarf, die);
		v = arena_copy(m->p->arena, &read, sizeof(read));
		offset_map_put(&types->variables, offset, v);
	}
	*ret = v;
	return FT_OK;
}
