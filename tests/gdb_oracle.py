#!/usr/bin/env python3
"""gdb_oracle - frames and values at random pushes and pops equal what gdb says.

# test: up to 400 s

Each sample is built with a covering set of the flag matrix, traced with --no-aslr, and run again
under gdb, which looks at the same stops (lib/oracle.py): 200 chosen at random from all pushes and
pops, with the seed $ORACLE_SEED (1). docs/oracles.md says what is compared, and lists where gdb is
wrong. A word after gdb_oracle: runs those samples only.
"""
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from lib import excuses, oracle, samples, tap
from lib.trace import trace

ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/", "LC_ALL": "C.UTF-8"}
FP, NO_FP = "-fno-omit-frame-pointer", "-fomit-frame-pointer"

# Every compiler with every -O it has, DWARF 4 and 5, PIE, non-PIE, static, with and without rbp.
ROWS = [
    ("gcc", "-O0", "-gdwarf-5", "-pie -fPIE", FP),
    ("gcc", "-O2", "-gdwarf-5", "-pie -fPIE", NO_FP),
    ("clang", "-O0", "-gdwarf-4", "-pie -fPIE", FP),
    ("clang", "-O2", "-gdwarf-5", "-no-pie", NO_FP),
    ("gcc", "-O3", "-gdwarf-4", "-static", FP),
    ("gcc", "-O0", "-gdwarf-4", "-no-pie", NO_FP),
    ("clang", "-O1", "-gdwarf-4", "-no-pie", FP),
    ("gcc", "-O1", "-gdwarf-4", "-pie -fPIE", NO_FP),
    ("clang", "-O3", "-gdwarf-5", "-static", FP),
    ("clang", "-O0", "-gdwarf-5", "-static", NO_FP),
]
RUST_ROWS = [
    ("rustc", "-g"),
    ("rustc", "-g -Copt-level=1"),
    ("rustc", "-g -Copt-level=2"),
    ("rustc", "-g -Copt-level=3 -Cforce-frame-pointers=yes"),
    ("rustc", "-g -Cforce-frame-pointers=yes"),
]

# Values that differ from run to run: (sample, variable, or None: what the function returns).
VARYING = {
    ("fork.c", "pid"): "process ids", ("fork.c", "by_fork"): "process ids",
    ("fork.c", "by_vfork"): "process ids", ("fork.c", "by_spawn"): "process ids",
    ("circumstances.c", "st"): "times, an inode",
    ("circumstances.c", "mask"): "its tail is not set", ("circumstances.c", "pending"): "the same",
    ("circumstances.c", "a"): "not set", ("interrupt.c", "blocked"): "its tail is not set",
    ("interrupt.c", "before"): "the same",
    ("alloca.c", "s"): "not a string: what is behind it differs",
}


# 100000 frames would take gdb minutes.
SHORTER = {"deep.c": ["2000"]}


def rows_of(number, sample):
    """A part of the matrix for each sample, another one for the next; the first three always."""
    if sample.language == "rust":
        return [(compiler, flags.split()) for compiler, flags in RUST_ROWS]
    chosen = []
    for index, (compiler, *flags) in enumerate(ROWS):
        if sample.language == "c++":
            compiler = {"gcc": "g++", "clang": "clang++"}[compiler]
        if compiler in sample.compilers() and (index < 3 or index % 3 == number % 3):
            chosen.append((compiler, " ".join(flags).split()))
    return chosen


def check(job):
    sample, compiler, flags = job
    name = f"{sample.name} {compiler} {' '.join(flags)}"
    try:
        program = samples.build(sample, compiler, *flags, *([] if compiler == "rustc" else ["-w"]))
    except samples.BuildError as error:
        return None, name, [error]
    args = SHORTER.get(sample.name, sample.args)
    traced = trace([program, *args], "--no-aslr", "-v", env=ENVIRONMENT)
    chooser = oracle.Chooser(traced.header.get("pid"))
    for event in traced.events:
        chooser.take(event)
    # A signal (a child's end) that comes while gdb steps over its breakpoint makes it stop there
    # once more, and its count is wrong from then on: what differs must differ twice.
    for _ in range(2):
        chosen = chooser.choose(oracle.STOPS, oracle.SEED, traced.events)
        if not chosen:
            return None, name, ["nothing was traced", traced.ran]
        try:
            comparison = ask(sample, program, args, chosen, chooser.sites, name)
        except subprocess.TimeoutExpired as late:
            return None, name, [late]
        if not comparison.faults:
            break
    return comparison, name, comparison.faults[:12]


def ask(sample, program, args, chosen, sites, name):
    done, broken = oracle.ask_gdb(program, args, chosen, sites, ENVIRONMENT, timeout=100)

    def varying(stop, variable):
        return (sample.name, variable or stop.event["function"]) in VARYING

    comparison = oracle.Comparison(name, sample.language, varying)
    comparison.compare(chosen)
    if broken:
        comparison.faults.insert(0, f"{broken}: {done}")
    if not comparison.counts["stops"]:
        comparison.fault(f"nothing could be compared: {done}")
    return comparison


def main():
    words, jobs = sys.argv[1:], []
    chosen = [s for s in samples.all_samples() if s.is_for("gdb") and not s.varies()]
    for number, sample in enumerate(chosen):
        if words and not any(word in sample.name for word in words):
            continue
        jobs += [(sample, compiler, flags) for compiler, flags in rows_of(number, sample)]
    print(f"# seed {oracle.SEED}, {oracle.STOPS} stops of each program")
    counts, used = Counter(), Counter()
    with ThreadPoolExecutor(2) as pool:
        for comparison, name, notes in pool.map(check, jobs):
            if comparison:
                name += f": {comparison.counts['stops']} stops"
                counts.update(comparison.counts)
                used.update(comparison.used)
            tap.ok(comparison and not notes, name, *notes)
    for what, count in sorted(counts.items()):
        print(f"# {count:6} {what}")
    for excuse, count in sorted(used.items()):
        print(f"# {count:6} excused: {excuse}")
    if not words:
        needless = [excuse for excuse, _ in excuses.EXCUSES
                    if excuse.startswith(excuses.OWN) and excuse not in used]
        tap.ok(not needless, "every excuse of our own is needed", "to be removed:", *needless)
    tap.done()


main()
