"""gdb_saved - runs inside gdb: where `info frame` says that registers are saved. See frame_map.py.

Reads the plan from the file named by $FT_PLAN: {"pushes": [pc...], "limit": n, "out": file} and
writes one JSON object per line for the first stops at each pc: {"pc", "cfa", "function", "saved":
{register: address}}.
"""
import json
import os
import re

import gdb

with open(os.environ["FT_PLAN"], encoding="utf-8") as file:
    PLAN = json.load(file)


class Body(gdb.Breakpoint):
    """Told when a frame is at its body."""

    def __init__(self, pc):
        super().__init__(f"*{pc:#x}", internal=True)
        self.silent = True
        self.pc, self.left = pc, PLAN["limit"]

    def stop(self):
        frame = gdb.newest_frame()
        text = gdb.execute("info frame", to_string=True)
        cfa = int(re.search(r"frame at (0x[0-9a-f]+)", text).group(1), 16)
        saved = re.findall(r"\b(\w+) at (0x[0-9a-f]+)", text.partition("Saved registers:")[2])
        with open(PLAN["out"], "a", encoding="utf-8") as out:
            json.dump({"pc": self.pc, "cfa": cfa, "function": frame.name(),
                       "saved": {name: int(at, 16) for name, at in saved}}, out)
            out.write("\n")
        self.left -= 1
        self.enabled = self.left > 0
        return False


for setting in ("pagination off", "confirm off", "width 0", "height 0", "print thread-events off",
                "print inferior-events off", "breakpoint pending on", "disable-randomization on",
                "startup-with-shell off", "debuginfod enabled off"):
    try:
        gdb.execute(f"set {setting}")
    except gdb.error:
        pass  # an older gdb
for signals in ("all", "SIGINT"):
    gdb.execute(f"handle {signals} nostop noprint pass", to_string=True)
for name in ("LINES", "COLUMNS", "FT_PLAN"):  # they would move the stack
    gdb.execute("unset environment " + name)
gdb.execute("starti", to_string=True)
for body in PLAN["pushes"]:
    Body(body)
gdb.execute("continue", to_string=True)
