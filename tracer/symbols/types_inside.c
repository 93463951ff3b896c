/*
 * types_inside.c - members, variants, enumerators: what the children of a type's DIE say.
 */
#include <stdlib.h>
#include <string.h>

#include "symbols/dwarf_constants.h"
#include "symbols/types.h"

/* What is being read. */
struct inside {
	struct module *m;
	struct dwarf_file *d;
	struct type *t;
	struct member *members;
	size_t cap_members;
	struct enumerator *enumerators;
	size_t cap_enumerators;
	struct type **targs;
	size_t cap_targs;
	const char *enumerator_prefix; // "ns::Color::", "" in C
	const char *die_name;	       // as the DIE says it, not qualified; "" if anonymous
	uint64_t discriminant_die;
	bool has_variants;
	bool nontrivial; // C++: has what makes it be passed by reference
};

/* Calls `each` for the children of a DIE. */
static void for_children(struct inside *in, const struct die *die,
			 void (*each)(struct inside *in, const struct die *child))
{
	struct die *child, *next = NULL;

	for (enum ft_rc rc = die_child(in->d, die, &child); rc == FT_OK; child = next) {
		each(in, child);
		rc = die_sibling(in->d, child, &next);
		die_free(in->d, child);
	}
}

static struct member *add_member(struct inside *in, const struct die *die)
{
	struct type *t = in->t;

	if (t->n_members >= TYPES_MEMBERS)
		return NULL;
	in->members = xgrow(in->members, t->n_members, &in->cap_members, sizeof(*in->members));
	struct member *m = &in->members[t->n_members++];
	*m = (struct member){.name = die_string(in->d, die, DW_AT_name),
			     .type = types_ref(in->m, die, 0)};
	if (m->name && !m->name[0])
		m->name = NULL;
	m->artificial = die_flag(in->d, die, DW_AT_artificial);
	return m;
}

/* A constant, or in DWARF 2 an expression; anything else depends on the object. */
static bool member_location(struct inside *in, const struct die *die, struct member *ret)
{
	struct location loc = {0};

	ret->offset = 0;
	if (!die_has(in->d, die, DW_AT_data_member_location) ||
	    die_uint(in->d, die, DW_AT_data_member_location, &ret->offset) == FT_OK)
		return true;
	die_location(in->d, die, DW_AT_data_member_location, &loc);
	if (loc.n != 1)
		return false;
	if (loc.e[0].n_ops == 1 && loc.e[0].ops[0].op == DW_OP_plus_uconst) {
		ret->offset = loc.e[0].ops[0].a;
		return true;
	}
	ret->ops = loc.e[0].ops;
	ret->n_ops = loc.e[0].n_ops;
	return false;
}

/* DWARF 5, 5.7.6, and for DW_AT_bit_offset DWARF 3, 5.5.6: counted from the storage's top bit. */
static void set_bits(struct inside *in, const struct die *die, struct member *m)
{
	uint64_t size = types_uint(in->m, die, DW_AT_bit_size, 0), bit = 0, old;

	if (size == 0 || size > 128)
		return;
	if (die_uint(in->d, die, DW_AT_data_bit_offset, &bit) == FT_OK) {
		m->offset += bit / 8;
		bit %= 8;
	} else if (die_uint(in->d, die, DW_AT_bit_offset, &old) == FT_OK) {
		uint64_t storage =
			types_uint(in->m, die, DW_AT_byte_size, m->type ? m->type->size : 0) * 8;
		if (storage > 128 || old + size > storage)
			return;
		bit = storage - old - size;
		m->offset += bit / 8;
		bit %= 8;
	}
	m->bit_size = (uint16_t)size;
	m->bit_offset = (uint16_t)bit;
}

static void read_member(struct inside *in, const struct die *die)
{
	struct member *m = add_member(in, die);

	if (!m)
		return;
	m->is_static = die_flag(in->d, die, DW_AT_external) ||
		       die_flag(in->d, die, DW_AT_declaration) ||
		       die_has(in->d, die, DW_AT_const_value);
	m->is_virtual_base = !member_location(in, die, m);
	set_bits(in, die, m);
}

static void read_inheritance(struct inside *in, const struct die *die)
{
	struct member *m = add_member(in, die);

	if (!m)
		return;
	m->is_base = true;
	m->is_virtual_base =
		!member_location(in, die, m) || types_uint(in->m, die, DW_AT_virtuality, 0) != 0;
}

