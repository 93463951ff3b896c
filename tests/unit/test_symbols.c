#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols/private.h"
#include "symbols/symbols.h"
#include "symbols/type.h"
#include "test.h"

// This program is its own sample: what the reader says is checked against what the compiler says.

#ifdef __clang__
#define NOINLINE __attribute__((noinline, used))
#else
#define NOINLINE __attribute__((noinline, noclone, used))
#endif

static int counter[5] = {1, 2, 3, 4, 5};

enum { LINE_PROBE = __LINE__ + 1 };
static NOINLINE int probe(int n)
{
	for (int i = 0; i < n; i++)
		counter[i % 5] += n;
	return counter[n % 5];
}

int many_names(int n);
extern __typeof(many_names) mn __attribute__((weak, alias("many_names")));
extern __typeof(many_names) _many_names __attribute__((alias("many_names")));
NOINLINE int many_names(int n)
{
	return n * counter[0];
}

static NOINLINE uint64_t return_address(void)
{
	return (uint64_t)__builtin_return_address(0);
}

static NOINLINE __attribute__((cold)) void unlikely(const char *text)
{
	fputs(text, stdout);
}

/* One loaded module, as /proc/PID/maps would show it. */
struct loaded {
	const char *name; // part of its path; "" is this program
	uint64_t bias;
	struct range maps[16];
	uint64_t offsets[16];
	size_t n;
	char path[4096];
	bool found;
};

static int find_loaded(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct loaded *l = arg;
	(void)size;
	if (l->found || (*l->name ? !strstr(info->dlpi_name, l->name) : *info->dlpi_name != '\0'))
		return 0;
	l->found = true;
	l->bias = info->dlpi_addr;
	snprintf(l->path, sizeof(l->path), "%s", *l->name ? info->dlpi_name : "/proc/self/exe");
	for (size_t i = 0; i < info->dlpi_phnum && l->n < 16; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		if (ph->p_type != PT_LOAD)
			continue;
		uint64_t lo = (l->bias + ph->p_vaddr) & ~4095ULL;
		l->maps[l->n] = (struct range){lo, l->bias + ph->p_vaddr + ph->p_filesz};
		l->offsets[l->n++] = ph->p_offset & ~4095ULL;
	}
	return 0;
}

static struct symbols *open_loaded(const char *name, struct loaded *l, struct module **m)
{
	memset(l, 0, sizeof(*l));
	l->name = name;
	dl_iterate_phdr(find_loaded, l);
	struct symbols *s = symbols_create();
	*m = NULL;
	if (l->n && symbols_open(s, l->path, l->maps[0].lo, l->offsets[0], m) != FT_OK)
		*m = NULL;
	CHECK(*m != NULL);
	if (!*m) {
		printf("# %s\n", ft_error());
		ft_error_clear();
	}
	return s;
}

static bool ends_with(const char *s, const char *end)
{
	size_t a = s ? strlen(s) : 0, b = strlen(end);
	return a >= b && strcmp(s + a - b, end) == 0;
}

TEST(opens_itself)
{
	struct loaded l;
	struct module *m;
	struct symbols *s = open_loaded("", &l, &m);
	if (m) {
		CHECK(m->has_debug);
		CHECK(m->has_symtab);
		CHECK(m->has_cfi);
		CHECK_EQ_S(m->name, "exe");
		CHECK(m->lo <= (uint64_t)probe && (uint64_t)probe < m->hi);
		CHECK(symbols_module_at(s, (uint64_t)probe) == m);
		CHECK(symbols_module_at(s, m->hi) == NULL);
		CHECK(symbols_module_at(s, m->lo - 1) == NULL);
		CHECK(symbols_warning(m) == NULL);
	}
	symbols_destroy(s);
}

