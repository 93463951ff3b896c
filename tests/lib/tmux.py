"""tmux - a terminal that a test types into and looks at.

Nothing is timed: a test waits until the screen shows something, and fails if it never does.
"""
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

PATIENCE = 60  # seconds; only a failure takes that long


def is_there():
    return shutil.which("tmux") is not None


class Terminal:
    """A shell command in a tmux of its own. Its exit status is in `status()` when it has ended."""

    patience = PATIENCE

    def __init__(self, argv, width, height, term="screen-256color", **environment):
        self.directory = tempfile.TemporaryDirectory()
        path = Path(self.directory.name)
        self.socket, self.after = path / "socket", path / "after"
        quoted = " ".join("'" + str(a).replace("'", "'\\''") + "'" for a in argv)
        script = path / "run.sh"
        names = " ".join(f"{name}='{value}'" for name, value in environment.items())
        script.write_text(f"stty -a > {path}/before\n"
                          f"env TERM={term} {names} {quoted} 2> {path}/stderr\n"
                          f"echo $? > {path}/status\nstty -a > {path}/after.new\n"
                          f"mv {path}/after.new {self.after}\nexec sleep 1000000\n")
        base = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "screen-256color",
                "HOME": str(path), "SHELL": "/bin/sh", "FRAMETRACE_DEBUG_DIR": os.devnull}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                base[name] = os.environ[name]
        subprocess.run(["tmux", "-f", "/dev/null", "-u", "-S", str(self.socket), "new-session",
                        "-d", "-x", str(width), "-y", str(height), "sh", str(script)],
                       check=True, env=base)

    def tmux(self, *argv):
        return subprocess.run(["tmux", "-S", str(self.socket), *argv], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode()

    def type(self, *keys):
        """Keys as tmux names them: Space, Enter, C-c, S-Tab; other words letter by letter."""
        commands = []
        for key in keys:
            known = re.fullmatch(r"[A-Z][A-Za-z]+|[CMS]-\S+|F\d+", key) and len(key) > 1
            last = key.replace(";", "\\;") if key.endswith(";") else key  # ";" ends a command
            commands += ["send-keys", *([] if known else ["-l"]), last, ";"]
        if commands:
            self.tmux(*commands[:-1])

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def wait(self, wanted, why=""):
        """The screen on which there is a match of the pattern, or that fits a function."""
        fits = wanted if callable(wanted) else re.compile(wanted, re.M).search
        end = time.monotonic() + self.patience
        pause = 0.005
        while True:
            screen = self.screen()
            if fits(screen):
                return screen
            if time.monotonic() > end:
                raise AssertionError(f"never on the screen: {wanted} {why}\n{screen}"
                                     f"{self.stderr()}")
            time.sleep(pause)  # between two looks; each is a process, which takes time from ours
            pause = min(2 * pause, 0.2)

    def settled(self):
        """The screen when two looks at it see the same."""
        before = self.screen()
        while True:
            time.sleep(0.3)
            now = self.screen()
            if now == before:
                return now
            before = now

    def resize(self, width, height):
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    def flag(self, name):
        """A format variable of tmux: alternate_on, cursor_flag …"""
        return self.tmux("display-message", "-p", "#{" + name + "}").strip()

    def pid(self, name):
        """Of the newest process in the terminal that has the name."""
        tty = self.flag("pane_tty").replace("/dev/", "")
        done = subprocess.run(["ps", "-t", tty, "-o", "pid=,comm="], check=False,
                              stdout=subprocess.PIPE)
        found = [int(line.split()[0]) for line in done.stdout.decode().splitlines()
                 if line.split()[1:2] == [name[:15]]]
        return found[0] if found else None

    def status(self):
        """Waits for the end of the command; its status as the shell says it."""
        end = time.monotonic() + self.patience
        while not self.after.exists():
            if time.monotonic() > end:
                raise AssertionError("it does not end\n" + self.screen() + self.stderr())
            time.sleep(0.02)
        return int((self.after.parent / "status").read_text())

    def modes(self):
        """What stty says before and after the command."""
        return ((self.after.parent / "before").read_text(), self.after.read_text())

    def stderr(self):
        file = self.after.parent / "stderr"
        return file.read_text(errors="replace") if file.exists() else ""

    def close(self):
        self.tmux("kill-server")
        self.directory.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
