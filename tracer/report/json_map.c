/*
 * json_map.c - the address space in JSON, and what an address is.
 */
#include "report/json.h"

static void add_sizes(struct buf *b, const struct event_region *r)
{
	FIELD(b, "size", buf_udec, r->hi - r->lo);
	if (!r->has_sizes) {
		KEY(b, ",\"resident\":null,\"swapped\":null");
		return;
	}
	FIELD(b, "resident", buf_udec, r->resident);
	FIELD(b, "swapped", buf_udec, r->swapped);
}

static void add_range(struct buf *b, uint64_t lo, uint64_t hi)
{
	KEY(b, "\"from\":");
	json_word(b, lo);
	FIELD(b, "to", json_word, hi);
}

static void add_file_parts(struct buf *b, const struct event_region *r)
{
	KEY(b, ",\"parts\":[");
	for (size_t i = 0; i < r->n_parts; i++) {
		KEY(b, "{\"name\":");
		json_string(b, r->parts[i].name);
		buf_char(b, ',');
		add_range(b, r->parts[i].lo, r->parts[i].hi);
		buf_str(b, i + 1 < r->n_parts ? "}," : "}");
	}
	buf_char(b, ']');
}

static void add_region(struct buf *b, const struct event_region *r)
{
	buf_char(b, '{');
	add_range(b, r->lo, r->hi);
	add_sizes(b, r);
	FIELD(b, "permissions", json_string, r->perms);
	buf_printf(b, ",\"offset\":%llu,\"device\":\"%02x:%02x\"", (unsigned long long)r->off,
		   r->dev_major, r->dev_minor);
	FIELD(b, "inode", buf_udec, r->inode);
	FIELD(b, "path", json_string, *r->path ? r->path : NULL);
	FIELD(b, "deleted", json_bool, r->deleted);
	FIELD(b, "kind", json_string, r->kind);
	FIELD(b, "what", json_string, r->what);
	FIELD(b, "inferred", json_bool, r->inferred);
	FIELD_OR_NULL(b, "thread", r->tid, buf_dec, r->tid);
	add_file_parts(b, r);
	buf_char(b, '}');
}

static void add_bands(struct buf *b, const struct event_map *m)
{
	KEY(b, ",\"bands\":[");
	for (size_t i = 0; i < m->n_bands; i++) {
		const struct event_band *band = &m->bands[i];
		KEY(b, "{\"name\":");
		json_string(b, band->name);
		buf_char(b, ',');
		add_range(b, band->lo, band->hi);
		FIELD(b, "mappings", buf_udec, band->mappings);
		buf_str(b, i + 1 < m->n_bands ? "}," : "}");
	}
	buf_char(b, ']');
}

static void add_changes(struct buf *b, const struct event_map *m)
{
	KEY(b, ",\"changes\":[");
	for (size_t i = 0; i < m->n_changes; i++) {
		const struct event_map_change *c = &m->changes[i];
		KEY(b, "{\"how\":");
		json_string(b, c->how);
		FIELD(b, "kind", json_string, c->kind);
		buf_char(b, ',');
		add_range(b, c->lo, c->hi);
		FIELD(b, "permissions", json_string, c->perms);
		FIELD(b, "path", json_string, *c->path ? c->path : NULL);
		KEY(b, ",\"before\":");
		if (c->old_lo < c->old_hi) {
			buf_char(b, '{');
			add_range(b, c->old_lo, c->old_hi);
			FIELD(b, "permissions", json_string,
			      c->old_perms ? c->old_perms : c->perms);
			buf_str(b, "}}");
		} else {
			KEY(b, "null}");
		}
		buf_str(b, i + 1 < m->n_changes ? "," : "");
	}
	buf_char(b, ']');
}

static void add_stack_limit(struct buf *b, const struct event_map *m)
{
	FIELD(b, "stack_limit", json_limit, m->stack_limit);
	FIELD_OR_NULL(b, "stack_room", m->stack_stop, buf_udec, m->stack_room);
	FIELD(b, "stack_stop", json_string, m->stack_stop);
}

static void add_gap(struct buf *b, const struct event_map *m)
{
	KEY(b, ",\"gap\":");
	if (m->gap_lo >= m->gap_hi) {
		KEY(b, "null");
		return;
	}
	buf_char(b, '{');
	add_range(b, m->gap_lo, m->gap_hi);
	FIELD(b, "size", buf_udec, m->gap_hi - m->gap_lo);
	buf_char(b, '}');
}

void json_map(struct buf *b, const struct event_map *m)
{
	FIELD(b, "when", json_string, m->when);
	if (m->n_changes > 0) { // nothing else was looked at
		add_changes(b, m);
		return;
	}
	FIELD(b, "name", json_string, m->name);
	FIELD(b, "user_end", json_address, m->user_end);
	FIELD(b, "address_bits", buf_udec, m->address_bits);
	add_stack_limit(b, m);
	add_gap(b, m);
	if (m->n_bands > 0)
		add_bands(b, m);
	KEY(b, ",\"regions\":[");
	for (size_t i = 0; i < m->n; i++) {
		if (i)
			buf_char(b, ',');
		add_region(b, &m->regions[i]);
	}
	buf_char(b, ']');
}

/* ---- one address ---- */

static void add_neighbour(struct buf *b, const struct event_region *r)
{
	if (r)
		add_region(b, r);
	else
		KEY(b, "null");
}

static void add_place_in_file(struct buf *b, const struct event_where *w)
{
	FIELD(b, "module", json_string, w->module);
	FIELD(b, "section", json_string, w->section ? w->section->name : NULL);
	FIELD_OR_NULL(b, "section_offset", w->section, buf_udec,
		      w->section ? w->address - w->section->lo : 0);
	FIELD(b, "symbol", json_string, w->symbol);
	FIELD_OR_NULL(b, "symbol_offset", w->symbol, buf_udec, w->symbol_offset);
	FIELD(b, "file", json_string, w->file);
	FIELD(b, "line", json_line, w->line);
}

static void add_place_on_stack(struct buf *b, const struct event_where *w)
{
	FIELD_OR_NULL(b, "thread", w->tid != 0, buf_udec, (uint64_t)w->tid);
	FIELD(b, "function", json_string, w->function);
	FIELD_OR_NULL(b, "frame", w->cfa != 0, buf_udec, w->frame);
	FIELD(b, "cfa", json_address, w->cfa);
	FIELD(b, "owner", json_string, w->owner);
	FIELD(b, "name", json_string, w->name);
	FIELD(b, "type", json_string, w->type);
	FIELD(b, "slot", json_address, w->slot_address);
	FIELD(b, "slot_size", json_number, w->slot_size);
	FIELD(b, "unknown", json_string, w->unknown);
}

void json_where(struct buf *b, const struct event_where *w)
{
	FIELD(b, "address", json_word, w->address);
	FIELD(b, "kind", json_string, w->kind);
	FIELD(b, "what", json_string, w->what);
	FIELD(b, "inferred", json_bool, w->inferred);
	add_place_in_file(b, w);
	add_place_on_stack(b, w);
	FIELD(b, "block", json_address, w->block);
	FIELD_OR_NULL(b, "block_size", w->block != 0, buf_udec, w->block_size);
	FIELD(b, "block_state", json_string, w->block_state);
	KEY(b, ",\"region\":");
	add_neighbour(b, w->region);
	KEY(b, ",\"below\":");
	add_neighbour(b, w->below);
	KEY(b, ",\"above\":");
	add_neighbour(b, w->above);
}
