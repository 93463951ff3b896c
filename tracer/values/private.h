/*
 * private.h - the inside of values/: one tree under way, and the pieces it is made of.
 *
 * Owns:     nothing: it is what the files of this room share.
 * Gives:    the dispatch by language, scalars, quoted text, views of Rust's standard types.
 * Never:    is included from another room.
 * Lifetime: a build lives for one value.
 */
#ifndef FT_VALUES_PRIVATE_H
#define FT_VALUES_PRIVATE_H

#include "values/tree.h"
#include "values/values.h"

enum {
	BUILD_LEAVES = 2000,	// members and elements shown of one value, all levels together
	BUILD_READ = 16 * 1024, // bytes read behind one pointer
	BUILD_READS = 1000,	// pointers followed for one value
	BUILD_REPEATS = 10,	// longer runs of equal elements are folded, as gdb does
	BUILD_BASES = 8,	// virtual bases of one object told apart
};

/* Some bytes of a value, and where they are in the target's memory (0: nowhere, or not known). */
struct span {
	const uint8_t *s;
	size_t len;
	uint64_t addr;
};

/* One tree under way. */
struct build {
	struct value_tree *tree;
	const struct value_style *style;
	const struct memory *mem;
	uint32_t depth;	 // aggregates and pointers around the value
	uint32_t leaves; // how many more members and elements may be shown
	uint32_t reads;	 // how many more pointers may be followed
	/* The same two for what is aside: the compact text must not depend on what else is asked.
	 */
	uint32_t aside_leaves, aside_reads;
	bool is_aside; // they are in use
	/* Of a value in pieces: which bytes of `whole` are missing, and why. */
	struct span whole;
	const uint8_t *lost; // one for each byte: 0, or 1 + the piece's index; NULL: none
	const struct place *place;
	/* C++: virtual bases that were shown already. */
	uint64_t bases[BUILD_BASES];
	unsigned n_bases;
};

/* tree.c */
void tree_begin(struct value_tree *t);
uint32_t tree_child(struct value_tree *t, uint32_t parent, struct type *type, const char *name);
struct buf *tree_text(struct value_tree *t, uint32_t at); // append to it, then:
void tree_text_end(struct value_tree *t, uint32_t at);
void tree_says(struct value_tree *t, uint32_t at, const char *text);

/* compact.c */
void compact_node(const struct value_tree *t, const struct value_node *n, struct buf *out);
void compact_text(const struct value_tree *t, const struct value_node *n, struct buf *out);
bool compact_name(const struct value_node *n, struct buf *out); // false: it has none

/* build.c: fills in the node `at` with any value. */
void build_value(struct build *b, uint32_t at, struct type *t, struct span v);
/* A member of the aggregate `v` as a new child: bit-fields and bounds. */
uint32_t build_member(struct build *b, uint32_t parent, const struct member *m, struct span v);
/* A new child of a type at an offset of `v`, an element or entry. */
uint32_t build_element(struct build *b, uint32_t parent, struct type *t, struct span v,
		       uint64_t off);
/* A child that says a word of its own: counts, flags. For detail and JSON only. */
void build_aside(struct build *b, uint32_t parent, const char *name, uint64_t v);
/* What a pointer points to as a new child; NULL bytes: nothing readable, no child. */
uint32_t build_target(struct build *b, uint32_t parent, struct type *t, uint64_t addr);
static inline struct value_node *build_node(struct build *b, uint32_t at)
{
	return &b->tree->n[at];
}
/* The part of a span from off on; empty if it is not there. */
struct span span_from(struct span v, uint64_t off);
/* Up to len bytes at addr; how many were readable. 0 if the budget is used up. */
size_t build_read(struct build *b, uint64_t addr, void *buf, size_t len);
bool build_read_word(struct build *b, uint64_t addr, uint64_t *ret);
/* Appends " <main+4>" if the style names addresses. */
void build_address_name(struct build *b, uint64_t addr, struct buf *out);
/* The node is a pointer to addr: where that is. Not while its text is being written. */
void build_points_to(struct build *b, uint32_t at, uint64_t addr);
/* One more member or element may be shown; else marks the parent as truncated. */
bool build_next(struct build *b, uint32_t parent);
/* What is built between these two is for detail and JSON only; they nest. */
struct aside {
	uint32_t leaves, reads;
	unsigned n_bases;
	bool is_inner;
};
struct aside build_aside_begin(struct build *b);
void build_aside_end(struct build *b, const struct aside *was);
/* One level more, unless it is too deep: then says `text` and returns false. */
bool build_enter(struct build *b, uint32_t at, const char *text);
void build_leave(struct build *b);
/* "<…>" in place of a value. */
void build_reason(struct build *b, uint32_t at, const char *text);
/* Elements of an array that are whole within len bytes. */
uint64_t array_available(const struct type *t, size_t len);
/* Equal elements from bytes on, at most max. */
uint64_t array_run(const uint8_t *bytes, uint64_t size, uint64_t max);
/* What an object of this type is aligned to, told from its members. */
uint64_t type_alignment(struct type *t);
static inline uint64_t align_up(uint64_t v, uint64_t to)
{
	return to > 1 ? (v + to - 1) / to * to : v;
}

