/*
 * keyboard.c - a program that looks for the keyboard behind its standard error, as pagers do.
 *
 * Standard input is the program's own. But less(1) opens the terminal that ttyname(3) tells of its
 * standard error, and that is our stand-in. Whoever waits in a read(2) of it waits for the
 * keyboard: then, and only then, what is typed at our terminal goes there.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control/terminal.h"

enum { FAMILY_DEPTH = 4, READ_AT_ONCE = 1024 };

static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

// proc(5), /proc/PID/syscall: the number of the call that the thread is in, its arguments.
static bool thread_waits(int pid, int tid, dev_t terminal)
{
	char path[64], text[256], *end;
	struct stat st;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, tid);
	if (!read_text(path, text, sizeof(text)))
		return false;
	long call = strtol(text, &end, 10);
	if (end == text || call != SYS_read)
		return false;
	unsigned long fd = strtoul(end, NULL, 16);
	snprintf(path, sizeof(path), "/proc/%d/fd/%lu", pid, fd);
	return stat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == terminal;
}

// The process, or a child of it: a program may run a pager.
static bool family_waits(int pid, dev_t terminal, int depth)
{
	char path[64], children[1024];
	bool waits = false;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);
	if (!dir)
		return false;
	for (struct dirent *d; !waits && (d = readdir(dir));) {
		int tid = (int)strtol(d->d_name, NULL, 10);
		if (tid <= 0)
			continue;
		waits = thread_waits(pid, tid, terminal);
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, tid);
		if (waits || depth == 0 || !read_text(path, children, sizeof(children)))
			continue;
		char *next;
		for (char *at = children; !waits; at = next) {
			int child = (int)strtol(at, &next, 10);
			if (next == at)
				break;
			waits = child > 0 && family_waits(child, terminal, depth - 1);
		}
	}
	closedir(dir);
	return waits;
}

bool terminal_is_asked(const struct terminal *t, int pid)
{
	return t->follows && tcgetpgrp(t->ours) == getpgrp() &&
	       family_waits(pid, t->stand_in, FAMILY_DEPTH);
}

bool terminal_type(const struct terminal *t, int master)
{
	char keys[READ_AT_ONCE];
	ssize_t n = read(t->ours, keys, sizeof(keys));
	return n > 0 && write(master, keys, (size_t)n) == n;
}
