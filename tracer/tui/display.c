/*
 * display.c - ncurses, and what has to be done so that the terminal survives us.
 *
 * Keys are read raw: Ctrl-C is a key, not a SIGINT for us and for the program that we trace. A
 * signal that is to end us gives the terminal back in its handler, by nothing but write(2) and
 * tcsetattr(3), and then does what it would have done without us.
 */
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "tui/looks.h"
#include "tui/display.h"

/* term.h has short names for capabilities, as macros. */
#undef columns
#undef lines

enum {
	QUEUE = 64,
	ESCAPE_MS = 25,
	SILENT_MAX = 100, // times that there is input, and no key in it: its end
	MOST_ROWS = 500,  // who says more is no terminal; ncurses counts in shorts and crashes
	MOST_COLS = 1500,
};

static const int fatal[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};

struct display {
	SCREEN *screen;
	bool utf8;
	struct termios saved;
	int wake[2]; // written to by handlers, so that a wait ends
	struct sigaction before[FT_COUNT(fatal)], before_resize;
	volatile sig_atomic_t ended_by;
	struct buf restore; // what gives the terminal back
	struct canvas shown;
	bool whole; // nothing of `shown` can be relied on
	struct looks looks;
	uint32_t queue[QUEUE];
	size_t n_queue;
};

// A handler is told nothing but its signal.
static void *volatile opened;

/* ---- signals ---- */

static void on_fatal(int signal)
{
	struct display *t = opened;
	int saved = errno;

	if (t && !t->ended_by) {
		t->ended_by = signal;
		if (write(STDOUT_FILENO, t->restore.s, t->restore.len) < 0)
			errno = saved; // nobody is there any more
		tcsetattr(STDIN_FILENO, TCSANOW, &t->saved);
		for (size_t i = 0; i < FT_COUNT(fatal); i++)
			sigaction(fatal[i], &t->before[i], NULL);
		if (write(t->wake[1], "s", 1) < 0)
			errno = saved; // full: it wakes anyway
		raise(signal);	       // when this handler is done
	}
	errno = saved;
}

static void on_resize(int signal)
{
	struct display *t = opened;
	int saved = errno;

	(void)signal;
	if (t && write(t->wake[1], "r", 1) < 0)
		errno = saved;
	errno = saved;
}

static void take_signals(struct display *t)
{
	struct sigaction end = {.sa_handler = on_fatal}, resize = {.sa_handler = on_resize};

	for (size_t i = 0; i < FT_COUNT(fatal); i++) {
		bool ends = fatal[i] == SIGTERM || fatal[i] == SIGHUP ||
			    t->before[i].sa_handler == SIG_DFL; // else it is for the program
		if (t->before[i].sa_handler != SIG_IGN && ends) // nohup(1) ignores
			sigaction(fatal[i], &end, NULL);
		else // not what ncurses does with it
			sigaction(fatal[i], &t->before[i], NULL);
	}
	sigaction(SIGWINCH, &resize, &t->before_resize);
}

static void give_signals_back(struct display *t)
{
	for (size_t i = 0; i < FT_COUNT(fatal); i++)
		sigaction(fatal[i], &t->before[i], NULL);
	sigaction(SIGWINCH, &t->before_resize, NULL);
}

/* ---- open, close ---- */

/* Without the padding that slow terminals need. */
static void add_plain(struct buf *b, const char *s)
{
	while (*s) {
		const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;
		if (end)
			s = end + 1;
		else
			buf_char(b, *s++);
	}
}

/* A capability; nothing if the terminal has none. */
static void add_capability(struct buf *b, const char *name)
{
	struct buf copy;

	buf_init(&copy);
	buf_str(&copy, name); // tigetstr() of some versions takes no const
	const char *s = tigetstr(copy.s);
	buf_deinit(&copy);
	if (s && s != (const char *)-1)
		add_plain(b, s);
}

static void prepare_restore(struct display *t)
{
	add_capability(&t->restore, "sgr0");
	add_capability(&t->restore, "cnorm");
	add_capability(&t->restore, "rmkx");
	if (tigetstr("kmous") && tigetstr("kmous") != (char *)-1)
		buf_str(&t->restore, "\033[?1000l\033[?1006l");
	add_capability(&t->restore, "rmcup");
	char *leave = tigetstr("rmcup");
	if (!leave || leave == (char *)-1) { // there is one screen only: below what is on it
		char *down = tparm(tigetstr("cup"), LINES - 1, 0, 0, 0, 0, 0, 0, 0, 0);
		add_plain(&t->restore, down);
		buf_str(&t->restore, "\r\n");
	}
}

