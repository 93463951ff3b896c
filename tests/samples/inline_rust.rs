// expect: with -O square, Point::len and the closure are inlined into work and have no frame; what
// expect: std has inlined into it (the range's iterator) is hidden unless asked for
struct Point {
    x: i64,
    y: i64,
}

impl Point {
    #[inline]
    fn len(&self) -> i64 {
        square(self.x) + square(self.y)
    }
}

#[inline]
fn square(v: i64) -> i64 {
    v * v
}

#[inline(never)]
fn work(n: i64) -> i64 {
    let scale = |v: i64| v * 3 + n;
    let mut sum = 0;
    for i in 0..n {
        let p = Point { x: i, y: scale(i) };
        sum ^= p.len();
    }
    sum
}

fn main() {
    let n = std::env::args().count() as i64;
    println!("{} {}", work(n + 3), square(n + 6));
}
