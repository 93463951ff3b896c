"""gdb_driver - runs inside gdb: what gdb knows at chosen stops of a run. See oracle.py.

Reads the plan from the file named by $FT_PLAN:
    {"out": file, "stops": [{"id", "pc", "rsp", "nth", "kind": "push" or "pop", "body": id}...],
     "sites": [{"pc", "size": cfa - rsp or null, "exits": [pc...], "registers": bool}...]}
A stop is the nth time that a thread is at pc with that rsp, frames counted, not loops: between two
of them the frame has ended. `body` of a pop is the stop at which its frame was at its body.
Writes one JSON object per line: what gdb says of the frame at a stop, and {"id", "returned"} when
the frame of a pop has returned.
"""
import json
import os
import re
import traceback

import gdb

with open(os.environ["FT_PLAN"], encoding="utf-8") as file:
    PLAN = json.load(file)
OUT = open(PLAN["out"], "w", encoding="utf-8")
PENDING = []  # (stop, arguments at the entry) that the program is at
BODIES = {}  # id of a stop -> rsp and rbp there
LEAVES_MAX, DEPTH_MAX = 100, 6


def say(**what):
    OUT.write(json.dumps(what) + "\n")
    OUT.flush()


def register(frame, name):
    return int(frame.read_register(name)) % 2**64


# ---- when to look ----

class Site(gdb.Breakpoint):
    """A pc with stops to come: counts the frames that arrive there, by their rsp."""

    def __init__(self, pc, stops):
        super().__init__(f"*{pc:#x}", internal=True)
        self.silent = True
        self.pc = pc
        self.wanted = {(stop["rsp"], stop["nth"]): stop for stop in stops}
        self.met, self.entered = {}, {}

    def is_new(self, _frame, _rsp):
        return True

    def stop(self):
        frame = gdb.newest_frame()
        rsp = register(frame, "rsp")
        if not self.is_new(frame, rsp):
            return False
        self.met[rsp] = self.met.get(rsp, 0) + 1
        stop = self.wanted.pop((rsp, self.met[rsp]), None)
        if stop is None:
            return False
        PENDING.append((stop, self.entered))
        self.enabled = bool(self.wanted)
        return True  # to look and to make finish breakpoints is not safe inside stop()


class Body(Site):
    """The head of a loop counts once for each arrival at the function's first instruction or, if it
    is that itself, once until an exit of the function is met at the same place in the stack."""

    def __init__(self, pc, stops, site):
        super().__init__(pc, stops)
        self.size, exits = site["size"], site["exits"]
        self.fresh, self.alive, self.at_entry = set(), set(), {}
        self.entry, self.loops = entry_of(pc), jumps_to(pc)
        self.cfas = {rsp + self.size for rsp, _ in self.wanted} if self.size is not None else set()
        if self.entry != pc and (self.loops or site["registers"]):
            Watch(self.entry, self.enter)
        elif self.loops:
            for at in exits:
                if at != pc:
                    Watch(at, lambda rsp: self.alive.discard((thread(), rsp)))

    def enter(self, rsp):
        key = thread(), rsp + 8
        self.fresh.add(key)
        if rsp + 8 in self.cfas:
            self.at_entry[key] = arguments(gdb.newest_frame())

    def is_new(self, _frame, rsp):
        if self.entry == self.pc:
            new = not self.loops or (thread(), rsp) not in self.alive
            self.alive.add((thread(), rsp))
            return new
        if not self.loops and not self.cfas:
            return True
        key = thread(), cfa_in(frame_text()) if self.size is None else rsp + self.size
        new = not self.loops or key in self.fresh
        self.fresh.discard(key)
        self.entered = self.at_entry.pop(key, {})
        return new


class Exit(Site):
    """A conditional jump is an exit only if it will be taken."""

    def is_new(self, frame, _rsp):
        code = read(self.pc, 2)
        condition = code[1] if code[0] == 0x0F else code[0]
        if not (code[0] == 0x0F and code[1] & 0xF0 == 0x80 or code[0] & 0xF0 == 0x70):
            return True
        flags = register(frame, "eflags")
        cf, zf, sf, of, pf = (bool(flags >> bit & 1) for bit in (0, 6, 7, 11, 2))
        holds = [of, cf, zf, cf or zf, sf, pf, sf != of, zf or sf != of][condition >> 1 & 7]
        return holds != bool(condition & 1)


class Watch(gdb.Breakpoint):
    def __init__(self, pc, told):
        super().__init__(f"*{pc:#x}", internal=True)
        self.silent, self.told = True, told

    def stop(self):
        self.told(register(gdb.newest_frame(), "rsp"))
        return False


class Return(gdb.FinishBreakpoint):
    """Told when one frame returns; gdb computes the value."""

    def __init__(self, frame, number):
        super().__init__(frame, internal=True)
        self.silent, self.stop_id = True, number

    def stop(self):
        try:
            value = self.return_value
        except gdb.error:  # a member in a register that gdb lost: nothing to compare with
            return False
        if value is not None:
            say(id=self.stop_id, returned=text_of(value), leaves=leaves_of(value),
                type=type_name(value.type))
        return False


def thread():
    return gdb.selected_thread().ptid[1]


def read(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


# ---- what gdb knows of a frame ----

def frame_text():
    return gdb.execute("info frame", to_string=True)


def cfa_in(text):
    return int(re.search(r"frame at (0x[0-9a-f]+)", text).group(1), 16)


def saved_rip(frame, text, cfa):
    """gdb names the jump of a tail call as "saved rip"; what is on the stack is what we want."""
    older = frame.older()
    if older is not None and older.type() == gdb.TAILCALL_FRAME:
        return int.from_bytes(read(cfa - 8, 8), "little")
    found = re.search(r"saved rip = (0x[0-9a-f]+)", text)
    return int(found.group(1), 16) if found else None


def whole(frame):
    """The frame of the function, not of a call that was inlined into it there."""
    while frame.type() == gdb.INLINE_FRAME and frame.older() is not None:
        frame = frame.older()
    return frame


def look(stop, entered):
    frame = whole(gdb.newest_frame())
    frame.select()
    text = frame_text()
    cfa = cfa_in(text)
    registers = {name: register(frame, name) for name in ("rsp", "rbp")}
    BODIES[stop["id"]] = registers
    saved = re.findall(r"\b(r\w+) at (0x[0-9a-f]+)", text.partition("Saved registers:")[2])
    said = {"id": stop["id"], "function": frame.name(), "cfa": cfa, "entered": entered,
            "saved_rip": saved_rip(frame, text, cfa), "registers": registers,
            "saved": {name: int(at, 16) for name, at in saved}}
    said["variables"] = variables(frame, registers, BODIES.get(stop.get("body"), registers))
    say(**said)


def arguments(frame):
    """Of a frame at its first instruction, where optimised code has them in registers."""
    found = {}
    for symbol, _, place in symbols_of(frame):
        if symbol.is_argument and not asserts(symbol, place_at(place, frame.pc())):
            try:
                found[symbol.name] = text_of(symbol.value(frame))
            except (gdb.error, ValueError):
                pass
    return found


def variables(frame, now, body):
    """What a location without ranges says by rbp or rsp is meant with what they are at the body;
    where they have been popped, gdb looks again with those put back ("with")."""
    found, moved = [], {}
    symbols = symbols_of(frame)
    base = frame_base([place for _, _, place in symbols])
    for index, (symbol, block, place) in enumerate(symbols):
        one = {"name": symbol.name, "argument": bool(symbol.is_argument),
               "place": place_at(place, frame.pc()), "line": symbol.line,
               "at_empty_range": bool(empty_ranges(place, frame.pc())),
               "in_scope": block.start <= frame.pc() < block.end}
        read_symbol(symbol, frame, one)
        names = base_of(place, one["place"], symbol, base)
        if any(now[name] != body[name] for name in names):
            moved.setdefault(tuple(names), []).append(index)
        found.append(one)
    for names, indexes in moved.items():
        for name in names:
            gdb.execute(f"set ${name} = {body[name]:#x}")
        frame = whole(gdb.newest_frame())
        frame.select()
        for index in indexes:
            found[index].update({"with": " and ".join(names), "in_vain": found[index].get("text")})
            read_symbol(symbols[index][0], frame, found[index])
        for name in names:
            gdb.execute(f"set ${name} = {now[name]:#x}")
    return found


def frame_base(places):
    """The registers that a function's frame base may be, by gdb's words for other locations by it:
    of those with one operation only it names the register, if it is one."""
    for place in places:
        named = re.search(r"frame base reg \$(r[sb]p)", place)
        if named:
            return [named[1]]
        if re.search(r"expression: 0: DW_OP_fbreg -?\d+ ?(,|$)", place):
            return []
    return ["rsp", "rbp"]


def base_of(place, here, symbol, base):
    """The registers of the body that a location counts from. gcc ends the ranges of a location list
    before the epilogue, LLVM does not where they count from its frame base."""
    llvm = re.search("clang|rustc|LLVM", symbol.symtab.producer or "")
    if place.startswith("multi-location") and not llvm:
        return []
    if "DW_OP_fbreg" in here:
        return base if llvm else []  # gcc's is the CFA
    named = re.search(r"frame base reg \$(rbp|rsp)|DW_OP_breg\d+ -?\d+ \[\$(rbp|rsp)\]", here)
    return [named[1] or named[2]] if named else []


def asserts(symbol, place):
    """gdb 13 ends with an internal error (gdbtypes.h, "idx >= 0 && idx < num_fields ()") when it
    shall read a Rust enum that has data and is not in memory."""
    in_memory = re.match(r"a variable at frame base reg|static|a complex DWARF expression: "
                         r"0: DW_OP_(fbreg|breg\d+) -?\d+( \[\$\w+\])? ?(,|$)", place)
    return symbol.type.code == gdb.TYPE_CODE_STRUCT and symbol.type.dynamic and not in_memory


def read_symbol(symbol, frame, one):
    if asserts(symbol, one["place"]):
        one["text"] = "<gdb asserts>"
        return
    try:
        describe(symbol.value(frame), one)
        if symbol.type.code == gdb.TYPE_CODE_STRUCT:
            one["size"] = symbol.type.sizeof  # of an enum of Rust, not of the variant it has
    except (gdb.error, ValueError) as error:
        one["text"] = f"<error: {error}>"


def describe(value, one):
    one["type"], one["size"] = type_name(value.type), value.type.sizeof
    one["text"] = text_of(value)
    one["leaves"] = leaves_of(value)
    reference = value.type.strip_typedefs().code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF)
    if value.address is not None and not reference:  # for those gdb gives where they refer to
        one["address"] = int(value.address) % 2**64


