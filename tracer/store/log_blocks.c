/*
 * log_blocks.c - heap blocks that are alive after an event, and the map of the address space then.
 */
#include "store/log_private.h"

#include <stdlib.h>

/* A row, by its address. */
struct log_lowest {
	uint64_t address;
	int64_t row;
};

struct wanted {
	struct log *log;
	size_t max;
	uint64_t all;
};

// Those with the lowest addresses, the highest of them first: a heap.
static void put_up(struct log_lowest *l, size_t at)
{
	struct log_lowest moved = l[at];
	for (; at > 0 && l[(at - 1) / 2].address < moved.address; at = (at - 1) / 2)
		l[at] = l[(at - 1) / 2];
	l[at] = moved;
}

static void put_down(struct log_lowest *l, size_t n, struct log_lowest moved)
{
	size_t at = 0;
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		child += child + 1 < n && l[child].address < l[child + 1].address;
		if (l[child].address <= moved.address)
			break;
		l[at] = l[child];
	}
	l[at] = moved;
}

static enum ft_rc add_block(struct wanted *w, struct sqlite3_stmt *st)
{
	struct log *log = w->log;
	struct log_lowest one;
	int64_t address;
	if (!sql_get_int(st, 0, 0, &one.row) || !sql_get_int(st, 1, 0, &address))
		return sql_damaged(&log->q, "a heap block cannot be read");
	one.address = (uint64_t)address;
	w->all++;
	if (log->n_lowest < w->max) {
		log->lowest =
			xgrow(log->lowest, log->n_lowest, &log->cap_lowest, sizeof(*log->lowest));
		log->lowest[log->n_lowest] = one;
		put_up(log->lowest, log->n_lowest++);
	} else if (w->max && one.address < log->lowest[0].address) {
		put_down(log->lowest, log->n_lowest, one);
	}
	return FT_OK;
}

static enum ft_rc ask(struct wanted *w, enum log_statement which, uint64_t node, uint64_t seq)
{
	struct sqlite3_stmt *st;
	enum ft_rc rc;
	if (log_statement(w->log, which, &st) != FT_OK)
		return FT_FAIL;
	if (which != BLOCKS_ALIVE)
		sql_int(st, 1, (int64_t)node);
	if (which != BLOCKS_AT_NODE)
		sql_int(st, 2, (int64_t)seq);
	while ((rc = sql_step(&w->log->q, st)) == FT_OK) {
		rc = add_block(w, st);
		if (rc != FT_OK)
			break;
	}
	sql_reset(st);
	return rc == FT_NONE ? FT_OK : rc;
}

static int by_address(const void *a, const void *b)
{
	const struct log_lowest *x = a, *y = b;
	return x->address < y->address ? -1 : x->address > y->address;
}

/*
 * Rows that have ended have a node (store_blocks.c). A row that was alive at `seq` has the number
 * that most twos divide, of those in it; so that is `seq` itself, or the last number before it or
 * the first one behind it that some power of two divides.
 */
static enum ft_rc ask_nodes(struct wanted *w, uint64_t seq, uint64_t last)
{
	uint64_t left = seq, right = seq;
	enum ft_rc rc = ask(w, BLOCKS_AT_NODE, seq, seq);
	for (unsigned bit = 0; rc == FT_OK && bit < 63; bit++) {
		uint64_t down = seq >> bit << bit, up = ((seq >> bit) + 1) << bit;
		if (down != left)
			rc = ask(w, BLOCKS_LEFT, left = down, seq);
		if (rc == FT_OK && up != right && up <= last)
			rc = ask(w, BLOCKS_RIGHT, right = up, seq);
		if (down == 0 && up > last)
			break;
	}
	return rc;
}

