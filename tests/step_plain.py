#!/usr/bin/env python3
"""step_plain - the stepper as a prompt: sessions over live and recorded runs.

# test: up to 300 s

Oracles: a live session and one over the recording of the same program say the same; what a move
undoes; gdb's own moves; what the demos print and compute.
"""
import json
import os
import pty
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import termios
from pathlib import Path

from lib import tap, tmux
from lib.space import compile_c
from lib.trace import BUILD, FRAMETRACE, SOURCE, TIMEOUT, run

DEMOS = BUILD / "demos"
RECORD = ["-qR", "--events=line,insn", "--frames", "--registers"]

# Everything that can be asked, at several places.
TOUR = """
info frame
info event
next
step 2
backtrace full
stack
info locals
info args
info registers rsp
info registers rip
info threads
disassemble
list
finish
up
info frame
call
return
stepi 3
event 2
reverse-stepi
reverse-event
reverse-step
reverse-next
reverse-finish
until
heap
map
continue
info output
heap
reverse-continue
goto 12
find value 96
find function *a*
reverse-find text a
run-to-end
info event
undo
"""


def session(words, commands, *options, **run_options):
    """A session over a program or a log: what it said, by command: [(command, lines)]."""
    ran = run([FRAMETRACE, "step", "-q", "--plain", *options, "--", *words], commands.encode(),
              **run_options)
    return ran, split(ran.out.decode())


def split(text):
    parts = text.split("(frametrace) ")
    said = [("", parts[0].splitlines())]
    for part in parts[1:]:
        command, *lines = part.splitlines()
        said.append((command, lines))
    return said


def record(directory, program, *options):
    log = directory / (program.name + ".log")
    ran = run([FRAMETRACE, "record", *RECORD, *options, "-o", log, "--", program])
    return log, ran


# ---- live and recorded --------------------------------------------------------------------------

def check_same(directory):
    for name in ("double_c", "double", "boxed_value_c", "boxed_value", "factorial_c", "factorial"):
        program = DEMOS / name
        if not program.exists():
            tap.skip(f"{name}: live and recorded", "it could not be built")
            continue
        log, recorded = record(directory, program)
        live, _ = session([program], TOUR, "-R")
        kept, _ = session([log], TOUR)
        tap.ok(live.out == kept.out and len(live.out) > 2000 and live.status == kept.status,
               f"{name}: a live session says what one over its recording says",
               difference(live.out, kept.out), recorded, live.err, kept.err)


def difference(a, b):
    pairs = zip(a.decode().splitlines() + ["(end)"], b.decode().splitlines() + ["(end)"])
    return "\n".join(f"live: {x}\nlog:  {y}" for x, y in pairs if x != y)[:2000]


# ---- forwards and back --------------------------------------------------------------------------

STATE = "info event\nbacktrace full\nheap\ninfo registers rsp\n"


def state_of(said):
    """What the last four commands said."""
    return [lines for _, lines in said[-4:]]


def check_back(directory):
    for name in ("double_c", "boxed_value_c", "factorial_c", "boxed_value"):
        program = DEMOS / name
        if not program.exists():
            tap.skip(f"{name}: forwards and back", "it could not be built")
            continue
        log, _ = record(directory, program)
        for words, options in (([program], ["-R"]), ([log], [])):
            for move, there in (("step", 4), ("stepi", 9), ("event", 20), ("call", 1),
                                ("return", 2)):
                # From a place where that unit itself has stopped.
                begin = "step\n" if move == "step" else f"{move}\n"
                _, at = session(words, begin + STATE, *options)
                _, back = session(words, f"{begin}{move} {there}\nreverse-{move} {there}\n{STATE}",
                                  *options)
                kind = "log" if words == [log] else "live"
                tap.ok(state_of(at) == state_of(back),
                       f"{name}, {kind}: {there} x {move} and back", at, back)


# ---- what is said -------------------------------------------------------------------------------

DOUBLE = """\
main () at double.c:15
15\t\tint a = 48;
(frametrace) # two frames
(frametrace) next
16\t\tint b = twice(a); // "double" is a word of the language in C
(frametrace) s
twice (n=48) at double.c:10
10\t\treturn n * 2;
(frametrace) bt
#0  twice (n=48) at double.c:10
#1  main () at double.c:16
(frametrace) info args
n = 48
(frametrace) up
#1  main () at double.c:16
16\t\tint b = twice(a); // "double" is a word of the language in C
(frametrace) p a
a = 48
(frametrace) finish
Run till exit from #1  main () at double.c:16
main = 0
(frametrace) undo
twice (n=48) at double.c:10
10\t\treturn n * 2;
(frametrace) finish
Run till exit from #0  twice (n=48) at double.c:10
main () at double.c:16
16\t\tint b = twice(a); // "double" is a word of the language in C
Value returned is 96
(frametrace) check return == 96 && depth == 0 && a == 48
ok
(frametrace) n
18\t\tprintf("%d\\n", b);
(frametrace) list 16
   11\t}
   12\t
   13\tint main(void)
   14\t{
   15\t\tint a = 48;
   16\t\tint b = twice(a); // "double" is a word of the language in C
   17\t
-> 18\t\tprintf("%d\\n", b);
   19\t\treturn 0;
   20\t}
(frametrace) info locals
a = 48
b = 96
(frametrace) watch b
Watchpoint 1: b
(frametrace) rc
watch 1, b = 96
main () at double.c:16
16\t\tint b = twice(a); // "double" is a word of the language in C
(frametrace) delete 1
(frametrace) break twice if n > 40
Breakpoint 2: twice if n > 40
(frametrace) rc
breakpoint 2, twice
twice (n=48) at double.c:10
10\t\treturn n * 2;
(frametrace) info breakpoints
Num  Hits  What
2    1     twice if n > 40
(frametrace) reverse-finish
main () at double.c:16
16\t\tint b = twice(a); // "double" is a word of the language in C
(frametrace) c
breakpoint 2, twice
twice (n=48) at double.c:10
10\t\treturn n * 2;
(frametrace) c
output: 96
the run ends here: exit status 0
1 of 1 checks passed
"""


