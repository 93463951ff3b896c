"""oracle - compares the pushes and pops of a trace with what gdb says at the same stops.

Stops are chosen at random from all pushes and pops of a trace; gdb runs the program again, the same
without ASLR, and tells of each what it knows (gdb_driver.py). compare() gives the differences.
What is compared, how, and where gdb is wrong: docs/oracles.md; the list of those is excuses.py.
"""
import json
import os
import random
import re
import tempfile
from collections import Counter
from pathlib import Path

from lib import excuses
from lib.trace import SOURCE, run

SEED = int(os.environ.get("ORACLE_SEED", "1"))
STOPS = int(os.environ.get("ORACLE_STOPS", "200"))


def number_of(text):
    return int(text, 16) if text else None


class Stop:
    """One push or pop to be looked at, and where gdb will find it: the nth time at pc with rsp."""

    def __init__(self, event, rsp, nth):
        self.seq, self.kind, self.pc = event["seq"], event["event"], number_of(event["pc"])
        self.returns, self.rsp, self.nth = event.get("how") == "return", rsp, nth
        self.body = None  # of a pop: the stop of its push
        self.event = None  # if it is chosen
        self.said, self.returned = None, None

    def __str__(self):
        return f"{self.kind} {self.seq} of {self.event['function']} at {self.event['pc']}"

    def is_pop(self):
        return self.kind == "pop"

    def plan(self):
        return {"id": self.seq, "pc": self.pc, "rsp": self.rsp, "nth": self.nth, "kind": self.kind,
                "returns": self.returns, "body": self.body.seq if self.body else None}


