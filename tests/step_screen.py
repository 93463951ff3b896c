#!/usr/bin/env python3
"""step_screen - the full-screen stepper as a person uses it: keys in, screens out.

# test: up to 300 s

usage: tests/step_screen.py [-O BUILD] [--update] [NAME...]    (make golden = --update)

Screens are compared with tests/golden/step/NAME, where each is headed by the keys that led to it.
"""
import difflib
import fcntl
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

if "-O" in sys.argv:
    at = sys.argv.index("-O")
    os.environ["BUILD"] = str(Path(sys.argv[at + 1]).resolve())
    os.environ["FRAMETRACE"] = os.environ["BUILD"] + "/frametrace"
    del sys.argv[at:at + 2]

from lib import normal, tap, tmux
from lib.trace import BUILD, FRAMETRACE, SOURCE, run

GOLDEN = SOURCE / "tests/golden/step"
GOLDEN_GLIBC = "glibc 2.36"  # rsp inside of malloc is to be seen
# Code and frames that are the same with every gcc that we know.
AT_ONCE = 4  # sessions, which wait most of the time
FLAGS = ["-g", "-O0", "-fcf-protection=none", "-fno-stack-protector", "-no-pie", "-w"]


made, making = {}, threading.Lock()


def once(make):
    """Each program is built, each run is recorded once, whoever wants it first."""
    def made_once(*key):
        with making:
            if (make, key) not in made:
                made[make, key] = make(*key)
            return made[make, key]
    return made_once


@once
def program(name):
    """A demo in C, built for golden screens."""
    return build(name)


def build(name):
    out = BUILD / "tests/step" / name
    source = SOURCE / f"demos/{name}.c"
    if not out.exists() or out.stat().st_mtime < source.stat().st_mtime:
        out.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", *FLAGS, "-o", str(out), str(source)], check=True)
    return out


@once
def recorded(name):
    log = BUILD / "tests/step" / f"{name}.frametrace"
    log.unlink(missing_ok=True)
    ran = run([FRAMETRACE, "record", "-q", "--no-aslr", "--frames", "--registers",
               "-o", log, build(name)])
    assert log.exists(), ran
    return log


def stepper(argv, width=80, height=24, **more):
    return tmux.Terminal([FRAMETRACE, "step", *argv], width, height, **more)


# ---- golden screens ----

CASES = {
    # live, forwards by lines, and back
    "double.live.80x24": (lambda: ["--no-aslr", program("double")],
                          ["s", "s", "s", "s", "S", "S", "Enter", "c", "C"]),
    "double.live.200x60": (lambda: ["--no-aslr", program("double")], ["s", "s", "s", "s", "S"]),
    # recorded, by events
    "double.log.80x24": (lambda: [recorded("double")],
                         ["Space", "Space", "BSpace", "a", "m", "r", "?", "q"]),
    "boxed_value.live.80x24": (lambda: ["--no-aslr", program("boxed_value")],
                               ["n", "n", "N", "f", "G"]),
    "boxed_value.log.200x60": (lambda: [recorded("boxed_value")],
                               ["Space", "Space", "Space", "Space", "BSpace"]),
    "factorial.live.80x24": (lambda: ["--no-aslr", program("factorial")],
                             ["p", "p", "p", "p", "[", "f", "F", "S"]),
    "factorial.log.200x60": (lambda: [recorded("factorial")], ["p", "p", "p", "p", "p", "p", "x",
                                                               "x", "X"]),
}


def journey(argv, width, height, keys, fits=None, patience=tmux.PATIENCE):
    """[(key, screen)]: the first one without a key. fits(i, screen): it is the one to come."""
    screens = []
    with stepper(argv, width, height) as t:
        t.patience = patience
        for i, key in enumerate([None, *keys]):
            if key:
                t.type(key)
            else:
                t.wait(r"^ event \d+ of ")
            try:
                screen = t.wait(lambda s, i=i: fits(i, s)) if fits else t.settled()
            except AssertionError:
                screen = t.screen()
                t.patience = 3  # it has failed: the others are only shown with it
            screens.append((key, screen))
        t.type("q")
        if "--no-aslr" in argv:
            t.type("y")
        t.status()
    return screens


def as_text(screens, base):
    return "".join(f"==== {key or 'at first'}\n{normal.screen(s, base)}" for key, s in screens)


