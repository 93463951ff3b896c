"""gdb_moves - runs inside gdb: where its step, next, finish … lead. See step_plain.py.

Reads the plan from the file named by $FT_PLAN: {"moves": [...], "source", "out"}; begins at main. Writes
after each move [function, line, value returned or null] as a line of JSON, or null at the end.

Back from a callee gdb's step and next may stop in the midst of the line that called it; frametrace
goes on to the next line, as gdb does where the line has no further row. So does this driver.
"""
import json
import os

import gdb

with open(os.environ["FT_PLAN"], encoding="utf-8") as file:
    PLAN = json.load(file)


def depth():
    frame, levels = gdb.newest_frame(), 0
    while frame is not None:
        frame, levels = frame.older(), levels + 1
    return levels


def line():
    return gdb.newest_frame().find_sal().line


def is_ours():
    sal = gdb.newest_frame().find_sal()
    return sal.symtab is not None and sal.symtab.fullname() == PLAN["source"]


def in_step(move, lines):
    before = depth()
    lines[before] = line()
    gdb.execute(move, to_string=True)
    if gdb.selected_inferior().pid and depth() < before and lines.get(depth()) == line():
        gdb.execute("next", to_string=True)


def main():
    lines, ended = {}, False
    with open(PLAN["out"], "w", encoding="utf-8") as out:
        for move in PLAN["moves"]:
            value = None
            if not ended and move in ("step", "next"):
                in_step(move, lines)
            elif not ended:
                lines[depth()] = line()
                gdb.execute(move, to_string=True)
                value = str(gdb.history(0))
            ended = ended or gdb.selected_inferior().pid == 0 or not is_ours()
            here = None if ended else [gdb.newest_frame().name(), line(), value]
            out.write(json.dumps(here) + "\n")


gdb.execute("set pagination off")
for files in ("/usr/*", "./*/*", "./*/*/*", "../*/*/*", "../*/*/*/*"):  # also where the debug information of libc is installed
    gdb.execute(f"skip -gfi {files}")
gdb.execute("break main", to_string=True)
gdb.execute("run > /dev/null", to_string=True)
gdb.execute("delete", to_string=True)
main()
if gdb.selected_inferior().pid:
    gdb.execute("kill", to_string=True)
