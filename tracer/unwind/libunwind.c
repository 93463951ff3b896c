/*
 * libunwind.c - the second opinion: libunwind's walk over the same registers and memory as ours.
 *
 * libunwind's own ptrace accessors look for the tables in the files, and miss them where a linker
 * leaves code at odd offsets in its segment (lld, so every Rust program); then libunwind guesses.
 * So the tables are looked up here, in memory, as a program's own unwinder does at run time:
 *
 *	module's ELF header -> program headers -> PT_GNU_EH_FRAME -> its sorted table -> FDE
 *
 * The FDE is found, decoded and applied by libunwind. Where there is no table the walk ends: what
 * libunwind would guess is no opinion.
 */
#include "unwind/unwind.h"

#include <elf.h>
#include <libunwind.h>
#include <string.h>

enum { LINES = 64, LINE = 512 };

/* What libunwind asks for in words and single bytes is fetched in lines. */
struct line {
	uint64_t addr; // multiple of LINE; 1: empty
	size_t len;    // bytes readable
	uint8_t bytes[LINE];
};

struct session {
	struct symbols *symbols;
	const struct memory *mem;
	const struct regs *regs;
	bool no_table; // of the last pc asked for
	struct line lines[LINES];
};

/* Exported by libunwind for this use (perf(1) does the same), but in no header of its. */
extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t as, unw_word_t pc,
					      unw_dyn_info_t *info, unw_proc_info_t *ret, int need,
					      void *arg);

static size_t read_line(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct session *s = ctx;
	uint64_t start = addr & -(uint64_t)LINE;
	struct line *l = &s->lines[addr / LINE % LINES];

	if (l->addr != start) {
		l->addr = start;
		l->len = s->mem->read(s->mem->ctx, start, l->bytes, LINE);
	}
	size_t at = addr - start, n = at < l->len ? l->len - at : 0;
	n = n < len ? n : len;
	memcpy(buf, l->bytes + at, n);
	return n;
}

/* Over the line's end too. */
static bool fetch(struct session *s, uint64_t addr, void *buf, size_t len)
{
	for (size_t n, done = 0; done < len; done += n) {
		n = read_line(s, addr + done, (uint8_t *)buf + done, len - done);
		if (!n)
			return false;
	}
	return true;
}

/* The program header of the table, with its runtime address in p_vaddr. */
static bool find_header(struct session *s, const struct module *m, Elf64_Phdr *ret)
{
	Elf64_Ehdr e;
	Elf64_Phdr p;
	uint64_t first = UINT64_MAX;
	bool found = false;

	if (!fetch(s, m->lo, &e, sizeof(e)) || memcmp(e.e_ident, ELFMAG, SELFMAG) ||
	    e.e_phentsize != sizeof(p))
		return false;
	for (unsigned i = 0; i < e.e_phnum; i++) {
		if (!fetch(s, m->lo + e.e_phoff + i * sizeof(p), &p, sizeof(p)))
			return false;
		if (p.p_type == PT_LOAD && first == UINT64_MAX)
			first = p.p_vaddr - p.p_offset; // where the ELF header is linked
		if (p.p_type == PT_GNU_EH_FRAME) {
			*ret = p;
			found = true;
		}
	}
	if (!found || first == UINT64_MAX)
		return false;
	ret->p_vaddr += m->lo - first;
	return true;
}

/* LSB 5.0, 10.6.2: version, three encodings, .eh_frame's address, the count, the sorted table. */
static bool find_table(struct session *s, const struct module *m, unw_dyn_info_t *ret)
{
	Elf64_Phdr header = {0};
	struct {
		uint8_t version, frame, count, table;
		int32_t frame_address;
		uint32_t n;
	} h;

	if (!find_header(s, m, &header) || !fetch(s, header.p_vaddr, &h, sizeof(h)))
		return false;
	// As every linker writes it: 4 bytes each, the table relative to the header.
	if (h.version != 1 || h.frame != 0x1b || h.count != 0x03 || h.table != 0x3b)
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->start_ip = m->lo;
	ret->end_ip = m->hi;
	ret->format = UNW_INFO_FORMAT_REMOTE_TABLE;
	ret->u.rti.segbase = header.p_vaddr;
	ret->u.rti.table_data = header.p_vaddr + sizeof(h);
	ret->u.rti.table_len = h.n; // in words of 8 bytes: an entry is one
	return true;
}

