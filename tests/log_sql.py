#!/usr/bin/env python3
"""log_sql - the commands shown in docs/log-schema.md run, and print what is shown.

# test: up to 120 s

In a block marked ```console a line "$ command" is followed by its output; a line "..." stands for
any lines. Times (0.123 ms) may differ. The commands run in a directory of their own; build/ is the
build directory. Without the sqlite3 command Python's sqlite3 module answers.
"""
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from lib import tap
from lib.trace import BUILD, SOURCE, run

SHIM = """#!{python} -B
import sqlite3, sys
rows = sqlite3.connect(f"file:{{sys.argv[1]}}?mode=ro", uri=True).execute(sys.argv[2])
for row in rows:
    print("|".join("" if value is None else str(value) for value in row))
"""


def blocks(text):
    """[(command, shown output lines)] of all console blocks."""
    for block in re.findall(r"^```console\n(.*?)^```", text, re.S | re.M):
        command, shown = None, []
        for line in block.splitlines():
            if line.startswith("$ "):
                if command:
                    yield command, shown
                command, shown = line[2:], []
            else:
                shown.append(line)
        if command:
            yield command, shown


def plain(lines):
    return [re.sub(r"\d+\.\d{3} ms", "TIME", line) for line in lines]


def matches(shown, got):
    if not shown:
        return not got
    if shown[0] == "...":
        return any(matches(shown[1:], got[i:]) for i in range(len(got) + 1))
    return bool(got) and shown[0] == got[0] and matches(shown[1:], got[1:])


def main():
    probe = run([str(BUILD / "frametrace"), "record", "--help"], timeout=10)
    if probe.status != 0:
        tap.skip_all("this frametrace does not record")
    with tempfile.TemporaryDirectory() as where:
        path = f"{BUILD}:{os.environ['PATH']}"
        if shutil.which("sqlite3") is None:
            shim = Path(where, "bin", "sqlite3")
            shim.parent.mkdir()
            shim.write_text(SHIM.format(python=sys.executable))
            shim.chmod(0o755)
            path = f"{shim.parent}:{path}"
        count = 0
        for command, shown in blocks((SOURCE / "docs/log-schema.md").read_text()):
            count += command.startswith("sqlite3")
            line = re.sub(r"(?<![\w/])build/", f"{BUILD}/", command)
            done = run(["sh", "-c", f"{line} 2>&1"], cwd=where, timeout=30,
                       env=dict(os.environ, PATH=path))
            got = done.out.decode(errors="replace").splitlines()
            good = done.status == 0 and matches(plain(shown), plain(got))
            tap.ok(good, f"$ {command[:70]}", command, "shown:", *shown, "got:", *got)
        tap.ok(count >= 10, f"docs/log-schema.md asks {count} questions")
    tap.done()


main()
