#!/usr/bin/env python3
"""record - a trace log has what the run had, and says so when it has not.

# test: up to 180 s
"""
import difflib
import json
import os
import re
import resource
import signal
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

from lib import tap
from lib.log import meta, rows
from lib.space import compile_c
from lib.trace import BUILD, FRAMETRACE, SOURCE, TIMEOUT, run

DEMOS = ["double_c", "boxed_value_c", "fib_c", "factorial_c"]

CALLS = r"""
#include <stdio.h>
#include <stdlib.h>
struct point { int x, y; };
static int leaf(int i) { return i + 1; }
static int middle(struct point p) { return leaf(p.x) + leaf(p.y); }
static int work(int i) { return middle((struct point){i, 2 * i}); }
int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 3, sum = 0;
	for (int i = 0; i < n; i++)
		sum += work(i);
	printf("%d\n", sum);
	fflush(stdout);
	if (argc > 2)
		while (getchar() != EOF)
			;
	for (int i = 0; argc > 3 && i < atoi(argv[3]); i++)
		sum += work(i);
	printf("%d\n", sum);
	return sum % 100;
}
"""

TWO_CALLS = """
static int first(int i) { return i + 1; }
static int second(int i) { return i + 2; }
int main(void) { return first(1) + second(2); }
"""


def record(log, argv, *options, **run_options):
    return run([FRAMETRACE, "record", "-o", log, *options, "--", *argv], **run_options)


def last_line(ran):
    return ran.err.decode().splitlines()[-1] if ran.err else ""


def state(log):
    return meta(log, "state")


# ---- what is in it ------------------------------------------------------------------------------

def shown(log, argv, *options):
    """What --show printed as JSON: the header and the events."""
    show = log.with_suffix(".json")
    ran = record(log, argv, "--format=json", f"--show={show}", *options)
    return ran, [json.loads(line) for line in show.read_text().splitlines()]


def check_equal_to_shown(directory, name, *options):
    log = directory / f"{name}.log"
    ran, (header, *events) = shown(log, [BUILD / "demos" / name], *options)
    told = [(e["seq"], e["event"], e["time_ns"]) for e in events]
    tap.equal(rows(log, "select seq, kind, time_ns from events order by seq"), told,
              f"{name}: every event that --show printed, and no other", ran)
    pops = {e["pushed_seq"]: e for e in events if e["event"] == "pop"}
    calls = []
    for e in events:
        if e["event"] == "push":
            pop = pops[e["seq"]]
            arguments = ", ".join(f"{v['name']}={v['value']}" for v in e["args"] or [])
            result = pop.get("return", {}).get("value")
            calls.append((e["seq"], e["function"], e["depth"], arguments or None, result,
                          pop["how"], -e["delta"], pop["seq"], e["cfa"]))
    tap.equal(rows(log, "select seq, function, depth, arguments, result, how, stack_bytes, popped,"
                        " cfa from calls order by seq"), calls, f"{name}: its calls")
    tap.equal((meta(log, "program"), meta(log, "build_id"), state(log)),
              (header["program"], header["build_id"], "complete"), f"{name}: the program")
    n = len(calls)
    tap.ok(f"recorded {len(events)} events ({n} call{'s' * (n != 1)})" in last_line(ran)
           and f"frametrace replay {log}" in last_line(ran), f"{name}: the last line", ran)


