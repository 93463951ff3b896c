"""space - programs that wait, and what frametrace says of their address spaces."""
import json
import re
import subprocess
from pathlib import Path

from lib.trace import FRAMETRACE, SOURCE, run
from validate_events import Schema

SCHEMA = Schema(json.loads((SOURCE / "docs/events.schema.json").read_text()))


def region_at(regions, address):
    for region in regions:
        if int(region["from"], 16) <= address < int(region["to"], 16):
            return region
    return {"kind": None, "parts": []}


def part_at(region, address):
    for part in region["parts"]:
        if int(part["from"], 16) <= address < int(part["to"], 16):
            return part["name"]
    return None


class Sleeper:
    """A program that sleeps once it has written a certain line."""

    def __init__(self, argv, line, **options):
        self.child = subprocess.Popen([str(a) for a in argv], stdout=subprocess.PIPE, text=True,
                                      **options)
        self.pid = self.child.pid
        self.lines = []
        for text in self.child.stdout:
            self.lines.append(text.rstrip("\n"))
            if line in text:
                break
        self.wait_until_blocked()

    def wait_until_blocked(self):
        """Reads /proc until no thread runs any more, or the program has ended."""
        while True:
            states = [path.read_text().rpartition(")")[2].split()[0]
                      for path in Path(f"/proc/{self.pid}/task").glob("*/stat")]
            if all(state in "SZTD" for state in states):
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()


def lines_of(*words, **options):
    """The lines of JSON that were written; each fits the schema."""
    done = run([FRAMETRACE, *words], **options)
    lines = [json.loads(line) for line in done.out.decode().splitlines() if line.startswith("{")]
    lines = [line for line in lines if "event" in line]
    for line in lines[:100]:
        assert not SCHEMA.faults(line), SCHEMA.faults(line)
    return lines


def maps_of(*words):
    found = lines_of("maps", "--json", *words)
    return found[-1] if found else {"regions": []}


def where(pid, *addresses):
    """What each address is, in the order given."""
    words = [a if isinstance(a, str) else hex(a) for a in addresses]
    found = lines_of("where", "--json", *words, str(pid))
    assert [line["address"] for line in found] == [hex(int(w, 16)) for w in words], found
    return found


def proc_maps(pid):
    return parse_maps(Path(f"/proc/{pid}/maps").read_text())


def parse_maps(text):
    return [re.fullmatch(r"(\w+)-(\w+) (\S+) (\w+) (\S+) (\d+) *(.*)", line).groups()
            for line in text.splitlines()]


def as_in_proc(regions):
    """Regions as the kernel writes them."""
    return [(f"{int(r['from'], 16):08x}", f"{int(r['to'], 16):08x}", r["permissions"],
             f"{r['offset']:08x}", r["device"], str(r["inode"]),
             (r["path"] or "").replace("\n", "\\012") + (" (deleted)" if r["deleted"] else ""))
            for r in regions]


def compile_c(directory, name, text, *options):
    """The path of a program made of that text."""
    source, program = directory / f"{name}.c", directory / name
    source.write_text(text)
    subprocess.run(["cc", "-g", "-O0", "-D_GNU_SOURCE", *options, "-o", program, source],
                   check=True)
    return program
