#!/usr/bin/env python3
"""readme - the commands shown in README.md run, and print what is shown (lib/console.py).

# test: up to 120 s

Commands that begin with a word of RUN are run, the others (make, sudo, git) are taken as said.
"""
import os
import re
import sys

from lib import tap
from lib.console import blocks, matches, plain
from lib.trace import BUILD, SOURCE, run

RUN = ("frametrace", "build/frametrace", "build/demos/", "echo")


def main():
    readme = SOURCE / "README.md"
    if not readme.exists():
        tap.ok(False, "README.md is there")
        tap.done()
    path = f"{BUILD}:{os.environ['PATH']}"
    count = 0
    for commands in blocks(readme.read_text()):
        status = 0
        for command, shown in commands:
            if not command.startswith(RUN):
                continue
            count += 1
            line = re.sub(r"(?<![\w/])build/", f"{BUILD}/", command)
            # Both streams in one, as on a terminal.
            done = run(["sh", "-c", f"(exit {status}); {line} 2>&1"], cwd=SOURCE,
                       env=dict(os.environ, PATH=path, COLUMNS="100"))
            status = done.status if done.status >= 0 else 128 - done.status
            got = plain(done.out.decode(errors="replace").splitlines())
            good = matches(plain(shown), got)
            tap.ok(good, f"$ {command}", "shown:", *plain(shown), "got:", *got)
    tap.ok(count > 0, "README.md shows commands")
    tap.done()


sys.setrecursionlimit(100000)
main()