TEST(bias_follows_from_any_mapping)
{
	struct loaded l;
	struct module *m;
	struct symbols *s = open_loaded("", &l, &m);
	for (size_t i = 1; m && i < l.n; i++) {
		struct symbols *other = symbols_create();
		struct module *same;
		CHECK_EQ_I(symbols_open(other, l.path, l.maps[i].lo, l.offsets[i], &same), FT_OK);
		CHECK_EQ_U(same->lo, m->lo);
		CHECK_EQ_U(same->hi, m->hi);
		symbols_destroy(other);
	}
	symbols_destroy(s);
}

TEST(finds_the_function_at_an_address)
{
	struct loaded l;
	struct module *m;
	struct symbols *s = open_loaded("", &l, &m);
	struct function *f = NULL, *again = NULL;
	CHECK_EQ_I(symbols_function_at(s, (uint64_t)probe, &f), FT_OK);
	if (f) {
		CHECK_EQ_S(f->name, "probe");
		CHECK(ends_with(f->file, "/test_symbols.c"));
		CHECK_EQ_U(f->line, LINE_PROBE);
		CHECK_EQ_I(f->language, LANG_C);
		CHECK_EQ_I(f->origin, ORIGIN_OWN);
		CHECK_EQ_I(f->source, NAME_DWARF);
		CHECK(f->module == m);
		CHECK_EQ_U(f->ranges[0].lo, (uint64_t)probe);
		uint64_t last = f->ranges[0].hi - 1;
		CHECK_EQ_I(symbols_function_at(s, last, &again), FT_OK);
		CHECK(again == f);
	}
	CHECK_EQ_I(symbols_function_at(s, (uint64_t)counter, &f), FT_NONE);
	CHECK_EQ_I(symbols_function_at(s, 1, &f), FT_NONE);
	symbols_destroy(s);
}

TEST(lists_functions_by_address_once)
{
	struct loaded l;
	struct module *m;
	struct symbols *s = open_loaded("", &l, &m);
	struct function_list list = {0};
	bool has_probe = false, has_start = false;
	if (m)
		CHECK_EQ_I(symbols_functions(s, m, false, &list), FT_OK);
	for (size_t i = 0; i < list.n; i++) {
		struct function *f = list.f[i], *at = NULL;
		if (i)
			CHECK(list.f[i - 1]->ranges[0].lo < f->ranges[0].lo);
		for (size_t k = 0; k < f->n_ranges; k++)
			CHECK(f->ranges[k].lo < f->ranges[k].hi);
		CHECK_EQ_I(symbols_function_at(s, f->ranges[0].lo, &at), FT_OK);
		CHECK(at == f);
		has_probe |= f->ranges[0].lo == (uint64_t)probe;
		has_start |= strcmp(f->name, "_start") == 0 && f->origin == ORIGIN_HELPER;
	}
	CHECK(has_probe);
	CHECK(has_start);
	free(list.f);
	symbols_destroy(s);
}

TEST(lists_functions_like_a_word)
{
	struct loaded l;
	struct module *m;
	struct symbols *s = open_loaded("", &l, &m);
	struct function_list list = {0};
	const char *const words[] = {"probe"};
	size_t parsed = 0, by_symbol = 0;
	bool has_probe = false;
	if (m)
		CHECK_EQ_I(symbols_functions_like(s, m, words, 1, &list), FT_OK);
	for (size_t i = 0; i < list.n; i++) {
		const struct function *f = list.f[i];
		has_probe |= strcmp(f->name, "probe") == 0 && f->source == NAME_DWARF;
		parsed += f->source == NAME_DWARF;
		by_symbol += f->source == NAME_SYMTAB;
	}
	CHECK(has_probe);
	CHECK(parsed > 0 && by_symbol > parsed); // the other units are known by their symbols
	free(list.f);
	symbols_destroy(s);
}

