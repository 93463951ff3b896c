/*
 * types.c - types by DIE offset, each made once, from what a DIE says without its children.
 */
#include "symbols/types.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/dwarf_constants.h"

static size_t offset_slot(const struct offset_map *m, uint64_t key)
{
	size_t i = (size_t)(key * 0x9e3779b97f4a7c15ull >> 20) & (m->cap - 1);

	while (m->e[i].offset && m->e[i].offset != key)
		i = (i + 1) & (m->cap - 1);
	return i;
}

void *offset_map_get(const struct offset_map *m, uint64_t offset)
{
	return m->cap ? m->e[offset_slot(m, offset + 1)].value : NULL;
}

void offset_map_put(struct offset_map *m, uint64_t offset, void *value)
{
	if (2 * (m->n + 1) > m->cap) {
		struct offset_map old = *m;
		m->cap = old.cap ? old.cap * 2 : 256;
		m->e = xcalloc(m->cap, sizeof(*m->e));
		for (size_t i = 0; i < old.cap; i++)
			if (old.e[i].offset)
				m->e[offset_slot(m, old.e[i].offset)] = old.e[i];
		free(old.e);
	}
	struct offset_entry *e = &m->e[offset_slot(m, offset + 1)];
	m->n += !e->offset;
	*e = (struct offset_entry){offset + 1, value};
}

struct types *types_of_module(struct module *m)
{
	if (!m->p->types) {
		struct types *types = xcalloc(1, sizeof(*types));
		types->unknown.t = (struct type){.kind = TYPE_UNKNOWN, .shown = "<unknown type>"};
		types->unknown.left = "<unknown type>";
		types->unknown.right = "";
		types->unit = SIZE_MAX;
		m->p->types = types;
	}
	return m->p->types;
}

void types_destroy(void *p)
{
	struct types *types = p;

	free(types->by_die.e);
	free(types->signatures.e);
	free(types->inlines.e);
	free(types->inlined_functions.e);
	free(types->variables.e);
	free(types->call_tables.e);
	free(types->self_calls.e);
	free(types);
}

struct type_node *types_new(struct module *m, enum type_kind kind)
{
	struct type_node *n = arena_alloc(m->p->arena, sizeof(*n));

	n->t.kind = kind;
	n->t.language = types_of_module(m)->language;
	n->t.rustc = types_of_module(m)->rustc;
	n->t.shown = "<unknown type>"; // until it is spelled: a cycle may look at it before
	n->left = n->t.shown;
	n->right = "";
	return n;
}

/* 95 of "clang LLVM (rustc version 1.95.0 (…))". */
static uint16_t rustc_minor(const char *producer)
{
	const char *p = producer ? strstr(producer, "rustc version 1.") : NULL;
	unsigned long v = p ? strtoul(p + strlen("rustc version 1."), NULL, 10) : 0;

	return v < 1000 ? (uint16_t)v : 0;
}

/* Language and compiler of the unit that a DIE is in; a type unit is taken for its user's. */
static void enter_unit(struct module *m, uint64_t die)
{
	struct types *types = types_of_module(m);
	size_t unit = module_unit_of(m, die);

	if (unit == types->unit || unit >= m->p->n_units)
		return;
	types->unit = unit;
	types->language = language_of(m->p->units[unit].dw_lang);
	types->rustc = types->language == LANG_RUST ? rustc_minor(m->p->units[unit].producer) : 0;
}

uint64_t types_uint(struct module *m, const struct die *die, uint16_t attr, uint64_t otherwise)
{
	uint64_t v;
	int64_t s;

	if (die_uint(m->p->dwarf, die, attr, &v) == FT_OK)
		return v;
	if (die_sint(m->p->dwarf, die, attr, &s) == FT_OK)
		return (uint64_t)s;
	const uint8_t *bytes;
	size_t len;
	if (die_block(m->p->dwarf, die, attr, &bytes, &len) != FT_OK || len != 16)
		return otherwise;
	memcpy(&v, bytes, sizeof(v)); // a discriminant of 128 bits: rustc numbers from 0
	return v;
}

