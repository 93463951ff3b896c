/*
 * panes.h - what each pane shows: a view becomes rows of text, without a terminal.
 *
 * Owns:     wording and columns of the panes.
 * Gives:    one function per pane, from plain data to a sheet.
 * Never:    reads a log, moves a player, knows where on the screen its rows will be.
 * Lifetime: a sheet lives until sheet_deinit(); sheet_reset() starts the next one.
 */
#ifndef FT_PANES_H
#define FT_PANES_H

#include "tui/canvas.h"
#include "tui/view.h"

/* Rows of a pane: all of it, or of a long one the part around what is looked at. */
struct sheet {
	struct canvas c;
	size_t *tags; // of each row: what it belongs to (frame, line); SIZE_MAX: nothing
	size_t cap_tags;
	size_t first;	   // of what the pane has in all, the row that is the first one here
	size_t total;	   // rows that the pane has in all
	size_t show;	   // a row, of all, that should be seen; SIZE_MAX: any
	size_t show_until; // the last one that should be seen with it, if there is room
	struct buf title;  // behind the pane's name
	bool rich;	   // of the stack: all frames are open to their bytes
};

void sheet_init(struct sheet *s, bool utf8);
void sheet_deinit(struct sheet *s);
void sheet_reset(struct sheet *s, int cols);
struct pen sheet_row(struct sheet *s, size_t tag); // a new row, to its full width
void sheet_cut(struct sheet *s, int rows);	   // the first ones stay
void sheet_say(struct sheet *s, const char *text); // as many rows as it takes, aside
void sheet_show(struct sheet *s, size_t from_row); // from that row to the last one so far
void sheet_all(struct sheet *s);		   // it has no other rows than these

/* "0x7fffffffe3a0", or where there is little room its last digits. */
void pen_address(struct pen *p, uint64_t address, bool full);

/* The text of a source file, cut into lines. */
struct source {
	char *file; // as events call it; NULL: none
	char *text; // NULL: the log does not have it
	size_t len;
	size_t *lines; // where each begins
	size_t n;
};

/* A frame, by the seq of its push: open to its bytes, or not. */
struct fold {
	uint64_t pushed_seq;
	bool open;
};

/* What the user has chosen. */
struct look {
	int rows; // of the pane
	int left; // columns that are scrolled away
	bool focused;
	size_t cursor;		  // source: line, from 1; assembly: instruction, from 0
	const struct fold *folds; // frames that the user has opened or closed
	size_t n_folds;
	const struct player_breakpoint *breakpoints;
	size_t n_breakpoints;
};

void pane_source(struct sheet *s, const struct view *v, const struct source *src,
		 const struct look *k);
void pane_assembly(struct sheet *s, const struct view *v, const struct look *k);
void pane_stack(struct sheet *s, const struct view *v, const struct look *k); // tags: frames
void pane_heap(struct sheet *s, const struct view *v);
void pane_map(struct sheet *s, const struct view *v);
void pane_registers(struct sheet *s, const struct view *v);
void pane_output(struct sheet *s, const struct view *v, const struct look *k);

/* Index of the instruction at pc, or of the one before it; SIZE_MAX: none. */
size_t pane_insn_at(const struct view *v, uint64_t pc);

/* pane_frame.c: one frame of the stack, without its upper and lower border. */
void pane_frame_values(struct sheet *s, const struct view *v, size_t frame);
void pane_frame_bytes(struct sheet *s, const struct view *v, size_t frame, bool below_rsp);
void pane_value_row(struct sheet *s, const struct view_value *value, size_t tag, enum style style,
		    bool boxed);
bool pane_is_below(const struct view_frame *f, const struct view_value *value); // rsp
/* Its values from high to low addresses, then the others. */
size_t pane_by_address(const struct view_frame *f, const struct view_value *ret[VIEW_VALUES]);
/* An argument on the stack, outside of both frames: between the caller's rsp and the CFA. */
bool pane_is_handed_over(const struct view *v, size_t frame, const struct view_value *value);
/* Its owners' rows, of an open frame. */
void pane_frame_handed(struct sheet *s, const struct view *v, size_t frame);
/* rsp is above the frame's lower end: its prologue or epilogue runs. */
bool pane_has_rsp_inside(const struct view *v, size_t frame);
/* "rsp 0x7fffffffe390 ←", up to before the last column; GLYPHS: blanks before it. */
void pane_put_rsp(struct pen *p, uint64_t rsp, enum glyph fill);
enum { PANE_WIDE = 58 }; // columns from which on a stack has full addresses

void source_set(struct source *src, struct log *log, const char *file);
void source_deinit(struct source *src);

#endif
