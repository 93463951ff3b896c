"""gdb_calls - runs inside gdb: the sequence in which given functions are entered.

$CALLS_OF names a file with one address (as the program file counts) per line; $CALLS_TO gets one
address per call. The program's own arguments and input are set by the gdb command line.
"""
import os

import gdb

OUT = open(os.environ["CALLS_TO"], "w", encoding="utf-8")


class Entry(gdb.Breakpoint):
    def __init__(self, address, bias):
        super().__init__(f"*{address + bias:#x}", internal=True)
        self.silent = True
        self.line = f"{address:#x}\n"

    def stop(self):
        OUT.write(self.line)
        return False


for setting in ("pagination off", "confirm off", "debuginfod enabled off",
                "startup-with-shell on", "disable-randomization on"):
    try:
        gdb.execute("set " + setting, to_string=True)
    except gdb.error:
        pass  # an older gdb
# gdb starts programs by their absolute path; a program may do more for a longer argv[0] than ours.
NAME = os.path.basename(gdb.current_progspace().filename)
gdb.execute(f"""set exec-wrapper bash -c 'exec -a ./{NAME} "$0" "$@"'""", to_string=True)
gdb.execute("starti " + os.environ["CALLS_ARGS"] + " >/dev/null 2>&1", to_string=True)
with open(os.environ["CALLS_OF"], encoding="utf-8") as functions:
    for one in functions:
        Entry(int(one, 16), int(os.environ["CALLS_BIAS"]))
gdb.execute("continue", to_string=True)
OUT.close()
gdb.execute("quit")
