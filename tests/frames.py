#!/usr/bin/env python3
"""frames - `frametrace frames` against others who know: gcc's -fstack-usage, readelf, gdb, objdump,
a run.

# test: up to 500 s

Each sample is built with a covering set of the flag matrix. In every function the slots lie side by
side and add up; the size is what gcc counted; the saved registers are those of readelf's table;
the variables are where gdb says, the canary where objdump sees it stored; the delta is what a push
reports when the program runs.
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
from lib.trace import BUILD, FRAMETRACE, SOURCE, run, trace
from validate_events import Schema

RED_ZONE = 128
FP, NO_FP = "-fno-omit-frame-pointer", "-fomit-frame-pointer"
ROWS = [
    ("gcc", "-O0"), ("gcc", "-O2"), ("clang", "-O0"), ("clang", "-O2"),
    ("gcc", "-O1", FP, "-fstack-protector-all"),
    ("gcc", "-O3", "-no-pie", NO_FP, "-maccumulate-outgoing-args"),
    ("gcc", "-O2", FP, "-mno-red-zone", "-fstack-clash-protection"),
    ("gcc", "-O0", NO_FP, "-mpreferred-stack-boundary=6"),
    ("gcc", "-O2", "-mpreferred-stack-boundary=5"), ("gcc", "-O1", "-mstackrealign"),
    ("gcc", "-Os", "-static"),
    ("clang", "-O1", "-static", "-fstack-protector-all"),
    ("clang", "-O3", "-no-pie", FP),
    ("clang", "-O0", NO_FP, "-fstack-clash-protection"),
]
RUST_ROWS = [("rustc",), ("rustc", "-Copt-level=2"), ("rustc", "-Cforce-frame-pointers=yes")]
ALWAYS = 4  # rows that every sample gets; of the others a third


def rows_of(number, sample):
    if sample.language == "rust":
        return RUST_ROWS
    chosen = []
    for index, (compiler, *flags) in enumerate(ROWS):
        if sample.language == "c++":
            compiler = {"gcc": "g++", "clang": "clang++"}[compiler]
        wanted = index < ALWAYS or index % 3 == number % 3 or sample.name == "frame_kinds.c"
        if compiler in sample.compilers() and wanted:
            chosen.append((compiler, *flags))
    return chosen


SCHEMA = Schema(json.loads((SOURCE / "docs/frames.schema.json").read_text()))


def frames_of(program, *words):
    done = run([FRAMETRACE, "frames", "--json", "-q", program, *words])
    if done.status != 0 or done.err:
        raise AssertionError(f"{program}: {done}")
    lines = [json.loads(line) for line in done.out.splitlines()]
    faults = [fault for line in lines for fault in SCHEMA.faults(line)]
    if faults:
        raise AssertionError(f"{program}: not by the schema: {faults[:5]}")
    header, *functions, total = lines
    return header, functions, total


def name_of(function):
    return f"{function['function']} at {function['entry']}"


# ---- the slots by themselves -------------------------------------------------------------------


def faults_of_slots(f):
    """Side by side, nothing twice, adding up: in a rounded frame in each of its two parts."""
    upper = [s for s in f["slots"] if s["from_cfa"] is not None]
    lower = [s for s in f["slots"] if s["from_cfa"] is None]
    for part, key in (upper, "from_cfa"), (lower, "from_rsp"):
        for high, low in zip(part, part[1:]):
            if low[key] + low["size"] != high[key]:
                yield f"{high[key]} follows {low[key]} + {low['size']}"
    if f["slots"] != upper + lower or any(s["size"] <= 0 for s in f["slots"]):
        yield "the two parts are mixed, or a slot is empty"
    addresses = [s for s in upper if s["owner"] == "return address"]
    if [(s["from_cfa"], s["size"]) for s in addresses] != [(-8, 8)]:
        yield f"the return address is {addresses}"
    if sum(f["bytes"].values()) != f["size_at_calls"]:
        yield f"{f['bytes']} is not {f['size_at_calls']}"
    last = f["slots"][-1]
    if not lower and last["from_cfa"] != -f["size_at_calls"] - RED_ZONE:
        yield f"it ends at {last['from_cfa']}"
    if lower and lower[0]["from_rsp"] + lower[0]["size"] - upper[-1]["from_cfa"] > f["size"]:
        yield "the rounded size is less than its parts"
    if (f["align"] is None) != (not lower):
        yield "rounded or not?"
    for s in upper:
        above, argument = s["from_cfa"] >= 0, s["owner"] == "stack argument"
        if above != argument and not (above and s["owner"] == "padding"):
            yield f"{s['owner']} at {s['from_cfa']}"


# ---- gcc -fstack-usage -------------------------------------------------------------------------


def stack_usage(sample, compiler, flags):
    """{line: (bytes, qualifier)} as gcc wrote it, of functions that have a line to themselves.
    Nothing of a sample that has assembly inside: gcc does not know what that pushes."""
    found, twice = {}, set()
    if re.search(r"\b(__)?asm(__)?\b", Path(sample.source).read_text()):
        return {}
    with tempfile.TemporaryDirectory() as directory:
        done = run([compiler, "-g", "-w", "-fstack-usage", *flags, *sample.flags, "-c",
                    sample.source, "-o", "out.o"], cwd=directory)
        if done.status != 0:
            raise AssertionError(done)
        for line in (Path(directory) / "out.su").read_text().splitlines():
            place, size, kind = line.split("\t")
            number = int(place.split(":")[1])
            if number in found:
                twice.add(number)
            found[number] = (int(size), kind)
    return {line: what for line, what in found.items() if line not in twice}


def faults_of_usage(functions, usage):
    """A "static" size counts the return address, as ours does; "bounded" the pushed arguments."""
    lines = [f["line"] for f in functions]
    for f in functions:
        if f["line"] not in usage or lines.count(f["line"]) > 1:
            continue
        size, kind = usage[f["line"]]
        if kind == "dynamic":
            if not f["dynamic"]:
                yield f"{name_of(f)}: gcc says that its size is dynamic"
            continue
        if f["dynamic"]:
            yield f"{name_of(f)}: gcc says that its size is not dynamic"
            continue
        least, most = f["size_at_calls"], f["size_at_calls"] + f["size_max"] - f["size"]
        if not least <= size <= most:  # the same where rsp is not rounded
            yield f"{name_of(f)}: {least} to {most} bytes, gcc says {size} ({kind})"


# ---- readelf: saved registers ------------------------------------------------------------------


def saved_registers(program):
    """{entry of an FDE: {(register, offset from the CFA)}} as readelf interprets the tables."""
    text = subprocess.run(["readelf", "--debug-dump=frames-interp", "-wN", program], check=True,
                          capture_output=True, text=True).stdout
    found, names, entry = {}, [], None
    for line in text.splitlines():
        start = re.search(r" FDE .*pc=([0-9a-f]+)\.\.", line)
        if start:
            entry, names = int(start.group(1), 16), []
            found[entry] = set()
        elif " CIE " in line:
            entry = None
        elif re.match(r"\s+LOC\s+CFA", line):
            names = line.split()[2:]
        elif entry is not None and re.match(r"[0-9a-f]{16} ", line):
            for name, rule in zip(names, line.split()[2:]):
                offset = re.fullmatch(r"c([-+]\d+)", rule)
                if offset and name != "ra":
                    found[entry].add((name, int(offset.group(1))))
    return found


def faults_of_saved(f, tables):
    saved = {(s["name"], s["from_cfa"]) for s in f["slots"] if s["owner"] == "saved register"
             and s["from_cfa"] is not None}
    theirs = tables.get(int(f["entry"], 16))
    if theirs is None:
        yield f"{name_of(f)}: readelf knows no row for it"
    elif not saved <= theirs or (f["align"] is None and theirs - saved):
        # Cold parts have rows of their own, which only add to those of the entry.
        yield f"{name_of(f)}: saved {sorted(saved)}, readelf {sorted(theirs)}"


# ---- objdump: the canary -----------------------------------------------------------------------


def canaries(program):
    """{entry: (register, displacement) of the first store after a load of fs:0x28}"""
    text = subprocess.run(["objdump", "-d", "-M", "intel", "--no-show-raw-insn", program], check=True,
                          capture_output=True, text=True).stdout
    found, entry, register = {}, None, None
    for line in text.splitlines():
        start = re.match(r"([0-9a-f]{16}) <", line)
        if start:
            entry, register = int(start.group(1), 16), None
        load = re.search(r"mov +(r\w+),QWORD PTR fs:0x28", line)
        if load:
            register = load.group(1)
        store = re.search(r"mov +QWORD PTR \[(rsp|rbp)([-+]0x[0-9a-f]+)?\],(r\w+)", line)
        if store and store.group(3) == register and entry not in found:
            found[entry] = (store.group(1), int(store.group(2) or "0", 16))
    return found


def faults_of_canary(f, stores):
    slots = [s for s in f["slots"] if s["owner"] == "canary"]
    store = stores.get(int(f["entry"], 16))
    if (store is not None) != (len(slots) == 1):
        yield f"{name_of(f)}: canary stored at {store}, ours {slots}"
    elif store and f["align"] is None and not f["dynamic"]:
        base, offset = store
        slot = slots[0]
        theirs = offset - 16 if base == "rbp" else offset - f["size"]
        if (slot["from_cfa"], slot["size"]) != (theirs, 8):
            yield f"{name_of(f)}: canary at {theirs}, ours {slot}"


# ---- gdb: variables ----------------------------------------------------------------------------

# What `info scope` says of a variable that is at one place in the frame from end to end.
GDB_FORMS = [
    (r"a complex DWARF expression:\n +0: DW_OP_fbreg (-?\d+)\n", "from_cfa", 0),
    (r"a complex DWARF expression:\n +0: DW_OP_breg7 (-?\d+) \[\$rsp\]\n", "from_rsp", 0),
    (r"a variable at frame base reg \$rbp offset 0\+(-?\d+)", "from_cfa", -16),
    (r"a variable at frame base reg \$rsp offset 0\+(-?\d+)", "from_rsp", 0),
]


def gdb_variables(program, functions):
    """{entry: {(name, key, offset, size)}}: asked where the function stores into its frame."""
    commands, marks = [], []
    for f in functions:
        places = {s["writer"] for s in f["slots"] if s["writer"]} | {f["body"]}
        for place in sorted(places)[:40]:
            commands += ["-ex", f"echo ==={f['entry']}\\n", "-ex", f"info scope *{place}"]
        marks.append(f["entry"])
    done = run(["gdb", "-q", "-nx", "-batch", *commands, program], timeout=100)
    found = {int(entry, 16): set() for entry in marks}
    for block in done.out.decode(errors="replace").split("===")[1:]:
        entry = int(block.split("\n")[0], 16)
        for symbol in re.findall(r"Symbol (\S+) is (.*?, length \d+)\.", block, re.S):
            for form, key, base in GDB_FORMS:
                match = re.fullmatch(form + r", length (\d+)", symbol[1])
                if match:
                    found[entry].add((symbol[0], key, int(match.group(1)) + base,
                                      int(match.group(2))))
    return found


def faults_of_variables(f, theirs):
    """Each variable that gdb finds in the frame is ours at the same place, or shares its bytes."""
    def covers(slot, name, key, offset, size):
        if slot[key] is None or not (slot[key] < offset + size and offset < slot[key] + slot["size"]):
            return False
        shared = re.split(", ", slot["shares"] or "")
        return name in shared or (slot["name"] == name and slot["offset"] is not None
                                  and slot[key] - slot["offset"] == offset)
    for name, key, offset, size in sorted(theirs):
        if key == "from_rsp" and f["align"] is None:  # gdb means rsp in the finished frame
            key, offset = "from_cfa", offset - f["size"]
        inside = [s for s in f["slots"] if s[key] is not None and
                  s[key] < offset + size and offset < s[key] + s["size"]]
        if size and not (inside and all(covers(s, name, key, offset, size) for s in inside)):
            yield f"{name_of(f)}: gdb has {name} at {key} {offset}, {size} bytes; ours {inside[:2]}"


# ---- a run -------------------------------------------------------------------------------------


def faults_of_run(program, sample, functions):
    """The delta of each push, and the place of each argument that has an address."""
    by_body = {(f["function"], int(f["body"], 16) & 0xfff): f for f in functions}
    for push in trace([program, *sample.args]).pushes():
        f = by_body.get((push["function"], int(push["pc"], 16) & 0xfff))
        if f is None or push["delta"] is None:
            continue
        if f["delta"] is not None and push["delta"] != f["delta"]:
            yield f"{name_of(f)}: delta {push['delta']}, ours {f['delta']}"
        most = f["size_max"] or f["size"] + (f["align"] or 0)
        if f["delta"] is None and not f["size"] <= -push["delta"] <= most:
            yield f"{name_of(f)}: delta {push['delta']}, ours {f['size']}..{f['size_max']}"


# ---- all of it ---------------------------------------------------------------------------------


def check(job):
    sample, (compiler, *flags) = job
    name = " ".join([sample.name, compiler, *flags])
    options = ["-g"] if compiler == "rustc" else ["-g", "-w"]
    try:
        program = samples.build(sample, compiler, *flags, *options)
    except samples.BuildError as error:
        return False, name, [error]
    _, functions, _ = frames_of(program)
    faults = [f"{name_of(f)}: {fault}" for f in functions for fault in faults_of_slots(f)]
    tables = saved_registers(program)
    faults += [fault for f in functions for fault in faults_of_saved(f, tables)]
    if compiler in ("gcc", "g++"):
        faults += faults_of_usage(functions, stack_usage(sample, compiler, flags))
    if "-fstack-protector-all" in flags:
        stores = canaries(program)
        if not stores:
            faults.append("objdump sees no canary")
        faults += [fault for f in functions for fault in faults_of_canary(f, stores)]
    theirs = gdb_variables(program, functions)
    faults += [fault for f in functions
               for fault in faults_of_variables(f, theirs[int(f["entry"], 16)])]
    if not sample.varies():
        faults += faults_of_run(program, sample, functions)
    compared = sum(len(names) for names in theirs.values())
    if not functions:
        faults.append("no function was found")
    return not faults, f"{name}: {len(functions)} functions, {compared} variables", faults[:12]


# ---- the command -------------------------------------------------------------------------------


def says(name, words, status, *patterns, cwd=None):
    done = run([FRAMETRACE, "frames", *words], cwd=cwd)
    text = (done.out + done.err).decode()
    missing = [p for p in patterns if not re.search(p, text, re.M)]
    tap.ok(done.status == status and not missing, name, done, f"missing: {missing}")
    if status:
        tap.ok(len(done.err.splitlines()) == 1 and not done.out, f"{name}: one line", done)


def check_command():
    program = samples.build(sample_named("frame_kinds.c"), "gcc", "-O0", "-g", "-w")
    says("a table and a total", [program], 0, r"^ +size +saved ", r"^ +[\d.]+ .* leaf ",
         r"all 13 functions")
    says("the picture of a function", [program, "leaf"], 0, r"^ +-8 +\+8 +8  return address$",
         r"table: int \[6\]", r"---- rsp at the body", r"128 +\d+  red zone")
    says("a pattern", [program, "lea*", "/^v/"], 0, "^leaf ", "^vla ", "^variadic ")
    says("in color", ["--color=always", program, "leaf"], 0, "\033\\[0;1mleaf")
    says("help", ["--help"], 0, "^Usage: frametrace frames", "--format=")
    says("a file here", ["frame_kinds", "leaf"], 0, "^leaf ", cwd=Path(program).parent)
    says("no such function", [program, "leef"], 1, "leef", "leaf")
    says("no such file", ["./nowhere"], 1, "nowhere")
    says("not an ELF file", [SOURCE / "README.md"], 1, "README.md: not a program")
    says("a pattern that is none", [program, "/(/"], 2, "/\\(/")
    says("no file", [], 2)
    says("a library's functions", ["--lib=x", program], 2, "library's path")
    says("into a directory", ["-o", "/", program], 1, "^frametrace: /: ")


def sample_named(name):
    return next(s for s in samples.all_samples() if s.name == name)


def check_stripped():
    """Without debug information the same sizes, saved registers and canaries."""
    program = samples.build(sample_named("frame_kinds.c"), "gcc", "-O2", "-g", "-w",
                            "-fstack-protector-all")
    with tempfile.TemporaryDirectory() as directory:
        bare = Path(directory) / "bare"
        subprocess.run(["objcopy", "-g", program, bare], check=True)
        header, functions, _ = frames_of(bare)
        full = {f["entry"]: f for f in frames_of(program)[1]}
        owners = ("return address", "saved register", "canary")
        for f in functions:
            if f["entry"] not in full:
                continue
            tap.equal([(s["owner"], s["name"], s["from_cfa"], s["from_rsp"]) for s in f["slots"]
                       if s["owner"] in owners],
                      [(s["owner"], s["name"], s["from_cfa"], s["from_rsp"])
                       for s in full[f["entry"]]["slots"] if s["owner"] in owners],
                      f"without debug information: {f['function']}")
            tap.equal((f["size"], f["size_max"]),
                      tuple(full[f["entry"]][key] for key in ("size", "size_max")),
                      f"without debug information: size of {f['function']}")
            tap.ok(not any(s["owner"] == "local" or s["type"] for s in f["slots"]),
                   f"without debug information: no variables in {f['function']}", f["slots"])
        tap.ok("build with -g" in (header["missing"] or ""), "it says what is missing", header)
        unknown = [s["size"] for f in functions if f["function"].startswith("late")
                   for s in f["slots"] if s["owner"] == "unknown"]
        tap.ok(unknown and max(unknown) >= 40, "an array without a name is unknown, not padding",
               unknown)


def check_forgotten():
    """rustc drops `result` from the debug information; its source line tells its name."""
    program = BUILD / "demos/boxed_value"
    if samples.compiler_path("rustc") is None or not program.exists():
        tap.skip("a variable that rustc dropped", "no rustc")
        return
    _, functions, _ = frames_of(program, "boxed_value::boxed_value")
    named = [s for s in functions[0]["slots"] if s["inferred"]]
    lines = (SOURCE / "demos/boxed_value.rs").read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "let result = Box::new" in line)
    tap.equal([(s["name"], s["owner"], s["size"], s["line"]) for s in named],
              [("result", "local", 8, number)], "a variable that rustc dropped", functions)
    with tempfile.TemporaryDirectory() as directory:  # a source that changed later says nothing
        source = Path(directory) / "forgotten.rs"
        source.write_text((SOURCE / "demos/boxed_value.rs").read_text())
        subprocess.run([samples.compiler_path("rustc"), "-g", source], cwd=directory, check=True)
        _, (before,), _ = frames_of(Path(directory) / "forgotten", "forgotten::boxed_value")
        newer = (Path(directory) / "forgotten").stat().st_mtime + 10
        os.utime(source, (newer, newer))
        _, (after,), _ = frames_of(Path(directory) / "forgotten", "forgotten::boxed_value")
    tap.equal([[s["name"] for s in f["slots"] if s["inferred"]] for f in (before, after)],
              [["result"], []], "a source newer than the program is not believed")


def check_libraries():
    """Big strangers: no fault in any slot, by libc, libstdc++ and the linker's own code."""
    for name in ("libc.so.6", "libstdc++.so.6", "libm.so.6"):
        found = run(["gcc", f"-print-file-name={name}"]).out.decode().strip()
        if not Path(found).is_file():
            tap.skip(name, "not installed")
            continue
        _, functions, total = frames_of(found)
        faults = [f"{name_of(f)}: {fault}" for f in functions for fault in faults_of_slots(f)]
        tap.ok(functions and not faults, f"{name}: {total['functions']} functions", *faults[:12])


def main():
    words, jobs = sys.argv[1:], []
    for number, sample in enumerate(samples.all_samples("c", "c++", "rust")):
        if not words or any(word in sample.name for word in words):
            jobs += [(sample, row) for row in rows_of(number, sample)]
    with ThreadPoolExecutor(2) as pool:
        for good, name, notes in pool.map(check, jobs):
            tap.ok(good, name, *notes)
    if not words:
        check_command()
        check_stripped()
        check_forgotten()
        check_libraries()
    tap.done()


main()
