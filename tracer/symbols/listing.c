/*
 * listing.c - bytes to instructions, with doubts: an int3 must never be put into data.
 */
#include "symbols/plan.h"

#include <stdlib.h>

enum { LOCK_PREFIX = 0xf0 };

static const char not_code[] = "bytes that are not code";

/* Bytes of int3 and zero padding at the end of a chunk. */
static size_t padding_of(const struct code_chunk *c)
{
	size_t n = 0;
	while (n < c->len &&
	       (c->bytes[c->len - 1 - n] == 0 || c->bytes[c->len - 1 - n] == ARCH_TRAP))
		n++;
	return n;
}

static bool decode_chunk(struct listing *l, struct disassembler *d, const struct code_chunk *c)
{
	size_t padding = padding_of(c), start = l->n;
	for (size_t pos = 0; pos < c->len;) {
		const struct insn *last = l->n > start ? &l->insn[l->n - 1] : NULL;
		bool ended = last && (insn_ends(last) || last->kind == INSN_CALL);
		if (ended && pos >= c->len - padding)
			break;
		l->insn = xgrow(l->insn, l->n, &l->cap, sizeof(*l->insn));
		if (!insn_decode(d, c->pc + pos, c->bytes + pos, c->len - pos, &l->insn[l->n]))
			return false;
		pos += l->insn[l->n++].len;
	}
	return true;
}

static size_t chunk_of(const struct listing *l, uint64_t pc)
{
	for (size_t n = 0; n < l->in->n_chunks; n++)
		if (pc - l->in->chunks[n].pc < l->in->chunks[n].len)
			return n;
	return SIZE_MAX;
}

bool listing_has(const struct listing *l, uint64_t pc)
{
	return chunk_of(l, pc) != SIZE_MAX;
}

/* The instruction that covers pc; SIZE_MAX if none does. */
static size_t covering(const struct listing *l, uint64_t pc)
{
	size_t chunk = chunk_of(l, pc);
	if (chunk == SIZE_MAX)
		return SIZE_MAX;
	size_t lo = l->first[chunk], hi = l->first[chunk + 1];
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (l->insn[mid].pc + l->insn[mid].len <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < l->first[chunk + 1] ? lo : SIZE_MAX;
}

size_t listing_find(const struct listing *l, uint64_t pc)
{
	size_t i = covering(l, pc);
	return i != SIZE_MAX && l->insn[i].pc == pc ? i : SIZE_MAX;
}

const uint8_t *listing_bytes(const struct listing *l, size_t i)
{
	const struct code_chunk *c = &l->in->chunks[chunk_of(l, l->insn[i].pc)];
	return c->bytes + (l->insn[i].pc - c->pc);
}

/* libc jumps over lock prefixes; such a target belongs to the instruction with the prefix. */
static size_t boundary(const struct listing *l, uint64_t pc)
{
	size_t i = covering(l, pc);
	if (i == SIZE_MAX || l->insn[i].pc == pc)
		return i;
	return pc == l->insn[i].pc + 1 && *listing_bytes(l, i) == LOCK_PREFIX ? i : SIZE_MAX;
}

/* Is pc an instruction boundary, or in the padding, or not ours at all? */
static bool plausible(const struct listing *l, uint64_t pc)
{
	return covering(l, pc) == SIZE_MAX || boundary(l, pc) != SIZE_MAX;
}

static bool mark_targets(struct listing *l)
{
	l->latest = xcalloc(l->n, sizeof(*l->latest));
	for (size_t i = 0; i < l->n; i++) {
		const struct insn *in = &l->insn[i];
		if (!in->direct || in->kind == INSN_CALL || !listing_has(l, in->target))
			continue;
		size_t target = boundary(l, in->target);
		if (target == SIZE_MAX)
			return false;
		l->latest[target] = (uint32_t)i + 1;
	}
	return true;
}

static bool rows_fit(const struct listing *l)
{
	const struct plan_input *in = l->in;
	for (size_t i = 0; i < in->n_lines; i++)
		if (!in->lines[i].end_sequence && !plausible(l, in->lines[i].pc))
			return false;
	for (size_t i = 0; i < in->n_rows; i++)
		if (!plausible(l, in->rows[i].lo))
			return false;
	return true;
}

enum ft_rc listing_init(struct listing *l, struct disassembler *d, const struct plan_input *in,
			const char **why)
{
	*l = (struct listing){.in = in};
	size_t total = 0;
	for (size_t n = 0; n < in->n_chunks; n++) {
		if (in->chunks[n].len > PLAN_CODE_MAX - total) {
			*why = "more than 1 MiB of code";
			return FT_NONE;
		}
		total += in->chunks[n].len;
	}
	l->first = xcalloc(in->n_chunks + 1, sizeof(*l->first));
	bool ok = true;
	for (size_t n = 0; n < in->n_chunks && ok; n++) {
		ok = decode_chunk(l, d, &in->chunks[n]);
		l->first[n + 1] = l->n;
	}
	if (ok && l->n && l->first[1] && mark_targets(l) && rows_fit(l))
		return FT_OK;
	*why = l->n || total ? not_code : "no code in the file";
	listing_deinit(l);
	return FT_NONE;
}

void listing_deinit(struct listing *l)
{
	free(l->insn);
	free(l->latest);
	free(l->first);
	*l = (struct listing){0};
}
