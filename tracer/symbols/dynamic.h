/*
 * dynamic.h - what the dynamic linker knows, read from the running program's own memory.
 *
 * Owns:     the layout of struct r_debug, struct link_map and of the dynamic section (gABI,
 * "Dynamic Linking"; GNU hash tables). Gives:    the loaded objects in the order in which symbols
 * are looked for; a look-up by name. Never:    opens a file. Trusts what it reads: everything is
 * bounded. Lifetime: plain values.
 */
#ifndef FT_DYNAMIC_H
#define FT_DYNAMIC_H

#include "base/memory.h"

enum { DYNAMIC_OBJECTS = 512 };

/* One loaded object, with the tables that its dynamic section names; 0: it has none. */
struct dynamic_object {
	uint64_t bias;
	uint64_t dynamic; // of its dynamic section
	uint64_t symtab, strtab, gnu_hash, hash;
	uint64_t strsz;
};

/*
 * The r_debug that the dynamic section at `dynamic` of the program names (DT_DEBUG). FT_NONE: there
 * is none, or it has not been filled in yet.
 */
FT_CHECK enum ft_rc dynamic_debug(const struct memory *mem, uint64_t dynamic, uint64_t *ret);

/*
 * The objects of its list, the program first, at most DYNAMIC_OBJECTS; *ret is freed by the caller.
 * FT_NONE: the list is just being changed, or cannot be read.
 */
FT_CHECK enum ft_rc dynamic_objects(const struct memory *mem, uint64_t debug,
				    struct dynamic_object **ret, size_t *ret_n);

/* The runtime address of a function that the object defines for others. FT_NONE: it does not. */
FT_CHECK enum ft_rc dynamic_function(const struct memory *mem, const struct dynamic_object *o,
				     const char *name, uint64_t *ret);

#endif
