#!/usr/bin/env python3
"""output - `frametrace record` hands on what a program writes, and the program does not notice.

# test: up to 120 s
"""
import fcntl
import hashlib
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from lib import tap
from lib.log import meta, rows
from lib.space import compile_c
from lib.trace import FRAMETRACE, TIMEOUT, polls_for_good, run

TELLS = r"""
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
static int step(int i)
{
	printf("out %d\n", i);
	fprintf(stderr, "err %d\n", i);
	return i;
}
int main(void)
{
	struct winsize w = {0, 0, 0, 0};
	int size = ioctl(1, TIOCGWINSZ, &w);
	fprintf(stderr, "terminals %d %d, size %d %d %d\n", isatty(1), isatty(2), size, w.ws_row,
		w.ws_col);
	for (int i = 0; i < 3; i++)
		step(i);
	return (fcntl(1, F_GETFD) < 0 ? 10 : 0) + (fcntl(2, F_GETFD) < 0 ? 20 : 0);
}
"""

ORDER = r"""
#include <stdio.h>
#include <unistd.h>
static void say(int fd, const char *s) { if (write(fd, s, 3) != 3) _exit(9); }
static void inner(void) { say(1, "b1\n"); say(2, "b2\n"); }
static void outer(void) { say(1, "a1\n"); inner(); say(2, "c2\n"); }
int main(void) { outer(); outer(); say(1, "d1\n"); return 0; }
"""

BIG = r"""
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	static char block[1000];
	long n = argc > 1 ? atol(argv[1]) : 0;
	for (long i = 0; n == 0 || i < n; i++) {
		memset(block, 'a' + (int)(i % 26), sizeof(block) - 1);
		block[sizeof(block) - 1] = '\n';
		for (size_t done = 0; done < sizeof(block);) {
			ssize_t m = write(1, block + done, sizeof(block) - done);
			if (m < 0)
				return 5;
			done += (size_t)m;
		}
	}
	return 0;
}
"""

# One thread writes more than any pipe holds; the other one calls, and says when it is done.
THREADS = r"""
#include <pthread.h>
#include <string.h>
#include <unistd.h>
static char block[65536];
static void *writer(void *p)
{
	for (int i = 0; i < 32; i++)
		for (size_t done = 0; done < sizeof(block);) {
			ssize_t m = write(1, block + done, sizeof(block) - done);
			if (m > 0)
				done += (size_t)m;
		}
	return p;
}
static int call(int i) { return i + 1; }
int main(void)
{
	pthread_t t;
	int n = 0;
	memset(block, 'x', sizeof(block));
	pthread_create(&t, NULL, writer, NULL);
	for (int i = 0; i < 500; i++)
		n = call(n);
	if (write(2, "called\n", 7) != 7)
		return 1;
	pthread_join(t, NULL);
	return n == 500 ? 4 : 1;
}
"""

WINDOW = r"""
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
static volatile sig_atomic_t changed;
static void on_change(int s) { (void)s; changed = 1; }
static void tell(void)
{
	struct winsize w = {0, 0, 0, 0};
	ioctl(1, TIOCGWINSZ, &w);
	printf("%d x %d\n", w.ws_row, w.ws_col);
}
int main(void)
{
	sigset_t block, old;
	signal(SIGWINCH, on_change);
	sigemptyset(&block);
	sigaddset(&block, SIGWINCH);
	sigprocmask(SIG_BLOCK, &block, &old);
	tell();
	while (!changed)
		sigsuspend(&old);
	tell();
	return 0;
}
"""

RAW = r"""
#include <stdio.h>
#include <termios.h>
#include <unistd.h>
int main(void)
{
	struct termios was, raw;
	char c;
	if (tcgetattr(1, &was) != 0)
		return 1;
	raw = was;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(1, TCSADRAIN, &raw);
	if (write(1, "raw\n", 4) != 4 || read(0, &c, 1) != 1)
		return 2;
	printf("got %c\n", c);
	tcsetattr(1, TCSADRAIN, &was);
	return 0;
}
"""

# As less(1) does: the keyboard is the terminal of standard error, and has output processing.
PAGER = r"""
#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>
int main(void)
{
	struct termios was, raw;
	char c;
	int fd = open(ttyname(2), O_RDONLY);
	if (fd < 0 || tcgetattr(fd, &was) != 0)
		return 1;
	raw = was;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_oflag |= OPOST | ONLCR;
	tcsetattr(fd, TCSADRAIN, &raw);
	for (int i = 0; i < 3; i++) {
		if (write(1, "page\nraw\n", 9) != 9 || read(fd, &c, 1) != 1)
			return 2;
		printf("key %c\n", c);
		fflush(stdout);
	}
	tcsetattr(fd, TCSADRAIN, &was);
	return c;
}
"""

