#!/usr/bin/env python3
"""step - instruction by instruction: the account of rsp, the order of things, lines and changes.

# test: up to 400 s

Oracles: rsp at the body and the CFA, which the pushes and pops know without stepping; gdb's stepi,
x/i and step; what the program itself prints. An argument limits the samples of the matrix.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from lib import samples, tap
from lib.trace import run, trace

LEVELS = ["-O0", "-O1", "-O2", "-O3"]
# Thousands of calls, or an end that must be waited for: one level of them is enough.
LARGE = {"deep.c", "fork.c", "nested_signals.c", "threads.c", "timer.c", "signals.c", "interrupt.c",
         "longjmp_deeper.c", "throw_deeper.cpp", "leader_exit.c", "recursion.c"}


# Fewer turns of what takes 20 instructions each.
ARGS = {"deep.c": ["1000"]}


class Account:
    """What one frame's instructions added up to so far."""

    def __init__(self, push):
        self.push, self.prologue, self.body = push, 0, 0
        self.rsp, self.faults, self.unseen = int(push["cfa"], 16), [], 0

    def add(self, insn):
        before, after = int(insn["rsp_before"], 16), int(insn["rsp"], 16)
        if before != self.rsp or after - before != insn["delta"]:
            self.faults.append(f"the account stands at {self.rsp:#x}: {insn}")
        if insn["prologue"]:
            self.prologue += insn["delta"]
        else:
            self.body += insn["delta"]
        self.unseen += insn["how"] == "unseen"
        self.rsp = after


def audit(traced):
    """Every frame's sums. Returns (frames, faults, unseen)."""
    live, faults, unseen, frames = {}, [], 0, 0
    for event in traced.events:
        if event["pid"] != traced.header["pid"]:
            continue  # a vfork child's frames are not stepped
        stack = live.setdefault(event["tid"], {})
        if event["event"] == "push":
            stack[event["cfa"], event["depth"]] = Account(event)
        elif event["event"] == "insn":
            account = stack.get((event["cfa"], event["depth"]))
            if account is None:
                faults.append(f"an instruction without a frame: {event}")
                continue
            if account.push["function"] != event["function"]:
                faults.append(f"in another function's frame: {event}")
            account.add(event)
        elif event["event"] == "pop":
            account = stack.pop((event["cfa"], event["depth"]), None)
            if account is None:
                continue
            frames += 1
            unseen += account.unseen
            faults += account.faults
            if account.prologue != account.push["delta"]:
                faults.append(f"prologue {account.prologue}: {account.push}")
            if event["delta"] is not None and account.body != event["delta"]:
                faults.append(f"body {account.body}: {event}")
    return frames, faults, unseen


def sums(words):
    for sample in samples.all_samples():
        if words and sample.name not in words:
            continue
        for compiler in sample.compilers():
            for level in LEVELS[:1] if sample.name in LARGE else LEVELS:
                name = f"sums: {sample.name} {compiler} {level}"
                flags = ["-g", "-C", f"opt-level={level[2]}"] if compiler == "rustc" else \
                    ["-g", level]
                try:
                    program = samples.build(sample, compiler, *flags)
                except samples.BuildError as error:
                    tap.skip(name, str(error).splitlines()[0])
                    continue
                argv = [program, *ARGS.get(sample.name, sample.args)]
                alone = run(argv, timeout=100)
                try:
                    traced = trace(argv, "--events=insn", timeout=100)
                except subprocess.TimeoutExpired:
                    tap.ok(False, name, "no end within 100 s")
                    continue
                frames, faults, _ = audit(traced)
                same = sample.varies() or alone == traced.ran
                tap.ok(same and not faults, name, f"alone: {alone}", f"traced: {traced.ran}",
                       f"{frames} frames", *faults[:10])


# ---- against gdb -------------------------------------------------------------------------------


def gdb_steps(program, source, mode):
    with tempfile.TemporaryDirectory() as directory:
        plan, out = Path(directory) / "plan.json", Path(directory) / "out"
        plan.write_text(json.dumps({"mode": mode, "source": str(source), "out": str(out)}))
        driver = Path(__file__).resolve().parent / "lib/gdb_steps.py"
        ran = run(["gdb", "-nx", "-batch", "-x", driver, program], timeout=100,
                  env={**os.environ, "FT_PLAN": str(plan), "DEBUGINFOD_URLS": ""})
        lines = out.read_text().splitlines() if out.exists() else []
    return ran, [json.loads(line) for line in lines]


