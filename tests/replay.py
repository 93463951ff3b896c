#!/usr/bin/env python3
"""replay - a log is printed as its run was printed: everywhere, in part, backwards, with filters.

# test: up to 400 s

What `frametrace record --show` prints while the program runs is the oracle, and for filters a run
that is traced with the same filter. A log is read where neither the program nor its sources are.
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from validate_events import Schema
from lib import samples, tap
from lib.space import compile_c
from lib.trace import BUILD, FRAMETRACE, SOURCE, run


ENVIRONMENT = {"FRAMETRACE_DEBUG_DIR": os.devnull, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
               "RUST_BACKTRACE": "0"}
FLAGS = ["-g", "-O0", "-fcf-protection=none", "-w"]
EVENTS = Schema(json.loads((SOURCE / "docs/events.schema.json").read_text()))
PARTS = json.loads((SOURCE / "docs/moment.schema.json").read_text())
PARTS["$defs"].update(EVENTS.document["$defs"])
MOMENT = Schema(PARTS)

# What is recorded and shown; the same options print the log.
OPTIONS = [[], ["-v"], ["-vv", "--frames"], ["-q"], ["--map"], ["--inlines"],
           ["--events=insn,line"], ["--events=insn,line", "-v"], ["--registers"], ["--stack"],
           ["--no-heap", "-v"], ["--map=every", "--frames"], ["--color=always"]]
DEEPLY = ["recursion.c", "strings.c", "pointers.c", "signals.c", "longjmp.c", "ghosts.c",
          "inline.c", "cxx_basic.cpp", "throw.cpp", "many_args.c"]
DEMOS = ["double", "double_c", "boxed_value", "boxed_value_c", "factorial_c", "structs",
         "stack_or_heap_c", "stack_or_heap"]
KINDS = ("push", "pop", "alloc", "free", "note", "exit")


def frametrace(*words, **options):
    return run([FRAMETRACE, *words], env=ENVIRONMENT, **options)


def record(log, program, args, options, form):
    """Returns what the run printed of itself."""
    shown = log.with_suffix(".shown")
    ran = frametrace("record", "--no-aslr", f"--format={form}", "-o", log, f"--show={shown}",
                     *options, "--", program, *args, cwd=log.parent)
    return shown.read_bytes() if shown.exists() else b"", ran


def moved(log, directory):
    """A copy of a log where nothing else is."""
    elsewhere = directory / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    return Path(shutil.copy(log, elsewhere / "run.frametrace"))


def first_difference(a, b):
    x, y = a.splitlines(), b.splitlines()
    for i, (one, other) in enumerate(zip(x, y)):
        if one != other:
            return [f"line {i + 1} live:   {one[:300]!r}", f"line {i + 1} replay: {other[:300]!r}"]
    return [f"{len(x)} lines live, {len(y)} replayed", *(x[len(y):][:2] or y[len(x):][:2])]


def programs(names):
    for sample in samples.all_samples():
        if sample.name not in names or not sample.is_for("replay"):
            continue
        compiler = sample.compilers()[0]
        if samples.compiler_path(compiler) is None:
            continue
        flags = ["-g"] if compiler == "rustc" else FLAGS
        yield sample.name, samples.build(sample, compiler, *flags), sample.args
    for demo in names:
        if (BUILD / "demos" / demo).exists() and not Path(demo).suffix:
            yield demo, BUILD / "demos" / demo, []


# ---- the same bytes ----

def check_same(name, program, args, options, form, directory):
    # The program is a copy that goes before the log is read.
    here = directory / "here"
    here.mkdir()
    copy = Path(shutil.copy(program, here / program.name))
    log = here / "run.frametrace"
    live, ran = record(log, copy, args, options, form)
    log = moved(log, directory)
    shutil.rmtree(here)
    again = frametrace("replay", f"--format={form}", *options, log, cwd=log.parent)
    tap.ok(live and again.out == live and again.status == 0,
           f"{name} {form} {' '.join(options)}: the same bytes", *first_difference(live, again.out),
           again.err, ran if not live else "")
    log.unlink()


def check_all_same(directory):
    deeply = set(DEEPLY)
    for name, program, args in programs(deeply | set(DEMOS)):
        for options in OPTIONS:
            for form in ("text", "json"):
                check_same(name, program, args, options, form, directory)
    # Programs of all other kinds: threads, forks, exec, signals, exceptions, dlopen.
    others = {s.name for s in samples.all_samples() if s.is_for("replay")} - deeply
    for name, program, args in programs(others):
        check_same(name, program, args, ["-v"], "text", directory)
        check_same(name, program, args, [], "json", directory)


# ---- what is shown does not depend on what was recorded ----

def check_independent(directory):
    """A log with everything in it prints as one with little, for options that ask for little."""
    for name, program, args in programs({"recursion.c", "structs", "boxed_value_c"}):
        plain, full = directory / "plain.frametrace", directory / "full.frametrace"
        for log, options in ((plain, []), (full, ["-vv", "--frames", "--registers", "--stack",
                                                  "--map"])):
            record(log, program, args, options, "text")
        for options in ([], ["-v"], ["-q"], ["--no-heap"]):
            texts = [frametrace("replay", "--except=map", *options, log).out for log in
                     (plain, full)]
            texts = [re.sub(rb"process \d+ runs|cost: .*|#\d+ of|\(as of #\d+\)", b"", t)
                     for t in texts]
            # Ghosts are remembered for frame maps: where a name was dead one may be known.
            texts = [re.sub(rb"dead: [^)>]*", b"dead", t) for t in texts]
            tap.ok(texts[0] == texts[1] and texts[0],
                   f"{name} {' '.join(options)}: the same text from a log of more",
                   *first_difference(*texts))


# ---- parts ----

def check_parts(directory):
    for name, program, args in programs({"recursion.c", "double", "signals.c"}):
        for form in ("text", "json"):
            log = directory / "part.frametrace"
            record(log, program, args, [], form)
            whole = frametrace("replay", f"--format={form}", log).out.splitlines(True)
            lines = [json.loads(line) for line in
                     frametrace("replay", "--format=json", log).out.splitlines()]
            last = lines[-1]["seq"]
            for low, high in ((0, 0), (1, 3), (2, last), (last, last), (0, last)):
                part = frametrace("replay", f"--format={form}", f"--from={low}", f"--to={high}",
                                  log).out
                if form == "json":
                    want = [raw for raw, line in zip(whole, lines)
                            if "seq" in line and low <= line["seq"] <= high]
                    tap.equal(part.splitlines(True), want, f"{name} {form}: events {low} to {high}")
                else:
                    tap.ok(part in b"".join(whole) and part,
                           f"{name} {form}: events {low} to {high} are a part", part[:500])
            cuts = [frametrace("replay", f"--format={form}", f"--from={low}", f"--to={high}",
                               log).out for low, high in ((0, 2), (3, 4), (5, last))]
            # A text may fold frames that are still there at the end: not where it is cut.
            tap.ok(b"".join(whole).endswith(b"".join(cuts)), f"{name} {form}: slices add up",
                   *first_difference(b"".join(whole), b"".join(cuts)))
            back = frametrace("replay", f"--format={form}", "--reverse", log).out
            if form == "json":
                tap.equal(back.splitlines(True), whole[::-1], f"{name} {form}: backwards")
            else:
                tap.ok(sorted(back.splitlines()) == sorted(b"".join(whole).splitlines())
                       and back != b"".join(whole) and back.startswith(b"-- exited")
                       or back.startswith(b"-- killed"),
                       f"{name} {form}: backwards", back[:800])
            check_kinds(name, log, lines, form)
        function = next(line for line in lines if line.get("event") == "push"
                        and line["depth"] == 1)
        part = frametrace("replay", "--format=json", f"--from={function['function']}", log).out
        tap.equal(json.loads(part.splitlines()[0])["seq"], function["seq"],
                  f"{name}: from the first call of a function")


def check_kinds(name, log, lines, form):
    for kind in KINDS:
        part = frametrace("replay", f"--format={form}", f"--only={kind}", log).out
        if form == "json":
            tap.equal([json.loads(line)["seq"] for line in part.splitlines()],
                      [line["seq"] for line in lines if line.get("event") == kind],
                      f"{name}: only {kind}")
    rest = frametrace("replay", "--format=json", "--except=" + ",".join(KINDS), log).out
    tap.ok(not {json.loads(line).get("event") for line in rest.splitlines()} & set(KINDS),
           f"{name}: all but these kinds")


# ---- filters ----

FILTERS = {
    "structs": (["-f", "main"], ["-f", "!main"], ["-d", "1"]),
    "recursion.c": (["-f", "main"], ["-f", "leaf"], ["-d", "2"], ["-f", "!*mid*"]),
    "boxed_value_c": (["-f", "main"], ["-f", "boxed_value"], ["-f", "/^b/"], ["-d", "1"]),
    "boxed_value": (["-f", "main"], ["-d", "1"]),
    "stack_or_heap_c": (["-f", "main"], ["-f", "!main"], ["-s", "*.c"]),
    "signals.c": (["-f", "main"], ["-f", "!main"]),
    "many_args.c": (["-f", "!main"],),
    "callback_c": (["-f", "main"], ["-d", "1"], ["-d", "2"]),
    "runaway_c": (["-f", "main"], ["-f", "!main"]),
    "overflow_buffer_c": (["-d", "1"],),
    "requests_c": (["-d", "1"], ["--no-heap"]),
    "noreturn.c": (["-f", "main"],),
    "exec.c": (["-f", "main"], ["-d", "2"]),
    "dlopen.c": (["-f", "!main"],),
    "inline_deep.c": (["-f", "main"], ["-f", "!first"]),
}
# Of one run and no other: process, time, what stopping took.
ONCE = re.compile(rb"[pP]rocess \d+ |\[\d+\]|^ +cost: .*$|thread \d+|0x[0-9a-f]+|(?:_pad|si_\w+|_timer|__\w+) = .*$", re.M)


def functions_of(log):
    out = frametrace("list", "-q", log).out.decode()
    return [line.split()[2] for line in out.splitlines()[1:]]


# Pointers into frames and to blocks of functions that a filter hides, in a recursion too.
HIDDEN = r"""
#include <stdlib.h>
struct pair { int *first; char *second; };
static struct pair kept;
static int show(int *into, struct pair *pair) { return *into + (pair ? *pair->first : 0); }
static char *make(int n)
{
	char *p = malloc(n);
	p[0] = 'a';
	return p;
}
static char *through(int n)
{
	int mine = n;
	char *p = make(n + 1);
	kept = (struct pair){&mine, p};
	show(&mine, &kept);
	return p;
}
static int deep(int n)
{
	int local[4] = {n, 1, 2, 3};
	if (n)
		return deep(n - 1) + show(local + 2, NULL);
	char *p = through(9);
	free(p);
	return show(local, &kept);
}
static void drop(char *p) { free(p); }
int main(void)
{
	int here = 3;
	kept.first = &here;
	deep(2);
	show(&here, &kept);
	char *q = through(20);
	drop(q);
	show(kept.first, &kept);
	return 0;
}
"""
HIDDEN_FILTERS = ([], ["-f", "show"], ["-f", "!through"], ["-f", "!make"], ["-f", "!deep"],
                  ["-f", "drop"], ["-f", "make"], ["-f", "!main"], ["-f", "!*"], ["-s", "!*"],
                  ["-d", "2"], ["-d", "4"], ["--no-heap"], ["--no-heap", "-f", "!main"],
                  ["--map"], ["--map", "-f", "!main"])
# What else one run has and no other, in JSON; the numbers of events are those of the log.
ONCE_JSON = re.compile(rb'"(?:time_ns|pid|tid|seq|\w+_seq|wall_ns|hits|stops|unix_ns|inode|resident)":'
                       rb'\d+|"time":"[^"]*"')
# Who was seen to point to a block, a run that watches fewer functions sees less of.
OWNED = re.compile(rb'^[ |]*pointed to by .*\n|"owners":\[[^]]*\]', re.M)


def once(text):
    return ONCE.sub(b"", ONCE_JSON.sub(b"", OWNED.sub(b"", text)))


def check_hidden(directory):
    """What replay hides it does not name: no frame, no block, no caller."""
    program, trace = compile_c(directory, "hidden", HIDDEN), directory / "trace.text"
    logs = {"": directory / "plain.frametrace", "--frames": directory / "full.frametrace"}
    for more, log in logs.items():
        record(log, program, [], [more] if more else [], "text")
    for options in HIDDEN_FILTERS:
        for more in ([], ["-v"], ["--format=json"], ["--explain"]):
            # Who owned a block --explain says in running text; what is resident is chance.
            if "-d" in options and more == ["--explain"] or \
                    "--map" in options and more == ["--format=json"]:
                continue
            frametrace("--no-aslr", "-o", trace, *options, *more, "--", program, cwd=directory)
            live = once(trace.read_bytes())
            for recorded, log in logs.items():
                again = once(frametrace("replay", *options, *more, log).out)
                tap.ok(again == live and live,
                       f"hidden {' '.join(options + more)}: as a run with that, from a log "
                       f"{recorded or 'of less'}", *first_difference(live, again))


def check_filters(directory):
    for name, program, args in programs(set(FILTERS)):
        log = directory / "all.frametrace"
        record(log, program, args, [], "text")
        names = functions_of(log)
        for options in FILTERS[name]:
            if options[0] == "-f" and re.fullmatch(r"!?\w+", options[1]) and \
                    options[1].lstrip("!") not in names:
                options = ["-f", options[1].replace(options[1].lstrip("!"), names[-1])]
            for more in ([], ["-q"], ["-v"]):
                if name == "exec.c" and more == ["-q"]:
                    continue  # libc is asked for its name when it may have gone
                trace = directory / "trace.text"
                frametrace("--no-aslr", "-o", trace, *options, *more, "--", program, *args)
                live = ONCE.sub(b"", trace.read_bytes())
                again = frametrace("replay", *options, *more, log)
                tap.ok(ONCE.sub(b"", again.out) == live and live,
                       f"{name} {' '.join(options + more)}: as a run with that filter",
                       *first_difference(live, ONCE.sub(b"", again.out)), again.err)
        said = frametrace("replay", "-f", "no_such_function", log)
        tap.ok(said.status == 1 and b"no function in" in said.err and not said.out,
               f"{name}: a pattern without a match", said)


# ---- a moment, and what other commands say of a log ----

def state(log, seq):
    ran = frametrace("replay", "--format=json", f"--at={seq}", log)
    return json.loads(ran.out) if ran.status == 0 else {}


def check_moments(directory):
    """Each moment of a run against the pushes, pops and blocks of the events before it."""
    for name, program, args in programs({"recursion.c", "boxed_value_c", "structs", "threads.c"}):
        log = directory / "moment.frametrace"
        record(log, program, args, ["--registers"], "json")
        lines = [json.loads(line) for line in
                 frametrace("replay", "--format=json", "--registers", log).out.splitlines()][1:]
        live, blocks, faults, wrong = {}, {}, [], []
        for line in lines:
            kind = line["event"]
            if kind == "push":
                live[line["seq"]] = line
            elif kind == "pop":
                live.pop(line["pushed_seq"])
            elif kind == "alloc" and line["block"]:
                blocks[line["block"]] = line["address"]
            elif kind == "free" and line["block"]:
                blocks.pop(line["block"], None)
            if line["seq"] % max(1, len(lines) // 12) and line is not lines[-1]:
                continue
            now = state(log, line["seq"])
            faults += MOMENT.faults(now)
            frames = [f for s in now["stacks"] for f in s["frames"]]
            seen = {f["pushed_seq"]: f for f in frames if not f["ghost"]}
            if set(seen) != set(live):
                wrong.append(f"#{line['seq']}: live {sorted(seen)}, want {sorted(live)}")
            for seq, frame in seen.items():
                push = live.get(seq, {})
                args_then = {v["variable"]["name"]: v["variable"]["value"] for v in frame["args"]}
                args_push = {v["name"]: v["value"] for v in push.get("args") or []}
                if (frame["cfa"], frame["function"], args_then) != \
                        (push.get("cfa"), push.get("function"), args_push):
                    wrong.append(f"#{line['seq']}: {frame} is not {push}")
            if {b["block"]: b["address"] for b in now["heap"]["blocks"]} != blocks:
                wrong.append(f"#{line['seq']}: blocks {now['heap']}, want {blocks}")
            if (now["registers"] or {}) != line.get("registers", {}):
                wrong.append(f"#{line['seq']}: registers")
            for seq, frame in ((f["popped_seq"], f) for f in frames if f["ghost"]):
                pop = lines[seq]
                if pop["event"] != "pop" or pop["pushed_seq"] != frame["pushed_seq"] or \
                        seq > line["seq"]:
                    wrong.append(f"#{line['seq']}: ghost {frame}")
                final = {v["name"]: v["value"] for v in pop.get("locals") or []}
                told = {v["variable"]["name"]: (v["variable"]["value"], v["as_of"])
                        for v in frame["locals"]}
                if {n: (v, seq) for n, v in final.items()} != told:
                    wrong.append(f"#{line['seq']}: {told} is not {final}")
        tap.ok(not wrong and lines, f"{name}: stacks, variables, ghosts, heap at any event", *wrong)
        tap.ok(not faults, f"{name}: moments fit their schema", *faults[:10])
        first = next(line["seq"] for line in lines if line["event"] == "push")
        text = frametrace("replay", f"--at={first}", log)
        tap.ok(text.status == 0 and b"-- stack of thread" in text.out and
               b"our own pages" in text.out and b"[stack]" not in text.out and
               b"[stack]" in frametrace("replay", "-v", f"--at={first}", log).out,
               f"{name}: a moment as text; with -v each mapping", text)
        check_numbers(name, log, lines, directory)
        tap.equal(frametrace("replay", "--at=last", log).out,
                  frametrace("replay", f"--at={lines[-1]['seq']}", log).out, f"{name}: --at=last")


def check_numbers(name, log, lines, directory):
    """Frames are numbered from the inside out, as `bt` does it; events are called events."""
    tid, script = lines[0]["tid"], directory / "bt.script"
    for line in [line for line in lines if line["tid"] == tid and line["event"] == "push"][:8]:
        script.write_text(f"goto {line['seq']}\nbt\n")
        bt = frametrace("step", f"--script={script}", log).out.decode().partition("bt\n")[2]
        text = frametrace("replay", f"--at={line['seq']}", log).out.decode()
        own = text.partition(f"stack of thread {tid},")[2].partition("\n-- ")[0]
        shown = re.findall(r"^  0x\w+ +#(\d+) (\w+)", own, re.M)
        tap.ok(shown and shown[-1][0] == "0" and not re.search(r"(event|by|of) #", own) and
               shown[::-1] == re.findall(r"^#(\d+) +(\w+)", bt, re.M),
               f"{name}, event {line['seq']}: frames are numbered as by bt", shown, bt)


# What stack_or_heap prints: kind, name of the variable or section.
WHERE = {
    "string literal": ("rodata", ".rodata"), "const MAX": ("rodata", ".rodata"),
    "static MAX": ("rodata", ".rodata"), "zero": ("data", ".bss"), "counter": ("data", ".data"),
    "fn foo": ("text", "foo"), "foo": ("text", "foo"), "&hello": ("stack", "hello"),
    "&boxed": ("stack", "boxed"), "hello": ("heap", None), "&*hello": ("heap", None),
    "boxed": ("heap", None), "&*boxed": ("heap", None),
}


def check_where(directory):
    """The program's own prints of its addresses tell what they are."""
    for demo in ("stack_or_heap_c", "stack_or_heap"):
        program = BUILD / "demos" / demo
        if not program.exists():
            continue
        log = directory / "where.frametrace"
        printed = frametrace("record", "-o", log, "--", program).out.decode()
        rows = [re.fullmatch(r"(.*\S)\s+(0x[0-9a-f]+)", line) for line in printed.splitlines()]
        rows = [row.groups() for row in rows if row]
        lines = [json.loads(line) for line in
                 frametrace("replay", "--format=json", log).out.splitlines()][1:]
        main_pop = [line for line in lines if line["event"] == "pop" and
                    line["function"].endswith("main")][-1]
        frees = [line["seq"] for line in lines if line["event"] == "free"]
        at = min([main_pop["seq"], *frees]) - 1
        ran = frametrace("where", "--json", *(address for _, address in rows), log, f"--at={at}")
        places = dict(zip((name for name, _ in rows), map(json.loads, ran.out.splitlines())))
        tap.ok(len(places) >= 7, f"{demo}: it printed its addresses", printed, ran)
        faults = [fault for place in places.values() for fault in EVENTS.faults(place)]
        tap.ok(not faults, f"{demo}: places fit the schema", *faults)
        for name, place in places.items():
            kind, word = WHERE[name]
            good = place["kind"] == kind
            if kind == "stack":
                good &= place["name"] == word and place["function"].endswith("main")
            elif kind == "heap":
                good &= place["block"] == place["address"] and "heap #" in place["what"] and \
                    "main" in place["what"]
            elif word.startswith("."):
                good &= place["section"] == word
            else:
                good &= place["symbol"].endswith(word) and place["symbol_offset"] == 0
            tap.ok(good, f"{demo}: {name} is in {kind}", place)
        check_ghost(demo, log, dict(rows), main_pop["seq"])
        check_maps(demo, log, dict(rows))


