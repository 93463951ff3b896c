"""trace - runs programs with and without frametrace and reads its events."""
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

SOURCE = Path(os.environ.get("SOURCE", Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get("BUILD", SOURCE / "build"))
FRAMETRACE = os.environ.get("FRAMETRACE", str(BUILD / "frametrace"))
TIMEOUT = 60
# What is known of the system's libraries shall not depend on the debug files of this machine.
os.environ.setdefault("FRAMETRACE_DEBUG_DIR", os.devnull)


class Ran:
    """What a program did: status as subprocess says it (negative: fatal signal), bytes written."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __repr__(self):
        return f"status {self.status}, stdout {self.out[-1500:]!r}, stderr {self.err[-1500:]!r}"

    def __eq__(self, other):
        return (self.status, self.out, self.err) == (other.status, other.out, other.err)


def run(argv, stdin=b"", timeout=TIMEOUT, **options):
    """Runs to the end; a program that does not end is killed with its group and raises."""
    words = [a if isinstance(a, bytes) else str(a) for a in argv]
    child = subprocess.Popen(words, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             start_new_session=True, **options)
    try:
        out, err = child.communicate(stdin, timeout)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, 9)
        child.communicate()
        raise
    return Ran(child.returncode, out, err)


def polls_for_good(pid):
    """A process comes to wait in ppoll(2) without a timeout: nothing but an event wakes it."""
    ppoll, end = 271, time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        words = Path(f"/proc/{pid}/syscall").read_text(encoding="ascii").split()
        if words[0] == str(ppoll) and int(words[3], 16) == 0:
            return True
    return False


class Trace:
    """A traced run: what the program did, the header and the events of the trace."""

    def __init__(self, ran, text):
        self.ran, self.text, self._pops = ran, text, None
        lines = [json.loads(line) for line in text.splitlines()]
        self.header, self.events = (lines[0], lines[1:]) if lines else ({}, [])

    def of(self, *kinds):
        return [event for event in self.events if event["event"] in kinds]

    def pushes(self):
        return self.of("push")

    def pops(self):
        return self.of("pop")

    def functions(self):
        return [event["function"] for event in self.pushes()]

    def pop_of(self, push):
        """The pop that belongs to a push."""
        if self._pops is None:
            self._pops = {pop["pushed_seq"]: pop for pop in self.pops()}
        return self._pops.get(push["seq"])


def trace(argv, *options, **run_options):
    """Runs argv under frametrace with a JSON trace in a file, so its stderr is its own."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "trace.json"
        ran = run([FRAMETRACE, "--format=json", "-o", file, *options, "--", *argv], **run_options)
        text = file.read_text() if file.exists() else ""
    return Trace(ran, text)