def check_transcript(directory):
    commands = "".join(line.partition(") ")[2] + "\n" for line in DOUBLE.splitlines()
                       if line.startswith("(frametrace) "))
    program = DEMOS / "double_c"
    log, _ = record(directory, program)
    for kind, words in (("live", [program]), ("log", [log])):
        ran, _ = session(words, commands)
        # Where a frame ends nothing is left but the event, with its columns and addresses.
        text = re.sub(r"(?m)^ *\d+ +\+\d+ +0x[0-9a-f]+  < (\S.*?)  +double\.c:20$", r"\1",
                      ran.out.decode())
        text = re.sub(r"(?m)^Value returned is 0\n", "", text)
        tap.ok(text == DOUBLE and ran.status == 0, f"double_c, {kind}: a session, word by word",
               difference(text.encode(), DOUBLE.encode()), ran)


def check_page(directory):
    """The sessions of docs/step.md, but for blanks."""
    page = (SOURCE / "docs/step.md").read_text()
    blocks = re.findall(r"^```\n(.*?)^```$", page, re.M | re.S)
    shown = next(block for block in blocks if "\n(frametrace) " in block)
    script = next(block for block in blocks if block.startswith("break "))
    commands = re.findall(r"^\(frametrace\) (.*)$", shown, re.M)
    program = DEMOS / "double_c"
    ran, _ = session([program], "".join(command + "\n" for command in commands))
    said = shown.partition("\n")[2]
    tap.equal(re.sub(r"\s+", " ", ran.out.decode()), re.sub(r"\s+", " ", said),
              "docs/step.md: its session", ran)
    ran, _ = session([program], script)
    tap.ok(ran.status == 0 and ran.out.decode().endswith("\n3 of 3 checks passed\n")
           and "3 of 3" in page, "docs/step.md: its script", ran)
    if not tmux.is_there():
        return tap.skip("docs/step.md: the lines below its screen", "no tmux here")
    drawn = next(block for block in blocks if "Stack" in block.splitlines()[0])
    with tmux.Terminal([FRAMETRACE, "step", "--no-aslr", "--color=never", program], 80, 24) as t:
        shown = t.wait("event 0 of")
        for _ in range(8):  # compilers differ in how many steps it is
            if "double.c:18 begins" not in shown:
                t.type("s")
                shown = t.wait(lambda s, before=below(shown): below(s) not in ([], before))
    return tap.equal(without_event(below(shown)), without_event(below(drawn)), "docs/step.md: the lines below its screen")


def below(screen):
    """The three lines at the bottom of a screen, without numbers that differ."""
    lines = screen.splitlines()[:24][-3:]
    return [re.sub(r"0x\w+|(?<=thread )\d+|\s+", " ", line).strip() for line in lines]


def without_event(lines):
    """And without the program's name, which is there if the numbers before it are short enough."""
    return [re.sub(r"live \S+$", "live", re.sub(r"event \d+ of \d+", "event", line))
            for line in lines]


def check_info_frame(directory):
    """gdb's info frame, where it says the same."""
    if shutil.which("gdb") is None:
        return tap.skip("info frame as in gdb", "no gdb here")
    program = DEMOS / "double_c"
    script = directory / "gdb"
    script.write_text("set pagination off\nbreak twice\nrun > /dev/null\ninfo frame\n"
                      "info registers rbp rsp\nup\ninfo frame\n")
    done = subprocess.run(["gdb", "-q", "-batch", "-x", script, program], capture_output=True,
                          text=True, check=False, env=dict(os.environ, LC_ALL="C"))
    _, said = session([program], "break twice\ncontinue\ninfo frame\ninfo registers\nup\ninfo frame\n",
                      "-R")
    ours = "\n".join(line for _, lines in said for line in lines)
    patterns = [r"Stack level (\d), frame at (0x\w+)", r"saved rip = (0x\w+)",
                r"called by frame at (0x\w+)", r"caller of frame at (0x\w+)",
                r"Previous frame's sp is (0x\w+)", r" rbp at (0x\w+), rip at (0x\w+)",
                r"(?m)^rbp +(0x\w+)", r"(?m)^rsp +(0x\w+)"]
    # gdb's environment moves the stack: addresses on it differ by one distance for all.
    found = [[re.findall(p, text) for p in patterns] for text in (done.stdout, ours)]
    flat = [[int(v, 16) for group in side for item in group
             for v in ([item] if isinstance(item, str) else item)] for side in found]
    shift = {a - b for a, b in zip(*flat) if a > STACK}
    others = [(a, b) for a, b in zip(*flat) if a <= STACK and a != b]
    return tap.ok(len(flat[0]) == len(flat[1]) >= 12 and len(shift) == 1 and not others,
                  "info frame says what gdb's does", found, done.stderr)