def check_ghost(demo, log, printed, seq):
    """When main is gone its variables are what it left behind."""
    ours = re.search(rb"(0x\w+) .* frametrace\n +our own pages", frametrace("maps", log).out)
    tap.ok(ours and b"our own pages" in frametrace("where", ours[1], log).out,
           "maps LOG, where ADDRESS LOG: the tracer's own pages are called so", ours)
    place = json.loads(frametrace("where", "--json", printed["&hello"], log, f"--at={seq}").out)
    tap.ok(place["name"] == "hello" and "left of the frame of" in place["what"],
           f"{demo}: a variable of a popped frame", place)
    unmapped = json.loads(frametrace("where", "--json", "10", log).out)
    tap.ok(unmapped["kind"] == "unmapped" and unmapped["region"] is None, f"{demo}: NULL and a bit",
           unmapped)


def check_maps(demo, log, printed):
    ran = frametrace("maps", "--json", log)
    event = json.loads(ran.out)
    tap.ok(not EVENTS.faults(event), f"{demo}: the map of a log", *EVENTS.faults(event)[:5])
    kinds = {}
    for name, address in printed.items():
        at = [r["kind"] for r in event["regions"]
              if int(r["from"], 16) <= int(address, 16) < int(r["to"], 16)]
        kinds[name] = at[0] if at else None
    tap.equal(kinds, {name: WHERE[name][0] for name in printed},
              f"{demo}: the regions are where the program says")
    text = frametrace("maps", "-v", "--explain", log, "--at=0")
    tap.ok(text.status == 0 and b"[stack]" in text.out and b".text" in text.out,
           f"{demo}: maps of a log as text", text)


