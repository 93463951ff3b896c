"""programs - what is fetched, how it is built, and what it is run on.

A program is a class with its package, its language, build(fetched, directory, flags, extra) and
runs(fetched, directory): the workload. Adding one is adding a class and a line in PROGRAMS.
"""
import json
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent


class BuildError(Exception):
    pass


def must(argv, **options):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, check=False,
                          **options)
    if done.returncode:
        raise BuildError(f"{' '.join(map(str, argv))}\n{done.stderr[-4000:]}")
    return done.stdout


class Run:
    """One run: arguments, standard input, files that lie in its directory beforehand, files that
    it leaves there, whether it starts other processes."""

    def __init__(self, *args, stdin=b"", files=(), outputs=(), children=False):
        self.args, self.stdin, self.files, self.outputs = args, stdin, dict(files), outputs
        self.children = children


class Native:
    """A C or C++ program, compiled file by file with no build system between."""

    language = "C"
    compiler = "gcc"
    flags = ()
    libraries = ()
    left_out = ()  # source files that are not traced, since they make too many calls
    repeats = True  # a second run makes the same calls

    def fetch(self, apt):
        return apt.source(self.package)

    def prepare(self, source, directory):
        """Writes what a configure script would have; gives further flags."""
        del source, directory
        return []

    def build(self, source, directory, flags, extra=()):
        directory.mkdir(parents=True, exist_ok=True)
        more = self.prepare(source, directory)
        program = directory / self.name
        must([self.compiler, "-g", "-w", *flags, *self.flags, *more, *self.sources(source), *extra,
              "-o", program, *self.libraries])
        return program


class Lua(Native):
    name, package = "lua5.4", "lua5.4"
    # The seed of string hashes would differ from run to run, and with it the number of calls.
    flags = ("-std=gnu99", "-DLUA_USE_LINUX", "-Dluai_makeseed(L)=1u")
    libraries = ("-lm", "-ldl")

    def prepare(self, source, directory):
        (directory / "lua5.4-deb-multiarch.h").write_text(
            '#define DEB_HOST_MULTIARCH "x86_64-linux-gnu"\n')
        return ["-I", directory]

    def sources(self, source):
        return sorted(f for f in (source / "src").glob("*.c") if f.name != "luac.c")

    def runs(self, source):
        del source
        return [Run("workload.lua", files={"workload.lua": (HERE / "workload.lua").read_bytes()})]


class Jq(Native):
    name, package = "jq", "jq"
    # At its start jq 1.6 binds every builtin to every other: 6 million calls in these two.
    left_out = ("compile.c", "bytecode.c")
    repeats = False  # the seed of its hashes is random
    libraries = ("-lm", "-lpthread")
    flags = ("-std=gnu99", "-D_GNU_SOURCE", "-DIEEE_8087=1", "-DUSE_DECNUM=0",
             *(f"-DHAVE_{what}=1" for what in (
                 "MEMMEM", "ISATTY", "STRPTIME", "STRFTIME", "TIMEGM", "GMTIME_R", "GMTIME",
                 "MKTIME", "LOCALTIME_R", "POW", "FLOOR", "SQRT", "LOG2", "FABS", "CEIL")))

    def prepare(self, source, directory):
        (directory / "src").mkdir(exist_ok=True)
        builtin = (source / "src/builtin.jq").read_text()
        quoted = builtin.replace("\\", "\\\\").replace('"', '\\"')
        included = "".join(f'"{line}\\n"\n' for line in quoted.splitlines())
        for place in (directory, directory / "src"):
            (place / "builtin.inc").write_text(included)
            (place / "version.h").write_text('#define JQ_VERSION "debian"\n')
            (place / "config_opts.inc").write_text('#define JQ_CONFIG ""\n')
        return ["-I", directory, "-I", source / "src", "-I", source]

    def sources(self, source):
        return sorted(f for f in (source / "src").glob("*.c") if f.name != "inject_errors.c")

    def runs(self, source):
        del source
        data = json.dumps([{"id": n, "name": f"name {n}", "tags": ["a", "b", n],
                            "deep": {"x": {"y": n / 4}}} for n in range(6)]).encode()
        return [
            Run("-c", "map(select(.id % 2 == 0) | {name, s: (.deep.x.y + 1), t: .tags[2]})"
                " | sort_by(-.s), (map(.tags[0]) | join(\"-\"))", stdin=data),
            Run(".[0] | try error(.name) catch \"caught \\(.)\", (.tags | map(tostring)), (1 / 0)",
                stdin=data),
            Run(".", stdin=b'{"broken": [1, 2'),
        ]