def type_name(kind):
    return str(kind.unqualified().strip_typedefs()) if kind is not None else ""


def text_of(value):
    try:
        return value.format_string(deref_refs=True)
    except (gdb.error, ValueError) as error:
        return f"<error: {error}>"


def leaves_of(value, path="", depth=0):
    """The scalars inside of a value, [[member, text]...]; None if it is a scalar itself."""
    kind = value.type.strip_typedefs()
    if kind.code != gdb.TYPE_CODE_STRUCT or depth > DEPTH_MAX:
        return None if depth == 0 else [[path, text_of(value)]]
    found = []
    try:
        for field in kind.fields():
            if not hasattr(field, "bitpos") or len(found) > LEAVES_MAX:
                continue
            found += leaves_of(value[field], field.name or "", depth + 1)
    except (gdb.error, ValueError, TypeError, NotImplementedError):
        return None if depth == 0 else [[path, "?"]]
    return found


KNOWN = {}  # start of a function -> its symbols


def symbols_of(frame):
    """(symbol, block, place) of all blocks of the frame's function, of ended scopes too, and not of
    calls inlined into it. gdb lists blocks by pc only; every block has one that holds an insn."""
    function = frame.function()
    if function is None or function.symtab is None:
        return []
    try:
        outer = frame.block()
    except RuntimeError:
        return []
    found = None  # the outermost: a part of a function may be inlined into itself
    while outer is not None and not outer.is_static and not outer.is_global:
        if outer.function is not None:
            same = identity(outer)[2:] == (function.name, function.line)
            if found is not None and not same:
                break
            found = outer if same else found
        outer = outer.superblock
    if found is None:
        return []
    outer = found
    key = identity(outer)
    if key not in KNOWN or not all(symbol.is_valid() for symbol, _, _ in KNOWN[key]):
        KNOWN[key] = list(symbols_in(outer, frame.pc()))
    return KNOWN[key]


def identity(block):
    """Python's objects for the same block differ."""
    name, line = (block.function.name, block.function.line) if block.function else (None, None)
    return block.start, block.end, name, line


def symbols_in(outer, pc):
    blocks = {}  # in the order in which they begin
    for at in [pc, *range(outer.start, min(outer.end, outer.start + 65536))]:
        block, chain, plain = gdb.block_for_pc(at), [], True
        while block is not None and identity(block) != identity(outer):
            chain.append(block)
            if block.function is not None:
                chain, plain = [], False  # inside of an inlined call
            block = block.superblock
        if block is None:
            continue
        for one in [block, *reversed(chain)]:
            key = one.start, one.end, tuple(s.name for s in one)
            if key not in blocks or plain and not blocks[key][2]:
                blocks[key] = at, one, plain  # "info scope" ends at an inlined call
    for at, block, _ in blocks.values():
        places = places_of(at)
        for symbol in block:
            if (symbol.is_variable or symbol.is_argument) and \
                    symbol.addr_class != gdb.SYMBOL_LOC_LABEL:
                yield symbol, block, places.get(symbol.name, "")


