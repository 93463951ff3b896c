// statics - variables that live as long as the program, and where the compiler puts them.
//
// Look for: nm -C build/demos/statics | grep statics::. A static that nobody may change is in
// .rodata (r), also if it is zero. One that may change is in .bss (b) if it begins as zero, and in
// .data (d) if not; an atomic may change without being mut. A const has no address of its own: its
// value stands in the code that uses it.
// not: run

use std::sync::atomic::{AtomicU32, Ordering};

static ZERO: u32 = 0;
static SEVEN: u32 = 7;
static mut CHANGING_ZERO: u32 = 0;
static mut CHANGING_SEVEN: u32 = 7;
static COUNTER: AtomicU32 = AtomicU32::new(0);
const EIGHT: u32 = 8;

fn main() {
    let on_the_stack = EIGHT;
    COUNTER.fetch_add(on_the_stack, Ordering::Relaxed);
    println!("ZERO            {:p}", &ZERO);
    println!("SEVEN           {:p}", &SEVEN);
    // Safe since there is no other thread.
    unsafe {
        CHANGING_ZERO += on_the_stack;
        CHANGING_SEVEN += on_the_stack;
        println!("CHANGING_ZERO   {:p}", std::ptr::addr_of!(CHANGING_ZERO));
        println!("CHANGING_SEVEN  {:p}", std::ptr::addr_of!(CHANGING_SEVEN));
    }
    println!("COUNTER         {:p}", &COUNTER);
    println!("on_the_stack    {:p}", &on_the_stack);
}
