/*
 * player_fact.c - what can be asked of a place in memory, for whoever grades: &n, region(heap).
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui/player_private.h"

enum { OUTPUT_LOOKED_AT = 1 << 20, MAX_NESTED = 8 };

// ---- of a frame ----

static enum ft_rc frame_of(struct player *p, const struct scope *at, struct log_frame *ret,
			   uint64_t *ret_outermost)
{
	const struct log_frame *f;
	size_t n, found = SIZE_MAX;
	enum ft_rc rc = log_frames(p->log, at->seq, &f, &n);
	if (rc != FT_OK || at->pushed == PLAYER_NO_SEQ)
		return rc == FT_FAIL ? rc : FT_NONE;
	for (size_t i = 0; i < n; i++)
		if (!f[i].ghost && f[i].pushed_seq == at->pushed)
			found = i;
	if (found == SIZE_MAX)
		return FT_NONE;
	*ret = f[found];
	*ret_outermost = ret->cfa;
	for (size_t i = 0; i < n; i++) // outermost first
		if (!f[i].ghost && f[i].tid == ret->tid && f[i].stack_top == ret->stack_top &&
		    f[i].cfa > *ret_outermost)
			*ret_outermost = f[i].cfa;
	return FT_OK;
}

static enum ft_rc frame_fact(struct player *p, const struct scope *at, const char *name,
			     struct buf *ret)
{
	static const char *const names[] = {"cfa", "frame_rsp", "frame_bytes", "stack_bytes"};
	struct log_frame f;
	uint64_t outermost;
	size_t which = 0;
	while (which < FT_COUNT(names) && strcmp(name, names[which]) != 0)
		which++;
	if (which == FT_COUNT(names))
		return FT_NONE;
	enum ft_rc rc = frame_of(p, at, &f, &outermost);
	if (rc != FT_OK)
		return rc;
	if (which < 2)
		buf_hex(ret, which == 0 ? f.cfa : f.rsp);
	else
		buf_udec(ret, (which == 2 ? f.cfa : outermost) - f.rsp);
	return FT_OK;
}

static enum ft_rc address_of(struct player *p, const struct scope *at, const char *name,
			     struct buf *ret)
{
	const struct event_value *v, *found = NULL;
	size_t n;
	if (at->pushed == PLAYER_NO_SEQ)
		return FT_NONE;
	enum ft_rc rc = log_variables(p->log, at->pushed, at->seq, &v, &n);
	if (rc != FT_OK)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (v[i].name && strcmp(v[i].name, name) == 0 && v[i].has_address &&
		    (!found || !v[i].scope_ended))
			found = &v[i];
	if (!found)
		return FT_NONE;
	buf_hex(ret, found->address);
	return FT_OK;
}

// ---- of an address ----

static bool number_of(const char *s, uint64_t *ret)
{
	char *end;
	errno = 0;
	*ret = strtoull(s, &end, 0);
	return isdigit((unsigned char)*s) && !errno && !isalnum((unsigned char)*end);
}

// The name of the map's band where it lies, and which addresses that has.
static enum ft_rc address_fact(struct player *p, uint64_t seq, const char *what, uint64_t address,
			       struct buf *ret)
{
	const struct event *ev;
	enum ft_rc rc = log_map(p->log, seq, &ev);
	if (rc != FT_OK || !ev->map)
		return rc == FT_FAIL ? rc : FT_NONE;
	if (strcmp(what, "perms") == 0) {
		for (size_t i = 0; i < ev->map->n; i++) {
			const struct event_region *r = &ev->map->regions[i];
			if (address < r->lo || address >= r->hi)
				continue;
			buf_str(ret, r->perms);
			return FT_OK;
		}
		return FT_NONE;
	}
	for (size_t i = 0; i < ev->map->n_bands; i++) {
		const struct event_band *b = &ev->map->bands[i];
		if (address < b->lo || address >= b->hi)
			continue;
		if (strcmp(b->name, "free") == 0)
			return FT_NONE; // it was, when the map was looked at
		if (strcmp(what, "region") == 0)
			buf_str(ret, b->name);
		else
			buf_hex(ret, strcmp(what, "start") == 0 ? b->lo : b->hi);
		return FT_OK;
	}
	return FT_NONE;
}

static enum ft_rc block_size(struct player *p, uint64_t seq, uint64_t address, struct buf *ret)
{
	const struct log_block *b;
	size_t n;
	uint64_t all;
	enum ft_rc rc = log_blocks(p->log, seq, 1 << 20, &b, &n, &all);
	for (size_t i = 0; rc == FT_OK && i < n; i++) {
		if (address < b[i].address || address - b[i].address >= b[i].size)
			continue;
		buf_udec(ret, b[i].size);
		return FT_OK;
	}
	return rc == FT_FAIL ? rc : FT_NONE;
}

// Blocks are known at each event, the map at a few: the heap may have come in between.
static bool is_in_block(struct player *p, uint64_t seq, uint64_t address)
{
	struct buf b;
	buf_init(&b);
	enum ft_rc rc = block_size(p, seq, address, &b);
	buf_deinit(&b);
	if (rc == FT_FAIL)
		ft_error_clear();
	return rc == FT_OK;
}

// The word behind a label at the beginning of a line of the program's output.
static enum ft_rc said(struct player *p, uint64_t seq, const char *label, struct buf *ret)
{
	const char *text;
	size_t len, n = strlen(label);
	enum ft_rc rc = log_output(p->log, seq, OUTPUT_LOOKED_AT, &text, &len);
	if (rc != FT_OK)
		return rc;
	for (const char *line = text, *end = text + len; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline ? newline : end, *word = line + n;
		if ((size_t)(stop - line) > n && memcmp(line, label, n) == 0 &&
		    (*word == ' ' || *word == '\t')) {
			while (word < stop && (*word == ' ' || *word == '\t'))
				word++;
			buf_add(ret, word, (size_t)(stop - word));
			return FT_OK;
		}
		line = stop + 1;
	}
	return FT_NONE;
}

// ---- names ----

static enum ft_rc program_name(struct player *p, struct buf *ret)
{
	const struct event *ev;
	enum ft_rc rc = log_start(p->log, &ev);
	if (rc != FT_OK || !ev->program)
		return rc == FT_FAIL ? rc : FT_NONE;
	buf_str(ret, path_name(ev->program));
	return FT_OK;
}

// FUNCTION(INNER): which function, and what stands in the parentheses.
bool fact_split(const char *name, const char **ret_what, char **ret_inner)
{
	static const char *const functions[] = {"region", "perms", "start",
						"end",	  "said",  "block_size"};
	size_t n = strcspn(name, "("), len = strlen(name), deep = 0;
	if (!name[n] || name[len - 1] != ')')
		return false;
	for (const char *s = name; *s; s++)
		deep += *s == '(';
	for (size_t i = 0; i < FT_COUNT(functions) && deep <= MAX_NESTED; i++) {
		if (strlen(functions[i]) != n || strncmp(functions[i], name, n) != 0)
			continue;
		*ret_what = functions[i];
		*ret_inner = xstrndup(name + n + 1, len - n - 2);
		return true;
	}
	return false;
}

static enum ft_rc fact_of(struct player *p, const struct scope *at, const char *what,
			  const char *inner, struct buf *ret)
{
	uint64_t address;
	struct buf b;
	if (strcmp(what, "said") == 0)
		return said(p, at->seq, inner, ret);
	buf_init(&b);
	enum ft_rc rc = FT_OK;
	if (number_of(inner, &address))
		buf_str(&b, inner);
	else
		rc = value_at(p, at, inner, &b);
	if (rc == FT_OK && !number_of(b.s, &address))
		rc = FT_NONE;
	buf_deinit(&b);
	if (rc != FT_OK)
		return rc;
	if (strcmp(what, "block_size") == 0)
		return block_size(p, at->seq, address, ret);
	if (strcmp(what, "region") == 0 && is_in_block(p, at->seq, address)) {
		buf_str(ret, "heap");
		return FT_OK;
	}
	return address_fact(p, at->seq, what, address, ret);
}

enum ft_rc fact_at(struct player *p, const struct scope *at, const char *name, struct buf *ret)
{
	const char *what;
	char *inner;
	if (*name == '&')
		return address_of(p, at, name + 1, ret);
	if (strcmp(name, "program") == 0)
		return program_name(p, ret);
	if (!fact_split(name, &what, &inner))
		return frame_fact(p, at, name, ret);
	enum ft_rc rc = fact_of(p, at, what, inner, ret);
	free(inner);
	return rc;
}
