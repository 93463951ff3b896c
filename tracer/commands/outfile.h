/*
 * outfile.h - the file that -o names (private to commands/).
 *
 * Owns:     what is never written over: a program, a library, a log, what is being read or run.
 * Gives:    an open stream.
 * Never:    is used for a log: the store makes its own file.
 * Lifetime: the stream is the caller's to close.
 */
#ifndef FT_OUTFILE_H
#define FT_OUTFILE_H

#include <stdio.h>

#include "base/base.h"

/*
 * Makes the file, or empties the one that is there. An ELF file, a trace log, and `used` (the
 * program or the log of this very run; NULL: none) are refused, untouched. FT_FAIL in words;
 * `option` is for these.
 */
FT_CHECK enum ft_rc outfile_open(const char *option, const char *path, const char *used,
				 FILE **ret);

/* A file that is written beside a log. */
struct outfile {
	const char *path;
	FILE *f;
	bool is_new; // it was not there
};

/*
 * The same, but for what is in the file: outfile_begin() empties it, when nothing can go wrong any
 * more; else outfile_give_up() leaves it as it was. `log`: the log that will be made, which it must
 * not be.
 */
FT_CHECK enum ft_rc outfile_make(const char *option, const char *path, const char *used,
				 const char *log, struct outfile *ret);
FT_CHECK enum ft_rc outfile_begin(struct outfile *file);
void outfile_give_up(struct outfile *file);

#endif