/* vla.c: a variable-length array with its count asked of the running function. */
struct type *vla_resolve(struct value_tree *tree, struct type *t, const struct expr_context *ctx);

/* covered.c: whether all bytes that a value of this type shows are known. */
bool type_is_covered(struct type *t, const bool *known, size_t len);

/* pointee.c: a pointer without an address, by what it points to. */
void build_pointee(struct build *b, uint32_t at, struct type *type, const struct place *place,
		   const struct expr_context *ctx);

/* c.c, cxx.c, rust.c: t is stripped; `named` is the type before stripping (wchar_t). */
void build_c(struct build *b, uint32_t at, struct type *t, struct type *named, struct span v);
/* An array that the type does not know the length of: where it is, and its text if it is one. */
void build_c_flexible(struct build *b, uint32_t at, const struct type *t, uint64_t addr);
void build_c_struct(struct build *b, uint32_t at, const struct type *t, struct span v);
void build_reference(struct build *b, uint32_t at, const struct type *t, struct span v);
void build_member_pointer(struct build *b, uint32_t at, const struct type *t, struct span v);
/* False: it is not virtual, or has been shown. */
bool build_virtual_base(struct build *b, uint32_t at, const struct member *m, struct span v);
/*
 * Of a value in pieces: the reason why bytes of v are missing. NULL if all are there or, unless any
 * is asked for, some.
 */
const char *build_lost_bytes(const struct build *b, struct span v, size_t size, bool any);

/* The type of the object that the vtable of a C++ object names; NULL: not known. */
struct type *cxx_dynamic_type(struct build *b, struct type *t, uint64_t addr, uint64_t *ret_addr);
void build_rust(struct build *b, uint32_t at, struct type *t, struct span v);
/* n elements, of which `available` are in v; of no size: all. */
void build_rust_elements(struct build *b, uint32_t at, struct type *element, uint64_t n,
			 struct span v, uint64_t available);
void build_rust_slice(struct build *b, uint32_t at, struct type *element, uint64_t addr,
		      uint64_t n);
void build_rust_str(struct build *b, uint32_t at, uint64_t addr, uint64_t len);
void build_rust_owner(struct build *b, uint32_t at, uint64_t addr, struct type *element);
void build_rust_dyn(struct build *b, uint32_t at, uint64_t addr, uint64_t vtable);
/* The value that an Rc<dyn T> or Arc<dyn T> owns, behind its counters, as a new child. */
bool build_rust_dyn_at(struct build *b, uint32_t parent, uint64_t addr, uint64_t vtable);
void build_rust_unreadable(struct build *b, uint32_t at, uint64_t addr);

/* rust_std.c, rust_maps.c, cxx_std.c, cxx_nodes.c: a standard type; false: it is none of them. */
bool build_rust_std(struct build *b, uint32_t at, struct type *t, struct span v);
bool build_rust_map(struct build *b, uint32_t at, struct type *t, struct span v);
bool rust_is_map(const struct type *t);
struct ring { // of a VecDeque: len elements from `head` on, modulo cap
	uint64_t ptr, cap, head, len;
};
bool build_rust_ring(struct build *b, uint32_t at, struct type *element, struct ring r);
bool build_cxx_std(struct build *b, uint32_t at, struct type *t, struct span v);
bool build_cxx_tree(struct build *b, uint32_t at, struct type *t, struct span v);
bool build_cxx_hash(struct build *b, uint32_t at, struct type *t, struct span v);
bool build_cxx_list(struct build *b, uint32_t at, struct type *t, struct span v);
bool build_cxx_vector(struct build *b, uint32_t at, struct type *t, struct span v);
bool build_cxx_deque(struct build *b, uint32_t at, struct type *t, struct span v);
bool build_cxx_initializers(struct build *b, uint32_t at, struct type *t, struct span v);
bool build_cxx_span(struct build *b, uint32_t at, struct type *t, struct span v);
/* "std::vector" of "std::vector<int, …>". */
void cxx_add_name(struct buf *out, const struct type *t);
/* "std::map with 3 elements" */
void build_cxx_count(struct build *b, uint32_t at, const struct type *t, uint64_t n);
/* What showing it reads besides its own bytes. */
enum std_reads {
	READS_PLAIN,   // it is no library type: what its members read
	READS_NOTHING, // nothing
	READS_PARTS,   // what values of its type arguments read
	READS_POINTER, // what it points to, for detail only
	READS_ALWAYS,  // several places
};
enum std_reads rust_std_reads(const struct type *t);
enum std_reads cxx_std_reads(const struct type *t);

