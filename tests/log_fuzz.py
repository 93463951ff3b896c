#!/usr/bin/env python3
"""log_fuzz - trace logs from strangers: whatever is in the file, one clear line or an answer.

usage: tests/run log_fuzz           a bounded number of mutants, always the same ones
       tests/log_fuzz.py N [SEED]   N mutants of that seed; failing ones are kept

# test: up to 120 s
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lib import tap
from lib.log_mutants import Mutants, name_in_journal, remove
from lib.space import compile_c
from lib.trace import BUILD, FRAMETRACE, run

HARNESS = BUILD / "fuzz/ask_log"
PROGRAMS = [("fib_c", ["5"], ["-R"]), ("boxed_value_c", [], ["--frames", "--registers", "--stack"]),
            ("structs_c", [], ["--events=line,insn", "--map=every"]),
            ("stack_or_heap_c", [], ["--inlines", "--registers", "--events=line"])]
THREADS = r"""
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static int down(int n) { char *p = malloc((size_t)n + 1); int r = n ? down(n - 1) + 1 : 0; free(p); return r; }
static void *work(void *arg) { printf("%d\n", down(*(int *)arg)); return NULL; }
int main(void)
{
	pthread_t t[3];
	int n[3] = {900, 200, 3};
	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, work, &n[i]);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	return 0;
}
"""
BATCH, MUTANTS, COMMAND_EVERY = 40, 120, 5
SCRIPT = ("info frame\ninfo locals\nbacktrace\nnext\nfinish\nreverse-step\ncontinue\ninfo heap\n"
          "info registers\ninfo output\nlist\nframes\n")
COMMANDS = [["step", "--plain", "--script={script}"], ["replay", "-v"], ["report"], ["maps"],
            ["where", "0x7fffffffe000", "{log}"], ["replay", "--at=last", "-v"],
            ["replay", "-v", "-f", "!main", "-d", "3"], ["replay", "--explain", "--no-heap"]]


def make_logs(directory):
    logs = []
    programs = [(BUILD / "demos" / name, argv, options) for name, argv, options in PROGRAMS]
    programs.append((compile_c(directory, "threads", THREADS, "-pthread"), [], ["--frames"]))
    for program, argv, options in programs:
        log = directory / f"{Path(program).name}.frametrace"
        ran = run([FRAMETRACE, "record", "-q", "-o", log, *options, "--", program, *argv])
        if not log.exists():
            tap.ok(False, f"{log.name}: is made", ran)
        else:
            logs.append(str(log))
    return logs


def listing(directory):
    """What there is, to see that nothing is written; reading may set no time but atime."""
    return {name: (os.lstat(path).st_size, os.lstat(path).st_mtime_ns, os.lstat(path).st_ino)
            for name in os.listdir(directory) if (path := os.path.join(directory, name))}


def ask(paths, seed):
    """What the harness says of each file."""
    ran = run([HARNESS, seed, *paths], timeout=90 * len(paths))
    said = ran.out.decode("utf-8", "replace").splitlines()
    return said, ran


def commands():
    """Those of COMMANDS that take a log."""
    known = run([FRAMETRACE, "--help"]).out.decode()
    return [c for c in COMMANDS if re.search(rf"^  {c[0]} ", known, re.M)]


def try_commands(log, script, which, notes, what):
    words = [w.format(script=script, log=log) for w in which]
    if log not in words:
        words.append(log)
    try:
        ran = run([FRAMETRACE, *words], timeout=90)
    except subprocess.TimeoutExpired:
        notes.append(f"{words[0]} of {what}: no end")
        return
    lines = ran.err.decode("utf-8", "replace").splitlines()
    raw = re.search(rb"[\0-\x08\x0b-\x1f\x7f]", ran.out + ran.err)
    if ran.status not in (0, 1) or raw or (ran.status == 1 and not lines and not ran.out):
        notes.append(f"{words[0]} of {what}: {ran} {raw}")


def check(logs, n, seed, keep=None):
    counts, notes, slow = {}, [], 0
    chosen = commands()
    with tempfile.TemporaryDirectory() as directory:
        script = os.path.join(tempfile.gettempdir(), os.path.basename(directory) + ".script")
        Path(script).write_text(SCRIPT)
        mutants = Mutants(logs, directory, seed)
        for first in range(0, n, BATCH):
            made = [mutants.mutant(i) for i in range(first, min(first + BATCH, n))]
            before = listing(directory)
            begin = time.monotonic()
            said, ran = ask([path for path, _ in made], seed)
            slow = max(slow, time.monotonic() - begin)
            wrong = []
            for (path, what), line in zip(made, said):
                word = re.sub(r":.*", "", line)
                counts[word] = counts.get(word, 0) + 1
                if word not in ("fine", "refused", "damaged"):
                    wrong.append((path, f"{path} {what}: {line}"))
            if len(said) != len(made):
                wrong.append((made[0][0], f"{len(said)} answers of {len(made)}"))
            for i, (path, what) in enumerate(made):
                if (first + i) % COMMAND_EVERY == 0:
                    mine = []
                    try_commands(path, script, chosen[(first + i) // COMMAND_EVERY % len(chosen)],
                                 mine, what)
                    wrong += [(path, note) for note in mine]
            after = listing(directory)
            if before != after:
                notes.append(f"files changed: {set(before.items()) ^ set(after.items())}")
            if wrong:
                print("#", *(why for _, why in wrong), sep="\n# ", flush=True)
                notes += [why for _, why in wrong] + [ran.err[-6000:].decode("utf-8", "replace")]
                for path, _ in wrong if keep else []:
                    if os.path.isfile(path):
                        shutil.copy(path, keep)
                        for suffix in ("-wal", "-journal"):
                            if os.path.isfile(path + suffix):
                                shutil.copy(path + suffix, keep)
            remove(directory)
        os.unlink(script)
    print(f"# {n} mutants of seed {seed}: {counts}; slowest batch {slow:.1f} s")
    tap.ok(not notes, f"{n} mutants: no crash, no hang, no file written", *notes)
    tap.ok(counts.get("damaged", 0) and counts.get("refused", 0), "some are refused, some damaged",
           counts)


def check_journals(directory, log):
    """What is beside a log cannot make its reader delete a file, or wait."""
    mutants = Mutants([log], directory, 0)
    left, victim = directory / "left", directory / "thesis"
    shutil.copy(log, left)
    mutants.leave(str(left), "persist", None)
    said, ran = ask([left], 1)
    tap.equal(said, ["fine"], "a commit that was not finished is taken back", ran)
    victim.write_text("years of work")
    name_in_journal(f"{left}-journal", victim)
    said, ran = ask([left], 1)
    tap.ok(said[0].startswith("refused") and victim.exists(), "a journal that names another file", ran)
    os.unlink(f"{left}-journal")
    os.mkfifo(f"{left}-journal")
    said, ran = ask([left], 1)
    tap.ok(said[0].startswith("refused") and "no regular file" in said[0], "a journal that is a pipe", ran)
    os.unlink(f"{left}-journal")
    with open(left, "r+b") as file:
        file.seek(19)
        file.write(b"\2")
    said, ran = ask([left], 1)
    tap.ok(not os.path.exists(f"{left}-wal") and not os.path.exists(f"{left}-shm"),
           "WAL for readers only: no file is made", said)


def main():
    if not HARNESS.exists():
        tap.skip_all("not built: make fuzz-plain")
    n = int(sys.argv[1]) if len(sys.argv) > 1 else MUTANTS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as directory:
        logs = make_logs(Path(directory))
        said, ran = ask(logs, seed)
        tap.equal(said, ["fine"] * len(logs), "logs as they were recorded", ran.err.decode()[-3000:])
        check_journals(Path(directory), logs[0])
        keep = os.environ.get("KEEP")
        if keep:
            os.makedirs(keep, exist_ok=True)
        check(logs, n, seed, keep)
    tap.done()


main()
