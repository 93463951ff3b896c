#!/usr/bin/env python3
"""instrument - the calls and returns we report are those that -finstrument-functions records.

# test: up to 180 s

Samples are built with gcc -O0 -finstrument-functions and the hooks of samples/instrument.c, which
write "E address" and "X address" lines to $FT_INSTRUMENT; one run is traced and recorded at once.
The hook at the exit runs before the epilogue, so the order of events is the same as ours. gcc's
hooks say nothing of frames that longjmp or exit() end; neither do we count those. Templates of the
C++ library are not instrumented: some are always inlined, which the hooks record as calls.
"""
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from lib import samples, tap
from lib.trace import SOURCE, trace

HOOKS = SOURCE / "tests/samples/instrument.c"
FLAGS = ["-g", "-O0", "-no-pie", "-w", "-finstrument-functions",
         "-finstrument-functions-exclude-file-list=/include/"]
NO_FRAME = {"inline.c": "twice", "inline_crash.c": "deref",  # always inlined
            "inline_deep.c": "drain,digits,first,second,third"}
SHOWN = 12


def names_by_address(program):
    """address -> the names that nm has for it (C++ constructors have several)."""
    found = {}
    listing = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in "tTwWvViu":
            found.setdefault(int(words[0], 16), set()).add(words[2])
    return found


def recorded(file, names):
    """[(E or X, set of names)] from the hooks."""
    lines = []
    for line in file.read_text().splitlines():
        kind, address = line.split()[:2]
        lines.append((kind, frozenset(names.get(int(address, 16), {address}))))
    return lines


def reported(traced, ends):
    """The same from our events; a pop counts if its `how` is one of `ends`."""
    lines = []
    for event in traced.of("push", "pop"):
        name = event["symbol"] or event["function"]
        if event["pid"] != traced.header["pid"]:
            continue  # a vfork'ed child is traced while it shares our memory, not recorded
        if event["event"] == "push":
            lines.append(("E", name))
        elif event["how"] in ends:
            lines.append(("X", name))
    return lines


def differences(ours, theirs):
    for index, (mine, other) in enumerate(zip(ours, theirs)):
        if mine[0] != other[0] or mine[1] not in other[1]:
            near = slice(max(0, index - 3), index + SHOWN)
            return [f"first difference at {index}", "ours:", *ours[near], "recorded:",
                    *((kind, *sorted(names)) for kind, names in theirs[near])]
    if len(ours) != len(theirs):
        return [f"{len(ours)} reported, {len(theirs)} recorded", "ours:", *ours[-5:], "recorded:",
                *theirs[-5:]]
    return []


def counted(ours, theirs):
    """Where order means nothing (threads, a timer's signals): the same calls, as often."""
    mine, other = Counter(ours), Counter()
    for kind, names in theirs:
        known = [name for name in names if (kind, name) in mine]
        other[kind, known[0] if known else sorted(names)[0]] += 1
    return [f"{key}: {mine[key]} reported, {other[key]} recorded"
            for key in sorted(mine | other) if mine[key] != other[key]]


def check(sample, directory):
    compiler = {"c": "gcc", "c++": "g++"}[sample.language]
    hooks = directory / "hooks.o"
    if not hooks.exists():
        subprocess.run(["gcc", "-g", "-O1", "-c", "-o", hooks, HOOKS], check=True)
    flags = FLAGS
    if sample.name in NO_FRAME:
        flags = [*FLAGS, "-finstrument-functions-exclude-function-list=" + NO_FRAME[sample.name]]
    program = samples.build(sample, compiler, *flags, extra=[hooks])
    record = directory / (sample.name + ".calls")
    traced = trace([program, *sample.args], f"--source=!*/{HOOKS.name}",
                   env=dict(os.environ, FT_INSTRUMENT=str(record)))
    theirs = recorded(record, names_by_address(program))
    # An exception runs the hook as it runs destructors; a longjmp does not.
    ours = reported(traced, ("return", "unwound") if sample.language == "c++" else ("return",))
    unordered = sample.varies() or len({event["tid"] for event in traced.pushes()}) > 1
    faults = (counted if unordered else differences)(ours, theirs) or ([] if ours else ["nothing was traced", traced.ran])
    tap.ok(not faults, f"{sample.name}: {len(theirs)} calls and returns", *faults)


def main():
    words = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        for sample in samples.all_samples("c", "c++"):
            if not words or any(word in sample.name for word in words):
                if not sample.is_for("instrument"):
                    tap.skip(sample.name, "its comment says: not instrument")
                    continue
                try:
                    check(sample, Path(directory))
                except (OSError, samples.BuildError) as error:
                    tap.ok(False, sample.name, error)
    tap.done()


main()
