"""excuses - differences from gdb 13 that are allowed, each with its proof.

An excuse is as narrow as its cause: the function asks for all that makes gdb say what it says.
Those marked OWN are ours, where gdb knows more: gdb_oracle fails when one is not needed any more.
docs/oracles.md has the proofs in full. of(case) gives the name of the excuse that fits, or None.
"""
import re

OWN = "we say less: "
GDB = "gdb is wrong: "
LESS = "gdb says less: "


def int128(case):
    """gdb 13's `finish` takes a returned 128-bit integer for 0; floats.c prints what it is."""
    return case.what == "returned" and "128" in case.said.get("type", "") and case.theirs == "0"


def wchar(case):
    """The number is the same; the glyph is missing: `finish` strips the typedef."""
    return case.what == "returned" and case.type == "wchar_t" and \
        re.fullmatch(re.escape(case.theirs) + r" L'.*'", case.ours)


def returned_reference(case):
    """`finish` prints the address of a returned reference, not what it refers to."""
    return case.what == "returned" and re.fullmatch(r"@?0x[0-9a-f]+", case.theirs) and \
        case.ours.startswith(case.theirs + ": ")


def rust_asserts(case):
    """gdb 13 ends with an internal error (field: idx < num_fields) on a Rust enum with data that is
    in registers or returned in them, so the driver does not ask (rust_types.rs: maybe)."""
    unasked = case.what == "returned" and not case.theirs
    return case.rust and (case.theirs == "<gdb asserts>" or unasked)


def rust_pair(case):
    """Rust returns a pair of scalars in rax and rdx; gdb unpacks both from rax by the psABI, so the
    second is wrong. rust_types.rs prints `Point { x: 2, y: 1 }.flip()` itself."""
    leaves = case.said.get("leaves") or []
    return case.what == "returned" and case.rust and len(leaves) == 2 and \
        case.ours.count(": ") == 2 and f": {leaves[0][1]}," in case.ours


def beyond_pieces(case):
    """Pieces that do not cover the value: gdb shows the rest as 0, "" or <synthetic pointer>. In
    structs.c (clang -O2) take_bytes3's 2nd and 3rd byte are 'b' and 'c', and take_pair's y is 4,
    by what it prints; DWARF describes the first piece only."""
    sizes = re.findall(r"(\d+)-byte piece", case.said.get("place", ""))
    return sizes and sum(map(int, sizes)) < case.said.get("size", 0) and \
        case.ours == "<optimised out>"


def location_view(case):
    """gdb ignores an empty range of a location list, which gcc makes for a view: it holds at its
    address. unions_bitfields.c: as_word(1.5) has w in xmm0 there, and returns it."""
    return case.said.get("place") == "nowhere, but for an empty range" and unknown(case.theirs)


def no_such_array(case):
    """A variable-length array without a location at this pc: gdb prints its address as 0x0."""
    return case.said.get("place") == "nowhere" and case.theirs == "0x0" and \
        case.ours == "<optimised out>"


def empty_class(case):
    """A type without members, as a closure that captures nothing: gdb prints none of them, wherever
    it is not."""
    nothing = case.theirs == "{<No data fields>}" or case.rust and case.said.get("size") == 0
    return case.said.get("place") == "optimized out." and case.ours == "<optimised out>" and nothing


def no_variant(case):
    """An enum that was never set: no variant has its tag. The bytes are the same."""
    return case.rust and "Could not find active enum variant" in case.theirs and \
        case.same_place() and "<no variant" in case.ours


def no_other_variant(case):
    """Of Result<Infallible, E> only Err can be; not set, and we say Ok."""
    return case.rust and "Infallible" in case.said.get("type", "") and case.same_place()


def dropped(case):
    """A Rust or C++ value whose block has ended was dropped: we show its own bytes and do not
    follow its pointers; gdb follows them to what is there by now."""
    return case.value.get("scope_ended") and case.language != "c" and case.same_place()


def realigned_ret(case):
    """gcc's call frame information at the ret of a realigned frame still finds rbx at rbp - 24,
    though rbp has been popped (readelf --debug-dump=frames-interp); gdb cannot unwind and stops."""
    return case.what == "frame" and any(text.startswith("and rsp") for text, _ in case.parts())


def parameter_of_entry(case):
    """gdb evaluates DW_OP_entry_value by the call site in the caller."""
    return case.ours == "<entry value not known>" and "entry_value" in case.said.get("place", "")


def parameter_ref(case):
    return case.ours == "<refers to a parameter of an inlined call>"


def partial(case):
    """Some pieces of an aggregate are known; gdb shows those."""
    return case.ours == "<optimised out>" and "piece" in case.said.get("place", "")


def vla(case):
    """The bound of a variable-length array is an entry value."""
    return case.ours == "<variable length>"


def standard_type(case):
    """libstdc++'s types, and what holds such: gdb shows them by printers of their own, or member by
    member where the program is static and they were not loaded."""
    ours, theirs = (re.match(r"@?0x[0-9a-f]+|", text)[0] for text in (case.ours, case.theirs))
    return case.language == "c++" and case.same_place() and (ours == theirs or not theirs) and \
        re.search(r"\bstd::", case.said.get("type", "") + case.type + case.ours + case.theirs)


def closed_library(case):
    """A pointer into a library that has been closed: we still name the function that was there."""
    return re.fullmatch(re.escape(case.theirs) + r" <\w+>", case.ours) and \
        case.event["function"] == "open_and_call"


def rust_standard_type(case):
    """A type of Rust's library, or one that holds such: gdb has no printer, and shows its private
    members. Place and size are compared; the text is compared with {:?} elsewhere."""
    names = case.theirs + case.said.get("type", "")
    return case.rust and case.same_place() and re.search(r"\b(alloc|core|std|hashbrown)::", names)


EXCUSES = [
    (GDB + "a returned 128-bit integer is 0", int128),
    (LESS + "no glyph of a returned wchar_t", wchar),
    (LESS + "not what a returned reference refers to", returned_reference),
    (GDB + "it asserts on Rust enums in registers", rust_asserts),
    (GDB + "the second of a pair that Rust returns", rust_pair),
    (GDB + "what lies beyond the last piece", beyond_pieces),
    (LESS + "nothing where the range is an empty one", location_view),
    (GDB + "0x0 for an array that is nowhere", no_such_array),
    (GDB + "an empty class that is nowhere", empty_class),
    (LESS + "an error for an enum that was never set", no_variant),
    (GDB + "it follows pointers of values that were dropped", dropped),
    (GDB + "it fails at the ret of gcc's realigned frames", realigned_ret),
    (LESS + "Rust's library types, compared by their place", rust_standard_type),
    (OWN + "entry values", parameter_of_entry),
    (OWN + "parameters of inlined calls", parameter_ref),
    (OWN + "values of which parts are known", partial),
    (OWN + "bounds of arrays that are entry values", vla),
    (OWN + "types of libstdc++", standard_type),
    (OWN + "libraries that were closed", closed_library),
    (OWN + "enums with a variant that cannot be", no_other_variant),
]


def unknown(text):
    return "<optimised out>" in text and not re.search(r"= -?\d", text)


def of(case):
    for name, fits in EXCUSES:
        if fits(case):
            return name
    return None
