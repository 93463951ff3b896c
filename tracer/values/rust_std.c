/*
 * rust_std.c - types of Rust's standard library that are more, or less, than their fields.
 *
 * They are known by the crate and the last part of their name, since modules are moved about
 * (std::sync::mutex::Mutex of rustc 1.63 is std::sync::poison::mutex::Mutex of 1.95), and what is
 * in them by the names of members, wherever these are.
 */
#include <stdlib.h>
#include <string.h>

#include "values/private.h"

typedef bool build_fn(struct build *b, uint32_t at, struct type *t, struct span v);

static void set_text(struct build *b, uint32_t at, enum value_shape shape, const char *text)
{
	build_node(b, at)->shape = shape;
	tree_says(b->tree, at, text);
}

/* UnsafeCell, MaybeUninit, ManuallyDrop: boxes around one value that nobody asked to see. */
static struct type *unwrap(struct type *type, uint64_t *off)
{
	static const char *const wrappers[] = {"UnsafeCell", "SyncUnsafeCell", "ManuallyDrop",
					       "MaybeUninit", "MaybeDangling"};

	for (unsigned depth = 0; depth < 8; depth++) {
		struct type *t = type_strip(type);
		size_t n = 0, i = 0;
		if (!t || !t->name || !rust_is_std(t->name))
			return type;
		const char *name = rust_short_name(t->name, &n);
		while (i < FT_COUNT(wrappers) &&
		       (strlen(wrappers[i]) != n || memcmp(wrappers[i], name, n) != 0))
			i++;
		const struct member *m = member_named(t, "value");
		if (!m)
			m = member_named(t, "__0");
		if (i == FT_COUNT(wrappers) || !m)
			return type;
		*off += m->offset;
		type = m->type;
	}
	return type;
}

/* A deep member as a child under a name of its own; 0 if there is no such member. */
static uint32_t add_member(struct build *b, uint32_t at, struct type *t, struct span v,
			   const char *member, const char *name)
{
	uint64_t off = 0;
	struct type *type = member_deep(t, member, &off);

	if (!type || off > v.len)
		return 0;
	type = unwrap(type, &off);
	uint32_t child = tree_child(b->tree, at, type, name);
	build_value(b, child, type, span_from(v, off));
	return child;
}

/* A type with one field that says all. */
static bool build_only(struct build *b, uint32_t at, struct type *t, struct span v)
{
	uint64_t off = 0;
	struct type *only = member_only(t, &off);

	if (!only || only == t || off > v.len)
		return false;
	build_value(b, at, only, span_from(v, off));
	return true;
}

static bool build_atomic_bool(struct build *b, uint32_t at, struct type *t, struct span v)
{
	if (t->size != 1 || !v.len)
		return false;
	tree_says(b->tree, at, v.s[0] ? "true" : "false");
	return true;
}

/* One field that is transparent: Pin<P> is shown as P, BinaryHeap<T> as its Vec<T>. */
static bool build_field(struct build *b, uint32_t at, struct type *t, struct span v)
{
	for (size_t i = 0; i < t->n_members; i++) {
		struct type *mt = type_strip(t->members[i].type);
		if (!mt || !mt->size || t->members[i].is_static)
			continue;
		build_value(b, at, t->members[i].type, span_from(v, t->members[i].offset));
		return true;
	}
	return false;
}

static bool build_cell(struct build *b, uint32_t at, struct type *t, struct span v)
{
	set_text(b, at, VALUE_STRUCT, "Cell");
	return add_member(b, at, t, v, "value", "value") != 0;
}

static bool build_ref_cell(struct build *b, uint32_t at, struct type *t, struct span v)
{
	set_text(b, at, VALUE_STRUCT, "RefCell");
	if (!add_member(b, at, t, v, "value", "value"))
		return false;
	uint32_t flag = add_member(b, at, t, v, "borrow", "borrow");
	if (flag)
		build_node(b, flag)->is_aside = true;
	return true;
}

static bool build_once_cell(struct build *b, uint32_t at, struct type *t, struct span v)
{
	set_text(b, at, VALUE_TUPLE, "OnceCell");
	uint32_t inner = add_member(b, at, t, v, "inner", NULL);
	if (!inner)
		return false;
	struct value_node *n = build_node(b, inner), *self = build_node(b, at);
	if (n->first) { // Some(…)
		self->first = n->first;
		self->last = n->last;
	} else {
		tree_says(b->tree, inner, "<uninit>");
	}
	return true;
}