struct type *types_ref(struct module *m, const struct die *die, unsigned depth)
{
	uint64_t offset;

	if (!die_has(m->p->dwarf, die, DW_AT_type))
		return NULL;
	if (die_ref(m->p->dwarf, die, DW_AT_type, &offset) != FT_OK)
		return &types_of_module(m)->unknown.t;
	return types_at(m, offset, depth + 1);
}

/* C++ and Rust names carry their namespaces; Rust's pointers are named in full already. */
static const char *qualified_name(struct module *m, const struct die *die)
{
	const char *name = die_string(m->p->dwarf, die, DW_AT_name);
	enum language language = types_of_module(m)->language;

	if (!name || !name[0])
		return NULL;
	if (language != LANG_CXX && language != LANG_RUST)
		return name;
	const char *scope = module_scope_of(m, module_declared_at(m, die), NULL);
	return scope[0] ? arena_printf(m->p->arena, "%s::%s", scope, name) : name;
}

static void set_sizes(struct module *m, const struct die *die, struct type *t)
{
	t->size = types_uint(m, die, DW_AT_byte_size, 0);
	uint64_t align = types_uint(m, die, DW_AT_alignment, 0);
	t->align = align <= 1u << 20 ? (uint32_t)align : 0;
	t->is_declaration = die_flag(m->p->dwarf, die, DW_AT_declaration);
}

static enum type_kind base_kind(uint64_t encoding, const struct type *t)
{
	bool rust = t->language == LANG_RUST;

	switch (encoding) {
	case DW_ATE_boolean:
		return TYPE_BOOL;
	case DW_ATE_complex_float:
		return TYPE_COMPLEX;
	case DW_ATE_float:
		return TYPE_FLOAT;
	case DW_ATE_signed:
		return TYPE_INT;
	case DW_ATE_signed_char:
		return rust || t->size != 1 ? TYPE_INT : TYPE_CHAR;
	case DW_ATE_unsigned_char: // rustc wrote its char so before 1.61
		if (rust)
			return t->size == 4 ? TYPE_UTF : TYPE_UINT;
		return t->size == 1 ? TYPE_CHAR : TYPE_UINT;
	case DW_ATE_unsigned:
	case DW_ATE_address:
		return TYPE_UINT;
	case DW_ATE_UTF:
	case DW_ATE_UCS:
	case DW_ATE_ASCII:
		return TYPE_UTF;
	}
	return TYPE_UNKNOWN; // decimal and fixed point: known by name and size only
}

static void read_base(struct module *m, const struct die *die, struct type_node *n)
{
	uint64_t encoding = types_uint(m, die, DW_AT_encoding, 0);

	n->t.name = die_string(m->p->dwarf, die, DW_AT_name);
	set_sizes(m, die, &n->t);
	n->t.kind = base_kind(encoding, &n->t);
	uint64_t max = n->t.kind == TYPE_COMPLEX ? 32 : 16;
	if (n->t.size > max || (n->t.size == 0 && n->t.language != LANG_RUST))
		n->t.kind = TYPE_UNKNOWN;
	n->t.is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
	spell_base(m->p->arena, n);
}

static void read_pointer(struct module *m, const struct die *die, struct type_node *n,
			 enum type_kind kind, unsigned depth)
{
	n->t.kind = kind;
	n->t.size = types_uint(m, die, DW_AT_byte_size, 8);
	if (n->t.size == 0 || n->t.size > 8)
		n->t.size = 8;
	n->t.name = die_string(m->p->dwarf, die, DW_AT_name);
	n->t.target = types_ref(m, die, depth);
	if (kind == TYPE_MEMBER_POINTER && n->t.target && n->t.target->kind == TYPE_FUNCTION)
		n->t.size = 16; // Itanium C++ ABI 2.3
	uint64_t container;
	if (kind == TYPE_MEMBER_POINTER &&
	    die_ref(m->p->dwarf, die, DW_AT_containing_type, &container) == FT_OK)
		n->t.container = types_at(m, container, depth + 1);
	spell_pointer(m->p->arena, n);
}

