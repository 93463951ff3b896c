// boxed_value - a value on the heap outlives the frame that made it.
//
// Look for: boxed_value() returns a Box, which is an address of 8 bytes, in rax. The 99 itself is
// in a block on the heap (0x55...), far below the stack (0x7ff...), and does not move when the
// frame is popped; main's "heap" then holds the same address. The block is freed at the end of
// main, where its owner goes.

fn boxed_value() -> Box<i32> {
    let result = Box::new(99);
    result
}

fn main() {
    let heap = boxed_value();
    println!("{}", heap);
}
