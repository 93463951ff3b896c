/*
 * covered.c - which bytes of a value matter: not the padding of structs, which no piece may hold.
 */
#include "values/private.h"

enum { COVER_DEPTH = 16, COVER_ELEMENTS = 4096, X87_BYTES = 10 };

static bool all_known(const bool *known, size_t len, uint64_t off, uint64_t n)
{
	if (off > len || n > len - off)
		return false;
	for (uint64_t i = 0; i < n; i++)
		if (!known[off + i])
			return false;
	return true;
}

static bool is_covered(struct type *t, const bool *known, size_t len, uint64_t off, unsigned *left,
		       unsigned depth);

static bool member_is_covered(const struct member *m, const bool *known, size_t len, uint64_t off,
			      unsigned *left, unsigned depth)
{
	if (m->is_static || m->is_virtual_base)
		return true;
	if (m->offset > len || off > len - m->offset)
		return false;
	off += m->offset;
	if (m->bit_size) {
		uint64_t first = m->bit_offset / 8u, end = m->bit_offset + m->bit_size + 7u;
		return all_known(known, len, off + first, end / 8u - first);
	}
	return is_covered(m->type, known, len, off, left, depth + 1);
}

static bool is_covered(struct type *t, const bool *known, size_t len, uint64_t off, unsigned *left,
		       unsigned depth)
{
	t = type_strip(t);
	if (!t || depth > COVER_DEPTH || !*left)
		return false;
	--*left;
	switch (t->kind) {
	case TYPE_STRUCT:
	case TYPE_CLASS:
	case TYPE_UNION:
		for (size_t i = 0; i < t->n_members; i++)
			if (!member_is_covered(&t->members[i], known, len, off, left, depth))
				return false;
		return true;
	case TYPE_ARRAY:
		if (!t->target || !t->has_count)
			break;
		for (uint64_t i = 0; i < t->count; i++)
			if (!is_covered(t->target, known, len, off + i * t->target->size, left,
					depth + 1))
				return false;
		return true;
	case TYPE_FLOAT:
		return all_known(known, len, off, t->size == 16 ? X87_BYTES : t->size);
	case TYPE_UNKNOWN:
	case TYPE_VOID:
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_UINT:
	case TYPE_CHAR:
	case TYPE_UTF:
	case TYPE_COMPLEX:
	case TYPE_POINTER:
	case TYPE_REFERENCE:
	case TYPE_RVALUE_REFERENCE:
	case TYPE_ENUM:
	case TYPE_VARIANTS:
	case TYPE_FUNCTION:
	case TYPE_TYPEDEF:
	case TYPE_CONST:
	case TYPE_VOLATILE:
	case TYPE_RESTRICT:
	case TYPE_ATOMIC:
	case TYPE_MEMBER_POINTER:
		break;
	}
	return all_known(known, len, off, t->size);
}

bool type_is_covered(struct type *t, const bool *known, size_t len)
{
	unsigned left = COVER_ELEMENTS; // hostile types: arrays of arrays of empty structs

	return is_covered(t, known, len, 0, &left, 0);
}