static void read_alias(struct module *m, const struct die *die, struct type_node *n,
		       enum type_kind kind, unsigned depth)
{
	n->t.kind = kind;
	n->t.target = types_ref(m, die, depth);
	n->t.size = n->t.target ? n->t.target->size : 0;
	if (kind == TYPE_TYPEDEF) {
		n->t.name = qualified_name(m, die);
		spell_base(m->p->arena, n);
	} else {
		spell_qualifier(m->p->arena, n);
	}
}

/* A bound that only the running function knows (DWARF 5, 5.13): an expression or a variable. */
static void read_bound(struct module *m, const struct die *die, uint16_t attr, int64_t lower,
		       struct type *array)
{
	struct array_bound b = {.is_count = attr == DW_AT_count, .lower = lower};
	struct die *variable;
	uint64_t offset;

	if (die_ref(m->p->dwarf, die, attr, &offset) != FT_OK) {
		die_location(m->p->dwarf, die, attr, &b.loc);
	} else if (die_at(m->p->dwarf, offset, &variable) == FT_OK) {
		struct type *t = types_ref(m, variable, TYPES_DEPTH);
		die_location(m->p->dwarf, variable, DW_AT_location, &b.loc);
		b.is_variable = true;
		b.size = t && t->size >= 1 && t->size <= 8 ? (uint32_t)t->size : 8;
		die_free(m->p->dwarf, variable);
	}
	if (b.loc.n)
		array->bound = arena_copy(m->p->arena, &b, sizeof(b));
}

/* One dimension: its count, if the debug information has it as a constant. */
static void read_subrange(struct module *m, const struct die *die, struct type *array)
{
	uint64_t count;
	int64_t lower = (int64_t)types_uint(m, die, DW_AT_lower_bound, 0);

	if (die_uint(m->p->dwarf, die, DW_AT_count, &count) == FT_OK) {
		array->has_count = true;
		array->count = count;
		return;
	}
	bool constant = die_uint(m->p->dwarf, die, DW_AT_upper_bound, &count) == FT_OK;
	int64_t upper = -1; // no bound, or one below the lower: int x[0]
	if (!constant && die_sint(m->p->dwarf, die, DW_AT_upper_bound, &upper) != FT_OK) {
		bool is_count = die_has(m->p->dwarf, die, DW_AT_count);
		read_bound(m, die, is_count ? DW_AT_count : DW_AT_upper_bound, lower, array);
		return;
	}
	if (constant)
		upper = (int64_t)count;
	array->has_count = true;
	array->count = upper >= lower ? (uint64_t)(upper - lower) + 1 : 0;
}

static void finish_array(struct module *m, struct type_node *n)
{
	uint64_t size = n->t.target ? n->t.target->size : 0, total;

	if (__builtin_mul_overflow(size, n->t.count, &total)) {
		n->t.has_count = false;
		n->t.count = total = 0;
	}
	n->t.size = total;
	spell_array(m->p->arena, n);
}

