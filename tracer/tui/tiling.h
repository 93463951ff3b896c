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
 *
 *	assembly beside the source: 120 columns and more
 *	┌────────┬──────────┬─────────┐
 *	│source  │ assembly │ stack   │
 *	│        ├──────────┤         │
 *	├────────┤ 1..3     │         │
 *	│output  │ others   │         │
 *	├────────┴──────────┴─────────┤
 *	└─────────────────────────────┘
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
	TILING_BESIDE_COLS = 120,
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

/* What the user wants to see. */
struct tiling_wish {
	/* Assembly, heap, map, registers, each once; the first ones, if not all have room. */
	enum pane order[TILING_OTHERS];
	enum pane zoomed; // that pane alone; PANES: none
	bool beside;	  // assembly beside the source, from TILING_BESIDE_COLS on
};

void tiling_make(int rows, int cols, const struct tiling_wish *wish, struct tiling *ret);

/* The pane that has the place; PANES: none. */
enum pane tiling_find(const struct tiling *l, int row, int col);

#endif
