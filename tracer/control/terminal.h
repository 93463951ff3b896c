/*
 * terminal.h - a pseudo-terminal that stands for one of ours (private to control/).
 *
 * Owns:     its modes and its window size.
 * Gives:    both ends; what the program does to its modes is done to our terminal too.
 * Never:    reads the keyboard, unless a program waits for it at the stand-in (keyboard.c).
 * Lifetime: as its descriptors, which are the caller's.
 */
#ifndef FT_TERMINAL_H
#define FT_TERMINAL_H

#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

#include "base/base.h"

struct terminal {
	int ours;	      // our terminal
	bool follows;	      // it takes over the modes that the program sets
	struct termios was;   // its modes at the start
	struct termios first; // those of its stand-in then
	struct termios told;  // those that it had when last looked at
	bool due;	      // ours are to follow, once what was written is out
	struct winsize size;
	dev_t stand_in;
};

/* For our terminal `ours`: the master's end and the program's. FT_FAIL in words. */
FT_CHECK enum ft_rc terminal_open(struct terminal *t, int ours, int *ret_master, int *ret_inside);

/* What a read from the master gave: turns it into the program's bytes, perhaps none. */
void terminal_packet(struct terminal *t, int master, const char **bytes, size_t *len);

/* All that was written is out: ours follow, if that is due. */
void terminal_settle(struct terminal *t);

/* Does the process, or a child of it, wait for keys at the stand-in? */
bool terminal_is_asked(const struct terminal *t, int pid);

/* Keys that were typed go there. False: there are none, and will be none. */
bool terminal_type(const struct terminal *t, int master);

/* The window of our terminal may have another size. */
void terminal_resize(struct terminal *t, int master);

#endif
