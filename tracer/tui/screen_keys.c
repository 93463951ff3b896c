/*
 * screen_keys.c - the keys: one table, which the help is made of too.
 */
#include <string.h>

#include "tui/screen_private.h"

static void act_quit(struct screen *s, int arg, bool back)
{
	(void)arg;
	(void)back;
	if (player_is_live(s->p))
		s->mode = MODE_ASK_QUIT;
	else
		s->done = true;
}

static void act_help(struct screen *s, int arg, bool back)
{
	(void)arg;
	(void)back;
	s->mode = MODE_HELP;
	s->help_row = 0;
}

static void act_find_again(struct screen *s, int arg, bool back)
{
	(void)arg;
	act_find(s, "", back);
}

static void act_redraw(struct screen *s, int arg, bool back)
{
	(void)arg;
	(void)back;
	display_redraw(s->t);
}

static void act_suspend(struct screen *s, int arg, bool back)
{
	(void)arg;
	(void)back;
	display_suspend(s->t);
}

static void act_escape(struct screen *s, int arg, bool back)
{
	(void)arg;
	(void)back;
	s->wish.zoomed = PANES;
}

/* Here is what Ctrl-C would have done to other programs. */
static void act_interrupt(struct screen *s, int arg, bool back)
{
	(void)arg;
	(void)back;
	screen_say(s, "q quits; Ctrl-C ends a move that takes long");
}

static const struct binding moves[] = {
	{'s', 'S', "s  S", "a source line, into calls", act_move, PLAYER_STEP},
	{'n', 'N', "n  N", "a source line, over calls", act_move, PLAYER_NEXT},
	{'f', 'F', "f  F", "finish: until this frame is popped", act_move, PLAYER_FINISH},
	{'u', 'U', "u  U", "until a line further down (out of a loop)", act_move, PLAYER_UNTIL},
	{'c', 'C', "c  C", "continue to a breakpoint, a signal, the end", act_move,
	 PLAYER_CONTINUE},
	{'i', 'I', "i  I", "an instruction", act_move, PLAYER_INSN},
	{'p', 'P', "p  P", "the next push (a call)", act_move, PLAYER_CALL},
	{'x', 'X', "x  X", "the next pop (an exit)", act_move, PLAYER_RETURN},
	{' ', INPUT_BACKSPACE, "space  backspace", "the next event, the one before", act_move,
	 PLAYER_EVENT},
	{'g', 0, "g", "go to an event: 12, +5, -5, $", act_prompt, PROMPT_GOTO},
	{'G', 0, "G", "to the last event that there is", act_end, 0},
	{'-', 0, "-", "back to where the last move began", act_undo, 0},
	{INPUT_CTRL('c'), 0, "Ctrl-C", "ends a move that takes long", act_interrupt, 0},
	{.key = 0},
};

static const struct binding searches[] = {
	{'/', 0, "/", "function, variable, name=value, 0x7ffe12", act_prompt, PROMPT_FIND},
	{'.', ',', ".  ,", "the next one, the one before", act_find_again, 0},
	{'b', 0, "b", "breakpoint on the line, or what you type", act_prompt, PROMPT_BREAK},
	{'w', 0, "w", "watch: stop when a variable changes", act_prompt, PROMPT_WATCH},
	{'d', 0, "d", "delete a breakpoint", act_prompt, PROMPT_DELETE},
	{.key = 0},
};

static const struct binding panes[] = {
	{INPUT_TAB, INPUT_BACK_TAB, "tab  shift-tab", "the next pane, the one before",
	 act_next_pane, 0},
	{'1', 0, "1 to 7", "a pane by its number", act_pane, PANE_SOURCE},
	{'2', 0, NULL, NULL, act_pane, PANE_STACK},
	{'3', 0, NULL, NULL, act_pane, PANE_ASSEMBLY},
	{'4', 0, NULL, NULL, act_pane, PANE_HEAP},
	{'5', 0, NULL, NULL, act_pane, PANE_MAP},
	{'6', 0, NULL, NULL, act_pane, PANE_REGISTERS},
	{'7', 0, NULL, NULL, act_pane, PANE_OUTPUT},
	{'a', 0, "a", "assembly; once more: what was there before", act_pane, PANE_ASSEMBLY},
	{'A', 0, "A", "assembly beside the source, and back", act_beside, 0},
	{'m', 0, "m", "the map of the address space", act_pane, PANE_MAP},
	{'r', 0, "r", "registers", act_pane, PANE_REGISTERS},
	{'o', 0, "o", "the program's output", act_pane, PANE_OUTPUT},
	{'z', 0, "z", "this pane alone on the screen, and back", act_zoom, 0},
	{INPUT_DOWN, INPUT_UP, "arrows", "scroll; in the stack: choose a frame", act_scroll, 0},
	{'j', 'k', NULL, NULL, act_scroll, 0},
	{INPUT_RIGHT, INPUT_LEFT, NULL, NULL, act_sideways, 0},
	{INPUT_PAGE_DOWN, INPUT_PAGE_UP, "PgDn PgUp", "scroll by a page", act_scroll, 1},
	{INPUT_END, INPUT_HOME, "End Home", "to the end, to the beginning", act_scroll, 2},
	{.key = 0},
};