static bool build_lock(struct build *b, uint32_t at, struct type *t, struct span v)
{
	uint64_t poisoned;
	size_t n;
	const char *name = rust_short_name(t->name, &n);

	set_text(b, at, VALUE_STRUCT, *name == 'M' ? "Mutex" : "RwLock");
	if (!add_member(b, at, t, v, "data", "data"))
		return false;
	if (member_named(t, "poison") && member_word(t, "failed", v, &poisoned)) {
		uint32_t flag = tree_child(b->tree, at, NULL, "poisoned");
		tree_says(b->tree, flag, poisoned ? "true" : "false");
	}
	build_node(b, at)->is_open = true;
	return true;
}

/* What a thin pointer in a member points to, perhaps a part of it. */
static bool build_guarded(struct build *b, uint32_t at, struct type *t, struct span v,
			  const char *member, const char *part)
{
	const struct member *m = member_named(t, member);
	uint64_t off = m ? m->offset : 0, inside = 0;
	struct type *pointer = m ? member_find_pointer(m->type, &off) : NULL;
	struct type *target = pointer ? pointer->target : NULL;

	if (!target || t->size > 16 || off + 8 > v.len || type_strip(m->type)->size != 8)
		return false;
	if (part)
		target = member_deep(target, part, &inside);
	target = target ? unwrap(target, &inside) : NULL;
	if (!target)
		return false;
	build_rust_owner(b, at, scalar_uint(v.s + off, 8) + inside, target);
	return true;
}

static bool build_ref(struct build *b, uint32_t at, struct type *t, struct span v)
{
	return build_guarded(b, at, t, v, "value", NULL);
}

static bool build_guard(struct build *b, uint32_t at, struct type *t, struct span v)
{
	return build_guarded(b, at, t, v, "lock", "data");
}

/* What Rc and Arc point to: two counters, then the value. */
struct shared {
	struct type *box;     // RcBox, RcInner, ArcInner
	uint64_t addr, extra; // extra: length or vtable of a fat pointer
	bool has_length, has_vtable;
	const struct member *value;
};

static bool shared_find(struct type *t, struct span v, struct shared *ret)
{
	uint64_t off = 0, extra = 0, table = 0;
	const struct member *ptr = member_named(t, "ptr");
	struct type *pointer = ptr ? member_find_pointer(ptr->type, &off) : NULL;

	if (!pointer || off + ptr->offset + 8 > v.len)
		return false;
	*ret = (struct shared){.box = type_strip(pointer->target)};
	if (!ret->box)
		return false;
	ret->value = member_named(ret->box, "value");
	if (!ret->value)
		ret->value = member_named(ret->box, "data");
	ret->has_length = member_deep(ptr->type, "length", &extra) != NULL;
	ret->has_vtable = !ret->has_length && member_deep(ptr->type, "vtable", &table) != NULL;
	extra = ptr->offset + (ret->has_length ? extra : table);
	ret->addr = scalar_uint(v.s + ptr->offset + off, 8);
	if ((ret->has_length || ret->has_vtable) && extra + 8 <= v.len)
		ret->extra = scalar_uint(v.s + extra, 8);
	return ret->value != NULL;
}

static void add_counts(struct build *b, uint32_t at, const struct shared *s)
{
	uint64_t off = 0, strong, weak;

	if (member_deep(s->box, "strong", &off) && build_read_word(b, s->addr + off, &strong))
		build_aside(b, at, "strong", strong);
	off = 0;
	if (member_deep(s->box, "weak", &off) && build_read_word(b, s->addr + off, &weak) && weak)
		build_aside(b, at, "weak", weak - 1); // all strong ones together hold one
}

static bool build_shared(struct build *b, uint32_t at, struct type *t, struct span v)
{
	struct shared s;
	struct buf *out;

	if (!shared_find(t, v, &s))
		return false;
	uint64_t addr = s.addr + s.value->offset;
	build_node(b, at)->shape = VALUE_POINTER;
	out = tree_text(b->tree, at);
	buf_hex(out, addr);
	tree_text_end(b->tree, at);
	build_points_to(b, at, addr);
	if (s.has_length) {
		struct type *element = type_strip(s.value->type);
		bool is_str = strstr(t->name, "<str") != NULL;
		uint32_t child = tree_child(b->tree, at, is_str ? NULL : s.value->type, NULL);
		if (element && element->kind == TYPE_ARRAY)
			element = type_strip(element->target);
		if (is_str)
			build_rust_str(b, child, addr, s.extra);
		else
			build_rust_slice(b, child, element, addr, s.extra);
		if (build_node(b, child)->shape == VALUE_POINTER) // it could not be read
			build_node(b, at)->first = build_node(b, at)->last = 0;
	} else if (s.has_vtable) {
		build_rust_dyn_at(b, at, s.addr, s.extra);
	} else {
		build_target(b, at, s.value->type, addr);
	}
	add_counts(b, at, &s);
	return true;
}