LATE = """echo now; ( exec 3<>"$1"; read word <&3; echo "late $word" ) & echo then"""


# Waits for a key. Ctrl-Z: it tidies up and stops then (catch), stops, or does not.
STOPS = r"""
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static void on_stop(int signal)
{
	sigset_t one;
	sigemptyset(&one);
	sigaddset(&one, signal);
	write(1, "tidy\n", 5);
	struct sigaction old, usual = {.sa_handler = SIG_DFL};
	sigaction(signal, &usual, &old);
	raise(signal);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	sigaction(signal, &old, NULL);
	write(1, "back\n", 5);
}
static void *wait_on(void *unused)
{
	pause();
	return unused;
}
int main(int argc, char **argv)
{
	char key = 0;
	pthread_t thread;
	struct sigaction how = {.sa_flags = SA_RESTART};
	how.sa_handler = strcmp(argv[1], "catch") == 0 ? on_stop : SIG_IGN;
	if (strcmp(argv[1], "catch") == 0 || strcmp(argv[1], "ignore") == 0)
		sigaction(SIGTSTP, &how, NULL);
	for (int i = 0; strcmp(argv[1], "threads") == 0 && i < 3; i++)
		pthread_create(&thread, NULL, wait_on, NULL);
	write(1, "ready\n", 6);
	read(0, &key, 1);
	return key;
}
"""

# A shell with job control that lets its job go on as soon as it has stopped.
JOB_SHELL = """
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = os.fork()
if job == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    status = os.waitpid(job, os.WUNTRACED)[1]
    if not os.WIFSTOPPED(status):
        sys.exit(os.waitstatus_to_exitcode(status) % 256)
    os.write(1, b"stopped by %d, that is all\\n" % os.WSTOPSIG(status))
    os.killpg(job, signal.SIGCONT)
"""


def recorded(log, *options):
    return [FRAMETRACE, "record", "-q", "-o", str(log), *options, "--"]


def run_with(directory, argv, out, err):
    """Exit status and what arrived at each place."""
    file = directory / "place"
    closed = [n for n, where in ((1, out), (2, err)) if where == "closed"]
    with open(file, "wb") as opened:
        places = {"pipe": subprocess.PIPE, "file": opened, "null": subprocess.DEVNULL,
                  "closed": None, "same": subprocess.STDOUT}
        child = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL,
                                 stdout=places[out], stderr=places[err],
                                 preexec_fn=lambda: [os.close(n) for n in closed])
        arrived = child.communicate(timeout=TIMEOUT)
    return child.returncode, arrived, file.read_bytes()


def check_kinds(directory):
    program = compile_c(directory, "tells", TELLS)
    for out in ("pipe", "file", "null", "closed"):
        for err in ("same", "pipe", "file", "null", "closed"):
            if (out, err) in (("closed", "same"), ("file", "file")):
                continue
            alone = run_with(directory, [program], out, err)
            traced = run_with(directory, [*recorded(directory / "log"), program], out, err)
            tap.equal(traced, alone, f"stdout {out}, stderr {err}: status and bytes as alone")


