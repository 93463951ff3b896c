#include "symbols/dwarf.h"

#include <stdlib.h>
#include <string.h>

#include "symbols/dwarf_private.h"
#include "symbols/elf.h"

bool dw_ok(struct dwarf_source *s, int rc)
{
	if (rc == DW_DLV_ERROR && s->err)
		dwarf_dealloc_error(s->dbg, s->err);
	s->err = NULL;
	return rc == DW_DLV_OK;
}

bool dw_ok_or_warn(struct dwarf_file *d, struct dwarf_source *s, int rc, const char *what)
{
	if (rc == DW_DLV_ERROR)
		dw_warn(d, "%s: %s: %s", s->path, what,
			s->err ? dwarf_errmsg(s->err) : "unknown error");
	return dw_ok(s, rc);
}

static void warn_of_compression(struct dwarf_file *d, const struct dwarf_input *in)
{
	struct elf_file *elf = in->debug ? in->debug : in->elf;
	if (!d->sources[0]->sections[DW_INFO].elf && elf_is_compressed_by_zstd(elf, ".debug_info"))
		dw_warn(d,
			"%s: its debug information is compressed by zstd, which this libelf "
			"does not read",
			in->debug ? in->debug_path : in->path);
}

enum ft_rc dwarf_open(const struct dwarf_input *in, uint64_t bias, struct dwarf_file **ret)
{
	struct dwarf_file *d = xcalloc(1, sizeof(*d));
	d->arena = arena_create();
	d->bias = bias;
	d->path = arena_strdup(d->arena, in->debug ? in->debug_path : in->path);
	d->module_path = arena_strdup(d->arena, in->path);
	struct dwarf_source *s = dw_source_new(d, SOURCE_MAIN, d->path);
	if (in->debug)
		dw_source_add(d, s, in->debug, "");
	dw_source_add(d, s, in->elf, ""); // .eh_frame, at least
	warn_of_compression(d, in);
	// Frames are wanted of every module, the rest of few: libdwarf reads it when it opens it.
	struct dwarf_source *frames = dw_source_new(d, SOURCE_MAIN, d->path);
	for (enum dw_section i = DW_FRAME; i <= DW_EH_FRAME; i++) {
		frames->sections[i] = s->sections[i];
		s->sections[i] = (struct dw_section_at){0};
	}
	dw_source_open(d, frames);
	d->frames = frames;
	if (!frames->dbg && !s->sections[DW_INFO].elf && !d->warning) {
		dwarf_close(d);
		return FT_NONE;
	}
	*ret = d;
	return FT_OK;
}

void dwarf_close(struct dwarf_file *d)
{
	if (!d)
		return;
	dw_cfi_deinit(d);
	for (size_t i = 0; i < d->n_units; i++) {
		free(d->units[i].ranges);
		free(d->details[i].rows);
	}
	free(d->units);
	free(d->details);
	free(d->spans);
	free(d->signatures);
	while (d->free_dies) {
		struct die *die = d->free_dies;
		d->free_dies = die->next;
		free(die);
	}
	for (size_t i = 0; i < d->n_sources; i++)
		if (d->sources[i]->dbg)
			compat_finish(d->sources[i]->dbg);
	for (size_t i = 0; i < d->n_files; i++)
		elf_file_destroy(d->files[i]);
	free(d->sources);
	free(d->files);
	arena_destroy(d->arena);
	free(d);
}

const char *dwarf_warning(const struct dwarf_file *d)
{
	return d->warning;
}

struct die *dw_wrap(struct dwarf_file *d, struct dwarf_source *s, Dwarf_Die dw)
{
	Dwarf_Off offset;
	Dwarf_Half tag;
	if (!dw_ok(s, dwarf_dieoffset(dw, &offset, &s->err)) ||
	    !dw_ok(s, dwarf_tag(dw, &tag, &s->err))) {
		dwarf_dealloc_die(dw);
		return NULL;
	}
	struct die *die = d->free_dies;
	if (die)
		d->free_dies = die->next;
	else
		die = xcalloc(1, sizeof(*die));
	die->dw = dw;
	die->source = s;
	die->offset = (offset & OFFSET_BITS) | s->mark;
	if (!dwarf_get_die_infotypes_flag(dw))
		die->offset |= TYPES_BIT;
	die->tag = tag;
	return die;
}

void die_free(struct dwarf_file *d, struct die *die)
{
	if (!die)
		return;
	dwarf_dealloc_die(die->dw);
	die->next = d->free_dies;
	d->free_dies = die;
}

