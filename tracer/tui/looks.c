/*
 * looks.c - how each style looks: with 256 colours, 16, 8, and with none.
 *
 * Greys and tones in the middle are chosen, so that a dark and a light background both do.
 */
#define NCURSES_WIDECHAR 1
#include "tui/looks.h"

struct look_of {
	attr_t mono; // without colours
	attr_t attribute;
	short fg256, bg256, fg, bg; // -1: the terminal's own
};

static const struct look_of looks[STYLES] = {
	[STYLE_PLAIN] = {A_NORMAL, A_NORMAL, -1, -1, -1, -1},
	[STYLE_ASIDE] = {A_NORMAL, A_NORMAL, 245, -1, -1, -1},
	[STYLE_GHOST] = {A_DIM, A_DIM, 243, -1, -1, -1},
	[STYLE_NAME] = {A_BOLD, A_BOLD, -1, -1, -1, -1},
	[STYLE_VALUE] = {A_NORMAL, A_NORMAL, 35, -1, COLOR_GREEN, -1},
	[STYLE_CHANGED] = {A_BOLD | A_UNDERLINE, A_BOLD | A_UNDERLINE, 172, -1, COLOR_YELLOW, -1},
	[STYLE_NOW] = {A_REVERSE, A_NORMAL, 16, 153, COLOR_BLACK, COLOR_CYAN},
	[STYLE_CURSOR] = {A_UNDERLINE, A_UNDERLINE, -1, -1, -1, -1},
	[STYLE_CHOSEN] = {A_BOLD | A_REVERSE, A_BOLD, 33, -1, COLOR_CYAN, -1},
	[STYLE_LINK] = {A_BOLD, A_BOLD, 170, -1, COLOR_MAGENTA, -1},
	[STYLE_TITLE] = {A_BOLD, A_BOLD, -1, -1, -1, -1},
	[STYLE_FOCUS] = {A_REVERSE | A_BOLD, A_BOLD, 231, 25, COLOR_WHITE, COLOR_BLUE},
	[STYLE_BAR] = {A_REVERSE, A_NORMAL, 252, 238, COLOR_BLACK, COLOR_WHITE},
	[STYLE_KEY] = {A_REVERSE | A_BOLD, A_BOLD, 222, 238, COLOR_BLUE, COLOR_WHITE},
	[STYLE_ALARM] = {A_BOLD | A_STANDOUT, A_BOLD, 160, -1, COLOR_RED, -1},
};

void looks_choose(bool color, struct looks *ret)
{
	bool colors = color && has_colors() && start_color() == OK && COLORS >= 8;
	*ret = (struct looks){.pairs = {0}};
	if (colors)
		use_default_colors();
	for (int i = 0; i < STYLES; i++) {
		const struct look_of *l = &looks[i];
		bool rich = colors && COLORS >= 256;
		short fg = rich ? l->fg256 : l->fg, bg = rich ? l->bg256 : l->bg;
		ret->attributes[i] = colors ? l->attribute : l->mono;
		if (i == STYLE_GHOST && rich)
			ret->attributes[i] = A_NORMAL; // grey is dim enough
		if (colors && (fg >= 0 || bg >= 0) && i + 1 < COLOR_PAIRS &&
		    init_pair((short)(i + 1), fg, bg) == OK)
			ret->pairs[i] = (short)(i + 1);
	}
}
