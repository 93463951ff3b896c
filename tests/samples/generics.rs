// expect: one function per type it is used with: largest<i32>, largest<char>, generics::Stack<T>'s
// expect: methods, trait methods by static and by dynamic dispatch, closures
use std::fmt::Debug;

trait Area {
    fn area(&self) -> f64;
    fn twice(&self) -> f64 {
        self.area() * 2.0
    }
}

struct Square(f64);
struct Circle(f64);

impl Area for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}

impl Area for Circle {
    fn area(&self) -> f64 {
        3.0 * self.0 * self.0
    }
}

#[derive(Debug)]
struct Stack<T> {
    items: Vec<T>,
}

impl<T: Clone + Debug> Stack<T> {
    #[inline(never)]
    fn new() -> Self {
        Stack { items: Vec::new() }
    }

    #[inline(never)]
    fn push(&mut self, item: T) -> usize {
        self.items.push(item);
        self.items.len()
    }

    #[inline(never)]
    fn pop(&mut self) -> Option<T> {
        self.items.pop()
    }
}

#[inline(never)]
fn largest<T: PartialOrd + Copy>(v: &[T]) -> T {
    let mut best = v[0];
    for &item in v {
        if item > best {
            best = item;
        }
    }
    best
}

#[inline(never)]
fn total(shapes: &[Box<dyn Area>]) -> f64 {
    shapes.iter().map(|s| s.twice()).sum()
}

#[inline(never)]
fn apply<F: Fn(i32) -> i32>(f: F, n: i32) -> i32 {
    f(n)
}

fn main() {
    println!("{} {}", largest(&[1, 5, 3]), largest(&['a', 'z', 'q']));
    let mut stack = Stack::new();
    stack.push("one");
    println!("{}", stack.push("two"));
    println!("{:?} {:?}", stack.pop(), stack);
    println!("{}", total(&[Box::new(Square(2.0)), Box::new(Circle(1.0))]));
    let by = 10;
    println!("{}", apply(|n| n * by, 4));
}
