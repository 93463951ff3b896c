/*
 * select.h - which functions and libraries the user wants to see.
 *
 * Owns:     the meaning of -f, -s, -l, -a.
 * Gives:    struct selection, a verdict per function, near names for a pattern without a match.
 * Never:    opens a file or touches a process.
 * Lifetime: session; patterns are borrowed from argv.
 *
 * A pattern is a glob (fnmatch(3)), /an extended regular expression/ (regex(7)), or either behind a
 * '!', which takes away. It is tried on the qualified name and, if it has no "::", on the last
 * component too. Without any positive pattern everything of the default selection is wanted. A
 * plain name (no metacharacters) also reaches functions that the default selection hides.
 */
#ifndef FT_SELECT_H
#define FT_SELECT_H

#include "base/base.h"
#include "base/buf.h"
#include "symbols/symbols.h"

struct pattern {
	const char *text; // as the user typed it
	bool negated, plain;
	bool matched; // some function, ever
	void *regex;  // regex_t *, NULL for a glob
	const char *glob;
};

struct patterns {
	struct pattern *p;
	size_t n, cap;
	size_t n_positive;
};

struct selection {
	struct patterns functions; // -f
	struct patterns sources;   // -s
	struct patterns libraries; // -l
	bool all;		   // -a
};

enum verdict {
	WANTED,
	HIDDEN_ORIGIN, // by the default selection
	HIDDEN_FILTER, // by the user's patterns
};

/* Adds one pattern. FT_FAIL: not a valid regular expression. */
FT_CHECK enum ft_rc patterns_add(struct patterns *p, const char *text);
void patterns_deinit(struct patterns *p);

void selection_deinit(struct selection *s);
enum verdict selection_of(struct selection *s, const struct function *f, bool in_library);
/* The same for a function inlined into f. */
struct inlined;
enum verdict selection_of_inlined(struct selection *s, const struct inlined *i,
				  const struct function *f, bool in_library);
/* The first pattern without a match so far that matches the inlined function; NULL: none. */
const struct pattern *selection_unmatched_names(const struct selection *s, const struct inlined *i);
bool selection_wants_library(struct selection *s, const char *path);

/*
 * Words one of which is in the linkage name of whatever a positive -f pattern selects; borrowed.
 * 0: the patterns do not tell.
 */
enum { SELECTION_WORDS = 16 };
size_t selection_words(const struct selection *s, const char *ret[SELECTION_WORDS]);

/* Whether a positive -f pattern has matched nothing so far. */
bool selection_is_unmet(const struct selection *s);

/* FT_FAIL, in words and with near names, if a -f or -s pattern has matched nothing so far. */
FT_CHECK enum ft_rc selection_check(const struct selection *s, const struct function_list *list);

/* Appends up to three names that are near to the pattern: "a, b or c"; false if there are none. */
bool selection_suggest(const struct pattern *p, const struct function_list *list, struct buf *out);

#endif