TEST(lines)
{
	struct loaded l;
	struct module *m;
	struct symbols *s = open_loaded("", &l, &m);
	struct line_row row = {0};
	uint64_t pc = return_address();
	CHECK_EQ_I(symbols_line_at(s, pc - 1, &row), FT_OK);
	CHECK_EQ_U(row.line, __LINE__ - 2);
	CHECK(ends_with(row.file, "/test_symbols.c"));
	CHECK_EQ_I(symbols_line_at(s, (uint64_t)probe, &row), FT_OK);
	CHECK(row.line >= LINE_PROBE && row.line <= LINE_PROBE + 2); // the brace, or the loop
	CHECK_EQ_I(symbols_line_at(s, (uint64_t)counter, &row), FT_NONE);

	struct function *f = NULL;
	const struct line_row *rows = NULL;
	size_t n = 0;
	CHECK_EQ_I(symbols_function_at(s, (uint64_t)probe, &f), FT_OK);
	if (f)
		CHECK_EQ_I(symbols_lines_of(s, f, &rows, &n), FT_OK);
	CHECK(n >= 3);
	for (size_t i = 0; i < n; i++) {
		CHECK(rows[i].pc >= f->ranges[0].lo && rows[i].pc < f->ranges[0].hi);
		CHECK(i == 0 || rows[i].pc >= rows[i - 1].pc);
		CHECK(!rows[i].end_sequence);
	}
	symbols_destroy(s);
}

TEST(call_frame_information)
{
	struct loaded l;
	struct module *m;
	struct symbols *s = open_loaded("", &l, &m);
	struct cfi_row row = {0};
	CHECK_EQ_I(symbols_cfi_at(s, (uint64_t)probe, &row), FT_OK);
	CHECK_EQ_U(row.lo, (uint64_t)probe);
	CHECK(row.hi > row.lo);
	CHECK(!row.cfa_is_expr);
	CHECK(!row.signal_frame);
	CHECK_EQ_U(row.cfa_reg, 7); // rsp
	CHECK_EQ_I(row.cfa_off, 8);
	CHECK_EQ_I(row.rules[16].kind, CFI_AT_CFA);
	CHECK_EQ_I(row.rules[16].off, -8);
	CHECK_EQ_I(row.rules[3].kind, CFI_SAME); // rbx
	CHECK_EQ_I(symbols_cfi_at(s, (uint64_t)counter, &row), FT_NONE);
	if (m) { // the outermost frame says so
		uint64_t start = 0;
		CHECK_EQ_I(symbols_address_of(s, m, "_start", &start), FT_OK);
		CHECK_EQ_I(symbols_cfi_at(s, start + 4, &row), FT_OK);
		CHECK_EQ_I(row.rules[16].kind, CFI_UNDEFINED);
	}
	symbols_destroy(s);
}

TEST(names_of_addresses)
{
	struct loaded l;
	struct module *m;
	struct symbols *s = open_loaded("", &l, &m);
	const char *name = "";
	uint64_t off = 99, addr = 0;
	CHECK_EQ_I(symbols_name_at(s, (uint64_t)probe, &name, &off), FT_OK);
	CHECK_EQ_S(name, "probe");
	CHECK_EQ_U(off, 0);
	CHECK_EQ_I(symbols_name_at(s, (uint64_t)probe + 3, &name, &off), FT_OK);
	CHECK_EQ_S(name, "probe");
	CHECK_EQ_U(off, 3);
	CHECK_EQ_I(symbols_name_at(s, (uint64_t)&counter[2], &name, &off), FT_OK);
	CHECK_EQ_S(name, "counter");
	CHECK_EQ_U(off, 2 * sizeof(int));
	CHECK_EQ_I(symbols_name_at(s, 1, &name, &off), FT_NONE);
	if (m) {
		CHECK_EQ_I(symbols_address_of(s, m, "unlikely", &addr), FT_OK);
		CHECK_EQ_U(addr, (uint64_t)unlikely);
		CHECK_EQ_I(symbols_address_of(s, m, "no such symbol", &addr), FT_NONE);
	}
	symbols_destroy(s);
}

TEST(names_of_plt_slots)
{
	struct loaded l;
	struct module *m;
	struct symbols *s = open_loaded("", &l, &m);
	struct elf_plt *plt = NULL;
	size_t n = 0;
	if (m)
		elf_plts(m->p->elf, &plt, &n);
	for (size_t i = 0; i < n; i++) {
		const char *name = "";
		uint64_t off;
		CHECK_EQ_I(symbols_name_at(s, plt[i].addr + l.bias, &name, &off), FT_OK);
		CHECK(ends_with(name, "@plt"));
		CHECK(strncmp(name, plt[i].name, strlen(plt[i].name)) == 0);
	}
	free(plt);
	symbols_destroy(s);
}

