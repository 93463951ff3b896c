/*
 * display.h - the user's terminal: a canvas goes out, keys come in; it is always given back as it
 * was.
 *
 * Owns:     ncurses, colours, the modes of the terminal, what signals do meanwhile.
 * Gives:    struct display; struct input.
 * Never:    knows what is drawn or what a key does.
 * Lifetime: from display_open() to display_close(); one at a time.
 */
#ifndef FT_DISPLAY_H
#define FT_DISPLAY_H

#include "tui/canvas.h"

struct display;

/* Keys that are no characters, beyond the last one of Unicode. */
enum {
	INPUT_UP = 0x110000,
	INPUT_DOWN,
	INPUT_LEFT,
	INPUT_RIGHT,
	INPUT_PAGE_UP,
	INPUT_PAGE_DOWN,
	INPUT_HOME,
	INPUT_END,
	INPUT_BACKSPACE,
	INPUT_DELETE,
	INPUT_ENTER,
	INPUT_TAB,
	INPUT_BACK_TAB,
	INPUT_ESCAPE,
	INPUT_F1,
	INPUT_OTHER, // one that is of no use
	INPUT_CLICK, // of the mouse, at row and col
	INPUT_WHEEL_UP,
	INPUT_WHEEL_DOWN,
	INPUT_RESIZE, // the size is another one, or all has to be drawn again
	INPUT_SIGNAL, // one that ends us: display_ended_by()
};

struct input {
	uint32_t key; // a character, or one of the above
	int row, col;
};

#define INPUT_CTRL(c) ((uint32_t)(c)&0x1f)

/* `color`: use them if there are some. FT_FAIL in words: no terminal, or one that cannot. */
FT_CHECK enum ft_rc display_open(bool color, struct display **ret);
void display_close(struct display *t); // NULL: nothing

bool display_is_utf8(const struct display *t);
void display_size(struct display *t, int *ret_rows, int *ret_cols);

/* What differs from the last time goes out. The cursor is hidden if `row` is negative. */
void display_show(struct display *t, const struct canvas *c, int row, int col);
void display_redraw(struct display *t); // the next one goes out whole

struct input display_read(struct display *t); // waits

/* Whether Ctrl-C was typed, or a signal is to end us; other keys wait for display_read(). */
bool display_is_interrupted(struct display *t);
int display_ended_by(const struct display *t); // a signal; 0: none

void display_suspend(struct display *t); // Ctrl-Z: gives the terminal back, stops, comes back

#endif
