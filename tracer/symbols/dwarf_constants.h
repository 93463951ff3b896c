/*
 * dwarf_constants.h - DW_TAG_*, DW_AT_*, DW_OP_*, DW_LANG_*, DW_ATE_* by their standard names.
 *
 * Owns:     #include <dwarf.h>: macros only, no declaration of libdwarf's.
 * Gives:    the constants, for those who read struct die and struct dw_op.
 * Never:    opens the door to libdwarf's functions.
 * Lifetime: none.
 */
#ifndef FT_DWARF_CONSTANTS_H
#define FT_DWARF_CONSTANTS_H

/* With pkg-config's directory the headers are bare; without it Debian has them in libdwarf/. */
#if __has_include(<libdwarf.h>)
#include <dwarf.h>
#else
#include <libdwarf/dwarf.h>
#endif

#endif
