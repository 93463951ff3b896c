#!/usr/bin/env python3
"""expr_oracle - arguments and locals of optimised programs equal what gdb says, at push and pop.

# test: up to 300 s

The samples that are made for it provoke what only a DWARF expression tells: typed arithmetic,
entry values, pointers without an address, pieces, thread-local storage. Each is traced with -vv and
run again under gdb with breakpoints at our bodies and exits; the k-th time that gdb meets a pc at a
CFA is our k-th event there. What gdb knows and we do not is a fault, unless EXCUSES has the reason;
what we know and gdb does not is counted, and held against gdb's name@entry where that is told.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lib import samples, tap
from lib.trace import SOURCE, run, trace

LIMIT = 40  # stops at one pc
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/", "LC_ALL": "C.UTF-8"}
SUBJECTS = ["entry_values.c", "implicit.c", "typed.c", "tls.c", "structs.c", "floats.c",
            "many_args.c", "unions_bitfields.c", "inline.c", "tail.c", "strings.c"]
LEVELS = ["-O1", "-O2", "-O3"]
# What a sample must provoke in some build, or it does not test what it is for.
PROVOKED = {
    "entry_values.c": {"entry_value", "parameter_ref"},
    "implicit.c": {"implicit_pointer", "implicit_value", "piece"},
    "typed.c": {"convert", "regval_type", "const_type", "deref_type", "entry_value"},
    "tls.c": {"tls_address"},
}


def normal(text):
    text = " ".join((text or "").replace("optimized out", "optimised out").split())
    text = re.sub(r"<\w+\[(\w+)\]", r"<\1", text)  # gdb: of a static local, with its function
    return re.sub(r"<(?:\w+\.)?([A-Za-z_]\w*)(?:\.\d+)?([+>])", r"<\1\2", text)


def text_of(value):
    return normal(value["value"] if value["value"] is not None else f"<{value['unknown']}>")


def is_unknown(text):
    return "<optimised out>" in text or "<error" in text or text.startswith("<")


def gdb_says(program, args, pcs):
    with tempfile.TemporaryDirectory() as directory:
        out, plan = Path(directory) / "out", Path(directory) / "plan"
        plan.write_text(json.dumps({"pcs": pcs, "limit": LIMIT, "out": str(out)}))
        done = run(["gdb", "-q", "-nx", "-batch", "-x", SOURCE / "tests/lib/gdb_values.py",
                    "--args", program, *args], env=dict(ENVIRONMENT, FT_PLAN=str(plan)), timeout=100)
        text = out.read_text() if out.exists() else ""
    return [json.loads(line) for line in text.splitlines()], done


class Tally:
    def __init__(self):
        self.same = self.ours_only = self.entries = self.pointees = 0
        self.faults = []

    def fault(self, where, name, ours, theirs):
        self.faults.append(f"{where}: {name} is {ours}, gdb {theirs}")


def excused(value, ours, theirs, pop, compiler):
    """Why a difference is right; None if it is not."""
    if compiler == "clang" and pop and value["register"] is None:
        return "clang's locations by rsp and rbp do not follow the epilogue: gdb reads elsewhere"
    if ours == "<entry value not known: its caller called another function>":
        return "gdb guesses the way of a tail call from the only one that it finds"
    if ours.startswith("<register ") and "__int128" in value["type"]:
        return "gdb 16 takes two registers for one of 128 bits"
    if "<optimised out>" in ours and value["type"] == "struct bytes3":
        return "clang describes one byte of three; gdb shows the others as 0, which they are not"
    return None


def compare_value(tally, where, value, stop, is_pop, compiler):
    name, ours = value["name"], text_of(value)
    theirs = stop["args"].get(name, stop["locals"].get(name))
    if theirs is None:
        return
    theirs = normal(theirs)
    if "synthetic pointer" in theirs:
        pointee = normal(stop["pointees"][name])
        if is_unknown(pointee) or not ours.startswith("<no address> "):
            if not is_unknown(pointee) and value["address"] is None and ours.startswith("<no"):
                tally.fault(where, "*" + name, ours, pointee)
            return
        shown = ours.removeprefix("<no address> ")
        if shown != pointee and not shown.startswith("{" + pointee) and shown[:1] != '"':
            tally.fault(where, "*" + name, shown, pointee)
        tally.pointees += 1
    elif is_unknown(theirs):
        tally.ours_only += not is_unknown(ours)
    elif ours != theirs and not excused(value, ours, theirs, is_pop, compiler):
        tally.fault(where, name, ours, theirs)
    else:
        tally.same += 1


def compare_entry(tally, where, value, stop):
    """gdb's name@entry, for what neither of us knows otherwise."""
    theirs = normal(stop["entry"].get(value["name"], "<"))
    if value["value"] is not None or is_unknown(theirs) or theirs.startswith("Cannot"):
        return
    ours = normal(value.get("entry_value") or "<unknown>")
    plain = re.sub(r' ".*"$', "", theirs)  # what a pointer points to is not told of the past
    if ours not in (theirs, plain):
        tally.fault(where, value["name"] + "@entry", ours, theirs)
    tally.entries += 1


