/*
 * types.h - the cache of types of one module (private to symbols/).
 *
 * Owns:     every struct type and signature of its module.
 * Gives:    types by DIE offset, each made once; the spelling of derived types.
 * Never:    follows a chain of DIEs without bound.
 * Lifetime: that of the module; strings are in the module's arena.
 */
#ifndef FT_SYMBOLS_TYPES_H
#define FT_SYMBOLS_TYPES_H

#include "symbols/private.h"
#include "symbols/type.h"

enum {
	TYPES_DEPTH = 64,      // of a chain: pointer to array of pointer to …
	TYPES_MAX = 1000000,   // types of one module
	TYPES_MEMBERS = 65536, // members or enumerators of one type, parameters of a function
};

/* A type as it is kept: with the two halves of its C declarator, "int (*" and ")[3]". */
struct type_node {
	struct type t; // first: a struct type of this room is always in a node
	const char *left, *right;
};

/* What type_strip() still has to read: type.detail. */
struct type_inside {
	struct module *module;
	uint64_t die;
};

struct offset_entry {
	uint64_t offset; // + 1; 0: a free slot
	void *value;
};

struct offset_map {
	struct offset_entry *e;
	size_t n, cap; // cap is 0 or a power of two
};

struct types {
	struct offset_map by_die, signatures;
	struct offset_map inlines;	     // inlines.c: by the function that they are in
	struct offset_map inlined_functions; // by the abstract DIE
	size_t inlined_steps;		     // DIEs looked at for the variables of inlined calls
	struct offset_map variables;	     // by DIE: struct variable
	struct offset_map call_tables;	     // by the function's DIE: struct call_table
	struct offset_map self_calls;	     // by the function's entry: a bool
	struct type_node unknown;
	size_t unit; // of the last lookup, and what follows from it
	enum language language;
	uint16_t rustc;
	unsigned inside_depth; // of types_read_inside() into itself
};

void *offset_map_get(const struct offset_map *m, uint64_t offset); // NULL if absent
void offset_map_put(struct offset_map *m, uint64_t offset, void *value);

struct types *types_of_module(struct module *m);

/* The type at a DIE; never NULL: TYPE_UNKNOWN if it cannot be read. */
struct type *types_at(struct module *m, uint64_t die, unsigned depth);
/* What DW_AT_type of a DIE refers to; NULL if there is none: void. */
struct type *types_ref(struct module *m, const struct die *die, unsigned depth);
struct type_node *types_new(struct module *m, enum type_kind kind);
/* An attribute that may be a signed or unsigned constant; `otherwise` if absent. */
uint64_t types_uint(struct module *m, const struct die *die, uint16_t attr, uint64_t otherwise);

/* types_inside.c: reads what type.detail refers to and clears it. */
void types_read_inside(struct type *t);

/*
 * signature.c: adds to sig the parameters and locals of an inlined subroutine, those of its lexical
 * blocks too, not those of what is inlined into it. Returns how many DIEs that took.
 */
size_t signature_read_block(struct module *m, const struct die *die, enum language language,
			    enum origin origin, struct signature *sig);

/* spelling.c: sets left, right and shown from what is known of the type and its target. */
void spell_base(struct arena *a, struct type_node *n);	  // named: base, struct, enum, typedef
void spell_pointer(struct arena *a, struct type_node *n); // and references
void spell_array(struct arena *a, struct type_node *n);
void spell_function(struct arena *a, struct type_node *n, bool prototyped, bool variadic);
void spell_qualifier(struct arena *a, struct type_node *n); // const, volatile …
/* "Box<i32>" of "alloc::boxed::Box<i32, alloc::alloc::Global>". */
const char *spell_rust(struct arena *a, const char *name);
/* "std::vector<int>" of "std::vector<int, std::allocator<int> >". */
const char *spell_cxx(struct arena *a, const char *name);

#endif
