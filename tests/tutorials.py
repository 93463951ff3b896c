#!/usr/bin/env python3
"""tutorials - docs/tutorials.md says what is so: its commands print what it shows, its claims hold.

# test: up to 240 s

usage: tests/tutorials.py [-O BUILD] [--update]     (--update rewrites what the commands print)

Console blocks are those of lib/console.py. Comments of the page that a reader does not see:

    <!-- made with gcc 12.2, rustc 1.95 -->  the compilers of the blocks: where the demos were built
                                             by others, their blocks are run, but not compared
    <!-- varies -->                          before a block: what it prints is a machine's own
    <!-- numbers vary -->                    before a block: numbers that differ from run to run
    <!-- check                               claims, lines of Python: an expression must be true,
    x = trace("double")                      an assignment keeps a value for the claims below it
    x.exit["status"] == 0
    if same("rustc"): x.push("f")["delta"] == -16      claims of the page's compiler only
    -->

A line "$ command &" starts a program, waits for its first line, and leaves it running to the end;
"$(pidof NAME)" in a later command is that one's pid, whatever else runs.
"""
import ast
import functools
import os
import re
import sys
import tempfile
from pathlib import Path

if "-O" in sys.argv:
    at = sys.argv.index("-O")
    os.environ["BUILD"] = str(Path(sys.argv[at + 1]).resolve())
    os.environ["FRAMETRACE"] = os.environ["BUILD"] + "/frametrace"
    del sys.argv[at:at + 2]

from lib import space, tap
from lib import trace as tracing
from lib.console import commands_of, matches, plain
from lib.trace import BUILD, SOURCE, run

PAGE = SOURCE / "docs/tutorials.md"
DEMOS = BUILD / "demos"
PIECE = re.compile(r"<!--.*?-->|^```console\n.*?^```\n", re.S | re.M)
PRODUCERS = {"gcc": ("double_c", rb"GNU C\d* (\d+\.\d+)"),
             "rustc": ("double", rb"rustc version (\d+\.\d+)")}


class Compilers:
    """What the demos were built with, and what the page was made with."""

    def __init__(self):
        self.page, self.here = {}, {}
        for name, (demo, pattern) in PRODUCERS.items():
            path = DEMOS / demo
            if path.exists():
                found = re.search(pattern, path.read_bytes())
                self.here[name] = found.group(1).decode() if found else "another"

    def same(self, name):
        return name in self.here and self.here[name] == self.page.get(name)

    def of(self, command):
        """Which compilers made the demos that a command runs."""
        demos = re.findall(r"build/demos/(\w+)", command)
        return {"gcc" if re.search(r"_(c|O\d)$", demo) else "rustc" for demo in demos}


class Demo(tracing.Trace):
    """A traced demo with names for what claims ask."""

    def __init__(self, traced):
        super().__init__(traced.ran, traced.text)
        self.exit = self.events[-1]
        self.summary = self.exit["summary"]
        self.out = self.ran.out.decode()

    def push(self, function, n=0):
        return [e for e in self.pushes() if e["function"] == function][n]

    def pop(self, function, n=0):
        return self.pop_of(self.push(function, n))

    def heap(self, kind, function=None):
        return [e for e in self.of(kind) if function in (None, e["function"])]


def trace(demo, *options, arguments=(), prefix=()):
    return _trace(demo, options, tuple(arguments), tuple(prefix))


@functools.cache
def _trace(demo, options, arguments, prefix):
    command = [*prefix, tracing.FRAMETRACE]
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "trace"
        ran = run([*command, "-R", "--json", "--frames", "-o", file, *options, "--", DEMOS / demo,
                   *arguments])
        return Demo(tracing.Trace(ran, file.read_text()))


def at(text):
    """An address of the JSON output as a number."""
    return int(text, 16)


def slots(event, **wanted):
    """The slots of a frame that have these fields."""
    return [s for s in event["frame"] if all(s.get(k) == v for k, v in wanted.items())]


def value(values, name):
    return [v for v in values if v["name"] == name][0]


