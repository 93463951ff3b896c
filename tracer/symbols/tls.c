/*
 * tls.c - where thread-local storage is: "ELF Handling for Thread-Local Storage", variant II.
 *
 * The program's own block ends where the thread pointer points. A library's is found by what its
 * relocations made the dynamic linker store: the module's number, or the distance of a variable
 * from the thread pointer. A relocation by a symbol that another module may define tells nothing
 * of this module.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/private.h"
#include "symbols/type.h"

enum { DYNAMIC_MAX = 4096, RELOCATIONS_MAX = 1 << 20, VARIABLES_MAX = 4096 };

/* What the program headers say. */
struct tls_headers {
	bool has_tls, is_program;
	Elf64_Phdr tls;
};

/* DF_1_PIE says that it is a program, DT_SONAME that it is a library (libc has PT_INTERP too). */
static void read_dynamic(int fd, const Elf64_Phdr *dynamic, bool *pie, bool *soname)
{
	uint64_t n = dynamic->p_filesz / sizeof(Elf64_Dyn);

	for (uint64_t i = 0; i < n && i < DYNAMIC_MAX; i++) {
		Elf64_Dyn d;
		off_t off = (off_t)(dynamic->p_offset + i * sizeof(d));
		if (pread(fd, &d, sizeof(d), off) != (ssize_t)sizeof(d) || d.d_tag == DT_NULL)
			return;
		*pie |= d.d_tag == DT_FLAGS_1 && d.d_un.d_val & DF_1_PIE;
		*soname |= d.d_tag == DT_SONAME;
	}
}

static bool read_headers(int fd, struct tls_headers *ret)
{
	Elf64_Ehdr h;
	bool pie = false, soname = false, interpreter = false;

	*ret = (struct tls_headers){0};
	if (pread(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h) ||
	    h.e_phentsize != sizeof(Elf64_Phdr))
		return false;
	for (unsigned i = 0; i < h.e_phnum; i++) {
		Elf64_Phdr ph;
		if (pread(fd, &ph, sizeof(ph), (off_t)(h.e_phoff + i * sizeof(ph))) !=
		    (ssize_t)sizeof(ph))
			return false;
		interpreter |= ph.p_type == PT_INTERP;
		if (ph.p_type == PT_DYNAMIC)
			read_dynamic(fd, &ph, &pie, &soname);
		if (ph.p_type != PT_TLS)
			continue;
		ret->has_tls = true;
		ret->tls = ph;
	}
	ret->is_program = h.e_type == ET_EXEC || pie || (interpreter && !soname);
	return true;
}

/* Distance from the block's start to the thread pointer, as linkers count it. */
static uint64_t distance(const Elf64_Phdr *tls)
{
	uint64_t align = tls->p_align ? tls->p_align : 1;

	return tls->p_memsz + ((-tls->p_vaddr - tls->p_memsz) & (align - 1));
}

/* Only this module can define the symbol of a relocation; then its offset in the block. */
static bool own_symbol(struct symbols *s, struct module *m, uint64_t index, uint64_t *ret)
{
	const uint8_t *bytes, *names;
	size_t len, names_len;
	Elf64_Sym sym;

	*ret = 0;
	if (!index)
		return true;
	if (!elf_section_bytes(m->p->elf, ".dynsym", &bytes, &len) ||
	    !elf_section_bytes(m->p->elf, ".dynstr", &names, &names_len) ||
	    index >= len / sizeof(sym))
		return false;
	memcpy(&sym, bytes + index * sizeof(sym), sizeof(sym));
	if (sym.st_shndx == SHN_UNDEF || sym.st_name >= names_len ||
	    !memchr(names + sym.st_name, '\0', names_len - sym.st_name))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->m[i] != m && module_symbol_named(s->m[i], (const char *)names + sym.st_name))
			return false;
	*ret = sym.st_value;
	return true;
}

