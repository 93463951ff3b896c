// expect: {:?} spelling of scalars, str, String, Vec, Option, Result, enums, tuples, arrays, slices,
// expect: Box, references, unit; struct arguments and results in registers and by hidden pointer

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    x: i32,
    y: i32,
}

#[derive(Debug)]
pub struct Person {
    name: String,
    age: u8,
    tags: Vec<u16>,
}

#[derive(Clone, Copy, Debug)]
pub struct Meters(f64);

#[derive(Debug)]
pub enum Shape {
    Empty,
    Circle(f64),
    Rect { w: u32, h: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    Low,
    High = 9,
}

pub trait Named {
    fn name(&self) -> usize;
}

impl Named for Person {
    #[inline(never)]
    fn name(&self) -> usize {
        self.name.len()
    }
}

impl Point {
    #[inline(never)]
    fn flip(self) -> Point {
        Point { x: self.y, y: self.x }
    }

    #[inline(never)]
    fn shift(&mut self, by: i32) -> &mut Point {
        self.x += by;
        self
    }
}

#[inline(never)]
pub fn scalars(a: i8, b: u64, c: f32, d: bool, e: char) -> i128 {
    a as i128 + b as i128 + c as i128 + d as i128 + e as i128
}

#[inline(never)]
pub fn text(s: &str, owned: String) -> usize {
    s.len() + owned.len()
}

#[inline(never)]
pub fn maybe(n: Option<i32>) -> Result<i32, String> {
    n.ok_or_else(|| String::from("nothing"))
}

#[inline(never)]
pub fn boxed(n: i32) -> Option<Box<i32>> {
    if n > 0 {
        Some(Box::new(n))
    } else {
        None
    }
}

#[inline(never)]
pub fn area(s: &Shape) -> f64 {
    match s {
        Shape::Empty => 0.0,
        Shape::Circle(r) => 3.0 * r * r,
        Shape::Rect { w, h } => f64::from(w * h),
    }
}

#[inline(never)]
pub fn level(l: Level) -> (Level, u8) {
    (if l == Level::Low { Level::High } else { Level::Low }, l as u8)
}

#[inline(never)]
pub fn sum(v: &[u16], fixed: [i16; 3]) -> i64 {
    v.iter().map(|n| i64::from(*n)).sum::<i64>() + fixed.iter().map(|n| i64::from(*n)).sum::<i64>()
}

#[inline(never)]
pub fn person(name: &str) -> Person {
    Person { name: name.to_string(), age: 36, tags: vec![1, 2, 3] }
}

#[inline(never)]
pub fn length(m: Meters, more: &Meters) -> Meters {
    Meters(m.0 + more.0)
}

#[inline(never)]
pub fn unit(_n: ()) {}

#[inline(never)]
pub fn dynamic(n: &dyn Named) -> usize {
    n.name()
}

fn main() {
    let mut p = Point { x: 1, y: 2 }.flip();
    println!("{:?}", p.shift(10));
    println!("{}", scalars(-1, u64::MAX, 2.5, true, 'é'));
    println!("{}", text("bor\trowed", String::from("owned")));
    println!("{:?} {:?}", maybe(Some(3)), maybe(None));
    println!("{:?} {:?}", boxed(5), boxed(-5));
    println!("{} {}", area(&Shape::Empty), area(&Shape::Circle(2.0)) + area(&Shape::Rect { w: 2, h: 3 }));
    println!("{:?}", level(Level::Low));
    let someone = person("Ada");
    println!("{}", sum(&someone.tags, [-1, 0, 1]));
    println!("{:?} {}", someone, someone.age);
    println!("{:?}", length(Meters(1.5), &Meters(2.25)));
    unit(());
    println!("{}", dynamic(&someone));
}
