#!/usr/bin/env python3
"""coursework - docs/coursework.md can be done as it says: right answers pass, each wrong one fails.

# test: up to 240 s

Where the page says that a sheet is filled in, this fills it in, not by the stepper: from the log's
views by sqlite3, from what the program printed, from readelf and nm.
"""
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

from lib import log, tap
from lib.console import blocks, matches, plain
from lib.trace import BUILD, SOURCE, run

FRAMETRACE = BUILD / "frametrace"
PAGE = SOURCE / "docs/coursework.md"
QUESTIONS = SOURCE / "docs/coursework"


def one(file, query, *values):
    return log.rows(file, query, *values)[0][0]


def stack_answers(file):
    calls = "from calls where function = 'factorial' "
    n2 = one(file, "select v.address from variables v join calls c on c.seq = v.seq where "
             "c.function = 'factorial' and v.name = 'n' and v.value = '2'")
    cfa, size = log.rows(file, f"select cfa, stack_bytes {calls} order by depth desc limit 1")[0]
    return {
        "first_cfa": one(file, f"select cfa {calls} order by depth limit 1"),
        "frame_bytes": size, "n2_address": n2,
        "frames": one(file, "select max(frames) from stack_depth"),
        "deepest_rsp": hex(int(cfa, 16) - size),
        "stack_bytes": one(file, "select max(bytes) from stack_depth"),
        "region": "stack",
        "factorial3": one(file, f"select result {calls} and arguments = 'n=3'"),
    }


def heap_answers(file):
    block, size, born = log.rows(file, "select address, size, allocated from allocations where "
                                 "function = 'boxed_value'")[0]
    freed = one(file, "select freed from allocations where function = 'boxed_value'")
    alive = "select count(*) from allocations where allocated < ? and coalesce(freed, 1e9) >= ?"

    def place(name):
        return one(file, "select address from variables where name = ? and seq > ?", name, born)

    return {
        "block": block, "block_bytes": size, "block_region": "heap",
        "result_address": place("result"), "result_region": "stack",
        "heap": one(file, "select value from variables where name = 'heap' and seq > ?", born)
        .split()[0],
        "heap_address": place("heap"),
        "blocks_before": one(file, alive, freed, freed),
        "blocks_after": one(file, alive, freed + 1, freed + 1),
        "bytes_at_end": one(file, "select sum(size) from allocations where alive"),
    }


def space_answers(file):
    demo = BUILD / "demos/stack_or_heap_c"
    printed = "".join(row[0] for row in log.rows(file, "select text from output order by rowid"))
    at = {label: int(value, 16) for label, value in re.findall(r"^(\S.*?) +(0x\w+)$", printed, re.M)}
    symbols = run(["nm", demo]).out.decode()
    base = at["foo"] - int(re.search(r"^(\w+) T foo$", symbols, re.M).group(1), 16)
    elf = run(["readelf", "-SlW", demo]).out.decode()
    sections = re.findall(r"\] (\.\S+)\s+\S+\s+([0-9a-f]{8,16}) [0-9a-f]+ ([0-9a-f]+)", elf)
    code = [int(a, 16) for a in re.findall(r"LOAD +\S+ (0x\w+) \S+ \S+ \S+ R E", elf)]
    replayed = run([FRAMETRACE, "replay", "--json", "--map", file]).out.decode()
    events = [json.loads(line) for line in replayed.splitlines()]
    regions = [e["regions"] for e in events if e.get("event") == "map" and e.get("regions")][-1]

    def section(label):
        for name, start, size in sections:
            if 0 <= at[label] - base - int(start, 16) < int(size, 16):
                return name[1:]
        return None

    def around(label):
        return [r for r in regions if int(r["from"], 16) <= at[label] < int(r["to"], 16)][0]

    return {
        "literal_region": section("string literal"), "zero_region": section("zero"),
        "counter_region": section("counter"), "foo_region": section("foo"),
        "hello_variable_region": "stack", "hello_text_region": "heap",
        "heap_start": hex(at["boxed"] & ~0xfff), "text_start": hex(base + code[0]),
        "stack_end": around("&boxed")["to"],
        # The loader maps constants read-only, variables to be written, code to be run.
        "literal_permissions": "r--p", "zero_permissions": "rw-p", "foo_permissions": "r-xp",
    }


