/*
 * atlas.h - what each mapping of a process is, in a word and in a sentence.
 *
 * Owns:     the classification of regions.
 * Gives:    struct atlas: one row per region of a space, and where the free memory between the
 *           heap and the stack is.
 * Never:    opens a file: what the ELF files say comes in as struct image.
 * Lifetime: rows borrow the input; texts live until atlas_deinit().
 *
 * A region is judged by the ELF headers of the file that it maps, by the names that the kernel
 * gives ([heap], [stack], [vdso] …), by who has a stack pointer in it, and by what glibc keeps at
 * known places (struct pthread, heap_info); never by its place in the list alone. What is only
 * likely is marked as inferred.
 */
#ifndef FT_ATLAS_H
#define FT_ATLAS_H

#include "base/memory.h"
#include "memory/process.h"
#include "memory/space.h"

enum image_part_kind {
	IMAGE_HEADERS,	 // ELF header and program headers
	IMAGE_CODE,	 // .text and its like
	IMAGE_READ_ONLY, // .rodata, .eh_frame, tables of the dynamic linker
	IMAGE_RELRO,	 // written by the dynamic linker, then made read-only (PT_GNU_RELRO)
	IMAGE_DATA,	 // initialised variables
	IMAGE_BSS,	 // variables that start as zero: not in the file
};

/* A section, or what the program headers tell if there are none. */
struct image_part {
	uint64_t lo, hi; // runtime [lo, hi)
	const char *name;
	enum image_part_kind kind;
};

/* One ELF file that is loaded. */
struct image {
	const char *path, *name;
	bool is_program, is_linker; // the main executable; ld.so
	uint64_t lo, hi;
	const struct image_part *parts; // by lo
	size_t n_parts;
};

struct atlas_input {
	const struct space *space;
	const struct process *process;
	const struct image *images;
	size_t n_images;
	struct memory memory; // of the process
	/*
	 * Where glibc's struct pthread keeps the thread id (its _thread_db_pthread_tid says); 0:
	 * not known, thread stacks are then told by their stack pointers only.
	 */
	uint64_t pthread_tid_off;
};

enum region_kind {
	REGION_HEADERS,	  // of an ELF file, without code or data worth a name
	REGION_CODE,	  // text
	REGION_READ_ONLY, // rodata
	REGION_RELRO,
	REGION_DATA,
	REGION_BSS,	     // its anonymous tail
	REGION_HEAP,	     // by brk
	REGION_ARENA,	     // a malloc arena of glibc
	REGION_STACK,	     // of the main thread
	REGION_THREAD_STACK, // tid
	REGION_SIGNAL_STACK, // an alternate signal stack
	REGION_GUARD,	     // no access: below a stack
	REGION_RESERVED,     // no access: kept for later
	REGION_TLS,	     // thread-local storage and control block of the main thread
	REGION_ANONYMOUS,    // mmap without a file
	REGION_SHARED,	     // shared memory without a file, memfd, System V
	REGION_FILE,	     // a file that is no ELF file, or mapped as data
	REGION_DEVICE,
	REGION_VDSO,
	REGION_VVAR,
	REGION_VSYSCALL,
	REGION_KINDS,
};
const char *region_kind_name(enum region_kind kind); // "text", "thread stack" …

struct atlas_row {
	const struct region *region;
	enum region_kind kind;
	const char *what;	    // a sentence, without a full stop
	const struct image *image;  // NULL: no ELF file's
	pid_t tid;		    // REGION_THREAD_STACK, its REGION_GUARD: whose; 0 if not known
	uint64_t tcb;		    // REGION_THREAD_STACK, REGION_TLS: its control block, or 0
	bool inferred;		    // likely, not certain
	size_t first_part, n_parts; // of image->parts: what lies in it
};

struct atlas {
	struct atlas_row *rows; // one per region, by address
	size_t n;
	uint64_t main_tcb;	// control block of the main thread; 0 if not found
	uint64_t stack_room;	// by how much the main stack may grow
	const char *stack_stop; // what ends that: "ulimit -s", "the next mapping"; NULL: unknown
	/* Private to memory/. */
	char **texts;
	size_t n_texts, cap_texts;
	const struct process_thread **by_sp;
	size_t n_by_sp;
	uint64_t scanned;
};

void atlas_init(struct atlas *a, const struct atlas_input *in);
void atlas_deinit(struct atlas *a);

const struct atlas_row *atlas_at(const struct atlas *a, uint64_t addr); // NULL: unmapped

/* [end of the brk heap, start of the main stack); false if one of them is not there. */
FT_CHECK bool atlas_gap(const struct atlas *a, uint64_t *ret_lo, uint64_t *ret_hi);

#endif
