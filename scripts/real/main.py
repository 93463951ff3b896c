"""main - fetches, builds, runs and checks; prints TAP; see ../real-programs."""
import argparse
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path[:0] = [str(HERE), str(TOP / "tests")]

import checks  # noqa: E402
import trace  # noqa: E402
from fetch import Apt, FetchError  # noqa: E402
from lib import oracle, tap  # noqa: E402
from lib import trace as tests  # noqa: E402
from programs import PROGRAMS, BuildError, must  # noqa: E402

HOOKS = TOP / "tests/samples/instrument.c"
DOC = TOP / "docs/real-programs.md"
MARKS = ("<!-- table begin -->", "<!-- table end -->")
COLUMNS = ("program", "package", "language", "flags", "traced", "hidden", "skipped", "events",
           "deepest", "same output", "same sequence", "values as gdb's", "native", "traced",
           "tracer's memory")

INSTRUMENT = ["-O0", "-no-pie", "-finstrument-functions"]
# addr2line gives some clones of these to the file that they are used in.
NOT_OWN = ("_ZSt", "_ZNSt", "_ZNKSt", "_ZN9__gnu_cxx", "_ZNK9__gnu_cxx")
BUILDS = {"C": {"-O0": ["-O0"], "-O2": ["-O2"]}, "C++": {"-O0": ["-O0"], "-O2": ["-O2"]},
          "Rust": {"debug": [], "-O": ["-C", "opt-level=2"]}}


class Row:
    """What the table says of one build, over all runs of its workload."""

    def __init__(self):
        self.traced = self.hidden = self.skipped = self.events = self.deepest = self.peak = 0
        self.native_s = self.traced_s = 0.0
        self.output = self.structure = True
        self.sequence = None  # nothing to compare with
        self.gdb = None  # nothing was compared
        self.late = False  # frames that were unwound are popped later than they ended

    def add(self, native, traced, stack):
        s = traced.summary
        self.traced, self.skipped = s.get("traced", 0), s.get("skipped", 0)
        self.hidden = sum(n for key, n in s.items() if key.startswith("hidden_"))
        self.events += stack.pushes + stack.pops
        self.deepest = max(self.deepest, stack.deepest)
        self.peak = max(self.peak, traced.ran.peak)
        self.native_s += native.seconds
        self.traced_s += traced.ran.seconds

    def cells(self, program, version, flags):
        said = {True: "yes", False: "**no**", None: "-"}
        return (program.name, f"{program.package} {version}", program.language, flags, self.traced,
                self.hidden, self.skipped, self.events, self.deepest, said[self.output],
                said[self.sequence] + (", unwound later" if self.late else ""), said[self.gdb],
                f"{self.native_s:.3f} s", f"{self.traced_s:.2f} s", f"{self.peak / 1024:.0f} MiB")