ANSWERS = {"stack": stack_answers, "heap": heap_answers, "space": space_answers}


def fill_in(sheet, answers):
    """The sheet with these answers; its other lines stay."""
    return re.sub(r"^(\w+) =.*$", lambda m: f"{m[1]} = {answers.get(m[1], '')}", sheet, flags=re.M)


def wrong(answer):
    if re.fullmatch(r"0x[0-9a-f]+", str(answer)):
        return hex(int(answer, 16) + 8)
    if re.fullmatch(r"\d+", str(answer)):
        return int(answer) + 1
    return "-wx" if "-" in answer else "data" if answer != "data" else "bss"


class Student:
    """A directory in which the page's commands are typed."""

    def __init__(self, where):
        self.where = Path(where)
        for name in ("docs", "demos"):
            (self.where / name).symlink_to(SOURCE / name)
        (self.where / "build").symlink_to(BUILD)

    def type(self, command):
        done = run(["bash", "-c", f"exec 2>&1; {command}"], cwd=self.where, timeout=60)
        return done.status, done.out.decode(errors="replace")

    def grade(self, name, sheet, file=None):
        (self.where / "tried.txt").write_text(sheet)
        return self.type(f"build/frametrace step --script=docs/coursework/{name}.ask "
                         f"--answers=tried.txt {file or name + '.frametrace'}")

    def page(self):
        for commands in blocks(PAGE.read_text()):
            for command, shown in commands:
                if "sqlite3" in command:
                    if shutil.which("sqlite3") is None:
                        tap.skip(f"$ {command}", "there is no sqlite3")
                        continue
                status, text = self.type(command)
                got = plain(text.splitlines())
                tap.ok(status == 0 and matches(plain(shown), got), f"$ {command}",
                       f"exit status {status}", "shown:", *plain(shown), "got:", *got)
                copied = re.fullmatch(r"cp docs/coursework/(\w+)\.txt \w+\.txt", command)
                if copied:
                    sheet = self.where / f"{copied[1]}.txt"
                    answers = ANSWERS[copied[1]](self.where / f"{copied[1]}.frametrace")
                    sheet.write_text(fill_in(sheet.read_text(), answers))


def session(student):
    """The session that the page shows, command by command; addresses and blanks may differ."""
    block = next(b for kind, b in re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
                 if not kind and "(frametrace) break" in b)
    first, *shown = block.splitlines()
    commands = [line[13:] for line in shown if line.startswith("(frametrace) ")]
    (student.where / "typed").write_text("\n".join(commands) + "\n")
    status, text = student.type(first.removeprefix("$ ") + " < typed")
    tap.ok(status == 0 and len(commands) > 4 and matches(plain(shown), plain(text.splitlines())),
           "the session of the page", *plain(shown), "got:", *plain(text.splitlines()))


