#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols/symbols.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

enum {
	SCRIPT_LINE = 256,  // BINPRM_BUF_SIZE: what the kernel looks at (fs/binfmt_script.c)
	DYNAMIC_MAX = 4096, // entries; 30 are usual
};

/* Up to len bytes from the start of a file. */
static ssize_t read_start(int fd, void *buf, size_t len)
{
	ssize_t n;
	do
		n = pread(fd, buf, len, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

static const char *machine_name(unsigned machine)
{
	switch (machine) {
	case EM_386:
		return "32-bit x86";
	case EM_ARM:
		return "32-bit Arm";
	case EM_AARCH64:
		return "AArch64";
	case EM_RISCV:
		return "RISC-V";
	case EM_PPC64:
		return "PowerPC";
	case EM_S390:
		return "s390";
	case EM_MIPS:
		return "MIPS";
	case EM_SPARCV9:
		return "SPARC";
	case EM_LOONGARCH:
		return "LoongArch";
	case EM_BPF:
		return "BPF";
	default: // a number from the file, not an enum
		return NULL;
	}
}

/* e_machine where ELFCLASS32 and ELFCLASS64 agree, in the file's own byte order. */
static unsigned machine_of(const Elf64_Ehdr *h)
{
	return h->e_ident[EI_DATA] == ELFDATA2MSB ? be16toh(h->e_machine) : le16toh(h->e_machine);
}

static enum ft_rc check_machine(const char *path, const Elf64_Ehdr *h)
{
	unsigned machine = machine_of(h);
	if (machine == EM_386 || (machine == EM_X86_64 && h->e_ident[EI_CLASS] == ELFCLASS32))
		return ft_fail("%s: a 32-bit program; frametrace traces x86-64 programs only",
			       path);
	if (machine == EM_X86_64 && h->e_ident[EI_CLASS] == ELFCLASS64 &&
	    h->e_ident[EI_DATA] == ELFDATA2LSB)
		return FT_OK;
	const char *name = machine_name(machine);
	if (name)
		return ft_fail("%s: built for %s, this machine is x86-64", path, name);
	return ft_fail("%s: built for another machine (ELF machine %u), this one is x86-64", path,
		       machine);
}

/* What the program headers say of a file that can be mapped. */
struct headers {
	bool is_dyn; // ET_DYN
	bool has_entry, has_interpreter, is_pie;
};

/* DF_1_PIE, which static-pie programs have for want of an interpreter. */
static bool says_pie(int fd, const Elf64_Phdr *dynamic)
{
	uint64_t n = dynamic->p_filesz / sizeof(Elf64_Dyn);
	for (uint64_t i = 0; i < n && i < DYNAMIC_MAX; i++) {
		Elf64_Dyn d;
		off_t off = (off_t)(dynamic->p_offset + i * sizeof(d));
		if (pread(fd, &d, sizeof(d), off) != (ssize_t)sizeof(d) || d.d_tag == DT_NULL)
			return false;
		if (d.d_tag == DT_FLAGS_1)
			return d.d_un.d_val & DF_1_PIE;
	}
	return false;
}

static enum ft_rc check_headers(const char *path, int fd, const Elf64_Ehdr *h, uint64_t size,
				struct headers *ret)
{
	if (h->e_type == ET_REL)
		return ft_fail("%s: an object file, not a program: link it first", path);
	if (h->e_type == ET_CORE)
		return ft_fail("%s: a core dump, not a program", path);
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return ft_fail("%s: an ELF file, but not a program (type %u)", path, h->e_type);
	if (!h->e_phnum)
		return ft_fail("%s: an ELF file, but not a program: it has no program headers",
			       path);
	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phoff > size ||
	    (uint64_t)h->e_phnum * sizeof(Elf64_Phdr) > size - h->e_phoff)
		return ft_fail("%s: truncated: its program headers lie outside the file", path);
	*ret = (struct headers){.is_dyn = h->e_type == ET_DYN, .has_entry = h->e_entry != 0};
	for (size_t i = 0; i < h->e_phnum; i++) {
		Elf64_Phdr ph;
		if (pread(fd, &ph, sizeof(ph), (off_t)(h->e_phoff + i * sizeof(ph))) !=
		    (ssize_t)sizeof(ph))
			return ft_fail("%s: its program headers cannot be read", path);
		if (ph.p_type == PT_LOAD &&
		    (ph.p_offset > size || ph.p_filesz > size - ph.p_offset))
			return ft_fail("%s: truncated: a segment lies outside the file", path);
		ret->has_interpreter |= ph.p_type == PT_INTERP;
		ret->is_pie |= ph.p_type == PT_DYNAMIC && says_pie(fd, &ph);
	}
	return FT_OK;
}

/* The compiler for a source file; NULL: by its name it is none. */
static const char *compiler_of(const char *path)
{
	static const char *const compilers[][2] = {
		{".c", "gcc"},	 {".cc", "g++"}, {".cpp", "g++"},  {".cxx", "g++"},
		{".c++", "g++"}, {".C", "g++"},	 {".rs", "rustc"},
	};
	const char *dot = strrchr(path, '.');
	for (size_t i = 0; dot && i < FT_COUNT(compilers); i++)
		if (strcmp(dot, compilers[i][0]) == 0)
			return compilers[i][1];
	return NULL;
}

static enum ft_rc not_elf(const char *path, ssize_t len)
{
	const char *compiler = compiler_of(path);
	const char *name = path_name(path);
	if (compiler)
		return ft_fail("%s is source code: compile it first (%s -g %s -o %.*s)", path,
			       compiler, path, (int)(strrchr(name, '.') - name), name);
	if (len == 0)
		return ft_fail("%s: not a program: the file is empty", path);
	return ft_fail("%s: not a program (no ELF header)", path);
}

static enum ft_rc check_contents(const char *path, int fd, uint64_t size, struct headers *ret)
{
	Elf64_Ehdr h;
	memset(&h, 0, sizeof(h));
	ssize_t n = read_start(fd, &h, sizeof(h));
	if (n < 0)
		return ft_fail("%s: %s", path, strerror(errno));
	if (n < SELFMAG || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0)
		return not_elf(path, n);
	if (n < (ssize_t)sizeof(Elf32_Ehdr))
		return ft_fail("%s: truncated: its ELF header is not complete", path);
	enum ft_rc rc = check_machine(path, &h);
	if (rc != FT_OK)
		return rc;
	if (n < (ssize_t)sizeof(h))
		return ft_fail("%s: truncated: its ELF header is not complete", path);
	return check_headers(path, fd, &h, size, ret);
}

static enum ft_rc check_file(const char *path, struct headers *ret)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return ft_fail("%s: no such file", path);
		return ft_fail("%s: %s", path, strerror(errno));
	}
	if (S_ISDIR(st.st_mode))
		return ft_fail("%s: is a directory", path);
	if (!S_ISREG(st.st_mode))
		return ft_fail("%s: not a regular file", path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ft_fail("%s: cannot be read, so its symbols are not known: %s", path,
			       strerror(errno));
	enum ft_rc rc = check_contents(path, fd, (uint64_t)st.st_size, ret);
	close(fd);
	return rc;
}

enum ft_rc symbols_check_file(const char *path)
{
	struct headers h;
	return check_file(path, &h);
}

enum ft_rc symbols_check_program(const char *path)
{
	struct headers h;
	enum ft_rc rc = check_file(path, &h);
	if (rc != FT_OK)
		return rc;
	if (h.is_dyn && !h.has_interpreter && !h.is_pie && !h.has_entry)
		return ft_fail("%s: is a shared library, not a program", path);
	if (access(path, X_OK) < 0)
		return ft_fail("%s: not executable (chmod +x %s)", path, path);
	return FT_OK;
}

enum ft_rc symbols_script_interpreter(const char *path, char **ret_interpreter)
{
	char line[SCRIPT_LINE + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return FT_NONE;
	ssize_t n = read_start(fd, line, SCRIPT_LINE);
	close(fd);
	if (n < 2 || line[0] != '#' || line[1] != '!')
		return FT_NONE;
	line[n] = '\0';
	const char *start = line + 2 + strspn(line + 2, " \t");
	size_t len = strcspn(start, " \t\r\n");
	if (!len)
		return FT_NONE;
	*ret_interpreter = xstrndup(start, len);
	return FT_OK;
}