STACK = 0x7fffff000000  # without ASLR nothing else is above

MOVES = {
    "double_c": ["next", "step", "step", "finish", "next", "next", "next", "next"],
    "factorial_c": ["step", "step", "step", "step", "step", "next", "next", "finish", "next",
                    "step"],
    "fib_c": ["next", "step", "next", "step", "next", "finish", "next", "step", "step", "next"],
}


def check_gdb(directory):
    for name, moves in MOVES.items():
        program = DEMOS / name
        if shutil.which("gdb") is None:
            tap.skip(f"{name}: moves as gdb's", "no gdb here")
            continue
        source = SOURCE / "demos" / f"{name[:-2]}.c"
        plan = {"moves": moves, "source": str(source), "out": str(directory / "moves")}
        (directory / "plan").write_text(json.dumps(plan))
        subprocess.run(["gdb", "-q", "-batch", "-x", SOURCE / "tests/lib/gdb_moves.py", program],
                       env=dict(os.environ, FT_PLAN=str(directory / "plan"), LC_ALL="C"),
                       capture_output=True, check=False)
        theirs = [json.loads(line) for line in (directory / "moves").read_text().splitlines()]
        _, said = session([program], "".join(f"{move}\nframe\n" for move in moves), "-R")
        ours = []
        for (_, lines), (_, frame) in zip(said[1::2], said[2::2]):
            at = re.match(r"#0 +(\S+) \(.*\) at [^:]+:(\d+)$", frame[0]) if frame else None
            value = next((line[18:] for line in lines if line.startswith("Value returned is ")),
                         None)
            ours.append([at.group(1), int(at.group(2)), value] if at else None)
        tap.equal(ours, theirs, f"{name}: {len(moves)} moves lead where gdb's lead")


# ---- what is known, and what is not ----

CRASH = r"""
struct node { int v; struct node *next; };
static int more(int n) { return n + 1; }
static int sum(struct node *p) {
	int s = 0;
	while (1) {
		s += p->v;
		p = p->next;
		s = more(s);
	}
	return s;
}
int main(void) {
	struct node a = {1, 0};
	return sum(&a);
}
"""

STRUCT = r"""
struct s { long a, b, c, d; };
static long show(struct s v, int k) { return v.a + k; }
int main(void) { struct s v = {1, 2, 3, 4}; return (int)show(v, 2) - 3; }
"""

TEXTS = r"""
#include <stdlib.h>
int main(void)
{
	const char *h = "hi", *e = "", *t = "\t", *u = "\303\244", *q = "'", *d = "\"";
	unsigned char *w = (unsigned char *)"\377";
	char *b = malloc(4);
	b[0] = 'x';
	b[1] = 0;
	free(b);
	return *h + *e + *t + *u + *w + *q + *d == 0;
}
"""


def answers(words, commands, *options):
    """What each of the commands said, behind `setup`."""
    _, said = session(words, "".join(command + "\n" for command in commands), *options)
    return {command: "\n".join(lines) for command, lines in said}