PROCESS = re.compile(rb'process \d+|"(?:pid|tid|thread)":\d+|"program":.*?,|^ +\d+(?= +\d+ +\d+ +\S+ +\d+  \w+ stack)',
                     re.M)


def check_reports(directory):
    for name, program, args in programs({"recursion.c", "structs", "threads.c", "longjmp.c"}):
        log = directory / "report.frametrace"
        record(log, program, args, [], "text")
        for options in ([], ["--sort=calls"], ["-f", "*main"], ["--format=json"]):
            if "threads" in name and options == ["--format=json"]:
                continue  # which of its threads goes deepest first is chance
            table = directory / "table"
            frametrace("report", "--no-aslr", "-o", table, *options, "--", program, *args)
            live, again = table.read_bytes(), frametrace("report", *options, log).out
            live, again = (PROCESS.sub(b"", text) for text in (live, again))
            tap.ok(live == again and live, f"{name} report {' '.join(options)}: the same table",
                   *first_difference(live, again))
        want = sorted(line.split()[2] for line in
                      frametrace("list", "-q", program).out.decode().splitlines()[1:]
                      if line.startswith("traced"))
        tap.equal(sorted(functions_of(log)), want, f"{name}: list of a log")


# ---- words ----

def check_messages(directory):
    program = BUILD / "demos/double_c"
    log, text = directory / "m.frametrace", directory / "text"
    record(log, program, [], [], "text")
    text.write_text("no log\n")
    cut = directory / "cut.frametrace"
    cut.write_bytes(log.read_bytes()[:40000])
    for words, status, said in (
            (["replay", "--from=99999", log], 1, "there is no event #99999"),
            (["replay", "--from=nobody", log], 1, "no function of that name"),
            (["replay", "--from=3", "--to=1", log], 1, "is before --from"),
            (["replay", "--only=push,nothing", log], 2, "no kind of event 'nothing'"),
            (["replay"], 2, "no LOG given"),
            (["replay", log, log], 2, "is too much"),
            (["report", log, "more"], 2, "'more' is too much"),
            (["replay", "-o", log, log], 1, "is a trace log: it is not overwritten"),
            (["report", "-o", log.name, log], 1, "is a trace log: it is not overwritten"),
            (["list", "-o", log, program], 1, "is a trace log: it is not overwritten"),
            (["replay", "-R", log], 2, "runs nothing"),
            (["replay", "--max-string=3", log], 2, "was settled when it was recorded"),
            (["replay", "--at=1", "--reverse", log], 2, "--at shows one moment"),
            (["replay", text], 1, "text"),
            (["replay", cut], 1, f"is cut: 40000 of its {log.stat().st_size} bytes are there"),
            (["replay", directory / "none"], 1, "none"),
            (["maps", "--at=1", program], 2, "--at is about a LOG"),
            (["where", "zz", log], 2, "is no address"),
            ([log], 1, "is a log of a run, no program: frametrace replay"),
            ([log.name], 1, "is a log of a run, no program: frametrace replay"),
            (["record", "-o", directory / "x", log], 1, "is a log of a run"),
            (["frames", log], 1, "is a log of a run")):
        ran = frametrace(*words, cwd=log.parent)
        lines = ran.err.decode().splitlines()
        tap.ok(ran.status == status and len(lines) == 1 and said in lines[0] and
               lines[0].startswith("frametrace: ") and not ran.out,
               f"{' '.join(map(str, words[:2]))}: {said}", ran)
    for options, said in ((["-vv"], "frame maps"), (["--stack"], "walks of the stack"),
                          (["--events=line"], "lines"), (["-i"], "inlined calls"),
                          (["--registers"], "registers"), (["--map=every"], "changes of")):
        ran = frametrace("replay", *options, log)
        lines = ran.err.decode().splitlines()
        tap.ok(ran.status == 0 and len(lines) == 1 and said in lines[0] and
               "frametrace record" in lines[0] and b"exited" in ran.out,
               f"{options}: what is missing is said, and how to record it", ran)
    ran = frametrace("replay", "--check", log)
    tap.ok(ran.status == 0 and b"sound" in ran.out, "it is sound, after all that", ran)
    pictures = frametrace("replay", "--map", log).out
    tap.ok(pictures.count(b"[stack]") + pictures.count(b"stack") > 1 and
           frametrace("replay", log).out != pictures,
           "--map shows what was recorded without it", pictures[:300])
    check_output(log)
    check_damaged(log, directory)
    check_cut(program, directory)


