/*
 * plan_pointer.c - where the address is in a value that points somewhere.
 */
#include <string.h>

#include "events/plan.h"

enum {
	OWNER_LEVELS = 12, // of members, down to a library type's pointer
	OWNER_MEMBERS = 16,
};

// "&": Rust's references to slices, text and traits have their address in a struct.
static bool is_library(const char *name)
{
	static const char *const roots[] = {"alloc::", "std::", "core::", "hashbrown::", "&"};
	for (size_t i = 0; name && i < FT_COUNT(roots); i++)
		if (strncmp(name, roots[i], strlen(roots[i])) == 0)
			return true;
	return false;
}

// Where a value's first pointer is: of a pointer, and of a library's type that owns what it has.
static bool find_pointer(struct type *type, unsigned levels, uint64_t *off)
{
	struct type *t = type_strip(type);
	if (!t || levels == 0)
		return false;
	if (t->kind == TYPE_POINTER || t->kind == TYPE_REFERENCE ||
	    t->kind == TYPE_RVALUE_REFERENCE)
		return t->size == ARCH_WORD;
	if (t->kind != TYPE_STRUCT && t->kind != TYPE_CLASS)
		return false;
	if (levels == OWNER_LEVELS && !is_library(t->name))
		return false;
	for (size_t i = 0; i < t->n_members && i < OWNER_MEMBERS; i++) {
		uint64_t at = *off;
		*off += t->members[i].offset;
		if (!t->members[i].is_static && !t->members[i].bit_size &&
		    find_pointer(t->members[i].type, levels - 1, off))
			return true;
		*off = at;
	}
	return false;
}

struct pointer_in pointer_in(struct type *type)
{
	struct pointer_in p = {.off = 0};
	p.any = find_pointer(type, OWNER_LEVELS, &p.off);
	return p;
}