def golden(name, update):
    argv, keys = CASES[name]
    width, height = map(int, name.rpartition(".")[2].split("x"))
    file = GOLDEN / name
    if update:
        screens = journey(argv(), width, height, keys)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(as_text(screens, normal.screen_base(screens[0][1])))
        print(f"wrote {file.relative_to(SOURCE)}")
        return
    want = file.read_text() if file.exists() else ""
    parts = re.split(r"^==== .*\n", want, flags=re.M)[1:]
    base = []

    def fits(i, screen):
        if i == 0:
            base[:] = [normal.screen_base(screen)]
        return i < len(parts) and normal.screen(screen, base[0]) == parts[i]

    # a screen that differs is waited for in vain
    got = as_text(journey(argv(), width, height, keys, fits, patience=20), base[0])
    diff = difflib.unified_diff(want.splitlines(), got.splitlines(), str(file), "now",
                                lineterm="", n=1)
    glibc = os.confstr("CS_GNU_LIBC_VERSION")
    if got != want and got.strip() and "boxed_value" in name and glibc != GOLDEN_GLIBC:
        tap.skip(f"golden {name}", f"malloc's frames are those of {GOLDEN_GLIBC}, not of {glibc}")
        return
    tap.ok(got == want and got.strip(), f"golden {name}", *list(diff)[:80])


# ---- what a person does ----

def rust_demos():
    demo = BUILD / "demos/double"
    if not demo.exists():
        tap.skip("the demos in Rust", "not built")
        return
    with stepper(["--no-aslr", demo], 80, 24) as t:
        t.wait(r"double::main")
        t.type("s", "s")
        tap.ok(t.wait(r"->\s+\d+\s+n \* 2"), "s goes into double")
        tap.ok("n: i32 = 48" in t.wait(r"n: i32 = 48"), "its argument is 48")
        t.type("f")
        t.wait(r"ghost double::double = 96")
        t.type("s")
        tap.ok(t.wait(r"\*\S+ b: i32 = 96 "), "b is 96, and marked as changed")
        t.type("S")
        tap.ok(t.wait(lambda s: "b: i32 = 96" not in s), "and before it was not")
        t.type("c")
        tap.ok(t.wait(r"exit"), "the end")
        t.type("q")
        t.status()


def moves_and_searches():
    log = recorded("factorial")
    with stepper([log]) as t:
        t.wait(r"^ event \d+ of (\d+)")
        t.type("g", "5", "Enter")
        tap.ok(t.wait(r"^ event 5 of"), "g goes to an event")
        t.type("g", "+3", "Enter")
        tap.ok(t.wait(r"^ event 8 of"), "+3 goes on from there")
        t.type("g", "nonsense", "Enter")
        tap.ok(t.wait(r"an event is a number, .* not nonsense"), "what is no event is said")
        t.type("g", "0", "Enter")
        t.wait(r"^ event 0 of")
        t.type("/", "factorial", "Enter")
        tap.ok(t.wait(r"^ found: factorial"), "/ finds a function")
        first = re.search(r"^ event (\d+) of", t.screen(), re.M).group(1)
        t.type(".")
        tap.ok(t.wait(lambda s: re.search(r"^ event (\d+) of", s, re.M).group(1) != first),
               ". finds the next one")
        t.type(",")
        tap.ok(t.wait(rf"^ event {first} of"), ", the one before")
        t.type("/", "n=2", "Enter")
        tap.ok(t.wait(r"n: long = 2 "), "n=2 finds a value")
        t.type("/", "no_such_thing", "Enter")
        tap.ok(t.wait(r'"no_such_thing" was not found after this event \(, searches back\)'),
               "what is not there is said")
        t.type("g", "0", "Enter")
        t.wait(r"^ event 0 of")
        t.type("b")
        t.wait(r"^ break at \(FUNCTION, .*\): factorial.c:\d+ *$")
        t.type("factorial if n == 3")
        tap.ok(t.wait(r"\): factorial if n == 3 *$"), "what is typed takes the place of the suggestion")
        t.type(" && n == 3 && n == 3 && n == 3 && n == 3 && n == 3")
        tap.ok(t.wait(r"^ break at: .*n == 3 && n == 3 *$"), "a long one keeps its label")
        t.type(*15 * ["BSpace"], *15 * ["BSpace"], *20 * ["BSpace"], "Enter")
        tap.ok(t.wait(r"breakpoint 1: factorial if n == 3 *$"), "b takes a condition")
        t.type("c")
        tap.ok(t.wait(r"n: long = 3 "), "c stops there")
        t.type("d", "Enter")
        tap.ok(t.wait(r"breakpoint 1 is gone"), "d suggests the only one")
        t.type("b", "no_such_function", "Enter")
        tap.ok(t.wait(r'nothing in this log is at "no_such_function"'),
               "a place that is not there is said")
        t.type("w", "no_such_variable", "Enter")
        tap.ok(t.wait(r'nothing in this log changes "no_such_variable"'), "and a variable")
        t.type(":", "info breakpoints", "Enter")
        tap.ok(t.wait(r"No breakpoints"), "and they are not there")
        t.type("b", "factorial", "Enter")
        tap.ok(t.wait(r"breakpoint 2: factorial *$"), "a refused one takes no number")
        t.type("d", "Enter")
        t.wait(r"breakpoint 2 is gone")
        t.type(":", "print n", "Enter")
        tap.ok(t.wait(r"^ .*n = 3"), ": runs a command of the prompt")
        t.type(":", "info frame", "Enter")
        tap.ok(t.wait(r"Stack level 0"), "what says more lies over the panes")
        t.type("q")
        tap.ok(t.wait(lambda s: "Stack level 0" not in s), "and goes")
        t.type("G")
        t.wait(r"^ event (\d+) of \1 ")
        t.type("Space")
        tap.ok(t.wait(r"(?i)the run ends here|last event"), "the end is the end")
        t.type("q")
        tap.equal(t.status(), 0, "q leaves a recorded run at once")