def check_show(directory):
    """--show prints what frametrace prints, but for numbers of time and process."""
    calls, boxed = compile_c(directory, "calls", CALLS), BUILD / "demos/boxed_value_c"
    back, rust = BUILD / "demos/callback_c", BUILD / "demos/boxed_value"
    for program, *options in ([calls], [calls, "-v"], [calls, "-q"], [boxed, "-vv"], [back],
                              [back, "--format=json"], [calls, "--events=line,insn", "-v"],
                              [boxed, "--map"], [calls, "-k"], [rust], [rust, "-v"]):
        if not program.exists():
            tap.skip(f"--show {program.name}", "it could not be built")
            continue
        show, direct = directory / "show", directory / "direct"
        record(directory / "log", [program], "-R", f"--show={show}", *options)
        run([FRAMETRACE, "-R", "-o", direct, *options, "--", program])
        texts = [re.sub(r'process \d+|"p?p?[pt]id":\d+|"time(_ns)?":"?[^,]*|"(wall_ns|hits|stops)":\d+'
                        r"|cost: .*|[0-9.]+ ms", "", file.read_text()) for file in (show, direct)]
        differ = list(difflib.unified_diff(*(text.splitlines() for text in texts), lineterm=""))
        tap.ok(not differ, f"--show {' '.join([program.name, *options])}: as frametrace prints it",
               *differ)


def check_described(directory):
    program, log = compile_c(directory, "calls", CALLS), directory / "log"
    record(log, [program])
    source = (directory / "calls.c").read_text()
    text = [r[0] for r in rows(log, "select text from source_lines where file like '%calls.c' "
                                    "order by line")]
    tap.equal([t.rstrip("\n") for t in text], source.splitlines(), "the text of the source")
    listed = run(["objdump", "-d", "--no-show-raw-insn", "--disassemble=leaf", program]).out.decode()
    expected = len(re.findall(r"^\s+[0-9a-f]+:", listed, re.M))
    found = rows(log, "select i.pc - f.lo, i.bytes, i.line from function f join insn i "
                      "on i.function = f.id where f.name = 'leaf' order by i.place")
    code = b"".join(bytes.fromhex(b) for _, b, _ in found)
    tap.ok(len(found) == expected and code.startswith(b"\x55\x48\x89\xe5") and code[-1] == 0xc3
           and len(code) == found[-1][0] + 1, "the instructions of a function", found, listed)
    tap.ok({line for *_, line in found} == {5}, "their lines", found)
    tap.equal(rows(log, "select m.name, m.member_type, m.offset, m.size from type t join member m on "
                        "m.type = t.id where t.name = 'struct point' order by m.place"),
              [("x", "int", 0, 4), ("y", "int", 4, 4)], "the members of a type")
    tap.equal({r[0] for r in rows(log, "select name from function")},
              {"main", "work", "middle", "leaf"}, "the functions")
    record(log, [BUILD / "demos/boxed_value_c"])
    grown = [r[0] for r in rows(log, "select seq from events where kind = 'brk'")]
    told = [r[0] for r in rows(log, "select a.after from aside a join shape s on s.id = a.shape "
                                    "where s.kind = 'map' order by a.id")]
    tap.ok(grown and told[1:-1] == grown, "and after each growth of the heap", grown, told)
    at = [run([FRAMETRACE, "maps", f"--at={seq}", log]).out for seq in (grown[0] - 1, grown[0])]
    tap.ok(b"[heap]" not in at[0] and b"[heap]" in at[1], "maps --at: before and after it", *at)


def check_environment(directory):
    log, program = directory / "log", BUILD / "demos/double_c"
    env = {**os.environ, "MALLOC_ARENA_MAX": "2", "TZ": "UTC", "A_SECRET": "x", "COURSE_ID": "7"}
    record(log, [program], env=env)
    kept = json.loads(meta(log, "environment"))
    tap.ok({"MALLOC_ARENA_MAX=2", "TZ=UTC"} <= set(kept), "variables that change a run are kept", kept)
    tap.ok(not any(k.startswith(("A_SECRET", "COURSE_ID", "HOME=")) for k in kept), "others are not")
    record(log, [program], "--env=COURSE_*", env=env)
    tap.ok("COURSE_ID=7" in json.loads(meta(log, "environment")), "--env keeps more")
    tap.equal(meta(log, "directory"), os.getcwd(), "the directory is kept")