/* DW_TAG_variant holds one member: the struct of its fields. */
static void read_variant(struct inside *in, const struct die *die)
{
	struct die *child, *next = NULL;
	bool has_value = die_has(in->d, die, DW_AT_discr_value);
	uint64_t value = types_uint(in->m, die, DW_AT_discr_value, 0);

	for (enum ft_rc rc = die_child(in->d, die, &child); rc == FT_OK; child = next) {
		struct member *m = die_tag(child) == DW_TAG_member ? add_member(in, child) : NULL;
		if (m && member_location(in, child, m)) {
			m->is_default = !has_value;
			m->discr_lo = m->discr_hi = value;
		}
		rc = die_sibling(in->d, child, &next);
		die_free(in->d, child);
	}
}

static void read_discriminant(struct inside *in, const struct die *die)
{
	struct member *m = arena_alloc(in->m->p->arena, sizeof(*m));

	m->type = types_ref(in->m, die, 0);
	m->artificial = true;
	if (member_location(in, die, m))
		in->t->discriminant = m;
}

static void read_variant_child(struct inside *in, const struct die *die)
{
	if (die_tag(die) == DW_TAG_variant)
		read_variant(in, die);
	else if (die_tag(die) == DW_TAG_member && die_offset(die) == in->discriminant_die)
		read_discriminant(in, die);
}

/* Discriminants compare as unsigned numbers of their own size. */
static void narrow_discriminants(struct inside *in)
{
	struct type *t = in->t, *d = t->discriminant ? type_strip(t->discriminant->type) : NULL;

	if (!d || d->size == 0 || d->size >= 8)
		return;
	uint64_t mask = (1ull << 8 * d->size) - 1;
	for (size_t i = 0; i < t->n_members; i++) {
		in->members[i].discr_lo &= mask;
		in->members[i].discr_hi &= mask;
	}
}

static void read_variant_part(struct inside *in, const struct die *die)
{
	if (in->has_variants)
		return;
	in->has_variants = true;
	in->t->n_members = 0; // members outside of the variants are not shown
	if (die_ref(in->d, die, DW_AT_discr, &in->discriminant_die) != FT_OK)
		in->discriminant_die = 0;
	for_children(in, die, read_variant_child);
	narrow_discriminants(in);
}

static void read_enumerator(struct inside *in, const struct die *die)
{
	struct type *t = in->t;
	const char *name = die_string(in->d, die, DW_AT_name);

	if (!name || t->n_enumerators >= TYPES_MEMBERS)
		return;
	in->enumerators = xgrow(in->enumerators, t->n_enumerators, &in->cap_enumerators,
				sizeof(*in->enumerators));
	if (in->enumerator_prefix[0])
		name = arena_printf(in->m->p->arena, "%s%s", in->enumerator_prefix, name);
	uint64_t value = types_uint(in->m, die, DW_AT_const_value, 0);
	in->enumerators[t->n_enumerators++] = (struct enumerator){name, (int64_t)value};
	if (!t->target && (int64_t)value < 0 && t->size <= 4)
		t->is_signed = true; // DWARF 3 and older name no underlying type
}

static void read_targ(struct inside *in, const struct die *die)
{
	if (in->t->n_targs >= TYPES_MEMBERS)
		return;
	in->targs = xgrow(in->targs, in->t->n_targs, &in->cap_targs, sizeof(struct type *));
	in->targs[in->t->n_targs++] = types_ref(in->m, die, 0);
}

/* "Ts..." of C++: its arguments are children of its own. */
static void read_pack(struct inside *in, const struct die *die)
{
	struct die *child, *next = NULL;

	for (enum ft_rc rc = die_child(in->d, die, &child); rc == FT_OK; child = next) {
		if (die_tag(child) == DW_TAG_template_type_parameter)
			read_targ(in, child);
		rc = die_sibling(in->d, child, &next);
		die_free(in->d, child);
	}
}

/* X(const X &) or X(X &&): `this` and one reference. */
static bool is_copy_constructor(struct inside *in, const struct die *die)
{
	struct die *child, *next = NULL;
	size_t n = 0;
	bool reference = false;

	for (enum ft_rc rc = die_child(in->d, die, &child); rc == FT_OK; child = next) {
		if (die_tag(child) == DW_TAG_formal_parameter && n++ == 1) {
			struct type *p = types_ref(in->m, child, 0);
			reference = p &&
				    (p->kind == TYPE_REFERENCE || p->kind == TYPE_RVALUE_REFERENCE);
			struct type *to = reference ? p->target : NULL;
			if (to && to->kind == TYPE_CONST)
				to = to->target;
			reference = to == in->t;
		}
		rc = die_sibling(in->d, child, &next);
		die_free(in->d, child);
	}
	return n == 2 && reference;
}

/* Constructors have the class's name without its template arguments. */
static bool is_constructor(const struct inside *in, const char *name)
{
	size_t n = strcspn(in->die_name, "<");

	return n && strncmp(in->die_name, name, n) == 0 && name[n] == '\0';
}

