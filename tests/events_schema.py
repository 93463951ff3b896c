#!/usr/bin/env python3
"""events_schema - the examples in docs/events.md fit the schema; traces with faults do not.

# test: up to 30 s
"""
import copy
import json
import re

from lib import tap
from lib.trace import SOURCE
from validate_events import Schema, validate

SCHEMA = Schema(json.loads((SOURCE / "docs/events.schema.json").read_text()))
TEXT = (SOURCE / "docs/events.md").read_text()
EXAMPLES = [json.loads(line) for block in re.findall(r"^```json\n(.*?)^```$", TEXT, re.M | re.S)
            for line in block.splitlines()]
HEADER, PUSH, POP, INLINE, *OTHERS, EXIT = EXAMPLES


def trace():
    """The examples as one trace, which the page does not show in one piece."""
    lines = copy.deepcopy([HEADER, PUSH, POP, *OTHERS, EXIT])
    for seq, line in enumerate(lines[1:]):
        line["seq"] = seq
    lines[2]["pushed_seq"] = 0
    return lines


def trace_with_inline(after):
    """The inlined call in the frame of the push, `after` that many lines."""
    lines = trace()
    inline = {**copy.deepcopy(INLINE), "in": PUSH["function"], "pushed_seq": 0,
              "depth": PUSH["depth"] + 1, "time_ns": lines[after - 1]["time_ns"]}
    lines.insert(after, inline)
    for seq, line in enumerate(lines[1:]):
        line["seq"] = seq
    return lines


def faults(lines):
    return list(validate(SCHEMA, [json.dumps(line) for line in lines], True))


def check_documented(name, definition):
    """Every field that the schema knows is named on the page."""
    for field in SCHEMA.resolve(f"#/$defs/{definition}")["properties"]:
        group = "hidden_" if field.startswith("hidden_") else field
        tap.ok(re.search(rf"`(\w+\.)?{re.escape(group)}|[, ]`{re.escape(field)}`", TEXT),
               f"{name}: {field} is documented")


def spoil(name, change, expected):
    lines = trace()
    lines = change(lines) or lines
    found = faults(lines)
    tap.ok(any(expected in fault for fault in found), f"{name} is found", found)


def set_to(line, *path_and_value):
    *path, last, value = path_and_value

    def change(lines):
        node = lines[line]
        for word in path:
            node = node[word]
        node[last] = value
    return change


def remove(line, field):
    def change(lines):
        del lines[line][field]
    return change


def main():
    for example in EXAMPLES:
        name = example.get("event", "header")
        tap.equal(SCHEMA.faults(example), [], f"the example of {name} fits")
    tap.equal(faults(trace()), [], "the examples together are a trace")
    tap.equal(faults(trace_with_inline(2)), [], "an inlined call in a frame is a trace")
    late = faults(trace_with_inline(3))
    tap.ok(any("not alive" in fault for fault in late), "an inlined call after the pop is found", late)
    for definition in ("header", "push", "pop", "inline", "value", "signal", "alarm", "overflow", "map",
                       "region", "where", "exit", "summary", "stack"):
        check_documented(definition, definition)
    spoil("a missing field", remove(1, "cfa"), "has no 'cfa'")
    spoil("an unknown field", set_to(1, "extra", 1), ".extra: must not be there")
    spoil("a number for an address", set_to(1, "cfa", 140737488348288), "is not of type")
    spoil("an address with leading zeros", set_to(1, "rsp", "0x00007ffe"), "does not match")
    spoil("a value that is a number", set_to(1, "args", 0, "value", 48), "is not of type")
    spoil("a part of three", set_to(1, "parts", 0, ["call", -8, 0]), "must not be there")
    spoil("another way to pop", set_to(2, "how", "left"), "is none of")
    spoil("an event of no kind", set_to(1, "event", "pushed"), "is not 'push'")
    spoil("true for a number", set_to(1, "depth", True), "is not of type")
    spoil("a status of 256", set_to(-1, "status", 256), "out of range")
    spoil("a gap in seq", set_to(2, "seq", 7), "seq is 7, not 1")
    spoil("time that goes back", set_to(2, "time_ns", 1), "goes back")
    spoil("a pop of nothing", set_to(2, "pushed_seq", 5), "no such frame")
    spoil("parts that do not add up", set_to(1, "delta", -24), "parts add up to -16")
    spoil("a trace without a header", lambda lines: lines[1:], "not a header")
    spoil("a trace without an end", lambda lines: lines[:-1], "not an exit")
    spoil("an event after the end", lambda lines: lines + [dict(lines[1], seq=8, time_ns=4000000)],
          "comes after the exit")
    spoil("a list instead of an object", lambda lines: [lines[0], []] + lines[2:], "not of type")
    tap.ok("not JSON" in list(validate(SCHEMA, ["{"], True))[0], "what is not JSON is found")
    tap.done()


main()