def compare(traced, stops, compiler):
    tally, met = Tally(), {}
    for stop in stops:
        met.setdefault((stop["pc"], stop["cfa"]), []).append(stop)
    main = [e for e in traced.of("push", "pop") if e["pid"] == traced.header["pid"]]
    loops = {push["pc"] for push in main if push["event"] == "push"}
    loops = {pc for pc in loops if sum(len(stop) for key, stop in met.items()
                                       if key[0] == int(pc or "0", 16)) >
             sum(e["pc"] == pc for e in main)}
    for event in main:
        if event["pc"] is None or event["pc"] in loops or event.get("how", "return") != "return":
            continue
        queue = met.get((int(event["pc"], 16), int(event["cfa"], 16)))
        if not queue:
            continue
        stop = queue.pop(0)
        is_pop = event["event"] == "pop"
        where = f"{event['function']} {event['event']} at {event['pc']} seq {event['seq']}"
        values = (event.get("args") or []) + (event.get("locals") or [])
        names = [value["name"] for value in values]
        for value in values:
            if names.count(value["name"]) == 1:
                compare_value(tally, where, value, stop, is_pop, compiler)
                compare_entry(tally, where, value, stop)
    return tally


def operations(program):
    """DW_OP names that readelf finds, without prefixes."""
    files = [program, *program.parent.glob("*.so")]
    done = subprocess.run(["readelf", "--debug-dump=info,loc", *files], capture_output=True,
                          text=True, check=False)
    return {re.sub(r"^(GNU_push_|GNU_|form_)", "", name)
            for name in re.findall(r"DW_OP_(\w+)", done.stdout)}


def check(job):
    sample, compiler, flags = job
    name = f"{sample.name} {compiler} {' '.join(flags)}"
    try:
        program = samples.build(sample, compiler, *flags, "-w")
    except samples.BuildError as error:
        return name, Tally(), [error], set()
    traced = trace([program, *sample.args], "--no-aslr", "-vv", "--lib=libtls*", env=ENVIRONMENT)
    pcs = sorted({int(e["pc"], 16) for e in traced.of("push", "pop") if e["pc"]})
    stops, done = gdb_says(program, sample.args, pcs)
    tally = compare(traced, stops, compiler)
    notes = tally.faults[:12]
    if tally.same == 0:
        notes += ["nothing could be compared", traced.ran, done]
    return name, tally, notes, operations(program)


def jobs_for(words):
    chosen = [s for s in samples.all_samples("c") if s.name in SUBJECTS]
    for sample in chosen:
        if words and not any(word in sample.name for word in words):
            continue
        for number, compiler in enumerate(sample.compilers()):
            for level in LEVELS:
                dwarf = "-gdwarf-4" if (LEVELS.index(level) + number) % 2 else "-gdwarf-5"
                yield sample, compiler, [level, dwarf]


def main():
    seen, total = {}, Tally()
    jobs = list(jobs_for(sys.argv[1:]))
    with ThreadPoolExecutor(2) as pool:
        for (sample, *_), (name, tally, notes, ops) in zip(jobs, pool.map(check, jobs)):
            seen.setdefault(sample.name, set()).update(ops)
            for field in ("same", "ours_only", "entries", "pointees"):
                setattr(total, field, getattr(total, field) + getattr(tally, field))
            tap.ok(not notes, f"{name}: {tally.same} values, {tally.ours_only} only ours, "
                   f"{tally.entries} at entry, {tally.pointees} pointees", *notes)
    for sample, wanted in PROVOKED.items():
        if sample in seen:
            missing = sorted(wanted - seen[sample])
            tap.ok(not missing, f"{sample} provokes {' '.join(sorted(wanted))}", *missing)
    if not sys.argv[1:]:
        tap.ok(total.entries > 0 and total.pointees > 0, "entry values and pointees were compared")
    tap.done()


main()