def places_of(pc):
    """Name -> where gdb says that it is ("info scope"), innermost block first."""
    found = {}
    try:
        text = gdb.execute(f"info scope *{pc:#x}", to_string=True)
    except gdb.error:
        return found
    for part in re.split(r"^Symbol ", text, flags=re.M)[1:]:
        name, _, place = part.partition(" is ")
        found.setdefault(name, " ".join(place.split()))
    return found


def ranges_of(place):
    return re.findall(r"Range (0x[0-9a-f]+)-(0x[0-9a-f]+): (.*?)(?=Range 0x|, length|\Z)", place)


def empty_ranges(place, pc):
    return [where for lo, hi, where in ranges_of(place) if int(lo, 16) == pc == int(hi, 16)]


def place_at(place, pc):
    """Of several ranges the one that holds pc."""
    ranges = ranges_of(place)
    if not place.startswith("multi-location"):
        return place
    for lo, hi, where in ranges:
        if int(lo, 16) <= pc < int(hi, 16):
            return where.strip()
    return "nowhere, but for an empty range" if empty_ranges(place, pc) else "nowhere"


# ---- the run ----

def running():
    return gdb.selected_inferior().pid != 0


def settings():
    """gdb calls malloc in the program to put an array somewhere that is in registers: never."""
    for setting in ("pagination off", "confirm off", "debuginfod enabled off", "print pretty off",
                    "print entry-values no", "print frame-arguments none", "print symbol on",
                    "startup-with-shell off", "disable-randomization on", "width 0",
                    "print elements 200", "host-charset UTF-8", "print repeats 10",
                    "print thread-events off", "print inferior-events off", "print finish on",
                    "print static-members off", "python print-stack full",
                    "may-call-functions off"):
        try:
            gdb.execute("set " + setting, to_string=True)
        except gdb.error:
            pass  # older or newer gdb
    for name in ("LINES", "COLUMNS", "FT_PLAN"):  # they would move the stack
        gdb.execute("unset environment " + name)
    for name in ("SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCHLD", "SIGTERM", "SIGHUP", "SIGINT"):
        gdb.execute(f"handle {name} nostop noprint pass", to_string=True)


def main():
    settings()
    gdb.execute("starti", to_string=True)
    sites = {site["pc"]: site for site in PLAN["sites"]}
    by_pc = {}
    for stop in PLAN["stops"]:
        by_pc.setdefault((stop["pc"], stop["kind"]), []).append(stop)
    for (pc, kind), stops in by_pc.items():
        if kind == "pop":
            Exit(pc, stops)
        else:
            Body(pc, stops, sites[pc])
    while running():
        gdb.execute("continue", to_string=True)
        while PENDING and running():
            stop, entered = PENDING.pop()
            try:
                look(stop, entered)
            except gdb.error as error:
                say(id=stop["id"], failed=str(error))
            if not stop["returns"]:
                continue
            try:
                frame = whole(gdb.newest_frame())
                if not told_in_memory(frame, stop) and frame.older() is not None:
                    Return(frame, stop["id"])
            except (gdb.error, ValueError):
                pass  # the outermost frame, or one that never returns


def told_in_memory(frame, stop):
    """gdb 13 asserts when it shall `finish` a Rust function that returns an enum with data. Large
    ones lie where rax says; small ones are not told."""
    function = frame.function()
    kind = function.type.target() if function is not None else None
    if kind is None or not kind.dynamic:
        return False
    if kind.sizeof <= 16:
        say(id=stop["id"], returned=None, type=type_name(kind))
        return True
    at = gdb.Value(register(frame, "rax")).cast(kind.pointer()).dereference()
    say(id=stop["id"], returned=text_of(at), leaves=leaves_of(at), type=type_name(kind))
    return True


def jumps_to(pc):
    """Is there a jump to it in its function? Then it is the head of a loop."""
    try:
        text = gdb.execute(f"disassemble {pc:#x}", to_string=True)
    except gdb.error:
        return False
    return re.search(rf"\sj\w+\s+{pc:#x}\b", text) is not None


def entry_of(pc):
    """The function's first instruction: gdb's blocks may begin with a cold part."""
    found = re.search(r" \+ (\d+) in section", gdb.execute(f"info symbol {pc:#x}", to_string=True))
    return pc - int(found.group(1)) if found else pc


try:
    main()
except gdb.error as error_at_end:
    say(error=str(error_at_end))
except Exception:  # a fault of this driver: gdb would leave without a word
    say(error=traceback.format_exc())
finally:
    OUT.close()
    if running():
        gdb.execute("kill", to_string=True)
    gdb.execute("quit")
