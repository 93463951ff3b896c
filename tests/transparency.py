#!/usr/bin/env python3
"""transparency - a traced program does what it does alone: output, status, signals, resources.

# test: up to 240 s
"""
import os
import re
import shutil
import subprocess
import sys

from lib import samples, tap
from lib.trace import BUILD, FRAMETRACE, TIMEOUT, run, trace

PROBES = """
import os, signal, threading, sys
def row(name, value):
    print(name, value, flush=True)
row("affinity", sorted(os.sched_getaffinity(0)))
row("fds", sorted(int(n) for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n)))
with open("/proc/self/status") as file:
    for line in file:
        if line.split(":")[0] in ("SigBlk", "SigIgn", "SigCgt", "SigPnd", "ShdPnd"):
            row(*line.split())
row("nice", os.nice(0))
row("umask", os.umask(0))
row("cwd", os.getcwd())
row("environment", sorted(os.environ))
import resource
row("limits", [resource.getrlimit(n) for n in range(16)])
"""

THREADED = """
import threading, subprocess, sys
total, lock = [0], threading.Lock()
def work(n):
    for i in range(200):
        with lock:
            total[0] += i * n
threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(total[0], subprocess.check_output(["/bin/echo", "child"]))
sys.exit(7)
"""

SHELL = """
set -e
echo "one $((1 + 2))"; printf 'two\\n' >&2
for i in 1 2 3; do (echo "sub $i"; exit $i) || echo "status $?"; done
echo piped | cat | tr a-z A-Z
sleep 0 & wait $!
x=$(echo substituted); echo "$x"
trap 'echo usr1' USR1; kill -USR1 $$
exit 5
"""

ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C"}

# Debian's Python is one file with symbols but no debug information: 350 000 calls to start it, so
# only some functions are traced, in all threads.
PYTHON = "/usr/bin/python3"
PYTHON_FILTERS = ["-fPyThread_*", "-fPyEval_*", "-fPyObject_Call*"]
if not os.path.exists(PYTHON):
    PYTHON, PYTHON_FILTERS = sys.executable, []

COMMANDS = [
    ("true", ["true"], b""),
    ("false", ["false"], b""),
    ("cat copies stdin", ["cat"], b"line\n" * 10000),
    ("sh -c", ["sh", "-c", SHELL], b""),
    ("bash -c", ["bash", "-c", SHELL], b""),
    ("sh kills itself by SIGTERM", ["sh", "-c", "kill -TERM $$"], b""),
    ("sh kills itself by SIGSEGV", ["sh", "-c", "kill -SEGV $$"], b""),
    ("sh execs", ["sh", "-c", "exec echo replaced"], b""),
    ("threaded python with a child", [PYTHON, "-c", THREADED], b""),
    ("fds, signals, affinity, limits", [PYTHON, "-c", PROBES], b""),
    ("exit status 200", ["sh", "-c", "exit 200"], b""),
]


# What single steps could disturb: signals, threads, new programs, jumps, instructions that show
# the trap flag.
STEPPED = ["step_flags", "threads", "timer", "signals", "nested_signals", "fork", "exec", "longjmp",
           "throw", "killed", "exit_status", "leader_exit", "dlopen", "rust_panic", "redzone"]


def same(name, argv, stdin=b"", status=None, options=()):
    options = PYTHON_FILTERS if argv[0] == PYTHON else options
    alone = run(argv, stdin)
    try:
        traced = trace(argv, *options, stdin=stdin)
    except subprocess.TimeoutExpired:
        tap.ok(False, name, f"no end within {TIMEOUT} s")
        return
    expected = status is None or alone.status == status
    tap.ok(alone == traced.ran and expected, name, f"alone:  {alone}", f"traced: {traced.ran}",
           f"expected status: {status}")


def same_addresses(program):
    """Without ASLR the heap, the stack and the libraries are where they are untraced."""
    if not program.exists():
        tap.ok(False, f"{program.name} was built")
        return
    alone = run(["setarch", "-R", program], env=ENVIRONMENT)
    traced = trace([program], "--no-aslr", env=ENVIRONMENT)
    tap.ok(alone == traced.ran, f"{program.name}: the same addresses", f"alone:  {alone}",
           f"traced: {traced.ran}")


def main():
    for name, argv, stdin in COMMANDS:
        if shutil.which(argv[0]) is None:
            tap.ok(False, name, f"{argv[0]} is not installed")
            continue
        same(name, argv, stdin)
    words = sys.argv[1:]
    for program in samples.programs():
        if not words or any(word in program.name for word in words):
            same(program.name, program.argv, status=program.status)
            if re.split(r"\W", program.name)[0] in STEPPED:
                same(f"{program.name}, stepped", program.argv, status=program.status,
                     options=["--events=insn,line"])
    if not words:
        for name in ("stack_or_heap_c", "stack_or_heap"):
            same_addresses(BUILD / "demos" / name)
    affinity = [PYTHON, "-c", "import os; print(len(os.sched_getaffinity(0)))"]
    pinned = trace(affinity, "--pin", *PYTHON_FILTERS)
    tap.equal(pinned.ran.out, b"1\n", "--pin puts the program on one CPU", pinned.ran)
    quiet = run([FRAMETRACE, "-q", "-o", "/dev/null", "true"])
    tap.equal((quiet.status, quiet.out, quiet.err), (0, b"", b""), "-q -o FILE: silent")
    tap.done()


main()
