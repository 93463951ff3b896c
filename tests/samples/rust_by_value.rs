// expect: the arguments are known at each push, although rustc passes them by address; what they own
// expect: is dropped before their function returns, and is not read any more at the pop

use std::hint::black_box;

pub struct Large {
    numbers: [i64; 4],
    last: i32,
}

#[inline(never)]
fn count(list: Vec<i32>) -> usize {
    let n = list.len();
    n + 1
}

#[inline(never)]
fn length(text: String) -> usize {
    text.len()
}

#[inline(never)]
fn change(mut large: Large) -> i64 {
    large.numbers[1] += large.last as i64;
    black_box(&large).numbers[1]
}

#[inline(never)]
fn is_there(maybe: Option<String>) -> bool {
    maybe.is_some()
}

#[inline(never)]
fn three(list: Vec<i32>, text: String, borrowed: &str) -> usize {
    list.len() + text.len() + borrowed.len()
}

fn main() {
    let large = Large { numbers: [1, 2, 3, 4], last: 5 };
    let sum = count(vec![1, 2])
        + length(String::from("hey"))
        + change(large) as usize
        + is_there(Some(String::from("x"))) as usize
        + three(vec![7], String::from("q"), "abc");
    println!("{}", sum);
}