TEST(code_is_what_runs)
{
	struct loaded l;
	struct module *m;
	struct symbols *s = open_loaded("", &l, &m);
	uint8_t bytes[32] = {0};
	CHECK_EQ_U(symbols_code(s, (uint64_t)probe, bytes, sizeof(bytes)), sizeof(bytes));
	void *running;
	uint64_t at = (uint64_t)probe;
	memcpy(&running, &at, sizeof(running));
	CHECK(memcmp(bytes, running, sizeof(bytes)) == 0);
	CHECK_EQ_U(symbols_code(s, 1, bytes, sizeof(bytes)), 0);
	symbols_destroy(s);
}

TEST(a_stripped_library)
{
	struct loaded l;
	struct module *m;
	struct symbols *s = open_loaded("libc.so", &l, &m);
	uint64_t addr = 0, off = 99;
	const char *name = "";
	struct function *f = NULL;
	struct cfi_row row;
	if (m) {
		CHECK_EQ_I(symbols_address_of(s, m, "qsort", &addr), FT_OK);
		CHECK_EQ_I(symbols_name_at(s, addr + 1, &name, &off), FT_OK);
		CHECK_EQ_S(name, "qsort");
		CHECK_EQ_U(off, 1);
		CHECK_EQ_I(symbols_function_at(s, addr, &f), FT_OK);
		CHECK_EQ_I(symbols_cfi_at(s, addr, &row), FT_OK);
	}
	if (f) {
		CHECK_EQ_S(f->name, "qsort");
		CHECK_EQ_U(f->ranges[0].lo, addr);
	}
	symbols_destroy(s);
}

static bool has_alias(const struct function *f, const char *name)
{
	for (const char *const *a = f->aliases; a && *a; a++)
		if (strcmp(*a, name) == 0)
			return true;
	return false;
}

static struct function *function_named(struct symbols *s, struct module *m, const char *symbol)
{
	struct function *f = NULL;
	uint64_t addr;
	CHECK_EQ_I(symbols_address_of(s, m, symbol, &addr), FT_OK);
	CHECK_EQ_I(symbols_function_at(s, addr, &f), FT_OK);
	return f;
}

TEST(names_of_one_entry)
{
	struct loaded l;
	struct module *m;
	struct symbols *s = open_loaded("", &l, &m);
	struct function *f = m ? function_named(s, m, "_many_names") : NULL;
	if (f) {
		CHECK_EQ_S(f->name, "many_names"); // as DWARF says
		CHECK(has_alias(f, "_many_names") && has_alias(f, "mn"));
		CHECK(!has_alias(f, "many_names") && !has_alias(f, f->symbol));
		CHECK(function_named(s, m, "mn") == f);
	}
	symbols_destroy(s);
	s = open_loaded("libc.so", &l, &m);
	f = m ? function_named(s, m, "free") : NULL;
	if (f && !m->has_debug) {
		CHECK_EQ_S(f->name, "free"); // not cfree, of old programs, nor __libc_free
		CHECK_EQ_S(f->symbol, "free");
		CHECK(has_alias(f, "__libc_free"));
	}
	symbols_destroy(s);
}

/* What is at strlen's address in libc is not strlen, but chooses one. */
TEST(resolvers_of_indirect_functions)
{
	struct loaded l;
	struct module *m;
	struct symbols *s = open_loaded("libc.so", &l, &m);
	struct function *f = m ? function_named(s, m, "strlen") : NULL;
	if (f && !m->has_debug && !m->has_symtab) {
		CHECK_EQ_S(f->name, "strlen [ifunc resolver]");
		CHECK_EQ_I(f->origin, ORIGIN_HELPER);
		CHECK(!f->symbol && !f->aliases);
	}
	symbols_destroy(s);
}

