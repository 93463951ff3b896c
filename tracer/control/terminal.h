/*
 * terminal.h - a pseudo-terminal that stands for one of ours (private to control/).
 *
 * Owns:     its modes and its window size.
 * Gives:    both ends; what the program does to its modes is done to our terminal too.
 * Never:    reads the keyboard: the program's input is not its business.
 * Lifetime: as its descriptors, which are the caller's.
 */
#ifndef FT_TERMINAL_H
#define FT_TERMINAL_H

#include <sys/ioctl.h>
#include <termios.h>

#include "base/base.h"

struct terminal {
	int ours;	     // our terminal
	bool follows;	     // it takes over the modes that the program sets
	struct termios was;  // its modes at the start
	struct termios told; // those that its stand-in had when last looked at
	struct winsize size;
};

/* For our terminal `ours`: the master's end and the program's. FT_FAIL in words. */
FT_CHECK enum ft_rc terminal_open(struct terminal *t, int ours, int *ret_master, int *ret_inside);

/* What a read from the master gave: turns it into the program's bytes, perhaps none. */
void terminal_packet(struct terminal *t, int master, const char **bytes, size_t *len);

/* The window of our terminal may have another size. */
void terminal_resize(struct terminal *t, int master);

#endif