def class_of(student):
    """The loops for teachers: names with blanks, what is missing, damaged, copied, or a program."""
    loops = [c for c, _ in sum(blocks(PAGE.read_text()), []) if c.startswith("for ")]
    hand_in = student.where / "hand-in"
    log_file, sheet = (student.where / name for name in ("stack.frametrace", "stack.txt"))
    student.type("build/frametrace record -o own.frametrace build/demos/factorial_c 6")
    for name, file in (("carl q", log_file), ("dan", None), ("eve", "damaged"), ("mal", "program"),
                       ("own", student.where / "own.frametrace")):
        (hand_in / name).mkdir()
        shutil.copy(sheet, hand_in / name)
        target = hand_in / name / "stack.frametrace"
        if file == "damaged":
            target.write_bytes(log_file.read_bytes()[:5000])
        elif file == "program":
            target.write_text("#!/bin/sh\ntouch ran\n")
            target.chmod(0o755)
        elif file:
            shutil.copy(file, target)
    _, text = student.type(loops[0])
    marks = dict(line.split(": ", 1) for line in text.splitlines())
    right = "9 of 9 checks passed"
    tap.ok(sorted(marks) == ["ada l", "carl q", "dan", "eve", "mal", "own"]
           and marks["ada l"] == marks["carl q"] == right
           and re.fullmatch(r"[0-8] of 9 checks passed", marks["own"])
           and all(marks[n].startswith("frametrace: ") for n in ("dan", "eve", "mal")),
           "each that handed in has a mark or a reason", text)
    tap.ok(not (student.where / "ran").exists(), "a program that was handed in is not run", text)
    if shutil.which("sqlite3") is None:
        tap.skip("who has the same log", "there is no sqlite3")
        return
    _, text = student.type(loops[1])
    same = re.findall(r"^\d+ 0x\w+ hand-in/(.*)/stack.frametrace$", text, re.M)
    tap.ok(same == ["ada l", "carl q"], "who has the same log is told by name", text)


def sheets(student):
    """Sheets as people write them."""
    answers = stack_answers(student.where / "stack.frametrace")
    sheet = fill_in((QUESTIONS / "stack.txt").read_text(), answers)
    bare = "\n".join(line for line in sheet.splitlines() if not line.startswith("#"))
    status, text = student.grade("stack", "\ufeff" + bare)
    tap.ok(status == 0 and "nobody asked" not in text, "a sheet that begins with U+FEFF", text)
    frames = answers["frames"]
    status, text = student.grade("stack", f"{sheet}\nframes = {frames + 1}\n")
    tap.ok(status == 1 and f"frames = {frames + 1} (answered twice, the last counts): FAILED" in text,
           "two answers: that is said", text)
    status, text = student.grade("stack", f"frames = {frames + 1}\n{sheet}\nframes =\n")
    tap.ok(status == 0 and "answered twice" in text, "a line that is not filled in is no answer",
           text)
    status, text = student.grade("stack", f"{sheet}\nframes {frames}\n")
    tap.ok(f"\nframes {frames}: not an answer, there is no = in it\n" in text,
           "a line without = is told", text)
    for answer, good in (("Stack", True), ("STACK", True), ("Stacks", False), ("Heap", False)):
        status, text = student.grade("stack", fill_in(sheet, {**answers, "region": answer}))
        tap.ok(status == (not good), f"region = {answer}: {good}", text)
    (student.where / "marked.ask").write_bytes(b"\xef\xbb\xbfcheck frames == 1\n")
    status, text = student.type("build/frametrace step --script=marked.ask stack.frametrace")
    tap.ok(status == 0, "a script that begins with U+FEFF", text)
    status, text = student.type("build/frametrace step --script=docs/coursework/stack.ask "
                                "stack.frametrace")
    tap.ok(status == 1 and text.endswith("\n1 of 9 checks passed\n") and "--answers=FILE" in text,
           "without a sheet what is asked counts as wrong", text)


