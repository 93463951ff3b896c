#!/usr/bin/env python3
"""cli - options, usage errors, bad input, signals, full disks; nothing is left behind.

# test: up to 120 s
"""
import ctypes
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from lib import tap
from lib.trace import FRAMETRACE, SOURCE, Ran, run, trace

DEMO = """
#include <stdio.h>
#include <unistd.h>
static int twice(int n) { return n * 2; }
static int thrice(int n) { return twice(n) + n; }
int main(int argc, char **argv)
{
	for (int i = 0; i < 3; i++)
		printf("%d\\n", thrice(i));
	fflush(stdout);
	if (argc > 1) { // wait for a line, or for ever
		char c;
		while (read(0, &c, 1) == 1 && c != '\\n')
			;
	}
	return 3;
}
"""

# A BPF program that lets everything pass but ptrace(2), which gets EPERM.
SECCOMP = b"".join(struct.pack("HBBI", *row) for row in (
    (0x20, 0, 0, 0),            # load the number of the call
    (0x15, 0, 1, 101),          # ptrace?
    (0x06, 0, 0, 0x00050001),   # EPERM
    (0x06, 0, 0, 0x7FFF0000)))  # allow


def deny_ptrace():
    """Runs in the child, before exec."""
    libc = ctypes.CDLL(None, use_errno=True)
    text = ctypes.create_string_buffer(SECCOMP)
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(text)))
    libc.prctl(38, 1, 0, 0, 0)
    if libc.prctl(22, 2, program) != 0:
        os._exit(99)


def frametrace(*argv, **options):
    try:
        return run([FRAMETRACE, *argv], timeout=20, **options)
    except subprocess.TimeoutExpired:
        return Ran(None, b"", b"no end within 20 s")


def says(name, ran, status, *words, stream="err"):
    """The exit status, and words (regular expressions) that the message must have."""
    text = getattr(ran, stream).decode(errors="replace")
    missing = [w for w in words if not re.search(w, text, re.I)]
    one_of = status if isinstance(status, tuple) else (status,)
    tap.ok(ran.status in one_of and not missing, name, ran, f"wanted: status {status}, {words}")


def check_help():
    ran = frametrace("--help")
    lines = ran.out.decode().splitlines()
    tap.ok(ran.status == 0 and not ran.err, "--help: on stdout, status 0", ran)
    tap.ok(0 < len(lines) <= 50 and max(map(len, lines)) <= 100, "--help fits a screen",
           f"{len(lines)} lines, widest {max(map(len, lines), default=0)}")
    says("--version", frametrace("--version"), 0, r"^frametrace \d+\.\d+", stream="out")
    options = re.findall(r"--[a-z][a-z-]+", ran.out.decode())
    for name in ("docs/frametrace.1", *("scripts/completion/frametrace." + shell
                                        for shell in ("bash", "zsh", "fish"))):
        path = SOURCE / name
        text = path.read_text().replace("\\-", "-") if path.exists() else ""
        missing = [o for o in sorted(set(options)) if o not in text and o[2:] not in text]
        tap.ok(text and not missing, f"every option of --help is in {name}", missing)


def check_usage():
    says("no program: usage error", frametrace(), 2, "frametrace", "usage|--help")
    says("unknown long option", frametrace("--no-such-option", "true"), 2, "no-such-option")
    says("unknown short option", frametrace("-~", "true"), 2, "~")
    says("unknown format", frametrace("--format=nonsense", "true"), 2, "nonsense", "text", "json")
    says("bad colour", frametrace("--color=perhaps", "true"), 2, "perhaps")
    says("bad depth", frametrace("--depth=many", "true"), 2, "many")
    for bad in ("--max-depth=0", "--max-depth=33", "--max-string=-1", "--max-string=4001",
                "--max-array=x", "--max-array= 5", "--max-array=10001"):
        option, _, number = bad.partition("=")
        says(bad, frametrace(bad, "true"), 2, option, "from 1 to [0-9]+, not", number)
    says("missing value", frametrace("--format"), 2)
    says("a process that runs", frametrace("-p", "1"), 2, "cannot be traced", "frametrace maps PID")
    says("the program became a value", frametrace("-f", "./demo"), 2, "'./demo' is the value of -f")
    says("a process", frametrace("-p", "1"), 2, "running process")
    for words, option in ((["help"], ["--help"]), (["help", "record"], ["record", "--help"]),
                          (["help", "maps"], ["maps", "--help"])):
        ran = frametrace(*words)
        tap.ok(ran.status == 0 and ran == frametrace(*option) and ran.out, " ".join(words), ran)
    says("help of no command", frametrace("help", "nothing"), 2, "no command 'nothing'")
    for words in (["gone.frametrace"], ["step", "--plain", "./gone.frametrace"]):
        says(f"{words}: no such log", frametrace(*words), 1, r"gone.frametrace: no such log$")
    says("a mistyped command", frametrace("recrod", "x"), 1, r"did you mean the command record\?$")
    says("no command is like it", frametrace("nosuchprogram"), 1, r"not found in PATH$")
    says("a command behind options", frametrace("-q", "list", "x"), 1, "frametrace list")


def elf(machine, bits, length=4096):
    kind = 1 if bits == 32 else 2
    head = b"\x7fELF" + bytes([kind, 1, 1, 0]) + bytes(8) + struct.pack("<HHI", 2, machine, 1)
    return head + bytes(length - len(head))


def check_bad_programs(directory, demo):
    def file(name, content, mode=0o755):
        path = directory / name
        path.write_bytes(content)
        path.chmod(mode)
        return path

    whole = demo.read_bytes()
    says("no such program", frametrace("no-such-program-here"), 1, "no-such-program-here",
         "not found|no such")
    says("no such path", frametrace("./no/such/program"), 1, "not found|no such")
    says("not executable", frametrace(file("plain", whole, 0o644)), 1, "executable|permission")
    says("a directory", frametrace(directory), 1, "directory|permission|executable")
    says("not ELF", frametrace(file("text", b"just some words\n" * 50)), 1, "ELF")
    says("an empty file", frametrace(file("empty", b"")), 1, "ELF|empty")
    says("a 32-bit ELF", frametrace(file("i386", elf(3, 32))), 1, "32-bit|i386")
    says("an Arm ELF", frametrace(file("aarch64", elf(183, 64))), 1, "Arm|aarch64|x86-64")
    for length in (3, 20, 64, 200, 1000, 4096):
        ran = frametrace(file(f"truncated{length}", whole[:length]))
        tap.ok(ran.status == 1 and ran.err.startswith(b"frametrace: "),
               f"an ELF truncated to {length} bytes", ran)
    script = file("script", b"#!/bin/sh\necho \"script $1\"\nexit 4\n")
    ran = frametrace(script, "word")
    says("a script: the interpreter is traced, and it says so", ran, 4, "interpreter|script")
    tap.equal(ran.out, b"script word\n", "a script: its output")


def check_damaged(directory, demo):
    """Every 97th byte of the debug sections damaged, one file for each of 40 phases."""
    sections = subprocess.run(["readelf", "-SW", demo], capture_output=True, text=True,
                              check=True).stdout
    ranges = [(int(m[2], 16), int(m[3], 16)) for m in
              re.finditer(r" (\.debug_\w+|\.eh_frame)\s+\w+\s+\w+ (\w+) (\w+) ", sections)]
    tap.ok(len(ranges) > 4, "the damaged program has debug sections", sections)
    alone = run([demo])
    for phase in range(40):
        data = bytearray(demo.read_bytes())
        for number, (offset, size) in enumerate(ranges):
            for at in range(offset + (phase * 7 + number) % 97, offset + size, 97):
                data[at] ^= (0xFF, 0x80, 0x01, data[at])[phase % 4]
        damaged = directory / f"damaged{phase}"
        damaged.write_bytes(data)
        damaged.chmod(0o755)
        ran = frametrace("-o", "/dev/null", damaged)
        good = (ran.status, ran.out) == (alone.status, alone.out)
        tap.ok(good, f"damaged debug information {phase}: the program runs as it does", ran)


def check_output(directory, demo):
    alone = run([demo])
    ran = frametrace("-o", "/dev/full", demo)
    tap.ok(ran.out == alone.out and b"No space left" in ran.err and ran.status != 0,
           "a full disk: the program runs to its end, the loss is told", ran)
    says("an output that cannot be opened", frametrace("-o", directory / "no/such/dir", demo), 1,
         "no/such/dir", "No such file")
    says("no name for the output", frametrace("-o", "", demo), 2, "-o takes the name of a file")
    log = directory / "full.log"
    frametrace("record", "-q", "-o", log, demo)
    for words in (["maps", log], ["maps", "-F", "json", log], ["maps", "--help"], ["where", "0x1", log],
                  ["report", log], ["report", "--help"], ["list", log], ["list", demo], ["--help"],
                  ["frames", demo], ["replay", log], ["replay", "--at=0", log], ["replay", "--check", log],
                  ["step", "--plain", log], ["help"]):
        ran = run(["sh", "-c", 'exec "$@" >/dev/full', "sh", FRAMETRACE, *words])
        tap.ok(ran.status == 1 and len(ran.err.splitlines()) == 1 and
               re.match(b"frametrace: standard output: (No space left|not all of it)", ran.err),
               f"standard output is full: {' '.join(map(str, words[:-1])) or words[0]}", ran)
    ran = run(["sh", "-c", 'exec "$0" "$1" 2>&-', FRAMETRACE, demo])
    tap.equal((ran.status, ran.out), (alone.status, alone.out), "stderr closed")
    ran = run(["sh", "-c", '"$0" "$1" 2>&1 >/dev/null | head -n 1; exit 0', FRAMETRACE, demo])
    tap.ok(ran.out.count(b"\n") == 1, "the reader of the trace goes away", ran)
    ran = frametrace(demo)
    tap.ok(ran.out == alone.out and b"thrice" in ran.err, "the trace goes to stderr", ran)
    out = directory / "trace.txt"
    ran = frametrace("-o", out, demo)
    tap.ok(ran == alone and "thrice" in out.read_text(), "the trace goes to -o FILE", ran)
    tap.ok("\033" not in out.read_text(), "no colours in a file")
    frametrace("--color=always", "-o", out, demo)
    tap.ok("\033[" in out.read_text(), "--color=always")


def check_kept(directory, demo):
    """-o never empties a program, a library or the script that is run."""
    script = directory / "kept_script"
    script.write_text("#!/bin/sh\nexit 4\n")
    script.chmod(0o755)
    linked = directory / "kept_link"
    linked.symlink_to(demo.name)
    before = demo.read_bytes(), script.read_bytes()
    for words in (["-o", demo, demo], ["report", "-o", demo, demo], ["-o", linked, "true"],
                  ["list", "-o", demo, demo], ["frames", "-o", demo, demo],
                  ["record", "-o", directory / "kept.log", f"--show={demo}", demo],
                  ["-o", script, script]):
        ran = frametrace(*words)
        says(f"{words[0]} {words[1]}: refused", ran, 1, "is not overwritten; name another file")
        tap.ok((demo.read_bytes(), script.read_bytes()) == before and not ran.out,
               "nothing is lost, nothing was run", ran)
    out = directory / "list.txt"
    ran = frametrace("list", "-o", out, demo)
    tap.ok(ran.status == 0 and not ran.out and "thrice" in out.read_text(), "list -o FILE", ran)


def check_selection(demo):
    def functions(*options):
        return sorted(set(trace([demo], *options).functions()))

    tap.equal(functions(), ["main", "thrice", "twice"], "by default: the program's own functions")
    tap.equal(functions("--function=t*"), ["thrice", "twice"], "a glob")
    tap.equal(functions("--function=/^m.*n$/"), ["main"], "a /regex/")
    tap.equal(functions("--function=main", "--function=twice"), ["main", "twice"], "two filters")
    tap.equal(functions("--function=!twice"), ["main", "thrice"], "a negated filter")
    tap.equal(functions("--depth=2"), ["main", "thrice"], "a depth limit")
    says("no match: near names are suggested", frametrace("--function=thrise", demo), (1, 3),
         "thrise", "thrice")
    ran = frametrace("list", demo, "twice", "thr*")
    found = re.findall(r"^traced +\d+  (\w+)", ran.out.decode(), re.M)
    tap.equal((ran.status, sorted(found)), (0, ["thrice", "twice"]), "list PROGRAM FUNCTION...")
    says("list has no JSON", frametrace("list", "--format=json", demo), 2, "list has the format text")
    for words in (("list", "--help"), ("help", "list")):
        says(" ".join(words), frametrace(*words), 0, "^Usage: frametrace list .OPTIONS. PROGRAM",
             stream="out")
    says("list: no match", frametrace("list", demo, "thrise"), 1, "thrise", "thrice")
    says("a broken /regex/", frametrace("--function=/(/", demo), 2, r"\(")


