#!/usr/bin/env python3
"""validate_events - checks a JSON trace against docs/events.schema.json and docs/events.md.

usage: tests/validate_events.py [--whole] SCHEMA FILE      (FILE may be -)

Understands the part of JSON Schema 2020-12 that our schema uses, and refuses a schema that uses
more. Beside each line by itself, checks what no schema can say: the header comes first, seq counts
without a gap, time does not go back, a pop is of an earlier push of its thread that is not popped
yet, an inlined call runs in a frame that is not popped yet, parts add up to delta, nothing follows an exit; with --whole, there is an exit. Prints each fault as "line N: path: what"; exit
status 0 if there is none, 1 if there are some, 2 if a file cannot be used.
"""
import json
import re
import sys

MOST_FAULTS = 20
TYPES = {"object": dict, "array": list, "string": str, "null": type(None), "boolean": bool}
KNOWN = {"$schema", "$defs", "$ref", "title", "description", "oneOf", "type", "const", "enum",
         "properties", "required", "additionalProperties", "items", "prefixItems", "minItems",
         "pattern", "minimum", "maximum"}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


class Schema:
    def __init__(self, document):
        self.document = document
        self.refuse_unknown(document)

    def refuse_unknown(self, schema):
        if isinstance(schema, bool):
            return
        unknown = set(schema) - KNOWN
        if unknown:
            raise ValueError(f"this validator does not know {sorted(unknown)}")
        for group in ("properties", "$defs"):
            for part in schema.get(group, {}).values():
                self.refuse_unknown(part)
        for part in [*schema.get("oneOf", []), *schema.get("prefixItems", [])]:
            self.refuse_unknown(part)
        for key in ("items", "additionalProperties"):
            self.refuse_unknown(schema.get(key, True))

    def resolve(self, reference):
        node = self.document
        for word in reference.removeprefix("#/").split("/"):
            node = node[word]
        return node

    def faults(self, value, schema=None, path=""):
        """A list of what is wrong, as "path: what"."""
        schema = self.document if schema is None else schema
        if isinstance(schema, bool):
            return [] if schema else [f"{path}: must not be there"]
        if "$ref" in schema:
            return self.faults(value, self.resolve(schema["$ref"]), path)
        found = self.scalar_faults(value, schema, path)
        if not found and isinstance(value, dict):
            found += self.object_faults(value, schema, path)
        if not found and isinstance(value, list):
            found += self.array_faults(value, schema, path)
        if "oneOf" in schema:
            found += self.one_of_faults(value, schema["oneOf"], path)
        return found

    def scalar_faults(self, value, schema, path):
        names = schema.get("type", [])
        names = [names] if isinstance(names, str) else names
        if names and not any(is_type(value, name) for name in names):
            return [f"{path}: {value!r} is not of type {' or '.join(names)}"]
        if "const" in schema and (value != schema["const"]
                                  or isinstance(value, bool) != isinstance(schema["const"], bool)):
            return [f"{path}: {value!r} is not {schema['const']!r}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{path}: {value!r} is none of {schema['enum']}"]
        if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
            return [f"{path}: {value!r} does not match {schema['pattern']}"]
        if is_type(value, "number"):
            if value < schema.get("minimum", value) or value > schema.get("maximum", value):
                return [f"{path}: {value} is out of range"]
        return []

    def object_faults(self, value, schema, path):
        found = [f"{path}: has no {name!r}" for name in schema.get("required", [])
                 if name not in value]
        known = schema.get("properties", {})
        for name, part in value.items():
            rule = known.get(name, schema.get("additionalProperties", True))
            found += self.faults(part, rule, f"{path}.{name}")
        return found

    def array_faults(self, value, schema, path):
        found = []
        if len(value) < schema.get("minItems", 0):
            found.append(f"{path}: has fewer than {schema['minItems']} elements")
        first = schema.get("prefixItems", [])
        for i, part in enumerate(value):
            rule = first[i] if i < len(first) else schema.get("items", True)
            found += self.faults(part, rule, f"{path}[{i}]")
        return found

    def one_of_faults(self, value, choices, path):
        """Exactly one must fit; if none does, the faults of the one that was meant."""
        wrong = [self.wrong_constants(value, choice) for choice in choices]
        meant = [choice for choice, n in zip(choices, wrong) if n == min(wrong)]
        results = [self.faults(value, choice, path) for choice in meant]
        fitting = sum(not result for result in results)
        if fitting == 1:
            return []
        return [f"{path}: fits {fitting} of oneOf"] if fitting else min(results, key=len)

    def wrong_constants(self, value, choice):
        """How little a choice was meant: the constants that differ; one that does cannot fit."""
        rules = self.resolve(choice["$ref"]) if "$ref" in choice else choice
        return sum(not isinstance(value, dict) or value.get(name) != rule["const"]
                   for name, rule in rules.get("properties", {}).items()
                   if "const" in rule and name in rules.get("required", []))


