/*
 * tiling.c - columns of panes; each column is divided by what its panes need and what they like.
 */
#include "tui/tiling.h"

enum {
	THREE_COLUMNS = 150, // from that width on
	OTHER_ROWS = 8,	     // what another pane needs before there are two of them in a column
	LEFT_PERCENT = 48,
	STACK_PERCENT = 37,
	RIGHT_PERCENT = 28,
	SOURCE_AND_OUTPUT = 14, // rows
	BESIDE_ROWS = 9,	// of assembly, before there is another pane below it
	BESIDE_PERCENT = 30,
	BESIDE_STACK_PERCENT = 33,
};

/* Rows with the title: no pane is shown with less, and none needs more while others do. */
static const struct {
	int least, enough, share;
} needs[PANES] = {
	[PANE_SOURCE] = {7, 18, 4}, [PANE_STACK] = {7, 7, 1}, [PANE_ASSEMBLY] = {4, 12, 2},
	[PANE_HEAP] = {4, 8, 2},    [PANE_MAP] = {4, 20, 2},  [PANE_REGISTERS] = {4, 10, 1},
	[PANE_OUTPUT] = {4, 5, 1},
};

struct column {
	int col, cols;
	enum pane panes[PANES];
	int n;
};

/* Who gets the next row: who is furthest from enough; then by their shares. */
static int neediest(const struct column *c, const int *rows)
{
	int best = 0;
	bool all = true;

	for (int i = 0; i < c->n; i++)
		all = all && rows[i] >= needs[c->panes[i]].enough;
	for (int i = 1; i < c->n; i++) {
		int a = all ? needs[c->panes[i]].share : needs[c->panes[i]].enough;
		int b = all ? needs[c->panes[best]].share : needs[c->panes[best]].enough;
		if (rows[i] * b < rows[best] * a) // rows[i] / a < rows[best] / b
			best = i;
	}
	return best;
}

static void place(struct tiling *l, const struct column *c, int height)
{
	int rows[PANES], left = height, row = 0;

	for (int i = 0; i < c->n; i++) {
		rows[i] = needs[c->panes[i]].least;
		left -= rows[i];
	}
	for (; left > 0; left--)
		rows[neediest(c, rows)]++;
	for (int i = 0; i < c->n; i++) {
		l->panes[c->panes[i]] = (struct rectangle){.row = row,
							   .col = c->col,
							   .rows = rows[i],
							   .cols = c->cols,
							   .border = c->col > 0};
		row += rows[i];
	}
}

static void add(struct column *c, enum pane pane)
{
	c->panes[c->n++] = pane;
}

static void make_three(struct tiling *l, int height, int cols)
{
	int stack = cols * STACK_PERCENT / 100, right = cols * RIGHT_PERCENT / 100;
	struct column first = {.cols = cols - stack - right};
	struct column second = {.col = first.cols, .cols = stack};
	struct column third = {.col = first.cols + stack, .cols = right};

	add(&first, PANE_SOURCE);
	add(&first, PANE_ASSEMBLY);
	add(&first, PANE_OUTPUT);
	add(&second, PANE_STACK);
	add(&third, PANE_REGISTERS);
	add(&third, PANE_HEAP);
	add(&third, PANE_MAP);
	place(l, &first, height);
	place(l, &second, height);
	place(l, &third, height);
}

/* The first ones of the order, as many as there is room for and at least one, but for `not`. */
static void add_others(struct column *c, const enum pane *order, int rows, enum pane not )
{
	int room = rows / OTHER_ROWS, shown = 0;
	bool wanted[PANES] = {false};

	for (int i = 0; i < TILING_OTHERS && (shown < room || shown < 1); i++) {
		wanted[order[i]] = order[i] != not ;
		shown += order[i] != not ;
	}
	for (enum pane pane = 0; pane < PANES; pane++) // in one order, whichever they are
		if (wanted[pane])
			add(c, pane);
}

static void make_beside(struct tiling *l, int height, int cols, const enum pane *order)
{
	int code = cols * BESIDE_PERCENT / 100, stack = cols * BESIDE_STACK_PERCENT / 100;
	struct column first = {.cols = cols - code - stack};
	struct column second = {.col = first.cols, .cols = code};
	struct column third = {.col = first.cols + code, .cols = stack};

	add(&first, PANE_SOURCE);
	add(&first, PANE_OUTPUT);
	add(&second, PANE_ASSEMBLY);
	add_others(&second, order, height - BESIDE_ROWS, PANE_ASSEMBLY);
	add(&third, PANE_STACK);
	place(l, &first, height);
	place(l, &second, height);
	place(l, &third, height);
}

static void make_two(struct tiling *l, int height, int cols, const enum pane *order)
{
	struct column first = {.cols = cols * LEFT_PERCENT / 100};
	struct column second = {.col = first.cols, .cols = cols - first.cols};

	add(&first, PANE_SOURCE);
	add_others(&first, order, height - SOURCE_AND_OUTPUT, PANES);
	add(&first, PANE_OUTPUT);
	add(&second, PANE_STACK);
	place(l, &first, height);
	place(l, &second, height);
}

void tiling_make(int rows, int cols, const struct tiling_wish *wish, struct tiling *ret)
{
	int height = rows - TILING_BARS;

	*ret = (struct tiling){.too_small = rows < TILING_MIN_ROWS || cols < TILING_MIN_COLS};
	if (ret->too_small)
		return;
	ret->bars = (struct rectangle){.row = height, .rows = TILING_BARS, .cols = cols};
	if (wish->zoomed != PANES)
		ret->panes[wish->zoomed] = (struct rectangle){.rows = height, .cols = cols};
	else if (wish->beside && cols >= TILING_BESIDE_COLS)
		make_beside(ret, height, cols, wish->order);
	else if (cols >= THREE_COLUMNS)
		make_three(ret, height, cols);
	else
		make_two(ret, height, cols, wish->order);
}

enum pane tiling_find(const struct tiling *l, int row, int col)
{
	enum pane pane = 0;

	for (; pane < PANES; pane++) {
		const struct rectangle *r = &l->panes[pane];
		if (row >= r->row && row < r->row + r->rows && col >= r->col &&
		    col < r->col + r->cols)
			break;
	}
	return pane;
}
