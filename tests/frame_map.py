#!/usr/bin/env python3
"""frame_map - every byte of a frame has one owner; the map agrees with the event and with gdb.

# test: up to 400 s

Each sample is built with a part of the flag matrix and traced with --frames. At every push and pop:
the slots go down without a gap or an overlap, those between the CFA and rsp add up to what the push
took, values are those of the event's arguments and locals, the return address is where it must be;
what a ghost is said to be is what that frame's pop said. Saved registers are where `info frame` of
gdb says. samples/ghosts.c says which ghosts it must show.
"""
import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lib import samples, tap
from lib.trace import SOURCE, run, trace
from validate_events import Schema, validate

ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/", "LC_ALL": "C.UTF-8"}
FP, NO_FP = "-fno-omit-frame-pointer", "-fomit-frame-pointer"
ROWS = [
    ("gcc", "-O0 -gdwarf-5 -fPIE -pie " + FP),
    ("gcc", "-O1 -gdwarf-4 -static " + NO_FP),
    ("gcc", "-O2 -gdwarf-5 -fPIE -pie -fstack-protector-strong " + NO_FP),
    ("gcc", "-O3 -gdwarf-4 -no-pie " + FP),
    ("clang", "-O0 -gdwarf-4 -no-pie " + FP),
    ("clang", "-O1 -gdwarf-5 -fPIE -pie " + NO_FP),
    ("clang", "-O2 -gdwarf-5 -static " + NO_FP),
    ("clang", "-O3 -gdwarf-4 -fPIE -pie " + FP),
]
RUST_ROWS = [("rustc", "-g"), ("rustc", "-g -Copt-level=2"),
             ("rustc", "-g -Cforce-frame-pointers=yes")]
RED_ZONE = 128
WORD = 8
VARIABLES = ("argument", "local", "stack argument", "dynamic")
SCHEMA = Schema(json.loads((SOURCE / "docs/events.schema.json").read_text()))
MOST_DEPTH = ["--depth=60"]  # deep recursions say the same over and over


def number(text):
    return int(text, 16) if text else None


