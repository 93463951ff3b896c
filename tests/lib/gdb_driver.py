"""gdb_driver - runs inside gdb: what gdb knows at given addresses of a run. See gdb_oracle.py.

Reads the plan from the file named by $FT_PLAN: {"pushes": [pc...], "limit": n, "out": file} and
writes one JSON object per line: {"pc", "tid", "cfa", "saved_rip", "function", "args": {name: text}}
when a frame is first seen at its body, and {"pc", "tid", "cfa", "returned"} when it returns.
"""
import json
import os
import re

import gdb

with open(os.environ["FT_PLAN"], encoding="utf-8") as file:
    PLAN = json.load(file)
OUT = open(PLAN["out"], "w", encoding="utf-8")
alive = {}  # (tid, cfa) -> pc, of frames whose return is awaited


def say(**what):
    OUT.write(json.dumps(what) + "\n")
    OUT.flush()


def tid():
    return gdb.selected_thread().ptid[1]


class Return(gdb.FinishBreakpoint):
    """Told when one frame returns; gdb computes the value."""

    def __init__(self, frame, pc, cfa):
        super().__init__(frame, internal=True)
        self.silent = True
        self.frame_pc, self.cfa = pc, cfa

    def stop(self):
        alive.pop((tid(), self.cfa), None)
        value = self.return_value
        try:
            text = None if value is None else value.format_string()
        except gdb.error as error:
            text = f"<{error}>"
        say(pc=self.frame_pc, tid=tid(), cfa=self.cfa, returned=text)
        return False

    def out_of_scope(self):
        alive.pop((tid(), self.cfa), None)


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
        rip = re.search(r"saved rip = (0x[0-9a-f]+)", text)
        if (tid(), cfa) in alive and alive[tid(), cfa] == self.pc:
            return False  # the body is the head of a loop: the same frame again
        alive[tid(), cfa] = self.pc
        say(pc=self.pc, tid=tid(), cfa=cfa, function=frame.name(),
            saved_rip=int(rip.group(1), 16) if rip else None, args=arguments())
        PENDING.append((frame, self.pc, cfa))
        self.left -= 1
        if self.left <= 0:
            self.enabled = False
        return True  # a finish breakpoint cannot be made inside stop()


PENDING = []


def arguments():
    found = {}
    try:
        text = gdb.execute("info args", to_string=True)
    except gdb.error:
        return found
    for line in text.splitlines():
        name, equals, value = line.partition(" = ")
        if equals:
            found[name] = value
    return found


def running():
    return gdb.selected_inferior().pid != 0


def main():
    for setting in ("pagination off", "confirm off", "debuginfod enabled off", "print pretty off",
                    "print entry-values no", "print frame-arguments all", "print symbol on",
                    "startup-with-shell off", "disable-randomization on", "width 0",
                    "print elements 200", "print repeats 10", "print thread-events off",
                    "print inferior-events off", "print finish on"):
        try:
            gdb.execute("set " + setting, to_string=True)
        except gdb.error:
            pass  # older or newer gdb
    for name in ("LINES", "COLUMNS", "FT_PLAN"):  # they would move the stack
        gdb.execute("unset environment " + name)
    for name in ("SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCHLD", "SIGTERM", "SIGHUP", "SIGINT"):
        gdb.execute(f"handle {name} nostop noprint pass", to_string=True)
    gdb.execute("starti", to_string=True)
    for pc in PLAN["pushes"]:
        Body(pc)
    while running():
        gdb.execute("continue", to_string=True)
        while PENDING and running():
            frame, pc, cfa = PENDING.pop()
            try:
                if frame.is_valid() and frame.older() is not None:
                    Return(frame, pc, cfa)
            except (gdb.error, ValueError):
                pass  # the outermost frame, or one that never returns


try:
    main()
except gdb.error as error_at_end:
    say(error=str(error_at_end))
finally:
    OUT.close()
    if running():
        gdb.execute("kill", to_string=True)
    gdb.execute("quit")
