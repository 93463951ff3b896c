// stack_or_heap - prints addresses; the reader says which region each one is in.
//
// Look for: the literal, MAX and foo are parts of the program file (0x55...): the literal and MAX
// in .rodata, since nobody may write to them, foo in .text. hello is 24 bytes on the stack
// (0x7ff...), which hold the address of its characters on the heap. The Box is 8 bytes on the
// stack; what it points to is on the heap. Addresses differ from run to run: --no-aslr keeps them.
// not: run

static MAX: u32 = 0;

fn foo() {}

fn main() {
    let hello = String::from("Hello World");
    let boxed = Box::new(1);

    println!("string literal  {:p}", "a literal".as_ptr());
    println!("static MAX      {:p}", &MAX);
    println!("fn foo          {:p}", foo as fn());
    println!("&hello          {:p}", &hello);
    println!("&*hello         {:p}", hello.as_ptr());
    println!("&*boxed         {:p}", &*boxed as *const i32);
    println!("&boxed          {:p}", &boxed);
    foo();
}