# ---- where it goes ------------------------------------------------------------------------------

def check_files(directory):
    program = compile_c(directory, "calls", CALLS)
    os.chdir(directory)
    ran = run([FRAMETRACE, "record", "./calls"])
    tap.ok(state("calls.frametrace") == "complete" and ran.status == 15,
           "PROGRAM.frametrace, here", ran)
    first = os.stat("calls.frametrace").st_ino
    run([FRAMETRACE, "record", program, "1"])
    calls = rows("calls.frametrace", "select count(*) from calls")
    tap.ok(calls == [(5,)], "an older log is written over", calls, first)
    tap.equal([p for p in os.listdir(".") if p.startswith("calls.frametrace")], ["calls.frametrace"],
              "one file remains")
    Path("thesis").write_text("years of work")
    ran = record("thesis", ["./calls"])
    tap.ok(ran.status == 1 and b"thesis" in ran.err and b"log" in ran.err and ran.out == b"" and
           Path("thesis").read_text() == "years of work", "another file is not", ran)
    for place in (".", "/proc/no/such", "missing/log"):
        ran = record(place, ["./calls"])
        tap.ok(ran.status == 1 and ran.out == b"" and len(ran.err.splitlines()) == 1
               and place.encode() in ran.err, f"{place}: one clear line, and nothing is run", ran)
    ran = record("new", ["./missing"])
    tap.ok(ran.status == 1 and not Path("new").exists(), "no program: no log", ran)
    Path("script").write_text("#!/bin/sh\necho from $0\nexit 5\n")
    os.chmod("script", 0o755)
    ran = record("new", ["./script"])
    tap.ok(ran.status == 5 and ran.out == b"from ./script\n" and b"interpreter" in ran.err
           and state("new") == "complete", "a script", ran)
    tap.equal(record("new", ["./calls"], "-q").err, b"", "-q: no last line")
    ran = record("a \33[1m log", ["./calls"])
    tap.ok("frametrace replay 'a \\033[1m log'" in last_line(ran), "a strange name, quoted", ran)
    os.chdir(SOURCE)


def check_show_apart(directory):
    """--show=FILE is another file than the log, by whatever name; nothing is lost before that is said."""
    there = directory / "apart"
    there.mkdir()
    old, new, link, text = there / "old", there / "new", there / "link", there / "text"
    record(old, ["/bin/true"])
    kept = old.read_bytes()
    link.symlink_to(new)
    text.write_text("mine\n")
    for log, show, why in ((old, old, "is the log of this run"), (new, new, "is the log of this run"),
                           (new, link, "is the log of this run"),
                           (link, new, "is the log of this run"), (new, old, "is a trace log"),
                           (old, "/nowhere/x", "No such file"), (text, there / "more", "no trace log")):
        ran = record(log, ["/bin/true"], f"--show={show}")
        said = ran.err.decode()
        tap.ok(ran.status == 1 and why in said and len(said.splitlines()) == 1
               and ("not overwritten" not in said or "--show=FILE" in said or "-o FILE" in said),
               f"-o {log.name} --show={Path(show).name}: {why}", ran)
        left = sorted(p.name for p in there.iterdir())
        tap.ok(left == ["link", "old", "text"] and old.read_bytes() == kept
               and text.read_text() == "mine\n", "all is as it was", left)
    ran = record(new, ["/bin/true"], f"--show={text}")
    tap.ok(ran.status == 0 and text.read_text().startswith("-- process") and "mine" not in
           text.read_text(), "another file is overwritten", ran)


