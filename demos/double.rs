// double - two frames, one number handed in and one handed back.
//
// Look for: main's frame is pushed before double's and popped after it (last in, first out).
// double(n=48) pushes 8 bytes for the return address and 8 more of its own; its pop gives all 16
// back, and the next call may write over them. "= 96" travels back in the register eax: it has no
// place in double's frame, and b, where it ends up, is in main's. The stack grows downwards: a
// push makes rsp smaller.

fn double(n: i32) -> i32 {
    n * 2
}

fn main() {
    let a = 48;
    let b = double(a);
    println!("{}", b);
}
