#!/usr/bin/env python3
"""fatal - the variables at a signal that ends the program are those that gdb finds there.

# test: up to 240 s

Each program is run three times: under gdb, which tells of every frame's variables when the signal
is there; traced; and recorded: the stepper is asked for the same at that signal of the log.
"""
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from lib import tap
from lib.log import meta
from lib.space import SCHEMA
from lib.trace import FRAMETRACE, run, trace

HEAD = """
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define NOINLINE __attribute__((noinline, noclone))
struct point { int x, y; };
static volatile int zero;
static const struct point *volatile nowhere;
static const char *volatile seen;
"""
PROGRAMS = {  # name: source, how it ends
    "null": (HEAD + """
static int total;
NOINLINE static int leaf(const struct point *p, int k)
{
	int twice = k * 2;
	struct point local = {twice, 7};
	char name[8] = "abc";
	seen = name;
	k += 5;
	total += local.y + name[0];
	return p->x + twice + k;
}
NOINLINE static int middle(int n, const char *text)
{
	static int calls = 3;
	int sum = (int)strlen(text);
	const struct point *q = nowhere;
	struct point here = {1, 2};
	for (int i = 0; i < 3; i++)
		sum += i * n;
	calls += sum;
	sum += leaf(q, sum);
	return sum + n + here.x;
}
int main(int argc, char **argv)
{
	int a = argc + 3;
	long kept = a * 1000L;
	a++;
	int r = 1;
	r = middle(a, argv[0] ? "four" : "");
	return r + (int)kept;
}
""", "SIGSEGV"),
    "divide": (HEAD + """
NOINLINE static int divide(int a, int b) { int q = a; q += 2; return q / b; }
int main(int argc, char **argv) { int k = argc + 4; k++; return divide(k, zero) + k + !argv; }
""", "SIGFPE"),
    "assertion": (HEAD + """
NOINLINE static int check(int v) { int w = v * 3; assert(w == 1); return w; }
static void *worker(void *arg)
{
	int *p = arg, mine = *p + 1;
	return (void *)(long)(check(mine) + mine);
}
int main(void)
{
	pthread_t t;
	int x = 6;
	pthread_create(&t, NULL, worker, &x);
	pthread_join(t, NULL);
	return x;
}
""", "SIGABRT"),
    "overflow": (HEAD + """
NOINLINE static int deep(int n)
{
	volatile char pad[512];
	pad[n % 512] = (char)n;
	int r = deep(n + 1);
	return r + pad[3];
}
int main(void) { return deep(1); }
""", "SIGSEGV"),
    "told": (HEAD + """
NOINLINE static int wait_here(int n)
{
	volatile long until = n + 4;
	kill(getpid(), SIGTERM);
	return (int)until;
}
int main(void) { return wait_here(3); }
""", "SIGTERM"),
    "again": (HEAD + """
static struct sigaction usual;
static char alternate[65536];
static void on(int s, siginfo_t *info, void *context)
{
	volatile int seen = s * 2;
	sigaction(s, &usual, NULL);
	if (seen != 22 || !info || !context)
		_exit(1);
	abort();
}
NOINLINE static int store(volatile int *where, int what) { int copy = what + 1; *where = copy; return copy; }
int main(void)
{
	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
	struct sigaction act = {.sa_sigaction = on, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &act, &usual);
	return store((int *)16, 41);
}
""", "SIGABRT"),
    # The handler's stack is above the thread's own, whose frames live on.
    "above": (HEAD + """
#include <sys/mman.h>
static char *alternate;
static void on(int s)
{
	volatile int seen = s * 2;
	if (seen)
		abort();
}
NOINLINE static int add(int *p, const int *q) { return *p + *q; }
static void *work(void *arg)
{
	int here = 3;
	stack_t stack = {.ss_sp = alternate, .ss_size = 65536};
	struct sigaction act = {.sa_handler = on, .sa_flags = SA_ONSTACK};
	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &act, NULL);
	return add(&here, (const int *)16) ? arg : NULL;
}
int main(void)
{
	pthread_t t;
	alternate = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_create(&t, NULL, work, NULL);
	pthread_join(t, NULL);
	return 0;
}
""", "SIGABRT"),
}
BUILDS = [("cc", "-O0"), ("cc", "-O2"), ("clang", "-O0"), ("clang", "-O2")]
TOLD = 64  # frames are looked at
# In a register that the call may change, for all that the compiler says: gdb takes what is there.
MAY_BE_GONE = {("middle", "sum"), ("middle", "q"), ("main", "k"), ("worker", "arg")}

