// runaway - a recursion without an end, in Rust: it compiles, and fails when it runs.
//
// Look for: the autopsy after SIGSEGV: how many frames there were, how many bytes each took, how far
// the stack went. Then the runtime of Rust, whose handler runs on a stack of its own, says that the
// thread has overflowed its stack, and aborts the program (SIGABRT, status 134 in a shell). The
// thread has a stack of 256 KiB, so that it does not take long.
// status: SIGABRT
// What it says names the thread by its number, which differs from run to run.
// not: run

use std::thread;

fn down(n: u64) -> u64 {
    let page = [n as u8; 4096];
    if n == u64::MAX {
        return 0;
    }
    down(n + 1) + page[(n % 4096) as usize] as u64
}

fn main() {
    let other = thread::Builder::new().stack_size(256 * 1024);
    let end = other.spawn(|| down(0)).unwrap().join();
    println!("never said: {:?}", end.is_ok());
}
