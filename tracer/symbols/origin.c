#include <string.h>

#include "base/buf.h"
#include "symbols/private.h"

/* A path without "//", "/./" and "x/../"; relative paths keep their leading "..". */
static void normalise(struct buf *b, const char *path)
{
	if (*path == '/')
		buf_char(b, '/');
	size_t root = b->len;
	while (*path) {
		path += strspn(path, "/");
		size_t len = strcspn(path, "/");
		char *last = strrchr(b->s, '/');
		const char *tail = last ? last + 1 : b->s;
		if (len == 2 && memcmp(path, "..", 2) == 0 && b->len > root &&
		    strcmp(tail, "..") != 0) {
			size_t keep = last ? (size_t)(last - b->s) : 0;
			buf_truncate(b, keep > root ? keep : root);
		} else if (len && !(len == 1 && *path == '.')) {
			if (b->len > root)
				buf_char(b, '/');
			buf_add(b, path, len);
		}
		path += len;
	}
}

/* Is `path` the directory `dir` or something under it? */
static bool is_under(const char *path, const char *dir)
{
	size_t len = strlen(dir);
	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Only directories that packages of the system or a toolchain own; never /usr/src or /usr/local. */
static const char *const system_dirs[] = {
	"/usr/include", "/usr/lib",   "/usr/lib32",	    "/usr/lib64",
	"/usr/libexec", "/usr/share", "/usr/local/lib/gcc", "/usr/local/include/c++",
	"/lib",		"/lib64",
};

/* Where rustc's own sources are, as rustc and distributions record them. */
static const char *const std_dirs[] = {"/rustc", "/rust/deps", "/usr/src/rustc"};
static const char *const std_parts[] = {"/lib/rustlib/"};

/* Other people's crates. */
static const char *const crate_parts[] = {"/.cargo/registry/", "/.cargo/git/", "/.rustup/",
					  "/usr/share/cargo/registry/"};

static bool is_rust_library(const char *path)
{
	// "library/core/src/…", relative when the standard library was built with remapped paths.
	static const char *const crates[] = {
		"core",		 "alloc",	"std",	    "test",	  "proc_macro",
		"panic_unwind",	 "panic_abort", "unwind",   "std_detect", "compiler-builtins",
		"portable-simd", "stdarch",	"backtrace"};
	if (strncmp(path, "library/", 8) != 0)
		return false;
	for (size_t i = 0; i < FT_COUNT(crates); i++)
		if (is_under(path + 8, crates[i]))
			return true;
	return false;
}

/* The C library's start-up code, where crt1.o has debug information (Fedora, openSUSE, Ubuntu). */
static const char *const startup_parts[] = {
	"sysdeps/x86_64/start.S", "sysdeps/x86_64/crti.S", "sysdeps/x86_64/crtn.S",
	"/csu/static-reloc.c",	  "/csu/elf-init.c",	   "/csu/abi-note.c",
};

static enum origin origin_of_clean_path(const char *path)
{
	for (size_t i = 0; i < FT_COUNT(std_parts); i++)
		if (strstr(path, std_parts[i]))
			return ORIGIN_STD;
	for (size_t i = 0; i < FT_COUNT(std_dirs); i++)
		if (is_under(path, std_dirs[i]))
			return ORIGIN_STD;
	if (strncmp(path, "/usr/src/rustc-", 15) == 0 || is_rust_library(path))
		return ORIGIN_STD;
	for (size_t i = 0; i < FT_COUNT(startup_parts); i++)
		if (strstr(path, startup_parts[i]))
			return ORIGIN_SYSTEM;
	for (size_t i = 0; i < FT_COUNT(crate_parts); i++)
		if (strstr(path, crate_parts[i]))
			return ORIGIN_SYSTEM;
	for (size_t i = 0; i < FT_COUNT(system_dirs); i++)
		if (is_under(path, system_dirs[i]))
			return ORIGIN_SYSTEM;
	return ORIGIN_OWN;
}

enum origin origin_of_path(const char *path)
{
	struct buf b;
	buf_init(&b);
	normalise(&b, path);
	enum origin origin = origin_of_clean_path(b.s);
	buf_deinit(&b);
	return origin;
}

/* What crt1.o, crti.o, crtbegin.o and libc_nonshared.a bring along. */
static const char *const startup_names[] = {
	"_start",
	"_init",
	"_fini",
	"frame_dummy",
	"register_tm_clones",
	"deregister_tm_clones",
	"_dl_relocate_static_pie",
	"__do_global_dtors_aux",
	"__do_global_ctors_aux",
	"atexit",
	"at_quick_exit",
};

static const char *const compiler_prefixes[] = {
	"__libc_csu_",
	"__x86.get_pc_thunk",
	"__x86_indirect_thunk",
	"__x86_return_thunk",
	"__clang_call_terminate",
	"__static_initialization_and_destruction_0",
	"_Z41__static_initialization_and_destruction_0",
	"_GLOBAL__",
	"__cxx_global_var_init",
	"__cxx_global_array_dtor",
	"asan.module_",
	"__rust_",
	"__rdl_",
	"__rg_",
	"__rustc::",
};

bool is_compiler_made(const char *name)
{
	for (size_t i = 0; i < FT_COUNT(compiler_prefixes); i++)
		if (strncmp(name, compiler_prefixes[i], strlen(compiler_prefixes[i])) == 0)
			return true;
	return false;
}

static bool is_startup(const char *name)
{
	for (size_t i = 0; i < FT_COUNT(startup_names); i++)
		if (strcmp(name, startup_names[i]) == 0)
			return true;
	return false;
}

/* The crate a Rust path begins with is one of those that come with the compiler. */
static bool is_std_crate(const char *path)
{
	static const char *const crates[] = {
		"core",
		"alloc",
		"std",
		"panic_unwind",
		"panic_abort",
		"std_detect",
		"unwind",
		"gimli",
		"object",
		"addr2line",
		"memchr",
		"rustc_demangle",
		"adler",
		"adler2",
		"hashbrown",
		"miniz_oxide",
		"compiler_builtins",
		"rustc_std_workspace_core",
		"rustc_std_workspace_alloc",
		"proc_macro",
		"test",
	};
	for (size_t i = 0; i < FT_COUNT(crates); i++) {
		size_t len = strlen(crates[i]);
		if (strncmp(path, crates[i], len) == 0 && strncmp(path + len, "::", 2) == 0)
			return true;
	}
	return false;
}

/*
 * "core::ptr::drop_in_place", "<alloc::vec::Vec<T> as core::fmt::Debug>::fmt" and
 * "<T as alloc::string::ToString>::to_string" are the library's; a trait or a type of the program
 * makes it the program's.
 */
static bool is_std_path(const char *shown)
{
	if (*shown != '<')
		return is_std_crate(shown);
	const char *type = shown + 1;
	type += strspn(type, "<&*[(");
	if (strncmp(type, "mut ", 4) == 0)
		type += 4;
	size_t ident = strspn(type, "abcdefghijklmnopqrstuvwxyz_0123456789");
	bool is_path = ident && strncmp(type + ident, "::", 2) == 0;
	const char *as = strstr(type, " as ");
	if (is_path && !is_std_crate(type))
		return false;
	return as ? is_std_crate(as + 4) : true; // only core implements methods of primitive types
}

enum origin origin_of_names(const char *symbol, const char *shown)
{
	if (is_startup(symbol) || is_compiler_made(symbol) || (shown && is_compiler_made(shown)))
		return ORIGIN_HELPER;
	if (shown && is_rust_symbol(symbol) && is_std_path(shown))
		return ORIGIN_STD;
	return ORIGIN_OWN;
}
