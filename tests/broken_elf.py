#!/usr/bin/env python3
"""broken_elf - cut files, hostile headers, flipped bytes: a status, one line at most, no hang.

# test: up to 240 s

The same variants in every run (fixed seeds). Each is listed; if the kernel still runs it, it is
also traced, and must then end as it does alone.
"""
import os
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from lib import tap
from lib.trace import BUILD, FRAMETRACE, run

LIMIT = 10  # seconds
HOSTILE = (0, 1, 7, 0x7f, 0xffff, 0x7fffffff, 0xffffffff, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)
HEADER = "<16sHHIQQQIHHHHHH"
SECTION = "<IIQQQQIIQQ"
SEGMENT = "<IIQQQQQQ"


class Elf:
    """Where the headers and sections of a good file are."""

    def __init__(self, path):
        self.bytes = path.read_bytes()
        fields = struct.unpack_from(HEADER, self.bytes)
        self.phoff, self.shoff, self.phnum, self.shnum, shstrndx = (
            fields[5], fields[6], fields[10], fields[12], fields[13])
        names = self.section(shstrndx)[4]
        self.sections = {}
        for i in range(self.shnum):
            header = self.section(i)
            name = self.bytes[names + header[0]:].split(b"\0", 1)[0].decode()
            self.sections[name] = (header[4], header[5] if header[1] != 8 else 0)

    def section(self, i):
        return struct.unpack_from(SECTION, self.bytes, self.shoff + i * struct.calcsize(SECTION))


def with_field(elf, at, layout, index, value):
    """The file with one field of a header changed; value is cut to the field's width."""
    fields = list(struct.unpack_from(layout, elf.bytes, at))
    width = struct.calcsize("<" + layout[1 + index])
    fields[index] = value & ((1 << (8 * width)) - 1)
    changed = bytearray(elf.bytes)
    struct.pack_into(layout, changed, at, *fields)
    return bytes(changed)


def truncated(elf, dice, count):
    whole = len(elf.bytes)
    lengths = [0, 1, 4, 16, 52, 63, 64, 65, elf.phoff + 20, elf.shoff, elf.shoff + 1, whole - 1,
               whole - 64]
    lengths += [dice.randrange(whole) for _ in range(count - len(lengths))]
    for length in lengths:
        yield f"cut at {length}", elf.bytes[:length]


def section_headers(elf, dice, count):
    for _ in range(count):
        i, field, value = dice.randrange(elf.shnum), dice.randrange(10), dice.choice(HOSTILE)
        at = elf.shoff + i * struct.calcsize(SECTION)
        yield (f"section {i} field {field} = {value:#x}",
               with_field(elf, at, SECTION, field, value))


def segments(elf, dice, count):
    for _ in range(count):
        i, field, value = dice.randrange(elf.phnum), dice.randrange(8), dice.choice(HOSTILE)
        at = elf.phoff + i * struct.calcsize(SEGMENT)
        yield (f"segment {i} field {field} = {value:#x}",
               with_field(elf, at, SEGMENT, field, value))


def file_header(elf, dice, count):
    for _ in range(count):
        offset, value = dice.randrange(4, 64), dice.choice((0, 1, 0x7f, 0xff))
        changed = bytearray(elf.bytes)
        changed[offset] = value
        yield f"byte {offset} = {value:#x}", bytes(changed)


def debug_bytes(elf, dice, count):
    names = sorted(name for name, (_, size) in elf.sections.items()
                   if size and (name.startswith(".debug_") or name in (".eh_frame", ".symtab",
                                                                       ".strtab", ".dynsym")))
    for i in range(count):
        name = names[i % len(names)]
        offset, size = elf.sections[name]
        changed = bytearray(elf.bytes)
        for _ in range(dice.choice((1, 2, 8, 32))):
            at = offset + dice.randrange(min(size, 4096) if dice.random() < 0.7 else size)
            changed[at] = dice.choice((0, 0xff, 0x80, changed[at] ^ (1 << dice.randrange(8))))
        yield f"{name} changed ({i})", bytes(changed)


def ended(argv):
    """How a run ended, or None if it did not."""
    try:
        return run(argv, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return None
    except OSError:
        return False  # the kernel does not take it


def complaint(ran, allowed):
    if ran is None:
        return f"no end within {LIMIT} s"
    if ran.status < 0 and ran.status not in allowed:
        return f"ended by signal {-ran.status}: {ran}"
    if sum(line.startswith(b"frametrace:") for line in ran.err.splitlines()) > 1:
        return f"more than one line: {ran}"
    return None


def judge(path, content):
    """What is wrong with how frametrace takes this file, in words."""
    path.write_bytes(content)
    path.chmod(0o755)
    wrong = []
    for words in (["list"], ["frames", "-v"]):
        why = complaint(ended([FRAMETRACE, *words, path]), ())
        if why:
            wrong.append(f"{words[0]}: {why}")
    alone = ended([path])
    if alone:
        traced = ended([FRAMETRACE, "-q", "-o", "/dev/null", path])
        why = complaint(traced, (alone.status,))
        if not why and traced.status != alone.status and b"frametrace:" not in traced.err:
            why = f"alone {alone.status}, traced {traced}"
        if why:
            wrong.append("traced: " + why)
    return wrong


def check(path, directory, kinds):
    elf = Elf(path)
    for kind, count in kinds:
        dice = random.Random(f"{path.name} {kind.__name__}")
        notes, tried = [], 0
        for what, content in kind(elf, dice, count):
            tried += 1
            wrong = judge(directory / "variant", content)
            notes += [f"{what}: {line}" for line in wrong]
            if wrong and os.environ.get("KEEP"):
                name = f"{path.name}-{kind.__name__}-{tried}"
                (Path(os.environ["KEEP"]) / name).write_bytes(content)
        tap.ok(not notes, f"{path.name}: {kind.__name__}, {tried} variants", *notes)


def main():
    programs = [BUILD / "demos/double_c", BUILD / "demos/double"]
    if not programs[0].exists():
        tap.skip_all("the demos are not built: make demos")
    with tempfile.TemporaryDirectory() as directory:
        check(programs[0], Path(directory), ((truncated, 50), (section_headers, 60),
                                             (segments, 25), (file_header, 20), (debug_bytes, 60)))
        if programs[1].exists():
            check(programs[1], Path(directory), ((truncated, 20), (debug_bytes, 20)))
    tap.done()


if __name__ == "__main__":
    sys.exit(main())
