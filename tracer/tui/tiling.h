/*
 * tiling.h - which panes are shown at a size of the screen, and where.
 *
 * Owns:     the sizes of panes, which of them give way to others.
 * Gives:    struct tiling: a rectangle for each pane; together they cover the screen.
 * Never:    draws.
 * Lifetime: a value.
 *
 *	80 columns and more             150 and more
 *	┌───────┬─────────┐             ┌────────┬─────────┬───────────┐
 *	│source │ stack   │             │source  │ stack   │ registers │
 *	├───────┤         │             ├────────┤         ├───────────┤
 *	│1..4   │         │             │assembly│         │ heap      │
 *	│others │         │             ├────────┤         ├───────────┤
 *	├───────┤         │             │output  │         │ map       │
 *	│output │         │             │        │         │           │
 *	├───────┴─────────┤             ├────────┴─────────┴───────────┤
 *	│3 rows: bars     │             │                              │
 *	└─────────────────┘             └──────────────────────────────┘
 */
#ifndef FT_TILING_H
#define FT_TILING_H

#include "base/base.h"

/* By the digit that chooses it, from 1. */
enum pane {
	PANE_SOURCE,
	PANE_STACK,
	PANE_ASSEMBLY,
	PANE_HEAP,
	PANE_MAP,
	PANE_REGISTERS,
	PANE_OUTPUT,
	PANES,
};

enum {
	TILING_MIN_ROWS = 24,
	TILING_MIN_COLS = 80,
	TILING_BARS = 3, // rows at the bottom that belong to no pane
	TILING_OTHERS = 4,
};

/* Its first row is the title; if it has a border its first column is that. */
struct rectangle {
	int row, col, rows, cols; // rows 0: not shown
	bool border;
};

struct tiling {
	bool too_small;
	struct rectangle panes[PANES];
	struct rectangle bars;
};

/*
 * `order`: assembly, heap, map and registers, each once; where there is no room for all the first
 * ones are shown. `zoomed`: that pane alone, or PANES.
 */
void tiling_make(int rows, int cols, const enum pane order[TILING_OTHERS], enum pane zoomed,
		 struct tiling *ret);

/* The pane that has the place; PANES: none. */
enum pane tiling_find(const struct tiling *l, int row, int col);

#endif
