/*
 * dwarf_compat.h - the differences between libdwarf 20210528 and 0.x/2.x (private to dwarf*.c).
 *
 * Owns:     #include <libdwarf.h>.
 * Gives:    one spelling, the newer one, for what the two name or declare differently.
 * Never:    is included but by dwarf_private.h.
 * Lifetime: none.
 */
#ifndef FT_DWARF_COMPAT_H
#define FT_DWARF_COMPAT_H

#include <stdint.h>

/* With pkg-config's directory the headers are bare; without it Debian has them in libdwarf/. */
#if __has_include(<libdwarf.h>)
#include <dwarf.h>
#include <libdwarf.h>
#else
#include <libdwarf/dwarf.h>
#include <libdwarf/libdwarf.h>
#endif

/* Only the newer one tells its version; the older ones had dates. */
#ifdef DW_LIBDWARF_VERSION_MAJOR
#define COMPAT_BYTES Dwarf_Small *
#define COMPAT_FIRST_FILE 0

#define COMPAT_INTERFACE Dwarf_Obj_Access_Interface_a
#define COMPAT_METHODS Dwarf_Obj_Access_Methods_a
#define COMPAT_SECTION Dwarf_Obj_Access_Section_a
#define COMPAT_ENDIAN Dwarf_Small
#define COMPAT_LITTLE DW_END_little
#define COMPAT_METHOD(name) om_##name
#define COMPAT_FIELD(name) as_##name
#define COMPAT_FILESIZE
/* A section's number is 16 bits wide in some of them. */
// clang-format off
#define COMPAT_INDEX                                                                               \
	__typeof__(_Generic(((COMPAT_METHODS *)0)->om_load_section,                                \
			    int (*)(void *, Dwarf_Half, Dwarf_Small **, int *): (Dwarf_Half)0,     \
			    default: (Dwarf_Unsigned)0))
// clang-format on

static inline void compat_interface(COMPAT_INTERFACE *i, void *object, const COMPAT_METHODS *m)
{
	i->ai_object = object;
	i->ai_methods = m;
}

static inline void compat_finish(Dwarf_Debug dbg)
{
	dwarf_object_finish(dbg);
}

static inline const uint8_t *compat_rule_block(const Dwarf_Regtable_Entry3 *r, uint64_t *ret_len)
{
	*ret_len = r->dw_block.bl_len;
	return r->dw_block.bl_data;
}

static inline int64_t compat_rule_offset(const Dwarf_Regtable_Entry3 *r)
{
	return (int64_t)r->dw_offset;
}
#else
#define COMPAT_BYTES Dwarf_Ptr
/* The file that a DWARF 5 sequence begins with is given as 0 instead of 1: dwarf_file_is_vague().
 */
#define COMPAT_FIRST_FILE 1
#define dwarf_dealloc_loc_head_c dwarf_loc_head_c_dealloc
#define dwarf_dealloc_fde_cie_list dwarf_fde_cie_list_dealloc
#define dwarf_dealloc_ranges dwarf_ranges_dealloc

#define COMPAT_INTERFACE Dwarf_Obj_Access_Interface
#define COMPAT_METHODS Dwarf_Obj_Access_Methods
#define COMPAT_SECTION Dwarf_Obj_Access_Section
#define COMPAT_ENDIAN Dwarf_Endianness
#define COMPAT_LITTLE DW_OBJECT_LSB
#define COMPAT_METHOD(name) name
#define COMPAT_FIELD(name) name
#define COMPAT_INDEX Dwarf_Half

static inline void compat_interface(COMPAT_INTERFACE *i, void *object, const COMPAT_METHODS *m)
{
	i->object = object;
	i->methods = m;
}

static inline void compat_finish(Dwarf_Debug dbg)
{
	Dwarf_Error err = NULL;
	dwarf_object_finish(dbg, &err);
}

static inline const uint8_t *compat_rule_block(const Dwarf_Regtable_Entry3 *r, uint64_t *ret_len)
{
	*ret_len = r->dw_offset_or_block_len;
	return r->dw_block_ptr;
}

static inline int64_t compat_rule_offset(const Dwarf_Regtable_Entry3 *r)
{
	return (int64_t)r->dw_offset_or_block_len;
}
#endif

#endif
