/*
 * program.h - which file a PROGRAM word means (private to commands/).
 *
 * Owns:     the search in PATH, the checks before anything is started.
 * Gives:    a path that can be executed and traced.
 * Never:    starts it.
 * Lifetime: the path is the caller's to free.
 */
#ifndef FT_PROGRAM_H
#define FT_PROGRAM_H

#include "base/base.h"

/*
 * FT_FAIL in words: not found, not executable, not an ELF program, for another machine … For a
 * script ("#!") the interpreter is checked instead and *ret_interpreter set, else NULL.
 */
FT_CHECK enum ft_rc program_find(const char *word, char **ret_path, char **ret_interpreter);

/* The same for a file that is to be read only: it need not be executable, nor a program. */
FT_CHECK enum ft_rc program_find_file(const char *word, char **ret_path, char **ret_interpreter);

#endif
