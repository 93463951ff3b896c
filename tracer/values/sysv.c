/*
 * sysv.c - how C and C++ return a type: System V x86-64 psABI 1.0, section 3.2.3.
 */
#include <string.h>

#include "values/private.h"

enum eightbyte {
	CLASS_NONE,
	CLASS_INTEGER,
	CLASS_SSE,
	CLASS_SSEUP,
	CLASS_X87,
	CLASS_X87UP,
	CLASS_COMPLEX_X87,
	CLASS_MEMORY,
};

enum { EIGHTBYTES = 2, TYPES_MAX = 500 };

/* The classification of one type of at most 16 bytes under way. */
struct classes {
	enum eightbyte of[EIGHTBYTES];
	unsigned left; // types that may still be looked at: they may be hostile
};

/* psABI 3.2.3, classification 4: what two fields that share an eightbyte make of it. */
static enum eightbyte merge(enum eightbyte a, enum eightbyte b)
{
	if (a == b || b == CLASS_NONE)
		return a;
	if (a == CLASS_NONE)
		return b;
	if (a == CLASS_MEMORY || b == CLASS_MEMORY)
		return CLASS_MEMORY;
	if (a == CLASS_INTEGER || b == CLASS_INTEGER)
		return CLASS_INTEGER;
	if (a >= CLASS_X87 || b >= CLASS_X87)
		return CLASS_MEMORY;
	return CLASS_SSE;
}

static void merge_at(struct classes *c, uint64_t off, enum eightbyte kind)
{
	enum eightbyte *of = &c->of[off / 8 < EIGHTBYTES ? off / 8 : EIGHTBYTES - 1];

	*of = merge(*of, off / 8 < EIGHTBYTES ? kind : CLASS_MEMORY);
}

static void merge_two(struct classes *c, uint64_t off, enum eightbyte low, enum eightbyte high)
{
	merge_at(c, off, low);
	merge_at(c, off + 8, high);
}

static bool name_has(const struct type *t, const char *part)
{
	return t->name && strstr(t->name, part);
}

/* What the type itself asks for; a type that its context packs is found by its offset. */
static uint64_t natural_align(struct type *t, unsigned *left)
{
	t = type_strip(t);
	if (!t || *left == 0)
		return 1;
	--*left;
	if (t->kind == TYPE_ARRAY)
		return t->is_vector ? t->size : natural_align(t->target, left);
	if (t->kind == TYPE_COMPLEX)
		return t->size / 2 ? t->size / 2 : 1;
	if (t->kind != TYPE_STRUCT && t->kind != TYPE_CLASS && t->kind != TYPE_UNION)
		return t->size ? t->size : 1;
	// A struct that is packed inside asks for no more than its members' places allow.
	uint64_t align = 1;
	for (size_t i = 0; i < t->n_members && i < 64; i++) {
		const struct member *m = &t->members[i];
		if (m->is_static || m->is_virtual_base || m->bit_size)
			continue;
		uint64_t a = natural_align(m->type, left);
		if (a > align && m->offset % a == 0 && t->size % a == 0)
			align = a;
	}
	return align;
}

static void classify(struct classes *c, struct type *t, uint64_t off);

static void classify_members(struct classes *c, const struct type *t, uint64_t off)
{
	for (size_t i = 0; i < t->n_members; i++) {
		const struct member *m = &t->members[i];
		struct type *mt = type_strip(m->type);
		uint64_t at = off + m->offset;
		if (m->is_static)
			continue;
		if (m->is_virtual_base || !mt || m->offset > 16) {
			c->of[0] = CLASS_MEMORY;
		} else if (m->bit_size) {
			uint64_t first = at * 8 + m->bit_offset, last = first + m->bit_size - 1;
			merge_at(c, first / 8, CLASS_INTEGER);
			merge_at(c, last / 8, CLASS_INTEGER);
		} else if (mt->size && at % natural_align(mt, &c->left) != 0) {
			c->of[0] = CLASS_MEMORY; // unaligned fields (psABI 3.2.3, 1)
		} else {
			classify(c, mt, at);
		}
	}
}

static void classify_float(struct classes *c, const struct type *t, uint64_t off)
{
	if (t->size <= 8)
		merge_at(c, off, CLASS_SSE);
	else if (name_has(t, "loat128"))
		merge_two(c, off, CLASS_SSE, CLASS_SSEUP);
	else
		merge_two(c, off, CLASS_X87, CLASS_X87UP);
}

static void classify_complex(struct classes *c, const struct type *t, uint64_t off)
{
	if (t->size <= 16) {
		merge_at(c, off, CLASS_SSE);
		merge_at(c, off + t->size / 2, CLASS_SSE);
	} else {
		c->of[0] = name_has(t, "128") ? CLASS_MEMORY : CLASS_COMPLEX_X87;
	}
}