/* int [2][3] is an array of 2 arrays of 3: `n` becomes the outermost. */
static void read_array(struct module *m, const struct die *die, struct type_node *n, unsigned depth)
{
	struct type *element = types_ref(m, die, depth);
	struct type_node *dims[16];
	size_t n_dims = 0;
	struct die *child, *next = NULL;

	n->t.kind = TYPE_ARRAY;
	n->t.is_vector = die_flag(m->p->dwarf, die, DW_AT_GNU_vector);
	for (enum ft_rc rc = die_child(m->p->dwarf, die, &child); rc == FT_OK; child = next) {
		if (die_tag(child) == DW_TAG_subrange_type && n_dims < FT_COUNT(dims)) {
			struct type_node *dim = n_dims ? types_new(m, TYPE_ARRAY) : n;
			read_subrange(m, child, &dim->t);
			dims[n_dims++] = dim;
		}
		rc = die_sibling(m->p->dwarf, child, &next);
		die_free(m->p->dwarf, child);
	}
	if (n_dims == 0)
		dims[n_dims++] = n;
	for (size_t i = n_dims; i-- > 0; element = &dims[i]->t) {
		dims[i]->t.target = element;
		finish_array(m, dims[i]);
	}
}

static void read_function(struct module *m, const struct die *die, struct type_node *n,
			  unsigned depth)
{
	struct type **params = NULL;
	size_t cap = 0;
	bool variadic = false;
	struct die *child, *next = NULL;

	n->t.kind = TYPE_FUNCTION;
	n->t.target = types_ref(m, die, depth);
	for (enum ft_rc rc = die_child(m->p->dwarf, die, &child); rc == FT_OK; child = next) {
		uint16_t tag = die_tag(child);
		if (tag == DW_TAG_formal_parameter && n->t.n_params < TYPES_MEMBERS) {
			params = xgrow(params, n->t.n_params, &cap, sizeof(*params));
			params[n->t.n_params++] = types_ref(m, child, depth);
		}
		variadic |= tag == DW_TAG_unspecified_parameters;
		rc = die_sibling(m->p->dwarf, child, &next);
		die_free(m->p->dwarf, child);
	}
	n->t.params = arena_copy(m->p->arena, params, n->t.n_params * sizeof(*params));
	free(params);
	bool prototyped = n->t.language != LANG_C || die_flag(m->p->dwarf, die, DW_AT_prototyped);
	spell_function(m->p->arena, n, prototyped, variadic);
}

/* Its inside is read when type_strip() meets it. */
static void read_aggregate(struct module *m, const struct die *die, struct type_node *n,
			   enum type_kind kind, unsigned depth)
{
	n->t.kind = kind;
	n->t.name = qualified_name(m, die);
	set_sizes(m, die, &n->t);
	if (kind == TYPE_ENUM) {
		n->t.target = types_ref(m, die, depth);
		if (!n->t.size && n->t.target)
			n->t.size = n->t.target->size;
		if (n->t.size > 16)
			n->t.size = 0;
	}
	uint64_t convention = types_uint(m, die, DW_AT_calling_convention, 0);
	n->t.by_reference = convention == DW_CC_pass_by_reference;
	struct type_inside *inside = arena_alloc(m->p->arena, sizeof(*inside));
	*inside = (struct type_inside){m, die_offset(die)};
	n->t.detail = inside;
	spell_base(m->p->arena, n);
}

/* std::nullptr_t is the one of them that a program has values of. */
static void read_unspecified(struct module *m, const struct die *die, struct type_node *n)
{
	n->t.name = die_string(m->p->dwarf, die, DW_AT_name);
	if (n->t.name && strstr(n->t.name, "nullptr")) {
		n->t.kind = TYPE_POINTER;
		n->t.size = 8;
	}
	spell_base(m->p->arena, n);
}