/* What the terminal says it has, as far as that is believed. False: it does not say. */
static bool ask_size(int *ret_rows, int *ret_cols)
{
	struct winsize size;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_row || !size.ws_col)
		return false;
	*ret_rows = size.ws_row < MOST_ROWS ? size.ws_row : MOST_ROWS;
	*ret_cols = size.ws_col < MOST_COLS ? size.ws_col : MOST_COLS;
	return true;
}

static enum ft_rc open_screen(struct display *t)
{
	const char *name = getenv("TERM");
	int rows, cols;

	if (ask_size(&rows, &cols) && (rows == MOST_ROWS || cols == MOST_COLS))
		use_env(FALSE); // ncurses is not to ask by itself; display_size() does
	t->screen = newterm(NULL, stdout, stdin);
	if (!t->screen)
		return ft_fail("TERM=%s: no such terminal is known; try TERM=xterm, or --plain",
			       name ? name : "");
	set_term(t->screen);
	char *move = tigetstr("cup");
	if (!move || move == (char *)-1) {
		endwin();
		delscreen(t->screen);
		return ft_fail("TERM=%s cannot show a full screen: use --plain", name ? name : "");
	}
	return FT_OK;
}

static void set_modes(void)
{
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	mouseinterval(0);
}

enum ft_rc display_open(bool color, struct display **ret)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return ft_fail("a full screen needs a terminal for input and output: use --plain");
	struct display *t = xcalloc(1, sizeof(*t));
	setlocale(LC_CTYPE, "");
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (tcgetattr(STDIN_FILENO, &t->saved) != 0 ||
	    pipe2(t->wake, O_CLOEXEC | O_NONBLOCK) != 0) {
		enum ft_rc rc = ft_fail("terminal: %s", strerror(errno));
		free(t);
		return rc;
	}
	for (size_t i = 0; i < FT_COUNT(fatal); i++)
		sigaction(fatal[i], NULL, &t->before[i]);
	if (open_screen(t) != FT_OK) {
		close(t->wake[0]);
		close(t->wake[1]);
		free(t);
		return FT_FAIL;
	}
	buf_init(&t->restore);
	canvas_init(&t->shown, t->utf8);
	prepare_restore(t);
	looks_choose(color, &t->looks);
	opened = t;
	take_signals(t);
	set_modes();
	t->whole = true;
	*ret = t;
	return FT_OK;
}

void display_close(struct display *t)
{
	if (!t)
		return;
	if (!t->ended_by) {
		mousemask(0, NULL);
		endwin();
		give_signals_back(t);
	}
	opened = NULL;
	delscreen(t->screen);
	close(t->wake[0]);
	close(t->wake[1]);
	buf_deinit(&t->restore);
	canvas_deinit(&t->shown);
	free(t);
}

bool display_is_utf8(const struct display *t)
{
	return t->utf8;
}

int display_ended_by(const struct display *t)
{
	return t->ended_by;
}

void display_size(struct display *t, int *ret_rows, int *ret_cols)
{
	int rows, cols;

	if (ask_size(&rows, &cols) && (rows != LINES || cols != COLS)) {
		resizeterm(rows, cols);
		t->whole = true;
	}
	*ret_rows = LINES;
	*ret_cols = COLS;
}

void display_suspend(struct display *t)
{
	raise(SIGTSTP); // ncurses gives the terminal back, and takes it again
	t->whole = true;
}

void display_redraw(struct display *t)
{
	clearok(curscr, TRUE);
	t->whole = true;
}

/* ---- out ---- */

static void show_row(struct display *t, const struct canvas *c, int row)
{
	move(row, 0);
	for (int col = 0; col < c->cols; col++) {
		const struct cell *cell = canvas_at(c, row, col);
		wchar_t text[CELL_CHARS + 1] = {0};
		cchar_t out;

		if (!cell->ch[0])
			continue;
		memcpy(text, cell->ch, sizeof(cell->ch));
		setcchar(&out, text, t->looks.attributes[cell->style], t->looks.pairs[cell->style],
			 NULL);
		add_wch(&out); // of the last cell of all: ERR, and it is there
	}
}

void display_show(struct display *t, const struct canvas *c, int row, int col)
{
	if (t->ended_by)
		return;
	if (t->shown.rows != c->rows || t->shown.cols != c->cols) {
		canvas_resize(&t->shown, c->rows, c->cols);
		t->whole = true;
	}
	if (t->whole)
		erase();
	size_t bytes = (size_t)c->cols * sizeof(struct cell);
	for (int i = 0; i < c->rows && bytes; i++) {
		if (!t->whole && memcmp(canvas_at(&t->shown, i, 0), canvas_at(c, i, 0), bytes) == 0)
			continue;
		show_row(t, c, i);
		memcpy(canvas_at(&t->shown, i, 0), canvas_at(c, i, 0), bytes);
	}
	t->whole = false;
	curs_set(row >= 0);
	if (row >= 0)
		move(row, col);
	refresh();
}

