// vas_explore - sleeps, so that its address space can be looked at meanwhile.
//
// Look for: run it in one terminal (./vas_explore, or ./vas_explore 60 for a minute), and in
// another: cat /proc/$(pidof vas_explore)/maps
// Each line is a range of addresses, its permissions, and what is behind it: the program's headers,
// code (r-xp) and data, [heap], libraries, and near the top [stack].
// not: run

use std::{env, thread, time::Duration};

fn main() {
    let seconds = env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(5 * 60 * 60);
    println!("Hello, address space!");
    thread::sleep(Duration::from_secs(seconds));
    println!("Goodbye, address space!");
}
