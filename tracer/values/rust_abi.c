/*
 * rust_abi.c - how Rust's own calling convention returns a type.
 *
 * Nothing specifies it. Measured from the LLVM IR of 110 functions, rustc 1.63, 1.95 and 1.97, the
 * same at -O0 and -O, on x86-64 (LLVM gives the parts of a pair to rax, rdx and xmm0, xmm1 in
 * order, each class for itself; the address of a hidden result comes back in rax):
 *
 *	()  enum with one empty variant		nothing
 *	i32 bool char &T Box<T> fn enum{A,B}	rax
 *	u128 i128				rax, rdx
 *	f32 f64					xmm0
 *	(u32,u32) (u8,u64) &str &[T] Box<dyn T>
 *	Range<u64> Option<u32> Option<&str>
 *	Result<(),i32>				rax, rdx: a scalar pair
 *	(f32,f32) (f64,f64) struct{f64,f64}	xmm0, xmm1
 *	(f64,u64) (u64,f64) Option<f64>		one of each
 *	struct W(T), ((),T), Option<Box<T>>,
 *	MaybeUninit<T>, union {f64,f64}		as T
 *	[u8;3] [u8;8] [f64;1] struct{u8,u8,u8}
 *	Result<i32,u8> union{i32,f32}		rax, as an integer of that size, also for floats
 *	[u8;16] [u32;4] struct{i32,i32,i32}
 *	struct{f32,f32,f32} Result<u64,f64>
 *	String Vec<T> struct{[u32;2],u32}	hidden pointer: anything else above 8 bytes
 *
 * So what counts is rustc's idea of the layout: nothing, one scalar, two scalars, or an aggregate.
 * It is found again from the debug information here. Where versions differ:
 *	Result<Box<T>,u64>, enum{A(i32),B(u32)}: to 1.63 an aggregate, in 1.95 a pair. Payloads that
 *	differ only in sign or in being a pointer became one scalar between 1.77 and 1.80.
 *	Option<u128>: 1.63 three registers, 1.95 a hidden pointer.
 * A repr(C) struct of one float is an aggregate (rax) and a plain one a scalar (xmm0); the debug
 * information cannot tell them apart, and the plain one is taken.
 */
#include <string.h>

#include "values/private.h"

enum { TYPES_MAX = 500, MEMBERS_MAX = 256 }; // looked at for one plan: types may be hostile

struct scalar {
	uint64_t off, size;
	bool is_float, is_pointer, is_signed;
};

struct layout {
	enum { LAYOUT_NOTHING, LAYOUT_SCALAR, LAYOUT_PAIR, LAYOUT_AGGREGATE, LAYOUT_UNSURE } kind;
	struct scalar a, b;
	const char *why;
};

static struct layout layout_of(struct type *t, unsigned *left);

static struct layout aggregate(void)
{
	return (struct layout){.kind = LAYOUT_AGGREGATE};
}

static struct layout unsure(const char *why)
{
	return (struct layout){.kind = LAYOUT_UNSURE, .why = why};
}

static uint64_t scalar_align(const struct scalar *s)
{
	return s->size > 16 || !s->size ? 1 : s->size;
}

/* Two scalars are a pair only where rustc would put them: no packing, no extra alignment. */
static struct layout make_pair(const struct type *t, struct scalar x, struct scalar y)
{
	struct scalar a = x.off <= y.off ? x : y, b = x.off <= y.off ? y : x;
	uint64_t aa = scalar_align(&a), ab = scalar_align(&b), align = aa > ab ? aa : ab;

	// A 16-byte integer asks for 8 up to rustc 1.76; such a pair is not returned in registers.
	if (a.size > 8 || b.size > 8)
		return t->rustc && t->rustc < 90 ? unsure("pair of wide integers") : aggregate();
	if (a.off != 0 || b.off != align_up(a.size, ab) ||
	    t->size != align_up(b.off + b.size, align) || (t->align && t->align != align))
		return aggregate();
	return (struct layout){.kind = LAYOUT_PAIR, .a = a, .b = b};
}

static struct layout shifted(struct layout l, uint64_t off)
{
	l.a.off += off;
	l.b.off += off;
	return l;
}

static bool has_size(const struct member *m)
{
	struct type *t = type_strip(m->type);

	return !m->is_static && t && t->size;
}

static struct layout layout_of_struct(const struct type *t, unsigned *left)
{
	const struct member *m[3];
	size_t n = 0;

