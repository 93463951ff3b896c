/*
 * rust_macros.h - locals that std's macros declare in a Rust function (private to symbols/).
 *
 * Owns:     how the expansions of println!, assert_eq! and their kin can be told.
 * Gives:    variable.from_macro.
 * Never:    looks for variables: signature.c does.
 * Lifetime: nothing is kept.
 */
#ifndef FT_RUST_MACROS_H
#define FT_RUST_MACROS_H

#include "symbols/private.h"
#include "symbols/type.h"

/*
 * Marks the local n, which has been read from die, if a macro declares it; then also what the same
 * expansion declares before it. `origin` is that of the function.
 */
void rust_macros_mark(const struct module *m, enum origin origin, const struct die *die,
		      struct variable *locals, size_t n);

/* Marks, of all the locals of an optimised function, those that can no longer be told so. */
void rust_macros_mark_optimised(struct variable *locals, size_t n);

#endif