TEST(two_modules_and_closing_one)
{
	struct loaded l, c;
	struct module *m, *libc;
	struct symbols *s = open_loaded("", &l, &m);
	c = (struct loaded){.name = "libc.so"};
	dl_iterate_phdr(find_loaded, &c);
	CHECK_EQ_I(symbols_open(s, c.path, c.maps[0].lo, c.offsets[0], &libc), FT_OK);
	CHECK(symbols_module_at(s, c.maps[0].lo) == libc);
	CHECK(symbols_module_at(s, (uint64_t)probe) == m);
	symbols_close(s, m);
	CHECK(symbols_module_at(s, (uint64_t)probe) == NULL);
	CHECK(symbols_module_at(s, c.maps[0].lo) == libc);
	symbols_destroy(s);
}

TEST(unloaded_for_listings)
{
	struct symbols *s = symbols_create();
	struct module *m;
	struct function *f = NULL;
	struct loaded l = {.name = ""};
	dl_iterate_phdr(find_loaded, &l);
	CHECK_EQ_I(symbols_open(s, "/proc/self/exe", 0, 0, &m), FT_OK);
	CHECK_EQ_I(symbols_function_at(s, (uint64_t)probe - l.bias, &f), FT_OK);
	if (f)
		CHECK_EQ_S(f->name, "probe");
	symbols_destroy(s);
}

/* Writes a file of the given bytes; its path is valid until the next call. */
static const char *write_file(const char *name, const void *bytes, size_t len, unsigned mode)
{
	static char path[256];
	snprintf(path, sizeof(path), "/tmp/ft-test-symbols-%d-%s", (int)getpid(), name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0);
	CHECK_EQ_I(write(fd, bytes, len), (int64_t)len);
	fchmod(fd, mode);
	close(fd);
	return path;
}

static void check_says(const char *name, const void *bytes, size_t len, const char *expected)
{
	const char *path = write_file(name, bytes, len, 0700);
	ft_error_clear();
	CHECK_EQ_I(symbols_check_program(path), FT_FAIL);
	size_t prefix = strlen(path);
	const char *said = ft_error();
	CHECK(strncmp(said, path, prefix) == 0);
	CHECK_EQ_S(strlen(said) > prefix ? said + prefix : "", expected);
	ft_error_clear();
	unlink(path);
}

TEST(what_is_wrong_with_a_program)
{
	static const char text[] = "hello\n";
	uint8_t head[4096];
	Elf64_Ehdr h;
	int fd = open("/proc/self/exe", O_RDONLY);
	CHECK_EQ_I(read(fd, head, sizeof(head)), sizeof(head));
	close(fd);
	CHECK_EQ_I(symbols_check_program("/proc/self/exe"), FT_OK);
	check_says("text", text, sizeof(text) - 1, ": not a program (no ELF header)");
	check_says("empty", text, 0, ": not a program: the file is empty");
	check_says("short", head, 30, ": truncated: its ELF header is not complete");
	check_says("headers", head, 100, ": truncated: its program headers lie outside the file");
	check_says("segments", head, sizeof(head), ": truncated: a segment lies outside the file");
	memcpy(&h, head, sizeof(h));
	h.e_machine = EM_AARCH64;
	check_says("arm", &h, sizeof(h), ": built for AArch64, this machine is x86-64");
	h.e_machine = EM_386;
	check_says("i386", &h, sizeof(h),
		   ": a 32-bit program; frametrace traces x86-64 programs only");
	h.e_machine = EM_X86_64;
	h.e_type = ET_REL;
	check_says("object", &h, sizeof(h), ": an object file, not a program: link it first");

	CHECK_EQ_I(symbols_check_program("./no such program"), FT_FAIL);
	CHECK_EQ_S(ft_error(), "./no such program: no such file");
	ft_error_clear();
	CHECK_EQ_I(symbols_check_program("/tmp"), FT_FAIL);
	CHECK_EQ_S(ft_error(), "/tmp: is a directory");
	ft_error_clear();
}