def lead(argv, told, kept):
    """Leads a terminal's session, and outlives the program: as a leader ends, the kernel throws away
    what of the output is still on its way to the other end."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        os.execv(argv[0], argv)
    status = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
    os.write(told, b"%d" % status)
    os.read(kept, 1)
    os._exit(0)


def in_terminal(argv, feed=None, size=(31, 97)):
    """Runs in a terminal of its own: exit status and all that came. `feed` sees it as it comes."""
    told, kept = os.pipe(), os.pipe()
    pid, fd = pty.fork()
    if pid == 0:
        os.close(kept[1])
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        lead([str(a) for a in argv], told[1], kept[0])
    os.set_blocking(fd, False)
    out, ended = b"", False
    while True:
        try:
            out += os.read(fd, 65536)
        except BlockingIOError:
            if ended:
                break
            ended = told[0] in select.select([fd, told[0]], [], [])[0]
            continue
        if feed:
            feed(fd, out)
    status = int(os.read(told[0], 16))
    for end in (*kept, *told):
        os.close(end)
    os.waitpid(pid, 0)
    os.close(fd)
    return status, out


def check_terminal(directory):
    program, log = compile_c(directory, "tells", TELLS), directory / "log"
    alone, traced = in_terminal([program]), in_terminal([*recorded(log), program])
    tap.equal(traced, alone, "a terminal: isatty, size, order, buffering, bytes, status as alone")
    tap.ok(b"size 0 31 97" in alone[1], "the size was that of the terminal", alone)
    text = b"".join(r[0] for r in rows(log, "select bytes from written order by id"))
    tap.equal(text.replace(b"\n", b"\r\n"), alone[1], "the log has the bytes as they were written")

    def resize(fd, out, done=[]):
        if b"31 x 97" in out and fd not in done:
            done.append(fd)
            fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 123, 0, 0))
    window = compile_c(directory, "window", WINDOW)
    status, out = in_terminal([*recorded(log), window], resize)
    tap.equal((status, out), (0, b"31 x 97\r\n40 x 123\r\n"), "a resize: the program sees the new size")
    raw, seen = compile_c(directory, "raw", RAW), []

    def type_key(fd, out):
        if b"raw" in out and not seen:
            # The modes follow with the bytes that were written after them, not later.
            seen.append(termios.tcgetattr(fd)[3] & (termios.ICANON | termios.ECHO))
            os.write(fd, b"k")
    alone = in_terminal([raw], type_key)
    first, seen[:] = list(seen), []
    traced = in_terminal([*recorded(log), raw], type_key)
    tap.equal((traced, seen), (alone, first), "modes set through standard output reach the keyboard")


def check_pager(directory):
    pager, keys = compile_c(directory, "pager", PAGER), []

    def type_keys(fd, out):
        if out.count(b"raw") > len(keys):
            keys.append(b"abc"[len(keys):][:1])
            os.write(fd, keys[-1])
    alone = in_terminal([pager], type_keys)
    keys.clear()
    traced = in_terminal([*recorded(directory / "log"), pager], type_keys)
    tap.equal(traced, alone, "a program that reads the terminal of its standard error gets its keys")
    tap.ok(alone[0] == ord("c"), "three of them", alone)
    first = []

    def type_ahead(fd, out):
        if not first:
            first.append(os.write(fd, b"abc"))
    traced = in_terminal([*recorded(directory / "log"), pager], type_ahead)
    tap.ok(traced[0] == ord("c") and traced[1].count(b"key") == 3, "keys that are typed ahead too",
           traced)
    sleeps = []

    def type_late(fd, out):
        if b"page" in out and not sleeps:
            leader = os.tcgetpgrp(fd)
            job = Path(f"/proc/{leader}/task/{leader}/children").read_text(encoding="ascii")
            sleeps.append(polls_for_good(int(job)))
            os.write(fd, b"abc")
    traced = in_terminal([*recorded(directory / "log"), pager], type_late)
    tap.ok(sleeps == [True] and traced[0] == ord("c"),
           "until one is typed the recorder waits for as long as it takes", sleeps, traced)


def check_interrupt(directory):
    """Ctrl-C at the terminal: to the program as ever, and the log is whole."""
    for script in ("trap 'echo caught; exit 6' INT; echo ready; while :; do sleep 0.1; done",
                   "echo ready; while :; do sleep 0.1; done"):
        argv, done = ["/bin/sh", "-c", script], []

        def interrupt(fd, out):
            if b"ready" in out and not done:
                done.append(fd)
                os.write(fd, b"\x03")
        alone = in_terminal(argv, interrupt)
        done.clear()
        traced = in_terminal([*recorded(directory / "log"), *argv], interrupt)
        tap.equal((traced, meta(directory / "log", "state")), (alone, "complete"),
                  f"Ctrl-C: status {alone[0]} as alone")


def check_suspend(directory):
    """Ctrl-Z: the job stops when the program does, and goes on with it."""
    program, log = compile_c(directory, "stops", STOPS, "-pthread"), directory / "log"
    shell = [sys.executable, "-c", JOB_SHELL]
    for how, stopped in (("catch", b"back"), ("default", b"all"), ("threads", b"all"),
                         ("ignore", b"^Z")):
        typed = []

        def type_keys(fd, out):
            if b"ready" in out and not typed:
                typed.append(b"\x1a")
                os.write(fd, typed[-1])
            if stopped in out and len(typed) == 1:
                typed.append(b"k\n")
                os.write(fd, typed[-1])
        alone = in_terminal([*shell, program, how], type_keys)
        tap.ok(alone[0] == ord("k") and (b"stopped by" in alone[1]) == (how != "ignore"),
               f"Ctrl-Z, {how}: it stops and goes on", alone)
        for tracer in (recorded(log), [FRAMETRACE, "-q", "-o", directory / "trace"]):
            typed.clear()
            tap.equal(in_terminal([*shell, *tracer, program, how], type_keys), alone,
                      f"Ctrl-Z, {how}: {Path(tracer[1]).name}: as alone")


def check_order(directory):
    """What was written comes between the events between which it was written."""
    program, log = compile_c(directory, "order", ORDER), directory / "log"
    both = run([*recorded(log, "--no-heap", "-f", "!say"), program])
    told = rows(log, "select seq, kind || ' ' || coalesce(function, '') from events order by seq")
    written = rows(log, "select after, stream, text from output")
    order = []
    for seq, what in told:
        order.append(what)
        order += [f"{stream} {text.strip()}" for after, stream, text in written if after == seq]
    outer = ["push outer", "stdout a1", "push inner", "stdout b1", "stderr b2", "pop inner",
             "stderr c2", "pop outer"]
    expected = ["push main", *outer, *outer, "stdout d1", "pop main", "exit "]
    tap.equal([o for o in order if not o.startswith("note")], expected, "output between its events")
    tap.equal((both.out, both.err), (b"a1\nb1\na1\nb1\nd1\n", b"b2\nc2\nb2\nc2\n"), "and passed on", both)


def check_much(directory):
    program, log = compile_c(directory, "big", BIG), directory / "log"
    command = " ".join(map(str, [*recorded(log), program, 10000]))
    alone = run(["sh", "-c", f"{program} 10000 | cat"])
    traced = run(["sh", "-c", f"{command} | cat"])
    tap.equal((traced.status, hashlib.sha256(traced.out).hexdigest()),
              (0, hashlib.sha256(alone.out).hexdigest()), "10 MB without a stop, through a pipe")
    tap.equal(rows(log, "select sum(length(bytes)) from written"), [(10000000,)], "all in the log")
    statuses = []
    for how in ([], recorded(log)):
        words = " ".join(map(str, [*how, program]))
        ran = run(["bash", "-c", f"{words} | head -c 5000 >/dev/null; echo ${{PIPESTATUS[0]}}"])
        statuses.append(ran.out)
    tap.equal(statuses[1], statuses[0], "nobody reads any more: the program ends of it as alone")
    full = run(["sh", "-c", f"exec {command} >/dev/full"])
    tap.ok(full.status == 1 and b"cannot write the program's output" in full.err,
           "a full device is told of", full)


def check_slow_reader(directory):
    """While one thread waits for the reader, the others go on, as they would alone."""
    program = compile_c(directory, "threads", THREADS, "-pthread")
    child = subprocess.Popen([*recorded(directory / "log"), str(program)], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    told = child.stderr.readline()  # before anybody reads stdout
    out, err = child.communicate(timeout=TIMEOUT)
    tap.equal((told, child.returncode, len(out), err), (b"called\n", 4, 32 * 65536, b""),
              "a slow reader stops the thread that writes, and no other")


def check_children(directory):
    fifo, log = directory / "fifo", directory / "log"
    os.mkfifo(fifo)
    child = subprocess.Popen([*recorded(log), "/bin/sh", "-c", LATE, "sh", str(fifo)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    status = child.wait(TIMEOUT)
    tap.equal((status, rows(log, "select value from meta where key = 'state'")), (0, [("complete",)]),
              "a child that is left behind is not waited for")
    with open(fifo, "w", encoding="ascii") as words:
        words.write("enough\n")
    tap.equal(child.stdout.read(), b"now\nthen\nlate enough\n", "what it writes later arrives")
    child.stdout.close()


def check_signals(directory):
    for number in (signal.SIGSEGV, signal.SIGTERM, signal.SIGKILL):
        argv = ["/bin/sh", "-c", f"echo before; kill -{number.value} $$"]
        alone, traced = run(argv), run([*recorded(directory / "log"), *argv])
        tap.equal(traced, alone, f"{number.name}: status and output as alone")
    argv = ["/bin/sh", "-c", "readlink /proc/self/fd/1"]
    with open(directory / "its own", "w+b") as file:
        subprocess.run([*recorded(directory / "log", "--no-output"), *argv], stdout=file, check=True)
        file.seek(0)
        tap.equal(file.read().decode().strip(), file.name, "--no-output: its stdout is ours")
    tap.equal(rows(directory / "log", "select count(*) from written"), [(0,)],
              "--no-output: nothing in the log")


def main():
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        check_kinds(directory)
        check_terminal(directory)
        check_pager(directory)
        check_interrupt(directory)
        check_suspend(directory)
        check_order(directory)
        check_much(directory)
        check_slow_reader(directory)
        check_children(directory)
        check_signals(directory)
    tap.done()


main()