static bool build_weak(struct build *b, uint32_t at, struct type *t, struct span v)
{
	struct shared s;

	if (!shared_find(t, v, &s))
		return false;
	set_text(b, at, VALUE_POINTER, "(Weak)");
	add_counts(b, at, &s);
	return true;
}

/* core::time::Duration: "1.5s", "20ms", "3.25µs", "7ns". */
static bool build_duration(struct build *b, uint32_t at, struct type *t, struct span v)
{
	uint64_t secs, nanos, whole, part, unit;
	char digits[16];

	if (!member_word(t, "secs", v, &secs) || !member_word(t, "nanos", v, &nanos) ||
	    nanos >= 1000000000)
		return false;
	unit = secs ? 1000000000 : nanos >= 1000000 ? 1000000 : nanos >= 1000 ? 1000 : 1;
	whole = secs ? secs : nanos / unit;
	part = nanos % unit;
	struct buf *out = tree_text(b->tree, at);
	buf_udec(out, whole);
	size_t n = 0;
	for (uint64_t rest = part; rest; n++) {
		unit /= 10;
		digits[n] = (char)('0' + rest / unit);
		rest %= unit;
	}
	if (n)
		buf_char(out, '.');
	buf_add(out, digits, n);
	buf_str(out, secs ? "s" : nanos >= 1000000 ? "ms" : nanos >= 1000 ? "µs" : "ns");
	tree_text_end(b->tree, at);
	return true;
}

static bool build_range(struct build *b, uint32_t at, struct type *t, struct span v)
{
	const struct member *start = member_named(t, "start"), *end = member_named(t, "end");
	size_t n;
	const char *name = rust_short_name(t->name, &n);

	set_text(b, at, VALUE_RANGE, n > 9 && !memcmp(name + n - 9, "Inclusive", 9) ? "..=" : "..");
	if (start)
		build_member(b, at, start, v);
	if (end)
		build_member(b, at, end, v);
	return true;
}

static bool build_phantom(struct build *b, uint32_t at, struct type *t, struct span v)
{
	size_t n;

	(void)v;
	tree_says(b->tree, at, rust_short_name(t->name, &n));
	return true;
}

/* Whether there is a value only the program knows. */
static bool build_uninit(struct build *b, uint32_t at, struct type *t, struct span v)
{
	build_phantom(b, at, t, v);
	uint64_t off = 0;
	struct type *type = unwrap(t, &off);
	if (type == t || off > v.len)
		return true;
	uint32_t child = tree_child(b->tree, at, type, "value");
	build_value(b, child, type, span_from(v, off));
	build_node(b, child)->is_aside = true;
	return true;
}

static bool build_text(struct build *b, uint32_t at, struct type *t, struct span v)
{
	uint64_t off = 0, ptr, len;
	bool boxed = member_deep(t, "length", &off) != NULL; // CString: a Box<[u8]> with its NUL

	off = 0;
	if (!member_find_pointer(t, &off) || off + 8 > v.len ||
	    !member_word(t, boxed ? "length" : "len", v, &len))
		return false;
	ptr = scalar_uint(v.s + off, 8);
	build_rust_str(b, at, ptr, len - (boxed && len));
	return true;
}

static bool build_deque(struct build *b, uint32_t at, struct type *t, struct span v)
{
	const struct member *buf = member_named(t, "buf");
	struct type *element = t->n_targs ? type_strip(t->targs[0]) : NULL;
	uint64_t off = buf ? buf->offset : 0, cap, head, len, tail;

	if (!element || !buf || !member_find_pointer(buf->type, &off) || off + 8 > v.len ||
	    !member_word(buf->type, "cap", span_from(v, buf->offset), &cap) ||
	    !member_word(t, "head", v, &head))
		return false;
	if (member_named(t, "tail")) { // rustc 1.63: from tail to head, in a power of two
		if (!member_word(t, "tail", v, &tail))
			return false;
		len = head >= tail ? head - tail : head + cap - tail;
		head = tail;
	} else if (!member_word(t, "len", v, &len)) {
		return false;
	}
	if (element->size && (head > cap || len > cap))
		return false;
	return build_rust_ring(b, at, t->targs[0],
			       (struct ring){scalar_uint(v.s + off, 8), cap, head, len});
}