static void read_relocations(struct symbols *s, struct module *m, struct tls *ret)
{
	const uint8_t *bytes;
	size_t len;
	uint64_t off;

	if (!elf_section_bytes(m->p->elf, ".rela.dyn", &bytes, &len))
		return;
	size_t n = len / sizeof(Elf64_Rela);
	for (size_t i = 0; i < n && i < RELOCATIONS_MAX; i++) {
		Elf64_Rela r;
		memcpy(&r, bytes + i * sizeof(r), sizeof(r));
		uint64_t type = ELF64_R_TYPE(r.r_info);
		if (type != R_X86_64_DTPMOD64 && type != R_X86_64_TPOFF64)
			continue;
		if (!own_symbol(s, m, ELF64_R_SYM(r.r_info), &off))
			continue;
		if (type == R_X86_64_DTPMOD64) {
			ret->id_slot = r.r_offset + m->p->bias;
		} else {
			ret->off_slot = r.r_offset + m->p->bias;
			ret->off_symbol = off + (uint64_t)r.r_addend;
		}
	}
}

static bool runs_with_glibc(const struct symbols *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *path = elf_interpreter(s->m[i]->p->elf);
		if (path && strstr(path, "/ld-linux"))
			return true;
	}
	return false;
}

enum ft_rc symbols_tls(struct symbols *s, struct module *m, struct tls *ret)
{
	struct tls_headers h;
	struct tls tls = {0};

	if (!m->p || !m->p->elf || !read_headers(m->p->fd, &h) || !h.has_tls)
		return FT_NONE;
	tls.is_program = h.is_program;
	tls.size = h.tls.p_memsz;
	if (tls.is_program) {
		tls.below = distance(&h.tls);
	} else {
		tls.is_glibc = runs_with_glibc(s);
		read_relocations(s, m, &tls);
	}
	*ret = tls;
	return FT_OK;
}

/* ---- variables ---- */

struct variables {
	struct module *m;
	struct tls_variable *v;
	size_t n, cap;
};

static void add_variables(struct variables *list, struct elf_file *e, const char *symbols,
			  const char *strings)
{
	const uint8_t *bytes, *names;
	size_t len, names_len;
	Elf64_Sym sym;

	if (!e || !elf_section_bytes(e, symbols, &bytes, &len) ||
	    !elf_section_bytes(e, strings, &names, &names_len))
		return;
	for (size_t i = 0; i < len / sizeof(sym) && list->n < VARIABLES_MAX; i++) {
		memcpy(&sym, bytes + i * sizeof(sym), sizeof(sym));
		if (ELF64_ST_TYPE(sym.st_info) != STT_TLS || sym.st_shndx == SHN_UNDEF ||
		    sym.st_name >= names_len ||
		    !memchr(names + sym.st_name, '\0', names_len - sym.st_name))
			continue;
		const char *name = (const char *)names + sym.st_name;
		const char *shown = demangle(list->m->p->arena, name);
		list->v = xgrow(list->v, list->n, &list->cap, sizeof(*list->v));
		list->v[list->n++] = (struct tls_variable){
			.off = sym.st_value,
			.size = sym.st_size,
			.name = shown ? shown : arena_strdup(list->m->p->arena, name),
		};
	}
}

static int compare_variables(const void *a, const void *b)
{
	const struct tls_variable *x = a, *y = b;

	return x->off < y->off ? -1 : x->off > y->off;
}

void symbols_tls_variables(struct module *m, struct tls_variable **ret, size_t *ret_n)
{
	struct variables list = {.m = m};

	if (m->p && m->p->elf) {
		add_variables(&list, m->p->elf, ".symtab", ".strtab");
		if (list.n == 0)
			add_variables(&list, m->p->debug, ".symtab", ".strtab");
		if (list.n == 0)
			add_variables(&list, m->p->elf, ".dynsym", ".dynstr");
	}
	if (list.n > 0)
		qsort(list.v, list.n, sizeof(*list.v), compare_variables);
	*ret = list.v;
	*ret_n = list.n;
}