class Checker:
    def __init__(self, options, program):
        self.options, self.program = options, program
        self.work = Path(options.cache).resolve() / "build" / program.name
        self.frametrace = Path(options.O).resolve() / "frametrace"
        self.rows, self.recordings, self.recorded_well = [], [], None

    def say(self, good, what, *notes):
        return tap.ok(good, f"{self.program.name} {what}", *notes)

    def build(self, label, flags, extra=()):
        return self.program.build(self.source, self.work / label, flags, extra)

    def native(self, program, run, times=3):
        """The quickest of a few: the first one also reads the file from the disk. Without ASLR, as
        the traced run: should the program print an address, it is the same."""
        ran = [trace.run_in(self.work / "run", ["setarch", "-R"], program, run)
               for _ in range(times)]
        return min(ran, key=lambda one: one.seconds)

    def one(self, label, number, run, built, row, extra_checks=(), options=()):
        """One run: alone, traced, compared. Gives whether all extra checks hold."""
        program, symbols, code = built
        native = self.native(program, run)
        options = [*options, *(f"--source=!*/{file}" for file in self.program.left_out)]
        traced = trace.traced(self.frametrace, self.work / "run", program, run, "--no-aslr",
                              *options)
        stack = checks.Stack(symbols, code)
        for event in traced.events():
            stack.take(event)
            for check in extra_checks:
                check.take(event)
        row.add(native, traced, stack)
        name = f"{label} run {number}"
        same = self.say(native.did() == traced.ran.did(), f"{name}: same output and status",
                        f"alone:  {native}", f"traced: {traced.ran}")
        row.output = row.output and same
        faults = stack.end()
        counted = traced.summary
        if (counted.get("pushed"), counted.get("popped")) != (stack.pushes, stack.pops):
            faults.append(f"the summary counts otherwise: {counted}")
        ways = ", ".join(f"{n} by {how}" for how, n in stack.how.most_common())
        whole = self.say(not faults and stack.pushes,
                         f"{name}: {stack.pushes} pushes and as many pops ({ways}), each in its "
                         "place, return addresses behind calls", *faults)
        row.structure = row.structure and whole
        good = all([self.compared(check, traced, row, name) for check in extra_checks])
        if whole and same and good or not self.options.keep:
            traced.file.unlink()
        else:
            print(f"# kept: {traced.file}")
        return good

    def compared(self, check, traced, row, name):
        faults, what = check.end(), check.what
        again = check.leniently(traced) if faults else None
        if again:
            print("# exact order: " + "\n# ".join(faults))
            check, faults, row.late = again, again.end(), True
            what += ", but for the moment at which frames were unwound"
        return self.say(not faults, f"{name}: {check.n} {what}", *faults)

    def built(self, label, flags, extra=()):
        program = self.build(label, flags, extra)
        return program, checks.Symbols(program), checks.Code(program)

    def instrumented(self):
        """Traced and recorded by gcc's hooks in one run; the recordings serve the next check."""
        hooks = self.work / "hooks.o"
        must(["gcc", "-g", "-O1", "-c", "-o", hooks, HOOKS])
        # gcc's word for what we do by default: not what the system's headers define.
        without = ",".join(("/usr/include", "/usr/lib", *self.program.left_out))
        built = self.built("instrumented", [
            *INSTRUMENT, "-finstrument-functions-exclude-file-list=" + without], [hooks])
        row, good = Row(), True
        for number, run in enumerate(self.program.runs(self.source), 1):
            # A generator: the log is read when the first event is compared.
            log = self.work / "run" / trace.CALLS
            check = checks.HooksSequence(built[1], log, built[1], self.program.language == "C++")
            check.what = "calls and returns are those that -finstrument-functions recorded"
            good = self.one("-O0 -finstrument-functions", number, run, built, row, [check],
                            ["--source=!*/instrument.c"]) and good
            self.recordings.append((log.rename(self.work / f"calls{number}"), built[1]))
        return good

    def gdb_calls(self, built, number, run):
        """The calls of functions from the program's own sources, by breakpoints of gdb."""
        program, symbols = built[:2]
        own = [start for start, file in checks.files_of_functions(program, symbols.starts).items()
               if file.is_relative_to(self.source) and file.name not in self.program.left_out
               and not symbols.label(start).endswith(".cold")
               and not symbols.label(start).startswith(NOT_OWN)]
        functions, log = self.work / "functions", self.work / f"calls{number}"
        functions.write_text("".join(f"{address:#x}\n" for address in own))
        program = trace.lay_out(self.work / "run", program, run)
        env = dict(trace.ENVIRONMENT, CALLS_OF=str(functions), CALLS_TO=str(log),
                   CALLS_BIAS=str(symbols.bias),
                   CALLS_ARGS=shlex.join(run.args) + " <stdin")
        program.with_name("stdin").write_bytes(run.stdin)
        subprocess.run(["gdb", "-nx", "-batch", "-x", str(HERE / "gdb_calls.py"), str(program)],
                       cwd=self.work / "run", env=env, capture_output=True, check=False,
                       timeout=trace.TIMEOUT)
        check = checks.Sequence(symbols, checks.gdb_log(log, symbols), returns=False)
        check.what = "calls are those that gdb saw"
        return check

    def traced_by_path(self, program, run):
        file = self.work / "values.json"
        left_out = [f"--source=!*/{name}" for name in self.program.left_out]
        tests.run([self.frametrace, "--format=json", "-v", "-o", file, "--no-aslr", *left_out, "--",
                   program, *run.args], run.stdin, trace.TIMEOUT, cwd=program.parent,
                  env=trace.ENVIRONMENT)
        return trace.Trace(None, file)

    def gdb_values(self, label, built, number, run):
        """What gdb says at random pushes and pops. Both run it by its absolute path, which is what
        gdb does: the stack begins with it."""
        directory = self.work / "run"
        program = trace.lay_out(directory, built, run)
        traced = self.traced_by_path(program, run)
        chooser = oracle.Chooser()
        for event in traced.events():
            chooser.take(event)
        chosen = chooser.choose(oracle.STOPS, oracle.SEED, traced.events())
        traced.file.unlink()
        # What was never set differs from run to run: the canary, random bytes, times.
        trace.lay_out(directory, built, run)
        again, varying = self.traced_by_path(program, run), set()
        for event in again.events():
            if event["seq"] in chosen:
                ours = oracle.values_of(chosen[event["seq"]].event)
                varying |= {(event["seq"], name) for name, _ in ours ^ oracle.values_of(event)}
        again.file.unlink()
        trace.lay_out(directory, built, run)
        _, broken = oracle.ask_gdb(program, run.args, chosen, chooser.sites, trace.ENVIRONMENT,
                                   stdin=run.stdin, timeout=trace.TIMEOUT, cwd=directory)
        name = f"{label} run {number}"
        comparison = oracle.Comparison(name, self.program.language.lower(),
                                       lambda stop, value: (stop.seq, value) in varying)
        comparison.compare(chosen)
        faults = [broken] * bool(broken) + comparison.faults
        values = sum(n for what, n in comparison.counts.items() if what.startswith(("push", "pop")))
        excused = sum(comparison.used.values())
        good = self.say(not faults and values + excused,
                        f"{name}: {comparison.counts['stops']} stops and {values} values are as "
                        f"gdb says, {excused} excused", *faults[:30])
        for what, count in sorted((comparison.counts + comparison.used).items()):
            print(f"# {count:6} {what}")
        return good

    def plain(self, label, flags):
        row, good = Row(), self.recorded_well if label == "-O0" else None
        built = self.built(label.strip("-"), flags)
        for number, run in enumerate(self.program.runs(self.source), 1):
            extra = []
            if label == "-O0" and self.program.repeats:
                log, symbols = self.recordings[number - 1]
                extra = [checks.HooksSequence(built[1], log, symbols,
                                              self.program.language == "C++")]
                extra[0].what = "calls and returns are those of the instrumented run"
            # A SIGCHLD that comes while gdb steps over a breakpoint makes it meet that one twice.
            elif self.program.repeats and label != "-O0" and not run.children:
                extra = [self.gdb_calls(built, number, run)]
            same = self.one(label, number, run, built, row, extra)
            if self.program.repeats and not run.children:
                good_values = self.gdb_values(label, built[0], number, run)
                row.gdb = good_values and row.gdb is not False
            if extra:
                good = same and good is not False
        row.sequence = good
        self.rows.append(row.cells(self.program, self.version, label))

    def check(self, apt):
        self.source, self.version = self.program.fetch(apt)
        self.source = self.source.resolve()
        print(f"# {self.program.name}: {self.program.package} {self.version}", flush=True)
        self.work.mkdir(parents=True, exist_ok=True)
        if self.options.values:
            for label, flags in BUILDS[self.program.language].items():
                program = self.build(label.strip("-"), flags)
                for number, run in enumerate(self.program.runs(self.source), 1):
                    if self.program.repeats and not run.children:
                        self.gdb_values(label, program, number, run)
            return
        if self.program.language != "Rust":
            self.recorded_well = self.instrumented()
        for label, flags in BUILDS[self.program.language].items():
            self.plain(label, flags)


