"""gdb_driver - runs inside gdb: what gdb knows at given addresses of a run. See gdb_oracle.py.

Reads the plan from the file named by $FT_PLAN: {"pushes": [pc...], "limit": n, "out": file} and
writes one JSON object per line: {"pc", "tid", "cfa", "saved_rip", "saved": {register: address},
"function", "args": {name: text}} when a frame is first seen at its body, and {"pc", "tid", "cfa", "returned"} when it returns.
"""
import json
import os
import re

import gdb

with open(os.environ["FT_PLAN"], encoding="utf-8") as file:
    PLAN = json.load(file)
OUT = open(PLAN["out"], "w", encoding="utf-8")
alive = {}  # (tid, cfa) -> pc, of frames whose return is awaited
fresh = set()  # (tid, cfa) of frames that have not reached their body


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


class Entry(gdb.Breakpoint):
    """A new frame: its body is yet to come. Without this a loop's head would count twice."""

    def __init__(self, pc):
        super().__init__(f"*{pc:#x}", internal=True)
        self.silent = True

    def stop(self):
        fresh.add((tid(), int(gdb.newest_frame().read_register("rsp")) % 2**64 + 8))
        return False


class Body(gdb.Breakpoint):
    """Told when a frame is at its body."""

    def __init__(self, pc):
        super().__init__(f"*{pc:#x}", internal=True)
        self.silent = True
        self.pc, self.left = pc, PLAN["limit"]
        start = entry_of(pc)
        self.entry = Entry(start) if start != pc else None

    def is_new(self, cfa):
        if self.entry is None:
            return alive.get((tid(), cfa)) != self.pc
        new = (tid(), cfa) in fresh
        fresh.discard((tid(), cfa))
        return new

    def stop(self):
        frame = gdb.newest_frame()
        text = gdb.execute("info frame", to_string=True)
        cfa = int(re.search(r"frame at (0x[0-9a-f]+)", text).group(1), 16)
        if not self.is_new(cfa):
            return False
        alive[tid(), cfa] = self.pc
        say(pc=self.pc, tid=tid(), cfa=cfa, function=frame.name(),
            saved_rip=saved_rip(frame, text, cfa), saved=saved_registers(text), args=arguments())
        PENDING.append((frame, self.pc, cfa))
        self.left -= 1
        if self.left <= 0:
            self.enabled = False
            if self.entry:
                self.entry.enabled = False
        return True  # a finish breakpoint cannot be made inside stop()


def entry_of(pc):
    """The function's first instruction: gdb's blocks may begin with a cold part."""
    found = re.search(r" \+ (\d+) in section", gdb.execute(f"info symbol {pc:#x}", to_string=True))
    return pc - int(found.group(1)) if found else pc


def saved_rip(frame, text, cfa):
    """gdb names the jump of a tail call as "saved rip"; what is on the stack is what we want."""
    older = frame.older()
    if older is not None and older.type() == gdb.TAILCALL_FRAME:
        memory = gdb.selected_inferior().read_memory(cfa - 8, 8)
        return int.from_bytes(bytes(memory), "little")
    found = re.search(r"saved rip = (0x[0-9a-f]+)", text)
    return int(found.group(1), 16) if found else None


def saved_registers(text):
    """Where the caller's registers are, from the end of `info frame`."""
    return {name: int(at, 16) for name, at in
            re.findall(r"\b(\w+) at (0x[0-9a-f]+)", text.partition("Saved registers:")[2])}


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
                    "print elements 200", "host-charset UTF-8", "print repeats 10", "print thread-events off",
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
