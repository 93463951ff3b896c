"""excuses - differences from gdb 13 that are allowed, each with its proof.

An excuse is as narrow as its cause: the function asks for all that makes gdb say what it says.
Those marked OWN are ours, where gdb knows more: gdb_oracle fails when one is not needed any more.
docs/oracles.md has the proofs in full. of(case) gives the name of the excuse that fits, or None.
"""
import re

OWN = "we say less: "
WRONG = "we are wrong: "  # in scripts/real-programs only
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
        re.search(rf"[ (]{re.escape(leaves[0][1])}, ", case.ours)


def beyond_pieces(case):
    """Pieces that do not cover the value: gdb shows the rest as 0, "" or <synthetic pointer>. In
    structs.c (clang -O2) take_bytes3's 2nd and 3rd byte are 'b' and 'c', and take_pair's y is 4,
    by what it prints; DWARF describes the first piece only."""
    sizes = re.findall(r"(\d+)-byte piece", case.said.get("place", ""))
    return sizes and sum(map(int, sizes)) < case.said.get("size", 0) and \
        "<optimised out>" in case.ours


def location_view(case):
    """gdb ignores an empty range of a location list, which gcc makes for a view: it holds at its
    address. unions_bitfields.c: as_word(1.5) has w in xmm0 there, and returns it."""
    return case.said.get("place") == "nowhere, but for an empty range" and unknown(case.theirs)


def no_such_array(case):
    """A variable-length array without a location at this pc: gdb prints its address as 0x0."""
    return case.said.get("place") == "nowhere" and case.theirs == "0x0" and \
        not_known(case.ours)


def empty_class(case):
    """A type without members, as a closure that captures nothing: gdb prints none of them, wherever
    it is not."""
    nothing = case.theirs == "{<No data fields>}" or case.rust and case.said.get("size") == 0
    return case.said.get("place") == "optimized out." and not_known(case.ours) and nothing


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
    if not case.value.get("scope_ended") or case.language == "c":
        return False
    if re.fullmatch(r"@0x[0-9a-f]+", case.ours):  # a reference: gdb says what it refers to only
        return case.said.get("type", "").endswith("&")
    return "address" in case.said and case.same_place()


def realigned_ret(case):
    """gcc's call frame information at the ret of a realigned frame still finds rbx at rbp - 24,
    though rbp has been popped (readelf --debug-dump=frames-interp); gdb cannot unwind and stops."""
    return case.what == "frame" and any(text.startswith("and rsp") for text, _ in case.parts())


def tail_call_guess(case):
    """The caller's call site is of another function, which jumped here: gdb takes its value for
    that function's if it finds one way only; we do not know what the jump passed."""
    return case.ours.startswith("<entry value not known: its caller called another function")


def implicit_pointer(case):
    """A pointer to what has no address; we show what it would point to."""
    return case.ours.startswith("<no address") and case.theirs == "<synthetic pointer>"


def computed_from_entry(case):
    """A value computed from one that an argument had at the entry; gdb asks the call site for that,
    which does not tell; we kept the register."""
    return case.theirs == "<optimised out>" and not case.said.get("argument") and \
        "entry_value" in case.said.get("place", "")


def wide_operation(case):
    """gdb does not compute with 128-bit integers; nor do we know the register's upper half."""
    return "not available on integers of more than 8 bytes" in case.theirs and \
        case.ours.startswith("<register ")


def long_double_pieces(case):
    """gdb 16 asks for all 16 bytes of a long double; clang describes the ten that count."""
    return case.said.get("type") == "long double" and unknown(case.theirs) and \
        "[10-byte piece]" in case.said.get("place", "")


def error_in_other_words(case):
    """An expression that is wrong (clang 19: DW_OP_deref_size 16): neither has a value."""
    return case.ours.startswith("<bad expression") and case.theirs.startswith("<error: ")


def two_registers(case):
    """gdb 16 takes DW_OP_regval_type of 16 bytes for rdx and rcx, that come after each other in
    DWARF's numbers only."""
    return "DW_OP_regval_type<" in case.said.get("place", "") and case.said.get("size") == 16 and \
        case.ours.startswith("<register ")


def first_view(case):
    """Of two ranges that begin at this pc gdb takes that which lasts; the empty one before it is
    that of the call (strings.c: rename_to's p is what was passed)."""
    return case.said.get("at_empty_range") and case.said.get("argument") and \
        not case.stop.is_pop()


def partial(case):
    """Some pieces of an aggregate are known; gdb shows those."""
    return not_known(case.ours) and "piece" in case.said.get("place", "")


def standard_type(case):
    """libstdc++'s types, and what holds such: gdb shows them by printers of their own, or member by
    member where the program is static and they were not loaded."""
    ours, theirs = (re.match(r"@?0x[0-9a-f]+|", text)[0] for text in (case.ours, case.theirs))
    same = ours == theirs or "" in (ours, theirs)
    return case.language == "c++" and case.same_place() and same and \
        re.search(r"\bstd::", case.said.get("type", "") + case.type + case.ours + case.theirs)


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
    (LESS + "what an argument was before a tail call is guessed", tail_call_guess),
    (LESS + "not what is computed from an entry value that it lacks", computed_from_entry),
    (LESS + "no arithmetic of 128 bits", wide_operation),
    (WRONG + "Ok of a Result that can only be Err", no_other_variant),
    (LESS + "not what a pointer without an address points to", implicit_pointer),
    (LESS + "Rust's library types, compared by their place", rust_standard_type),
    (LESS + "no long double of which only ten bytes are described", long_double_pieces),
    (LESS + "an error in other words", error_in_other_words),
    (GDB + "a register of 128 bits is two of 64", two_registers),
    (GDB + "an argument that is changed at once is not what was passed", first_view),
    (OWN + "values of which parts are known", partial),
    (OWN + "types of libstdc++", standard_type),
]


def not_known(text):
    return text.startswith("<optimised out")


def unknown(text):
    return "<optimised out>" in text and not re.search(r"= -?\d", text)


def of(case):
    for name, fits in EXCUSES:
        if fits(case):
            return name
    return None
