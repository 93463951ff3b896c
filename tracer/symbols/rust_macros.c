/*
 * rust_macros.c - which locals of a Rust function std's macros declare.
 */
#include "symbols/rust_macros.h"

#include <string.h>

#include "symbols/dwarf_constants.h"

static bool is_named(const struct variable *v, const char *name)
{
	return strcmp(v->name, name) == 0;
}

/* Is it declared in std's sources, unlike its function? */
static bool is_declared_in_std(const struct module *m, enum origin origin, const struct die *die)
{
	uint64_t offset = die_offset(die), file;
	size_t unit = module_unit_of(m, offset);

	if (origin == ORIGIN_STD || unit == SIZE_MAX ||
	    die_uint(m->p->dwarf, die, DW_AT_decl_file, &file) != FT_OK)
		return false;
	const char *path = dwarf_file_name(m->p->dwarf, unit, file);
	return path && origin_of_path(path) == ORIGIN_STD;
}

/* core::fmt::rt::Argument, an array of them, AssertKind: unstable, so no program can name them. */
static bool has_macro_type(const struct variable *v)
{
	const struct type *t = v->type;

	if (t->kind == TYPE_ARRAY && t->target)
		t = t->target;
	return t->name && (strncmp(t->name, "core::fmt::rt::", 15) == 0 ||
			   strcmp(t->name, "core::fmt::ArgumentV1") == 0 ||
			   strcmp(t->name, "core::panicking::AssertKind") == 0);
}

/* What the same expansion declares before the local n, which has a type of the macro's. */
static void mark_macro(struct variable *locals, size_t n)
{
	bool asserts = is_named(&locals[n], "kind");

	for (size_t i = n; i > 0 && n - i < 2; i--) {
		struct variable *v = &locals[i - 1];
		bool same = asserts ? is_named(v, "left_val") || is_named(v, "right_val")
				    : i == n && is_named(&locals[n], "args") && is_named(v, "args");
		if (!same || v->line != locals[n].line)
			return;
		v->from_macro = true;
	}
}

/* `let args = (&a, &b);` of println!: nothing but references. */
static bool is_tuple_of_references(struct type *t)
{
	t = type_strip(t);
	if (!t || !t->is_tuple || !t->n_members)
		return false;
	for (size_t i = 0; i < t->n_members; i++)
		if (!t->members[i].type || t->members[i].type->shown[0] != '&')
			return false;
	return true;
}

void rust_macros_mark(const struct module *m, enum origin origin, const struct die *die,
		      struct variable *locals, size_t n)
{
	if (has_macro_type(&locals[n])) {
		locals[n].from_macro = true;
		mark_macro(locals, n);
	} else {
		locals[n].from_macro = is_declared_in_std(m, origin, die);
	}
}

/* Optimisers drop the array behind println!'s tuple, and with it what tells it from others. */
void rust_macros_mark_optimised(struct variable *locals, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_named(&locals[i], "args") && locals[i].n_scope &&
		    is_tuple_of_references(locals[i].type))
			locals[i].from_macro = true;
}
