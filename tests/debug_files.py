#!/usr/bin/env python3
"""debug_files - wherever the debug information is, the trace is that of the plain build.

# test: up to 240 s

One small program, in C and in C++, by gcc and clang, with DWARF 4 and 5: stripped with its debug
information in another file, moved by dwz, split, packaged, in type units, compressed, linked by an
optimising linker. And debug files that are missing, another build's, cut or damaged: a note, and
the program is traced by its symbols.
"""
import json
import os
import random
import re
import shutil
import sys
import tempfile
from pathlib import Path

from lib import tap
from lib.trace import FRAMETRACE, run

FILES = {
    "shape.h": """
enum colour { RED, GREEN = 5 };
struct point { int x, y; struct point *next; };
struct deep { struct point p[2]; enum colour c; const char *name; };
int scale(struct point *p, int by);
long total(const struct deep *d, int n);
""",
    "main.c": """
#include "shape.h"
static int twice(int n) { int r = n * 2; return r; }
int main(void)
{
	struct deep d = {{{1, 2, 0}, {3, 4, 0}}, GREEN, "name"};
	int a = twice(21);
	int b = scale(&d.p[1], a);
	return total(&d, b) == 0;
}
""",
    "other.c": """
#include "shape.h"
int scale(struct point *p, int by)
{
	int old = p->x;
	{ int inner = old * by; p->x = inner; }
	p->y *= by;
	return p->x + old;
}
long total(const struct deep *d, int n)
{
	long sum = d->c;
	for (int i = 0; i < 2; i++) { long part = d->p[i].x; sum += part * n; }
	return sum;
}
""",
    "box.h": """
namespace ns {
template <typename T> struct Box { T v; Box *next; T twice() const { T r = v * 2; return r; } };
struct Base { int id; };
struct Item : Base { Box<long> b; enum Kind { SMALL, LARGE } kind; int weigh(int by) const; };
int sum(const Item *items, int n);
}
""",
    "main.cpp": """
#include "box.h"
int main()
{
	ns::Item items[2] = {{{1}, {10, nullptr}, ns::Item::SMALL}, {{2}, {20, nullptr},
			     ns::Item::LARGE}};
	int s = ns::sum(items, 2);
	return s == 0;
}
""",
    "other.cpp": """
#include "box.h"
namespace ns {
int Item::weigh(int by) const { int w = (int)b.twice() * by; return w + id; }
int sum(const Item *items, int n)
{
	int s = 0;
	for (int i = 0; i < n; i++) { Item copy = items[i]; s += copy.weigh(i); }
	return s;
}
}
""",
}
COMPILERS = {"c": ("gcc", "clang"), "cpp": ("g++", "clang++")}
WANTED = {"c": ["main", "twice", "scale", "total"],
          "cpp": ["main", "ns::sum", "ns::Item::weigh", "ns::Box<long>::twice",
                  "ns::Item::weigh", "ns::Box<long>::twice"]}
LIMIT = 30


class ToolError(Exception):
    pass


def do(*argv, cwd=None):
    done = run(argv, timeout=LIMIT, cwd=cwd)
    if done.status != 0:
        raise ToolError(f"{' '.join(map(str, argv))}: {done}")


def hide(text):
    """Addresses differ from build to build."""
    return text and re.sub(r"0x[0-9a-f]{6,16}", "ADDRESS", text)


def values(variables):
    return [(v["name"], v["type"], hide(v["value"])) for v in variables or ()]


def told(program, environment=None):
    """What a trace tells of frames, the notes, and how frametrace ended."""
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "trace"
        ran = run([FRAMETRACE, "-v", "--format=json", "-o", out, "--", program], timeout=LIMIT,
                  env=dict(os.environ, **(environment or {})))
        events = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    frames = [(e["event"], e["function"], Path(e.get("file") or "").name, e.get("line"), e["delta"],
               values(e.get("args")), values(e.get("locals")), (e.get("return") or {}).get("value"))
              for e in events if e.get("event") in ("push", "pop")]
    return frames, ran


def names_of(frames):
    return [f[1].replace("long int", "long") for f in frames if f[0] == "push"]


class Build:
    """One language, compiler and version of DWARF; its plain program is the reference."""

    def __init__(self, top, language, compiler, version):
        self.top, self.language, self.compiler, self.version = top, language, compiler, version
        self.name = f"{compiler} -gdwarf-{version}"
        self.plain = self.make("plain")
        self.want, ran = told(self.plain)
        good = names_of(self.want) == WANTED[language] and all(f[3] for f in self.want)
        tap.ok(good and ran.status == 0, f"{self.name}: plain", *self.want, ran)

    def make(self, name, *flags, optimise="-O0"):
        if self.language == "cpp":
            flags = ("-std=c++17", *flags)
        directory = self.top / f"{self.compiler}-{self.version}-{name}"
        directory.mkdir()
        objects = []
        for source in ("main", "other"):
            objects.append(f"{source}.o")
            do(self.compiler, "-g", f"-gdwarf-{self.version}", optimise, *flags, "-I", self.top,
               "-c", self.top / f"{source}.{self.language}", "-o", objects[-1], cwd=directory)
        linking = [f for f in flags if f.startswith("-flto")]
        do(self.compiler, "-g", optimise, *linking, "-Wl,--build-id", *objects, "-o", "program",
           cwd=directory)
        return directory / "program"

    def copy(self, name):
        directory = self.top / f"{self.compiler}-{self.version}-{name}"
        directory.mkdir()
        return Path(shutil.copy(self.plain, directory / "program"))

    def same(self, what, program, **environment):
        got, ran = told(program, environment)
        wrong = [f"{w}\n{g}" for w, g in zip(self.want, got) if w != g]
        tap.ok(got == self.want and ran.status == 0, f"{self.name}: {what}",
               f"{len(got)} events, {len(self.want)} wanted", *wrong[:3], ran)