def check_usage():
    for words, what in ((["--max-size=0"], "--max-size"), (["--max-size=5x"], "--max-size"),
                        (["--max-events=-1"], "--max-events"), (["--on-error=stop"], "--on-error"),
                        (["--stop-after="], "empty pattern"), (["--sort=calls"], "--sort"),
                        (["--start-at=/(/"], "(")):
        ran = run([FRAMETRACE, "record", *words, "/bin/true"])
        tap.ok(ran.status == 2 and what in ran.err.decode() and len(ran.err.splitlines()) == 1,
               f"record {words[0]}: refused", ran)
    tap.ok(run([FRAMETRACE, "record"]).status == 2, "record without a program: refused")
    text = run([FRAMETRACE, "record", "--help"]).out.decode()
    missing = [o for o in ("--max-events", "--max-size", "--start-at", "--stop-after", "--on-error",
                           "--env", "--no-output", "--show") if o not in text]
    tap.ok(not missing, "record --help", missing)


# ---- a part of a run ----------------------------------------------------------------------------

def check_sound(log, what):
    ran = run([FRAMETRACE, "replay", "--check", log])
    tap.ok(ran.status == 0 and b"sound" in ran.out, f"{what}: replay --check finds it sound", ran)


def remove_event(log, query):
    with sqlite3.connect(log) as db:
        db.execute(f"delete from event where seq = ({query})")
    db.close()


def check_late(directory):
    """Without a frame around it: the first event of the log is not that of the run."""
    program, log = compile_c(directory, "two_calls", TWO_CALLS), directory / "log"
    record(log, [program], "-f", "first", "-f", "second", "--start-at=second")
    check_sound(log, "--start-at, no frame around it")
    tap.equal(rows(log, "select min(seq) from calls"), [(2,)], "--start-at: numbers are the run's")
    for options in ([], ["-f", "second"]):
        ran = run([FRAMETRACE, "replay", "--map", *options, log])
        tap.ok(b"address space at start" in ran.out, "--start-at: the map at start is replayed", ran)


def check_replaced(directory):
    program, log = compile_c(directory, "again", CALLS), directory / "again.log"
    first, second = (last_line(record(log, [program])) for _ in range(2))
    tap.ok("older log" not in first and "in place of an older log" in second,
           "an older log in the place: the last line says so", first, second)
    kept, show = log.read_bytes(), directory / "again.show"
    show.write_text("kept")
    lost = compile_c(directory, "lost", CALLS, "-Wl,--dynamic-linker=/nonexistent/ld.so")
    for command in (["record", f"--show={show}"], ["step", "--plain"]):
        ran = run([FRAMETRACE, *command, "-o", log, "--", lost])
        tap.ok(ran.status == 1 and len(ran.err.splitlines()) == 1 and b"lost: the dynamic linker that it names is not there" in ran.err
               and log.read_bytes() == kept and show.read_text() == "kept",
               f"{command[0]}: a program that cannot be started costs no older log", ran)