class Sequence:
    """What holds between lines."""

    def __init__(self):
        self.lines = 0
        self.next_seq = self.last_time = 0
        self.ended = False
        self.alive = {}  # seq of a push -> (tid, depth, function)

    def faults(self, line):
        self.lines += 1
        if self.lines == 1:
            return [] if "format" in line else ["the first line is not a header"]
        if "format" in line:
            return ["a second header"]
        found = ["comes after the exit"] if self.ended else []
        if line["seq"] != self.next_seq:
            found.append(f"seq is {line['seq']}, not {self.next_seq}")
        if line["time_ns"] < self.last_time:
            found.append(f"time_ns goes back from {self.last_time} to {line['time_ns']}")
        self.next_seq, self.last_time = line["seq"] + 1, line["time_ns"]
        self.ended = line["event"] == "exit"
        if line["event"] in ("push", "pop"):
            found += self.frame_faults(line)
        if line["event"] == "inline":
            found += self.inline_faults(line)
        return found

    def inline_faults(self, line):
        tid, depth, function = self.alive.get(line["pushed_seq"], (None, 0, None))
        if (tid, function) != (line["tid"], line["in"]):
            return [f"is inlined in the frame {line['pushed_seq']}, which is not alive"]
        if not depth < line["depth"] <= depth + 1 + line["inline_depth"]:
            return [f"depth is {line['depth']}, its frame's is {depth}"]
        return []

    def frame_faults(self, line):
        found = []
        frame = (line["tid"], line["depth"], line["function"])
        if line["event"] == "push":
            self.alive[line["seq"]] = frame
        elif self.alive.pop(line["pushed_seq"], None) != frame:
            found.append(f"pops {line['pushed_seq']}, which is no such frame or popped already")
        if line["parts"] and line["delta"] is not None:
            total = sum(size for _, size in line["parts"])
            if total != line["delta"]:
                found.append(f"parts add up to {total}, delta is {line['delta']}")
        return found

    def end_faults(self):
        return [] if self.ended else ["the last line is not an exit"]


def validate(schema, lines, whole):
    """Yields "line N: what" for each fault."""
    sequence = Sequence()
    number = 0
    for number, text in enumerate(lines, 1):
        try:
            line = json.loads(text)
        except ValueError as error:
            yield f"line {number}: not JSON: {error}"
            return
        found = schema.faults(line)
        found = found or sequence.faults(line)
        yield from (f"line {number}: {fault}" for fault in found)
        if found and sequence.lines != number:
            return  # what follows would only be noise
    if whole:
        yield from (f"line {number}: {fault}" for fault in sequence.end_faults())


def main():
    files = [word for word in sys.argv[1:] if word != "--whole"]
    if len(files) != 2:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    try:
        with open(files[0], encoding="utf-8") as file:
            schema = Schema(json.load(file))
        trace = sys.stdin if files[1] == "-" else open(files[1], encoding="utf-8")
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    shown = 0
    for fault in validate(schema, trace, len(files) < len(sys.argv) - 1):
        print(fault)
        shown += 1
        if shown == MOST_FAULTS:
            print("and perhaps more")
            break
    return 1 if shown else 0


if __name__ == "__main__":
    sys.exit(main())