def with_debug_file(build, name, place):
    """A stripped copy; its debug file lies at `place` in its directory."""
    program = build.copy(name)
    debug = program.parent / place
    debug.parent.mkdir(parents=True, exist_ok=True)
    do("objcopy", "--only-keep-debug", program, debug)
    do("strip", program)
    return program, debug


def build_id(program):
    text = run(["readelf", "-n", program]).out.decode()
    return re.search(r"Build ID: ([0-9a-f]+)", text).group(1)


def link_of(program, debug, build=None):
    """Without a build id only the checksum tells that the two belong together."""
    if build:
        do("objcopy", "--remove-section=.note.gnu.build-id", program)
        do("objcopy", "--remove-section=.note.gnu.build-id", debug)
    do("objcopy", f"--add-gnu-debuglink={debug}", program)


def separate(build):
    program, debug = with_debug_file(build, "link", "program.debug")
    link_of(program, debug)
    build.same("debug link, beside it", program)
    program, debug = with_debug_file(build, "crc", ".debug/program.debug")
    link_of(program, debug, build)
    build.same("debug link by checksum, in .debug", program)
    program, debug = with_debug_file(build, "root", "root/program.debug")
    link_of(program, debug)
    tree = program.parent / "root" / str(program.parent.resolve()).lstrip("/")
    tree.mkdir(parents=True)
    debug.rename(tree / debug.name)
    build.same("debug link, under a debug directory", program,
               FRAMETRACE_DEBUG_DIR=f"/nowhere:{program.parent / 'root'}")
    program, debug = with_debug_file(build, "id", "root/program.debug")
    number = build_id(program)
    place = program.parent / "root/.build-id" / number[:2] / (number[2:] + ".debug")
    place.parent.mkdir(parents=True)
    debug.rename(place)
    build.same("build id", program, FRAMETRACE_DEBUG_DIR=str(program.parent / "root"))


def compressed(build):
    for kind in ("zlib-gnu", "zlib"):
        program = build.copy(kind)
        do("objcopy", f"--compress-debug-sections={kind}", program)
        build.same(f"sections compressed, {kind}", program)


def shared(build):
    if not shutil.which("dwz"):
        tap.skip(f"{build.name}: dwz", "dwz is not installed")
        return
    program = build.copy("dwz")
    run(["dwz", program])  # what is too small to gain is left as it was
    build.same("dwz", program)
    program = build.copy("dwz-multi")
    second = Path(shutil.copy(program, program.with_name("second")))
    third = Path(shutil.copy(program, program.with_name("third")))
    run(["dwz", "-m", "common", program, second, third], cwd=program.parent)
    if b".gnu_debugaltlink" not in program.read_bytes():
        tap.skip(f"{build.name}: dwz, several files", "dwz finds nothing to share")
        return
    build.same("dwz, several files", program)
    (program.parent / "common").rename(program.parent / "gone")
    lost(build, "dwz, its file is gone", program, "common")


def packager(build):
    """binutils' dwp makes packages of DWARF 4; llvm-dwp of clang's DWARF 5."""
    return "dwp" if build.version == 4 else "llvm-dwp" if "clang" in build.compiler else None


def split(build):
    for name, flags in (("split", ()), ("split-types", ("-fdebug-types-section",))):
        program = build.make(name, "-gsplit-dwarf", *flags)
        build.same(f"{name}, .dwo files", program)
        tool = packager(build)
        if tool and shutil.which(tool):
            do(tool, "-e", program, "-o", f"{program}.dwp", cwd=program.parent)
            for dwo in program.parent.glob("*.dwo"):
                dwo.unlink()
            build.same(f"{name}, a package by {tool}", program)
            Path(f"{program}.dwp").unlink()
        elif tool:
            tap.skip(f"{build.name}: {name}, a package", f"{tool} is not installed")
        for dwo in program.parent.glob("*.dwo"):
            dwo.unlink()
        lost(build, f"{name}, the .dwo files are gone", program, "main.dwo")


def lost(build, what, program, word, **environment):
    """Frames by symbols, and a note that has the word."""
    got, ran = told(program, environment)
    text = run([FRAMETRACE, "--", program], timeout=LIMIT,
               env=dict(os.environ, **environment)).err.decode()
    notes = [line for line in text.splitlines() if "note:" in line and word in line]
    tap.ok(ran.status == 0 and {"main"} <= set(names_of(got)) and notes,
           f"{build.name}: {what}", names_of(got), ran, text)