def check_parts(directory):
    check_replaced(directory)
    program, log = compile_c(directory, "calls", CALLS), directory / "log"
    ran = record(log, [program], "--start-at=leaf", "--no-heap")
    calls = rows(log, "select seq, function, depth from calls order by seq")
    tap.equal([c[1:] for c in calls[:4]], [("main", 0), ("work", 1), ("middle", 2), ("leaf", 3)],
              "--start-at: the frames around it are known", ran)
    kinds = rows(log, "select kind, function from events where seq > ? order by seq limit 1",
                 calls[3][0])
    tap.equal(kinds, [("pop", "leaf")], "--start-at: all that comes then")
    tap.equal((ran.status, len(calls)), (15, 13), "--start-at: to the end")
    check_sound(log, "--start-at")
    remove_event(log, "select max(seq) - 1 from event")
    ran = run([FRAMETRACE, "replay", "--check", log])
    tap.ok(ran.status == 1 and b"damaged" in ran.err, "--start-at: a loss behind it is told", ran)
    check_late(directory)
    ran = record(log, [program], "--start-at=nothing")
    tap.ok("nothing was not called" in last_line(ran) and "nothing" in state(log), "--start-at: never", ran)
    for option, last in (("--stop-after=middle", ("pop", "middle")), ("--stop-after=/^wor/",
                                                                      ("pop", "work"))):
        ran = record(log, [program], option, "--no-heap")
        events = rows(log, "select kind, function from events order by seq")
        tap.ok(events[-1] == last and events.count(last) == 1 and ran.status == 15
               and "--stop-after" in state(log), f"{option}: up to there, and the program runs on",
               events, ran)
    ran = record(log, [program], "--stop-after=nothing")
    tap.ok("nothing was not called" in last_line(ran) and state(log) == "complete", "--stop-after: never", ran)
    record(log, [program], "--stop-after=1", "--no-heap")
    tap.equal(state(log), "it was to end after 1 event (--stop-after)", "--stop-after=1: one event")
    ran = record(log, [program], "--stop-after=5", "--no-heap")
    tap.equal((rows(log, "select count(*) from events"), ran.status, ran.out), ([(5,)], 15, b"15\n15\n"),
              "--stop-after=5: five events", ran)
    ran = record(log, [program, "4000"], "--max-events=1000", "--no-heap")
    tap.ok("the last ones kept" in last_line(ran), "--max-events: the last line says so", ran)
    n, last = rows(log, "select count(*), max(seq) from events")[0]
    lately = rows(log, "select count(*) from events where seq > ?", last - 1000)
    tap.ok(1000 <= n <= 2000 and lately == [(1000,)] and last == 32002 and rows(
        log, "select function from calls order by seq limit 1") == [("main",)],
        "--max-events: the last part, and the frames around it", (n, lately, last))
    record(log, [program, "4000"], "--max-size=500k", "--no-heap")
    n, last = rows(log, "select count(*), max(seq) from events")[0]
    tap.ok(os.path.getsize(log) < 1 << 20 and last == 32002 and n > 1000,
           "--max-size: the last part", (os.path.getsize(log), n, last))


TALKER = r"""
#include <stdio.h>
#include <string.h>
static int line(int i) { return printf("%07d\n", i); }
int main(void)
{
	static char dots[1 << 16];
	line(1);
	memset(dots, '.', sizeof(dots));
	for (int i = 0; i < 80; i++)
		fwrite(dots, 1, sizeof(dots), stdout);
	line(2);
	return 0;
}
"""


def check_ring_of_output(directory):
    """Five megabytes come between two events: they take no more room than they may."""
    program, log = compile_c(directory, "talker", TALKER), directory / "log"
    ran = record(log, [program], "--max-size=500k", "--no-heap")
    size, left = os.path.getsize(log), b"".join(r[0] for r in rows(
        log, "select bytes from written order by id"))
    gone = int(meta(log, "output_gone") or 0)
    tap.ok(ran.status == 0 and size < 1 << 20 and len(left) > 100000 and ran.out.endswith(left),
           "--max-size: the last part of the output", (size, len(left)))
    tap.equal(gone + len(left), len(ran.out), "--max-size: how much of it went is known")
    replayed = run([FRAMETRACE, "replay", log])
    asked = run([FRAMETRACE, "step", "--plain", "--script=/dev/stdin", log], b"goto last\noutput\n")
    tap.ok(f"the {gone} bytes before".encode() in replayed.err and b"%d bytes" % gone in asked.out
           and b"0000002" in asked.out, "--max-size: and told", replayed.err, asked.out[-500:])
    check_sound(log, "--max-size, much output")


# ---- what goes wrong ----------------------------------------------------------------------------

def wait_for_calls(log, n):
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end and rows(log, "select count(*) from calls") != [(n,)]:
        time.sleep(0.01)


