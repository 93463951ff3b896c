"""console - the console blocks of the documents: commands with the output that they are to have.

In a block marked ```console a line "$ command" is followed by its output. In the output shown, a
line "..." stands for any lines; addresses, times, pids and large counts of hidden functions may
differ.
"""
import re

from lib import normal


def commands_of(block):
    """[(command, shown output lines)] of a console block."""
    commands = []
    for line in block.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        elif commands:
            commands[-1][1].append(line)
    return commands


def blocks(text):
    """The commands of each console block of a document."""
    for block in re.findall(r"^```console\n(.*?)^```", text, re.S | re.M):
        yield commands_of(block)


def plain(lines):
    text = normal.text_trace("\n".join(lines)).replace("BUILD/", "build/")
    text = re.sub(r"S[+-]\w+", "ADDRESS", text)
    text = re.sub(r"(?<!line )\b\d{2,} (hidden by|of )", r"MANY \1", text)  # compilers differ
    text = re.sub(r"\bProcess \d+|[\[(]\d{2,}[\])]", "PID", text)
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]


def matches(shown, got):
    """shown may hold "..." lines."""
    if not shown:
        return not got
    if shown[0] in ("...", "…"):
        return any(matches(shown[1:], got[i:]) for i in range(len(got) + 1))
    return bool(got) and shown[0] == got[0] and matches(shown[1:], got[1:])