def spelled(text):
    """Without what gdb and we spell differently: blanks, zeros, sizes of numbers, targets."""
    text = re.sub(r"\s+", "", text.split("<")[0].lower())
    if re.match(r"(call|j\w+)", text):
        return re.match(r"(call|j\w)", text).group(0)
    text = re.sub(r"^push-(\d+)", lambda m: f"push{2**64 - int(m.group(1))}", text)
    return re.sub(r"0x([0-9a-f]+)|\b(\d+)\b",
                  lambda m: str(int(m.group(1), 16) if m.group(1) else int(m.group(2))), text)


def instructions(sample, compiler, level):
    """Every instruction that moves rsp, in order, is where gdb's stepi sees rsp move."""
    name = f"stepi: {sample.name} {compiler} {level}"
    program = samples.build(sample, compiler, "-g", level)
    ran, met = gdb_steps(program, sample.source, "insn")
    moved = []
    for a, b in zip(met, met[1:]):
        text, delta = spelled(a["text"]), b.get("rsp", a["rsp"]) - a["rsp"]
        if delta or text == "ret":  # a call that is not looked into calls back deep down
            moved.append((a["pc"], {"call": -8, "ret": 8}.get(text, delta), text))
    # gdb does not look into callees that are not ours: their call and return are one step to it.
    traced = trace([program], "--no-aslr", "--events=insn")
    told = []
    for event in traced.of("insn"):
        if event["how"] == "ran" and event["delta"]:
            told.append((int(event["pc"], 16), event["delta"], spelled(event["insn"])))
        elif event["how"] == "returned" and told[-1][0] == int(event["pc"], 16):
            told.pop()
    last = told.pop() if told else None  # main's own ret, behind which gdb sees nothing
    first = next((i for i, pair in enumerate(zip(told, moved)) if pair[0] != pair[1]), None)
    near = slice(max(0, (first or 0) - 2), (first or 0) + 4)
    tap.ok(len(moved) > 10 and told == moved[:len(told)] and len(moved) - len(told) <= 1, name,
           f"{len(told)} told, {len(moved)} met, first difference at {first}, last {last}",
           f"told {told[near]}", f"gdb  {moved[near]}", ran if not met else "")


def lines(sample, compiler, level):
    """The lines in the order of gdb's step."""
    name = f"step: {sample.name} {compiler} {level}"
    program = samples.build(sample, compiler, "-g", level)
    ran, met = gdb_steps(program, sample.source, "line")
    met = [(line.get("function"), line.get("line")) for line in met]
    traced = trace([program], "--no-aslr", "--events=line")
    told = [(event["function"], event["line"]) for event in traced.of("line")]
    first = next((i for i, pair in enumerate(zip(told, met)) if pair[0] != pair[1]), None)
    near = slice(max(0, (first or 0) - 3), (first or 0) + 5)
    tap.ok(len(met) > 5 and told == met, name, f"{len(told)} told, {len(met)} met, {first}",
           f"told {told[near]}", f"gdb  {met[near]}", ran if not met else "")


def changes(compiler):
    """What the program prints of its variables is what the lines are said to change."""
    program = samples.build(samples.Sample(samples.SOURCE / "tests/samples/step_lines.c"),
                            compiler, "-g", "-O0")
    traced = trace([program], "--events=line")
    told = {}
    for event in traced.of("change"):
        for change in event["changes"]:
            told.setdefault((event["line"], change["name"]), []).append(change)
    faults = []
    for line in traced.ran.out.decode().splitlines():
        number, name, value = line.split(" ", 2)
        name, _, member = name.partition(".")
        want = f"{member} = {value}" if member else value
        of = told.get((int(number), name), [])
        if not any(re.search(rf"(^|\W|){re.escape(want)}(\W|$)", change["value"]) for change in of):
            faults.append(f"{line}: {of}")
    tap.ok(traced.ran.out and not faults, f"changes: step_lines.c {compiler}", *faults)
    first = {}
    for event in traced.of("change"):
        for change in event["changes"]:
            first.setdefault((event["cfa"], event["function"], change["name"]), change["old"])
    olds = {name: old for (_, _, name), old in first.items()}
    tap.equal({n: olds.get(n, "?") for n in ("sum", "i", "total", "p", "text")},
              {n: None for n in ("sum", "i", "total", "p", "text")},
              f"first values have no value before: {compiler}")


