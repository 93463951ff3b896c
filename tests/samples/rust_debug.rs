// expect: show() is called with every kind of value, and prints it with {:?}; a trace's text of
// expect: `value` is the same but for the addresses that it puts before what owners point to

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::{CString, OsString};
use std::fmt::Debug;
use std::hash::BuildHasherDefault;
use std::iter::FromIterator;
use std::marker::PhantomData;
use std::num::{NonZeroI128, NonZeroU32, NonZeroU8, Wrapping};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

type Fixed = BuildHasherDefault<DefaultHasher>; // the same order in every run

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    x: i32,
    y: i32,
}

#[derive(Debug)]
pub struct Unit;

#[derive(Debug)]
pub struct Meters(f64);

#[derive(Debug)]
pub struct Pair(i8, &'static str);

#[derive(Debug)]
pub struct Generic<T, const N: usize> {
    items: [T; N],
    rest: PhantomData<T>,
}

#[derive(Debug)]
pub enum Shape {
    Empty,
    Circle(f64),
    Line(Point, Point),
    Rect { w: u32, h: u32 },
}

#[derive(Debug)]
pub enum Level {
    Low = -3,
    High = 9,
}

#[derive(Debug)]
pub enum Single {
    Only(u16),
}

#[derive(Debug)]
pub struct List {
    value: i32,
    next: Option<Box<List>>,
}

#[derive(Debug)]
pub struct Tree {
    name: String,
    parent: RefCell<Weak<Tree>>,
    children: RefCell<Vec<Rc<Tree>>>,
}

#[inline(never)]
pub fn show<T: Debug + ?Sized>(value: &T) {
    println!("{:?}", value);
}

fn scalars() {
    show(&-128i8);
    show(&255u8);
    show(&i16::MIN);
    show(&u16::MAX);
    show(&-2147483648i32);
    show(&4000000000u32);
    show(&i64::MIN);
    show(&u64::MAX);
    show(&i128::MIN);
    show(&u128::MAX);
    show(&-1isize);
    show(&7usize);
    show(&true);
    show(&false);
    for c in ['a', '\'', '"', '\n', '\\', '\0', '\u{1b}', 'é', '😀', '\u{200b}', '\u{301}'] {
        show(&c);
    }
    for f in [0.0, -0.0, 1.0, 0.1, 1e21, 1e16, 1e15, 1e-7, 1e-5, 123456.789, f64::MAX, 5e-324] {
        show(&f);
    }
    for f in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        show(&f);
    }
    for f in [0.1f32, 16777216.0, 3.4e38, 1e-45, 0.333_333_34] {
        show(&f);
    }
    show(&());
}

fn texts() {
    show("plain");
    show("");
    show("tab\tquote\"back\\slash\nnul\0esc\u{1b} é 😀 'single'");
    show(&"a reference");
    show(&String::from("owned"));
    show(&String::new());
    show(&PathBuf::from("/tmp/a b"));
    show(Path::new("relative/path"));
    show(&OsString::from("os"));
    show(&CString::new("c text").unwrap());
    show(&Box::<str>::from("boxed"));
    show(&Rc::<str>::from("shared"));
    show(&Arc::<str>::from("atomic"));
    show(&Cow::Borrowed("borrowed"));
    show(&Cow::<str>::Owned("owned".to_string()));
}

fn sequences() {
    show(&[1u8, 2, 3]);
    show(&[[1i16, 2], [3, 4]]);
    show(&[0u64; 0]);
    show(&[1i32, 2, 3][..2]);
    show(&vec!["a", "b"]);
    show(&Vec::<i32>::new());
    show(&vec![Some(1u8), None]);
    show(&vec![vec![1i32], vec![], vec![2, 3]]);
    show(&vec![Unit, Unit]);
    show(&vec![(), ()]);
    show(&Box::<[i32]>::from([4, 5]));
    show(&Rc::<[u16]>::from([6, 7]));
    let mut ring: VecDeque<i32> = (0..6).collect();
    show(&ring);
    for i in 6..9 {
        ring.pop_front();
        ring.push_back(i);
    }
    show(&ring);
    show(&VecDeque::<String>::new());
    show(&LinkedList::from(["one".to_string(), "two".to_string()]));
    show(&LinkedList::<u8>::new());
    show(&BinaryHeap::from([3u8, 1, 2]));
}

fn compounds() {
    show(&(1i32,));
    show(&(1i32, "two", 3.0f64));
    show(&((1u8, 2u8), [3u8]));
    show(&Point { x: -1, y: 2 });
    show(&Unit);
    show(&Meters(2.5));
    show(&Pair(-1, "p"));
    show(&Generic { items: [1u8, 2], rest: PhantomData });
    show(&Generic::<String, 0> { items: [], rest: PhantomData });
    show(&[Shape::Empty, Shape::Circle(1.5)]);
    show(&Shape::Line(Point { x: 0, y: 1 }, Point { x: 2, y: 3 }));
    show(&Shape::Rect { w: 4, h: 5 });
    show(&[Level::Low, Level::High]);
    show(&Single::Only(3));
    show(&Some(5i32));
    show(&None::<i32>);
    show(&Some("niche"));
    show(&None::<&str>);
    show(&Some(Box::new(7u8)));
    show(&None::<Box<u8>>);
    show(&Some(Some(false)));
    show(&Some(None::<bool>));
    show(&None::<Option<bool>>);
    show(&Some('c'));
    show(&Some(NonZeroU32::new(1).unwrap()));
    show(&Some(vec![1i32]));
    show(&None::<Vec<i32>>);
    show(&Ok::<i32, String>(1));
    show(&Err::<i32, String>("bad".to_string()));
    show(&Err::<(), u8>(2));
    show(&1.cmp(&2));
}