def check_program_options(demo):
    ran = frametrace("-o", "/dev/null", "echo", "-n", "--help", "-o", "x")
    tap.equal((ran.status, ran.out), (0, b"--help -o x"), "options behind PROGRAM are its own")
    ran = frametrace("-o", "/dev/null", "--", "echo", "a")
    tap.equal((ran.status, ran.out), (0, b"a\n"), "-- ends the options")
    ran = frametrace("-q", "-o", "/dev/null", demo)
    tap.equal(ran.status, 3, "exit status of the program")
    one = [trace([demo], "--no-aslr").pushes()[0]["cfa"] for _ in range(3)]
    tap.ok(len(set(one)) == 1, "--no-aslr: the same addresses", one)


def alive(marker):
    """Processes that have the marker in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if marker.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def waiting(demo, out, marker):
    """A traced demo that has written its lines and waits for input."""
    child = subprocess.Popen([FRAMETRACE, "--format=json", "-o", out, demo, "wait"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, start_new_session=True,
                             env=dict(os.environ, FT_MARKER=marker))
    for _ in range(3):
        child.stdout.readline()
    return child


def gone(marker):
    """Waits until the marked processes have ended: by pidfd, not by time."""
    for pid in alive(marker):
        try:
            fd = os.pidfd_open(pid)
        except OSError:
            continue
        with open(fd, "rb", closefd=True):
            import select
            select.select([fd], [], [], 20)
    return not alive(marker)


def check_signals(directory, demo):
    out = directory / "signal.json"
    marker = f"marker-{os.getpid()}-"

    child = waiting(demo, out, marker + "int")
    os.killpg(child.pid, signal.SIGINT) # as a terminal does
    _, err = child.communicate(timeout=20)
    kinds = re.findall(r'"event":"(\w+)"', out.read_text())
    tap.ok(child.returncode == -signal.SIGINT and kinds[-1:] == ["exit"]
           and kinds.count("push") == kinds.count("pop"),
           "Ctrl-C: the program gets it, the trace is complete", child.returncode, err, kinds)
    tap.ok(gone(marker + "int"), "Ctrl-C: nothing is left behind")

    child = waiting(demo, out, marker + "term")
    child.terminate()
    _, err = child.communicate(timeout=20)
    tap.ok(child.returncode == -signal.SIGTERM and gone(marker + "term"),
           "SIGTERM: the program dies too", child.returncode, err)

    child = waiting(demo, out, marker + "kill")
    child.kill()
    child.communicate(timeout=20)
    tap.ok(gone(marker + "kill"), "SIGKILL: the program dies too")

    child = waiting(demo, out, marker + "end")
    out_text, _ = child.communicate(b"\n", timeout=20)
    tap.ok(child.returncode == 3 and gone(marker + "end"), "stdin is the program's", out_text)


def main():
    words = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        source, demo = directory / "demo.c", directory / "demo"
        source.write_text(DEMO)
        subprocess.run(["gcc", "-g", "-O0", "-o", demo, source], check=True)
        checks = {
            "help": check_help, "usage": check_usage,
            "programs": lambda: check_bad_programs(directory, demo),
            "damaged": lambda: check_damaged(directory, demo),
            "output": lambda: check_output(directory, demo),
            "kept": lambda: check_kept(directory, demo),
            "selection": lambda: check_selection(demo),
            "options": lambda: check_program_options(demo),
            "signals": lambda: check_signals(directory, demo),
            "ptrace": lambda: says("ptrace denied by seccomp",
                                   frametrace(demo, preexec_fn=deny_ptrace), 1, "ptrace",
                                   "seccomp|container"),
        }
        for word, check in checks.items():
            if not words or word in words:
                check()
        stripped = directory / "stripped"
        shutil.copy(demo, stripped)
        subprocess.run(["strip", stripped], check=True)
        ran = frametrace(stripped)
        tap.ok(ran.status == 3 and b"fn_0x" in ran.err, "a stripped program: by address", ran)
    tap.done()


main()
