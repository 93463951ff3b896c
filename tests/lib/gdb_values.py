"""gdb_values - runs inside gdb: every variable that gdb can tell of at given addresses.

Reads {"pcs": [pc...], "limit": n, "out": file} from the file named by $FT_PLAN and writes one JSON
object per stop: {"pc", "tid", "cfa", "args": {name: text}, "locals": {name: text}, "entry":
{name: text}, "pointees": {name: text}}. `entry` is what gdb says to name@entry, `pointees` what it
says to *name where name points to something without an address. A name that occurs twice is left
out: which of the two is meant cannot be told from the text.
"""
import json
import os
import re

import gdb

with open(os.environ["FT_PLAN"], encoding="utf-8") as file:
    PLAN = json.load(file)
OUT = open(PLAN["out"], "w", encoding="utf-8")
SETTINGS = ("pagination off", "confirm off", "debuginfod enabled off", "print pretty off",
            "print entry-values no", "print frame-arguments all", "print symbol on", "width 0",
            "startup-with-shell off", "disable-randomization on", "print elements 200",
            "host-charset UTF-8", "print repeats 10", "print thread-events off",
            "print inferior-events off")


def ask(command):
    try:
        return gdb.execute(command, to_string=True)
    except gdb.error as error:
        return f"<{error}>"


def variables(command):
    """name = text, each on a line of its own."""
    found, twice = {}, set()
    for line in ask(command).splitlines():
        name, equals, text = line.partition(" = ")
        if equals and re.fullmatch(r"\w+", name):
            (twice.add if name in found else lambda _: None)(name)
            found[name] = text
    return {name: text for name, text in found.items() if name not in twice}


def printed(expression):
    return re.sub(r"^\$\d+ = ", "", ask(f"print {expression}").strip())


HIT = []  # the breakpoint that gdb stopped at: it may not be asked much inside stop()


class Stop(gdb.Breakpoint):
    def __init__(self, pc):
        super().__init__(f"*{pc:#x}", internal=True)
        self.silent, self.pc, self.left = True, pc, PLAN["limit"]

    def stop(self):
        HIT.append(self)
        self.left -= 1
        if self.left <= 0:
            self.enabled = False
        return True

    def tell(self):
        frame = gdb.newest_frame()
        while frame.type() == gdb.INLINE_FRAME:
            frame = frame.older()
        frame.select()
        cfa = int(re.search(r"frame at (0x[0-9a-f]+)", ask("info frame")).group(1), 16)
        args, local = variables("info args"), variables("info locals")
        told = {"pc": self.pc, "tid": gdb.selected_thread().ptid[1], "cfa": cfa, "args": args,
                "locals": local, "entry": {name: printed(name + "@entry") for name in args}}
        told["pointees"] = {name: printed("*" + name) for name, text in {**args, **local}.items()
                            if "synthetic pointer" in text}
        OUT.write(json.dumps(told) + "\n")
        OUT.flush()


LIBRARIES = 0x7F0000000000  # the program itself is mapped below, without ASLR


def place(waiting):
    """Breakpoints where a module is by now: the library is opened in the middle of the run."""
    for pc in list(waiting):
        if pc < LIBRARIES or gdb.solib_name(pc) is not None:
            waiting.remove(pc)
            Stop(pc)


def main():
    for setting in SETTINGS:
        ask("set " + setting)
    for name in ("LINES", "COLUMNS", "FT_PLAN"):  # they would move the stack
        ask("unset environment " + name)
    ask("starti")
    waiting = list(PLAN["pcs"])
    place(waiting)
    gdb.events.new_objfile.connect(lambda _: place(waiting))
    while gdb.selected_inferior().pid != 0:
        gdb.execute("continue", to_string=True)
        while HIT:
            HIT.pop().tell()


try:
    main()
finally:
    OUT.close()
    if gdb.selected_inferior().pid != 0:
        gdb.execute("kill", to_string=True)
    gdb.execute("quit")
