/*
 * looks.h - styles as attributes of ncurses (private to display.c).
 *
 * Owns:     the colours.
 * Gives:    struct looks.
 * Never:    draws.
 * Lifetime: a value; of use until the screen of ncurses ends.
 */
#ifndef FT_LOOKS_H
#define FT_LOOKS_H

#include <curses.h>

#include "tui/canvas.h"

struct looks {
	attr_t attributes[STYLES];
	short pairs[STYLES];
};

/* The screen has begun. `color`: use them if the terminal has at least 8. */
void looks_choose(bool color, struct looks *ret);

#endif