@functools.cache
def asleep(demo):
    """The address space of a demo that sleeps, and what the kernel says of it."""
    with space.Sleeper([DEMOS / demo, "60"], "Hello") as sleeper:
        found = space.maps_of(str(sleeper.pid))
        status = Path(f"/proc/{sleeper.pid}/status").read_text()
        found["tracer"] = int(re.search(r"TracerPid:\s*(\d+)", status).group(1))
        found["lines"] = Path(f"/proc/{sleeper.pid}/maps").read_text().splitlines()
    return found


@functools.cache
def file_sections(demo):
    """{name: (address, size)} of a program's sections, by readelf."""
    text = run(["readelf", "-SW", DEMOS / demo]).out.decode()
    return {name: (int(addr, 16), int(size, 16)) for name, addr, size in re.findall(
        r"\] (\.\S+)\s+\S+\s+([0-9a-f]{8,16}) [0-9a-f]+ ([0-9a-f]+)", text)}


def section_of(demo, address, base):
    """The section of a program at a run-time address."""
    for name, (start, size) in file_sections(demo).items():
        if start and start <= address - base < start + size:
            return name
    return None


def printed(demo, *options):
    """{label: address} of a demo that prints addresses, and the regions, in one run."""
    done = trace(demo, "--map", *options)
    told = dict(re.findall(r"^(\S.*?)\s+(0x[0-9a-f]+)$", done.out, re.M))
    regions = [e for e in done.of("map") if e["when"] == "exit"][0]["regions"]
    return {k: int(v, 16) for k, v in told.items()}, regions


def kind_at(regions, address):
    return space.region_at(regions, address)["kind"]


def of_file(regions, demo):
    return [r for r in regions if (r["path"] or "").endswith("/" + demo)]


def load_base(regions, demo):
    return min(at(r["from"]) for r in of_file(regions, demo))


def shape(lines):
    """What stays of a machine's own output from run to run: an update leaves the rest as it is."""
    text = re.sub(r"(0x)?[0-9a-f]{8,}|0x[0-9a-f]+|/tmp/tmp\.\w+|\d+(\.\d+)?( [KMGTE]?i?B)?\b", "N",
                  "\n".join(lines))
    words = re.sub(r"[ -]+", " ", text).split("\n")
    return [line.strip() for line in words if line.strip()]


class NotRun(Exception):
    """A command that was not run, since its demo is not built."""


