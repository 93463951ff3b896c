"""trace - runs a program alone and under frametrace, and reads the trace into Frames."""
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

TIMEOUT = 600
# The same for every run: a program may do more for a longer environment. The last is the file that
# the hooks of an instrumented build write to; nobody else reads it.
CALLS = "calls"
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "FT_INSTRUMENT": CALLS}


class Ran:
    """What a program did: status (negative: fatal signal), bytes written, files left."""

    def __init__(self, status, out, err, files, seconds, peak=0):
        self.status, self.out, self.err, self.files = status, out, err, files
        self.seconds, self.peak = seconds, peak

    def did(self):
        return (self.status, self.out, self.err, self.files)

    def __str__(self):
        return (f"status {self.status}, stdout {self.out[-600:]!r}, stderr {self.err[-1500:]!r}, "
                f"files {({k: v and len(v) for k, v in self.files.items()})}")


class Peak(threading.Thread):
    """The most memory that a process had, in KiB. Not ru_maxrss: that includes the parent's
    pages before exec and the largest child."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.file, self.peak, self.over = Path(f"/proc/{pid}/status"), 0, threading.Event()

    def run(self):
        while not self.over.wait(0.02):
            try:
                lines = self.file.read_text().splitlines()
            except OSError:
                return
            for line in lines:
                if line.startswith("VmHWM:"):
                    self.peak = max(self.peak, int(line.split()[1]))


def lay_out(directory, program, run):
    """A directory with the program and the files of the run; always the same names, since a
    program may do more for a longer one."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for name, content in run.files.items():
        (directory / name).write_bytes(content)
    return Path(shutil.copy2(program, directory))


def run_in(directory, before, program, run):
    argv = [*before, f"./{lay_out(directory, program, run).name}", *run.args]
    started = time.monotonic()
    child = subprocess.Popen([str(a) for a in argv], cwd=directory, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT,
                             start_new_session=True)
    peak = Peak(child.pid)
    peak.start()
    try:
        out, err = child.communicate(run.stdin, TIMEOUT)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, 9)
        out, err = child.communicate()
        err += f"\n(killed after {TIMEOUT} s)".encode()
    seconds = time.monotonic() - started
    peak.over.set()
    peak.join()
    files = {name: (directory / name).read_bytes() if (directory / name).exists() else None
             for name in run.outputs}
    return Ran(child.returncode, out, err, files, seconds, peak.peak)


class Trace:
    def __init__(self, ran, file):
        self.ran, self.file = ran, file
        self.summary, self.notes, self.end = {}, [], None

    def events(self):
        """Pushes and pops, one by one: the files are too large to hold."""
        with open(self.file, encoding="utf-8") as lines:
            for line in lines:
                if not line.endswith("}\n"):
                    return  # cut off: there will be more pushes than pops
                event = json.loads(line)
                kind = event.get("event")
                if kind in ("push", "pop"):
                    yield event
                elif kind == "exit":
                    self.end, self.summary = event, event.get("summary") or {}
                elif kind == "note":
                    self.notes.append(event["text"])


def traced(frametrace, directory, program, run, *options):
    file = Path(tempfile.mkstemp(prefix="trace", suffix=".json", dir=directory.parent)[1])
    before = [frametrace, "--format=json", "-o", file, *options, "--"]
    return Trace(run_in(directory, before, program, run), file)
