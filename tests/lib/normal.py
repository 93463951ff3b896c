"""normal - makes traces comparable: what differs from run to run or machine to machine is replaced.

Stack addresses become their distance from the first CFA, so the shape of the stack stays visible;
other addresses, offsets into functions, times, pids, build ids and paths become placeholders of
the same width where columns depend on it.
"""
import re

from lib.trace import BUILD, SOURCE

STACK_REACH = 1 << 22
ABOVE = 64  # beyond this the start-up code of the C library lies, which versions differ in


def _addresses(text, base):
    """Widths are kept where an address stands in a column, that is before two blanks."""
    def place(match):
        address, width = int(match.group(1), 16), len(match.group(0))
        in_column = match.string[match.end():match.end() + 2] == "  "
        if base is None or abs(base - address) >= STACK_REACH:
            shown = "ADDRESS"
        elif address - base > ABOVE:
            shown = "S+ABOVE"
        else:
            shown = f"S{address - base:+d}"
        return shown.ljust(width) if in_column else shown
    return re.sub(r"0x([0-9a-f]{6,16})\b", place, text)


def _common(text, base):
    text = text.replace(str(BUILD), "BUILD").replace(str(SOURCE), "SOURCE")
    # with libc's separate debug file, if there is one, its functions have names
    text = re.sub(r"\b(libc\.so\.6|__libc_\w+|_start)\+(0x)?[0-9a-f]+", "libc+N", text)
    text = re.sub(r"(?<=[\w>\])])\+(0x[0-9a-f]+|\d+)\b", "+N", text)
    text = re.sub(r"\b\d+ stops?, of which \d+", "N stops, of which N", text)
    text = re.sub(r"\b\d+(\.\d+)? ?(ns|us|µs|ms|s)\b", "TIME", text)
    return _addresses(text, base)


def text_trace(text):
    """A trace in --format=text."""
    found = re.search(r"^ *-?\d+ +(0x7ff[0-9a-f]+)", text, re.M)
    base = int(found.group(1), 16) if found else None
    text = re.sub(r"\b(pid|process|thread|tid) \d+", r"\1 PID", text)
    return "\n".join(line.rstrip() for line in _common(text, base).splitlines()) + "\n"


def json_trace(text):
    """A trace in --format=json."""
    found = re.search(r'"cfa":"0x([0-9a-f]+)"', text)
    text = re.sub(r'"(pid|tid|child)":\d+', r'"\1":1', text)
    # how often the allocator asks the kernel, and what start-up code takes, is the C library's
    text = re.sub(r'"(\w*_ns|stops|used_from_top|limit|hits|grown|hidden_(allocs|blocks|bytes))":\d+', r'"\1":0', text)
    text = re.sub(r'"time":"[^"]*"', '"time":"TIME"', text)
    text = re.sub(r'"caller":"(__libc_\w+|_start)","caller_file":[^,]*,"caller_line":[^,]*,',
                  '"caller":null,"caller_file":null,"caller_line":null,', text)
    text = re.sub(r'"build_id":"[0-9a-f]+"', '"build_id":"ID"', text)
    return _common(text, int(found.group(1), 16) if found else None)


def explain_trace(text):
    """A trace in --format=explain: a paragraph a line, since where it breaks depends on names."""
    found = re.search(r"rsp falls from 0x([0-9a-f]+)|8 bytes at 0x([0-9a-f]+)", text)
    base = int(found.group(1) or found.group(2), 16) if found else None
    if found and found.group(2):
        base += 8
    paragraphs = []
    for line in text.splitlines():
        if re.match(r" *(\[\d+\] *)?(--|[><~!+*^.-]) |   +\([A-Z]", line) or not paragraphs:
            paragraphs.append(line)
        else:
            paragraphs[-1] += " " + line.strip()
    text = re.sub(r"\b([Pp]rocess|[Tt]hread) \d+", r"\1 PID", "\n".join(paragraphs))
    # Who calls main is the C library's; it may have no name.
    text = re.sub(r"^> (?:__libc_\w+ calls )?(main\(.*?\))(?:: the call pushes| begins\. Its) "
                  r".*?(?=; then|\. The frame)", r"> \1", text, flags=re.M)
    text = re.sub(r" to __libc_\w+(?=[,;.])", "", text)
    return _common(text, base) + "\n"


BY_FORMAT = {"text": text_trace, "json": json_trace, "explain": explain_trace}


def screen_base(text):
    """rsp as the status line of a stepper's first screen says it."""
    found = re.search(r"\brsp 0x([0-9a-f]+)", text)
    return int(found.group(1), 16) if found else 0


SCREEN_ABOVE = 256  # bytes above the first rsp: frames of the demos are smaller


def screen(text, base):
    """A screen of the stepper: columns stay where they are.

    Addresses on the stack are moved so that `base` is 0x7fffffffe000; others, values of registers
    and the extents of the map are those of a machine.
    """
    def same_width(with_what):
        def place(match):
            shown = with_what(match) if callable(with_what) else with_what
            width = len(match.group(0))
            return shown[:width] + " " * (width - len(shown))
        return place

    def address(match):
        value = int(match.group(1), 16)
        if -STACK_REACH < value - base < SCREEN_ABOVE:
            return f"0x{value - base + 0x7fffffffe000:x}"
        return "0x" + "A" * len(match.group(1))

    def short(match):
        return f"…{(int(match.group(1), 16) - base + 0xe000) & 0xffff:04x}"

    # what is on the map, and how much of it, is the system's
    text = re.sub(r"[ *] *0x[0-9a-f]+ +[\d.]+ (?:[KMGT]i)?B [a-z][^│\n]*", same_width(" MAP"), text)
    text = re.sub(r"[ *]((?!rsp)r[a-z0-9]{1,2}|flg|fs\.base) +(0x[0-9a-f]+|-?\d+)…?( \(-?\d+\))?(?= |│|$)",
                  same_width(lambda m: " " + m.group(1)), text, flags=re.M)
    text = re.sub(r"((?:[①-⑳]|#\d+) )…[0-9a-f]{4}", r"\1…AAAA", text)
    text = re.sub(r"^(->|=>|  ) …[0-9a-f]{4}", r"\1 …AAAA", text, flags=re.M)  # instructions
    text = re.sub(r"…([0-9a-f]{4})(?![0-9a-f])", short, text)
    text = re.sub(r"\b0x([0-9a-f]{6,16})\b", address, text)
    text = re.sub(r"\b0x[0-9a-f]{2,}…", same_width("0xAAAAAAAA"), text)  # it is cut
    # what lies in a frame before it is written, and what the C library left in registers
    text = re.sub(r"(?<= )[0-9a-f]{2}( [0-9a-f]{2}){3,}(?=[ …]|\.\.)",
                  lambda m: re.sub(r"\w", "b", m.group(0)), text)
    text = re.sub(r"(?<=saved )(\w+) = 0x[0-9a-fA]+", same_width(lambda m: m.group(1)), text)
    # a thread's number has as many digits as it has: what stands behind it moves, or has no room
    text = re.sub(r"\bthread \d+", "thread PID", text)
    text = re.sub(r"^( event .*   (?:live|recorded|recorded, cut))   \S+ *$", r"\1", text, flags=re.M)
    text = re.sub(r"^( eve└─+┘).*$", r"\1", text, flags=re.M)
    text = re.sub(r"return to (__libc_\w*|_start|libc\.so\.6)[^ │]*", same_width("return to libc"),
                  text)
    text = re.sub(r"(?<=[a-z0-9_>])\+\d+(?=[ ,│])", same_width("+N"), text)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
