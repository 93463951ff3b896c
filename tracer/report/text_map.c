/*
 * text_map.c - the address space as the text format draws it: high addresses on top.
 *
 * Two lines a mapping: the numbers, then what it is in a sentence. What lies free between two
 * mappings has a line of its own, so that the picture has no hidden holes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/text.h"

enum {
	COLUMN_WHAT = 48,     // of a mapping's kind and file
	COLUMN_SENTENCE = 19, // of what it is, in the next line
	WIDTH_SIZE = 10,
	TOTALS_MAX = 32, // kinds
};

static void end_line(struct lines *l)
{
	lines_tone(l, TONE_PLAIN);
	lines_end(l);
}

static void add_range(struct lines *l, uint64_t lo, uint64_t size)
{
	lines_hex(l, lo, 18);
	buf_char(&l->b, ' ');
	lines_size(l, size, WIDTH_SIZE);
}

static bool is_part_shown(const struct event_region *r, const struct event_part_of_file *p)
{
	return p->lo >= r->lo || r->parts == p; // one that began below is named there
}

static void add_parts(struct lines *l, const struct event_region *r)
{
	for (size_t i = 0; i < r->n_parts; i++) {
		if (!is_part_shown(r, &r->parts[i]))
			continue;
		size_t at = l->b.len - l->start - l->unseen;
		if (at + 1 + strlen(r->parts[i].name) > TEXT_COLUMNS) {
			lines_end(l);
			lines_column(l, COLUMN_SENTENCE);
		} else if (at > COLUMN_SENTENCE) {
			buf_char(&l->b, ' ');
		} else {
			lines_column(l, COLUMN_SENTENCE);
		}
		lines_text(l, r->parts[i].name);
	}
	if (r->n_parts > 0)
		lines_end(l);
}

// -v: where in which file it is.
static void add_place_in_file(struct lines *l, const struct event_region *r)
{
	if (r->inode == 0)
		return;
	lines_column(l, COLUMN_SENTENCE);
	lines_ours(l, "from byte ");
	if (r->off)
		lines_hex(l, r->off, 0);
	else
		buf_char(&l->b, '0');
	lines_ours(l, " of the file on, inode ");
	buf_udec(&l->b, r->inode);
	lines_ours(l, " on device ");
	buf_printf(&l->b, "%02x:%02x", r->dev_major, r->dev_minor);
	lines_end(l);
}

// -vv: each section with its address and size.
static void add_part_table(struct lines *l, const struct event_region *r)
{
	for (size_t i = r->n_parts; i-- > 0;) {
		const struct event_part_of_file *p = &r->parts[i];
		lines_hex(l, p->lo, 18);
		buf_char(&l->b, ' ');
		lines_size(l, p->hi - p->lo, WIDTH_SIZE);
		lines_column(l, COLUMN_WHAT + 2);
		lines_text(l, p->name);
		if (p->lo < r->lo)
			lines_ours(l, ", began below");
		else if (p->hi > r->hi)
			lines_ours(l, ", goes on above");
		lines_end(l);
	}
}

static void add_region(struct lines *l, const struct event_region *r, int verbose)
{
	add_range(l, r->lo, r->hi - r->lo);
	buf_char(&l->b, ' ');
	if (r->has_sizes)
		lines_size(l, r->resident, WIDTH_SIZE);
	else
		buf_pad(&l->b, ' ', WIDTH_SIZE);
	lines_ours(l, "  ");
	lines_text(l, r->perms);
	lines_column(l, COLUMN_WHAT);
	lines_tone(l, TONE_FUNCTION);
	lines_text(l, r->kind);
	lines_tone(l, TONE_PLAIN);
	if (r->inferred)
		lines_ours(l, " (inferred)");
	if (*r->path) {
		lines_ours(l, "  ");
		lines_text(l, r->path);
	}
	if (r->deleted)
		lines_ours(l, " (deleted)");
	lines_end(l);
	lines_tone(l, TONE_ASIDE);
	text_sentence(l, COLUMN_SENTENCE, r->what);
	if (verbose)
		add_place_in_file(l, r);
	if (verbose > 1)
		add_part_table(l, r);
	else if (verbose)
		add_parts(l, r);
	lines_tone(l, TONE_PLAIN);
}

static void add_free(struct lines *l, uint64_t lo, uint64_t hi, const char *what)
{
	lines_tone(l, TONE_ASIDE);
	add_range(l, lo, hi - lo);
	lines_column(l, COLUMN_WHAT);
	lines_ours(l, what);
	end_line(l);
}

static void add_heading(struct lines *l, const struct event *ev)
{
	const struct event_map *m = ev->map;
	uint64_t size = 0, resident = 0, swapped = 0;
	bool known = m->n > 0;
	for (size_t i = 0; i < m->n && m->regions[i].lo < m->user_end; i++) {
		size += m->regions[i].hi - m->regions[i].lo;
		resident += m->regions[i].resident;
		swapped += m->regions[i].swapped;
		known &= m->regions[i].has_sizes;
	}
	text_other_begin(l, 0);
	lines_ours(l, "address space of process ");
	buf_dec(&l->b, ev->pid);
	if (m->name && *m->name) {
		lines_ours(l, " (");
		lines_text(l, m->name);
		buf_char(&l->b, ')');
	}
	lines_ours(l, ": ");
	lines_count(l, m->n, "mapping");
	lines_ours(l, ", ");
	lines_size(l, size, 0);
	if (known) {
		lines_ours(l, ", of which ");
		lines_size(l, resident, 0);
		lines_ours(l, " in RAM");
	}
	if (known && swapped) {
		lines_ours(l, ", ");
		lines_size(l, swapped, 0);
		lines_ours(l, " swapped out");
	}
	end_line(l);
}

static void add_gap(struct lines *l, const struct event_map *m)
{
	uint64_t taken = 0, n = 0;
	if (m->gap_lo >= m->gap_hi)
		return;
	for (size_t i = 0; i < m->n; i++) {
		if (m->regions[i].lo < m->gap_lo || m->regions[i].hi > m->gap_hi)
			continue;
		taken += m->regions[i].hi - m->regions[i].lo;
		n++;
	}
	text_other_begin(l, 0);
	lines_ours(l, "between heap and stack: ");
	buf_udec(&l->b, m->gap_hi - m->gap_lo);
	lines_ours(l, " bytes (");
	lines_size(l, m->gap_hi - m->gap_lo, 0);
	lines_ours(l, ")");
	lines_end(l);
	lines_ours(l, "   in it the mmap area: ");
	lines_count(l, n, "mapping");
	lines_ours(l, " of ");
	lines_size(l, taken, 0);
	lines_ours(l, "; all else is free");
	end_line(l);
}

struct total {
	const char *kind;
	uint64_t size, n;
};

static int by_size(const void *a, const void *b)
{
	const struct total *x = a, *y = b;
	return x->size < y->size ? 1 : x->size > y->size ? -1 : strcmp(x->kind, y->kind);
}

// "by kind: text 1.5 MiB in 3, …"
static void add_totals(struct lines *l, const struct event_map *m)
{
	struct total totals[TOTALS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < m->n && m->regions[i].lo < m->user_end; i++) {
		const struct event_region *r = &m->regions[i];
		size_t k = 0;
		while (k < n && strcmp(totals[k].kind, r->kind) != 0)
			k++;
		if (k == n && n == TOTALS_MAX)
			continue;
		if (k == n)
			totals[n++] = (struct total){.kind = r->kind};
		totals[k].size += r->hi - r->lo;
		totals[k].n++;
	}
	if (n == 0)
		return;
	qsort(totals, n, sizeof(totals[0]), by_size);
	struct lines sentence;
	lines_init(&sentence, false);
	for (size_t i = 0; i < n; i++) {
		lines_ours(&sentence, i ? ", " : "");
		lines_text(&sentence, totals[i].kind);
		buf_char(&sentence.b, ' ');
		lines_size(&sentence, totals[i].size, 0);
		if (totals[i].n > 1) {
			lines_ours(&sentence, " in ");
			buf_udec(&sentence.b, totals[i].n);
		}
	}
	text_other_begin(l, 0);
	lines_ours(l, "by kind:");
	lines_end(l);
	text_sentence(l, 3, sentence.b.s);
	lines_tone(l, TONE_PLAIN);
	lines_deinit(&sentence);
}

/* A line of /proc/PID/maps of this very process, field by field (proc(5)). */
static void add_explanation(struct lines *l, const struct event_map *m)
{
	const struct event_region *r = NULL;
	for (size_t i = 0; i < m->n && (!r || r->inode == 0); i++)
		r = &m->regions[i];
	if (!r)
		return;
	char range[64], off[32], device[32], inode[32];
	snprintf(range, sizeof(range), "%08llx-%08llx", (unsigned long long)r->lo,
		 (unsigned long long)r->hi);
	snprintf(off, sizeof(off), "%08llx", (unsigned long long)r->off);
	snprintf(device, sizeof(device), "%02x:%02x", r->dev_major, r->dev_minor);
	snprintf(inode, sizeof(inode), "%llu", (unsigned long long)r->inode);
	const struct {
		const char *field, *what;
	} rows[] = {
		{range, "the addresses: the first one, and one past the last, in base 16"},
		{r->perms, "may be read, written, executed, or - not; p: private, a write makes a "
			   "copy of the page; s: shared"},
		{off, "where in the file the mapping begins, in bytes, in base 16"},
		{device, "the device that the file is on, major:minor"},
		{inode, "the file's number on that device (its inode); 0: no file"},
		{*r->path ? r->path : "(nothing)",
		 "the path, to the end of the line: it may hold spaces. In brackets: a name that "
		 "the kernel gives. Nothing: anonymous memory"},
	};
	text_other_begin(l, 0);
	lines_ours(l, "a line of /proc/PID/maps, by one of this process:");
	end_line(l);
	lines_ours(l, "   ");
	for (size_t i = 0; i < FT_COUNT(rows); i++) {
		lines_text(l, rows[i].field);
		buf_char(&l->b, ' ');
	}
	lines_end(l);
	for (size_t i = 0; i < FT_COUNT(rows); i++) {
		lines_ours(l, "   ");
		lines_text(l, rows[i].field);
		lines_end(l);
		text_sentence(l, COLUMN_SENTENCE, rows[i].what);
	}
}