/* gcc does not say how a class is passed: Itanium C++ ABI 3.1.1, from its methods. */
static void read_method(struct inside *in, const struct die *die)
{
	const char *name = die_string(in->d, die, DW_AT_name);

	if (types_uint(in->m, die, DW_AT_virtuality, 0))
		in->nontrivial = true;
	if (!name || in->nontrivial || die_flag(in->d, die, DW_AT_artificial) ||
	    die_has(in->d, die, DW_AT_defaulted) || die_flag(in->d, die, DW_AT_deleted))
		return;
	if (name[0] == '~' || (is_constructor(in, name) && is_copy_constructor(in, die)))
		in->nontrivial = true;
}

static void read_child(struct inside *in, const struct die *die)
{
	switch (die_tag(die)) {
	case DW_TAG_member:
		if (!in->has_variants)
			read_member(in, die);
		break;
	case DW_TAG_inheritance:
		read_inheritance(in, die);
		break;
	case DW_TAG_variant_part:
		read_variant_part(in, die);
		break;
	case DW_TAG_enumerator:
		read_enumerator(in, die);
		break;
	case DW_TAG_template_type_parameter:
		read_targ(in, die);
		break;
	case DW_TAG_GNU_template_parameter_pack:
		read_pack(in, die);
		break;
	case DW_TAG_subprogram:
		if (in->t->language == LANG_CXX && in->t->kind != TYPE_ENUM)
			read_method(in, die);
		break;
	}
}

static bool is_tuple(const struct inside *in)
{
	return in->t->language == LANG_RUST && in->t->n_members && in->members[0].name &&
	       strcmp(in->members[0].name, "__0") == 0;
}

/* A member that is passed by reference makes its class so. */
static bool has_nontrivial_member(const struct inside *in)
{
	struct types *types = types_of_module(in->m);
	bool found = false;

	if (types->inside_depth >= TYPES_DEPTH)
		return false;
	types->inside_depth++;
	for (size_t i = 0; i < in->t->n_members && !found; i++) {
		const struct member *m = &in->members[i];
		if (m->is_static)
			continue;
		struct type *t = type_strip(m->type);
		for (unsigned depth = 0; t && t->kind == TYPE_ARRAY && depth < 16; depth++)
			t = type_strip(t->target);
		found = m->is_virtual_base || (t && t->by_reference);
	}
	types->inside_depth--;
	return found;
}

/* gdb's prefix of an enumerator: the enum's own name only if it is scoped. */
static const char *enumerator_prefix(struct inside *in, const struct die *die)
{
	struct arena *a = in->m->p->arena;

	if (in->t->language != LANG_CXX || in->t->kind != TYPE_ENUM)
		return "";
	if (die_flag(in->d, die, DW_AT_enum_class) && in->t->name)
		return arena_printf(a, "%s::", in->t->name);
	const char *scope = module_scope_of(in->m, module_declared_at(in->m, die), NULL);
	return scope[0] ? arena_printf(a, "%s::", scope) : "";
}

static void keep(struct inside *in)
{
	struct arena *a = in->m->p->arena;
	struct type *t = in->t;

	t->members = arena_copy(a, in->members, t->n_members * sizeof(*t->members));
	t->enumerators = arena_copy(a, in->enumerators, t->n_enumerators * sizeof(*t->enumerators));
	t->targs = arena_copy(a, in->targs, t->n_targs * sizeof(struct type *));
	free(in->members);
	free(in->enumerators);
	free(in->targs);
}

void types_read_inside(struct type *t)
{
	struct type_inside *from = t->detail;
	struct inside in = {.m = from->module, .d = from->module->p->dwarf, .t = t};
	struct die *die;

	t->detail = NULL; // first: the members may lead back here
	if (die_at(in.d, from->die, &die) != FT_OK)
		return;
	struct type *under = t->kind == TYPE_ENUM ? type_strip(t->target) : NULL;
	t->is_signed = under && (under->kind == TYPE_INT || under->is_signed);
	in.enumerator_prefix = enumerator_prefix(&in, die);
	const char *name = die_string(in.d, die, DW_AT_name);
	in.die_name = name ? name : "";
	for_children(&in, die, read_child);
	if (in.has_variants)
		t->kind = TYPE_VARIANTS;
	t->is_tuple = is_tuple(&in);
	if (t->language == LANG_CXX && !t->by_reference && t->kind != TYPE_ENUM &&
	    !die_has(in.d, die, DW_AT_calling_convention))
		t->by_reference = in.nontrivial || has_nontrivial_member(&in);
	die_free(in.d, die);
	keep(&in);
}