def against_gdb():
    named = {s.name: s for s in samples.all_samples()}
    for name, compiler, level in [("fnptr.c", "gcc", "-O0"), ("many_args.c", "clang", "-O1"),
                                  ("structs.c", "gcc", "-O0")]:
        instructions(named[name], compiler, level)
    for name, compiler, level in [("step_lines.c", "gcc", "-O0"), ("step_lines.c", "clang", "-O0"),
                                  ("structs.c", "gcc", "-O0"), ("recursion.c", "clang", "-O0")]:
        lines(named[name], compiler, level)


def narrowed():
    """Only frames that are shown are stepped; what is deeper is an untraced callee of theirs."""
    program = samples.build(samples.Sample(samples.SOURCE / "tests/samples/recursion.c"), "gcc",
                            "-g", "-O0")
    for options in (["-d", "2"], ["-f", "main"], ["-f", "!main"]):
        traced = trace([program, "4"], "--events=insn,line", *options)
        frames, faults, unseen = audit(traced)
        shown = {push["function"] for push in traced.pushes()}
        others = [e for e in traced.of("insn", "line") if e["function"] not in shown]
        deep = [e for e in traced.of("insn", "line") if options == ["-d", "2"] and e["depth"] > 1]
        back = [e for e in traced.of("insn") if e["how"] == "returned"]
        tap.ok(frames and not faults and not others and not deep and not unseen
               and (back or options[1] == "!main"), f"only what is shown: {' '.join(options)}",
               frames, *faults, *others[:3], *deep[:3], unseen)


def dead_bytes():
    """What ghosts.c says of its dead bytes, and who overwrites them."""
    program = samples.build(samples.Sample(samples.SOURCE / "tests/samples/ghosts.c"), "gcc",
                            "-g", "-O0")
    traced = trace([program], "--events=insn", "--frames", "--no-aslr")
    popped, told, unknown = set(), [], []
    for event in traced.events:
        if event["event"] == "pop":
            popped.add(event["function"])
        for store in event.get("stores") or []:
            if "ghost" not in store:
                continue
            told.append((event["function"], store["name"], store["ghost"]))
            if not any(store["ghost"].endswith(" of " + name) for name in popped):
                unknown.append(store)
    wanted = [("quiet", "later", "local of dangling"), ("louder", "n", "local of dangling"),
              ("quiet", "later", "n of louder")]
    tap.ok(not unknown and all(any(t[:2] == w[:2] and w[2] in t[2] for t in told) for w in wanted),
           "stores over dead bytes say whose they were", *told, *unknown)
    faults, compared = writers(traced)
    tap.ok(compared > 20 and not faults, f"{compared} slots know who wrote them last", *faults[:8])


def writers(traced):
    """The last insn that stored to a slot, by the events themselves."""
    last, faults, compared = {}, [], 0
    for event in traced.events:
        for store in event.get("stores") or []:
            for at in range(int(store["address"], 16), int(store["address"], 16) + store["size"]):
                last[at] = event
        if event["event"] != "pop":
            continue
        for slot in event["frame"] or []:
            by = last.get(int(slot["address"], 16))
            if "writer" not in slot or by is None:
                continue
            compared += 1
            if (slot["writer"]["pc"], slot["writer"]["insn"]) != (by["pc"], by["insn"]):
                faults.append(f"{event['function']}: {slot} was written by {by}")
    return faults, compared


def main():
    words = sys.argv[1:]
    if not words or "gdb" in words:
        against_gdb()
        narrowed()
        dead_bytes()
        for compiler in ("gcc", "clang"):
            changes(compiler)
    if "gdb" not in words:
        sums(words)
    tap.done()


if __name__ == "__main__":
    main()
