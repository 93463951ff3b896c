#!/usr/bin/env python3
"""golden - traces of some programs in every format equal the files in tests/golden.

# test: up to 120 s

usage: tests/golden.py [-O BUILD] [--update] [NAME...]      (make golden = --update)
"""
import difflib
import os
import sys
from pathlib import Path

if "-O" in sys.argv:
    at = sys.argv.index("-O")
    os.environ["BUILD"] = str(Path(sys.argv[at + 1]).resolve())
    os.environ["FRAMETRACE"] = os.environ["BUILD"] + "/frametrace"
    del sys.argv[at:at + 2]

from lib import normal, samples, tap
from lib.trace import FRAMETRACE, SOURCE, run

# Samples whose frames are the same with every gcc and C library that we know: nothing called back
# from libc, no signal frames (their size is the CPU's).
CASES = {
    "recursion": ["recursion.c", ["3"], ["-v"]],
    "returns": ["returns.c", None, []],
    "many_args": ["many_args.c", None, ["-v"]],
    "strings": ["strings.c", None, []],
    "unions_bitfields": ["unions_bitfields.c", None, []],
    "bool_char_enum": ["bool_char_enum.c", None, []],
    "pointers": ["pointers.c", None, []],
}
FLAGS = ["-g", "-O0", "-fcf-protection=none", "-fno-stack-protector", "-no-pie", "-w",
         "-ftrivial-auto-var-init=zero"]  # values of uninitialised locals are shown, too
ENVIRONMENT = {"FRAMETRACE_DEBUG_DIR": os.devnull, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def produce(source, args, options, form):
    sample = next(s for s in samples.all_samples() if s.name == source)
    program = samples.build(sample, "gcc", *FLAGS)
    out = program.with_name(f"golden.{form}")
    ran = run([FRAMETRACE, "--no-aslr", f"--format={form}", "--color=never", "-o", out, *options,
               program, *(sample.args if args is None else args)], env=ENVIRONMENT)
    text = out.read_text(errors="replace").replace(str(program), "./" + sample.source.stem)
    return normal.BY_FORMAT[form](text), ran


def main():
    update = "--update" in sys.argv
    words = [word for word in sys.argv[1:] if word != "--update"]
    for name, (source, args, options) in CASES.items():
        for form in normal.BY_FORMAT:
            if words and not any(word in name for word in words):
                continue
            got, ran = produce(source, args, options, form)
            file = SOURCE / "tests/golden" / f"{name}.{form}"
            if update:
                file.write_text(got)
                print(f"wrote {file.relative_to(SOURCE)}")
                continue
            want = file.read_text() if file.exists() else ""
            diff = difflib.unified_diff(want.splitlines(), got.splitlines(), str(file), "now",
                                        lineterm="", n=1)
            tap.ok(got == want and got.strip(), f"{name}.{form}", *list(diff)[:40], ran)
    if not update:
        tap.done()


main()
