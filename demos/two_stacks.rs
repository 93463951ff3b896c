// two_stacks - two threads: a stack for each, one heap for both.
//
// Look for: the lines of the second thread carry its number, and its rsp is far below that of the
// first: its stack is in the mmap area. The Box is made by one thread and freed by the other: only
// its owner changes. frametrace report shows the two stacks and their limits: 8 MiB as ulimit says
// for the first, 2 MiB as Rust's std asks for the second (RUST_MIN_STACK changes it).
// varies: calls

use std::thread;

fn consume(number: Box<i32>) -> i32 {
    *number + 1
}

fn main() {
    let number = Box::new(41);
    let other = thread::spawn(move || consume(number));
    let sum = other.join().unwrap();
    println!("{}", sum);
}
