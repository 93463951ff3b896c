// expect: not a program: linked to a sample built with -finstrument-functions, it writes a line
// expect: "E address" per function entered and "X address" per function left to the file that
// expect: $FT_INSTRUMENT names; the oracle of the sequence of calls
//
// The file is opened at the first event and every line is written at once: an exit, a signal, an
// exec or a longjmp loses nothing. A forked child writes nothing, nor does what it executes:
// $FT_INSTRUMENT_PID, which is set here, says whose file it is.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UNSEEN __attribute__((no_instrument_function))

enum { CLOSED = -2, UNOPENED = -1 };

static int file = UNOPENED;
static pid_t owner;

UNSEEN void __cyg_profile_func_enter(void *function, void *call_site);
UNSEEN void __cyg_profile_func_exit(void *function, void *call_site);

/* The raw call: a vfork'ed child shares our memory, so that only the kernel knows who we are. */
UNSEEN static pid_t self(void)
{
	return (pid_t)syscall(SYS_getpid);
}

UNSEEN static void open_file(void)
{
	const char *name = getenv("FT_INSTRUMENT"), *whose = getenv("FT_INSTRUMENT_PID");
	char text[16];

	owner = self();
	if (whose && atoi(whose) != owner)
		name = NULL;
	snprintf(text, sizeof(text), "%d", (int)owner);
	setenv("FT_INSTRUMENT_PID", text, 1);
	/* O_APPEND: after an exec the same file goes on. */
	file = name ? open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : CLOSED;
	if (file < 0) {
		file = CLOSED;
		return;
	}
	/* Out of the way: the program's own files keep the numbers that they have without us. */
	int high = fcntl(file, F_DUPFD_CLOEXEC, 200);
	if (high >= 0) {
		close(file);
		file = high;
	}
}

UNSEEN static void say(char what, void *function)
{
	char text[20] = {what, ' '};
	unsigned long address = (unsigned long)function;
	int at = 2;

	if (file == UNOPENED)
		open_file();
	if (file < 0 || self() != owner)
		return;
	for (int shift = 60; shift >= 0; shift -= 4)
		text[at++] = "0123456789abcdef"[address >> shift & 15];
	text[at++] = '\n';
	if (write(file, text, (size_t)at) != at)
		file = CLOSED;
}

UNSEEN void __cyg_profile_func_enter(void *function, void *call_site)
{
	(void)call_site;
	say('E', function);
}

UNSEEN void __cyg_profile_func_exit(void *function, void *call_site)
{
	(void)call_site;
	say('X', function);
}