/* What lies above the program's own half: bit 47 (56) and all above it are one another's copies. */
static void add_upper_half(struct lines *l, const struct event_map *m)
{
	unsigned bits = m->address_bits ? m->address_bits : 48;
	char text[96];
	uint64_t half = 1ull << (bits - 1);
	snprintf(text, sizeof(text), "the kernel's half: bits 63 to %u are all 1", bits - 1);
	add_free(l, -half, 0, text);
	snprintf(text, sizeof(text), "no addresses: bits 63 to %u must equal bit %u", bits,
		 bits - 1);
	add_free(l, half, -half, text);
	if (m->user_end < half / 2) { // five levels, and nothing asked for them
		add_free(l, m->user_end, half, "only for who asks mmap(2) for an address there");
		return;
	}
	snprintf(text, sizeof(text), "the last page below 2^%u, never used", bits - 1);
	add_free(l, m->user_end, half, text);
}

static void add_free_below(struct lines *l, const struct event_map *m,
			   const struct event_region *below, const struct event_region *above,
			   uint64_t hi)
{
	char text[96] = "free";
	struct lines size;
	lines_init(&size, false);
	lines_size(&size, m->stack_room, 0);
	if (above && strcmp(above->kind, "stack") == 0 && m->stack_stop)
		snprintf(text, sizeof(text), "free; the stack may take %s more", size.b.s);
	else if (strcmp(below->kind, "heap") == 0)
		snprintf(text, sizeof(text), "free; the heap may grow into it");
	lines_deinit(&size);
	add_free(l, below->hi, hi, text);
}

static void add_regions(struct lines *l, const struct event_map *m, int verbose)
{
	const struct event_region *above = NULL;
	uint64_t end = UINT64_MAX;
	for (size_t i = m->n; i-- > 0;) {
		const struct event_region *r = &m->regions[i];
		if (r->lo < m->user_end && end > m->user_end) {
			add_upper_half(l, m);
			end = m->user_end;
			above = NULL;
		}
		if (r->hi < end && end <= m->user_end)
			add_free_below(l, m, r, above, end);
		add_region(l, r, verbose);
		above = r;
		end = r->lo;
	}
	if (m->n > 0 && end > 0)
		add_free(l, 0, end, "free, so that using NULL is a fault");
}

void text_map(struct lines *l, const struct event *ev, int verbose)
{
	const struct event_map *m = ev->map;
	if (m->explain)
		add_explanation(l, m);
	add_heading(l, ev);
	lines_tone(l, TONE_ASIDE);
	lines_ours(l, "           address       size     in RAM  perms");
	lines_column(l, COLUMN_WHAT + 2);
	lines_ours(l, "what lies there");
	end_line(l);
	add_regions(l, m, verbose);
	add_gap(l, m);
	add_totals(l, m);
}