static void check_source(const char *suffix, const char *compiler)
{
	const char *path = write_file(suffix, "x\n", 2, 0600);
	const char *name = strrchr(path, '/') + 1;
	char *expected = xasprintf("%s is source code: compile it first (%s -g %s -o %.*s)", path,
				   compiler, path, (int)strcspn(name, "."), name);
	CHECK_EQ_I(symbols_check_program(path), FT_FAIL);
	CHECK_EQ_S(ft_error(), expected);
	ft_error_clear();
	free(expected);
	unlink(path);
}

TEST(source_code_is_no_program)
{
	check_source("a.c", "gcc");
	check_source("a.cc", "g++");
	check_source("a.cpp", "g++");
	check_source("a.rs", "rustc");
}

TEST(programs_that_cannot_be_run)
{
	struct stat st;
	int fd = open("/proc/self/exe", O_RDONLY);
	CHECK_EQ_I(fstat(fd, &st), 0);
	uint8_t *bytes = xmalloc((size_t)st.st_size);
	CHECK_EQ_I(read(fd, bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	const char *path = write_file("plain", bytes, (size_t)st.st_size, 0600);
	char *expected = xasprintf("%s: not executable (chmod +x %s)", path, path);
	CHECK_EQ_I(symbols_check_file(path), FT_OK);
	CHECK_EQ_I(symbols_check_program(path), FT_FAIL);
	CHECK_EQ_S(ft_error(), expected);
	ft_error_clear();
	free(expected);
	free(bytes);
	unlink(path);
}

TEST(a_library_is_no_program)
{
	struct loaded l = {.name = "libz.so"};
	dl_iterate_phdr(find_loaded, &l);
	if (!l.found) {
		printf("# no libz.so here\n");
		return;
	}
	CHECK_EQ_I(symbols_check_file(l.path), FT_OK);
	CHECK_EQ_I(symbols_check_program(l.path), FT_FAIL);
	CHECK(ends_with(ft_error(), ": is a shared library, not a program"));
	ft_error_clear();
}

TEST(scripts)
{
	static const char script[] = "#! /bin/sh -e\nexit 0\n", bare[] = "#!\n", none[] = "#";
	char *interpreter = NULL;
	const char *path = write_file("script", script, sizeof(script) - 1, 0700);
	CHECK_EQ_I(symbols_script_interpreter(path, &interpreter), FT_OK);
	CHECK_EQ_S(interpreter, "/bin/sh");
	free(interpreter);
	unlink(path);
	path = write_file("bare", bare, sizeof(bare) - 1, 0700);
	CHECK_EQ_I(symbols_script_interpreter(path, &interpreter), FT_NONE);
	unlink(path);
	path = write_file("none", none, sizeof(none) - 1, 0700);
	CHECK_EQ_I(symbols_script_interpreter(path, &interpreter), FT_NONE);
	unlink(path);
	CHECK_EQ_I(symbols_script_interpreter("/proc/self/exe", &interpreter), FT_NONE);
}

TEST(truncated_files_do_no_harm)
{
	struct stat st;
	int fd = open("/proc/self/exe", O_RDONLY);
	CHECK_EQ_I(fstat(fd, &st), 0);
	size_t size = (size_t)st.st_size;
	uint8_t *bytes = xmalloc(size);
	CHECK_EQ_I(read(fd, bytes, size), (int64_t)size);
	close(fd);
	for (size_t part = 1; part < 16; part++) {
		const char *path = write_file("part", bytes, size / 16 * part, 0700);
		struct symbols *s = symbols_create();
		struct module *m;
		struct function_list list;
		if (symbols_open(s, path, 0, 0, &m) == FT_OK) {
			CHECK_EQ_I(symbols_functions(s, m, true, &list), FT_OK);
			free(list.f);
		}
		ft_error_clear();
		symbols_destroy(s);
		unlink(path);
	}
	free(bytes);
}

TEST(origin_by_path)
{
	static const struct {
		const char *path;
		enum origin origin;
	} cases[] = {
		{"/home/ada/demo.c", ORIGIN_OWN},
		{"demo.c", ORIGIN_OWN},
		{"../../demo.c", ORIGIN_OWN},
		{"/usr/src/demo/demo.c", ORIGIN_OWN},
		{"/usr/local/src/demo.c", ORIGIN_OWN},
		{"/usr/libertine/demo.c", ORIGIN_OWN},
		{"/usr/include/c++/12/bits/stl_vector.h", ORIGIN_SYSTEM},
		{"/usr/bin/../lib/gcc/x86_64-linux-gnu/12/../../../../include/c++/12/new",
		 ORIGIN_SYSTEM},
		{"/usr//include/./stdlib.h", ORIGIN_SYSTEM},
		{"/home/ada/.cargo/registry/src/index-6f17d22bba15001f/rand-0.8.5/src/"
		 "lib.rs",
		 ORIGIN_SYSTEM},
		{"/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/fmt/mod.rs",
		 ORIGIN_STD},
		{"/home/ada/.rustup/toolchains/stable/lib/rustlib/src/rust/library/core/src/num.rs",
		 ORIGIN_STD},
		{"library/alloc/src/vec/mod.rs", ORIGIN_STD},
		{"library/mine/src/lib.rs", ORIGIN_OWN},
	};
	for (size_t i = 0; i < FT_COUNT(cases); i++) {
		CHECK_EQ_I(origin_of_path(cases[i].path), cases[i].origin);
		if (origin_of_path(cases[i].path) != cases[i].origin)
			printf("# %s\n", cases[i].path);
	}
}

TEST(origin_by_name)
{
	static const struct {
		const char *symbol;
		enum origin origin;
	} cases[] = {
		{"main", ORIGIN_OWN},
		{"_start", ORIGIN_HELPER},
		{"frame_dummy", ORIGIN_HELPER},
		{"_GLOBAL__sub_I_main", ORIGIN_HELPER},
		{"__cyg_profile_func_enter", ORIGIN_OWN},
		{"_ZN6double4main17h49564732137113edE", ORIGIN_OWN},
		{"_ZN3std2rt10lang_start17h703a9f2265dd71e9E", ORIGIN_STD},
		{"_ZN48_$LT$double..P$u20$as$u20$core..fmt..Display$GT$3fmt17h722563ed873a532fE",
		 ORIGIN_OWN},
		{"_ZN42_$LT$$RF$T$u20$as$u20$core..fmt..Debug$GT$3fmt17he816b88625035c89E",
		 ORIGIN_STD},
		{"_ZN58_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$double..Shape$GT$4area"
		 "17h19c9e792e9e74c94E",
		 ORIGIN_OWN},
	};
	struct arena *a = arena_create();
	for (size_t i = 0; i < FT_COUNT(cases); i++) {
		const char *shown = demangle(a, cases[i].symbol);
		CHECK_EQ_I(origin_of_names(cases[i].symbol, shown), cases[i].origin);
	}
	arena_destroy(a);
}

TEST(demangling)
{
	struct arena *a = arena_create();
	CHECK_EQ_S(demangle(a, "_ZN2ns3BoxIiE5clearEv"), "ns::Box<int>::clear");
	CHECK_EQ_S(demangle(a, "_ZN6double6double17h01403b4deeb1d028E"), "double::double");
	CHECK_EQ_S(demangle(a, "_RNvCs1234_7mycrate3foo"), "mycrate::foo");
	CHECK_EQ_S(demangle(a, "_ZN2SqD0Ev"), "Sq::~Sq [deleting]");
	CHECK_EQ_S(demangle(a, "_ZN2SqD1Ev"), "Sq::~Sq");
	CHECK_EQ_S(demangle(a, "_ZN1A2D0Ev"), "A::D0");
	CHECK(demangle(a, "main") == NULL);
	CHECK(demangle(a, "_Z") == NULL);
	CHECK(!is_rust_symbol("_ZN2ns3BoxIiE5clearEv"));
	arena_destroy(a);
}

TEST_MAIN
