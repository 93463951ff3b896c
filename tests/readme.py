#!/usr/bin/env python3
"""readme - the commands shown in README.md run, and print what is shown.

# test: up to 120 s

In a block marked ```console a line "$ command" is followed by its output. Commands that begin with
a word of RUN are run, the others (make, sudo, git) are taken as said. In the output shown, a line
"..." stands for any lines; addresses, times, pids and large counts of hidden functions may
differ.
"""
import os
import re
import sys

from lib import normal, tap
from lib.trace import BUILD, SOURCE, run

RUN = ("frametrace", "build/frametrace", "build/demos/", "echo")


def blocks(text):
    """[(command, shown output lines)] for each console block."""
    for block in re.findall(r"^```console\n(.*?)^```", text, re.S | re.M):
        commands = []
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append((line[2:], []))
            elif commands:
                commands[-1][1].append(line)
        yield commands


def plain(lines):
    text = normal.text_trace("\n".join(lines)).replace("BUILD/", "build/")
    text = re.sub(r"S[+-]\w+", "ADDRESS", text)
    text = re.sub(r"\b\d{2,} (hidden by|of )", r"MANY \1", text)  # compilers differ
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]


def matches(shown, got):
    """shown may hold "..." lines."""
    if not shown:
        return not got
    if shown[0] in ("...", "…"):
        return any(matches(shown[1:], got[i:]) for i in range(len(got) + 1))
    return bool(got) and shown[0] == got[0] and matches(shown[1:], got[1:])


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