def check_known(directory):
    """A value that is older says so; where there is none, why."""
    program = compile_c(directory, "fault", CRASH)
    log = directory / "fault.log"
    run([FRAMETRACE, "record", "-q", "-o", log, "--", program])
    asked = ["goto 3", "print p", "info args", "backtrace", "stack", "info frame", "print *p",
             "print $rsp", "print &p", "print depth", "print block_size(p)", "print region(qq)",
             "print said(x)", "print status", "where 0x1", "where &p", "where p", "where pp",
             "print p.v", "goto last", "print cfa", "print q"]
    said = answers([log], asked)
    old = r"0x\w+ \(as of event 1\)$"
    tap.ok(re.search(r"^sum \(p=0x\w+\) at fault.c:\d, arguments as of event 1$", said["goto 3"], re.M)
           and re.fullmatch(f"p = {old}", said["print p"])
           and re.fullmatch(f"p = {old}", said["info args"])
           and re.match(r"#0  sum \(p=\w+\) at \S+, arguments as of event 1\n#1  main \(\) at \S+$",
                        said["backtrace"], re.M)
           and said["stack"].count("values as of event") == 1 and "(as of event 1)" in said["info frame"]
           and "as of" not in said["print &p"] + said["print depth"],
           "a log of calls: values are as of the push, and that is said", said)
    asked = ["continue", "print p", "print s", "info locals", "print *p", "backtrace full",
             "event", "print a"]
    want = {"print p": "p = 0x0", "print s": "s = 2", "info locals": "s = 2",
            "print *p": "p is 0x0: it points to nothing"}
    for words, how in ([[log], "of a log of calls"], [[program], "live"]):
        said_there = answers(words, asked)
        tap.equal({k: said_there[k] for k in want}, want,
                  f"{how}, the values at a crash are those of the crash", said_there)
        tap.ok("a = {v = 1, next = 0x0}" in said_there["backtrace full"]
               and "as of" not in said_there["backtrace full"], f"{how}, of all frames", said_there)
    tap.ok("(as of event 4)" in answers([log], asked)["print a"], "later they are old again")
    for command, words in (
            ("print *p", "*p = {v = 1, next = 0x0} (as of event 1)"),
            ("print $rsp", "registers were not recorded"),
            ("print block_size(p)", "no heap block that is in use here is at 0x"),
            ("print region(qq)", 'there is no "qq" here'),
            ("print said(x)", 'no line of the output so far begins with "x"'),
            ("print status", "the program's end"), ("print cfa", "of a frame, and there is none"),
            ("print q", 'there is no "q" here, and no frame'),
            ("where 0x1", "unmapped: what NULL and a small offset"), ("where &p", "(as of event 1)"),
            ("where p", "in the frame of main"), ("where pp", 'which address? there is no "pp"')):
        tap.ok(words in said[command], f"'{command}': {words}", said[command])
    program = compile_c(directory, "struct", STRUCT)
    said = answers([program], ["break show", "continue", "stack", "up", "print v", "check v.a == 1",
                               "break main if", "break main if == 3"], "-R")
    rows = [(int(a, 16), int(n), rest) for a, n, rest in
            re.findall(r"^    (0x\w+) +(\d+)  (.*)$", said["stack"], re.M)]
    handed = [row for row in rows if row[2].startswith("stack argument")]
    above = [row for row in rows if row[0] > handed[0][0]] if handed else []
    tap.ok(len(handed) == 1 and handed[0][1] == 32 and "v = {a = 1, b = 2," in handed[0][2]
           and above[-1][0] == handed[0][0] + 32, "stack arguments are in the stack", said["stack"])
    tap.ok(said["print v"] == "v is not known yet" and "v (not known yet)" in said["stack"]
           and said["check v.a == 1"] == "v is not known yet\nFAILED",
           "what has no value yet is not known yet", said)
    tap.ok(said["break main if"].startswith("if what?") and '"== 3"' in said["break main if == 3"],
           "half a condition", said)


def check_texts(directory):
    """One character is what a char * points to."""
    program = compile_c(directory, "texts", TEXTS)
    names = {"h": "104 'h'", "e": "0 '\\000'", "t": "9 '\\t'", "u": "-61 '\\303'",
             "w": "255 '\\377'", "q": "39 '\\''", "d": "34 '\"'", "b": "120 'x'"}
    asked = ["break texts.c:10", "continue", *(f"print *{n}" for n in names), "print block_size(b)",
             "next", "print block_size(b)", "print b"]
    said = answers([program], asked)
    for name, value in names.items():
        tap.equal(said[f"print *{name}"], f"*{name} = {value}", f"print *{name}")
    tap.ok("no heap block that is in use here is at 0x" in said["print block_size(b)"],
           "a block that was freed has no size", said)


def check_bare(directory):
    """Without debug information nothing is known of arguments; that is said, once."""
    source = directory / "bare.c"
    source.write_text("int twice(int n) { return 2 * n; }\nint main(void) { return twice(0); }\n")
    program = directory / "bare"
    subprocess.run(["cc", "-O0", "-o", program, source], check=True)
    said = answers([program], ["break twice", "continue", "backtrace", "info locals"])
    text = "\n".join(said.values())
    tap.ok("twice (?)" in said["backtrace"] and "main (?)" in said["backtrace"]
           and text.count("no debug information: (?)") == 1
           and "no debug information" in said["info locals"], "no debug information", said)


# ---- programs that do things --------------------------------------------------------------------