uint16_t die_tag(const struct die *die)
{
	return die->tag;
}

uint64_t die_offset(const struct die *die)
{
	return die->offset;
}

size_t dwarf_unit_of(struct dwarf_file *d, uint64_t offset)
{
	size_t lo = 0, hi = d->n_spans;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (d->spans[mid].hi <= offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < d->n_spans && d->spans[lo].lo <= offset ? d->spans[lo].unit : SIZE_MAX;
}

const struct unit_detail *dw_unit_of(struct dwarf_file *d, const struct die *die)
{
	if (d->reading)
		return d->reading;
	size_t unit = dwarf_unit_of(d, die->offset);
	return unit == SIZE_MAX ? NULL : &d->details[unit];
}

enum ft_rc die_at(struct dwarf_file *d, uint64_t offset, struct die **ret)
{
	Dwarf_Die dw;
	struct dwarf_source *s = dw_source_of(d, offset);
	if (!s)
		return FT_NONE;
	int rc = dwarf_offdie_b(s->dbg, offset & OFFSET_BITS, !(offset & TYPES_BIT), &dw, &s->err);
	if (!dw_ok(s, rc))
		return FT_NONE;
	struct die *die = dw_wrap(d, s, dw);
	if (!die)
		return FT_NONE;
	*ret = die;
	return FT_OK;
}

enum ft_rc die_child(struct dwarf_file *d, const struct die *die, struct die **ret)
{
	Dwarf_Die dw;
	if (!dw_ok_or_warn(d, die->source, dwarf_child(die->dw, &dw, &die->source->err), "DIE"))
		return FT_NONE;
	struct die *child = dw_wrap(d, die->source, dw);
	if (!child)
		return FT_NONE;
	*ret = child;
	return FT_OK;
}

enum ft_rc die_sibling(struct dwarf_file *d, const struct die *die, struct die **ret)
{
	Dwarf_Die dw;
	struct dwarf_source *s = die->source;
	int rc = dwarf_siblingof_b(s->dbg, die->dw, !(die->offset & TYPES_BIT), &dw,
				   &die->source->err);
	if (!dw_ok_or_warn(d, die->source, rc, "DIE"))
		return FT_NONE;
	struct die *sibling = dw_wrap(d, s, dw);
	if (!sibling)
		return FT_NONE;
	if (sibling->offset <= die->offset) { // a DW_AT_sibling that points back
		die_free(d, sibling);
		return FT_NONE;
	}
	*ret = sibling;
	return FT_OK;
}

bool dw_attribute(struct dwarf_file *d, const struct die *die, uint16_t attr, Dwarf_Attribute *ret)
{
	(void)d;
	return dw_ok(die->source, dwarf_attr(die->dw, attr, ret, &die->source->err));
}

bool die_has(struct dwarf_file *d, const struct die *die, uint16_t attr)
{
	Dwarf_Bool has = 0;
	(void)d;
	return dw_ok(die->source, dwarf_hasattr(die->dw, attr, &has, &die->source->err)) && has;
}

const char *die_string(struct dwarf_file *d, const struct die *die, uint16_t attr)
{
	Dwarf_Attribute a;
	if (!dw_attribute(d, die, attr, &a))
		return NULL;
	const char *s = dw_form_string(d, die, a);
	dwarf_dealloc_attribute(a);
	return s;
}

bool dw_is_constant(Dwarf_Half form)
{
	return form == DW_FORM_data1 || form == DW_FORM_data2 || form == DW_FORM_data4 ||
	       form == DW_FORM_data8 || form == DW_FORM_sdata || form == DW_FORM_udata ||
	       form == DW_FORM_implicit_const;
}

static bool is_constant(const struct die *die, Dwarf_Attribute a)
{
	Dwarf_Half form;
	return dw_ok(die->source, dwarf_whatform(a, &form, &die->source->err)) &&
	       dw_is_constant(form);
}

enum ft_rc die_uint(struct dwarf_file *d, const struct die *die, uint16_t attr, uint64_t *ret)
{
	Dwarf_Attribute a;
	Dwarf_Unsigned v;
	if (!dw_attribute(d, die, attr, &a))
		return FT_NONE;
	bool ok = is_constant(die, a);
	// 20210528 reads an implicit constant only as a signed one.
	if (ok && !dw_ok(die->source, dwarf_formudata(a, &v, &die->source->err))) {
		Dwarf_Signed s = -1;
		ok = dw_ok(die->source, dwarf_formsdata(a, &s, &die->source->err)) && s >= 0;
		v = (Dwarf_Unsigned)s;
	}
	dwarf_dealloc_attribute(a);
	if (!ok)
		return FT_NONE;
	*ret = v;
	return FT_OK;
}

enum ft_rc die_sint(struct dwarf_file *d, const struct die *die, uint16_t attr, int64_t *ret)
{
	Dwarf_Attribute a;
	Dwarf_Signed v;
	if (!dw_attribute(d, die, attr, &a))
		return FT_NONE;
	bool ok = is_constant(die, a) &&
		  dw_ok(die->source, dwarf_formsdata(a, &v, &die->source->err));
	dwarf_dealloc_attribute(a);
	if (!ok)
		return FT_NONE;
	*ret = v;
	return FT_OK;
}

bool die_flag(struct dwarf_file *d, const struct die *die, uint16_t attr)
{
	Dwarf_Attribute a;
	Dwarf_Bool v = 0;
	if (!dw_attribute(d, die, attr, &a))
		return false;
	bool ok = dw_ok(die->source, dwarf_formflag(a, &v, &die->source->err));
	dwarf_dealloc_attribute(a);
	return ok && v;
}

enum ft_rc die_address(struct dwarf_file *d, const struct die *die, uint16_t attr, uint64_t *ret)
{
	Dwarf_Attribute a;
	uint64_t v;
	if (!dw_attribute(d, die, attr, &a))
		return FT_NONE;
	bool ok = dw_form_address(d, die, a, &v);
	dwarf_dealloc_attribute(a);
	if (!ok)
		return FT_NONE;
	*ret = v + d->bias;
	return FT_OK;
}

enum ft_rc die_ref(struct dwarf_file *d, const struct die *die, uint16_t attr, uint64_t *ret_offset)
{
	Dwarf_Attribute a;
	if (!dw_attribute(d, die, attr, &a))
		return FT_NONE;
	bool ok = dw_form_ref(d, die, a, ret_offset);
	dwarf_dealloc_attribute(a);
	return ok ? FT_OK : FT_NONE;
}

/* A block or an exprloc; the bytes are the section's. */
static bool block_bytes(const struct die *die, Dwarf_Attribute a, Dwarf_Half form, const void **ret,
			uint64_t *ret_len)
{
	if (form == DW_FORM_exprloc) {
		Dwarf_Unsigned len;
		Dwarf_Ptr bytes;
		if (!dw_ok(die->source, dwarf_formexprloc(a, &len, &bytes, &die->source->err)))
			return false;
		*ret = bytes;
		*ret_len = len;
		return true;
	}
	Dwarf_Block *block;
	if (!dw_ok(die->source, dwarf_formblock(a, &block, &die->source->err)))
		return false;
	*ret = block->bl_data;
	*ret_len = block->bl_len;
	dwarf_dealloc(die->source->dbg, block, DW_DLA_BLOCK);
	return true;
}

static bool constant_bytes(struct dwarf_file *d, const struct die *die, Dwarf_Attribute a,
			   const uint8_t **ret, size_t *ret_len)
{
	Dwarf_Half form;
	const void *bytes;
	uint64_t len;
	if (!dw_ok(die->source, dwarf_whatform(a, &form, &die->source->err)))
		return false;
	if (form == DW_FORM_data16) {
		Dwarf_Form_Data16 v;
		if (!dw_ok(die->source, dwarf_formdata16(a, &v, &die->source->err)))
			return false;
		*ret = arena_copy(d->arena, &v, sizeof(v));
		*ret_len = sizeof(v);
		return true;
	}
	if (form == DW_FORM_exprloc || form == DW_FORM_block || form == DW_FORM_block1 ||
	    form == DW_FORM_block2 || form == DW_FORM_block4) {
		if (!block_bytes(die, a, form, &bytes, &len))
			return false;
		*ret = bytes;
		*ret_len = len;
		return true;
	}
	const char *s = dw_form_string(d, die, a);
	if (!s)
		return false;
	*ret = (const uint8_t *)s;
	*ret_len = strlen(s);
	return true;
}

enum ft_rc die_block(struct dwarf_file *d, const struct die *die, uint16_t attr,
		     const uint8_t **ret, size_t *ret_len)
{
	Dwarf_Attribute a;
	if (!dw_attribute(d, die, attr, &a))
		return FT_NONE;
	bool ok = constant_bytes(d, die, a, ret, ret_len);
	dwarf_dealloc_attribute(a);
	return ok ? FT_OK : FT_NONE;
}
