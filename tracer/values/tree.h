/*
 * tree.h - one value as a tree: what it is made of, before anybody decides how to write it.
 *
 * Owns:     its nodes and their texts, reused from one value to the next.
 * Gives:    value_build() and its like, which fill it in; three renderings: a compact line, lines
 *           of detail, JSON.
 * Never:    grows without bound: VALUE_NODES nodes at most, each list and string by the style.
 * Lifetime: the nodes of a value are valid until the next one is built; types and member names are
 *           borrowed from symbols.
 */
#ifndef FT_TREE_H
#define FT_TREE_H

#include "base/buf.h"
#include "symbols/type.h"

enum { VALUE_NODES = 20000, VALUE_DIMENSIONS = 4 };

enum value_shape {
	VALUE_SCALAR,  // a number, a character, an enumerator, a reason: `text` is all of it
	VALUE_STRING,  // characters in quotes
	VALUE_POINTER, // text is the address and its name; a child is what it points to
	VALUE_STRUCT,  // children are members with names; text: how the type calls itself, or ""
	VALUE_TUPLE,   // children are members by position; text as above
	VALUE_LIST,    // children are elements; text as above
	VALUE_SET,     // the same, of no order that counts
	VALUE_MAP,     // children are entries
	VALUE_ENTRY,   // two children: key and value
	VALUE_RANGE,   // Rust's 1..5: text is the dots, children "start" and "end"
	VALUE_WRAPPER, // text, then its one child: "std::stack wrapping: …"
	VALUE_ELIDED,  // nested too deeply: text stands for it
};

struct value_node {
	struct type *type; // as declared; NULL: void, or none of its own
	const char *name;  // of a member, a base; NULL: none
	uint64_t address;  // in memory; 0: it is not, or not known
	union {
		uint64_t offset; // has_offset: in its parent
		uint64_t index;	 // is_indexed: its name is "[index]"
	};
	uint64_t count;		    // has_count: all elements, also those not shown
	uint64_t repeats;	    // stands for so many equal elements; 0: for one
	uint32_t text, text_len;    // in the tree's text
	uint32_t place, place_len;  // the same: where a pointer leads; no length: not known
	uint32_t first, last, next; // children and siblings by index; 0: none
	enum value_shape shape : 8;
	bool has_offset : 1, has_count : 1, is_indexed : 1;
	bool is_rust : 1;    // to be written as {:?} does
	bool is_base : 1;    // a C++ base class
	bool is_aside : 1;   // for detail and JSON only
	bool known : 1;	     // false: text is the reason in angle brackets
	bool truncated : 1;  // there is more than its children, or its text, show
	bool is_library : 1; // C++: a library type that gdb has a printer for
	bool is_open : 1;    // Rust: ends with ".."
	bool is_variant : 1; // text is the name of the variant that a Rust enum has
};

struct value_tree {
	struct value_node *n; // n[0] is the value
	size_t n_nodes, cap_nodes;
	struct buf text;
	struct type dims[VALUE_DIMENSIONS]; // of a variable-length array, with their counts
};

void value_tree_init(struct value_tree *t);
void value_tree_deinit(struct value_tree *t);

/* The one line that a trace shows: gdb's spelling for C and C++, {:?} for Rust. */
void value_compact(const struct value_tree *t, struct buf *out);

/*
 * One line for each member, '\n' between them, no '\n' at the end. A line is "ADDRESS\tTEXT", with
 * nothing for an address that is not known; TEXT is indented by two blanks a level. False, and
 * nothing appended, if that says no more than the compact line and the type.
 */
bool value_full(const struct value_tree *t, struct buf *out);

/* One JSON value (docs/events.md, "Trees"). False, and nothing appended, if it has no parts. */
bool value_json(const struct value_tree *t, struct buf *out);

/* Whether the value is known; false: the compact line is the reason. */
static inline bool value_known(const struct value_tree *t)
{
	return t->n_nodes && t->n[0].known;
}

#endif
