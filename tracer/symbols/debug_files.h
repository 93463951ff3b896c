/*
 * debug_files.h - where debug information lives if not in the module's own file (private to
 * symbols/).
 *
 * Owns:     the search rules: build ids, .gnu_debuglink, .gnu_debugaltlink, .dwo and .dwp names;
 *           the environment variable FRAMETRACE_DEBUG_DIR.
 * Gives:    opened files that are proved to belong to the one that refers to them.
 * Never:    reads DWARF.
 * Lifetime: the files are the caller's; paths and reasons live as long as the arena.
 *
 * FT_NONE: nothing was found; *ret_why is then NULL, or says which file was there and why it is not
 * used, and is untouched otherwise.
 */
#ifndef FT_DEBUG_FILES_H
#define FT_DEBUG_FILES_H

#include "symbols/arena.h"
#include "symbols/elf.h"

/*
 * The separate debug file of a module without .debug_info: by its build id under the debug
 * directories, then by its .gnu_debuglink in its directory, in .debug/ there, and under the debug
 * directories. It has the module's build id, or else the link's checksum.
 */
FT_CHECK enum ft_rc debug_files_main(struct elf_file *elf, const char *path, struct arena *a,
				     struct elf_file **ret, const char **ret_path,
				     const char **ret_why);

/* What several files share (dwz): the .gnu_debugaltlink of elf, by its build id. */
FT_CHECK enum ft_rc debug_files_alt(struct elf_file *elf, const char *path, struct arena *a,
				    struct elf_file **ret, const char **ret_path,
				    const char **ret_why);

/*
 * The places where a .dwo file may be, best first: `i` counts from 0; NULL: there are no more.
 * The caller proves that it is the right one.
 */
const char *debug_files_dwo(const char *name, const char *comp_dir, const char *path, unsigned i,
			    struct arena *a);

#endif
