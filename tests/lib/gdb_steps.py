"""gdb_steps - runs inside gdb: what its stepi or its step meets in one source file. See step.py.

Reads the plan from the file named by $FT_PLAN: {"mode": "insn" or "line", "source", "out"} and
writes one JSON object per line: {"pc", "rsp", "text"} before each instruction, or {"function",
"line"} at each line. Code of other files runs without a stop.
"""
import json
import os

import gdb

with open(os.environ["FT_PLAN"], encoding="utf-8") as file:
    PLAN = json.load(file)
OUT = open(PLAN["out"], "w", encoding="utf-8")
MOST = 20000


def register(name):
    return int(gdb.newest_frame().read_register(name)) % 2**64


def position():
    return gdb.find_pc_line(register("rip"))


def is_ours(sal):
    return sal.symtab is not None and sal.symtab.fullname() == PLAN["source"]


def is_alive():
    return gdb.selected_inferior().pid != 0


def entries():
    """Where the functions of the source begin."""
    symtab = gdb.lookup_global_symbol("main").symtab
    for block in (symtab.global_block(), symtab.static_block()):
        for symbol in block:
            if symbol.is_function and symbol.symtab.fullname() == PLAN["source"]:
                yield int(symbol.value().address)


def run_to(places):
    for place in places:
        gdb.execute(f"tbreak *{place:#x}", to_string=True)
    gdb.execute("continue", to_string=True)
    if is_alive():
        gdb.execute("delete", to_string=True)


def step_insns():
    left = []  # where callees that are not ours return to
    for _ in range(MOST):
        if not is_alive():
            return
        if is_ours(position()):
            pc = register("rip")
            text = gdb.selected_inferior().architecture().disassemble(pc)[0]["asm"]
            OUT.write(json.dumps({"pc": pc, "rsp": register("rsp"), "text": text}) + "\n")
            gdb.execute("stepi", to_string=True)
            continue
        # A callee that is not ours: to where it returns, or to whatever of ours it calls.
        inferior = gdb.selected_inferior()
        back = int.from_bytes(bytes(inferior.read_memory(register("rsp"), 8)), "little")
        mine = [back] if is_ours(gdb.find_pc_line(back)) else left[-1:]
        left.extend(mine if mine == [back] else [])
        run_to([*entries(), *mine])
        if is_alive() and left and register("rip") == left[-1]:
            left.pop()


def depth():
    frame, levels = gdb.newest_frame(), 0
    while frame is not None:
        frame, levels = frame.older(), levels + 1
    return levels


def step_lines():
    last = {}  # the line of each frame
    before = 0
    for _ in range(MOST):
        if not is_alive():
            return
        sal, level = position(), depth()
        # Back from a callee gdb stops in the midst of the line that called it.
        same = level < before and last.get(level) == sal.line
        before, last[level] = level, sal.line
        if is_ours(sal) and sal.pc == register("rip") and not same:
            OUT.write(json.dumps({"function": gdb.newest_frame().name(), "line": sal.line}) + "\n")
        if not is_ours(sal):
            gdb.execute("finish", to_string=True)
            continue
        gdb.execute("step", to_string=True)


gdb.execute("set disassembly-flavor intel")
gdb.execute("set pagination off")
gdb.execute("skip -gfi /usr/*")
gdb.execute("break *main" if PLAN["mode"] == "insn" else "break main", to_string=True)
gdb.execute("run > /dev/null", to_string=True)
gdb.execute("delete", to_string=True)
try:
    if PLAN["mode"] == "insn":
        step_insns()
    else:
        step_lines()
except gdb.error as error:
    if is_alive():
        OUT.write(json.dumps({"error": str(error)}) + "\n")
OUT.close()
if is_alive():
    gdb.execute("kill", to_string=True)