def check_output(log):
    ran = frametrace("replay", "--with-output", log)
    tap.ok(b'-- stdout "' in ran.out, "the program's output in the text", ran)
    lines = [json.loads(line) for line in
             frametrace("replay", "--with-output", "--json", log).out.splitlines()]
    outputs = [line for line in lines if line.get("event") == "output"]
    faults = [fault for line in lines for fault in EVENTS.faults(line)]
    wrote = "".join(line["text"] for line in outputs)
    tap.ok(outputs and not faults and wrote == subprocess.run(
        [BUILD / "demos/double_c"], capture_output=True, text=True, check=False).stdout,
        "the program's output in JSON", outputs, *faults)


def check_damaged(log, directory):
    whole = log.read_bytes()
    damaged = directory / "damaged.frametrace"
    damaged.write_bytes(whole[:len(whole) // 2])
    for words in (["replay", damaged], ["replay", "--check", damaged], ["report", damaged],
                  ["maps", damaged], ["where", "10", damaged], ["list", damaged]):
        ran = frametrace(*words)
        tap.ok(ran.status in (0, 1) and ran.err.count(b"\n") <= 2 and
               (ran.status == 0 or ran.err.startswith(b"frametrace: ")),
               f"half a log: {words[0]}", ran)
    other = directory / "other.frametrace"
    other.write_bytes(whole)
    with sqlite3.connect(other) as db:
        db.execute("pragma writable_schema=1")
        db.execute("update sqlite_schema set sql = sql || ' ' where name = 'block_since'")
    db.close()
    ran = frametrace("replay", other)
    tap.ok(ran.status == 1 and b"was written by another build of frametrace, or is damaged" in
           ran.err and b"block_since" in ran.err, "a log with another schema", ran)
    ran = frametrace("replay", "--check", damaged)
    tap.ok(ran.status == 1, "half a log is not sound", ran)


def check_cut(program, directory):
    log = directory / "cut.frametrace"
    frametrace("record", "-o", log, "--stop-after=3", "--", program)
    ran = frametrace("replay", log)
    tap.ok(ran.status == 0 and ran.err.count(b"\n") == 1 and b"is not whole" in ran.err and
           b"> main" in ran.out, "a log that was cut is printed, and that is said", ran)
    ran = frametrace("replay", "--check", log)
    tap.ok(ran.status == 1 and not ran.out and ran.err.count(b"\n") == 1 and
           b"not whole" in ran.err and b"#0 to #2" in ran.err, "--check of it: one verdict", ran)


# ---- versions ----

FOUND = ("find text needle\nprint $seq\nfind text needle\nprint $seq\nreverse-find text needle\n"
         "print $seq\nfind text no such needle\nprint $seq\n")
ASKED = ([], ["-v"], ["--format=json"], ["--reverse"], ["--at=20", "-v"], ["--at=57"])


def check_versions(directory):
    """Logs of the same run, written by each version of the schema, say the same."""
    logs = sorted((SOURCE / "tests/fuzz/corpus/log").glob("version*"))
    said = {}
    for kept in logs:
        number = int(kept.name.removeprefix("version"))
        log = directory / "kept.frametrace"
        shutil.copy(kept, log)
        with sqlite3.connect(log) as db:
            tap.ok(db.execute("pragma user_version").fetchone() == (number,),
                   f"{kept.name} is of that version")
        db.close()
        ran = frametrace("replay", "--check", log)
        tap.ok(ran.status == 0, f"{kept.name}: --check", ran)
        answers = [frametrace("replay", *words, log) for words in ASKED]
        events = [json.loads(line) for line in answers[2].out.splitlines()]
        needles = [e["seq"] for e in events if "needle" in e.get("text", "")]
        script = directory / "found.txt"
        script.write_text(FOUND)
        ran = frametrace("step", "--plain", f"--script={script}", log)
        printed = [int(n) for n in re.findall(rb"^\$seq = (\d+)$", ran.out, re.M)]
        tap.ok(len(needles) == 2 and printed == [*needles, needles[0], needles[0]],
               f"{kept.name}: a part of a text is found forwards and backwards", needles, ran)
        said[kept.name] = [(a.status, a.out, a.err) for a in [*answers, ran]]
    first = said[logs[0].name]
    for name, answers in said.items():
        tap.ok(answers == first, f"{name} says what {logs[0].name} says")
    with sqlite3.connect(directory / "kept.frametrace") as db:
        newest = max(int(log.name.removeprefix("version")) for log in logs)
        db.execute(f"pragma user_version = {newest + 1}")
    db.close()
    ran = frametrace("replay", directory / "kept.frametrace")
    tap.ok(ran.status == 1 and f"its log version is {newest + 1}".encode() in ran.err,
           "a newer version is refused with its number: the newest is kept here", ran)


# ---- trust ----

EVIL = "\x1b]0;owned\x07\x1b[31m"
EVIL_C = r"""
#include <stdio.h>
static int show(const char *text) { fputs(text, stdout); return (int)text[0]; }
int main(int argc, char **argv)
{
	const char *local = "\033]0;owned\007\033[31mred\n";
	return show(argc > 1 ? argv[1] : local) + show(local) > 1000;
}
"""


def check_trust(directory):
    """No escape code of a value, an argument, an output or a hostile log is printed as it is."""
    source, program = directory / "evil.c", directory / f"evil{chr(27)}[2J"
    source.write_text(EVIL_C)
    subprocess.run(["cc", "-g", "-O0", "-o", program, source], check=True)
    log = directory / "evil.frametrace"
    record(log, program, [EVIL], ["--frames"], "text")
    views = (["-v"], ["--frames", "-vv"], ["--with-output"], ["--at=1"], ["--at=3", "-v"],
             ["--json", "--with-output"], ["--json", "--at=2"], ["--reverse"])

    def clean(log, what):
        for words in [["replay", *view] for view in views] + [["report"], ["maps"], ["list"],
                                                               ["where", "7ffffffde000"]]:
            ran = frametrace(*words, log)
            tap.ok(b"\x1b" not in ran.out + ran.err and b"\x07" not in ran.out + ran.err,
                   f"{what}: {' '.join(words)}", (ran.out + ran.err)[:1500])
    clean(log, "escape codes in argv, values, output, names")
    # A stranger's log: every text in it.
    with sqlite3.connect(log) as base:
        tables = [row[0] for row in base.execute("select name from sqlite_master "
                                                 "where type = 'table'")]
        for table in tables:
            for column in [row[1] for row in base.execute(f"pragma table_info({table})")
                           if "TEXT" in row[2].upper()]:
                if (table, column) in {("shape", "kind"), ("meta", "key"), ("meta", "value")}:
                    continue
                try:
                    base.execute(f"update {table} set {column} = {column} || ? "
                                 f"where {column} is not null", (EVIL,))
                except sqlite3.Error:
                    pass
    base.close()
    clean(log, "a hostile log")


def main():
    with tempfile.TemporaryDirectory(dir=BUILD) as directory:
        directory = Path(directory)
        chosen = sys.argv[1:]
        for check in (check_all_same, check_independent, check_parts, check_filters, check_hidden,
                      check_moments, check_where, check_reports, check_messages, check_versions,
                      check_trust):
            if not chosen or any(word in check.__name__ for word in chosen):
                check(directory)
    tap.done()


main()
