"""tap - prints TAP: results as they come, the plan at the end. Threads may share it."""
import sys
import threading

_results = []
_lock = threading.Lock()


def ok(good, name, *notes):
    """One result. Notes (any objects) explain a failure and are printed only then."""
    with _lock:
        _results.append(bool(good))
        if not good:
            for note in notes:
                for line in str(note).splitlines()[:60]:
                    print("#", line)
        print("ok" if good else "not ok", len(_results), "-", name, flush=True)
    return bool(good)


def equal(got, want, name, *notes):
    return ok(got == want, name, f"got:  {got!r}", f"want: {want!r}", *notes)


def skip(name, why):
    with _lock:
        _results.append(True)
        print("ok", len(_results), "-", name, "# SKIP", why, flush=True)


def skip_all(why):
    print("#", why)
    sys.exit(77)


def done():
    """Prints the plan and ends the program."""
    print(f"1..{len(_results)}")
    sys.exit(0 if all(_results) else 1)
