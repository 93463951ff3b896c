/*
 * values.c - the doors of the room: a value from bytes, from a place, and its one line.
 */
#include "values/values.h"

#include <stdlib.h>
#include <string.h>

#include "values/private.h"

enum { PLACE_BYTES_MAX = 512 }; // of a value outside memory; bigger ones live in memory

struct value_style value_style_default(void)
{
	return (struct value_style){
		.max_string = 200,
		.max_array = 200,
		.max_depth = 4,
		.unreadable = " <error: cannot access memory>",
	};
}

static struct build build_begin(struct value_tree *t, const struct value_style *style,
				const struct memory *mem)
{
	tree_begin(t);
	return (struct build){.tree = t,
			      .style = style,
			      .mem = mem,
			      .leaves = BUILD_LEAVES,
			      .reads = BUILD_READS,
			      .aside_leaves = BUILD_LEAVES,
			      .aside_reads = BUILD_READS};
}

void value_build(struct value_tree *t, const struct value_style *style, struct type *type,
		 const uint8_t *bytes, size_t len, uint64_t address, const struct memory *mem)
{
	struct build b = build_begin(t, style, mem);

	build_value(&b, 0, type, (struct span){bytes, len, address});
}

/* A value in memory: the whole of it if it is small, else as much as could ever be shown. */
static void build_memory(struct build *b, struct type *type, uint64_t size, uint64_t address)
{
	uint8_t small[PLACE_BYTES_MAX], *bytes = small;
	size_t len = size < BUILD_READ ? size : BUILD_READ;

	if (len > sizeof(small))
		bytes = xmalloc(len);
	size_t got = len ? b->mem->read(b->mem->ctx, address, bytes, len) : 0;
	if (len && !got) {
		struct buf *out = tree_text(b->tree, 0);
		buf_str(out, "<error: Cannot access memory at address ");
		buf_hex(out, address);
		buf_char(out, '>');
		tree_text_end(b->tree, 0);
		build_node(b, 0)->known = false;
	} else {
		build_value(b, 0, type, (struct span){bytes, got, address});
	}
	if (bytes != small)
		free(bytes);
}

static void unknown(struct build *b, const char *why)
{
	struct buf *out = tree_text(b->tree, 0);

	build_node(b, 0)->known = false;
	buf_char(out, '<');
	buf_str(out, why ? why : "optimised out");
	buf_char(out, '>');
	tree_text_end(b->tree, 0);
}

/* 1 + the piece that a byte belongs to: for those that are not known, to say why. */
static uint8_t piece_of(const struct place *p, uint64_t byte)
{
	uint64_t end = 0; // in bits

	for (size_t i = 0; i < p->n_pieces && i < UINT8_MAX - 1; i++) {
		const struct place *piece = &p->pieces[i];
		uint64_t bits = piece->bit_size ? piece->bit_size : piece->size * 8;
		if (piece->size > PLACE_BYTES_MAX)
			return (uint8_t)(i + 1);
		end += bits;
		if (byte * 8 < end)
			return (uint8_t)(i + 1);
	}
	return UINT8_MAX; // in none
}

/* A value whose pieces are not all there: what is missing is told member by member. */
static void build_pieces(struct build *b, struct type *type, size_t size, const struct place *place,
			 const struct expr_context *ctx, uint8_t *bytes)
{
	bool known[PLACE_BYTES_MAX];
	uint8_t lost[PLACE_BYTES_MAX];

	memset(bytes, 0, size);
	place_read_known(place, ctx, bytes, known, size);
	for (size_t i = 0; i < size; i++)
		lost[i] = known[i] ? 0 : piece_of(place, i);
	b->whole = (struct span){bytes, size, 0};
	b->lost = type_is_covered(type, known, size) ? NULL : lost; // padding may be in no piece
	b->place = place;
	build_value(b, 0, type, b->whole);
}

static void build_place(struct build *b, struct type *type, const struct type *t,
			const struct place *place, const struct expr_context *ctx)
{
	uint8_t bytes[PLACE_BYTES_MAX] = {0};

	switch (place->kind) {
	case PLACE_MEMORY:
		return build_memory(b, type, t->size, place->address);
	case PLACE_NONE:
		return unknown(b, place->why);
	case PLACE_POINTER:
		return build_pointee(b, 0, type, place, ctx);
	case PLACE_REGISTER:
	case PLACE_VALUE:
	case PLACE_BYTES:
	case PLACE_PIECES:
		break;
	}
	bool pieces = place->kind == PLACE_PIECES;
	if (t->size <= sizeof(bytes) && place_read(place, ctx, bytes, t->size))
		build_value(b, 0, type, (struct span){bytes, t->size, 0});
	else if (pieces && t->size && t->size <= sizeof(bytes))
		build_pieces(b, type, t->size, place, ctx, bytes);
	else
		unknown(b, place->kind == PLACE_REGISTER ? "register not known" : "optimised out");
}

void value_build_place(struct value_tree *tree, const struct value_style *style, struct type *type,
		       const struct place *place, const struct expr_context *ctx)
{
	struct type *t = type_strip(type);
	struct build b = build_begin(tree, style, ctx->memory);

	build_node(&b, 0)->type = type;
	if (!t)
		return unknown(&b, "unknown type");
	if (t->kind == TYPE_ARRAY && !t->has_count && t->bound && place->kind == PLACE_MEMORY) {
		type = t = vla_resolve(tree, t, ctx);
		if (!t)
			return unknown(&b, "variable length");
	}
	build_place(&b, type, t, place, ctx);
}

bool value_format(struct buf *out, const struct value_style *style, struct type *type,
		  const uint8_t *bytes, size_t len, const struct memory *mem)
{
	struct value_tree t;

	value_tree_init(&t);
	value_build(&t, style, type, bytes, len, 0, mem);
	value_compact(&t, out);
	bool known = value_known(&t);
	value_tree_deinit(&t);
	return known;
}

bool value_format_place(struct buf *out, const struct value_style *style, struct type *type,
			const struct place *place, const struct expr_context *ctx)
{
	struct value_tree t;

	value_tree_init(&t);
	value_build_place(&t, style, type, place, ctx);
	value_compact(&t, out);
	bool known = value_known(&t);
	value_tree_deinit(&t);
	return known;
}