class Checker:
    """Collects what is wrong with the maps of one trace."""

    def __init__(self, traced):
        self.traced, self.faults, self.maps = traced, [], 0
        self.by_seq = {event["seq"]: event for event in traced.events}

    def wrong(self, event, what):
        if len(self.faults) < 12:
            self.faults.append(f"{event['event']} {event['seq']} of {event['function']}: {what}")

    def check(self):
        for event in self.traced.of("push", "pop"):
            seen = event["event"] == "push" or event["how"] in ("return", "tail call")
            if event.get("frame", "absent") == "absent":
                self.wrong(event, "no field frame")
            elif event["frame"] is None:
                if seen:
                    self.wrong(event, "no map")
            else:
                self.maps += 1
                self.check_map(event)
        return self.faults

    def check_map(self, event):
        slots = [(number(s["address"]), s) for s in event["frame"]]
        self.check_bytes(event, slots)
        self.check_return_address(event, slots)
        values = (event.get("args") or []) + (event.get("locals") or [])
        self.check_values(event, slots, values)
        for _, slot in slots:
            if slot["owner"] == "saved register" and "but the register" in (slot["value"] or ""):
                self.wrong(event, f"{slot}")
        for ghost in event.get("ghosts", []):
            self.check_ghost(event, ghost)

    def check_bytes(self, event, slots):
        cfa, rsp = number(event["cfa"]), number(event["frame_rsp"])
        for (high, _), (low, slot) in zip(slots, slots[1:]):
            if low + slot["size"] != high:
                self.wrong(event, f"{slot['owner']} at {low:#x} + {slot['size']} ends before {high:#x}")
        starts = {address for address, _ in slots}
        top = slots[0][0] + slots[0][1]["size"]
        if top < cfa or (top > cfa and cfa not in starts):
            self.wrong(event, f"no slot ends at the CFA {cfa:#x}")
        if rsp not in starts and rsp != top:
            self.wrong(event, f"no slot begins at rsp {rsp:#x}")
        took = sum(slot["size"] for address, slot in slots if rsp <= address < cfa)
        pushed = event if event["event"] == "push" else self.by_seq[event["pushed_seq"]]
        if took != -pushed["delta"]:
            self.wrong(event, f"the slots add up to {took}, the push took {-pushed['delta']}")
        bottom = slots[-1][0]
        if bottom > rsp - RED_ZONE:
            self.wrong(event, f"the map ends at {bottom:#x}, before rsp - 128")
        below = {slot["owner"] for address, slot in slots if address < rsp}
        if bottom < rsp - RED_ZONE and below == {"red zone"}:
            self.wrong(event, f"the map goes on below rsp - 128: {bottom:#x}")

    def check_return_address(self, event, slots):
        found = [(a, s) for a, s in slots if s["owner"] == "return address"]
        if [a for a, _ in found] != [number(event["cfa"]) - WORD] or found[0][1]["size"] != WORD:
            self.wrong(event, f"return addresses: {found}")
        elif (found[0][1]["value"] or "").split(" ")[0] != event["return_address"]:
            self.wrong(event, f"return address {found[0][1]}, not {event['return_address']}")

    def check_values(self, event, slots, values):
        """Both ways: a variable in memory of the frame has a slot; a slot has the event's value."""
        frame = range(slots[-1][0], slots[0][0] + slots[0][1]["size"])
        for value in values:
            at = number(value["address"])
            if at is None or at not in frame or not value["size"]:
                if value not in event["elsewhere"] and at not in frame:
                    self.wrong(event, f"{value} is neither in the frame nor elsewhere")
                continue
            slot = next(s for a, s in slots if a <= at < a + s["size"])
            if (slot["name"] or "") == value["name"]:
                continue
            shared = [v for v in values if v is not value and number(v["address"]) is not None and
                      at < number(v["address"]) + v["size"] and number(v["address"]) < at + value["size"]]
            inlined = slot.get("inlined")
            if not shared and not inlined and slot["owner"] not in ("stack argument",):
                self.wrong(event, f"{value['name']} is at {at:#x}, the slot there is {slot}")
        for address, slot in slots:
            if slot["owner"] not in VARIABLES or slot["name"] is None or "inlined" in slot:
                continue
            if slot["value"] is None or "offset" in slot or slot["type"] is None:
                continue
            same = [v for v in values if v["name"] == slot["name"]
                    and v["address"] == slot["address"]]
            if same and slot["value"] not in [v["value"] for v in same]:
                self.wrong(event, f"{slot['name']} = {slot['value']}, the event says {same}")

    def check_ghost(self, event, ghost):
        popped = self.by_seq.get(ghost["popped_seq"])
        if popped is None or popped["event"] != "pop" or popped["seq"] >= event["seq"]:
            self.wrong(event, f"{ghost} was not popped before")
            return
        if (popped["function"], popped["pushed_seq"], popped["tid"]) != (
                ghost["function"], ghost["pushed_seq"], event["tid"]):
            self.wrong(event, f"{ghost} is of another frame: {popped['function']}")
        slots = [s for s in popped["frame"] or [] if s["address"] == ghost["address"]]
        if popped["frame"] and not (slots and slots[0]["owner"] == ghost["owner"]
                                    and slots[0]["name"] == ghost["name"]):
            self.wrong(event, f"{ghost} was {slots}")
        if slots and ghost["value"] not in (None, slots[0]["value"]):
            self.wrong(event, f"{ghost} had the value {slots[0]['value']}")
        if ghost["overwritten"] + ghost["kept"] > ghost["size"]:
            self.wrong(event, f"{ghost} has more bytes than it had")


def gdb_says(program, args, pcs):
    with tempfile.TemporaryDirectory() as directory:
        out, plan = Path(directory) / "out", Path(directory) / "plan"
        plan.write_text(json.dumps({"pushes": pcs, "limit": 2, "out": str(out)}))
        run(["gdb", "-q", "-nx", "-batch", "-x", SOURCE / "tests/lib/gdb_saved.py", "--args",
             program, *args], env=dict(ENVIRONMENT, FT_PLAN=str(plan)), timeout=100)
        text = out.read_text() if out.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def compare_saved(traced, seen):
    """Per body: the rules of call frame information do not depend on who called."""
    ours, faults, compared = {}, [], 0
    for push in traced.pushes():
        if push["frame"]:
            ours.setdefault(number(push["pc"]), {
                slot["name"]: number(slot["address"]) - number(push["cfa"])
                for slot in push["frame"]
                if slot["owner"] == "saved register" and "unwritten" not in slot})
    for theirs in seen:
        # Of a call that is inlined where it stops, gdb says no registers, not even rip.
        if "rip" not in theirs.get("saved", {}) or theirs["pc"] not in ours:
            continue
        saved = {name: at - theirs["cfa"] for name, at in theirs["saved"].items() if name != "rip"}
        compared += 1
        if saved != ours[theirs["pc"]]:
            faults.append(f"{theirs['function']}: saved at {ours[theirs['pc']]}, gdb: {saved}")
    return faults, compared


