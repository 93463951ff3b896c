#!/usr/bin/env python3
"""unwind_oracle - at every push our frame walk equals libunwind's (frametrace --verify).

# test: up to 240 s
"""
import re
import sys
from concurrent.futures import ThreadPoolExecutor

from lib import samples, tap
from lib.trace import run, trace

LIMIT = ["--depth=40"]  # deep recursions would walk the same frames again and again
FLAGS = {
    "gcc": ["-g -O0", "-g -O2 -fomit-frame-pointer", "-g -O2 -static"],
    "clang": ["-g -O2"],
    "rustc": ["-g"],
}


def jobs(words):
    for sample in samples.all_samples():
        if words and not any(word in sample.name for word in words):
            continue
        for compiler in sample.compilers():
            family = {"g++": "gcc", "clang++": "clang"}.get(compiler, compiler)
            for flags in FLAGS[family]:
                if sample.is_for("unwind"):
                    yield sample, compiler, flags


def check(job):
    sample, compiler, flags = job
    name = f"{sample.name} {compiler} {flags}"
    try:
        warnings = [] if compiler == "rustc" else ["-w"]
        program = samples.build(sample, compiler, *flags.split(), *warnings)
    except samples.BuildError as error:
        return False, name, [error]
    alone = run([program, *sample.args])
    done = trace([program, *sample.args], "--verify", *LIMIT)
    notes = [event["text"] for event in done.of("note")
             if not event["text"].startswith("inlined: ")]
    equal = [note for note in notes if re.match(r"verify: [1-9]\d* stacks? walked twice, all equal", note)]
    good = done.ran.status == alone.status and done.pushes() and equal == notes and equal
    return good, name, [*notes[:10], f"{len(notes)} notes", done.ran]


def main():
    with ThreadPoolExecutor(2) as pool:
        for good, name, notes in pool.map(check, jobs(sys.argv[1:])):
            tap.ok(good, name, *notes)
    tap.done()


main()
