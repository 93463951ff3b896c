/*
 * function_name.h - what a function is called and where it is declared (private to symbols/).
 *
 * Owns:     nothing.
 * Gives:    the attributes of a subprogram, collected along its abstract origin and specification;
 *           the name that users know.
 * Never:    looks for code.
 * Lifetime: strings live as long as the module.
 */
#ifndef FT_FUNCTION_NAME_H
#define FT_FUNCTION_NAME_H

#include "symbols/private.h"

struct described {
	const char *name;    // DW_AT_name; NULL if none
	const char *linkage; // NULL if none
	const char *file;    // NULL if unknown
	uint32_t line;	     // 0 if unknown
	bool artificial, external, nocall;
	uint64_t declared; // the DIE that stands in its namespace or class
};

void describe_die(struct module *m, const struct die *die, struct described *ret);

/* symbol: what the symbol table has at its entry, or NULL. NULL: it has no name at all. */
const char *function_name(struct module *m, const struct described *r, enum language language,
			  const char *symbol);

/*
 * functions.c: by the path of its declaration, else by the unit; symbol (may be NULL) and name tell
 * what a compiler made.
 */
enum origin origin_of_described(const struct module *m, size_t unit, const struct described *r,
				const char *symbol, const char *name);

/* functions.c: what is declared nowhere gets the position of the line row that begins at entry. */
void describe_by_line(struct module *m, size_t unit, uint64_t entry, struct described *r);

#endif
