#!/usr/bin/env python3
"""fuzz_corpus - the fuzzers' seeds and past findings, tried once each by the plain harnesses.

# test: up to 120 s
"""
import os
import signal
import subprocess
from pathlib import Path

from lib import tap
from lib.trace import BUILD, SOURCE, run

CORPUS = SOURCE / "tests/fuzz/corpus"
LIMIT = 10  # seconds for one input
MOST_KIB = 500


def what_happened(harness, file):
    """None if all is well."""
    try:
        ran = run([harness, file], timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return f"no end within {LIMIT} s"
    if ran.status < 0:
        return f"ended by {signal.Signals(-ran.status).name}: {ran.err[-600:].decode('replace')}"
    return None if ran.status == 0 else f"status {ran.status}: {ran.err[-2000:].decode('replace')}"


def main():
    folders = sorted(folder for folder in CORPUS.iterdir() if folder.is_dir())
    missing = [f.name for f in folders if not (BUILD / "fuzz" / f"plain_{f.name}").exists()]
    if missing:
        tap.skip_all("not built: make fuzz-plain")
    for folder in folders:
        harness = BUILD / "fuzz" / f"plain_{folder.name}"
        files = sorted(folder.iterdir())
        notes = [f"{file.relative_to(SOURCE)}: {why}" for file in files
                 if (why := what_happened(harness, file))]
        tap.ok(files and not notes, f"{folder.name}: {len(files)} inputs", *notes)
    size = sum(os.path.getsize(file) for file in CORPUS.rglob("*") if Path(file).is_file())
    tap.ok(size < MOST_KIB * 1024, f"the corpus is small ({size // 1024} KiB)")
    tap.done()


main()
