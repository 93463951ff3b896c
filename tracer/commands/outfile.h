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

#endif