static const struct binding stack[] = {
	{INPUT_ENTER, 0, "Enter", "open the chosen frame to its bytes, close it", act_fold, 0},
	{'[', ']', "[  ]", "the frame that called it, the one it called", act_frame, 0},
	{'t', 0, "t", "the stack of the next thread", act_thread, 0},
	{.key = 0},
};

static const struct binding others[] = {
	{':', 0, ":", "a command of step --plain: info frame, print n", act_prompt, PROMPT_COMMAND},
	{'?', 0, "?  h  F1", "this help", act_help, 0},
	{'h', 0, NULL, NULL, act_help, 0},
	{INPUT_F1, 0, NULL, NULL, act_help, 0},
	{INPUT_CTRL('l'), 0, "Ctrl-L", "draw all again", act_redraw, 0},
	{INPUT_CTRL('z'), 0, "Ctrl-Z", "back to the shell; fg comes back", act_suspend, 0},
	{INPUT_ESCAPE, 0, NULL, NULL, act_escape, 0},
	{'q', 0, "q", "quit", act_quit, 0},
	{.key = 0},
};

const struct chapter screen_chapters[] = {
	{"Move (capitals: backwards)", moves},
	{"Find and stop", searches},
	{"Panes", panes},
	{"Stack", stack},
	{"Other", others},
	{NULL, NULL},
};

/* '[' goes up the stack, which act_frame() calls back. */
static void run(struct screen *s, const struct binding *b, bool back)
{
	if (b->run == act_frame)
		back = !back;
	b->run(s, b->arg, back);
}

static void pane_key(struct screen *s, uint32_t key)
{
	for (const struct chapter *c = screen_chapters; c->title; c++) {
		for (const struct binding *b = c->bindings; b->key; b++) {
			if (b->key != key && (!b->back || b->back != key))
				continue;
			run(s, b, b->key != key);
			return;
		}
	}
	if (key < INPUT_UP)
		screen_say(s, "this key does nothing: ? shows those that do");
}

static void help_key(struct screen *s, uint32_t key)
{
	size_t page = (size_t)(s->c.rows > 6 ? s->c.rows - 6 : 1);

	if (key == INPUT_DOWN || key == INPUT_WHEEL_DOWN || key == 'j')
		s->help_row++;
	else if ((key == INPUT_UP || key == INPUT_WHEEL_UP || key == 'k') && s->help_row)
		s->help_row--;
	else if (key == INPUT_PAGE_DOWN || key == ' ')
		s->help_row += page;
	else if (key == INPUT_PAGE_UP)
		s->help_row = s->help_row > page ? s->help_row - page : 0;
	else if (key != INPUT_UP && key != INPUT_WHEEL_UP && key != 'k' && key != INPUT_OTHER)
		s->mode = MODE_PANES;
}

void screen_key(struct screen *s, struct input in)
{
	bool is_mouse =
		in.key == INPUT_CLICK || in.key == INPUT_WHEEL_UP || in.key == INPUT_WHEEL_DOWN;

	if (s->tiling.too_small && s->mode != MODE_ASK_QUIT) { // what is not seen is not moved
		if (in.key == 'q')
			act_quit(s, 0, false);
		return;
	}
	buf_reset(&s->message);
	s->is_alarm = false;
	switch (s->mode) {
	case MODE_PANES:
		if (is_mouse)
			act_mouse(s, in);
		else
			pane_key(s, in.key);
		break;
	case MODE_HELP:
	case MODE_TEXT:
		help_key(s, in.key);
		break;
	case MODE_PROMPT:
		if (!is_mouse)
			prompt_key(s, in.key);
		break;
	case MODE_ASK_QUIT:
		s->done = in.key == 'y' || in.key == 'Y';
		s->mode = MODE_PANES;
		break;
	}
}