def exercise(student, name):
    sheet = (QUESTIONS / f"{name}.txt").read_text()
    answers = ANSWERS[name](student.where / f"{name}.frametrace")
    asked = re.findall(r"^ask (\w+) ", (QUESTIONS / f"{name}.ask").read_text(), re.M)
    page = PAGE.read_text()
    tap.ok(sorted(answers) == sorted(asked) == sorted(re.findall(r"^(\w+) =", sheet, re.M)),
           f"{name}: the sheet has the questions that are asked")
    tap.ok(all(f"`{each}`" in page for each in asked), f"{name}: the page explains each")
    status, text = student.grade(name, sheet)
    tap.ok(status == 1 and text.count("not answered: FAILED") == len(asked),
           f"{name}: an empty sheet fails", text)
    for each in asked:
        status, text = student.grade(name, fill_in(sheet, {**answers, each: wrong(answers[each])}))
        failed = re.findall(r"^(\w+) = .*: FAILED$", text, re.M)
        tap.ok(status == 1 and failed == [each], f"{name}: a wrong {each} fails, and it alone",
               text)
    for trick in ("1 || frames != 0", '"', "!= 1", "&& 1 == 1"):
        status, text = student.grade(name, fill_in(sheet, {**answers, asked[0]: trick}))
        tap.ok(status == 1, f"{name}: {trick} is no answer", text)
    status, text = student.grade(name, fill_in(sheet, answers) + "colour = red\n")
    tap.ok("colour: nobody asked" in text, f"{name}: a misspelled name is told", text)
    command = [c for c, _ in sum(blocks(page), []) if f"-o {name}.frametrace" in c][0]
    student.type(command.replace(f"{name}.frametrace", "another.frametrace"))
    status, text = student.grade(name, fill_in(sheet, answers), "another.frametrace")
    tap.ok(status == 1 and ": FAILED" in text, f"{name}: the answers do not fit another's run",
           text)


def looks(student):
    """What the page says that can be looked up, can be: who asked for a block, permissions."""
    (student.where / "looks").write_text(
        "goto last\nheap\nbacktrace\nreverse-step\nbacktrace\n")
    _, text = student.type("build/frametrace step --script=looks heap.frametrace")
    tap.ok(re.search(r", malloc inside \S+ \(printf\), called by main, boxed_value.c:24$", text, re.M),
           "heap: the block that printf asked for", text)
    tap.ok("no frame here: the run is over; reverse-step goes back" in text and "#0  main" in text,
           "at the end: where the frames are", text)
    (student.where / "looks").write_text("goto last\nwhere said(foo)\n")
    _, text = student.type("build/frametrace step --script=looks space.frametrace")
    tap.ok(re.search(r"^code of foo\+0\ntext, 0x\w+-0x\w+ r-xp /\S*stack_or_heap_c: ", text, re.M),
           "where: the permissions of code", text)


def facts(student):
    """What the questions use, in conditions; and what means nothing."""
    good = ["&argc > 0x1000 && region(&argc) == stack", "region(&argc) == stack || depth == 9",
            "region(cfa) == stack", "frame_bytes >= 16", "program == factorial_c",
            "perms(&argc) == rw-p", "start(&argc) < 0x7fffffffffff && end(&argc) > 0x1000"]
    bad = ["region(argc) == stack", "region() == stack", "region(&argc == stack", "&nothing == 1",
           "said(nothing) == 1", "block_size(&argc) == 4", "&argc == 0", "region(0x10) == free",
           "region(" * 20 + "&argc" + ")" * 20 + " == stack", "(", "()", "&"]
    for condition in good + bad:
        (student.where / "script").write_text(f"check {condition}\n")
        status, text = student.type("build/frametrace step --script=script stack.frametrace")
        tap.ok(status == (condition in bad), f"check {condition}: {status}", text)
    student.type("build/frametrace record -o calls.frametrace build/demos/boxed_value_c")
    status, text = student.grade("heap", "", "calls.frametrace")
    tap.ok(status == 1 and "its lines were not recorded" in text,
           "a log without lines is told what it lacks", text)


def main():
    if not (BUILD / "demos/stack_or_heap_c").exists():
        tap.skip_all("the demos are not built")
    with tempfile.TemporaryDirectory() as where:
        student = Student(where)
        student.page()
        session(student)
        class_of(student)
        sheets(student)
        for name in ANSWERS:
            exercise(student, name)
        looks(student)
        facts(student)
        other = "space.frametrace"
        status, text = student.grade("stack", (student.where / "stack.txt").read_text(), other)
        tap.ok(status == 1 and "program == factorial_c: FAILED" in text,
               "the log of another program fails", text)
        tap.ok(student.type("build/frametrace step --plain --answers=stack.txt stack.frametrace")[0] == 2,
               "answers without questions are a mistake of usage")
    tap.done()


sys.setrecursionlimit(100000)
main()
