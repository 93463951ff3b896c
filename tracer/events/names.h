/*
 * names.h - what an address is called, looked up once per address.
 *
 * Owns:     the cache.
 * Gives:    "symbol+offset", the function and the source line of an address.
 * Never:    opens a module.
 * Lifetime: names live until names_clear().
 */
#ifndef FT_NAMES_H
#define FT_NAMES_H

#include "symbols/symbols.h"

struct names;
struct address_name;

/*
 * A table of return addresses names each by the call before it: a call of a function that never
 * returns may be the last instruction of its caller. A table of other addresses names them exactly.
 */
struct names *names_create(struct symbols *s, bool returns);
void names_destroy(struct names *n);
void names_clear(struct names *n);

size_t names_count(const struct names *n);
const struct address_name *names_find(const struct names *n, uint64_t address); // NULL: not yet

/* `traced`: the module's functions are known one by one, so that a name made of an address counts.
 */
const struct address_name *names_add(struct names *n, uint64_t address, bool traced);

#endif