	for (size_t i = 0; i < t->n_members && n < FT_COUNT(m); i++)
		if (has_size(&t->members[i]))
			m[n++] = &t->members[i];
	if (n == 0 || n > 2)
		return aggregate();
	struct layout a = layout_of(m[0]->type, left);
	if (a.kind == LAYOUT_UNSURE)
		return a;
	if (n == 1) {
		struct type *only = type_strip(m[0]->type);
		bool same = m[0]->offset == 0 && only->size == t->size &&
			    (!t->align || !only->align || t->align == only->align);
		return same ? a : aggregate();
	}
	struct layout b = layout_of(m[1]->type, left);
	if (b.kind == LAYOUT_UNSURE)
		return b;
	if (a.kind != LAYOUT_SCALAR || b.kind != LAYOUT_SCALAR)
		return aggregate();
	return make_pair(t, shifted(a, m[0]->offset).a, shifted(b, m[1]->offset).a);
}

static bool same_scalar(const struct scalar *x, const struct scalar *y)
{
	return x->off == y->off && x->size == y->size && x->is_float == y->is_float &&
	       x->is_pointer == y->is_pointer && x->is_signed == y->is_signed;
}

static struct layout layout_of_union(const struct type *t, unsigned *left)
{
	struct layout common = {.kind = LAYOUT_NOTHING};

	for (size_t i = 0; i < t->n_members && i < MEMBERS_MAX; i++) {
		const struct member *m = &t->members[i];
		if (!has_size(m))
			continue;
		struct layout l = layout_of(m->type, left);
		if (l.kind == LAYOUT_UNSURE)
			return l;
		if (m->offset != 0 || type_strip(m->type)->size != t->size)
			return aggregate();
		if (common.kind == LAYOUT_NOTHING)
			common = l;
		else if (common.kind != l.kind || !same_scalar(&common.a, &l.a) ||
			 !same_scalar(&common.b, &l.b))
			return aggregate();
	}
	return common.kind == LAYOUT_NOTHING ? aggregate() : common;
}

/* The payload of a variant: its one member with a size. Counts them up to 2. */
static size_t payload(const struct type *variant, const struct member **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < variant->n_members && n < 2; i++)
		if (has_size(&variant->members[i]) && n++ == 0)
			*ret = &variant->members[i];
	return n;
}

/* Is the discriminant a niche, that is, part of some variant's payload? */
static bool is_niche(const struct type *t, uint64_t lo, uint64_t hi)
{
	for (size_t i = 0; i < t->n_members && i < MEMBERS_MAX; i++) {
		struct type *v = type_strip(t->members[i].type);
		for (size_t k = 0; v && k < v->n_members && k < MEMBERS_MAX; k++) {
			const struct member *m = &v->members[k];
			uint64_t at = t->members[i].offset + m->offset;
			if (has_size(m) && at < hi && lo < at + type_strip(m->type)->size)
				return true;
		}
	}
	return false;
}

/* All variants but one are empty: the layout is that one's. Else an aggregate. */
static struct layout layout_of_niche(const struct type *t, unsigned *left)
{
	const struct member *unused, *full = NULL;

	for (size_t i = 0; i < t->n_members; i++) {
		struct type *v = type_strip(t->members[i].type);
		if (!v || !payload(v, &unused))
			continue;
		if (full)
			return aggregate();
		full = &t->members[i];
	}
	return full ? layout_of(full->type, left) : aggregate();
}

/* May two payloads share one scalar? 1.95 takes any integers and pointers of one size. */
static bool may_merge(const struct scalar *x, const struct scalar *y)
{
	return x->off == y->off && x->size == y->size && !x->is_float && !y->is_float;
}

static struct layout layout_of_tagged(const struct type *t, struct scalar tag, unsigned *left)
{
	struct scalar common = {0};
	bool merged = false;

	if (tag.size == t->size)
		return (struct layout){.kind = LAYOUT_SCALAR, .a = tag};
	for (size_t i = 0; i < t->n_members; i++) {
		struct type *v = type_strip(t->members[i].type);
		const struct member *m = NULL;
		size_t n = v ? payload(v, &m) : 2;
		if (n == 0)
			continue;
		if (n > 1)
			return aggregate();
		struct layout l = layout_of(m->type, left);
		if (l.kind == LAYOUT_UNSURE)
			return l;
		if (l.kind != LAYOUT_SCALAR)
			return aggregate();
		l = shifted(l, t->members[i].offset + m->offset);
		if (!common.size)
			common = l.a;
		else if (!same_scalar(&common, &l.a) && !may_merge(&common, &l.a))
			return aggregate();
		else
			merged |= !same_scalar(&common, &l.a);
	}
	if (!common.size)
		return aggregate();
	struct layout pair = make_pair(t, tag, common);
	if (!merged || t->rustc >= 80 || pair.kind != LAYOUT_PAIR)
		return pair;
	return t->rustc && t->rustc <= 76 ? aggregate()
					  : unsure("layout depends on the version of rustc");
}

