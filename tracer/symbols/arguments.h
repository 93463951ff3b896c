/*
 * arguments.h - when a function's arguments are where DWARF says they are (private to symbols/).
 *
 * Owns:     which stores of a prologue put an argument into its place.
 * Gives:    the instruction behind them.
 * Never:    says where the body is: prologue.c weighs this with what else it knows.
 * Lifetime: nothing is kept; the walk's stores are marked.
 */
#ifndef FT_ARGUMENTS_H
#define FT_ARGUMENTS_H

#include "symbols/plan.h"

/*
 * The instruction after the last store that fills an argument's slot, which is marked as such; 0 if
 * there is none. *ret_complete: all slots were seen to be filled. sig may be NULL.
 */
size_t arguments_stored(struct walk *w, const struct signature *sig, bool *ret_complete);

/*
 * The instruction from which on all arguments are there whose list of locations begins behind the
 * body, on the straight line; the body itself if there is no such. sig may be NULL.
 */
size_t arguments_listed(const struct walk *w, const struct signature *sig, size_t body);

#endif