/* scalar.c: little-endian values of any width up to 16. */
uint64_t scalar_uint(const uint8_t *bytes, size_t size); // its low 64 bits
int64_t scalar_sint(const uint8_t *bytes, size_t size);
void scalar_decimal(struct buf *out, const uint8_t *bytes, size_t size, bool is_signed);
void scalar_float_c(struct buf *out, const struct type *t, const uint8_t *bytes, size_t size);
/* Without an exponent: `digits` with the point behind the first, times 10^exponent. */
void scalar_digits(struct buf *out, const char *digits, size_t n, int exponent);
/* quad.c: IEEE 754 binary128 that is no NaN, with all the digits that tell it from others. */
void scalar_quad(struct buf *out, const uint8_t bytes[16]);
void scalar_float_rust(struct buf *out, const uint8_t *bytes, size_t size);
/* Moves bits [bit, bit + n) of src to the front of a zeroed, or sign-extended, 16-byte number. */
void scalar_bits(const uint8_t *src, size_t len, uint64_t bit, uint64_t n, bool is_signed,
		 uint8_t ret[16]);

/* text.c: characters in quotes. */
struct text {
	const uint8_t *s;
	size_t n;	    // characters of `width` bytes
	unsigned width;	    // 1, 2 or 4
	const char *prefix; // "", "L", "u", "U"
	size_t max;	    // shown; the rest is "..."
	bool more;	    // there is more than s holds
};
void text_c_string(struct buf *out, const struct text *t);
void text_c_char(struct buf *out, uint32_t c, unsigned width, const char *prefix);
void text_rust_str(struct buf *out, const uint8_t *s, size_t len, bool more);
void text_rust_char(struct buf *out, uint32_t c);

/* Width of a character type (0: not a character), and what goes before its quotes. */
unsigned text_width(struct type *named, const char **ret_prefix);

/* rust_view.c: what a Rust type is to its user, found by member names, never by fixed offsets. */
enum rust_shape {
	RUST_PLAIN,
	RUST_STR,   // &str, Box<str>, String: len bytes of UTF-8 at ptr
	RUST_SLICE, // &[T], Box<[T]>, Vec<T>: len elements at ptr
	RUST_OWNER, // &T, &mut T, Box<T>: a thin pointer to one element that is sure to be there
	RUST_RAW,   // *const T, *mut T, fn: only the address is shown
	RUST_DYN,   // &dyn T, Box<dyn T>: the address and, at len_off, the vtable's
};
struct rust_view {
	enum rust_shape shape;
	uint64_t ptr_off, len_off; // in the value; 8 bytes each
	struct type *element;
	bool ends_with_nul; // RUST_STR: it counts (&CStr)
};
struct rust_view rust_view_of(struct type *t);
/* "Option" of "core::option::Option<i32>"; the length goes to *ret_len. */
const char *rust_short_name(const char *name, size_t *ret_len);
bool rust_is_std(const char *name);

/* std::string, std::string_view: where its pointer and length are. */
struct cxx_string {
	uint64_t ptr_off, len_off;
	unsigned width; // of a character
	const char *prefix;
};
bool cxx_string_view(const struct type *t, struct cxx_string *ret);
/* The enumerator that an enum's bytes spell; NULL if none. */
const struct enumerator *enumerator_of(const struct type *t, const uint8_t *bytes);
/* A member by name, NULL if there is none. */
const struct member *member_named(const struct type *t, const char *name);
/* The same, also in members' members and bases; its offset is added to *off. */
struct type *member_deep(struct type *t, const char *name, uint64_t *off);
/* Descends through structs with one field that has a size: Unique<NonNull<T>> is a pointer. */
struct type *member_only(struct type *t, uint64_t *off);
/* Reads an integer of at most 8 bytes at a deep member; false if it is not there. */
bool member_word(struct type *t, const char *name, struct span v, uint64_t *ret);
/* The first pointer at or inside t; its offset is added to *off. NULL if there is none. */
struct type *member_find_pointer(struct type *t, uint64_t *off);

/* sysv.c and rust_abi.c: the two calling conventions. t is stripped and not NULL. */
void return_plan_sysv(struct type *t, struct return_plan *ret);
void return_plan_rust(struct type *t, struct return_plan *ret);
void return_plan_add(struct return_plan *p, uint8_t reg, uint64_t off, uint64_t bytes);

#endif