static int find_proc_info(unw_addr_space_t as, unw_word_t pc, unw_proc_info_t *info, int need,
			  void *arg)
{
	struct session *s = arg;
	unw_dyn_info_t table;
	int rc = -UNW_ENOINFO;

	const struct module *m = symbols_module_at(s->symbols, pc);
	if (m && find_table(s, m, &table))
		rc = UNW_OBJ(dwarf_search_unwind_table)(as, pc, &table, info, need, arg);
	s->no_table = rc < 0;
	return rc;
}

static void put_unwind_info(unw_addr_space_t as, unw_proc_info_t *info, void *arg)
{
	(void)as;
	(void)info; // libunwind's own
	(void)arg;
}

static int get_dyn_info_list_addr(unw_addr_space_t as, unw_word_t *addr, void *arg)
{
	(void)as;
	(void)addr;
	(void)arg;
	return -UNW_ENOINFO;
}

static int access_mem(unw_addr_space_t as, unw_word_t addr, unw_word_t *value, int write, void *arg)
{
	(void)as;
	return !write && fetch(arg, addr, value, sizeof(*value)) ? 0 : -UNW_EINVAL;
}

/* libunwind numbers the general registers of x86-64 as DWARF does. */
static int access_reg(unw_addr_space_t as, unw_regnum_t reg, unw_word_t *value, int write,
		      void *arg)
{
	struct session *s = arg;

	(void)as;
	if (write || reg < 0 || reg >= ARCH_GENERAL)
		return -UNW_EBADREG;
	*value = s->regs->r[reg];
	return 0;
}

static int access_fpreg(unw_addr_space_t as, unw_regnum_t reg, unw_fpreg_t *value, int write,
			void *arg)
{
	(void)as;
	(void)reg;
	(void)value;
	(void)write;
	(void)arg;
	return -UNW_EBADREG;
}

static int resume(unw_addr_space_t as, unw_cursor_t *cursor, void *arg)
{
	(void)as;
	(void)cursor;
	(void)arg;
	return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t as, unw_word_t pc, char *name, size_t len,
			 unw_word_t *off, void *arg)
{
	(void)as;
	(void)pc;
	(void)name;
	(void)len;
	(void)off;
	(void)arg;
	return -UNW_ENOINFO;
}

/* The CFA of a frame is rsp in the next one. */
static size_t walk(struct session *s, unw_cursor_t *cursor, struct unwind_frame *ret, size_t max,
		   enum unwind_end *ret_end)
{
	size_t n = 0;

	for (int more = 1;; more = unw_step(cursor)) {
		unw_word_t pc, sp;
		if (s->no_table)
			*ret_end = UNWIND_END_NO_CFI;
		else if (more < 0 || unw_get_reg(cursor, UNW_REG_IP, &pc) < 0 ||
			 unw_get_reg(cursor, UNW_REG_SP, &sp) < 0)
			*ret_end = UNWIND_END_BAD_MEMORY;
		else if (more == 0 || !pc)
			*ret_end = UNWIND_END_OUTERMOST;
		else if (n == max)
			*ret_end = UNWIND_END_LIMIT;
		else {
			if (n > 0)
				ret[n - 1].cfa = sp;
			bool exact = n == 0 || unw_is_signal_frame(cursor) > 0;
			ret[n++] = (struct unwind_frame){.pc = pc, .exact_pc = exact};
			s->no_table = false; // it may not be asked for again: a cached row
			continue;
		}
		return n;
	}
}

size_t unwind_walk_libunwind(struct symbols *s, const struct memory *mem, const struct regs *regs,
			     struct unwind_frame *ret, size_t max, enum unwind_end *ret_end)
{
	unw_accessors_t accessors; // later versions have members that we do not know of
	struct session session = {.symbols = s, .mem = mem, .regs = regs};
	unw_cursor_t cursor;
	size_t n = 0;

	memset(&accessors, 0, sizeof(accessors));
	accessors.find_proc_info = find_proc_info;
	accessors.put_unwind_info = put_unwind_info;
	accessors.get_dyn_info_list_addr = get_dyn_info_list_addr;
	accessors.access_mem = access_mem;
	accessors.access_reg = access_reg;
	accessors.access_fpreg = access_fpreg;
	accessors.resume = resume;
	accessors.get_proc_name = get_proc_name;
	for (size_t i = 0; i < LINES; i++)
		session.lines[i].addr = 1;

	*ret_end = UNWIND_END_BAD_MEMORY;
	unw_addr_space_t as = unw_create_addr_space(&accessors, 0);
	if (!as)
		return 0;
	unw_set_caching_policy(as, UNW_CACHE_GLOBAL); // recursion meets the same pcs again
	if (unw_init_remote(&cursor, as, &session) == 0)
		n = walk(&session, &cursor, ret, max, ret_end);
	unw_destroy_addr_space(as);
	return n;
}
