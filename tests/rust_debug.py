#!/usr/bin/env python3
# test: up to 120 s
"""rust_debug - values of Rust are written as the program itself writes them with {:?}.

tests/samples/rust_debug.rs hands every kind of value to show(), which prints it. The text of its
argument in the trace is the same, once the addresses that stand before what owners and references
point to are taken away. Arguments passed by value are there, too (tests/samples/rust_by_value.rs).
"""
import re

from lib import tap
from lib.samples import BuildError, Sample, build, compiler_path
from lib.trace import SOURCE, trace

ADDRESS = re.compile(r"0x[0-9a-f]+ -> ")


def check(flags):
    sample = Sample(SOURCE / "tests/samples/rust_debug.rs")
    program = build(sample, "rustc", *flags)
    traced = trace([program], "--function=*show*", "--max-depth=8", timeout=100)
    printed = traced.ran.out.decode().splitlines()
    shown = [push["args"][0] for push in traced.pushes() if "show" in push["function"]]
    name = " ".join(flags)
    tap.ok(len(shown) == len(printed) > 150, f"{name}: one push for each value",
           f"{len(shown)} pushes, {len(printed)} lines", traced.ran)
    wrong = []
    for value, line in zip(shown, printed):
        text = value["value"]
        if text is None or ADDRESS.sub("", text) != line:
            wrong.append(f"{value['type']}: {text or value}\n  the program says {line}")
    tap.ok(not wrong, f"{name}: {len(printed)} values as the program prints them", *wrong)
    return traced, shown


def counts(shown):
    """Reference counts are in the tree; {:?} does not print them."""
    def asides(node):
        found = [(c["name"], c["value"]) for c in node.get("children", [])
                 if c.get("name") in ("strong", "weak")]
        for c in node.get("children", []):
            found += asides(c)
        return found

    trees = [v["tree"] for v in shown if v["type"].startswith("&Rc<Vec")]
    tap.equal([asides(t) for t in trees],
              [[("strong", "1"), ("weak", "1")], [("strong", "2"), ("weak", "1")]],
              "counts of an Rc and of its clone")


def by_value():
    """What is passed by value is there at the push, and at the pop nobody reads what was freed."""
    sample = Sample(SOURCE / "tests/samples/rust_by_value.rs")
    traced = trace([build(sample, "rustc", "-g")], timeout=100)
    shown = {e["function"].split("::")[-1]: [a["value"] for a in e["args"]] for e in traced.pushes()
             if e["args"]}
    tap.equal(shown, {"count": ["[1, 2]"], "length": ['"hey"'],
                      "change": ["Large { numbers: [1, 2, 3, 4], last: 5 }"],
                      "is_there": ['Some("x")'], "three": ["[7]", '"q"', '"abc"']},
              "arguments that rustc passes by address")
    last = {e["function"].split("::")[-1]: [ADDRESS.sub("", a["value"] or "") for a in e["args"]]
            for e in traced.of("pop") if e.get("args")}
    followed = [f"{f}: {v}" for f, values in last.items() for v in values
                if not re.fullmatch(r'(Some\()?0x[0-9a-f]+\)?|""|"abc"|None|Large .*', v)]
    tap.ok(len(last) == 5 and last["three"][2] == '"abc"' and not followed,
           "at the pop what was dropped is not followed", last, followed)


def main():
    if not compiler_path("rustc"):
        tap.skip_all("rustc is not installed")
    try:
        _, shown = check(["-g"])
        counts(shown)
        check(["-g", "-C", "opt-level=1"])
        by_value()
    except BuildError as error:
        tap.ok(False, "build", error)
    tap.done()


main()