/* ---- in ---- */

static uint32_t of_curses(wint_t key)
{
	switch (key) {
	case KEY_UP:
		return INPUT_UP;
	case KEY_DOWN:
		return INPUT_DOWN;
	case KEY_LEFT:
		return INPUT_LEFT;
	case KEY_RIGHT:
		return INPUT_RIGHT;
	case KEY_PPAGE:
		return INPUT_PAGE_UP;
	case KEY_NPAGE:
		return INPUT_PAGE_DOWN;
	case KEY_HOME:
		return INPUT_HOME;
	case KEY_END:
		return INPUT_END;
	case KEY_BACKSPACE:
		return INPUT_BACKSPACE;
	case KEY_DC:
		return INPUT_DELETE;
	case KEY_ENTER:
		return INPUT_ENTER;
	case KEY_BTAB:
		return INPUT_BACK_TAB;
	case KEY_F(1):
		return INPUT_F1;
	case KEY_RESIZE:
		return INPUT_RESIZE;
	}
	return INPUT_OTHER;
}

static uint32_t of_character(wint_t key)
{
	switch (key) {
	case '\r':
	case '\n':
		return INPUT_ENTER;
	case '\t':
		return INPUT_TAB;
	case 0x1b:
		return INPUT_ESCAPE;
	case 0x7f:
	case 0x08:
		return INPUT_BACKSPACE;
	}
	return (uint32_t)key;
}

static struct input of_mouse(void)
{
	struct input in = {.key = INPUT_OTHER};
	MEVENT m;

	if (getmouse(&m) != OK)
		return in;
	in.row = m.y;
	in.col = m.x;
	if (m.bstate & BUTTON1_PRESSED)
		in.key = INPUT_CLICK;
	else if (m.bstate & BUTTON4_PRESSED)
		in.key = INPUT_WHEEL_UP;
	else if (m.bstate & BUTTON5_PRESSED)
		in.key = INPUT_WHEEL_DOWN;
	return in;
}

/* false: no key is there now. */
static bool read_key(struct input *ret)
{
	wint_t key;
	int rc = get_wch(&key);

	if (rc == ERR)
		return false;
	if (rc == KEY_CODE_YES && key == KEY_MOUSE)
		*ret = of_mouse();
	else
		*ret = (struct input){.key = rc == KEY_CODE_YES ? of_curses(key)
								: of_character(key)};
	return true;
}

/* What a handler wrote; 0: nothing. */
static char woken(struct display *t)
{
	char all[64], what = 0;
	ssize_t n = read(t->wake[0], all, sizeof(all));

	for (ssize_t i = 0; i < n; i++)
		what = what == 's' ? 's' : all[i];
	return what;
}

struct input display_read(struct display *t)
{
	struct input in;

	for (int silent = 0;;) {
		char what = woken(t);
		if (t->ended_by || what == 's')
			return (struct input){.key = INPUT_SIGNAL};
		if (what == 'r')
			return (struct input){.key = INPUT_RESIZE};
		if (t->n_queue) {
			in = (struct input){.key = t->queue[0]};
			memmove(t->queue, t->queue + 1, --t->n_queue * sizeof(t->queue[0]));
			return in;
		}
		if (read_key(&in))
			return in;
		struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
				       {.fd = t->wake[0], .events = POLLIN}};
		if (poll(fds, FT_COUNT(fds), -1) <= 0)
			continue;
		silent = fds[0].revents & POLLIN ? silent + 1 : 0;
		if (fds[0].revents & (POLLHUP | POLLERR) || silent > SILENT_MAX) {
			t->ended_by = SIGHUP; // the terminal is gone, and nobody told us
			return (struct input){.key = INPUT_SIGNAL};
		}
	}
}

bool display_is_interrupted(struct display *t)
{
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
	struct input in;

	if (t->ended_by)
		return true;
	if (poll(&fd, 1, 0) <= 0)
		return false;
	if (fd.revents & (POLLHUP | POLLERR)) { // the terminal is gone, and nobody told us
		t->ended_by = SIGHUP;
		return true;
	}
	while (read_key(&in)) {
		if (in.key == INPUT_CTRL('c'))
			return true;
		if (t->n_queue < QUEUE && in.key < INPUT_CLICK)
			t->queue[t->n_queue++] = in.key;
	}
	return false;
}
