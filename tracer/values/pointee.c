/*
 * pointee.c - pointers to what the optimiser left without an address (DW_OP_implicit_pointer).
 *
 * The pointer itself is gone, but what it pointed to may still be told: its value then follows
 * `<no address>`. If the pointee turns out to have an address, so has the pointer.
 */
#include <string.h>

#include "values/private.h"

enum { POINTEE_BYTES = 512, POINTEE_LEVELS = 3 };

static bool no_address(struct buf *out, const char *why)
{
	buf_printf(out, "<no address: %s>", why);
	return false;
}

/* The type to show: what the pointer points to, or the whole array that it begins. */
static struct type *shown_type(const struct type *pointer, struct type *pointee, uint64_t off)
{
	struct type *target = type_strip(pointer->target), *whole = type_strip(pointee);

	if (!target || !target->size)
		return pointee;
	bool begins = whole && whole->kind == TYPE_ARRAY && whole->has_count && off == 0;
	return begins && type_strip(whole->target) == target ? pointee : pointer->target;
}

/* A folded string has no type of its own (DW_TAG_dwarf_procedure): the rest of its bytes. */
static struct type *string_type(struct type *pointer, const struct place *pointee, uint64_t off,
				struct type *ret)
{
	struct type *target = type_strip(pointer->target);
	const char *prefix;

	if (pointee->kind != PLACE_BYTES || off >= pointee->size || !target ||
	    text_width(pointer->target, &prefix) != 1)
		return NULL;
	*ret = (struct type){
		.kind = TYPE_ARRAY,
		.shown = pointer->target->shown,
		.language = pointer->language,
		.size = pointee->size - off,
		.target = pointer->target,
		.count = pointee->size - off,
		.has_count = true,
	};
	return ret;
}

static bool format_level(struct buf *out, const struct value_style *style, struct type *type,
			 const struct place *place, const struct expr_context *ctx, unsigned level)
{
	struct expr_storage storage;
	struct place pointee;
	uint64_t off;
	struct type *pointer = type_strip(type), *whole;
	uint8_t bytes[POINTEE_BYTES];
	const char *why = place_pointee(place, ctx, &storage, &pointee, &off, &whole);

	if (why)
		return no_address(out, why);
	if (!pointer || (pointer->kind != TYPE_POINTER && pointer->kind != TYPE_REFERENCE &&
			 pointer->kind != TYPE_RVALUE_REFERENCE))
		return no_address(out, "not a pointer by its type");
	if (pointee.kind == PLACE_MEMORY) {
		uint64_t address = pointee.address + off;
		return value_format(out, style, type, (const uint8_t *)&address, sizeof(address),
				    ctx->memory);
	}
	struct type string, *shown = whole ? NULL : string_type(pointer, &pointee, off, &string);
	if (!shown)
		shown = shown_type(pointer, whole, off);
	struct type *t = type_strip(shown);
	if (pointee.kind == PLACE_POINTER && off == 0 && level < POINTEE_LEVELS) {
		buf_str(out, "<no address> ");
		return format_level(out, style, shown, &pointee, ctx, level + 1);
	}
	if (!t || t->size > sizeof(bytes) || !place_read_at(&pointee, ctx, off, bytes, t->size))
		return no_address(out, "what it points to is not known");
	buf_str(out, "<no address> ");
	return value_format(out, style, shown, bytes, t->size, ctx->memory);
}

bool format_pointee(struct buf *out, const struct value_style *style, struct type *type,
		    const struct place *place, const struct expr_context *ctx)
{
	return format_level(out, style, type, place, ctx, 0);
}
