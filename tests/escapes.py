#!/usr/bin/env python3
"""escapes - nothing that a terminal would obey comes out of us, wherever a stranger put it.

# test: up to 120 s
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lib import tap
from lib.escapes import EVIL, make_program, raw
from lib.trace import FRAMETRACE, run

TRACES = [[], ["-v"], ["-vv"], ["--explain"], ["-k"], ["--registers"], ["--map=every"], ["-i"],
          ["-vv", "--events=line,insn"], ["--explain", "--events=line", "--map"],
          ["-F", "json"], ["-F", "json", "-vv", "--map=every", "--events=line,insn", "-k"], ["-a"],
          ["--color=never", "-vv"]]
SCRIPT = """info args
info breakpoints
info event
info frame
info heap
info locals
info map
info output
info registers
info stack
info threads
backtrace full
list
disassemble
frames
output
stack
heap
map
"""


def shown(directory):
    """Moves, with all that can be asked in between."""
    text = ""
    for move in ("call", "call", "event", "finish", "next", "step", "continue", "goto last", "undo",
                 "reverse-call", "reverse-step", "goto first"):
        text += move + "\n" + SCRIPT
    text += ("print @\nbreak @\nbreak *@\nwatch @\nfind function @\nfind value @\nfind text @\n"
             "find variable @\n@\necho @\ncheck @ == 1\nexpect @\nwhere @\nhelp @\nlist @:1\ngoto @\n"
             "info @\nfind @ x\ndelete @\ninfo breakpoints\ncontinue\n")
    script = directory / "script"
    script.write_bytes(text.encode().replace(b"@", EVIL))
    return script


def check(what, ran, *files):
    """Whether something was said at all is for each caller to see."""
    texts = [ran.out, ran.err] + [Path(f).read_bytes() for f in files if os.path.exists(f)]
    bad = [(name, found) for name, text in zip(("stdout", "stderr") + files, texts)
           if (found := raw(text))]
    return tap.ok(not bad and sum(map(len, texts)) > 0, what, *bad, "" if bad else ran)


def check_program(directory, program):
    out = directory / "out"
    for options in TRACES:
        ran = run([FRAMETRACE, *options, "-o", out, "--", program, program, EVIL])
        text = out.read_bytes()
        # What the program wrote is its own, and comes through as it is.
        tap.ok(EVIL in ran.out, f"trace {' '.join(options)}: the program's output", ran)
        ran.out = b""
        ran.err += text
        check(f"trace {' '.join(options)}", ran)
        if "json" in options:
            for line in text.splitlines():
                json.loads(line)
        else:
            tap.ok(text.count(b"\\033[31m") > 5, f"trace {' '.join(options)}: names, escaped", text[:800])
    for words in (["list"], ["list", "-v"], ["frames"], ["frames", "-v"],
                  ["frames", "-F", "json"]):
        check(" ".join(words), run([FRAMETRACE, *words, program]))
    for words in (["report"], ["report", "-F", "json"], ["maps"], ["maps", "-v"], ["maps", "-F", "json"],
                  ["maps", "--explain"]):
        ran = run([FRAMETRACE, *words, "--", program, program, EVIL])
        ran.out = ran.out.replace(EVIL + b"\0", b"")
        check(" ".join(words), ran)


def check_process(program):
    child = subprocess.Popen([program, program, EVIL, "wait"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    child.stderr.readline()
    maps = Path(f"/proc/{child.pid}/maps").read_bytes()
    starts = [line.split(b"-")[0].decode() for line in maps.split(b"\n")[:-1]]
    for words in (["maps"], ["maps", "-v"], ["maps", "-F", "json"], ["maps", "--explain"]):
        check(f"{' '.join(words)} PID", run([FRAMETRACE, *words, child.pid]))
    for options in ([], ["-F", "json"], ["-F", "explain"]):
        check(f"where {' '.join(options)} PID", run([FRAMETRACE, "where", *options, *starts, child.pid]))
    check("where EVIL PID", run([FRAMETRACE, "where", EVIL, child.pid]))
    child.kill()
    child.communicate()


def commands_of_log():
    """Those that take a log, by what their help says."""
    return [c for c in ("replay", "report", "maps", "list", "frames", "where")
            if b" LOG" in run([FRAMETRACE, c, "--help"]).out]


def check_log(directory, program):
    log = os.path.join(os.fsencode(directory), b"l" + EVIL + b"\n.frametrace")
    show = str(directory / "show")
    ran = run([FRAMETRACE, "record", f"--show={show}", "-vv", "--events=line,insn", "--registers",
               "--frames", "--map", "-o", log, "--", program, program, EVIL])
    tap.ok(EVIL in ran.out, "record: the program's output", ran)
    ran.out = b""
    check("record --show", ran, show)
    ran = run([FRAMETRACE, "step", "--plain", "--script", shown(directory), log])
    check("step --plain LOG", ran)
    tap.ok(ran.out.count(b"\\033[31m") > 20, "step --plain: names, escaped", ran)
    ran = run([FRAMETRACE, "step", "--plain", "--script", shown(directory), "--", program, program, EVIL])
    ran.out = ran.out.replace(EVIL + b"\0", b"")
    check("step --plain PROGRAM", ran)
    for word in commands_of_log():
        for options in [[], ["-F", "json"]] + (([["-vv"], ["--reverse"], ["--explain"], ["--at=5"],
                                                 ["--at=5", "-F", "json"]]) if word == "replay" else []):
            words = [word, *options, log] + (["0x7fffffffe000"] if word == "where" else [])
            ran = run([FRAMETRACE, *words])
            check(f"{word} {' '.join(options)} LOG", ran)
    return log


def check_damaged(directory, log):
    import sqlite3
    copy = os.path.join(os.fsencode(directory), b"c" + EVIL)
    evil = EVIL.decode("utf-8", "replace")
    for sql in ("update meta set value = ? where key = 'state'", "update meta set value = ? where key = 'writer'",
                "update meta set value = ? where key = 'directory'", "update shape set kind = ?",
                "update shape set function = ?", "update shape set file = ?", "update shape set text = ?",
                "update event set vals = json_array(?, ?, ?, ?)", "update source set text = ?",
                "update source_file set name = ? || id", "update function set name = ?, symbol = ?",
                "update insn set text = ?, bytes = ?", "update type set name = ? || id",
                "update written set bytes = ?", "update shape set bytes = cast(? as blob)",
                'create view "?" as select 1', 'create table "?"(a)'):
        shutil.copy(log, copy)
        connection = sqlite3.connect(os.fsdecode(copy))
        try:
            if "create" in sql:
                connection.execute(sql.replace("?", evil))
            else:
                connection.execute(sql, [evil] * sql.count("?"))
            connection.commit()
        finally:
            connection.close()
        for words in ([["step", "--plain", "--script", shown(directory)]] +
                      [[word] for word in commands_of_log() if word != "where"]):
            ran = run([FRAMETRACE, *words, copy])
            check(f"{words[0]} of a log: {sql[:60]}", ran)
            one_line = ran.status != 1 or words[0] == "step" or len(ran.err.splitlines()) == 1
            tap.ok(one_line, f"{words[0]} of a log: one line", ran)
    for cut in (50, 5000, 40000):
        with open(log, "rb") as whole, open(copy, "wb") as part:
            part.write(whole.read(cut))
        ran = run([FRAMETRACE, "step", "--plain", "--script", shown(directory), copy])
        check(f"step of a log of {cut} bytes", ran)
        tap.ok(ran.status == 1 and len(ran.err.splitlines()) == 1, f"{cut} bytes: one line", ran)


def check_messages(directory):
    evil = b"x" + EVIL + b"\n"
    script = directory / "script2"
    script.write_bytes(b"x")
    for words in ([evil], [b"/no/" + evil], [b"--" + evil], [b"-" + EVIL], [b"--format=" + evil, "true"],
                  [b"-f/(" + evil + b"/", "true"], [b"--function=" + evil, "/bin/true"],
                  [b"--events=" + evil, "true"], [b"--color=" + evil, "true"], [b"--depth=" + evil, "true"],
                  [b"--map=" + evil, "true"], [b"--source=" + evil, "/bin/true"],
                  ["-o", b"/no/" + evil, "true"], [b"--max-string=" + evil, "true"],
                  ["list", evil], ["list", "-f", b"/(" + evil, "/bin/true"], ["list", b"--" + evil],
                  ["frames", evil], ["frames", "/bin/true", evil], ["frames", b"--" + evil],
                  ["report", evil], ["report", b"--sort=" + evil, "true"], ["report", b"--" + evil],
                  ["maps", evil], ["maps", b"--" + evil], ["where", evil, "1"], ["where", "1", evil],
                  ["where", b"--" + evil, "1"], ["record", evil], ["record", b"--" + evil],
                  ["record", "-o", b"/no/" + evil, "/bin/true"], ["record", b"--max-size=" + evil, "true"],
                  ["record", "-o", Path(directory) / "never", b"--stop-after=/(" + evil, "true"],
                  ["record", "-o", Path(directory) / "never", b"--start-at=" + evil, "true"],
                  ["record", b"--on-error=" + evil, "true"], ["record", b"--show=/no/" + evil, "true"],
                  ["step", "--plain", evil], ["step", b"--" + evil], ["step", "--script", evil, "/bin/true"],
                  ["step", "--plain", "--break", evil, "/bin/true"], ["step", "--plain", "--watch", evil,
                  "/bin/true"], ["step", "--plain", b"--stdin=" + evil, "/bin/true"],
                  ["replay", evil], ["replay", b"--" + evil], ["replay", b"--at=" + evil, "/bin/true"]):
        ran = run([FRAMETRACE, *words])
        if words[0] == "record":
            ran.out = b""
        check("message: " + " ".join(ascii(w)[:30] for w in words), ran)
    for content, name in ((b"#!" + evil, b"script" + EVIL), (b"\x7fELF" + evil, b"elf" + EVIL),
                          (b"", b"empty" + EVIL)):
        path = os.path.join(os.fsencode(directory), name)
        Path(os.fsdecode(path)).write_bytes(content)
        os.chmod(path, 0o755)
        for words in ([path], ["list", path], ["frames", path], ["record", "-o", "/dev/null", path],
                      ["step", "--plain", path], ["maps", path], ["report", path], ["replay", path],
                      ["record", "-o", path, "/bin/true"], ["-o", directory, path]):
            check("message: " + " ".join(ascii(w)[-20:] for w in words), run([FRAMETRACE, *words]))


def main():
    tap.ok(all(map(raw, (EVIL, EVIL[:1], b"\xc2\x9b", b"\x9b", b"\r", b"\xe2\x80\xae"))) and not raw(b"a\n\tb \xc3\xa4"),
           "what is looked for is found")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        program = make_program(directory)
        check_program(directory, program)
        check_process(program)
        log = check_log(directory, program)
        check_damaged(directory, log)
        check_messages(directory)
    tap.done()


main()