static void classify_array(struct classes *c, struct type *t, uint64_t off)
{
	struct type *element = type_strip(t->target);

	if (t->is_vector) {
		merge_at(c, off, CLASS_SSE);
		if (t->size > 8)
			merge_at(c, off + 8, CLASS_SSEUP);
		return;
	}
	for (uint64_t i = 0; element && element->size && i < t->count && i < 16; i++)
		classify(c, element, off + i * element->size);
}

static void classify(struct classes *c, struct type *t, uint64_t off)
{
	t = type_strip(t);
	if (!t || c->left == 0) {
		c->of[0] = CLASS_MEMORY;
		return;
	}
	c->left--;
	switch (t->kind) {
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_UINT:
	case TYPE_CHAR:
	case TYPE_UTF:
	case TYPE_ENUM:
	case TYPE_POINTER:
	case TYPE_REFERENCE:
	case TYPE_RVALUE_REFERENCE:
	case TYPE_MEMBER_POINTER:
		merge_at(c, off, CLASS_INTEGER);
		if (t->size > 8)
			merge_at(c, off + 8, CLASS_INTEGER);
		return;
	case TYPE_FLOAT:
		return classify_float(c, t, off);
	case TYPE_COMPLEX:
		return classify_complex(c, t, off);
	case TYPE_ARRAY:
		return classify_array(c, t, off);
	case TYPE_STRUCT:
	case TYPE_CLASS:
	case TYPE_UNION:
	case TYPE_VARIANTS:
		if (t->by_reference)
			c->of[0] = CLASS_MEMORY;
		return classify_members(c, t, off);
	case TYPE_UNKNOWN:
	case TYPE_VOID:
	case TYPE_FUNCTION:
	case TYPE_TYPEDEF:
	case TYPE_CONST:
	case TYPE_VOLATILE:
	case TYPE_RESTRICT:
	case TYPE_ATOMIC:
		c->of[0] = CLASS_MEMORY;
		return;
	}
}

/* psABI 3.2.3, classification 5: the post-merger clean-up. */
static bool must_be_memory(const struct classes *c)
{
	return c->of[0] == CLASS_MEMORY || c->of[1] == CLASS_MEMORY ||
	       (c->of[1] == CLASS_X87UP && c->of[0] != CLASS_X87);
}

/* psABI 3.2.3, "Returning of Values". */
static void assign_registers(const struct classes *c, struct return_plan *ret)
{
	static const uint8_t integer[] = {ARCH_RAX, ARCH_RDX};
	unsigned n_integer = 0, n_sse = 0;

	for (unsigned i = 0; i < EIGHTBYTES && i * 8 < ret->size; i++) {
		uint64_t left = ret->size - i * 8, bytes = left < 8 ? left : 8;
		switch (c->of[i]) {
		case CLASS_INTEGER:
			return_plan_add(ret, integer[n_integer++], i * 8, bytes);
			break;
		case CLASS_SSE:
			if (i == 0 && c->of[1] == CLASS_SSEUP)
				bytes = left < 16 ? left : 16;
			return_plan_add(ret, (uint8_t)(ARCH_XMM0 + n_sse++), i * 8, bytes);
			break;
		case CLASS_SSEUP:
			if (i == 0 || c->of[0] != CLASS_SSE)
				return_plan_add(ret, (uint8_t)(ARCH_XMM0 + n_sse++), i * 8, bytes);
			break;
		case CLASS_X87:
			return_plan_add(ret, ARCH_ST0, i * 8, 10);
			break;
		case CLASS_COMPLEX_X87:
			return_plan_add(ret, ARCH_ST0, 0, 10);
			return_plan_add(ret, ARCH_ST0 + 1, 16, 10);
			return;
		case CLASS_NONE:
		case CLASS_X87UP:
		case CLASS_MEMORY:
			break;
		}
	}
}

void return_plan_sysv(struct type *t, struct return_plan *ret)
{
	struct classes c = {.left = TYPES_MAX};

	if (name_has(t, "_Decimal") || name_has(t, "decimal")) {
		ret->class = RETURN_UNKNOWN;
		ret->why = "decimal float";
		return;
	}
	// Arrays are never returned in C: this is a SIMD vector, whether marked as one or not.
	if (t->kind == TYPE_ARRAY && t->size > 16) {
		ret->class = RETURN_UNKNOWN;
		ret->why = "vector wider than 16 bytes";
		return;
	}
	if (t->kind == TYPE_COMPLEX) {
		classify_complex(&c, t, 0);
	} else if (t->size > 16) {
		c.of[0] = CLASS_MEMORY;
	} else if (t->kind == TYPE_ARRAY) {
		c.of[0] = CLASS_SSE;
		c.of[1] = t->size > 8 ? CLASS_SSEUP : CLASS_NONE;
	} else {
		classify(&c, t, 0);
	}
	if (must_be_memory(&c))
		ret->class = RETURN_MEMORY;
	else
		assign_registers(&c, ret);
}