class Minigzip(Native):
    name, package = "minigzip", "zlib"
    flags = ("-DHAVE_UNISTD_H=1", "-DHAVE_STDARG_H=1")

    def sources(self, source):
        return [*sorted(source.glob("*.c")), source / "test/minigzip.c"]

    def build(self, source, directory, flags, extra=()):
        return super().build(source, directory, [*flags, "-I", source], extra)

    def runs(self, source):
        import gzip  # the compressed form is another implementation's
        text = (source / "ChangeLog").read_bytes()[:20000]
        return [Run(stdin=text), Run("-1", stdin=text[:8000]),
                Run("-d", stdin=gzip.compress(text, mtime=0)), Run("-d", stdin=b"not compressed")]


class Cpp(Native):
    language, compiler = "C++", "g++"


class Jsoncpp(Cpp):
    name, package = "jsontestrunner", "libjsoncpp"

    def sources(self, source):
        return [*sorted((source / "src/lib_json").glob("*.cpp")),
                source / "src/jsontestrunner/main.cpp"]

    def build(self, source, directory, flags, extra=()):
        return super().build(source, directory, [*flags, "-I", source / "include"], extra)

    def runs(self, source):
        data = source / "test/data"
        outputs = ("in.actual", "in.rewrite", "in.actual-rewrite")

        def one(name, *options):
            return Run(*options, "in.json", files={"in.json": (data / name).read_bytes()},
                       outputs=outputs)

        # The last is nested too deep: an exception leaves 2000 frames.
        return [one("legacy_test_complex_01.json"), one("legacy_test_comment_01.json"),
                one("legacy_test_real_01.json", "--json-writer", "BuiltStyledStreamWriter"),
                one("fail_test_array_01.json", "--json-checker"),
                one("fail_test_stack_limit.json", "--json-checker")]


class Ninja(Cpp):
    name, package = "ninja", "ninja-build"
    NOT_OURS = ("test.cc", "win32.cc", "bench.cc", ".in.cc", "browse.cc")

    def sources(self, source):
        files = sorted((source / "src").glob("*.cc"))
        return [file for file in files if not file.name.endswith(self.NOT_OURS)]

    def runs(self, source):
        del source
        rules = "rule cp\n command = cp $in $out\n description = copy $in\n"
        rules += "rule fail\n command = echo failing; exit 3\n"
        rules += "".join(f"build out{n}: cp {f'out{n - 1}' if n % 3 else 'in'}\n" for n in range(8))
        rules += "build all: phony out7 out5 out2\nbuild bad: fail in\ndefault all\n"
        files = {"build.ninja": rules.encode(), "in": b"content\n"}
        # Real children, one after the other, made by posix_spawn: a vfork that shares our memory.
        return [Run("-j1", files=files, outputs=("out7",), children=True),
                Run("-n", "-v", files=files), Run("-t", "graph", files=files),
                Run("-j1", "bad", files=files, children=True), Run("nothing", files=files)]


class Xmlparser:
    name, package, language = "parse", "xmlparser", "Rust"
    left_out, repeats = (), True

    def fetch(self, apt):
        return apt.crate(self.package)

    def build(self, source, directory, flags, extra=()):
        del extra
        directory.mkdir(parents=True, exist_ok=True)
        library = directory / "libxmlparser.rlib"
        edition = ("-g", "--edition", "2018", "--cap-lints", "allow", *flags)
        must(["rustc", *edition, "--crate-type=rlib", "--crate-name", "xmlparser", "-o", library,
              source / "src/lib.rs"])
        program = directory / self.name
        must(["rustc", *edition, "--extern", f"xmlparser={library}", "-o", program,
              source / "examples/parse.rs"])
        return program

    def runs(self, source):
        del source
        text = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE list [<!ENTITY e "v">]>\n<list>\n'
        text += "".join(f'  <item n="{n}" k=\'é\'>text &e; {n}</item><!-- {n} -->\n<e{n}/>'
                        for n in range(6))
        text += "<![CDATA[ raw ]]></list>\n"
        return [Run("in.xml", files={"in.xml": text.encode()}),
                Run("in.xml", files={"in.xml": b"<a b='1' b=>"}), Run()]


PROGRAMS = [Lua(), Jq(), Minigzip(), Jsoncpp(), Ninja(), Xmlparser()]