class Chooser:
    """Takes the events of a trace one by one; keeps what a random choice needs."""

    def __init__(self, pid=None):
        self.pid, self.counts, self.stops, self.sites = pid, Counter(), {}, {}

    def take(self, event):
        """Of the first process only: gdb stays with that."""
        self.pid = self.pid or event["pid"]
        if event["pid"] != self.pid or event["event"] not in ("push", "pop"):
            return
        if event["event"] == "push":
            self.push(event)
        elif event["how"] in ("return", "tail call") and event["pc"]:
            self.pop(event)

    def add(self, event, rsp):
        key = event["event"], event["pc"], rsp
        self.counts[key] += 1
        stop = self.stops[event["seq"]] = Stop(event, rsp, self.counts[key])
        return stop

    def push(self, event):
        stop = self.add(event, number_of(event["rsp"]))
        size = number_of(event["cfa"]) - stop.rsp
        site = self.sites.setdefault(stop.pc, {"size": size, "exits": set(), "registers": False})
        if site["size"] != size:  # a frame that is aligned at run time
            site["size"] = None

    def pop(self, event):
        stop = self.add(event, number_of(event["cfa"]) - 8)
        stop.body = self.stops.get(event["pushed_seq"])
        if stop.body:
            self.sites[stop.body.pc]["exits"].add(stop.pc)

    def choose(self, count, seed, events):
        """Half of them from all stops, half from all places, so that rare functions come up; and
        the push of each pop. events: once more those of the trace."""
        generator, stops = random.Random(seed), list(self.stops.values())
        generator.shuffle(stops)
        chosen, places = {stop.seq: stop for stop in stops[:count // 2]}, {}
        for stop in stops:
            places.setdefault((stop.kind, stop.pc), []).append(stop)
        for rank in range(max(map(len, places.values()), default=0)):
            for place in places.values():
                if rank < len(place) and len(chosen) < count:
                    chosen.setdefault(place[rank].seq, place[rank])
        for stop in list(chosen.values()):
            if stop.body:
                chosen[stop.body.seq] = stop.body
        for event in events:
            if event["seq"] in chosen:
                chosen[event["seq"]].event = event
        for stop in chosen.values():  # whose arguments may be in registers at the entry only
            if stop.kind == "push" and any(not arg["address"] for arg in stop.event["args"] or []):
                self.sites[stop.pc]["registers"] = True
        return chosen


def values_of(event):
    """(name or None for what is returned, text) of all values of an event."""
    values = (event.get("args") or []) + (event.get("locals") or [])
    return {(None, ours_of(event.get("return"))), *((v["name"], ours_of(v)) for v in values)}


def ask_gdb(program, args, chosen, sites, env, **options):
    """Runs the program under gdb and puts what it said into the stops. Gives how gdb ended, and
    what broke in its driver."""
    with tempfile.TemporaryDirectory() as directory:
        out, plan = Path(directory) / "out", Path(directory) / "plan"
        plan.write_text(json.dumps({
            "out": str(out), "stops": [stop.plan() for stop in chosen.values()],
            "sites": [dict(site, pc=pc, exits=sorted(site["exits"]))
                      for pc, site in sites.items()]}))
        driver = SOURCE / "tests/lib/gdb_driver.py"
        done = run(["gdb", "-q", "-nx", "-batch", "-x", driver, "--args", program, *args],
                   env=dict(env, FT_PLAN=str(plan)), **options)
        lines = out.read_text().splitlines() if out.exists() else []
    error = None
    for line in lines:
        said = json.loads(line)
        error = said.get("error", error)
        stop = chosen.get(said.get("id"))
        if stop is None:
            continue
        if "returned" in said:
            stop.returned = dict(said, text=said["returned"])
        else:
            stop.said = said
    # Printers and finish breakpoints of gdb's own fail too, on bytes that are no value.
    broken = re.search(r"Traceback.*gdb_driver.py.*", done.err.decode(errors="replace"), re.S)
    return done, broken[0] if broken else error


def normal(text):
    """Spelling that may differ: gdb's z of optimized, blanks, the bytes of half a character."""
    text = re.sub(r'", <incomplete sequence ([^>]*)>', r'\1"', text or "")
    return " ".join(text.replace("optimized out", "optimised out").split())


def ours_of(value):
    """The text of one of our values, a reason in angle brackets if it is not known."""
    value = value or {"value": None, "unknown": "no value"}
    return normal(value["value"] if value["value"] is not None else f"<{value['unknown']}>")


def not_known(text):
    """A reason of ours in place of a value."""
    return text.startswith(("<optimised out", "<entry value not known", "<not known"))


def all_unknown(text):
    """gdb says of each member that it is optimised out."""
    unknown = "<optimised out>"
    text = text.replace("<error reading variable: value has been optimised out>", unknown)
    return text == "<incomplete type>" or unknown in text and \
        re.fullmatch(r"(?:[\w ]+ = |\w+: |<optimised out>(?: <repeats \d+ times>)?|[{}(), ]|"
                     r"[&\w:#<>{} ]+ \{)+", text) is not None


def same_text(ours, theirs):
    """Static locals have another name in the symbol table (text.1) than in DWARF (text); gdb writes
    the parameters of C++ functions, and no address before a referred string."""
    def plain(text):
        text = re.sub(r"<([\w:~]+)\([^<>]*\)([+>])", r"<\1\2", text)
        text = re.sub(r"^@0x[0-9a-f]+: (?=[\"'])", "", text)
        text = re.sub(r"<\w+\[(\w+)\]", r"<\1", text)
        return re.sub(r"<(?:\w+\.)?([A-Za-z_]\w*)(?:\.\d+)?([+>])", r"<\1\2", text)
    if not ours.startswith("@"):  # the value of a reference
        theirs = re.sub(r"^@0x[0-9a-f]+: (?!{)", "", theirs)
    return ours == theirs or plain(collapsed(ours)) == plain(collapsed(theirs))


def collapsed(text):
    """An aggregate of which nothing is known is not known; nor is a pointer without an address."""
    before, text = None, text.replace("<synthetic pointer>", "<optimised out>")
    while before != text:
        before, text = text, re.sub(r"{(?:(?:\w+ = )?<optimised out>(?: <repeats \d+ times>)?"
                                    r"(?:, )?)+}", "<optimised out>", text)
    return text


def rust_plain(text):
    """Our and gdb's spelling of a Rust value made the same: no paths before names, no type before
    an array, nothing that a pointer points to, numbers of floats, blanks."""
    text = re.sub(r"^&\[.*?\] (?=\[)|(0x[0-9a-f]+) <.*?>(?=$|[,}\])])", r"\1", text)
    text = re.sub(r'(0x[0-9a-f]+) b".*"$', r"\1", text)
    text = re.sub(r"\\([0-7]{3})", lambda m: f"\\u{{{int(m[1], 8):x}}}", text)
    text = text.replace("\\u{0}", "\\0")
    before = None
    while before != text:  # type arguments, from the innermost outwards
        before, text = text, re.sub(r"(?<=\w)<(?!optimised)[^<>]*>", "", text)
    text = re.sub(r"(?<![\w}])(?:(?:\w+|{\w+#\d+})::)+(?=[\w{])", "", text)
    text = re.sub(r"&?(?:dyn )?\w+ ?{pointer: (0x[0-9a-f]+), vtable: 0x[0-9a-f]+}", r"\1", text)
    text = re.sub(r"\b\d+ (?='(?:[^'\\]|\\.[^']*)')", "", text)  # 97 'a'
    text = re.sub(r"'\\(?:x|u\{)([0-9a-f]+)\}?'", lambda m: f"'{chr(int(m[1], 16))}'", text)
    out, skipping, depth = [], None, 0
    for at, char in enumerate(text):
        depth += (char in "{[(") - (char in "}])")
        if skipping is not None and (depth < skipping or depth == skipping and char == ","):
            skipping = None
        if skipping is None and text.startswith((" -> ", " (vtable "), at):
            skipping = depth
        if skipping is None:
            out.append(char)
    text = re.sub(r"(?<=[\w}])\s+(?=[({])|\s+(?=})|(?<={)\s+", "", "".join(out))
    return re.sub(r"(\d)\.0\b(?!\.)", r"\1", text)


class Case:
    """One value that is compared: ours, gdb's, and what an excuse may ask about it."""

    def __init__(self, build, stop, ours, theirs, what):
        self.build, self.stop, self.what = build, stop, what
        self.ours, self.theirs = ours_of(ours), normal(theirs.get("text"))
        self.type = (ours or {}).get("type") or ""
        self.value, self.said, self.name = ours or {}, theirs, theirs.get("name", "")
        self.event, self.function = stop.event, stop.event["function"]
        self.language, self.rust = build.language, build.language == "rust"
        self.how = f"text, with the body's {theirs['with']}" if "with" in theirs else "text"

    def same_place(self):
        """Unless both say where it is, and not the same. What is at the same place is the same."""
        address = number_of(self.value.get("address"))
        if address is not None and "address" in self.said:
            return address == self.said["address"] and self.value["size"] in (0, self.said["size"])
        place = self.said.get("place", "")
        register = re.fullmatch(r"a variable in \$(\w+)(?:, length \d+\.)?", place)
        # At the body our register may be another one that still holds what was passed.
        if self.value.get("register") and register and self.stop.is_pop():
            return self.value["register"] == register[1]
        return True

    def parts(self):
        """The prologue, instruction by instruction."""
        return (self.stop.body or self.stop).event["parts"] or []

    def __str__(self):
        return (f"{self.stop}, {self.what}: ours {self.ours}, gdb's {self.theirs} "
                f"({self.type})")


class Comparison:
    """All stops of one run. build: a name with compiler and flags in it, language: of its main
    source; varying(stop, name): is this value another one in each run?"""

    def __init__(self, build, language, varying=lambda stop, name: False):
        self.build, self.language, self.varying = build, language, varying
        self.faults, self.counts, self.used = [], Counter(), Counter()

    def fault(self, text):
        self.faults.append(text)

    def compare(self, chosen):
        threaded = len({stop.event["tid"] for stop in chosen.values()}) > 1
        for stop in chosen.values():
            if threaded and (stop.said is None or stop.body and stop.body.said is None):
                self.counts["not met again: a thread had another stack"] += 1
                continue
            if stop.said is None:
                self.fault(f"gdb never was at {stop}, rsp {stop.rsp:#x}, number {stop.nth}")
                continue
            self.counts["stops"] += 1
            if "failed" in stop.said:
                failed = {"text": "gdb fails: " + stop.said["failed"]}
                self.excuse([Case(self, stop, None, failed, "frame")])
                continue
            self.frame(stop)
            self.saved_registers(stop)
            self.variables(stop)
            if stop.returned:
                self.returned(stop)

    def frame(self, stop):
        for what, mine in (("cfa", stop.event["cfa"]), ("saved_rip", stop.event["return_address"])):
            if number_of(mine) != stop.said[what]:
                self.fault(f"{stop}: {what} is {mine}, gdb's {stop.said[what] or 0:#x}")
            self.counts["CFA and return address"] += 1

    def saved_registers(self, stop):
        """At the body, where the prologue's pushes put them."""
        parts, off, pushed = stop.event["parts"], 0, {}
        if stop.is_pop() or not parts:
            return
        for text, size in parts:
            off += size
            if text.startswith("push r"):
                pushed.setdefault(text.removeprefix("push "), number_of(stop.event["cfa"]) + off)
        for name, at in stop.said["saved"].items():
            if name == "rip":
                pushed[name] = number_of(stop.event["cfa"]) - 8
            if name in pushed and pushed[name] != at:
                self.fault(f"{stop}: {name} is saved at {pushed[name]:#x}, gdb's {at:#x}")
            self.counts["saved registers"] += name in pushed

    # -- variables --

    def variables(self, stop):
        known = {}  # gdb finds what an abstract block declares in each of its instances
        for one in stop.said["variables"]:
            if not one["name"].startswith("__"):
                known.setdefault((one["name"], one["line"], one["argument"], one.get("address"),
                                  one.get("text")), one)
        for kind in ("args", "locals") if stop.is_pop() else ("args",):
            ours = [v for v in stop.event.get(kind) or [] if v["name"]]
            rest = [v for v in known.values() if v["argument"] == (kind == "args")]
            for mine in ours:
                self.variable(stop, mine, rest)
            if self.language != "rust" and stop.event.get(kind) is not None:
                for left in rest:
                    if all_unknown(normal(left.get("text"))):
                        continue  # a label, perhaps
                    self.fault(f"{stop}: no {left['name']}, gdb's {left.get('text')}")

    def variable(self, stop, mine, rest):
        """Variables may have the same name in several blocks: one that agrees is the one."""
        named = [v for v in rest if v["name"] == mine["name"]]
        if not named:
            self.counts["unknown to gdb"] += 1
            return
        if self.varying(stop, mine["name"]):
            self.counts["not compared: another value in each run"] += 1
            rest.remove(named[0])
            return
        cases = [Case(self, stop, mine, theirs, mine["name"]) for theirs in named]
        agreeing = [case for case in cases if self.agrees(case)]
        # Both may not know one of them while gdb knows another.
        excused = any(excuses.of(case) for case in cases)
        if agreeing and (self.same(agreeing[0]) or not excused):
            self.counts[f"{stop.kind} {agreeing[0].how}"] += 1
            rest.remove(agreeing[0].said)
        else:
            rest.remove(self.excuse(cases).said)

    def excuse(self, cases):
        """Counts the excuse of the first case that has one, or faults; gives that case."""
        for case in cases:
            excuse = excuses.of(case)
            if excuse:
                self.used[excuse] += 1
                return case
        said = {key: value for key, value in cases[0].said.items() if key not in ("leaves", "text")}
        self.fault(f"{cases[0]} {json.dumps(said)}")
        return cases[0]

    @staticmethod
    def same(case):
        return same_text(case.ours, case.theirs) or \
            case.rust and rust_plain(case.ours) == rust_plain(case.theirs)

    def agrees(self, case):
        if not case.same_place():
            return False
        if self.same(case) or not_known(case.ours) and all_unknown(case.theirs):
            return True
        entered = self.at_entry(case)
        if entered is None:
            return False
        case.how = "text, at the entry"
        pointer = re.match(r"0x[0-9a-f]+(?= )", case.ours)
        if pointer and case.stop.is_pop():  # what it points to may have changed
            return normal(entered["text"]).split()[0] == pointer[0]
        return self.same(Case(self, case.stop, case.value, entered, case.what))

    @staticmethod
    def at_entry(case):
        """What gdb said of an argument at the function's first instruction, if it is gone at the
        body, or is what it was there: gdb asks the call site for that, which may not tell, or be
        another function's, which jumped here."""
        push = case.stop.body or case.stop
        if push.said is None or not case.said.get("argument"):
            return None
        gone = not case.stop.is_pop() and case.theirs == "<optimised out>"
        if not gone and "entry_value" not in case.said["place"]:
            return None
        texts = [push.said["entered"].get(case.name)]
        texts += [v.get("text") for v in push.said["variables"] if v["name"] == case.name]
        known = [text for text in texts if text and text != "<optimized out>"]
        return {"text": known[0], "place": "", "name": case.name} if known else None

    def returned(self, stop):
        ours = stop.event.get("return")
        if ours is None or self.varying(stop, None):
            return
        case = Case(self, stop, ours, stop.returned, "returned")
        if self.same(case):
            self.counts["returned"] += 1
        else:
            self.excuse([case])
