#!/usr/bin/env python3
"""record_end - kill -9 of record at any moment, and places where no log can be.

# test: up to 120 s
"""
import ctypes
import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lib import tap
from lib.log import meta, rows
from lib.space import compile_c
from lib.trace import FRAMETRACE, TIMEOUT, polls_for_good, run

KILLS = 30
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h
ENDLESS = r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
int main(int argc, char **argv)
{
	printf("%d\n", (int)getpid());
	fflush(stdout);
	if (argc > 2)
		return getchar() == 'x';
	for (int i = 0; argc > 1; i = (i + 1) % 9) {
		char *p = malloc(100);
		printf("%d\n", fib(i));
		free(p);
	}
	return fib(3);
}
"""


def start(log, program, *argv, **options):
    """A recorder whose program runs: (recorder, pid of the program)."""
    child = subprocess.Popen([FRAMETRACE, "record", "-q", "-o", log, "--", program, *argv],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             **options)
    return child, int(child.stdout.readline())


def drain_for(child, seconds):
    """Reads what the program writes, so that it is never blocked, for a random moment."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([child.stdout], [], [], left)[0]:
            os.read(child.stdout.fileno(), 65536)


def program_gone(pid):
    """It was killed with its tracer; as its parent now, we see how it ended."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        try:
            reaped, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            return not os.path.exists(f"/proc/{pid}")
        if reaped:
            return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        time.sleep(0.005)
    return False


def check_kills(directory, program, n, rng):
    gone = cut = sound = alone = journals = 0
    script = directory / "script"
    script.write_text("goto last\ninfo event\nbacktrace\n")
    notes = []
    for i in range(n):
        log = directory / "log"
        child, pid = start(log, program, "forever")
        drain_for(child, rng.random() * 0.35)
        child.kill()
        child.wait()
        gone += program_gone(pid)
        for stream in (child.stdin, child.stdout, child.stderr):
            stream.close()
        left = sorted(p.name for p in directory.glob("log*"))
        ran = run([FRAMETRACE, "step", "--plain", "--script", script, log])
        said = ran.out + ran.err
        empty = b"no event" in said
        cut += (ran.status == 0 or empty) and b"killed" in said
        if sorted(p.name for p in directory.glob("log*")) != left or not set(left) <= {"log", "log-journal"}:
            notes.append(f"files {left}")
        if ran.status != 0 and not empty or b"killed" not in said:
            notes.append(ran)
        elsewhere = directory / "elsewhere"
        elsewhere.mkdir()
        journals += "log-journal" in left
        for name in left:
            shutil.copy(directory / name, elsewhere / name)
        (elsewhere / "log").chmod(0o444)
        alone += "log-journal" in left or rows(elsewhere / "log", "pragma integrity_check") == [("ok",)]
        (elsewhere / "log").chmod(0o644)
        by_sqlite = subprocess.run(["sqlite3", elsewhere / "log", "pragma integrity_check; select value "
                                    "from meta where key = 'state'; select count(*) from calls"],
                                   capture_output=True, check=False) if shutil.which("sqlite3") else None
        if by_sqlite is None:
            sound += 1
        elif by_sqlite.stdout.startswith(b"ok\nwriting\n"):
            sound += 1
        else:
            notes.append(by_sqlite)
        shutil.rmtree(elsewhere)
        for name in left:
            (directory / name).unlink()
    tap.equal(gone, n, f"kill -9, {n} times: the program is gone")
    tap.ok(cut == n, f"kill -9, {n} times: the log opens and says it was cut ({journals} with a journal)",
           cut, *notes)
    tap.ok(sound == n and alone == n, f"kill -9, {n} times: sound, alone, for sqlite3", sound, alone, *notes)


def one_line(ran, *words):
    lines = ran.err.decode().splitlines()
    return ran.status == 1 and len(lines) == 1 and all(w in lines[0] for w in ("frametrace: ",) + words)


def check_places(directory, program):
    for place, word in ((directory, "directory"), ("/dev/full", "regular file"),
                        ("/dev/null", "regular file"), (directory / "no/such", "No such file"),
                        (program, "not overwritten")):
        ran = run([FRAMETRACE, "record", "-o", place, "--", program])
        tap.ok(one_line(ran, str(place), word) and ran.out == b"", f"record -o {Path(place).name}: one line,"
               " and nothing runs", ran)
    fifo = directory / "fifo"
    os.mkfifo(fifo)
    ran = run([FRAMETRACE, "record", "-o", fifo, "--", program])
    tap.ok(one_line(ran, "regular file"), "record -o FIFO", ran)
    diary = directory / "log-journal"
    diary.write_text("dear diary")
    ran = run([FRAMETRACE, "record", "-o", directory / "log", "--", program])
    tap.ok(one_line(ran, "log-journal") and diary.read_text() == "dear diary" and not
           (directory / "log").exists(), "LOG-journal is somebody's own: it stays", ran)
    diary.unlink()
    locked = directory / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    mounted = run(["mount", "--bind", "-o", "ro", locked, locked]).status == 0 and \
        run(["mount", "-o", "remount,ro,bind", locked]).status == 0
    if os.geteuid() == 0 and not mounted:
        tap.skip("a read-only directory", "nothing could be mounted")
    else:
        ran = run([FRAMETRACE, "record", "-o", locked / "log", "--", program])
        tap.ok(one_line(ran, "locked/log") and ran.out == b"", "a read-only directory", ran)
    if mounted:
        run(["umount", locked])


def check_links(directory, program):
    link, place = directory / "link", directory / "elsewhere"
    place.mkdir()
    link.symlink_to("elsewhere/log")
    for what in ("no file", "an older log"):
        ran = run([FRAMETRACE, "record", "-o", link, "--", program])
        tap.ok(ran.status == 2 and link.is_symlink() and meta(place / "log", "state") == "complete"
               and (b"older log" in ran.err) == (what == "an older log"),
               f"record -o LINK to {what}: the log is where it leads", ran)
    for suffix in ("-journal", "-wal"):
        (place / f"log{suffix}").write_text("dear diary")
        ran = run([FRAMETRACE, "record", "-o", link, "--", program])
        tap.ok(one_line(ran, f"elsewhere/log{suffix}") and (place / "log").exists(),
               f"what is not to be removed there stays: {suffix}", ran)
        (place / f"log{suffix}").unlink()
    child, _ = start(link, program, "wait", "wait")
    ran = run([FRAMETRACE, "record", "-o", place / "log", "--", program])
    tap.ok(one_line(ran, "is being written", str(child.pid)), "a file that is written by its link", ran)
    child.communicate(b"x\n")
    loop = directory / "loop"
    loop.symlink_to("loop")
    ran = run([FRAMETRACE, "record", "-o", loop, "--", program])
    tap.ok(one_line(ran, "loop", "symbolic links"), "a link that leads nowhere", ran)
    shutil.rmtree(place)
    ran = run([FRAMETRACE, "record", "-o", link, "--", program])
    tap.ok(one_line(ran, "link", "No such file"), "a link to no directory", ran)


def check_moved(directory, program):
    for what, move in (("removed", os.unlink), ("moved", lambda p: os.rename(p, p.with_name("moved"))),
                       ("replaced", lambda p: (os.unlink(p), p.write_text("mine")))):
        log = directory / "log"
        child, _ = start(log, program, "wait", "wait")
        move(log)
        out, err = child.communicate(b"x\n")
        ran = subprocess.CompletedProcess([], child.returncode, out, err)
        tap.ok(child.returncode == 1 and len(err.splitlines()) == 1 and
               b"while it was being written" in err, f"the log is {what} meanwhile: told of", ran)
        if what == "moved":
            tap.equal(meta(directory / "moved", "state"), "complete", "a log that was moved is complete")
        elif what == "replaced":
            tap.equal(log.read_text(), "mine", "what replaced it is left alone")
            log.unlink()


def check_two(directory, program):
    log = directory / "twice"
    child, _ = start(log, program, "wait", "wait")
    ran = run([FRAMETRACE, "record", "-o", log, "--", program])
    tap.ok(one_line(ran, "is being written", str(child.pid)) and ran.out == b"",
           "two recorders, one file: the second is refused", ran)
    child.communicate(b"x\n")
    tap.equal((child.returncode, meta(log, "state")), (1, "complete"), "and the first goes on")
    ran = run([FRAMETRACE, "record", "-o", log, "--", program])
    tap.ok(ran.status == 2 and meta(log, "state") == "complete", "later it is written over", ran)


def check_sleeps(directory, program):
    """While the program waits, the recorder commits what there is; then it waits without a timeout."""
    log = directory / "sleeps"
    child, _ = start(log, program, "wait", "wait")
    tap.ok(polls_for_good(child.pid), "a blocked program: the recorder waits for as long as it takes")
    tap.equal(rows(log, "select count(*) from written"), [(1,)],
              "what the program wrote is in the log by then")
    tap.equal(rows(log, "select function from calls"), [("main",)], "and the call that it waits in")
    child.communicate(b"x\n")
    tap.equal((child.returncode, meta(log, "state")), (1, "complete"), "and it wakes up again")


def main():
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    n = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        program = compile_c(directory, "endless", ENDLESS)
        (directory / "kills").mkdir()
        check_kills(directory / "kills", program, n, random.Random(n))
        check_places(directory, program)
        check_links(directory, program)
        check_moved(directory, program)
        check_two(directory, program)
        check_sleeps(directory, program)
    tap.done()


main()