class Page:
    def __init__(self, update):
        self.update = update
        self.compilers = Compilers()
        self.sleepers, self.outputs = {}, {}
        self.varies = None  # what the next block's comment says
        self.missing = set()  # names of values that need a demo that is not built
        self.names = {
            "trace": trace, "at": at, "slots": slots, "value": value, "asleep": asleep,
            "section_of": section_of,
            "file_sections": file_sections, "printed": printed, "kind_at": kind_at,
            "load_base": load_base, "of_file": of_file, "same": self.compilers.same,
            "out": lambda words: self.output_of(words), "KiB": 1 << 10, "MiB": 1 << 20,
            "TiB": 1 << 40, "EiB": 1 << 60, "re": re,
        }

    def output_of(self, words):
        """What the shown command that contains these words printed."""
        command = next(each for each in self.outputs if words in each)
        if self.outputs[command] is None:
            raise NotRun(command)
        return self.outputs[command]

    def close(self):
        for sleeper in self.sleepers.values():
            sleeper.__exit__()

    # ---- commands ----

    def start(self, command):
        argv = command.rstrip("& ").split()
        sleeper = space.Sleeper(argv, "")
        self.sleepers[Path(argv[0]).name] = sleeper
        return "\n".join(sleeper.lines) + "\n"

    def output(self, command):
        line = re.sub(r"(?<![\w/])build/", f"{BUILD}/", command)
        for name, sleeper in self.sleepers.items():
            line = line.replace(f"$(pidof {name})", str(sleeper.pid))
        if line.endswith("&"):
            return self.start(line)
        environment = {"PATH": f"{BUILD}:/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                       "FRAMETRACE_DEBUG_DIR": os.devnull}
        done = run(["bash", "-c", f"exec 2>&1; {line}"], cwd=SOURCE, env=environment)
        text = done.out.decode(errors="replace").replace(f"{BUILD}/", "build/")
        return re.sub(r"^bash: line \d+: +\d+ ", "", text.replace(f"{SOURCE}/", ""), flags=re.M)

    def block(self, text):
        varies, self.varies = self.varies, None
        form = shape if varies else plain
        result = ["```console\n"]
        for command, shown in commands_of(text[len("```console\n"):-len("```\n")]):
            result.append(f"$ {command}\n")
            needed = self.compilers.of(command)
            asleep_now = all(name in self.sleepers
                             for name in re.findall(r"\$\(pidof (\w+)\)", command))
            if not asleep_now or any(name not in self.compilers.here for name in needed):
                tap.skip(f"$ {command}", "its demo is not built")
                self.outputs[command] = None
                result += [line + "\n" for line in shown]
                continue
            got = self.output(command)
            self.outputs[command] = got
            compared = varies != "varies" and all(self.compilers.same(name) for name in needed)
            good = matches(form(shown), form(got.splitlines())) if compared else bool(got)
            if self.update:
                good = good if compared else shape(shown) == shape(got.splitlines())
                shown = shown if good else got.splitlines()
            else:
                tap.ok(good, f"$ {command}" + ("" if compared else " (run only)"), "shown:",
                       *form(shown), "got:", *form(got.splitlines()))
            result += [line.rstrip() + "\n" for line in shown]
        return "".join(result) + "```\n"

    # ---- claims ----

    def claim(self, statement, source):
        if isinstance(statement, ast.If):
            if eval(compile(ast.Expression(statement.test), "page", "eval"), self.names):
                for inner in statement.body:
                    self.claim(inner, source)
            return
        if isinstance(statement, ast.Expr):
            code = compile(ast.Expression(statement.value), "page", "eval")
            tap.ok(eval(code, self.names), ast.get_source_segment(source, statement))
            return
        exec(compile(ast.Module([statement], []), "page", "exec"), self.names)

    def is_missing(self, statement, words):
        """Whether it needs a demo that is not built, itself or by a name that it uses."""
        demos = re.findall(r'(?:trace|asleep|printed)\("(\w+)"', words)
        names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        if all((DEMOS / demo).exists() for demo in demos) and not names & self.missing:
            return False
        if isinstance(statement, ast.Assign):
            self.missing |= {node.id for target in statement.targets for node in ast.walk(target)
                             if isinstance(node, ast.Name)}
        return True

    def check(self, source):
        for statement in ast.parse(source).body:
            words = ast.get_source_segment(source, statement)
            if self.is_missing(statement, words):
                tap.skip(words, "a demo is not built")
                continue
            try:
                self.claim(statement, source)
            except NotRun:
                tap.skip(words, "its command was not run")
            except Exception as error:  # a claim that cannot be tried does not hold
                tap.ok(False, words, repr(error))

    def piece(self, match):
        text = match.group(0)
        if text.startswith("```"):
            return self.block(text)
        body = text[4:-3].strip()
        if body.startswith("made with"):
            self.compilers.page = dict(re.findall(r"(\w+) (\d+\.\d+)", body))
        elif body in ("varies", "numbers vary"):
            self.varies = body
        elif body.startswith("check") and not self.update:
            self.check(body[len("check"):].strip())
        return text


def main():
    page = Page("--update" in sys.argv)
    text = PAGE.read_text()
    if page.update:
        here = ", ".join(f"{k} {v}" for k, v in page.compilers.here.items())
        text = re.sub(r"<!-- made with .*?-->", f"<!-- made with {here} -->", text)
    try:
        result = PIECE.sub(page.piece, text)
    finally:
        page.close()
    if page.update:
        PAGE.write_text(result)
        print(f"wrote {PAGE.relative_to(SOURCE)}")
        return
    tap.ok(page.compilers.page, "the page says what it was made with")
    tap.done()


sys.setrecursionlimit(100000)
main()
