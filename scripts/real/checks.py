"""checks - what must hold of a trace. Each function yields one line per fault, at most a few."""
import bisect
import re
import subprocess
from collections import Counter
from pathlib import Path

SHOWN = 8
# What the compiler made without a line of source; hidden unless asked for with --all.
MADE_UP = re.compile(r"_GLOBAL__(sub_)?[ID]_|_Z\d+__static_initialization_and_destruction")


def output_of(*argv):
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True,
                          check=True).stdout


class Symbols:
    """The functions of a program: by address, with all names that an address has."""

    def __init__(self, program):
        self.names = {}
        for line in output_of("nm", program).splitlines():
            words = line.split()
            if len(words) == 3 and words[1] in "tTwWvViu":
                self.names.setdefault(int(words[0], 16), set()).add(words[2])
        self.starts = sorted(self.names)
        # Without ASLR the kernel puts every PIE here (2/3 of the user's addresses).
        is_pie = re.search(r"Type:\s+DYN", output_of("readelf", "-h", program))
        self.bias = 0x555555554000 if is_pie else 0
        self.begin, self.end = self.extent(program)

    @staticmethod
    def extent(program):
        loads = re.findall(r"^\s*LOAD\s+\S+\s+(0x[0-9a-f]+)\s+\S+\s+\S+\s+(0x[0-9a-f]+)",
                           output_of("readelf", "-lW", program), re.M)
        return (min(int(at, 16) for at, _ in loads),
                max(int(at, 16) + int(size, 16) for at, size in loads))

    def label(self, address):
        """One text for an address, the same in another build of the same sources."""
        return "/".join(sorted(self.names.get(address, {hex(address)})))

    def plain_names(self, address):
        """The names, with and without what gcc appends to a clone's (f.part.0, f.isra.0)."""
        names = self.names.get(address, set())
        return names | {name.partition(".")[0] for name in names}

    def entry_of(self, pc):
        """Where the function around pc begins; pc as the file counts."""
        at = bisect.bisect_right(self.starts, pc)
        return self.starts[at - 1] if at else None


def files_of_functions(program, addresses):
    """The source file of the function at each address; not that of a call inlined at its start."""
    listing = subprocess.run(["addr2line", "-a", "-i", "-e", program], text=True, check=True,
                             stdout=subprocess.PIPE, input="".join(f"{a:#x}\n" for a in addresses))
    files, current = {}, None
    for line in listing.stdout.splitlines():
        if line.startswith("0x"):
            current = int(line, 16)
        else:  # from the innermost outwards: the last one stays
            files[current] = Path(line.rpartition(":")[0])
    return files


class Code:
    """What the disassembly tells: where calls end, and which functions leave frames by a jump."""

    INSTRUCTION = re.compile(r"\s*([0-9a-f]+):\s")
    JUMPS = re.compile(r"call.*<(\w*longjmp\w*|__cxa_(re)?throw|_Unwind_Resume)(@plt)?>")

    def __init__(self, program):
        self.calls, self.leavers = set(), set()
        listing = subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", "-w", program],
                                   stdout=subprocess.PIPE, text=True)
        after, function = False, ""
        for line in listing.stdout:
            match = self.INSTRUCTION.match(line)
            if match:
                if after:
                    self.calls.add(int(match.group(1), 16))
                after = "call" in line
                if after and self.JUMPS.search(line):
                    self.leavers.add(function)
            elif line.endswith(">:\n"):
                function = line[line.index("<") + 1:-3].removesuffix(".cold")
        listing.wait()