def check_killed(directory):
    """kill -9 of us once the program waits: a moment later all is in the file."""
    program, log = compile_c(directory, "calls", CALLS), directory / "killed"
    child = subprocess.Popen([FRAMETRACE, "record", "-o", log, program, "1000", "wait"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.readline()
    wait_for_calls(log, 4001)
    child.kill()
    child.wait()
    child.stdout.close()
    tap.equal(rows(log, "select count(*) from calls"), [(4001,)], "kill -9: all is there")
    tap.equal(rows(log, "pragma integrity_check"), [("ok",)], "kill -9: it is sound")
    tap.ok(state(log) != "complete", "kill -9: it says that it was cut", state(log))
    child = subprocess.Popen([FRAMETRACE, "record", "-o", log, program, "1000", "wait"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.readline()
    child.terminate()
    _, err = child.communicate()
    tap.ok(child.returncode == -signal.SIGTERM and "SIGTERM" in state(log),
           "SIGTERM: the log says so", child.returncode, err, state(log))
    tap.equal(rows(log, "select kind from events order by seq desc limit 1"), [("exit",)],
              "SIGTERM: it is complete up to then")


def record_in_parts(log, program, *options, **popen_options):
    """10 times work, which is in the log by then, and then much more of it."""
    child = subprocess.Popen([FRAMETRACE, "record", "-o", log, *options, program, "10", "wait", "4000"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             **popen_options)
    child.stdout.readline()
    wait_for_calls(log, 41)
    out, err = child.communicate(timeout=TIMEOUT)
    return child.returncode, out, err


def check_full(directory):
    """No room for the log: the program goes on, or not, as is wished."""
    program, log = compile_c(directory, "calls", CALLS), directory / "full"
    rest = run([program, "10", "wait", "4000"]).out.splitlines(True)[1]

    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))
    status, out, err = record_in_parts(log, program, preexec_fn=little_room)
    tap.ok(status == 1 and out == rest and b"cannot write the log" in err and b"untraced" in err,
           "no room: told of, and the program runs on", status, out, err)
    kept = rows(log, "select count(*) from events")[0][0]
    tap.ok(f"recorded {kept} of ".encode() in err, "no room: what is kept is counted", kept, err)
    n = rows(log, "select count(*) from calls")[0][0]
    tap.ok(n >= 41 and rows(log, "pragma integrity_check") == [("ok",)] and state(log) != "complete",
           "no room: what was written is a log that says so", n, state(log))
    status, out, err = record_in_parts(log, program, "--on-error=kill", preexec_fn=little_room)
    tap.ok(status == 1 and out == b"" and b"--on-error=kill" in err,
           "--on-error=kill: the program is ended", status, out, err)
    ran = run(["sh", "-c", 'ulimit -f 0 && exec "$@"', "sh", FRAMETRACE, "record", "-o",
               directory / "none", program])
    tap.ok(ran.status == 1 and ran.out == b"" and b"File too large" in ran.err
           and not (directory / "none").exists(), "no room at all: told of, nothing is left", ran)
    ran = record(log, [program], "--show=/dev/full")
    tap.ok(ran.status == 1 and b"--show" in ran.err and state(log) == "complete",
           "--show cannot be written: the log is whole", ran)
    small = directory / "small"
    small.mkdir()
    if os.geteuid() != 0 or run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", small]).status:
        tap.skip("a full disk", "no tmpfs could be mounted")
        return
    try:
        status, out, err = record_in_parts(small / "log", program)
        tap.ok(status == 1 and out == rest and b"cannot write the log" in err,
               "a full disk: told of", status, out, err)
        n = rows(small / "log", "select count(*) from calls")[0][0]
        tap.ok(n >= 41, "a full disk: the log opens", n)
    finally:
        run(["umount", small])


def main():
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        for name in DEMOS:
            check_equal_to_shown(directory, name)
        check_equal_to_shown(directory, "double_c", "--events=insn,line", "--registers", "-k")
        check_show(directory)
        check_show_apart(directory)
        check_described(directory)
        check_environment(directory)
        check_files(directory)
        check_usage()
        check_parts(directory)
        check_ring_of_output(directory)
        check_killed(directory)
        check_full(directory)
    tap.done()


main()
