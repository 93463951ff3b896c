"""samples - the programs in tests/samples and demos, and how to build them with other flags.

A sample says in comments near its top how it is built and run:
    // flags: -pthread          more compiler and linker flags
    // args: 3 four             its arguments
    // status: 3                its exit status or fatal signal (SIGSEGV), 0 if not said
    // only: gcc                compilers it is for (gcc, clang, rustc)
    // not: instrument gdb      tests that leave it out; another comment has the reason
    // varies: calls            its calls differ from run to run
    // needs: lib.c             built first, beside it; lib.c says: // library: loaded opened,
                                which gives libloaded.so (-DNAME=loaded) and libopened.so
"""
import hashlib
import os
import re
import shutil
import signal
import threading
from pathlib import Path

from lib.trace import BUILD, SOURCE, run

LANGUAGES = {".c": "c", ".cpp": "c++", ".cc": "c++", ".rs": "rust", ".S": "asm"}
COMPILERS = {"c": ["gcc", "clang"], "asm": ["gcc", "clang"], "c++": ["g++", "clang++"],
             "rust": ["rustc"]}
HELPERS = {"instrument"}  # linked into others, not programs


class Sample:
    def __init__(self, source):
        self.source = source
        self.name = source.name
        self.language = LANGUAGES[source.suffix]
        head = "\n".join(source.read_text(errors="replace").splitlines()[:40])
        self.words = {key: value.split()
                      for key, value in re.findall(r"^\s*(?://|#|\*) (\w+): (.*)$", head, re.M)}
        self.flags = self.words.get("flags", [])
        self.args = self.words.get("args", [])
        status = self.words.get("status", ["0"])[0]
        self.status = -getattr(signal, status) if status.startswith("SIG") else int(status)
        self.needs = [Sample(source.with_name(n)) for n in self.words.get("needs", [])]

    def is_program(self):
        return "library" not in self.words and self.source.stem not in HELPERS

    def is_for(self, test):
        return test not in self.words.get("not", [])

    def varies(self):
        return "varies" in self.words

    def compilers(self):
        only = self.words.get("only")
        return [c for c in COMPILERS[self.language] if only is None or c in only]


def all_samples(*languages):
    found = [Sample(p) for p in sorted((SOURCE / "tests/samples").iterdir())
             if p.suffix in LANGUAGES]
    return [s for s in found if s.is_program() and (not languages or s.language in languages)]


def compiler_path(compiler):
    path = shutil.which(compiler)
    if path is None and compiler == "rustc":
        path = shutil.which("rustc", path=os.path.expanduser("~/.cargo/bin"))
    return path


class BuildError(Exception):
    pass


def compile_to(output, command):
    """Runs a compiler in output's directory; the file appears whole or not at all."""
    temporary = output.with_name(f"{output.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    done = run([*command, "-o", temporary], timeout=120, cwd=output.parent)
    if done.status != 0:
        raise BuildError(f"{' '.join(map(str, command))}:\n{done.err.decode(errors='replace')}")
    temporary.rename(output)


def build(sample, compiler, *flags, extra=()):
    """Builds a sample, once for each set of flags. Returns the program's path."""
    path = compiler_path(compiler)
    if path is None:
        raise BuildError(f"{compiler} is not installed")
    if sample.needs:  # a shared library cannot be linked statically
        flags = [f for f in flags if f != "-static"]
    sources = [sample.source, *extra]
    files = [*sources, *(needed.source for needed in sample.needs)]
    stamp = "".join(f"{s}{s.stat().st_mtime_ns}" for s in files)
    key = hashlib.sha256(repr((path, flags, sample.flags, stamp)).encode()).hexdigest()[:12]
    program = BUILD / "matrix" / key / sample.source.stem
    if program.exists():
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    if compiler == "rustc":
        compile_to(program, [path, "--edition=2021", *flags, *sample.flags, sample.source])
        return program
    for needed in sample.needs:
        for name in needed.words["library"]:
            compile_to(program.with_name(f"lib{name}.so"),
                       [path, "-g", "-shared", "-fPIC", f"-DNAME={name}", needed.source])
    compile_to(program, [path, *flags, *sources, *sample.flags, "-lm"])
    return program


class Program:
    """Something to run. status as subprocess has it; None: not said."""

    def __init__(self, name, argv, status=None, varies=False):
        self.name, self.argv, self.status, self.varies = name, argv, status, varies


def programs():
    """Every sample with its default flags, and the built demos that end by themselves."""
    found = []
    for sample in all_samples():
        compiler = sample.compilers()[0]
        flags = ["-g"] if compiler == "rustc" else ["-g", "-O0"]
        found.append(Program(sample.name, [build(sample, compiler, *flags), *sample.args],
                             sample.status, sample.varies()))
    for program in sorted((BUILD / "demos").glob("*")):
        stem = re.sub(r"_(c|O\d)$", "", program.name)
        source = SOURCE / "demos" / (stem + (".rs" if stem == program.name else ".c"))
        if source.exists() and Sample(source).is_for("run"):
            sample = Sample(source)
            found.append(Program("demos/" + program.name, [program, *sample.args],
                                 varies=sample.varies()))
    return found


if __name__ == "__main__":
    for each in programs():
        print(f"{each.name:24} {each.argv[0]}")