class Stack:
    """Replays pushes and pops, and checks what every trace must keep, whatever the program."""

    def __init__(self, symbols, code):
        self.symbols, self.calls, self.leavers = symbols, code.calls, code.leavers
        self.jumped = None  # depth of the frame that was left last by a jump under way
        self.frames, self.faults = [], []
        self.open, self.seen = [], set()  # entries of the open frames; of all that were pushed
        self.pushes = self.pops = self.deepest = 0
        self.how, self.outside = Counter(), Counter()

    def fault(self, event, text):
        if len(self.faults) < SHOWN:
            self.faults.append(f"seq {event['seq']} {event['event']} {event['function']}: {text}")

    def take(self, event):
        if event["event"] == "push":
            self.push(event)
        else:
            self.pop(event)

    def push(self, event):
        self.pushes += 1
        cfa, rsp = int(event["cfa"], 16), int(event["rsp"], 16)
        if event["depth"] != len(self.frames):
            self.fault(event, f"depth {event['depth']}, {len(self.frames)} frames are open")
        if self.frames and cfa >= int(self.frames[-1]["cfa"], 16):
            self.fault(event, f"CFA {cfa:#x} is not below that of its caller "
                              f"{self.frames[-1]['function']}, {self.frames[-1]['cfa']}")
        if cfa % 8 or rsp >= cfa or event["delta"] != rsp - cfa:
            self.fault(event, f"cfa {cfa:#x}, rsp {rsp:#x}, delta {event['delta']}")
        if event["parts"] and sum(part[1] for part in event["parts"]) != event["delta"]:
            self.fault(event, f"parts {event['parts']} are not {event['delta']} in all")
        self.return_address(event)
        self.caller(event)
        keep = ("seq", "function", "cfa", "return_address", "depth", "symbol")
        self.frames.append({key: event[key] for key in keep})
        self.open.append(self.symbols.entry_of(int(event["pc"], 16) - self.symbols.bias))
        self.seen.add(self.open[-1])
        self.deepest = max(self.deepest, len(self.frames))

    def return_address(self, event):
        """It lies behind a call instruction of the program, or in a library."""
        if event["return_address"] is None:
            self.fault(event, "no return address")
            return
        address = int(event["return_address"], 16) - self.symbols.bias
        if address in self.calls:
            return
        place = re.sub(r"\+.*", "", event["return_symbol"] or "")
        if self.symbols.begin <= address < self.symbols.end or not place:
            self.fault(event, f"return address {address:#x} ({place}) is behind no call")
        else:
            self.outside[place] += 1

    def caller(self, event):
        """Where the return address is in a function that is traced, that is the open frame."""
        address = int(event["return_address"] or "0", 16) - self.symbols.bias
        entry = self.symbols.entry_of(address - 1) if address in self.calls else None
        if entry in self.seen and (not self.open or self.open[-1] != entry):
            inner = self.symbols.label(self.open[-1]) if self.open else "nobody"
            self.fault(event, f"called by {self.symbols.label(entry)}; the open frame is {inner}'s")

    def pop(self, event):
        self.pops += 1
        self.how[event["how"]] += 1
        if not self.frames:
            self.fault(event, "nothing is open")
            return
        top, entry = self.frames.pop(), self.open.pop()
        self.jump(event, entry)
        for key, value in top.items():
            mine = event["pushed_seq"] if key == "seq" else event[key]
            if mine != value:
                self.fault(event, f"{key} {mine}; the innermost frame has {value}")
        if event["how"] == "return" and event["rsp"] != event["cfa"]:
            self.fault(event, f"rsp {event['rsp']} after the return, CFA {event['cfa']}")

    def jump(self, event, entry):
        """A frame whose end we missed would look unwound, too: frames leave by a jump only from one
        that throws or jumps outwards. Between them the destructors of locals run."""
        if event["how"] in ("unwound", "longjmp"):
            if self.jumped is None and not self.leavers & self.symbols.names[entry]:
                self.fault(event, "unwound, but it neither throws nor jumps")
            self.jumped = event["depth"]
        elif self.jumped is not None and event["depth"] < self.jumped:
            self.jumped = None

    def end(self):
        if self.frames:
            self.faults.append(f"{self.pushes} pushes, {self.pops} pops; open at the end: "
                               f"{[f['function'] for f in self.frames[-SHOWN:]]}")
        return self.faults


