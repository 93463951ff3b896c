#!/usr/bin/env python3
"""csmith - 50 fixed random programs do the same traced and untraced, at -O0, -O2, and with inlining.

# test: up to 300 s

The seeds were chosen for programs that end soon and call between 4 and 3000 times.
"""
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lib import tap
from lib.trace import run, trace

SEEDS = [2, 7, 11, 15, 16, 25, 36, 39, 40, 42, 45, 49, 50, 55, 60, 61, 65, 71, 74, 75, 77, 79, 81,
         84, 85, 93, 94, 95, 97, 98, 104, 106, 108, 110, 112, 115, 119, 124, 128, 142, 151, 153,
         159, 162, 170, 174, 176, 178, 183, 191]
SHAPE = ["--max-funcs", "6", "--max-block-depth", "3", "--max-block-size", "3",
         "--max-expr-complexity", "4", "--no-volatiles", "--no-argc"]
# Inlining would leave nothing to trace at -O2, but for sites where inlined calls begin.
LEVELS = {"O0": ["-O0"], "O2": ["-O2", "-fno-inline"], "inlined": ["-O2"]}
INLINED = SEEDS[::5]


def headers():
    for place in ("/usr/include/csmith", *map(str, Path("/usr/include").glob("csmith-*"))):
        if Path(place, "csmith.h").exists():
            return ["-I" + place]
    return []


def build(directory, seed, level):
    directory = directory / str(seed)  # csmith leaves a platform.info where it runs
    source = directory / f"{seed}.c"
    if not source.exists():
        directory.mkdir()
        subprocess.run(["csmith", "--seed", str(seed), "-o", source, *SHAPE], check=True,
                       cwd=directory, stdout=subprocess.DEVNULL)
    program = directory / f"{seed}-{level}"
    subprocess.run(["gcc", "-w", "-g", *LEVELS[level], *headers(), "-o", program, source],
                   check=True)
    return program


def check(directory, seed):
    for level in LEVELS if seed in INLINED else ("O0", "O2"):
        program = build(directory, seed, level)
        alone, traced = run([program]), trace([program], *(["--inlines"] if level == "inlined" else []))
        pushed, popped = len(traced.pushes()), len(traced.pops())
        same = alone == traced.ran and pushed == popped > 0
        yield same, f"seed {seed} -{level}", (f"alone:  {alone}", f"traced: {traced.ran}",
                                              f"{pushed} pushed, {popped} popped")


def main():
    seeds = [int(word) for word in sys.argv[1:]] or SEEDS
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(2) as pool:
        for results in pool.map(lambda seed: list(check(Path(directory), seed)), seeds):
            for good, name, notes in results:
                tap.ok(good, name, *notes)
    tap.done()


main()