static enum ft_rc read_block(struct log *log, int64_t row, struct log_block *ret)
{
	struct sqlite3_stmt *st;
	const struct log_shape *shape;
	int64_t number, address, size, usable, since, id;
	if (log_statement(log, GET_BLOCK, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, row);
	enum ft_rc rc = sql_step(&log->q, st);
	if (rc == FT_NONE ||
	    (rc == FT_OK && (!sql_get_int(st, 0, 0, &number) || !sql_get_int(st, 1, 0, &address) ||
			     !sql_get_int(st, 2, 0, &size) || !sql_get_int(st, 3, 0, &usable) ||
			     !sql_get_int(st, 4, 0, &since) || !sql_get_int(st, 5, 0, &id))))
		rc = sql_damaged(&log->q, "a heap block cannot be read");
	sql_reset(st);
	if (rc != FT_OK || log_shape(log, id, &shape) != FT_OK)
		return FT_FAIL;
	*ret = (struct log_block){.number = (uint64_t)number,
				  .address = (uint64_t)address,
				  .size = (uint64_t)size,
				  .usable = (uint64_t)usable,
				  .alloc_seq = (uint64_t)since,
				  .call = shape->call,
				  .function = shape->function,
				  .file = shape->file,
				  .line = shape->line};
	return FT_OK;
}

enum ft_rc log_blocks(struct log *log, uint64_t seq, size_t max, const struct log_block **ret,
		      size_t *ret_n, uint64_t *ret_all)
{
	struct wanted w = {.log = log, .max = max};
	if (log_begin(log) != FT_OK)
		return FT_FAIL;
	const struct log_info *info = log_info(log);
	log->n_lowest = 0;
	if (!info->is_empty) {
		seq = seq > info->last ? info->last : seq;
		if (ask_nodes(&w, seq, info->last) != FT_OK ||
		    ask(&w, BLOCKS_ALIVE, 0, seq) != FT_OK)
			return FT_FAIL;
	}
	if (log->n_lowest)
		qsort(log->lowest, log->n_lowest, sizeof(*log->lowest), by_address);
	if (log->n_lowest > log->cap_blocks) {
		log->cap_blocks = log->n_lowest + log->n_lowest / 2;
		log->blocks = xreallocarray(log->blocks, log->cap_blocks, sizeof(*log->blocks));
	}
	for (size_t i = 0; i < log->n_lowest; i++)
		if (read_block(log, log->lowest[i].row, &log->blocks[i]) != FT_OK)
			return FT_FAIL;
	*ret = log->blocks;
	*ret_n = log->n_lowest;
	*ret_all = w.all;
	return FT_OK;
}

/* ---- the map ---- */

static enum ft_rc find_map(struct log *log, uint64_t seq, int64_t *ret_seq, int64_t *ret_aside)
{
	struct sqlite3_stmt *st;
	enum ft_rc rc = log_statement(log, MAP_AT, &st);
	if (rc != FT_OK)
		return rc;
	sql_int(st, 1, seq > INT64_MAX ? INT64_MAX : (int64_t)seq);
	rc = sql_step(&log->q, st);
	if (rc == FT_NONE) {
		if (log_statement(log, MAP_FIRST, &st) != FT_OK)
			return FT_FAIL;
		rc = sql_step(&log->q, st);
	}
	if (rc == FT_OK &&
	    (!sql_get_int(st, 0, 0, ret_seq) || !sql_get_int(st, 1, 0, ret_aside) || *ret_seq < 0))
		rc = sql_damaged(&log->q, "a map has no number");
	sql_reset(st);
	return rc;
}

enum ft_rc log_map(struct log *log, uint64_t seq, const struct event **ret)
{
	struct sqlite3_stmt *st;
	struct log_row row;
	const struct event *ev;
	int64_t at, aside;
	if (log_begin(log) != FT_OK)
		return FT_FAIL;
	enum ft_rc rc = find_map(log, seq, &at, &aside);
	if (rc != FT_OK)
		return rc;
	if (log_statement(log, aside ? GET_ASIDE : GET_EVENT, &st) != FT_OK)
		return FT_FAIL;
	sql_int(st, 1, aside ? aside : at);
	rc = sql_step(&log->q, st);
	if (rc == FT_OK)
		rc = log_decode(log, st, 0, aside != 0, &row, &ev);
	sql_reset(st);
	if (rc == FT_FAIL)
		return rc;
	if (rc == FT_NONE || ev->kind != EVENT_MAP || !ev->map)
		return sql_damaged(&log->q, "a map is not where it should be");
	*ret = ev;
	return FT_OK;
}