GDB = r'''
import json, os, gdb
for word in ("pagination off", "confirm off", "print frame-arguments all", "print elements 200",
             "debuginfod enabled off", "print entry-values no", "auto-load off"):
    try:
        gdb.execute("set " + word)
    except gdb.error:
        pass
gdb.execute("run", to_string=True)
for _ in range(int(os.environ["FT_SKIP"])):
    gdb.execute("continue", to_string=True)
frames, frame = [], gdb.newest_frame()
while frame is not None and len(frames) < 64:
    told = {}
    try:
        block = frame.block()
    except RuntimeError:
        block = None
    ours = frame.find_sal().symtab is not None and \
        frame.find_sal().symtab.filename.endswith(os.environ["FT_FILE"])
    while ours and block is not None:
        for symbol in block:
            if symbol.is_function or symbol.addr_class == gdb.SYMBOL_LOC_TYPEDEF or \
                    symbol.name in told:
                continue
            value = symbol.value(frame)
            told[symbol.name] = None if value.is_optimized_out else value.format_string()
        if block.function is not None:
            break
        block = block.superblock
    if ours:
        frames.append({"function": frame.name(), "line": frame.find_sal().line, "values": told})
    frame = frame.older()
print("FRAMES " + json.dumps(frames))
'''


def by_gdb(directory, program, skip):
    script = directory / "frames.py"
    script.write_text(GDB)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(directory), "LC_ALL": "C.UTF-8",
                   "FT_SKIP": str(skip), "FT_FILE": program.name.split("-")[0] + ".c"}
    ran = run(["gdb", "-nx", "-batch", "-x", script, program], env=environment)
    for line in ran.out.decode(errors="replace").splitlines():
        if line.startswith("FRAMES "):
            return json.loads(line[7:])
    tap.ok(False, f"{program.name}: gdb tells of the frames", ran)
    return []


def plain(text):
    """Without what differs from run to run: addresses, and how gdb and we label them."""
    text = re.sub(r"<(optimized|optimised) out>", "?", text)
    text = re.sub(r"^\(.*?\*\) ", "", text)
    text = re.sub(r"0x[0-9a-f]{3,}( <[^>]*>)?", "PTR", text)
    return re.sub(r" @?\{?->.*", "", text)


def ours(value):
    return None if value["value"] is None else plain(value["value"])


def values_of(frame):
    return {v["name"]: ours(v) for v in frame["args"] + frame["locals"]}


def is_right(mine, gdb, truth):
    """
    As gdb has it; what gdb does not know may be known, but then as without optimisation: gdb
    knows nothing of a value that is known in part, and asks the caller less. It does take what
    is in a register that the callee may have changed, which may be wrong: unknown is right then.
    """
    if mine == gdb or (mine is None and gdb != truth):
        return True
    return mine is not None and re.fullmatch(re.escape(mine).replace(r"\?", ".+?"), truth)


def differences(told, gdb, truth):
    """What the event says of frames, against gdb; `truth` is what gdb says without optimisation."""
    bad = []
    if [frame["function"] for frame in told] != [frame["function"] for frame in gdb]:
        return [f"frames of {[f['function'] for f in told]}, gdb: {[f['function'] for f in gdb]}"]
    for mine, theirs, true in zip(told, gdb, truth):
        where = f"{theirs['function']}:{theirs['line']}"
        if mine["line"] not in (theirs["line"], true["line"]):
            bad.append(f"{where}: told as line {mine['line']}")
        values = values_of(mine)
        if values.keys() != theirs["values"].keys():
            bad.append(f"{where}: {sorted(values)}, gdb: {sorted(theirs['values'])}")
        for name, value in theirs["values"].items():
            want = value if value is None else plain(value)
            least = plain(true["values"].get(name) or "")
            if values.get(name) is None and (theirs["function"], name) in MAY_BE_GONE:
                continue
            if not is_right(values.get(name), want, least):
                bad.append(f"{where}: {name} is {values.get(name)!r}, gdb: {want!r}, "
                           f"without optimisation: {least!r}")
    return bad