fn owners() {
    show(&&5i32);
    show(&&&6i32);
    show(&Box::new(7i32));
    show(&Box::new(Point { x: 1, y: 2 }));
    show(&Box::new(Box::new(8i32)));
    show(&(Box::new(Meters(3.5)) as Box<dyn Debug>));
    show(&(Box::new("dynamic".to_string()) as Box<dyn Debug>));
    show(&(&Point { x: 3, y: 4 } as &dyn Debug));
    let rc = Rc::new(vec![1u8, 2]);
    let weak = Rc::downgrade(&rc);
    show(&rc);
    show(&rc.clone());
    show(&weak);
    show(&(Rc::new(Pair(1, "rc")) as Rc<dyn Debug>));
    show(&Arc::new(9i32));
    show(&(Arc::new(Meters(4.5)) as Arc<dyn Debug>));
    show(&List { value: 1, next: Some(Box::new(List { value: 2, next: None })) });
    show(&Box::pin(1i32));
    show(&Pin::new(&2i32));
    let leaf = Rc::new(Tree {
        name: "leaf".to_string(),
        parent: RefCell::new(Weak::new()),
        children: RefCell::new(vec![]),
    });
    let branch = Rc::new(Tree {
        name: "branch".to_string(),
        parent: RefCell::new(Weak::new()),
        children: RefCell::new(vec![]),
    });
    *leaf.parent.borrow_mut() = Rc::downgrade(&branch);
    branch.children.borrow_mut().push(Rc::clone(&leaf));
    show(&leaf);
}

fn maps() {
    let mut words: HashMap<String, i32, Fixed> = HashMap::default();
    let mut squares: HashMap<u64, u64, Fixed> = HashMap::default();
    let mut set: HashSet<&str, Fixed> = HashSet::default();
    show(&words);
    show(&set);
    for (i, word) in ["one", "two", "three", "four", "five"].iter().enumerate() {
        words.insert(word.to_string(), i as i32 + 1);
        set.insert(word);
    }
    words.remove("three");
    for i in 0..60 {
        squares.insert(i, i * i);
    }
    show(&words);
    show(&set);
    show(&squares);
    show(&HashMap::<u8, Vec<u8>, Fixed>::from_iter([(1u8, vec![2u8, 3])]));
    show(&HashSet::<(), Fixed>::from_iter([()]));
    let tree: BTreeMap<i32, String> = (0..5).map(|i| (i, format!("v{}", i))).collect();
    show(&tree);
    let mut large: BTreeMap<u16, u8> = (0..190u16).map(|i| (i, i as u8)).collect();
    show(&large);
    for i in (0..190).step_by(3) {
        large.remove(&i);
    }
    show(&large);
    show(&BTreeMap::<String, i32>::new());
    show(&BTreeSet::from(["b", "a"]));
    show(&BTreeMap::from([("p", Point { x: 1, y: 2 })]));
    show(&BTreeMap::from([(1u8, BTreeSet::from([2u8]))]));
}

fn cells() {
    show(&Cell::new(4i32));
    show(&RefCell::new("in a cell".to_string()));
    show(&Mutex::new(5i32));
    show(&RwLock::new(vec![6i32]));
    show(&AtomicUsize::new(7));
    show(&AtomicI64::new(-8));
    show(&AtomicBool::new(true));
    let cell = RefCell::new(vec![1i32]);
    show(&cell.borrow());
    show(&cell.borrow_mut());
    let mutex = Mutex::new(Point { x: 5, y: 6 });
    show(&mutex.lock().unwrap());
}

fn others() {
    show(&NonZeroU8::new(200).unwrap());
    show(&NonZeroI128::new(-1).unwrap());
    show(&None::<NonZeroU8>);
    show(&Wrapping(4i32));
    show(&(1..5));
    show(&(1u8..=5));
    show(&(..5i64));
    show(&(2usize..));
    show(&(..=7i32));
    show(&(..));
    show(&PhantomData::<u8>);
    for d in [
        Duration::from_secs(3),
        Duration::from_millis(1500),
        Duration::from_millis(20),
        Duration::new(0, 3_250_000),
        Duration::from_micros(7),
        Duration::from_nanos(1_001),
        Duration::from_nanos(9),
        Duration::from_nanos(0),
    ] {
        show(&d);
    }
}

fn main() {
    scalars();
    texts();
    sequences();
    compounds();
    owners();
    maps();
    cells();
    others();
}
