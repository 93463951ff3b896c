/*
 * pointee.c - pointers to what the optimiser left without an address (DW_OP_implicit_pointer).
 *
 * The pointer itself is gone, but what it pointed to may still be told: its value then follows
 * `<no address>`. If the pointee turns out to have an address, so has the pointer.
 */
#include <string.h>

#include "values/private.h"

enum { POINTEE_BYTES = 512, POINTEE_LEVELS = 3 };

static void no_address(struct build *b, uint32_t at, const char *why)
{
	struct buf *out = tree_text(b->tree, at);

	buf_printf(out, "<no address: %s>", why);
	tree_text_end(b->tree, at);
	build_node(b, at)->known = false;
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

static void build_level(struct build *b, uint32_t at, struct type *type, const struct place *place,
			const struct expr_context *ctx, unsigned level);

/* What it points to, as a child behind words that say so. */
static void build_behind(struct build *b, uint32_t at, struct type *shown,
			 const struct place *pointee, uint64_t off, const struct expr_context *ctx,
			 unsigned level)
{
	struct type *t = type_strip(shown);
	uint8_t bytes[POINTEE_BYTES];
	bool again = pointee->kind == PLACE_POINTER && off == 0 && level < POINTEE_LEVELS;

	if (!again &&
	    (!t || t->size > sizeof(bytes) || !place_read_at(pointee, ctx, off, bytes, t->size)))
		return no_address(b, at, "what it points to is not known");
	tree_says(b->tree, at, "<no address>");
	build_node(b, at)->shape = VALUE_WRAPPER;
	uint32_t child = tree_child(b->tree, at, shown, NULL);
	if (again)
		build_level(b, child, shown, pointee, ctx, level + 1);
	else
		build_value(b, child, shown, (struct span){bytes, t->size, 0});
	build_node(b, at)->known = build_node(b, child)->known;
}

static void build_level(struct build *b, uint32_t at, struct type *type, const struct place *place,
			const struct expr_context *ctx, unsigned level)
{
	struct expr_storage storage;
	struct place pointee;
	uint64_t off;
	struct type *pointer = type_strip(type), *whole;
	const char *why = place_pointee(place, ctx, &storage, &pointee, &off, &whole);

	if (why)
		return no_address(b, at, why);
	if (!pointer || (pointer->kind != TYPE_POINTER && pointer->kind != TYPE_REFERENCE &&
			 pointer->kind != TYPE_RVALUE_REFERENCE))
		return no_address(b, at, "not a pointer by its type");
	if (pointee.kind == PLACE_MEMORY) {
		uint64_t address = pointee.address + off;
		return build_value(b, at, type,
				   (struct span){(uint8_t *)&address, sizeof(address), 0});
	}
	struct type *shown = NULL;
	if (!whole) // it lives as long as the tree
		shown = string_type(pointer, &pointee, off, &b->tree->dims[0]);
	if (!shown)
		shown = shown_type(pointer, whole, off);
	build_behind(b, at, shown, &pointee, off, ctx, level);
}

void build_pointee(struct build *b, uint32_t at, struct type *type, const struct place *place,
		   const struct expr_context *ctx)
{
	build_level(b, at, type, place, ctx, 0);
}