def stack_differences(told):
    """Frames of `deep`: each is called with its depth, and has stored one byte."""
    bad = []
    for frame in told:
        values, n = values_of(frame), frame["depth"]
        if frame["function"] != "deep" or values["n"] not in (str(n), None):
            bad.append(f"frame at depth {n}: {values}")
    pads = [values_of(frame)["pad"] for frame in told[1:] if 32 < frame["depth"] % 512 < 127]
    marks = [f'"{chr(f["depth"] % 512)}"' for f in told[1:] if 32 < f["depth"] % 512 < 127]
    bad += [f"{pad} lacks {mark}" for pad, mark in zip(pads, marks)
            if mark not in pad.replace("\\", "") and mark not in ('"""', '"\\"')]
    # One may have got no further than its entry, where no frame is pushed yet.
    return bad if len(told) in (TOLD - 1, TOLD) else bad + [f"{len(told)} frames"]


def stepper_says(directory, program, frames):
    """`print` in each frame of a log, at the last signal, against the frames of a trace."""
    log = directory / f"{program.name}.frametrace"
    run([FRAMETRACE, "record", "-q", "-o", log, "--", program], cwd=directory)
    seq = json.loads(meta(log, "signals"))[-1]
    lines = [f"goto {seq}"]
    for i, frame in enumerate(frames[:8]):
        lines += [f"frame {i}", *(f"print {name}" for name in values_of(frame))]
    script = directory / "ask"
    script.write_text("\n".join(lines) + "\n")
    ran = run([FRAMETRACE, "step", f"--script={script}", log])
    said = [m for line in ran.out.decode().splitlines()
            if (m := re.fullmatch(r"(\w+) = (.*)", line))]
    want = [(name, value) for frame in frames[:8] for name, value in values_of(frame).items()]
    bad = [f"got {m[0]}, want {name} = {value}" for m, (name, value) in zip(said, want)
           if m[1] != name or (value is not None and plain(m[2]) != value)
           or (value is None and not m[2].startswith("<")) or "as of event" in m[2]]
    return bad if len(said) == len(want) else bad + [f"{len(said)} values of {len(want)}", ran]


def check(directory, name, compiler, level, truth):
    text, ends = PROGRAMS[name]
    extra = ["-pthread", "-fno-inline", "-fno-optimize-sibling-calls", "-w"]
    source = directory / f"{name}.c"
    source.write_text(text)
    program = directory / f"{name}-{compiler}{level}"
    subprocess.run([compiler, "-g", level, "-D_GNU_SOURCE", *extra, "-o", program, source],
                   check=True)
    label = f"{name}, {compiler} {level}"
    traced = trace([program], cwd=directory)
    signals = [event for event in traced.of("signal") if "frames" in event]
    if not tap.ok(signals and signals[-1]["signal"] == ends, f"{label}: the signal tells of frames",
                  traced.ran):
        return
    last = signals[-1]
    faults = list(SCHEMA.faults(last))
    tap.ok(not faults, f"{label}: as the schema says", *faults)
    if name == "overflow":
        bad = stack_differences(last["frames"])
    else:
        gdb = by_gdb(directory, program, 1 if name in ("again", "above") else 0)
        bad = differences(last["frames"], gdb, truth.setdefault((name, compiler), gdb))
    tap.ok(not bad, f"{label}: as gdb has it", *bad)
    dangling = [value for frame in last["frames"]
                for value in (frame["args"] or []) + (frame["locals"] or []) if "dangling" in value]
    tap.ok(not dangling, f"{label}: no pointer is said to dangle", *dangling)
    pushed = {push["seq"]: push for push in traced.pushes()}
    tap.ok(all((pushed[f["pushed_seq"]]["cfa"], pushed[f["pushed_seq"]]["depth"]) ==
               (f["cfa"], f["depth"]) for f in last["frames"]), f"{label}: frames are those pushed")
    tap.equal(last["more_frames"], last["frames"][-1]["depth"], f"{label}: the others are counted")
    if name != "overflow":  # how deep that gets differs
        bad = stepper_says(directory, program, last["frames"])
        tap.ok(not bad, f"{label}: the stepper too", *bad)


def main():
    if not shutil.which("gdb"):
        tap.skip_all("there is no gdb")
    with tempfile.TemporaryDirectory() as name:
        directory, truth = Path(name), {}
        for compiler, level in BUILDS:
            if not shutil.which(compiler):
                tap.skip(f"{compiler} {level}", f"there is no {compiler}")
                continue
            for program in PROGRAMS:
                check(directory, program, compiler, level, truth)
    tap.done()


if __name__ == "__main__":
    main()