def linked(build):
    """The linker's optimiser makes one unit of all, which refers to the others' declarations."""
    if shutil.which("ld.lld") is None and "clang" in build.compiler:
        tap.skip(f"{build.name}: -flto", "lld is not installed")
        return
    flags = ["-flto", "-fno-inline"]
    if "clang" in build.compiler:
        flags.append("-flto=full")
    try:
        program = build.make("lto", *flags, optimise="-O1")
    except ToolError as error:
        tap.skip(f"{build.name}: -flto", str(error).splitlines()[0][:80])
        return
    got, ran = told(program)
    pushes, plain = first_pushes(got), first_pushes(build.want)
    wrong = [f for name, f in pushes.items() if name in plain and
             (f[2], parameters(f)) != (plain[name][2], parameters(plain[name]))]
    tap.ok(ran.status == 0 and "main" in pushes and len(pushes) >= 2 and not wrong,
           f"{build.name}: -flto", *wrong, *got, ran)


def parameters(frame):
    return [(name, kind) for name, kind, _ in frame[5]]


def first_pushes(frames):
    return {f[1]: f for f in reversed(frames) if f[0] == "push"}


def mismatched(build):
    """Files that do not belong to the program are not used."""
    other = build.make("another", "-DANOTHER=1", "-O1")
    program, debug = with_debug_file(build, "mismatch", "program.debug")
    link_of(program, debug)
    do("objcopy", "--only-keep-debug", other, debug)
    lost_by_cfi(build, "a debug file of another build", program, "build id")
    program, debug = with_debug_file(build, "bad-crc", "program.debug")
    link_of(program, debug, build)
    with open(debug, "ab") as file:
        file.write(b"x")
    lost_by_cfi(build, "a debug file with another checksum", program, "checksum")
    program = build.make("stale", "-gsplit-dwarf")
    stale = build.make("stale-other", "-gsplit-dwarf", "-DANOTHER=1", "-O1")
    shutil.copy(stale.with_name("other.dwo"), program.with_name("other.dwo"))
    lost(build, "a .dwo file of another build", program, "other.dwo")


def lost_by_cfi(build, what, program, word):
    """No symbols are left: frames by call frame information."""
    ran = run([FRAMETRACE, "--", program], timeout=LIMIT)
    text = ran.err.decode()
    notes = [line for line in text.splitlines() if "note:" in line and word in line]
    tap.ok(ran.status == 0 and "> fn_0x" in text and notes, f"{build.name}: {what}", ran)


def damaged(good, dice, count):
    for _ in range(count):
        if dice.random() < 0.4:
            yield good[:dice.randrange(len(good))]
            continue
        bad = bytearray(good)
        for _ in range(dice.choice((1, 4, 16, 64))):
            bad[dice.randrange(len(bad))] = dice.choice((0, 1, 0x7f, 0x80, 0xff))
        yield bytes(bad)


def hostile(build):
    """A damaged debug file: frametrace ends as the program does, in time."""
    cases = []
    program, debug = with_debug_file(build, "hostile", "program.debug")
    link_of(program, debug)
    cases.append((program, debug))
    program = build.make("hostile-split", "-gsplit-dwarf", "-fdebug-types-section")
    cases.append((program, program.with_name("other.dwo")))
    if packager(build) and shutil.which(packager(build)):
        program = build.make("hostile-package", "-gsplit-dwarf", "-fdebug-types-section")
        do(packager(build), "-e", program, "-o", f"{program}.dwp", cwd=program.parent)
        cases.append((program, Path(f"{program}.dwp")))
    for program, file in cases:
        good, wrong, dice = file.read_bytes(), [], random.Random(f"{build.name} {file.name}")
        for n, bad in enumerate(damaged(good, dice, 40)):
            file.write_bytes(bad)
            ran = run([FRAMETRACE, "-q", "-v", "-o", "/dev/null", "--", program], timeout=LIMIT)
            if ran.status != 0:
                wrong.append(f"{n}: {ran}")
                if os.environ.get("KEEP"):
                    (Path(os.environ["KEEP"]) / f"{file.name}-{n}").write_bytes(bad)
        tap.ok(not wrong, f"{build.name}: {file.name} damaged", *wrong)


def main():
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory).resolve()
        for name, text in FILES.items():
            (top / name).write_text(text)
        for language, compilers in COMPILERS.items():
            for compiler in compilers:
                for version in (4, 5):
                    if shutil.which(compiler) is None:
                        tap.skip(f"{compiler} -gdwarf-{version}", "not installed")
                        continue
                    build = Build(top, language, compiler, version)
                    build.same("type units", build.make("types", "-fdebug-types-section"))
                    compressed(build)
                    shared(build)
                    split(build)
                    linked(build)
                    if language == "c":
                        separate(build)
                    if language == "cpp" or compiler == "gcc":
                        hostile(build)
                    if (compiler, version) in (("gcc", 5), ("clang", 4)):
                        mismatched(build)
    tap.done()


if __name__ == "__main__":
    sys.exit(main())
