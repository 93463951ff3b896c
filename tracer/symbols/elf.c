#include "symbols/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols/arena.h"

enum {
	INTERP_MAX = 4096,
	NOTES_MAX = 64 * 1024,
	PAGE = 4096,
};

struct elf_file {
	int fd;
	bool owns_fd;
	Elf *elf;
	GElf_Ehdr header;
	uint64_t file_size;
	struct arena *arena;
	struct elf_segment *segments; // by vaddr
	size_t n_segments;
	struct elf_section *sections; // by their number
	size_t n_sections;
	const char *build_id, *interpreter;
	uint64_t relro_lo, relro_hi; // equal: none
};

/* As many of len bytes at a file offset as are there. */
static size_t read_up_to(int fd, uint64_t off, void *buf, size_t len)
{
	size_t done = 0;
	while (done < len) {
		ssize_t n = pread(fd, (char *)buf + done, len - done, (off_t)(off + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

static bool read_exactly(int fd, uint64_t off, void *buf, size_t len)
{
	return read_up_to(fd, off, buf, len) == len;
}

const char *elf_hex(struct arena *a, const uint8_t *bytes, size_t len)
{
	char *hex = arena_alloc(a, len * 2 + 1);
	for (size_t i = 0; i < len; i++) {
		hex[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	return hex;
}

static void find_build_id(struct elf_file *e, const uint8_t *notes, uint64_t len, uint64_t align)
{
	uint64_t at = 0;
	while (len - at >= sizeof(GElf_Nhdr)) {
		GElf_Nhdr n;
		memcpy(&n, notes + at, sizeof(n));
		uint64_t name = at + sizeof(n);
		uint64_t desc = name + ((uint64_t)n.n_namesz + align - 1) / align * align;
		uint64_t next = desc + ((uint64_t)n.n_descsz + align - 1) / align * align;
		if (desc > len || n.n_descsz > len - desc)
			break;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 &&
		    memcmp(notes + name, "GNU", 4) == 0) {
			e->build_id = elf_hex(e->arena, notes + desc, n.n_descsz);
			break;
		}
		if (next > len)
			break;
		at = next;
	}
}

static void read_build_id(struct elf_file *e, const GElf_Phdr *ph)
{
	uint64_t len = ph->p_filesz < NOTES_MAX ? ph->p_filesz : NOTES_MAX;
	uint8_t *notes = xmalloc(len + 1);
	if (read_exactly(e->fd, ph->p_offset, notes, len))
		find_build_id(e, notes, len, ph->p_align == 8 ? 8 : 4);
	free(notes);
}

static void read_interpreter(struct elf_file *e, const GElf_Phdr *ph)
{
	uint64_t len = ph->p_filesz < INTERP_MAX ? ph->p_filesz : INTERP_MAX;
	char *s = arena_alloc(e->arena, len + 1);
	if (read_exactly(e->fd, ph->p_offset, s, len) && *s)
		e->interpreter = s;
}

static int compare_segments(const void *va, const void *vb)
{
	const struct elf_segment *a = va, *b = vb;
	return a->vaddr < b->vaddr ? -1 : a->vaddr > b->vaddr;
}

static enum ft_rc read_segments(struct elf_file *e, const char *path)
{
	size_t n;
	if (elf_getphdrnum(e->elf, &n) != 0)
		return ft_fail("%s: its program headers cannot be read", path);
	e->segments = arena_array(e->arena, n, sizeof(*e->segments));
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;
		if (!gelf_getphdr(e->elf, (int)i, &ph))
			return ft_fail("%s: truncated: its program headers lie outside the file",
				       path);
		if (ph.p_type == PT_NOTE && !e->build_id)
			read_build_id(e, &ph);
		if (ph.p_type == PT_INTERP && !e->interpreter)
			read_interpreter(e, &ph);
		if (ph.p_type == PT_GNU_RELRO && ph.p_vaddr + ph.p_memsz > ph.p_vaddr) {
			e->relro_lo = ph.p_vaddr;
			e->relro_hi = ph.p_vaddr + ph.p_memsz;
		}
		if (ph.p_type != PT_LOAD || ph.p_vaddr + ph.p_memsz < ph.p_vaddr ||
		    ph.p_filesz > ph.p_memsz || ph.p_offset + ph.p_filesz < ph.p_offset)
			continue;
		e->segments[e->n_segments++] = (struct elf_segment){
			.vaddr = ph.p_vaddr,
			.memsz = ph.p_memsz,
			.offset = ph.p_offset,
			.filesz = ph.p_filesz,
			.executable = ph.p_flags & PF_X,
			.writable = ph.p_flags & PF_W,
		};
	}
	if (!e->n_segments)
		return ft_fail("%s: nothing in it is loaded into memory", path);
	qsort(e->segments, e->n_segments, sizeof(*e->segments), compare_segments);
	return FT_OK;
}

/* Sections that cannot be read are as if they were not there: a program runs without any. */
static void read_sections(struct elf_file *e)
{
	size_t n, names;
	if (elf_getshdrnum(e->elf, &n) != 0 || elf_getshdrstrndx(e->elf, &names) != 0)
		return;
	e->sections = arena_array(e->arena, n, sizeof(*e->sections));
	e->n_sections = n;
	for (size_t i = 0; i < n; i++) {
		GElf_Shdr sh;
		Elf_Scn *scn = elf_getscn(e->elf, i);
		e->sections[i].name = "";
		if (!scn || !gelf_getshdr(scn, &sh))
			continue;
		const char *name = elf_strptr(e->elf, names, sh.sh_name);
		e->sections[i] = (struct elf_section){
			.name = name ? name : "",
			.addr = sh.sh_addr,
			.offset = sh.sh_offset,
			.size = sh.sh_size,
			.entsize = sh.sh_entsize,
			.type = sh.sh_type,
			.link = sh.sh_link,
			.allocated = sh.sh_flags & SHF_ALLOC,
			.executable = sh.sh_flags & SHF_EXECINSTR,
			.compressed = sh.sh_flags & SHF_COMPRESSED,
			.is_tls = sh.sh_flags & SHF_TLS,
		};
	}
}

static enum ft_rc read_header(struct elf_file *e, const char *path)
{
	struct stat st;
	if (fstat(e->fd, &st) < 0)
		return ft_fail("%s: %s", path, strerror(errno));
	e->file_size = (uint64_t)st.st_size;
	if (elf_kind(e->elf) != ELF_K_ELF)
		return ft_fail("%s: not an ELF file", path);
	if (!gelf_getehdr(e->elf, &e->header))
		return ft_fail("%s: its ELF header cannot be read", path);
	if (e->header.e_ident[EI_CLASS] != ELFCLASS64 || e->header.e_machine != EM_X86_64)
		return ft_fail("%s: not an x86-64 ELF file", path);
	return FT_OK;
}

enum ft_rc elf_file_create(int fd, const char *path, struct elf_file **ret)
{
	struct elf_file *e = xcalloc(1, sizeof(*e));
	e->fd = fd;
	e->arena = arena_create();
	enum ft_rc rc = FT_OK;
	elf_version(EV_CURRENT);
	e->elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!e->elf)
		rc = ft_fail("%s: %s", path, elf_errmsg(-1));
	if (rc == FT_OK)
		rc = read_header(e, path);
	if (rc == FT_OK)
		rc = read_segments(e, path);
	if (rc != FT_OK) {
		elf_file_destroy(e);
		return rc;
	}
	read_sections(e);
	*ret = e;
	return FT_OK;
}

size_t elf_file_bytes(const struct elf_file *e, uint64_t off, void *buf, size_t len)
{
	return read_up_to(e->fd, off, buf, len);
}

/* A file of debug information has no segments, or some whose bytes are elsewhere. */
static enum ft_rc read_debug_file(struct elf_file *e, const char *path, bool whole)
{
	const uint8_t *notes;
	size_t len;
	elf_version(EV_CURRENT);
	e->elf = elf_begin(e->fd, ELF_C_READ, NULL);
	if (!e->elf)
		return ft_fail("%s: %s", path, elf_errmsg(-1));
	enum ft_rc rc = read_header(e, path);
	if (rc != FT_OK)
		return rc;
	if (whole && elf_cntl(e->elf, ELF_C_FDREAD) != 0)
		return ft_fail("%s: %s", path, elf_errmsg(-1));
	read_sections(e);
	if (elf_section_bytes(e, ".note.gnu.build-id", &notes, &len))
		find_build_id(e, notes, len, 4);
	return FT_OK;
}

enum ft_rc elf_file_open_debug(const char *path, bool whole, struct elf_file **ret)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return FT_NONE;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return FT_NONE;
	}
	struct elf_file *e = xcalloc(1, sizeof(*e));
	e->fd = fd;
	e->owns_fd = true;
	e->arena = arena_create();
	enum ft_rc rc = read_debug_file(e, path, whole);
	if (rc != FT_OK) {
		elf_file_destroy(e);
		return rc;
	}
	if (whole) {
		close(fd);
		e->owns_fd = false;
		e->fd = -1;
	}
	*ret = e;
	return FT_OK;
}

void elf_file_destroy(struct elf_file *e)
{
	if (!e)
		return;
	if (e->elf)
		elf_end(e->elf);
	if (e->owns_fd)
		close(e->fd);
	arena_destroy(e->arena);
	free(e);
}

bool elf_is_pie(const struct elf_file *e)
{
	return e->header.e_type == ET_DYN;
}

uint64_t elf_entry(const struct elf_file *e)
{
	return e->header.e_entry;
}

const char *elf_build_id(const struct elf_file *e)
{
	return e->build_id;
}

const char *elf_interpreter(const struct elf_file *e)
{
	return e->interpreter;
}

const struct elf_segment *elf_segments(const struct elf_file *e, size_t *ret_n)
{
	*ret_n = e->n_segments;
	return e->segments;
}

bool elf_relro(const struct elf_file *e, uint64_t *ret_lo, uint64_t *ret_hi)
{
	if (e->relro_lo == e->relro_hi)
		return false;
	*ret_lo = e->relro_lo;
	*ret_hi = e->relro_hi;
	return true;
}

const struct elf_section *elf_sections(const struct elf_file *e, size_t *ret_n)
{
	*ret_n = e->n_sections;
	return e->sections;
}

static const struct elf_section *section_behind(const struct elf_file *e, const char *name,
						const struct elf_section *after)
{
	for (size_t i = after ? (size_t)(after - e->sections) + 1 : 1; i < e->n_sections; i++)
		if (strcmp(e->sections[i].name, name) == 0)
			return &e->sections[i];
	return NULL;
}

const struct elf_section *elf_section(const struct elf_file *e, const char *name)
{
	return section_behind(e, name, NULL);
}

const struct elf_section *elf_section_at(const struct elf_file *e, uint64_t addr)
{
	for (size_t i = 1; i < e->n_sections; i++) {
		const struct elf_section *s = &e->sections[i];
		bool tbss = strcmp(s->name, ".tbss") == 0; // takes no room at its address
		if (s->allocated && !tbss && addr >= s->addr && addr - s->addr < s->size)
			return s;
	}
	return NULL;
}

/* ".zdebug_info": how compressed sections were called before they had a flag. */
static bool is_old_compressed(const struct elf_section *s)
{
	return strncmp(s->name, ".zdebug", 7) == 0;
}

bool elf_bytes(struct elf_file *e, const struct elf_section *s, const uint8_t **ret,
	       size_t *ret_len)
{
	Elf_Scn *scn = elf_getscn(e->elf, (size_t)(s - e->sections));
	GElf_Shdr sh;
	if (!scn || !gelf_getshdr(scn, &sh) || sh.sh_type == SHT_NOBITS)
		return false;
	if ((sh.sh_flags & SHF_COMPRESSED) && elf_compress(scn, 0, 0) < 0)
		return false;
	Elf_Data *data = elf_rawdata(scn, NULL);
	if (!data || !data->d_buf)
		return false;
	// Once it is decompressed there is nothing of the kind before it.
	bool old = is_old_compressed(s) && data->d_size > 4 && memcmp(data->d_buf, "ZLIB", 4) == 0;
	if (old && (elf_compress_gnu(scn, 0, 0) < 0 || !(data = elf_rawdata(scn, NULL))))
		return false;
	*ret = data->d_buf;
	*ret_len = data->d_size;
	return *ret != NULL;
}

bool elf_section_bytes(struct elf_file *e, const char *name, const uint8_t **ret, size_t *ret_len)
{
	const struct elf_section *s = elf_section(e, name);
	return s && elf_bytes(e, s, ret, ret_len);
}

// libelf would read the whole section to tell of its first bytes.
static bool read_chdr(struct elf_file *e, const struct elf_section *s, GElf_Chdr *ret)
{
	Elf_Scn *scn = elf_getscn(e->elf, (size_t)(s - e->sections));
	Elf64_Chdr header;
	if (e->fd < 0 || e->header.e_ident[EI_CLASS] != ELFCLASS64 || s->size < sizeof(header) ||
	    !read_exactly(e->fd, s->offset, &header, sizeof(header)))
		return scn && gelf_getchdr(scn, ret);
	*ret = (GElf_Chdr){.ch_type = header.ch_type,
			   .ch_size = header.ch_size,
			   .ch_addralign = header.ch_addralign};
	return true;
}

/* Decompressed, as its header has it: nothing is decompressed before somebody reads it. */
static uint64_t length_of(struct elf_file *e, const struct elf_section *s)
{
	Elf_Scn *scn = elf_getscn(e->elf, (size_t)(s - e->sections));
	GElf_Chdr header;
	uint8_t old[12]; // "ZLIB" and the length, big-endian
	uint64_t len = 0;
	if (s->compressed)
		return read_chdr(e, s, &header) ? header.ch_size : 0;
	if (!is_old_compressed(s))
		return s->size;
	Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;
	if (!data || data->d_size < sizeof(old))
		return 0;
	memcpy(old, data->d_buf, sizeof(old));
	for (size_t i = 4; i < sizeof(old); i++)
		len = len << 8 | old[i];
	return memcmp(old, "ZLIB", 4) == 0 ? len : data->d_size;
}

const struct elf_section *elf_debug_section(struct elf_file *e, const char *name,
					    const struct elf_section *after, uint64_t *ret_len)
{
	const struct elf_section *s = section_behind(e, name, after);
	if (!s && strncmp(name, ".debug_", 7) == 0) {
		char old[64];
		snprintf(old, sizeof(old), ".z%s", name + 1);
		s = section_behind(e, old, after);
	}
	if (!s || s->type == SHT_NOBITS || !s->size)
		return NULL;
	if (s->offset > e->file_size || s->size > e->file_size - s->offset)
		return NULL;
	*ret_len = length_of(e, s);
	return *ret_len ? s : NULL;
}

bool elf_is_compressed_by_zstd(struct elf_file *e, const char *name)
{
	enum { ZSTD = 2 }; // ELFCOMPRESS_ZSTD of newer headers
	const struct elf_section *s = elf_section(e, name);
	GElf_Chdr header;
	return s && s->compressed && read_chdr(e, s, &header) && header.ch_type == ZSTD;
}

/*
 * A page of the file may be mapped twice, where one segment ends and the next begins; the mapping
 * that begins where a segment begins is that segment's.
 */
enum ft_rc elf_bias(const struct elf_file *e, uint64_t map_lo, uint64_t map_off, uint64_t *ret)
{
	bool found = false;
	for (size_t i = 0; i < e->n_segments; i++) {
		const struct elf_segment *s = &e->segments[i];
		uint64_t start = s->offset & ~(uint64_t)(PAGE - 1);
		uint64_t bias = map_lo - ((s->vaddr & ~(uint64_t)(PAGE - 1)) + (map_off - start));
		if (map_off < start || map_off >= s->offset + s->filesz)
			continue;
		if (!elf_is_pie(e) && bias != 0)
			continue;
		if (!found || map_off == start)
			*ret = bias;
		found = true;
		if (map_off == start)
			break;
	}
	return found ? FT_OK : FT_NONE;
}

size_t elf_read(const struct elf_file *e, uint64_t addr, void *buf, size_t len)
{
	for (size_t i = 0; i < e->n_segments; i++) {
		const struct elf_segment *s = &e->segments[i];
		if (addr < s->vaddr || addr - s->vaddr >= s->filesz)
			continue;
		uint64_t at = addr - s->vaddr;
		if (len > s->filesz - at)
			len = s->filesz - at;
		return read_up_to(e->fd, s->offset + at, buf, len);
	}
	return 0;
}