def panes():
    with stepper([recorded("factorial")]) as t:
        t.wait(r"^ event \d+ of")
        for key, title in (("3", "3 Assembly"), ("4", "4 Heap"), ("5", "5 Map"),
                           ("6", "6 Registers"), ("a", "3 Assembly"), ("m", "5 Map"),
                           ("r", "6 Registers")):
            t.type(key)
            tap.ok(t.wait(rf"═ {title} ═"), f"{key} shows {title}")
        t.type("z")
        tap.ok(t.wait(lambda s: "1 Source" not in s and "6 Registers" in s), "z: alone")
        t.type("z")
        t.wait(r"1 Source")
        t.type("Tab")
        t.wait(lambda s: "═ 6 Registers ═" not in s)
        t.type("BTab")
        tap.ok(t.wait(r"═ 6 Registers ═"), "tab and back")
        t.type("p", "p", "2", "Up")
        tap.ok(t.wait(r"=>"), "the caller's line is marked with =>")
        t.type("?")
        t.wait(r"Keys")
        t.type("NPage", "NPage")
        tap.ok(t.wait(r"Signs"), "help down to its last chapter")
        t.type("q")
        t.wait(r"1 Source")
        t.type("q")
        t.status()


def mouse(t, row, col):
    """A click as it is reported to TERM=screen (X10), row and column from 0."""
    where = chr(33 + col) + chr(33 + row)
    t.tmux("send-keys", "-l", "\033[M " + where + "\033[M#" + where)


def the_mouse():
    with stepper([recorded("factorial")]) as t:
        t.wait(r"^ event \d+ of")
        t.type("p", "p")
        screen = t.wait(r"▶\*?factorial")
        row = next(i for i, line in enumerate(screen.splitlines()) if " main" in line[38:])
        mouse(t, row, 50)
        tap.ok(t.wait(r"▶main"), "a click selects a frame")
        mouse(t, row, 50)
        tap.ok(t.wait(r"CFA"), "another one opens it")
        mouse(t, 3, 5)
        tap.ok(t.wait(r"═ 1 Source ═"), "a click selects a pane")
        t.type("q")
        t.status()


def sizes():
    with stepper([recorded("factorial")], 80, 24) as t:
        t.wait(r"^ event \d+ of")
        t.resize(200, 60)
        names = ("Source", "Stack", "Assembly", "Heap", "Map", "Registers", "Output")
        tap.ok(t.wait(lambda s: all(name in s for name in names)), "200x60 shows all panes")
        t.resize(40, 10)
        tap.ok(t.wait(r"needs more room"), "less than 80x24 asks for more")
        t.type("n", "s")
        t.resize(5, 2)
        t.wait(r"fram")
        t.resize(300, 100)
        tap.ok(t.wait(r"6 Registers"), "300x100")
        t.resize(80, 24)
        tap.ok(t.wait(lambda s: "6 Registers" not in s and "2 Stack" in s and
                      len(s.splitlines()) == 24), "80x24 again")
        t.type("q")
        tap.equal(t.status(), 0, "and it still goes")