def check(job):
    sample, compiler, flags, with_gdb = job
    name = f"{sample.name} {compiler} {flags}"
    try:
        program = samples.build(sample, compiler, *flags.split(),
                                *([] if compiler == "rustc" else ["-w"]))
    except samples.BuildError as error:
        return False, name, [error]
    traced = trace([program, *sample.args], "--no-aslr", "--frames", *MOST_DEPTH, env=ENVIRONMENT)
    checker = Checker(traced)
    faults = list(validate(SCHEMA, traced.text.splitlines(), True))[:6] or checker.check()
    if traced.ran.status != sample.status and not sample.varies():
        faults.append(traced.ran)
    compared = 0
    pcs = sorted({number(push["pc"]) for push in traced.pushes()} - {None})
    if with_gdb and pcs:
        more, compared = compare_saved(traced, gdb_says(program, sample.args, pcs))
        faults += more
        if compared == 0:
            faults.append("gdb met no push")
    if checker.maps == 0 and traced.pushes():
        faults.append("no maps")
    return not faults, f"{name}: {checker.maps} maps, {compared} frames of gdb", faults[:12]


def check_ghosts(compiler, flags):
    """What the head of ghosts.c expects."""
    sample = next(s for s in samples.all_samples() if s.name == "ghosts.c")
    traced = trace([samples.build(sample, compiler, *flags.split())], "--no-aslr", "--frames")
    pushes = {}
    for push in traced.pushes():
        pushes.setdefault(push["function"], []).append(push)

    def slot(push, name):
        return next(s for s in push["frame"] if s["name"] == name)
    for push, ghost in zip(pushes["quiet"], ("local of dangling = 48", "n of louder = 7")):
        later = slot(push, "later")
        tap.ok(later.get("ghost") == ghost and later.get("unwritten") and later["value"] is None,
               f"{compiler}: quiet lies on {ghost}", later)
    died = [g for g in pushes["louder"][0]["ghosts"] if g["name"] == "local"]
    tap.ok(len(died) == 1 and died[0]["function"] == "dangling" and died[0]["value"] == "48"
           and (died[0]["overwritten"], died[0]["kept"]) == (4, 0),
           f"{compiler}: louder overwrites local", died)
    tap.equal(pushes["main"][0]["ghosts"], [], f"{compiler}: main lies on nothing that is known")
    text = run([os.environ["FRAMETRACE"], "-vv", traced.header["program"]]).err.decode()
    tap.ok("not written yet; still local of dangling = 48" in " ".join(text.replace("|", " ").split()),
           f"{compiler}: and the text says so", text)
    tap.ok("overwritten: return address, local = 48" in " ".join(text.replace("|", " ").split()),
           f"{compiler}: and what is overwritten", text)


def rows_of(index, sample):
    """Half of the matrix for each sample, gdb for one row of it."""
    if sample.language == "rust":
        return [(c, f, n == index % 3) for n, (c, f) in enumerate(RUST_ROWS)]
    chosen = []
    for n, (compiler, flags) in enumerate(ROWS):
        if sample.language == "c++":
            compiler = {"gcc": "g++", "clang": "clang++"}[compiler]
        if compiler in sample.compilers() and n % 2 == index % 2:
            chosen.append((compiler, flags, sample.is_for("gdb") and n // 2 == index % 4))
    return chosen


def main():
    words, jobs = sys.argv[1:], []
    for index, sample in enumerate(samples.all_samples()):
        if not words or any(word in sample.name for word in words):
            jobs += [(sample, *row) for row in rows_of(index, sample)]
    with ThreadPoolExecutor(2) as pool:
        for good, name, notes in pool.map(check, jobs):
            tap.ok(good, name, *notes)
    for compiler in ("gcc", "clang"):
        check_ghosts(compiler, "-g -O0")
    tap.done()


main()
