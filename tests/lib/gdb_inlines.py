"""gdb_inlines - runs inside gdb: which inlined calls it sees at given addresses. See inlines.py.

Reads the plan from the file named by $FT_PLAN: {"pcs": [pc...], "walks": [pc...], "limit": n, "out":
file} and writes one JSON object per line. At each hit of a pc: {"pc", "chain": [name...], "args":
[{name: text}...]}, both from the function outwards in, as gdb's blocks have it. At each hit of an
address of "walks": {"walk": pc, "names": [[name, inlined, from debug information]...]},
gdb's backtrace, innermost first.
"""
import json
import os

import gdb

with open(os.environ["FT_PLAN"], encoding="utf-8") as file:
    PLAN = json.load(file)
OUT = open(PLAN["out"], "w", encoding="utf-8")


def say(**what):
    OUT.write(json.dumps(what) + "\n")
    OUT.flush()


def functions_at(pc):
    """The blocks of the function that holds pc and of the calls inlined there, outermost first."""
    block, found = gdb.block_for_pc(pc), []
    while block is not None and not block.is_global and not block.is_static:
        if block.function is not None:
            found.insert(0, block)
        block = block.superblock
    return found


def value(symbol, frame):
    try:
        return symbol.value(frame).format_string()
    except gdb.error as error:
        return f"<{error}>"


class Place(gdb.Breakpoint):
    def __init__(self, pc):
        super().__init__(f"*{pc:#x}", internal=True)
        self.silent = True
        self.pc, self.left = pc, PLAN["limit"]

    def stop(self):
        frame = gdb.newest_frame()
        blocks = functions_at(self.pc)
        say(pc=self.pc, chain=[block.function.print_name for block in blocks],
            args=[{s.print_name: value(s, frame) for s in block if s.is_argument}
                  for block in blocks])
        self.left -= 1
        if self.left <= 0:
            self.enabled = False
        return False


class Walk(gdb.Breakpoint):
    def __init__(self, pc):
        super().__init__(f"*{pc:#x}", internal=False)
        self.silent = True
        self.pc, self.left = pc, PLAN["limit"]

    def stop(self):
        WALKS.append(self)  # frames are told as a user sees them only after the stop
        return True

    def tell(self):
        frame, names = gdb.newest_frame(), []
        while frame is not None and len(names) < 100:
            names.append([frame.name(), frame.type() == gdb.INLINE_FRAME,
                          frame.function() is not None])
            frame = frame.older()
        say(walk=self.pc, names=names)
        self.left -= 1
        if self.left <= 0:
            self.enabled = False


WALKS = []


def running():
    return gdb.selected_inferior().pid != 0


def main():
    for setting in ("pagination off", "confirm off", "debuginfod enabled off", "width 0",
                    "print entry-values no", "startup-with-shell off", "print pretty off",
                    "disable-randomization on", "print elements 200", "print repeats 10",
                    "print thread-events off", "print inferior-events off",
                    "host-charset UTF-8"):
        try:
            gdb.execute("set " + setting, to_string=True)
        except gdb.error:
            pass  # older or newer gdb
    for name in ("LINES", "COLUMNS", "FT_PLAN"):  # they would move the stack
        gdb.execute("unset environment " + name)
    gdb.execute("starti", to_string=True)
    for pc in PLAN["pcs"]:
        Place(pc)
    for pc in PLAN["walks"]:
        Walk(pc)
    while running():
        gdb.execute("continue", to_string=True)
        while WALKS and running():
            WALKS.pop().tell()


try:
    main()
except gdb.error as error_at_end:
    say(error=str(error_at_end))
finally:
    OUT.close()
    if running():
        gdb.execute("kill", to_string=True)
    gdb.execute("quit")