def seen(master, words, patience=60):
    """Whether the words come; what comes is read."""
    got, end = b"", time.monotonic() + patience
    while words not in got and time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            got = got[-100:] + os.read(master, 1 << 16)
    return words in got


def set_size(tty, rows, cols):
    fcntl.ioctl(tty, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))


def absurd_sizes():
    """A terminal says that it has more than any has: at once, and in between."""
    log = recorded("double")
    for first, later in (((24, 80), (65535, 65535)), ((65535, 65535), (1, 1)), ((1, 65535), (65535, 1))):
        master, slave = os.openpty()
        set_size(slave, *first)
        with subprocess.Popen([FRAMETRACE, "step", log], stdin=slave, stdout=slave, stderr=slave,
                              env={**os.environ, "TERM": "screen"}) as child:
            os.close(slave)
            came = seen(master, b"event" if first[0] > 1 else b"room")
            set_size(master, *later)
            child.send_signal(signal.SIGWINCH)
            os.write(master, b" ")
            came = came and seen(master, b"\033")
            set_size(master, 24, 80)
            child.send_signal(signal.SIGWINCH)
            came = came and seen(master, b"event")
            os.write(master, b"q")
            while child.poll() is None and select.select([master], [], [], 60)[0]:
                try:
                    os.read(master, 1 << 16)
                except OSError:  # nobody has it open any more
                    break
            tap.equal((came, child.wait(60)), (True, 0), f"{first}, then {later}: it is drawn, and ends")
        os.close(master)


# As ncurses describes it in screen-16color, which few systems install; \E[9…m are its bright ones.
SIXTEEN = r"""screen-sixteen|screen with 16 colours,
	colors#16, pairs#256, use=screen,
	setab=\E[%?%p1%{8}%<%t%p1%{40}%+%e%p1%{92}%+%;%dm,
	setaf=\E[%?%p1%{8}%<%t%p1%{30}%+%e%p1%{82}%+%;%dm,
"""


def sixteen_colors(directory):
    """The variable by which ncurses finds that terminal, compiled by tic."""
    source = Path(directory) / "source"
    source.write_text(SIXTEEN)
    subprocess.run(["tic", "-o", directory, source], check=False, capture_output=True)
    return {"TERMINFO": directory}


def terminals():
    with tempfile.TemporaryDirectory() as directory:
        for term, more, name in (("vt100", {}, "vt100"), ("screen", {}, "8 colours"),
                                 ("screen-sixteen", sixteen_colors(directory), "16 colours"),
                                 ("screen-256color", {"NO_COLOR": "1"}, "NO_COLOR"),
                                 ("screen-256color", {"LC_ALL": "C"}, "ASCII")):
            terminal(term, more, name)
    log = recorded("double")
    for term, word in (("dumb", "--plain"), ("no-such-terminal", "no such terminal")):
        with stepper([log], term=term) as t:
            tap.ok(t.status() == 1 and word in t.stderr(), f"TERM={term}: says so", t.stderr())
    ran = run([FRAMETRACE, "step", log])
    tap.ok(ran.status == 2 and b"--plain" in ran.err, "no terminal: says so", ran)


def terminal(term, more, name):
    if subprocess.run(["infocmp", term], check=False, capture_output=True,
                      env={**os.environ, **more}).returncode:
        tap.skip(name, f"terminfo knows no {term}")
        return
    with stepper([recorded("double")], term=term, **more) as t:
        t.wait(r"^ event \d+ of")
        t.type("Space")
        screen = t.wait(r"n: int = 48")
        colors = re.search(r"\033\[[\d;]*\b(3[0-7]|4[0-7]|38;5;\d+|48;5;\d+|9[0-7])m",
                           t.screen("-e"))
        if name in ("vt100", "NO_COLOR"):
            tap.ok(not colors, f"{name}: no colours", t.screen("-e"))
        else:
            tap.ok(colors or name == "ASCII", f"{name}: colours")
        if name in ("8 colours", "16 colours"):
            tap.ok("8;5;" not in t.screen("-e"), f"{name}: none of 256", t.screen("-e"))
        if name == "ASCII":
            tap.ok(screen.isascii(), "ASCII: nothing else", screen)
        tap.ok("->" in screen and ">*twice" in screen.replace("▶", ">"),
               f"{name}: all is said without colours", screen)
        t.type("q")
        tap.equal(t.status(), 0, f"{name}: ends well")