static void read_die(struct module *m, const struct die *die, struct type_node *n, unsigned depth)
{
	switch (die_tag(die)) {
	case DW_TAG_base_type:
		return read_base(m, die, n);
	case DW_TAG_pointer_type:
		return read_pointer(m, die, n, TYPE_POINTER, depth);
	case DW_TAG_reference_type:
		return read_pointer(m, die, n, TYPE_REFERENCE, depth);
	case DW_TAG_rvalue_reference_type:
		return read_pointer(m, die, n, TYPE_RVALUE_REFERENCE, depth);
	case DW_TAG_ptr_to_member_type:
		return read_pointer(m, die, n, TYPE_MEMBER_POINTER, depth);
	case DW_TAG_typedef:
	case DW_TAG_template_alias:
		return read_alias(m, die, n, TYPE_TYPEDEF, depth);
	case DW_TAG_const_type:
	case DW_TAG_immutable_type:
		return read_alias(m, die, n, TYPE_CONST, depth);
	case DW_TAG_volatile_type:
		return read_alias(m, die, n, TYPE_VOLATILE, depth);
	case DW_TAG_restrict_type:
		return read_alias(m, die, n, TYPE_RESTRICT, depth);
	case DW_TAG_atomic_type:
		return read_alias(m, die, n, TYPE_ATOMIC, depth);
	case DW_TAG_array_type:
		return read_array(m, die, n, depth);
	case DW_TAG_subroutine_type:
		return read_function(m, die, n, depth);
	case DW_TAG_structure_type:
	case DW_TAG_interface_type:
		return read_aggregate(m, die, n, TYPE_STRUCT, depth);
	case DW_TAG_class_type:
		return read_aggregate(m, die, n, TYPE_CLASS, depth);
	case DW_TAG_union_type:
		return read_aggregate(m, die, n, TYPE_UNION, depth);
	case DW_TAG_enumeration_type:
		return read_aggregate(m, die, n, TYPE_ENUM, depth);
	case DW_TAG_unspecified_type:
		return read_unspecified(m, die, n);
	}
}

struct type *types_at(struct module *m, uint64_t offset, unsigned depth)
{
	struct types *types = types_of_module(m);
	struct type_node *n = offset_map_get(&types->by_die, offset);
	struct die *die;

	if (n)
		return &n->t;
	if (depth > TYPES_DEPTH || types->by_die.n >= TYPES_MAX)
		return &types->unknown.t;
	if (die_at(m->p->dwarf, offset, &die) != FT_OK) {
		offset_map_put(&types->by_die, offset, &types->unknown);
		return &types->unknown.t;
	}
	uint64_t elsewhere; // a declaration whose definition is a type unit
	if (die_ref(m->p->dwarf, die, DW_AT_signature, &elsewhere) == FT_OK &&
	    elsewhere != offset) {
		die_free(m->p->dwarf, die);
		struct type *t = types_at(m, elsewhere, depth + 1);
		offset_map_put(&types->by_die, offset, t);
		return t;
	}
	enter_unit(m, offset);
	n = types_new(m, TYPE_UNKNOWN);
	offset_map_put(&types->by_die, offset, n);
	read_die(m, die, n, depth);
	die_free(m->p->dwarf, die);
	return &n->t;
}

struct type *type_strip(struct type *t)
{
	for (unsigned depth = 0; t && depth < 2 * TYPES_DEPTH; depth++) {
		switch (t->kind) {
		case TYPE_TYPEDEF:
		case TYPE_CONST:
		case TYPE_VOLATILE:
		case TYPE_RESTRICT:
		case TYPE_ATOMIC:
			t = t->target;
			continue;
		case TYPE_STRUCT:
		case TYPE_CLASS:
		case TYPE_UNION:
		case TYPE_ENUM:
			if (t->detail)
				types_read_inside(t);
			return t;
		case TYPE_UNKNOWN:
		case TYPE_VOID:
		case TYPE_BOOL:
		case TYPE_INT:
		case TYPE_UINT:
		case TYPE_CHAR:
		case TYPE_UTF:
		case TYPE_FLOAT:
		case TYPE_COMPLEX:
		case TYPE_POINTER:
		case TYPE_REFERENCE:
		case TYPE_RVALUE_REFERENCE:
		case TYPE_ARRAY:
		case TYPE_VARIANTS:
		case TYPE_FUNCTION:
		case TYPE_MEMBER_POINTER:
			return t;
		}
	}
	return t;
}
