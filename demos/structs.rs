// structs - three ways for a struct to get into a function and out of it; the twin of structs.c.
//
// Look for (-v): Rust may choose its own way, and does: a Point travels in two registers, one per
// field, not packed into one as in C. A Matrix is passed by the address of a copy, where C copies
// it onto the stack. A large result comes back through a hidden pointer in both.

#[derive(Clone, Copy)]
struct Point {
    x: i32,
    y: i32,
}

struct Segment {
    from: Point,
    to: Point,
}

struct Matrix {
    v: [[f64; 3]; 3],
}

fn flip(p: Point) -> Point {
    Point { x: p.y, y: p.x }
}

fn join(from: Point, to: Point) -> Segment {
    Segment { from, to }
}

fn identity(scale: f64) -> Matrix {
    Matrix { v: [[scale, 0.0, 0.0], [0.0, scale, 0.0], [0.0, 0.0, scale]] }
}

fn trace(m: Matrix) -> f64 {
    m.v[0][0] + m.v[1][1] + m.v[2][2]
}

fn main() {
    let p = Point { x: 1, y: 2 };
    let s = join(p, flip(p));
    let m = identity(2.5);
    println!("{} {} -> {} {}", s.from.x, s.from.y, s.to.x, s.to.y);
    println!("{:.1}", trace(m));
}
