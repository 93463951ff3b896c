/*
 * values.c - the doors of the room: limits, dispatch by language, places.
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

size_t render_read(struct render *r, uint64_t addr, void *buf, size_t len)
{
	if (r->reads == 0 || !r->mem || !addr)
		return 0;
	r->reads--;
	return r->mem->read(r->mem->ctx, addr, buf, len);
}

void render_address_name(struct render *r, uint64_t addr)
{
	if (r->style->name_address && addr)
		r->style->name_address(r->style->ctx, addr, r->out);
}

bool render_next(struct render *r)
{
	if (r->leaves == 0) {
		buf_str(r->out, "...");
		return false;
	}
	r->leaves--;
	return true;
}

uint64_t array_available(const struct type *t, size_t len)
{
	uint64_t size = t->target ? t->target->size : 0;

	if (!size || !t->has_count)
		return 0;
	return t->count < len / size ? t->count : len / size;
}

uint64_t array_run(const uint8_t *bytes, uint64_t size, uint64_t max)
{
	uint64_t run = 1;

	while (run < max && memcmp(bytes, bytes + run * size, size) == 0)
		run++;
	return run;
}

static bool reason(struct render *r, const char *text)
{
	buf_str(r->out, text);
	return false;
}

bool render_value(struct render *r, struct type *named, const uint8_t *bytes, size_t len)
{
	struct type *t = type_strip(named);

	if (!t)
		return reason(r, "void");
	if (t->kind == TYPE_UNKNOWN || t->kind == TYPE_TYPEDEF)
		return reason(r, "<unknown type>");
	if (t->is_declaration && !t->size)
		return reason(r, "<incomplete type>");
	bool parts = t->kind == TYPE_ARRAY || t->kind == TYPE_STRUCT || t->kind == TYPE_CLASS ||
		     t->kind == TYPE_UNION || t->kind == TYPE_VARIANTS;
	if (t->kind == TYPE_ARRAY && !t->has_count)
		return reason(r, "<variable length>");
	if (len < t->size && (!parts || (!len && t->size)))
		return reason(r, "<not read>");
	if (len > t->size)
		len = t->size;
	return t->language == LANG_RUST ? render_rust(r, t, bytes, len)
					: render_c(r, t, named, bytes, len);
}

void render_member(struct render *r, const struct member *m, const uint8_t *bytes, size_t len)
{
	struct type *t = type_strip(m->type);

	if (m->is_virtual_base) {
		buf_str(r->out, "<virtual base>");
	} else if (m->offset > len) {
		buf_str(r->out, "<not read>");
	} else if (m->bit_size && t) {
		uint8_t field[16];
		bool is_signed = t->kind == TYPE_INT || (t->kind == TYPE_CHAR && t->is_signed) ||
				 (t->kind == TYPE_ENUM && t->is_signed);
		size_t size = t->size < sizeof(field) ? t->size : sizeof(field);
		scalar_bits(bytes + m->offset, len - m->offset, m->bit_offset, m->bit_size,
			    is_signed, field);
		render_value(r, m->type, field, size);
	} else {
		render_value(r, m->type, bytes + m->offset, len - m->offset);
	}
}

bool value_format(struct buf *out, const struct value_style *style, struct type *type,
		  const uint8_t *bytes, size_t len, const struct memory *mem)
{
	struct render r = {.out = out,
			   .style = style,
			   .mem = mem,
			   .leaves = RENDER_LEAVES,
			   .reads = RENDER_READS};

	return render_value(&r, type, bytes, len);
}

/* A value in memory: the whole of it if it is small, else as much as could ever be shown. */
static bool format_memory(struct buf *out, const struct value_style *style, struct type *type,
			  uint64_t size, uint64_t address, const struct memory *mem)
{
	uint8_t small[PLACE_BYTES_MAX], *bytes = small;
	size_t len = size < RENDER_READ ? size : RENDER_READ;

	if (len > sizeof(small))
		bytes = xmalloc(len);
	size_t got = len ? mem->read(mem->ctx, address, bytes, len) : 0;
	bool known = false;
	if (len && !got)
		buf_printf(out, "<error: Cannot access memory at address 0x%llx>",
			   (unsigned long long)address);
	else
		known = value_format(out, style, type, bytes, got, mem);
	if (bytes != small)
		free(bytes);
	return known;
}

static bool unknown(struct buf *out, const char *why)
{
	buf_char(out, '<');
	buf_str(out, why ? why : "optimised out");
	buf_char(out, '>');
	return false;
}

/* Why a value that is not in memory cannot be read. */
static const char *place_why(const struct place *p)
{
	for (size_t i = 0; p->kind == PLACE_PIECES && i < p->n_pieces; i++)
		if (p->pieces[i].kind == PLACE_NONE && p->pieces[i].why)
			return p->pieces[i].why;
	return p->kind == PLACE_REGISTER ? "register not known" : "optimised out";
}

/* All of it, but for padding: that may be in no piece. */
static bool read_whole(struct type *t, const struct place *place, const struct expr_context *ctx,
		       uint8_t *bytes)
{
	bool known[PLACE_BYTES_MAX];

	if (place_read(place, ctx, bytes, t->size))
		return true;
	return place_read_known(place, ctx, bytes, known, t->size) > 0 &&
	       type_is_covered(t, known, t->size);
}

bool value_format_place(struct buf *out, const struct value_style *style, struct type *type,
			const struct place *place, const struct expr_context *ctx)
{
	struct type *t = type_strip(type);
	uint8_t bytes[PLACE_BYTES_MAX] = {0};

	if (!t)
		return unknown(out, "unknown type");
	if (t->kind == TYPE_ARRAY && !t->has_count && t->bound && place->kind == PLACE_MEMORY)
		return render_vla(out, style, t, place, ctx);
	switch (place->kind) {
	case PLACE_MEMORY:
		return format_memory(out, style, type, t->size, place->address, ctx->memory);
	case PLACE_NONE:
		return unknown(out, place->why);
	case PLACE_POINTER:
		return format_pointee(out, style, type, place, ctx);
	case PLACE_REGISTER:
	case PLACE_VALUE:
	case PLACE_BYTES:
	case PLACE_PIECES:
		break;
	}
	if (t->size > sizeof(bytes) || !read_whole(t, place, ctx, bytes))
		return unknown(out, place_why(place));
	return value_format(out, style, type, bytes, t->size, ctx->memory);
}
