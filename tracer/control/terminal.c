#include "control/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Our terminal makes \r\n of \n and expands tabs, once is enough: of output processing the stand-in
 * has the main switch alone, which does nothing by itself (drivers/tty/n_tty.c, do_output_char()).
 */
static struct termios stand_in_modes(const struct termios *ours)
{
	struct termios t = *ours;
	t.c_oflag &= OPOST;
	t.c_lflag |= EXTPROC; // changes of modes are told to the master (ioctl_tty(2), TIOCPKT)
	return t;
}

static int open_inside(int master)
{
	int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[64];
	if (fd < 0 && ptsname_r(master, name, sizeof(name)) == 0) // Linux before 4.13
		fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return fd;
}

static bool set_up(struct terminal *t, int master, int inside)
{
	int on = 1;
	if (tcgetattr(t->ours, &t->was) != 0)
		return false;
	struct termios modes = stand_in_modes(&t->was);
	if (tcsetattr(inside, TCSANOW, &modes) != 0 || tcgetattr(inside, &t->told) != 0 ||
	    ioctl(master, TIOCPKT, &on) != 0)
		return false;
	t->first = t->told;
	terminal_resize(t, master);
	return true;
}

enum ft_rc terminal_open(struct terminal *t, int ours, int *ret_master, int *ret_inside)
{
	*t = (struct terminal){.ours = ours};
	int inside = -1, master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0)
		inside = open_inside(master);
	struct stat st;
	if (inside >= 0 && set_up(t, master, inside) && fstat(inside, &st) == 0) {
		t->stand_in = st.st_rdev;
		*ret_master = master;
		*ret_inside = inside;
		return FT_OK;
	}
	enum ft_rc rc = ft_fail("no pseudo-terminal for the program's output: %s; --no-output does "
				"without",
				strerror(errno));
	if (inside >= 0)
		close(inside);
	if (master >= 0)
		close(master);
	return rc;
}

/*
 * A full-screen program sets the modes of its standard output and means the keyboard, which is our
 * terminal. In the background a program may not do that.
 */
static void follow(struct terminal *t)
{
	struct termios now = t->told;
	t->due = false;
	if (!t->follows || tcgetpgrp(t->ours) != getpgrp())
		return;
	// A program that sets output processing itself has it at the stand-in: then not here too.
	bool set = now.c_oflag != t->first.c_oflag;
	now.c_oflag = set ? now.c_oflag & ~(tcflag_t)OPOST : t->was.c_oflag;
	now.c_lflag = (now.c_lflag & ~(tcflag_t)EXTPROC) | (t->was.c_lflag & EXTPROC);
	tcsetattr(t->ours, TCSANOW, &now);
}

/*
 * The master is told of a change before it gets bytes, those too that were written earlier. What a
 * program writes behind a change is for the new modes; but before it puts back what it found it has
 * written for the old ones, and waits that they are out (TCSADRAIN): then the bytes go first.
 */
static void look_at_modes(struct terminal *t, int master)
{
	struct termios now = {0}; // padding too: it is compared
	if (tcgetattr(master, &now) != 0 || memcmp(&now, &t->told, sizeof(now)) == 0)
		return;
	t->told = now;
	t->due = true;
	if (memcmp(&now, &t->first, sizeof(now)) != 0)
		follow(t);
}

void terminal_settle(struct terminal *t)
{
	if (t->due)
		follow(t);
}

void terminal_packet(struct terminal *t, int master, const char **bytes, size_t *len)
{
	unsigned char what = (unsigned char)**bytes;
	if (what == TIOCPKT_DATA) {
		++*bytes;
		--*len;
		return;
	}
	*len = 0;
	if (what & TIOCPKT_IOCTL)
		look_at_modes(t, master);
}

void terminal_resize(struct terminal *t, int master)
{
	struct winsize now;
	if (ioctl(t->ours, TIOCGWINSZ, &now) != 0 || memcmp(&now, &t->size, sizeof(now)) == 0)
		return;
	t->size = now;
	ioctl(master, TIOCSWINSZ, &now);
}