static bool build_linked(struct build *b, uint32_t at, struct type *t, struct span v)
{
	const struct member *head = member_named(t, "head");
	uint64_t off = 0, next = 0, value = 0, len, addr, shown = 0;
	struct type *pointer = head ? member_find_pointer(head->type, &off) : NULL;
	struct type *node = pointer ? type_strip(pointer->target) : NULL;
	struct type *element = node ? member_deep(node, "element", &value) : NULL;

	off += head ? head->offset : 0;
	if (!element || !member_named(node, "next") || off + 8 > v.len ||
	    !member_word(t, "len", v, &len))
		return false;
	next = member_named(node, "next")->offset;
	if (!build_enter(b, at, "[..]"))
		return true;
	build_node(b, at)->shape = VALUE_LIST;
	build_node(b, at)->count = len;
	build_node(b, at)->has_count = true;
	addr = scalar_uint(v.s + off, 8);
	for (; shown < len && shown < b->style->max_array && addr && build_next(b, at); shown++)
		if (!build_target(b, at, element, addr + value) ||
		    !build_read_word(b, addr + next, &addr))
			break;
	if (shown < len)
		build_node(b, at)->truncated = true;
	build_leave(b);
	return true;
}

static const struct {
	const char *name; // "NonZero*": all that begin so
	build_fn *build;
	enum std_reads reads;
} std_types[] = {
	{"Rc", build_shared, READS_ALWAYS},
	{"Arc", build_shared, READS_ALWAYS},
	{"Weak", build_weak, READS_ALWAYS},
	{"Cell", build_cell, READS_PARTS},
	{"RefCell", build_ref_cell, READS_PARTS},
	{"OnceCell", build_once_cell, READS_PARTS},
	{"Mutex", build_lock, READS_PARTS},
	{"RwLock", build_lock, READS_PARTS},
	{"MutexGuard", build_guard, READS_ALWAYS},
	{"Ref", build_ref, READS_ALWAYS},
	{"RefMut", build_ref, READS_ALWAYS},
	{"AtomicBool", build_atomic_bool, READS_NOTHING},
	{"Atomic*", build_only, READS_NOTHING},
	{"NonZero*", build_only, READS_NOTHING},
	{"NonNull", build_field, READS_NOTHING},
	{"Unique", build_field, READS_NOTHING},
	{"Pin", build_field, READS_PARTS},
	{"Wrapping", build_field, READS_PARTS},
	{"Saturating", build_field, READS_PARTS},
	{"MaybeDangling", build_field, READS_PARTS},
	{"Duration", build_duration, READS_NOTHING},
	{"Range*", build_range, READS_PARTS},
	{"PhantomData", build_phantom, READS_NOTHING},
	{"MaybeUninit", build_uninit, READS_PARTS},
	{"PathBuf", build_text, READS_ALWAYS},
	{"OsString", build_text, READS_ALWAYS},
	{"CString", build_text, READS_ALWAYS},
	{"VecDeque", build_deque, READS_ALWAYS},
	{"BinaryHeap", build_field, READS_ALWAYS},
	{"LinkedList", build_linked, READS_ALWAYS},
};

static bool name_matches(const char *pattern, const char *name, size_t n)
{
	size_t len = strlen(pattern);

	if (pattern[len - 1] == '*')
		return n >= len - 1 && memcmp(pattern, name, len - 1) == 0;
	return n == len && memcmp(pattern, name, n) == 0;
}

static size_t find_std(const struct type *t)
{
	size_t n, i = 0;

	if (!t->name || !rust_is_std(t->name) || t->kind == TYPE_VARIANTS)
		return FT_COUNT(std_types);
	const char *name = rust_short_name(t->name, &n);
	while (i < FT_COUNT(std_types) && !name_matches(std_types[i].name, name, n))
		i++;
	return i;
}

enum std_reads rust_std_reads(const struct type *t)
{
	size_t i = find_std(t);

	if (rust_is_map(t))
		return READS_ALWAYS;
	return i < FT_COUNT(std_types) ? std_types[i].reads : READS_PLAIN;
}

/* A build that fails half way leaves what the plain rendering starts from. */
bool build_rust_std(struct build *b, uint32_t at, struct type *t, struct span v)
{
	if (v.len < t->size || !t->name || !rust_is_std(t->name))
		return false;
	size_t i = find_std(t), nodes = b->tree->n_nodes;
	if (rust_is_map(t) && build_rust_map(b, at, t, v))
		return true;
	if (i < FT_COUNT(std_types) && std_types[i].build(b, at, t, v))
		return true;
	struct value_node *n = build_node(b, at);
	if (b->tree->n_nodes > nodes)
		n->first = n->last = 0; // its children are forgotten
	n->shape = VALUE_SCALAR;
	n->text_len = 0;
	n->is_open = n->has_count = false;
	n->type = n->type ? n->type : t;
	return false;
}