def is_sane(t):
    before, after = t.modes()
    return (before == after and t.flag("alternate_on") == "0" and t.flag("cursor_flag") == "1" and
            t.flag("mouse_any_flag") == "0")


def signals():
    log = recorded("double")
    for argv, name in (([log], "recorded"), ([program("double")], "live")):
        for sig, status in ((signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            with stepper(argv) as t:
                t.wait(r"^ event \d+ of")
                os.kill(t.pid("frametrace"), sig)
                tap.equal(t.status(), status, f"{name}: {sig.name} ends it")
                tap.ok(is_sane(t), f"{name}: {sig.name} leaves the terminal as it was", t.modes())
    with stepper([program("double")]) as t:
        t.wait(r"^ event \d+ of")
        t.type("q")
        t.wait(r"Quit\? y or n")
        t.type("n")
        tap.ok(t.wait(r"q quit"), "a live run is not left by chance")
        t.type("q", "y")
        tap.equal(t.status(), 0, "but it can be")
        tap.ok(is_sane(t), "q leaves the terminal as it was", t.modes())


def ctrl_c():
    demo = BUILD / "demos/vas_explore_c"
    with stepper([demo]) as t:
        t.wait(r"^ event \d+ of")
        t.type("c")
        t.wait(r"running: event")
        t.type("C-c")
        tap.ok(t.wait(r"SIGINT"), "Ctrl-C reaches a program that waits")
        t.type("q", "y")
        t.status()


def hostile():
    source = BUILD / "tests/step/hostile.c"
    source.write_text('#include <stdio.h>\nint f(const char *s)\n{\n\treturn s[0];\n}\n'
                      'int main(void)\n{\n\tputs("\\033[2Jgone \\342\\200\\256 turned");\n'
                      '\tfflush(stdout);\n\treturn f("\\033]0;title\\a") & 0;\n}\n')
    out = source.with_suffix("")
    subprocess.run(["gcc", "-g", "-O0", "-o", str(out), str(source)], check=True)
    with stepper([out], 200, 60) as t:
        t.wait(r"^ event \d+ of")
        t.type("b", "C-u", "f", "Enter", "c")
        screen = t.wait(r" s(: const char \*)? = 0x")
        tap.ok("\\033[2Jgone" in t.wait(r"\\033\[2Jgone"), "output is escaped", screen)
        tap.ok("\\033]0;title" in t.screen(), "values are escaped", t.screen())
        tap.ok("\u202e" not in t.screen(), "nothing turns the line", t.screen())
        t.type("q", "y")
        t.status()


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def hangup():
    """The terminal goes away: so do we and the program, also where SIGHUP is ignored."""
    source = BUILD / "tests/step/endless.c"
    source.write_text("static int f(int n)\n{\n\treturn n + 1;\n}\nint main(void)\n{\n"
                      "\tfor (volatile int n = 0;;)\n\t\tn = f(n);\n}\n")
    out = source.with_suffix("")
    subprocess.run(["gcc", "-g", "-O0", "-o", str(out), str(source)], check=True)
    for argv, keys in (([recorded("double")], []), ([out], []), ([out], ["c"])):
        for before in ([], ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"]):
            with tmux.Terminal([*before, FRAMETRACE, "step", *argv], 80, 24) as t:
                t.wait(r"^ event \d+ of")
                ours = t.pid("frametrace")
                pids = [ours, *children(ours)]
                t.type(*keys)
                if keys:
                    first = re.search(r"running: event (\d+)", t.wait(r"running: event \d+"))
                    t.wait(lambda s, first=first: "running: event" in s and first.group(0) not in s)
                t.tmux("kill-server")
                end = time.monotonic() + t.patience
                while any(map(is_alive, pids)) and time.monotonic() < end:
                    time.sleep(0.02)
                left = [pid for pid in pids if is_alive(pid)]
                tap.ok(not left, f"nothing is left without its terminal: {Path(argv[0]).name} "
                       f"{' '.join(keys)}{', SIGHUP ignored' if before else ''}", left)
                for pid in left:
                    os.kill(pid, signal.SIGKILL)


def beside():
    def heads(screen):
        return screen.splitlines()[0]

    with stepper([recorded("double")], 120, 24) as t:
        t.wait(r"^ event \d+ of")
        t.type("A")
        tap.ok(t.wait(lambda s: re.search(r"1 Source.*3 Assembly.*2 Stack", heads(s))),
               "A: assembly beside the source")
        tap.ok(re.search(r"^ -> +15 .*│", t.screen(), re.M) and
               re.search(r"│-> \S+ +15 +mov ", t.screen()), "the line and its instruction",
               t.screen())
        t.type("A")
        tap.ok(t.wait(lambda s: "Assembly" not in heads(s)), "and back")
        t.type("A")
        t.resize(80, 24)
        tap.ok(t.wait(lambda s: "Assembly" not in heads(s) and "2 Stack" in s), "80x24: as without")
        t.type("A")
        tap.ok(t.wait(r"takes 120 columns"), "and it is said why")
        t.type("q")
        t.status()


def instructions():
    """Panes, status and prompt agree where the thread is after each instruction."""
    log = BUILD / "tests/step/double.insn.frametrace"
    log.unlink(missing_ok=True)
    run([FRAMETRACE, "record", "-q", "--no-aslr", "--frames", "--registers", "--events=call,insn",
         "-o", log, build("double")])
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "-M", "intel",
                           str(build("double"))], check=True, capture_output=True, text=True).stdout
    behind = {}  # of each instruction its address, and that of the next one
    lines = [m for m in (re.match(r" +([0-9a-f]+):\t(\S+)(.*)", line) for line in
                         code.partition("<twice>:")[2].splitlines()) if m]
    for now, after in zip(lines, lines[1:]):
        behind.setdefault(now[2], (now[1], after[1]))
    entry, body = lines[0][1], behind["push"][1]
    with stepper([log], 120, 40) as t:
        t.wait(r"^ event \d+ of")
        t.type("a", "/", "twice", "Enter")
        t.wait(r"twice\(n=48\) pushed|found: twice")

        def to(words):
            while True:
                number = re.search(r"^ event (\d+) of (\d+)", t.screen(), re.M)
                t.type("i")
                screen = t.wait(lambda s: re.search(r"^ event (\d+) of", s, re.M).group(1) !=
                                number.group(1))
                if re.search(words, screen, re.M):
                    return screen

        for words, pc, name in ((r"^ call twice; .* as return address", entry, "call"),
                                (r"^ push +rbp; .* as saved rbp", body, "push"),
                                (r"^ ret; rsp \+8", None, "ret")):
            screen = to(words)
            rsp = re.search(r"^ event .* rsp (0x[0-9a-f]+)", screen, re.M).group(1)
            tap.ok(re.search(rf"rsp {rsp} ←", screen), f"{name}: rsp of status and stack", screen)
            tap.ok(re.search(rf"rsp {rsp} ", screen.partition("6 Registers")[2]) or
                   "6 Registers" not in screen, f"{name}: and of the registers", screen)
            arrow = re.search(r"^-> +0x([0-9a-f]+) .*│", screen, re.M) or \
                re.search(r"^-> +…([0-9a-f]+) .*│", screen, re.M)
            if pc:
                tap.ok(arrow and pc.endswith(arrow.group(1)[-4:]),
                       f"{name}: the next instruction is marked", pc, screen)
            else:
                tap.ok("3 Assembly ═ main" in screen or "3 Assembly ─ main" in screen,
                       f"{name}: the caller's code is there", screen)
            t.type(":", "info registers rsp", "Enter")
            tap.ok(t.wait(rf"^ rsp +{rsp} "), f"{name}: and of the prompt", t.screen())
            if pc:
                t.type(":", "info registers rip", "Enter")
                tap.ok(t.wait(rf"^ rip +0x{pc} "), f"{name}: rip is what comes next", t.screen())
        t.type("q")
        t.status()


def the_end():
    """The source stays, whichever key leads there."""
    for key in "nxc":
        with stepper([program("double")]) as t:
            screen = t.wait(r"^ event \d+ of")
            bad = []
            while "the run ends here" not in screen:
                t.type(key)
                screen = t.wait(lambda s, before=screen: s != before and "running:" not in s)
                if "1 Source ─ double.c" not in screen or "int main(void)" not in screen:
                    bad.append(screen)
            tap.ok(not bad, f"{key} to the end: the source is always there", *bad)
            t.type("q")
            t.status()


THREADS = r"""
#include <pthread.h>
static pthread_barrier_t both;
static int twice(int n) { return 2 * n; }
static int inner(int n)
{
\tpthread_barrier_wait(&both);
\tn = twice(n);
\tpthread_barrier_wait(&both);
\treturn n;
}
static void *work(void *arg) { return (void *)(long)inner(*(int *)arg); }
int main(void)
{
\tpthread_t t[2];
\tint numbers[2] = {3, 4};
\tpthread_barrier_init(&both, 0, 2);
\tfor (int i = 0; i < 2; i++)
\t\tpthread_create(&t[i], 0, work, &numbers[i]);
\tfor (int i = 0; i < 2; i++)
\t\tpthread_join(t[i], 0);
\treturn 0;
}
"""


def threads():
    source = BUILD / "tests/step/threads.c"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(THREADS.replace("\\t", "\t"))
    out, log = source.with_suffix(""), source.with_suffix(".frametrace")
    subprocess.run(["gcc", "-pthread", *FLAGS, "-o", str(out), str(source)], check=True)
    log.unlink(missing_ok=True)
    run([FRAMETRACE, "record", "-q", "--frames", "--registers", "-o", log, out])
    with stepper([log], 200, 60) as t:
        t.wait(r"^ event \d+ of")
        t.type("/", "twice", "Enter")
        screen = t.wait(r"2 Stack . thread \d, one of 3")
        seen = []
        for _ in range(3):
            number, rsp = re.search(r"thread (\d) \(\d+\) .* rsp (0x[0-9a-f]+)", screen).groups()
            seen.append(number)
            tap.ok(re.search(rf"[* ]rsp {rsp}", screen), f"thread {number}: registers are its own",
                   screen)
            bands = re.findall(r"0x([0-9a-f]{12}) .{10,13}? (free|stack|mmap area|heap)\b(.*)", screen)
            at = next((b for b in bands if int(b[0], 16) <= int(rsp, 16)), None)
            tap.ok(at and at[1] != "free" and "rsp" in at[2],
                   f"thread {number}: the map has its stack", rsp, bands, screen)
            tap.ok(re.search(r"^(->|=>|.->| ->|.=>) +\d+ ", screen, re.M),
                   f"thread {number}: its line is marked", screen)
            t.type("t")
            screen = t.wait(lambda s, number=number: re.search(r"thread \d, one of 3", s) and
                            f"thread {number}, one of 3" not in s and
                            f"thread {number} (" not in s)
        tap.equal(sorted(seen), ["1", "2", "3"], "t goes round the threads")
        t.type(":", "info threads", "Enter")
        listed = t.wait(r"thread 3 +\(\d+\) \w+, \d frame")
        tap.ok(all(re.search(rf"thread {number} +\(\d+\) \w+, \d frame", listed) for number in seen),
               "as the prompt counts them", listed)
        t.type("q")
        t.wait("2 Stack")
        t.type("G")
        t.wait(r"the run ends here|exited")
        t.type("t")
        tap.ok(t.wait("no thread has a traced frame here"), "no thread at all")
        t.type("q")
        t.status()


def told(part, *arguments):
    try:
        part(*arguments)
    except Exception as failure:  # of a thread: nobody else would tell
        tap.ok(False, f"{part.__name__} {' '.join(map(str, arguments))}", repr(failure), failure)


def main():
    update = "--update" in sys.argv
    words = [word for word in sys.argv[1:] if word != "--update"]
    if not tmux.is_there() or not shutil.which("gcc"):
        tap.skip_all("tmux or gcc is not installed")
    cases = [name for name in CASES if not words or any(word in name for word in words)]
    if update:
        for name in cases:
            golden(name, update)
        return
    parts = [part for part in (sizes, absurd_sizes, signals, ctrl_c, terminals, moves_and_searches, hangup, beside,
                               instructions, the_end, threads, rust_demos, panes, the_mouse, hostile)
             if not words or any(word in part.__name__ for word in words)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for part in parts:
            pool.submit(told, part)
        for name in cases:
            pool.submit(told, golden, name, update)
    tap.done()


main()
