/*
 * private.h - the inside of values/: one rendering under way, and the pieces it is made of.
 *
 * Owns:     nothing: it is what the files of this room share.
 * Gives:    the dispatch by language, scalars, quoted text, views of Rust's standard types.
 * Never:    is included from another room.
 * Lifetime: a render lives for one value.
 */
#ifndef FT_VALUES_PRIVATE_H
#define FT_VALUES_PRIVATE_H

#include "values/values.h"

enum {
	RENDER_LEAVES = 2000,	 // members and elements shown of one value, all levels together
	RENDER_READ = 16 * 1024, // bytes read behind one pointer
	RENDER_READS = 64,	 // pointers followed for one value
	RENDER_REPEATS = 10,	 // longer runs of equal elements are folded, as gdb does
};

struct render {
	struct buf *out;
	const struct value_style *style;
	const struct memory *mem;
	uint32_t depth;	 // aggregates and pointers around the value
	uint32_t leaves; // how many more members and elements may be shown
	uint32_t reads;	 // how many more pointers may be followed
};

/* values.c: any value; `len` bytes of it are there. False: the text is a reason in <>. */
bool render_value(struct render *r, struct type *t, const uint8_t *bytes, size_t len);
/* A member of an aggregate of which `len` bytes are there: bit-fields and bounds. */
void render_member(struct render *r, const struct member *m, const uint8_t *bytes, size_t len);
/* Up to len bytes at addr; how many were readable. 0 if the budget is used up. */
size_t render_read(struct render *r, uint64_t addr, void *buf, size_t len);
/* Appends " <main+4>" if the style names addresses. */
void render_address_name(struct render *r, uint64_t addr);
/* One more member or element may be shown; else appends "..." and returns false. */
bool render_next(struct render *r);
/* Elements of an array that are whole within len bytes. */
uint64_t array_available(const struct type *t, size_t len);
/* Equal elements from bytes on, at most max. */
uint64_t array_run(const uint8_t *bytes, uint64_t size, uint64_t max);

/* vla.c: a variable-length array with its count asked of the running function. */
bool render_vla(struct buf *out, const struct value_style *style, struct type *t,
		const struct place *place, const struct expr_context *ctx);

/* covered.c: whether all bytes that a value of this type shows are known. */
bool type_is_covered(struct type *t, const bool *known, size_t len);

/* pointee.c: a pointer without an address, by what it points to. False: the text is a reason. */
bool format_pointee(struct buf *out, const struct value_style *style, struct type *type,
		    const struct place *place, const struct expr_context *ctx);

/* c.c, cxx.c, rust.c: t is stripped; `named` is the type before stripping (wchar_t). */
bool render_c(struct render *r, struct type *t, struct type *named, const uint8_t *bytes,
	      size_t len);
void render_reference(struct render *r, const struct type *t, const uint8_t *bytes);
void render_member_pointer(struct render *r, const struct type *t, const uint8_t *bytes);
bool render_cxx_string(struct render *r, const struct type *t, const uint8_t *bytes, size_t len);
bool render_rust(struct render *r, struct type *t, const uint8_t *bytes, size_t len);

/* scalar.c: little-endian values of any width up to 16. */
uint64_t scalar_uint(const uint8_t *bytes, size_t size); // its low 64 bits
int64_t scalar_sint(const uint8_t *bytes, size_t size);
void scalar_decimal(struct buf *out, const uint8_t *bytes, size_t size, bool is_signed);
void scalar_float_c(struct buf *out, const struct type *t, const uint8_t *bytes, size_t size);
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
};
struct rust_view rust_view_of(struct type *t);
/* "Option" of "core::option::Option<i32>"; the length goes to *ret_len. */
const char *rust_short_name(const char *name, size_t *ret_len);
bool rust_is_std(const char *name);

/* std::string: where its pointer and length are. */
bool cxx_string_view(const struct type *t, uint64_t *ret_ptr, uint64_t *ret_len);
/* The enumerator that an enum's bytes spell; NULL if none. */
const struct enumerator *enumerator_of(const struct type *t, const uint8_t *bytes);
/* A member by name, NULL if there is none. */
const struct member *member_named(const struct type *t, const char *name);
/* The first pointer at or inside t; its offset is added to *off. NULL if there is none. */
struct type *member_find_pointer(struct type *t, uint64_t *off);

/* sysv.c and rust_abi.c: the two calling conventions. t is stripped and not NULL. */
void return_plan_sysv(struct type *t, struct return_plan *ret);
void return_plan_rust(struct type *t, struct return_plan *ret);
void return_plan_add(struct return_plan *p, uint8_t reg, uint64_t off, uint64_t bytes);

#endif
