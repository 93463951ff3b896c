/*
 * place.c - the bytes that a place holds.
 */
#include "unwind/expr.h"

#include <stdlib.h>
#include <string.h>

#include "unwind/register.h"

/* psABI figure 3.36. */
enum { REG_RFLAGS = 49, REG_FS_BASE = 58 };

enum { PLACE_READ_MAX = 64 * 1024 }; // bytes of pieces joined

bool register_uint(const struct expr_context *ctx, uint64_t reg, uint64_t *ret)
{
	if (!ctx->regs)
		return false;
	if (reg < ARCH_GENERAL) {
		if (!(ctx->known >> reg & 1))
			return false;
		*ret = ctx->regs->r[reg];
		return true;
	}
	if (reg == REG_FS_BASE) { // the same in every frame of a thread
		*ret = ctx->regs->fs_base;
		return true;
	}
	if (reg == REG_RFLAGS && ctx->known >> ARCH_RAX & 1) { // lost in a caller, as rax is
		*ret = ctx->regs->eflags;
		return true;
	}
	return false;
}

bool register_bytes(const struct expr_context *ctx, uint64_t reg, uint64_t off, void *buf,
		    size_t len)
{
	const uint8_t *from;
	uint64_t v, size = sizeof(v);

	if (reg >= ARCH_XMM0 && reg <= ARCH_ST7) {
		bool lost = reg <= ARCH_XMM15 && ctx->fp_unknown >> (reg - ARCH_XMM0) & 1;
		if (!ctx->fp || lost)
			return false;
		size = sizeof(ctx->fp->xmm[0]);
		from = reg <= ARCH_XMM15 ? ctx->fp->xmm[reg - ARCH_XMM0]
					 : ctx->fp->st[reg - ARCH_ST0];
	} else {
		if (!register_uint(ctx, reg, &v))
			return false;
		from = (const uint8_t *)&v;
	}
	if (off > size || len > size - off)
		return false;
	memcpy(buf, from + off, len);
	return true;
}

/* Bytes [off, off + len) of a place that has no pieces. */
static bool read_simple(const struct place *p, const struct expr_context *ctx, uint64_t off,
			void *buf, size_t len)
{
	switch (p->kind) {
	case PLACE_MEMORY:
		return ctx->memory && memory_read(ctx->memory, p->address + off, buf, len);
	case PLACE_REGISTER:
		return register_bytes(ctx, p->reg, off, buf, len);
	case PLACE_VALUE: {
		uint64_t words[2] = {p->value, p->high};
		size_t size = p->is_wide ? sizeof(words) : sizeof(words[0]);
		if (off > size || len > size - off)
			return false;
		memcpy(buf, (const uint8_t *)words + off, len);
		return true;
	}
	case PLACE_BYTES:
		if (off > p->size || len > p->size - off)
			return false;
		if (len)
			memcpy(buf, p->block + off, len);
		return true;
	case PLACE_POINTER:
	case PLACE_PIECES:
	case PLACE_NONE:
		return false;
	}
	return false;
}

/* n bits from bit `from` of p to bit `to` of buf, least significant first (little-endian). */
static bool read_bits(const struct place *p, const struct expr_context *ctx, uint64_t from,
		      uint8_t *buf, uint64_t to, uint64_t n)
{
	uint8_t byte = 0;

	for (uint64_t i = 0; i < n; i++) {
		if ((i == 0 || (from + i) % 8 == 0) &&
		    !read_simple(p, ctx, (from + i) / 8, &byte, 1))
			return false;
		uint8_t bit = byte >> ((from + i) % 8) & 1, mask = (uint8_t)(1 << (to + i) % 8);
		if (bit)
			buf[(to + i) / 8] |= mask;
		else
			buf[(to + i) / 8] &= (uint8_t)~mask;
	}
	return true;
}

/* One piece to bit `at` of buf, which has `left` bits from there. Moves *at behind it. */
static bool read_piece(const struct place *p, const struct expr_context *ctx, uint8_t *buf,
		       uint64_t *at, uint64_t left)
{
	bool in_bits = p->bit_size || p->bit_offset || *at % 8;
	uint64_t n = p->bit_size;

	if (!n && !p->bit_offset) // sizes are a stranger's: 8 times them may not fit
		n = p->size < UINT64_MAX / 8 ? p->size * 8 : UINT64_MAX / 8 * 8;
	n = n < left ? n : left;
	if (p->kind == PLACE_NONE && n)
		return false;
	bool ok = in_bits ? read_bits(p, ctx, p->bit_offset, buf, *at, n)
			  : read_simple(p, ctx, 0, buf + *at / 8, n / 8);
	*at += n;
	return ok;
}

bool place_read(const struct place *p, const struct expr_context *ctx, void *buf, size_t size)
{
	uint64_t at = 0, bits = (uint64_t)size * 8;

	if (p->kind != PLACE_PIECES)
		return read_simple(p, ctx, 0, buf, size);
	for (size_t i = 0; i < p->n_pieces && at < bits; i++)
		if (!read_piece(&p->pieces[i], ctx, buf, &at, bits - at))
			return false;
	return at == bits;
}

/* Bits [at, at + n) of a value are not known: nor are the bytes that they are part of. */
static void forget_bits(bool *known, size_t size, uint64_t at, uint64_t n)
{
	for (uint64_t byte = at / 8; n && byte <= (at + n - 1) / 8 && byte < size; byte++)
		known[byte] = false;
}

size_t place_read_known(const struct place *p, const struct expr_context *ctx, uint8_t *buf,
			bool *known, size_t size)
{
	uint64_t at = 0, bits = (uint64_t)size * 8;
	size_t count = 0;

	if (p->kind != PLACE_PIECES) {
		bool all = read_simple(p, ctx, 0, buf, size);
		memset(known, all, size);
		return all ? size : 0;
	}
	memset(known, true, size);
	for (size_t i = 0; i < p->n_pieces && at < bits; i++) {
		const struct place *piece = &p->pieces[i];
		uint64_t from = at, n = piece->bit_size;
		if (!n && !piece->bit_offset)
			n = piece->size < bits ? piece->size * 8 : bits;
		n = n < bits - at ? n : bits - at;
		if (!read_piece(piece, ctx, buf, &at, bits - at))
			forget_bits(known, size, from, n);
		at = from + n;
	}
	forget_bits(known, size, at, bits - at);
	for (size_t i = 0; i < size; i++)
		count += known[i];
	return count;
}

bool place_read_at(const struct place *p, const struct expr_context *ctx, uint64_t off, void *buf,
		   size_t size)
{
	if (p->kind != PLACE_PIECES)
		return read_simple(p, ctx, off, buf, size);
	// Pieces before the first byte that is wanted need not be known.
	struct place rest = *p;
	while (rest.n_pieces && !rest.pieces->bit_size && !rest.pieces->bit_offset &&
	       rest.pieces->size <= off) {
		off -= rest.pieces->size;
		rest.pieces++;
		rest.n_pieces--;
	}
	uint8_t *all;
	size_t len;
	if (__builtin_add_overflow((size_t)off, size, &len) || len > PLACE_READ_MAX)
		return false;
	all = xmalloc(len + 1);
	bool ok = place_read(&rest, ctx, all, len);
	if (ok)
		memcpy(buf, all + off, size);
	free(all);
	return ok;
}