def table(rows):
    lines = [" | ".join(COLUMNS), " | ".join("---" for _ in COLUMNS),
             *(" | ".join(map(str, row)) for row in rows)]
    return "".join(f"| {line} |\n" for line in lines)


def machine():
    versions = [must([tool, "--version"]).splitlines()[0] for tool in ("gcc", "rustc")]
    pretty = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text()).group(1)
    return f"{pretty}, {', '.join(versions)}, {os.cpu_count()} CPUs, {time.strftime('%Y-%m-%d')}."


def write_table(rows):
    text = DOC.read_text()
    before, _, rest = text.partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    DOC.write_text(f"{before}{MARKS[0]}\n{table(rows)}\n{machine()}\n{MARKS[1]}{after}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-O", default="build")
    parser.add_argument("--cache", default="build/real")
    parser.add_argument("--check", action="append", default=[])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--values", action="store_true")
    options = parser.parse_args()
    if options.list:
        for program in PROGRAMS:
            print(f"{program.name:16}{program.language:6}{program.package}")
        return
    known = [program.name for program in PROGRAMS]
    for name in options.check:
        if name not in known:
            print(f"real-programs: no program {name}; there are {', '.join(known)}")
            sys.exit(2)
    apt, rows = Apt(options.cache), []
    for program in PROGRAMS:
        if options.check and program.name not in options.check:
            continue
        checker = Checker(options, program)
        try:
            checker.check(apt)
        except (BuildError, FetchError) as error:
            tap.ok(False, f"{program.name} is fetched and built", error)
        rows += checker.rows
    if not options.check and not options.values:
        write_table(rows)
    if rows:
        print("\n".join("# " + line for line in table(rows).splitlines()))
    tap.done()


main()
