// expect: inner() panics: its frame and middle()'s are unwound, not returned; Guard is dropped
// expect: meanwhile; catch_unwind in outer() catches; then main exits with status 3
// status: 3
use std::panic;
use std::process;

struct Guard(i32);

impl Drop for Guard {
    #[inline(never)]
    fn drop(&mut self) {
        println!("guard {} dropped", self.0);
    }
}

#[inline(never)]
fn inner(n: i32) -> i32 {
    if n == 0 {
        panic!("zero");
    }
    100 / n
}

#[inline(never)]
fn middle(n: i32) -> i32 {
    let guard = Guard(n);
    inner(n) + guard.0
}

#[inline(never)]
fn outer(n: i32) -> Result<i32, i32> {
    panic::catch_unwind(|| middle(n)).map_err(|_| -1)
}

fn main() {
    panic::set_hook(Box::new(|_| println!("panicked"))); // the usual text has a thread id in it
    println!("{:?}", outer(5));
    println!("{:?}", outer(0));
    process::exit(3);
}