class Sequence:
    """Compares calls and returns with a recording, as both are read."""

    def __init__(self, symbols, recorded, returns=True, unwound=False):
        self.symbols, self.recorded = symbols, recorded
        # An exception runs the hooks at the exit of each frame that it leaves; longjmp does not.
        self.exits = ("return", "tail call", *(["unwound"] if unwound else [])) if returns else ()
        self.near, self.faults, self.n = [], [], 0
        self.entries = {}  # of open frames, by seq

    def take(self, event):
        """A frame that longjmp or exit ended has no exit in a recording; nor is it in ours."""
        if event["event"] == "push":
            entry = self.symbols.entry_of(int(event["pc"], 16) - self.symbols.bias)
            self.entries[event["seq"]] = entry
            self.one(event, "E", entry)
            return
        entry = self.entries.pop(event["pushed_seq"], None)
        if event["how"] in self.exits:
            self.one(event, "X", entry)

    def one(self, event, kind, entry):
        if self.faults:
            return
        ours = (kind, self.symbols.label(entry) if entry is not None else "?")
        theirs = next(self.recorded, ("nothing", ""))
        self.n += 1
        name = event["symbol"] or event["function"]
        if theirs != ours:
            self.faults = [f"{self.n} (seq {event['seq']}): {ours}, recorded {theirs}",
                           f"before: {self.near}", f"recorded next: {self.some(SHOWN)}"]
        elif name not in self.symbols.plain_names(entry):
            self.faults = [f"seq {event['seq']}: {name} has the address of {ours[1]}"]
        self.near = [*self.near[1 - SHOWN:], ours]

    def leniently(self, _):
        return None

    def some(self, n):
        return [line for line, _ in zip(self.recorded, range(n))]

    def end(self):
        rest = self.some(SHOWN) if not self.faults else []
        if rest:
            self.faults = [f"after {self.n} calls and returns nothing more is reported; recorded: "
                           f"{rest}"]
        return self.faults


class HooksSequence(Sequence):
    """The comparison with a log of -finstrument-functions, of this run or of another build's."""

    def __init__(self, symbols, log, its_symbols, exceptions):
        super().__init__(symbols, hooks_log(log, its_symbols), unwound=exceptions)
        self.log, self.its_symbols, self.exceptions = log, its_symbols, exceptions

    def leniently(self, trace):
        """Once more, leaving aside at which moment an exception ended a frame; that it did must
        agree. Gives the comparison, or None if exceptions cannot be the reason."""
        unwound = unwound_calls(trace.events()) if self.exceptions else None
        if not unwound:
            return None
        log = hooks_log(self.log, self.its_symbols)
        again = Sequence(self.symbols, without_unwound(log, unwound))
        for event in trace.events():
            again.take(event)
        return again


def hooks_log(file, symbols):
    """The (E or X, name) of a recording by -finstrument-functions."""
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            kind, address = line.split()[:2]
            label = symbols.label(int(address, 16))
            if not MADE_UP.match(label):
                yield kind, label


def without_unwound(recorded, unwound):
    """A recording without the exits of the frames that were unwound: those of the n-th calls."""
    frames, n = [], 0
    for kind, label in recorded:
        if kind == "E":
            frames.append((label, n))
            n += 1
        else:
            while frames and frames[-1][0] != label:
                frames.pop()
            if frames and frames.pop()[1] in unwound:
                continue
        yield kind, label


def unwound_calls(events):
    """Which calls, counted from 0, were ended by an exception."""
    number, found = {}, set()
    for event in events:
        if event["event"] == "push":
            number[event["seq"]] = len(number)
        elif event["how"] == "unwound":
            found.add(number[event["pushed_seq"]])
    return found


def gdb_log(file, symbols):
    """The same of a recording by gdb, which has calls only."""
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            label = symbols.label(int(line, 16))
            if not MADE_UP.match(label):
                yield "E", label
