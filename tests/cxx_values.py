#!/usr/bin/env python3
# test: up to 180 s
"""cxx_values - values of C++'s library are written as gdb writes them with libstdc++'s printers.

tests/samples/cxx_values.cpp hands a value of each type to show(). gdb stops where frametrace read
the argument, in the same order of calls. Addresses are compared as such; the types that virtual
functions reveal are in the tree alone.
"""
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

from lib import tap
from lib.samples import BuildError, Sample, build, compiler_path
from lib.trace import SOURCE, run, trace

SCRIPT = r"""
import gdb, json, os, re
out = []
class Body(gdb.Breakpoint):
    def stop(self):
        text = gdb.execute("info args", to_string=True)
        text = re.sub("warning: [^\n]*\n", "", text).strip()
        out.append([int(gdb.newest_frame().pc()), text.partition(" = ")[2]])
        return False
gdb.execute("set pagination off")
gdb.execute("set width 0")
gdb.execute("set print elements 200")
gdb.execute("starti")
for pc in json.load(open(os.environ["FT_PLAN"])):
    Body(f"*{pc:#x}", internal=True)
gdb.execute("continue")
json.dump(out, open(os.environ["FT_PLAN"] + ".out", "w"))
"""
ADDRESS = re.compile(r"0x[0-9a-f]{5,}")
PRINTERS = "import gdb; print(any('libstdc' in p.name for p in gdb.pretty_printers if hasattr(p, " \
           "'name')) or any('libstdc' in p.name for o in gdb.objfiles() for p in " \
           "o.pretty_printers if hasattr(p, 'name')))"


def by_gdb(program, pcs):
    with tempfile.TemporaryDirectory() as directory:
        plan = Path(directory) / "plan"
        script = Path(directory) / "script.py"
        plan.write_text(json.dumps(pcs))
        script.write_text(SCRIPT)
        done = run(["gdb", "-nx", "-batch", "-x", script, program], timeout=90,
                   env={**os.environ, "FT_PLAN": str(plan)})
        result = Path(str(plan) + ".out")
        return json.loads(result.read_text()) if result.exists() else done


def normal(text):
    """Printers of libstdc++ 12 and later ones: the types in optional and variant are left out, a
    tuple's members count from 0."""
    text, before = ADDRESS.sub("ADDRESS", text or ""), None
    while before != text:
        before, text = text, re.sub(r"std::(optional|variant)<[^<>]*>", r"std::\1", text)
        text = re.sub(r"(std::(?:optional|variant)<[^<>]*)<[^<>]*>", r"\1", text)
    return re.sub(r"(?<=std::tuple containing = ){.*?}", count_from_one, text)


def count_from_one(match):
    """If its members are counted from 0."""
    return match[0] if "[0] = " not in match[0] else \
        re.sub(r"\[(\d+)\] = ", lambda m: f"[{int(m[1]) + 1}] = ", match[0])


def compare(compiler, *flags):
    name = " ".join([compiler, *flags])
    program = build(Sample(SOURCE / "tests/samples/cxx_values.cpp"), compiler, *flags)
    traced = trace([program], "--no-aslr", "--function=*show*", "--function=look",
                   "--function=hold")
    shows = [p for p in traced.pushes() if p["function"].startswith("show")]
    told = by_gdb(program, sorted({int(p["pc"], 16) for p in shows}))
    if not isinstance(told, list):
        tap.ok(False, f"{name}: gdb", told)
        return
    tap.ok(len(told) == len(shows) > 60, f"{name}: calls", len(told), len(shows), traced.ran)
    wrong = []
    for push, (pc, text) in zip(shows, told):
        ours = push["args"][0]
        if int(push["pc"], 16) != pc or normal(ours["value"]) != normal(text):
            wrong.append(f"{ours['type']}:\n  ours {ours['value']}\n  gdb  {text}")
    tap.ok(not wrong, f"{name}: {len(shows)} values as gdb writes them", *wrong)
    dynamic(name, traced)


def target(node):
    """What a pointer points to, or the one child on the way there."""
    while node.get("kind") != "pointer":
        node = node["children"][0]
    return node["children"][0]


def dynamic(name, traced):
    looks = [p["args"][0]["tree"] for p in traced.pushes() if p["function"].startswith("look")]
    tap.equal([target(t).get("type") for t in looks], ["Dog", "Both"],
              f"{name}: the types of objects behind a base's pointer")
    held = [p["args"] for p in traced.pushes() if p["function"].startswith("hold")]
    tap.equal([target(held[0][0]["tree"]).get("type"),
               held[0][1]["tree"]["children"][-1].get("type")], ["Dog", "Both"],
              f"{name}: behind a unique_ptr and a reference", held)


def printers():
    done = run(["gdb", "-nx", "-batch", "-ex", "break main", "-ex", "run", "-ex",
                "python " + PRINTERS,
                build(Sample(SOURCE / "tests/samples/cxx_values.cpp"), "g++", "-g", "-O0")])
    return b"True" in done.out


def main():
    if not shutil.which("gdb") or not compiler_path("g++"):
        tap.skip_all("gdb or g++ is not installed")
    try:
        if not printers():
            tap.skip_all("gdb has no printers for libstdc++")
        compare("g++", "-g", "-O0")
        compare("g++", "-gdwarf-4", "-O0", "-no-pie")
        if compiler_path("clang++"):
            compare("clang++", "-g", "-O0", "-fstandalone-debug")
    except BuildError as error:
        tap.ok(False, "build", error)
    tap.done()


main()