static struct layout layout_of_variants(const struct type *t, unsigned *left)
{
	if (t->n_members > MEMBERS_MAX)
		return unsure("too many variants");
	if (!t->discriminant) {
		const struct member *only = NULL;
		for (size_t i = 0; i < t->n_members && !only; i++)
			if (has_size(&t->members[i]))
				only = &t->members[i];
		return only ? layout_of(only->type, left) : aggregate();
	}
	struct type *d = type_strip(t->discriminant->type);
	if (!d || !d->size)
		return unsure("unknown type");
	struct scalar tag = {.off = t->discriminant->offset, .size = d->size};
	if (is_niche(t, tag.off, tag.off + tag.size))
		return layout_of_niche(t, left);
	return layout_of_tagged(t, tag, left);
}

static struct layout scalar_layout(const struct type *t)
{
	struct layout l = {.kind = LAYOUT_SCALAR, .a = {.size = t->size}};

	l.a.is_float = t->kind == TYPE_FLOAT;
	l.a.is_pointer = t->kind == TYPE_POINTER || t->kind == TYPE_REFERENCE;
	l.a.is_signed = t->kind == TYPE_INT || (t->kind == TYPE_ENUM && t->is_signed);
	return l;
}

static struct layout layout_of(struct type *t, unsigned *left)
{
	t = type_strip(t);
	if (!t || *left == 0)
		return unsure("unknown type");
	--*left;
	if (t->size == 0)
		return (struct layout){.kind = LAYOUT_NOTHING};
	if (t->name && strstr(t->name, "core_arch::"))
		return unsure("SIMD vector");
	switch (t->kind) {
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_UINT:
	case TYPE_CHAR:
	case TYPE_UTF:
	case TYPE_ENUM:
	case TYPE_POINTER:
	case TYPE_REFERENCE:
		return scalar_layout(t);
	case TYPE_FLOAT:
		return t->size == 4 || t->size == 8 ? scalar_layout(t) : unsure("wide float");
	case TYPE_ARRAY:
		return aggregate();
	case TYPE_STRUCT:
		return layout_of_struct(t, left);
	case TYPE_UNION:
		return layout_of_union(t, left);
	case TYPE_VARIANTS:
		return layout_of_variants(t, left);
	case TYPE_UNKNOWN:
	case TYPE_VOID:
	case TYPE_COMPLEX:
	case TYPE_RVALUE_REFERENCE:
	case TYPE_CLASS:
	case TYPE_FUNCTION:
	case TYPE_TYPEDEF:
	case TYPE_CONST:
	case TYPE_VOLATILE:
	case TYPE_RESTRICT:
	case TYPE_ATOMIC:
	case TYPE_MEMBER_POINTER:
		break;
	}
	return unsure("unknown type");
}

/* The next register of a scalar's class. */
static void add_scalar(struct return_plan *ret, const struct scalar *s, unsigned *n_integer,
		       unsigned *n_float)
{
	static const uint8_t integer[] = {ARCH_RAX, ARCH_RDX};

	if (s->is_float)
		return_plan_add(ret, (uint8_t)(ARCH_XMM0 + (*n_float)++), s->off, s->size);
	else
		return_plan_add(ret, integer[(*n_integer)++], s->off, s->size);
}

void return_plan_rust(struct type *t, struct return_plan *ret)
{
	unsigned n_integer = 0, n_float = 0, left = TYPES_MAX;
	struct layout l = layout_of(t, &left);

	switch (l.kind) {
	case LAYOUT_NOTHING:
		return;
	case LAYOUT_SCALAR:
		if (l.a.size == 16) {
			return_plan_add(ret, ARCH_RAX, 0, 8);
			return_plan_add(ret, ARCH_RDX, 8, 8);
		} else if (l.a.size <= 8) {
			add_scalar(ret, &l.a, &n_integer, &n_float);
		} else {
			break;
		}
		return;
	case LAYOUT_PAIR:
		add_scalar(ret, &l.a, &n_integer, &n_float);
		add_scalar(ret, &l.b, &n_integer, &n_float);
		return;
	case LAYOUT_AGGREGATE:
		if (t->size <= 8)
			return_plan_add(ret, ARCH_RAX, 0, t->size);
		else
			ret->class = RETURN_MEMORY;
		return;
	case LAYOUT_UNSURE:
		break;
	}
	ret->class = RETURN_UNKNOWN;
	ret->why = l.why ? l.why : "unknown type";
}
