#!/usr/bin/env python3
"""json_schema - the JSON of every sample and demo follows docs/events.schema.json.

# test: up to 180 s
"""
import sys
import tempfile
from pathlib import Path

from lib import samples, tap
from lib.trace import SOURCE, run, trace

VALIDATOR = SOURCE / "tests/validate_events.py"
SCHEMA = SOURCE / "docs/events.schema.json"
MOST = 20000  # lines of a trace that are validated; long ones repeat themselves


def consistent(traced):
    """What no schema can say: numbering, nesting, and the arithmetic of the parts."""
    for number, event in enumerate(traced.events):
        if event["seq"] != number:
            yield f"seq {event['seq']} in line {number}"
    pushes = {push["seq"]: push for push in traced.pushes()}
    popped = set()
    for pop in traced.pops():
        push = pushes.get(pop["pushed_seq"])
        if push is None or push["seq"] > pop["seq"] or push["seq"] in popped:
            yield f"pop {pop['seq']} does not end a push"
            continue
        popped.add(push["seq"])
        for field in ("function", "depth", "tid", "cfa"):
            if push[field] != pop[field]:
                yield f"pop {pop['seq']}: {field} is {pop[field]}, at the push {push[field]}"
    if len(popped) != len(pushes):
        yield f"{len(pushes)} pushed, {len(popped)} popped"
    for event in traced.of("push", "pop"):
        if event["parts"] and sum(b for _, b in event["parts"]) != event["delta"]:
            yield f"seq {event['seq']}: parts {event['parts']} are not {event['delta']}"
        if event["event"] == "push" and event["delta"] is not None:
            if int(event["rsp"], 16) - int(event["cfa"], 16) != event["delta"]:
                yield f"seq {event['seq']}: rsp - cfa is not {event['delta']}"


def main():
    words = sys.argv[1:]
    for program in samples.programs():
        if words and not any(word in program.name for word in words):
            continue
        traced = trace(program.argv)
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "trace.json"
            file.write_text("".join(traced.text.splitlines(True)[:MOST]))
            done = run([sys.executable, VALIDATOR, SCHEMA, file])
        tap.ok(done.status == 0, f"{program.name}: schema", done)
        faults = list(consistent(traced))[:20] if traced.events else ["no events"]
        tap.ok(not faults, f"{program.name}: nesting and arithmetic", *faults)
    tap.done()


main()
