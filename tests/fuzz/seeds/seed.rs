// seed - what Rust adds: enums with data, slices, options, u128.
#![no_std]
#![no_main]
pub enum Shape { Dot, Circle(u32), Rect { w: u8, h: i64 } }
pub struct Pair<'a> { a: &'a [u8], b: Option<&'a str>, t: (char, u128) }
#[inline(never)] pub fn area(s: &Shape) -> u32 { match s { Shape::Dot => 0, Shape::Circle(r) => r.wrapping_mul(3), Shape::Rect { w, h } => (*w as u32).wrapping_mul(*h as u32) } }
#[inline(never)] pub fn pair(p: &Pair) -> Option<u32> { if p.a.len() > 2 { Some(p.t.0 as u32) } else { p.b.map(|s| s.len() as u32) } }
#[no_mangle] pub extern "C" fn _start() -> ! {
    let p = Pair { a: &[1, 2, 3], b: Some("ab"), t: ('x', 7) };
    let r = area(&Shape::Rect { w: 2, h: 9 }).wrapping_add(pair(&p).unwrap_or(1)).wrapping_add(area(&Shape::Circle(2))).wrapping_add(area(&Shape::Dot));
    unsafe { core::arch::asm!("syscall", in("rax") 60, in("rdi") r as u64, options(noreturn)) }
}
#[panic_handler] fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }
