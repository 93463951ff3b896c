// factorial - a function that calls itself: one frame per call, each with its own n.
//
// Look for: six frames of the same function stacked up, each delta the same, rsp going down in
// equal steps; nothing is multiplied before factorial(n=0) returns. Then the pops: each return
// value is the one below times n. Try ./factorial 21: Rust notices that the value no longer fits
// and panics, and the frames end as "unwound", without a return value.

fn factorial(n: u64) -> u64 {
    if n == 0 {
        1
    } else {
        n * factorial(n - 1)
    }
}

fn main() {
    let n = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(5);
    println!("{}! = {}", n, factorial(n));
}