LOUD = r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void shout(const char *s) { write(1, s, 6); }
int main(void)
{
	char line[80];
	shout("\033[31m\n");
	if (fgets(line, sizeof(line), stdin))
		printf("got %s", line);
	else
		puts("no input");
	fflush(stdout);
	fputs("an error\n", stderr);
	int *bad = (int *)8;
	return *bad;
}
"""


IN_LIBRARY = """\
#include <stdio.h>
#include <string.h>
static size_t length(const char *s)
{
	size_t n = 1;
	n += strlen(s);
	return n;
}
int main(void)
{
	printf("%zu\\n", length("abc"));
	printf("%zu\\n", length(NULL));
	return 0;
}
"""


def check_signal_in_library(directory):
    """A log of calls: at a crash in libc the line is that of the call, as gdb has it."""
    program = compile_c(directory, "in_library", IN_LIBRARY, "-fno-builtin")
    log, ran = record(directory, program, "--events=call")
    _, said = session([log], "continue\nbacktrace\nprint n\n")
    tap.ok(said[1][1][-1].split("\t")[0] == "6" and said[2][1] == [
        "#0  length (s=0x0) at in_library.c:6", "#1  main () at in_library.c:12"],
        "a signal in a library: where the traced function called it", said, ran)
    tap.equal(said[3][1], ["n = 1"], "and what its variables are there")
    traced = run([FRAMETRACE, program], b"")
    told = [line for line in traced.err.decode().splitlines() if "SIGSEGV arrives" in line]
    tap.ok(len(told) == 1 and told[0].endswith(", during length, in_library.c:6, at address 0x0"),
           "the trace says so too", traced)


def check_program(directory):
    program = compile_c(directory, "loud", LOUD)
    ran, said = session([program], "continue\nframe\ninfo output\ncontinue\n")
    text = ran.out.decode()
    tap.ok("output: \\033[31m" in text and "\033" not in text,
           "what the program writes cannot command the terminal", ran)
    tap.ok("output: no input" in text and ran.err == b"",
           "without --stdin it reads nothing; its output is in the session only", ran)
    tap.ok(said[1][1][:1] != [] and any("SIGSEGV" in line for line in said[1][1])
           and said[2][1][0].startswith("#0  main () at loud.c:17"), "a signal ends continue", said)
    tap.ok("killed by SIGSEGV" in "\n".join(said[-1][1]) and ran.status == 0,
           "its end is told, and the session's status is its own", said[-1], ran.status)
    (directory / "input").write_text("hello\n")
    ran, _ = session([program], "continue\n", f"--stdin={directory / 'input'}")
    tap.ok(b"output: got hello" in ran.out, "--stdin gives the program its input", ran)
    ran = run([FRAMETRACE, "step", "--plain", "--", program], b"next\n")
    tap.ok(b"--stdin=FILE" in ran.err and b"has been ended" in ran.err,
           "it is said that there is no input, and that the program was ended", ran)


def check_kept(directory):
    program, log = DEMOS / "factorial_c", directory / "kept"
    log.unlink(missing_ok=True)
    ran, _ = session([program], "break factorial\ncontinue 3\n", "-o", log)
    _, said = session([log], "goto last\ninfo event\nbacktrace\n")
    with sqlite3.connect(log) as database:
        pushes = database.execute("select count(*) from calls").fetchone()[0]
    tap.ok(pushes == 4 and "the session ended before the program did" in str(said[1])
           and len(said[3][1]) == 4, "-o keeps what was stepped, and says that it was cut", ran, said)
    ran, _ = session([program], "continue\n", "-o", log)
    _, said = session([log], "run-to-end\n")
    tap.ok("exit status 0" in str(said[1]), "-o keeps a whole run", ran, said)


class Typed:
    """A session at a terminal: what is typed, and what must come before more is."""

    def __init__(self, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            # libedit never frees the names of functions added to it (EL_ADDFN, its eln.c).
            os.environ["ASAN_OPTIONS"] = "detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", "")
            os.execv(FRAMETRACE, [FRAMETRACE, "step", "-q", "--plain", *map(str, words)])
        self.text, self.at = "", 0

    def until(self, word):
        """What came up to the word; everything, if it never comes."""
        while self.text.find(word, self.at) < 0:
            ready, _, _ = select.select([self.fd], [], [], TIMEOUT)
            try:
                data = os.read(self.fd, 4096) if ready else b""
            except OSError:  # the other end is closed
                data = b""
            if not data:
                break
            self.text += data.decode(errors="replace")
        end = self.text.find(word, self.at)
        said, self.at = self.text[self.at:end], end + len(word)
        return said if end >= 0 else None

    def prompt(self):
        """Up to the next prompt, and until a key is a key: Ctrl-C is none of them before."""
        said = self.until("(frametrace) ")
        self.wait_for_keys(True)
        return said

    def wait_for_keys(self, wanted):
        """Whether a line is typed, or a command runs."""
        while (termios.tcgetattr(self.fd)[3] & termios.ISIG == 0) != wanted:
            pass

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        """The exit status, once it has ended."""
        while True:
            try:
                if not os.read(self.fd, 4096):
                    break
            except OSError:
                break
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return status


def check_terminal(_):
    typed = Typed("-R", DEMOS / "double_c")
    begun = typed.prompt()
    typed.type("ste\t\t")  # step and stepi
    listed = typed.until("stepi")
    typed.type("\x15nex\t\n")
    first = typed.until("int b = twice")
    typed.prompt()
    typed.type("\n")
    again = typed.until("printf")
    typed.prompt()
    typed.type("break tw\t\n")
    function = typed.until("Breakpoint 1: twice")
    typed.prompt()
    typed.type("\x1b[A\n")
    old = typed.until("Breakpoint 2: twice")
    typed.prompt()
    typed.type("nonsense\n")
    wrong = typed.until("there is no command")
    typed.type("q\n")
    status = typed.end()
    tap.ok(None not in (begun, listed, first, again, function, old, wrong) and status == 0,
           "at a terminal: completion, history, the last move again", typed.text, status)
    typed = Typed("-R", DEMOS / "vas_explore_c")
    typed.prompt()
    typed.type("advance 19\n")
    typed.until("sleep(seconds)")
    typed.prompt()
    typed.type("continue\n")
    # It would sleep for hours. The program is interrupted too; who is told first is chance.
    typed.wait_for_keys(False)
    typed.type("\x03")
    ended = typed.prompt()
    typed.type("q\n")
    tap.ok(re.search("SIGINT arrives in|interrupted", ended or "") and typed.end() == 0,
           "at a terminal: Ctrl-C ends a move", typed.text)


THREADS = r"""
#include <pthread.h>
static int twice(int n) { return 2 * n; }
static void *work(void *arg)
{
	int n = *(int *)arg;
	n = twice(n);
	*(int *)arg = n;
	return arg;
}
int main(void)
{
	int n[2] = {1, 2};
	for (int i = 0; i < 2; i++) {
		pthread_t t;
		pthread_create(&t, 0, work, &n[i]);
		pthread_join(t, 0);
	}
	return n[0] + n[1];
}
"""


def check_threads(directory):
    program = compile_c(directory, "two", THREADS, "-pthread")
    commands = "break work\ncontinue\nnext\nnext\nnext\nprint n\ncontinue\ninfo threads\nfinish\n"
    _, said = session([program], commands)
    tap.ok(said[2][1][1] == "[thread 2]" and said[6][1] == ["n = 2"]
           and any(line.startswith("* thread 3") for line in said[8][1]),
           "next stays in its thread; threads have numbers of their own", said)
    typed = Typed(program)
    typed.until("(frametrace) ")
    typed.type("print tid\n")
    typed.until("tid = ")
    tid = (typed.until("(frametrace) ") or "").strip()
    typed.type("info threads\n")
    typed.until("* thread 1")
    shown = typed.until("(frametrace) ")
    typed.type("q\n")
    tap.ok(typed.end() == 0 and tid.isdigit() and f" ({tid}) main, 1 frame" in str(shown),
           "at a terminal threads have the system's numbers too", typed.text)


# ---- grading ------------------------------------------------------------------------------------

GOOD = """
break twice
continue
check n == 48 && depth == 1 && function == "twice"
backtrace
expect #1  main
finish
check return == 96
next
check b == 96 && a == 48 && frames == 1
check b != 95 && b >= 96 && b < 97 || a == 1
run-to-end
check status == 0 && event == "exit"
"""


def check_grading(directory):
    script = directory / "script"
    script.write_text(GOOD)
    log, _ = record(directory, DEMOS / "double_c")
    for words in ([DEMOS / "double_c"], [log]):
        ran = run([FRAMETRACE, "step", "-q", "--script", script, *words])
        tap.ok(ran.status == 0 and ran.out.decode().endswith("\n6 of 6 checks passed\n"),
               f"a script that grades: {Path(words[0]).name}", ran)
    for bad in ("check b == 97", "check nothing == 1", "expect nothing like it", "check b ==",
                "frobnicate", "print nothing", "finish now", "delete 9", "goto 10000"):
        ran, _ = session([log], f"next 2\n{bad}\nnext\n")
        tap.ok(ran.status == 1 and "19\t" in ran.out.decode(),
               f"'{bad}' fails, and the session goes on", ran)


def check_lines(directory):
    """A line of a script counts as a whole, whatever its length and its bytes."""
    log, _ = record(directory, DEMOS / "double_c")
    script = directory / "lines"
    for line, status, said in (
            (b"check depth == 0 " + 9000 * b" " + b"&& depth == 7", 1, b"FAILED"),
            (b"check depth == 0 " + 9000 * b" " + b"&& depth == 0", 0, b"ok"),
            (b"check depth == 0\0 && depth == 7", 1, b"NUL"),
            (b"\0", 1, b"NUL"),
            (b"# " + 9000 * b"#", 0, b"")):
        script.write_bytes(line + b"\nnext\ncheck a == 48")
        ran = run([FRAMETRACE, "step", "-q", "--script", script, log])
        tap.ok(ran.status == status and said in ran.out and b"\n16\t" in ran.out,
               f"a line of {len(line)} bytes, {line.count(0)} of them NUL", ran.status, ran.err,
               ran.out[-2000:])


# ---- what cannot be -----------------------------------------------------------------------------

def check_words(directory):
    log, _ = record(directory, DEMOS / "factorial_c")
    for command, words in (
            ("stpe", "did you mean \"step\""), ("re", "> main"), ("reverse-s", "reverse-step reverse-stepi"),
            ("info regsters", "did you mean \"registers\""), ("print nn", "here"),
            ("break nowhere", "nothing in this log"), ("break factorial.c:9999", "nothing in this log"),
            ("break 11 if n = ", "compare with what"), ("break", "Breakpoint 1: "),
            ("break *zz", "nothing in this log"), ("watch", "watch what"), ("find", "find what"),
            ("find address xyz", "find what"), ("frame 77", "there is no frame 77"),
            ("down", "innermost"), ("step x", "is no number"), ("where here", "which address"),
            ("list 9999", "has no line"), ("until nowhere", "nothing in this log"),
            ("x/4", "there is no command \"x\""), ("undo", "there was no move")):
        _, said = session([log], f"{'event' if command == 're' else 'echo'}\n{command}\n")
        tap.ok(words in "\n".join(said[2][1]) and len(said[2][1]) <= 2, f"'{command}'", said)


def check_failures(directory):
    log, _ = record(directory, DEMOS / "double_c")
    text = directory / "text"
    text.write_text("SQLite format 3\0 no log")
    for words, status, said in (
            (["--plain", "/nowhere/program"], 1, "no such file"),
            (["--plain"], 2, "no PROGRAM given"),
            (["--plain", "-o", "x", log], 2, "a LOG is a run that is over"),
            (["--plain", "--events=call", log], 2, "a LOG is a run that is over"),
            (["--plain", log, "more"], 2, "there is one LOG"),
            (["--script", text, "--answers", text, DEMOS / "double_c"], 1, "is a program, not a trace log"),
            (["--script", text, "--answers", text, "/nowhere/log"], 1, "/nowhere/log cannot be read"),
            (["--script", text, "--answers", text, text], 1, "text is not a trace log"),
            (["--plain", "--verify", DEMOS / "double_c"], 2, "step takes no"),
            (["--script", "/nowhere/script", log], 1, "/nowhere/script"),
            (["--script", directory, log], 1, "Is a directory"),
            (["--script", text, "--answers", directory, log], 1, "Is a directory"),
            (["--plain", "--stdin=/nowhere/input", DEMOS / "double_c"], 1, "/nowhere/input"),
            (["--plain", "-o", "/nowhere/log", DEMOS / "double_c"], 1, "/nowhere/log"),
            (["--plain", "-b", "12 if", log], 1, "condition"),
            (["--plain", "--wach=b", log], 2, "there is no option --wach"),
            (["-b"], 2, "needs a value"),
            ([log], 2, "--plain"),
            ([DEMOS / "double_c"], 2, "--plain")):
        ran = run([FRAMETRACE, "step", *words])
        tap.ok(ran.status == status and said in ran.err.decode()
               and len(ran.err.decode().splitlines()) == 1,
               f"step {' '.join(Path(w).name if w else w for w in map(str, words))}: {said}", ran)
    _, said = session([log], "goto last\nreverse-next 1000\nbreak\n")
    tap.equal(said[2][1][0], "the beginning of the recording", "the reason of one move, not of two")
    tap.ok(re.fullmatch(r"Breakpoint 1: \S+double.c:\d+", said[3][1][0]), "break without a place", said)
    ran, said = session([log], "goto last\ngoto last\nrun-to-end\n")
    tap.ok(ran.status == 0 and said[2][1] == said[3][1] == said[1][1][-1:],
           "who is at the last event already gets there", ran)
    ran = run([FRAMETRACE, "step", "-b", "twice", "--watch=b", "--plain", log],
              b"continue\ncontinue\n")
    tap.ok(b"breakpoint 1, twice" in ran.out and b"watch 2, b = 96" in ran.out,
           "breakpoints of the command line", ran)


def check_calls_only(directory):
    """Without lines and instructions the moves go by calls."""
    program = DEMOS / "factorial_c"
    ran, said = session([program], "step\nstep\nfinish\nreverse-next\nwatch n\nbreak factorial if "
                        "n == 1\ncontinue\nbacktrace\n", "--events=call", "-R")
    text = [lines for _, lines in said]
    tap.ok(ran.status == 0 and len(said[-1][1]) == 6 and said[-1][1][0].startswith(
        "#0  factorial (n=1)"), "a session of calls only", ran, text)
    note = "without lines it stops at pops only"
    tap.ok(text[5] == ["Watchpoint 1: n", f"{note} (--events=line)"],
           "a watch says that it cannot see changes between calls", text[5])
    log = directory / "calls.log"
    run([FRAMETRACE, "record", "-q", "-o", log, "--", program])
    _, said = session([log], "watch n\n")
    tap.ok(said[-1][1] == ["Watchpoint 1: n", f"{note} (record --events=line)"],
           "a watch in a log of calls says so too", said)
    ran = run([FRAMETRACE, "step", "--plain", "--watch=n", log], b"quit\n")
    tap.ok(note in ran.err.decode() and len(ran.err.splitlines()) == 1,
           "and so does one of the command line", ran)


TARGETS = r"""
#include <stdlib.h>
struct node { int v; struct node *next; int arr[3]; };
typedef struct node *nodep;
static int more(int n) { return n + 1; }
static int sum(nodep p, int *a, char **argv, int (*m)[2], void *v, struct node **pp, char *none)
{
	int s = more(*a);
	*a += 37;
	for (nodep q = p; q; q = q->next)
		s += q->v;
	return s + !argv + (*m)[1] + !v + (*pp)->v + (none != NULL);
}
int main(int argc, char **argv)
{
	struct node z = {3, NULL, {9, 8, 7}}, y = {2, &z, {1, 2, 3}}, x = {1, &y, {4, 5, 6}}, *px = &x;
	int k = argc + 4, two[2] = {argc, 2};
	return sum(&x, &k, argv, &two, &k, &px, NULL) == 0;
}
"""


def check_targets(directory):
    """What a pointer points to is known where its value is told; gdb says what it is there."""
    program, log = compile_c(directory, "targets", TARGETS), directory / "targets.log"
    asked = ["p->v", "p->next->v", "p->arr", "p->arr[1]", "p->next->next", "*a", "*m", "m[0]", "*pp",
             "pp[0]", "*p"]
    words = [word for name in asked for word in ("-ex", f"print {name}")]
    ran = run(["gdb", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-ex", "break sum",
               "-ex", "run", *words, program])
    gdb = re.findall(r"^\$\d+ = (.*)$", ran.out.decode(), re.M)
    if len(gdb) != len(asked):
        tap.skip("what pointers point to", "there is no gdb that tells it")
        return
    run([FRAMETRACE, "record", "-q", "-o", log, "--", program])

    def plain(text):
        return re.sub(r"0x[0-9a-f]{3,}", "PTR", re.sub(r"^\([^)]*\) ", "", text))

    commands = [f"print {name}" for name in asked]
    for words, how in ((log, "of a log of calls"), (program, "live")):
        said = answers([words], ["break sum", "continue", *commands])
        wrong = [(name, said[f"print {name}"], value) for name, value in zip(asked, gdb)
                 if plain(said[f"print {name}"]) != f"{name} = {plain(value)}"]
        tap.ok(not wrong, f"{how}, targets are those that gdb has", *wrong)
        said = answers([words], ["break sum if *a == 5", "continue", "print *none", "print *v",
                                 "watch *a", "continue", "print *a"])
        tap.ok(said["continue"].endswith("0") and "what v points to was not recorded: its type"
               in said["print *v"] and "none is 0x0" in said["print *none"],
               f"{how}, a condition on a target; why there is none", said)
        tap.ok("what \"*a\" leads to is not followed" in said["watch *a"],
               f"{how}, a target is not watched", said["watch *a"])
    said = answers([log], ["goto 2", "frame 1", "print *a", "goto 3", "print *a"])
    tap.ok(said["print *a"] == "*a = 5 (as of event 1)", "between push and pop it is old", said)
    said = answers([program], ["break 11", "continue", "print *a"])
    tap.ok(re.fullmatch(r"\*a = 5 \(as of event \d+\)", said["print *a"]),
           "a target that may have changed since is old, live too", said)


WAITS = r"""
#include <fcntl.h>
#include <unistd.h>
static int more(int n) { return n + 1; }
int main(int argc, char **argv)
{
	int n = more(argc);
	close(open(argv[1], O_CREAT | O_WRONLY, 0600));
	for (;;)
		pause();
	return n;
}
"""


def check_ended(directory):
    """One SIGTERM ends the session, also while the program is waited for."""
    program, there = compile_c(directory, "waits", WAITS), directory / "there"
    child = subprocess.Popen([FRAMETRACE, "step", "--plain", "--events=call", "--", program, there],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdin.write(b"run-to-end\n")
    child.stdin.flush()  # and it stays open: nobody says that the session is over
    while not there.exists() and child.poll() is None:
        os.sched_yield()
    child.send_signal(signal.SIGTERM)
    try:
        status = child.wait(TIMEOUT)
    except subprocess.TimeoutExpired:
        status = "it goes on"
        child.kill()
    err = child.stderr.read().decode()
    tap.ok(status == -signal.SIGTERM and "ended by signal 15" in err, "one SIGTERM is enough",
           status, err)
    child.communicate()


def check_end(directory):
    """The end of a run is said once, however it is reached."""
    log, _ = record(directory, DEMOS / "double_c")
    for command in ("run-to-end", "continue", "goto last"):
        _, said = session([log], f"{command}\n")
        tap.equal(said[-1][1][-1:], ["the run ends here: exit status 0"],
                  f"{command}: the end is said")
        tap.ok("exited" not in "\n".join(said[-1][1]), f"{command}: once", said[-1])
    _, said = session([log], "goto last\nreverse-event\nevent\n")
    tap.equal(said[-1][1], ["the run ends here: exit status 0"], "event: the end is said once")



def main():
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for check in (check_same, check_back, check_transcript, check_page, check_info_frame,
                      check_gdb, check_known, check_texts, check_bare, check_program,
                      check_signal_in_library, check_terminal, check_kept, check_threads,
                      check_grading, check_lines, check_words, check_failures, check_calls_only,
                      check_ended, check_end, check_targets):
            check(directory)
    tap.done()


if __name__ == "__main__":
    main()
